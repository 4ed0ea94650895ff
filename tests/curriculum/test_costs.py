"""The curriculum's rows on ways to a derivative and what they cost: B4, C4, F1, F14, F16, F17.

Costs are counts here. `python -m tests.benchmarks.derivatives` measures times.
"""

import math
from itertools import pairwise

import pytest

import autograd as ag
import nn
from autograd import (
    Value,
    adjoints,
    count_operations,
    formula,
    grad,
    numerical_grad,
    topological_order,
)

approx = pytest.approx


def network(hidden):
    """A loss and its 10 h + 1 weights."""
    model = nn.MLP(8, [hidden, 1], "tanh", rng=0)
    x = [math.sin(i) for i in range(8)]
    return lambda *_: nn.mse([model(x)], [0.3]), model.parameters()


def slope(sizes, costs):
    """Of the line from the first to the last point on a log-log picture."""
    return math.log(costs[-1] / costs[0]) / math.log(sizes[-1] / sizes[0])


def test_B4_one_backward_pass_gives_what_finite_differences_need_an_evaluation_each_for():
    loss, parameters = network(6)
    loss().backward()
    with count_operations() as once:
        loss()
    with count_operations() as forward:
        numerical_grad(loss, *parameters, scheme="forward")
    with count_operations() as central:
        found = numerical_grad(loss, *parameters)
    assert found == approx([p.grad for p in parameters], rel=1e-7, abs=1e-9)
    assert len(parameters) == 61
    assert forward.total() == 62 * once.total()
    assert central.total() == 122 * once.total()


def test_F14_backward_costs_as_the_weights_finite_differences_as_their_square():
    weights, backward, differences = [], [], []
    for hidden in (6, 30, 120):
        loss, parameters = network(hidden)
        products = sum(len(node.parents) for node in topological_order(loss()))  # one for each edge
        weights.append(len(parameters))
        backward.append(products)
        differences.append((len(parameters) + 1) * products)  # each evaluation goes over all edges
    assert slope(weights, backward) == approx(1.0, abs=0.05)
    assert slope(weights, differences) == approx(2.0, abs=0.05)


def test_F14_the_backward_pass_of_a_layer_is_made_of_matrix_products():
    pytest.importorskip("numpy")
    model = nn.MLP(8, [6, 5, 2], "tanh", rng=0)
    X = [[math.sin(i + 3 * j) for i in range(8)] for j in range(7)]

    @ag.compile
    def loss():
        return nn.mse([model(x) for x in X], [[0.3, -0.1]] * 7)

    assert loss().data == approx(nn.mse([model(x) for x in X], [[0.3, -0.1]] * 7).data)
    products = [line for line in loss.source.splitlines() if " @ " in line]
    assert sum(".T @ " in line for line in products) >= 3  # dW = dz.T @ X in each of three layers
    assert len(products) >= 3 + 3 + 2  # z = X @ W.T in each, dX = dz @ W but for the inputs


F = {"sin": 1, "atan": 1, "tanh": 1}


def test_F1_the_chain_rule_written_out_recomputes_what_storing_z_and_h_does_not():
    x = Value(0.7)
    with count_operations() as written_out:  # y = c(g(f(x))) and its derivative, as a formula
        y = ag.tanh(ag.atan(ag.sin(x)))
        c = 1 - ag.tanh(ag.atan(ag.sin(x))) ** 2
        dy = ag.cos(x) * (1 / (1 + ag.sin(x) ** 2)) * c
    with count_operations() as stored:
        z = ag.sin(x)
        h = ag.atan(z)
        again = ag.tanh(h)
        dy_again = ag.cos(x) * (1 / (1 + z**2)) * (1 - again**2)
    assert (y.data, dy.data) == (again.data, dy_again.data)
    assert {name: stored[name] for name in F} == F
    assert {name: written_out[name] for name in F} == {"sin": 3, "atan": 2, "tanh": 2}
    with count_operations() as by_backward:
        node = Value(0.7)
        ag.tanh(ag.atan(ag.sin(node))).backward()
    assert dict(by_backward) == F
    assert node.grad == approx(dy.data, rel=1e-14)


