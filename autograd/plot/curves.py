"""Pictures of a function of one number, and of a function along all directions at a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..calculus.transformations import directional_derivative, grad
from ..calculus.transformations import taylor as taylor_coefficients
from ..recording import no_grad
from ..value import Value
from .figures import (
    COLORS,
    MARK_COLOR,
    legend_below,
    line_style,
    places,
    plain,
    prepared_axes,
    text_color,
)
from .paths import draw_paths, named_paths

Function = Callable[[Any], Any]  # of one number, or of a list of numbers, to one number
DERIVATIVES = ["", "derivative of ", "second derivative of ", "third derivative of "]
ROUND_ANGLES = range(0, 361, 45)


def curve(
    f: Function | Mapping[str, Function],
    between: Sequence[float],
    *,
    orders: Sequence[int] = (0,),
    path: Any = None,
    chord: Sequence[float] | None = None,
    ax: Any = None,
    x: str = "x",
    y: str = "",
    title: str = "",
    points: int = 301,
) -> Any:
    """Draw a function of one number and its derivatives, and return the axes.

    ``f`` is a function of a number to a number, or a mapping of names to functions, which are drawn
    over each other. ``between`` is the pair (low, high) of the places. ``orders`` says which
    derivatives are drawn: 0 is the function, k is ``d^k f / dx^k``. ``path`` is drawn on the graph
    of ``f``: the numbers of a descent, or an object with ``points``. ``chord`` is a pair of places:
    the line between their points is drawn. It lies nowhere below the graph if ``f`` is convex.
    ``x`` and ``y`` name the axes. Without a ``title`` it says what is drawn.

    A curve has a gap where the function is not defined.
    ValueError for other places or orders. The function's own error if it is defined at no place.

    >>> from autograd import sin
    >>> ax = curve(sin, (-3.0, 3.0), orders=(0, 1))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['sin', 'derivative of sin']
    >>> units = {"tanh": lambda z: z.tanh(), "relu": lambda z: z.relu()}
    >>> curve(units, (-2.0, 2.0), orders=[1], x="z").get_ylabel()
    'derivative of f(z)'
    """
    functions, xs = _named(f), places(between, points)
    orders = _checked_orders(orders)
    drawn = {name: _derivatives(name, g, xs, max(orders)) for name, g in functions.items()}
    paths = named_paths(path, 1)
    ends = [] if chord is None else places(chord, 2, "chord")
    if (paths or ends) and (len(functions) > 1 or 0 not in orders):
        raise ValueError("a path or chord is drawn on the graph of one function: leave others out")
    several = len(orders) > 1
    kind = (
        "Derivative" if 0 not in orders else "Function and derivatives" if several else "Function"
    )
    many = "s" if len(drawn) * len(orders) > 1 and not kind.endswith("s") else ""
    shown_y = "value" if several else f"{DERIVATIVES[1]}f" if orders == [1] else "f"
    ax = prepared_axes(
        ax, title or kind + many, x, y or f"{shown_y}({x})" * (not several) or shown_y
    )
    ax.axhline(0.0, color=MARK_COLOR, linewidth=0.8, zorder=0)
    i = 0
    for name, rows in drawn.items():
        for order in orders:
            alone = len(orders) == 1 and len(functions) > 1  # the axis says which derivative
            label = plain(name if alone else _derivative_name(order) + name)
            ax.plot(xs, [row[order] for row in rows], label=label, **line_style(i))
            i += 1
    (name, g), *_ = functions.items()
    if ends:
        heights = [row[0] for row in _derivatives(name, g, ends, 0)]
        ax.plot(ends, heights, color=text_color(), marker="o", linestyle=":", label="chord")
    for label, descent in paths.items():
        draw_paths(ax, {label: [[p, _derivatives(name, g, [p], 0)[0][0]] for (p,) in descent]})
    legend_below(ax, columns=3)
    return ax


def taylor(
    f: Function,
    x0: float,
    between: Sequence[float],
    orders: Sequence[int] = (1, 2, 3),
    *,
    ax: Any = None,
    x: str = "x",
    points: int = 301,
) -> Any:
    """Draw a function and its Taylor polynomials at x0, and return the axes.

    The polynomial of order n is ``sum_k f^(k)(x0) / k! (x - x0)^k`` for k from 0 to n. The axis
    shows the range of ``f`` with a margin, and cuts the polynomials there.

    ValueError for other places or orders.

    >>> from autograd import cos
    >>> ax = taylor(cos, 0.0, (-4.0, 4.0), orders=(2, 4))
    >>> [line.get_label() for line in ax.lines[:3]]
    ['cos', 'order 2', 'order 4']
    """
    xs, orders = places(between, points), _checked_orders(orders)
    name = next(iter(_named(f)))
    ys = [row[0] for row in _derivatives(name, f, xs, 0)]
    coefficients = [float(c) for c in taylor_coefficients(f, x0, max(orders))]
    ax = prepared_axes(ax, f"Taylor polynomials at {x} = {x0:g}", x, f"{name}({x})")
    ax.plot(xs, ys, label=plain(name), color=text_color(), linewidth=2.5)
    for i, order in enumerate(orders):
        polynomial = [
            sum(c * (x - x0) ** k for k, c in enumerate(coefficients[: order + 1])) for x in xs
        ]
        ax.plot(xs, polynomial, label=f"order {order}", **line_style(i))
    start = {"marker": "o", "color": text_color(), "linestyle": "", "label": f"{x} = {x0:g}"}
    ax.plot([x0], [coefficients[0]], **start)
    finite = [value for value in ys if math.isfinite(value)]
    margin = 0.35 * (max(finite) - min(finite)) or 1.0
    ax.set_ylim(min(finite) - margin, max(finite) + margin)
    legend_below(ax)
    return ax


def directions(f: Function, x: Sequence[float], *, ax: Any = None, count: int = 73) -> Any:
    """Draw the slope of ``f`` at x along each unit direction of the plane, and return the axes.

    ``f`` takes a list of two numbers. The direction at the angle t is ``u = (cos t, sin t)``, its
    slope ``u . grad f(x) = |grad f(x)| cos(t - t_grad)``. It is computed by one forward pass for
    each of ``count`` angles. Marked are the steepest direction up, along the gradient, the steepest
    direction down, against it, and the two level ones. The tinted angles are the directions in
    which ``f`` falls. At a stationary point all slopes are 0, and no direction is marked.

    ValueError unless x has two numbers.

    >>> ax = directions(lambda x: x[0] ** 2 + 3 * x[1], [1.0, 2.0])
    >>> [text.get_text() for text in ax.get_legend().get_texts()][-1]
    'level'
    """
    point = [float(number) for number in x]
    if len(point) != 2:
        raise ValueError(f"directions are of a point of 2 numbers, got {list(x)!r:.80}")
    angles = places((0.0, 360.0), count)
    slopes = [directional_derivative(f, point, _unit(angle)) for angle in angles]
    gradient = grad(f)(point)
    at = f"({point[0]:g}, {point[1]:g})"
    ax = prepared_axes(ax, f"Slope in each direction at {at}", "angle of u", "u · grad f")
    ax.axhline(0.0, color=MARK_COLOR, linewidth=0.8)
    ax.plot(angles, slopes, color=COLORS[0], label="slope along u")
    ax.set_xticks(ROUND_ANGLES, [f"{angle}°" for angle in ROUND_ANGLES])
    steepest = math.hypot(*gradient)
    if steepest:
        falls = [slope < 0 for slope in slopes]
        tint = {"color": COLORS[1], "alpha": 0.25, "label": "f falls"}
        ax.fill_between(angles, slopes, 0.0, where=falls, interpolate=True, **tint)
        up = math.degrees(math.atan2(gradient[1], gradient[0])) % 360
        marks = [(up, steepest, "^", 5, "steepest up: along grad f")]
        marks += [((up + 180) % 360, -steepest, "v", 1, "steepest down: against grad f")]
        marks += [((up + turn) % 360, 0.0, "o", 2, "level") for turn in (90, 270)]
        for i, (angle, slope, marker, k, label) in enumerate(marks):
            look = {"color": COLORS[k], "markeredgecolor": text_color(), "ms": 10, "linestyle": ""}
            ax.plot([angle], [slope], marker=marker, label=label if i < 3 else None, **look)
    legend_below(ax, columns=2)
    return ax


# ---------------------------------------------------------------------------------------- helpers


def _named(f: Any) -> dict[str, Function]:
    """Return each function by its name. TypeError for anything that is not called."""
    functions = dict(f) if isinstance(f, Mapping) else {_name(f): f}
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{name} must be a function of one number, got {function!r:.80}")
    if not functions:
        raise ValueError("there is no function to draw: the mapping is empty")
    return functions


def _name(f: Any) -> str:
    name = getattr(f, "__name__", None) or getattr(f, "name", None) or "f"
    return "f" if name == "<lambda>" else str(name)


def _derivative_name(order: int) -> str:
    return DERIVATIVES[order] if order < len(DERIVATIVES) else f"derivative {order} of "


def _checked_orders(orders: Sequence[int]) -> list[int]:
    given = list(orders) if isinstance(orders, Sequence | range) else [orders]
    if not given or not all(type(k) is int and 0 <= k <= 170 for k in given):
        raise ValueError(f"orders are whole numbers from 0 to 170, such as (0, 1), got {orders!r}")
    return given


def _unit(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def _derivatives(name: str, f: Function, xs: Sequence[float], order: int) -> list[list[float]]:
    """Return the value and the derivatives up to ``order`` at each place, nan outside the domain.

    The error of ``f`` if it is defined at no place.
    """
    rows, errors = [], []
    for x in xs:
        try:
            rows.append(_at(name, f, x, order))
        except (ArithmeticError, ValueError) as error:
            rows.append([math.nan] * (order + 1))
            errors.append(error)
    if len(errors) == len(xs):
        raise errors[0]
    return rows


def _at(name: str, f: Function, x: float, order: int) -> list[float]:
    if order:  # the k-th Taylor coefficient is the k-th derivative over k!
        coefficients = taylor_coefficients(f, x, order)
        return [math.factorial(k) * float(c) for k, c in enumerate(coefficients)]
    with no_grad():
        y = f(Value(x))
    if not hasattr(y, "__float__"):
        raise TypeError(f"{name} must return one number, got {y!r:.80}")
    return [float(y)]
