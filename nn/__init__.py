"""Neurons, layers and multi-layer perceptrons, built on `autograd`.

Models are made of `Neuron`, `Layer`, `Maxout`, `Embedding`, `Sequential` and `MLP`; they start from
`initializers`, are trained by `fit` with a loss, an `Optimizer` and a schedule, and are written to
a file by `Module.save` and read by `load`. Each works alone too, on the Values of `autograd`.

>>> model = MLP(2, [4, 1], rng=0)
>>> fit(model, [[0, 0], [1, 1]], [0, 1], compiled=False).loss_name
'bce_with_logits'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import datasets, initializers, plot, schedules
from .exchange.pytorch import from_torch, to_torch
from .layers import MLP, Embedding, Layer, Maxout, Neuron, Sequential
from .losses import (
    bce,
    bce_with_logits,
    cross_entropy,
    gaussian_nll,
    hinge,
    l1,
    l2,
    laplace_nll,
    mae,
    mse,
    nll,
)
from .module import Module, load
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, clip_gradients, gradient_norm
from .optional_packages import need
from .training.history import History
from .training.loop import fit

_ESTIMATORS = ("MLPClassifier", "MLPRegressor")  # not in __all__, which imports all it names


if TYPE_CHECKING:
    from .exchange.estimators import MLPClassifier as MLPClassifier
    from .exchange.estimators import MLPRegressor as MLPRegressor
else:

    def __getattr__(name: str) -> Any:
        """The estimators, for which scikit-learn is imported when they are first used."""
        if name in _ESTIMATORS:
            need("sklearn", "scikit-learn")
            return getattr(import_module(".exchange.estimators", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_ESTIMATORS]


__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Embedding",
    "History",
    "Layer",
    "Maxout",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "Sequential",
    "bce",
    "bce_with_logits",
    "clip_gradients",
    "cross_entropy",
    "datasets",
    "fit",
    "from_torch",
    "gaussian_nll",
    "gradient_norm",
    "hinge",
    "initializers",
    "l1",
    "l2",
    "laplace_nll",
    "load",
    "mae",
    "mse",
    "nll",
    "plot",
    "schedules",
    "to_torch",
]
