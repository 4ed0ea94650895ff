"""The printed program of a compiled function calls a gradient by the name of its array."""

import random

import pytest

import autograd
from autograd import Value, dot, sin, tanh

pytest.importorskip("numpy")


def test_an_adjoint_is_named_after_the_first_array_that_it_belongs_to():
    rng = random.Random(0)
    left, right = ([[Value(rng.gauss(0, 1)) for _ in "abc"] for _ in range(8)] for _ in "lr")
    rows = [[rng.gauss(0, 1) for _ in "abc"] for _ in range(12)]

    def loss():
        totals = []
        for row in rows:
            hidden = [
                tanh(dot(w, row)) + sin(dot(v, row)) for w, v in zip(left, right, strict=True)
            ]
            totals.append(autograd.sum([tanh(h) for h in hidden]))
        return autograd.mean(totals)

    fast = autograd.compile(loss)
    fast().backward()
    names = [line.split()[0] for line in fast.source.splitlines() if " = " in line]
    assert "dz1" in names  # of z1 = X @ W.T, whose rows are those of both products
    assert "da1" not in names  # the adjoint of tanh(...) + sin(...) is not that of one operand


def test_the_gradient_of_a_matrix_of_parameters_is_named_after_it():
    rng = random.Random(0)
    weights = [[Value(rng.gauss(0, 1)) for _ in "abc"] for _ in range(8)]
    rows = [[Value(rng.gauss(0, 1)) for _ in "abc"] for _ in range(12)]
    fast = autograd.compile(
        lambda: autograd.mean([autograd.sum([tanh(dot(w, row)) for w in weights]) for row in rows])
    )
    fast().backward()
    names = [line.split()[0] for line in fast.source.splitlines() if " = " in line]
    assert {"W1", "W2", "dW1", "dW2"} <= {*names}
