"""`FlatFunction.native_steps`: steps in machine code, against the same ones by NumPy."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd
from autograd import Value, flat_function

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

RATE = 0.05


def descent(settings: Any, theta: Any, gradient: Any) -> list[Any]:
    return [theta - settings[1] * gradient]


def problem(n: int, backend: str = "llvm") -> tuple[Any, Any, Any]:
    """Return a flat function of ``n`` parameters, of which the last is not used, and its data."""
    parameters = [Value(math.sin(i)) for i in range(n)]

    def loss(ts: Any, rows: Any) -> Any:
        def one(t: Any, row: Any) -> Any:
            return (autograd.dot(parameters[: n - 1], row) - t) ** 2

        return autograd.mean(autograd.vmap(one)(ts, rows))

    rng = np.random.default_rng(0)
    flat = flat_function(autograd.compile(loss, backend=backend), parameters)
    return flat, rng.normal(size=30), rng.normal(size=(30, n - 1))


@pytest.mark.parametrize("n", [2, 5, 16, 37])
@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_steps_are_those_of_numpy(n: int, max_norm: float | None, penalty: float) -> None:
    flat, ts, rows = problem(n)
    theta, sizes, expected = flat.numbers(), [8, 8, 8, 5, 1], []
    flat(theta, ts, rows)  # recorded
    penalized = np.arange(n) % 3.0
    start = 0
    for i, size in enumerate(sizes):
        factor = penalty * (i + 1)
        value, gradient = flat(theta, ts[start : start + size], rows[start : start + size])
        value += factor * ((penalized * theta) ** 2).sum()
        gradient = gradient + 2 * factor * (penalized * theta)
        norm = np.linalg.norm(gradient)
        if max_norm and norm > max_norm:
            gradient = gradient * (max_norm / (norm + 1e-6))
        expected.append([value, norm])
        before, theta, start = theta, theta - RATE * gradient, start + size
    step = flat.native_steps(descent, 2)
    penalties = [penalty * (i + 1) for i in range(5)] if penalty else None
    found = step(flat.numbers()[None], [ts, rows], sizes, [1, RATE], max_norm, penalties, penalized)
    assert found == pytest.approx(np.array(expected), rel=1e-12)
    assert step.state[0] == pytest.approx(theta, rel=1e-12)
    assert step.before == pytest.approx(before, rel=1e-12)
    assert step.gradient == pytest.approx(gradient, rel=1e-12)


def test_the_count_of_steps_grows_within_a_call_and_memory_is_kept() -> None:
    def update(settings: Any, theta: Any, gradient: Any, *memory: Any) -> Any:
        count, rate = settings
        (total,) = memory
        return theta - rate / count**0.5 * gradient, total + count

    flat, ts, rows = problem(6)
    flat(flat.numbers(), ts, rows)
    step = flat.native_steps(update, 2, memory=1)
    theta, total = flat.numbers(), np.zeros(6)
    step(np.array([theta, total]), [ts, rows], [10, 10, 10], [4, RATE])
    for i in range(3):
        part = slice(10 * i, 10 * i + 10)
        theta = theta - RATE / (4 + i) ** 0.5 * flat(theta, ts[part], rows[part])[1]
    assert step.state[0] == pytest.approx(theta, rel=1e-12)
    assert step.state[1].tolist() == [15.0] * 6


def test_it_stops_before_a_step_that_is_not_finite_and_leaves_the_state() -> None:
    flat, ts, rows = problem(6)
    theta = flat.numbers()
    flat(theta, ts, rows)
    step = flat.native_steps(descent, 2)
    ts[12] = 1e200  # its square overflows
    found = step(theta[None], [ts, rows], [5, 5, 5, 5], [1, RATE])
    assert len(found) == 2
    for part in (slice(0, 5), slice(5, 10)):
        theta = theta - RATE * flat(theta, ts[part], rows[part])[1]
    assert step.state[0] == pytest.approx(theta, rel=1e-12)
    step.state[:] = theta
    assert len(step(theta[None], [ts[:10], rows[:10]], [5, 5], [1, 1e308])) == 0  # the weights
    assert step.state[0].tolist() == theta.tolist()


def test_it_makes_no_step_without_a_recording_or_where_the_function_takes_another_path() -> None:
    w = Value(1.0)

    def loss(xs: Any) -> Any:
        total = autograd.mean(autograd.vmap(lambda x: w * x)(xs))
        return total * total if total > 0 else -total

    flat = flat_function(autograd.compile(loss, backend="llvm"), [w])
    step = flat.native_steps(descent, 2)
    xs = np.array([1.0, 2.0, -1.0, -2.0, 3.0, 4.0])
    assert len(step(np.ones((1, 1)), [xs], [2, 2, 2], [1, RATE])) == 0
    flat([1.0], xs[:2])
    assert len(step(np.ones((1, 1)), [xs], [2, 2, 2], [1, RATE])) == 1  # -1 and -2 branch
    theta = step.state[0].copy()
    assert flat(theta, xs[2:4])[1].tolist() == [1.5]
    assert len(step(theta[None], [xs[2:]], [2, 2], [1, RATE])) == 1  # it knows that path, too
    assert step.state[0] == pytest.approx(theta - RATE * 1.5)


def test_a_parameter_that_the_other_path_does_not_use_has_no_gradient_there() -> None:
    a, b, c = Value(1.0), Value(2.0), Value(1.0)

    def loss(xs: Any) -> Any:
        total = autograd.mean(autograd.vmap(lambda x: a * x)(xs))
        return total * b if a > 0.9 else total * c

    flat = flat_function(autograd.compile(loss, backend="llvm"), [a, b, c])
    xs = np.array([1.0, 2.0])
    step = flat.native_steps(descent, 2)
    for i, expected in ((1.0, [3.0, 1.5, 0.0]), (0.5, [1.5, 0.0, 0.75])):
        theta = np.array([i, 2.0, 1.0])
        assert flat(theta, xs)[1].tolist() == expected
        assert len(step(theta[None], [xs], [2], [1, RATE])) == 1
        assert step.gradient.tolist() == expected


@pytest.mark.parametrize(
    ("sizes", "settings", "penalties", "said"),
    [
        ([20, 20], [1, RATE], None, "batches of 1 row or more, 30 in all, got \\[20, 20\\]"),
        ([5, -2], [1, RATE], None, "got \\[5, -2\\]"),
        ([], [1, RATE], None, "got \\[\\]"),
        ([5], [1], None, "the update has 2 settings, got 1"),
        ([5, 5], [1, RATE], [0.1], "there are 2 batches, but 1 penalties"),
    ],
)
def test_it_says_what_does_not_fit(sizes: Any, settings: Any, penalties: Any, said: str) -> None:
    flat, ts, rows = problem(3)
    flat(flat.numbers(), ts, rows)
    step = flat.native_steps(descent, 2)
    with pytest.raises(ValueError, match=said):
        step(flat.numbers()[None], [ts, rows], sizes, settings, None, penalties)


def test_tables_of_another_kind_are_left_to_python() -> None:
    flat, ts, rows = problem(3)
    theta = flat.numbers()
    flat(theta, ts, rows)
    step = flat.native_steps(descent, 2)
    assert len(step(theta[None], [ts, rows], [5], [1, RATE])) == 1
    assert len(step(theta[None], [ts, rows.astype(np.float32)], [5], [1, RATE])) == 0
    assert len(step(theta[None], [ts, rows[:, :1]], [5], [1, RATE])) == 0
    assert len(step(theta[None], [ts, np.asfortranarray(rows)], [5], [1, RATE])) == 1


def test_there_is_none_with_numpy_alone_and_no_formula_compares_numbers() -> None:
    assert problem(4, "numpy")[0].native_steps(descent, 2) is None
    flat, _, _ = problem(4)
    with pytest.raises(TypeError, match="the update of an optimizer compares numbers"):
        flat.native_steps(lambda s, theta, g: [theta - s[1] if g > 0 else theta], 2)


def test_a_function_of_other_values_too_is_left_to_python() -> None:
    a, b = Value(1.0), Value(2.0)
    flat = flat_function(
        autograd.compile(
            lambda xs: autograd.mean(autograd.vmap(lambda x: a * b * x)(xs)), backend="llvm"
        ),
        [a],
    )
    xs = np.ones(4)
    flat([1.0], xs)
    assert len(flat.native_steps(descent, 2)(np.ones((1, 1)), [xs], [2, 2], [1, RATE])) == 0
