"""The look of each picture of Matplotlib as it is committed: its words, colors, widths and data.

Look at a picture that a change made different, and if it is better write the text anew:

    python -m tests.autograd.test_looks_of_plots
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.ticker import FixedLocator

import autograd
from autograd import plot

from .committed import commit, committed, lines_of

COMMITTED = Path(__file__).with_name("looks_of_plots.txt")


def bowl(x: Any) -> Any:
    return x[0] ** 2 + 4 * x[1] ** 2


DESCENTS = {f"lr {i}$": [[1.0 + i, 1.0], [0.5, 0.25 * i], [0.0, 0.1]] for i in range(5)}
DRAWN: dict[str, Callable[[], Any]] = {
    "curve": lambda: plot.curve(autograd.sin, (-3, 3)),
    "curves": lambda: plot.curve({"a$b$": abs, "b": lambda x: x**2}, (-1, 1), x="z"),
    "four curves": lambda: plot.curve(dict.fromkeys("abcd", abs), (0, 1), points=2),
    "derivative": lambda: plot.curve(abs, (-1, 2), orders=(1,), points=4),
    "derivatives": lambda: plot.curve({"a": abs, "b": lambda x: x**4}, (-1, 2), orders=(1, 2)),
    "all orders": lambda: plot.curve(lambda x: x**3, (-1, 2), orders=range(5), points=4),
    "curve, path, chord": lambda: plot.curve(
        lambda x: x**2, (-2, 2), path=[2.0, 1.0, -0.5], chord=(-1, 1.5), y="loss"
    ),
    "taylor": lambda: plot.taylor(autograd.exp, 0.5, (-2, 2)),
    "taylor of a constant": lambda: plot.taylor(lambda x: x * 0 + 3, 0.0, (-1, 1), (0, 2), x="h"),
    "directions": lambda: plot.directions(bowl, [1.0, 0.5]),
    "directions in a wide figure": lambda: plot.directions(
        bowl, [1.0, 0.5], ax=plot.new_figure(15, 4).subplots(), count=5
    ),
    "contours": lambda: plot.contours(bowl, (-2, 2)),
    "contours at levels": lambda: plot.contours(
        bowl, (-2, 2), (-0.5, 1), path=DESCENTS, levels=[0, 1, 4], names=("$w$", "b")
    ),
    "equal units": lambda: plot.contours(bowl, (0, 1), (0, 3), resolution=5),
    "other units": lambda: plot.contours(bowl, (0, 1), (0, 3.1), resolution=5),
    "surface": lambda: plot.surface(bowl, (-2, 2)),
    "surface with a path": lambda: plot.surface(
        bowl, (-2, 2), (0, 1), path=[[1.0, 0.5]] * 42, names=("a$", "b$", "c$"), resolution=9
    ),
    "log_log": lambda: plot.log_log(
        [1, 10, 100], {"once$": [2, 20, 200], "n times": [2, 200, 0]}, slopes={"once$": 1}
    ),
    "eight places": lambda: plot.log_log([2.0**k for k in range(8)], {"a": [1.0] * 8}, x="h"),
    "nine places": lambda: plot.log_log([2.0**k for k in range(9)], {"a": [1.0] * 9}, y="t"),
    "bars": lambda: plot.bars(
        {f"scale {k}": [0.5, -k] for k in range(9)}, ["cat", "$dog$"], title="B$"
    ),
    "bars without names": lambda: plot.bars({"a": [1, 2, 3]}, x="x", y="y"),
}


def numbers(xs: Sequence[float]) -> str:
    """Return how many numbers there are, the first, the last, and their mean."""
    finite = [float(x) + 0.0 for x in xs if math.isfinite(x)]
    if not finite:
        return f"{len(xs)} numbers"
    shown = (finite[0], finite[-1], sum(finite) / len(finite))
    return f"{len(xs)}: " + " ".join(f"{x if abs(x) > 1e-9 else 0.0:.4g}" for x in shown)


def described(ax: Any) -> Iterator[str]:
    """Yield lines about what is drawn into ``ax``. Matplotlib's own choices are left out."""
    width, height = ax.figure.get_size_inches()
    yield f"figure {width:g} x {height:g}, {type(ax.figure.get_layout_engine()).__name__}"
    yield f"title {ax.get_title()!r}, aspect {ax.get_aspect()}"
    for name in ax._axis_names:
        axis = getattr(ax, f"{name}axis")
        limits = " to ".join(f"{x:.4g}" for x in getattr(ax, f"get_{name}lim")())
        ticks = f"about {getattr(axis.get_major_locator(), '_nbins', 'powers')}"
        if isinstance(axis.get_major_locator(), FixedLocator):
            labels = [*axis.get_majorticklabels(), *axis.get_minorticklabels()]
            ticks = f"{[text.get_text() for text in labels]}"
        yield f"{name} {axis.label.get_text()!r}: {limits}, {axis.get_scale()}, ticks {ticks}"
    for line in ax.lines:
        data = line.get_data_3d() if hasattr(line, "get_data_3d") else line.get_data()
        effects = [sorted(effect._gc.items()) for effect in line.get_path_effects()]
        yield f"line {named(line)} {to_hex(line.get_color())} {line.get_linestyle()!r}"
        yield f"  width {line.get_linewidth():g} over {line.get_zorder():g}, effects {effects}"
        if line.get_marker() != "None":
            colors = to_hex(line.get_markerfacecolor()), to_hex(line.get_markeredgecolor())
            yield f"  marker {line.get_marker()!r} {line.get_markersize():g} {colors}"
        yield f"  {'; '.join(map(numbers, data))}"
    for bar in ax.patches:
        place = f"{bar.get_x():.4g} {bar.get_y():g}, {bar.get_width():.4g} x {bar.get_height():g}"
        colors = to_hex(bar.get_facecolor()), to_hex(bar.get_edgecolor())
        yield f"bar at {place} {colors} '{bar.get_hatch()}' edge {bar.get_linewidth():g}"
    for area in ax.collections:
        colors = [to_hex(color) for color in [*area.get_facecolor(), *area.get_edgecolor()]]
        yield f"area {named(area)} opacity {area.get_alpha()}"
        yield f"  levels {numbers(getattr(area, 'levels', []))}, {len(colors)} colors"
        yield f"  {colors[0]} to {colors[-1]}, widths {set(map(float, area.get_linewidth()))}"
    for child in ax.child_axes:
        box = child.get_axes_locator()(child, None).transformed(ax.figure.transSubfigure)
        place = [f"{x:.2f}" for x in box.transformed(ax.transAxes.inverted()).bounds]
        yield f"beside it {child.get_ylabel()!r} at {place}"
    if legend := ax.get_legend():
        texts = [text.get_text() for text in legend.get_texts()]
        below = ax.get_window_extent().y0 - legend.get_window_extent().y1
        yield f"legend in {legend._ncols}, {below:.0f} pixels below: {texts}"


def named(artist: Any) -> str:
    label = artist.get_label()
    return "without a name" if label.startswith("_") else repr(label)


def looks(draw: Callable[[], Any]) -> list[str]:
    plt.close("all")
    try:
        return list(described(draw()))
    finally:
        plt.close("all")


LOOKS = {name: partial(looks, draw) for name, draw in DRAWN.items()}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_looks_as_committed(name: str) -> None:
    assert lines_of(LOOKS[name]) == committed(COMMITTED)[name]


def test_each_committed_look_is_drawn() -> None:
    assert list(committed(COMMITTED)) == list(DRAWN)


if __name__ == "__main__":
    commit(COMMITTED, LOOKS)
