"""One training step of a small GPT in plain scalar code, eager and compiled.

    python -m tests.benchmarks.scalar_gpt

The model is that of Karpathy's microgpt (2026): 16-wide embeddings, 4 heads, 1 layer, RMSNorm, a
ReLU MLP of 64, vocabulary 27, context 16, cross entropy; 4,192 parameters. Embeddings are dots with
one-hot inputs, so that one recording serves all names of a length.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import autograd
from autograd import Value

EMBEDDING, HEADS, VOCABULARY, CONTEXT, HIDDEN = 16, 4, 27, 16, 64
HEAD = EMBEDDING // HEADS
Vector = list[Any]


def linear(weights: list[Vector], x: Vector) -> Vector:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in weights]


def normalized(x: Vector) -> Vector:
    """Root mean square normalization (Zhang and Sennrich 2019, arXiv:1910.07467)."""
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


class GPT:
    """A decoder-only transformer of one layer, number by number."""

    def __init__(self, seed: int = 42) -> None:
        rng = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[Vector]:
            return [[Value(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.tokens, self.positions = matrix(EMBEDDING, VOCABULARY), matrix(CONTEXT, EMBEDDING)
        self.query, self.key, self.value, self.out = (matrix(EMBEDDING, EMBEDDING) for _ in "qkvo")
        self.up, self.down = matrix(HIDDEN, EMBEDDING), matrix(EMBEDDING, HIDDEN)
        self.head = matrix(VOCABULARY, EMBEDDING)

    def parameters(self) -> Vector:
        matrices = [self.tokens, self.positions, self.query, self.key, self.value]
        matrices += [self.out, self.up, self.down, self.head]
        return [x for m in matrices for row in m for x in row]

    def attention(self, queries: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
        """What one position reads from itself and those before it, all heads."""
        result = []
        for first in range(0, EMBEDDING, HEAD):
            head = range(first, first + HEAD)
            scores = [sum(queries[j] * key[j] for j in head) / HEAD**0.5 for key in keys]
            weights = autograd.softmax(scores)
            result += [
                sum(w * value[j] for w, value in zip(weights, values, strict=True)) for j in head
            ]
        return result

    def loss(self, inputs: list[Vector], targets: list[Vector]) -> Any:
        """The mean cross entropy of predicting each of ``targets``; both are one-hot rows."""
        keys: list[Vector] = []
        values: list[Vector] = []
        losses = []
        for token, position, target in zip(inputs, self.positions, targets, strict=False):
            embedded = zip(linear(self.tokens, token), position, strict=True)
            x = normalized([t + p for t, p in embedded])
            residual, x = x, normalized(x)
            keys.append(linear(self.key, x))
            values.append(linear(self.value, x))
            x = linear(self.out, self.attention(linear(self.query, x), keys, values))
            residual = x = [a + b for a, b in zip(x, residual, strict=True)]
            x = linear(self.down, [h.relu() for h in linear(self.up, normalized(x))])
            x = [a + b for a, b in zip(x, residual, strict=True)]
            predicted = autograd.log_softmax(linear(self.head, x))
            losses.append(-sum(y * p for y, p in zip(target, predicted, strict=True)))
        return sum(losses) / len(losses)


def one_hot(tokens: list[int]) -> list[Vector]:
    return [[float(i == token) for i in range(VOCABULARY)] for token in tokens]


def example(length: int, seed: int = 0) -> tuple[list[Vector], list[Vector]]:
    """Inputs and targets for a name of ``length`` letters; token 26 marks its ends."""
    rng = random.Random(seed)
    name = [26, *(rng.randrange(26) for _ in range(length)), 26]
    return one_hot(name[:-1]), one_hot(name[1:])


def seconds(step: Callable[[], Any], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        step()
        taken.append(time.process_time() - started)
    return median(taken)


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # one core; before anything imports NumPy
    model = GPT()
    parameters = model.parameters()
    fast = autograd.compile(model.loss)
    print(f"a GPT of {len(parameters):,} parameters: loss and all gradients, one core")
    print("letters   nodes   eager ms   compiled ms   ratio   compile s   largest error")
    for length in (6, 15):
        arguments = example(length)

        def step(loss: Callable[..., Value], arguments: Any = arguments) -> list[float]:
            for p in parameters:
                p.grad = 0.0
            loss(*arguments).backward()
            return [p.grad for p in parameters]

        started = time.process_time()
        found = step(fast)
        compiling = time.process_time() - started
        expected = step(model.loss)
        scale = max(map(abs, expected))
        error = max(abs(a - b) for a, b in zip(found, expected, strict=True)) / scale
        eager = seconds(lambda step=step: step(model.loss), 5)
        compiled = seconds(lambda step=step: step(fast), 51)
        print(
            f"{length:7}{fast.last.recorded:8,}{eager * 1e3:11.1f}{compiled * 1e3:14.3f}"
            f"{eager / compiled:8.0f}{compiling:12.2f}{error:16.1e}"
        )


if __name__ == "__main__":
    main()
