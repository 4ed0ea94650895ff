"""How good predictions are, as text: accuracy, confusion matrix, precision, recall; or errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..datasets import Dataset, counted


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
        return f"Error of {data.target}: {sizes}{explained} ({counted(n, 'sample')})"
    matrix = confusion_matrix(data, predicted)
    right = sum(matrix[k][k] for k in range(len(matrix)))
    names = [name if len(name) <= 20 else name[:19] + "…" for name in data.classes]
    table = _every_class(names, matrix) if len(names) <= 20 else _worst_classes(names, matrix)
    return f"Accuracy: {right / n:.1%} ({right} of {n})\n\n{table}"


def _every_class(names: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    rows = [["true \\ predicted", *names, "precision", "recall"]]
    for k, name in enumerate(names):
        rows.append([name, *map(str, matrix[k]), *_precision_and_recall(matrix, k)])
    return _table(rows)


def _worst_classes(names: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """For classes whose whole table would be wider than a terminal."""
    classes = range(len(names))
    lost = {k: sum(matrix[k]) - matrix[k][k] for k in classes}
    worst = sorted(classes, key=lambda k: -lost[k] / max(sum(matrix[k]), 1))[:10]
    rows = [[f"worst of {len(names)}", "samples", "precision", "recall"]]
    rows += [[names[k], str(sum(matrix[k])), *_precision_and_recall(matrix, k)] for k in worst]
    pairs = [(matrix[i][j], i, j) for i in classes for j in classes if i != j and matrix[i][j]]
    confused = sorted(pairs, key=lambda pair: -pair[0])[:5]
    taken = [f"{names[i]} taken for {names[j]}: {count}" for count, i, j in confused]
    return "\n".join([_table(rows), *(["", "Most confused", *taken] if taken else [])])


def _precision_and_recall(matrix: Sequence[Sequence[int]], k: int) -> list[str]:
    column = sum(row[k] for row in matrix)
    return [_ratio(matrix[k][k], total) for total in (column, sum(matrix[k]))]


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
