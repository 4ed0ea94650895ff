"""Walks over a graph: consumers, distances, stale nodes, n-ary nodes expanded.

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


def stale(root: Value) -> list[Value]:
    """Return the nodes that do not fit the present numbers of their operands, operands first.

    A node gets stale if the ``data`` of an operand is changed after the node was computed. Its
    number or a local gradient is another one now, or its operation fails.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 5.0
    >>> [node.data for node in stale(y + 1)]
    [9.0]
    """
    return [node for node in topological_order(root) if node.op and not _fits(node)]


def _fits(node: Value) -> bool:
    try:
        now = computed_again(node)
    except (ArithmeticError, ValueError, RuntimeError):
        return False
    if now is node:
        return True
    pairs = zip((now.data, *now.local_grads), (node.data, *node.local_grads), strict=True)
    return all(same_number(a, b) for a, b in pairs)


def computed_again(node: Value) -> Value:
    """Return what the operation of ``node`` makes of the present numbers of its operands.

    It is a new node, or ``node`` itself if that holds the limit at a pole, as in a derivative of
    ``sqrt`` at 0. Raises what the operation raises, and RuntimeError for a result of a compiled
    function whose operands changed.
    """
    assert node.op is not None
    try:
        with recording(None):
            return node.op.again(node)  # type: ignore[no-any-return]  # an operation gives a node
    except (ArithmeticError, ValueError):
        if same_number(node.op.limit([p.data for p in node.parents]), node.data):
            return node
        raise


def same_number(a: float | None, b: float | None) -> bool:
    """Return whether two numbers are equal, where nan is equal to nan, and None to None."""
    return a == b or (a != a and b != b)


def expanded(root: Value) -> Value:
    """Return the same graph with scalar operations in place of each n-ary node.

    Leaves are shared with the graph of ``root``. Other nodes are copied, with their gradients. The
    scalar nodes are computed from the present data of the operands. They get gradients if the n-ary
    node has a gradient. A node stays as it is if its scalar operations give another number: if its
    operands changed since, or at infinity.

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
    if isinstance(node.op, Nary) and _fits(node):
        operands = [Constant(p.data) if p.is_constant else Value(p.data) for p in parents]
        with recording(None):
            functions = ops.scalar_graph()
            functions.stop_gradient = lambda x: x  # no node: the gradient is the same
            result = forward_of(node.op, functions, operands)
        # a sum of one is its operand, without parents
        if result.parents and same_number(result.data, node.data):
            twin = result
            stands_for = dict(zip(operands, parents, strict=True))
            for piece, derivative in derivatives(result).items():
                if piece.parents:
                    piece.operands = tuple([stands_for.get(p, p) for p in piece.parents])
                if node.grad and piece not in stands_for and not piece.is_constant:
                    piece.grad = derivative * node.grad
    twin.grad, twin.label = node.grad, node.label
    return twin
