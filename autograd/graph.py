"""Walks over a graph, none of them recursive: what drawings, steps and explanations are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from . import ops
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
        if node.label:
            named[node] = _by_label(node)
    return written


def _by_label(node: Value) -> tuple[str, int]:
    text = node.label if len(node.label) <= 40 else node.label[:39] + "…"
    return text or "…", 9 if _NAME.fullmatch(text) or not text else 0


def formula(root: Value | float) -> str:
    """``root`` as text, down to its labelled operands.

    >>> x, y = Value(0.0, "x"), Value(0.5, "y")
    >>> formula(y * (1 - y) + x), formula(x), formula(0.5)
    ('y * (1 - y) + x', 'x', '0.5')
    """
    if not isinstance(root, Value):
        return number(root)
    return (
        root.label if not root.parents and root.label else formulas(topological_order(root))[root]
    )


def number(x: float) -> str:
    """A number as people write it: 2, -0.5, 1e+20.

    >>> number(2.0), number(-0.5), number(0.1 + 0.2)
    ('2', '-0.5', '0.3')
    """
    return f"{x:.6g}"
