"""The pictures: the numbers in them, read back from Matplotlib, and the same bytes each time."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("numpy")

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import nn
from nn import plot

from ..support.notebooks import assert_reproduces

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
}
FIGURES = {
    "activations": lambda: plot.activations(nn.MLP(2, [3, 2, 1], rng=1), X),
    "weights": lambda: plot.weights(nn.MLP(2, [3, 1], rng=1)),
    "weights of maxout": lambda: plot.weights(nn.Sequential(nn.Maxout(2, 3, 2, rng=1))),
}


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


@pytest.mark.parametrize("name", PICTURES | FIGURES)
def test_files_are_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    for file in ("a.svg", "b.svg"):
        made = (PICTURES | FIGURES)[name]()
        plot.save(getattr(made, "figure", made), tmp_path / file)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()


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
    assert len({path.get_offsets().size for path in ax.collections[-3:]}) == 1
    regions = [c.get_paths()[0].vertices[:, 0] for c in ax.collections[:3]]
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


def test_history_draws_itself_by_its_curves() -> None:
    model = nn.MLP(2, [1], rng=0)
    history = nn.fit(model, X, [0, 1, 1, 0], epochs=3, validation=(X, [0, 1, 1, 0]))
    ax = plot.loss_curve(history)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["loss", "accuracy", "validation loss", "validation accuracy"]
    assert list(ax.lines[0].get_ydata()) == history.loss


@pytest.mark.parametrize("bad", [[[1.0]], [[1.0, 2.0, 3.0]], []])
def test_a_plane_needs_two_features(bad: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"samples of 2 features, got (\d features|no samples)"):
        plot.decision_boundary(lambda x: x[0], bad, [0] * len(bad))


def test_importing_nn_imports_no_extra() -> None:
    code = (
        "import sys, nn, nn.plot, nn.datasets, nn.app.command_line\n"
        "extras = {'numpy', 'sklearn', 'matplotlib', 'tqdm', 'graphviz', 'pygraphviz'}\n"
        "assert not extras & set(sys.modules), extras & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.slow
def test_the_notebook_gives_what_it_shows() -> None:
    pytest.importorskip("sklearn")
    assert_reproduces("classify_moons.ipynb")
