"""What holds for all tests: which of them run in one process, and how failures are looked for."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.support")  # so that its assertions show what they compare

# importing it for its doctests would put its operations into the table, for all tests
collect_ignore = ["support/own_operation.py"]
collect_ignore += ["benchmarks", "mutation"]  # programs without tests, which take time to import

TOGETHER = {  # part of a test's name: what its tests share, which one process starts
    "tests/browser/test_playground_page.py": "a browser for the playground",
    "tests/browser/": "a browser, JupyterLab and marimo",
    "tests/site/": "the site",
    "tests/nn/playground/test_python_code.py": "the runs of the playground",
    "tests/nn/playground/test_lessons.py": "the runs of the lessons",
    "test_many_samples_are_predicted": "a trained model",
    "torch": "PyTorch",
    "_jax": "JAX",
}

# Groups of few tests that take long: they start first, so that both processes end together.
# Two browsers, which have processes of their own, do not start at once.
LONG = [
    "a browser, JupyterLab and marimo",
    "tests/autograd/compiler/test_random_programs.py",
    "tests/autograd/drawing/test_picture.py",
    "tests/curriculum/test_notebooks.py",
    "a browser for the playground",
    "the site",
    "tests/autograd/test_random_graphs.py",
    "tests/nn/exchange/test_scale_out.py",
    "tests/autograd/test_names.py",
    "tests/nn/app/test_command_line.py",
]

COLLECTOR = 100_000, 10, 10  # as in gc.set_threshold: a hundredth of the usual collections


def pytest_configure(config: pytest.Config) -> None:
    """Keep machine code in a folder of this test run, which all its processes share."""
    if not hasattr(config, "workerinput"):
        os.environ["CHALKGRAD_CACHE"] = tempfile.mkdtemp(prefix="machine-code-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["CHALKGRAD_CACHE"], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use a process more than there are cores, as one often waits for a browser or a disk."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Spare the garbage collector what is imported and collected: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECTOR)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Collect once: pytest collects five times at the end, which then costs nothing."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the tests of a file to one process, and all tests that share something.

    The mark xdist_group would have no effect: pytest-xdist 3.8 does not know how pytest 9.2 names
    tests.
    """
    if config.getoption("dist") != "loadgroup":
        return None  # another way was asked for
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, _ = nodeid.partition("::")
            return next((what for part, what in TOGETHER.items() if part in nodeid), file)

        def _assign_work_unit(self, node: Any) -> None:
            if long := next((group for group in LONG if group in self.workqueue), None):
                self.workqueue.move_to_end(long, last=False)
            super()._assign_work_unit(node)

    return Groups(config, log)


@pytest.fixture(autouse=True)
def _no_open_figures() -> None:
    """Close the figures that examples in docstrings have left open."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
