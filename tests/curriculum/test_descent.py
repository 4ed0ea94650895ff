"""The curriculum's rows on descent: B6, B7, F12 and F15, with `descend` and `stationary_point`."""

import math
import random
from itertools import combinations

import pytest

import autograd as ag
from autograd import descend, directional_derivative, grad, stationary_point

approx = pytest.approx


def convex(p):
    return (p[0] - 1) ** 2 + 2 * (p[1] + 0.5) ** 2 + p[0] * p[1]


def two_wells(p):
    return (p[0] ** 2 - 1) ** 2 + p[1] ** 2


@pytest.mark.parametrize("lr", [0.1, lambda k: 0.2 / (k + 1) ** 0.25, None])
@pytest.mark.parametrize(
    ("f", "x0", "minimum"),
    [
        (convex, [4.0, 4.0], [10 / 7, -6 / 7]),
        (two_wells, [0.3, 2.0], [1.0, 0.0]),
        (two_wells, [-0.1, -2.0], [-1.0, 0.0]),
    ],
    ids=["convex", "non-convex, to the right", "non-convex, to the left"],
)
def test_B6_descend_stops_on_a_tolerance_at_a_minimum(f, x0, minimum, lr):
    path = descend(f, x0, lr=0.02 if lr == 0.1 and f is two_wells else lr, tolerance=1e-8)
    assert path.converged
    assert path.x == approx(minimum, abs=1e-7)
    assert stationary_point(f, path.x).kind == "minimum"
    assert descend(f, x0, lr=lr, tolerance=1e-2).steps < path.steps


@pytest.mark.parametrize(
    ("f", "near", "at", "kind"),
    [
        (two_wells, [0.1, 0.3], [0.0, 0.0], "saddle"),
        (two_wells, [1.3, 0.3], [1.0, 0.0], "minimum"),
        (lambda p: -(p[0] ** 2) - ag.cosh(p[1]), [0.5, 0.5], [0.0, 0.0], "maximum"),
        (lambda p: p[0] ** 4 + p[1] ** 2, [0.5, 0.5], [0.0, 0.0], "degenerate"),
    ],
)
def test_B6_stationary_points_are_told_apart_by_the_hessian(f, near, at, kind):
    found = stationary_point(f, near)
    assert found.kind == kind
    assert found.x == approx(at, abs=1e-3 if kind == "degenerate" else 1e-9)
    assert grad(f)(at) == [0.0, 0.0]


def test_B7_each_step_of_a_descent_goes_along_a_direction_of_negative_slope():
    path = descend(two_wells, [0.3, 2.0])
    for x, after, value, lower in zip(
        path.points, path.points[1:], path.values, path.values[1:], strict=False
    ):
        v = [b - a for a, b in zip(x, after, strict=True)]
        assert directional_derivative(two_wells, x, v) < 0
        assert lower < value


# ---------------------------------------------------------------------------------- F12, convexity

SHAPES = {  # function, whether it is convex, the minimizers that descents reach, their values
    "one minimizer": (lambda x: ag.exp(x) - 2 * x, True, 1, 1),
    "many minimizers": (lambda x: ag.relu(abs(x) - 1) ** 2, True, 5, 1),
    "many local minima": (lambda x: ag.cos(3 * x) + 0.1 * x**2, False, 4, 2),
}
STARTS = [-3.7, -2.5, -0.6, 0.4, 0.8, 2.5, 3.7]


@pytest.mark.parametrize(("f", "is_convex", "minimizers", "minima"), SHAPES.values(), ids=SHAPES)
def test_F12_convex_means_chords_above_the_graph_and_every_local_minimum_is_global(
    f, is_convex, minimizers, minima
):
    xs = [-4 + i / 4 for i in range(33)]
    chords = []
    for a, b in combinations(xs, 2):
        for t in (0.25, 0.5, 0.75):
            chord = (1 - t) * float(f(a)) + t * float(f(b))
            chords.append(float(f((1 - t) * a + t * b)) <= chord + 1e-12)
    assert all(chords) is is_convex
    paths = [descend(f, x0, lr=0.05, tolerance=1e-9, max_steps=100_000) for x0 in STARTS]
    assert all(path.converged for path in paths)
    assert len({round(path.x, 4) for path in paths}) == minimizers
    assert len({round(path.value, 6) for path in paths}) == minima


# ------------------------------------------------------------------------- F15, steepest descent


def bumpy(x):
    return ag.exp(x[0] * x[1]) + ag.sin(x[0]) * x[1] ** 2 + 0.5 * x[0]


def test_F15_against_the_gradient_is_the_steepest_of_all_unit_directions():
    x = [0.4, -1.3]
    g = grad(bumpy)(x)
    norm = math.hypot(*g)
    steepest = directional_derivative(bumpy, x, [-d / norm for d in g])
    assert steepest == approx(-norm, rel=1e-13)
    sweep = [math.radians(degrees) for degrees in range(360)]
    slopes = [directional_derivative(bumpy, x, [math.cos(a), math.sin(a)]) for a in sweep]
    assert steepest <= min(slopes)
    against = math.degrees(math.atan2(-g[1], -g[0])) % 360
    assert slopes.index(min(slopes)) == round(against) % 360


def test_F15_a_direction_descends_if_its_slope_is_negative_and_only_then():
    x, rng = [0.4, -1.3], random.Random(0)
    g = grad(bumpy)(x)
    for _ in range(200):
        angle = rng.uniform(0, 2 * math.pi)
        v = [math.cos(angle), math.sin(angle)]
        slope = sum(a * b for a, b in zip(g, v, strict=True))
        if abs(slope) < 1e-2:
            continue  # across: the second derivative decides
        lower = [  # f(x + t v) < f(x) for all small t > 0
            bumpy([a + t * d for a, d in zip(x, v, strict=True)]) < bumpy(x)
            for t in (1e-3, 1e-4, 1e-5)
        ]
        assert lower == [slope < 0] * 3
