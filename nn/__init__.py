"""Neurons, layers and multi-layer perceptrons, built on `autograd`.

A model is made of `Neuron`, `Layer`, `Maxout`, `Embedding`, `Sequential` and `MLP`. Its weights
start from `initializers`. `fit` trains it with a loss, an `Optimizer` and a schedule. `Module.save`
writes it to a file, and `load` reads it. `Playground` is a page where a network learns. Each part
works alone too, on the Values of `autograd`.

>>> from nn import MLP, fit
>>> model = MLP(2, [4, 1], rng=0)
>>> fit(model, [[0, 0], [1, 1]], [0, 1], compiled=False).loss_name
'bce_with_logits'
"""

from importlib import import_module

from . import name_clash  # noqa: F401  # for its effect: one sentence where autograd is another

TYPE_CHECKING = False  # True for type checkers, which know it by its name; typing is slow to import

if TYPE_CHECKING:
    from . import constructions, datasets, initializers, plot, schedules
    from .exchange.estimators import MLPClassifier as MLPClassifier
    from .exchange.estimators import MLPRegressor as MLPRegressor
    from .exchange.pytorch import from_torch, to_torch
    from .layer_trace import Trace, trace
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
        poisson_nll,
    )
    from .module import Module, load
    from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, clip_gradients, gradient_norm
    from .piece_counting import linear_pieces
    from .playground.playground import Playground
    from .training.history import History
    from .training.loop import fit
    from .training.own_loop import train_step

_NAMES_OF = {  # the names above, by the module that has them
    "exchange.estimators": "MLPClassifier MLPRegressor",
    "exchange.pytorch": "from_torch to_torch",
    "layer_trace": "Trace trace",
    "layers": "MLP Embedding Layer Maxout Neuron Sequential",
    "losses": (
        "bce bce_with_logits cross_entropy gaussian_nll hinge l1 l2 laplace_nll mae mse nll "
        "poisson_nll"
    ),
    "module": "Module load",
    "optimizers": "SGD Adam AdamW Optimizer RMSprop clip_gradients gradient_norm",
    "piece_counting": "linear_pieces",
    "playground.playground": "Playground",
    "training.history": "History",
    "training.loop": "fit",
    "training.own_loop": "train_step",
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names.split()}
_MODULES = ("constructions", "datasets", "initializers", "plot", "schedules")

if not TYPE_CHECKING:

    def __getattr__(name):
        """Import the module that has the name when it is first used, so that nn starts at once."""
        if name in _MODULES:
            return import_module(f".{name}", __name__)
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if _MODULE_OF[name] == "exchange.estimators":
            from .optional_packages import need

            need("sklearn", "scikit-learn")
        if name == "load":
            import_module(".layers", __name__)  # the modules that a file can name
        value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        globals()[name] = value  # the next use finds it without this function
        return value


def __dir__() -> list[str]:
    return [*_MODULES, *_MODULE_OF]


# import * leaves the estimators out, because they import scikit-learn
__all__ = ["MLP", "Embedding", "Layer", "Maxout", "Module", "Neuron", "Sequential", "load"]
__all__ += ["bce", "bce_with_logits", "cross_entropy", "gaussian_nll", "hinge", "l1", "l2"]
__all__ += ["laplace_nll", "mae", "mse", "nll", "poisson_nll"]
__all__ += ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_gradients", "gradient_norm"]
__all__ += ["History", "Playground", "Trace", "fit", "from_torch", "to_torch"]
__all__ += ["linear_pieces", "trace", "train_step"]
__all__ += ["constructions", "datasets", "initializers", "plot", "schedules"]
