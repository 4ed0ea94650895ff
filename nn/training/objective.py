"""The objective: loss, gradient and right answers of a batch, by graph or by compiled code."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import autograd
from autograd import Value, no_grad

from ..losses import as_list, l2
from .samples import Samples
from .task import Task

MAX_PARAMETER_USES = 1 << 16  # samples times parameters in one part, which compiles in a second


class Objective:
    """What training minimizes, computed as any scalar code is: as a graph."""

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        self.parameters: list[Value] = list(model.parameters())
        self.model, self.task, self.penalty = model, task, penalty

    def training_loss(self, batch: Samples) -> tuple[Any, float]:
        """Return the mean loss with the penalty, to call ``backward`` on, and the right answers."""
        rows, targets = zip(*batch, strict=True)
        outputs = self._outputs(rows)
        numbers = [[float(x) for x in as_list(output)] for output in outputs]
        return self._penalized(outputs, targets), float(self._right(numbers, targets))

    def validation_loss(self, batch: Samples) -> tuple[float, float]:
        """Return the mean loss without the penalty, and the number of right answers."""
        rows, targets = zip(*batch, strict=True)
        with no_grad():
            outputs = self._outputs(rows)
            return float(self.task.loss(outputs, targets)), float(self._right(outputs, targets))

    def _outputs(self, rows: Iterable[Any]) -> list[Any]:
        return [self.model(row) for row in rows]

    def _penalized(self, outputs: list[Any], targets: Sequence[Any]) -> Any:
        loss = self.task.loss(outputs, targets)
        return loss + self.penalty * l2(self.parameters) if self.penalty else loss

    def _right(self, outputs: list[Any], targets: Sequence[Any]) -> Any:
        is_right = self.task.is_right
        return autograd.sum(map(is_right, outputs, targets)) if is_right else 0.0


class CompiledObjective(Objective):
    """The same, recorded once for each size of batch, with the batch's numbers as arguments.

    The arguments are two flat lists, of all features and of all targets: a compiled function takes
    flat lists fastest. A large batch is computed in parts, so that the time to compile does not
    grow with the batch. A user's own loss gets the whole batch: it need not be a mean over samples.
    """

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        super().__init__(model, task, penalty)
        self._orders: dict[tuple[Value, ...], list[int] | None] = {}

        @autograd.compile
        def loss(xs: Any, targets: Any) -> Any:
            rows, targets = self._samples(xs, targets)
            return self._penalized(self._outputs(rows), targets)

        @autograd.compile
        def loss_and_right(xs: Any, targets: Any) -> Any:
            rows, targets = self._samples(xs, targets)
            outputs = self._outputs(rows)
            return self.task.loss(outputs, targets), self._right(outputs, targets)

        self._loss, self._loss_and_right = loss, loss_and_right

    def training_loss(self, batch: Samples) -> tuple[Any, float]:
        parts = self._parts(batch)
        try:
            losses = [self._loss(*_flat(part)) for part in parts]
        except TypeError as error:
            error.add_note("to train without compiling the model: nn.fit(..., compiled=False)")
            raise
        right = self.validation_loss(batch)[1] if self.task.is_right else 0.0
        shares = [len(part) / len(batch) for part in parts]
        gradients = [self._gradient(loss) for loss in losses]
        if any(gradient is None for gradient in gradients):
            return autograd.dot(shares, losses), right
        loss = sum([share * float(loss) for share, loss in zip(shares, losses, strict=True)])
        gradient = sum([share * g for share, g in zip(shares, gradients, strict=True)])
        return LossWithGradient(loss, self.parameters, gradient), right

    def validation_loss(self, batch: Samples) -> tuple[float, float]:
        loss = right = 0.0
        for part in self._parts(batch):
            with no_grad():
                part_loss, part_right = self._loss_and_right(*_flat(part))
            loss += float(part_loss) * (len(part) / len(batch))
            right += float(part_right)
        return loss, right

    def _gradient(self, loss: Any) -> Any:
        """Return the derivatives of a loss in the order of the parameters.

        None if they are not there as an array: the loss is not finite, it does not depend on all
        parameters, or its function branches so often that it is not compiled.
        """
        if (gradient := getattr(loss, "gradient", None)) is None:
            return None
        if loss.parents not in self._orders:
            places = {p: i for i, p in enumerate(loss.parents)}
            complete = places.keys() == set(self.parameters)
            self._orders[loss.parents] = [places[p] for p in self.parameters] if complete else None
        order = self._orders[loss.parents]
        return None if order is None else gradient[order]

    def _parts(self, batch: Samples) -> list[Samples]:
        """Return the batch in equal parts, if it can be cut so; else the last part is shorter."""
        if not self.task.declared:
            return [batch]
        n, max_samples = len(batch), max(1, MAX_PARAMETER_USES // len(self.parameters))
        count = -(-n // max_samples)
        count = next((c for c in range(count, 2 * count) if n % c == 0), count)
        size = -(-n // count)
        return [batch[i : i + size] for i in range(0, n, size)]

    def _samples(self, xs: Any, targets: Any) -> tuple[list[Any], Any]:
        """Return rows and targets again from the flat lists."""
        row, target = self.task.train[0]
        rows = _cut(xs, len(row))
        return rows, _cut(targets, len(target)) if isinstance(target, list) else targets


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


def objective_of(model: Any, task: Task, penalty: float, compiled: bool) -> Objective:
    """Return the objective, compiled if ``compiled`` is True and NumPy is installed."""
    kind = CompiledObjective if compiled and _numpy_is_installed() else Objective
    return kind(model, task, penalty)


def _flat(batch: Samples) -> tuple[list[float], list[Any]]:
    xs, targets = zip(*batch, strict=True)
    return list(chain(*xs)), list(chain(*targets) if isinstance(targets[0], list) else targets)


def _cut(xs: Sequence[Any], size: int) -> list[Any]:
    return [xs[i : i + size] for i in range(0, len(xs), size)]


@cache  # so that it warns once
def _numpy_is_installed() -> bool:
    try:
        import numpy  # noqa: F401  # only tried
    except ImportError:
        warnings.warn(
            "NumPy is not installed, so models train uncompiled, which is slow: pip install numpy",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True
