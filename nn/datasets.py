"""Small data sets for classification and regression: built-in ones and CSV files.

A `Dataset` is plain Python: one list of features per sample, and one class number (or, for
regression, one number) per sample.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .optional_packages import need


class DataError(ValueError):
    """Data that cannot be used; the message says what is wrong, and where."""


@dataclass(frozen=True)
class Dataset:
    """Samples ``X`` (a list of features each) and their targets ``y`` (class number or number)."""

    name: str
    features: list[str]  # their names
    X: list[list[float]]
    y: list[float]
    classes: list[str]  # their names; empty: y is a number to predict
    target: str = "class"

    def __len__(self) -> int:
        return len(self.X)

    def split(self, held_out: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two shuffled parts, to train with and held out, with the classes in equal proportion.

        >>> train, test = load("xor").split(held_out=0.25)
        >>> len(train), len(test)
        (300, 100)

        ValueError unless the share ``held_out`` is between 0 and 1.
        """
        if not 0 < held_out < 1:
            raise ValueError(f"held_out is a share between 0 and 1, got {held_out!r}")
        rng = random.Random(seed)
        groups: dict[float, list[int]] = {}
        for i, label in enumerate(self.y):
            groups.setdefault(label if self.classes else 0.0, []).append(i)
        kept, out = [], []
        for _, group in sorted(groups.items()):
            rng.shuffle(group)
            count = min(round(held_out * len(group)), len(group) - 1)
            out += group[:count]
            kept += group[count:]
        rng.shuffle(kept)
        if not out:  # so few samples that no class gave one
            out.append(kept.pop())
        return self._take(kept), self._take(sorted(out))

    def _take(self, indices: Sequence[int]) -> Dataset:
        return replace(self, X=[self.X[i] for i in indices], y=[self.y[i] for i in indices])


@dataclass(frozen=True)
class Scaling:
    """Standardization: each feature minus its mean, divided by its standard deviation.

    >>> scaling = Scaling.of([[1.0, 5.0], [3.0, 5.0]])
    >>> scaling.apply([[1.0, 5.0], [5.0, 6.0]])
    [[-1.0, 0.0], [3.0, 1.0]]
    """

    mean: list[float]
    scale: list[float]  # 1 for a feature that is constant

    @classmethod
    def of(cls, X: Iterable[Sequence[float]]) -> Scaling:
        """The scaling after which each feature of ``X`` has mean 0 and variance 1."""
        columns = list(zip(*X, strict=True))
        mean = [math.fsum(column) / len(column) for column in columns]
        scale = [_deviation(column, m) for column, m in zip(columns, mean, strict=True)]
        return cls(mean, scale)

    def apply(self, X: Iterable[Sequence[float]]) -> list[list[float]]:
        return [
            [(x - m) / s for x, m, s in zip(row, self.mean, self.scale, strict=True)] for row in X
        ]


def _deviation(column: Sequence[float], mean: float) -> float:
    largest = max(abs(x - mean) for x in column)
    if largest <= 1e-12 * abs(mean):  # constant but for rounding
        return 1.0
    return largest * math.sqrt(math.fsum(((x - mean) / largest) ** 2 for x in column) / len(column))


