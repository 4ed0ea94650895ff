"""A picture as SVG without Graphviz, in the same boxes, classes and ids as Graphviz's."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ..value import Value
from .boxes import BOLD, GRAY, BoxWriter, Rows, for_xml
from .html_image import html_image
from .layered_layout import Point, layered
from .layout import far_apart, is_large
from .selection import Selection

WITHOUT_GRAPHVIZ = "drawn without Graphviz, which places boxes better: pip install pygraphviz"
CHARACTER_POINTS, ROW_POINTS = 7.2, 17.0  # of a monospaced font of 12 points
PADDING_POINTS, MARGIN_POINTS, CELL_GAP_POINTS = 8.0, 4.0, 7.0
BUTTON_POINTS = 6 * CHARACTER_POINTS
NUMBER_POINTS = 8 * CHARACTER_POINTS
_FONT = 'font-family="monospace"{} font-size="12.00"'
_INKS = {GRAY: "#555555"}
_ROUND = 12.0  # the radius of a corner of a result

_Corners = tuple[float, float, float, float]  # left, top, right, bottom


class SvgWriter:
    """Writes the picture of ``selection``. ``writer`` has the text of the boxes.

    note: a line above the picture.
    """

    def __init__(
        self,
        selection: Selection,
        writer: BoxWriter,
        rankdir: str,
        title: str,
        note: str = WITHOUT_GRAPHVIZ,
    ) -> None:
        self.selection, self.writer, self.title, self.note = selection, writer, title, note
        self.rows = {node: writer.rows(node) for node in selection.nodes}
        sizes = {node: _size(rows) for node, rows in self.rows.items()}
        if is_large(selection.nodes, selection.edges):
            self.centers = far_apart(sizes, selection.edges, rankdir)
            self.routes = [[self.centers[p], self.centers[n]] for p, n, _ in selection.edges]
        else:
            self.centers, self.routes = layered(sizes, selection.edges, rankdir)
        self.corners = {
            node: (x - sizes[node][0] / 2, y - sizes[node][1] / 2,
                   x + sizes[node][0] / 2, y + sizes[node][1] / 2)
            for node, (x, y) in self.centers.items()
        }  # fmt: skip

    def text(self) -> str:
        """Return the picture."""
        points = [point for route in self.routes for point in route]
        points += [(x, y) for a, b, c, d in self.corners.values() for x, y in ((a, b), (c, d))]
        left, top = (min(p[i] for p in points) - MARGIN_POINTS for i in (0, 1))
        right, bottom = (max(p[i] for p in points) + MARGIN_POINTS for i in (0, 1))
        head, size = self.header(left, top)
        top, right = top - size[1], max(right, left + size[0])
        width, height = right - left, bottom - top
        parts = [
            f'<svg width="{width:.0f}pt" height="{height:.0f}pt"\n'
            f' viewBox="{left:.2f} {top:.2f} {width:.2f} {height:.2f}"'
            ' xmlns="http://www.w3.org/2000/svg">',
            '<g id="graph0" class="graph">',
            head,
            *[
                self.edge(edge, route)
                for edge, route in zip(self.selection.edges, self.routes, strict=True)
            ],
            *[self.box(node) for node in self.selection.nodes],
            "</g>\n</svg>\n",
        ]
        return "\n".join(parts)

    def box(self, node: Value) -> str:
        """Return a box: its tooltip, its outline, the tint of its gradient and its rows."""
        (left, top, right, _), rows = self.corners[node], self.rows[node]
        kind, is_root = self.selection.kind(node), node is self.selection.root
        is_stale = node in self.writer.stale
        classes = " ".join([kind] + ["root"] * is_root + ["stale"] * is_stale)
        tooltip = "&#10;".join(for_xml(line) for line in self.writer.tooltip_lines(node))
        parts = [
            f'<g id="{self.selection.id(node)}" class="node {classes}">',
            f"<title>{tooltip}</title>",
            *_outlines(self.corners[node], kind, is_root, is_stale),
        ]
        numbers = self.writer.numbers(node)
        for i, row in enumerate(rows):
            y = top + PADDING_POINTS - 3 + ROW_POINTS * i
            parts += self._row(row, numbers.get(i), i == len(rows) - 1, (left, y, right), rows)
        return "\n".join([*parts, "</g>"])

    def _row(
        self,
        row: Sequence[tuple[str, str]],
        of: Value | None,
        is_last: bool,
        place: tuple[float, float, float],
        rows: Rows,
    ) -> list[str]:
        """Return the texts of a row, after the tint of its gradient.

        A row of three has the data and the gradient of the node ``of``, and says whose they are. In
        a row of two, the last row of a box has the gradient.
        """
        left, y, right = place
        widths, is_copy = _widths(rows), len(rows) == 1
        if len(row) == 3:
            split = right - PADDING_POINTS - widths[2] - CELL_GAP_POINTS / 2
            ends, roles = [split - CELL_GAP_POINTS / 2, right - PADDING_POINTS], ["data", "grad"]
        else:
            split = left + PADDING_POINTS + widths[0] + CELL_GAP_POINTS / 2
            ends = [right - PADDING_POINTS]
            is_grad = is_last and not is_copy and of is not None and not of.is_constant
            roles = ["grad" if is_grad else "data"]
        whose = (
            f' data-node="n{self.selection.ordinal[of]}"'
            if of is not None and (len(row) == 3 or is_copy)
            else ""
        )
        parts = []
        if of is not None and roles[-1] == "grad" and len(row) > 1:
            for start, end in [(left + 6, split)] * (len(row) == 2) + [(split, right - 6)]:
                edges = _points((start, y + 0.5, end, y + ROW_POINTS - 0.5))
                tint = f'fill="{self.writer.tint(of.grad)}" points="{edges}"'
                parts.append(f'<polygon class="tint"{whose} {tint}/>')
        (text, markup), *cells = row
        parts.append(_text(left + PADDING_POINTS, y + 12, text, markup))
        for (text, markup), end, role in zip(cells, ends, roles, strict=False):
            described = f'class="{role}"{whose} ' if of is not None else ""
            parts.append(_text(end - width_of(text), y + 12, text, markup, described))
        return parts

    def edge(self, edge: tuple[Value, Value, int], route: Sequence[Point]) -> str:
        """Return an edge with its arrow."""
        parent, node, i = edge
        dashed = ' stroke-dasharray="5,2"' if parent.is_constant else ""
        path = f"M{_at(route[0])}L{_at(route[1])}"
        for k in range(1, len(route) - 2, 2):
            a, b, c = route[k], route[k + 1], route[k + 2]
            path += (
                f"C{_at(_between(a, b, route[k - 1]))} {_at(_between(b, a, c))} {_at(b)}L{_at(c)}"
            )
        return (
            f'<g id="e{self.selection.ordinal[node]}_{i}" class="edge">\n'
            f'<path fill="none" stroke="#808080"{dashed} d="{path}"/>\n'
            f'<polygon fill="#808080" stroke="#808080" points="{_arrow(route[-2], route[-1])}"/>\n'
            "</g>"
        )

    def header(self, left: float, bottom: float) -> tuple[str, tuple[float, float]]:
        """Return what stands above the picture, and its size."""
        notes = self.writer.notes(self.title) + [[(self.note, GRAY)]] * bool(self.note)
        legend = self.writer.legend()
        height = ROW_POINTS * (len(notes) + bool(legend)) + 2 * MARGIN_POINTS
        y, parts, right = bottom - height + MARGIN_POINTS, [], left
        for note in notes:
            x = left + PADDING_POINTS
            for text, markup in note:
                parts.append(_text(x, y + 12, text, markup))
                x += width_of(text)
            right, y = max(right, x), y + ROW_POINTS
        x = left + PADDING_POINTS
        if legend:
            parts.append(_text(x, y + 12, "grad"))
            x += width_of("grad ")
        for tint, text in legend:
            end = x + width_of(text) + 4
            edges = _points((x, y + 0.5, end, y + ROW_POINTS - 0.5))
            parts += [f'<polygon fill="{tint}" points="{edges}"/>', _text(x + 2, y + 12, text)]
            x = end
        right = max(right, x) + PADDING_POINTS
        ground = _points((left + 4, bottom - height, right, bottom - MARGIN_POINTS))
        parts.insert(0, f'<polygon fill="#ffffff" points="{ground}"/>')
        return "\n".join(parts), (right - left, height)


class SvgDrawing:
    """What `draw_dot` returns if the package graphviz is missing. A notebook shows it."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def __repr__(self) -> str:
        return "<SvgDrawing: a notebook shows it as SVG>"

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return html_image(self.svg)


