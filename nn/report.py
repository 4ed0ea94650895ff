"""How good predictions are, as text: accuracy, confusion matrix, precision, recall; or errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .datasets import Dataset


def report(data: Dataset, predicted: Sequence[float]) -> str:
    """How good the predictions are, as text: accuracy and a line per class, or the errors."""
    n = len(data)
    if not data.classes:
        errors = [p - t for p, t in zip(predicted, data.y, strict=True)]
        mean = math.fsum(data.y) / n
        spread = math.fsum((t - mean) ** 2 for t in data.y)
        squares = math.fsum(e * e for e in errors)
        explained = f", R² {1 - squares / spread:.3f}" if spread else ""
        mae = math.fsum(map(abs, errors)) / n
        rmse = math.sqrt(squares / n)
        sizes = f"mean absolute {mae:.4g}, root mean square {rmse:.4g}"
        return f"Error of {data.target}: {sizes}{explained} ({n} samples)"
    matrix = confusion_matrix(data, predicted)
    right = sum(matrix[k][k] for k in range(len(matrix)))
    names = [name if len(name) <= 20 else name[:19] + "…" for name in data.classes]
    rows = [["true \\ predicted", *names, "precision", "recall"]]
    for k, name in enumerate(names):
        column = sum(row[k] for row in matrix)
        ratios = [_ratio(matrix[k][k], total) for total in (column, sum(matrix[k]))]
        rows.append([name, *map(str, matrix[k]), *ratios])
    return f"Accuracy: {right / n:.1%} ({right} of {n})\n\n{_table(rows)}"


def confusion_matrix(data: Dataset, predicted: Sequence[float]) -> list[list[int]]:
    """How many samples of each true class (row) were given each class (column)."""
    matrix = [[0] * len(data.classes) for _ in data.classes]
    for true, given in zip(data.y, predicted, strict=True):
        matrix[int(true)][int(given)] += 1
    return matrix


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
