"""A wrong backward pass beside the right one: the first wrong number, and why it is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from ..explaining.number_format import number
from ..value import Constant, Value
from . import mistakes
from .mistakes import MISTAKES, Grads, Term
from .narration import LISTED, Frame, Narrator, Sums

SHOWN = 12  # turns


class Comparison:
    """A wrong pass, each number beside the one that the right pass has after the same terms."""

    def __init__(self, narrator: Narrator, mistake: str) -> None:
        self.narrator, self.mistake = narrator, mistake
        right = list(mistakes.right(narrator.root, narrator.cleared()))
        self.right_terms = {(t.consumer, t.operand): t.value for t in right}
        self.right_turns = list(dict.fromkeys(term.consumer for term in right))
        self.right_grads = narrator.cleared() | {t.parent: t.total for t in right}
        self.so_far = dict.fromkeys(narrator.order, 0.0)  # the sums of the right terms
        self.sizes = dict.fromkeys(narrator.order, 0.0)  # of those terms: what rounding scales with

    def frames(self, done: int) -> Iterator[Frame]:
        """The frames of the wrong pass and its verdict, after ``done`` frames."""
        yield replace(self.narrator.seed(), right=1.0)
        sign = "=" if self.mistake == "overwrite" else "+="
        sums, grads, first = Sums(self.narrator), self.narrator.cleared(), 0
        turns: dict[Value, None] = {}  # the nodes that passed their gradient on, in order
        for step, term in enumerate(MISTAKES[self.mistake](self.narrator.root, grads), done + 2):
            turns[term.consumer] = None
            waiting = sums.missing[term.consumer]
            frame = self.narrator.frame(term, sums, sign)
            right = self.right_so_far(term)
            wrong = self.differs(term.parent, term.total, right)
            note = f"wrong: {number(right)} is right" if wrong else ""
            if wrong and not first:
                first = step
                note = f"first wrong number: {number(right)} is right. {self.why(term, waiting)}"
            yield replace(frame, right=right, wrong=wrong, first_wrong=step == first, note=note)
        verdict = self.verdict(first, grads)
        yield replace(verdict, note=f"{verdict.note}{self.order_of_turns(list(turns))}")

    def right_so_far(self, term: Term) -> float:
        """What the target would hold by now, had every term up to this one been right."""
        parent, value = term.parent, self.right_terms[term.consumer, term.operand]
        self.sizes[parent] += abs(value) if math.isfinite(value) else 0.0
        self.so_far[parent] += value
        return self.so_far[parent]

    def differs(self, node: Value, got: float, right: float) -> bool:
        """By more than another order of summation explains."""
        if got == right or (math.isnan(got) and math.isnan(right)):
            return False
        return not abs(got - right) <= 1e-9 * self.sizes[node]

    def why(self, term: Term, waiting: int) -> str:
        """Why the number that ``term`` gives is wrong, where it is the first wrong one."""
        narrator, consumer, before = self.narrator, term.consumer, number(term.before)
        if self.mistake == "order":
            name = narrator.names[consumer]
            missing = f"{waiting} of its {narrator.terms[consumer]} terms"
            return (
                f"{narrator.by(consumer)} was passed on as {number(term.adjoint)}, before "
                f"{missing} had arrived; in full it is {number(self.right_grads[consumer])}. In "
                f"topological order {name} has its turn after all its consumers, when its sum is "
                "complete."
            )
        if self.mistake == "overwrite":
            return f"`=` dropped the earlier {before}; several terms need `+=`."
        by = narrator.by(term.parent)
        return f"{by} still held {before} from the pass before; set it to 0 first."

    def verdict(self, first: int, grads: Grads) -> Frame:
        """What came of the mistake."""
        narrator = self.narrator
        nodes = [node for node in narrator.order if type(node) is not Constant]
        wrong = [n for n in nodes if self.differs(n, grads[n], self.right_grads[n])]
        if not first:
            return Frame("verdict", "verdict: no number is wrong", note=self.luck())
        ended = f"{len(wrong)} of {len(nodes)} gradients wrong in the end"
        ends = [
            f"{narrator.by(n)} = {number(grads[n])}, right is {number(self.right_grads[n])}"
            for n in wrong[:LISTED]
        ]
        note = "; ".join(ends) + ("; …" if len(wrong) > LISTED else ".")
        return Frame("verdict", f"verdict: first wrong in step {first}, {ended}", note=note)

    def order_of_turns(self, turns: list[Value]) -> str:
        """Who passed on when, in this pass and in the right one, where the two differ."""
        if turns == self.right_turns:
            return ""
        here, right = (
            ", ".join([self.narrator.names[node] for node in order[:SHOWN]])
            + ", …" * (len(order) > SHOWN)
            for order in (turns, self.right_turns)
        )
        return f" The turns were {here}; in topological order, from its end: {right}."

    def luck(self) -> str:
        """Why nothing went wrong although the pass is."""
        if max(self.narrator.terms.values()) < 2:
            return (
                "By luck of the graph: no node has more than one consumer (there is no fan-out), "
                "so every gradient is a single term."
            )
        if self.mistake == "order":
            return (
                "By luck of the graph: each node with fan-out had its turn after its last "
                "consumer, or had nothing to pass on."
            )
        return "By luck of the numbers: what the mistake drops or keeps is 0 here."
