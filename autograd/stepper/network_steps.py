"""The steps of a network: the frames of a pass, one neuron at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..drawing.network_level import NetworkSelection
from ..drawing.neuron_boxes import neuron_name
from ..explaining.neurons import Neuron
from ..explaining.notation import number
from ..value import Value
from .frames import Frame
from .narration import MAX_LISTED, listed


@dataclass(frozen=True)
class Span:
    """The frames ``frames[first:last]`` of a pass, which are one step of a network.

    part: the neuron, or the name of the part, that they compute. None: it is one frame, as it is.
    """

    first: int
    last: int
    part: object


class NetworkSteps:
    """The steps of a network that a pass consists of: ``spans`` of its frames.

    Frames that follow each other inside a neuron are one step, and so are those of another sample.
    What has a box of its own keeps its frames. The first wrong number of a mistake is a step of its
    own.

    frames: of a pass through the graph of ``selection.root``, in the numbers of its nodes.
    names: of all nodes, in topological order.
    """

    def __init__(
        self, frames: Sequence[Frame], selection: NetworkSelection, names: Sequence[str]
    ) -> None:
        self.selection, self.order, self.names = selection, list(selection.ordinal), names
        parts = [None if frame.first_wrong else self._part(frame) for frame in frames]

        def key(at: int) -> tuple[object, ...]:
            return frames[at].phase, parts[at], at if parts[at] is None else -1

        self.spans: list[Span] = []
        for (_, part, _), group in groupby(range(len(frames)), key):
            places = list(group)
            self.spans.append(Span(places[0], places[-1] + 1, part))

    def told(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return one frame for each step. ``frames`` are those of the pass, or like them.

        ``frame.node`` is the box: the result of a neuron, or another node that has a box. It is
        None for a part that is not drawn, such as another sample.
        """
        return [
            frames[span.first]
            if span.part is None
            else self._told(span.part, frames[span.first : span.last])
            for span in self.spans
        ]

    def _part(self, frame: Frame) -> object:
        """Return the part in which a frame computes or passes on. None: it is a step of its own."""
        if frame.node is None:
            return None
        node = self.order[frame.node]
        if frame.phase == "update":
            return "update" if node.op is None else None
        if neuron := self.selection.neuron_around.get(node):
            return neuron
        if node in self.selection.network.penalties:
            return "penalty"
        ends = [self.order[i] for i in (frame.node, frame.target) if i is not None]
        is_drawn = all(x in self.selection.shown or x.is_constant for x in ends)
        return None if is_drawn else "others"

    def _told(self, part: object, run: Sequence[Frame]) -> Frame:
        """Return one frame for all of ``run``."""
        if isinstance(part, Neuron):
            return self._computed(part, run) if _is_forward(run) else self._passed_on(part, run)
        if part == "update":
            moved = listed([f"{f.name} = {number(f.value)}" for f in run], MAX_LISTED)
            parameters = f"{len(run)} parameter{'s' * (len(run) > 1)}"
            text = f"{parameters} moved: w ← w − lr · d{self.names[-1]}/dw"
            return Frame(run[0].phase, text, so_far=moved)
        others = self.selection.network.samples - 1
        samples = "the other sample" if others == 1 else f"the other {others} samples"
        what = "the penalty" if part == "penalty" else samples
        text = f"{what}: {len(run)} step{'s' * (len(run) > 1)}"
        return Frame(run[0].phase, text, so_far=self._sums(run))

    def _computed(self, neuron: Neuron, run: Sequence[Frame]) -> Frame:
        last = run[-1]
        found = {self.order[frame.target]: frame for frame in run if frame.target is not None}
        texts = [f"{frame.name} = {number(frame.value)}" for frame in found.values()]
        if neuron.a is not neuron.z and neuron.a in found and neuron.z in found:
            z, a = found[neuron.z], found[neuron.a]
            assert neuron.a.op is not None
            texts = [f"{z.name} = {number(z.value)}"]
            texts.append(f"{a.name} = {neuron.a.op.symbol}({z.name}) = {number(a.value)}")
        name, box = neuron_name(neuron) or "neuron", self.selection.ordinal[neuron.a]
        text = f"{name}: {'; '.join(texts[-2:])}"
        rule = "z = Σ w · x" + " + b" * (neuron.bias is not None) if neuron.z in found else ""
        return Frame(last.phase, text, rule, node=box, target=box, name=name, value=last.value)

    def _passed_on(self, neuron: Neuron, run: Sequence[Frame]) -> Frame:
        root = self.names[-1]
        name, box = neuron_name(neuron) or "neuron", self.selection.ordinal[neuron.a]
        texts = []
        first = run[0]
        if first.node == box and first.adjoint is not None:
            texts.append(f"d{root}/d{self.names[box]} = {number(first.adjoint)}")
        at_z = self.selection.ordinal[neuron.z]
        sums = [frame.adjoint for frame in run if frame.node == at_z and frame.adjoint is not None]
        if neuron.a is not neuron.z and first.node == box:
            texts += [f"d{root}/d{f.name} = {number(f.value)}" for f in run if f.target == at_z]
        elif sums:
            texts.append(f"d{root}/d{self.names[at_z]} = {number(sums[0])}")
        receivers = [
            "the bias" if word == "bias" else f"{len(kind)} {word}{'s' * (len(kind) > 1)}"
            for word, kind in self._receivers(neuron, run).items()
            if kind
        ]
        text = ": ".join(filter(None, [name, ", ".join(dict.fromkeys(texts))]))
        rule = f"passed on to {', '.join(receivers)}" if receivers else ""
        return Frame(run[0].phase, text, rule, self._sums(run), node=box, name=name)

    def _receivers(self, neuron: Neuron, run: Sequence[Frame]) -> dict[str, set[Value]]:
        targets = {self.order[frame.target] for frame in run if frame.target is not None}
        biases = set() if neuron.bias is None else {neuron.bias}
        return {
            "weight": targets & set(neuron.weights),
            "bias": targets & biases,
            "input": targets & set(neuron.inputs),
        }

    def _sums(self, run: Sequence[Frame]) -> str:
        """Return the last gradient of the targets that have a number in the picture."""
        if _is_forward(run):
            return ""
        root = self.names[-1]
        last = {f.target: f for f in run if f.target is not None and self._has_number(f.target)}
        shown = [
            f"d{root}/d{f.name} = {number(f.value)}"
            + " so far" * (not f.so_far.endswith("complete"))
            for f in last.values()
        ]
        return listed(shown, MAX_LISTED)

    def _has_number(self, place: int) -> bool:
        """Return whether the picture shows the gradient of a node outside of the sums."""
        node = self.order[place]
        return node in self.selection.parameters or node in self.selection.shown


def _is_forward(run: Sequence[Frame]) -> bool:
    return run[0].phase == "forward"
