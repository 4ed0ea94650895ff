"""The numbers of checks and descents as they are committed in ``numbers.txt``, in all digits.

The functions have the same values on every machine: they add, multiply, divide and take roots.
Look at a number that a change made different, and if it is right write the text anew:

    python -m tests.autograd.calculus.test_committed_numbers
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
from autograd import Value, descend, find_nonfinite, gradcheck, numerical_grad, stationary_point
from autograd.calculus.checking import has_kink, magnitudes
from autograd.calculus.eigenvalues import symmetric_eigenvalues

from ..committed import commit, committed, lines_of

COMMITTED = Path(__file__).with_name("numbers.txt")


def cubic(x: Any) -> Any:
    return x * x * x - 2.0 * x


def doubled_slope(x: Any) -> Any:
    """Return the square of x, as a product by which a derivative is half of what it is."""
    return x * ag.stop_gradient(x)


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[float]]] = {
    "cubic": (cubic, [0.0, 0.3, -1.0, 7.0, 1e3]),
    "root": (ag.sqrt, [0.0, 1e-12, 2.0, 1e10]),
    "inverse": (lambda x: 1.0 / x, [1e-5, -0.5, 3.0]),
    "abs": (abs, [0.0, 1e-9, -1e-5, 0.3, 2.0]),
    "relu beside its kink": (lambda x: ag.relu(x - 0.3), [0.3, 0.3 + 1e-14, 0.31, 0.25]),
    "jump": (ag.heaviside, [0.0, 1e-3, -1.0]),
    "x abs(x)": (lambda x: x * abs(x), [0.0, -0.2]),
    "steep": (lambda x: ag.sqrt(1e-8 + x * x), [0.0, 1e-4, 1e-3, 1.0]),
    "sawtooth": (lambda x: abs(x * 1e4 - 0.5) * 1e-4, [0.0, 5e-5, 1.0]),
    "far away": (lambda x: 1e10 + x, [1.0]),
    "cancels": (lambda x: (x + 1e8) - 1e8, [0.1]),
    "constant": (lambda x: 7.0, [1.0]),
    "overflows": (lambda x: x * 1e200 * 1e200 * 1e-200, [1e-150]),
    "wrong": (doubled_slope, [0.0, 1e-9, 1.0, -3.0]),
    "a little wrong": (lambda x: x + 3e-6 * doubled_slope(x), [0.5, 1.0]),
    "nan": (lambda x: x * math.nan, [1.0]),
}


def checked() -> Iterator[str]:
    for name, (f, xs) in FUNCTIONS.items():
        for x in xs:
            places: list[float] = []

            def seen(v: Any, f: Any = f, places: list[float] = places) -> Any:
                places.append(v.data)
                return f(v)

            for row in gradcheck(seen, x, order=2):
                numbers = f"{row.analytic!r} {row.numeric!r} {row.error!r} {row.difference!r}"
                yield f"{name} at {x!r}, order {row.order}: {numbers} {row.verdict}"
            far = max((abs(place - x) for place in places), default=0.0)
            near = min((abs(place - x) for place in places if place != x), default=0.0)
            yield f"  {len(places)} evaluations between {near!r} and {far!r}"
    several = gradcheck(
        lambda p, q, *r: p["a"][0] * q - r[0] * q * abs(p["a"][1]) + doubled_slope(r[1]),
        {"a": [1.0, 0.0]}, Value(3.0, "q\n"), 2.0, 1.0, order=2,
    )  # fmt: skip
    yield repr(several)
    yield several._repr_html_()
    yield f"{bool(several)} {several.ok} {gradcheck(abs, 0.0)._repr_html_()}"
    for tolerance in (1e-7, 1e-5, 1e-3):
        row = gradcheck(lambda x: x + 1e-4 * doubled_slope(x), 1.0, tolerance=tolerance)[0]
        yield f"tolerance {tolerance:g}: {row.verdict}"


def kinks() -> Iterator[str]:
    steps = [0.5, 0.25, 0.125]
    for ratio in (0.89, 0.91, 1.0, 1.09, 1.11, 1.5, 1.89, 1.91, 2.09, 2.11):
        values = [(h * ratio**k / 2, h * ratio**k / 2) for k, h in enumerate(steps)]
        noises = [0.0, 1 / 128, 1 / 64, 1 / 32]
        yield f"{ratio}: {[has_kink(values, steps, 0.0, noise) for noise in noises]}"
    for slope in (0.5e6, 0.999e6, 1.001e6, -1.001e6):
        values = [(h * (0.5 + slope), h * (0.5 - slope)) for h in steps]
        yield f"{slope}: {has_kink(values, steps, 0.0, 0.0)}"
    x, y = Value(3.0), Value(-2.0)
    z = (x - y) * y - x * ag.stop_gradient(x)
    yield f"{[magnitudes(z).get(node) for node in (x, y, z)]}"


def differences() -> Iterator[str]:
    for name in ("cubic", "root", "inverse"):
        f, xs = FUNCTIONS[name]
        for x in xs[2:]:
            schemes = [numerical_grad(f, x, scheme=scheme) for scheme in ("central", "forward")]
            yield f"{name} at {x!r}: {schemes} {numerical_grad(f, x, h=0.125)!r}"


def bowl(p: Any) -> Any:
    return (p[0] - 1.0) * (p[0] - 1.0) + 4.0 * (p[1] + 2.0) * (p[1] + 2.0)


def descents() -> Iterator[str]:
    for path in (
        descend(cubic, 2.0),
        descend(cubic, 2.0, lr=0.125, tolerance=0.5),
        descend(cubic, 2.0, lr=0.125, max_steps=2),
        descend(cubic, 2.0, lr=lambda k: 0.25 / (k + 1), max_steps=3),
        descend(cubic, -2.0, lr=0.5),
        descend(bowl, [5.0, 5.0], max_steps=4),
        descend(bowl, [1.0, -2.0]),
        descend(ag.sqrt, 1e-3, max_steps=5),
        descend(lambda x: x - x, 1.0, lr=0.5),
        descend(lambda x: -x * x, 1.0, max_steps=6),
        descend(doubled_slope, -1.0, tolerance=0.0, max_steps=3),
        descend(lambda x: -doubled_slope(x), -1.0, max_steps=3),
        descend(cubic, 1.0, lr=0, max_steps=0, tolerance=0),
    ):
        yield f"{path!r} | {path.converged} {path.steps} {path.x!r} {path.value!r}"
        yield f"  {path.points[:5]} {path.values[:5]} {path.gradients[:5]}"


def points() -> Iterator[str]:
    for point in (
        stationary_point(lambda x: x * x * x * x, 1.0, tolerance=1e-3),
        stationary_point(cubic, 0.9),
        stationary_point(cubic, -0.9),
        stationary_point(bowl, [3.0, 3.0]),
        stationary_point(lambda p: p[0] * p[1], [2.0, 3.0]),
        stationary_point(lambda p: (p["a"] - p["b"]) ** 2, {"a": 3.0, "b": 1.0}),
        stationary_point(lambda x: x * x * 2e-7, 3.0),
        stationary_point(lambda x: x * x * 1e-6, 3.0),
        stationary_point(lambda p: p[0] ** 2 + 4e-7 * p[1] ** 2, [1.0, 1.0]),
        stationary_point(lambda p: p[0] ** 2 + 1e-6 * p[1] ** 2, [1.0, 1.0]),
    ):
        numbers = [round(x, 9) + 0.0 for x in (point.value, *point.eigenvalues)]
        yield f"{point.kind} {numbers} {[[f'{x:.6g}' for x in row] for row in point.hessian]}"
    yield repr(stationary_point(bowl, [3.0, 3.0]))
    for matrix in (
        [[2.0, 1.0], [1.0, 2.0]],
        [[0.0, 3.0], [3.0, 0.0]],
        [[5.0]],
        [[1e-20, 0], [0, 1]],
    ):
        values, vectors = symmetric_eigenvalues(matrix)
        shown = [[f"{x + 0.0:.6f}" for x in row] for row in vectors]
        yield f"{matrix}: {[f'{x:.6g}' for x in values]} {shown}"


def not_finite() -> Iterator[str]:
    x, y, big = Value(0.0, "x"), Value(2.0), Value(1e200, "big")
    several = [Value(float(i), f"v{i}") for i in range(9)]
    for root in (
        x.sqrt() * 3.0,
        (x.sqrt() + y) * y,
        big * big + x,
        big * 1e100 * 1e-300 * big,
        ag.sum([big * 1e154, *several]) * 1e-300 * 1e-300,
        ag.sum([*several[:8], Value(math.nan)]),
        ag.sum([*several[:7], Value(math.inf)]) + x,
        Value(-math.inf, "low") + 1.0,
        Value(math.nan),
        ag.sum([x * 1e308, x * 1e308, x]),
        y * y,
    ):
        yield repr(find_nonfinite(root))


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    f.__name__: f for f in (checked, kinks, differences, descents, points, not_finite)
}


@pytest.mark.parametrize("name", PARTS)
def test_numbers_are_the_committed_ones(name: str) -> None:
    assert lines_of(PARTS[name]) == committed(COMMITTED)[name]


def test_all_committed_numbers_are_computed() -> None:
    assert list(committed(COMMITTED)) == list(PARTS)


if __name__ == "__main__":
    commit(COMMITTED, PARTS)
