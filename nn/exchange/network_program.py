"""The network of an estimator as one program of arrays: the loss of a batch, and its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import numpy as np

import autograd
from autograd import vmap

from ..layers import MLP
from .estimator_losses import MINIMIZED

MAX_KINDS = 32  # of networks whose programs are kept


class NetworkProgram:
    """An `nn.MLP` of Values, compiled once for batches of every size.

    ``sizes`` are the numbers of features, of neurons in each hidden layer, and of outputs.
    ``backend`` runs the program, see `autograd.compile`.
    """

    def __init__(
        self, sizes: tuple[int, ...], activation: str, loss_name: str, backend: str
    ) -> None:
        self.sizes = sizes
        self.model: Any = MLP(sizes[0], list(sizes[1:]), activation, init="zeros")
        self.parameters = self.model.parameters()
        biases = {n.b for layer in self.model.layers for n in layer.neurons}
        self.is_weight = np.array([p not in biases for p in self.parameters], float)
        self._loss = MINIMIZED[loss_name]
        self.flat = autograd.flat_function(
            autograd.compile(self._of_rows, backend=backend), self.parameters
        )

    def _of_rows(self, X: Any, targets: Any, shares: Any) -> Any:
        def part(x: Any, target: Any, share: Any) -> Any:
            return share * self._loss.of_sample(self.model(x), target)

        return autograd.sum(vmap(part)(X, targets, shares))

    def loss_and_gradient(
        self, theta: Any, X: Any, targets: Any, shares: Any, penalty: float
    ) -> tuple[float, Any]:
        """Return the loss of a batch with these parameters, and its derivative by each of them.

        ``X`` and ``targets`` have a row for each sample, ``shares`` the factor of its loss.
        ``penalty`` is the factor of the sum of squared weights, which is added. Biases are not
        weights.
        """
        loss, gradient = self.flat(theta, X, targets, shares)
        weights = self.is_weight * theta
        return loss + penalty * float(weights.dot(weights)), gradient + 2.0 * penalty * weights


_idle: dict[Any, list[NetworkProgram]] = {}


@contextmanager
def borrowed_program(*kind: Any) -> Iterator[NetworkProgram]:
    """Give a program that nobody else uses meanwhile, compiled in an earlier training if possible.

    ``kind`` are the arguments of `NetworkProgram`. The most recent kinds are kept, because folds of
    a cross-validation and calls of ``partial_fit`` need the same one. It gives the same numbers
    whatever was trained before, in any thread.
    """
    program = None
    with suppress(KeyError, IndexError):  # another thread may have taken the last one
        program = _idle[kind].pop()
    yield (program := program or NetworkProgram(*kind))
    _idle.setdefault(kind, []).append(program)  # only if nothing went wrong
    with suppress(KeyError, RuntimeError):
        if len(_idle) > MAX_KINDS:
            del _idle[next(iter(_idle))]


def forget_programs() -> None:
    """Let the next training of each network compile it anew."""
    _idle.clear()


def packed(coefs: Sequence[Any], intercepts: Sequence[Any]) -> Any:
    """Return weights and biases of all layers in one array, in the order of ``nn.MLP.parameters``.

    >>> packed([np.array([[1.0, 2.0], [3.0, 4.0]])], [np.array([5.0, 6.0])]).tolist()
    [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]
    """
    layers = zip(coefs, intercepts, strict=True)
    return np.concatenate([np.vstack([c, b]).T.ravel() for c, b in layers])


def unpacked(theta: Sequence[float], sizes: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Undo `packed`, given the sizes of all layers, the inputs first.

    >>> unpacked([1.0, 3.0, 5.0, 2.0, 4.0, 6.0], [2, 2])[1][0].tolist()
    [5.0, 6.0]
    """
    numbers, start, layers = np.asarray(theta), 0, []
    for nin, nout in pairwise(sizes):
        stop = start + (nin + 1) * nout
        layers.append(numbers[start:stop].reshape(nout, nin + 1))
        start = stop
    return [rows[:, :-1].T.copy() for rows in layers], [rows[:, -1].copy() for rows in layers]
