"""Nested lists, tuples, dicts and NumPy arrays of numbers: taken apart and put together again.

`flatten` returns the *leaves* of a tree, its numbers and Values in order, and its *structure*.
`build` makes a tree of that structure with other leaves. A structure can be a key of a dict: trees
have equal structures if one compiled program serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, product, repeat
from math import prod
from numbers import Number, Real
from types import MethodType
from typing import Any, NamedTuple

from .operation import Node
from .value import Scalar, Value


class Leaf:
    """The structure of a number or a Value."""

    def __repr__(self) -> str:
        return "number"  # in error messages


class Branch(NamedTuple):
    """The structure of a list, tuple, dict or array."""

    kind: type
    keys: tuple[Any, ...]  # of a dict; the shape of an array, or of a list of plain numbers
    parts: tuple[Structure, ...] | None  # None: all its leaves are plain numbers


class Static:
    """The structure of anything else. The thing belongs to the structure, not to the leaves.

    Two of them are equal if they have the same thing. Text, numbers and tuples of them are the same
    if they have the same type and digits: 2 is not 2.0, nor 1 True, nor 0.0 -0.0.
    """

    __slots__ = ("thing", "key")

    def __init__(self, thing: Any) -> None:
        self.thing, self.key = thing, _identity(thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self.key == other.key

    def __hash__(self) -> int:
        hash(self.thing)  # TypeError for what can change, such as a set
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Static({self.thing!r})"


class Keys(tuple[Any, ...]):
    """The keys of a dict, if some are no text. As with things, the key 1 is not True."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, other) and _identity(self) == _identity(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


def _identity(x: Any) -> tuple[Any, ...]:
    """Return what is equal for two things only if no function can tell them apart."""
    kind = type(x)
    if kind in (str, bytes, int, bool, range):
        return kind, x
    if isinstance(x, Number):
        return kind, repr(x)  # which has the sign of a zero
    if isinstance(x, tuple):
        return kind, *map(_identity, x)
    if kind is frozenset:
        return kind, frozenset(map(_identity, x))
    if kind is MethodType:  # made anew whenever it is read from its instance
        return kind, id(x.__self__), id(x.__func__)
    return kind, id(x)


Structure = Leaf | Branch | Static
NUMBER, VALUE = Leaf(), Leaf()


_of_own_classes: dict[type, Leaf] = {}


def leaf_of(kind: type) -> Leaf:
    """Return `VALUE` for a class of this package, a leaf of its own for a class made from it.

    Methods of such a class may compute something else, so it is another structure.
    """
    is_ours = kind.__module__.split(".")[0] == __name__.split(".")[0]
    return VALUE if is_ours else _of_own_classes.setdefault(kind, Leaf())


def flatten(tree: Any, other: Callable[[Any], Structure] = Static) -> tuple[list[Any], Structure]:
    """Return the leaves and the structure of ``tree``. Anything else in it goes to ``other``.

    >>> leaves, structure = flatten({"w": [1, 2.5], "b": 0})
    >>> leaves, build(structure, iter("xyz"))
    ([1, 2.5, 0], {'w': ['x', 'y'], 'b': 'z'})
    """
    leaves: list[Any] = []
    return leaves, _structure(tree, leaves, other)


def _structure(x: Any, leaves: list[Any], other: Callable[[Any], Structure]) -> Structure:
    """Return the structure of ``x``. Append the numbers and Values in it to ``leaves``."""
    kind = type(x)
    if kind is float:
        leaves.append(x)
        return NUMBER
    if kind is Static:
        return x  # type: ignore[no-any-return]  # as its type says
    if issubclass(kind, Node) and not issubclass(kind, list):  # a list of rows is a node too
        leaves.append(x)
        return VALUE if kind is Value else leaf_of(kind)
    if isinstance(x, (list, tuple)):
        kinds = set(map(type, x))
        if kind in (list, tuple) and x and kinds <= {float, int}:
            leaves.extend(x)
            return Branch(kind, (len(x),), None)
        if kind is list and kinds == {list} and len(set(map(len, x))) == 1:
            numbers = [*chain.from_iterable(x)]
            if numbers and set(map(type, numbers)) <= {float, int}:
                leaves.extend(numbers)
                return Branch(kind, (len(x), len(x[0])), None)
        kind = getattr(kind, "kind_in_trees", kind)
        return Branch(kind, (), tuple([_structure(part, leaves, other) for part in x]))
    if isinstance(x, Real):
        leaves.append(x)
        return NUMBER
    if isinstance(x, dict):
        parts = [_structure(part, leaves, other) for part in x.values()]
        keys = tuple(x) if set(map(type, x)) <= {str} else Keys(x)
        return Branch(kind, keys, tuple(parts))
    if _is_array(x):
        elements = x.ravel().tolist()
        if x.dtype.kind != "O":
            leaves.extend(elements)
            return Branch(kind, x.shape, None)
        parts = [_structure(part, leaves, other) for part in elements]
        return Branch(kind, x.shape, tuple(parts))
    if getattr(x, "shape", None) == () and isinstance(number := x.item(), Real):
        leaves.append(number)
        return NUMBER
    return other(x)


