"""`compile`: plain scalar code at the speed of array code; `program` puts its stages in a row.

Nothing here is imported before a function is compiled, so that autograd itself needs no NumPy.
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
    """``f``, a function of scalar code, as a function of the same meaning that runs as array code.

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
    Values from outside, a model's parameters: each call reads their ``data`` as it is then. The
    result has the structure of that of ``f`` and is made of Values, ordinary nodes whose parents
    are those Values: call ``backward()``, compute on. Under `no_grad` only the values are computed.

    The first call runs ``f`` once to record it, as does a call with arguments of another structure
    (lengths, shapes) and one that compares otherwise (``if x > 0``, ``max``, ``sorted``).

    **Plain numbers that f takes from the surrounding code are constants**: what they were when
    ``f`` was recorded, they are for good. Pass what changes as an argument. The ``.data`` of a
    parameter, read inside ``f``, is such a number: write ``w > 0``, not ``w.data > 0``, and
    ``abs(w)``, not ``abs(w.data)``. Likewise the Values are those that ``f`` met then: change their
    ``data``, do not put others in their place. What ``f`` does besides computing (print, append) it
    does when it is recorded, not at every call.

    ``static_argnums`` names the positions of arguments that ``f`` needs as plain Python objects, as
    an index or a count; another value records anew. ``xp`` is another array library with NumPy's
    functions, ``jax.numpy`` say.

    Attributes of the result: ``source``, the program of the last call, to read; ``report()``, what
    compiling did. TypeError where ``f`` takes the number out of any Value by ``float()``, ``int()``
    or ``math``, or by ``.data`` out of an argument or anything that is computed.
    ModuleNotFoundError without NumPy. Errors of the operations are those of ``f``.
    """
    try:
        from .compiled_function import CompiledFunction
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise ModuleNotFoundError(
            "autograd.compile needs NumPy: pip install numpy", name="numpy"
        ) from None
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    if f is None:
        return lambda f: CompiledFunction(f, static, xp)
    if not callable(f):
        raise TypeError(f"autograd.compile takes a function, got {f!r:.80}")
    return CompiledFunction(f, static, xp)
