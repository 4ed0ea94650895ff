"""Checks of arguments: each returns its argument, or raises an error that says what to give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

from autograd import Value


def _in_range(holds: Callable[[float], bool], text: str) -> Callable[[str, Any], float]:
    """Return a check: it gives ``x`` as a float if it is a number for which ``holds`` is True."""

    def check(name: str, x: Any) -> float:
        if not isinstance(x, Real):
            raise TypeError(f"{name} must be a number, got {x!r:.80}")
        if not holds(number := float(x)):
            raise ValueError(f"{name} must be {text}, got {number:g}")
        return number

    return check


at_least_0 = _in_range(lambda x: 0 <= x < inf, "finite and at least 0")
positive = _in_range(lambda x: 0 < x < inf, "finite and above 0")
below_1 = _in_range(lambda x: 0 <= x < 1, "at least 0 and below 1")


def whole(name: str, n: Any) -> int:
    """``n`` as an int; TypeError unless it is a whole number, ValueError unless it is above 0."""
    if not isinstance(n, Integral) or isinstance(n, bool):
        raise TypeError(f"{name} must be a whole number, got {n!r:.80}")
    if n < 1:
        raise ValueError(f"{name} must be at least 1, got {n}")
    return int(n)


def flag(name: str, given: Any) -> bool:
    """``given``; TypeError unless it is True or False."""
    if not isinstance(given, bool):
        raise TypeError(f"{name} must be True or False, got {given!r:.80}")
    return given


def interval(a: Any, b: Any) -> tuple[float, float]:
    """The ends of an interval as floats; ValueError unless they are finite numbers and a < b."""
    numbers = isinstance(a, Real) and isinstance(b, Real)
    if not (numbers and isfinite(a) and isfinite(b) and a < b):
        raise ValueError(f"an interval has two finite ends a < b, got a = {a!r:.80}, b = {b!r:.80}")
    return float(a), float(b)


def several(taker: str, parameters: Any) -> list[Any]:
    """``parameters`` as a list; TypeError for a model, and for a single Value."""
    if not isinstance(parameters, Iterable):
        alone = "; a single one goes into a list" if isinstance(parameters, Value) else ""
        raise TypeError(
            f"{taker} takes parameters, such as model.parameters(), got {parameters!r:.80}{alone}"
        )
    return list(parameters)


def choice(kind: str, given: Any, known: Mapping[str, Any], other: str = "a callable") -> Any:
    """The entry of the name ``given``, or ``given`` if it is callable; ValueError otherwise."""
    if callable(given):
        return given
    if not isinstance(given, str) or given not in known:
        raise ValueError(f"unknown {kind} {given!r:.80}: it is {', '.join(known)} or {other}")
    return known[given]


def counted(n: int, noun: str) -> str:
    """The number with its noun: "1 epoch", "2 epochs"."""
    return f"{n} {noun}{'' if n == 1 else 's'}"
