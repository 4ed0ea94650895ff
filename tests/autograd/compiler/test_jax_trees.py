"""The trees that a function of `to_jax` takes and returns."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import pytest

pytest.importorskip("jax")

import jax
import numpy as np

import autograd
from autograd import Value, to_jax, vmap

jax.config.update("jax_enable_x64", True)

W, V = Value(2.0), Value(3.0)
Point = namedtuple("Point", "x y")


def shown(x: Any) -> Any:
    """Return a tree with ``array(...)`` for arrays."""
    if isinstance(x, jax.Array):
        return f"array({x.tolist()})"
    if isinstance(x, dict):
        return {key: shown(each) for key, each in x.items()}
    if isinstance(x, list | tuple):
        return getattr(type(x), "_make", type(x))([shown(each) for each in x])
    return x


RESULTS = {
    "numbers": (lambda x: [W * x, x], "array([6.0, 3.0])"),
    "a matrix": (
        lambda x: [[x, W], [W, x * 2], [x, x]],
        "array([[3.0, 2.0], [2.0, 6.0], [3.0, 3.0]])",
    ),
    "lists of different lengths": (lambda x: [[x], [W, x]], ["array([3.0])", "array([2.0, 3.0])"]),
    "a tuple": (lambda x: (W, [x, x * 2]), ("array(2.0)", "array([3.0, 6.0])")),
    "a named tuple": (lambda x: Point(x, W), Point("array(3.0)", "array(2.0)")),
    "tuples in a list": (lambda x: [(x, W), (W, x)], "array([[3.0, 2.0], [2.0, 3.0]])"),
    "dicts in a list": (lambda x: [{"a": x}], [{"a": "array(3.0)"}]),
    "a dict": (lambda x: {"b": x, "a": (W,)}, {"b": "array(3.0)", "a": ("array(2.0)",)}),
    "things": (lambda x: ["text", None, True, x], ["text", None, True, "array(3.0)"]),
    "nothing": (lambda x: [], []),
    "plain numbers": (
        lambda x: ([1.0, 2], (3.0, 4)),
        ("array([1.0, 2.0])", ("array(3.0)", "array(4.0)")),
    ),
    "a number": (lambda x: 5, "array(5.0)"),
    "numbers in a dict": (lambda x: {"a": 1.0, "b": 2.0}, {"a": "array(1.0)", "b": "array(2.0)"}),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_of_arrays_where_the_function_has_lists(name: str) -> None:
    function, expected = RESULTS[name]
    F = to_jax(function, 3.0)
    assert shown(F(F.parameters(), 3.0)) == expected


def total(rows: Any, factor: Value) -> Any:
    return autograd.sum(vmap(lambda x: x * factor)(rows))


ARGUMENTS: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "a matrix": (lambda m: m[0][1] * W + m[1][0], [[[1.0, 2.0], [3.0, 4.0]]], [np.eye(2) + 1]),
    "a tuple of lists": (
        lambda t: t[0][1] * W + t[1][0],
        [([1.0, 2.0], [3.0])],
        [([4.0, 5.0], [6.0])],
    ),
    "a dict": (
        lambda d: d["b"] * W + d["a"][1],
        [{"b": 1.0, "a": [2.0, 3.0]}],
        [{"a": [4.0, 5.0], "b": 6.0}],
    ),
    "Values before and after": (
        lambda y, x: x[0] * W + V * x[1] * y,
        [0.5, [Value(1.0), Value(2.0)]],
        [1.5, [3.0, 4.0]],
    ),
    "two lists of rows": (
        lambda X, Y: total(X, W) * total(Y, V),
        [[1.0, 2.0], [1.0]],
        [[3.0, 4.0, 5.0], [6.0, 7.0]],
    ),
    "rows that are looked into": (
        lambda X: autograd.sum(vmap(lambda x: x * W)(X)) * X[0],
        [[1.0, 2.0, 3.0]],
        [[4.0, 5.0, 6.0]],
    ),
    "any number of arguments": (lambda *xs: xs[0] * W + xs[2], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
    "no arguments": (lambda: W * V, [], []),
}

TAKES_LONG = {"Values before and after", "two lists of rows", "rows that are looked into"}


@pytest.mark.parametrize(
    "name", [pytest.param(x, marks=[pytest.mark.slow] * (x in TAKES_LONG)) for x in ARGUMENTS]
)
def test_it_takes_arguments_as_in_the_example_with_the_numbers_of_the_function(name: str) -> None:
    function, example, other = ARGUMENTS[name]
    F = to_jax(function, *example)
    for arguments in (example, other):
        plain = [x.data if isinstance(x, Value) else x for x in arguments]
        plain = [[getattr(y, "data", y) for y in x] if isinstance(x, list) else x for x in plain]
        assert float(F(F.parameters(), *plain)) == pytest.approx(function(*plain).data, rel=1e-14)
    assert {*F.values} <= {W, V}


def test_what_it_is_and_what_its_parameters_are() -> None:
    def loss(x: Any) -> Any:
        """Return a product."""
        return W * V * x + W

    F = to_jax(loss, 1.0)
    assert repr(F) == "<JAX function loss of 2 parameters>"
    assert (F.__name__, F.__doc__, {*F.values}) == ("loss", "Return a product.", {W, V})
    assert F.parameters().tolist() == [x.data for x in F.values]
    assert F.parameters().dtype == np.float64
    before = F.parameters()
    F.write_back(before * 2)
    try:
        assert [x.data for x in F.values] == (before * 2).tolist()
        assert all(type(x.data) is float for x in F.values)
    finally:
        F.write_back(before)
