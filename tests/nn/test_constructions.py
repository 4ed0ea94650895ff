"""Networks written down: what they equal, how well they fit, how many pieces they have."""

import math

import pytest

import autograd as ag
import nn
from nn.constructions import maxout_tangents, relu_interpolant, sigmoid_bumps, tents
from nn.layers import ACTIVATIONS
from nn.piece_counting import SLOPES, linear_pieces


def grid(a, b, n=1000):
    return [a + (b - a) * i / n for i in range(n + 1)]


@pytest.mark.parametrize("units", [1, 2, 7, 30])
def test_the_interpolant_meets_f_at_the_knots_and_is_straight_between_them(units):
    model = relu_interpolant(ag.exp, -1.0, 2.0, units)
    knots = grid(-1.0, 2.0, units)
    assert [model([x]).data for x in knots] == pytest.approx([math.exp(x) for x in knots])
    for left, right in zip(knots, knots[1:], strict=False):  # noqa: RUF007  # of one list
        middle = model([(left + right) / 2]).data
        assert middle == pytest.approx((math.exp(left) + math.exp(right)) / 2)
    assert model.layers[0].shape == (1, units)
    bound = (3.0 / units) ** 2 / 8 * math.exp(2.0)
    assert max(abs(model([x]).data - math.exp(x)) for x in grid(-1.0, 2.0)) <= bound


