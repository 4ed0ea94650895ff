"""Notebook tests: `assert_reproduces` runs a notebook again and compares its outputs.

As a program, this file executes notebooks in place: ``python tests/support/notebooks.py FILE...``
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COURSE = sorted((ROOT / "notebooks").glob("[1-9]_*.ipynb"))


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook: "code" or "markdown", its text, its tags and its outputs.

    alt: the text for readers who do not see the picture that it draws.
    """

    kind: str
    source: str
    tags: frozenset[str]
    outputs: list[dict[str, Any]]
    alt: str = ""


def cells_of(path: Path) -> list[Cell]:
    """Return the cells of a notebook in order."""
    return [
        Cell(
            cell["cell_type"],
            "".join(cell["source"]),
            frozenset(cell["metadata"].get("tags", [])),
            cell.get("outputs", []),
            cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", ""),
        )
        for cell in json.loads(path.read_text("utf-8"))["cells"]
    ]


def assert_reproduces(name: str) -> None:
    """Assert that a fresh run of ``notebooks/<name>`` gives the text outputs that are committed.

    The run is a process of its own, so that Jupyter's warnings and sockets stay out of the tests.
    Without nbclient or ipykernel the test skips.
    """
    import pytest

    for package in ("nbclient", "ipykernel"):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[browser]'")
    committed = ROOT / "notebooks" / name
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / name
        shutil.copy(committed, fresh)
        run = subprocess.run(
            [sys.executable, __file__, str(fresh)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        expected, got = text_outputs(committed), text_outputs(fresh)
    assert any(texts for _, texts in expected), f"{name} was committed without its outputs"
    for (source, before), (_, after) in zip(expected, got, strict=True):
        assert after == before, f"{name}, the cell\n{source}"


def text_outputs(path: Path) -> list[tuple[str, list[str]]]:
    """Return the source of each code cell with the texts that it printed and returned."""
    return [(c.source, _texts(c.outputs)) for c in cells_of(path) if c.kind == "code"]


def _texts(outputs: list[dict[str, Any]]) -> list[str]:
    texts = []
    for output in outputs:
        if output["output_type"] == "error":
            texts.append(f"{output['ename']}: {output['evalue']}")
        elif output.get("name") != "stderr":  # Matplotlib announces its font cache there
            texts.append("".join(output.get("text") or output["data"].get("text/plain", "")))
    return texts


def execute(path: Path) -> None:
    """Run all cells in a fresh kernel that can import the packages, and write the outputs back."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # untyped
    search = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    client.execute(cwd=str(ROOT / "notebooks"), env=os.environ | {"PYTHONPATH": search})
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(notebook)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]  # untyped


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        execute(Path(argument))
