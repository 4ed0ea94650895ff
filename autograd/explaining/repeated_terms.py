"""Repeated structure without neurons: a sum of terms that differ in their leaves alone.

A loss over a batch is such a sum: each sample has a term of its own, made by the same operations,
and all terms read the same parameters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..graph import consumers
from ..value import Value
from .long_sums import MIN_TERMS, long_sums
from .neurons import Network

MAX_SUMS = 8  # that are looked at, the nearest to the root


def repeated_terms(order: Sequence[Value]) -> Network | None:
    """Return a network without neurons whose samples are the terms of a sum, or None.

    The terms have the same operations, they have a node in common, and most of the graph is inside
    of them. Of several such sums it is the one nearest to the root.

    order: a graph, in topological order.

    >>> from autograd import topological_order
    >>> a, pairs = Value(2.0, "a"), [(1.0, 3.0), (2.0, 5.0), (3.0, 5.0)]
    >>> loss = sum((a * x - y) ** 2 for x, y in pairs)
    >>> found = repeated_terms(topological_order(loss))
    >>> found.samples, len(found.sums[loss])
    (3, 3)
    """
    for top, terms in long_sums(order)[:MAX_SUMS]:
        owner = _owners(order, terms)
        own: dict[int, list[Value]] = {}
        for node, term in owner.items():
            own.setdefault(term, []).append(node)
        kinds = {
            term: frozenset(Counter(n.op for n in nodes if n.op).items())
            for term, nodes in own.items()
        }
        if not kinds:
            continue
        kind, count = Counter(kinds.values()).most_common(1)[0]
        alike = [term for term in sorted(own) if kinds[term] == kind]
        inside = sum(len(own[term]) for term in alike)
        if count >= MIN_TERMS and kind and 2 * inside > len(order) and _read_in_common(alike, own):
            number = {term: i for i, term in enumerate(alike)}
            sample_of = {n: number[term] for n, term in owner.items() if term in number}
            return Network([], sample_of, count, {}, {top: tuple(terms)})
    return None


def _owners(order: Sequence[Value], terms: Sequence[Value]) -> dict[Value, int]:
    """Return the place of the one term that each node is computed for. Others have none."""
    uses = consumers(order)
    place = {term: i for i, term in enumerate(terms)}
    owner: dict[Value, int] = {}
    for node in reversed(order):
        if node in place and len(uses[node]) == 1:
            owner[node] = place[node]
        elif len(readers := {owner.get(user) for user, _ in uses[node]}) == 1:
            (reader,) = readers
            if reader is not None:
                owner[node] = reader
    return owner


def _read_in_common(alike: Sequence[int], own: Mapping[int, Sequence[Value]]) -> bool:
    """Return whether some node is read by each of these terms, and belongs to none."""
    read = [{p for node in own[term] for p in node.parents} - {*own[term]} for term in alike]
    return bool(set[Value].intersection(*read))
