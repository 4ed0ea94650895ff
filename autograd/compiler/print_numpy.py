"""Stage 6, emit: the schedule as a Python function that a person can read.

The function takes the parameters (leaves of the graph, Values) and the inputs (plain numbers) as
two flat arrays, ``p`` and ``x``. It returns a list of results, and the gradient as a flat array.

Every array operation is a line. Its name says what it computes: z a sum of products, a another
operation on elements, s a sum, m a maximum or minimum, dz the adjoint of z. Other lines name a
matrix W or a vector w of parameters, a matrix X or a vector v of inputs, and a Python number t.
Constant numbers are called c, constant indices i.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from .expressions import Expression, pairs_of
from .matrices import Ids, terms_in_order
from .record import Guard
from .schedule import FIRST_GROUP, INPUT, PARAMETER, SCALAR, Group, Schedule
from .source_layout import LINE_WIDTH, renumbered, wrapped
from .source_text import ATOM, SIGN, SUM, Text, call, text, written
from .views import View, steps_of, view

SYMBOLS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
MAX_SINGLE_READS = 4  # numbers that are read from an array one by one, not as a list
MAX_SINGLE_RESULTS = 7  # the same for results
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
    for test in tests:
        lines += [wrapped(f"if {test}:"), "        return None  # another path than recorded"]
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


@dataclass(eq=False)
class Line:
    """The line ``name = source``. It moves into the line that uses it, if that is the only one."""

    name: str
    source: Text
    comment: str = ""
    terms: Sequence[tuple[Text, Text]] = ()  # a sum of products that other lines may move into
    uses: int = 0
    moved: bool = False


class _Printer:
    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        self.schedule, self.places = schedule, schedule.places
        self.nodes = schedule.graph.nodes
        self.lines: list[Line] = []
        self.constants: dict[str, Any] = {}
        self.products: list[str] = []
        self.operations = 0
        self._name_of_group = {PARAMETER: "p", INPUT: "x"}
        self._shapes: dict[int, tuple[int, ...]] = {PARAMETER: (len(parameters),), INPUT: (inputs,)}
        self._line_of: dict[int, Line] = {}  # of a group
        self._name_of: dict[
            Any, str
        ] = {}  # of a constant, a list, a part or a pool: by its content
        self._matrices: dict[int, str] = {}  # the names of parts of the parameters, by their start
        self._counts: Counter[str] = Counter()  # of names, by kind
        self._reads: Counter[int] = Counter()  # of Python numbers, by group
        self.order = self._place_parameters(parameters)

    def _place_parameters(self, parameters: Sequence[Expression]) -> list[int]:
        """Give the parameters of a matrix consecutive positions in ``p``. Return their order."""
        number = {x.index: i for i, x in enumerate(parameters)}
        placed: dict[int, int] = {}

        def place(ids: Ids) -> None:
            if (self.places.group[ids] == PARAMETER).all():
                for i in ids.ravel().tolist():
                    placed.setdefault(i, len(placed))

        groups = self.schedule.groups
        for group in groups:
            for operand in (group.arrangement.lefts, group.arrangement.rights):
                if operand is not None and not group.is_number:
                    place(_without_repeats(operand))
        for group in groups:
            if group.kind == "elementwise":
                for column in group.columns:
                    place(_spread(group, column))
        for x in parameters:
            placed.setdefault(x.index, len(placed))
        ids = np.array(list(placed), int)
        self.places.position[ids] = np.arange(len(ids))
        return [number[i] for i in placed]

    # ----------------------------------------------------------------------------------- names

    def _new_name(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind]}"

    def _constant(self, kind: str, array: Ids) -> str:
        key = (kind, array.shape, array.dtype.str, array.tobytes())
        if key not in self._name_of:
            self._name_of[key] = self._new_name(kind)
            self.constants[self._name_of[key]] = array
        return self._name_of[key]

    def _named(self, source: str, name: Callable[[], str], comment: str = "") -> str:
        """Return the name of ``source``. It gets a line of its own when it is first needed."""
        if source not in self._name_of:
            self._name_of[source] = name()
            self.lines.append(Line(self._name_of[source], Text(source), comment))
        return self._name_of[source]

    # -------------------------------------------------------------------------------- operands

    def _scalar(self, i: int) -> Text:
        """Return the expression of index ``i`` as a Python number."""
        value, group = self.nodes[i].value, self.places.group_list[i]
        if value is not None:
            return text(value)
        if group == SCALAR:
            return Text(f"t{i}")
        name, row, position = self._name_of_group[group], self._row(group), self.places.position[i]
        if self._reads[group] <= MAX_SINGLE_READS:
            return Text(f"{name}.item({position})")
        listed = self._named(f"{row}.tolist()", lambda: f"{name}_list")
        return Text(f"{listed}[{position}]")

    def _row(self, group: int) -> str:
        """Return the array of a group, in one dimension."""
        self._keep(group)
        name = self._name_of_group[group]
        return name if len(self._shapes[group]) == 1 else f"{name}.reshape(-1)"

    def _keep(self, group: int) -> None:
        """Do not let the line of a group move: something needs its name."""
        if group in self._line_of:
            self._line_of[group].uses += 2

    def _operand(self, ids: Ids, exact: bool = False, terms: bool = False) -> Text:
        """Return the expressions of these indices as an array that broadcasts to their shape.

        With ``exact`` the array has that shape. With ``terms`` its last axis is not left to
        broadcasting, since it is summed.
        """
        if not exact:
            ids = _without_repeats(ids, ids.ndim - terms)
            while ids.ndim > 1 and ids.shape[0] == 1:
                ids = ids[0]
        groups = np.unique(self.places.group[ids])
        if ids.size == 1 and not exact and not terms:
            i = int(ids.flat[0])
            return self._scalar(i) if groups[0] < 0 else self._element(i)
        if (groups < SCALAR).all():
            return Text(self._constant("c", self._values(ids)))
        if len(groups) == 1 and groups[0] >= 0:
            return self._part(int(groups[0]), self.places.position[ids])
        return self._pooled(ids)

    def _values(self, ids: Ids) -> Ids:
        values = [self.nodes[i].value for i in ids.ravel().tolist()]
        return np.array(values, float).reshape(ids.shape)

    def _element(self, i: int) -> Text:
        group, position = self.places.group_list[i], self.places.position[i]
        self._keep(group)
        index = ", ".join(map(str, np.unravel_index(position, self._shapes[group])))
        return Text(f"{self._name_of_group[group]}[{index}]")

    def _part(self, group: int, positions: Ids) -> Text:
        """Return the elements at ``positions`` of the array of a group: a view, or gathered."""
        name = self._name_of_group[group]
        found = view(name, self._shapes[group], positions)
        if found is None:
            return Text(f"{self._row(group)}[{self._constant('i', positions)}]")
        if found.source == name:
            line = self._line_of.get(group)
            if line is not None:
                line.uses += 1
            return Text(name, line=line)
        self._keep(group)
        if group in (PARAMETER, INPUT):
            return self._named_part(found, group, int(positions.flat[0]))
        return Text(found.source)

    def _named_part(self, found: View, group: int, start: int) -> Text:
        """Return a part of the parameters or inputs, under a name of its own."""
        is_matrix = len(found.sizes) > 1
        kind = {PARAMETER: "wW", INPUT: "vX"}[group][is_matrix]
        if found.part == self._name_of_group[group]:  # all of them, with more axes
            found = View(found.source, found.sizes, "")
        is_new = found.part not in self._name_of
        sizes = ", ".join(map(str, found.sizes))
        name = self._named(found.part, lambda: self._new_name(kind), f"({sizes})")
        if is_new and group == PARAMETER:
            self._matrices[start] = name
        return Text(name + found.axes)

    def _pooled(self, ids: Ids) -> Text:
        """Return expressions from several groups, out of one array that has them all."""
        unique = np.unique(ids)
        groups = self.places.group[unique]
        parts, size = [], 0
        position = np.zeros(len(unique), int)
        for group in np.unique(groups).tolist():
            mine = np.flatnonzero(groups == group)
            if group >= 0:
                where = self.places.position[unique[mine]]
                mine = mine[np.argsort(where)]
                if len(mine) > 1:
                    parts.append(self._part(group, np.sort(where)).source)
                else:
                    parts.append(f"xp.asarray([{self._element(unique[mine[0]]).source}])")
            elif group == SCALAR:
                parts.append(f"xp.asarray([{', '.join([f't{i}' for i in unique[mine].tolist()])}])")
            else:
                parts.append(self._constant("c", self._values(unique[mine])))
            position[mine] = size + np.arange(len(mine))
            size += len(mine)
        where = position[np.searchsorted(unique, ids)]
        pool = _concatenated(parts)
        self.operations += pool not in self._name_of
        name = self._named(pool, lambda: self._new_name("pool"), f"({size})")
        found = view(name, (size,), where)
        return Text(found.source if found else f"{name}[{self._constant('i', where)}]")

    # ----------------------------------------------------------------------------------- steps

    def print_steps(self) -> None:
        """Write the lines that compute all groups and numbers of the schedule."""
        numbers = [step for step in self.schedule.steps if isinstance(step, Expression)]
        group = self.places.group_list
        self._reads = Counter(group[p.index] for node in numbers for p in node.parents)
        for step in self.schedule.steps:
            if isinstance(step, Group):
                self._print_group(step)
            else:
                self.lines.append(Line(f"t{step.index}", self._number(step)))

    def _number(self, node: Expression) -> Text:
        assert node.op is not None
        if node.op is ops.dot or node.op is ops.mul:
            pairs = [(self._scalar(a.index), self._scalar(b.index)) for a, b in pairs_of(node)]
            return _sum_of_products(pairs)
        return written(node.op, [self._scalar(p.index) for p in node.parents], "math")

    def _print_group(self, group: Group) -> None:
        kinds = {"ragged": self._ragged, "elementwise": self._elementwise}
        line = kinds.get(group.kind, self._reduction)(group)
        self.operations += 1
        self.lines.append(line)
        if group.is_number:
            assert not line.terms  # elements come in groups of two or more
            line.name, line.source = f"t{group.members[0]}", call("float", line.source)
            return
        shape = group.arrangement.shape
        line.name = self._adjoint_name(group) or self._new_name(line.name)
        line.comment = f"({', '.join(map(str, shape))})"
        self._name_of_group[group.number], self._shapes[group.number] = line.name, shape
        self._line_of[group.number] = line

    def _adjoint_name(self, group: Group) -> str | None:
        """Return ``dz1`` for the first adjoint of ``z1``, None if the group is something else."""
        first = int(group.members[max(group.arrangement.order[0], 0)])
        of = self.schedule.graph.adjoint_of.get(first)
        if of is None:
            return None
        where = self.places.group_list[of]
        if where == PARAMETER:
            name = self._matrices.get(int(self.places.position[of]), "")
        else:
            name = self._name_of_group.get(where, "") if where >= FIRST_GROUP else ""
        adjoint = f"d{name}"
        if not name or adjoint in self._counts or name.startswith("d"):
            return None
        self._counts[adjoint] = 0
        return adjoint

    def _elementwise(self, group: Group) -> Line:
        operands = [self._operand(_spread(group, c)) for c in group.columns]
        if group.op is ops.dot or group.op is ops.mul:
            terms = list(zip(operands[::2], operands[1::2], strict=True))
            return Line("z", Text(""), terms=terms)
        return Line("a", written(group.op, [_used(x) for x in operands], "xp"))

    def _ragged(self, group: Group) -> Line:
        assert group.offsets is not None
        starts = Text(self._constant("i", group.offsets))
        factor = self._same_constant(group.columns[0])
        columns = group.columns if factor is None else group.columns[1:]
        operands = [_used(self._operand(c, terms=True)) for c in columns]
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
            if axes == 1 and _constant_along(a, 0):
                return Line("z", self._product(b, a[0]))
            if axes > 1 and _constant_along(a, axes - 1) and _constant_along(b, axes - 2):
                return Line("z", self._product(a[..., 0, :], b[..., 0, :, :].swapaxes(-1, -2)))
        if lefts.shape[-1] <= MAX_UNROLLED_TERMS:
            columns = [(lefts[..., k], rights[..., k]) for k in range(lefts.shape[-1])]
            terms = [(_used(self._operand(a)), _used(self._operand(b))) for a, b in columns]
            return Line("z", _sum_of_products(terms))
        left, right = (_used(self._operand(ids, terms=True)) for ids in (lefts, rights))
        return Line("s", call("xp.sum", _sum_of_products([(left, right)]), Text("axis=-1")))

    def _product(self, left: Ids, right: Ids) -> Text:
        a, b = (_used(self._operand(ids, exact=True)) for ids in (left, right))
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
        operand = _used(self._operand(ids.transpose(order), exact=True))
        return operand, order.index(ids.ndim - 1)

    # --------------------------------------------------------------------------------- results

    def tests(self, guards: Sequence[Guard]) -> Iterator[str]:
        """Yield the conditions under which the function would take another branch."""
        alike: dict[tuple[Any, bool], list[tuple[Expression, Expression]]] = {}
        for guard in guards:
            if guard.left.value is None or guard.right.value is None:
                pairs = alike.setdefault((guard.test, guard.outcome), [])
                if (guard.left, guard.right) not in pairs[-8:]:
                    pairs.append((guard.left, guard.right))
        for (test, outcome), pairs in alike.items():
            if len(pairs) > MAX_SINGLE_TESTS:
                left, right = (self.packed([pair[side] for pair in pairs]) for side in (0, 1))
                condition = f"{left.at(SUM)} {SYMBOLS[test]} {right.at(SUM)}"
                yield f"not xp.all({condition})" if outcome else f"xp.any({condition})"
                continue
            for a, b in pairs:
                left, right = self._scalar(a.index), self._scalar(b.index)
                condition = f"{left.at(SUM)} {SYMBOLS[test]} {right.at(SUM)}"
                yield f"not ({condition})" if outcome else condition

    def packed(self, nodes: Sequence[Expression]) -> Text:
        """Return a flat array of the values of these expressions, in order."""
        ids = np.array([node.index for node in nodes], int)
        groups, positions = self.places.group[ids], self.places.position[ids]
        jumps = (groups[1:] != groups[:-1]) | ((groups[1:] >= 0) & (np.diff(positions) <= 0))
        runs = np.split(ids, np.flatnonzero(jumps) + 1)
        if len(runs) > MAX_RUNS:
            return self._pooled(ids)
        parts: list[str] = []
        numbers: list[str] = []  # those just before
        for run in runs:
            group = int(self.places.group[run[0]])
            if group == SCALAR or len(run) == 1:
                if not numbers:
                    parts.append("")
                numbers += [self._scalar(i).source for i in run.tolist()]
                parts[-1] = f"xp.asarray([{', '.join(numbers)}])"
                continue
            numbers = []
            if group < 0:
                parts.append(self._constant("c", self._values(run)))
                continue
            positions = self.places.position[run]
            if np.array_equal(positions, np.arange(int(np.prod(self._shapes[group])))):
                parts.append(self._row(group))
            else:
                parts.append(_used(self._part(group, positions)).source)
        self.operations += len(parts) > 1
        return Text(_concatenated(parts))

    def listed(self, nodes: Sequence[Expression]) -> str:
        """Return a list of the values of these expressions, as Python numbers."""
        one_by_one = all(self.places.group_list[node.index] < 0 for node in nodes)
        if one_by_one or len(nodes) <= MAX_SINGLE_RESULTS:
            return f"[{', '.join([self._scalar(node.index).source for node in nodes])}]"
        return f"{self.packed(nodes).at(ATOM)}.tolist()"

    def header(self) -> list[str]:
        """Return comments that say what the function takes."""
        sizes = [self._shapes[group][0] for group in (PARAMETER, INPUT)]
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
        return [
            f"{line.name} = {line.source.source}" + (f"  # {line.comment}" if line.comment else "")
            for line in self.lines
            if not line.moved
        ]


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


def _concatenated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"xp.concatenate(({', '.join(parts)}))"


def _sum_of_products(terms: Sequence[tuple[Text, Text]]) -> Text:
    """Return ``a * b + c - d``. Factors of 1 and -1 are not written."""
    positive = (i for i, (left, _) in enumerate(terms) if not left.source.startswith("-"))
    first = next(positive, 0)  # a sum does not begin with a minus if it can
    total: Text | None = None
    for left, right in [terms[first], *terms[:first], *terms[first + 1 :]]:
        if right.source == "1.0":
            left, right = right, left
        is_number = left.precedence == SIGN and left.source[1:].replace(".", "").isdigit()
        sign = "+"
        if left.source == "1.0":
            term = right
        elif left.source == "-1.0" and (total is not None or right.precedence == ATOM):
            term, sign = right, "-"
        elif is_number and total is not None:
            term, sign = Text(left.source[1:]) * right, "-"
        else:
            term = left * right
        if total is None:
            total = term if sign == "+" else -term
        else:
            total = total + term if sign == "+" else total - term
    assert total is not None
    return total


def _spread(group: Group, column: Ids) -> Ids:
    """Return a column in the shape of the group's array."""
    order = group.arrangement.order
    return column[np.maximum(order, 0)].reshape(group.arrangement.shape)


def _constant_along(ids: Ids, axis: int) -> bool:
    return bool(ids.strides[axis] == 0 or (ids == ids.take([0], axis)).all())


def _without_repeats(ids: Ids, axes: int | None = None) -> Ids:
    """Return ``ids`` with length 1 along each of the first ``axes`` on which nothing depends."""
    for axis in range(ids.ndim if axes is None else axes):
        if ids.shape[axis] > 1 and _constant_along(ids, axis):
            ids = ids.take([0], axis)
    return ids
