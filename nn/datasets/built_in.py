"""The built-in data sets: drawn points (moons, circles, xor), and scikit-learn's (iris, ...)."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..optional_packages import need
from .dataset import Dataset


def _moons_or_circles(name: str, seed: int) -> Dataset:
    make = getattr(need("sklearn.datasets", "scikit-learn"), f"make_{name}")
    shape = {"factor": 0.5} if name == "circles" else {}
    X, y = make(400, noise=0.1, random_state=seed % 2**32, **shape)
    return Dataset(name, ["x1", "x2"], X.tolist(), y.tolist(), ["0", "1"])


def _xor(name: str, seed: int) -> Dataset:
    """Return points in four quadrants, away from the axes; class 1 if the signs differ."""
    rng = random.Random(seed)
    X = [[rng.choice((-1, 1)) * rng.uniform(0.1, 1.0) for _ in range(2)] for _ in range(400)]
    return Dataset(name, ["x1", "x2"], X, [int(x1 * x2 < 0) for x1, x2 in X], ["0", "1"])


def _from_scikit_learn(name: str, seed: int) -> Dataset:
    data = getattr(need("sklearn.datasets", "scikit-learn"), f"load_{name}")()
    features, classes = (
        [str(x) for x in names] for names in (data.feature_names, data.target_names)
    )
    return Dataset(name, features, data.data.tolist(), data.target.tolist(), classes)


# each name with a function of the name and a seed
BUILT_IN: dict[str, Callable[[str, int], Dataset]] = {
    "moons": _moons_or_circles,
    "circles": _moons_or_circles,
    "xor": _xor,
    **dict.fromkeys(("iris", "wine", "breast_cancer", "digits"), _from_scikit_learn),
}
