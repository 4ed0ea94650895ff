"""Optional packages: imported where they are used, with the command that installs a missing one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

_NAMES = {"matplotlib": "Matplotlib", "numpy": "NumPy", "torch": "PyTorch"}
_EXTRAS = {"numpy": "fast", "matplotlib": "demo", "scikit-learn": "demo", "tqdm": "demo"}
_MODULES = {"scikit-learn": "sklearn"}  # packages whose module has another name


def need(module: str, package: str = "") -> Any:
    """The imported ``module``; ImportError that says what to install if it is missing.

    The error also names the other packages of the same extra that are missing, so that one command
    installs them all. ``package`` is the name to install if the top-level module has another one.

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
        name = _NAMES.get(package, package)
        text = f"this needs {name}: pip install {package}{_extra_of(package)}"
        raise ImportError(text) from None


def _extra_of(package: str) -> str:
    """Return the extra that holds the package, in parentheses, and what else of it is missing."""
    extra = _EXTRAS.get(package)
    if not extra:
        return ""
    of_extra = [other for other, its in _EXTRAS.items() if its == extra and other != package]
    missing = [other for other in of_extra if not find_spec(_MODULES.get(other, other))]
    too = f", as are {' and '.join(missing)}, missing too" if missing else ""
    return f" (it is in chalkgrad[{extra}]{too})"
