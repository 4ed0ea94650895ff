"""`Dataset`: samples with their targets; `Scaling`: standardized features."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from operator import sub, truediv
from typing import Any

from .rows import Rows

MAX_NUMBER = 1e100  # in a table: its standardization must not overflow

Label = str | int | float | bool  # what a class is called


class DataError(ValueError):
    """Data that cannot be used; the message says what is wrong, and where."""


def checked_seed(seed: Any) -> int:
    """Return ``seed`` as an int; TypeError unless it is a whole number."""
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        raise TypeError(f"seed must be a whole number, got {seed!r:.80}")
    return int(seed)


@dataclass(frozen=True)
class Dataset:
    """Samples ``X``, a list of features for each, with one target in ``y`` for each.

    A target is a class number, or a number to predict if there are no ``classes``. ``X`` is a list
    of lists, or the `Rows` of a CSV file, which read like one.
    """

    name: str
    features: list[str]  # their names
    X: Sequence[list[float]]
    y: list[float]
    classes: list[Label]  # texts, or whole numbers if these are the labels in the data
    target: str = "class"  # the name of what y holds

    def __len__(self) -> int:
        return len(self.X)

    def split(self, held_out: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Return two shuffled parts, to train with and held out, each with the same mix of classes.

        >>> from nn.datasets import load
        >>> train, test = load("xor").split(held_out=0.25)
        >>> len(train), len(test)
        (300, 100)

        ValueError unless the share ``held_out`` is between 0 and 1, and there are two samples.
        """
        if not isinstance(held_out, Real) or not 0 < held_out < 1:
            raise ValueError(f"held_out is a share between 0 and 1, got {held_out!r}")
        if len(self) < 2:
            raise ValueError(f"a split needs at least 2 samples, got {len(self)}")
        rng = random.Random(checked_seed(seed))
        groups: dict[float, list[int]] = {}
        for i, label in enumerate(self.y):
            groups.setdefault(label if self.classes else 0.0, []).append(i)
        kept, out = [], []
        for _, group in sorted(groups.items()):
            rng.shuffle(group)
            count = min(round(held_out * len(group)), len(group) - 1)
            out += group[:count]
            kept += group[count:]
        rng.shuffle(kept)
        if not out:  # the classes are so small that each share was rounded to 0
            out.append(kept.pop())
        return self.take(kept), self.take(sorted(out))

    def take(self, indices: Sequence[int]) -> Dataset:
        """Return the samples at these positions, in this order."""
        X = self.X.take(indices) if isinstance(self.X, Rows) else [self.X[i] for i in indices]
        return replace(self, X=X, y=[self.y[i] for i in indices])


@dataclass(frozen=True)
class Scaling:
    """Standardization: each feature minus its mean, divided by its standard deviation.

    >>> scaling = Scaling.of([[1.0, 5.0], [3.0, 5.0]])
    >>> scaling.apply([[1.0, 5.0], [5.0, 6.0]])
    [[-1.0, 0.0], [3.0, 1.0]]
    """

    mean: list[float]
    scale: list[float]  # 1 for a constant feature

    @classmethod
    def of(cls, X: Iterable[Sequence[float]]) -> Scaling:
        """Return the scaling that gives each feature of ``X`` mean 0 and variance 1.

        ValueError if ``X`` has no rows, or rows of different lengths.
        """
        if isinstance(X, Rows) and X:
            both = list(map(_mean_and_deviation, map(X.column, range(X.width)), X.extremes()))
        else:
            both = list(map(_mean_and_deviation, zip(*X, strict=True)))
        if not both:
            raise ValueError("X has no rows, so its features have no mean")
        return cls([mean for mean, _ in both], [deviation for _, deviation in both])

    def apply(self, X: Iterable[Sequence[float]]) -> Sequence[list[float]]:
        """Return the rows of ``X``, standardized; ValueError if one has another length."""
        if isinstance(X, Rows):
            if len(self.mean) == X.width and all(self.scale) and (found := self._at_once(X)):
                return found
            return Rows(map(self._standardized, X.arrays()), X.width)
        return list(map(self._standardized, X))

    def _at_once(self, X: Rows) -> Rows | None:
        """Return the rows, standardized by NumPy; None if they are few or NumPy is missing."""
        scaled = Rows.zeros(len(X), X.width)
        table, out = X.as_array(), scaled.as_array()
        if table is None:
            return None
        import numpy as np

        with np.errstate(all="ignore"):  # as Python does; `rows_of` finds what is not finite
            np.divide(np.subtract(table, self.mean, out=out), self.scale, out=out)
        return scaled

    def _standardized(self, row: Sequence[float]) -> list[float]:
        if len(row) != len(self.mean):
            raise ValueError(f"a row of {len(row)} features, but the scaling has {len(self.mean)}")
        return list(map(truediv, map(sub, row, self.mean), self.scale))


def _mean_and_deviation(
    column: Sequence[float], extremes: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return mean and standard deviation; 1 for the second if only rounding errors differ."""
    numbers = tuple(column)  # which `fsum` and `dist` take fastest
    least, greatest = extremes or (min(numbers), max(numbers))
    mean = math.fsum(numbers) / len(numbers)
    if max(greatest - mean, mean - least) <= 1e-12 * abs(mean):
        return mean, 1.0
    # dist, and not a sum of squares, because no square may overflow
    return mean, math.dist(numbers, (mean,) * len(numbers)) / math.sqrt(len(numbers))
