"""Which tests run which lines, and how long each test takes: recorded once, and kept on disk.

A record is about one file of tests, or about the examples in the docstrings of a package. It is
made again when the library, `tests/support` or the file itself has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import coverage

from .running import Watch, in_process, run

FOLDER = Path.home() / ".cache" / "chalkgrad-mutation"
IMPORT = ""  # the name of "no test": what runs when the tests are imported
Lines = dict[str, list[int]]  # of each file


class Records:
    """What the tests of ``package`` run: the project in ``folder`` is as it was written."""

    def __init__(self, folder: Path, package: str):
        self.seconds: dict[str, float] = {}
        self.tests_of: dict[tuple[str, int], set[str]] = {}  # file and line
        self.at_import: set[tuple[str, int]] = set()
        for what in groups(folder, package):
            record = _kept(folder, what)
            self.seconds |= record["seconds"]
            for test, lines in record["lines"].items():
                for file, numbers in lines.items():
                    for place in ((file, number) for number in numbers):
                        if test == IMPORT:
                            self.at_import.add(place)
                        else:
                            self.tests_of.setdefault(place, set()).add(test)

    def tests(self, file: str, lines: Iterable[int], seconds: float) -> Iterator[list[str]]:
        """Yield the tests that run a line of ``lines``, the fastest first, ``seconds`` in all.

        If a line runs when the file is imported, what it makes may be used by any test: the tests
        that run other lines of the file follow, then all.
        """
        places = [(file, line) for line in lines]
        stages = [places]
        if self.at_import.intersection(places):
            stages += [[place for place in self.tests_of if place[0] == file], [*self.tests_of]]
        seen: set[str] = set()
        for stage in stages:
            tests = [test for test in self._fastest(stage) if test not in seen]
            totals = accumulate(self.seconds[test] for test in tests)
            before = zip(tests, totals, strict=True)
            yield [test for test, total in before if total - self.seconds[test] < seconds]
            seen.update(tests)

    def _fastest(self, places: Iterable[tuple[str, int]]) -> list[str]:
        found = {test for place in places for test in self.tests_of.get(place, ())}
        return sorted(found & self.seconds.keys(), key=lambda test: (self.seconds[test], test))


def groups(folder: Path, package: str) -> Iterator[str]:
    """Yield the files of tests of ``package``, and the package itself for its docstrings."""
    for path in sorted((folder / "tests" / package).rglob("test_*.py")):
        yield path.relative_to(folder).as_posix()
    yield package


def _kept(folder: Path, what: str) -> Any:
    """Return the record about ``what``: its "seconds" and its "lines"."""
    own = (folder / what).read_bytes() if what.endswith(".py") else b""
    key = hashlib.sha256(_library(folder) + own).hexdigest()[:16]
    kept = FOLDER / f"{what.replace('/', '-')}-{key}.json"
    if not kept.exists():
        print(f"which lines the tests run is recorded: {what}", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        code, _, output = in_process(folder, lambda notes: _record(folder, what, notes, fresh))
        if code:
            raise RuntimeError(f"{what}: the tests cannot be run:\n{output[-3000:]}")
        fresh.replace(kept)
    return json.loads(kept.read_text())


def _record(folder: Path, what: str, notes: Path, to: Path) -> int:
    """Run the tests of ``what`` and write what they run. A test that fails is left out."""
    measured = coverage.Coverage(data_file=None, source=["autograd", "nn"], config_file=False)

    class Recorder(Watch):
        def pytest_runtest_logstart(self, nodeid: str) -> None:
            measured.switch_context(nodeid)

        def pytest_runtest_logfinish(self) -> None:
            measured.switch_context(IMPORT)

    watch = Recorder(notes)
    measured.start()
    code = run(watch, ["--maxfail=1000", what])
    measured.stop()
    data = measured.get_data()
    lines: dict[str, Lines] = {}
    for path in data.measured_files():
        file = Path(path).relative_to(folder).as_posix()
        for number, tests in data.contexts_by_lineno(path).items():
            for test in tests:
                lines.setdefault(test, {}).setdefault(file, []).append(number)
    seconds = {test: time for test, time in watch.seconds.items() if test not in watch.failed}
    to.write_text(json.dumps({"seconds": seconds, "lines": lines}))
    return 0 if code in (0, 1, 5) else code


@cache
def _library(folder: Path) -> bytes:
    """Return a digest of all that the tests of every file depend on."""
    digest = hashlib.sha256()
    conftest = folder / "tests/conftest.py"
    for top in ("autograd", "nn", "tests/support"):
        for path in [conftest, *sorted((folder / top).rglob("*"))]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.digest()
