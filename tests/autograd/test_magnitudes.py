"""Every operation of the table at very large operands, value and first derivatives, against mpmath.

The textbook formula that an entry declares is differentiated by sympy and evaluated in 700 digits,
so that neither sin(1e300) nor the difference of 1 and tanh(x) is rounded.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from autograd import TABLE, Value
from autograd.operation import Dot, Operation

from .test_ops import textbook

mpmath = pytest.importorskip("mpmath", reason="the exact values need mpmath and sympy")
sympy = pytest.importorskip("sympy", reason="the exact values need mpmath and sympy")

MAGNITUDES = [sign * size for size in (1e8, 1e16, 1e300) for sign in (1.0, -1.0)]
DIGITS = 700
TOLERANCE = 1e-13  # relative error
TINIEST = 5e-324  # of the floats: a smaller result is 0

# The relative error of an operation that may be further off, and why.
EXCEPTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    # Its local gradients are exp(x - y), as a graph and as numbers. y is rounded, and exp makes a
    # relative error of an absolute one. So two operands of 1e16 have 1 and 1, and not 1/2 and 1/2.
    "logsumexp": lambda xs: TOLERANCE + 2.0**-52 * max(map(abs, xs)),
}

# the derivative of stop_gradient is declared: it is not that of its value
SWEPT = {name: op for name, op in TABLE.items() if name != "stop_gradient"}


def points(operation: Operation) -> Iterator[tuple[float, ...]]:
    for x in MAGNITUDES:
        if operation.arity == 1:
            yield (x,)
        elif operation.arity == 2:
            yield from ((x, 0.5), (x, -3.0), (x, x), (x, -x), (0.5, x), (-3.0, x))
        elif isinstance(operation, Dot):
            yield from ((x, 0.5), (x, x), (x, -x), (x, 0.5, x, 3.0, 1.0), (x, 0.5, 2.0, -x, 1.0))
        else:
            yield from ((x,), (x, x), (x, -x, 0.25), (x, 2.0, 0.25))


def exact_functions(operation: Operation, n: int) -> list[Any]:
    """The declared formula of n operands and its derivatives, as functions of mpmath numbers."""
    formula, symbols = textbook(operation, n)
    numbers = {
        "Heaviside": lambda x, at_0: mpmath.mpf(x > 0) if x else at_0,
        "StopGradient": lambda x: x,
        "erfc": erfc,
    }
    made = [formula, *(sympy.diff(formula, symbol) for symbol in symbols)]
    return [sympy.lambdify(symbols, f, [numbers, "mpmath"]) for f in made]


def erfc(x: Any) -> Any:
    return mpmath.erfc(x) if x < 1e100 else mpmath.mpf(0)  # mpmath cannot, further out


def as_float(exact: Any) -> Any:
    """The number that a float should be close to: inf above the floats, nan if it is not real."""
    if isinstance(exact, mpmath.mpc):
        if exact.imag:
            return math.nan
        exact = exact.real
    largest = mpmath.mpf(sys.float_info.max)
    return exact if abs(exact) <= largest else math.copysign(math.inf, exact)


def computed(operation: Operation, xs: Sequence[float]) -> list[Any]:
    """The value and the local gradients, or the error."""
    leaves = [Value(x) for x in xs]
    try:
        y = leaves[0].record(operation, leaves)
    except (OverflowError, ValueError) as error:
        return [error]
    return [y.data, *y.local_grads]


def agrees(got: Any, exact: Any, tolerance: float) -> bool:
    if isinstance(got, Exception):
        return math.isinf(exact) if isinstance(got, OverflowError) else math.isnan(exact)
    if math.isnan(exact) or math.isinf(exact):
        return repr(got) == repr(float(exact))
    return bool(abs(got - exact) <= tolerance * abs(exact) + TINIEST)


@pytest.mark.parametrize("operation", SWEPT.values(), ids=SWEPT)
def test_value_and_derivatives_are_exact_at_very_large_operands(operation: Operation) -> None:
    tolerance = EXCEPTIONS.get(operation.name, lambda xs: TOLERANCE)
    functions: dict[int, list[Any]] = {}
    for xs in points(operation):
        if len(xs) not in functions:
            functions[len(xs)] = exact_functions(operation, len(xs))
        with mpmath.workdps(DIGITS):
            exact = [as_float(f(*map(mpmath.mpf, xs))) for f in functions[len(xs)]]
        for i, got in enumerate(computed(operation, xs)):
            where = f"{operation.name}{xs}, part {i}: {got!r}, exact is {exact[i]}"
            assert agrees(got, exact[i], tolerance(xs)), where
