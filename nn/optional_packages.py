"""Optional packages: imported where they are used, with the command that installs a missing one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {"matplotlib": "Matplotlib", "numpy": "NumPy", "torch": "PyTorch"}
_EXTRAS = {"numpy": "fast", "matplotlib": "demo", "scikit-learn": "demo", "tqdm": "demo"}


def need(module: str, package: str = "") -> Any:
    """The imported ``module``; ImportError that says what to install if it is missing.

    ``package`` is the name to install if the top-level module has another one.

    >>> need("math").sqrt(9.0)
    3.0
    >>> need("no_such_module", package="missing")
    Traceback (most recent call last):
    ImportError: this needs missing: pip install missing
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        package = package or module.partition(".")[0]
        extra = f" (it is in chalkgrad[{_EXTRAS[package]}])" if package in _EXTRAS else ""
        name = _NAMES.get(package, package)
        raise ImportError(f"this needs {name}: pip install {package}{extra}") from None
