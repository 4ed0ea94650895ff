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
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import numpy as np

from .. import ops
from .expressions import Expression, pairs_of
from .matrices import Ids, terms_in_order
from .operands import Line, Operands, concatenated, constant_along, spread
from .schedule import INPUT, PARAMETER, SCALAR, Group, Schedule
from .source_layout import LINE_WIDTH, renumbered, wrapped
from .source_text import ATOM, SIGN, SUM, Text, call, text, written
from .traced import Guard
from .views import steps_of

SYMBOLS = {lt: "<", le: "<=", gt: ">", ge: ">=", eq: "==", ne: "!="}
MAX_SINGLE_RESULTS = 7  # numbers that are returned one by one, not read from an array as a list
MAX_SINGLE_TESTS = 4  # comparisons of one kind that are tested one by one, not as arrays
MAX_RUNS = 24  # runs of consecutive elements that are concatenated, not gathered
MAX_LISTED_CONSTANTS = 12  # that the comment at the top names
MAX_UNROLLED_TERMS = 3  # of a sum that is written out


@dataclass(frozen=True)
class Printed:
    """A program in writing: ``program(p, x)`` returns the results and the gradient."""

    source: str
    constants: dict[str, Any]  # arrays that the source names
    order: list[int]  # the parameters in ``p``, and in the gradient, as positions in those given
    operations: int  # on arrays
    products: list[str]  # the matrix products, as text


def print_numpy(
    schedule: Schedule,
    parameters: Sequence[Expression],
    inputs: int,
    outputs: Sequence[Expression],
    gradient: Sequence[Expression],
    guards: Sequence[Guard],
) -> Printed:
    """Return the program that computes ``outputs`` and ``gradient`` while the guards hold."""
    printer = _Printer(schedule, parameters, inputs)
    printer.print_steps()
    tests = list(printer.tests(guards))
    results = printer.listed(outputs)
    lines = ["def program(p, x):", *printer.header()]
    last = [f"return {results}, {'gradient' if gradient else 'None'}"]
    if gradient:
        packed = printer.packed([gradient[i] for i in printer.order])
        last.insert(0, f"gradient = {packed.source}")
    lines += [wrapped(line) for line in printer.body()]
    for test, tie in tests:
        answer = (
            "()  # a tie, which eager code decides" if tie else "None  # another path than recorded"
        )
        lines += [wrapped(f"if {test}:"), f"        return {answer}"]
    source = "\n".join([*lines, *map(wrapped, last)])
    printed = renumbered("\n".join([source, *printer.products])).split("\n")
    length = source.count("\n") + 1
    return Printed(
        source="\n".join(printed[:length]) + "\n",
        constants=printer.constants,
        order=printer.order,
        operations=printer.operations,
        products=printed[length:],
    )


