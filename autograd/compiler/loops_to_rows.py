"""From the tape to the nodes of a recording: a loop over samples becomes one sample with rows.

`autograd.compiler.repetition` finds the periods of a loop. The first one becomes a template: nodes
that have a value for each row, as `autograd.vmap` records them. Plain numbers that differ between
the periods become columns. All that follows may use the results of the periods only together:

    total = total + loss           a sum over the periods, inside the loop or after it
    [(p - y) ** 2 for ...]         the same operation on the result of each period: more rows
    maximum(*losses)               over all periods

If anything else uses the result of one single period, or a comparison comes out differently in one,
the loop stays as it was recorded, operation by operation. This is always right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..operation import Operation
from ..value import Constant
from .batch import Axis
from .record import Recording
from .repetition import Periods, repetitions
from .rows import Batch
from .tape import Ids, Recorded
from .traced import Guard

MAX_ATTEMPTS = 3


class SinglePeriodError(Exception):
    """Something uses the result of one period in a way that does not hold for all periods."""


class Row(NamedTuple):
    """The result of one period."""

    node: Recorded  # the template's, which has an axis
    k: int


@dataclass
class Sum:
    """A sum that may become one over all periods."""

    terms: list[tuple[Operation, Any]] = field(default_factory=list)  # added or subtracted
    rows: dict[tuple[Operation, Recorded], set[int]] = field(default_factory=dict)


@dataclass
class Pending:
    """An operation on plain numbers that differ from call to call. It may belong to a period."""

    does: Operation
    parents: Sequence[Any]
    ids: Sequence[int]
    node: Recorded | None = None  # if something needs the number by itself
    row: Row | None = None  # if it belongs to a period


@dataclass(frozen=True)
class Chain:
    """Totals of a period. Each adds a term to the one before."""

    first: int  # the first total, counted from the beginning of the period
    place: int  # among its operands, of the total that it continues
    before: int  # that total, which is in the period before: a negative number
    terms: Sequence[Recorded]


@dataclass
class Extension:
    """An operation that follows the loop for each period, at the same operands in all of them."""

    made: Any  # its node, or a Guard
    axis: Axis
    operands: dict[int, Sequence[int]]  # of each period, as on the tape
    parents: Sequence[Any]  # in the first period


_SPECIAL = {Row, Sum, Pending}


def with_rows(recording: Recording) -> Recording:
    """Return the recording with nodes. Loops become rows of batches where this is possible."""
    excluded: set[int] = set()
    for _ in range(MAX_ATTEMPTS):
        loops = [p for p in repetitions(recording.tape, excluded) if _is_free(recording, p)]
        if not loops:
            break
        try:
            return Nodes(recording, loops).recording()
        except SinglePeriodError:
            excluded.add(max(loops, key=lambda p: p.end - p.first).length)
    return Nodes(recording, []).recording()


def _is_free(recording: Recording, loop: Periods) -> bool:
    """Return whether no `autograd.vmap` lies in the loop."""
    return not any(loop.first <= i < loop.end for i in recording.tape.axes)


class _Known(dict[int, Any]):
    """What the operands of a tape have become. Those that are not known yet are looked up."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    def __missing__(self, operand: int) -> Any:
        self[operand] = found = self.nodes.looked_up(operand)
        return found


