"""`to_jax`: scalar code as a pure function for JAX. Neither JAX nor NumPy is imported before."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .jax_program import JaxFunction


def to_jax(f: Callable[..., Any], *example: Any) -> JaxFunction:
    """Return a pure JAX function ``F(parameters, *arguments)`` that computes what ``f`` computes.

    ``example`` are arguments for ``f``: `f(*example)` is recorded once, as by `autograd.compile`.
    F is made of JAX's array functions. So you can `jit` it, differentiate it with `jax.grad`,
    `vmap` it, and shard its arguments over devices. Each operation has the derivatives that the
    table of autograd declares, for instance 0 for `relu` at 0. One differs: the derivative of
    ``a ** b`` by ``a``, where both are 0 and neither is a constant, is nan instead of 0.

    >>> import autograd
    >>> from autograd import Value, vmap
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> def loss(xs, ys):
    ...     return autograd.mean(vmap(lambda x, y: (w * x + b - y) ** 2)(xs, ys))
    >>> F = autograd.to_jax(loss, [0.0, 1.0], [0.0, 0.0])  # doctest: +SKIP
    >>> p = F.parameters()  # doctest: +SKIP
    >>> jax.jit(jax.grad(F))(p, [1.0, 2.0, 3.0], [3.0, 4.0, 6.0])  # doctest: +SKIP
    Array([3.33333333, 1.33333333], dtype=float64)
    >>> F.write_back(p - 0.25)  # doctest: +SKIP
    >>> w.data, b.data  # doctest: +SKIP
    (1.75, 0.75)

    **Parameters** are the Values that ``f`` uses from outside: one flat array, of shape (n,). It
    is a pytree of one leaf, as optimizers for JAX take it. ``F.values`` has the Values in the order
    of the array. ``F.parameters()`` returns their present numbers as such an array.
    ``F.write_back(parameters)`` sets the ``data`` of the Values, so a trained model is trained.
    F itself reads no Value: changing ``data`` later does not change it.

    **Arguments** are those of ``f``. A list of numbers is an array of shape (n,), a list of lists
    one of shape (n, m). A list that ``f`` reads only through `autograd.vmap` may have any number of
    rows: its batch axis is free. All else has the lengths that it has in ``example``. The other way
    to a batch is JAX's: write ``f`` for one row, and take ``jax.vmap(F, in_axes=(None, 0))``. A
    list of numbers in the result is an array too.

    **No comparison may decide what is computed**, since JAX traces F without numbers. TypeError for
    one: it names the comparison. Use `where`, `maximum`, `relu` or `take` instead. **No errors
    of numbers are raised**: JAX gives nan or inf, and an index of `take` outside its list gives 0.

    **JAX computes in float32 by default.** Results then have 7 digits, and a warning says so. Call
    ``jax.config.update("jax_enable_x64", True)`` at the start of the program for the 16 digits of
    ``f``. ModuleNotFoundError without JAX. TypeError if an argument is no number, list, tuple, dict
    or array of numbers, if ``f`` uses a Value that was computed outside, and for what
    `autograd.compile` refuses.
    """
    if not callable(f):
        raise TypeError(f"autograd.to_jax takes a function and its arguments, got {f!r:.80}")
    if find_spec("jax") is None:
        raise ModuleNotFoundError(
            "autograd.to_jax needs JAX: pip install jax (it is in chalkgrad[scale])", name="jax"
        )
    from .jax_program import JaxFunction

    return JaxFunction(f, example)
