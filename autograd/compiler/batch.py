"""A batch is an axis: expressions with one value per row, and operations over all rows.

What is computed for one row of a batch is recorded once. An expression that depends on the row has
an `Axis`: one value for each row. An expression that does not, such as a parameter, has none. It is
computed once and meets all rows. So the work of compiling does not depend on the number of rows,
which is free until the program runs.

`Over` operations lead from rows to one value. One is the sum over rows, another the ``dot`` over
rows, a sum of products over terms and rows. The adjoint of a parameter is such a ``dot``: of local
gradients and adjoints over its consumers and all rows. `autograd.compiler.matrices` makes
``dZ.T @ X`` of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import ops
from ..operation import Operation


class Axis:
    """The rows of one batch."""

    def __init__(self, is_free: bool = True) -> None:
        self.is_free = is_free  # whether each call brings as many rows as it likes
        self._over: dict[Operation, Over] = {}

    def over(self, op: Operation) -> Over:
        """Return ``op`` over all rows: `sum`, `dot`, `maximum` or `minimum`."""
        if op not in self._over:
            self._over[op] = Over(op, self)
        return self._over[op]


class Over(Operation):
    """An operation over all rows of a batch. ``dot`` is of pairs, the others are of one operand."""

    def __init__(self, op: Operation, axis: Axis) -> None:
        self.op, self.axis = op, axis
        self.name = self.symbol = self.__name__ = f"{op.name} over rows"
        self.constant_rules = None

    def local_grads(self, y: Any, xs: Sequence[Any], varies: Sequence[bool] | None = None) -> Any:
        """Return the local gradients: of each operand, for each row."""
        if not hasattr(y, "graph"):  # a node of the recording, where the edges know no rows
            raise TypeError(
                "inside a compiled function, what vmap gave before can be differentiated only by "
                "a derivative of a function that calls vmap itself: autograd.grad(f)"
            )
        if self.op is ops.dot:
            n = len(xs) // 2
            return (*xs[n:], *xs[:n])
        if self.op is ops.sum:
            return (1.0,)
        chosen = ops.equal(xs[0], y)
        return (chosen / y.graph.unique(self.axis.over(ops.sum), (chosen,)),)


class EachRow(NamedTuple):
    """The local gradient along an edge from rows to something that all rows share."""

    axis: Axis
    local_grad: Any
