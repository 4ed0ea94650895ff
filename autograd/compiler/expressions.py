"""Expressions: the graph that all stages of the compiler read and write.

An `Expression` is an operation of the table at its operands, or a leaf: a constant or an input. It
has the operators of `autograd.Value`. So the rules of the table, evaluated on expressions, give
expressions, and no derivative is written a second time.

Everything linear has one form, however it was written: a sum of products ``l * r``. It is a `dot`,
or a `mul` if there is one product. ``a - 2 * b`` is ``dot([1, -2], [a, b])``.

An expression is *plain* if it is computed from plain numbers only, or stands behind
`stop_gradient`. Plain numbers are computed as they were written, operation by operation.

An expression may have a value for each row of a batch, see `autograd.compiler.batch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import ops
from ..operation import Node, Operation
from .batch import Axis, Over

Pairs = list[tuple["Expression", "Expression"]]  # the products that a sum is made of


def _infix(operation: Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the two methods of an operator: for an expression on its left, and on its right."""
    return lambda a, b: operation(a, b), lambda b, a: operation(a, b)


class Expression(Node):
    """``op`` at ``parents``. Without an op, it is a constant, or an input, whose value is None."""

    __slots__ = ("op", "parents", "value", "axis", "index", "graph", "plain")
    op: Operation | None
    parents: tuple[Expression, ...]
    value: float | None
    axis: Axis | None  # it has a value for each row of this batch
    index: int  # its place in the graph's list of nodes, parents before consumers
    graph: Graph
    plain: bool

    def record(self, operation: Operation, operands: Sequence[Any]) -> Expression:
        return self.graph.make(operation, operands)

    __add__, __radd__ = _infix(ops.add)
    __sub__, __rsub__ = _infix(ops.sub)
    __mul__, __rmul__ = _infix(ops.mul)
    __truediv__, __rtruediv__ = _infix(ops.div)
    __pow__, __rpow__ = _infix(ops.pow)

    def __neg__(self) -> Any:
        return ops.neg(self)


