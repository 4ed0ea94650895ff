"""The estimators: scikit-learn's own checks, and what its users expect."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import autograd
import nn

from ...benchmarks.accuracy import TARGETS
from ...benchmarks.accuracy import row as accuracy_row

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = [nn.MLPClassifier, nn.MLPRegressor]
X, Y = make_moons(120, noise=0.1, random_state=0)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}


@parametrize_with_checks([nn.MLPClassifier((4,), max_iter=10, learning_rate_init=0.1)])
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


OTHERS: list[dict[str, Any]] = [
    # with less decay probabilities round to 0; their logarithms are exact here, -inf in the check
    # and after few iterations differences of rounding are small still
    {"solver": "lbfgs", "alpha": 1.0, "max_iter": 20},
    {"solver": "sgd", "learning_rate_init": 0.1},
    {"standardize": False, "learning_rate_init": 0.1},
]
OF_TRAINING = (  # the checks whose outcome depends on these settings
    "classifiers_one_label_sample_weights", "classifiers_train", "dict_unchanged",
    "estimator_sparse_array", "estimators_overwrite_params", "fit2d_1sample", "fit_idempotent",
    "methods_sample_order_invariance", "non_transformer_estimators_n_iter", "regressors_train",
    "sample_weight_equivalence_on_dense_data", "sample_weight_equivalence_on_sparse_data",
)  # fmt: skip


@pytest.mark.slow
@parametrize_with_checks([kind() for kind in KINDS])
def test_scikit_learns_own_checks_of_the_defaults(estimator: Any, check: Any) -> None:
    check(estimator)


def _checks_of_other_settings() -> list[Any]:
    """Return an estimator and a check each, with the identifiers of scikit-learn."""
    chosen = []
    for kind, settings in product(KINDS, OTHERS):
        for estimator, check in estimator_checks_generator(kind((4,), **settings)):
            name = check.func.__name__.removeprefix("check_")
            if name in OF_TRAINING:
                label = f"{kind.__name__}-{next(iter(settings.values()))}-{name}-{check.keywords}"
                chosen.append(pytest.param(estimator, check, id=label))
    return chosen


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "check"), _checks_of_other_settings())
def test_scikit_learns_own_checks_of_other_settings(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(nn.MLPClassifier, MLPClassifier), (nn.MLPRegressor, MLPRegressor)]
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_names_are_scikit_learns(ours: Any, theirs: Any, early_stopping: bool) -> None:
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


@pytest.mark.slow  # in default runs model_ is compared, below
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
    plain = nn.MLPClassifier(**QUICK).fit(X, Y)
    moved = nn.MLPClassifier(**QUICK).fit(X * [1e6, 1e-6] + [1e7, 3.0], Y)
    probabilities = plain.predict_proba(X), moved.predict_proba(X * [1e6, 1e-6] + [1e7, 3.0])
    assert np.allclose(*probabilities, atol=1e-6)


def test_probabilities_of_three_classes() -> None:
    features, labels = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[labels]
    estimator = nn.MLPClassifier((8,), random_state=0, max_iter=40).fit(features, names)
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
    estimator = nn.MLPClassifier(solver=solver, max_iter=80, random_state=0).fit(X, Y)
    assert estimator.score(X, Y) > 0.9
    assert estimator.loss_curve_[-1] < estimator.loss_curve_[0]


def test_alpha_shrinks_the_weights() -> None:
    sizes = []
    for alpha in (0.0, 1.0, 100.0):
        estimator = nn.MLPClassifier((4,), alpha=alpha, max_iter=20, random_state=0).fit(X, Y)
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


NAMES = np.array(["setosa", "versicolor", "virginica"])
LABELS = {
    "int": np.array([3, 7])[Y],
    "int8": np.array([3, 7], dtype=np.int8)[Y],
    "float": np.array([0.0, 2.0])[Y],
    "bool": Y.astype(bool),
    "str": np.array(["no", "yes"])[Y],
    "object": np.array(["no", "yes"], dtype=object)[Y],
    "three": NAMES[(Y + (X[:, 0] > 1)).astype(int)],
}


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit and of the same type, in arrays and lists too."""
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


