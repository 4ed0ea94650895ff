"""What a gradient costs, by backward and by finite differences:

    python -m tests.benchmarks.derivatives

The loss of one sample at ``MLP(8, [h, 1])``, which has 10 h + 1 weights. A backward pass is timed
with the evaluation before it. Finite differences evaluate the loss once more for each weight:
``numerical_grad`` with scheme="forward". Ratios count; times (of the processor) depend on the
machine. The slopes are of lines on a log-log picture: about 1 and 2, as the cost of backward is
proportional to the number of weights, and the other cost to its square.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import Any

import nn
from autograd import Value, count_operations, numerical_grad, topological_order

HIDDEN = (6, 30, 120, 480)  # 61, 301, 1,201 and 4,801 weights
MIN_SECONDS = 0.005  # of one measurement
MAX_SECONDS = 3.0  # of all rounds of one size
MAX_ROUNDS = 20


def problem(hidden: int) -> tuple[list[Value], Callable[..., Any]]:
    """The weights of a network, and its loss for one sample."""
    model = nn.MLP(8, [hidden, 1], "tanh", rng=0)
    x = [math.sin(i) for i in range(8)]
    return model.parameters(), lambda *_: nn.mse([model(x)], [0.3])


def once(work: Callable[[], Any], repetitions: int = 1) -> float:
    """The processor time of one call, as the mean of several."""
    before = time.process_time()
    for _ in range(repetitions):
        work()
    return (time.process_time() - before) / repetitions


def seconds(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The least processor time of each work, in interleaved rounds, without the collector."""
    gc.collect()
    gc.disable()
    repetitions = {name: 1 + int(MIN_SECONDS / once(work)) for name, work in works.items()}
    best, start = dict.fromkeys(works, math.inf), time.process_time()
    for _ in range(MAX_ROUNDS):
        for name, work in works.items():
            best[name] = min(best[name], once(work, repetitions[name]))
        if time.process_time() - start > MAX_SECONDS:
            break
    gc.enable()
    return best


def slope(xs: list[float], ys: list[float]) -> float:
    """Of the line from the first to the last point on a log-log picture."""
    return math.log(ys[-1] / ys[0]) / math.log(xs[-1] / xs[0])


def main() -> None:
    header = (
        "weights",
        "operations",
        "edges",
        "evaluation",
        "with backward",
        "differences",
        "ratio",
    )
    print("".join(f"{name:>15}" for name in header))
    rows = []
    for hidden in HIDDEN:
        parameters, loss = problem(hidden)
        with count_operations() as counts:
            root = loss()
        edges = sum(len(node.parents) for node in topological_order(root))

        def differences(loss: Any = loss, parameters: Any = parameters) -> Any:
            return numerical_grad(loss, *parameters, scheme="forward")

        spent = seconds(
            {
                "evaluation": loss,
                "backward": lambda loss=loss: loss().backward(),
                "differences": differences,
            }
        )
        ms = [1e3 * x for x in spent.values()]
        ratio = spent["differences"] / spent["backward"]
        print(f"{len(parameters):15,}{counts.total():15,}{edges:15,}", end="")
        print("".join(f"{f'{x:,.3f} ms':>15}" for x in ms) + f"{ratio:15,.0f}")
        rows.append((float(len(parameters)), spent["backward"], spent["differences"]))
    weights, backward, by_differences = map(list, zip(*rows, strict=True))
    print(
        f"slopes over the number of weights: backward {slope(weights, backward):.2f}, "
        f"finite differences {slope(weights, by_differences):.2f}"
    )


if __name__ == "__main__":
    main()
