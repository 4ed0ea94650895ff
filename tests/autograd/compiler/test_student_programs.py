"""Small programs as students write them give the same compiled, at every call."""

import copy

import pytest

import autograd
from autograd import Value, no_grad, stop_gradient, take, vmap, where

pytest.importorskip("numpy")
pytestmark = pytest.mark.usefixtures("each_backend")

W = [Value(0.7), Value(-1.3), Value(0.2)]
PROGRAMS = []


def at(*calls, **options):
    """Return a decorator that keeps a program with the arguments of its calls."""

    def keep(f):
        PROGRAMS.append(pytest.param(f, calls, options, id=f.__name__))
        return f

    return keep


def flat(x):
    """Return the leaves of a result, with the kinds and the keys that it has."""
    if isinstance(x, dict):
        return [*x, *[leaf for part in x.values() for leaf in flat(part)]]
    if isinstance(x, list | tuple):
        return [type(x), *[leaf for part in x for leaf in flat(part)]]
    return [x]


def outcome(f, args):
    """Return the result in numbers and the gradients of a sum of it, or the error."""
    for w in W:
        w.grad = 0.0
    try:
        found = flat(f(*copy.deepcopy(args)))
    except (ValueError, IndexError, ZeroDivisionError) as error:
        return type(error)
    sum([y * (1 + k) for k, y in enumerate(found) if isinstance(y, Value)], Value(0.0)).backward()
    return [y.data if isinstance(y, Value) else y for y in found] + [w.grad for w in W]


def almost(expected):
    """Return an outcome that is equal to those that differ by rounding alone."""
    if isinstance(expected, type):
        return expected
    return [y if isinstance(y, type | bool | str) else pytest.approx(y, 1e-12) for y in expected]


TWO_LISTS = ([1.0, 2.0], [3.0, 4.0, 5.0]), ([1.0, 2.0], [-3.0, 4.0, 5.0]), ([1.0], [1.0])
ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, -6.0]]


@at(*TWO_LISTS)
def two_lists_joined(a, b):
    return sum(x * W[0] + W[1] for x in a + b)


@at(*TWO_LISTS, ([1.0, 2.0], [1.0, 2.0]))
def two_lists_compared(a, b):
    return W[0] if a < b else W[1] if a == b else W[2]


@at(*TWO_LISTS)
def lists_extended(a, b):
    found = [0.5]
    found += a
    found = b + found
    found[1:1] = b
    found.extend(a)
    return [x * W[i % 3] for i, x in enumerate(found)]


@at((ROWS,), (ROWS[:2],))
def copies_that_are_changed(rows):
    mine, shallow = copy.deepcopy(rows), copy.copy(rows)
    mine[0][0] = mine[0][0] * 2
    shallow.append([W[2]])
    return [sum(x * W[0] for x in row) for row in [*mine, *shallow]], len(rows)


@at((ROWS, [[1.0, 0.5]]), (ROWS[:1], [[1.0, -0.5], [2.0, 1.5]]))
def results_of_vmap_joined(a, b):
    f = vmap(lambda row: (W[0] * row[0] + W[1] * row[1]).tanh())
    return sum(f(a) + f(b)), f(b) + f(a), len(f(a) + f(b))


@at(([1.0, 2.0],), ([2.0, -1.0],))
def vmap_of_vmap(xs):
    ys = vmap(lambda x: W[0] * x)(xs)
    zs = vmap(lambda y, x: y * y + x)(ys, xs)
    return sum(zs), zs + ys


@at((ROWS, [1, 0, 1]), (ROWS[:2], [1, 1]), (ROWS[:1], [0]))
def vmap_of_a_choice(rows, labels):
    return autograd.mean(vmap(lambda r, t: where(t == 1, W[0] * r[0], W[1] * r[1]))(rows, labels))


@at((ROWS,), (ROWS[:2],), ([[-1.0, 2.0]],))
def vmap_of_a_branch(rows):
    return sum(vmap(lambda r: W[0] * r[0] if r[1] > 0 else W[1] * r[1])(rows))


@at((ROWS,), (ROWS[::-1],))
def vmap_then_sorted(rows):
    ys = sorted(vmap(lambda r: W[0] * r[0] + W[1] * r[1])(rows), key=lambda y: y.data)
    return ys[0] + 2 * ys[-1], len(ys)


