"""Graphviz's language to SVG, by the program ``dot`` or by pygraphviz."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

MAX_SECONDS = 120.0  # that Graphviz may take
_INSTALL_DOT = "install the program dot (https://graphviz.org/download) and have it on PATH"

_BY_PYGRAPHVIZ = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format="svg", prog="dot"))
"""


def has_graphviz() -> bool:
    """Return whether the program ``dot`` or the package pygraphviz is there."""
    return bool(shutil.which("dot") or importlib.util.find_spec("pygraphviz"))


def render(source: str, time_limit: float = MAX_SECONDS) -> str:
    """Return ``source`` as SVG text, without scripts, links and references to anything outside.

    RuntimeError if there is neither ``dot`` nor pygraphviz, or if Graphviz fails. TimeoutError if
    it takes more than ``time_limit`` seconds.
    """
    if dot := shutil.which("dot"):
        command = [dot, "-Tsvg"]
    elif importlib.util.find_spec("pygraphviz"):
        command = [sys.executable, "-c", _BY_PYGRAPHVIZ]  # a process, because it can be stopped
    else:
        raise RuntimeError(
            "drawing needs Graphviz: pip install pygraphviz (it is in chalkgrad[render]), or "
            f"{_INSTALL_DOT}"
        )
    try:
        done = subprocess.run(
            command, input=source, capture_output=True, timeout=time_limit, encoding="utf-8"
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"Graphviz took more than {time_limit:g} s: draw less (max_nodes=, depth=, "
            "params='fold') or allow more (time_limit=)"
        ) from None
    if done.returncode:
        raise RuntimeError(f"Graphviz failed: {done.stderr.strip()}")
    return _finished(done.stdout)


def need_dot() -> None:
    """Raise RuntimeError if the program ``dot`` is missing."""
    if not shutil.which("dot"):
        remedy = "or use autograd.to_svg, for which pip install pygraphviz is enough"
        raise RuntimeError(f"this needs Graphviz: {_INSTALL_DOT}, {remedy}")


def _finished(svg: str) -> str:
    """Return Graphviz's SVG with tooltips as titles instead of links, and with our classes."""
    svg = re.sub(r"<!--.*?-->\n", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r"<title>.*?</title>\n", "", svg)
    svg = re.sub(r'<g id="a_[^"]*"><a xlink:title="([^"]*)">', r"<title>\1</title>", svg)
    svg = svg.replace("</a>\n</g>\n", "")
    box = r'<g id="(n\d+)c?\d*" class="node (\w+).*?</g>'
    return re.sub(box, _with_classes, svg, flags=re.DOTALL)


def _with_classes(box: re.Match[str]) -> str:
    """Return a box with classes on its tints and on its last texts: data, the word grad, grad."""
    tint = r'<polygon (fill="[^"]*") stroke="(?:none|transparent)"'  # it depends on the version
    head, *texts = re.split("(?=<text )", re.sub(tint, r'<polygon class="tint" \1', box[0]))
    node, kind = box.groups()
    if kind == "neuron":
        return _with_nodes(head, texts)
    if kind == "copy":
        return f'{head}{texts[0]}<text class="data" data-node="{node}"{texts[1][5:]}'
    for back, role in [(1, "data")] if kind == "constant" else [(3, "data"), (1, "grad")]:
        texts[-back] = texts[-back].replace("<text ", f'<text class="{role}" ', 1)
    return head + "".join(texts)


def _with_nodes(head: str, texts: list[str]) -> str:
    """Return the box of a neuron. Each number in it gets the id of its node, as ``data-node``.

    The ids stand in the class of the box, as ``lists_12_11_3``, in the order of the rows.
    """
    listed = re.search(r" lists_([\d_]+)", head)
    ids = listed[1].split("_") if listed else []
    head = head.replace(listed[0], "", 1) if listed else head
    for row, node in enumerate(ids):
        for role, at in (("data", 3 * row + 5), ("grad", 3 * row + 6)):  # after 4 texts of heading
            named = f'<text class="{role}" data-node="n{node}" '
            texts[at] = texts[at].replace("<text ", named, 1)
        tint = f'class="tint" data-node="n{node}"'  # drawn before its number
        texts[3 * row + 5] = texts[3 * row + 5].replace('class="tint"', tint)
    return head + "".join(texts)
