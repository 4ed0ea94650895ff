"""Neurons, layers and the models made of them, in micrograd's manner.

A model takes one sample, a list of numbers or Values. It returns a list of outputs, or the bare
Value if there is one output only. A neuron is two nodes of the graph: its *pre-activation*, one
`autograd.dot`, and its *activation*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import pairwise
from numbers import Integral
from typing import Any

import autograd
from autograd import Constant, Value, Values, affine, dot, maximum, take

from .argument_checks import choice, counted, flag, whole
from .initializers import INITIALIZERS, Init, Rng, generator
from .module import Module, savable

Activation = Callable[[Any], Any]
Output = Value | list[Value]


def linear(x: Any) -> Any:
    """``x`` itself: the activation of a neuron that has none."""
    return x


ACTIVATIONS: dict[str, Activation] = {"linear": linear}
ACTIVATIONS |= {name: f for name, f in autograd.TABLE.items() if f.activation}


def activations() -> dict[str, Activation]:
    """`ACTIVATIONS`, and the operations of your own that were declared with ``activation=True``."""
    return ACTIVATIONS | {name: f for name, f in autograd.TABLE.items() if f.activation}


def _activation(given: str | Activation) -> Activation:
    other = "a callable; import the module of an operation of your own first"
    return choice("activation", given, activations(), other)  # type: ignore[no-any-return]  # found


def _inputs(x: Any, nin: int, module: Module) -> list[Value]:
    """The ``nin`` inputs as Values. All neurons of a layer share the constant for a number."""
    if isinstance(x, list | tuple):
        xs = x
    elif isinstance(x, Set | Mapping | str | bytes):
        why = ": a set has no order" if isinstance(x, Set) else ""
        raise TypeError(f"{module!r} takes its inputs in a list{why}, got {x!r:.80}")
    else:
        xs = list(x) if isinstance(x, Iterable) else [x]
    if len(xs) != nin:
        alone = "" if isinstance(x, Iterable) else f": {x!r:.80}"
        raise ValueError(f"{module!r} takes {counted(nin, 'input')}, got {len(xs)}{alone}")
    return [x if issubclass(type(x), Value) else Constant(x) for x in xs]


def _bare(outputs: list[Value]) -> Output:
    return outputs[0] if len(outputs) == 1 else outputs


@savable
class Neuron(Module):
    """``activation(w . x + b)``: one output from ``nin`` inputs.

    >>> neuron = Neuron(2, activation="tanh", init="zeros")
    >>> neuron([1.0, -2.0]).data
    0.0

    ``activation`` is a callable or a name: "linear", or a function of `autograd` that takes one
    operand and is defined everywhere. ``nonlin=False`` leaves it out, as in micrograd. ``init`` is
    a callable or a name from `nn.initializers`. The weights are drawn in order from ``rng``: a
    `random.Random`, a seed, or None for the module `random`. ``nout`` is the number of neurons in
    the layer, which some initializers use. ``bias=False`` leaves b out: the attribute is None.
    ValueError for an unknown name.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: str | Activation = "relu",
        *,
        init: Init = "uniform",
        rng: Rng = None,
        nout: int = 1,
        bias: bool = True,
    ) -> None:
        nin, rng = whole("nin", nin), generator(rng)
        draw = choice("initializer", init, INITIALIZERS)
        if isinstance(nonlin, str) or callable(nonlin):
            raise TypeError(
                f"nonlin is True or False, got {nonlin!r:.80}; or activation={nonlin!r:.80}"
            )
        function = _activation(activation)
        self.function: Activation = function if nonlin else linear
        self.activation = getattr(self.function, "__name__", type(self.function).__name__)
        self.w = [Value(draw(rng, nin, nout)) for _ in range(nin)]
        self.b = Value(0.0) if flag("bias", bias) else None
        self.label_parameters()

    @property
    def nonlin(self) -> bool:
        """Whether it has an activation function."""
        return self.activation != "linear"

    @property
    def own_activation(self) -> bool:
        """Whether its activation is a function of your own, which no name stands for."""
        return activations().get(self.activation) is not self.function

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, 1)``."""
        return len(self.w), 1

    def __call__(self, x: Any) -> Value:
        (z,) = _affine([self], _inputs(x, len(self.w), self))
        return self.function(z)  # type: ignore[no-any-return]  # a Value

    def config(self) -> dict[str, Any]:
        return {"nin": len(self.w), "activation": self.activation, **_without_bias(self)}


def _without_bias(neuron: Neuron) -> dict[str, bool]:
    """The argument ``bias`` as an entry of `Module.config`, which leaves out True."""
    return {} if neuron.b is not None else {"bias": False}


def _affine(neurons: Sequence[Neuron], xs: Sequence[Value]) -> list[Any]:
    """The pre-activations of neurons that see the same inputs."""
    if neurons[0].b is None:
        return [dot(neuron.w, xs) for neuron in neurons]
    return affine([neuron.w for neuron in neurons], xs, [neuron.b for neuron in neurons])


@savable
class Layer(Module):
    """``nout`` neurons that see the same ``nin`` inputs: ``activation(W x + b)``.

    >>> layer = Layer(3, 5, "tanh", rng=0)
    >>> len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
    (5, 20)

    The other arguments are as for `Neuron`. The weights are drawn neuron by neuron. `W` and `b`
    are the parameters as a matrix and a vector, and `set` gives them numbers:

    >>> layer = Layer(2, 1, "linear").set([[3.0, -1.0]], [0.5])
    >>> layer([1.0, 2.0]).backward()
    >>> layer.W.data, layer.W.grad, layer.b.grad
    ([[3.0, -1.0]], [[1.0, 2.0]], [1.0])
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: str | Activation = "relu",
        *,
        nonlin: bool = True,
        init: Init = "uniform",
        rng: Rng = None,
        bias: bool = True,
    ) -> None:
        nin, nout, rng = whole("nin", nin), whole("nout", nout), generator(rng)
        self.neurons = [
            Neuron(nin, nonlin, activation, init=init, rng=rng, nout=nout, bias=bias)
            for _ in range(nout)
        ]
        self.label_parameters()

    @property
    def W(self) -> Values:
        """The weights: a row of ``nin`` Values for each neuron. It has ``.data`` and ``.grad``."""
        return Values([neuron.w for neuron in self.neurons])

    @property
    def b(self) -> Values | None:
        """The bias of each neuron; None for a layer without biases."""
        biases = [neuron.b for neuron in self.neurons]
        return None if biases[0] is None else Values(biases)

    def set(self, W: Any, b: Any = None) -> Layer:
        """Give the weights, and the biases if ``b`` is given, these numbers; return the layer.

        ``W`` has ``nout`` rows of ``nin`` numbers, ``b`` has ``nout`` numbers: lists or arrays.
        ValueError for other shapes, TypeError for other things. On an error no parameter changes.
        """
        biases, before = self.b, self.W.data
        if b is not None and biases is None:
            raise ValueError(f"{self!r} has no biases, got b = {b!r:.80}")
        self.W.set(W)
        try:
            if biases is not None and b is not None:
                biases.set(b)
        except (TypeError, ValueError):
            self.W.set(before)
            raise
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, nout)``."""
        return len(self.neurons[0].w), len(self.neurons)

    @property
    def activation(self) -> str:
        """The name of its neurons' activation function."""
        return self.neurons[0].activation

    def __call__(self, x: Any) -> Output:
        zs = self.pre_activations(x)
        return _bare([neuron.function(z) for neuron, z in zip(self.neurons, zs, strict=True)])

    def pre_activations(self, x: Any) -> list[Value]:
        """Return ``W x + b``, one Value for each neuron."""
        return _affine(self.neurons, _inputs(x, self.shape[0], self))

    def config(self) -> dict[str, Any]:
        nin, nout = self.shape
        own = _without_bias(self.neurons[0])
        return {"nin": nin, "nout": nout, "activation": self.activation, **own}


