"""Solvers of the estimators: steps over mini-batches in scikit-learn's order, and L-BFGS.

`nn.fit` has no weights of samples, and no rate that depends on progress. So the estimators have
their own order of batches and rates. A step is the one of `nn.fit`, on the same flat arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from math import inf, isfinite
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from ..argument_checks import counted
from ..optimizers import OPTIMIZERS, SGD, Adam, root
from ..training.epoch_steps import Epoch, EpochSteps
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

    def epoch(self, size: int, order: Any = None) -> Epoch:
        """Return the batches of all samples in this order, for `NetworkProgram`.

        A batch whose weights are all 0 is left out.
        """
        weights = self.weights if order is None else self.weights[order]
        starts = range(0, len(weights), size)
        sizes = np.diff([*starts, len(weights)])
        totals = np.add.reduceat(weights, starts)
        if not (counts := totals > 0).all():
            kept = np.flatnonzero(np.repeat(counts, sizes))
            order, weights = kept if order is None else order[kept], weights[kept]
            sizes, totals = sizes[counts], totals[counts]
        shares = self.loss_factor / np.repeat(totals, sizes) * weights

        def rows(start: int, stop: int) -> tuple[Any, ...]:
            part = slice(start, stop) if order is None else order[start:stop]
            X = self._inputs.apply(self.X[part]) if self._is_sparse else self.X[part]
            return X, self.targets[part], shares[start:stop]

        width = self.X.shape[1] + self.targets.shape[1] + 1
        return Epoch(rows, width, sizes.tolist(), (0.5 * self.alpha / totals).tolist())


class ScikitSGD(SGD):
    """SGD as scikit-learn has it: the velocity remembers the rates of earlier steps.

    >>> from autograd import Value
    >>> ScikitSGD([Value(1.0)], lr=0.1, momentum=0.5).updated(1.0, 2.0, 0.4)
    (0.6, 0.4)
    """

    is_formula = True

    def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        with_rate_1 = copy(self)
        with_rate_1.lr = 1.0
        return SGD.update(with_rate_1, theta, self.lr * grad, *memory)


class ScikitAdam(Adam):
    """Adam as scikit-learn has it: epsilon is added to a root that is not corrected yet."""

    is_formula = True

    def scale(self, square: Any) -> Any:
        return (root(square) + self.eps) / root(1 - self.betas[1] ** self.steps)


KINDS = OPTIMIZERS | {"sgd": ScikitSGD, "adam": ScikitAdam}


class Steps:
    """Steps of an optimizer, as scikit-learn makes them: its rates, its velocity, its epsilon.

    ``settings`` is an estimator. ``memory`` goes on where the `memory` of earlier steps ended.
    """

    def __init__(
        self, settings: Any, program: NetworkProgram, theta: Any, memory: Mapping[str, Any]
    ) -> None:
        self.program, self.learning_rate = program, settings.learning_rate_init
        kind = KINDS[settings.solver]
        options: dict[str, Any] = {}
        if issubclass(kind, SGD):
            nesterov = settings.nesterovs_momentum and settings.momentum > 0
            options = {"momentum": settings.momentum, "nesterov": nesterov}
        elif issubclass(kind, Adam):
            options = {"betas": (settings.beta_1, settings.beta_2), "eps": settings.epsilon}
        self.optimizer: Any = kind(program.parameters, self.learning_rate, **options)
        if memory:
            self.learning_rate = memory["learning_rate"]
            self.optimizer.load_state_dict(memory["optimizer"])
            if isinstance(self.optimizer, ScikitAdam):
                self.optimizer.eps = settings.epsilon  # files of version 0.2 have a corrected one
        self.vector = FlatParameters(program.parameters, self.optimizer)
        self.vector.theta = self.vector.finite_theta = theta
        self._steps = EpochSteps(
            self.vector, program.loss_and_gradient, lambda: program.flat,
            penalized=program.is_weight,
        )  # fmt: skip

    def memory(self) -> dict[str, Any]:
        """Return what later steps depend on, as plain numbers and lists."""
        state = self.optimizer.state_dict()
        plain = {name: list(x) if isinstance(x, tuple) else x for name, x in state.items()}
        return {"learning_rate": self.learning_rate, "optimizer": plain}

    def epoch(self, samples: WeightedSamples, order: Any, batch_size: int) -> float:
        """Step once for each batch, in that order of the samples; return the mean loss."""
        self.optimizer.lr = self.learning_rate
        epoch, mean = samples.epoch(batch_size, order), 0.0
        with np.errstate(all="ignore"):  # what is not finite is found, and ends the training
            for size, (loss, _) in zip(epoch.sizes, self._steps.steps(epoch), strict=True):
                mean += size / len(order) * loss
        return mean


def minimized(
    settings: Any, program: NetworkProgram, theta: Any, samples: WeightedSamples
) -> tuple[Any, float, int]:
    """Return parameters, loss and number of iterations of L-BFGS, all samples in each.

    ConvergenceWarning if it ends before the gradient is as small as ``tol``.
    """
    n = len(samples.weights)
    epoch = samples.epoch(n)
    batch = (*epoch.rows(0, n), *epoch.penalties)

    def loss_and_gradient(theta: Any) -> tuple[float, Any]:
        with suppress(OverflowError, FloatingPointError):
            loss, gradient = program.loss_and_gradient(theta, *batch)
            if isfinite(loss):
                return loss, gradient
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
