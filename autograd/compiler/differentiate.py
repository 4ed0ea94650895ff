"""Stage 3, differentiate: add the gradient of the outputs, as more expressions.

This is backpropagation as in `autograd.value`, on expressions. The adjoint of a node is ONE `dot`
over its consumers: of their local gradients, by the rules of the table, and of their adjoints.
`autograd.compiler.matrices` finds matrix products in these dots, so dL/dW is not programmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..calculus.chain_rule import accumulate, is_zero
from ..recording import floats_only
from .batch import Axis, EachRow
from .expressions import Expression, Graph, Pairs, reachable


def gradient(
    graph: Graph, outputs: Sequence[tuple[Expression, Expression]], wrt: Sequence[Expression]
) -> list[Expression]:
    """Return the derivatives of the sum of ``output * seed`` by each of ``wrt``."""
    order = reachable([output for output, _ in outputs])
    varies = set(wrt)
    for node in order:
        if not varies.isdisjoint(node.parents):
            varies.add(node)
    seeds: dict[Expression, list[Any]] = {}
    for output, seed in outputs:
        seeds.setdefault(output, []).extend((graph.one, seed))

    def edges(node: Expression) -> Iterable[tuple[Expression, Any]]:
        if node.op is None:  # one of wrt
            return ()
        xs = [p if p.value is None else p.value for p in node.parents]
        try:
            grads = node.op.local_grads(node, xs, [p in varies for p in node.parents])
        except TypeError as error:
            raise floats_only(node.op, error) from None
        if node.axis is None:
            return zip(node.parents, grads, strict=True)
        return [
            (p, g if p.axis or g is None or is_zero(g) else EachRow(node.axis, g))
            for p, g in zip(node.parents, grads, strict=True)
        ]

    def summed(factors: Sequence[Any]) -> Any:
        pairs: Pairs = []
        over_rows: dict[Axis, Pairs] = {}
        for local, upstream in zip(factors[::2], factors[1::2], strict=True):
            if isinstance(local, EachRow):
                axis, local = local
                over_rows.setdefault(axis, []).append((graph.lift(local), graph.lift(upstream)))
            else:
                pairs.append((graph.lift(local), graph.lift(upstream)))
        for axis, products in over_rows.items():
            pairs += graph.summed_over_rows(axis, products)
        adjoint = graph.dot(pairs)
        return 0.0 if adjoint.value == 0.0 else adjoint

    backward = [node for node in reversed(order) if node in varies and node.op is not None]
    adjoints = accumulate([*backward, *wrt], seeds, edges, summed)  # the leaves in their order
    found = {node: graph.lift(adjoint) for node, adjoint in adjoints.items()}
    for node, adjoint in found.items():
        if adjoint.value != 0.0:
            graph.adjoint_of.setdefault(adjoint.index, node.index)
    return [found.get(x, graph.zero) for x in wrt]
