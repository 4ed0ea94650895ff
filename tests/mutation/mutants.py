"""What a mutant is, what becomes of it, and which tests run on it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = {  # of a file or of the files in a folder, where they are not the folder's own tests
    "autograd/ops.py": ["tests/autograd/test_ops.py", "tests/autograd/calculus"],
    "autograd/operation.py": [
        "tests/autograd/test_o*.py",
        "tests/autograd/test_[fv]*.py",
        "tests/autograd/calculus/test_transformations.py",
    ],
    "autograd/operators.py": ["tests/autograd/test_[fv]*.py", "tests/autograd/test_names.py"],
    "autograd/choosing.py": ["tests/autograd/compiler/test_meaning.py", "tests/autograd/test_*.py"],
    "autograd/recording.py": [
        "tests/autograd/test_*.py",
        "tests/autograd/calculus",
        "tests/autograd/compiler/test_meaning.py",
    ],
    "autograd": [
        "tests/autograd/test_*.py",
        "tests/autograd/calculus",
        "tests/autograd/explaining",
    ],
    "autograd/calculus": [
        "tests/autograd/calculus",
        "tests/autograd/test_vmap.py",
        "tests/autograd/test_own_operation.py",
    ],
    "autograd/compiler": [
        "tests/autograd/compiler",
        "tests/autograd/test_vmap.py",
        "tests/autograd/test_own_operation.py",
    ],
    "autograd/plot": ["tests/autograd/test_plot.py", "tests/nn/test_plot.py"],
    "autograd/stepper/page": ["tests/autograd/stepper"],
    "nn": ["tests/nn/test_*.py", "tests/nn/training/test_loop.py"],
    "nn/datasets": ["tests/nn/test_datasets.py", "tests/nn/app"],
    "nn/plot": ["tests/nn/test_plot.py"],
}
AT_IMPORT = [  # file and function: they have run before mutmut's processes choose a mutant
    "autograd/compiler/array_functions.py _operation",
    "autograd/compiler/compiled_value.py Compiled.__init__",
    "autograd/compiler/expressions.py _infix",
    "autograd/compiler/python_code.py _comparison",
    "autograd/compiler/python_code.py _infix",
    "autograd/compiler/rows.py _looking",
    *(f"autograd/compiler/traced.py _{name}" for name in ("compared", "forbidden", "of_bool")),
    *(f"autograd/compiler/traced.py _{name}" for name in ("fast_infix", "fast_unary", "seen")),
    "autograd/fast_path.py *",
    "autograd/operation.py Operation.__init__",
    "autograd/operators.py *",
    "autograd/ops.py _called",
    "autograd/ops.py _goes_to",
    "*/name_clash.py *",
    "nn/app/options.py _number",
    "nn/argument_checks.py _in_range",
    "nn/losses.py Loss.__post_init__",
    "nn/module.py savable",
]
NOT_RUN = (  # slow, or about the time or the frames of a call, which mutmut adds to
    "type_checkers or the_notebook_gives or many_operations or long_chain_of_operations"
    " or thousands_of_nodes or ctrl_c or process"
    " or equal_pytorch or equals_pytorch or to_pytorch_and_back"
    " or closed_stream or bounded_and_the_oldest"
    " or change_or_copy_a_node or costs_more_than_it_saves"
)
PYTEST = ["-p", "no:cacheprovider", "-o", "addopts=-q -m 'not slow'", "-k", f"not ({NOT_RUN})"]
PYTEST += ["--hypothesis-profile=mutation", "-p", "tests.mutation.time_limit"]


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file."""

    file: str  # from the project's folder, with slashes
    function: str  # "Class.method" or "function"; "" outside of all
    tool: str  # that makes this mutant
    key: str  # the name that the tool gives it


@dataclass(frozen=True, order=True)
class Survivor:
    """A mutant that no test noticed."""

    mutant: Mutant
    diff: str  # the lines that go, with "-", and that come, with "+"


def changed_lines(diff: str) -> str:
    """Return the lines of a unified diff that go and come, without their indentation.

    >>> changed_lines("--- a\\n+++ b\\n@@ -1 +1 @@\\n-  x = 1\\n+  x = 2\\n   y = 3")
    '- x = 1\\n+ x = 2'
    """
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[:1] in ("-", "+"))


def relevant_tests(file: str, project: Path) -> tuple[str, ...]:
    """Return the tests that run on the mutants of ``file``: files and folders of ``project``.

    >>> relevant_tests("autograd/drawing/layout.py", ROOT)
    ('tests/autograd/drawing',)

    :raises FileNotFoundError: if there are none; pytest would run all tests then
    """
    folder = Path(file).parent.as_posix()
    found: list[str] = []
    for pattern in TESTS.get(file) or TESTS.get(folder) or [f"tests/{folder}"]:
        found += sorted(path.relative_to(project).as_posix() for path in project.glob(pattern))
    if not found:
        raise FileNotFoundError(f"no tests for {file}: say in TESTS which")
    return tuple(found)


def copy_project(to: Path) -> None:
    """Copy what the tests need into the new folder ``to``."""
    for name in ("autograd", "nn", "tests", "notebooks"):
        shutil.copytree(
            ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, to)


def runs_at_import(file: str, function: str) -> bool:
    return any(fnmatch(f"{file} {function}", pattern) for pattern in AT_IMPORT)


def called_functions(file: str, source: str) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each function and method that mutmut is for.

    These have no decorator but ``staticmethod`` or ``classmethod``, and do not run at import.
    """
    module = ast.parse(source)
    named = [("", node) for node in module.body]
    for cls in module.body:
        if isinstance(cls, ast.ClassDef):
            named += [(f"{cls.name}.", node) for node in cls.body]
    for prefix, node in named:
        if isinstance(node, ast.FunctionDef) and not runs_at_import(file, prefix + node.name):
            names = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not names or names in (["staticmethod"], ["classmethod"]):
                yield node.lineno, node.end_lineno or node.lineno