class _Printer(Operands):
    """Writes the lines of one program."""

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
                self.lines.append(Line(f"t{step.index}", self._number(step)))

    def _number(self, node: Expression) -> Text:
        assert node.op is not None
        if node.op is ops.dot or node.op is ops.mul:
            pairs = [(self.scalar(a.index), self.scalar(b.index)) for a, b in pairs_of(node)]
            return _sum_of_products(pairs)
        return written(node.op, [self.scalar(p.index) for p in node.parents], "math")

    def _print_group(self, group: Group) -> None:
        kinds = {"ragged": self._ragged, "elementwise": self._elementwise}
        line = kinds.get(group.kind, self._reduction)(group)
        self.operations += 1
        self.lines.append(line)
        if group.is_number:
            assert not line.terms  # elements come in groups of two or more
            line.name, line.source = f"t{group.members[0]}", call("float", line.source)
            return
        line.name = self._adjoint_name(group) or self.new_name(line.name)
        line.shape = group.arrangement.shape
        self.arrays[group.number] = line

    def _adjoint_name(self, group: Group) -> str | None:
        """Return ``dz1`` for the first adjoint of ``z1``, None if the group is something else."""
        first = int(group.members[max(group.arrangement.order[0], 0)])
        of = self.schedule.graph.adjoint_of.get(first)
        if of is None:
            return None
        where = self.places.group_list[of]
        if where == PARAMETER:
            name = self.matrices.get(int(self.places.position[of]), "")
        else:
            name = self.arrays[where].name if where in self.arrays and where != INPUT else ""
        adjoint = f"d{name}"
        if not name or adjoint in self.counts or name.startswith("d"):
            return None
        self.counts[adjoint] = 0
        return adjoint

    def _elementwise(self, group: Group) -> Line:
        operands = [self.operand(spread(group, c)) for c in group.columns]
        if group.op is ops.dot or group.op is ops.mul:
            terms = list(zip(operands[::2], operands[1::2], strict=True))
            return Line("z", Text(""), terms=terms)
        return Line("a", written(group.op, [_used(x) for x in operands], "xp"))

    def _ragged(self, group: Group) -> Line:
        assert group.offsets is not None
        starts = Text(self.constant("i", group.offsets))
        factor = self._same_constant(group.columns[0])
        columns = group.columns if factor is None else group.columns[1:]
        operands = [_used(self.operand(c, terms=True)) for c in columns]
        if len(operands) == 2:
            operands = [_sum_of_products([(operands[0], operands[1])])]
        name = "sum" if group.op is ops.dot else group.op.name
        total = call("xp.segments", Text(repr(name)), operands[0], starts)
        return Line("s", _multiple(factor, total))

    def _reduction(self, group: Group) -> Line:
        arrangement = group.arrangement
        if len(group.columns) == 1:  # an n-ary operation
            ids = group.columns[0][arrangement.order]
            source, axis = self._in_memory_order(ids[0] if group.is_number else ids)
            return Line("m", call(f"xp.{group.op.name}.reduce", source, Text(f"axis={axis}")))
        lefts, rights = arrangement.lefts, arrangement.rights
        assert lefts is not None
        assert rights is not None
        if group.is_number:  # the parameters have their final places only now
            lefts, rights = (x[0] for x in terms_in_order(self.places, lefts, rights))
        factor = self._same_constant(lefts)
        if factor is None:
            return self._matrix_product(lefts, rights)
        source, axis = self._in_memory_order(rights)
        along = [] if rights.ndim == 1 else [Text(f"axis={axis}")]
        return Line("s", _multiple(factor, call("xp.sum", source, *along)))

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
            terms = [(_used(self.operand(a)), _used(self.operand(b))) for a, b in columns]
            return Line("z", _sum_of_products(terms))
        left, right = (_used(self.operand(ids, terms=True)) for ids in (lefts, rights))
        return Line("s", call("xp.sum", _sum_of_products([(left, right)]), Text("axis=-1")))

    def _product(self, left: Ids, right: Ids) -> Text:
        a, b = (_used(self.operand(ids, exact=True)) for ids in (left, right))
        shapes = [" x ".join(map(str, ids.shape)) for ids in (left, right)]
        self.products.append(f"{a.source} @ {b.source}: ({shapes[0]}) @ ({shapes[1]})")
        return a @ b

    def _same_constant(self, ids: Ids) -> float | None:
        """Return the constant that all these expressions are, None if they are not."""
        first = self.nodes[int(ids.flat[0])].value
        return first if first is not None and (ids == ids.flat[0]).all() else None

    def _in_memory_order(self, ids: Ids) -> tuple[Text, int]:
        """Return an array of these elements, its axes as they lie in memory, and its last axis."""
        groups = self.places.group[ids]
        order = list(range(ids.ndim))
        if ids.ndim > 1 and (groups == groups.flat[0]).all() and groups.flat[0] >= 0:
            steps = steps_of(self.places.position[ids])
            order.sort(key=lambda axis: -steps[axis])
        operand = _used(self.operand(ids.transpose(order), exact=True))
        return operand, order.index(ids.ndim - 1)

    # --------------------------------------------------------------------------------- results

    def tests(self, guards: Sequence[Guard]) -> Iterator[tuple[str, bool]]:
        """Yield the conditions under which the function would take another branch, or might."""
        alike: dict[tuple[Any, bool, bool], list[tuple[Expression, Expression]]] = {}
        for guard in guards:
            if guard.left.value is None or guard.right.value is None:
                pairs = alike.setdefault((guard.test, guard.outcome, guard.tie), [])
                if (guard.left, guard.right) not in pairs[-8:]:
                    pairs.append((guard.left, guard.right))
        for (test, outcome, tie), pairs in alike.items():
            if len(pairs) > MAX_SINGLE_TESTS:
                left, right = (self.packed([pair[side] for pair in pairs]) for side in (0, 1))
                condition = f"{left.at(SUM)} {SYMBOLS[test]} {right.at(SUM)}"
                yield f"not xp.all({condition})" if outcome else f"xp.any({condition})", tie
                continue
            for a, b in pairs:
                left, right = self.scalar(a.index), self.scalar(b.index)
                condition = f"{left.at(SUM)} {SYMBOLS[test]} {right.at(SUM)}"
                yield f"not ({condition})" if outcome else condition, tie

    def packed(self, nodes: Sequence[Expression]) -> Text:
        """Return a flat array of the values of these expressions, in order."""
        ids = np.array([node.index for node in nodes], int)
        groups, positions = self.places.group[ids], self.places.position[ids]
        jumps = (groups[1:] != groups[:-1]) | ((groups[1:] >= 0) & (np.diff(positions) <= 0))
        runs = np.split(ids, np.flatnonzero(jumps) + 1)
        if len(runs) > MAX_RUNS:
            return self.pooled(ids)
        parts: list[str] = []
        numbers: list[str] = []  # those just before
        for run in runs:
            group = int(self.places.group[run[0]])
            if group == SCALAR or len(run) == 1:
                if not numbers:
                    parts.append("")
                numbers += [self.scalar(i).source for i in run.tolist()]
                parts[-1] = f"xp.asarray([{', '.join(numbers)}])"
                continue
            numbers = []
            if group < 0:
                parts.append(self.constant("c", self.values(run)))
                continue
            positions = self.places.position[run]
            if np.array_equal(positions, np.arange(int(np.prod(self.arrays[group].shape)))):
                parts.append(self.row(group))
            else:
                parts.append(_used(self.part(group, positions)).source)
        self.operations += len(parts) > 1
        return Text(concatenated(parts))

    def listed(self, nodes: Sequence[Expression]) -> str:
        """Return a list of the values of these expressions, as Python numbers."""
        one_by_one = all(self.places.group_list[node.index] < 0 for node in nodes)
        if one_by_one or len(nodes) <= MAX_SINGLE_RESULTS:
            return f"[{', '.join([self.scalar(node.index).source for node in nodes])}]"
        return f"{self.packed(nodes).at(ATOM)}.tolist()"

    def header(self) -> list[str]:
        """Return comments that say what the function takes."""
        sizes = [self.arrays[group].shape[0] for group in (PARAMETER, INPUT)]
        lines = [f"    # p: {sizes[0]} parameters, x: {sizes[1]} plain arguments"]
        listed = [f"{name} {array.shape}" for name, array in self.constants.items()]
        if 0 < len(listed) <= MAX_LISTED_CONSTANTS:
            lines.append(f"    # constants: {', '.join(listed).replace(',)', ')')}")
        return lines

    def body(self) -> list[str]:
        """Return all lines as text, without those that moved into the only line that uses them."""
        for line in self.lines:
            if line.terms:
                line.source = _sum_of_products([_factors(a, b) for a, b in line.terms])
        lines = []
        for line in self.lines:
            shape = f"  # ({', '.join(map(str, line.shape))})" if line.shape else ""
            if not line.moved:
                lines.append(f"{line.name} = {line.source.source}{shape}")
        return lines


