"""To PyTorch and back, for those who outgrow this library. PyTorch is imported when used."""

from __future__ import annotations

from typing import Any

from ..layers import ACTIVATIONS, Embedding, Layer, Maxout, Neuron, Sequential
from ..module import Module

_SOFTPLUS_LIMIT = 40.0  # where log(1 + exp(x)) and x are the same float; PyTorch's default is 20


def to_torch(model: Module) -> Any:
    """A ``torch.nn.Sequential`` in float64 with the same outputs, for a batch of samples.

    It takes an array of shape (samples, nin), or of (samples,) indices where the first layer is an
    `Embedding`, and returns one of shape (samples, nout). ValueError for a model made of other
    modules than those of `nn.layers`, or with an activation that PyTorch does not have.

    >>> to_torch(MLP(2, [3, 1]))  # doctest: +SKIP
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    torch = _torch()
    return torch.nn.Sequential(*_translated(torch, model))


def _translated(torch: Any, model: Any) -> list[Any]:
    if isinstance(model, Sequential):
        return [part for layer in model.layers for part in _translated(torch, layer)]
    if isinstance(model, Embedding):
        table = _tensor(torch, [[x.data for x in row] for row in model.w])
        return [torch.nn.Embedding.from_pretrained(table, freeze=False)]
    if isinstance(model, Maxout):
        nin, _ = model.shape
        pieces = [neuron for unit in model.units for neuron in unit]
        return [_linear(torch, nin, pieces), torch.nn.MaxPool1d(len(model.units[0]))]
    if isinstance(model, Layer | Neuron):
        neurons = model.neurons if isinstance(model, Layer) else [model]
        linear = _linear(torch, model.shape[0], neurons)
        return [linear] if not neurons[0].nonlin else [linear, _to_torch(torch, neurons[0])]
    raise ValueError(f"no translation to PyTorch of {model!r:.80}")


def _linear(torch: Any, nin: int, neurons: list[Neuron]) -> Any:
    linear = torch.nn.Linear(nin, len(neurons), dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(_tensor(torch, [[w.data for w in n.w] for n in neurons]))
        linear.bias.copy_(_tensor(torch, [n.b.data for n in neurons]))
    return linear


def _tensor(torch: Any, numbers: list[Any]) -> Any:
    return torch.tensor(numbers, dtype=torch.float64)


def _to_torch(torch: Any, neuron: Neuron) -> Any:
    """PyTorch's module of the activation's name, or its function of that name: abs, sin, ..."""
    name = neuron.activation
    if ACTIVATIONS.get(name) is neuron.function:
        if name == "softplus":
            return torch.nn.Softplus(threshold=_SOFTPLUS_LIMIT)
        for spelling, kind in vars(torch.nn).items():
            if spelling.lower() == name.replace("_", ""):
                return kind()
        try:
            getattr(torch, name)(torch.zeros(1))
            return _function(torch, name)
        except (AttributeError, TypeError):  # none, or not of one operand
            pass
    raise ValueError(f"PyTorch has no activation {name!r}")


def _function(torch: Any, name: str) -> Any:
    """A module that applies ``torch.<name>``."""

    class Function(torch.nn.Module):  # type: ignore[misc]  # its base is known when it runs
        activation = name

        def forward(self, x: Any) -> Any:
            return getattr(torch, name)(x)

        def extra_repr(self) -> str:
            return name

    return Function()


def from_torch(module: Any) -> Sequential:
    """The model with the same outputs as a ``torch.nn.Sequential``, nested or not, of ``Linear``,
    ``Embedding``, activations that follow a ``Linear``, and ``MaxPool1d`` after one (a `Maxout`).

    ValueError names what has no translation: another module, or one with a setting that `nn` does
    not have, such as a slope or an approximation (outputs more than 1e-8 apart).

    >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))  # doctest: +SKIP
    Sequential(layers=[Layer(nin=2, nout=3, activation='relu')])
    """
    torch = _torch()
    parts = [part for part in module.modules() if type(part) is not torch.nn.Sequential]
    layers: list[Module] = []
    while parts:
        part = parts.pop(0)
        if isinstance(part, torch.nn.Embedding):
            layers.append(_embedding(part))
        elif isinstance(part, torch.nn.Linear):
            weighted = torch.nn.Linear | torch.nn.Embedding
            after = parts.pop(0) if parts and not isinstance(parts[0], weighted) else None
            if isinstance(after, torch.nn.MaxPool1d):
                layers.append(_maxout(part, after))
            else:
                layers.append(_layer(part, _activation(torch, after)))
        else:
            raise ValueError(f"no translation of PyTorch's {part} here")
    return Sequential(*layers)


def _activation(torch: Any, part: Any) -> str:
    """The name of the activation that computes what ``part`` does."""
    if part is None or isinstance(part, torch.nn.Identity):
        return "linear"
    spelling = getattr(part, "activation", type(part).__name__.lower())
    points = torch.linspace(-50, 50, 1001, dtype=torch.float64)
    for name, function in ACTIVATIONS.items():
        if name.replace("_", "") == spelling.replace("_", ""):
            ours = torch.tensor([function(x) for x in points.tolist()], dtype=torch.float64)
            if torch.allclose(ours, part(points), rtol=1e-8, atol=1e-8):
                return name
    raise ValueError(f"nn has no activation that is PyTorch's {part}")


def _layer(linear: Any, activation: str) -> Layer:
    layer = Layer(linear.in_features, linear.out_features, activation, init="zeros")
    _set(layer.neurons, linear)
    return layer


def _maxout(linear: Any, pool: Any) -> Maxout:
    k = pool.kernel_size
    plain = pool.stride == k and pool.padding == 0 and pool.dilation == 1
    if not plain or linear.out_features % k:
        raise ValueError(f"no translation of PyTorch's {pool} after {linear}")
    maxout = Maxout(linear.in_features, linear.out_features // k, k, init="zeros")
    _set([piece for unit in maxout.units for piece in unit], linear)
    return maxout


def _embedding(part: Any) -> Embedding:
    embedding = Embedding(part.num_embeddings, part.embedding_dim, init="zeros")
    for row, numbers in zip(embedding.w, part.weight.tolist(), strict=True):
        for w, x in zip(row, numbers, strict=True):
            w.data = x
    return embedding


def _set(neurons: list[Neuron], linear: Any) -> None:
    biases = [0.0] * len(neurons) if linear.bias is None else linear.bias.tolist()
    for neuron, row, b in zip(neurons, linear.weight.tolist(), biases, strict=True):
        neuron.b.data = b
        for w, x in zip(neuron.w, row, strict=True):
            w.data = x


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError("this needs PyTorch: pip install torch") from None
    return torch
