"""Stage 3, differentiate: the gradient of the outputs, as more expressions.

Backpropagation as in `autograd.value`, on expressions: the adjoint of a node is ONE `dot` over its
consumers, of their local gradients (the table's own, evaluated on expressions) and their adjoints.
The dots are what `autograd.compiler.matrices` recognizes: dL/dW is found there, not programmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .expressions import Expression, Graph, Pairs, reachable


def gradient(
    graph: Graph, outputs: Sequence[tuple[Expression, Expression]], wrt: Sequence[Expression]
) -> list[Expression]:
    """The derivative by each of ``wrt`` of the sum of ``seed * output`` over ``outputs``."""
    order = reachable([output for output, _ in outputs])
    varies = set(wrt)
    for node in order:
        if not varies.isdisjoint(node.parents):
            varies.add(node)
    terms: dict[Expression, Pairs] = {node: [] for node in varies}
    for output, seed in outputs:
        if output in varies:
            terms[output].append((graph.one, seed))
    for node in reversed(order):
        if node not in varies or node.op is None:
            continue
        adjoint = graph.dot(terms.pop(node))
        if adjoint.value == 0.0:
            continue
        graph.adjoint_of.setdefault(adjoint.index, node.index)
        for parent, local in zip(node.parents, _local_grads(node, varies), strict=True):
            if local is not None:
                terms[parent].append((graph.lift(local), adjoint))
    gradients = [graph.dot(terms[x]) for x in wrt]
    for x, adjoint in zip(wrt, gradients, strict=True):
        graph.adjoint_of.setdefault(adjoint.index, x.index)
    return gradients


def _local_grads(node: Expression, varies: set[Expression]) -> list[Any]:
    assert node.op is not None
    xs = [p if p.value is None else p.value for p in node.parents]
    grads: list[Any] = node.op.local_grads(node, xs, [p in varies for p in node.parents])
    return grads