def _moved(x: Text) -> Text:
    """Return the source of the line that ``x`` names, if that moves here. Else return ``x``."""
    line = x.line
    if line is None or line.uses > 1:
        return x
    source: Text = line.source
    line.moved = len(source.source) <= LINE_WIDTH // 2
    return source if line.moved else x


def _factors(a: Text, b: Text) -> tuple[Text, Text]:
    """Return both factors, with what moves here. A condition is multiplied as it is, as 1 or 0."""
    a, b = _moved(a), _moved(b)
    if a.mask is not None and not _is_number(b):
        a = a.mask
    elif b.mask is not None and not _is_number(a):
        b = b.mask
    return a, b


def _is_number(x: Text) -> bool:
    return x.source.lstrip("-")[0].isdigit()


def _used(x: Text) -> Text:
    """Return ``x``. Its line cannot move, since something else than a product needs its name."""
    if x.line is not None:
        x.line.uses += 1
    return x


def _multiple(factor: float | None, x: Text) -> Text:
    return x if factor in (None, 1.0) else text(factor) * x


def _sum_of_products(terms: Sequence[tuple[Text, Text]]) -> Text:
    """Return ``a * b + c - d``. Factors of 1 and -1 are not written."""
    positive = (i for i, (left, _) in enumerate(terms) if not left.source.startswith("-"))
    first = next(positive, 0)  # no minus at the beginning, if possible
    total: Text | None = None
    for left, right in [terms[first], *terms[:first], *terms[first + 1 :]]:
        if right.source == "1.0":
            left, right = right, left
        is_number = left.precedence == SIGN and left.source[1:].replace(".", "").isdigit()
        if left.source == "-1.0" and (total is not None or right.precedence == ATOM):
            total = -right if total is None else total - right
        elif is_number and total is not None:
            total = total - Text(left.source[1:]) * right
        else:
            term = right if left.source == "1.0" else left * right
            total = term if total is None else total + term
    assert total is not None
    return total
