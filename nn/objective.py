"""What training minimises: the loss of a batch, as a graph or compiled to array code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
from typing import Any

import autograd
from autograd import Value, no_grad

from .losses import Loss, l2
from .samples import Row, Target

Samples = list[tuple[Row, Target]]
Judge = Callable[[Any, Any], Any]


class Objective:
    """Loss and right answers of a batch, computed as any scalar code is: as a graph.

    ``judge`` gives 1 for an output that is right and 0 for one that is not, as numbers or Values;
    it is None where outputs are not right or wrong.
    """

    def __init__(self, model: Any, loss: Loss, judge: Judge | None, penalty: float) -> None:
        self.parameters: list[Value] = model.parameters()
        self.model, self.loss_of_outputs = model, loss
        self.judge, self.penalty = judge, penalty
        self._outputs: list[Any] = []

    def loss(self, batch: Samples) -> Any:
        """The mean loss of the batch, with the penalty: a Value to call ``backward`` on."""
        return self._total(*zip(*batch, strict=True))

    def right(self, batch: Samples) -> float:
        """How many samples of the batch whose loss was computed last are right."""
        if not self.judge:
            return 0.0
        outputs = [_numbers(output) for output in self._outputs]
        return float(self._count(outputs, [target for _, target in batch]))

    def measure(self, batch: Samples) -> tuple[float, float]:
        """The mean loss without the penalty, and how many samples are right."""
        with no_grad():
            return float(self._data_loss(*zip(*batch, strict=True))), self.right(batch)

    def _data_loss(self, xs: Iterable[Any], targets: Iterable[Any]) -> Any:
        self._outputs = [self.model(x) for x in xs]
        return self.loss_of_outputs(self._outputs, targets)

    def _total(self, xs: Iterable[Any], targets: Iterable[Any]) -> Any:
        total = self._data_loss(xs, targets)
        return total + self.penalty * l2(self.parameters) if self.penalty else total

    def _count(self, outputs: Iterable[Any], targets: Iterable[Any]) -> Any:
        assert self.judge
        return autograd.sum(map(self.judge, outputs, targets))


class CompiledObjective(Objective):
    """The same, recorded once for each size of batch, with the batch's numbers as arguments.

    These are two flat lists, of all features and of all targets, which a compiled function takes
    fastest.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.features, self.width = 0, 0  # numbers a sample, and a target; 0: a bare number
        self._fast_loss = autograd.compile(lambda xs, ts: self._total(*self._samples(xs, ts)))
        self._fast_measure = autograd.compile(self._loss_and_right)
        self._fast_right = autograd.compile(lambda xs, ts: self._loss_and_right(xs, ts)[1])
        self._flat_of: tuple[Samples, int, Any] | None = None

    def loss(self, batch: Samples) -> Any:
        return self._fast_loss(*self._flat(batch))

    def right(self, batch: Samples) -> float:
        if not self.judge:
            return 0.0
        with no_grad():
            return float(self._fast_right(*self._flat(batch)))

    def measure(self, batch: Samples) -> tuple[float, float]:
        with no_grad():
            loss, right = self._fast_measure(*self._flat(batch))
        return float(loss), float(right)

    def _flat(self, batch: Samples) -> tuple[list[float], list[float]]:
        xs, targets = zip(*batch, strict=True)
        self.features = len(xs[0])
        self.width = len(targets[0]) if isinstance(targets[0], list) else 0
        return list(chain(*xs)), list(chain(*targets) if self.width else targets)

    def _samples(self, xs: Any, targets: Any) -> tuple[list[Any], Any]:
        rows = _cut(xs, self.features)
        return rows, _cut(targets, self.width) if self.width else targets

    def _loss_and_right(self, xs: Any, targets: Any) -> tuple[Any, Any]:
        rows, targets = self._samples(xs, targets)
        loss = self._data_loss(rows, targets)
        return loss, self._count(self._outputs, targets) if self.judge else 0.0


def objective(
    model: Any, loss: Loss, judge: Judge | None, penalty: float, compiled: bool
) -> Objective:
    """The objective, compiled if that is wanted and NumPy is installed."""
    kind = CompiledObjective if compiled and _numpy_is_installed() else Objective
    return kind(model, loss, judge, penalty)


def _cut(numbers: Any, length: int) -> list[Any]:
    return [numbers[i : i + length] for i in range(0, len(numbers), length)]


def _numbers(output: Any) -> Any:
    return [float(x) for x in output] if isinstance(output, list) else float(output)


@cache  # so it is said once
def _numpy_is_installed() -> bool:
    try:
        import numpy  # noqa: F401
    except ImportError:
        warnings.warn(
            "NumPy is not installed, so models train uncompiled, which is slow: "
            "pip install 'scalargrad[fast]'",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True
