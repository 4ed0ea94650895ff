"""Vectors and matrices of Values, with a label for each entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .value import Value


class Values(list[Any]):
    """A list of Values, or a list of such lists: a vector or a matrix.

    >>> v = Values([1.0, 2.0], "v")
    >>> W = Values([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> v[0].label, W[1][0].label, W.data
    ('v[0]', 'W[1][0]', [[1.0, 2.0], [3.0, 4.0]])
    >>> (v[0] * v[1]).backward()
    >>> v.grad
    [2.0, 1.0]

    ``numbers`` is a list, a list of lists or an array. A number becomes a leaf, labeled with its
    place. A Value stays as it is. TypeError for anything else. Otherwise it is an ordinary list.
    """

    kind_in_trees = list  # the gradient of a function of such a list is a plain list

    def __init__(self, numbers: Iterable[Any], label: str = "") -> None:
        rows: Any = getattr(numbers, "tolist", lambda: numbers)()
        if isinstance(rows, str | Value) or not isinstance(rows, Iterable):
            raise TypeError(f"Values takes a list of numbers or of rows, got {numbers!r:.80}")
        places = ((x, f"{label}[{i}]" if label else "") for i, x in enumerate(rows))
        super().__init__([_entry(x, place) for x, place in places])

    @property
    def data(self) -> list[Any]:
        """The numbers, in the same rows."""
        return [x.data for x in self]

    @property
    def grad(self) -> list[Any]:
        """The gradients, in the same rows."""
        return [x.grad for x in self]

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths, outermost first: ``(rows, columns)``. ValueError if rows differ."""
        shapes = {x.shape if isinstance(x, Values) else () for x in self}
        if len(shapes) > 1:
            raise ValueError(f"rows of different shapes: {sorted(shapes)}")
        return (len(self), *(shapes.pop() if shapes else ()))

    def set(self, numbers: Any) -> Values:
        """Give the entries these numbers as ``data``; return the same Values.

        ValueError if the shape is another one, TypeError for what is no number. Then no entry
        changes.

        >>> Values([0.0, 0.0]).set([3, 4]).data
        [3.0, 4.0]
        """
        given = Values(numbers)
        if given.shape != self.shape:
            raise ValueError(f"expected numbers of shape {self.shape}, got shape {given.shape}")
        for own, new in zip(self, given, strict=True):
            if isinstance(own, Values):
                own.set(new)
            else:
                own.data = new.data
        return self


def _entry(x: Any, label: str) -> Any:
    if issubclass(type(x), Value):
        return x
    is_row = isinstance(x, Iterable) and not isinstance(x, str) and getattr(x, "shape", None) != ()
    return Values(x, label) if is_row else Value(x, label)
