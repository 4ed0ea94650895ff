"""The user's own lines: `run_by_line` runs a function and notes which line makes which node.

Only the run that it makes is watched. Other code is as fast as ever.
"""

from __future__ import annotations

import inspect
import os
import re
import site
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from numbers import Real
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..operation import Operation
from ..recording import Recorder, make_node, recording
from ..value import Value

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NOT_THE_USERS = (
    _OURS + os.sep,
    os.path.join(os.path.dirname(_OURS), "nn") + os.sep,
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")),
    *(folder + os.sep for folder in site.getsitepackages()),
    "<frozen",
)
_NEEDS_AN_INTEGER = re.compile("as an integer|must be integers|non-int|__index__")
_SYMBOLS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_COMPREHENSIONS = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")


class Place(NamedTuple):
    """Where a node was made: a piece of one function's source, and how often it had run before.

    source: the number of the function in ``Run.sources``.
    line, column, end_line, end_column: the expression; lines from 1 within that source, columns in
    characters from 0. A column is None where Python does not know it.
    turn: 1 for the first node that this expression made, 2 for the second, as in a loop.
    """

    source: int
    line: int
    column: int | None
    end_line: int
    end_column: int | None
    turn: int


@dataclass(frozen=True)
class Source:
    """A function: its name, its file or "a notebook cell", its first line there, and all lines."""

    name: str
    file: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """The result of a function, and the places in ``sources`` where its nodes were made.

    comparisons: each comparison that the function made: its symbol, its operands, its outcome.
    """

    root: Value
    sources: list[Source] = field(default_factory=list)
    places: dict[Value, Place] = field(default_factory=dict)
    comparisons: list[tuple[str, Any, Any, bool]] = field(default_factory=list)


def run_by_line(f: Callable[..., Any], args: Sequence[Any]) -> Run:
    """Run ``f(*args)`` and return its result with the place of each node in the user's source.

    Numbers among the arguments, also in lists, tuples and dicts, become leaves that are named after
    the parameters of ``f``: x, or x[0], x[1] for a list. Values are taken as they are. A function
    without source, as in ``exec``, has no places.

    TypeError unless ``f`` returns one Value. Raises what ``f`` raises.

    >>> def f(x):
    ...     doubled = x + x
    ...     return doubled * x
    >>> run = run_by_line(f, [3.0])
    >>> [run.sources[place.source].lines[place.line - 1].strip() for place in run.places.values()]
    ['doubled = x + x', 'return doubled * x']
    """
    given = [_as_leaves(x, name) for x, name in zip(args, _parameter_names(f, args), strict=True)]
    recorder = _LineRecorder()
    name = getattr(f, "__name__", "the function")
    try:
        with recording(recorder):
            root = f(*given)
    except TypeError as error:
        if not _NEEDS_AN_INTEGER.search(str(error)):
            raise
        raise TypeError(
            f"{name} uses an argument as a whole number ({error}), but the numbers after a "
            f"function become Values: keep n a number with Stepper(lambda x: {name}(x, 3), 2.0), "
            "or with functools.partial"
        ) from error
    if not isinstance(root, Value):
        hint = ": compute with autograd.sin and not math.sin" if isinstance(root, Real) else ""
        raise TypeError(f"{name} returned {root!r:.80}, but a Stepper needs one Value{hint}")
    return Run(root, *recorder.found(getattr(f, "__code__", None)), recorder.comparisons)


def code_data(run: Run, order: Sequence[Value]) -> dict[str, Any] | None:
    """Return the sources of a run and the places of the nodes of ``order``, as a page has them.

    None if no place is known. After the place of a node stands how often its expression ran.
    """
    spots = {node: place for node in order if (place := run.places.get(node))}
    if not spots:
        return None
    ordinal = {node: i for i, node in enumerate(order)}

    def operand(x: Any) -> list[Any]:
        return ["node", ordinal[x]] if isinstance(x, Value) else ["number", repr(float(x))]

    turns = Counter(place[:-1] for place in run.places.values())
    return {
        "sources": [
            {"name": s.name, "file": s.file, "first": s.first_line, "lines": s.lines}
            for s in run.sources
        ],
        "comparisons": [
            [symbol, operand(a), operand(b), outcome]
            for symbol, a, b, outcome in run.comparisons
            if all(x in ordinal for x in (a, b) if isinstance(x, Value))
        ],
        "places": {
            i: [*place, turns[place[:-1]]]
            for i, node in enumerate(order)
            if (place := spots.get(node))
        },
    }


