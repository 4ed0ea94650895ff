"""The tape of a recording: its operations in order, as numbers in arrays.

A comparison that the function branched on is an operation too, without a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..operation import Operation
from .batch import Axis

Ids = NDArray[np.int64]
STRIDE = 3  # numbers that are written for an operation: its kind and two more
MANY = 3  # the arity of a kind with any number of operands


class Kind(NamedTuple):
    """What an entry of the tape does: an operation at so many operands, or a test.

    The two numbers after it are its operands. If it has `MANY`, they are the start and the end of
    its operands in a list of their own.
    """

    does: Any  # an Operation, or a Guard without sides
    arity: int


class Recorded:
    """An operation of a recording, for the stages after it; or a leaf, without an operation."""

    __slots__ = ("op", "parents", "axis", "value")

    def __init__(
        self,
        op: Operation | None,
        parents: tuple[Any, ...],
        axis: Axis | None = None,
        value: float | None = None,
    ) -> None:
        self.op, self.parents, self.axis, self.value = op, parents, axis, value


@dataclass(frozen=True)
class Tape:
    """The operands of entry i are ``operands[start[i] : start[i + 1]]``.

    An operand from 0 on is the number of an entry. A negative one is leaf ``-1 - operand``.
    """

    kinds: Sequence[Kind]
    kind: Ids  # of each entry, its number in ``kinds``
    start: Ids
    operands: Ids
    leaves: Sequence[Any]  # arguments, columns, Values from outside or inside, floats
    is_data: NDArray[np.bool_]  # of each leaf, whether it is a plain number
    axes: dict[int, Axis]  # of the entries that have rows
    outputs: Ids  # operands: the results

    def __len__(self) -> int:
        return len(self.kind)

    def code(self, operation: Operation, arity: int) -> int:
        """Return the number of a kind, -1 if there is none such."""
        kind = Kind(operation, arity)
        return self.kinds.index(kind) if kind in self.kinds else -1


def finished(
    kinds: Sequence[Kind],
    written: list[int],
    many: list[int],
    leaves: Sequence[Any],
    copies: dict[int, int],
    is_data: Sequence[bool],
    axes: dict[int, Axis],
    outputs: Sequence[int],
) -> Tape:
    """Return the tape of what was ``written``, with `STRIDE` numbers for an entry.

    Entries are numbered by their places in ``written``, here and in ``copies``: leaves, and the
    operands that they are copies of.
    """
    table = np.array(written, np.int64).reshape(-1, STRIDE)
    kind = table[:, 0]
    arity = np.array([k.arity for k in kinds], np.int64)[kind]
    counts = np.where(arity == MANY, table[:, 2] - table[:, 1], arity)
    start = np.concatenate([[0], np.cumsum(counts)])
    operands = np.empty(start[-1], np.int64)
    few = arity < MANY
    operands[start[:-1][few]] = table[few, 1]
    two = arity == 2
    operands[start[:-1][two] + 1] = table[two, 2]
    if many:
        operands[np.repeat(~few, counts)] = many
    resolved = -1 - np.arange(len(leaves) + 1)
    for leaf, source in copies.items():
        resolved[-1 - leaf] = source
    ends = np.array(outputs, np.int64)
    for found in (operands, ends):
        found[:] = np.where(found < 0, np.take(resolved, -1 - found, mode="clip"), found)
        found[found >= 0] //= STRIDE
    in_order = {i // STRIDE: axis for i, axis in axes.items() if i >= 0}
    return Tape(
        kinds, kind.copy(), start, operands, leaves, np.array(is_data, bool), in_order, ends
    )
