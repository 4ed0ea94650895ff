"""The gradient as a graph against recording the loss: python -m tests.benchmarks.symbolic_gradient

The loss of micrograd's demo (100 moons, MLP(2, [16, 16, 1]), 337 parameters), as scalar sums of
products: time to record it, to walk it backward in numbers, and to record its gradient as a graph
that differentiates again, for which the bound is 3 times recording. Ratios count, not times.
"""

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import Callable
from typing import Any

from autograd import Value, adjoints, topological_order

from .engine import scalar_style


def seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    record = scalar_style(Value, lambda x: x.relu())
    loss = record()
    nodes = topological_order(loss)
    parameters = inspect.getclosurevars(record).nonlocals["parameters"]
    gradient = adjoints(loss, parameters)
    tasks: dict[str, Callable[[], Any]] = {
        "record the loss": record,
        "backward, in numbers": loss.backward,
        "gradient, as a graph": lambda: adjoints(loss, parameters),
    }
    best = {name: min(seconds(work) for _ in range(7)) for name, work in tasks.items()}
    everything = Value(0.0)
    everything.parents = tuple(g for g in gradient if isinstance(g, Value))
    added = len(topological_order(everything)) - 1 - len(nodes)
    print(f"{len(nodes)} nodes; the gradient by {len(parameters)} parameters adds {added}")
    for name, time_taken in best.items():
        ratio = time_taken / best["record the loss"]
        print(f"{name:22} {1e3 * time_taken:8.1f} ms  {ratio:5.2f} x recording")


if __name__ == "__main__":
    main()
