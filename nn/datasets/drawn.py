"""Data sets that are drawn: points of two features for classes, and two sets for regression.

They need no other library, and the same arguments give the same points everywhere. The page of
`nn.Playground` draws them too. `load` gives moons and circles as scikit-learn draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, cos, pi, sin, sqrt
from random import Random
from typing import Any

from ..argument_checks import at_least_0, whole
from .dataset import Dataset, checked_seed

Draw = Callable[[Random, int], tuple[list[float], float]]  # sample i, without noise


def moons(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return two half circles that reach into each other, classes 0 and 1 in turn.

    ``noise`` is the standard deviation of what is added to each feature.

    >>> data = moons(4, noise=0.0)
    >>> data.y, [round(x1 * x1 + x2 * x2, 9) for x1, x2 in data.X[::2]]
    ([0, 1, 0, 1], [1.0, 1.0])
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        angle = pi * rng.random()
        c, s = cos(angle), sin(angle)
        return ([1 - c, 0.5 - s], 1) if i % 2 else ([c, s], 0)

    return _classes("moons", draw, samples, noise, seed)


def circles(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return a circle of radius 1 around one of radius 0.5, classes 0 and 1 in turn.

    ``noise`` is the standard deviation of what is added to each feature.

    >>> [round(x1 * x1 + x2 * x2, 9) for x1, x2 in circles(2, noise=0.0).X]
    [1.0, 0.25]
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        angle, radius = 2 * pi * rng.random(), 0.5 if i % 2 else 1.0
        return [radius * cos(angle), radius * sin(angle)], i % 2

    return _classes("circles", draw, samples, noise, seed)


def xor(samples: int = 200, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Return points in four quadrants, away from the axes; class 1 if the signs differ.

    ``noise`` is the standard deviation of what is added to each feature. Then points may cross an
    axis and keep their class.

    >>> data = xor(400)
    >>> data.y == [int(x1 * x2 < 0) for x1, x2 in data.X]
    True
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        x1, x2 = (rng.choice((-1, 1)) * rng.uniform(0.1, 1.0) for _ in range(2))
        return [x1, x2], int(x1 * x2 < 0)

    return _classes("xor", draw, samples, noise, seed)


def spiral(samples: int = 200, noise: float = 0.03, seed: int = 0) -> Dataset:
    """Return two arms that wind around each other, classes 0 and 1 in turn, out to radius 1.

    ``noise`` is the standard deviation of what is added to each feature.

    >>> [round(x1, 9) for x1 in spiral(2, noise=0.0).X[0]]
    [-1.0, -0.0]
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        radius = (i // 2 + 1) / ceil(samples / 2)
        angle = 3.5 * pi * radius + pi * (i % 2)
        return [radius * sin(angle), radius * cos(angle)], i % 2

    return _classes("spiral", draw, samples, noise, seed)


def gaussians(samples: int = 200, noise: float = 0.5, seed: int = 0, classes: int = 2) -> Dataset:
    """Return a cloud of points for each class, around centers on a circle of radius sqrt(2).

    ``noise`` is the standard deviation of a cloud. The classes come in turn.

    >>> [[round(x) for x in center] for center in gaussians(2, noise=0.0).X]
    [[1, 1], [-1, -1]]
    """
    count = whole("classes", classes)
    if count < 2:
        raise ValueError(f"classes must be at least 2, got {count}")

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        angle = 2 * pi * (i % count) / count + pi / 4
        return [sqrt(2) * cos(angle), sqrt(2) * sin(angle)], i % count

    return _classes("gaussians", draw, samples, noise, seed, count)


def plane(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return a regression: ``y = x1 + x2 / 2``, for features between -1 and 1.

    ``noise`` is the standard deviation of what is added to y.

    >>> data = plane(3, noise=0.0)
    >>> data.y == [x1 + 0.5 * x2 for x1, x2 in data.X], data.classes
    (True, [])
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        x1, x2 = rng.uniform(-1, 1), rng.uniform(-1, 1)
        return [x1, x2], x1 + 0.5 * x2

    return _numbers("plane", ["x1", "x2"], draw, samples, noise, seed)


def curve(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return a regression of one variable: ``y = sin(4 x)``, for x between -1 and 1.

    ``noise`` is the standard deviation of what is added to y.

    >>> data = curve(3, noise=0.0)
    >>> data.features, len(data.X[0])
    (['x'], 1)
    """

    def draw(rng: Random, i: int) -> tuple[list[float], float]:
        x = rng.uniform(-1, 1)
        return [x], sin(4 * x)

    return _numbers("curve", ["x"], draw, samples, noise, seed)


def _drawn(
    draw: Draw, samples: int, noise: float, seed: int, on_target: bool
) -> tuple[list[list[float]], list[Any]]:
    """Return the samples: each is drawn, then its noise. Without noise none is drawn."""
    count, deviation = whole("samples", samples), at_least_0("noise", noise)
    rng = Random(checked_seed(seed))
    X, y = [], []
    for i in range(count):
        x, target = draw(rng, i)
        if deviation and on_target:
            target += rng.gauss(0.0, deviation)
        elif deviation:
            x = [a + rng.gauss(0.0, deviation) for a in x]
        X.append(x)
        y.append(target)
    return X, y


def _classes(
    name: str, draw: Draw, samples: int, noise: float, seed: int, classes: int = 2
) -> Dataset:
    X, y = _drawn(draw, samples, noise, seed, on_target=False)
    return Dataset(name, ["x1", "x2"], X, y, [*range(classes)])


def _numbers(
    name: str, features: list[str], draw: Draw, samples: int, noise: float, seed: int
) -> Dataset:
    X, y = _drawn(draw, samples, noise, seed, on_target=True)
    return Dataset(name, features, X, y, [], target="y")


DRAWN: dict[str, Callable[..., Dataset]] = {
    f.__name__: f for f in (moons, circles, xor, spiral, gaussians, plane, curve)
}
