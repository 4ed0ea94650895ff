"""What a page starts with: its settings, its picture for readers without JavaScript, its limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nn
from nn import Playground
from nn.datasets import spiral
from nn.playground.page_data import (
    MAX_BYTES,
    data_settings,
    loss_for,
    network_settings,
    page_seed,
    training_settings,
)
from nn.playground.still_picture import still_picture
from nn.playground.template import page_text

SQUARE = [[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]]
BOX = [[0.0, 1.0, 0.0], [0.0, 3.0, 2.0], [4.0, 5.0, 0.0], [4.0, 7.0, 2.0]]


def one_layer(*rows: list[float], **metadata: Any) -> nn.MLP:
    """Return a model of one layer; each row has its weights, then its bias."""
    model = nn.MLP(len(rows[0]) - 1, [len(rows)], rng=0)
    model.layers[0].set([row[:-1] for row in rows], [row[-1] for row in rows])
    model.metadata = metadata
    return model


PAGES: dict[str, Callable[[], Playground]] = {
    "two classes": lambda: Playground(SQUARE, [0, 1, 0, 1], model=one_layer([0.0, 1.0, -0.5])),
    "numbers": lambda: Playground(SQUARE, [0.5, 1.5, 0.0, 4.0], model=one_layer([0.0, 1.0, -0.5])),
    "the same number": lambda: Playground(
        SQUARE, [0.5] * 4, loss="mse", model=one_layer([0.0, 1.0, -0.5])
    ),
    "targets from -1 to 1": lambda: Playground(
        SQUARE, [-1, 1, -1, 1], loss="hinge", optimizer="adam", batch_size=2, seed=3, hidden=[]
    ),
    "three classes, standardized": lambda: Playground(
        BOX,
        ["no", "yes", "maybe", "no"],
        lr=0.5,
        model=one_layer(
            [0.0, 1.0, 0.0, 0.0],
            [0.0, -1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.25],
            scaling=[[2.0, 4.0, 1.0], [2.0, 2.0, 1.0]],
            classes=["no", "maybe", "yes"],
            features=["a", "b", "c"],
            target="answer",
            loss="cross_entropy",
        ),
    ),
    "numbers, standardized": lambda: Playground(
        SQUARE,
        [10.5, 30.0, 20.0, 40.0],
        model=one_layer([0.0, 1.0, 0.0], target_scaling=[[25.0], [5.0]], target="price"),
    ),
    "one feature": lambda: Playground(
        [[1.0], [2.0], [4.0]], [1.5, 2.5, 9.0], model=one_layer([1.0, 0.0])
    ),
    "a feature that is the same": lambda: Playground(
        [[1.0, 5.0], [2.0, 5.0]], ["a", "b"], model=one_layer([0.0, 1.0, -5.0])
    ),
    "probabilities": lambda: Playground(
        SQUARE, [True, False, True, False], loss="bce", hidden=[2], activation="relu", seed=1
    ),
}


def in_text(page: Playground) -> str:
    """Return the settings and the picture, a line for each part."""
    settings = [f"{name}: {json.dumps(part)}" for name, part in page.settings.items()]
    return "\n".join([*settings, still_picture(page.settings).replace("><", ">\n<")])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_starts_with_these_settings_and_this_picture(name: str) -> None:
    stored = Path(__file__).with_name("page_starts.txt").read_text("utf-8")
    assert f"{name}\n{in_text(PAGES[name]())}\n\n" in stored


def test_the_picture_of_a_drawn_set_has_its_points() -> None:
    training = {"loss": "bce_with_logits"}
    network = {"hidden": [], "activation": "tanh", "weights": [0.0, 0.0, 0.0]}
    settings = {"network": network, "training": training}
    for options in ({"samples": 6, "noise": 0.0}, {"samples": 8, "noise": 0.5, "seed": 3}, {}):
        picture = still_picture({**settings, "data": {"kind": "spiral", **options}})
        dots = re.findall(r"M(\S+) (\S+)h0", picture)
        X = spiral(**options).X
        low, high = min(x for x, _ in X), max(x for x, _ in X)
        margin = 0.08 * (high - low)
        expected = [(x - low + margin) / (high - low + 2 * margin) * 320 for x, _ in X]
        found = sorted(float(left) for left, _ in dots)
        assert found == pytest.approx(sorted(expected), rel=1e-3)
    assert still_picture(settings).count("h0") == 200  # moons


def test_the_picture_has_at_most_500_points_on_the_axes_that_are_shown() -> None:
    rows = [[float(i), 1.0, float(-i)] for i in range(501)]
    settings = Playground(rows, [0, 1] * 250 + [0], hidden=[]).settings
    assert still_picture(settings).count("h0") == 500
    settings["data"]["shown"] = [0, 2]
    settings["data"]["points"] = settings["data"]["points"][:3]
    dots = re.findall(r"M(\S+) (\S+)h0", still_picture(settings))
    assert sorted(dots) == sorted(
        [("22.07", "22.07"), ("160", "160"), ("297.9", "297.9")]
    )  # both axes


def test_points_to_test_with_are_marked_and_their_labels_are_classes_too() -> None:
    found = data_settings([[0, 1], [2, 3]], ["b", "a"], held_out=([[4, 5]], ["c"]))
    assert found["points"] == [[0.0, 1.0, 1.0, 0], [2.0, 3.0, 0.0, 0], [4.0, 5.0, 2.0, 1]]
    assert found["classes"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([2, 1.0, 2], ["1", "2"]),
        ([0.5, 1, 2], []),
        (["b", 1, "a"], ["1", "a", "b"]),
        ([float(i) for i in range(10)], [str(i) for i in range(10)]),
        ([float(i) for i in range(11)], []),
        ([[3], (4,), [3]], ["3", "4"]),
    ],
)
def test_targets_are_classes_if_they_are_few_whole_numbers_or_texts(
    y: list[Any], classes: list[str]
) -> None:
    assert data_settings([[i, 0] for i in range(len(y))], y)["classes"] == classes


LIMIT_CASES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {  # at the limit, and beyond
    "classes": (
        lambda: data_settings([[i, 0] for i in range(10)], list("abcdefghij")),
        lambda: data_settings([[i, 0] for i in range(11)], list("abcdefghijk")),
    ),
    "features": (
        lambda: data_settings([[0] * 64, [1] * 64], [0, 1]),
        lambda: data_settings([[0] * 65, [1] * 65], [0, 1]),
    ),
    "points": (
        lambda: data_settings([[0, 1]] * 2000, [0, 1] * 1000),
        lambda: data_settings([[0, 1]] * 2001, [0, 1] * 1000 + [0]),
    ),
    "number": (
        lambda: data_settings([[0, -1e9], [1, 1e9]], [0, 1]),
        lambda: data_settings([[0, -1e9 - 1], [1, 1e9]], [0, 1]),
    ),
    "layers": (
        lambda: network_settings([1] * 8, "tanh", 0),
        lambda: network_settings([1] * 9, "tanh", 0),
    ),
    "units": (lambda: network_settings([32], "tanh", 0), lambda: network_settings([33], "tanh", 0)),
    "seed": (lambda: page_seed(2**53 - 1), lambda: page_seed(2**53)),
    "first seed": (lambda: page_seed(0), lambda: page_seed(-1)),
    "minLearningRate": (lambda: training(1e-9), lambda: training(0.999e-9)),
    "maxLearningRate": (lambda: training(1e4), lambda: training(1.001e4)),
}


def training(lr: float) -> Any:
    return training_settings(nn.mse, "sgd", lr, None, 0)


@pytest.mark.parametrize("case", LIMIT_CASES)
def test_a_limit_is_taken_and_what_is_beyond_is_refused(case: str) -> None:
    at, beyond = LIMIT_CASES[case]
    at()
    with pytest.raises(ValueError, match=r"the page|in the page"):
        beyond()


def test_the_points_of_a_page_take_at_most_80_kilobytes() -> None:
    points = [[0.1234567] * 40 + [1000.0 + i, float(i % 2), 0] for i in range(300)]
    bytes_each = len(json.dumps(points[:2])) - len(json.dumps(points[:1]))
    fitting = (MAX_BYTES + len(", []")) // bytes_each
    X, y = [point[:-2] for point in points], [i % 2 for i in range(300)]
    assert len(data_settings(X[:fitting], y[:fitting])["points"]) == fitting
    with pytest.raises(ValueError, match=r"the points take 80,\d+ bytes of a page, at most 80,000"):
        data_settings(X[: fitting + 1], y[: fitting + 1])


def test_the_training_of_a_page_has_its_defaults() -> None:
    assert training_settings(nn.mse, "adam", None, 3000, 5) == {
        "loss": "mse",
        "optimizer": "adam",
        "lr": 0.01,
        "batch_size": 2000,
        "seed": 5,
    }
    assert [loss_for(None, count).name for count in (0, 2, 3)] == [
        "mse",
        "bce_with_logits",
        "cross_entropy",
    ]
    assert loss_for(nn.mae, 0) is loss_for("mae", 0) is nn.mae
    for wrong in ("x", 3):
        with pytest.raises(ValueError, match=rf"^unknown loss {wrong!r}: it is mse, mae, "):
            loss_for(wrong, 0)


def test_the_body_of_a_page_has_its_picture_its_links_and_its_note_only_if_there_are_any() -> None:
    whole = page_text("T", {}, "", "<svg></svg>", {"a < b": "x&y.svg"}, "1 < 2")
    assert '<section class="still" data-still><svg></svg></section>' in whole
    assert '<ul class="links"><li><a href="x&amp;y.svg">a &lt; b</a></li></ul>' in whole
    assert '<p class="quiet-text" id="note">1 &lt; 2</p>' in whole
    bare = page_text("T", {}, "")
    assert not re.search(r'<section class="still"|<ul class="links"|id="note">|XX', bare)


def test_a_playground_tells_its_size_also_of_what_the_page_draws() -> None:
    assert repr(Playground()) == (
        "Playground of 200 points, 2 classes: 2 -> 4 -> 4 -> 1, tanh, bce_with_logits, sgd"
    )
    numbers = Playground(SQUARE, [0.5, 1, 2, 3], hidden=[3], loss="gaussian_nll")
    assert repr(numbers) == (
        "Playground of 4 points, numbers to predict: 2 -> 3 -> 2, tanh, gaussian_nll, sgd"
    )
    assert (numbers.title, numbers.links, numbers.note) == ("Playground", {}, "")
    other = Playground.of(numbers.settings)
    assert (other.title, other.links, other.note) == ("Playground", {}, "")
