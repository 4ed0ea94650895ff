"""Pictures of a classifier: its boundary, the boundary while it learned, its confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from autograd.plot.figures import (
    COLORS,
    HATCHES,
    legend_below,
    plain,
    prepared_axes,
    shown_figure,
)

from ..datasets.dataset import Label
from ..optional_packages import need
from ..prediction import outputs
from .samples import (
    Model,
    Points,
    checked_samples,
    class_name,
    class_names,
    class_numbers,
    diverging_colors,
    draw_samples,
    grid_around,
    size_of,
    surfaces_of,
)

MAX_LEGEND_CLASSES = 10
MAX_COUNTED_CLASSES = 20  # of a confusion matrix with numbers in its cells
MAX_EPOCHS = 12  # in the picture of a boundary over time
PANELS_IN_A_ROW = 4


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
    X = checked_samples(model, X, y)
    xs, ys, points = grid_around(X, resolution)
    scores = surfaces_of(outputs(model, points), resolution)
    y = class_numbers(y, len(scores))
    ax = prepared_axes(ax, "Decision boundary", features[0], features[1])
    bands = draw_regions(ax, xs, ys, scores)
    if bands is not None:
        text = f"sigmoid(output): class {class_name(classes, 1)}"
        ax.figure.colorbar(bands, ax=ax, label=text).ax.set_facecolor("white")
    draw_samples(ax, X, y, names := class_names(classes, len(scores)))
    if len(names) <= MAX_LEGEND_CLASSES:
        legend_below(ax, columns=5, title="class")
    return ax


def boundary_over_time(
    model: Any,
    X: Points,
    y: Sequence[float],
    states: Mapping[int, Mapping[str, float]],
    *,
    epochs: Sequence[int] | None = None,
    classes: Sequence[Label] = (),
    features: Sequence[str] = ("x1", "x2"),
    figure: Any = None,
    resolution: int = 40,
) -> Any:
    """Draw the boundary after each of some epochs, a picture for each, and return the figure.

    ``states`` maps an epoch to the model's `state_dict` after it. A callback of `fit` keeps them.
    ``epochs`` chooses among them, at most 12. Each title has the share of samples that are right.
    The model has its own weights again afterwards. Otherwise as `decision_boundary`.

    TypeError unless ``states`` is such a mapping. ValueError for an epoch that is not in it.

    >>> from nn import MLP, fit
    >>> model, X, y = MLP(2, [4, 1], "tanh", rng=1), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> states = {0: model.state_dict()}
    >>> def keep(model, history):
    ...     states[len(history.loss)] = model.state_dict()
    >>> history = fit(model, X, y, optimizer="adam", lr=0.1, epochs=60, callbacks=keep,
    ...               compiled=False)
    >>> figure = boundary_over_time(model, X, y, states, epochs=[0, 2, 60])
    >>> [ax.get_title() for ax in figure.axes]
    ['epoch 0: 75% right', 'epoch 2: 75% right', 'epoch 60: 100% right']
    """
    X, chosen = checked_samples(model, X, y), _chosen_states(states, epochs)
    xs, ys, points = grid_around(X, resolution)
    own, surfaces, right = model.state_dict(), [], []
    try:
        for state in chosen.values():
            model.load_state_dict(state)
            surfaces.append(surfaces_of(outputs(model, points), resolution))
            numbers = class_numbers(y, len(surfaces[-1]))
            right.append(_share_right(outputs(model, X), numbers))
    finally:
        model.load_state_dict(own)
    columns = min(len(chosen), PANELS_IN_A_ROW)
    rows = math.ceil(len(chosen) / columns)
    figure = figure or shown_figure(2.6 * columns, 2.6 * rows + 0.5)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(chosen))]
    names = class_names(classes, len(surfaces[0]))
    for ax, epoch, scores, share in zip(axes, chosen, surfaces, right, strict=True):
        draw_regions(ax, xs, ys, scores)
        draw_samples(ax, X, numbers, names, s=16, edgecolors="#222222", linewidths=0.4)
        prepared_axes(ax, f"epoch {epoch}: {share:.0%} right", "", "")
        ax.set(xticks=[], yticks=[], box_aspect=1)
    axes[0].set(xlabel=plain(features[0]), ylabel=plain(features[1]))
    if len(names) <= MAX_LEGEND_CLASSES:
        handles = axes[0].get_legend_handles_labels()[0]
        figure.legend(
            handles=handles, loc="outside lower center", title="class", ncols=5, markerscale=1.5
        )
    return figure


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[Label], *, ax: Any = None) -> Any:
    """Draw the confusion matrix as a table of counts, with a row for each true class.

    ValueError unless the matrix is square.

    >>> [text.get_text() for text in confusion([[9, 1], [0, 10]], ["cat", "dog"]).texts]
    ['9', '1', '0', '10']
    """
    if not len(matrix) or any(size_of(row) != len(matrix) for row in matrix):
        raise ValueError(
            "confusion takes a square matrix of counts, a list for each true class, "
            f"got {matrix!r:.80}"
        )
    ax = prepared_axes(ax, "Confusion matrix", "predicted class", "true class")
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
    names = [class_name(classes, k) for k in range(len(matrix))]
    slanted = {"rotation": 45, "ha": "right"} if sum(map(len, names)) > 40 else {}
    ax.set_xticks(range(len(names)), names, **slanted)
    ax.set_yticks(range(len(names)), names)
    return ax


def draw_regions(ax: Any, xs: Sequence[float], ys: Sequence[float], scores: Any) -> Any:
    """Tint each class's part of the plane, with a line between them.

    Return the bands of probability of one output; None for several.
    """
    np = need("numpy", "matplotlib")
    white_hatches = partial(need("matplotlib").rc_context, {"hatch.color": "#FFFFFF"})
    ax.set_facecolor("white")  # the tints are for a light page; they are the same on a dark one
    line = {"colors": "#333333", "linewidths": 1.2}
    if len(scores) == 1:
        levels = [i / 10 for i in range(11)]
        surface = 0.5 + 0.5 * np.tanh(scores[0] / 2)  # the sigmoid, without overflow
        bands = ax.contourf(xs, ys, surface, levels, cmap=diverging_colors(), alpha=0.6)
        if surface.max() > 0.5:
            with white_hatches():
                ax.contourf(xs, ys, surface, [0.5, 1.0], colors="none", hatches=[HATCHES[1]])
        if surface.min() < 0.5 < surface.max():
            ax.contour(xs, ys, surface, [0.5], **line)
        return bands
    for k, score in enumerate(scores):
        lead = score - np.delete(scores, k, axis=0).max(axis=0)  # over the best other class
        if lead.max() > 0:
            look = {"colors": [COLORS[k % len(COLORS)]], "hatches": [HATCHES[k % len(HATCHES)]]}
            with white_hatches():
                ax.contourf(xs, ys, lead, [0.0, lead.max()], alpha=0.35, **look)
        if lead.min() < 0 < lead.max():
            ax.contour(xs, ys, lead, [0.0], **line)
    return None


# ---------------------------------------------------------------------------------------- helpers


def _chosen_states(states: Any, epochs: Sequence[int] | None) -> dict[int, Mapping[str, float]]:
    if not isinstance(states, Mapping) or not all(isinstance(s, Mapping) for s in states.values()):
        raise TypeError(
            "states maps epochs to what model.state_dict() gave, such as "
            f"{{0: model.state_dict()}}, got {states!r:.80}"
        )
    wanted = list(states) if epochs is None else list(epochs)
    for epoch in wanted:
        if epoch not in states:
            raise ValueError(f"epoch {epoch!r:.40} is not in states, which has {[*states]!r:.80}")
    if not 1 <= len(wanted) <= MAX_EPOCHS:
        text = "choose some of them, such as epochs=[0, 10, 100]"
        raise ValueError(f"1 to {MAX_EPOCHS} epochs are drawn, got {len(wanted)}: {text}")
    return {epoch: states[epoch] for epoch in wanted}


def _share_right(answers: Sequence[Sequence[float]], y: Sequence[int]) -> float:
    decided = [int(o[0] > 0) if len(o) == 1 else o.index(max(o)) for o in map(list, answers)]
    return sum(k == label for k, label in zip(decided, y, strict=True)) / len(y)
