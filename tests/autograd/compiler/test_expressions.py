"""Expressions: what is folded, what is the same one, and what stays as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numpy")

from autograd import ops
from autograd.compiler.batch import Axis
from autograd.compiler.expressions import Expression, Graph, pairs_of, reachable


def shown(node: Expression, names: dict[int, str]) -> str:
    if node.value is not None:
        one = node is node.graph.one
        zero = node is node.graph.zero
        return "ONE" if one else "ZERO" if zero else f"{node.value:g}"
    if node.op is None:
        return names[node.index]
    return f"{node.op.name}({', '.join(shown(p, names) for p in node.parents)})"


Made = Callable[[Graph, Expression, Expression], Any]
MADE: dict[str, tuple[Made, str]] = {
    # sums of products
    "a sum": (lambda g, a, b: a + b, "dot(ONE, ONE, a, b)"),
    "a difference": (lambda g, a, b: a - b, "dot(ONE, -1, a, b)"),
    "a negative": (lambda g, a, b: -a, "mul(-1, a)"),
    "a product": (lambda g, a, b: a * b, "mul(a, b)"),
    "a number on the right": (lambda g, a, b: a * 3.0, "mul(3, a)"),
    "a number on the left": (lambda g, a, b: 3.0 * a, "mul(3, a)"),
    "from a number": (lambda g, a, b: 3.0 - a, "dot(-1, 3, a, ONE)"),
    "a power on the right": (lambda g, a, b: 2.0**a, "pow(2, a)"),
    "a quotient on the right": (lambda g, a, b: 2.0 / a, "div(2, a)"),
    "a quotient": (lambda g, a, b: a / b, "div(a, b)"),
    "a quotient by a number": (lambda g, a, b: a / 4.0, "mul(0.25, a)"),
    "a quotient by 0": (lambda g, a, b: a / 0.0, "div(a, ZERO)"),
    "a quotient by a tiny number": (lambda g, a, b: a / 5e-324, "div(a, 4.94066e-324)"),
    "a square": (lambda g, a, b: a**2.0, "mul(a, a)"),
    "a cube": (lambda g, a, b: a**3.0, "pow(a, 3)"),
    "times 1": (lambda g, a, b: a * 1.0, "a"),
    "times 0": (lambda g, a, b: a * 0.0, "ZERO"),
    "plus 0": (lambda g, a, b: a + 0.0, "a"),
    "twice": (lambda g, a, b: a + a, "mul(2, a)"),
    "from itself": (lambda g, a, b: a + b - a, "dot(ONE, -1, dot(ONE, ONE, a, b), a)"),
    "multiples": (lambda g, a, b: g.dot([(g.lift(2.0), a), (a, g.lift(3.0))]), "mul(5, a)"),
    "numbers alone": (
        lambda g, a, b: g.dot([(g.lift(2.0), g.lift(3.0)), (g.one, g.lift(4.0))]),
        "10",
    ),
    "numbers that cancel": (
        lambda g, a, b: g.dot([(g.lift(2.0), g.lift(3.0)), (g.one, g.lift(-6.0))]),
        "ZERO",
    ),
    "numbers that are 1": (lambda g, a, b: g.dot([(g.lift(2.0), g.lift(0.5))]), "ONE"),
    "a number comes last": (
        lambda g, a, b: g.dot([(g.one, g.lift(2.0)), (a, b), (g.one, g.lift(3.0))]),
        "dot(a, 5, b, ONE)",
    ),
    "1 of the user": (lambda g, a, b: g.dot([(g.constant(1.0), a)]), "mul(1, a)"),
    "0 of the user": (lambda g, a, b: g.dot([(g.constant(0.0), a)]), "mul(0, a)"),
    # operations
    "a mean": (lambda g, a, b: g.make(ops.mean, [a, b]), "mul(0.5, dot(ONE, ONE, a, b))"),
    "a dot with a bias": (
        lambda g, a, b: g.make(ops.dot, [a, b, b, a, b]),
        "dot(a, b, ONE, b, a, b)",
    ),
    "a function of a number": (lambda g, a, b: g.make(ops.sqrt, [4.0]), "2"),
    "a function beyond": (lambda g, a, b: g.make(ops.log, [g.constant(0.0)]), "nan"),
    "a function": (lambda g, a, b: g.make(ops.sqrt, [a]), "sqrt(a)"),
    # as written
    "written: one product": (lambda g, a, b: g.as_written([(a, b)]), "mul(a, b)"),
    "written: 1 on the left": (lambda g, a, b: g.as_written([(g.one, a)]), "a"),
    "written: 1 on the right": (lambda g, a, b: g.as_written([(a, g.one)]), "a"),
    "written: a number is on the left": (
        lambda g, a, b: g.as_written([(a, g.constant(3.0))]),
        "mul(3, a)",
    ),
    "written: numbers": (
        lambda g, a, b: g.as_written([(g.constant(2.0), g.constant(3.0)), (a, b)]),
        "dot(6, a, ONE, b)",
    ),
    "written: multiples stay": (
        lambda g, a, b: g.as_written([(g.constant(2.0), a), (g.constant(3.0), a)]),
        "dot(2, 3, a, a)",
    ),
    "written: 0 stays": (
        lambda g, a, b: g.as_written([(g.zero, a), (g.one, b)]),
        "dot(ZERO, ONE, a, b)",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_an_expression_is_made_like_this(name: str) -> None:
    graph = Graph()
    a, b = graph.input(), graph.input()
    make, expected = MADE[name]
    assert shown(make(graph, a, b), {a.index: "a", b.index: "b"}) == expected
    assert make(graph, a, b) is make(graph, a, b)


def test_constants_are_told_apart_by_sign_and_made_once() -> None:
    graph = Graph()
    zero, negative = graph.constant(0.0), graph.constant(-0.0)
    assert zero is not negative
    assert zero is graph.constant(0.0) is not graph.zero
    assert str(negative.value) == "-0.0"
    assert graph.lift(0.0) is graph.lift(-0.0) is graph.zero
    assert graph.lift(1) is graph.one
    assert graph.lift(2) is graph.constant(2.0)
    assert graph.lift(negative) is negative


def test_what_is_computed_from_plain_numbers_is_plain() -> None:
    graph, axis = Graph(), Axis()
    a, x, column = graph.input(), graph.input(plain=True), graph.input(True, axis)
    nodes = (a, x, x * 2.0, x * a, graph.unique(ops.stop_gradient, (a,)), graph.length(axis))
    assert [node.plain for node in nodes] == [False, True, True, False, True, True]
    assert [node.axis for node in (a, column, column * a, graph.length(axis))] == [
        None,
        axis,
        axis,
        None,
    ]
    assert graph.length(axis) is graph.length(axis) is graph.lengths[axis]


def test_a_sum_over_rows_takes_out_what_all_rows_share() -> None:
    graph, axis = Graph(), Axis()
    a, b, r, s = graph.input(), graph.input(), graph.input(axis=axis), graph.input(axis=axis)
    found = graph.summed_over_rows(axis, [(a, r), (r, b), (r, s), (a, b), (s, s)])
    names = {a.index: "a", b.index: "b", r.index: "r", s.index: "s"}
    names[graph.length(axis).index] = "n"
    assert [(shown(left, names), shown(right, names)) for left, right in found] == [
        ("a", "sum over rows(r)"),
        ("b", "sum over rows(r)"),
        ("mul(n, b)", "a"),
        ("ONE", "dot over rows(r, s, s, s)"),
    ]
    assert all(right.axis is None for _, right in found)


def test_a_graph_forgets_what_was_added_and_all() -> None:
    graph = Graph()
    a = graph.input()
    kept = graph.make(ops.exp, [a])
    graph.adjoint_of[kept.index] = a.index
    length = len(graph.nodes)
    added = graph.make(ops.sin, [kept])
    graph.adjoint_of[added.index] = kept.index
    graph.cut(length)
    assert (len(graph.nodes), graph.adjoint_of) == (length, {kept.index: a.index})
    assert graph.make(ops.exp, [a]) is kept
    again = graph.make(ops.sin, [kept])
    assert again is not added
    assert again.index == length
    graph.release()
    assert graph.nodes == []
    assert graph.make(ops.exp, [a]) is not kept


def test_pairs_and_ancestors() -> None:
    graph = Graph()
    a, b, c = (graph.input() for _ in "abc")
    product, wave = a * b, graph.make(ops.sin, [a])
    both = graph.dot([(a, b), (b, c)])
    assert pairs_of(both) == [(a, b), (b, c)]
    assert pairs_of(product) == [(a, b)]
    assert reachable([wave, product]) == [a, b, product, wave]
    assert reachable([]) == []
