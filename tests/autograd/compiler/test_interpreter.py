"""The native interpreter gives what eager code gives, bit for bit, or says that it failed."""

from __future__ import annotations

import itertools
import math
import operator
import os
import pickle
import random
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("llvmlite", reason="the interpreter needs llvmlite")

import numpy as np

import autograd
from autograd import Binary, Nary, Unary, Value, add, cos, mul, ops, tanh
from autograd.compiler import print_instructions as print_instructions_module
from autograd.compiler import program as numpy_programs
from autograd.compiler.array_functions import Arrays
from autograd.compiler.differentiate import gradient
from autograd.compiler.expressions import Expression, Graph
from autograd.compiler.instruction_set import interpreter, numbers
from autograd.compiler.interpreter import Interpreted
from autograd.compiler.print_instructions import NotInterpretable, print_instructions
from autograd.compiler.print_numpy import print_numpy
from autograd.compiler.schedule import Schedule
from autograd.compiler.traced import Guard
from autograd.operation import TABLE, Operation

from ...support.branching_programs import branching_program
from ...support.random_graphs import Program, programs
from .test_random_programs import calls, function, outcome

FUZZ = settings(derandomize=True, deadline=None, database=None, suppress_health_check=HealthCheck)
NUMBERS = [
    0.0, 1.0, 0.5, 2.0, 3.0, 20.0, 709.79, 1000.0, 1e-300, 1e300, 5e-324, 1 - 2**-53, 1 + 2**-52,
    math.inf,
]  # fmt: skip
EDGES = [*NUMBERS, *[-x for x in NUMBERS], math.nan]
LINEAR = [ops.dot, ops.sum, ops.mean]
OWN = {
    "chosen": lambda m, x: m.where(x > 0.5, 2.0 / x, m.maximum(x, -1.0, 3 * x) - 1),
    "powers": lambda m, x: m.where(x <= 0.5, m.pow(m.fabs(x), 3), m.pow(2, x)) / m.sqrt(x),
    "angles": lambda m, x: m.atan2(x, 2.0) + m.hypot(1.0, -x) - m.fmod(x, 0.75),
    "itself": lambda m, x: x,
}


@pytest.fixture(autouse=True)
def table_as_before() -> Any:
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


def parts(
    function: Callable[..., Any], count: int, guards: Callable[..., list[Guard]] = lambda *xs: []
) -> Any:
    """Return what a program is written from: for a function of ``count`` numbers, and gradient."""
    graph = Graph()
    xs = [graph.input() for _ in range(count)]
    y = graph.lift(function(*xs))
    grads = gradient(graph, [(y, graph.one)], xs)
    tests = guards(*xs)
    roots = [y, *grads, *[x for test in tests for x in (test.left, test.right)]]
    return Schedule(graph, roots, xs, []), xs, 0, [y], grads, tests


def program(*of_what: Any) -> Interpreted:
    return Interpreted(print_instructions(*parts(*of_what)))


def by_numpy(*of_what: Any) -> Callable[[Sequence[float]], Any]:
    """Return the same program as NumPy computes it: None where it fails."""
    compiled = numpy_programs.Program(print_numpy(*parts(*of_what)), Arrays(np))
    return lambda xs: compiled.backend.computed(
        np.array([xs[i] for i in compiled.order]), [np.zeros(0)]
    )


def run(compiled: Interpreted, xs: Sequence[float]) -> Any:
    """Return the value and the gradient, or what else it answers."""
    found = compiled.run(np.array(xs), np.zeros(0))
    return found and (found[0][0], found[1].tolist())


def eager(function: Callable[..., Any], xs: Sequence[float]) -> Any:
    """Return the value and the gradient, None if an error is raised."""
    leaves = [Value(x) for x in xs]
    try:
        y = function(*leaves)
        if isinstance(y, Value):
            y.backward()
            y = y.data
    except (ArithmeticError, ValueError):
        return None
    return float(y), [leaf.grad for leaf in leaves]


