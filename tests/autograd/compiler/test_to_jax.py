"""`to_jax` gives a pure function whose values and derivatives are those of the engine."""

from __future__ import annotations

import math
from unittest.mock import patch

import pytest

import autograd
import nn
from autograd import TABLE, Unary, Value, to_jax, vmap

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402  # after it is known to be there
import numpy as np  # noqa: E402  # as above

jax.config.update("jax_enable_x64", True)
OPERATIONS = [operation for operation in TABLE.values() if not operation.is_own]
POINTS = [(operation, sample) for operation in OPERATIONS for sample in operation.samples]
FIRST = [(operation, operation.samples[0]) for operation in OPERATIONS]


def close(got, expected, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(got, float), expected, rtol=tolerance, atol=tolerance)


def flat(sample):
    return [x for each in sample for x in (each if isinstance(each, list) else [each])]


def applied(operation, sample, numbers):
    """Return the operation at the next of the numbers, in the places that the sample has."""
    of = [[next(numbers) for _ in x] if isinstance(x, list) else next(numbers) for x in sample]
    return operation(*of)


def everything(xs):
    rest = iter(xs)
    return [applied(operation, sample, rest) for operation, sample in FIRST]


@pytest.mark.slow
def test_every_operation_has_its_value_and_its_derivatives():
    numbers = [x for _, sample in FIRST for x in flat(sample)]
    factors = np.arange(1.0, len(FIRST) + 1)
    values = [Value(x) for x in numbers]
    autograd.dot(factors.tolist(), everything(values)).backward()
    F = to_jax(lambda: everything(values))

    def weighted(p):
        outputs = F(p)
        return outputs @ factors, outputs

    gradient, outputs = jax.jit(jax.grad(weighted, has_aux=True))(F.parameters())
    close(outputs, [float(y) for y in everything(numbers)])
    close(gradient, [v.grad for v in F.values])
    assert all(v.grad == 0.0 for v in {*values} - {*F.values})


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample"), POINTS)
def test_every_operation_of_arguments_has_its_derivatives_of_two_orders(operation, sample):
    def of(xs):
        return applied(operation, sample, iter(xs))

    F = to_jax(of, flat(sample))
    close(F(jnp.zeros(0), flat(sample)), float(of(flat(sample))))
    for derivative, expected in ((jax.grad, autograd.grad), (jax.hessian, autograd.hessian)):
        got = jax.jit(derivative(F, 1))(jnp.zeros(0), jnp.array(flat(sample)))
        close(got, expected(of)(flat(sample)))


KINKS = [
    ("relu", (0.0,)),
    ("abs", (0.0,)),
    ("heaviside", (0.0,)),
    ("leaky_relu", (0.0, 0.01)),
    ("equal", (1.0, 1.0)),
    ("maximum", (1.0, 1.0, 0.0)),
    ("minimum", (1.0, 1.0, 2.0)),
    ("sqrt", (0.0,)),
    ("asin", (1.0,)),
]


@pytest.mark.slow
def test_the_derivative_at_a_kink_is_the_choice_of_the_table():
    points = [list(point) for _, point in KINKS]
    F = to_jax(
        lambda points: [TABLE[name](*xs) for (name, _), xs in zip(KINKS, points, strict=True)],
        points,
    )
    found = jax.jit(jax.jacfwd(F, 1))(jnp.zeros(0), points)
    for i, (name, point) in enumerate(KINKS):
        close([each[i] for each in found[i]], TABLE[name].special[point])


