"""Pictures of graphs; the only place that knows Graphviz.

`draw_dot` writes a graph in Graphviz's language, `to_svg` renders it. What a program may rely on in
the SVG, each id being stable because it is an ordinal, never an address:

``<g id="n7" class="node result">``
    the box of the node at place 7 of ``topological_order(root)``. Its second class is the kind:
    leaf, parameter, constant or result; the root has a third, root. In it: ``<title>``, the
    tooltip; ``<text class="data">`` and ``<text class="grad">``, one each (a constant has no grad),
    whose text is the formatted number alone; ``<polygon class="tint">``, two of them, what shows
    the gradient's sign and size behind the word grad and the grad.
``<g id="e7_0" class="edge">``
    the edge into n7 from its operand 0 (``parents[0]``). A repeated operand keeps both edges.

With ``expand``, ``root`` here means ``expanded(root)`` of `autograd.graph`.

A *parameter* is a leaf whose label is a path (``layers.0.neurons.3.w.1``, ``w.1``), or the bias of
a `dot`.
"""

from __future__ import annotations

import html
import importlib.util
import math
import re
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from .graph import formulas
from .ops import Dot
from .value import NEVER, Constant, Value, topological_order

if TYPE_CHECKING:
    import graphviz

TIME_LIMIT = 120.0  # seconds that Graphviz may take

_SHAPES = {
    "leaf": {"style": "filled"},
    "parameter": {"style": "filled", "peripheries": "2"},
    "constant": {"style": "filled,dashed"},
    "result": {"style": "filled,rounded"},
}
_GRAPH = {"bgcolor": "transparent", "nslimit": "2", "nslimit1": "2", "mclimit": "0.5"}
_GRAPH |= {"fontname": "monospace", "fontsize": "12", "nodesep": "0.15", "ranksep": "0.35"}
_NODE = {"shape": "box", "margin": "0.04,0.04", "height": "0", "width": "0", "color": "#555555"}
_NODE |= {"fontname": "monospace", "fontsize": "12", "fillcolor": "#ffffff", "fontcolor": "#111111"}
_EDGE = {"color": "#808080", "arrowsize": "0.6"}


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> graphviz.Digraph:
    """The graph of ``root`` as a `graphviz.Digraph`, which a notebook displays.

    >>> print(draw_dot(Value(2.0, "x") * 3).source.count("->"))
    2
    """
    if not isinstance(root, Value):
        raise TypeError(f"draws a Value, got {root!r:.80} ({type(root).__name__})")
    order = topological_order(root)
    ordinal = {node: i for i, node in enumerate(order)}
    biases = {
        node.parents[-1] for node in order if isinstance(node.op, Dot) and len(node.parents) % 2
    }
    sizes = [abs(node.grad) for node in order if math.isfinite(node.grad)]
    written = formulas(order)
    drawing = _drawing_class()("graph", format=format)
    drawing.attr("graph", rankdir=rankdir, **_GRAPH)
    drawing.attr("node", **_NODE)
    drawing.attr("edge", **_EDGE)
    for node in order:
        kind = _kind(node, biases)
        name = f"n{ordinal[node]}"
        shape = dict(_SHAPES[kind], penwidth="2.5") if node is root else _SHAPES[kind]
        classes = f"{kind} root" if node is root else kind
        tooltip = _tooltip(node, written[node])
        drawing.node(
            name,
            _box(node, kind, max(sizes, default=0.0)),
            id=name,
            tooltip=tooltip,
            **{"class": classes},
            **shape,
        )
        for i, parent in enumerate(node.parents):
            drawing.edge(f"n{ordinal[parent]}", name, id=f"e{ordinal[node]}_{i}")
    return drawing


def to_svg(root: Value, time_limit: float = TIME_LIMIT, **options: Any) -> str:
    """The graph of ``root`` as SVG text; the options are those of `draw_dot`.

    Rendered by ``dot`` where that is on PATH, else by pygraphviz. RuntimeError where there is
    neither, TimeoutError when Graphviz takes more than ``time_limit`` seconds.
    """
    return render(draw_dot(root, **options).source, time_limit)


def _kind(node: Value, biases: set[Value]) -> str:
    if isinstance(node, Constant):
        return "constant"
    if node.op is not None:
        return "result"
    return "parameter" if "." in node.label or node in biases else "leaf"


def _grad(node: Value) -> str:
    return "·" if node.grad is NEVER else f"{node.grad:.4g}"


def _tint(grad: float, largest: float) -> str:
    """The colour for a gradient: blue below 0, orange above, paler by the decade, white at 0."""
    if not grad or not largest or math.isnan(grad):
        return "#ffffff"
    decades = math.log10(largest / abs(grad)) if math.isfinite(grad) else 0.0
    strength = 1.0 - min(max(decades, 0.0), 3.0) / 3.5
    full = (90, 150, 255) if grad < 0 else (255, 150, 40)
    return "#" + "".join(f"{round(255 + strength * (c - 255)):02x}" for c in full)


