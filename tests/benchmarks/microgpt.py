"""A GPT of 4,192 parameters as one writes it on bare scalar nodes, for any class of nodes.

The model is the one of `tests.benchmarks.scalar_gpt`, after Karpathy's microgpt (2026). The code
uses nothing but operators, ``exp``, ``log``, ``relu`` and ``data``: tokens are indices, and the
softmax is written out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .scalar_gpt import CONTEXT, EMBEDDING, HEAD, HIDDEN, VOCABULARY

Vector = list[Any]


def linear(x: Vector, weights: list[Vector]) -> Vector:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in weights]


def softmax(logits: Vector) -> Vector:
    largest = max(value.data for value in logits)
    exponentials = [(value - largest).exp() for value in logits]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def normalized(x: Vector) -> Vector:
    mean_square = sum(xi * xi for xi in x) / len(x)
    scale = (mean_square + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def training_step(node: Callable[[float], Any], letters: int = 8) -> Callable[[], float]:
    """Return one step on nodes of a class: the loss of a name, and gradient descent."""
    rng = random.Random(42)

    def matrix(rows: int, columns: int) -> list[Vector]:
        return [[node(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    tokens, positions = matrix(VOCABULARY, EMBEDDING), matrix(CONTEXT, EMBEDDING)
    query, key, value, out = (matrix(EMBEDDING, EMBEDDING) for _ in "qkvo")
    up, down = matrix(HIDDEN, EMBEDDING), matrix(EMBEDDING, HIDDEN)
    head = matrix(VOCABULARY, EMBEDDING)
    matrices = [tokens, positions, query, key, value, out, up, down, head]
    parameters = [p for m in matrices for row in m for p in row]
    name = [26, *(rng.randrange(26) for _ in range(letters)), 26]

    def predicted(token: int, position: int, keys: list[Vector], values: list[Vector]) -> Vector:
        x = normalized([t + p for t, p in zip(tokens[token], positions[position], strict=True)])
        residual, x = x, normalized(x)
        q = linear(x, query)
        keys.append(linear(x, key))
        values.append(linear(x, value))
        read: Vector = []
        for first in range(0, EMBEDDING, HEAD):
            part = range(first, first + HEAD)
            weights = softmax([sum(q[j] * k[j] for j in part) / HEAD**0.5 for k in keys])
            read += [sum(w * v[j] for w, v in zip(weights, values, strict=True)) for j in part]
        x = residual = [a + b for a, b in zip(linear(read, out), residual, strict=True)]
        x = linear([h.relu() for h in linear(normalized(x), up)], down)
        return softmax(linear([a + b for a, b in zip(x, residual, strict=True)], head))

    def step() -> float:
        keys: list[Vector] = []
        values: list[Vector] = []
        losses = [
            -predicted(token, i, keys, values)[target].log()
            for i, (token, target) in enumerate(pairwise(name))
        ]
        loss = sum(losses) / len(losses)
        loss.backward()
        for p in parameters:
            p.data -= 0.01 * p.grad
            p.grad = 0.0
        return float(loss.data)

    return step
