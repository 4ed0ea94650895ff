"""Where the gradient is 0, and what is there: `stationary_point`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..explaining.notation import number
from ..tree import build, flatten_numbers
from .eigenvalues import Matrix, symmetric_eigenvalues
from .transformations import grad, hessian, value_and_grad

FLAT = 1e-6  # an eigenvalue below it, or below this part of the largest one, counts as 0
ROUNDING = 1e-12  # an eigenvalue below this part of the largest one may be all rounding error
MAX_HALVINGS = 40


@dataclass(frozen=True)
class StationaryPoint:
    """A point where the gradient is 0, with its kind."""

    x: Any  # with the structure of x0
    value: float
    gradient: Any  # what is left of it, by rounding
    hessian: Matrix  # rows and columns in the order of the numbers of x
    eigenvalues: list[float]  # of the Hessian, the smallest first
    kind: str  # "minimum", "maximum", "saddle" or "degenerate"

    def __repr__(self) -> str:
        numbers, _ = flatten_numbers(self.x, "x")
        at = ", ".join(number(float(x)) for x in numbers)
        eigenvalues = ", ".join(map(number, self.eigenvalues))
        return f"{self.kind} at ({at}), f = {number(self.value)}; eigenvalues {eigenvalues}"


def stationary_point(
    f: Callable[[Any], Any], x0: Any, *, tolerance: float = 1e-8, max_steps: int = 200
) -> StationaryPoint:
    """Return a point near ``x0`` where the gradient of ``f`` is 0, and its kind from the Hessian.

    The steps are Newton's: H d = -g. A step is halved until the norm of the gradient falls. It goes
    to the nearest point of any kind, where gradient descent goes to minima only.

    The eigenvalues of the Hessian tell the kind. All above 0: "minimum". All below 0: "maximum".
    Some above and some below: "saddle". Else one is 0, up to 1e-6, and the Hessian does not decide:
    "degenerate".

    ``x0`` is a number, or any structure that `grad` takes; else TypeError. RuntimeError if the norm
    of the gradient is above ``tolerance`` where the steps end: after ``max_steps``, or where no
    step makes it smaller.

    >>> stationary_point(lambda x: x[0] ** 2 - x[1] ** 2 + 2 * x[1], [3.0, 3.0])
    saddle at (0, 1), f = 1; eigenvalues -2, 2
    >>> stationary_point(lambda x: x**4, 1.0).kind
    'degenerate'
    """
    value_and_gradient = value_and_grad(f)
    numbers, structure = flatten_numbers(x0, "x0")

    def of_list(xs: Sequence[Any]) -> Any:
        return f(build(structure, iter(xs)))

    gradient_of, hessian_of = grad(of_list), hessian(of_list)
    xs = list(map(float, numbers))
    g = gradient_of(xs)
    for _ in range(max_steps):
        if not math.hypot(*g):
            break
        step = _newton_step(hessian_of(xs), g)
        closer = _closer(gradient_of, xs, step, math.hypot(*g))
        if closer is None:
            break
        xs, g = closer
    if not math.hypot(*g) <= tolerance:
        at = ", ".join(map(number, xs))
        raise RuntimeError(
            f"no stationary point found from x0 = {x0!r:.80}: the norm of the gradient is still "
            f"{number(math.hypot(*g))} at ({at}); start elsewhere, or allow more max_steps"
        )
    x = build(structure, iter(xs))
    value, gradient = value_and_gradient(x)
    H = hessian_of(xs)
    eigenvalues, _ = symmetric_eigenvalues(H)
    return StationaryPoint(x, float(value), gradient, H, eigenvalues, _kind(eigenvalues))


def _newton_step(H: Matrix, g: Sequence[float]) -> list[float]:
    """Return d with H d = -g. Along an eigenvector of eigenvalue 0 it is the step -g."""
    eigenvalues, vectors = symmetric_eigenvalues(H)
    smallest = ROUNDING * max(map(abs, eigenvalues), default=0.0)
    step = [0.0] * len(g)
    for eigenvalue, vector in zip(eigenvalues, vectors, strict=True):
        along = math.fsum(v * d for v, d in zip(vector, g, strict=True))
        along /= eigenvalue if abs(eigenvalue) > smallest else 1.0
        step = [s - along * v for s, v in zip(step, vector, strict=True)]
    return step


def _closer(
    gradient_of: Callable[[list[float]], list[float]],
    xs: Sequence[float],
    step: Sequence[float],
    norm: float,
) -> tuple[list[float], list[float]] | None:
    """Return the first point on the step, halved and halved, with a smaller gradient; or None."""
    t = 1.0
    for _ in range(MAX_HALVINGS):
        moved = [x + t * d for x, d in zip(xs, step, strict=True)]
        try:
            if math.hypot(*(g := gradient_of(moved))) < norm:
                return moved, g
        except (ArithmeticError, ValueError):  # outside the domain of f
            pass
        t /= 2
    return None


def _kind(eigenvalues: Sequence[float]) -> str:
    flat = FLAT * max(1.0, *map(abs, eigenvalues))
    signs = {(x > flat) - (x < -flat) for x in eigenvalues}
    if {1, -1} <= signs:
        return "saddle"
    if 0 in signs:
        return "degenerate"
    return "minimum" if signs == {1} else "maximum"
