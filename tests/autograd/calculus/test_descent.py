"""`descend` and `stationary_point`: paths, why they stop, kinds of points, refused input."""

import math
import random

import pytest

import autograd as ag
from autograd import Value, descend, stationary_point
from autograd.calculus.eigenvalues import symmetric_eigenvalues


def bowl(p):
    return (p[0] - 1) ** 2 + 4 * (p[1] + 2) ** 2


def rosenbrock(p, narrow=100):
    return (1 - p[0]) ** 2 + narrow * (p[1] - p[0] ** 2) ** 2


# ---------------------------------------------------------------------------------------- descend


def test_each_step_is_lr_times_the_gradient_and_the_path_has_them_all():
    path = descend(bowl, [3.0, 0.0], lr=0.1)
    assert path.points[0] == [3.0, 0.0]
    for before, gradient, after in zip(path.points, path.gradients, path.points[1:], strict=False):
        assert after == [x - 0.1 * g for x, g in zip(before, gradient, strict=True)]
    assert path.values == [float(bowl(p)) for p in path.points]
    assert len(path.gradients) == len(path.points) == path.steps + 1
    assert path.converged
    assert path.x == pytest.approx([1.0, -2.0], abs=1e-6)
    assert path.value == path.values[-1]
    assert math.hypot(*path.gradients[-1]) <= 1e-6 < math.hypot(*path.gradients[-2])


def test_step_sizes_may_depend_on_the_step():
    path = descend(lambda x: x * x, 1.0, lr=lambda k: 1 / (k + 4), max_steps=3)
    assert path.points == pytest.approx([1.0, 1 / 2, 1 / 2 * 3 / 5, 3 / 10 * 2 / 3])


@pytest.mark.parametrize(
    ("f", "x0", "wanted"),
    [
        (bowl, [30.0, 50.0], [1.0, -2.0]),
        (lambda p: rosenbrock(p, 5), [0.5, 0.5], [1.0, 1.0]),
        (lambda p: ag.exp(p["x"]) - 2 * p["x"], {"x": -3.0}, {"x": math.log(2)}),
        (lambda x: x - ag.log(x), 0.01, 1.0),  # a long step leaves the domain
    ],
)
def test_the_line_search_needs_no_step_size_and_never_goes_up(f, x0, wanted):
    path = descend(f, x0, max_steps=20000)
    assert path.converged
    assert path.x == pytest.approx(wanted, abs=2e-5)
    assert path.values == sorted(path.values, reverse=True)


@pytest.mark.parametrize(
    ("f", "settings", "converged", "reason"),
    [
        (lambda x: x * x, {"lr": 0.4}, True, "converged: the norm of the gradient is "),
        (lambda x: x * x, {"lr": 0.01, "max_steps": 3}, False, "max_steps reached: the norm of "),
        (lambda x: x * x, {"lr": 1.5}, False, "diverged: f is inf, the norm of the gradient is "),
        (lambda x: ag.maximum(x, -3 * x), {}, False, "the line search found no lower point; the "),
        (lambda x: x * 0 + 3, {}, True, "converged: the norm of the gradient is 0"),
    ],
    ids=["converged", "max_steps", "diverged", "at a kink", "constant"],
)
def test_it_says_why_it_stopped(f, settings, converged, reason):
    path = descend(f, 1.0, **settings)
    assert path.converged is converged
    assert path.reason.startswith(reason)
    assert repr(path).endswith(path.reason)
    assert repr(path).startswith(f"{path.steps} steps, f from ")


def test_at_a_minimum_no_step_is_taken():
    path = descend(bowl, [1.0, -2.0])
    assert (path.steps, path.points, path.converged) == (0, [[1.0, -2.0]], True)


