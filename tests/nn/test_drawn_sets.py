"""Data sets that are drawn: the same points everywhere, with their names and defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from nn import datasets
from nn.datasets import Dataset, Scaling, load

# of each set: its first and last of four samples, with noise 0.25 and seed 1; its default noise
POINTS: dict[str, tuple[Any, Any, float]] = {
    "moons": (([1.156284107, 0.06212239], 0), ([0.14057996, 0.182568711], 1), 0.1),
    "circles": (([0.908363691, 0.399892618], 0), ([0.628707009, -0.139906636], 1), 0.1),
    "xor": (([-0.885326791, -0.321728494], 0), ([0.642734818, -0.654760751], 1), 0.0),
    "spiral": (([-0.031507202, 0.715914793], 0), ([0.744474207, -0.359207361], 1), 0.03),
    "gaussians": (([1.322046188, 1.362361402], 0), ([-1.255525793, -1.359207361], 1), 0.5),
    "plane": (
        ([-0.731271512, 0.694867474], -0.367253823),
        ([0.671530208, -0.134465864], 0.637640927),
        0.1,
    ),
    "curve": (([-0.731271512], 0.029241633), ([0.577446702], 0.852437904), 0.1),
}
OF_CLASSES = ("moons", "circles", "xor", "spiral", "gaussians")


@pytest.mark.parametrize("name", POINTS)
def test_a_set_has_the_same_points_everywhere_and_its_names(name: str) -> None:
    first, last, noise = POINTS[name]
    draw = getattr(datasets, name)
    data: Dataset = draw(4, noise=0.25, seed=1)
    for at, (x, y) in ((0, first), (3, last)):
        assert data.X[at] == pytest.approx(x, abs=1e-9)
        assert data.y[at] == pytest.approx(y, abs=1e-9)
    assert data.features == (["x"] if name == "curve" else ["x1", "x2"])
    assert data.classes == ([0, 1] if name in OF_CLASSES else [])
    assert (data.name, data.target) == (name, "class" if name in OF_CLASSES else "y")
    defaults = {k: v.default for k, v in inspect.signature(draw).parameters.items()}
    assert defaults == {"samples": 200, "noise": noise, "seed": 0} | (
        {"classes": 2} if name == "gaussians" else {}
    )


def test_without_noise_nothing_is_drawn_for_it() -> None:
    one, two = datasets.curve(2, noise=0.0), datasets.curve(2, noise=0.1)
    assert one.X[0] == two.X[0]
    assert one.X[1] != two.X[1]


@pytest.mark.parametrize(
    ("name", "features", "classes"),
    [
        ("moons", ["x1", "x2"], [0, 1]),
        ("circles", ["x1", "x2"], [0, 1]),
        ("iris", None, ["setosa", "versicolor", "virginica"]),
        ("digits", None, list(range(10))),
    ],
)
def test_a_set_of_scikit_learn_is_the_one_of_its_name(
    name: str, features: list[str] | None, classes: list[Any]
) -> None:
    sklearn = pytest.importorskip("sklearn.datasets")
    data = load(name, seed=2**32 + 5)
    assert (data.name, data.classes, data.target) == (name, classes, "class")
    if features is None:
        theirs = getattr(sklearn, f"load_{name}")()
        assert (data.features, data.X) == (list(theirs.feature_names), theirs.data.tolist())
        assert data.y == theirs.target.tolist()
        return
    shape = {"factor": 0.5} if name == "circles" else {}
    X, y = getattr(sklearn, f"make_{name}")(400, noise=0.1, random_state=5, **shape)
    assert (data.features, data.X, data.y) == (features, X.tolist(), y.tolist())


def test_a_split_is_the_same_everywhere() -> None:
    data = Dataset("d", ["x"], [[float(i)] for i in range(10)], [0, 1] * 5, [0, 1])
    train, test = data.split(0.3, seed=1)
    assert [int(x) for (x,) in train.X] == [2, 7, 9, 3, 8, 0]
    assert [int(x) for (x,) in test.X] == [1, 4, 5, 6]
    assert data.split() == data.split(0.25, 0)
    assert [len(part) for part in data.split(0.1)] == [9, 1]  # a share of 0.5 is rounded to 0
    assert [len(part) for part in data.take([0, 1]).split(0.9)] == [1, 1]


def test_a_feature_that_differs_by_rounding_only_is_centered() -> None:
    assert Scaling.of([[3.0], [3.0]]) == Scaling([3.0], [1.0])
    width = 1e-12  # of the mean, to each side
    assert Scaling.of([[1.0 - width / 4], [1.0 + width / 4]]).scale == [1.0]
    assert Scaling.of([[1.0 - 2 * width], [1.0 + 2 * width]]).scale != [1.0]
