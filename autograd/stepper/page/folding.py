"""Folding: the steps that a page plays if its picture leaves nodes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ...explaining.notation import number
from ..frames import Frame
from ..narration import MAX_LISTED, listed

# of one box of the picture: node, number, number in full, right number, whether it is wrong
Change = tuple[int | None, str, str, str, bool]
FoldedStep = tuple[Frame, list[Change]]  # the text of a step, and the boxes that it changes


def folded(frames: Sequence[Frame], visible: set[int]) -> Iterator[FoldedStep]:
    """Yield the steps of a page whose picture has only the ``visible`` nodes.

    Neighboring frames of one phase that need other nodes become one step. The first wrong number
    of a mistake is never folded.
    """
    in_picture = visible | {None}

    def can_be_shown(frame: Frame) -> bool:
        return frame.first_wrong or in_picture.issuperset((frame.node, frame.target))

    for (phase, is_shown), group in groupby(frames, lambda f: (f.phase, can_be_shown(f))):
        run = list(group)
        if is_shown:
            yield from [(f, [change(f)] if f.target in visible else []) for f in run]
            continue
        names = list(dict.fromkeys(frame.name for frame in run))
        text = f"{len(run)} step{'s' * (len(run) > 1)} folded: {listed(names, MAX_LISTED)}"
        last = {frame.target: frame for frame in run if frame.target in visible}.values()
        sums = "; ".join(frame.so_far for frame in list(last)[:MAX_LISTED])
        yield Frame(phase, text, so_far=sums), [change(frame) for frame in last]


def change(frame: Frame) -> Change:
    """Return what a frame changes in the box of its target."""
    right = number(frame.value if frame.right is None else frame.right)
    return frame.target, number(frame.value), repr(frame.value), right, frame.wrong
