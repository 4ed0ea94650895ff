"""Notices that a function draws random numbers. A recording would repeat them at each call.

The generators looked at are those of `random` and of NumPy: the two global ones, and each that the
function reads as a variable from outside, or as an attribute of such a variable. NumPy's are loaded
when they are first needed: if the function did that, it may have drawn.
"""

from __future__ import annotations

import inspect
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

NUMPYS = "numpy.random"


class Generators:
    """The generators that a function may draw from, and their states before it does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        found = {id(x): x for x in _reachable(function)}
        self._states = [(x, _state(x)) for x in found.values() if _is_generator(x)]
        self._has_numpys = NUMPYS in sys.modules

    def put_back(self) -> bool:
        """Return whether one has been drawn from. All have the states from before then."""
        drawn = [
            (x, state)
            for x, state in self._states
            if pickle.dumps(_state(x)) != pickle.dumps(state)
        ]
        for x, state in drawn:
            _set_state(x, state)
        return bool(drawn) or self._has_numpys != (NUMPYS in sys.modules)


def _reachable(function: Callable[..., Any]) -> Iterator[Any]:
    yield from (random, sys.modules.get(NUMPYS))
    outside = [getattr(function, "__self__", None), function]
    code = getattr(function, "__func__", function)
    if inspect.isfunction(code):
        named = [code.__globals__.get(name) for name in code.__code__.co_names]
        cells = inspect.getclosurevars(code).nonlocals.values() if code.__closure__ else ()
        outside += [*named, *cells, *(code.__defaults__ or ())]
    for x in outside:
        yield x
        yield from [*getattr(x, "__dict__", {}).values()] if not inspect.ismodule(x) else ()


def _is_generator(x: Any) -> bool:
    if isinstance(x, random.Random) or (inspect.ismodule(x) and x.__name__ in ("random", NUMPYS)):
        return True
    found = type(x).__module__.startswith(NUMPYS) and not isinstance(x, type)
    return found and (hasattr(x, "bit_generator") or hasattr(x, "get_state"))


def _state(x: Any) -> Any:
    if hasattr(x, "getstate"):
        return x.getstate()
    return x.get_state() if hasattr(x, "get_state") else x.bit_generator.state


def _set_state(x: Any, state: Any) -> None:
    if hasattr(x, "setstate"):
        x.setstate(state)
    elif hasattr(x, "set_state"):
        x.set_state(state)
    else:
        x.bit_generator.state = state
