"""A wrong backward pass beside the right one: the first wrong number, and why it is wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..explaining.notation import number, total_derivative
from .frames import Frame
from .narration import MAX_LISTED, listed

MAX_TURNS = 12  # nodes listed in the order in which they pass their gradients on


class Comparison:
    """The frames of two backward passes through one graph: one with a mistake, the other right."""

    def __init__(self, mistake: str, wrong: Sequence[Frame], right: Sequence[Frame]) -> None:
        self.mistake, self.wrong, self.right = mistake, wrong, right
        self.complete = {frame.target: frame for frame in right}  # the last frame of each gradient
        self.term_count = Counter(frame.target for frame in right)

    def frames(self, first_step: int) -> Iterator[Frame]:
        """Yield the wrong frames, beside the right numbers after the same terms, and a verdict.

        first_step: the number of the first of these frames among all steps.
        """
        terms = {(f.node, f.operand): f.term for f in self.right if f.term is not None}
        right_sum = dict.fromkeys(self.complete, 0.0)
        magnitude = dict.fromkeys(self.complete, 0.0)  # rounding errors grow with it
        last, step_of_error = {}, 0
        for i, frame in enumerate(self.wrong):
            target, term = frame.target, terms.get((frame.node, frame.operand), 1.0)  # 1: the seed
            magnitude[target] += abs(term) if math.isfinite(term) else 0.0
            right_sum[target] += term
            right, note = right_sum[target], ""
            both_nan = math.isnan(frame.value) and math.isnan(right)
            rounding = 1e-9 * magnitude[target]
            same = math.isclose(frame.value, right, rel_tol=0.0, abs_tol=rounding)
            wrong = not same and not both_nan
            first_wrong = wrong and not step_of_error
            if first_wrong:
                step_of_error = first_step + i
                reason = self.reason(frame, self.wrong[:i])
                note = f"first wrong number: {number(right)} is right. {reason}"
            elif wrong:
                note = f"wrong: {number(right)} is right"
            frame = replace(frame, right=right, wrong=wrong, first_wrong=first_wrong, note=note)
            last[target] = frame
            yield frame
        yield self.verdict(step_of_error, [frame for _, frame in sorted(last.items())])

    def reason(self, frame: Frame, earlier: Sequence[Frame]) -> str:
        """Return why the first wrong number is wrong. ``frame`` has it."""
        so_far = dict.fromkeys(self.complete, "0") | {f.target: number(f.value) for f in earlier}
        if self.mistake == "overwrite":
            return f"`=` dropped the earlier {so_far[frame.target]}; several terms need `+=`."
        if self.mistake == "stale":
            by, before = self.by(frame), number(self.complete[frame.target].value)
            return f"{by} still held {before} from the pass before; set it to 0 first."
        node, count = self.complete[frame.node], self.term_count[frame.node]
        missing = count - sum(f.target == frame.node for f in earlier)
        return (
            f"{self.by(node)} was passed on as {so_far[frame.node]}, before {missing} of its "
            f"{count} terms had arrived; in full it is {number(node.value)}. In topological order "
            f"{node.name} has its turn after all its consumers, when its sum is complete."
        )

    def verdict(self, step_of_error: int, ends: Sequence[Frame]) -> Frame:
        """Return the last frame: which gradients are wrong in the end, or why none is."""
        text, note = "verdict: no number is wrong", self.luck()
        if step_of_error:
            wrong = [frame for frame in ends if frame.wrong]
            ended = f"{len(wrong)} of {len(ends)} gradients wrong in the end"
            text = f"verdict: first wrong in step {step_of_error}, {ended}"
            rights = [number(self.complete[frame.target].value) for frame in wrong]
            numbers = zip(wrong[:MAX_LISTED], rights, strict=False)
            note = "; ".join(f"{self.by(f)} = {number(f.value)}, right is {r}" for f, r in numbers)
            note += "; …" if len(wrong) > MAX_LISTED else "."
        here, right = (
            list(dict.fromkeys(self.complete[f.node].name for f in frames if f.term is not None))
            for frames in (self.wrong, self.right)
        )
        if here != right:
            turns, right_turns = listed(here, MAX_TURNS), listed(right, MAX_TURNS)
            note += f" The turns were {turns}; in topological order, from its end: {right_turns}."
        return Frame("verdict", text, note=note)

    def luck(self) -> str:
        """Return why no number is wrong although the pass is."""
        if max(self.term_count.values()) < 2:
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

    def by(self, frame: Frame) -> str:
        return total_derivative(self.right[0].name, frame.name)
