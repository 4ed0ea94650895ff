"""Steps as text and numbers: the frames of one pass. Stepping changes nothing."""

import dataclasses
import math
import pickle

import pytest
from hypothesis import given, settings

from autograd import (
    TABLE,
    Constant,
    Value,
    compile,
    derivatives,
    dot,
    maximum,
    minimum,
    steps,
    topological_order,
)
from autograd import sum as total
from autograd.operation import FLOATS
from autograd.stepper import Frame

from ...support.graphs import fan_out, gradients, product_of_sum
from ...support.random_graphs import programs


def bits(x):
    return "nan" if math.isnan(x) else x.hex()


def backward_of(root):
    """Return the gradients that `backward` gives from cleared ones, by the place of each node."""
    order = topological_order(root)
    for node in order:
        if not node.parents:
            node.grad = 0.0
    root.backward()
    return {i: node.grad for i, node in enumerate(order) if not node.is_constant}


def test_each_step_reads_as_on_the_blackboard():
    assert [str(frame) for frame in steps(product_of_sum())] == [
        "given x = -2, y = 5, z = -4",
        "q = x + y = -2 + 5 = 3",
        "f = q * z = 3 * (-4) = -12",
        "df/df = 1",
        "df/dq += df/df · ∂f/∂q = 1 · (-4) = -4    [∂f/∂q = z = -4; df/dq = -4, complete]",
        "df/dz += df/df · ∂f/∂z = 1 · 3 = 3    [∂f/∂z = q = 3; df/dz = 3, complete]",
        "df/dx += df/dq · ∂q/∂x = -4 · 1 = -4    [∂q/∂x = 1; df/dx = -4, complete]",
        "df/dy += df/dq · ∂q/∂y = -4 · 1 = -4    [∂q/∂y = 1; df/dy = -4, complete]",
    ]


def test_the_terms_of_a_fan_out_add_up_step_by_step():
    sums = [frame.so_far for frame in steps(fan_out()) if frame.name in ("a", "b") and frame.so_far]
    assert sums == [
        "df/db = 1 so far, 1 more term to come",
        "df/db = 1 + 3 = 4, complete",
        "df/da = 6 so far, 1 more term to come",
        "df/da = 6 + 8 = 14, complete",
    ]


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_has_steps_with_its_gradient_and_its_rule(name, monkeypatch):
    # more digits than a reader needs, so that rules can be evaluated
    monkeypatch.setattr("autograd.explaining.formulas.number", "{:.9g}".format)
    for sample in [*TABLE[name].samples, *TABLE[name].special]:
        operands = [Value(x, f"x{i}") for i, x in enumerate(TABLE[name].operands(*sample))]
        root = operands[0].record(TABLE[name], operands)
        frames = steps(root)
        assert {k: bits(v) for k, v in gradients(frames).items()} == {
            k: bits(v) for k, v in backward_of(root).items()
        }
        numbers = {x.label: x.data for x in operands} | {"f": root.data}
        for frame in frames:
            if frame.phase == "backward" and frame.term is not None:
                assert bits(frame.term) == bits(frame.adjoint * frame.local_grad)
                if TABLE[name].rule_in_words:
                    assert frame.rule.endswith(" operand, ties share it)")
                elif sample in TABLE[name].samples:  # at a special point the rule is a limit
                    symbols = frame.rule.split(" = ")[1]
                    assert eval(symbols, vars(FLOATS) | dict(TABLE) | numbers) == pytest.approx(
                        frame.local_grad
                    ), frame.rule


@given(programs())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_the_gradients_are_those_of_backward_bit_for_bit(program):
    root = program(*[Value(x) for x in program.point])
    if not isinstance(root, Value):
        return
    before = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(root)]
    frames = steps(root)
    after = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(root)]
    assert all(
        a is b
        for old, new in zip(before, after, strict=True)
        for a, b in zip(old, new, strict=True)
    )
    assert all(old[1] == 0.0 for old in before)
    assert {k: bits(v) for k, v in gradients(frames).items()} == {
        k: bits(v) for k, v in backward_of(root).items()
    }
    forward = [f for f in frames if f.phase == "forward"]
    order = topological_order(root)
    assert [f.node for f in forward] == [i for i, node in enumerate(order) if node.parents]
    assert all(f.value == order[f.node].data for f in forward)
    adjoints = derivatives(root)
    terms = [f for f in frames if f.term is not None]
    assert all(bits(f.adjoint) == bits(adjoints[order[f.node]]) for f in terms)
    edges = sum(g is not None for node in order for g in node.local_grads)
    assert len(frames) == 1 + len(forward) + 1 + edges


