"""Standardization of an estimator's data, and how it is folded into the weights of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse


@dataclass(frozen=True)
class Standardization:
    """Each column minus ``mean``, divided by ``scale``: arrays of one number for each column.

    >>> inputs = Standardization.of(np.array([[1.0, 5.0], [3.0, 5.0]]), np.ones(2))
    >>> inputs.apply(np.array([[5.0, 6.0]])).tolist()
    [[3.0, 1.0]]
    """

    mean: Any
    scale: Any  # 1 for a constant column

    @classmethod
    def none(cls, columns: int) -> Self:
        """Return the one that changes nothing."""
        return cls(np.zeros(columns), np.ones(columns))

    @classmethod
    def of(cls, X: Any, weights: Any) -> Self:
        """Return the one that gives each column mean 0 and variance 1, rows counted by weights.

        ValueError if the numbers of a column differ by more than a float can hold.
        """
        X, weights = X[weights > 0], weights[weights > 0]
        if issparse(X):  # a column at a time, so that it never is an array as a whole
            X = X.tocsc()
            moments = [_moments(X[:, [j]].toarray(), weights) for j in range(X.shape[1])]
            mean, scale = map(np.concatenate, zip(*moments, strict=True))
        else:
            mean, scale = _moments(X, weights)
        if not (finite := np.isfinite(scale)).all():
            raise ValueError(f"column {int(finite.argmin())} spans more than a float can hold")
        return cls(mean, scale)

    def apply(self, X: Any) -> Any:
        """Return the rows standardized, as an array; they may be sparse."""
        return ((X.toarray() if issparse(X) else X) - self.mean) / self.scale


@dataclass(frozen=True)
class Standardizations:
    """Those of a network's inputs and of its outputs; the weights are arrays, one a layer."""

    inputs: Standardization
    outputs: Standardization

    def for_data(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> tuple[Any, Any]:
        """Return weights and biases that apply to the data, given those for standardized data."""
        coefs, intercepts = list(coefs), list(intercepts)
        coefs[0] = coefs[0] / self.inputs.scale[:, None]
        intercepts[0] = intercepts[0] - self.inputs.mean @ coefs[0]
        coefs[-1] = coefs[-1] * self.outputs.scale
        intercepts[-1] = intercepts[-1] * self.outputs.scale + self.outputs.mean
        return coefs, intercepts

    def for_training(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> tuple[Any, Any]:
        """Undo `for_data`."""
        coefs, intercepts = list(coefs), list(intercepts)
        intercepts[-1] = (intercepts[-1] - self.outputs.mean) / self.outputs.scale
        coefs[-1] = coefs[-1] / self.outputs.scale
        intercepts[0] = intercepts[0] + self.inputs.mean @ coefs[0]
        coefs[0] = coefs[0] * self.inputs.scale[:, None]
        return coefs, intercepts

    def as_lists(self) -> list[list[float]]:
        """Return the numbers as lists, which `of_lists` takes."""
        both = self.inputs, self.outputs
        return [numbers.tolist() for one in both for numbers in (one.mean, one.scale)]

    @classmethod
    def of_lists(cls, lists: Sequence[Sequence[float]]) -> Self:
        """Undo `as_lists`; ValueError unless there are four lists of numbers."""
        mean, scale, out_mean, out_scale = (np.array(numbers, dtype=float) for numbers in lists)
        return cls(Standardization(mean, scale), Standardization(out_mean, out_scale))


def _moments(X: Any, weights: Any) -> tuple[Any, Any]:
    """Return weighted mean and standard deviation; 1 for the second if only rounding differs."""
    shares = weights / weights.sum()
    with np.errstate(over="ignore", invalid="ignore"):  # too large a span is told by the caller
        mean = shares @ X
        spread = np.abs(X - mean).max(axis=0)
        constant = spread <= 1e-12 * np.abs(mean)
        unit = np.where(constant, 1.0, spread)  # no square may overflow, nor round to 0
        return mean, np.where(constant, 1.0, unit * np.sqrt(shares @ ((X - mean) / unit) ** 2))
