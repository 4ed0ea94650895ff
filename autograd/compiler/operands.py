"""Operands of emitted lines: arrays and numbers under their names, parts of arrays, pools of parts.

`Operands` keeps the lines of a program as they are written, and the place of each value in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .expressions import Expression
from .matrices import Ids
from .python_code import Code, code, named
from .schedule import INPUT, PARAMETER, SCALAR, Group, Schedule
from .source_lines import Line
from .views import view

MAX_SINGLE_READS = 4  # numbers that are read from an array one by one, not as a list
XP = named("xp")  # the functions of arrays


class Operands:
    """The lines of a program, and its values as operands of further lines."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        self.schedule, self.places = schedule, schedule.places
        self.nodes = schedule.graph.nodes
        self.lines: list[Line] = []
        self.constants: dict[str, Any] = {}
        self.operations = 0
        self.arrays = {  # of the groups
            PARAMETER: Line("p", named("p"), (len(parameters),)),
            INPUT: Line("x", named("x"), (inputs,)),
        }
        self.numbers: dict[int, Code] = {}  # the names of Python numbers, by their expressions
        self.matrices: dict[int, Line] = {}  # parts of the parameters, by their start
        self._constant_names: dict[Any, Code] = {}  # by content
        self._counts = Counter[str]()  # of constants, by kind
        self._line_for: dict[Any, Line] = {}  # lists, parts and pools, by content
        self.reads = Counter[int]()  # of Python numbers, by group
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
                    place(without_repeats(operand))
        for group in groups:
            if group.kind == "elementwise":
                for column in group.columns:
                    place(spread(group, column))
        for x in parameters:
            placed.setdefault(x.index, len(placed))
        ids = np.array(list(placed), int)
        self.places.position[ids] = np.arange(len(ids))
        return [number[i] for i in placed]

    # --------------------------------------------------------------------------- lines, constants

    def constant(self, kind: str, array: Ids) -> Code:
        """Return the name of a constant array. It is read-only, since a result may be one."""
        key = (kind, array.shape, array.dtype.str, array.tobytes())
        if key not in self._constant_names:
            self._counts[kind] += 1
            name = f"{kind}{self._counts[kind]}"
            self._constant_names[key], self.constants[name] = named(name), array.copy()
            self.constants[name].setflags(write=False)
        return self._constant_names[key]

    def _shared(self, key: Any, line: Callable[[], Line]) -> Line:
        """Return the line for ``key``, made when it is first needed."""
        if key not in self._line_for:
            self._line_for[key] = line()
            self.lines.append(self._line_for[key])
        return self._line_for[key]

    # -------------------------------------------------------------------------------- operands

    def scalar(self, i: int) -> Code:
        """Return the expression of index ``i`` as a Python number."""
        value, group = self.nodes[i].value, self.places.group_list[i]
        if value is not None:
            return code(value)
        if group == SCALAR:
            return self.numbers[i]
        array, position = self.arrays[group], int(self.places.position[i])
        if self.reads[group] <= MAX_SINGLE_READS:
            return array.name.item(position)

        def listed() -> Line:
            return Line("{}_list", self.row(group).tolist(), of=array)

        return self._shared(("list", group), listed).name[position]

    def row(self, group: int) -> Code:
        """Return the array of a group, in one dimension."""
        array = self.arrays[group]
        return array.name if len(array.shape) == 1 else array.name.reshape(-1)

    def operand(self, ids: Ids, exact: bool = False, terms: bool = False) -> Code:
        """Return the expressions of these indices as an array that broadcasts to their shape.

        With ``exact`` the array has that shape. With ``terms`` its last axis is not left to
        broadcasting, since it is summed.
        """
        if not exact:
            ids = without_repeats(ids, ids.ndim - terms)
            while ids.ndim > 1 and ids.shape[0] == 1:
                ids = ids[0]
        groups = np.unique(self.places.group[ids])
        if ids.size == 1 and not exact and not terms:
            i = int(ids.flat[0])
            return self.scalar(i) if groups[0] < 0 else self.element(i)
        if (groups < SCALAR).all():
            return self.constant("c", self.values(ids))
        if len(groups) == 1 and groups[0] >= 0:
            return self.part(int(groups[0]), self.places.position[ids])
        return self.pooled(ids)

    def values(self, ids: Ids) -> Ids:
        values = [self.nodes[i].value for i in ids.ravel().tolist()]
        return np.array(values, float).reshape(ids.shape)

    def element(self, i: int) -> Code:
        """Return one element of an array, as an array of no axes."""
        array = self.arrays[self.places.group_list[i]]
        index = [int(k) for k in np.unravel_index(self.places.position[i], array.shape)]
        return array.name[tuple(index) if len(index) > 1 else index[0]]

    def part(self, group: int, positions: Ids) -> Code:
        """Return the elements at ``positions`` of the array of a group: a view, or gathered.

        Parts of the parameters and inputs get names of their own.
        """
        array = self.arrays[group]

        def naming(part: Code, sizes: tuple[int, ...]) -> Code:
            kind = {PARAMETER: "wW", INPUT: "vX"}[group][len(sizes) > 1]
            line = self._shared(str(part), lambda: Line(kind, part, sizes))
            if group == PARAMETER:
                self.matrices.setdefault(int(positions.flat[0]), line)
            return line.name

        needs_name = group in (PARAMETER, INPUT)
        found = view(array.name, array.shape, positions, naming if needs_name else None)
        row: Code = self.row(group)
        return row[self.constant("i", positions)] if found is None else found

    def are_numbers(self, ids: Ids) -> bool:
        """Whether these expressions of one group are Python numbers, or better read as such."""
        return len(ids) == 1 or self.places.group_list[ids[0]] == SCALAR

    def array_of_numbers(self, ids: Ids) -> Code:
        return XP.asarray([self.scalar(i) for i in ids.tolist()])

    def row_of(self, ids: Ids) -> Code:
        """Return expressions of one group as an array of one dimension."""
        group, positions = self.places.group_list[ids[0]], self.places.position[ids]
        if self.are_numbers(ids):
            return self.array_of_numbers(ids)
        if group < 0:
            return self.constant("c", self.values(ids))
        if np.array_equal(positions, np.arange(int(np.prod(self.arrays[group].shape)))):
            return self.row(group)
        return self.part(group, positions)

    def pooled(self, ids: Ids) -> Code:
        """Return expressions from several groups, out of one array that has them all."""
        unique = np.unique(ids)
        groups = self.places.group[unique]
        order = np.lexsort((self.places.position[unique] * (groups >= 0), groups))
        parts = np.split(unique[order], np.flatnonzero(np.diff(groups[order])) + 1)
        key = ("pool", unique.tobytes())
        self.operations += key not in self._line_for
        pool = self._shared(
            key, lambda: Line("pool", concatenated([*map(self.row_of, parts)]), unique.shape)
        )
        position = np.empty(len(unique), int)
        position[order] = np.arange(len(unique))
        where = position[np.searchsorted(unique, ids)]
        found = view(pool.name, unique.shape, where)
        return pool.name[self.constant("i", where)] if found is None else found


def concatenated(parts: Sequence[Code]) -> Code:
    return parts[0] if len(parts) == 1 else XP.concatenate(tuple(parts))


def spread(group: Group, column: Ids) -> Ids:
    """Return a column in the shape of the group's array."""
    order = group.arrangement.order
    return column[np.maximum(order, 0)].reshape(group.arrangement.shape)


def constant_along(ids: Ids, axis: int) -> bool:
    return bool(ids.strides[axis] == 0 or (ids == ids.take([0], axis)).all())


def without_repeats(ids: Ids, axes: int | None = None) -> Ids:
    """Return ``ids`` with length 1 along each of the first ``axes`` on which nothing depends."""
    for axis in range(ids.ndim if axes is None else axes):
        if ids.shape[axis] > 1 and constant_along(ids, axis):
            ids = ids.take([0], axis)
    return ids
