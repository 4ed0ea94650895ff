"""Mutants inside functions, by mutmut: it runs only the tests that call the function."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .mutants import (
    PYTEST,
    Mutant,
    Survivor,
    changed_lines,
    copy_project,
    relevant_tests,
    runs_at_import,
)

TOOL = "mutmut"
TOO_LONG = (-signal.SIGPROF, -signal.SIGXCPU)  # ended by our plugin of pytest, by mutmut
SETTINGS = """
[tool.mutmut]
source_paths = ["autograd", "nn"]
also_copy = ["README.md", "notebooks"]
only_mutate = {files}
pytest_add_cli_args = {pytest}
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 10.0
timeout_constant = {seconds}
track_dependencies = false
use_git_change_detection = false
"""


def prepare(folder: Path, files: Sequence[str], seconds: float) -> None:
    """Make ``folder`` a copy of the project whose settings are for the mutants of ``files``."""
    copy_project(folder)
    tests = [*dict.fromkeys(test for file in files for test in relevant_tests(file, folder))]
    pytest = [*PYTEST, f"--cpu-seconds={seconds}"]
    settings = SETTINGS.format(files=list(files), tests=tests, seconds=seconds, pytest=pytest)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(settings)


def mutants(folder: Path, files: Sequence[str]) -> Iterator[Mutant]:
    """Yield the mutants of ``files``, which are in the prepared ``folder``."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name, orig_function_and_class_names_from_key

    with contextlib.chdir(folder):
        for file in files:
            names = mutate_file_contents(file, Path(file).read_text("utf-8")).mutant_names
            for name in names:
                key = get_mutant_name(Path(file), name)
                function, cls = orig_function_and_class_names_from_key(key)
                function = f"{cls}.{function}" if cls else function
                if not runs_at_import(file, function):
                    yield Mutant(file, function, TOOL, key)


def survivors(folder: Path, chosen: Sequence[Mutant], log: Path) -> list[Survivor]:
    """Run the tests on the mutants and return those that no test noticed.

    A test that fails without a change, such as one about the name of a function, is left out.

    :raises RuntimeError: if mutmut itself fails; the end of its output is in the text
    """
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    mutated = folder / "mutants"  # mutmut's folder; Python forgets a path that is not there
    mutated.mkdir()
    command = [str(Path(sys.executable).with_name("mutmut")), "run", *(m.key for m in chosen)]
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(mutated)}
    while True:
        with log.open("w") as out:
            run = subprocess.run(command, cwd=folder, stdout=out, stderr=out, env=environment)
        if run.returncode == 0:
            break
        report = log.read_text(errors="replace")
        failed = re.findall(r"^FAILED (.*?)(?: - |$)", report, re.MULTILINE)
        if not failed:
            raise RuntimeError(f"mutmut stopped:\n{report[-3000:]}")
        print(f"fails in mutmut's copy, so it is not run there: {', '.join(failed)}", flush=True)
        deselect(folder / "pyproject.toml", failed)
    codes: dict[str, int | None] = {}
    for file in {mutant.file for mutant in chosen}:
        results = json.loads((mutated / f"{file}.meta").read_text("utf-8"))
        codes |= results["exit_code_by_key"]
    too_long = sum(codes[mutant.key] in TOO_LONG for mutant in chosen)
    print(f"{too_long} of {len(chosen)} mutants of functions took too long", flush=True)
    unnoticed = ("survived", "no tests", "not checked", "skipped")
    with contextlib.chdir(folder):
        return [
            Survivor(mutant, changed_lines(get_diff_for_mutant(mutant.key, path=mutant.file)))
            for mutant in chosen
            if status_by_exit_code[codes[mutant.key]] in unnoticed
        ]


def deselect(settings: Path, tests: Sequence[str]) -> None:
    """Add to mutmut's settings that ``tests`` are not run."""
    more = "".join(f", {json.dumps(f'--deselect={test}')}" for test in tests)
    text = settings.read_text("utf-8")
    line = re.search(r"^pytest_add_cli_args = .*(?=]$)", text, re.MULTILINE)
    assert line is not None  # prepare wrote it
    settings.write_text(text[: line.end()] + more + text[line.end() :], "utf-8")
