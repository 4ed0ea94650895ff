"""The notebooks of the course: their outputs, their exercises, and the rows that they teach."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.curriculum import README, ROWS, checks_by_row, notebooks_by_row, table
from tests.support.exercises import Exercise, exercises_of
from tests.support.notebooks import COURSE, assert_reproduces, cells_of, text_outputs

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
def test_a_chapter_begins_with_its_number_and_its_topics(path: Path):
    first = cells_of(path)[0].source
    assert first.startswith(f"# {path.name[0]} · ")
    assert "**After this notebook you can**" in first
    assert "**Topics of the lectures:**" in first


@each_notebook
def test_a_chapter_is_read_in_15_minutes(path: Path):
    cells = [c for c in cells_of(path) if not c.source.startswith("### Exercise")]
    text = " ".join(cell.source for cell in cells if cell.kind == "markdown")
    text = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)  # folded
    text = re.sub(r"\$\$.+?\$\$|\$[^$]+\$", " formula ", text, flags=re.DOTALL)
    shown = [c for c in cells if c.kind == "code" and not c.tags & {"exercise", "check"}]
    lines = sum(cell.source.count("\n") + 1 for cell in shown)
    assert len(re.findall(r"[\w'-]+", text)) / 200 + lines / 30 <= 15, "words and lines a minute"


@each_notebook
def test_each_picture_has_a_text_for_readers_who_do_not_see_it(path: Path):
    with_text = {cell.alt for cell in cells_of(path)} - {""}
    drawn = [c for c in cells_of(path) if any("image/png" in o.get("data", {}) for o in c.outputs)]
    assert sorted(cell.alt for cell in drawn) == sorted(with_text)
    assert all(len(text.split()) >= 8 and text.endswith(".") for text in with_text)


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


NUMBERS = {  # of the lecture notes, as the notebooks print them
    "A1": ["0.5000", "1.0000", "0.0000"],
    "B2": ["2.5244", "0.4597"],
    "B4": ["61 weights, forward: 62", "122 evaluations"],
    "C1": ["43 without biases", "54"],
    "C5": ["f = -12.0", "df/dx = -4.0", "df/dy = -4.0", "df/dz = 3.0"],
    "C6": ["0.73", "-0.20", "-0.39", "0.20", "0.39", "-0.59"],
    "D6": ["loss if wrong 2000.0 if right 0.0"],
    "D7": ["[0.7, 0.7, 0.7, 0.7, 0.7]", "[0.2, 0.2, 0.2, 0.2, 0.2]"],
    "D8": ["(1.0, 0.0)", "(1.0, 0.01)", "(1.0, -1.0)"],
    "D9": ["3.6e-05", "0.84", "0.59", "He weights, depth 8:       0.3"],
    "F3": ["6     12      64"],
    "F4": ["0.0615", "0.0155", "0.0039"],
    "F5": ["0.250000", "0.062500", "0.015625"],
    "F8": ["loss 47.6 -> 47.62", "loss 3.2 -> 0.12"],
    "F11": ["[0.5, 0.5, 0.5, 0.5]", "h = [1.0, 0.0]", "h = [2.0, 1.0]"],
    "F13": ["4.6052", "[0.  0.  1.5]", "below 0 at 0"],
    "F16": ["93                  768                   26"],
    "F17": ["divides the error by 10 ", "divides the error by 100 "],
}


@pytest.mark.parametrize("row", NUMBERS)
def test_the_notebook_of_a_row_prints_the_numbers_of_the_lecture_notes(row: str):
    (name,) = notebooks_by_row()[row]
    (path,) = (each for each in COURSE if each.name == name)
    printed = "\n".join(text for _, texts in text_outputs(path) for text in texts)
    assert [number for number in NUMBERS[row] if number not in printed] == []


def test_the_table_of_rows_is_made_from_the_tags_and_the_tests():
    assert table() in README.read_text("utf-8"), "run: python -m tests.support.curriculum"
