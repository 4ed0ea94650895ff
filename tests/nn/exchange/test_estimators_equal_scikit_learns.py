"""With ``standardize=False`` the estimators train to the numbers that scikit-learn's own give."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from scipy.sparse import csr_matrix
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_iris, make_moons

import nn
from nn.exchange import perceptron

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:lbfgs failed"
)
X, Y = make_moons(60, noise=0.2, random_state=0)
WEIGHTS = np.random.RandomState(0).rand(60)
LABELS = np.column_stack([Y, X[:, 0] > 0, X[:, 1] > 0]).astype(int)
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (3,),
    "batch_size": 15,
    "learning_rate_init": 0.01,
    "max_iter": 6,
    "random_state": 0,
}
FITTED = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")


@pytest.fixture(autouse=True, params=["numpy", pytest.param("llvm", marks=pytest.mark.slow)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number is the same with machine code."""
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    monkeypatch.setattr(perceptron, "backend_for", lambda steps: request.param)


def both(kind: str, **settings: Any) -> tuple[Any, Any]:
    settings = SETTINGS | settings
    return getattr(nn, kind)(**settings, standardize=False), getattr(neural_network, kind)(
        **settings
    )


def assert_equal(ours: Any, theirs: Any) -> None:
    for name in FITTED:
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("coefs_", "intercepts_"):
        for mine, other in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-10)
    names = ["loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"]
    for name in names:
        assert hasattr(ours, name) == hasattr(theirs, name), name
        mine, other = getattr(ours, name, None), getattr(theirs, name, None)
        assert (mine is None) == (other is None), name
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-9, err_msg=name)


SGD = {"solver": "sgd", "learning_rate_init": 0.5}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "adam": {},
    "identity, alpha": {"activation": "identity", "alpha": 3.0},
    "logistic, two layers": {"activation": "logistic", "hidden_layer_sizes": (3, 2)},
    "tanh, no shuffling": {"activation": "tanh", "shuffle": False},
    "sgd": SGD,
    "sgd without momentum": SGD | {"momentum": 0.0},
    "sgd without Nesterov": SGD | {"nesterovs_momentum": False},
    "invscaling": SGD | {"learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": SGD
    | {"learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 40},
    "tol": {"tol": 0.01, "n_iter_no_change": 3, "max_iter": 60},
    "never ends early": {"n_iter_no_change": np.inf, "tol": 1e3},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 30},
    "validation fraction": {"early_stopping": True, "validation_fraction": 0.4},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
    "lbfgs, few calls": {"solver": "lbfgs", "max_fun": 4},
    "RandomState": {"random_state": 7},
}


