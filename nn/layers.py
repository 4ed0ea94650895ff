"""Neurons, layers and the models made of them, in micrograd's manner.

A model takes one sample, a list of numbers (or of Values), and returns its outputs: a list, or the
bare Value where there is one output only. A neuron is two nodes of the graph: its *pre-activation*,
one `autograd.dot`, and its *activation*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from numbers import Integral
from random import Random
from typing import Any

import autograd
from autograd import Constant, Value, dot, maximum

from .argument_checks import counted, whole
from .initializers import Initializer, generator, initializer
from .module import Module

Activation = Callable[[Any], Any]
Output = Value | list[Value]


def _linear(x: Any) -> Any:
    return x


ACTIVATIONS: dict[str, Activation] = {"linear": _linear}
ACTIVATIONS |= {name: f for name, f in autograd.TABLE.items() if f.activation}


def _activation(activation: str | Activation) -> tuple[str, Activation]:
    """Name and function of an activation given as either."""
    if callable(activation):
        name = getattr(activation, "__name__", type(activation).__name__)
        return ("linear" if activation is _linear else name), activation
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"unknown activation {activation!r}: it is {known} or a callable")
    return activation, ACTIVATIONS[activation]


def _inputs(x: Any, nin: int, module: Module) -> tuple[Value, ...]:
    """The inputs as Values; a plain number becomes one constant for all neurons of a layer."""
    xs = tuple(x) if isinstance(x, list | tuple | Iterable) else (x,)
    if len(xs) != nin:
        raise ValueError(f"{module!r} takes {counted(nin, 'input')}, got {len(xs)}")
    return tuple([x if isinstance(x, Value) else Constant(x) for x in xs])


def _bare(outputs: list[Value]) -> Output:
    return outputs[0] if len(outputs) == 1 else outputs


class Neuron(Module):
    """``activation(w . x + b)``: one output from ``nin`` inputs.

    >>> neuron = Neuron(2, activation="tanh", init="zeros")
    >>> neuron([1.0, -2.0]).data
    0.0

    ``nonlin=False`` leaves the activation out, as in micrograd. ``activation`` is the name of any
    function of `autograd` that takes one operand, defined everywhere, or "linear", or a callable;
    ``init`` one of `nn.initializers`. The ``nin`` weights are drawn in order from ``rng``
    (`random.Random`, a seed, or None for the module `random`); ``nout`` is the number of neurons
    in its layer, which some initializers use. ValueError for an unknown name.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: str | Activation = "relu",
        *,
        init: str | Initializer = "uniform",
        rng: Random | int | None = None,
        nout: int = 1,
    ) -> None:
        nin, rng, draw = whole("nin", nin), generator(rng), initializer(init)
        if isinstance(nonlin, str) or callable(nonlin):
            raise TypeError(
                f"nonlin is True or False, got {nonlin!r:.80}; or activation={nonlin!r:.80}"
            )
        named = _activation(activation)
        self.activation, self.function = named if nonlin else _activation("linear")
        self.w = [Value(draw(rng, nin, nout)) for _ in range(nin)]
        self.b = Value(0.0)
        self.label_parameters()

    @property
    def nonlin(self) -> bool:
        """Whether it has an activation function."""
        return self.activation != "linear"

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, 1)``."""
        return len(self.w), 1

    def __call__(self, x: Any) -> Value:
        return self.respond(_inputs(x, len(self.w), self))

    def respond(self, xs: Sequence[Value]) -> Value:
        """The output for ``nin`` Values, unchecked."""
        return self.function(dot(self.w, xs, self.b))  # type: ignore[no-any-return]  # a Value

    def config(self) -> dict[str, Any]:
        return {"nin": len(self.w), "activation": self.activation}


class Layer(Module):
    """``nout`` neurons that see the same ``nin`` inputs: ``activation(W x + b)``.

    >>> layer = Layer(3, 5, "tanh", rng=0)
    >>> len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
    (5, 20)

    The other arguments are those of `Neuron`, whose weights are drawn neuron by neuron.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: str | Activation = "relu",
        *,
        nonlin: bool = True,
        init: str | Initializer = "uniform",
        rng: Random | int | None = None,
    ) -> None:
        nin, nout, rng = whole("nin", nin), whole("nout", nout), generator(rng)
        self.neurons = [
            Neuron(nin, nonlin, activation, init=init, rng=rng, nout=nout) for _ in range(nout)
        ]
        self.label_parameters()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, nout)``."""
        return self.neurons[0].shape[0], len(self.neurons)

    @property
    def activation(self) -> str:
        """The name of its neurons' activation function."""
        return self.neurons[0].activation

    def __call__(self, x: Any) -> Output:
        xs = _inputs(x, self.shape[0], self)
        return _bare([neuron.respond(xs) for neuron in self.neurons])

    def config(self) -> dict[str, Any]:
        return {
            "nin": self.shape[0],
            "nout": self.shape[1],
            "activation": self.activation,
        }


