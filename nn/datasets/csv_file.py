"""`CsvFile`: finds the separator of a CSV file, and reads its rows as often as they are needed."""

from __future__ import annotations

import csv
import difflib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from ..argument_checks import counted
from ..optional_packages import need
from .built_in import BUILT_IN
from .dataset import DataError

REMEDY = "save the table as CSV in UTF-8"
SEPARATORS = ",;\t"
SNIFFED_CHARACTERS = 10_000  # at the beginning of a file; the sniffer is slow on long texts
MAX_PIPE_BYTES = 1 << 30
MIN_SHOWN_BYTES = 10_000_000  # which take a second to read
BLOCK_CHARACTERS = 1 << 17  # of the lines that are read at once, after the first million
MIN_BLOCK_CHARACTERS = 1 << 13


class CsvFile:
    """The rows of a CSV file, as text. A file is read row by row, a pipe once and as a whole.

    DataError if the file is missing or a directory, or if a row cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._content: bytes | None = None  # of a pipe
        try:
            if not path:
                raise FileNotFoundError
            if os.path.exists(path) and not os.path.isfile(path):
                self._content = self._whole(path)
            with self._open() as stream:
                text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
                self.separator = _separator(text.read(SNIFFED_CHARACTERS))
        except UnicodeDecodeError:
            raise self._not_text() from None
        except FileNotFoundError:
            raise DataError(_no_such_data(path)) from None
        except IsADirectoryError:
            raise DataError(f"{path}: this is a folder; choose a CSV file in it") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            if isinstance(error, DataError):
                raise
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DataError(f"{path}: {reason}") from None

    def rows(
        self, progress: bool = False, take: Callable[[Sequence[str]], bool] | None = None
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not blank, after the line in which it ends.

        ``take`` is offered many lines at once, after the first million characters, if each of them
        is a row and has no quotes. If it returns True, these rows are not yielded.

        DataError names the line that is not text, or has another number of columns than the first.
        ``progress`` shows a bar in a terminal (standard error), if the file is large.
        """
        with self._open() as stream, _bar(stream, progress) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            lines_before = first_line = width = 0
            try:
                for lines, rest in _blocks(text):
                    if take and self._are_rows(lines, width) and take(lines):
                        lines_before += len(lines)
                        continue
                    reader = csv.reader(
                        chain(lines, rest), delimiter=self.separator, skipinitialspace=True
                    )
                    while reader.line_num < len(lines):
                        cells, line = next(reader), lines_before + reader.line_num
                        if not any(map(str.strip, cells)):
                            continue
                        if not width:
                            first_line, width = line, len(cells)
                        if len(cells) != width:
                            got = counted(len(cells), "column")
                            what = f"{got}, but line {first_line} has {width}"
                            raise self.error(what, line)
                        yield line, cells
                    lines_before += reader.line_num
            except csv.Error as error:
                raise self.error(str(error), lines_before + reader.line_num) from None
            except UnicodeDecodeError:
                raise self._not_text() from None

    def _are_rows(self, lines: Sequence[str], width: int) -> bool:
        """Return whether these are many lines, each one row of ``width`` cells without quotes."""
        text = "".join(lines)
        return (
            len(text) >= BLOCK_CHARACTERS
            and '"' not in text
            and {line.count(self.separator) for line in lines} == {width - 1}
            and max(map(len, lines)) <= csv.field_size_limit()
        )

    def error(self, what: str, line: int | None = None, column: str = "") -> DataError:
        """Return an error that names the file, and the place if there is one."""
        place = "" if line is None else f", line {line}{column}"
        return DataError(f"{self.path}{place}: {what}")

    def _open(self) -> BinaryIO:
        return open(self.path, "rb") if self._content is None else io.BytesIO(self._content)

    def _whole(self, path: str) -> bytes:
        with open(path, "rb") as stream:
            content = stream.read(MAX_PIPE_BYTES + 1)
        if len(content) > MAX_PIPE_BYTES:
            raise self.error(f"more than {MAX_PIPE_BYTES:,} bytes in a pipe; write them to a file")
        return content

    def _not_text(self) -> DataError:
        """Return the error about the first byte that is not UTF-8."""
        line = 1
        with self._open() as stream:
            for line, content in enumerate(stream, 1):
                try:
                    content.decode("utf-8-sig" if line == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    byte = error.object[error.start]
                    return self.error(f"not UTF-8 text (byte 0x{byte:02x}); {REMEDY}", line)
        return self.error(f"not UTF-8 text; {REMEDY}", line)


def _blocks(text: Iterable[str]) -> Iterator[tuple[list[str], Iterator[str]]]:
    """Yield many lines at once, and an iterator of the text that comes after them.

    If it is no text, the iterator raises the error. So the lines before it are looked at first. The
    first blocks are small: often only the first rows are wanted.
    """
    done = 0
    while True:
        lines = list[str]()
        stop = done + min(max(MIN_BLOCK_CHARACTERS, done // 8), BLOCK_CHARACTERS)
        try:
            for line in text:
                lines.append(line)
                done += len(line)
                if done >= stop:
                    break
        except UnicodeDecodeError as error:
            yield lines, _failing(error)
            raise
        if not lines:
            return
        yield lines, iter(text)


def _failing(error: Exception) -> Iterator[str]:
    raise error
    yield ""  # so that this is a generator


@contextmanager
def _bar(stream: BinaryIO, wanted: bool) -> Iterator[BinaryIO]:
    """Give the stream, or one that shows in a progress bar how much of it was read."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not wanted or size < MIN_SHOWN_BYTES or sys.stderr is None or not sys.stderr.isatty():
        yield stream
        return
    with need("tqdm").tqdm(total=size, unit="B", unit_scale=True, desc="reading") as bar:

        class Shown(io.BufferedReader):
            def read1(self, size: int = -1) -> bytes:  # the method that TextIOWrapper calls
                content = super().read1(size)
                bar.update(len(content))
                return content

        yield Shown(stream)  # type: ignore[arg-type]  # it takes any binary stream


def _separator(text: str) -> str:
    """Return the separator in the beginning of a file."""
    whole_lines = text[: text.rfind("\n") + 1] or text
    try:
        return csv.Sniffer().sniff(whole_lines, SEPARATORS).delimiter
    except csv.Error:  # one column, for example
        return SEPARATORS[0]


def _no_such_data(data: str) -> str:
    if data.endswith(".csv") or os.path.dirname(data):
        return f"{data}: no such file"
    near = difflib.get_close_matches(data, BUILT_IN, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"no data set or file {data!r}{meant}; choose {', '.join(BUILT_IN)} or a CSV file"
