"""The functions that an emitted program calls: ``xp`` for arrays, ``math`` for Python numbers.

Both have the mathematics that the table's ``forward`` needs, and every operation of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ..operation import FLOATS, TABLE
from .source_text import OWN


class _Numbers(SimpleNamespace):
    """The functions of plain floats, and every operation of the table."""

    def __getattr__(self, name: str) -> Any:
        return _operation(name, self)


NUMBERS = _Numbers(**vars(FLOATS))


class Arrays:
    """An array library with NumPy's functions, and with what programs need besides."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.is_numpy = library.__name__ == "numpy"
        if self.is_numpy:
            self.sum = library.add.reduce  # numpy.sum calls it too, after looking at its arguments
            return
        for name in ("maximum", "minimum"):  # functions of two arrays; NumPy's have a ``reduce``
            function: Any = partial(getattr(library, name))
            function.reduce = getattr(library, name[:3])
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        """Return a function of the library, or else the operation of the table. Keep it."""
        function = getattr(self.library, name, None)
        if function is None and name in ("erf", "erfc"):
            function = self._special(name)
        if function is None:
            function = _operation(name, self)
        setattr(self, name, function)
        return function

    def _special(self, name: str) -> Any:
        """Return a function that NumPy lacks: JAX's, or Python's for each element."""
        try:
            special = import_module(self.library.__name__.split(".")[0] + ".scipy.special")
            return getattr(special, name)
        except ImportError:
            of_float = getattr(math, name)

        def elementwise(x: Any) -> Any:
            x = self.library.asarray(x)
            values = [of_float(v) for v in x.reshape(-1).tolist()]
            return self.library.asarray(values).reshape(x.shape)

        return elementwise

    def segments(self, name: str, x: Any, starts: Any) -> Any:
        """Return the sum, maximum or minimum (``name``) of each segment of ``x``."""
        if self.is_numpy:
            return getattr(self.library, "add" if name == "sum" else name).reduceat(x, starts)
        reduction = getattr(self.library, name[:3])
        bounds = [*starts.tolist(), len(x)]
        return self.library.stack([reduction(x[a:b]) for a, b in pairwise(bounds)])


def _operation(name: str, m: Any) -> Callable[..., Any]:
    """Return the operation of the table, computed with ``m``. It may be declared anew later."""
    name = name.removeprefix(OWN)
    if name not in TABLE:
        raise AttributeError(f"neither {m!r:.80} nor the table of operations has {name!r}")
    return lambda *xs: TABLE[name].forward(m, *xs)
