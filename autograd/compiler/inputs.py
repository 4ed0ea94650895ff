"""What the programs of a recording take: which arguments and live Values, gathered as arrays.

`Inputs` finds out once which of them something is computed from. At each call it gathers their
numbers, without looking at the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value
from .batch import Axis
from .expressions import Expression, reachable
from .free_rows import Tables
from .record import Recording
from .simplify import Simplified
from .traced import EXACT_INT

NO_NUMBERS = (np.empty(0),)


class NotExactError(Exception):
    """An int among the arguments is larger than floats are exact."""


class Taken(NamedTuple):
    """The expressions that a program takes, in three flat arrays or more."""

    parameters: Sequence[Expression]
    numbers: Sequence[Expression]
    columns: Sequence[Sequence[Expression]]  # of each batch

    def in_order(self) -> list[Expression]:
        return [*self.parameters, *self.numbers, *[x for batch in self.columns for x in batch]]

    def replaced(self, expressions: Sequence[Expression]) -> Taken:
        """Return it with other expressions, given in the same order."""
        rest = iter(expressions)
        parameters, numbers, *columns = [
            [next(rest) for _ in part] for part in (self.parameters, self.numbers, *self.columns)
        ]
        return Taken(parameters, numbers, columns)


class Inputs:
    """Where the programs of a recording find their numbers.

    That is in the list of the leaves of the arguments and the live Values. Positions in that list
    are: ``wrt``, the Values to differentiate by; ``numbers``, the plain numbers; ``compared``, the
    Values that are only compared, which are plain numbers to the program.
    """

    def __init__(self, recording: Recording, code: Simplified, same: Sequence[int]) -> None:
        leaves, n = code.leaves, len(code.leaves) - len(code.live)
        self.live, self.batches, self.kinds = code.live, recording.batches, recording.kinds
        self._keys = [None if b.given is None else b.given.key for b in self.batches]
        self.free = recording.free  # the arguments whose numbers come apart from the leaves
        self.lengths = {axis: node.value for axis, node in recording.lengths.items()}
        values = [*range(n, len(leaves)), *sorted({*range(n)} - {*code.numbers})]
        if same:  # of a Value that was given twice, the first place counts
            first = {x: i for i, x in reversed([*enumerate(leaves)])}
            values = [i for i in values if first[leaves[i]] == i]
        in_outputs = set(reachable(code.outputs))
        ends = [x for guard in code.guards for x in (guard.left, guard.right)]
        only_compared = set(reachable(ends)) - in_outputs
        self.wrt = [i for i in values if leaves[i] in in_outputs]
        self.compared = [i for i in values if leaves[i] in only_compared]
        self.numbers = list(code.used_numbers)
        self.taken = Taken(
            parameters=[x for i in self.wrt if (x := leaves[i]) is not None],
            numbers=[x for i in (*self.numbers, *self.compared) if (x := leaves[i]) is not None]
            + [*code.lengths],
            columns=code.columns,
        )
        self.fixed = all(i >= n for i in self.wrt)  # no argument is among the parameters
        self.plain = self.fixed and all(not self.live[i - n].parents for i in self.wrt)
        given = any(batch.places is not None for batch in self.batches)
        self._vary = bool(self.numbers or self.compared or self.free or given or self.kinds)
        self.constant: tuple[Any, ...] | None = None  # what is the same at every call
        if not (self.taken.numbers or self.taken.columns or self.kinds):
            self.constant = NO_NUMBERS

    def parents(self, order: Sequence[int], leaves: list[Any]) -> tuple[Value, ...]:
        """Return the Values that are the parameters, in this order."""
        everything = [*leaves, *self.live]
        return tuple([everything[self.wrt[i]] for i in order])

    def compared_values(self, leaves: list[Any]) -> list[Value]:
        """Return the Values that a call only compares."""
        everything = [*leaves, *self.live]
        return [everything[i] for i in self.compared]

    def arrays(self, leaves: list[Any], tables: Tables) -> tuple[Any, ...] | None:
        """Return the numbers of a call with these arguments: an array, and one for each batch.

        None if the recording does not hold for numbers of these types, or for lists of these
        lengths. NotExactError for ints that are too large.
        """
        if self.kinds is not None and self.kinds != [*map(type, leaves)]:
            return None
        rows, lengths = list[Any](), dict(self.lengths)
        if self.batches:
            gathered = self._rows(leaves, tables)
            if gathered is None:
                return None
            rows, found = gathered
            lengths |= {axis: n for axis, n in found.items() if axis in lengths}
        x = exact_array([leaves[i] for i in self.numbers])
        if self.compared or lengths:
            others = [value.data for value in self.compared_values(leaves)]
            x = np.concatenate([x, others, [*lengths.values()]])
        if not self._vary:
            self.constant = (x, *rows)
        return (x, *rows)

    def _rows(self, leaves: list[Any], tables: Tables) -> tuple[list[Any], dict[Axis, int]] | None:
        """Return the numbers of each batch, rows x columns, and the numbers of rows."""
        rows, lengths = list[Any](), dict[Axis, int]()
        for batch, key in zip(self.batches, self._keys, strict=True):
            table = batch.numbers
            if key in self.free:
                flat, count = tables[key]
                table = exact_array(flat).reshape(count, -1)
                n = len(batch.kinds)
                if self.kinds is not None and any(
                    {*map(type, flat[j::n])} != {kind} for j, kind in enumerate(batch.kinds)
                ):
                    return None
            elif batch.places is not None:
                table = exact_array([leaves[i] for i in batch.places]).reshape(table.shape)
            rows.append(table)
            if lengths.setdefault(batch.axis, len(table)) != len(table):
                return None
        return rows, lengths


def exact_array(numbers: list[Any]) -> Any:
    """Return numbers as an array of floats. NotExactError if one is a larger int than that."""
    if {*map(type, numbers)} != {float}:
        ints = [x for x in numbers if isinstance(x, int)]
        if any(abs(x) > EXACT_INT for x in ints):
            raise NotExactError
    return np.array(numbers, float)
