"""The gradient as a graph against recording the loss: python -m tests.benchmarks.symbolic_gradient

The loss of micrograd's demo (100 moons, MLP(2, [16, 16, 1]), 337 parameters), as scalar sums of
products and with a `dot` node for each neuron: time to record it, to walk it backward in numbers,
and to record its gradient as a graph that differentiates again, for which the bound is 3 times
recording. Ratios count; times depend on the machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from autograd import Value, adjoints, topological_order

from .engine import scalar_style, with_mlp


def seconds(work: Callable[[], Any]) -> float:
    """Of this process alone, the least of several runs."""
    spent = []
    for _ in range(9):
        gc.collect()
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> None:
    styles: dict[str, Callable[[], Value]] = {
        "scalar sums of products": scalar_style(Value, lambda x: x.relu()),
        "a dot node for each neuron": with_mlp(),
    }
    for style, record in styles.items():
        loss = record()
        nodes = topological_order(loss)
        leaves = [x for x in nodes if not x.parents and not x.is_constant]
        tasks: dict[str, Callable[[], Any]] = {
            "record the loss": record,
            "backward, in numbers": loss.backward,
            "gradient, as a graph": lambda loss=loss, leaves=leaves: adjoints(loss, leaves),
        }
        print(f"{style}: {len(nodes):,} nodes, the derivatives by all {len(leaves)} leaves")
        recording = seconds(record)
        for name, work in tasks.items():
            spent = seconds(work)
            print(f"    {name:22} {1e3 * spent:7.1f} ms  {spent / recording:5.2f} x recording")


if __name__ == "__main__":
    main()
