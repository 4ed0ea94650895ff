"""Tests that share something slow to start run in one process: ``pytest -n`` starts it once."""

from __future__ import annotations

import pytest

SLOW_TO_START = {  # part of a test's name: what it starts
    "test_stepper_page.py": "a browser",
    "test_stepper_notebook.py": "a browser and JupyterLab",
    "pytorch": "PyTorch",
}


def pytest_itemcollected(item: pytest.Item) -> None:
    for part, what in SLOW_TO_START.items():
        if part in item.nodeid:
            item.add_marker(pytest.mark.xdist_group(what))
