"""The objective from one sample: recorded once, as array code for batches of any size."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import chain
from typing import Any

import autograd

from ..datasets import Rows
from ..samples import Samples
from .flat_parameters import backend_for
from .objective import CompiledObjective, Objective, numpy_is_installed
from .task import Task


class NotOneSampleError(Exception):
    """What is recorded for one sample does not hold for all. The message says why."""


class SampleError(Exception):
    """A sample is an error, while it is recorded."""


class OneSampleObjective(CompiledObjective):
    """Computes loss, gradient and right answers of a batch in one program, made from one sample.

    The parameters are one flat array, features and targets are two arrays of rows. Batches and
    validation take the same program. Where one recording does not hold for all samples, whole
    batches are recorded instead; ``why_general`` says why. Where a sample is an error, the graph
    computes the batch, and names the sample.
    """

    def __init__(self, model: Any, task: Task, penalty: float, backend: str = "numpy") -> None:
        super().__init__(model, task, penalty)
        self._recorded_samples = 0
        self._is_told = True  # why whole batches are recorded
        targets, declared = chain(task.train.targets, task.held_out.targets), task.declared
        assert declared
        coded = declared.codes and all(target in declared.codes for target in targets)
        self._loss = declared.of_coded_sample if coded else declared.of_sample
        self._flat = autograd.flat_function(
            autograd.compile(self._of_rows, backend=backend), self.parameters
        )

    def flat_function(self) -> Any:
        """Return the mean loss and the right answers as a flat function, None if it is not used."""
        return None if self.why_general else self._flat

    def training_loss_at(
        self, theta: Any, X: Any, y: Any, penalty: float
    ) -> tuple[float, Any, float]:
        """Return the mean loss with the penalty, its gradient, and how many answers are right."""
        found = self._found(self._flat, theta, X, y)
        if found is not None:
            (loss, right), gradient = found
            if penalty:  # `l2` and its derivative, which are shortest on the array
                loss += penalty * theta.dot(theta)
                gradient = gradient + 2.0 * penalty * theta
            return float(loss), gradient, right
        loss, gradient, right = self._otherwise("training_loss", theta, X, y)
        if not self._is_told:
            self._is_told = True
            warnings.warn(
                f"fit records whole batches, which takes longer, because {self.why_general}: use "
                "autograd.where, maximum or relu in the model instead of a branch",
                stacklevel=8,
            )
        return loss, array(gradient), right

    def validation_loss_at(self, theta: Any, X: Any, y: Any) -> tuple[float, float]:
        """Return the mean loss without the penalty, and how many answers are right."""
        found = self._found(self._flat.value, theta, X, y)
        if found is not None:
            loss, right = found
            return loss, right
        measured: tuple[float, float] = self._otherwise("validation_loss", theta, X, y)
        return measured

    def _found(self, compute: Callable[..., Any], theta: Any, X: Any, y: Any) -> Any:
        """Return what the program of one sample gives. None if it does not hold for the batch."""
        if self.why_general:
            return None
        try:
            return compute(theta, X, y)
        except TypeError as error:
            self.why_general = str(error)  # which the compiled batch raises again
        except NotOneSampleError as error:
            self.why_general = str(error)
            self._is_told = False
        except (SampleError, ArithmeticError, ValueError):
            pass  # the graph raises it again, and names the sample
        return None

    def _otherwise(self, name: str, theta: Any, X: Any, y: Any) -> Any:
        """Return what another objective gives, where the parameters are ``theta``."""
        self._flat.write(theta)
        kind = CompiledObjective if self.why_general else Objective
        return getattr(kind, name)(self, list(zip(X.tolist(), y.tolist(), strict=True)))

    def _of_rows(self, rows: Any, targets: Any) -> tuple[Any, ...]:
        """Return the mean loss, and how many answers are right."""
        self._recorded_samples = 0
        measured = autograd.vmap(self._of_sample)(rows, targets)
        if not self.task.is_right:
            return autograd.mean(measured), 0.0
        losses, right = (autograd.vmap(lambda pair, i=i: pair[i])(measured) for i in (0, 1))
        return autograd.mean(losses), autograd.sum(right)

    def _of_sample(self, row: Any, target: Any) -> Any:
        """Return the loss of a sample, and whether its answer is right if that has a meaning."""
        recorded = type(row[0]) is not float
        self._recorded_samples += recorded
        if self._recorded_samples > 1:
            raise NotOneSampleError("the model cannot be recorded for one sample")
        try:
            return self._measured_sample(row, target)
        except (ArithmeticError, ValueError, TypeError) as error:
            if recorded and not isinstance(error, TypeError):
                raise SampleError from error
            raise
        except Exception as error:  # the compiler's own, or a fault of the model, which comes again
            raise NotOneSampleError("the samples take different branches") from error

    def _measured_sample(self, row: Any, target: Any) -> Any:
        output, is_right = self.model(row), self.task.is_right
        loss = self._loss(output, target)
        return (loss, is_right(output, target)) if is_right else loss


def objective_of(model: Any, task: Task, penalty: float, compiled: bool, steps: int) -> Objective:
    """Return the objective for so many steps, compiled if ``compiled`` and NumPy is installed.

    A user's own loss gets the whole batch, so it is not recorded for one sample.
    """
    if not compiled:
        return Objective(model, task, penalty)
    objective: Objective
    if not numpy_is_installed():
        objective = Objective(model, task, penalty)
        objective.why_general = "NumPy is not installed"
    elif not task.declared:
        objective = CompiledObjective(model, task, penalty)
        objective.why_general = (
            f"the loss {task.name} is no nn.losses.Loss, so it gets whole batches"
        )
    else:
        objective = OneSampleObjective(model, task, penalty, backend_for(steps))
    return objective


def arrays(samples: Samples) -> tuple[Any, Any]:
    """Return the features and the targets of the samples as two arrays, a row for each."""
    rows: Any = samples.rows
    if isinstance(rows, Rows) and (table := rows.as_array()) is not None:
        return table, array(samples.targets)
    return array(list(rows)), array(samples.targets)


def array(numbers: Any) -> Any:
    import numpy as np

    return np.array(numbers, float)