def differences(
    function: Callable[..., Any], count: int, points: Iterable[Sequence[float]]
) -> list[str]:
    """Return where the program differs from eager code, and how."""
    compiled, numpy_finds = program(function, count), by_numpy(function, count)
    wrong = []
    for xs in points:
        found, expected = run(compiled, xs), eager(function, xs)
        if found is None:  # eager code runs then, if NumPy fails too, or for very large numbers
            failed = numpy_finds(xs) is None or not all(1e-150 < abs(x) < 1e150 for x in xs if x)
            alike = failed or expected is None
        elif expected is None or not all(map(math.isfinite, expected[1])):
            alike = not all(map(math.isfinite, [found[0], *found[1]]))  # then eager code runs, too
        else:
            pairs = zip(found[1], expected[1], strict=True)
            alike = (
                same_sums(found[0], expected, xs)
                if is_linear(function)
                else (repr(found[0]) == repr(expected[0]))
            )
            alike &= all(math.isclose(a, b, rel_tol=1e-15, abs_tol=1e-320) for a, b in pairs)
        if not alike:
            wrong.append(f"{xs}: {found}, eager {expected}")
    return wrong


def is_linear(function: Callable[..., Any]) -> bool:
    """Return whether it is a sum of products, which may be added in another order."""
    return getattr(function, "operation", None) in LINEAR


def same_sums(found: float, expected: Any, xs: Sequence[float]) -> bool:
    """Return whether the value is that of a sum, up to rounding errors of its largest terms."""
    value, gradient = expected
    size = sum([abs(x * g) for x, g in zip(xs, gradient, strict=True)])
    return found == value or abs(found - value) <= 1e-15 * size or not math.isfinite(size)


def flat(operation: Operation, sample: Sequence[Any]) -> list[float]:
    return [float(x) for x in operation.operands(*sample)]


