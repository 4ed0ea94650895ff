"""CSV files: find separator and header, read the cells, and make a `Dataset` of them."""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from ..argument_checks import counted
from .dataset import BUILT_IN, DataError, Dataset

SEPARATORS = ",;\t"
SNIFFED_CHARACTERS = 10_000  # at the beginning of a file; the sniffer is slow on long texts
MIN_ROWS = 4


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file, as text."""

    path: str
    names: list[str]  # of the columns; x1, x2, ... if the file has no header
    has_header: bool
    rows: list[list[str]]
    lines: list[int]  # the line of the file in which each row ends

    @classmethod
    def read(cls, path: str) -> Table:
        """Return the table in a file; DataError if it is missing, not text, empty or ragged."""
        rows, lines = _rows_and_lines(path, _text(path))
        if not rows:
            raise DataError(f"{path}: the file is empty")
        width = len(rows[0])
        for cells, line in zip(rows, lines, strict=True):
            if len(cells) != width:
                got = counted(len(cells), "column")
                raise DataError(f"{path}, line {line}: {got}, but line {lines[0]} has {width}")
        if not _is_header(rows[0], rows[1] if len(rows) > 1 else []):
            return cls(path, [f"x{i}" for i in range(1, width + 1)], False, rows, lines)
        names = [cell or f"column {i}" for i, cell in enumerate(rows[0], 1)]
        return cls(path, names, True, rows[1:], lines[1:])

    def position(self, column: str | None) -> int:
        """Return the index of a column, given by name or by position from 1; None is the last."""
        if column is None:
            return len(self.names) - 1
        if (count := self.names.count(column)) > 1:
            raise self._error(f"{count} columns are named {column!r}")
        if count:
            return self.names.index(column)
        if column.isascii() and column.isdigit() and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        raise self._error(f"no column {column!r}; there are {_listed(self.names)}")

    def feature_columns(self, features: Sequence[str]) -> list[int]:
        """Return where a model's features are: by name, or in order if there is no header."""
        if not self.has_header and len(self.names) >= len(features):
            return list(range(len(features)))
        for feature in features:
            if feature not in self.names:
                there_are = f"there are {_listed(self.names)}"
                raise self._error(f"no column {feature!r}, which the model needs; {there_are}")
        return [self.position(feature) for feature in features]

    def numbers(self, columns: Sequence[int]) -> list[list[float]]:
        """Return the cells of these columns, row by row; DataError if one is no finite number."""
        return [[self._number(row, c) for c in columns] for row in range(len(self.rows))]

    def _number(self, row: int, column: int) -> float:
        cell = self.rows[row][column]
        if not _is_number(cell):
            hint = "; write a decimal point" if _is_number(cell.replace(",", ".", 1)) else ""
            what = f"{cell!r:.60} is not a number{hint}" if cell else "is empty"
            raise self._cell_error(row, column, what)
        if not abs(float(cell)) < 1e100:  # standardization must not overflow; NaN fails here too
            raise self._cell_error(row, column, f"{cell} is not a finite number below 1e100")
        return float(cell)

    def dataset(
        self, target: str | None, regression: bool, features: Sequence[str], classes: Sequence[str]
    ) -> Dataset:
        """Return the samples with their targets; the arguments are those of `load`."""
        if len(self.rows) < MIN_ROWS:
            raise self._error(
                f"rows of data: {len(self.rows)}; at least {MIN_ROWS} are needed "
                "to train and to hold some out"
            )
        at = self.position(target)
        columns = [c for c in range(len(self.names)) if c != at]
        if features:
            columns = self.feature_columns(features)
        if not columns:
            raise self._error(
                "one column only, so there is no feature besides it; columns are separated by "
                "comma, semicolon or tab"
            )
        for name in sorted({self.names[c] for c in columns}):
            self.position(name)  # refuses two of that name: a trained model could not tell them
        X = self.numbers(columns)
        labels: list[str] = []
        if regression:
            y = [number for (number,) in self.numbers([at])]
            if len(set(y)) == 1:
                raise self._error(f"{self.names[at]!r} is {y[0]:g} in every row")
        else:
            labels = list(classes) or self._classes(at)
            y = self._class_numbers(at, labels)
        names = [self.names[c] for c in columns]
        return Dataset(Path(self.path).stem, names, X, y, labels, self.names[at])

    def _classes(self, at: int) -> list[str]:
        """Return the different cells of a column, sorted: as numbers if all of them are."""
        labels = {cells[at] for cells in self.rows}
        # nan has no place among numbers, so that the order would change from run to run
        numeric = all(_is_number(label) and isfinite(float(label)) for label in labels)
        found = sorted(labels, key=lambda label: (float(label) if numeric else 0.0, label))
        column = f"column {self.names[at]!r}"
        if len(found) == 1:
            raise self._error(f"{column} has one class only, {found[0]!r}; a classifier needs two")
        if len(found) > 10 and 2 * len(found) > len(self.rows):
            hint = "; to predict a number use regression (--regression)" if numeric else ""
            raise self._error(f"{column} has {len(found)} classes in {len(self.rows)} rows{hint}")
        return found

    def _class_numbers(self, at: int, classes: Sequence[str]) -> list[float]:
        number: dict[str, float] = {label: i for i, label in enumerate(classes)}
        for row, cells in enumerate(self.rows):
            if not cells[at]:
                raise self._cell_error(row, at, "is empty")
            if cells[at] not in number:
                what = f"{cells[at]!r:.60} is not a class of the model: {_listed(classes)}"
                raise self._cell_error(row, at, what)
        return [number[cells[at]] for cells in self.rows]

    def _error(self, what: str) -> DataError:
        """Return an error that names the file."""
        return DataError(f"{self.path}: {what}")

    def _cell_error(self, row: int, column: int, what: str) -> DataError:
        """Return an error that names the file and the cell."""
        name = f" ({self.names[column]})" if self.has_header else ""
        return DataError(f"{self.path}, line {self.lines[row]}, column {column + 1}{name}: {what}")


