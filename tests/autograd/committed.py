"""Texts that tests compare with what the program says now, in parts: ``# name``, then its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Parts = Mapping[str, Callable[[], Iterable[str]]]  # of each part, what the program says now


def lines_of(part: Callable[[], Iterable[str]]) -> list[str]:
    """Return the lines of a part as a file has them."""
    return "\n".join(part()).rstrip("\n").splitlines()


def committed(path: Path) -> dict[str, list[str]]:
    """Return the lines of each part of a committed file."""
    parts = f"\n{path.read_text('utf-8')}".split("\n# ")[1:]
    named = [part.rstrip("\n").partition("\n") for part in parts]
    return {name: text.splitlines() for name, _, text in named}


def commit(path: Path, parts: Parts) -> None:
    """Write what the program says now. Look at the differences before you commit them."""
    texts = ["\n".join([f"# {name}", *lines_of(part), ""]) for name, part in parts.items()]
    path.write_text("\n".join(texts), "utf-8")
