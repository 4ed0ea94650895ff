"""What the two estimators share: parameters, training, and the outputs for samples.

The conventions are scikit-learn's, to the order in which random numbers are drawn: with
``standardize=False`` and the same parameters, training takes the steps that scikit-learn's takes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from numbers import Integral
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from autograd import collector_paused

from ..argument_checks import at_least_0, below_1, counted, flag, positive, whole
from ..layers import ACTIVATIONS, MLP
from ..samples import too_large
from ..training.divergence import DivergedError
from ..training.flat_parameters import backend_for
from ..training.history import History
from ..training.progress import progress_bar
from .estimator_file import SavedEstimator
from .estimator_losses import LOSS_OF_OUTPUT
from .network_program import NetworkProgram, borrowed_program, packed, unpacked
from .sample_checks import checked_samples, checked_weights
from .solvers import SOLVERS, Steps, WeightedSamples, minimized
from .standardization import Standardization, Standardizations

ALIASES = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names, and ours
LEARNING_RATES = ("constant", "invscaling", "adaptive")
MAX_PARAMETERS = 10_000_000  # gigabytes, as Values
MIN_ADAPTIVE_RATE = 1e-6  # below it, "adaptive" stops
_NUMPY = SimpleNamespace(
    **vars(np)
    | {name: np.vectorize(getattr(math, name), otypes=[float]) for name in ("erf", "erfc")}
)


@dataclass(eq=False, repr=False)  # scikit-learn reads the parameters from the signature
class Perceptron(SavedEstimator, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A network as an estimator; the parameters are explained in `MLPClassifier`."""

    hidden_layer_sizes: int | Sequence[int] = (16, 16)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 1e-4
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.01
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int | float = 10
    max_fun: int = 15000
    standardize: bool = True

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on ``X`` of shape (samples, features), dense or sparse, and a target for each.

        ``sample_weight`` has a number of at least 0 for each sample: 2 counts a sample twice.
        After an error the estimator is as it was before.
        """
        return self._fit(X, y, sample_weight, self.warm_start and hasattr(self, "coefs_"))

    def _fit(
        self, X: Any, y: Any, weights: Any, goes_on: bool, one_epoch: bool = False,
        classes: Any = None,
    ) -> Self:  # fmt: skip
        """Train anew or go on; ``classes`` are told if a block may have fewer than all."""
        before, drawn = self.__dict__.copy(), None
        if isinstance(self.random_state, np.random.RandomState):
            drawn = self.random_state.get_state()
        try:
            self._check_parameters()
            if one_epoch and self.early_stopping:
                raise ValueError("early_stopping=True holds samples out of all: call fit instead")
            self._train(X, y, weights, goes_on, one_epoch, classes)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            if drawn is not None:
                self.random_state.set_state(drawn)
            raise
        return self

    def _train(
        self, X: Any, y: Any, weights: Any, goes_on: bool, one_epoch: bool, classes: Any
    ) -> None:
        X, y, weights = self._checked_samples(X, y, weights, reset=not goes_on)
        targets = self._targets(y, goes_on, one_epoch, classes)
        sizes = self._sizes(targets, goes_on)
        random_state = _seeded(self.random_state)
        memory = self._memory if goes_on else {}
        if not goes_on:
            self.n_outputs_, self.n_layers_, self.t_ = targets.shape[1], len(sizes), 0
            weights_0 = self._initial_weights(sizes, random_state)
        held_out = None
        if self.early_stopping and self.solver != "lbfgs":
            (X, targets, weights), held_out = self._split(X, targets, weights, random_state)
        kept = memory.get("standardization") if one_epoch else None
        standardizations = self._standardizations(X, targets, weights, kept)
        if goes_on:
            weights_0 = standardizations.for_training(self.coefs_, self.intercepts_)
        factor = 0.5 if self.out_activation_ == "identity" else 1.0
        samples = WeightedSamples(X, targets, weights, standardizations, factor, self.alpha)
        self._memory = {"standardization": standardizations.as_lists()}
        n = X.shape[0]
        batch_size = n if self.solver == "lbfgs" else self._batch_size(n)
        backend = backend_for(-(-n // batch_size) * (1 if one_epoch else self.max_iter))
        kind = sizes, self._activation(), LOSS_OF_OUTPUT[self.out_activation_], backend
        with borrowed_program(*kind) as program, collector_paused():
            theta = packed(*weights_0)
            if self.solver == "lbfgs":
                theta, self.loss_, self.n_iter_ = minimized(self, program, theta, samples)
                self._keep_weights(theta, program, samples)
            else:
                steps = Steps(self, program, theta, memory.get("steps", {}) if one_epoch else {})
                waited = memory.get("waited", 0)
                self._epochs(steps, samples, batch_size, held_out, random_state, waited, one_epoch)

    def _check_parameters(self) -> None:
        """ValueError or TypeError for a parameter that makes no sense."""
        known = {
            "activation": [*ACTIVATIONS, *ALIASES],
            "solver": SOLVERS,
            "learning_rate": LEARNING_RATES,
        }
        for name, choices in known.items():
            one_of(name, getattr(self, name), choices)
        sizes = self.hidden_layer_sizes
        listed: Any = sizes.tolist() if isinstance(sizes, np.ndarray) else sizes
        several = isinstance(listed, Sequence) and not isinstance(listed, str)
        for size in listed if several else [listed]:
            if isinstance(size, Sequence) and not isinstance(size, str):
                raise ValueError(
                    f"hidden_layer_sizes is a whole number for each hidden layer, got {sizes!r:.80}"
                )
            whole("hidden_layer_sizes", size)
        for name in ("max_iter", "max_fun"):
            whole(name, getattr(self, name))
        if not isinstance(self.n_iter_no_change, float) or self.n_iter_no_change != math.inf:
            whole("n_iter_no_change, unless it is infinite,", self.n_iter_no_change)
        if not isinstance(self.batch_size, str) or self.batch_size != "auto":
            whole("batch_size, unless it is 'auto',", self.batch_size)
        for name in ("alpha", "tol", "power_t"):
            at_least_0(name, getattr(self, name))
        for name in ("learning_rate_init", "epsilon"):
            positive(name, getattr(self, name))
        for name in ("momentum", "beta_1", "beta_2", "validation_fraction"):
            below_1(name, getattr(self, name))
        for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping"):
            _flag(name, getattr(self, name))
        _flag("standardize", self.standardize)
        if not isinstance(self.verbose, Integral | np.bool_):
            _flag("verbose", self.verbose)
        if self.early_stopping:
            positive("validation_fraction", self.validation_fraction)

    def _activation(self) -> str:
        return ALIASES.get(self.activation, self.activation)

    def _checked_samples(self, X: Any, y: Any, weights: Any, reset: bool) -> tuple[Any, Any, Any]:
        """Return samples, targets and weights as arrays; the samples may stay sparse."""
        X, y = checked_samples(
            self, X, y, multi_output=True, y_numeric=self._y_numeric, reset=reset
        )
        if issparse(X):
            X = X.tocsr()
        y = y.toarray() if issparse(y) else y
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y, checked_weights(weights, X.shape[0])

    _y_numeric = False

    def _targets(self, y: Any, goes_on: bool, one_epoch: bool, classes: Any) -> Any:
        """Return checked targets as a row of numbers for each sample; set what they tell."""
        raise NotImplementedError  # a classifier and a regressor have other targets

    def _score(self, X: Any, targets: Any, weights: Any) -> float:
        """Return the `score` of samples and targets in the form of `_targets`."""
        raise NotImplementedError  # a classifier and a regressor score differently

    def _sizes(self, targets: Any, goes_on: bool) -> tuple[int, ...]:
        """Return the numbers of features, hidden neurons and outputs.

        ValueError if training goes on with a network of other sizes.
        """
        hidden = tuple(map(int, np.ravel(self.hidden_layer_sizes).tolist()))
        sizes = (self.n_features_in_, *hidden, targets.shape[1])
        if goes_on and (fitted := (self.n_features_in_, *map(len, self.intercepts_))) != sizes:
            raise ValueError(
                f"training goes on with a network of sizes {fitted}, but hidden_layer_sizes and y "
                f"ask for {sizes}: fit another one with warm_start=False"
            )
        parameters = sum((nin + 1) * nout for nin, nout in pairwise(sizes))
        if parameters > MAX_PARAMETERS:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r:.80} makes {parameters:,} "
                f"parameters: more than {MAX_PARAMETERS:,} are too many for scalars"
            )
        return sizes

    def _initial_weights(self, sizes: Sequence[int], random_state: Any) -> tuple[Any, Any]:
        """Return weights and biases, uniform (Glorot and Bengio 2010), as scikit-learn draws them.

        Also begin the curves of loss and score, for a solver that has them.
        """
        coefs, intercepts = [], []
        for nin, nout in pairwise(sizes):
            limit = math.sqrt((2 if self._activation() == "sigmoid" else 6) / (nin + nout))
            coefs.append(random_state.uniform(-limit, limit, (nin, nout)))
            intercepts.append(random_state.uniform(-limit, limit, nout))
        for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_"):
            self.__dict__.pop(name, None)
        return coefs, intercepts

    def _split(self, X: Any, targets: Any, weights: Any, random_state: Any) -> tuple[Any, Any]:
        """Return samples to train on and samples held out, each with targets and weights."""
        multilabel = self.out_activation_ == "logistic" and targets.shape[1] > 1
        parts = train_test_split(
            X, targets, weights, test_size=self.validation_fraction, random_state=random_state,
            stratify=None if self._y_numeric or multilabel else targets,
        )  # fmt: skip
        if (held := parts[1].shape[0]) < 2:
            raise ValueError(
                f"validation_fraction={self.validation_fraction:g} of "
                f"{counted(X.shape[0], 'sample')} holds out {held}: a score needs two"
            )
        if not parts[4].any():
            raise ValueError("sample_weight is zero for all samples that are not held out")
        if not parts[5].any():
            raise ValueError("sample_weight is zero for all samples that are held out")
        return parts[::2], parts[1::2]

    def _standardizations(self, X: Any, targets: Any, weights: Any, kept: Any) -> Standardizations:
        if kept:
            return Standardizations.of_lists(kept)
        none = Standardization.none
        inputs = Standardization.of(X, weights) if self.standardize else none(X.shape[1])
        numbers = self.standardize and self.out_activation_ == "identity"
        outputs = Standardization.of(targets, weights) if numbers else none(targets.shape[1])
        return Standardizations(inputs, outputs)

    def _epochs(
        self, steps: Steps, samples: WeightedSamples, batch_size: int, held_out: Any,
        random_state: Any, waited: int, one_epoch: bool,
    ) -> None:  # fmt: skip
        """Train epoch by epoch while there is progress, and keep what was learned.

        Progress is a score of the held-out samples, or without them a loss, that is better than the
        best one before by ``tol``. There was none in the last ``waited`` epochs.
        """
        order = np.arange(len(samples.weights))
        best_theta, best = steps.vector.theta, self._begin_curves(held_out is not None)
        memory: dict[str, Any] = {}
        try:
            with progress_bar(bool(self.verbose) and not one_epoch, self.max_iter) as show:
                for _ in range(1 if one_epoch else self.max_iter):
                    if self.shuffle:
                        order = order[random_state.permutation(len(order))]
                    loss = steps.epoch(samples, order, batch_size)
                    score = None
                    if held_out is not None:
                        self._keep_weights(steps.vector.theta, steps.program, samples)
                        score = self._score(*held_out)
                    self._add_to_curves(loss, score, len(order))
                    show(History(LOSS_OF_OUTPUT[self.out_activation_], loss=self.loss_curve_))
                    merit = -loss if score is None else score
                    waited = waited + 1 if merit < best + self.tol else 0
                    if merit > best:
                        best_theta, best = steps.vector.theta, merit
                    if self.solver == "sgd" and self.learning_rate == "invscaling":
                        factor = (self.t_ + 1) ** self.power_t
                        steps.learning_rate = self.learning_rate_init / factor
                    if waited > self.n_iter_no_change:
                        if not self._lower_rate(steps):
                            break
                        waited = 0
                else:
                    self._warn_if_not_converged(one_epoch)
            memory = {"steps": steps.memory(), "waited": waited}
        except DivergedError as diverged:
            steps.vector.theta = steps.vector.finite_theta
            warnings.warn(
                f"training diverged at step {steps.vector.count}: {diverged}; the last weights of "
                "finite loss are kept. A smaller learning_rate_init, or standardize=True, may help",
                RuntimeWarning,
                stacklevel=5,
            )
        except KeyboardInterrupt:
            warnings.warn(
                f"training interrupted at step {steps.vector.count}", RuntimeWarning, stacklevel=5
            )
        theta = steps.vector.theta if held_out is None else best_theta
        self._keep_weights(theta, steps.program, samples)
        self._memory |= memory

    def _batch_size(self, samples: int) -> int:
        size = 32 if self.batch_size == "auto" else int(self.batch_size)
        if size > samples and self.batch_size != "auto":
            warnings.warn(
                f"batch_size {size} is larger than the data: {samples} is taken",
                UserWarning,
                stacklevel=5,
            )
        return min(size, samples)

    def _begin_curves(self, early: bool) -> float:
        """Begin the curves, or go on with them; return the best score, or minus the lowest loss."""
        self.n_iter_, self.loss_ = 0, math.nan
        self.loss_curve_ = [*getattr(self, "loss_curve_", [])]
        scores = [*(getattr(self, "validation_scores_", None) or [])]
        self.validation_scores_: Any = scores if early else None
        self.best_loss_: Any = None if early else min(self.loss_curve_, default=math.inf)
        self.best_validation_score_: Any = max(scores, default=-math.inf) if early else None
        return -self.best_loss_ if self.best_loss_ is not None else max(scores, default=-math.inf)

    def _add_to_curves(self, loss: float, score: float | None, samples: int) -> None:
        self.n_iter_ += 1
        self.t_ += samples
        self.loss_ = loss
        self.loss_curve_.append(loss)
        if score is None:
            self.best_loss_ = min(self.best_loss_, loss)
        else:
            self.validation_scores_.append(score)
            self.best_validation_score_ = max(self.best_validation_score_, score)

    def _lower_rate(self, steps: Steps) -> bool:
        """Divide the learning rate by 5 if it adapts and is not too small; whether it was done."""
        adaptive = self.solver == "sgd" and self.learning_rate == "adaptive"
        if adaptive and steps.learning_rate > MIN_ADAPTIVE_RATE:
            steps.learning_rate /= 5
            return True
        return False

    def _warn_if_not_converged(self, one_epoch: bool) -> None:
        if not one_epoch:
            warnings.warn(
                f"training went on for all {counted(self.max_iter, 'epoch')} (max_iter) "
                "and the loss was still falling",
                ConvergenceWarning,
                stacklevel=6,
            )

    def _keep_weights(self, theta: Any, program: NetworkProgram, samples: WeightedSamples) -> None:
        """Keep the weights as arrays that apply to the data as they are, not standardized."""
        weights = unpacked(theta, program.sizes)
        self.coefs_, self.intercepts_ = samples.standardizations.for_data(*weights)

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
        theta = packed(self.coefs_, self.intercepts_).tolist()
        for p, x in zip(model.parameters(), theta, strict=True):
            p.data = x
        model.metadata = self._metadata()
        return model

    def _metadata(self) -> dict[str, Any]:
        """Return what `nn.Module.predict` needs to know about the network."""
        names = getattr(self, "feature_names_in_", None)
        features = {} if names is None else {"features": names.tolist()}
        return {"loss": LOSS_OF_OUTPUT[self.out_activation_], **features}

    def _outputs(self, X: Any) -> Any:
        """Return the outputs for checked samples: a row for each, a column for each output."""
        function = ACTIVATIONS[self._activation()]
        activate = getattr(function, "forward", lambda m, x: function(x))  # an operation, or linear
        with np.errstate(all="ignore"):  # far from the data exp may round to 0
            for coefs, intercepts in zip(self.coefs_[:-1], self.intercepts_[:-1], strict=True):
                X = activate(_NUMPY, X @ coefs + intercepts)
            return X @ self.coefs_[-1] + self.intercepts_[-1]

    def _finite_outputs(self, X: Any) -> Any:
        """Return the outputs for samples of a user; ValueError names a feature too large for it."""
        check_is_fitted(self)
        X = checked_samples(self, X, reset=False)
        outputs = self._outputs(X)
        if not (finite := np.isfinite(outputs).all(axis=1)).all():
            i = int(finite.argmin())
            row = X.tocsr()[[i]].toarray()[0] if issparse(X) else X[i]
            with np.errstate(all="ignore"):
                raise too_large(i, row, row * np.abs(self.coefs_[0]).max(axis=1))
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def one_of(name: str, given: Any, choices: Collection[str]) -> None:
    """ValueError unless the parameter is one of these names."""
    if not isinstance(given, str) or given not in choices:
        raise ValueError(f"{name}={given!r:.80} is unknown; choose {', '.join(choices)}")


def _seeded(random_state: Any) -> Any:
    """Return the RandomState of a parameter; ValueError if there is none for it."""
    try:
        return check_random_state(random_state)
    except (ValueError, TypeError):
        raise ValueError(
            f"random_state={random_state!r:.80} cannot be used to seed: give a whole number from 0 "
            "to 2**32 - 1, a numpy.random.RandomState, or None"
        ) from None


def _flag(name: str, given: Any) -> None:
    if not isinstance(given, np.bool_):
        flag(name, given)


def can_take_blocks(estimator: Any) -> bool:
    """Return True, or raise the AttributeError of a solver that needs all samples at once."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "solver='lbfgs' takes all samples at once: partial_fit is for the other solvers"
        )
    return True