def _box(node: Value, kind: str, largest: float) -> str:
    """The label of a node's box, in Graphviz's HTML; the data and the grad are the last texts."""
    operation = node.op.symbol if node.op else kind
    label = f"<b>{_text(node.label)}</b>" if node.label else ""
    rows = [(f'<font color="#555555">{_text(operation)}</font>', label, "")]
    rows += [("data", f"{node.data:.4g}", "")]
    if kind != "constant":
        rows += [("grad", _grad(node), f' bgcolor="{_tint(node.grad, largest)}"')]
    cells = "".join(
        f'<tr><td align="left"{tint}>{name}</td><td align="right"{tint}>{value}</td></tr>'
        for name, value, tint in rows
    )
    return f'<<table border="0" cellspacing="0" cellpadding="2">{cells}</table>>'


def _tooltip(node: Value, formula: str) -> str:
    lines = [f"{node.label} = {formula}" if node.label else formula, f"data {node.data!r}"]
    if not isinstance(node, Constant):
        lines.append("grad · (never computed)" if node.grad is NEVER else f"grad {node.grad!r}")
    # Graphviz reads the backslashes of a tooltip twice
    return "\\n".join(_escape(line).replace("\\", r"\\\\") for line in lines)


def _text(text: str, longest: int = 24) -> str:
    """``text`` for a cell of a label, cut to ``longest`` characters."""
    return _escape(text if len(text) <= longest else text[: longest - 1] + "…").replace("\\", r"\\")


def _escape(text: str) -> str:
    """What is special in XML as entities; what XML cannot hold as the picture of it."""
    return html.escape("".join(map(_visible, text)))


def _visible(char: str) -> str:
    code = ord(char)
    if code < 32 or code == 127:
        return chr(0x2400 + code) if code < 32 else "␡"
    allowed = not (0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE)
    return char if allowed else "\ufffd"


@cache
def _drawing_class() -> Any:
    import graphviz

    class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
        """A Digraph that a notebook displays without ``dot`` too."""

        def __repr__(self) -> str:  # the same in each run: no address
            return "<Drawing: a notebook shows it as SVG>"

        def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
            try:
                return {"image/svg+xml": render(self.source), "text/plain": repr(self)}
            except (RuntimeError, TimeoutError) as error:
                return {"text/plain": str(error)}

    return Drawing


_BY_PYGRAPHVIZ = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format="svg", prog="dot"))
"""


def render(source: str, time_limit: float = TIME_LIMIT) -> str:
    """Graphviz's ``source`` as SVG text, by whichever Graphviz there is."""
    if dot := shutil.which("dot"):
        command = [dot, "-Tsvg"]
    elif importlib.util.find_spec("pygraphviz"):
        command = [sys.executable, "-c", _BY_PYGRAPHVIZ]  # a process, so that it can be stopped
    else:
        raise RuntimeError(
            "drawing needs Graphviz: pip install 'scalargrad[render]', or install the program dot "
            "(https://graphviz.org/download) and have it on PATH"
        )
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, timeout=time_limit
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"Graphviz took more than {time_limit:g} s: draw less (max_nodes=, depth=, "
            "params='fold') or allow more (time_limit=)"
        ) from None
    if done.returncode:
        raise RuntimeError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()}")
    return _finish(done.stdout.decode())


def _finish(svg: str) -> str:
    """Graphviz's SVG without its links and outside references, and with the promised classes."""
    svg = re.sub(r"<!--.*?-->\n", "", svg[svg.index("<svg") :], flags=re.S)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r"<title>.*?</title>\n", "", svg)
    svg = re.sub(r'<g id="a_[^"]*"><a xlink:title="(.*?)">', r"<title>\1</title>", svg, flags=re.S)
    svg = svg.replace("</a>\n</g>\n", "")
    return re.sub(r'<g id="n\d+" class="node (\w+).*?</g>', _name_texts, svg, flags=re.S)


def _name_texts(box: re.Match[str]) -> str:
    roles = ["data"] if box[1] == "constant" else ["data", "", "grad"]
    tinted = r'<polygon (fill="[^"]*") stroke="(?:none|transparent)"'
    head, *texts = re.split("(?=<text )", re.sub(tinted, r'<polygon class="tint" \1', box[0]))
    for i, role in enumerate(reversed(roles), 1):
        if role:
            texts[-i] = texts[-i].replace("<text ", f'<text class="{role}" ', 1)
    return head + "".join(texts)
