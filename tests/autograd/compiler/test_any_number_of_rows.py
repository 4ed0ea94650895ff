"""One piece of machine code serves every number of rows, with the numbers and errors of NumPy."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

import autograd
from autograd import Value, flat_function, vmap

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

import numpy as np

from autograd.compiler import llvm_arrays, native_program, native_steps, print_llvm
from autograd.compiler.row_sizes import NeedsKnownRowsError, Rows

Problem = tuple[Callable[..., Any], list[Value], Callable[[int], Any]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that gets the shapes of each program that is printed, none from the disk."""
    monkeypatch.setenv("CHALKGRAD_CACHE", "0")
    shapes: list[Any] = []

    def noted(program: Any, rows: Any, *rest: Any) -> Any:
        shapes.append(rows)
        return print_llvm.print_llvm(program, rows, *rest)

    monkeypatch.setattr(native_program, "print_llvm", noted)
    return shapes


@pytest.fixture(params=[pytest.param(n, marks=[pytest.mark.slow] * (n != 4)) for n in (2, 4, 8)])
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Write machine code for vectors of so many numbers."""
    found: int = request.param
    monkeypatch.setattr(native_program, "host_lanes", lambda: found)
    return found


class Drawing:
    """Draws weights, rows and formulas. The weights are the parameters."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.weights: list[Value] = []

    def vector(self, n: int) -> list[Value]:
        found = [Value(self.rng.gauss(0, 0.5)) for _ in range(n)]
        self.weights += found
        return found

    def matrix(self, n: int, m: int) -> list[list[Value]]:
        return [self.vector(m) for _ in range(n)]

    def rows(self, n: int, *shape: int) -> Any:
        if not shape:
            return [self.rng.gauss(0, 1) for _ in range(n)]
        return [self.rows(*shape) for _ in range(n)]


def network(draw: Drawing, *sizes: int) -> Callable[[Any], list[Any]]:
    layers = [(draw.matrix(m, n), draw.vector(m)) for n, m in pairwise(sizes)]

    def f(x: Any) -> list[Any]:
        for W, b in layers:
            x = [autograd.tanh(autograd.dot(w, x) + c) for w, c in zip(W, b, strict=True)]
        return list(x)

    return f


def layers(draw: Drawing, *sizes: int, reduction: Any = autograd.mean) -> Problem:
    f = network(draw, *sizes)

    def loss(X: Any, ts: Any) -> Any:
        def one(x: Any, t: Any) -> Any:
            return autograd.sum([(y - t) ** 2 for y in f(x)])

        return reduction(vmap(one)(X, ts))

    return loss, draw.weights, lambda n: (draw.rows(n, sizes[0]), draw.rows(n))


def classes(draw: Drawing) -> Problem:
    f = network(draw, 3, 9, 4)

    def loss(X: Any, Y: Any) -> Any:
        def one(x: Any, y: Any) -> Any:
            zs = f(x)
            return autograd.logsumexp(*zs) - autograd.dot(y, zs) + autograd.maximum(*zs, 0.1)

        return autograd.mean(vmap(one)(X, Y))

    return loss, draw.weights, lambda n: (draw.rows(n, 3), draw.rows(n, 4))


def of_numbers(draw: Drawing) -> Problem:
    a, b = draw.vector(2)

    def loss(xs: Any) -> Any:
        ys = vmap(lambda x: autograd.log(1.5 + autograd.sin(a * x)) * autograd.erf(b - x))(xs)
        return autograd.sum(ys) + autograd.maximum(autograd.mean(ys), a * b)

    return loss, draw.weights, lambda n: (draw.rows(n),)


def extremes(draw: Drawing) -> Problem:
    w = draw.vector(5)

    def loss(X: Any) -> Any:
        ys = vmap(lambda x: autograd.dot(w, x))(X)
        return autograd.maximum(ys) * autograd.minimum(ys)

    return loss, draw.weights, lambda n: (draw.rows(n, 5),)


def dot_of_rows(draw: Drawing) -> Problem:
    f, (w,) = network(draw, 2, 3, 1), draw.vector(1)

    def loss(X: Any) -> Any:
        ys = vmap(lambda x: f(x)[0])(X)
        return autograd.dot(ys, vmap(lambda y: autograd.exp(w * y))(ys))

    return loss, draw.weights, lambda n: (draw.rows(n, 2),)


