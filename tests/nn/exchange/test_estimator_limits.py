"""Where the limits of the estimators are: rates, sizes, batches, weights of samples, constants."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from scipy.sparse import csr_matrix

import nn
from nn.exchange.perceptron import can_take_blocks, one_of
from nn.exchange.sample_checks import check_labels, check_numbers, checked_weights
from nn.exchange.solvers import WeightedSamples
from nn.exchange.standardization import Standardization, Standardizations


def test_an_adaptive_rate_is_divided_by_5_down_to_a_millionth() -> None:
    estimator: Any = nn.MLPClassifier(solver="sgd", learning_rate="adaptive")
    for rate, lower in ((1.0, 0.2), (1.1e-6, 0.22e-6), (1e-6, None), (0.9e-6, None)):
        steps = SimpleNamespace(learning_rate=rate)
        assert estimator._lower_rate(steps) == (lower is not None)
        assert steps.learning_rate == pytest.approx(lower or rate)
    for other in ({"solver": "adam"}, {"learning_rate": "constant"}):
        steps = SimpleNamespace(learning_rate=1.0)
        assert not estimator.set_params(**other)._lower_rate(steps)
        assert steps.learning_rate == 1.0


@pytest.mark.parametrize(
    ("asked", "samples", "size", "warns"),
    [
        ("auto", 33, 32, False),
        ("auto", 31, 31, False),
        (10, 10, 10, False),
        (11, 10, 10, True),
        (9, 10, 9, False),
    ],
)
def test_a_batch_has_at_most_all_samples(asked: Any, samples: int, size: int, warns: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert nn.MLPClassifier(batch_size=asked)._batch_size(samples) == size
    assert len(caught) == warns


def test_a_network_has_at_most_ten_million_parameters() -> None:
    estimator: Any = nn.MLPRegressor()
    estimator.n_features_in_ = 1
    targets = np.zeros((3, 1))
    estimator.hidden_layer_sizes = (3_333_333,)  # 2 h + h + 1
    assert estimator._sizes(targets, False) == (1, 3_333_333, 1)
    estimator.hidden_layer_sizes = (3_333_334,)
    with pytest.raises(ValueError, match="makes 10,000,003 parameters: more than 10,000,000 are"):
        estimator._sizes(targets, False)


def test_the_curves_begin_anew_or_go_on() -> None:
    estimator: Any = nn.MLPClassifier()
    estimator.t_ = 0
    assert estimator._begin_curves(False) == -math.inf
    for loss in (3.0, 1.0, 2.0):
        estimator._add_to_curves(loss, None, 10)
    assert (estimator.loss_curve_, estimator.loss_) == ([3.0, 1.0, 2.0], 2.0)
    assert (estimator.best_loss_, estimator.n_iter_, estimator.t_) == (1.0, 3, 30)
    assert (estimator.validation_scores_, estimator.best_validation_score_) == (None, None)
    assert estimator._begin_curves(False) == -1.0
    assert (estimator.n_iter_, estimator.loss_curve_) == (0, [3.0, 1.0, 2.0])
    assert math.isnan(estimator.loss_)
    assert estimator._begin_curves(True) == -math.inf
    for score in (0.5, 0.75, 0.25):
        estimator._add_to_curves(1.0, score, 10)
    assert estimator.validation_scores_ == [0.5, 0.75, 0.25]
    assert (estimator.best_validation_score_, estimator.best_loss_) == (0.75, None)
    assert estimator._begin_curves(True) == 0.75


def test_first_weights_are_uniform_as_wide_as_scikit_learn_draws_them() -> None:
    for activation, six in (("relu", 6), ("tanh", 6), ("logistic", 2), ("sigmoid", 2)):
        estimator: Any = nn.MLPClassifier(activation=activation)
        estimator.loss_curve_ = [1.0]
        (coefs,), (biases,) = estimator._initial_weights([3, 500], np.random.RandomState(0))
        limit = math.sqrt(six / 503)
        for numbers in (coefs, biases):
            assert 0.98 * limit < numbers.max() <= limit
            assert -limit <= numbers.min() < -0.98 * limit
        assert (coefs.shape, biases.shape) == ((3, 500), (500,))
        assert not hasattr(estimator, "loss_curve_")


@pytest.mark.parametrize("weight", [1e-150, 1e150, 1.0, 2])
def test_a_weight_may_be_as_large_or_small_as_squares_of_it_are_numbers(weight: float) -> None:
    assert checked_weights([weight, 0.0], 2).tolist() == [weight, 0.0]
    assert checked_weights(weight, 3).tolist() == [weight] * 3
    assert checked_weights(None, 2).tolist() == [1.0, 1.0]
    for far in (0.99e-150, 1.01e150):
        with pytest.raises(ValueError, match="so that sums and shares of them are floats, got"):
            checked_weights([weight, far], 2)
    with pytest.raises(ValueError, match=r"at least 0, got -1e-300 for sample 1$"):
        checked_weights([weight, -1e-300], 2)


def test_labels_that_are_all_texts_or_no_objects_are_taken() -> None:
    check_labels(np.array(["a", "b"], dtype=object))
    check_labels(np.array([1.5, 2.5]))
    check_labels(np.array([["a", "b"], ["c", "d"]], dtype=object))
    with pytest.raises(ValueError, match="the target of sample 2 is missing"):
        check_labels(np.array(["a", "b", math.nan], dtype=object))
    assert check_numbers(np.array([1, 2])).dtype == np.float64
    assert check_numbers(np.array([1, 2.5], dtype=object)).tolist() == [1.0, 2.5]
    with pytest.raises(ValueError, match="infinity or too large a number: the target of sample 1"):
        check_numbers(np.array([1.0, np.inf]))


def test_a_name_among_others_is_checked() -> None:
    one_of("solver", "sgd", ("sgd", "adam"))
    for wrong in ("SGD", None, 3):
        with pytest.raises(ValueError, match="solver=") as caught:
            one_of("solver", wrong, ("sgd", "adam"))
        assert str(caught.value) == f"solver={wrong!r} is unknown; choose sgd, adam"
    assert can_take_blocks(nn.MLPClassifier()) is True


def test_columns_are_standardized_by_weights_and_a_constant_one_is_centered() -> None:
    X = np.array([[0.0, 7.0, 1e200], [2.0, 7.0, -1e200], [8.0, 7.0, 0.0]])
    weights = np.array([1.0, 1.0, 0.0])
    for table in (X, csr_matrix(X)):
        found = Standardization.of(table, weights)
        assert found.mean.tolist() == [1.0, 7.0, 0.0]
        assert found.scale.tolist() == [1.0, 1.0, 1e200]
        assert found.apply(table[:2]).tolist() == [[-1.0, 0.0, 1.0], [1.0, 0.0, -1.0]]
    unequal = Standardization.of(np.array([[0.0], [4.0]]), np.array([3.0, 1.0]))
    assert (unequal.mean.tolist(), unequal.scale.tolist()) == ([1.0], [math.sqrt(3.0)])
    for far, scale in ((0.5e-12, [1.0]), (2e-12, [2e-12])):
        near = Standardization.of(np.array([[1.0 - far], [1.0 + far]]), np.ones(2))
        assert near.scale == pytest.approx(scale, rel=1e-3)
    vast = np.array([[0.0, 1.7e308], [1.0, 1.7e308], [2.0, -1.7e308]])
    with pytest.raises(ValueError, match=r"^column 1 spans more than a float can hold$"):
        Standardization.of(vast, np.ones(3))
    none = Standardization.none(2)
    assert (none.mean.tolist(), none.scale.tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_weights_for_data_and_for_training_undo_each_other() -> None:
    both = Standardizations(
        Standardization(np.array([1.0, 2.0]), np.array([2.0, 4.0])),
        Standardization(np.array([10.0]), np.array([5.0])),
    )
    coefs = [np.array([[2.0], [4.0]]), np.array([[3.0]])]
    intercepts = [np.array([1.0]), np.array([2.0])]
    there = both.for_data(coefs, intercepts)
    assert [c.tolist() for c in there[0]] == [[[1.0], [1.0]], [[15.0]]]
    assert [b.tolist() for b in there[1]] == [[-2.0], [20.0]]
    back = both.for_training(*there)
    assert [c.tolist() for c in (*back[0], *back[1])] == [c.tolist() for c in (*coefs, *intercepts)]
    assert both.as_lists() == [[1.0, 2.0], [2.0, 4.0], [10.0], [5.0]]
    assert Standardizations.of_lists(both.as_lists()).as_lists() == both.as_lists()


def test_batches_have_their_shares_and_penalties_and_those_without_weight_are_left_out() -> None:
    none = Standardizations(Standardization.none(1), Standardization.none(1))
    X, targets = np.arange(6.0).reshape(-1, 1), np.arange(6.0).reshape(-1, 1) * 10
    weights = np.array([1.0, 3.0, 0.0, 0.0, 2.0, 2.0])
    for table in (X, csr_matrix(X)):
        samples = WeightedSamples(table, targets, weights, none, 0.5, 0.8)
        epoch = samples.epoch(2)
        assert (epoch.sizes, epoch.width) == ([2, 2], 3)
        assert epoch.penalties == [0.1, 0.1]  # 0.5 alpha by the weight of the batch
        features, numbers, shares = epoch.rows(0, 4)
        assert features.ravel().tolist() == [0.0, 1.0, 4.0, 5.0]
        assert numbers.ravel().tolist() == [0.0, 10.0, 40.0, 50.0]
        assert shares.tolist() == [0.125, 0.375, 0.25, 0.25]
        turned = samples.epoch(4, np.arange(6)[::-1])
        assert (turned.sizes, turned.penalties) == ([4, 2], [0.1, 0.1])
        assert turned.rows(4, 6)[0].ravel().tolist() == [1.0, 0.0]
        assert turned.rows(0, 2)[2].tolist() == [0.25, 0.25]


def test_a_score_of_outputs_that_are_not_finite_is_nan() -> None:
    estimator: Any = nn.MLPRegressor((), loss="poisson", max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit([[0.0], [1.0]], [1.0, 2.0])
    assert math.isnan(estimator._score(np.array([[1e300]]), np.array([[1.0]]), None))
    assert math.isfinite(estimator._score(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]), None))


def test_what_is_not_explained_is_said_by_scikit_learn() -> None:
    X, y = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="Found array with dim 3"):
        checked_weights(np.ones((2, 2, 2)), 2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples: X has 4, y has 2"):
        nn.MLPClassifier().fit(csr_matrix(X), y[:2])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[4, 2\]"):
        nn.MLPClassifier().fit(X, csr_matrix(np.eye(2)))


def test_batches_in_the_order_of_the_data_are_parts_of_it() -> None:
    none = Standardizations(Standardization.none(1), Standardization.none(1))
    X = np.arange(5.0).reshape(-1, 1)
    for table in (X, csr_matrix(X)):
        epoch = WeightedSamples(table, X, np.ones(5), none, 1.0, 0.0).epoch(2)
        assert epoch.sizes == [2, 2, 1]
        for start, stop in ((0, 2), (2, 4), (4, 5)):
            features, targets, shares = epoch.rows(start, stop)
            assert features.ravel().tolist() == [float(i) for i in range(start, stop)]
            assert targets.tolist() == features.tolist()
            assert shares.tolist() == [1 / (stop - start)] * (stop - start)


@pytest.mark.parametrize(
    "settings", [{"solver": "lbfgs"}, {}, {"early_stopping": True, "validation_fraction": 0.5}]
)
def test_what_training_left_comes_back_from_a_file(settings: Any, tmp_path: Path) -> None:
    X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]] * 3)
    y = np.array([0, 1, 0, 1] * 3)
    estimator: Any = nn.MLPClassifier((2,), max_iter=3, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y)
    estimator.loss_ = 0.125  # not the last of its curve
    estimator.n_iter_, estimator.t_ = 7, 77
    estimator.save(tmp_path / "m.json")
    other: Any = nn.MLPClassifier.load(tmp_path / "m.json")
    assert (other.loss_, other.n_iter_, other.t_) == (0.125, 7, 77)
    for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_"):
        assert getattr(other, name, "none") == getattr(estimator, name, "none"), name
    assert other._memory == estimator._memory
    assert other.out_activation_ == "logistic"
    assert (other.n_layers_, other.n_outputs_, other.n_features_in_) == (3, 1, 2)
