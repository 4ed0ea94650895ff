"""What is said to who gives something else than a Value: the whole sentence, with the remedy."""

from typing import Any

import pytest

from autograd import Stepper, Value, steps
from autograd.explaining.argument_checks import require_text, require_value


class Lines:
    def __repr__(self) -> str:
        return "two\n   lines" + "." * 100


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (len, "<built-in function len> (builtin_function_or_method): call it, and give its result"),
        ("x", "'x' (str): give the Value itself, not its label"),
        (3, "3 (int): a plain number has no graph, so compute with Value(...)"),
        ([1.0], "[1.0] (list): give one of its Values, or autograd.sum of them"),
        (None, "None (NoneType): a Value is what a computation with Value(...) gives"),
        (Lines(), f"two lines{'.' * 68} (Lines): a Value is what a computation with Value("
                  "...) gives"),
    ],
)  # fmt: skip
def test_something_else_than_a_value_has_its_own_remedy(given: Any, rest: str) -> None:
    with pytest.raises(TypeError) as caught:
        require_value(given, "this draws a Value")
    assert str(caught.value) == f"this draws a Value, got {rest}"
    require_value(Value(1.0), "this draws a Value")


def test_a_text_is_a_string() -> None:
    with pytest.raises(TypeError) as caught:
        require_text(["t" * 100], "title")
    assert str(caught.value) == f"title is a string, got ['{'t' * 78} (list)"
    require_text("", "title")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"parameters": 3, "update": 1},
            "parameters are several Values, as in [w, b], got 3 (int)",
        ),
        ({"expand": "yes"}, "expand is True or False, got 'yes' (str)"),
        ({"zero_grad": 3, "update": 0.1}, "zero_grad is True or False, got 3 (int)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [steps, Stepper])
def test_an_option_of_another_type_is_named(call: Any, options: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(Value(2.0, "x") * 3, **options)
    assert str(caught.value) == message
