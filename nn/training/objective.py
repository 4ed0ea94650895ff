"""What training minimizes: the loss of a batch, as a graph or compiled to array code."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import autograd
from autograd import Value, no_grad

from ..losses import l2
from .samples import Samples, Task

LARGEST_PART = 1 << 16  # samples times parameters in one compiled function: about a second


class Objective:
    """Loss and right answers of a batch, computed as any scalar code is: as a graph."""

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        self.parameters: list[Value] = list(model.parameters())
        self.model, self.task, self.penalty = model, task, penalty
        self._outputs: Sequence[Any] = ()

    def loss(self, batch: Samples) -> Any:
        """The mean loss of the batch, with the penalty: a Value to call ``backward`` on."""
        xs, targets = zip(*batch, strict=True)
        self._outputs = self._outputs_of(xs)
        return self._penalised(self.task.loss(self._outputs, targets))

    def right(self, batch: Samples) -> float:
        """How many samples are right of the batch whose loss was computed last."""
        if not self.task.judge:
            return 0.0
        outputs = [_numbers(output) for output in self._outputs]
        return float(self._count(outputs, [target for _, target in batch]))

    def measure(self, batch: Samples) -> tuple[float, float]:
        """The mean loss without the penalty, and how many samples are right."""
        xs, targets = zip(*batch, strict=True)
        with no_grad():
            self._outputs = self._outputs_of(xs)
            return float(self.task.loss(self._outputs, targets)), self.right(batch)

    def _outputs_of(self, xs: Iterable[Any]) -> list[Any]:
        return [self.model(x) for x in xs]

    def _penalised(self, loss: Any) -> Any:
        return loss + self.penalty * l2(self.parameters) if self.penalty else loss

    def _count(self, outputs: Iterable[Any], targets: Iterable[Any]) -> Any:
        return autograd.sum(map(self.task.judge, outputs, targets)) if self.task.judge else 0.0


class CompiledObjective(Objective):
    """The same, recorded once for each size of batch, with the batch's numbers as arguments.

    These are two flat lists, of all features and of all targets, which a compiled function takes
    fastest. A large batch is computed in parts, so that the time to compile does not grow with it;
    not so with a loss of the user's own, which need not be a mean over samples.
    """

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        super().__init__(model, task, penalty)
        self._orders: list[tuple[Any, list[int] | None]] = []  # of the parents of the losses
        self._fast_loss = autograd.compile(self._traced_loss)
        self._fast_right = autograd.compile(self._traced_right)
        self._fast_measure = autograd.compile(self._traced_measure)

    def loss(self, batch: Samples) -> Any:
        parts = self._parts(batch)
        try:
            losses = [self._fast_loss(*_flat(part)) for part in parts]
        except TypeError as error:
            error.add_note("to train without compiling the model: nn.fit(..., compiled=False)")
            raise
        gradients = [self._gradient(loss) for loss in losses]
        shares = [len(part) / len(batch) for part in parts]
        if any(gradient is None for gradient in gradients):
            return autograd.dot(shares, losses)
        return LossWithGradient(
            sum([share * float(loss) for share, loss in zip(shares, losses, strict=True)]),
            self.parameters,
            sum([share * gradient for share, gradient in zip(shares, gradients, strict=True)]),
        )

    def right(self, batch: Samples) -> float:
        if not self.task.judge:
            return 0.0
        with no_grad():
            return sum([float(self._fast_right(*_flat(part))) for part in self._parts(batch)])

    def measure(self, batch: Samples) -> tuple[float, float]:
        loss = right = 0.0
        for part in self._parts(batch):
            with no_grad():
                part_loss, part_right = self._fast_measure(*_flat(part))
            loss += float(part_loss) * (len(part) / len(batch))
            right += float(part_right)
        return loss, right

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

    def _parts(self, batch: Samples) -> list[Samples]:
        if not self.task.known:
            return [batch]
        n, most = len(batch), max(1, LARGEST_PART // len(self.parameters))
        count = -(-n // most)
        count = next((c for c in range(count, 2 * count) if n % c == 0), count)  # equal, if it can
        size = -(-n // count)
        return [batch[i : i + size] for i in range(0, n, size)]

    def _traced_loss(self, xs: Any, targets: Any) -> Any:
        rows, targets = self._cut(xs, targets)
        return self._penalised(self.task.loss(self._outputs_of(rows), targets))

    def _traced_right(self, xs: Any, targets: Any) -> Any:
        rows, targets = self._cut(xs, targets)
        return self._count(self._outputs_of(rows), targets)

    def _traced_measure(self, xs: Any, targets: Any) -> tuple[Any, Any]:
        rows, targets = self._cut(xs, targets)
        outputs = self._outputs_of(rows)
        return self.task.loss(outputs, targets), self._count(outputs, targets)

    def _cut(self, xs: Any, targets: Any) -> tuple[list[Any], Any]:
        """The samples again from what `_flat` made of them."""
        row, target = self.task.train[0]
        n = len(xs) // len(row)
        width = len(target) if isinstance(target, list) else 0
        rows = [xs[i * len(row) : (i + 1) * len(row)] for i in range(n)]
        return rows, [targets[i * width : (i + 1) * width] for i in range(n)] if width else targets


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


def objective(model: Any, task: Task, penalty: float, compiled: bool) -> Objective:
    """The objective, compiled if that is wanted and NumPy is installed."""
    kind = CompiledObjective if compiled and _numpy_is_installed() else Objective
    return kind(model, task, penalty)


def _flat(batch: Samples) -> tuple[list[float], list[Any]]:
    xs, targets = zip(*batch, strict=True)
    return list(chain(*xs)), list(chain(*targets) if isinstance(targets[0], list) else targets)


def _numbers(output: Any) -> Any:
    return [float(x) for x in output] if isinstance(output, Iterable) else float(output)


@cache  # so it is said once
def _numpy_is_installed() -> bool:
    try:
        import numpy  # noqa: F401
    except ImportError:
        warnings.warn(
            "NumPy is not installed, so models train uncompiled, which is slow: pip install numpy",
            RuntimeWarning,
            stacklevel=4,
        )
        return False
    return True
