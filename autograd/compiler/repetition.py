"""Find work that repeats: a loop over samples records the same operations for each of them.

A *period* is a number of operations after which the same operations follow, again and again. Which
numbers can be periods is guessed, from short stretches that occur again. Then every operand of
every operation in every period is compared, so nothing that is found is wrong. An operand is

    inner    a result of the same period, at the same place
    shared   the same node in all periods, such as a parameter
    data     a plain number, which may be another one in each period

So the periods are the rows of a batch, and the first of them is what `autograd.vmap` would record.
A sum that the loop adds up, ``total = total + loss``, is not part of the period: its terms are.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import ops
from .tape import Ids, Tape

MIN_PERIODS = 8  # fewer are not worth an axis
MIN_OPERANDS = 2000  # of all periods together
STRETCH = 12  # operations that are compared to guess a period
MAX_GUESSES = 6
HEAD = 1 << 16  # operations from which a period is guessed first


class Part(NamedTuple):
    """A part of a tape. Its entries are numbered from 0; all others are leaves to it."""

    op: Ids
    start: Ids
    operands: Ids
    is_data: NDArray[np.bool_]
    sums: int  # the code of the operation ``a + b``


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


def repetitions(tape: Tape, excluded: Set[int] = frozenset()) -> list[Periods]:
    """Return all periods, in order. None has a length that is ``excluded``."""
    found = []
    parts = [(0, len(tape))]
    while parts:
        begin, end = parts.pop()
        best = periods(_part(tape, begin, end), excluded)
        if best is not None:
            best = replace(best, first=best.first + begin, totals=best.totals + begin)
            found.append(best)
            parts += [(begin, best.first), (best.end, end)]
    return sorted(found, key=lambda p: p.first)


def _part(tape: Tape, begin: int, end: int) -> Part:
    start = tape.start[begin : end + 1]
    operands = tape.operands[start[0] : start[-1]]
    outside = (operands >= 0) & (operands < begin)
    operands = np.where(operands >= begin, operands - begin, operands)
    operands[outside] = -1 - len(tape.is_data) - tape.operands[start[0] : start[-1]][outside]
    is_data = np.concatenate([tape.is_data, np.zeros(begin + 1, bool)])
    return Part(tape.kind[begin:end], start - start[0], operands, is_data, tape.code(ops.add, 2))


def periods(tape: Part, excluded: Set[int] = frozenset()) -> Periods | None:
    """Return the periods that cover most of the tape, None if it has none."""
    best: Periods | None = None
    for length in chain.from_iterable(map(_guesses, _heads(tape))):
        found = _verified(tape, length) if length not in excluded else None
        if found and (best is None or found.end - found.first > best.end - best.first):
            best = found
        if best and 2 * (best.end - best.first) > len(tape.op):
            break  # no other can cover more
    return best


def _heads(tape: Part) -> Iterator[Part]:
    """Yield the beginning of a long tape, which usually shows the period, and then all of it."""
    if len(tape.op) > 2 * HEAD:
        start = tape.start[: HEAD + 1]
        operands = tape.operands[: start[-1]]
        yield tape._replace(op=tape.op[:HEAD], start=start, operands=operands)
    yield tape


def _guesses(tape: Part) -> list[int]:
    """Return after how many operations stretches occur again, the most frequent numbers first."""
    size = len(tape.op)
    if size <= STRETCH or len(tape.operands) < MIN_OPERANDS:
        return []
    leaf = -1 - tape.operands
    is_leaf = leaf >= 0
    shared = is_leaf & ~np.take(tape.is_data, leaf, mode="clip")
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


def _verified(tape: Part, length: int) -> Periods | None:
    """Return the longest run of periods of this length. Every operand has been compared."""
    alike, moves, same = _alike(tape, length)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], alike.view(np.int8), [0]])))
    if not len(edges):
        return None
    runs = edges.reshape(-1, 2)
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])].tolist()
    if end - first < length * (MIN_PERIODS - 1):
        return None
    found = _aligned(tape, first, end + length, length, moves)
    return found and _with_one_before(tape, found, moves, same)


def _alike(
    tape: Part, length: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether operation i + length is like operation i.

    Then, of the operands, which move with it, and which are alike.
    """
    op, start, operands = tape.op, tape.start, tape.operands
    arity = np.diff(start)
    alike = (op[length:] == op[:-length]) & (arity[length:] == arity[:-length])
    node = np.repeat(np.arange(len(alike)), arity[: len(alike)])
    one = np.arange(len(node))
    other = np.minimum(start[node + length] + one - start[node], len(operands) - 1)
    a, b = operands[one], operands[other]
    moves = (a >= 0) & (b - a == length)
    is_data = (operands < 0) & np.take(tape.is_data, -1 - operands, mode="clip")
    data = is_data[one] & is_data[other]
    same = (a == b) | moves | data
    alike[node[~same]] = False
    return alike, moves, same


