"""How emitted source is laid out: names counted from 1, long lines broken, shapes in a column."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

WIDTH = 96  # of a line
_COMMENT = re.compile(r"^(    .*?\S) +# (\([\d, ]*\))$")
_NAME = re.compile(r"\b(d?)(pool|[zasmt])(\d+)(?=_list\b|\b)")


def wrapped(line: str) -> str:
    """A line of the function; a long one goes on where it has a space."""
    if len(line) <= WIDTH or line.startswith("if "):
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
    inner = textwrap.fill(rest, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    shown = f"  # {comment}" if comment else ""
    return f"    {head}{equals}{opening}{shown}\n{textwrap.indent(inner, ' ' * 8)}\n    {closing}"


def renumbered(source: str) -> str:
    """Names counted from 1 in the order in which they appear."""
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
