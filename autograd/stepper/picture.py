"""The picture that a page of steps fills in: boxes with the names that the frames use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..draw import to_svg
from ..value import Constant, Value
from .narration import Frame
from .notation import number

FONT = re.compile(r' font-family="[^"]*" font-size="[^"]*"')


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
            twin.label = names[node].rjust(room.get(i, 0), "\N{NO-BREAK SPACE}")
    return twins[order[-1]]


def draw(root: Value, **options: Any) -> str:
    """The SVG of a `labelled` graph."""
    svg = to_svg(root, **options)
    return re.sub(r"(<title>)\N{NO-BREAK SPACE}+", r"\1", svg)


def compact(svg: str) -> str:
    """The same picture in less text: the font once, no tooltips, no defaults."""
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = svg.replace(' text-anchor="start"', "").replace("&#45;", "-").replace("&#160;", "\u00a0")
    fonts = set(FONT.findall(svg))
    if len(fonts) == 1:
        svg = FONT.sub("", svg).replace("<svg", f"<svg{fonts.pop()}", 1)
    return svg


def size(svg: str) -> tuple[float, float]:
    """Width and height in CSS pixels."""
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()  # type: ignore[union-attr]  # Graphviz writes both
    return float(width) * 4 / 3, float(height) * 4 / 3


def drawn(svg: str) -> set[int]:
    """The ordinals of the nodes in the picture."""
    return {int(ordinal) for ordinal in re.findall(r'<g id="n(\d+)"', svg)}
