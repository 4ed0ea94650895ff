"""`Frame`: one step of a pass through a graph, in words and in numbers."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One step. Nodes are numbered by their place in ``topological_order(root)``.

    ``phase`` is "given" (the leaves), "forward" (a node is computed), "backward" (the seed, then
    one term of a gradient along one edge), "update" (a parameter moves against its gradient; last,
    the result before and after) or "verdict" (the effect of a mistake).

    After "forward" and "update", ``value`` is the data of the target. After "backward", it is the
    gradient so far.
    """

    phase: str
    text: str  # the formula in symbols and in numbers, rounded for reading
    rule: str = ""  # backward: the local gradient in symbols and in numbers
    so_far: str = ""  # backward: the sum of the terms that have arrived
    note: str = ""  # with a mistake: the error, and its reason
    node: int | None = None  # the node that is computed, or whose gradient is passed on
    operand: int | None = None  # backward: which of the node's parents receives the term
    target: int | None = None  # the node whose data or gradient ``value`` is
    name: str = ""  # of the target
    value: float = 0.0  # the data of the target, or its gradient so far, in full precision
    adjoint: float | None = None  # backward: term = adjoint * local_grad, in full precision
    local_grad: float | None = None
    term: float | None = None
    right: float | None = None  # with a mistake: ``value`` in the right pass
    wrong: bool = False  # ``value`` differs from ``right``
    first_wrong: bool = False  # no earlier ``value`` differs

    def __str__(self) -> str:
        details = "; ".join(filter(None, [self.rule, self.so_far]))
        line = f"{self.text}    [{details}]" if details else self.text
        note = textwrap.fill(self.note, 96, initial_indent="    ", subsequent_indent="    ")
        return f"{line}\n{note}" if note else line
