"""Initializers: where the weights of a layer start. Biases start at 0.

An initializer is called as ``init(rng, nin, nout)`` and returns one weight. It is called for each
weight, neuron by neuron. The layer has ``nin`` inputs and ``nout`` neurons.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import sqrt
from numbers import Integral
from types import ModuleType
from typing import cast

__all__ = ["uniform", "xavier", "he", "zeros"]

Initializer = Callable[[random.Random, int, int], float]
Init = str | Initializer  # an ``init`` argument: a name or a callable
Rng = random.Random | int | None  # an ``rng`` argument: a generator or a seed


def uniform(rng: random.Random, nin: int, nout: int) -> float:
    """Uniform in (-1, 1), as in micrograd.

    >>> -1 < uniform(random.Random(0), 3, 5) < 1
    True
    """
    return rng.uniform(-1, 1)


def xavier(rng: random.Random, nin: int, nout: int) -> float:
    """Uniform in +-sqrt(6 / (nin + nout)) (Glorot and Bengio 2010, equation 16).

    Keeps the variance of activations and gradients from layer to layer of tanh.

    >>> abs(xavier(random.Random(0), 3, 3)) < 1
    True
    """
    limit = sqrt(6 / (nin + nout))
    return rng.uniform(-limit, limit)


def he(rng: random.Random, nin: int, nout: int) -> float:
    """Normal with mean 0 and variance 2 / nin (He et al. 2015, arXiv:1502.01852, equation 10).

    Keeps the variance from layer to layer of ReLU.

    >>> abs(he(random.Random(0), 200, 3)) < 1
    True
    """
    return rng.gauss(0.0, sqrt(2 / nin))


def zeros(rng: random.Random, nin: int, nout: int) -> float:
    """0, which shows why weights must differ: neurons that start equal stay equal.

    >>> zeros(random.Random(0), 3, 5)
    0.0
    """
    return 0.0


INITIALIZERS: dict[str, Initializer] = {f.__name__: f for f in (uniform, xavier, he, zeros)}


def generator(rng: Rng) -> random.Random:
    """The random numbers for an ``rng`` argument: a generator, or the seed of a new one.

    None gives the module `random`, which ``random.seed`` seeds.

    >>> generator(7).random() == random.Random(7).random()
    True
    """
    if rng is None:
        return cast(random.Random, random)  # its functions are the methods of one hidden Random
    if isinstance(rng, Integral):
        return random.Random(int(rng))
    if isinstance(rng, random.Random | ModuleType):
        return rng
    raise TypeError(f"rng must be a random.Random, a whole number or None, got {rng!r:.80}")
