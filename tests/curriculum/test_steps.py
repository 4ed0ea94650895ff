"""The numbers of the lecture notes that the notebook on stepping teaches, and a run of it."""

import pytest

from autograd import Value, exp, maximum, sigmoid, steps

from ..support.graphs import product_of_sum


def gradients(root):
    return {frame.name: frame.value for frame in steps(root) if frame.phase == "backward"}


def terms(root, name):
    """Return the terms of the gradient of the node ``name``, in the order of arrival."""
    return [frame.term for frame in steps(root) if frame.name == name and frame.term is not None]


def test_C5_product_of_a_sum():
    data = {
        frame.name: frame.value for frame in steps(product_of_sum()) if frame.phase == "forward"
    }
    assert data == {"q": 3.0, "f": -12.0}
    assert gradients(product_of_sum()) == {"f": 1.0, "q": -4.0, "z": 3.0, "x": -4.0, "y": -4.0}


def logistic(last):
    w0, w1, w2 = Value(2.0, "w0"), Value(-3.0, "w1"), Value(-3.0, "w2")
    x0, x1 = Value(-1.0, "x0"), Value(-2.0, "x1")
    return last(w0 * x0 + w1 * x1 + w2)


@pytest.mark.parametrize("last", [sigmoid, lambda s: 1 / (1 + exp(-s))], ids=["node", "gates"])
def test_C6_a_logistic_neuron_gate_by_gate_and_as_one_node(last):
    assert round(logistic(last).data, 2) == 0.73
    rounded = {name: round(grad, 2) for name, grad in gradients(logistic(last)).items()}
    expected = {"w0": -0.2, "w1": -0.39, "w2": 0.2, "x0": 0.39, "x1": -0.59}
    assert {name: rounded[name] for name in expected} == expected
    exact = {"w0": -1.0, "w1": -2.0, "w2": 1.0, "x0": 2.0, "x1": -3.0}  # times s'(1)
    slope = logistic(last).data * (1 - logistic(last).data)
    for name, factor in exact.items():
        assert gradients(logistic(last))[name] == pytest.approx(factor * slope, rel=1e-14)


A, B = 3.0, -4.0


@pytest.mark.parametrize(
    ("pattern", "graph", "of_a", "of_b"),
    [
        ("add distributes", lambda a, b: 2 * (a + b), [2.0], [2.0]),
        ("mul swaps", lambda a, b: a * b, [B], [A]),
        ("copy adds", lambda a, b: a * b + a, [1.0, B], [A]),
        ("max routes", lambda a, b: 2 * maximum(a, b), [2.0], [0.0]),
    ],
)
def test_C7_patterns(pattern, graph, of_a, of_b):
    a, b = Value(A, "a"), Value(B, "b")
    assert terms(graph(a, b), "a") == of_a
    assert terms(graph(a, b), "b") == of_b
    assert gradients(graph(a, b))["a"] == sum(of_a)


def test_D12_the_terms_of_v_come_over_w_x_y_and_directly_from_y():
    v = Value(2.0, "v")  # v -> w -> x -> y -> z and also v -> y
    w = v**2
    x = w + 1
    y = x * v
    z = 3 * y
    w.label, x.label, y.label, z.label = "w", "x", "y", "z"
    assert terms(z, "v") == [15.0, 24.0]  # dz/dy x, then dz/dw 2 v
    expected = {"z": 1.0, "y": 3.0, "x": 6.0, "w": 6.0, "v": 39.0}
    assert gradients(z) == expected
    sums = [frame.so_far for frame in steps(z) if frame.name == "v" and frame.so_far]
    assert sums == ["dz/dv = 15 so far, 1 more term to come", "dz/dv = 15 + 24 = 39, complete"]
