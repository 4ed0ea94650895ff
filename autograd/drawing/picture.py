"""Pictures of graphs: `draw_dot` writes them in Graphviz's language, `to_svg` as SVG.

A program may rely on this in the SVG. The number in each id is an ordinal, never an address.

``<g id="n7" class="node result">``
    The box of the node at place 7 of ``topological_order(root)``. Its second class is the kind:
    leaf, parameter, constant or result. The root has the class root too. A node whose operands
    changed since it was computed has the class stale. In the group are:
    ``<title>``, the tooltip. ``<text class="data">`` and ``<text class="grad">``, one each, whose
    text is the formatted number alone (a constant has no grad). ``<polygon class="tint">``, two of
    them, behind the word grad and the number, whose color shows the gradient's sign and size.
``<g id="n7" class="node neuron">``
    The box of the neuron whose result is at place 7. Its texts of class data and grad tell with
    ``data-node="n3"`` whose number each is: the result, the sum, a parameter.
``<g id="n3c7" class="node copy">``
    The leaf n3 again, small, beside its consumer n7. Its data says ``data-node="n3"``.
``<g id="e7_0" class="edge">``
    The edge into n7 from its operand 0 (``parents[0]``). A repeated operand keeps both edges.

With ``expand``, ``root`` here means ``expanded(root)`` of `autograd.graph`.

A *parameter* is a leaf whose label is a path (``layers.0.neurons.3.w.1``, ``w.1``), or the bias of
a `dot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from inspect import signature
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..explaining.argument_checks import require_value
from ..explaining.leaves import parameters_of
from ..explaining.notation import NUMBER_FORMAT
from ..graph import expanded, stale
from ..value import Value, topological_order
from .boxes import BoxWriter, size_in_points
from .layout import places
from .network_level import NetworkSelection, selected
from .neuron_boxes import NetworkWriter
from .options import (
    check_level,
    check_svg_options,
    check_time_limit,
    check_values,
)
from .rendering import MAX_SECONDS, has_graphviz, render
from .selection import Selection
from .svg_writer import WITHOUT_GRAPHVIZ, SvgDrawing, SvgWriter

if TYPE_CHECKING:
    import graphviz

_SHAPES = {
    "leaf": {"style": "filled"},
    "parameter": {"style": "filled", "peripheries": "2"},
    "constant": {"style": "filled,dashed", "fillcolor": "#eeeeee"},
    "result": {"style": "filled,rounded"},
    "copy": {"style": "filled", "margin": "0.04,0.02"},
    "neuron": {"style": "filled,rounded"},
}
_ROOT = {"penwidth": "2.5"}
_STALE = {"style": "filled,rounded,dashed", "fillcolor": "#f0e6fa", "color": "#8a5cc7"}
# mid-gray lines and light boxes on a transparent ground: readable on a light and on a dark page
_GRAPH = {"bgcolor": "transparent", "nslimit": "2", "nslimit1": "2", "mclimit": "0.5"}
_GRAPH |= {"labelloc": "t", "labeljust": "l"}
_GRAPH |= {"fontname": "monospace", "fontsize": "12", "nodesep": "0.15", "ranksep": "0.35"}
_PLACED = {"layout": "nop2", "splines": "line", "outputorder": "edgesfirst"}
_NODE = {"shape": "box", "margin": "0.09,0.07", "height": "0", "width": "0", "color": "#777777"}
_NODE |= {"fontname": "monospace", "fontsize": "12", "fillcolor": "#ffffff", "fontcolor": "#111111"}
_EDGE = {"color": "#808080", "arrowsize": "0.6"}


FOR_NODES = ("max_nodes", "depth", "params", "expand")  # they ask for a picture node by node


def draw_dot(
    root: Value,
    format: str = "svg",
    rankdir: str = "LR",
    *,
    max_nodes: int | None = 200,
    depth: int | None = None,
    params: str = "show",
    expand: bool = False,
    level: str | None = None,
    sample: int = 0,
    number_format: str = NUMBER_FORMAT,
    title: str = "",
) -> graphviz.Digraph:
    """Return the graph of ``root`` as a `graphviz.Digraph`, which a notebook displays as SVG.

    Each box shows the operation (or the kind of leaf), label, data and grad of one value. Every
    grad is · while all of them are 0, as before a backward pass. Leaves are square, parameters have
    a double border, constants a dashed border. Results are round, and the root is bold. A long
    label is cut in the middle. A tooltip has the whole label, all digits and the formula.

    A box says "changed since" if its operands have other numbers now than it was computed from. It
    shows the number that it holds. `autograd.recompute` brings the graph up to date.

    rankdir: the direction of the graph: LR, RL, TB or BT.
    max_nodes: how many values at most, the nearest to the root. A note counts those left out. A
    leaf that is used all along the graph is drawn again, small, beside each consumer.
    depth: how many edges from the root at most. None means no limit, also for ``max_nodes``.
    params: "fold" leaves parameters out. Their `dot` counts them, and its tooltip lists them.
    expand: whether n-ary nodes are shown as the scalar operations that they stand for.
    level: "nodes" draws one box a node, "network" one box a neuron, with its sum z, its activation
    a and a table of its parameters. Of a batch, or of another sum of terms that differ in their
    leaves alone, "network" draws one sample. None is "network" for neurons with more than a dozen
    parameters and for a repeated sum of more than 60 nodes, unless max_nodes, depth, params or
    expand is given.
    sample: which sample the network shows, from 0. The others are counted.
    number_format: a format specification, as in ``format(0.5, ".4g")``.

    TypeError unless ``root`` is a Value, ValueError for a wrong option. A notebook draws it with
    the program ``dot`` or with pygraphviz, else in plain layers. ``render`` and ``pipe`` need
    ``dot``. Without the package graphviz the result can only be shown. JupyterLab shows SVG without
    tooltips. ``IPython.display.HTML(to_svg(root))`` has them.

    >>> print(draw_dot(Value(2.0, "x") * 3).source.count("->"))
    2
    """
    options = {name: value for name, value in locals().items() if name in OPTIONS}
    picture = _picture(root, None, options)
    if not find_spec("graphviz"):
        return SvgDrawing(picture.svg())
    drawing = picture.dot(format)
    drawing.without_graphviz = "" if has_graphviz() else picture.svg()
    return drawing


def to_svg(root: Value, *, time_limit: float = MAX_SECONDS, **options: Any) -> str:
    """Return the graph of ``root`` as SVG text. The options are those of `draw_dot`.

    The program ``dot`` renders it if it is on PATH, else pygraphviz does. Without Graphviz, boxes
    stand in plain layers. TimeoutError if Graphviz takes more than ``time_limit`` seconds.
    """
    check_svg_options("to_svg", options, [*OPTIONS, "time_limit"])
    check_time_limit(time_limit)
    return _picture(root, None, options).rendered(time_limit)


_DEFAULTS = {
    name: p.default for name, p in signature(draw_dot).parameters.items() if name != "root"
}
OPTIONS = list(_DEFAULTS)  # of a picture


def svg_of_named(
    root: Value,
    names: Mapping[Value, str] | None,
    time_limit: float = MAX_SECONDS,
    **options: Any,
) -> str:
    """Return what `to_svg` returns, with ``names`` in the boxes in the place of labels.

    A network is placed in plain layers, which keep its neurons in order.
    """
    picture = _picture(root, names, options)
    if isinstance(picture.selection, NetworkSelection):
        return picture.svg(note="")
    return picture.rendered(time_limit)


def _picture(root: Value, names: Mapping[Value, str] | None, options: dict[str, Any]) -> _Picture:
    """Return what is drawn, before anything is placed. TypeError or ValueError as `draw_dot`."""
    o = SimpleNamespace(**(_DEFAULTS | options))
    require_value(root, "draws a Value")
    check_values(o.rankdir, o.max_nodes, o.depth, o.params, o.number_format, o.title, o.expand)
    given = {name: getattr(o, name) for name in FOR_NODES if getattr(o, name) != _DEFAULTS[name]}
    check_level(o.level, o.sample, {name: x for name, x in given.items() if x is not None})
    if of_sample := selected(root, o.level, o.sample, bool(given)):
        writer = NetworkWriter(of_sample, set(stale(root)), o.number_format, names)
        return _Picture(of_sample, writer, o.rankdir, o.title)
    # before the expansion, which leaves no dot with a bias
    parameters = parameters_of(topological_order(root))
    root = expanded(root) if o.expand else root
    selection = Selection(root, parameters, o.params == "fold", o.max_nodes, o.depth)
    of_nodes = BoxWriter(selection, set(stale(root)), o.number_format, names)
    return _Picture(selection, of_nodes, o.rankdir, o.title)


class _Picture(NamedTuple):
    """What is drawn: the boxes and edges of ``selection``, with the text of ``writer``."""

    selection: Selection
    writer: BoxWriter
    rankdir: str
    title: str

    def svg(self, note: str = WITHOUT_GRAPHVIZ) -> str:
        """Return the picture as SVG, placed without Graphviz, with ``note`` above it."""
        return SvgWriter(*self, note).text()

    def rendered(self, time_limit: float) -> str:
        """Return the picture as SVG, by Graphviz if it is there."""
        if not (has_graphviz() and find_spec("graphviz")):
            return self.svg()
        return render(self.dot("svg").source, time_limit)

    def dot(self, format: str) -> graphviz.Digraph:
        """Return the picture in Graphviz's language."""
        from .notebook_display import Drawing, check_format  # here, because it imports graphviz

        check_format(format)
        drawing = Drawing("graph", format=format)
        drawing.attr("graph", rankdir=self.rankdir, label=self.writer.header(self.title), **_GRAPH)
        drawing.attr("node", **_NODE)
        drawing.attr("edge", **_EDGE)
        _draw(drawing, self.selection, self.writer, self.rankdir)
        return drawing


