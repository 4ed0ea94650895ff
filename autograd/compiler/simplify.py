"""Stage 2, simplify: turn scalar code into as few expressions as possible.

A chain of additions and products becomes one `dot`, unless something else uses an intermediate
result. So ``sum(w * x for ...) + b`` becomes what ``dot(ws, xs, b)`` would have been. Constants are
folded. Equal expressions become one. Nothing is kept that no result depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import ops
from ..operation import Nary
from ..ops import scalar_graph
from ..recording import forward_of
from .expressions import Expression, Graph, Pairs, reachable


def fresh(
    graph: Graph, roots: Sequence[Expression], inputs: Sequence[Expression]
) -> tuple[Graph, list[Expression], list[Expression]]:
    """Return a new graph with nothing but ``roots``; the roots and the inputs in it.

    Expressions that were added one after another are simplified together.
    """
    new = Graph()
    known = {x: new.input() for x in inputs}

    def leaf(node: Expression) -> Expression:
        if node is graph.one:
            return new.one
        return known[node] if node.value is None else new.constant(node.value)

    simplifier = Simplifier(new, leaf)
    new_roots = simplifier.run(reachable(roots), roots)
    for ends in graph.adjoint_of.items():  # for the names in the program
        adjoint, of = [simplifier.forms.get(graph.nodes[i]) for i in ends]
        if isinstance(adjoint, Expression) and isinstance(of, Expression):
            new.adjoint_of.setdefault(adjoint.index, of.index)
    return new, new_roots, [known[x] for x in inputs]


class Simplifier:
    """Rewrites nodes, anything with ``op`` and ``parents``, as expressions of ``graph``.

    ``leaf`` returns the expression of a node without an op.
    """

    def __init__(self, graph: Graph, leaf: Callable[[Any], Expression]) -> None:
        self.graph, self.leaf = graph, leaf
        self.forms: dict[
            Any, Expression | Pairs
        ] = {}  # Pairs: a sum that its one consumer takes in

    def run(self, nodes: Sequence[Any], roots: Iterable[Any]) -> list[Expression]:
        """Return the expressions of ``roots``. ``nodes`` has their ancestors, parents first."""
        roots = list(roots)
        uses = dict.fromkeys(roots, 2)  # a root is a node of its own, however few consumers it has
        for node in reversed(nodes):
            if node in uses and node.op is not None:
                for parent in node.parents:
                    uses[parent] = uses.get(parent, 0) + 1
        for node in nodes:
            if node in uses and node.op is not None:
                form = self._rewritten(node)
                self.forms[node] = form if uses[node] == 1 else self._closed(form)
        return [self.expression(root) for root in roots]

    def expression(self, node: Any) -> Expression:
        """Return the expression of a node. If it is an open sum, close it."""
        form = self.forms.get(node)
        if form is None:
            form = self.forms[node] = self.leaf(node)
        return self._closed(form)

    def _closed(self, form: Expression | Pairs) -> Expression:
        return form if isinstance(form, Expression) else self.graph.dot(form)

    def _rewritten(self, node: Any) -> Expression | Pairs:
        op, parents = node.op, node.parents
        if op is ops.mul:
            return self._product(*parents)
        if op is ops.add or op is ops.sum:
            return self._joined([self._terms(p) for p in parents])
        if op is ops.sub:
            return self._joined([self._terms(parents[0]), self._scaled(-1.0, parents[1])])
        if op is ops.neg:
            return self._scaled(-1.0, parents[0])
        if op is ops.dot:
            return self._dot(parents)
        operands = [self.expression(p) for p in parents]
        if (pairs := self.graph.linear(op, operands)) is not None:
            return pairs
        if isinstance(op, Nary):
            return self._expanded(op, operands)
        return self.graph.make(op, operands)

    def _dot(self, parents: Sequence[Any]) -> Pairs:
        n = len(parents) // 2
        pairs: Pairs = []
        sums = [pairs, *[self._terms(bias) for bias in parents[2 * n :]]]
        form, one = self.forms.get, self.graph.one
        for a, b in zip(parents[:n], parents[n : 2 * n], strict=True):
            left, right = form(a), form(b)
            if not isinstance(left, Expression):
                left = self.expression(a)
            if isinstance(right, list) and left is one:
                sums.append(right)
                continue
            if not isinstance(right, Expression):
                right = self.expression(b)
            pairs.append((left, right))
        return self._joined(sums)

    def _terms(self, node: Any) -> Pairs:
        form = self.forms.get(node)
        return form if isinstance(form, list) else [(self.graph.one, self.expression(node))]

    def _joined(self, sums: list[Pairs]) -> Pairs:
        """Return all terms in one list: the longest, extended. So a long chain stays linear."""
        longest = max(sums, key=len)
        for terms in sums:
            if terms is not longest:
                longest.extend(terms)
        return longest

    def _product(self, a: Any, b: Any) -> Expression | Pairs:
        left = self.forms.get(a) or self.expression(a)
        right = self.forms.get(b) or self.expression(b)
        for one, other, node in ((left, right, b), (right, left, a)):
            if isinstance(other, list) and isinstance(one, Expression) and one.value is not None:
                return self._scaled(one.value, node)
        left, right = self.expression(a), self.expression(b)
        return [(left, right) if right.value is None else (right, left)]  # a constant on the left

    def _scaled(self, factor: float, node: Any) -> Pairs:
        """Return ``factor * node``. The factor is multiplied into a coefficient of the node."""
        terms, graph = self._terms(node), self.graph
        if len(terms) == 1 and terms[0][0].value is not None:
            return [(graph.constant(factor * terms[0][0].value), terms[0][1])]
        return [(graph.constant(factor), self._closed(terms))]

    def _expanded(self, op: Nary, operands: list[Expression]) -> Expression:
        """Return an n-ary operation as the scalar ones that it stands for."""
        scratch = Graph()
        inputs = [scratch.input() for _ in operands]
        root = forward_of(op, scalar_graph(), inputs)
        if root.op is op:
            return self.graph.unique(op, tuple(operands))  # it stands for itself: maximum
        known = dict(zip(inputs, operands, strict=True))
        inner = Simplifier(self.graph, lambda x: known.get(x) or self.graph.lift(x.value))
        return inner.run(scratch.nodes, [root])[0]
