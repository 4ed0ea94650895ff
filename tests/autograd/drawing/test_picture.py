"""Pictures: what DOT and SVG hold, by whichever Graphviz there is, and without any."""

import base64
import html
import importlib.util
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from typing import Any

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    Value,
    draw_dot,
    explain,
    gradcheck,
    steps,
    to_svg,
    topological_order,
)
from autograd.drawing.rendering import render
from autograd.explaining.notation import MAX_NAME_CHARACTERS, number, shorten
from autograd.graph import distances, expanded

from ...support.graphs import product_of_sum as example
from ...support.graphviz import HAS_DOT, HAS_PYGRAPHVIZ, needs_dot, needs_graphviz
from ...support.random_graphs import Program, programs

HAS = {"dot": HAS_DOT, "pygraphviz": HAS_PYGRAPHVIZ, "neither": True}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=["dot", pytest.param("pygraphviz", marks=pytest.mark.slow), "neither"])
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each Graphviz there is, and it alone. Then neither."""
    if not HAS[request.param]:
        pytest.skip(f"{request.param} is not here")
    only(request.param, monkeypatch)
    return request.param


def only(present: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide dot, pygraphviz or both."""
    if "dot" not in present:
        monkeypatch.setenv("PATH", "")
    if "pygraphviz" not in present:
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda n: None if n == "pygraphviz" else found(n)
        )


class Picture:
    """An SVG, taken apart."""

    def __init__(self, svg: str) -> None:
        self.root = ET.fromstring(svg)
        self.groups = {g.get("id", ""): g for g in self.root.iter(SVG + "g")}
        self.nodes = [g for g in self.groups.values() if "node" in g.get("class", "").split()]
        self.edges = [i for i, g in self.groups.items() if g.get("class") == "edge"]

    def texts(self, group: str, role: str | None = None) -> list[str]:
        found = self.groups[group].iter(SVG + "text")
        return [
            (e.text or "").replace("\xa0", " ") for e in found if role in (None, e.get("class"))
        ]

    def header(self) -> str:
        return " ".join(e.text or "" for e in self.groups["graph0"].findall(SVG + "text"))

    def tooltip(self, group: str) -> str:
        title = self.groups[group].find(SVG + "title")
        assert title is not None
        return (title.text or "").replace("\xa0", " ")

    def tints(self, group: str) -> list[str]:
        tinted = self.groups[group].iter(SVG + "polygon")
        return [e.get("fill", "") for e in tinted if e.get("class") == "tint"]


def draw(root: Value, **options: Any) -> Picture:
    return Picture(to_svg(root, **options))


def mlp() -> Value:
    model = nn.MLP(2, [4, 4, 1])
    output: Value = model([Value(1.5, "x1"), Value(-0.5, "x2")])
    output.backward()
    return output


# ------------------------------------------------------------------------------- what is in the box


def test_micrograd_notebook_code_works() -> None:
    dot = draw_dot(example(), format="svg", rankdir="TB")
    assert isinstance(dot, graphviz.Digraph)
    assert dot.format == "svg"
    assert "rankdir=TB" in dot.source


def test_ids_and_classes_are_the_promised_ones(renderer: str) -> None:
    f = example() * 0.25
    f.backward()
    picture = draw(f)
    order = topological_order(f)
    assert sorted(picture.edges) == ["e2_0", "e2_1", "e4_0", "e4_1", "e6_0", "e6_1"]
    for i, node in enumerate(order):
        kind = "constant" if node.is_constant else "result" if node.op else "leaf"
        root = " root" if node is f else ""
        assert picture.groups[f"n{i}"].get("class") == f"node {kind}{root}"
        assert picture.texts(f"n{i}", "data") == [f"{node.data:g}"]
        grad = [] if kind == "constant" else [f"{node.grad:g}"]
        assert picture.texts(f"n{i}", "grad") == grad
        assert len(picture.tints(f"n{i}")) == 2 * len(grad)


@needs_graphviz
def test_box_says_operation_label_data_and_grad() -> None:
    f = example()
    f.backward()
    assert draw(f).texts("n2") == ["+", "q", "data", "3", "grad", "-4"]
    assert draw(f).texts("n0") == ["leaf", "x", "data", "-2", "grad", "-4"]


@needs_graphviz
def test_kinds_differ_by_word_and_by_outline() -> None:
    w, b = Value(2.0, "layers.0.neurons.3.w.1"), Value(0.5, "b")
    z = autograd.dot([w, 3.0], [Value(1.0, "x"), w], b) * 2
    picture, outlines = draw(z), {}
    for node in picture.nodes:
        lines = [e for e in node if e.tag in (SVG + "polygon", SVG + "path") if not e.get("class")]
        style = [(e.tag, e.get("stroke-dasharray"), e.get("stroke-width")) for e in lines]
        kind = node.get("class", "").removeprefix("node ")
        assert outlines.setdefault(kind, style) == style
        word = picture.texts(node.get("id", ""))[0]
        assert word == kind or word in "+*dot"
    assert set(outlines) == {"leaf", "parameter", "constant", "result", "result root"}
    assert len({tuple(style) for style in outlines.values()}) == 5


