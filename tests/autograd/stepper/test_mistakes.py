"""The wrong backward passes: the first wrong number, its reason, and lucky cases."""

import math
import re

import pytest
from hypothesis import given, settings

from autograd import Value, steps, topological_order
from autograd import sum as total
from autograd.stepper import Frame
from autograd.stepper.mistakes import ALONG_PATHS, MAX_VISITS, MISTAKES, visits

from ...support.graphs import chain_after_fan_out, cube, fan_out, gradients, product_of_sum
from ...support.random_graphs import programs

WRONG = [  # graph, mistake, first wrong: step, name, value, right; the gradients that end wrong
    (chain_after_fan_out, "order", 8, "x", 14.0, 26.0, {"x": (14.0, 26.0)}),
    (chain_after_fan_out, "overwrite", 8, "a", 6.0, 13.0, {"a": (6.0, 13.0), "x": (12.0, 26.0)}),
    (cube, "overwrite", 7, "a", 9.0, 18.0, {"a": (9.0, 27.0)}),
    (fan_out, "overwrite", 8, "b", 3.0, 4.0, {"b": (3.0, 4.0), "a": (6.0, 14.0)}),
    (product_of_sum, "stale", 5, "q", -8.0, -4.0,
     {"q": (-8.0, -4.0), "z": (6.0, 3.0), "x": (-12.0, -4.0), "y": (-12.0, -4.0)}),
    (chain_after_fan_out, "recursive", 10, "x", 40.0, 26.0, {"x": (40.0, 26.0)}),
    (fan_out, "recursive", 11, "a", 20.0, 14.0, {"a": (20.0, 14.0)}),
    (cube, "stale", 5, "v1", 6.0, 3.0, {"a": (72.0, 27.0), "v1": (6.0, 3.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("graph", "mistake", "step", "name", "value", "right", "ends"), WRONG)
def test_the_first_wrong_number_is_marked(graph, mistake, step, name, value, right, ends):
    frames = steps(graph(), mistake=mistake)
    (first,) = [i for i, frame in enumerate(frames, 1) if frame.first_wrong]
    frame = frames[first - 1]
    assert (first, frame.name, frame.value, frame.right) == (step, name, value, right)
    assert not any(frame.wrong for frame in frames[: first - 1])
    assert frame.note.startswith("first wrong number: ")
    verdict = frames[-1]
    assert verdict.phase == "verdict"
    assert f"first wrong in step {first}" in verdict.text
    right_end = {f.name: f.value for f in steps(graph()) if f.phase == "backward"}
    wrong_end = {f.name: f.value for f in frames if f.phase == "backward"}
    got = {n: (wrong_end[n], right_end[n]) for n in right_end if wrong_end[n] != right_end[n]}
    assert got == ends
    for by, (wrong, right_one) in ends.items():
        assert f"df/d{by} = {wrong:g}, right is {right_one:g}" in verdict.note


def test_why_the_order_must_be_topological():
    (frame,) = [f for f in steps(chain_after_fan_out(), mistake="order") if f.first_wrong]
    assert frame.text == "df/dx += df/da · ∂a/∂x = 7 · 2 = 14"
    assert frame.note == (
        "first wrong number: the sum should be 26 here. df/da was passed on as 7, before 1 of its "
        "2 terms had arrived; in full it is 13. In topological order a has its turn after all "
        "its consumers, when its sum is complete."
    )
    verdict = steps(chain_after_fan_out(), mistake="order")[-1]
    assert verdict.note == (
        "df/dx = 14, right is 26. "
        "The turns were f, a, c; in topological order, from its end: f, c, a."
    )


def test_why_gradients_are_added_and_why_they_are_cleared():
    (frame,) = [f for f in steps(fan_out(), mistake="overwrite") if f.first_wrong]
    assert frame.text == "df/db = df/dv1 · ∂v1/∂b = 1 · 3 = 3"
    assert "`=` dropped the earlier 1; several terms need `+=`" in frame.note
    (frame,) = [f for f in steps(product_of_sum(), mistake="stale") if f.first_wrong]
    assert frame.so_far == "df/dq = -4 (stale) + (-4) = -8, complete"
    assert "df/dq still held -4 from the pass before" in frame.note


@pytest.mark.parametrize("mistake", ["order", "overwrite"])
def test_without_fan_out_two_mistakes_happen_to_be_right_and_say_so(mistake):
    frames = steps(product_of_sum(), mistake=mistake)
    assert gradients(frames) == gradients(steps(product_of_sum()))
    assert not any(frame.wrong or frame.first_wrong for frame in frames)
    assert frames[-1].text == "verdict: no number is wrong"
    assert "no node has more than one consumer" in frames[-1].note


def test_with_fan_out_depth_first_can_still_be_lucky_and_says_so():
    frames = steps(fan_out(), mistake="order")  # b meets its second consumer first
    assert gradients(frames) == gradients(steps(fan_out()))
    assert "each node with fan-out had its turn after its last consumer" in frames[-1].note


def test_overwriting_a_zero_is_lucky_and_says_so():
    a = Value(0.0, "a")
    frames = steps(a * a, mistake="overwrite")
    assert "By luck of the numbers" in frames[-1].note


@pytest.mark.parametrize("mistake", MISTAKES)
@given(programs())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_mistake_is_marked_exactly_when_it_changes_a_number(mistake, program):
    root = program(*[Value(x) for x in program.point])
    if not isinstance(root, Value):
        return
    right = steps(root)
    order = topological_order(root)
    count = [n for node, n in visits(order).items() if not node.is_constant]
    if mistake in ALONG_PATHS and sum(count) > MAX_VISITS:
        with pytest.raises(ValueError, match="give a smaller graph"):
            steps(root, mistake=mistake)
        return
    frames = steps(root, mistake=mistake)
    if mistake in ALONG_PATHS:
        given = sum(f.phase in ("given", "forward") for f in right)
        assert len(frames) == given + sum(count) + 1
    else:
        assert len(frames) == len(right) + 1
    forward = [f for f in right if f.phase in ("given", "forward")]
    assert frames[: len(forward)] == forward
    marked = [f for f in frames if f.first_wrong]
    wrong = [f for f in frames if f.wrong]
    assert marked == wrong[:1]
    if not marked:
        for target, value in gradients(right).items():
            assert gradients(frames)[target] == pytest.approx(value, rel=1e-6, abs=1e-9)
    parents = [p for n in order for p in n.parents if not p.is_constant]
    if mistake == "paths":
        assert not marked
    if len(set(parents)) == len(parents) and mistake != "stale":
        assert not marked
        # the same numbers; but where ``=`` stores -0.0, adding it to 0.0 gives 0.0
        assert gradients(frames) == gradients(right)


def test_numbers_that_are_not_finite_are_compared_too():
    x = Value(0.0, "x")
    frames = steps(x.sqrt() * x, mistake="overwrite")
    assert math.isnan(gradients(steps(x.sqrt() * x))[0])
    assert frames[-1].phase == "verdict"
    u = Value(1e-9, "u")
    frames = steps(total([u * 1e308, u * 1e308]), mistake="overwrite")  # the right sum overflows
    (first,) = [frame for frame in frames if frame.first_wrong]
    assert (first.name, first.value, first.right) == ("u", 1e308, math.inf)


@pytest.mark.parametrize("mistake", ["depth", "", 3, "Order", ["order"]])
def test_another_mistake_is_refused_by_naming_them(mistake):
    names = "'order', 'overwrite', 'stale', 'recursive', 'paths'"
    with pytest.raises(ValueError, match=f"one of {names} ") as error:
        steps(cube(), mistake=mistake)
    assert repr(mistake) in str(error.value)


@pytest.mark.parametrize("count", [6, 7])
def test_a_verdict_lists_six_wrong_gradients(count):
    xs = [Value(float(i + 1), f"x{i}") for i in range(count)]
    verdict = steps(total([x * x for x in xs]), mistake="overwrite")[-1]
    wrong = [f"df/dx{i} = {i + 1}, right is {2 * (i + 1)}" for i in range(6)]
    assert sorted(verdict.note.removesuffix(".").removesuffix("; …").split("; ")) == wrong[:count]
    assert verdict.note.endswith("." if count == 6 else "; …")
    assert f"{count} of {2 * count + 1} gradients wrong in the end" in verdict.text


@pytest.mark.parametrize(("length", "more"), [(10, ""), (11, ", …")])
def test_a_verdict_lists_twelve_turns(length, more):
    x = Value(1.0, "x")
    a = x * 2
    a.label = "a"
    chain = a
    for i in range(length):
        chain = chain + 1.0
        chain.label = f"c{i}"
    note = steps(a * chain, mistake="order")[-1].note
    turns = re.search(r"The turns were (.*); in topological order, from its end: (.*)\.", note)
    down = [f"c{i}" for i in reversed(range(length))]
    assert turns[1] == ", ".join(["f", "a", *down][:12]) + more
    assert turns[2] == ", ".join(["f", *down, "a"][:12]) + more


@pytest.mark.parametrize(("small", "wrong"), [(1e-10, False), (1e-8, True)])
def test_a_difference_within_rounding_is_not_wrong(small, wrong):
    x = Value(1.0, "x")
    frames = steps(total([x * small, x * 1.0]), mistake="overwrite")
    other = steps(total([x * 1.0, x * small]), mistake="overwrite")
    kept = [f for f in (frames, other) if gradients(f)[0] == 1.0]
    assert [any(frame.wrong for frame in f) for f in kept] == [wrong]


def test_a_number_that_stays_wrong_says_what_is_right_and_the_first_one_why():
    frames = steps(product_of_sum(), mistake="stale")
    notes = {frame.name: frame.note for frame in frames if frame.wrong}
    assert notes["z"] == "wrong: the sum should be 3 here"
    assert notes["q"].startswith(
        "first wrong number: the sum should be -4 here. df/dq still held -4"
    )
    assert not any(frame.note for frame in frames[:4])


def test_smallness_alone_does_not_make_a_wrong_number_right():
    x = Value(1.0, "x")
    frames = steps(total([x * 1e-12, x * 1e-12]), mistake="overwrite")
    assert frames[-1].text == "verdict: first wrong in step 9, 1 of 4 gradients wrong in the end"


def test_a_verdict_is_a_text_and_a_note_and_nothing_else():
    verdict = steps(fan_out(), mistake="order")[-1]
    assert verdict == Frame("verdict", "verdict: no number is wrong", note=verdict.note)
    assert (verdict.name, verdict.value, verdict.rule, verdict.so_far) == ("", 0.0, "", "")
    assert verdict.note == (
        "By luck of the graph: each node with fan-out had its turn after its last consumer, or had "
        "nothing to pass on."
    )


# ------------------------------------------------------------------------- a visit for each path


def test_a_recursion_that_passes_the_whole_sum_on_again_counts_a_path_twice():
    frames = steps(chain_after_fan_out(), mistake="recursive")
    (frame,) = [f for f in frames if f.first_wrong]
    assert frame.text == "df/dx += df/da · ∂a/∂x = 13 · 2 = 26"
    assert frame.so_far == "df/dx = 14 + 26 = 40, complete"
    assert frame.note == (
        "first wrong number: the sum should be 26 here. df/da was passed on as 13, but 7 of it was "
        "passed on in an earlier visit. A visit may pass on the new term 6 alone, or there is one "
        "visit, when the sum is complete."
    )
    assert frames[-1].note == (
        "df/dx = 40, right is 26. Visits, one for each path: a 2, x 2, f 1, c 1; 6 in all, where "
        "the topological order needs 4. In a chain, each node that is used twice doubles them."
    )


def test_a_pass_along_the_paths_is_right_and_counts_its_visits():
    frames = steps(chain_after_fan_out(), mistake="paths")
    backward = [f for f in frames if f.phase == "backward"]
    assert gradients(frames) == gradients(steps(chain_after_fan_out()))
    assert [(f.name, f.term) for f in backward[1:]] == [
        ("a", 7.0), ("x", 14.0), ("c", 6.0), ("a", 6.0), ("x", 12.0),
    ]  # fmt: skip
    assert [f.note for f in backward] == ["", "", "", "", "visit 2 of a", "visit 2 of x"]
    assert backward[-2].so_far == "df/da = 7 + 6 = 13, complete"
    assert frames[-1].text == "verdict: no number is wrong, after 6 visits of 4 nodes"
    assert "a 2, x 2, f 1, c 1; 6 in all, where the topological order needs 4" in frames[-1].note
    tree = steps(product_of_sum(), mistake="paths")[-1]
    assert tree.text == "verdict: no number is wrong, after 5 visits of 5 nodes"
    assert tree.note == "Each node was visited once: there is one path to it."


def test_a_recursion_over_leaves_that_are_used_twice_is_lucky_and_says_so():
    verdict = steps(cube(), mistake="recursive")[-1]
    assert verdict.note.startswith(
        "By luck of the graph: each node that is visited twice is a leaf, which passes nothing on. "
        "Visits, one for each path: a 3, f 1, v1 1; 5 in all"
    )
    a = Value(0.0, "a")
    b = a * 0.0
    note = steps(b * 2 + b, mistake="recursive")[-1].note
    assert note.startswith("By luck of the numbers: ")


@pytest.mark.parametrize(("length", "written"), [(9, None), (10, "2,047"), (200, "about 10^60")])
@pytest.mark.parametrize("mistake", ALONG_PATHS)
def test_more_paths_than_a_reader_follows_are_refused_by_their_number(mistake, length, written):
    root = Value(1.0, "x")
    for _ in range(length):
        root = root + root
    if written is None:
        verdict = steps(root, mistake=mistake)[-1]
        assert "1023 in all, where the topological order needs 10" in verdict.note
        return
    with pytest.raises(ValueError, match=re.escape(f"mistake={mistake!r} visits")) as error:
        steps(root, mistake=mistake)
    assert f"this graph has {written} paths: give a smaller graph" in str(error.value)


def test_a_chain_longer_than_python_recurses_is_followed():
    root = Value(1.0, "x")
    for _ in range(1_500):
        root = root * 1.0
    assert gradients(steps(root, mistake="paths")) == gradients(steps(root))


def test_gradients_of_zero_are_lucky_numbers_and_not_a_lucky_graph():
    note = steps(Value(3.0, "x") * 0.0, mistake="stale")[-1].note
    assert note == "By luck of the numbers: what the mistake drops or keeps is 0 here."
