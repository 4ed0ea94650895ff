"""`flat_function`: a function of Values as a function of one array of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..value import Value
from . import compile as compiled

if TYPE_CHECKING:
    from .function_of_arrays import FlatFunction


def flat_function(f: Callable[..., Any], parameters: Iterable[Value]) -> FlatFunction:
    """Return ``f`` as a function of arrays: the numbers of ``parameters`` in, a gradient out.

    This is what optimizers of arrays take, such as those of SciPy. ``flat(theta, *args)`` returns
    the value of ``f(*args)`` as a float, and its gradient as an array. The parameters have the
    numbers ``theta`` there, and keep their own ``data`` afterwards.

    >>> from autograd import Value
    >>> a, b = Value(1.0), Value(2.0)
    >>> flat = flat_function(lambda x: (a - x) ** 2 + a * b, [a, b])
    >>> value, gradient = flat([3.0, 4.0], 1.0)
    >>> value, gradient.tolist()
    (16.0, [8.0, 3.0])
    >>> a.data
    1.0

    With SciPy, whose ``args`` are those of ``f``::

        found = scipy.optimize.minimize(flat, flat.numbers(), args=(1.0,), jac=True)
        flat.write(found.x)

    ``flat.numbers()`` is the array of the parameters' ``data``, ``flat.write(theta)`` sets them,
    and ``flat.value(theta, *args)`` computes the value alone. ``flat.native_steps(update, ...)``
    makes the steps of an optimizer for many batches in one call of machine code, and
    ``flat.native_step(update, ...)`` one step.

    ``f`` is a function, or what `autograd.compile` made of one, whose recordings it then shares.
    ``f`` may return several numbers, in a list, tuple or dict. The value has that structure, and
    the gradient is of the first number. A NumPy array in ``args`` comes to ``f`` as a list of its
    rows. If only `vmap` reads it, the program takes it without a copy.

    TypeError unless the parameters are Values. ValueError if there are none, if one is there twice,
    if ``theta`` has another length, or if ``f`` uses none of the parameters. ModuleNotFoundError
    without NumPy. The errors of operations are those of ``f``.
    """
    function: Any = f if hasattr(f, "recordings") else compiled(f)
    from .function_of_arrays import FlatFunction

    return FlatFunction(function, parameters)
