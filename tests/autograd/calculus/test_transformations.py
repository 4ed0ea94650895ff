"""Derivatives of functions are exact, of any order, and have the structure of the arguments."""

import math
import subprocess
import sys
from itertools import pairwise
from typing import NamedTuple

import pytest

import autograd as ag
from autograd import (
    Constant,
    Value,
    adjoints,
    directional_derivative,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    taylor,
    topological_order,
    value_and_grad,
    vjp,
)

approx = pytest.approx


# ---------------------------------------------------------------------------------- the graph


def test_an_adjoint_is_one_dot_node_over_the_fan_out():
    x = Value(0.3)
    consumers = [x.sin(), x.exp(), x * x]
    (dx,) = adjoints(ag.sum(consumers), [x])
    assert dx.op is ag.dot
    assert len(dx.parents) == 2 * 4  # x * x consumes x twice
    assert dx.data == approx(math.cos(0.3) + math.exp(0.3) + 0.6, rel=1e-15)


def test_adjoints_of_the_root_itself_of_unrelated_nodes_and_of_plain_numbers():
    x = Value(2.0)
    y = x * x
    assert adjoints(y, [y, Value(2.0), x])[:2] == [1.0, 0.0]
    assert adjoints(y * 3 + 1, [y]) == [3.0]  # all local gradients are plain numbers
    assert adjoints(5.0, [x]) == [0.0]
    assert adjoints(y.relu() * 0 + 4, [x]) == [0.0]
    z = x * y
    assert [float(g) for g in adjoints(z, [x, y])] == [12.0, 2.0]
    assert [float(g) for g in adjoints(z, [x, y], partial=True)] == [4.0, 2.0]


def test_the_graph_of_a_gradient_grows_linearly_even_if_paths_grow_exponentially():
    sizes = []
    for n in (50, 100):
        x = y = Value(1.0)
        for _ in range(n):  # 3**n paths
            y = (y * y + y) * 0.5
        (dx,) = adjoints(y, [x])
        (second,) = adjoints(dx, [x])
        sizes.append([len(topological_order(v)) for v in (y, dx, second)])
    for half, full in zip(*sizes, strict=True):
        assert abs(full - 2 * half) <= 10
    assert sizes[1][2] < 12 * sizes[1][0]


def test_infinite_derivatives_at_legal_points_are_recorded():
    assert grad(ag.sqrt)(0.0) == math.inf
    assert grad(grad(ag.sqrt))(0.0) == -math.inf
    assert grad(ag.asin)(1.0) == math.inf
    assert grad(lambda x: x**0.5, 0)(0.0) == math.inf
    x = Value(0.0)
    (dx,) = adjoints(x.sqrt() * 2, [x])
    assert dx.data == math.inf
    assert dx.parents


@pytest.mark.parametrize("length", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_chain_of_operations_and_the_second_derivative_of_a_tenth(length):
    def chain(n):
        def f(x):
            for _ in range(n):
                x = x * 0.99999
            return x * x

        return f

    tenth = length // 10
    assert grad(chain(length))(1.0) == approx(2 * 0.99999 ** (2 * length), rel=1e-9)
    assert grad(grad(chain(tenth)))(1.0) == approx(2 * 0.99999 ** (2 * tenth), rel=1e-10)
    out, moved = jvp(chain(tenth), (1.0,), (3.0,))
    assert moved == approx(6 * out, rel=1e-12)


# ------------------------------------------------------------------------------------- nesting


def test_nested_derivatives_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0  # even at the same variable
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1])(1.0) == 1.0
    assert jvp(lambda x: x * grad(lambda y: x * y * y)(x), (3.0,), (1.0,))[1] == 6 * 9.0
    assert grad(lambda x: vjp(lambda y: x * y, 2.0)[1](x)[0])(3.0) == 6.0  # x as a cotangent
    assert grad(lambda x: jvp(lambda y: y * y, (2.0,), (x,))[1])(3.0) == 4.0  # and as a tangent
    assert grad(lambda x: hessian(lambda y: y**3 * x)(x))(2.0) == 6 * 2 * 2.0
    assert grad(lambda x: taylor(lambda y: x * y**2, 1.0, 1)[1])(5.0) == 2.0


