"""What holds for the pictures of both packages: the same bytes, and how bad calls are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from autograd import plot


def few_of(names: Iterable[str], *few: str) -> list[Any]:
    """Return the parameters of a test: the ``few`` names for the default run, the others slow."""
    slow = pytest.mark.slow
    return [name if name in few else pytest.param(name, marks=slow) for name in names]


def check_bytes(make: Callable[[], Any], folder: Path) -> None:
    """Check that the picture, made and saved twice, has the same bytes, without a date."""
    for file in ("a.svg", "b.svg"):
        made = make()
        plot.save(getattr(made, "figure", made), folder / file)
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()
    assert b"<dc:date>" not in (folder / "a.svg").read_bytes()


def check_refused(call: Callable[[], Any], message: str) -> None:
    """Check that the call is refused in one sentence, and leaves no empty figure."""
    from matplotlib.pyplot import get_fignums

    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert not get_fignums()
