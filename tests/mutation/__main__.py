"""Print the share of mutants that the tests notice, by folder, and the mutants that they do not.

    python -m tests.mutation                                  # all: many hours
    python -m tests.mutation nn autograd/tree.py --sample 200  # folders and files, a random sample

Needs ``pip install -e '.[test,mutation]'``. The project is copied; its own files stay as they are.
A survivor that no test can notice stands in ``equivalent.toml`` with the reason: such mutants are
not in the percentage. An entry there whose lines the file no longer has is reported.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import functions, tables
from .mutants import ROOT, Mutant, Survivor, copy_project, relevant_tests

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
MEMORY_BYTES = 16 << 30  # a mutant that collects without end stops here


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    files = sorted({file for name in options.what for file in files_in(name)})
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        folder = Path(place)
        everything = list_mutants(folder, files, options.time_limit)
        chosen = everything
        if options.sample and options.sample < len(everything):
            chosen = sorted(random.Random(options.seed).sample(everything, options.sample))
        print(f"{len(everything):,} mutants in {len(files)} files, {len(chosen):,} of them tested")
        sys.stdout.flush()
        survivors = run(folder, chosen, options.time_limit)
    judged = tomllib.loads(EQUIVALENT.read_text("utf-8"))
    equivalent = [survivor for survivor in survivors if is_equivalent(survivor, judged)]
    print(table(chosen, survivors, equivalent))
    for mutant, diff in ((s.mutant, s.diff) for s in survivors if s not in equivalent):
        print(f"\n{mutant.file}  {mutant.function or '(no function)'}  by {mutant.tool}\n{diff}")
    for entry in judged.get("mutant", []):
        if is_stale(entry):
            print(f"\n{EQUIVALENT.name}: fits nothing any more: {entry['file']}\n{entry['diff']}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", nargs="*", default=["autograd", "nn"], help="folders and files")
    parser.add_argument("--sample", type=int, metavar="N", help="test N mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the choice (0)")
    parser.add_argument(
        "--time-limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="of processor time, for one test of a mutant (60)",
    )
    return parser.parse_args(arguments)


def files_in(name: str) -> list[str]:
    """Return the source files of a folder, or the file itself, from the project's folder."""
    path = ROOT / name
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    if not path.exists():
        raise SystemExit(f"no such file or folder: {name}")
    return [file.relative_to(ROOT).as_posix() for file in found]


def list_mutants(folder: Path, files: Sequence[str], seconds: float) -> list[Mutant]:
    """Return all mutants of ``files``, in the same order in every run."""
    copy_project(folder / "plain")
    functions.prepare(folder / "all", files, seconds)
    found = [*functions.mutants(folder / "all", files), *tables.mutants(folder / "plain", files)]
    return sorted(found)


def run(folder: Path, chosen: Sequence[Mutant], seconds: float) -> list[Survivor]:
    """Return the mutants that survive. Files with the same tests run together."""
    groups: dict[tuple[str, ...], list[Mutant]] = defaultdict(list)
    for mutant in chosen:
        if mutant.tool == functions.TOOL:
            groups[relevant_tests(mutant.file, folder / "plain")].append(mutant)
    survivors: list[Survivor] = []
    for i, group in enumerate(groups.values()):
        place = folder / f"functions{i}"
        functions.prepare(place, sorted({mutant.file for mutant in group}), seconds)
        survivors += functions.survivors(place, group, folder / "mutmut.txt")
    outside = [mutant for mutant in chosen if mutant.tool == tables.TOOL]
    return sorted(survivors + tables.survivors(folder / "plain", outside, seconds))


def lines_of(entry: dict[str, Any]) -> list[str]:
    return [line.strip() for line in entry["diff"].strip().splitlines()]


def is_equivalent(survivor: Survivor, judged: dict[str, Any]) -> bool:
    """True if an entry is about this mutant: the same file, function and changed lines.

    Also if the lines that go and come differ only in text that a rule's pattern matches.
    """
    place = {"file": survivor.mutant.file, "function": survivor.mutant.function}
    for entry in judged.get("mutant", []):
        if entry.items() >= place.items() and survivor.diff == "\n".join(lines_of(entry)):
            return True
    gone, come = ([x[2:] for x in survivor.diff.splitlines() if x[0] == sign] for sign in "-+")
    for rule in judged["rule"]:
        kept = [[re.sub(rule["differs_in"], "", line) for line in lines] for lines in (gone, come)]
        if kept[0] == kept[1]:
            return True
    return False


def is_stale(entry: dict[str, Any]) -> bool:
    """True if the lines that the entry's mutant changes are not in the file any more."""
    source = ROOT / entry["file"]
    present = {line.strip() for line in source.read_text("utf-8").splitlines()}
    return not {line[2:] for line in lines_of(entry) if line[0] == "-"} <= present


def table(
    chosen: Sequence[Mutant], survivors: Sequence[Survivor], equivalent: Sequence[Survivor]
) -> str:
    """Return the table of mutants by folder and tool."""
    totals, alive, same = (
        Counter((str(Path(mutant.file).parent), mutant.tool) for mutant in mutants)
        for mutants in (chosen, [s.mutant for s in survivors], [s.mutant for s in equivalent])
    )
    rows = [(*group, totals[group], alive[group], same[group]) for group in sorted(totals)]
    rows.append(("all", "both", totals.total(), alive.total(), same.total()))
    lines = ["| folder | by | mutants | killed | equivalent | killed of the others |"]
    lines.append("|---|---|---|---|---|---|")
    for folder, tool, total, surviving, equal in rows:
        killed = total - surviving
        share = f"{100 * killed / (total - equal):.1f} %" if total > equal else "-"
        lines.append(f"| {folder} | {tool} | {total} | {killed} | {equal} | {share} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
