"""A leaf with consumers far from each other is drawn again beside each of them."""

from __future__ import annotations

import re

import pytest

from autograd import Value, draw_dot, to_svg, topological_order
from autograd.drawing.picture import svg_of_named
from autograd.explaining.node_names import names

from ...support.graphviz import HAS_DOT, needs_dot
from ...support.networks import NETWORKS, small_mlp, tanh_chain

COPY = re.compile(r'<g id="(n\d+c\d+)" class="node copy">(.*?)</g>', re.S)


@pytest.fixture(params=["Graphviz", "without Graphviz"])
def drawn(request, monkeypatch):
    """A function that draws a graph as a page does."""
    if request.param == "Graphviz" and not HAS_DOT:
        pytest.skip("needs Graphviz")
    if request.param != "Graphviz":
        monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: False)

    def draw(root, **options):
        return svg_of_named(root, names(topological_order(root)), max_nodes=None, **options)

    return draw


def test_each_consumer_but_the_first_has_its_own_copy(drawn):
    root = tanh_chain(8)
    order = topological_order(root)
    w = next(i for i, node in enumerate(order) if node.label == "w")
    products = [i for i, node in enumerate(order) if node.op and node.op.symbol == "*"]
    svg = drawn(root, level="nodes")
    copies = dict(COPY.findall(svg))
    assert list(copies) == [f"n{w}c{product}" for product in products[1:]]
    for box in copies.values():
        assert re.findall(r"<text.*?>(.*?)</text>", box) == ["w", "0.9"]
        assert re.findall(r'class="data" data-node="(.*?)"', box) == [f"n{w}"]
        assert "grad" not in re.sub(r"<title>.*?</title>", "", box, flags=re.S)
    assert len(re.findall(rf'<g id="n{w}" class="node leaf"', svg)) == 1
    edges = re.findall(r'<g id="(e\d+_\d+)"', svg)
    assert sorted(edges) == sorted(
        f"e{i}_{k}" for i, n in enumerate(order) for k in range(len(n.parents))
    )


def test_a_chain_of_60_is_not_higher_than_a_screen(drawn):
    svg = drawn(tanh_chain(60), level="nodes")
    points = re.search(r'height="([\d.]+)pt"', svg)
    assert points is not None
    assert float(points[1]) * 4 / 3 < 700  # pixels


def test_a_constant_used_far_apart_is_repeated_by_its_number(drawn):
    x, half = Value(2.0, "x"), Value(0.5)
    root = x
    for _ in range(6):
        root = (root * half).sin()
    texts = [re.findall(r"<text.*?>(.*?)</text>", box) for _, box in COPY.findall(drawn(root))]
    assert len(texts) == 5
    assert all(text[-1] == "0.5" and text[0] for text in texts)


def test_consumers_beside_each_other_share_one_box(drawn):
    x = Value(2.0, "x")
    beside = sum((x * i for i in range(1, 7)), Value(0.0))
    assert COPY.findall(drawn(x * 2 + x * 3 + x * 4)) == []
    assert len(COPY.findall(drawn(beside))) <= 6
    assert COPY.findall(drawn(small_mlp(), level="network")) == []


@needs_dot
@pytest.mark.parametrize("name", NETWORKS)
def test_drawings_have_the_copies_that_pages_have(name):
    root = NETWORKS[name]()
    on_page = svg_of_named(root, names(topological_order(root)), level="nodes", max_nodes=60)
    drawing, svg = (
        draw_dot(root, level="nodes", max_nodes=60),
        to_svg(root, level="nodes", max_nodes=60),
    )
    copies = [box for box, _ in COPY.findall(svg)]
    assert copies == [box for box, _ in COPY.findall(on_page)]
    assert all(f"\t{box} [label=" in drawing.source for box in copies)
    assert bool(copies) == (name in ("tanh chain of 60", "a line over 20 samples"))
