"""Arguments and results as structures: what is free, what is the same, what has changed."""

from __future__ import annotations

import gc
from collections import namedtuple
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from autograd import Value
from autograd.compiler.arguments import (
    StaticArguments,
    as_thing,
    no_numbers,
    same_values,
    weakened,
)
from autograd.compiler.free_rows import Given, RowsOf, row_lists, rows_of, split, with_lists
from autograd.compiler.record import check_unchanged, returned
from autograd.compiler.traced import TracedValueError
from autograd.tree import NUMBER, Branch, Static, flatten

A, B, C = Value(1.0), Value(2.0), Value(3.0)
Point = namedtuple("Point", "x y")


def given(*args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
    leaves, structure = flatten((args, kwargs), as_thing)
    return structure, leaves


PAIR = flatten([1.0, 2.0])[1]


def parts_of(structure: Any) -> Any:
    """Return the structures inside of one that has parts."""
    return structure.parts


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ([[1.0, 2.0], [3.0, 4.0]], (PAIR, 2)),
        ([1.0, 2.0, 3.0], (NUMBER, 3)),
        ([A, B], (parts_of(flatten([A])[1])[0], 2)),
        ([[1.0, 2.0], [3.0]], None),
        ([[1.0], A], None),
        ((1.0, 2.0), None),
        ({"a": 1.0}, None),
        (1.0, None),
        ([{"a": 1.0}] * 4, (flatten({"a": 1.0})[1], 4)),
    ],
)
def test_a_list_of_equal_rows_has_a_row_and_a_length(part: Any, expected: Any) -> None:
    assert rows_of(flatten(part)[1]) == expected


def test_lists_of_plain_rows_may_become_free() -> None:
    structure, _ = given([[1.0], [2.0]], 3.0, [A, B], X=[1.0, 2.0], y=(1.0, 2.0), z=[[A, 1.0]])
    assert [*row_lists(structure)] == [0, "X"]
    assert [*row_lists(given(1.0, 2.0)[0])] == []


def test_free_lists_are_taken_out_and_all_else_stays_in_order() -> None:
    structure, leaves = given([1.0, 2.0], 3.0, [[4.0, 5.0], [6.0, 7.0]], a=8.0, X=[[9.0]], b=A)
    found = split(structure, leaves, {0, 2, "X"})
    assert found is not None
    assert found.leaves == [3.0, 8.0, A]
    assert found.tables == {
        0: ([1.0, 2.0], 2),
        2: ([4.0, 5.0, 6.0, 7.0], 2),
        "X": ([9.0], 1),
    }
    args, kwargs = parts_of(found.structure)
    assert [type(part) is RowsOf for part in args.parts] == [True, False, True]
    assert [type(part) is RowsOf for part in kwargs.parts] == [False, True, False]
    longer = split(*given([0.0] * 9, 3.0, [[4.0, 5.0]], a=8.0, X=[[9.0]] * 3, b=A), {0, 2, "X"})
    assert longer is not None
    assert longer.structure == found.structure
    lists = {0: "first", 2: "second", "X": "third"}
    args, kwargs = parts_of(with_lists(found.structure, lists))
    things = [part.thing for part in (*args.parts, *kwargs.parts) if isinstance(part, Static)]
    assert things == ["first", "second", "third"]
    assert with_lists(found.structure, {}) is found.structure


@pytest.mark.parametrize("free", [{1}, {3}, {"no"}, {0, 3}])
def test_what_is_no_list_of_rows_cannot_be_free(free: Any) -> None:
    assert split(*given([1.0, 2.0], 3.0, A), free) is None


def test_plain_numbers_have_nothing_free() -> None:
    structure, leaves = given(1.0, 2.0)
    assert split(structure, leaves, ()) == Given(structure, [1.0, 2.0], {})
    assert split(NUMBER, [1.0], ()) is None


@pytest.mark.parametrize(
    ("values", "same"),
    [([], ()), ([A], ()), ([A, B], ()), ([A, A], (0, 0)), ([A, B, C, B, A], (0, 1, 2, 1, 0))],
)
def test_values_that_are_given_twice_are_found(values: Any, same: tuple[int, ...]) -> None:
    assert same_values(values) == same


