"""One emitted program, ready to run."""

from __future__ import annotations

from typing import Any

from ..value import Value
from .array_functions import NUMBERS, Arrays
from .backend import Backend
from .print_numpy import Printed

TIE = ()  # what a program returns if rounding could decide a comparison


class Program:
    """A program. Its ``backend`` runs it, on the parameters and the inputs as flat arrays."""

    def __init__(self, printed: Printed, xp: Arrays) -> None:
        self.printed = printed
        self.order = printed.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # the parameters, if they never change
        namespace = {"xp": xp, "math": NUMBERS}
        for name, array in printed.constants.items():
            namespace[name] = xp.library.asarray(array)
        source = printed.faster_source if xp.is_numpy else printed.source
        exec(compile(source, "<compiled by autograd>", "exec"), namespace)
        run: Any = namespace["program"]
        self.backend = Backend(printed, run, xp.backend)
