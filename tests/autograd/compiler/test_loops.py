"""Plain loops over samples become rows of a batch, with the numbers and gradients of eager code."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, ops
from autograd.compiler import repetition

pytestmark = pytest.mark.usefixtures("numpy_first")

ROWS = 40
rng = random.Random(0)
X = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(ROWS)]
Y = [rng.choice([-1.0, 1.0]) for _ in range(ROWS)]
Loss = Callable[[Any, list[Value], Any, Any], Any]


def network() -> Any:
    return nn.MLP(3, [6, 4, 1], rng=random.Random(1))


def collected(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return autograd.sum([(model(x) - y) ** 2 for x, y in zip(X, Y, strict=True)])


def fused_sum(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return sum((model(x) - y) ** 2 for x, y in zip(X, Y, strict=True)) / len(X)


def as_in_micrograd(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    inputs = [list(map(Value, row)) for row in X]
    scores = [model(x) for x in inputs]
    losses = [(1 + -y * score).relu() for y, score in zip(Y, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    return data_loss + 1e-4 * sum(p * p for p in model.parameters())


def accumulated(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x, y in zip(X, Y, strict=True):
        total = total + autograd.softplus(-y * model(x))
    return total


def accumulated_from_a_parameter(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = w[0] * w[1]
    for x in X:
        total = autograd.softplus(model(x)) + total
    return total * w[2]


def two_terms_in_a_period(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x, y in zip(X, Y, strict=True):
        z = model(x)
        total = total + z * z + (z - y).abs() * w[0]
    return total


def two_totals(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    squares, sizes = Value(0.0), w[0]
    for x, y in zip(X, Y, strict=True):
        z = model(x)
        squares = squares + (z - y) ** 2
        sizes = sizes + z.tanh()
    return squares / ROWS + sizes.tanh()


def hoisted(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    scale, shift = (w[0] * w[1]).exp(), w[2].tanh()
    return autograd.mean([(model(x) * scale + shift - y) ** 2 for x, y in zip(X, Y, strict=True)])


def several_results(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    pairs = [(model(x), (model(x) * w[0]).tanh()) for x in X]
    return sum(a for a, _ in pairs) + autograd.dot([a for a, _ in pairs], [b for _, b in pairs])


def centered(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    mean = sum(outputs) / len(outputs)
    return (sum((z - mean) ** 2 for z in outputs) / len(outputs)).sqrt()


def weighted(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return autograd.dot(Y, [model(x) for x in X], w[0])


def subtracted(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = w[0]
    for z in [model(x) for x in X]:
        total = total - z.tanh()
    return total


def the_largest(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return ops.maximum(*outputs) - w[0] * ops.minimum(*outputs)


def recurrent(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    losses = []
    for x, y in zip(X, Y, strict=True):
        h: Any = 0.0
        for number in [*x, *x, *x]:
            h = (w[0] * number + w[1] * h + w[2]).tanh()
        losses.append((h - y) ** 2)
    return sum(losses)


def nested(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x in X:
        for number in x:
            for factor in w:
                total = total + (factor * number).tanh() * w[0]
    return total


def two_loops(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    first = sum((model(x) - y) ** 2 for x, y in zip(X, Y, strict=True))
    second = Value(1.0)
    for x in X[:30]:
        z: Any = x[0]
        for number in x * 5:
            z = (w[0] * number + w[1] * z + w[2]).tanh()
        second = second + z.exp()
    return first * second


def a_loop_that_takes_another_loops_sum(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    center = sum(model(x) for x in X) / len(X)
    return sum((model(x) - center) ** 2 for x in reversed(X))


def alike_branches(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x in X:
        z = model(x)
        total = total + (z if z < 1e3 else z * 0.0)
    return total


def numbers_read(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    losses = []
    for x in X:
        z = model(x)
        losses.append((z - z.data * 0.5 + w[0].data) ** 2)
    return sum(losses)


def without_gradient(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    losses = []
    for x, y in zip(X, Y, strict=True):
        with autograd.no_grad():
            target = model(x).tanh()
        losses.append((model(x) - target * y) ** 2)
    return sum(losses)


def times_a_number_of_the_arguments(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return sum(model(x) for x in X) * (Y[0] * X[1][1] / 3)


def subtracted_from_zero(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = 0.0
    for z in [model(x) for x in X]:
        total = total - z
    return total


def sums_of_sums(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    squares, bounded = ([f(z) for z in outputs] for f in (lambda z: z * z, autograd.tanh))
    total = (w[0] * w[1] + sum(outputs)) - autograd.sum(squares)
    return total + autograd.sum([autograd.sum(bounded), w[2]])


def a_dot_with_parameters_too(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return autograd.dot([*outputs, w[0]], [*Y, w[1]], w[2])


def compared_after_the_loop(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(z * 2 if z < 1e3 else z for z in outputs)


def a_comparison_of_numbers(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(outputs) * (w[0] if Y[0] * 2 < X[0][0] + 50 else w[1])


def a_comparison_of_two_products(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(outputs) * (w[0] if Y[0] * X[0][0] < Y[1] * X[0][0] else w[1])


LIFTED: list[Loss] = [
    collected,
    fused_sum,
    as_in_micrograd,
    accumulated,
    accumulated_from_a_parameter,
    two_terms_in_a_period,
    two_totals,
    hoisted,
    several_results,
    centered,
    weighted,
    subtracted,
    the_largest,
    recurrent,
    nested,
    two_loops,
    a_loop_that_takes_another_loops_sum,
    alike_branches,
    numbers_read,
    without_gradient,
    times_a_number_of_the_arguments,
    subtracted_from_zero,
    sums_of_sums,
    a_dot_with_parameters_too,
    compared_after_the_loop,
    a_comparison_of_numbers,
    a_comparison_of_two_products,
]


def one_of_them(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(outputs) * outputs[7]


def some_of_them(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return sum([model(x) for x in X][3:])


def one_twice(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum([*outputs, outputs[0]])


def in_pairs(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(a * b for a, b in pairwise(outputs))


def unequal_branches(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x in X:
        z = model(x)
        total = total + (z if z > 0 else z * 0.5)
    return total


def a_running_sum(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total, losses = Value(0.0), []
    for x in X:
        total = total + model(x)
        losses.append(total.tanh())
    return sum(losses)


def products_of_all(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    product = w[0]
    for x in X:
        product = product * model(x).tanh()
    return product


def a_number_between(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = w[0]
    for z in [model(x) for x in X]:
        total = (total + z) + 1e16
    return total - ROWS * 1e16


def ends_in_a_test(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return max(model(x) for x in X)


def of_values_that_differ(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return sum((model(x) * w[i % 3]).tanh() for i, x in enumerate(X))


def sums_of_numbers(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    totals = sum(x[0] * x[1] * x[2] for x in X)
    return w[0] * totals + sum((a * b) ** 2 * b + a / 3 for a, b in zip(Y, Y, strict=True))


def two_compared(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(outputs) * (w[0] if outputs[0] > outputs[1] else w[1])


def a_sum_twice(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = autograd.sum([model(x) for x in X])
    return total + total


def the_largest_of_some(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return autograd.maximum([model(x) for x in X][1:])


def the_largest_with_a_parameter(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return autograd.maximum([*[model(x) for x in X], w[0]])


def a_dot_with_numbers_too(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return autograd.dot([*outputs, 2.0], [*Y, Y[0]])


def some_compared(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    return sum(z * 2 if i > 5 or z < 1e3 else z for i, z in enumerate(outputs))


def targets_of_two_numbers(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    return sum((model(x) - (y + x[0]) * 0.5) ** 2 for x, y in zip(X, Y, strict=True))


def targets_of_two_numbers_after_the_loop(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    rows = zip(outputs, X, Y, strict=True)
    return sum((z - (y + x[0]) * 0.5) ** 2 for z, x, y in rows)


def one_number_for_all(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    outputs = [model(x) for x in X]
    target = Y[0] * X[0][0]
    return sum((z - target) ** 2 for z in outputs)


def numbers_of_two_kinds(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    scales = [*Y[:20], *[0.5] * (ROWS - 20)]
    return sum(model(x) * scale for x, scale in zip(X, scales, strict=True))


NOT_LIFTED: list[Loss] = [
    one_of_them,
    some_of_them,
    one_twice,
    in_pairs,
    unequal_branches,
    a_running_sum,
    products_of_all,
    a_number_between,
    ends_in_a_test,
    sums_of_numbers,
    two_compared,
    a_sum_twice,
    the_largest_of_some,
    the_largest_with_a_parameter,
    a_dot_with_numbers_too,
    some_compared,
]
SOMETIMES_LIFTED: list[Loss] = [
    of_values_that_differ,
    targets_of_two_numbers,
    targets_of_two_numbers_after_the_loop,
    one_number_for_all,
    numbers_of_two_kinds,
]


def results(f: Any, parameters: list[Value]) -> list[float]:
    for p in parameters:
        p.grad = 0.0
    result = f()
    result.backward()
    return [result.data, *[p.grad for p in parameters]]


def check(loss: Loss, takes_data: bool) -> Any:
    """Compare compiled with eager code, at two points and on other data. Return what compiled."""
    model, w = network(), [Value(0.3), Value(-0.7), Value(0.9)]
    parameters = [*model.parameters(), *w]
    if takes_data:
        inner = autograd.compile(lambda X, Y: loss(model, w, X, Y))
        other = [[x * 0.9 - 0.01 for x in row] for row in X]
        calls = [(X, Y), (other, Y), (X, Y[::-1])]
    else:
        inner = autograd.compile(lambda: loss(model, w, X, Y))
        calls = [()] * 2
    for call in calls:
        given = call or (X, Y)
        expected = results(lambda given=given: loss(model, w, *given), parameters)
        found = results(lambda call=call: inner(*call), parameters)
        scale = max(1.0, *map(abs, expected))
        assert found == pytest.approx(expected, rel=0, abs=1e-12 * scale)
        for p in parameters:
            p.data += 0.01
    return inner


@pytest.mark.parametrize("takes_data", [False, True])
@pytest.mark.parametrize("loss", LIFTED, ids=lambda f: f.__name__)
def test_a_loop_over_samples_becomes_rows(loss: Loss, takes_data: bool) -> None:
    compiled = check(loss, takes_data)
    assert "rows1" in compiled.source
    last = compiled.recordings.last
    assert last.code.count < last.recorded / 5


@pytest.mark.parametrize("takes_data", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize("loss", [*NOT_LIFTED, *SOMETIMES_LIFTED], ids=lambda f: f.__name__)
def test_what_uses_one_period_stays_as_it_was_recorded(loss: Loss, takes_data: bool) -> None:
    compiled = check(loss, takes_data)
    if loss in NOT_LIFTED:
        assert "rows1" not in compiled.source


def test_another_outcome_of_a_comparison_in_one_row_is_another_recording() -> None:
    w = [Value(0.5), Value(0.25)]

    @autograd.compile
    def f(xs: Any) -> Any:
        total = Value(0.0)
        for x in xs:
            z = (w[0] * x + w[1]).tanh()
            for _ in range(8):
                z = (z * w[0] + w[1] * x).tanh()
            total = total + (z if z > -1.0 else z * 0.0) * (w[0] if x > 0.0 else w[1])
        return total

    xs = [1.0 + i / 100 for i in range(100)]
    f(xs)
    assert "rows1" in f.source
    for other in ([*xs[:50], -1.0, *xs[51:]], xs):
        assert f(other).data == pytest.approx(f.function(other).data, rel=1e-13)


def test_the_period_of_a_long_loop_is_guessed_from_its_beginning(monkeypatch: Any) -> None:
    heads = []
    monkeypatch.setattr(repetition, "HEAD", 100)
    monkeypatch.setattr(
        repetition, "_guesses", lambda tape, f=repetition._guesses: heads.append(tape) or f(tape)
    )
    assert "rows1" in check(collected, False).source
    assert len(heads[0].op) == 100


def a_product_of_rows(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = w[0]
    for x in X:
        total = total * model(x) + w[1]
    return total


def a_total_read_early(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total = Value(0.0)
    for x in X:
        total = total + model(x) * total.tanh()
    return total


def of_the_one_before(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total, before = Value(0.0), w[0]
    for x in X:
        after = model(x)
        total = total + after * before
        before = after
    return total


def of_the_one_before_the_last(model: Any, w: list[Value], X: Any, Y: Any) -> Any:
    total, before = Value(0.0), [w[0], w[1]]
    for x in X:
        before.append(model(x))
        total = total + before[-1] * before[-3]
    return total


@pytest.mark.parametrize(
    "loss", [a_product_of_rows, a_total_read_early, of_the_one_before, of_the_one_before_the_last]
)
def test_a_loop_whose_periods_need_each_other_stays_as_it_was_recorded(loss: Loss) -> None:
    assert "rows1" not in check(loss, False).source
