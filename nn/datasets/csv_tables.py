"""`Table`: finds the header of a CSV file, reads its numbers and classes, makes a `Dataset`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Any

from .csv_file import CsvFile
from .dataset import MAX_NUMBER, DataError, Dataset, Label
from .rows import Rows

MIN_ROWS = 4


@dataclass(frozen=True)
class Table:
    """A CSV file with the names of its columns. Its rows are read when they are needed."""

    file: CsvFile
    names: list[str]  # of the columns; x1, x2, ... if the file has no header
    has_header: bool

    @classmethod
    def read(cls, path: str) -> Table:
        """Return the table in a file; DataError if it is missing, not text, or empty."""
        file = CsvFile(path)
        beginning = list(_cleaned(islice(file.rows(), 2)))
        if not beginning:
            raise file.error("the file is empty")
        first = beginning[0]
        if not _is_header(first, beginning[-1]):
            return cls(file, [f"x{i}" for i in range(1, len(first) + 1)], False)
        return cls(file, [cell or f"column {i}" for i, cell in enumerate(first, 1)], True)

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row of data, as text; DataError if the file is ragged."""
        return _cleaned(self._rows())

    def _rows(
        self, progress: bool = False, take: Callable[[Sequence[str]], bool] | None = None
    ) -> Iterator[tuple[int, list[str]]]:
        return islice(self.file.rows(progress, take), int(self.has_header), None)

    def position(self, column: str | None) -> int:
        """Return the index of a column, given by name or by position from 1; None is the last."""
        if column is None:
            return len(self.names) - 1
        if (count := self.names.count(column)) > 1:
            raise self.file.error(f"{count} columns are named {column!r}")
        if count:
            return self.names.index(column)
        if column.isascii() and column.isdigit() and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        raise self.file.error(f"no column {column!r}; there are {_listed(self.names)}")

    def feature_columns(self, features: Sequence[str]) -> list[int]:
        """Return where a model's features are: by name, or in order if there is no header."""
        if not self.has_header and len(self.names) >= len(features):
            return list(range(len(features)))
        for feature in features:
            if feature not in self.names:
                there_are = f"there are {_listed(self.names)}"
                raise self.file.error(f"no column {feature!r}, which the model needs; {there_are}")
        return [self.position(feature) for feature in features]

    def numbers(self, columns: Sequence[int]) -> Rows:
        """Return the cells of these columns, row by row; DataError if one is no finite number."""
        return self._numbers_and_texts(columns, None)[0]

    def _numbers_and_texts(
        self, columns: Sequence[int], at: int | None, progress: bool = False
    ) -> tuple[Rows, list[str]]:
        """Return the numbers in these columns, and the text in the column ``at``."""
        X, texts = Rows([], len(columns)), list[str]()

        def take(lines: Sequence[str]) -> bool:
            """Take the rows in these lines, if there is nothing unusual in them."""
            from .plain_numbers import plain_numbers, without_column  # with NumPy

            separator, places, cells = self.file.separator, columns, list[str]()
            lines = [line.rstrip("\r\n") for line in lines]
            if at is not None:
                cells, lines = without_column(lines, separator, at, len(self.names))
                places = [c - (c > at) for c in columns]
            found = plain_numbers(lines, separator, places)
            if found is not None:
                X.numbers.frombytes(found.tobytes())
                texts.extend(intern(_clean(cell)) for cell in cells)
            return found is not None

        can_take = at not in columns and find_spec("numpy") is not None
        for _, cells in self._rows(progress, take if can_take else None):
            found = [cells[c] for c in columns]
            X.numbers.extend(
                _usual_numbers(found)
                or [
                    self._number(len(X), c, _clean(cell))
                    for c, cell in zip(columns, found, strict=True)
                ]
            )
            if at is not None:
                texts.append(intern(_clean(cells[at])))
        return X, texts

    def _number(self, row: int, column: int, cell: str) -> float:
        if not _is_number(cell):
            hint = "; write a decimal point" if _is_number(cell.replace(",", ".", 1)) else ""
            what = f"{cell!r:.60} is not a number{hint}" if cell else "is empty"
            raise self._cell_error(row, column, what)
        if not abs(float(cell)) < MAX_NUMBER:  # NaN fails here too
            what = f"{cell} is not a finite number below {MAX_NUMBER:g}"
            raise self._cell_error(row, column, what)
        return float(cell)

    def dataset(
        self,
        target: str | None,
        regression: bool,
        features: Sequence[str],
        classes: Sequence[Label],
        progress: bool,
    ) -> Dataset:
        """Return the samples with their targets; the arguments are those of `load`."""
        count = len(list(islice(self._rows(), MIN_ROWS)))
        if count < MIN_ROWS:
            raise self.file.error(
                f"rows of data: {count}; at least {MIN_ROWS} are needed "
                "to train and to hold some out"
            )
        at = self.position(target)
        columns = [c for c in range(len(self.names)) if c != at]
        if features:
            columns = self.feature_columns(features)
        if not columns:
            raise self.file.error(
                "one column only, so there is no feature besides it; columns are separated by "
                "comma, semicolon or tab"
            )
        for name in sorted({self.names[c] for c in columns}):
            self.position(name)  # refuses two of that name: a trained model could not tell them
        X, texts = self._numbers_and_texts(columns, at, progress)
        labels: list[Label] = []
        if regression:
            y = [self._number(row, at, text) for row, text in enumerate(texts)]
            if len(set(y)) == 1:
                raise self.file.error(f"{self.names[at]!r} is {y[0]:g} in every row")
        else:
            labels = list(classes) or _typed(self._classes(at, texts))
            y = self._class_numbers(at, texts, list(map(str, labels)))
        names = [self.names[c] for c in columns]
        return Dataset(Path(self.file.path).stem, names, X, y, labels, self.names[at])

    def _classes(self, at: int, texts: Sequence[str]) -> list[str]:
        """Return the different labels, sorted: as numbers if all of them are.

        Numbers that are equal, like 1 and 1.0, are one class, named by the shortest of them.
        """
        different = sorted(set(texts), key=lambda text: (-len(text), text))
        values = _values(different)
        by_value = dict(zip(values, different, strict=True))
        found = [by_value[value] for value in sorted(by_value)]
        column = f"column {self.names[at]!r}"
        if len(found) == 1:
            raise self.file.error(
                f"{column} has one class only, {found[0]!r}; a classifier needs two"
            )
        if len(found) > 10 and 2 * len(found) > len(texts):
            numeric = isinstance(values[0], Decimal)
            hint = "; to predict a number use regression (--regression)" if numeric else ""
            raise self.file.error(f"{column} has {len(found)} classes in {len(texts)} rows{hint}")
        return found

    def _class_numbers(self, at: int, texts: Sequence[str], classes: Sequence[str]) -> list[float]:
        different = list(set(texts))
        values = _values([*classes, *different])
        number: dict[Any, float] = {value: k for k, value in enumerate(values[: len(classes)])}
        known = {
            text: number[value]
            for text, value in zip(different, values[len(classes) :], strict=True)
            if text and value in number
        }
        if len(known) < len(different):
            row = next(row for row, text in enumerate(texts) if text not in known)
            what = f"{texts[row]!r:.60} is not a class of the model: {_listed(classes)}"
            raise self._cell_error(row, at, what if texts[row] else "is empty")
        return [known[text] for text in texts]

    def _cell_error(self, row: int, column: int, what: str) -> DataError:
        """Return an error that names the file and the cell."""
        name = f" ({self.names[column]})" if self.has_header else ""
        line, _ = next(islice(self._rows(), row, None))
        return self.file.error(what, line, f", column {column + 1}{name}")


