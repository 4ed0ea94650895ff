"""Joins JavaScript modules into one script, so that a page is one file without a build step.

A module imports names with ``import { a, b } from "./other.js";`` on one line, and exports with
``export`` before a declaration. In the joined script all modules share one scope. So no two of them
may declare the same name at their top level: the browser would refuse the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import PurePosixPath

IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.M)
PACKAGE = __package__.partition(".")[0]


def joined(main: str, first: str = "") -> str:
    """Return the module ``main`` and all that it imports as one script. ``first`` goes before them.

    main: the path in this package, such as "pages/engine.js".
    """
    modules = "\n".join(_without_modules(text) for text in _in_order(main))
    return f'(() => {{\n"use strict";\n{first}\n{modules}}})();\n'


def _in_order(main: str) -> Iterator[str]:
    """Yield the texts of the modules: each once, after those that it imports."""
    seen: set[str] = set()

    def visit(path: str) -> Iterator[str]:
        if path in seen:
            return
        seen.add(path)
        text = read(path)
        for other in IMPORT.findall(text):
            yield from visit(_resolved(PurePosixPath(path).parent / other))
        yield text

    return visit(main)


def _resolved(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _without_modules(text: str) -> str:
    return EXPORT.sub("", IMPORT.sub("", text)).replace("// @ts-check\n", "", 1)


def read(path: str) -> str:
    """Return the text of a file of the package, such as "pages/engine.js"."""
    return files(PACKAGE).joinpath(path).read_text("utf-8")
