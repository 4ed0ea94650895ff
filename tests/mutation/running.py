"""Tests in processes of their own, which know which test runs, how long, and on which lines.

A process is forked from this one, which has imported the large libraries but none of the project.
Limits are in processor time: what else the machine does changes no result.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

SILENT_SECONDS = 600.0  # a process that starts no test for so long sleeps for ever
PROCESS_SECONDS = 600  # of processor time, for one process
MEMORY_BYTES = 12 << 30  # a mutant that collects without end stops here
LARGE = ["numpy", "sympy", "mpmath", "llvmlite.binding", "matplotlib.pyplot", "scipy.stats"]
LARGE += ["sklearn.neural_network", "sklearn.model_selection", "pandas", "torch", "jax"]
PYTEST = ["-q", "-x", "-m", "not slow", "-o", "addopts=", "-p", "no:cacheprovider"]
PYTEST += ["--doctest-modules", "--doctest-ignore-import-errors", "--assert=plain"]
PYTEST += ["-W", "ignore::DeprecationWarning", "--hypothesis-profile=mutation"]
PYTEST += ["-k", "not (type_checker or ctrl_c)"]  # long ones, in other processes

# The same examples in every run; a busy machine is no failure, and no example is made smaller.
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def import_large_libraries() -> None:
    for name in LARGE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Watch:
    """A pytest plugin: runs the tests of ``order`` in this order, and notes each before it starts.

    order: names of tests; empty: all that pytest finds
    limits: seconds of processor time; a test that takes more ends the process
    """

    def __init__(self, notes: Path, order: Sequence[str] = (), limits: Mapping[str, float] = {}):
        self.notes, self.limits = notes, limits
        self.place = {name: i for i, name in enumerate(order)}
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.place:
            chosen = [item for item in items if item.nodeid in self.place]
            items[:] = sorted(chosen, key=lambda item: self.place[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with self.notes.open("a") as file:
            file.write(f"{item.nodeid}\n")
        signal.setitimer(signal.ITIMER_PROF, self.limits.get(item.nodeid, PROCESS_SECONDS))
        start = sum(os.times()[:4])
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            self.seconds[item.nodeid] = sum(os.times()[:4]) - start

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.failed.add(report.nodeid)


def in_process(folder: Path, work: Callable[[Path], int]) -> tuple[int, list[str], str]:
    """Call ``work(notes)`` in a process whose project is in ``folder``.

    Return its exit code (negative: the signal that ended it), the lines that it wrote to the file
    ``notes``, and what it printed.
    """
    place = Path(tempfile.mkdtemp(prefix="run-", dir=folder.parent))
    notes, output = place / "notes", place / "output"
    notes.touch()
    process = os.fork()
    if not process:
        _become(folder, place, output)
        code = 3
        try:
            code = int(work(notes))
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    try:
        status = _wait(process, notes)
        return status, notes.read_text().splitlines(), output.read_text(errors="replace")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # what the tests started and left
        shutil.rmtree(place, ignore_errors=True)


def _become(folder: Path, place: Path, output: Path) -> None:
    """Prepare this new process: its session, limits, files and modules."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESS_SECONDS, PROCESS_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, output, os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(path, flags, 0o600), number)
    os.dup2(1, 2)
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if not _has_project(path))]
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "autograd", "nn")]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    tempfile.tempdir = str(place)
    os.environ |= {"TMPDIR": str(place), "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ["CHALKGRAD_CACHE"] = str(place / "cache")  # else no line runs that makes the code


def _has_project(path: str) -> bool:
    return Path(path or ".", "autograd", "value.py").exists()


def _wait(process: int, notes: Path) -> int:
    """Return the exit code of ``process``; end it if it sleeps for ever."""
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.time() - notes.stat().st_mtime > SILENT_SECONDS:
            os.kill(process, signal.SIGALRM)
        time.sleep(0.02)


def run(watch: Watch, files: Sequence[str]) -> int:
    """Run pytest on ``files`` in this process."""
    return int(pytest.main([*PYTEST, "-c", "pyproject.toml", "--rootdir=.", *files], [watch]))
