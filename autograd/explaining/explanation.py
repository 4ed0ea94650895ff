"""Where a derivative comes from: `explain` writes it as the sum of its terms, or of its paths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from numbers import Integral

from ..graph import consumers
from ..value import Value, derivatives, topological_order
from .latex import latex_name, latex_product, latex_sum
from .names import names
from .number_format import number
from .paths import Path, count_paths, list_paths
from .shortening import MAX_PATH_CHARACTERS, shorten
from .terms import Term, terms_of

MAX_TERMS = 20  # in a text; `Explanation.terms` has all


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
        head = f"∂{self.y}/∂{self.x} = {number(self.derivative)}"
        if not self.terms:
            return head + ("" if self.y == self.x else f": {self.y} does not depend on {self.x}")
        lines = [f"{head}: adjoint times local gradient, summed over the uses of {self.x}"]
        shown, rest = self.terms[:MAX_TERMS], self.terms[MAX_TERMS:]
        sides = [
            f"  ∂{self.y}/∂{t.consumer} · ∂{t.consumer}/∂{self.x}"
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
            listed = sum(path.value for path in self.paths)
            count = self.path_count - len(self.paths)
            lines += _left_out("path", count, self.derivative - listed)
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        y, x = latex_name(self.y), latex_name(self.x)
        shown, rows = self.terms[:MAX_TERMS], []
        if shown:
            by = [rf"\partial {latex_name(t.consumer)}" for t in shown]
            symbols = [rf"\frac{{\partial {y}}}{{{c}}} \frac{{{c}}}{{\partial {x}}}" for c in by]
            numbers = [latex_product(_product(t.adjoint, t.local_grad)) for t in shown]
            rows += latex_sum(symbols, 4, len(self.terms)) + latex_sum(numbers, 4, len(self.terms))
        rows.append(f"&= {latex_product(number(self.derivative))}")
        if self.paths:
            products = [latex_product(_product(*path.local_grads)) for path in self.paths]
            rows += latex_sum(products, 1, self.path_count)
        left, right = rf"\frac{{\partial {y}}}{{\partial {x}}}", r" \\ ".join(rows)
        return rf"$$\begin{{aligned}} {left} {right} \end{{aligned}}$$"


def explain(y: Value, x: Value, paths: int = 0) -> Explanation:
    """Return dy/dx as the sum over the uses of x, and over at most ``paths`` paths from x to y.

    The number of paths grows exponentially with the graph. They are counted without a list of them.
    TypeError unless y and x are Values, ValueError unless ``paths`` is 0 or more.

    >>> x = Value(3.0, "x")
    >>> explain(x * x + x, x, paths=5)
    ∂f/∂x = 7: adjoint times local gradient, summed over the uses of x
      ∂f/∂v1 · ∂v1/∂x = 1 · 3 = 3  where v1 = x * x = 3 * 3, operand 1
      ∂f/∂v1 · ∂v1/∂x = 1 · 3 = 3  where v1 = x * x = 3 * 3, operand 2
      ∂f/∂f · ∂f/∂x = 1 · 1 = 1    where f = v1 + x = 9 + 3, operand 2
    and by paths, of which there are 3:
      x → v1 → f: 3 · 1 = 3
      x → v1 → f: 3 · 1 = 3
      x → f: 1 = 1
    """
    for node in (y, x):
        if not isinstance(node, Value):
            raise TypeError(f"explain(y, x) needs two Values, got {node!r:.80}")
    if not isinstance(paths, Integral) or paths < 0:
        raise ValueError(f"paths is how many of them to list, 0 or more, got {paths!r}")
    order = topological_order(y)
    fan_out, derivative = consumers(order), derivatives(y)
    named = names(order) if x in fan_out else names([x, *order])
    return Explanation(
        named[y],
        named[x],
        derivative.get(x, 0.0),
        terms_of(fan_out.get(x, ()), derivative, named),
        count_paths(order, x, fan_out),
        [*islice(list_paths(y, x, fan_out, named), paths)],
    )


def _product(*factors: float) -> str:
    texts = [f"({number(x)})" if x < 0 else number(x) for x in factors]
    return shorten(" · ".join(texts), MAX_PATH_CHARACTERS)


def _left_out(what: str, count: int, total: float) -> list[str]:
    plural = "s" * (count > 1)
    return [f"  and {count} more {what}{plural}, together {number(total)}"] * (count > 0)
