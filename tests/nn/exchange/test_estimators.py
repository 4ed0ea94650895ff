"""The estimators: scikit-learn's own checks, and what its users expect."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import autograd
import nn

from ...benchmarks.accuracy import TARGETS
from ...benchmarks.accuracy import row as accuracy_row

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = [nn.MLPClassifier, nn.MLPRegressor]
X, Y = make_moons(120, noise=0.1, random_state=0)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}


@parametrize_with_checks([kind(hidden_layer_sizes=(8,)) for kind in KINDS])
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([kind() for kind in KINDS])
def test_scikit_learns_own_checks_of_the_defaults(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(nn.MLPClassifier, MLPClassifier), (nn.MLPRegressor, MLPRegressor)]
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_names_are_scikit_learns(ours: Any, theirs: Any, early_stopping: bool) -> None:
    assert set(ours().get_params()) <= set(theirs().get_params())
    mine = ours(**QUICK, early_stopping=early_stopping).fit(X, Y)
    other = theirs(max_iter=5, early_stopping=early_stopping).fit(X, Y)
    public = {name for name in vars(mine) if name.endswith("_")}
    assert public <= set(vars(other))
    for name in sorted(public):
        assert (getattr(mine, name) is None) == (getattr(other, name) is None), name
    assert [c.shape for c in mine.coefs_] == [(2, 4), (4, 1)]
    assert [b.shape for b in mine.intercepts_] == [(4,), (1,)]
    assert len(mine.loss_curve_) == mine.n_iter_ == 5


@pytest.mark.parametrize("kind", KINDS)
def test_no_graph_is_kept_and_none_recorded(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = kind(**QUICK).fit(X, Y)
    assert b"Value" not in pickle.dumps(estimator)
    assert all(type(array) is np.ndarray for array in estimator.coefs_ + estimator.intercepts_)

    def fail(*_: Any) -> None:
        raise AssertionError("a node was recorded")

    monkeypatch.setattr(autograd.Value, "__init__", fail)
    monkeypatch.setattr(autograd.Value, "record", fail)
    assert estimator.predict(X).shape == (120,)


@pytest.mark.parametrize("activation", [*nn.layers.ACTIVATIONS, "identity", "logistic"])
def test_arrays_give_what_the_network_gives(activation: str) -> None:
    """The weights, with the standardization folded in, put into an MLP of Values again."""
    estimator = nn.MLPRegressor((3, 2), activation, max_iter=2, random_state=1)
    estimator.fit(X[:16] * [1.0, 100.0] + 5.0, X[:16] @ [[1.0, 9.0], [3.0, 7.0]] - 70.0)
    name = {"identity": "linear", "logistic": "sigmoid"}.get(activation, activation)
    model = nn.MLP(2, [3, 2, 2], name)
    for layer, coefs, intercepts in zip(
        model.layers, estimator.coefs_, estimator.intercepts_, strict=True
    ):
        for neuron, ws, b in zip(layer.neurons, coefs.T, intercepts, strict=True):
            neuron.b.data = float(b)
            for w, x in zip(neuron.w, ws, strict=True):
                w.data = float(x)
    new = np.array([[4.0, -20.0], [6.5, 30.0], [5.0, 0.0]])
    expected = [[o.data for o in model(x)] for x in new.tolist()]
    assert np.allclose(estimator.predict(new), expected, rtol=1e-9)  # tan magnifies rounding


def test_training_is_nn_fit_on_standardized_features() -> None:
    """Shifted and scaled features give the same predictions, which raw ones would not."""
    plain = nn.MLPClassifier(max_iter=20, random_state=0).fit(X, Y)
    moved = nn.MLPClassifier(max_iter=20, random_state=0).fit(X * [1e6, 1e-6] + [1e7, 3.0], Y)
    probabilities = plain.predict_proba(X), moved.predict_proba(X * [1e6, 1e-6] + [1e7, 3.0])
    assert np.allclose(*probabilities, atol=1e-6)


def test_works_in_pipeline_grid_search_and_cross_validation() -> None:
    pipeline = make_pipeline(StandardScaler(), nn.MLPClassifier(max_iter=40, random_state=0))
    assert cross_val_score(pipeline, X, Y, cv=3).mean() > 0.85
    grid = {"mlpclassifier__hidden_layer_sizes": [(), (8,)], "mlpclassifier__alpha": [1e-4]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert set(search.cv_results_["rank_test_score"]) <= {1, 2}
    assert clone(pipeline).get_params().keys() == pipeline.get_params().keys()


def test_draws_its_decision_boundary() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    estimator = nn.MLPClassifier(**QUICK).fit(X, Y)
    display = DecisionBoundaryDisplay.from_estimator(estimator, X, grid_resolution=20)
    assert display.response.shape == (20, 20)
    plt.close("all")


def test_probabilities_of_three_classes() -> None:
    features, labels = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[labels]
    estimator = nn.MLPClassifier(random_state=0, max_iter=60).fit(features, names)
    assert estimator.score(features, names) > 0.93
    assert estimator.out_activation_ == "softmax"
    assert list(estimator.classes_) == ["setosa", "versicolor", "virginica"]
    probabilities = estimator.predict_proba(features * 1e4)  # far away: no overflow
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.isfinite(estimator.predict_log_proba(features * 1e4)).all()


def test_regression_of_large_targets_and_of_several() -> None:
    x = np.linspace(-3, 3, 80).reshape(-1, 1)
    y = np.hstack([1e6 + 1e5 * np.sin(x), x**2])
    estimator = nn.MLPRegressor((16,), "tanh", random_state=0).fit(x, y)
    assert estimator.predict(x).shape == (80, 2)
    assert estimator.score(x, y) > 0.98


def test_the_same_random_state_gives_the_same_bits() -> None:
    first, second = (nn.MLPClassifier(**QUICK, early_stopping=True).fit(X, Y) for _ in "ab")
    other = nn.MLPClassifier(**QUICK | {"random_state": 1}).fit(X, Y)
    assert pickle.dumps(first) == pickle.dumps(second)
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_solver_learns(solver: str) -> None:
    estimator = nn.MLPClassifier(solver=solver, max_iter=60, random_state=0).fit(X, Y)
    assert estimator.score(X, Y) > 0.9
    assert estimator.loss_curve_[-1] < estimator.loss_curve_[0]


def test_alpha_shrinks_the_weights() -> None:
    sizes = []
    for alpha in (0.0, 1.0, 100.0):
        estimator = nn.MLPClassifier(alpha=alpha, max_iter=40, random_state=0).fit(X, Y)
        sizes.append(sum(float((coefs**2).sum()) for coefs in estimator.coefs_))
    assert sizes[0] > sizes[1] > sizes[2]


def test_early_stopping_keeps_the_weights_of_the_best_score() -> None:
    estimator = nn.MLPClassifier(
        early_stopping=True, validation_fraction=0.3, n_iter_no_change=3, random_state=0
    ).fit(X, Y)
    scores = estimator.validation_scores_
    assert estimator.n_iter_ == len(scores) < 200
    assert estimator.best_validation_score_ == max(scores)
    assert max(scores[-3:]) < max(scores[:-3]) + estimator.tol
    assert estimator.best_loss_ is None


def test_stops_when_the_loss_no_longer_falls_and_warns_when_it_still_does() -> None:
    with pytest.warns(ConvergenceWarning, match="all 5 epochs"):
        nn.MLPClassifier(**QUICK).fit(X, Y)
    estimator = nn.MLPClassifier(tol=0.5, n_iter_no_change=2, random_state=0).fit(X, Y)
    assert estimator.n_iter_ <= 4


BAD = {
    "activation": ({"activation": "rulu"}, "activation='rulu' is unknown; choose linear, "),
    "solver": ({"solver": "lbfgs"}, "solver='lbfgs' is unknown; choose sgd, adam"),
    "zero rate": ({"learning_rate_init": 0.0}, "learning_rate_init must be finite and above 0"),
    "negative rate": ({"learning_rate_init": -1.0}, "learning_rate_init must be finite and above"),
    "sizes": ({"hidden_layer_sizes": (4, 0)}, "hidden_layer_sizes must be at least 1, got 0"),
    "size": ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be a whole number, got 2.5"),
    "batch size": ({"batch_size": 0}, "batch_size, unless it is 'auto', must be at least 1, got 0"),
    "batch": ({"batch_size": "all"}, "unless it is 'auto', must be a whole number, got 'all'"),
    "max_iter": ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
    "n_iter": ({"n_iter_no_change": 1.5}, "n_iter_no_change must be a whole number, got 1.5"),
    "alpha": ({"alpha": -1.0}, "alpha must be finite and at least 0, got -1"),
    "tol": ({"tol": float("nan")}, "tol must be finite and at least 0, got nan"),
    "share": (
        {"early_stopping": True, "validation_fraction": 2},
        "validation_fraction must be at least 0 and below 1, got 2",
    ),
    "no share": (
        {"early_stopping": True, "validation_fraction": 0},
        "validation_fraction must be finite and above 0, got 0",
    ),
    "momentum": ({"solver": "sgd", "momentum": 2.0}, "momentum must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_are_named(case: str) -> None:
    parameters, message = BAD[case]
    with pytest.raises((ValueError, TypeError), match=message):
        nn.MLPClassifier(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("samples", "labels", "message"),
    [
        ([[1.0, np.nan], [0.0, 1.0]], [0, 1], "Input X contains NaN"),
        ([[1.0, np.inf], [0.0, 1.0]], [0, 1], "Input X contains infinity"),
        (np.zeros((0, 2)), [], "0 sample"),
        ([[1.0], [2.0]], [1, 1], "y has one class only, "),
        ([[1.0], [2.0]], [0, 1, 1], "inconsistent numbers of samples"),
        ([[1.0], [2.0]], [0.1, 0.2], "continuous"),
    ],
)
def test_bad_data_is_named(samples: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.MLPClassifier(**QUICK).fit(samples, labels)


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="batch_size 1000 is larger than the data: 120"):
        nn.MLPClassifier(**QUICK, batch_size=1000).fit(X, Y)


def test_divergence_keeps_finite_weights_and_says_at_which_step() -> None:
    estimator = nn.MLPRegressor((), solver="sgd", learning_rate_init=1e200, random_state=0)
    with pytest.warns(RuntimeWarning, match="diverged at step"):
        estimator.fit(X, Y)
    assert all(np.isfinite(array).all() for array in estimator.coefs_ + estimator.intercepts_)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_defaults_are_as_accurate_as_scikit_learns_own(name: str) -> None:
    assert accuracy_row(name)


def test_scikit_learn_stays_optional() -> None:
    code = (
        "import sys\n"
        "sys.modules['sklearn'] = None\n"
        "import nn\n"
        "try: nn.MLPClassifier\n"
        "except ImportError as error: print(error)"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert run.stdout == (
        "this needs scikit-learn: pip install scikit-learn (it is in chalkgrad[demo])\n"
    )
    with pytest.raises(AttributeError, match="no attribute 'MLPClassifer'"):
        nn.MLPClassifer  # noqa: B018  # a typo is an error
