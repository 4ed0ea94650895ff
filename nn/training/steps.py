"""The steps of a training run: on the graph's Values, or on flat arrays of all their numbers.

Both do the same. On arrays no Value is touched until somebody can look: `Steps.write_back`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot, isfinite
from random import Random
from typing import Any

from ..optimizers import Optimizer
from .divergence import finite, overflow_is_divergence
from .epoch_steps import Epoch, EpochSteps
from .flat_parameters import FlatParameters
from .history import History
from .objective import Objective
from .one_sample import OneSampleObjective, arrays


class Steps:
    """The steps of a training run, and the last weights with a finite loss."""

    def __init__(self, objective: Objective, optimizer: Optimizer, clip: float | None) -> None:
        self.objective, self.optimizer, self.clip = objective, optimizer, clip
        self.task, self.parameters = objective.task, objective.parameters
        self._count, self._finite_weights = 0, [p.data for p in self.parameters]
        self.order: Sequence[int] = range(len(self.task.train))  # of the samples

    @property
    def count(self) -> int:
        """The number of steps made."""
        return self._count

    @property
    def finite_weights(self) -> Any:
        """The last weights with a finite loss."""
        return self._finite_weights

    def weights(self) -> Any:
        """Return the numbers of all parameters."""
        return [p.data for p in self.parameters]

    def set_weights(self, weights: Any) -> None:
        """Set the numbers of all parameters."""
        for p, x in zip(self.parameters, weights, strict=True):
            p.data = x

    def write_back(self) -> None:
        """Give the parameters their present numbers. Here they have them already."""

    def read(self) -> None:
        """Take up numbers that somebody has given to the parameters."""

    def shuffle(self, rng: Random) -> None:
        """Bring the samples into another order."""
        order = list(self.order)
        rng.shuffle(order)
        self.order = order

    def epoch(self, batch_size: int, history: History) -> None:
        """Step once for each batch of the samples, and append to the history."""
        loss = norm = right = 0.0
        samples = len(self.task.train)
        sizes = [min(batch_size, samples - start) for start in range(0, samples, batch_size)]
        for size, found in zip(sizes, self.stepped(sizes), strict=True):
            batch_loss, batch_right, batch_norm = found
            loss += size / samples * batch_loss
            norm += size / samples * batch_norm
            right += batch_right
        history.loss.append(loss)
        history.gradient_norm.append(norm)
        history.lr.append(self.optimizer.lr)
        if self.task.is_right:
            history.accuracy.append(right / samples)

    def stepped(self, sizes: Sequence[int]) -> Iterator[Sequence[float]]:
        """Step for batches of these sizes. Yield loss, right answers and length of the gradient."""
        start = 0
        for size in sizes:
            yield self.step(self.task.train.batch(self.order[start : start + size]))
            start += size

    def validate(self, history: History) -> None:
        """Append loss and accuracy of samples that are not trained on to the history."""
        with overflow_is_divergence():
            loss, right = self.validation_loss()
        history.val_loss.append(finite("validation loss", loss))
        if self.task.is_right:
            history.val_accuracy.append(right / len(self.task.held_out))

    def validation_loss(self) -> tuple[float, float]:
        """Return the loss of the samples that are held out, and how many answers are right."""
        held_out = self.task.held_out
        return self.objective.validation_loss(held_out.batch(range(len(held_out))))

    def step(self, batch: Any) -> tuple[float, float, float]:
        """Step, and return loss, right answers and length of the gradient before the step."""
        self._count += 1
        with overflow_is_divergence():
            loss, gradient, right = self.objective.training_loss(batch)
        finite("loss", loss)
        self._finite_weights = weights = self.weights()
        trained = self.optimizer.parameters
        if trained != self.parameters:
            for p, g in zip(self.parameters, gradient, strict=True):
                p.grad = g
            weights, gradient = [p.data for p in trained], [p.grad for p in trained]
        norm = finite("length of the gradient", hypot(*gradient))
        if self.clip and (factor := self.clip / (norm + 1e-6)) < 1:
            gradient = [factor * g for g in gradient]
        stepped = self.optimizer.advance(weights, gradient)
        for p, x, g in zip(trained, stepped, gradient, strict=True):
            p.data, p.grad = x, g
        if not all(map(isfinite, stepped)):
            for p in trained:
                finite(f"weight {p.label!r}", p.data)
        return loss, right, norm


class FlatSteps(Steps):
    """The same steps on arrays: of samples, of the numbers of the parameters, of the gradient."""

    objective: OneSampleObjective

    def __init__(
        self, objective: OneSampleObjective, optimizer: Optimizer, clip: float | None
    ) -> None:
        self.vector = FlatParameters(objective.parameters, optimizer)
        super().__init__(objective, optimizer, clip)
        self.train = arrays(self.task.train)
        self.held_out = arrays(self.task.held_out) if self.task.held_out else None
        self.steps = EpochSteps(
            self.vector, objective.training_loss_at, objective.flat_function, clip
        )

    @property
    def count(self) -> int:
        return self.vector.count

    @property
    def finite_weights(self) -> Any:
        return self.vector.finite_theta

    def weights(self) -> Any:
        return self.vector.theta

    def set_weights(self, weights: Any) -> None:
        self.vector.theta = weights

    def write_back(self) -> None:
        self.vector.write_back()

    def read(self) -> None:
        self.vector.read()

    def epoch(self, batch_size: int, history: History) -> None:
        import numpy as np

        with np.errstate(all="ignore"):  # what is not finite is found, and ends the training
            super().epoch(batch_size, history)

    def stepped(self, sizes: Sequence[int]) -> Iterator[Sequence[float]]:
        width = sum([x[0].size for x in self.train])
        penalties = [self.objective.penalty] * len(sizes)
        return self.steps.steps(Epoch(self._rows, width, sizes, penalties))

    def _rows(self, start: int, stop: int) -> tuple[Any, ...]:
        """Return features and targets of these samples."""
        in_order = isinstance(self.order, range)
        rows = slice(start, stop) if in_order else self.order[start:stop]
        return tuple([x[rows] for x in self.train])

    def validation_loss(self) -> tuple[float, float]:
        assert self.held_out
        return self.objective.validation_loss_at(self.vector.of_model(), *self.held_out)


def steps_of(objective: Objective, optimizer: Optimizer, clip: float | None) -> Steps:
    """Return the steps of a training run, on arrays if the objective takes them."""
    kind: Any = FlatSteps if isinstance(objective, OneSampleObjective) else Steps
    return kind(objective, optimizer, clip)  # type: ignore[no-any-return]  # one of the two
