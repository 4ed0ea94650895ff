"""Every operation of the table, at its sample points, against mpmath and sympy.

The textbook formula that an entry declares is differentiated by sympy, exactly, and evaluated in 40
digits; what is tested is the entry's ``forward`` and its local gradients, differentiated again and
again. Nothing here names an operation: a new entry is tested because it is there.
"""

import pytest

from autograd import Value, adjoints
from autograd.operation import TABLE, Unary
from autograd.ops import scalar_graph

mpmath = pytest.importorskip("mpmath", reason="the exact values need mpmath and sympy")
sympy = pytest.importorskip("sympy", reason="the exact values need mpmath and sympy")

every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=TABLE)
TOLERANCE = {0: 1e-13, 1: 1e-10, 2: 1e-10, 3: 1e-8}  # relative error, by the order of derivative


class StopGradient(sympy.Function):
    """What ``stop_gradient`` stands for in a formula: the number itself, of derivative 0."""

    def fdiff(self, argindex=1):
        return sympy.Integer(0)

    @classmethod
    def eval(cls, x):
        return x if x.is_number else None


def textbook(operation, n):
    """The declared formula of n operands as a sympy expression, and its symbols."""
    symbols = sympy.symbols([f"v{i}" for i in range(n)], real=True)
    names = {str(symbol): symbol for symbol in symbols} | {"stop_gradient": StopGradient}
    return sympy.sympify(operation.definition([*map(str, symbols)]), locals=names), symbols


def assert_close(got, exact, tolerance, where):
    bound = tolerance * abs(exact) if exact else 1e-15  # no relative error of 0: rounding only
    assert abs(got - exact) <= bound, f"{where}: {got!r}, exact is {exact}"


def check(operation):
    assert operation.samples, f"{operation.name} has no sample points: give it some"
    for sample in operation.samples:
        xs = operation.operands(*sample)
        assert len(xs) == operation.arity or not operation.arity, f"{sample} is not a call"
        formula, symbols = textbook(operation, len(xs))
        with mpmath.workdps(40):
            known = [{"StopGradient": lambda x: x}, "mpmath"]
            value = sympy.lambdify(symbols, formula, known)(*map(mpmath.mpf, xs))
        assert_close(operation.value(xs), value, TOLERANCE[0], f"{operation.name}{sample}")
        check_derivatives(operation, xs, formula, symbols)


def check_derivatives(operation, xs, formula, symbols):
    """All partial derivatives of order 1, 2 and 3."""
    point = {symbol: sympy.Rational(x) for symbol, x in zip(symbols, xs, strict=True)}
    leaves = [Value(x) for x in xs]
    level = {(): (leaves[0].record(operation, leaves), formula)}
    for order in (1, 2, 3):
        deeper = {}
        for path, (y, expression) in level.items():
            gradient = adjoints(y, leaves)
            for i in range(path[-1] if path else 0, len(xs)):  # mixed ones in one order
                exact = sympy.diff(expression, symbols[i])
                deeper[(*path, i)] = gradient[i], exact
                where = f"{operation.name}, derivative by operands {(*path, i)} at {xs}"
                number = sympy.N(exact.subs(point), 40)
                assert_close(float(gradient[i]), number, TOLERANCE[order], where)
        level = deeper


@every_operation
def test_value_and_three_derivatives_are_exact_at_the_sample_points(operation):
    check(operation)


@every_operation
def test_special_points_have_the_declared_derivatives_in_numbers_and_as_graph(operation):
    for operands, expected in operation.special.items():
        leaves = [Value(x) for x in operands]
        y = leaves[0].record(operation, leaves)
        assert repr([float(g) for g in y.local_grads]) == repr([float(g) for g in expected])
        by_graph = [float(g) for g in adjoints(y, leaves)]
        assert repr(by_graph) == repr([float(g) for g in expected])


@every_operation
def test_outside_the_domain_it_says_so(operation):
    for operands in operation.outside:
        numbers = ", ".join(map(repr, operands))
        for call in (
            lambda operands=operands: operation.value(operands),
            lambda operands=operands: Value(operands[0]).record(operation, operands),
        ):
            with pytest.raises((ArithmeticError, ValueError)) as error:
                call()
            assert f"{operation.name}({numbers}): " in str(error.value)


@pytest.mark.parametrize("operation", [op for op in TABLE.values() if not op.arity], ids=str)
def test_the_scalar_operations_an_n_ary_one_stands_for_have_its_value_and_gradient(operation):
    for sample in operation.samples:
        xs = operation.operands(*sample)
        one, many = [Value(x) for x in xs], [Value(x) for x in xs]
        node, graph = one[0].record(operation, one), operation.forward(scalar_graph(), *many)
        assert_close(float(graph), node.data, 1e-14, operation.name)
        for a, b in zip(adjoints(node, one), adjoints(graph, many), strict=True):
            assert_close(float(b), float(a), 1e-12, f"{operation.name}, gradient")


def test_an_operation_without_samples_or_with_a_wrong_rule_fails_this_very_check(monkeypatch):
    monkeypatch.setattr("autograd.operation.TABLE", {})
    declared = {"samples": [0.3], "example": "sin(0.0) -> 0.0"}

    def sine(rule, **changes):
        return Unary("sin({})", lambda m, x: m.sin(x), (rule,), "", **declared | changes)

    cos = TABLE["cos"]
    check(sine(lambda y, x: cos(x)))
    with pytest.raises(AssertionError, match="no sample points"):
        check(sine(lambda y, x: cos(x), samples=[]))
    with pytest.raises(AssertionError, match=r"derivative by operands \(0,\)"):
        check(sine(lambda y, x: 1.0005 * cos(x)))
    with pytest.raises(AssertionError, match=r"derivative by operands \(0, 0\)"):
        check(
            sine(lambda y, x: Value(cos(getattr(x, "data", x))))
        )  # right as a number, but a dead end as graph