def _draw(drawing: graphviz.Digraph, selection: Selection, writer: BoxWriter, rankdir: str) -> None:
    """Add the boxes and the edges of ``selection`` to ``drawing``."""
    boxes = {node: writer.rows(node) for node in selection.nodes}
    sizes = {node: size_in_points(rows) for node, rows in boxes.items()}
    place = places(sizes, selection.edges, rankdir)
    if place:
        drawing.attr("graph", **_PLACED)
    ordinal = selection.ordinal
    for node, rows in boxes.items():
        name, kind = selection.id(node), selection.kind(node)
        classes, look = [kind], _SHAPES[kind]
        if node is selection.root:
            classes, look = [*classes, "root"], look | _ROOT
        if isinstance(writer, NetworkWriter) and node in writer.listed:
            listed = [str(ordinal[x]) for _, x in writer.listed[node]]
            classes = [*classes, f"lists_{'_'.join(listed)}"]
        if node in writer.stale:
            classes, look = [*classes, "stale"], look | _STALE
        more = {"pos": place[node]} if place else {}
        more |= {"label": writer.label(node, rows), "tooltip": writer.tooltip(node)}
        drawing.node(name, id=name, **{"class": " ".join(classes)}, **look, **more)
    for column in selection.columns():  # in this order, beside each other
        with drawing.subgraph(graph_attr={"rank": "same"}) as same:
            for above, below in pairwise(column):
                same.edge(f"n{ordinal[above]}", f"n{ordinal[below]}", style="invis")
    for parent, node, i in selection.edges:
        more = {"style": "dashed"} if parent.is_constant else {}
        if selection.copies and parent not in selection.copies:
            more["weight"] = "8"  # straighter than the edges from copies
        ends = selection.id(parent), selection.id(node)
        drawing.edge(*ends, id=f"e{ordinal[node]}_{i}", **more)
