"""Models as files: readable JSON, exact to the last bit, and safe to read from anyone.

A file holds the format and its version, the architecture, the parameters by path, the metadata and
a checksum of all that. Python writes floats in the shortest form that reads back as the same bits.
Nothing in a file is ever executed, and the numbers in it are counted before a model is built.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .layers import ACTIVATIONS, MLP, Embedding, Layer, Maxout, Neuron, Sequential
from .module import Module, walk

FORMAT, VERSION = "scalargrad model", 1
LARGEST = 1 << 28  # bytes; a text of this size holds some four million parameters


def write(model: Module, path: str | Path) -> None:
    """Write ``model`` to ``path``, all of it or, on an error, nothing.

    ValueError if a parameter is not finite, if JSON cannot hold the metadata, if an activation is
    a function of the user's own, or if the model is not made of the modules of `nn.layers`. OSError
    as `open`.
    """
    path = Path(path)
    text = dumps(model)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # a device, which a file must not take the place of
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    try:
        _replace(path, text)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None  # not the temporary file


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # as `open` would have made it
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: str | Path) -> Module:
    """The model that `Module.save` wrote to ``path``.

    ValueError, which names the file, if it is anything else: truncated, altered, too large, too
    deeply nested, of another version. OSError as `open`.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], rng=0)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     model.save(directory + "/m.json")
    ...     load(directory + "/m.json").state_dict() == model.state_dict()
    True
    """
    path = Path(path)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST:,} bytes, so no model of this library")
    try:
        return loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        what = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ValueError(f"{path}: {what}") from None


def dumps(model: Module) -> str:
    """The text of a model's file; raises as `write` does."""
    state = model.state_dict()
    for name, x in state.items():
        if not abs(x) < float("inf"):
            raise ValueError(f"parameter {name!r} is {x!r}: only finite ones can be saved")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": architecture(model),
        "metadata": dict(model.metadata),
        "parameters": state,
    }
    try:
        sealed = {**content, "sha256": _checksum(content)}
    except (TypeError, ValueError) as error:
        raise ValueError(f"the model's metadata cannot be written as JSON: {error}") from None
    return json.dumps(sealed, indent=1) + "\n"


def loads(text: str) -> Module:
    """The model of a file's text; ValueError if it is not one."""
    try:
        content = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not a complete JSON file: {error}") from None
    except RecursionError:
        raise ValueError("nested too deeply to be a model") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f'not a model: "format" is not "{FORMAT}"')
    if repr(version := content.get("version")) != repr(VERSION):
        raise ValueError(f"of version {version!r:.20}; this reads {VERSION}")
    keys = ["format", "version", "model", "metadata", "parameters", "sha256"]
    if list(content) != keys:
        raise ValueError(f"must hold {', '.join(keys)}; it holds {', '.join(content)[:200]}")
    checksum = content.pop("sha256")
    try:
        if checksum != _checksum(content):
            raise ValueError("altered: its checksum does not fit its content")
        return _restored(content)
    except RecursionError:
        raise ValueError("nested too deeply to be a model") from None


def _restored(content: dict[str, Any]) -> Module:
    parameters, metadata = content["parameters"], content["metadata"]
    if not isinstance(parameters, dict) or not isinstance(metadata, dict):
        raise ValueError("parameters and metadata must be objects")
    for name, x in parameters.items():
        if type(x) is not float:
            raise ValueError(f"parameter {name!r} is {x!r:.80}, not a decimal number")
    if (n := _count(content["model"])) != len(parameters):
        raise ValueError(f"the architecture has {n} parameters, the file {len(parameters)}")
    model = _build(content["model"])
    model.load_state_dict(parameters)
    if metadata:
        model.metadata = metadata
    return model


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _finite(text: str) -> float:
    if not abs(x := float(text)) < float("inf"):
        raise ValueError(f"{text} is not a finite number")
    return x


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name occurs twice")
    return entries


# --------------------------------------------------------------------------------- architectures


def _sum_of_counts(layers: list[Any]) -> int:
    return sum(map(_count, layers))


def _mlp_count(nin: int, nouts: list[int], activation: list[str]) -> int:
    return sum((n + 1) * nout for n, nout in zip([nin, *nouts], nouts, strict=False))


# each module's class, the types of what describes it, and the number of its parameters
_KINDS: dict[str, tuple[Any, dict[str, type], Callable[..., int]]] = {
    "Neuron": (Neuron, {"nin": int, "activation": str}, lambda nin, activation: nin + 1),
    "Layer": (
        Layer,
        {"nin": int, "nout": int, "activation": str},
        lambda nin, nout, activation: (nin + 1) * nout,
    ),
    "Maxout": (
        Maxout,
        {"nin": int, "nout": int, "k": int},
        lambda nin, nout, k: (nin + 1) * nout * k,
    ),
    "Embedding": (Embedding, {"n": int, "dim": int}, lambda n, dim: n * dim),
    "MLP": (MLP, {"nin": int, "nouts": list, "activation": list}, _mlp_count),
    "Sequential": (Sequential, {"layers": list}, _sum_of_counts),
}


def architecture(model: Module) -> dict[str, Any]:
    """What a model is made of, for JSON; ValueError if that is unknown to this library.

    >>> architecture(Layer(2, 3, "tanh"))
    {'type': 'Layer', 'nin': 2, 'nout': 3, 'activation': 'tanh'}
    """
    kind = type(model).__name__
    if kind not in _KINDS or _KINDS[kind][0] is not type(model):
        raise ValueError(
            f"only the modules of nn ({', '.join(_KINDS)}) can be saved, not {kind}; "
            "its state_dict() can"
        )
    for name, part in walk("", model):
        if isinstance(part, Neuron) and ACTIVATIONS.get(part.activation) is not part.function:
            raise ValueError(
                f"the activation of {name or kind} is a function of one's own: a file can only "
                f"name {', '.join(ACTIVATIONS)}"
            )
    description = model.config()
    if kind == "Sequential":
        description["layers"] = [architecture(layer) for layer in description["layers"]]
    return {"type": kind, **description}


def _described(description: Any) -> tuple[str, dict[str, Any]]:
    """Type and fields of a description, checked; the modules know the names of activations."""
    kind = description.get("type") if isinstance(description, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown architecture {description!r:.80}")
    fields = {k: v for k, v in description.items() if k != "type"}
    types = _KINDS[kind][1]
    if {k: type(v) for k, v in fields.items()} != types:
        raise ValueError(f"{kind} is described by {', '.join(types)}, got {fields!r:.80}")
    for size in [v for v in fields.values() if isinstance(v, int)] + fields.get("nouts", []):
        if type(size) is not int or size < 1:
            raise ValueError(f"a size in {kind} is {size!r:.80}, not a positive whole number")
    for name in fields["activation"] if types.get("activation") is list else []:
        if type(name) is not str:
            raise ValueError(f"an activation in {kind} is {name!r:.80}, not a name")
    return kind, fields


def _count(description: Any) -> int:
    """How many parameters the model of a description has."""
    kind, fields = _described(description)
    return _KINDS[kind][2](**fields)


def _build(description: Any) -> Module:
    kind, fields = _described(description)
    if kind == "Sequential":
        return Sequential(*map(_build, fields["layers"]))
    model: Module = _KINDS[kind][0](**fields, init="zeros")
    return model
