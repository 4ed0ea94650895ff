"""The paths along which a derivative flows: counted, and listed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from ..value import Value

FanOut = dict[Value, list[tuple[Value, int]]]  # as `autograd.graph.consumers` returns it


class Path(NamedTuple):
    """One way from x to y: the names of its nodes and the local gradients along its edges."""

    nodes: tuple[str, ...]
    local_grads: tuple[float, ...]

    @property
    def value(self) -> float:
        return prod(self.local_grads)


def count_paths(order: Sequence[Value], x: Value, fan_out: FanOut) -> int:
    """Return how many paths lead from x to the last node of ``order``, without listing them."""
    count = {x: 0, order[-1]: 1}  # from each node
    for node in reversed(order[:-1]):
        count[node] = sum(count[consumer] for consumer, _ in _edges(node, fan_out))
    return count[x]


def list_paths(y: Value, x: Value, fan_out: FanOut, names: dict[Value, str]) -> Iterator[Path]:
    """Yield the paths from x to y one by one: depth first, without recursion."""
    path = [(x, 1.0)]
    branches = [_edges(x, fan_out)]
    while branches:
        edge = next(branches[-1], None)
        if edge is None:
            branches.pop()
            path.pop()
        elif edge[0] is y:
            nodes, local_grads = zip(*path, edge, strict=True)
            yield Path(tuple([names[node] for node in nodes]), local_grads[1:])
        else:
            path.append(edge)
            branches.append(_edges(edge[0], fan_out))


def _edges(node: Value, fan_out: FanOut) -> Iterator[tuple[Value, float]]:
    """Yield the consumers of ``node`` and their local gradients by it, without constants' None."""
    for consumer, i in fan_out.get(node, ()):
        if (local_grad := consumer.local_grads[i]) is not None:
            yield consumer, local_grad
