"""Neurons in a graph: `network` finds them, and which of them belong to the same sample.

A neuron is a sum of products of a parameter with something else, perhaps with a bias, and perhaps
with an activation function after it. It does not matter how the sum was written: as a `dot`, as
``w1 * x1 + w2 * x2 + b``, or by ``sum(...)``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .. import ops
from ..graph import consumers
from ..operation import Dot
from ..value import Value, topological_order
from .leaves import weights_and_biases
from .long_sums import long_sums
from .node_names import activates
from .notation import label_of


@dataclass(frozen=True)
class Neuron:
    """One neuron at one place of the graph.

    name: the common part of the labels of its parameters, ``layers.0.neurons.1``, or "".
    weights, inputs: the operands of its products, side by side.
    bias: a parameter, or None.
    z: the node of the sum, the pre-activation. a: the activation, or z again.
    inside: z, a and all nodes between the operands and them.
    """

    name: str
    weights: tuple[Value, ...]
    inputs: tuple[Value, ...]
    bias: Value | None
    z: Value
    a: Value
    inside: frozenset[Value] = field(repr=False)

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The weights, and the bias if there is one."""
        return self.weights if self.bias is None else (*self.weights, self.bias)


@dataclass(frozen=True)
class Network:
    """The neurons of a graph, operands first, and the samples that it was computed from.

    sample_of: for each node that is computed from one sample alone, the number of the sample from
    0. Nodes of several samples have none, as the mean over a batch, and so have those that depend
    on no neuron.
    penalties: for each node that is computed from parameters without a neuron, these parameters.
    sums: for the result of a sum over samples, its terms. The partial sums are left out.
    """

    neurons: list[Neuron]
    sample_of: dict[Value, int]
    samples: int
    penalties: dict[Value, frozenset[Value]]
    sums: dict[Value, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def parameters(self) -> set[Value]:
        """The parameters of all neurons."""
        return {p for neuron in self.neurons for p in neuron.parameters}


def network(root: Value) -> Network:
    """Return the neurons in the graph of ``root``, and the samples.

    A leaf is a parameter if its label is a path (``layers.0.w.1``), or w or b with a number or an
    index (``w1``, ``b[0]``). Two neurons with the same parameters belong to different samples,
    unless one depends on the other, as in a recurrent network.

    >>> x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(0.5, "b")
    >>> [neuron] = network((w * x + b).tanh()).neurons
    >>> neuron.weights == (w,), neuron.inputs == (x,), neuron.bias is b, neuron.a.op.name
    (True, True, True, 'tanh')
    """
    order = topological_order(root)
    neurons = _neurons(order, set(weights_and_biases(order)))
    sample_of, samples = _samples(order, neurons)
    sums = {
        top: tuple(terms)
        for top, terms in long_sums(order, {node for neuron in neurons for node in neuron.inside})
        if len({sample_of[term] for term in terms if term in sample_of}) > 1
    }
    return Network(neurons, sample_of, samples, _penalties(order, neurons), sums)


def _neurons(order: Sequence[Value], parameters: set[Value]) -> list[Neuron]:
    """Return the neurons, operands first. A sum inside a longer sum is a part of that one."""
    uses = consumers(order)
    found: dict[Value, Neuron] = {}
    parts: set[Value] = set()  # nodes inside of a neuron, but for its result
    for node in reversed(order):
        if node in parts or node.op is None:
            continue
        pairs, biases, inside = _affine(node, parameters, lambda n: len(uses[n]) == 1)
        if not pairs or len(biases) > 1:
            continue
        bias = biases[0] if biases else None
        inside.add(node)
        a = node
        if len(uses[node]) == 1:
            consumer = uses[node][0][0]
            is_read = any(
                user.op is ops.mul or isinstance(user.op, Dot) for user, _ in uses[consumer]
            )
            if consumer not in found and activates(consumer, is_read):
                a = consumer
        inside.add(a)
        weights, inputs = tuple(w for w, _ in pairs), tuple(x for _, x in pairs)
        name = _common([label_of(p).strip() for p in (*weights, *biases)])
        found[a] = Neuron(name, weights, inputs, bias, node, a, frozenset(inside))
        parts |= inside
    return [found[node] for node in order if node in found]


def _affine(
    top: Value, parameters: set[Value], used_once: Callable[[Value], bool]
) -> tuple[list[tuple[Value, Value]], list[Value], set[Value]]:
    """Return the pairs (weight, input) of a sum, its biases, and the nodes between.

    There are no pairs if another term is in it than a product with one parameter, or a parameter.
    """
    pairs: list[tuple[Value, Value]] = []
    biases: list[Value] = []
    inside: set[Value] = set()
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if node in parameters:
            biases.append(node)
            continue
        if node.is_constant and node.data == 0.0:  # the start of Python's sum()
            continue
        if node is not top:
            if not used_once(node):
                return [], [], set()
            inside.add(node)
        if node.op is ops.add or node.op is ops.sum:
            waiting.extend(reversed(node.parents))
            continue
        if isinstance(node.op, Dot):
            half = len(node.parents) // 2
            products = list(zip(node.parents[:half], node.parents[half:], strict=False))
            waiting.extend(node.parents[2 * half :])
        elif node.op is ops.mul:
            products = [(node.parents[0], node.parents[1])]
        else:
            return [], [], set()
        for left, right in products:
            if (left in parameters) == (right in parameters):
                return [], [], set()
            pairs.append((left, right) if left in parameters else (right, left))
    return pairs, biases, inside


def _common(labels: Sequence[str]) -> str:
    """Return the parts with which all these labels begin: of w.0 and w.1 it is w."""
    paths = [label.split(".") for label in labels]
    shared = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    if len(paths) == 1 and len(shared) > 1:  # one weight alone: its last parts name it
        shared = shared[:-1]
    if shared and shared[-1] in ("w", "weight"):
        shared = shared[:-1]
    return ".".join(shared) if len(paths[0]) > 1 else ""


class _Groups:
    """Sets of neurons that belong to the same sample; two of them can become one (union-find)."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.members: list[Counter[frozenset[Value]]] = []  # how often each neuron is in a group

    def new(self, neuron: frozenset[Value]) -> int:
        self.parent.append(len(self.parent))
        self.members.append(Counter([neuron]))
        return self.parent[-1]

    def find(self, group: int) -> int:
        while self.parent[group] != group:
            self.parent[group] = group = self.parent[self.parent[group]]
        return group

    def joined(self, groups: Iterable[int]) -> int:
        first, *others = sorted({self.find(group) for group in groups})
        for other in others:
            self.parent[other] = first
            self.members[first] += self.members[other]
        return first

    def disjoint(self, groups: Iterable[int]) -> bool:
        """Return whether no neuron is in two of these groups."""
        total: Counter[frozenset[Value]] = Counter()
        for group in groups:
            if total.keys() & self.members[group].keys():
                return False
            total += self.members[group]
        return True


def _samples(order: Sequence[Value], neurons: Sequence[Neuron]) -> tuple[dict[Value, int], int]:
    """Return the number of the sample of each node that has one, and how many samples there are."""
    by_result = {neuron.a: neuron for neuron in neurons}
    inside = {node for neuron in neurons for node in neuron.inside}
    groups = _Groups()
    found: dict[Value, set[int]] = {}  # the groups that each node depends on
    for node in order:
        neuron = by_result.get(node)
        if neuron is None and node in inside:
            continue
        operands = node.parents if neuron is None else neuron.inputs
        below = {groups.find(g) for p in operands for g in found.get(p, ())}
        if neuron is not None:  # what a neuron reads belongs together
            below = {groups.joined([*below, groups.new(frozenset(neuron.parameters))])}
            for piece in neuron.inside:
                found[piece] = below
        elif len(below) > 1 and groups.disjoint(below):
            below = {groups.joined(below)}
        found[node] = below
    firsts: dict[int, int] = {}  # group -> number, in the order of computing
    number_of: dict[Value, int] = {}
    for node in order:
        left = {groups.find(group) for group in found.get(node, ())}
        if len(left) == 1:
            number_of[node] = firsts.setdefault(left.pop(), len(firsts))
    _give_inputs(order, neurons, number_of)
    return number_of, len(firsts)


def _give_inputs(
    order: Sequence[Value], neurons: Sequence[Neuron], number_of: dict[Value, int]
) -> None:
    """Give each operand that only one sample reads to that sample: inputs and targets."""
    weights = {p for neuron in neurons for p in neuron.parameters}
    readers: dict[Value, set[int | None]] = defaultdict(set)
    for node in reversed(order):
        if node not in number_of and node not in weights and len(readers[node]) == 1:
            (reader,) = readers[node]
            if reader is not None:
                number_of[node] = reader
        for parent in node.parents:
            readers[parent].add(number_of.get(node))


def _penalties(order: Sequence[Value], neurons: Sequence[Neuron]) -> dict[Value, frozenset[Value]]:
    """Return the parameters behind each node that is computed from them without a neuron."""
    in_neurons = {node for neuron in neurons for node in neuron.inside}
    behind = {p: frozenset([p]) for neuron in neurons for p in neuron.parameters}
    found: dict[Value, frozenset[Value]] = {}
    for node in order:
        sources = [behind[p] for p in node.parents if p in behind]
        others = [p for p in node.parents if p not in behind and not p.is_constant]
        if sources and not others and node not in in_neurons:
            found[node] = behind[node] = frozenset().union(*sources)
    return found
