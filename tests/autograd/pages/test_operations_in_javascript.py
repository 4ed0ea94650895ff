"""Operations printed as JavaScript, and the engine that runs them: equal to Python's numbers."""

import math
import random

import pytest
from hypothesis import HealthCheck, given, settings

from autograd import TABLE, Unary, Value, log, sqrt, topological_order
from autograd.operation import FLOATS
from autograd.pages.graph_data import graph_data
from autograd.pages.javascript import FUNCTIONS, CannotPrintError, print_operations
from autograd.value import derivatives

from ...support.node import run_module
from ...support.random_graphs import programs

TOLERANCE = 1e-12
INFINITE = [math.inf, -math.inf]


def points(operation):
    """The operands of the table's sample and special points, flat, as a node has them."""
    for sample in [*operation.samples, *operation.special]:
        operands = operation.operands(*sample)
        yield [float(x) for x in operands]
    if operation.infinite:
        yield from ([a, b, -1.0] for a in INFINITE for b in (*INFINITE, 2.0))
        yield from ([x] * 3 for x in INFINITE)


def close(a, b):
    return a == b or (a != a and b != b) or abs(a - b) <= TOLERANCE * max(1.0, abs(b))


def node_of(operation, xs):
    values = [Value(x) for x in xs]
    return values[0].record(operation, tuple(values))


def test_every_operation_has_pythons_value_and_local_gradients():
    cases = [(op, xs) for op in TABLE.values() if not op.is_own for xs in points(op)]
    source = print_operations((op, len(xs)) for op, xs in cases)
    found = run_module(
        f"""
        import {{ exact }} from "./autograd/pages/floats.js";
        import {{ parsed }} from "./autograd/pages/numbers.js";
        import {{ localGrads }} from "./autograd/pages/engine.js";
        const operations = {source};
        answer(given.map(([key, texts]) => {{
          const xs = texts.map(parsed);
          const y = operations[key].value(exact, ...xs);
          return [y, localGrads(operations[key], y, xs)];
        }}));
        """,
        [(f"{op.name}/{len(xs)}", [repr(x) for x in xs]) for op, xs in cases],
    )
    assert len({op for op, _ in cases}) == len([op for op in TABLE.values() if not op.is_own])
    for (op, xs), (y, grads) in zip(cases, found, strict=True):
        node = node_of(op, xs)
        assert close(y, node.data), (op, xs)
        assert len(grads) == len(node.local_grads)
        assert all(map(close, grads, node.local_grads)), (op, xs, grads, node.local_grads)


def test_outside_its_domain_an_operation_fails_as_in_python():
    kinds = {ValueError: "domain", OverflowError: "overflow", ZeroDivisionError: "zero division"}
    cases = [(op, list(xs)) for op in TABLE.values() if not op.is_own for xs in op.outside]
    expected = []
    for op, xs in cases:
        with pytest.raises((ArithmeticError, ValueError)) as caught:
            op.value(xs)
        expected.append(kinds[caught.type])
    found = run_module(
        f"""
        import {{ exact, FloatError }} from "./autograd/pages/floats.js";
        const operations = {print_operations((op, len(xs)) for op, xs in cases)};
        answer(given.map(([key, xs]) => {{
          try {{ return operations[key].value(exact, ...xs); }}
          catch (error) {{ return error instanceof FloatError ? error.kind : String(error); }}
        }}));
        """,
        [(f"{op.name}/{len(xs)}", xs) for op, xs in cases],
    )
    assert found == expected


def test_floats_js_has_the_functions_that_can_be_printed():
    names = run_module(
        """import { exact, limits } from "./autograd/pages/floats.js";
        answer([Object.keys(exact), Object.keys(limits)]);"""
    )
    assert all(set(found) == FUNCTIONS | {"of", "difference"} for found in names)


def python_answer(name, xs):
    """Return the value as a list, or the name of the error."""
    try:
        if name == "cbrt":
            return [math.copysign(abs(xs[0]) ** (1 / 3), xs[0])]
        return [float(getattr(FLOATS, name)(*xs))]
    except OverflowError:
        return "overflow"
    except ZeroDivisionError:
        return "zero division"
    except ValueError:
        return "domain"


def test_the_functions_of_floats_are_pythons():
    rng = random.Random(0)
    xs = [0.0, 1.0, -1.0, 0.5, 2.0, 1e-9, -3.0, 30.0, 1e300, math.inf, -math.inf, math.nan]
    xs += [rng.uniform(-6, 6) for _ in range(60)]
    cases = [(name, [x]) for name in FUNCTIONS - {"div", "pow", "maximum", "minimum"} for x in xs]
    cases += [("pow", [a, b]) for a in xs[:20] for b in xs[:20]]
    found = run_module(
        """
        import { exact } from "./autograd/pages/floats.js";
        answer(given.map(([name, xs]) => {
          try { return [exact[name](...xs)]; } catch (error) { return error.kind; }
        }));
        """,
        cases,
    )
    for (name, operands), answer in zip(cases, found, strict=True):
        expected = python_answer(name, operands)
        if isinstance(answer, list) and isinstance(expected, list):
            assert close(answer[0], expected[0]), (name, operands, answer, expected)
        else:
            assert answer == expected, (name, operands)


