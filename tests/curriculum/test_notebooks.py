"""The notebooks of the course: their outputs, their exercises, and the rows that they teach."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.curriculum import README, ROWS, checks_by_row, notebooks_by_row, table
from tests.support.exercises import Exercise, exercises_of
from tests.support.notebooks import COURSE, assert_reproduces, cells_of

each_notebook = pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
each_exercise = pytest.mark.parametrize(
    ("path", "number"),
    [(p, i) for p in COURSE for i in (0, 1, 2)],
    ids=lambda x: x.stem if isinstance(x, Path) else f"{x + 1}",
)


@pytest.fixture
def _without_windows() -> Iterator[None]:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.mark.slow
@each_notebook
def test_a_fresh_run_gives_the_outputs_that_are_committed_within_a_minute(path: Path):
    pytest.importorskip("sklearn")
    started = os.times()
    assert_reproduces(path.name)
    ended = os.times()  # of the processor, so that other work on the machine does not count
    spent = (
        ended.children_user - started.children_user,
        ended.children_system - started.children_system,
    )
    assert sum(spent) < 60, spent


@each_exercise
@pytest.mark.usefixtures("_without_windows")
def test_the_check_of_an_exercise_passes_with_its_solution(path: Path, number: int):
    assert _exercise(path, number).solved().startswith("Right: ")


@each_exercise
@pytest.mark.usefixtures("_without_windows")
def test_the_check_of_an_unsolved_exercise_fails_with_a_hint(path: Path, number: int):
    with pytest.raises(AssertionError) as failure:
        _exercise(path, number).unsolved()
    hint = str(failure.value)
    assert len(hint.split()) >= 5, f"this hint is not a sentence: {hint!r}"


def _exercise(path: Path, number: int) -> Exercise:
    return exercises_of(path)[number]


@each_notebook
def test_a_notebook_has_the_parts_of_a_lesson(path: Path):
    cells = cells_of(path)
    assert "After this notebook you can" in cells[0].source + cells[1].source
    assert any("> **Predict.**" in cell.source for cell in cells if cell.kind == "markdown")
    titles = [exercise.title.split(":")[0] for exercise in exercises_of(path)]
    assert titles == ["### Exercise 1", "### Exercise 2", "### Exercise 3"]
    pages = [o for c in cells for o in c.outputs if "Stepper of" in str(o.get("data"))[:200]]
    assert len(pages) <= 3, "each Stepper is about 100 kB: at most 3"


@each_notebook
def test_the_cells_of_a_notebook_are_short_and_run(path: Path):
    code = [cell for cell in cells_of(path) if cell.kind == "code"]
    for cell in code:
        assert cell.source.count("\n") < 15, f"longer than 15 lines:\n{cell.source}"
        if cell.tags & {"exercise", "check"}:
            assert "skip-execution" in cell.tags, f"would be run:\n{cell.source}"
            assert not cell.outputs, f"belongs to the reader, so it has no output:\n{cell.source}"
        assert all(o["output_type"] != "error" for o in cell.outputs), f"fails:\n{cell.source}"
    assert sum(cell.source.count("\n") + 1 for cell in code) <= 250


def test_every_tag_and_every_test_is_of_a_row_that_exists():
    assert notebooks_by_row().keys() <= ROWS.keys()
    assert checks_by_row().keys() <= ROWS.keys()


@pytest.mark.parametrize("found", [notebooks_by_row, checks_by_row])
def test_every_row_is_in_a_notebook_and_in_a_test(found: Callable[[], dict[str, list[str]]]):
    assert ROWS.keys() - found().keys() <= {"A10"}, "A10 is the playground, see tests/nn/playground"


def test_the_table_of_rows_is_made_from_the_tags_and_the_tests():
    assert table() in README.read_text("utf-8"), "run: python -m tests.support.curriculum"
