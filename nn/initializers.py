"""Where weights start. An initializer is called as ``init(rng, nin, nout)`` for each weight of a
layer, neuron by neuron, and returns it; biases start at 0.

Of the layer, ``nin`` is the number of inputs and ``nout`` that of its neurons.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import sqrt
from numbers import Integral
from types import ModuleType
from typing import cast

Initializer = Callable[[random.Random, int, int], float]


def uniform(rng: random.Random, nin: int, nout: int) -> float:
    """Uniform in (-1, 1), as in micrograd.

    >>> -1 < uniform(random.Random(0), 3, 5) < 1
    True
    """
    return rng.uniform(-1, 1)


def xavier(rng: random.Random, nin: int, nout: int) -> float:
    """Uniform in +-sqrt(6 / (nin + nout)): keeps the variance of activations and gradients through
    layers of tanh (Glorot and Bengio 2010, equation 16).

    >>> abs(xavier(random.Random(0), 3, 3)) < 1
    True
    """
    limit = sqrt(6 / (nin + nout))
    return rng.uniform(-limit, limit)


def he(rng: random.Random, nin: int, nout: int) -> float:
    """Normal with mean 0 and variance 2 / nin: the same for ReLU (He et al. 2015,
    arXiv:1502.01852, equation 10).

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


def initializer(init: str | Initializer) -> Initializer:
    """The initializer of that name, or the callable given; ValueError for an unknown name.

    >>> initializer("he") is he
    True
    """
    if callable(init):
        return init
    if init not in INITIALIZERS:
        raise ValueError(
            f"unknown initializer {init!r}: it is {', '.join(INITIALIZERS)} or a callable"
        )
    return INITIALIZERS[init]


def generator(rng: random.Random | int | None) -> random.Random:
    """The random numbers that an ``rng`` argument stands for: a generator, the seed of a new one,
    or with None those of the module `random`, which ``random.seed`` seeds.

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
