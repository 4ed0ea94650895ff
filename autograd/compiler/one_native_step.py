"""One step of an optimizer in one call of machine code, see `FlatFunction.native_step`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from .machine_code import MachineCode, host_lanes
from .native_steps import address, compiled
from .print_llvm import DONE
from .print_steps import JOB, Formula, Update, Work, print_steps
from .process_lock import ProcessLock

if TYPE_CHECKING:
    from .function_of_arrays import FlatFunction, FlatProgram
    from .native_program import Memory

MAX_COPIED = 4096  # numbers of a call's arguments, which are copied faster than pointed to


@dataclass
class Job:
    """A step with one program."""

    memory: Memory  # of the program
    table: Any  # the addresses that the program takes
    loop: Any  # the function that steps
    address: int  # what it takes
    results: Any  # what it leaves here
    kept: Any  # what lies at the addresses
    inputs: Any = None  # those in the memory
    copies: Any = ()  # of small ones, at addresses that stay

    def take(self, inputs: Any) -> None:
        """Copy the inputs of a call, or point to them if they are large or of other shapes."""
        if [x.shape for x in inputs] == [x.shape for x in self.copies]:
            for mine, x in zip(self.copies, inputs, strict=True):
                mine[...] = x
        else:
            is_small = sum([x.size for x in inputs]) <= MAX_COPIED
            self.copies = [np.array(x, float, order="C") for x in inputs] if is_small else ()
            self.memory.take(self.copies or inputs)
            self.table[0] = self.memory.address
        self.inputs = inputs

    def made(self) -> bool:
        """Step; return False if Python has to do it."""
        return bool(self.loop(self.address) == DONE)


class NativeStep:
    """Makes single steps, in machine code where the program of a call has it.

    ``state`` has the parameters and what is remembered of them, after the last step in machine
    code. ``theta`` and ``memory`` are its rows. ``gradient`` is the gradient of that step. All are
    overwritten by the next one. ``settings`` are those of the next step.
    """

    def __init__(
        self, flat: FlatFunction, update: Update, settings: int, memory: int,
        max_norm: float | None,
    ) -> None:  # fmt: skip
        self._flat, self._formula = flat, Formula(update, settings, memory)
        self._layout = layout = Work(len(flat.parameters), memory)
        numbers = np.zeros((layout.rows, layout.size))
        self.state, self.gradient = numbers[: layout.state], numbers[layout.gradient]
        self.theta, *self.memory = self.state
        self._numbers, self._slopes = numbers, numbers[layout.slopes]
        self.settings, self._limits = np.zeros(settings), np.array([max_norm or inf])
        self._loops: dict[int, tuple[MachineCode, Any]] = {}  # by the number of results
        self._jobs: WeakKeyDictionary[FlatProgram, dict[Any, Job | None]] = WeakKeyDictionary()
        self._last: tuple[Any, Any, Job | None] = (None, None, None)
        self._given: Sequence[Any] = ()  # the memory of the present call
        self._lock = ProcessLock()  # since all threads share the numbers

    def __call__(self, args: Sequence[Any], theta: Any, memory: Sequence[Any]) -> tuple[Any, Any]:
        """Step, and return the value before, and None. Without a step return value and gradient.

        ``args`` are the arguments of the function, ``theta`` and ``memory`` its parameters and
        what is remembered of them.
        """
        with self._lock.present:
            self._given = memory
            return self._flat.computed_by(self._stepped, theta, args)

    def copied(self) -> tuple[Any, Any]:
        """Return the state and the gradient, which no later step changes."""
        with self._lock:
            return self.state.copy(), self.gradient.copy()

    def _stepped(self, program: FlatProgram, theta: Any, inputs: Any) -> Any:
        job = self._job(program, inputs)
        if job is None:
            return program(theta, inputs)
        if theta is not self.theta or self._given is not self.memory:
            self.theta[:] = theta
            for mine, given in zip(self.memory, self._given, strict=True):
                mine[:] = given
        if inputs is not job.inputs:
            job.take(inputs)
        if not job.made():
            return program(theta, inputs)
        return program.structured(job.results.tolist()), None

    def _job(self, program: FlatProgram, inputs: Any) -> Job | None:
        """Return how to step by this program. None if there is no machine code for that."""
        last, code, job = self._last
        if program is last and job is not None and inputs is job.inputs:
            return job
        if program.backend.waits or not program.takes_all_from_theta:
            return None
        found = program.backend.machine_code(inputs)
        if program is not last or found is not code:
            jobs = self._jobs.setdefault(program, {})
            if found not in jobs:
                jobs[found] = self._new(program, found)
            job = jobs[found]
            self._last = program, found, job
            self._slopes[:] = 0.0  # of parameters that only another program has
        return job

    def _new(self, program: FlatProgram, code: Any) -> Job | None:
        if not hasattr(code, "address_at"):  # NumPy or the interpreter
            return None
        memory = code.new_memory()
        results = len(memory.results)
        if results not in self._loops:
            text = print_steps(self._formula, self._layout, [], results, False, host_lanes())
            self._loops[results] = compiled(text)
        shared = program.places, self._numbers, self._slopes
        table = np.array([0, *map(address, shared)], np.uintp)
        found = np.zeros(results + 1)
        arrays = {
            "progress": np.array([1, 0], np.int64),  # one batch, whose record is:
            "batches": np.array([code.address_at, address(table), 0], np.int64),
            "work": self._numbers,
            "settings": self.settings,
            "found": found,
            "penalties": np.zeros(0),
            "limits": self._limits,
        }
        job = np.array([address(arrays[name]) for name in JOB], np.uintp)
        kept = (code, program.places, arrays, job)
        return Job(memory, table, self._loops[results][1], address(job), found[:-1], kept)
