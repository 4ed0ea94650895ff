"""The defaults of public functions, classes and methods are promises: they are as listed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..test_public_names import PUBLIC

MODULES = [name for name in PUBLIC if name.split(".")[0] == "nn"]


def signatures(module: str) -> Iterator[str]:
    """Yield a line for each public function, class and method of the module with defaults."""
    for name in PUBLIC[module]:
        x = getattr(importlib.import_module(module), name)
        if inspect.isclass(x) and not issubclass(x, Exception):
            lines = [f"{name}{line}" for line in signatures_of_class(x)]
        else:
            lines = [name + written(x)] if callable(x) and not inspect.isclass(x) else []
        yield from (line for line in lines if "=" in line)


def signatures_of_class(kind: type) -> Iterator[str]:
    yield written(kind)
    for name, x in sorted(vars(kind).items()):
        function = getattr(x, "__func__", x)
        if not name.startswith("_") and inspect.isfunction(function):
            yield f".{name}{written(function)}"


def written(x: Any) -> str:
    """Return the parameters without their types."""
    signature = inspect.signature(x)
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


@pytest.mark.parametrize("module", MODULES)
def test_defaults_are_as_listed(module: str) -> None:
    pytest.importorskip("sklearn")  # of which two classes are made
    stored = Path(__file__).with_name("signatures.txt").read_text("utf-8")
    listed = {part.split("\n")[0]: part for part in stored.strip().split("\n\n")}
    assert "\n  ".join([module, *signatures(module)]) == listed[module]
