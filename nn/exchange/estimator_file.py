"""Files of fitted estimators: a model file whose metadata have the estimator's own state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..module import architecture
from ..module import load as load_model
from .network_program import unpacked
from .standardization import Standardizations


class SavedEstimator:
    """The methods `save` and `load` of an estimator."""

    hidden_layer_sizes: Any  # these are parameters of the estimator, the others tell how it trained
    n_iter_no_change: Any
    loss_: float
    n_iter_: int
    t_: int
    loss_curve_: list[float]
    validation_scores_: Any
    _memory: dict[str, Any]

    def save(self: Any, path: str | Path) -> None:
        """Write the fitted estimator to a JSON file, whole or not at all.

        `load` reads it and gives the same answers to the last bit, and ``partial_fit`` goes on from
        there. `nn.load` reads it too and gives the network, `model_`. Sizes of hidden layers come
        back as a tuple. A ``random_state`` that is no number comes back as None.

        ValueError if a weight is not finite, or the class labels are not texts, numbers or
        booleans. OSError as `open`.
        """
        model = self.model_
        parameters = {name: _plain(x) for name, x in self.get_params(deep=False).items()}
        if not isinstance(self.random_state, Integral):
            parameters["random_state"] = None
        parameters["n_iter_no_change"] = _finite_or_none(self.n_iter_no_change)
        saved = {
            "type": type(self).__name__,
            "parameters": parameters,
            "label_type": self._label_type(),
            "n_iter": self.n_iter_,
            "t": self.t_,
            "last_loss": _finite_or_none(self.loss_),
            "memory": self._memory,
        }
        if hasattr(self, "loss_curve_"):  # lbfgs has none
            scores = self.validation_scores_
            saved["losses"] = self.loss_curve_
            saved["scores"] = None if scores is None else [*map(_finite_or_none, scores)]
        model.metadata = self._metadata() | {"estimator": saved}
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
            estimator: Any = cls(**saved["parameters"])
            estimator._restore(model, saved)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: not as {cls.__name__}.save writes it: {error}") from None
        return estimator  # type: ignore[no-any-return]  # it is of this class

    def _restore(self: Any, model: Any, saved: Mapping[str, Any]) -> None:
        """Set the fitted attributes; ValueError if they contradict the network or its metadata."""
        if isinstance(self.hidden_layer_sizes, list):
            self.hidden_layer_sizes = tuple(self.hidden_layer_sizes)
        if self.n_iter_no_change is None:
            self.n_iter_no_change = math.inf
        self._check_parameters()
        hidden = [layer.shape[1] for layer in model.layers[:-1]]
        self.n_features_in_, self.n_outputs_ = model.meaning.nin, model.layers[-1].shape[1]
        if "features" in model.metadata:
            self.feature_names_in_ = np.array(model.metadata["features"], dtype=object)
        self._restore_labels(model.metadata, saved["label_type"])
        sizes = (self.n_features_in_, *hidden, self.n_outputs_)
        self.n_layers_ = len(sizes)
        self.coefs_, self.intercepts_ = unpacked([p.data for p in model.parameters()], sizes)
        self._restore_training(saved)
        rebuilt = self.model_
        if (
            architecture(rebuilt) != architecture(model)
            or {**model.metadata, **rebuilt.metadata} != model.metadata
            or np.ravel(self.hidden_layer_sizes).tolist() != hidden
        ):
            raise ValueError("its entries contradict each other")

    def _restore_training(self: Any, saved: Mapping[str, Any]) -> None:
        """Set what training left. Files of version 0.1 have no more than the two curves."""
        if "losses" in saved:
            self.loss_curve_, scores = list(map(float, saved["losses"])), saved["scores"]
            self.validation_scores_ = None if scores is None else [*map(_or_nan, scores)]
            self._begin_curves(scores is not None)
        last = self.loss_curve_[-1] if getattr(self, "loss_curve_", None) else None
        self.loss_ = _or_nan(saved.get("last_loss", last))
        self.n_iter_ = _count("n_iter", saved.get("n_iter", len(saved.get("losses", ()))))
        self.t_ = _count("t", saved["t"] if "t" in saved else self.n_iter_ * saved["samples"])
        self._memory = dict(saved.get("memory", {}))
        if self._memory:
            kept = Standardizations.of_lists(self._memory["standardization"])
            kept.for_training(self.coefs_, self.intercepts_)  # an error for other sizes

    def _label_type(self) -> str:
        """Return the name of the labels' type; "" for numbers that are no labels."""
        return ""

    def _restore_labels(self, metadata: Mapping[str, Any], label_type: str) -> None:
        raise NotImplementedError  # a classifier has labels, a regressor none


def _plain(x: Any) -> Any:
    """Return NumPy's numbers and arrays as Python's."""
    if isinstance(x, np.generic | np.ndarray):
        return x.tolist()
    return [_plain(part) for part in x] if isinstance(x, list | tuple) else x


def _finite_or_none(x: Any) -> Any:
    return _plain(x) if math.isfinite(x) else None


def _or_nan(x: Any) -> float:
    return math.nan if x is None else float(x)


def _count(name: str, n: Any) -> int:
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"{name} must be a whole number, got {n!r:.80}")
    return n
