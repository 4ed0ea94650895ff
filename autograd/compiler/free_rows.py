"""Arguments that may have any number of rows: one recording serves every length.

The structure of arguments is the key of a recording, so a list of another length would need
another one. If a function hands a list to `autograd.vmap` and does nothing else with it, its length
is free. Such lists are taken out of the leaves of the arguments, and their length out of the
structure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from ..tree import NUMBER, Branch, Leaf, Static, Structure


class RowsOf(NamedTuple):
    """The structure of a list of rows, of any length."""

    row: Structure


Tables = dict[int | str, tuple[list[Any], int]]


class Given(NamedTuple):
    """The arguments of a call: the leaves, and apart from them the numbers of free lists."""

    structure: Structure
    leaves: list[Any]
    tables: Tables  # the numbers of a free list, and its length


def split(structure: Structure, leaves: list[Any], free: Collection[int | str]) -> Given | None:
    """Return the arguments with the lists ``free`` taken out. None if one is no list of rows.

    >>> from ..tree import flatten
    >>> leaves, structure = flatten((([[1.0, 2.0], [3.0, 4.0]], 5.0), {}))
    >>> given = split(structure, leaves, {0})
    >>> given.leaves, given.tables
    ([5.0], {0: ([1.0, 2.0, 3.0, 4.0], 2)})
    """
    if not isinstance(structure, Branch) or structure.parts is None:
        return None
    fixed: list[Any] = []
    tables: Tables = {}
    sides: list[Structure] = []
    at = 0
    for side in structure.parts:
        if not isinstance(side, Branch) or side.parts is None:
            sides.append(side)  # plain numbers
            fixed += leaves[at : (at := at + _count(side))]
            continue
        parts: list[Any] = []
        for key, part in _by_key(side):
            numbers = leaves[at : (at := at + _count(part))]
            if key not in free:
                fixed += numbers
                parts.append(part)
                continue
            rows = rows_of(part)
            if rows is None:
                return None
            row, length = rows
            tables[key] = numbers, length
            parts.append(RowsOf(row))
        sides.append(side._replace(parts=tuple(parts)))
    if len(tables) < len(free):
        return None
    return Given(structure._replace(parts=tuple(sides)), fixed, tables)


def row_lists(structure: Structure) -> dict[int | str, Structure]:
    """Return the structures of those arguments that are lists of rows of plain numbers."""
    found: dict[int | str, Structure] = {}
    for side in structure.parts or () if isinstance(structure, Branch) else ():
        for key, part in _by_key(side):
            rows = rows_of(part)
            if rows is not None and not _has_values(rows[0]):
                found[key] = part
    return found


def with_lists(structure: Structure, lists: Mapping[int | str, Any]) -> Structure:
    """Return the structure that `split` gives with these lists, as things, in their places."""
    if not isinstance(structure, Branch) or not lists:
        return structure
    sides = []
    for side in structure.parts or ():
        if isinstance(side, Branch) and side.parts is not None:
            parts = [Static(lists[k]) if isinstance(x, RowsOf) else x for k, x in _by_key(side)]
            side = side._replace(parts=tuple(parts))
        sides.append(side)
    return structure._replace(parts=tuple(sides))


def _by_key(side: Structure) -> Iterator[tuple[int | str, Any]]:
    """Yield the positional arguments with their positions, or the others with their names."""
    if isinstance(side, Branch) and side.parts is not None:
        yield from zip(side.keys or range(len(side.parts)), side.parts, strict=True)


def _has_values(structure: Structure) -> bool:
    if isinstance(structure, Branch):
        return any(map(_has_values, structure.parts or ()))
    return structure is not NUMBER


def rows_of(part: Structure) -> tuple[Structure, int] | None:
    """Return the structure of each row of a list, and how many there are. None if rows differ."""
    if not isinstance(part, Branch) or part.kind is not list:
        return None
    if part.parts is None:
        length, *width = part.keys
        return (Branch(list, tuple(width), None) if width else NUMBER), length
    if not part.parts or any(row != part.parts[0] for row in part.parts):
        return None
    return part.parts[0], len(part.parts)


def _count(structure: Structure | Sequence[Structure]) -> int:
    """Return how many leaves a tree of this structure has."""
    if isinstance(structure, Leaf):
        return 1
    if not isinstance(structure, Branch):
        return 0
    if structure.parts is None:
        return prod(structure.keys)
    return sum(map(_count, structure.parts))
