"""The samples that `nn.fit` is given: checked, as plain numbers, and told right from wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from random import Random
from typing import Any

import autograd
from autograd import dot, equal, heaviside, maximum, minimum, no_grad

from ..argument_checks import below_1, counted
from ..losses import LOSSES, Loss, as_list

Row = list[float]
Target = float | Row
Samples = list[tuple[Row, Target]]
Judge = Callable[[Any, Any], Any]

_BINARY = {  # of losses that one output serves: the two targets, and the boundary of the output
    "hinge": ((-1.0, 1.0), 0.0),
    "bce": ((0.0, 1.0), 0.5),
    "bce_with_logits": ((0.0, 1.0), 0.0),
}
_OF_CLASSES = ("cross_entropy", "nll", "hinge")  # of losses that take one output for each class


class Task:
    """What a model shall learn: the samples, the loss by name and function, and the judge of an
    output.

    ValueError or TypeError, which name the sample, if something does not fit something else.
    """

    def __init__(self, model: Any, X: Any, y: Any, loss: str | Loss | None) -> None:
        rows = _rows(X)
        targets = _targets(y, len(rows))
        self.outputs = _count_outputs(model, rows[0])
        self.name, self.loss = loss_of(loss, self.outputs, targets)
        self.known = self.loss in LOSSES.values()
        several = self.outputs > 1
        self.of_classes = self.known and self.name in (_OF_CLASSES if several else _BINARY)
        self.judge = judge(self.name, self.outputs) if self.known else None
        self.train = self._samples(rows, targets)
        self.held_out: Samples = []
        if self.of_classes:
            _check_classes(targets[0], targets, _BINARY.get(self.name) if not several else None)

    def hold_out(self, model: Any, validation: Any, rng: Random) -> None:
        """Put aside what `nn.fit` is to validate with: a share of the samples, or a pair (X, y)."""
        if isinstance(validation, tuple | list):
            if len(validation) != 2:
                raise ValueError(f"validation must be a share or (X, y), got {validation!r:.80}")
            rows = _rows(validation[0])
            _count_outputs(model, rows[0])
            self.held_out = self._samples(rows, _targets(validation[1], len(rows)))
        elif validation is not None:
            n = len(self.train)
            held = round(below_1("validation", validation) * n)
            if not 0 < held < n:
                raise ValueError(
                    f"validation={validation} of {counted(n, 'sample')} holds out {held}: "
                    "both parts need at least one"
                )
            rng.shuffle(self.train)
            self.train, self.held_out = self.train[held:], self.train[:held]

    def _samples(self, rows: list[Row], targets: list[Target]) -> Samples:
        """The samples in the form in which all of them are data: classes as one-hot lists."""
        anything = [0.5] * self.outputs  # legal outputs of every loss
        for i, target in enumerate(targets if self.known else ()):
            try:
                self.loss([anything if self.outputs > 1 else anything[0]], [target])
            except ValueError as error:
                what = str(error).removeprefix("sample 0: ")
                raise ValueError(f"{self.name}, sample {i}: {what}") from None
        if self.of_classes and self.outputs > 1 and not isinstance(targets[0], list):
            targets = [[float(k == t) for k in range(self.outputs)] for t in targets]
        return list(zip(rows, targets, strict=True))


def loss_of(loss: str | Loss | None, outputs: int, y: Sequence[Any]) -> tuple[str, Loss]:
    """Name and function of a loss given as either; None chooses by the targets.

    Whole numbers with several outputs: cross_entropy; 0 and 1 with one output: bce_with_logits;
    -1 and 1 with one output: hinge; anything else: mse. ValueError for what is most likely classes
    that no loss takes: whole numbers with one output, of which there are only one or two that
    repeat.

    >>> loss_of(None, 1, [1, -1])[0]
    'hinge'
    """
    if callable(loss):
        return getattr(loss, "__name__", type(loss).__name__), loss
    if loss is None:
        kinds = [] if isinstance(y[0], list) else sorted(set(y))
        whole = kinds and all(kind % 1 == 0 for kind in kinds)
        chosen = {(0, 1): "bce_with_logits", (-1, 1): "hinge"} if outputs == 1 else {}
        loss = chosen.get(tuple(kinds), "cross_entropy" if whole and outputs > 1 else "mse")
        if loss == "mse" and whole and len(kinds) < min(3, len(y)):
            values = " and ".join(f"{kind:g}" for kind in kinds)
            raise ValueError(
                f"y holds {values} only: two classes must be 0 and 1, or -1 and 1, both there; "
                'to predict numbers, name a loss, loss="mse"'
            )
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}: it is {', '.join(LOSSES)} or a callable")
    return loss, LOSSES[loss]


def judge(name: str, outputs: int) -> Judge | None:
    """1 for an output that is right, else 0, as number or Value; None unless classes are told.

    One output a class: that of the target's most probable class is larger than all others. One
    output of two classes: it is on the target's side of the boundary, which is 0, for
    probabilities 0.5; of several such outputs, all are.

    >>> right = judge("cross_entropy", 2)
    >>> right([0.5, 2.0], [0.0, 1.0]), right([0.5, 0.5], [0.0, 1.0])
    (1.0, 0.0)
    """
    if outputs > 1 and name in _OF_CLASSES:
        return _is_largest
    if name not in _BINARY:
        return None
    (low, high), boundary = _BINARY[name]
    middle = (low + high) / 2

    def same_side(output: Any, target: Any) -> Any:
        pairs = zip(as_list(output), as_list(target), strict=True)
        return minimum([equal(heaviside(o - boundary), heaviside(t - middle)) for o, t in pairs])

    return same_side


def _is_largest(output: Any, target: Any) -> Any:
    top, wanted = maximum(output), maximum(target)
    hits, goals = [equal(o, top) for o in output], [equal(t, wanted) for t in target]
    return dot(hits, goals) * equal(autograd.sum(hits), 1.0)


def _check_classes(first: Target, targets: list[Target], binary: Any) -> None:
    """ValueError if all samples are of the one class; they may all be of the same probabilities."""
    if all(t == first for t in targets):
        soft = max(first) < 1 if isinstance(first, list) else binary and first not in binary[0]
        if not soft:
            raise ValueError(f"y holds one class only, {first}: there is nothing to tell apart")


def _count_outputs(model: Any, row: Row) -> int:
    """How many outputs the model has; a wrong number of features is an error here."""
    try:
        with no_grad():
            output = model(row)
    except ValueError as error:
        raise ValueError(f"X does not fit the model, sample 0: {error}") from None
    return len(as_list(output))


def _rows(X: Any) -> list[Row]:
    rows = _plain(X)
    if not isinstance(rows, list) or not rows:
        raise ValueError("X has no samples: it must be a list of samples, each a list of numbers")
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            raise ValueError(
                f"X must be a list of samples, each a list of numbers; sample {i} is {row!r:.80}"
            )
        if len(row) != len(rows[0]):
            raise ValueError(
                f"sample {i} has {counted(len(row), 'feature')}, sample 0 has {len(rows[0])}"
            )
    return [
        [_finite(x, f"feature {j} of sample {i}") for j, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def _targets(y: Any, samples: int) -> list[Target]:
    targets = _plain(y)
    if not isinstance(targets, list) or len(targets) != samples:
        n = len(targets) if isinstance(targets, list) else repr(y)[:80]
        raise ValueError(f"X has {counted(samples, 'sample')}, but y has {n}")
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
