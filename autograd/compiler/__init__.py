"""`compile`: plain scalar code at the speed of array code.

A call goes through `compiled_function`, which looks like the original, `arguments`, which tells
calls apart, and `recordings`, which finds the *path* of the call: one structure of arguments, one
outcome of all comparisons. The `path` gathers its `inputs`, runs its `program`, and makes the
result, a `compiled_value`.

A new path goes through the stages, each in a file of its own: record, loops_to_rows, simplify,
differentiate, schedule, matrices and print_numpy. `pipeline` puts them in a row. `traced` is what a
function meets while it is recorded, `tape` is what is kept of it, and `repetition` finds where it
repeats. `random_numbers` notices a function that draws some. `rounding` finds which comparisons a
program must leave to eager code, `account` whether compiling pays. `backend` chooses what runs a
program: NumPy, or a `native_program`, which `print_llvm` writes with `llvm_arrays`, `row_sizes` and
`llvm_code`, `machine_code` makes, and `leaf_slots` and `vector_math` serve. `native_steps` trains
in machine code, with a loop over batches that `print_steps` writes. `jax_function` has `to_jax`,
whose last stage is `print_jax`. Nothing is imported before a function is compiled, so autograd
itself does not need NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from .compiled_function import CompiledFunction


@overload
def compile(
    f: Callable[..., Any],
    *,
    static_argnums: int | Sequence[int] = (),
    xp: Any = None,
    backend: str | None = None,
) -> CompiledFunction: ...
@overload
def compile(
    f: None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    xp: Any = None,
    backend: str | None = None,
) -> Callable[[Callable[..., Any]], CompiledFunction]: ...
def compile(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    xp: Any = None,
    backend: str | None = None,
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
    differently. `where` and `take` choose without a comparison. What `vmap` does for each row is
    recorded once. A list that only `vmap` reads may have another length at each call.

    >>> from autograd import take, vmap, where
    >>> table = [w, b]
    >>> @autograd.compile
    ... def fit(xs, words):
    ...     errors = vmap(lambda x, i: where(x > 0, x, 0.1 * x) - take(table, i))(xs, words)
    ...     return autograd.mean([e * e for e in errors])
    >>> fit([4.0, -10.0], [0, 1]).data, fit([3.0], [1]).data
    (4.0, 4.0)

    **A compiled function means what ``f`` means.** Only the order in which the products of a sum
    are added may change, as it does in matrix libraries. A plain number is added and multiplied
    where it was written: ``x / 10`` stays a division, ``(x + 1e16) - 1e16`` is not x, and constants
    are not folded. A comparison has the outcome of eager code. If the rounding of a sum could turn
    it, eager code runs for that call. In derivatives constants are folded. ``x.data``, read inside
    ``f``, is the number that x has at the call, of derivative 0, as `stop_gradient` gives it.

    **Plain numbers from the surrounding code are constants**, and so are attributes of objects.
    They stay what they were when ``f`` was recorded. Pass what changes as an argument. Likewise
    ``f`` keeps the Values that it met when it was recorded: change their ``data``, do not replace
    them. A Value that ``f`` makes is new at each call, so make parameters outside. If ``f`` does
    more than compute (append, count), it does this only when recorded.

    **What cannot be noticed:** ``type(x) is float`` is false for a number that ``f`` is given or
    reads: use ``isinstance``. ``(x > 0) is True`` is false too: use the comparison itself.
    ``x is w`` is false for an argument x and a Value w from outside, also if w is given.
    ``repr(x)`` shows no number, since it is for debuggers. NumPy's numbers of any type, such as
    float32 or bool, count as Python's. An operation whose result nothing uses is not computed, so
    it raises no error.

    ``static_argnums`` are the positions of arguments that ``f`` needs as plain Python objects, such
    as a count. Another one records anew. So does another object among the arguments, and a bool
    that is an argument by itself. ``xp`` is another array library with NumPy's functions, such as
    ``jax.numpy``.

    ``backend`` is what runs the program: "llvm", machine code, or "numpy". None, the default, takes
    machine code where llvmlite is installed: pip install "chalkgrad[native]". Then a program runs
    with NumPy first, and becomes machine code after 100 calls, since making it takes longer than
    a few calls. "llvm" makes it at the first call. Results differ in rounding alone. Machine code
    of `vmap` serves any number of rows. Very long programs and large matrix products stay with
    NumPy: `report` says so. Machine code is kept in the folder chalkgrad of the platform's folder
    for caches, so the next process only reads it. The environment variable CHALKGRAD_CACHE names
    another folder, or 0 for none.

    The result has ``source``, the program of the last call, and ``report()``, what compiling did
    and cost. A function runs as it is for a call in which it catches an error, draws random
    numbers, is given a Value of a class made from Value, or needs ints beyond 2**53. So does one
    whose recordings cost more time than they save. A warning says why.

    TypeError if ``f`` needs a number itself: float(), int() or str() of any Value, ``print``, a
    format, a function of ``math``. TypeError if ``f`` sets ``data`` or ``grad``, changes a list
    that it was given, or returns a set or a generator. ModuleNotFoundError without NumPy, or
    for "llvm" without llvmlite. ValueError for another backend, or "llvm" with ``xp``. The errors
    of operations are those of ``f``.
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
    if f is None:
        return lambda f: CompiledFunction(f, static_argnums, xp, backend)
    if not callable(f):
        raise TypeError(f"autograd.compile takes a function, got {f!r:.80}")
    return CompiledFunction(f, static_argnums, xp, backend)
