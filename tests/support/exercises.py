"""The exercises of a notebook: their cells, and a run of them without a kernel.

An exercise is four cells in a row: the task, a stub that the reader fills in (tagged "exercise"), a
check (tagged "check") and a folded solution, whose python block takes the place of the stub.
"""

from __future__ import annotations

import dis
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import CodeType

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
    """Return the cells that bind what `source`, or a cell returned after them, takes from above.

    A cell that only changes a value (``model.fit(X, y)``) binds nothing, so it is left out: an
    exercise makes what it changes.

    >>> needed(["x = 1", "y = x", "z = 3", "y = 2 * x"], "w = [y + z for z in (1, 2)]")
    ['x = 1', 'y = 2 * x']
    """
    names, kept = _names(source)[1], list[str]()
    for cell in reversed(cells):
        bound, taken = _names(cell)
        if bound & names:
            kept.append(cell)
            names = names - bound | taken
    return kept[::-1]


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell binds, and those that it takes from the cells above."""
    bound, taken = set[str](), set[str]()
    inner = [compile(source, "<cell>", "exec")]
    for code in inner:  # the cell itself, and then its functions, which see all that the cell binds
        for instruction in dis.get_instructions(code):
            if instruction.opname == "STORE_NAME" and code is inner[0]:
                bound.add(instruction.argval)
            elif instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
                taken |= {instruction.argval} - bound
        inner += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return bound, taken
