"""Samples: what is taken as features and targets."""

import re
import tracemalloc

import pytest

import nn
from nn.samples import rows_of
from nn.training.one_sample import arrays
from nn.training.task import Task

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


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "uint8", "bool"])
def test_a_large_array_reads_like_lists_and_takes_8_bytes_a_number(kind):
    np = pytest.importorskip("numpy")
    X = (np.random.default_rng(0).normal(size=(700, 100)) * 100).astype(kind)
    rows = rows_of(X)
    assert isinstance(rows, nn.datasets.Rows)
    assert rows == [[float(x) for x in row] for row in X.tolist()]
    assert {type(row) for row in rows} == {list}
    assert rows == rows_of(np.asfortranarray(X)) == rows_of(X.tolist())
    assert type(rows_of(X[:600])) is list  # so few are lists


def test_a_large_array_that_is_wrong_is_told_as_lists_are():
    np = pytest.importorskip("numpy")
    X = np.zeros((700, 100))
    X[3, 4] = np.nan
    for wrong in (X, np.float32(X), X[:, ::-1][:, ::-1]):
        with pytest.raises(ValueError, match="feature 4 of sample 3 must be finite, got nan"):
            rows_of(wrong)
    with pytest.raises(TypeError, match="feature 4 of sample 3 must be a number, got None"):
        rows_of(np.ma.masked_invalid(X))
    with pytest.raises(TypeError, match="feature 0 of sample 0 must be a number, got 0j"):
        rows_of(np.zeros((700, 100), complex))
    with pytest.raises(ValueError, match=r"each a list of numbers; sample 0 is 0\.0"):
        rows_of(np.zeros(70_000))
    with pytest.raises(TypeError, match="feature 0 of sample 0 must be a number"):
        rows_of(np.zeros((7, 100, 100)))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("validation", [None, 0.25])
@pytest.mark.parametrize("scaled", [True, False])
def test_large_arrays_train_as_lists_do(compiled, validation, scaled, monkeypatch):
    np = pytest.importorskip("numpy")
    monkeypatch.setattr("nn.datasets.rows.MIN_ARRAY_NUMBERS", 20)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(24, 3)), rng.integers(0, 2, 24)
    given = []

    class Seeing(nn.MLP):
        def __call__(self, x):
            given.append(type(x))
            return super().__call__(x)

    results = []
    for samples in (X, X.tolist()):
        model = Seeing(3, [1], rng=0)
        if scaled:
            model.metadata = {"scaling": [[0.5] * 3, [2.0] * 3]}
        history = nn.fit(
            model, samples, y, epochs=2, batch_size=7, rng=1, lr=1e-3, compiled=compiled,
            validation=validation,
        )  # fmt: skip
        pair = (samples[:9], y[:9])
        history += nn.fit(model, samples, y, epochs=1, rng=1, compiled=compiled, validation=pair)
        results.append((history, model.state_dict(), model.predict(samples)))
    assert results[0] == results[1]
    if not compiled:
        assert set(given) == {list}


def test_training_holds_a_large_array_once():
    np = pytest.importorskip("numpy")
    X, y = np.ones((2000, 1000)), np.arange(2000) % 2
    model = nn.MLP(1000, [1], rng=0)
    tracemalloc.start()
    task = Task(model, X, y, None)
    rows, _ = arrays(task.train)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows == X).all()
    assert peak < 1.2 * X.nbytes
