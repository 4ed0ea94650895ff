"""Losses: what training minimizes, most of them the negative log-likelihood of a distribution.

Each is called ``loss(outputs, targets, reduction="mean")`` with one output and one target for each
sample. An output is a number or a Value. A model with several outputs gives a list of them; the
loss of a sample is then the sum over the list. The result is the "mean" or the "sum" of the
samples' losses: a Value, or a plain number if all outputs and targets are plain numbers.

Each loss is written below as the formula for one sample, given its lists of outputs and of target
numbers. The `Loss` around the formula takes many samples, and declares which targets the loss is
for and how an output is read as an answer.

ValueError if there are no samples, if outputs and targets differ in number, or if an output or a
target has not the form that the loss is for. The message names the sample.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from math import exp, nan, pi
from math import log as _log_of
from numbers import Real
from typing import Any

import autograd
from autograd import (
    dot,
    equal,
    heaviside,
    log,
    logsumexp,
    maximum,
    mean,
    relu,
    softplus,
    take,
)

from .argument_checks import counted, several

_SMALLEST_PROBABILITY = exp(-100.0)  # log(p) is at least -100, as in PyTorch's BCELoss


@dataclass(eq=False, repr=False)
class Loss:
    """A loss: the formula for one sample, and a declaration of how to train and predict with it.

    Everything that needs to know a loss reads its declaration. To make a loss of your own, declare
    it in the same way.

    >>> @partial(Loss, targets="numbers")
    ... def cubic(outputs, targets):
    ...     return abs(outputs[0] - targets[0]) ** 3
    >>> cubic([1.0, 2.0], [1.0, 4.0])
    4.0
    >>> cross_entropy.outputs(3), cross_entropy.decide([0.1, 0.7, 0.2])
    (3, 1.0)
    >>> hinge.outputs(2), hinge.encode([0, 1], outputs=1), hinge.decide([-0.3])
    (1, [-1.0, 1.0], 0.0)
    """

    formula: Callable[[list[Any], Any], Any]
    targets: str  # "numbers" or "classes"
    codes: tuple[float, float] | None = None  # targets of a single output that tells two classes
    boundary: float = 0.0  # above it, this output means the second class
    per_class: bool = False  # takes one output for each class; the largest is the answer
    per_number: tuple[int, ...] = (1,)  # how many outputs it takes for each target number
    from_logits: bool = True  # takes any number as output, as a linear layer gives it
    to_probabilities: Callable[[list[float]], list[float]] | None = None  # from the outputs
    to_number: Callable[[float], float] | None = None  # from an output, if it is another number
    for_codes: Callable[[Any, Any], Any] | None = None  # shorter formula of one output and a code

    def __post_init__(self) -> None:
        update_wrapper(self, self.formula)
        self.name: str = self.__name__  # type: ignore[attr-defined]  # from update_wrapper
        self.__signature__ = inspect.signature(self.__call__)

    def __call__(
        self, outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean"
    ) -> Any:
        """Return the mean or the sum of the samples' losses."""
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
        for given in (outputs, targets):
            if not isinstance(given, Iterable) or isinstance(given, str):
                raise TypeError(
                    f"{self.name} takes a list of outputs and a list of targets, one of each for "
                    f"every sample, got {given!r:.80}; for one sample: {self.name}([output], "
                    "[target])"
                )
        outputs, targets = list(outputs), list(targets)
        if len(outputs) != len(targets):
            sizes = counted(len(outputs), "output"), counted(len(targets), "target")
            raise ValueError(
                f"{' but '.join(sizes)}: {self.name} takes one of each for every sample; for one "
                f"sample: {self.name}([output], [target])"
            )
        if not outputs:
            raise ValueError("a loss of no samples: needs at least one output")
        losses = []
        for i, (output, target) in enumerate(zip(outputs, targets, strict=True)):
            try:
                losses.append(self.of_sample(output, target))
            except ValueError as error:
                raise ValueError(f"sample {i}: {error}") from None
        return mean(losses) if reduction == "mean" else autograd.sum(losses)

    def __repr__(self) -> str:
        return f"<loss {self.name}>"

    def __reduce__(self) -> str:  # pickled and copied by name, as functions are
        return self.name

    def of_coded_sample(self, output: Any, target: Any) -> Any:
        """Return `of_sample` for a target that is known to be one of ``codes``.

        >>> bce_with_logits.of_coded_sample(0.0, 1.0) == bce_with_logits.of_sample(0.0, 1.0)
        True
        """
        outputs, targets = as_list(output), as_list(target)
        if self.for_codes and len(outputs) == len(targets) == 1:
            return self.for_codes(outputs[0], targets[0])
        return self.of_sample(output, target)

    def of_sample(self, output: Any, target: Any) -> Any:
        """Return the loss of one sample; ValueError if output or target has another form."""
        outputs, targets = as_list(output), as_list(target)
        if any(issubclass(type(t), str) for t in targets):
            raise ValueError(
                f"the target is a number, got {target!r:.80}; for classes with names there is "
                "nn.MLPClassifier"
            )
        if self.per_class and not (self.codes and len(outputs) == 1):
            if len(outputs) < 2:
                raise ValueError("needs one output for each class, two or more; the model has 1")
            return self.formula(outputs, _checked_class(target, len(outputs)))
        if len(outputs) not in [size * len(targets) for size in self.per_number]:
            sizes = counted(len(outputs), "output"), counted(len(targets), "number")
            *fewer, most = self.per_number
            allowed = " or ".join([*map(str, fewer), counted(most, "output")])
            raise ValueError(
                f"the model has {sizes[0]}, the target {sizes[1]}; "
                f"{self.name} takes {allowed} for each number"
            )
        return self.formula(outputs, targets)

    def fits(self, count: int) -> bool:
        """Return whether it takes ``count`` classes, or ``count`` target numbers."""
        return self.targets == "numbers" or self.per_class or count == 2

    def outputs(self, count: int) -> int:
        """Return how many outputs a model needs for ``count`` classes, or ``count`` target numbers.

        ValueError unless the loss `fits` them.
        """
        if not self.fits(count):
            raise ValueError(f"{self.name} is for 2 classes, not {count}")
        if self.targets == "numbers":
            return count * max(self.per_number)
        return 1 if self.codes and count == 2 else count

    def encode(self, y: Iterable[Any], outputs: int) -> list[Any]:
        """Return class numbers 0, 1, ... as targets for so many outputs; numbers stay as given."""
        codes = self.codes if outputs == 1 else None
        return [codes[int(t)] for t in y] if codes else list(y)

    def decide(self, output: Sequence[float]) -> float:
        """Return the answer of a model with these outputs: a class number, or the first number."""
        if self.targets == "numbers":
            return self.number(output[0])
        if len(output) == 1:
            return float(output[0] > self.boundary)
        return float(max(range(len(output)), key=output.__getitem__))

    def number(self, output: float) -> float:
        """Return the number that this output predicts, of a loss for numbers.

        >>> poisson_nll.number(0.0), mse.number(0.0)
        (1.0, 0.0)
        """
        return output if self.to_number is None else float(self.to_number(output))

    def probabilities(self, output: Sequence[float]) -> list[float]:
        """Return the probability of each class, given a model's outputs for one sample.

        Outputs that tell two classes each give the probability of their second classes.
        ValueError for a loss whose outputs are no probabilities.

        >>> bce.probabilities([0.25]), cross_entropy.probabilities([2.0, 2.0])
        ([0.75, 0.25], [0.5, 0.5])
        """
        if self.to_probabilities is None:
            known = [loss.name for loss in LOSSES.values() if loss.to_probabilities]
            raise ValueError(
                f"{self.name} gives no probabilities; a model trained with {', '.join(known)} does"
            )
        ps = self.to_probabilities(list(output))
        return [1.0 - ps[0], ps[0]] if len(ps) == 1 else ps

    def is_right(self, output: Any, target: Any) -> Any:
        """Return 1 if the output tells the target's class, else 0, as a number or Value.

        One output for each class: the largest one belongs to the most probable class, without a
        tie. One output for two classes: it lies on the target's side of the boundary. Several of
        these outputs must all be right.

        >>> cross_entropy.is_right([0.5, 2.0], [0.0, 1.0]), bce.is_right(0.7, 0.0)
        (1.0, 0.0)
        """
        outputs, targets = as_list(output), as_list(target)
        if self.per_class and len(outputs) > 1:
            top, wanted = maximum(outputs), maximum(targets)
            hits, goals = [equal(o, top) for o in outputs], [equal(t, wanted) for t in targets]
            return dot(hits, goals) * equal(autograd.sum(hits), 1.0)
        middle = sum(self.codes or (0.0, 1.0)) / 2
        pairs = zip(outputs, targets, strict=True)
        hits = [equal(heaviside(o - self.boundary), heaviside(t - middle)) for o, t in pairs]
        return hits[0] if len(hits) == 1 else autograd.minimum(hits)


