"""The layout without Graphviz: levels, no overlap, edges beside boxes, few crossings."""

import math
import re
import time
from collections.abc import Callable
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings

import autograd
import nn
from autograd import Value, tanh, topological_order
from autograd.drawing.layered_layout import Layers, Point, layered
from autograd.drawing.svg_writer import width_of

from ...support.random_graphs import Program, programs

SIZE = (90.0, 60.0)


def edges_of(root: Value) -> list[tuple[Value, Value, int]]:
    return [(p, n, i) for n in topological_order(root) for i, p in enumerate(n.parents)]


def laid_out(root: Value, rankdir: str = "LR") -> tuple[dict[Value, Point], list[list[Point]]]:
    return layered(dict.fromkeys(topological_order(root), SIZE), edges_of(root), rankdir)


def neuron() -> Value:
    output = nn.Neuron(3, rng=0)([Value(1.0), Value(2.0), Value(3.0)])
    return output


def network() -> Value:
    output = nn.MLP(2, [4, 4, 1], rng=0)([1.0, 2.0])
    assert isinstance(output, Value)
    return output


def skipping() -> Value:
    """Return a graph whose edges pass levels and whose leaves are used on several levels."""
    a, b = Value(2.0), Value(-1.0)
    c, d = a * b, a + b
    e = c * d + a
    return (e * e - c).tanh() * b + a * a


def on_curve(route: list[Point]) -> list[Point]:
    """Return points along a route: its lines, and the curves between them."""
    found = []
    for i, (a, b) in enumerate(pairwise(route)):
        flat = abs(route[0][1] - route[1][1]) < 1e-9 and route[0][0] != route[1][0]
        for step in range(21):
            t = step / 20
            if i % 2 == 0:
                found.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
                continue
            along, across = (0, 1) if flat else (1, 0)
            ends = (a[along] + b[along]) / 2
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            point = [0.0, 0.0]
            point[along] = (
                weights[0] * a[along] + (weights[1] + weights[2]) * ends + weights[3] * b[along]
            )
            point[across] = (weights[0] + weights[1]) * a[across] + (weights[2] + weights[3]) * b[
                across
            ]
            found.append((point[0], point[1]))
    return found


def inside(point: Point, center: Point) -> bool:
    return all(abs(point[i] - center[i]) < SIZE[i] / 2 - 1 for i in (0, 1))


def assert_readable(root: Value, rankdir: str) -> None:
    centers, routes = laid_out(root, rankdir)
    for one, other in combinations(centers.values(), 2):
        assert any(abs(one[i] - other[i]) >= SIZE[i] for i in (0, 1)), "boxes overlap"
    axis, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[rankdir]
    for (parent, node, _), route in zip(edges_of(root), routes, strict=True):
        assert len(route) % 2 == 0
        assert sign * centers[node][axis] >= sign * centers[parent][axis] + SIZE[axis] + 40
        ends = (
            centers[parent][axis] + sign * SIZE[axis] / 2,
            centers[node][axis] - sign * SIZE[axis] / 2,
        )
        assert (route[0][axis], route[-1][axis]) == pytest.approx(ends)
        assert abs(route[-1][1 - axis] - centers[node][1 - axis]) <= SIZE[1 - axis] / 2 - 8 + 1e-9
        assert abs(route[-1][axis] - route[-2][axis]) >= 7.0 - 1e-9  # room for the arrow
        for point in on_curve(route):
            assert not any(inside(point, center) for center in centers.values()), "crosses a box"


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
@pytest.mark.parametrize("graph", [neuron, network, skipping, lambda: Value(1.0) + 1])
def test_boxes_do_not_overlap_and_no_edge_crosses_a_box(
    graph: Callable[[], Value], rankdir: str
) -> None:
    assert_readable(graph(), rankdir)


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_random_graphs_are_readable(count: int) -> None:
    @given(programs())
    @settings(derandomize=True, deadline=None, max_examples=count)
    def run(program: Program) -> None:
        root = program(*[Value(x) for x in program.point])
        if isinstance(root, Value) and root.parents:
            assert_readable(root, "LR")

    run()


def test_a_graph_of_one_box_and_repeated_operands() -> None:
    x = Value(2.0)
    assert laid_out(x) == ({x: (-45.0, 0.0)}, [])
    _, (first, second) = laid_out(x + x)
    assert first[0] == second[0]
    assert second[-1][1] - first[-1][1] == pytest.approx(9.0)  # each has an end of its own


