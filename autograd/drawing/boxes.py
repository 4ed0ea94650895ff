"""What is written in a picture: boxes, their tooltips, and the header with the legend of tints.

A label may be any text. Nothing in it is read as Graphviz's language.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Set
from functools import partial

from ..explaining.formulas import formulas
from ..explaining.node_names import short_names
from ..explaining.notation import MAX_NAME_CHARACTERS, label_of, number, shorten
from ..explaining.up_to_date import change
from ..value import Value
from .selection import Selection

MAX_SIDE_LABEL_CHARACTERS = 12  # a longer label gets a line of its own
MAX_TITLE_CHARACTERS = 100
MAX_TOOLTIP_PARAMETERS = 20
MAX_LINE_CHARACTERS = 20_000  # of a tooltip: Graphviz takes minutes for many more
MAX_UNBROKEN_BYTES = 16_000  # without a backslash: Graphviz reads no longer text
MAX_ESCAPE_BYTES = 6  # of a character, as in &quot;
CHANGED = "changed since"  # in a box whose operands have other numbers now
BELOW_0_RGB, ABOVE_0_RGB = (90, 150, 255), (255, 150, 40)  # tints of gradients: blue, orange

Rows = list[list[tuple[str, str]]]  # of a box: one or two cells, each its text and its markup
PLAIN, GRAY, BOLD = "{}", '<font color="#555555">{}</font>', "<b>{}</b>"
_UNSEEN = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}  # control pictures
_UNSEEN |= dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)


class BoxWriter:
    """Writes what a picture shows of each node. Gradients are · while all of them are 0.

    stale: the nodes whose operands changed since they were computed.
    names: what stands in the boxes. Without it, labels do, those of parameters shortened.
    """

    def __init__(
        self,
        selection: Selection,
        stale: Set[Value],
        number_format: str,
        names: Mapping[Value, str] | None = None,
    ) -> None:
        self.selection, self.stale = selection, stale
        self.number = partial(number, number_format=number_format)
        self.short = short_names(list(selection.ordinal)) if names is None else dict(names)
        self.formulas = formulas(selection.nodes, {n: s.strip() for n, s in self.short.items()})
        self.has_gradients = any(node.grad for node in selection.ordinal)
        self.scale_tints(selection.nodes)

    def scale_tints(self, nodes: Iterable[Value]) -> None:
        """Let the largest gradient of these nodes have the strongest tint."""
        sizes = [abs(node.grad) for node in nodes if not node.is_constant]
        self.largest_grad = max(filter(math.isfinite, sizes), default=0.0)

    def rows(self, node: Value) -> Rows:
        """Return the text of a box. The last rows are its data and, unless it is constant, grad.

        A copy has one row, the name and the data.
        """
        if node in self.selection.copies:
            leaf, _ = self.selection.copies[node]
            name = self.short.get(leaf, "").strip() or label_of(leaf) or self.selection.kind(leaf)
            return [[(shorten(name, MAX_NAME_CHARACTERS), BOLD), (self.number(leaf.data), PLAIN)]]
        rows = [[(node.op.symbol if node.op else self.selection.kind(node), GRAY)]]
        if label := self.short.get(node) or label_of(node):
            cell = shorten(label, MAX_NAME_CHARACTERS), BOLD
            rows = [*rows, [cell]] if len(label) > MAX_SIDE_LABEL_CHARACTERS else [[*rows[0], cell]]
        if folded := len(self.selection.folded(node)):
            rows.append([(f"{folded} parameter{'s' * (folded > 1)}", PLAIN)])
        left_out = [p for p in node.parents if p not in self.selection.shown]
        if hidden := sum(not self.selection.folds(node, p) for p in left_out):
            rows.append([(f"… {hidden} hidden", PLAIN)])
        if node in self.stale:
            rows.append([(CHANGED, BOLD)])
        rows.append([("data", PLAIN), (self.number(node.data), PLAIN)])
        if not node.is_constant:
            grad = self.number(node.grad) if self.has_gradients else "·"
            rows.append([("grad", PLAIN), (grad, PLAIN)])
        return rows

    def numbers(self, node: Value) -> dict[int, Value]:
        """Return whose number each row of a box shows, by the place of the row."""
        if node in self.selection.copies:
            return {0: self.selection.copies[node][0]}
        last = len(self.rows(node)) - 1
        return {last: node} if node.is_constant else {last - 1: node, last: node}

    def label(self, node: Value, rows: Rows) -> str:
        """Return the ``rows`` of a box in Graphviz's HTML, the last of them tinted."""
        lines = ""
        for row in rows:
            cells = [markup.format(cell_text(text)) for text, markup in row]
            tinted = row is rows[-1] and len(rows) > 1 and not node.is_constant
            tint = f' bgcolor="{self.tint(node.grad)}"' if tinted else ""
            if len(cells) == 1:
                lines += f'<tr><td align="left" colspan="2">{cells[0]}</td></tr>'
            else:
                name = f'<td align="left"{tint}>{cells[0]}</td>'
                lines += f'<tr>{name}<td align="right"{tint}>{cells[1]}</td></tr>'
        return f'<<table border="0" cellspacing="0" cellpadding="2">{lines}</table>>'

    def tooltip(self, node: Value) -> str:
        """Return the `tooltip_lines` in Graphviz's language, which reads backslashes twice.

        A line that is too long for Graphviz is cut in the middle.
        """
        lines = self.tooltip_lines(node)
        for i, line in enumerate(lines):
            unbroken = max(len(part.encode()) for part in for_xml(line).split("\\"))
            if len(line) > MAX_LINE_CHARACTERS or unbroken > MAX_UNBROKEN_BYTES:
                lines[i] = shorten(line, MAX_UNBROKEN_BYTES // MAX_ESCAPE_BYTES)
        return "\\n".join([for_xml(line).replace("\\", r"\\\\") for line in lines])

    def tooltip_lines(self, node: Value) -> list[str]:
        """Return the formula and all digits, also of the parameters that are folded into a box."""
        formula, label = self.formulas[node], label_of(node) or self.short.get(node)
        lines = [f"{label} = {formula}" if label else formula, f"data {exact(node.data)}"]
        if not node.is_constant:
            lines.append(f"grad {self.exact_grad(node)}")
        if node in self.stale:
            lines.append(f"{CHANGED}: {_change(node)}")
        for p in self.selection.folded(node)[:MAX_TOOLTIP_PARAMETERS]:
            lines.append(f"{label_of(p)}: data {exact(p.data)}, grad {self.exact_grad(p)}")
        return lines

    def exact_grad(self, node: Value) -> str:
        return exact(node.grad) if self.has_gradients else "· (never computed)"

    def notes(self, title: str) -> Rows:
        """Return the lines above the picture: title, number of hidden and of stale nodes."""
        lines = [[(shorten(title, MAX_TITLE_CHARACTERS), BOLD)]] if title else []
        if n := self.selection.hidden:
            text = f"{n:,} more value{'s' * (n > 1)}, further from the root, not drawn"
            lines.append([(text, PLAIN)])
        if n := len(self.stale):
            they = "1 value does not fit its" if n == 1 else f"{n:,} values do not fit their"
            text = f": {they} operands, so later numbers are old too"
            lines.append([(CHANGED, BOLD), (text, PLAIN)])
            text = "autograd.recompute brings the numbers up to date, backward() the gradients"
            lines.append([(text, PLAIN)])
        return lines

    def legend(self) -> list[tuple[str, str]]:
        """Return the tints of some gradients, and the gradients. None if all are 0."""
        if not self.largest_grad:
            return []
        scale = [self.largest_grad, self.largest_grad / 10, self.largest_grad / 100]
        grads = [*(-x for x in scale), 0.0, *reversed(scale)]
        return [(self.tint(x), self.number(x)) for x in grads]

    def header(self, title: str) -> str:
        """Return the notes and the legend in Graphviz's HTML."""
        rows = [
            "".join(markup.format(cell_text(text)) for text, markup in line)
            for line in self.notes(title)
        ]
        if legend := self.legend():
            cells = "".join(f'<td bgcolor="{tint}">{cell_text(text)}</td>' for tint, text in legend)
            rows.append(f'<table border="0" cellspacing="0"><tr><td>grad</td>{cells}</tr></table>')
        lines = "".join(f'<tr><td align="left">{row}</td></tr>' for row in rows)
        return f'<<table border="0" bgcolor="#ffffff" cellspacing="0">{lines}</table>>' * bool(rows)

    def tint(self, grad: float) -> str:
        """Return a gradient's color: blue below 0, orange above, paler with each decade."""
        if not grad or math.isnan(grad):
            return "#ffffff"
        decades = 0.0 if math.isinf(grad) else math.log10(self.largest_grad / abs(grad))
        strength = 1.0 - min(decades, 3.0) / 3.5
        rgb = BELOW_0_RGB if grad < 0 else ABOVE_0_RGB
        return "#" + "".join(f"{round(255 + strength * (c - 255)):02x}" for c in rgb)


def size_in_points(rows: Rows) -> tuple[int, int]:
    """Return about how wide and high a box is."""
    characters = [sum(len(text) for text, _ in row) for row in rows]
    return 15 + 8 * max(characters), 17 + 17 * len(rows)


def _change(node: Value) -> str:
    try:
        return change(node)
    except RuntimeError as error:
        return str(error)


def exact(x: float) -> str:
    return repr(float(x))


def cell_text(text: str) -> str:
    return for_xml(text).replace("\\", r"\\")


def for_xml(text: str) -> str:
    """Return ``text`` for XML: special characters as entities, control characters as pictures."""
    # Graphviz takes a cell that begins with ] for the end of a CDATA section
    return html.escape(text.translate(_UNSEEN)).replace("]", "&#93;")
