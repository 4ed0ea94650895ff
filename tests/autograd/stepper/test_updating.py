"""The step after a backward pass: the frames of an update, with the numbers of the engine."""

import math
from copy import deepcopy

import pytest
from hypothesis import given, settings

import nn
from autograd import Constant, Stepper, Value, compile, log, recompute, steps, topological_order
from autograd.stepper import Frame
from autograd.stepper.updating import parameters_in

from ...support.graphs import product_of_sum
from ...support.graphviz import needs_graphviz
from ...support.random_graphs import programs
from .test_page import data_of, page_of


def square() -> Value:
    """Return L = (w x + b)^2 with x = 3."""
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(-1.0, "b")
    y = (w * x + b) ** 2
    y.label = "L"
    return y


def test_parameters_move_and_the_result_is_computed_again():
    frames = steps(square(), update=0.01)
    start = [f.phase for f in frames].index("update")
    assert frames[:start] == steps(square())
    assert [str(frame) for frame in frames[start:]] == [
        "w ← w − lr · dL/dw = 2 − 0.01 · 30 = 1.7",
        "b ← b − lr · dL/db = -1 − 0.01 · 10 = -1.1",
        "v1 = w * x = 1.7 * 3 = 5.1",
        "v2 = v1 + b = 5.1 + (-1.1) = 4",
        "L = v2 ** 2 = 4 ** 2 = 16",
        "L was 25 before the update and is 16 after it",
    ]
    moved = frames[start]
    order = topological_order(square())
    assert (moved.name, moved.value) == ("w", 2.0 - 0.01 * 30.0)
    assert order[moved.target].label == order[moved.node].label == "w"
    assert frames[-1].target == len(order) - 1
    assert frames[-1].value == frames[-2].value


def test_too_large_a_step_makes_the_result_larger_and_says_so():
    last = steps(square(), update=1.0)[-1]
    assert last.note == "It did not get smaller: with a smaller learning rate it does."
    assert steps(square(), update=0.01)[-1].note == ""
    assert steps(Value(0.0, "w") ** 2, update=1.0)[-1].note == ""


def test_gradients_that_are_not_cleared_are_counted_again():
    frames = steps(square(), update=0.01, zero_grad=False)
    second = frames[len(steps(square(), update=0.01)) :]
    assert second[0].text == "dL/dL = 1"
    (first,) = [frame for frame in second if frame.first_wrong]
    assert first.text == "dL/db += dL/dv2 · ∂v2/∂b = 8 · 1 = 8"
    assert first.so_far == "dL/db = 10 (stale) + 8 = 18, complete"
    assert first.note == (
        "first wrong number: the sum should be 8 here. dL/db still held 10 from the pass before; "
        "set it to 0 first."
    )
    number = frames.index(first) + 1
    assert (
        second[-1].text
        == f"verdict: first wrong in step {number}, 3 of 6 gradients wrong in the end"
    )
    assert [f.name for f in second if f.wrong] == ["b", "w", "x"]


def bits(frames: list[Frame]) -> dict[tuple[str, int | None], str]:
    """The last value of each target, of its data and of its gradient, in all digits."""
    kind = {"forward": "data", "update": "data", "backward": "grad"}
    values = {(kind[f.phase], f.target): f.value for f in frames if f.phase in kind}
    return {k: "nan" if math.isnan(v) else v.hex() for k, v in values.items()}


def assert_numbers_of_the_engine(root: Value) -> None:
    """Assert that the frames have the numbers that the engine computes on a copy of ``root``."""
    before = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(root)]
    leaves = [n for n in topological_order(root) if not n.parents and not n.is_constant]
    try:  # without a word, what a neuron takes as its inputs is not moved
        frames = steps(root, update=0.01, parameters=leaves, zero_grad=False)
    except (ArithmeticError, ValueError):
        frames = []
    after = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(root)]
    for old, new in zip(before, after, strict=True):
        assert all(a is b for a, b in zip(old, new, strict=True))
    twin = deepcopy(root)
    twin.backward()
    order = topological_order(twin)
    for node in order:
        if not node.parents and not node.is_constant:
            node.data -= 0.01 * node.grad
    try:
        recompute(twin)
    except (ArithmeticError, ValueError):
        assert frames == []
        return
    twin.backward()
    found = bits(frames)
    for i, node in enumerate(order):
        if not node.is_constant:
            assert (
                found["data", i]
                == bits([Frame("forward", "", target=i, value=node.data)])["data", i]
            )
            assert (
                found["grad", i]
                == bits([Frame("backward", "", target=i, value=node.grad)])["grad", i]
            )


