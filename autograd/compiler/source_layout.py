"""The layout of emitted source: names count from 1, long lines are broken, shapes form a column."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

LINE_WIDTH = 96  # characters
_COMMENT = re.compile(r"^(    .*?\S) +# (\([\d, ]*\))$")
_NAME = re.compile(r"\b(d?)(pool|[zasmt])(\d+)(?=_list\b|\b)")


def wrapped(line: str) -> str:
    """Return a line of the function, indented. A line that is too long is broken at its spaces."""
    if len(line) <= LINE_WIDTH or line.startswith("if "):
        return f"    {line}"
    source, _, comment = line.partition("  # ")
    head, equals, rest = source.rstrip().partition(" = ")
    if not equals:
        head, equals, rest = "return", " ", line.removeprefix("return ")
    opening, closing = "(", ")"
    for function, end in (("xp.concatenate((", "))"), ("xp.asarray([", "])")):
        if rest.startswith(function) and rest.endswith(end):
            opening, closing = function, end
            rest = rest[len(function) : -len(end)]
            break
    inner = textwrap.fill(rest, LINE_WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    shown = f"  # {comment}" if comment else ""
    return f"    {head}{equals}{opening}{shown}\n{textwrap.indent(inner, ' ' * 8)}\n    {closing}"


def renumbered(source: str) -> str:
    """Return ``source`` with names that count from 1, in the order in which they appear."""
    counts: Counter[str] = Counter()
    numbers: dict[str, int] = {}

    def name(match: re.Match[str]) -> str:
        adjoint, kind, number = match.groups()
        if kind + number not in numbers:
            counts[kind] += 1
            numbers[kind + number] = counts[kind]
        return f"{adjoint}{kind}{numbers[kind + number]}"

    lines = _NAME.sub(name, source).split("\n")
    return "\n".join([_COMMENT.sub(lambda m: f"{m[1]:<48}  # {m[2]}", line) for line in lines])
