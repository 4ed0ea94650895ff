"""Where work repeats on a tape: the first operation, the length and the number of the periods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numpy")

import autograd
from autograd import Value
from autograd.compiler.record import record
from autograd.compiler.repetition import repetitions
from autograd.tree import flatten

W = [Value(0.3 + i) for i in range(4)]


def steps(z: Any, x: Any, count: int) -> Any:
    """Return ``z`` after four operations for each step."""
    for _ in range(count):
        z = (z * W[0] + W[1] * x).tanh()
    return z


def summed(count: int, size: int, before: int = 0, after: int = 0) -> Callable[[], Any]:
    def f() -> Any:
        first, total = steps(W[2], 0.5, before), W[3]
        for k in range(count):
            total = total + steps(W[2], float(k), size)
        return steps(total + first, 0.5, after)

    return f


def collected(count: int, size: int, of: Any = autograd.sum, before: int = 0) -> Callable[[], Any]:
    def f() -> Any:
        first = steps(W[2], 0.5, before)
        return of([steps(W[2], float(k), size) for k in range(count)]) * first

    return f


def two_totals() -> Any:
    a, b = W[3], W[2]
    for k in range(20):
        y = steps(W[2], float(k), 15)
        a, b = a + y, b + y.exp()
    return a * b


def two_terms() -> Any:
    total = W[3]
    for k in range(20):
        y = steps(W[2], float(k), 15)
        total = (total + y) + y.exp()
    return total


def another_first() -> Any:
    total = W[3]
    for k in range(20):
        total = total + steps(W[2] if k else W[1], float(k), 15)
    return total


def carried() -> Any:
    y: Any = W[3]
    for k in range(30):
        y = steps(y, float(k), 10)
    return y


def parameters_that_take_turns() -> Any:
    return autograd.sum([steps(W[k % 2], float(k), 15) for k in range(20)])


def two_loops() -> Any:
    return summed(12, 30)() * collected(15, 25)()


Found = list[tuple[int, int, int, list[int]]]  # first, length, count, totals
CASES: dict[str, tuple[Callable[[], Any], Found]] = {
    "as many periods as it takes": (summed(9, 36), [(0, 145, 9, [144])]),
    "one too few": (summed(8, 40), []),
    "eight without a total": (collected(8, 40), [(0, 160, 8, [])]),
    "seven without a total": (collected(7, 80), []),
    "as many operands as it takes": (collected(20, 15), [(0, 60, 20, [])]),
    "too few operands": (collected(20, 14), []),
    "short periods": (summed(100, 3), [(0, 13, 100, [12])]),
    "periods as short as a stretch": (summed(200, 2), [(0, 9, 200, [8])]),
    "work before": (summed(20, 20, before=30), [(120, 81, 20, [200])]),
    "work after": (summed(20, 20, after=30), [(0, 81, 20, [80])]),
    "work on both sides": (summed(20, 20, 5, 5), [(20, 81, 20, [100])]),
    "work before, without a total": (collected(20, 20, before=1), [(4, 80, 20, [])]),
    "the largest": (collected(20, 15, autograd.maximum), [(0, 60, 20, [])]),
    "two loops": (two_loops, [(0, 121, 12, [120]), (1453, 100, 15, [])]),
    "two totals": (two_totals, [(0, 63, 20, [60, 62])]),
    "two terms": (two_terms, [(0, 63, 20, [60, 62])]),
    "the first period differs": (another_first, [(61, 61, 19, [121])]),
    "each period needs the one before": (carried, []),
    "parameters that take turns": (parameters_that_take_turns, [(0, 120, 10, [])]),
}


def found(f: Callable[[], Any], excluded: set[int]) -> Found:
    leaves, structure = flatten(((), {}))
    tape = record(f, structure, leaves).tape
    return [(p.first, p.length, p.count, p.totals.tolist()) for p in repetitions(tape, excluded)]


@pytest.mark.parametrize("name", CASES)
def test_the_periods_are_these(name: str) -> None:
    f, periods = CASES[name]
    assert found(f, set()) == periods


def test_periods_of_excluded_lengths_are_left_out() -> None:
    assert found(two_loops, {121}) == [(1453, 100, 15, [])]
    assert found(two_loops, {100}) == [(0, 121, 12, [120])]
    assert found(two_loops, {100, 121}) == []
