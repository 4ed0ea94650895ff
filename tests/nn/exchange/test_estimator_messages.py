"""What errors and warnings of the estimators say, word for word."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from sklearn.datasets import make_moons

import nn
from tests.support.sentences import check_says, warnings_of

X, Y = make_moons(30, noise=0.1, random_state=0)
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0}


def classifier(**settings: Any) -> Any:
    return nn.MLPClassifier(**SETTINGS | settings)


def regressor(**settings: Any) -> Any:
    return nn.MLPRegressor(**SETTINGS | settings)


def held_out(index: int) -> Any:
    """Return weights that are 0 but for the samples of one part of a split."""
    from sklearn.model_selection import train_test_split

    part = train_test_split(
        np.arange(30), test_size=0.5, random_state=after_the_weights(), stratify=Y[:, None]
    )[index]
    return np.isin(np.arange(30), part).astype(float)


def after_the_weights() -> np.random.RandomState:
    """Return the random state after it has drawn the first weights."""
    random = np.random.RandomState(0)
    random.uniform(size=2 * 2 + 2 + 2 + 1)
    return random


def with_cell(cell: Any) -> Any:
    table = X.astype(object)
    table[2, 1] = cell
    return table


@pytest.fixture(scope="module")
def fitted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return classifier().fit(X, Y)


ENCODE = "encode texts as numbers first, for example with scikit-learn's OneHotEncoder"
SAID: dict[str, tuple[Callable[[], Any], str]] = {
    "a first block": (
        lambda: classifier().partial_fit(X, Y),
        "the first call of partial_fit needs classes, all labels of all blocks",
    ),
    "blocks and early stopping": (
        lambda: classifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1]),
        "early_stopping=True holds samples out of all: call fit instead",
    ),
    "a seed": (
        lambda: classifier(random_state="x").fit(X, Y),
        "random_state='x' cannot be used to seed: give a whole number from 0 to 2**32 - 1, a "
        "numpy.random.RandomState, or None",
    ),
    "lbfgs in blocks": (
        lambda: classifier(solver="lbfgs").partial_fit,
        "This 'MLPClassifier' has no attribute 'partial_fit'",
    ),
    "one row": (
        lambda: classifier().fit(X[0], Y),
        "X must have a row for each sample, got shape (2,). Reshape your data: X.reshape(-1, 1) if "
        "it is one feature, X.reshape(1, -1) if it is one sample",
    ),
    "a missing label": (
        lambda: classifier().fit(X, np.array([None, *Y[1:]], dtype=object)),
        "Input y contains NaN: the target of sample 0 is missing; leave the sample out, or name a "
        "class for it",
    ),
    "labels of two types": (
        lambda: classifier().fit(X, np.array(["a", *Y[1:].tolist()], dtype=object)),
        f"y has labels of several types, 'a' and {Y[1]}: make all of them texts, or all of them "
        "numbers",
    ),
    "numbers as objects": (
        lambda: classifier().fit(X, Y.astype(object)),
        "Unknown label type: y has numbers as objects; give y.astype(int)",
    ),
    "a missing feature": (
        lambda: classifier().fit(with_cell(None), Y),
        "Input X contains NaN: feature 1 of sample 2 is missing; leave the sample out, or fill it "
        "in, for example with scikit-learn's SimpleImputer",
    ),
    "a missing target": (
        lambda: regressor().fit(X, np.r_[np.nan, Y[1:]]),
        "Input y contains NaN: the target of sample 0 is missing; leave the sample out",
    ),
    "a text in a row": (
        lambda: classifier().fit(with_cell("red"), Y),
        f"feature 1 of sample 2 is the text 'red': {ENCODE}",
    ),
    "texts for a regression": (
        lambda: regressor().fit(X, Y.astype(str)),
        f"the target of sample 0 is the text '{Y[0]}': a regression takes numbers; for classes "
        "there is nn.MLPClassifier",
    ),
    "texts for weights": (
        lambda: regressor().fit(X, Y, sample_weight=["a"] * 30),
        "the weight of sample 0 is the text 'a': give a number for each sample",
    ),
    "no weights": (
        lambda: regressor().fit(X, Y, sample_weight=0.0),
        "sample_weight is zero for all samples: nothing is learned from them",
    ),
    "targets of several lengths": (
        lambda: regressor().fit(X[:2], [[1.0], [1.0, 2.0]]),
        "y must have as many targets for each sample: its rows differ",
    ),
    "dates": (
        lambda: regressor().fit(np.zeros((30, 2), dtype="M8[D]"), Y),
        "X has dates or times: give numbers instead, such as days since a date of your choice",
    ),
    "complex numbers": (
        lambda: regressor().fit(X, Y + 1j),
        f"Complex data not supported: the target of sample 0 is {complex(Y[0] + 1j)!r}; give real "
        "numbers",
    ),
    "only held-out samples have weight": (
        lambda: classifier(early_stopping=True, validation_fraction=0.5).fit(
            X, Y, sample_weight=held_out(1)
        ),
        "sample_weight is zero for all samples that are not held out",
    ),
    "no held-out sample has weight": (
        lambda: classifier(early_stopping=True, validation_fraction=0.5).fit(
            X, Y, sample_weight=held_out(0)
        ),
        "sample_weight is zero for all samples that are held out",
    ),
    "one sample held out": (
        lambda: regressor(early_stopping=True, validation_fraction=0.01).fit(X, Y),
        "validation_fraction=0.01 of 30 samples holds out 1: a score needs two",
    ),
    "too many parameters": (
        lambda: regressor(hidden_layer_sizes=(10**9,)).fit(X, Y),
        "hidden_layer_sizes=(1000000000,) makes 4,000,000,001 parameters: more than 10,000,000 are "
        "too many for scalars",
    ),
    "a table of sizes": (
        lambda: regressor(hidden_layer_sizes=((3, 2),)).fit(X, Y),
        "hidden_layer_sizes is a whole number for each hidden layer, got ((3, 2),)",
    ),
    "no batch size": (
        lambda: regressor(batch_size="all").fit(X, Y),
        "batch_size, unless it is 'auto', must be a whole number, got 'all'",
    ),
    "no patience": (
        lambda: regressor(n_iter_no_change=-np.inf).fit(X, Y),
        "n_iter_no_change, unless it is infinite, must be a whole number, got -inf",
    ),
    "classes that are no list": (
        lambda: classifier().partial_fit(X, Y, classes=3),
        "classes must be a list of all labels, whole numbers or texts, got 3",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_an_error_says(case: str) -> None:
    check_says(*SAID[case])


def test_why_there_are_no_blocks_for_lbfgs_is_the_cause_of_the_error() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = classifier(solver="lbfgs").partial_fit
    assert str(caught.value.__cause__) == (
        "solver='lbfgs' takes all samples at once: partial_fit is for the other solvers"
    )


def test_a_model_goes_on_with_as_many_labels_and_with_its_loss() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = np.column_stack([Y, 1 - Y, Y])
        several = classifier().fit(X, labels)
        with pytest.raises(ValueError, match="y has another number") as caught:
            several.partial_fit(X, np.arange(30) % 3)
        assert str(caught.value) == (
            "training goes on, but y has another number of labels for a sample"
        )
        counts = regressor(loss="poisson").fit(X, Y).set_params(loss="squared_error")
        with pytest.raises(ValueError, match="training goes on") as caught:
            counts.partial_fit(X, Y)
    assert str(caught.value) == (
        "training goes on, but not with loss='squared_error': the outputs of the fitted network "
        "mean something else; fit another one with warm_start=False"
    )


KEPT = "the last weights of finite loss are kept. A smaller learning_rate_init, or standardize=True"
WARNED: dict[str, tuple[Callable[[], Any], str]] = {
    "too few epochs": (
        lambda: regressor().fit(X, Y),
        "training went on for all 1 epoch (max_iter) and the loss was still falling",
    ),
    "a batch of more than all": (
        lambda: classifier(batch_size=31, max_iter=2, n_iter_no_change=1, tol=9.0).fit(X, Y),
        "batch_size 31 is larger than the data: 30 is taken",
    ),
    "divergence": (
        lambda: regressor(standardize=False).fit(X, 1e200 * (Y + 1.0)),
        f"training diverged at step 1: the loss is inf; {KEPT}, may help",
    ),
    "lbfgs": (
        lambda: regressor(solver="lbfgs").fit(X, Y),
        "lbfgs ended after 1 iteration: STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT; max_iter, "
        "max_fun or standardize=True may help",
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_a_warning_says_and_names_the_line_of_the_caller(case: str) -> None:
    call, text = WARNED[case]
    caught = warnings_of(call)
    assert text in [str(warning.message) for warning in caught]
    assert {warning.filename for warning in caught} == {__file__}
