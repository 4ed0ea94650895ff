"""The gradient of a function from its values alone: `numerical_grad`."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from ..operation import real
from ..tree import build, flatten_numbers
from ..value import Value

ROUNDING = 2.0**-53  # the largest relative rounding error of a float
BEST_STEPS: dict[str, float] = {
    "central": (3 * ROUNDING) ** (1 / 3),
    "forward": 2 * ROUNDING**0.5,
}


def numerical_grad(
    f: Callable[..., Any], *args: Any, h: float | None = None, scheme: str = "central"
) -> Any:
    """Return the gradient of ``f`` at ``args`` by finite differences, one number at a time.

    ``scheme`` is one of two formulas. The first term of its error comes from cutting Taylor's
    series. The second comes from rounding f to a relative u = 2^-53 (1.1e-16). F, F2 and F3 are the
    sizes of f and of its second and third derivative:

    ========= ============================= ======================= =======================
    scheme    derivative                    error, about            least error at
    ========= ============================= ======================= =======================
    "central" (f(x + h) - f(x - h)) / (2 h) h^2 F3 / 6 + u F / h    h = (3 u F / F3)^(1/3)
    "forward" (f(x + h) - f(x)) / h         h F2 / 2 + 2 u F / h    h = 2 (u F / F2)^(1/2)
    ========= ============================= ======================= =======================

    Without ``h`` the step is the best one where F, F2 and F3 are equal: 6.9e-6 central, 2.1e-8
    forward, times the size of x if that is above 1. For n numbers f is evaluated 2 n times with the
    central scheme, n + 1 times with the other.

    The result has the structure of the argument, as with `grad`. For several arguments it is a
    tuple. Values in ``args`` are varied in place and put back. So the parameters of a model can be
    given: ``numerical_grad(lambda *_: loss(), *model.parameters())``.

    TypeError if an argument or a result is no number. ValueError if there is no number to vary, for
    another scheme, and for an h that is not above 0.

    >>> numerical_grad(lambda p: p["a"] ** 2 * p["b"], {"a": 3.0, "b": 2.0}, h=0.5)
    {'a': 12.0, 'b': 9.0}
    >>> numerical_grad(lambda x: x * x, 3.0, h=0.5, scheme="forward")
    6.5
    """
    if not callable(f):
        raise TypeError(
            f"numerical_grad(f, *args) takes a function and its arguments, got {f!r:.80}: give the "
            "function that computes it, such as lambda x: x * x"
        )
    if scheme not in BEST_STEPS:
        raise ValueError(f'scheme must be "central" or "forward", got {scheme!r:.80}')
    if h is not None and not (isinstance(h, Real) and 0 < h < math.inf):
        raise ValueError(f"the step h must be a finite number above 0, got {h!r:.80}")
    trees = [flatten_numbers(arg, f"argument {i}") for i, arg in enumerate(args)]
    values = [[x if isinstance(x, Value) else Value(x) for x in numbers] for numbers, _ in trees]
    if not any(values):
        raise ValueError(f"numerical_grad has no numbers to vary: it was given {args!r:.80}")
    arguments = [build(tree, iter(xs)) for xs, (_, tree) in zip(values, trees, strict=True)]

    def value_with(x: Value, data: float) -> float:
        before, x.data = x.data, data
        try:
            y = f(*arguments)
            return y.data if isinstance(y, Value) else real(y)
        finally:
            x.data = before

    def difference(x: Value) -> float:
        step = float(h) if h is not None else BEST_STEPS[scheme] * max(1.0, abs(x.data))
        low, high = x.data - step * (scheme == "central"), x.data + step
        if low == high:
            raise ValueError(f"the step h = {h!r} is too small: {x.data!r} + h is {high!r}")
        below = middle if low == x.data else value_with(x, low)
        return (value_with(x, high) - below) / (high - low)

    first = next(xs[0] for xs in values if xs)
    middle = value_with(first, first.data) if scheme == "forward" else math.nan
    found = [build(tree, map(difference, xs)) for xs, (_, tree) in zip(values, trees, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)
