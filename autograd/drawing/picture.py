"""Pictures of graphs, in Graphviz's language, which `autograd.svg` renders.

What a program may rely on in the SVG, each id an ordinal, never an address:

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
import math
import re
from functools import cache
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..graph import consumers, distances, expanded, formulas, label_of, levels
from ..operation import Dot
from ..value import Constant, Value, topological_order
from .rendering import TIME_LIMIT, render

if TYPE_CHECKING:
    import graphviz

# Graphviz's time grows faster than the boxes and the levels that their edges pass: seconds at this
# many, a minute at 20,000, hours beyond. So more of them are placed here, in a second.
LARGE = 5_000

_SHAPES = {
    "leaf": {"style": "filled"},
    "parameter": {"style": "filled", "peripheries": "2"},
    "constant": {"style": "filled,dashed", "fillcolor": "#eeeeee"},
    "result": {"style": "filled,rounded"},
}
_ROOT = {"penwidth": "2.5"}
# mid-gray lines and light boxes on nothing: read well on a light and on a dark page
_GRAPH = {"bgcolor": "transparent", "nslimit": "2", "nslimit1": "2", "mclimit": "0.5"}
_GRAPH |= {"labelloc": "t", "labeljust": "l"}
_GRAPH |= {"fontname": "monospace", "fontsize": "12", "nodesep": "0.15", "ranksep": "0.35"}
_NODE = {"shape": "box", "margin": "0.09,0.07", "height": "0", "width": "0", "color": "#777777"}
_NODE |= {"fontname": "monospace", "fontsize": "12", "fillcolor": "#ffffff", "fontcolor": "#111111"}
_EDGE = {"color": "#808080", "arrowsize": "0.6"}
_PATH = re.compile(r"[^\W\d]\w*(\.\w+)+")  # the label of a parameter
_UNSEEN = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}  # control pictures
_UNSEEN |= dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)
_BELOW_0, _ABOVE_0 = (90, 150, 255), (255, 150, 40)  # tints of gradients: blue, orange


def draw_dot(
    root: Value,
    format: str = "svg",
    rankdir: str = "LR",
    *,
    max_nodes: int | None = 200,
    depth: int | None = None,
    params: str = "show",
    expand: bool = False,
    number_format: str = ".4g",
    title: str = "",
) -> graphviz.Digraph:
    """The graph of ``root`` as a `graphviz.Digraph`, which a notebook displays as SVG.

    One box a value: its operation (or what kind of leaf it is), label, data and grad. Every grad
    is · while all of them are 0, as before a backward pass. Leaves are square, parameters have a
    double border, constants a dashed one; results are round, and the root is bold. A tooltip has
    all digits and the formula.

    rankdir: where it flows: LR, RL, TB or BT.
    max_nodes, depth: at most so many boxes, those nearest the root, at most so many edges away from
    it (None: all). A note says how many values are hidden.
    params: "fold" leaves parameters out of the picture; the `dot` that has them lists them.
    expand: n-ary nodes as the scalar operations that they stand for.
    number_format: a format specification, as in ``format(0.5, ".4g")``.

    TypeError for what is no Value, ValueError for an option that is none of these. JupyterLab shows
    any SVG as an image, so without tooltips; ``IPython.display.HTML(to_svg(root))`` has them.

    >>> print(draw_dot(Value(2.0, "x") * 3).source.count("->"))
    2
    """
    if not isinstance(root, Value):
        raise TypeError(f"draws a Value, got {root!r:.80} ({type(root).__name__})")
    if rankdir not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"rankdir is LR, RL, TB or BT, got {rankdir!r}")
    if params not in ("show", "fold"):
        raise ValueError(f"params is 'show' or 'fold', got {params!r}")
    for option, given, least in (("max_nodes", max_nodes, 1), ("depth", depth, 0)):
        if given is not None and not (isinstance(given, Integral) and given >= least):
            raise ValueError(f"{option} is None or a whole number, {least} or more, got {given!r}")
    parameters = _parameters(root)  # before expansion, which leaves no dot to be the bias of
    root = expanded(root) if expand else root
    picture = _Picture(root, parameters, params == "fold", max_nodes, depth, number_format)
    drawing = _drawing_class()("graph", format=format)
    drawing.attr("graph", rankdir=rankdir, label=picture.header(title), **_GRAPH)
    drawing.attr("node", **_NODE)
    drawing.attr("edge", **_EDGE)
    picture.draw(drawing, rankdir)
    return drawing


def to_svg(root: Value, *, time_limit: float = TIME_LIMIT, **options: Any) -> str:
    """The graph of ``root`` as SVG text; the options are those of `draw_dot`.

    Rendered by ``dot`` where that is on PATH, else by pygraphviz. RuntimeError where there is
    neither, TimeoutError when Graphviz takes more than ``time_limit`` seconds.
    """
    return render(draw_dot(root, **options).source, time_limit)


def _parameters(root: Value) -> set[Value]:
    order = topological_order(root)
    found = {node for node in order if _PATH.fullmatch(label_of(node).strip())}
    found.update(
        node.parents[-1] for node in order if isinstance(node.op, Dot) and len(node.parents) % 2
    )
    return {node for node in found if node.op is None and type(node) is not Constant}


class _Picture:
    """What is drawn of a graph, and how each part of it is written."""

    def __init__(
        self,
        root: Value,
        parameters: set[Value],
        fold: bool,
        max_nodes: int | None,
        depth: int | None,
        number_format: str,
    ) -> None:
        self.root, self.parameters, self.number_format = root, parameters, number_format
        order = topological_order(root)
        self.ordinal = {node: i for i, node in enumerate(order)}
        self.folding = {node for node in order if isinstance(node.op, Dot)} if fold else set()
        nearest = distances(root, lambda n: [p for p in n.parents if not self.folds(n, p)])
        within = (node for node, edges in nearest.items() if depth is None or edges <= depth)
        shown = set(islice(within, max_nodes))
        self.hidden = len(nearest) - len(shown)
        self.shown = {node: None for node in order if node in shown}
        self.formulas = formulas(list(self.shown))
        sizes = [abs(node.grad) for node in shown if type(node) is not Constant]
        self.has_gradients = any(node.grad for node in order)  # all 0: no backward pass yet
        self.largest = max(filter(math.isfinite, sizes), default=0.0)

    def folds(self, node: Value, parent: Value) -> bool:
        """Whether the picture leaves ``parent`` out as a parameter of ``node``."""
        return node in self.folding and parent in self.parameters

    def draw(self, drawing: graphviz.Digraph, rankdir: str) -> None:
        boxes = {node: self.box(node) for node in self.shown}
        edges = [
            (parent, node, i)
            for node in boxes
            for i, parent in enumerate(node.parents)
            if parent in boxes and not self.folds(node, parent)
        ]
        level = levels(list(boxes))
        places: dict[Value, str] = {}
        if len(boxes) + sum(level[parent] - level[node] for parent, node, _ in edges) > LARGE:
            places = _places(boxes, level, rankdir)
            drawing.attr("graph", layout="nop2", splines="line", outputorder="edgesfirst")
        for node, box in boxes.items():
            name, kind = self.name(node), self.kind(node)
            more = {"class": f"{kind} root", **_ROOT} if node is self.root else {"class": kind}
            more |= {"pos": places[node]} if places else {}
            drawing.node(
                name, label=box, id=name, tooltip=self.tooltip(node), **_SHAPES[kind], **more
            )
        for parent, node, i in edges:
            more = {"style": "dashed"} if isinstance(parent, Constant) else {}
            id = f"e{self.ordinal[node]}_{i}"
            drawing.edge(self.name(parent), self.name(node), id=id, **more)

    def name(self, node: Value) -> str:
        return f"n{self.ordinal[node]}"

    def kind(self, node: Value) -> str:
        if isinstance(node, Constant):
            return "constant"
        return "result" if node.op else "parameter" if node in self.parameters else "leaf"

    def number(self, x: float) -> str:
        return _cell(format(x, self.number_format), 400)

    def box(self, node: Value) -> str:
        """A box's label, in Graphviz's HTML; its last texts are the data and, if any, the grad."""
        what = _cell(node.op.symbol if node.op else self.kind(node))
        rows = [[f'<font color="#555555">{what}</font>']]
        if label := label_of(node):
            cell = f"<b>{_cell(label)}</b>"
            rows = [*rows, [cell]] if len(label) > 12 else [[*rows[0], cell]]
        if folded := sum(self.folds(node, p) for p in node.parents):
            rows.append([f"{folded} parameter{'s' * (folded > 1)}"])
        if hidden := sum(p not in self.shown for p in node.parents) - folded:
            rows.append([f"… {hidden} hidden"])
        rows.append(["data", self.number(node.data)])
        if isinstance(node, Constant):
            return _table(rows)
        grad = self.number(node.grad) if self.has_gradients else "·"
        return _table([*rows, ["grad", grad]], _tint(node.grad, self.largest))

    def tooltip(self, node: Value) -> str:
        formula, label = self.formulas[node], label_of(node)
        lines = [
            f"{label} = {formula}" if label else formula,
            f"data {_exact(node.data)}",
        ]
        if not isinstance(node, Constant):
            lines.append(f"grad {self.exact_grad(node)}")
        folded = [p for p in node.parents if self.folds(node, p)]
        lines += [
            f"{p.label}: data {_exact(p.data)}, grad {self.exact_grad(p)}" for p in folded[:20]
        ]
        # Graphviz reads the backslashes of a tooltip twice
        return "\\n".join(_escape(line).replace("\\", r"\\\\") for line in lines)

    def exact_grad(self, node: Value) -> str:
        return _exact(node.grad) if self.has_gradients else "· (never computed)"

    def header(self, title: str) -> str:
        """The title, a note on what is hidden and the legend of tints, above the picture."""
        rows = [f"<b>{_cell(title, 100)}</b>"] if title else []
        if n := self.hidden:
            rows.append(f"{n:,} more value{'s' * (n > 1)}, further from the root, not drawn")
        if self.largest:
            scale = [self.largest, self.largest / 10, self.largest / 100]
            cells = "".join(
                f'<td bgcolor="{_tint(x, self.largest)}">{self.number(x)}</td>'
                for x in [*(-x for x in scale), 0.0, *reversed(scale)]
            )
            rows.append(f'<table border="0" cellspacing="0"><tr><td>grad</td>{cells}</tr></table>')
        lines = "".join(f'<tr><td align="left">{row}</td></tr>' for row in rows)
        return f'<<table border="0" bgcolor="#ffffff" cellspacing="0">{lines}</table>>' * bool(rows)


def _exact(x: float) -> str:
    return repr(float(x))


def _table(rows: list[list[str]], last_tint: str = "") -> str:
    lines = ""
    for row in rows:
        tint = f' bgcolor="{last_tint}"' if last_tint and row is rows[-1] else ""
        if len(row) == 1:
            lines += f'<tr><td align="left" colspan="2">{row[0]}</td></tr>'
        else:
            name = f'<td align="left"{tint}>{row[0]}</td>'
            lines += f'<tr>{name}<td align="right"{tint}>{row[1]}</td></tr>'
    return f'<<table border="0" cellspacing="0" cellpadding="2">{lines}</table>>'


def _tint(grad: float, largest: float) -> str:
    """The color of a gradient: blue below 0, orange above, paler with each decade, white at 0."""
    if not grad or math.isnan(grad):
        return "#ffffff"
    decades = 0.0 if math.isinf(grad) else min(math.log10(largest / abs(grad)), 3.0)
    strength = 1.0 - decades / 3.5
    full = _BELOW_0 if grad < 0 else _ABOVE_0
    return "#" + "".join(f"{round(255 + strength * (c - 255)):02x}" for c in full)


def _places(boxes: dict[Value, str], level: dict[Value, int], rankdir: str) -> dict[Value, str]:
    """Where the boxes of a large graph go: by level, the root's last, each near its consumers.

    One pass of the barycenter method (Sugiyama, Tagawa and Toda 1981).
    """
    across = rankdir in ("LR", "RL")
    width, height = map(max, zip(*map(_size, boxes.values()), strict=True))
    step, pitch = (width + 60, height + 12) if across else (height + 60, width + 12)
    used = consumers(list(boxes))
    columns: list[list[Value]] = [[] for _ in range(max(level.values()) + 1)]
    for node in boxes:
        columns[level[node]].append(node)
    at: dict[Value, float] = {}
    for column in columns:
        ideal = {n: sum(at[c] for c, _ in used[n]) / max(len(used[n]), 1) for n in column}
        for i, node in enumerate(sorted(column, key=lambda n: ideal[n])):
            at[node] = (i - len(column) / 2) * pitch
    if across:
        sign = 1 if rankdir == "RL" else -1
        return {n: f"{sign * step * level[n]:.0f},{-at[n]:.0f}" for n in boxes}
    sign = 1 if rankdir == "TB" else -1  # Graphviz's y grows upwards
    return {n: f"{at[n]:.0f},{sign * step * level[n]:.0f}" for n in boxes}


def _size(label: str) -> tuple[int, int]:
    """About how wide and high a box is, in points."""
    rows = [re.sub(r"<.*?>|(&)[^;]+;", r"\1", row) for row in label.split("</tr>")]
    return 15 + 8 * max(map(len, rows)), 17 * len(rows)


def _cell(text: str, longest: int = 24) -> str:
    """``text`` for a cell of a label, cut to ``longest`` characters."""
    return _escape(text if len(text) <= longest else text[: longest - 1] + "…").replace("\\", r"\\")


def _escape(text: str) -> str:
    """What is special in XML as entities; what XML cannot hold as a picture of it."""
    # Graphviz takes a cell that begins with ] for the end of a CDATA section
    return html.escape(text.translate(_UNSEEN)).replace("]", "&#93;")


def _without_dot(source: str, format: str) -> str:
    if format != "svg":
        raise RuntimeError(
            f"{format} needs the program dot: install it (https://graphviz.org/download) and have "
            "it on PATH, or take format='svg', for which pip install pygraphviz is enough"
        )
    return render(source)


@cache
def _drawing_class() -> Any:
    import graphviz

    class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
        """A Digraph that is displayed, and written as SVG, without ``dot`` too."""

        def __repr__(self) -> str:  # the same in each run: no address
            return "<Drawing: a notebook shows it as SVG>"

        def pipe(self, format: str = "", *args: Any, encoding: Any = None, **options: Any) -> Any:
            format = format or self.format
            try:
                return super().pipe(format, *args, encoding=encoding, **options)
            except graphviz.ExecutableNotFound:
                svg = _without_dot(self.source, format)
                return svg if encoding else svg.encode()

        def render(self, filename: Any = None, *, outfile: Any = None, **options: Any) -> str:
            try:
                return str(super().render(filename, outfile=outfile, **options))
            except graphviz.ExecutableNotFound:  # the source is written by now
                suffix = Path(outfile).suffix[1:] if outfile else ""
                svg = _without_dot(self.source, options.get("format") or suffix or self.format)
            path = Path(f"{self.filepath}.svg")
            if outfile:
                path = Path("" if options.get("directory") else self.directory, outfile)
            path.write_text(svg, "utf-8")
            if options.get("cleanup"):
                Path(self.filepath).unlink()
            if options.get("view") or options.get("quiet_view"):
                graphviz.view(str(path))
            return str(path)

        def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
            try:
                return {"image/svg+xml": render(self.source), "text/plain": repr(self)}
            except (RuntimeError, OSError) as error:
                return {"text/plain": str(error)}

    return Drawing