@at(([3, 1, 2],), ([0, 0, 0],), ([2, -1, 1],), ([9, 0, 0],))
def tokens_of_a_table(tokens):
    table = [[W[0], W[1]], [W[1], W[2]], [W[2], W[0]], [W[0] * 2, W[1] * 2]]
    h = [0.0, 0.0]
    for token in tokens:
        h = [(a * 0.5 + b).tanh() for a, b in zip(h, take(table, token), strict=True)]
    return h


@at(([1.0, 2.0, 3.0],), ([3.0, 2.0, 1.0],), ([2.0, 2.0, 2.0],), ([1.0, 3.0, 3.0],))
def index_of_the_largest(xs):
    best = 0
    for i in range(len(xs)):
        if xs[i] > xs[best]:
            best = i
    return W[best] * xs[best], best


@at(([3.0, 1.0, 2.0],), ([1.0, 1.0, 3.0],))
def different_elements(xs):
    seen = []
    for x in xs:
        if x not in seen:
            seen.append(x)
    return len(seen) * W[0] + sum(seen) * W[1], xs.count(1.0), xs.index(3.0)


@at((1.0,), (-1.0,), (0.0,), (2.0,), (float("inf"),))
def early_returns(x):
    if x == 0:
        return W[0] * 1
    if x < 0:
        return -x * W[1]
    y = x * W[2]
    return y if y > 0.3 else y * y


@at((10.0,), (0.1,), (3.0,))
def newton_until_it_converges(a):
    x = a * 1.0
    for _ in range(50):
        better = 0.5 * (x + a / x)
        if abs(better - x) < 1e-9:
            break
        x = better
    return x * W[0]


@at((4.0, 2.0), (4.0, 0.0), (1.0, 3.0))
def an_error_that_eager_code_raises(x, y):
    return W[0] * x / y


@at(([1.0, -2.0, 3.0],), ([0.0, 0.0],), ([-1.0, 5.0, 2.0],))
def data_that_is_read(xs):
    ys = [w * x for w, x in zip(W, xs, strict=False)]
    largest = max(y.data for y in ys)
    total = sum((y - largest).exp() for y in ys)
    if W[0].data > 0.5:
        total = total + W[0].data * W[1].data ** 2
    return total.log() + largest


@at((1.0,), (-2.0,), (0.5,))
def without_gradient(x):
    with no_grad():
        scale = W[0] * x
    return scale * W[1] + stop_gradient(W[0] * x) * x


@at(("sum", ROWS), ("mean", ROWS), ("max", ROWS[::-1]), ("worst", ROWS))
def text_that_switches(how, rows):
    ys = [sum(w * x for w, x in zip(W, row, strict=False)) for row in rows]
    if how == "max":
        return max(ys)
    if how not in ("sum", "mean"):
        raise ValueError(f"unknown {how}")
    return sum(ys) / (len(ys) if how == "mean" else 1)


@at((3, [1.0]), (4, [2.0]), (0, [1.0]), static_argnums=0)
def a_static_count(n, xs):
    y = W[0] * xs[0]
    for _ in range(n):
        y = y * W[1]
    return y


@at(({"w": [1.0, 2.0], "b": 3.0}, None), ({"b": 1.0, "w": [0.5]}, 2.0), ({"w": [], "b": 0.0}, None))
def a_dict_and_an_option(p, scale):
    found = {k: [x * W[0] for x in v] if isinstance(v, list) else v * W[1] for k, v in p.items()}
    return found if scale is None else {**found, "scale": scale * W[2]}


@at((3.0, 2.0), (1.0, 1.0), (0.0, 1.0))
def comparisons_that_are_returned(a, b):
    return {"less": a < b, "equal": a == b, "both": (a < b) & (a == 0), "count": (a > 0) * W[0]}


@at(([[1.0], [2.0, 3.0]],), ([[1.0], [2.0, -3.0]],), ([[], [1.0]],))
def ragged_rows(rows):
    return [sum(x * w for x, w in zip(row, W, strict=False)) for row in rows]


@pytest.mark.filterwarnings("ignore:.*rows", "ignore:.*caught")
@pytest.mark.parametrize(("f", "calls", "options"), PROGRAMS)
def test_a_program_of_a_student_is_equal_to_eager_at_every_call(f, calls, options):
    fast = autograd.compile(f, **options)
    try:
        for numbers in ((0.7, -1.3, 0.2), (0.7, -1.3, 0.2), (-0.4, 0.55, 1.1)):
            for args in calls:
                for w, x in zip(W, numbers, strict=True):
                    w.data = x
                assert outcome(fast, args) == almost(outcome(f, args)), args
    finally:
        for w, x in zip(W, (0.7, -1.3, 0.2), strict=True):
            w.data = x