def width_of(text: str) -> float:
    """Return about how many points a text is wide: Chinese and most emoji take two cells."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return CHARACTER_POINTS * (len(text) + wide)


def _widths(rows: Rows) -> list[float]:
    """Return the widths of the columns. Rows of one cell go over all of them.

    Beside each other, data and gradient have room for any number.
    """
    tables = [row for row in rows if len(row) > 1]
    columns = max(map(len, tables))
    widths = [max(width_of(row[k][0]) for row in tables if k < len(row)) for k in range(columns)]
    return widths if columns < 3 else [widths[0], *(max(w, NUMBER_POINTS) for w in widths[1:])]


def _size(rows: Rows) -> Point:
    widths = _widths(rows)
    alone = max((width_of(row[0][0]) for row in rows if len(row) == 1), default=0.0)
    if len(widths) == 3:  # a page has a button beside the name of a neuron
        alone = max(alone, width_of(rows[0][0][0]) + BUTTON_POINTS)
    inside = max(alone, sum(widths) + CELL_GAP_POINTS * (len(widths) - 1))
    return inside + 2 * PADDING_POINTS, ROW_POINTS * len(rows) + 2 * PADDING_POINTS - 6


def _text(x: float, y: float, text: str, markup: str = "{}", described: str = "") -> str:
    font = _FONT.format(' font-weight="bold"' if markup == BOLD else "")
    ink = _INKS.get(markup, "#111111")
    return f'<text {described}x="{x:.1f}" y="{y:.1f}" {font} fill="{ink}">{for_xml(text)}</text>'


def _outlines(box: _Corners, kind: str, is_root: bool, is_stale: bool) -> list[str]:
    """Return the shapes behind the text: square for leaves, round for results."""
    fill = "#f0e6fa" if is_stale else "#eeeeee" if kind == "constant" else "#ffffff"
    stroke = "#8a5cc7" if is_stale else "#777777"
    look = f'stroke="{stroke}"' + ' stroke-width="2.5"' * is_root
    look += ' stroke-dasharray="5,2"' * (is_stale or kind == "constant")
    if kind in ("result", "neuron") or is_stale:
        return [f'<path fill="{fill}" {look} d="{_rounded(box)}"/>']
    shapes = [f'<polygon fill="{fill}" {look} points="{_points(box)}"/>']
    if kind == "parameter":
        outer = (box[0] - 3, box[1] - 3, box[2] + 3, box[3] + 3)
        shapes.append(f'<polygon fill="none" {look} points="{_points(outer)}"/>')
    return shapes


def _points(box: _Corners) -> str:
    left, top, right, bottom = box
    corners = (right, top), (left, top), (left, bottom), (right, bottom), (right, top)
    return " ".join(_at(corner) for corner in corners)


def _rounded(box: _Corners) -> str:
    left, top, right, bottom = box
    r = _ROUND
    return (
        f"M{left + r:.1f},{top:.1f}H{right - r:.1f}Q{right:.1f},{top:.1f} {right:.1f},{top + r:.1f}"
        f"V{bottom - r:.1f}Q{right:.1f},{bottom:.1f} {right - r:.1f},{bottom:.1f}"
        f"H{left + r:.1f}Q{left:.1f},{bottom:.1f} {left:.1f},{bottom - r:.1f}"
        f"V{top + r:.1f}Q{left:.1f},{top:.1f} {left + r:.1f},{top:.1f}Z"
    )


def _between(a: Point, b: Point, before: Point) -> Point:
    """Return the control point at a: half the way to b, in the direction from ``before`` to a."""
    horizontal = abs(a[1] - before[1]) < 1e-9
    return ((a[0] + b[0]) / 2, a[1]) if horizontal else (a[0], (a[1] + b[1]) / 2)


def _arrow(a: Point, b: Point) -> str:
    """Return the corners of the arrow at b of a line from a."""
    length = max(((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5, 1e-9)
    x, y = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    back = b[0] - 6 * x, b[1] - 6 * y
    sides = (back[0] - 2.2 * y, back[1] + 2.2 * x), (back[0] + 2.2 * y, back[1] - 2.2 * x)
    return " ".join(_at(point) for point in (sides[0], b, sides[1], sides[0]))


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
