"""`numerical_grad`: its formulas, its best steps, structures, and what it refuses."""

import math

import pytest

import autograd as ag
from autograd import Values, grad, numerical_grad

FUNCTIONS = {
    "exp": (ag.exp, 0.7),
    "sin": (ag.sin, -2.0),
    "power": (lambda x: x**3 - 2 * x, 1.5),
    "far from 0": (lambda x: x * x, 1000.0),
}


@pytest.mark.parametrize(("f", "x"), FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(("scheme", "error"), [("central", 1e-9), ("forward", 2e-7)])
def test_the_best_step_gives_the_derivative_to_the_error_of_its_scheme(f, x, scheme, error):
    assert numerical_grad(f, x, scheme=scheme) == pytest.approx(grad(f)(x), rel=error)


@pytest.mark.parametrize("h", [0.5, 0.25, 2.0**-10])
def test_with_h_it_is_the_formula(h):
    def f(x):
        return x * x * x

    assert numerical_grad(f, 2.0, h=h) == ((2 + h) ** 3 - (2 - h) ** 3) / (2 * h)
    assert numerical_grad(f, 2.0, h=h, scheme="forward") == ((2 + h) ** 3 - 8) / h


@pytest.mark.parametrize(
    ("scheme", "order", "best"), [("central", 2, 6.93e-6), ("forward", 1, 2.11e-8)]
)
def test_the_error_falls_with_the_order_of_the_scheme_and_rises_again_by_rounding(
    scheme, order, best
):
    def error(h):  # the largest of several points, as a single one may be lucky
        points = [1.0 + i / 64 for i in range(32)]
        return max(abs(numerical_grad(ag.exp, x, h=h, scheme=scheme) - math.exp(x)) for x in points)

    assert error(1e-2) / error(1e-3) == pytest.approx(10**order, rel=0.1)
    steps = [best * 10.0**k for k in (-6, -4, -2, 0, 2, 3)]
    assert min(steps, key=error) == best
    slope = math.log10(error(best * 1e-6) / error(best * 1e-3)) / 3
    assert slope == pytest.approx(1.0, abs=0.2)  # the error of rounding is as 1 / h


@pytest.mark.parametrize(
    ("scheme", "evaluations"), [("central", lambda n: 2 * n), ("forward", lambda n: n + 1)]
)
def test_how_often_f_is_evaluated(scheme, evaluations):
    calls = []
    for n in (1, 5):
        calls.clear()
        numerical_grad(lambda xs: calls.append(1) or ag.sum(xs), [1.0] * n, scheme=scheme)
        assert len(calls) == evaluations(n)


@pytest.mark.parametrize("scheme", ["central", "forward"])
def test_the_gradient_has_the_structure_of_the_argument(scheme):
    def f(p):
        return p["W"][0][1] * p["W"][1][0] + ag.exp(p["b"][0])

    p = {"W": [[1.0, 2.0], [3.0, 4.0]], "b": (0.5,)}
    found, exact = numerical_grad(f, p, scheme=scheme), grad(f)(p)
    assert found["W"] == [pytest.approx(row, abs=1e-6) for row in exact["W"]]
    assert found["b"] == pytest.approx(exact["b"], abs=1e-6)


def test_several_arguments_give_a_tuple_and_arrays_an_array():
    np = pytest.importorskip("numpy")
    by_x, by_y = numerical_grad(lambda x, y: x[0] * y, np.array([2.0, 1.0]), 3.0)
    assert isinstance(by_x, np.ndarray)
    assert by_x.tolist() == pytest.approx([3.0, 0.0])
    assert by_y == pytest.approx(2.0)


def test_values_are_varied_in_place_and_put_back():
    v = Values([2.0, 3.0], "v")
    found = numerical_grad(lambda *_: v[0] * v[1], *v)
    assert found == pytest.approx((3.0, 2.0))
    assert (v.data, v.grad) == ([2.0, 3.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="log"):
        numerical_grad(lambda x: ag.log(x), v[0], h=5.0)
    assert v.data == [2.0, 3.0]


def test_a_function_of_plain_numbers_only_is_fine():
    assert numerical_grad(lambda x: math.sin(float(x)), 0.5) == pytest.approx(math.cos(0.5))
    np = pytest.importorskip("numpy")
    assert numerical_grad(lambda x: np.float64(float(x)), 0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        ((3.0,), {}, TypeError, "takes a function and its arguments, got 3.0: give"),
        ((ag.exp,), {}, ValueError, r"no numbers to vary: it was given \(\)"),
        ((ag.sum, []), {}, ValueError, r"no numbers to vary: it was given \(\[\],\)"),
        ((ag.exp, "a"), {}, TypeError, "argument 0: expected a real number, got 'a'"),
        ((ag.exp, 1.0), {"h": 0.0}, ValueError, "h must be a finite number above 0, got 0.0"),
        ((ag.exp, 1.0), {"h": -1}, ValueError, "h must be a finite number above 0, got -1"),
        ((ag.exp, 1.0), {"h": math.inf}, ValueError, "h must be a finite number above 0, got inf"),
        ((ag.exp, 1.0), {"h": "big"}, ValueError, "h must be a finite number above 0, got 'big'"),
        ((ag.exp, 1.0), {"h": 1e-20}, ValueError, r"h = 1e-20 is too small: 1.0 \+ h is 1.0"),
        ((ag.exp, 1.0), {"scheme": "backward"}, ValueError, "\"forward\", got 'backward'"),
        ((lambda x: [x], 1.0), {}, TypeError, "real number, got"),
        ((lambda x: None, 1.0), {}, TypeError, "real number, got None"),
    ],
)
def test_wrong_input_is_refused_and_named(arguments, settings, error, message):
    with pytest.raises(error, match=message):
        numerical_grad(*arguments, **settings)
