"""Names, numbers and sums in LaTeX, as a notebook shows an explanation."""

from __future__ import annotations

import re
from collections.abc import Sequence


def latex_name(name: str) -> str:
    """Return a letter as it is, x1 with its subscript, any other name upright."""
    if match := re.fullmatch(r"([A-Za-z])_?(\d*)", name):
        return match[1] + (f"_{{{match[2]}}}" if match[2] else "")
    escaped = re.sub(r"[{}$&#%_]", r"\\\g<0>", re.sub(r"[\\^~]", " ", name))
    return rf"\text{{{escaped}}}"


def latex_product(product: str) -> str:
    """Return a number or a product of numbers in LaTeX."""
    text = re.sub(r"e\+?(-?)0*(\d+)", r" \\times 10^{\1\2}", product)
    for plain, latex in ("·", r"\cdot"), ("…", r"\cdots"), ("inf", r"\infty"):
        text = text.replace(plain, latex)
    return text.replace("nan", r"\text{nan}")


def latex_sum(summands: Sequence[str], per_row: int, count: int) -> list[str]:
    """Return the rows of a sum of ``count`` summands, of which the first are given."""
    rows = [" + ".join(summands[i : i + per_row]) for i in range(0, len(summands), per_row)]
    if count > len(summands):
        rows.append(rf"\cdots \quad \text{{({count} terms)}}")
    return ["&= " + rows[0], *(r"&\quad + " + row for row in rows[1:])]