class _LineRecorder(Recorder):
    """Makes nodes as usual, and keeps the instruction of the user's code that made each."""

    makes_nodes = True

    def __init__(self) -> None:
        # each node, the code that made it, its instruction, and the code of the function around
        self._made: list[tuple[Value, CodeType, int, CodeType]] = []
        self.comparisons: list[tuple[str, Any, Any, bool]] = []

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs = [p.data for p in parents]
        node = make_node(operation, parents, xs, operation.value(xs, parents))
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
            if frame.f_code is run_by_line.__code__:  # f itself is not the user's, as autograd.tanh
                return node
            frame = frame.f_back
        if frame is not None:
            self._made.append((node, frame.f_code, frame.f_lasti, _function_around(frame)))
        return node

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Any) -> bool:
        outcome = super().compare(test, a, b)
        if test.__name__ in _SYMBOLS:
            self.comparisons.append((_SYMBOLS[test.__name__], a, b, outcome))
        return outcome

    def found(self, first: CodeType | None) -> tuple[list[Source], dict[Value, Place]]:
        """Return the sources, that of ``first`` first, and the place of each node."""
        sources: list[Source] = []
        number: dict[Source, int] = {}
        turns: Counter[tuple[CodeType, int]] = Counter()
        places: dict[Value, Place] = {}
        read: dict[CodeType, Source | None] = {}
        if first in [function for *_, function in self._made] and (source := _source_of(first)):
            number[source] = 0
            sources.append(source)
        for node, code, instruction, function in self._made:
            if function not in read:
                read[function] = _source_of(function)
            source = read[function]
            if source is None:
                continue
            if source not in number:
                number[source] = len(sources)
                sources.append(source)
            turns[code, instruction] += 1
            place = _place(code, instruction, source, number[source], turns[code, instruction])
            if place is not None:
                places[node] = place
        return sources, places


def _place(
    code: CodeType, instruction: int, source: Source, number: int, turn: int
) -> Place | None:
    """Return where an instruction is in the source, None if it is outside."""
    first, last, left, right = next(islice(code.co_positions(), instruction // 2, None))
    if first is None or last is None:
        return None
    line, end_line = first - source.first_line + 1, last - source.first_line + 1
    if not 1 <= line <= end_line <= len(source.lines):
        return None
    columns = _characters(source, line, left), _characters(source, end_line, right)
    return Place(number, line, columns[0], end_line, columns[1], turn)


def _characters(source: Source, line: int, column: int | None) -> int | None:
    """Return a column in characters. Python counts the bytes of UTF-8."""
    if column is None:
        return None
    return len(source.lines[line - 1].encode()[:column].decode(errors="ignore"))


def _function_around(frame: FrameType) -> CodeType:
    """Return the code of the function in which a comprehension runs, or the frame's own code."""
    code = frame.f_code
    outer = frame.f_back
    while code.co_name in _COMPREHENSIONS and outer is not None:
        if code in outer.f_code.co_consts:
            code = outer.f_code
        outer = outer.f_back
    return code


def _source_of(code: CodeType) -> Source | None:
    """Return the source of a function, None where Python does not find it."""
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    folder, file = os.path.split(code.co_filename)
    if os.path.basename(folder).startswith("ipykernel_"):  # its name there is a number
        file = "a notebook cell"
    whole = tuple([line.rstrip("\n") for line in lines])
    return Source(code.co_name.strip("<>"), file, max(first, 1), whole)


def _parameter_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """Return the names of the parameters that take ``args``; TypeError if they do not fit."""
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # of a function in C
        return [f"x{i}" for i in range(1, len(args) + 1)]
    try:
        signature.bind(*args)
    except TypeError as error:
        name = getattr(f, "__name__", "the function")
        raise TypeError(
            f"{name}{signature} does not take these arguments, as in Stepper(f, 2.0, 3.0): {error}"
        ) from None
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(len(args) - len(names))]
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return names[: len(args)]


def _as_leaves(x: Any, name: str) -> Any:
    if isinstance(x, dict):
        return type(x)({key: _as_leaves(v, f"{name}[{key!r}]") for key, v in x.items()})
    if isinstance(x, (list, tuple)):
        parts = [_as_leaves(v, f"{name}[{i}]") for i, v in enumerate(x)]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if hasattr(x, "tolist") and not isinstance(x, Value):  # an array
        return _as_leaves(x.tolist(), name)
    return Value(x, name) if isinstance(x, Real) and not isinstance(x, bool) else x
