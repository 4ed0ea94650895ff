"""`MLPClassifier` and `MLPRegressor`: a network as a scikit-learn estimator.

Parameters and fitted attributes have the names that scikit-learn's own multi-layer perceptrons give
them wherever the meaning is the same. Training is `nn.fit` on scalar Values. Afterwards nothing is
left of the graph: an estimator holds plain arrays and predicts with NumPy. ``model_`` makes a
network of Values again.

Features, and the targets of a regression, are standardized for training. The result is folded
into the first and the last layer: ``coefs_`` and ``intercepts_`` apply to the data as they are.

Importing this module needs scikit-learn; ``nn.MLPClassifier`` imports it at its first use.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..argument_checks import at_least_0, below_1, counted, positive, whole
from ..datasets import Scaling
from ..layers import ACTIVATIONS, MLP
from ..losses import LOSSES
from ..module import architecture
from ..module import load as load_model
from ..optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from ..samples import too_large
from ..training.early_stopping import EarlyStopping
from ..training.history import History
from ..training.loop import fit

LOSS_OF_OUTPUT = {  # by the name of the output's activation
    "identity": "mse",
    "logistic": "bce_with_logits",
    "softmax": "cross_entropy",
}
LABEL_TYPES = (
    "bool", "str", "object", "float16", "float32", "float64",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)  # fmt: skip
ALIASES = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names, and ours
_NUMPY = SimpleNamespace(
    **vars(np)
    | {name: np.vectorize(getattr(math, name), otypes=[float]) for name in ("erf", "erfc")}
)


@dataclass(eq=False, repr=False)  # scikit-learn reads the parameters from the signature
class _MLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """What the two estimators share; the parameters are explained in `MLPClassifier`."""

    hidden_layer_sizes: int | Sequence[int] = (16, 16)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 1e-4
    batch_size: int | str = "auto"
    learning_rate_init: float = 0.01
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int = 10

    def _train(self, X: Any, targets: Any, loss_name: str, count: int) -> None:
        """Train on class numbers from 0 (``count`` classes), or ``count`` numbers for each sample.

        ``loss_name`` is scikit-learn's name of the loss.
        """
        self._check_parameters()
        same_losses = [loss for loss in LOSSES.values() if loss.scikit_learn == loss_name]
        loss = next(loss for loss in same_losses if loss.fits(count))
        of_classes, outputs = loss.targets == "classes", loss.outputs(count)
        random_state = check_random_state(self.random_state)
        rng = Random(int(random_state.randint(2**31)))
        if self.early_stopping:
            X, held_X, targets, held_targets = train_test_split(
                X, targets, test_size=self.validation_fraction, random_state=random_state,
                stratify=targets if of_classes else None,
            )  # fmt: skip
        batch_size = self._batch_size(len(X))
        inputs = Scaling.of(X.tolist())
        wanted = None if of_classes else Scaling.of(targets.tolist())
        encoded = (
            loss.encode(targets.tolist(), outputs) if wanted is None else wanted.apply(targets)
        )
        hidden, activation = np.ravel(self.hidden_layer_sizes).tolist(), self._activation()
        init = "xavier" if activation in ("tanh", "sigmoid", "linear") else "he"
        model = MLP(X.shape[1], [*hidden, outputs], activation, init=init, rng=rng)
        self.n_outputs_, self.n_layers_ = outputs, len(hidden) + 2
        stopping = EarlyStopping(self.n_iter_no_change + 1, self.tol)
        scores: list[float] = []
        best: dict[str, Any] = {}

        def stop_by_score(model: Any, history: History) -> bool:
            """Stop by the score of the held-out samples, as scikit-learn does; keep the best."""
            self._keep_weights(model, inputs, wanted)
            scores.append(self._score(held_X, held_targets))
            if scores[-1] > max(scores[:-1], default=-math.inf):
                best.update(coefs_=self.coefs_, intercepts_=self.intercepts_)
            return stopping.should_stop(-scores[-1])

        stop_by_loss = {"patience": self.n_iter_no_change, "tolerance": self.tol}
        history = fit(
            model,
            inputs.apply(X.tolist()),
            encoded,
            loss=loss,
            optimizer=self._optimizer(model),
            epochs=self.max_iter,
            batch_size=batch_size,
            l2=0.5 * self.alpha / min(batch_size, len(X)),
            shuffle=self.shuffle,
            rng=rng,
            progress=bool(self.verbose),
            **({"callbacks": stop_by_score} if self.early_stopping else stop_by_loss),
        )
        self._keep_weights(model, inputs, wanted)
        for name, weights in best.items():
            setattr(self, name, weights)
        self._keep_losses(history.loss, scores if self.early_stopping else None, len(X))
        if not history.stopped:
            warnings.warn(
                f"training went on for all {counted(self.max_iter, 'epoch')} (max_iter) "
                "and the loss was still falling",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _check_parameters(self) -> None:
        """ValueError or TypeError for a parameter that makes no sense."""
        known = {"activation": [*ACTIVATIONS, *ALIASES], "solver": list(OPTIMIZERS)}
        for name, choices in known.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name}={value!r} is unknown; choose {', '.join(choices)}")
        for size in np.ravel(self.hidden_layer_sizes).tolist():
            whole("hidden_layer_sizes", size)
        for name in ("max_iter", "n_iter_no_change"):
            whole(name, getattr(self, name))
        for name in ("alpha", "tol"):
            at_least_0(name, getattr(self, name))
        positive("learning_rate_init", self.learning_rate_init)
        if self.early_stopping:
            positive("validation_fraction", self.validation_fraction)
            below_1("validation_fraction", self.validation_fraction)

    def _activation(self) -> str:
        return ALIASES.get(self.activation, self.activation)

    def _batch_size(self, samples: int) -> int:
        if self.batch_size == "auto":
            return next((k for k in range(32, 15, -1) if samples % k == 0), min(32, samples))
        return whole("batch_size, unless it is 'auto',", self.batch_size)

    def _optimizer(self, model: Any) -> Optimizer:
        kind = OPTIMIZERS[self.solver]
        settings: dict[str, Any] = {}
        if kind is SGD:
            nesterov = self.nesterovs_momentum and self.momentum > 0
            settings = {"momentum": self.momentum, "nesterov": nesterov}
        elif issubclass(kind, Adam):
            settings = {"betas": (self.beta_1, self.beta_2), "eps": self.epsilon}
        return kind(model.parameters(), self.learning_rate_init, **settings)

    def _keep_weights(self, model: Any, inputs: Scaling, wanted: Scaling | None) -> None:
        """Keep the weights as arrays that apply to the data as they are, not standardized."""
        layers = [layer.neurons for layer in model.layers]
        coefs = [np.array([[w.data for w in n.w] for n in neurons]).T for neurons in layers]
        intercepts = [np.array([n.b.data for n in neurons]) for neurons in layers]
        coefs[0] = coefs[0] / np.reshape(inputs.scale, (-1, 1))
        intercepts[0] = intercepts[0] - inputs.mean @ coefs[0]
        if wanted is not None:
            coefs[-1] = coefs[-1] * wanted.scale
            intercepts[-1] = intercepts[-1] * wanted.scale + wanted.mean
        self.coefs_, self.intercepts_ = coefs, intercepts

    def _keep_losses(self, losses: list[float], scores: list[float] | None, samples: int) -> None:
        self.loss_curve_, self.validation_scores_ = losses, scores
        self.n_iter_ = len(losses)
        self.t_ = self.n_iter_ * samples
        self.loss_ = losses[-1] if losses else math.nan
        self.best_loss_ = None if scores else min(losses, default=math.nan)
        self.best_validation_score_ = max(scores) if scores else None

    @property
    def model_(self) -> MLP:
        """The fitted network, as a new `nn.MLP` each time: of Values, to draw, explain or save.

        It takes features as they are in the data. Its ``predict`` gives the estimator's answers,
        and ``predict_proba`` its probabilities, as lists.
        """
        check_is_fitted(self)
        hidden = [len(b) for b in self.intercepts_[:-1]]
        model = MLP(
            self.n_features_in_, [*hidden, self.n_outputs_], self._activation(), init="zeros"
        )
        for layer, coefs, intercepts in zip(
            model.layers, self.coefs_, self.intercepts_, strict=True
        ):
            for neuron, ws, b in zip(
                layer.neurons, coefs.T.tolist(), intercepts.tolist(), strict=True
            ):
                for p, x in zip(neuron.parameters(), [*ws, b], strict=True):
                    p.data = x
        model.metadata = self._metadata()
        return model

    def _metadata(self) -> dict[str, Any]:
        """Return what `nn.Module.predict` needs to know about the network."""
        names = getattr(self, "feature_names_in_", None)
        features = {} if names is None else {"features": names.tolist()}
        return {"loss": LOSS_OF_OUTPUT[self.out_activation_], **features}

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to a JSON file, whole or not at all.

        `load` reads it and gives the same answers to the last bit. `nn.load` reads it too and gives
        the network, `model_`. Sizes of hidden layers come back as a tuple. A ``random_state`` that
        is no number comes back as None.

        ValueError if a weight is not finite, or the class labels are not texts, numbers or
        booleans. OSError as `open`.
        """
        model = self.model_
        parameters = {name: _plain(x) for name, x in self.get_params(deep=False).items()}
        if not isinstance(self.random_state, Integral):
            parameters["random_state"] = None
        scores: Any = self.validation_scores_
        model.metadata = self._metadata() | {
            "estimator": {
                "type": type(self).__name__,
                "parameters": parameters,
                "losses": self.loss_curve_,
                "scores": scores and [x if math.isfinite(x) else None for x in scores],
                "samples": self.t_ // max(self.n_iter_, 1),
                "label_type": self._label_type(),
            }
        }
        model.save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the fitted estimator that `save` wrote to ``path``.

        ValueError, which names the file, if it is anything else. OSError as `open`.
        """
        model: Any = load_model(path)
        saved = model.metadata.get("estimator")
        if not isinstance(saved, dict) or saved.get("type") != cls.__name__:
            raise ValueError(f"{path}: not written by {cls.__name__}.save; nn.load may read it")
        try:
            estimator = cls(**saved["parameters"])
            if isinstance(sizes := estimator.hidden_layer_sizes, list):
                estimator.hidden_layer_sizes = tuple(sizes)
            estimator._restore(model, saved)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: not as {cls.__name__}.save writes it: {error}") from None
        return estimator

    def _restore(self, model: Any, saved: Mapping[str, Any]) -> None:
        """Set the fitted attributes; ValueError if they contradict the network or its metadata."""
        self._check_parameters()
        n = self.n_features_in_ = model.meaning.nin
        if "features" in model.metadata:
            self.feature_names_in_ = np.array(model.metadata["features"], dtype=object)
        self._restore_labels(model.metadata, saved["label_type"])
        self.n_outputs_, self.n_layers_ = model.layers[-1].shape[1], len(model.layers) + 1
        self._keep_weights(model, Scaling([0.0] * n, [1.0] * n), None)
        scores = saved["scores"] and [math.nan if x is None else float(x) for x in saved["scores"]]
        self._keep_losses(list(map(float, saved["losses"])), scores, whole("n", saved["samples"]))
        hidden = [layer.shape[1] for layer in model.layers[:-1]]
        rebuilt = self.model_
        if (
            architecture(rebuilt) != architecture(model)
            or {**model.metadata, **rebuilt.metadata} != model.metadata
            or np.ravel(self.hidden_layer_sizes).tolist() != hidden
        ):
            raise ValueError("its entries contradict each other")

    def _label_type(self) -> str:
        """Return the name of the labels' type; "" for numbers that are no labels."""
        return ""

    def _restore_labels(self, metadata: Mapping[str, Any], label_type: str) -> None:
        self.out_activation_ = "identity"

    def _outputs(self, X: Any) -> Any:
        """Return the outputs for checked samples: a row for each, a column for each output."""
        function = ACTIVATIONS[self._activation()]
        activate = getattr(function, "forward", lambda m, x: function(x))  # an operation, or linear
        for coefs, intercepts in zip(self.coefs_[:-1], self.intercepts_[:-1], strict=True):
            with np.errstate(all="ignore"):  # far from the data exp may round to 0
                X = activate(_NUMPY, X @ coefs + intercepts)
        with np.errstate(all="ignore"):
            return X @ self.coefs_[-1] + self.intercepts_[-1]

    def _finite_outputs(self, X: Any) -> Any:
        """Return the outputs for samples of a user; ValueError names a feature too large for it."""
        X = self._checked(X)
        outputs = self._outputs(X)
        if not (finite := np.isfinite(outputs).all(axis=1)).all():
            i = int(finite.argmin())
            with np.errstate(all="ignore"):
                raise too_large(i, X[i], X[i] * np.abs(self.coefs_[0]).max(axis=1))
        return outputs

    def _checked(self, X: Any) -> Any:
        """Return samples to predict, as an array; an error before `fit` or for other features."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _score(self, X: Any, targets: Any) -> float:
        """Return the `score` of samples and targets in the form that `_train` takes."""
        raise NotImplementedError  # a classifier and a regressor score differently


def _plain(x: Any) -> Any:
    """Return NumPy's numbers and arrays as Python's."""
    if isinstance(x, np.generic | np.ndarray):
        return x.tolist()
    return [_plain(part) for part in x] if isinstance(x, list | tuple) else x


@dataclass(eq=False, repr=False)  # for errors that have the name of the class
class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]  # scikit-learn is untyped
    """A multi-layer perceptron that tells classes apart, trained on scalar Values.

    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(100, noise=0.1, random_state=0)
    >>> model = MLPClassifier(tol=0.005, random_state=0).fit(X, y)
    >>> model.score(X, y), model.predict(X[:3]).tolist()
    (1.0, [0, 1, 0])

    hidden_layer_sizes
        number of neurons in each hidden layer: one number, several, or () for logistic regression.
    activation
        activation of the hidden neurons: any name that `nn.MLP` takes, "identity" or "logistic".
    solver, learning_rate_init
        "adam", "sgd" (with ``momentum``, ``nesterovs_momentum``), "adamw" or "rmsprop", and its
        learning rate; ``beta_1``, ``beta_2``, ``epsilon`` are Adam's.
    alpha
        weight decay: ``alpha / 2`` times the sum of all squared parameters, divided by the batch
        size, is added to the loss.
    batch_size, max_iter, shuffle
        samples in a step ("auto": the largest number from 16 to 32 that divides all samples evenly,
        so that one size is compiled, else 32); largest number of epochs; whether each epoch draws
        new batches.
    tol, n_iter_no_change
        training ends when the loss has not fallen by ``tol`` for so many epochs in a row.
    early_stopping, validation_fraction
        hold out that share of the samples, and stop by their accuracy instead of the loss; the
        weights with the best accuracy are kept.
    random_state
        a seed, or a NumPy RandomState, for weights, batches and held-out samples.
    verbose
        show a progress bar.

    After `fit`: ``model_``, the network as an `nn.MLP`; ``classes_``; ``coefs_`` and
    ``intercepts_``, an array for each layer, of shapes (nin, nout) and (nout,); ``n_iter_``,
    ``loss_curve_``, ``loss_``, ``best_loss_``, ``validation_scores_``,
    ``best_validation_score_``, ``n_layers_``, ``n_outputs_``, ``out_activation_``,
    ``n_features_in_``, ``feature_names_in_``, ``t_`` (samples seen).

    ``model.save("m.json")`` writes all this to a file, and ``MLPClassifier.load("m.json")`` reads
    it. `nn.load` reads the network alone.

    ValueError for parameters and data that make no sense.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on ``X`` of shape (samples, features) and one class label for each sample."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"y has one class only, {self.classes_[0]!r}: a classifier needs two")
        self.out_activation_ = "softmax" if count > 2 else "logistic"
        self._train(X, numbers.astype(float), "log_loss", count)
        return self

    def predict(self, X: Any) -> Any:
        """Return the class label of each sample."""
        numbers = self._logits(self._finite_outputs(X)).argmax(axis=1)
        return self.classes_[numbers]

    def _metadata(self) -> dict[str, Any]:
        return super()._metadata() | {"classes": self.classes_.tolist()}

    def _label_type(self) -> str:
        kind = self.classes_.dtype
        name = "str" if kind.kind == "U" else str(kind.name)
        if name not in LABEL_TYPES:
            raise ValueError(f"class labels of type {name} cannot be saved")
        return name

    def _restore_labels(self, metadata: Mapping[str, Any], label_type: str) -> None:
        labels = metadata["classes"]
        if label_type not in LABEL_TYPES:
            raise ValueError(f"unknown type of labels {label_type!r:.80}")
        self.classes_ = np.array(labels, dtype=label_type)
        if self.classes_.tolist() != labels:
            raise ValueError(f"labels that are not of type {label_type}: {labels!r:.80}")
        self.out_activation_ = "softmax" if len(labels) > 2 else "logistic"

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class (column) for each sample (row)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithms of `predict_proba`, exact where a probability rounds to 0."""
        logits = self._logits(self._finite_outputs(X))
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)

    def _logits(self, logits: Any) -> Any:
        """Return one logit for each class; a single output compares class 1 with class 0."""
        return np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits

    def _score(self, X: Any, targets: Any) -> float:
        return float(np.mean(self._logits(self._outputs(X)).argmax(axis=1) == targets))


@dataclass(eq=False, repr=False)
class MLPRegressor(MultiOutputMixin, RegressorMixin, _MLP):  # type: ignore[misc]  # untyped
    """A multi-layer perceptron that predicts numbers, one or several for each sample.

    >>> import numpy as np
    >>> X = np.linspace(-3, 3, 100).reshape(-1, 1)
    >>> model = MLPRegressor(activation="tanh", max_iter=100, tol=0.01, random_state=0)
    >>> model.fit(X, np.sin(X[:, 0])).score(X, np.sin(X[:, 0])) > 0.95
    True

    Parameters and attributes are those of `MLPClassifier`. The loss is the squared error of the
    targets, each standardized. For early stopping the score is R squared.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on ``X`` of shape (samples, features), ``y`` (samples,) or (samples, outputs)."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self.out_activation_ = "identity"
        y = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
        self._train(X, y, "squared_error", y.shape[1])
        return self

    def predict(self, X: Any) -> Any:
        """Return the number predicted for each sample, or a row of numbers."""
        outputs = self._finite_outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def _score(self, X: Any, targets: Any) -> float:
        return float(r2_score(targets, self._outputs(X)))