def test_a_constant_exponent_needs_no_logarithm_of_the_base():
    F = to_jax(lambda x: x**2.0 + x**3.0 + x**0.0, -2.0)
    slope = jax.jit(jax.grad(F, 1))
    close(slope(jnp.zeros(0), -2.0), 8.0)
    close(slope(jnp.zeros(0), 0.0), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("point", [(0.0, 2.0), (0.0, 0.5), (-2.0, 2.0), (3.0, 1.5)])
def test_a_power_has_the_derivatives_of_the_table_also_at_0(point):
    a, b = map(Value, point)
    (a**b).backward()
    F = to_jax(lambda x, y: x**y, *point)
    close(jax.grad(F, (1, 2))(jnp.zeros(0), *point), [a.grad, b.grad])


def test_a_power_of_the_number_0_has_no_logarithm():
    G = to_jax(lambda y: 0.0**y, 2.0)  # a base that is no variable
    slope = jax.jit(jax.grad(G, 1))
    close([slope(jnp.zeros(0), y) for y in (2.0, 0.0)], [0.0, 0.0])


def test_nothing_flows_through_stop_gradient_or_data():
    w = Value(3.0)
    F = to_jax(lambda x: autograd.stop_gradient(w) * x + w * w.data, 2.0)
    close(jax.jit(jax.grad(F))(F.parameters(), 2.0), [3.0])


def test_an_operation_of_your_own_has_your_derivative():
    with patch.dict(TABLE):
        bent = Unary("bent", lambda m, x: m.where(x > 0, x * x, m.sin(x)), lambda y, x: 7.0 * x)
        w = Value(2.0)
        F = to_jax(lambda xs: autograd.sum(vmap(lambda x: bent(w * x))(xs)), [1.0, -1.0])
        x = np.array([1.0, -0.5, 2.0])
        p = F.parameters()
        all_orders = jax.jit(lambda p: (F(p, x), jax.grad(F)(p, x), jax.hessian(F)(p, x)))
        value, gradient, curvature = all_orders(p)
        close(value, 4.0 + math.sin(-1.0) + 16.0)
        close(gradient, [7.0 * float(2.0 * x @ x)])
        close(curvature, [[7.0 * float(x @ x)]])


@pytest.fixture(name="model")
def _model():
    return nn.MLP(2, [5, 3], "tanh", rng=0)


@pytest.fixture(name="data")
def _data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 2)), rng.integers(0, 3, 12)


def gradient_of(result, values):
    result.backward()
    return [value.grad for value in values]


def loss_of(model):
    def loss(X, y):
        losses = vmap(lambda x, t: nn.cross_entropy([model(x)], [t]))(X, y)
        return autograd.mean(losses) + 0.01 * nn.l2(model.parameters())

    return loss


def test_a_loss_over_any_number_of_rows_is_the_engines(model, data):
    X, y = data
    loss = loss_of(model)
    F = to_jax(loss, X[:2].tolist(), y[:2].tolist())
    assert set(F.values) == set(model.parameters())
    assert "@" in F.source
    for n in (1, 12):
        expected = loss(X[:n].tolist(), y[:n].tolist())
        value, gradient = jax.jit(jax.value_and_grad(F))(F.parameters(), X[:n], y[:n])
        close(value, expected.data)
        close(gradient, gradient_of(expected, F.values))
        for v in F.values:
            v.grad = 0.0


def test_a_function_of_one_row_is_mapped_over_rows(model, data):
    X, _ = data
    F = to_jax(model, X[0].tolist())
    outputs = jax.jit(jax.vmap(F, in_axes=(None, 0)))(F.parameters(), X)
    close(outputs, [[z.data for z in model(x)] for x in X.tolist()])


def test_training_in_jax_trains_the_model(model, data):
    X, y = data
    loss = loss_of(model)
    F = to_jax(loss, X.tolist(), y.tolist())
    p, slope = F.parameters(), jax.jit(jax.value_and_grad(F))
    before = loss(X.tolist(), y.tolist()).data
    for _ in range(20):
        p = p - 0.3 * slope(p, X, y)[1]
    close(slope(F.parameters(), X, y)[0], before)  # the model is as it was
    F.write_back(p)
    after = loss(X.tolist(), y.tolist()).data
    close(slope(p, X, y)[0], after)
    assert after < before - 0.1


def test_arguments_are_trees_and_so_are_results():
    w = Value(2.0)

    def f(a, b, c):
        rows = [[w * x for x in row] for row in a["m"]]
        return {"rows": rows, "pair": (b[0] * c, [b[1], 1.0])}

    F = to_jax(f, {"m": [[1.0, 2.0], [3.0, 4.0]]}, (5.0, 6.0), Value(7.0))
    got = F(F.parameters(), {"m": jnp.array([[1.0, 0.0], [0.0, 1.0]])}, (1.0, jnp.array(2.0)), 3.0)
    close(got["rows"], [[2.0, 0.0], [0.0, 2.0]])
    close(got["pair"][0], 3.0)
    close(got["pair"][1], [2.0, 1.0])


def test_a_tuple_of_plain_numbers_stays_a_tuple():
    w = Value(2.0)
    F = to_jax(lambda x: (w * x, (1.0, 3)), 5.0)
    product, numbers = F(F.parameters(), 7.0)
    close(product, 14.0)
    assert type(numbers) is tuple
    close(numbers, [1.0, 3.0])


