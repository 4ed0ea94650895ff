"""`nn.trace`: the matrices of each layer, forward and backward, beside the numbers of the graph."""

import math
import re
from itertools import pairwise

import pytest

import nn
from autograd import affine

X = [0.3, -0.8, 1.1]
ROUNDING = 1e-14  # the derivatives here are below 12: a few units in the last place
SLOPES = {  # g'(z), by hand
    "linear": lambda z: 1.0,
    "tanh": lambda z: 1 - math.tanh(z) ** 2,
    "sigmoid": lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2,
    "relu": lambda z: float(z > 0),
    "leaky_relu": lambda z: 1.0 if z > 0 else 0.01,
}


def network(activation="tanh", **settings):
    return nn.MLP(3, [5, 4, 2], activation, rng=1, **settings)


@pytest.mark.parametrize("activation", SLOPES)
def test_forward_each_layer_is_an_affine_map_of_the_layer_before_and_an_activation(activation):
    model = network(activation)
    traced, x = nn.trace(model, X), X
    for layer, step in zip(model.layers, traced, strict=True):
        assert (step.W, step.b, step.x) == (layer.W.data, layer.b.data, x)
        assert step.z == affine(step.W, x, step.b)
        own = SLOPES[layer.activation]
        assert step.slope == pytest.approx([own(z) for z in step.z], rel=1e-13)
        assert (step.backward, step.graph) == (None, None)
        x = step.a
    assert traced.output == [y.data for y in model(X)]
    assert traced.loss is None


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize(
    ("loss", "target"), [("mse", [0.5, -1.0]), ("cross_entropy", 1), ("bce_with_logits", [1, 0])]
)
def test_the_formulas_equal_the_gradients_of_backward(activation, loss, target):
    model = network(activation)
    traced = nn.trace(model, X, target, loss)
    total = nn.losses.LOSSES[loss]([model(X)], [target])
    total.backward()
    assert traced.loss == total.data
    assert traced.difference < ROUNDING
    for layer, step in zip(model.layers, traced, strict=True):
        assert step.graph.dL_dW == layer.W.grad
        assert step.graph.dL_db == layer.b.grad
        for row, d in zip(step.backward.dL_dW, step.backward.delta, strict=True):
            assert row == [d * x for x in step.x]
        by_hand = [sum(w * d for w, d in zip(c, step.backward.delta, strict=True))
                   for c in zip(*step.W, strict=True)]  # fmt: skip
        assert step.backward.dL_dx == pytest.approx(by_hand, rel=1e-14)
    for step, after in pairwise(traced):
        assert step.backward.dL_da == after.backward.dL_dx


def test_a_wrong_number_in_the_graph_shows_in_the_difference():
    traced = nn.trace(network(), X, [0.5, -1.0], "mse")
    altered = traced[0].graph.dL_dW[0][0]
    traced[0].graph.dL_dW[0][0] = altered * 1.0005
    assert traced.difference == pytest.approx(abs(altered) * 0.0005, rel=1e-9)


def test_no_gradient_of_the_model_changes():
    model = network()
    for p in model.parameters():
        p.grad = 7.0
    nn.trace(model, X, 1, "cross_entropy")
    assert {p.grad for p in model.parameters()} == {7.0}


def test_without_biases_there_is_no_column_for_them():
    traced = nn.trace(network(bias=False), X, [0.5, -1.0], "mse")
    assert [step.b for step in traced] == [None] * 3
    assert traced[0].backward.dL_db is None
    assert traced.difference < ROUNDING
    assert " b " not in repr(traced)
    assert "z = W x " in repr(traced)


def test_a_layer_and_nested_models_are_traced():
    layers = network().layers
    nested = nn.Sequential(layers[0], nn.Sequential(*layers[1:]))
    assert repr(nn.trace(nested, X)) == repr(nn.trace(network(), X))
    assert nn.trace(layers[0], X)[0].a == nn.trace(network(), X)[0].a
    assert nn.trace(nn.Layer(1, 1, rng=0), 2.0)[0].x == [2.0]


def test_after_fit_the_loss_is_known():
    model = nn.MLP(1, [2, 1], "tanh", rng=0)
    nn.fit(model, [[0.0], [1.0]], [0, 1], epochs=1, compiled=False)
    by_name = nn.trace(model, [1.0], 1, "bce_with_logits")
    assert repr(nn.trace(model, [1.0], 1)) == repr(by_name)


def test_long_vectors_are_cut_in_the_table_and_whole_in_the_trace():
    traced = nn.trace(nn.Layer(8, 1, init="zeros"), range(8))
    assert "[0, 1, 2, 3, 4, 5, …]" in repr(traced)
    assert traced[0].x == [float(i) for i in range(8)]