# ------------------------------------------------------------------------ losses for numbers


@partial(Loss, targets="numbers")
def mse(outputs: list[Any], targets: list[Any]) -> Any:
    """Squared error: the squared norm ``sum_k (o_k - t_k)**2`` of each sample's error.

    Up to factor and constant the negative log-likelihood of a Gaussian of fixed variance, so the
    best output is the conditional mean (Goodfellow, Bengio and Courville, section 6.2.2.1).

    >>> mse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [3.0, 5.0]])
    2.5
    """
    errors = [o - t for o, t in zip(outputs, targets, strict=True)]
    return dot(errors, errors)


@partial(Loss, targets="numbers")
def mae(outputs: list[Any], targets: list[Any]) -> Any:
    """Absolute error ``sum_k |o_k - t_k|``.

    Up to factor and constant the negative log-likelihood of a Laplace distribution of fixed scale,
    so the best output is the conditional median (Goodfellow et al., section 6.2.1.2).

    >>> mae([1.0, 2.0], [1.5, 4.0])
    1.25
    """
    return _total([autograd.abs(o - t) for o, t in zip(outputs, targets, strict=True)])


@partial(Loss, targets="numbers", per_number=(1, 2))
def gaussian_nll(outputs: list[Any], targets: list[Any]) -> Any:
    """Negative log-likelihood of a Gaussian whose mean m and log-variance s are both learned:
    ``(s + (t - m)**2 / exp(s) + log(2 pi)) / 2`` (Nix and Weigend 1994).

    For K targets an output has 2 K numbers: the K means, then the K log-variances. With K numbers
    they are the means, and the variances are 1.

    >>> round(gaussian_nll([[1.0, 0.0]], [3.0]), 6)
    2.918939
    """
    terms = []
    for m, s, t in _with_log_scales(outputs, targets):
        error = t - m
        terms.append(0.5 * (s + error * error * autograd.exp(-s) + _log_of(2 * pi)))
    return _total(terms)


