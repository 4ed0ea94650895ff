"""Beside HIPS autograd, which has the same name, importing says one clear sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _import(name: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done
    return done.stderr.strip().splitlines()[-1]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site-packages folder that holds both of our packages."""
    for package in ("autograd", "nn"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


@pytest.mark.parametrize(
    "statement", ["import autograd", "from autograd import Value", "import nn"]
)
def test_files_of_the_other_package_among_ours_are_told(site: Path, statement: str) -> None:
    Path(site, "autograd", "tracer.py").touch()
    last = _import(statement, site)
    assert last.startswith("ImportError: chalkgrad and HIPS autograd both install a package named")
    assert "python3 -m venv" in last
    assert str(site) in last


def test_the_other_package_in_the_place_of_ours_is_told_by_nn(site: Path) -> None:
    Path(site, "autograd", "__init__.py").write_text("from .tracer import grad\n")
    Path(site, "autograd", "tracer.py").write_text("grad = None\n")
    last = _import("import nn", site)
    assert last.startswith("ImportError: chalkgrad and HIPS autograd both install a package named")
