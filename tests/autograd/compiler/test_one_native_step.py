"""`FlatFunction.native_step`: one step in machine code, or value and gradient for Python."""

from __future__ import annotations

import gc
import math
from typing import Any

import pytest

import autograd
from autograd import Value, flat_function

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

RATE = 0.25


def with_velocity(settings: Any, theta: Any, gradient: Any, velocity: Any) -> tuple[Any, Any]:
    """Return a parameter and its velocity after the step of number ``settings[0]``."""
    velocity = 0.5 * velocity + gradient / settings[0]
    return theta - settings[1] * velocity, velocity


def flat_of(loss: Any, parameters: list[Value], backend: str = "llvm") -> Any:
    return flat_function(autograd.compile(loss, backend=backend), parameters)


def test_steps_are_those_of_numpy() -> None:
    ws = [Value(math.sin(i)) for i in range(21)]  # the last one is not used
    flat = flat_of(lambda x: autograd.sum([(w - x) ** 2 for w in ws[:20]]), ws)
    step = flat.native_step(with_velocity, 2, memory=1, max_norm=3.0)
    theta, memory = flat.numbers(), [np.linspace(0.0, 1.0, 21)]
    expected, velocity = theta, memory[0]
    for count in range(1, 6):
        value, gradient = flat(expected, float(count))
        norm = np.linalg.norm(gradient)
        gradient = gradient * min(1.0, 3.0 / (norm + 1e-6))
        expected, velocity = with_velocity([count, RATE], expected, gradient, velocity)
        step.settings[:] = count, RATE
        found = step([float(count)], theta, memory)
        theta, memory = step.theta, step.memory
        assert found == (pytest.approx(value, rel=1e-13), None)
        assert step.theta == pytest.approx(expected, rel=1e-13)
        assert step.memory[0] == pytest.approx(velocity, rel=1e-13)
        assert step.gradient == pytest.approx(gradient, rel=1e-13)
    state, kept = step.copied()
    assert state.tolist() == [theta.tolist(), memory[0].tolist()]
    assert kept.tolist() == step.gradient.tolist()


def test_it_takes_up_another_theta_and_another_memory() -> None:
    w = Value(1.0)
    step = flat_of(lambda: w * w, [w]).native_step(with_velocity, 2, memory=1)
    step.settings[:] = 1.0, RATE
    assert step([], np.array([2.0]), [np.array([4.0])]) == (4.0, None)
    assert (step.theta.tolist(), step.memory[0].tolist()) == ([0.5], [6.0])
    step.settings[0] = 1.0  # it grew by 1
    assert step([], step.theta, [np.array([0.0])]) == (0.25, None)
    assert (step.theta.tolist(), step.memory[0].tolist()) == ([0.25], [1.0])
    step.settings[0] = 1.0
    assert step([], np.array([3.0]), step.memory) == (9.0, None)
    assert (step.theta.tolist(), step.memory[0].tolist()) == ([1.375], [6.5])


def test_without_a_step_it_returns_value_and_gradient_and_the_state_stays() -> None:
    w, u = Value(1.0), Value(1.0)
    step = flat_of(lambda x: w * x, [w]).native_step(with_velocity, 2, memory=1)
    step.settings[:] = 1.0, RATE
    step([2.0], np.array([1.0]), [np.array([0.0])])
    for x in (1e200, math.inf):
        value, gradient = step([x], step.theta, step.memory)
        assert (value, gradient.tolist()) == (0.5 * x, [x])
        assert (step.theta.tolist(), step.gradient.tolist()) == ([0.5], [2.0])
    other = flat_of(lambda: w * u, [w]).native_step(with_velocity, 2, memory=1)
    value, gradient = other([], np.array([1.0]), [np.array([0.0])])  # u is no parameter
    assert (value, gradient.tolist()) == (1.0, [1.0])


@pytest.mark.parametrize("n", [3, 5000])  # copied, and pointed to
def test_arguments_that_change_in_place_and_by_their_number(n: int) -> None:
    w = Value(1.0)
    flat = flat_of(lambda xs: autograd.mean(autograd.vmap(lambda x: w * x)(xs)), [w])
    step = flat.native_step(with_velocity, 2, memory=1)
    step.settings[:] = 1.0, RATE
    xs, theta, memory = np.ones((n + 1, 2)), np.array([1.0]), [np.array([0.0])]
    for rows, number in ((n, 1.0), (n, 2.0), (n + 1, 3.0), (n, 4.0)):
        xs[:, 0] = number
        found = step([xs[:rows, 0]], theta, memory)  # a view with gaps
        assert found == (pytest.approx(number), None)


def test_numpy_makes_no_step() -> None:
    w = Value(1.0)
    assert flat_of(lambda: w * w, [w], "numpy").native_step(with_velocity, 2, memory=1) is None


def test_recordings_that_are_dropped_free_their_memory() -> None:
    w = Value(1.0)
    flat = flat_of(lambda word: w * len(word), [w])
    step = flat.native_step(with_velocity, 2, memory=1)
    step.settings[:] = 1.0, RATE
    for word in ("a", "to", "two", "four"):
        assert step([word], np.array([1.0]), [np.array([0.0])]) == (len(word), None)
    assert len(step._jobs) == 4
    flat.function.recordings.paths.clear()
    step(["again"], np.array([1.0]), [np.array([0.0])])
    gc.collect()
    assert len(step._jobs) == 2  # the one before is kept until the next call
