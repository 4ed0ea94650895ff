"""Choices without a branch: `where` and `take` mean the same in a compiled function.

A branch, ``if x > 0:``, or an index, ``rows[i]``, takes one way at each call. A compiled function
has to be recorded for each of these ways. A choice is recorded once, as a sum of products: of 1 for
what is chosen, and 0 for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .ops import dot
from .recording import current_recorder
from .value import Value


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return ``a`` if the condition holds, else ``b``: numbers or Values.

    ``condition`` is a comparison, such as ``x > 0``. A compiled function is recorded once for both
    cases, where ``a if x > 0 else b`` would be recorded for each. Both ``a`` and ``b`` are computed
    in any case. The derivative by the one that is not chosen is 0.

    >>> from autograd import Value, where
    >>> x = Value(-2.0)
    >>> where(x > 0, x, 0.1 * x).data
    -0.2
    """
    if (recorder := current_recorder()) is not None:
        return recorder.where(condition, a, b)
    return a if condition else b


def take(rows: Sequence[Any], i: Any, negative: bool = True) -> Any:
    """Return ``rows[i]``, element ``i`` of a list of numbers or Values, or row ``i`` of lists.

    ``i`` is a whole number. In a compiled function it may be an argument, or computed. Then one
    recording serves all indices, where ``rows[i]`` would need ``i`` as a static argument.

    >>> from autograd import Value, take
    >>> table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> [x.data for x in take(table, 1)]
    [3.0, 4.0]

    IndexError outside the list; -1 is the last element, or outside too if ``negative`` is False.
    TypeError for a fraction.
    """
    rows = list(rows)
    if (recorder := current_recorder()) is not None:
        hot = recorder.one_hot(i, len(rows), negative)
        if hot is not None:
            return _chosen(hot, rows)
    return rows[list_index(i.data if isinstance(i, Value) else i, len(rows), negative)]


def list_index(i: Any, size: int, negative: bool) -> int:
    """Return ``i`` as an index of a list of this size. IndexError or TypeError if it is none."""
    if i != int(i):
        raise TypeError(f"an index is a whole number, got {i!r:.80}")
    if not (-size if negative else 0) <= i < size:
        raise IndexError(f"index {int(i)} is out of range for {size} elements")
    return int(i)


def _chosen(hot: Sequence[Any], items: Sequence[Any]) -> Any:
    """Return the dot of ``hot`` with the items, or with each column if they are lists."""
    if isinstance(items[0], list | tuple):
        return [_chosen(hot, column) for column in zip(*items, strict=True)]
    return dot(hot, items)