def test_earlier_gradients_do_not_matter():
    root = fan_out()
    fresh = steps(root)
    root.backward()
    assert steps(root) == fresh


def test_frames_are_immutable_plain_data():
    frame = steps(product_of_sum())[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.value = 0.0
    assert pickle.loads(pickle.dumps(frame)) == frame
    assert (frame.adjoint, frame.local_grad, frame.term, frame.value) == (-4.0, 1.0, -4.0, -4.0)
    assert (frame.node, frame.operand, frame.target, frame.name) == (2, 1, 1, "y")
    kinds = (str, float, int, bool, type(None))
    assert all(isinstance(getattr(frame, f.name), kinds) for f in dataclasses.fields(frame))


def test_a_frame_without_a_target_has_the_value_0():
    given = steps(product_of_sum())[0]
    assert (given.phase, given.target, given.value) == ("given", None, 0.0)


def test_numbers_are_rounded_for_reading_and_exact_in_the_data():
    frame = steps(Value(1 / 3, "x") * Value(0.1, "y"))[1]
    assert frame.text == "f = x * y = 0.3333 * 0.1 = 0.03333"
    assert frame.value == 1 / 3 * 0.1


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (Value(2.0) + Value(3.0), "f = v1 + v2 = 2 + 3 = 5"),
        (Value(2.0, "v1") + Value(3.0), "f = v1 + v2 = 2 + 3 = 5"),
        (Value(2.0, "w") + Value(3.0, "w"), "f = w₁ + w₂ = 2 + 3 = 5"),
        (
            total([Value(i, s) for i, s in enumerate(("w", "w", "w₁"))]),
            "f = w₂ + w₃ + w₁ = 0 + 1 + 2 = 3",
        ),
        (Value(2.0, "f") + 1, "v1 = f + 1 = 2 + 1 = 3"),
        (Value(-2.0, "a") ** 2, "f = a ** 2 = (-2) ** 2 = 4"),
        (-Value(0.0, "a"), "f = -a = -0 = 0"),
        (-Value(2.0, "a"), "f = -a = -2"),
        (Value(2.0, "two\nlines") * 3, "f = (two lines) * 3 = 2 * 3 = 6"),
        (Value(1.0, "l" * 10_000) * 3, "f = llllllllllllllll…lllllll * 3 = 1 * 3 = 3"),
        (
            dot([Value(i) for i in range(50)], [Value(1) for _ in range(50)]),
            "f = v1 * v51 + v2 * v52 + v3 * v53 + v4 * v54 + … + v50 * v100"
            " = 0 * 1 + 1 * 1 + 2 * 1 + 3 * 1 + 4 * 1 + 5 * 1 + … + 48 * 1 + 49 * 1 = 1225",
        ),
    ],
)
def test_nodes_have_readable_names_and_long_formulas_are_cut(root, text):
    assert [frame.text for frame in steps(root) if frame.phase == "forward"] == [text]


def test_an_n_ary_node_can_be_stepped_as_the_scalar_operations_it_stands_for():
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(1.0, "b")
    z = dot([w], [x], b)
    z.label = "z"
    texts = [frame.text for frame in steps(z, expand=True) if frame.phase == "forward"]
    assert texts == ["v1 = w * x = 2 * 3 = 6", "z = b + v1 = 1 + 6 = 7"]
    ends = {f.name: f.value for f in steps(z, expand=True) if f.phase == "backward"}
    assert ends == {"z": 1.0, "v1": 1.0, "w": 3.0, "x": 2.0, "b": 1.0}


def test_a_compiled_function_is_one_step_with_its_gradients_in_numbers():
    x, y = Value(1.5, "x"), Value(2.0, "y")
    root = compile(lambda x, y: x * y + x)(x, y)
    last = steps(root)[-1]
    assert (last.text, last.rule) == ("df/dy += df/df · ∂f/∂y = 1 · 1.5 = 1.5", "∂f/∂y = 1.5")


def test_a_constant_given_to_a_compiled_function_gets_no_gradient():
    x = Value(2.0, "x")
    frames = steps(compile(lambda x, y: x * y)(x, Constant(5.0)))
    assert [frame.name for frame in frames if frame.term is not None] == ["x"]
    assert gradients(frames) == backward_of(compile(lambda x, y: x * y)(x, Constant(5.0)))


def test_a_leaf_alone_has_its_seed():
    assert [frame.text for frame in steps(Value(2.0, "x"))] == ["given x = 2", "dx/dx = 1"]