@savable
class Sequential(Module):
    """Modules in a row: each takes what the module before it returned.

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


@savable
class MLP(Sequential):
    """A multi-layer perceptron: a `Layer` of each size in ``nouts``, the last one linear.

    >>> model = MLP(2, [16, 16, 1], rng=1337)
    >>> len(model.parameters()), model.parameters()[0].label
    (337, 'layers.0.neurons.0.w.0')

    The last size is the number of outputs. So ``MLP(2, [16, 1])`` has one hidden layer, of 16
    neurons, and ``MLP(2, [3])`` has none: it is a single linear layer of 3 outputs.

    ``activation`` is one for all hidden layers, or a list with one for each of them. A list with
    one more gives the output layer its own. With the same seed the weights are micrograd's.
    ``bias=False`` leaves the biases of all layers out. ``model.layers[k].W`` is the matrix of layer
    k, see `Layer`.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        init: Init = "uniform",
        rng: Rng = None,
        bias: bool = True,
    ) -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(
                "nouts must be a list of sizes, of the hidden layers and then of the outputs, "
                f"such as [16, 1], got {nouts!r:.80}"
            )
        if isinstance(activation, Integral):
            raise TypeError(
                f"activation must be a name or a function, got {activation!r}; the sizes of all "
                "layers go into one list, as in MLP(2, [16, 1])"
            )
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("MLP needs the size of at least one layer, got nouts = []")
        hidden, rng = len(sizes) - 2, generator(rng)
        if isinstance(activation, str) or not isinstance(activation, Sequence):
            activation = [_activation(activation)] * hidden
        if len(activation) not in (hidden, hidden + 1):
            raise ValueError(
                f"an MLP with {counted(hidden, 'hidden layer')} takes "
                f"{counted(hidden, 'activation')}, or {hidden + 1} with the output's, "
                f"got {len(activation)}"
            )
        shapes = zip(pairwise(sizes), [*activation, "linear"], strict=False)
        super().__init__(
            *[Layer(n, nout, act, init=init, rng=rng, bias=bias) for (n, nout), act in shapes]
        )

    def config(self) -> dict[str, Any]:
        return {
            "nin": self.layers[0].shape[0],
            "nouts": [layer.shape[1] for layer in self.layers],
            "activation": [layer.activation for layer in self.layers],
            **_without_bias(self.layers[0].neurons[0]),
        }