def test_a_tree_has_no_crossings_and_its_operands_are_in_order() -> None:
    leaves = [Value(float(i)) for i in range(8)]
    row = leaves
    while len(row) > 1:
        row = [a * b for a, b in zip(row[::2], row[1::2], strict=True)]
    centers, _ = laid_out(row[0])
    at = [centers[leaf][1] for leaf in leaves]
    assert at == sorted(at)
    for node in topological_order(row[0]):
        if node.parents:
            middle = sum(centers[p][1] for p in node.parents) / 2
            assert abs(centers[node][1] - middle) < 15


def crossings(root: Value) -> int:
    layers = Layers(dict.fromkeys(topological_order(root), 60.0), edges_of(root))
    layers.order()
    return layers.crossings()


def test_sweeps_remove_crossings() -> None:
    xs = [Value(float(i)) for i in range(6)]
    hidden = [tanh(x) for x in xs]
    assert crossings(autograd.sum([h * 2 for h in hidden[::-1]])) == 0
    assert crossings(autograd.sum([hidden[i] for i in (3, 0, 5, 1, 4, 2)])) == 0
    a, b, c, d = (Value(float(i)) for i in range(4))
    assert crossings((a * b) + (c * d) + (a * d)) <= 2  # at least 1: its bends are tied to levels


def test_a_crossing_is_counted_once_for_each_pair_of_links() -> None:
    a, b = Value(1.0), Value(2.0)
    root = (a + b) * (b - a)  # K2,2 has one crossing in any order
    assert crossings(root) == 1


def test_the_same_graph_is_laid_out_in_the_same_way() -> None:
    one, other = laid_out(network()), laid_out(network())
    assert list(one[0].values()) == list(other[0].values())
    assert one[1] == other[1]


def test_two_hundred_boxes_take_less_than_two_seconds() -> None:
    root = autograd.sum([nn.MLP(2, [6, 6, 1], rng=i)([1.0, 2.0]) for i in range(2)])
    assert 180 < len(topological_order(root)) < 260
    start = time.process_time()
    laid_out(root)
    assert time.process_time() - start < 2


def test_characters_that_take_two_cells_count_twice() -> None:
    assert width_of("ab") == pytest.approx(14.4)
    assert width_of("\u4e2d\N{GRINNING FACE}") == pytest.approx(28.8)


def test_labels_and_numbers_lie_inside_their_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: False)
    x = Value(-123456.789, "a label of 24 characters")
    y = x * Value(2.0, "\u4e2d\u6587\u4e2d\u6587\u4e2d\u6587")
    y.backward()
    svg = autograd.to_svg(y, number_format=".12g")
    groups = re.findall(r'<g id="n\d+".*?</g>', svg, re.S)
    assert len(groups) == 3
    for group in groups:
        outline = re.search(r'<(?:path|polygon) fill[^>]*(?:points|d)="([^"]*)"', group)
        assert outline is not None
        corners = [float(x) for x in re.findall(r"[ MQ]?(-?[\d.]+),", outline[1])]
        for start, text in re.findall(r'<text[^>]* x="(-?[\d.]+)"[^>]*>([^<]*)<', group):
            assert min(corners) + 5 < float(start)
            assert float(start) + width_of(text) < max(corners) - 5


def points(text: str) -> list[Point]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("make", [neuron, network, skipping])
def test_an_arrow_stands_at_the_end_of_its_edge_in_its_direction(
    make: Callable[[], Value], rankdir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: False)
    svg = autograd.to_svg(make(), rankdir=rankdir, level="nodes")
    edge = r'class="edge">\n<path [^>]* d="([^"]*)"/>\n<polygon [^>]*points="([^"]*)"'
    edges = re.findall(edge, svg)
    assert edges
    for line, arrow in edges:
        *_, before, end = points(line)
        side, tip, other, again = points(arrow)
        assert (tip, again) == (end, side)
        middle = [(a + b) / 2 for a, b in zip(side, other, strict=True)]
        along = sum((t - m) * (e - b) for t, m, e, b in zip(tip, middle, end, before, strict=True))
        assert along == pytest.approx(6 * math.dist(end, before), rel=0.05, abs=1.0)
