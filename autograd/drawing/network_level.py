"""The picture of a network: one box a neuron, and one sample of a batch: `NetworkSelection`."""

from __future__ import annotations

from collections.abc import Iterator

from ..explaining.leaves import parameters_of
from ..explaining.neurons import Network, Neuron, network
from ..explaining.repeated_terms import repeated_terms
from ..value import Value, topological_order
from .options import check_sample
from .selection import Selection

MAX_PARAMETERS = 12  # of all neurons of a graph that is drawn node by node, unless it is asked for
MAX_NODES = 60  # of a graph without neurons that is drawn node by node
MAX_NEURONS = 100  # of a sample; a larger network is drawn node by node, the nearest to the root


class NetworkSelection(Selection):
    """The boxes of one sample: its neurons, what they read, and what is computed from them.

    A box stands for the result of a neuron, and for the nodes inside it. Parameters have no box of
    their own. Other samples are left out. What is computed from parameters alone is one box.
    """

    def __init__(self, root: Value, found: Network, sample: int) -> None:
        parameters = found.parameters or parameters_of(topological_order(root))
        super().__init__(root, parameters, fold=False, max_nodes=None, depth=None)
        self.network, self.sample = found, sample
        of_sample = [n for n in found.neurons if self._is_shown(n.a)]
        self.neurons = {neuron.a: neuron for neuron in of_sample}
        self.neuron_around = {node: neuron for neuron in of_sample for node in neuron.inside}
        self._same = _same_constants(of_sample)
        boxes, self.shown = [root], {root}
        for node in boxes:  # the list grows meanwhile
            for _, x in self.read_by(node):
                if x not in self.shown:
                    self.shown.add(x)
                    boxes.append(x)
        self.nodes = [node for node in self.ordinal if node in self.shown]
        self.hidden, self.copies = 0, {}
        self.edges = [(x, node, i) for node in self.nodes for i, x in self.read_by(node)]

    def columns(self) -> list[list[Value]]:
        return [[neuron.a for neuron in layer] for layer in layers(self.neurons)]

    def kind(self, node: Value) -> str:
        return "neuron" if node in self.neurons else super().kind(node)

    def of_other_samples(self, node: Value) -> int:
        """Return how many operands of ``node`` belong to other samples."""
        return sum(not self._is_shown(x) for x in self._operands(node))

    def read_by(self, node: Value) -> list[tuple[int, Value]]:
        """Return the boxes with an edge into the box of ``node``.

        Before each is its place: among the inputs of a neuron, or among the operands of a node.
        """
        neuron = self.neurons.get(node)
        if neuron is not None:
            return [(i, self._same.get(x, x)) for i, x in enumerate(neuron.inputs)]
        if node in self.network.penalties:
            return []
        return [(i, x) for i, x in enumerate(self._operands(node)) if self._is_shown(x)]

    def _operands(self, node: Value) -> tuple[Value, ...]:
        return self.network.sums.get(node, node.parents)

    def _is_shown(self, node: Value) -> bool:
        return self.network.sample_of.get(node, self.sample) == self.sample


def selected(
    root: Value, level: str | None, sample: int, is_asked_for_nodes: bool
) -> NetworkSelection | None:
    """Return the boxes of the network in a graph, or None if it is drawn node by node.

    A graph without a network, or with a small one, can have a sum of repeated terms instead. A
    sample but the first asks for the network.

    ValueError if there is no network that was asked for, or no such sample.
    """
    wanted = "level='network'" if level == "network" else f"sample={sample}"
    level = "network" if sample and level is None else level
    if level == "nodes" or (level is None and is_asked_for_nodes):
        return None
    found: Network | None = network(root)
    assert found is not None
    uses = [parameter for neuron in found.neurons for parameter in neuron.parameters]
    # one parameter alone is a chain, such as h = tanh(h * w) again and again
    is_small = len(uses) <= MAX_PARAMETERS or len(set(uses)) == 1
    if not found.neurons or (level is None and is_small):
        order = topological_order(root)
        is_long = level == "network" or len(order) > MAX_NODES
        found = repeated_terms(order) if is_long else None
    if found is None:
        if level == "network":
            raise ValueError(
                f"{wanted} needs neurons: sums of products with parameters, whose labels are "
                "paths such as layers.0.w.1, or w1, w2, b. Or it needs a sum of repeated terms"
            )
        return None
    check_sample(sample, found.samples)
    selection = NetworkSelection(root, found, sample)
    boxes = selection.neurons if found.neurons else selection.nodes
    return None if level is None and len(boxes) > MAX_NEURONS else selection


def layers(neurons: dict[Value, Neuron]) -> Iterator[list[Neuron]]:
    """Yield the neurons that read the same inputs."""
    found: dict[tuple[object, ...], list[Neuron]] = {}
    for neuron in neurons.values():
        found.setdefault(_what_it_reads(neuron), []).append(neuron)
    yield from found.values()


def _same_constants(neurons: list[Neuron]) -> dict[Value, Value]:
    """Return the first of the constants that stand for one input of a layer, for each of them."""
    first: dict[object, Value] = {}
    return {
        x: first.setdefault((_what_it_reads(neuron), i), x)
        for neuron in neurons
        for i, x in enumerate(neuron.inputs)
        if x.is_constant
    }


def _what_it_reads(neuron: Neuron) -> tuple[object, ...]:
    """Return the inputs of a neuron; a constant is the same as another of the same number."""
    return tuple([x.data if x.is_constant else x for x in neuron.inputs])
