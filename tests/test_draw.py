"""Pictures: what DOT and SVG hold, by whichever Graphviz there is."""

import importlib.util
import shutil
import xml.etree.ElementTree as ET

import graphviz
import pytest

import autograd
from autograd import Value, draw_dot, to_svg
from autograd.graph import formula

NEEDS_GRAPHVIZ = pytest.mark.skipif(
    not (shutil.which("dot") or importlib.util.find_spec("pygraphviz")),
    reason="neither dot nor pygraphviz is here",
)


def parts(svg: str) -> dict[str, ET.Element]:
    """The groups of an SVG by their id."""
    return {g.get("id", ""): g for g in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g")}


def texts(group: ET.Element, role: str | None = None) -> list[str]:
    return [e.text or "" for e in group.iter("{http://www.w3.org/2000/svg}text")
            if role is None or e.get("class") == role]  # fmt: skip


def example() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    return q * z


def test_micrograd_notebook_code_works() -> None:
    dot = draw_dot(example(), format="svg", rankdir="TB")
    assert isinstance(dot, graphviz.Digraph)
    assert (dot.format, "rankdir=TB" in dot.source) == ("svg", True)


@NEEDS_GRAPHVIZ
def test_ids_and_classes_are_the_promised_ones() -> None:
    f = example()
    f.backward()
    groups = parts(to_svg(f))
    assert {"n0", "n1", "n2", "n3", "n4", "e2_0", "e2_1", "e4_0", "e4_1"} <= groups.keys()
    assert groups["n4"].get("class") == "node result root"
    assert groups["n0"].get("class") == "node leaf"
    order = autograd.topological_order(f)
    for i, node in enumerate(order):
        assert texts(groups[f"n{i}"], "data") == [f"{node.data:g}"]
        assert texts(groups[f"n{i}"], "grad") == [f"{node.grad:g}"]


@NEEDS_GRAPHVIZ
def test_repeated_operand_keeps_both_edges() -> None:
    a = Value(3.0)
    assert {"e1_0", "e1_1"} <= parts(to_svg(a + a)).keys()


@pytest.mark.parametrize("text", ["x * (y - 1)", "-x ** y", "(x + 2) / y", "exp(x) - 0.5"])
def test_formula_reads_back(text: str) -> None:
    names = {"x": Value(2.0, "x"), "y": Value(3.0, "y"), "exp": autograd.exp}
    assert formula(eval(text, names)) == text
