"""Pictures of a model and its training, with Matplotlib, which is imported when one is drawn.

Each function draws into ``ax`` (or ``figure``) if one is given, else into a new figure, and
returns it. The colors are from Okabe and Ito (Color Universal Design, 2008): readers with any
color vision tell them apart. Classes also differ by marker, and signs by light and dark.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from .argument_checks import counted
from .datasets.dataset import Label
from .optional_packages import need
from .prediction import outputs as outputs  # `nn.plot.outputs` is public too
from .samples import rows_of

COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]
MARKERS = "osD^vP*X<>"
MAX_SAMPLES = 1_000  # drawn in one picture
MAX_LARGE_MARKERS = 250  # more samples have small, pale markers
SAMPLES_A_TURN = 50  # of all classes, before the first class is drawn again
MAX_LEGEND_CLASSES = 10
MAX_COUNTED_CLASSES = 20  # of a confusion matrix with numbers in its cells
MAX_NAME_CHARACTERS = 16

Model = Callable[[Any], Any]  # from one sample, a list of features, to one output or a list
Points = Sequence[Sequence[float]]


def save(figure: Any, path: str | Path | StringIO) -> None:
    """Write a figure, with the same bytes on each run: no date in it, no random identifiers.

    Text in an SVG stays text, in the viewer's fonts, which have more scripts than Matplotlib's.
    An SVG is written into a `StringIO`.
    """
    if not hasattr(figure, "savefig"):
        raise TypeError(f"save takes a figure, such as ax.figure, got {figure!r:.80}")
    settings = {"svg.hashsalt": "chalkgrad", "svg.fonttype": "none"}
    with need("matplotlib").rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names in scripts the font lacks
        svg = isinstance(path, StringIO) or Path(path).suffix == ".svg"
        how = {"format": "svg", "metadata": {"Date": None}} if svg else {}
        figure.savefig(path, **how)


def new_figure(width: float = 6.0, height: float = 4.0) -> Any:
    """Return a figure to save, of a size in inches; no window opens, as with pyplot."""
    return need("matplotlib.figure", "matplotlib").Figure((width, height), layout="constrained")


def loss_curve(history: Any, ax: Any = None) -> Any:
    """Draw the loss against the epoch, and the accuracy, if there is one, on an axis of its own.

    ``history`` is what `fit` returns, or a mapping of curve names to numbers, one for each epoch:
    ``{"loss": [...], "val_loss": [...], "accuracy": [...]}``. Or it is a list of what several calls
    of `fit` returned: they are drawn one after another, with a line at each seam.

    >>> loss_curve({"loss": [0.7, 0.3, 0.2]}).get_ylabel()
    'loss'

    The learning rate and the norm of the gradient are not drawn. TypeError for anything else.
    """
    curves, seams = _curves(history)
    ax = _axes(ax, "Training", "epoch", "loss")
    right: Any = ax.twinx() if any("accuracy" in name for name in curves) else None
    lines: list[Any] = []
    for name, numbers in curves.items():
        on, color = (right, COLORS[1]) if "accuracy" in name else (ax, COLORS[0])
        label = name.replace("val_", "validation ")
        style = "--" if label != name else "-"
        epochs = range(1, len(numbers) + 1)
        marker = "o" if len(numbers) < 3 else None  # one point makes no line
        lines += on.plot(epochs, numbers, style, color=color, label=label, marker=marker)
    for i, seam in enumerate(seams):
        first = {} if i else {"label": "next run"}  # one entry in the legend
        line = ax.axvline(seam + 0.5, color="#777777", linestyle=":", **first)
        lines += [] if i else [line]
    if right is not None:
        right.set_ylabel("accuracy")
        right.set_ylim(0.0, 1.02)
    ax.legend(handles=lines, loc="center right")
    if not any(x < 0 for name, numbers in curves.items() if "loss" in name for x in numbers):
        ax.set_ylim(bottom=0.0)
    ax.locator_params(axis="x", integer=True)
    return ax


def decision_boundary(
    model: Model,
    X: Points,
    y: Sequence[float],
    *,
    ax: Any = None,
    classes: Sequence[Label] = (),
    features: Sequence[str] = ("x1", "x2"),
    resolution: int = 60,
) -> Any:
    """Draw the plane of two features, colored by the model's answer there, and the samples.

    One output is a score: the class is 1 where the score is above 0, and the tint shows the
    probability sigmoid(score). Several outputs are one score for each class; the largest decides.
    ``y`` holds class numbers 0, 1, ..., and for one output -1 and 1 too. A scaling of the model's
    own is applied to ``X``, as in `Module.predict`.

    TypeError unless ``model`` can be called with one sample. ValueError unless the samples ``X``
    have two features, and ``y`` one class number for each.

    >>> ax = decision_boundary(lambda x: x[0] - x[1], [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x1', 'x2')
    """
    np = need("numpy", "matplotlib")  # Matplotlib is made with it
    X = _checked_samples(model, X, y)
    xs, ys, points = _grid(X, resolution)
    scores = _surfaces(outputs(model, points), resolution)
    y = _class_numbers(y, len(scores))
    ax = _axes(ax, "Decision boundary", *features)
    if len(scores) == 1:
        levels = [i / 10 for i in range(11)]
        surface = 0.5 + 0.5 * np.tanh(scores[0] / 2)  # the sigmoid, without overflow
        bands = ax.contourf(xs, ys, surface, levels, cmap=_diverging_colors(), alpha=0.6)
        ax.contour(xs, ys, surface, [0.5], colors="#333333", linewidths=1.2)
        ax.figure.colorbar(bands, ax=ax, label=f"sigmoid(output): class {_class_name(classes, 1)}")
    else:
        for k, score in enumerate(scores):
            lead = score - np.delete(scores, k, axis=0).max(axis=0)  # over the best other class
            if lead.max() > 0:
                color = COLORS[k % len(COLORS)]
                ax.contourf(xs, ys, lead, [0.0, lead.max()], colors=[color], alpha=0.3)
    _draw_samples(ax, X, y, [_class_name(classes, k) for k in range(max(len(scores), 2))])
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
    X = _checked_samples(model, X, y)
    xs, ys, points = _grid(X, resolution)
    surface = _surfaces(outputs(model, points), resolution)[0]
    scaling = getattr(getattr(model, "meaning", None), "target_scaling", None)
    if scaling:
        surface = surface * scaling.scale[0] + scaling.mean[0]
    ax = _axes(ax, f"Predicted {target}", *features)
    limits = {"vmin": min(surface.min(), *y), "vmax": max(surface.max(), *y)}
    bands = ax.contourf(xs, ys, surface, 12, cmap="viridis", **limits)
    X, y, style = _chosen_samples(ax, X, y)
    ax.scatter(*zip(*X, strict=True), c=y, cmap="viridis", label="samples", **style, **limits)
    ax.figure.colorbar(bands, ax=ax, label=_plain(target))
    ax.legend(loc="upper right")
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
    ax = _axes(ax, f"Predicted and true {target}", f"true {target}", f"predicted {target}")
    ax.axline((min(y), min(y)), slope=1.0, color="#777777", linestyle="--", label="perfect")
    ax.scatter(y, predicted, s=22, color=COLORS[0], label="samples")
    ax.legend()
    return ax


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[Label], *, ax: Any = None) -> Any:
    """Draw the confusion matrix as a table of counts, with a row for each true class.

    ValueError unless the matrix is square.

    >>> [text.get_text() for text in confusion([[9, 1], [0, 10]], ["cat", "dog"]).texts]
    ['9', '1', '0', '10']
    """
    if not len(matrix) or any(_size(row) != len(matrix) for row in matrix):
        raise ValueError(
            "confusion takes a square matrix of counts, a list for each true class, "
            f"got {matrix!r:.80}"
        )
    ax = _axes(ax, "Confusion matrix", "predicted class", "true class")
    largest = max(map(max, matrix))
    image = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=max(largest, 1))
    if len(matrix) > MAX_COUNTED_CLASSES:
        ax.figure.colorbar(image, ax=ax, label="samples")
        ax.locator_params(integer=True)
        return ax
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            color = "white" if count > 0.6 * largest else "black"
            ax.text(j, i, str(count), ha="center", va="center", color=color)
    names = [_class_name(classes, k) for k in range(len(matrix))]
    slanted = {"rotation": 45, "ha": "right"} if sum(map(len, names)) > 40 else {}
    ax.set_xticks(range(len(names)), names, **slanted)
    ax.set_yticks(range(len(names)), names)
    return ax


def activations(
    model: Any,
    X: Points,
    *,
    features: Sequence[str] = ("x1", "x2"),
    figure: Any = None,
    resolution: int = 40,
) -> Any:
    """Draw each neuron's response over the plane of two features, a row of pictures for each layer.

    ``model`` has ``layers``; each is a function of the outputs of the one before. The samples ``X``
    set the part of the plane that is shown. Otherwise as `decision_boundary`.

    >>> from nn import MLP
    >>> len(activations(MLP(2, [3, 1], rng=0), [[0, 0], [1, 1]]).axes)  # 4 neurons, 2 scales
    6
    """
    if not isinstance(getattr(model, "layers", None), list):
        raise TypeError(f"activations takes a model with layers, such as an MLP, got {model!r:.80}")
    xs, ys, points = _grid(_checked_samples(model, X), resolution)
    meaning = getattr(model, "meaning", None)
    responses, inputs = [], meaning.standardized(points) if meaning else points
    for layer in model.layers:
        inputs = outputs(layer, inputs)
        responses.append(_surfaces(inputs, resolution))
    widths = list(map(len, responses))
    figure = figure or _figure(min(1.1 * max(widths) + 1.5, 14.0), 1.35 * len(widths) + 0.6)
    ratios = [*[1.0] * max(widths), 0.12]  # the last column is for the scales
    grid = figure.add_gridspec(len(widths), max(widths) + 1, width_ratios=ratios)
    for i, surfaces in enumerate(responses):
        limit = abs(surfaces).max() or 1.0
        colors = {"cmap": _diverging_colors(), "vmin": -limit, "vmax": limit}
        axes = [figure.add_subplot(grid[i, j]) for j in range(len(surfaces))]
        for j, (ax, surface) in enumerate(zip(axes, surfaces, strict=True)):
            image = ax.pcolormesh(xs, ys, surface, rasterized=True, **colors)
            ax.set_title(f"neuron {j}", fontsize=8)
            ax.set_xticks([])
            ax.set_yticks([])
        axes[0].set_ylabel(f"layer {i}\n{_plain(features[1])}", fontsize=8)
        axes[0].set_xlabel(_plain(features[0]), fontsize=8)
        figure.colorbar(image, cax=figure.add_subplot(grid[i, -1]), label="response")
    figure.suptitle("What each neuron responds to")
    return figure


def gradient_norms(models: Any, *, ax: Any = None) -> Any:
    """Draw the norm of each layer's gradient, as `backward` left it, against the layer.

    ``models`` is a model, or a mapping of names to models that are compared. TypeError otherwise.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], "tanh", rng=0)
    >>> model([1.0, 2.0]).backward()
    >>> len(gradient_norms({"tanh": model}).lines[0].get_ydata())
    2
    """
    compared = models if isinstance(models, Mapping) else {"gradient": models}
    by_name = {name: _rows_by_layer(model) for name, model in compared.items()}
    ax = _axes(ax, "Gradient by layer", "layer", "norm of the gradient")
    for i, (name, layers) in enumerate(by_name.items()):
        norms = [math.hypot(*(p.grad for row in rows for p in row)) for rows in layers.values()]
        color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
        ax.plot(range(len(norms)), norms, color=color, marker=marker, label=name)
        if min(norms) > 0 and max(norms) > 100 * min(norms):
            ax.set_yscale("log")
    ax.locator_params(axis="x", integer=True)
    ax.legend()
    return ax


def weights(model: Any, *, figure: Any = None) -> Any:
    """Draw each layer's parameters as a map: a row for each neuron, its bias in the last column.

    >>> from nn import MLP
    >>> weights(MLP(2, [3, 1], rng=0)).axes[0].images[0].get_array().shape
    (3, 3)
    """
    layers = _rows_by_layer(model)
    figure = figure or _figure(min(3.2 * len(layers), 14.0), 3.4)
    limit = max(abs(p.data) for rows in layers.values() for row in rows for p in row) or 1.0
    colors = {"cmap": _diverging_colors(), "vmin": -limit, "vmax": limit}
    ratios = [max(3, min(len(rows[0]), 20)) for rows in layers.values()]
    axes = figure.subplots(1, len(layers), squeeze=False, width_ratios=ratios)[0]
    for ax, (name, rows) in zip(axes, layers.items(), strict=True):
        width = max(map(len, rows))
        table = [[p.data for p in row] + [math.nan] * (width - len(row)) for row in rows]
        image = ax.imshow(table, aspect="auto", **colors)
        _axes(ax, name, "input, then bias", "neuron")
        ax.locator_params(integer=True, min_n_ticks=1)
    figure.colorbar(image, ax=list(axes), label="weight")
    figure.suptitle("Weights")
    return figure


# ---------------------------------------------------------------------------------------- helpers


def _curves(history: Any) -> tuple[dict[str, list[float]], list[int]]:
    """Return the curves to draw, and the number of epochs before each seam between two runs."""
    if isinstance(history, list | tuple) and history and all(hasattr(h, "curves") for h in history):
        history = reduce(operator.add, history)
    if isinstance(history, Mapping):
        curves, seams = dict(history), []
    elif hasattr(history, "curves"):
        curves, seams = dict(history.curves()), history.seams
    else:
        raise TypeError(
            "loss_curve takes what nn.fit returns, a list of these, or a mapping such as "
            f"{{'loss': [0.7, 0.3]}}, got {history!r:.80}"
        )
    hidden = ("lr", "gradient_norm")
    curves = {k: numbers for k, numbers in curves.items() if k not in hidden and len(numbers)}
    if not curves:
        raise ValueError("loss_curve got no numbers: the history has no epoch")
    return curves, seams


def _figure(width: float, height: float) -> Any:
    plt = need("matplotlib.pyplot", "matplotlib")
    return plt.figure(figsize=(width, height), layout="constrained")


def _axes(ax: Any, title: str, xlabel: str, ylabel: str) -> Any:
    ax = _figure(6.0, 4.0).subplots() if ax is None else ax
    if not hasattr(ax, "set_title"):
        raise TypeError(f"ax must be axes of Matplotlib, such as plt.gca(), got {ax!r:.80}")
    ax.set(title=_plain(title), xlabel=_plain(xlabel), ylabel=_plain(ylabel))
    return ax


def _plain(text: str) -> str:
    """Return text that Matplotlib does not read as a formula between dollar signs."""
    return text.replace("$", r"\$")


def _class_name(classes: Sequence[Label], k: int) -> str:
    name = str(classes[k] if k < len(classes) else k)
    return _plain(
        name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…"
    )


def _diverging_colors() -> Any:
    """Return a color map from blue over white to orange: negative, zero, positive."""
    colors = need("matplotlib.colors", "matplotlib").LinearSegmentedColormap
    return colors.from_list("blue-orange", [COLORS[0], "white", COLORS[1]])


def _grid(X: Points, resolution: int) -> tuple[list[float], list[float], list[list[float]]]:
    """Return the places of a grid around the samples on both axes, and the points of the grid."""
    if resolution < 2:
        raise ValueError(f"resolution must be at least 2, got {resolution}")
    axes = []
    for column in zip(*X, strict=True):
        low, high = float(min(column)), float(max(column))
        margin = 0.1 * (high - low) or 1.0
        step = (high - low + 2 * margin) / (resolution - 1)
        axes.append([low - margin + i * step for i in range(resolution)])
    return axes[0], axes[1], [[a, b] for b in axes[1] for a in axes[0]]


def _checked_samples(model: Any, X: Any, y: Any = None) -> list[Any]:
    """Return the samples as lists; an error unless they can be drawn with this model."""
    if isinstance(model, type) or not callable(model):
        fitted = "; draw the network of an estimator, its model_" if hasattr(model, "fit") else ""
        raise TypeError(
            f"the model must be called with one sample, as model(x), got {model!r:.80}{fitted}"
        )
    rows = rows_of(X) if _size(X) else []
    if not rows or len(rows[0]) != 2:
        got = counted(len(rows[0]), "feature") if rows else "no samples"
        raise ValueError(f"a plane is drawn for samples of 2 features, got {got}")
    if y is not None and _size(y) != len(rows):
        given = repr(y)[:80] if _size(y) is None else _size(y)
        raise ValueError(
            f"X has {counted(len(rows), 'sample')}, but y has {given}: it takes one for each"
        )
    return rows


def _class_numbers(y: Sequence[float], outputs: int) -> list[int]:
    """Return the class of each sample; ValueError for one that the outputs cannot tell."""
    numbers = [0 if outputs == 1 and k == -1 else k for k in y]
    for i, k in enumerate(numbers):
        if k not in range(max(outputs, 2)):
            raise ValueError(
                f"y holds class numbers 0 to {max(outputs, 2) - 1} for this model, got {k!r:.60} "
                f"in sample {i}; give their names as classes=[...]"
            )
    return list(map(int, numbers))


def _size(x: Any) -> int | None:
    """Return how many items there are; None if ``x`` is no list of them."""
    return len(x) if hasattr(x, "__len__") and not isinstance(x, str) else None


def _surfaces(outputs_at_points: Any, resolution: int) -> Any:
    """Return an array for each output, with a row for each place on the vertical axis."""
    flat = need("numpy", "matplotlib").transpose(outputs_at_points)
    return flat.reshape(-1, resolution, resolution)


def _draw_samples(ax: Any, X: Points, y: Sequence[float], names: Sequence[str]) -> None:
    """Draw the samples in turns, so that the class drawn last does not cover the others."""
    X, y, style = _chosen_samples(ax, X, y)
    for start in range(0, len(X), SAMPLES_A_TURN):
        turn = range(start, min(start + SAMPLES_A_TURN, len(X)))
        for k, name in enumerate(names):
            own = [X[i] for i in turn if y[i] == k]
            color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
            label = None if start else name
            xs, ys = [x[0] for x in own], [x[1] for x in own]
            ax.scatter(xs, ys, color=color, marker=marker, label=label, **style)
    if len(names) <= MAX_LEGEND_CLASSES:
        ax.legend(title="class", loc="best")


def _chosen_samples(
    ax: Any, X: Points, y: Sequence[float]
) -> tuple[list[Sequence[float]], list[float], dict[str, Any]]:
    """Return the samples to draw, in random order, with the style of their markers."""
    chosen = Random(0).sample(range(len(X)), min(len(X), MAX_SAMPLES))
    if len(chosen) < len(X):
        ax.set_title(f"{ax.get_title()} ({len(chosen):,} of {len(X):,} samples)")
    small, large = {"s": 12, "alpha": 0.6, "linewidths": 0.3}, {"s": 28, "linewidths": 0.6}
    style = {"edgecolors": "white", **(small if len(chosen) > MAX_LARGE_MARKERS else large)}
    return [X[i] for i in chosen], [y[i] for i in chosen], style


def _rows_by_layer(model: Any) -> dict[str, list[list[Any]]]:
    """Return the parameters by layer, in a row for each neuron, as their names group them."""
    if not hasattr(model, "named_parameters") or not model.parameters():
        raise TypeError(f"a model with parameters is drawn, such as an MLP, got {model!r:.80}")
    layers: dict[str, dict[str, list[Any]]] = {}
    for name, parameter in model.named_parameters():
        layer, _, neuron = name.partition(".neurons.")
        if not neuron:  # a layer of another kind: layers.0.table.3.1
            parts = name.split(".")
            layer, neuron = ".".join(parts[:2]), ".".join(parts[2:-1])
        layers.setdefault(layer, {}).setdefault(neuron.partition(".")[0], []).append(parameter)
    return {layer: list(rows.values()) for layer, rows in layers.items()}
