"""`Module`: whatever has parameters, found by looking at its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any

import autograd
from autograd import Value

_PLAIN = {str, int, float, bool, FunctionType, type(autograd.tanh)}  # what holds no parameters


class Module:
    """A part of a model. Its parameters are the Values among its attributes, in the order in which
    these were assigned, in lists, tuples, dictionaries and further modules too.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(0.5)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> dict(Line().named_parameters())["slope"].data
    2.0

    ``metadata`` is free for what shall be saved with the model: any mapping that JSON can hold.
    """

    metadata: Mapping[str, Any] = MappingProxyType({})

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its path, once: ``("layers.0.neurons.3.w.1", Value(...))``."""
        seen = set()
        for name, x in walk("", self):
            if type(x) is Value and x not in seen:
                seen.add(x)
                yield name, x

    def parameters(self) -> list[Value]:
        """All parameters, in the order of `named_parameters`."""
        found: dict[Value, None] = {}
        _collect(self, found)
        return list(found)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as `Value.backward` adds to it."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def label_parameters(self) -> None:
        """Label each parameter with its path, which drawings and error messages then show."""
        for name, parameter in self.named_parameters():
            parameter.label = name

    def state_dict(self) -> dict[str, float]:
        """The parameters' values by path: plain numbers, independent of the model."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set the parameters to what `state_dict` gave; on an error none of them changes.

        ValueError if a path is missing or unknown, or a value is not finite; TypeError if one is
        not a number.
        """
        named = dict(self.named_parameters())
        missing = [name for name in named if name not in state]
        unknown = [name for name in state if name not in named]
        if missing or unknown:
            what = [f"no {x!r}" for x in missing[:1]] + [f"unknown {x!r}" for x in unknown[:1]]
            raise ValueError(
                f"the state does not fit this model of {len(named)} parameters, "
                f"{len(missing)} missing and {len(unknown)} unknown: {', '.join(what)}"
            )
        values = {name: Value(state[name], name).data for name in named}
        for name, x in values.items():
            if not abs(x) < float("inf"):
                raise ValueError(f"parameter {name!r} must be finite, got {x!r}")
        for name, parameter in named.items():
            parameter.data = values[name]

    def save(self, path: str | Path) -> None:
        """Write the model to a JSON file that `nn.load` reads; see `nn.persistence`."""
        from .model_file import write

        write(self, path)

    def config(self) -> dict[str, Any]:
        """The arguments that make such a module, for those of `nn.layers`: numbers and names."""
        return {}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={x!r}" for name, x in self.config().items())
        return f"{type(self).__name__}({arguments})"

    def __str__(self) -> str:
        """A table: layer, shape, activation, parameters, total."""
        rows = [("layer", "shape", "activation", "parameters")]
        for name, part in walk("", self, stop=lambda x: hasattr(x, "shape")):
            if isinstance(part, Module) and hasattr(part, "shape"):
                kind = f"{name} ({type(part).__name__})" if name else type(part).__name__
                shape = " -> ".join(map(str, part.shape))
                activation = getattr(part, "activation", "")
                rows.append((kind, shape, activation, f"{len(part.parameters()):,}"))
        rows.append(("total", "", "", f"{len(self.parameters()):,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([*map(str.ljust, row[:3], widths), row[3].rjust(widths[3])]) for row in rows
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _collect(x: Any, found: dict[Value, None]) -> None:
    """The parameters that `walk` meets, without their paths: training wants them at each step."""
    if isinstance(x, Module):
        x = vars(x).values()
    elif isinstance(x, dict):
        x = x.values()
    elif not isinstance(x, list | tuple):
        return
    for part in x:
        kind = type(part)
        if kind is Value:
            found[part] = None
        elif kind not in _PLAIN:
            _collect(part, found)


def walk(
    name: str, x: Any, stop: Callable[[Any], bool] = lambda x: False
) -> Iterator[tuple[str, Any]]:
    """``x`` and what it is made of, each with its path; nothing below where ``stop`` is true."""
    yield name, x
    if isinstance(x, Module):
        parts = [] if stop(x) else list(vars(x).items())
    elif isinstance(x, list | tuple):
        parts = [(str(i), part) for i, part in enumerate(x)]
    elif isinstance(x, dict):
        parts = [(str(key), part) for key, part in x.items()]
    else:
        return
    for key, part in parts:
        yield from walk(f"{name}.{key}" if name else key, part, stop)
