"""All stages in a row: from a function to its recording, and on to the programs that compute it."""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set, ValuesView
from contextlib import contextmanager
from dataclasses import is_dataclass
from threading import RLock
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..operation import Node
from ..recording import reading, recording
from ..tree import Static, Structure, build, flatten
from ..value import Constant, Scalar, Value
from .arguments import same_values
from .array_functions import NUMBERS, Arrays
from .differentiate import gradient
from .expressions import Expression, Graph, reachable
from .print_numpy import Printed, print_numpy
from .record import (
    EXACT_INT,
    Comparison,
    Guard,
    Traced,
    TracedNumber,
    TracedValueError,
    no_float,
    reads_seen,
)
from .rounding import near_ties
from .rows import RowRecorder, expanded_rows
from .schedule import Schedule
from .simplify import AsWritten, fresh


class CannotRecordError(Exception):
    """A function does what no recording can repeat, so it has to run as it is."""


class Program:
    """One emitted function. ``run`` takes the parameters and the inputs as flat arrays."""

    def __init__(self, printed: Printed, xp: Arrays) -> None:
        self.printed = printed
        self.order = printed.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # the parameters, if they never change
        namespace = {"xp": xp, "math": NUMBERS}
        for name, array in printed.constants.items():
            namespace[name] = xp.asarray(array)
        exec(compile(printed.source, "<compiled by autograd>", "exec"), namespace)
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
            recorder = RowRecorder()
            distinct = {id(x): recorder.argument(x) for x in leaves if isinstance(x, Value)}
            given = [distinct.get(id(x)) or recorder.argument(x) for x in leaves]
            with recording(recorder), reading(no_float):
                args, kwargs = build(structure, iter(given))
                try:
                    with reads_seen():
                        result = function(*args, **kwargs)
                except TracedValueError:
                    if recorder.failed:  # then not even the derivative was as it will be
                        raise CannotRecordError(recorder.failed[0]) from None
                    raise
                check_unchanged((args, kwargs), build(structure, iter(given)))
                found, self.structure = flatten(returned(result), refused)
                del args, kwargs, result
            arguments = [x.node if type(x) is TracedNumber else x for x in given]
            found = [x.node if type(x) is TracedNumber else x for x in found]
            if reasons := recorder.caught + recorder.failed:
                raise CannotRecordError(reasons[0])
        self.kinds = [type(x) for x in leaves] if recorder.kinds_asked else None
        self.outcomes = tuple([guard.outcome for guard in recorder.guards])
        self.recorded = len(recorder.nodes)
        with self._timed("simplify"):
            outputs = [x if isinstance(x, Value) else Constant(x) for x in found]
            plain = {id(x.node) for x in given if type(x) is TracedNumber}
            self._simplify(recorder, arguments, plain, outputs)
        self.seeds = [self.graph.input() for _ in self.outputs]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.thread_time()  # what other threads do meanwhile costs nothing here
        yield
        self.seconds[stage] += time.thread_time() - started

    def _simplify(
        self,
        recorder: RowRecorder,
        arguments: list[Traced],
        plain: set[int],
        outputs: list[Value],
    ) -> None:
        """Turn recorded nodes into expressions, and find out which leaves they depend on."""
        graph = self.graph = Graph()
        live = self.live = list[Value]()
        known: dict[Any, Expression] = {
            node: graph.input() for node in arguments if id(node) not in plain
        }
        for node, axis in [(x, b.axis) for b in recorder.batches for x in b.columns]:
            known[node] = graph.input(plain=True, axis=axis)
        known |= {node: graph.length(axis) for axis, node in recorder.lengths.items()}
        copies = {leaf: source for leaf, source in recorder.made.items() if source is not None}
        roots = [*outputs, *[x for guard in recorder.guards for x in (guard.left, guard.right)]]
        if copies:
            roots = [copies.get(x, x) for x in roots]
            for node in recorder.nodes:
                node.parents = tuple([copies.get(p, p) for p in node.parents])

        def leaf(node: Any) -> Expression:
            if node not in known:
                if id(node) in plain:
                    known[node] = graph.input(plain=True)
                    return known[node]
                if type(node) is Traced:
                    raise TracedValueError(
                        f"{node!r} was computed in an earlier call of a compiled function, and "
                        "kept in a cache, an attribute or a list: return it from the function"
                    )
                if node.is_constant or node in recorder.made:
                    return graph.constant(node.data)
                live.append(node)
                known[node] = graph.input()
            return known[node]

        expressions = AsWritten(graph, leaf).run(recorder.nodes, roots)
        rest = iter(expressions)
        self.outputs = [next(rest) for _ in outputs]
        guards = [g._replace(left=next(rest), right=next(rest)) for g in recorder.guards]
        guards = [g for g in guards if g.left.value is None or g.right.value is None]
        used, in_outputs = set(reachable(expressions)), set(reachable(self.outputs))
        self.simplified = len(used)
        self.guards, self.ties = guards, near_ties(graph, guards)
        n, leaves = len(arguments), [known.get(x) for x in (*arguments, *live)]
        first = [leaves.index(x) == i for i, x in enumerate(leaves)] if self.same else [True] * n
        numbers = [i for i, x in enumerate(arguments) if id(x) in plain]
        self.numbers = [i for i in numbers if leaves[i] is not None]
        self.batches, self.rows = recorder.batches, [len(b.numbers) for b in recorder.batches]
        self.row_places = [
            None if b.places is None else [numbers[i] for i in b.places.ravel().tolist()]
            for b in recorder.batches
        ]
        self.columns = [[known[x] for x in batch.columns] for batch in recorder.batches]
        self.lengths = [node.value for node in recorder.lengths.values()]
        values = [*range(n, len(leaves)), *sorted({*range(n)} - {*numbers})]
        values = [i for i in values if i >= n or first[i]]
        self.wrt = [i for i in values if leaves[i] in in_outputs]
        self.compared = [i for i in values if leaves[i] in used and leaves[i] not in in_outputs]
        self.parameters = [leaves[i] for i in self.wrt]
        self.inputs = [leaves[i] for i in (*self.numbers, *self.compared)]
        self.inputs += [known[node] for node in recorder.lengths.values()]
        self.takes_numbers = bool(self.inputs or self.batches)
        self.fixed = all(i >= n for i in self.wrt)  # no argument is among the parameters
        self.plain = self.fixed and all(not live[i - n].parents for i in self.wrt)

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
        """Return the inputs of a call with these leaves of arguments: flat, then for each batch.

        None if the path does not hold for numbers of these types, or for so large ints.
        """
        numbers = [leaves[i] for i in self.numbers]
        rows = [
            batch.numbers.ravel() if places is None else [leaves[i] for i in places]
            for batch, places in zip(self.batches, self.row_places, strict=True)
        ]
        for given in (numbers, *rows):
            if isinstance(given, list) and {*map(type, given)} != {float}:
                ints = [x for x in given if isinstance(x, int)]
                if any(abs(x) > EXACT_INT for x in ints):
                    return None
        if self.kinds is not None and self.kinds != [*map(type, leaves)]:
            return None
        if self.compared:
            everything = [*leaves, *self.live]
            numbers += [everything[i].data for i in self.compared]
        tables = [np.array(x, float).reshape(n, -1) for x, n in zip(rows, self.rows, strict=True)]
        return np.array([*numbers, *self.lengths], float), *tables

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


