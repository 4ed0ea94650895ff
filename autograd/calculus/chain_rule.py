"""The chain rule as graph: derivatives that can be differentiated again, backward and forward.

`autograd.value.derivatives` is the chain rule in numbers. Here is the other one, `accumulate`: the
same sum, with local gradients and derivatives that are graph. `adjoints` goes with it from a result
to its operands, `push_forward` from operands to results. The compiler uses it on its expressions.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from numbers import Real
from typing import Any, TypeVar

from ..domain_errors import described
from ..ops import dot
from ..recording import (
    floats_only,
    limits,
    makes_nodes,
    reading,
    recorded,
    refuse_float,
)
from ..value import Scalar, Value, topological_order

N = TypeVar("N", bound=Hashable)


def accumulate(
    order: Iterable[N],
    seeds: dict[N, list[Any]],
    edges: Callable[[N], Iterable[tuple[N, Any]]],
    summed: Callable[[Sequence[Any]], Any],
) -> dict[N, Any]:
    """Return for each node of ``order`` the sum of ``local * upstream`` over the edges to it.

    order: the nodes, so that every node comes after all those that have an edge to it.
    seeds: factors that nodes start with: ``[a, b, c, d]`` stands for ``a * b + c * d``.
    edges: the edges from a node whose sum is complete, each to another node with the local
    gradient along it, which may be None or a plain 0 for "nothing flows here".
    summed: makes one expression of such a list of factors; 0.0 for an empty list.
    """
    factors: dict[N, list[Any]] = defaultdict(list, seeds)
    found: dict[N, Any] = {}
    for node in order:
        upstream = found[node] = summed(factors.pop(node, ()))
        if is_zero(upstream):
            continue
        for other, local in edges(node):
            if local is not None and not is_zero(local):
                factors[other] += (local, upstream)
    return found


def is_zero(x: Any) -> bool:
    """Return whether ``x`` is the plain number 0, along which nothing flows."""
    return isinstance(x, float) and x == 0.0


def adjoints(root: Scalar, wrt: Sequence[Value], partial: bool = False) -> list[Scalar]:
    """Return the derivative of ``root`` by each node of ``wrt``, as graph.

    Each is ONE `dot` node over the node's fan-out: the local gradients of its consumers times the
    adjoints of its consumers. Terms that are a plain 0 are left out; a single term is a product.
    A plain number where nothing varies; 0.0 where ``root`` does not depend on the node. Where one
    node of ``wrt`` is computed from another, the derivative by the latter includes that way, unless
    ``partial`` derivatives are wanted.

    RuntimeError if a node was computed from other numbers than its operands have now. The graph of
    the derivative would mix old and new numbers.

    >>> x = Value(3.0)
    >>> (dx,) = adjoints(x * x * x, [x])
    >>> adjoints(dx, [x])[0].data
    18.0
    """
    if not isinstance(root, (Value, Real)):
        hint = "; for a function there is grad(f)(x)" if callable(root) else ""
        raise TypeError(
            f"adjoints are of a Value, such as adjoints(y, [x]), got {root!r:.80}{hint}"
        )
    if isinstance(wrt, Value):
        raise TypeError("adjoints are by a list of Values: write adjoints(y, [x]), not (y, x)")
    order = topological_order(root) if isinstance(root, Value) else []
    needed = set(wrt)
    ends = needed.copy() if partial else ()
    computed = []  # from nodes of ``wrt``
    for node in order:
        if not needed.isdisjoint(node.operands):
            needed.add(node)
            computed.append(node)
    _check_not_stale(computed, ends)

    def edges(node: Value) -> Iterable[tuple[Value, Any]]:
        if node.op is None or node in ends:
            return ()
        return zip(node.operands, _local_grads(node, needed), strict=True)

    backward = [node for node in reversed(order) if node in needed]
    seeds = {root: [1.0, 1.0]} if isinstance(root, Value) else {}
    with reading(refuse_float):  # in a rule, it would lose the second derivative
        found = accumulate(backward, seeds, edges, _sum_of_products)
    return [found.get(x, 0.0) for x in wrt]


def _check_not_stale(nodes: Iterable[Value], ends: Container[Value]) -> None:
    """Raise RuntimeError if the operands of one of ``nodes`` changed since it was computed.

    Nodes of ``ends`` may have changed: the derivative does not go through them.
    """
    with recorded():
        if not makes_nodes():
            return  # the function is being compiled: its nodes stand for any numbers
    for node in nodes:
        if node.op and node not in ends and node.op.is_stale(node):
            raise RuntimeError(
                f"{described(node)} was {node.data!r} when it was computed, and its operands have "
                "other numbers now: call autograd.recompute(y), or compute the graph again. The "
                "derivative would mix old and new numbers"
            )


def push_forward(roots: Sequence[Scalar], tangent: dict[Value, Scalar]) -> list[Scalar]:
    """Return how ``roots`` move when nodes move as ``tangent`` says: forward accumulation."""
    order = ancestors(roots)
    moving = set(tangent)
    onward: dict[Value, list[tuple[Value, int]]] = defaultdict(list)
    for node in order:
        if node not in tangent and not moving.isdisjoint(node.operands):
            moving.add(node)
            for i, parent in enumerate(node.operands):
                if parent in moving:
                    onward[parent].append((node, i))
    varying = [node for node in order if node in moving and node not in tangent]
    with reading(refuse_float):
        local_grads = {node: _local_grads(node, moving) for node in varying}

    def edges(node: Value) -> Iterable[tuple[Value, Any]]:
        return [(consumer, local_grads[consumer][i]) for consumer, i in onward[node]]

    seeds = {node: [1.0, moves] for node, moves in tangent.items()}
    found = accumulate([n for n in order if n in moving], seeds, edges, _sum_of_products)
    return [found.get(root, 0.0) if isinstance(root, Value) else 0.0 for root in roots]


def _sum_of_products(factors: Sequence[Scalar]) -> Scalar:
    if len(factors) != 2:
        return dot(factors[::2], factors[1::2]) if factors else 0.0
    a, b = factors
    return b if _is_one(a) else a if _is_one(b) else a * b


def _is_one(x: Scalar) -> bool:
    return isinstance(x, float) and x == 1.0


def _local_grads(node: Value, varying: Container[Value]) -> Sequence[Any]:
    """Return the local gradients of ``node`` as graph, by the rules that gave its numbers.

    None for the parents that are not ``varying``.
    """
    operation: Any = node.op
    rules: Callable[..., Sequence[Any]] = operation.local_grads
    operands: Sequence[Any] = node.operands
    varies = None
    if not all(map(varying.__contains__, operands)):
        varies = [p in varying for p in operands]
        operands = [p.data if p.is_constant else p for p in operands]
    elif operation.constant_rules:
        numbers: Sequence[float] = operation.constant_rules
        return numbers
    try:
        return rules(node, operands, varies)
    except TypeError as error:
        raise floats_only(operation, error) from None
    except (ArithmeticError, ValueError):  # infinite at a legal point: sqrt at 0
        found = limits(operation, node, operands, varies, graph=True)
        pairs = zip(found, node.local_grads, strict=True)
        # by the exponent, 0 ** 0.5 has derivative 0, but its graph is 0 * log(0): the number stands
        return [known if _is_nan(g) else g for g, known in pairs]


def _is_nan(x: Scalar | None) -> bool:
    return x is not None and math.isnan(getattr(x, "data", x))


def ancestors(roots: Iterable[Scalar]) -> list[Value]:
    """Return all nodes that any of ``roots`` is computed from, in topological order."""
    everything = Value(0.0)
    everything.operands = tuple([root for root in roots if isinstance(root, Value)])
    return topological_order(everything)[:-1]
