"""`MLPClassifier` and `MLPRegressor`: a network as a scikit-learn estimator.

Parameters and fitted attributes have the names that scikit-learn's own multi-layer perceptrons give
them wherever the meaning is the same. The network is an `nn.MLP` of scalar Values, compiled.
Afterwards nothing is left of the graph: an estimator holds plain arrays and predicts with NumPy.
``model_`` makes a network of Values again.

Importing this module needs scikit-learn; ``nn.MLPClassifier`` imports it at its first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import label_binarize
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from .perceptron import Perceptron, can_take_blocks, one_of
from .sample_checks import check_labels, check_numbers

OUTPUT_OF_LOSS = {"squared_error": "identity", "poisson": "exp"}
LABEL_TYPES = (
    "bool", "str", "object", "float16", "float32", "float64",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)  # fmt: skip


@dataclass(eq=False, repr=False)  # for errors that have the name of the class
class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]  # scikit-learn is untyped
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
        learning rate; ``beta_1``, ``beta_2``, ``epsilon`` are Adam's. Or "lbfgs", which takes all
        samples in each iteration, at most ``max_fun`` times.
    learning_rate, power_t
        for "sgd": "constant"; "invscaling", which divides the rate by ``(t_ + 1) ** power_t`` after
        each epoch; "adaptive", which divides it by 5 where training would end, down to 1e-6.
    alpha
        weight decay: ``alpha / 2`` times the sum of all squared weights, divided by the batch size,
        is added to the loss. Biases are not weights. With ``sample_weight`` the batch size is the
        sum of the weights of its samples.
    batch_size, max_iter, shuffle
        samples in a step ("auto": 32, or all if there are fewer); largest number of epochs; whether
        each epoch draws new batches.
    tol, n_iter_no_change
        training ends when the loss has not fallen by ``tol`` for more than so many epochs in a row.
    early_stopping, validation_fraction
        hold out that share of the samples, of each class alike, and stop by their accuracy instead
        of the loss; the weights with the best accuracy are kept.
    random_state
        a seed, a NumPy RandomState, or None for NumPy's own, for weights, batches and held-out
        samples.
    verbose
        show a progress bar.
    warm_start
        `fit` goes on from the weights of the last call, with the same classes.
    standardize
        train on standardized features, and targets of a regression. False trains on the data as
        they are, as scikit-learn does.

    After `fit`: ``model_``, the network as an `nn.MLP`; ``classes_``; ``n_iter_``, the epochs of
    the last call; ``t_``, the samples seen in all calls; ``validation_scores_``,
    ``best_validation_score_``, ``n_layers_``, ``n_outputs_``, ``out_activation_``,
    ``n_features_in_``, ``feature_names_in_``. And:

    ``coefs_``, ``intercepts_``
        an array for each layer, of shapes (nin, nout) and (nout,). They apply to the data as they
        are given: a standardization is folded into the first and the last layer.
    ``loss_``, ``loss_curve_``, ``best_loss_``
        the loss of training, with its penalty, in the last epoch, in each, and the lowest. It is of
        the standardized data, and the penalty of the weights for these. Each epoch is a mean over
        its batches, before their steps. "lbfgs" has ``loss_`` alone.

    ``y`` may also be a table of 0 and 1, a column for each label, of which several may hold.

    ``model.save("m.json")`` writes all this to a file, and ``MLPClassifier.load("m.json")`` reads
    it. `nn.load` reads the network alone.

    ValueError for parameters and data that make no sense. Then the estimator is as it was before.
    """

    @available_if(can_take_blocks)  # type: ignore[untyped-decorator]  # scikit-learn is untyped
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on a block of the samples, from where the last call ended.

        The first call needs ``classes``, all labels that there will be. It also fixes the
        standardization, so its block should be typical. Otherwise as `fit`.
        """
        goes_on = hasattr(self, "coefs_")
        if classes is None and not goes_on:
            raise ValueError(
                "the first call of partial_fit needs classes, all labels of all blocks"
            )
        return self._fit(X, y, sample_weight, goes_on, one_epoch=True, classes=classes)

    def predict(self, X: Any) -> Any:
        """Return the class label of each sample, or a row of 0 and 1 for several labels."""
        return self._answers(self._finite_outputs(X))

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class (column) for each sample (row)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithms of `predict_proba`, exact where a probability rounds to 0."""
        outputs = self._finite_outputs(X)
        if self._takes_several_labels():
            return -np.logaddexp(0, -outputs)
        logits = np.hstack([np.zeros_like(outputs), outputs]) if self.n_outputs_ == 1 else outputs
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)

    def _targets(self, y: Any, goes_on: bool, one_epoch: bool, classes: Any) -> Any:
        check_labels(y)
        check_classification_targets(y)
        found = unique_labels(y)
        if goes_on:
            self._check_same_classes(found, one_epoch, classes)
        else:
            self.classes_ = found if classes is None else _labels_of(classes)
        if len(unknown := np.setdiff1d(found, self.classes_)):
            raise ValueError(f"y has {_plain_label(unknown)}, which is not among the classes given")
        several = type_of_target(y).startswith("multilabel")
        if not several and len(self.classes_) < 2:
            one = _plain_label(self.classes_)
            raise ValueError(f"y has one class only, {one}: a classifier needs two")
        output: Any = "softmax" if len(self.classes_) > 2 and not several else "logistic"
        if goes_on and output != self.out_activation_:
            raise ValueError("training goes on, but y has another number of labels for a sample")
        self.out_activation_ = output
        return label_binarize(y, classes=self.classes_).astype(np.float64)

    def _check_same_classes(self, found: Any, one_epoch: bool, classes: Any) -> None:
        """ValueError if training goes on with other classes."""
        if one_epoch and classes is not None:
            found = _labels_of(classes)
        if not np.array_equal(found, self.classes_) and (not one_epoch or classes is not None):
            raise ValueError(
                f"training goes on with the classes {self.classes_.tolist()!r:.80}, "
                f"got {found.tolist()!r:.80}: they must be the same"
            )

    def _takes_several_labels(self) -> bool:
        return bool(self.out_activation_ == "logistic" and self.n_outputs_ > 1)

    def _answers(self, outputs: Any) -> Any:
        """Return what `predict` does, given the outputs of the network."""
        if self._takes_several_labels():
            return (outputs > 0).astype(int)
        one = self.n_outputs_ == 1
        return self.classes_[(outputs[:, 0] > 0).astype(int) if one else outputs.argmax(axis=1)]

    def _score(self, X: Any, targets: Any, weights: Any) -> float:
        right, given = self._answers(targets - 0.5), self._answers(self._outputs(X))
        return float(accuracy_score(right, given, sample_weight=weights))

    def _metadata(self) -> dict[str, Any]:
        several = self._takes_several_labels()
        return super()._metadata() | ({} if several else {"classes": self.classes_.tolist()})

    def _label_type(self) -> str:
        kind = self.classes_.dtype
        name = "str" if kind.kind == "U" else str(kind.name)
        if name not in LABEL_TYPES:
            raise ValueError(f"class labels of type {name} cannot be saved")
        return name

    def _restore_labels(self, metadata: Mapping[str, Any], label_type: str) -> None:
        several = range(self.n_outputs_) if metadata.get("loss") == "bce_with_logits" else ()
        labels = metadata.get("classes") or list(several)
        if label_type not in LABEL_TYPES:
            raise ValueError(f"unknown type of labels {label_type!r:.80}")
        self.classes_ = np.array(labels, dtype=label_type)
        if self.classes_.tolist() != labels:
            raise ValueError(f"labels that are not of type {label_type}: {labels!r:.80}")
        softmax = "classes" in metadata and len(labels) > 2
        self.out_activation_ = "softmax" if softmax else "logistic"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _labels_of(classes: Any) -> Any:
    try:
        return unique_labels(classes)
    except (ValueError, TypeError):
        raise ValueError(
            f"classes must be a list of all labels, whole numbers or texts, got {classes!r:.80}"
        ) from None


