"""What compiling costs, and that it never loses: python -m tests.benchmarks.compiling

Seconds and bytes to compile micrograd's demo for 100 points (at most 0.12 s, 200 bytes a node) and
for 1,000 (at most 1 s), and through `autograd.vmap` for 100 and for 10,000. Then code without any
structure that arrays could use, a chain of 10,000 dependent operations and a random graph of as
many: eager, compiled for NumPy, and on the native interpreter. Ratios count; times (of the
processor) depend on the machine.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import autograd
from autograd import Value
from autograd.operation import TABLE, Unary

Loss = Callable[[], Any]


def network() -> tuple[list[Value], Callable[[list[Any]], Any]]:
    """A network as micrograd writes it: 650 scalar operations."""
    rng = random.Random(0)
    sizes = ((2, 16), (16, 16), (16, 1))
    layers = [
        [([Value(rng.uniform(-1, 1)) for _ in range(m)], Value(0.0)) for _ in range(n)]
        for m, n in sizes
    ]

    def score(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = x if layer is layers[-1] else [xi.relu() for xi in x]
        return x[0]

    return [p for layer in layers for w, b in layer for p in (*w, b)], score


def moons(points: int) -> tuple[list[list[float]], list[int]]:
    rng = random.Random(0)
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(points)]
    return X, [1 if sum(row) > 0 else -1 for row in X]


def demo(points: int) -> tuple[list[Value], Loss]:
    """The network on random points, one after another."""
    (parameters, score), (X, y) = network(), moons(points)

    def loss() -> Any:
        scores = [score(list(map(Value, row))) for row in X]
        losses = [(1 - s * yi).relu() for s, yi in zip(scores, y, strict=True)]
        return sum(losses) / len(losses) + 1e-4 * sum(p * p for p in parameters)

    return parameters, loss


def by_vmap(points: int) -> Loss:
    """The network on random points that are arguments, through `autograd.vmap`."""
    (parameters, score), (X, y) = network(), moons(points)

    def loss(X: Any, y: Any) -> Any:
        losses = autograd.vmap(lambda x, yi: (1 - score(x) * yi).relu())(X, y)
        return autograd.mean(losses) + 1e-4 * sum(p * p for p in parameters)

    fast = autograd.compile(loss)
    return lambda: fast(X, y)


def chain(length: int = 10_000) -> tuple[list[Value], Loss]:
    x, w = Value(0.5), Value(0.999)

    def loss() -> Any:
        y = x
        for _ in range(length // 4):
            y = (y * w + 0.01).tanh() * 1.01
        return y

    return [x, w], loss


def graph(size: int = 10_000) -> tuple[list[Value], Loss]:
    """Any operation on any two earlier results."""
    rng = random.Random(0)
    leaves = [Value(rng.uniform(0.5, 1.5)) for _ in range(20)]
    functions = [op for op in TABLE.values() if isinstance(op, Unary) and not op.outside]
    plan = [
        (rng.choice([*functions, *"+-*"]), *(rng.randrange(20 + i) for _ in range(2)))
        for i in range(size)
    ]

    def loss() -> Any:
        values: list[Any] = list(leaves)
        for op, i, j in plan:
            a, b = values[i], values[j]
            values.append(
                a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else op(a)
            )
        return autograd.sum([x.tanh() for x in values])

    return leaves, loss


def step(parameters: list[Value], loss: Loss) -> list[float]:
    for p in parameters:
        p.grad = 0.0
    loss().backward()
    return [p.grad for p in parameters]


def seconds(run: Callable[[], Any], repeats: int = 7) -> float:
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return min(taken)


def compiling() -> None:
    print(f"{'compiling the demo':24}{'nodes':>10}{'seconds':>10}{'bytes a node at peak':>23}")
    times = []
    for points in (100, 1000):
        _, loss = demo(points)
        nodes = 0
        spent = float("inf")
        for _ in range(3):
            gc.collect()
            fast = autograd.compile(loss)
            spent = min(spent, seconds(fast, 1))
            nodes = fast.recordings.last.recorded
        times.append(spent)
        peak = "" if points > 100 else f"{_peak(loss) / nodes:23.0f}"
        print(f"{points:5} points{nodes:22,}{spent:10.2f}{peak}")
    print(f"10 times the size takes {times[1] / times[0]:.1f} times as long (at most 12)")
    sizes = (100, 10_000)
    compiled = dict.fromkeys(sizes, float("inf"))
    for _ in range(9):
        for points in sizes:
            gc.collect()
            step = by_vmap(points)
            first = seconds(step, 1)  # which compiles, and then computes as the later calls do
            compiled[points] = min(compiled[points], first - seconds(step, 3))
    few, many = compiled.values()
    print(
        f"through vmap: {few:.3f} s for 100 points, {many:.3f} s for 10,000, "
        f"{many / few:.2f} times as long (at most 1.2)"
    )


def machine_code() -> None:
    """Print what machine code adds to the time to compile the demo, and what its cache saves."""
    from autograd.compiler.machine_code import error_flags
    from autograd.compiler.native_program import NativePrograms

    error_flags()  # what the first program of a process needs besides
    with tempfile.TemporaryDirectory() as folder:
        added = {}
        for name, cache in (("new", "0"), ("", folder), ("from the cache", folder)):
            os.environ["CHALKGRAD_CACHE"] = cache
            _, loss = demo(100)
            by_numpy = autograd.compile(loss, backend="numpy")
            by_numpy()
            program = by_numpy.last_program()
            inputs = by_numpy.recordings.last.inputs.constant
            added[name] = seconds(lambda p=program, x=inputs: NativePrograms(p.printed).program(x))
    print(f"machine code adds {added['new'] * 1e3:.0f} ms (at most 60), ", end="")
    print(f"{added['from the cache'] * 1e3:.1f} ms from the cache (at most 5)")


def _peak(loss: Loss) -> int:
    fast = autograd.compile(loss)
    tracemalloc.start()
    fast()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def without_structure() -> None:
    head = ("eager ms", "NumPy ms", "llvm ms", "NumPy / llvm", "eager / llvm", "error")
    print(f"\n{'10,000 operations':20}" + "".join(f"{title:>14}" for title in head))
    for name, (parameters, loss) in (("a chain", chain()), ("a random graph", graph())):
        losses = [loss, *[autograd.compile(loss, backend=b) for b in ("numpy", "llvm")]]
        expected, *_, found = [step(parameters, f) for f in losses]
        scale = max(map(abs, expected))
        error = max(abs(a - b) for a, b in zip(found, expected, strict=True)) / scale
        best = [float("inf")] * 3
        for _ in range(5):
            for i, f in enumerate(losses):
                spent = seconds(lambda p=parameters, f=f: step(p, f), 3 if f is loss else 9)
                best[i] = min(best[i], spent)
        eager, numpy, llvm = best
        times = "".join(f"{x * 1e3:14.3f}" for x in best)
        print(f"{name:20}{times}{numpy / llvm:14.1f}{eager / llvm:14.1f}{error:14.1e}")
    print("the chain is at least 4 times as fast with llvm as with NumPy, the graph 6 times")


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    compiling()
    if find_spec("llvmlite") is not None:
        machine_code()
    without_structure()


if __name__ == "__main__":
    main()
