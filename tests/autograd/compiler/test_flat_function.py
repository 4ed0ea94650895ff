"""`autograd.flat_function`: a function of an array of parameters, for optimizers of arrays."""

from __future__ import annotations

import copy
import math
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, flat_function


def table_of_losses() -> dict[str, tuple[list[Value], Callable[..., Any], list[Any]]]:
    """Functions, what they are differentiated by, and arguments for calls one after the other."""
    rng = random.Random(1)
    w = [Value(rng.uniform(0.5, 1.5), f"w{i}") for i in range(20)]
    fixed = Value(3.0, "fixed")

    def squares(xs: Any) -> Any:
        return autograd.sum([(a - x) ** 2 for a, x in zip(w, xs, strict=False)])

    def rows(xs: Any, ts: Any) -> Any:
        one = lambda x, t: (autograd.dot(w[:2], x) - t) ** 2  # noqa: E731  # a row
        return autograd.mean(autograd.vmap(one)(xs, ts)) + fixed * w[5]

    def branches(x: Any) -> Any:
        return w[0] * x if x > w[1] else w[2] / x

    def several(x: Any) -> Any:
        return {"loss": w[3] * w[4] * x, "right": autograd.equal(x, 2.0), "count": 7}

    array = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    return {
        "lists of two lengths": (w, squares, [([1.0, 2.0],), ([3.0, 1.0, 2.0],), ([0.0, 2.0],)]),
        "rows of two lengths": (
            w,
            rows,
            [(array, np.array([1.0, 2.0, 3.0])), (array[:2], np.array([0.5, 2.0]))],
        ),
        "rows in lists": (w, rows, [([[1.0, 2.0]], [3.0]), ([[1.0, 2.0]] * 3, [3.0, 1.0, 1.0])]),
        "rows of ints": (w, rows, [(array.astype(int), np.array([1, 2, 3]))]),
        "branches": (w, branches, [(2.0,), (0.25,), (2.0,)]),
        "several results": (w, several, [(2.0,), (3.0,)]),
        "in another order": (w[::-1], squares, [([1.0, 2.0],)]),
        "an argument that is a parameter": (w, branches, [(w[7],), (w[0],), (w[7],)]),
        "an argument that is another Value": (w, branches, [(Value(9.0),), (Value(8.0),)]),
        "a part of the parameters": (w[2:6], rows, [(array, np.array([1.0, 2.0, 3.0]))]),
    }


@pytest.mark.parametrize("as_argument", [False, True])
def test_a_parameter_that_is_only_compared_has_the_number_of_the_array(as_argument: bool) -> None:
    w, v = Value(1.0, "w"), Value(2.0, "v")

    def loss(x: Any = w) -> Any:
        return v * v if x > 0.5 else v * 3.0

    flat, args = flat_function(loss, [w, v]), [w] if as_argument else []
    for compared, expected in ((1.0, 4.0), (0.0, 6.0), (0.75, 4.0), (0.25, 6.0), (1.0, 4.0)):
        assert flat([compared, 2.0], *args)[0] == expected
        assert w.data == 1.0


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", table_of_losses())
def test_value_and_gradient_are_those_of_eager_code(name: str, compiled: bool) -> None:
    parameters, f, calls = table_of_losses()[name]
    flat = flat_function(autograd.compile(f) if compiled else f, parameters)
    before = flat.numbers()
    rng = np.random.default_rng(0)
    for args in calls:
        theta = before + rng.uniform(0.0, 0.1, len(before))
        value, gradient = flat(theta, *args)
        alone = flat.value(theta, *args)
        assert flat.numbers().tolist() == before.tolist()
        flat.write(theta)
        for p in parameters:
            p.grad = 0.0
        lists = [x.tolist() if isinstance(x, np.ndarray) else x for x in args]
        result = f(*lists)
        expected = result if isinstance(result, Value) else result["loss"]
        expected.backward()
        by = [p.grad for p in parameters]
        flat.write(before)
        if isinstance(result, dict):
            assert list(value) == list(result)
            assert value["right"] == result["right"]
            assert value["count"] == 7
            value, alone = value["loss"], alone["loss"]
        assert math.isclose(value, expected.data, rel_tol=1e-14)
        assert math.isclose(alone, expected.data, rel_tol=1e-14)
        assert np.allclose(gradient, by, rtol=1e-13, atol=1e-13)
        assert type(value) is float


def test_rows_of_another_number_take_the_same_program() -> None:
    w = [Value(0.5), Value(-0.5)]
    recorded = []

    def free(xs: Any, ts: Any) -> Any:
        recorded.append(1)
        return autograd.mean(autograd.vmap(lambda x, t: (autograd.dot(w, x) - t) ** 2)(xs, ts))

    flat = flat_function(free, w)
    X, t = np.random.default_rng(0).normal(size=(40, 2)), np.zeros(40)
    for n in (5, 6, 40):
        value, gradient = flat(flat.numbers(), X[:n], t[:n])
        errors = X[:n] @ flat.numbers() - t[:n]
        assert math.isclose(value, (errors**2).mean(), rel_tol=1e-14)
        assert np.allclose(gradient, 2 * errors @ X[:n] / n, rtol=1e-13)
    assert len(recorded) == 1


