"""Which steps a page plays when its picture leaves nodes out, and what each changes in a box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..explaining.number_format import number
from .narration import LISTED, Frame

Change = list[Any]  # of one box: node, number, number in full, right number, whether it is wrong
Folded = tuple[Frame, list[Change]]  # what a step of the page says, and what it changes


def folded(frames: Sequence[Frame], visible: set[int]) -> Iterator[Folded]:
    """The frames, each run of them that meets nodes outside ``visible`` folded into one.

    The first wrong number of a mistake is never folded.
    """

    def shown(frame: Frame) -> bool:
        return {frame.node, frame.target} <= visible | {None} or frame.first_wrong

    for (phase, is_shown), run in groupby(frames, lambda frame: (frame.phase, shown(frame))):
        if is_shown:
            for frame in run:
                yield frame, [_change(frame)] if frame.target in visible else []
        else:
            yield _fold(phase, list(run), visible)


def _fold(phase: str, run: Sequence[Frame], visible: set[int]) -> Folded:
    last = {frame.target: frame for frame in run if frame.target in visible}
    targets = list(dict.fromkeys(frame.name for frame in run))
    listed = ", ".join(targets[:LISTED]) + ", …" * (len(targets) > LISTED)
    text = f"{len(run)} step{'s' * (len(run) > 1)} folded: {listed}"
    sums = "; ".join(frame.so_far for frame in list(last.values())[:LISTED])
    return Frame(phase, text, so_far=sums), [_change(frame) for frame in last.values()]


def _change(frame: Frame) -> Change:
    right = number(frame.value if frame.right is None else frame.right)
    return [frame.target, number(frame.value), repr(frame.value), right, frame.wrong]
