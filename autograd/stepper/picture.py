"""The picture that a page of steps fills in: boxes with the names that the frames use."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from ..drawing.picture import to_svg
from ..explaining.number_format import number
from ..value import Constant, Value
from .narration import Frame

PAD, CHARACTER = "\N{NO-BREAK SPACE}", 7.2  # points: the width of a character of the drawing
FAMILY, SIZE, INK = ' font-family="monospace"', ' font-size="12.00"', ' fill="#111111"'
PLACE = re.compile(r' (?:x|y|d|points)="[^"]*"')  # a tenth of a point is fine enough there
FONT = f"{FAMILY}( font-weight=[^ ]*)?{SIZE}"


def labelled(order: Sequence[Value], names: dict[Value, str], frames: Sequence[Frame]) -> Value:
    """A copy of the graph whose labels are ``names`` and whose gradients are those of ``frames``.

    A label is padded to the longest number that its gradient is on the way, so that the box has
    room for it.
    """
    room: dict[int, int] = {}
    grads: dict[int, float] = {}
    for frame in frames:
        if frame.phase == "backward" and frame.target is not None:
            grads[frame.target] = frame.value
            room[frame.target] = max(room.get(frame.target, 0), len(number(frame.value)))
    twins: dict[Value, Value] = {}
    for i, node in enumerate(order):
        twin = twins[node] = Constant(node.data) if type(node) is Constant else Value(node.data)
        twin.op, twin.local_grads = node.op, node.local_grads
        twin.parents = tuple([twins[parent] for parent in node.parents])
        twin.grad = grads.get(i, twin.grad)
        if type(node) is not Constant:
            twin.label = names[node].rjust(room.get(i, 0), PAD)
    return twins[order[-1]]


def draw(root: Value, **options: Any) -> str:
    """The SVG of a `labelled` graph, the padding of its labels turned into a shift."""
    svg = to_svg(root, **options).replace("&#160;", PAD)
    svg = re.sub(rf"(<title>){PAD}+", r"\1", svg)
    return re.sub(rf'( x=")([^"]*)("[^>]*>)({PAD}+)', _shifted, svg)


def _shifted(text: re.Match[str]) -> str:
    return f"{text[1]}{float(text[2]) + CHARACTER * len(text[4]):.1f}{text[3]}"


def compact(svg: str) -> str:
    """The same picture in less text: font and ink said once, no tooltips, no defaults."""
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = svg.replace(' text-anchor="start"', "").replace("&#45;", "-")
    svg = re.sub(rf"{FONT}|{INK}", r"\1", svg)
    svg = PLACE.sub(lambda place: re.sub(r"(\.\d)\d", r"\1", place[0]), svg)
    return svg.replace("<svg", f"<svg{FAMILY}{SIZE}{INK}", 1)


def image(svg: str) -> str:
    """A `compact` picture as the address of an image, which needs no names inside."""
    plain = re.sub(r' (?:id|class)="[^"]*"', "", svg)
    return "data:image/svg+xml;base64," + base64.b64encode(plain.encode()).decode()


def size(svg: str) -> tuple[float, float]:
    """Width and height in CSS pixels."""
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()  # type: ignore[union-attr]  # Graphviz writes both
    return float(width) * 4 / 3, float(height) * 4 / 3


def drawn(svg: str) -> set[int]:
    """The ordinals of the nodes in the picture."""
    return {int(ordinal) for ordinal in re.findall(r'<g id="n(\d+)"', svg)}