@pytest.mark.slow
def test_bumps_have_the_height_of_f_in_their_middles_and_get_closer_with_their_number():
    errors = []
    for bumps in (8, 32, 128):
        model = sigmoid_bumps(ag.sin, -3.0, 3.0, bumps)
        assert model.layers[0].shape == (1, 2 * bumps)
        errors.append(max(abs(model([x]).data - math.sin(x)) for x in grid(-3.0, 3.0)))
    assert errors[0] > 3.5 * errors[1] > 3.5**2 * errors[2]
    steep = sigmoid_bumps(ag.sin, -3.0, 3.0, 6, steepness=200.0)
    for i in range(6):
        assert steep([i - 2.5]).data == pytest.approx(math.sin(i - 2.5), rel=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_tents_are_the_tent_function_composed(k):
    def tent(x):
        return 2 * x if x < 0.5 else 2 - 2 * x

    model = tents(k)
    assert [layer.shape[1] for layer in model.layers] == [2] * k + [1]
    for x in grid(0.0, 1.0, 128):
        y = x
        for _ in range(k):
            y = tent(y)
        assert model([x]).data == y


def test_maxout_tangents_touch_f_and_stay_below_it():
    unit = maxout_tangents(ag.exp, 0.0, 2.0, 5)
    assert all(unit([x]).data <= math.exp(x) + 1e-12 for x in grid(0.0, 2.0))
    for i in range(5):
        x = 0.2 + 0.4 * i
        assert unit([x]).data == pytest.approx(math.exp(x))


def test_the_models_are_ordinary_ones(tmp_path):
    for model in (relu_interpolant(abs, -1.0, 1.0, 3), tents(2), maxout_tangents(abs, -1, 1, 2)):
        model.save(tmp_path / "m.json")
        assert nn.load(tmp_path / "m.json")([0.3]).data == model([0.3]).data
    model = relu_interpolant(ag.sin, 0.0, 3.0, 4)
    nn.fit(model, [[0.5], [1.0], [2.0]], [0.1, 0.7, 0.4], loss="mse", epochs=2, compiled=False)


# -------------------------------------------------------------------------------- linear pieces


def by_slopes(model, a, b, n=4096):
    """Pieces counted on a fine grid, where each kink shows in one or two differences."""
    ys = [model([x]).data for x in grid(a, b, n)]
    second = [ys[i - 1] - 2 * ys[i] + ys[i + 1] for i in range(1, n)]
    bent = [abs(s) > 1e-9 for s in second]
    return 1 + sum(now and not before for before, now in zip([False, *bent], bent, strict=False))


@pytest.mark.parametrize("activation", SLOPES)
def test_pieces_of_random_networks_are_those_of_a_fine_grid(activation):
    model = nn.MLP(1, [5, 4, 1], activation, rng=1)
    for i, layer in enumerate(model.layers):
        layer.b.set([math.sin(7 * i + 3 * j + 1) for j in range(layer.shape[1])])
    assert linear_pieces(model, -4.0, 4.0) == by_slopes(model, -4.0, 4.0)


def test_pieces_of_maxout_networks():
    model = nn.Sequential(nn.Maxout(1, 3, 3, rng=1), nn.Maxout(3, 1, 2, rng=2))
    for i, p in enumerate(model.parameters()):
        p.data = math.sin(5 * i + 1)
    assert linear_pieces(model, -4.0, 4.0) == by_slopes(model, -4.0, 4.0) > 3


@pytest.mark.parametrize(
    ("model", "a", "b", "pieces"),
    [
        (nn.Layer(1, 1, "relu").set([[1.0]], [0.0]), -1, 1, 2),
        (nn.Layer(1, 1, "relu").set([[1.0]], [0.0]), 0, 1, 1),  # the kink is at the edge
        (nn.Layer(1, 1, "relu").set([[1.0]], [0.0]), -1, 0, 1),
        (nn.Layer(1, 2, "abs").set([[1.0], [1.0]], [0.0, -0.5]), -1, 1, 3),  # of either output
        (nn.Layer(1, 2, "relu").set([[1.0], [2.0]], [-0.5, -1.0]), -1, 1, 2),  # at one place
        (nn.Layer(1, 1, "relu", bias=False).set([[3.0]]), -1, 1, 2),
        (nn.MLP(1, [4, 1], "linear", rng=0), -1, 1, 1),
        (nn.MLP(1, [3, 1], "relu", init="zeros"), -1, 1, 1),
        (nn.Maxout(1, 1, 1, rng=0), -1, 1, 1),
        (tents(3), 0.0, 0.5, 4),
        (tents(3), -7, 9, 10),
    ],
)
def test_pieces_of_networks_by_hand(model, a, b, pieces):
    assert linear_pieces(model, a, b) == pieces


def test_two_relu_units_that_cancel_have_no_kink():
    model = nn.MLP(1, [2, 1], "relu")
    model.layers[0].set([[1.0], [-1.0]], [0.0, 0.0])
    model.layers[1].set([[1.0, -1.0]], [0.0])  # relu(x) - relu(-x) = x
    assert linear_pieces(model, -1.0, 1.0) == 1


def test_the_table_of_slopes_is_that_of_the_activations():
    for name, (left, right) in SLOPES.items():
        for slope, z in ((left, -0.5), (right, 0.5)):
            assert float(ACTIVATIONS[name](z)) == z * slope


# ---------------------------------------------------------------------------------- wrong input

INTERVAL = "an interval has two finite ends a < b, got a = "


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: relu_interpolant(ag.sin, 1.0, 1.0, 4), ValueError, INTERVAL + "1.0, b = 1.0"),
        (lambda: relu_interpolant(ag.sin, 0, math.inf, 4), ValueError, INTERVAL + "0, b = inf"),
        (lambda: relu_interpolant(ag.sin, "0", 1, 4), ValueError, INTERVAL + "'0', b = 1"),
        (lambda: relu_interpolant(ag.sin, 0, 1, 0), ValueError, "units must be at least 1, got 0"),
        (lambda: relu_interpolant(ag.sin, 0, 1, 2.5), TypeError, "units .* whole number, got 2.5"),
        (lambda: sigmoid_bumps(ag.sin, 2, 1, 4), ValueError, INTERVAL + "2, b = 1"),
        (lambda: sigmoid_bumps(ag.sin, 0, 1, -1), ValueError, "bumps must be at least 1, got -1"),
        (lambda: sigmoid_bumps(ag.sin, 0, 1, 4, 0), ValueError, "steepness must be .* got 0"),
        (lambda: tents(0), ValueError, "k must be at least 1, got 0"),
        (lambda: maxout_tangents(ag.sin, 0, 3, 4), ValueError, "f is not convex: .* at x = "),
        (lambda: maxout_tangents(ag.exp, 0, 3, 0), ValueError, "k must be at least 1, got 0"),
        (lambda: linear_pieces(tents(1), 1, 0), ValueError, INTERVAL + "1, b = 0"),
        (
            lambda: linear_pieces(nn.Layer(1, 1).set([[math.nan]]), 0, 1),
            ValueError,
            "the parameter neurons.0.w.0 must be finite, got nan",
        ),
        (lambda: linear_pieces(nn.MLP(2, [1]), 0, 1), ValueError, r"takes 2 inputs, got 1"),
        (lambda: linear_pieces(nn.MLP(1, [2, 1], "tanh"), 0, 1), ValueError, "not piecewise"),
        (lambda: linear_pieces(nn.MLP(1, [2, 1], abs), 0, 1), ValueError, "not piecewise"),
        (lambda: linear_pieces(nn.Embedding(2, 1), 0, 1), ValueError, r"got Embedding\(n=2"),
        (lambda: linear_pieces(abs, 0, 1), ValueError, "Maxout or Sequential, got <b"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_and_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bumps_have_sides_as_steep_as_they_are_wide_and_the_outermost_lie_outside():
    model = sigmoid_bumps(lambda x: x, 0.0, 4.0, 2)  # parts of width 2, so k is 8 / 2
    assert model.layers[0].W.data == [[4.0]] * 4
    assert model.layers[0].b.data == [8.0, -8.0, -8.0, -24.0]  # sides at -2, 2, 2, 6
    assert model.layers[1].W.data == [[1.0, -1.0, 3.0, -3.0]]
    assert model.layers[1].b.data == [0.0]
    assert [layer.activation for layer in model.layers] == ["sigmoid", "linear"]


def test_a_function_is_convex_up_to_rounding_errors():
    line = maxout_tangents(lambda x: 1e9 + x / 3, 0.0, 2.0, 9)
    assert line([1.0]).data == pytest.approx(1e9 + 1 / 3)
    with pytest.raises(ValueError, match=r"^f is not convex: a tangent lies above it at x = 0.5$"):
        maxout_tangents(lambda x: -1e-6 * x * x, 0.0, 2.0, 2)


def test_the_parameters_of_an_interpolant_are_its_slopes():
    model = relu_interpolant(lambda x: x * x, 1.0, 3.0, 2)
    assert (model.layers[0].W.data, model.layers[0].b.data) == ([[1.0], [1.0]], [-1.0, -2.0])
    assert (model.layers[1].W.data, model.layers[1].b.data) == ([[3.0, 2.0]], [1.0])
    assert [layer.activation for layer in model.layers] == ["relu", "linear"]
    assert [layer.activation for layer in tents(2).layers] == ["relu", "relu", "linear"]
