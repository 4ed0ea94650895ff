"""`vmap`: one function for each row of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..recording import Recorder, current_recorder


def vmap(f: Callable[..., Any], in_axes: Any = 0) -> Callable[..., Any]:
    """Return a function that computes ``f`` for each row of its arguments: a list of results.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> [y.data for y in vmap(lambda x: w * x)([1.0, 2.0, 3.0])]
    [2.0, 4.0, 6.0]

    The rows of an argument are its elements, as in a list of points or a NumPy array of shape
    (rows, features). ``in_axes`` is 0 for an argument whose rows are taken one by one. It is None
    for an argument that each call gets whole. A tuple has one of these for each argument.

    >>> vmap(lambda x, scale: scale * x, in_axes=(0, None))([1.0, 2.0], 10.0)
    [10.0, 20.0]

    Inside a function that `autograd.compile` records, ``f`` runs once for all rows, if the rows are
    plain numbers or results of another ``vmap``, and all of them take the same branches. Compiling
    then takes the same time for any number of rows. Such results feed `sum`, `mean`, `dot`,
    `maximum`, `minimum` or another ``vmap``. To use them in another way, as a list, is right too,
    but ``f`` is then recorded for each row. What ``f`` does besides computing (append, count)
    happens when it is recorded: once, and not for each row.

    The name and the arguments are those of JAX. TypeError if an argument has no rows. ValueError if
    arguments differ in the number of their rows, or no argument has rows to take.
    """
    if not callable(f):
        raise TypeError(f"vmap takes a function, got {f!r:.80}")

    def of(*args: Any) -> Any:
        takes_rows = _takes_rows(in_axes, len(args))
        recorder = current_recorder() or Recorder()
        return recorder.map_rows(f, args, takes_rows)

    return of


def _takes_rows(in_axes: Any, count: int) -> list[bool]:
    """Return for each of ``count`` arguments whether its rows are taken one by one."""
    axes = list(in_axes) if isinstance(in_axes, Sequence) else [in_axes] * count
    if any(axis not in (0, None) for axis in axes):
        raise ValueError(f"vmap: in_axes are 0 or None for each argument, got {in_axes!r:.80}")
    if len(axes) != count:
        raise ValueError(f"vmap: in_axes has {len(axes)} entries for {count} arguments")
    if 0 not in axes:
        raise ValueError("vmap: no argument has rows to take; use in_axes=0 for at least one")
    return [axis == 0 for axis in axes]
