"""Runs the tests that are written in JavaScript, and what TypeScript and ESLint find."""

import shutil
import subprocess
from pathlib import Path

import pytest

from autograd.pages import scripts

from ...support.browser import require

ROOT = Path(__file__).parents[3]
TESTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/autograd").rglob("*.test.js"))


def test_the_tests_in_javascript_pass():
    require(shutil.which("node"), "needs node (Debian: apt-get install nodejs)")
    done = subprocess.run(["node", "--test", *TESTS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert len(TESTS) >= 2


@pytest.mark.slow
def test_typescript_and_eslint_find_nothing():
    installed = (ROOT / "tests/node_modules").is_dir() and shutil.which("npm")
    require(installed, "needs TypeScript and ESLint: npm --prefix tests install")
    done = subprocess.run(
        ["npm", "run", "check"], cwd=ROOT / "tests", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_of_a_page_has_no_comments_and_no_types(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "// why\nexport const x = /** @type {number} */ (1);\n  x();\n"
    monkeypatch.setattr(scripts, "read", lambda path: module)
    expected = "const a_b = (() => {\nconst x = (1);\nx();\nreturn { x };\n})();\n"
    assert scripts.joined("a/b.js") == f'"use strict";\n{{\n\n{expected}}}\n'