@needs_graphviz
def test_gradient_never_computed_is_a_dot_and_not_0() -> None:
    x = Value(3.0)
    f = x * 0.0
    assert draw(f).texts("n0", "grad") == ["·"]
    assert "never computed" in draw(f).tooltip("n0")
    f.backward()
    assert draw(f).texts("n0", "grad") == ["0"]
    x.grad = -0.0
    assert draw(f).texts("n0", "grad") == ["0"]
    assert "grad -0.0" in draw(f).tooltip("n0")


@needs_graphviz
def test_all_gradients_are_dots_while_all_are_0_and_numbers_as_soon_as_one_is_not() -> None:
    f = example()
    picture = draw(f)
    assert [picture.texts(f"n{i}", "grad") for i in range(5)] == [["·"]] * 5
    f.parents[0].grad = 2.0
    picture = draw(f)
    assert [picture.texts(f"n{i}", "grad") for i in range(5)] == [["0"], ["0"], ["2"], ["0"], ["0"]]
    assert draw(f, depth=0).texts("n4", "grad") == ["0"]  # the 2 is not shown, but it is there


@needs_graphviz
def test_tint_tells_sign_and_size_and_the_legend_explains_it() -> None:
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    f = autograd.dot([10.0, -1.0, 0.0], [x, y, z])
    f.backward()
    picture = draw(f)
    at = {node: i for i, node in enumerate(topological_order(f))}
    tints = {node: picture.tints(f"n{at[node]}")[0] for node in (x, y, z, f)}
    channels = {n: (int(t[1:3], 16), int(t[5:7], 16)) for n, t in tints.items()}  # red, blue
    assert channels[x][0] > channels[x][1]  # positive: orange
    assert channels[y][0] < channels[y][1]  # negative: blue
    assert tints[z] == "#ffffff"
    assert channels[f][1] > channels[x][1]  # smaller: paler
    assert "grad -10 -1 -0.1 0 0.1 1 10" in picture.header()
    assert "grad" not in draw(example()).header()  # nothing to explain


@pytest.mark.parametrize("grad", [float("inf"), -float("inf"), float("nan"), 1e308, 5e-324])
@needs_graphviz
def test_any_gradient_can_be_drawn(grad: float) -> None:
    x = Value(1.0)
    x.grad = grad
    picture = draw(x + Value(grad))
    assert picture.texts("n0", "grad") == [f"{grad:.4g}"]
    assert (picture.tints("n0")[0] == "#ffffff") == (grad != grad)


@needs_graphviz
def test_tooltip_has_full_precision_and_the_formula() -> None:
    x, y = Value(1 / 3, "x"), Value(0.1, "y")
    f = x * (y - 1) + autograd.sin(x)
    f.label = "f"
    f.backward()
    lines = draw(f).tooltip(f"n{len(topological_order(f)) - 1}").splitlines()
    assert lines == ["f = x * (y - 1) + sin(x)", f"data {f.data!r}", "grad 1.0"]


def test_the_formula_of_a_tooltip_has_the_names_that_stand_in_the_boxes() -> None:
    w, b, x = Value(2.0, "layers.0.neurons.1.w.0"), Value(0.5, "layers.0.neurons.1.b"), Value(3.0)
    source = draw_dot(autograd.tanh(autograd.dot([w], [x], b)), level="nodes").source
    assert 'tooltip="tanh(w₂₁ * 3 + b₂)' in source


@needs_graphviz
def test_the_picture_in_the_readme_is_the_one_that_its_code_draws() -> None:
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
    n = x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")
    n.label = "n"
    o = autograd.tanh(n)
    o.label = "o"
    o.backward()
    path = Path(__file__).parents[3] / "notebooks" / "neuron.svg"
    committed, drawn = Picture(path.read_text("utf-8")), draw(o)
    assert committed.edges == drawn.edges
    for group in drawn.nodes:
        name = group.get("id", "")
        assert committed.texts(name) == drawn.texts(name)
        assert committed.tooltip(name) == drawn.tooltip(name)
        assert committed.tints(name) == drawn.tints(name)


@needs_graphviz
def test_repeated_operand_keeps_both_edges() -> None:
    a = Value(3.0)
    assert draw(a + a).edges == ["e1_0", "e1_1"]


def test_a_tint_has_its_hue_by_sign_and_its_strength_by_decade() -> None:
    leaves = [Value(1.0, f"x{i}") for i in range(8)]
    grads = [10.0, -1.0, 0.1, -0.01, 1e-9, math.inf, math.nan, 0.0]
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = grad
    source = draw_dot(autograd.sum(leaves)).source
    tints = re.findall(r'label=<<table[^<]*<tr>.*?bgcolor="(#\w{6})">grad</td>.*?id=n(\d)', source)
    assert [tint for tint, _ in sorted(tints, key=lambda t: t[1])] == [
        "#ff9628", "#89b4ff", "#ffd2a3", "#e7f0ff", "#fff0e0", "#ff9628", "#ffffff", "#ffffff",
        "#ffffff",
    ]  # fmt: skip
    legend = re.search(r"<td>grad</td>(.*?)</tr>", source)
    assert legend is not None
    assert re.findall(r'bgcolor="(.*?)">(.*?)<', legend[1]) == [
        ("#5a96ff", "-10"), ("#89b4ff", "-1"), ("#b8d2ff", "-0.1"), ("#ffffff", "0"),
        ("#ffd2a3", "0.1"), ("#ffb465", "1"), ("#ff9628", "10"),
    ]  # fmt: skip


