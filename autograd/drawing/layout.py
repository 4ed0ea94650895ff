"""Where the boxes of a large graph go. Those of a small graph are placed by Graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import consumers, levels
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
    nodes = list(sizes)
    level = levels(nodes)
    if len(nodes) + sum(level[p] - level[node] for p, node, _ in edges) <= MAX_BOXES_AND_LEVELS:
        return {}
    across = rankdir in ("LR", "RL")
    width, height = map(max, zip(*sizes.values(), strict=True))
    step = (width if across else height) + LEVEL_GAP_POINTS
    pitch = (height if across else width) + BOX_GAP_POINTS
    at = _places_on_levels(nodes, level)
    sign = 1 if rankdir in ("RL", "TB") else -1  # Graphviz's y grows upwards
    if across:
        return {n: f"{sign * step * level[n]:.0f},{-at[n] * pitch:.0f}" for n in nodes}
    return {n: f"{at[n] * pitch:.0f},{sign * step * level[n]:.0f}" for n in nodes}


def _places_on_levels(nodes: Sequence[Value], level: dict[Value, int]) -> dict[Value, float]:
    """Return each node's place on its level, sorted by the mean place of its consumers."""
    used = consumers(nodes)
    columns: list[list[Value]] = [[] for _ in range(max(level.values()) + 1)]
    for node in nodes:
        columns[level[node]].append(node)
    at: dict[Value, float] = {}
    for column in columns:
        ideal = {n: sum(at[c] for c, _ in used[n]) / max(len(used[n]), 1) for n in column}
        for i, node in enumerate(sorted(column, key=lambda n: ideal[n])):
            at[node] = i - len(column) / 2
    return at
