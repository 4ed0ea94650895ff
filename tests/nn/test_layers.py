"""Modules, layers and models: micrograd's models, shapes, names, and refused arguments."""

import copy
import pickle
import random

import pytest

import autograd
import nn
from autograd import Constant, Value, gradcheck, no_grad, topological_order
from nn.initializers import INITIALIZERS
from nn.layers import ACTIVATIONS


def test_the_same_seed_gives_micrograd_s_model():
    micrograd = pytest.importorskip("micrograd.nn")
    random.seed(1337)
    theirs = micrograd.MLP(2, [16, 16, 1])
    random.seed(1337)
    ours = nn.MLP(2, [16, 16, 1])
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    x = [0.3, -1.2]
    theirs(x).backward()
    ours(x).backward()
    assert ours(x).data == pytest.approx(theirs(x).data, rel=1e-14)
    grads = [p.grad for p in theirs.parameters()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(grads, rel=1e-12, abs=1e-15)


def test_weights_are_drawn_neuron_by_neuron_and_biases_are_0():
    model, rng = nn.MLP(3, [2, 1], rng=random.Random(5)), random.Random(5)
    for layer in model.layers:
        for neuron in layer.neurons:
            assert [w.data for w in neuron.w] == [rng.uniform(-1, 1) for _ in neuron.w]
            assert neuron.b.data == 0.0
    assert model.state_dict() == nn.MLP(3, [2, 1], rng=5).state_dict()


def test_a_module_written_for_micrograd_runs():
    class Twice(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 2, nonlin=False)
            self.scale = Value(2.0)

        def __call__(self, x):
            return [self.scale * y for y in self.layer(x)]

        def parameters(self):
            return [*self.layer.parameters(), self.scale]

    model = Twice()
    sum(model([1.0, 2.0])).backward()
    assert len(model.parameters()) == 7
    assert model.scale.grad == sum(y.data for y in model.layer([1.0, 2.0]))
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 7


def test_parameters_are_found_in_any_container_once_and_named_by_their_path():
    class Tied(nn.Module):
        def __init__(self):
            self.name = "tied"
            self.table = {"a": Value(1.0), "b": [Value(2.0), (Value(3.0),)]}
            self.again = self.table["a"]
            self.constant = Constant(4.0)
            self.neuron = nn.Neuron(1)

    names = ["table.a", "table.b.0", "table.b.1.0", "neuron.w.0", "neuron.b"]
    assert [name for name, _ in Tied().named_parameters()] == names


class Own(Value):
    """A user's class of Values."""


def test_a_parameter_may_be_of_a_class_of_one_s_own():
    layer = nn.Layer(2, 1, rng=0)
    own = layer.neurons[0].w[1] = Own(3.0)
    layer.neurons[0].last = own * 2.0 + layer.neurons[0].w[0]  # eager results count as Values
    layer.neurons[0].fixed = Constant(1.0)
    assert [path for path, p in layer.named_parameters() if p is own] == ["neurons.0.w.1"]
    assert own in layer.parameters()
    assert len(layer.parameters()) == len(list(layer.named_parameters())) == 4


def test_parameters_are_labeled_by_their_path():
    model = nn.MLP(2, [4, 1])
    assert model.layers[0].neurons[3].w[1].label == "layers.0.neurons.3.w.1"
    assert all(name == p.label for name, p in model.named_parameters())
    nested = nn.Sequential(nn.Sequential(nn.Maxout(1, 1)), nn.Embedding(2, 1))
    assert nested.parameters()[0].label == "layers.0.layers.0.units.0.0.w.0"
    assert nested.parameters()[-1].label == "layers.1.w.1.0"


def test_a_neuron_is_two_nodes_and_its_layer_shares_the_inputs():
    layer = nn.Layer(3, 4, "tanh")
    outputs = layer([1.0, 2.0, 3.0])
    constants = {node for y in outputs for node in topological_order(y) if node.is_constant}
    assert len(constants) == 3
    nodes = [node for node in topological_order(outputs[0]) if node.op]
    assert [node.op.name for node in nodes] == ["dot", "tanh"]
    linear = nn.Neuron(3, nonlin=False)
    assert linear([1.0, 2.0, 3.0]).op.name == "dot"


def test_a_layer_makes_the_nodes_of_its_neurons():
    own = [lambda z: z.exp(), "relu", "tanh", "linear", "leaky_relu"]
    for layer in (nn.Layer(3, 4, activation, rng=3) for activation in own):
        layer.neurons[1].w[2] = Constant(0.5)  # a frozen weight
        for x in ([1.0, -2.0, 3.0], [Value(1.0), Value(-2.0), 3.0], [*map(Value, (0.1, 0.2, 0.3))]):
            for neuron, y in zip(layer.neurons, layer(x), strict=True):
                nodes = zip(topological_order(y), topological_order(neuron(x)), strict=True)
                for a, b in nodes:
                    assert (a.op, a.data, a.local_grads) == (b.op, b.data, b.local_grads)
                    assert a is b or a.op or (a.is_constant and b.is_constant)


def test_the_last_layer_is_linear_and_a_single_output_bare():
    model = nn.MLP(2, [3, 1], "tanh")
    assert [layer.activation for layer in model.layers] == ["tanh", "linear"]
    assert isinstance(model([1.0, 2.0]), Value)
    assert [type(y) for y in nn.MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]


def test_a_bare_value_passes_through_a_layer_of_one():
    model = nn.MLP(1, [1, 1, 2], "tanh", rng=1)
    assert [y.data for y in model(0.5)] == [y.data for y in model([0.5])]
    assert [y.data for y in model(Value(0.5))] == [y.data for y in model((0.5,))]


def test_activations_by_name_by_function_and_per_layer():
    x = [0.3, -1.2]
    by_name = nn.MLP(2, [3, 3, 2], ["tanh", "silu", "sigmoid"], rng=1)
    by_function = nn.MLP(2, [3, 3, 2], [lambda z: z.tanh(), "silu", Value.sigmoid], rng=1)
    assert [y.data for y in by_name(x)] == [y.data for y in by_function(x)]
    assert [layer.activation for layer in by_name.layers] == ["tanh", "silu", "sigmoid"]


def test_every_activation_the_library_is_asked_for_has_its_name():
    asked = "relu leaky_relu abs tanh sigmoid softplus silu gelu linear"
    assert set(asked.split()) <= set(ACTIVATIONS)
    assert ACTIVATIONS["abs"] is autograd.abs  # though import * leaves it to Python


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_applies_to_the_pre_activation(name):
    neuron = nn.Neuron(2, activation=name, rng=3)
    linear = nn.Neuron(2, nonlin=False, rng=3)
    for x in ([0.5, -1.0], [-3.0, 2.0], [0.0, 0.0]):
        assert neuron(x).data == float(ACTIVATIONS[name](linear(x).data))


@pytest.mark.parametrize(
    ("name", "variance"), [("uniform", 1 / 3), ("xavier", 2 / 70), ("he", 2 / 50)]
)
def test_an_initializer_has_its_variance(name, variance):
    layer = nn.Layer(50, 20, init=name, rng=0)
    weights = [w.data for neuron in layer.neurons for w in neuron.w]
    assert sum(w * w for w in weights) / len(weights) == pytest.approx(variance, rel=0.1)
    assert abs(sum(weights) / len(weights)) < 3 * (variance / len(weights)) ** 0.5
    assert nn.Layer(50, 20, init=INITIALIZERS[name], rng=0).state_dict() == layer.state_dict()


def test_embedding_is_a_dot_with_a_one_hot_input():
    embedding = nn.Embedding(3, 2, rng=0)
    row = [w.data for w in embedding.w[1]]
    for x in (1, [0, 1, 0], [Value(0.0), Value(1.0), Value(0.0)]):
        outputs = embedding(x)
        assert [y.data for y in outputs] == row
        assert {y.op.name for y in outputs} == {"dot"}
    embedding.zero_grad()
    sum(embedding(1)).backward()
    assert [[w.grad for w in row] for row in embedding.w] == [[0, 0], [1, 1], [0, 0]]


def test_maxout_takes_the_largest_piece_of_each_unit():
    maxout = nn.Maxout(2, 3, 4, rng=0)
    x = [0.3, -0.7]
    assert [y.data for y in maxout(x)] == [
        max(piece(x).data for piece in unit) for unit in maxout.units
    ]
    assert len(maxout.parameters()) == 3 * 4 * 3


CHECKED = {
    **{name: lambda name=name: nn.Layer(2, 2, name, rng=6) for name in ACTIVATIONS},
    "neuron": lambda: nn.Neuron(2, activation="tanh", rng=0),
    "maxout": lambda: nn.Maxout(2, 2, 3, rng=0),
    "embedding": lambda: nn.Embedding(2, 3, rng=0),
    "mlp": lambda: nn.MLP(2, [3, 2, 1], "silu", rng=0),
    "sequential": lambda: nn.Sequential(nn.Maxout(2, 3, rng=1), nn.MLP(3, [2, 1], rng=2)),
}


@pytest.mark.parametrize("name", CHECKED)
def test_the_gradient_by_parameters_and_inputs_is_right_to_second_order(name):
    model, x = CHECKED[name](), [Value(0.5, "x0"), Value(-0.8, "x1")]

    def loss(*_):
        outputs = model(x)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return nn.mse([outputs], [[0.3 + k for k in range(len(outputs))]])

    report = gradcheck(loss, *model.parameters(), *x, order=2)
    assert {row.verdict for row in report} == {"ok"}, report


def test_the_table_of_a_model():
    model = nn.Sequential(nn.Embedding(27, 2), nn.MLP(2, [300, 1], "tanh"), nn.Maxout(1, 2, 3))
    assert (
        str(model)
        == """\
layer                      shape     activation  parameters
-----------------------------------------------------------
layers.0 (Embedding)       27 -> 2   linear              54
layers.1.layers.0 (Layer)  2 -> 300  tanh               900
layers.1.layers.1 (Layer)  300 -> 1  linear             301
layers.2 (Maxout)          1 -> 2    maxout              12
-----------------------------------------------------------
total                                                 1,267"""
    )
    assert str(nn.Neuron(2, rng=0)).splitlines()[2].split() == [
        "Neuron",
        "2",
        "->",
        "1",
        "relu",
        "3",
    ]
    assert repr(nn.MLP(2, [3, 1])) == "MLP(nin=2, nouts=[3, 1], activation=['relu', 'linear'])"


def test_state_goes_from_one_model_to_another():
    model, other = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=1)
    state = model.state_dict()
    assert other.state_dict() != state
    other.load_state_dict(state)
    assert other.state_dict() == state
    other.parameters()[0].data = 7.0
    assert model.state_dict() == state


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("layers.0.neurons.0.b"), ValueError, "no 'layers.0.neurons.0.b'"),
        (lambda s: s.update(more=1.0), ValueError, "0 missing and 1 unknown: unknown 'more'"),
        (lambda s: s.update({"layers.0.neurons.0.b": float("nan")}), ValueError, "must be finite"),
        (lambda s: s.update({"layers.0.neurons.0.b": "1"}), TypeError, "expected a real number"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    model, state = nn.MLP(1, [1], rng=0), nn.MLP(1, [1], rng=1).state_dict()
    before = model.state_dict()
    change(state)
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    assert model.state_dict() == before


def test_a_state_is_a_mapping_and_its_parameters_are_numbers():
    model = nn.MLP(1, [1], rng=0)
    with pytest.raises(TypeError, match=r"takes a state_dict\(\), got None"):
        model.load_state_dict(None)
    model.parameters()[0].data = "2"
    with pytest.raises(
        TypeError, match=r"'layers\.0\.neurons\.0\.w\.0' holds '2', which is no number"
    ):
        model.state_dict()


def test_models_are_copied_and_pickled_with_their_weights_apart():
    model = nn.MLP(2, [3, 1], "tanh", rng=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.state_dict() == model.state_dict()
        assert other([1.0, 2.0]).data == model([1.0, 2.0]).data
        assert not set(other.parameters()) & set(model.parameters())


def test_without_recording_an_output_has_no_graph():
    with no_grad():
        assert nn.MLP(2, [3, 1])([1.0, 2.0]).parents == ()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Layer(2, 16)([1.0]), ValueError, r"Layer\(nin=2, .*\) takes 2 inputs, got 1"),
        (lambda: nn.Layer(2, 16)(1.0), ValueError, r"takes 2 inputs, got 1: 1\.0"),
        (lambda: nn.Layer(2, 16)(None), ValueError, "takes 2 inputs, got 1: None"),
        (lambda: nn.Layer(2, 16)("ab"), TypeError, "takes its inputs in a list, got 'ab'"),
        (lambda: nn.Layer(2, 16)(b"ab"), TypeError, "takes its inputs in a list, got b'ab'"),
        (lambda: nn.Layer(2, 16)({1: 2, 3: 4}), TypeError, r"in a list, got \{1: 2, 3: 4\}"),
        (lambda: nn.Layer(2, 16)({1.0, 2.0}), TypeError, "inputs in a list: a set has no order"),
        (lambda: nn.Neuron(1)([1.0, 2.0]), ValueError, r"Neuron\(nin=1, .*takes 1 input, got 2"),
        (lambda: nn.MLP(2, [3, 1])([1, 2, 3]), ValueError, "takes 2 inputs, got 3"),
        (lambda: nn.Maxout(2, 1)([1.0]), ValueError, r"Maxout\(nin=2, .*takes 2 inputs, got 1"),
        (lambda: nn.Neuron(2)(["a", "b"]), TypeError, "expected a real number, got 'a'"),
        (lambda: nn.Neuron(2)([1.0, None]), TypeError, "expected a real number, got None"),
        (lambda: nn.Embedding(3, 1)(3), ValueError, "takes an index from 0 to 2, got 3"),
        (lambda: nn.Embedding(3, 1)([1.0]), ValueError, "takes 3 inputs, got 1"),
        (lambda: nn.MLP(2, []), ValueError, "at least one layer"),
        (lambda: nn.MLP(0, [1]), ValueError, "nin must be at least 1, got 0"),
        (lambda: nn.MLP(2, [3, 0]), ValueError, "must be at least 1, got 0"),
        (lambda: nn.MLP(2, [1.5]), TypeError, "must be a whole number, got 1.5"),
        (lambda: nn.MLP(2, 3), TypeError, r"nouts must be a list of sizes, .*\[16, 1\], got 3"),
        (lambda: nn.MLP(2, 3, 1), TypeError, r"nouts must be a list of sizes, .*\[16, 1\], got 3"),
        (
            lambda: nn.MLP(2, [3], 1),
            TypeError,
            r"activation must be a name or a function, got 1; the sizes .* as in MLP\(2, \[16, 1\]",
        ),
        (lambda: nn.MLP(2, [3], "foo"), ValueError, "unknown activation 'foo': it is linear"),
        (lambda: nn.MLP(2, [3], None), ValueError, "unknown activation None: it is linear"),
        (lambda: nn.Layer(2, 3, "foo", nonlin=False), ValueError, "unknown activation 'foo'"),
        (lambda: nn.Layer(2, 3, ["relu"]), ValueError, r"unknown activation \['relu'\]"),
        (lambda: nn.Sequential(), ValueError, "at least one module"),
        (lambda: nn.Sequential(abs), TypeError, "Sequential takes modules, got <built-in"),
        (lambda: nn.MLP(2, [3, 3, 1], ["relu"]), ValueError, "takes 2 activations, or 3"),
        (lambda: nn.MLP(2, [3, 1], "rleu"), ValueError, "unknown activation 'rleu': .*tanh.*relu"),
        (lambda: nn.Neuron(2, "tanh"), TypeError, "nonlin is True or False, .* activation='tanh'"),
        (lambda: nn.Neuron(2, init="hey"), ValueError, "unknown initializer 'hey': .*xavier, he"),
        (lambda: nn.Neuron(2, rng="7"), TypeError, "rng must be a random.Random"),
        (lambda: nn.Module()(1.0), NotImplementedError, "Module defines no __call__"),
    ],
)
def test_a_wrong_argument_is_one_clear_error(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_table_has_parameters_outside_the_layers_too():
    class Part(nn.Module):
        def __init__(self):
            self.scale = Value(1.0)

    class Mine(nn.Module):
        def __init__(self):
            self.gain, self.name, self.sizes = Value(2.0), "mine", [1, 2]
            self.first = nn.Layer(2, 3, "tanh")
            self.table = {"a": [Value(0.0), Value(1.0)], "b": (self.gain,)}
            self.parts = [Part(), nn.MLP(3, [1])]

    model = Mine()
    assert str(model).splitlines() == [
        "layer                     shape   activation  parameters",
        "--------------------------------------------------------",
        "gain                                                   1",
        "first (Layer)             2 -> 3  tanh                 9",
        "table                                                  3",
        "parts.0.scale                                          1",
        "parts.1.layers.0 (Layer)  3 -> 1  linear               4",
        "--------------------------------------------------------",
        "total                                                 17",
    ]
    assert len(model.parameters()) == 17  # the gain is in the table too
    assert str(Part()).splitlines()[2:3] == ["scale" + " " * 30 + "1"]
    assert str(nn.Module()).splitlines()[-1].split() == ["total", "0"]