def test_any_order_equals_sympy():
    sympy = pytest.importorskip("sympy")
    t = sympy.Symbol("t")
    exact = sympy.exp(sympy.sin(t)) / (1 + t**2) + sympy.log(2 + t) ** 3

    def f(x):
        return ag.exp(ag.sin(x)) / (1 + x**2) + ag.log(2 + x) ** 3

    derivative = f
    for _ in range(5):
        exact, derivative = sympy.diff(exact, t), grad(derivative)
        assert derivative(0.7) == approx(
            float(exact.subs(t, sympy.Rational(0.7)).evalf(30)), rel=1e-10
        )


def test_results_are_floats_unless_they_depend_on_values_from_outside():
    w, x = Value(2.0, "w"), Value(3.0)
    assert type(grad(lambda x: x**3)(2)) is float
    slope = grad(lambda x: (w * x).tanh())(0.5)
    assert isinstance(slope, Value)
    (slope * slope).backward()  # a penalty on a gradient trains the model
    expected = grad(lambda w: grad(lambda x: ag.tanh(w * x))(0.5) ** 2)(2.0)
    assert w.grad == approx(expected, rel=1e-14)
    (at_value,) = adjoints(grad(lambda x: x**3)(x), [x])
    assert at_value.data == 18.0
    assert type(grad(lambda x: x * x)(Constant(3.0))) is float


def test_derivatives_leave_grad_alone_and_work_inside_no_grad():
    w, x = Value(2.0), Value(3.0)
    for derivative in (grad, hessian, jacobian):
        derivative(lambda x: w * x * x)(x)
    assert w.grad == 0.0
    assert x.grad == 0.0
    with no_grad():
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        assert jvp(lambda x: x**3, (2.0,), (1.0,)) == (8.0, 12.0)
        outside = grad(lambda x: w * x)(3.0)
    assert (outside.data, outside.parents) == (2.0, ()) or outside is w


def test_compiled_functions_differentiate_again_and_derivatives_compile():
    pytest.importorskip("numpy")

    def f(x):
        return ag.tanh(x[0] * x[1]) + x[0] ** 2

    x, fast = [0.5, 2.0], ag.compile(f)
    assert grad(fast)(x) == approx(grad(f)(x), rel=1e-14)
    for row, exact in zip(hessian(fast)(x), hessian(f)(x), strict=True):
        assert row == approx(exact, rel=1e-13)
    assert grad(lambda s: hvp(lambda x: fast(x) * s, (x,), ([1.0, s],))[0])(3.0) == approx(
        grad(lambda s: hvp(lambda x: f(x) * s, (x,), ([1.0, s],))[0])(3.0), rel=1e-13
    )
    with no_grad():
        assert jacobian(grad(fast))(x)[0] == approx(hessian(f)(x)[0], rel=1e-13)
    compiled_gradient = ag.compile(grad(f))(x)
    assert [float(g) for g in compiled_gradient] == approx(grad(f)(x), rel=1e-14)
    assert gradcheck(fast, x, order=2)
    # one argument may be computed from another
    assert grad(grad(lambda a: fast([a, a * a])))(0.7) == approx(
        grad(grad(lambda a: f([a, a * a])))(0.7)
    )


# ----------------------------------------------------------------------------------- structures


class Pair(NamedTuple):
    a: object
    b: object


STRUCTURES = [
    (2.0, lambda x: x**2, 4.0),
    ([1.0, [2.0, 3]], lambda x: x[0] * x[1][0] * x[1][1], [6.0, [3.0, 2.0]]),
    ((1.0, 2.0), lambda x: x[0] * x[1], (2.0, 1.0)),
    ({"w": [2.0], "b": True}, lambda p: p["w"][0] * p["b"], {"w": [1.0], "b": 2.0}),
    (Pair(2.0, [3.0]), lambda p: p.a * p.b[0], Pair(3.0, [2.0])),
    ([1.0, []], lambda x: x[0], [1.0, []]),
]


@pytest.mark.parametrize(("x", "f", "expected"), STRUCTURES)
def test_a_gradient_has_the_structure_of_the_argument(x, f, expected):
    got = grad(f)(x)
    assert got == expected
    assert type(got) is type(expected)
    assert list(got) == list(expected) if isinstance(expected, dict) else True
    value, gradient = value_and_grad(f)(x)
    assert gradient == expected
    assert type(value) is float


