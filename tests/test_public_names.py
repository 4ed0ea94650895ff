"""What is public is what `__all__` names. The list is kept beside this file, so no name is lost."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from autograd import TABLE

LIST = Path(__file__).with_name("public_names.txt")
PUBLIC = {
    module: names.split()
    for module, _, names in (line.partition(": ") for line in LIST.read_text("utf-8").splitlines())
}


def public(module: str) -> list[str]:
    """Return the public names of a module.

    `__all__` leaves out the names of built-ins, such as `sum`, so that ``import *`` hides none.
    """
    namespace = importlib.import_module(module)
    operations = [name for name, each in TABLE.items() if not each.is_own]
    beside = {"autograd": [*operations, "compile"], "nn": ["MLPClassifier", "MLPRegressor"]}
    return sorted({*namespace.__all__, *beside.get(module, ())})


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_those_of_the_list(module: str) -> None:
    names = public(module)
    gone, new = set(PUBLIC[module]) - set(names), set(names) - set(PUBLIC[module])
    assert not gone, f"programs that use {sorted(gone)} break: see notebooks/changes.md"
    assert not new, f"add {sorted(new)} to {LIST.name} and to notebooks/changes.md"
    assert PUBLIC[module] == names


def test_every_public_module_is_in_the_list() -> None:
    root = Path(__file__).parents[1]
    with_names = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for package in ("autograd", "nn")
        for path in (root / package).rglob("*.py")
        if "\n__all__ = " in path.read_text("utf-8")
    }
    assert with_names == set(PUBLIC)
