"""Runs the modules of the playground's page under node, with the library that a page has."""

from __future__ import annotations

from typing import Any

from nn.playground.library import library

from ...support.node import run_module

MODULES = {
    "run": "Run",
    "settings": "checked, fromFragment, toFragment, SettingsError, DEFAULTS, lossesFor",
    "datasets": "pointsOf, SETS",
    "random": "Random",
    "csv": "pointsOfFile",
    "python_code": "pythonCode",
    "model_file": "modelFile",
    "mistakes": "MISTAKES, collapsed",
    "lessons": "LESSONS",
    "history": "MAX_CHECKPOINTS, MAX_CURVE_POINTS",
    "measures": "rSquared",
}


def run_page(source: str, given: Any = None) -> Any:
    """Return what ``source`` hands to ``answer``. It has the names of `MODULES`, and ``given``."""
    imports = "\n".join(
        f'const {{ {names} }} = await import("./nn/playground/page/{module}.js");'
        for module, names in MODULES.items()
    )
    return run_module(f"globalThis.library = {library()};\n{imports}\n{source}", given)