@pytest.mark.parametrize("labels", LABELS)
def test_a_saved_classifier_comes_back_to_the_last_bit(labels: str, tmp_path: Path) -> None:
    y = LABELS[labels]
    estimator = nn.MLPClassifier(**QUICK, activation="logistic").fit(X * [1e3, 1e-3] + 5.0, y)
    estimator.save(tmp_path / "m.json")
    other = nn.MLPClassifier.load(str(tmp_path / "m.json"))
    assert other.get_params() == estimator.get_params()
    assert vars(other).keys() == vars(estimator).keys()
    for name, value in vars(estimator).items():
        assert same(value, getattr(other, name)), name
    far = X * [1e4, 1e-4]
    assert same(other.predict(far), estimator.predict(far))
    assert same(other.predict_proba(far), estimator.predict_proba(far))
    other.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "m.json").read_bytes()
    model = nn.load(tmp_path / "m.json")
    assert model.predict(far) == estimator.predict(far).tolist()
    assert set(map(type, model.predict(far))) == set(map(type, estimator.classes_.tolist()))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_saved_regressor_comes_back_with_its_feature_names(tmp_path: Path) -> None:
    targets = np.column_stack([1e6 + X[:, 0], X[:, 1] ** 2])
    settings: dict[str, Any] = {"max_iter": np.int64(5), "random_state": np.random.RandomState(0)}
    estimator = nn.MLPRegressor([3, 2], "tanh", **settings, early_stopping=True)
    estimator.fit(X, targets)
    estimator.feature_names_in_ = np.array(["width", "height"], dtype=object)  # of a data frame
    estimator.save(tmp_path / "m.json")
    other = nn.MLPRegressor.load(tmp_path / "m.json")
    assert other.feature_names_in_.tolist() == ["width", "height"]
    assert (other.hidden_layer_sizes, other.max_iter, other.random_state) == ((3, 2), 5, None)
    assert same(other.predict(X), estimator.predict(X))
    assert vars(other).keys() == vars(estimator).keys()
    for name in ("validation_scores_", "best_validation_score_", "loss_curve_", "t_", "loss_"):
        assert same(getattr(other, name), getattr(estimator, name)), name
    assert np.allclose(nn.load(tmp_path / "m.json").predict(X), estimator.predict(X))


def test_a_regressor_without_names_comes_back(tmp_path: Path) -> None:
    estimator = nn.MLPRegressor((), random_state=3, max_iter=2).fit(X, Y)
    estimator.validation_scores_ = [0.5, float("nan")]
    estimator.save(tmp_path / "m.json")
    other = nn.MLPRegressor.load(tmp_path / "m.json")
    assert other.get_params() == estimator.get_params()
    assert same(other.validation_scores_, estimator.validation_scores_)
    assert same(other.predict(X), estimator.predict(X))
    assert vars(other).keys() == vars(estimator).keys()


@pytest.mark.parametrize(
    "activation",
    [
        pytest.param(name, marks=() if name in ("relu", "erf", "logistic") else pytest.mark.slow)
        for name in [*nn.layers.ACTIVATIONS, "identity", "logistic"]
    ],
)
def test_the_network_of_an_estimator_answers_as_it_does(activation: str) -> None:
    settings: dict[str, Any] = {"activation": activation, "max_iter": 2, "random_state": 0}
    settings["hidden_layer_sizes"] = (3, 2)
    raw = X * [1.0, 100.0] + 5.0
    classifier = nn.MLPClassifier(**settings).fit(raw, LABELS["three"])
    model = classifier.model_
    assert type(model) is nn.MLP
    rows = raw[:30].tolist()
    assert model.predict(rows) == classifier.predict(raw[:30]).tolist()
    assert np.allclose(model.predict_proba(rows), classifier.predict_proba(raw[:30]), rtol=1e-9)
    regressor = nn.MLPRegressor(**settings).fit(raw, Y * 10.0 - 70.0)
    assert np.allclose(regressor.model_.predict(rows), regressor.predict(raw[:30]), rtol=1e-9)
    model.parameters()[0].data = 7.0
    assert classifier.model_.parameters()[0].data != 7.0