@pytest.mark.parametrize("character", ["z", '"', "\\", "\N{GRINNING FACE}"])
def test_a_label_may_be_very_long(character: str) -> None:
    x = Value(2.0, character * 100_000)
    assert "…" in draw(x * x + x).tooltip("n0")


@pytest.mark.parametrize(
    ("label", "is_cut"),
    [
        ("a" * 15_900, False),
        ("a" * 16_001, True),  # Graphviz reads no longer text without a backslash
        ("aaaaaaaaa\\" * 1_900, False),
        ("aaaaaaaaa\\" * 2_001, True),  # nor takes a short time for a longer line
        ("\u00e9" * 7_900, False),
        ("\u00e9" * 8_001, True),  # two bytes each
        ('"' * 2_600, False),
        ('"' * 2_700, True),  # six characters each: &quot;
    ],
    ids=lambda x: f"{len(x)} of {x[0]}" if isinstance(x, str) else str(x),
)
def test_a_line_of_a_tooltip_is_cut_where_graphviz_would_not_read_it(
    label: str, is_cut: bool
) -> None:
    x, y = Value(2.0, label), Value(3.0, "y")
    source = draw_dot(x * y).source
    tooltip = re.search(r'tooltip="(.*?)\\ndata 2\.0', source, re.S)
    assert tooltip is not None
    assert ("…" in tooltip[1]) == is_cut
    assert not is_cut or len(html.unescape(tooltip[1]).replace("\\\\\\\\", "\\")) <= 2_666


def test_titles_tooltips_and_counts_have_their_limits() -> None:
    x = Value(2.0, "x")
    long, longer = (draw_dot(x, title="t" * n).source for n in (100, 101))
    assert f"<b>{'t' * 100}</b>" in long
    assert f"<b>{'t' * 66}…{'t' * 32}</b>" in longer
    for count in (20, 21):
        ws = [Value(1.0, f"w.{i}") for i in range(count)]
        source = draw_dot(autograd.dot(ws, [x] * count), params="fold").source
        assert f"{count} parameters<" in source
        assert source.count(": data 1.0, grad · (never computed)") == 20
    one, two = (
        draw_dot(autograd.sum([x] * 2 + [Value(1.0)] * 1), max_nodes=n).source for n in (2, 1)
    )
    assert "… 1 hidden" in one
    assert "1 more value, further from the root, not drawn" in one
    assert "… 3 hidden" in two  # the same operand counts twice
    assert "2 more values, further from the root, not drawn" in two


@needs_graphviz
def test_text_names_a_generic_font_so_that_a_viewer_can_take_another_for_any_script(
    renderer: str,
) -> None:
    svg = to_svg(Value(2.0, "\u65e5\u672c\u8a9e") * 3, title="\u4e2d\u6587")
    families = {text.get("font-family") for text in ET.fromstring(svg).iter(SVG + "text")}
    assert families == {"monospace"}
    assert "\u65e5\u672c\u8a9e" in svg


# ------------------------------------------------------------------------- operands changed since


def stale_boxes(picture: Picture) -> set[str]:
    groups = [g for g in picture.nodes if "stale" in g.get("class", "").split()]
    marked = {g.get("id", "") for g in groups}
    said = {g.get("id", "") for g in picture.nodes if "changed since" in picture.texts(g.get("id"))}
    dashed = {
        g.get("id", "")
        for g in picture.nodes
        if "constant" not in g.get("class", "")
        and any(e.get("stroke-dasharray") for e in g.iter(SVG + "path"))
    }
    assert marked == said == dashed
    return marked


@needs_graphviz
def test_a_node_whose_operands_changed_says_so_and_shows_the_number_that_it_holds() -> None:
    f = example()
    x, q = f.parents[0].parents[0], f.parents[0]
    f.backward()
    assert stale_boxes(draw(f)) == set()
    assert "changed since" not in draw(f).header()
    x.data = 1.0
    picture = draw(f)
    assert stale_boxes(picture) == {"n2"}
    assert picture.groups["n2"].get("class") == "node result stale"
    assert picture.texts("n2") == ["+", "q", "changed since", "data", "3", "grad", "-4"]
    assert picture.tooltip("n2").splitlines() == [
        "q = x + y",
        "data 3.0",
        "grad -4.0",
        "changed since: holds 3, but its operands give 6 now",
    ]
    assert picture.header().startswith(
        "changed since : 1 value does not fit its operands, so later numbers are old too "
        "autograd.recompute brings the numbers up to date, backward() the gradients grad"
    )
    q.data = 7.0
    f.data = 0.0
    picture = draw(f)
    assert stale_boxes(picture) == {"n2", "n4"}
    assert picture.groups["n4"].get("class") == "node result root stale"
    assert "2 values do not fit their operands" in picture.header()
    assert stale_boxes(draw(autograd.recompute(f))) == set()
    assert draw(f).texts("n4", "data") == ["-24"]


