"""Programs as machine code: `print_llvm` writes it, `machine_code` makes it, a call runs it here.

Machine code is made for the shapes of the batches, so a program has one `MachineProgram` for each
number of rows it is called with, up to `MAX_SHAPES`.

A result must be the one that NumPy gives, errors too. Where NumPy raises, a flag of the processor
is set: it is cleared before a program, and tested after it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from .leaf_slots import LeafSlots
from .llvm_code import CannotLowerError
from .machine_code import MachineCode, error_flags, host_lanes, load
from .print_llvm import DONE, TIE, PrintedLLVM, print_llvm, why_not
from .print_numpy import Printed
from .vector_math import functions

MAX_SHAPES = 4  # of batches, that machine code is made for
PROGRAM = """
declare i32 @feclearexcept(i32)
declare i32 @fetestexcept(i32)
define i32 @program(ptr %addresses) {{
  %cleared = call i32 @feclearexcept(i32 {flags})
  %status = call i32 @body(ptr %addresses)
  %raised = call i32 @fetestexcept(i32 {flags})
  %fine = icmp eq i32 %raised, 0
  %found = select i1 %fine, i32 %status, i32 1
  ret i32 %found
}}
"""


class NativePrograms:
    """The machine code of one program, by the shapes of the batches. ``why`` it is not made."""

    def __init__(self, printed: Printed) -> None:
        self._printed = printed
        self._made: dict[tuple[Any, ...], MachineProgram | None] = {}
        self.has_other_shapes = False  # whether it was called with more of them than that
        self.why = why_not(printed)

    def program(self, inputs: Sequence[Any]) -> MachineProgram | None:
        """Return the machine code for inputs of these shapes, None if NumPy has to run."""
        if self.why:
            return None
        shapes = tuple([x.shape for x in inputs])
        if shapes not in self._made:
            if len(self._made) >= MAX_SHAPES:
                self.has_other_shapes = True
                return None
            self._made[shapes] = self._new(shapes)
        return self._made[shapes]

    def _new(self, shapes: Sequence[tuple[int, ...]]) -> MachineProgram | None:
        (x,), *rows = shapes
        try:
            return MachineProgram(print_llvm(self._printed, rows, x, host_lanes()), self._printed)
        except CannotLowerError as error:
            self.why = str(error)
            return None


class MachineProgram:
    """A program as machine code, for inputs of known shapes."""

    def __init__(self, program: PrintedLLVM, printed: Printed) -> None:
        self._program, self._parameters = program, len(printed.order)
        wrapper = PROGRAM.format(flags=error_flags())
        used = functions(host_lanes(), program.vector_functions)
        self._code: MachineCode = load("\n".join([wrapper, program.text, used]))
        self._run = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._code.address("program"))
        self._free: list[Memory] = []  # one more for each call that runs at the same time

    def computed(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient, TIE, or None, as `Backend.computed`."""
        memory = self._memory(inputs)
        memory.p[:] = p
        return self._found(memory)

    def computed_from(self, slots: LeafSlots, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Return what leaves have as data, None if that is not floats, and what is computed."""
        memory = self._memory(inputs)
        if not slots.read_into(memory.address_of_p):
            self._free.append(memory)
            return None, None
        return memory.p.copy(), self._found(memory)

    def _memory(self, inputs: Sequence[Any]) -> Memory:
        """Return memory that no other call uses, with the inputs of this one."""
        try:
            memory = self._free.pop()
        except IndexError:
            memory = Memory(self._program, self._parameters)
        if memory.inputs is not inputs:
            memory.take(inputs)
        return memory

    def _found(self, memory: Memory) -> Any:
        """Run the program, and let others use the memory."""
        status = self._run(memory.address)
        found: Any = () if status == TIE else None
        if status == DONE:
            gradient = memory.gradient.copy() if self._program.gradient else None
            found = memory.results.tolist(), gradient
        self._free.append(memory)
        return found


class Memory:
    """What one call of a program works on."""

    def __init__(self, program: PrintedLLVM, parameters: int) -> None:
        self.p, self.results = np.zeros(parameters), np.zeros(program.results)
        self.gradient = np.zeros(program.gradient)
        self.inputs: Sequence[Any] = ()
        self._arrays = [
            self.p, program.constants, program.indices, np.zeros(program.scratch), self.results,
            self.gradient,
        ]  # fmt: skip
        self.address_of_p = self.p.ctypes.data
        self._fixed = [x.ctypes.data for x in self._arrays]
        self._addresses = np.zeros(0, np.uintp)
        self.address = 0

    def take(self, inputs: Sequence[Any]) -> None:
        """Point to the plain numbers and batches of a call."""
        taken = [np.ascontiguousarray(x, float) for x in inputs]
        self._addresses = np.array([*self._fixed, *[x.ctypes.data for x in taken]], np.uintp)
        self._taken, self.inputs = taken, inputs
        self.address = self._addresses.ctypes.data
