"""A scalar reverse-mode automatic differentiation engine, small enough to read in one sitting.

Start reading at `autograd.value`. Every operation of the table
in `autograd.ops` is a function here.
"""

from . import name_clash, pickling  # noqa: F401  # for their effects, which each describes
from . import plot as plot  # as ...: left out of __all__, because nn has a plot too
from .affine_layer import affine
from .calculus.batching import vmap
from .calculus.chain_rule import adjoints
from .calculus.checking import gradcheck
from .calculus.descent import Descent, descend
from .calculus.finite_differences import numerical_grad
from .calculus.nonfinite import find_nonfinite
from .calculus.stationary_points import StationaryPoint, stationary_point
from .calculus.transformations import (
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
from .choosing import take, where
from .collector import collector_paused
from .compiler import compile as compile
from .compiler.flat_parameters import flat_function
from .compiler.jax_function import to_jax
from .counting import count_operations
from .drawing.picture import draw_dot, to_svg
from .explaining.explanation import explain
from .explaining.notation import number as format_number
from .explaining.written_out import Formula, formula
from .operation import TABLE, Binary, Nary, Operation, Unary
from .ops import abs as abs  # as ...: known to type checkers, though left out of __all__
from .ops import (
    acos,
    add,
    asin,
    atan,
    cos,
    cosh,
    div,
    dot,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    heaviside,
    leaky_relu,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    mul,
    neg,
    relu,
    sigmoid,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    stop_gradient,
    sub,
    tan,
    tanh,
)
from .ops import pow as pow
from .ops import sum as sum
from .recomputing import recompute
from .recording import no_grad
from .stepper import Stepper, steps
from .value import Constant, Value, derivatives, topological_order
from .vectors import Values

# import * leaves out the names of builtins: abs, compile, pow, sum
__all__ = ["Binary", "Constant", "Nary", "Operation", "TABLE", "Unary", "Value", "Values"]
__all__ += ["affine", "collector_paused", "no_grad", "recompute", "topological_order"]
__all__ += ["adjoints", "derivatives", "directional_derivative", "grad", "hessian", "hvp"]
__all__ += ["jacobian", "jvp", "taylor", "value_and_grad", "vjp", "vmap"]
__all__ += ["Stepper", "draw_dot", "explain", "find_nonfinite", "gradcheck", "steps", "to_svg"]
__all__ += ["flat_function"]
__all__ += ["Formula", "count_operations", "format_number", "formula", "numerical_grad"]
__all__ += ["Descent", "StationaryPoint", "descend", "stationary_point"]
__all__ += ["acos", "add", "asin", "atan", "cos", "cosh", "div", "dot", "equal", "erf", "erfc"]
__all__ += ["exp", "expm1", "gelu", "heaviside", "leaky_relu", "log", "log1p", "log_softmax"]
__all__ += ["logsumexp", "maximum", "mean", "minimum", "mul", "neg", "relu", "sigmoid", "silu"]
__all__ += ["take", "to_jax", "where"]
__all__ += ["sin", "sinh", "softmax", "softplus", "sqrt", "stop_gradient", "sub", "tan", "tanh"]
