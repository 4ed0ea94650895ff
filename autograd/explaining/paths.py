"""Where a derivative comes from: `explain` writes it as the sum of its terms, or of its paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from numbers import Integral
from typing import NamedTuple

from ..graph import consumers, number
from ..value import Value, derivatives, topological_order
from .notation import computed, names

SHOWN = 20  # terms in a text; `Explanation.terms` has all


class Term(NamedTuple):
    """What flows back into x from one use of it: ``adjoint * local_grad``."""

    consumer: str  # its name
    computed: str  # how it is computed
    operand: int  # as which operand of the consumer x is used, from 1
    adjoint: float  # of the consumer: dy / d consumer
    local_grad: float  # d consumer / dx

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
    """A derivative as the sum of ``terms``; of ``path_count`` paths the first are in ``paths``."""

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
        sides = [
            f"  ∂{self.y}/∂{t.consumer} · ∂{t.consumer}/∂{self.x} = {_product(t[3:])}"
            for t in self.terms[:SHOWN]
        ]
        width = max(map(len, sides))
        for side, t in zip(sides, self.terms, strict=False):
            lines.append(f"{side:{width}}  where {t.computed}, operand {t.operand}")
        lines += _left_out("term", len(self.terms) - SHOWN, [t.value for t in self.terms[SHOWN:]])
        if self.paths:
            lines.append(f"and by paths, of which there are {self.path_count}:")
            lines += [f"  {_cut(p.nodes, ' → ')}: {_product(p.local_grads)}" for p in self.paths]
            rest = self.derivative - sum(path.value for path in self.paths)
            lines += _left_out("path", self.path_count - len(self.paths), [rest])
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        y, x = _latex(self.y), _latex(self.x)
        rows = [rf"\frac{{\partial {y}}}{{\partial {x}}}"]
        shown = self.terms[:SHOWN]
        if shown:
            by = [rf"\partial {_latex(term.consumer)}" for term in shown]
            symbols = [rf"\frac{{\partial {y}}}{{{c}}} \frac{{{c}}}{{\partial {x}}}" for c in by]
            rows += _latex_sum(symbols, 4, len(self.terms))
            rows += _latex_sum([_latex_product(term[3:]) for term in shown], 4, len(self.terms))
        rows.append(f"&= {_latex_number(self.derivative)}")
        if self.paths:
            products = [_latex_product(path.local_grads) for path in self.paths]
            rows += _latex_sum(products, 1, self.path_count)
        return rf"$$\begin{{aligned}} {rows[0]} " + r" \\ ".join(rows[1:]) + r" \end{aligned}$$"


def explain(y: Value, x: Value, paths: int = 0) -> Explanation:
    """dy/dx as the sum over the consumers of x, and over at most ``paths`` of the paths to y.

    The number of paths grows exponentially with the graph; it is counted without listing them.

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
    fan_out = consumers(order)
    named = names(order) if x in fan_out else names([x, *order])
    derivative = derivatives(y)
    count = dict.fromkeys(order, 0) | {x: 1}  # of the paths from x to each node
    for node in order:
        if node is not x:
            edges = zip(node.parents, node.local_grads, strict=True)
            count[node] = sum(count[parent] for parent, g in edges if g is not None)
    terms = []
    for consumer, i in fan_out.get(x, ()):
        if (local_grad := consumer.local_grads[i]) is not None:
            how = computed(consumer, named)
            terms.append(Term(named[consumer], how, i + 1, derivative[consumer], local_grad))
    listed = [
        Path(tuple([named[node] for node, _ in path]), tuple([g for _, g in path[1:]]))
        for path in islice(_paths(y, x, fan_out), paths)
    ]
    return Explanation(named[y], named[x], derivative.get(x, 0.0), terms, count[y], listed)


Step = tuple[Value, float]  # a node and the local gradient by the node before it


def _paths(
    y: Value, x: Value, fan_out: dict[Value, list[tuple[Value, int]]]
) -> Iterator[list[Step]]:
    """The paths from x to y, one by one: depth first, without recursion."""

    def onward(node: Value) -> Iterator[Step]:
        for consumer, i in fan_out[node]:
            if (local_grad := consumer.local_grads[i]) is not None:
                yield consumer, local_grad

    path: list[Step] = [(x, 1.0)]
    branches = [onward(x)] if x in fan_out else []
    while branches:
        step = next(branches[-1], None)
        if step is None:
            branches.pop()
            path.pop()
        elif step[0] is y:
            yield [*path, step]
        else:
            path.append(step)
            branches.append(onward(step[0]))


def _product(factors: Sequence[float]) -> str:
    return f"{_cut([_factor(x) for x in factors], ' · ')} = {number(prod(factors))}"


def _cut(texts: Sequence[str], separator: str, dots: str = "…") -> str:
    """Joined; of more than twelve the first six and the last three."""
    if len(texts) > 12:
        texts = [*texts[:6], dots, *texts[-3:]]
    return separator.join(texts)


def _factor(x: float) -> str:
    return f"({number(x)})" if x < 0 else number(x)


def _left_out(what: str, count: int, values: Sequence[float]) -> list[str]:
    plural = "s" if count > 1 else ""
    return [f"  and {count} more {what}{plural}, together {number(sum(values))}"] * (count > 0)


def _latex_sum(summands: Sequence[str], per_row: int, count: int) -> list[str]:
    """The rows of a sum; if there are more summands than given, how many."""
    rows = [" + ".join(summands[i : i + per_row]) for i in range(0, len(summands), per_row)]
    if count > len(summands):
        rows.append(rf"\cdots \quad \text{{({count} terms)}}")
    return ["&= " + rows[0], *(r"&\quad + " + row for row in rows[1:])]


def _latex_product(factors: Sequence[float]) -> str:
    texts = [f"({t})" if t[0] == "-" else t for t in map(_latex_number, factors)]
    return _cut(texts, r" \cdot ", r"\cdots")


def _latex_number(x: float) -> str:
    text = re.sub(r"e\+?(-?)0*(\d+)", r" \\times 10^{\1\2}", number(x))
    return text.replace("inf", r"\infty").replace("nan", r"\text{nan}")


def _latex(name: str) -> str:
    """A letter as it is, x1 with its subscript, any other name upright."""
    if match := re.fullmatch(r"([A-Za-z])_?(\d*)", name):
        return match[1] + (f"_{{{match[2]}}}" if match[2] else "")
    escaped = re.sub(r"[{}$&#%_]", r"\\\g<0>", re.sub(r"[\\^~]", " ", name))
    return rf"\text{{{escaped}}}"