@partial(Loss, targets="numbers", per_number=(1, 2))
def laplace_nll(outputs: list[Any], targets: list[Any]) -> Any:
    """Negative log-likelihood of a Laplace distribution whose median m and log-scale s are both
    learned: ``s + |t - m| / exp(s) + log(2)``.

    For K targets an output has 2 K numbers: the K medians, then the K log-scales. With K numbers
    they are the medians, and the scales are 1.

    >>> round(laplace_nll([[1.0, 0.0]], [3.0]), 6)
    2.693147
    """
    triples = _with_log_scales(outputs, targets)
    return _total([s + autograd.abs(t - m) * autograd.exp(-s) + _log_of(2) for m, s, t in triples])


@partial(Loss, targets="numbers", to_number=autograd.exp)
def poisson_nll(outputs: list[Any], targets: list[Any]) -> Any:
    """Negative log-likelihood of counts t, Poisson variables whose log-mean z is learned:
    ``exp(z) - t z``, without the term log(t!), which no output changes.

    The number predicted is exp(z), always positive. Targets are at least 0, and need not be whole.
    It is PyTorch's PoissonNLLLoss (log_input=True, full=False).

    >>> round(poisson_nll([0.0, 1.0], [2.0, 3.0]), 6)
    0.359141
    """
    terms = []
    for z, t in zip(outputs, targets, strict=True):
        if _is_known(t) and t < 0:
            raise ValueError(f"poisson_nll takes counts, which are at least 0, got {t!r:.80}")
        terms.append(autograd.exp(z) - t * z)
    return _total(terms)


# ------------------------------------------------------------------------ losses for classes


