"""The objective: loss, gradient and right answers of a batch, by graph or by compiled code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from math import isfinite
from typing import Any

import autograd
from autograd import Value, no_grad

from ..losses import l2
from ..samples import Batch
from .task import Task

MAX_PARAMETER_USES = 1 << 16  # samples times parameters in one part, which compiles in a second


class Objective:
    """Computes the loss of a batch as a graph, like any scalar code."""

    why_general = ""  # why this is not one program for all batches, unless that was asked for

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        self.parameters: list[Value] = list(model.parameters())
        self.model, self.task, self.penalty = model, task, penalty

    def training_loss(self, batch: Batch) -> tuple[float, list[float], float]:
        """Return the mean loss with the penalty, its gradient, and how many answers are right.

        The gradient has one derivative for each parameter; it is empty if the loss is not finite.
        """
        loss, right = self._penalized(*zip(*batch, strict=True))
        return float(loss), self._backward(loss), float(right)

    def validation_loss(self, batch: Batch) -> tuple[float, float]:
        """Return the mean loss without the penalty, and how many answers are right."""
        with no_grad():
            loss, right = self._measured(*zip(*batch, strict=True))
        return float(loss), float(right)

    def _measured(self, rows: Iterable[Any], targets: Sequence[Any]) -> tuple[Any, Any]:
        outputs = [self.model(row) for row in rows]
        is_right = self.task.is_right
        right = autograd.sum(map(is_right, outputs, targets)) if is_right else 0.0
        return self.task.loss(outputs, targets), right

    def _penalized(self, rows: Iterable[Any], targets: Sequence[Any]) -> tuple[Any, Any]:
        loss, right = self._measured(rows, targets)
        return loss + self.penalty * l2(self.parameters) if self.penalty else loss, right

    def _backward(self, loss: Value) -> list[float]:
        if not isfinite(float(loss)):
            return []
        for p in self.parameters:
            p.grad = 0.0
        loss.backward()
        return [p.grad for p in self.parameters]


class CompiledObjective(Objective):
    """Computes the same with compiled functions, recorded once for each size of batch.

    Their arguments are two flat lists, of all features and of all targets: a compiled function
    takes flat lists fastest. A large batch is computed in parts, so that the time to compile does
    not grow with the batch. A user's own loss gets the whole batch, as it may be no mean of losses.
    """

    def __init__(self, model: Any, task: Task, penalty: float) -> None:
        super().__init__(model, task, penalty)
        self._orders: dict[tuple[Value, ...], list[int] | None] = {}
        self._compiled_penalized = self._compiled(self._penalized)
        self._compiled_measured = self._compiled(self._measured)

    def training_loss(self, batch: Batch) -> tuple[float, list[float], float]:
        try:
            parts = [(share, *self._compiled_penalized(*x)) for share, *x in self._parts(batch)]
        except TypeError as error:
            error.add_note("to train without compiling the model: nn.fit(..., compiled=False)")
            raise
        shares, losses, right = zip(*parts, strict=True)
        gradients: list[Any] = [self._gradient(loss) for loss in losses]
        if any(gradient is None for gradient in gradients):
            total = autograd.dot(shares, losses)
            return float(total), self._backward(total), float(sum(right))
        loss = sum([share * float(loss) for share, loss in zip(shares, losses, strict=True)])
        gradient = sum([share * g for share, g in zip(shares, gradients, strict=True)])
        return loss, gradient.tolist(), float(sum(right))

    def validation_loss(self, batch: Batch) -> tuple[float, float]:
        with no_grad():
            parts = [(share, *self._compiled_measured(*x)) for share, *x in self._parts(batch)]
        shares, losses, right = zip(*parts, strict=True)
        return float(autograd.dot(shares, losses)), float(sum(right))

    def _compiled(self, f: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        """Turn a function of rows and targets into a compiled function of the flat lists."""
        ((row, target),) = self.task.train.batch([0])

        def of_numbers(xs: Any, targets: Any) -> Any:
            if isinstance(target, list):
                targets = _cut(targets, len(target))
            return f(_cut(xs, len(row)), targets)

        return autograd.compile(of_numbers)

    def _gradient(self, loss: Any) -> Any:
        """Return the derivatives by the parameters as an array, or None if there is no such array.

        There is none if the loss is not finite, if it does not depend on all parameters, or if its
        function branches so often that it is not compiled.
        """
        if (gradient := getattr(loss, "gradient", None)) is None:
            return None
        if loss.parents not in self._orders:
            places = {p: i for i, p in enumerate(loss.parents)}
            complete = places.keys() == set(self.parameters)
            self._orders[loss.parents] = [places[p] for p in self.parameters] if complete else None
        order = self._orders[loss.parents]
        return None if order is None else gradient[order]

    def _parts(self, batch: Batch) -> Iterator[tuple[float, list[float], list[Any]]]:
        """Yield each part's share of the batch and its two flat lists; equal parts if possible."""
        n, max_samples = len(batch), max(1, MAX_PARAMETER_USES // len(self.parameters))
        count = -(-n // max_samples) if self.task.declared else 1
        count = next((c for c in range(count, 2 * count) if n % c == 0), count)
        size = -(-n // count)
        for start in range(0, n, size):
            rows, targets = zip(*batch[start : start + size], strict=True)
            if isinstance(targets[0], list):
                targets = tuple(chain(*targets))
            yield len(rows) / n, list(chain(*rows)), list(targets)


def _cut(xs: Sequence[Any], size: int) -> list[Any]:
    return [xs[i : i + size] for i in range(0, len(xs), size)]


@cache  # so that it warns once
def numpy_is_installed() -> bool:
    """Return whether models can be compiled. If not, warn that training is slow."""
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