def test_a_regressor_of_counts_is_saved_and_its_network_answers_with_means(tmp_path: Path) -> None:
    counts = np.random.RandomState(0).poisson(np.exp(X))
    estimator = nn.MLPRegressor((3,), loss="poisson", max_iter=40, random_state=0)
    for y in (counts, counts[:, 0]):
        estimator.fit(X * [1.0, 100.0] + 5.0, y).save(tmp_path / "m.json")
        other = nn.MLPRegressor.load(tmp_path / "m.json")
        raw = X[:20] * [1.0, 100.0] + 5.0
        assert (other.loss, other.out_activation_) == ("poisson", "exp")
        assert same(other.predict(raw), estimator.predict(raw))
        assert (estimator.predict(raw) > 0).all()
        assert np.allclose(nn.load(tmp_path / "m.json").predict(raw), estimator.predict(raw))
        assert np.allclose(estimator.model_.predict(raw), estimator.predict(raw), rtol=1e-9)
        assert other.partial_fit(raw, y[:20]).n_iter_ == 1
    slope = nn.MLPRegressor((), loss="poisson", solver="lbfgs").fit(X[:, ::-1], counts[:, 0])
    with pytest.raises(ValueError, match=r"feature 1 of sample 1 is 1e\+09: the outputs"):
        slope.predict([[0.0, 0.0], [0.0, 1e9]])


def test_an_estimator_that_is_not_fitted_has_no_network(tmp_path: Path) -> None:
    assert not hasattr(nn.MLPClassifier(), "model_")
    for use in (lambda: nn.MLPClassifier().model_, lambda: nn.MLPRegressor().save(tmp_path / "m")):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            use()


def altered(path: Path, **changes: Any) -> None:
    """Change entries of the estimator in a file; its checksum fits again."""
    content = json.loads(path.read_text())
    content.pop("sha256")
    content["metadata"]["estimator"].update(changes)
    content["metadata"].update({k: v for k, v in changes.items() if k in content["metadata"]})
    path.write_text(json.dumps({**content, "sha256": nn.model_file.checksum(content)}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "MLPRegressor"}, r"m.json: not written by MLPClassifier.save; nn.load may read"),
        ({"parameters": {"hidden": 3}}, "not as MLPClassifier.save writes it: .*'hidden'"),
        ({"parameters": 3}, "not as MLPClassifier.save writes it: "),
        ({"parameters": {"hidden_layer_sizes": [4, 0]}}, "sizes must be at least 1, got 0"),
        ({"parameters": {"hidden_layer_sizes": [5]}}, "its entries contradict each other"),
        (
            {"parameters": {"hidden_layer_sizes": [4], "activation": "tanh"}},
            "its entries contradict each other",
        ),
        ({"label_type": "V999999999"}, "unknown type of labels 'V999999999'"),
        ({"label_type": "object", "classes": ["a"]}, "metadata 'classes' must be"),
        ({"label_type": "int8", "classes": [1, 300]}, "300"),
        ({"label_type": "bool", "classes": [2, 5]}, "labels that are not of type bool: .2, 5"),
        ({"losses": "abc"}, "could not convert"),
        ({"losses": None}, "not as MLPClassifier.save writes it"),
        ({"t": 1.5}, "t must be a whole number, got 1.5"),
        ({"n_iter": -1}, "n_iter must be a whole number, got -1"),
        ({"memory": {"standardization": [[0.0], [1.0], [0.0], [1.0]]}}, "not as MLPClass"),
        ({"loss": "hinge"}, "its entries contradict each other"),
    ],
)
def test_a_file_that_save_did_not_write_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    nn.MLPClassifier(**QUICK).fit(X, Y).save(tmp_path / "m.json")
    assert nn.MLPClassifier.load(tmp_path / "m.json").classes_.tolist() == [0, 1]
    altered(tmp_path / "m.json", **changes)
    with pytest.raises(ValueError, match=message) as caught:
        nn.MLPClassifier.load(tmp_path / "m.json")
    assert str(caught.value).startswith(str(tmp_path / "m.json"))


