"""Walks over a graph: consumers, distances, levels, stale nodes, and n-ary nodes expanded.

None of them is recursive. Pictures, steps and explanations are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import ops
from .operation import Nary
from .recording import forward_of, recording
from .value import Constant, Value, derivatives, topological_order


def consumers(order: Sequence[Value]) -> dict[Value, list[tuple[Value, int]]]:
    """Return the fan-out of each node of ``order``: its consumers, and its place in their operands.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> [(consumer is y, position) for consumer, position in consumers([x, y])[x]]
    [(True, 0), (True, 1)]
    """
    found: dict[Value, list[tuple[Value, int]]] = {node: [] for node in order}
    for node in order:
        for position, parent in enumerate(node.parents):
            if parent in found:
                found[parent].append((node, position))
    return found


def distances(
    root: Value, operands: Callable[[Value], Sequence[Value]] = lambda node: node.parents
) -> dict[Value, int]:
    """Return each node's distance from ``root``, in edges. The nearest nodes come first.

    >>> x = Value(3.0)
    >>> [(node.data, edges) for node, edges in distances(x * x + 1).items()]
    [(10.0, 0), (9.0, 1), (1.0, 1), (3.0, 2)]
    """
    distance = {root: 0}
    queue = [root]
    for node in queue:  # the queue grows meanwhile
        for parent in operands(node):
            if parent not in distance:
                distance[parent] = distance[node] + 1
                queue.append(parent)
    return distance


def levels(order: Sequence[Value]) -> dict[Value, int]:
    """Return for each node of ``order`` the longest way from it to the last node, in edges.

    An operand is always on a higher level than its consumers.

    >>> x = Value(3.0)
    >>> list(levels([x, y := x * x, y * x]).values())
    [2, 1, 0]
    """
    level = dict.fromkeys(order, 0)
    for node in reversed(order):
        for parent in node.parents:
            if parent in level:
                level[parent] = max(level[parent], level[node] + 1)
    return level


def stale(root: Value) -> list[Value]:
    """Return the nodes whose number is not what their operands' present numbers give.

    A node gets stale if an operand's ``data`` is changed after the node was computed. A node whose
    operation fails at the present numbers is stale too. Operands come before consumers.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 5.0
    >>> [node.data for node in stale(y + 1)]
    [9.0]
    """
    return [node for node in topological_order(root) if node.op and node.op.is_stale(node)]


def expanded(root: Value) -> Value:
    """Return the same graph with scalar operations in place of each n-ary node.

    Leaves are shared with the graph of ``root``. Other nodes are copied, with their gradients. The
    scalar nodes are computed from the present data of the operands. They get gradients if the n-ary
    node has a gradient.

    >>> w, x = Value(2.0), Value(3.0)
    >>> [node.op.name for node in topological_order(expanded(ops.dot([w], [x], 1.0))) if node.op]
    ['mul', 'add']
    """
    twins: dict[Value, Value] = {}
    for node in topological_order(root):
        twins[node] = _twin(node, tuple([twins[p] for p in node.parents])) if node.op else node
    return twins[root]


def _twin(node: Value, parents: tuple[Value, ...]) -> Value:
    """Return ``node`` on other parents: as scalar operations if it is n-ary, else as a copy."""
    assert node.op is not None
    twin = Value.computed(node.op, parents, node.data, node.local_grads)
    if isinstance(node.op, Nary):
        operands = [Constant(p.data) if p.is_constant else Value(p.data) for p in parents]
        with recording(None):
            result = forward_of(node.op, ops.scalar_graph(), operands)
        if result.parents:  # else it is the operand: a sum of one
            twin = result
            stands_for = dict(zip(operands, parents, strict=True))
            for piece, derivative in derivatives(result).items():
                if piece.parents:
                    piece.parents = tuple([stands_for.get(p, p) for p in piece.parents])
                if node.grad and piece not in stands_for and not piece.is_constant:
                    piece.grad = derivative * node.grad
    twin.grad, twin.label = node.grad, node.label
    return twin
