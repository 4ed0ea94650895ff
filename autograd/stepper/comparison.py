"""A wrong backward pass beside the right one: the first wrong number, and why it is wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..explaining.notation import number, total_derivative
from .frames import Frame
from .narration import MAX_LISTED, listed

MAX_TURNS = 12  # nodes listed in the order in which they pass their gradients on


class Comparison:
    """The frames of two backward passes through one graph: one with a mistake, the other right.

    along_paths: of a pass that visits a node once for each path, the same pass without a mistake.
    before: the gradients that a pass starts from although it should start from 0, by node.
    """

    def __init__(
        self,
        mistake: str,
        wrong: Sequence[Frame],
        right: Sequence[Frame],
        *,
        along_paths: Sequence[Frame] = (),
        before: Mapping[int | None, float] | None = None,
    ) -> None:
        self.mistake, self.wrong, self.right = mistake, wrong, right
        self.along_paths, self.before = along_paths, before or {}
        self.complete = {frame.target: frame for frame in right}  # the last frame of each gradient
        self.term_count = Counter(frame.target for frame in right)

    def frames(self, first_step: int) -> Iterator[Frame]:
        """Yield the wrong frames, beside the right numbers after the same terms, and a verdict.

        first_step: the number of the first of these frames among all steps.
        """
        right_sum = dict.fromkeys(self.complete, 0.0)
        magnitude = dict.fromkeys(self.complete, 0.0)  # rounding errors grow with it
        last, step_of_error = {}, 0
        arrivals: Counter[int | None] = Counter()
        for i, (frame, term) in enumerate(zip(self.wrong, self.right_terms(), strict=True)):
            target = frame.target
            arrivals[target] += 1
            magnitude[target] += abs(term) if math.isfinite(term) else 0.0
            right_sum[target] += term
            again = bool(self.along_paths) and arrivals[target] > 1
            note = f"visit {arrivals[target]} of {frame.name}" if again else ""
            right = right_sum[target]
            both_nan = math.isnan(frame.value) and math.isnan(right)
            rounding = 1e-9 * magnitude[target]
            same = math.isclose(frame.value, right, rel_tol=0.0, abs_tol=rounding)
            wrong = not same and not both_nan
            first_wrong = wrong and not step_of_error
            if first_wrong:
                step_of_error = first_step + i
                reason = self.reason(frame, self.wrong[:i])
                note = f"first wrong number: the sum should be {number(right)} here. {reason}"
            elif wrong:
                note = f"wrong: the sum should be {number(right)} here"
            frame = replace(frame, right=right, wrong=wrong, first_wrong=first_wrong, note=note)
            last[target] = frame
            yield frame
        yield self.verdict(step_of_error, [frame for _, frame in sorted(last.items())])

    def right_terms(self) -> list[float]:
        """Return what each frame would add if there were no mistake. The seed is 1."""
        if self.along_paths:
            return [1.0 if f.term is None else f.term for f in self.along_paths]
        terms = {(f.node, f.operand): f.term for f in self.right if f.term is not None}
        return [terms.get((f.node, f.operand), 1.0) for f in self.wrong]

    def reason(self, frame: Frame, earlier: Sequence[Frame]) -> str:
        """Return why the first wrong number is wrong. ``frame`` has it."""
        so_far = {f.target: number(f.value) for f in earlier}
        if self.mistake == "overwrite":
            return f"`=` dropped the earlier {so_far[frame.target]}; several terms need `+=`."
        if self.mistake == "stale":
            by, before = self.by(frame), number(self.before[frame.target])
            return f"{by} still held {before} from the pass before; set it to 0 first."
        if self.mistake == "recursive":
            came = [f for f in earlier if f.target == frame.node][-1]
            new, passed = number(came.term or 0.0), number(came.value - (came.term or 0.0))
            return (
                f"{self.by(came)} was passed on as {number(came.value)}, but {passed} of it was "
                f"passed on in an earlier visit. A visit may pass on the new term {new} alone, or "
                f"there is one visit, when the sum is complete."
            )
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
        if self.mistake == "paths":
            text += f", after {len(self.wrong)} visits of {len(ends)} nodes"
        if step_of_error:
            wrong = [frame for frame in ends if frame.wrong]
            ended = f"{len(wrong)} of {len(ends)} gradients wrong in the end"
            text = f"verdict: first wrong in step {step_of_error}, {ended}"
            rights = [number(self.complete[frame.target].value) for frame in wrong]
            numbers = zip(wrong[:MAX_LISTED], rights, strict=False)
            note = "; ".join(f"{self.by(f)} = {number(f.value)}, right is {r}" for f, r in numbers)
            note += "; …" if len(wrong) > MAX_LISTED else "."
        if self.along_paths:
            return Frame("verdict", text, note=f"{note} {self.visits()}".strip())
        here, right = (
            list(dict.fromkeys(self.complete[f.node].name for f in frames if f.term is not None))
            for frames in (self.wrong, self.right)
        )
        if here != right:
            turns, right_turns = listed(here, MAX_TURNS), listed(right, MAX_TURNS)
            note += f" The turns were {turns}; in topological order, from its end: {right_turns}."
        return Frame("verdict", text, note=note)

    def visits(self) -> str:
        """Return how often each node was visited, in words."""
        count = Counter(frame.name for frame in self.wrong)
        most = [f"{name} {n}" for name, n in count.most_common()]
        if len(self.wrong) == len(count):
            return "Each node was visited once: there is one path to it."
        return (
            f"Visits, one for each path: {listed(most, MAX_TURNS)}; {len(self.wrong)} in all, "
            f"where the topological order needs {len(count)}. In a chain, each node that is used "
            "twice doubles them."
        )

    def luck(self) -> str:
        """Return why no number is wrong although the pass is."""
        if self.mistake == "paths":
            return ""
        if max(self.term_count.values()) < 2 and self.mistake != "stale":
            return (
                "By luck of the graph: no node has more than one consumer (there is no fan-out), "
                "so every gradient is a single term."
            )
        if self.mistake == "order":
            return (
                "By luck of the graph: each node with fan-out had its turn after its last "
                "consumer, or had nothing to pass on."
            )
        inner = {f.node for f in self.wrong if f.term is not None}
        if self.mistake == "recursive" and all(self.term_count[node] < 2 for node in inner):
            return (
                "By luck of the graph: each node that is visited twice is a leaf, which passes "
                "nothing on."
            )
        return "By luck of the numbers: what the mistake drops or keeps is 0 here."

    def by(self, frame: Frame) -> str:
        return total_derivative(self.right[0].name, frame.name)
