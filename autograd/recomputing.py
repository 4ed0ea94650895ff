"""A graph whose leaves were changed, brought up to date: `recompute`."""

from __future__ import annotations

from typing import Any

from .graph import computed_again
from .value import Value, topological_order


def recompute(y: Value) -> Value:
    """Compute all numbers of the graph of ``y`` again, in place, and return ``y``.

    A node keeps the number it was computed with. So a graph is out of date after ``x.data = 5`` or
    ``optimizer.step()``. This function replaces the ``data`` and the local gradients of every node
    with those that the same operations give for the present numbers of the leaves. Labels and
    gradients stay: for new gradients, call ``backward()`` again.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 5.0
    >>> y.data, recompute(y).data
    (9.0, 25.0)

    The same operations run again, not the program that called them. A branch that the program
    took, as in ``x if x > 0 else -x``, stays as it was.

    TypeError unless ``y`` is a Value. ValueError or ArithmeticError if an operation is out of its
    domain, RuntimeError for a result of `autograd.compile`: call that function again. After an
    error, and after Ctrl-C, all numbers are as before.
    """
    before: list[tuple[Value, float, Any]] = []
    try:
        for node in topological_order(y):
            if node.op is None or (now := computed_again(node)) is node:
                continue
            before.append((node, node.data, node.local_grads))
            node.data, node.local_grads = now.data, now.local_grads
    except BaseException:
        for node, data, local_grads in before:
            node.data, node.local_grads = data, local_grads
        raise
    return y
