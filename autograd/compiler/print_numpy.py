"""Stage 6, emit: the schedule as a Python function that a person can read.

The function takes the parameters (leaves of the graph, Values) and the inputs (plain numbers) as
two flat arrays, ``p`` and ``x``. It returns a list of results, and the gradient as a flat array.

Every array operation is a line. Its name says what it computes: z a sum of products, a another
operation on elements, s a sum, m a maximum or minimum, dz the adjoint of z. Other lines name a
matrix W or a vector w of parameters, a matrix X or a vector v of inputs, and a Python number t.
Constant numbers are called c, constant indices i.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from .. import ops
from ..operation import Operation
from .batch import Over
from .expressions import Expression, pairs_of
from .matrices import Ids, terms_in_order
from .operands import XP, concatenated, constant_along, spread
from .print_rows import RowOperands
from .python_code import Code, code, constant_in, named, negated, written
from .schedule import INPUT, PARAMETER, Group, Schedule
from .source_lines import Line, laid_out, name_lines, replaced, shown, without_moved
from .traced import Guard
from .views import steps_of

TIE = "()  # a tie, which eager code decides"
OTHER_PATH = "None  # another path than recorded"
MAX_SINGLE_RESULTS = 7  # numbers that are returned one by one, not read from an array as a list
MAX_SINGLE_TESTS = 4  # comparisons of one kind that are tested one by one, not as arrays
MAX_RUNS = 24  # runs of consecutive elements that are concatenated, not gathered
MAX_LISTED_CONSTANTS = 12  # that the comment at the top names
MAX_UNROLLED_TERMS = 3  # of a sum that is written out
MAX_TERMS = 32  # of a sum in one line; `ast.unparse` and Python's own compiler recurse for each

Terms = Sequence[tuple[Code, Code]]  # the products that a sum is made of


@dataclass(frozen=True)
class Structure:
    """What a program is made of, for another printer."""

    lines: list[Line]
    tests: list[tuple[Code, bool]]  # whether to leave the program, and whether for a tie
    results: Code
    gradient: Code | None
    axes: Sequence[int | None]  # which batches have the same rows; None: always as many


@dataclass(frozen=True)
class Printed:
    """A program in writing: ``program(p, x)`` returns the results and the gradient.

    NumPy runs ``faster_source``. It differs in matrix products and sums of rows, which are calls of
    ``dot``, because NumPy starts them sooner.
    """

    source: str
    faster_source: str
    constants: dict[str, Any]  # arrays that the source names
    order: list[int]  # the parameters in ``p``, and in the gradient, as positions in those given
    operations: int  # on arrays
    products: list[str]  # the matrix products, as text
    structure: Structure  # with the changes of ``faster_source``


def print_numpy(
    schedule: Schedule,
    parameters: Sequence[Expression],
    inputs: int,
    outputs: Sequence[Expression],
    gradient: Sequence[Expression],
    guards: Sequence[Guard],
    kind: type[Printer] | None = None,
) -> Printed:
    """Return the program that computes ``outputs`` and ``gradient`` while the guards hold.

    ``kind`` is the printer for another array library.
    """
    printer = (kind or Printer)(schedule, parameters, inputs)
    printer.print_steps()
    tests = list(printer.tests(guards))
    results = printer.listed(outputs)
    packed = [printer.packed([gradient[i] for i in printer.order])] if gradient else []
    lines = without_moved(printer.lines, [*[test for test, _ in tests], results, *packed])
    name_lines(lines, [printer.arrays[PARAMETER], printer.arrays[INPUT], *printer.batches])
    arguments = ", ".join(["p", "x", *[line.kind for line in printer.batches]])
    head = [f"def program({arguments}):", *printer.header()]
    body = [laid_out(f"{line.name} = ", line.value, shape=sizes(line)) for line in lines]
    end = []
    for test, tie in tests:
        end += [laid_out("if ", test, ":"), f"        return {TIE if tie else OTHER_PATH}"]
    end += [laid_out("gradient = ", value) for value in packed]
    end.append(laid_out("return ", results, ", gradient" if gradient else ", None"))
    faster = [
        text if line.of_numbers else f"    {line.name} = {replaced(line.value, printer.faster)}"
        for line, text in zip(lines, body, strict=True)
    ]
    return Printed(
        source="\n".join([*head, *body, *end, ""]),
        faster_source="\n".join([*head, *faster, *end, ""]),
        constants=printer.constants,
        order=printer.order,
        operations=printer.operations,
        products=[f"{product}: {shapes}" for product, shapes in printer.products],
        structure=Structure(lines, tests, results, packed[0] if packed else None, printer.axes()),
    )


def sizes(line: Line) -> tuple[Any, ...]:
    """Return the shape of an array, for a comment."""
    return ("rows", *line.shape) if line.has_rows else line.shape


class Printer(RowOperands):
    """Writes the lines of one program."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        super().__init__(schedule, parameters, inputs)
        self._differentiated = set[Line]()  # those whose adjoint has been named
        self.batches: list[Line] = []  # the inputs that have rows
        for group in schedule.groups:
            if group.kind == "inputs":
                name = f"rows{len(self.batches) + 1}"
                line = Line(name, named(name), group.arrangement.shape, has_rows=True)
                self.batches.append(line)
                self.arrays[group.number] = line

    def axes(self) -> list[int | None]:
        """Return a number for each batch, the same for those with the same rows.

        None for a batch that has the same number of rows at every call.
        """
        axes = [group.axis for group in self.schedule.groups if group.kind == "inputs"]
        return [axes.index(axis) if axis and axis.is_free else None for axis in axes]

    # ----------------------------------------------------------------------------------- steps

    def print_steps(self) -> None:
        """Write the lines that compute all groups and numbers of the schedule."""
        numbers = [step for step in self.schedule.steps if isinstance(step, Expression)]
        group = self.places.group_list
        self.reads = Counter(group[p.index] for node in numbers for p in node.parents)
        for step in self.schedule.steps:
            if isinstance(step, Group):
                self._print_group(step)
            else:
                self._add_number(step.index, self._number(step))

    def _add_number(self, index: int, line: Line) -> None:
        self.lines.append(line)
        self.numbers[index] = line.name

    def _number(self, node: Expression) -> Line:
        assert node.op is not None
        if node.op is ops.dot or node.op is ops.mul:
            pairs = [(self.scalar(a.index), self.scalar(b.index)) for a, b in pairs_of(node)]
            return self._sum("t", pairs)
        operands = [self.scalar(p.index) for p in node.parents]
        return Line("t", self.written(node.op, operands, named("math")), of_numbers=True)

    def written(self, operation: Operation, operands: Sequence[Code], functions: Code) -> Code:
        """Return an operation at ``operands``, with the functions of arrays or of numbers."""
        return written(operation, operands, functions)

    def _sum(self, kind: str, terms: Terms, shape: tuple[int, ...] = ()) -> Line:
        """Return a line that sums these products. Many terms take several lines."""
        while len(terms) > MAX_TERMS:
            part = Line(kind, _sum_of_products(terms[:MAX_TERMS]), shape, of_numbers=not shape)
            self.lines.append(part)
            terms = [(code(1.0), part.name), *terms[MAX_TERMS:]]
        return Line(kind, _sum_of_products(terms), of_numbers=not shape)

    def _print_group(self, group: Group) -> None:
        kinds = {"ragged": self._ragged, "elementwise": self._elementwise}
        to_line = kinds.get(group.kind, self._reduction)
        if isinstance(group.op, Over):
            to_line = self.line_over_rows
        line = to_line(group)
        line.has_rows = group.axis is not None
        self.operations += 1
        if group.is_number:
            self._add_number(int(group.members[0]), Line("t", named("float")(line.value)))
            return
        line.shape, line.may_move = group.arrangement.shape, not self.reads[group.number]
        line.of = self._differentiated_by(group)
        if line.of is not None:
            line.kind = "d{}"
        self.lines.append(line)
        self.arrays[group.number] = line

    def _differentiated_by(self, group: Group) -> Line | None:
        """Return the line that this is the first adjoint of, None if it is something else."""
        first = int(group.members[max(group.arrangement.order[0], 0)])
        of = self.schedule.graph.adjoint_of.get(first)
        if of is None:
            return None
        where = self.places.group_list[of]
        if where == PARAMETER:
            line = self.matrices.get(int(self.places.position[of]))
        else:
            line = self.arrays.get(where) if where != INPUT else None
        if line is None or line.of is not None or line in self._differentiated:
            return None
        self._differentiated.add(line)
        return line

    def _elementwise(self, group: Group) -> Line:
        columns = [spread(group, c) for c in group.columns]
        operands = [self.operand(c) for c in columns]
        alike = [n > 1 and all(constant_along(c, i) for c in columns)
                 for i, n in enumerate(group.arrangement.shape)]  # fmt: skip
        if any(alike):  # members that differ in the order of their operands: one has all axes
            full = next(
                i for i, c in enumerate(columns) if self.nodes[int(c.flat[0])].value is None
            )
            operands[full] = self.operand(columns[full], exact=True)
        if group.op is ops.dot or group.op is ops.mul:
            terms = list(zip(operands[::2], operands[1::2], strict=True))
            line = self._sum("z", terms, group.arrangement.shape)
            line.is_sum = True
            return line
        return Line("a", self.written(group.op, operands, XP))

    def _ragged(self, group: Group) -> Line:
        assert group.offsets is not None
        starts = self.constant("i", group.offsets)
        factor = self._same_constant(group.columns[0])
        columns = group.columns if factor is None else group.columns[1:]
        first, *second = [self.operand(c, terms=True) for c in columns]
        values = _sum_of_products([(first, second[0])]) if second else first
        name = "sum" if group.op is ops.dot else group.op.name
        return Line("s", _multiple(factor, XP.segments(name, values, starts)))

    def _reduction(self, group: Group) -> Line:
        arrangement = group.arrangement
        if len(group.columns) == 1:  # an n-ary operation
            ids = group.columns[0][arrangement.order]
            if group.axis is not None:
                values = self.operand(ids, exact=True)
                return Line("m", getattr(XP, group.op.name).reduce(values, axis=-1))
            source, axis = self._in_memory_order(ids[0] if group.is_number else ids)
            return Line("m", getattr(XP, group.op.name).reduce(source, axis=axis))
        lefts, rights = arrangement.lefts, arrangement.rights
        assert lefts is not None
        assert rights is not None
        if group.is_number:  # the parameters have their final places only now
            lefts, rights = (x[0] for x in terms_in_order(self.places, lefts, rights))
        factor = self._same_constant(lefts)
        if factor is None:
            if group.axis is not None:
                return self.product_with_rows(lefts, rights)
            return self._matrix_product(lefts, rights)
        if group.axis is not None:
            total = XP.sum(self.operand(rights, exact=True), axis=-1)
            return Line("s", _multiple(factor, total))
        source, axis = self._in_memory_order(rights)
        total = XP.sum(source) if rights.ndim == 1 else XP.sum(source, axis=axis)
        if rights.ndim == 2:
            ones = XP.ones[rights.shape[-1]]
            self.faster[total.tree] = (source.dot(ones) if axis else ones.dot(source)).tree
        return Line("s", _multiple(factor, total))

    def _matrix_product(self, lefts: Ids, rights: Ids) -> Line:
        """Return the dots of these rows: a matrix product, if rows repeat as in one.

        In a product, left rows are the same along the last axis, and right rows along the axis
        before. The terms of the dots lie along one more axis.
        """
        axes = lefts.ndim - 1
        if axes == 0:
            return Line("s", self._product(lefts, rights))
        for a, b in ((lefts, rights), (rights, lefts)):
            if axes == 1 and constant_along(a, 0):
                return Line("z", self._product(b, a[0]))
            if axes > 1 and constant_along(a, axes - 1) and constant_along(b, axes - 2):
                return Line("z", self._product(a[..., 0, :], b[..., 0, :, :].swapaxes(-1, -2)))
        if lefts.shape[-1] <= MAX_UNROLLED_TERMS:
            columns = [(lefts[..., k], rights[..., k]) for k in range(lefts.shape[-1])]
            terms = [(self.operand(a), self.operand(b)) for a, b in columns]
            return Line("z", _sum_of_products(terms))
        left, right = (self.operand(ids, terms=True) for ids in (lefts, rights))
        return Line("s", XP.sum(_sum_of_products([(left, right)]), axis=-1))

    def _product(self, left: Ids, right: Ids) -> Code:
        return self.product_of(
            self.operand(left, exact=True), self.operand(right, exact=True), left, right
        )

    def _same_constant(self, ids: Ids) -> float | None:
        """Return the constant that all these expressions are, None if they are not."""
        first = self.nodes[int(ids.flat[0])].value
        return first if first is not None and (ids == ids.flat[0]).all() else None

    def _in_memory_order(self, ids: Ids) -> tuple[Code, int]:
        """Return an array of these elements, its axes as they lie in memory, and its last axis."""
        groups = self.places.group[ids]
        order = list(range(ids.ndim))
        if ids.ndim > 1 and (groups == groups.flat[0]).all() and groups.flat[0] >= 0:
            steps = steps_of(self.places.position[ids])
            order.sort(key=lambda axis: -steps[axis])
        operand = self.operand(ids.transpose(order), exact=True)
        return operand, order.index(ids.ndim - 1)

    # --------------------------------------------------------------------------------- results

    def tests(self, guards: Sequence[Guard]) -> Iterator[tuple[Code, bool]]:
        """Yield the conditions under which the function would take another branch, or might."""
        alike: dict[tuple[Any, bool, bool], list[tuple[Expression, Expression]]] = {}
        for guard in guards:
            if guard.left.value is None or guard.right.value is None:
                pairs = alike.setdefault((guard.test, guard.outcome, guard.tie), [])
                if (guard.left, guard.right) not in pairs[-8:]:
                    pairs.append((guard.left, guard.right))
        for (test, outcome, tie), pairs in alike.items():
            for pair in [pair for pair in pairs if pair[0].axis or pair[1].axis]:
                pairs.remove(pair)
                left, right = (self.operand(np.array(x.index), exact=True) for x in pair)
                condition = (XP.all if outcome else XP.any)(test(left, right))
                yield negated(condition) if outcome else condition, tie
            if len(pairs) > MAX_SINGLE_TESTS:
                left, right = (self.packed([pair[side] for pair in pairs]) for side in (0, 1))
                found = [(XP.all if outcome else XP.any)(test(left, right))]
            else:
                found = [test(self.scalar(a.index), self.scalar(b.index)) for a, b in pairs]
            for condition in found:
                yield negated(condition) if outcome else condition, tie

    def packed(self, nodes: Sequence[Expression]) -> Code:
        """Return a flat array of the values of these expressions, in order."""
        ids = np.array([node.index for node in nodes], int)
        groups, positions = self.places.group[ids], self.places.position[ids]
        jumps = (groups[1:] != groups[:-1]) | ((groups[1:] >= 0) & (np.diff(positions) <= 0))
        runs = np.split(ids, np.flatnonzero(jumps) + 1)
        if len(runs) > MAX_RUNS:
            return self.pooled(ids)
        parts: list[Code] = []
        for are_numbers, several in groupby(runs, self.are_numbers):
            if are_numbers:
                parts.append(self.array_of_numbers(np.concatenate([*several])))
            else:
                parts += map(self.row_of, several)
        self.operations += len(parts) > 1
        return concatenated(parts)

    def listed(self, nodes: Sequence[Expression]) -> Code:
        """Return a list of the values of these expressions, as Python numbers."""
        one_by_one = all(self.places.group_list[node.index] < 0 for node in nodes)
        if one_by_one or len(nodes) <= MAX_SINGLE_RESULTS:
            return code([self.scalar(node.index) for node in nodes])
        return self.packed(nodes).tolist()

    def header(self) -> list[str]:
        """Return comments that say what the function takes."""
        counts = [self.arrays[group].shape[0] for group in (PARAMETER, INPUT)]
        lines = [f"    # p: {counts[0]} parameters, x: {counts[1]} plain arguments"]
        lines += [
            f"    # {line.kind}: {line.shape[0]} numbers for each row of a batch"
            for line in self.batches
        ]
        if 0 < len(self.constants) <= MAX_LISTED_CONSTANTS:
            listed = [f"{name} {shown(array.shape)}" for name, array in self.constants.items()]
            lines.append(f"    # constants: {', '.join(listed)}")
        return lines


def _multiple(factor: float | None, x: Code) -> Code:
    if factor is None or factor == 1.0:
        return x
    return code(factor) if constant_in(x) == 1.0 else code(factor) * x


def _sum_of_products(terms: Terms) -> Code:
    """Return ``a * b + c - d``. Factors of 1 and -1 are not written."""
    factored = [_with_factor(left, right) for left, right in terms]
    positive = (i for i, (factor, _) in enumerate(factored) if factor >= 0)
    factor, term = factored.pop(next(positive, 0))  # no minus at the beginning, if possible
    total = -term if factor == -1.0 else _multiple(factor, term)
    for factor, term in factored:
        product = _multiple(abs(factor), term)
        total = total - product if factor < 0 else total + product
    return total


def _with_factor(left: Code, right: Code) -> tuple[float, Code]:
    """Return a number and what it multiplies in the product of ``left`` and ``right``."""
    a, b = constant_in(left), constant_in(right)
    if b is not None and (a is None or a == 1.0):
        return b, left
    return (1.0, left * right) if a is None else (a, right)
