"""What is said of some graphs, as committed in ``explanations.txt``: names, formulas, neurons.

Read what a change made different, and if it is better write the text anew:

    python -m tests.autograd.explaining.test_committed_explanations
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import autograd
import nn
from autograd import Value, dot, explain, formula, relu, topological_order
from autograd.explaining.formulas import computed, formulas, rules
from autograd.explaining.leaves import inputs_first, parameters_of, trained, weights_and_biases
from autograd.explaining.long_sums import long_sums
from autograd.explaining.neurons import network
from autograd.explaining.node_names import names, short_names
from autograd.explaining.repeated_terms import repeated_terms

from ...support.graphs import chain_after_fan_out, fan_out
from ..committed import commit, committed, lines_of

COMMITTED = Path(__file__).with_name("explanations.txt")


def batch() -> Value:
    """Return the loss of a small network over two samples, with a penalty."""
    model = nn.MLP(2, [2, 1])
    for i, parameter in enumerate(model.parameters()):
        parameter.data = 0.25 * i - 0.75
    outputs = [model([0.5 * i, 1.0 - i]) for i in range(2)]
    loss: Value = nn.mse(outputs, [1.0, Value(2.0, "target")])
    return loss + 0.01 * autograd.sum([p * p for p in model.parameters()])


def two_models() -> Value:
    """Return neurons of two models, of layers with more than nine units, and equal labels."""
    first = [Value(0.5, f"encoder.layers.{i}.neurons.{j}.w.0") for i in (0, 1) for j in (8, 9)]
    second = Value(2.0, "decoder.w.0"), Value(1.0, "decoder.b"), Value(3.0, "decoder.scale")
    x = [Value(1.0, "x"), Value(-1.0, "x"), Value(2.0, "x1"), Value(3.0, "x1")]
    zs = [dot([w], [v]) for w, v in zip(first, x, strict=True)]
    return dot([second[0]], [relu(sum(zs, Value(0.0)))], second[1]) * second[2]


def written_neurons() -> Value:
    """Return neurons that are written with + and *, of which one reads the other, and a loss."""
    w = [Value(0.5 * i - 1.0, f"w{i}") for i in range(1, 5)]
    b1, b2, x = Value(0.25, "b1"), Value(-0.5, "b2"), Value(2.0, "x1")
    h = ((w[0] * x + 3.0 * w[1]) + b1).relu()
    y = sum([h * w[2], w[3] * x, b2], Value(0.0)).softplus()
    return -(y - 1.0) * (y - 1.0)


def long_names() -> Value:
    """Return a graph with labels that are too long, hostile, equal, or those of other nodes."""
    labels = ["a name of more than twenty-four letters", "v1", "f", "a b", "\u202ex", "v1", "2"]
    leaves = [Value(float(i), label) for i, label in enumerate(labels, 1)]
    total = leaves[0]
    for i, leaf in enumerate(leaves[1:]):
        total = total * leaf - i if i % 2 else (total + leaf) ** 2 / -1.5
    return total


def line_over_samples() -> Value:
    """Return the mean of four terms that differ in their leaves alone, and one other term."""
    a, c = Value(0.75, "a"), Value(0.5, "c")
    terms = [(a * float(i) + c - Value(2.0 * i, f"y{i}")) ** 2 for i in range(4)]
    return autograd.mean([*terms, a * c])


def many_uses() -> Value:
    """Return a sum in which one leaf is used 25 times, with numbers of all sizes."""
    x = Value(1.5, "x_1")
    return autograd.sum([x * (-2e-20 * i if i % 2 else 1e5 * i) for i in range(25)])


GRAPHS: dict[str, Callable[[], Value]] = {
    graph.__name__: graph
    for graph in (
        fan_out, chain_after_fan_out, batch, two_models, written_neurons, long_names,
        line_over_samples, many_uses,
    )
}  # fmt: skip


def said(root: Value) -> Iterator[str]:
    """Yield what is said of the graph of ``root`` and of its nodes."""
    order = topological_order(root)
    named, written = names(order), formulas(order, max_characters=60)
    short = short_names(order)
    for node in order:
        yield f"{named[node]} | {short.get(node)} | {computed(node, named)} | {written[node]}"
        yield f"  {formula(node)!r}".replace("\n", " ")
        yield f"  {rules(node, named)}"
    for list_of in (inputs_first, trained, weights_and_biases, parameters_of):
        yield f"{list_of.__name__}: {[named[x] for x in order if x in list_of(order)]}"
    yield f"inputs first: {[named[x] for x in inputs_first(order)]}"
    for top, terms in long_sums(order):
        yield f"sum {named[top]}: {[named[x] for x in terms]}"
    for found in filter(None, [network(root), repeated_terms(order)]):
        yield f"{found.samples} samples: {[found.sample_of.get(node) for node in order]}"
        for n in found.neurons:
            parts = [[named[x] for x in xs] for xs in (n.weights, n.inputs)]
            bias = None if n.bias is None else named[n.bias]
            inside = [named[x] for x in order if x in n.inside]
            yield f"neuron {n.name!r}: {parts} {bias} {inside} {named[n.z]}"
        for node, behind in found.penalties.items():
            yield f"penalty {named[node]}: {[named[x] for x in order if x in behind]}"
        for node, operands in found.sums.items():
            yield f"over samples {named[node]}: {[named[x] for x in operands]}"
    for x in [order[0], order[len(order) // 2], root]:
        explanation = explain(root, x, paths=2)
        yield from repr(explanation).split("\n")
        yield explanation._repr_latex_()


def said_of(graph: Callable[[], Value]) -> Iterator[str]:
    return said(graph())


SAID = {name: partial(said_of, graph) for name, graph in GRAPHS.items()}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_said_is_as_committed(name: str) -> None:
    assert lines_of(SAID[name]) == committed(COMMITTED)[name]


def test_all_that_is_committed_is_said() -> None:
    assert list(committed(COMMITTED)) == list(GRAPHS)


if __name__ == "__main__":
    commit(COMMITTED, SAID)
