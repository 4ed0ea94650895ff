"""Schedules and initializers by their formulas, defaults and moments."""

from __future__ import annotations

import math
import random
import statistics

import pytest

import nn
from nn import initializers, schedules


def test_schedules_have_their_default_ends_and_steps() -> None:
    assert [schedules.constant()(k) for k in (0, 5)] == [1.0, 1.0]
    assert schedules.linear(10)(10) == pytest.approx(0.1)
    assert schedules.linear(10, end=0.5)(5) == pytest.approx(0.75)
    assert schedules.cosine(10)(10) == pytest.approx(0.0, abs=1e-15)
    assert schedules.cosine(12)(4) == pytest.approx(0.75)
    falls = [schedules.step(30)(k) for k in (9, 10, 19, 20, 29, 30)]
    assert falls == pytest.approx([1, 0.1, 0.1, 0.01, 0.01, 0.01])
    assert list(schedules.SCHEDULES) == ["constant", "linear", "cosine", "step"]


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_a_schedule_of_no_steps_is_refused(steps: float) -> None:
    with pytest.raises((TypeError, ValueError), match="steps must be"):
        schedules.step(10, steps=steps)  # type: ignore[arg-type]  # what is refused
    with pytest.raises((TypeError, ValueError), match="epochs must be"):
        schedules.step(steps)  # type: ignore[arg-type]  # what is refused


def drawn(name: str, nin: int, nout: int) -> list[float]:
    rng = random.Random(7)
    return [initializers.INITIALIZERS[name](rng, nin, nout) for _ in range(20_000)]


@pytest.mark.parametrize(
    ("name", "limit"), [("uniform", 1.0), ("xavier", math.sqrt(6 / (12 + 20)))]
)
def test_uniform_weights_fill_their_range_evenly(name: str, limit: float) -> None:
    weights = drawn(name, 12, 20)
    assert -limit <= min(weights) < -0.999 * limit
    assert 0.999 * limit < max(weights) <= limit
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.02 * limit)
    assert statistics.pstdev(weights) == pytest.approx(limit / math.sqrt(3), rel=0.02)


def test_normal_weights_have_mean_0_and_variance_2_by_the_inputs() -> None:
    weights = drawn("he", 12, 20)
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.01)
    assert statistics.pvariance(weights) == pytest.approx(2 / 12, rel=0.03)


def test_zeros_are_zeros_and_the_names_are_those_of_the_functions() -> None:
    assert set(drawn("zeros", 3, 5)) == {0.0}
    assert list(initializers.INITIALIZERS) == ["uniform", "xavier", "he", "zeros"]
    for name, function in initializers.INITIALIZERS.items():
        assert getattr(initializers, name) is function


def test_a_generator_is_taken_as_it_is_or_made_from_a_seed() -> None:
    rng = random.Random(1)
    assert initializers.generator(rng) is rng
    assert initializers.generator(None) is random
    assert initializers.generator(7).random() == random.Random(7).random()
    np = pytest.importorskip("numpy")
    assert initializers.generator(np.int64(7)).random() == random.Random(7).random()
    with pytest.raises(TypeError) as caught:
        initializers.generator("seven")  # type: ignore[arg-type]  # what is refused
    assert str(caught.value) == ("rng must be a random.Random, a whole number or None, got 'seven'")
    first, second = (nn.MLP(3, [4, 1], rng=5).state_dict() for _ in range(2))
    assert first == second