def two_batches(draw: Drawing) -> Problem:
    """The second batch has other rows, fewer or more."""
    f, g = network(draw, 3, 8, 1), network(draw, 2, 1)

    def loss(X: Any, Z: Any) -> Any:
        first = autograd.mean(vmap(lambda x: f(x)[0])(X))
        return first * autograd.sum(vmap(lambda z: g(z)[0] * first)(Z))

    return loss, draw.weights, lambda n: (draw.rows(n, 3), draw.rows(2 * n % 19 + 1, 2))


def with_known_rows(draw: Drawing) -> Problem:
    """One of the batches has the same rows at every call."""
    f = network(draw, 2, 3, 1)
    kept = draw.rows(7, 2)

    def loss(X: Any) -> Any:
        def mean(rows: Any) -> Any:
            return autograd.mean(vmap(lambda x: f(x)[0])(rows))

        return mean(X) - mean(kept)

    return loss, draw.weights, lambda n: (draw.rows(n, 2),)


def matrices_in_rows(draw: Drawing) -> Problem:
    """Each row is a matrix, and is multiplied with matrices of weights, and with itself."""
    W, v = draw.matrix(5, 3), draw.vector(4)

    def loss(X: Any) -> Any:
        def one(x: Any) -> Any:
            ys = [[autograd.tanh(autograd.dot(w, row)) for w in W] for row in x]
            scores = [[autograd.dot(a, b) for b in ys] for a in ys]
            return autograd.sum(
                [c * autograd.logsumexp(*row) for c, row in zip(v, scores, strict=True)]
            )

        return autograd.mean(vmap(one)(X))

    return loss, draw.weights, lambda n: (draw.rows(n, 4, 3),)


def pooled(draw: Drawing) -> Problem:
    """Operations take values of several kinds: of rows, of weights, and of both."""
    w = draw.vector(3)

    def loss(X: Any) -> Any:
        def one(x: Any) -> Any:
            mixed = [w[0], x[1], autograd.tanh(w[1] * x[0]), x[0] * x[1], w[2] * w[0]]
            first = autograd.logsumexp(*mixed)
            return first + autograd.maximum(*mixed[::-1]) * autograd.where(x[0] > w[1], x[1], first)

        return autograd.mean(vmap(one)(X))

    return loss, draw.weights, lambda n: (draw.rows(n, 2),)


def taken(draw: Drawing) -> Problem:
    table = draw.matrix(6, 3)

    def loss(X: Any) -> Any:
        def one(x: Any) -> Any:
            rows = [autograd.take(table, i) for i in x]
            return autograd.sum([autograd.dot(a, b) for a, b in pairwise(rows)])

        return autograd.mean(vmap(one)(X))

    def given(n: int) -> Any:
        return ([[draw.rng.randrange(6) for _ in range(3)] for _ in range(n)],)

    return loss, draw.weights, given


def one_after_another(draw: Drawing) -> Problem:
    f, g = network(draw, 2, 3), network(draw, 3, 2)

    def loss(X: Any) -> Any:
        hidden = vmap(f)(X)
        return autograd.sum(vmap(lambda h, x: autograd.dot(g(h), x))(hidden, X))

    return loss, draw.weights, lambda n: (draw.rows(n, 2),)


def compared(draw: Drawing) -> Problem:
    """All rows are compared, with the same outcome."""
    w = draw.vector(2)

    def loss(X: Any) -> Any:
        def one(x: Any) -> Any:
            y = autograd.dot(w, x)
            return y if x[0] * x[0] < 1e6 else -y

        ys = vmap(one)(X)
        total = autograd.mean(ys)
        return total * total if total < 1e3 else total

    return loss, draw.weights, lambda n: (draw.rows(n, 2),)


PROBLEMS: dict[str, Callable[[Drawing], Problem]] = {
    "a weight": lambda draw: layers(draw, 1, 1),
    "layers of 3": lambda draw: layers(draw, 3, 3, 3),
    "layers of 16": lambda draw: layers(draw, 2, 16, 16, 1),
    "a wide layer": lambda draw: layers(draw, 1, 33, 1, reduction=autograd.sum),
    "the largest": lambda draw: layers(draw, 4, 5, 2, reduction=autograd.maximum),
    "classes": classes, "numbers": of_numbers, "extremes": extremes, "dot of rows": dot_of_rows,
    "two batches": two_batches, "known rows": with_known_rows, "matrices": matrices_in_rows,
    "pooled": pooled, "taken": taken, "one after another": one_after_another, "compared": compared,
}  # fmt: skip


