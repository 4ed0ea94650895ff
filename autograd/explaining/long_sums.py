"""The sums of a graph with three terms or more, however they were written: `long_sums`."""

from __future__ import annotations

from collections.abc import Container, Sequence

from .. import ops
from ..graph import consumers
from ..value import Value

MIN_TERMS = 3


def long_sums(
    order: Sequence[Value], whole: Container[Value] = ()
) -> list[tuple[Value, list[Value]]]:
    """Return the sums and means of a graph with their terms, the nearest to the root first.

    A sum of which a sum is computed alone is one with it, unless it is in ``whole``.
    """
    uses = consumers(order)
    found: list[tuple[Value, list[Value]]] = []
    parts: set[Value] = set()  # sums inside of longer sums
    for top in reversed(order):
        if top in parts or top in whole or top.op not in (ops.add, ops.sub, ops.sum, ops.mean):
            continue
        terms, waiting = [], list(reversed(top.parents))
        while waiting:
            node = waiting.pop()
            is_part = node.op in (ops.add, ops.sub, ops.sum) and len(uses[node]) == 1
            if is_part and node not in whole:
                parts.add(node)
                waiting.extend(reversed(node.parents))
            elif not (node.is_constant and node.data == 0.0):  # the start of Python's sum()
                terms.append(node)
        if len(terms) >= MIN_TERMS:
            found.append((top, terms))
    return found
