"""Losses: what training minimizes, most of them the negative log-likelihood of a distribution.

Each is called ``loss(outputs, targets, reduction="mean")`` with one output and one target for each
sample. An output is a number or Value, or a list of them from a model with several outputs; the
loss of a sample is then the sum over these. The losses of the samples are reduced to their "mean"
or "sum": one Value, or a plain number when nothing but plain numbers was given.

ValueError if there are no samples, more outputs than targets or the reverse, or if an output or a
target is not of the form the loss is for; the message names the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import exp, pi
from math import log as _log_of
from numbers import Real
from typing import Any

import autograd
from autograd import Value, dot, log, logsumexp, maximum, mean, relu, softplus

from .argument_checks import counted, several

_SMALLEST = exp(-100.0)  # below it, log(p) is taken as -100, as PyTorch's BCELoss does


def mse(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Squared error: the squared norm ``sum_k (o_k - t_k)**2`` of each sample's error.

    Up to factor and constant the negative log-likelihood of a Gaussian of fixed variance, so the
    best output is the conditional mean (Goodfellow, Bengio and Courville, section 6.2.2.1).

    >>> mse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [3.0, 5.0]])
    2.5
    """

    def sample(output: Any, target: Any) -> Any:
        errors = [o - t for o, t in _pairs(output, target)]
        return dot(errors, errors)

    return _reduce(sample, outputs, targets, reduction)


