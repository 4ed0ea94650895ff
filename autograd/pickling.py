"""How a graph is pickled and copied: any depth, with sharing kept.

pickle and copy.deepcopy follow references by recursion, so that a chain of a million nodes would
recurse a million deep. Here the first node of a graph hands them all its ancestors before anything
else, parents before consumers. Every later reference then leads to a node that is already there.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from .value import Constant, Value, topological_order

_in_order: ContextVar[bool] = ContextVar("in_order", default=False)


class _Ancestors:
    """Stands for all nodes that ``root`` is computed from. It is pickled as their list."""

    def __init__(self, root: Value) -> None:
        self.root = root

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._in_order()

    def _in_order(self) -> Iterator[Value]:
        token = _in_order.set(True)
        try:
            yield from topological_order(self.root)[:-1]
        finally:
            _in_order.reset(token)


def reduce_node(node: Value) -> tuple[Any, ...]:
    first = None if _in_order.get() else _Ancestors(node)
    fields = (node.data, node.grad, node.parents, node.local_grads, node.op, node.label)
    return _restore, (first, type(node), *fields)


def _restore(_: Any, kind: type[Value], *fields: Any) -> Value:
    node = object.__new__(kind)
    node.data, node.grad, node.operands, node.local_grads, node.op, node.label = fields
    return node


def _reduce_constant(node: Constant) -> tuple[Any, ...]:
    """Return how to pickle a plain number: as short as what makes it."""
    is_new = type(node.data) is float and not (node.grad or node.parents)
    return (Constant, (node.data, node.label)) if is_new else reduce_node(node)


copyreg.pickle(Value, reduce_node)
copyreg.pickle(Constant, _reduce_constant)
