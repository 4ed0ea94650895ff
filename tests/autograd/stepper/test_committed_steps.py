"""The steps of some passes as they are committed in ``steps.txt``: every word and number.

Read what a change made different, and if it is better write the text anew:

    python -m tests.autograd.stepper.test_committed_steps
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, steps, topological_order
from autograd.drawing.network_level import NetworkSelection
from autograd.explaining.neurons import network
from autograd.explaining.node_names import names
from autograd.stepper import Frame
from autograd.stepper.network_steps import NetworkSteps

from ...support.graphs import chain_after_fan_out, cube, fan_out, product_of_sum
from ..committed import commit, committed, lines_of

COMMITTED = Path(__file__).with_name("steps.txt")


def many_terms() -> Value:
    """Return a graph with eight leaves, one of which is used nine times, and with ties."""
    xs = [Value(0.5 * i, f"x{i}") for i in range(7)]
    w = Value(-2.0, "w")
    return autograd.sum([w * x for x in xs]) + autograd.maximum(w, -2.0) + w * Value(0.0)


def chain_of_squares() -> Value:
    """Return a graph of 2, 4, 8, ... paths."""
    y = Value(1.5, "x")
    for _ in range(3):
        y = y * y - 1.0
    return y


def batch(samples: int = 2) -> Value:
    """Return the loss of a small network over some samples, with a penalty."""
    model = nn.MLP(2, [2, 1])
    for i, parameter in enumerate(model.parameters()):
        parameter.data = 0.25 * i - 0.75
    outputs = [model([0.5 * i, 1.0 - i]) for i in range(samples)]
    loss: Value = nn.mse(outputs, [1.0] * samples)
    return loss + 0.01 * autograd.sum([p * p for p in model.parameters()])


def plain_neuron() -> Value:
    """Return a neuron without a bias, of labeled inputs, after another one with one weight."""
    w, x = [Value(0.5, "w1"), Value(-1.5, "w2")], Value(2.0, "x1")
    h = (Value(3.0, "layers.0.neurons.0.w.0") * x).relu()
    return w[0] * h + w[1] * x


def told(frames: Sequence[Frame]) -> list[str]:
    """Return what a reader sees of each frame, and its numbers."""
    lines = []
    for i, f in enumerate(frames, 1):
        marks = " wrong" * f.wrong + " first" * f.first_wrong
        edge = f"{f.node} {f.operand} {f.adjoint} {f.local_grad} {f.term}"
        lines.append(f"{i}. {f.phase} {f.target} {f.name!r} {f.value:.9g} by {edge}")
        lines += [f"   right: {f.right:.9g}{marks}"] if f.right is not None else []
        lines += [f"   {line}" for line in str(f).split("\n")]
    return lines


def of_graph(graph: Callable[[], Value], mistake: str | None) -> list[str]:
    return told(steps(graph(), mistake))


def of_network(root: Value, sample: int = 0, **options: Any) -> list[str]:
    selection = NetworkSelection(root, network(root), sample)
    frames = steps(root, **options)
    found = NetworkSteps(frames, selection, [*names(topological_order(root)).values()])
    return told(found.told(frames))


GRAPHS = {
    product_of_sum: (None, "order", "overwrite", "stale", "paths"),
    fan_out: ("order", "overwrite", "stale", "recursive", "paths"),
    cube: ("order", "overwrite", "recursive"),
    chain_after_fan_out: ("order", "recursive"),
    many_terms: ("order", "overwrite", "stale"),
    chain_of_squares: ("recursive", "paths"),
}
TOLD: dict[str, Callable[[], list[str]]] = {
    f"{graph.__name__}, {mistake}": partial(of_graph, graph, mistake)
    for graph, mistakes in GRAPHS.items()
    for mistake in mistakes
} | {
    "update": lambda: told(steps(fan_out(), update=0.25)),
    "update that is too large": lambda: told(steps(many_terms(), update=1e3, zero_grad=False)),
    "update to nan": lambda: told(steps(Value(1e200) * 1e200, update=1e308)),
    "expanded": lambda: told(steps(many_terms(), expand=True)),
    "network": lambda: of_network(batch()),
    "network, second sample": lambda: of_network(batch(3), 1, mistake="overwrite"),
    "network, update": lambda: of_network(batch(1), update=0.1),
    "plain neuron, update": lambda: of_network(plain_neuron(), update=0.1),
    "plain neuron, stale": lambda: of_network(plain_neuron(), mistake="stale"),
    "plain neuron": lambda: of_network(plain_neuron()),
}


@pytest.mark.parametrize("name", TOLD)
def test_steps_are_the_committed_ones(name: str) -> None:
    assert lines_of(TOLD[name]) == committed(COMMITTED)[name]


def test_all_committed_steps_are_told() -> None:
    assert list(committed(COMMITTED)) == list(TOLD)


if __name__ == "__main__":
    commit(COMMITTED, TOLD)
