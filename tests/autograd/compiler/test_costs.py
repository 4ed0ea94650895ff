"""Where the compiler changes its mind: the costs that it compares, and the limits that it keeps."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from autograd import ops
from autograd.compiler import (
    account,
    array_functions,
    backend,
    matrices,
    operands,
    print_instructions,
    print_numpy,
    record,
    recordings,
    repetition,
    rounding,
    schedule,
    source_lines,
    traced,
)
from autograd.compiler.batch import Axis
from autograd.compiler.expressions import Expression, Graph
from autograd.compiler.matrices import Places
from autograd.compiler.schedule import (
    FIRST_GROUP,
    INPUT,
    PARAMETER,
    SCALAR,
    Class,
    Entry,
    Group,
    Schedule,
)

LIMITS: dict[ModuleType, dict[str, float]] = {
    account: {"MIN_RECORDINGS": 16, "MIN_LOSS_SECONDS": 0.5, "EAGER_SHARE": 0.5},
    array_functions: {"MAX_ONES": 64},
    backend: {"CALLS_WITH_NUMPY": 100},
    matrices: {"MAX_SPREADS": 64},
    operands: {"MAX_SINGLE_READS": 4},
    print_instructions: {"MIN_NUMBERS": 300, "INSTRUCTION_NS": 4},
    print_numpy: {
        "MAX_SINGLE_RESULTS": 7,
        "MAX_SINGLE_TESTS": 4,
        "MAX_RUNS": 24,
        "MAX_LISTED_CONSTANTS": 12,
        "MAX_UNROLLED_TERMS": 3,
        "MAX_TERMS": 32,
    },
    record: {"SAMPLE_ROWS": 64},
    recordings: {
        "MAX_PATHS": 64,
        "MAX_NEW_PATHS": 16,
        "MAX_PATHS_TRIED": 4,
        "MAX_STRUCTURES": 64,
        "MAX_FAILURES": 3,
    },
    repetition: {"MIN_PERIODS": 8, "MIN_OPERANDS": 2000, "STRETCH": 12, "MAX_GUESSES": 6},
    rounding: {"FUNCTION_ERROR": 16 * sys.float_info.epsilon},
    schedule: {
        "GROUP_NS": 3000,
        "MIN_CLASS_PRODUCTS": 12,
        "MIN_JOINT_PRODUCTS": 64,
        "MAX_JOINING_PRODUCTS": 4096,
        "MAX_DELAY_LEVELS": 4,
    },
    source_lines: {"LINE_WIDTH": 96, "MAX_MOVED_WIDTH": 44, "COMMENT_COLUMN": 44},
    traced: {"EXACT_INT": 2**53},
}


@pytest.mark.parametrize("module", LIMITS, ids=lambda module: module.__name__)
def test_a_limit_changes_only_with_a_new_measurement(module: ModuleType) -> None:
    assert {name: getattr(module, name) for name in LIMITS[module]} == LIMITS[module]


# --------------------------------------------------------------------------- costs of one class


def class_of(op: Any, places: list[list[int]], axis: Any = None, reduces: bool = False) -> Class:
    """Return a class of one member for each list, with operands in these groups."""
    graph = Graph()
    entries, where = [], []
    for groups in places:
        parents = [graph.input() for _ in groups]
        where += groups
        node = graph.unique(op, tuple(parents))
        where.append(Places.NOWHERE)
        entries.append(Entry((op, axis, reduces, len(groups), *groups), node, None))
    known = Places(len(graph.nodes))
    for entry, groups in zip(entries, places, strict=True):
        for parent, group in zip(entry.node.parents, groups, strict=True):
            known.set(parent.index, group)
    graph_of_class: Any = SimpleNamespace(places=known)  # all that it reads
    return Class(graph_of_class, entries)


ONE_GROUP, ANOTHER = FIRST_GROUP, FIRST_GROUP + 1


@pytest.mark.parametrize(
    ("places", "options", "as_array", "as_numbers"),
    [
        # 800 for the call, 0.5 for each element; 40 for each number, 15 to read an operand
        ([[PARAMETER]] * 20, {}, 800 + 10, 800 + 300),
        ([[INPUT]] * 20, {}, 800 + 10, 800 + 300),
        ([[ONE_GROUP]] * 12, {}, 800 + 6, 480 + 180),
        ([[ONE_GROUP]] * 11, {}, 0, 0),  # not worth the time to estimate
        ([[SCALAR]] * 20, {}, 800 + 10 + 20 * 40, 800),  # 40 to put a number into an array
        ([[PARAMETER, ONE_GROUP]] * 16, {}, 800 + 8 + 8, 640 + 2 * 240),
        # from two groups: 800 and 500 for each, and 3 for each element, to gather them
        ([[ONE_GROUP]] * 8 + [[ANOTHER]] * 8, {}, 800 + 8 + 800 + 1000 + 48, 640 + 240),
        # a reduction of 4 x 5 products
        ([[PARAMETER] * 5] * 4, {"reduces": True}, 800 + 10, 40 * (4 + 20) / 2 + 15 * 20),
        # lists of 4, 5 and 6: 2 * 800, and 4 for each
        (
            [[PARAMETER] * n for n in (4, 5, 6)],
            {"reduces": True},
            800 + 7.5 + 1600 + 60,
            40 * (3 + 15) / 2 + 15 * 15,
        ),
        ([[PARAMETER]] * 3, {"axis": Axis()}, 800 + 1.5, math.inf),  # rows are always arrays
    ],
)
def test_a_class_costs_this(
    places: list[list[int]], options: Any, as_array: float, as_numbers: float
) -> None:
    op = ops.maximum if len(places[0]) > 2 else ops.tanh if len(places[0]) == 1 else ops.div
    found = class_of(op, places, **options)
    assert (found.array_cost, found.scalar_cost) == (as_array, as_numbers)
    assert found.pays == (as_array < as_numbers)


@pytest.mark.parametrize(
    ("places", "options", "may"),
    [
        ([[PARAMETER]] * 2, {}, True),
        ([[PARAMETER]] * 4095, {}, True),
        ([[PARAMETER]] * 4096, {}, False),  # large enough by itself
        ([[PARAMETER] * 8], {"reduces": True}, True),
        ([[PARAMETER] * 9], {"reduces": True}, False),  # a long sum stays a product of its own
        ([[PARAMETER] * 9] * 2, {"reduces": True}, True),
        ([[PARAMETER]] * 2, {"axis": Axis()}, False),
    ],
)
def test_a_class_may_join_others(places: list[list[int]], options: Any, may: bool) -> None:
    op = ops.maximum if options.get("reduces") else ops.tanh
    assert bool(class_of(op, places, **options).may_join) == may


# ------------------------------------------------------------------------------ whole schedules


def scheduled(make: Callable[[Graph, list[Expression]], list[Expression]]) -> tuple[Any, int]:
    """Return the groups of a schedule, by operation and members, and the Python numbers."""
    graph = Graph()
    xs = [graph.input() for _ in range(400)]
    steps = Schedule(graph, make(graph, xs), xs[:200], xs[200:]).steps
    groups = [step for step in steps if isinstance(step, Group)]
    assert all(step.op is not None for step in groups)
    return [(g.op.name, len(g.members), g.kind) for g in groups], len(steps) - len(groups)


def unary(op: Any, n: int) -> Callable[..., Any]:
    return lambda g, xs: [g.make(op, [x]) for x in xs[:n]]


def quotients(n: int) -> Callable[..., Any]:
    return lambda g, xs: [g.make(ops.div, [x, y]) for x, y in zip(xs[:n], xs[200:], strict=False)]


def quotients_of_two_kinds(n: int) -> Callable[..., Any]:
    return lambda g, xs: [
        g.make(ops.div, [x, y])
        for x, y in zip([*xs[:n], *xs[200 : 200 + n // 2]], xs[30:], strict=False)
    ]


def dots(n: int, shortest: int, longest: int) -> Callable[..., Any]:
    lengths = [shortest + i % (longest - shortest + 1) for i in range(n)]
    return lambda g, xs: [
        g.dot([(xs[i + k], xs[200 + i + k]) for k in range(length)])
        for i, length in enumerate(lengths)
    ]


def largest(n: int) -> Callable[..., Any]:
    return lambda g, xs: [g.make(ops.maximum, xs[:n])]


@pytest.mark.parametrize(
    ("make", "groups", "numbers"),
    [
        (unary(ops.tanh, 14), [], 14),
        (unary(ops.tanh, 15), [("tanh", 15, "elementwise")], 0),
        (quotients(11), [], 11),
        (quotients(12), [("div", 12, "elementwise")], 0),
        (quotients_of_two_kinds(22), [("div", 22, "elementwise")], 11),
        (
            quotients_of_two_kinds(24),
            [("div", 24, "elementwise"), ("div", 12, "elementwise")],
            0,
        ),
        (dots(4, 3, 3), [], 4),
        (dots(5, 3, 3), [("dot", 5, "reduction")], 0),
        (dots(9, 2, 3), [], 9),
        (dots(10, 2, 3), [("dot", 5, "reduction")], 5),
        (dots(13, 2, 3), [("dot", 7, "reduction"), ("dot", 6, "reduction")], 0),
        (dots(1, 15, 15), [], 1),
        (dots(1, 16, 16), [("dot", 1, "reduction")], 0),
        (largest(22), [], 1),
        (largest(23), [("maximum", 1, "reduction")], 0),
    ],
)
def test_equal_work_becomes_an_array_operation_from_this_number_on(
    make: Any, groups: list[Any], numbers: int
) -> None:
    assert scheduled(make) == (groups, numbers)


@pytest.mark.parametrize(
    ("waits", "early", "sizes"),
    [(1, 4, [60]), (4, 4, [60]), (5, 4, [56]), (1, 19, [60]), (1, 20, [20, 40])],
)
def test_an_expression_waits_four_levels_for_twice_as_many_of_its_kind(
    waits: int, early: int, sizes: list[int]
) -> None:
    def late(graph: Graph, x: Expression) -> Expression:
        for _ in range(waits):
            x = graph.make(ops.tanh, [x])
        return graph.make(ops.log, [x])

    def make(graph: Graph, xs: list[Expression]) -> list[Expression]:
        exps = [graph.make(ops.exp, [x]) for x in xs[:60]]
        logs = [graph.make(ops.log, [x]) for x in exps[:early]]
        logs += [late(graph, x) for x in exps[early:]]
        return [graph.dot([(graph.one, x) for x in logs])]

    assert [n for name, n, _ in scheduled(make)[0] if name == "log"] == sizes


# ---------------------------------------------------------------------------- the interpreter


def irregular(numbers: int, terms: int, members: int, axis: Any = None) -> bool:
    """Ask it of a schedule with so many numbers, and one group of sums of so many terms."""
    pytest.importorskip("llvmlite")
    graph = Graph()
    xs = [graph.input() for _ in range(2 * terms)]
    single = [graph.unique(ops.tanh, (xs[0],))] * numbers
    total = graph.unique(ops.dot, tuple(xs))
    steps: list[Any] = [*single]
    groups = []
    if members:
        groups = [Group(ops.dot, np.array([total.index] * members), [], "reduction", axis)]
        steps += groups
    known: Any = SimpleNamespace(graph=graph, steps=steps, groups=groups)
    return print_instructions.is_irregular(known)


@pytest.mark.parametrize(
    ("numbers", "terms", "members", "expected"),
    [
        (299, 1, 0, False),
        (300, 1, 0, True),
        # 4 ns an instruction against 40 a number and 800 a group: 300 numbers are worth 3,200
        (300, 10, 289, True),
        (300, 10, 290, False),
        (300, 1, 2899, True),
        (300, 1, 2900, False),
    ],
)
def test_work_is_interpreted_if_most_of_it_is_of_numbers(
    numbers: int, terms: int, members: int, expected: bool
) -> None:
    assert irregular(numbers, terms, members) is expected


def test_rows_are_never_interpreted() -> None:
    assert irregular(500, 1, 1)
    assert not irregular(500, 1, 1, Axis())


# ----------------------------------------------------------------------------- array functions


def test_arrays_of_ones_are_kept_until_they_are_many() -> None:
    ones = array_functions.Ones(np)
    for n in range(1, 65):
        assert ones[n].tolist() == [1.0] * n
    assert (len(ones), ones[5] is ones[5]) == (64, True)
    assert len(ones[65]) == 65
    assert [*ones] == [65]


NAMES = ("add", "sum", "max", "min", "maximum", "minimum", "stack", "asarray", "ones", "exp")
OTHER_LIBRARY = SimpleNamespace(__name__="other", **{name: getattr(np, name) for name in NAMES})


@pytest.mark.parametrize("library", [np, OTHER_LIBRARY], ids=["numpy", "other"])
def test_an_array_library_has_what_programs_need(library: Any) -> None:
    xp = array_functions.Arrays(library)
    x, starts = np.array([3.0, 1.0, 2.0, 5.0, 4.0]), np.array([0, 2])
    for name, expected in (("sum", [4, 11]), ("maximum", [3, 5]), ("minimum", [1, 2])):
        assert xp.segments(name, x, starts).tolist() == expected
    assert xp.maximum.reduce(x) == xp.maximum(5.0, 4.0) == 5.0
    assert xp.minimum.reduce(x, axis=0) == xp.minimum(1.0, 4.0) == 1.0
    assert xp.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist() == [4.0, 6.0]
    assert xp.ones[3].tolist() == [1.0] * 3
    assert xp.erf(np.array([[0.0, 6.0]])).tolist() == [[0.0, 1.0]]
    assert xp.erfc(np.array([0.0])).tolist() == [1.0]
    assert xp.softplus(0.0) == pytest.approx(math.log(2.0)) if library is np else True
    with pytest.raises(AttributeError, match="nor the table of operations has 'nothing'"):
        xp.nothing  # noqa: B018  # a missing function raises
