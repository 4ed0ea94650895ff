"""The graphs that a page must show well: from one neuron to a network, a cell, attention."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import autograd
import nn
from autograd import Value, dot, exp, sigmoid, tanh

Row = list[Value]


def numbers(count: int, name: str, seed: int) -> Row:
    """Return leaves called name1, name2, ... with numbers between -1 and 1."""
    random = Random(seed)
    return [Value(round(random.uniform(-1, 1), 2), f"{name}{i}") for i in range(1, count + 1)]


def neuron() -> Value:
    """micrograd's neuron: tanh(x1 w1 + x2 w2 + b)."""
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    return tanh(x1 * w1 + x2 * w2 + Value(6.88, "b"))


def small_mlp() -> Value:
    model = nn.MLP(2, [4, 4, 1], "tanh", rng=1)
    return nn.mse([model([Value(0.5, "x1"), Value(-1.0, "x2")])], [1.0])


def wide_mlp() -> Value:
    model = nn.MLP(2, [16, 16, 1], rng=1)
    return nn.mse([model([Value(0.5, "x1"), Value(-1.0, "x2")])], [1.0])


def softmax_cross_entropy() -> Value:
    """The loss of three logits and the label 1, written out."""
    logits = numbers(3, "z", 2)
    powers = [exp(z) for z in logits]
    return -(powers[1] / sum(powers)).log()


def lstm_cell() -> Value:
    """One step of an LSTM with one input and one unit, and its gates (Hochreiter 1997)."""
    x, h, c = Value(0.5, "x"), Value(0.1, "h"), Value(-0.2, "c")
    w = {name: numbers(3, f"w_{name}", i) for i, name in enumerate("ifog")}
    i, f, o, g = (dot(w[name][:2], [x, h], w[name][2]) for name in "ifog")
    cell = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(cell)


def written_lstm(steps: int = 5) -> Value:
    """An LSTM over a sequence, its sums written with + and *."""
    x, h, c = numbers(steps, "x", 9), Value(0.0, "h0"), Value(0.0, "c0")
    w = {name: numbers(3, f"w_{name}", i) for i, name in enumerate("ifog")}
    for now in x:
        i, f, o, g = (w[name][0] * now + w[name][1] * h + w[name][2] for name in "ifog")
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
    return h


def attention() -> Value:
    """Self-attention of three tokens of two numbers: the first output, squared and summed."""
    tokens = [numbers(2, f"t{k}_", k) for k in range(1, 4)]
    queries, keys, values = (
        [[dot(row, token) for row in (_w[:2], _w[2:])] for token in tokens]
        for _w in (numbers(4, name, i) for i, name in enumerate(("q", "k", "v"), 10))
    )
    weights = autograd.softmax([dot(queries[0], key) for key in keys])
    mixed = [dot(weights, column) for column in zip(*values, strict=True)]
    return dot(mixed, mixed)


def tanh_chain(length: int = 60) -> Value:
    """h = tanh(h * w), with the same w each time."""
    h, w = Value(0.5, "h"), Value(0.9, "w")
    for _ in range(length):
        h = tanh(h * w)
    return h


def batch_with_penalty() -> Value:
    """The loss of an MLP over four samples, with L2."""
    model = nn.MLP(2, [3, 1], "tanh", rng=2)
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
    loss: Value = nn.bce_with_logits([model(x) for x in X], y)
    return loss + 0.01 * nn.l2(model.parameters())


def squared_errors() -> Value:
    """The mean squared error of a line over 20 samples, with Python's sum."""
    a, c = Value(0.7, "a"), Value(0.5, "c")
    samples = zip(numbers(20, "x", 1), numbers(20, "y", 2), strict=True)
    return sum(((a * x + c - y) ** 2 for x, y in samples), Value(0.0)) / 20


NETWORKS: dict[str, Callable[[], Value]] = {
    "neuron": neuron,
    "MLP(2, [4, 4, 1])": small_mlp,
    "softmax cross entropy": softmax_cross_entropy,
    "LSTM cell": lstm_cell,
    "attention of 3 tokens": attention,
    "tanh chain of 60": tanh_chain,
    "MLP(2, [16, 16, 1])": wide_mlp,
    "4 samples with L2": batch_with_penalty,
    "a line over 20 samples": squared_errors,
}