class Graph:
    """Expressions in topological order. Equal ones are the same object."""

    def __init__(self) -> None:
        self.nodes: list[Expression] = []
        self._known: dict[Any, Expression] = {}
        self.adjoint_of: dict[int, int] = {}  # from the index of an adjoint to its expression's
        self.lengths: dict[Axis, Expression] = {}  # the inputs that say how many rows there are
        self.one, self.zero = self._new(None, (), 1.0), self._new(None, (), 0.0)

    def _new(
        self,
        op: Operation | None,
        parents: tuple[Expression, ...],
        value: float | None,
        axis: Axis | None = None,
    ) -> Expression:
        node = Expression()
        node.op, node.parents, node.value, node.graph = op, parents, value, self
        node.axis = axis
        node.index = len(self.nodes)
        node.plain = op is ops.stop_gradient or not [p for p in parents if not p.plain]
        self.nodes.append(node)
        return node

    def constant(self, value: float) -> Expression:
        """Return a constant from user data. It is not folded at 0 or 1, so similar rows stay alike.

        The 1 and 0 that are folded are `one` and `zero`: ``a + b`` is one * a + one * b.
        """
        key = (value, math.copysign(1.0, value))
        if key not in self._known:
            self._known[key] = self._new(None, (), value)
        return self._known[key]

    def input(self, plain: bool = False, axis: Axis | None = None) -> Expression:
        node = self._new(None, (), None, axis)
        node.plain = plain
        return node

    def length(self, axis: Axis) -> Expression:
        """Return the input that is the number of rows."""
        if axis not in self.lengths:
            self.lengths[axis] = self.input(plain=True)
        return self.lengths[axis]

    def summed_over_rows(self, axis: Axis, pairs: Pairs) -> Pairs:
        """Return products whose sum is that of all products ``l * r`` of all rows."""
        products: Pairs = []
        both = []  # products of two factors that depend on the row
        for left, right in pairs:
            if left.axis is None:
                left, right = right, left
            if right.axis is not None:
                both.append((left, right))
            elif left.axis is not None:
                products.append((right, self.unique(axis.over(ops.sum), (left,))))
            else:
                products.append((self.dot([(self.length(axis), left)]), right))
        if both:
            operands = tuple([p[0] for p in both] + [p[1] for p in both])
            products.append((self.one, self.unique(axis.over(ops.dot), operands)))
        return products

    def lift(self, x: Any) -> Expression:
        """Return ``x`` as an expression. It may be a number, from a rule of the table."""
        if isinstance(x, Expression):
            return x
        return self.one if x == 1.0 else self.zero if x == 0.0 else self.constant(float(x))

    def make(self, op: Operation, operands: Iterable[Any]) -> Expression:
        """Return ``op`` at ``operands`` (expressions or numbers), simplified."""
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
        return self.unique(op, parents)

    def linear(self, op: Operation, parents: Sequence[Any]) -> Pairs | None:
        """Return the products that ``op`` sums up, None if it is not linear."""
        one = self.one
        if op is ops.add or op is ops.sum:
            return [(one, p) for p in parents]
        if op is ops.sub:
            return [(one, parents[0]), (self.constant(-1.0), parents[1])]
        if op is ops.neg:
            return [(self.constant(-1.0), parents[0])]
        if op is ops.dot:
            n = len(parents) // 2
            pairs = list(zip(parents[:n], parents[n : 2 * n], strict=True))
            return pairs + [(one, bias) for bias in parents[2 * n :]]
        if op is ops.div and parents[1].value and math.isfinite(1.0 / parents[1].value):
            return [(self.constant(1.0 / parents[1].value), parents[0])]
        if op is ops.mean:
            share = self.constant(1.0 / len(parents))
            return [(share, self.dot([(one, p) for p in parents]))]
        return None

    def as_written(self, pairs: Pairs) -> Expression:
        """Return the sum of the products ``l * r``. Nothing is folded but a product of numbers."""
        kept: Pairs = []
        for left, right in pairs:
            if right.value is not None:
                left, right = right, left  # a constant stands on the left
            if right.value is not None and left.value is not None:
                left, right = self.constant(left.value * right.value), self.one
            kept.append((left, right))
        if len(kept) > 1:
            return self.unique(ops.dot, tuple([p[0] for p in kept] + [p[1] for p in kept]))
        left, right = kept[0]
        if right is self.one:
            return left
        return right if left is self.one else self.unique(ops.mul, (left, right))

    def dot(self, pairs: Pairs) -> Expression:
        """Return the sum of the products ``l * r``, with constants and multiples folded."""
        total = 0.0
        kept: Pairs = []
        multiples: dict[int, int] = {}  # from an expression to its multiple in ``kept``
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
            return self.unique(ops.dot, tuple([p[0] for p in kept] + [p[1] for p in kept]))
        left, right = kept[0]
        return right if left is self.one else self.unique(ops.mul, (left, right))

    def cut(self, length: int) -> None:
        """Forget all nodes but the first ``length``."""
        del self.nodes[length:]
        self._known = {key: node for key, node in self._known.items() if node.index < length}
        self.adjoint_of = {i: of for i, of in self.adjoint_of.items() if i < length}

    def release(self) -> None:
        """Forget all nodes. They refer to this graph, and a collector would have to find that."""
        self.nodes.clear()
        self._known.clear()

    def unique(self, op: Operation, parents: tuple[Expression, ...]) -> Expression:
        """Return ``op`` at ``parents`` as it is. The same one is returned every time."""
        key = (op, *[p.index for p in parents])
        node = self._known.get(key)
        if node is None:
            axes = {p.axis for p in parents} - {None} if not isinstance(op, Over) else ()
            (axis,) = axes or (None,)
            node = self._known[key] = self._new(op, parents, None, axis)
        return node


def pairs_of(node: Expression) -> Pairs:
    """Return the products that a `dot` or `mul` sums up."""
    n = len(node.parents) // 2
    return list(zip(node.parents[:n], node.parents[n:], strict=True))


def reachable(roots: Sequence[Expression]) -> list[Expression]:
    """Return the expressions that the roots are computed from, and the roots, parents first."""
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
