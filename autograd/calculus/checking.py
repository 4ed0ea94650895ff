"""Check a gradient: `gradcheck` compares it with finite differences, number by number."""

from __future__ import annotations

import html
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from ..explaining.notation import label_of, printable
from ..operation import real
from ..ops import dot
from ..recording import recorded
from ..tree import build, flatten_numbers, places
from ..value import Scalar, Value, derivatives, topological_order
from .chain_rule import accumulate, adjoints

EPSILON = 2.0**-52  # the distance from 1 to the next float: twice the largest rounding error


@dataclass(frozen=True)
class Row:
    """The derivative by one parameter, computed in two ways."""

    parameter: str
    order: int
    analytic: float  # by the graph
    numeric: float  # by values of the function alone
    error: float  # an estimate of the error of ``numeric``
    verdict: str  # "ok"; "wrong"; "kink": no derivative here; "unclear": no values on both sides

    @property
    def difference(self) -> float:
        return abs(self.analytic - self.numeric)

    def cells(self) -> tuple[str, ...]:
        """Return what `Report` shows of it, one text for each column."""
        numbers = (f"{self.analytic:.10g}", f"{self.numeric:.10g}", f"{self.difference:.1e}")
        return self.parameter, str(self.order), *numbers, self.verdict


class Report(list[Row]):
    """A row for each parameter and order. The report is true unless a row is wrong."""

    HEADER = ("parameter", "order", "analytic", "numeric", "difference", "verdict")

    @property
    def ok(self) -> bool:
        return all(row.verdict != "wrong" for row in self)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        table = [self.HEADER, *[row.cells() for row in self]]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (zip(cells, widths, strict=True) for cells in table)
        return "\n".join("  ".join(c.ljust(w) for c, w in line).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        def tr(cells: Iterable[str], tag: str, style: str = "") -> str:
            inside = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr{style}>{inside}</tr>"

        colors = {"ok": "", "wrong": ' style="background:#fbb;color:#000"'}
        doubtful = ' style="background:#ffd;color:#000"'
        rows = [tr(row.cells(), "td", colors.get(row.verdict, doubtful)) for row in self]
        return f"<table>{tr(self.HEADER, 'th')}{''.join(rows)}</table>"


def gradcheck(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    tolerance: float = 1e-6,
    raise_on_failure: bool = False,
) -> Report:
    """Compare the derivatives of ``f`` by every number in ``args`` with finite differences.

    ``f`` returns one number. Values in ``args`` are varied in place and put back. So a model can be
    checked by its own parameters: ``gradcheck(lambda *_: loss(model), *model.parameters())``.

    Two numbers agree within the relative ``tolerance``, or within their estimated errors. Order 2
    also checks the derivatives of a weighted sum of the first derivatives, and so on. This finds a
    rule that is right as a number but wrong as a graph. An infinite derivative is wrong between
    finite values: it overflowed.

    TypeError if the result is not a number. ValueError if there is nothing to vary. AssertionError
    if a derivative is wrong, with ``raise_on_failure``.

    >>> gradcheck(lambda x, y: x * y * y, 3.0, 2.0)
    parameter  order  analytic  numeric  difference  verdict
    x          1      4         4        0.0e+00     ok
    y          1      12        12       0.0e+00     ok
    """
    if not callable(f):
        hint = ": give the function that computes it, such as lambda x: x * x"
        raise TypeError(
            f"gradcheck(f, *args) takes a function and its arguments, got {f!r:.80}"
            f"{hint * isinstance(f, Value)}"
        )
    variables: list[tuple[str, Value]] = []  # with their places in the arguments
    arguments = []
    for arg, name in zip(args, _argument_names(f, len(args)), strict=True):
        numbers, structure = flatten_numbers(arg, name)
        values = [x if isinstance(x, Value) else Value(x) for x in numbers]
        arguments.append(build(structure, iter(values)))
        variables += zip([place for place, _ in places(arg, name)], values, strict=True)
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"the order of the derivatives to check is 1 or more, got {order!r}")
    if not variables:
        raise ValueError(f"gradcheck has no numbers to vary: it was given {args!r:.80}")

    def function() -> Scalar:
        with recorded():
            y = f(*arguments)
        return y if isinstance(y, Value) else real(y)

    report = Report()
    for k in range(1, order + 1):
        report += _rows(function, variables, k, tolerance)
        function = partial(_sum_of_derivatives, function, [x for _, x in variables])
    if raise_on_failure and not report:
        raise AssertionError(f"the gradient is wrong\n{report}")
    return report


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names that ``f`` has for its first ``count`` arguments, as far as it tells."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # it does not tell
        parameters = []
    names = [p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD][:count]
    rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "arguments")
    return names + [f"{rest}[{i}]" for i in range(count - len(names))]


