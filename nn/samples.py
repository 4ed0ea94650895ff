"""Samples: the data that `nn.fit` is given, checked and turned into plain numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Real
from random import Random
from typing import Any

from .argument_checks import counted
from .datasets.rows import Rows

Row = list[float]
Target = float | Row
Batch = list[tuple[Row, Target]]


class Samples:
    """The features and the targets of many samples. A sample is a row of features, and a target."""

    def __init__(self, rows: Sequence[Row], targets: Sequence[Target]) -> None:
        self.rows, self.targets = rows, targets

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Iterable[int]) -> Batch:
        """Return the samples at these positions, in this order, as pairs."""
        return [(self.rows[i], self.targets[i]) for i in indices]

    def split(self, held_out: int, rng: Random) -> tuple[Samples, Samples]:
        """Return two parts in random order: the second has so many samples."""
        order = list(range(len(self)))
        rng.shuffle(order)
        return self._take(order[held_out:]), self._take(order[:held_out])

    def _take(self, order: list[int]) -> Samples:
        rows, targets = self.rows, self.targets
        taken = rows.take(order) if isinstance(rows, Rows) else [rows[i] for i in order]
        return Samples(taken, [targets[i] for i in order])


def rows_of(X: Any) -> Sequence[Row]:
    """Return the features of each sample; ValueError or TypeError names the sample that is wrong.

    Large arrays become `Rows`, which read like a list of lists, with 8 bytes for each number.

    >>> rows_of(((1, 2), (3, 4)))
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    table = X if isinstance(X, Rows) else _large_table(X)
    if table and table.is_finite():
        return table
    rows = _plain(X)
    if not isinstance(rows, list):
        raise ValueError(
            f"X must be a list of samples, each a list of numbers, got {X!r:.80}"
            + "; a single sample goes into a list, [[x1, x2]]" * isinstance(rows, Real)
        )
    if not rows:
        raise ValueError("X has no samples: it must be a list of samples, each a list of numbers")
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            raise ValueError(
                f"X must be a list of samples, each a list of numbers; sample {i} is {row!r:.80}"
                + "; a single sample goes into a list, [[x1, x2]]" * isinstance(row, Real)
            )
        if len(row) != len(rows[0]):
            raise ValueError(
                f"sample {i} has {counted(len(row), 'feature')}, sample 0 has {len(rows[0])}"
            )
    return [
        row
        if {*map(type, row)} == {float} and all(map(math.isfinite, row))  # the usual ones, at once
        else [_finite(x, f"feature {j} of sample {i}") for j, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def targets_of(y: Any, samples: int) -> list[Target]:
    """Return one target for each sample: a number, or a list of several numbers.

    >>> targets_of([[1], [0]], samples=2), targets_of([[1, 0], [0, 1]], samples=2)
    ([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
    """
    targets = _plain(y)
    if not isinstance(targets, list) or len(targets) != samples:
        given = len(targets) if isinstance(targets, list) else repr(y)[:80]
        raise ValueError(
            f"X has {counted(samples, 'sample')}, but y has {given}: it takes one target for each"
        )
    for i, t in enumerate(targets):
        if isinstance(t, str):
            raise TypeError(
                f"target {i} must be a number, got {t!r:.80}; for classes with names there is "
                "nn.MLPClassifier"
            )
    sizes = [len(t) if isinstance(t, list) else None for t in targets]
    for i, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(
                f"target {i} is {targets[i]!r:.80}, but target 0 is {targets[0]!r:.80}"
            )
    if sizes[0] == 1:  # a column
        targets = [t for (t,) in targets]
    return [
        [_finite(x, f"number {k} of target {i}") for k, x in enumerate(t)]
        if isinstance(t, list)
        else _finite(t, f"target {i}")
        for i, t in enumerate(targets)
    ]


def too_large(i: int, row: Sequence[float], inputs: Sequence[float]) -> ValueError:
    """Return the error about sample ``i``, for which the outputs of a model are not finite.

    ``inputs`` are what the model took for it: its features, maybe standardized.
    """
    j = max(range(len(inputs)), key=lambda j: abs(inputs[j]))
    return ValueError(
        f"feature {j} of sample {i} is {row[j]:g}: the outputs of the model overflow, so that it "
        "has no answer"
    )


def _large_table(X: Any) -> Rows | None:
    """Return a large NumPy array of numbers as `Rows`; None if it is something else."""
    np = sys.modules.get("numpy")
    if np is None or type(X) not in (np.ndarray, np.memmap):  # a masked array has no numbers
        return None
    is_plain = X.dtype.kind in "fiub" and X.dtype.itemsize <= 8
    if not is_plain or X.ndim != 2 or not X.size:
        return None
    table = Rows.zeros(*X.shape)
    if (out := table.as_array()) is None:
        return None
    out[:] = X
    return table


def _plain(x: Any) -> Any:
    """Return NumPy arrays, data frames, tuples and other iterables as lists."""
    if type(x) is list and {*map(type, x)} == {float}:  # the usual row, at once
        return x.copy()
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    if hasattr(x, "tolist"):
        return x.tolist()
    return [_plain(part) for part in x] if isinstance(x, Iterable) and not isinstance(x, str) else x


def _finite(x: Any, name: str) -> float:
    if not isinstance(x, Real):
        raise TypeError(f"{name} must be a number, got {x!r:.80}")
    if not math.isfinite(x):
        raise ValueError(f"{name} must be finite, got {x}")
    return float(x)
