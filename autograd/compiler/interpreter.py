"""The interpreter: runs programs that `print_instructions` wrote, in machine code.

It is compiled once, and kept on the disk. Programs are numbers for it.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .instruction_set import interpreter
from .leaf_slots import LeafSlots
from .machine_code import MachineCode, error_flags, load
from .print_instructions import DONE, TIE, Written


class Interpreted:
    """A program that is ready to run."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self._spare: list[tuple[Any, int]] = []  # workspaces that no call uses now, with addresses
        self._code, self._run = _native()
        self._program = written.instructions.ctypes.data
        self._flags = error_flags()

    def __len__(self) -> int:
        return len(self._written.instructions)

    def computed(self, p: Any, inputs: Sequence[Any]) -> Any:
        """Return the values and the gradient; () for a tie; None as in `Program.computed`."""
        found = self.run(p, *inputs)
        if not found:
            return found
        values, gradient = found
        if gradient is not None and not math.isfinite(gradient.dot(gradient)):
            return None
        return found if all(map(math.isfinite, values)) else None

    def computed_from(self, slots: LeafSlots, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Return the data of the parameters, and what is `computed`; None where one is no float."""
        p = np.empty(len(self._written.order))
        if not slots.read_into(p.ctypes.data):
            return None, None
        return p, self.computed(p, inputs)

    def run(self, p: Any, x: Any) -> Any:
        """Return the values and the gradient; () for a tie; None if it fails or goes elsewhere."""
        written = self._written
        try:
            workspace, address = self._spare.pop()  # one step, which threads cannot share
        except IndexError:
            workspace = np.zeros(written.size)
            workspace[: len(written.constants)] = written.constants
            address = workspace.ctypes.data
        start = len(written.constants)
        workspace[start : start + len(p)] = p
        workspace[start + len(p) : start + len(p) + len(x)] = x
        status = self._run(self._program, address, self._flags)
        found: Any = () if status == TIE else None
        if status == DONE:
            gradient = None if written.gradient is None else workspace[written.gradient]
            found = workspace[written.outputs].tolist(), gradient
        self._spare.append((workspace, address))
        return found


@cache
def _native() -> tuple[MachineCode, Any]:
    """Return the interpreter: its machine code, and the function in it."""
    code = load(interpreter(), optimize=2)
    arguments = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
    return code, ctypes.CFUNCTYPE(ctypes.c_int, *arguments)(code.address("run"))
