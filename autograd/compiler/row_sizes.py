"""The sizes of arrays in machine code: known numbers, or a number of rows that each call brings.

An array with rows has them in front, and what lies in a row is known. So its size is a multiple of
the number of rows, `Rows`, and the strides of its axes are known. Where an axis lies before the
rows, as in a transposed copy, its stride is a multiple of the number of rows, too. There the number
is rounded up to full vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .llvm_code import CannotLowerError


class NeedsKnownRowsError(CannotLowerError):
    """Machine code is made for one number of rows only. The text says why."""


@dataclass(frozen=True)
class Rows:
    """A size: ``factor`` times the number of rows of the batch ``name``.

    >>> 4 * Rows("n1") * 3
    Rows(name='n1', factor=12)
    """

    name: str
    factor: int = 1

    def __mul__(self, n: Size) -> Size:
        if isinstance(n, Rows):
            raise NeedsKnownRowsError("an array has the rows of two batches")
        return Rows(self.name, self.factor * n) if n else 0

    __rmul__ = __mul__

    def __str__(self) -> str:
        return "rows" if self.factor == 1 else f"{self.factor} * rows"


Size = int | Rows
Shape = tuple[Size, ...]


def total(shape: Iterable[Size]) -> Size:
    """Return how many elements an array of this shape has."""
    found: Size = 1
    for n in shape:
        found = found * n
    return found


def known(size: Size) -> int:
    """Return a size that is no number of rows."""
    if isinstance(size, Rows):
        raise NeedsKnownRowsError("it takes rows apart")
    return size


def least(size: Size, many: int = 1 << 62) -> int:
    """Return a size, ``many`` for a number of rows. So code does not differ from call to call."""
    return many if isinstance(size, Rows) else size


def strides_of(shape: Sequence[Size]) -> Shape:
    """Return how far the elements of each axis are apart in an array without gaps."""
    return tuple([total(shape[i + 1 :]) for i in range(len(shape))])


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """Return the shape that arrays of these shapes repeat to."""
    shapes = [*shapes]
    axes = max(map(len, shapes), default=0)
    sizes: list[Size] = [1] * axes
    for shape in shapes:
        for i, n in enumerate(shape, axes - len(shape)):
            if n != 1 and sizes[i] not in (1, n):
                raise NeedsKnownRowsError(f"rows meet {n} numbers")
            sizes[i] = n if n != 1 else sizes[i]
    return tuple(sizes)


def reshaped(shape: Shape, sizes: Sequence[int]) -> Shape:
    """Return ``sizes``, with the one that is -1 as it has to be for so many elements."""
    count, given = total(shape), abs(known(total(sizes)))
    if isinstance(count, int):
        return tuple([count // given if n == -1 else n for n in sizes])
    if not isinstance(shape[0], Rows) or sizes[0] != -1 or count.factor % given:
        raise NeedsKnownRowsError("it reshapes rows")
    return (Rows(count.name, count.factor // given), *sizes[1:])