@needs_graphviz
def test_the_header_counts_stale_values_that_are_not_drawn() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(10):
        f = f * 2.0
    x.data = 3.0
    picture = draw(f, max_nodes=3)
    assert stale_boxes(picture) == set()
    assert "1 value does not fit" in picture.header()


@needs_graphviz
def test_a_stale_node_is_not_expanded_and_its_box_counts_as_one() -> None:
    x = Value(1.0, "x")
    inner = autograd.mean([x, 2.0, 3.0])
    f = autograd.mean([inner, 4.0])
    x.data = 4.0
    picture = draw(f, expand=True)
    words = {i: picture.texts(i)[0] for i in stale_boxes(picture)}
    assert set(words.values()) == {"mean"}
    assert "1 value does not fit" in picture.header()
    picture = draw(autograd.recompute(f), expand=True)
    assert "mean" not in {picture.texts(g.get("id", ""))[0] for g in picture.nodes}


@needs_graphviz
def test_a_training_loop_draws_its_loss_with_marks_and_without_after_recompute() -> None:
    model = nn.MLP(2, [2, 1])
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = nn.mse([model([1.0, -1.0])], [3.0])
        loss.backward()
        optimizer.step()
        assert stale_boxes(draw(loss))
        assert stale_boxes(draw(loss, params="fold"))
        assert "changed since" in draw_dot(loss)._repr_mimebundle_()["image/svg+xml"]
        assert not stale_boxes(draw(autograd.recompute(loss)))


@needs_graphviz
def test_a_compiled_result_is_marked_and_its_tooltip_says_what_to_call() -> None:
    pytest.importorskip("numpy")
    w = Value(2.0, "w")
    f = autograd.compile(lambda: w * w)()
    assert stale_boxes(draw(f)) == set()
    w.data = 3.0
    picture = draw(f)
    assert stale_boxes(picture) == {"n1"}
    assert picture.tooltip("n1").endswith("from: call that function again")


@given(programs())
@settings(derandomize=True, deadline=None, max_examples=50)
def test_no_fresh_graph_is_marked(program: Program) -> None:
    root = program(*[Value(x, f"x{i}") for i, x in enumerate(program.point)])
    for expand in (False, True):
        assert "changed since" not in draw_dot(root, max_nodes=None, expand=expand).source


# ------------------------------------------------------------------------------------------ options


@needs_graphviz
def test_max_nodes_keeps_the_nearest_and_says_how_many_are_hidden() -> None:
    x = Value(1.0, "x")
    f = x
    for i in range(300):
        f = f * Value(2.0 + i, f"y{i}") + 1
    picture = draw(f, max_nodes=7)
    assert len(picture.nodes) == 7
    assert "1,194 more values" in picture.header()
    shown = {int(g.get("id", "n")[1:]) for g in picture.nodes}
    order, far = topological_order(f), distances(f)
    furthest = max(far[order[i]] for i in shown)
    assert all(far[node] >= furthest for i, node in enumerate(order) if i not in shown)
    assert any(
        text.endswith("hidden") for g in picture.nodes for text in picture.texts(g.get("id"))
    )
    assert len(draw(f, title="default").nodes) == 200


@needs_graphviz
def test_depth_counts_edges_from_the_root() -> None:
    assert [len(draw(example(), depth=d).nodes) for d in range(3)] == [1, 3, 5]


@needs_graphviz
def test_folded_parameters_leave_a_box_a_neuron_and_activation() -> None:
    root = mlp()
    folded, shown = draw(root, params="fold"), draw(root, level="nodes")
    assert (len(folded.nodes), len(shown.nodes)) == (19, 56)
    assert "more value" not in folded.header()
    boxes = [folded.texts(g.get("id", "")) for g in folded.nodes]
    assert sum("5 parameters" in box for box in boxes) == 5
    assert sum("3 parameters" in box for box in boxes) == 4
    ids = {g.get("id") for g in folded.nodes}
    assert ids < {g.get("id") for g in shown.nodes}  # the same node has the same id
    tooltip = folded.tooltip(f"n{len(topological_order(root)) - 1}")
    parameter = root.parents[0]
    assert f"{parameter.label}: data {parameter.data!r}, grad {parameter.grad!r}" in tooltip


def test_a_folded_parameter_with_another_use_is_drawn_for_that_use() -> None:
    w, x = Value(2.0, "layer.w"), Value(3.0, "x")
    source = draw_dot(autograd.dot([w], [x]) * w, params="fold").source
    assert source.count("1 parameter<") == 1
    assert "hidden" not in source
    assert sorted(re.findall(r"n\d+ -> n\d+", source)) == ["n0 -> n3", "n1 -> n2", "n2 -> n3"]


@needs_graphviz
def test_expanded_pictures_have_scalar_operations_and_their_gradients() -> None:
    picture = draw(mlp(), expand=True)
    words = [picture.texts(g.get("id", ""))[0] for g in picture.nodes]
    assert all(picture.texts(g.get("id", ""), "grad") != ["·"] for g in picture.nodes)
    assert set(words) == {"leaf", "parameter", "+", "*", "relu"}
    assert words.count("parameter") == 37
    assert words.count("*") == 28


