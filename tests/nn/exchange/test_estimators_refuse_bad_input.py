"""Bad parameters, samples, targets and weights: one sentence each, and nothing changes."""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.datasets import make_moons

import nn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_moons(30, noise=0.1, random_state=0)
BOTH = [nn.MLPClassifier, nn.MLPRegressor]
CLASSIFIER, REGRESSOR = [[kind] for kind in BOTH]
Case = tuple[list[Any], Callable[[Any], Any], str]


def state(estimator: Any) -> bytes:
    return pickle.dumps({name: pickle.dumps(x) for name, x in vars(estimator).items()})


def check_refused(
    kind: Any, call: Callable[[Any], Any], message: str, only_fitted: bool = False
) -> None:
    """Fitted or not, the estimator has one sentence to say, and is as it was before."""
    random = np.random.RandomState(0)
    new = kind((3,), max_iter=2, random_state=random)
    fitted = kind((3,), max_iter=2, random_state=random).fit(X, Y)
    for estimator in (fitted,) if only_fitted else (new, fitted):
        before = state(estimator)
        with pytest.raises((ValueError, TypeError), match=message) as caught:
            call(estimator)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300
        assert state(estimator) == before


PARAMETERS: dict[str, tuple[Any, str]] = {
    "verbose": ("x", "verbose must be True or False, got 'x'"),
    "random_state": ("x", r"random_state='x' cannot be used to seed: give a whole number from 0"),
    "hidden_layer_sizes": ("x", "hidden_layer_sizes must be a whole number, got 'x'"),
    "hidden_layer_sizes ": ((0,), "hidden_layer_sizes must be at least 1, got 0"),
    "hidden_layer_sizes  ": ((1.5,), "hidden_layer_sizes must be a whole number, got 1.5"),
    "hidden_layer_sizes   ": ((3, (4, 5)), r"a whole number for each .* got \(3, \(4, 5\)\)"),
    "hidden_layer_sizes    ": (10**9, "makes 4,000,000,001 parameters: more than 10,000,000"),
    "max_iter": (0, "max_iter must be at least 1, got 0"),
    "max_iter ": (np.inf, "max_iter must be a whole number, got inf"),
    "learning_rate_init": (np.nan, "learning_rate_init must be finite and above 0, got nan"),
    "activation": (np.array(["relu", "tanh"]), r"activation=array.* is unknown; choose linear"),
    "batch_size": (np.array([1, 2]), r"batch_size, unless .* whole number, got array\(\[1, 2\]\)"),
    "n_iter_no_change": (np.array([1, 2]), r"n_iter_no_change, unless .* got array\(\[1, 2\]\)"),
    "solver": (None, "solver=None is unknown; choose sgd, adam"),
}


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("kind", BOTH)
def test_a_bad_parameter_is_named(kind: Any, name: str) -> None:
    value, message = PARAMETERS[name]
    estimator = kind(**{"hidden_layer_sizes": (3,), name.strip(): value})
    before = state(estimator)
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, Y)
    assert state(estimator) == before


def with_cell(cell: Any) -> Any:
    """Return samples with this entry as feature 1 of sample 2."""
    table = X.astype(type(cell) if isinstance(cell, float | complex) else object)
    table[2, 1] = cell
    return table


def targets(kind: type, *values: Any) -> Any:
    return np.array(values, dtype=kind)[Y]


