"""Pictures of a model that predicts numbers: over one feature, over two, and against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.plot.figures import (
    COLORS,
    MARK_COLOR,
    legend_below,
    line_style,
    plain,
    prepared_axes,
    text_color,
)

from ..prediction import outputs
from .samples import (
    Model,
    Points,
    checked_samples,
    chosen_samples,
    grid_around,
    margined,
    surfaces_of,
)

MAX_NAMED_UNITS = 8


def regression_1d(
    models: Model | Mapping[str, Model],
    X: Points,
    y: Sequence[float],
    *,
    units: bool = False,
    ax: Any = None,
    feature: str = "x",
    target: str = "y",
    resolution: int = 300,
) -> Any:
    """Draw the number that a model of one feature predicts, and the samples; return the axes.

    ``models`` is a model, or a mapping of names to models or functions, which are compared. ``X``
    has n samples of one feature, ``[[x], ...]``, and ``y`` a number for each. The numbers are in
    the units of ``y`` if the model has a target scaling. Of several outputs the first is drawn.

    ``units`` shows what each hidden unit adds: ``w_j h_j(x)``, where ``h_j`` is a unit of the last
    hidden layer and ``w_j`` its weight in the output. With the bias they add up to the prediction.

    TypeError unless each model can be called with one sample. ValueError unless the samples have
    one feature, and with ``units`` unless there is one model that ends in one linear neuron.

    >>> from nn import MLP
    >>> ax = regression_1d(MLP(1, [3, 1], rng=0), [[0.0], [1.0]], [0.5, 1.0], units=True)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['samples', 'prediction', 'unit 1', 'unit 2', 'unit 3', 'bias']
    """
    compared = dict(models) if isinstance(models, Mapping) else {"prediction": models}
    for model in compared.values():
        X = checked_samples(model, X, y, features=1)
    if units and len(compared) != 1:
        raise ValueError(f"units are drawn of one model, got {len(compared)}")
    xs = margined([x for (x,) in X], resolution)
    points = [[x] for x in xs]
    curves = {k: _in_units(m, [o[0] for o in outputs(m, points)]) for k, m in compared.items()}
    added = _contributions(next(iter(compared.values())), points) if units else {}
    ax = prepared_axes(ax, f"Predicted {target}", feature, target)
    rows, numbers, style = chosen_samples(ax, X, y)
    look = style | {"color": "#999999", "edgecolors": text_color(), "label": "samples"}
    ax.scatter([x for (x,) in rows], numbers, **look)
    for i, (name, ys) in enumerate(curves.items()):
        ax.plot(xs, ys, label=plain(name), linewidth=2.2, **line_style(i))
    for i, (name, ys) in enumerate(added.items()):
        named = name == "bias" or len(added) <= MAX_NAMED_UNITS + 1 or i == 0
        own = {"color": MARK_COLOR, "linestyle": ":"} if name == "bias" else line_style(i + 1)
        label = name if len(added) <= MAX_NAMED_UNITS + 1 or name == "bias" else "units"
        ax.plot(xs, ys, linewidth=1.1, label=label if named else None, **own)
    legend_below(ax)
    return ax


def regression_surface(
    model: Model,
    X: Points,
    y: Sequence[float],
    *,
    ax: Any = None,
    features: Sequence[str] = ("x1", "x2"),
    target: str = "y",
    resolution: int = 60,
) -> Any:
    """Draw the number that the model predicts over the plane of two features, and the samples.

    The number is in the unit of ``y`` if the model has a target scaling. Errors as for
    `decision_boundary`.

    >>> regression_surface(lambda x: x[0] * x[1], [[0, 1], [2, 3]], [0, 6]).get_title()
    'Predicted y'
    """
    X = checked_samples(model, X, y)
    xs, ys, points = grid_around(X, resolution)
    surface = _in_units(model, surfaces_of(outputs(model, points), resolution)[0])
    ax = prepared_axes(ax, f"Predicted {target}", features[0], features[1])
    limits = {"vmin": min(surface.min(), *y), "vmax": max(surface.max(), *y)}
    bands = ax.contourf(xs, ys, surface, 12, cmap="viridis", **limits)
    X, y, style = chosen_samples(ax, X, y)
    ax.scatter(*zip(*X, strict=True), c=y, cmap="viridis", label="samples", **style, **limits)
    ax.figure.colorbar(bands, ax=ax, label=plain(target))
    legend_below(ax)
    return ax


def predicted_against_true(
    y: Sequence[float], predicted: Sequence[float], *, ax: Any = None, target: str = "y"
) -> Any:
    """Draw each sample's prediction against its true number; a perfect model is the diagonal.

    >>> predicted_against_true([1.0, 2.0], [1.1, 1.9]).get_ylabel()
    'predicted y'
    """
    if len(y) != len(predicted) or not len(y):
        raise ValueError(
            "predicted_against_true takes one prediction for each true number, "
            f"got {len(predicted)} for {len(y)}"
        )
    ax = prepared_axes(ax, f"Predicted and true {target}", f"true {target}", f"predicted {target}")
    ax.axline((min(y), min(y)), slope=1.0, color=MARK_COLOR, linestyle="--", label="perfect")
    ax.scatter(y, predicted, s=22, color=COLORS[0], label="samples")
    legend_below(ax)
    return ax


# ---------------------------------------------------------------------------------------- helpers


def _scale(model: Any) -> tuple[float, float]:
    """Return the scale and the mean that turn an output into a number in the units of y."""
    scaling = getattr(getattr(model, "meaning", None), "target_scaling", None)
    return (scaling.scale[0], scaling.mean[0]) if scaling else (1.0, 0.0)


def _in_units(model: Any, numbers: Any) -> Any:
    scale, mean = _scale(model)
    return (
        [x * scale + mean for x in numbers] if isinstance(numbers, list) else numbers * scale + mean
    )


def _contributions(model: Any, points: Points) -> dict[str, list[float]]:
    """Return what each unit of the last hidden layer adds to the output, and the bias."""
    layers = getattr(model, "layers", [])
    last = getattr(layers[-1], "neurons", []) if len(layers) > 1 else []
    if len(last) != 1 or last[0].activation != "linear":
        raise ValueError(
            "units are drawn of a model whose last layer is one linear neuron, such as "
            f"MLP(1, [8, 1]), got {model!r:.80}"
        )
    meaning = getattr(model, "meaning", None)
    hidden = meaning.standardized(points) if meaning else points
    for layer in layers[:-1]:
        hidden = outputs(layer, hidden)
    scale, mean = _scale(model)
    ws = [float(w.data) * scale for w in last[0].w]
    added = {f"unit {j + 1}": [w * h[j] for h in hidden] for j, w in enumerate(ws)}
    bias = getattr(last[0], "b", None)
    return added | {
        "bias": [(float(bias.data) if bias is not None else 0.0) * scale + mean] * len(points)
    }
