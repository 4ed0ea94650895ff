"""A layer as ``W x + b``: its matrices, their gradients, numbers given to them, no biases."""

import pytest

import autograd
import nn
from autograd import Value, topological_order
from nn.initializers import INITIALIZERS

W, B = [[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]], [0.5, -0.75]
X = [[0.3, -0.8, 1.1], [1.5, 0.2, -0.4]]


def test_W_and_b_are_the_parameters_themselves_in_rows():
    layer = nn.Layer(3, 2, "tanh", rng=0)
    assert [*map(list, layer.W)] == [neuron.w for neuron in layer.neurons]
    assert layer.b == [neuron.b for neuron in layer.neurons]
    assert (layer.W.shape, layer.b.shape) == ((2, 3), (2,))
    layer.W[1][2].data = 5.0
    assert layer.neurons[1].w[2].data == 5.0
    assert len(layer.parameters()) == 8


def test_set_makes_the_layer_W_x_plus_b_and_returns_it():
    layer = nn.Layer(3, 2, "linear")
    assert layer.set(W, B) is layer
    assert (layer.W.data, layer.b.data) == (W, B)
    assert [y.data for y in layer(X[0])] == autograd.affine(W, X[0], B)
    layer.set([[0.0] * 3] * 2)
    assert (layer.W.data, layer.b.data) == ([[0.0] * 3] * 2, B)


def test_the_gradients_are_matrices_of_the_same_shape():
    model = nn.MLP(3, [2, 1], "tanh", rng=1)
    model(X[0]).backward()
    for layer in model.layers:
        assert layer.W.grad == [[w.grad for w in neuron.w] for neuron in layer.neurons]
        assert layer.b.grad == [neuron.b.grad for neuron in layer.neurons]
    assert any(g for row in model.layers[0].W.grad for g in row)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1.0, 2.0]],), ValueError, r"shape \(2, 3\), got shape \(1, 2\)"),
        ((W, [1.0]), ValueError, r"shape \(2,\), got shape \(1,\)"),
        ((W, 1.0), TypeError, "a list of numbers or of rows, got 1.0"),
        ((W, ["a", "b"]), TypeError, "expected a real number, got 'a'"),
    ],
)
def test_set_refuses_other_shapes_and_then_no_parameter_changes(arguments, error, message):
    layer = nn.Layer(3, 2, rng=0)
    before = layer.state_dict()
    with pytest.raises(error, match=message):
        layer.set(*arguments)
    assert layer.state_dict() == before


# ------------------------------------------------------------------------------- without biases


def without_biases():
    return nn.MLP(3, [5, 4, 2], "tanh", bias=False, rng=3)


def test_without_biases_a_network_has_its_weights_only():
    model = without_biases()
    assert len(model.parameters()) == 15 + 20 + 8
    assert [name for name, _ in model.named_parameters() if ".b" in name] == []
    assert [layer.b for layer in model.layers] == [None] * 3
    assert [y.data for y in model([0.0, 0.0, 0.0])] == [0.0, 0.0]
    assert "43" in str(model)
    assert repr(model).endswith("bias=False)")


def test_without_biases_the_weights_are_drawn_as_with_them():
    for init in INITIALIZERS:
        bare = nn.Layer(3, 2, init=init, rng=5, bias=False)
        assert bare.W.data == nn.Layer(3, 2, init=init, rng=5).W.data


def test_without_biases_outputs_and_gradients_are_those_of_biases_0():
    bare, full = without_biases(), nn.MLP(3, [5, 4, 2], "tanh", rng=3)
    for model in (bare, full):
        nn.mse([model(x) for x in X], [[1.0, 0.0]] * 2).backward()
    for ours, theirs in zip(bare.layers, full.layers, strict=True):
        assert [y.data for y in bare(X[0])] == [y.data for y in full(X[0])]
        for row, expected in zip(ours.W.grad, theirs.W.grad, strict=True):
            assert row == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    "model",
    [
        without_biases(),
        nn.Sequential(nn.Layer(3, 2, "relu", bias=False, rng=0), nn.Layer(2, 1, rng=1)),
        nn.Neuron(3, bias=False, rng=2),
    ],
    ids=["MLP", "one layer of two", "Neuron"],
)
def test_a_model_without_biases_is_saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "m.json")
    again = nn.load(tmp_path / "m.json")
    assert again.state_dict() == model.state_dict()
    assert repr(again) == repr(model)