@needs_graphviz
def test_number_format_title_and_direction() -> None:
    picture = draw(example(), number_format="+.3f", title="An <example> & more")
    assert picture.texts("n0", "data") == ["-2.000"]
    assert picture.texts("n1", "data") == ["+5.000"]
    assert "An <example> & more" in picture.header()
    wide, high = (draw(example(), rankdir=r).root.get("viewBox", "") for r in ("LR", "TB"))
    assert wide != high


@pytest.mark.parametrize(
    ("root", "options", "message"),
    [
        (3.0, {}, "draws a Value, got 3.0 (float): a plain number has no graph, so compute with V"),
        ([Value(1.0)], {}, "got [Value(data=1.0, grad=0.0)] (list): give one of its Values"),
        (nn.MLP(1, [1]), {}, "(MLP): call it, and give its result"),
        (draw_dot, {}, "(function): call it, and give its result"),
        ("x", {}, "got 'x' (str): give the Value itself, not its label"),
        (None, {}, "got None (NoneType): a Value is what a computation with Value(...) gives"),
        (Value(1.0), {"rankdir": "up"}, "LR, RL, TB or BT, got 'up'"),
        (Value(1.0), {"params": "hide"}, "'show' or 'fold', got 'hide'"),
        (Value(1.0), {"max_nodes": 0}, "1 or more, got 0"),
        (Value(1.0), {"max_nodes": "a"}, "max_nodes is None or a whole number, 1 or more, got 'a'"),
        (Value(1.0), {"depth": 1.5}, "depth is None or a whole number, 0 or more, got 1.5"),
        (Value(1.0), {"depth": -1}, "0 or more, got -1"),
        (Value(1.0), {"depth": True}, "depth is None or a whole number, 0 or more, got True"),
        (Value(1.0), {"expand": "yes"}, "expand is True or False, got 'yes' (str)"),
        (Value(1.0), {"sample": True}, "sample is a whole number, 0 or more, got True"),
        (Value(1.0), {"sample": 2}, "sample=2 needs neurons: sums of products"),
        (Value(1.0), {"sample": 2, "level": "nodes"}, "so sample=2 and level='nodes' do not fit"),
        (Value(1.0), {"sample": 2, "depth": 3}, "so sample=2 and depth=3 do not fit"),
        (Value(1.0), {"level": "network", "max_nodes": 3}, "level='network' and max_nodes=3 do "),
        (Value(1.0), {"level": "network", "expand": True}, "level='network' and expand=True do "),
        (Value(1.0), {"number_format": "zz"}, "specification such as '.4g', got 'zz'"),
        (Value(1.0), {"number_format": 4}, "number_format is a format specification such as"),
        (Value(1.0), {"title": 5}, "title is a string, got 5 (int)"),
        (Value(1.0), {"format": "a.svg"}, "'svg', 'png' or 'pdf', got 'a.svg'; draw_dot("),
        (Value(1.0), {"format": ["svg"]}, "such as 'svg', 'png' or 'pdf', got ['svg']; "),
        (Value(1.0), {"color": "red"}, "draw_dot() got an unexpected keyword argument 'color'"),
    ],
)  # fmt: skip
def test_bad_input_says_what_was_given(root: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)) as caught:
        draw_dot(root, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "red"}, "to_svg has no option 'color', its options are format, rankdir, max_"),
        ({"color": "red"}, "number_format, title, time_limit"),
        ({"format": "png"}, "to_svg shows SVG, got format='png': draw_dot(root, format='png').ren"),
        ({"time_limit": 0}, "time_limit is a number of seconds above 0, got 0"),
        ({"time_limit": True}, "time_limit is a number of seconds above 0, got True"),
        ({"time_limit": "1"}, "time_limit is a number of seconds above 0, got '1'"),
        ({"time_limit": float("nan")}, "above 0, got nan"),
        ({"depth": -1}, "depth is None or a whole number, 0 or more, got -1"),
    ],
)
def test_a_wrong_option_of_to_svg_is_told_in_its_own_name(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        to_svg(Value(1.0), **options)


@needs_graphviz
def test_options_at_their_limits_are_taken() -> None:
    assert len(draw(example(), max_nodes=1, depth=None).nodes) == 1
    assert len(draw(example(), max_nodes=None, depth=0, format="svg").nodes) == 1
    assert draw_dot(example(), format="PNG").format == "png"


# ---------------------------------------------------------------------------------- labels are data


@pytest.mark.parametrize(
    ("label", "shown"), [(5, "5"), (("w", 0), "(&#x27;w&#x27;, 0)"), (None, "")]
)
def test_a_label_that_is_no_string_is_shown_as_one(label: Any, shown: str) -> None:
    x = Value(2.0)
    x.label = label
    y = x.tanh()
    y.backward()
    assert f"<b>{shown}</b>" in draw_dot(y).source or not shown
    text = html.unescape(shown) or "v1"
    assert steps(y)[0].text == f"given {text} = 2"
    assert repr(explain(y, x)).startswith(f"df/d{text} = ")
    assert gradcheck(lambda *_: x.tanh(), x)[0].parameter == (html.unescape(shown) or "_[0]")


HOSTILE = {
    "quotes": "\"double\" 'single'",
    "markup": "<b>x</b> </script>",
    "comment": "<!-- --> ]]> <![CDATA[",
    "entities": "&lt; &amp; &#60; &nbsp;",
    "ampersand": "a & b &",
    "record": "{a|b} <port> |",
    "backslashes": "\\ \\N \\G \\n \\l \\\\N",
    "backslash last": "x\\",
    "emoji": "\N{GRINNING FACE} \u00e9 \u4e2d \U0010fffd",
    "spaces": "   ",
    "html": "<x>",
    "lone": "<",
    "bracket": "]",
    "brackets": "]] [ x]",
    "dot": "n0 -> n1; }",
    "comments": "// # /* */",
    "keyword": "graph",
    "braces": "{0} %s ${x}",
}
UNPRINTABLE = {
    "newlines": ("a\nb\r\tc", "a␊b␍␉c"),
    "controls": ("\x00\x1b\x7f\x9b", "␀␛␡\ufffd"),
    "not unicode": ("\ud800 \ufffe \uffff", "\ufffd \ufffd \ufffd"),
}
LABELS = {name: (label, label) for name, label in HOSTILE.items()} | UNPRINTABLE


@pytest.mark.parametrize(("label", "seen"), LABELS.values(), ids=LABELS)
def test_hostile_label_comes_out_as_text(renderer: str, label: str, seen: str) -> None:
    picture = draw(Value(2.0, label) * 1.5, title=label)
    cut = shorten(seen, MAX_NAME_CHARACTERS)
    words = picture.texts("n0")
    assert "".join(words).replace(" ", "") == f"leaf{cut}data2grad·".replace(" ", "")
    assert picture.tooltip("n0").replace(" ", "") == (
        f"{seen} = 2\ndata 2.0\ngrad · (never computed)".replace(" ", "")
    )
    assert seen.replace(" ", "") in picture.header().replace(" ", "").replace("\xa0", "")


def test_label_of_10_000_characters(renderer: str) -> None:
    label = "<\\&>" * 2_500
    picture = draw(Value(2.0, label) + 1)
    assert label in picture.tooltip("n0")
    assert picture.texts("n0")[1] == label[:16] + "…" + label[-7:]
    assert float(picture.root.get("viewBox", "").split()[2]) < 600


@needs_graphviz
def test_svg_holds_no_script_link_or_outside_reference() -> None:
    x = Value(1.0, 'javascript:alert(1) <a xlink:href="http://example.org">')
    svg = to_svg((x + x) * x)
    for element in ET.fromstring(svg).iter():
        assert element.tag in {
            SVG + tag for tag in ("svg", "g", "title", "polygon", "path", "text")
        }
        assert not any(name.endswith("href") or name.startswith("on") for name in element.attrib)
    assert re.findall(
        r"https?://[^\"]*", re.sub(r"<(title|text).*?</\1>", "", svg, flags=re.S)
    ) == ["http://www.w3.org/2000/svg"]
    assert "<!" not in svg


def labelled(program: Program, labels: list[str], backward: bool) -> Value | None:
    root = program(*[Value(x) for x in program.point])
    if backward:
        root.backward()
    for node, label in zip(topological_order(root), labels, strict=False):
        node.label = label
    return root


any_text = st.text(st.characters(exclude_categories=()), max_size=30)
hostile_text = st.one_of(
    any_text, st.sampled_from([label for label, _ in LABELS.values()] + ["layers.0.w.1"])
)
hostile_graphs = st.builds(
    labelled, programs(max_steps=5), st.lists(hostile_text, max_size=12), st.booleans()
)


any_options = st.fixed_dictionaries(
    {},
    optional={
        "expand": st.booleans(),
        "params": st.just("fold"),
        "rankdir": st.sampled_from(["RL", "TB", "BT"]),
        "title": hostile_text,
    },
)


def check_well_formed(root: Value, options: dict[str, Any]) -> None:
    picture = draw(root, max_nodes=None, **options)
    order = topological_order(expanded(root) if options.get("expand") else root)
    drawn, copies = [], []
    for name in (group.get("id", "") for group in picture.nodes):
        ordinal, *beside = name[1:].split("c")  # n7, or n7c9: a copy of n7 beside n9
        node = order[int(ordinal)]
        (copies if beside else drawn).append(node)
        shown = picture.texts(name)[-1:] if beside else picture.texts(name, "data")
        assert shown == [number(node.data)]
        assert f"data {node.data!r}" in picture.tooltip(name)
    assert root.data == order[-1].data
    assert not any(leaf.parents for leaf in copies)
    assert set(copies) <= set(drawn)
    if "params" not in options:
        assert len(drawn) == len(order)
        assert len(picture.edges) == sum(len(node.parents) for node in order)


@given(hostile_graphs, any_options)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_random_graphs_without_graphviz_are_well_formed(
    root: Value, options: dict[str, Any]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        only("", patch)
        check_well_formed(root, options)


@pytest.mark.slow
@needs_graphviz
@given(hostile_graphs, any_options)
@settings(derandomize=True, deadline=None, max_examples=20)
def test_random_graphs_with_hostile_labels_are_well_formed(
    root: Value, options: dict[str, Any]
) -> None:
    check_well_formed(root, options)


@needs_graphviz
@pytest.mark.slow
@given(hostile_graphs, any_options)
@settings(derandomize=True, deadline=None, max_examples=2_000)
def test_2_000_random_graphs_with_hostile_labels_are_well_formed(
    root: Value, options: dict[str, Any]
) -> None:
    check_well_formed(root, options)


def test_text_of_entities_survives_html() -> None:
    source = draw_dot(Value(1.0, "&lt;")).source
    assert html.unescape(html.unescape(source)).count("&") == 0
    assert source.count("&amp;lt;") == 2


# ----------------------------------------------------------------------------------- large and slow


def batch_loss(samples: int) -> Value:
    model = nn.MLP(2, [16, 16, 1])
    outputs = [model([Value(i / 7), Value(-i / 3)]) for i in range(samples)]
    loss: Value = nn.mse(outputs, [1.0] * samples)
    loss.backward()
    return loss


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "nodes"), [(10, 1_000), pytest.param(70, 5_000, marks=pytest.mark.slow)]
)
def test_thousands_of_nodes_render_in_a_minute(renderer: str, samples: int, nodes: int) -> None:
    loss = batch_loss(samples)
    total = len(topological_order(loss))
    assert total > nodes
    svg = to_svg(loss, max_nodes=None, time_limit=60.0 * nodes / 5_000)
    assert svg.count('class="node ') == total
    assert svg.count('class="edge"') == sum(len(n.parents) for n in topological_order(loss))