def load(
    data: str,
    target: str | None = None,
    regression: bool = False,
    seed: int = 0,
    features: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> Dataset:
    """The data set of that name, or the CSV file at that path.

    A CSV file (UTF-8; separated by comma, semicolon or tab) has numbers in all columns but
    ``target``, a name or a position from 1; default the last. Its first row holds the names of the
    columns, unless it has numbers in it. ``seed`` draws the samples of moons, circles and xor.
    ``features`` and ``classes`` are those of a model that the samples are for. DataError says what
    is wrong with a file, and in which line and column.

    >>> data = load("xor")
    >>> len(data), data.features, data.classes
    (400, ['x1', 'x2'], ['0', '1'])
    """
    if data not in BUILT_IN:
        return Table.read(data).dataset(target, regression, features, classes)
    dataset = BUILT_IN[data](data, seed)
    if target is not None:
        raise DataError(f"a target column is for CSV files, {data} has its own (got {target!r})")
    expected = dataset.features, [] if regression else dataset.classes
    if features and (list(features), list(classes)) != expected:
        raise DataError(f"the model was not made for {data}: it has other features or classes")
    return replace(dataset, classes=[]) if regression else dataset


# ------------------------------------------------------------------------------ built-in data sets


def _made(name: str, seed: int) -> Dataset:
    generators = need("sklearn.datasets", "scikit-learn")
    make = {
        "moons": lambda: generators.make_moons(400, noise=0.1, random_state=seed % 2**32),
        "circles": lambda: generators.make_circles(
            400, noise=0.1, factor=0.5, random_state=seed % 2**32
        ),
    }
    X, y = make[name]()
    return Dataset(name, ["x1", "x2"], X.tolist(), y.tolist(), ["0", "1"])


def _xor(name: str, seed: int) -> Dataset:
    """Points of the four quadrants, a little apart; class 1 where the signs of x1 and x2 differ."""
    rng = random.Random(seed)
    X = [[rng.choice((-1, 1)) * rng.uniform(0.1, 1.0) for _ in range(2)] for _ in range(400)]
    return Dataset(name, ["x1", "x2"], X, [int(x1 * x2 < 0) for x1, x2 in X], ["0", "1"])


def _bundled(name: str, seed: int) -> Dataset:
    data = getattr(need("sklearn.datasets", "scikit-learn"), f"load_{name}")()
    features = [str(feature) for feature in data.feature_names]
    classes = [str(label) for label in data.target_names]
    return Dataset(name, features, data.data.tolist(), data.target.tolist(), classes)


BUILT_IN: dict[str, Callable[[str, int], Dataset]] = {
    "moons": _made,
    "circles": _made,
    "xor": _xor,
    "iris": _bundled,
    "wine": _bundled,
    "breast_cancer": _bundled,
    "digits": _bundled,
}


# -------------------------------------------------------------------------------------- CSV files


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file, with where they stand."""

    path: str
    header: list[str]  # empty: the file has none
    rows: list[tuple[int, list[str]]]  # line number and cells

    @classmethod
    def read(cls, path: str) -> Table:
        """The table in a file; DataError where it is missing, not text, empty or ragged."""
        rows = _read_rows(path)
        if not rows:
            raise DataError(f"{path}: the file is empty")
        width, first = len(rows[0][1]), rows[0][0]
        for line, cells in rows:
            if len(cells) != width:
                got = counted(len(cells), "column")
                raise DataError(f"{path}, line {line}: {got}, but line {first} has {width}")
        has_header = _is_header(rows[0][1], rows[1][1] if len(rows) > 1 else [])
        names = [cell or f"column {i}" for i, cell in enumerate(rows[0][1], 1)]
        return cls(path, names if has_header else [], rows[has_header:])

    @property
    def names(self) -> list[str]:
        """The names of the columns: the header, or x1, x2, ... where there is none."""
        return self.header or [f"x{i}" for i in range(1, len(self.rows[0][1]) + 1)]

    def position(self, column: str | None) -> int:
        """The index of a column given by its name or its position from 1; None is the last."""
        if column is None:
            return len(self.names) - 1
        if self.names.count(column) > 1:
            raise DataError(f"{self.path}: {self.names.count(column)} columns are named {column!r}")
        if column in self.names:
            return self.names.index(column)
        if column.isascii() and column.isdigit() and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        raise DataError(f"{self.path}: no column {column!r}; there are {_listed(self.names)}")

    def number(self, row: int, column: int) -> float:
        """A cell as a number; DataError that says where it stands if it is none."""
        cell = self.rows[row][1][column]
        if not _is_number(cell):
            raise self.error(row, column, f"{cell!r:.60} is not a number" if cell else "is empty")
        if not abs(float(cell)) < 1e100:  # standardization must not overflow; nan is here too
            raise self.error(row, column, f"{cell} is not a finite number below 1e100")
        return float(cell)

    def numbers(self, columns: Sequence[int]) -> list[list[float]]:
        return [[self.number(row, c) for c in columns] for row in range(len(self.rows))]

    def error(self, row: int, column: int, what: str) -> DataError:
        name = f" ({self.header[column]})" if self.header else ""
        return DataError(
            f"{self.path}, line {self.rows[row][0]}, column {column + 1}{name}: {what}"
        )

    def feature_columns(self, features: Sequence[str]) -> list[int]:
        """Where the ``features`` of a model stand: by name, or in order without a header."""
        if not self.header and len(self.names) >= len(features):
            return list(range(len(features)))
        missing = [feature for feature in features if feature not in self.names]
        if missing:
            raise DataError(
                f"{self.path}: no column {missing[0]!r}, which the model needs; "
                f"there are {_listed(self.names)}"
            )
        return [self.position(feature) for feature in features]

    def dataset(
        self,
        target: str | None = None,
        regression: bool = False,
        features: Sequence[str] = (),
        classes: Sequence[str] = (),
    ) -> Dataset:
        """The samples with their targets; see `load`."""
        self._check_rows()
        at = self.position(target)
        columns = [c for c in range(len(self.names)) if c != at]
        if features:
            columns = self.feature_columns(features)
        if not columns:
            raise DataError(f"{self.path}: one column only, so there is no feature besides it")
        X = self.numbers(columns)
        names = [self.names[c] for c in columns]
        name = Path(self.path).stem
        if regression:
            y = [self.number(row, at) for row in range(len(self.rows))]
            if len(set(y)) == 1:
                raise DataError(f"{self.path}: {self.names[at]!r} is {y[0]:g} in every row")
            return Dataset(name, names, X, y, [], self.names[at])
        labels = list(classes) or self._classes(at)
        return Dataset(name, names, X, self._class_numbers(at, labels), labels, self.names[at])

    def _check_rows(self) -> None:
        if len(self.rows) < 4:
            raise DataError(
                f"{self.path}: rows of data: {len(self.rows)}; at least 4 are needed "
                "to train and to hold some out"
            )

    def _classes(self, at: int) -> list[str]:
        labels = {cells[at] for _, cells in self.rows}
        numeric = all(map(_is_number, labels))
        found = sorted(labels, key=lambda label: (float(label) if numeric else 0.0, label))
        if len(found) == 1:
            raise DataError(
                f"{self.path}: column {self.names[at]!r} has one class only, {found[0]!r}; "
                "a classifier needs two"
            )
        if len(found) > 10 and 2 * len(found) > len(self.rows):
            hint = "; to predict a number use regression" if numeric else ""
            raise DataError(
                f"{self.path}: column {self.names[at]!r} has {len(found)} classes "
                f"in {len(self.rows)} rows{hint}"
            )
        return found

    def _class_numbers(self, at: int, classes: Sequence[str]) -> list[float]:
        number = {label: i for i, label in enumerate(classes)}
        for row, (_, cells) in enumerate(self.rows):
            if not cells[at]:
                raise self.error(row, at, "is empty")
            if cells[at] not in number:
                raise self.error(
                    row, at, f"{cells[at]!r:.60} is not a class of the model: {_listed(classes)}"
                )
        return [number[cells[at]] for _, cells in self.rows]


def _read_rows(path: str) -> list[tuple[int, list[str]]]:
    if not path:
        raise DataError(_unknown(path))
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise DataError(f"{path}, line {line}: not UTF-8 text (byte 0x{byte:02x})") from None
    except FileNotFoundError:
        raise DataError(_unknown(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{path}: {reason}") from None
    filled = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=filled.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        return [
            (reader.line_num, [_printable(cell).strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def _printable(cell: str) -> str:
    """Without line breaks and control characters, which no table or terminal should be sent."""
    if cell.isprintable():
        return cell
    blank = [" " if c.isspace() or c > "\x9f" else "\ufffd" for c in cell]  # U+FFFD for a NUL
    return "".join(c if c.isprintable() else b for c, b in zip(cell, blank, strict=True))


def _unknown(data: str) -> str:
    if data.endswith(".csv") or os.path.dirname(data):
        return f"{data}: no such file"
    near = difflib.get_close_matches(data, BUILT_IN, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"no data set or file {data!r}{meant}; choose {', '.join(BUILT_IN)} or a CSV file"


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Names hold no numbers, but for a data frame's default 0, 1, 2, ... beside a name over one."""
    numbers = [cell for cell in first if _is_number(cell)]
    named = any(_is_number(b) and not _is_number(a) for a, b in zip(first, second, strict=False))
    return not numbers or (named and numbers == [str(i) for i in range(len(numbers))])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 12 else shown


def counted(n: int, what: str) -> str:
    """``1 sample``, ``2 samples``."""
    return f"{n} {what}{'s' * (n != 1)}"
