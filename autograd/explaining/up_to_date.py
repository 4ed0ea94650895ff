"""What is said of a graph whose numbers do not fit any more: `require_up_to_date`, `change`."""

from __future__ import annotations

from typing import Any

from ..graph import computed_again, same_number, stale
from ..value import Value, topological_order
from .formulas import computed
from .node_names import names
from .notation import number


def require_up_to_date(y: Value) -> None:
    """Raise RuntimeError, with the remedy, if operands in the graph of ``y`` changed since."""
    if changed := stale(y):
        named = names(topological_order(y))
        root = named[y] if named[y].isidentifier() else "y"
        remedy = f"bring the graph up to date with autograd.recompute({root})"
        try:
            what = f"{change(changed[0])}: {remedy}, or compute {root} again"
        except RuntimeError as error:  # from a compiled function: it says what to call
            what = f"holds {number(changed[0].data)}, but {error}"
        raise RuntimeError(f"{computed(changed[0], named)} {what}")


def change(node: Value) -> str:
    """Return what a stale node holds, and what its operands give now.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 5.0
    >>> change(y)
    'holds 9, but its operands give 25 now'

    RuntimeError for a result of a compiled function.
    """
    try:
        now = computed_again(node)
    except (ArithmeticError, ValueError) as error:
        return f"holds {number(node.data)}, but fails for the present numbers ({error})"
    pairs: Any = zip((node.data, *node.local_grads), (now.data, *now.local_grads), strict=True)
    place, held, given = next((i, *ab) for i, ab in enumerate(pairs) if not same_number(*ab))
    texts = [number(held), number(given)]
    if texts[0] == texts[1]:  # they differ in a later digit
        texts = [repr(held), repr(given)]
    what = f"the local gradient {texts[0]} by operand {place}" if place else texts[0]
    return f"holds {what}, but its operands give {texts[1]} now"