class Sequential(Module):
    """Modules one after the other, each taking what the one before returned.

    >>> model = Sequential(Layer(2, 3, "tanh", rng=0), Layer(3, 1, "sigmoid", rng=1))
    >>> 0 < model([1.0, 2.0]).data < 1
    True
    """

    def __init__(self, *layers: Module) -> None:
        if not layers:
            raise ValueError("Sequential needs at least one module, got none")
        for layer in layers:
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential takes modules, got {layer!r:.80}")
        self.layers: list[Any] = list(layers)
        self.label_parameters()

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def config(self) -> dict[str, Any]:
        return {"layers": self.layers}


class MLP(Sequential):
    """A multi-layer perceptron: `Layer` s of ``nouts`` neurons each, the last one linear.

    >>> model = MLP(2, [16, 16, 1], rng=1337)
    >>> len(model.parameters()), model.parameters()[0].label
    (337, 'layers.0.neurons.0.w.0')

    ``activation`` is one for all hidden layers, or a list of one for each of them; a list with one
    more gives the output layer its own. With the same seed the weights are micrograd's.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        init: str | Initializer = "uniform",
        rng: Random | int | None = None,
    ) -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(f"nouts must be a list of sizes, such as [16, 1], got {nouts!r:.80}")
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("MLP needs the size of at least one layer, got nouts = []")
        hidden, rng = len(sizes) - 2, generator(rng)
        if isinstance(activation, str) or not isinstance(activation, Sequence):
            activation = [_activation(activation)[1]] * hidden
        if len(activation) not in (hidden, hidden + 1):
            raise ValueError(
                f"an MLP with {counted(hidden, 'hidden layer')} takes "
                f"{counted(hidden, 'activation')}, or "
                f"{hidden + 1} with that of the output, got {len(activation)}"
            )
        shapes = zip(pairwise(sizes), [*activation, "linear"], strict=False)
        super().__init__(*[Layer(n, nout, act, init=init, rng=rng) for (n, nout), act in shapes])

    def config(self) -> dict[str, Any]:
        return {
            "nin": self.layers[0].shape[0],
            "nouts": [layer.shape[1] for layer in self.layers],
            "activation": [layer.activation for layer in self.layers],
        }


class Maxout(Module):
    """``nout`` units, each the largest of ``k`` affine pieces: a learned convex activation
    (Goodfellow et al. 2013, arXiv:1302.4389). With fitting weights it is ReLU, leaky ReLU or abs.

    >>> unit = Maxout(1, 1, 2, init="zeros")
    >>> unit.units[0][0].w[0].data, unit.units[0][1].w[0].data = 1.0, -1.0
    >>> unit([-3.0]).data
    3.0

    The other arguments are those of `Neuron`; weights are drawn unit by unit, piece by piece.
    """

    activation = "maxout"

    def __init__(
        self,
        nin: int,
        nout: int,
        k: int = 2,
        *,
        init: str | Initializer = "uniform",
        rng: Random | int | None = None,
    ) -> None:
        nin, nout, k = whole("nin", nin), whole("nout", nout), whole("k", k)
        rng = generator(rng)
        self.units = [
            [Neuron(nin, nonlin=False, init=init, rng=rng, nout=nout) for _ in range(k)]
            for _ in range(nout)
        ]
        self.label_parameters()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, nout)``."""
        return self.units[0][0].shape[0], len(self.units)

    def __call__(self, x: Any) -> Output:
        xs = _inputs(x, self.shape[0], self)
        return _bare([maximum([piece.respond(xs) for piece in unit]) for unit in self.units])

    def config(self) -> dict[str, Any]:
        return {"nin": self.shape[0], "nout": self.shape[1], "k": len(self.units[0])}


class Embedding(Module):
    """A vector of ``dim`` parameters for each of ``n`` symbols: the dot of each column of the n x
    dim table ``w`` with a one-hot input.

    >>> embedding = Embedding(27, 2, init="zeros")
    >>> [x.data for x in embedding(3)], len(embedding.parameters())
    ([0.0, 0.0], 54)

    Takes the index of a symbol, or the one-hot list itself, of numbers or Values. ValueError for an
    index outside 0 .. n - 1. ``init`` and ``rng`` are those of `Neuron`; the table is drawn row by
    row.
    """

    activation = "linear"

    def __init__(
        self,
        n: int,
        dim: int,
        *,
        init: str | Initializer = "uniform",
        rng: Random | int | None = None,
    ) -> None:
        n, dim = whole("n", n), whole("dim", dim)
        rng, draw = generator(rng), initializer(init)
        self.w = [[Value(draw(rng, n, dim)) for _ in range(dim)] for _ in range(n)]
        self.label_parameters()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of symbols and of outputs: ``(n, dim)``."""
        return len(self.w), len(self.w[0])

    def __call__(self, x: Any) -> Output:
        if isinstance(x, Integral):
            x = int(x)
            if not 0 <= x < len(self.w):
                raise ValueError(f"{self!r} takes an index from 0 to {len(self.w) - 1}, got {x}")
            x = [float(i == x) for i in range(len(self.w))]
        one_hot = _inputs(x, len(self.w), self)
        return _bare([dot(column, one_hot) for column in zip(*self.w, strict=True)])

    def config(self) -> dict[str, Any]:
        return {"n": self.shape[0], "dim": self.shape[1]}