def logistic(x, times):
    for _ in range(times):
        x = 4 * x * (1 - x)
    return x


def test_F16_symbolic_expressions_grow_exponentially_under_composition_the_graph_does_not():
    sympy = pytest.importorskip("sympy")
    symbol, symbolic, written, nodes = sympy.Symbol("x"), [], [], []
    for times in range(1, 6):
        derivative = sympy.diff(logistic(symbol, times), symbol)
        x = Value(0.3, "x")
        y = logistic(x, times)
        (by_x,) = adjoints(y, [x])
        assert by_x.data == approx(float(derivative.subs(symbol, 0.3)), rel=1e-12)
        symbolic.append(sympy.count_ops(derivative))
        written.append(formula(y).operations)
        nodes.append(formula(y).nodes)
    assert symbolic[-1] == 768
    assert nodes == [6, 11, 16, 21, 26]
    assert written == [3 * (2**times - 1) for times in range(1, 6)]
    assert all(after > 2 * before for before, after in pairwise(symbolic))


def test_C4_four_ways_to_one_derivative_with_their_error_and_their_cost():
    sympy = pytest.importorskip("sympy")
    x, times = 0.3, 5
    manual, at = 1.0, x
    for _ in range(times):  # d/dx of 4 x (1 - x) is 4 - 8 x
        manual *= 4 - 8 * at
        at = logistic(at, 1)
    symbol = sympy.Symbol("x")
    expression = sympy.diff(logistic(symbol, times), symbol)
    symbolic = float(expression.subs(symbol, sympy.Rational(3, 10)))  # exact, but for one rounding
    numerical = numerical_grad(lambda x: logistic(x, times), x)
    automatic = grad(lambda x: logistic(x, times))(x)
    assert manual == approx(symbolic, rel=1e-13)
    assert automatic == approx(symbolic, rel=1e-13)
    assert 1e-12 < abs(numerical / symbolic - 1) < 1e-7  # the only one that is not exact
    with count_operations() as evaluation:
        logistic(Value(x), times)
    with count_operations() as of_numerical:
        numerical_grad(lambda x: logistic(x, times), x)
    assert evaluation.total() == 3 * times
    assert of_numerical.total() == 2 * evaluation.total()
    assert sympy.count_ops(expression) > 50 * evaluation.total()


@pytest.mark.parametrize(("scheme", "order"), [("forward", 1), ("central", 2)])
def test_F17_the_error_of_finite_differences_is_a_V_over_h_with_its_tip_at_the_best_step(
    scheme, order
):
    points = [1.0 + i / 64 for i in range(32)]  # several, as one may be lucky

    def error(h):
        return max(abs(numerical_grad(ag.exp, x, h=h, scheme=scheme) - math.exp(x)) for x in points)

    steps = [10.0**-k for k in range(1, 14)]
    errors = [error(h) for h in steps]
    u = 2.0**-53  # f = f'' = f''' for exp
    best = (3 * u) ** (1 / 3) if order == 2 else 2 * u**0.5
    tip = steps[errors.index(min(errors))]
    assert abs(math.log10(tip / best)) <= 1
    assert math.log10(errors[0] / errors[1]) == approx(order, abs=0.1)  # h^order by Taylor
    assert math.log10(errors[-1] / errors[-4]) / 3 == approx(1.0, abs=0.35)  # 1 / h by rounding
    assert error(best) < 20 * min(errors)
    size, number = math.exp(1.5), (0.5, 2.0)  # the formulas of numerical_grad's docstring
    for h in (1e-2, 1e-3):
        taylor = h * size / 2 if order == 1 else h**2 * size / 6
        assert number[0] * taylor < error(h) < number[1] * taylor