def called(operation: Operation, count: int) -> Callable[..., Any]:
    """Return the function of ``count`` numbers that calls the operation."""
    n = count // 2

    def call(*xs: Any) -> Any:
        if operation is ops.dot:
            return operation(xs[:n], xs[n : 2 * n], *xs[2 * n :])
        return operation(*xs)

    call.operation = operation  # type: ignore[attr-defined]  # for `is_linear`
    return call


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_is_as_in_eager_code(name: str) -> None:
    operation = TABLE[name]
    points = [flat(operation, sample) for sample in operation.samples]
    points += [list(x) for x in operation.special] + [list(x) for x in operation.outside]
    counts = sorted({len(x) for x in points})
    for count in counts:
        edges = itertools.product(EDGES, repeat=count)
        if count > 2:
            edges = itertools.islice(edges, 0, None, len(EDGES) ** count // 900)
        some = [*[x for x in points if len(x) == count], *edges]
        wrong = differences(called(operation, count), count, some)
        assert not wrong, "\n".join(wrong[:9])


@pytest.mark.parametrize("name", [n for n, op in TABLE.items() if not op.arity])
@pytest.mark.parametrize("count", [2, 9, 64])
def test_operations_of_many_operands(name: str, count: int) -> None:
    points = np.round(np.random.default_rng(0).normal(size=(20, count)), 1).tolist()  # with ties
    assert not differences(called(TABLE[name], count), count, points)


@pytest.mark.parametrize("name", OWN)
def test_operations_of_ones_own(name: str) -> None:
    own = Unary(f"own_{name}", OWN[name], lambda y, x: cos(x))
    wrong = differences(own, 1, [[x] for x in EDGES])
    assert not wrong, "\n".join(wrong)


def test_operations_of_the_readme(own: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return own.norm(own.cube(x), own.area(x, y), y * 2)

    assert not differences(f, 2, [[0.3, -2.0], [-1.0, 1.0]])


def test_an_operation_that_needs_python_is_refused() -> None:
    parity = Unary("parity", lambda m, x: 1.0 if x > 0 else -1.0, 0.0)
    gamma = Unary("own_gamma", lambda m, x: m.gamma(x), 0.0)
    for own, why in ((parity, "only Python can compute parity"), (gamma, "no function 'gamma'")):
        with pytest.raises((NotInterpretable, TypeError), match=why):
            program(own, 1)


def test_an_operation_may_have_the_name_of_an_instruction() -> None:
    copy = Unary("copy", lambda m, x: x * 2, 2.0)
    maximum_of = Binary("hypot", lambda m, a, b: a - b, (1.0, -1.0))
    total = Nary("choose", lambda m, *xs: xs[0] * xs[1], lambda y, *xs: [xs[1], xs[0]])

    def f(a: Any, b: Any) -> Any:
        return total(copy(a), maximum_of(a, b))

    assert run(program(f, 2), [3.0, 1.0]) == (12.0, [10.0, -6.0])


@FUZZ
@given(programs())
def test_random_graphs(drawn: Program) -> None:
    compiled = program(drawn, len(drawn.point))
    found, expected = run(compiled, drawn.point), eager(drawn, drawn.point)
    if found is None:
        return  # an intermediate result overflows, or the program has none
    assert math.isclose(found[0], expected[0], rel_tol=1e-12, abs_tol=1e-12)
    assert np.allclose(found[1], expected[1], rtol=1e-9, atol=1e-9)


def test_random_graphs_are_computed() -> None:
    computed = []

    @FUZZ
    @given(programs())
    def look(drawn: Program) -> None:
        computed.append(run(program(drawn, len(drawn.point)), drawn.point) is not None)

    look()
    assert np.mean(computed) > 0.95


TESTS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("outcome", [True, False])
@pytest.mark.parametrize("tie", [True, False])
def test_a_guard_ends_the_program(test: Any, outcome: bool, tie: bool) -> None:
    compiled = program(mul, 2, lambda a, b: [Guard(test, a, b, outcome, tie)])
    for a, b in itertools.product([1.0, 2.0, math.inf], repeat=2):
        holds = test(a, b) == outcome
        assert run(compiled, [a, b]) == ((a * b, [b, a]) if holds else () if tie else None)
    assert test(1.0, math.nan) == outcome or not run(compiled, [1.0, math.nan])


def test_the_first_guard_that_fails_decides_and_an_error_comes_before() -> None:
    def guards(a: Any, b: Any) -> list[Guard]:
        tie = Guard(operator.lt, a, b, False, tie=True)
        return [tie, Guard(operator.lt, a, b, False), tie]

    assert run(program(ops.div, 2, guards), [1.0, 2.0]) == ()
    assert run(program(ops.div, 2, guards), [-1.0, 0.0]) is None


def test_two_threads_run_one_program() -> None:
    def f(x: Any, y: Any) -> Any:
        for _ in range(2000):
            x = tanh(x * y + 0.01)
        return x

    compiled = program(f, 2)
    points = [[0.5, 0.9], [1.5, 0.3]]
    expected, wrong = [run(compiled, xs) for xs in points], []

    def work(i: int) -> None:
        wrong.extend([i for _ in range(50) if run(compiled, points[i]) != expected[i]])

    threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_after_a_fork() -> None:
    compiled = program(add, 2)
    child = os.fork()
    if child == 0:
        os._exit(0 if run(compiled, [1.0, 2.0]) == (3.0, [1.0, 1.0]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_results_are_copies_and_outlive_the_program() -> None:
    compiled = program(mul, 2)
    _, first = compiled.run(np.array([2.0, 3.0]), np.zeros(0))
    compiled.run(np.array([5.0, 7.0]), np.zeros(0))
    del compiled
    assert first.tolist() == [3.0, 2.0]


def test_the_text_is_the_same_every_time() -> None:
    before = interpreter()
    Unary("later", lambda m, x: x, 1.0)
    numbers.cache_clear()
    assert interpreter() == before


def test_a_batch_is_refused() -> None:
    from autograd.compiler.batch import Axis

    graph = Graph()
    x, row = graph.input(), graph.input(axis=Axis())
    y = graph.unique(ops.tanh, (graph.dot([(x, row)]),))
    assert isinstance(y, Expression)
    schedule = Schedule(graph, [y], [x], [], [[row]])
    with pytest.raises(NotInterpretable, match="batch"):
        print_instructions(schedule, [x], 0, [y], [], [])


# ------------------------------------------------------------------------ through autograd.compile


def irregular(parameters: Sequence[Value], steps: int = 700) -> Callable[..., Any]:
    """Return a function without structure: any operation on any two earlier results."""
    rng = random.Random(0)
    functions = (tanh, cos, ops.sigmoid, ops.atan)
    plan = [
        (rng.choice(functions), rng.randrange(5 + i), rng.randrange(5 + i)) for i in range(steps)
    ]

    def f(x: Any, y: Any) -> Any:
        values: list[Any] = [*parameters, x, y]
        for op, i, j in plan:
            values.append(op(values[i]) * values[j] + 0.1)
        if values[-1] > 0.05:
            return values[-1] + values[-2] / y
        return values[-3] - values[-1] + 1 / y

    return f


@pytest.fixture
def parameters() -> list[Value]:
    return [Value(0.3), Value(-0.7), Value(1.1)]


def step(f: Callable[..., Any], parameters: Sequence[Value], *args: Any) -> Any:
    for p in parameters:
        p.grad = 0.0
    y = f(*args)
    y.backward()
    return y.data, [p.grad for p in parameters]


@pytest.mark.filterwarnings("ignore:.*another branch")
def test_a_function_without_structure_runs_on_it(parameters: list[Value]) -> None:
    f = irregular(parameters)
    fast = autograd.compile(f, backend="llvm")
    branches = set()
    for k in range(12):
        args = (math.sin(k), 1.5 - k)
        parameters[0].data = 0.1 * k
        expected, found = step(f, parameters, *args), step(fast, parameters, *args)
        assert math.isclose(found[0], expected[0], rel_tol=1e-13)
        assert np.allclose(found[1], expected[1], rtol=1e-11, atol=1e-13)
        branches.add(fast.recordings.last)
    assert len(branches) == 2, "both branches have been taken"
    assert "by the interpreter" in fast.report()
    assert fast.source.startswith("def program(p, x):")
    assert fast.source == fast.source


def test_its_errors_are_those_of_eager_code(parameters: list[Value]) -> None:
    f = irregular(parameters)
    fast = autograd.compile(f, backend="llvm")
    fast(0.5, 1.0)
    assert "by the interpreter" in fast.report()
    with pytest.raises(ZeroDivisionError) as expected:
        f(Value(0.5), Value(0.0))
    with pytest.raises(ZeroDivisionError, match=re.escape(str(expected.value))):
        fast(Value(0.5), Value(0.0))
    parameters[0].data = "nothing"  # type: ignore[assignment]  # by mistake
    with pytest.raises(TypeError, match="the data of a Value is a float"):
        fast(0.5, 1.0)


def test_several_results_and_pickled_results(parameters: list[Value]) -> None:
    f = irregular(parameters)

    def two(x: Any, y: Any) -> Any:
        y0 = f(x, y)
        return [y0, y0 * parameters[0]]

    fast = autograd.compile(two, backend="llvm")
    results = fast(0.5, 1.0)
    copy = pickle.loads(pickle.dumps(results[1]))
    del fast
    for found, expected in zip([*results, copy], [*two(0.5, 1.0), two(0.5, 1.0)[1]], strict=True):
        assert math.isclose(found.data, expected.data, rel_tol=1e-13)
    for p in parameters:
        p.grad = 0.0
    results[1].backward()
    found_grads = [p.grad for p in parameters]
    assert np.allclose(found_grads, step(lambda: two(0.5, 1.0)[1], parameters)[1], rtol=1e-11)


def test_numpy_when_it_is_asked_for(parameters: list[Value]) -> None:
    fast = autograd.compile(irregular(parameters), backend="numpy")
    fast(0.5, 1.0)
    assert "interpreter" not in fast.report()


def test_regular_work_is_not_interpreted() -> None:
    weights = [[Value(0.01 * i - 0.02 * j) for i in range(20)] for j in range(20)]

    def f(xs: Any) -> Any:
        for _ in range(9):
            xs = [tanh(autograd.dot(row, xs)) for row in weights]
        return autograd.sum(xs)

    fast = autograd.compile(f, backend="llvm")
    fast([0.1] * 20)
    assert "interpreter" not in fast.report()


@pytest.mark.filterwarnings("ignore:.*another branch", "ignore:.*more time to compile")
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_with_branches(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_instructions_module, "MIN_NUMBERS", -1)  # everything is interpreted
    monkeypatch.setattr(print_instructions_module, "INSTRUCTION_NS", 0)
    source, rng = branching_program(seed), random.Random(seed)
    f = function(source)
    fast = autograd.compile(f, backend="llvm")
    w = [Value(rng.uniform(-1, 1)) for _ in range(2)]
    for xs, i in calls(rng, 8):
        leaves = [*w, *[x for x in xs if isinstance(x, Value)]]
        shape, values, grads = outcome(f, (xs, i, w), leaves)
        found_shape, found, found_grads = outcome(fast, (xs, i, w), leaves)
        assert found_shape == shape
        assert found == pytest.approx(values, rel=1e-11, abs=1e-13)
        assert found_grads == pytest.approx(grads, rel=1e-9, abs=1e-11)
