"""Is a gradient right? `gradcheck` compares it with finite differences, number by number."""

from __future__ import annotations

import html
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from ..explaining.notation import label_of
from ..operation import real
from ..ops import dot
from ..recording import recorded
from ..tree import flatten
from ..value import Scalar, Value, derivatives, topological_order
from .chain_rule import accumulate, adjoints

EPSILON = 2.0**-52  # the relative rounding error of a float, times two


@dataclass(frozen=True)
class Row:
    """One parameter's derivative, twice: from the graph, and from values of the function alone."""

    parameter: str
    order: int
    analytic: float
    numeric: float
    error: float  # an estimate of how wrong ``numeric`` itself may be
    verdict: str  # "ok"; "wrong"; "kink": no derivative here; "unclear": no values on both sides

    @property
    def difference(self) -> float:
        return abs(self.analytic - self.numeric)


class Report(list[Row]):
    """The rows, one for each parameter and order; true unless one of them is wrong."""

    HEADER = ("parameter", "order", "analytic", "numeric", "difference", "verdict")

    @property
    def ok(self) -> bool:
        return all(row.verdict != "wrong" for row in self)

    def __bool__(self) -> bool:
        return self.ok

    def _cells(self) -> Iterable[tuple[str, ...]]:
        for row in self:
            numbers = (f"{row.analytic:.10g}", f"{row.numeric:.10g}", f"{row.difference:.1e}")
            yield row.parameter, str(row.order), *numbers, row.verdict

    def __repr__(self) -> str:
        table = [self.HEADER, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (zip(cells, widths, strict=True) for cells in table)
        return "\n".join("  ".join(c.ljust(w) for c, w in line).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        def tr(cells: Iterable[str], tag: str, style: str = "") -> str:
            inside = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr{style}>{inside}</tr>"

        color = {"wrong": ' style="background:#fbb;color:#000"', "ok": ""}
        other = ' style="background:#ffd;color:#000"'
        rows = [tr(cells, "td", color.get(cells[-1], other)) for cells in self._cells()]
        return f"<table>{tr(self.HEADER, 'th')}{''.join(rows)}</table>"


def gradcheck(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    tolerance: float = 1e-6,
    raise_on_failure: bool = False,
) -> Report:
    """Compare the derivatives of ``f`` by every number in ``args`` with finite differences.

    ``f`` returns one number. Values in ``args`` are varied in place and put back, so a model can
    be checked by its own parameters: ``gradcheck(lambda *_: loss(model), *model.parameters())``.
    Agreement is to the relative ``tolerance``, or within the estimated error of the two numbers.
    Order 2 goes on to the derivatives of a weighted sum of the first ones, and so forth, which
    finds a rule that is right as a number but wrong as a graph. AssertionError on request;
    TypeError if the result is not a number, ValueError if there is nothing to vary.

    >>> gradcheck(lambda x, y: x * y * y, 3.0, 2.0)
    parameter  order  analytic  numeric  difference  verdict
    x          1      4         4        0.0e+00     ok
    y          1      12        12       0.0e+00     ok
    """
    if not callable(f):
        raise TypeError(f"gradcheck(f, *args) takes a function and its arguments, got {f!r:.80}")
    structures = [flatten(arg, name) for arg, name in zip(args, _names(f, args), strict=True)]
    places = [place for structure in structures for place in structure.places]
    numbers = [x for structure in structures for x in structure.numbers]
    variables = [x if isinstance(x, Value) else Value(x) for x in numbers]
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"the order of the derivatives to check is 1 or more, got {order!r}")
    if not variables:
        raise ValueError(f"gradcheck has no numbers to vary: it was given {args!r:.80}")
    rest = iter(variables)
    arguments = [structure.build(rest) for structure in structures]

    def function() -> Scalar:
        with recorded():
            y = f(*arguments)
        return y if isinstance(y, Value) else real(y)

    report = Report()
    for k in range(1, order + 1):
        y = function()
        analytic = derivatives(y) if isinstance(y, Value) else {}
        magnitude = magnitudes(y) if isinstance(y, Value) else {}
        # how far rounding at every node may move the result
        moves = [abs(node.data * d) for node, d in magnitude.items() if node.op]
        noise = EPSILON * sum(filter(math.isfinite, moves))
        for x, place in zip(variables, places, strict=True):
            given = analytic.get(x, 0.0)
            numeric, error, kink = _difference(partial(_moved, function, x), x.data, noise)
            rounding = 16 * EPSILON * magnitude.get(x, 0.0)
            close = tolerance * max(abs(given), abs(numeric)) + error + rounding
            agrees = abs(given - numeric) <= close or given == numeric
            verdict = "unclear" if math.isnan(numeric) else "ok" if agrees else "wrong"
            row = Row(label_of(x) or place, k, given, numeric, error, "kink" if kink else verdict)
            report.append(row)
        function = partial(_sum_of_derivatives, function, variables)
    if raise_on_failure and not report:
        raise AssertionError(f"the gradient is wrong\n{report}")
    return report


def _names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """What ``f`` calls its arguments, as far as that can be known."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # it does not say
        parameters = []
    names = [p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD][: len(args)]
    rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "arguments")
    return names + [f"{rest}[{i}]" for i in range(len(args) - len(names))]


def magnitudes(y: Value) -> dict[Value, float]:
    """Return the derivatives of ``y`` if no two terms cancelled: rounding errors grow with them."""

    def edges(node: Value) -> list[tuple[Value, float]]:
        pairs = zip(node.parents, node.local_grads, strict=True)
        return [(parent, abs(g)) for parent, g in pairs if g is not None]

    def summed(factors: Sequence[float]) -> float:
        return sum(a * b for a, b in zip(factors[::2], factors[1::2], strict=True))

    return accumulate(reversed(topological_order(y)), {y: [1.0, 1.0]}, edges, summed)


def _sum_of_derivatives(function: Callable[[], Scalar], variables: list[Value]) -> Scalar:
    """A sum that no two derivatives enter with the same weight, so that no error hides."""
    weights = [1 + 0.618 * i % 1 for i in range(len(variables))]
    with recorded():
        # typed Any: an operation of numbers gives a number, of Values a Value
        return dot(weights, adjoints(function(), variables))  # type: ignore[no-any-return]


def _moved(function: Callable[[], Scalar], x: Value, by: float) -> float:
    """The function with ``x`` moved; nan outside of its domain."""
    before = x.data
    x.data = before + by
    try:
        return float(function())
    except (ArithmeticError, ValueError):
        return math.nan
    finally:
        x.data = before


def _difference(f: Callable[[float], float], x: float, noise: float) -> tuple[float, float, bool]:
    """The derivative of ``f`` at 0, its error, and whether there is a kink; x gives the scale.

    Ridders' method: central differences with halved steps, extrapolated to step 0 (Richardson),
    and of these the one that varies least (Advances in Engineering Software 4, 1982, 75-76). If
    none settles, as where a kink is near or the function varies fast, again with smaller steps.
    """
    middle = f(0.0)
    scale = 2.0 ** max(math.frexp(x)[1], 0)
    best = (math.nan, math.inf, False)

    def settled(tolerance: float) -> bool:
        return best[1] <= tolerance * (abs(best[0]) + abs(middle) / (100 * scale))

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
                if k > 1 and error < best[1]:
                    best = row[-1], error, _kinked(values, steps, middle, noise)
            if settled(1e-11):
                return best
        if settled(1e-8):
            return best
    return best


def _kinked(
    values: Sequence[tuple[float, float]], steps: Sequence[float], middle: float, noise: float
) -> bool:
    """Whether the slopes on both sides differ by the same however small the steps; or it jumps."""
    gaps = [abs(a - 2 * middle + b) / h for (a, b), h in zip(values, steps, strict=False)]
    slopes = [abs(a - b) / (2 * h) for (a, b), h in zip(values, steps, strict=False)]
    if not gaps[-1] > 8 * noise / steps[len(gaps) - 1] + 1e-6 * slopes[-1]:
        return False
    ratios = [fine / coarse if coarse else 0.0 for coarse, fine in pairwise(gaps)]
    return all(0.9 < r < 1.1 for r in ratios) or all(1.9 < r < 2.1 for r in ratios)