def test_a_file_of_a_model_with_biases_says_nothing_of_them():
    assert "bias" not in repr(nn.MLP(2, [3, 1]))
    assert "bias" not in nn.Layer(2, 3).config()


@pytest.mark.parametrize("given", [0, 1, None, "no"])
@pytest.mark.parametrize(
    "make",
    [
        lambda bias: nn.Neuron(2, bias=bias),
        lambda bias: nn.Layer(2, 1, bias=bias),
        lambda bias: nn.MLP(2, [1], bias=bias),
    ],
    ids=["Neuron", "Layer", "MLP"],
)
def test_bias_is_true_or_false(make, given):
    with pytest.raises(TypeError, match=f"bias must be True or False, got {given!r}"):
        make(given)


def test_a_bias_for_a_layer_without_biases_is_refused():
    layer = nn.Layer(3, 2, bias=False, rng=0)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=r"Layer\(.*bias=False\) has no biases, got b = \[1.0\]"):
        layer.set(W, [1.0])
    assert layer.state_dict() == before
    assert layer.set(W).W.data == W


def test_compiled_without_biases_it_is_the_same_function_by_matrix_products():
    pytest.importorskip("numpy")
    model = without_biases()

    def loss():
        return nn.mse([model(x) for x in X], [[1.0, 0.0]] * 2)

    compiled = autograd.compile(loss)
    eager, fast = loss(), compiled()
    assert fast.data == pytest.approx(eager.data, rel=1e-13)
    eager.backward()
    gradients = [p.grad for p in model.parameters()]
    model.zero_grad()
    fast.backward()
    assert [p.grad for p in model.parameters()] == pytest.approx(gradients, rel=1e-12)
    assert " @ " in compiled.source


def test_a_network_without_biases_is_trained():
    model = nn.MLP(1, [1], bias=False, rng=0)
    nn.fit(model, [[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0], loss="mse", lr=0.1, epochs=60)
    assert model.layers[0].W.data[0][0] == pytest.approx(2.0, abs=1e-6)


def test_explanations_name_the_parts_of_a_neuron_without_a_bias():
    model = without_biases()
    y = model(X[0])[0]
    texts = [str(step) for step in autograd.steps(y)]
    assert any(text.startswith("z⁽²⁾₁ = w⁽²⁾₁₁ * a⁽¹⁾₁") for text in texts), texts[:80]
    assert "<svg" in autograd.to_svg(y, level="network")
    constants = [x for x in topological_order(y) if x.is_constant]
    assert [x.data for x in constants] == X[0]


def test_a_layer_without_biases_goes_to_pytorch_and_back():
    torch = pytest.importorskip("torch")
    model = nn.MLP(3, [2, 1], "relu", bias=False, rng=0)
    module = nn.to_torch(model)
    assert [m.bias for m in module if isinstance(m, torch.nn.Linear)] == [None, None]
    outputs = module(torch.tensor(X, dtype=torch.float64)).flatten().tolist()
    assert outputs == pytest.approx([model(x).data for x in X], rel=1e-12)
    again = nn.from_torch(module)
    assert again.state_dict() == model.state_dict()
    pooled = torch.nn.Sequential(torch.nn.Linear(3, 4, bias=False), torch.nn.MaxPool1d(2))
    assert isinstance(nn.from_torch(pooled).layers[0], nn.Maxout)


def test_the_value_of_a_neuron_without_a_bias_is_the_product_alone():
    neuron = nn.Neuron(2, activation="linear", bias=False)
    for w, x in zip(neuron.w, [3.0, -1.0], strict=True):
        w.data = x
    assert neuron([Value(2.0), 5.0]).data == 1.0
