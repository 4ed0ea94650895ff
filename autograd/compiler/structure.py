"""Nested arguments and results: lists, tuples, dicts and NumPy arrays of numbers and Values.

`flatten` takes them apart into a flat list and a *structure*, hashable and equal for arguments that
a recording serves alike; `rebuild` puts them together again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """A list or tuple of plain numbers or an array, the usual case, kept short."""

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
        if structure.kind in (list, tuple):
            return structure.kind(next(leaves) for _ in range(structure.shape[0]))
        size = 1
        for n in structure.shape:
            size *= n
        return _array([next(leaves) for _ in range(size)], structure.shape)
    elements = [rebuild(e, leaves) for e in structure.elements]
    if isinstance(structure.kind, type) and issubclass(structure.kind, dict):
        return dict(zip(structure.keys or (), elements, strict=True))
    if structure.keys is not None:
        return _array(elements, structure.keys)
    make: Callable[..., Any] = structure.kind
    return make(*elements) if hasattr(make, "_fields") else make(elements)


def _array(elements: list[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array.reshape(shape)