def test_argnums_and_keyword_arguments_are_as_in_jax():
    def f(x, y, *, scale=1.0):
        return scale * x * y["v"] ** 2

    assert grad(f)(2.0, {"v": 3.0}) == 9.0
    assert grad(f, 1)(2.0, {"v": 3.0}, scale=10.0) == {"v": 120.0}
    assert grad(f, (1, 0))(2.0, {"v": 3.0}) == ({"v": 12.0}, 9.0)
    assert grad(f, -1)(2.0, {"v": 3.0}) == {"v": 12.0}
    assert value_and_grad(f, argnums=(0,))(2.0, {"v": 3.0}) == (18.0, (9.0,))
    assert hessian(f, (0, 1))(2.0, {"v": 3.0}) == (
        (0.0, {"v": 6.0}),
        ({"v": (6.0, {"v": 4.0})}),
    )
    assert grad(lambda x, name: x * len(name))(2.0, "four") == 4.0  # a string that f gets as it is


def test_numpy_arrays_give_arrays_of_the_shapes_that_jax_gives():
    np = pytest.importorskip("numpy")
    A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = np.array([1.0, -1.0, 2.0])
    gradient = grad(lambda x: (x * x).sum())(x)
    assert gradient.dtype == float
    assert gradient.tolist() == [2.0, -2.0, 4.0]
    assert grad(lambda A: (A @ x).sum())(A).tolist() == [[1.0, -1.0, 2.0]] * 2
    assert jacobian(lambda x: A @ x)(x).tolist() == A.tolist()
    assert jacobian(lambda A: A @ x)(A).shape == (2, 2, 3)
    assert hessian(lambda x: (x**3).sum())(x).tolist() == np.diag(6 * x).tolist()
    by_both = jacobian(lambda A, x: A @ x, (0, 1))(A, x)
    assert [part.shape for part in by_both] == [(2, 2, 3), (2, 3)]
    by_name = jacobian(lambda p: p["x"] * 2)({"x": x})
    assert by_name["x"].tolist() == (2 * np.eye(3)).tolist()
    out, back = vjp(lambda x: A @ x, x)
    assert out.tolist() == (A @ x).tolist()
    assert back(np.array([1.0, 10.0]))[0].tolist() == (A.T @ [1.0, 10.0]).tolist()
    assert grad(lambda x: x * 2)(np.float32(3)) == 2.0
    assert grad(lambda x: x * 2)(np.array(3)) == 2.0


def test_numpy_is_not_imported_unless_arrays_are_given():
    code = (
        "import sys, autograd as a; a.hessian(lambda x: x[0] ** 2 * x[1])([1.0, 2.0]);"
        "a.gradcheck(a.sin, 0.3); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: 3, lambda x: Value(3.0), lambda x: x * 0])
def test_a_function_that_ignores_its_argument_has_gradient_zero(f):
    assert float(grad(f)(2.0)) == 0.0
    assert float(grad(grad(f))(2.0)) == 0.0
    assert float(jvp(f, (2.0,), (1.0,))[1]) == 0.0
    assert float(vjp(f, 2.0)[1](1.0)[0]) == 0.0
    assert jacobian(lambda x: [f(x[0]) * 0.0, x[1]])([2.0, 3.0])[1] == [0.0, 1.0]


# ------------------------------------------------------------------------------ products, Taylor


def field(x):
    a, b, c = x
    return [ag.sin(a * b), ag.exp(c) / b, a * b * c, b**3]


def test_vjp_and_jvp_are_products_with_the_jacobian():
    x, v, u = [0.3, -1.2, 0.7], [1.0, -2.0, 0.5, 3.0], [0.2, 0.4, -1.0]
    J = jacobian(field)(x)
    out, vjp_fn = vjp(field, x)
    assert out == field(x)
    (back,) = vjp_fn(v)
    assert back == approx([sum(v[i] * J[i][j] for i in range(4)) for j in range(3)], rel=1e-13)
    out, forward = jvp(field, (x,), (u,))
    assert out == field(x)
    assert forward == approx([sum(J[i][j] * u[j] for j in range(3)) for i in range(4)], rel=1e-13)


def test_hvp_is_a_product_with_the_hessian_and_costs_the_same_per_node_at_any_size():
    def f(x):
        total = ag.sum([a * b * b for a, b in pairwise(x)])
        return ag.tanh(total) + total**2

    x, v = [0.1 * i for i in range(6)], [1.0, 0.5, -1.0, 0.0, 2.0, 0.3]
    H = hessian(f)(x)
    assert hvp(f, (x,), (v,)) == approx([ag.dot(row, v) for row in H], rel=1e-12)
    both = hvp(lambda a, b: a * b[0] ** 2, (2.0, [3.0]), (1.0, [10.0]))
    assert both == (60.0, [46.0])

    def nodes_per_node(n):
        x = [Value(0.01 * i) for i in range(n)]
        product = ag.sum(hvp(f, (x,), ([1.0] * n,)))
        return len(topological_order(product)) / len(topological_order(f(x)))

    assert nodes_per_node(200) < 1.2 * nodes_per_node(50) < 20


def test_a_directional_derivative_is_the_gradient_along_a_direction():
    def f(x):
        return x[0] ** 2 * x[1]

    assert directional_derivative(f, [3.0, 4.0], [0.6, -0.8]) == approx(0.6 * 24 - 0.8 * 9)


def test_taylor_coefficients_equal_sympy():
    sympy = pytest.importorskip("sympy")
    t = sympy.Symbol("t")
    series = sympy.series(sympy.exp(sympy.sin(t)), t, 0, 9).removeO()
    expected = [float(series.coeff(t, k)) for k in range(9)]
    assert taylor(lambda x: ag.exp(ag.sin(x)), 0.0, 8) == approx(expected, abs=1e-14)
    assert taylor(lambda x: 5.0, 0.0, 2) == [5.0, 0.0, 0.0]
    assert taylor(ag.exp, 0.0, 0) == [1.0]


# ------------------------------------------------------------------------------------- Hessians


POINTS = [((0.5, -1.0), 1), ((-0.3, 0.8), -1), ((1.5, 0.2), 1)]


def rosenbrock(m, x):
    return sum([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)])


