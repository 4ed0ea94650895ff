"""What is written in the boxes of a network: a neuron with a small table of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from ..explaining.neurons import Neuron
from ..explaining.notation import MAX_NAME_CHARACTERS, label_of, shorten
from ..value import Value
from .boxes import BOLD, GRAY, PLAIN, BoxWriter, Rows, cell_text, exact
from .network_level import NetworkSelection, layers

HEADING_ROWS = 2  # in a box: the name, and the headings of the columns
MAX_TABLE_ROWS = 7  # parameters in a box
MAX_LAYER_ROWS = 40  # parameters in the boxes of a layer, which stand above each other
MAX_TOOLTIP_ROWS = 60
_PLACE = re.compile(r"(?:.*\.)?layers\.(\d+)\.neurons\.(\d+)")


class NetworkWriter(BoxWriter):
    """Writes a box for each neuron: its name, z, a, and a table of its weights and bias."""

    def __init__(
        self,
        selection: NetworkSelection,
        stale: Set[Value],
        number_format: str,
        names: Mapping[Value, str] | None = None,
    ) -> None:
        super().__init__(selection, stale, number_format, names)
        self.selection: NetworkSelection = selection
        shown = {x for neuron in selection.neurons.values() for x in (neuron.z, *neuron.parameters)}
        self.scale_tints([*selection.nodes, *shown])
        self.listed: dict[Value, list[tuple[str, Value]]] = {}  # the numbers in each box
        for layer in layers(selection.neurons):
            for neuron in layer:
                self.listed[neuron.a] = self._listed(neuron, MAX_LAYER_ROWS // len(layer))

    def rows(self, node: Value) -> Rows:
        neuron = self.selection.neurons.get(node)
        if neuron is None:
            rows = super().rows(node)
            if behind := self.selection.network.penalties.get(node):
                rows.insert(1, [(f"of {len(behind)} parameters", PLAIN)])
            elif count := self.selection.of_other_samples(node):
                rows.insert(1, [(f"… {count} of other samples", PLAIN)])
            return [row for row in rows if not row[0][0].endswith(" hidden")]
        name = shorten(neuron_name(neuron), MAX_NAME_CHARACTERS)
        assert neuron.a.op is not None
        activation = neuron.a.op.symbol if neuron.a is not neuron.z else "no activation"
        rows = [[(name or "neuron", BOLD)], [(x, GRAY) for x in (activation, "data", "grad")]]
        for text, x in self.listed[node]:
            grad = self.number(x.grad) if self.has_gradients else "·"
            rows.append([(text, PLAIN), (self.number(x.data), PLAIN), (grad, PLAIN)])
        if more := len(neuron.parameters) - sum(x.op is None for _, x in self.listed[node]):
            rows.append([(f"… {more} parameters", PLAIN)])
        return rows

    def notes(self, title: str) -> Rows:
        sample, samples = self.selection.sample, self.selection.network.samples
        text = f"sample {sample + 1} of {samples}: sample={(sample + 1) % samples} shows another"
        return super().notes(title) + [[(text, PLAIN)]] * (samples > 1)

    def numbers(self, node: Value) -> dict[int, Value]:
        if node not in self.listed:
            return super().numbers(node)
        return {HEADING_ROWS + i: x for i, (_, x) in enumerate(self.listed[node])}

    def label(self, node: Value, rows: Rows) -> str:
        neuron = self.selection.neurons.get(node)
        if neuron is None:
            return super().label(node, rows)
        grads = iter([x.grad for _, x in self.listed[node]])
        lines = ""
        for row in rows:
            cells = [markup.format(cell_text(text)) for text, markup in row]
            if len(row) == 3:
                tint = self.tint(next(grads)) if row is not rows[1] else "#ffffff"
                lines += f'<tr><td align="left">{cells[0]}</td><td align="right">{cells[1]}</td>'
                lines += f'<td align="right" bgcolor="{tint}">{cells[2]}</td></tr>'
            else:
                lines += f'<tr><td align="left" colspan="3">{cells[0]}</td></tr>'
        return f'<<table border="0" cellspacing="0" cellpadding="2">{lines}</table>>'

    def tooltip_lines(self, node: Value) -> list[str]:
        neuron = self.selection.neurons.get(node)
        if neuron is None:
            return super().tooltip_lines(node)
        lines = [f"{neuron.name or 'neuron'}: {self.formulas.get(node) or neuron.z.op}"]
        found = [*_results(neuron), *[(label_of(p), p) for p in neuron.parameters]]
        for name, x in found[:MAX_TOOLTIP_ROWS]:
            lines.append(f"{name}: data {exact(x.data)}, grad {self.exact_grad(x)}")
        if more := len(found) - MAX_TOOLTIP_ROWS:
            lines += [f"… {more} more"] * (more > 0)
        return lines

    def _listed(self, neuron: Neuron, most: int) -> list[tuple[str, Value]]:
        """Return a, z, and the parameters: all, the first few, or none if the layer is large."""
        named = [((self.short.get(p) or label_of(p)).strip(), p) for p in neuron.parameters]
        if len(named) > min(MAX_TABLE_ROWS, most):
            named = named[: MAX_TABLE_ROWS - 2] if most >= MAX_TABLE_ROWS else []
        return [*_results(neuron), *named]


def neuron_name(neuron: Neuron) -> str:
    """Return the name of a neuron for reading: ``layers.0.neurons.1`` is layer 1, neuron 2."""
    place = _PLACE.fullmatch(neuron.name)
    if place is None:
        return neuron.name
    return f"layer {int(place[1]) + 1}, neuron {int(place[2]) + 1}"


def _results(neuron: Neuron) -> list[tuple[str, Value]]:
    return [("a", neuron.a)] * (neuron.a is not neuron.z) + [("z", neuron.z)]
