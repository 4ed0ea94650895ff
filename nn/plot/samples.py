"""What the pictures of models share: samples that are checked and drawn, the grid around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from autograd.plot.figures import COLORS, marker_style, plain

from ..argument_checks import counted
from ..datasets.dataset import Label
from ..optional_packages import need
from ..samples import rows_of

MAX_SAMPLES = 1_000  # drawn in one picture
MAX_LARGE_MARKERS = 250  # more samples have small, pale markers
MAX_VERY_LARGE_MARKERS = 20  # such as the four samples of XOR
SAMPLES_A_TURN = 50  # of all classes, before the first class is drawn again
MAX_NAME_CHARACTERS = 16

Model = Callable[[Any], Any]  # from one sample, a list of features, to one output or a list
Points = Sequence[Sequence[float]]


def checked_samples(model: Any, X: Any, y: Any = None, features: int | None = 2) -> list[Any]:
    """Return the samples as lists; an error unless they can be drawn with this model.

    They must have so many ``features``; None: any number.
    """
    if isinstance(model, type) or not callable(model):
        fitted = "; draw the network of an estimator, its model_" if hasattr(model, "fit") else ""
        raise TypeError(
            f"the model must be called with one sample, as model(x), got {model!r:.80}{fitted}"
        )
    rows = list(rows_of(X)) if size_of(X) else []
    if not rows or features not in (None, len(rows[0])):
        got = counted(len(rows[0]), "feature") if rows else "no samples"
        what = "a curve" if features == 1 else "a plane"
        raise ValueError(
            f"{what} is drawn for samples of {counted(features or 2, 'feature')}, got {got}"
        )
    if y is not None and size_of(y) != len(rows):
        given = repr(y)[:80] if size_of(y) is None else size_of(y)
        raise ValueError(
            f"X has {counted(len(rows), 'sample')}, but y has {given}: it takes one for each"
        )
    return rows


def class_numbers(y: Sequence[float], outputs: int) -> list[int]:
    """Return the class of each sample; ValueError for one that the outputs cannot tell."""
    numbers = [0 if outputs == 1 and k == -1 else k for k in y]
    for i, k in enumerate(numbers):
        if k not in range(max(outputs, 2)):
            raise ValueError(
                f"y holds class numbers 0 to {max(outputs, 2) - 1} for this model, got {k!r:.60} "
                f"in sample {i}; give their names as classes=[...]"
            )
    return list(map(int, numbers))


def class_name(classes: Sequence[Label], k: int) -> str:
    """Return the name of class ``k``, shortened: its number if it has none."""
    name = str(classes[k] if k < len(classes) else k)
    return plain(
        name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…"
    )


def class_names(classes: Sequence[Label], outputs: int) -> list[str]:
    """Return the name of each class that so many outputs tell apart."""
    return [class_name(classes, k) for k in range(max(outputs, 2))]


def size_of(x: Any) -> int | None:
    """Return how many items there are; None if ``x`` is no list of them."""
    return len(x) if hasattr(x, "__len__") and not isinstance(x, str) else None


def grid_around(X: Points, resolution: int) -> tuple[list[float], list[float], list[list[float]]]:
    """Return the places of a grid around the samples on both axes, and the points of the grid."""
    first, second = (margined(column, resolution) for column in zip(*X, strict=True))
    return first, second, [[a, b] for b in second for a in first]


def margined(numbers: Sequence[float], resolution: int) -> list[float]:
    """Return evenly spaced places from a tenth below the numbers to a tenth above them."""
    if resolution < 2:
        raise ValueError(f"resolution must be at least 2, got {resolution}")
    low, high = float(min(numbers)), float(max(numbers))
    margin = 0.1 * (high - low) or 1.0
    step = (high - low + 2 * margin) / (resolution - 1)
    return [low - margin + i * step for i in range(resolution)]


def surfaces_of(outputs_at_points: Any, resolution: int) -> Any:
    """Return an array for each output, with a row for each place on the vertical axis."""
    flat = need("numpy", "matplotlib").transpose(outputs_at_points)  # Matplotlib is made with it
    return flat.reshape(-1, resolution, resolution)


def diverging_colors() -> Any:
    """Return a color map from blue over white to orange: negative, zero, positive."""
    colors = need("matplotlib.colors", "matplotlib").LinearSegmentedColormap
    return colors.from_list("blue-orange", [COLORS[0], "white", COLORS[1]])


def draw_samples(ax: Any, X: Points, y: Sequence[float], names: Sequence[str], **look: Any) -> None:
    """Draw the samples in turns, so that the class drawn last does not cover the others."""
    X, y, style = chosen_samples(ax, X, y)
    for start in range(0, len(X), SAMPLES_A_TURN):
        turn = range(start, min(start + SAMPLES_A_TURN, len(X)))
        for k, name in enumerate(names):
            own = [X[i] for i in turn if y[i] == k]
            label = None if start else name
            xs, ys = [x[0] for x in own], [x[1] for x in own]
            ax.scatter(xs, ys, label=label, **(marker_style(k) | style | look))


def chosen_samples(
    ax: Any, X: Points, y: Sequence[float]
) -> tuple[list[Sequence[float]], list[float], dict[str, Any]]:
    """Return the samples to draw, in random order, with the style of their markers."""
    chosen = Random(0).sample(range(len(X)), min(len(X), MAX_SAMPLES))
    if len(chosen) < len(X):
        ax.set_title(f"{ax.get_title()} ({len(chosen):,} of {len(X):,} samples)")
    if len(chosen) > MAX_LARGE_MARKERS:
        size: dict[str, Any] = {"s": 12, "alpha": 0.6, "linewidths": 0.3}
    else:
        size = {"s": 28 if len(chosen) > MAX_VERY_LARGE_MARKERS else 70, "linewidths": 0.6}
    style = {"edgecolors": "white", **size}
    return [X[i] for i in chosen], [y[i] for i in chosen], style
