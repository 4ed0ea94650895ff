"""Pictures of the hidden units: what each responds to, and the space that two of them make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from autograd.plot.figures import legend_below, plain, prepared_axes, shown_figure

from ..datasets.dataset import Label
from ..prediction import outputs
from .classes import draw_regions
from .samples import (
    Points,
    checked_samples,
    class_names,
    class_numbers,
    diverging_colors,
    draw_samples,
    grid_around,
    surfaces_of,
)

MAX_NAMED_SAMPLES = 8
LABEL_SHARE = 0.05  # of the axes: samples that are closer share a label
PANELS_IN_A_ROW = 8


def activations(
    model: Any,
    X: Points,
    y: Sequence[float] | None = None,
    *,
    features: Sequence[str] = ("x1", "x2"),
    figure: Any = None,
    resolution: int = 40,
) -> Any:
    """Draw each neuron's response over the plane of two features, a row of pictures for each layer.

    A layer of more than 8 neurons has several rows.
    ``model`` has ``layers``; each is a function of the outputs of the one before. The samples ``X``
    set the part of the plane that is shown, and are drawn in it, with the markers of their classes
    ``y`` if these are given. A hidden neuron is called dead if its response is 0 for every sample.
    Otherwise as `decision_boundary`.

    >>> from nn import MLP
    >>> len(activations(MLP(2, [3, 1], rng=0), [[0, 0], [1, 1]]).axes)  # 4 neurons, 2 scales
    6
    """
    layers = _layers(model, "activations")
    rows = checked_samples(model, X, y)
    xs, ys, points = grid_around(rows, resolution)
    at_points = _responses(model, layers, points)
    at_samples = _responses(model, layers, rows)
    numbers = [0] * len(rows) if y is None else class_numbers(y, len(at_points[-1][0]))
    names = [""] if y is None else class_names((), len(at_points[-1][0]))
    widths = [len(layer[0]) for layer in at_points]
    columns = min(max(widths), PANELS_IN_A_ROW)
    tops = [0, *accumulate(math.ceil(width / columns) for width in widths)]  # rows of panels
    figure = figure or shown_figure(1.25 * columns + 1.5, 1.5 * tops[-1] + 0.6)
    ratios = [*[1.0] * columns, 0.12]  # the last column is for the scales
    grid = figure.add_gridspec(tops[-1], columns + 1, width_ratios=ratios)
    for i, layer in enumerate(at_points):
        surfaces = surfaces_of(layer, resolution)
        limit = abs(surfaces).max() or 1.0
        colors = {"cmap": diverging_colors(), "vmin": -limit, "vmax": limit}
        cells = [(tops[i] + j // columns, j % columns) for j in range(len(surfaces))]
        axes = [figure.add_subplot(grid[cell]) for cell in cells]
        for j, (ax, surface) in enumerate(zip(axes, surfaces, strict=True)):
            image = ax.pcolormesh(xs, ys, surface, rasterized=True, **colors)
            look = {"s": 8, "edgecolors": "#222222", "linewidths": 0.4, "alpha": 1.0}
            own = {"color": "#222222", "s": 4} if y is None else {}
            draw_samples(ax, rows, numbers, names, **(look | own))
            if i + 1 < len(at_points) and not any(out[j] for out in at_samples[i]):
                box = {"facecolor": "white", "edgecolor": "black"}
                where = {"ha": "center", "va": "center", "transform": ax.transAxes}
                ax.text(0.5, 0.5, "dead", color="black", fontsize=9, bbox=box, **where)
            ax.set_title(f"neuron {j + 1}", fontsize=8)
            ax.set(xticks=[], yticks=[], box_aspect=1)
        axes[0].set_ylabel(f"layer {i + 1}\n{plain(features[1])}", fontsize=8)
        axes[0].set_xlabel(plain(features[0]), fontsize=8)
        figure.colorbar(
            image, cax=figure.add_subplot(grid[tops[i] : tops[i + 1], -1]), label="response"
        )
    figure.suptitle("What each neuron responds to")
    return figure


def hidden_space(
    model: Any,
    X: Points,
    y: Sequence[float],
    *,
    layer: int | None = None,
    ax: Any = None,
    classes: Sequence[Label] = (),
    resolution: int = 60,
) -> Any:
    """Draw where a hidden layer of two neurons sends the samples, and return the axes.

    The axes are the outputs of the two neurons. The tint is the answer of the layers after them, as
    in `decision_boundary`: after a last hidden layer the boundary is a straight line. At most 8
    samples are named by their features; samples that meet in one point share it. ``layer`` is
    the place of the layer in ``model.layers``, 0 for the first; the axes count it from 1. The
    default is the last hidden layer of two neurons.

    TypeError unless ``model`` has layers. ValueError unless the layer is a hidden one of two
    neurons, and ``y`` has a class number for each sample.

    >>> from nn import MLP
    >>> XOR, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> hidden_space(MLP(2, [2, 1], rng=0), XOR, y).get_xlabel()
    'neuron 1 of layer 1'
    """
    layers = _layers(model, "hidden_space")
    rows = checked_samples(model, X, y, features=None)
    responses = _responses(model, layers, rows)
    layer = _chosen_layer([len(outs[0]) for outs in responses], layer)
    hidden = responses[layer]
    xs, ys, points = grid_around(hidden, resolution)
    answers = points
    for after in layers[layer + 1 :]:
        answers = outputs(after, answers)
    scores = surfaces_of(answers, resolution)
    y = class_numbers(y, len(scores))
    names = [f"neuron {j} of layer {layer + 1}" for j in (1, 2)]
    ax = prepared_axes(ax, "Where the hidden layer sends the samples", names[0], names[1])
    draw_regions(ax, xs, ys, scores)
    draw_samples(ax, hidden, y, class_names(classes, len(scores)))
    if len(rows) <= MAX_NAMED_SAMPLES:
        _name_samples(ax, rows, hidden)
    legend_below(ax, columns=5, title="class")
    return ax


# ---------------------------------------------------------------------------------------- helpers


def _layers(model: Any, function: str) -> list[Any]:
    layers = getattr(model, "layers", None)
    if not isinstance(layers, list):
        raise TypeError(f"{function} takes a model with layers, such as an MLP, got {model!r:.80}")
    return layers


def _responses(model: Any, layers: list[Any], rows: Points) -> list[list[list[float]]]:
    """Return for each layer its outputs for each row."""
    meaning = getattr(model, "meaning", None)
    responses, inputs = [], meaning.standardized(rows) if meaning else rows
    for layer in layers:
        inputs = outputs(layer, inputs)
        responses.append(inputs)
    return responses


def _chosen_layer(widths: Sequence[int], layer: int | None) -> int:
    """Return the number of the layer to draw; ValueError unless it is a hidden one of two."""
    hidden = [i for i, width in enumerate(widths[:-1]) if width == 2]
    if not hidden or (layer is not None and layer not in hidden):
        which = "it" if layer is None else f"model.layers[{layer!r:.20}]"
        raise ValueError(
            f"{which} must be a hidden layer of 2 neurons, but the layers have {list(widths)}"
        )
    return hidden[-1] if layer is None else layer


def _name_samples(ax: Any, rows: Points, places: Points) -> None:
    """Write the features of the samples above their points, once where several nearly meet."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    shares = [((x - left) / (right - left), (y - bottom) / (top - bottom)) for x, y in places]
    named: list[tuple[int, list[str]]] = []  # the first sample at a place, and the texts there
    for i, row in enumerate(rows):
        text = f"({', '.join(f'{x:g}' for x in row)})"
        near = [texts for j, texts in named if math.dist(shares[i], shares[j]) < LABEL_SHARE]
        if near:
            near[0].append(text)
        else:
            named.append((i, [text]))
    for i, texts in named:
        side = min(2, int(3 * shares[i][0]))  # of the axes: left, middle or right
        where = {"xytext": ((8, 0, -8)[side], 7), "ha": ("left", "center", "right")[side]}
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.0}
        look = {"textcoords": "offset points", "fontsize": 9, "color": "black", "bbox": box}
        ax.annotate(" and ".join(texts), places[i], **where, **look)
