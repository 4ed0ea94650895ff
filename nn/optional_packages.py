"""Optional packages: imported where they are used, with the command that installs a missing one."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(module: str, package: str = "") -> Any:
    """The imported ``module``; ImportError that says what to install where it is missing.

    >>> need("math").sqrt(9.0)
    3.0
    >>> need("no_such_module", package="Missing")
    Traceback (most recent call last):
    ImportError: this needs Missing: pip install Missing
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        name = package or module.partition(".")[0]
        raise ImportError(f"this needs {name}: pip install {name}") from None
