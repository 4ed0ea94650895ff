"""Where a derivative comes from: `explain` writes it as the sum of its terms, or of its paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from numbers import Integral
from typing import NamedTuple

from ..graph import consumers
from ..value import Value, derivatives, topological_order
from .argument_checks import require_value
from .formulas import computed
from .node_names import names
from .notation import (
    MAX_PATH_CHARACTERS,
    factors,
    local_derivative,
    number,
    shorten,
    total_derivative,
)
from .up_to_date import require_up_to_date

MAX_TERMS = 20  # in a text; `Explanation.terms` has all

Uses = dict[Value, list[tuple[Value, int, float]]]  # of each node: consumer, place, local gradient


class Term(NamedTuple):
    """What flows back into x from one use of it: ``adjoint * local_grad``."""

    consumer: str  # its name
    computed: str  # how it is computed
    operand: int  # as which operand of the consumer x is used, from 1
    adjoint: float  # the derivative of y by the consumer
    local_grad: float  # the derivative of the consumer by this operand

    @property
    def value(self) -> float:
        return self.adjoint * self.local_grad


class Path(NamedTuple):
    """One way from x to y: the names of its nodes and the local gradients along its edges."""

    nodes: tuple[str, ...]
    local_grads: tuple[float, ...]

    @property
    def value(self) -> float:
        return prod(self.local_grads)


@dataclass(frozen=True)
class Explanation:
    """A derivative as the sum of ``terms``. ``paths`` has the first of ``path_count`` paths."""

    y: str
    x: str
    derivative: float
    terms: list[Term]
    path_count: int
    paths: list[Path]

    def __repr__(self) -> str:
        head = f"{total_derivative(self.y, self.x)} = {number(self.derivative)}"
        if not self.terms:
            return head + ("" if self.y == self.x else f": {self.y} does not depend on {self.x}")
        lines = [f"{head}: adjoint times local gradient, summed over the uses of {self.x}"]
        shown, rest = self.terms[:MAX_TERMS], self.terms[MAX_TERMS:]
        sides = [
            f"  {total_derivative(self.y, t.consumer)} · {local_derivative(t.consumer, self.x)}"
            f" = {_product(t.adjoint, t.local_grad)} = {number(t.value)}"
            for t in shown
        ]
        width = max(map(len, sides))
        for side, t in zip(sides, shown, strict=True):
            lines.append(f"{side:{width}}  where {t.computed}, operand {t.operand}")
        lines += _left_out("term", len(rest), sum(t.value for t in rest))
        if self.paths:
            lines.append(f"and by paths, of which there are {self.path_count}:")
            for path in self.paths:
                nodes = shorten(" → ".join(path.nodes), MAX_PATH_CHARACTERS)
                lines.append(f"  {nodes}: {_product(*path.local_grads)} = {number(path.value)}")
            count = self.path_count - len(self.paths)
            listed = sum(path.value for path in self.paths)
            lines += _left_out("path", count, self.derivative - listed)
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        y, x = _latex_name(self.y), _latex_name(self.x)
        shown, rows = self.terms[:MAX_TERMS], []
        if shown:
            by = [_latex_name(t.consumer) for t in shown]
            symbols = [
                rf"\frac{{d {y}}}{{d {c}}} \frac{{\partial {c}}}{{\partial {x}}}" for c in by
            ]
            numbers = [_latex(_product(t.adjoint, t.local_grad)) for t in shown]
            for sides in (symbols, numbers):
                rows += _latex_sum(sides, 4, len(self.terms))
        rows.append(f"&= {_latex(number(self.derivative))}")
        if self.paths:
            products = [_latex(_product(*path.local_grads)) for path in self.paths]
            rows += _latex_sum(products, 1, self.path_count)
        left, right = rf"\frac{{d {y}}}{{d {x}}}", r" \\ ".join(rows)
        return rf"$$\begin{{aligned}} {left} {right} \end{{aligned}}$$"


def explain(y: Value, x: Value, paths: int = 0) -> Explanation:
    """Return dy/dx as the sum over the uses of x, and over at most ``paths`` paths from x to y.

    The number of paths grows exponentially with the graph. They are counted without a list of them.
    TypeError unless y and x are Values, ValueError unless ``paths`` is 0 or more. RuntimeError if
    leaves changed since the graph was computed: see `autograd.recompute`.

    >>> x = Value(3.0, "x")
    >>> explain(x * x + x, x, paths=5)
    df/dx = 7: adjoint times local gradient, summed over the uses of x
      df/dv1 · ∂v1/∂x = 1 · 3 = 3  where v1 = x * x = 3 * 3, operand 1
      df/dv1 · ∂v1/∂x = 1 · 3 = 3  where v1 = x * x = 3 * 3, operand 2
      df/df · ∂f/∂x = 1 · 1 = 1    where f = v1 + x = 9 + 3, operand 2
    and by paths, of which there are 3:
      x → v1 → f: 3 · 1 = 3
      x → v1 → f: 3 · 1 = 3
      x → f: 1 = 1
    """
    for node in (y, x):
        require_value(node, "explain(y, x) needs two Values")
    if not isinstance(paths, Integral) or paths < 0:
        raise ValueError(f"paths is how many of them to list, 0 or more, got {paths!r}")
    require_up_to_date(y)
    order = topological_order(y)
    if x not in order:
        order.insert(0, x)
    named, derivative = names(order), derivatives(y)
    uses = {
        node: [(user, i, g) for user, i in found if (g := user.local_grads[i]) is not None]
        for node, found in consumers(order).items()
    }
    terms = [
        Term(named[user], computed(user, named), i + 1, derivative[user], local_grad)
        for user, i, local_grad in uses[x]
    ]
    path_count = {y: 1}  # from each node to y
    for node in reversed(order[:-1]):
        path_count[node] = sum(path_count[user] for user, _, _ in uses[node])
    listed = [*islice(_paths(y, x, uses, named), paths)]
    return Explanation(named[y], named[x], derivative.get(x, 0.0), terms, path_count[x], listed)


def _paths(y: Value, x: Value, uses: Uses, names: dict[Value, str]) -> Iterator[Path]:
    """Yield the paths from x to y one by one: depth first, without recursion."""
    path = [(x, 1.0)]
    branches = [iter(uses[x])]
    while branches:
        node, _, local_grad = next(branches[-1], (None, 0, 0.0))
        if node is None:
            branches.pop()
            path.pop()
        elif node is y:
            nodes, local_grads = zip(*path, (y, local_grad), strict=True)
            yield Path(tuple([names[node] for node in nodes]), local_grads[1:])
        else:
            path.append((node, local_grad))
            branches.append(iter(uses[node]))


def _product(*numbers: float) -> str:
    return shorten(factors(numbers), MAX_PATH_CHARACTERS)


def _left_out(what: str, count: int, total: float) -> list[str]:
    plural = "s" * (count > 1)
    return [f"  and {count} more {what}{plural}, together {number(total)}"] * (count > 0)


# ------------------------------------------------------------------------------------------- LaTeX


_SMALL_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"
_AS_DIGITS = str.maketrans(_SMALL_DIGITS, "0123456789" * 2)
_LETTER = re.compile(r"([A-Za-z])(?:⁽([⁰¹²³⁴-⁹]+)⁾)?_?(\d*|[₀-₉]+(?:,[₀-₉]+)*)(\[\d+\])?")


def _latex_name(name: str) -> str:
    """Return a letter as it is, x1 and w⁽²⁾₁₄ with their indices, any other name upright."""
    if match := _LETTER.fullmatch(name):
        layer, place = [(text or "").translate(_AS_DIGITS) for text in match.group(2, 3)]
        below = f"_{{{place}}}" if place else ""
        return match[1] + (f"^{{({layer})}}" if layer else "") + below + (match[4] or "")
    escaped = re.sub(r"[{}$&#%_]", r"\\\g<0>", re.sub(r"[\\^~]", " ", name))
    return rf"\text{{{escaped}}}"


def _latex(product: str) -> str:
    """Return a number or a product of numbers in LaTeX."""
    text = re.sub(r"e\+?(-?)0*(\d+)", r" \\times 10^{\1\2}", product)
    for plain, latex in ("·", r"\cdot"), ("…", r"\cdots"), ("inf", r"\infty"):
        text = text.replace(plain, latex)
    return text.replace("nan", r"\text{nan}")


def _latex_sum(summands: Sequence[str], per_row: int, count: int) -> list[str]:
    """Return the rows of a sum of ``count`` summands, of which the first are given."""
    rows = [" + ".join(summands[i : i + per_row]) for i in range(0, len(summands), per_row)]
    if count > len(summands):
        rows.append(rf"\cdots \quad \text{{({count} terms)}}")
    return ["&= " + rows[0], *(r"&\quad + " + row for row in rows[1:])]
