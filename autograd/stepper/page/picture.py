"""The picture of a page: a drawing whose boxes have room for the number of each step."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from ...drawing.html_image import data_url
from ...drawing.picture import svg_of_named
from ...explaining.notation import label_of, number
from ...graph import distances
from ...value import Constant, Value
from ..frames import Frame

NOTEBOOK_WIDTH_PX, MAX_HEIGHT_PX, MIN_SCALE = 880, 560, 0.6
PADDING, PADDING_WIDTH_PT = "\N{NO-BREAK SPACE}", 7.2
FAMILY, SIZE, INK = ' font-family="monospace"', ' font-size="12.00"', ' fill="#111111"'
FONT = f"{FAMILY}( font-weight=[^ ]*)?{SIZE}"
COORDINATES = re.compile(r' (?:x|y|d|points)="[^"]*"')
CLOSED = re.compile(r'points="([^" ]+)( [^"]*) \1"')  # SVG draws the last side of a polygon itself
EDGE = re.compile(
    r'(<g [^>]*class="edge")>\n<path fill="none"( stroke="[^"]*")([^>]*>\n<polygon fill="[^"]*")\2'
)


@dataclass(frozen=True)
class Picture:
    """The picture of a page, or a notice that there is none."""

    svg: str  # as Graphviz drew it; "" if it did not
    markup: str  # as the page holds it
    visible: set[int]  # the nodes that have a box, by their place in topological order
    height_px: float  # in a notebook

    @property
    def image(self) -> str:
        """The picture as a data URL, without the names that only the script needs."""
        plain = re.sub(r' (?:id|class)="[^"]*"', "", compact(self.svg))
        return data_url(plain)


def picture_of(names: Mapping[Value, str], max_nodes: int | None, **options: Any) -> Picture:
    """Return the picture of a graph with these names, or a notice if Graphviz fails."""
    nodes = list(names)
    try:
        svg = _drawn(names, max_nodes=max_nodes, **options)
    except (RuntimeError, TimeoutError, ImportError) as error:
        notice = f'<p class="notice">No picture: {html.escape(str(error))}</p>'
        nearest = set(islice(distances(nodes[-1]), max_nodes))
        visible = {i for i, node in enumerate(nodes) if node in nearest}
        return Picture("", notice, visible, height_px=60)
    size_pt = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()  # type: ignore[union-attr]  # Graphviz writes both
    width_px, height_px = (float(x) * 4 / 3 for x in size_pt)
    scale = max(MIN_SCALE, min(1.0, NOTEBOOK_WIDTH_PX / width_px))
    style = f'<svg style="--least-width: {MIN_SCALE * width_px:.0f}px"'
    visible = {int(place) for place in re.findall(r'(?:<g id|data-node)="n(\d+)"', svg)}
    markup = compact(svg).replace("<svg", style, 1)
    return Picture(svg, markup, visible, min(MAX_HEIGHT_PX, height_px * scale))


def copied(names: Mapping[Value, str], frames: Sequence[Frame]) -> dict[Value, str]:
    """Return a copy of the named nodes, with their names and the gradients of ``frames``."""
    twins: dict[Value, Value] = {}
    for node in names:
        twin = twins[node] = (Constant if node.is_constant else Value)(node.data, label_of(node))
        twin.op, twin.local_grads = node.op, node.local_grads
        twin.operands = tuple([twins[parent] for parent in node.parents])
    order = list(twins.values())
    for frame in takewhile(lambda f: f.phase != "update", frames):
        if frame.phase == "backward" and frame.target is not None:
            order[frame.target].grad = frame.value
    return dict(zip(order, names.values(), strict=True))


def padded(names: Mapping[Value, str], frames: Sequence[Frame]) -> dict[Value, str]:
    """Return the names that stand in the boxes. A constant without a name of its own has none.

    A name is as long as the longest number of its node, so that the box has room for each.
    """
    order = list(names)
    shown = {n: "" if n.is_constant and s == number(n.data) else s for n, s in names.items()}
    for frame in frames:
        if frame.target is not None and not order[frame.target].is_constant:
            node = order[frame.target]
            shown[node] = shown[node].rjust(len(number(frame.value)), PADDING)
    return shown


def compact(svg: str) -> str:
    """Return the same picture in less text: font and ink once, no tooltips, no defaults."""
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = svg.replace(' text-anchor="start"', "").replace("&#45;", "-")
    svg = re.sub(rf"{FONT}|{INK}", r"\1", svg)
    svg = COORDINATES.sub(_in_tenths, svg)
    svg = EDGE.sub(r'\1 fill="none"\2>\n<path\3', CLOSED.sub(r'points="\1\2"', svg))
    return svg.replace("<svg", f"<svg{FAMILY}{SIZE}{INK}", 1)


def _in_tenths(coordinates: re.Match[str]) -> str:
    return re.sub(r"\.0\d?(?!\d)", "", re.sub(r"(\.\d)\d", r"\1", coordinates[0]))


def _drawn(names: Mapping[Value, str], **options: Any) -> str:
    """Return the SVG of the `padded` names. Their padding becomes a shift."""
    options = {"level": "nodes"} | options
    svg = svg_of_named(list(names)[-1], names, **options).replace("&#160;", PADDING)
    svg = re.sub(rf"(<title>){PADDING}+", r"\1", svg)
    return re.sub(rf'( x=")([^"]*)("[^>]*>)({PADDING}+)', _shifted, svg)


def _shifted(text: re.Match[str]) -> str:
    return f"{text[1]}{float(text[2]) + PADDING_WIDTH_PT * len(text[4]):.1f}{text[3]}"