def build(structure: Structure, leaves: Iterator[Any]) -> Any:
    """Return the tree of this structure that has ``leaves`` in it."""
    if isinstance(structure, Leaf):
        return next(leaves)
    if isinstance(structure, Static):
        return structure.thing
    kind, keys, parts = structure
    if parts is not None:
        elements = [build(part, leaves) for part in parts]
    else:
        elements = list(islice(leaves, prod(keys)))
        if kind is list and len(keys) == 2:
            return [elements[i : i + keys[1]] for i in range(0, len(elements), keys[1])]
    if issubclass(kind, dict):
        return dict(zip(keys, elements, strict=True))
    return _sequence(kind, elements) if issubclass(kind, list | tuple) else _stack(elements, keys)


def _sequence(kind: Any, parts: list[Any]) -> Any:
    """Return a list or tuple of ``parts``. A named tuple has a function of its own for that."""
    return getattr(kind, "_make", kind)(parts)


def _stack(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of ``parts``. If they are trees, return a tree of such arrays."""
    if parts and isinstance(parts[0], dict):
        return {key: _stack([part[key] for part in parts], shape) for key in parts[0]}
    if parts and isinstance(parts[0], list | tuple):
        columns = zip(*parts, strict=True)
        return _sequence(type(parts[0]), [_stack(list(column), shape) for column in columns])
    import numpy as np

    stacked = np.array(parts)
    return stacked.reshape(shape + stacked.shape[1:])


def _is_array(x: Any) -> bool:
    """Return whether ``x`` is an array of numbers or objects, from NumPy or a library like it."""
    dtype = getattr(x, "dtype", None)
    return getattr(dtype, "kind", None) in ("f", "i", "u", "b", "O") and bool(x.shape)


# ------------------------------------------------------------- trees that hold nothing but numbers


def flatten_numbers(tree: Any, name: str) -> tuple[list[Scalar], Structure]:
    """Return the Values and floats in ``tree``, and its structure.

    TypeError for anything else in it. ``name`` stands for the tree in the message.
    """

    def refuse(x: Any) -> Structure:
        place = next(place for place, leaf in places(tree, name) if leaf is x)
        raise TypeError(
            f"{place}: expected a real number, got {x!r:.80} ({type(x).__name__}); "
            "lists, tuples, dicts and NumPy arrays of real numbers are fine too"
        )

    leaves, structure = flatten(tree, refuse)
    return [x if isinstance(x, Node) else float(x) for x in leaves], structure  # type: ignore[misc]  # all others were refused


def flatten_like(structure: Structure, tree: Any, name: str) -> list[Scalar]:
    """Return the numbers in ``tree``, in the order in which ``structure`` has them.

    ValueError unless they are in the same places as in a tree of ``structure``.
    """
    numbers, given = flatten_numbers(tree, name)
    like = build(structure, repeat(NUMBER))
    wanted, got = ([place for place, _ in places(x, name)] for x in (like, tree))
    if sorted(wanted) != sorted(got):
        raise ValueError(f"{name} must be like {like!r:.99}, got {outline(given):.99}")
    number_at = dict(zip(got, numbers, strict=True))
    return numbers if got == wanted else [number_at[place] for place in wanted]


def outline(structure: Structure) -> str:
    """Return how the trees of this structure are built.

    >>> outline(flatten({"w": [1, 2.5], "b": 0})[1])
    "{'w': [number, number], 'b': number}"
    """
    return repr(build(structure, repeat(NUMBER)))


def places(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the place and the leaf, for each leaf of ``tree`` in order.

    >>> list(places({"w": [1, 2.5]}, "p"))
    [("p['w'][0]", 1), ("p['w'][1]", 2.5)]
    """
    if isinstance(tree, dict):
        parts = [(f"[{key!r}]", part) for key, part in tree.items()]
    elif isinstance(tree, list | tuple):
        parts = [(f"[{i}]", part) for i, part in enumerate(tree)]
    elif _is_array(tree):
        indices = product(*map(range, tree.shape))
        parts = [(f"{[*i]}", x) for i, x in zip(indices, tree.ravel().tolist(), strict=True)]
    else:
        yield name, tree
        return
    for key, part in parts:
        yield from places(part, name + key)
