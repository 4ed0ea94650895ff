"""Samples: what is taken as features and targets."""

import pytest

import nn

from .training.data import blobs, small


def test_arrays_and_data_frames_are_taken_as_lists():
    np = pytest.importorskip("numpy")
    X, y = blobs()
    expected = nn.fit(small(), X, y, epochs=2).loss
    assert nn.fit(small(), np.array(X), np.array(y), epochs=2).loss == expected
    assert nn.fit(small(), map(tuple, X), iter(y), epochs=2).loss == expected

    class Frame:  # what is asked of a data frame
        def __init__(self, data):
            self.data = data

        def to_numpy(self):
            return np.array(self.data)

    assert nn.fit(small(), Frame(X), Frame(y), epochs=2).loss == expected