@given(programs())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_the_numbers_are_those_of_the_engine_bit_for_bit(program):
    root = program(*[Value(x) for x in program.point])
    if isinstance(root, Value) and not root.is_constant:
        assert_numbers_of_the_engine(root)


@pytest.mark.parametrize("graph", [square, product_of_sum, lambda: Value(2.0, "w")])
def test_earlier_gradients_do_not_matter(graph):
    root = graph()
    fresh = steps(root, update=0.1, zero_grad=False)
    root.backward()
    assert steps(root, update=0.1, zero_grad=False) == fresh


def test_a_leaf_alone_moves_too():
    texts = [f.text for f in steps(Value(2.0, "w"), update=0.5, zero_grad=False)]
    assert texts == [
        "given w = 2",
        "dw/dw = 1",
        "w ← w − lr · dw/dw = 2 − 0.5 · 1 = 1.5",
        "w was 2 before the update and is 1.5 after it",
        "dw/dw = 2",
        "verdict: first wrong in step 5, 1 of 1 gradients wrong in the end",
    ]


def moved(root: Value, **options: object) -> list[str]:
    frames = steps(root, update=0.1, **options)
    return [f.name for f in frames if f.phase == "update"][:-1]


def test_what_moves():
    assert moved(square()) == ["w", "b"]
    assert moved(product_of_sum()) == ["x", "y", "z"]
    root = square()
    leaves = {node.label: node for node in topological_order(root)}
    assert moved(root, parameters=[leaves["x"], leaves["b"], leaves["x"]]) == ["x", "b"]
    unused = Value(5.0, "u")
    assert moved(root, parameters=iter([unused, leaves["w"]])) == ["w"]
    model = nn.MLP(2, [2, 1], rng=0)
    assert len(moved(model([1.0, 2.0]))) == len(model.parameters())
    assert moved(model([1.0, 2.0]), expand=True, parameters=model.parameters()[:1]) == ["w⁽¹⁾₁₁"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"update": "0.1"}, ValueError, "such as 0.1, got '0.1'"),
        ({"update": True}, ValueError, "got True"),
        ({"update": 0}, ValueError, "got 0"),
        ({"update": math.inf}, ValueError, "got inf"),
        ({"update": 0.1, "mistake": "order"}, ValueError, "give mistake= or update=, not both"),
        ({"zero_grad": False}, ValueError, "^zero_grad=False needs a learning rate too"),
        ({"parameters": []}, ValueError, "^parameters= needs a learning rate too"),
        ({"update": 0.1, "parameters": []}, ValueError, "none of the parameters is in the graph"),
        ({"update": 0.1, "parameters": [Value(1.0)]}, ValueError, "none of the parameters"),
        ({"update": 0.1, "parameters": ["w"]}, TypeError, "parameters are Values, got 'w'"),
        ({"update": 0.1, "parameters": [Constant(1.0)]}, ValueError, "are leaves of the graph"),
        ({"update": 0.1, "parameters": [Value(1.0) * 2]}, ValueError, "are leaves of the graph"),
    ],
)  # fmt: skip
def test_wrong_arguments_say_what_to_give(options, error, message):
    for function in (steps, Stepper):
        with pytest.raises(error, match=message):
            function(square(), **options)


def test_an_update_that_leaves_a_domain_says_so():
    with pytest.raises(ValueError, match=r"^after an update of 9, log\(w\): .*: make it smaller$"):
        steps(log(Value(1.0, "w")), update=9)


def test_a_compiled_result_says_what_to_call():
    pytest.importorskip("numpy")
    w = Value(3.0, "w")
    with pytest.raises(ValueError, match="give the result of the function that is not compiled"):
        steps(compile(lambda: w * w)(), update=0.1)


def test_parameters_of_a_copy_are_found_by_their_place():
    root = square()
    assert [node.label for node in parameters_in(root, None)] == ["w", "b"]


@needs_graphviz
def test_a_page_shows_each_update_as_a_change_of_data():
    stepper = Stepper(square(), update=0.01, zero_grad=False)
    frames = data_of(page_of(stepper))["frames"]
    moves = [frame for frame in frames if frame["phase"] == "update"]
    assert [[change[0] for change in frame["changes"]] for frame in moves] == [[0], [3], [6]]
    nodes = data_of(page_of(stepper))["nodes"]
    assert [nodes[i]["data"] for i in ("0", "3")] == [2.0, -1.0]  # where the page starts
    assert "w ← w − lr · dL/dw = 2 − 0.01 · 30 = 1.7" in repr(stepper)
