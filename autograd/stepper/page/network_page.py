"""What a page knows of a network: its samples, their neurons, and the steps of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ...drawing.network_level import NetworkSelection
from ...drawing.neuron_boxes import neuron_name
from ...graph import consumers
from ...value import Value
from ..frames import Frame
from ..network_steps import NetworkSteps
from .folding import Change, FoldedStep, change

MAX_SAMPLES = 12  # of a batch that a reader can choose from


class SamplePage:
    """One sample as a page shows it. ``names`` are those of all nodes, in topological order."""

    def __init__(
        self, selection: NetworkSelection, names: Mapping[Value, str], frames: Sequence[Frame]
    ) -> None:
        self.selection, self.order = selection, list(names)
        self.steps = NetworkSteps(frames, selection, list(names.values()))
        self.picture = 0  # which of the pictures of the page shows it
        self.leaves = {i for i, node in enumerate(self.order) if node.op is None}  # they are listed
        self.visible: set[int] = set()  # the nodes with numbers on the page

    def played(self, frames: Sequence[Frame]) -> list[FoldedStep]:
        """Return the steps, told by ``frames``: those of the pass, or like them."""
        runs = [frames[span.first : span.last] for span in self.steps.spans]
        told = zip(self.steps.told(frames), runs, strict=True)
        return [(frame, changes(run, self.visible)) for frame, run in told]

    @cached_property
    def nodes(self) -> list[int]:
        """The nodes of this sample alone, by their places."""
        sample_of = self.selection.network.sample_of
        own = self.selection.sample
        return [i for i, node in enumerate(self.order) if sample_of.get(node) == own]

    @cached_property
    def shape(self) -> object:
        """What is equal for two samples that have the same picture, but for names and numbers."""
        own = {self.order[i]: k for k, i in enumerate(self.nodes)}
        place, selection = self.selection.ordinal, self.selection

        def role(node: Value) -> tuple[bool, int]:
            return (True, own[node]) if node in own else (False, place[node])

        nodes = [
            (node.op, node.is_constant, tuple([role(p) for p in node.parents])) for node in own
        ]
        edges = [(role(x), role(node), i if node in own else 0) for x, node, i in selection.edges]
        return tuple(nodes), tuple(edges), frozenset(role(node) for node in selection.nodes)

    @cached_property
    def output(self) -> int | None:
        """The node of this sample that the others read: its loss. None if they read several."""
        own = {self.order[i] for i in self.nodes}
        read = {p for node in self.order if node not in own for p in node.parents if p in own}
        return self.selection.ordinal[read.pop()] if len(read) == 1 else None

    def data(self) -> dict[str, Any]:
        """Return what a page knows of this sample, but for its steps."""
        return {
            "number": self.selection.sample,
            "picture": self.picture,
            "nodes": self.nodes,
            "ids": self._ids(),
            "output": self.output,
            "neurons": self._neurons(),
            "boxes": self._boxes(),
        }

    def _ids(self) -> list[str]:
        """Return the ids of boxes and edges, in the same order for all samples of a picture."""
        place = self.selection.ordinal
        edges = [f"e{place[node]}_{i}" for _, node, i in self.selection.edges]
        return [f"n{place[node]}" for node in self.selection.nodes] + edges

    def _neurons(self) -> dict[int, dict[str, Any]]:
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

    def _boxes(self) -> dict[int, int]:
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
        node, target = self.order[frame.node], self.order[frame.target]
        if neuron := self.selection.neuron_around.get(node):
            if target not in neuron.inputs:
                return None
            return f"e{self.selection.ordinal[neuron.a]}_{neuron.inputs.index(target)}"
        return f"e{frame.node}_{frame.operand}" if node in self.selection.shown else None


class NetworkPage:
    """The samples of a network from which a reader of its page can choose.

    shown: which of ``samples`` the page shows first.
    """

    def __init__(
        self, selection: NetworkSelection, names: Mapping[Value, str], frames: Sequence[Frame]
    ) -> None:
        self.count = selection.network.samples
        numbers = sorted({selection.sample, *range(min(self.count, MAX_SAMPLES))})
        self.samples = [
            SamplePage(
                selection
                if number == selection.sample
                else NetworkSelection(selection.root, selection.network, number),
                names,
                frames,
            )
            for number in numbers
        ]
        self.shown = next(s for s in self.samples if s.selection is selection)

    def of_one_picture(self) -> list[list[SamplePage]]:
        """Return the samples that share a picture. The one that is shown first is in the first."""
        found: dict[object, list[SamplePage]] = {self.shown.shape: [self.shown]}
        for sample in self.samples:
            if sample is not self.shown:
                found.setdefault(sample.shape, []).append(sample)
        return list(found.values())

    def mean(self) -> int | None:
        """Return the one node that reads the losses of all samples, or None."""
        place = self.shown.selection.ordinal
        uses = consumers(self.shown.order)
        readers = {
            tuple(dict.fromkeys(place[node] for node, _ in uses[sample.order[sample.output]]))
            for sample in self.samples
            if sample.output is not None
        }
        [reader, *others] = readers or [()]
        return reader[0] if len(reader) == 1 and not others else None

    @cached_property
    def visible(self) -> set[int]:
        """The nodes that have a number in the picture of any sample."""
        return set().union(*[sample.visible for sample in self.samples])

    def inside(self, frames: Sequence[Frame]) -> list[FoldedStep]:
        """Return all ``frames`` as steps."""
        return [(frame, changes([frame], self.visible)) for frame in frames]

    def edge(self, frame: Frame) -> str | None:
        """Return the id of the edge of a frame, in the picture of the sample that has one."""
        return next(filter(None, (sample.edge(frame) for sample in self.samples)), None)


def changes(run: Sequence[Frame], visible: set[int]) -> list[Change]:
    """Return the last change of each node that has a number in the picture."""
    last = {frame.target: frame for frame in run if frame.target in visible}
    return [change(frame) for frame in last.values()]
