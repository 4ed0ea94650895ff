"""Operands as views: the slice of an array that holds the elements at given positions.

The array is NumPy's, or a `Code` that stands for one: both have slices, ``.T`` and ``reshape``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .matrices import Ids

Naming = Callable[[Any, tuple[int, ...]], Any]  # from a part and its shape to what stands for it


def view(array: Any, shape: tuple[int, ...], positions: Ids, naming: Naming | None = None) -> Any:
    """Return a view with the elements at ``positions`` of an array of ``shape``.

    Axes of length 1 in front are left out, as broadcasting supplies them. None if no view has them.
    The part is passed to ``naming``, if it is not all of the array, before its axes are swapped.

    >>> from .python_code import named
    >>> z = np.arange(12).reshape(4, 3)
    >>> print(view(named("z"), (4, 3), z.T))
    z.T
    >>> print(view(named("z"), (4, 3), z[1:3, :2]))
    z[1:3, :2]
    >>> print(view(named("p"), (50,), 8 + z))
    p[8:20].reshape(4, 3)
    """
    while positions.ndim > 1 and positions.shape[0] == 1:
        positions = positions[0]
    if positions.size == 1:
        return None
    start, steps = int(positions.flat[0]), steps_of(positions)
    ranges = [np.arange(n) * step for n, step in zip(positions.shape, steps, strict=True)]
    if not np.array_equal(start + sum(np.ix_(*ranges)), positions):
        return None  # not evenly spaced
    axes = [a for a, n in enumerate(positions.shape) if n > 1]
    if any(steps[a] <= 0 for a in axes):
        return None
    order = sorted(axes, key=lambda a: -steps[a])  # from the slowest axis to the fastest
    sizes = tuple([positions.shape[a] for a in order])
    part = _part(array, shape, start, [steps[a] for a in order], sizes)
    if part is None:
        return None
    if naming is not None and part is not array:
        part = naming(part, sizes)
    if order != axes:
        part = part.T if len(axes) == 2 else part.transpose(*[order.index(a) for a in axes])
    if len(axes) < positions.ndim:
        part = part[tuple([slice(None) if a in axes else None for a in range(positions.ndim)])]
    return part


def steps_of(positions: Ids) -> list[int]:
    """Return how far apart the first two elements along each axis lie; 0 for an axis of one."""
    seconds = [positions.take(min(1, n - 1), a).flat[0] for a, n in enumerate(positions.shape)]
    return [int(second - positions.flat[0]) for second in seconds]


def _part(
    array: Any, shape: tuple[int, ...], start: int, steps: list[int], sizes: tuple[int, ...]
) -> Any:
    """Return the part of the array whose axes, slowest first, have these steps and sizes."""
    corner = np.unravel_index(start, shape)
    found, index = 0, list[int | slice]()
    for axis, length in enumerate(shape):
        stride = int(np.prod(shape[axis + 1 :], dtype=int))
        first = int(corner[axis])
        if found < len(steps) and steps[found] % stride == 0:
            step = steps[found] // stride
            end = first + step * (sizes[found] - 1) + 1
            if end <= length:
                index.append(_slice(first, end, step, length))
                found += 1
                continue
        index.append(first)
    if found == len(steps):
        while index and index[-1] == slice(None):
            index.pop()
        return array[tuple(index) if len(index) > 1 else index[0]] if index else array
    size, count = int(np.prod(shape)), int(np.prod(sizes))
    row = array if len(shape) == 1 else array.reshape(size)  # -1 has no meaning in a row
    if steps[-1] == 1 and all(
        s == t * n for s, t, n in zip(steps, steps[1:], sizes[1:], strict=False)
    ):
        part = array if count == size else row[_slice(start, start + count, 1, size)]
        return part.reshape(*sizes)
    return None if len(shape) == 1 else _part(row, (size,), start, steps, sizes)


def _slice(start: int, end: int, step: int, length: int) -> slice:
    return slice(start or None, None if end == length else end, None if step == 1 else step)
