"""The engine against micrograd, in one run: python -m tests.benchmarks.engine

One training step's loss and gradients of micrograd's demo (100 moons, MLP(2, [16, 16, 1]), hinge
loss plus 1e-4 L2): in micrograd, in the same code on this engine, and with `nn.MLP`. Then bytes a
node, and time a node against the size of the graph. Ratios count; times depend on the machine.

Needs NumPy, scikit-learn and micrograd (pip install micrograd).
"""

from __future__ import annotations

import gc
import operator
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from sklearn.datasets import make_moons

import autograd
import nn

X, Y = make_moons(n_samples=100, noise=0.1, random_state=1337)
POINTS, SIGNS = X.tolist(), (Y * 2 - 1).tolist()


def scalar_style(value: type, relu: Callable[[Any], Any]) -> Callable[[], Any]:
    """The demo's loss as micrograd computes it, sums of products of scalars, on any Value class."""
    random.seed(1337)
    layers = []
    for n_in, n_out in ((2, 16), (16, 16), (16, 1)):
        weights = [[value(random.uniform(-1, 1)) for _ in range(n_in)] for _ in range(n_out)]
        layers.append([(ws, value(0.0)) for ws in weights])
    parameters = [p for layer in layers for ws, b in layer for p in (*ws, b)]
    inputs = [[value(x) for x in point] for point in POINTS]

    def loss() -> Any:
        scores = []
        for activations in inputs:
            for depth, layer in enumerate(layers):
                out = [
                    sum((wi * xi for wi, xi in zip(ws, activations, strict=True)), b)
                    for ws, b in layer
                ]
                activations = out if depth == len(layers) - 1 else [relu(a) for a in out]
            scores.append(activations[0])
        losses = [relu(1 + -y * score) for y, score in zip(SIGNS, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in parameters)

    return loss


def with_mlp() -> Callable[[], Any]:
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])

    def loss() -> Any:
        scores = [model(point) for point in POINTS]
        return nn.hinge(scores, SIGNS) + 1e-4 * nn.l2(model.parameters())

    return loss


def step(loss: Callable[[], Any]) -> float:
    """Seconds for one loss and its gradients."""
    start = time.perf_counter()
    loss().backward()
    return time.perf_counter() - start


def steps(rounds: int = 3, consecutive: int = 5) -> None:
    """As in training, steps follow one another: what one leaves behind, the next has to collect."""
    from micrograd.engine import Value as Micrograd

    losses = {
        "micrograd": scalar_style(Micrograd, lambda v: v.relu()),
        "the same code": scalar_style(autograd.Value, lambda v: v.relu()),
        "nn.MLP": with_mlp(),
        "nn.MLP, paused as in fit": with_mlp(),
    }
    values = {name: loss().data for name, loss in losses.items()}
    seconds: dict[str, list[float]] = {name: [] for name in losses}
    for _ in range(rounds):  # interleaved, so that a noisy moment meets all of them
        for name, loss in losses.items():
            gc.collect()
            if name.endswith("fit"):
                gc.disable()
            seconds[name] += [step(loss) for _ in range(consecutive)]
            gc.enable()
    base = statistics.median(seconds["micrograd"])
    print(f"{'one step of the demo':26}{'loss':>12}{'ms':>9}{'times as fast':>16}")
    for name, ts in seconds.items():
        t = statistics.median(ts)
        print(f"{name:26}{values[name]:12.8f}{t * 1e3:9.1f}{base / t:16.1f}")


def bytes_per_node(n: int = 100_000) -> None:
    print(f"\n{'bytes a node':24}{'forward':>14}{'after backward':>16}")
    for symbol, infix in (("a + b", operator.add), ("a * b", operator.mul)):
        node, b = autograd.Value(1.0), autograd.Value(0.999)
        tracemalloc.start()
        for _ in range(n):
            node = infix(node, b)
        forward = tracemalloc.get_traced_memory()[0] / n
        node.backward()
        print(f"{symbol:24}{forward:14.0f}{tracemalloc.get_traced_memory()[0] / n:16.0f}")
        tracemalloc.stop()


def time_per_node(collector: str) -> None:
    """Forward and backward of a chain, with the cyclic collector on, or paused as in `nn.fit`."""
    print(f"\n{f'nodes, collector {collector}':24}{'ns a node':>14}{'to the smallest':>16}")
    first = 0.0
    for n in (1_000, 10_000, 100_000, 1_000_000):
        times = []
        for _ in range(max(3, 50_000 // n)):
            start = time.perf_counter()
            leaf = node = autograd.Value(1.0)
            for _ in range(n):
                node = node + leaf
            node.backward()
            times.append((time.perf_counter() - start) / n)
            del node
        t = statistics.median(times)
        first = first or t
        print(f"{n:<24,}{t * 1e9:14.0f}{t / first:16.2f}")


def main() -> None:
    steps()
    bytes_per_node()
    time_per_node("on")
    gc.disable()
    time_per_node("paused")


if __name__ == "__main__":
    sys.setrecursionlimit(1_000_000)  # micrograd's backward recurses, as deep as the graph
    threading.stack_size(512 * 1024 * 1024)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
