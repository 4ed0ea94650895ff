"""Where does it break? `find_nonfinite` names the operation that first gives inf or nan."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..explaining.formulas import formulas
from ..graph import consumers
from ..value import Value, derivatives, topological_order


class NonFinite(NamedTuple):
    """The node where a value or derivative first is not finite, and what is wrong with it."""

    node: Value
    problem: str

    def __repr__(self) -> str:
        return self.problem


def find_nonfinite(y: Value) -> NonFinite | None:
    """Return where the first infinite or nan number comes from. None if all numbers are finite.

    It is the first node, in order of evaluation, whose value is not finite while its operands are.
    If all values are finite, it is the first node, going backward, by whose local gradient (or by
    summing over whose consumers) the derivative of ``y`` stops being finite.

    >>> x = Value(0.0, "x")
    >>> find_nonfinite(x.sqrt() + 1)
    sqrt(x): derivative inf by operand 1 of [0.0], times adjoint 1.0
    """
    if not isinstance(y, Value):
        raise TypeError(f"find_nonfinite needs a Value, got {y!r:.80}")
    order = topological_order(y)
    for node in order:
        if not math.isfinite(node.data):
            return NonFinite(node, f"{_described(node)}: value {node.data}{_operands(node)}")
    derivative, uses = derivatives(y), consumers(order)
    broken = [node for node in order if not math.isfinite(derivative[node])]
    if not broken:
        return None
    node = broken[-1]
    for consumer, i in uses[node]:
        local, adjoint = consumer.local_grads[i], derivative[consumer]
        if local is not None and not math.isfinite(local * adjoint):
            which = f"derivative {local} by operand {i + 1}{_operands(consumer)}"
            return NonFinite(consumer, f"{_described(consumer)}: {which}, times adjoint {adjoint}")
    total = f"adjoint {derivative[node]}, the sum over {len(uses[node])} uses"
    return NonFinite(node, f"{_described(node)}: {total}")


def _described(node: Value) -> str:
    leaves = [p for p in node.parents if not p.parents]
    text = formulas([*leaves, node])[node] if node.op else "leaf"
    return f"{text} (node {node.label!r})" if node.label else text


def _operands(node: Value) -> str:
    shown = ", ".join([repr(p.data) for p in node.parents[:8]])
    return f" of [{shown}{', ...' * (len(node.parents) > 8)}]" if node.parents else ""
