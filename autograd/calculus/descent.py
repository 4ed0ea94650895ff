"""Gradient descent, with the whole path that it took: `descend`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..explaining.notation import number
from ..tree import build, flatten_numbers
from .transformations import value_and_grad

SUFFICIENT = 1e-4  # of the decrease that the slope promises, in Armijo's condition
MAX_HALVINGS = 60

StepSize = float | Callable[[int], float]
Place = tuple[Any, float, Any, list[float]]  # a point, f there, its gradient, that as numbers


@dataclass(frozen=True)
class Descent:
    """The points of a descent, the start first, with the value and the gradient at each."""

    points: list[Any]  # with the structure of x0
    values: list[float]
    gradients: list[Any]
    converged: bool
    reason: str  # why it stopped

    @property
    def x(self) -> Any:
        """The last point."""
        return self.points[-1]

    @property
    def value(self) -> float:
        """The value at the last point."""
        return self.values[-1]

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.points) - 1

    def __repr__(self) -> str:
        values = f"f from {number(self.values[0])} to {number(self.value)}"
        return f"{self.steps} steps, {values}; {self.reason}"


def descend(
    f: Callable[[Any], Any],
    x0: Any,
    *,
    lr: StepSize | None = None,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
) -> Descent:
    """Minimize ``f`` by gradient descent from ``x0``: x <- x - t grad f(x); return the path.

    ``lr`` is the step size t: a number, or a function that gives t_k for step k = 0, 1, ... Without
    it a line search finds t: it halves t until f(x - t g) <= f(x) - 0.0001 t g.g (Armijo's
    condition), and starts at twice the last t. ``x0`` is a number, or any structure that `grad`
    takes.

    It stops when the norm of the gradient is at most ``tolerance``, after ``max_steps`` steps, when
    f is no longer finite, or when the line search finds no lower point. The ``reason`` says which.

    TypeError if ``x0`` or a value of f is no number. ValueError for a step size, a tolerance or a
    number of steps below 0.

    >>> path = descend(lambda x: (x - 3) ** 2, 0.0, lr=0.25)
    >>> path.points[:3], path.values[:3]
    ([0.0, 1.5, 2.25], [9.0, 2.25, 0.5625])
    >>> path
    23 steps, f from 9 to 1.279e-13; converged: the norm of the gradient is 7.153e-07
    """
    if lr is not None and not callable(lr):
        _at_least_0("lr", lr)
    _at_least_0("tolerance", tolerance)
    _at_least_0("max_steps", max_steps)
    start, structure = flatten_numbers(x0, "x0")
    evaluate = value_and_grad(f)

    def at(xs: Sequence[float]) -> Place:
        point = build(structure, iter(xs))
        value, gradient = evaluate(point)
        numbers, _ = flatten_numbers(gradient, "the gradient")
        return point, float(value), gradient, list(map(float, numbers))

    xs = list(map(float, start))
    point, value, gradient, g = at(xs)
    points, values, gradients = [point], [value], [gradient]
    t, reason = 1.0, ""
    while not (reason := _reason(value, g, tolerance, len(points) - 1, max_steps)):
        if lr is None:
            found = _line_search(at, xs, value, g, 2 * t)
            if not found:
                reason = f"the line search found no lower point; {_norm(g)}"
                break
            t, xs, place = found
        else:
            t = lr(len(points) - 1) if callable(lr) else lr
            xs = _moved(xs, g, t)
            place = at(xs)
        point, value, gradient, g = place
        points.append(point)
        values.append(value)
        gradients.append(gradient)
    return Descent(points, values, gradients, reason.startswith("converged"), reason)


def _reason(value: float, g: Sequence[float], tolerance: float, steps: int, max_steps: int) -> str:
    """Return why the descent stops here, or "" if it goes on."""
    if not math.isfinite(value) or not all(map(math.isfinite, g)):
        return f"diverged: f is {number(value)}, {_norm(g)}"
    if math.hypot(*g) <= tolerance:
        return f"converged: {_norm(g)}"
    return f"max_steps reached: {_norm(g)}" if steps >= max_steps else ""


def _norm(g: Sequence[float]) -> str:
    return f"the norm of the gradient is {number(math.hypot(*g))}"


def _moved(xs: Sequence[float], g: Sequence[float], t: float) -> list[float]:
    return [x - t * d for x, d in zip(xs, g, strict=True)]


def _line_search(
    at: Callable[[list[float]], Place],
    xs: Sequence[float],
    value: float,
    g: Sequence[float],
    t: float,
) -> tuple[float, list[float], Place] | None:
    """Return a step size with Armijo's condition, and where it leads; None if there is none."""
    slope = math.fsum(d * d for d in g)
    for _ in range(MAX_HALVINGS):
        moved = _moved(xs, g, t)
        try:
            place = at(moved)
            if place[1] <= value - SUFFICIENT * t * slope and moved != xs:
                return t, moved, place
        except (ArithmeticError, ValueError):  # outside the domain of f
            pass
        t /= 2
    return None


def _at_least_0(name: str, x: Any) -> None:
    if not (isinstance(x, Real) and float(x) >= 0):
        raise ValueError(f"{name} must be a number of at least 0, got {x!r:.80}")
