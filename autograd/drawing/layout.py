"""Where the boxes of a large graph go. Those of a small graph are placed by Graphviz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..value import Value

# Graphviz's time grows faster than the boxes and the levels that their edges pass: seconds at this
# many, a minute at 20,000, hours beyond. A larger graph is placed here, in a second.
MAX_BOXES_AND_LEVELS = 5_000
LEVEL_GAP_POINTS, BOX_GAP_POINTS = 60, 12


def places(
    sizes: dict[Value, tuple[int, int]], edges: Sequence[tuple[Value, Value, int]], rankdir: str
) -> dict[Value, str]:
    """Return the place of each box in points, "x,y". Empty if Graphviz can place the boxes itself.

    sizes: the width and height of each box in points, in topological order.

    Boxes stand by level, the root on the last level, each near its consumers. One pass of the
    barycenter method (Sugiyama, Tagawa and Toda 1981) decides the order on a level.
    """
    if not is_large(list(sizes), edges):
        return {}
    # Graphviz's y grows upwards
    return {n: f"{x:.0f},{-y:.0f}" for n, (x, y) in far_apart(sizes, edges, rankdir).items()}


def levels(nodes: Sequence[Value], edges: Sequence[tuple[Value, Value, int]]) -> dict[Value, int]:
    """Return the longest way from each box to the root, in edges. ``nodes`` are topological."""
    level = dict.fromkeys(nodes, 0)
    operands: dict[Value, list[Value]] = {node: [] for node in nodes}
    for operand, node, _ in edges:
        operands[node].append(operand)
    for node in reversed(nodes):
        for operand in operands[node]:
            level[operand] = max(level[operand], level[node] + 1)
    return level


def is_large(nodes: Sequence[Value], edges: Sequence[tuple[Value, Value, int]]) -> bool:
    """Return whether the boxes and the levels that edges pass are more than Graphviz places."""
    level = levels(nodes, edges)
    passed = sum(level[parent] - level[node] for parent, node, _ in edges)
    return len(nodes) + passed > MAX_BOXES_AND_LEVELS


def far_apart(
    sizes: Mapping[Value, tuple[float, float]],
    edges: Sequence[tuple[Value, Value, int]],
    rankdir: str,
) -> dict[Value, tuple[float, float]]:
    """Return the center of each box on its level, in points; y grows downwards."""
    nodes = list(sizes)
    level = levels(nodes, edges)
    across = rankdir in ("LR", "RL")
    width, height = map(max, zip(*sizes.values(), strict=True))
    step = (width if across else height) + LEVEL_GAP_POINTS
    pitch = (height if across else width) + BOX_GAP_POINTS
    at = _places_on_levels(nodes, level, edges)
    sign = 1 if rankdir in ("RL", "BT") else -1
    if across:
        return {n: (sign * step * level[n], at[n] * pitch) for n in nodes}
    return {n: (at[n] * pitch, sign * step * level[n]) for n in nodes}


def _places_on_levels(
    nodes: Sequence[Value],
    level: dict[Value, int],
    edges: Sequence[tuple[Value, Value, int]],
) -> dict[Value, float]:
    """Return each node's place on its level, sorted by the mean place of its consumers."""
    used: dict[Value, list[Value]] = {node: [] for node in nodes}
    for operand, node, _ in edges:
        used[operand].append(node)
    columns: list[list[Value]] = [[] for _ in range(max(level.values()) + 1)]
    for node in nodes:
        columns[level[node]].append(node)
    at: dict[Value, float] = {}
    for column in columns:
        ideal = {n: sum(at[c] for c in used[n]) / max(len(used[n]), 1) for n in column}
        for i, node in enumerate(sorted(column, key=lambda n: ideal[n])):
            at[node] = i - len(column) / 2
    return at