def test_a_long_chain_is_stepped_without_recursion():
    root = Value(1.0, "x")
    for _ in range(5_000):
        root = root * 1.0001
    assert gradients(steps(root)) == backward_of(root)


@pytest.mark.parametrize("root", [3.0, None, [Value(1.0)], "x"])
def test_only_a_value_can_be_stepped(root):
    with pytest.raises(TypeError, match="steps needs the Value to differentiate, got"):
        steps(root)


@pytest.mark.parametrize(
    ("count", "given"),
    [(6, "given x0 = 0, x1 = 1, x2 = 2, x3 = 3, x4 = 4, x5 = 5"),
     (7, "given x0 = 0, x1 = 1, x2 = 2, x3 = 3, x4 = 4, x5 = 5, … (7 leaves in all)")],
)  # fmt: skip
def test_six_leaves_are_listed(count, given):
    frames = steps(total([Value(float(i), f"x{i}") for i in range(count)]))
    assert (frames[0].phase, frames[0].text) == ("given", given)


def test_six_terms_of_a_sum_are_listed_else_the_last_two():
    x = Value(2.0, "x")
    sums = [frame.so_far for frame in steps(total([x] * 7)) if frame.name == "x"]
    assert sums == [
        "df/dx = 1 so far, 6 more terms to come",
        "df/dx = 1 + 1 = 2 so far, 5 more terms to come",
        "df/dx = 1 + 1 + 1 = 3 so far, 4 more terms to come",
        "df/dx = 1 + 1 + 1 + 1 = 4 so far, 3 more terms to come",
        "df/dx = 1 + 1 + 1 + 1 + 1 = 5 so far, 2 more terms to come",
        "df/dx = 1 + 1 + 1 + 1 + 1 + 1 = 6 so far, 1 more term to come",
        "df/dx = … + 1 + 1 = 7, complete",
    ]


def test_a_note_is_wrapped_and_indented_below_its_step():
    frame = Frame("backward", "text", rule="rule", note=" ".join(["abcdefg"] * 13))
    first = "    " + " ".join(["abcdefg"] * 11)
    assert str(frame) == f"text    [rule]\n{first}\n    abcdefg abcdefg"
    assert len(first) == 91
    assert str(Frame("given", "t", note="x" * 90 + " yy")) == f"t\n    {'x' * 90}\n    yy"
    exact = Frame("verdict", "text", note="x" * 92)
    assert str(exact) == f"text\n    {'x' * 92}"
    assert str(Frame("given", "text", so_far="sum", rule="rule")) == "text    [rule; sum]"
    assert str(Frame("given", "text")) == "text"


def test_the_rule_of_the_maximum_is_told_in_words():
    a, b, c = Value(3.0, "a"), Value(-4.0, "b"), Value(3.0, "c")
    rules = [f.rule for f in steps(maximum(a, b)) if f.rule]
    assert rules == [
        "∂f/∂a = 1 (goes to the larger operand, ties share it)",
        "∂f/∂b = 0 (goes to the larger operand, ties share it)",
    ]
    rules = [f.rule for f in steps(maximum(a, b, c)) if f.rule]
    assert rules[0] == "∂f/∂a = 0.5 (goes to the largest operand, ties share it)"
    assert "to the smaller operand" in steps(minimum(a, b))[-1].rule


def test_inputs_come_first_and_have_names_though_they_are_plain_numbers():
    w, v, b = Value(2.0, "layers.0.neurons.0.w.0"), Value(3.0, "layers.0.neurons.0.w.1"), Value(1.0)
    b.label = "layers.0.neurons.0.b"
    root = dot([w, v], [-5.0, 7.0], b)
    given, forward = [frame.text for frame in steps(root)[:2]]
    assert given == "given x1 = -5, x2 = 7, w₁₁ = 2, w₁₂ = 3, b₁ = 1"
    assert forward == "f = w₁₁ * x1 + w₁₂ * x2 + b₁ = 2 * (-5) + 3 * 7 + 1 = 12"
    assert [frame.rule for frame in steps(root) if frame.name == "w₁₁"] == ["∂f/∂w₁₁ = x1 = -5"]
    expanded = [f.text for f in steps(root, expand=True)]
    assert expanded[:2] == [given, "v1 = w₁₁ * x1 = 2 * (-5) = -10"]
    by_hand = Value(1.0, "w") * Value(2.0, "x") + Value(3.0, "b")
    assert steps(by_hand)[0].text == "given x = 2, w = 1, b = 3"
