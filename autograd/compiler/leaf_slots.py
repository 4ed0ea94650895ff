"""Reads the ``data`` of many Values at once, and adds to ``grad``, in the memory of their slots.

Python needs 20 nanoseconds to read one, machine code two. Where a slot lies in a Value, and the
number in a float, is found by looking at one whose content is known. `slots_of` returns None where
that does not find one place, or another Python runs than CPython with its lock. Then Python works.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..value import Value
from .llvm_code import Index, Lanes, Writer
from .machine_code import MachineCode, load

PROBE = 1.2345678901234567e-89  # a number that nothing else in memory is
GIVEN = "ptr %objects, ptr %numbers, i64 %count, i64 %float_type"
FUNCTIONS_OF_PYTHON = "ptr %new_float, ptr %let_go"  # one makes a float, one drops a reference


def over_floats(
    head: str,
    slot: int,
    type_place: int,
    number_place: int,
    write: Callable[[Writer, Index, str, str, str], None],
) -> str:
    """Return a function that goes over the floats in one slot of objects.

    ``write`` writes what it does with one, given its index and number, where its address is stored,
    and the address. The function returns how many were floats before the first that is none.
    There is at least one object.
    """
    writer = Writer(1)
    writer.begin("entry")

    def one(i: Index, _: list[Lanes]) -> list[Lanes]:
        thing = writer.value(f"load ptr, ptr {writer.place('%objects', i, 'ptr')}")
        place = writer.place(thing, slot, "i8")
        found = writer.value(f"load ptr, ptr {place}")
        writer.leave_if(writer.value(f"icmp eq ptr {found}, null"), i, "i64")
        kind = writer.value(f"load i64, ptr {writer.place(found, type_place, 'i8')}")
        writer.leave_if(writer.value(f"icmp ne i64 {kind}, %float_type"), i, "i64")
        number = writer.value(f"load double, ptr {writer.place(found, number_place, 'i8')}")
        write(writer, i, number, place, found)
        return []

    writer.loop(0, "%count", 1, one)
    return "\n".join([f"define i64 {head} {{", *writer.lines, "  ret i64 %count", "}"])


def read(writer: Writer, i: Index, number: str, place: str, found: str) -> None:
    """Copy the number."""
    writer.do(f"store double {number}, ptr {writer.place('%numbers', i)}")


def add(writer: Writer, i: Index, number: str, place: str, found: str) -> None:
    """Put a new float in the slot, which is larger by the number, and let go of the old one."""
    added = writer.value(f"load double, ptr {writer.place('%numbers', i)}")
    total = writer.value(f"fadd double {number}, {added}")
    new = writer.value(f"call ptr %new_float(double {total})")
    writer.leave_if(writer.value(f"icmp eq ptr {new}, null"), i, "i64")
    writer.do(f"store ptr {new}, ptr {place}")
    writer.do(f"call void %let_go(ptr {found})")


class LeafSlots:
    """The slots of Values that this object keeps alive."""

    def __init__(self, functions: tuple[Any, Any], leaves: Sequence[Value]) -> None:
        self._read, self._add = functions
        self._leaves, self._count = leaves, len(leaves)
        self._objects = np.array([id(leaf) for leaf in leaves], np.uintp)
        self._address = self._objects.ctypes.data

    def read_into(self, numbers: int) -> bool:
        """Write the data of all to the address ``numbers``, False if one is not a float."""
        done = self._read(self._address, numbers, self._count, id(float))
        return bool(done == self._count)

    def add_gradient(self, gradient: Any) -> int:
        """Add an array to the ``grad`` of all, in order. Return how many were floats so far."""
        numbers = np.ascontiguousarray(gradient, float)
        if len(numbers) != self._count:
            raise ValueError(f"{self._count} leaves have as many derivatives, got {len(numbers)}")
        arrays = self._address, numbers.ctypes.data, self._count
        return int(self._add(*arrays, id(float), *_functions_of_python()))


def slots_of(leaves: Sequence[Value]) -> LeafSlots | None:
    """Return the slots of these Values, None where only Python can read them."""
    native = _native()
    if native is None or not leaves or any(type(leaf) is not Value for leaf in leaves):
        return None
    return LeafSlots(native[1:], leaves)


@cache
def _functions_of_python() -> list[Any]:
    """Return the addresses of Python's functions that make a float, and that let go of one."""
    functions = ctypes.pythonapi.PyFloat_FromDouble, ctypes.pythonapi.Py_DecRef
    return [ctypes.cast(function, ctypes.c_void_p).value for function in functions]


@cache
def _native() -> tuple[MachineCode, Any, Any] | None:
    """Return the machine code, and its functions: the one that reads, and the one that adds."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    number = float(repr(PROBE))  # an object of its own
    value, grad = Value(number), float(repr(2.0 * PROBE))
    value.grad = grad
    slot, grad_slot = [_places(value, struct.pack("N", id(x))) for x in (number, grad)]
    type_place = _places(number, struct.pack("N", id(float)))
    place = _places(number, struct.pack("d", number))
    if not len(slot) == len(grad_slot) == len(type_place) == len(place) == 1:
        return None
    of_float = type_place[0], place[0]
    reading = over_floats(f"@read({GIVEN})", slot[0], *of_float, read)
    adding = over_floats(f"@add({GIVEN}, {FUNCTIONS_OF_PYTHON})", grad_slot[0], *of_float, add)
    code = load(f"{reading}\n{adding}")  # the same in each process
    pointer, count = ctypes.c_void_p, ctypes.c_ssize_t
    given = (pointer, pointer, count, pointer)
    reads = ctypes.PYFUNCTYPE(count, *given)(code.address("read"))
    adds = ctypes.PYFUNCTYPE(count, *given, pointer, pointer)(code.address("add"))
    return code, reads, adds


def _places(x: Any, content: bytes) -> list[int]:
    """Return where the object has these 8 bytes."""
    found = ctypes.string_at(id(x), type(x).__basicsize__)
    return [i for i in range(0, len(found), 8) if found[i : i + 8] == content]