def _text(path: str) -> str:
    if not path:
        raise DataError(_no_such_data(path))
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise DataError(f"{path}, line {line}: not UTF-8 text (byte 0x{byte:02x})") from None
    except FileNotFoundError:
        raise DataError(_no_such_data(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{path}: {reason}") from None


def _no_such_data(data: str) -> str:
    if data.endswith(".csv") or os.path.dirname(data):
        return f"{data}: no such file"
    near = difflib.get_close_matches(data, BUILT_IN, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"no data set or file {data!r}{meant}; choose {', '.join(BUILT_IN)} or a CSV file"


def _rows_and_lines(path: str, text: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, and the line in which each ends."""
    beginning = text[:SNIFFED_CHARACTERS]
    beginning = beginning[: beginning.rfind("\n") + 1] or beginning  # whole lines
    try:
        separator = csv.Sniffer().sniff(beginning, SEPARATORS).delimiter
    except csv.Error:  # one column, for example
        separator = SEPARATORS[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows, lines = [], []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append([_printable(cell).strip() for cell in cells])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None
    return rows, lines


def _printable(cell: str) -> str:
    """Return the text with line breaks as spaces, and control characters as U+FFFD."""
    if cell.isprintable():
        return cell
    blanks = [" " if c.isspace() or c > "\x9f" else "\ufffd" for c in cell]
    return "".join([c if c.isprintable() else b for c, b in zip(cell, blanks, strict=True)])


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether the first row holds names, judged by it and the row below.

    Names are not numbers. The exception are the names 0, 1, 2, ... that a data frame gives to
    columns, if another name stands above a number. (`csv.Sniffer.has_header` misses this one, and
    takes a single row of numbers for a header.)
    """
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
