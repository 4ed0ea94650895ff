"""All stages in a row: from a function to its recording, and on to the programs that compute it.

record -> find loops -> simplify -> differentiate -> schedule -> print
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..tree import Structure
from .differentiate import gradient
from .expressions import Expression
from .inputs import Taken
from .loops_to_rows import with_rows
from .print_numpy import Printed, print_numpy
from .record import Recording, record
from .rounding import near_ties
from .schedule import Schedule
from .simplify import Simplified, fresh, simplified
from .traced import Guard

if TYPE_CHECKING:
    from .print_instructions import Written


class Seconds(defaultdict[str, float]):
    """The time that each stage has taken."""

    def __init__(self) -> None:
        super().__init__(float)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Add the time of the block to that of the stage."""
        started = time.thread_time()  # what other threads do meanwhile costs nothing here
        yield
        self[stage] += time.thread_time() - started


def simplified_recording(
    function: Callable[..., Any], structure: Structure, leaves: list[Any], seconds: Seconds
) -> tuple[Recording, Simplified, list[Guard]]:
    """Return what the function does, in as few expressions as possible, and the tests for ties."""
    with seconds.of("record"):
        recording = record(function, structure, leaves)
    with seconds.of("find loops"):
        recording = with_rows(recording)
    with seconds.of("simplify"):
        code = simplified(recording)
        return recording, code, near_ties(code.graph, code.guards)


def printed_program(
    code: Simplified,
    ties: Sequence[Guard],
    taken: Taken,
    seeds: Sequence[Expression],
    seconds: Seconds,
    native: bool = False,
) -> Printed | Written:
    """Return the program. With ``seeds``, the adjoints of the outputs, it computes gradients.

    If machine code may run it (``native``), irregular work is written for the interpreter.
    """
    recorded_length = len(code.graph.nodes)
    with seconds.of("differentiate"):
        seeded = zip(code.outputs, seeds, strict=True) if seeds else ()
        gradients = gradient(code.graph, [*seeded], taken.parameters) if seeds else []
    with seconds.of("simplify"):
        recorded = [*code.outputs, *_ends(code.guards)]
        derived = [*gradients, *_ends(ties)]
        graph, roots, leaves = fresh(code.graph, recorded, derived, taken.in_order())
        code.graph.cut(recorded_length)
        taken = taken.replaced(leaves)
    with seconds.of("schedule"):
        schedule = Schedule(graph, roots, *taken)
    with seconds.of("emit"):
        rest = iter(roots)
        outputs = [next(rest) for _ in code.outputs]
        guards = [g._replace(left=next(rest), right=next(rest)) for g in code.guards]
        gradients = [next(rest) for _ in gradients]
        ties = [g._replace(left=next(rest), right=next(rest)) for g in ties]
        tests = [*ties, *guards]  # a tie comes first: the other tests do not hold then
        count = len(taken.numbers)
        what = (schedule, taken.parameters, count, outputs, gradients, tests)
        printed = (_instructions(*what) if native else None) or print_numpy(*what)
        graph.release()
        return printed


def _instructions(schedule: Schedule, *what: Any) -> Written | None:
    """Return the program for the interpreter, None where it is not the fastest, or cannot."""
    from .print_instructions import NotInterpretable, is_irregular, print_instructions  # llvmlite

    try:
        return print_instructions(schedule, *what) if is_irregular(schedule) else None
    except NotInterpretable:
        return None


def _ends(guards: Sequence[Guard]) -> list[Expression]:
    return [x for guard in guards for x in (guard.left, guard.right)]
