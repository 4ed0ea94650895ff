"""An operation that is declared outside the library does what those of the library do."""

from __future__ import annotations

import copy
import math
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import (
    TABLE,
    Binary,
    Nary,
    Operation,
    Unary,
    Value,
    adjoints,
    explain,
    find_nonfinite,
    grad,
    gradcheck,
    jvp,
    steps,
    taylor,
    to_svg,
)
from autograd.graph import expanded, stale


def test_it_computes_and_differentiates_to_any_order(own: Any) -> None:
    x = Value(2.0, "x")
    y = own.cube(x)
    y.backward()
    assert (own.cube(2), y.data, x.grad, y.op) == (8.0, 8.0, 12.0, own.cube)
    assert [f(2.0) for f in (grad(own.cube), grad(grad(own.cube)), grad(grad(grad(own.cube))))] == [
        12.0,
        12.0,
        6.0,
    ]
    assert taylor(own.cube, 1.0, 4) == [1.0, 3.0, 3.0, 1.0, 0.0]
    assert jvp(own.area, (2.0, 3.0), (1.0, 10.0)) == (6.0, 23.0)
    assert adjoints(own.norm([x, 1.5]), [x])[0].data == pytest.approx(0.8)


def test_gradcheck_passes_it_and_finds_a_wrong_rule(own: Any) -> None:
    assert gradcheck(own.cube, 2.0, order=3)
    assert gradcheck(own.area, 2.0, 3.0, order=2)
    assert gradcheck(lambda *xs: own.norm(xs), 2.0, 3.0, 0.5, order=2)
    assert not gradcheck(Unary("wrong", lambda m, x: x * x, lambda y, x: 2.001 * x), 2.0)


def test_it_is_drawn_stepped_and_explained(own: Any) -> None:
    x = Value(2.0, "x")
    y = own.cube(x) * 2
    assert "v1 = cube(x) = cube(2) = 8" in map(str, steps(y))
    assert "∂v1/∂x = 3 * x * x = 12" in [step.rule for step in steps(y)]
    assert "where v1 = cube(x) = cube(2)" in str(explain(y, x))
    assert "cube" in to_svg(y)
    assert [n.op.name for n in (expanded(own.norm([x, 1.5])), own.cube(x))] == ["sqrt", "cube"]
    assert find_nonfinite(own.cube(Value(1e200, "x"))).problem.startswith("cube(x): value inf")
    x.data = 3.0
    assert [node.op for node in stale(y)] == [own.cube]


def test_it_compiles_though_it_was_declared_after_another_function_was_compiled() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    autograd.compile(lambda x: x * x)(Value(2.0))
    late = Unary("late", lambda m, x: x * x * x, lambda y, x: 3 * x * x)
    x = Value(2.0)
    y = autograd.compile(lambda x: late(x) + 1)(x)
    y.backward()
    assert (y.data, x.grad) == (9.0, 12.0)


def test_it_compiles_with_numbers_and_arrays(own: Any) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    weights = [Value(0.1 * i - 1) for i in range(20)]

    def loss() -> Value:
        cubes = [own.cube(w) * w.sin() + own.area(w, 2.0) for w in weights]
        return autograd.sum(cubes) + own.norm(weights)

    eager, fast = loss(), autograd.compile(loss)()
    assert fast.data == pytest.approx(eager.data, rel=1e-14)
    eager.backward()
    expected = [w.grad for w in weights]
    assert fast.gradient.tolist() == pytest.approx(expected, rel=1e-13)
    assert autograd.compile(grad(own.cube))(2.0).data == 12.0


@pytest.mark.parametrize("name", ["cbrt", "square", "steep", "own_cbrt"])
def test_a_compiled_function_calls_it_and_not_numpys_function_of_that_name(name: str) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def twice(m: Any, x: Any) -> Any:
        e = m.exp(-x)  # used twice, so that the program calls the operation by its name
        return e / (1 + e)

    def declare(factor: float) -> Unary:
        return Unary(
            name, lambda m, x: factor * twice(m, x), lambda y, x: y * y / factor - y, samples=[0.3]
        )

    xs = [Value(0.1 * i) for i in range(20)]
    for factor in (1.0, 3.0):  # the second time it is declared anew, as a notebook does
        f = declare(factor)
        on_arrays = autograd.compile(lambda f=f: autograd.sum([f(x) * f(x) for x in xs]))
        on_numbers = autograd.compile(lambda x, f=f: f(x) + f(2 * x))
        assert on_arrays().data == pytest.approx(sum(f(x.data) ** 2 for x in xs), rel=1e-14)
        assert on_numbers(0.3).data == pytest.approx(f(0.3) + f(0.6), rel=1e-14)


def test_it_is_pickled_and_copied_by_name(own: Any) -> None:
    y = own.cube(Value(2.0, "x")) + 1
    for z in (pickle.loads(pickle.dumps(y)), copy.deepcopy(y)):
        assert z.data == 9.0
        assert z.parents[0].op is own.cube


