"""Limits of what trainings do at once: parts of an epoch, calls of machine code, kept programs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

import nn
from autograd import Value
from nn.training import epoch_steps, flat_parameters, own_loop
from nn.training.epoch_steps import Epoch, EpochSteps
from nn.training.flat_parameters import FlatParameters, backend_for


def test_from_2000_steps_on_a_program_becomes_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, backend in ((object(), "llvm"), (None, "numpy")):
        monkeypatch.setattr(flat_parameters, "find_spec", lambda name, found=found: found)
        assert [backend_for(steps) for steps in (1_999, 2_000)] == ["numpy", backend]


MAX_NUMBERS, MAX_SECONDS = 2**20, 0.02  # as the library has them


class CountedSteps:
    """A vector of parameters that notes the batches of its steps."""

    def __init__(self) -> None:
        self.batches: list[tuple[Any, ...]] = []

    def formula(self) -> None:
        return None

    def step(self, loss_at: Any, batch: Any, max_norm: Any) -> Any:
        x, penalty = batch
        self.batches.append((*x.tolist(), penalty, max_norm))
        return (float(x.sum()), None, len(x)), 0.5


@pytest.mark.parametrize(
    ("width", "parts"),
    [(1, [(0, 7)]), (MAX_NUMBERS // 7, [(0, 7)]), (MAX_NUMBERS // 7 + 1, [(0, 6), (6, 7)]),
     (MAX_NUMBERS, [(0, 3), (3, 6), (6, 7)])],
)  # fmt: skip
def test_an_epoch_is_gathered_in_parts_of_a_million_numbers(
    width: int, parts: list[tuple[int, int]]
) -> None:
    asked: list[tuple[int, int]] = []

    def rows(start: int, stop: int) -> tuple[Any, ...]:
        asked.append((start, stop))
        return (np.arange(start, stop),)

    vector: Any = CountedSteps()
    steps = EpochSteps(vector, lambda *_: None, lambda: None, max_norm=2.0)
    epoch = Epoch(rows, width, [3, 3, 1], [0.1, 0.2, 0.3])
    assert list(steps.steps(epoch)) == [(3.0, 3, 0.5), (12.0, 3, 0.5), (6.0, 1, 0.5)]
    assert asked == parts
    assert vector.batches == [(0, 1, 2, 0.1, 2.0), (3, 4, 5, 0.2, 2.0), (6, 0.3, 2.0)]


class Flat:
    """A flat function, of which machine code is asked for."""

    def __init__(self, native_steps: Any) -> None:
        self.native_steps = native_steps


@pytest.mark.parametrize(
    ("seconds", "made", "most"),
    [
        (0.0, 8, 16),  # quick: twice as many in the next call
        (MAX_SECONDS / 2, 8, 8),
        (MAX_SECONDS, 8, 8),
        (1.01 * MAX_SECONDS, 8, 4),
        (0.0, 5, 2),  # it stopped: half of what it made, at least one
        (0.0, 0, 1),
    ],
)
def test_calls_of_machine_code_take_a_fiftieth_of_a_second(
    seconds: float, made: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, seconds])
    monkeypatch.setattr(epoch_steps, "perf_counter", lambda: next(times))
    went_on: list[Any] = []
    given: list[Any] = []

    class Stepper:
        before, state, gradient = "before", "state", "gradient"

        def __call__(self, *arguments: Any) -> Any:
            given.append(arguments)
            return np.ones((made, 2))

    formula = SimpleNamespace(kind="kind", settings=[1, 0.1])
    flat = Flat(lambda *_: Stepper())
    vector: Any = SimpleNamespace(
        formula=lambda: formula, state=lambda: "now", go_on=lambda *told: went_on.append(told),
        optimizer=SimpleNamespace(slots=("a", "b")),
    )  # fmt: skip
    steps = EpochSteps(vector, lambda *_: None, lambda: flat, max_norm=3.0)
    found = steps._in_machine_code(["rows"], [1] * 8, [0.0] * 8)
    assert found == [[1.0, 1.0]] * made
    assert steps._most == most
    assert went_on == ([(made, "before", "state", "gradient")] if made else [])
    assert given == [("now", ["rows"], [1] * 8, [1, 0.1], 3.0, None, 1.0)]


def test_without_machine_code_nobody_asks_for_it_again() -> None:
    asked: list[Any] = []
    flat = Flat(lambda *given: asked.append(given))
    formula = SimpleNamespace(kind="kind", settings=[1, 0.1])
    vector: Any = SimpleNamespace(
        formula=lambda: formula, optimizer=SimpleNamespace(slots=("a", "b"))
    )
    steps = EpochSteps(vector, lambda *_: None, lambda: flat)
    for _ in range(2):
        assert steps._in_machine_code(["rows"], [1], [0.0]) == []
    assert asked == [(formula, 2, 2)]
    assert steps._most == 0


def test_a_flat_gradient_is_shortened_where_the_optimizer_sees_it() -> None:
    a, b, c = (Value(x) for x in (1.0, 2.0, 3.0))
    vector = FlatParameters([a, b], nn.SGD([b, c], lr=0.5))
    assert vector.parameters == [a, b, c]
    c.grad = 4.0
    vector.read()
    assert vector.set_gradient(np.array([7.0, 3.0]), 2.5) == 5.0
    factor = 2.5 / (5.0 + 1e-6)
    assert vector.gradient.tolist() == [7.0, 3.0 * factor, 4.0 * factor]
    vector.advance()
    expected = [1.0, 2.0 - 0.5 * 3.0 * factor, 3.0 - 0.5 * 4.0 * factor]
    assert vector.theta.tolist() == pytest.approx(expected, rel=1e-15)
    assert vector.of_model().tolist() == vector.theta.tolist()[:2]
    assert vector.formula() is None
    vector.read()
    for longer in (5.0 + 1e-6, 7.5, None):  # nothing is shortened
        assert vector.set_gradient(np.array([7.0, 3.0]), longer) == 5.0
        assert vector.gradient.tolist() == [7.0, 3.0, 4.0]


@pytest.mark.parametrize("size", [1e-200, 1e-100, 1.0, 1e100, 1e200])
def test_the_length_of_a_flat_gradient_of_any_size_is_exact(size: float) -> None:
    parameters = [Value(0.0), Value(0.0)]
    vector = FlatParameters(parameters, nn.SGD(parameters, lr=0.5))
    with np.errstate(over="ignore"):
        norm = vector.set_gradient(np.array([3 * size, 4 * size]), None)
    assert norm == pytest.approx(5 * size, rel=1e-15)
    assert vector.formula() is not None


def test_open_blocks_are_told_apart_and_closed_in_any_order() -> None:
    w, v = Value(1.0), Value(2.0)
    one = nn.train_step(lambda: w * w, nn.SGD([w], lr=0.25))
    other = nn.train_step(lambda: v * v, nn.SGD([v], lr=0.25))
    with one as first, other as second:
        assert own_loop._OPEN.get() == (one, other)
        assert (first(), second()) == (1.0, 4.0)
    assert own_loop._OPEN.get() == ()
    assert (w.data, v.data, one.count) == (0.5, 1.0, 1)
    with one as step:  # again
        assert step() == 0.25
    assert one.count == 2
