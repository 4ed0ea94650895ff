"""Which neurons, samples and penalties are found in a graph, and the picture that they give."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, draw_dot, to_svg
from autograd.explaining.neurons import Network, network
from autograd.value import topological_order

from ...support.graphviz import needs_graphviz


def micrograd_style(x: list[float], shape: tuple[int, ...] = (2, 4, 1)) -> Value:
    """Return the output of a network whose neurons are chains of ``w * x``, as in micrograd."""
    values: list[Value] = [Value(v) for v in x]
    for layer, (inputs, outputs) in enumerate(pairwise(shape)):
        name = f"n{layer}"
        values = [
            sum(
                (Value(0.1 * (i + j + 1), f"{name}.{j}.w{i}") * values[i] for i in range(inputs)),
                Value(0.1, f"{name}.{j}.b"),
            ).tanh()
            for j in range(outputs)
        ]
    return values[0]


def mlp_loss(samples: int = 1, penalty: bool = False) -> Value:
    model = nn.MLP(2, [4, 4, 1])
    outputs = [model([0.5 * i, 1.0 - i]) for i in range(samples)]
    loss: Value = nn.mse(outputs, [1.0] * samples)
    if penalty:
        loss = loss + 0.01 * autograd.sum([p * p for p in model.parameters()])
    loss.backward()
    return loss


def recurrent() -> Value:
    w = [Value(0.5, "w1"), Value(0.3, "w2")]
    state = Value(0.1)
    for x in (1.0, 2.0, 3.0):
        state = (w[0] * x + w[1] * state).tanh()
    return state * state


def attention() -> Value:
    q = [Value(0.1 * i, f"q.{i}") for i in range(2)]
    tokens = [[Value(1.0), Value(2.0)], [Value(0.5), Value(1.5)]]
    queries = [autograd.dot(q, token) for token in tokens]
    mixed = queries[0] * queries[1]
    return autograd.dot([Value(1.0, "out.w.0")], [mixed])


FOUND: dict[str, tuple[Callable[[], Value], int, int]] = {  # the graph, its neurons, its samples
    "one neuron": (lambda: micrograd_style([1.0, 2.0], (2, 1)), 1, 1),
    "micrograd's style": (lambda: micrograd_style([1.0, 2.0]), 5, 1),
    "an MLP": (mlp_loss, 9, 1),
    "a batch": (lambda: mlp_loss(3), 27, 3),
    "a batch with a penalty": (lambda: mlp_loss(3, penalty=True), 27, 3),
    "a recurrent network is one sample": (recurrent, 3, 1),
    "tokens that a neuron joins are one sample": (attention, 3, 1),
    "no neuron": (lambda: Value(2.0, "a") * Value(3.0, "c") + 1, 0, 0),
    "a product of parameters is no neuron": (lambda: Value(2.0, "w1") * Value(3.0, "w2"), 0, 0),
    "a sum with another term is no neuron": (
        lambda: Value(2.0, "w1") * Value(3.0, "x") + autograd.exp(Value(1.0, "x2")) * 2,
        1,
        1,
    ),
}


def found_in(name: str) -> tuple[Value, Network]:
    root = FOUND[name][0]()
    return root, network(root)


@pytest.mark.parametrize("name", FOUND)
def test_neurons_and_samples_are_found(name: str) -> None:
    _, found = found_in(name)
    assert (len(found.neurons), found.samples) == FOUND[name][1:]


@pytest.mark.parametrize("name", FOUND)
def test_the_parts_of_a_neuron_compute_it(name: str) -> None:
    for neuron in found_in(name)[1].neurons:
        products = [w.data * x.data for w, x in zip(neuron.weights, neuron.inputs, strict=True)]
        bias = 0.0 if neuron.bias is None else neuron.bias.data
        assert neuron.z.data == pytest.approx(sum(products) + bias, rel=1e-12)
        assert {neuron.z, neuron.a} <= neuron.inside
        assert not neuron.inside & {*neuron.parameters, *neuron.inputs}


def test_nodes_of_several_samples_belong_to_none() -> None:
    root, found = found_in("a batch with a penalty")
    assert root not in found.sample_of
    apart = [n for n in topological_order(root) if n not in found.sample_of and n.parents]
    assert {n.op.name for n in apart if n.op and n not in found.penalties} == {"mean", "add"}
    total = max(found.penalties.values(), key=len)
    assert total == found.parameters
    assert len(total) == 37


def test_inputs_and_targets_belong_to_their_sample() -> None:
    xs = [[Value(1.0, "a"), Value(2.0, "b")], [Value(3.0, "c"), Value(4.0, "d")]]
    model = nn.MLP(2, [2, 1])
    found = network(nn.mse([model(x) for x in xs], [Value(5.0, "s"), Value(6.0, "t")]))
    by_label = {node.label: sample for node, sample in found.sample_of.items() if node.label}
    assert by_label == {"a": 0, "b": 0, "s": 0, "c": 1, "d": 1, "t": 1}


# ------------------------------------------------------------------------------------- the picture


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"level": "network"}, "level='network'"),
        ({"level": "network", "sample": 1}, "level='network'"),
        ({"sample": 2}, "sample=2"),
    ],
    ids=str,
)
def test_a_network_without_neurons_is_an_error(options: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValueError, match="needs neurons") as caught:
        draw_dot(Value(2.0, "x") * 3, **options)
    assert str(caught.value) == (
        f"{wanted} needs neurons: sums of products with parameters, whose labels are paths such as "
        "layers.0.w.1, or w1, w2, b. Or it needs a sum of repeated terms"
    )


def test_twelve_parameters_are_drawn_node_by_node_thirteen_as_a_network() -> None:
    def neuron(parameters: int) -> Value:
        weights = [Value(0.5, f"w{i}") for i in range(parameters - 1)]
        return autograd.dot(weights, [1.0] * len(weights), Value(1.0, "b")).tanh()

    assert 'class="neuron' not in draw_dot(neuron(12)).source
    assert 'class="neuron' in draw_dot(neuron(13)).source
    assert 'class="neuron' in draw_dot(neuron(2), level="network").source


def test_one_parameter_that_is_used_again_and_again_is_drawn_node_by_node() -> None:
    h, w, v = Value(0.5, "h"), Value(0.9, "w"), Value(0.8, "w2")
    chain = mixed = h
    for i in range(14):
        chain, mixed = (chain * w).tanh(), (mixed * (v if i else w)).tanh()
    assert 'class="neuron' not in draw_dot(chain).source
    assert 'class="neuron' in draw_dot(mixed).source


@pytest.mark.parametrize(("neurons", "is_network"), [(100, True), (101, False)])
def test_a_hundred_neurons_are_drawn_as_a_network_and_more_node_by_node(
    neurons: int, is_network: bool
) -> None:
    x = Value(1.0, "x")
    outputs = [autograd.dot([Value(0.5, f"layers.0.neurons.{i}.w.0")], [x]) for i in range(neurons)]
    total = autograd.sum([z.tanh() for z in outputs])
    assert ('class="neuron' in draw_dot(total).source) == is_network
    assert 'class="neuron' in draw_dot(total, level="network").source


@pytest.mark.parametrize("nodes", [60, 61])
def test_a_repeated_sum_of_more_than_sixty_nodes_is_drawn_with_one_term(nodes: int) -> None:
    a = Value(2.0, "a")
    terms = [(a * Value(1.0, f"x{i}") - Value(0.5, f"y{i}")) ** 2 for i in range(9)]
    total = autograd.sum(terms) / 4.0 / 2.0
    total = -total if nodes == 61 else total
    assert len(topological_order(total)) == nodes
    assert ("of other samples" in draw_dot(total).source) == (nodes == 61)


def boxes(source: str) -> list[str]:
    return re.findall(r'^\tn(\d+) \[.*class="?(\w+)', source, re.MULTILINE)


def test_more_than_a_dozen_parameters_are_drawn_as_a_network() -> None:
    source = draw_dot(mlp_loss()).source
    assert source.count('class="neuron') == 9
    assert "layer 2, neuron 4" in source
    assert len(boxes(source)) == 15  # 9 neurons, 2 inputs, the target, and 3 nodes of the loss
    small = draw_dot(nn.MLP(2, [1])([1.0, 2.0])).source
    assert 'class="neuron' not in small


@pytest.mark.parametrize(
    "options",
    [{"level": "nodes"}, {"params": "fold"}, {"depth": 3}, {"expand": True}, {"max_nodes": 9}],
    ids=str,
)
def test_other_options_draw_nodes(options: dict[str, object]) -> None:
    assert 'class="neuron' not in draw_dot(mlp_loss(), **options).source  # type: ignore[arg-type]  # of several types


def test_a_network_shows_every_gradient_of_a_small_neuron() -> None:
    loss = mlp_loss()
    source = draw_dot(loss).source
    for node in network(loss).parameters:
        assert f"{node.label}: data {node.data!r}, grad {node.grad!r}" in source


def test_each_sample_has_its_picture_and_the_others_are_counted() -> None:
    loss = mlp_loss(3, penalty=True)
    pictures = [draw_dot(loss, sample=i).source for i in range(3)]
    assert len(set(pictures)) == 3
    for source in pictures:
        assert source.count('class="neuron') == 9
        assert "… 2 of other samples" in source
        assert "of 37 parameters" in source
        assert " hidden" not in source  # the other samples are counted already
    assert "sample 1 of 3: sample=1 shows another" in pictures[0]
    assert "sample 3 of 3: sample=0 shows another" in pictures[2]


def test_plain_numbers_that_a_layer_reads_are_drawn_once() -> None:
    source = draw_dot(micrograd_style([1.0, 2.0], (2, 3, 1)), level="network").source
    assert source.count("class=leaf") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "layers"}, "level is 'nodes', 'network' or None, got 'layers'"),
        ({"sample": -1}, "sample is a whole number, 0 or more, got -1"),
        ({"sample": 1}, "sample=1, but this graph has one sample: leave sample out"),
    ],
    ids=str,
)
def test_a_wrong_level_or_sample_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_dot(mlp_loss(), **options)  # type: ignore[arg-type]  # wrong on purpose


def test_of_two_samples_a_third_one_is_refused() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    loss = nn.mse([model([1.0, 2.0]), model([0.5, 0.0])], [1.0, 0.0])
    with pytest.raises(ValueError, match="sample is 0 to 1 in this graph, got 2"):
        draw_dot(loss, level="network", sample=2)


@needs_graphviz
@pytest.mark.parametrize("shape", [(4, 4, 1), (16, 16, 1)])
def test_a_network_is_rendered_with_its_neurons_in_order(shape: tuple[int, ...]) -> None:
    loss = nn.mse([nn.MLP(2, list(shape))([1.0, 2.0])], [1.0])
    svg = to_svg(loss)
    order = re.findall(r">layer 1, neuron (\d+)<", svg)
    heights = dict(
        zip(
            map(int, order),
            map(float, re.findall(r'y="([-\d.]+)"[^>]*>layer 1, neuron', svg)),
            strict=True,
        )
    )
    by_height = sorted(heights, key=heights.__getitem__)
    assert by_height in ([*range(1, shape[0] + 1)], [*range(shape[0], 0, -1)])


@needs_graphviz
def test_each_number_of_a_neuron_has_the_id_of_its_node() -> None:
    loss = mlp_loss()
    order = topological_order(loss)
    svg = to_svg(loss)
    assert "lists" not in svg
    found = re.findall(r'class="(data|grad)" data-node="n(\d+)"[^>]*>([^<]*)<', svg)
    assert len(found) == 2 * (9 + 8 + 37)  # every z, a and parameter
    for role, place, text in found:
        node = order[int(place)]
        assert text.replace("&#45;", "-") == f"{node.data if role == 'data' else node.grad:.4g}"
    tints = re.findall(r'class="tint" data-node="n(\d+)" fill="(#\w+)"', svg)
    assert len(tints) == 9 + 8 + 37
    assert all((color != "#ffffff") == (order[int(place)].grad != 0) for place, color in tints)
