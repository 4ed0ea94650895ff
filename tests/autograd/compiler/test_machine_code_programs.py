"""Programs as machine code: the numbers and errors of NumPy, at every size and layout."""

import gc
import math
import multiprocessing
import os
import pickle
import random
import threading

import pytest

import autograd
from autograd import Value
from autograd.operation import TABLE

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

EDGES = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, 1e-310]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100]


def outcome(f, leaves, *args):
    """Return the numbers and gradients of a call, or its error."""
    for leaf in leaves:
        leaf.grad = 0.0
    try:
        found = f(*args)
        values = [found] if isinstance(found, Value) else found
        sum([y * (1 + 0.3 * k) for k, y in enumerate(values)], Value(0.0)).backward()
    except (ArithmeticError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return [y.data for y in values] + [leaf.grad for leaf in leaves]


def equal(a, b, ulps=2, absolute=0.0):
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return all(
        x == y
        or (x != x and y != y)
        or abs(x - y) <= ulps * math.ulp(max(abs(x), abs(y))) + absolute
        for x, y in zip(a, b, strict=True)
    )


def runs_as_machine_code(fast):
    return fast.report().splitlines()[-1].split() == ["backend", "llvm"]


def both(f):
    return autograd.compile(f, backend="llvm"), autograd.compile(f, backend="numpy")


def check(f, leaves, *args, ulps=2, absolute=0.0):
    """Both backends give the same numbers, or the same error, and machine code it is."""
    fast, by_numpy = both(f)
    expected = outcome(by_numpy, leaves, *args)
    found = outcome(fast, leaves, *args)
    assert equal(found, expected, ulps, absolute), f"{found} instead of {expected}"
    if not isinstance(found, str):
        assert runs_as_machine_code(fast), fast.report()


# --------------------------------------------------------------------------------- operations


def operands_of(operation):
    """Return the points where the table is checked, each a list of numbers."""
    points = [*operation.samples, *operation.special, *operation.outside]
    flat = [x if isinstance(x, tuple) else (x,) for x in points]
    return [[v for x in point for v in (x if isinstance(x, list) else [x])] for point in flat]


@pytest.mark.slow
@pytest.mark.parametrize("operation", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_at_its_points_is_as_with_numpy(operation):
    for point in operands_of(operation):
        for count in (1, 5, 9):  # a number, an odd vector, more than a vector
            leaves = [[Value(x) for x in point] for _ in range(count)]

            def f(rows=leaves):
                return [operation(*row) if operation.name != "dot" else dot(row) for row in rows]

            def dot(row):
                n = len(row) // 2
                return autograd.dot(row[:n], row[n : 2 * n], *row[2 * n :])

            flat = [x for row in leaves for x in row]
            check(f, flat, ulps=4, absolute=1e-15)


@pytest.mark.parametrize("operation", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_at_edges_is_as_with_numpy(operation):
    arity = operation.arity or 2
    rng = random.Random(0)
    points = [[x] * arity for x in EDGES] + [rng.choices(EDGES, k=arity) for _ in range(12)]
    leaves = [[Value(0.5) for _ in range(arity)] for _ in range(9)]

    def f():
        if operation.name == "dot":
            return [autograd.dot(row[:1], row[1:]) for row in leaves]
        return [operation(*row) for row in leaves]

    fast, by_numpy = both(f)
    flat = [x for row in leaves for x in row]
    for point in points:
        for row in leaves:
            for leaf, x in zip(row, point, strict=True):
                leaf.data = x
        expected, found = outcome(by_numpy, flat), outcome(fast, flat)
        assert equal(found, expected), f"{point}: {found} instead of {expected}"


# ----------------------------------------------------------------------- reductions, products


@pytest.mark.parametrize("n", SIZES)
def test_sums_dots_and_extremes_of_every_size(n):
    rng = random.Random(n)
    xs, ws = ([Value(rng.gauss(0, 1)) for _ in range(n)] for _ in range(2))

    def f():
        maximum = autograd.maximum(*xs) if n < 40 else xs[0]
        scores = [autograd.tanh(x * w) for x, w in zip(xs, ws, strict=True)]
        total = autograd.sum(scores) + autograd.dot(ws, xs) + autograd.mean(xs)
        return total + autograd.logsumexp(*xs) * maximum - autograd.minimum(*ws)

    check(f, [*xs, *ws], ulps=50, absolute=1e-13)


LAYERS = [(1, 1, 1), (5, 17, 8), (33, 4, 7), (1, 20, 12)]
MORE_LAYERS = [(2, 3, 1), (3, 2, 9), (16, 16, 16), (9, 30, 2), (40, 1, 40)]


@pytest.mark.parametrize(
    "sizes", [*LAYERS, *(pytest.param(x, marks=pytest.mark.slow) for x in MORE_LAYERS)], ids=str
)
def test_products_of_every_layout(sizes):
    """A layer, its gradients and products with transposed matrices, of these sizes."""
    rng = random.Random(0)
    rows, inner, columns = sizes
    A, B, C = (
        [[Value(rng.gauss(0, 1)) for _ in range(n)] for _ in range(m)]
        for m, n in ((rows, inner), (inner, columns), (rows, columns))
    )
    leaves = [x for matrix in (A, B, C) for row in matrix for x in row]

    def transposed(M):
        return [list(row) for row in zip(*M, strict=True)]

    def product(M, N):
        return [[autograd.dot(row, column) for column in transposed(N)] for row in M]

    def f():
        AB = product(A, B)
        back = product(product(transposed(A), C), transposed(B))
        rows_of = [autograd.dot(row, AB[0]) for row in C]
        return (
            autograd.sum([x * x for row in AB for x in row])
            + autograd.sum([autograd.tanh(x) for row in back for x in row])
            + autograd.sum(rows_of)
        )

    check(f, leaves, ulps=2000, absolute=1e-11)


@pytest.mark.parametrize("rows", [1, 3, 8, 50])
def test_programs_with_rows_and_lists_of_other_lengths(rows):
    rng = random.Random(rows)
    W = [[Value(rng.gauss(0, 1)) for _ in range(5)] for _ in range(6)]
    v = [Value(rng.gauss(0, 1)) for _ in range(6)]

    def loss(X, y):
        def one(x, target):
            hidden = [autograd.tanh(autograd.dot(w, x)) for w in W]
            return autograd.softplus(-target * autograd.dot(v, hidden))

        return autograd.mean(autograd.vmap(one)(X, y))

    fast, by_numpy = both(loss)
    leaves = [*v, *(x for w in W for x in w)]
    for n in (rows, rows + 1, rows, 2 * rows + 5):
        X = [[rng.gauss(0, 1) for _ in range(5)] for _ in range(n)]
        y = [rng.choice([-1.0, 1.0]) for _ in range(n)]
        expected = outcome(by_numpy, leaves, X, y)
        assert equal(outcome(fast, leaves, X, y), expected, 100, 1e-14)
        assert runs_as_machine_code(fast), fast.report()


def test_a_branch_a_tie_and_an_error_are_those_of_eager_code():
    w = Value(1.0, "w")

    def f(x):
        if w * x > 2.0:
            return autograd.log(w * x - 2.0)
        return autograd.log(w) * x

    fast = autograd.compile(f, backend="llvm")
    for data, x in [(1.0, 1.0), (1.0, 3.0), (2.0, 1.0), (0.5, 1.0), (0.0, 1.0), (-1.0, 3.0)] * 2:
        w.data = data
        assert outcome(fast, [w], x) == outcome(f, [w], x)


def test_a_result_that_overflows_has_the_error_of_eager_code():
    x = Value(800.0, "x")
    fast = autograd.compile(lambda: autograd.exp(x) * 0.0, backend="llvm")
    with pytest.raises(OverflowError, match=r"exp\(x\): the result is too large.*800"):
        fast()


# ------------------------------------------------------------------------------ life of a call


def network():
    rng = random.Random(0)
    W = [[Value(rng.gauss(0, 1)) for _ in range(16)] for _ in range(16)]
    x = [Value(rng.gauss(0, 1)) for _ in range(16)]

    def f(scale):
        hidden = [autograd.tanh(autograd.dot(w, x)) for w in W]
        return scale * autograd.sum([h * h for h in hidden])

    return f, [*x, *(v for w in W for v in w)]


def test_two_threads_at_once_have_memory_of_their_own():
    f, _ = network()
    fast = autograd.compile(f, backend="llvm")
    one = fast(1.0)
    wrong = []

    def work(scale):
        for _ in range(300):
            y = fast(scale)
            if abs(y.data - scale * one.data) > 1e-12 * scale or not np.allclose(
                y.gradient, scale * one.gradient, rtol=1e-12, atol=0
            ):
                wrong.append(scale)

    threads = [threading.Thread(target=work, args=(k + 1.0,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_process_computes_on():
    f, _ = network()
    fast = autograd.compile(f, backend="llvm")
    expected = fast(2.0).data
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put((fast(2.0).data, fast([3.0][0]).data)))
    child.start()
    found = queue.get()
    child.join()
    assert found[0] == expected
    assert child.exitcode == 0


def test_a_result_outlives_its_function_and_is_pickled_with_its_numbers():
    f, leaves = network()
    fast = autograd.compile(f, backend="llvm")
    y = fast(2.0)
    expected = outcome(f, leaves, 2.0)
    again = pickle.loads(pickle.dumps(y))
    assert again.data == y.data
    assert len(again.local_grads) == len(leaves)
    del fast, f
    gc.collect()
    for leaf in leaves:
        leaf.grad = 0.0
    y.backward()
    assert equal([y.data, *(leaf.grad for leaf in leaves)], expected, 100, 1e-13)


def test_a_compiled_function_is_copied_with_its_backend():
    fast = pickle.loads(pickle.dumps(autograd.compile(math.fsum, backend="llvm")))
    assert repr(fast) == "<compiled function fsum>"
    (backend,) = [x for x in fast.__reduce__()[1] if x == "llvm"]
    assert backend == "llvm"


# ----------------------------------------------------------------------------------- the choice


def test_the_backend_is_asked_for_by_name():
    x = Value(2.0)
    with pytest.raises(ValueError, match="takes 'llvm' or 'numpy' as backend, got 'gpu'"):
        autograd.compile(lambda: x * x, backend="gpu")
    with pytest.raises(ValueError, match="leave out either backend or xp"):
        autograd.compile(lambda: x * x, backend="llvm", xp=np)
    assert autograd.compile(lambda: x * x, backend="numpy", xp=np)().data == 4.0


def test_without_llvmlite_numpy_runs_and_asking_for_machine_code_is_an_error(monkeypatch):
    from autograd.compiler import backend

    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    x = Value(2.0)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "chalkgrad\[native\]"'):
        autograd.compile(lambda: x * x, backend="llvm")
    fast = autograd.compile(lambda: x * x)
    assert fast().data == 4.0
    assert fast.report().endswith("numpy")


def test_by_default_machine_code_is_made_after_some_calls():
    f, _ = network()
    fast = autograd.compile(f)
    first = fast(1.0).data
    assert "llvm after 99 more calls" in fast.report()
    for _ in range(100):
        assert fast(1.0).data == pytest.approx(first, rel=1e-14)
    assert runs_as_machine_code(fast)


def test_the_report_says_why_a_program_stays_with_numpy():
    w = Value(0.5)

    def chain(xs):  # the interpreter has no batches
        y = w
        for _ in range(400):
            y = autograd.tanh(y * w + 0.1)
        return y + autograd.sum(autograd.vmap(lambda x: w * x)(xs))

    fast = autograd.compile(chain, backend="llvm")
    assert fast([1.0]).data == pytest.approx(chain([1.0]).data, rel=1e-12)
    assert "numpy, since more than 300 of its lines are of numbers alone" in fast.report()

    A, B = ([[Value(float(i == j)) for j in range(2)] for i in range(2)] for _ in range(2))
    own = autograd.Unary("by_gamma", lambda m, x: m.gamma(x), lambda y, x: 0.0)
    try:
        fast = autograd.compile(lambda: own(A[0][0]) + B[0][0], backend="llvm")
        assert fast().data == 2.0
        assert "numpy, since it calls gamma, which machine code does not have" in fast.report()
    finally:
        TABLE.pop("by_gamma", None)
