"""Charts of measured numbers: costs and errors on logarithmic axes, and groups of bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .figures import (
    COLORS,
    HATCHES,
    MARK_COLOR,
    legend_below,
    line_style,
    marker_style,
    plain,
    prepared_axes,
    text_color,
)

MAX_NAMED_PLACES = 8  # on a logarithmic axis; more have the powers of ten
MIN_TICK_SHARE = 0.1  # of the axis: named places that are closer would overlap


def log_log(
    xs: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    *,
    slopes: Mapping[str, float] | None = None,
    ax: Any = None,
    x: str = "n",
    y: str = "",
    title: str = "",
) -> Any:
    """Draw curves over the same places on two logarithmic axes, and return the axes.

    There ``y = c x^p`` is a straight line of slope p. ``slopes`` maps names of curves to powers p:
    such a line is drawn through the last point of the curve, and named in the legend. A 0 in
    a curve is left out, because it has no logarithm.

    ValueError for a negative number, for curves of other lengths, or a slope of an unknown curve.

    >>> ax = log_log([1, 2, 4], {"one pass": [3, 6, 12], "n passes": [3, 12, 48]},
    ...              slopes={"n passes": 2})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['one pass', 'n passes', 'slope 2 (n passes)']
    """
    xs, slopes = list(map(float, xs)), slopes or {}
    if not xs or not curves:
        raise ValueError("log_log takes places and curves, such as log_log([1, 2], {'a': [3, 6]})")
    for name, ys in curves.items():
        _check_length(name, ys, len(xs), "one for each place")
    if min(xs) <= 0:
        raise ValueError(f"a logarithmic axis takes places above 0, got {min(xs):g}")
    for name, ys in curves.items():
        if min(ys) < 0:
            text = "a logarithmic axis takes no number below 0"
            raise ValueError(f"{text}, got {min(ys):g} in {name}")
    if unknown := slopes.keys() - curves.keys():
        raise ValueError(f"slopes are of curves {list(curves)}, got {sorted(unknown)}")
    ax = prepared_axes(ax, title, x, y)
    ax.set(xscale="log", yscale="log")
    for i, (name, ys) in enumerate(curves.items()):
        shown = [v or math.nan for v in map(float, ys)]
        ax.plot(xs, shown, label=plain(name), ms=5, **(line_style(i) | marker_style(i)))
    named = len(xs) <= MAX_NAMED_PLACES and all(place.is_integer() for place in xs)
    if named or max(xs) < 10 * min(xs):  # there may be no power of ten within a decade
        ticks = _apart(xs)
        ax.set_xticks(ticks, [f"{place:,.10g}" for place in ticks])
        ax.set_xticks([], minor=True)
    limits = ax.get_ylim()
    for name, power in slopes.items():
        last = max((a, b) for a, b in zip(xs, curves[name], strict=True) if b)
        line = [last[1] * (a / last[0]) ** power for a in xs]
        label = f"slope {power:g} ({plain(name)})"
        ax.plot(xs, line, color=MARK_COLOR, linestyle=":", label=label, zorder=1)
    ax.set_ylim(limits)
    legend_below(ax, columns=2)
    return ax


def bars(
    groups: Mapping[str, Sequence[float]],
    names: Sequence[str] = (),
    *,
    ax: Any = None,
    x: str = "",
    y: str = "",
    title: str = "",
) -> Any:
    """Draw the numbers of each group as bars, side by side at each place; return the axes.

    ``groups`` maps names to as many numbers as there are places, and ``names`` names the places.
    ValueError if the numbers of numbers differ.

    >>> ax = bars({"scale 1": [0.2, -0.2], "scale 5": [0.01, -0.01]}, ["cat", "dog"], y="p - y")
    >>> len(ax.patches)
    4
    """
    if not groups:
        raise ValueError("bars takes groups of numbers, such as {'a': [1, 2]}, got none")
    count = len(next(iter(groups.values())))
    for name, numbers in groups.items():
        _check_length(name, numbers, count, "as the first group has")
    names = list(map(str, names or range(count)))
    if len(names) != count:
        raise ValueError(f"names are {count}, one for each place, got {len(names)}")
    ax = prepared_axes(ax, title, x, y)
    width = 0.8 / len(groups)
    for i, (name, numbers) in enumerate(groups.items()):
        centers = [k + (i - (len(groups) - 1) / 2) * width for k in range(count)]
        look = {"color": COLORS[i % len(COLORS)], "hatch": HATCHES[i % len(HATCHES)]}
        ax.bar(centers, numbers, width, label=plain(name), edgecolor=text_color(), lw=0.6, **look)
    ax.axhline(0.0, color=text_color(), linewidth=0.8)
    ax.set_xticks(range(count), list(map(plain, names)))
    legend_below(ax)
    return ax


def _apart(xs: Sequence[float]) -> list[float]:
    """Return those of the places, largest first, that have room for their names."""
    gap = MIN_TICK_SHARE * math.log(max(xs) / min(xs))
    kept: list[float] = []
    for place in sorted(set(xs), reverse=True):
        if not kept or math.log(kept[-1] / place) >= gap:
            kept.append(place)
    return kept


def _check_length(name: str, numbers: Sequence[Any], count: int, why: str) -> None:
    if len(numbers) != count:
        raise ValueError(f"{name} must have {count} numbers, {why}, got {len(numbers)}")