class Nodes:
    """Makes the nodes of a recording, in order."""

    def __init__(self, recording: Recording, loops: Sequence[Periods]) -> None:
        self.before, self.tape, self.loops = recording, recording.tape, loops
        self.known = _Known(self)
        self.nodes: list[Recorded] = []
        self.guards: list[Guard] = []
        self.plain = set[Any]()  # nodes that are computed from plain numbers only
        self.axes: dict[int, Axis] = {}  # by the number of rows
        self.templates: list[list[Recorded | None]] = []  # of the loops
        self.extensions: dict[Any, Extension] = {}
        self.extension_of: dict[Any, Extension] = {}  # by its node
        self.times = defaultdict[Any, int](int)  # that an extension was met in a period
        self.columns: dict[bytes, Any] = {}
        self.batches = defaultdict[tuple[Axis, bool], list[tuple[Recorded, Any]]](list)
        plain = [recording.arguments[i] for i in recording.numbers]
        self.place = {x: i for i, x in enumerate(plain)}
        used = self.tape.operands[self.tape.operands >= 0]
        outputs = self.tape.outputs[self.tape.outputs >= 0]
        self.uses = np.bincount(np.concatenate([used, outputs]), minlength=len(self.tape))

    def recording(self) -> Recording:
        """Return the recording with all nodes."""
        at = 0
        for loop in self.loops:
            self._add_entries(at, loop.first)
            self._add_loop(loop)
            at = loop.end
        self._add_entries(at, len(self.tape))
        outputs = [self.closed(self.known[i]) for i in self.tape.outputs.tolist()]
        self._finish_extensions()
        return replace(
            self.before,
            nodes=self.nodes,
            guards=self.guards,
            outputs=outputs,
            batches=[*self.before.batches, *self._batches()],
            lengths={
                **self.before.lengths,
                **{axis: Recorded(None, (), value=float(n)) for n, axis in self.axes.items()},
            },
        )

    def _batches(self) -> Iterable[Batch]:
        for (axis, are_arguments), columns in self.batches.items():
            nodes = [node for node, _ in columns]
            table = np.array([column for _, column in columns]).T
            if are_arguments:
                numbers = [self.before.arguments[i] for i in self.before.numbers]
                values = np.array([x.value for x in numbers])[table]
                places = [self.before.numbers[i] for i in table.ravel().tolist()]
                yield Batch(axis, nodes, places, values, None, [])
            else:
                yield Batch(axis, nodes, None, table, None, [])

    # ------------------------------------------------------------------------- outside of loops

    def looked_up(self, operand: int) -> Any:
        """Return what an operand is: a leaf, or the result of one period of a loop."""
        if operand < 0:
            leaf = self.tape.leaves[-1 - operand]
            if type(leaf) is float:
                leaf = Constant(leaf)
            if self.tape.is_data[-1 - operand]:
                self.plain.add(leaf)
            return leaf
        for loop, template in zip(self.loops, self.templates, strict=False):
            if loop.first <= operand < loop.end:
                k, i = divmod(operand - loop.first, loop.length)
                node = template[i]
                if node is not None:
                    return node if node.axis is None else Row(node, k)
        raise SinglePeriodError

    def _add_entries(self, begin: int, end: int) -> None:
        """Add the nodes of the entries of the tape from ``begin`` to ``end``."""
        tape, known, kinds = self.tape, self.known, self.tape.kinds
        start = tape.start[begin : end + 1]
        operands = tape.operands[start[0] : start[-1]].tolist()
        bounds = (start - start[0]).tolist()
        axes, loops = tape.axes, self.loops
        for i, code in enumerate(tape.kind[begin:end].tolist(), begin):
            ids = operands[bounds[i - begin] : bounds[i - begin + 1]]
            does = kinds[code].does
            parents = [known[x] for x in ids]
            special = {*map(type, parents)} & _SPECIAL if loops else ()
            if special and not special <= {Pending}:
                known[i] = self._combined(does, parents, ids)
            elif loops and self._is_pending(does, parents, ids):
                known[i] = Pending(does, parents, ids)
            elif special:
                self._add_closed(does, parents, i)
            elif isinstance(does, Guard):
                self.guards.append(does._replace(left=parents[0], right=parents[1]))
            else:
                known[i] = self.node(does, parents, axes.get(i))

    def _is_pending(self, does: Any, parents: Sequence[Any], ids: Sequence[int]) -> bool:
        if isinstance(does, Guard):
            return False
        return all(
            type(p) is Pending or (p in self.place if i < 0 else False)
            for p, i in zip(parents, ids, strict=True)
        )

    def _add_closed(self, does: Any, parents: Sequence[Any], i: int) -> None:
        closed = [self.closed(p) for p in parents]
        if isinstance(does, Guard):
            self.guards.append(does._replace(left=closed[0], right=closed[1]))
        else:
            self.known[i] = self.node(does, closed, self.tape.axes.get(i))

    def node(self, operation: Operation, parents: Sequence[Any], axis: Axis | None) -> Recorded:
        """Add a node, and return it."""
        node = Recorded(operation, tuple(parents), axis)
        if self.loops and (operation is ops.stop_gradient or self.plain.issuperset(parents)):
            self.plain.add(node)
        self.nodes.append(node)
        return node

    # ------------------------------------------------------------------------------ inside a loop

    def _add_loop(self, loop: Periods) -> None:
        """Add the template of a loop, and the totals that it adds up."""
        tape = self.tape
        axis = self.axes.setdefault(loop.count, Axis())
        start = tape.start[loop.first : loop.first + loop.length + 1]
        size = int(start[-1] - start[0])
        table = tape.operands[start[0] : start[0] + size * loop.count].reshape(-1, size)
        second = loop.first + loop.length  # where the second period begins
        template: list[Recorded | None] = []
        totals = set((loop.totals - loop.first).tolist())
        bounds = (start - start[0]).tolist()
        chains: dict[int, Chain] = {}  # by the last total
        for i, code in enumerate(tape.kind[loop.first : second].tolist()):
            places = range(bounds[i], bounds[i + 1])
            operands = [int(table[1, place]) - second for place in places]
            if i in totals:
                self._add_term(chains, template, operands, i, totals)
                template.append(None)
                continue
            parents = [
                template[x] if x >= 0 else self._from_outside(table[:, place], axis)
                for x, place in zip(operands, places, strict=True)
            ]
            does = tape.kinds[code].does
            if isinstance(does, Guard):
                self.guards.append(does._replace(left=parents[0], right=parents[1]))
                template.append(None)
            else:
                rows = any(getattr(p, "axis", None) is axis for p in parents)
                template.append(self.node(does, parents, axis if rows else None))
        self.templates.append(template)
        for last, chain in chains.items():
            if chain.before != last - loop.length:
                raise SinglePeriodError  # it continues another total, or something from outside
            total = self.closed(self.known[int(table[0, bounds[chain.first] + chain.place])])
            for term in chain.terms:
                total = self.node(ops.add, (total, self._over(ops.sum, term)), None)
            self.known[loop.end - loop.length + last] = total

    def _add_term(
        self,
        chains: dict[int, Chain],
        template: list[Recorded | None],
        operands: Sequence[int],
        i: int,
        totals: set[int],
    ) -> None:
        """Note the term that total ``i`` adds, in the chain of totals that it continues.

        The operands are counted from the beginning of the period.
        """
        carried = [(place, x) for place, x in enumerate(operands) if x in totals or x < 0]
        terms = [template[x] for x in operands if x >= 0 and x not in totals]
        if len(carried) != 1 or len(terms) != 1 or terms[0] is None:
            raise SinglePeriodError
        ((place, before),) = carried
        if before < 0:  # the first of its chain, begun by the last one in the period before
            chains[i] = Chain(i, place, before, [terms[0]])
        elif before in chains:
            chain = chains.pop(before)
            chains[i] = replace(chain, terms=[*chain.terms, terms[0]])
        else:
            raise SinglePeriodError

    def _from_outside(self, column: Ids, axis: Axis) -> Any:
        """Return what the periods take from outside: what all of them share, or a column."""
        if (column == column[0]).all():
            return self.closed(self.known[int(column[0])])
        return self._column(column, axis)

    def _column(self, operands: Ids, axis: Axis) -> Any:
        """Return plain numbers, one for each period, as a column. A constant if all are equal."""
        key = operands.tobytes()
        if key not in self.columns:
            self.columns[key] = self._new_column(operands, axis)
        return self.columns[key]

    def _new_column(self, operands: Ids, axis: Axis) -> Any:
        leaves = [self.known[i] for i in operands.tolist()]
        places = [self.place.get(x) for x in leaves]
        if None not in places:
            node = Recorded(None, (), axis)
            self.batches[axis, True].append((node, places))
        elif any(place is not None for place in places):
            raise SinglePeriodError
        else:
            values = np.array([x.data for x in leaves])
            if (values == values[0]).all() and (np.signbit(values) == np.signbit(values[0])).all():
                return leaves[0]
            node = Recorded(None, (), axis)
            self.batches[axis, False].append((node, values))
        self.plain.add(node)
        return node

    def _over(self, operation: Operation, rows: Recorded) -> Recorded:
        """Return an operation over all periods. The sum of plain numbers keeps its order."""
        if rows.axis is None or (operation is ops.sum and rows in self.plain):
            raise SinglePeriodError
        return self.node(rows.axis.over(operation), (rows,), None)

    # ------------------------------------------------------------------------------- after a loop

    def _combined(self, does: Any, parents: list[Any], ids: Sequence[int]) -> Any:
        """Return what an operation on results of single periods is."""
        if does is ops.maximum or does is ops.minimum:
            return self._extremum(does, parents)
        if does is ops.sum or does is ops.mean:
            total = Sum()
            for p in parents:
                self._add(total, ops.add, p)
            if does is ops.sum:
                return total
            count = Constant(float(len(parents)))
            self.plain.add(count)
            return self.node(ops.div, (self.closed(total), count), None)
        if does is ops.dot:
            return self._dot(parents, ids)
        if does is ops.add and any(map(self._is_zero, parents)):
            at = int(self._is_zero(parents[0]))
            return self._owned(parents[at], ids[at])
        rows = [p for p in parents if type(p) is Row]
        if Sum not in map(type, parents) and len({(p.k, p.node.axis) for p in rows}) == 1:
            return self._extension(does, parents, ids, rows[0])
        if does is ops.add or does is ops.sub:
            return self._sum(does, parents, ids)
        if isinstance(does, Guard):
            raise SinglePeriodError
        return self.node(does, [self.closed(p) for p in parents], None)

    def _is_zero(self, x: Any) -> bool:
        return type(x) is Constant and x.data == 0.0

    def _sum(self, does: Operation, parents: Sequence[Any], ids: Sequence[int]) -> Any:
        """Return ``a + b`` or ``a - b`` of results of several periods."""
        if any(p in self.plain for p in parents if type(p) not in _SPECIAL):
            return self.node(does, [self.closed(p) for p in parents], None)
        left, right = [self._owned(p, i) for p, i in zip(parents, ids, strict=True)]
        if type(left) is not Sum and type(right) is Sum and does is ops.add:
            left, right = right, left
        total = left
        if type(total) is not Sum:
            total = Sum()
            self._add(total, ops.add, left)
        self._add(total, does, right)
        return total

    def _owned(self, x: Any, operand: int) -> Any:
        """Return ``x``, as a copy if it is a sum that something else uses too."""
        if type(x) is Sum and self.uses[operand] > 1:
            return Sum([*x.terms], {key: {*periods} for key, periods in x.rows.items()})
        return x

    def _add(self, total: Sum, does: Operation, x: Any) -> None:
        """Add ``x`` to a sum, or subtract it."""
        if type(x) is Row:
            extension = self.extension_of.get(x.node)
            is_sum = x.node.op is ops.add or x.node.op is ops.sub
            if extension is not None and is_sum and len(extension.operands) == 1:
                first, second = extension.parents  # which begin a sum over the periods
                other = ops.add if does is x.node.op else ops.sub
                self._add(total, does, first)
                self._add(total, other, second)
                return
            periods = total.rows.setdefault((does, x.node), set())
            if x.k in periods:
                raise SinglePeriodError
            periods.add(x.k)
        elif type(x) is Sum and does is ops.add:
            total.terms += x.terms
            for key, periods in x.rows.items():
                known = total.rows.setdefault(key, set())
                if not known.isdisjoint(periods):
                    raise SinglePeriodError
                known |= periods
        elif type(x) is Sum:
            total.terms.append((does, self.closed(x)))
        elif type(x) is Pending or x in self.plain:
            if not self._is_zero(x):
                raise SinglePeriodError  # it would be added elsewhere than where it was written
        else:
            total.terms.append((does, x))

    def closed(self, x: Any) -> Any:
        """Return the node of ``x``. A sum has to be over all periods."""
        if type(x) is Row:
            raise SinglePeriodError
        if type(x) is Pending:
            if x.node is None:
                x.node = self.node(x.does, [self.closed(p) for p in x.parents], None)
            return x.node
        if type(x) is not Sum:
            return x
        parts = [*x.terms]
        for (does, node), periods in x.rows.items():
            if node.axis is None or self.axes.get(len(periods)) is not node.axis:
                raise SinglePeriodError
            parts.append((does, self._over(ops.sum, node)))
        parts.sort(key=lambda part: part[0] is ops.sub)  # a sum begins with what is added
        (does, total), *rest = parts
        if does is ops.sub:
            total = self.node(ops.neg, (total,), None)
        for does, part in rest:
            total = self.node(does, (total, part), None)
        return total

    def _extremum(self, does: Operation, parents: Sequence[Any]) -> Recorded:
        """Return the largest or smallest result of all periods."""
        rows = [p for p in parents if type(p) is Row]
        nodes = {p.node for p in rows}
        if len(rows) != len(parents) or len(nodes) != 1:
            raise SinglePeriodError
        (node,) = nodes
        if len({p.k for p in rows}) != len(rows) or self.axes.get(len(rows)) is not node.axis:
            raise SinglePeriodError
        return self._over(does, node)

    def _dot(self, parents: Sequence[Any], ids: Sequence[int]) -> Sum:
        """Return a sum of products, of which some are of results of single periods."""
        n = len(parents) // 2
        total = Sum()
        for i in range(n):
            pair, operands = (parents[i], parents[n + i]), (ids[i], ids[n + i])
            if {Row, Sum}.isdisjoint(map(type, pair)):
                pair = self.closed(pair[0]), self.closed(pair[1])
                if self.plain.issuperset(pair):
                    raise SinglePeriodError  # it would be added elsewhere than where it was written
                self._add(total, ops.add, self.node(ops.mul, pair, None))
            else:
                self._add(total, ops.add, self._combined(ops.mul, [*pair], operands))
        for bias in parents[2 * n :]:
            self._add(total, ops.add, bias)
        return total

    def _extension(self, does: Any, parents: list[Any], ids: Sequence[int], row: Row) -> Any:
        """Return the result, for one period, of an operation that follows for each period."""
        is_data = [i < 0 and self.tape.is_data[-1 - i] for i in ids]
        parents = [self._in_period(p, row) if type(p) is Pending else p for p in parents]
        if any(getattr(p, "axis", None) for p in parents if type(p) is not Row):
            raise SinglePeriodError  # it has the rows of a vmap
        forms = [
            None if data else p.node if type(p) is Row else p
            for p, data in zip(parents, is_data, strict=True)
        ]
        key = (does, *forms)
        self.times[key, row.k] += 1
        key = (*key, self.times[key, row.k])
        if key not in self.extensions:
            made: Any = does
            if not isinstance(does, Guard):
                made = self.node(does, forms, row.node.axis)
                if self.plain.issuperset([p for p in forms if p is not None]):
                    self.plain.add(made)
            assert row.node.axis is not None
            extension = Extension(made, row.node.axis, {}, parents)
            self.extensions[key] = extension
            self.extension_of[made if type(made) is Recorded else id(extension)] = extension
        extension = self.extensions[key]
        extension.operands[row.k] = ids
        return Row(extension.made, row.k)

    def _in_period(self, x: Pending, row: Row) -> Row:
        """Return an operation on plain numbers as one of the period of ``row``."""
        if x.row is None:
            x.row = self._extension(x.does, [*x.parents], x.ids, row)
        if x.row.k != row.k or x.row.node.axis is not row.node.axis:
            raise SinglePeriodError
        return x.row

    def _finish_extensions(self) -> None:
        """Give all extensions their columns. Each has to be there for every period."""
        for key, extension in self.extensions.items():
            axis = extension.axis
            complete = self.axes.get(len(extension.operands)) is axis
            guard = extension.made if isinstance(extension.made, Guard) else None
            if not complete:
                if guard is not None:
                    raise SinglePeriodError
                continue  # nothing uses it: it was the beginning of a sum
            table = np.array([ids for _, ids in sorted(extension.operands.items())])
            forms = key[1:-1]
            parents = [
                self._from_outside(column, axis) if form is None else form
                for form, column in zip(forms, table.T, strict=True)
            ]
            if guard is not None:
                self.guards.append(guard._replace(left=parents[0], right=parents[1]))
            else:
                extension.made.parents = tuple(parents)
