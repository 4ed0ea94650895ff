"""The terms of a derivative: what flows back into a node from each use of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..value import Value
from .formulas import computed


class Term(NamedTuple):
    """What flows back into x from one use of it: ``adjoint * local_grad``."""

    consumer: str  # its name
    computed: str  # how it is computed
    operand: int  # as which operand of the consumer x is used, from 1
    adjoint: float  # the derivative of y by the consumer
    local_grad: float  # the derivative of the consumer by this operand

    @property
    def value(self) -> float:
        return self.adjoint * self.local_grad


def terms_of(
    uses: Sequence[tuple[Value, int]], derivative: dict[Value, float], names: dict[Value, str]
) -> list[Term]:
    """Return a term for each of the ``uses``: a consumer and the place among its operands."""
    return [
        Term(names[node], computed(node, names), i + 1, derivative[node], local_grad)
        for node, i in uses
        if (local_grad := node.local_grads[i]) is not None
    ]
