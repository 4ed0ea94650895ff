"""Print the share of mutants that the tests notice, and the mutants that they do not.

    python -m tests.mutation nn --sample 60 --seed 1     # 60 mutants of nn, chosen at random
    python -m tests.mutation core calculus --minutes 30  # as many as are done in half an hour
    python -m tests.mutation                             # all mutants of all parts: days

Parts: {parts}.
A part may also be a folder or a file. Needs ``pip install -e '.[test,mutation]'``.

On each mutant run the tests that execute the changed line, the fastest first, until one fails.
Tests that take more than --seconds together are left out. So the share is not too high, but may be
too low. A test counts only if it passes without the change. Limits are in processor time.
A survivor that no test can notice stands in ``equivalent.toml`` with the reason: it is not counted.
The project is copied; its own files stay as they are.
"""

from __future__ import annotations

import argparse
import compileall
import math
import py_compile
import random
import re
import shutil
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .mutants import ROOT, Change, Mutant, change_of, mutants
from .records import Records
from .running import Watch, import_large_libraries, in_process, run

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
PARTS = {  # what is in each: files and folders
    "core": ["autograd/*.py", "autograd/pages", "autograd/plot"],
    "calculus": ["autograd/calculus"],
    "compiler": ["autograd/compiler"],
    "drawing": ["autograd/drawing"],
    "explaining": ["autograd/explaining"],
    "stepper": ["autograd/stepper/*.py"],
    "nn": ["nn"],
}
KILLED, SURVIVED, TIMEOUT, EQUAL = "killed", "survived", "timeout", "equivalent"


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    part: str
    mutant: Mutant
    change: Change
    verdict: str
    reason: str  # the test that noticed it, or why none can


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    found = [(part, m) for part in options.parts for file in files_in(part) for m in mutants(file)]
    chosen = random.Random(options.seed).sample(
        found, min(options.sample or len(found), len(found))
    )
    print(f"{len(chosen):,} of {len(found):,} mutants, seed {options.seed}", flush=True)
    import_large_libraries()
    end = time.monotonic() + 60 * options.minutes
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        judge = Judge(copy_project(Path(place, "project")), options.seconds)
        for part, mutant in chosen:
            if time.monotonic() > end:
                break
            result = judge.result(part, mutant)
            results.append(result)
            where = f"{mutant.file} {result.change.function}"
            print(f"{len(results)} {result.verdict}: {where}: {result.reason}", flush=True)
            if result.verdict == SURVIVED:
                print(f"{result.change.diff}\n", flush=True)
    print(f"\n{table(results)}")
    for entry in judge.judged.get("mutant", []):
        if is_stale(entry):
            print(f"\n{EQUIVALENT.name}: fits nothing any more: {entry['file']}\n{entry['diff']}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").replace("{parts}", ", ".join(PARTS))
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=about)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="what is changed (all)")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the choice (0)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="then no other is begun")
    parser.add_argument("--seconds", type=float, default=20.0, help="of tests on a mutant (20)")
    return parser.parse_args(arguments)


def files_in(part: str) -> list[str]:
    """Return the source files of a part, a folder or a file, from the project's folder."""
    paths = [path for pattern in PARTS.get(part, [part]) for path in sorted(ROOT.glob(pattern))]
    if not paths:
        raise SystemExit(f"no such part, file or folder: {part}; parts are {', '.join(PARTS)}")
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) or [path])]
    return [file.relative_to(ROOT).as_posix() for file in files]


def copy_project(to: Path) -> Path:
    """Copy what the tests need into the new folder ``to``, with its modules compiled.

    A compiled module is used only if it was made of the very text of its source.
    """
    for name in ("autograd", "nn", "tests", "notebooks"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / name, to / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, to)
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(to, quiet=1, invalidation_mode=mode)
    return to