def test_a_model_with_it_is_saved_and_loading_says_what_to_import(own: Any, tmp_path: Path) -> None:
    model = nn.MLP(2, [3, 1], own.cube, rng=1)
    model.save(tmp_path / "model.json")
    assert nn.load(tmp_path / "model.json")([0.3, 0.4]).data == model([0.3, 0.4]).data
    assert nn.MLP(2, [3, 1], "cube", rng=1)([0.3, 0.4]).data == model([0.3, 0.4]).data
    code = "import sys, nn; nn.load(sys.argv[1])"
    run = [sys.executable, "-c", code, str(tmp_path / "model.json")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert "unknown activation 'cube'" in done.stderr
    assert "import the module of an operation of your own first" in done.stderr
    imported = [*run[:2], f"import tests.support.own_operation; {code}", run[3]]
    subprocess.run(imported, check=True)


def test_no_module_of_tests_declares_them_for_all_others() -> None:
    """Tests of the whole table, collected later, would meet operations without sample points."""
    modules = Path(__file__).parents[1].rglob("*.py")
    declares = re.compile(r"^(from|import) .*own_operation", re.MULTILINE)
    assert not [str(path) for path in modules if declares.search(path.read_text("utf-8"))]


# ---------------------------------------------------------------------------- wrong declarations


def sine(forward: Any, rule: Any = lambda y, x: autograd.cos(x)) -> Unary:
    return Unary("own_sine", forward, rule)


FLOATS_ONLY = {
    "math.sin": lambda m, x: math.sin(x),
    "a power": lambda m, x: x**2,
    "a branch": lambda m, x: x if x > 0 else m.sin(x),
}


@pytest.mark.parametrize("forward", FLOATS_ONLY.values(), ids=FLOATS_ONLY)
def test_a_value_for_floats_only_is_an_error_that_says_how_to_write_it(forward: Any) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    f = sine(forward)
    x = Value(2.0)
    assert f(x).data == forward(None, 2.0)  # numbers it can
    with pytest.raises(TypeError, match=r"own_sine works for floats only .* m\.sin and not math"):
        autograd.compile(lambda: f(x) * 2)()


def test_an_n_ary_value_for_floats_only_is_not_expanded() -> None:
    norm = Nary("own_norm", lambda m, *xs: math.hypot(*xs), lambda y, *xs: [x / y for x in xs])
    y = norm(Value(3.0), Value(4.0))
    assert y.data == 5.0
    with pytest.raises(
        TypeError, match=r"own_norm works for floats only \(it takes float\(\) of a Value\)"
    ):
        expanded(y)


def test_a_rule_for_floats_only_is_an_error_where_it_would_lose_the_second_derivative() -> None:
    f = sine(lambda m, x: m.sin(x), lambda y, x: math.cos(x))
    x = Value(0.3)
    y = f(x)
    y.backward()
    assert x.grad == math.cos(0.3)
    message = r"own_sine works for floats only .* autograd\.sin and not math\.sin"
    with pytest.raises(TypeError, match=message):
        adjoints(y, [x])
    with pytest.raises(TypeError, match=message):
        jvp(f, (0.3,), (1.0,))
    pytest.importorskip("numpy", reason="compile needs NumPy")
    with pytest.raises(TypeError, match=message):
        autograd.compile(lambda: f(x) * 2)()


def one(m: Any, x: Any) -> Any:
    return x


WRONG = [
    (lambda: Unary("sin", one, 1), ValueError, "autograd.sin exists: give .* another name"),
    (lambda: Unary("a b", one, 1), ValueError, "needs a name, such as name='cube', got 'a b'"),
    (lambda: Unary("{} squared", one, 1), ValueError, "needs a name"),
    (lambda: Unary(", ".join, one, 1), ValueError, "needs a name"),
    (lambda: Unary("f", lambda x: x, 1), TypeError, r"of m .* lambda m, x: \.\.\., got \(\)"),
    (lambda: Binary("f", one, (1, 1)), TypeError, r"2 operands, .* lambda m, x, y: .* got \(x\)"),
    (lambda: Unary("f", one, (1, 1)), ValueError, "1 operand, and a local gradient by each"),
    (lambda: Binary("f", lambda m, a, b: a, one), ValueError, "2 operands, and a local gradient"),
    (lambda: Unary("f", one, "x"), TypeError, "expected a real number, got 'x'"),
    (lambda: Nary("f", lambda m, *xs: xs[0], (1, 0)), TypeError, "one function of y, .xs, got"),
    (lambda: Operation("f", one, 1), TypeError, "with Unary, Binary or Nary"),
]  # fmt: skip


@pytest.mark.parametrize(("declare", "error", "message"), WRONG)
def test_a_wrong_declaration_is_an_error_and_leaves_the_table_as_it_was(
    declare: Any, error: type[Exception], message: str
) -> None:
    before = dict(TABLE)
    with pytest.raises(error, match=message):
        declare()
    assert before == TABLE


def test_a_rule_may_be_a_number_and_a_formula_may_have_an_operator() -> None:
    shifted = Unary("{} + 7", lambda m, x: x + 7, 1, name="shifted", precedence=1)
    x = Value(2.0, "x")
    y = shifted(x) * 2
    y.backward()
    assert (y.data, x.grad, shifted.constant_rules) == (18.0, 2.0, (1.0,))
    assert "f = v1 * 2" in str(steps(y)[2])
    assert "x + 7" in str(steps(y)[1])


NO_NUMBERS = ["a", None, 1j, (1.0, 2.0), [1.0], {}]


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
def test_a_value_that_is_no_number_names_the_operation(wrong: Any) -> None:
    bad = Unary("bad", lambda m, x: wrong, 1.0)
    for use in (bad, lambda x: bad(x) + 1, autograd.compile(bad)):
        for x in (Value(2.0), 2.0):
            with pytest.raises(
                TypeError, match="the value of the operation bad must be a number, "
            ):
                use(x)


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
def test_a_local_gradient_that_is_no_number_names_the_operation(wrong: Any) -> None:
    one = Unary("one", lambda m, x: x * x, lambda y, x: wrong)
    two = Binary("two", lambda m, a, b: a * b, (lambda y, a, b: b, lambda y, a, b: wrong))
    some = Nary("some", lambda m, *xs: xs[0], lambda y, *xs: [1.0, wrong])
    a, b = Value(2.0), Value(3.0)
    calls = {
        "local gradient of the operation one": lambda: one(a),
        "local gradient by b of the operation two": lambda: two(a, b),
        "local gradient of the operation some": lambda: some([a, b]),
    }
    for message, call in calls.items():
        with pytest.raises(TypeError, match=f"^the {message} must be a number, got ") as caught:
            call()
        assert str(caught.value).endswith(repr(wrong))
    assert [two(a, 1.0).data, two(2.0, 3.0)] == [2.0, 6.0]  # where nobody needs it


@pytest.mark.parametrize("wrong", ["ab", None, 1.0, [1.0], (1.0, 1.0, 1.0)], ids=repr)
def test_another_number_of_local_gradients_names_the_operation(wrong: Any) -> None:
    some = Nary("some", lambda m, *xs: xs[0] + xs[1], lambda y, *xs: wrong)
    x = Value(2.0)
    for operands in ([x, x], [x, 1.0]):
        with pytest.raises(TypeError, match="operation some must give 2 local gradients, a list"):
            some(operands)


def test_local_gradients_may_come_from_a_generator() -> None:
    norm = Nary(
        "norm", lambda m, *xs: m.sqrt(sum(x * x for x in xs)), lambda y, *xs: (x / y for x in xs)
    )
    x = Value(3.0)
    norm([x, 4.0]).backward()
    assert x.grad == 0.6


def test_a_rule_that_meets_a_pole_may_be_bounded_by_a_number() -> None:
    clipped = Unary("clipped", lambda m, x: m.sqrt(x), lambda y, x: min(0.5 / y, 5.0))
    assert [clipped(Value(x)).local_grads for x in (0.0, 1e-6, 1.0)] == [(5.0,), (5.0,), (0.5,)]


@pytest.mark.parametrize(
    "rule",
    [
        lambda y, x: 2 * x,
        lambda y, x: x + x,
        lambda y, x: 3 * x - x,
        lambda y, x: -(-2 * x),
        lambda y, x: x / 0.5,
        lambda y, x: x / (y / (2 * x * x)),
        lambda y, x: 2 * y ** 0.5,
        lambda y, x: 2 * x ** 2 / x,
        lambda y, x: autograd.dot([2.0, 0.0], [x, y]),
        lambda y, x: autograd.dot([2.0, 0.5, x], [x, 4.0, 1.0], -2.0 - x),
        lambda y, x: autograd.sum([x, x]),
        lambda y, x: autograd.mean([2 * x, 2 * x]),
        lambda y, x: autograd.dot([x, x], [1.0, 1.0]),
        lambda y, x: autograd.maximum([2 * x, -100.0]),
        lambda y, x: autograd.logsumexp([2 * x, -1e3]),
    ],
)  # fmt: skip
def test_a_rule_is_compiled_whatever_operations_it_uses(rule: Any) -> None:
    square = Unary("square", lambda m, x: x * x, rule)
    x, w = Value(1.5), Value(0.7)
    fast = autograd.compile(lambda x: square(w * x) * x)
    (slope,) = adjoints(fast(x), [x])
    assert slope.data == pytest.approx(3 * 0.7**2 * 1.5**2, rel=1e-14)
    assert adjoints(slope, [x])[0].data == pytest.approx(6 * 0.7**2 * 1.5, rel=1e-14)
    fast(x).backward()
    assert (x.grad, w.grad) == pytest.approx((3 * 0.7**2 * 1.5**2, 2 * 0.7 * 1.5**3), rel=1e-14)
