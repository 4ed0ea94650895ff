"""Programs as machine code: `print_llvm` writes it, `machine_code` makes it, a call runs it here.

Machine code is made for the shapes of the batches, so a program has one `MachineProgram` for each
number of rows it is called with, up to `MAX_SHAPES`.

A result must be the one that NumPy gives, errors too. Where NumPy raises, a flag of the processor
is set: it is cleared before a program, and tested after it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..collector import collector_paused
from .leaf_slots import LeafSlots
from .llvm_code import CannotLowerError, Index, Lanes, Writer
from .machine_code import error_flags, host_lanes, load, load_with_facts
from .print_llvm import DONE, TABLE_OF_ADDRESSES, TIE, Layout, print_llvm, why_not
from .print_numpy import Printed
from .program_key import key_of
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


def program_at(parameters: int) -> str:
    """Return the function that runs a program whose parameters are in a larger array.

    It takes the addresses that `Memory.take_places` lists.
    """
    writer = Writer(1)
    writer.begin("entry")

    def loaded(table: str, i: int) -> str:
        return writer.value(f"load ptr, ptr {writer.place(table, i, 'ptr')}")

    addresses, places, theta, whole = [loaded("%table", i) for i in range(4)]
    p, gradient = [loaded(addresses, TABLE_OF_ADDRESSES.index(x)) for x in ("p", "gradient")]

    def move(near: str, far: str, is_taken: bool) -> None:
        """Write a loop that copies each number of ``near`` from or to its place in ``far``."""

        def one(i: Index, _: list[Lanes]) -> list[Lanes]:
            place = writer.value(f"load i64, ptr {writer.place(places, i, 'i64')}")
            ends = writer.place(near, i), writer.place(far, place)
            to, source = ends if is_taken else ends[::-1]
            number = writer.value(f"load double, ptr {source}")
            writer.do(f"store double {number}, ptr {to}")
            return []

        writer.loop(0, parameters, 1, one)

    move(p, theta, is_taken=True)
    status = writer.value(f"call i32 @program(ptr {addresses})")
    move(gradient, whole, is_taken=False)
    head = "define i32 @program_at(ptr %table) {"
    return "\n".join([head, *writer.lines, f"  ret i32 {status}", "}"])


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
            with collector_paused():  # which looks at all that was recorded, and finds nothing
                return MachineProgram(self._printed, rows, x)
        except CannotLowerError as error:
            self.why = str(error)
            return None


class MachineProgram:
    """A program as machine code, for batches of known shapes and ``x`` plain numbers.

    CannotLowerError if it has something that machine code is not made for.
    """

    def __init__(self, printed: Printed, rows: Sequence[tuple[int, ...]], x: int) -> None:
        lanes, self._parameters = host_lanes(), len(printed.order)

        def written() -> tuple[str, Any]:
            program = print_llvm(printed, rows, x, lanes)
            wrappers = [PROGRAM.format(flags=error_flags()), program_at(self._parameters)]
            used = functions(lanes, program.vector_functions)
            return "\n".join([*wrappers, program.text, used]), asdict(program.layout)

        key = key_of(printed, rows, x, lanes)
        if key is None:
            text, facts = written()
            self._code = load(text)
        else:
            self._code, facts = load_with_facts(key, written)
        self._layout = layout = Layout(**facts)
        self._constants = layout.constants(printed.constants), layout.places(printed.constants)
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
        self._run = function(self._code.address("program"))
        self.address_at = self._code.address("program_at")
        self._run_at = function(self.address_at)
        self._free: list[Memory] = []  # one more for each call that runs at the same time

    def computed(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient, TIE, or None, as `Backend.computed`."""
        memory = self._memory(inputs)
        memory.p[:] = p
        return self._found(memory, self._run(memory.address), memory.gradient)

    def computed_from(self, slots: LeafSlots, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Return what leaves have as data, None if that is not floats, and what is computed."""
        memory = self._memory(inputs)
        if not slots.read_into(memory.address_of_p):
            self._free.append(memory)
            return None, None
        p = memory.p.copy()
        return p, self._found(memory, self._run(memory.address), memory.gradient)

    def computed_at(self, places: Any, theta: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient, TIE, or None, as `Backend.computed_at`."""
        if not self._layout.gradient:
            return self.computed(theta.take(places), inputs)
        memory = self._memory(inputs)
        if memory.places is not places:
            memory.take_places(places, len(theta))
        memory.theta[...] = theta
        return self._found(memory, self._run_at(memory.address_of_table), memory.whole)

    def new_memory(self) -> Memory:
        return Memory(self._layout, self._constants, self._parameters)

    def _memory(self, inputs: Sequence[Any]) -> Memory:
        """Return memory that no other call uses, with the inputs of this one."""
        try:
            memory = self._free.pop()
        except IndexError:
            memory = self.new_memory()
        if memory.inputs is not inputs:
            memory.take(inputs)
        return memory

    def _found(self, memory: Memory, status: int, gradient: Any) -> Any:
        """Return what the program has found, and let others use the memory."""
        found: Any = () if status == TIE else None
        if status == DONE:
            found = memory.results.tolist(), gradient.copy() if self._layout.gradient else None
        self._free.append(memory)
        return found


class Memory:
    """What one call of a program works on."""

    def __init__(self, layout: Layout, constants: Sequence[Any], parameters: int) -> None:
        self.p, self.results = np.zeros(parameters), np.zeros(layout.results)
        self.gradient = np.zeros(layout.gradient)
        self.inputs: Sequence[Any] = ()
        self._arrays = [self.p, *constants, np.zeros(layout.scratch), self.results, self.gradient]
        self.address_of_p = self.p.ctypes.data
        self._fixed = [x.ctypes.data for x in self._arrays]
        self._addresses = np.zeros(0, np.uintp)
        self.address = 0
        self.places: Any = None  # that the table is for

    def take(self, inputs: Sequence[Any]) -> None:
        """Point to the plain numbers and batches of a call."""
        taken = [np.ascontiguousarray(x, float) for x in inputs]
        self._addresses = np.array([*self._fixed, *[x.ctypes.data for x in taken]], np.uintp)
        self._taken, self.inputs = taken, inputs
        self.address = self._addresses.ctypes.data
        self.places = None

    def take_places(self, places: Any, size: int) -> None:
        """Point to the parameters' places in a larger array, and to that array."""
        self.theta, self.whole = np.zeros(size), np.zeros(size)
        arrays = (places, self.theta, self.whole)
        self._table = np.array([self.address, *[x.ctypes.data for x in arrays]], np.uintp)
        self.address_of_table, self.places = self._table.ctypes.data, places
