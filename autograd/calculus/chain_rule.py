"""The chain rule as passes over a graph: backward in numbers, backward and forward as graph.

`derivatives` is the loop of `Value.backward`. `adjoints` is the same with local gradients and
adjoints that are themselves graph, so that the result differentiates again; `push_forward` goes the
other way, from operands to results. All three take the local gradients from the same rules.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..ops import Operation, dot
from ..value import (
    Constant,
    Recorder,
    Scalar,
    Value,
    _recorder,
    make_node,
    recording,
    topological_order,
)


def derivatives(root: Value, magnitudes: bool = False) -> dict[Value, float]:
    """The derivative of ``root`` by each node, in numbers: `Value.backward` that changes nothing.

    With ``magnitudes`` what it would be if no two paths ever cancelled, to which its rounding error
    is proportional.

    >>> x = Value(3.0)
    >>> derivatives(x * x)[x]
    6.0
    """
    order = topological_order(root)
    derivative = dict.fromkeys(order, 0.0) | {root: 1.0}
    for node in reversed(order):
        upstream = derivative[node]
        for parent, local_grad in zip(node.parents, node.local_grads, strict=True):
            if local_grad is not None:
                derivative[parent] += upstream * (abs(local_grad) if magnitudes else local_grad)
    return derivative


def adjoints(root: Scalar, wrt: Sequence[Value], partial: bool = False) -> list[Scalar]:
    """The derivative of ``root`` by each node of ``wrt``, each ONE `dot` node over its fan-out.

    dot(local gradients of the consumers, adjoints of the consumers), without the terms that are a
    plain 0; of a single term, their product. A plain number where nothing varies, 0.0 for a node
    that ``root`` does not depend on. Where one node of ``wrt`` is computed from another, the
    derivative by the latter includes that way, unless they are ``partial`` derivatives.

    >>> x = Value(3.0)
    >>> (dx,) = adjoints(x * x * x, [x])
    >>> adjoints(dx, [x])[0].data
    18.0
    """
    order = topological_order(root) if isinstance(root, Value) else []
    needed = set(wrt)
    ends = needed.copy() if partial else ()
    for node in order:
        if not needed.isdisjoint(node.parents):
            needed.add(node)
    terms: dict[Value, list[Any]] = defaultdict(list)  # local gradient, adjoint, and so forth
    adjoint: dict[Value, Scalar] = {}
    for node in reversed(order):
        if node not in needed:
            continue
        upstream = adjoint[node] = 1.0 if node is root else _sum_of_products(terms.pop(node, ()))
        if node.op is None or node in ends or upstream == 0.0:  # a Value's == is identity
            continue
        for parent, local in zip(node.parents, _local_grads(node, needed), strict=True):
            if local:  # neither None nor a plain 0; a Value is always true
                terms[parent] += (local, upstream)
    return [adjoint.get(x, 0.0) for x in wrt]


def push_forward(roots: Sequence[Scalar], tangent: dict[Value, Scalar]) -> list[Scalar]:
    """Forward accumulation: how ``roots`` move with ``tangent``, to which the nodes' are added."""
    for node in ancestors(roots):
        if node not in tangent and not tangent.keys().isdisjoint(node.parents):
            terms: list[Scalar] = []
            for parent, local in zip(node.parents, _local_grads(node, tangent), strict=True):
                if local:
                    terms += (local, tangent[parent])
            tangent[node] = _sum_of_products(terms)
    return [tangent.get(root, 0.0) if isinstance(root, Value) else 0.0 for root in roots]


def _sum_of_products(factors: Sequence[Scalar]) -> Scalar:
    if len(factors) != 2:
        return dot(factors[::2], factors[1::2]) if factors else 0.0
    a, b = factors
    return b if a == 1.0 else a if b == 1.0 else a * b


def _local_grads(node: Value, varying: Container[Value]) -> Sequence[Any]:
    """The local gradients of ``node`` as graph, by the rules that gave its recorded numbers.

    None for the parents that are not ``varying``.
    """
    operation: Any = node.op
    rules: Callable[..., Sequence[Any]] = operation.local_grads
    operands: Sequence[Any] = node.parents
    varies = None
    if not all(map(varying.__contains__, operands)):
        varies = [p in varying for p in operands]
        operands = [p.data if type(p) is Constant else p for p in operands]
    elif operation.constant_rules:
        # typed Any by the table; numbers wherever it is not None
        return operation.constant_rules  # type: ignore[no-any-return]
    try:
        return rules(node, operands, varies)
    except (ArithmeticError, ValueError):  # infinite at a legal point: sqrt at 0
        with recording(_Limits()):
            limits = rules(node, operands, varies)
        pairs = zip(limits, node.local_grads, strict=True)
        # by the exponent, 0 ** 0.5 has derivative 0, but its graph is 0 * log(0): the number stands
        return [known if math.isnan(getattr(g, "data", g or 0.0)) else g for g, known in pairs]


class _Limits(Recorder):
    """Records graph where a rule meets a pole, its value being the limit there."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs = [p.data for p in parents]
        return make_node(operation, parents, xs, operation.limit(xs))


def recorded() -> AbstractContextManager[None]:
    """A context in which graph is recorded, be it inside a ``no_grad()``."""
    return recording(None) if type(_recorder.get()) is Recorder else nullcontext()


def ancestors(roots: Iterable[Scalar]) -> list[Value]:
    """All nodes that any of ``roots`` is computed from, in topological order."""
    everything = Value(0.0)
    everything.parents = tuple([root for root in roots if isinstance(root, Value)])
    return topological_order(everything)[:-1]
