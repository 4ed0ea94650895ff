"""Numbers that know where they come from, so that the texts of a page follow its numbers.

The frames of a pass are sentences with numbers in them. To make them again for other leaves, the
page needs to know what each number is. So the same frames are made a second time, on a copy of the
graph whose numbers are of the class `Figure`. What is computed from a figure is a figure too. When
it is formatted, it writes a marker in the place of digits: a rare Chinese letter. The place of the
letter in its block is the entry of the figure in the table of the page: the data of a node, a local
gradient, or a product or sum of other figures. A marker is as short as a digit. So no text is cut
that would be whole with digits.

A negative number may need parentheses, as in ``3 * (-2)``. So the frames are made twice more: once
with markers that look positive, once with markers that look negative. `template` compares the two.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from ...explaining.node_names import inputs_of
from ...operation import real
from ...pages.javascript import CannotPrintError
from ...recording import Recorder
from ...value import Constant, Value, topological_order

# a list of texts and of numbers: the figure i is i, or -1 - i where a negative one gets parentheses
Template = list[str | int]

LETTERS = range(0x20000, 0x2A6D7)  # the block of Chinese letters from which the markers are
OPERATIONS = ["data", "local", "*", "+", "-", "/", "negative", "size", "number"]  # of figures.js
OPERATIONS += ["data again", "local again"]  # after an update of the parameters

AFTER_AN_OPERATOR = (" + ", " - ", " * ", " · ", " / ", "**")  # a negative number has brackets
OF_THE_ENGINE = {"data", "local", "number", "data again", "local again"}  # no figures as operands


class Figures:
    """The figures of one page. Each entry says how the page computes the figure.

    labels: the texts whose letters are no markers.
    looks_negative: whether markers look like negative numbers at present.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        taken = {letter for label in labels for letter in label if ord(letter) in LETTERS}
        self.letters = [letter for letter in map(chr, LETTERS) if letter not in taken]
        other = f"(?![{''.join(taken)}])" if taken else ""
        self.marker = re.compile(f"({other}[{self.letters[0]}-{self.letters[-1]}])")
        self.negative_marker = re.compile(f"-{self.marker.pattern}")
        self.looks_negative = False
        self.places: dict[tuple[Any, ...], int] = {}
        self.entries: list[tuple[Any, ...]] = []  # by place
        self.table: list[list[Any]] = []  # those that the page uses: operation and operands
        self.row: dict[int, int] = {}  # in ``table``, of each place that the page uses

    def clear(self) -> None:
        """Forget which figures a page uses."""
        self.table, self.row = [], {}

    def place(self, *entry: Any) -> int:
        """Return the place of ``entry``. An operation is followed by its operands."""
        if entry not in self.places:
            if len(self.entries) == len(self.letters):
                raise CannotPrintError("the steps have too many numbers")
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
            if symbol in OF_THE_ENGINE:
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
        return self.used(self._place(found[1]) if found else self.place_of(float(text)))

    def template(self, positive: str, negative: str) -> Template:
        """Return a text as a template, from its two looks."""
        texts, places = self._parted(self.marker, positive)
        others, other_places = self._parted(self.negative_marker, negative)
        result: Template = [texts[0]]
        for i, place in enumerate(places):
            before, after = texts[i], texts[i + 1]
            if other_places == places:
                in_brackets = _in_brackets(others, i) and not _in_brackets(texts, i)
            else:  # the longer look had its middle cut out
                in_brackets = before.endswith(AFTER_AN_OPERATOR)
            row = self.used(place)
            result += [-1 - row if in_brackets else row, after]
        return [part for part in result if part != ""]

    def _parted(self, marker: re.Pattern[str], text: str) -> tuple[list[str], list[int]]:
        parts = marker.split(text)  # texts, with a marker between two of them
        return parts[::2], [self._place(letter) for letter in parts[1::2]]

    def _place(self, letter: str) -> int:
        return bisect_left(self.letters, letter)


def _in_brackets(texts: Sequence[str], i: int) -> bool:
    """Return whether the place between two texts stands in brackets."""
    return texts[i].endswith("(") and texts[i + 1].startswith(")")


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
        return f"{'-' * self.figures.looks_negative}{self.figures.letters[self.place]}"

    def __repr__(self) -> str:
        return format(self)

    def __deepcopy__(self, memo: Any) -> Figure:
        return self  # the figure of a copied graph is in the same table

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


class WatchedValue(Value):
    """A node whose numbers stay figures when a training step computes them again."""

    __slots__ = ("_data", "_local_grads", "figures", "place")
    figures: Figures
    place: int  # in the order of the graph
    _data: float
    _local_grads: tuple[float | None, ...]

    @classmethod
    def like(
        cls, node: Value, parents: tuple[Value, ...], figures: Figures, place: int
    ) -> WatchedValue:
        """Return a copy of ``node`` on other parents, with figures in the place of its numbers."""
        twin = object.__new__(cls)
        twin.figures, twin.place = figures, place
        twin.op, twin.label, twin.operands, twin.grad = node.op, node.label, parents, node.grad
        twin._data = twin._figure(node.data, "data", place)
        twin._local_grads = twin._figures_of("local", node.local_grads)
        return twin

    @property  # in the place of a slot
    def data(self) -> float:
        return self._data

    @data.setter
    def data(self, x: float) -> None:
        is_moved_leaf = not self.parents and isinstance(x, Figure)
        self._data = x if is_moved_leaf else self._figure(float(x), "data again", self.place)

    @property
    def local_grads(self) -> tuple[float | None, ...]:
        return self._local_grads

    @local_grads.setter
    def local_grads(self, grads: Sequence[float | None]) -> None:
        self._local_grads = self._figures_of("local again", grads)

    def _figures_of(self, what: str, grads: Sequence[float | None]) -> tuple[float | None, ...]:
        """Return local gradients as figures, but for those that are the same everywhere."""
        rules = () if self.op is None or not isinstance(self.op.rules, tuple) else self.op.rules
        fixed = [isinstance(rule, float) for rule in rules] or [False] * len(grads)
        return tuple(
            [
                g if g is None or is_fixed else self._figure(g, what, self.place, k)
                for k, (g, is_fixed) in enumerate(zip(grads, fixed, strict=True))
            ]
        )

    def _figure(self, x: float, *entry: Any) -> float:
        return x if isinstance(x, Figure) else Figure.at(x, self.figures, *entry)

    def __deepcopy__(self, memo: Any) -> Value:
        return with_figures(topological_order(self), self.figures)


def with_figures(order: Sequence[Value], figures: Figures) -> Value:
    """Return a copy of the graph whose numbers are figures: the last node of ``order``, copied.

    Constants that are inputs of a layer are figures too. Others are part of the formula.
    """
    inputs = inputs_of(order)
    twins: dict[Value, Value] = {}
    for i, node in enumerate(order):
        parents = tuple([twins[p] for p in node.parents])
        if node.is_constant:
            twins[node] = Constant(0.0, node.label)
            is_input = node in inputs and not isinstance(node.data, Figure)
            twins[node].data = Figure.at(node.data, figures, "data", i) if is_input else node.data
        else:
            twins[node] = WatchedValue.like(node, parents, figures, i)
    return twins[order[-1]]
