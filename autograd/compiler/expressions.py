"""The language that every stage of the compiler reads and writes: a graph of expressions.

An `Expression` is an operation of the table at its operands, or a leaf: a constant or an input. It
overloads the operators as `autograd.Value` does, so the local gradients of the table, evaluated on
expressions, give expressions: no derivative is written a second time.

All that is linear has one form, whatever it was written with: the sum of products ``l * r``, a
`dot` of two operands or more, or a single `mul`. ``a - 2 * b`` is ``dot([1, -2], [a, b])``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import ops
from ..operation import Node, Operation

Pairs = list[tuple["Expression", "Expression"]]  # the products that a sum is made of


class Expression(Node):
    """One node: ``op`` at ``parents``; without an op a constant, or an input (its value None)."""

    __slots__ = ("op", "parents", "value", "index", "graph")
    op: Operation | None
    parents: tuple[Expression, ...]
    value: float | None
    index: int  # its place in the graph's list of nodes, parents before consumers
    graph: Graph

    def record(self, operation: Operation, operands: Sequence[Any]) -> Expression:
        return self.graph.make(operation, operands)

    def __neg__(self) -> Any:
        return ops.neg(self)


def _infix(operation: Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda a, b: operation(a, b), lambda b, a: operation(a, b)


for _name, _operation in [
    ("add", ops.add),
    ("sub", ops.sub),
    ("mul", ops.mul),
    ("truediv", ops.div),
    ("pow", ops.pow),
]:
    _forward, _reflected = _infix(_operation)
    setattr(Expression, f"__{_name}__", _forward)
    setattr(Expression, f"__r{_name}__", _reflected)


class Graph:
    """Expressions in topological order; equal ones are the same one."""

    def __init__(self) -> None:
        self.nodes: list[Expression] = []
        self._known: dict[Any, Expression] = {}
        self.adjoint_of: dict[int, int] = {}  # of which expression it is the adjoint, by index
        self.one, self.zero = self._new(None, (), 1.0), self._new(None, (), 0.0)

    def _new(
        self, op: Operation | None, parents: tuple[Expression, ...], value: float | None
    ) -> Expression:
        node = Expression()
        node.op, node.parents, node.value, node.graph = op, parents, value, self
        node.index = len(self.nodes)
        self.nodes.append(node)
        return node

    def constant(self, value: float) -> Expression:
        """A number among the data: 0 and 1 are nothing special, lest equal work look different.

        A 1 or 0 of the structure is `one` or `zero`: ``a + b`` is one * a + one * b.
        """
        key = (value, math.copysign(1.0, value))
        if key not in self._known:
            self._known[key] = self._new(None, (), value)
        return self._known[key]

    def input(self) -> Expression:
        return self._new(None, (), None)

    def lift(self, x: Any) -> Expression:
        """``x``, where it is a number that a rule gave as an expression."""
        if isinstance(x, Expression):
            return x
        return self.one if x == 1.0 else self.zero if x == 0.0 else self.constant(float(x))

    def make(self, op: Operation, operands: Iterable[Any]) -> Expression:
        """The expression ``op`` at ``operands`` (expressions or numbers), simplified."""
        parents = tuple([self.lift(x) for x in operands])
        if op is ops.mul:
            return self.dot([(parents[0], parents[1])])
        if (terms := self.linear(op, parents)) is not None:
            return self.dot(terms)
        if all(p.value is not None for p in parents):
            # the parents are constants here, whose value is not None
            return self.constant(op.limit([p.value for p in parents]))  # type: ignore[misc]
        if op is ops.pow and parents[1].value == 2.0:
            return self.dot([(parents[0], parents[0])])
        return self._unique(op, parents)

    def linear(self, op: Operation, parents: Sequence[Any]) -> Pairs | None:
        """The products that ``op`` sums up, None if it is no linear operation."""
        one = self.one
        if op is ops.add or op is ops.sum:
            return [(one, p) for p in parents]
        if op is ops.dot:
            n = len(parents) // 2
            pairs = list(zip(parents[:n], parents[n : 2 * n], strict=True))
            return pairs + [(one, bias) for bias in parents[2 * n :]]
        if op is ops.sub:
            return [(one, parents[0]), (self.constant(-1.0), parents[1])]
        if op is ops.neg:
            return [(self.constant(-1.0), parents[0])]
        if op is ops.div and parents[1].value and math.isfinite(1.0 / parents[1].value):
            return [(self.constant(1.0 / parents[1].value), parents[0])]
        if op is ops.mean:
            share = self.constant(1.0 / len(parents))
            return [(share, self.dot([(one, p) for p in parents]))]
        return None

    def dot(self, pairs: Pairs) -> Expression:
        """The sum of the products ``l * r``: constants folded, 0 * x and 1 * x seen."""
        total = 0.0
        kept: Pairs = []
        multiples: dict[int, int] = {}  # where in ``kept`` a constant times this expression is
        for left, right in pairs:
            if right.value is not None:
                left, right = right, left  # a constant stands on the left
            if left.value is None:
                kept.append((left, right))
            elif right.value is not None:
                total += left.value * right.value
            elif left is self.zero:
                continue
            elif right.index in multiples:
                i = multiples[right.index]
                kept[i] = (self.constant(left.value + (kept[i][0].value or 0.0)), right)
            else:
                multiples[right.index] = len(kept)
                kept.append((left, right))
        if not kept:
            return self.lift(total)
        if total != 0.0:
            kept.append((self.constant(total), self.one))
        if len(kept) > 1:
            return self._unique(ops.dot, tuple([p[0] for p in kept] + [p[1] for p in kept]))
        left, right = kept[0]
        return right if left is self.one else self._unique(ops.mul, (left, right))

    def release(self) -> None:
        """Forget all nodes, each of which refers to this graph: they are freed without a search."""
        self.nodes.clear()
        self._known.clear()

    def _unique(self, op: Operation, parents: tuple[Expression, ...]) -> Expression:
        key = (op, *[p.index for p in parents])
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._new(op, parents, None)
        return node


def pairs_of(node: Expression) -> Pairs:
    """The products that a `dot` or `mul` sums up."""
    n = len(node.parents) // 2
    return list(zip(node.parents[:n], node.parents[n:], strict=True))


def reachable(roots: Sequence[Expression]) -> list[Expression]:
    """The expressions that the roots are computed from, and the roots, parents first."""
    if not roots:
        return []
    nodes = roots[0].graph.nodes
    needed = bytearray(len(nodes))
    for root in roots:
        needed[root.index] = 1
    for node in reversed(nodes):
        if needed[node.index]:
            for parent in node.parents:
                needed[parent.index] = 1
    return [node for node in nodes if needed[node.index]]
