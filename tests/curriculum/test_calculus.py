"""The curriculum's rows on derivatives: directional, Jacobian, chain rule, Taylor, paths."""

import math

import pytest

import autograd as ag
from autograd import (
    Value,
    Values,
    directional_derivative,
    explain,
    grad,
    gradcheck,
    jacobian,
    taylor,
    topological_order,
    vjp,
)

approx = pytest.approx


def loss(x):
    """Some function of two variables without symmetry."""
    return ag.exp(x[0] * x[1]) + ag.sin(x[0]) * x[1] ** 2 + 0.5 * x[0]


def test_A5_the_directional_derivative_is_norm_times_norm_times_cosine_least_against_the_gradient():
    x = [0.4, -1.3]
    g = grad(loss)(x)
    norm, along = math.hypot(*g), math.atan2(g[1], g[0])
    slopes = {}
    for degrees in range(0, 360, 5):  # the angle between u and the gradient
        phi = math.radians(degrees)
        u = [2 * math.cos(along + phi), 2 * math.sin(along + phi)]
        slopes[degrees] = directional_derivative(loss, x, u)
        assert slopes[degrees] == approx(2 * norm * math.cos(phi), abs=1e-13 * norm)
        assert slopes[degrees] == approx(u[0] * g[0] + u[1] * g[1], abs=1e-13 * norm)
    assert min(slopes, key=slopes.get) == 180
    assert max(slopes, key=slopes.get) == 0
    assert slopes[90] == approx(0.0, abs=1e-13 * norm)


def test_A7_the_jacobian_is_q_by_p_and_that_of_Wx_is_W():
    W = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]

    def affine(x):
        return [ag.dot(row, x, 0.5) for row in W]

    assert jacobian(affine)([0.3, -1.0, 2.0]) == W

    def h(x):  # R^2 -> R^3, by hand below
        return [x[0] * x[1], ag.sin(x[0]), x[1] ** 2]

    assert jacobian(h)([0.3, 2.0]) == [[2.0, 0.3], [math.cos(0.3), 0.0], [0.0, 4.0]]


