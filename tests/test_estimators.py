"""The estimators: scikit-learn's own checks, and what its users expect."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

import nn


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [kind(hidden_layer_sizes=(8,), max_iter=12) for kind in (nn.MLPClassifier, nn.MLPRegressor)]
)
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)
