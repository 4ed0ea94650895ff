"""The numbers in many lines of a CSV file at once, by NumPy, if nothing in them is unusual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dataset import MAX_NUMBER

MAX_DIGITS = 18  # of a whole number that has 8 bytes
MAX_EXACT = 2**53  # up to it all whole numbers are floats


def plain_numbers(lines: Sequence[str], separator: str, columns: Sequence[int]) -> Any:
    """Return an array with the numbers in these columns, a row for each line.

    None if one of them is no finite number below `MAX_NUMBER`, or written in an unusual way. The
    lines have no quotes and no ends, and all have the same number of cells.

    >>> plain_numbers(["1;-0.5;x", "2;3e1;y"], ";", [0, 1]).tolist()
    [[1.0, -0.5], [2.0, 30.0]]
    """
    if not all(lines):  # a blank line is no row
        return None
    found = _decimals(separator.join(lines), separator)
    if found is not None:
        return found.reshape(len(lines), -1)[:, columns]
    try:
        found = np.loadtxt(lines, delimiter=separator, usecols=columns, comments=None, ndmin=2)
    except ValueError:
        return None
    usual = len(found) == len(lines) and (abs(found) < MAX_NUMBER).all()  # NaN fails here too
    return found if usual else None


def without_column(
    lines: Sequence[str], separator: str, at: int, width: int
) -> tuple[list[str], list[str]]:
    """Return the cells in column ``at``, and the lines without it; a line has ``width`` cells.

    >>> without_column(["a,b,c", "d,e,f"], ",", 1, 3)
    (['b', 'e'], ['a,c', 'd,f'])
    """
    if 2 * at < width:
        parts, place = [line.split(separator, at + 1) for line in lines], at
    else:
        parts, place = [line.rsplit(separator, width - at) for line in lines], 1
    cells = [part.pop(place) for part in parts]
    return cells, list(map(separator.join, parts))


def _decimals(text: str, separator: str) -> Any:
    """Return the numbers in a text like ``"1.5,-2,.25"``; None if a cell is something else.

    Each is a whole number, divided by a power of ten. Both are floats without rounding, and the
    quotient is rounded once. So the result has the same bits as that of ``float``. (The fast path
    in W. D. Clinger, How to read floating point numbers accurately, 1990.)
    """
    raw = text.encode(errors="replace")
    if raw.translate(None, b"0123456789-." + separator.encode()):
        return None
    characters = np.frombuffer(raw, np.uint8)
    marks = np.flatnonzero((characters == ord(".")) | (characters == ord(separator)))
    is_point = characters[marks] == ord(".")
    marks = np.append(marks, len(raw))
    points, ends = np.flatnonzero(is_point), marks[~np.append(is_point, False)]
    cells_with_point = points - np.arange(len(points))  # as many separators are before them
    sizes = np.diff(ends, prepend=-1) - 1
    if sizes.min() < 1 or not np.diff(cells_with_point, prepend=-1).all():
        return None
    is_negative = characters[ends - sizes] == ord("-")
    digits = sizes - is_negative
    digits[cells_with_point] -= 1
    misplaced = is_negative.sum() != raw.count(b"-")
    if misplaced or digits.min() < 1 or digits.max() > MAX_DIGITS:
        return None
    whole = np.fromstring(raw.replace(b".", b""), np.int64, sep=separator)
    if abs(whole).max() > MAX_EXACT:
        return None
    decimals = np.zeros(len(whole), np.int64)
    decimals[cells_with_point] = marks[points + 1] - marks[points] - 1
    numbers = whole / np.array([10**k for k in range(MAX_DIGITS + 1)], float)[decimals]
    numbers[is_negative & (whole == 0)] = -0.0
    return numbers