@partial(
    Loss, targets="classes", codes=(0.0, 1.0), boundary=0.5, from_logits=False,
    to_probabilities=list,
)  # fmt: skip
def bce(outputs: list[Any], targets: list[Any]) -> Any:
    """Binary cross entropy ``-(t log p + (1 - t) log(1 - p))`` of outputs that are probabilities.

    The negative log-likelihood of a Bernoulli variable; targets are 0 or 1, or probabilities.
    Logarithms are bounded at -100, as in PyTorch, so an output of exactly 0 or 1 is legal.
    Where the output is a sigmoid, `bce_with_logits` of its operand is more exact.

    >>> round(bce([0.9, 0.5], [1, 0]), 6)
    0.399254
    """
    terms = []
    for p, t in zip(outputs, targets, strict=True):
        _check_probability(t)
        if p < 0 or p > 1:  # a NaN goes on, as everywhere
            raise ValueError("an output is no probability: is it for bce_with_logits?")
        logs = [log(maximum(q, _SMALLEST_PROBABILITY)) for q in (p, 1 - p)]
        terms.append(-dot([t, 1 - t], logs))
    return _total(terms)


@partial(
    Loss, targets="classes", codes=(0.0, 1.0),
    to_probabilities=lambda zs: list(map(autograd.sigmoid, zs)),
    for_codes=lambda z, t: softplus((1 - 2 * t) * z),
)  # fmt: skip
def bce_with_logits(outputs: list[Any], targets: list[Any]) -> Any:
    """Binary cross entropy of outputs z that are logits, so that the probability is sigmoid(z):
    ``t softplus(-z) + (1 - t) softplus(z)``, which for t of 0 or 1 is softplus((1 - 2 t) z).

    The negative log-likelihood of a Bernoulli variable (Goodfellow et al., section 6.2.2.2). Stable
    for any z, and its derivative sigmoid(z) - t vanishes only where the answer is right.

    >>> bce_with_logits([1000.0, -1000.0], [0, 0])
    500.0
    """
    terms = []
    for z, t in zip(outputs, targets, strict=True):
        _check_probability(t)
        if _is_known(t) and t in (0, 1):
            terms.append(softplus(-z if t else z))
        else:
            terms.append(dot([t, 1 - t], [softplus(-z), softplus(z)]))
    return _total(terms)


@partial(
    Loss, targets="classes", per_class=True,
    to_probabilities=lambda zs: _softmax(zs),
)  # fmt: skip
def cross_entropy(outputs: list[Any], target: Any) -> Any:
    """Cross entropy of outputs z that are logits, one for each class, so that the probabilities are
    softmax(z): ``logsumexp(z) - sum_k p_k z_k``, for class y ``logsumexp(z) - z_y``.

    The negative log-likelihood of a multinoulli variable (Goodfellow et al., section 6.2.2.3). A
    target is a class 0 .. K - 1, or the list of the K classes' probabilities p, such as one-hot.

    >>> round(cross_entropy([[1.0, 3.0]], [1]), 6), round(cross_entropy([[1.0, 3.0]], [[0, 1]]), 6)
    (0.126928, 0.126928)
    """
    return autograd.sub(logsumexp(outputs), _at(outputs, target))


@partial(
    Loss, targets="classes", per_class=True, from_logits=False,
    to_probabilities=lambda ls: list(map(exp, ls)),
)  # fmt: skip
def nll(outputs: list[Any], target: Any) -> Any:
    """Negative log-likelihood of outputs that are log-probabilities, one for each class, such as
    `autograd.log_softmax` gives: ``-output_y``. Targets are those of `cross_entropy`.

    >>> nll([[-0.5, -0.9]], [1])
    0.9
    """
    return -_at(outputs, target)


