"""What wrong calls are answered, word by word, as it is committed in ``messages.txt``.

Read what a change made different, and if it is better write the text anew:

    python -m tests.autograd.test_committed_messages
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd.domain_errors import described
from autograd.pages.frame import save_page
from autograd.pages.javascript import CannotPrintError, print_operations
from autograd.stepper import Frame
from autograd.stepper.frames import place_of_step
from autograd.tree import flatten_like, flatten_numbers

from .committed import commit, committed, lines_of

ag: Any = autograd  # whose calls are wrong on purpose
Binary, Nary, Unary, Value, Values = ag.Binary, ag.Nary, ag.Unary, ag.Value, ag.Values
descend, grad, gradcheck = ag.descend, ag.grad, ag.gradcheck
steps: Any = ag.steps
at_step: Any = place_of_step
COMMITTED = Path(__file__).with_name("messages.txt")
LONG = "a label that is " + "very " * 20 + "long"
FRAMES = [Frame("given", "x = 2"), Frame("forward", "f = x * x"), Frame("backward", "1")]


def x(data: float = 2.0, label: str = "x") -> Any:
    return Value(data, label)


def stale() -> Any:
    """Return a graph whose leaf changed since it was computed."""
    leaf = x()
    y = leaf * leaf + 1.0
    leaf.data = 5.0
    return y


def stale_outside() -> Any:
    leaf = x()
    y = leaf.log() * 2.0
    leaf.data = -1.0
    return y


def stale_rule() -> Any:
    """Return a graph of which a local gradient alone changed."""
    a, b = x(0.0, "a"), x(1e-9, "b")
    y = a * b
    b.data = 1.0
    return y


def no_number() -> Any:
    leaf = x()
    leaf.data = "two"
    return leaf


def deep(levels: int) -> Any:
    y = x()
    for _ in range(levels):
        y = y * y
    return y


def own(*args: Any, kind: Any = Unary, **options: Any) -> Callable[[], Any]:
    """Return a call that declares an operation, and forgets it if that works."""

    def declare() -> None:
        operation = kind(*args, **options)
        del ag.TABLE[operation.name]

    return declare


def called(operation: Any, *xs: Any) -> Any:
    try:
        return operation(*xs)
    finally:
        del ag.TABLE[operation.name]


def printed(forward: Callable[..., Any], rule: Any = 1.0) -> Callable[[], Any]:
    """Return a call that prints an operation as JavaScript, and forgets it."""

    def call() -> None:
        operation = Unary("own({})", forward, (rule,), "")
        try:
            print_operations([(operation, 1)])
        finally:
            del ag.TABLE[operation.name]

    return call


def sine(m: Any, a: Any) -> Any:
    return m.sin(a)


def plain_cosine(y: Any, a: Any) -> float:
    return math.cos(a)


def branches(m: Any, a: Any) -> Any:
    """Compute in one of 128 ways."""
    for i in range(7):
        a = a * 2.0 if a > i else -a
    return a


CALLS: dict[str, list[Callable[[], Any]]] = {
    "numbers and labels": [
        lambda: Value("2"),
        lambda: Value(10**400),
        lambda: Value([1.0]),
        lambda: Value(1.0, 3),
        lambda: x() == 2.0,
        lambda: x() != 2.0,
        lambda: bool(x()),
        lambda: x().data_,
        lambda: ag.topological_order(3.0),
        lambda: no_number() * 2.0,
        lambda: no_number().exp(),
        lambda: Value(1.0) * Value(2.0) * no_number(),
        lambda: ag.exp.value(["two"]),
        lambda: ag.mul.value([1.0, "two"]),
        lambda: ag.affine([[x(), no_number()]], [x(), x()], [x()]),
    ],
    "outside of the domain": [
        lambda: ag.log(0.0),
        lambda: ag.log(x(0.0)),
        lambda: ag.log(x(3.0, "y") - x(3.0, "z")),
        lambda: ag.log(Value(0.0)),
        lambda: x() / (x(3.0, "y") - x(3.0, "z")),
        lambda: x(1.0, "y") / 0.0,
        lambda: 1.0 / x(0.0),
        lambda: x(-1.0) ** 0.5,
        lambda: x(0.0) ** -1.0,
        lambda: x(1e200) * x(10.0, "e") ** 400.0,
        lambda: ag.exp(x(1000.0)),
        lambda: ag.exp(1000.0),
        lambda: ag.log(ag.exp(x(-800.0))),
        lambda: ag.log(ag.sigmoid(x(-800.0))),
        lambda: ag.log(deep(4) - deep(4)),
        lambda: ag.log(0.0 * ag.sum([x(1.0, f"x{i}") for i in range(9)])),
        lambda: ag.log(0.0 * ag.sum([x(1.0, f"x{i}") for i in range(8)])),
        lambda: ag.log(x(0.0, LONG)),
        lambda: ag.log(x(0.0, "two\nlines")),
        lambda: ag.asin(x(-2.0)),
        lambda: ag.log1p(x(-1.0)),
        lambda: ag.softmax([]),
        lambda: ag.sum([]),
        lambda: ag.mean([]),
        lambda: ag.maximum(),
    ],
    "calls of operations": [
        lambda: ag.sin(),
        lambda: ag.sin(1.0, 2.0),
        lambda: ag.pow(x()),
        lambda: ag.leaky_relu(x(), 0.1, 3.0),
        lambda: ag.sin("a"),
        lambda: ag.dot(1.0, 2.0),
        lambda: ag.dot(),
        lambda: ag.dot([1.0], [1.0, 2.0]),
        lambda: ag.dot([], []),
        lambda: ag.affine([[1.0]], [1.0], []),
        lambda: ag.affine([[1.0, 2.0]], [1.0], [0.0]),
        lambda: ag.take([1.0, 2.0], 2),
        lambda: ag.take([1.0, 2.0], -3),
        lambda: ag.take([1.0, 2.0], -1, negative=False),
        lambda: ag.take([1.0, 2.0], 0.5),
        lambda: Values(3.0),
        lambda: Values("abc"),
        lambda: Values([[1.0], [1.0, 2.0]]).shape,
        lambda: Values([1.0, 2.0]).set([1.0]),
        lambda: Values([[1.0, 2.0]]).set([1.0, 2.0]),
        lambda: ag.vmap(3.0),
        lambda: ag.vmap(abs, in_axes=1)([1.0]),
        lambda: ag.vmap(abs, in_axes=(0, 0))([1.0]),
        lambda: ag.vmap(abs, in_axes=None)([1.0]),
        lambda: ag.vmap(abs)(3.0),
        lambda: ag.vmap(max)([1.0], [1.0, 2.0]),
    ],
    "one's own operation": [
        own("", lambda m, a: a, (1.0,), ""),
        own("sin({})", lambda m, a: a, (1.0,), ""),
        own("own({})", lambda m, a, b: a, (1.0,), ""),
        own("own({})", lambda m, a: a, (1.0, 2.0), ""),
        own("own", lambda m, a: a, (1.0, 2.0), "", kind=Binary),
        own("own", lambda m, a, b: a, ("one", 1.0), kind=Binary),
        own("own", lambda m, *xs: xs[0], 1.0, kind=Nary),
        lambda: called(Unary("own({})", lambda m, a: "text", (1.0,), ""), x()),
        lambda: called(Unary("own({})", lambda m, a: a, (lambda y, a: "text",), ""), x()),
        lambda: called(Unary("own({})", lambda m, a: math.sin(a), (1.0,), ""), "x"),
        lambda: called(Nary("own", lambda m, *xs: xs[0], lambda y, *xs: 1.0), [x()]),
        lambda: called(Nary("own", lambda m, *xs: xs[0], lambda y, *xs: [1.0]), [x(), x()]),
        lambda: called(Nary("own", lambda m, *xs: xs[0], lambda y, *xs: ["a"]), [x()]),
        lambda: ag.adjoints(called(Unary("own({})", sine, (plain_cosine,), ""), z := x()), [z]),
        printed(lambda m, a: math.sin(a)),
        printed(lambda m, a: a % 2.0),
        printed(lambda m, a: m.gamma(a)),
        printed(lambda m, a: a.real_part),
        printed(branches),
    ],
    "derivatives": [
        lambda: grad(3.0),
        lambda: grad(x() * 2.0),
        lambda: grad(abs)(),
        lambda: grad(abs)("a"),
        lambda: grad(lambda a: a)([]),
        lambda: grad(lambda a: a)([1.0]),
        lambda: grad(lambda a: None)(1.0),
        lambda: grad(lambda a: "b")(1.0),
        lambda: grad(lambda a: math.sin(a))(1.0),
        lambda: grad(lambda a: a, argnums=1)(1.0),
        lambda: grad(lambda a, b: a, argnums=(0, 2))(1.0, 2.0),
        lambda: grad(lambda a, b: a, argnums=(0, 0))(1.0, 2.0),
        lambda: grad(lambda a: a, argnums="a")(1.0),
        lambda: grad(lambda a: a["b"][0])({"b": ["c"]}),
        lambda: ag.hessian(lambda a, b: a * b)(1.0, 2.0),
        lambda: ag.hessian(x() * 2.0),
        lambda: ag.jvp(abs, 1.0, 2.0),
        lambda: ag.jvp(abs, (1.0,), 2.0),
        lambda: ag.jvp(abs, (1.0,), (1.0, 2.0)),
        lambda: ag.jvp(abs, (1.0,), ([1.0],)),
        lambda: ag.vjp(lambda a: [a, a], 1.0)[1](1.0),
        lambda: ag.taylor(abs, 1.0, -1),
        lambda: ag.taylor(abs, 1.0, 171),
        lambda: ag.taylor(abs, 1.0, 1.5),
        lambda: ag.adjoints(abs, []),
        lambda: ag.adjoints("y", []),
        lambda: ag.adjoints(x(), x()),
        lambda: ag.adjoints((y := stale()), [y.parents[0].parents[0]]),
        lambda: flatten_numbers({"a": [1.0, ("b",)]}, "p"),
        lambda: flatten_like(flatten_numbers({"a": [1.0]}, "p")[1], {"a": 1.0}, "q"),
        lambda: flatten_like(flatten_numbers([[1.0] * 60], "p")[1], [1.0] * 61, "q"),
    ],
    "checks and descents": [
        lambda: gradcheck(3.0),
        lambda: gradcheck(x() * 2.0),
        lambda: gradcheck(abs),
        lambda: gradcheck(abs, []),
        lambda: gradcheck(abs, "a"),
        lambda: gradcheck(abs, 1.0, order=0),
        lambda: gradcheck(abs, 1.0, order=1.0),
        lambda: gradcheck(lambda a: a * ag.stop_gradient(a), 1.0, raise_on_failure=True),
        lambda: ag.numerical_grad(3.0),
        lambda: ag.numerical_grad(abs, 1.0, scheme="up"),
        lambda: ag.numerical_grad(abs, 1.0, h=0.0),
        lambda: ag.numerical_grad(abs, 1.0, h=math.inf),
        lambda: ag.numerical_grad(abs),
        lambda: ag.numerical_grad(abs, 1.0, h=1e-30),
        lambda: ag.numerical_grad(abs, "a"),
        lambda: ag.find_nonfinite(3.0),
        lambda: descend(abs, "a"),
        lambda: descend(abs, 1.0, lr=-1.0),
        lambda: descend(abs, 1.0, lr="a"),
        lambda: descend(abs, 1.0, tolerance=-1.0),
        lambda: descend(abs, 1.0, max_steps=-1),
        lambda: ag.stationary_point(lambda a: a + 0.0, 1.5),
        lambda: ag.stationary_point(lambda a: a[0] + a[1] ** 2, [1.5, 0.0], max_steps=3),
    ],
    "what shows a graph": [
        lambda: ag.explain(3.0, x()),
        lambda: ag.explain(x(), [x()]),
        lambda: ag.explain(x(), abs),
        lambda: ag.explain(x(), object),
        lambda: ag.explain(x(), None),
        lambda: ag.explain(x(), "x"),
        lambda: ag.explain(x(), x(), paths=-1),
        lambda: ag.explain(stale(), x()),
        lambda: ag.explain(stale_outside(), x()),
        lambda: ag.explain(stale_rule(), x()),
        lambda: ag.formula(x(), max_characters=19),
        lambda: ag.formula(x(), max_characters=30.0),
        lambda: ag.draw_dot(3.0),
        lambda: ag.draw_dot(x(), rankdir="up"),
        lambda: ag.draw_dot(x(), params="none"),
        lambda: ag.draw_dot(x(), max_nodes=0),
        lambda: ag.draw_dot(x(), depth=-1),
        lambda: ag.draw_dot(x(), number_format="q"),
        lambda: ag.draw_dot(x(), title=3),
        lambda: ag.draw_dot(x(), expand=1),
        lambda: ag.draw_dot(x(), level="none"),
        lambda: ag.draw_dot(x(), sample=-1),
        lambda: ag.draw_dot(x(), level="nodes", sample=1),
        lambda: ag.draw_dot(x(), level="network", depth=1),
        lambda: ag.draw_dot(x(), sample=2, params="fold", expand=True),
        lambda: ag.draw_dot(nn.MLP(1, [1])([1.0]), sample=1),
        lambda: ag.draw_dot(ag.sum([nn.MLP(1, [1], rng=i)([1.0]) for i in (1, 2)]), sample=2),
        lambda: ag.draw_dot(x(), format="bmpp"),
        lambda: ag.to_svg(x(), format="png"),
        lambda: ag.to_svg(x(), size=3),
        lambda: ag.to_svg(x(), time_limit=0.0),
    ],
    "steps": [
        lambda: steps(3.0),
        lambda: steps(x(), mistake="none"),
        lambda: steps(x(), expand=1),
        lambda: steps(x(), update=0.1, zero_grad=0),
        lambda: steps(x(), update=0.0),
        lambda: steps(x(), update=math.inf),
        lambda: steps(x(), update=True),
        lambda: steps(x(), update=0.1, mistake="order"),
        lambda: steps(x(), parameters=[x()]),
        lambda: steps(x(), zero_grad=False),
        lambda: steps(x(), update=0.1, parameters=x()),
        lambda: steps(x(), update=0.1, parameters=3),
        lambda: steps(x(), update=0.1, parameters=["w"]),
        lambda: steps(y := x() * x(), update=0.1, parameters=[y]),
        lambda: steps(y := x() * 3.0, update=0.1, parameters=[y.parents[1]]),
        lambda: steps(x(), update=0.1, parameters=[x()]),
        lambda: steps(ag.compile(lambda a: a * a)(x()), update=0.1),
        lambda: steps(x().log(), update=1e3),
        lambda: steps(x(3.0).exp(), update=-1e9),
        lambda: steps(stale()),
        lambda: steps(deep(11), mistake="paths"),
        lambda: steps(deep(60), mistake="recursive"),
        lambda: at_step("none", FRAMES),
        lambda: at_step(0, FRAMES),
        lambda: at_step(4, FRAMES),
        lambda: at_step(True, FRAMES),
        lambda: at_step(1.0, FRAMES),
        lambda: ag.Stepper(x(), "order", 3),
        lambda: ag.Stepper(lambda a, b: a * b, 2.0),
        lambda: ag.Stepper(lambda a, *b: a, c=2.0),
        lambda: ag.Stepper(lambda a: [a], 2.0),
        lambda: ag.Stepper(lambda a: None, 2.0),
        lambda: ag.Stepper(lambda a: math.sqrt(a), 2.0),
        lambda: ag.Stepper(lambda a: list(range(a)), 2.0),
        lambda: ag.Stepper(lambda a, *b: a, [1.0, "c"], "d"),
        lambda: save_page("page", ""),
        lambda: save_page("page", "/dev/null"),
        lambda: save_page("page", "/no/such/folder/page.html"),
        lambda: save_page("page", "/"),
    ],
}  # fmt: skip


def answered(call: Callable[[], Any]) -> str:
    """Return the error, its class and its text, or what the call returned."""
    try:
        returned = call()
    except (Exception, CannotPrintError) as error:
        return f"{type(error).__name__}: {error}"
    return f"returned {returned!r:.200}"


ANSWERS = {name: partial(map, answered, calls) for name, calls in CALLS.items()}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_is_answered_as_committed(name: str) -> None:
    assert lines_of(ANSWERS[name]) == committed(COMMITTED)[name]


def test_all_that_is_committed_is_called() -> None:
    assert list(committed(COMMITTED)) == list(CALLS)


def test_a_node_is_described_three_levels_deep_and_on_one_line() -> None:
    y, z = x(2.0, "y"), Value(3.0)
    shown = [described(node) for node in (y, z, y - z, (y - z) * 2.0, -((y - z) * 2.0), deep(4))]
    assert shown == [
        "y", "3.0", "y - 3.0", "(y - 3.0) * 2.0", "-((y - 3.0) * 2.0)",
        "… * … * (… * …) * (… * … * (… * …))",
    ]  # fmt: skip
    names = [Value(0.5, letter * n) for letter, n in (("a", 40), ("b", 41))]
    assert [described(name) for name in names] == ["a" * 40, "b" * 39 + "…"]
    sums = [names[0] + Value(0.0, "c" * n) for n in (29, 30)]
    assert [len(described(total)) for total in sums] == [72, 72]
    assert [described(total)[-1] for total in sums] == ["c", "…"]


if __name__ == "__main__":
    commit(COMMITTED, ANSWERS)
