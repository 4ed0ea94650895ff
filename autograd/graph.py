"""Walks over a graph, none of them recursive: what drawings, steps and explanations are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from . import ops
from .operation import Nary, Operation
from .recording import Recorder, recording
from .value import Value, topological_order

LONGEST = 200  # characters of a formula; what would be longer is cut
_NAME = re.compile(r"[\w.\[\]]+")  # a label that needs no parentheses inside a formula


def consumers(order: Sequence[Value]) -> dict[Value, list[tuple[Value, int]]]:
    """For each node of ``order`` its fan-out: the nodes it is an operand of, and as which operand.

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
    """Each node's distance from ``root``, in edges, the nearest first.

    >>> x = Value(3.0)
    >>> [(node.data, edges) for node, edges in distances(x * x + 1).items()]
    [(10.0, 0), (9.0, 1), (1.0, 1), (3.0, 2)]
    """
    distance = {root: 0}
    queue = [root]
    for node in queue:  # which grows meanwhile
        for parent in operands(node):
            if parent not in distance:
                distance[parent] = distance[node] + 1
                queue.append(parent)
    return distance


def levels(order: Sequence[Value]) -> dict[Value, int]:
    """For each node of ``order`` the longest way from it to the last one, in edges.

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


class _Pieces(Recorder):
    """Records graph as usual and keeps the nodes, in order."""

    def __init__(self) -> None:
        self.nodes: list[Value] = []

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        with recording(None):
            self.nodes.append(parents[0].record(operation, parents))
        return self.nodes[-1]


def expanded(root: Value) -> Value:
    """The same graph with each n-ary node replaced by the scalar operations it stands for.

    Leaves are shared with the graph of ``root``, other nodes copied, gradients included. The new
    nodes compute from what the operands' data is now, and have a gradient if the one they replace
    has.

    >>> w, x = Value(2.0, "w"), Value(3.0, "x")
    >>> formula(expanded(ops.dot([w, x], [x, x], 1.0)))
    '1 + w * x + x * x'
    """
    twins: dict[Value, Value] = {}
    for node in topological_order(root):
        twins[node] = node
        if node.op is not None:
            twins[node] = _twin(node, node.op, tuple([twins[p] for p in node.parents]))
    return twins[root]


def _twin(node: Value, op: Operation, parents: tuple[Value, ...]) -> Value:
    pieces = _Pieces()
    if isinstance(op, Nary):
        with recording(pieces):
            op.forward(ops.scalar_graph(), *parents)
    if not pieces.nodes:  # not n-ary, or nothing but its operand: a sum of one
        pieces.nodes.append(Value(node.data))
        pieces.nodes[0].op, pieces.nodes[0].parents = op, parents
        pieces.nodes[0].local_grads = node.local_grads
    twin = pieces.nodes[-1]
    twin.grad, twin.label = node.grad, node.label
    if node.grad:
        inner = set(pieces.nodes[:-1])
        for piece in inner:
            piece.grad = 0.0
        for piece in reversed(pieces.nodes):
            for parent, local_grad in zip(piece.parents, piece.local_grads, strict=True):
                if parent in inner and local_grad is not None:
                    parent.grad += piece.grad * local_grad
    return twin


def formulas(order: Sequence[Value]) -> dict[Value, str]:
    """How each node of ``order`` is computed, in symbols; labelled operands stand for themselves.

    Operands outside ``order`` are written by their label, or as ``…``.
    """
    written: dict[Value, str] = {}
    named: dict[Value, tuple[str, int]] = {}  # as an operand: text and precedence
    for node in order:
        if node.op is None:
            written[node] = number(node.data)
            named[node] = (written[node], ops.neg.precedence if written[node][0] == "-" else 9)
        else:
            operands = [named.get(p) or _by_label(p) for p in node.parents]
            # an n-ary operation separates its operands itself
            tightness = [precedence for _, precedence in operands] if node.op.arity else ()
            text = node.op.text([text for text, _ in operands], tightness)
            fits = len(text) <= LONGEST
            written[node] = text if fits else text[: LONGEST - 1] + "…"
            named[node] = (text, node.op.precedence) if fits else ("…", 9)
        if label_of(node):
            named[node] = _by_label(node)
    return written


def label_of(node: Value) -> str:
    """The label as text, though something else was assigned to it."""
    return "" if node.label is None else str(node.label)


def _by_label(node: Value) -> tuple[str, int]:
    text = label_of(node)
    text = text if len(text) <= 40 else text[:39] + "…"
    return text or "…", 9 if _NAME.fullmatch(text) or not text else 0


def formula(root: Value | float) -> str:
    """``root`` as text, down to its labelled operands.

    >>> x, y = Value(0.0, "x"), Value(0.5, "y")
    >>> formula(y * (1 - y) + x), formula(x), formula(0.5)
    ('y * (1 - y) + x', 'x', '0.5')
    """
    if not isinstance(root, Value):
        return number(root)
    label = "" if root.parents else label_of(root)
    return label or formulas(topological_order(root))[root]


def number(x: float) -> str:
    """A number as people write it: 2, -0.5, 1e+20.

    >>> number(2.0), number(-0.5), number(0.1 + 0.2)
    ('2', '-0.5', '0.3')
    """
    return f"{x:.6g}"
