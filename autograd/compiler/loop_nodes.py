"""The nodes of a recording whose loops become rows, and the columns of numbers that they take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..operation import Operation
from ..value import Constant
from .batch import Axis
from .record import Recording
from .repetition import Periods
from .rows import Batch
from .tape import Ids, Recorded
from .traced import Guard


class SinglePeriodError(Exception):
    """Something uses the result of one period in a way that does not hold for all periods."""


class Row(NamedTuple):
    """The result of one period."""

    node: Recorded  # the template's, which has an axis
    k: int


class Known(dict[int, Any]):
    """What the operands of a tape have become. Those that are not known yet are looked up."""

    def __init__(self, nodes: LoopNodes) -> None:
        self.nodes = nodes

    def __missing__(self, operand: int) -> Any:
        self[operand] = found = self.nodes.looked_up(operand)
        return found


class LoopNodes:
    """Nodes in the order of the tape. Those of a loop's template have a value for each period."""

    def __init__(self, recording: Recording, loops: Sequence[Periods]) -> None:
        self.before, self.tape, self.loops = recording, recording.tape, loops
        self.known = Known(self)
        self.nodes: list[Recorded] = []
        self.guards: list[Guard] = []
        self.plain = set[Any]()  # nodes that are computed from plain numbers only
        self.axes: dict[int, Axis] = {}  # by the number of rows
        self.templates: list[list[Recorded | None]] = []  # of the loops
        self.columns: dict[bytes, Any] = {}
        self.batches = defaultdict[tuple[Axis, bool], list[tuple[Recorded, Any]]](list)
        plain = [recording.arguments[i] for i in recording.numbers]
        self.place = {x: i for i, x in enumerate(plain)}

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

    def node(self, operation: Operation, parents: Sequence[Any], axis: Axis | None) -> Recorded:
        """Add a node, and return it."""
        node = Recorded(operation, tuple(parents), axis)
        if self.loops and (operation is ops.stop_gradient or self.plain.issuperset(parents)):
            self.plain.add(node)
        self.nodes.append(node)
        return node

    def over(self, operation: Operation, rows: Recorded) -> Recorded:
        """Return an operation over all periods. The sum of plain numbers keeps its order."""
        if rows.axis is None or (operation is ops.sum and rows in self.plain):
            raise SinglePeriodError
        return self.node(rows.axis.over(operation), (rows,), None)

    # --------------------------------------------------------------------------------- columns

    def column(self, operands: Ids, axis: Axis) -> Any:
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

    def new_batches(self) -> Iterable[Batch]:
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
