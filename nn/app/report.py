"""The report on predictions, as text: accuracy and confusion matrix, or the size of the errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from unicodedata import combining, east_asian_width

from ..argument_checks import counted
from ..datasets import Dataset
from ..optional_packages import need

MAX_NAME_COLUMNS = 20  # of a terminal
MAX_TABLE_CLASSES = 20  # a table of more would be wider than a terminal


def report_text(data: Dataset, predicted: Sequence[float]) -> str:
    """Return how good the predictions are: accuracy and a line for each class, or the errors."""
    metrics = need("sklearn.metrics", "scikit-learn")
    if not data.classes:
        if not all(map(math.isfinite, predicted)):
            return f"Error of {data.target}: some predictions are not finite numbers"
        mae = metrics.mean_absolute_error(data.y, predicted)
        rmse = metrics.root_mean_squared_error(data.y, predicted)
        sizes = f"mean absolute {mae:.4g}, root mean square {rmse:.4g}"
        if len(set(data.y)) > 1:
            sizes += f", R² {metrics.r2_score(data.y, predicted):.3f}"
        return f"Error of {data.target}: {sizes} ({counted(len(data), 'sample')})"
    matrix = confusion_matrix(data, predicted)
    scores = metrics.precision_recall_fscore_support(
        data.y, predicted, labels=range(len(matrix)), zero_division=math.nan
    )
    ratios = [[_ratio(x) for x in pair] for pair in zip(*scores[:2], strict=True)]
    table = _every_class if len(matrix) <= MAX_TABLE_CLASSES else _worst_classes
    right = sum(matrix[k][k] for k in range(len(matrix)))
    accuracy = f"Accuracy: {right / len(data):.1%} ({right} of {len(data)})"
    names = [_shortened(str(label)) for label in data.classes]
    return f"{accuracy}\n\n{table(names, matrix, ratios)}"


def confusion_matrix(data: Dataset, predicted: Sequence[float]) -> list[list[int]]:
    """Return how many samples of each true class (row) were given each class (column)."""
    count = need("sklearn.metrics", "scikit-learn").confusion_matrix
    matrix: list[list[int]] = count(data.y, predicted, labels=range(len(data.classes))).tolist()
    return matrix


def _every_class(names: list[str], matrix: list[list[int]], ratios: list[list[str]]) -> str:
    rows = [["true \\ predicted", *names, "precision", "recall"]]
    rows += [[names[k], *map(str, matrix[k]), *ratios[k]] for k in range(len(names))]
    return _table(rows)


def _worst_classes(names: list[str], matrix: list[list[int]], ratios: list[list[str]]) -> str:
    classes, samples = range(len(names)), [sum(row) for row in matrix]
    worst = sorted(classes, key=lambda k: (matrix[k][k] - samples[k]) / max(samples[k], 1))
    rows = [[f"worst of {len(names)}", "samples", "precision", "recall"]]
    rows += [[names[k], str(samples[k]), *ratios[k]] for k in worst[:10]]
    pairs = [(matrix[i][j], i, j) for i in classes for j in classes if i != j and matrix[i][j]]
    confused = sorted(pairs, key=lambda pair: -pair[0])[:5]
    lines = [f"{names[i]} taken for {names[j]}: {count}" for count, i, j in confused]
    return "\n".join([_table(rows), *(["", "Most confused", *lines] if lines else [])])


def _table(rows: list[list[str]]) -> str:
    """Return rows of cells as text: the first column to the left, the others to the right."""
    widths = [max(map(terminal_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        blanks = [" " * (w - terminal_width(x)) for w, x in zip(widths, row, strict=True)]
        others = [blank + cell for blank, cell in zip(blanks[1:], row[1:], strict=True)]
        lines.append("  ".join([row[0] + blanks[0], *others]))
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def terminal_width(text: str) -> int:
    """Return how many columns of a terminal the text takes: Chinese characters take two.

    >>> terminal_width("日本"), terminal_width("e\u0301")  # e and an accent on it
    (4, 1)
    """
    wide = sum(east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(map(bool, map(combining, text)))


def _ratio(x: float) -> str:
    return "-" if math.isnan(x) else f"{x:.3f}"


def _shortened(name: str) -> str:
    """Return the name, or its beginning, so that it takes at most `MAX_NAME_COLUMNS`."""
    if terminal_width(name) <= MAX_NAME_COLUMNS:
        return name
    while terminal_width(name) >= MAX_NAME_COLUMNS:
        name = name[:-1]
    return name + "…"
