"""Operands as views: the indices of array elements as the slice of an array that they are."""

from __future__ import annotations

import numpy as np

from .matrices import Ids
from .source_text import Text


def strides_of(positions: Ids) -> tuple[int, list[int]] | None:
    """Start and step per axis if ``positions`` are evenly spaced, else None."""
    start = int(positions.flat[0])
    steps = []
    expected = np.array(start)
    for axis, n in enumerate(positions.shape):
        index = [0] * positions.ndim
        index[axis] = 1
        step = int(positions[tuple(index)]) - start if n > 1 else 0
        steps.append(step)
        shape = [1] * positions.ndim
        shape[axis] = n
        expected = expected + (np.arange(n) * step).reshape(shape)
    return (start, steps) if np.array_equal(expected, positions) else None


def view(name: str, shape: tuple[int, ...], positions: Ids) -> Text | None:
    """Source of a view with the elements at ``positions`` of the array ``name`` of ``shape``.

    Axes of length 1 in front are left out: broadcasting supplies them. None if it is no plain view.

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
    even = strides_of(positions)
    if even is None or any(s <= 0 < n - 1 for s, n in zip(even[1], positions.shape, strict=True)):
        return None
    start, steps = even
    axes = [a for a in range(positions.ndim) if positions.shape[a] > 1]
    order = sorted(axes, key=lambda a: -steps[a])  # from the slowest axis to the fastest
    sizes = [positions.shape[a] for a in order]
    found = _slices(name, shape, start, [steps[a] for a in order], sizes)
    if found is None:
        return None
    rank = [sorted(order).index(a) for a in order]
    source = found.source
    if rank != sorted(rank):
        inverse = [order.index(a) for a in sorted(order)]
        source += ".T" if len(rank) == 2 else f".transpose({', '.join(map(str, inverse))})"
    if len(axes) < positions.ndim:
        source += "[" + ", ".join(":" if a in axes else "None" for a in range(positions.ndim)) + "]"
    return Text(source)


def _slices(
    name: str, shape: tuple[int, ...], start: int, steps: list[int], sizes: list[int]
) -> Text | None:
    """The part of the array whose axes, slowest first, have these steps and sizes."""
    corner = np.unravel_index(start, shape)
    at, index = 0, []
    for axis, length in enumerate(shape):
        stride = int(np.prod(shape[axis + 1 :], dtype=int))
        first = int(corner[axis])
        if at < len(steps) and steps[at] % stride == 0:
            step = steps[at] // stride
            end = first + step * (sizes[at] - 1) + 1
            if end <= length:
                index.append(_slice(first, end, step, length))
                at += 1
                continue
        index.append(str(first) if length > 1 else "0")
    if at == len(steps):
        while len(index) > 1 and index[-1] == ":":
            index.pop()
        return Text(name if index == [":"] else f"{name}[{', '.join(index)}]")
    count = int(np.prod(sizes))
    if steps[-1] == 1 and all(
        s == t * n for s, t, n in zip(steps, steps[1:], sizes[1:], strict=False)
    ):
        whole = count == int(np.prod(shape))
        row = name if len(shape) == 1 else f"{name}.reshape(-1)"
        part = name if whole else f"{row}[{_slice(start, start + count, 1, -1)}]"
        return Text(f"{part}.reshape({', '.join(map(str, sizes))})")
    if len(shape) > 1:
        return _slices(f"{name}.reshape(-1)", (int(np.prod(shape)),), start, steps, sizes)
    return None


def _slice(start: int, end: int, step: int, length: int) -> str:
    if step == 1 and start == 0 and end == length:
        return ":"
    ends = f"{start or ''}:{'' if end == length else end}"
    return ends if step == 1 else f"{ends}:{step}"
