"""A graph as data for the engine of a page: `graph_data`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..operation import TABLE, Operation
from ..value import Value
from .javascript import CannotPrintError


@dataclass(frozen=True)
class GraphData:
    """What ``engine.js`` takes: the nodes as JSON, and the operations that it needs printed."""

    graph: dict[str, Any]
    used: set[tuple[Operation, int]]


def graph_data(order: Sequence[Value]) -> GraphData:
    """Return the nodes of ``order``, which is topological, as data.

    CannotPrintError for a node whose operation is not in the table: a compiled function's.
    """
    place = {node: i for i, node in enumerate(order)}
    used: set[tuple[Operation, int]] = set()
    ops: list[str | None] = []
    for node in order:
        if node.op is None:
            ops.append(None)
            continue
        if TABLE.get(node.op.name) is not node.op:
            raise CannotPrintError(f"{node.op.name} is not in the table of operations")
        used.add((node.op, len(node.parents)))
        ops.append(f"{node.op.name}/{len(node.parents)}")
    graph = {
        "ops": ops,
        "parents": [[place[p] for p in node.parents] for node in order],
        "constants": [node.is_constant for node in order],
        "data": [json_number(node.data) for node in order],
    }
    return GraphData(graph, used)


def json_number(x: float) -> float | str:
    """Return a number as JSON has it: inf and nan become texts."""
    return x if math.isfinite(x) else repr(x)
