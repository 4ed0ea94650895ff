"""The arguments of a compiled function: numbers and Values, and the things beside them.

A *thing* is anything that is no number: a model, a string, an argument declared static. Another
thing is another recording. A bool is a thing too, if it is an argument of its own: a switch.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..tree import Branch, Static, Structure
from ..value import Value

TEXT_AND_THE_LIKE = str, bytes, complex, type(None)


class StaticArguments:
    """Which arguments of a function are things, by ``static_argnums``.

    TypeError unless they are ints, ValueError for a position that the function does not have.
    """

    def __init__(self, function: Callable[..., Any], static: int | Sequence[int]) -> None:
        given = (static,) if isinstance(static, int) else tuple(static)
        for i in given:
            if not isinstance(i, int) or isinstance(i, bool):
                raise TypeError(f"static_argnums takes positions, such as 0 or (0, 2), got {i!r}")
        names, more = _positional(function)
        for i in given:
            if i < 0 if more else not -len(names) <= i < len(names):
                raise ValueError(
                    f"static_argnums={i}, but the positional arguments are {', '.join(names)}"
                )
        self.positions = frozenset([i % len(names) if i < 0 else i for i in given])
        self.names = {names[i] for i in self.positions if i < len(names)}

    def marked(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with the static ones, and those that are bools, as things."""
        if self.positions or bool in map(type, args):
            args = tuple(
                [
                    Static(x) if i in self.positions or type(x) is bool else x
                    for i, x in enumerate(args)
                ]
            )
        if kwargs:
            kwargs = {
                name: Static(x) if name in self.names or type(x) is bool else x
                for name, x in kwargs.items()
            }
        return args, kwargs


def _positional(function: Callable[..., Any]) -> tuple[list[str], bool]:
    """Return the names of the positional parameters, and whether there can be more."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin
        return [], True
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds]
    return names, any(p.kind is p.VAR_POSITIONAL for p in parameters)


def as_thing(x: Any) -> Structure:
    """Return the structure of an argument that is no number. TypeError if it hides numbers."""
    if isinstance(x, Iterator):
        raise TypeError(
            f"a compiled function got a {type(x).__name__}, which can be read only once: "
            "give it a list"
        )
    if hasattr(x, "detach") and hasattr(x, "numpy"):
        raise TypeError("a compiled function got a tensor: give it x.tolist() or x.numpy()")
    return Static(x)


def check_kinds(structure: Structure) -> None:
    """TypeError for a kind of list, dict or array whose own behavior a recording would lose."""
    if isinstance(structure, Branch):
        kind = structure.kind
        if hasattr(kind, "__missing__"):
            raise TypeError(
                f"a compiled function got a {kind.__name__}, whose missing keys it would not "
                "have: give it dict(...) of it"
            )
        if kind.__name__ in ("matrix", "MaskedArray"):
            raise TypeError(
                f"a compiled function got a NumPy {kind.__name__}, which computes by rules of its "
                "own: give it numpy.asarray(...) of it"
            )
        for part in structure.parts or ():
            check_kinds(part)


def no_numbers(structure: Structure) -> list[Any]:
    """Return the things that somebody may have taken for numbers: text, None, complex numbers."""
    if isinstance(structure, Branch):
        return [x for part in structure.parts or () for x in no_numbers(part)]
    found = [structure.thing] if isinstance(structure, Static) else []
    return [x for x in found if isinstance(x, TEXT_AND_THE_LIKE)]


def weakened(structure: Structure, gone: Callable[[], Any]) -> Structure:
    """Return an equal structure that does not keep its things alive. ``gone`` is called after one.

    So the recordings of a method go with the instance.
    """
    if isinstance(structure, Branch) and structure.parts is not None:
        return structure._replace(parts=tuple([weakened(p, gone) for p in structure.parts]))
    if not isinstance(structure, Static) or structure.key[1:] != (id(structure.thing),):
        return structure
    weak = object.__new__(Static)
    try:
        weak.thing, weak.key = weakref.ref(structure.thing, lambda _: gone()), structure.key
    except TypeError:  # None, or an instance of a class with slots
        return structure
    return weak


def without_things(structure: Structure) -> Structure:
    """Return the structure with all things alike."""
    if isinstance(structure, Branch) and structure.parts is not None:
        return structure._replace(parts=tuple([without_things(p) for p in structure.parts]))
    return Static(None) if isinstance(structure, Static) else structure


def same_values(values: Sequence[Value]) -> tuple[int, ...]:
    """Return for each Value where it comes first among them; () if all are different.

    The function can tell by ``a is b``, and by their derivatives.
    """
    if len({*map(id, values)}) == len(values):
        return ()
    first: dict[int, int] = {}
    return tuple([first.setdefault(id(x), i) for i, x in enumerate(values)])