def _cleaned(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[str]]:
    return (list(map(_clean, cells)) for _, cells in rows)


def _clean(cell: str) -> str:
    """Return the text with line breaks as spaces, control characters as U+FFFD, and no margins."""
    if cell.isprintable():
        return cell.strip()
    blanks = [" " if c.isspace() or c > "\x9f" else "\ufffd" for c in cell]
    shown = [c if c.isprintable() else b for c, b in zip(cell, blanks, strict=True)]
    return "".join(shown).strip()


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
    return "_" not in cell  # Python's 1_000 is no number in a table


def _usual_numbers(cells: Sequence[str]) -> list[float] | None:
    """Return the numbers in the cells; None if a cell needs a second look."""
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return None
    usual = sum(map(abs, numbers)) < MAX_NUMBER and "_" not in "".join(cells)
    return numbers if usual else None


def _typed(labels: list[str]) -> list[Label]:
    """Return the labels as ints if all are whole numbers, written as Python writes them."""
    try:
        numbers = list(map(int, labels))
    except ValueError:
        return [*labels]
    written = list(map(str, numbers))
    return [*numbers] if written == labels else [*labels]


def _values(labels: Sequence[str]) -> list[Any]:
    """Return the labels as exact numbers if all of them are finite numbers, else as they are."""
    try:
        numbers = [Decimal(label if _is_number(label) else "nan") for label in labels]
    except InvalidOperation:  # an exponent of twenty digits
        return list(labels)
    # nan has no place among numbers, so that the order would change from run to run
    return numbers if all(number.is_finite() for number in numbers) else list(labels)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 12 else shown
