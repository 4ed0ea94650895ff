"""Early stopping: when training ends before its last epoch."""

import pytest

import nn
from nn.training.early_stopping import EarlyStopping

from .data import blobs, small


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [({"tolerance": 10.0}, 11), ({"patience": 3, "tolerance": 10.0}, 4), ({}, 50)],
)
def test_training_stops_when_the_loss_no_longer_falls(settings, epochs):
    history = nn.fit(small(), *blobs(), epochs=50, **settings)
    assert len(history.loss) == epochs
    assert history.stopped == (f"no longer improving after {epochs} epochs" if settings else "")


def test_early_stopping_looks_at_the_validation_loss():
    X, y = blobs(80)
    held = X[60:], [1 - t for t in y[60:]]
    history = nn.fit(small(), X[:60], y[:60], validation=held, epochs=50, lr=0.5, patience=2)
    assert len(history.loss) == history.best_epoch + 3 < 50
    assert history.loss[-1] == min(history.loss)


def test_slow_progress_counts_from_the_lowest_loss():
    """Each epoch falls by 0.4 only, so within a tolerance of 0.5 none of them is progress."""
    stopping = EarlyStopping(patience=3, tolerance=0.5)
    assert [stopping.should_stop(x) for x in (2.0, 1.6, 1.2, 0.8)] == [False, False, False, True]
    assert not any(EarlyStopping().should_stop(1.0) for _ in range(100))


def test_progress_is_a_fall_by_more_than_the_tolerance():
    stopping = EarlyStopping(patience=1, tolerance=1.0)
    assert [stopping.should_stop(loss) for loss in (3.0, 1.5, 0.5)] == [False, False, True]
    stopping = EarlyStopping(patience=1)  # the tolerance is 0
    assert [stopping.should_stop(loss) for loss in (3.0, 2.9, 2.9)] == [False, False, True]


def test_the_first_epoch_counts_if_its_loss_is_not_finite():
    stopping = EarlyStopping(patience=2)
    assert [stopping.should_stop(float("inf")) for _ in range(2)] == [False, True]
