"""What is a neuron in a graph, what its name is, and which nodes belong to one sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from autograd import Value, dot, softplus
from autograd import sum as sum_of
from autograd.explaining.neurons import Network, network

V = dict[str, Value]


def leaves() -> V:
    """Two inputs, six weights, two biases, two targets."""
    labels = ["x1", "x2", "w1", "w2", "w3", "w4", "w5", "w6", "b1", "b2", "y1", "y2"]
    return {label: Value(0.1 * (i + 1), label) for i, label in enumerate(labels)}


def shown(found: Network) -> list[str]:
    """Each neuron as its activation, weights, inputs and bias."""
    texts = []
    for n in found.neurons:
        pairs = zip(n.weights, n.inputs, strict=True)
        products = " ".join(f"{w.label}*{x.label or x.op.name}" for w, x in pairs)
        texts.append(
            f"{n.a.op.name}: {products}" + (f" + {n.bias.label}" if n.bias is not None else "")
        )
    return texts


GRAPHS: dict[str, tuple[Callable[[V], Value], list[str]]] = {
    "a dot": (lambda v: dot([v["w1"], v["w2"]], [v["x1"], v["x2"]], v["b1"]).tanh(),
        ["tanh: w1*x1 w2*x2 + b1"]),
    "operators": (lambda v: (v["x1"] * v["w1"] + v["w2"] * v["x2"] + v["b1"]).relu(),
        ["relu: w1*x1 w2*x2 + b1"]),
    "the builtin sum": (lambda v: sum([v["w1"] * v["x1"], v["w2"] * v["x2"]]).tanh(),
        ["tanh: w1*x1 w2*x2"]),
    "a sum": (lambda v: sum_of([v["w1"] * v["x1"], v["w2"] * v["x2"], v["b1"]]),
        ["sum: w1*x1 w2*x2 + b1"]),
    "two biases": (lambda v: (v["w1"] * v["x1"] + v["b1"] + v["b2"]).tanh(),
        ["add: w1*x1 + b1"]),
    "a number added": (lambda v: v["w1"] * v["x1"] + 1.0, ["mul: w1*x1"]),
    "zero added": (lambda v: v["w1"] * v["x1"] + 0.0 + v["b1"], ["add: w1*x1 + b1"]),
    "an input of 0 added": (lambda v: v["w1"] * v["x1"] + Value(0.0, "x3"), ["mul: w1*x1"]),
    "a product of parameters": (lambda v: v["w1"] * v["w2"], []),
    "a sum that is read twice": (
        lambda v: (lambda z: z * z.tanh())(v["w1"] * v["x1"] + v["b1"]),
        ["add: w1*x1 + b1"]),
    "an inner sum that is read twice": (
        lambda v: (lambda z: (z + v["w2"] * v["x2"]) * z)(v["w1"] * v["x1"] + v["b1"]),
        ["add: w1*x1 + b1", "mul: w2*x2"]),
    "no activation": (lambda v: (v["w1"] * v["x1"]).sqrt(), ["mul: w1*x1"]),
    "a loss": (lambda v: softplus(v["w1"] * v["x1"]), ["mul: w1*x1"]),
    "softplus that a product reads": (
        lambda v: softplus(v["w1"] * v["x1"]) * v["w2"], ["softplus: w1*x1", "mul: w2*softplus"]),
    "softplus that a dot reads": (
        lambda v: dot([v["w2"], v["w3"]], [softplus(v["w1"] * v["x1"]), v["x2"]]),
        ["softplus: w1*x1", "dot: w2*softplus w3*x2"]),
    "two layers": (
        lambda v: dot([v["w3"]], [(v["w1"] * v["x1"] + v["b1"]).tanh()], v["b2"]).sigmoid(),
        ["tanh: w1*x1 + b1", "sigmoid: w3*tanh + b2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_neuron_is_found_however_its_sum_is_written(name: str) -> None:
    make, expected = GRAPHS[name]
    assert shown(network(make(leaves()))) == expected


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (("layers.0.neurons.1.w.0", "layers.0.neurons.1.w.1"), "layers.0.neurons.1"),
        (("layers.0.neurons.1.w.0", "layers.0.neurons.1.b"), "layers.0.neurons.1"),
        (("head.weight.0", "head.weight.1"), "head"),
        (("head.weight.0", "head.bias"), "head"),
        (("head.weight.0",), "head"),
        (("net.first.0",), "net.first"),
        (("net.0",), "net"),
        (("a.0.x", "b.0.x"), ""),
        (("w1", "w2"), ""),
        (("w1",), ""),
        (("w",), ""),
    ],
)
def test_a_neuron_is_named_by_what_its_labels_share(labels: tuple[str, ...], name: str) -> None:
    weights = [Value(0.5, label) for label in labels]
    inputs = [Value(1.0, f"x{i}") for i in range(len(labels))]
    (neuron,) = network(dot(weights, inputs)).neurons
    assert neuron.name == name


def outputs(v: V, x: str) -> Value:
    return (v["w1"] * v[x] + v["b1"]).tanh() * v["w2"]


def test_samples_are_told_apart_by_their_neurons() -> None:
    v = leaves()
    first, second = outputs(v, "x1"), outputs(v, "x2")
    losses = [(first - v["y1"]) ** 2, (second - v["y2"]) ** 2]
    penalty = v["w1"] * v["w1"]
    scaled = penalty * 0.5
    root = losses[0] + losses[1] + scaled
    found = network(root)
    assert found.samples == 2
    samples = [found.sample_of[node] for node in (first, losses[0], second, losses[1])]
    assert samples == [0, 0, 1, 1]
    assert [found.sample_of[v[label]] for label in ("x1", "y1", "x2", "y2")] == [0, 0, 1, 1]
    assert not {root, v["w1"], penalty} & found.sample_of.keys()
    assert found.penalties == {penalty: {v["w1"]}, scaled: {v["w1"]}}


def test_an_input_that_two_samples_read_belongs_to_none() -> None:
    v = leaves()
    shared = v["y1"]
    root = (outputs(v, "x1") - shared) ** 2 + (outputs(v, "x2") - shared) ** 2
    found = network(root)
    assert shared not in found.sample_of
    assert found.samples == 2


def test_neurons_that_meet_again_are_one_sample() -> None:
    v = leaves()
    hidden = [(v[w] * v["x1"]).tanh() for w in ("w1", "w2")]
    found = network(hidden[0] * hidden[1] + (v["w3"] * v["x2"]).tanh())
    assert found.samples == 1
    assert {found.sample_of[v[label]] for label in ("x1", "x2")} == {0}


def test_samples_are_told_apart_in_whatever_order_they_are_computed() -> None:
    v = leaves()
    scores = []
    for x, first, second in (("x1", "w1", "w2"), ("x2", "w2", "w1")):
        hidden = [(v[w] * v[x]).tanh() for w in (first, second)]
        scores.append(dot([v["w3"], v["w4"]], hidden).tanh())
    assert network(scores[0] + scores[1]).samples == 2


def test_a_recurrent_network_is_one_sample() -> None:
    v = leaves()
    h = (v["w1"] * v["x1"] + v["b1"]).tanh()
    h = (v["w1"] * h + v["b1"]).tanh()
    assert network(h).samples == 1
