"""Pictures as they are committed in ``pictures``: each number, word, color and line is as it was.

Look at a picture that a change made different, and if it is better write them anew:

    python -m tests.autograd.drawing.test_committed_pictures
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, draw_dot, to_svg, topological_order
from autograd.drawing.picture import svg_of_named
from autograd.drawing.rendering import render

FOLDER = Path(__file__).with_name("pictures")


def of_all_kinds() -> Value:
    """Return a graph with boxes of all kinds, edges that pass levels, and a node that is stale.

    As in all of these graphs, each number is the same on every machine.
    """
    x, w = Value(4.0, "x"), Value(-3.0, "layers.0.w.0")
    bias, far = Value(0.5, "b"), Value(1e-7, "\u4e2d\u6587, and more than the name of a box has")
    z = autograd.dot([w, 4.0], [x, w], bias)
    z.label = "a pre-activation"
    h = abs(z) * x
    y = autograd.sum([h * h, x.sqrt() / 3.0, far, -x, far])
    y.backward()
    h.data = 1.25
    return y


def chain() -> Value:
    """Return a graph that uses one leaf on six levels."""
    w, y = Value(0.5, "w"), Value(1.0, "y")
    for _ in range(6):
        y = y * w
    y.backward()
    return y


def crossed() -> Value:
    """Return a graph whose leaves are read in another order than they are written."""
    a, b, c, d = (Value(float(i), name) for i, name in enumerate("abcd", 1))
    return ((a + d) * (b - c) + (d * a) * b).relu() * c


def around() -> Value:
    """Return a graph of which an edge goes around all boxes."""
    a, b = Value(1.0, "a"), Value(2.0, "b")
    n = -a
    p = a + ((n + n) + b)
    return b + (p + (b + n))


def fresh_network() -> Value:
    """Return the output of a small network before a backward pass."""
    return autograd.dot([Value(0.5, "w1"), Value(-1.0, "w2")], [2.0, 3.0], Value(1.0, "b")).relu()


def network() -> Value:
    """Return the loss of a small network over three samples, with a penalty."""
    model = nn.MLP(2, [2, 1])
    for i, parameter in enumerate(model.parameters()):
        parameter.data = 0.25 * i - 0.75
    outputs = [model([0.5 * i, 1.0 - i]) for i in range(3)]
    penalty = autograd.sum([p * p for p in model.parameters()])
    loss: Value = nn.mse(outputs, [1.0, 0.0, -1.0]) + 0.01 * penalty
    loss.backward()
    return loss


def named(root: Value) -> dict[Value, str]:
    """Return a name for each node, as a page gives them."""
    return {node: f"<{i}>" for i, node in enumerate(topological_order(root))}


PICTURES: dict[str, tuple[Callable[[], Value], dict[str, Any]]] = {
    "all kinds": (of_all_kinds, {"title": "A <title> & more"}),
    "all kinds, from the top": (of_all_kinds, {"rankdir": "TB", "number_format": ".2f"}),
    "expanded, from the right": (of_all_kinds, {"expand": True, "rankdir": "RL"}),
    "folded": (of_all_kinds, {"params": "fold", "max_nodes": 7, "rankdir": "BT"}),
    "chain": (chain, {}),
    "crossed": (crossed, {}),
    "network": (network, {"level": "network", "title": "A batch"}),
    "around": (around, {}),
    "fresh network": (fresh_network, {"level": "network"}),
    "second sample": (network, {"sample": 1, "rankdir": "BT"}),
    "by level": (crossed, {}),
    "named": (of_all_kinds, {"title": "With names"}),
    "named network": (network, {"level": "network"}),
    "network by level": (network, {"level": "network", "rankdir": "TB"}),
}


def drawn(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the picture in Graphviz's language and as SVG that Graphviz has not placed."""
    monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: False)
    if "by level" in name:
        monkeypatch.setattr("autograd.drawing.layout.MAX_BOXES_AND_LEVELS", 0)
    make, options = PICTURES[name]
    root = make()
    if "named" in name:
        return {"svg": svg_of_named(root, named(root), **options)}
    return {"dot": draw_dot(root, **options).source, "svg": to_svg(root, **options)}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_the_committed_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, text in drawn(name, monkeypatch).items():
        committed = (FOLDER / f"{name}.{kind}").read_text("utf-8")
        assert text.splitlines() == committed.splitlines()


def test_each_committed_picture_is_drawn() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*PICTURES}


AS_GRAPHVIZ_ANSWERS = ("all kinds", "chain", "network")


@pytest.mark.parametrize("name", AS_GRAPHVIZ_ANSWERS)
def test_what_graphviz_answers_becomes_the_committed_picture(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 2.43 answered so to the committed pictures in its language."""
    answer = (FOLDER / f"{name}.graphviz").read_text("utf-8")
    asked: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, answer, "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("shutil.which", lambda program: f"/{program}")
    source = (FOLDER / f"{name}.dot").read_text("utf-8")
    assert render(source, 7.0) == (FOLDER / f"{name}.rendered").read_text("utf-8")
    assert asked == {
        "command": ["/dot", "-Tsvg"],
        "input": source,
        "timeout": 7.0,
        "encoding": "utf-8",
        "capture_output": True,
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in PICTURES:
        with pytest.MonkeyPatch.context() as patch:
            for ending, picture in drawn(each, patch).items():
                (FOLDER / f"{each}.{ending}").write_text(picture, "utf-8")
    for each in AS_GRAPHVIZ_ANSWERS:
        asked = (FOLDER / f"{each}.dot").read_bytes()
        answer = subprocess.run(["dot", "-Tsvg"], input=asked, capture_output=True, check=True)
        (FOLDER / f"{each}.graphviz").write_bytes(answer.stdout)
        (FOLDER / f"{each}.rendered").write_text(render(asked.decode()), "utf-8")
