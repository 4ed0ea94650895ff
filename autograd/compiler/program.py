"""One emitted program, ready to run."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..value import Value
from .array_functions import NUMBERS, Arrays
from .backend import Backend
from .print_numpy import Printed

if TYPE_CHECKING:
    from .print_instructions import Written

TIE = ()  # what a program returns if rounding could decide a comparison


class Program:
    """A program for the parameters and the inputs as flat arrays.

    Either ``printed``, and then NumPy can ``run`` it, or only written as instructions.
    """

    def __init__(self, found: Printed | Written, xp: Arrays) -> None:
        self.order = found.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # the parameters, if they never change
        self.printed = found if isinstance(found, Printed) else None
        self.run: Any = _function(found, xp) if isinstance(found, Printed) else None
        self.backend = Backend(found, xp.backend)
        self.pack = struct.Struct(f"{len(self.order)}d").pack

    def computed_from(self, parents: Sequence[Value], inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Return the data of the parameters, as an array, and what is `computed` from them.

        TypeError for a Value whose ``data`` somebody has set to something else.
        """
        native = self.backend.machine_code(inputs)
        slots = self.backend.slots(parents) if native and parents is self.parents else None
        if native and slots:
            p, found = native.computed_from(slots, inputs)
            if p is not None:
                return p, found
        try:
            p = np.frombuffer(self.pack(*[leaf.data for leaf in parents]))
        except struct.error:
            raise wrong_data(parents) from None
        return p, native.computed(p, inputs) if native else self._computed_by_arrays(p, inputs)

    def computed(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient, or TIE.

        None if the call takes another path, or eager code fails.
        """
        native = self.backend.machine_code(inputs)
        if native is not None:
            return native.computed(p, inputs)
        return self._computed_by_arrays(p, inputs)

    @np.errstate(divide="raise", over="raise", invalid="raise")
    def _computed_by_arrays(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Do it with NumPy. It raises where Python's ``math`` does.

        That is at an overflow or a pole, even if the result is finite.
        """
        try:
            found = self.run(p, *inputs)
            if not found:
                return found
            values, gradient = found
            if gradient is not None:
                gradient = np.asarray(gradient)
                if not math.isfinite(gradient.dot(gradient)):
                    return None  # or too large to square, for which eager code is good enough
            return (values, gradient) if all(map(math.isfinite, values)) else None
        except (ArithmeticError, ValueError):
            return None


def _function(printed: Printed, xp: Arrays) -> Any:
    """Return the printed program as a function."""
    namespace = {"xp": xp, "math": NUMBERS}
    for name, array in printed.constants.items():
        namespace[name] = xp.library.asarray(array)
    source = printed.faster_source if xp.is_numpy else printed.source
    exec(compile(source, "<compiled by autograd>", "exec"), namespace)
    return namespace["program"]


def wrong_data(parents: Sequence[Value]) -> TypeError:
    """Return the error for a Value whose ``data`` somebody has set to something else."""
    node = next(node for node in parents if not isinstance(node.data, Real))
    name = repr(node.label) if node.label else "without a label"
    return TypeError(f"the data of a Value is a float, got {node.data!r:.80} in the one {name}")