class Judge:
    """Says of a mutant whether the tests notice it.

    folder: the copy of the project
    seconds: of processor time, for all tests of a mutant
    """

    def __init__(self, folder: Path, seconds: float):
        self.folder, self.seconds = folder, seconds
        self.records: dict[str, Records] = {}  # of each package
        self.sound: set[str] = set()  # tests that have passed without a change
        self.broken: set[str] = set()  # tests that have failed without a change
        self.judged = tomllib.loads(EQUIVALENT.read_text("utf-8"))

    def result(self, part: str, mutant: Mutant) -> Result:
        change = change_of(mutant)
        package = mutant.file.split("/")[0]
        if package not in self.records:
            self.records[package] = Records(self.folder, package)
        passed = 0
        for tests in self.records[package].tests(mutant.file, change.lines, self.seconds):
            while tests := [test for test in tests if test not in self.broken]:
                with_change = self.run(tests, mutant, change.source)
                if with_change is None:
                    break
                test, verdict = with_change
                before = tests[: tests.index(test) + 1]
                failed = None if test in self.sound else self.run(before, mutant, None)
                if failed is None:
                    self.sound.update(before)
                    return Result(part, mutant, change, verdict, test)
                print(f"fails without a change, so it is not run: {failed[0]}", flush=True)
                self.broken.add(failed[0])
            passed += len(tests)
        reason = equivalent(mutant.file, change, self.judged)
        if reason:
            return Result(part, mutant, change, EQUAL, reason)
        return Result(part, mutant, change, SURVIVED, f"{passed} tests pass")

    def run(
        self, tests: Sequence[str], mutant: Mutant, source: str | None
    ) -> tuple[str, str] | None:
        """Return the first test that fails, and whether it fails or takes too long."""
        path = self.folder / mutant.file
        original = path.read_text("utf-8")
        records = self.records[mutant.file.split("/")[0]]
        limits = {test: 5.0 + 10.0 * records.seconds[test] for test in tests}
        files = list(dict.fromkeys(test.split("::")[0] for test in tests))
        try:
            if source is not None:
                path.write_text(source, "utf-8")
            code, started, _ = in_process(
                self.folder, lambda notes: run(Watch(notes, tests, limits), files)
            )
        finally:
            path.write_text(original, "utf-8")
        if code == 0 or (code == 5 and not started):  # 5: the tests are not there
            return None
        return started[-1] if started else tests[0], TIMEOUT if code < 0 else KILLED


def equivalent(file: str, change: Change, judged: dict[str, Any]) -> str | None:
    """Return why no test can notice a change, if an entry says so.

    An entry is about a file, a function and its changed lines. A rule is about changes whose lines
    differ only in text that its pattern matches.
    """
    place = {"file": file, "function": change.function}
    for entry in judged.get("mutant", []):
        if entry.items() >= place.items() and change.diff == "\n".join(lines_of(entry)):
            return str(entry["reason"])
    gone, come = ([x[2:] for x in change.diff.splitlines() if x[0] == sign] for sign in "-+")
    for rule in judged["rule"]:
        kept = [[re.sub(rule["differs_in"], "", line) for line in lines] for lines in (gone, come)]
        if kept[0] == kept[1]:
            return str(rule["reason"])
    return None


def lines_of(entry: dict[str, Any]) -> list[str]:
    return [line.strip() for line in entry["diff"].strip().splitlines()]


def is_stale(entry: dict[str, Any]) -> bool:
    """True if the lines that the entry's mutant changes are not in the file any more."""
    source = ROOT / entry["file"]
    present = {line.strip() for line in source.read_text("utf-8").splitlines()}
    return not {line[2:] for line in lines_of(entry) if line[0] == "-"} <= present


def table(results: Sequence[Result]) -> str:
    """Return the table of verdicts by part. A mutant that takes too long counts as killed."""
    counts = Counter((r.part, r.verdict) for r in results)
    counts.update(("all", r.verdict) for r in results)
    names = [KILLED, TIMEOUT, SURVIVED, EQUAL]
    lines = [f"| part | mutants | {' | '.join(names)} | noticed | with 95 % confidence |"]
    lines.append("|" + "---|" * 8)
    for part in [*dict.fromkeys(r.part for r in results), "all"]:
        killed, timeout, survived, _ = row = [counts[part, name] for name in names]
        low, rate, high = wilson(killed + timeout, killed + timeout + survived)
        shares = f"{rate:.1%} | {low:.1%} to {high:.1%}"
        lines.append(f"| {part} | {sum(row)} | {' | '.join(map(str, row))} | {shares} |")
    return "\n".join(lines)


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float, float]:
    """Return the ends of the score interval of a share, with the share between them.

    Wilson, E. B., 1927: Probable inference, the law of succession, and statistical inference.
    """
    share = successes / n if n else 0.0
    n = n or 1
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, share, middle + half


if __name__ == "__main__":
    main()
