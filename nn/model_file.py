"""The JSON file of a saved model: written whole or not at all, and checked before it is used.

A file holds its format and version, the architecture, the metadata, the parameters by path, and a
checksum of all these. Python writes a float in the shortest form that reads back as the same bits.
This module knows texts, dictionaries and paths; `nn.module` makes models of them. Nothing in a file
is ever executed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

FORMAT, VERSION = "chalkgrad model", 1
READABLE_FORMATS = (FORMAT, "scalargrad model")  # the second is this library's former name
MAX_FILE_BYTES = 1 << 28  # about four million parameters


def write(path: str | Path, text: str | Iterable[str]) -> None:
    """Write the file at ``path``, a text or its parts: all of it or, on an error, nothing.

    A new file gets the permissions that `open` gives. A replaced file keeps its own. A link stays
    a link, and its target is replaced. OSError as `open`, and if the path is a device or a pipe.
    """
    path = Path(path)
    mode = path.stat().st_mode if path.exists() else None
    if mode and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if mode and not stat.S_ISREG(mode):  # a file must not replace a device
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    permissions = stat.S_IMODE(mode or 0o666)
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.tmp")
    create = partial(os.open, mode=permissions)  # the system applies the umask
    try:
        with open(temporary, "x", encoding="utf-8", opener=create) as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        if mode:
            os.chmod(temporary, permissions)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None:  # name path, not temporary
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def read(path: str | Path) -> str:
    """The text of the file at ``path``; ValueError if it is a device, too large or not UTF-8."""
    with open(os.fspath(path), "rb") as file:  # fspath: an int would be an open file's number
        status = os.fstat(file.fileno())
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise ValueError("a device, which may have no end: copy the model into a file first")
        size = status.st_size  # 0 for a pipe
        content = b"" if size > MAX_FILE_BYTES else file.read(MAX_FILE_BYTES + 1)
    if max(size, len(content)) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES:,} bytes, so no model of this library")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None


def encode(
    architecture: Mapping[str, Any], metadata: Mapping[str, Any], parameters: Mapping[str, float]
) -> str:
    """The text of a file; ValueError if a parameter is not finite or the metadata are not JSON."""
    for path, x in parameters.items():
        if not isfinite(x):
            raise ValueError(f"parameter {path!r} is {x!r}: only finite ones can be saved")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": architecture,
        "metadata": dict(metadata),
        "parameters": parameters,
    }
    try:
        return json.dumps({**content, "sha256": checksum(content)}, indent=1) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(f"the model's metadata cannot be written as JSON: {error}") from None


def decode(text: str) -> tuple[Any, dict[str, Any], dict[str, float]]:
    """The architecture, the metadata and the parameters in a file's text.

    ValueError if the text is not the whole file as it was written. RecursionError if it is nested
    too deeply.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_without_repeats, parse_float=_finite, parse_constant=_finite
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not a complete JSON file: {error}") from None
    if not isinstance(content, dict) or content.get("format") not in READABLE_FORMATS:
        raise ValueError(f'not a model: "format" is not "{FORMAT}"')
    if repr(version := content.get("version")) != repr(VERSION):  # 1.0 == True == 1
        raise ValueError(f"of version {version!r:.20}; this reads {VERSION}")
    keys = ["format", "version", "model", "metadata", "parameters", "sha256"]
    if list(content) != keys:
        raise ValueError(f"must hold {', '.join(keys)}; it holds {', '.join(content)[:200]}")
    if content.pop("sha256") != checksum(content):
        raise ValueError("altered: its checksum does not fit its content")
    metadata, parameters = content["metadata"], content["parameters"]
    if not isinstance(metadata, dict) or not isinstance(parameters, dict):
        raise ValueError("parameters and metadata must be objects")
    for path, x in parameters.items():
        if type(x) is not float:
            raise ValueError(f"parameter {path!r:.80} is {x!r:.80}, not a decimal number")
    return content["model"], metadata, parameters


def checksum(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a file's content, written without blanks, in hexadecimal."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _finite(text: str) -> float:
    if not isfinite(x := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return x


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name occurs twice")
    return entries