def test_points_are_floats_for_a_start_of_values_or_an_array():
    path = descend(lambda x: x[0] * x[0], [Value(2.0)], lr=0.25, max_steps=1)
    assert path.points == [[2.0], [1.0]]
    np = pytest.importorskip("numpy")
    path = descend(lambda x: (x * x).sum(), np.array([1.0, 2.0]), lr=0.25, max_steps=1)
    assert [x.tolist() for x in path.points] == [[1.0, 2.0], [0.5, 1.0]]


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        ((bowl, "a"), {}, TypeError, "x0: expected a real number, got 'a'"),
        ((3.0, 1.0), {}, TypeError, "expected a function, got 3.0"),
        ((lambda x: [x, x], 1.0), {}, TypeError, r"returned \[number, number\]"),
        ((bowl, []), {}, ValueError, "has no numbers in it"),
        ((bowl, [1.0, 1.0]), {"lr": -0.1}, ValueError, "lr must be a number of at least 0, got -"),
        ((bowl, [1.0, 1.0]), {"lr": "fast"}, ValueError, "lr must be a .* at least 0, got 'fast'"),
        ((bowl, [1.0, 1.0]), {"tolerance": math.nan}, ValueError, "tolerance must be .* got nan"),
        ((bowl, [1.0, 1.0]), {"max_steps": -1}, ValueError, "max_steps must be .* got -1"),
    ],
)
def test_a_descent_from_wrong_input_is_refused(arguments, settings, error, message):
    with pytest.raises(error, match=message):
        descend(*arguments, **settings)


# ------------------------------------------------------------------------------- stationary points

KINDS = {
    "minimum": (bowl, [5.0, 5.0], [1.0, -2.0], "minimum", [2.0, 8.0]),
    "maximum": (lambda p: -bowl(p), [5.0, 5.0], [1.0, -2.0], "maximum", [-8.0, -2.0]),
    "saddle": (lambda p: p[0] * p[1], [2.0, 3.0], [0.0, 0.0], "saddle", [-1.0, 1.0]),
    "monkey saddle": (
        lambda p: p[0] ** 3 - 3 * p[0] * p[1] ** 2, [0.5, 0.2], [0.0, 0.0], "degenerate",
        [0.0, 0.0],
    ),
    "valley": (lambda p: (p[0] - p[1]) ** 2, [3.0, 1.0], [2.0, 2.0], "degenerate", [0.0, 4.0]),
    "saddle and flat": (
        lambda p: p[0] ** 2 - p[1] ** 2 + p[2] ** 4, [1.0, 1.0, 0.5], [0.0] * 3, "saddle",
        [-2.0, 0.0, 2.0],
    ),
    "rosenbrock": (rosenbrock, [-1.2, 1.0], [1.0, 1.0], "minimum", [0.399360767, 1001.600639]),
}  # fmt: skip


@pytest.mark.parametrize(("f", "x0", "at", "kind", "eigenvalues"), KINDS.values(), ids=KINDS)
def test_the_hessian_tells_the_kind_of_a_stationary_point(f, x0, at, kind, eigenvalues):
    found = stationary_point(f, x0)
    assert found.kind == kind
    assert found.x == pytest.approx(at, abs=2e-3 if kind == "degenerate" or len(at) == 3 else 1e-9)
    assert found.eigenvalues == pytest.approx(eigenvalues, abs=1e-5)
    assert math.hypot(*found.gradient) <= 1e-8
    assert repr(found).startswith(f"{kind} at (")


def test_a_function_of_one_number_and_of_a_structure():
    low, high = (stationary_point(lambda x: x**3 - 3 * x, x0) for x0 in (0.0, -3.0))
    assert (low.kind, low.x, low.value) == ("minimum", pytest.approx(1.0), pytest.approx(-2.0))
    assert (high.kind, high.x, high.hessian) == ("maximum", pytest.approx(-1.0), [[-6.0]])
    found = stationary_point(
        lambda p: (p["a"] - p["b"][0] - 1) ** 2 + p["a"] ** 2, {"a": 3.0, "b": (2.0,)}
    )  # one formula
    assert found.x == {"a": pytest.approx(0.0, abs=1e-12), "b": (pytest.approx(-1.0),)}
    assert found.hessian == [[4.0, -2.0], [-2.0, 2.0]]


def test_descent_leaves_a_saddle_that_newton_finds():
    def f(p):
        return p[0] ** 2 - p[1] ** 2 + p[1] ** 4

    assert stationary_point(f, [0.5, 0.1]).kind == "saddle"
    path = descend(f, [0.5, 0.1], lr=0.1)
    there = stationary_point(f, path.x)
    assert (there.kind, there.x) == ("minimum", pytest.approx([0.0, math.sqrt(0.5)], abs=1e-6))


