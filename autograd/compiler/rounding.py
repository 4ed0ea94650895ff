"""Near ties: where a program's rounding could turn a comparison, so that eager code has to decide.

A program adds the products of a sum in another order than eager code, and takes exp and log from
another library. So a number in it may be off by some rounding errors. Here is a bound for that,
beside each number that a comparison depends on: the error of its operands times the local
gradients, and its own. A number that is computed by exactly rounded operations in the order as
written has no error, and needs no bound.

A comparison whose sides are no further apart than their bounds is a *tie*. The program then gives
no answer, and the call is handed to eager code.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable
from typing import Any

from .. import ops
from ..operation import FLOATS, Operation
from .batch import Over
from .expressions import Expression, Graph, Pairs, pairs_of, reachable
from .traced import Guard

EPSILON = sys.float_info.epsilon
FUNCTION_ERROR = 16 * EPSILON  # relative, of a function such as exp: NumPy's against Python's
EXACT_FUNCTIONS = {"fabs", "maximum", "minimum", "sqrt", "where"}  # rounded alike everywhere
SLOPE_AT_MOST_1 = {ops.abs, ops.relu, ops.maximum, ops.minimum, ops.stop_gradient}
STEPS = {ops.heaviside, ops.equal}  # whose value jumps


def near_ties(graph: Graph, guards: Iterable[Guard]) -> list[Guard]:
    """Return the tests, as guards, whether a comparison is a tie."""
    guards = list(guards)
    bounds = Bounds(graph)
    for node in reachable([x for guard in guards for x in (guard.left, guard.right)]):
        bounds.add(node)
    for guard in guards:
        bounds.add_tie(guard.left, guard.right)
    return bounds.ties


class Bounds:
    """Bounds for the errors of expressions, as expressions. Those without an error have none."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.of, self.ties = graph, dict[Expression, Expression](), list[Guard]()

    def add_tie(self, left: Expression, right: Expression) -> None:
        """Add the test whether two numbers are too close to be told apart, if they have errors."""
        one, minus = self.graph.one, self.graph.constant(-1.0)
        errors = [(one, self.of[x]) for x in (left, right) if x in self.of]
        if errors:
            gap = self._size(self.graph.dot([(one, left), (minus, right)]))
            self.ties.append(Guard(operator.le, gap, self.graph.dot(errors), False, tie=True))

    def add(self, node: Expression) -> None:
        """Add the bound of ``node``, whose operands have theirs."""
        if node.op is ops.dot or node.op is ops.mul:
            terms = self._of_sum(pairs_of(node))
        elif node.op in STEPS:
            self.add_tie(node.parents[0], [*node.parents, self.graph.zero][1])
            return
        elif node.op in SLOPE_AT_MOST_1:
            terms = [(self.graph.one, self.of[p]) for p in node.parents if p in self.of]
        elif isinstance(node.op, Over):
            terms = self._over_rows(node.op, node)
        elif node.op is not None:
            terms = self._of_function(node, node.op)
        else:
            return
        if terms:
            self.of[node] = self.graph.dot(terms)

    def _over_rows(self, op: Over, node: Expression) -> Pairs:
        """Return the bound of a reduction of all rows of a batch."""
        one = self.graph.one
        if op.op in SLOPE_AT_MOST_1:  # the largest number is off by no more than the largest error
            bounds = [self.of[p] for p in node.parents if p in self.of]
            return [(one, self.graph.unique(op, (b,)) if b.axis else b) for b in bounds]
        pairs = pairs_of(node) if op.op is ops.dot else [(one, p) for p in node.parents]
        sizes = [(self._size(a), self._size(b)) for a, b in pairs]
        errors = self._of_factors(pairs, sizes)
        length = self.graph.length(op.axis)
        own = self.graph.dot([(self.graph.constant((len(pairs) + 1) * EPSILON), length)])
        total = self.graph.dot(self.graph.summed_over_rows(op.axis, sizes))
        return [*self.graph.summed_over_rows(op.axis, errors), (own, total)]

    def _size(self, x: Any) -> Any:
        return self.graph.make(ops.abs, [x])

    def _of_sum(self, pairs: Pairs) -> Pairs:
        sizes = [(self._size(a), self._size(b)) for a, b in pairs]
        terms = self._of_factors(pairs, sizes)
        signs = all(1.0 in (abs(a.value or 0.0), abs(b.value or 0.0)) for a, b in pairs)
        if terms or len(pairs) > 2 or (len(pairs) == 2 and not signs):
            own = self.graph.constant((len(pairs) + 1) * EPSILON)
            terms.append((own, self.graph.dot(sizes)))
        return terms

    def _of_factors(self, pairs: Pairs, sizes: Pairs) -> Pairs:
        """Return the size of each factor times the error of the other."""
        terms: Pairs = []
        for (a, b), (left, right) in zip(pairs, sizes, strict=True):
            terms += [(left, self.of[b])] if b in self.of else []
            terms += [(right, self.of[a])] if a in self.of else []
        return terms

    def _of_function(self, node: Expression, op: Operation) -> Pairs:
        varies = [p in self.of for p in node.parents]
        if not any(varies) and _is_exact(op):
            return []
        xs = [p if p.value is None else p.value for p in node.parents]
        terms = [(self.graph.constant(FUNCTION_ERROR), self._size(node))]
        for p, local in zip(node.parents, op.local_grads(node, xs, varies), strict=True):
            if p in self.of:  # twice, as the local gradient changes on the way
                terms.append((self._size(self.graph.make(ops.mul, [2.0, local])), self.of[p]))
        return terms


class _Used:
    """The functions of floats. It remembers the names of those that are used."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return getattr(FLOATS, name)


def _is_exact(op: Operation) -> bool:
    """Return whether all libraries round it alike: it is made of exactly rounded operations."""
    used = _Used()
    op.forward(used, *op.operands(*op.samples[0]))
    return used.names <= EXACT_FUNCTIONS
