"""Small data sets and a small model for the tests of training."""

import random

import nn

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def blobs(n=40, seed=0):
    """Two clouds of points, around (-1, -1) and (1, 1), with classes 0 and 1."""
    rng = random.Random(seed)
    y = [i % 2 for i in range(n)]
    X = [[rng.gauss(2 * t - 1, 0.8) for _ in range(2)] for t in y]
    return X, y


def small(rng=0):
    return nn.MLP(2, [4, 1], "tanh", rng=rng)
