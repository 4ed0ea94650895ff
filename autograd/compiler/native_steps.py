"""Steps of an optimizer without Python between them, see `FlatFunction.native_steps`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from math import inf, prod
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from .machine_code import MachineCode, host_lanes, load
from .path import Path
from .print_steps import Formula, Update, Work, print_steps

if TYPE_CHECKING:
    from .function_of_arrays import FlatFunction

MAX_SIZES = 64  # of batches, whose memory is kept
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Ready(NamedTuple):
    """The program for one size of batch, and the memory that it works on."""

    function: int  # its address
    address_of_table: int
    results: int
    kept: Any  # what lies at the addresses


class Known:
    """What is known for a path, and tables of these kinds: programs and loops over batches."""

    def __init__(self) -> None:
        self.order: Sequence[int] = ()  # in which the program takes the tables
        self.ready: dict[int, Ready] = {}  # by the size of the batch
        self.loops: dict[bool, tuple[MachineCode, Any]] = {}  # without a penalty, and with it


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
        self._known: WeakKeyDictionary[Path, dict[Any, Known]] = WeakKeyDictionary()
        self._last: Path | None = None

    def __call__(
        self, state: Any, tables: Sequence[Any], sizes: Sequence[int], settings: Sequence[float],
        max_norm: float | None = None, penalties: Any = None, penalized: Any = 1.0,
    ) -> Any:  # fmt: skip
        """Step once for each batch, see `FlatFunction.native_steps`."""
        tables = [np.ascontiguousarray(x) for x in tables]
        self._check(tables, sizes, settings, penalties)
        path = self._flat.function.recordings.last
        if path is None:
            return np.zeros((0, 1))
        if path is not self._last:
            self._last = path
            self._slopes[:] = 0.0  # of parameters that only another path has
        kinds = tuple([(x.dtype, x.shape[1:]) for x in tables])
        known = self._known.setdefault(path, {}).setdefault(kinds, Known())
        if len(known.ready) > MAX_SIZES:
            known.ready.clear()
        records, start, results = [], 0, 0
        for size in sizes:
            ready = known.ready.get(size)
            if ready is None:
                ready = self._new(known, size, tuple([x[start : start + size] for x in tables]))
                if ready is None:
                    break
            records.append((ready.function, ready.address_of_table, start))
            start, results = start + size, ready.results
        found = np.zeros((len(records), results + 1))
        if not records:
            return found
        has_penalty = penalties is not None
        if has_penalty:
            self._numbers[self._work.penalized] = penalized
        given = [tables[i] for i in known.order]
        arrays = [  # in the order of `print_steps.JOB`
            progress := np.array([len(records), 0]),
            np.array(records, np.int64),
            self._numbers,
            np.array(settings, float),
            found,
            np.array(penalties if has_penalty else (), float),
            np.array([max_norm or inf]),
            *given,
        ]
        if has_penalty not in known.loops:
            row_sizes = [prod(x.shape[1:]) for x in given]
            what = (self._formula, self._work, row_sizes, results, has_penalty, host_lanes())
            known.loops[has_penalty] = compiled(print_steps(*what))
        self.state[:] = state
        job = np.array([*map(address, arrays)], np.uintp)
        known.loops[has_penalty][1](address(job))
        done = int(progress[1])
        path.calls += done
        return found[:done]

    def _check(
        self, tables: Sequence[Any], sizes: Sequence[int], settings: Sequence[float], penalties: Any
    ) -> None:
        """ValueError unless there is a number for everything that machine code reads."""
        rows = min(map(len, tables), default=0)
        if sum(sizes) > rows or min(sizes, default=0) < 1:
            raise ValueError(
                f"native_steps takes batches of 1 row or more, {rows} in all, got {sizes!r:.80}"
            )
        given, needed = len(settings), len(self._formula.settings)
        if given != needed:
            raise ValueError(f"the update has {needed} settings, got {given}")
        if penalties is not None and len(penalties) != len(sizes):
            raise ValueError(f"there are {len(sizes)} batches, but {len(penalties)} penalties")

    def _new(self, known: Known, size: int, batch: tuple[Any, ...]) -> Ready | None:
        """Return the program for batches of this size. None if machine code does not run it."""
        native = self._flat.native(batch)
        if native is None:
            return None
        known.order = native.order
        memory = native.program.new_memory()
        memory.take(native.inputs)
        arrays = (native.places, self._numbers, self._slopes)
        table = np.array([memory.address, *map(address, arrays)], np.uintp)
        kept = (native, memory, table)
        results = len(memory.results)
        known.ready[size] = Ready(native.program.address_at, address(table), results, kept)
        return known.ready[size]


def address(x: Any) -> int:
    """Return where the numbers of an array lie, faster than NumPy's ``ctypes``."""
    return int(x.__array_interface__["data"][0])


@lru_cache(maxsize=64)  # many trainings have the same
def compiled(text: str) -> tuple[MachineCode, Any]:
    code = load(text)
    return code, FUNCTION(code.address("steps"))
