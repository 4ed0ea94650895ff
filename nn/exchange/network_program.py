"""The network of an estimator as one compiled function: the loss of a batch, and its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

import autograd
from autograd import vmap

from ..layers import MLP
from ..losses import LOSSES, l2

MAX_KINDS = 32  # of networks whose programs are kept
STEPS_WITH_NUMPY = 1000  # a training of fewer is not worth machine code


class DivergedError(Exception):
    """A loss, gradient or weight is no longer finite; the message says which."""


class NetworkProgram:
    """An `nn.MLP` of Values, compiled once for batches of every size.

    ``sizes`` are the numbers of features, of neurons in each hidden layer, and of outputs.
    ``backend`` runs the program, see `autograd.compile`. ``rows`` are the sizes of its batches, if
    the program is for no others.
    """

    def __init__(
        self, sizes: tuple[int, ...], activation: str, loss_name: str, backend: str = "numpy",
        rows: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        self.sizes = sizes
        self.model: Any = MLP(sizes[0], list(sizes[1:]), activation, init="zeros")
        self.parameters = self.model.parameters()
        self._weights = [w for layer in self.model.layers for n in layer.neurons for w in n.w]
        self._loss = LOSSES[loss_name]
        self._compiled = autograd.compile(self._penalized, backend=backend)
        self._order: list[int] | None = None

    def _penalized(self, X: Any, targets: Any, shares: Any, penalty: Any) -> Any:
        def part(x: Any, target: Any, share: Any) -> Any:
            return share * self._loss.of_sample(self.model(x), target)

        return autograd.sum(vmap(part)(X, targets, shares)) + penalty * l2(self._weights)

    def loss_and_gradient(self, theta: Sequence[float], batch: Any) -> tuple[float, list[float]]:
        """Return the loss of a batch with these parameters, and its derivative by each of them.

        ``batch`` has rows of features, rows of targets, the factor of each sample's loss, and the
        factor of the sum of squared weights, which is added. Biases are not weights.

        DivergedError if the loss is not finite.
        """
        for p, x in zip(self.parameters, theta, strict=True):
            p.data = x
        try:
            loss = self._compiled(*batch)
        except (OverflowError, FloatingPointError) as error:
            raise DivergedError(str(error)) from None
        if not isfinite(loss.data):
            raise DivergedError(f"the loss is {loss.data}")
        if self._order is None:
            places = {p: i for i, p in enumerate(loss.parents)}
            self._order = [places[p] for p in self.parameters]
        return loss.data, loss.gradient[self._order].tolist()


def backend_and_rows(samples: int, batch_size: int, max_iter: int) -> tuple[str, frozenset[int]]:
    """Return how to compile for a training: the last two arguments of `NetworkProgram`.

    It depends on nothing else, because machine code and NumPy round differently. So a training
    gives the same numbers whatever was trained before, and in any thread.

    >>> backend_and_rows(100, 32, 10)
    ('numpy', frozenset())
    """
    steps = max_iter * -(-samples // batch_size)
    if steps < STEPS_WITH_NUMPY or find_spec("llvmlite") is None:
        return "numpy", frozenset()
    return "llvm", frozenset({batch_size, samples % batch_size})


_idle: dict[Any, list[NetworkProgram]] = {}


@contextmanager
def borrowed_program(*kind: Any) -> Iterator[NetworkProgram]:
    """Give a program that nobody else uses meanwhile, compiled in an earlier training if possible.

    ``kind`` are the arguments of `NetworkProgram`. The most recent kinds are kept, because folds of
    a cross-validation and calls of ``partial_fit`` need the same one.
    """
    program = None
    with suppress(KeyError, IndexError):  # another thread may have taken the last one
        program = _idle[kind].pop()
    yield (program := program or NetworkProgram(*kind))
    _idle.setdefault(kind, []).append(program)  # only if nothing went wrong
    with suppress(KeyError, RuntimeError):
        if len(_idle) > MAX_KINDS:
            del _idle[next(iter(_idle))]


def packed(coefs: Sequence[Any], intercepts: Sequence[Any]) -> list[float]:
    """Return weights and biases of all layers in one list, in the order of ``nn.MLP.parameters``.

    >>> packed([np.array([[1.0, 2.0], [3.0, 4.0]])], [np.array([5.0, 6.0])])
    [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]
    """
    layers = zip(coefs, intercepts, strict=True)
    return np.concatenate([np.vstack([c, b]).T.ravel() for c, b in layers]).tolist()  # type: ignore[no-any-return]  # an array, which is untyped here


def unpacked(theta: Sequence[float], sizes: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Undo `packed`, given the sizes of all layers, the inputs first.

    >>> unpacked([1.0, 3.0, 5.0, 2.0, 4.0, 6.0], [2, 2])[1][0].tolist()
    [5.0, 6.0]
    """
    numbers, start, layers = np.array(theta), 0, []
    for nin, nout in pairwise(sizes):
        stop = start + (nin + 1) * nout
        layers.append(numbers[start:stop].reshape(nout, nin + 1))
        start = stop
    return [rows[:, :-1].T.copy() for rows in layers], [rows[:, -1].copy() for rows in layers]
