"""Samples: what is taken as features and targets."""

import re

import pytest

import nn
from nn.samples import rows_of

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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "numbers, got 3; a single sample goes into a list, [[x1, x2]]"),
        ("abc", "X must be a list of samples, each a list of numbers, got 'abc'"),
        (None, "X must be a list of samples, each a list of numbers, got None"),
    ],
)
def test_what_is_no_list_of_samples_is_named(given: object, message: str) -> None:
    model = nn.MLP(2, [1], rng=0)
    model.metadata = {"loss": "mse"}
    for use in (rows_of, model.predict, lambda X: nn.fit(model, X, 4)):
        with pytest.raises(ValueError, match=re.escape(message) + "$"):
            use(given)
