"""Operands of emitted lines: arrays and numbers under their names, parts of arrays, pools of parts.

`Operands` keeps the lines of a program as they are written, and the place of each value in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .expressions import Expression
from .matrices import Ids
from .schedule import INPUT, PARAMETER, SCALAR, Group, Schedule
from .source_text import Text, text
from .views import View, view

MAX_SINGLE_READS = 4  # numbers that are read from an array one by one, not as a list


@dataclass(eq=False)
class Line:
    """The line ``name = source``. It moves into the line that uses it, if there is only one.

    A use that needs the name counts twice.
    """

    name: str
    source: Text
    shape: tuple[int, ...] = ()  # of an array
    terms: Sequence[tuple[Text, Text]] = ()  # a sum of products that other lines may move into
    uses: int = 0
    moved: bool = False


class Operands:
    """The lines of a program, and its values as operands of further lines."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        self.schedule, self.places = schedule, schedule.places
        self.nodes = schedule.graph.nodes
        self.lines: list[Line] = []
        self.constants: dict[str, Any] = {}
        self.products: list[str] = []
        self.operations = 0
        self.arrays = {  # of the groups
            PARAMETER: Line("p", Text("p"), (len(parameters),)),
            INPUT: Line("x", Text("x"), (inputs,)),
        }
        self._name_of: dict[Any, str] = {}  # of constants, lists, parts and pools, by content
        self.matrices: dict[int, str] = {}  # the names of parts of the parameters, by their start
        self.counts: Counter[str] = Counter()  # of names, by kind
        self.reads: Counter[int] = Counter()  # of Python numbers, by group
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

    # ----------------------------------------------------------------------------------- names

    def new_name(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{kind}{self.counts[kind]}"

    def constant(self, kind: str, array: Ids) -> str:
        key = (kind, array.shape, array.dtype.str, array.tobytes())
        if key not in self._name_of:
            self._name_of[key] = self.new_name(kind)
            self.constants[self._name_of[key]] = array
        return self._name_of[key]

    def _named(self, source: str, name: Callable[[], str], shape: tuple[int, ...] = ()) -> str:
        """Return the name of ``source``. It gets a line of its own when it is first needed."""
        if source not in self._name_of:
            self._name_of[source] = name()
            self.lines.append(Line(self._name_of[source], Text(source), shape))
        return self._name_of[source]

    # -------------------------------------------------------------------------------- operands

    def scalar(self, i: int) -> Text:
        """Return the expression of index ``i`` as a Python number."""
        value, group = self.nodes[i].value, self.places.group_list[i]
        if value is not None:
            return text(value)
        if group == SCALAR:
            return Text(f"t{i}")
        name, row, position = self.arrays[group].name, self.row(group), self.places.position[i]
        if self.reads[group] <= MAX_SINGLE_READS:
            return Text(f"{name}.item({position})")
        listed = self._named(f"{row}.tolist()", lambda: f"{name}_list")
        return Text(f"{listed}[{position}]")

    def row(self, group: int) -> str:
        """Return the array of a group, in one dimension."""
        array = self.arrays[group]
        array.uses += 2
        return array.name if len(array.shape) == 1 else f"{array.name}.reshape(-1)"

    def operand(self, ids: Ids, exact: bool = False, terms: bool = False) -> Text:
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
            return self.scalar(i) if groups[0] < 0 else self._element(i)
        if (groups < SCALAR).all():
            return Text(self.constant("c", self.values(ids)))
        if len(groups) == 1 and groups[0] >= 0:
            return self.part(int(groups[0]), self.places.position[ids])
        return self.pooled(ids)

    def values(self, ids: Ids) -> Ids:
        values = [self.nodes[i].value for i in ids.ravel().tolist()]
        return np.array(values, float).reshape(ids.shape)

    def _element(self, i: int) -> Text:
        array = self.arrays[self.places.group_list[i]]
        array.uses += 2
        index = ", ".join(map(str, np.unravel_index(self.places.position[i], array.shape)))
        return Text(f"{array.name}[{index}]")

    def part(self, group: int, positions: Ids) -> Text:
        """Return the elements at ``positions`` of the array of a group: a view, or gathered."""
        array = self.arrays[group]
        found = view(array.name, array.shape, positions)
        if found is None:
            return Text(f"{self.row(group)}[{self.constant('i', positions)}]")
        if found.source == array.name:
            array.uses += 1
            return Text(array.name, line=array)
        array.uses += 2
        if group in (PARAMETER, INPUT):
            return self._named_part(found, group, int(positions.flat[0]))
        return Text(found.source)

    def _named_part(self, found: View, group: int, start: int) -> Text:
        """Return a part of the parameters or inputs, under a name of its own."""
        kind = {PARAMETER: "wW", INPUT: "vX"}[group][len(found.sizes) > 1]
        if found.part == self.arrays[group].name:  # all of them, with more axes
            found = View(found.source, found.sizes, "")
        is_new = found.part not in self._name_of
        name = self._named(found.part, lambda: self.new_name(kind), found.sizes)
        if is_new and group == PARAMETER:
            self.matrices[start] = name
        return Text(name + found.axes)

    def pooled(self, ids: Ids) -> Text:
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
                    parts.append(self.part(group, np.sort(where)).source)
                else:
                    parts.append(f"xp.asarray([{self._element(unique[mine[0]]).source}])")
            elif group == SCALAR:
                parts.append(f"xp.asarray([{', '.join([f't{i}' for i in unique[mine].tolist()])}])")
            else:
                parts.append(self.constant("c", self.values(unique[mine])))
            position[mine] = size + np.arange(len(mine))
            size += len(mine)
        where = position[np.searchsorted(unique, ids)]
        pool = concatenated(parts)
        self.operations += pool not in self._name_of
        name = self._named(pool, lambda: self.new_name("pool"), (size,))
        found = view(name, (size,), where)
        return Text(found.source if found else f"{name}[{self.constant('i', where)}]")


def concatenated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"xp.concatenate(({', '.join(parts)}))"


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