@needs_graphviz
def test_few_boxes_with_many_long_edges_do_not_take_graphviz_a_minute() -> None:
    nodes = [Value(0.5, "x")]
    for i in range(190):
        nodes.append(autograd.mean([nodes[i * j % len(nodes)] for j in range(12)]))
    boxes = draw(autograd.sum(nodes), time_limit=30.0).nodes
    assert len([box for box in boxes if "copy" not in box.get("class", "")]) == 192


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
@needs_graphviz
def test_large_graph_flows_in_its_direction(rankdir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.drawing.layout.MAX_BOXES_AND_LEVELS", 0)
    root = mlp()
    picture, order = draw(root, rankdir=rankdir, level="nodes"), topological_order(root)
    axis = {"LR": ("x", 1), "RL": ("x", -1), "TB": ("y", 1), "BT": ("y", -1)}[rankdir]

    def place(node: Value) -> float:
        text = next(picture.groups[f"n{order.index(node)}"].iter(SVG + "text"))
        return axis[1] * float(text.get(axis[0], "nan"))

    assert all(place(p) < place(node) - 40 for node in order for p in node.parents)
    assert len(picture.edges) == sum(len(node.parents) for node in order)
    assert "grad" in picture.header()


def test_time_limit_is_a_clear_error(renderer: str) -> None:
    if renderer == "neither":
        assert "drawn without Graphviz" in to_svg(example(), time_limit=0.001)
        return
    with pytest.raises(TimeoutError, match=r"more than 0\.001 s: draw less .* or allow more"):
        to_svg(example(), time_limit=0.001)


@pytest.mark.parametrize("length", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@needs_graphviz
def test_long_chain_is_drawn_collapsed(length: int) -> None:
    x = Value(1.0)
    f = x
    for _ in range(length):
        f = -f
    picture = draw(f, max_nodes=20)
    assert len(picture.nodes) == 20
    assert f"{length - 19:,} more values" in picture.header()
    assert len(draw(f, max_nodes=20, expand=True, params="fold").nodes) == 20


def test_same_graph_gives_the_same_bytes_in_any_process() -> None:
    program = (
        "import autograd, nn, random; from autograd import *\n"
        "m = nn.MLP(2, [4, 1], rng=random.Random(1)); y = m([Value(1.0, 'a'), Value(2.0, 'b')])\n"
        "y.backward()\n"
        "for options in ({}, {'params': 'fold'}, {'expand': True}, {'max_nodes': 5}):\n"
        "    print(draw_dot(y, **options).source)\n"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(results) == 1
    assert len(results.pop()) > 5_000


def test_compiled_results_are_drawn_as_the_one_node_they_are() -> None:
    pytest.importorskip("numpy")
    fast = autograd.compile(lambda x, y: autograd.dot([x, y], [y, x]))
    root = fast(Value(1.0, "x"), Value(2.0, "y")) * 2
    root.backward()
    for expand in (False, True):
        assert draw_dot(root, expand=expand).source.count("tooltip=") == 5


# --------------------------------------------------------------------- with and without Graphviz


@pytest.mark.parametrize("present", ["dot pygraphviz", "dot", "pygraphviz"])
def test_notebook_displays_svg(present: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not all(HAS[name] for name in present.split()):
        pytest.skip(f"needs {present}")
    only(present, monkeypatch)
    bundle = draw_dot(example())._repr_mimebundle_()
    assert len(Picture(bundle["image/svg+xml"]).nodes) == 5
    image = re.fullmatch(
        '<img alt="[^"]+" src="data:image/svg.xml;base64,(.*)" style="(.*)">', bundle["text/html"]
    )
    assert image is not None
    assert base64.b64decode(image[1]).decode() == bundle["image/svg+xml"]
    assert "max-width: 100%" in image[2]
    assert bundle["text/plain"] == "<Drawing: a notebook shows it as SVG>"


WITHOUT = "drawn without Graphviz, which places boxes better: pip install pygraphviz"


def test_without_graphviz_a_picture_is_drawn_and_one_line_says_what_draws_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only("", monkeypatch)
    picture = draw(example(), title="a title")
    assert picture.header() == f"a title {WITHOUT}"
    drawing = draw_dot(example(), title="a title")
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == to_svg(example(), title="a title")
    assert bundle["text/plain"] == "<Drawing: a notebook shows it as SVG>"
    assert "->" in drawing.source


def test_with_graphviz_nothing_is_drawn_without_it() -> None:
    drawing = draw_dot(example())
    if HAS["dot"] or HAS["pygraphviz"]:
        assert drawing.without_graphviz == ""
        assert WITHOUT not in to_svg(example())


def test_graphviz_that_went_away_after_drawing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = draw_dot(example())
    drawing.without_graphviz = ""
    only("", monkeypatch)
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert re.search(r"pip install pygraphviz .*program dot", bundle["text/plain"])


def test_without_the_package_graphviz_a_picture_is_drawn_too() -> None:
    code = """
import sys
sys.modules["graphviz"] = None  # an import of it fails
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "graphviz" else found(name, *a)
from autograd import Stepper, Value, draw_dot, to_svg
f = Value(2.0, "x") * 3
drawing = draw_dot(f, rankdir="TB")
assert repr(drawing) == "<SvgDrawing: a notebook shows it as SVG>"
assert drawing._repr_svg_() == to_svg(f, rankdir="TB")
assert "max-width: 100%" in drawing._repr_html_()
assert "drawn without Graphviz" in Stepper(f)._repr_mimebundle_()["image/svg+xml"]
try:
    draw_dot(f, rankdir="up")
except ValueError as error:
    assert "rankdir" in str(error)
else:
    raise AssertionError
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_expanded_stale_graph_is_drawn_without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    only("", monkeypatch)
    root = autograd.dot([Value(2.0, "w.0")], [Value(3.0, "x")], Value(1.0, "b"))
    root.backward()
    root.parents[0].data = 5.0
    picture = draw(root, expand=True)
    assert picture.groups["n3"].get("class") == "node result root stale"
    assert ": 1 value does not fit its operands" in picture.header()
    shapes = [e for e in picture.groups["n0"] if e.tag in (SVG + "polygon", SVG + "path")]
    borders = [e for e in shapes if e.get("class") != "tint"]
    assert [e.get("fill") for e in borders] == ["#ffffff", "none"]  # a parameter has two
    assert len(picture.nodes) == 4
    folded = draw(root, params="fold", max_nodes=1)
    assert folded.texts("n3")[:4] == ["dot", "2 parameters", "… 1 hidden", "changed since"]


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_a_very_large_graph_is_drawn_without_graphviz(
    rankdir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("", monkeypatch)
    small = draw(mlp(), rankdir=rankdir, level="nodes")
    monkeypatch.setattr("autograd.drawing.layout.MAX_BOXES_AND_LEVELS", 0)
    picture = draw(mlp(), rankdir=rankdir, level="nodes")
    order = topological_order(mlp())
    assert len(picture.nodes) == len(order)
    assert sorted(picture.edges) == sorted(small.edges)


@pytest.mark.parametrize("present", ["pygraphviz", ""])
def test_without_dot_rendering_and_piping_say_in_one_sentence_what_helps(
    present: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(present, monkeypatch)
    drawing, path = draw_dot(example()), tmp_path / "f"
    for call in (drawing.pipe, partial(drawing.render, path), partial(drawing.view, path)):
        with pytest.raises(RuntimeError) as caught:
            call()
        assert re.fullmatch(
            r"this needs Graphviz: install the program dot \(https://\S+\) and have it on PATH, or "
            "use autograd.to_svg, for which pip install pygraphviz is enough",
            str(caught.value),
        )
    assert list(tmp_path.iterdir()) == []
    drawing.save(path)
    assert path.read_text("utf-8") == drawing.source


@needs_dot
def test_with_dot_a_drawing_is_written_in_any_format(tmp_path: Path) -> None:
    drawing = draw_dot(example())
    assert drawing.pipe("png").startswith(b"\x89PNG")
    assert Path(drawing.render(tmp_path / "f", format="png")).read_bytes().startswith(b"\x89PNG")
    assert "<svg" in drawing.pipe(encoding="utf-8")


@needs_graphviz
def test_graphviz_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"Graphviz failed: .*syntax error"):
        render("digraph {")


def test_importing_the_package_does_not_import_graphviz() -> None:
    code = "import sys, autograd, nn; sys.exit('graphviz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_picture_has_no_title_unless_one_is_given() -> None:
    y = Value(2.0, "x") * 3.0
    for draw in (autograd.to_svg, lambda *a, **k: str(autograd.draw_dot(*a, **k))):
        assert draw(y) == draw(y, title="") != draw(y, title="loss")


def test_no_text_stands_outside_the_boxes_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    only("", monkeypatch)
    x = Value(2.0, label="x")
    picture = ET.fromstring(to_svg(x * x + 1))
    for group in (picture, *picture.iter("{http://www.w3.org/2000/svg}g")):
        assert not (group.text or "").strip()
        assert not any((part.tail or "").strip() for part in group)
