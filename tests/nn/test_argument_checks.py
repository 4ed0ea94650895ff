"""The checks of arguments: what they return, where their ranges end, and what they say."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autograd import Value
from nn import argument_checks as checks

TINY = math.ulp(0.0)


@pytest.mark.parametrize(
    ("check", "good", "bad", "text"),
    [
        (
            "at_least_0",
            [0, 0.0, TINY, 1e308],
            [-TINY, float("inf"), math.nan],
            "finite and at least 0",
        ),
        ("positive", [TINY, 1, 1e308], [0, -TINY, float("inf"), math.nan], "finite and above 0"),
        ("below_1", [0, 0.5, 1 - 2**-53], [-TINY, 1, math.nan], "at least 0 and below 1"),
    ],
)
def test_a_number_in_its_range_comes_back_as_a_float(
    check: str, good: list[float], bad: list[float], text: str
) -> None:
    for x in good:
        got = getattr(checks, check)("rate", x)
        assert (got, type(got)) == (x, float)
    for x in bad:
        with pytest.raises(ValueError, match="rate must be") as caught:
            getattr(checks, check)("rate", x)
        assert str(caught.value) == f"rate must be {text}, got {float(x):g}"
    for wrong in ("0.5", None, [0.5], 1j):
        with pytest.raises(TypeError, match="rate must be") as told:
            getattr(checks, check)("rate", wrong)
        assert str(told.value) == f"rate must be a number, got {wrong!r}"


def test_a_whole_number_is_above_0_and_no_truth_value() -> None:
    assert [checks.whole("epochs", n) for n in (1, 7)] == [1, 7]
    np = pytest.importorskip("numpy")
    assert type(checks.whole("epochs", np.int64(3))) is int
    for n in (0, -1):
        with pytest.raises(ValueError, match=rf"^epochs must be at least 1, got {n}$"):
            checks.whole("epochs", n)
    for wrong in (True, 1.0, "1", None):
        with pytest.raises(TypeError, match="whole number") as caught:
            checks.whole("epochs", wrong)
        assert str(caught.value) == f"epochs must be a whole number, got {wrong!r}"


def test_parameters_are_listed() -> None:
    x = Value(1.0)
    assert checks.several("SGD", iter([x])) == [x]
    with pytest.raises(TypeError, match="SGD") as caught:
        checks.several("SGD", 0.5)
    assert str(caught.value) == "SGD takes parameters, such as model.parameters(), got 0.5"


def test_a_choice_is_a_name_or_a_callable() -> None:
    known: dict[str, Any] = {"one": 1, "two": 2}
    assert checks.choice("kind", "two", known) == 2
    assert checks.choice("kind", len, known) is len
    for wrong, other, end in ((3, None, "a callable"), ("three", "an Optimizer", "an Optimizer")):
        with pytest.raises(ValueError, match="unknown kind") as caught:
            checks.choice("kind", wrong, known, *([other] if other else []))
        assert str(caught.value) == f"unknown kind {wrong!r}: it is one, two or {end}"


def test_a_number_has_its_noun() -> None:
    assert [checks.counted(n, "epoch") for n in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
