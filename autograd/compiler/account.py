"""What compiling costs, and what it saves: recordings, their structures and seconds."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from ..tree import Structure
from .arguments import without_things

if TYPE_CHECKING:
    from .path import Path as Recorded

MIN_RECORDINGS = 16  # before it is judged
MIN_LOSS_SECONDS = 0.5
EAGER_SHARE = 0.5  # of the time to record, which the function itself takes with its gradient


class Account:
    """The recordings of one function. Some have been dropped."""

    def __init__(self) -> None:
        self.recordings = 0
        self.ties = 0  # calls that eager code has run, as rounding could have turned a comparison
        self._spent = self._saved = 0.0  # by those that were dropped, or could not be kept
        self._warned: set[str] = set()

    def forget(self, recorded: Iterable[Recorded]) -> None:
        """Keep the sums of recordings that are dropped."""
        for one in recorded:
            self._spent += sum(one.seconds.values())
            self._saved += _saved(one)

    def spend(self, seconds: float) -> None:
        """Count a recording that was of no use."""
        self._spent += seconds

    def spent(self, recorded: Iterable[Recorded]) -> float:
        """Return the seconds that compiling has taken."""
        return self._spent + sum([sum(one.seconds.values()) for one in recorded])

    def is_a_loss(self, by_structure: Mapping[Structure, Sequence[Recorded]]) -> bool:
        """Return whether compiling has cost more than it saved."""
        if self.recordings + self.ties < MIN_RECORDINGS:
            return False
        recorded = [one for several in by_structure.values() for one in several]
        saved = self._saved + sum(map(_saved, recorded))
        return self.spent(recorded) > saved + MIN_LOSS_SECONDS

    def why(self, by_structure: Mapping[Structure, Sequence[Recorded]]) -> str:
        """Return why there are so many recordings, or calls without, and what to do about it."""
        if self.ties > self.recordings:
            return (
                "it compares numbers that are equal, or nearly, so eager code has to decide: use "
                "autograd.maximum, minimum, relu or where instead of a branch"
            )
        if 2 * max(map(len, by_structure.values()), default=0) > self.recordings:
            return (
                "it takes many branches: use autograd.where, maximum or masks of 0 and 1 instead "
                "of a branch on a label, and autograd.take instead of an index"
            )
        if 2 * len({without_things(s) for s in by_structure}) <= len(by_structure):
            return (
                "a static argument or an object among the arguments is another one at many calls: "
                "give an index as a plain argument, and use autograd.take; give the same model; "
                "give a list as a tuple"
            )
        return "the sizes of its arguments vary: pad them to one size, with weights of 0"

    def warn_once(self, message: str) -> None:
        """Warn the caller of the compiled function, unless that has been said."""
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, stacklevel=_calls_inside())

    def report(self, by_structure: Mapping[Structure, Sequence[Recorded]]) -> list[str]:
        """Return the lines of a report."""
        recorded = [one for several in by_structure.values() for one in several]
        return [
            f"recordings              {self.recordings:>8,}",
            f"structures              {len(by_structure):>8,}",
            f"ties, left to eager code{self.ties:>8,}",
            f"seconds to compile all  {self.spent(recorded):>8.3f}",
        ]


def _saved(one: Recorded) -> float:
    return one.calls * EAGER_SHARE * one.seconds["record"]


def _calls_inside() -> int:
    """Return how far up the stack a compiled function was called: the first line outside here."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    return level
