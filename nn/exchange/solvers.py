"""Solvers of the estimators: steps over mini-batches in scikit-learn's order, and L-BFGS.

`nn.fit` has no weights of samples, and no rate that depends on progress. So the estimators step
with the optimizers of `nn` themselves.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from ..argument_checks import counted
from ..optimizers import OPTIMIZERS, SGD, Adam
from .network_program import DivergedError, NetworkProgram
from .standardization import Standardizations

SOLVERS = [*OPTIMIZERS, "lbfgs"]


@dataclass(frozen=True)
class WeightedSamples:
    """Samples to train on: ``X`` may be sparse, ``targets`` have a row for each sample."""

    X: Any
    targets: Any
    weights: Any
    standardizations: Standardizations
    loss_factor: float  # 1 / 2 for squared errors, else 1
    alpha: float

    def batch(self, index: Any) -> tuple[Any, Any, Any, float] | None:
        """Return what `NetworkProgram` takes of these samples; None if their weights are all 0."""
        weights = self.weights[index]
        total = float(weights.sum())
        if not total:
            return None
        shares = self.loss_factor / total * weights
        inputs, outputs = self.standardizations.inputs, self.standardizations.outputs
        X, targets = inputs.apply(self.X[index]), outputs.apply(self.targets[index])
        return X, targets, shares, 0.5 * self.alpha / total


class Steps:
    """Steps of an optimizer: the parameters ``theta``, the learning rate, what is remembered.

    ``settings`` is an estimator. ``memory`` goes on where the `memory` of earlier steps ended.
    """

    def __init__(
        self, settings: Any, program: NetworkProgram, theta: list[float], memory: Mapping[str, Any]
    ) -> None:
        self.program, self.theta, self.finite_theta = program, theta, theta
        self.count, self.learning_rate = 0, settings.learning_rate_init
        kind = OPTIMIZERS[settings.solver]
        options: dict[str, Any] = {}
        if kind is SGD:
            nesterov = settings.nesterovs_momentum and settings.momentum > 0
            options = {"momentum": settings.momentum, "nesterov": nesterov}
        elif issubclass(kind, Adam):
            options = {"betas": (settings.beta_1, settings.beta_2), "eps": settings.epsilon}
        self.optimizer: Any = kind(program.parameters, self.learning_rate, **options)
        self._epsilon = settings.epsilon
        if memory:
            self.learning_rate = memory["learning_rate"]
            self.optimizer.load_state_dict(memory["optimizer"])

    def memory(self) -> dict[str, Any]:
        """Return what later steps depend on, as plain numbers and lists."""
        state = self.optimizer.state_dict()
        plain = {name: list(x) if isinstance(x, tuple) else x for name, x in state.items()}
        return {"learning_rate": self.learning_rate, "optimizer": plain}

    def epoch(self, samples: WeightedSamples, order: Any, batch_size: int) -> float:
        """Step once for each batch, in that order of the samples; return the mean loss."""
        loss = 0.0
        for start in range(0, len(order), batch_size):
            index = order[start : start + batch_size]
            if (batch := samples.batch(index)) is not None:
                loss += len(index) / len(order) * self._step(batch)
        return loss

    def _step(self, batch: Any) -> float:
        self.count += 1
        loss, gradient = self.program.loss_and_gradient(self.theta, batch)
        self.finite_theta = self.theta
        self.theta = self.optimizer.advance(self.theta, self._scaled(gradient))
        if not all(map(isfinite, self.theta)):
            raise DivergedError("a weight is no longer finite")
        return loss

    def _scaled(self, gradient: list[float]) -> list[float]:
        """Return the gradient as scikit-learn's formula has it, and set the optimizer to it.

        Its velocity remembers the rates of earlier steps, and the epsilon of its Adam is added to
        a root without the correction of the first steps.
        """
        if isinstance(self.optimizer, SGD):
            self.optimizer.lr = 1.0
            return [self.learning_rate * g for g in gradient]
        if type(self.optimizer) is Adam:
            correction = 1 - self.optimizer.betas[1] ** (self.optimizer.steps + 1)
            self.optimizer.eps = self._epsilon / sqrt(correction)
        return gradient


def minimized(
    settings: Any, program: NetworkProgram, theta: Sequence[float], samples: WeightedSamples
) -> tuple[list[float], float, int]:
    """Return parameters, loss and number of iterations of L-BFGS, all samples in each.

    ConvergenceWarning if it ends before the gradient is as small as ``tol``.
    """
    batch = samples.batch(slice(None))

    def loss_and_gradient(theta: Any) -> tuple[float, Any]:
        try:
            loss, gradient = program.loss_and_gradient(theta.tolist(), batch)
        except DivergedError:
            return inf, np.zeros_like(theta)  # the line search takes a shorter step
        return loss, np.array(gradient)

    limits = {"maxfun": settings.max_fun, "maxiter": settings.max_iter, "gtol": settings.tol}
    found = minimize(
        loss_and_gradient, np.array(theta), method="L-BFGS-B", jac=True, options=limits
    )
    if not found.success:
        warnings.warn(
            f"lbfgs ended after {counted(int(found.nit), 'iteration')}: {found.message}; "
            "max_iter, max_fun or standardize=True may help",
            ConvergenceWarning,
            stacklevel=5,
        )
    return found.x.tolist(), float(found.fun), int(found.nit)
