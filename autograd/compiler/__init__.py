"""`compile`: plain scalar code at the speed of array code.

The stages, each in a file of its own, are record, simplify, differentiate, schedule, matrices and
print_numpy. `pipeline` puts them in a row. Nothing is imported before a function is compiled, so
autograd itself does not need NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from .compiled_function import CompiledFunction


@overload
def compile(
    f: Callable[..., Any], *, static_argnums: int | Sequence[int] = (), xp: Any = None
) -> CompiledFunction: ...
@overload
def compile(
    f: None = None, *, static_argnums: int | Sequence[int] = (), xp: Any = None
) -> Callable[[Callable[..., Any]], CompiledFunction]: ...
def compile(
    f: Callable[..., Any] | None = None, *, static_argnums: int | Sequence[int] = (), xp: Any = None
) -> Any:
    """Return a function that does what ``f`` does, but runs as array code. ``f`` is scalar code.

    >>> import autograd
    >>> w, b = autograd.Value(2.0), autograd.Value(1.0)
    >>> @autograd.compile
    ... def loss(xs, ys):
    ...     return sum((w * x + b - y) ** 2 for x, y in zip(xs, ys))
    >>> result = loss([1.0, 2.0, 3.0], [3.0, 4.0, 7.0])
    >>> result.backward()
    >>> result.data, w.grad, b.grad
    (1.0, 4.0, 2.0)

    ``f`` takes numbers, Values, or nested lists, tuples, dicts or NumPy arrays of them. It may use
    Values from outside, such as a model's parameters: every call reads their current ``data``. The
    result has the structure of the result of ``f``, and is made of Values. They are ordinary nodes,
    whose parents are the Values that ``f`` used: call ``backward()``, or compute on. Under
    `no_grad` only the values are computed.

    The first call runs ``f`` once to record it. So does a call with arguments of another structure
    (lengths, shapes), and a call whose comparisons (``if x > 0``, ``max``, ``sorted``) come out
    differently.

    **Plain numbers from the surrounding code are constants.** They stay what they were when ``f``
    was recorded. Pass what changes as an argument. A parameter's ``.data``, read inside ``f``, is
    such a number: write ``w > 0``, not ``w.data > 0``, and ``abs(w)``, not ``abs(w.data)``.
    Likewise ``f`` keeps the Values that it met when it was recorded: change their ``data``, do not
    replace them. If ``f`` does more than compute (print, append), it does this only when recorded.

    ``static_argnums`` are the positions of arguments that ``f`` needs as plain Python objects, such
    as an index or a count. Another value of them records anew. ``xp`` is another array library with
    NumPy's functions, such as ``jax.numpy``.

    The result has ``source``, the program of the last call, and ``report()``, what compiling did.

    TypeError if ``f`` takes float() or int() of any Value, uses it in a function of ``math``, or
    reads the ``.data`` of an argument or of anything computed. ModuleNotFoundError without NumPy.
    The errors of operations are those of ``f``.
    """
    try:
        from .compiled_function import CompiledFunction
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise ModuleNotFoundError(
            "autograd.compile needs NumPy: pip install numpy (it is in chalkgrad[fast])",
            name="numpy",
        ) from None
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    if f is None:
        return lambda f: CompiledFunction(f, static, xp)
    if not callable(f):
        raise TypeError(f"autograd.compile takes a function, got {f!r:.80}")
    return CompiledFunction(f, static, xp)