def test_rows_may_be_trees():
    w = Value(2.0)
    F = to_jax(
        lambda rows: autograd.sum(vmap(lambda r: w * r["x"] + r["v"][1])(rows)),
        [{"x": 1.0, "v": (2.0, 3.0)}],
    )
    row = {"x": 1.0, "v": (0.0, 5.0)}
    close(F(F.parameters(), [row, row, row]), 21.0)


def test_a_value_as_argument_is_differentiated_by_jax():
    w = Value(2.0)
    F = to_jax(lambda a, b: w * a.tanh() * b, Value(1.0), Value(1.0))
    gradients = jax.jit(jax.grad(F, (0, 1, 2)))(F.parameters(), 0.5, 3.0)
    t = math.tanh(0.5)
    for got, expected in zip(gradients, ([3.0 * t], 6.0 * (1.0 - t * t), 2.0 * t), strict=True):
        close(got, expected)


def test_an_index_outside_gives_zero_and_no_error():
    table = [Value(3.0), Value(4.0)]
    F = to_jax(lambda i: autograd.take(table, i), 1)
    assert [float(F(F.parameters(), i)) for i in (0, 1, 2)] == [3.0, 4.0, 0.0]


w, v = Value(2.0, "w"), Value(3.0, "v")
product = w * v


def decides(x):
    return w if w * x[1] - 1.0 > 0 else x[0]


def decides_by_row(X):
    return autograd.sum(vmap(lambda x: w * x if x > 0.0 else w)(X))


def pair(X, y):
    return autograd.sum(vmap(lambda x, t: w * x * t)(X, y))


REFUSED = [
    (lambda: to_jax(3.0), TypeError, "takes a function and its arguments, got 3.0"),
    (lambda: to_jax(decides, [1.0, 2.0]), TypeError, r"w \* x\[1\].* > 0, which.*where"),
    (lambda: to_jax(decides_by_row, [1.0, 2.0]), TypeError, "comparison a row of X > 0"),
    (lambda: to_jax(lambda x: max(x, w), 1.0), TypeError, "comparison w > x"),
    (lambda: to_jax(lambda x, name: x, 1.0, "a"), TypeError, "got 'a': bind it"),
    (lambda: to_jax(lambda x: x * product, 1.0), TypeError, "computed outside by mul: compute it"),
    (lambda: to_jax(lambda x: w * float(x), 1.0), TypeError, "float"),
    (lambda: to_jax(pair, [1.0], [1.0])([1.0], [1.0]), TypeError, "2 arguments.*got 1"),
    (lambda: to_jax(pair, [1.0], [1.0])([1.0, 2.0], [1.0], [1.0]), ValueError, r"\(1,\).*\(2,\)"),
    (lambda: to_jax(pair, [1.0], [1.0])([1.0], [1.0], [1.0, 2.0]), ValueError, "1 and 2"),
    (
        lambda: to_jax(pair, [1.0], [1.0])([1.0], [[1.0]], [1.0]),
        ValueError,
        r"X has.*\(rows\).*1, 1",
    ),
    (lambda: to_jax(pair, [1.0], [1.0])([1.0], ["a"], [1.0]), TypeError, "X: expected numbers"),
    (lambda: to_jax(lambda x: x[0] * w, [1.0])([1.0], [1.0, 2.0]), ValueError, "x has the shape"),
    (lambda: to_jax(lambda d: d["a"], {"a": 1.0})([], {"b": 1.0}), ValueError, "d must be built"),
    (lambda: to_jax(decides_by_row, [1.0, -2.0]), TypeError, "comparison"),
    (lambda: to_jax(pair, [1.0], [1.0]).write_back([1.0, 2.0]), ValueError, r"got \(2,\)"),
]


@pytest.mark.filterwarnings("ignore:vmap. a comparison comes out differently")
@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_cannot_be_is_refused_with_a_sentence(call, kind, message):
    with pytest.raises(kind, match=message) as error:
        call()
    assert "\n" not in str(error.value)
    assert (w.data, v.data) == (2.0, 3.0)


def test_float32_is_said():
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(UserWarning, match=r'float32.*jax.config.update\("jax_enable_x64", True'):
            F = to_jax(lambda x: w * x, 1.0)
        assert F(F.parameters(), 0.1).dtype == jnp.float32
    finally:
        jax.config.update("jax_enable_x64", True)


def test_without_jax_the_error_says_what_to_install():
    with (
        patch("autograd.compiler.jax_function.find_spec", return_value=None),
        pytest.raises(ModuleNotFoundError, match=r"pip install jax \(it is in chalkgrad\[scale\]"),
    ):
        to_jax(lambda x: x, 1.0)
