"""Find the first infinite or nan number: `find_nonfinite` names the operation that gives it."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..domain_errors import MAX_SHOWN_OPERANDS
from ..explaining.formulas import formulas
from ..graph import consumers
from ..value import Value, derivatives, topological_order


class NonFinite(NamedTuple):
    """The node where a value or a derivative is first not finite, and the problem in words."""

    node: Value
    problem: str

    def __repr__(self) -> str:
        return self.problem


def find_nonfinite(y: Value) -> NonFinite | None:
    """Return where the first infinite or nan number comes from, None if there is none.

    This is the first node, in order of evaluation, whose value is not finite. If all values are
    finite, it is a node of the backward pass: the first one whose local gradient makes a derivative
    infinite or nan, or the first one at which a sum of finite derivatives overflows.

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
    derivative, fan_out = derivatives(y), consumers(order)
    broken = [node for node in order if not math.isfinite(derivative[node])]
    if not broken:
        return None
    node = broken[-1]
    for consumer, i in fan_out[node]:
        local, adjoint = consumer.local_grads[i], derivative[consumer]
        if local is not None and not math.isfinite(local * adjoint):
            which = f"derivative {local} by operand {i + 1}{_operands(consumer)}"
            problem = f"{_described(consumer)}: {which}, times adjoint {adjoint}"
            return NonFinite(consumer, problem)
    total = f"adjoint {derivative[node]}, the sum over {len(fan_out[node])} uses"
    return NonFinite(node, f"{_described(node)}: {total}")


def _described(node: Value) -> str:
    """Return the formula of ``node`` down to its operands, and its label."""
    leaves = [p for p in node.parents if not p.parents]
    text = formulas([*leaves, node])[node] if node.op else "leaf"
    return f"{text} (node {node.label!r})" if node.label else text


def _operands(node: Value) -> str:
    shown = [repr(p.data) for p in node.parents[:MAX_SHOWN_OPERANDS]]
    shown += ["..."] * (len(node.parents) > MAX_SHOWN_OPERANDS)
    return f" of [{', '.join(shown)}]" if shown else ""
