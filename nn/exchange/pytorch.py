"""Models to PyTorch and back. PyTorch is imported when it is used."""

from __future__ import annotations

from functools import cache
from typing import Any

from autograd import Value

from ..datasets import Scaling
from ..layers import Embedding, Layer, Maxout, Neuron, Sequential
from ..module import Module
from ..optional_packages import need

# PyTorch's class for each activation, and the values that its settings may have, ours first.
# Softplus returns x above its threshold: at the default, 20, this is wrong by less than 2.1e-9.
_CLASSES: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": [0.01]}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "softplus": ("Softplus", {"beta": [1], "threshold": [40, 20]}),
    "silu": ("SiLU", {}),
    "gelu": ("GELU", {"approximate": ["none"]}),
}
# The activations that PyTorch has as a function of the same name, without a class.
_FUNCTIONS = ("neg", "abs", "sin", "cos", "tan", "atan", "erf", "erfc")


def to_torch(model: Module) -> Any:
    """A ``torch.nn.Sequential`` in float64 with the same outputs, for a batch of samples.

    It takes an array of shape (samples, nin), or (samples,) indices if the first layer is an
    `Embedding`. It returns an array of shape (samples, nout).

    The rows are features as they are in the data. If the model has a scaling, a first module
    ``Standardize`` applies it. If it has a target scaling, a last module ``Rescale`` gives the
    predicted numbers their unit; learned log-scales stay as they are. The numbers of both are
    buffers, so ``state_dict()`` holds them. The attribute ``metadata`` is a copy of the model's.

    ValueError for a module that is not from `nn.layers`, and for an activation that PyTorch does
    not have.

    >>> to_torch(MLP(2, [3, 1]))  # doctest: +SKIP
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    torch = need("torch")
    parts = _translated(torch, model)
    meaning = model.meaning
    if meaning.scaling:
        parts.insert(0, _scaling_module(torch, "Standardize", meaning.scaling))
    if meaning.target_scaling:
        parts.append(_scaling_module(torch, "Rescale", meaning.target_scaling))
    module = torch.nn.Sequential(*parts)
    module.metadata = dict(model.metadata)
    return module


def _translated(torch: Any, model: Any) -> list[Any]:
    if isinstance(model, Sequential):
        return [part for layer in model.layers for part in _translated(torch, layer)]
    if not isinstance(model, Embedding | Maxout | Layer | Neuron):
        raise ValueError(f"no translation to PyTorch of {model!r:.80}")
    numbers = [[parameter.data for parameter in row] for row in _rows(model)]
    table = torch.tensor(numbers, dtype=torch.float64)
    if isinstance(model, Embedding):
        return [torch.nn.Embedding.from_pretrained(table, freeze=False)]
    nin = model.shape[0]
    bias = table.shape[1] > nin
    linear = torch.nn.Linear(nin, len(table), bias=bias, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(table[:, :nin])
        if bias:
            linear.bias.copy_(table[:, -1])
    if isinstance(model, Maxout):
        return [linear, torch.nn.MaxPool1d(len(model.units[0]))]
    neuron = model.neurons[0] if isinstance(model, Layer) else model
    if not neuron.nonlin:
        return [linear]
    kind = _activation_class(torch, neuron.activation)
    if kind is None or neuron.own_activation:
        raise ValueError(f"PyTorch has no activation {neuron.activation!r}")
    settings = _CLASSES.get(neuron.activation, ("", {}))[1]
    return [linear, kind(**{name: values[0] for name, values in settings.items()})]


def _rows(layer: Any) -> list[list[Value]]:
    """Its parameters: the weights of each neuron, then its bias if any; or a vector a symbol."""
    if isinstance(layer, Embedding):
        return layer.w
    if isinstance(layer, Maxout):
        neurons = [piece for unit in layer.units for piece in unit]
    else:
        neurons = layer.neurons if isinstance(layer, Layer) else [layer]
    return [[*neuron.w, *([] if neuron.b is None else [neuron.b])] for neuron in neurons]


@cache
def _activation_class(torch: Any, name: str) -> Any:
    """PyTorch's class for an activation, or a new one for its function; None without either."""
    if name in _CLASSES:
        return getattr(torch.nn, _CLASSES[name][0])
    if name not in _FUNCTIONS:
        return None
    function = getattr(torch, name)
    return type(name.title(), (torch.nn.Module,), {"forward": lambda self, x: function(x)})


