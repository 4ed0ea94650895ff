"""What every operation does: its operands, numbers and errors, and how it is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import autograd
from autograd import TABLE, Value, dot, leaky_relu, log, maximum, minimum
from autograd.operation import Binary, Node, Operation, Unary, real


@pytest.fixture
def declared() -> Iterator[set[str]]:
    """The names that a test adds to the table. They leave it afterwards."""
    before = set(TABLE)
    names: set[str] = set()
    yield names
    for name in set(TABLE) - before:
        del TABLE[name]


class Recorded(Node):
    """A node that records nothing but what it was given."""

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        return operation, operands


def test_a_node_of_another_kind_records_what_it_is_given() -> None:
    node = Recorded()
    assert autograd.tanh(node) == (autograd.tanh, (node,))
    assert node.record_unary(autograd.exp) == (autograd.exp, (node,))
    assert autograd.mul(2.0, node) == (autograd.mul, (2.0, node))


def test_an_operation_in_a_class_is_a_method() -> None:
    class Named(Recorded):
        squash = autograd.tanh

    node = Named()
    assert node.squash() == (autograd.tanh, (node,))
    assert Named.squash is autograd.tanh


def test_missing_operands_have_the_defaults_of_the_declaration() -> None:
    assert leaky_relu.operands(-1.0) == (-1.0, 0.01)
    assert leaky_relu.operands(-1.0, 0.5) == (-1.0, 0.5)
    assert leaky_relu(-2.0) == -0.02
    assert autograd.add.operands(1.0, 2.0) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: autograd.tanh(), "tanh(x) takes 1 operand, got 0"),
        (lambda: autograd.tanh(1.0, 2.0), "tanh(x) takes 1 operand, got 2"),
        (lambda: autograd.add(1.0), "add(a, b) takes 2 operands, got 1"),
        (lambda: dot(), "dot(ws, xs, bias=0.0) takes two lists, got nothing"),
        (lambda: dot(1.0, 2.0), "dot(ws, xs, bias=0.0) takes two lists, got 1.0, 2.0"),
        (lambda: real("a"), "expected a real number, got 'a' (str)"),
    ],
)
def test_wrong_calls_are_told_in_one_sentence(call: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


def test_one_number_in_an_array_is_a_number_and_several_are_not() -> None:
    np = pytest.importorskip("numpy")
    for x in (np.float32(0.5), np.array(0.5)):
        assert (real(x), type(real(x))) == (0.5, float)
    assert real(np.bool_(True)) == 1.0
    with pytest.raises(
        TypeError, match=r"^expected a real number, got array\(\[0\.5\]\) \(ndarray\)"
    ):
        real(np.array([0.5]))


def test_a_bias_of_0_is_no_operand_and_a_failing_list_says_its_own_error() -> None:
    zero = Value(0.0)
    assert dot.operands([1.0], [2.0]) == dot.operands([1.0], [2.0], 0) == (1.0, 2.0)
    assert dot.operands([1.0], [2.0], 3.0) == (1.0, 2.0, 3.0)
    assert dot.operands([1.0], [2.0], zero) == (1.0, 2.0, zero)

    def failing() -> Iterator[float]:
        yield 1.0
        raise TypeError("from inside")

    for more in ((), (0.5,)):
        with pytest.raises(TypeError, match=r"^from inside$"):
            dot(failing(), [1.0], *more)


def test_the_first_of_equal_operands_is_the_larger_and_the_smaller() -> None:
    for function in (maximum, minimum):
        assert math.copysign(1.0, function(0.0, -0.0)) == 1.0
        assert math.copysign(1.0, function(-0.0, 0.0)) == -1.0


def test_an_error_shows_eight_operands_at_most(declared: set[str]) -> None:
    def fails(m: Any, *xs: float) -> float:
        raise ValueError("why not")

    failing = autograd.operation.Nary(
        "failing({})", fails, lambda y, *xs: [0.0] * len(xs), "", name="failing"
    )
    for n, shown in ((8, "0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0"), (9, "6.0, 7.0, ...")):
        with pytest.raises(ValueError, match="failing") as caught:
            failing([float(i) for i in range(n)])
        assert str(caught.value).startswith("failing(0.0, 1.0")
        assert f"{shown}): why not" in str(caught.value)
    assert "8.0" not in str(caught.value)


def test_an_error_names_the_domain_and_the_labels() -> None:
    with pytest.raises(ValueError, match=r"^log\(-1\.0\): needs x > 0"):
        log(-1.0)
    a, b = Value(-1.0, "a"), Value(0.5, "b")
    with pytest.raises(ValueError, match=r"^pow\(a, b\): needs .*, got a = -1\.0, b = 0\.5$"):
        a**b
    with pytest.raises(ValueError, match=r"^log\(a\): needs x > 0, got -1\.0$"):
        log(a)


def test_a_declaration_says_what_it_leaves_out(declared: set[str]) -> None:
    plain = Unary("plain({})", lambda m, x: x, (1.0,), "Do nothing.", samples=[2.0, (3.0,)])
    assert (plain.name, plain.__name__, plain.symbol) == ("plain", "plain", "plain")
    assert (plain.precedence, plain.chains, plain.domain, plain.activation) == (9, True, "", False)
    assert (plain.aliases, plain.outside, plain.special) == ((), (), {})
    assert plain.samples == [(2.0,), (3.0,)]
    assert plain.constant_rules == (1.0,)
    assert plain.__doc__ == "Do nothing."
    assert plain.pole(1.0) == math.inf
    assert plain.infinite is None
    assert plain.definition(["u"]) == plain.text(["u"]) == "plain(u)"
    assert TABLE["plain"] is plain
    other = Binary(
        "{} ! {}",
        lambda m, x, k=2.0: x * k,
        (lambda y, x, k: k, lambda y, x, k: x),
        "Scale.",
        name="scale",
        symbol="!",
        precedence=2,
        example="scale(1.0) -> 2.0",
        special={(0.0, 1.0): (1.0, 0.0)},
    )
    assert (other.name, other.symbol, other.constant_rules) == ("scale", "!", None)
    assert (other.parameters, other.defaults) == (["x", "k"], [2.0])
    assert list(other.__signature__.parameters) == ["x", "k"]
    assert other.__doc__ == "Scale.\n\n>>> scale(1.0)\n2.0\n"
    assert other.special == {(0.0, 1.0): (1.0, 0.0)}


def test_operands_of_a_lower_precedence_get_parentheses() -> None:
    add, sub, mul, power = (TABLE[name] for name in ("add", "sub", "mul", "pow"))
    assert mul.text(["a", "b + 1"], [9, add.precedence]) == "a * (b + 1)"
    assert mul.text(["b + 1", "a"], [add.precedence, 9]) == "(b + 1) * a"
    assert sub.text(["a - b", "c"], [sub.precedence, 9]) == "a - b - c"
    assert sub.text(["a", "b - c"], [9, sub.precedence]) == "a - (b - c)"
    assert power.text(["a ** b", "c"], [power.precedence, 9]) == "(a ** b) ** c"
    assert power.text(["a", "b ** c"], [9, power.precedence]) == "a ** (b ** c)"
    assert mul.text(["a + 1", "b"]) == "a + 1 * b"  # without precedences, as given
    assert autograd.tanh.text(["a + 1"], [add.precedence]) == "tanh(a + 1)"
