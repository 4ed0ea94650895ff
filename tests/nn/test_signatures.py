"""The parameters of each public function, class and method, with their defaults, are as listed."""

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
    """Yield a line for each public function, class and method of the module."""
    for name in PUBLIC[module]:
        x = getattr(importlib.import_module(module), name)
        if inspect.isclass(x) and not issubclass(x, Exception):
            yield from (f"{name}{line}" for line in signatures_of_class(x))
        elif callable(x) and not inspect.isclass(x):
            yield name + written(x)


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
def test_parameters_and_defaults_are_as_listed(module: str) -> None:
    pytest.importorskip("sklearn")  # of which two classes are made
    stored = Path(__file__).with_name("signatures.txt").read_text("utf-8")
    listed = f"\n{stored}".partition(f"\n{module}\n")[2].partition("\n\n")[0]
    assert [f"  {line}" for line in signatures(module)] == listed.splitlines()
