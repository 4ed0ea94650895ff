"""The path of a descent in a picture: its points, checked, and how they are marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .figures import COLORS, matplotlib, plain

PATH_COLORS = [COLORS[5], COLORS[4], COLORS[3], COLORS[6]]  # on the color map of the contours
MAX_MARKED_STEPS = 40  # more points would cover the line


def named_paths(path: Any, width: int) -> dict[str, list[list[float]]]:
    """Return each path by its name, as lists of ``width`` numbers.

    ``path`` is a list of points, an object with ``points``, or a mapping of names to these.
    ValueError unless there is a point, and each has ``width`` numbers.

    >>> named_paths([[1, 2], [0.5, 1]], 2)
    {'descent, 1 step': [[1.0, 2.0], [0.5, 1.0]]}
    """
    if path is None:
        return {}
    if isinstance(path, Mapping):
        return {str(name): _points(its, width) for name, its in path.items()}
    points = _points(path, width)
    steps = len(points) - 1
    return {f"descent, {steps} step{'' if steps == 1 else 's'}": points}


def _points(path: Any, width: int) -> list[list[float]]:
    points = getattr(path, "points", path)
    wanted = f"a path is a list of points of {width} number{'' if width == 1 else 's'} each"
    if not isinstance(points, Iterable) or isinstance(points, str):
        raise TypeError(f"{wanted}, or an object with .points, got {path!r:.80}")
    lists = [list(p) if isinstance(p, Iterable) else [p] for p in points]
    if not lists or any(len(p) != width for p in lists):
        given = next((p for p in lists if len(p) != width), lists)
        raise ValueError(f"{wanted}, got {given!r:.80}")
    return [[float(x) for x in p] for p in lists]


def draw_paths(ax: Any, paths: Mapping[str, list[list[float]]]) -> None:
    """Draw each path with a ring at its start and a star at its end.

    The points have one number for each axis.
    """
    halo = [matplotlib("patheffects").withStroke(linewidth=3.2, foreground="white")]
    for i, (name, points) in enumerate(paths.items()):
        style = {"color": PATH_COLORS[i % len(PATH_COLORS)], "path_effects": halo, "zorder": 5}
        marker = "o" if len(points) <= MAX_MARKED_STEPS else None
        label = plain(name)
        ax.plot(*zip(*points, strict=True), marker=marker, ms=3.5, lw=1.4, label=label, **style)
    ends = {"markerfacecolor": "white", "markeredgecolor": "black", "linestyle": "", "zorder": 6}
    for k, marker, size, label in ((0, "o", 8, "start"), (-1, "*", 12, "end")):
        if paths:
            those = zip(*(points[k] for points in paths.values()), strict=True)
            ax.plot(*map(list, those), marker=marker, ms=size, label=label, **ends)
