"""What takes any estimator takes ours: searches, ensembles, inspection, frames, SHAP."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_moons
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_moons(80, noise=0.1, random_state=0)
X = np.column_stack([X, np.random.RandomState(0).rand(80)])  # the last feature tells nothing
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (6,),
    "max_iter": 40,
    "learning_rate_init": 0.1,
    "random_state": 0,
}
CLASSIFIER, REGRESSOR = nn.MLPClassifier(**SETTINGS), nn.MLPRegressor(**SETTINGS)


def test_permutation_importance() -> None:
    fitted = sklearn.clone(CLASSIFIER).fit(X, Y)
    means = permutation_importance(fitted, X, Y, n_repeats=5, random_state=0).importances_mean
    assert means[2] < min(means[:2])


@pytest.mark.slow
def test_partial_dependence_and_its_picture() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    fitted = sklearn.clone(REGRESSOR).fit(X, 3.0 * X[:, 0])
    curve = partial_dependence(fitted, X, [0], grid_resolution=5)
    slope = np.diff(curve["average"][0]) / np.diff(curve["grid_values"][0])
    assert np.allclose(slope, 3.0, atol=0.9)
    display = PartialDependenceDisplay.from_estimator(fitted, X, [0, (0, 1)], grid_resolution=5)
    assert [part["average"].shape for part in display.pd_results] == [(1, 5), (1, 5, 5)]
    plt.close("all")


@pytest.mark.parametrize("response_method", ["predict", "predict_proba"])
def test_decision_boundary(response_method: str) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    fitted = sklearn.clone(CLASSIFIER).fit(X[:, :2], Y)
    display = DecisionBoundaryDisplay.from_estimator(
        fitted, X[:, :2], grid_resolution=9, response_method=response_method
    )
    assert display.response.shape == (9, 9)
    assert display.response.max() > 0.9
    plt.close("all")


def test_calibration() -> None:
    for method in ("sigmoid", "isotonic"):
        calibrated = CalibratedClassifierCV(CLASSIFIER, method=method, cv=2).fit(X, Y)
        assert calibrated.score(X, Y) > 0.85
        assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_votes_bags_and_several_targets() -> None:
    members = [("network", CLASSIFIER), ("line", LogisticRegression())]
    for voting in ("soft", "hard"):
        voted = VotingClassifier(members, voting=voting).fit(X, Y)
        assert voted.score(X, Y) > 0.8
    bag = BaggingClassifier(CLASSIFIER, n_estimators=3, random_state=0).fit(X, Y)
    assert bag.score(X, Y) > 0.85
    both = MultiOutputClassifier(CLASSIFIER).fit(X, np.column_stack([Y, 1 - Y]))
    assert (both.predict(X).sum(axis=1) == 1).mean() > 0.9


def test_grid_search_finds_the_better_network() -> None:
    pipeline = make_pipeline(StandardScaler(), nn.MLPClassifier(**SETTINGS))
    grid = {"mlpclassifier__alpha": [1e-4, 1e3], "mlpclassifier__standardize": [False]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert search.best_params_["mlpclassifier__alpha"] == 1e-4
    assert search.score(X, Y) == search.best_estimator_.score(X, Y) > 0.85
    assert sklearn.clone(pipeline).get_params().keys() == pipeline.get_params().keys()


@pytest.mark.slow
def test_cross_validation_and_learning_curve() -> None:
    assert cross_val_score(CLASSIFIER, X, Y, cv=3).mean() > 0.75
    assert cross_val_score(REGRESSOR, X, X[:, 0], cv=3, scoring="r2").mean() > 0.8
    sizes, _, scores = learning_curve(CLASSIFIER, X, Y, cv=2, train_sizes=[0.3, 1.0])
    assert sizes.tolist() == [12, 40]
    assert scores.shape == (2, 2)
    _, _, blockwise = learning_curve(
        CLASSIFIER, X, Y, cv=2, train_sizes=[0.5, 1.0], exploit_incremental_learning=True
    )
    assert blockwise.shape == (2, 2)


def test_metadata_are_routed() -> None:
    """Weights reach `fit`, `partial_fit` and `score` through a pipeline and a search."""
    weights = np.where(Y == 1, 1e-6, 1.0)  # class 1 hardly counts
    with sklearn.config_context(enable_metadata_routing=True):
        asked = nn.MLPClassifier(**SETTINGS).set_fit_request(sample_weight=True)
        asked.set_score_request(sample_weight=True).set_partial_fit_request(classes=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, asked)
        params = {"sample_weight": weights}
        scores = cross_validate(pipeline, X, Y, cv=2, params=params)["test_score"]
        search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1]}, cv=2)
        search.fit(X, Y, sample_weight=weights)
        unasked = make_pipeline(nn.MLPClassifier(**SETTINGS))
        with pytest.raises(ValueError, match=r"sample_weight.* not explicitly set as requested"):
            cross_validate(unasked, X, Y, cv=2, params=params)
    assert scores.min() > 0.99
    assert search.predict(X).tolist() == [0] * 80


@pytest.mark.parametrize("library", ["pandas", pytest.param("polars", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_frames_give_names(library: str) -> None:
    frames: Any = pytest.importorskip(library)
    names = ["width", "height", "noise"]
    frame, labels = frames.DataFrame(dict(zip(names, X.T, strict=True))), frames.Series(Y)
    fitted = sklearn.clone(CLASSIFIER).fit(frame, labels)
    assert fitted.feature_names_in_.tolist() == names
    assert fitted.predict_proba(frame).tolist() == fitted.predict_proba(X).tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[["height", "width", "noise"]])
    pipeline = make_pipeline(StandardScaler(), nn.MLPRegressor(**SETTINGS))
    pipeline.set_output(transform=library).fit(frame, frames.Series(X[:, 0]))
    assert pipeline[-1].feature_names_in_.tolist() == names
    assert fitted.model_.metadata["features"] == names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what SHAP warns about is its affair
def test_shap_explains_a_prediction() -> None:
    try:
        shap: Any = import_module("shap")  # heavy, with numba: tested where it is installed
    except ImportError:
        pytest.skip("SHAP is not installed")
    fitted = sklearn.clone(REGRESSOR).fit(X, 3.0 * X[:, 0])
    told = shap.KernelExplainer(fitted.predict, X[:10], seed=0).shap_values(X[10:12])
    expected = fitted.predict(X[10:12]) - fitted.predict(X[:10]).mean()
    assert np.allclose(told.sum(axis=1), expected, atol=1e-6)
    assert (np.abs(told).argmax(axis=1) == 0).all()
    permuted = shap.explainers.Permutation(fitted.predict, X[:10], seed=0)(X[10:12])
    assert np.allclose(permuted.values.sum(axis=1), expected, atol=1e-6)