def mae(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Absolute error ``sum_k |o_k - t_k|``.

    Up to factor and constant the negative log-likelihood of a Laplace distribution of fixed scale,
    so the best output is the conditional median (Goodfellow et al., section 6.2.1.2).

    >>> mae([1.0, 2.0], [1.5, 4.0])
    1.25
    """

    def sample(output: Any, target: Any) -> Any:
        return _total([autograd.abs(o - t) for o, t in _pairs(output, target)])

    return _reduce(sample, outputs, targets, reduction)


def gaussian_nll(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Negative log-likelihood of a Gaussian whose mean m and log-variance s are both learned:
    ``(s + (t - m)**2 / exp(s) + log(2 pi)) / 2`` (Nix and Weigend 1994).

    For K targets an output has 2 K numbers: the K means, then the K log-variances. With K numbers
    they are the means, and the variances are 1.

    >>> round(gaussian_nll([[1.0, 0.0]], [3.0]), 6)
    2.918939
    """

    def one(m: Any, s: Any, t: Any) -> Any:
        error = t - m
        return 0.5 * (s + error * error * autograd.exp(-s) + _log_of(2 * pi))

    return _reduce(_location_and_scale(one, "log-variances"), outputs, targets, reduction)


def laplace_nll(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Negative log-likelihood of a Laplace distribution whose median m and log-scale s are both
    learned: ``s + |t - m| / exp(s) + log(2)``.

    For K targets an output has 2 K numbers: the K medians, then the K log-scales. With K numbers
    they are the medians, and the scales are 1.

    >>> round(laplace_nll([[1.0, 0.0]], [3.0]), 6)
    2.693147
    """

    def one(m: Any, s: Any, t: Any) -> Any:
        return s + autograd.abs(t - m) * autograd.exp(-s) + _log_of(2)

    return _reduce(_location_and_scale(one, "log-scales"), outputs, targets, reduction)


def bce(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Binary cross entropy ``-(t log p + (1 - t) log(1 - p))`` of outputs that are probabilities.

    The negative log-likelihood of a Bernoulli variable; targets are 0 or 1, or probabilities.
    Logarithms are bounded at -100, as in PyTorch, so an output of exactly 0 or 1 is legal.
    Where the output is a sigmoid, `bce_with_logits` of its operand is more exact.

    >>> round(bce([0.9, 0.5], [1, 0]), 6)
    0.399254
    """

    def sample(output: Any, target: Any) -> Any:
        terms = []
        for p, t in _pairs(output, target):
            _probability(t, "target")
            if p < 0 or p > 1:  # a NaN goes on, as everywhere
                raise ValueError("an output is no probability: is it for bce_with_logits?")
            logs = [log(maximum(q, _SMALLEST)) for q in (p, 1 - p)]
            terms.append(-dot([t, 1 - t], logs))
        return _total(terms)

    return _reduce(sample, outputs, targets, reduction)


def bce_with_logits(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Binary cross entropy of outputs z that are logits, of which the probability is sigmoid(z):
    ``t softplus(-z) + (1 - t) softplus(z)``, which for t of 0 or 1 is softplus((1 - 2 t) z).

    The negative log-likelihood of a Bernoulli variable (Goodfellow et al., section 6.2.2.2). Stable
    for any z, and its derivative sigmoid(z) - t vanishes only where the answer is right.

    >>> bce_with_logits([1000.0, -1000.0], [0, 0])
    500.0
    """

    def sample(output: Any, target: Any) -> Any:
        terms = []
        for z, t in _pairs(output, target):
            _probability(t, "target")
            if not isinstance(t, Value) and t in (0, 1):
                terms.append(softplus(-z if t else z))
            else:
                terms.append(dot([t, 1 - t], [softplus(-z), softplus(z)]))
        return _total(terms)

    return _reduce(sample, outputs, targets, reduction)


def cross_entropy(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Cross entropy of outputs z that are logits, one a class, of which the probabilities are
    softmax(z): ``logsumexp(z) - sum_k p_k z_k``, for class y ``logsumexp(z) - z_y``.

    The negative log-likelihood of a multinoulli variable (Goodfellow et al., section 6.2.2.3). A
    target is a class 0 .. K - 1, or the list of the K classes' probabilities p, such as one-hot.

    >>> round(cross_entropy([[1.0, 3.0]], [1]), 6), round(cross_entropy([[1.0, 3.0]], [[0, 1]]), 6)
    (0.126928, 0.126928)
    """

    def sample(output: Any, target: Any) -> Any:
        zs = _classes(output)
        return autograd.sub(logsumexp(zs), _at(zs, target))

    return _reduce(sample, outputs, targets, reduction)


def nll(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Negative log-likelihood of outputs that are log-probabilities, one a class, such as those of
    `autograd.log_softmax`: ``-output_y``. Targets are those of `cross_entropy`.

    >>> nll([[-0.5, -0.9]], [1])
    0.9
    """

    def sample(output: Any, target: Any) -> Any:
        return -_at(_classes(output), target)

    return _reduce(sample, outputs, targets, reduction)


def hinge(outputs: Iterable[Any], targets: Iterable[Any], reduction: str = "mean") -> Any:
    """Hinge loss, 0 for what is right by a margin of 1.

    One output z with targets t of -1 or 1: ``max(0, 1 - t z)``. One output a class, with targets as
    in `cross_entropy`: ``sum_{k != y} max(0, 1 + z_k - z_y)`` (Weston and Watkins 1999).

    >>> hinge([0.25, -3.0], [1, -1])
    0.375
    >>> hinge([[2.0, 1.5, -1.0]], [0])
    0.5
    """

    def sample(output: Any, target: Any) -> Any:
        zs = as_list(output)
        if len(zs) == 1:
            (t,) = as_list(target) if len(as_list(target)) == 1 else (target,)
            if not isinstance(t, Value) and t not in (-1, 1):
                raise ValueError(f"hinge of one output takes targets -1 and 1, got {t!r:.80}")
            return relu(1 - t * zs[0])
        right = _at(zs, target)
        if not isinstance(target, Iterable):
            y = int(target)
            return _total([relu(1 + (z - right)) for k, z in enumerate(zs) if k != y])
        return dot([1 - p for p in target], [relu(1 + (z - right)) for z in zs])

    return _reduce(sample, outputs, targets, reduction)


def l1(parameters: Iterable[Any]) -> Any:
    """The sum of absolute values, to be added to a loss: it drives weights to exactly 0.

    >>> l1([3.0, -4.0])
    7.0
    """
    return _total([autograd.abs(p) for p in parameters])


def l2(parameters: Iterable[Any]) -> Any:
    """The sum of squares, to be added to a loss: "weight decay", of gradient ``2 w``.

    >>> l2([3.0, -4.0])
    25.0
    """
    parameters = several("l2", parameters)
    return dot(parameters, parameters) if parameters else 0.0


# ------------------------------------------------------------------------------- what they share


def _reduce(
    sample: Callable[[Any, Any], Any], outputs: Iterable[Any], targets: Iterable[Any], how: str
) -> Any:
    """The loss of each sample, reduced."""
    if how not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean' or 'sum', got {how!r}")
    outputs, targets = list(outputs), list(targets)
    if len(outputs) != len(targets):
        raise ValueError(f"{counted(len(outputs), 'output')} but {counted(len(targets), 'target')}")
    if not outputs:
        raise ValueError("a loss of no samples: needs at least one output")
    terms = []
    for i, (output, target) in enumerate(zip(outputs, targets, strict=True)):
        try:
            terms.append(sample(output, target))
        except ValueError as error:
            raise ValueError(f"sample {i}: {error}") from None
    return mean(terms) if how == "mean" else autograd.sum(terms)


def _total(terms: Sequence[Any]) -> Any:
    return autograd.sum(terms) if len(terms) > 1 else terms[0] if terms else 0.0


def as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, Iterable) else [x]


def _pairs(output: Any, target: Any) -> list[tuple[Any, Any]]:
    """Outputs with their targets, where there is one target for each output."""
    os, ts = as_list(output), as_list(target)
    if len(os) != len(ts):
        raise ValueError(
            f"the model has {counted(len(os), 'output')}, the target {counted(len(ts), 'number')}"
        )
    return list(zip(os, ts, strict=True))


def _location_and_scale(one: Callable[[Any, Any, Any], Any], scales: str) -> Callable[..., Any]:
    def sample(output: Any, target: Any) -> Any:
        os, ts = as_list(output), as_list(target)
        if len(os) not in (len(ts), 2 * len(ts)):
            raise ValueError(
                f"for a target of {counted(len(ts), 'number')} the model needs "
                f"{counted(len(ts), 'output')}, or "
                f"{2 * len(ts)} with the {scales}; it has {len(os)}"
            )
        logs = os[len(ts) :] or [0.0] * len(ts)
        return _total([one(m, s, t) for m, s, t in zip(os, logs, ts, strict=False)])

    return sample


def _classes(output: Any) -> list[Any]:
    outputs = as_list(output)
    if len(outputs) < 2:
        raise ValueError("needs one output for each class, two or more; the model has 1")
    return outputs


def _at(outputs: list[Any], target: Any) -> Any:
    """The output of the target's class; their mean when the target is a list of probabilities."""
    if isinstance(target, Iterable):
        ps, n = list(target), len(outputs)
        if len(ps) != n:
            raise ValueError(f"the model has {n} outputs, the target {len(ps)} probabilities")
        for p in ps:
            _probability(p, "target")
        if not any(isinstance(p, Value) for p in ps) and not abs(sum(ps) - 1) < 1e-6:
            raise ValueError(f"the target's probabilities sum to {sum(ps)!r}, not 1")
        return dot(ps, outputs)
    if not isinstance(target, Real) or not float(target).is_integer():
        raise ValueError(f"a class is a whole number, got {target!r:.80}")
    if not 0 <= (y := int(target)) < len(outputs):  # type: ignore[call-overload]  # a Real has it
        n = len(outputs)
        raise ValueError(f"label {y} is outside the classes 0 .. {n - 1} of {n} outputs")
    return outputs[y]


def _probability(t: Any, what: str) -> None:
    if not isinstance(t, Value) and not 0 <= t <= 1:
        raise ValueError(f"{what} must be 0, 1 or a probability between, got {t!r:.80}")


Loss = Callable[..., Any]
LOSSES: dict[str, Loss] = {
    f.__name__: f
    for f in (
        mse, mae, gaussian_nll, laplace_nll, bce, bce_with_logits, cross_entropy, nll, hinge
    )
}  # fmt: skip
