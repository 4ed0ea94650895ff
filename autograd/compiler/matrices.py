"""Stage 5, see the matrices: the order and the dimensions in which a group's members are stored.

A group of dots has for each member a row of left operands and a row of right operands:

    z[0] = dot(W[0], X[0])    z[1] = dot(W[1], X[0])    z[2] = dot(W[0], X[1])    ...

When every left row meets every right row exactly once, the members form a full cross product, and
that IS a matrix product: lay them out as ``z[i, j] = dot(left[i], right[j])`` and all of them are
``left @ right.T``. Nothing else is needed. The rule finds the forward products ``X @ W.T``. Because
adjoints are dots too, it also finds the backward ones. The adjoint of an activation is a dot of
weights and adjoints over the neurons that consume it, ``dZ @ W``. The adjoint of a weight is a dot
of adjoints and activations over the batch, ``dZ.T @ X``.

Two things are a little more general. Rows may meet in several separate sets, as the queries and
keys of each head of attention do: then it is a batch of matrix products. And some meetings may be
missing, as those of a query with later keys. If at least half of them are there, the whole product
is computed, and nobody reads the places of the missing ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[Any]  # indices of expressions, or of members of a group
MAX_SPREADS = 64  # steps from row to row through a set


class Arrangement(NamedTuple):
    """How the members of a group are stored in an array of ``shape``.

    ``order[i]`` is the member stored at place i; -1 means unused. ``lefts`` and ``rights`` are the
    operands of dots, as indices of shape ``shape + (terms,)``, also for unused places.
    """

    shape: tuple[int, ...]
    order: Ids
    lefts: Ids | None = None
    rights: Ids | None = None


def flat(order: Ids) -> Arrangement:
    """Return the arrangement in a row."""
    return Arrangement((len(order),), order)


class Places:
    """The place of every expression's value: a group, and a position in the group's array."""

    NOWHERE = -9

    def __init__(self, size: int) -> None:
        self.group: Ids = np.full(size, self.NOWHERE)
        self.position: Ids = np.zeros(size, int)
        self.group_list: list[int] = [self.NOWHERE] * size

    def grow(self, size: int) -> None:
        """Make room for ``size`` expressions."""
        missing = size - len(self.group_list)
        if size > len(self.group):
            room = max(size, 2 * len(self.group)) - len(self.group)
            self.group = np.concatenate([self.group, np.full(room, self.NOWHERE)])
            self.position = np.concatenate([self.position, np.zeros(room, int)])
        self.group_list += [self.NOWHERE] * missing

    def set(self, index: int, group: int) -> None:
        self.group[index] = self.group_list[index] = group

    def put(self, ids: Ids, group: int, positions: Ids | None = None) -> None:
        self.group[ids] = group
        self.position[ids] = np.arange(len(ids)) if positions is None else positions
        for i in ids.tolist():
            self.group_list[i] = group

    def rank(self, ids: Ids) -> Ids:
        """Return a number for each expression, by which to sort by place. Constants go by age."""
        groups = self.group[ids]
        return np.where(groups >= 0, self.position[ids] + (groups + 1 << 40), ids)


def terms_in_order(places: Places, left: Ids, right: Ids) -> tuple[Ids, Ids]:
    """Return the terms of all dots in the order in which the first dot's operands are stored."""
    order = np.lexsort((places.rank(left[0]), places.rank(right[0])))
    return left[:, order], right[:, order]


def product(places: Places, members: Ids, left: Ids, right: Ids) -> Arrangement:
    """Return how to store dots with these rows of operands (members x terms), by the rule above."""
    a, b = _Rows(places, members, left), _Rows(places, members, right)
    sets = _sets(a, b)
    shapes = {(len(np.unique(a.of[s])), len(np.unique(b.of[s]))) for s in sets}
    met = len({*zip(a.of.tolist(), b.of.tolist(), strict=True)})
    if len(shapes) == 1 and met == len(members):
        ((rows, columns),) = shapes
        if 2 * len(members) >= len(sets) * rows * columns and rows * columns > 1:
            return _laid_out(members, a, b, sets)
    order = np.lexsort((b.of, a.of))
    return Arrangement((len(order),), order, left[order], right[order])


