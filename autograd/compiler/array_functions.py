"""The functions that an emitted program calls: ``xp`` for arrays, ``math`` for Python numbers.

Both have the mathematics that the table's ``forward`` needs, and every operation of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ..operation import FLOATS, TABLE
from .python_code import OWN


class _Numbers(SimpleNamespace):
    """The functions of plain floats, and every operation of the table."""

    def __getattr__(self, name: str) -> Any:
        return _operation(name.removeprefix(OWN), self)


NUMBERS = _Numbers(**vars(FLOATS))


ARRAY_FUNCTIONS = (
    "asarray", "concatenate", "all", "any", "dot", "tensordot", "broadcast_to",
)  # fmt: skip


MAX_ONES = 64  # arrays of ones that are kept


class Ones(dict[int, Any]):
    """Arrays of ones by their lengths. Products with them are NumPy's fastest sums of rows."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def __missing__(self, length: int) -> Any:
        if len(self) >= MAX_ONES:
            self.clear()
        return self.setdefault(length, self.library.ones(length))


class Arrays:
    """The functions of an array library with NumPy's names, and what programs need besides.

    ``backend`` is what `autograd.compile` was asked for, see `backend`.
    """

    def __init__(self, library: Any, backend: str = "numpy") -> None:
        self.library, self.backend = library, backend
        self.is_numpy = library.__name__ == "numpy"
        operations = [name for name, operation in TABLE.items() if not operation.is_own]
        for name in (*ARRAY_FUNCTIONS, *vars(FLOATS), *operations):
            function: Any = getattr(library, name, None)
            if function is None and name in ("erf", "erfc"):
                function = self._special(name)
            if function is None and name in TABLE:
                function = _operation(name, self)
            setattr(self, name, function)
        self.ones = Ones(library)
        self.sum = library.add.reduce if self.is_numpy else library.sum  # what numpy.sum calls
        if not self.is_numpy:
            for name in ("maximum", "minimum"):  # functions of two arrays; NumPy's can ``reduce``
                function = partial(getattr(library, name))
                function.reduce = getattr(library, name[:3])
                setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        """Return an operation that is declared outside the library."""
        return _operation(name.removeprefix(OWN), self)

    def _special(self, name: str) -> Any:
        """Return a function that NumPy lacks: JAX's, or Python's for each element."""
        if not self.is_numpy:  # to import what is not there takes time and a lock, in every call
            with suppress(ImportError):
                special = import_module(self.library.__name__.split(".")[0] + ".scipy.special")
                return getattr(special, name)
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
    if name not in TABLE:
        raise AttributeError(f"neither {m!r:.80} nor the table of operations has {name!r}")
    return lambda *xs: TABLE[name].forward(m, *xs)
