"""What a check answers where differences say nothing, and how plain a gradient's graph is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

import autograd
from autograd import TABLE, Value, adjoints, exp, gradcheck, sin, topological_order
from autograd.calculus.checking import has_kink
from autograd.operation import Unary


@pytest.fixture
def crest() -> Iterator[Unary]:
    """An operation on [-1, 1] whose rule says inf at 0, where its derivative is 1."""
    yield Unary("crest({})", lambda m, x: m.asin(x), (lambda y, x: math.inf,), "", domain="-1..1")
    del TABLE["crest"]


def test_an_infinite_derivative_between_finite_numbers_is_wrong(crest: Unary) -> None:
    report = gradcheck(lambda x: crest(x), 0.0)
    assert [row.verdict for row in report] == ["wrong"]


def test_what_is_nan_everywhere_is_unclear_and_no_kink() -> None:
    report = gradcheck(lambda x: x * math.nan, 1.0)
    assert [row.verdict for row in report] == ["unclear"]


@pytest.mark.parametrize(
    ("growth", "kink"), [(1.0, True), (2.0, True), (1.5, False), (0.5, False), (2.2, False)]
)
def test_a_kink_has_one_gap_at_all_steps_and_a_jump_twice_the_gap_at_half_the_step(
    growth: float, kink: bool
) -> None:
    steps = [0.4, 0.2, 0.1]
    values = [(h * growth**k / 2, h * growth**k / 2) for k, h in enumerate(steps)]
    assert has_kink(values, steps, 0.0, 0.0) is kink


@pytest.mark.parametrize("f", [abs, lambda x: abs(3.0 * x) - 7.0 * x])
def test_a_derivative_that_jumps_half_way_is_a_kink_at_order_2(f: Callable[[Value], Value]) -> None:
    report = gradcheck(f, 0.0, order=2)
    assert [row.verdict for row in report] == ["kink", "kink"]


def test_a_steep_slope_is_no_jump() -> None:
    assert [row.verdict for row in gradcheck(lambda x: (1e6 * x).tanh(), 0.0)] == ["ok"]
    assert not has_kink([(h ** (1 / 3), -(h ** (1 / 3))) for h in (0.4, 0.2)], [0.4, 0.2], 0.0, 0.0)


def test_one_consumer_gives_a_product_and_several_one_dot() -> None:
    x = Value(0.5, "x")
    names = [node.op.name for node in topological_order(_gradient(sin(exp(x)), x)) if node.op]
    assert "dot" not in names
    assert names.count("mul") == 1
    several = _gradient(x * sin(x) + exp(x) * x, x)
    assert several.op is autograd.dot


def _gradient(y: Value, x: Value) -> Value:
    (gradient,) = adjoints(y, [x])
    assert isinstance(gradient, Value)
    return gradient
