"""`Module`, the base class of layers and models: finds their parameters, saves and loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from autograd import Value

from . import model_file
from .prediction import Meaning, outputs
from .samples import rows_of, too_large

_SAVABLE: dict[str, Callable[..., Module]] = {}  # the registered classes by name
_Class = TypeVar("_Class", bound=type)


def savable(cls: _Class) -> _Class:
    """Register a class of modules by its name, so that they can be saved and loaded.

    To load a module, the class is called with its `config` and an ``init``, which it must call for
    each weight. The class must check these arguments, because a file may come from anyone.
    """
    _SAVABLE[cls.__name__] = cls
    return cls


class Module:
    """A part of a model. Its parameters are the Values among its attributes.

    They are found in the order of assignment, in lists, tuples, dictionaries and modules too.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(0.5)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> dict(Line().named_parameters())["slope"].data
    2.0

    ``metadata`` is saved with the model: any mapping that JSON can hold. `save` lists the keys that
    `predict` reads. The others are your own.
    """

    metadata: Mapping[str, Any] = MappingProxyType({})

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    @property
    def meaning(self) -> Meaning:
        """What the inputs and the outputs mean; ValueError if the metadata do not fit the model."""
        return Meaning.of(self.metadata, _width(self, 0), _width(self, -1))

    def predict(self, rows: Any) -> list[Any]:
        """Return the answer for each row of features: a class label, or a number.

        >>> from nn import MLP, fit
        >>> model, X = MLP(2, [1], rng=0), [[0, 0], [1, 1]]
        >>> history = fit(model, X, [0, 1], compiled=False)
        >>> model.metadata = {**model.metadata, "classes": ["no", "yes"]}
        >>> model.predict(X)
        ['no', 'yes']

        The rows are features as they are in the data. The model's own scaling standardizes them,
        and it gives the numbers of a regression in the unit of the data. A model whose outputs
        answer several questions gives a list for each row. `nn.fit`, the command line and `nn.load`
        give a model what this needs, in its `metadata`; see `save`. Without names for the classes
        the labels are the class numbers that `nn.fit` takes.

        ValueError if the metadata name no loss, because the loss decides what an output means, if a
        row has not as many features as the model, and if a feature is so large that the outputs
        overflow.
        """
        meaning = self.meaning
        return [meaning.answer(output) for output in self._finite_outputs(rows, meaning)]

    def predict_proba(self, rows: Any) -> list[list[float]]:
        """Return the probability of each class (in the order of the labels) for each row.

        >>> from nn import MLP
        >>> model = MLP(2, [1], init="zeros")
        >>> model.metadata = {"loss": "bce_with_logits"}
        >>> model.predict_proba([[3, 4]])
        [[0.5, 0.5]]

        If each output tells two classes of its own, the numbers are the probabilities of the second
        classes. ValueError as `predict`, and for a loss without probabilities, such as hinge.
        """
        meaning = self.meaning
        return [meaning.probabilities(output) for output in self._finite_outputs(rows, meaning)]

    def _finite_outputs(self, rows: Any, meaning: Meaning) -> Iterator[list[float]]:
        """Yield the outputs for each row; ValueError names the feature that is too large."""
        rows = rows_of(rows)
        for i, output in enumerate(outputs(self, rows)):
            if not all(map(isfinite, output)):
                (inputs,) = meaning.standardized(rows[i : i + 1])
                raise too_large(i, rows[i], inputs)
            yield output

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its path, once: ``("layers.0.neurons.3.w.1", Value(...))``."""
        seen = set()
        for path, parameter in _outermost("", self, _is_parameter):
            if parameter not in seen:
                seen.add(parameter)
                yield path, parameter

    def parameters(self) -> list[Value]:
        """All parameters, in the order of `named_parameters`."""
        found: dict[Value, None] = {}
        _collect(self, found)
        return list(found)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, because `Value.backward` adds to it."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def label_parameters(self) -> None:
        """Label each parameter with its path, for drawings and error messages."""
        for path, parameter in self.named_parameters():
            parameter.label = path

    def state_dict(self) -> dict[str, float]:
        """The parameters' values by path: plain numbers, independent of the model.

        They apply to the inputs of ``model(x)``. A scaling of these inputs is not in this
        dictionary, it is in `metadata`.
        """
        return {path: _number(path, p.data) for path, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set the parameters to the values of a `state_dict`. On an error no parameter changes.

        ValueError if a path is missing or unknown, or a value is not finite. TypeError if a value
        is not a number.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict takes a state_dict(), got {state!r:.80}")
        named = dict(self.named_parameters())
        missing = [path for path in named if path not in state]
        unknown = [path for path in state if path not in named]
        if missing or unknown:
            what = [f"no {x!r}" for x in missing[:1]] + [f"unknown {x!r:.80}" for x in unknown[:1]]
            raise ValueError(
                f"the state does not fit this model of {len(named)} parameters, "
                f"{len(missing)} missing and {len(unknown)} unknown: {', '.join(what)}"
            )
        values = {path: Value(state[path], path).data for path in named}
        for path, x in values.items():
            if not isfinite(x):
                raise ValueError(f"parameter {path!r} must be finite, got {x!r}")
        for path, parameter in named.items():
            parameter.data = values[path]

    def save(self, path: str | Path) -> None:
        """Write the model to a JSON file that `nn.load` reads. On an error no file changes.

        The file holds the architecture, the parameters and the `metadata`. `predict` reads these
        keys of the metadata. Each may be left out, and any other key is yours:

        ================== =========================================================================
        ``loss``           name of the loss, which says how to read the outputs; `nn.fit` sets it
        ``classes``        labels in the order of their class numbers: texts, numbers or booleans
        ``features``       names of the inputs, in order
        ``scaling``        ``[means, deviations]`` of the features: the inputs of ``model(x)`` are
                           ``(feature - mean) / deviation``
        ``target``         name of the class or the number that is predicted
        ``target_scaling`` ``[means, deviations]`` of the predicted numbers: a prediction is
                           ``output * deviation + mean``
        ================== =========================================================================

        ValueError if a file cannot hold the model: a parameter is not finite, or was added,
        removed or shared after the model was made, the metadata are not JSON or one of these keys
        does not fit the model, or a module or an activation is your own.
        OSError as `open`.
        """
        model_file.write(path, dumps(self))

    def config(self) -> dict[str, Any]:
        """The arguments that make such a module of `nn.layers`: numbers and names."""
        return {}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={x!r}" for name, x in self.config().items())
        return f"{type(self).__name__}({arguments})"

    def __str__(self) -> str:
        """A table: layer, shape, activation, parameters, total; then what inputs and outputs mean.

        A parameter outside the layers has a row of its own, or a list of them one row.
        """
        rows = [("layer", "shape", "activation", "parameters")]
        for path, part in _table_parts("", self):
            shape = activation = ""
            if isinstance(part, Module):
                path = f"{path} ({type(part).__name__})" if path else type(part).__name__
                shape = " -> ".join(map(str, part.shape))  # type: ignore[attr-defined]  # has one
                activation = getattr(part, "activation", "")
            found: dict[Value, None] = {}
            _collect([part], found)
            rows.append((path, shape, activation, f"{len(found):,}"))
        rows.append(("total", "", "", f"{len(self.parameters()):,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([*map(str.ljust, row[:3], widths), row[3].rjust(widths[3])]) for row in rows
        ]
        rule = "-" * len(lines[0])
        table = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
        return "\n".join([*table, *str(self.meaning).splitlines()])


def _parts(x: Any) -> Iterable[tuple[Any, Any]]:
    """The parts of a container or a module, each with its index, key or name."""
    if isinstance(x, list | tuple):
        return enumerate(x)
    if isinstance(x, dict):
        return x.items()
    return vars(x).items() if isinstance(x, Module) else ()


def _is_parameter(x: Any) -> bool:
    """Whether it is a Value, or a leaf of a class made from it."""
    return type(x) is Value or (isinstance(x, Value) and not (x.is_constant or x.parents))


def _outermost(path: str, x: Any, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """Each outermost part of ``x`` that is wanted, or ``x`` itself, with its path."""
    if wanted(x):
        yield path, x
    else:
        for key, part in _parts(x):
            yield from _outermost(f"{path}.{key}" if path else str(key), part, wanted)


def _table_parts(path: str, x: Any) -> Iterator[tuple[str, Any]]:
    """Each outermost layer, and each attribute that holds parameters outside the layers."""
    if isinstance(x, Module) and hasattr(x, "shape"):
        yield path, x
        return
    for key, part in _parts(x):
        here = f"{path}.{key}" if path else str(key)
        if any(_outermost("", part, lambda x: isinstance(x, Module))):
            yield from _table_parts(here, part)
        elif any(_outermost("", part, _is_parameter)):
            yield here, part


def _width(model: Any, end: int) -> int | None:
    """The number of inputs (end 0) or outputs (end -1) of a model of `nn`; None if unknown."""
    if _SAVABLE.get(type(model).__name__) is not type(model):
        return None
    if hasattr(model, "layers"):
        return _width(model.layers[end], end)
    width: int = model.shape[end]
    return width


def _collect(x: Any, found: dict[Value, None]) -> None:
    """Find the parameters without their paths, which is five times as fast."""
    for _, part in _parts(x):
        if type(part) is Value or _is_parameter(part):
            found[part] = None
        else:
            _collect(part, found)


# -------------------------------------------------------------------------------- saved models


def _number(path: str, x: Any) -> float:
    if not isinstance(x, Real):
        raise TypeError(f"parameter {path!r} holds {x!r:.80}, which is no number")
    return float(x)


def architecture(model: Module) -> dict[str, Any]:
    """Describe the modules of a model by plain data; ValueError if a file cannot hold them.

    >>> from nn import Layer
    >>> architecture(Layer(2, 3, "tanh"))
    {'type': 'Layer', 'nin': 2, 'nout': 3, 'activation': 'tanh'}
    """
    kind = type(model).__name__
    if _SAVABLE.get(kind) is not type(model):
        raise ValueError(
            f"only the modules of nn ({', '.join(_SAVABLE)}) can be saved, not {kind}; "
            "its state_dict() can"
        )
    for path, _ in _outermost("", model, lambda x: getattr(x, "own_activation", False)):
        raise ValueError(
            f"the activation of {path or kind} is a function of one's own: a file can only name "
            "those of nn.layers.ACTIVATIONS, and operations declared with activation=True"
        )
    config = model.config()
    if "layers" in config:
        config["layers"] = [architecture(layer) for layer in config["layers"]]
    return {"type": kind, **config}


def _build(description: Any, init: Callable[..., float]) -> Module:
    """The modules that `architecture` described, with weights from ``init``."""
    kind = description.get("type") if isinstance(description, dict) else None
    if not isinstance(kind, str) or kind not in _SAVABLE:
        raise ValueError(f"unknown architecture {description!r:.80}")
    fields = {name: x for name, x in description.items() if name != "type"}
    if isinstance(layers := fields.get("layers"), list):
        return _SAVABLE[kind](*[_build(layer, init) for layer in layers])
    return _SAVABLE[kind](**fields, init=init)


def dumps(model: Module) -> str:
    """The text of a model's file; raises as `Module.save`."""
    state, described = model.state_dict(), architecture(model)
    made = dict(_build(described, lambda *_: 0.0).named_parameters())
    if changed := next((x for x in [*state, *made] if x not in made or x not in state), None):
        raise ValueError(
            f"a file cannot hold this {type(model).__name__}: after it was made, parameter "
            f"{changed!r} was added, removed or shared; its state_dict() can hold it"
        )
    text = model_file.encode(described, model.metadata, state)
    _ = model.meaning  # raises for metadata that do not fit
    return text


def loads(text: str) -> Module:
    """The model of a file's text; ValueError if the text is anything else.

    It never makes more parameters than the text holds, whatever the architecture asks for.
    """
    try:
        description, metadata, parameters = model_file.decode(text)
        unused = iter(parameters)

        def init(*_: Any) -> float:
            if next(unused, None) is None:
                held = len(parameters)
                raise ValueError(f"the architecture has more than the file's {held} parameters")
            return 0.0

        model = _build(description, init)
        if repr(architecture(model)) != repr(description):  # more fields, or another order
            raise ValueError(f"no architecture that this library writes: {description!r:.80}")
        model.load_state_dict(parameters)
    except RecursionError:
        raise ValueError("nested too deeply to be a model") from None
    except TypeError as error:  # a constructor got an argument of another type
        raise ValueError(f"no architecture that this library writes: {error!s:.200}") from None
    if metadata:
        model.metadata = metadata
    _ = model.meaning  # raises for metadata that do not fit
    return model


def load(path: str | Path) -> Module:
    """The model that `Module.save` wrote to ``path``.

    ``load(path).predict(rows)`` answers with labels, or numbers in their unit. The inputs of
    ``load(path)(x)`` are standardized if the model has a scaling; ``print(load(path))`` says so.
    `Module.save` lists the keys of ``metadata`` that say it.

    ValueError, which names the file, if it is anything else: truncated, altered, too large, too
    deeply nested, of another version, with metadata that do not fit the model. OSError as `open`.

    >>> import tempfile
    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], rng=0)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     model.save(directory + "/m.json")
    ...     load(directory + "/m.json").state_dict() == model.state_dict()
    True
    """
    try:
        return loads(model_file.read(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
