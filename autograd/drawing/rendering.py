"""Graphviz's language to SVG, by whichever Graphviz there is."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

TIME_LIMIT = 120.0  # seconds that Graphviz may take

_BY_PYGRAPHVIZ = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format="svg", prog="dot"))
"""


def render(source: str, time_limit: float = TIME_LIMIT) -> str:
    """``source`` as SVG text, without scripts, links and references to anything outside.

    RuntimeError where there is neither ``dot`` nor pygraphviz or Graphviz fails, TimeoutError when
    it takes more than ``time_limit`` seconds.
    """
    if dot := shutil.which("dot"):
        command = [dot, "-Tsvg"]
    elif importlib.util.find_spec("pygraphviz"):
        command = [sys.executable, "-c", _BY_PYGRAPHVIZ]  # a process, because that can be stopped
    else:
        raise RuntimeError(
            "drawing needs Graphviz: pip install pygraphviz, or install the program dot "
            "(https://graphviz.org/download) and have it on PATH"
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
    return _finish(done.stdout)


def _finish(svg: str) -> str:
    """Tooltips as titles instead of links, no document type, and the classes of `autograd.draw`."""
    svg = re.sub(r"<!--.*?-->\n", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r"<title>.*?</title>\n", "", svg)
    svg = re.sub(r'<g id="a_[^"]*"><a xlink:title="([^"]*)">', r"<title>\1</title>", svg)
    svg = svg.replace("</a>\n</g>\n", "")
    return re.sub(r'<g id="n\d+" class="node (\w+).*?</g>', _with_classes, svg, flags=re.DOTALL)


def _with_classes(box: re.Match[str]) -> str:
    """A box whose last texts, the data, the word grad and the grad, say so."""
    tint = r'<polygon (fill="[^"]*") stroke="(?:none|transparent)"'  # the name is the version's
    head, *texts = re.split("(?=<text )", re.sub(tint, r'<polygon class="tint" \1', box[0]))
    for back, role in [(1, "data")] if box[1] == "constant" else [(3, "data"), (1, "grad")]:
        texts[-back] = texts[-back].replace("<text ", f'<text class="{role}" ', 1)
    return head + "".join(texts)
