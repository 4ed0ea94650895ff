"""The numbers of parameters in one array, while an optimizer steps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from math import hypot, isfinite, sqrt
from typing import Any

from autograd import Value

from ..optimizers import Optimizer, StepFormula
from .divergence import finite, overflow_is_divergence

MIN_NATIVE_STEPS = 2000  # a program takes 0.1 s to become machine code, which saves 0.05 ms a step


def backend_for(steps: int) -> str:
    """Return the backend of a training's program: machine code if there is llvmlite and it pays.

    It runs from the first step on, so that the same training always has the same bits.
    """
    pays = steps >= MIN_NATIVE_STEPS and find_spec("llvmlite")
    return "llvm" if pays else "numpy"


class FlatParameters:
    """The numbers and gradients of a model's parameters in two arrays, and steps of an optimizer.

    The arrays are newer than ``data`` and ``grad`` of the parameters until `write_back`. An array
    is replaced, not changed, so a reference to ``theta`` keeps the numbers of a moment. Only where
    `OneStep` steps in machine code do they change.

    The optimizer may hold some of the parameters, or others besides. They come after the model's.

    ``count`` is the number of steps, ``finite_theta`` the last numbers with a finite loss.
    """

    def __init__(self, parameters: Iterable[Value], optimizer: Optimizer) -> None:
        model, trained = list(parameters), optimizer.parameters
        self.optimizer = optimizer
        self.parameters = list(dict.fromkeys([*model, *trained]))
        self._model_count = len(model) if len(model) < len(self.parameters) else None
        place = {p: i for i, p in enumerate(self.parameters)}
        self._trained = None if trained == self.parameters else [place[p] for p in trained]
        self.count = 0
        self.read()
        self.finite_theta = self.theta

    def read(self) -> None:
        """Take the numbers and gradients that the parameters have."""
        import numpy as np

        self.theta = np.array([p.data for p in self.parameters], float)
        self.gradient = np.array([p.grad for p in self.parameters], float)

    def write_back(self) -> None:
        """Give the parameters their numbers and gradients."""
        numbers = zip(self.parameters, self.theta.tolist(), self.gradient.tolist(), strict=True)
        for p, x, g in numbers:
            p.data, p.grad = x, g

    def step(
        self, loss_at: Callable[..., Any], batch: Sequence[Any], max_norm: float | None = None
    ) -> tuple[Any, float]:
        """Step, and return what ``loss_at`` gave before the step, and the length of the gradient.

        ``loss_at(theta, *batch)`` returns the loss, its gradient, and anything more. DivergedError
        if a loss, gradient or weight is not finite.
        """
        self.count += 1
        with overflow_is_divergence():
            found = loss_at(self.of_model(), *batch)
        finite("loss", found[0])
        self.finite_theta = self.theta
        norm = finite("length of the gradient", self.set_gradient(found[1], max_norm))
        self.advance()
        if not isfinite(self.theta.dot(self.theta)):
            for p, x in zip(self.parameters, self.theta.tolist(), strict=True):
                finite(f"weight {p.label!r}", x)
        return found, norm

    def formula(self) -> StepFormula | None:
        """Return the next step as a formula of all parameters, None if it is no such formula."""
        has_others = self._trained is not None or self._model_count is not None
        return None if has_others else self.optimizer.formula()

    def state(self) -> Any:
        """Return an array of all parameters, and what the optimizer remembers of them."""
        return self.optimizer.state(self.theta)

    def go_on(self, steps: int, before: Any, state: Any, gradient: Any) -> None:
        """Go on after steps by its formula. ``before`` are the numbers before the last of them."""
        before, theta, gradient = before.copy(), state[0].copy(), gradient.copy()
        self.optimizer.go_on(steps, state[1:])
        self.finite_theta, self.theta, self.gradient = before, theta, gradient
        self.count += steps

    def of_model(self) -> Any:
        """Return the numbers of the model's parameters."""
        return self.theta if self._model_count is None else self.theta[: self._model_count]

    def set_gradient(self, gradient: Any, max_norm: float | None) -> float:
        """Set the gradient by the model's parameters; return the length that the optimizer sees.

        If that is more than ``max_norm``, the part of the optimizer is shortened to it, as
        `nn.clip_gradients` does.
        """
        if self._model_count is not None:
            whole = self.gradient.copy()
            whole[: self._model_count] = gradient
            gradient = whole
        seen = gradient if self._trained is None else gradient[self._trained]
        norm = sqrt(seen.dot(seen))
        if not 1e-150 < norm < 1e150:  # its square has lost digits
            norm = hypot(*seen.tolist())
        if isfinite(norm) and max_norm and (factor := max_norm / (norm + 1e-6)) < 1:
            gradient = gradient.copy()
            gradient[self._trained or slice(None)] *= factor
        self.gradient = gradient
        return norm

    def advance(self) -> None:
        """Step the parameters of the optimizer."""
        if self._trained is None:
            self.theta = self.optimizer.advance(self.theta, self.gradient)
            return
        stepped = self.theta.copy()
        of_optimizer = (x[self._trained] for x in (self.theta, self.gradient))
        stepped[self._trained] = self.optimizer.advance(*of_optimizer)
        self.theta = stepped
