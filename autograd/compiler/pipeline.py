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
from .batch import Axis
from .differentiate import gradient
from .expressions import Expression, reachable
from .free_rows import Tables
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
        self.constant_inputs: tuple[Any, ...] | None = None
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
        self.lengths = {axis: node.value for axis, node in unrolled.lengths.items()}
        self.free = recording.free  # the arguments whose numbers come apart from the leaves
        self._place(code)
        self.seeds = [self.graph.input() for _ in self.outputs]

    def _place(self, code: Simplified) -> None:
        """Find out which of the leaves and live Values the program takes, and as what."""
        leaves, n = code.leaves, len(code.leaves) - len(code.live)
        used = set(reachable([*code.outputs, *_ends(code.guards)]))
        in_outputs = set(reachable(code.outputs))
        self.numbers, self.columns = list(code.used_numbers), code.columns
        self.row_keys = [None if b.given is None else b.given.key for b in self.batches]
        values = [*range(n, len(leaves)), *sorted({*range(n)} - {*code.numbers})]
        if self.same:  # of a Value that was given twice, the first place counts
            first = {x: i for i, x in reversed([*enumerate(leaves)])}
            values = [i for i in values if first[leaves[i]] == i]
        self.wrt = [i for i in values if leaves[i] in in_outputs]
        self.compared = [i for i in values if leaves[i] in used and leaves[i] not in in_outputs]
        self.parameters = [x for i in self.wrt if (x := leaves[i]) is not None]
        taken = [leaves[i] for i in (*self.numbers, *self.compared)]
        self.inputs = [x for x in taken if x is not None] + [*code.lengths]
        self.takes_numbers = bool(self.inputs or self.columns or self.kinds is not None)
        given = any(batch.places is not None for batch in self.batches)
        apart = self.numbers or self.compared or self.free or given or self.kinds is not None
        self.inputs_vary = bool(apart)  # else they are the same at every call
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

    def inputs_in(self, leaves: list[Any], tables: Tables) -> tuple[Any, ...] | None:
        """Return the inputs of a call with these arguments: an array, and one for each batch.

        None if the path does not hold for numbers of these types, or for lists of these lengths.
        NotExactError for ints that are too large.
        """
        if self.constant_inputs is not None:
            return self.constant_inputs
        numbers = [leaves[i] for i in self.numbers]
        rows, lengths = list[Any](), dict[Axis, int]()
        for batch, key in zip(self.batches, self.row_keys, strict=True):
            table = batch.numbers
            if key in self.free:
                flat, count = tables[key]
                table = exact_array(flat).reshape(count, -1)
                n = len(batch.kinds)
                if self.kinds is not None and any(
                    {*map(type, flat[j::n])} != {kind} for j, kind in enumerate(batch.kinds)
                ):
                    return None
            elif batch.places is not None:
                table = exact_array([leaves[i] for i in batch.places]).reshape(table.shape)
            rows.append(table)
            if lengths.setdefault(batch.axis, len(table)) != len(table):
                return None
        if self.kinds is not None and self.kinds != [*map(type, leaves)]:
            return None
        x = exact_array(numbers)
        if self.compared or self.lengths:
            everything = [*leaves, *self.live]
            others = [everything[i].data for i in self.compared]
            counts = [lengths.get(axis, count) for axis, count in self.lengths.items()]
            x = np.concatenate([x, others, counts])
        found = (x, *rows)
        if not self.inputs_vary:
            self.constant_inputs = found
        return found

    def graph_of(
        self, which: int, by_position: dict[int, Value], inputs: tuple[Any, ...]
    ) -> Scalar:
        """Return an output as a graph on these parameters, at these inputs."""
        known: dict[Expression, Any] = {self.parameters[i]: x for i, x in by_position.items()}
        known |= dict(zip(self.inputs, inputs[0].tolist(), strict=True))
        for columns, table in zip(self.columns, inputs[1:], strict=True):
            known |= dict(zip(columns, table.T.tolist(), strict=True))
        return expanded_rows(self.outputs[which], known)

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
        recorded_length = len(self.graph.nodes)
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
            self.graph.cut(recorded_length)
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


class NotExactError(Exception):
    """An int among the arguments is larger than floats are exact."""


def exact_array(numbers: list[Any]) -> Any:
    """Return numbers as an array of floats. NotExactError if one is a larger int than that."""
    if {*map(type, numbers)} != {float}:
        ints = [x for x in numbers if isinstance(x, int)]
        if any(abs(x) > EXACT_INT for x in ints):
            raise NotExactError
    return np.array(numbers, float)


def _ends(guards: Sequence[Guard]) -> list[Expression]:
    return [x for guard in guards for x in (guard.left, guard.right)]
