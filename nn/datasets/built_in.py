"""The built-in data sets by name: drawn ones, and those of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

from ..optional_packages import need
from .dataset import Dataset
from .drawn import DRAWN

SAMPLES = 400  # of a set that is drawn


def _moons_or_circles(name: str, seed: int) -> Dataset:
    make = getattr(need("sklearn.datasets", "scikit-learn"), f"make_{name}")
    shape = {"factor": 0.5} if name == "circles" else {}
    X, y = make(SAMPLES, noise=0.1, random_state=seed % 2**32, **shape)
    return Dataset(name, ["x1", "x2"], X.tolist(), y.tolist(), [0, 1])


def _from_scikit_learn(name: str, seed: int) -> Dataset:
    data = getattr(need("sklearn.datasets", "scikit-learn"), f"load_{name}")()
    features, classes = list(map(str, data.feature_names)), data.target_names.tolist()
    return Dataset(name, features, data.data.tolist(), data.target.tolist(), classes)


def _drawn(name: str, seed: int) -> Dataset:
    return DRAWN[name](SAMPLES, seed=seed)


# each name with a function of the name and a seed
BUILT_IN: dict[str, Callable[[str, int], Dataset]] = {
    "moons": _moons_or_circles,
    "circles": _moons_or_circles,
    **dict.fromkeys(("xor", "spiral", "gaussians", "plane", "curve"), _drawn),
    **dict.fromkeys(("iris", "wine", "breast_cancer", "digits"), _from_scikit_learn),
}
