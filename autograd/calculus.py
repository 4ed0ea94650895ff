"""Derivatives as graphs: backpropagation, recorded so that it differentiates again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .ops import dot
from .value import Constant, Value, topological_order


def adjoints(root: Value, wrt: Sequence[Value]) -> list[Value | float]:
    """The derivative of ``root`` by each node of ``wrt``, each ONE `dot` node over its fan-out.

    The chain rule as in `autograd.value`, with local gradients and adjoints that are graph:
    dot(local gradients of the consumers, adjoints of the consumers).

    >>> x = Value(3.0)
    >>> (dx,) = adjoints(x * x * x, [x])
    >>> dx.data
    27.0
    """
    order = topological_order(root)
    needed = set(wrt)
    for node in order:
        if not needed.isdisjoint(node.parents):
            needed.add(node)
    terms: dict[Value, tuple[list[Any], list[Any]]] = {node: ([], []) for node in needed}
    adjoint: dict[Value, Value | float] = {}
    for node in reversed(order):
        if node not in needed:
            continue
        adjoint[node] = 1.0 if node is root else dot(*terms[node]) if terms[node][0] else 0.0
        if node.op is None:
            continue
        operands = [p.data if type(p) is Constant else p for p in node.parents]
        local = node.op.local_grads(node, operands, [p in needed for p in node.parents])
        for parent, local_grad in zip(node.parents, local, strict=True):
            if local_grad is not None:
                terms[parent][0].append(local_grad)
                terms[parent][1].append(adjoint[node])
    return [adjoint.get(x, 0.0) for x in wrt]