TABLE = "X must be a table with a row of numbers for each sample, got "
LIST = "y must be a list with a target for each sample, got "
SAMPLES: dict[str, Case] = {
    "set": (BOTH, lambda m: m.fit({1, 2}, Y), TABLE + "{1, 2}"),
    "none": (BOTH, lambda m: m.fit(None, Y), TABLE + "None"),
    "text": (BOTH, lambda m: m.fit("abc", Y), TABLE + "'abc'"),
    "generator": (BOTH, lambda m: m.fit((x for x in X), Y), TABLE + "<generator"),
    "one row": (BOTH, lambda m: m.fit(X[0], Y), r"a row for each sample, got shape \(2,\)"),
    "three dimensions": (BOTH, lambda m: m.fit(X[..., None], Y), "Found array with dim 3"),
    "ragged": (BOTH, lambda m: m.fit([[1, 2], [3]], [0, 1]), "2 in sample 0 and 1 in sample 1"),
    "complex": (
        BOTH, lambda m: m.fit(with_cell(2j), Y),
        r"Complex data not supported: feature 0 of sample 0 is \(.*j\); give real numbers",
    ),
    "not a number": (
        BOTH, lambda m: m.fit(with_cell(np.nan), Y),
        "Input X contains NaN: feature 1 of sample 2 is missing; leave the sample out, or fill it",
    ),
    "none in a row": (BOTH, lambda m: m.fit(with_cell(None), Y), "feature 1 of sample 2 is missin"),
    "infinity": (
        BOTH, lambda m: m.fit(with_cell(-np.inf), Y),
        "Input X contains infinity or too large a number: feature 1 of sample 2 is -inf",
    ),
    "huge": (BOTH, lambda m: m.fit(with_cell(10**400), Y), "too large a number: feature 1 of samp"),
    "text in a row": (
        BOTH, lambda m: m.fit(with_cell("red"), Y),
        "feature 1 of sample 2 is the text 'red': encode texts as numbers first, .*OneHotEncoder",
    ),
    "date in a row": (
        BOTH, lambda m: m.fit(with_cell(datetime.date(2020, 1, 1)), Y),
        "feature 1 of sample 2 must be a number, got datetime.date",
    ),
    "dates": (
        BOTH, lambda m: m.fit(np.zeros((30, 2), dtype="M8[D]"), Y),
        "X has dates or times: give numbers instead, such as days since",
    ),
    "sparse": (
        BOTH, lambda m: m.fit(csr_matrix(with_cell(np.nan)), Y),
        "Input X contains NaN: feature 1 of sample 2 is missing",
    ),
}  # fmt: skip
TARGETS: dict[str, Case] = {
    "set": (BOTH, lambda m: m.fit(X, {1, 2}), LIST + "{1, 2}"),
    "number": (BOTH, lambda m: m.fit(X, 3), LIST + "3"),
    "none": (BOTH, lambda m: m.fit(X, None), "requires y to be passed, but the target y is None"),
    "short": (BOTH, lambda m: m.fit(X, Y[:5]), "numbers of samples: X has 30, y has 5"),
    "ragged": (BOTH, lambda m: m.fit(X[:2], [[1], [1, 2]]), "y must have as many targets for each"),
    "complex": (BOTH, lambda m: m.fit(X, Y + 1j), r"not supported: the target of sample 0 is .*1j"),
    "not a number": (
        BOTH, lambda m: m.fit(X, targets(float, 0, np.nan)),
        "Input y contains NaN: the target of sample . is missing; leave the sample out",
    ),
    "missing": (
        BOTH, lambda m: m.fit(X, targets(object, None, 1)),
        "Input y contains NaN: the target of sample . is missing; leave the sample out",
    ),
    "infinity": (BOTH, lambda m: m.fit(X, targets(float, 0, np.inf)), "target of sample . is inf"),
    "texts": (
        REGRESSOR, lambda m: m.fit(X, targets(str, "1", "2")),
        "the target of sample 0 is the text '.': a regression takes numbers; .*MLPClassifier",
    ),
    "objects": (REGRESSOR, lambda m: m.fit(X, targets(object, "a", "b")), "is the text '.': a"),
    "bytes": (REGRESSOR, lambda m: m.fit(X, targets(bytes, b"a", b"b")), "is the text b'.'"),
    "dates": (REGRESSOR, lambda m: m.fit(X, Y.astype("M8[D]")), "y has dates or times: give numbe"),
    "bytes of labels": (CLASSIFIER, lambda m: m.fit(X, targets(bytes, b"a", b"b")), "as bytes"),
    "types": (
        CLASSIFIER, lambda m: m.fit(X, targets(object, "a", 1)),
        "y has labels of several types, .* make all of them texts, or all of them numbers",
    ),
    "numbers as objects": (
        CLASSIFIER, lambda m: m.fit(X, targets(object, 0, 1)), r"objects; give y.astype\(int\)",
    ),
    "continuous": (CLASSIFIER, lambda m: m.fit(X, X[:, 0]), "Unknown label type: continuous"),
    "one class": (CLASSIFIER, lambda m: m.fit(X, ["a"] * 30), "y has one class only, 'a': a"),
}  # fmt: skip
GOING_ON: dict[str, Case] = {  # what is asked of an estimator that is fitted
    "predict": (BOTH, lambda m: m.predict({1, 2}), TABLE + "{1, 2}"),
    "score": (BOTH, lambda m: m.score([[1.0, "a"]], [0]), "feature 1 of sample 0 is the text 'a'"),
    "fewer features": (BOTH, lambda m: m.predict(X[:, :1]), "X has 1 features, but MLP.* 2 featur"),
    "long": (BOTH, lambda m: m.partial_fit(X[:5], Y), "numbers of samples: X has 5, y has 30"),
    "new class": (
        CLASSIFIER, lambda m: m.partial_fit(X, Y + 1),
        "y has 2, which is not among the classes given",
    ),
    "other classes": (
        CLASSIFIER, lambda m: m.partial_fit(X, Y, classes=[0, 2]),
        r"training goes on with the classes \[0, 1\], got \[0, 2\]: they must be the same",
    ),
    "classes": (
        CLASSIFIER, lambda m: m.partial_fit(X, Y, classes={0, 1}),
        "classes must be a list of all labels, whole numbers or texts, got {0, 1}",
    ),
}  # fmt: skip
WEIGHTS: dict[str, tuple[Any, str]] = {
    "text": ("abc", "sample_weight must be a number for each sample, got 'abc'"),
    "set": ({1}, "sample_weight must be a number for each sample, got {1}"),
    "texts": (["a"] * 30, "the weight of sample 0 is the text 'a': give a number for each sample"),
    "short": ([1.0] * 5, "inconsistent numbers of samples: X has 30, sample_weight has 5"),
    "empty": ([], "inconsistent numbers of samples: X has 30, sample_weight has 0"),
    "negative": ([1.0] * 29 + [-1.0], "sample_weight must be at least 0, got -1 for sample 29"),
    "zero": ([0.0] * 30, "sample_weight is zero for all samples: nothing is learned from them"),
    "not a number": ([1.0, np.nan] * 15, "NaN: the weight of sample 1 is missing; leave the sampl"),
    "complex": ([1j] * 30, "Complex data not supported: the weight of sample 0 is 1j"),
    "table": (np.ones((30, 2)), "sample_weight has 2 dimensions: it takes a number each"),
}