@partial(Loss, targets="classes", codes=(-1.0, 1.0), per_class=True)
def hinge(outputs: list[Any], target: Any) -> Any:
    """Hinge loss, 0 for what is right by a margin of 1.

    One output z with targets t of -1 or 1: ``max(0, 1 - t z)``. One output for each class, with
    targets as in `cross_entropy`: ``sum_{k != y} max(0, 1 + z_k - z_y)`` (Weston and Watkins 1999).

    >>> hinge([0.25, -3.0], [1, -1])
    0.375
    >>> hinge([[2.0, 1.5, -1.0]], [0])
    0.5
    """
    if len(outputs) == 1:
        (z,), (t,) = outputs, target
        if _is_known(t) and t not in (-1, 1):
            raise ValueError(f"hinge of one output takes targets -1 and 1, got {t!r:.80}")
        return relu(1 - t * z)
    right = _at(outputs, target)
    if type(target) is not int:
        hits = target if type(target) is list else [equal(target, k) for k in range(len(outputs))]
        return dot([1 - p for p in hits], [relu(1 + (z - right)) for z in outputs])
    return _total([relu(1 + (z - right)) for k, z in enumerate(outputs) if k != target])


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        mse, mae, gaussian_nll, laplace_nll, poisson_nll,
        bce, bce_with_logits, cross_entropy, nll, hinge,
    )
}  # fmt: skip


# ---------------------------------------------------------------------------------- penalties


def l1(parameters: Iterable[Any]) -> Any:
    """Return the sum of absolute values, to be added to a loss: it drives weights to exactly 0.

    >>> l1([3.0, -4.0])
    7.0
    """
    return _total([autograd.abs(p) for p in parameters])


def l2(parameters: Iterable[Any]) -> Any:
    """Return the sum of squares, to be added to a loss: "weight decay", of gradient ``2 w``.

    >>> l2([3.0, -4.0])
    25.0
    """
    parameters = several("l2", parameters)
    return dot(parameters, parameters) if parameters else 0.0


# ---------------------------------------------------------------------- what the formulas share


def as_list(x: Any) -> list[Any]:
    """Return the items of an iterable, or a list of ``x`` alone.

    >>> as_list((1.0, 2.0)), as_list(3.0)
    ([1.0, 2.0], [3.0])
    """
    return list(x) if hasattr(x, "__iter__") else [x]


def _total(terms: Sequence[Any]) -> Any:
    return autograd.sum(terms) if len(terms) > 1 else terms[0] if terms else 0.0


def _softmax(zs: list[float]) -> list[float]:
    weights = [exp(z - max(zs)) for z in zs]
    return [w / sum(weights) for w in weights]


def _with_log_scales(outputs: list[Any], targets: list[Any]) -> list[tuple[Any, Any, Any]]:
    """Return location, log-scale and target for each target number; 0 for a scale not learned."""
    n = len(targets)
    return list(zip(outputs[:n], outputs[n:] or [0.0] * n, targets, strict=True))


def _is_known(x: Any) -> bool:
    """Return whether ``x`` is a plain number to look at. Inside a compiled function none is."""
    return issubclass(type(x), Real)


def _checked_class(target: Any, classes: int) -> Any:
    """Return the number of a class, or the list of the probabilities of all classes."""
    if hasattr(target, "__iter__"):
        ps = list(target)
        if len(ps) != classes:
            raise ValueError(f"the model has {classes} outputs, the target {len(ps)} probabilities")
        for p in ps:
            _check_probability(p)
        if all(map(_is_known, ps)) and not abs(sum(ps) - 1) < 1e-6:
            raise ValueError(f"the target's probabilities sum to {sum(ps)!r}, not 1")
        return ps
    known = f"0 .. {classes - 1} of {classes} outputs"
    if not _is_known(target) and hasattr(target, "equal"):  # inside a compiled function, or a Value
        try:
            take(range(classes), target, negative=False)
        except IndexError:
            raise ValueError(f"a label is outside the classes {known}") from None
        return target
    number = float(target) if _is_known(target) else nan
    if not number.is_integer():
        raise ValueError(f"a class is a whole number, got {target!r:.80}")
    if not 0 <= number < classes:
        raise ValueError(f"label {int(number)} is outside the classes {known}")
    return int(number)


def _at(outputs: list[Any], target: Any) -> Any:
    """Return the output of the target's class, or the mean if the target is probabilities."""
    return dot(target, outputs) if type(target) is list else take(outputs, target)


def _check_probability(t: Any) -> None:
    if _is_known(t) and not 0 <= t <= 1:
        raise ValueError(f"target must be 0, 1 or a probability between, got {t!r:.80}")