class _Rows:
    """The different rows of operands, sorted by the place of their first operand.

    ``ids`` are the rows, ``of`` has the number of each member's row.
    """

    def __init__(self, places: Places, members: Ids, ids: Ids) -> None:
        factors = (np.arange(ids.shape[1], dtype=np.uint64) * 2 + 1) * np.uint64(0x9E3779B97F4A7C15)
        hashes = (ids.astype(np.uint64) * (factors ^ (factors >> np.uint64(29)))).sum(axis=1)
        _, first, of = np.unique(hashes, return_index=True, return_inverse=True)
        if not np.array_equal(ids[first][of], ids):  # two different rows with one hash
            _, first, of = np.unique(ids, axis=0, return_index=True, return_inverse=True)
        rank = places.rank(ids[first, 0])
        rank[places.group[ids[first, 0]] < 0] = 0  # constants: in the order of their first use
        order = np.lexsort((members[first], rank))
        new = np.empty(len(order), int)
        new[order] = np.arange(len(order))
        self.ids, self.of = ids[first[order]], new[of.ravel()]


def _sets(a: _Rows, b: _Rows) -> list[Ids]:
    """Return the members in sets of which no two have a row in common: connected components."""
    if len(a.ids) * len(b.ids) == len(a.of):
        return [np.arange(len(a.of))]  # the full cross product, the usual case
    label = np.arange(len(a.ids))  # of each left row: the least in its set, once it has spread
    for _ in range(MAX_SPREADS):
        of_right = np.full(len(b.ids), len(label))
        np.minimum.at(of_right, b.of, label[a.of])
        new = label.copy()
        np.minimum.at(new, a.of, of_right[b.of])
        if np.array_equal(new, label):
            break
        label = new
    else:  # so long a path of rows is no complete set
        return [np.arange(len(a.of))]
    sets = label[a.of]
    order = np.argsort(sets, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(sets[order])) + 1)


def _laid_out(members: Ids, a: _Rows, b: _Rows, sets: list[Ids]) -> Arrangement:
    """Store members by set, left row and right row, or right row first, as they were recorded."""
    lefts = np.stack([np.unique(a.of[s]) for s in sets])  # sets x rows
    rights = np.stack([np.unique(b.of[s]) for s in sets])
    at = np.empty(len(a.ids), int)
    at[lefts] = np.arange(lefts.shape[1])
    at_right = np.empty(len(b.ids), int)
    at_right[rights] = np.arange(rights.shape[1])
    which = np.empty(len(members), int)
    for number, s in enumerate(sets):
        which[s] = number
    order = np.full((len(sets), lefts.shape[1], rights.shape[1]), -1)
    order[which, at[a.of], at_right[b.of]] = np.arange(len(members))
    left, right = a.ids[lefts][:, :, None, :], b.ids[rights][:, None, :, :]
    if _jumps(members, order) > _jumps(members, order.swapaxes(1, 2)):
        order, left, right = (x.swapaxes(1, 2) for x in (order, left, right))
    full = (*order.shape, left.shape[-1])
    single = tuple([axis for axis, n in enumerate(order.shape) if n == 1])
    spread = [np.broadcast_to(x, full).squeeze(single) for x in (left, right)]
    return Arrangement(order.squeeze().shape, order.ravel(), *spread)


def _jumps(members: Ids, order: Ids) -> float:
    """Return how far apart neighbors along the last axis were recorded, on average."""
    if order.shape[-1] == 1:
        return float("inf")
    there = (order[..., 1:] >= 0) & (order[..., :-1] >= 0)
    apart = np.abs(members[order[..., 1:]] - members[order[..., :-1]])[there]
    return float(apart.mean()) if len(apart) else float("inf")


def following(
    places: Places, members: Ids, columns: list[Ids], shape_of: list[tuple[int, ...]]
) -> Arrangement:
    """Return how to store the results of elementwise work: as its operands, which become views."""
    whole: list[tuple[int, Ids]] = []  # operands that are in one array
    for column in columns:
        group = places.group[column]
        if group[0] >= 0 and (group == group[0]).all():
            whole.append((int(group[0]), column))
    whole.sort(key=lambda c: -c[0])  # the arrays computed last come first
    for number, column in whole:
        positions = places.position[column]
        order = np.argsort(positions, kind="stable")
        positions = positions[order]
        if (positions[1:] > positions[:-1]).all():
            shape = shape_of[number - 2] if number >= 2 else (0,)
            return Arrangement(_box(positions, shape), order)
    if len(whole) > 1:
        outer = product(places, members, whole[0][1][:, None], whole[1][1][:, None])
        if (outer.order >= 0).all():
            return Arrangement(outer.shape, outer.order)
    rank = places.rank(columns[0])
    return flat(np.lexsort((members, rank)))


def _box(positions: Ids, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of these positions as a part of an array. If it is no box, it is a row."""
    if int(np.prod(shape)) == len(positions):
        return shape
    if len(shape) > 1 and positions[-1] < np.prod(shape):
        sides = [len(np.unique(axis)) for axis in np.unravel_index(positions, shape)]
        if int(np.prod(sides)) == len(positions):
            return tuple([n for n in sides if n > 1]) or (1,)
    return (len(positions),)
