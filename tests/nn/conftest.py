"""Fixtures of the tests of `nn`."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from nn import plot

SAVE = plot.save


@pytest.fixture
def empty_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of the command line write empty pictures: they take most of the time of a short run."""

    def save_nothing(figure: Any, path: StringIO) -> None:
        path.write("<svg/>")

    monkeypatch.setattr(plot, "save", save_nothing)


@pytest.fixture
def real_pictures(empty_pictures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs write their pictures, in a module whose other tests have empty ones."""
    monkeypatch.setattr(plot, "save", SAVE)
