"""Pictures of training: the loss over the epochs, the gradients and the weights of each layer."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from autograd.plot.figures import (
    LINE_COLORS,
    MARK_COLOR,
    MARKERS,
    legend_below,
    line_style,
    marker_style,
    plain,
    prepared_axes,
    shown_figure,
)

from .samples import diverging_colors

MIN_LOG_RATIO = 100.0  # of the largest number to the smallest, above which the axis is logarithmic
MAX_TICKS = 8  # of a map of weights
MAX_MARKERS = 8  # on a curve: they tell runs apart in a gray copy
PLACE_IN_A_ROW = re.compile(r"\.?(w\.\d+|b|\d+)$")  # at the end of the path of a parameter
ROW_OF_A_LAYER = re.compile(r"(^|\.)(?!layers\.)[a-zA-Z_]\w*(\.\d+)+$")


def loss_curve(history: Any, ax: Any = None, *, log: bool | None = None) -> Any:
    """Draw the loss against the epoch, and the accuracy, if there is one, on an axis of its own.

    ``history`` is what `fit` returns, or a mapping of curve names to numbers, one for each epoch:
    ``{"loss": [...], "val_loss": [...], "accuracy": [...]}``. Or it is a list of what several calls
    of `fit` returned: they are drawn one after another, with a line at each seam. To compare runs,
    give a mapping of names to what `fit` returned: their losses are drawn over each other.

    >>> loss_curve({"loss": [0.7, 0.3, 0.2]}).get_ylabel()
    'loss'
    >>> ax = loss_curve({"lr 0.1": [0.7, 0.6], "lr 1": [0.7, 0.2]})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['lr 0.1', 'lr 1']

    The axis of the loss is logarithmic if ``log`` is True. If it is None, that is so where all
    losses are above 0 and the largest is more than 100 times the smallest.

    The learning rate and the norm of the gradient are not drawn. TypeError for anything else.
    """
    curves, seams = _curves(history)
    ax = prepared_axes(ax, "Training", "epoch", "loss")
    right: Any = ax.twinx() if any("accuracy" in name for name in curves) else None
    lines: list[Any] = []
    kinds = list(dict.fromkeys(name.replace("val_", "") for name in curves))
    for name, numbers in curves.items():
        kind = kinds.index(name.replace("val_", ""))
        look: dict[str, Any] = {"color": LINE_COLORS[kind % len(LINE_COLORS)]}
        if len(numbers) < 3 or (kind and right is None):  # one point makes no line
            every = math.ceil(len(numbers) / MAX_MARKERS)
            look |= {"marker": MARKERS[kind % len(MARKERS)], "markevery": every}
        label = plain(name.replace("val_", "validation "))
        style = "--" if "val_" in name else "-"
        on = right if "accuracy" in name else ax
        lines += on.plot(range(1, len(numbers) + 1), numbers, style, label=label, **look)
    for i, seam in enumerate(seams):
        first = {} if i else {"label": "next run"}  # one entry in the legend
        line = ax.axvline(seam + 0.5, color=MARK_COLOR, linestyle=":", **first)
        lines += [] if i else [line]
    if right is not None:
        right.set_ylabel("accuracy")
        right.set_ylim(0.0, 1.02)
    legend_below(ax, handles=lines)
    losses = [x for name, numbers in curves.items() if "accuracy" not in name for x in numbers]
    if _logarithmic(losses) if log is None else log:
        ax.set_yscale("log")
    elif not any(x < 0 for x in losses):
        ax.set_ylim(bottom=0.0)
    ax.locator_params(axis="x", integer=True)
    return ax


def gradient_norms(models: Any, *, ax: Any = None) -> Any:
    """Draw the norm of each layer's gradient, as `backward` left it, against the layer, from 1.

    ``models`` is a model, or a mapping of names to models that are compared. TypeError otherwise.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], "tanh", rng=0)
    >>> model([1.0, 2.0]).backward()
    >>> len(gradient_norms({"tanh": model}).lines[0].get_ydata())
    2
    """
    compared = models if isinstance(models, Mapping) else {"gradient": models}
    by_name = {name: _rows_by_layer(model) for name, model in compared.items()}
    ax = prepared_axes(ax, "Gradient by layer", "layer", "norm of the gradient")
    for i, (name, layers) in enumerate(by_name.items()):
        norms = [math.hypot(*(p.grad for row in rows for p in row)) for rows in layers.values()]
        ax.plot(
            range(1, len(norms) + 1), norms, label=plain(name), **(line_style(i) | marker_style(i))
        )
        if _logarithmic(norms):
            ax.set_yscale("log")
    ax.locator_params(axis="x", integer=True)
    legend_below(ax)
    return ax


def weights(model: Any, *, figure: Any = None) -> Any:
    """Draw each layer's parameters as a map: a row for each neuron, its bias in the last column.

    A line and the tick "bias" mark that column. Blue is negative, orange positive, white 0, on one
    scale for all layers. Layers, neurons and inputs count from 1. Below the number of a layer
    stands its path in the model, which Python counts from 0.

    >>> from nn import MLP
    >>> weights(MLP(2, [3, 1], rng=0)).axes[0].images[0].get_array().shape
    (3, 3)
    """
    layers = _rows_by_layer(model)
    biases = {p for name, p in model.named_parameters() if name.endswith(".b")}
    figure = figure or shown_figure(min(3.2 * len(layers), 14.0), 3.4)
    limit = max(abs(p.data) for rows in layers.values() for row in rows for p in row) or 1.0
    colors = {"cmap": diverging_colors(), "vmin": -limit, "vmax": limit}
    ratios = [max(3, min(len(rows[0]), 20)) for rows in layers.values()]
    axes = figure.subplots(1, len(layers), squeeze=False, width_ratios=ratios)[0]
    for number, (ax, (name, rows)) in enumerate(zip(axes, layers.items(), strict=True), 1):
        width = max(map(len, rows))
        table = [[p.data for p in row] + [math.nan] * (width - len(row)) for row in rows]
        from_1 = (0.5, width + 0.5, len(rows) + 0.5, 0.5)
        image = ax.imshow(table, aspect="auto", extent=from_1, **colors)
        prepared_axes(ax, f"layer {number}\n{name}", "input", "neuron")
        ax.locator_params(axis="y", integer=True, min_n_ticks=1)
        _mark_bias(ax, width, has_bias=rows[0][-1] in biases)
    figure.colorbar(image, ax=list(axes), label="weight")
    figure.suptitle("Weights")
    return figure


# ---------------------------------------------------------------------------------------- helpers


def _logarithmic(numbers: Sequence[float]) -> bool:
    finite = [x for x in numbers if not math.isnan(x)]
    return min(finite, default=0) > 0 and max(finite) > MIN_LOG_RATIO * min(finite)


def _mark_bias(ax: Any, width: int, has_bias: bool) -> None:
    """Number the columns of a map of weights, and set the last one apart if it has the biases."""
    inputs = width - 1 if has_bias else width
    step = math.ceil(inputs / MAX_TICKS)
    every = range(1, inputs + 1, step)
    ticks = {i: str(i) for i in every if step == 1 or i <= inputs + 1 - 1.5 * step}
    if has_bias:
        ticks[width] = "bias"
        ax.axvline(inputs + 0.5, color="black", linewidth=2.0)
    ax.set_xticks(list(ticks), list(ticks.values()))


def _curves(history: Any) -> tuple[dict[str, list[float]], list[int]]:
    """Return the curves to draw, and the number of epochs before each seam between two runs."""
    if isinstance(history, list | tuple) and history and all(hasattr(h, "curves") for h in history):
        history = reduce(operator.add, history)
    seams: list[int] = []
    if isinstance(history, Mapping) and any(hasattr(h, "curves") for h in history.values()):
        curves = _losses_of_runs(history)
    elif isinstance(history, Mapping):
        curves = dict(history)
    elif hasattr(history, "curves"):
        curves, seams = dict(history.curves()), history.seams
    else:
        raise TypeError(
            "loss_curve takes what nn.fit returns, a list of these, a mapping of names to these, "
            f"or a mapping such as {{'loss': [0.7, 0.3]}}, got {history!r:.80}"
        )
    hidden = ("lr", "gradient_norm")
    curves = {k: numbers for k, numbers in curves.items() if k not in hidden and len(numbers)}
    if not curves:
        raise ValueError("loss_curve got no numbers: the history has no epoch")
    return curves, seams


def _losses_of_runs(runs: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the losses of several runs, named after them. TypeError if one is not a history."""
    losses = {}
    for name, run in runs.items():
        if not hasattr(run, "curves"):
            raise TypeError(f"each run must be what nn.fit returns, got {run!r:.80} for {name!r}")
        for kind, numbers in run.curves():
            if kind in ("loss", "val_loss"):
                losses[kind.replace("loss", name)] = numbers
    return losses


def _rows_by_layer(model: Any) -> dict[str, list[list[Any]]]:
    """Return the parameters by layer, in a row for each neuron, as their names group them."""
    if not hasattr(model, "named_parameters") or not model.parameters():
        raise TypeError(f"a model with parameters is drawn, such as an MLP, got {model!r:.80}")
    layers: dict[str, dict[str, list[Any]]] = {}
    for name, parameter in model.named_parameters():
        row = PLACE_IN_A_ROW.sub("", name)  # layers.0.neurons.3.w.1 -> layers.0.neurons.3
        layer = ROW_OF_A_LAYER.sub("", row)  # layers.0.neurons.3 -> layers.0
        layers.setdefault(layer, {}).setdefault(row, []).append(parameter)
    return {layer: list(rows.values()) for layer, rows in layers.items()}
