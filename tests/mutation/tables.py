"""Mutants outside functions, by cosmic-ray: lambdas and numbers of tables, defaults, properties.

mutmut changes only functions without a decorator. The rest of each file is changed here.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .mutants import PYTEST, Mutant, Survivor, called_functions, changed_lines, relevant_tests

TOOL = "cosmic-ray"
UNIONS = re.compile(r"core/ReplaceBinaryOperator_BitOr_")  # of types: annotations are not evaluated


def mutants(folder: Path, files: Sequence[str]) -> Iterator[Mutant]:
    """Yield the mutants of ``files``, in a copy of the project in ``folder``."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import use_db

    with tempfile.TemporaryDirectory() as place, use_db(Path(place, "session.sqlite")) as session:
        init([folder / file for file in files], session, {})
        items = [item.mutations[0] for item in session.work_items]
    sources = {file: (folder / file).read_text("utf-8") for file in files}
    functions = {file: [*called_functions(file, source)] for file, source in sources.items()}
    for item in items:
        file = item.module_path.relative_to(folder).as_posix()
        inside = any(first <= item.start_pos[0] <= last for first, last in functions[file])
        if not inside and not UNIONS.match(item.operator_name):
            key = f"{item.operator_name} {item.occurrence}"
            yield Mutant(file, item.definition_name or "", TOOL, key)


def survivors(folder: Path, chosen: Sequence[Mutant], seconds: float) -> list[Survivor]:
    """Run the tests on the mutants and return those that no test noticed.

    seconds: of processor time, for one test
    """
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.work_item import MutationSpec

    time_limits: dict[str, float] = {}
    unnoticed = []
    for mutant in chosen:
        command = pytest_command(folder, relevant_tests(mutant.file, folder), seconds)
        if command not in time_limits:
            # far away: it is real time, and the machine may be busy
            time_limits[command] = 10 * (seconds + clean_seconds(command))
        operator, _, occurrence = mutant.key.partition(" ")
        spec = MutationSpec(folder / mutant.file, operator, int(occurrence), (0, 0), (0, 1))
        result = mutate_and_test([spec], command, time_limits[command])
        print("." if result.is_killed else "!", end="", file=sys.stderr, flush=True)
        if not result.is_killed:
            unnoticed.append(Survivor(mutant, changed_lines(result.diff or "")))
    return unnoticed


def pytest_command(folder: Path, tests: Sequence[str], seconds: float) -> str:
    """Return the command that runs ``tests``, which are in a copy of the project, anywhere."""
    places = [str(folder / test) for test in tests]
    settings = str(folder / "pyproject.toml")
    limit = f"--cpu-seconds={seconds}"
    python = ["env", f"PYTHONPATH={folder}", "PYTHONHASHSEED=0", sys.executable]
    return shlex.join([*python, "-m", "pytest", "-x", "-c", settings, *PYTEST, limit, *places])


def clean_seconds(command: str) -> float:
    """Return how long the tests take without a change.

    :raises RuntimeError: if one fails; the end of its output is in the text
    """
    start = time.monotonic()
    done = subprocess.run(shlex.split(command), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the tests fail without a change:\n{done.stdout[-3000:]}")
    return time.monotonic() - start
