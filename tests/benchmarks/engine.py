"""The engine against micrograd, in one run: python -m tests.benchmarks.engine

One training step's loss and gradients of micrograd's demo (100 moons, MLP(2, [16, 16, 1]), hinge
loss plus 1e-4 L2): in micrograd, in the same code on this engine, and with `nn.MLP`. Then bytes a
node, and time a node against the size of the graph. Ratios count; times depend on the machine.

Needs NumPy, scikit-learn and micrograd (pip install micrograd).
"""

from __future__ import annotations

import gc
import math
import operator
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.datasets import make_moons

import autograd
import nn

from .microgpt import training_step

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


def seconds(work: Callable[[], Any]) -> float:
    """The processor time of ``work``."""
    start = time.process_time()
    work()
    return time.process_time() - start


def interleaved(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least time of each work over rounds in which all take turns, in seconds."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            gc.collect()
            best[name] = min(best[name], seconds(work))
    return best


@contextmanager
def collector(state: str) -> Iterator[None]:
    """The cyclic garbage collector on or off inside the block."""
    (gc.enable if state == "on" else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


def steps(consecutive: int = 5) -> None:
    """As in training, steps follow one another: what one leaves behind, the next has to collect."""
    from micrograd.engine import Value as Micrograd

    losses = {
        "micrograd": scalar_style(Micrograd, lambda v: v.relu()),
        "the same code": scalar_style(autograd.Value, lambda v: v.relu()),
        "nn.MLP": with_mlp(),
    }
    values = {name: loss().data for name, loss in losses.items()}

    def training(loss: Callable[[], Any]) -> Callable[[], None]:
        def several() -> None:
            for _ in range(consecutive):
                loss().backward()

        return several

    for state, rounds in (("on", 3), ("off", 10)):
        with collector(state):
            best = interleaved({name: training(loss) for name, loss in losses.items()}, rounds)
        base = best["micrograd"]
        print(f"{f'a step, collector {state}':26}{'loss':>12}{'ms':>9}{'times as fast':>16}")
        for name, t in best.items():
            ms = t / consecutive * 1e3
            print(f"{name:26}{values[name]:12.8f}{ms:9.1f}{base / t:16.1f}")
        print()


class Bare:
    """A node with nothing but what backpropagation needs, as in a page of scalar GPT code."""

    __slots__ = ("data", "grad", "parents", "local_grads")

    def __init__(self, data: float, parents: Any = (), local_grads: Any = ()) -> None:
        self.data, self.grad, self.parents, self.local_grads = data, 0.0, parents, local_grads

    def __add__(self, other: Any) -> Any:
        other = other if isinstance(other, Bare) else Bare(other)
        return Bare(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other: Any) -> Any:
        other = other if isinstance(other, Bare) else Bare(other)
        return Bare(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other: float) -> Any:
        return Bare(self.data**other, (self,), (other * self.data ** (other - 1),))

    def log(self) -> Any:
        return Bare(math.log(self.data), (self,), (1 / self.data,))

    def exp(self) -> Any:
        return Bare(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self) -> Any:
        return Bare(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> Any:
        return self * -1

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def visit(self, seen: set[Any], order: list[Any]) -> None:
        """Append this node to the order, after its parents.

        A function inside `backward` would refer to itself. Only the collector could free such a
        function, and the graph with it, at a time that is not measured.
        """
        if self not in seen:
            seen.add(self)
            for parent in self.parents:
                parent.visit(seen, order)
            order.append(self)

    def backward(self) -> None:
        order: list[Any] = []
        self.visit(set(), order)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local_grad in zip(node.parents, node.local_grads, strict=True):
                parent.grad += local_grad * node.grad


def operations(count: int = 5_000) -> None:
    """An operation with a plain number beside one without."""
    x, y = autograd.Value(2.0), autograd.Value(3.0)
    codes = {"x * y": "x * 2.0", "x + y": "2 + x", "x - y": "1.0 - x", "x / y": "x / 3.0"}
    for state in ("on", "off"):
        print(f"{f'ns, collector {state}':26}{'two Values':>12}{'a number':>12}{'ratio':>9}")
        for code in codes.items():
            works: dict[str, Callable[[], Any]] = {}
            for part in code:
                scope: dict[str, Any] = {"x": x, "y": y}
                exec(f"def work():\n    for _ in range({count}): {part}", scope)
                works[part] = scope["work"]
            with collector(state):
                best = [t / count * 1e9 for t in interleaved(works, 40).values()]
            names = ", ".join(code)
            print(f"{names:26}{best[0]:12.0f}{best[1]:12.0f}{best[1] / best[0]:9.2f}")
        print()


def gpt_steps() -> None:
    """One training step of a scalar GPT with 4,192 parameters, here and on bare nodes."""
    works = {"bare nodes": training_step(Bare), "here": training_step(autograd.Value)}
    for state in ("on", "off"):
        with collector(state):
            best = interleaved(works, 10)
        print(f"{f'a GPT step, collector {state}':26}{'s':>12}{'to bare nodes':>21}")
        for name, t in best.items():
            print(f"{name:26}{t:12.3f}{t / best['bare nodes']:21.2f}")
        print()


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
    operations()
    gpt_steps()
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
