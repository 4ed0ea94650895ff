"""The packages in Pyodide, which has no NumPy, no graphviz and no processes here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Stepper, Value

from ..support.browser import require
from ..support.notebooks import COURSE, cells_of, text_outputs

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # Pyodide takes some seconds to start
X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
SCRIPT = f"""
import importlib.util, json
import autograd, nn
from autograd import Stepper, Value, to_svg

model = nn.MLP(2, [4, 1], "tanh", rng=0)
history = nn.fit(model, {X}, {Y}, epochs=20, compiled=False)
neuron = (Value(2.0, "x") * Value(-3.0, "w") + Value(6.5, "b")).tanh()
stepper = Stepper(neuron)
stepper.save("/tmp/page.html")
json.dumps({{
    "missing": [name for name in ("numpy", "graphviz") if not importlib.util.find_spec(name)],
    "loss": history.loss,
    "parameters": [p.data for p in model.parameters()],
    "page": open("/tmp/page.html", encoding="utf-8").read(),
    "steps": [frame.text for frame in stepper.frames],
    "svg": to_svg(nn.mse([model([1.0, 2.0])], [1.0])),
}})
"""
CHAPTER_SCRIPT = """
import json
from contextlib import redirect_stdout
from io import StringIO
from pyodide.code import eval_code
from tests.support.exercises import exercises_of
from tests.support.notebooks import COURSE, cells_of

def picture_of(shown):
    if hasattr(shown, "_repr_svg_"):
        return shown._repr_svg_()
    return getattr(shown, "_repr_mimebundle_", dict)().get("image/svg+xml", "")

def run(cell):
    if "skip-execution" in cell.tags:
        return [], ""
    printed = StringIO()
    with redirect_stdout(printed):
        shown = eval_code(cell.source, namespace)
    texts = [printed.getvalue(), "" if shown is None else repr(shown)]
    return [text for text in texts if text], picture_of(shown)

namespace = {"__name__": "__main__"}
json.dumps({
    "run": [run(cell) for cell in cells_of(COURSE[0]) if cell.kind == "code"],
    "solved": [exercise.solved() for exercise in exercises_of(COURSE[0])],
})
"""


def run_in_pyodide(script: str) -> Any:
    """Run a script whose last expression is a JSON text, and return what the text says."""
    node = shutil.which("node")
    require(node, "needs node (Debian: apt-get install nodejs)")
    require(
        (ROOT / "tests/node_modules/pyodide").exists(), "needs Pyodide: npm --prefix tests install"
    )
    command = [str(node), str(Path(__file__).with_name("run.mjs")), str(ROOT), script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def found() -> Any:
    return run_in_pyodide(SCRIPT)


def test_an_mlp_trains_to_the_same_numbers(found: Any) -> None:
    assert found["missing"] == ["numpy", "graphviz"]
    model = nn.MLP(2, [4, 1], "tanh", rng=0)
    history = nn.fit(model, X, Y, epochs=20, compiled=False)
    assert found["loss"] == pytest.approx(history.loss, rel=1e-13)
    expected = [p.data for p in model.parameters()]
    assert found["parameters"] == pytest.approx(expected, rel=1e-13)


def test_a_stepper_has_its_picture_without_graphviz(found: Any) -> None:
    assert found["page"].count('class="node ') == 6
    assert "drawn without Graphviz" in found["page"]
    root = (Value(2.0, "x") * Value(-3.0, "w") + Value(6.5, "b")).tanh()
    assert found["steps"] == [frame.text for frame in Stepper(root).frames]
    assert found["svg"].count('class="node neuron') == 5


def test_chapter_1_of_the_course_prints_and_draws_what_is_stored() -> None:
    chapter = run_in_pyodide(CHAPTER_SCRIPT)
    stored = [cell for cell in cells_of(COURSE[0]) if cell.kind == "code"]
    pictures = 0
    for cell, (_, stored_texts), (texts, svg) in zip(
        stored, text_outputs(COURSE[0]), chapter["run"], strict=True
    ):
        expected = [text.replace("<Drawing:", "<SvgDrawing:") for text in stored_texts]
        assert texts == expected, cell.source
        drawn = "".join(svg_of(output) for output in cell.outputs)
        assert svg.count('class="node') == drawn.count('class="node'), cell.source
        pictures += svg != ""
    assert pictures == 5
    assert len(chapter["solved"]) == 3
    assert all(printed.startswith("Right: ") for printed in chapter["solved"])


def svg_of(output: dict[str, Any]) -> str:
    return "".join(output.get("data", {}).get("image/svg+xml", ""))
