"""``W x + b`` as one function: the pre-activations of a whole layer of neurons.

The nodes are the ones that a `dot` for each neuron makes. Here the inputs are looked at once, not
once for each neuron.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from operator import mul
from typing import Any

from .operation import total
from .ops import dot
from .recording import current_recorder, keeps_values
from .value import Constant, Value

# both add from left to right; the builtin is faster, but from Python 3.12 on it rounds differently
_sum = sum if sys.version_info < (3, 12) else total


def affine(weights: Iterable[Any], xs: Iterable[Any], biases: Iterable[Any]) -> list[Any]:
    """Return the vector ``W x + b``: ``dot(ws, xs, b)`` for each row ``ws`` of the matrix W.

    ``weights`` has the rows, ``biases`` a bias for each row. They are plain numbers or Values, as
    for `dot`. The result is the same as dot by dot, and comes faster. ValueError if the lengths do
    not fit.

    >>> affine([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0], [0.5, 0.0])
    [12.5, 34.0]
    """
    rows, xs, biases = [tuple(ws) for ws in weights], tuple(xs), list(biases)
    if len(rows) != len(biases):
        given = f"got {len(biases)} biases and {len(rows)} rows"
        raise ValueError(f"affine needs one bias for each row of weights, {given}")
    kinds = set(map(type, xs))
    makes_graph = current_recorder() is None
    if not (makes_graph or keeps_values()) or kinds not in ({Value}, {Constant}):
        return [dot(ws, xs, b) for ws, b in zip(rows, biases, strict=True)]
    inputs = [x.data for x in xs]
    no_grads = [None] * len(xs) if kinds == {Constant} else []
    results = []
    for ws, b in zip(rows, biases, strict=True):
        kinds_of_row = [type(b), *map(type, ws)]
        if kinds_of_row.count(Value) == len(kinds_of_row) == 1 + len(xs):
            row = [w.data for w in ws]
            try:
                y = _sum(map(mul, row, inputs), b.data)
            except TypeError:  # data that a user set to no number: the error of dot names it
                y = dot(ws, xs, b).data
            if makes_graph:
                local_grads = (*inputs, *(no_grads or row), 1.0)
                results.append(Value.computed(dot, (*ws, *xs, b), y, local_grads))
            else:
                results.append(Value.computed(None, (), y, ()))
        else:
            results.append(dot(ws, xs, b))
    return results
