"""Learning-rate schedules: the factor of the learning rate in each epoch k = 0, 1, 2, ...

A schedule is any function from k to that factor. The functions here make the usual schedules.
`nn.fit` also takes their names, and gives them its own number of ``epochs``. TypeError or
ValueError for arguments that make no schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

from .argument_checks import at_least_0, whole

__all__ = ["constant", "linear", "cosine", "step"]

Schedule = Callable[[int], float]


def constant(epochs: int = 1) -> Schedule:
    """The factor is always 1.

    >>> constant()(7)
    1.0
    """
    whole("epochs", epochs)
    return lambda k: 1.0


def linear(epochs: int, end: float = 0.1) -> Schedule:
    """The factor falls from 1 to ``end`` in equal steps; micrograd has ``1.0 - 0.9 k / 100``.

    >>> linear(100)(50)
    0.55
    """
    epochs, end = whole("epochs", epochs), at_least_0("end", end)
    return lambda k: 1.0 - (1.0 - end) * min(_epoch(k), epochs) / epochs


def cosine(epochs: int, end: float = 0.0) -> Schedule:
    """The factor falls from 1 to ``end`` along half a cosine.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    >>> round(cosine(100)(50), 12)
    0.5
    """
    epochs, end = whole("epochs", epochs), at_least_0("end", end)
    return lambda k: end + (1.0 - end) * (1 + cos(pi * min(_epoch(k), epochs) / epochs)) / 2


def step(epochs: int, steps: int = 3, factor: float = 0.1) -> Schedule:
    """The rate is multiplied by ``factor`` after each of ``steps`` equal parts of ``epochs``.

    >>> [round(step(90)(k), 12) for k in (0, 29, 30, 60)]
    [1.0, 1.0, 0.1, 0.01]
    """
    epochs, steps, factor = (
        whole("epochs", epochs),
        whole("steps", steps),
        at_least_0("factor", factor),
    )
    return lambda k: factor ** (min(_epoch(k), epochs - 1) * steps // epochs)


def _epoch(k: int) -> int:
    at_least_0("the epoch", k)
    return k


SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    f.__name__: f for f in (constant, linear, cosine, step)
}
