"""`MLPClassifier` and `MLPRegressor`: a network as a scikit-learn estimator.

Parameters and fitted attributes have the names that scikit-learn's own multi-layer perceptrons give
them wherever the meaning is the same. Training is `nn.fit` on scalar Values; afterwards nothing is
left of the graph: an estimator holds plain arrays and predicts with NumPy.

Features, and the targets of a regression, are standardized for training, and the result is folded
into the first and the last layer: ``coefs_`` and ``intercepts_`` apply to the data as they are.

Importing this module needs scikit-learn; ``nn.MLPClassifier`` does so when it is first used.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from random import Random
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MultiOutputMixin,
    RegressorMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from ..argument_checks import counted
from ..layers import ACTIVATIONS, MLP
from ..optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from ..training.history import History
from ..training.loop import fit

ALIASES = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names, and ours
_NUMPY = SimpleNamespace(
    **vars(np)
    | {name: np.vectorize(getattr(math, name), otypes=[float]) for name in ("erf", "erfc")}
)


class _MLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """What the two estimators share; the parameters are explained in `MLPClassifier`."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (16, 16),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.01,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    def _train(self, X: Any, targets: Any, loss: str, outputs: int) -> None:
        """Train on ``targets`` (class numbers or numbers, one or several a sample); keep arrays."""
        hidden, activation = self._check_parameters()
        random_state = check_random_state(self.random_state)
        rng = Random(int(random_state.randint(2**31)))
        held_out = None
        if self.early_stopping:
            X, X_val, targets, y_val = train_test_split(
                X, targets, test_size=self.validation_fraction, random_state=random_state,
                stratify=targets if isinstance(self, ClassifierMixin) else None,
            )  # fmt: skip
            held_out = X_val, y_val
        batch_size = self._batch_size(len(X))
        inputs, wanted = _Standard(X), _Standard(targets, loss == "mse")
        init = "xavier" if activation in ("tanh", "sigmoid", "linear") else "he"
        model = MLP(X.shape[1], [*hidden, outputs], activation, init=init, rng=rng)
        self.n_outputs_, self.n_layers_ = outputs, len(hidden) + 2
        self.validation_scores_: list[float] | None = [] if held_out else None
        best: dict[str, Any] = {}

        def after_epoch(model: Any, history: History) -> bool:
            """Early stopping, with scikit-learn's criterion: the score of what was held out."""
            self._keep_weights(model, inputs, wanted)
            scores = self.validation_scores_
            assert held_out
            assert scores is not None
            scores.append(self._score(*held_out))
            if scores[-1] > max(scores[:-1], default=-math.inf):
                best.update(coefs_=self.coefs_, intercepts_=self.intercepts_)
            recent = scores[-self.n_iter_no_change - 1 :]
            earlier = max(scores[: -self.n_iter_no_change - 1], default=-math.inf)
            return max(recent) < earlier + self.tol

        stopping = {"patience": self.n_iter_no_change, "tolerance": self.tol}
        history = fit(
            model,
            inputs.apply(X).tolist(),
            wanted.apply(targets).tolist(),
            loss=loss,
            optimizer=self._optimizer(model),
            epochs=self.max_iter,
            batch_size=batch_size,
            l2=0.5 * self.alpha / batch_size,
            shuffle=self.shuffle,
            rng=rng,
            progress=bool(self.verbose),
            **({"callbacks": [after_epoch]} if held_out else stopping),
        )
        self._keep_weights(model, inputs, wanted)
        for name, weights in best.items():
            setattr(self, name, weights)
        self._keep_history(history, len(X))

    def _check_parameters(self) -> tuple[list[int], str]:
        """Sizes of the hidden layers and our name of the activation; ValueError for bad ones."""
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if isinstance(sizes, Sequence | np.ndarray) else [sizes]
        activation = ALIASES.get(self.activation, self.activation)
        for name, value, known in [
            ("activation", activation, list(ACTIVATIONS)),
            ("solver", self.solver, list(OPTIMIZERS)),
        ]:
            if value not in known:
                raise ValueError(f"{name}={value!r} is unknown; choose {', '.join(known)}")
        for name, least in [("max_iter", 1), ("n_iter_no_change", 1)]:
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} on, got {value!r}")
        if any(not isinstance(size, Integral) or size < 1 for size in hidden):
            raise ValueError(f"hidden_layer_sizes must be whole numbers from 1 on, got {sizes!r}")
        for name in ("alpha", "tol", "learning_rate_init"):
            number = getattr(self, name)
            if not isinstance(number, Real) or not 0 <= float(number) < math.inf:
                raise ValueError(f"{name} must be a number from 0 on, got {number!r}")
        share: Any = self.validation_fraction
        if self.early_stopping and not (isinstance(share, Real) and 0 < float(share) < 1):
            raise ValueError(f"validation_fraction must be above 0 and below 1, got {share!r}")
        if not self.learning_rate_init:
            raise ValueError("learning_rate_init must be positive, got 0")
        return [int(size) for size in hidden], activation

    def _batch_size(self, samples: int) -> int:
        size = self.batch_size
        if size == "auto":
            even = [k for k in range(32, 15, -1) if samples % k == 0]
            return even[0] if even else min(32, samples)
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(f"batch_size must be 'auto' or a whole number from 1 on, got {size!r}")
        if size > samples:
            warnings.warn(f"batch_size {size} is larger than the data: {samples} is taken",
                          stacklevel=4)  # fmt: skip
        return min(int(size), samples)

    def _optimizer(self, model: Any) -> Optimizer:
        kind, lr = OPTIMIZERS[self.solver], self.learning_rate_init
        if kind is SGD:
            nesterov = self.nesterovs_momentum and self.momentum > 0
            return SGD(model.parameters(), lr, momentum=self.momentum, nesterov=nesterov)
        if issubclass(kind, Adam):
            betas = self.beta_1, self.beta_2
            return kind(model.parameters(), lr, betas=betas, eps=self.epsilon)
        return kind(model.parameters(), lr)

    def _keep_weights(self, model: Any, inputs: _Standard, wanted: _Standard) -> None:
        """The weights as arrays that apply to the data as they are, not standardized."""
        layers = [layer.neurons for layer in model.layers]
        coefs = [np.array([[w.data for w in n.w] for n in neurons]).T for neurons in layers]
        intercepts = [np.array([n.b.data for n in neurons]) for neurons in layers]
        coefs[0] = coefs[0] / np.reshape(inputs.scale, (-1, 1))
        intercepts[0] = intercepts[0] - inputs.mean @ coefs[0]
        coefs[-1] = coefs[-1] * wanted.scale
        intercepts[-1] = intercepts[-1] * wanted.scale + wanted.mean
        self.coefs_, self.intercepts_ = coefs, intercepts

    def _keep_history(self, history: History, samples: int) -> None:
        self.loss_curve_ = history.loss
        self.n_iter_ = len(history.loss)
        self.t_ = self.n_iter_ * samples
        self.loss_ = history.loss[-1] if history.loss else math.nan
        scores = self.validation_scores_
        self.best_loss_ = None if scores else min(history.loss, default=math.nan)
        self.best_validation_score_ = max(scores) if scores else None
        if not history.stopped:
            warnings.warn(
                f"training went on for all {counted(self.max_iter, 'epoch')} (max_iter) "
                "and the loss was still falling",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _outputs(self, X: Any) -> Any:
        """The outputs for checked samples, an array: a row for each, a column for each output."""
        function = ACTIVATIONS[ALIASES.get(self.activation, self.activation)]
        activate = getattr(function, "forward", lambda m, x: function(x))  # an operation, or linear
        for coefs, intercepts in zip(self.coefs_[:-1], self.intercepts_[:-1], strict=True):
            with np.errstate(all="ignore"):  # far from the data exp may round to 0
                X = activate(_NUMPY, X @ coefs + intercepts)
        return X @ self.coefs_[-1] + self.intercepts_[-1]

    def _checked(self, X: Any) -> Any:
        """Samples to predict, as an array; an error before `fit` or for other features."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _score(self, X: Any, targets: Any) -> float:
        """What `score` gives, for samples and targets in the form that `_train` takes."""
        raise NotImplementedError


class _Standard:
    """The mean and standard deviation of each column, or 0 and 1 where they are not ``wanted``."""

    def __init__(self, columns: Any, wanted: bool = True) -> None:
        self.mean, self.scale = np.zeros(columns.shape[1:]), np.ones(columns.shape[1:])
        if wanted:
            self.mean, scale = columns.mean(axis=0), columns.std(axis=0)
            constant = scale <= 1e-12 * np.abs(self.mean)  # but for rounding
            self.scale = np.where(constant | (scale == 0), 1.0, scale)

    def apply(self, columns: Any) -> Any:
        return (columns - self.mean) / self.scale


class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]  # scikit-learn is untyped
    """A multi-layer perceptron that tells classes apart, trained on scalar Values.

    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(100, noise=0.1, random_state=0)
    >>> model = MLPClassifier(tol=0.005, random_state=0).fit(X, y)
    >>> model.score(X, y), model.predict(X[:3]).tolist()
    (1.0, [0, 1, 0])

    hidden_layer_sizes
        neurons of each hidden layer: a number, or several, or () for logistic regression.
    activation
        of the hidden neurons: any name that `nn.MLP` takes; "identity" and "logistic" too.
    solver, learning_rate_init
        "adam", "sgd" (with ``momentum``, ``nesterovs_momentum``), "adamw" or "rmsprop", and its
        learning rate; ``beta_1``, ``beta_2``, ``epsilon`` are Adam's.
    alpha
        weight decay: half of it times the sum of all squared parameters, divided by the batch size,
        is added to the loss.
    batch_size, max_iter, shuffle
        samples in a step ("auto": the largest from 16 to 32 that divides them all, so that one
        compiled size is enough, else 32); most epochs; whether batches are drawn anew in each.
    tol, n_iter_no_change
        training ends when the loss has not fallen by ``tol`` for so many epochs in a row.
    early_stopping, validation_fraction
        that share of the samples is held out, and their accuracy takes the place of the loss; the
        weights that did best are kept.
    random_state
        a seed, or a NumPy RandomState, for weights, batches and what is held out.
    verbose
        show a progress bar.

    After `fit`: ``classes_``; ``coefs_`` and ``intercepts_``, an array for each layer, of shapes
    (nin, nout) and (nout,); ``n_iter_``, ``loss_curve_``, ``loss_``, ``best_loss_``,
    ``validation_scores_``, ``best_validation_score_``, ``n_layers_``, ``n_outputs_``,
    ``out_activation_``, ``n_features_in_``, ``feature_names_in_``, ``t_`` (samples seen).

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
        loss = "cross_entropy" if count > 2 else "bce_with_logits"
        self._train(X, numbers.astype(float), loss, count if count > 2 else 1)
        return self

    def predict(self, X: Any) -> Any:
        """The class label of each sample."""
        numbers = self._numbers(self._checked(X))
        return self.classes_[numbers]

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class (column) for each sample (row)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of `predict_proba`, exact where a probability rounds to 0."""
        logits = self._outputs(self._checked(X))
        if logits.shape[1] == 1:  # one logit: that of class 1 against 0
            logits = np.hstack([np.zeros_like(logits), logits])
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)

    def _numbers(self, X: Any) -> Any:
        logits = self._outputs(X)
        return (logits[:, 0] > 0).astype(int) if logits.shape[1] == 1 else logits.argmax(axis=1)

    def _score(self, X: Any, targets: Any) -> float:
        return float(np.mean(self._numbers(X) == targets))


class MLPRegressor(MultiOutputMixin, RegressorMixin, _MLP):  # type: ignore[misc]  # untyped
    """A multi-layer perceptron that predicts numbers, one or several for each sample.

    >>> import numpy as np
    >>> X = np.linspace(-3, 3, 100).reshape(-1, 1)
    >>> model = MLPRegressor(activation="tanh", max_iter=100, tol=0.01, random_state=0)
    >>> model.fit(X, np.sin(X[:, 0])).score(X, np.sin(X[:, 0])) > 0.95
    True

    Parameters and attributes are those of `MLPClassifier`; the loss is the squared error of the
    targets, each standardized, and for early stopping the score is R squared.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on ``X`` of shape (samples, features), ``y`` (samples,) or (samples, outputs)."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        y = np.asarray(y, dtype=np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self.out_activation_ = "identity"
        self._train(X, y, "mse", 1 if y.ndim == 1 else y.shape[1])
        return self

    def predict(self, X: Any) -> Any:
        """The number predicted for each sample, or a row of them."""
        outputs = self._outputs(self._checked(X))
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def _score(self, X: Any, targets: Any) -> float:
        return float(r2_score(targets, self._outputs(X)))
