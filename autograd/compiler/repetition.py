"""Find work that repeats: a loop over samples records the same operations for each of them.

The recording is a `Tape`: arrays with the operations, and with the numbers of their operands. A
*period* is a number of operations after which the same operations follow, again and again. Which
numbers can be periods is guessed, from short stretches that occur again. Then every operand of
every operation in every period is compared, so nothing that is found is wrong. An operand is

    inner    a result of the same period, at the same place
    shared   the same node in all periods, such as a parameter
    data     a plain number, which may be another one in each period

So the periods are the rows of a batch, and the first of them is what `autograd.vmap` would record.
A sum that the loop adds up, ``total = total + loss``, is not part of the period: its terms are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
MIN_PERIODS = 4  # fewer are not worth an axis
MIN_OPERATIONS = 64  # in all periods together
STRETCH = 12  # operations that are compared to guess a period
MAX_GUESSES = 6


class Tape(NamedTuple):
    """What was recorded: the operations in order, and their operands.

    The operands of operation i are ``operands[start[i] : start[i + 1]]``. An operand from 0 on is
    the number of an operation. A negative one is leaf ``-1 - operand``. ``is_data`` says of each
    leaf whether it is a plain number. ``sums`` is the code of the operation ``a + b``.
    """

    op: Ids
    start: Ids
    operands: Ids
    is_data: NDArray[np.bool_]
    sums: int


@dataclass(frozen=True)
class Periods:
    """``count`` periods of ``length`` operations, from operation ``first`` on."""

    first: int
    length: int
    count: int
    totals: Ids  # operations of the first period that only add up terms over the periods

    @property
    def end(self) -> int:
        return self.first + self.length * self.count


def periods(tape: Tape) -> Periods | None:
    """Return the periods that cover most of the tape, None if it has none."""
    best: Periods | None = None
    for length in _guesses(tape):
        found = _verified(tape, length)
        if found and (best is None or found.end - found.first > best.end - best.first):
            best = found
        if best and 2 * (best.end - best.first) > len(tape.op):
            break  # no other can cover more
    return best


def _guesses(tape: Tape) -> list[int]:
    """Return after how many operations stretches occur again, the most frequent numbers first."""
    size = len(tape.op)
    if size < MIN_OPERATIONS:
        return []
    leaf = -1 - tape.operands
    is_leaf = leaf >= 0
    shared = is_leaf & ~tape.is_data[np.where(is_leaf, leaf, 0)]
    codes = np.where(shared, leaf + 2, is_leaf).astype(np.uint64)
    place = np.arange(len(codes)) - np.repeat(tape.start[:-1], np.diff(tape.start))
    factor = np.uint64(0x9E3779B97F4A7C15)
    codes = (codes + place.astype(np.uint64)) * factor
    hashes = np.add.reduceat(codes ^ (codes >> np.uint64(29)), tape.start[:-1])
    hashes = (hashes + tape.op.astype(np.uint64)) * factor
    stretches = np.zeros(size - STRETCH, np.uint64)
    for i in range(STRETCH):
        stretches = stretches * np.uint64(1_000_003) + hashes[i : i + len(stretches)]
    order = np.argsort(stretches, kind="stable")
    again = stretches[order][1:] == stretches[order][:-1]
    lengths, votes = np.unique((order[1:] - order[:-1])[again], return_counts=True)
    return [int(n) for n in lengths[np.argsort(-votes, kind="stable")][:MAX_GUESSES]]


def _verified(tape: Tape, length: int) -> Periods | None:
    """Return the longest run of periods of this length. Every operand has been compared."""
    alike, moves = _alike(tape, length)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], alike.view(np.int8), [0]])))
    if not len(edges):
        return None
    runs = edges.reshape(-1, 2)
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])].tolist()
    if end - first < length * (MIN_PERIODS - 1):
        return None
    return _aligned(tape, first, end + length, length, moves)


def _alike(tape: Tape, length: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether operation i + length is like operation i, and which operands move with it."""
    op, start, operands = tape.op, tape.start, tape.operands
    arity = np.diff(start)
    alike = (op[length:] == op[:-length]) & (arity[length:] == arity[:-length])
    node = np.repeat(np.arange(len(alike)), arity[: len(alike)])
    one = np.arange(len(node))
    other = np.minimum(start[node + length] + one - start[node], len(operands) - 1)
    a, b = operands[one], operands[other]
    moves = (a >= 0) & (b - a == length)
    leaf_a, leaf_b = np.maximum(-1 - a, 0), np.maximum(-1 - b, 0)
    data = (a < 0) & (b < 0) & tape.is_data[leaf_a] & tape.is_data[leaf_b]
    same = (a == b) | moves | data
    alike[node[~same]] = False
    return alike, moves


def _aligned(
    tape: Tape, first: int, end: int, length: int, moves: NDArray[np.bool_]
) -> Periods | None:
    """Return the periods, begun where no operand lies in the period before. None if nowhere."""
    start = tape.start
    for begin, totals in _begins(tape, first, end, length, moves):
        count = (end - begin) // length
        if count < MIN_PERIODS or count * length < MIN_OPERATIONS:
            return None
        size = int(start[begin + length] - start[begin])
        at = int(start[begin])
        every = moves[at : at + size * (count - 1)].reshape(count - 1, size)
        if (every == every[0]).all():
            return Periods(begin, length, count, totals)
    return None


def _begins(
    tape: Tape, first: int, end: int, length: int, moves: NDArray[np.bool_]
) -> list[tuple[int, Ids]]:
    """Return the operations at which periods can begin, and the totals of the period from there."""
    nodes = np.arange(first + length, first + 2 * length)  # a period, with another before it
    a, b = tape.start[nodes[0]], tape.start[nodes[-1] + 1]
    node = np.repeat(nodes, np.diff(tape.start[nodes[0] : nodes[-1] + 2]))[moves[a:b]]
    operand = tape.operands[a:b][moves[a:b]]
    totals = _carried((operand - first) % length, (node - first) % length) + first
    if (tape.op[totals] != tape.sums).any():
        return []  # something else than a sum is carried from one period to the next
    from_total = np.isin((operand - first) % length + first, totals)
    if not np.isin(node[from_total], (totals - first) % length + first + length).all():
        return []  # a total is used before it is complete
    crossing = ~from_total
    if (node - operand)[crossing].max(initial=0) >= length:
        return []
    crossed = np.zeros(2 * length + 1, int)  # how many operands lie on both sides of each place
    np.add.at(crossed, operand[crossing] + 1 - first, 1)
    np.add.at(crossed, node[crossing] + 1 - first, -1)
    depth = np.cumsum(crossed)[: 2 * length]
    free = np.flatnonzero((depth[:length] + depth[length:]) == 0)
    begins = (first + free[:2]).tolist()
    return [(begin, begin + np.sort((totals - begin) % length)) for begin in begins]


def _carried(operands: Ids, nodes: Ids) -> Ids:
    """Return the nodes through which something goes around, from each period to the next.

    They are what is left after all nodes without operands, or without consumers, are taken away.
    """
    while True:
        left = np.intersect1d(operands, nodes)
        inside = np.isin(operands, left) & np.isin(nodes, left)
        if inside.all():
            return left
        operands, nodes = operands[inside], nodes[inside]
