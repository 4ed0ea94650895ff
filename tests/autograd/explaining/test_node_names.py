"""Short names of parameters and inputs: unique, the same each time, as courses write them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Constant, Value, dot, softplus, topological_order
from autograd.explaining.leaves import inputs_first, parameters_of, trained
from autograd.explaining.node_names import inputs_of, names, short_names

from ...support.graphs import HOSTILE_LABELS


def short(*labels: str) -> list[str]:
    """The short name of each label, or "" where a node keeps its label."""
    nodes = [Value(float(i), label) for i, label in enumerate(labels)]
    found = short_names(nodes)
    return [found.get(node, "") for node in nodes]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["layers.1.neurons.0.w.3", "layers.1.neurons.0.b"], ["w⁽²⁾₁₄", "b⁽²⁾₁"]),
        (["layers.0.neurons.0.w.3", "layers.0.neurons.1.b"], ["w₁₄", "b₂"]),
        (["layers.0.neurons.0.w.0", "layers.11.neurons.0.w.0"], ["w⁽¹⁾₁₁", "w⁽¹²⁾₁₁"]),
        (["neurons.9.w.0", "neurons.0.w.12", "neurons.0.b"], ["w₁₀,₁", "w₁,₁₃", "b₁"]),
        (["w.0", "w.1", "b"], ["w₁", "w₂", ""]),
        (["w.1", "w.2", "b"], ["w.1", "w.2", ""]),  # they seem to be counted from 1
        (["w.0.2", "w.4.0"], ["w₁₃", "w₅₁"]),  # a table of rows
        (["units.0.1.w.0", "units.1.0.b"], ["w₁₂₁", "b₂₁"]),
        (["enc.neurons.0.b", "dec.neurons.0.b"], ["enc.b₁", "dec.b₁"]),
        (["enc.neurons.0.b", "enc.neurons.1.b"], ["b₁", "b₂"]),
        (["neurons.0.b", "units.0.b"], ["neurons.0.b", "units.0.b"]),
        (["net.norm.scale", "net.head.scale", "net.shift"], ["norm.scale", "head.scale", "shift"]),
        (["a.scale", "scale"], ["a.scale", ""]),
        (["w₁₁", "neurons.0.w.0"], ["", "w.0"]),
        (["table.3.7", "table.3.8"], ["table.3.7", "table.3.8"]),
        (["attention.wq.0.1", "attention.wk.0.1"], ["wq.0.1", "wk.0.1"]),
        (["w.0", "w.0"], ["w₁[1]", "w₁[2]"]),
        (["a.b.c.d", "x y", "", "3.5"], ["d", "", "", ""]),
        (["a." + "p" * 30, "b." + "p" * 30],
         ["a." + "p" * 14 + "…" + "p" * 7, "b." + "p" * 14 + "…" + "p" * 7]),
    ],
)  # fmt: skip
def test_a_path_has_the_name_that_courses_use_or_its_shortest_unique_end(
    labels: list[str], expected: list[str]
) -> None:
    assert short(*labels) == expected


@given(st.lists(st.sampled_from(
    ["w.0", "w.1", "b", "layers.0.neurons.0.w.0", "layers.1.neurons.0.w.0", "layers.0.w.0", "x1",
     "net.layers.0.neurons.0.w.0", "a.x1", "b.x1", "neurons.0.w.0", "units.0.w.0", "w₁", "w₁₁",
     "w₁[1]", "a.b.c", "b.c", "c", *HOSTILE_LABELS]
), max_size=12))  # fmt: skip
@settings(derandomize=True, deadline=None, max_examples=300)
def test_names_are_unique_and_the_same_each_time(labels: list[str]) -> None:
    nodes = [Value(float(i), label) for i, label in enumerate(labels)]
    found = names(nodes)
    assert len(set(found.values())) == len(nodes)
    assert names(nodes) == found
    written = list(short_names(nodes).values())
    assert len(set(written)) == len(written)
    assert not set(written) & {label for label in labels if label in written and "." not in label}


def test_a_network_has_the_names_of_a_course_and_named_inputs() -> None:
    root = nn.MLP(2, [2, 1], rng=0)([1.0, 2.0])
    assert isinstance(root, Value)
    found = names(topological_order(root))
    leaves = [found[node] for node in inputs_first(topological_order(root))]
    assert leaves == [
        "x1", "x2", "w⁽¹⁾₁₁", "w⁽¹⁾₁₂", "b⁽¹⁾₁", "w⁽¹⁾₂₁", "w⁽¹⁾₂₂", "b⁽¹⁾₂", "w⁽²⁾₁₁", "w⁽²⁾₁₂",
        "b⁽²⁾₁",
    ]  # fmt: skip


def test_only_constants_that_a_weight_multiplies_are_inputs() -> None:
    w, x = Value(2.0, "w.1"), Value(3.0, "x")
    one, two, other = Constant(1.0), Constant(2.0), Constant(3.0)
    assert inputs_of([one, w, dot([one, w], [x, two])]) == {two: "x2"}
    assert inputs_of([w * two]) == {two: "x2"}  # the weight says which one
    assert inputs_of([two * w]) == {two: "x2"}
    assert inputs_of([x * two, dot([w * 2.0], [other]), w + other, dot([other], [two])]) == {}
    assert list(names([x, two, x * two]).values()) == ["x", "2", "f"]


RESULTS_OF_SAMPLES = [
    *["z⁽¹⁾₁[1]", "a⁽¹⁾₁[1]", "z⁽¹⁾₂[1]", "a⁽¹⁾₂[1]", "z⁽²⁾₁[1]"],
    *["z⁽¹⁾₁[2]", "a⁽¹⁾₁[2]", "z⁽¹⁾₂[2]", "a⁽¹⁾₂[2]", "z⁽²⁾₁[2]", "f"],
]


def test_two_samples_have_inputs_of_their_own() -> None:
    neuron = nn.Neuron(2, rng=0)
    root = neuron([1.0, 2.0]) + neuron([3.0, 4.0])
    found = names(topological_order(root))
    constants = [name for node, name in found.items() if node.is_constant]
    assert constants == ["x1[1]", "x2[1]", "x1[2]", "x2[2]"]
    mlp = nn.MLP(2, [2, 1], rng=0)
    found = names(topological_order(mlp([1.0, 2.0]) + mlp([3.0, 4.0])))
    assert [name for node, name in found.items() if node.op is not None] == RESULTS_OF_SAMPLES


def labels(nodes: object) -> list[str]:
    return sorted(node.label for node in nodes)  # type: ignore[attr-defined]  # Values


def test_training_changes_parameters_else_what_is_called_w_or_b_else_all_leaves() -> None:
    def trained_of(*given: str) -> list[str]:
        return labels(trained([Value(1.0, label) for label in given]))

    assert trained_of("x1", "w1", "w₂", "weight", "bias", "b_1", "wide") == [
        "b_1", "bias", "w1", "weight", "w₂",
    ]  # fmt: skip
    assert trained_of("a", "b") == ["a", "b"]
    assert trained_of("a.0", "b", "x") == ["a.0", "b"]
    order = topological_order(dot([Value(1.0, "a")], [2.0], Value(3.0, "c")) * 5.0)
    assert labels(parameters_of(order)) == labels(trained(order)) == ["c"]


def neuron(unit: int, inputs: list[Any], layer: int = 0) -> Value:
    """The sum of a neuron of a layer, with the labels that `nn` gives."""
    path = f"layers.{layer}.neurons.{unit}"
    weights = [Value(0.5, f"{path}.w.{i}") for i in range(len(inputs))]
    return dot(weights, inputs, Value(0.1, f"{path}.b"))


def with_label(node: Value, label: str) -> Value:
    node.label = label
    return node


NAMES_OF_RESULTS: dict[str, tuple[Callable[[list[Any]], Value], list[str]]] = {
    "sum and activation": (lambda x: neuron(1, x).tanh() * 2, ["z₂", "a₂", "f"]),
    "plain numbers": (lambda x: neuron(1, [1.0, 2.0]).tanh() * 2, ["z₂", "a₂", "f"]),
    "a label goes first": (
        lambda x: with_label(neuron(1, x), "score").tanh() * 2, ["score", "a₂", "f"]),
    "a product of parameters": (
        lambda x: dot([Value(1.0, "layers.0.neurons.0.w.0")], [Value(2.0, "layers.1.neurons.0.b")])
        * 2, ["v1", "f"]),
    "a loss": (lambda x: softplus(neuron(0, x)) * 2, ["z₁", "v1", "f"]),
    "a negative": (lambda x: -neuron(0, x) * 2, ["z₁", "v1", "f"]),
    "softplus of a layer": (
        lambda x: neuron(0, [softplus(neuron(0, x))], 1) * 2,
        ["z⁽¹⁾₁", "a⁽¹⁾₁", "z⁽²⁾₁", "f"]),
    "the root is f": (lambda x: neuron(0, x), ["f"]),
    "the root is f after its sum": (lambda x: neuron(0, x).tanh(), ["z₁", "f"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES_OF_RESULTS)
def test_sums_and_activations_of_neurons_are_named_as_courses_do(name: str) -> None:
    make, expected = NAMES_OF_RESULTS[name]
    found = names(topological_order(make([Value(1.0, "p"), Value(2.0, "q")])))
    assert [text for node, text in found.items() if node.parents] == expected
