"""Pictures of a function of two numbers: level lines, a surface in space, the path of a descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..recording import no_grad
from ..value import Value
from .curves import Function
from .figures import legend_below, matplotlib, places, plain, prepared_axes, shown_figure
from .paths import draw_paths, named_paths

MAX_EQUAL_RATIO = 3.0  # of the two ranges, up to which one unit is as long on both axes


def contours(
    f: Function,
    between: Sequence[float],
    between_y: Sequence[float] | None = None,
    *,
    path: Any = None,
    ax: Any = None,
    levels: int | Sequence[float] = 14,
    names: Sequence[str] = ("x1", "x2"),
    resolution: int = 61,
) -> Any:
    """Draw the level lines of a function of two numbers, with paths on them; return the axes.

    ``f`` takes a list of two numbers and returns one. ``between`` is the pair (low, high) on the
    first axis, and ``between_y`` on the second, the same if it is left out. ``path`` is a list of
    points, an object with ``points``, or a mapping of names to these, which are compared.
    ``levels`` are how many lines there are, or the levels themselves, in rising order.

    ValueError for other places or points. TypeError unless ``f`` returns a number.

    >>> bowl = lambda x: x[0] ** 2 + 4 * x[1] ** 2
    >>> ax = contours(bowl, (-2, 2), path=[[1.5, 1.0], [0.9, -0.2], [0.5, 0.1]])
    >>> [line.get_label() for line in ax.lines]
    ['descent, 2 steps', 'start', 'end']
    """
    paths = named_paths(path, 2)
    xs, ys, zs = _heights(f, between, between_y, resolution)
    ax = prepared_axes(ax, "Level lines", names[0], names[1])
    norm = (
        {} if isinstance(levels, int) else {"norm": matplotlib("colors").BoundaryNorm(levels, 256)}
    )
    bands = ax.contourf(xs, ys, zs, levels, cmap="viridis", extend="both" if norm else None, **norm)
    ax.contour(xs, ys, zs, bands.levels, colors="white", linewidths=0.5, alpha=0.7)
    beside = ax.inset_axes((1.04, 0.0, 0.05, 1.0))  # next to the square, however wide the figure is
    ax.figure.colorbar(bands, cax=beside, label="f")
    ratio = (xs[-1] - xs[0]) / (ys[-1] - ys[0])
    if 1 / MAX_EQUAL_RATIO <= ratio <= MAX_EQUAL_RATIO:
        ax.set_aspect("equal")  # so that a gradient is at a right angle to its level line
    draw_paths(ax, paths)
    ax.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    if paths:
        legend_below(ax, columns=3)
    return ax


def surface(
    f: Function,
    between: Sequence[float],
    between_y: Sequence[float] | None = None,
    *,
    path: Any = None,
    ax: Any = None,
    names: Sequence[str] = ("x1", "x2", "f"),
    resolution: int = 41,
) -> Any:
    """Draw a function of two numbers as a surface in space, with paths on it; return the axes.

    The arguments are as for `contours`. ``ax``, if it is given, must have three dimensions:
    ``figure.add_subplot(2, 3, 1, projection="3d")`` for the first of six. TypeError otherwise.

    >>> unit = lambda x: (2 * x[0] - x[1]).tanh()
    >>> surface(unit, (-2, 2)).get_zlabel()
    'f'
    """
    paths = named_paths(path, 2)
    xs, ys, zs = _heights(f, between, between_y, resolution)
    if ax is not None and not hasattr(ax, "plot_surface"):
        raise TypeError(
            'surface draws into axes made with projection="3d", such as '
            f'plt.figure().add_subplot(projection="3d"), got {ax!r:.80}'
        )
    if ax is None:
        ax = shown_figure(6.0, 4.8).add_subplot(projection="3d")
    import numpy as np  # which Matplotlib needs itself

    grid = np.meshgrid(xs, ys)
    every = {"rcount": resolution, "ccount": resolution, "antialiased": False}
    ax.plot_surface(*grid, np.array(zs), cmap="viridis", edgecolor="none", **every)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_major_locator(matplotlib("ticker").MaxNLocator(5))
    ax.computed_zorder = False  # a path is drawn over the surface, not inside it
    heights = {k: [[*p, _height(f, p)] for p in points] for k, points in paths.items()}
    draw_paths(ax, heights)
    ax.set(xlabel=plain(names[0]), ylabel=plain(names[1]), zlabel=plain(names[2]))
    if paths:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3)
    return ax


def _heights(
    f: Function, between: Sequence[float], between_y: Sequence[float] | None, resolution: int
) -> tuple[list[float], list[float], list[list[float]]]:
    xs = places(between, resolution)
    ys = xs if between_y is None else places(between_y, resolution, "between_y")
    return xs, ys, [[_height(f, [x, y]) for x in xs] for y in ys]


def _height(f: Function, point: Sequence[float]) -> float:
    with no_grad():
        z = f([Value(x) for x in point])
    if not hasattr(z, "__float__"):
        raise TypeError(f"f must return one number for a list of two, got {z!r:.80}")
    return float(z)
