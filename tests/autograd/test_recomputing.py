"""Graphs brought up to date: every number as if it were computed afresh, or none changed."""

import math
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import TABLE, Value, adjoints, no_grad, recompute, topological_order
from autograd.graph import stale

from ..support.random_graphs import MARGIN, MAX_SLOPE, Program, programs

FUZZ = settings(derandomize=True, deadline=None, database=None, max_examples=150)


def bits(x: float | None) -> bytes | None:
    return None if x is None else struct.pack("<d", math.nan if math.isnan(x) else x)


def numbers(root: Value) -> list[Any]:
    """All that is computed in a graph, bit for bit."""
    return [(bits(n.data), [*map(bits, n.local_grads)]) for n in topological_order(root)]


def state(root: Value) -> list[Any]:
    return [(n.data, n.local_grads, n.grad, n.label, n.parents) for n in topological_order(root)]


def outcome(compute: Callable[[], Value]) -> Value | type[Exception]:
    try:
        return compute()
    except (ArithmeticError, ValueError) as error:
        return type(error)


def assert_identical(now: list[Any], before: list[Any]) -> None:
    for fields in zip(now, before, strict=True):
        assert all(a is b for a, b in zip(*fields, strict=True))


def move(xs: list[Value], to: tuple[float, ...]) -> None:
    for x, data in zip(xs, to, strict=True):
        x.data = data


@given(programs(), st.lists(st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0]), min_size=4))
@FUZZ
def test_a_random_graph_gets_the_numbers_of_a_fresh_one(program: Program, to: list[float]) -> None:
    point = tuple(to[: len(program.point)])
    xs = [Value(x) for x in program.point]
    y = program(*xs)
    assert stale(y) == []
    nodes = topological_order(y)
    move(xs, point)
    before = state(y)
    fresh = outcome(lambda: program(*[Value(x) for x in point]))
    again = outcome(lambda: recompute(y))
    if not isinstance(again, Value):
        assert again is fresh
        assert_identical(state(y), before)
    elif isinstance(fresh, Value):  # else it failed where it computes what nothing needs
        assert again is y
        assert topological_order(y) == nodes
        assert numbers(y) == numbers(fresh)
        assert stale(y) == []


@given(programs(max_steps=8), st.sampled_from([-1.0, 0.5, 1.0]))
@FUZZ
def test_graphs_of_first_and_second_derivatives_follow_too(program: Program, share: float) -> None:
    near = tuple(x + share * MARGIN / MAX_SLOPE for x in program.point)

    def derivatives_at(xs: list[Value]) -> list[Any]:
        y = program(*xs)
        first = adjoints(y, xs)
        return [*first, *adjoints(autograd.sum([y, *first]), xs)]

    xs = [Value(x) for x in program.point]
    found, fresh = derivatives_at(xs), derivatives_at([Value(x) for x in near])
    everything = autograd.sum([*found, xs[0]])
    assert stale(everything) == []
    move(xs, near)
    recompute(everything)
    assert stale(everything) == []
    assert [bits(float(g)) for g in found] == [bits(float(g)) for g in fresh]


@pytest.mark.parametrize("operation", TABLE.values(), ids=str)
def test_every_operation_is_computed_again_at_all_its_points(operation: Any) -> None:
    points = [operation.operands(*p) for p in [*operation.samples, *operation.special]]
    for a, b in pairwise([*points, *points[::-1]]):
        if len(a) != len(b):
            continue
        xs = [Value(x) for x in a]
        y = xs[0].record(operation, xs)
        move(xs, b)
        fresh = [Value(x) for x in b]
        assert numbers(recompute(y)) == numbers(fresh[0].record(operation, fresh))


def test_leaves_constants_labels_and_gradients_stay() -> None:
    x = Value(3.0, "x")
    y = x * x + 2.0
    y.label = "y"
    y.backward()
    x.data = 5.0
    recompute(y)
    assert (y.data, y.label, y.grad, x.data, x.grad) == (27.0, "y", 1.0, 5.0, 6.0)
    y.backward()
    assert x.grad == 6.0 + 10.0


def test_a_chain_of_20_000_nodes_takes_no_recursion() -> None:
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y + x
    x.data = 2.0
    assert recompute(y).data == 40_002.0


def test_after_an_error_all_numbers_are_the_old_ones_and_the_error_names_the_operand() -> None:
    x = Value(4.0, "x")
    y = (x * 2).tanh() + x.log()
    x.data = -4.0
    before = state(y)
    with pytest.raises(ValueError, match=r"^log\(.*needs x > 0.*") as caught:
        recompute(y)
    assert "'x'" in str(caught.value) or "log(x)" in str(caught.value)
    assert state(y) == before


def test_after_an_interruption_all_numbers_are_the_old_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: Any) -> float:
        raise KeyboardInterrupt

    x = Value(4.0, "x")
    y = (x * 2).tanh() + x
    x.data = 5.0
    before = state(y)
    monkeypatch.setattr(TABLE["tanh"], "forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recompute(y)
    assert state(y) == before


def test_a_compiled_result_of_nan_is_up_to_date() -> None:
    is_one = autograd.compile(lambda x: TABLE["equal"](x, 1.0))
    assert is_one(Value(1.0)).data == 1.0
    y = is_one(Value(math.nan))
    assert hasattr(y, "inputs")  # it is compiled
    assert recompute(y) is y


def test_a_derivative_that_is_infinite_is_a_limit_and_not_stale() -> None:
    x = Value(0.0)
    (slope,) = adjoints(x.sqrt(), [x])
    assert slope.data == math.inf  # its node divides by zero, which is an error elsewhere
    assert stale(slope) == []
    assert recompute(slope).data == math.inf
    x.data = 4.0
    assert stale(slope)
    assert recompute(slope).data == 0.25


def test_a_graph_can_be_brought_up_to_date_without_recording() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    with no_grad():
        recompute(y)
    assert (y.data, y.local_grads) == (25.0, (5.0, 5.0))


def test_after_a_step_of_an_optimizer_a_loss_is_that_of_the_new_parameters() -> None:
    model = nn.MLP(2, [3, 1])

    def loss() -> Value:
        return nn.mse([model([1.0, -2.0])], [0.5])

    found = loss()
    found.backward()
    nn.SGD(model.parameters(), lr=0.1).step()
    assert stale(found)
    assert numbers(recompute(found)) == numbers(loss())


def test_the_result_of_a_compiled_function_says_that_the_function_is_to_be_called() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    w = Value(0.3)
    fast = autograd.compile(lambda: autograd.sum([(w * i).tanh() for i in range(20)]))
    y = fast()
    y.label = "loss"
    root = y * w
    assert recompute(root) is root
    w.data = 0.4
    before = state(root)
    with pytest.raises(RuntimeError, match=r"its result 'loss' from: call that function again$"):
        recompute(root)
    assert state(root) == before


@pytest.mark.parametrize("y", [3.0, None, [Value(1.0)]])
def test_only_a_value_has_a_graph_to_bring_up_to_date(y: Any) -> None:
    with pytest.raises(TypeError, match="the root of a graph is a Value, got"):
        recompute(y)
