"""What holds for all tests: which of them run in one process, and how failures are looked for."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

pytest.register_assert_rewrite("tests.support")  # so that its assertions show what they compare

# importing it for its doctests would put its operations into the table, for all tests
collect_ignore = ["support/own_operation.py"]

SLOW_TO_START = {  # part of a test's name: what pytest -n starts once, in one process
    "test_stepper_page.py": "a browser",
    "test_live_page.py": "a browser",
    "test_network_page.py": "a browser",
    "test_stepper_notebook.py": "a browser and JupyterLab",
    "torch": "PyTorch",
    "_jax": "JAX",
}


def pytest_configure(config: pytest.Config) -> None:
    """Keep machine code in a folder of this test run, which all its processes share."""
    if not hasattr(config, "workerinput"):
        os.environ["CHALKGRAD_CACHE"] = tempfile.mkdtemp(prefix="machine-code-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["CHALKGRAD_CACHE"], ignore_errors=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    for part, what in SLOW_TO_START.items():
        if part in item.nodeid:
            item.add_marker(pytest.mark.xdist_group(what))
