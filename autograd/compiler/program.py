"""One emitted program, ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..value import Value
from .array_functions import NUMBERS, Arrays
from .backend import Backend
from .print_numpy import Printed

if TYPE_CHECKING:
    from .print_instructions import Written

TIE = ()  # what a program returns if rounding could decide a comparison


class Program:
    """A program. Its ``backend`` runs it, on the parameters and the inputs as flat arrays.

    Either ``printed``, and then NumPy can run it, or only written as instructions.
    """

    def __init__(self, found: Printed | Written, xp: Arrays) -> None:
        self.order = found.order  # in which it takes the parameters of the path
        self.parents: tuple[Value, ...] | None = None  # the parameters, if they never change
        self.printed = found if isinstance(found, Printed) else None
        self.backend = Backend(found, self.printed and _function(self.printed, xp), xp.backend)


def _function(printed: Printed, xp: Arrays) -> Any:
    """Return the printed program as a function."""
    namespace = {"xp": xp, "math": NUMBERS}
    for name, array in printed.constants.items():
        namespace[name] = xp.library.asarray(array)
    source = printed.faster_source if xp.is_numpy else printed.source
    exec(compile(source, "<compiled by autograd>", "exec"), namespace)
    return namespace["program"]
