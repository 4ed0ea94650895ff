"""What a page knows of a network: its neurons, and the steps inside of each of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...drawing.network_level import NetworkSelection
from ...drawing.neuron_boxes import neuron_name
from ...value import Value
from ..frames import Frame
from ..network_steps import network_steps
from .folding import Change, FoldedStep, change


@dataclass(frozen=True)
class NetworkPage:
    """The network of a page. ``names`` are those of all nodes, in topological order."""

    selection: NetworkSelection
    names: dict[Value, str]

    def steps(self, frames: Sequence[Frame], visible: set[int]) -> list[FoldedStep]:
        """Return the steps of the network, and after them all ``frames`` one by one."""
        visible = visible | {
            i for i, node in enumerate(self.names) if node.op is None
        }  # in the list
        groups = network_steps(frames, self.selection, self.names)
        whole = [(g.frame, _changes(frames[g.first : g.last], visible)) for g in groups]
        return whole + [(frame, _changes([frame], visible)) for frame in frames]

    def inside(self, frames: Sequence[Frame]) -> list[tuple[int, int]]:
        """Return the frames that each step of the network stands for: the first, and the end."""
        groups = network_steps(frames, self.selection, self.names)
        return [(group.first, group.last) for group in groups]

    def neurons(self) -> dict[int, dict[str, Any]]:
        """Return the parts of each neuron that has a box, by the place of its result."""
        place = self.selection.ordinal
        return {
            place[a]: {
                "name": neuron_name(neuron) or "neuron",
                "z": place[neuron.z],
                "weights": [place[w] for w in neuron.weights],
                "inputs": [place[x] for x in neuron.inputs],
                "bias": None if neuron.bias is None else place[neuron.bias],
                "activation": None if a is neuron.z else getattr(a.op, "symbol", ""),
            }
            for a, neuron in self.selection.neurons.items()
        }

    def boxes(self) -> dict[int, int]:
        """Return the box in which each node is that has none of its own."""
        place = self.selection.ordinal
        found: dict[int, int] = {}
        for a, neuron in self.selection.neurons.items():
            for node in (*neuron.inside, *neuron.parameters):
                found.setdefault(place[node], place[a])
        return {node: box for node, box in sorted(found.items()) if node != box}

    def edge(self, frame: Frame) -> str | None:
        """Return the id of the edge along which a frame passes a gradient back, if it has one."""
        if frame.operand is None or frame.node is None or frame.target is None:
            return None
        order = list(self.names)
        node, target = order[frame.node], order[frame.target]
        if neuron := self.selection.neuron_around.get(node):
            if target not in neuron.inputs:
                return None
            return f"e{self.selection.ordinal[neuron.a]}_{neuron.inputs.index(target)}"
        return f"e{frame.node}_{frame.operand}" if node in self.selection.shown else None


def _changes(run: Sequence[Frame], visible: set[int]) -> list[Change]:
    """Return the last change of each node that has a number in the picture."""
    last = {frame.target: frame for frame in run if frame.target in visible}
    return [change(frame) for frame in last.values()]