def check_unchanged(arguments: Any, as_given: Any) -> None:
    """Raise TracedValueError if the function has changed a list or dict among its arguments."""
    kind = type(as_given)
    if kind is type(arguments) and issubclass(kind, list | tuple | dict | np.ndarray):
        if len(arguments) == len(as_given) and (kind is not dict or [*arguments] == [*as_given]):
            parts = [x.values() if kind is dict else x for x in (arguments, as_given)]
            for part, given in zip(*parts, strict=True):
                check_unchanged(part, given)
            return
    elif arguments is as_given or not isinstance(as_given, Node):
        return
    raise TracedValueError(
        "a compiled function changed a list or dict that it was given, which its caller would not "
        "see: change a copy of it"
    )


def returned(result: Any) -> Any:
    """Return the result with its bools and comparisons as things: they stay bools."""
    kind = type(result)
    if kind is bool or kind is Comparison:
        return Static(bool(result))
    if kind is dict:
        return {key: returned(x) for key, x in result.items()}
    if kind in (list, tuple) and not {*map(type, result)} <= {float, Traced, Value}:
        return kind([returned(x) for x in result])
    return result


def refused(x: Any) -> Structure:
    """Return a part of a result that is no number. An error if it could hide numbers."""
    views: Any = Iterator | Set | ValuesView
    held = map(type, getattr(x, "__dict__", {}).values())
    if isinstance(x, views) or {Traced, TracedNumber, Comparison} & {*held} or is_dataclass(x):
        raise TracedValueError(
            f"a compiled function returned a {type(x).__name__}, which hides its numbers: "
            "return a list, a tuple or a dict of them"
        )
    return Static(x)
