"""The most common mistakes in a backward pass, and a pass that is right but visits too often.

Each function plays one of them, and differs in one line from a right pass:

    for node in reversed(narrator.order):
        yield from narrator.pass_on(node, narrator.grads[node])

``recursive`` and ``paths`` have no topological order. They go on to an operand as soon as a term
arrives there, as a function that calls itself does. So they visit a node once for each path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..graph import consumers
from ..value import Value, derivatives
from .frames import Frame
from .narration import Narrator

MAX_VISITS = 2_000  # of all nodes, in a pass along the paths: their number can grow exponentially


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


def recursive(narrator: Narrator) -> Iterator[Frame]:
    """Wrong on purpose: each visit passes on the whole sum, with what was passed on before."""
    yield from _along_paths(narrator, lambda node, term: narrator.grads[node])


def paths(narrator: Narrator) -> Iterator[Frame]:
    """Right, but slow: a node is visited once for each path, and passes on the new term alone."""
    yield from _along_paths(narrator, lambda node, term: term)


MISTAKES = {f.__name__: f for f in (order, overwrite, stale, recursive, paths)}
ALONG_PATHS = (recursive.__name__, paths.__name__)


def visits(order: Sequence[Value]) -> dict[Value, int]:
    """Return how many paths lead from the root, which is last in ``order``, to each node.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> list(visits([x, y, z := y + y]).values())
    [4, 2, 1]
    """
    uses = consumers(order)
    count = {order[-1]: 1}
    for node in reversed(order[:-1]):
        reached = [user for user, i in uses[node] if user.local_grads[i] is not None]
        count[node] = sum(count[user] for user in reached)
    return {node: count[node] for node in order}


def check_visits(mistake: str, order: Sequence[Value]) -> None:
    """Raise ValueError if a pass along the paths makes more visits than a reader follows."""
    total = sum(count for node, count in visits(order).items() if not node.is_constant)
    if total > MAX_VISITS:
        written = f"{total:,}" if total < 10**15 else f"about 10^{len(str(total)) - 1}"
        raise ValueError(
            f"mistake={mistake!r} visits a node once for each path, at most {MAX_VISITS:,} times "
            f"in all, and this graph has {written} paths: give a smaller graph"
        )


def _along_paths(narrator: Narrator, adjoint: Callable[[Value, float], float]) -> Iterator[Frame]:
    """Yield the frames of a pass that visits an operand at once when a term arrives there."""
    narrator.to_come = visits(narrator.order)
    stack = [narrator.pass_on(narrator.root, 1.0)]
    while stack:
        if (frame := next(stack[-1], None)) is None:
            stack.pop()
            continue
        yield frame
        node = narrator.order[frame.target or 0]
        stack.append(narrator.pass_on(node, adjoint(node, frame.term or 0.0)))


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
