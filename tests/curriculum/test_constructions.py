"""The curriculum's rows on what networks can represent: D10, F3, F4 and F5, by construction.

Trained ReLU networks do not get better with each unit, so the numbers are of written-down weights.
"""

import math

import pytest

import autograd as ag
import nn
from nn.constructions import maxout_tangents, relu_interpolant, sigmoid_bumps, tents


def f(x):
    return ag.sin(3 * x) + 0.3 * ag.cos(9 * x)


def largest_error(model, f, n=2000):
    xs = [-1 + 2 * i / n for i in range(n + 1)]
    return max(abs(model([x]).data - f(x)) for x in xs)


@pytest.mark.parametrize("construct", [relu_interpolant, sigmoid_bumps])
def test_D10_one_hidden_layer_with_enough_units_comes_as_close_as_you_like(construct):
    errors = [largest_error(construct(f, -1.0, 1.0, n), f, 500) for n in (8, 16, 32, 64)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 6


def test_F3_k_tents_of_two_relu_units_each_make_2_to_the_k_linear_pieces():
    for k in range(1, 7):
        model = tents(k)
        assert sum(layer.shape[1] for layer in model.layers[:-1]) == 2 * k
        assert nn.linear_pieces(model, 0.0, 1.0) == 2**k


@pytest.mark.parametrize("units", [1, 4, 9])
def test_F3_one_hidden_layer_has_at_most_one_piece_more_than_it_has_units(units):
    for seed in range(5):
        model = nn.MLP(1, [units, 1], "relu", rng=seed)
        model.layers[0].b.set([math.sin(3 * i + seed) for i in range(units)])
        assert nn.linear_pieces(model, -100.0, 100.0) <= units + 1
    tent = tents(6)
    wide = relu_interpolant(lambda x: tent([x]).data, 0.0, 1.0, 64)  # so many units, not 12
    assert nn.linear_pieces(wide, 0.0, 1.0) == 64
    assert [wide([i / 128]).data for i in range(129)] == [tent([i / 128]).data for i in range(129)]


@pytest.mark.parametrize(
    ("units", "error"),
    [(16, 0.0615), (32, 0.0155), pytest.param(64, 0.0039, marks=pytest.mark.slow)],
)
def test_F4_the_error_of_relu_interpolation_falls_with_the_square_of_the_units(units, error):
    model = relu_interpolant(f, -1.0, 1.0, units)
    assert largest_error(model, f) == pytest.approx(error, abs=5e-5)
    assert nn.linear_pieces(model, -1.0, 1.0) == units


@pytest.mark.parametrize(
    ("bumps", "error"), [(16, 0.290), (32, 0.137), pytest.param(64, 0.066, marks=pytest.mark.slow)]
)
def test_F4_the_error_of_sigmoid_bumps_falls_with_their_number(bumps, error):
    model = sigmoid_bumps(f, -1.0, 1.0, bumps)
    assert largest_error(model, f) == pytest.approx(error, abs=1e-3)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 8, 16])
def test_F5_the_maximum_of_k_tangents_to_a_square_is_off_by_1_over_k_squared(k):
    unit = maxout_tangents(lambda x: x * x, -1.0, 1.0, k)
    xs = [-1 + i / (10 * k) for i in range(20 * k + 1)]  # with the ends of the k parts
    errors = [x * x - unit([x]).data for x in xs]
    assert max(errors) == pytest.approx(1 / k**2, rel=1e-12)
    assert min(errors) == pytest.approx(0.0, abs=1e-15)
    assert nn.linear_pieces(unit, -1.0, 1.0) == k
