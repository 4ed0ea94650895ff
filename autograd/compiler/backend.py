"""Runs the programs of a compiled function, with the backend it chooses: machine code, or NumPy.

This is the one place where it is chosen: `chosen` for a function, `Backend.machine_code` for one
program at one call.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from .print_numpy import Printed

if TYPE_CHECKING:
    from ..value import Value
    from .interpreter import Interpreted
    from .leaf_slots import LeafSlots
    from .native_program import MachineProgram
    from .print_instructions import Written

BACKENDS = ("llvm", "numpy")
CALLS_WITH_NUMPY = 100  # of a program, before machine code is made of it, unless that is asked for


def chosen(backend: str | None, xp: Any) -> str:
    """Return the backend that is asked for, "" for machine code where it pays.

    ValueError for one that there is not, or machine code for another array library.
    ModuleNotFoundError without llvmlite.
    """
    if backend is not None and backend not in BACKENDS:
        listed = " or ".join(map(repr, BACKENDS))
        raise ValueError(f"autograd.compile takes {listed} as backend, got {backend!r:.80}")
    if backend == "llvm" and xp is not None:
        raise ValueError(
            "backend='llvm' makes machine code, which runs without an array library: leave out "
            "either backend or xp"
        )
    installed = find_spec("llvmlite") is not None
    if backend == "llvm" and not installed:
        raise ModuleNotFoundError(
            'backend="llvm" needs llvmlite: pip install "chalkgrad[native]"', name="llvmlite"
        )
    if backend is None and xp is None and installed:
        return ""
    return backend or "numpy"


class Backend:
    """What runs one program. ``run`` is the program that calls array functions."""

    def __init__(self, printed: Printed | Written, run: Any, backend: str) -> None:
        self._run = run
        self._pack = struct.Struct(f"{len(printed.order)}d").pack
        self._why, self._native = "", None
        self._calls_left = 0 if backend == "llvm" else CALLS_WITH_NUMPY
        self._slots: LeafSlots | None = None
        self._looks_for_slots = True
        self._last: tuple[Any, MachineProgram | None] = (None, None)
        self._interpreted: Interpreted | None = None
        if not isinstance(printed, Printed):
            from .interpreter import Interpreted

            self._interpreted = Interpreted(printed)
        elif backend != "numpy":
            from .native_program import NativePrograms

            self._native = NativePrograms(printed)

    @property
    def waits(self) -> bool:
        """Whether calls run with NumPy first, and are counted."""
        return self._calls_left > 0

    def machine_code(self, inputs: Any) -> MachineProgram | Interpreted | None:
        """Return the machine code for a call with these inputs, None if NumPy runs it."""
        if self._interpreted is not None:
            return self._interpreted
        last, program = self._last
        if inputs is last:
            return program
        if self._native is None:
            return None
        if self._calls_left > 0:
            self._calls_left -= 1
            return None
        program = self._native.program(inputs)
        self._last = (inputs, program)
        return program

    def slots(self, leaves: Sequence[Value]) -> LeafSlots | None:
        """Return the slots of these leaves, always the same, None if Python has to read them."""
        if self._looks_for_slots:
            from .leaf_slots import slots_of

            self._slots = slots_of(leaves)
            self._looks_for_slots = False
        return self._slots

    def add_gradient(self, gradient: Any) -> int:
        """Add it to the ``grad`` of the leaves with slots. Return for how many that was done."""
        return self._slots.add_gradient(gradient) if self._slots else 0

    def computed_from(
        self, parents: Sequence[Value], same: bool, inputs: Sequence[Any]
    ) -> tuple[Any, Any]:
        """Return the data of the parameters, as an array, and what is `computed` from them.

        ``same`` says that they are the same Values at each such call. TypeError for a Value whose
        ``data`` somebody has set to something else.
        """
        native = self.machine_code(inputs)
        slots = self.slots(parents) if native and same else None
        if native and slots:
            p, found = native.computed_from(slots, inputs)
            if p is not None:
                return p, found
        try:
            p = np.frombuffer(self._pack(*[leaf.data for leaf in parents]))
        except struct.error:
            raise wrong_data(parents) from None
        return p, native.computed(p, inputs) if native else self._computed_by_arrays(p, inputs)

    def computed(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient, or TIE.

        None if the call takes another path, or eager code fails.
        """
        native = self.machine_code(inputs)
        return native.computed(p, inputs) if native else self._computed_by_arrays(p, inputs)

    def computed_at(self, places: Any, theta: Any, inputs: Sequence[Any]) -> Any:
        """Return what `computed` returns, where the parameters are at ``places`` in ``theta``.

        The gradient has the shape of ``theta``. It is 0 where no parameter is.
        """
        native = self.machine_code(inputs)
        if native and hasattr(native, "computed_at"):  # the interpreter has none
            return native.computed_at(places, theta, inputs)
        p = theta.take(places)
        found = native.computed(p, inputs) if native else self._computed_by_arrays(p, inputs)
        if not found or found[1] is None:
            return found
        gradient = np.zeros(len(theta))
        gradient[places] = found[1]
        return found[0], gradient

    @np.errstate(divide="raise", over="raise", invalid="raise")
    def _computed_by_arrays(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Do it with NumPy. It raises where Python's ``math`` does.

        That is at an overflow or a pole, even if the result is finite.
        """
        try:
            found = self._run(p, *inputs)
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

    def in_words(self) -> str:
        """Return the name of the backend, and why it is not machine code."""
        if self._interpreted is not None:
            return f"llvm, by the interpreter: {len(self._interpreted):,} instructions"
        if self._native is None:
            return "numpy"
        if self._calls_left > 0 and not self._native.why:
            return f"numpy, llvm after {self._calls_left} more calls"
        return self._native.in_words()


def wrong_data(parents: Sequence[Value]) -> TypeError:
    """Return the error for a Value whose ``data`` somebody has set to something else."""
    node = next(node for node in parents if not isinstance(node.data, Real))
    name = repr(node.label) if node.label else "without a label"
    return TypeError(f"the data of a Value is a float, got {node.data!r:.80} in the one {name}")
