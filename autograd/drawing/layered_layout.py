"""Where boxes and edges go if there is no Graphviz: in layers, as Sugiyama, Tagawa and Toda (1981).

A node stands on the level that is its longest way to the root. An edge that passes a level has a
*bend* there, which takes room like a box, so that edges do not cross boxes. Sweeps over the levels
order the boxes by the mean place of their neighbors, and keep the order with the fewest crossings.
Then sweeps move each box as near to its neighbors as the others on its level allow.

Here ``u`` is the direction of the graph, from the leaves to the root, and ``v`` the one across.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..value import Value
from .layout import levels

LEVEL_GAP_POINTS, BOX_GAP_POINTS, BEND_GAP_POINTS = 46.0, 12.0, 7.0
ORDER_SWEEPS, PLACE_SWEEPS = 12, 17  # the last one goes towards the root
EXTRA_GAP, MAX_EXTRA_GAP_POINTS = 0.06, 60.0  # of the distance across that an edge goes
ARROW_POINTS = 7.0
MAX_PORT_GAP_POINTS = 9.0  # between the ends of two edges at one box
FIRM, LOOSE = 8.0, 0.01  # how much a bend, and a box without neighbors, resists a move

Point = tuple[float, float]
Edge = tuple[Value, Value, int]  # operand, consumer, and its place among the operands


@dataclass
class Item:
    """A box, or the bend of all edges from one box that pass a level."""

    level: int
    extent: float  # across, in points
    is_bend: bool = False


class Layers:
    """The boxes and bends of a graph on their levels, and the links between neighboring levels."""

    def __init__(self, extents: Mapping[Value, float], edges: Sequence[Edge]) -> None:
        nodes = list(extents)
        level = levels(nodes, edges)
        operands = Counter(node for _, node, _ in edges)
        self.items = [Item(level[node], extents[node]) for node in nodes]
        self.number = {node: i for i, node in enumerate(nodes)}
        self.chains: list[list[int]] = []  # of each edge: operand, bends, consumer
        self.links: dict[tuple[int, int], float] = {}  # operand side, consumer side: the port
        bends: dict[tuple[int, int], int] = {}
        for parent, node, i in edges:
            chain, start = [self.number[parent]], self.number[parent]
            for passed in range(level[parent] - 1, level[node], -1):
                if (start, passed) not in bends:
                    bends[start, passed] = len(self.items)
                    self.items.append(Item(passed, 0.0, is_bend=True))
                chain.append(bends[start, passed])
            chain.append(self.number[node])
            self.chains.append(chain)
            port = (i + 1) / (operands[node] + 1) - 0.5
            for a, b in pairwise(chain):
                self.links.setdefault((a, b), port if b == chain[-1] else 0.0)
        self.consumers: dict[int, list[int]] = defaultdict(list)
        self.operands: dict[int, list[int]] = defaultdict(list)
        for a, b in self.links:
            self.consumers[a].append(b)
            self.operands[b].append(a)
        self.rows: list[list[int]] = [[] for _ in range(max(item.level for item in self.items) + 1)]
        for i, item in enumerate(self.items):
            self.rows[item.level].append(i)

    def order(self) -> None:
        """Put each row in the order with the fewest crossings that the sweeps find."""
        self.sweep_order(towards_leaves=True)
        best, fewest = [row[:] for row in self.rows], self.crossings()
        for i in range(ORDER_SWEEPS):
            if not fewest:
                break
            self.sweep_order(towards_leaves=i % 2 == 1)
            if (crossings := self.crossings()) < fewest:
                best, fewest = [row[:] for row in self.rows], crossings
        self.rows = best

    def sweep_order(self, towards_leaves: bool) -> None:
        """Sort each row by the mean place of its neighbors on the row before."""
        rows = self.rows if towards_leaves else self.rows[::-1]
        at = {i: float(place) for place, i in enumerate(rows[0])}
        for row in rows[1:]:
            current = {i: float(place) for place, i in enumerate(row)}
            ideal = {i: self.mean(i, at, towards_leaves, current[i], port=0.9) for i in row}
            row.sort(key=ideal.__getitem__)
            at = {i: float(place) for place, i in enumerate(row)}

    def mean(
        self, i: int, at: Mapping[int, float], towards_leaves: bool, alone: float, port: float
    ) -> float:
        """Return the mean place of the neighbors of item i on one side, ``alone`` without any.

        A neighbor that is a consumer has its operands in order, ``port`` apart in all.
        """
        if towards_leaves:
            found = [at[c] + port * self.links[i, c] for c in self.consumers[i]]
        else:
            found = [at[p] for p in self.operands[i] if self.weight(p) > LOOSE]
            found = found or [at[p] for p in self.operands[i]]
        return sum(found) / len(found) if found else alone

    def crossings(self) -> int:
        """Return how often two links cross."""
        count = 0
        for row in self.rows[:-1]:
            above = {i: place for place, i in enumerate(row)}
            ends: list[int] = []
            for a in self.rows[self.items[row[0]].level + 1]:
                found = sorted(above[c] for c in self.consumers[a])
                count += sum(len(ends) - bisect_right(ends, end) for end in found)
                for end in found:
                    insort(ends, end)
        return count

    def places(self) -> list[float]:
        """Return the v of the center of each item."""
        at = [0.0] * len(self.items)
        for row in self.rows:
            self.settle(row, dict.fromkeys(row, 0.0), dict.fromkeys(row, 1.0), at)
        for sweep in range(PLACE_SWEEPS):
            towards_leaves = sweep % 2 == 1
            now = dict(enumerate(at))
            rows = self.rows if towards_leaves else self.rows[::-1]
            for row in rows[1:]:
                sides = self.consumers if towards_leaves else self.operands
                ideal = {i: self.mean(i, now, towards_leaves, now[i], port=24.0) for i in row}
                self.settle(row, ideal, {i: self.weight(i) if sides[i] else LOOSE for i in row}, at)
                now.update((i, at[i]) for i in row)
        return at

    def weight(self, i: int) -> float:
        """Return how much item i resists a move: a leaf of one consumer gives way to a chain."""
        if self.items[i].is_bend:
            return FIRM
        return LOOSE if not self.operands[i] and len(self.consumers[i]) == 1 else 1.0

    def settle(
        self,
        row: Sequence[int],
        ideal: Mapping[int, float],
        weight: Mapping[int, float],
        at: list[float],
    ) -> None:
        """Move the items of a row next to their ideals, in order and without an overlap.

        This is the least squares fit under an order: neighbors that would overlap become a block
        at their weighted mean (pool adjacent violators).
        """
        shift, previous = 0.0, None
        blocks: list[tuple[float, float, int]] = []  # sum of weights, mean, number of items
        shifts: list[float] = []
        for i in row:
            if previous is not None:
                shift += self.distance(previous, i)
            shifts.append(shift)
            previous = i
            total, mean, count = weight[i], ideal[i] - shift, 1
            while blocks and blocks[-1][1] > mean:
                above, higher, more = blocks.pop()
                mean = (total * mean + above * higher) / (total + above)
                total, count = total + above, count + more
            blocks.append((total, mean, count))
        means = [mean for _, mean, count in blocks for _ in range(count)]
        for i, mean, own in zip(row, means, shifts, strict=True):
            at[i] = mean + own

    def distance(self, a: int, b: int) -> float:
        """Return how far the centers of two neighbors on a level are apart at least."""
        one, other = self.items[a], self.items[b]
        gap = BEND_GAP_POINTS if one.is_bend or other.is_bend else BOX_GAP_POINTS
        return (one.extent + other.extent) / 2 + gap


def layered(
    sizes: Mapping[Value, tuple[float, float]], edges: Sequence[Edge], rankdir: str
) -> tuple[dict[Value, Point], list[list[Point]]]:
    """Return the center of each box, and the route of each edge, in points; y grows downwards.

    sizes: the width and height of each box, in topological order.

    A route has an even number of points. It is a line from the first to the second, a curve to the
    third, and so on in turn. It starts and ends in the direction of the graph.
    """
    along = {n: size[rankdir in ("TB", "BT")] for n, size in sizes.items()}
    across = {n: size[rankdir in ("LR", "RL")] for n, size in sizes.items()}
    layers = Layers(across, edges)
    layers.order()
    v = layers.places()
    columns = _columns(layers, list(along.values()), v)
    levels_of = [item.level for item in layers.items]
    middle = [sum(columns[level]) / 2 for level in levels_of]
    ports, routes = _ports(layers, v, across, edges), []
    for chain, (parent, node, _), port in zip(layers.chains, edges, ports, strict=True):
        first, last = chain[0], chain[-1]
        route = [
            (middle[first] + along[parent] / 2, v[first]),
            (columns[levels_of[first]][1], v[first]),
        ]
        for bend in chain[1:-1]:
            route += [(u, v[bend]) for u in columns[levels_of[bend]]]
        end = v[last] + port
        before = columns[levels_of[last]][0] - ARROW_POINTS
        routes.append([*route, (before, end), (middle[last] - along[node] / 2, end)])
    turn = _TURNS[rankdir]
    centers = {node: turn((middle[i], v[i])) for i, node in enumerate(sizes)}
    return centers, [[turn(point) for point in route] for route in routes]


_TURNS: dict[str, Callable[[Point], Point]] = {
    "LR": lambda p: p,
    "RL": lambda p: (-p[0], p[1]),
    "TB": lambda p: (p[1], p[0]),
    "BT": lambda p: (p[1], -p[0]),
}


def _columns(layers: Layers, along: Sequence[float], v: Sequence[float]) -> list[Point]:
    """Return where each level begins and ends. Steep edges get a wider gap before their level."""
    steepest = [0.0] * len(layers.rows)
    for a, b in layers.links:
        level = layers.items[b].level
        steepest[level] = max(steepest[level], abs(v[a] - v[b]))
    columns, begin = [], 0.0
    for level, row in enumerate(layers.rows):
        width = max((along[i] for i in row if i < len(along)), default=0.0)
        columns.append((begin - width, begin))
        gap = LEVEL_GAP_POINTS + min(MAX_EXTRA_GAP_POINTS, EXTRA_GAP * steepest[level])
        begin -= width + gap
    return columns


def _ports(
    layers: Layers, v: Sequence[float], across: Mapping[Value, float], edges: Sequence[Edge]
) -> list[float]:
    """Return how far from the middle of its consumer each edge ends, in the order of arrival."""
    ports = [0.0] * len(edges)
    into: dict[Value, list[int]] = defaultdict(list)
    for number, (_, node, _) in enumerate(edges):
        into[node].append(number)
    for node, numbers in into.items():
        numbers.sort(key=lambda n: (v[layers.chains[n][-2]], edges[n][2]))
        room = max(across[node] - 16, 0) / max(len(numbers) - 1, 1)
        gap = min(MAX_PORT_GAP_POINTS, room)
        for place, number in enumerate(numbers):
            ports[number] = gap * (place - (len(numbers) - 1) / 2)
    return ports