CASES = {"X": SAMPLES, "y": TARGETS, "goes on": GOING_ON}
EACH = [
    pytest.param(part, case, kind, id=f"{part}-{case}-{kind.__name__}")
    for part, cases in CASES.items() for case in cases for kind in cases[case][0]
]  # fmt: skip


@pytest.mark.parametrize(("part", "case", "kind"), EACH)
def test_bad_samples_and_targets_are_named(part: str, case: str, kind: Any) -> None:
    _, call, message = CASES[part][case]
    check_refused(kind, call, message, only_fitted=part == "goes on")


@pytest.mark.parametrize("case", WEIGHTS)
@pytest.mark.parametrize("kind", BOTH)
def test_bad_weights_are_named(kind: Any, case: str) -> None:
    weights, message = WEIGHTS[case]
    check_refused(kind, lambda m: m.fit(X, Y, sample_weight=weights), message)


# ------------------------------------------------------------------------------ frames


def frames_of_pandas(pandas: Any) -> dict[str, Any]:
    kinds = {"object": object, "string": "string", "category": "category"}
    texts = {name: pandas.Series(["red", "blue"] * 15, dtype=kind) for name, kind in kinds.items()}
    return texts | {
        "missing": pandas.Series([0.0, np.nan] * 15),
        "missing whole number": pandas.Series([0, None] * 15, dtype="Int64"),
        "missing object": pandas.Series([0, None] * 15, dtype=object),
        "date": pandas.date_range("2020", periods=30),
    }


