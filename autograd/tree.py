"""Numbers in nested lists, tuples, dicts and NumPy arrays: taken out, others put in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from .operation import real
from .value import Value


class Structure(NamedTuple):
    """What `flatten` finds: the numbers in order, each one's place, and how to put others there."""

    numbers: list[Any]  # Values, and floats for all others
    places: list[str]
    build: Callable[[Iterator[Any]], Any]
    outline: str  # equal for structures that are alike


def flatten(tree: Any, place: str) -> Structure:
    """The structure of ``tree``; TypeError, naming the place, for what is not a real number.

    >>> numbers, places, build, outline = flatten({"w": [1, 2.5], "b": 0}, "p")
    >>> numbers, places, outline
    ([0.0, 1.0, 2.5], ["p['b']", "p['w'][0]", "p['w'][1]"], "{'b': number, 'w': [number, number]}")
    >>> build(iter("xyz"))
    {'w': ['y', 'z'], 'b': 'x'}
    """
    make: Callable[[list[Any]], Any]
    if isinstance(tree, dict):
        by_key = {key: flatten(tree[key], f"{place}[{key!r}]") for key in sorted(tree, key=repr)}
        parts = list(by_key.values())
        outline = f"{{{', '.join(f'{key!r}: {part.outline}' for key, part in by_key.items())}}}"
        make = partial(_to_dict, tree, list(by_key))
    elif isinstance(tree, list | tuple):
        parts = [flatten(part, f"{place}[{i}]") for i, part in enumerate(tree)]
        outline = ", ".join([part.outline for part in parts])
        outline = f"({outline})" if isinstance(tree, tuple) else f"[{outline}]"
        make = getattr(tree, "_make", type(tree))  # of a named tuple
    elif type(tree).__module__ == "numpy" and getattr(tree, "shape", None):
        parts = [flatten(part, f"{place}.flat[{i}]") for i, part in enumerate(tree.flat)]
        outline = f"array of shape {tree.shape}"
        make = partial(_stack, tree.shape)
    else:
        try:
            number = tree if isinstance(tree, Value) else real(tree)
        except TypeError as error:
            also = "lists, tuples, dicts and NumPy arrays of real numbers are fine too"
            raise TypeError(f"{place}: {error}; {also}") from None
        return Structure([number], [place], next, "number")
    numbers = [x for part in parts for x in part.numbers]
    places = [x for part in parts for x in part.places]
    return Structure(numbers, places, lambda xs: make([part.build(xs) for part in parts]), outline)


def flatten_like(structure: Structure, other: Any, place: str) -> list[Any]:
    """The numbers in ``other``; ValueError unless it is like ``structure``."""
    given = flatten(other, place)
    if given.outline != structure.outline:
        raise ValueError(f"{place} must be like {structure.outline:.99}, got {given.outline:.99}")
    return given.numbers


def _to_dict(like: dict[Any, Any], keys: list[Any], parts: list[Any]) -> dict[Any, Any]:
    made = dict(zip(keys, parts, strict=True))
    return {key: made[key] for key in like}


def _stack(shape: tuple[int, ...], parts: list[Any]) -> Any:
    """An array of ``shape`` of the parts; if they are structures, a structure of such arrays."""
    if parts and isinstance(parts[0], dict):
        return {key: _stack(shape, [part[key] for part in parts]) for key in parts[0]}
    if parts and isinstance(parts[0], list | tuple):
        columns = zip(*parts, strict=True)
        return type(parts[0])([_stack(shape, list(column)) for column in columns])
    import numpy as np

    stacked = np.array(parts)
    return stacked.reshape(shape + stacked.shape[1:])
