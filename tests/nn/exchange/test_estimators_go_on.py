"""Training that goes on, weights of samples, sparse samples; an error changes nothing."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from scipy.sparse import csc_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_moons

import nn
from nn.exchange.network_program import NetworkProgram

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_moons(60, noise=0.1, random_state=0)
X = X * [100.0, 0.01] + [50.0, 3.0]
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}
KINDS = [nn.MLPClassifier, nn.MLPRegressor]


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_epochs_of_fit(kind: Any) -> None:
    """Where the order does not count, partial_fit on all samples is one epoch of fit."""
    whole = kind(**SETTINGS, batch_size=60).fit(X, Y)
    blocks = kind(**SETTINGS, batch_size=60)
    for _ in range(5):
        blocks.partial_fit(X, Y, **({"classes": [0, 1]} if kind is nn.MLPClassifier else {}))
    assert np.allclose(blocks.loss_curve_, whole.loss_curve_, rtol=1e-9)
    assert np.allclose(blocks.coefs_[0], whole.coefs_[0], rtol=1e-9)
    assert (blocks.n_iter_, blocks.t_) == (1, 300)


def test_a_block_may_have_one_class_or_one_sample() -> None:
    estimator = nn.MLPClassifier(**SETTINGS)
    for k in range(len(X)):
        estimator.partial_fit(X[[k]], Y[[k]], classes=[0, 1, 2])
    assert estimator.predict_proba(X).shape == (60, 3)
    assert estimator.t_ == 60


def test_the_first_block_fixes_the_standardization() -> None:
    estimator = nn.MLPClassifier(**SETTINGS).partial_fit(X[:30], Y[:30], classes=[0, 1])
    kept = estimator._memory["standardization"]
    assert np.allclose(kept[0], X[:30].mean(axis=0), rtol=1e-12)
    estimator.partial_fit(X[30:], Y[30:])
    assert estimator._memory["standardization"] == kept


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_estimator_goes_on_as_the_first_would(kind: Any, tmp_path: Path) -> None:
    first = kind(**SETTINGS).fit(X, Y)
    first.save(tmp_path / "m.json")
    second = kind.load(tmp_path / "m.json")
    for estimator in (first, second):
        estimator.partial_fit(X, Y)
    assert all(map(np.array_equal, first.coefs_, second.coefs_))
    assert first.loss_curve_ == second.loss_curve_


def test_files_of_version_0_1_are_read(tmp_path: Path) -> None:
    estimator = nn.MLPClassifier(**SETTINGS).fit(X, Y)
    estimator.save(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    del content["sha256"]
    saved = content["metadata"]["estimator"]
    for name in ("memory", "n_iter", "t", "last_loss"):
        del saved[name]
    for name in ("learning_rate", "power_t", "warm_start", "max_fun", "standardize"):
        del saved["parameters"][name]
    saved["samples"] = 60
    content["sha256"] = nn.model_file.checksum(content)
    (tmp_path / "m.json").write_text(json.dumps(content))
    other = nn.MLPClassifier.load(tmp_path / "m.json")
    assert (other.t_, other.n_iter_, other.loss_) == (300, 5, estimator.loss_)
    assert np.array_equal(other.predict_proba(X), estimator.predict_proba(X))
    assert other.partial_fit(X, Y).t_ == 360


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"n_iter_no_change": np.inf}])
def test_other_states_come_back_from_a_file(settings: Any, tmp_path: Path) -> None:
    several = np.column_stack([Y, 1 - Y, Y])
    estimator = nn.MLPClassifier(**SETTINGS, **settings)
    for y in (Y, several):
        estimator.fit(X, y).save(tmp_path / "m.json")
        other = nn.MLPClassifier.load(tmp_path / "m.json")
        assert other.get_params() == estimator.get_params()
        assert vars(other).keys() == vars(estimator).keys()
        assert other.predict(X).tolist() == estimator.predict(X).tolist()
        assert np.array_equal(other.predict_proba(X), estimator.predict_proba(X))
        assert nn.load(tmp_path / "m.json").predict(X) == estimator.predict(X).tolist()


def test_weights_count_samples() -> None:
    """Twice the weight is the sample twice, where all samples are in one batch."""
    settings = SETTINGS | {"solver": "lbfgs", "max_iter": 15}
    repeats = np.random.RandomState(0).randint(0, 3, 60)
    weighted = nn.MLPClassifier(**settings).fit(X, Y, sample_weight=repeats)
    repeated = nn.MLPClassifier(**settings).fit(np.repeat(X, repeats, 0), np.repeat(Y, repeats))
    assert np.allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)


def test_a_batch_without_weight_is_no_step() -> None:
    weights = np.repeat([0.0, 1.0], 30)
    settings = SETTINGS | {"shuffle": False, "batch_size": 30, "standardize": False}
    half = nn.MLPRegressor(**settings).fit(X[30:], Y[30:])
    whole = nn.MLPRegressor(**settings).fit(X, Y, sample_weight=weights)
    assert all(map(np.array_equal, whole.coefs_, half.coefs_))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", [csr_matrix, csc_array])
def test_sparse_samples_are_learned_and_answered_as_dense_ones(kind: Any, container: Any) -> None:
    table = X * np.random.RandomState(0).randint(0, 2, X.shape)
    dense, sparse = (clone(kind(**SETTINGS)).fit(x, Y) for x in (table, container(table)))
    assert np.allclose(sparse.coefs_[0], dense.coefs_[0], rtol=1e-9)
    assert np.allclose(sparse.predict(container(table)), dense.predict(table), rtol=1e-9)
    steep = clone(kind(**SETTINGS, activation="identity")).fit(table, Y)
    steep.coefs_ = [1e3 * coefs for coefs in steep.coefs_]
    with pytest.raises(ValueError, match=r"feature 0 of sample 1 is 1e\+308: the outputs"):
        steep.predict(container([[1.0, 2.0], [1e308, 2.0]]))


def test_random_states() -> None:
    fits = [nn.MLPClassifier(**SETTINGS | {"random_state": s}).fit(X, Y) for s in (7, 7, 8)]
    given = nn.MLPClassifier(**SETTINGS | {"random_state": np.random.RandomState(7)}).fit(X, Y)
    assert np.array_equal(fits[0].coefs_[0], fits[1].coefs_[0])
    assert np.array_equal(fits[0].coefs_[0], given.coefs_[0])
    assert not np.array_equal(fits[0].coefs_[0], fits[2].coefs_[0])
    np.random.seed(7)  # noqa: NPY002  # what None stands for, as in scikit-learn
    unseeded = nn.MLPClassifier(**SETTINGS | {"random_state": None}).fit(X, Y)
    assert np.array_equal(fits[0].coefs_[0], unseeded.coefs_[0])
    with pytest.raises(ValueError, match="cannot be used to seed"):
        nn.MLPClassifier(random_state=np.random.default_rng(0)).fit(X, Y)


def test_threads_do_not_share_a_network() -> None:
    alone = nn.MLPClassifier(**SETTINGS | {"max_iter": 30}).fit(X, Y)
    found: list[Any] = []

    def fit() -> None:
        found.append(nn.MLPClassifier(**SETTINGS | {"max_iter": 30}).fit(X, Y).coefs_[0])

    threads = [threading.Thread(target=fit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.array_equal(coefs, alone.coefs_[0]) for coefs in found)


@pytest.mark.parametrize("max_iter", [40, 650])  # the longer one is worth machine code
def test_a_training_does_not_depend_on_what_was_trained_before(max_iter: int) -> None:
    settings = SETTINGS | {"max_iter": max_iter, "batch_size": 16, "tol": 0.0}
    first = nn.MLPClassifier(**settings).fit(X, Y)
    for samples in range(40, 46):
        nn.MLPClassifier(**settings | {"max_iter": 3}).fit(X[:samples], Y[:samples])
    again = nn.MLPClassifier(**settings).fit(X, Y)
    assert np.array_equal(first.coefs_[0], again.coefs_[0])
    assert first.loss_curve_ == again.loss_curve_


BAD: dict[str, tuple[Callable[[Any], Any], str]] = {
    "data": (lambda m: m.fit([[1.0, np.nan]] * 9, [0, 1, 0] * 3), "Input X contains NaN"),
    "one class": (lambda m: m.fit(X, Y * 0), "y has one class only, 0: a classifier needs two"),
    "parameter": (
        lambda m: m.set_params(alpha=-1.0).fit(X[:, :1], ["a", "b"] * 30),
        "alpha must be finite and at least 0, got -1",
    ),
    "flag": (lambda m: m.set_params(standardize=1).fit(X, Y), "standardize must be True or False"),
    "rate": (
        lambda m: m.set_params(learning_rate="slow").fit(X, Y),
        "learning_rate='slow' is unknown; choose constant, invscaling, adaptive",
    ),
    "negative weight": (
        lambda m: m.fit(X, Y, sample_weight=np.r_[1.0, -2.0, np.ones(58)]),
        "sample_weight must be at least 0, got -2 for sample 1",
    ),
    "no weight": (lambda m: m.fit(X, Y, sample_weight=0.0), "sample_weight is zero for all"),
    "vast weight": (
        lambda m: m.fit(X, Y, sample_weight=1e308),
        r"sample_weight must be 0, or between 1e-150 and 1e\+150, .* got 1e\+308",
    ),
    "tiny weight": (
        lambda m: m.fit(X, Y, sample_weight=np.r_[5e-324, np.ones(59)]),
        "sample_weight must be 0, or between .* got 4.94066e-324",
    ),
    "held out without weight": (
        lambda m: m.set_params(early_stopping=True, validation_fraction=0.5, random_state=0).fit(
            X[:8], Y[:8], sample_weight=np.eye(8)[0]
        ),
        "sample_weight is zero for all samples that are held out",
    ),
    "table of sizes": (
        lambda m: m.set_params(hidden_layer_sizes=((3, 2), (2, 2))).fit(X, Y),
        "hidden_layer_sizes is a whole number for each hidden layer, got",
    ),
    "few weights": (lambda m: m.fit(X, Y, sample_weight=[1.0]), "inconsistent numbers of samples"),
    "table of weights": (
        lambda m: m.fit(X, Y, sample_weight=np.ones((60, 1))),
        "sample_weight has 2 dimensions: it takes a number each",
    ),
    "held out": (
        lambda m: m.set_params(early_stopping=True, validation_fraction=0.01).fit(X, Y),
        "test_size = 1 should be greater",
    ),
    "other class": (
        lambda m: m.partial_fit(X, Y + 1),
        "y has 2, which is not among the classes given",
    ),
    "other classes": (
        lambda m: m.partial_fit(X, Y, classes=[0, 1, 2]),
        r"training goes on with the classes \[0, 1\], got \[0, 1, 2\]",
    ),
    "warm start": (
        lambda m: m.set_params(warm_start=True).fit(X, Y + 1),
        r"training goes on with the classes \[0, 1\], got \[1, 2\]",
    ),
    "warm sizes": (
        lambda m: m.set_params(warm_start=True, hidden_layer_sizes=(5,)).fit(X, Y),
        r"training goes on with a network of sizes \(2, 4, 1\), .* ask for \(2, 5, 1\)",
    ),
    "features": (lambda m: m.partial_fit(X[:, :1], Y), "X has 1 features, but .* 2 features"),
    "labels": (
        lambda m: m.partial_fit(X, np.column_stack([Y, 1 - Y])),
        "ask for .2, 4, 2.",
    ),
    "early": (
        lambda m: m.set_params(early_stopping=True).partial_fit(X, Y),
        "early_stopping=True holds samples out of all: call fit instead",
    ),
    "span": (
        lambda m: m.fit(np.where(X > 50, 1.7e308, -1.7e308), Y),
        "column 0 spans more than a float can hold",
    ),
}


BAD_COUNTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "negative": (
        lambda m: m.fit(X, np.r_[1.0, 0.0, -2.5, Y[3:]]),
        "loss='poisson' requires non-negative y, got -2.5 for sample 2",
    ),
    "negative block": (
        lambda m: m.partial_fit(X, np.column_stack([Y, Y - 1.0])),
        "loss='poisson' requires non-negative y, got -1 for sample",
    ),
    "other loss": (
        lambda m: m.set_params(loss="squared_error").partial_fit(X, Y),
        "training goes on, but not with loss='squared_error': .* fit another one",
    ),
    "other loss, warm": (
        lambda m: m.set_params(loss="squared_error", warm_start=True).fit(X, Y),
        "training goes on, but not with loss='squared_error': .* fit another one",
    ),
    "unknown loss": (
        lambda m: m.set_params(loss="huber").fit(X, Y),
        "loss='huber' is unknown; choose squared_error, poisson",
    ),
}


@pytest.mark.parametrize("case", BAD_COUNTS)
def test_an_error_leaves_a_regressor_of_counts_as_it_was(case: str) -> None:
    call, message = BAD_COUNTS[case]
    estimator = nn.MLPRegressor(**SETTINGS, loss="poisson").fit(X, Y)
    parameters, before = estimator.get_params(), fitted_state(estimator)
    with pytest.raises(ValueError, match=message):
        call(estimator)
    assert fitted_state(estimator) == before
    assert estimator.set_params(**parameters).partial_fit(X, Y).t_ == 360


def fitted_state(estimator: Any) -> dict[str, bytes]:
    parameters = estimator.get_params()
    return {name: pickle.dumps(x) for name, x in vars(estimator).items() if name not in parameters}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of scikit-learn's checks
def test_an_error_leaves_the_estimator_as_it_was(case: str) -> None:
    call, message = BAD[case]
    estimator = nn.MLPClassifier(**SETTINGS).fit(X, Y)
    parameters, before = estimator.get_params(), fitted_state(estimator)
    with pytest.raises((ValueError, TypeError), match=message):
        call(estimator)
    assert fitted_state(estimator) == before
    assert estimator.set_params(**parameters).partial_fit(X, Y).t_ == 360


@pytest.mark.parametrize("case", ["data", "one class", "negative weight", "held out"])
def test_an_error_leaves_an_estimator_unfitted(case: str) -> None:
    estimator = nn.MLPClassifier(**SETTINGS)
    with pytest.raises(ValueError, match=BAD[case][1]):
        BAD[case][0](estimator)
    assert fitted_state(estimator) == {}


def test_an_interrupt_while_a_network_is_compiled_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estimator = nn.MLPClassifier(**SETTINGS).fit(X, Y)
    before = pickle.dumps(vars(estimator))

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(NetworkProgram, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        estimator.set_params(hidden_layer_sizes=(2, 2, 2)).fit(X, Y)
    assert pickle.dumps(vars(estimator.set_params(hidden_layer_sizes=(4,)))) == before


def test_an_interrupt_in_training_keeps_what_was_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    step = NetworkProgram.loss_and_gradient

    def interrupted(self: Any, theta: Any, *batch: Any) -> Any:
        steps.append(1)
        if len(steps) > 7:
            raise KeyboardInterrupt
        return step(self, theta, *batch)

    monkeypatch.setattr(NetworkProgram, "loss_and_gradient", interrupted)
    with pytest.warns(RuntimeWarning, match="training interrupted at step 8"):
        estimator = nn.MLPClassifier(**SETTINGS).fit(X, Y)
    assert (estimator.n_iter_, len(estimator.loss_curve_)) == (3, 3)
    assert np.isfinite(estimator.predict_proba(X)).all()


def test_lbfgs_takes_all_samples_at_once() -> None:
    estimator = nn.MLPRegressor(solver="lbfgs")
    assert not hasattr(estimator, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        estimator.partial_fit(X, Y)


def test_the_first_block_needs_all_classes() -> None:
    with pytest.raises(ValueError, match="the first call of partial_fit needs classes"):
        nn.MLPClassifier().partial_fit(X, Y)