def test_things_that_may_have_been_meant_as_numbers() -> None:
    structure, _ = given("a", [None, 1.0], {"k": (b"b", 2j)}, object, A)
    assert no_numbers(structure) == ["a", None, b"b", 2j]


class Thing:
    pass


def test_a_structure_ends_with_its_things() -> None:
    gone: list[str] = []
    thing, other = Thing(), Thing()
    structure, _ = given([thing, 1.0], "text", other)
    weak = weakened(structure, lambda: gone.append("gone"))
    assert weak == structure
    assert hash(weak) == hash(structure)
    del structure, thing
    gc.collect()
    assert gone == ["gone"]
    args, _ = parts_of(weak)
    assert args.parts[1].thing == "text"


@pytest.mark.parametrize(
    ("static", "args", "kwargs", "things"),
    [
        ((), (1.0, True), {"z": False}, ["y", "z"]),
        ((), (1.0, 2.0), {"z": 3.0}, []),
        ((0,), (1.0, 2.0), {"z": 3.0}, ["x"]),
        ((-1,), (1.0, 2.0), {"z": 3.0}, ["z"]),
        ((1,), (1.0,), {"y": 2.0, "z": 3.0}, ["y"]),
        ((0, 2), (1.0, 2.0, 3.0), {}, ["x", "z"]),
    ],
)
def test_static_arguments_and_switches_become_things(
    static: Any, args: Any, kwargs: Any, things: list[str]
) -> None:
    def f(x: Any, y: Any, z: Any) -> None: ...

    found, named = StaticArguments(f, static).marked(args, kwargs)
    everything = {**dict(zip("xyz", found, strict=False)), **named}
    assert [name for name, x in everything.items() if isinstance(x, Static)] == things


def test_any_number_of_arguments_has_positions_from_the_front() -> None:
    static = StaticArguments(lambda x, *more: x, (0, 5))
    assert (static.positions, static.names) == ({0, 5}, {"x"})
    assert StaticArguments(max, 3).positions == {3}  # a builtin, whose arguments nobody knows


UNCHANGED: list[tuple[Any, Any, bool]] = [
    ([A, B], [A, B], True),
    ([A, B], [B, A], False),
    ([A], [A, A], False),
    ((A, [B]), (A, [B]), True),
    ((A, [B]), (A, [C]), False),
    ({"a": A, "b": B}, {"a": A, "b": B}, True),
    ({"a": A, "b": B}, {"b": B, "a": A}, False),
    ({"a": A}, {"b": A}, False),
    ({"a": A}, {"a": B}, False),
    (np.array([A, B]), np.array([A, B]), True),
    (np.array([A, B]), np.array([A, C]), False),
    (A, B, False),
    ([A], (A,), False),
    ((A,), [A], False),
    ([1.0, [A]], [1.0, A], False),
    (["text"], ["text too"], False),
    (["text"], ["text"], True),
    ([], [], True),
]


@pytest.mark.parametrize(("arguments", "as_given", "same"), UNCHANGED)
def test_a_change_of_the_arguments_is_seen(arguments: Any, as_given: Any, same: bool) -> None:
    if same:
        check_unchanged(arguments, as_given)
    else:
        with pytest.raises(TracedValueError, match="change a copy of it"):
            check_unchanged(arguments, as_given)


def test_bools_of_a_result_stay_bools_at_any_depth() -> None:
    found = returned({"a": [True, A], "b": (False, [1.0, "text"]), "c": Point(A, True), "d": 2})
    assert found["a"][0].thing is True
    assert found["a"][1] is A
    assert type(found["b"]) is tuple
    assert found["b"][0].thing is False
    assert found["b"][1] == [1.0, "text"]
    assert found["c"] == Point(A, True)
    assert found["d"] == 2
    numbers = [1.0, A]
    assert returned(numbers) is numbers
    assert isinstance(returned(True), Static)
    assert isinstance(flatten([1.0])[1], Branch)
