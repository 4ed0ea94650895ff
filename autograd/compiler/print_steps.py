"""Steps of an optimizer as one function of LLVM IR: a loop over batches, see `native_steps`.

A step runs the program of its batch, adds the derivative of a penalty, shortens the gradient, and
updates the parameters. The formula of the update is a Python function of numbers. It is called once
with Values, and their graph is printed: what depends on settings alone before the loop over the
parameters, the rest for a vector of them at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..operation import Operation
from ..recording import Recorder, forward_of, make_node, reading, recording, refuse_float
from ..value import Value, topological_order
from .llvm_arrays import Loops, Number, Part, elementwise
from .llvm_code import LaneMath, Lanes, Writer
from .print_llvm import DONE, TABLE_OF_ADDRESSES

# What the function takes: an array of addresses, with those of the tables of rows at its end.
JOB = ("progress", "batches", "work", "settings", "found", "penalties", "limits")
SHORTEST, LONGEST = 1e-150, 1e150  # length of a gradient whose square has all digits

Update = Callable[..., Sequence[Any]]


@dataclass(frozen=True)
class Work:
    """Where the numbers of the parameters lie in the memory of the steps: rows of ``size``."""

    size: int
    memory: int  # numbers that the optimizer remembers of each parameter

    @property
    def state(self) -> int:
        """The number of rows of a state: the parameters, and what the optimizer remembers."""
        return 1 + self.memory

    @property
    def before(self) -> int:
        """The parameters before the last step. The state is before it, and the next one."""
        return 2 * self.state

    @property
    def slopes(self) -> int:
        """The gradient of the program. Two rows follow: with the penalty, and shortened."""
        return self.before + 1

    @property
    def gradient(self) -> int:
        return self.slopes + 2

    @property
    def penalized(self) -> int:
        """The factor of each parameter in the penalty."""
        return self.gradient + 1

    @property
    def rows(self) -> int:
        return self.penalized + 1

    def part(self, row: int, rows: int = 1) -> Part:
        return Part("%work", row * self.size, (rows * self.size,), (1,))


class Formula:
    """The graph of an update, for settings, a parameter, its derivative, and its memory."""

    def __init__(self, update: Update, settings: int, memory: int) -> None:
        self.settings = [Value(0.5) for _ in range(settings)]  # any number: the graph is the same
        self.inputs = [Value(0.5) for _ in range(2 + memory)]
        with recording(_NoBranches()), reading(refuse_float):
            found = update(self.settings, *self.inputs)
            self.results = [x if isinstance(x, Value) else Value(x) for x in found]
        self.nodes = list(dict.fromkeys(x for y in self.results for x in topological_order(y)))
        self.varying = set(self.inputs)  # from parameter to parameter
        for node in self.nodes:
            if not self.varying.isdisjoint(node.parents):
                self.varying.add(node)


class _NoBranches(Recorder):
    """Makes nodes, and allows no comparison, since it may come out differently at another step."""

    makes_nodes = True

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs = [p.data for p in parents]
        return make_node(operation, parents, xs, operation.value(xs, parents))

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Any) -> bool:
        raise TypeError("the update of an optimizer compares numbers, which no formula can do")


def print_steps(
    formula: Formula,
    work: Work,
    row_sizes: Sequence[int],
    results: int,
    penalized: bool,
    lanes: int,
) -> str:
    """Return the function ``steps(job)``, for programs with so many results and tables of rows.

    ``row_sizes`` are the counts of numbers in a row of each table.
    """
    writer = Writer(lanes)
    writer.begin("entry")
    for i, name in enumerate([*JOB, *[f"rows{i + 1}" for i in range(len(row_sizes))]]):
        place = writer.value(f"getelementptr inbounds ptr, ptr %job, i64 {i}")
        writer.do(f"%{name} = load ptr, ptr {place}, align 8")
    writer.do("%count = load i64, ptr %progress, align 8")
    step = _Step(writer, formula, work, row_sizes, results, penalized)
    writer.loop(0, "%count", 1, step.write)
    lines = ["define i32 @steps(ptr %job) {", *writer.lines, f"  ret i32 {DONE}", "}"]
    return "\n".join([*lines, *sorted(writer.declared)])


class _Step:
    """Writes one step. It leaves the function before anything is changed, if Python has to go on.

    That is where the program does not hold for the batch, or where a number is not finite.
    """

    def __init__(
        self, writer: Writer, formula: Formula, work: Work, row_sizes: Sequence[int], results: int,
        penalized: bool,
    ) -> None:  # fmt: skip
        self.writer, self.formula, self.work = writer, formula, work
        self.row_sizes, self.results, self.penalized = row_sizes, results, penalized
        self.loops, self.math = Loops(writer, "%scratch"), LaneMath(writer, vectors=False)

    def write(self, batch: Any, _: list[Lanes]) -> list[Lanes]:
        work, loops, writer = self.work, self.loops, self.writer
        self.found = Part(self._at("%found", "double", batch, self.results + 1), 0, (), ())
        self._run(batch)
        slopes = work.slopes
        if self.penalized:
            self._add_penalty(batch)
            slopes += 1
        norm = self.math.sqrt(self._squares(work.part(slopes)))
        sizes = elementwise(self.math.fabs, work.part(slopes))
        is_zero = loops.number(loops.reduced(sizes, [0], operator.add)) == 0.0
        self._leave_unless(is_zero.either(norm.compared("ogt", SHORTEST)))
        self._leave_unless(norm.compared("olt", LONGEST))
        loops.store(norm, self._result(self.results), [])
        self._update(work.part(slopes), norm)
        self._leave_unless(self._squares(work.part(work.state)).compared("one", float("inf")))
        for row, rows, to in ((0, 1, work.before), (work.state, work.state, 0)):
            loops.written(work.part(row, rows), work.part(to, rows))
        count = Part("%settings", 0, (), ())
        loops.store(loops.load(count, []) + 1.0, count, [])
        done = self._at("%progress", "i64", 1)
        writer.do(f"store i64 {writer.value(f'add nuw nsw i64 {batch}, 1')}, ptr {done}, align 8")
        return []

    def _run(self, batch: Any) -> None:
        """Write the call of the batch's program, on its rows."""
        writer = self.writer
        record = self._at("%batches", "i64", batch, 3)
        program = writer.value(f"load ptr, ptr {record}, align 8")
        table = writer.value(f"load ptr, ptr {self._at(record, 'i64', 1)}, align 8")
        start = writer.value(f"load i64, ptr {self._at(record, 'i64', 2)}, align 8")
        addresses = writer.value(f"load ptr, ptr {table}, align 8")
        given = [(TABLE_OF_ADDRESSES.index("results"), self.found.base)]
        for i, size in enumerate(self.row_sizes):
            row = self._at(f"%rows{i + 1}", "double", start, size)
            given.append((len(TABLE_OF_ADDRESSES) + i, row))
        for i, address in given:
            writer.do(f"store ptr {address}, ptr {self._at(addresses, 'ptr', i)}, align 8")
        status = writer.value(f"call i32 {program}(ptr {table})")
        writer.leave_if(writer.value(f"icmp ne i32 {status}, {DONE}"), 1)

    def _add_penalty(self, batch: Any) -> None:
        """Write what adds the penalty to the loss, and its derivative to the gradient."""
        work, loops = self.work, self.loops
        factor = loops.load(Part(self._at("%penalties", "double", batch), 0, (), ()), [])
        weights = elementwise(operator.mul, work.part(work.penalized), work.part(0))
        derivative = elementwise(operator.mul, Number(2.0 * factor), weights)
        slopes = work.part(work.slopes)
        loops.written(elementwise(operator.add, slopes, derivative), work.part(work.slopes + 1))
        loss = loops.load(self._result(0), []) + factor * self._squares(weights)
        self._leave_unless(self.math.fabs(loss).compared("one", float("inf")))
        loops.store(loss, self._result(0), [])

    def _update(self, slopes: Part, norm: Lanes) -> None:
        """Write the next state, and the gradient that the optimizer sees."""
        formula, work, loops, writer = self.formula, self.work, self.loops, self.writer
        longest = loops.load(Part("%limits", 0, (), ()), [])
        factor = longest / (norm + 1e-6)
        shortening = (factor < 1.0).chosen(factor, 1.0)
        fixed = {
            x: loops.load(Part("%settings", i, (), ()), []) for i, x in enumerate(formula.settings)
        }
        self._compute([x for x in formula.nodes if x not in formula.varying], fixed, 1)
        rest = [x for x in formula.nodes if x in formula.varying]
        state = [work.part(i) for i in range(work.state)]
        following = [work.part(work.state + i) for i in range(work.state)]
        gradient = work.part(work.gradient)

        def body(index: Any, width: int) -> None:
            slope = loops.load(slopes, [index], width) * writer.spread(shortening, width)
            loops.store(slope, gradient, [index])
            theta, *memory = [loops.load(part, [index], width) for part in state]
            known = {x: writer.spread(lanes, width) for x, lanes in fixed.items()}
            known |= dict(zip(formula.inputs, [theta, slope, *memory], strict=True))
            self._compute(rest, known, width)
            for result, part in zip(formula.results, following, strict=True):
                loops.store(known[result], part, [index])

        loops.spans(work.size, writer.lanes, body)

    def _compute(self, nodes: Sequence[Value], known: dict[Value, Lanes], width: int) -> None:
        """Write the operations of these nodes, parents first, and add them to what is known."""
        for node in nodes:
            if node in known:
                continue
            if node.op is None:
                known[node] = self.writer.constant(node.data, width)
            else:
                known[node] = forward_of(node.op, self.math, [known[p] for p in node.parents])

    def _squares(self, x: Any) -> Lanes:
        """Return the sum of the squares of all elements."""
        loops = self.loops
        return loops.number(loops.reduced(elementwise(operator.mul, x, x), [0], operator.add))

    def _leave_unless(self, condition: Any) -> None:
        self.writer.leave_if(self.writer.value(f"xor i1 {condition.name}, true"), 1)

    def _result(self, i: int) -> Part:
        return Part(self.found.base, i, (), ())

    def _at(self, base: str, kind: str, index: Any, size: int = 1) -> str:
        """Return the address of a part of an array whose parts have ``size`` elements."""
        writer = self.writer
        place = index if size == 1 else writer.value(f"mul nuw nsw i64 {index}, {size}")
        return writer.value(f"getelementptr inbounds {kind}, ptr {base}, i64 {place}")
