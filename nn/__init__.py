"""Neurons, layers and multi-layer perceptrons, built on `autograd`.

A model is made of `Neuron`, `Layer`, `Maxout`, `Embedding`, `Sequential` and `MLP`. Its weights
start from `initializers`. `fit` trains it with a loss, an `Optimizer` and a schedule. `Module.save`
writes it to a file, and `load` reads it. Each part works alone too, on the Values of `autograd`.

>>> model = MLP(2, [4, 1], rng=0)
>>> fit(model, [[0, 0], [1, 1]], [0, 1], compiled=False).loss_name
'bce_with_logits'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import name_clash  # noqa: F401  # before anything else that imports autograd

# isort: split

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

# Not in __all__, because import * would import scikit-learn.
_ESTIMATORS = ("MLPClassifier", "MLPRegressor")

if TYPE_CHECKING:
    from .exchange.estimators import MLPClassifier as MLPClassifier
    from .exchange.estimators import MLPRegressor as MLPRegressor
else:

    def __getattr__(name: str) -> Any:
        """Import the estimators, and scikit-learn with them, when they are first used."""
        if name in _ESTIMATORS:
            need("sklearn", "scikit-learn")
            return getattr(import_module(".exchange.estimators", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_ESTIMATORS]


__all__ = ["MLP", "Embedding", "Layer", "Maxout", "Module", "Neuron", "Sequential", "load"]
__all__ += ["bce", "bce_with_logits", "cross_entropy", "gaussian_nll", "hinge", "l1", "l2"]
__all__ += ["laplace_nll", "mae", "mse", "nll"]
__all__ += ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_gradients", "gradient_norm"]
__all__ += ["History", "fit", "from_torch", "to_torch"]
__all__ += ["datasets", "initializers", "plot", "schedules"]