def _plain_label(labels: Any) -> str:
    return f"{labels[0].item() if isinstance(labels[0], np.generic) else labels[0]!r:.80}"


@dataclass(eq=False, repr=False)
class MLPRegressor(MultiOutputMixin, RegressorMixin, Perceptron):  # type: ignore[misc]  # untyped
    """A multi-layer perceptron that predicts numbers, one or several for each sample.

    >>> import numpy as np
    >>> X = np.linspace(-3, 3, 100).reshape(-1, 1)
    >>> model = MLPRegressor(activation="tanh", max_iter=100, tol=0.01, random_state=0)
    >>> model.fit(X, np.sin(X[:, 0])).score(X, np.sin(X[:, 0])) > 0.95
    True

    Parameters and attributes are those of `MLPClassifier`, and

    loss
        "squared_error" is half the squared error. "poisson" is half the Poisson deviance, for
        targets of at least 0, such as counts: ``exp(z) - t + t log(t / exp(z))`` for a target t
        and an output z, and exp(z) is predicted. The loss of a sample is the sum over its targets.

    Squared errors: ``loss_`` is of standardized targets, while ``coefs_`` and ``intercepts_`` give
    predictions in the unit of the data. Poisson: the targets are not standardized. For early
    stopping the score is R squared.
    """

    loss: str = field(default="squared_error", kw_only=True)
    _y_numeric = True

    @available_if(can_take_blocks)  # type: ignore[untyped-decorator]  # scikit-learn is untyped
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on a block of the samples, from where the last call ended.

        The first call fixes the standardization, so its block should be typical. Otherwise as
        `fit`.
        """
        return self._fit(X, y, sample_weight, hasattr(self, "coefs_"), one_epoch=True)

    def predict(self, X: Any) -> Any:
        """Return the number predicted for each sample, or a row of numbers."""
        outputs = self._finite_outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        one_of("loss", self.loss, OUTPUT_OF_LOSS)

    def _targets(self, y: Any, goes_on: bool, one_epoch: bool, classes: Any) -> Any:
        output = OUTPUT_OF_LOSS[self.loss]
        if goes_on and output != self.out_activation_:
            raise ValueError(
                f"training goes on, but not with loss={self.loss!r}: the outputs of the fitted "
                "network mean something else; fit another one with warm_start=False"
            )
        self.out_activation_ = output
        targets = check_numbers(y).reshape(len(y), -1)
        if self.loss == "poisson" and (targets < 0).any():
            i = int((targets < 0).any(axis=1).argmax())
            raise ValueError(
                f"loss='poisson' requires non-negative y, got {targets[i].min():g} for sample {i}"
            )
        return targets

    def _outputs(self, X: Any) -> Any:
        outputs = super()._outputs(X)
        if self.out_activation_ == "exp":
            with np.errstate(over="ignore"):  # what is not finite is found by the caller
                return np.exp(outputs)
        return outputs

    def _score(self, X: Any, targets: Any, weights: Any) -> float:
        outputs = self._outputs(X)
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(r2_score(targets, outputs, sample_weight=weights))

    def _restore_labels(self, metadata: Mapping[str, Any], label_type: str) -> None:
        self.out_activation_ = "exp" if metadata.get("loss") == "poisson_nll" else "identity"
