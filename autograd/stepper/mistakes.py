"""The three most common mistakes in a backward pass: wrong order, ``=``, stale gradients.

Each function plays one of them, and differs in one line from a right pass:

    for node in reversed(narrator.order):
        yield from narrator.pass_on(node, narrator.grads[node])
"""

from __future__ import annotations

from collections.abc import Iterator

from ..value import Value, derivatives
from .frames import Frame
from .narration import Narrator


def order(narrator: Narrator) -> Iterator[Frame]:
    """Wrong on purpose: depth first from the root, so that a node may pass on an unfinished sum."""
    for node in _depth_first(narrator.root):
        yield from narrator.pass_on(node, narrator.grads[node])


def overwrite(narrator: Narrator) -> Iterator[Frame]:
    """Wrong on purpose: ``=`` instead of ``+=``, so that of several terms only the last is kept."""
    for node in reversed(narrator.order):
        yield from narrator.pass_on(node, narrator.grads[node], "=")


def stale(narrator: Narrator) -> Iterator[Frame]:
    """Wrong on purpose: a second pass that starts from the gradients of the first."""
    narrator.grads = derivatives(narrator.root)
    for node in reversed(narrator.order):
        yield from narrator.pass_on(node, narrator.grads[node])


MISTAKES = {mistake.__name__: mistake for mistake in (order, overwrite, stale)}


def _depth_first(root: Value) -> Iterator[Value]:
    """Yield every node once, the parents of a node before its siblings."""
    seen: set[Value] = set()
    path = [root]
    while path:
        node = path.pop()
        if node not in seen:
            seen.add(node)
            yield node
            path.extend(reversed(node.parents))
