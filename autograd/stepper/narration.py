"""What one step looks like, and the telling of the forward and the right backward pass."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from ..explaining.formulas import computed, rules
from ..explaining.names import names
from ..explaining.number_format import number
from ..value import Constant, Value, topological_order
from . import mistakes
from .mistakes import Grads, Term

LISTED = 6  # leaves given, terms of a sum, gradients of a verdict; the rest is only counted


@dataclass(frozen=True, slots=True)
class Frame:
    """One step. Nodes are numbered by their place in ``topological_order(root)``.

    ``phase`` is "given" (the leaves), "forward" (a node is computed), "backward" (the seed, then
    one term of a gradient each, along one edge) or "verdict" (what came of a mistake).
    """

    phase: str
    text: str  # the formula in symbols and in numbers, rounded for reading
    rule: str = ""  # backward: the local gradient in symbols and in numbers
    so_far: str = ""  # backward: the sum of the terms that have arrived
    note: str = ""  # with a mistake: what went wrong, and why
    node: int | None = None  # the node that is computed, or whose gradient is passed on
    operand: int | None = None  # backward: which of its parents receives the term
    target: int | None = None  # the node whose data or gradient ``value`` now is
    name: str = ""  # of the target
    value: float = 0.0  # in full precision: its data, or its gradient so far
    adjoint: float | None = None  # backward: term = adjoint * local_grad, in full precision
    local_grad: float | None = None
    term: float | None = None
    right: float | None = None  # with a mistake: what ``value`` is in the right pass
    wrong: bool = False  # ``value`` differs from ``right``
    first_wrong: bool = False  # and is the first that does

    def __str__(self) -> str:
        details = "; ".join(filter(None, [self.rule, self.so_far]))
        line = f"{self.text}    [{details}]" if details else self.text
        note = textwrap.fill(self.note, 96, initial_indent="    ", subsequent_indent="    ")
        return f"{line}\n{note}" if note else line


class Narrator:
    """Tells what happens in the graph of ``root``, for the right pass and the wrong ones."""

    def __init__(self, root: Value) -> None:
        self.root, self.order = root, topological_order(root)
        self.index = {node: i for i, node in enumerate(self.order)}
        self.names = names(self.order)
        self.rules: tuple[Value | None, list[str]] = None, []  # of the consumer met last
        self.terms = dict.fromkeys(self.order, 0)  # how many terms the gradient of each has
        for node in self.order:
            for parent, local_grad in zip(node.parents, node.local_grads, strict=True):
                self.terms[parent] += local_grad is not None

    def by(self, node: Value) -> str:
        """∂f/∂node"""
        return f"∂{self.names[self.root]}/∂{self.names[node]}"

    def cleared(self) -> Grads:
        """The gradients that a pass starts from."""
        return dict.fromkeys(self.order, 0.0) | {self.root: 1.0}

    def forward(self) -> Iterator[Frame]:
        leaves = [n for n in self.order if not n.parents and type(n) is not Constant]
        given = [f"{self.names[leaf]} = {number(leaf.data)}" for leaf in leaves[:LISTED]]
        if len(leaves) > LISTED:
            given.append(f"… ({len(leaves)} leaves in all)")
        if given:
            yield Frame("given", "given " + ", ".join(given))
        for i, node in enumerate(self.order):
            if node.parents:
                name, text = self.names[node], computed(node, self.names)
                if not text.endswith(result := f" = {number(node.data)}"):
                    text += result
                yield Frame("forward", text, node=i, target=i, name=name, value=node.data)

    def seed(self) -> Frame:
        i, text = len(self.order) - 1, f"{self.by(self.root)} = 1"
        name = self.names[self.root]
        return Frame("backward", text, node=i, target=i, name=name, value=1.0)

    def backward(self) -> Iterator[Frame]:
        yield self.seed()
        sums = Sums(self)
        for term in mistakes.right(self.root, self.cleared()):
            yield self.frame(term, sums)

    def frame(self, term: Term, sums: Sums, sign: str = "+=") -> Frame:
        """One term arrives at a gradient, the sum of which ``sums`` keeps in words."""
        node, parent = term.consumer, term.parent
        if self.rules[0] is not node:
            self.rules = node, rules(node, self.names)
        by_parent = f"∂{self.names[node]}/∂{self.names[parent]}"
        factors = f"{number(term.adjoint)} · {number(term.local_grad)}"
        slope = number(term.local_grad)
        rule = self.rules[1][term.operand] or slope
        return Frame(
            "backward",
            f"{self.by(parent)} {sign} {self.by(node)} · {by_parent} = {factors}"
            f" = {number(term.value)}",
            rule=f"{by_parent} = {rule}" + (f" = {slope}" if rule != slope else ""),
            so_far=sums.add(term, sign),
            node=self.index[node],
            operand=term.operand,
            target=self.index[parent],
            name=self.names[parent],
            value=term.total,
            adjoint=term.adjoint,
            local_grad=term.local_grad,
            term=term.value,
        )


class Sums:
    """The terms of each gradient that have arrived, in words."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator
        self.missing = dict(narrator.terms)
        self.shown: dict[Value, list[str]] = {}

    def add(self, term: Term, sign: str = "+=") -> str:
        parent, total = term.parent, number(term.total)
        stale = [f"{number(term.before)} (stale)"] if term.before else []
        shown = self.shown.setdefault(parent, stale)
        if sign == "=":
            shown.clear()
        shown.append(number(term.value))
        self.missing[parent] -= 1
        terms = shown if len(shown) <= LISTED else ["…", *shown[-2:]]
        text = f"{self.narrator.by(parent)} = {' + '.join(terms)}"
        if len(shown) > 1:
            text += f" = {total}"
        if missing := self.missing[parent]:
            return f"{text} so far, {missing} more term{'s' * (missing > 1)} to come"
        return f"{text}, complete"
