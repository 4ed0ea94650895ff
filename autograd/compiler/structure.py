"""Nested arguments and results: lists, tuples, dicts and NumPy arrays of numbers and Values.

`flatten` takes them apart into a flat list and a *structure*, hashable and equal for arguments that
a recording serves alike; `rebuild` puts them together again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from math import prod
from numbers import Real
from typing import Any, NamedTuple

from ..value import Value

NUMBER, VALUE = "number", "value"  # the structure of a leaf


class Static(NamedTuple):
    """Anything else, and static arguments: part of the structure, handed over as it is."""

    thing: Any


class Container(NamedTuple):
    """A list, tuple, dict or array: its type, its keys or shape, the structures of its elements."""

    kind: type
    keys: tuple[Any, ...] | None
    elements: tuple[Any, ...]


class Row(NamedTuple):
    """A list or tuple of plain numbers, a list of equally long lists of them, or an array.

    They are the usual arguments, and so kept short.
    """

    kind: type
    shape: tuple[int, ...]


def flatten(x: Any, leaves: list[Any]) -> Any:
    """The structure of ``x``, whose numbers and Values are appended to ``leaves``."""
    kind = type(x)
    if kind is float:
        leaves.append(x)
        return NUMBER
    if kind is Static:
        return x
    if isinstance(x, (list, tuple)):
        if kind in (list, tuple) and x and set(map(type, x)) <= {float, int}:
            leaves.extend(x)
            return Row(kind, (len(x),))
        if kind is list and (numbers := _table(x)):
            leaves.extend(numbers)
            return Row(kind, (len(x), len(x[0])))
        return Container(kind, None, tuple([flatten(e, leaves) for e in x]))
    if isinstance(x, Value):
        leaves.append(x)
        return VALUE
    if isinstance(x, Real):
        leaves.append(x)
        return NUMBER
    if isinstance(x, dict):
        return Container(kind, tuple(x), tuple([flatten(e, leaves) for e in x.values()]))
    if (dtype := getattr(x, "dtype", None)) is not None and hasattr(x, "tolist"):
        if dtype.kind in "fiub":
            leaves.extend(x.ravel().tolist())
            return Row(kind, x.shape)
        if dtype.kind == "O":
            return Container(kind, x.shape, tuple([flatten(e, leaves) for e in x.ravel().tolist()]))
    return Static(x)


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """The nested thing of this structure with the leaves in its places."""
    if structure in (NUMBER, VALUE):
        return next(leaves)
    if isinstance(structure, Static):
        return structure.thing
    if isinstance(structure, Row):
        numbers = [next(leaves) for _ in range(prod(structure.shape))]
        if structure.kind not in (list, tuple):
            return _array(numbers, structure.shape)
        if len(structure.shape) == 1:
            return structure.kind(numbers)
        rows, width = structure.shape
        return [numbers[i * width : (i + 1) * width] for i in range(rows)]
    elements = [rebuild(e, leaves) for e in structure.elements]
    if isinstance(structure.kind, type) and issubclass(structure.kind, dict):
        return dict(zip(structure.keys or (), elements, strict=True))
    if structure.keys is not None:
        return _array(elements, structure.keys)
    make: Callable[..., Any] = structure.kind
    return make(*elements) if hasattr(make, "_fields") else make(elements)


def _table(rows: Sequence[Any]) -> list[Any]:
    """The numbers in a list of equally long lists of plain numbers; empty if it is none."""
    if set(map(type, rows)) != {list} or len(set(map(len, rows))) > 1:
        return []
    numbers = [*chain.from_iterable(rows)]
    return numbers if set(map(type, numbers)) <= {float, int} else []


def _array(elements: list[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array.reshape(shape)