def test_errors_of_operations_are_those_of_the_function_and_parameters_stay() -> None:
    x = Value(2.0, "x")
    flat = flat_function(lambda: autograd.log(x), [x])
    assert flat([4.0])[0] == math.log(4.0)
    with pytest.raises(ValueError, match=r"log\(x\): needs x > 0, got -1\.0"):
        flat([-1.0])
    assert x.data == 2.0
    steep = flat_function(lambda: autograd.sqrt(x), [x])
    value, gradient = steep([0.0])
    assert (value, gradient.tolist()) == (0.0, [math.inf])


def test_scipy_finds_the_minimum() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x, y = Value(-1.0), Value(1.0)
    rosenbrock = flat_function(lambda a: (a - x) ** 2 + 100 * (y - x * x) ** 2, [x, y])
    found = optimize.minimize(rosenbrock, rosenbrock.numbers(), args=(1.0,), jac=True)
    assert np.allclose(found.x, [1.0, 1.0], atol=1e-5)
    rosenbrock.write(found.x)
    assert math.isclose(x.data, 1.0, abs_tol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda x: flat_function(x, [x]), TypeError, "takes a function"),
        (lambda x: flat_function(abs, []), ValueError, "no parameters"),
        (lambda x: flat_function(abs, [x, x]), ValueError, "a parameter twice"),
        (lambda x: flat_function(abs, [1.0]), TypeError, "which are Values, got 1.0"),
        (lambda x: flat_function(abs, [x])([1.0, 2.0], x), ValueError, r"1 numbers.*shape \(2,\)"),
        (lambda x: flat_function(abs, [x]).write(1.0), ValueError, r"shape \(\)"),
        (
            lambda x: flat_function(autograd.tanh, [x])([1.0], Value(2.0)),
            ValueError,
            "tanh uses none of the 1 parameters",
        ),
    ],
)
def test_bad_use_is_one_sentence(wrong: Any, error: type[Exception], message: str) -> None:
    x = Value(1.0)
    with pytest.raises(error, match=message):
        wrong(x)
    assert x.data == 1.0


def test_it_says_what_it_is() -> None:
    def loss() -> Value:
        return x * x

    x = Value(3.0)
    flat = flat_function(loss, [x])
    assert repr(flat) == "<loss of an array of 1 parameters>"
    assert copy.copy(flat)([3.0])[0] == 9.0


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_without_arguments_each_branch_counts_as_known(backend: str) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    x, other, bound = Value(1.0), Value(5.0), Value(0.0)
    f = autograd.compile(lambda: x * other if x > bound else -x, backend=backend)
    flat = flat_function(f, [bound, x])
    for _ in range(3):
        for _ in range(20):
            value, gradient = flat([0.0, 2.0])
            assert (value, gradient.tolist()) == (10.0, [0.0, 5.0])
        value, gradient = flat([0.0, -2.0])
        assert (value, gradient.tolist()) == (2.0, [0.0, -1.0])
    other.data = 6.0
    assert flat([0.0, 2.0])[0] == 12.0
    (paths,) = f.recordings.paths.values()
    assert len(paths) == 2
    assert sum([path.calls for path in paths]) >= 60  # calls without a search count


@pytest.mark.parametrize("number", [4.0, math.inf])  # eager code runs for one that is not finite
def test_a_function_may_return_a_parameter_itself(number: float) -> None:
    a, b = Value(1.0), Value(2.0)
    flat = flat_function(lambda: [b, a, a * b], [a, b])
    values, gradient = flat([3.0, number])
    assert (values, gradient.tolist()) == ([number, 3.0, 3.0 * number], [0.0, 1.0])
    assert flat.value([3.0, number]) == values
    assert (a.data, b.data) == (1.0, 2.0)


@pytest.mark.parametrize("result", [None, "text", [], True, {"loss": None}])
def test_a_result_without_a_number_is_named(result: object) -> None:
    flat = flat_function(lambda: result, [Value(1.0)])
    for compute in (flat, flat.value):
        with pytest.raises(TypeError, match=rf"returned {re.escape(repr(result))}, which has no"):
            compute([2.0])


@pytest.mark.parametrize(
    "result",
    [
        lambda w, v: (1.0, w),
        lambda w, v: (v, w),
        lambda w, v: w.data * 2.0,
    ],
)
@pytest.mark.parametrize("number", [2.0, math.inf])  # eager code runs for one that is not finite
def test_the_first_result_has_to_depend_on_a_parameter(
    result: Callable[..., object], number: float
) -> None:
    w, v = Value(1.0), Value(number)
    flat = flat_function(lambda: result(w, v), [w])
    with pytest.raises(ValueError, match="uses none of the 1 parameters"):
        flat([3.0])


def test_static_arguments_and_switches_are_those_of_the_compiled_function() -> None:
    w = Value(1.0)
    chosen = autograd.compile(lambda x, n: w * [x, 10.0, 20.0][n], static_argnums=1)
    flat = flat_function(chosen, [w])
    assert [flat([2.0], 5.0, n)[0] for n in (0, 1, 2, 0)] == [10.0, 20.0, 40.0, 10.0]
    flat = flat_function(lambda on: w if on is True else w * 10.0, [w])
    assert [flat([2.0], on)[0] for on in (True, False, True)] == [2.0, 20.0, 2.0]


def test_a_parameter_without_a_number_is_named() -> None:
    w: Any = Value(1.0, "w")
    flat = flat_function(lambda: w * w, [w])
    w.data = "2"
    with pytest.raises(TypeError, match=r"the data of a Value is a float, got '2' .* 'w'"):
        flat.numbers()
