"""`nn` beside another package named autograd: one sentence before anything is imported."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from nn import name_clash

SAID = (
    "chalkgrad and HIPS autograd both install a package named 'autograd', so they cannot share an "
    "environment. Give chalkgrad one of its own: python3 -m venv .venv, then install it there "
    "(the autograd found here is {})"
)


def found(monkeypatch: pytest.MonkeyPatch, folders: list[str] | None) -> list[str]:
    """Let the package named autograd be in these folders; return the names that are looked up."""
    asked: list[str] = []

    def find_spec(name: str) -> SimpleNamespace:
        asked.append(name)
        return SimpleNamespace(submodule_search_locations=folders)

    monkeypatch.setattr(name_clash, "find_spec", find_spec)
    return asked


@pytest.mark.parametrize(
    ("files", "is_ours"),
    [
        (["value.py"], True),
        (["tracer.py"], False),
        (["tracer.py", "value.py"], False),  # theirs was installed over ours
        ([], False),
    ],
)
def test_the_files_of_a_package_tell_whose_it_is(
    files: list[str], is_ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).touch()
    asked = found(monkeypatch, [str(tmp_path), "/elsewhere"])
    if is_ours:
        name_clash.check()
    else:
        with pytest.raises(ImportError) as caught:
            name_clash.check()
        assert str(caught.value) == SAID.format(tmp_path)
    assert asked == ["autograd"]


@pytest.mark.parametrize("folders", [None, []])
def test_what_is_no_package_is_left_to_the_import(
    folders: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, folders)
    name_clash.check()
    monkeypatch.setattr(name_clash, "find_spec", lambda name: None)
    name_clash.check()
