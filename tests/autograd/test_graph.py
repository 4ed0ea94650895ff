"""Walks over a graph and the expansion of n-ary nodes, compared with their definitions."""

import math
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings

import autograd
from autograd import TABLE, Constant, Value, dot, mean, tanh, topological_order
from autograd.drawing.layout import levels
from autograd.graph import consumers, distances, expanded, stale

from ..support.random_graphs import Program, programs


@given(programs())
@settings(derandomize=True, deadline=None, max_examples=50)
def test_walks_agree_with_their_definitions(program: Program) -> None:
    root = program(*[Value(x) for x in program.point])
    order = topological_order(root)
    edges = [(p, node, i) for node in order for i, p in enumerate(node.parents)]
    far, level, used = distances(root), levels(order, edges), consumers(order)
    assert set(far) == set(order)
    assert list(far.values()) == sorted(far.values())
    for node in order:
        assert used[node] == [(c, i) for c in order for i, p in enumerate(c.parents) if p is node]
        if node is not root:
            assert far[node] == 1 + min(far[c] for c, _ in used[node])
            assert level[node] == 1 + max(level[c] for c, _ in used[node])
    assert (far[root], level[root]) == (0, 0)


def by_input(program: Program, transform: Callable[[Value], Value]) -> list[float]:
    inputs = [Value(x) for x in program.point]
    root = transform(program(*inputs))
    root.backward()
    return [root.data, *(x.grad for x in inputs)]


@given(programs())
@settings(derandomize=True, deadline=None, max_examples=100)
def test_expanded_graph_has_the_same_value_and_gradients(program: Program) -> None:
    assert by_input(program, expanded) == pytest.approx(by_input(program, lambda root: root))
    root = program(*[Value(x) for x in program.point])
    scalar = expanded(root)
    assert all(n.grad == 0.0 for n in topological_order(scalar))  # as in the original
    root.backward()
    filled = topological_order(expanded(root))
    shown = [node.grad for node in filled]
    for node in filled:
        node.grad = 0.0
    filled[-1].backward()
    varies = [not node.is_constant for node in filled]
    for grad, node, v in zip(shown, filled, varies, strict=True):
        assert not v or grad == pytest.approx(node.grad, rel=1e-9, abs=1e-12)


def test_expanding_leaves_only_what_has_no_scalar_form() -> None:
    for op in TABLE.values():
        for sample in op.samples:
            operands = [Value(x) for x in op.operands(*sample)]
            node = operands[0].record(op, operands)
            twin = expanded(node)
            assert twin.data == node.data
            if not op.arity and twin.op is op:  # a maximum of several; a sum of one
                assert len(topological_order(twin)) == len(operands) + 1


def test_stale_nodes_are_those_whose_operands_changed_since() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    square = x * x
    shifted = square + w
    root = shifted.relu() * w
    assert stale(root) == []
    x.data = 5.0
    assert stale(root) == [square]  # the others fit the number that it has
    square.data, square.local_grads = 25.0, (5.0, 5.0)
    assert stale(root) == [shifted]
    w.data = -1.0
    assert stale(root) == [shifted, root]
    assert stale(x) == []


def test_a_node_that_is_nan_is_not_stale_and_one_that_cannot_be_computed_is() -> None:
    x = Value(math.nan)
    y = x * 2.0
    assert stale(y) == []
    x.data = 1.0
    assert stale(y) == [y]
    z = Value(4.0)
    root = z.log() + z.sqrt()
    z.data = -4.0
    assert stale(root) == list(root.parents)


@pytest.mark.parametrize(
    ("compute", "before", "after"),
    [(abs, -3.0, 3.0), (lambda x: x * 0.0, 1.0, 2.0), (lambda x: autograd.relu(x), -1.0, -2.0),
     (lambda x: autograd.maximum(x, 2.0), 1.0, 2.0), (lambda x: x**2 * 0.0, 1.0, 3.0)],
)  # fmt: skip
def test_a_node_of_the_same_number_is_stale_if_a_local_gradient_is_another_one(
    compute: Callable[[Value], Value], before: float, after: float
) -> None:
    x = Value(before)
    root = compute(x)
    held = [(node, node.data, node.local_grads) for node in topological_order(root)[1:]]
    x.data = after
    fresh = topological_order(compute(Value(after)))[1:]
    assert root.data == fresh[-1].data
    assert stale(root) == [
        node
        for (node, data, grads), now in zip(held, fresh, strict=True)
        if (data, grads) != (now.data, now.local_grads) and not node.is_constant
    ]


def test_a_compiled_result_is_stale_if_a_parameter_was_moved() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    w = Value(0.3)
    fast = autograd.compile(lambda: autograd.sum([(w * i).tanh() for i in range(20)]))
    y = fast()
    assert stale(y + 1) == []
    w.data = 0.4
    assert stale(y + 1) == [y]
    copied = pickle.loads(pickle.dumps(y))  # without the numbers that it was computed from
    assert stale(copied) == []


def test_an_expanded_graph_keeps_the_other_operations_and_the_label() -> None:
    w = Value(0.5, "w")
    root = tanh(dot([Constant(2.0), w], [Constant(3.0), Constant(4.0)]))
    root.label = "y"
    root.backward()
    twin = expanded(root)
    order = topological_order(twin)
    assert [node.op.name for node in order if node.op] == ["mul", "mul", "add", "tanh"]
    assert (twin.label, twin.grad, twin.op is root.op) == ("y", 1.0, True)
    assert [node for node in order if node.label == "w"] == [w]
    assert [node.grad for node in order if node.is_constant] == [0.0] * 3
    assert all(node.grad for node in order if node.op)
    average = mean([w, w])
    average.backward()
    (two,) = [node for node in topological_order(expanded(average)) if node.is_constant]
    assert (two.data, two.grad) == (2.0, 0.0)
