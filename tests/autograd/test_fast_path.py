"""The printed functions make, bit for bit, the nodes that the general way makes."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from autograd import (
    TABLE,
    Constant,
    Value,
    affine,
    compile,
    count_operations,
    dot,
    no_grad,
    operators,
    recompute,
    topological_order,
)
from autograd.fast_path import print_function, scope
from autograd.operation import Operation, Unary

INF, NAN = math.inf, math.nan
ODD = [0.0, -0.0, 1.0, -1.0, 1e-310, 1e16, -1e300, 750.0, -750.0, INF, -INF, NAN]
INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}


def bits(x: float | None) -> bytes | None:
    return None if x is None else struct.pack("<d", NAN if math.isnan(x) else x)


def outcome(compute: Callable[[], Any]) -> Any:
    """What is computed: the node in all its fields, or the error."""
    try:
        node = compute()
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)
    kinds = [(p.is_constant, bits(p.data), p.label) for p in node.parents]
    return node.op, bits(node.data), list(map(bits, node.local_grads)), kinds, node.label, node.grad


def points(operation: Operation) -> list[tuple[float, ...]]:
    if operation.arity == 1:
        given = [*operation.samples, *operation.special, *operation.outside]
        return [*given, *((x,) for x in ODD)]
    return [*operation.samples, *operation.special, *operation.outside] + [
        (a, b) for a in ODD for b in ODD
    ]


@pytest.mark.parametrize(
    "operation", [op for op in TABLE.values() if isinstance(op, Unary)], ids=str
)
def test_a_method_makes_the_node_of_the_general_way(operation: Operation) -> None:
    for (x,) in points(operation):
        node = Value(x, "x")
        expected = outcome(lambda node=node: node.record(operation, (node,)))
        assert outcome(getattr(node, operation.name)) == expected, x
        assert outcome(lambda node=node: operation(node)) == expected, x


@pytest.mark.parametrize("name", INFIX)
@pytest.mark.parametrize("kinds", ["values", "number on the right", "number on the left"])
def test_an_operator_makes_the_node_of_the_general_way(name: str, kinds: str) -> None:
    operation = TABLE[name]
    for a, b in points(operation):
        x: Any = a if kinds == "number on the left" else Value(a, "a")
        y: Any = b if kinds == "number on the right" else Value(b, "b")
        node = x if isinstance(x, Value) else y
        expected = outcome(lambda n=node, x=x, y=y: n.record(operation, (x, y)))
        assert outcome(lambda x=x, y=y: INFIX[name](x, y)) == expected, (a, b)


@pytest.mark.parametrize("name", INFIX)
def test_ints_are_numbers_and_strings_are_not(name: str) -> None:
    infix = INFIX[name]
    x = Value(3.0)
    assert outcome(lambda: infix(x, 2)) == outcome(lambda: infix(x, 2.0))
    assert outcome(lambda: infix(2, x)) == outcome(lambda: infix(2.0, x))
    assert outcome(lambda: infix(x, True)) == outcome(lambda: infix(x, 1.0))
    for other in ("2", None, [2.0], 2j):
        with pytest.raises(TypeError):
            infix(x, other)
        with pytest.raises(TypeError):
            infix(other, x)
    with pytest.raises(OverflowError):
        infix(x, 10**400)


@pytest.mark.parametrize("name", INFIX)
def test_contexts_reach_the_operators(name: str) -> None:
    x = Value(3.0)
    with no_grad():
        for y in (INFIX[name](x, x), INFIX[name](x, 2.0), INFIX[name](2.0, x), x.tanh()):
            assert y.parents == ()


@pytest.mark.parametrize(
    "operation", [op for op in TABLE.values() if isinstance(op, Unary)], ids=str
)
def test_a_method_without_graph_gives_the_value_of_the_general_way(operation: Operation) -> None:
    for (x,) in points(operation):
        node = Value(x, "x")
        with no_grad():
            expected = outcome(lambda node=node: node.record(operation, (node,)))
            assert outcome(getattr(node, operation.name)) == expected, x


@pytest.mark.parametrize("name", INFIX)
def test_an_operator_without_graph_gives_the_value_of_the_general_way(name: str) -> None:
    operation = TABLE[name]
    for a, b in points(operation):
        for x, y in ((Value(a, "a"), Value(b, "b")), (Value(a, "a"), b), (a, Value(b, "b"))):
            node = x if isinstance(x, Value) else y
            with no_grad():
                expected = outcome(lambda n=node, x=x, y=y: n.record(operation, (x, y)))
                assert outcome(lambda x=x, y=y: INFIX[name](x, y)) == expected, (a, b)


def test_an_operator_without_graph_leaves_what_watches_operations_its_share() -> None:
    x = Value(3.0)
    with no_grad(), count_operations() as counts:
        y = (x * 2.0 + x).tanh()
    assert counts == {"mul": 1, "add": 1, "tanh": 1}
    assert y.parents == ()


def test_an_own_operation_without_graph_makes_a_bare_node() -> None:
    doubled = Unary("doubled", lambda m, x: x * 2.0, 2.0)
    with no_grad():
        y = doubled(Value(3.0))
    assert (y.data, y.op, y.parents, y.local_grads) == (6.0, None, (), ())


def called_by(method: Callable[..., Any]) -> int:
    """Return how many functions of the table a printed method calls."""
    return sum(name.startswith("function") for name in method.__code__.co_freevars)


@pytest.mark.parametrize(
    "operation", [op for op in TABLE.values() if isinstance(op, Unary)], ids=str
)
def test_the_arithmetic_of_a_method_is_printed_and_not_called(operation: Operation) -> None:
    assert called_by(getattr(Value, operation.name)) == 0


def test_only_a_power_calls_its_rules() -> None:
    calls = {name: called_by(getattr(Value, f"__{name}__")) for name in ("add", "mul", "truediv")}
    assert calls == {"add": 0, "mul": 0, "truediv": 0}
    assert called_by(Value.__pow__) == 3  # by base, twice, and by exponent: both branch


@pytest.mark.parametrize("other", [4.0, Value(4.0)], ids=["number", "Value"])
def test_comparisons_in_a_context_compare_numbers(other: Any) -> None:
    with no_grad():
        assert (Value(3.0) < other, Value(3.0) >= other, Value(5.0) > other) == (True, False, True)


def test_a_number_that_met_a_value_is_a_constant() -> None:
    x = Value(3.0)
    two = (x * 2.0).parents[1]
    assert (two.is_constant, two.data, two.grad, two.label, two.parents) == (True, 2.0, 0.0, "", ())
    assert repr(two) == "Constant(data=2.0, grad=0.0)"
    for name in ("colour", "zoom"):
        with pytest.raises(AttributeError, match=f"'Constant' object has no attribute '{name}'"):
            getattr(two, name)


class Marked(Value):
    """A node of a kind that the fast path does not know."""

    __slots__ = ()


LEFT_AND_RIGHT: list[Callable[[Any], Any]] = [lambda x: x * 2.0, lambda x: 2 - x]


@pytest.mark.parametrize("use", LEFT_AND_RIGHT)
def test_a_plain_number_becomes_one_constant_when_parents_is_read(use: Any) -> None:
    x = Value(3.0, "x")
    y = use(x)
    y.backward()
    derivative = x.grad
    assert [type(p) for p in y.operands].count(float) == 1  # backward() makes no node of it
    (constant,) = [p for p in y.parents if p is not x]
    assert type(constant) is Constant
    assert y.parents is y.parents is y._prev is y.operands
    assert topological_order(y) == topological_order(y, constants=False)
    x.grad = 0.0
    y.backward()
    assert (x.grad, constant.grad) == (derivative, 0.0)


def test_the_order_has_each_constant_before_its_consumer() -> None:
    def graph() -> Value:
        x = Value(3.0)
        return (2.0 - x) * 5.0 + x

    y = graph()
    assert [node.data for node in topological_order(y, constants=False)] == [3.0, -1.0, -5.0, -2.0]
    assert [type(p) for p in y.parents[0].operands] == [Value, float]
    for _ in range(2):
        order = topological_order(y)
        assert [node.data for node in order] == [2.0, 3.0, -1.0, 5.0, -5.0, -2.0]
        assert [node.is_constant for node in order] == [True, False, False, True, False, False]
    assert [n.data for n in topological_order(graph())] == [n.data for n in order]


def test_a_number_whose_hash_is_that_of_a_node_is_no_node() -> None:
    x = Value(3.0)
    y = x * float(hash(x)) * x
    y.backward()
    assert x.grad == 2 * 3.0 * hash(x)


@pytest.mark.parametrize("use", LEFT_AND_RIGHT)
def test_threads_that_read_parents_at_once_get_the_same_constant(use: Any) -> None:
    def seen_by_a_second_thread(number: float) -> Constant:
        """Make the constant of one thread, while another one reads ``parents`` in between."""
        if not others:
            others.append(())
            others[0] = y.parents
        return Constant(number)

    y = use(Value(3.0))
    others: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators, "Constant", seen_by_a_second_thread)
        parents = y.parents
    assert len(parents) == 2
    assert [a is b for a, b in zip(parents, others[0], strict=True)] == [True, True]
    assert y.parents[0] is parents[0]
    assert y.parents[1] is parents[1]


@pytest.mark.parametrize("use", LEFT_AND_RIGHT)
def test_parents_are_complete_after_ctrl_c_in_between(use: Any) -> None:
    x = Value(3.0)
    y = use(x)
    y.operands.append(two := Constant(2.0))  # so far it came
    y.backward()
    assert x.grad == use(1.0) - use(0.0)
    assert set(y.parents) == {x, two}
    assert y.data == use(3.0)


def test_many_threads_see_one_constant() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(50):
                ys = [Value(3.0) * 2.0 for _ in range(20)]
                seen = list(pool.map(lambda _, ys=ys: [y.parents[1] for y in ys], range(4)))
                assert all(constants == seen[0] for constants in seen)
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y))]
)
def test_a_graph_with_plain_numbers_is_copied_and_pickled(copied: Any, is_read: bool) -> None:
    y = 2 - Value(3.0, "x") * 0.5
    if is_read:
        y.parents[0].label = "two"
    twin = copied(y)
    expected = [(type(n), n.data, n.label, n.op, n.local_grads) for n in topological_order(y)]
    nodes = topological_order(twin)
    assert [(type(n), n.data, n.label, n.op, n.local_grads) for n in nodes] == expected
    assert (twin.parents[0] is y.parents[0]) is (copied is copy.copy)


def test_a_constant_keeps_what_a_user_sets_when_it_is_pickled() -> None:
    two = (Value(3.0) * 2.0).parents[1]
    two.grad, two.label = 5.0, "two"
    twin = pickle.loads(pickle.dumps(two))
    assert (type(twin), twin.data, twin.grad, twin.label) == (Constant, 2.0, 5.0, "two")
    three = Constant(3.0)
    three.parents = (two,)
    assert pickle.loads(pickle.dumps(three)).parents[0].grad == 5.0


def test_a_graph_with_plain_numbers_is_computed_again_with_a_changed_constant() -> None:
    x = Value(3.0)
    y = 2 - x * 0.5
    x.data = 4.0
    assert recompute(y).data == 0.0
    y.parents[1].parents[1].data = 2.0
    assert recompute(y).data == -6.0
    y.backward()
    assert x.grad == -2.0


def test_parents_can_be_set() -> None:
    x = Value(3.0)
    y = x * 2.0
    y.parents = [x, x]  # type: ignore[assignment]  # a list is made a tuple
    assert y.parents == (x, x)
    y.backward()
    assert x.grad == 2.0


def test_numbers_that_meet_other_kinds_of_nodes_are_constants_at_once() -> None:
    for node in (Marked(3.0), Constant(3.0)):
        y = node * 2.0
        assert [type(p) for p in y.operands] == [type(node), Constant]


def test_parents_inside_a_compiled_function_are_traced() -> None:
    outside = Value(3.0) * 2.0

    def f(x: Any) -> Any:
        assert [p.is_constant for p in outside.parents] == [False, True]
        y = x * x
        assert y.operands == y.parents == (x, x)
        return y * outside.parents[1] + outside

    pytest.importorskip("numpy")
    fast = compile(f)
    assert [fast(Value(5.0)).data for _ in range(2)] == [56.0, 56.0]


WEIGHTS = [[0.1, 0.2, -0.0], [1e16, 1.0, -1e16], [INF, -1.0, 1e-310], [NAN, 0.0, 3.0]]
INPUTS = [[0.3, -0.7, 1.1], [1.0, 1.0, 1.0], [-0.0, 0.0, -0.0], [1e300, INF, 1e10]]


@pytest.mark.parametrize("kind", [Value, Constant, Marked, float])
@pytest.mark.parametrize("other", [Value, Constant, Marked, float])
def test_affine_makes_the_node_of_a_dot_for_each_row(kind: Any, other: Any) -> None:
    for inputs in INPUTS:
        xs = [kind(x) for x in inputs]
        rows: list[list[Any]] = [[*map(Value, row)] for row in WEIGHTS]
        rows[1][2], biases = other(rows[1][2].data), [Value(-0.0), Value(0.1), other(0.5), 0.0]
        nodes = affine(rows, xs, biases)
        for node, ws, b in zip(nodes, rows, biases, strict=True):
            expected = dot(ws, xs, b)
            assert outcome(lambda node=node: node) == outcome(lambda node=expected: node)
            for given, parent in zip([*ws, *xs], node.parents, strict=False):
                assert parent is given or type(given) is float


def test_affine_of_plain_numbers_is_plain_numbers() -> None:
    assert affine(iter([[1.0, 2.0]]), iter([3.0, 4.0]), iter([0.5])) == [11.5]
    assert affine([], [1.0], []) == []


def test_contexts_reach_affine() -> None:
    w, x, b = Value(2.0), Value(3.0), Value(1.0)
    with no_grad():
        (y,) = affine([[w]], [x], [b])
    assert (y.data, y.parents, y.op) == (7.0, (), None)
    for context in (nullcontext(), no_grad()):
        with context, count_operations() as counts:
            affine([[w], [x]], [x], [b, b])
        assert counts == {"dot": 2}


def test_affine_without_graph_has_the_values_of_a_dot_for_each_row() -> None:
    rows, biases = [[*map(Value, row)] for row in WEIGHTS], [*map(Value, (-0.0, 0.1, 0.5, 0.0))]
    for inputs in INPUTS:
        xs = [*map(Value, inputs)]
        with no_grad():
            nodes = affine(rows, xs, biases)
            expected = [dot(ws, xs, b) for ws, b in zip(rows, biases, strict=True)]
        assert [outcome(lambda n=n: n) for n in nodes] == [outcome(lambda n=n: n) for n in expected]


@pytest.mark.parametrize("context", [nullcontext, no_grad])
def test_affine_names_the_weight_that_is_no_number(context: Any) -> None:
    w: Any = Value(2.0, "w")
    x = Value(3.0)
    w.data = "2"
    with context(), pytest.raises(TypeError, match="the data of w is '2'"):
        affine([[w]], [x], [Value(1.0)])


@pytest.mark.parametrize("kind", [Value, float])
def test_affine_refuses_lengths_that_do_not_fit(kind: Any) -> None:
    w, x, b = kind(2.0), kind(3.0), kind(1.0)
    with pytest.raises(ValueError, match=r"one bias for each row .*, got 2 biases and 1 rows"):
        affine([[w]], [x], [b, b])
    with pytest.raises(ValueError, match="dot needs as many ws as xs, got 2 and 1"):
        affine([[w, w]], [x], [b])
    with pytest.raises(ValueError, match="dot of nothing"):
        affine([[]], [], [b])


@pytest.mark.parametrize("bound", [2**53 + 1, 2**60 + 1, -(2**53) - 1, -(2**60) - 1])
def test_an_integer_that_is_no_float_is_compared_exactly(bound: int) -> None:
    """A printed function has floats only, and the nearest float of these integers is another."""
    is_bound = operator.ge if bound > 0 else operator.le
    reaches = Unary("reaches", lambda m, x: m.where(is_bound(x, bound), 1.0, 0.0), 0.0)
    nearest = float(bound)
    assert abs(nearest) < abs(bound)
    assert [reaches(Value(x)).data for x in (nearest, 2 * nearest)] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("number", "is_called"),
    [
        (1, False),
        (1e6, False),
        (INF, True),
        (2**53, False),
        (-(2**53), False),
        (2**53 + 1, True),
        (-(2**53) - 1, True),
        (True, True),
    ],
)
def test_numbers_that_are_floats_are_printed(number: float, is_called: bool) -> None:
    shifted = Unary("shifted", lambda m, x: x + number, 1.0)
    assert (called_by(print_function(shifted, lambda x: None, scope())) > 0) is is_called
