"""Operands as views: the slice of an array that holds the elements at given positions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .matrices import Ids


class View(NamedTuple):
    """A part of an array, as source: ``p[8:20].reshape(4, 3)`` with its axes as in ``.T``."""

    part: str
    sizes: tuple[int, ...]  # of the part
    axes: str  # how the axes of the part are swapped, and where axes of length 1 are added

    @property
    def source(self) -> str:
        return self.part + self.axes


def view(name: str, shape: tuple[int, ...], positions: Ids) -> View | None:
    """Return a view with the elements at ``positions`` of the array ``name`` of ``shape``.

    Axes of length 1 in front are left out, as broadcasting supplies them. None if no view has them.

    >>> view("z", (4, 3), np.arange(12).reshape(4, 3).T).source
    'z.T'
    >>> view("z", (4, 3), np.arange(12).reshape(4, 3)[1:3, :2]).source
    'z[1:3, :2]'
    >>> view("p", (50,), np.arange(8, 20).reshape(4, 3)).source
    'p[8:20].reshape(4, 3)'
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
    part = _part(name, shape, start, [steps[a] for a in order], sizes)
    if part is None:
        return None
    swapped = ""
    if order != axes:
        inverse = ", ".join([str(order.index(a)) for a in axes])
        swapped = ".T" if len(axes) == 2 else f".transpose({inverse})"
    if len(axes) < positions.ndim:
        index = [":" if a in axes else "None" for a in range(positions.ndim)]
        swapped += f"[{', '.join(index)}]"
    return View(part, sizes, swapped)


def steps_of(positions: Ids) -> list[int]:
    """Return how far apart the first two elements along each axis lie; 0 for an axis of one."""
    seconds = [positions.take(min(1, n - 1), a).flat[0] for a, n in enumerate(positions.shape)]
    return [int(second - positions.flat[0]) for second in seconds]


def _part(
    name: str, shape: tuple[int, ...], start: int, steps: list[int], sizes: tuple[int, ...]
) -> str | None:
    """Return the part of the array whose axes, slowest first, have these steps and sizes."""
    corner = np.unravel_index(start, shape)
    found, index = 0, []
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
        index.append(str(first))
    if found == len(steps):
        while len(index) > 1 and index[-1] == ":":
            index.pop()
        return name if index == [":"] else f"{name}[{', '.join(index)}]"
    count = int(np.prod(sizes))
    row = name if len(shape) == 1 else f"{name}.reshape(-1)"
    if steps[-1] == 1 and all(
        s == t * n for s, t, n in zip(steps, steps[1:], sizes[1:], strict=False)
    ):
        whole = count == int(np.prod(shape))
        consecutive = name if whole else f"{row}[{_slice(start, start + count, 1, -1)}]"
        return f"{consecutive}.reshape({', '.join(map(str, sizes))})"
    return None if len(shape) == 1 else _part(row, (int(np.prod(shape)),), start, steps, sizes)


def _slice(start: int, end: int, step: int, length: int) -> str:
    if step == 1 and start == 0 and end == length:
        return ":"
    ends = f"{start or ''}:{'' if end == length else end}"
    return ends if step == 1 else f"{ends}:{step}"
