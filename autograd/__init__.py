"""A scalar reverse-mode automatic differentiation engine, small enough to read in one sitting.

Start with `autograd.value`. Every operation of the table in `autograd.ops` is a function here.
"""

import builtins
from typing import TYPE_CHECKING

from . import pickling  # noqa: F401  # imported for its effect: graphs of any depth are picklable
from .calculus.chain_rule import adjoints
from .calculus.checking import gradcheck
from .calculus.functions import (
    directional_derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    taylor,
    value_and_grad,
    vjp,
)
from .calculus.nonfinite import find_nonfinite
from .collector import collector_paused
from .compiler import compile
from .drawing.picture import draw_dot, to_svg
from .explaining.paths import explain
from .ops import TABLE as TABLE
from .ops import Operation, log_softmax, softmax
from .stepper import Stepper, steps
from .value import Constant, Value, no_grad, topological_order

globals().update(TABLE)

if TYPE_CHECKING:  # the operations, which the table names

    def __getattr__(name: str) -> Operation: ...


__all__ = ["Constant", "Value", "collector_paused", "no_grad", "topological_order"]
__all__ += ["adjoints", "directional_derivative", "grad", "hessian", "hvp", "jacobian", "jvp"]
__all__ += ["taylor", "value_and_grad", "vjp", "log_softmax", "softmax"]
__all__ += ["explain", "find_nonfinite", "gradcheck"]
__all__ += ["Stepper", "compile", "draw_dot", "steps", "to_svg"]
__all__ += TABLE  # pyright: ignore[reportUnsupportedDunderAll]  # names known when it runs
__all__[:] = [name for name in __all__ if name not in dir(builtins)]  # import * spares sum, abs
