"""Formulas, names and numbers as people read them: rounded, shortened, with few parentheses."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import TABLE, Value, draw_dot, explain, steps
from autograd.explaining.formulas import formula, rules
from autograd.explaining.notation import number, shorten

from ...support.random_graphs import Program, programs


@pytest.mark.parametrize(
    "text",
    ["x * (y - 1)", "-x ** y", "(x + 2) / y", "exp(x) - 0.5", "(x ** y) ** 2", "x ** (y ** 2)",
     "x - (y - 1)", "x / (y / 2)", "-(x + y)", "(-x) ** 2", "x - y - 1", "x ** (-1)"],
)  # fmt: skip
def test_formula_is_written_as_people_do(text: str) -> None:
    names = {"x": Value(2.0, "x"), "y": Value(3.0, "y"), "exp": autograd.exp}
    assert formula(eval(text, names)) == text


@given(programs(max_steps=6))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_formula_reads_back_as_the_value(program: Program) -> None:
    inputs = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    root = program(*inputs)
    text = formula(root)
    if "…" not in text:
        names = dict(TABLE) | {x.label: x.data for x in inputs}
        assert eval(text, names) == pytest.approx(root.data, rel=1e-4, abs=1e-4)


def test_formula_of_labels_that_are_no_names() -> None:
    a, b = Value(1.0, "x1*w1 + x2"), Value(2.0, "b" * 100)
    assert formula(a * b) == f"(x1*w1 + x2) * {'b' * 100}"
    assert formula(a * Value(2.0, "c" * 10_000)) == f"(x1*w1 + x2) * {'c' * 118}…{'c' * 65}"


def test_formula_of_a_long_or_much_shared_graph_stays_short() -> None:
    x = Value(1.0, "x")
    doubled = x
    for _ in range(200):
        doubled = doubled + doubled * 0.0
    assert len(formula(doubled)) <= 200


def test_numbers_have_one_format_wherever_they_are_read() -> None:
    x = Value(1 / 3, "x")
    y = (x - 1 / 3) * -0.0
    y.backward()
    texts = [formula(x * (1 / 3)), repr(explain(y, x)), *map(str, steps(y)), draw_dot(x).source]
    for text in texts:
        shown = re.sub(r"tooltip=.*", "", text)  # a tooltip has all digits
        assert not re.search(r"0\.33333|-0(?![.\d])", shown)
    assert sum("0.3333" in text for text in texts) >= 4


@pytest.mark.parametrize(
    ("x", "text"),
    [(2.0, "2"), (-0.5, "-0.5"), (0.1 + 0.2, "0.3"), (123456.0, "1.235e+05"), (-0.0, "0"),
     (-math.inf, "-inf"), (math.nan, "nan")],
)  # fmt: skip
def test_a_number_has_four_digits_and_no_negative_zero(x: float, text: str) -> None:
    assert number(x) == text


@given(st.text(max_size=300), st.integers(8, 250))
def test_shortened_text_fits_and_keeps_both_ends(text: str, max_characters: int) -> None:
    short = shorten(text, max_characters)
    assert len(short) <= max_characters
    assert short == text or "…" in short
    head, _, tail = short.partition("…")
    assert text.startswith(head.rstrip())
    assert "…" in text or text.endswith(tail.lstrip())


def test_a_name_is_shortened_in_the_same_way_in_a_step_an_explanation_and_a_box() -> None:
    x = Value(2.0, "layers.0.neurons.13.weights.12")
    y = x * x
    short = "weights.12"
    assert [frame.text for frame in steps(y)[:2]] == [
        f"given {short} = 2",
        f"f = {short} * {short} = 2 * 2 = 4",
    ]
    assert repr(explain(y, x)).startswith(f"df/d{short} = 4")
    assert f"<b>{short}</b>" in draw_dot(y).source
    assert f'tooltip="{x.label} = 2' in draw_dot(y).source
    twin = Value(3.0, x.label)  # equal names are numbered, in formulas too
    assert explain(x * twin, x).terms[0].computed == f"f = {short}[1] * {short}[2] = 2 * 3"
    assert f"<b>{short}[1&#93;</b>" in draw_dot(x * twin).source


def test_a_rule_in_words_is_told_of_operands_that_vary_alone() -> None:
    y = autograd.maximum(Value(2.0, "x"), 1.0)
    names = {p: p.label for p in y.parents}
    assert rules(y, names) == ["goes to the larger operand, ties share it", ""]
