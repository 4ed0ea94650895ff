"""What all pictures share: colors, markers and lines that are told apart, figures, files.

The colors are from Okabe and Ito (Color Universal Design, 2008): readers with any color vision
tell them apart. Curves also differ by their lines, points by markers, and bars by hatches, so that
a copy in gray can be read.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]
MARKERS = "osD^vP*X<>"
LINE_COLORS = COLORS[:6]  # a thin yellow line is lost on white, a black one on black
LINES = ["-", "--", "-.", ":"]
HATCHES = ["", "///", "...", "xx", "---", "\\\\\\", "+++", "||"]
MARK_COLOR = "#777777"  # of lines that only help to read; it shows on white and on black
BELOW_POINTS = 34  # from the bottom of the axes to a legend below their label


def matplotlib(module: str) -> Any:
    """Import ``matplotlib.<module>``. ImportError with the command if Matplotlib is missing."""
    try:
        return import_module(f"matplotlib.{module}")
    except ModuleNotFoundError:
        text = "this needs Matplotlib: pip install matplotlib (it is in chalkgrad[plot])"
        raise ImportError(text) from None


def save(figure: Any, path: str | Path | StringIO) -> None:
    """Write a figure, with the same bytes on each run: no date in it, no random identifiers.

    Text in an SVG stays text, in the viewer's fonts, which have more scripts than Matplotlib's.
    An SVG is written into a `StringIO`. TypeError if ``figure`` is not a figure.

    >>> text = StringIO()
    >>> save(new_figure(), text)
    >>> text.getvalue().startswith("<?xml")
    True
    """
    if not hasattr(figure, "savefig"):
        raise TypeError(f"save takes a figure, such as ax.figure, got {figure!r:.80}")
    settings = {"svg.hashsalt": "chalkgrad", "svg.fonttype": "none"}
    with matplotlib("pyplot").rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names in scripts the font lacks
        svg = isinstance(path, StringIO) or Path(path).suffix == ".svg"
        how = {"format": "svg", "metadata": {"Date": None}} if svg else {}
        figure.savefig(path, **how)


def new_figure(width: float = 6.0, height: float = 4.0) -> Any:
    """Return a figure to save, of a size in inches; no window opens, as with pyplot."""
    return matplotlib("figure").Figure((width, height), layout="constrained")


def shown_figure(width: float, height: float) -> Any:
    """Return a figure of pyplot, which a notebook shows, of a size in inches."""
    return matplotlib("pyplot").figure(figsize=(width, height), layout="constrained")


def prepared_axes(
    ax: Any, title: str, xlabel: str, ylabel: str, size: tuple[float, float] = (6.0, 4.0)
) -> Any:
    """Return ``ax``, or those of a new figure, with a title and labels. TypeError for no axes."""
    ax = shown_figure(*size).subplots() if ax is None else ax
    if not hasattr(ax, "set_title"):
        raise TypeError(f"ax must be axes of Matplotlib, such as plt.gca(), got {ax!r:.80}")
    ax.set(title=plain(title), xlabel=plain(xlabel), ylabel=plain(ylabel))
    return ax


def plain(text: str) -> str:
    """Return text that Matplotlib does not read as a formula between dollar signs."""
    return text.replace("$", r"\$")


def text_color() -> str:
    """Return the color of text in the style in use: dark on a light page, light on a dark one."""
    return str(matplotlib("pyplot").rcParams["text.color"])


def line_style(i: int) -> dict[str, Any]:
    """Return the color and the line of curve number ``i``."""
    return {"color": LINE_COLORS[i % len(LINE_COLORS)], "linestyle": LINES[i % len(LINES)]}


def marker_style(i: int) -> dict[str, Any]:
    """Return the color and the marker of group number ``i`` of points."""
    return {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]}


def legend_below(ax: Any, columns: int = 4, title: str = "", handles: Any = None) -> Any:
    """Put the legend under the axes, where it covers no data, and return it.

    It has at most ``columns`` columns, and fewer if it would be wider than the axes.
    Call it again after you add a line to a picture.

    >>> ax = new_figure().subplots()
    >>> _ = ax.plot([0, 1], [1, 2], label="mine")
    >>> [text.get_text() for text in legend_below(ax).get_texts()]
    ['mine']
    """
    copied = matplotlib("transforms").offset_copy
    offset = copied(ax.transAxes, ax.figure, 0.0, -BELOW_POINTS, "points")
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": offset}
    room = ax.get_window_extent().width
    for count in range(max(1, min(len(handles), columns)), 0, -1):
        legend = ax.legend(handles=handles, ncols=count, title=title, borderaxespad=0.0, **where)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # as in `save`
            if legend.get_window_extent().width <= room:
                break
    return legend


def places(between: Sequence[float], count: int, name: str = "between") -> list[float]:
    """Return ``count`` evenly spaced places. ValueError unless ``between`` is a pair (low, high).

    >>> places((0, 1), 3)
    [0.0, 0.5, 1.0]
    """
    try:
        low, high = map(float, between)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is a pair (low, high) of numbers, got {between!r:.80}") from None
    if not -1e300 < low < high < 1e300:
        raise ValueError(f"{name} is a pair (low, high) with low < high, got {between!r:.80}")
    if count < 2:
        raise ValueError(f"at least 2 points are drawn, got {count}")
    return [low + (high - low) * i / (count - 1) for i in range(count)]