def test_html_has_the_same_cells_and_no_colors_of_its_own():
    class Named:
        __name__ = "<script>"

        def __call__(self, z):
            return z

    traced = nn.trace(network(Named()), X, [0.5, -1.0], "mse")
    page = traced._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<table>") == 3
    assert page.count("<tr>") == 3 + 5 + 4 + 2
    assert "color" not in page
    assert page.count('<div style="overflow-x: auto" tabindex="0">') == 3  # scrolled by keyboard
    assert f'nowrap">{traced[0].table()[1][4]}</td>' in page  # a vector stays on one line


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((nn.Maxout(1, 1), [1.0]), TypeError, r"a Layer, or an MLP or Sequential .*got Maxout\("),
        ((lambda x: x, [1.0]), TypeError, "a Layer, or an MLP or Sequential of layers, got <func"),
        ((network(), [1.0]), ValueError, "takes 3 inputs, got 1"),
        ((network(), X, None, "mse"), ValueError, "needs a target for the loss 'mse'"),
        ((network(), X, [1.0, 2.0]), ValueError, r"needs a loss.* for the target \[1.0, 2.0\]"),
        ((network(), X, [1.0], "mse"), ValueError, "2 outputs, the target 1 number"),
        ((network(), X, [1.0, 2.0], "mes"), ValueError, "unknown loss 'mes'"),
        ((network(), ["a", 1.0, 2.0]), TypeError, "expected a real number, got 'a'"),
    ],
)
def test_what_cannot_be_traced_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        nn.trace(*arguments)


def test_the_table_has_a_column_for_each_derivative_by_the_formulas_and_by_the_graph():
    layer = nn.Layer(2, 1, "sigmoid").set([[2.0, -1.0]], [0.0])
    traced = nn.trace(layer, [1.0, 2.0], target=1, loss="bce")
    expected = {
        "neuron": "1",
        "W": "[2, -1]",
        "b": "0",
        "z = W x + b": "0",
        "a = g(z)": "0.5",
        "dL/da": "-2",
        "g'(z)": "0.25",
        "delta": "-0.5",
        "by the graph": "-0.5",
        "dL/dW = delta x^T": "[-0.5, -1]",
        "dL/dW by the graph": "[-0.5, -1]",
    }
    assert traced[0].table() == [[*expected], [*expected.values()]]
    title, x, dL_dx, header, row, _, summary = repr(traced).splitlines()
    assert (title, x) == ("layer 1: 2 -> 1, sigmoid", "x = [1, 2]")
    assert dL_dx == "dL/dx = W^T delta = [-1, 0.5], by the graph [-1, 0.5]"
    cells = [re.split("  +", line) for line in (header, row)]
    assert cells == [[*expected], [*expected.values()]]
    assert header.index("dL/dW by the graph") == row.rindex("[")
    says = "output [0.5], loss 0.6931; the formulas and the graph differ by at most 0.0e+00"
    assert summary == says


def test_two_layers_are_two_tables_in_text_and_in_html():
    model = nn.Sequential(
        nn.Layer(2, 1, "linear").set([[2.0, -1.0]], [0.0]),
        nn.Layer(1, 1, "linear", bias=False).set([[3.0]]),
    )
    traced = nn.trace(model, [1.0, 4.0])
    assert repr(traced) == (
        "layer 1: 2 -> 1, linear\nx = [1, 4]\n"
        "neuron  W        b  z = W x + b  a = g(z)\n"
        "1       [2, -1]  0  -2           -2\n\n"
        "layer 2: 1 -> 1, linear\nx = [-2]\n"
        "neuron  W    z = W x  a = g(z)\n"
        "1       [3]  -6       -6\n\n"
        "output [-6]"
    )
    cell = '<td style="white-space: nowrap">'
    second = nn.trace(model.layers[1], [-2.0], [1.0], "mse")
    names = ["neuron", "W", "z = W x", "a = g(z)", "dL/da", "g&#x27;(z)", "delta", "by the graph"]
    names += ["dL/dW = delta x^T", "dL/dW by the graph"]
    numbers = ["1", "[3]", "-6", "-6", "-14", "1", "-14", "-14", "[28]", "[28]"]
    assert second._repr_html_() == (
        "<p><b>layer 1: 1 -&gt; 1, linear</b><br>x = [-2]<br>"
        "dL/dx = W^T delta = [-42], by the graph [-42]</p>"
        '<div style="overflow-x: auto" tabindex="0"><table>'
        f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
        f"<tr>{''.join(f'{cell}{number}</td>' for number in numbers)}</tr></table></div>"
        "<p>output [-6], loss 49; the formulas and the graph differ by at most 0.0e+00</p>"
    )


def test_a_vector_of_six_numbers_is_whole_in_the_table():
    assert "x = [0, 1, 2, 3, 4, 5]\n" in repr(nn.trace(nn.Layer(6, 1, init="zeros"), range(6)))


def test_the_inputs_of_the_first_layer_have_derivatives_too():
    layer = nn.Layer(2, 1, "relu").set([[1.0, 2.0]], [-9.0])  # the unit is off
    traced = nn.trace(layer, [1.0, 1.0], [5.0], "mse")[0]
    assert (traced.slope, traced.graph.dL_dx, traced.graph.dL_dW) == ([0.0], [0, 0], [[0, 0]])
    assert traced.backward == traced.graph
    assert nn.trace(layer, [1.0, 1.0])[0].difference == 0.0
