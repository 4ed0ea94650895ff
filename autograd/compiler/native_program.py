"""Programs as machine code: `print_llvm` writes it, `machine_code` makes it, a call runs it here.

One `MachineProgram` serves every number of rows. A program that needs to know the number has one
for each that it is called with, up to `MAX_SHAPES`.

A result must be the one that NumPy gives, errors too. Where NumPy raises, a flag of the processor
is set: it is cleared before a program, and tested after it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
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
from .row_sizes import NeedsKnownRowsError, Rows, Shape, Size
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


class TooManyRowsError(CannotLowerError):
    """NumPy has to run so many rows. Code with this ``layout`` would run fewer."""

    def __init__(self, layout: Layout, why: str) -> None:
        super().__init__(why)
        self.layout = layout


class NativePrograms:
    """The machine code of one program. ``why`` it is not made."""

    def __init__(self, printed: Printed) -> None:
        self._printed = printed
        self._made: dict[tuple[Any, ...], MachineProgram | None] = {}  # by the shapes of batches
        axes = enumerate(printed.structure.axes, 1)
        self._rows = {i: Rows(f"n{axis + 1}") for i, axis in axes if axis is not None}
        self._counted = inputs_to_count(self._rows)
        self._of_any_rows: MachineProgram | None = None
        self._layout: Layout | None = None  # of the code for any number of rows
        self._why_known_rows = ""  # why each number of rows has code of its own
        self._why_fewer_rows = ""  # why NumPy runs some numbers of rows
        self._has_others = False  # whether it was called with more numbers of rows than have code
        self.why = why_not(printed)

    def program(self, inputs: Sequence[Any]) -> MachineProgram | None:
        """Return the machine code for these inputs, None if NumPy has to run."""
        if self.why:
            return None
        if self._counted:
            found = self._for_any_rows(inputs)
            if self._counted:
                return found
        shapes = tuple([x.shape for x in inputs])
        if shapes not in self._made:
            if len(self._made) >= MAX_SHAPES:
                self._has_others = True
                return None
            self._made[shapes] = self._new(shapes, inputs)
        return self._made[shapes]

    def _for_any_rows(self, inputs: Sequence[Any]) -> MachineProgram | None:
        """Return the machine code for any number of rows, None if these are too many."""
        counts = [len(inputs[i]) for i in self._counted]
        if self._layout is not None and (why := self._layout.why_not(counts)):
            self._why_fewer_rows = why
            return None
        if self._of_any_rows is None:
            self._of_any_rows = self._new(self.shapes(inputs), inputs)
        return self._of_any_rows

    def shapes(self, inputs: Sequence[Any]) -> list[Shape]:
        """Return the shapes of the inputs, with `Rows` where there may be any number of them."""
        shapes = [x.shape for x in inputs]
        for i, n in self._rows.items():
            shapes[i] = (n, *shapes[i][1:])
        return shapes

    def _new(self, shapes: Sequence[Shape], inputs: Sequence[Any]) -> MachineProgram | None:
        try:
            with collector_paused():  # which looks at all that was recorded, and finds nothing
                found = MachineProgram(self._printed, shapes, inputs)
            self._layout = found.layout
            return found
        except NeedsKnownRowsError as error:
            self._counted, self._why_known_rows = [], str(error)
        except TooManyRowsError as error:
            self._layout, self._why_fewer_rows = error.layout, str(error)
        except CannotLowerError as error:
            self.why = str(error)
        return None

    def in_words(self) -> str:
        """Return what runs the program, and why it is not machine code alone."""
        if self.why:
            return f"numpy, since {self.why}"
        if self._why_fewer_rows:
            return f"llvm for fewer rows, numpy for more, since {self._why_fewer_rows}"
        if self._has_others:
            return "llvm for the first numbers of rows, numpy for others, since there are too many"
        if self._why_known_rows:
            return f"llvm, for each number of rows anew, since {self._why_known_rows}"
        return "llvm"


def inputs_to_count(rows: Mapping[int, Size]) -> list[int]:
    """Return an input for each number of rows, given the sizes of the inputs."""
    first = {n: i for i, n in reversed([*rows.items()]) if isinstance(n, Rows)}
    return sorted(first.values())


class MachineProgram:
    """A program as machine code, for inputs of these shapes: plain numbers, and batches.

    CannotLowerError if it has something that machine code is not made for. TooManyRowsError if
    NumPy has to run these ``inputs``.
    """

    def __init__(self, printed: Printed, shapes: Sequence[Shape], inputs: Sequence[Any]) -> None:
        lanes, self._parameters = host_lanes(), len(printed.order)
        self._counted = inputs_to_count({i: shape[0] for i, shape in enumerate(shapes)})
        counts = [len(inputs[i]) for i in self._counted]
        x, rows = len(inputs[0]), shapes[1:]

        def checked(layout: Layout) -> Layout:
            if why := layout.why_not(counts):
                raise TooManyRowsError(layout, why)
            return layout

        def written() -> tuple[str, Any]:
            program = print_llvm(printed, rows, x, lanes)
            checked(program.layout)  # before it is compiled for nothing
            wrappers = [PROGRAM.format(flags=error_flags()), program_at(self._parameters)]
            used = functions(lanes, program.vector_functions)
            return "\n".join([*wrappers, program.text, used]), asdict(program.layout)

        key = key_of(printed, rows, x, lanes)
        if key is None:
            text, facts = written()
            self._code = load(text)
        else:
            self._code, facts = load_with_facts(key, written)
        self.layout = layout = checked(Layout(**facts))
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
        if not self.layout.gradient:
            return self.computed(theta.take(places), inputs)
        memory = self._memory(inputs)
        if memory.places is not places:
            memory.take_places(places, len(theta))
        memory.theta[...] = theta
        return self._found(memory, self._run_at(memory.address_of_table), memory.whole)

    def new_memory(self) -> Memory:
        return Memory(self.layout, self._constants, self._parameters, self._counted)

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
            found = memory.results.tolist(), gradient.copy() if self.layout.gradient else None
        self._free.append(memory)
        return found


class Memory:
    """What one call of a program works on."""

    def __init__(
        self, layout: Layout, constants: Sequence[Any], parameters: int, counted: Sequence[int]
    ) -> None:
        self._layout, self._counted = layout, counted
        self.p, self.results = np.zeros(parameters), np.zeros(layout.results)
        self.gradient = np.zeros(layout.gradient)
        self.inputs: Sequence[Any] = ()
        self._arrays = [self.p, *constants, np.zeros(layout.scratch), self.results, self.gradient]
        self.address_of_p = self.p.ctypes.data
        self._counts, self._row_scratch = np.zeros(len(counted), np.int64), np.zeros(0)
        self._fixed = [x.ctypes.data for x in self._arrays]
        self._addresses = np.zeros(0, np.uintp)
        self.address = 0
        self.places: Any = None  # that the table is for

    def take(self, inputs: Sequence[Any]) -> None:
        """Point to the plain numbers and batches of a call."""
        counts = [len(inputs[i]) for i in self._counted]
        scratch = self._layout.scratch_for(counts)
        if scratch > len(self._row_scratch):
            self._row_scratch = np.zeros(scratch)
        self._counts[:] = counts
        arrays = [self._row_scratch, self._counts]
        arrays += [np.ascontiguousarray(x, float) for x in inputs]
        self._addresses = np.array([*self._fixed, *[x.ctypes.data for x in arrays]], np.uintp)
        self._taken, self.inputs = arrays, inputs
        self.address = self._addresses.ctypes.data
        self.places = None

    def take_places(self, places: Any, size: int) -> None:
        """Point to the parameters' places in a larger array, and to that array."""
        self.theta, self.whole = np.zeros(size), np.zeros(size)
        arrays = (places, self.theta, self.whole)
        self._table = np.array([self.address, *[x.ctypes.data for x in arrays]], np.uintp)
        self.address_of_table, self.places = self._table.ctypes.data, places
