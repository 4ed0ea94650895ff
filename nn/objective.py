"""What training minimises: the loss of a batch, as a graph or compiled to array code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
from typing import Any

import autograd
from autograd import Value, no_grad

from .losses import LOSSES, Loss, l2
from .samples import Row, Target

Samples = list[tuple[Row, Target]]
Judge = Callable[[Any, Any], Any]
LARGEST_PART = 1 << 17  # samples times parameters in one compiled function: about a second


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
    fastest. Of a loss that is a mean over samples, a large batch is computed in parts, so that the
    time to compile does not grow with the batch.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.features, self.width = 0, 0  # numbers a sample, and a target; 0: a bare number
        self._orders: list[tuple[Any, list[int] | None]] = []  # of the parents of the losses
        self._fast_loss = autograd.compile(lambda xs, ts: self._total(*self._samples(xs, ts)))
        self._fast_measure = autograd.compile(self._loss_and_right)
        self._fast_right = autograd.compile(lambda xs, ts: self._loss_and_right(xs, ts)[1])

    def loss(self, batch: Samples) -> Any:
        parts = self._parts(batch)
        try:
            losses = [self._fast_loss(*self._flat(part)) for part in parts]
            gradients = [self._gradient(loss) for loss in losses]
        except TypeError as error:
            error.add_note("to train without compiling the model: nn.fit(..., compiled=False)")
            raise
        shares = [len(part) / len(batch) for part in parts]
        if any(gradient is None for gradient in gradients):
            return autograd.dot(shares, losses)
        return LossWithGradient(
            sum([share * float(loss) for share, loss in zip(shares, losses, strict=True)]),
            self.parameters,
            sum([share * gradient for share, gradient in zip(shares, gradients, strict=True)]),
        )

    def _gradient(self, loss: Any) -> Any:
        """The derivatives of a loss in the order of the parameters.

        None where they are not there as an array: the loss is not finite, it does not depend on
        all parameters, or its function branches so often that it is not compiled.
        """
        if (gradient := getattr(loss, "gradient", None)) is None:
            return None
        if not any(parents is loss.parents for parents, _ in self._orders):
            place = {p: i for i, p in enumerate(loss.parents)}
            everything = place.keys() == set(self.parameters)
            order = [place[p] for p in self.parameters] if everything else None
            self._orders.append((loss.parents, order))
        order = next(order for parents, order in self._orders if parents is loss.parents)
        return None if order is None else gradient[order]

    def right(self, batch: Samples) -> float:
        if not self.judge:
            return 0.0
        with no_grad():
            parts = self._parts(batch)
            return sum([float(self._fast_right(*self._flat(part))) for part in parts])

    def measure(self, batch: Samples) -> tuple[float, float]:
        loss = right = 0.0
        for part in self._parts(batch):
            with no_grad():
                part_loss, part_right = self._fast_measure(*self._flat(part))
            loss += float(part_loss) * (len(part) / len(batch))
            right += float(part_right)
        return loss, right

    def _parts(self, batch: Samples) -> list[Samples]:
        if self.loss_of_outputs not in LOSSES.values():
            return [batch]
        most = max(1, LARGEST_PART // len(self.parameters))
        count = -(-len(batch) // most)
        size = -(-len(batch) // count)
        return [batch[i : i + size] for i in range(0, len(batch), size)]

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


class LossWithGradient:
    """The loss of a batch and its derivative by each of the model's parameters, as an array."""

    def __init__(self, loss: float, parameters: list[Value], gradient: Any) -> None:
        self.loss, self.parameters, self.gradient = loss, parameters, gradient

    def __float__(self) -> float:
        return self.loss

    def backward(self) -> None:
        """Add the derivatives to the gradients of the parameters, as `Value.backward` does."""
        for p, g in zip(self.parameters, self.gradient.tolist(), strict=True):
            p.grad += g


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