def _aligned(
    tape: Part, first: int, end: int, length: int, moves: NDArray[np.bool_]
) -> Periods | None:
    """Return the periods, begun where no operand lies in the period before. None if nowhere."""
    start = tape.start
    found = _begin(tape, first, length, moves)
    if found is None:
        return None
    begin, totals = found
    count = (end - begin) // length
    size = int(start[begin + length] - start[begin])
    if count < MIN_PERIODS or size * count < MIN_OPERANDS:
        return None
    at = int(start[begin])
    every = moves[at : at + size * (count - 1)].reshape(count - 1, size)
    return Periods(begin, length, count, totals) if (every == every[0]).all() else None


def _with_one_before(
    tape: Part, found: Periods, moves: NDArray[np.bool_], same: NDArray[np.bool_]
) -> Periods:
    """Return the periods with one more in front, if it differs only in where the totals begin."""
    begin, length = found.first - found.length, found.length
    if begin < 0 or (tape.op[begin : begin + length] != tape.op[found.first :][:length]).any():
        return found
    a, b, c = tape.start[[begin, found.first, found.first + length]].tolist()
    bounds = tape.start[begin : found.first + length + 1]
    if (bounds[: length + 1] - a != bounds[length:] - b).any():
        return found
    before, after = tape.operands[a:b], tape.operands[b:c]
    carried = (after >= begin) & (after < found.first) & np.isin(after + length, found.totals)
    alike = same[a:b] & (moves[a:b] == moves[b:c]) & ~carried
    if not (alike | (carried & (before < begin))).all():
        return found
    return replace(found, first=begin, count=found.count + 1, totals=found.totals - length)


def _begin(tape: Part, first: int, length: int, moves: NDArray[np.bool_]) -> tuple[int, Ids] | None:
    """Return the operation at which the periods begin, and the totals of the period from there.

    None if something else than a total goes from each period to the next.
    """
    nodes = np.arange(first + length, first + 2 * length)  # a period, with another before it
    a, b = tape.start[nodes[0]], tape.start[nodes[-1] + 1]
    node = np.repeat(nodes, np.diff(tape.start[nodes[0] : nodes[-1] + 2]))[moves[a:b]]
    operand = tape.operands[a:b][moves[a:b]]
    totals = _carried((operand - first) % length, (node - first) % length) + first
    if (tape.op[totals] != tape.sums).any():
        return None  # something else than a sum is carried from one period to the next
    from_total = np.isin((operand - first) % length + first, totals)
    if not np.isin(node[from_total], (totals - first) % length + first + length).all():
        return None  # a total is used before it is complete
    crossing = ~from_total
    if (node - operand)[crossing].max(initial=0) >= length:
        return None
    crossed = np.zeros(2 * length + 1, int)  # how many operands lie on both sides of each place
    np.add.at(crossed, operand[crossing] + 1 - first, 1)
    np.add.at(crossed, node[crossing] + 1 - first, -1)
    depth = np.cumsum(crossed)[: 2 * length]
    free = np.flatnonzero(~depth.reshape(2, length).any(axis=0))
    if not len(free):
        return None
    begin = first + int(free[0])
    return begin, begin + np.sort((totals - begin) % length)


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
