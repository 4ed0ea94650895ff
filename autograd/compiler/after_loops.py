"""What becomes of the results of single periods: sums over all periods, and more rows.

    total = total + loss           a sum over the periods, inside the loop or after it
    [(p - y) ** 2 for ...]         the same operation on the result of each period: more rows
    maximum(*losses)               over all periods

Anything else raises SinglePeriodError.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..operation import Operation
from ..value import Constant
from .batch import Axis
from .loop_nodes import LoopNodes, Row, SinglePeriodError
from .record import Recording
from .repetition import Periods
from .tape import Ids, Recorded
from .traced import Guard


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


@dataclass
class Extension:
    """An operation that follows the loop for each period, at the same operands in all of them."""

    made: Any  # its node, or a Guard
    axis: Axis
    operands: dict[int, Sequence[int]]  # of each period, as on the tape
    parents: Sequence[Any]  # in the first period


OPEN = {Row, Sum, Pending}  # not nodes yet


class AfterLoops(LoopNodes):
    """Makes the nodes of operations on results of single periods."""

    def __init__(self, recording: Recording, loops: Sequence[Periods]) -> None:
        super().__init__(recording, loops)
        self.extensions: dict[Any, Extension] = {}
        self.extension_of: dict[Any, Extension] = {}  # by its node
        self.times = defaultdict[Any, int](int)  # that an extension was met in a period
        used = self.tape.operands[self.tape.operands >= 0]
        outputs = self.tape.outputs[self.tape.outputs >= 0]
        self.uses = np.bincount(np.concatenate([used, outputs]), minlength=len(self.tape))

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
            parts.append((does, self.over(ops.sum, node)))
        parts.sort(key=lambda part: part[0] is ops.sub)  # a sum begins with what is added
        (does, total), *rest = parts
        if does is ops.sub:
            total = self.node(ops.neg, (total,), None)
        for does, part in rest:
            total = self.node(does, (total, part), None)
        return total

    def from_outside(self, column: Ids, axis: Axis) -> Any:
        """Return what the periods take from outside: what all of them share, or a column."""
        if (column == column[0]).all():
            return self.closed(self.known[int(column[0])])
        return self.column(column, axis)

    def combined(self, does: Any, parents: list[Any], ids: Sequence[int]) -> Any:
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
        if any(p in self.plain for p in parents if type(p) not in OPEN):
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

    def _extremum(self, does: Operation, parents: Sequence[Any]) -> Recorded:
        """Return the largest or smallest result of all periods."""
        rows = [p for p in parents if type(p) is Row]
        nodes = {p.node for p in rows}
        if len(rows) != len(parents) or len(nodes) != 1:
            raise SinglePeriodError
        (node,) = nodes
        if len({p.k for p in rows}) != len(rows) or self.axes.get(len(rows)) is not node.axis:
            raise SinglePeriodError
        return self.over(does, node)

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
                self._add(total, ops.add, self.combined(ops.mul, [*pair], operands))
        for bias in parents[2 * n :]:
            self._add(total, ops.add, bias)
        return total

    # ------------------------------------------------------------------------------ more rows

    def _extension(self, does: Any, parents: list[Any], ids: Sequence[int], row: Row) -> Any:
        """Return the result, for one period, of an operation that follows for each period."""
        is_data = [i < 0 and self.tape.is_data[-1 - i] for i in ids]
        parents = [self._in_period(p, row) if type(p) is Pending else p for p in parents]
        if any(getattr(p, "axis", None) for p in parents):
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

    def finish_extensions(self) -> None:
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
                self.from_outside(column, axis) if form is None else form
                for form, column in zip(forms, table.T, strict=True)
            ]
            if guard is not None:
                self.guards.append(guard._replace(left=parents[0], right=parents[1]))
            else:
                extension.made.parents = tuple(parents)
