"""One clear sentence where another package named autograd is installed: HIPS autograd."""

from __future__ import annotations

from pathlib import Path

ADVICE = (
    "chalkgrad and HIPS autograd both install a package named 'autograd', so they cannot share an "
    "environment. Give chalkgrad one of its own: python3 -m venv .venv, then install it there"
)


def check(folder: str) -> None:
    """Raise ImportError where the files of HIPS autograd lie in our ``folder``."""
    if Path(folder, "tracer.py").exists():  # a module of theirs, and none of ours
        raise ImportError(f"{ADVICE} ({folder} holds both)")


check(str(Path(__file__).parent))
