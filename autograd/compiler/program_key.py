"""Names the machine code of a program without printing it: by everything that it depends on.

What `print_llvm` writes follows from the program's lines, the shapes of constants and batches, the
width of vectors, and the printer itself. The numbers of constants are data, which code only has the
addresses of. An operation of somebody's own is a function that may do anything, so a program that
calls one has no such name.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..operation import TABLE
from .print_numpy import Printed
from .row_sizes import Shape


def key_of(printed: Printed, rows: Sequence[Shape], x: int, lanes: int) -> tuple[Any, ...] | None:
    """Return what the text of `print_llvm` follows from, None where only the text itself tells."""
    program = printed.structure
    values = [(line.name.tree, line.value.tree) for line in program.lines]
    tests = [(test.tree, is_tie) for test, is_tie in program.tests]
    ends = [x if x is None else x.tree for x in (program.results, program.gradient)]
    trees = _dumped((values, tests, ends))
    own = [name for name, operation in TABLE.items() if operation.is_own]
    if not SOURCES or any(f"{name}'" in trees for name in own):
        return None
    shapes = [(name, np.shape(array)) for name, array in printed.constants.items()]
    sizes = (len(printed.order), x, *rows)
    return ("program", SOURCES, np.__version__, lanes, sizes, shapes, trees)


def _dumped(x: Any) -> str:
    """Return lists of expressions as text, different for different ones."""
    if isinstance(x, ast.AST):
        return ast.dump(x)
    return f"({', '.join(map(_dumped, x))})" if isinstance(x, list | tuple) else repr(x)


def digest_of(folder: Path) -> str:
    """Return a digest of the sources in a folder and the one above, "" if there are none."""
    try:
        files = sorted([*folder.glob("*.py"), *folder.parent.glob("*.py")])
        contents = [(path.name, path.read_bytes()) for path in files]
    except OSError:
        return ""
    return hashlib.sha256(repr(contents).encode()).hexdigest() if contents else ""


# Read as this module is imported, with the printer. So it is not of a file that changes later.
SOURCES = digest_of(Path(__file__).parent)
