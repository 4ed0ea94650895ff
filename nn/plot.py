"""Pictures of a model and its training, with Matplotlib, which is imported when one is drawn.

Each function draws into ``ax`` (or ``figure``) where one is given, else into a new figure, and
returns it. Colors are those of Okabe and Ito (Color Universal Design, 2008), which readers with
any color vision tell apart; classes also differ by marker, and signs by light and dark.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from autograd import no_grad

from .optional_packages import need

COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]
MARKERS = "osD^vP*X<>"
MOST_POINTS = 1_000  # drawn of the samples
Model = Callable[[Any], Any]  # of one sample, a list of features; gives one output or a list


def save(figure: Any, path: str | Path) -> None:
    """Write a figure, the same bytes on each run: no date in it, no random identifiers.

    Text in an SVG stays text, in the viewer's fonts, which have more scripts than Matplotlib's.
    """
    settings = {"svg.hashsalt": "chalkgrad", "svg.fonttype": "none"}
    with need("matplotlib").rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names in scripts the font lacks
        figure.savefig(path, metadata={"Date": None} if Path(path).suffix == ".svg" else None)


def new_figure(width: float = 6.0, height: float = 4.0) -> Any:
    """A figure to save, without a window: for programs, where a notebook would use pyplot."""
    return need("matplotlib.figure", "matplotlib").Figure((width, height), layout="constrained")


def loss_curve(history: Any, ax: Any = None) -> Any:
    """Loss against epoch, and accuracy, where there is one, on an axis of its own.

    ``history`` is what `fit` returns, or a mapping of curve names to numbers per epoch such as
    ``{"loss": [...], "val_loss": [...], "accuracy": [...]}``.

    >>> loss_curve({"loss": [0.7, 0.3, 0.2]}).get_ylabel()
    'loss'
    """
    ax = _axes(ax, "Training", "epoch", "loss")
    curves = dict(history if isinstance(history, Mapping) else history.curves())
    right: Any = ax.twinx() if any("accuracy" in name for name in curves) else None
    lines: list[Any] = []
    for name, numbers in curves.items():
        on, color = (right, COLORS[1]) if "accuracy" in name else (ax, COLORS[0])
        label = name.replace("val_", "validation ")
        style = "--" if label != name else "-"
        epochs = range(1, len(numbers) + 1)
        marker = "o" if len(numbers) < 3 else None  # one point makes no line
        lines += on.plot(epochs, numbers, style, color=color, label=label, marker=marker)
    if right is not None:
        right.set_ylabel("accuracy")
        right.set_ylim(0.0, 1.02)
    ax.legend(handles=lines, loc="center right")
    ax.set_ylim(
        bottom=0.0
        if min((min(v) for k, v in curves.items() if "loss" in k), default=0.0) >= 0
        else None
    )
    ax.locator_params(axis="x", integer=True)
    return ax


def decision_boundary(
    model: Model,
    X: Sequence[Sequence[float]],
    y: Sequence[float],
    *,
    ax: Any = None,
    classes: Sequence[str] = (),
    features: Sequence[str] = ("x1", "x2"),
    resolution: int = 60,
) -> Any:
    """The plane of two features colored by what ``model`` answers there, and the samples.

    One output is a score: its sign is the class (0 below, 1 above), and the tint its size, as the
    probability sigmoid(score). Several outputs are one score per class, and the largest decides.
    ValueError unless the samples ``X`` have two features.

    >>> ax = decision_boundary(lambda x: x[0] - x[1], [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x1', 'x2')
    """
    xs, ys, points = _grid(X, resolution)
    scores = outputs(model, points)
    ax = _axes(ax, "Decision boundary", *features)
    if len(scores[0]) == 1:
        levels = [i / 10 for i in range(11)]
        surface = [0.5 + 0.5 * math.tanh(s / 2) for (s,) in scores]  # sigmoid, never overflowing
        bands = ax.contourf(
            xs, ys, _rows(surface, resolution), levels, cmap=_diverging(), alpha=0.6
        )
        ax.contour(xs, ys, _rows(surface, resolution), [0.5], colors="#333333", linewidths=1.2)
        ax.figure.colorbar(bands, ax=ax, label=f"sigmoid(output): class {_named(classes, 1)}")
        count = 2
    else:
        count = len(scores[0])
        for k in range(count):  # how far each class is ahead of the best other one
            lead = [row[k] - max(row[:k] + row[k + 1 :]) for row in scores]
            if max(lead) > 0:
                area, color = _rows(lead, resolution), COLORS[k % len(COLORS)]
                ax.contourf(xs, ys, area, [0.0, max(lead)], colors=[color], alpha=0.3)
    _samples(ax, X, y, classes, count)
    return ax


def regression_surface(
    model: Model,
    X: Sequence[Sequence[float]],
    y: Sequence[float],
    *,
    ax: Any = None,
    features: Sequence[str] = ("x1", "x2"),
    target: str = "y",
    resolution: int = 60,
) -> Any:
    """The number that ``model`` predicts over the plane of two features, and the samples' own.

    >>> regression_surface(lambda x: x[0] * x[1], [[0, 1], [2, 3]], [0, 6]).get_title()
    'Predicted y'
    """
    xs, ys, points = _grid(X, resolution)
    surface = [row[0] for row in outputs(model, points)]
    ax = _axes(ax, f"Predicted {target}", *features)
    low, high = min([*surface, *y]), max([*surface, *y])
    colors = {"cmap": "viridis", "vmin": low, "vmax": high}
    bands = ax.contourf(xs, ys, _rows(surface, resolution), 12, **colors)
    X, y, style = _some(ax, X, y)
    ax.scatter(*zip(*X, strict=True), c=y, label="samples", **style, **colors)
    ax.figure.colorbar(bands, ax=ax, label=_plain(target))
    ax.legend(loc="upper right")
    return ax


def predicted_against_true(
    y: Sequence[float], predicted: Sequence[float], *, ax: Any = None, target: str = "y"
) -> Any:
    """Each sample's prediction against its true number; a perfect model is the diagonal.

    >>> predicted_against_true([1.0, 2.0], [1.1, 1.9]).get_ylabel()
    'predicted y'
    """
    ax = _axes(ax, f"Predicted and true {target}", f"true {target}", f"predicted {target}")
    ax.axline((min(y), min(y)), slope=1.0, color="#777777", linestyle="--", label="perfect")
    ax.scatter(y, predicted, s=22, color=COLORS[0], label="samples")
    ax.legend()
    return ax


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str], *, ax: Any = None) -> Any:
    """The confusion matrix as a table of counts: a row for each true class.

    >>> [text.get_text() for text in confusion([[9, 1], [0, 10]], ["cat", "dog"]).texts]
    ['9', '1', '0', '10']
    """
    ax = _axes(ax, "Confusion matrix", "predicted class", "true class")
    largest = max(map(max, matrix))
    image = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=max(largest, 1))
    for i, row in enumerate(matrix if len(matrix) <= 20 else []):  # else too small to read
        for j, count in enumerate(row):
            color = "white" if count > 0.6 * largest else "black"
            ax.text(j, i, str(count), ha="center", va="center", color=color)
    if len(matrix) > 20:
        ax.figure.colorbar(image, ax=ax, label="samples")
        ax.locator_params(integer=True)
        return ax
    names = [_plain(_short(name)) for name in classes]
    slanted = {"rotation": 45, "ha": "right"} if sum(map(len, names)) > 40 else {}
    ax.set_xticks(range(len(names)), names, **slanted)
    ax.set_yticks(range(len(names)), names)
    return ax


def activations(
    model: Any,
    X: Sequence[Sequence[float]],
    *,
    features: Sequence[str] = ("x1", "x2"),
    figure: Any = None,
    resolution: int = 40,
) -> Any:
    """Each neuron's response over the plane of two features, one row of pictures per layer.

    ``model`` has ``layers``, each a function of the outputs of the one before; ``X`` sets the part
    of the plane that is shown.

    >>> from nn import MLP
    >>> len(activations(MLP(2, [3, 1], rng=0), [[0, 0], [1, 1]]).axes)  # 4 neurons, 2 scales
    6
    """
    xs, ys, points = _grid(X, resolution)
    responses = [_through(model.layers, point) for point in points]
    widths = [len(layer) for layer in responses[0]]
    figure = figure or _figure(min(1.1 * max(widths) + 1.5, 14.0), 1.35 * len(widths) + 0.6)
    ratios = [*[1.0] * max(widths), 0.12]  # the last column is for the scales
    grid = figure.add_gridspec(len(widths), max(widths) + 1, width_ratios=ratios)
    for i, width in enumerate(widths):
        size = max(abs(r) for response in responses for r in response[i]) or 1.0
        axes = [figure.add_subplot(grid[i, j]) for j in range(width)]
        for j, ax in enumerate(axes):
            surface = _rows([response[i][j] for response in responses], resolution)
            image = ax.pcolormesh(xs, ys, surface, cmap=_diverging(), vmin=-size, vmax=size)
            image.set_rasterized(True)
            ax.set_title(f"neuron {j}", fontsize=8)
            ax.set_xticks([])
            ax.set_yticks([])
        axes[0].set_ylabel(f"layer {i}\n{_plain(features[1])}", fontsize=8)
        axes[0].set_xlabel(_plain(features[0]), fontsize=8)
        figure.colorbar(image, cax=figure.add_subplot(grid[i, -1]), label="response")
    figure.suptitle("What each neuron responds to")
    return figure


def _through(layers: Sequence[Any], x: Any) -> list[list[float]]:
    found = []
    with no_grad():
        for layer in layers:
            x = layer(x)
            found.append(_floats(x))
    return found


def gradient_norms(models: Any, *, ax: Any = None) -> Any:
    """The norm of each layer's gradient, as `backward` left it, against the layer.

    ``models`` is a model, or a mapping of names to models to compare.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], "tanh", rng=0)
    >>> model([1.0, 2.0]).backward()
    >>> len(gradient_norms({"tanh": model}).lines[0].get_ydata())
    2
    """
    ax = _axes(ax, "Gradient by layer", "layer", "norm of the gradient")
    compared = models if isinstance(models, Mapping) else {"gradient": models}
    for i, (name, model) in enumerate(compared.items()):
        layers = _by_layer(model)
        norms = [math.hypot(*(p.grad for row in rows for p in row)) for rows in layers.values()]
        color = COLORS[i % len(COLORS)]
        ax.plot(range(len(norms)), norms, color=color, marker=MARKERS[i % 10], label=name)
        if min(norms) > 0 and max(norms) > 100 * min(norms):
            ax.set_yscale("log")
    ax.locator_params(axis="x", integer=True)
    ax.legend()
    return ax


def weights(model: Any, *, figure: Any = None) -> Any:
    """The parameters of each layer as a map: a row for each neuron, its bias in the last column.

    >>> from nn import MLP
    >>> weights(MLP(2, [3, 1], rng=0)).axes[0].images[0].get_array().shape
    (3, 3)
    """
    layers = _by_layer(model)
    figure = figure or _figure(min(3.2 * len(layers), 14.0), 3.4)
    size = max(abs(p.data) for rows in layers.values() for row in rows for p in row) or 1.0
    ratios = [max(3, min(len(rows[0]), 20)) for rows in layers.values()]
    axes = figure.subplots(1, len(layers), squeeze=False, width_ratios=ratios)[0]
    for ax, (name, rows) in zip(axes, layers.items(), strict=True):
        width = max(map(len, rows))
        table = [[p.data for p in row] + [math.nan] * (width - len(row)) for row in rows]
        image = ax.imshow(table, cmap=_diverging(), vmin=-size, vmax=size, aspect="auto")
        _axes(ax, name, "input, then bias", "neuron")
        ax.locator_params(integer=True, min_n_ticks=1)
    figure.colorbar(image, ax=list(axes), label="weight")
    figure.suptitle("Weights")
    return figure


def outputs(model: Model, points: Sequence[Sequence[float]]) -> list[list[float]]:
    """What ``model`` answers for each point, as plain numbers; no graph is recorded.

    >>> outputs(lambda x: x[0] + x[1], [[1.0, 2.0]])
    [[3.0]]
    """
    with no_grad():
        return [_floats(model(point)) for point in points]


# ---------------------------------------------------------------------------------------- helpers


def _floats(output: Any) -> list[float]:
    return [float(v) for v in (output if isinstance(output, (list, tuple)) else [output])]


def _figure(width: float, height: float) -> Any:
    plt = need("matplotlib.pyplot", "matplotlib")
    return plt.figure(figsize=(width, height), layout="constrained")


def _axes(ax: Any, title: str, xlabel: str, ylabel: str) -> Any:
    ax = _figure(6.0, 4.0).subplots() if ax is None else ax
    ax.set_title(_plain(title))
    ax.set_xlabel(_plain(xlabel))
    ax.set_ylabel(_plain(ylabel))
    return ax


def _short(name: str) -> str:
    """A name that leaves room for the picture."""
    return name if len(name) <= 16 else name[:15] + "…"


def _plain(text: str) -> str:
    """Text that Matplotlib does not take for a formula between dollar signs."""
    return text.replace("$", r"\$")


def _diverging() -> Any:
    """From blue over white to orange: negative, zero, positive."""
    colors = need("matplotlib.colors", "matplotlib").LinearSegmentedColormap
    return colors.from_list("blue-orange", [COLORS[0], "white", COLORS[1]])


def _grid(
    X: Sequence[Sequence[float]], resolution: int
) -> tuple[list[float], list[float], list[list[float]]]:
    """The places of a grid a little larger than the samples, on each axis, and its points."""
    if not len(X) or any(len(x) != 2 for x in X):
        got = f"{len(X[0])} features" if len(X) else "no samples"
        raise ValueError(f"a plane is drawn for samples of 2 features, got {got}")
    axes = []
    for column in zip(*X, strict=True):
        low, high = float(min(column)), float(max(column))
        margin = 0.1 * (high - low) or 1.0
        step = (high - low + 2 * margin) / (resolution - 1)
        axes.append([low - margin + i * step for i in range(resolution)])
    return axes[0], axes[1], [[a, b] for b in axes[1] for a in axes[0]]


def _rows(numbers: Sequence[float], width: int) -> list[list[float]]:
    return [list(numbers[i : i + width]) for i in range(0, len(numbers), width)]


def _named(classes: Sequence[str], i: int) -> str:
    return _plain(_short(classes[i])) if i < len(classes) else str(i)


def _samples(
    ax: Any, X: Sequence[Sequence[float]], y: Sequence[float], classes: Sequence[str], count: int
) -> None:
    """The classes' points, a few of each in turn, as one class drawn last would cover the others;
    and a legend, where it is not longer than the picture."""
    X, y, style = _some(ax, X, y)
    for start in range(0, len(X), 50):
        for k in range(count):
            own = [
                x
                for x, t in zip(X[start : start + 50], y[start : start + 50], strict=True)
                if t == k
            ]
            first, second = [x[0] for x in own], [x[1] for x in own]
            color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
            label = None if start else _named(classes, k)
            ax.scatter(first, second, color=color, marker=marker, label=label, **style)
    if count <= 10:
        ax.legend(title="class", loc="best")


def _some(
    ax: Any, X: Sequence[Sequence[float]], y: Sequence[float]
) -> tuple[list[Sequence[float]], list[float], dict[str, Any]]:
    """Samples to draw, at most MOST_POINTS, in random order; and how: many are small and pale."""
    chosen = Random(0).sample(range(len(X)), min(len(X), MOST_POINTS))
    if len(chosen) < len(X):
        ax.set_title(f"{ax.get_title()} ({len(chosen):,} of {len(X):,} samples)")
    many = {"s": 12, "alpha": 0.6, "linewidths": 0.3}
    style = many if len(chosen) > 250 else {"s": 28, "linewidths": 0.6}
    return [X[i] for i in chosen], [y[i] for i in chosen], {"edgecolors": "white", **style}


def _by_layer(model: Any) -> dict[str, list[list[Any]]]:
    """The parameters as rows, one for each neuron, by layer, as their names group them."""
    layers: dict[str, dict[str, list[Any]]] = {}
    for name, parameter in model.named_parameters():
        layer, _, neuron = name.partition(".neurons.")
        if not neuron:  # a layer of another kind: layers.0.table.3.1
            parts = name.split(".")
            layer, neuron = ".".join(parts[:2]), ".".join(parts[2:-1])
        layers.setdefault(layer, {}).setdefault(neuron.partition(".")[0], []).append(parameter)
    return {layer: list(rows.values()) for layer, rows in layers.items()}
