"""`Frame`: one step of a pass through a graph, in words and in numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
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


def place_of_step(step: int | str, frames: Sequence[Frame]) -> int:
    """Return the place of a step in ``frames``, from 0.

    ``step`` is a number from 1, or from -1 at the end, "last", or the name of a phase, for its
    first step. TypeError for anything else, ValueError for a step that is not there.

    >>> frames = [Frame("given", "x = 2"), Frame("forward", "f = x * x"), Frame("backward", "1")]
    >>> [place_of_step(step, frames) for step in (1, -1, "last", "forward")]
    [0, 2, 2, 1]
    """
    phases = list(dict.fromkeys(frame.phase for frame in frames))
    named = {"last": len(frames) - 1} | {p: [f.phase for f in frames].index(p) for p in phases}
    expected = f'from 1 to {len(frames)}, -1 to -{len(frames)}, or one of "last", ' + ", ".join(
        f'"{phase}"' for phase in phases
    )
    if isinstance(step, str):
        if step not in named:
            raise ValueError(f"step must be {expected}, got {step!r:.80}")
        return named[step]
    if not isinstance(step, int) or isinstance(step, bool):
        raise TypeError(f"step must be a whole number {expected}, got {step!r:.80}")
    if not 1 <= abs(step) <= len(frames):
        raise ValueError(f"step must be {expected}, got {step}")
    return step - 1 if step > 0 else len(frames) + step