def outcome(f: Any, weights: list[Value], args: Any) -> Any:
    """Return the value and the gradient, or the error."""
    for w in weights:
        w.grad = 0.0
    try:
        y = f(*args)
        y.backward()
    except (ArithmeticError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return np.array([y.data, *[w.grad for w in weights]])


def agree(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return bool(np.all(a == b))
    scale = max(1.0, np.abs(b[np.isfinite(b)]).max(initial=0.0))
    return np.allclose(a, b, rtol=0.0, atol=2e-13 * scale, equal_nan=True)


def is_native(f: Any) -> bool:
    return bool(f.report().splitlines()[-1].split() == ["backend", "llvm"])


def both(f: Any) -> tuple[Any, Any]:
    return autograd.compile(f, backend="llvm"), autograd.compile(f, backend="numpy")


def numbers_of_rows(lanes: int) -> Iterator[int]:
    """Yield them in an order in which memory must grow, and be used again."""
    yield from (lanes, 1, 2, 3, lanes - 1, lanes + 1, 2 * lanes - 1, 2 * lanes, 4 * lanes + 3)
    yield from (4 * lanes + 2, 100, 101, 5, 1)


@pytest.mark.parametrize("name", PROBLEMS)
def test_one_code_serves_every_number_of_rows(name: str, lanes: int, printed: list[Any]) -> None:
    f, weights, given = PROBLEMS[name](Drawing(len(name)))
    fast, by_numpy = both(f)
    for n in numbers_of_rows(lanes):
        args = given(n)
        found, expected = outcome(fast, weights, args), outcome(by_numpy, weights, args)
        assert agree(found, expected), f"{n} rows: {found} instead of {expected}"
        assert is_native(fast), fast.report()
    assert len(printed) == 1, fast.report()
    assert any(isinstance(shape[0], Rows) for shape in printed[0])


UNARY = [autograd.tanh, autograd.sin, autograd.softplus, autograd.relu, autograd.sigmoid, abs]
SEVERAL = [autograd.logsumexp, autograd.maximum, autograd.minimum]
OVER_ROWS = [autograd.sum, autograd.mean, autograd.maximum, autograd.minimum]


def random_step(draw: Drawing, width: int) -> tuple[Callable[[Any], list[Any]], int]:
    """Return a step from so many values of a row to others, and how many those are."""
    rng, (w,) = draw.rng, draw.vector(1)
    f, g, i, j = rng.choice(UNARY), rng.choice(SEVERAL), rng.randrange(width), rng.randrange(width)
    wider = rng.choice([1, 2, 3, 5, 8, 17])
    return rng.choice([
        (network(draw, width, wider), wider),
        (lambda xs: [f(x) for x in xs], width),
        (lambda xs: [*xs, xs[i] * xs[j]], width + 1),
        (lambda xs: [x - w * xs[i] for x in xs], width),
        (lambda xs: [g(*xs, w), *xs[:2]], 1 + min(width, 2)),
        (lambda xs: [*xs[i:], autograd.sum(xs)], width - i + 1),
        (lambda xs: [autograd.where(xs[i] > w, x, xs[j] * x) for x in xs], width),
        (lambda xs: [x / (1.0 + xs[j] ** 2) for x in xs], width),
    ])  # fmt: skip


def random_problem(seed: int) -> Problem:
    """Return a loss of one or two batches, made of steps that are drawn."""
    draw = Drawing(seed)
    rng, parts, widths = draw.rng, [], []
    for _ in range(rng.choice([1, 2])):
        steps, width = [], rng.choice([1, 2, 3, 9])
        widths.append(width)
        for _ in range(rng.randrange(2, 6)):
            step, width = random_step(draw, width)
            steps.append(step)
        parts.append((steps, draw.vector(width), rng.choice(OVER_ROWS)))

    def loss(*batches: Any) -> Any:
        total: Any = 0.0
        for (steps, weights, over), batch in zip(parts, batches, strict=True):

            def one(x: Any, steps: Any = steps, weights: Any = weights) -> Any:
                for step in steps:
                    x = step(x)
                return autograd.dot(weights, x)

            total = total + over(vmap(one)(batch))
        return total

    def given(n: int) -> Any:
        return [draw.rows(max(1, n - 3 * i), width) for i, width in enumerate(widths)]

    return loss, draw.weights, given


@pytest.mark.parametrize(
    "seed", [*range(12), *[pytest.param(n, marks=pytest.mark.slow) for n in range(12, 80)]]
)
def test_random_programs_are_as_with_numpy(seed: int, printed: list[Any]) -> None:
    f, weights, given = random_problem(seed)
    fast, by_numpy = both(f)
    for n in (1, 2, 7, 8, 9, 17, 4, 70):
        args = given(n)
        found, expected = outcome(fast, weights, args), outcome(by_numpy, weights, args)
        assert agree(found, expected), f"{n} rows: {found} instead of {expected}"
    assert is_native(fast), fast.report()
    assert len(printed) == 1, printed


# --------------------------------------------------------------------------- errors, and branches


def test_an_error_of_one_row_is_that_of_numpy(lanes: int) -> None:
    w = Value(1.0, "w")
    fast, by_numpy = both(lambda xs: autograd.mean(vmap(lambda x: autograd.log(w * x))(xs)))
    for n in (2 * lanes, 1, lanes - 1, lanes + 1, 4 * lanes + 3):
        xs = [1.0 + i for i in range(n)]
        assert agree(outcome(fast, [w], (xs,)), outcome(by_numpy, [w], (xs,)))
        for wrong in (0.0, -1.0):
            for place in {0, n // 2, n - 1}:
                args = ([*xs[:place], wrong, *xs[place + 1 :]],)
                found = outcome(fast, [w], args)
                assert found == outcome(by_numpy, [w], args)
                assert "log" in found
    assert is_native(fast)


def test_what_an_earlier_call_left_in_memory_raises_nothing(lanes: int) -> None:
    """Rows that are no longer there were errors, or infinite."""
    w, v = Value(1.0), [Value(1.0) for _ in range(3)]

    def loss(X: Any) -> Any:
        def one(x: Any) -> Any:
            y = autograd.exp(w * x[0])
            return autograd.log(y - 1.0) + autograd.dot(v, [y, autograd.log(y), x[1] / y])

        return autograd.sum(vmap(one)(X))

    fast, by_numpy = both(loss)
    fine = [[1.0 + i / 50, 2.0] for i in range(4 * lanes + 3)]
    outcome(fast, [w, *v], (fine,))
    for n in (2 * lanes + 1, lanes - 1, 1):
        for wrong in ([-1.0, 1.0], [800.0, 1.0], [1.0, math.inf], [1.0, math.nan]):
            args = ([*fine[:n], *[wrong] * (3 * lanes)],)
            assert agree(outcome(fast, [w, *v], args), outcome(by_numpy, [w, *v], args))
            assert agree(*[outcome(f, [w, *v], (fine[:n],)) for f in (fast, by_numpy)])
    assert fast.report().endswith("llvm")
    program = fast.last_program()
    inputs = np.array([float(n)]), np.array(fine[:n])
    order = [[w, *v][i].data for i in program.order]
    assert program.backend.machine_code(inputs).computed(order, inputs), "a flag was set"


@pytest.mark.parametrize("over", OVER_ROWS, ids=lambda over: over.name)
def test_infinite_rows_and_nan_are_as_with_numpy(over: Any, lanes: int) -> None:
    w = Value(1.0)
    fast, by_numpy = both(lambda xs: over(vmap(lambda x: w * x)(xs)))
    for n in (1, lanes, lanes + 3, 3 * lanes - 1):
        for wrong in (math.nan, math.inf, -math.inf):
            for place in {0, n // 2, n - 1}:
                xs = [float(i) for i in range(n)]
                xs[place] = wrong
                found, expected = [outcome(f, [w], (xs,)) for f in (fast, by_numpy)]
                assert repr(found) == repr(expected)


def test_a_branch_of_all_rows_is_taken_at_every_number_of_rows(lanes: int) -> None:
    w = Value(1.0)

    def loss(xs: Any) -> Any:
        def one(x: Any) -> Any:
            return w * x if x > 0 else w * w * x

        return autograd.sum(vmap(one)(xs))

    fast, by_numpy = both(loss)
    for n in (3, 1, lanes, 2 * lanes + 1):
        for sign in (1.0, -1.0, 1.0):
            xs = [sign * (1.0 + i) for i in range(n)]
            assert agree(outcome(fast, [w], (xs,)), outcome(by_numpy, [w], (xs,)))
    assert is_native(fast)


# ------------------------------------------------------------------------ limits, and known rows


def test_a_product_of_too_many_rows_is_left_to_numpy(
    monkeypatch: pytest.MonkeyPatch, printed: list[Any]
) -> None:
    monkeypatch.setattr(llvm_arrays, "MAX_PRODUCT", 3 * 9 * 20)  # the layer 3 x 9, of 20 rows
    f, weights, given = layers(Drawing(0), 3, 9, 1)
    fast, by_numpy = both(f)

    def check(n: int) -> None:
        args = given(n)
        assert agree(outcome(fast, weights, args), outcome(by_numpy, weights, args))

    check(21)
    said = "llvm for fewer rows, numpy for more, since its matrix product rows x 3 @ 3 x 9 is"
    assert said in fast.report()
    assert len(printed) == 1
    with monkeypatch.context() as patch:
        patch.setattr(native_program, "load_with_facts", None)
        check(1000)  # nothing is compiled for them
    for n in (20, 21, 20, 7):
        check(n)
        native = fast.last_program().backend.machine_code(_inputs(fast, given(n)))
        assert (native is None) == (n > 20)


def test_code_from_the_disk_has_the_same_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    monkeypatch.setattr(llvm_arrays, "MAX_PRODUCT", 3 * 9 * 20)
    for n in (20, 21, 20):
        f, weights, given = layers(Drawing(0), 3, 9, 1)
        fast, by_numpy = both(f)
        args = given(n)
        assert agree(outcome(fast, weights, args), outcome(by_numpy, weights, args))
        assert is_native(fast) == (n == 20)
    assert len([*tmp_path.iterdir()]) == 1


def _inputs(fast: Any, args: Any) -> Any:
    X, ts = [np.array(x) for x in args]
    return np.array([float(len(X))]), X, ts[:, None]


def test_rows_that_need_too_much_memory_are_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_llvm, "MAX_SCRATCH", 2000)
    f, weights, given = layers(Drawing(0), 2, 8, 1)
    fast, by_numpy = both(f)
    for n in (10, 1000):
        args = given(n)
        assert agree(outcome(fast, weights, args), outcome(by_numpy, weights, args))
        assert is_native(fast) == (n == 10)
    said = "llvm for fewer rows, numpy for more, since it needs more scratch memory"
    assert said in fast.report()


def test_a_program_that_must_know_its_rows_is_made_for_some_numbers_of_them(
    monkeypatch: pytest.MonkeyPatch, printed: list[Any]
) -> None:
    def refuse(self: Any, *args: Any) -> None:
        raise NeedsKnownRowsError("it is a test")

    monkeypatch.setattr(llvm_arrays.Loops, "_row_buffer", refuse)
    f, weights, given = layers(Drawing(0), 2, 8, 1)
    fast, by_numpy = both(f)
    for n in (3, 4, 5, 6):
        args = given(n)
        assert agree(outcome(fast, weights, args), outcome(by_numpy, weights, args))
        assert "llvm, for each number of rows anew, since it is a test" in fast.report()
    args = given(7)
    assert agree(outcome(fast, weights, args), outcome(by_numpy, weights, args))
    assert "llvm for the first numbers of rows, numpy for others" in fast.report()
    assert len(printed) == 1 + 4


# ----------------------------------------------------------------------------------- in training


def test_steps_of_batches_of_several_sizes_use_one_code(printed: list[Any]) -> None:
    f, weights, given = layers(Drawing(1), 2, 8, 1)
    X, ts = map(np.array, given(100))
    flat = flat_function(autograd.compile(f, backend="llvm"), weights)
    flat(flat.numbers(), X[:30], ts[:30])
    step = flat.native_steps(lambda s, theta, gradient: [theta - s[1] * gradient], 2)
    for sizes in ([30, 30, 30, 10], [7, 1, 80, 12], [1] * 20):
        theta, start = flat.numbers(), 0
        found = step(theta[None], [X, ts], sizes, [1.0, 0.1])
        assert len(found) == len(sizes)
        by_numpy = flat_function(autograd.compile(f, backend="numpy"), weights)
        for size, (value, _) in zip(sizes, found.tolist(), strict=True):
            expected, slope = by_numpy(theta, X[start : start + size], ts[start : start + size])
            assert value == pytest.approx(expected, rel=1e-10)
            theta, start = theta - 0.1 * slope, start + size
        assert step.state[0] == pytest.approx(theta, rel=1e-10)
    assert len(printed) == 1


def test_memory_is_kept_for_some_sizes_of_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_steps, "MAX_SIZES", 3)
    f, weights, given = layers(Drawing(1), 2, 1)
    X, ts = map(np.array, given(40))
    flat = flat_function(autograd.compile(f, backend="llvm"), weights)
    flat(flat.numbers(), X, ts)
    step = flat.native_steps(lambda s, theta, gradient: [theta - s[1] * gradient], 2)
    kept = []
    for sizes in ([1, 2, 3, 4, 5], [6], [1, 2, 3, 4, 5]):
        found = step(flat.numbers()[None], [X, ts], sizes, [1.0, 0.1])
        assert found[0, 0] == flat(flat.numbers(), X[: sizes[0]], ts[: sizes[0]])[0]
        (known,) = next(iter(step._known.values())).values()
        kept.append({*known.ready})
    assert kept == [{1, 2, 3, 4, 5}, {6}, {1, 2, 3, 4, 5, 6}]
