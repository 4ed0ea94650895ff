"""Stage 6, emit: the schedule as a Python function that a person can read.

The function takes the parameters (leaves of the graph, Values) and the inputs (plain numbers) as
two flat arrays, and returns its results as flat lists or arrays. Every array operation is a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from .expressions import Expression, pairs_of
from .matrices import Ids
from .schedule import FIRST_GROUP, INPUT, PARAMETER, SCALAR, Group, Schedule
from .source_layout import WIDTH
from .source_text import ATOM, SIGN, Text, call, text, written
from .views import view

_PART = re.compile(r"([px](?:\[[^\]]*\])?(?:\.reshape\(([^)]*)\))?)(.*)$")


class Line:
    """``name = source``; written when all lines are known, as it may move into its consumer."""

    def __init__(self, name: str, render: Callable[[], Text], comment: str = "") -> None:
        self.name, self.render, self.comment = name, render, comment
        self.inlined = False
        self.text = Text("")


class Emitter:
    """Writes the lines of one program."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        self.schedule, self.places = schedule, schedule.places
        self.nodes = schedule.graph.nodes
        self.lines: list[Line] = []
        self.constants: dict[str, Any] = {}  # arrays of the program, by name
        self.names: dict[int, str] = {PARAMETER: "p", INPUT: "x"}
        self.shapes: dict[int, tuple[int, ...]] = {
            PARAMETER: (len(parameters),),
            INPUT: (inputs,),
        }
        self._line_of: dict[int, Line] = {}
        self._cache: dict[Any, Any] = {}
        self._counts: dict[str, int] = {}
        self._parts: dict[int, str] = {}  # parameters with a name, by their first place
        self.products: list[str] = []  # matrix products, as text
        self.operations = 0
        self._read: Counter[int] = Counter()  # how many Python numbers are read from each group
        self.order = self._place_parameters(parameters)

    # ------------------------------------------------------------------------------ parameters

    def _place_parameters(self, parameters: Sequence[Expression]) -> list[int]:
        """Give the parameters of a matrix consecutive places; the order, as indices of them."""
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

    # --------------------------------------------------------------------------------- operands

    def name(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{self._counts[kind]}"

    def constant(self, kind: str, array: Ids) -> str:
        key = (kind, array.shape, array.dtype.str, array.tobytes())
        if key not in self._cache:
            self._cache[key] = name = self.name(kind)
            self.constants[name] = array
        return str(self._cache[key])

    def scalar(self, i: int) -> Text:
        """The expression of index ``i`` as a Python number."""
        node, group = self.nodes[i], self.places.group_list[i]
        if node.value is not None:
            return text(node.value)
        if group == SCALAR:
            return Text(f"t{i}")
        position = self.places.position[i]
        if self._read[group] <= 4:
            self._row(group)
            return Text(f"{self.names[group]}.item({position})")
        return Text(f"{self._listed(group)}[{position}]")

    def _listed(self, group: int) -> str:
        key = ("list", group)
        if key not in self._cache:
            self._cache[key] = name = f"{self.names[group]}_list"
            source = self._row(group)
            self.lines.append(Line(name, lambda: Text(f"{source}.tolist()")))
        return str(self._cache[key])

    def _row(self, group: int) -> str:
        """The array of a group, in one dimension."""
        name = self.names[group]
        if group in self._line_of:
            self._line_of[group].text.uses += 2  # it has to have a name
        return name if len(self.shapes[group]) == 1 else f"{name}.reshape(-1)"

    def operand(self, ids: Ids, exact: bool = False, terms: bool = False) -> Text:
        """The expressions of these indices as an array that broadcasts to the shape of ``ids``.

        With ``exact`` it has that shape; with ``terms`` its last axis, which is to be summed.
        """
        if not exact:
            ids = _without_repeats(ids, ids.ndim - terms)
        groups = np.unique(self.places.group[ids])
        if ids.size == 1 and not exact and not terms:
            i = int(ids.flat[0])
            if groups[0] < 0:
                return self.scalar(i)
            return self._element(int(groups[0]), int(self.places.position[i]))
        while not exact and ids.ndim > 1 and ids.shape[0] == 1:
            ids = ids[0]
        if (groups < SCALAR).all():
            return Text(self.constant("c", self._values(ids)))
        if len(groups) == 1 and groups[0] >= 0:
            return self._part(int(groups[0]), self.places.position[ids])
        return self._pooled(ids)

    def _values(self, ids: Ids) -> Ids:
        values = [self.nodes[i].value for i in ids.ravel().tolist()]
        return np.array(values, float).reshape(ids.shape)

    def _element(self, group: int, position: int) -> Text:
        if len(self.shapes[group]) == 1:
            index = str(position)
        else:
            index = ", ".join(str(int(i)) for i in np.unravel_index(position, self.shapes[group]))
        self._row(group)
        return Text(f"{self.names[group]}[{index}]")

    def _part(self, group: int, positions: Ids) -> Text:
        name, shape = self.names[group], self.shapes[group]
        found = view(name, shape, positions)
        if found is None:
            index = self.constant("i", positions)
            return Text(f"{self._row(group)}[{index}]")
        line = self._line_of.get(group)
        if line is not None:
            line.text.uses += 1
            if found.source == name:
                found.line = line
            else:
                line.text.uses += 1
        if group in (PARAMETER, INPUT) and found.source != name:
            return self._named(found, positions)
        return found

    def _named(self, found: Text, positions: Ids) -> Text:
        """A part of the parameters or inputs, under a name of its own: a matrix, or a vector."""
        part = _PART.match(found.source)
        assert part is not None
        base, sizes, rest = part.groups()
        if base not in self._cache:
            kind = ("W" if sizes else "w") if base[0] == "p" else ("X" if sizes else "v")
            self._cache[base] = name = self.name(kind)
            self.lines.append(Line(name, lambda: Text(base), f"({sizes or positions.size})"))
            if base[0] == "p":
                self._parts[int(positions.flat[0])] = name
        return Text(f"{self._cache[base]}{rest}")

    def _pooled(self, ids: Ids) -> Text:
        """Expressions from several places: brought together in one array, and taken from that."""
        unique = np.unique(ids)
        groups = self.places.group[unique]
        parts, offset = [], 0
        position = np.zeros(len(unique), int)
        for group in np.unique(groups).tolist():
            mine = np.flatnonzero(groups == group)
            if group >= 0:
                where = self.places.position[unique[mine]]
                mine = mine[np.argsort(where)]
                parts.append(
                    self._part(group, np.sort(where)).at(0)
                    if len(mine) > 1
                    else f"xp.asarray([{self._element(group, int(where[0])).source}])"
                )
            elif group == SCALAR:
                mine = mine[np.argsort(unique[mine])]
                listed = ", ".join(f"t{i}" for i in unique[mine].tolist())
                parts.append(f"xp.asarray([{listed}])")
            else:
                parts.append(self.constant("c", self._values(unique[mine])))
            position[mine] = offset + np.arange(len(mine))
            offset += len(mine)
        where = position[np.searchsorted(unique, ids)]
        pool = parts[0] if len(parts) == 1 else f"xp.concatenate(({', '.join(parts)}))"
        if pool not in self._cache:
            self._cache[pool] = name = self.name("pool")
            self.operations += 1
            self.lines.append(Line(name, lambda: Text(pool), f"({offset})"))
        name = self._cache[pool]
        return view(name, (offset,), where) or Text(f"{name}[{self.constant('i', where)}]")

    # -------------------------------------------------------------------------------------- steps

    def emit(self) -> None:
        numbers = [step for step in self.schedule.steps if isinstance(step, Expression)]
        group = self.places.group_list
        self._read = Counter(group[p.index] for node in numbers for p in node.parents)
        for step in self.schedule.steps:
            if isinstance(step, Group):
                self._emit_group(step)
            else:
                self._emit_number(step)

    def _emit_number(self, node: Expression) -> None:
        assert node.op is not None
        if node.op is ops.dot or node.op is ops.mul:
            terms = [(self.scalar(a.index), self.scalar(b.index)) for a, b in pairs_of(node)]
            value = _sum_of_products(terms)
        else:
            value = written(node.op, [self.scalar(p.index) for p in node.parents], "math")
        self.lines.append(Line(f"t{node.index}", lambda: value))

    def _emit_group(self, group: Group) -> None:
        shape = group.arrangement.shape
        if group.kind == "ragged":
            kind, render = "s", self._ragged(group)
        elif group.kind == "elementwise":
            kind, render = self._elementwise(group)
        else:
            kind, render = self._reduction(group)
        self.operations += 1
        if group.is_number:
            name = f"t{group.members[0]}"
            self.lines.append(Line(name, lambda: call("float", render())))
            return
        name = self._adjoint_name(group) or self.name(kind)
        comment = f"({', '.join(map(str, shape))})"
        line = Line(name, render, comment)
        self.lines.append(line)
        self.names[group.number], self.shapes[group.number] = name, shape
        self._line_of[group.number] = line

    def _adjoint_name(self, group: Group) -> str | None:
        """``dz1`` for the adjoint of ``z1``, where there is one."""
        first = int(group.members[max(group.arrangement.order[0], 0)])
        of = self.schedule.graph.adjoint_of.get(first)
        if of is None:
            return None
        where = self.places.group_list[of]
        if where == PARAMETER:
            name = self._parts.get(int(self.places.position[of]), "")
        else:
            name = self.names.get(where, "") if where >= FIRST_GROUP else ""
        name = f"d{name}"
        if name == "d" or name in self._counts or name.startswith("dd"):
            return None
        self._counts[name] = 0
        return name

    def _elementwise(self, group: Group) -> tuple[str, Callable[[], Text]]:
        operands = [self.operand(_spread(group, c)) for c in group.columns]
        if group.op is ops.dot or group.op is ops.mul:
            terms = list(zip(operands[::2], operands[1::2], strict=True))
            return "z", lambda: _sum_of_products([_factors(a, b) for a, b in terms])
        source = written(group.op, [_used(x) for x in operands], "xp")
        return "a", lambda: source

    def _ragged(self, group: Group) -> Callable[[], Text]:
        assert group.offsets is not None
        starts = self.constant("i", group.offsets)
        factor = self._same_constant(group.columns[0])
        columns = group.columns if factor is None else group.columns[1:]
        operands = [self.operand(c, terms=True) for c in columns]
        if len(operands) == 2:
            terms = _sum_of_products([(_used(operands[0]), _used(operands[1]))])
            return lambda: call("xp.segments", Text("'sum'"), terms, Text(starts))
        name = Text("'sum'" if group.op is ops.dot else repr(group.op.name))
        total = call("xp.segments", name, _used(operands[0]), Text(starts))
        return lambda: total if factor in (None, 1.0) else text(factor) * total

    def _reduction(self, group: Group) -> tuple[str, Callable[[], Text]]:
        arrangement = group.arrangement
        if len(group.columns) == 1:  # an n-ary operation
            ids = group.columns[0][arrangement.order]
            source, axis = self._along(ids[0] if group.is_number else ids)
            function = f"xp.{group.op.name}.reduce"
            return "m", lambda: call(function, source, Text(f"axis={axis}"))
        lefts, rights = arrangement.lefts, arrangement.rights
        assert lefts is not None
        assert rights is not None
        if group.is_number:
            lefts, rights = self._by_position(lefts[0], rights[0])
        if self._same_constant(lefts) is not None:
            factor = self._same_constant(lefts)
            source, axis = self._along(rights)
            where = [] if rights.ndim == 1 else [Text(f"axis={axis}")]
            total = call("xp.sum", source, *where)
            return "s", lambda: total if factor == 1.0 else text(factor) * total
        return self._matrix_product(lefts, rights)

    def _matrix_product(self, lefts: Ids, rights: Ids) -> tuple[str, Callable[[], Text]]:
        """A matrix product if left rows do not depend on the last axis, nor right on another."""
        axes = lefts.ndim - 1
        by = [[not _constant_along(x, a) for a in range(axes)] for x in (lefts, rights)]
        if axes == 0:
            return "s", self._product(lefts, rights)
        if axes == 1:
            if by[0] == [False]:
                return "z", self._product(rights, lefts[0])
            if by[1] == [False]:
                return "z", self._product(lefts, rights[0])
        if axes >= 2:
            for a, b, by_a, by_b in ((lefts, rights, by[0], by[1]), (rights, lefts, by[1], by[0])):
                if not by_a[-1] and not by_b[-2]:
                    left, right = a[..., 0, :], b[..., 0, :, :].swapaxes(-1, -2)
                    return "z", self._product(left, right)
        if lefts.shape[-1] <= 3:
            terms = [
                (self.operand(lefts[..., k]), self.operand(rights[..., k]))
                for k in range(lefts.shape[-1])
            ]
            return "z", lambda: _sum_of_products([(_used(a), _used(b)) for a, b in terms])
        sides = [_used(self.operand(ids, terms=True)) for ids in (lefts, rights)]
        product = _sum_of_products([(sides[0], sides[1])])
        return "s", lambda: call("xp.sum", product, Text("axis=-1"))

    def _product(self, left: Ids, right: Ids) -> Callable[[], Text]:
        a, b = _used(self.operand(left, exact=True)), _used(self.operand(right, exact=True))
        shapes = [" x ".join(map(str, x.shape)) for x in (left, right)]
        self.products.append(f"{a.source} @ {b.source}: ({shapes[0]}) @ ({shapes[1]})")
        product = a @ b
        return lambda: product

    def _by_position(self, lefts: Ids, rights: Ids) -> tuple[Ids, Ids]:
        """The terms of a single sum in the order of their final places."""
        rank = self.places.rank
        order = np.lexsort((rank(lefts), rank(rights)))
        return lefts[order], rights[order]

    def _same_constant(self, ids: Ids) -> float | None:
        first = self.nodes[int(ids.flat[0])].value
        return first if first is not None and (ids == ids.flat[0]).all() else None

    def _along(self, ids: Ids) -> tuple[Text, int]:
        """An array of these elements, its axes in memory order, and where the last of them went."""
        groups = self.places.group[ids]
        last = ids.ndim - 1
        if ids.ndim > 1 and (groups == groups.flat[0]).all() and groups.flat[0] >= 0:
            corner = self.places.position[ids[(0,) * ids.ndim]]
            steps = []
            for axis in range(ids.ndim):
                index = [0] * ids.ndim
                index[axis] = min(1, ids.shape[axis] - 1)
                steps.append(int(self.places.position[ids[tuple(index)]] - corner))
            order = sorted(range(ids.ndim), key=lambda a: -steps[a])
            return _used(self.operand(ids.transpose(order), exact=True)), order.index(last)
        return _used(self.operand(ids, exact=True)), last

    # ------------------------------------------------------------------------------------ results

    def packed(self, nodes: Sequence[Expression]) -> Text:
        """A flat array of these expressions' values."""
        ids = np.array([node.index for node in nodes], int)
        groups = self.places.group[ids]
        new = np.flatnonzero(
            (groups[1:] != groups[:-1])
            | ((groups[1:] >= 0) & (np.diff(self.places.position[ids]) <= 0))
        )
        runs = np.split(ids, new + 1)
        if len(runs) > 24:
            return self._pooled(ids)
        parts: list[str] = []
        numbers: list[str] = []  # that come one after another
        for run in runs:
            group = int(self.places.group[run[0]])
            if group == SCALAR or len(run) == 1:
                if not numbers:
                    parts.append("")
                numbers += [self.scalar(i).at(0) for i in run.tolist()]
                parts[-1] = f"xp.asarray([{', '.join(numbers)}])"
                continue
            numbers = []
            if group < 0:
                parts.append(self.constant("c", self._values(run)))
            elif np.array_equal(
                self.places.position[run], np.arange(int(np.prod(self.shapes[group])))
            ):
                parts.append(self._row(group))
            else:
                parts.append(_used(self._part(group, self.places.position[run])).source)
        self.operations += len(parts) > 1
        return Text(parts[0] if len(parts) == 1 else f"xp.concatenate(({', '.join(parts)}))")

    def listed(self, nodes: Sequence[Expression]) -> str:
        """A list of these expressions' values, as Python numbers."""
        if len(nodes) < 8 or all(self.places.group_list[node.index] < 0 for node in nodes):
            return f"[{', '.join(self.scalar(node.index).at(0) for node in nodes)}]"
        return f"{self.packed(nodes).at(ATOM)}.tolist()"

    def header(self) -> list[str]:
        """What the function takes, in comments."""
        sizes = [self.shapes[group][0] for group in (PARAMETER, INPUT)]
        lines = [f"    # p: {sizes[0]} parameters, x: {sizes[1]} plain arguments"]
        listed = [f"{name} {array.shape}" for name, array in self.constants.items()]
        if 0 < len(listed) <= 12:
            lines.append(f"    # constants: {', '.join(listed).replace(',)', ')')}")
        return lines

    def body(self) -> list[str]:
        """The lines, as text; what has one consumer and fits there has moved into it."""
        lines = []
        for line in self.lines:
            uses = line.text.uses
            line.text = line.render()
            line.text.uses = uses
        for line in self.lines:
            if not line.inlined:
                source = f"{line.name} = {line.text.source}"
                lines.append(f"{source}  # {line.comment}" if line.comment else source)
        return lines


def _inlined(x: Text) -> Text:
    line = x.line
    if line is None or line.text.uses > 1 or len(line.text.source) > WIDTH // 2:
        return Text(x.source, x.binds)
    line.inlined = True
    inlined: Text = line.text
    return inlined


def _factors(a: Text, b: Text) -> tuple[Text, Text]:
    """Both factors, with what moves here; a condition multiplies as it is, as 1 or 0."""
    a, b = _inlined(a), _inlined(b)
    if a.mask is not None and not _is_number(b):
        a = a.mask
    elif b.mask is not None and not _is_number(a):
        b = b.mask
    return a, b


def _is_number(x: Text) -> bool:
    return x.source.lstrip("-")[0].isdigit()


def _used(x: Text) -> Text:
    if x.line is not None:
        x.line.text.uses += 1  # named here, so it cannot move
    return Text(x.source, x.binds)


def _sum_of_products(terms: list[tuple[Text, Text]]) -> Text:
    """``a * b + c - d``: factors of 1 and -1 are not written."""
    total: Text | None = None
    plus = (i for i, (left, _) in enumerate(terms) if not left.source.startswith("-"))
    first = next(plus, 0)  # a sum does not begin with a minus if it can
    for left, right in [terms[first], *terms[:first], *terms[first + 1 :]]:
        if right.source == "1.0":
            left, right = right, left
        sign = "+"
        if left.source == "1.0":
            term = right
        elif left.source == "-1.0" and (total is not None or right.binds == ATOM):
            term, sign = right, "-"
        elif (
            left.binds == SIGN and left.source[1:].replace(".", "").isdigit() and total is not None
        ):
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
    """A column in the group's shape."""
    order = group.arrangement.order
    return column[np.maximum(order, 0)].reshape(group.arrangement.shape)


def _constant_along(ids: Ids, axis: int) -> bool:
    return bool(ids.strides[axis] == 0 or (ids == ids.take([0], axis)).all())


def _without_repeats(ids: Ids, axes: int | None = None) -> Ids:
    """With length 1 along every axis, of the first ``axes``, on which nothing depends."""
    for axis in range(ids.ndim if axes is None else axes):
        if ids.shape[axis] > 1 and _constant_along(ids, axis):
            ids = ids.take([0], axis)
    return ids
