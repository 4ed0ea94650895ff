"""Joins JavaScript modules into one script, so that a page is one file without a build step.

A module imports with ``import { a, b } from "./other.js";`` on one line, and writes ``export``
before a declaration. In the joined script each module is a function that returns what it exports.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from importlib.resources import files

INDENT = re.compile(r"^ +", re.M)
COMMENT = re.compile(r"^ *(?://|/?\*).*\n", re.M)  # whole lines of them
TYPE = re.compile(r"/\*\* @\w+ [^\n]*?\*/ ?")  # a type inside a line, for TypeScript alone
IMPORT = re.compile(r'^import (\{[^}]*\}) from "([^"]+)";$', re.M)
EXPORT = re.compile(r"^export ((?:function|class|const) (\w+))", re.M)


def joined(main: str, first: str = "") -> str:
    """Return the module ``main`` and all that it imports as one script. ``first`` goes before them.

    main: its path, such as "autograd/pages/engine.js". The first part is an importable package.
    """
    modules = "".join(_as_function(path) for path in _in_order(main, []))
    return f'"use strict";\n{{\n{first}\n{modules}}}\n'


def _in_order(path: str, seen: list[str]) -> Iterator[str]:
    """Yield the paths of a module and of all that it imports: each once, after its imports."""
    if path in seen:
        return
    seen.append(path)
    for _, other in IMPORT.findall(read(path)):
        yield from _in_order(_resolved(path, other), seen)
    yield path


def _resolved(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _name(path: str) -> str:
    return re.sub(r"\W", "_", path.removesuffix(".js"))


def _as_function(path: str) -> str:
    text = INDENT.sub("", TYPE.sub("", COMMENT.sub("", read(path))))
    exported = [name for _, name in EXPORT.findall(text)]
    text = EXPORT.sub(r"\1", text)
    text = IMPORT.sub(lambda m: f"const {m[1]} = {_name(_resolved(path, m[2]))};", text)
    return f"const {_name(path)} = (() => {{\n{text}return {{ {', '.join(exported)} }};\n}})();\n"


def read(path: str) -> str:
    """Return the text of a file of a package, such as "autograd/pages/engine.js"."""
    package, _, inside = path.partition("/")
    return files(package).joinpath(inside).read_text("utf-8")