def test_erfc_keeps_its_tail():
    xs = [0.3, 0.5, 1.0, 1.99, 2.0, 3.0, 9.0, 20.0, 26.0]
    found = run_module(
        'import { exact } from "./autograd/pages/floats.js"; answer(given.map(exact.erfc));', xs
    )
    for x, y in zip(xs, found, strict=True):
        assert y == pytest.approx(math.erfc(x), rel=1e-12)


def test_what_has_no_javascript_is_refused():
    by_math = Unary("sine_of_math", lambda m, x: math.sin(x), lambda y, x: 1.0)
    unknown = Unary("gamma_of_m", lambda m, x: m.gamma(x), lambda y, x: 1.0)
    by_remainder = Unary("remainder", lambda m, x: x % 2.0, lambda y, x: 1.0)
    try:
        for operation in (by_math, unknown, by_remainder):
            with pytest.raises(CannotPrintError):
                print_operations([(operation, 1)])
    finally:
        for operation in (by_math, unknown, by_remainder):
            del TABLE[operation.name]


def engine_numbers(cases):
    """Return [data, grad] of each graph of ``cases``, a list of roots and their new leaves."""
    data, used = [], set()
    for root, leaves in cases:
        found = graph_data(topological_order(root))
        used |= found.used
        data.append([found.graph, leaves])
    return run_module(
        f"""
        import {{ Engine }} from "./autograd/pages/engine.js";
        const operations = {print_operations(sorted(used, key=str))};
        answer(given.map(([graph, leaves]) => {{
          const engine = new Engine(graph, operations);
          engine.run(leaves);
          return [engine.data, engine.grad];
        }}));
        """,
        data,
    )


def assert_equal_to_python(program_points):
    """Assert that the page's engine has Python's numbers after the leaves moved."""
    cases, expected = [], []
    for program, moved in program_points:
        xs = [Value(x) for x in program.point]
        root = program(*xs)
        order = topological_order(root)
        places = [[order.index(x), y] for x, y in zip(xs, moved, strict=True) if x in order]
        cases.append((root, places))
        fresh = [Value(x) for x in moved]
        again = program(*fresh)
        found = derivatives(again)
        expected.append([[node.data for node in found], [*found.values()]])
    for found, right in zip(engine_numbers(cases), expected, strict=True):
        for ours, theirs in zip(found, right, strict=True):
            scale = max(1.0, *map(abs, theirs))
            assert all(abs(a - b) <= TOLERANCE * scale for a, b in zip(ours, theirs, strict=True))


def moved_a_little(program):
    return [x + 0.003 for x in program.point]


def drawn(count, seed):
    """Return ``count`` random programs with inputs moved inside the safe region."""
    found = []

    @given(programs())
    @settings(
        derandomize=True,
        deadline=None,
        max_examples=count,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def collect(program):
        if isinstance(program(*map(Value, program.point)), Value):
            found.append((program, moved_a_little(program)))

    collect()
    return found


def test_numbers_after_an_edit_are_those_of_a_fresh_backward():
    assert_equal_to_python(drawn(25, 0))


@pytest.mark.slow
def test_numbers_after_an_edit_are_those_of_a_fresh_backward_on_500_graphs():
    cases = drawn(600, 1)
    assert len(cases) >= 500
    assert_equal_to_python(cases)


def test_an_error_names_its_node_and_the_last_good_numbers_stay():
    x = Value(2.0, "x")
    root = log(x) + sqrt(x)
    found = graph_data(topological_order(root))
    answer = run_module(
        f"""
        import {{ Engine, NodeError }} from "./autograd/pages/engine.js";
        const engine = new Engine(given, {print_operations(sorted(found.used, key=str))});
        const before = [...engine.data, ...engine.grad];
        try {{ engine.run([[0, -1]]); }} catch (error) {{
          answer([error instanceof NodeError, error.node, error.kind, error.operands,
            before.every((y, i) => y === [...engine.data, ...engine.grad][i])]);
        }}
        """,
        found.graph,
    )
    assert answer == [True, 1, "domain", [-1.0], True]


def test_a_finite_difference_checks_any_node():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    a = x * y
    root = a * a + x
    order = topological_order(root)
    found = graph_data(order)
    answer = run_module(
        f"""
        import {{ Engine }} from "./autograd/pages/engine.js";
        const engine = new Engine(given, {print_operations(sorted(found.used, key=str))});
        answer(engine.data.map((_, i) => engine.finiteDifference(i)));
        """,
        found.graph,
    )
    expected = derivatives(root)
    for node, slope in zip(order, answer, strict=True):
        assert slope == pytest.approx(expected[node], rel=1e-8)
