"""All stages in a row: from a function to its recording, and on to the programs that compute it."""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..tree import Structure
from ..value import Scalar, Value
from .arguments import same_values
from .array_functions import NUMBERS, Arrays
from .differentiate import gradient
from .expressions import Expression, reachable
from .loops_to_rows import with_rows
from .print_numpy import Printed, print_numpy
from .record import record
from .rounding import near_ties
from .rows import expanded_rows
from .schedule import Schedule
from .simplify import Simplified, fresh, simplified
from .traced import EXACT_INT, Guard


class Program:
    """One emitted function. ``run`` takes the parameters and the inputs as flat arrays."""

    def __init__(self, printed: Printed, xp: Arrays) -> None:
        self.printed = printed
        self.order = printed.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # the parameters, if they never change
        namespace = {"xp": xp, "math": NUMBERS}
        for name, array in printed.constants.items():
            namespace[name] = xp.library.asarray(array)
        source = printed.faster_source if xp.is_numpy else printed.source
        exec(compile(source, "<compiled by autograd>", "exec"), namespace)
        self.run: Any = namespace["program"]
        self.pack = struct.Struct(f"{len(self.order)}d").pack


class Path:
    """A function recorded for one structure of arguments and one outcome of its comparisons.

    ``live`` are the Values from outside that the function uses. A program takes its numbers from
    the list of the leaves of the arguments and ``live``. Positions in that list are: ``wrt``, the
    Values to differentiate by; ``numbers``, the plain numbers; ``compared``, the Values that are
    only compared, which are plain numbers to the program.
    """

    def __init__(
        self, function: Callable[..., Any], structure: Structure, leaves: list[Any], xp: Arrays
    ) -> None:
        self.xp, self.seconds = xp, defaultdict[str, float](float)
        self.programs: dict[str, Program] = {}
        self.calls, self._lock = 0, RLock()
        self.same = same_values([x for x in leaves if isinstance(x, Value)])
        with self._timed("record"):
            recording = record(function, structure, leaves)
        self.structure, self.kinds = recording.structure, recording.kinds
        self.outcomes = tuple([guard.outcome for guard in recording.guards])
        self.recorded = len(recording.tape)
        with self._timed("find loops"):
            unrolled = with_rows(recording)
        with self._timed("simplify"):
            code = simplified(unrolled)
            self.ties = near_ties(code.graph, code.guards)
        self.graph, self.outputs, self.guards = code.graph, code.outputs, code.guards
        self.simplified, self.live = code.count, code.live
        self.batches = unrolled.batches
        self.lengths = [node.value for node in unrolled.lengths.values()]
        self._place(code, recording.numbers, len(leaves))
        self.seeds = [self.graph.input() for _ in self.outputs]

    def _place(self, code: Simplified, numbers: Sequence[int], n: int) -> None:
        """Find out which of the leaves and live Values the program takes, and as what."""
        leaves = code.leaves
        used = set(reachable([*code.outputs, *_ends(code.guards)]))
        in_outputs = set(reachable(code.outputs))
        self.numbers, self.columns = list(code.numbers), code.columns
        self.row_places = [
            None if b.places is None else [numbers[i] for i in b.places.ravel().tolist()]
            for b in self.batches
        ]
        values = [*range(n, len(leaves)), *sorted({*range(n)} - {*numbers})]
        if self.same:  # of a Value that was given twice, the first place counts
            first = {x: i for i, x in reversed([*enumerate(leaves)])}
            values = [i for i in values if first[leaves[i]] == i]
        self.wrt = [i for i in values if leaves[i] in in_outputs]
        self.compared = [i for i in values if leaves[i] in used and leaves[i] not in in_outputs]
        self.parameters = [leaves[i] for i in self.wrt]
        self.inputs = [leaves[i] for i in (*self.numbers, *self.compared)] + [*code.lengths]
        self.takes_numbers = bool(self.inputs or self.columns or self.kinds is not None)
        self.fixed = all(i >= n for i in self.wrt)  # no argument is among the parameters
        self.plain = self.fixed and all(not self.live[i - n].parents for i in self.wrt)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.thread_time()  # what other threads do meanwhile costs nothing here
        yield
        self.seconds[stage] += time.thread_time() - started

    def parents(self, program: Program, leaves: list[Any]) -> tuple[Value, ...]:
        """Return the Values that a program takes in a call with these leaves of arguments."""
        if program.parents is not None:
            return program.parents
        everything = [*leaves, *self.live]
        parents = tuple([everything[self.wrt[i]] for i in program.order])
        if self.fixed:
            program.parents = parents
        return parents

    def inputs_in(self, leaves: list[Any]) -> tuple[Any, ...] | None:
        """Return the inputs of a call with these leaves of arguments: an array, one a batch more.

        None if the path does not hold for numbers of these types, or for so large ints.
        """
        numbers = [leaves[i] for i in self.numbers]
        tables = [places and [leaves[i] for i in places] for places in self.row_places]
        for given in (numbers, *filter(None, tables)):
            if {*map(type, given)} != {float}:
                ints = [x for x in given if isinstance(x, int)]
                if any(abs(x) > EXACT_INT for x in ints):
                    return None
        if self.kinds is not None and self.kinds != [*map(type, leaves)]:
            return None
        if self.compared:
            everything = [*leaves, *self.live]
            numbers += [everything[i].data for i in self.compared]
        rows = [
            batch.numbers if table is None else np.array(table, float).reshape(batch.numbers.shape)
            for batch, table in zip(self.batches, tables, strict=True)
        ]
        return np.array([*numbers, *self.lengths], float), *rows

    def graph_of(
        self, which: int, by_position: dict[int, Value], inputs: tuple[Any, ...]
    ) -> Scalar:
        """Return an output as a graph on these parameters, at these inputs."""
        known: dict[Expression, Any] = {self.parameters[i]: x for i, x in by_position.items()}
        known |= dict(zip(self.inputs, inputs[0].tolist(), strict=True))
        for columns, table in zip(self.columns, inputs[1:], strict=True):
            known |= dict(zip(columns, table.T.tolist(), strict=True))
        return expanded_rows(self.outputs[which], known)  # type: ignore[no-any-return]  # a Scalar

    def program(self, kind: str) -> Program:
        """Return the program for the "value" alone, with its "gradient", or a "seeded" gradient.

        "gradient" is for one output. "seeded" is for several: it takes a weight for each of them.
        """
        if kind not in self.programs:
            with self._lock, collector_paused():
                if kind not in self.programs:
                    self.programs[kind] = self._compiled(kind)
        return self.programs[kind]

    def _compiled(self, kind: str) -> Program:
        gradients: list[Expression] = []
        with self._timed("differentiate"):
            if kind != "value":
                seeds = self.seeds if kind == "seeded" else [self.graph.one]
                seeded = list(zip(self.outputs, seeds, strict=True))
                gradients = gradient(self.graph, seeded, self.parameters)
        with self._timed("simplify"):
            seeds = self.seeds if kind == "seeded" else []
            columns = [x for batch in self.columns for x in batch]
            leaves = [*self.parameters, *self.inputs, *seeds, *columns]
            recorded = [*self.outputs, *_ends(self.guards)]
            derived = [*gradients, *_ends(self.ties)]
            graph, roots, leaves = fresh(self.graph, recorded, derived, leaves)
        with self._timed("schedule"):
            n = len(self.parameters)
            end = len(leaves) - len(columns)
            row_leaves = iter(leaves[end:])
            batches = [[next(row_leaves) for _ in batch] for batch in self.columns]
            schedule = Schedule(graph, roots, leaves[:n], leaves[n:end], batches)
        with self._timed("emit"):
            rest = iter(roots)
            outputs = [next(rest) for _ in self.outputs]
            guards = [g._replace(left=next(rest), right=next(rest)) for g in self.guards]
            gradients = [next(rest) for _ in gradients]
            ties = [g._replace(left=next(rest), right=next(rest)) for g in self.ties]
            guards = [*ties, *guards]  # a tie comes first: the other tests do not hold then
            printed = print_numpy(schedule, leaves[:n], end - n, outputs, gradients, guards)
            graph.release()
            return Program(printed, self.xp)


def _ends(guards: Sequence[Guard]) -> list[Expression]:
    return [x for guard in guards for x in (guard.left, guard.right)]