def logistic_loss(m, w):
    scores = [w[0] * x + w[1] * y + w[2] for (x, y), _ in POINTS]
    return sum([m.log(1 + m.exp(-s * t)) for s, (_, t) in zip(scores, POINTS, strict=True)])


def two_layer_mlp_loss(m, p):
    total = 0
    for (x, y), target in POINTS:
        hidden = [m.tanh(p[3 * i] * x + p[3 * i + 1] * y + p[3 * i + 2]) for i in range(2)]
        out = m.tanh(p[6] * hidden[0] + p[7] * hidden[1] + p[8])
        total += (out - target) ** 2
    return total


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (rosenbrock, [-1.2, 1.0, 0.7]),
        (logistic_loss, [0.4, -0.7, 0.1]),
        pytest.param(
            two_layer_mlp_loss,
            [math.sin(3 * i + 1) for i in range(9)],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_hessians_are_symmetric_and_equal_to_those_of_sympy(f, x):
    sympy = pytest.importorskip("sympy")
    n = len(x)
    H = hessian(lambda x: f(ag, x))(x)
    assert all(H[i][j] == approx(H[j][i], rel=1e-12, abs=1e-12) for i in range(n) for j in range(i))
    symbols = sympy.symbols(f"x:{n}", real=True)
    entries = sympy.hessian(f(sympy, symbols), symbols)
    exact = sympy.lambdify([symbols], entries, "mpmath", cse=True)(x)
    for i in range(n):
        assert H[i] == approx([float(exact[i, j]) for j in range(n)], rel=1e-10, abs=1e-12)


# ------------------------------------------------------------------------------------ bad input


def returns_none(x):
    x * x


BAD = [
    (lambda: grad(ag.sin)("three"), TypeError, "argument 0: expected a real number, got 'three'"),
    (
        lambda: grad(lambda p: p["w"][1])({"w": [1.0, None]}),
        TypeError,
        r"argument 0\['w'\]\[1\]: .* None",
    ),
    (lambda: grad(ag.sin)(1j), TypeError, "expected a real number, got 1j"),
    (
        lambda: grad(ag.sin)({1.0, 2.0}),
        TypeError,
        "argument 0: expected a real number, got {1.0, 2.0}",
    ),
    (lambda: grad(ag.sum)([]), ValueError, r"argument 0 has no numbers in it: \[\]"),
    (
        lambda: grad(ag.sin, 1)(1.0),
        ValueError,
        "argnums=1 must .* the call has 1 positional argument$",
    ),
    (lambda: grad(ag.sin)(), ValueError, r"at arguments, such as grad\(f\)\(2.0\), got none$"),
    (
        lambda: grad(ag.mul, (0, -2))(1.0, 2.0),
        ValueError,
        r"argnums=\(0, -2\) must number different ones",
    ),
    (lambda: grad(ag.mul, "a")(1.0, 2.0), TypeError, "argnums must be an int .* got 'a'"),
    (lambda: grad(ag.mul, 0.0)(1.0, 2.0), TypeError, "argnums must be an int .* got 0.0"),
    (lambda: grad(returns_none)(1.0), TypeError, "returns_none returned None.* return"),
    (lambda: jacobian(returns_none)(1.0), TypeError, "returns_none returned None.* return"),
    (lambda: grad(lambda x: "x")(1.0), TypeError, "what <lambda> returned: expected a real number"),
    (lambda: grad(lambda x: [x, x])(1.0), TypeError, r"\[number, number\]: use jacobian"),
    (lambda: value_and_grad(lambda x: (x,))(1.0), TypeError, "use jacobian"),
    (lambda: hessian(lambda x: [x * x])(1.0), TypeError, "use jacobian"),
    (lambda: taylor(lambda x: [x * x], 1.0, 1), TypeError, "use jacobian"),
    (lambda: grad(Value(3.0))(1.0), TypeError, r"expected a function.*adjoints\(y, \[x\]\)"),
    (lambda: grad(None)(1.0), TypeError, "expected a function, got None"),
    *((lambda f=f: f(Value(3.0) * 2), TypeError, r"exists already there is adjoints\(y, \[x\]\)")
      for f in (grad, value_and_grad, jacobian, hessian)),
    (lambda: hessian(ag.mul)(0, 0), ValueError, r"hessian\(f, argnums=\(0, 1\)\) for all of them"),
    (lambda: hessian(ag.mul)(Value(0.0), 0.5), ValueError, "argnums=0 for the first one alone"),
    (lambda: jvp(ag.mul, (1.0, 2.0), (1.0,)), ValueError, "as many tangents as primals: 2, got 1"),
    (
        lambda: jvp(ag.sum, ([1.0, 2.0],), ([1.0],)),
        ValueError,
        r"tangent 0 must be like \[number, number\], got \[number\]",
    ),
    (lambda: jvp(ag.sin, 1.0, 1.0), TypeError, "primals must be a tuple.* got 1.0"),
    (
        lambda: jvp(ag.sin, (1.0,), ("up",)),
        TypeError,
        "tangent 0: expected a real number, got 'up'",
    ),
    (
        lambda: hvp(ag.sin, (1.0,), ([1.0],)),
        ValueError,
        r"tangent 0 must be like number, got \[number\]",
    ),
    (lambda: vjp(field, [1.0] * 3)[1]([1.0]), ValueError, "the cotangent must be like"),
    (lambda: directional_derivative(ag.sum, [1.0], 2.0), ValueError, "tangent 0 must be like"),
    (lambda: taylor(ag.sin, 0.0, -1), ValueError, "whole number >= 0, got -1"),
    (lambda: taylor(ag.sin, [0.0], 1), TypeError, "expected"),
    (lambda: taylor(ag.exp, 0.0, 171), ValueError, "order 170 at most, got 171"),
    *((lambda f=f, x=x: grad(f)(x), TypeError, r"lose the derivative: .*autograd\.sin.* \.data")
      for f in (math.sin, lambda x: float(3 * x) ** 2, lambda x: x * int(x),
                lambda x: grad(lambda y: y * float(x))(1.0))
      for x in (1.0, Value(1.0))),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_an_error_that_says_what_was_given_and_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_numbers_read_from_values_outside_are_constants():
    w = Value(2.0)
    assert grad(lambda x: x * float(w))(1.0) == 2.0
    assert grad(lambda x: x * math.sin(x.data))(1.0) == math.sin(1.0)
    assert grad(lambda x: x * math.sin(grad(lambda y: y * y)(2.0)))(1.0) == math.sin(4.0)
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert gradcheck(lambda x: x * float(w), 1.0, order=2).ok
    assert float(w) == 2.0


@pytest.mark.slow  # 10 seconds, nearly all of them JAX's
def test_names_argument_order_and_results_are_those_of_jax():
    jax = pytest.importorskip("jax")
    np = pytest.importorskip("numpy")
    jax.config.update("jax_enable_x64", True)

    def mine(p, x):
        return ag.sum(ag.tanh(p["w"][0] * x[i] + p["w"][1]) * x[1 - i] for i in (0, 1)) * p["s"]

    def theirs(p, x):
        return sum(jax.numpy.tanh(p["w"][0] * x[i] + p["w"][1]) * x[1 - i] for i in (0, 1)) * p["s"]

    p, x = {"w": [0.5, -1.0], "s": 2.0}, (0.3, 0.7)
    dp, dx = {"w": [1.0, 0.0], "s": -1.0}, (0.1, 0.2)

    def results(m, f):
        yield m.grad(f)(p, x)
        yield m.grad(f, argnums=1)(p, x)
        yield m.value_and_grad(f, (0, 1))(p, x)
        yield m.hessian(f)(p, x)
        yield m.hessian(f, argnums=(0, 1))(p, x)
        yield m.jacobian(lambda p, x: {"y": [f(p, x), p["s"] * x[0]]}, 1)(p, x)
        yield m.jvp(f, (p, x), (dp, dx))
        out, vjp_fn = m.vjp(lambda p, x: (f(p, x), x[0] * x[0]), p, x)
        yield out
        yield vjp_fn((0.5, 2.0))
        A = np.arange(6.0).reshape(2, 3) / 7
        v = np.array([0.5, -1.0, 2.0])
        yield m.jacobian(lambda A: (A @ v) ** 2)(A)
        yield m.jacobian(lambda A, v: (A @ v) ** 2, (0, 1))(A, v)
        yield m.grad(lambda A: ((A @ v) ** 2).sum())(A)
        yield m.hessian(lambda v: ((A @ v) ** 2).sum())(v)

    for got, expected in zip(results(ag, mine), results(jax, theirs), strict=True):
        got, expected = jax.tree.flatten(got), jax.tree.flatten(expected)
        assert got[1] == expected[1]
        for a, b in zip(got[0], expected[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
            assert np.shape(a) == np.shape(b)


def test_a_hessian_of_several_numbers_is_by_those_that_argnums_says():
    assert hessian(ag.mul, argnums=(0, 1))(2.0, 3.0) == ((0.0, 1.0), (1.0, 0.0))
    assert hessian(ag.mul, argnums=0)(2.0, 3.0) == 0.0
    assert hessian(lambda w, x: (w[0] * x) ** 2)([2.0], 3.0) == [[18.0]]  # parameters and data


# -------------------------------------------------------------------------------- stale graphs


def test_adjoints_refuse_a_graph_whose_operands_changed_since():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    cube = x * x * x
    y = cube * w
    (dx,) = adjoints(y, [x])
    x.data = 5.0
    message = r"x \* x was 9.0 when it was computed.*call autograd\.recompute\(y\)"
    for root, wrt in ((y, x), (cube, x), (dx, x)):
        with pytest.raises(RuntimeError, match=message):
            adjoints(root, [wrt])
    y.backward()  # uses what was recorded
    assert x.grad == 54.0
    assert adjoints(y, [w])[0].data == 27.0  # the derivative is cube itself, as it was computed
    assert adjoints(y, [cube], partial=True)[0].data == 2.0
    assert adjoints(ag.recompute(y), [x])[0].data == 150.0


def test_what_was_recorded_can_be_differentiated_while_it_is_compiled():
    pytest.importorskip("numpy", reason="compile needs NumPy")
    w = Value(2.0)
    fast = ag.compile(lambda x: grad(lambda z: z * z * w)(x))
    assert fast(3.0).data == 12.0
    w.data = 3.0
    assert fast(3.0).data == 18.0


def test_adjoints_of_a_function_and_calls_without_arguments_are_one_sentence():
    x = Value(3.0, "x")
    with pytest.raises(TypeError, match=r"^adjoints are of a Value, .*for a function there is"):
        adjoints(lambda x: x * x, [x])
    with pytest.raises(TypeError, match=r"^adjoints are of a Value, such as .*, got 'y'$"):
        adjoints("y", [x])
    with pytest.raises(TypeError, match=r"write adjoints\(y, \[x\]\), not \(y, x\)"):
        adjoints(x * x, x)
    for derivative in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(ValueError, match=r"at arguments, such as grad\(f\)\(2.0\), got none"):
            derivative(lambda x: x * x)()


def test_keyword_arguments_go_to_the_function_as_they_are():
    def f(x, *, power=2, scale=1.0):
        return [scale * x**power, x]

    def first(x, **options):
        return f(x, **options)[0]

    options = {"power": 3, "scale": 0.5}
    assert ag.grad(first)(2.0, **options) == 6.0
    assert ag.value_and_grad(first)(2.0, **options) == (4.0, 6.0)
    assert ag.jacobian(f)(2.0, **options) == [6.0, 1.0]
    assert ag.hessian(first)(2.0, **options) == 6.0
    assert ag.hessian(first)(2.0) == 2.0
