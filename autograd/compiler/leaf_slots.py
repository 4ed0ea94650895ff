"""Reads the ``data`` of many Values at once, and adds to ``grad``, in the memory of their slots.

Python needs 20 nanoseconds to read one, machine code two. Where a slot lies in a Value, and the
number in a float, is found by looking at one whose content is known. `slots_of` returns None where
that does not find one place, or another Python runs than CPython with its lock. Then Python works.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..value import Value
from .machine_code import MachineCode, load

PROBE = 1.2345678901234567e-89  # a number that nothing else in memory is
FUNCTIONS = """
define i32 @read(ptr %objects, ptr %numbers, i64 %count, i64 %float_type) {{
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %j, %is_float ]
  %place = getelementptr ptr, ptr %objects, i64 %i
  %object = load ptr, ptr %place
  %slot = getelementptr i8, ptr %object, i64 {slot}
  %float = load ptr, ptr %slot
  %is_empty = icmp eq ptr %float, null
  br i1 %is_empty, label %fail, label %full
full:
  %type_place = getelementptr i8, ptr %float, i64 {type_place}
  %type = load i64, ptr %type_place
  %same = icmp eq i64 %type, %float_type
  br i1 %same, label %is_float, label %fail
is_float:
  %number_place = getelementptr i8, ptr %float, i64 {number}
  %number = load double, ptr %number_place
  %to = getelementptr double, ptr %numbers, i64 %i
  store double %number, ptr %to
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %count
  br i1 %more, label %next, label %done
done:
  ret i32 1
fail:
  ret i32 0
}}
define i64 @add(
  ptr %objects, ptr %numbers, i64 %count, i64 %float_type, ptr %new_float, ptr %let_go
) {{
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %j, %stored ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %one, label %end
one:
  %place = getelementptr ptr, ptr %objects, i64 %i
  %object = load ptr, ptr %place
  %slot = getelementptr i8, ptr %object, i64 {grad_slot}
  %float = load ptr, ptr %slot
  %is_empty = icmp eq ptr %float, null
  br i1 %is_empty, label %end, label %full
full:
  %type_place = getelementptr i8, ptr %float, i64 {type_place}
  %type = load i64, ptr %type_place
  %same = icmp eq i64 %type, %float_type
  br i1 %same, label %is_float, label %end
is_float:
  %number_place = getelementptr i8, ptr %float, i64 {number}
  %before = load double, ptr %number_place
  %from = getelementptr double, ptr %numbers, i64 %i
  %added = load double, ptr %from
  %sum = fadd double %before, %added
  %new = call ptr %new_float(double %sum)
  %no_memory = icmp eq ptr %new, null
  br i1 %no_memory, label %end, label %stored
stored:
  store ptr %new, ptr %slot
  call void %let_go(ptr %float)
  %j = add i64 %i, 1
  br label %next
end:
  ret i64 %i
}}
"""


class LeafSlots:
    """The slots of Values that this object keeps alive."""

    def __init__(self, functions: tuple[Any, Any], leaves: Sequence[Value]) -> None:
        self._read, self._add = functions
        self._leaves, self._count = leaves, len(leaves)
        self._objects = np.array([id(leaf) for leaf in leaves], np.uintp)
        self._address = self._objects.ctypes.data

    def read_into(self, numbers: int) -> bool:
        """Write the data of all to the address ``numbers``, False if one is not a float."""
        return bool(self._read(self._address, numbers, self._count, id(float)))

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
    places = {"slot": slot[0], "grad_slot": grad_slot[0], "number": place[0]}
    code = load(FUNCTIONS.format(type_place=type_place[0], **places))  # the same in each process
    pointer, count = ctypes.c_void_p, ctypes.c_ssize_t
    given = (pointer, pointer, count, pointer)
    read = ctypes.PYFUNCTYPE(ctypes.c_int, *given)(code.address("read"))
    add = ctypes.PYFUNCTYPE(count, *given, pointer, pointer)(code.address("add"))
    return code, read, add


def _places(x: Any, content: bytes) -> list[int]:
    """Return where the object has these 8 bytes."""
    found = ctypes.string_at(id(x), type(x).__basicsize__)
    return [i for i in range(0, len(found), 8) if found[i : i + 8] == content]
