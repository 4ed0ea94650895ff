"""The state that a page starts with, as a plain picture for readers without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from autograd import no_grad

from ..datasets.drawn import DRAWN
from ..layers import MLP
from ..losses import LOSSES, as_list

SIZE_PX, CELLS = 320, 32
MAX_POINTS = 500
COLORS = ("#2a62ad", "#d9822b", "#4f8a4c", "#8a5aa8", "#7a6a5a", "#b8436b", "#2f8f8f", "#8f8a2f",
          "#5a5a9a", "#9a5a3a")  # fmt: skip
PALE, RADIUS_PX, MARGIN_SHARE = 0.25, 3, 0.08
Axis = tuple[int, tuple[float, float]]  # which feature, and its range
Axes = tuple[Axis, Axis]  # across and up
Answer = Callable[[Sequence[float]], tuple[str, float]]  # from features to color and output


def still_picture(settings: dict[str, Any]) -> str:
    """Return an SVG: the points of the training, over what the network answers at its start."""
    X, y, classes, data = _points(settings)
    columns = [[row[i] for row in X] for i in range(len(X[0]))]
    across, up = data.get("shown", (0, 1))
    if len(columns) == 1:
        columns, up = [*columns, list(y)], 1
    axes = (across, _range(columns[across])), (up, _range(columns[up]))
    middle = [sum(column) / len(column) for column in columns]
    scale = 0.0 if classes else max(1e-12, max(y) - min(y))
    cells = _cells(_answers(settings, len(X[0]), classes), middle, axes, len(X[0]), scale)
    marks = _marks(columns, y, axes, classes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE_PX}" height="{SIZE_PX}" '
        f'viewBox="0 0 {SIZE_PX} {SIZE_PX}" role="img" '
        f'aria-label="The points, over the answers of the network">{"".join(cells + marks)}</svg>'
    )


def _cells(answer: Answer, middle: list[float], axes: Axes, width: int, scale: float) -> list[str]:
    """Return a path for each color: a stroke for each stretch of cells, row by row from the top.

    middle: the features that are not on an axis. scale: what the outputs of a regression are
    measured by; 0 for classes, which have one strength.
    """
    (across, x_range), (up, y_range) = axes
    side = SIZE_PX / CELLS
    lines: dict[tuple[str, float], list[str]] = {}
    for j in range(CELLS):
        fills = []
        for i in range(CELLS):
            row = list(middle)
            row[across] = x_range[0] + (i + 0.5) / CELLS * (x_range[1] - x_range[0])
            row[up] = y_range[1] - (j + 0.5) / CELLS * (y_range[1] - y_range[0])
            color, output = answer(row[:width])
            strength = round(min(1.0, abs(output) / scale), 1) if scale else 0.0
            fills.append((color, PALE + 0.5 * strength))
        i = 0
        for fill, neighbors in groupby(fills):
            count = len(list(neighbors))
            line = f"M{i * side:g} {(j + 0.5) * side:g}h{count * side:g}"
            lines.setdefault(fill, []).append(line)
            i += count
    return [
        f'<path d="{"".join(path)}" stroke="{color}" stroke-width="{side:g}" '
        f'opacity="{opacity:.3g}"/>'
        for (color, opacity), path in lines.items()
    ]


def _marks(
    columns: Sequence[Sequence[float]], y: Sequence[float], axes: Axes, classes: int
) -> list[str]:
    """Return a path with the points of each color."""
    (across, x_range), (up, y_range) = axes
    dots: dict[str, list[str]] = {}
    pairs = list(zip(columns[across], columns[up], y, strict=True))[:MAX_POINTS]
    for a, b, target in pairs:
        left = (a - x_range[0]) / (x_range[1] - x_range[0]) * SIZE_PX
        top = (y_range[1] - b) / (y_range[1] - y_range[0]) * SIZE_PX
        color = COLORS[int(target)] if classes else COLORS[target > 0]
        dots.setdefault(color, []).append(f"M{left:.4g} {top:.4g}h0")
    return [
        f'<path d="{"".join(path)}" stroke="{color}" stroke-width="{2 * RADIUS_PX}" '
        'stroke-linecap="round"/>'
        for color, path in dots.items()
    ]


def _points(
    settings: dict[str, Any],
) -> tuple[Sequence[Sequence[float]], Sequence[float], int, dict[str, Any]]:
    data = settings.get("data", {})
    if data.get("kind") == "own":
        points = data["points"]
        classes = len(data["classes"])
        return [p[:-2] for p in points], [p[-2] for p in points], classes, data
    options = {key: data[key] for key in ("samples", "noise", "seed") if key in data}
    drawn = DRAWN[data.get("kind", "moons")](**options)
    return drawn.X, drawn.y, len(drawn.classes), data


def _range(xs: Sequence[float]) -> tuple[float, float]:
    low, high = min(xs), max(xs)
    margin = MARGIN_SHARE * (high - low) or 1.0
    return low - margin, high + margin


def _answers(settings: dict[str, Any], width: int, classes: int) -> Answer:
    """Return a function from features to the color of the answer, and to the output."""
    network, loss = settings["network"], LOSSES[settings["training"]["loss"]]
    sizes = [*network["hidden"], loss.outputs(classes or 1)]
    activations = [network["activation"]] * len(network["hidden"])
    model = MLP(width, sizes, [*activations, "linear" if loss.from_logits else "sigmoid"],
                rng=network.get("seed", 0))  # fmt: skip
    for parameter, x in zip(model.parameters(), network.get("weights") or (), strict=False):
        parameter.data = x
    means, deviations = settings.get("data", {}).get("scaling") or ([0.0] * width, [1.0] * width)

    def answer(row: Sequence[float]) -> tuple[str, float]:
        inputs = [(x - m) / s for x, m, s in zip(row, means, deviations, strict=True)]
        with no_grad():
            output = [float(o) for o in as_list(model(inputs))]
        return COLORS[int(loss.decide(output)) if classes else output[0] > 0], output[0]

    return answer
