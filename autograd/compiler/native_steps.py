"""Steps of an optimizer without Python between them, see `FlatFunction.native_steps`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from math import inf, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .machine_code import MachineCode, host_lanes, load
from .path import Path
from .print_steps import Formula, Update, Work, print_steps

if TYPE_CHECKING:
    from .function_of_arrays import FlatFunction

FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Ready(NamedTuple):
    """The program for one size of batch, and the memory that it works on."""

    function: int  # its address
    address_of_table: int
    results: int
    kept: Any  # what lies at the addresses


class NativeSteps:
    """Makes steps in machine code, as far as that is possible. For one training, in one thread."""

    def __init__(self, flat: FlatFunction, update: Update, settings: int, memory: int) -> None:
        self._flat, self._formula = flat, Formula(update, settings, memory)
        self._work = work = Work(len(flat.parameters), memory)
        self._numbers = np.zeros((work.rows, work.size))
        self.state = self._numbers[: work.state]
        self.before = self._numbers[work.before]
        self.gradient = self._numbers[work.gradient]
        self._slopes = self._numbers[work.slopes]
        self._path: Path | None = None
        self._order: Sequence[int] = ()  # in which the program takes the tables
        self._ready: dict[int, Ready] = {}
        self._loops: dict[bool, tuple[MachineCode, Any]] = {}

    def __call__(
        self, state: Any, tables: Sequence[Any], sizes: Sequence[int], settings: Sequence[float],
        max_norm: float | None = None, penalties: Any = None, penalized: Any = None,
    ) -> Any:  # fmt: skip
        """Step once for each batch. Return a row for each step: the results, and the norm.

        There are fewer rows if the next batch is not for machine code.
        """
        path = self._flat.function.recordings.last
        if path is not self._path:
            self._path = path
            self._ready.clear()
            self._loops.clear()
        records, start, results = [], 0, 0
        for size in sizes:
            ready = self._ready_for(size, tables, start)
            if ready is None:
                break
            records.append((ready.function, ready.address_of_table, start))
            start, results = start + size, ready.results
        found = np.zeros((len(records), results + 1))
        if not records or path is None:
            return found
        given = [np.ascontiguousarray(tables[i]) for i in self._order]
        is_penalized = penalties is not None
        if is_penalized:
            self._numbers[self._work.penalized] = penalized
        arrays = [  # in the order of `print_steps.JOB`
            progress := np.array([len(records), 0]),
            np.array(records, np.int64),
            self._numbers,
            np.array(settings, float),
            found,
            np.array(penalties if is_penalized else (), float),
            np.array([max_norm or inf]),
            *given,
        ]
        if is_penalized not in self._loops:
            row_sizes = [prod(x.shape[1:]) for x in given]
            what = (self._formula, self._work, row_sizes, results, is_penalized, host_lanes())
            self._loops[is_penalized] = compiled(print_steps(*what))
        self.state[:] = state
        job = np.array([*map(address, arrays)], np.uintp)
        self._loops[is_penalized][1](address(job))
        done = int(progress[1])
        path.calls += done
        return found[:done]

    def _ready_for(self, size: int, tables: Sequence[Any], start: int) -> Ready | None:
        """Return the program for batches of this size. None if machine code does not run it."""
        ready = self._ready.get(size)
        if ready is None:
            ready = self._new(tuple([x[start : start + size] for x in tables]))
            if ready is not None:
                self._ready[size] = ready
        return ready

    def _new(self, batch: tuple[Any, ...]) -> Ready | None:
        native = self._flat.native(batch)
        if native is None:
            return None
        self._order = native.order
        memory = native.program.new_memory()
        memory.take(native.inputs)
        arrays = (native.places, self._numbers, self._slopes)
        table = np.array([memory.address, *map(address, arrays)], np.uintp)
        kept = (native, memory, table)
        return Ready(native.program.address_at, address(table), len(memory.results), kept)


def address(x: Any) -> int:
    """Return where the numbers of an array lie, faster than NumPy's ``ctypes``."""
    return int(x.__array_interface__["data"][0])


@lru_cache(maxsize=64)  # many trainings have the same
def compiled(text: str) -> tuple[MachineCode, Any]:
    code = load(text)
    return code, FUNCTION(code.address("steps"))
