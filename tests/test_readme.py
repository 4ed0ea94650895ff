"""The README's examples print what they say, and its commands are where they are looked for."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

import autograd

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (code, BLOCKS[i + 1][1])
    for i, (language, code) in enumerate(BLOCKS)
    if language == "python" and BLOCKS[i + 1 : i + 2] and BLOCKS[i + 1][0] == "text"
]


def test_every_python_example_is_followed_by_what_it_prints():
    assert len(EXAMPLES) == [language for language, _ in BLOCKS].count("python") >= 1


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_examples_print_what_the_readme_says(code, printed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), patch.dict(autograd.TABLE):
        exec(compile(code, str(README), "exec"), {"__name__": "__main__"})
    assert out.getvalue() == printed


def test_the_first_two_shell_blocks_are_the_main_job_and_the_tests():
    commands = [code for language, code in BLOCKS if language == "sh"]
    assert commands[0].rstrip().endswith("python -m nn")
    assert commands[1].rstrip().endswith("python -m pytest -n auto")


@pytest.mark.slow
def test_the_default_suite_is_collected_without_the_extra_scale():
    code = "import sys, pytest; sys.modules['jax'] = None; sys.exit(pytest.main(sys.argv[1:]))"
    run = [sys.executable, "-c", code, "--collect-only", "-p", "no:cacheprovider", "autograd"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=README.parent)
    assert done.returncode == pytest.ExitCode.OK, done.stdout
