"""The samples that `nn.fit` is given: checked, as plain numbers, and counted right or wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any

import autograd
from autograd import dot, equal, heaviside, maximum, minimum

from .losses import LOSSES, Loss, as_list

Row = list[float]
Target = float | Row

_BINARY = {  # of losses that one output serves: the two targets, and the boundary of the output
    "hinge": ((-1.0, 1.0), 0.0),
    "bce": ((0.0, 1.0), 0.5),
    "bce_with_logits": ((0.0, 1.0), 0.0),
}


def loss_of(loss: str | Loss | None, outputs: int, y: Sequence[Any]) -> tuple[str, Loss]:
    """Name and function of a loss given as either; None chooses by the targets.

    Whole numbers 0 .. K - 1 with K outputs: cross_entropy; 0 and 1 with one output:
    bce_with_logits; -1 and 1 with one output: hinge; anything else: mse.

    >>> loss_of(None, 1, [1, -1])[0]
    'hinge'
    """
    if callable(loss):
        return getattr(loss, "__name__", type(loss).__name__), loss
    if loss is None:
        kinds = set() if any(isinstance(t, list) for t in y) else set(y)
        loss = "mse"
        if outputs == 1:
            loss = {(0.0, 1.0): "bce_with_logits", (-1.0, 1.0): "hinge"}.get(
                tuple(sorted(kinds)), loss
            )
        elif kinds and kinds <= set(range(outputs)):
            loss = "cross_entropy"
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}: it is {', '.join(LOSSES)} or a callable")
    return loss, LOSSES[loss]


def rows_of(X: Any) -> list[Row]:
    """The samples as lists of floats.

    ValueError if there are none, if they differ in length, or for NaN and infinity; TypeError for
    what is no number.

    >>> rows_of([(1, 2), (3, 4)])
    [[1.0, 2.0], [3.0, 4.0]]
    """
    rows = _plain(X)
    if not isinstance(rows, list) or not rows:
        raise ValueError("X has no samples: it must be a list of samples, each a list of numbers")
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            raise ValueError(
                f"X must be a list of samples, each a list of numbers; sample {i} is {row!r:.80}"
            )
        if len(row) != len(rows[0]):
            raise ValueError(f"sample {i} has {len(row)} features, sample 0 has {len(rows[0])}")
    return [
        [_finite(x, f"feature {j} of sample {i}") for j, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def targets_of(y: Any, samples: int) -> list[Target]:
    """The targets as floats or lists of floats, one a sample; raises as `rows_of` does.

    >>> targets_of([1, 0], 2)
    [1.0, 0.0]
    """
    targets = _plain(y)
    if not isinstance(targets, list) or len(targets) != samples:
        n = len(targets) if isinstance(targets, list) else repr(y)[:80]
        raise ValueError(f"X has {samples} samples, but y has {n}")
    for i, target in enumerate(targets):
        if _length(target) != _length(targets[0]):
            raise ValueError(f"target {i} is {target!r:.80}, but target 0 is {targets[0]!r:.80}")
    return [
        [_finite(x, f"target {k} of sample {i}") for k, x in enumerate(t)]
        if isinstance(t, list)
        else _finite(t, f"the target of sample {i}")
        for i, t in enumerate(targets)
    ]


def fitted(name: str, loss: Loss, outputs: int, targets: Sequence[Target]) -> list[Target]:
    """The targets in the form in which all of them are data: classes as one-hot lists.

    ValueError if one does not fit the loss or the number of outputs.
    """
    anything = [0.5] * outputs  # a legal output of every loss
    for i, target in enumerate(targets if loss in LOSSES.values() else ()):
        try:
            loss([anything if outputs > 1 else anything[0]], [target])
        except ValueError as error:
            what = str(error).removeprefix("sample 0: ")
            raise ValueError(f"{name}, sample {i}: {what}") from None
    if outputs > 1 and _of_classes(name, outputs):
        return [
            t if isinstance(t, list) else [float(k == t) for k in range(outputs)] for t in targets
        ]
    return list(targets)


def check_classes(name: str, outputs: int, targets: Sequence[Target]) -> None:
    """ValueError if a loss of classification is given one class only."""
    first = targets[0]
    if _of_classes(name, outputs) and all(t == first for t in targets):
        hard = _BINARY[name][0] if outputs == 1 else range(outputs)
        if max(first) == 1.0 if isinstance(first, list) else first in hard:
            raise ValueError(f"y holds one class only, {first}: there is nothing to tell apart")


def judge(name: str, outputs: int) -> Callable[[Any, Any], Any] | None:
    """1 for an output that is right, else 0, as number or Value; None unless classes are told.

    One output a class: that of the target's most probable class is larger than all others. One
    output of two classes: it is on the target's side of the boundary, which is 0, for
    probabilities 0.5; of several such outputs, all are.

    >>> right = judge("cross_entropy", 2)
    >>> right([0.5, 2.0], [0.0, 1.0]), right([0.5, 0.5], [0.0, 1.0])
    (1.0, 0.0)
    """
    if outputs > 1 and _of_classes(name, outputs):
        return _largest
    if name not in _BINARY:
        return None
    (low, high), boundary = _BINARY[name]
    middle = (low + high) / 2

    def same_side(output: Any, target: Any) -> Any:
        pairs = zip(as_list(output), as_list(target), strict=True)
        return minimum([equal(heaviside(o - boundary), heaviside(t - middle)) for o, t in pairs])

    return same_side


def _largest(output: Any, target: Any) -> Any:
    top, wanted = maximum(output), maximum(target)
    hits, goals = [equal(o, top) for o in output], [equal(t, wanted) for t in target]
    return dot(hits, goals) * equal(autograd.sum(hits), 1.0)


def _of_classes(name: str, outputs: int) -> bool:
    """Whether a sample belongs to one class; with several outputs bce tells several properties."""
    several = ("cross_entropy", "nll", "hinge")
    return name in several or (name in _BINARY and outputs == 1)


def _length(target: Any) -> int | None:
    return len(target) if isinstance(target, list) else None


def _plain(x: Any) -> Any:
    """NumPy arrays, data frames, tuples and other iterables as lists."""
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    if hasattr(x, "tolist"):
        return x.tolist()
    return [_plain(part) for part in x] if isinstance(x, Iterable) and not isinstance(x, str) else x


def _finite(x: Any, what: str) -> float:
    if not isinstance(x, Real):
        raise TypeError(f"{what} must be a number, got {x!r:.80}")
    if not math.isfinite(x):
        raise ValueError(f"{what} must be finite, got {x}")
    return float(x)