def test_other_models_and_labels_are_refused(tmp_path: Path) -> None:
    nn.MLP(2, [1]).save(tmp_path / "m.json")
    with pytest.raises(ValueError, match=r"not written by MLPRegressor.save; nn.load may read it"):
        nn.MLPRegressor.load(tmp_path / "m.json")
    estimator = nn.MLPClassifier(**QUICK).fit(X, Y)
    estimator.classes_ = np.array([1, 2], dtype=np.longdouble)
    with pytest.raises(ValueError, match=r"class labels of type .* cannot be saved"):
        estimator.save(tmp_path / "n.json")
    estimator.classes_ = np.array([None, 2], dtype=object)
    with pytest.raises(ValueError, match="metadata 'classes' must be a list of different labels"):
        estimator.save(tmp_path / "n.json")
    assert not (tmp_path / "n.json").exists()


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(1e160, marks=pytest.mark.slow),
        pytest.param(1e-170, marks=pytest.mark.slow),
        1e300,
        1e-300,
    ],
)
def test_features_and_targets_of_any_size_are_learned_alike(unit: float) -> None:
    """No square of a feature overflows, or underflows so that the feature seems constant."""
    settings: dict[str, Any] = {"max_iter": 30, "random_state": 0}
    plain = nn.MLPClassifier(**settings).fit(X, Y)
    huge = nn.MLPClassifier(**settings).fit(X * unit, Y)
    assert np.allclose(huge.predict_proba(X * unit), plain.predict_proba(X), atol=1e-6)
    assert huge.score(X * unit, Y) > 0.9
    line = nn.MLPRegressor(**settings).fit(X, X[:, 0])
    large = nn.MLPRegressor(**settings).fit(X * unit, X[:, 0] * unit)
    assert np.allclose(large.predict(X * unit) / unit, line.predict(X), atol=1e-6)


BAD = {
    "activation": ({"activation": "rulu"}, "activation='rulu' is unknown; choose linear, "),
    "solver": ({"solver": "newton"}, "solver='newton' is unknown; choose sgd, adam"),
    "zero rate": ({"learning_rate_init": 0.0}, "learning_rate_init must be finite and above 0"),
    "negative rate": ({"learning_rate_init": -1.0}, "learning_rate_init must be finite and above"),
    "sizes": ({"hidden_layer_sizes": (4, 0)}, "hidden_layer_sizes must be at least 1, got 0"),
    "size": ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be a whole number, got 2.5"),
    "batch size": ({"batch_size": 0}, "batch_size, unless it is 'auto', must be at least 1, got 0"),
    "batch": ({"batch_size": "all"}, "unless it is 'auto', must be a whole number, got 'all'"),
    "max_iter": ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
    "n_iter": (
        {"n_iter_no_change": 1.5},
        "n_iter_no_change, unless it is infinite, must be a whole number, got 1.5",
    ),
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


def test_a_feature_so_large_that_the_outputs_overflow_is_named() -> None:
    far = np.array([[1.0, 2.0], [1.0, -1e308]])
    classifier = nn.MLPClassifier((4,), "linear", max_iter=2, random_state=0).fit(X / 100, Y)
    regressor = nn.MLPRegressor((4,), "linear", max_iter=2, random_state=0).fit(X / 100, Y)
    for use in (classifier.predict, classifier.predict_proba, regressor.predict):
        with pytest.raises(ValueError, match=r"feature 1 of sample 1 is -1e\+308: the outputs"):
            use(far)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_parameter_is_an_error_of_that_estimator(kind: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{kind.__name__}.__init__\(\) got .* 'epochs'"):
        kind(epochs=5)


def test_lbfgs_goes_no_step_from_where_the_loss_is_not_finite() -> None:
    X = [[0.0], [1.0]]
    far = nn.MLPRegressor((2,), solver="lbfgs", standardize=False).fit(X, [1e200, 2e200])
    assert (far.loss_, far.n_iter_) == (np.inf, 0)
    assert np.isfinite(far.predict(X)).all()