def frames_of_polars(polars: Any) -> dict[str, Any]:
    return {
        "string": polars.Series(["red", "blue"] * 15),
        "category": polars.Series(["red", "blue"] * 15, dtype=polars.Categorical),
        "missing": polars.Series([0.0, None] * 15),
        "date": polars.Series([datetime.date(2020, 1, 1)] * 30),
    }


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("library", ["pandas", pytest.param("polars", marks=pytest.mark.slow)])
def test_frames_that_are_no_numbers_are_refused_by_column_and_sample(
    library: str, kind: Any
) -> None:
    frames = pytest.importorskip(library)
    columns = frames_of_pandas(frames) if library == "pandas" else frames_of_polars(frames)
    for name, column in columns.items():
        frame = frames.DataFrame({"width": X[:, 0], "color": column})
        message = "feature 'color' of sample 0 is the text 'red': encode texts as numbers first"
        if name.startswith("missing"):
            message = "Input X contains NaN: feature 'color' of sample 1 is missing; leave"
        elif name == "date":
            message = "X has dates or times in column 'color': give numbers instead"
        check_refused(kind, lambda m, frame=frame: m.fit(frame, Y), message)


def test_targets_of_frames_that_are_missing_are_named() -> None:
    pandas = pytest.importorskip("pandas")
    for values, kind in (([1, None], "Int64"), (["a", None], "string"), (["a", None], "category")):
        y = pandas.Series(values * 15, dtype=kind)
        message = "Input y contains NaN: the target of sample 1 is missing; leave the sample out"
        check_refused(nn.MLPClassifier, lambda m, y=y: m.fit(X, y), message)


def test_columns_of_one_name_and_frames_that_were_not_read_yet() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    twice = pandas.DataFrame(X, columns=["a", "a"])
    check_refused(
        nn.MLPClassifier, lambda m: m.fit(twice, Y), "X has several columns named 'a': rename them"
    )
    lazy = polars.DataFrame({"a": X[:, 0]}).lazy()
    check_refused(nn.MLPClassifier, lambda m: m.fit(lazy, Y), TABLE + "<LazyFrame")


def test_names_that_changed_are_named() -> None:
    frame = pytest.importorskip("pandas").DataFrame(X, columns=["a", "b"])
    estimator = nn.MLPClassifier((3,), max_iter=2).fit(frame, Y)
    before = state(estimator)
    for call in (lambda x: estimator.partial_fit(x, Y), estimator.predict):
        with pytest.raises(ValueError, match=r"feature names should match(.|\n)*- c\n(.|\n)*- a"):
            call(frame.rename(columns={"a": "c"}))
    assert state(estimator) == before


def test_a_random_state_is_as_it_was_before_an_error() -> None:
    """The weights were drawn before the samples to hold out turned out to be too few."""
    random = np.random.RandomState(3)
    expected = random.get_state()[1].tolist()
    estimator = nn.MLPClassifier((3,), early_stopping=True, validation_fraction=1e-3)
    with pytest.raises(ValueError, match="test_size = 1 should be greater"):
        estimator.set_params(random_state=random).fit(X, Y)
    assert random.get_state()[1].tolist() == expected
    assert random.get_state()[2] == np.random.RandomState(3).get_state()[2]