@pytest.mark.parametrize("case", CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:lbfgs")
def test_a_classifier_learns_the_weights_that_scikit_learns_learns(case: str) -> None:
    ours, theirs = both("MLPClassifier", **CLASSIFIERS[case])
    if case == "RandomState":
        ours.random_state, theirs.random_state = (np.random.RandomState(7) for _ in "ab")
    assert_equal(ours.fit(X, Y), theirs.fit(X, Y))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()


def _blocks(estimator: Any, **classes: Any) -> Any:
    for block in (slice(0, 20), slice(20, 40), slice(40, 60)):
        estimator.partial_fit(X[block], Y[block], sample_weight=WEIGHTS[block], **classes)
    return estimator


CALLS: dict[str, Callable[[Any], Any]] = {
    "weights": lambda m: m.fit(X, Y, sample_weight=WEIGHTS),
    "sparse": lambda m: m.fit(csr_matrix(X), Y),
    "several classes": lambda m: m.fit(*load_iris(return_X_y=True)),
    "several labels": lambda m: m.fit(X, LABELS),
    "blocks": lambda m: _blocks(m, classes=[0, 1]),
    "blocks after fit": lambda m: _blocks(m.fit(X, Y)),
    "warm start": lambda m: m.set_params(warm_start=True).fit(X, Y).fit(X[:30], Y[:30]),
    "warm start, early": lambda m: (
        m.set_params(warm_start=True, early_stopping=True).fit(X, Y).fit(X, Y)
    ),
    "fit twice": lambda m: m.fit(X, Y).fit(X[:30], Y[:30]),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls_mean_what_they_mean_in_scikit_learn(case: str) -> None:
    ours, theirs = both("MLPClassifier")
    assert_equal(CALLS[case](ours), CALLS[case](theirs))


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
@pytest.mark.filterwarnings("ignore:lbfgs")
def test_a_regressor_learns_the_weights_that_scikit_learns_learns(settings: Any) -> None:
    ours, theirs = both("MLPRegressor", **settings)
    data = load_diabetes(return_X_y=True)
    assert_equal(ours.fit(*data), theirs.fit(*data))
    np.testing.assert_allclose(ours.predict(data[0]), theirs.predict(data[0]), rtol=1e-9)


def test_a_regressor_of_two_targets_learns_the_same_weights_by_another_loss() -> None:
    """scikit-learn's ``loss_`` is the mean over the outputs, its gradient is of their sum."""
    ours, theirs = (m.fit(X, np.hstack([X, X**2])) for m in both("MLPRegressor", alpha=0.0))
    np.testing.assert_allclose(ours.loss_curve_, np.array(theirs.loss_curve_) * 4, rtol=1e-9)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)


COUNTS = np.random.RandomState(0).poisson(np.exp(X - 1.0))  # two for each sample, some of them 0
POISSON: dict[str, Callable[[Any], Any]] = {
    "fit": lambda m: m.fit(X, COUNTS[:, 0]),
    "several targets": lambda m: m.fit(X, COUNTS),
    "weights": lambda m: m.fit(X, COUNTS[:, 0], sample_weight=WEIGHTS),
    "sparse": lambda m: m.fit(csr_matrix(X), COUNTS[:, 0]),
    "all 0": lambda m: m.fit(X, 0 * COUNTS[:, 0]),
    "large": lambda m: m.fit(X, 1e5 * COUNTS[:, 0]),
    "sgd": lambda m: m.set_params(solver="sgd").fit(X, COUNTS[:, 0]),
    "early stopping": lambda m: m.set_params(early_stopping=True).fit(X, COUNTS[:, 0]),
    "lbfgs": lambda m: m.set_params(solver="lbfgs").fit(X, COUNTS[:, 0], sample_weight=WEIGHTS),
    "warm start": lambda m: m.set_params(warm_start=True).fit(X, COUNTS).fit(X[:30], COUNTS[:30]),
    "blocks": lambda m: (
        m.partial_fit(X[:40], COUNTS[:40], sample_weight=WEIGHTS[:40])
        .partial_fit(X[40:], COUNTS[40:], sample_weight=WEIGHTS[40:])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", POISSON)
@pytest.mark.filterwarnings("ignore:lbfgs")
def test_counts_are_learned_with_the_numbers_of_scikit_learn(case: str) -> None:
    ours, theirs = (POISSON[case](m) for m in both("MLPRegressor", loss="poisson"))
    assert_equal(ours, theirs)
    y = COUNTS if ours.n_outputs_ == 2 else COUNTS[:, 0]
    same = {"rtol": 1e-12, "atol": 0.0}
    np.testing.assert_allclose(ours.loss_, theirs.loss_, **same)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), **same)
    np.testing.assert_allclose(ours.score(X, y), theirs.score(X, y), **same)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, **same)


# ------------------------------------------------------------------------------ names

PAGE = Path(__file__).parents[3] / "notebooks" / "howto" / "scikit_learn.md"
ROW = re.compile(r"^\| `(\w+)` \| (same|different|missing|ours alone)\b(.*)\|$", re.MULTILINE)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_the_table_of_the_page_is_true(kind: str) -> None:
    """Each parameter is there once, and "same" means the same default."""
    rows = {name: (word, rest) for name, word, rest in ROW.findall(PAGE.read_text())}
    assert len(rows) == len(ROW.findall(PAGE.read_text()))
    ours = inspect.signature(getattr(nn, kind)).parameters
    theirs = inspect.signature(getattr(neural_network, kind)).parameters
    assert set(rows) == set(ours) | set(theirs) | {"loss"}  # which only the regressor has
    for name in set(ours) | set(theirs):
        word, reason = rows[name]
        assert (word == "missing") == (name not in ours), name
        assert (word == "ours alone") == (name not in theirs), name
        if word == "same":
            assert ours[name].default == theirs[name].default, name
        else:
            assert len(reason) > 20, f"{name}: no reason"


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score"])
def test_methods_take_the_same_arguments(kind: str, method: str) -> None:
    ours, theirs = both(kind)
    names = [list(inspect.signature(getattr(m, method)).parameters) for m in (ours, theirs)]
    assert names[0] == names[1]
