"""Samples: the data that `nn.fit` is given, checked and turned into lists of plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from .argument_checks import counted
from .datasets.rows import Rows

Row = list[float]
Target = float | Row
Samples = list[tuple[Row, Target]]


def rows_of(X: Any) -> list[Row]:
    """Return the features of each sample; ValueError or TypeError names the sample that is wrong.

    >>> rows_of(((1, 2), (3, 4)))
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if isinstance(X, Rows) and X and all(map(math.isfinite, X.numbers)):
        return list(X.arrays())  # type: ignore[arg-type]  # read like lists, in less memory
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
