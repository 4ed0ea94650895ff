"""Wrong arguments of what shows a graph, and what to give instead."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

from ..value import Value


def require_value(x: Any, need: str) -> None:
    """Raise TypeError, with a remedy, unless ``x`` is a Value. ``need`` says who needs it."""
    if not isinstance(x, Value):
        given = " ".join(f"{x!r:.80}".split())
        raise TypeError(f"{need}, got {given} ({type(x).__name__}): {_remedy(x)}")


def _remedy(x: Any) -> str:
    if callable(x):
        return "call it, and give its result"
    if isinstance(x, str):
        return "give the Value itself, not its label"
    if isinstance(x, Real):
        return "a plain number has no graph, so compute with Value(...)"
    if isinstance(x, Iterable):
        return "give one of its Values, or autograd.sum of them"
    return "a Value is what a computation with Value(...) gives"


def require_text(x: Any, name: str) -> None:
    """Raise TypeError unless the argument called ``name`` is a string."""
    if not isinstance(x, str):
        raise TypeError(f"{name} is a string, got {x!r:.80} ({type(x).__name__})")


def require_bool(x: Any, name: str) -> None:
    """Raise TypeError unless the argument called ``name`` is True or False."""
    if not isinstance(x, bool):
        raise TypeError(f"{name} is True or False, got {x!r:.80} ({type(x).__name__})")


def listed_values(x: Any, name: str) -> list[Value]:
    """Return the Values in the argument called ``name``. TypeError if it has none to go through."""
    if isinstance(x, Value) or not isinstance(x, Iterable):
        raise TypeError(
            f"{name} are several Values, as in [w, b], got {x!r:.80} ({type(x).__name__})"
        )
    return list(x)