@pytest.mark.parametrize(
    ("f", "x0", "message"),
    [
        (ag.exp, 0.0, "no stationary point found from x0 = 0.0: .* is still "),
        (lambda p: p[0] + p[1] ** 2, [1.0, 1.0], r"still 1 at \(.*\); start elsewhere"),
    ],
)
def test_a_function_without_stationary_points_is_an_error_that_says_where_it_ended(f, x0, message):
    with pytest.raises(RuntimeError, match=message):
        stationary_point(f, x0, max_steps=10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((bowl, "a"), TypeError, "x0: expected a real number, got 'a'"),
        ((3.0, 1.0), TypeError, "expected a function, got 3.0"),
        ((lambda x: [x, x], 1.0), TypeError, r"returned \[number, number\]"),
    ],
)
def test_a_stationary_point_of_wrong_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        stationary_point(*arguments)


# ------------------------------------------------------------------------------------ eigenvalues


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_eigenvalues_and_eigenvectors_of_random_matrices(n):
    np = pytest.importorskip("numpy")
    rng = random.Random(n)
    A = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            A[i][j] = A[j][i] = rng.gauss(0.0, 1.0) * 10.0 ** rng.randint(-3, 3)
    values, vectors = symmetric_eigenvalues(A)
    exact, size = np.linalg.eigvalsh(A), np.abs(A).max()
    assert values == pytest.approx(exact, abs=1e-13 * n * size)
    V = np.array(vectors)
    assert pytest.approx(np.eye(n), abs=1e-13 * n) == V @ V.T
    assert V @ np.array(A) @ V.T == pytest.approx(np.diag(exact), abs=1e-12 * n * size)


def test_eigenvalues_of_a_zero_and_of_a_diagonal_matrix():
    assert symmetric_eigenvalues([]) == ([], [])
    assert symmetric_eigenvalues([[0.0, 0.0], [0.0, 0.0]])[0] == [0.0, 0.0]
    assert symmetric_eigenvalues([[3.0, 0.0], [0.0, -1.0]]) == (
        [-1.0, 3.0],
        [[0.0, 1.0], [1.0, 0.0]],
    )


# ------------------------------------------------------------------------------ how often they try


def test_a_line_search_halves_its_step_sixty_times():
    places = []

    def rising(x):  # whose derivative has the wrong sign
        places.append(x.data)
        return -x + 2.0 * ag.stop_gradient(x)

    path = descend(rising, 1.0)
    assert path.reason == "the line search found no lower point; the norm of the gradient is 1"
    assert places == [1.0, *(1.0 + 2.0 * 0.5**k for k in range(60))]
    assert path.points == [1.0]


def test_a_line_search_starts_at_twice_the_step_before():
    places = []
    descend(lambda x: places.append(x.data) or x * x, 8.0, max_steps=2)
    assert places == [8.0, -24.0, -8.0, 0.0]
    places.clear()
    path = descend(lambda x: places.append(x.data) or 0.25 * x * x, 8.0, max_steps=2, tolerance=1.0)
    assert places == [8.0, 0.0]
    assert path.converged


@pytest.mark.parametrize(("decrease", "is_enough"), [(1.01e-4, True), (0.99e-4, False)])
def test_a_step_is_taken_if_it_goes_down_by_a_ten_thousandth_of_what_the_slope_says(
    decrease, is_enough
):
    path = descend(
        lambda x: x * decrease + (1.0 - decrease) * (x - ag.stop_gradient(x)), 0.0, max_steps=1
    )
    assert path.gradients[0] == 1.0
    assert path.steps == (1 if is_enough else 0)


def test_a_newton_step_is_halved_forty_times():
    places = []

    def f(x):  # a gradient of 1, which no step makes smaller
        places.append(x.data)
        return x + 0.5 * (x - ag.stop_gradient(x)) ** 2

    with pytest.raises(RuntimeError, match="still 1 at"):
        stationary_point(f, 0.0)
    tried = [place for place in dict.fromkeys(places) if place]
    assert tried == [-(0.5**k) for k in range(40)]


def test_outside_of_the_domain_a_step_is_halved():
    assert descend(lambda x: x - 0.5 * ag.log(x), 2.0, max_steps=3).x > 0.0
    found = stationary_point(lambda x: x - 2.0 * ag.sqrt(x), 5.0)
    assert (found.kind, found.x) == ("minimum", pytest.approx(1.0))
