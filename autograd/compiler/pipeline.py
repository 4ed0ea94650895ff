"""All stages in a row: from a function to its recording, and on to the programs that compute it."""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..recording import reading, recording
from ..tree import Structure, build, flatten
from ..value import Constant, Value
from .array_functions import NUMBERS, Arrays
from .differentiate import gradient
from .expressions import Expression, Graph, reachable
from .print_numpy import Printed, print_numpy
from .record import Traced, TracedNumber, TraceRecorder, no_float
from .schedule import Schedule
from .simplify import Simplifier, fresh


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
        with self._timed("record"):
            recorder = TraceRecorder()
            with recording(recorder), reading(no_float):
                arguments = [recorder.argument(x) for x in leaves]
                args, kwargs = build(structure, iter(arguments))
                result = function(*args, **kwargs)
                del args, kwargs
            found, self.structure = flatten(result)
        self.outcomes = tuple([guard.outcome for guard in recorder.guards])
        self.recorded = len(recorder.nodes)
        with self._timed("simplify"):
            outputs = [x if isinstance(x, Value) else Constant(x) for x in found]
            self._simplify(recorder, arguments, outputs)
        self.seeds = [self.graph.input() for _ in self.outputs]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - started

    def _simplify(
        self, recorder: TraceRecorder, arguments: list[Traced], outputs: list[Value]
    ) -> None:
        """Turn recorded nodes into expressions, and find out which leaves they depend on."""
        graph = self.graph = Graph()
        live = self.live = list[Value]()
        known: dict[Any, Expression] = {node: graph.input() for node in arguments}
        inside = recorder.made_inside(outputs)
        roots = [*outputs, *[x for guard in recorder.guards for x in (guard.left, guard.right)]]
        copies = {x: source for x in inside if (source := recorder.source(x))}
        if copies:
            roots = [copies.get(x, x) for x in roots]
            for node in recorder.nodes:
                node.parents = tuple([copies.get(p, p) for p in node.parents])

        def leaf(node: Any) -> Expression:
            if node not in known:
                if node.is_constant or node in inside:
                    return graph.constant(node.data)
                live.append(node)
                known[node] = graph.input()
            return known[node]

        expressions = Simplifier(graph, leaf).run(recorder.nodes, roots)
        rest = iter(expressions)
        self.outputs = [next(rest) for _ in outputs]
        guards = [g._replace(left=next(rest), right=next(rest)) for g in recorder.guards]
        self.guards = [g for g in guards if g.left.value is None or g.right.value is None]
        used, in_outputs = set(reachable(expressions)), set(reachable(self.outputs))
        self.simplified = len(used)
        n, leaves = len(arguments), [known[x] for x in (*arguments, *live)]
        self.numbers = [i for i, x in enumerate(arguments) if type(x) is TracedNumber]
        values = [*range(n, len(leaves)), *sorted({*range(n)} - {*self.numbers})]
        self.wrt = [i for i in values if leaves[i] in in_outputs]
        self.compared = [i for i in values if leaves[i] in used and leaves[i] not in in_outputs]
        self.parameters = [leaves[i] for i in self.wrt]
        self.inputs = [leaves[i] for i in (*self.numbers, *self.compared)]
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

    def numbers_in(self, leaves: list[Any]) -> Any:
        """Return the inputs of a call with these leaves of arguments, as an array."""
        numbers = [leaves[i] for i in self.numbers]
        if self.compared:
            everything = [*leaves, *self.live]
            numbers += [everything[i].data for i in self.compared]
        return np.array(numbers, float)

    def program(self, kind: str) -> Program:
        """Return the program for the "value" alone, with its "gradient", or a "seeded" gradient.

        "gradient" is for one output. "seeded" is for several: it takes a weight for each of them.
        """
        if kind not in self.programs:
            with collector_paused():
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
            ends = [x for guard in self.guards for x in (guard.left, guard.right)]
            seeds = self.seeds if kind == "seeded" else []
            leaves = [*self.parameters, *self.inputs, *seeds]
            graph, roots, leaves = fresh(self.graph, [*self.outputs, *gradients, *ends], leaves)
        with self._timed("schedule"):
            n = len(self.parameters)
            schedule = Schedule(graph, roots, leaves[:n], leaves[n:])
        with self._timed("emit"):
            rest = iter(roots)
            outputs, gradients = ([next(rest) for _ in xs] for xs in (self.outputs, gradients))
            guards = [g._replace(left=next(rest), right=next(rest)) for g in self.guards]
            printed = print_numpy(schedule, leaves[:n], len(leaves) - n, outputs, gradients, guards)
            graph.release()
            return Program(printed, self.xp)
