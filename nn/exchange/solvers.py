"""Solvers of the estimators: steps over mini-batches in scikit-learn's order, and L-BFGS.

`nn.fit` has no weights of samples, and no rate that depends on progress. So the estimators have
their own order of batches and rates. A step is the one of `nn.fit`, on the same flat arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from math import inf, sqrt
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from ..argument_checks import counted
from ..optimizers import OPTIMIZERS, SGD, Adam
from ..training.divergence import DivergedError, finite, overflow_is_divergence
from ..training.flat_parameters import FlatParameters
from .network_program import NetworkProgram
from .standardization import Standardizations

SOLVERS = [*OPTIMIZERS, "lbfgs"]


class WeightedSamples:
    """Samples to train on: ``X`` may be sparse, ``targets`` have a row for each sample.

    ``loss_factor`` is 1 / 2 for squared errors, else 1.
    """

    def __init__(
        self, X: Any, targets: Any, weights: Any, standardizations: Standardizations,
        loss_factor: float, alpha: float,
    ) -> None:  # fmt: skip
        self.standardizations, self.weights, self.alpha = standardizations, weights, alpha
        self.loss_factor = loss_factor
        self._inputs = standardizations.inputs
        self._is_sparse = issparse(X)  # then a batch at a time becomes an array
        self.X = X if self._is_sparse else self._inputs.apply(X)
        self.targets = standardizations.outputs.apply(targets)

    def batches(self, order: Any, size: int) -> Iterator[tuple[float, tuple[Any, ...]]]:
        """Yield each batch's share of the samples, and what `NetworkProgram` takes of them.

        A batch whose weights are all 0 is left out.
        """
        X, targets, weights = self.X[order], self.targets[order], self.weights[order]
        for start in range(0, len(weights), size):
            part = slice(start, start + size)
            total = float(weights[part].sum())
            if total:
                rows = self._inputs.apply(X[part]) if self._is_sparse else X[part]
                shares = self.loss_factor / total * weights[part]
                batch = rows, targets[part], shares, 0.5 * self.alpha / total
                yield len(shares) / len(weights), batch


class Steps:
    """Steps of an optimizer, as scikit-learn makes them: its rates, its velocity, its epsilon.

    ``settings`` is an estimator. ``memory`` goes on where the `memory` of earlier steps ended.
    """

    def __init__(
        self, settings: Any, program: NetworkProgram, theta: Any, memory: Mapping[str, Any]
    ) -> None:
        self.program, self.learning_rate = program, settings.learning_rate_init
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
        self.vector = FlatParameters(program.parameters, self.optimizer)
        self.vector.theta = self.vector.finite_theta = theta

    def memory(self) -> dict[str, Any]:
        """Return what later steps depend on, as plain numbers and lists."""
        state = self.optimizer.state_dict()
        plain = {name: list(x) if isinstance(x, tuple) else x for name, x in state.items()}
        return {"learning_rate": self.learning_rate, "optimizer": plain}

    def epoch(self, samples: WeightedSamples, order: Any, batch_size: int) -> float:
        """Step once for each batch, in that order of the samples; return the mean loss."""
        mean = 0.0
        with np.errstate(all="ignore"):  # what is not finite is found, and ends the training
            for share, batch in samples.batches(order, batch_size):
                (loss, _), _ = self.vector.step(self._loss_and_gradient, batch)
                mean += share * loss
        return mean

    def _loss_and_gradient(self, theta: Any, *batch: Any) -> tuple[float, Any]:
        """Return the gradient as scikit-learn's formula has it, and set the optimizer to it.

        Its velocity remembers the rates of earlier steps, and the epsilon of its Adam is added to
        a root without the correction of the first steps.
        """
        loss, gradient = self.program.loss_and_gradient(theta, *batch)
        if isinstance(self.optimizer, SGD):
            self.optimizer.lr = 1.0
            gradient = self.learning_rate * gradient
        elif type(self.optimizer) is Adam:
            correction = 1 - self.optimizer.betas[1] ** (self.optimizer.steps + 1)
            self.optimizer.eps = self._epsilon / sqrt(correction)
        return loss, gradient


def minimized(
    settings: Any, program: NetworkProgram, theta: Any, samples: WeightedSamples
) -> tuple[Any, float, int]:
    """Return parameters, loss and number of iterations of L-BFGS, all samples in each.

    ConvergenceWarning if it ends before the gradient is as small as ``tol``.
    """
    ((_, batch),) = samples.batches(slice(None), len(samples.weights))

    def loss_and_gradient(theta: Any) -> tuple[float, Any]:
        try:
            with overflow_is_divergence():
                loss, gradient = program.loss_and_gradient(theta, *batch)
            return finite("loss", loss), gradient
        except DivergedError:
            return inf, np.zeros_like(theta)  # the line search takes a shorter step

    limits = {"maxfun": settings.max_fun, "maxiter": settings.max_iter, "gtol": settings.tol}
    found = minimize(loss_and_gradient, theta, method="L-BFGS-B", jac=True, options=limits)
    if not found.success:
        warnings.warn(
            f"lbfgs ended after {counted(int(found.nit), 'iteration')}: {found.message}; "
            "max_iter, max_fun or standardize=True may help",
            ConvergenceWarning,
            stacklevel=5,
        )
    return found.x, float(found.fun), int(found.nit)
