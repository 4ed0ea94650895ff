"""Numbers that know where they come from, so that the texts of a page follow its numbers.

The frames of a pass are sentences with numbers in them. To make them again for other leaves, the
page needs to know what each number is. So the same frames are made a second time, on a copy of the
graph whose numbers are of the class `Figure`. What is computed from a figure is a figure too. When
it is formatted, it writes a marker such as ``힣0012힣`` in the place of digits. 12 is its entry in
the table of the page: the data of a node, a local gradient, or a product or sum of other figures.

A negative number may need parentheses, as in ``3 * (-2)``. So the frames are made twice more: once
with markers that look positive, once with markers that look negative. `template` compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...operation import Operation, real
from ...recording import Recorder
from ...value import Constant, Value

# a list of texts and of numbers: the figure i is i, or -1 - i where a negative one gets parentheses
Template = list[str | int]

LAST_LETTER = 0xD7A3  # of markers: a Korean syllable, which few labels have
OPERATIONS = ["data", "local", "*", "+", "-", "/", "negative", "size", "number"]  # of figures.js


class Figures:
    """The figures of one page. Each entry says how the page computes the figure.

    looks_negative: whether markers look like negative numbers at present.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        taken = set().union(*labels)
        self.letter = next(c for i in range(1_000) if (c := chr(LAST_LETTER - i)) not in taken)
        self.marker = re.compile(rf"{self.letter}(\d+){self.letter}")
        self.negative_marker = re.compile(f"-{self.marker.pattern}")
        self.looks_negative = False
        self.places: dict[tuple[Any, ...], int] = {}
        self.entries: list[tuple[Any, ...]] = []  # by place
        self.table: list[list[Any]] = []  # those that the page uses: operation and operands
        self.row: dict[int, int] = {}  # in ``table``, of each place that the page uses

    def place(self, *entry: Any) -> int:
        """Return the place of ``entry``. An operation is followed by its operands."""
        if entry not in self.places:
            self.places[entry] = len(self.entries)
            self.entries.append(entry)
        return self.places[entry]

    def place_of(self, x: float) -> int:
        """Return the place of a figure, or of a plain number."""
        return x.place if isinstance(x, Figure) else self.place("number", repr(float(x)))

    def used(self, place: int) -> int:
        """Return the row of a place in the table of the page, after the rows of its operands."""
        waiting = [place]
        while waiting:
            symbol, *operands = self.entries[waiting[-1]]
            if symbol in ("data", "local", "number"):
                missing = []
            else:
                missing = [p for p in operands if p not in self.row]
                operands = [self.row.get(p) for p in operands]
            if missing:
                waiting += missing
            elif (last := waiting.pop()) not in self.row:
                self.row[last] = len(self.table)
                self.table.append([OPERATIONS.index(symbol), *operands])
        return self.row[place]

    def row_of(self, x: float | None) -> int | None:
        """Return the row of a figure or of a plain number."""
        return None if x is None else self.used(self.place_of(x))

    def row_in(self, text: str) -> int:
        """Return the row of a figure or of a plain number that was written in full."""
        found = self.marker.fullmatch(text)
        return self.used(int(found[1]) if found else self.place_of(float(text)))

    def template(self, positive: str, negative: str) -> Template:
        """Return a text as a template, from its two looks."""
        texts, places = _parted(self.marker, positive)
        others, other_places = _parted(self.negative_marker, negative)
        result: Template = [texts[0]]
        for i, place in enumerate(places):
            before, after = texts[i], texts[i + 1]
            in_brackets = (
                other_places == places
                and others[i].endswith("(")
                and others[i + 1].startswith(")")
                and not (before.endswith("(") and after.startswith(")"))
            )
            row = self.used(place)
            result += [-1 - row if in_brackets else row, after]
        return [part for part in result if part != ""]


def _parted(marker: re.Pattern[str], text: str) -> tuple[list[str], list[int]]:
    parts = marker.split(text)  # texts, with a place between two of them
    return parts[::2], [int(place) for place in parts[1::2]]


class Figure(float):
    """A number with its place in the table of `Figures`."""

    __slots__ = ("figures", "place")
    figures: Figures
    place: int

    @classmethod
    def at(cls, x: float, figures: Figures, *entry: Any) -> Figure:
        figure = cls(x)
        figure.figures, figure.place = figures, figures.place(*entry)
        return figure

    def __format__(self, spec: str) -> str:
        letter = self.figures.letter
        return f"{'-' * self.figures.looks_negative}{letter}{self.place:04}{letter}"

    def __repr__(self) -> str:
        return format(self)

    def _with(self, symbol: str, result: float, a: float, b: float) -> Figure:
        operands = (self.figures.place_of(a), self.figures.place_of(b))
        return Figure.at(result, self.figures, symbol, *operands)

    def __mul__(self, other: Any) -> Any:
        return self if _is_plain(other, 1) else self._with("*", float(self) * other, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self if _is_plain(other, 1) else self._with("*", other * float(self), other, self)

    def __add__(self, other: Any) -> Any:
        return self if _is_plain(other, 0) else self._with("+", float(self) + other, self, other)

    def __radd__(self, other: Any) -> Any:
        return self if _is_plain(other, 0) else self._with("+", other + float(self), other, self)

    def __sub__(self, other: Any) -> Any:
        return self if _is_plain(other, 0) else self._with("-", float(self) - other, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other - float(self), other, self)

    def __truediv__(self, other: Any) -> Any:
        return self if _is_plain(other, 1) else self._with("/", float(self) / other, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other / float(self), other, self)

    def __neg__(self) -> Any:
        return Figure.at(-float(self), self.figures, "negative", self.place)

    def __abs__(self) -> Any:
        return Figure.at(abs(float(self)), self.figures, "size", self.place)


def _is_plain(x: Any, value: int) -> bool:
    return not isinstance(x, Figure) and x == value


class KeepsFigures(Recorder):
    """Lets a Value hold a figure. Operations keep values, as in ``no_grad``."""

    def real(self, x: Any) -> float:
        return x if isinstance(x, Figure) else real(x)


def with_figures(order: Sequence[Value], figures: Figures) -> Value:
    """Return a copy of the graph whose numbers are figures: the last node of ``order``, copied."""
    twins: dict[Value, Value] = {}
    for i, node in enumerate(order):
        if node.is_constant:
            twins[node] = Constant(node.data)
            continue
        data = Figure.at(node.data, figures, "data", i)
        local_grads = [_local(node, i, k, figures) for k in range(len(node.parents))]
        parents = tuple([twins[p] for p in node.parents])
        twin = twins[node] = Value.computed(node.op, parents, data, tuple(local_grads))
        twin.label = node.label
    return twins[order[-1]]


def _local(node: Value, i: int, k: int, figures: Figures) -> float | None:
    """Return the local gradient by operand k as a figure, unless it is the same everywhere."""
    assert isinstance(node.op, Operation)
    local_grad = node.local_grads[k]
    is_fixed = isinstance(node.op.rules, tuple) and isinstance(node.op.rules[k], float)
    if local_grad is None or is_fixed:
        return local_grad
    return Figure.at(local_grad, figures, "local", i, k)