def _rows(
    function: Callable[[], Scalar],
    variables: Sequence[tuple[str, Value]],
    order: int,
    tolerance: float,
) -> Iterable[Row]:
    """Yield a row for the derivative of ``function`` by each of ``variables``."""
    y = function()
    analytic = derivatives(y) if isinstance(y, Value) else {}
    magnitude = magnitudes(y) if isinstance(y, Value) else {}
    # how far the rounding at every node may move the result
    moves = [abs(node.data * d) for node, d in magnitude.items() if node.op]
    noise = EPSILON * sum(filter(math.isfinite, moves))
    for place, x in variables:
        given = analytic.get(x, 0.0)
        f = partial(_moved, function, x)
        found = _difference(f, x.data, noise)
        rounding = 16 * EPSILON * magnitude.get(x, 0.0)
        allowed = tolerance * max(abs(given), abs(found.derivative)) + found.error + rounding
        verdict = _verdict(given, found, allowed)
        if math.isinf(given):  # right at the edge of the domain, an overflow inside it
            h = _scale(x.data) * 2.0**-20
            verdict = "wrong" if math.isfinite(f(h)) and math.isfinite(f(-h)) else "unclear"
        yield Row(
            printable(label_of(x)) or place, order, given, found.derivative, found.error, verdict
        )


def _verdict(given: float, found: Estimate, allowed: float) -> str:
    if found.kink:
        return "kink"
    if math.isnan(found.derivative) or math.isinf(allowed):
        return "unclear"
    return "ok" if abs(given - found.derivative) <= allowed else "wrong"


def magnitudes(y: Value) -> dict[Value, float]:
    """Return a bound for the derivative of ``y`` by each node: the one if no two terms cancelled.

    The rounding error of a derivative is a few `EPSILON` of it.
    """

    def edges(node: Value) -> list[tuple[Value, float]]:
        pairs = zip(node.parents, node.local_grads, strict=True)
        return [(parent, abs(g)) for parent, g in pairs if g is not None]

    def summed(factors: Sequence[float]) -> float:
        return sum(a * b for a, b in zip(factors[::2], factors[1::2], strict=True))

    return accumulate(reversed(topological_order(y)), {y: [1.0, 1.0]}, edges, summed)


def _sum_of_derivatives(function: Callable[[], Scalar], variables: list[Value]) -> Scalar:
    """Return the sum of the derivatives, each with a weight of its own, so that no error hides."""
    weights = [1 + 0.618 * i % 1 for i in range(len(variables))]
    with recorded():
        derivatives_now = adjoints(function(), variables)
        total: Scalar = dot(weights, derivatives_now)
        return total


def _moved(function: Callable[[], Scalar], x: Value, by: float) -> float:
    """Return the value of the function with ``x`` moved, nan outside its domain."""
    before = x.data
    x.data = before + by
    try:
        return float(function())
    except (ArithmeticError, ValueError):
        return math.nan
    finally:
        x.data = before


class Estimate(NamedTuple):
    """A derivative by finite differences, its error, and whether there is a kink."""

    derivative: float
    error: float
    kink: bool


def _difference(f: Callable[[float], float], x: float, noise: float) -> Estimate:
    """Return the derivative of ``f`` at 0. The size of x gives the scale, ``noise`` the rounding.

    This is Ridders' method: central differences with halved steps, extrapolated to step 0
    (Richardson). Of all extrapolations the one that varies least is returned (Advances in
    Engineering Software 4, 1982, 75-76). If none settles, it is done again with smaller steps: a
    kink may be near, or the function may vary fast.
    """
    middle = f(0.0)
    scale = _scale(x)
    best = Estimate(math.nan, math.inf, False)
    for exponent in range(7, 48, 8):
        steps = [scale * 2.0 ** -(exponent + k) for k in range(6)]
        values: list[tuple[float, float]] = []
        row: list[float] = []
        for k, h in enumerate(steps):
            above, below = f(h), f(-h)
            values.append((above, below))
            last, row = row, [(above - below) / (2 * h)]
            for j, left in enumerate(last, 1):
                row.append(row[-1] + (row[-1] - left) / (4**j - 1))
                error = max(abs(row[-1] - row[-2]), abs(row[-1] - left)) + noise / h
                if k > 1 and error < best.error:
                    best = Estimate(row[-1], error, has_kink(values, steps, middle, noise))
            size = abs(best.derivative) + abs(middle) / (100 * scale)
            if best.error <= (1e-8 if k == len(steps) - 1 else 1e-11) * size:
                return best
    return best


def _scale(x: float) -> float:
    """Return the size of ``x`` as a power of two, at least 1."""
    return 2.0 ** max(math.frexp(x)[1], 0)


def has_kink(
    values: Sequence[tuple[float, float]], steps: Sequence[float], middle: float, noise: float
) -> bool:
    """Return whether the slopes on both sides differ by the same at every step, or ``f`` jumps.

    ``values`` are those of f a step above and a step below, ``middle`` the one between them.

    >>> has_kink([(h, h) for h in (0.4, 0.2, 0.1)], [0.4, 0.2, 0.1], 0.0, 0.0)  # abs at 0
    True
    """
    gaps = [abs(a - 2 * middle + b) / h for (a, b), h in zip(values, steps, strict=False)]
    slopes = [abs(a - b) / (2 * h) for (a, b), h in zip(values, steps, strict=False)]
    rounding = 8 * noise / steps[len(gaps) - 1]
    if gaps[-1] > rounding + 1e-6 * slopes[-1]:
        return _grows_by(1.0, gaps) or _grows_by(2.0, gaps)
    return slopes[-1] > rounding and _grows_by(2.0, slopes)  # a jump, with ``middle`` half way


def _grows_by(factor: float, sizes: Sequence[float]) -> bool:
    """Return whether each of ``sizes`` is about ``factor`` times the one before."""
    return all(abs(fine - factor * coarse) < 0.1 * coarse for coarse, fine in pairwise(sizes))
