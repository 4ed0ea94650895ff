"""Stage 1, record: run a function once on traced Values, and keep the operations it performs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence, Set, ValuesView
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np

from ..recording import reading, recording
from ..tree import VALUE, Static, Structure, build, flatten, leaf_of
from ..value import Constant, Value
from .batch import Axis
from .free_rows import Given, row_lists, split, with_lists
from .random_numbers import Generators
from .rows import Batch, GivenRows, RowRecorder, Rows
from .tape import Recorded, Tape
from .traced import (
    Comparison,
    Guard,
    Traced,
    TracedNumber,
    TracedValueError,
    no_float,
    reads_seen,
)

SAMPLE_ROWS = 64  # of a batch, which are computed with while nothing is compared


class CannotRecordError(Exception):
    """A function does what no recording can repeat, so it has to run as it is."""


@dataclass(frozen=True)
class Recording:
    """What a function did at one call. It is right while the guards have the same outcomes."""

    tape: Tape  # operations and comparisons
    guards: Sequence[Guard]
    made: dict[Value, Traced | None]  # leaves made inside, and what each is a copy of
    arguments: Sequence[Traced]  # one for each leaf of the arguments, without free lists
    numbers: Sequence[int]  # the positions of those that are plain numbers
    kinds: Sequence[type] | None  # of all leaves, if the function has asked for a type
    outputs: Sequence[Any]
    structure: Structure  # of the result
    batches: Sequence[Batch]  # rows of numbers that are recorded as columns
    lengths: dict[Axis, Any]  # the numbers of rows
    free: frozenset[int | str]  # the arguments that may have any number of rows
    nodes: Sequence[Recorded] = ()  # what is on the tape, with rows for loops: parents first


def record(function: Callable[..., Any], structure: Structure, leaves: Sequence[Any]) -> Recording:
    """Return the recording of ``function`` at arguments of this structure with these leaves.

    CannotRecordError if another call could differ in a way that no guard would notice.
    """
    for kind in map(type, leaves):
        if issubclass(kind, Value) and leaf_of(kind) is not VALUE:
            raise CannotRecordError(
                f"it is given a {kind.__name__}, whose own methods a recording would not have"
            )
    found = _recorded(function, structure, leaves, SAMPLE_ROWS)
    if found.guards and any(len(batch.numbers) > SAMPLE_ROWS for batch in found.batches):
        return _recorded(function, structure, leaves, None)  # comparisons need all rows
    return found


def _recorded(
    function: Callable[..., Any], structure: Structure, leaves: Sequence[Any], most_rows: int | None
) -> Recording:
    recorder, generators = RowRecorder(most_rows), Generators(function)
    parts = row_lists(structure)
    apart = split(structure, [*leaves], parts) or Given(structure, [*leaves], {})
    everywhere = [*range(len(leaves))]
    places = split(structure, everywhere, parts) or Given(structure, everywhere, {})
    values = {id(x): recorder.argument(x) for x in apart.leaves if isinstance(x, Value)}
    given = [
        values[id(x)] if id(x) in values else recorder.number(x, at)
        for x, at in zip(apart.leaves, places.leaves, strict=True)
    ]
    lists = {
        key: GivenRows(recorder, key, parts[key], numbers, places.tables[key][0])
        for key, (numbers, _) in apart.tables.items()
    }
    tree = with_lists(apart.structure, lists)
    with recording(recorder), reading(no_float):
        args, kwargs = build(tree, iter(given))
        try:
            with reads_seen():
                result = function(*args, **kwargs)
        except TracedValueError:
            if recorder.failed:  # then not even the derivative was as it will be
                raise CannotRecordError(recorder.failed[0]) from None
            raise
        found, result_structure = flatten(returned(result), refused)
        check_unchanged((args, kwargs), build(tree, iter(given)))
        for rows in lists.values():
            if rows.looked:
                check_unchanged(rows.unwatched(), build(rows.part, iter(rows.filled)))
    if generators.put_back():
        recorder.caught.append("it draws random numbers, which a recording would repeat")
    if reasons := recorder.caught + recorder.failed:
        raise CannotRecordError(reasons[0])
    found = [x.node if type(x) is TracedNumber else x for x in found]
    node_at = dict(zip(places.leaves, given, strict=True))
    for rows in lists.values():
        node_at |= dict(zip(rows.places, rows.filled, strict=False))  # nothing if nobody looked
    fixed = {place: at for at, place in enumerate(sorted(node_at))}
    arguments = [node_at[place] for place in fixed]
    outputs = [x if isinstance(x, Value) else Constant(x) for x in found]
    for batch in recorder.batches:
        if batch.given is None or batch.given.looked:
            batch.axis.is_free = False
    return Recording(
        tape=recorder.tape([x.node for x in arguments if type(x) is TracedNumber], outputs),
        guards=recorder.guards,
        made=recorder.made,
        arguments=[x.node if type(x) is TracedNumber else x for x in arguments],
        numbers=[i for i, x in enumerate(arguments) if type(x) is TracedNumber],
        kinds=[type(leaves[place]) for place in fixed] if recorder.kinds_asked else None,
        outputs=outputs,
        structure=result_structure,
        batches=[batch.at(fixed) for batch in recorder.batches],
        free=frozenset([key for key, rows in lists.items() if not rows.looked]),
        lengths=recorder.lengths,
    )


def check_unchanged(arguments: Any, as_given: Any) -> None:
    """Raise TracedValueError if the function has changed a list or dict among its arguments."""
    if arguments is as_given:
        return
    kind = type(as_given)
    if (
        kind is type(arguments)
        and issubclass(kind, list | tuple | dict | np.ndarray)
        and len(arguments) == len(as_given)
        and (kind is not dict or [*arguments] == [*as_given])
    ):
        parts = [x.values() if kind is dict else x for x in (arguments, as_given)]
        for part, given in zip(*parts, strict=True):
            check_unchanged(part, given)
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
    views: Any = Awaitable | Iterator | Set | ValuesView
    held = map(type, getattr(x, "__dict__", {}).values())
    if isinstance(x, views) or {Traced, TracedNumber, Comparison} & {*held} or is_dataclass(x):
        raise TracedValueError(
            f"a compiled function returned a {type(x).__name__}, which hides its numbers: "
            "return a list, a tuple or a dict of them"
        )
    return Static(x)
