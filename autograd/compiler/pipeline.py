"""All stages in a row: from a recorded function to the Python functions that stand for it."""

from __future__ import annotations

import operator
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..collector import collector_paused
from ..recording import reading, recording
from ..value import Constant, Value
from .array_functions import NUMBERS, Arrays
from .differentiate import gradient
from .expressions import Expression, Graph, reachable
from .print_numpy import Emitter
from .record import Guard, Traced, TraceRecorder, no_float
from .schedule import Schedule
from .simplify import Simplifier
from .source_layout import renumbered, wrapped
from .structure import flatten, rebuild

SYMBOLS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}


class Path:
    """A function recorded for one structure of arguments and one outcome of its comparisons."""

    def __init__(
        self, function: Callable[..., Any], structure: Any, leaves: list[Any], xp: Arrays
    ) -> None:
        self.xp, self.seconds = xp, dict[str, float]()
        started = time.perf_counter()
        recorder = TraceRecorder()
        with recording(recorder), reading(no_float):
            traced = [recorder.argument(x) for x in leaves]
            args, kwargs = rebuild(structure, iter(traced))
            result = function(*args, **kwargs)
            del args, kwargs
        outputs: list[Any] = []
        self.structure = flatten(result, outputs)
        self.outcomes = tuple([guard.outcome for guard in recorder.guards])
        self.recorded = len(recorder.nodes)
        self._clock("record", started)
        self._simplify(recorder, traced, [*map(_as_value, outputs)])
        self._programs: dict[str, Program] = {}

    def _clock(self, stage: str, started: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def _simplify(
        self, recorder: TraceRecorder, traced: list[Traced], outputs: list[Value]
    ) -> None:
        """Recorded nodes to expressions, and the leaves among them: arguments and live Values."""
        started = time.perf_counter()
        graph = self.graph = Graph()
        self.leaves: list[Value] = []  # Values from outside that the function uses
        known: dict[Any, Expression] = {node: graph.input() for node in traced}
        made_inside = _made_inside(recorder, outputs)
        guards = recorder.guards
        ends = [end for guard in guards for end in (guard.left, guard.right)]
        copies = {leaf: of for leaf in made_inside if (of := recorder.source(leaf))}
        if copies:
            outputs, ends = ([copies.get(x, x) for x in xs] for xs in (outputs, ends))
            for node in recorder.nodes:
                node.parents = tuple([copies.get(p, p) for p in node.parents])

        def leaf(node: Any) -> Expression:
            if node not in known:
                if node.is_constant or node in made_inside:
                    return graph.constant(node.data)
                self.leaves.append(node)
                known[node] = graph.input()
            return known[node]

        roots = Simplifier(graph, leaf).run(recorder.nodes, [*outputs, *ends])
        n = len(outputs)
        self.outputs = roots[:n]
        self.guards = [
            (guard, a, b)
            for guard, a, b in zip(guards, roots[n::2], roots[n + 1 :: 2], strict=True)
            if a.value is None or b.value is None
        ]
        used, in_outputs = set(reachable(roots)), set(reachable(self.outputs))
        of_values = [i for i, node in enumerate(traced) if type(node) is Traced]
        self.arguments = [i for i in of_values if known[traced[i]] in in_outputs]
        self.numbers = [i for i, node in enumerate(traced) if type(node) is not Traced]
        compared = used - in_outputs  # Values that are only compared are numbers to the program
        self.compared = [x for x in self.leaves if known[x] in compared]
        self.compared_arguments = [i for i in of_values if known[traced[i]] in compared]
        self.leaves = [x for x in self.leaves if known[x] in in_outputs]
        self.parameters = [known[x] for x in self.leaves] + [
            known[traced[i]] for i in self.arguments
        ]
        self.inputs = [known[traced[i]] for i in self.numbers]
        self.inputs += [known[x] for x in self.compared]
        self.inputs += [known[traced[i]] for i in self.compared_arguments]
        self.simplified = len(used)
        self.plain = not self.arguments and all(not leaf.parents for leaf in self.leaves)
        self.seeds: list[Expression] = []
        self._clock("simplify", started)

    def program(self, kind: str) -> Program:
        """The program that computes the values, or also the gradient of the (seeded) outputs."""
        if kind not in self._programs:
            with collector_paused():
                self._programs[kind] = Program(self, kind)
        return self._programs[kind]


class Program:
    """One emitted function: ``run`` takes the parameters and the inputs as flat arrays."""

    def __init__(self, path: Path, kind: str) -> None:
        started = time.perf_counter()
        graph, roots = path.graph, list(path.outputs)
        inputs = list(path.inputs)
        gradients: list[Expression] = []
        if kind == "gradient":
            gradients = gradient(graph, [(path.outputs[0], graph.one)], path.parameters)
        elif kind == "seeded":
            if not path.seeds:
                path.seeds = [graph.input() for _ in path.outputs]
            inputs += path.seeds
            gradients = gradient(
                graph, list(zip(path.outputs, path.seeds, strict=True)), path.parameters
            )
        ends = [end for _, a, b in path.guards for end in (a, b)]
        roots += gradients + ends
        path._clock("differentiate", started)
        started = time.perf_counter()
        final = Graph()
        known = {x: final.input() for x in (*path.parameters, *inputs)}

        def leaf(node: Expression) -> Expression:
            if node is graph.one:
                return final.one
            return known[node] if node.value is None else final.constant(node.value)

        simplifier = Simplifier(final, leaf)
        new = simplifier.run(reachable(roots), roots)
        for adjoint, of in graph.adjoint_of.items():  # for the names in the program
            ends_of = [simplifier.forms.get(graph.nodes[i]) for i in (adjoint, of)]
            if isinstance(ends_of[0], Expression) and isinstance(ends_of[1], Expression):
                final.adjoint_of.setdefault(ends_of[0].index, ends_of[1].index)
        n, m = len(path.outputs), len(path.outputs) + len(gradients)
        parameters = [known[x] for x in path.parameters]
        path._clock("simplify", started)
        started = time.perf_counter()
        schedule = Schedule(final, new, parameters, [known[x] for x in inputs])
        path._clock("schedule", started)
        started = time.perf_counter()
        emitter = Emitter(schedule, parameters, len(inputs))
        emitter.emit()
        gradients = [new[n + i] for i in emitter.order] if gradients else []
        guards = [
            (guard, a, b)
            for (guard, _, _), a, b in zip(path.guards, new[m::2], new[m + 1 :: 2], strict=True)
        ]
        self.order = emitter.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # in that order, unless they are arguments
        self.products: list[str] = []  # the matrix products, as text
        self.source = self._written(emitter, new[:n], gradients, guards)
        self.operations = emitter.operations
        final.release()
        namespace = {"xp": path.xp, "math": NUMBERS}
        for name, array in emitter.constants.items():
            namespace[name] = path.xp.asarray(array)
        exec(compile(self.source, "<compiled by autograd>", "exec"), namespace)
        self.run: Any = namespace["program"]
        self.pack = struct.Struct(f"{len(self.order)}d").pack
        path._clock("emit", started)

    def _written(
        self,
        emitter: Emitter,
        outputs: Sequence[Expression],
        gradients: Sequence[Expression],
        guards: Sequence[tuple[Guard, Expression, Expression]],
    ) -> str:
        tests = list(_tests(emitter, guards))
        values = emitter.listed(outputs)
        lines = ["def program(p, x):", *emitter.header()]
        gradient = f"gradient = {emitter.packed(gradients).at(0)}" if gradients else ""
        lines += [wrapped(line) for line in emitter.body()]
        for test in tests:
            lines += [wrapped(f"if {test}:"), "        return None  # another path than recorded"]
        lines += [wrapped(gradient)] if gradients else []
        lines += [wrapped(f"return {values}, {'gradient' if gradients else 'None'}"), ""]
        source, _, products = renumbered("\n".join([*lines, "\0", *emitter.products])).partition(
            "\0"
        )
        self.products = products.split("\n")[1:]
        return source.rstrip() + "\n"


def _tests(
    emitter: Emitter, guards: Sequence[tuple[Guard, Expression, Expression]]
) -> Iterator[str]:
    """The conditions under which the function would have branched otherwise."""
    alike: dict[tuple[Any, bool], list[tuple[Expression, Expression]]] = {}
    for guard, a, b in guards:
        if a.value is None or b.value is None:
            pairs = alike.setdefault((guard.test, guard.outcome), [])
            if (a, b) not in pairs[-8:]:
                pairs.append((a, b))
    for (test, outcome), pairs in alike.items():
        symbol = SYMBOLS[test]
        if len(pairs) <= 4:
            for a, b in pairs:
                source = f"{emitter.scalar(a.index).at(2)} {symbol} {emitter.scalar(b.index).at(2)}"
                yield f"not ({source})" if outcome else source
        else:
            left, right = (emitter.packed([pair[side] for pair in pairs]) for side in (0, 1))
            source = f"{left.at(2)} {symbol} {right.at(2)}"
            yield f"not xp.all({source})" if outcome else f"xp.any({source})"


def _as_value(x: Any) -> Value:
    return x if isinstance(x, Value) else Constant(x)


def _made_inside(recorder: TraceRecorder, outputs: Sequence[Value]) -> set[Value]:
    """The leaves that nobody but the recording knows: the function made them itself.

    ``Value(x)`` inside the function is a new leaf at each call, whose gradient nobody will see: a
    constant. Such a leaf is told by having no more references than the recording holds.
    """
    probe = Value(0.0)
    held: dict[Value, int] = {probe: 1}  # by the name ``probe``
    for node in recorder.nodes:
        for parent in node.parents:
            if type(parent) is Value:
                held[parent] = held.get(parent, 0) + 1
    for guard in recorder.guards:
        for end in (guard.left, guard.right):
            if type(end) is Value:
                held[end] = held.get(end, 0) + 1
    excess = [(leaf, sys.getrefcount(leaf) - count) for leaf, count in held.items()]
    least = excess[0][1]
    inside = {leaf for leaf, more in excess if more <= least and not leaf.parents}
    return inside - set(outputs) | {x for x in outputs if recorder.source(x)}
