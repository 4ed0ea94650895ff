"""Stage 1, record: run a function once on traced Values, and keep the operations it performs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set, ValuesView
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np

from ..operation import Node
from ..recording import reading, recording
from ..tree import Static, Structure, build, flatten
from ..value import Constant, Value
from .batch import Axis
from .rows import Batch, GivenRows, RowRecorder, Rows
from .traced import (
    Comparison,
    Guard,
    Traced,
    TracedNumber,
    TracedValueError,
    no_float,
    reads_seen,
)


class CannotRecordError(Exception):
    """A function does what no recording can repeat, so it has to run as it is."""


@dataclass(frozen=True)
class Recording:
    """What a function did at one call. It is right while the guards have the same outcomes."""

    nodes: Sequence[Traced]  # operations and arguments, parents before consumers
    guards: Sequence[Guard]
    made: dict[Value, Traced | None]  # leaves made inside, and what each is a copy of
    arguments: Sequence[Traced]  # one for each leaf of the arguments
    numbers: Sequence[int]  # the positions of those that are plain numbers
    kinds: Sequence[type] | None  # of all leaves, if the function has asked for a type
    outputs: Sequence[Value]
    structure: Structure  # of the result
    batches: Sequence[Batch]  # rows of numbers that are recorded as columns
    lengths: dict[Axis, Traced]  # the numbers of rows
    free: frozenset[int | str]  # the arguments that may have any number of rows


def record(function: Callable[..., Any], structure: Structure, leaves: Sequence[Any]) -> Recording:
    """Return the recording of ``function`` at arguments of this structure with these leaves.

    CannotRecordError if another call could differ in a way that no guard would notice.
    """
    recorder = RowRecorder()
    values = {id(x): recorder.argument(x) for x in leaves if isinstance(x, Value)}
    given = [values[id(x)] if id(x) in values else recorder.argument(x) for x in leaves]
    with recording(recorder), reading(no_float):
        args, kwargs = build(structure, iter(given))
        args = tuple([GivenRows(x, i) if type(x) is list else x for i, x in enumerate(args)])
        kwargs = {k: GivenRows(x, k) if type(x) is list else x for k, x in kwargs.items()}
        try:
            with reads_seen():
                result = function(*args, **kwargs)
        except TracedValueError:
            if recorder.failed:  # then not even the derivative was as it will be
                raise CannotRecordError(recorder.failed[0]) from None
            raise
        found, result_structure = flatten(returned(result), refused)
        lists = [x for x in (*args, *kwargs.values()) if isinstance(x, GivenRows)]
        free = [x.key for x in lists if not x.looked]
        args = tuple([x.unwatched() if isinstance(x, GivenRows) else x for x in args])
        kwargs = {k: x.unwatched() if isinstance(x, GivenRows) else x for k, x in kwargs.items()}
        check_unchanged((args, kwargs), build(structure, iter(given)))
    if reasons := recorder.caught + recorder.failed:
        raise CannotRecordError(reasons[0])
    found = [x.node if type(x) is TracedNumber else x for x in found]
    return Recording(
        nodes=recorder.nodes,
        guards=recorder.guards,
        made=recorder.made,
        arguments=[x.node if type(x) is TracedNumber else x for x in given],
        numbers=[i for i, x in enumerate(given) if type(x) is TracedNumber],
        kinds=[type(x) for x in leaves] if recorder.kinds_asked else None,
        outputs=[x if isinstance(x, Value) else Constant(x) for x in found],
        structure=result_structure,
        batches=recorder.batches,
        free=frozenset(free),
        lengths=recorder.lengths,
    )


def check_unchanged(arguments: Any, as_given: Any) -> None:
    """Raise TracedValueError if the function has changed a list or dict among its arguments."""
    kind = type(as_given)
    if kind is type(arguments) and issubclass(kind, list | tuple | dict | np.ndarray):
        if len(arguments) == len(as_given) and (kind is not dict or [*arguments] == [*as_given]):
            parts = [x.values() if kind is dict else x for x in (arguments, as_given)]
            for part, given in zip(*parts, strict=True):
                check_unchanged(part, given)
            return
    elif arguments is as_given or not isinstance(as_given, Node):
        return
    raise TracedValueError(
        "a compiled function changed a list or dict that it was given, which its caller would not "
        "see: change a copy of it"
    )


def returned(result: Any) -> Any:
    """Return the result with its bools and comparisons as things: they stay bools."""
    kind = type(result)
    if kind in (Rows, GivenRows):
        kind, result = list, list(result)  # a node for each row
    if kind is bool or kind is Comparison:
        return Static(bool(result))
    if kind is dict:
        return {key: returned(x) for key, x in result.items()}
    if kind in (list, tuple) and not {*map(type, result)} <= {float, Traced, Value}:
        return kind([returned(x) for x in result])
    return result


def refused(x: Any) -> Structure:
    """Return a part of a result that is no number. An error if it could hide numbers."""
    views: Any = Iterator | Set | ValuesView
    held = map(type, getattr(x, "__dict__", {}).values())
    if isinstance(x, views) or {Traced, TracedNumber, Comparison} & {*held} or is_dataclass(x):
        raise TracedValueError(
            f"a compiled function returned a {type(x).__name__}, which hides its numbers: "
            "return a list, a tuple or a dict of them"
        )
    return Static(x)