@savable
class Maxout(Module):
    """``nout`` units, each the largest of ``k`` affine pieces: a convex activation that is learned.

    It can become ReLU, leaky ReLU or abs (Goodfellow et al. 2013, arXiv:1302.4389).

    >>> unit = Maxout(1, 1, 2, init="zeros")
    >>> unit.units[0][0].w[0].data, unit.units[0][1].w[0].data = 1.0, -1.0
    >>> unit([-3.0]).data
    3.0

    ``init`` and ``rng`` are as for `Neuron`. The weights are drawn unit by unit, piece by piece.
    """

    activation = "maxout"

    def __init__(
        self, nin: int, nout: int, k: int = 2, *, init: Init = "uniform", rng: Rng = None
    ) -> None:
        nin, nout, k, rng = whole("nin", nin), whole("nout", nout), whole("k", k), generator(rng)
        self.units = [
            [Neuron(nin, nonlin=False, init=init, rng=rng, nout=nout) for _ in range(k)]
            for _ in range(nout)
        ]
        self.label_parameters()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of inputs and outputs: ``(nin, nout)``."""
        return len(self.units[0][0].w), len(self.units)

    def __call__(self, x: Any) -> Output:
        xs = _inputs(x, self.shape[0], self)
        return _bare([maximum(_affine(unit, xs)) for unit in self.units])

    def config(self) -> dict[str, Any]:
        nin, nout = self.shape
        return {"nin": nin, "nout": nout, "k": len(self.units[0])}


@savable
class Embedding(Module):
    """A vector of ``dim`` parameters for each of ``n`` symbols, the rows of the table ``w``.

    An output is the dot of a column of ``w`` with a one-hot input.

    >>> embedding = Embedding(27, 2, init="zeros")
    >>> [x.data for x in embedding(3)], len(embedding.parameters())
    ([0.0, 0.0], 54)

    Takes the index of a symbol, or the one-hot list of numbers or Values. Inside a compiled
    function the index may be an argument. ValueError for an index outside 0 .. n - 1. ``init`` and
    ``rng`` are as for `Neuron`. The table is drawn row by row.
    """

    activation = "linear"

    def __init__(self, n: int, dim: int, *, init: Init = "uniform", rng: Rng = None) -> None:
        n, dim, rng = whole("n", n), whole("dim", dim), generator(rng)
        draw = choice("initializer", init, INITIALIZERS)
        self.w = [[Value(draw(rng, n, dim)) for _ in range(dim)] for _ in range(n)]
        self.label_parameters()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of symbols and of outputs: ``(n, dim)``."""
        return len(self.w), len(self.w[0])

    def __call__(self, x: Any) -> Output:
        if issubclass(type(x), Integral):
            x = int(x)
            if not 0 <= x < len(self.w):
                raise ValueError(f"{self!r} takes an index from 0 to {len(self.w) - 1}, got {x}")
            x = [float(i == x) for i in range(len(self.w))]
        if not hasattr(x, "__iter__"):  # a number or Value, maybe inside a compiled function
            try:
                if 0 <= x < len(self.w):
                    return _bare(take(self.w, x))
            except TypeError:
                pass
            raise ValueError(f"{self!r} takes a whole index or a one-hot list, got {x!r:.80}")
        one_hot = _inputs(x, len(self.w), self)
        return _bare([dot(column, one_hot) for column in zip(*self.w, strict=True)])

    def config(self) -> dict[str, Any]:
        n, dim = self.shape
        return {"n": n, "dim": dim}