def transposed(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def product(A, B):
    return [[ag.dot(row, column) for column in zip(*B, strict=True)] for row in A]


def test_A7_in_the_other_layout_it_is_p_by_q_and_the_chain_rule_runs_the_other_way_round():
    W, x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [0.3, -1.0, 2.0]

    def affine(x):
        return [ag.dot(row, x) for row in W]

    def h(x):  # R^2 -> R^3
        return [x[0] * x[1], ag.sin(x[0]), x[1] ** 2]

    assert transposed(jacobian(affine)(x)) == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert jacobian(h)([0.0, 2.0]) == [[2.0, 0.0], [1.0, 0.0], [0.0, 4.0]]
    J_f, J_g = jacobian(affine)(x), jacobian(h)(affine(x))
    J = jacobian(lambda x: h(affine(x)))(x)
    other = product(transposed(J_f), transposed(J_g))
    for row, by_q_by_p in zip(J, product(J_g, J_f), strict=True):
        assert row == approx(by_q_by_p, rel=1e-13)
    for row, by_p_by_q in zip(transposed(J), other, strict=True):
        assert row == approx(by_p_by_q, rel=1e-13)


def test_A7_the_generalized_jacobian_has_the_shape_of_the_output_and_that_of_the_input():
    x = [0.3, -1.0, 2.0]

    def of_matrix(W):
        return [ag.dot(row, x) for row in W]

    zeros = [0.0, 0.0, 0.0]  # output j depends on row j only
    by_W = jacobian(of_matrix)([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert by_W == [[x, zeros], [zeros, x]]  # 2 + 2 x 3


@pytest.mark.parametrize(("r", "t"), [(1.0, 0.5), (2.0, -1.2), (0.3, 3.0), (-1.5, 10.0)])
def test_B2_the_chain_rule_for_two_intermediate_variables(r, t):
    def u(r, t):
        x, y = r * ag.sin(t), ag.sin(t) ** 2
        return x**2 + 2 * y

    by_r, by_t = grad(u, (0, 1))(r, t)
    assert by_r == approx(2 * r * math.sin(t) ** 2, rel=1e-13)
    assert by_t == approx((r**2 + 2) * math.sin(2 * t), rel=1e-13)

    nodes = {"r": Value(r, "r"), "t": Value(t, "t")}
    result = u(nodes["r"], nodes["t"])
    result.backward()
    assert (nodes["r"].grad, nodes["t"].grad) == (approx(by_r), approx(by_t))
    through_x_and_y = explain(result, nodes["t"])
    assert len(through_x_and_y.terms) == 2  # sin(t) is computed once for x and once for y
    assert sum(term.value for term in through_x_and_y.terms) == approx(by_t)


def test_B5_finite_differences_debug_a_backward_pass_parameter_by_parameter():
    data = [((0.5, -1.0), 1.0), ((-0.3, 0.8), 0.0), ((1.5, 0.2), 1.0)]

    def squared_error(w, b, square=lambda e: e * e):
        outputs = [ag.sigmoid(ag.dot(w, x, b)) for x, _ in data]
        return ag.sum([square(o - y) for o, (_, y) in zip(outputs, data, strict=True)])

    w, b = [0.1, -0.4], 0.2
    report = gradcheck(squared_error, w, b)
    assert [row.parameter for row in report] == ["w[0]", "w[1]", "b"]
    assert [row.verdict for row in report] == ["ok"] * 3
    assert [row.analytic for row in report][:2] == approx(grad(squared_error)(w, b))

    def forgotten(w, b):  # the bug: one of the two factors is a number, not a node
        return squared_error(w, b, square=lambda e: e * float(e))

    report = gradcheck(forgotten, w, b)
    assert [row.verdict for row in report] == ["wrong"] * 3
    assert [row.numeric / row.analytic for row in report] == approx([2.0] * 3)  # a factor is lost


def test_B7_a_direction_with_negative_slope_descends_and_taylor_says_how_much():
    x, v = [0.4, -1.3], [1.0, 0.5]
    slope = directional_derivative(loss, x, v)
    v = [-c * math.copysign(1, slope) for c in v]
    slope = directional_derivative(loss, x, v)
    assert slope < 0

    def along(t):
        return loss([x[0] + t * v[0], x[1] + t * v[1]])

    for t in (1e-1, 1e-2, 1e-3):
        assert along(t) < along(0.0)
        low, high = 0.0, t  # mean value: f(x + tv) = f(x) + t grad f(x + t~ v) . v, 0 < t~ < t
        mean_slope = (along(t) - along(0.0)) / t
        rising = grad(grad(along))(0.0) > 0
        for _ in range(60):
            middle = (low + high) / 2
            if (grad(along)(middle) < mean_slope) == rising:
                low = middle
            else:
                high = middle
        at = [x[0] + low * v[0], x[1] + low * v[1]]
        assert 0 < low < t
        assert along(0.0) + t * directional_derivative(loss, at, v) == approx(along(t), rel=1e-12)


def test_B7_taylor_polynomials_by_repeated_differentiation_approach_at_their_order():
    def f(x):
        return ag.exp(x) / (2 - x)  # all its derivatives are positive

    x0 = 0.3
    for order in (1, 2, 3, 5, 7):
        coefficients = taylor(f, x0, order)
        derivative = f
        for k, c in enumerate(coefficients):
            assert c == approx(derivative(x0) / math.factorial(k), rel=1e-11)
            derivative = grad(derivative)
        errors = []
        for h in (0.1, 0.05):
            polynomial = sum(c * h**k for k, c in enumerate(coefficients))
            errors.append(abs(f(x0 + h) - polynomial))
        assert math.log2(errors[0] / errors[1]) == approx(order + 1, abs=0.1)


def test_D11_the_sum_over_paths_is_backward_and_a_vjp_is_the_transposed_jacobian_times_v():
    w = Value(0.7, "w")
    x, y = w.sin(), w * w
    z = x * y + ag.exp(x) * w
    z.backward()
    explanation = explain(z, w, paths=100)
    assert explanation.path_count == len(explanation.paths) == 5
    assert math.fsum(path.value for path in explanation.paths) == approx(w.grad, rel=1e-15)
    assert explanation.derivative == w.grad

    def g(x):
        return [x[0] * x[1], ag.sin(x[1]), x[2] ** 3, x[0] / x[2]]

    x, v = [0.5, -1.5, 2.0], [1.0, -2.0, 0.5, 3.0]
    J = jacobian(g)(x)
    transposed_times_v = [sum(J[i][j] * v[i] for i in range(4)) for j in range(3)]
    assert vjp(g, x)[1](v)[0] == approx(transposed_times_v, rel=1e-14)

    def matrix(X):  # a matrix in, a matrix out: the same product, on all entries
        return [[ag.dot(row, column) for column in zip(*X, strict=True)] for row in X]

    X, V = [[1.0, 2.0], [3.0, 4.0]], [[0.1, -0.2], [0.3, 0.4]]
    J = jacobian(matrix)(X)
    expected = [
        [sum(V[a][b] * J[a][b][i][j] for a in (0, 1) for b in (0, 1)) for j in (0, 1)]
        for i in (0, 1)
    ]
    (product,) = vjp(matrix, X)[1](V)
    for row, exact in zip(product, expected, strict=True):
        assert row == approx(exact, rel=1e-14)


def test_D12_general_back_propagation_with_vectors_v_w_x_y_z_and_v_y():
    """v -> w -> x -> y -> z and v -> y, all but z of them vectors, each of its own length."""

    def w_of(v):
        return [v[0] * v[1], ag.sin(v[1]), v[0] - 2 * v[1]]

    def x_of(w):
        return [ag.tanh(w[0] + w[1]), w[1] * w[2]]

    def y_of(x, v):
        return [x[0] * v[0], ag.exp(x[1]) + v[1], x[0] * x[1] * v[1]]

    def z_of(y):
        return y[0] * y[1] + y[2] ** 2

    def transposed(J, g):
        return [ag.dot(column, g) for column in zip(*J, strict=True)]

    v = [0.6, -1.1]
    w = w_of(v)
    x = x_of(w)
    y = y_of(x, v)
    g_y = grad(z_of)(y)
    g_x = transposed(jacobian(y_of, 0)(x, v), g_y)
    g_w = transposed(jacobian(x_of)(w), g_x)
    over_w = transposed(jacobian(w_of)(v), g_w)
    direct = transposed(jacobian(y_of, 1)(x, v), g_y)
    g_v = [a + b for a, b in zip(over_w, direct, strict=True)]  # the sum over the fan-out of v

    vs = Values(v, "v")
    ws = Values(w_of(vs))
    xs = Values(x_of(ws))
    ys = Values(y_of(xs, vs))
    z_of(ys).backward()
    for own, exact in ((ys.grad, g_y), (xs.grad, g_x), (ws.grad, g_w), (vs.grad, g_v)):
        assert own == approx(exact, rel=1e-13)
    assert vs[1].label == "v[1]"
    assert (vjp(w_of, v)[1](g_w)[0], vjp(y_of, x, v)[1](g_y)) == (
        approx(over_w, rel=1e-13),
        (approx(g_x, rel=1e-13), approx(direct, rel=1e-13)),
    )
    terms = explain(z_of(ys), vs[0]).terms  # v[0] is used by w[0], w[2] and y[0]: term by term
    assert len(terms) == 3
    assert sum(term.value for term in terms) == approx(g_v[0], rel=1e-13)


def test_D12_the_same_graph_in_scalars_sums_two_terms_at_v():
    v = Value(0.6, "v")
    w = v * 3
    w.label = "w"
    x = w.tanh()
    x.label = "x"
    y = x * v  # v is shared: v -> w -> x -> y and v -> y
    y.label = "y"
    z = y.exp()
    z.label = "z"
    z.backward()
    assert x.grad == approx(v.data * y.grad, rel=1e-15)
    assert w.grad == approx((1 - x.data**2) * x.grad, rel=1e-15)
    by_v = explain(z, v)
    assert {term.consumer: term.adjoint for term in by_v.terms} == {"w": w.grad, "y": y.grad}
    through_w, direct = 3 * w.grad, x.data * y.grad
    assert {term.consumer: term.value for term in by_v.terms} == {
        "w": approx(through_w, rel=1e-15),
        "y": approx(direct, rel=1e-15),
    }
    assert by_v.derivative == v.grad == approx(through_w + direct, rel=1e-15)
    assert len(topological_order(z)) == 6  # v, 3, w, x, y, z: no expression was copied


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 3, 1)])
def test_F2_of_a_matrix_product_the_vjp_is_a_matrix_product_with_the_transpose(shape):
    np = pytest.importorskip("numpy")
    n, m, p = shape
    rng = np.random.default_rng(0)
    X, G = rng.normal(size=(m, p)), rng.normal(size=(n, p))
    W = rng.normal(size=(n, m))

    def product(A, B):
        return [[ag.dot(row, column) for column in zip(*B, strict=True)] for row in A]

    _, by_X = vjp(product, W.tolist(), X.tolist())[1](G.tolist())  # Y = W X
    assert np.array(by_X) == approx(W.T @ G, rel=1e-13)
    X, W = W, X
    by_X, _ = vjp(product, X.tolist(), W.tolist())[1](G.tolist())  # Y = X W
    assert np.array(by_X) == approx(G @ W.T, rel=1e-13)
