"""`Rows`: the features of many samples, 8 bytes for each number."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, overload

MIN_ARRAY_NUMBERS = 1 << 16  # fewer are faster without NumPy


class Rows(Sequence[list[float]]):
    """A table of numbers that reads like a list of lists, and takes a quarter of its memory.

    >>> rows = Rows([[1, 2], [3, 4], [5, 6]], width=2)
    >>> len(rows), rows[0], rows[1:] == [[3, 4], [5, 6]]
    (3, [1.0, 2.0], True)

    The numbers are in ``numbers``, an `array.array` of doubles, row after row. So
    ``numpy.frombuffer(rows.numbers).reshape(-1, rows.width)`` is the same table without a copy.
    ValueError if a row does not have ``width`` numbers.
    """

    def __init__(self, rows: Iterable[Iterable[float]], width: int) -> None:
        if width < 1:
            raise ValueError(f"width is the count of numbers in a row, at least 1, got {width}")
        self.width, self.numbers = width, array("d")
        for count, row in enumerate(rows, 1):
            self.numbers.extend(row)
            if len(self.numbers) != count * width:
                raise ValueError(f"row {count - 1} does not have {width} numbers, as width says")

    @classmethod
    def zeros(cls, count: int, width: int) -> Rows:
        """Return so many rows of zeros."""
        rows = cls([], width)
        rows.numbers = array("d", [0.0]) * (count * width)
        return rows

    def __len__(self) -> int:
        return len(self.numbers) // self.width

    @overload
    def __getitem__(self, index: int) -> list[float]: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> list[float] | Rows:
        if isinstance(index, slice):
            return self.take(range(len(self))[index])
        return self._row(range(len(self))[index]).tolist()

    def __iter__(self) -> Iterator[list[float]]:
        return map(array.tolist, self.arrays())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rows):
            return self.width == other.width and self.numbers == other.numbers
        return self.tolist() == other

    __hash__ = None  # type: ignore[assignment]  # as a list, it can change

    def __repr__(self) -> str:
        return f"<Rows: {len(self)} of {self.width} numbers>"

    def arrays(self) -> Iterator[array[float]]:
        """Yield each row as an array, which takes less memory than a list."""
        return map(self._row, range(len(self)))

    def as_array(self) -> Any:
        """Return a NumPy array of the same memory, None if the numbers are few or NumPy missing."""
        if len(self.numbers) < MIN_ARRAY_NUMBERS or not find_spec("numpy"):
            return None
        import numpy as np

        return np.frombuffer(self.numbers).reshape(-1, self.width)

    def extremes(self) -> list[tuple[float, float]]:
        """Return the least and the greatest number of each column."""
        if (table := self.as_array()) is not None:
            return list(zip(table.min(0).tolist(), table.max(0).tolist(), strict=True))
        columns = map(self.column, range(self.width))
        return [(min(column), max(column)) for column in columns]

    def is_finite(self) -> bool:
        """Return whether no number is infinite or NaN."""
        if (table := self.as_array()) is not None:
            return math.isfinite(table.min()) and math.isfinite(table.max())  # NaN is both
        return all(map(math.isfinite, self.numbers))

    def column(self, k: int) -> array[float]:
        """Return the numbers of column ``k``."""
        return self.numbers[k :: self.width]

    def take(self, indices: Iterable[int]) -> Rows:
        """Return the rows at these positions, in this order."""
        positions = range(len(self))
        chosen = [positions[i] for i in indices]
        if (table := self.as_array()) is not None:
            taken = Rows.zeros(len(chosen), self.width)
            if (out := taken.as_array()) is not None:
                table.take(chosen, 0, out=out, mode="clip")  # another mode makes one more copy
                return taken
        return Rows(map(self._row, chosen), self.width)

    def tolist(self) -> list[list[float]]:
        """Return the rows as a list of lists, which `nn.fit` takes too."""
        return list(self)

    def _row(self, i: int) -> array[float]:
        return self.numbers[i * self.width : (i + 1) * self.width]
