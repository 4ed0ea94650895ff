"""The pictures: the numbers in them, read back from Matplotlib, and the same bytes each time."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("numpy")

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import nn
from nn import plot
from nn.plot.samples import chosen_samples, class_names, margined

from ..support.pictures import check_bytes, check_refused, few_of

ROOT = Path(__file__).parents[2]
X = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]]
PICTURES = {
    "decision_boundary": lambda: plot.decision_boundary(nn.MLP(2, [3, 1], rng=1), X, [0, 1, 1, 0]),
    "three classes": lambda: plot.decision_boundary(nn.MLP(2, [3, 3], rng=1), X, [0, 1, 2, 0]),
    "loss_curve": lambda: plot.loss_curve({"loss": [3.0, 1.0], "val_accuracy": [0.5, 1.0]}),
    "regression_surface": lambda: plot.regression_surface(lambda x: x[0], X, [0.0, 1.0, 0.0, 1.0]),
    "predicted_against_true": lambda: plot.predicted_against_true([1.0, 2.0], [1.5, 2.0]),
    "confusion": lambda: plot.confusion([[3, 1], [0, 4]], ["cat", "dog"]),
    "gradient_norms": lambda: plot.gradient_norms(after_backward()),
    "regression_1d": lambda: plot.regression_1d(
        {"model": nn.MLP(1, [3, 1], rng=1), "truth": lambda x: x[0]}, [[0.0], [1.0]], [0.0, 1.0]
    ),
    "regression_1d of units": lambda: plot.regression_1d(
        nn.MLP(1, [9, 1], rng=1), [[0.0], [1.0]], [0.0, 1.0], units=True
    ),
    "hidden_space": lambda: plot.hidden_space(by_hand(), XOR, [0, 1, 1, 0]),
    "loss_curve of two orders": lambda: plot.loss_curve({"loss": [3.0, 0.02]}),
}
FIGURES = {
    "activations": lambda: plot.activations(nn.MLP(2, [3, 2, 1], rng=1), X),
    "weights": lambda: plot.weights(nn.MLP(2, [3, 1], rng=1)),
    "activations of 9": lambda: plot.activations(nn.MLP(2, [9, 1], rng=1), X, [0, 1, 1, 0]),
    "boundary_over_time": lambda: plot.boundary_over_time(
        model := nn.MLP(2, [3, 1], rng=1),
        X,
        [0, 1, 1, 0],
        dict.fromkeys(range(5), model.state_dict()),
    ),
    "weights of maxout": lambda: plot.weights(nn.Sequential(nn.Maxout(2, 3, 2, rng=1))),
}
MORE = {
    "loss_curve of all kinds": lambda: plot.loss_curve(
        {
            "loss": [4.0 / i for i in range(1, 18)],
            "val_loss": [5.0 / i for i in range(1, 18)],
            "mine": [2.0 / i for i in range(1, 18)],
        }
    ),
    "decision_boundary of named classes": lambda: plot.decision_boundary(
        nn.MLP(2, [3, 1], rng=1), X, [-1, 1, 1, -1], classes=["no", "a $1"], features=("a", "b")
    ),
    "hidden_space of two layers": lambda: plot.hidden_space(
        nn.MLP(2, [2, 2, 3], rng=1), X, [0, 1, 2, 0], classes=["a", "b", "c"]
    ),
    "activations of dead neurons": lambda: plot.activations(
        nn.MLP(2, [2, 1], init="zeros"), X, [0, 1, 1, 0], features=["a", "b"], resolution=3
    ),
    "weights of wide layers": lambda: plot.weights(nn.MLP(21, [1, 25, 1, 1, 1], rng=1)),
    "boundary_over_time of three classes": lambda: plot.boundary_over_time(
        model := nn.MLP(2, [3, 3], rng=1),
        X,
        [0, 1, 2, 0],
        {2: model.state_dict(), 7: model.state_dict()},
        classes=["a", "b", "c"],
        features=["u", "v"],
    ),
    "predicted_against_true of prices": lambda: plot.predicted_against_true(
        [3.0, 1.0, 2.0], [1.5, 2.0, 1.0], target="price in $"
    ),
    "regression_surface of prices": lambda: plot.regression_surface(
        lambda x: x[0] - x[1], X, [0.0, 1.0, 5.0, 1.0], features=("a", "b"), target="price in $"
    ),
    "regression_1d of 8 units": lambda: plot.regression_1d(
        nn.MLP(1, [8, 1], rng=1), [[0.0], [1.0]], [0.0, 1.0], units=True, feature="t", target="u"
    ),
    "confusion of long names": lambda: plot.confusion(
        [[1, 0, 0]] * 3, ["a" * 30, "b" * 30, "c" * 30]
    ),
    "confusion of 21": lambda: plot.confusion([[i % 2 for i in range(21)]] * 21, [*range(21)]),
}


XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def by_hand() -> nn.MLP:
    """Return a network that solves XOR: relu(x1 + x2), relu(x1 + x2 - 1), and h1 - 2 h2 - 0.5."""
    model = nn.MLP(2, [2, 1], rng=0)
    for parameter, x in zip(model.parameters(), [1, 1, 0, 1, 1, -1, 1, -2, -0.5], strict=True):
        parameter.data = float(x)
    return model


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def after_backward() -> nn.MLP:
    model = nn.MLP(2, [3, 1], "tanh", rng=1)
    model.zero_grad()
    model([0.5, -1.0]).backward()
    return model


@pytest.mark.parametrize("name", PICTURES)
def test_an_axes_has_title_labels_and_a_legend_or_numbers(name: str) -> None:
    ax = PICTURES[name]()
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_legend() or name == "confusion"
    assert plt.fignum_exists(ax.figure.number)  # new figures are pyplot's, which notebooks show


def in_words(figure: Any) -> str:
    """Return what a picture says and how it looks, in lines of text."""
    lines = [f"  {figure.get_size_inches().round(2).tolist()} {figure.get_suptitle()}"]
    lines += [line for legend in figure.legends for line in legend_in_words(legend)]
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        ratios = spec.get_gridspec().get_width_ratios() if spec else None
        cell = (spec.rowspan, spec.colspan) if spec else ""
        lines.append(f"  axes {ax.get_title()!r} of {ratios} {cell}")
        lines.append(f"    {in_hex(ax.get_facecolor())} box {ax.get_box_aspect()}")
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            axis_ticks = [tick.get_text() for tick in axis.get_ticklabels() if tick.get_text()]
            ha = {(tick.get_rotation(), tick.get_ha()) for tick in axis.get_ticklabels()}
            limits = in_short(axis.get_view_interval())
            lines.append(f"    {name} {axis.get_label_text()!r} {limits} {' '.join(axis_ticks)}")
            lines.append(f"      {axis.get_scale()} {sorted(ha)}")
        if legend := ax.get_legend():
            lines += legend_in_words(legend)
        for line in ax.lines:
            style = line.get_color(), line.get_linestyle(), line.get_linewidth(), line.get_marker()
            label = line.get_label() if line.get_label()[:1] != "_" else ""
            lines.append(f"    line {label} {style} {line.get_markevery()}")
            slope = line.get_slope() if isinstance(line, mpl.lines.AxLine) else ""
            lines.append(f"      {in_short(line.get_xdata())} {in_short(line.get_ydata())} {slope}")
        for artist in (*ax.images, *ax.collections):
            lines += patch_in_words(artist)
        for text in ax.texts:
            look = text.get_color(), text.get_ha(), text.get_va(), in_short(text.get_position())
            box = text.get_bbox_patch()
            around = [in_hex(box.get_facecolor()), in_hex(box.get_edgecolor())] if box else ""
            lines.append(f"    text {text.get_text()!r} {look} {around}")
    return "\n".join(line.rstrip() for line in lines)


def in_hex(color: Any) -> str:
    return mpl.colors.to_hex(color, keep_alpha=True)


def in_short(numbers: Any) -> str:
    """Return the first numbers and the last, with three digits."""
    flat = np.ravel(numbers).tolist()
    return " ".join(f"{round(x, 9) + 0.0:.3g}" for x in (*flat[:4], *flat[4:][-4:]))


def legend_in_words(legend: Any) -> list[str]:
    texts = [text.get_text() for text in legend.get_texts()]
    return [f"    legend {legend.get_title().get_text()!r} {texts} {legend.markerscale}"]


def patch_in_words(artist: Any) -> list[str]:
    """Return the look of an image, or of points, lines or regions."""
    numbers = artist.get_array()
    limits = in_short(artist.get_clim()) if numbers is not None else ""
    name = artist.get_cmap().name if limits else ""
    words = f"    {type(artist).__name__} {limits} {artist.get_alpha()} {name}"
    if isinstance(artist, mpl.image.AxesImage):
        return [f"{words} {in_short(artist.get_extent())}", f"      {in_short(numbers)}"]
    colors = [
        [in_hex(color) for color in each[:2]]
        for each in (artist.get_facecolor(), artist.get_edgecolor())
    ]
    looks = [
        *(sorted(set(artist.get_sizes().tolist())) if hasattr(artist, "get_sizes") else ""),
        *getattr(artist, "hatches", []),
    ]
    places = "" if isinstance(artist, mpl.contour.ContourSet) else in_short(artist.get_offsets())
    widths = in_short(artist.get_linewidth()[:1])
    label = artist.get_label() if artist.get_label()[:1] != "_" else ""
    return [f"{words} {label}", f"      {colors} {widths} {looks} {places}"]


@pytest.mark.parametrize("name", PICTURES | FIGURES | MORE)
def test_a_picture_says_and_looks_as_it_did(name: str) -> None:
    made = (PICTURES | FIGURES | MORE)[name]()
    figure = made if hasattr(made, "add_subplot") else made.figure
    figure.draw_without_rendering()
    expected = Path(__file__).with_name("pictures.txt").read_text("utf-8")
    assert f"{name}\n{in_words(figure)}\n\n" in expected


@pytest.mark.parametrize(
    "name", few_of(PICTURES | FIGURES, "three classes", "loss_curve", "weights")
)
def test_files_are_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    check_bytes((PICTURES | FIGURES)[name], tmp_path)


def test_given_axes_are_drawn_into() -> None:
    figure = plot.new_figure()
    ax = figure.subplots()
    assert plot.loss_curve({"loss": [1.0, 0.5]}, ax=ax) is ax
    assert plot.weights(nn.MLP(2, [1], rng=0), figure=(other := plot.new_figure())) is other
    assert not plt.get_fignums()


def test_the_boundary_is_where_the_output_is_0() -> None:
    ax = plot.decision_boundary(lambda x: x[0] - 0.25, X, [0, 1, 0, 1])
    lines = [c for c in ax.collections if len(c.get_paths()) == 1 and not c.get_facecolor().size]
    (line,) = lines
    xs = line.get_paths()[0].vertices[:, 0]
    assert xs == pytest.approx([0.25] * len(xs), abs=1e-3)


def test_each_class_has_its_region_marker_and_name() -> None:
    classes = ["low", "middle", "high"]
    ax = plot.decision_boundary(
        lambda x: [-x[0], 0.1, x[0] - 1], [[-2, 0], [0, 1], [3, 0]], [0, 1, 2], classes=classes
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == classes
    assert ax.get_legend().get_title().get_text() == "class"
    assert len({path.get_offsets().size for path in ax.collections[-3:]}) == 1
    fills = [c for c in ax.collections if getattr(c, "filled", False)]
    regions = [c.get_paths()[0].vertices[:, 0] for c in fills]
    assert len({c.hatches[0] for c in fills}) == 3  # they are told apart in gray too
    for low, high, (at_least, at_most) in zip(
        [-2.5, -0.1, 1.1], [-0.1, 1.1, 3.5], [(r.min(), r.max()) for r in regions], strict=True
    ):
        assert (at_least, at_most) == pytest.approx((low, high), abs=0.02)


def test_no_class_of_many_samples_covers_another_and_no_legend_the_picture() -> None:
    rng = random.Random(1)
    many = [[rng.random(), rng.random()] for _ in range(3000)]
    y = [int(a > b) for a, b in many]
    ax = plot.decision_boundary(lambda x: x[0] - x[1], many, y, classes=["0", "long name " * 9])
    assert ax.get_title() == "Decision boundary (1,000 of 3,000 samples)"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["0", "long name long …"]
    points = [c for c in ax.collections if len(c.get_offsets()) > 1]
    assert sum(len(c.get_offsets()) for c in points) == 1000
    colors = [tuple(c.get_facecolor()[0]) for c in points]
    assert len(set(colors)) == 2
    assert all(a != b for a, b in itertools.pairwise(colors))  # in turn
    ax = plot.decision_boundary(lambda x: [-((x[0] - k / 12) ** 2) for k in range(12)], X, [0] * 4)
    assert ax.get_legend() is None


def test_names_in_a_picture_are_text_in_any_script(tmp_path: Path) -> None:
    ax = plot.decision_boundary(lambda x: x[0], X, [0, 1, 0, 1], classes=["日本", "ελλ"])
    plot.save(ax.figure, tmp_path / "a.svg")
    assert ">日本</text>" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_each_picture_of_a_neuron_has_the_outputs_of_its_layer() -> None:
    model = nn.MLP(2, [3, 1], "tanh", rng=4)
    figure = plot.activations(model, X, resolution=5)
    images = [ax.collections[0] for ax in figure.axes if ax.get_title().startswith("neuron")]
    assert len(images) == 4
    xs = np.linspace(-0.1, 1.1, 5)
    ys = np.linspace(-0.2, 2.2, 5)
    for k in range(3):
        expected = [[model.layers[0]([x, y])[k].data for x in xs] for y in ys]
        assert np.allclose(images[k].get_array().reshape(5, 5), expected)
    output = [[model([x, y]).data for x in xs] for y in ys]
    assert np.allclose(images[3].get_array().reshape(5, 5), output)


@pytest.mark.parametrize(
    "name", few_of([*PICTURES, "boundary_over_time"], "three classes", "boundary_over_time")
)
def test_a_legend_covers_no_data(name: str) -> None:
    made = (PICTURES | FIGURES)[name]()
    figure = getattr(made, "figure", made)
    figure.canvas.draw()
    for legend in filter(None, [*figure.legends, *(ax.get_legend() for ax in figure.axes)]):
        box = legend.get_window_extent()
        assert not any(box.overlaps(ax.get_window_extent()) for ax in figure.axes)
        assert box.y0 >= 0


def test_the_region_of_class_1_is_hatched_up_to_the_boundary() -> None:
    ax = plot.decision_boundary(lambda x: x[0] - 0.25, X, [0, 1, 0, 1])
    hatched = [c for c in ax.collections if getattr(c, "hatches", [None])[0] is not None]
    (region,) = hatched
    assert region.get_paths()[0].vertices[:, 0].min() == pytest.approx(0.25, abs=1e-3)
    ax = plot.decision_boundary(lambda x: -1.0, X, [0, 1, 0, 1])  # no sample is in class 1
    assert len([c for c in ax.collections if hasattr(c, "hatches")]) == 1


def test_panels_of_neurons_are_square_with_the_samples_and_the_dead_named() -> None:
    model = nn.MLP(2, [9, 1], rng=4)
    for j, neuron in enumerate(model.layers[0].neurons):
        neuron.b.data = -100.0 if j in (2, 8) else 1.0
    axes = [
        ax
        for ax in plot.activations(model, X, [0, 1, 1, 0]).axes
        if ax.get_title().startswith("neuron")
    ]
    assert {ax.get_box_aspect() for ax in axes} == {1}
    assert [[t.get_text() for t in ax.texts] for ax in axes].count(["dead"]) == 2
    assert [t.get_text() for t in axes[8].texts] == ["dead"]
    for ax in axes:
        drawn = [c.get_offsets().tolist() for c in ax.collections[1:]]
        assert sorted(drawn[0]) == [X[0], X[3]]
        assert sorted(drawn[1]) == [X[2], X[1]]
    first, ninth = axes[0].get_subplotspec(), axes[8].get_subplotspec()
    assert (first.rowspan.start, ninth.rowspan.start, ninth.colspan.start) == (0, 1, 0)


def test_boundaries_over_time_are_of_the_states_kept_and_leave_the_model_as_it_was() -> None:
    model = nn.MLP(2, [3, 1], "tanh", rng=1)
    states = {0: model.state_dict()}

    def keep(trained: Any, history: nn.History) -> None:
        states[len(history.loss)] = trained.state_dict()

    y = [0, 1, 1, 0]
    nn.fit(model, X, y, optimizer="adam", lr=0.1, epochs=50, callbacks=keep)
    assert len(states) == 51
    last = model.state_dict()
    figure = plot.boundary_over_time(model, X, y, states, epochs=[50, 0], resolution=7)
    assert model.state_dict() == last
    right = {}
    for epoch in (50, 0):
        model.load_state_dict(states[epoch])
        scores = [score for (score,) in plot.outputs(model, X)]
        right[epoch] = sum((s > 0) == t for s, t in zip(scores, y, strict=True)) / 4
    assert [ax.get_title() for ax in figure.axes] == [
        f"epoch {epoch}: {share:.0%} right" for epoch, share in right.items()
    ]
    three = nn.MLP(2, [3], rng=0)
    figure = plot.boundary_over_time(three, X, [0, 1, 2, 0], {7: three.state_dict()})
    assert len(figure.legends[0].get_texts()) == 3
    with pytest.raises(ValueError, match="the state does not fit this model"):
        plot.boundary_over_time(model, X, y, {0: {"a": 1.0}})
    assert model.state_dict() == states[0]


def test_the_hidden_space_of_xor_is_parted_by_a_straight_line() -> None:
    ax = plot.hidden_space(by_hand(), XOR, [0, 1, 1, 0], classes=["same", "other"])
    same, other = [c.get_offsets().tolist() for c in ax.collections if len(c.get_offsets()) > 1]
    assert sorted(same) == [[0.0, 0.0], [2.0, 1.0]]
    assert other == [[1.0, 0.0], [1.0, 0.0]]
    assert [t.get_text() for t in ax.texts] == ["(0, 0)", "(0, 1) and (1, 0)", "(1, 1)"]
    (line,) = [c for c in ax.collections if getattr(c, "filled", True) is False]
    vertices = line.get_paths()[0].vertices
    assert np.allclose(vertices[:, 0] - 2 * vertices[:, 1], 0.5, atol=0.02)
    assert ax.get_ylabel() == "neuron 2 of layer 1"


def test_samples_that_nearly_meet_in_the_hidden_space_share_a_label_and_no_labels_overlap() -> None:
    model = nn.MLP(2, [2, 1], "tanh")
    model.layers[0].set([[-4.0, 4.5], [4.5, -4.0]], [2.0, 2.1])
    for shown, expected in (
        (by_hand(), ["(0, 0)", "(0, 1) and (1, 0)", "(1, 1)"]),
        (model, ["(0, 0) and (1, 1)", "(0, 1)", "(1, 0)"]),
    ):
        ax = plot.hidden_space(shown, XOR, [0, 1, 1, 0])
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.texts]
        assert [text.get_text() for text in ax.texts] == expected
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_the_hidden_space_has_the_scaling_and_the_layer_that_was_asked_for() -> None:
    model = nn.MLP(3, [2, 2, 1], "tanh", rng=0)
    model.metadata = {"scaling": [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]}
    rows = [[3.0, 2.0, 1.0], [0.0, 1.0, 2.0]]
    scaled = [[(x - m) / 2 for x, m in zip(row, (1, 2, 3), strict=True)] for row in rows]
    for layer in (0, 1, None):
        hidden = [[h.data for h in model.layers[0](row)] for row in scaled]
        if layer != 0:
            hidden = [[h.data for h in model.layers[1](row)] for row in hidden]
        ax = plot.hidden_space(model, rows, [0, 1], layer=layer)
        points = [c.get_offsets().tolist()[0] for c in ax.collections[-2:]]
        assert points == [pytest.approx(h) for h in hidden]


def test_a_regression_of_one_feature_is_the_sum_of_its_units() -> None:
    model = nn.MLP(1, [3, 1], "tanh", rng=4)
    model.metadata = {"scaling": [[5.0], [2.0]], "target_scaling": [[50.0], [3.0]], "loss": "mse"}
    X1 = [[1.0], [9.0]]
    ax = plot.regression_1d(model, X1, [49.0, 51.0], units=True, resolution=5)
    curves = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert list(ax.lines[0].get_xdata()) == pytest.approx([0.2, 2.6, 5.0, 7.4, 9.8])
    assert curves["prediction"] == pytest.approx(
        model.predict([[x] for x in ax.lines[0].get_xdata()])
    )
    parts = [curves[name] for name in ("unit 1", "unit 2", "unit 3", "bias")]
    assert np.sum(parts, axis=0) == pytest.approx(curves["prediction"])
    w = model.layers[1].neurons[0].w[2].data
    h = [model.layers[0]([(x - 5.0) / 2.0])[2].data for x in ax.lines[0].get_xdata()]
    assert curves["unit 3"] == pytest.approx([3.0 * w * x for x in h])
    assert sorted(ax.collections[0].get_offsets().tolist()) == [[1.0, 49.0], [9.0, 51.0]]


def test_models_of_one_feature_are_compared_by_name_and_many_units_share_one() -> None:
    models = {"a": nn.MLP(1, [3, 1]), "truth": lambda x: math.sin(x[0])}
    ax = plot.regression_1d(models, [[0.0], [1.0]], [0.0, 1.0])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["samples", "a", "truth"]
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 2
    ax = plot.regression_1d(nn.MLP(1, [9, 1]), [[0.0], [1.0]], [0.0, 1.0], units=True)
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert texts == ["samples", "prediction", "units", "bias"]
    assert len(ax.lines) == 11


def test_a_loss_over_two_orders_has_a_logarithmic_axis_unless_it_is_told() -> None:
    wide = {"loss": [2.0, 0.01], "accuracy": [0.0, 1.0]}
    assert plot.loss_curve(wide).get_yscale() == "log"
    assert plot.loss_curve(wide, log=False).get_yscale() == "linear"
    assert plot.loss_curve({"loss": [2.0, 0.5]}).get_yscale() == "linear"
    assert plot.loss_curve({"loss": [2.0, 0.5]}, log=True).get_yscale() == "log"
    assert plot.loss_curve({"loss": [2.0, 0.0]}).get_yscale() == "linear"
    assert plot.loss_curve({"loss": [math.nan, 2.0, 1.0]}).get_yscale() == "linear"


def test_gradient_norms_are_one_number_for_each_layer() -> None:
    model = after_backward()
    expected = [math.hypot(*(p.grad for p in layer.parameters())) for layer in model.layers]
    ax = plot.gradient_norms({"tanh": model, "also": model})
    assert [list(line.get_ydata()) for line in ax.lines] == [expected, expected]


def test_the_map_of_weights_has_a_row_for_each_neuron_and_the_bias_last() -> None:
    model = nn.MLP(2, [3, 1], rng=4)
    model.layers[0].neurons[2].b.data = 0.5
    table = plot.weights(model).axes[0].images[0].get_array()
    assert table.shape == (3, 3)
    assert table[2].tolist() == [*(w.data for w in model.layers[0].neurons[2].w), 0.5]


def test_the_map_of_weights_sets_the_bias_apart() -> None:
    model = nn.Sequential(nn.Embedding(3, 2, rng=0), nn.Maxout(2, 2, 2, rng=0), nn.Neuron(9))
    axes = plot.weights(model).axes[:3]
    ticks = [[tick.get_text() for tick in ax.get_xticklabels()] for ax in axes]
    assert ticks == [["1", "2"], ["1", "2", "bias"], ["1", "3", "5", "7", "bias"]]
    shapes = [ax.images[0].get_array().shape for ax in axes]
    assert shapes == [(3, 2), (4, 3), (1, 10)]  # a row for each symbol, each piece, each neuron
    assert [[list(line.get_xdata()) for line in ax.lines] for ax in axes] == [
        [],
        [[2.5, 2.5]],
        [[9.5, 9.5]],
    ]


def test_history_draws_itself_by_its_curves() -> None:
    model = nn.MLP(2, [1], rng=0)
    history = nn.fit(model, X, [0, 1, 1, 0], epochs=3, validation=(X, [0, 1, 1, 0]))
    ax = plot.loss_curve(history)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["loss", "accuracy", "validation loss", "validation accuracy"]
    assert list(ax.lines[0].get_ydata()) == history.loss
    given = plt.figure().add_subplot()
    assert history.plot(given) is given


def test_histories_are_drawn_one_after_another_with_the_seam_marked() -> None:
    model = nn.MLP(2, [1], rng=0)
    first = nn.fit(model, X, [0, 1, 1, 0], epochs=3)
    second = nn.fit(model, X, [0, 1, 1, 0], epochs=4, validation=(X, [0, 1, 1, 0]))
    third = nn.fit(model, X, [0, 1, 1, 0], epochs=1)
    for history, seams in [
        ([first, second, third], [3, 7]),
        ((first + second, third), [3, 7]),
        (first + second, [3]),
        ([first], []),
    ]:
        ax = plot.loss_curve(history)
        lines = [line for line in ax.lines if line.get_linestyle() == ":"]
        assert [list(line.get_xdata()) for line in lines] == [[x + 0.5] * 2 for x in seams]
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels.count("next run") == bool(seams)
    ax = plot.loss_curve([first, second])
    loss, val_loss = ax.lines[:2]
    assert list(loss.get_xdata()) == list(range(1, 8))
    assert list(loss.get_ydata()) == first.loss + second.loss
    assert list(val_loss.get_ydata())[3:] == second.val_loss
    assert ax.get_ylim()[0] == 0.0


def test_only_losses_and_accuracies_are_drawn_of_a_history_as_a_dictionary() -> None:
    history = nn.fit(nn.MLP(2, [1], rng=0), X, [0, 1, 1, 0], epochs=3)
    ax = plot.loss_curve(history.as_dict() | {"val_loss": []})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss", "accuracy"]
    assert plot.loss_curve({"loss": [1.0, -0.5]}).get_ylim()[0] < 0.0


def test_runs_that_are_compared_differ_by_color_and_marker_and_have_their_names() -> None:
    runs = {
        f"lr {lr}": nn.fit(
            nn.MLP(2, [1], rng=0), X, [0, 1, 1, 0], epochs=20, lr=lr, validation=(X, [0, 1, 1, 0])
        )
        for lr in (0.1, 0.5, 2.0)
    }
    ax = plot.loss_curve(runs)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [f"{kind}lr {lr}" for lr in (0.1, 0.5, 2.0) for kind in ("", "validation ")]
    assert [list(line.get_ydata()) for line in ax.lines[::2]] == [run.loss for run in runs.values()]
    assert len({(line.get_color(), line.get_marker()) for line in ax.lines}) == 3
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"] * 3
    with pytest.raises(TypeError, match=r"each run must be what nn.fit returns, got .* for 'b'"):
        plot.loss_curve({"a": runs["lr 0.1"], "b": [1.0]})


def test_layers_neurons_and_inputs_count_from_1_and_paths_as_python_does() -> None:
    model = nn.MLP(2, [3, 2, 1], rng=0)
    figure = plot.weights(model)
    titles = [ax.get_title() for ax in figure.axes[:3]]
    assert titles == ["layer 1\nlayers.0", "layer 2\nlayers.1", "layer 3\nlayers.2"]
    first = figure.axes[0]
    assert [tick.get_text() for tick in first.get_xticklabels()] == ["1", "2", "bias"]
    assert first.images[0].get_extent() == [0.5, 3.5, 3.5, 0.5]
    panels = plot.activations(model, X).axes
    assert panels[0].get_title() == "neuron 1"
    assert panels[0].get_ylabel().startswith("layer 1\n")
    model([1.0, 2.0]).backward()
    assert list(plot.gradient_norms(model).lines[0].get_xdata()) == [1, 2, 3]
    assert nn.trace(model, [1.0, 2.0])[0].title.startswith("layer 1:")


@pytest.mark.parametrize("bad", [[1, 2, 3], [], 3.0, None, "loss", [nn.History("mse", [1.0]), 2]])
def test_a_loss_curve_says_what_it_takes(bad: object) -> None:
    with pytest.raises(TypeError, match=r"loss_curve takes what nn.fit returns, .* got ") as caught:
        plot.loss_curve(bad)
    assert str(caught.value).endswith(repr(bad)[:80])
    assert not plt.get_fignums()  # no empty figure is left
    with pytest.raises(ValueError, match="loss_curve got no numbers: the history has no epoch"):
        plot.loss_curve(nn.History("mse"))


@pytest.mark.parametrize("bad", [[[1.0]], [[1.0, 2.0, 3.0]], []])
def test_a_plane_needs_two_features(bad: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"samples of 2 features, got (\d features?|no samples)"):
        plot.decision_boundary(lambda x: x[0], bad, [0] * len(bad))


def estimator() -> object:
    pytest.importorskip("sklearn")
    return nn.MLPClassifier()


MODEL = nn.MLP(2, [3, 1], rng=1)
MISTAKES = {
    "y is short": (
        lambda: plot.decision_boundary(MODEL, X, [0, 1]),
        "X has 4 samples, but y has 2",
    ),
    "y is a number": (lambda: plot.decision_boundary(MODEL, X, 1), "X has 4 samples, but y has 1:"),
    "y is short too": (
        lambda: plot.regression_surface(MODEL, X, [0.5]),
        "but y has 1: it takes on",
    ),
    "y has names": (
        lambda: plot.decision_boundary(MODEL, X, ["a", "b", "a", "b"]),
        "y holds class numbers 0 to 1 for this model, got 'a' in sample 0; give their names as cla",
    ),
    "no such class": (lambda: plot.decision_boundary(MODEL, X, [0, 1, 2, 0]), "got 2 in sample 2"),
    "-1 of three": (
        lambda: plot.decision_boundary(nn.MLP(2, [3]), X, [0, 1, -1, 0]),
        "class numbers 0 to 2 for this model, got -1 in sample 2",
    ),
    "swapped": (
        lambda: plot.decision_boundary(X, MODEL, [0, 1, 1, 0]),
        r"the model must be called with one sample, as model\(x\), got \[\[0.0, 0.0\]",
    ),
    "a class": (
        lambda: plot.regression_surface(nn.MLP, X, [0] * 4),
        "must be called with one sampl",
    ),
    "an estimator": (
        lambda: plot.decision_boundary(estimator(), X, [0, 1, 1, 0]),
        "got MLPClassifier.*; draw the network of an estimator, its model_",
    ),
    "no rows": (lambda: plot.decision_boundary(MODEL, [1.0, 2.0], [0, 1]), "sample 0 is 1.0"),
    "X is a number": (lambda: plot.decision_boundary(MODEL, 1.0, [0]), "got no samples"),
    "nan": (
        lambda: plot.decision_boundary(MODEL, [[math.nan, 1.0]], [0]),
        "feature 0 of sample 0 must be finite, got nan",
    ),
    "resolution": (
        lambda: plot.decision_boundary(MODEL, X, [0] * 4, resolution=1),
        "resolution must be at least 2, got 1",
    ),
    "no layers": (
        lambda: plot.activations(abs, X),
        "activations takes a model with layers, .* got",
    ),
    "y of neurons is short": (
        lambda: plot.activations(MODEL, X, [0, 1]),
        "X has 4 samples, but y has 2: it takes one for each",
    ),
    "3 features": (lambda: plot.activations(nn.MLP(3, [1]), [[1, 2, 3]]), "2 features, got 3 feat"),
    "lengths": (
        lambda: plot.predicted_against_true([1.0, 2.0], [1.0]),
        "one prediction for each true number, got 1 for 2",
    ),
    "nothing": (lambda: plot.predicted_against_true([], []), "got 0 for 0"),
    "flat": (
        lambda: plot.confusion([1, 2], ["a", "b"]),
        "a square matrix of counts, a list for eac",
    ),
    "not square": (
        lambda: plot.confusion([[1, 2]], ["a", "b"]),
        r"square matrix .* got \[\[1, 2\]\]",
    ),
    "empty": (lambda: plot.confusion([], []), r"square matrix .* got \[\]"),
    "no model": (
        lambda: plot.weights(abs),
        "a model with parameters is drawn, such as an MLP, got",
    ),
    "models": (
        lambda: plot.gradient_norms([MODEL]),
        "a model with parameters is drawn, such as an",
    ),
    "bare": (lambda: plot.weights(nn.Module()), r"a model with parameters is drawn, .*Module\(\)"),
    "ax": (
        lambda: plot.loss_curve({"loss": [1.0]}, "loss"),
        "ax must be axes of Matplotlib, .* got 'l",
    ),
    "one feature": (
        lambda: plot.regression_1d(MODEL, X, [0] * 4),
        "a curve is drawn for samples of 1 feature, got 2 features",
    ),
    "units of two": (
        lambda: plot.regression_1d({"a": abs, "b": abs}, [[0.0]], [1.0], units=True),
        "units are drawn of one model, got 2",
    ),
    "no units": (
        lambda: plot.regression_1d(lambda x: x[0], [[0.0]], [1.0], units=True),
        r"last layer is one linear neuron, such as MLP\(1, \[8, 1\]\), got <function",
    ),
    "no hidden layer": (
        lambda: plot.regression_1d(nn.MLP(1, [1]), [[0.0]], [1.0], units=True),
        "units are drawn of a model whose last layer is one linear neuron",
    ),
    "two outputs": (
        lambda: plot.regression_1d(nn.MLP(1, [3, 2]), [[0.0]], [1.0], units=True),
        "units are drawn of a model whose last layer is one linear neuron",
    ),
    "no pair": (
        lambda: plot.hidden_space(MODEL, XOR, [0, 1, 1, 0]),
        r"it must be a hidden layer of 2 neurons, but the layers have \[3, 1\]",
    ),
    "not hidden": (
        lambda: plot.hidden_space(nn.MLP(2, [2, 2]), XOR, [0, 1, 1, 0], layer=1),
        r"model.layers\[1\] must be a hidden layer of 2 neurons, but the layers have \[2, 2\]",
    ),
    "hidden": (
        lambda: plot.hidden_space(abs, X, [0] * 4),
        "hidden_space takes a model with layers",
    ),
    "a list of states": (
        lambda: plot.boundary_over_time(MODEL, X, [0] * 4, [MODEL.state_dict()]),
        "states maps epochs to what model.state_dict.. gave, such as .*, got ",
    ),
    "unknown epoch": (
        lambda: plot.boundary_over_time(MODEL, X, [0] * 4, {0: MODEL.state_dict()}, epochs=[7]),
        r"epoch 7 is not in states, which has \[0\]",
    ),
    "13 epochs": (
        lambda: plot.boundary_over_time(
            MODEL, X, [0] * 4, dict.fromkeys(range(13), MODEL.state_dict())
        ),
        r"1 to 12 epochs are drawn, got 13: choose some of them, such as epochs=\[0, 10, 100\]",
    ),
    "no epochs": (lambda: plot.boundary_over_time(MODEL, X, [0] * 4, {}), "drawn, got 0"),
    "no figure": (
        lambda: plot.save(plot.new_figure().subplots(), "a.svg"),
        "save takes a figure, such as ax.figure, got",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_wrong_call_is_one_sentence_and_leaves_no_empty_figure(case: str) -> None:
    check_refused(*MISTAKES[case])


def test_targets_of_hinge_are_drawn_as_classes_0_and_1() -> None:
    ax = plot.decision_boundary(MODEL, X, [-1, 1, 1, -1])
    drawn = [len(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) > 1]
    assert drawn == [2, 2]


def test_a_model_with_a_scaling_is_drawn_over_the_features_as_they_are() -> None:
    plain = nn.MLP(2, [3, 1], "tanh", rng=1)
    scaled = nn.MLP(2, [3, 1], "tanh", rng=1)
    scaled.metadata = {"scaling": [[10.0, 100.0], [2.0, 20.0]]}
    raw = [[10.0 + 2 * a, 100.0 + 20 * b] for a, b in X]
    images = [
        [ax.collections[0].get_array() for ax in plot.activations(model, rows).axes[:3]]
        for model, rows in ((plain, X), (scaled, raw))
    ]
    assert all(np.allclose(a, b) for a, b in zip(*images, strict=True))
    boundaries = [
        plot.decision_boundary(model, rows, [0, 1, 0, 1]).collections[1].get_paths()[0].vertices
        for model, rows in ((plain, X), (scaled, raw))
    ]
    assert len(boundaries[0]) > 5
    assert np.allclose(boundaries[0] * [2.0, 20.0] + [10.0, 100.0], boundaries[1])
    line = nn.MLP(2, [1], init="zeros")
    line.metadata = {"target_scaling": [[50.0], [3.0]]}
    ax = plot.regression_surface(line, X, [49.0, 50.0, 51.0, 52.0])
    low, high = ax.collections[0].get_clim()
    assert (low, high) == (49.0, 52.0)  # not 0, the output of the line


def test_importing_nn_imports_no_extra() -> None:
    code = (
        "import sys, nn, nn.plot, nn.datasets, nn.app.command_line\n"
        "extras = {'numpy', 'sklearn', 'matplotlib', 'tqdm', 'graphviz', 'pygraphviz'}\n"
        "assert not extras & set(sys.modules), extras & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_curves_of_two_losses_differ_by_markers_and_accuracy_by_its_axis() -> None:
    three = [3.0, 2.0, 1.0]
    first, second = plot.loss_curve({"a": three, "b": three}).get_lines()
    assert (first.get_marker(), second.get_marker() in ("None", "")) == ("None", False)
    ax = plot.loss_curve({"loss": three, "accuracy": [0.1, 0.2, 0.3]})
    right = next(other for other in ax.figure.axes if other is not ax)
    assert [line.get_marker() for line in (*ax.get_lines(), *right.get_lines())] == ["None"] * 2


def test_dead_is_black_on_its_white_box_where_other_text_is_white() -> None:
    model = nn.MLP(2, [2, 1], rng=4)
    for neuron in model.layers[0].neurons:
        neuron.b.data = -100.0
    with mpl.rc_context({"text.color": "white"}):
        figure = plot.activations(model, X, [0, 1, 1, 0])
    texts = [text for ax in figure.axes for text in ax.texts]
    assert [(text.get_text(), text.get_color()) for text in texts] == [("dead", "black")] * 2


def test_more_samples_have_smaller_markers_and_at_most_1000_are_drawn() -> None:
    ax = plot.new_figure().subplots()
    for count, look in {
        20: {"s": 70, "linewidths": 0.6},
        21: {"s": 28, "linewidths": 0.6},
        250: {"s": 28, "linewidths": 0.6},
        251: {"s": 12, "linewidths": 0.3, "alpha": 0.6},
        1000: {"s": 12, "linewidths": 0.3, "alpha": 0.6},
    }.items():
        rows = [[float(i), 0.0] for i in range(count)]
        X, y, style = chosen_samples(ax, rows, list(range(count)))
        assert style == {"edgecolors": "white", **look}
        assert sorted(y) == list(range(count))
        assert [rows[i] for i in y] == X
        assert rows != X  # in random order
        assert ax.get_title() == ""
    drawn = chosen_samples(ax, [[0.0, 0.0]] * 1001, [0] * 1001)
    assert [len(each) for each in drawn[:2]] == [1000, 1000]
    assert ax.get_title() == " (1,000 of 1,001 samples)"


def test_at_most_10_classes_have_a_legend() -> None:
    for count in (10, 11):
        model = nn.MLP(2, [count], rng=0)
        ax = plot.decision_boundary(model, X, [0] * 4, resolution=2)
        figure = plot.boundary_over_time(model, X, [0] * 4, {0: model.state_dict()}, resolution=2)
        assert [ax.get_legend() is not None, bool(figure.legends)] == [count == 10] * 2


def test_names_of_classes_are_at_most_16_characters_long() -> None:
    names = ["a" * 16, "b" * 17, "$x$"]
    assert class_names(names, 4) == ["a" * 16, "b" * 15 + "…", r"\$x\$", "3"]
    assert class_names((), 1) == ["0", "1"]


def test_a_margin_is_a_tenth_of_the_range_or_1_around_a_single_number() -> None:
    assert margined([0.0, 10.0], 2) == [-1.0, 11.0]
    assert margined([5.0, 5.0], 3) == [4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("numbers", "is_log"),
    [([1.0, 100.0], False), ([1.0, 101.0], True), ([0.0, 101.0], False), ([math.nan], False)],
)
def test_an_axis_is_logarithmic_above_a_ratio_of_100(numbers: list[float], is_log: bool) -> None:
    assert plot.loss_curve({"loss": numbers}).get_yscale() == ("log" if is_log else "linear")


def test_numbers_of_a_confusion_matrix_are_read_on_their_cells_and_long_names_are_slanted() -> None:
    texts = plot.confusion([[10, 6], [7, 0]], ["a", "b"]).texts
    assert [text.get_color() for text in texts] == ["white", "black", "white", "black"]
    assert plot.confusion([[0]], ["a"]).images[0].get_clim() == (0, 1)
    assert len(plot.confusion([[1] * 20] * 20, []).texts) == 400
    assert len(plot.confusion([[1] * 21] * 21, []).texts) == 0
    for size, angle in ((13, 0.0), (14, 45.0)):  # 39 and 42 characters
        labels = plot.confusion(
            [[1, 0, 0]] * 3, [letter * size for letter in "abc"]
        ).get_xticklabels()
        assert {label.get_rotation() for label in labels} == {angle}
    labels = plot.confusion([[1, 0]] * 2, ["a" * 16, "b" * 16]).get_xticklabels()
    assert {label.get_rotation() for label in labels} == {0.0}


def test_at_most_8_samples_are_named_in_the_hidden_space() -> None:
    for count in (8, 9):
        rows = [[float(i), 0.0] for i in range(count)]
        assert bool(plot.hidden_space(by_hand(), rows, [0] * count).texts) == (count == 8)


def test_the_share_of_right_answers_counts_an_output_of_0_as_class_0() -> None:
    model = nn.MLP(2, [1], init="zeros")
    figure = plot.boundary_over_time(model, X, [0, 0, 0, 1], {0: model.state_dict()})
    assert figure.axes[0].get_title() == "epoch 0: 75% right"