@cache
def _scaling_class(torch: Any, name: str) -> Any:
    """A class of modules that apply a `Scaling` to their inputs, or undo one of their outputs."""

    def standardize(self: Any, x: Any) -> Any:
        return (x - self.mean) / self.scale

    def rescale(self: Any, x: Any) -> Any:
        n = len(self.mean)
        return torch.cat([x[..., :n] * self.scale + self.mean, x[..., n:]], dim=-1)

    forward = {"Standardize": standardize, "Rescale": rescale}[name]
    return type(name, (torch.nn.Module,), {"forward": forward})


def _scaling_module(torch: Any, name: str, scaling: Scaling) -> Any:
    module = _scaling_class(torch, name)()
    for key in ("mean", "scale"):
        numbers = torch.tensor(getattr(scaling, key), dtype=torch.float64)
        module.register_buffer(key, numbers)
    return module


def from_torch(module: Any) -> Sequential:
    """The model with the same outputs as a ``torch.nn.Sequential``, nested or not.

    It may hold ``Linear``, ``Embedding``, activations that follow a ``Linear``, and ``MaxPool1d``
    after a ``Linear``, which becomes a `Maxout`. What `to_torch` made of a scaling becomes the
    model's scaling again: call ``model.predict``, or the model with standardized inputs. ValueError
    names any other module, and a setting that `nn` does not have, such as another slope.

    >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))  # doctest: +SKIP
    Sequential(layers=[Layer(nin=2, nout=3, activation='relu')])
    """
    torch = need("torch")
    parts = _flat(torch, module)
    layers: list[Module] = []
    metadata = dict(getattr(module, "metadata", {}))
    places = {"Standardize": ("scaling", 0), "Rescale": ("target_scaling", -1)}
    for name, (key, place) in places.items():
        metadata.pop(key, None)
        if parts and type(parts[place]) is _scaling_class(torch, name):
            part = parts.pop(place)
            metadata[key] = [part.mean.tolist(), part.scale.tolist()]
    while parts:
        part = parts.pop(0)
        if isinstance(part, torch.nn.Embedding):
            _require(part, max_norm=[None])
            layer: Any = Embedding(*part.weight.shape, init="zeros")
            table = part.weight
        elif isinstance(part, torch.nn.Linear):
            weighted = torch.nn.Linear | torch.nn.Embedding
            after = parts.pop(0) if parts and not isinstance(parts[0], weighted) else None
            layer = _layer(torch, part, after)
            table = part.weight
            if part.bias is not None:
                table = torch.column_stack([table, part.bias])
            elif isinstance(layer, Maxout):
                table = torch.column_stack([table, torch.zeros(len(table))])
        else:
            raise ValueError(f"no translation of PyTorch's {part} here")
        for row, numbers in zip(_rows(layer), table.tolist(), strict=True):
            for parameter, x in zip(row, numbers, strict=True):
                parameter.data = x
        layers.append(layer)
    model = Sequential(*layers)
    if metadata:
        model.metadata = metadata
    return model


def _flat(torch: Any, module: Any) -> list[Any]:
    """The modules in the order of use, each as often as it is used."""
    if type(module) is not torch.nn.Sequential:
        return [module]
    return [part for child in module for part in _flat(torch, child)]


def _layer(torch: Any, linear: Any, after: Any) -> Layer | Maxout:
    """The layer for a ``Linear`` and the module after it, or None, with weights 0."""
    nin, nout = linear.in_features, linear.out_features
    if isinstance(after, torch.nn.MaxPool1d):
        k = after.kernel_size
        _require(after, stride=[k], padding=[0], dilation=[1], return_indices=[False])
        if not isinstance(k, int) or nout % k:
            raise ValueError(f"no translation of PyTorch's {after} after {linear}")
        return Maxout(nin, nout // k, k, init="zeros")
    bias = linear.bias is not None
    if after is None or isinstance(after, torch.nn.Identity):
        return Layer(nin, nout, "linear", init="zeros", bias=bias)
    for name in (*_CLASSES, *_FUNCTIONS):
        if type(after) is _activation_class(torch, name):
            _require(after, **_CLASSES.get(name, ("", {}))[1])
            return Layer(nin, nout, name, init="zeros", bias=bias)
    raise ValueError(f"nn has no activation that is PyTorch's {after}")


def _require(part: Any, **settings: list[Any]) -> None:
    """ValueError if a setting of ``part`` has a value that is not listed."""
    for name, values in settings.items():
        if (value := getattr(part, name)) not in values:
            raise ValueError(
                f"no translation of PyTorch's {part}: {name} must be "
                f"{' or '.join(map(repr, values))}, got {value!r}"
            )
