"""The exercises of a notebook: their cells, and a run of them without a kernel.

An exercise is four cells in a row: the task, a stub that the reader fills in (tagged "exercise"), a
check (tagged "check") and a folded solution, whose python block takes the place of the stub.
"""

from __future__ import annotations

import ast
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from tests.support.notebooks import Cell, cells_of

SOLUTION = re.compile(
    r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n\S.*</details>", re.S
)


@dataclass(frozen=True)
class Exercise:
    """One exercise, with the ordinary code cells above it."""

    title: str
    stub: str
    check: str
    solution: str
    above: list[str]

    def unsolved(self) -> str:
        """Run the check on the stub, and return what the check prints."""
        return run([*needed(self.above, self.stub + "\n" + self.check), self.stub, self.check])

    def solved(self) -> str:
        """Run the check on the solution, and return what the check prints."""
        source = self.solution + "\n" + self.check
        return run([*needed(self.above, source), self.solution, self.check])


def exercises_of(path: Path) -> list[Exercise]:
    """Return the exercises of a notebook; a cell out of order is an AssertionError."""
    cells = cells_of(path)
    return [_exercise(cells, i) for i, cell in enumerate(cells) if "exercise" in cell.tags]


def _exercise(cells: list[Cell], i: int) -> Exercise:
    task, stub, check, answer = cells[i - 1 : i + 3]
    title = task.source.partition("\n")[0]
    assert re.fullmatch(r"### Exercise \d: .+", title), f"no task above the stub:\n{stub.source}"
    assert "check" in check.tags, f"{title}: the cell after the stub is not its check"
    found = SOLUTION.fullmatch(answer.source.strip())
    assert found, f"{title}: the cell after the check is not a solution and one sentence why"
    above = [c.source for c in cells[:i] if c.kind == "code" and "skip-execution" not in c.tags]
    return Exercise(title, stub.source, check.source, found[1], above)


def run(sources: list[str]) -> str:
    """Run the sources in order in one namespace, and return what the last one prints."""
    namespace = {"__name__": "__main__", "display": lambda *_: None}
    printed = StringIO()
    for source in sources:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(source, "<cell>", "exec"), namespace)
    return printed.getvalue()


def needed(cells: list[str], source: str) -> list[str]:
    """Return the cells that bind a name which `source`, or a cell returned after it, uses.

    A cell that only changes a value (``model.fit(X, y)``) binds nothing, so it is left out: an
    exercise makes what it changes.

    >>> needed(["x = 1", "y = x", "z = 3"], "y + 1")
    ['x = 1', 'y = x']
    """
    names, kept = _used(source), list[str]()
    for cell in reversed(cells):
        if _bound(cell) & names:
            kept.append(cell)
            names |= _used(cell)
    return kept[::-1]


def _used(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bound(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names
