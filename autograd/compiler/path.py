"""A path: one structure of arguments, one outcome of all comparisons, and its programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..collector import collector_paused
from ..tree import VALUE, Structure, build, flatten
from ..value import Scalar, Value
from .arguments import same_values
from .array_functions import Arrays
from .compiled_value import Call, CompiledValue
from .expressions import Expression
from .free_rows import Given
from .inputs import Inputs
from .pipeline import Seconds, printed_program, simplified_recording
from .print_numpy import Printed
from .process_lock import ProcessLock
from .program import TIE, Program
from .rows import expanded_rows

NO_ARGUMENTS = flatten(((), {}))[1]
ELSEWHERE = object()  # the call takes another path


class Path:
    """A function recorded for one structure of arguments and one outcome of its comparisons."""

    def __init__(
        self, function: Callable[..., Any], structure: Structure, leaves: list[Any], xp: Arrays
    ) -> None:
        self.xp, self.seconds = xp, Seconds()
        self.programs: dict[str, Program] = {}
        self.calls, self._lock = 0, ProcessLock()
        self.takes_nothing = structure == NO_ARGUMENTS
        self.same = same_values([x for x in leaves if isinstance(x, Value)])
        recording, self.code, self._ties = simplified_recording(
            function, structure, leaves, self.seconds
        )
        self.structure = recording.structure  # of the result
        self.outcomes = tuple([guard.outcome for guard in recording.guards])
        self.recorded = len(recording.tape)
        self.inputs = Inputs(recording, self.code, self.same)
        self.differentiable = len(self.code.outputs) == 1 and bool(self.inputs.wrt)
        self._seeds = [self.code.graph.input() for _ in self.code.outputs]

    def result(self, given: Given, with_gradient: bool) -> Any:
        """Return the result of a call; ELSEWHERE if it takes another path, or fails; or TIE."""
        kind = "gradient" if with_gradient and self.differentiable else "value"
        program = self.programs.get(kind) or self.program(kind)
        parents = program.parents
        if parents is None:
            parents = self.inputs.parents(program.order, given.leaves)
            if self.inputs.fixed:
                program.parents = parents
        inputs = self.inputs.constant or self.inputs.arrays(given.leaves, given.tables)
        if inputs is None:
            return ELSEWHERE
        same = parents is program.parents
        p, found = program.backend.computed_from(parents, same, inputs)
        if not found:
            return ELSEWHERE if found is None else TIE
        values, gradient = found
        if not with_gradient or not parents:
            return build(self.structure, iter([Value(y) for y in values]))
        call = Call(self, program, parents, p, inputs, gradient)
        if self.structure is VALUE:
            return CompiledValue(values[0], call)
        results = [
            Value(y) if output.value is not None else CompiledValue(y, call, i)
            for i, (y, output) in enumerate(zip(values, self.code.outputs, strict=True))
        ]
        return build(self.structure, iter(results))

    def program(self, kind: str) -> Program:
        """Return the program for the "value" alone, with its "gradient", or a "seeded" gradient.

        "gradient" is for one output. "seeded" is for several: it takes a weight for each of them.
        "first" is for several too: the gradient is of the first.
        """
        with self._lock:
            if kind not in self.programs:
                native = self.xp.backend != "numpy"
                self.programs[kind] = Program(self._printed(kind, native, self.seconds), self.xp)
            return self.programs[kind]

    def last_printed(self) -> Printed:
        """Return the last program as a person reads it, also if the interpreter runs it."""
        with self._lock:
            kind, program = next(reversed(self.programs.items()))
            if program.printed is None:
                program.printed = self._printed(kind, False, Seconds())
            return program.printed

    def _printed(self, kind: str, native: bool, seconds: Seconds) -> Any:
        taken, seeds = self.inputs.taken, list[Expression]()
        if kind == "gradient":
            seeds = [self.code.graph.one]
        if kind == "first":
            seeds = [self.code.graph.one, *[self.code.graph.zero] * (len(self._seeds) - 1)]
        if kind == "seeded":
            seeds = self._seeds
            taken = taken._replace(numbers=[*taken.numbers, *seeds])
        with collector_paused():
            return printed_program(self.code, self._ties, taken, seeds, seconds, native)

    def graph_of(self, which: int, by_position: dict[int, Value], inputs: Sequence[Any]) -> Scalar:
        """Return an output as a graph on these parameters, at these inputs."""
        taken = self.inputs.taken
        known: dict[Expression, Any] = {taken.parameters[i]: x for i, x in by_position.items()}
        known |= dict(zip(taken.numbers, inputs[0].tolist(), strict=True))
        for columns, table in zip(taken.columns, inputs[1:], strict=True):
            known |= dict(zip(columns, table.T.tolist(), strict=True))
        return expanded_rows(self.code.outputs[which], known)
