"""What `autograd.compile` returns: a function that looks like the original and runs as arrays."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import MethodType
from typing import Any

import numpy as np

from ..recording import current_recorder
from ..tree import build, flatten
from ..value import Value
from .arguments import StaticArguments, as_thing
from .array_functions import Arrays
from .backend import chosen
from .free_rows import Given
from .inputs import NotExactError
from .path import ELSEWHERE, NO_ARGUMENTS, Path
from .program import TIE, Program
from .record import refused, returned
from .recordings import Recordings
from .traced import TraceRecorder

NOTHING_GIVEN = Given(NO_ARGUMENTS, [], {})


class CompiledFunction:
    """A compiled function, see `autograd.compile`."""

    def __init__(
        self,
        function: Callable[..., Any],
        static: int | Sequence[int] = (),
        xp: Any = None,
        backend: str | None = None,
    ) -> None:
        self.function, self._xp, self._backend = function, xp, backend
        self.static = StaticArguments(function, static)
        self.xp = Arrays(np if xp is None else xp, chosen(backend, xp))
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__module__ = getattr(function, "__module__", __name__)
        self.recordings = Recordings(function, self.__name__, self.xp)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    def __reduce__(self) -> Any:
        """Return how to pickle and copy it: by name if it has one, else anew, to be recorded.

        cloudpickle sends what a script or a notebook defines by value, for no other process has it.
        """
        sender = sys._getframe(1).f_globals.get("__name__", "")
        by_value = self.__module__ == "__main__" and sender.endswith("cloudpickle")
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is self and not by_value:
            return self.__qualname__
        library = None if self._xp is None else self._xp.__name__
        return _compiled_anew, (self.function, self.static.positions, library, self._backend)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return a method if this is in a class. Each instance has recordings of its own."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recorder = current_recorder()
        if isinstance(recorder, TraceRecorder):
            return self.function(*args, **kwargs)  # part of the function that is being recorded
        differentiable = recorder is None or recorder.makes_nodes
        given = NOTHING_GIVEN
        if args or kwargs:
            marked: tuple[Any, ...] = (args, kwargs)
            if kwargs or self.static.positions or bool in map(type, args):
                marked = self.static.marked(args, kwargs)
            leaves, structure = flatten(marked, as_thing)
            given = Given(structure, leaves, {})
        tried: list[Path] = []
        try:
            result = self.recordings.result(given, differentiable, tried)
            if result is ELSEWHERE:
                result = self.recordings.result_anew(given, differentiable, tried)
        except NotExactError:
            result = TIE
        return self._eager(args, kwargs) if result is TIE else result

    def _eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of the function itself, which may raise an error that names a node."""
        values, result = flatten(returned(self.function(*args, **kwargs)), refused)
        return build(result, iter([x if isinstance(x, Value) else Value(x) for x in values]))

    @property
    def source(self) -> str:
        """The program of the last call, as Python source. NumPy runs ``@`` in it as ``dot``."""
        return self._last().last_printed().source

    def last_program(self) -> Program:
        """Return the program of the last call. RuntimeError if there was no call yet."""
        return next(reversed(self._last().programs.values()))

    def _last(self) -> Path:
        if self.recordings.last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet: call it once to record it"
            )
        return self.recordings.last

    def report(self) -> str:
        """Return what compiling did: nodes, operations, products, seconds of each stage."""
        program, path = self.last_program(), self._last()
        printed = path.last_printed()
        lines = [
            f"nodes recorded          {path.recorded:>8,}",
            f"nodes after simplifying {path.code.count:>8,}",
            f"array operations        {printed.operations:>8,}",
            f"matrix products         {len(printed.products):>8,}",
            *(f"    {product}" for product in printed.products),
            *(f"seconds to {stage:<13}{spent:>8.3f}" for stage, spent in path.seconds.items()),
            *self.recordings.account.report(self.recordings.paths),
            f"backend                 {program.backend.in_words()}",
        ]
        return "\n".join(lines)


def _compiled_anew(
    function: Callable[..., Any], static: Any, library: str | None, backend: str | None
) -> Any:
    return CompiledFunction(function, tuple(static), library and import_module(library), backend)
