"""The two namespaces that an emitted program computes in: arrays, and plain Python numbers.

Both have the mathematics that the table's ``forward`` asks for, and every operation of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ..operation import FLOATS, TABLE


class Arrays:
    """An array library with NumPy's functions, completed by what the programs need besides."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.is_numpy = library.__name__ == "numpy"
        if self.is_numpy:
            self.sum = library.add.reduce  # which is what numpy.sum calls
        else:
            self.maximum = _Reducing(library.maximum, library.max)
            self.minimum = _Reducing(library.minimum, library.min)

    def __getattr__(self, name: str) -> Any:
        """A function of the library, else the operation of the table; kept for the next time."""
        function = getattr(self.library, name, None)
        if function is None and name in TABLE:
            function = partial(TABLE[name].forward, self)
        if function is None:
            raise AttributeError(f"{self.library.__name__} has no function {name!r}")
        setattr(self, name, function)
        return function

    def erf(self, x: Any) -> Any:
        return self._elementwise("erf")(x)

    def erfc(self, x: Any) -> Any:
        return self._elementwise("erfc")(x)

    def _elementwise(self, name: str) -> Any:
        """A function that NumPy lacks, of every element by Python's math; JAX has it elsewhere."""
        try:
            special = __import__(
                self.library.__name__.split(".")[0] + ".scipy.special", fromlist=[name]
            )
            function = getattr(special, name)
        except ImportError:
            of_float = getattr(math, name)

            def function(x: Any) -> Any:
                x = self.library.asarray(x)
                values = [of_float(v) for v in x.reshape(-1).tolist()]
                return self.library.asarray(values).reshape(x.shape)

        setattr(self, name, function)
        return function

    def segments(self, name: str, x: Any, starts: Any) -> Any:
        """The sum, maximum or minimum (``name``) of each segment of ``x``, given their starts."""
        if self.is_numpy:
            return getattr(self.library, "add" if name == "sum" else name).reduceat(x, starts)
        reduction = getattr(self.library, name[:3])
        bounds = [*starts.tolist(), len(x)]
        parts = [reduction(x[a:b]) for a, b in pairwise(bounds)]
        return self.library.stack(parts)


class _Reducing:
    """A function of two arrays with its ``reduce`` along an axis, as NumPy's ufuncs have it."""

    def __init__(self, pair: Callable[[Any, Any], Any], along: Callable[..., Any]) -> None:
        self.pair, self.reduce = pair, along

    def __call__(self, a: Any, b: Any) -> Any:
        return self.pair(a, b)


def _numbers() -> SimpleNamespace:
    scalars = SimpleNamespace(**vars(FLOATS))
    for name, operation in TABLE.items():
        if not hasattr(scalars, name):
            setattr(scalars, name, partial(operation.forward, FLOATS))
    return scalars


NUMBERS = _numbers()
