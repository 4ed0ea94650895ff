"""`vmap`: a list of results, and inside a compiled function one recording for all rows."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, vmap

RNG = random.Random(0)
W = [Value(RNG.uniform(-1, 1), f"w{i}") for i in range(12)]
ROWS = [[RNG.uniform(-2, 2) for _ in range(2)] for _ in range(9)]
SIGNS = [RNG.choice([-1.0, 1.0]) for _ in ROWS]
MODEL = nn.MLP(2, [4, 3, 1], "tanh", rng=RNG)


def neuron(x: Sequence[Any]) -> Any:
    return autograd.tanh(autograd.dot(W[:2], x, W[2]))


def network(x: Sequence[Any]) -> Any:
    hidden = [autograd.tanh(autograd.dot(W[3 * i : 3 * i + 2], x, W[3 * i + 2])) for i in range(3)]
    return autograd.dot(W[9:], hidden)


# ----------------------------------------------------------------------------------- eager


def test_it_is_the_list_of_results_and_a_real_graph() -> None:
    found = vmap(neuron)(ROWS)
    assert isinstance(found, list)
    assert [y.data for y in found] == [neuron(x).data for x in ROWS]
    for w in W:
        w.grad = 0.0
    autograd.sum(found).backward()
    assert W[0].grad == pytest.approx(sum((1 - neuron(x).data ** 2) * x[0] for x in ROWS))


def test_an_axis_of_none_gives_an_argument_whole_to_each_call() -> None:
    assert vmap(lambda x, s: x * s, in_axes=(0, None))([1.0, 2.0], 3.0) == [3.0, 6.0]
    assert vmap(lambda x, pair: x + pair[0], (0, None))([1.0, 2.0], [5.0, 6.0]) == [6.0, 7.0]
    assert vmap(lambda x: x, in_axes=0)([]) == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vmap(3.0), TypeError, "vmap takes a function, got 3.0"),
        (lambda: vmap(abs)(3.0), TypeError, "an argument of rows is a list or an array, got 3.0"),
        (lambda: vmap(pow)([1.0, 2.0], [1.0]), ValueError, r"different numbers of rows: \[2, 1\]"),
        (lambda: vmap(abs, 1)([1.0]), ValueError, "in_axes are 0 or None for each argument, got 1"),
        (lambda: vmap(abs, (0, 0))([1.0]), ValueError, "in_axes has 2 entries for 1 argument"),
        (lambda: vmap(abs, None)([1.0]), ValueError, "no argument has rows to take"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


# -------------------------------------------------------------------------------- compiled


def results(f: Callable[..., Any], args: Sequence[Any]) -> tuple[list[float], list[float]]:
    """Return the values of ``f``, and the derivatives of their sum by the parameters."""
    leaves = [*W, *MODEL.parameters()]
    for leaf in leaves:
        leaf.grad = 0.0
    y = f(*args)
    ys = y if isinstance(y, list) else [y]
    for one in ys:
        if isinstance(one, Value):
            one.backward()
    return [getattr(one, "data", one) for one in ys], [leaf.grad for leaf in leaves]


def agree(f: Callable[..., Any], fast: Callable[..., Any], args: Sequence[Any]) -> None:
    """Check that the compiled ``fast`` gives the values and derivatives of ``f``."""
    (values, grads), (found, found_grads) = results(f, args), results(fast, args)
    bound = 1e-12 * max([1.0, *map(abs, values), *map(abs, grads)])
    assert found == pytest.approx(values, abs=bound)
    assert found_grads == pytest.approx(grads, abs=bound)


def check(f: Callable[..., Any], *calls: Sequence[Any], exactly_as_rows: bool = True) -> Any:
    """Check that the compiled ``f`` gives what ``f`` does at each call; return the program."""
    fast = autograd.compile(f)
    for args in calls:
        agree(f, fast, args)
    assert ("rows1" in fast.source) == exactly_as_rows
    return fast


OTHER_ROWS = [[x + 0.25, -y] for x, y in ROWS]

AS_ROWS: dict[str, Callable[..., Any]] = {
    "sum": lambda X, y: autograd.sum(vmap(network)(X)),
    "mean": lambda X, y: autograd.mean(vmap(network)(X)) + W[0] * W[1],
    "maximum": lambda X, y: autograd.maximum(vmap(network)(X)) * W[3],
    "minimum": lambda X, y: autograd.minimum(vmap(network)(X)),
    "dot of results": lambda X, y: autograd.dot(vmap(neuron)(X), vmap(network)(X)),
    "several arguments": lambda X, y: autograd.mean(
        vmap(lambda x, t: autograd.softplus(-t * network(x)))(X, y)
    ),
    "a model": lambda X, y: autograd.mean(vmap(lambda x, t: (MODEL(x) - t) ** 2)(X, y))
    + 1e-3 * nn.l2(MODEL.parameters()),
    "relu": lambda X, y: autograd.sum(vmap(lambda x: autograd.relu(network(x) - 0.1))(X)),
    "softmax cross entropy": lambda X, y: autograd.mean(
        vmap(lambda x: autograd.logsumexp([W[i] * x[0] + W[i + 1] * x[1] for i in range(5)]))(X)
    ),
    "another vmap": lambda X, y: autograd.sum(
        vmap(lambda z, t: (z - t) ** 2)(vmap(network)(X), y)
    ),
    "a result of a reduction": lambda X, y: (
        lambda zs: (lambda m: autograd.mean(vmap(lambda z: (z - m) ** 2)(zs)))(autograd.mean(zs))
    )(vmap(network)(X)),
    "results that are lists": lambda X, y: autograd.sum(
        vmap(lambda pair: pair[0] * pair[1])(vmap(lambda x: [neuron(x), network(x)])(X))
    ),
    "an argument that all rows share": lambda X, y: autograd.sum(
        vmap(lambda x, s: neuron(x) * s, (0, None))(X, W[5])
    ),
    "Values made inside": lambda X, y: autograd.sum(
        vmap(lambda x: neuron([Value(x[0]), Value(x[1])]))(X)
    ),
    "data read inside": lambda X, y: autograd.sum(
        vmap(lambda x: neuron(x) * neuron(x).data + W[0].data)(X)
    ),
    "a branch alike in all rows": lambda X, y: autograd.sum(
        vmap(lambda x: neuron(x) if x[0] < 100 else W[0])(X)
    ),
    "where": lambda X, y: autograd.sum(
        vmap(lambda x: autograd.where(x[0] > 0, W[0] * x[1], W[1] * x[1]))(X)
    ),
    "an index": lambda X, y: autograd.sum(
        vmap(lambda x, t: autograd.take(W[:3], (t + 1) / 2 + 1) * x[0])(X, y)
    ),
    "constants": lambda X, y: autograd.sum(vmap(network)(ROWS)) * W[0] + autograd.sum(
        vmap(neuron)(X)
    ),
    "steps in time": lambda X, y: autograd.mean(
        vmap(lambda x: rnn(x, 4))(X)
    ),
    "attention inside": lambda X, y: autograd.mean(vmap(attention)(X)),
    "a softmax of some that all rows share": lambda X, y: autograd.sum(
        vmap(lambda x: autograd.dot(autograd.softmax(mixed(x)), mixed(x)))(X)
    ),
    "a maximum of some that all rows share": lambda X, y: autograd.sum(
        vmap(lambda x: autograd.maximum(mixed(x)))(X)
    ),
    "dot of results of the same rows": lambda X, y: (
        lambda zs: autograd.dot(zs, vmap(lambda z: W[2] * autograd.tanh(z))(zs))
    )(vmap(network)(X)),
    "rows of constants": lambda X, y: autograd.sum(
        vmap(lambda x, c: neuron(x) * c[0] + c[1])(X, [[0.5 * i, 2] for i in range(len(X))])
    ),
}  # fmt: skip


def rnn(x: Sequence[Any], steps: int) -> Any:
    h = [W[0], W[1]]
    for t in range(steps):
        h = [autograd.tanh(autograd.dot(W[2 + 2 * i : 4 + 2 * i], h, x[t % 2])) for i in range(2)]
    return h[0] * h[1]


def mixed(x: Sequence[Any]) -> list[Any]:
    return [W[0] * x[0], W[1].exp(), x[1], autograd.tanh(W[3] * x[1]), W[2], W[4].tanh()]


def attention(x: Sequence[Any]) -> Any:
    scores = [autograd.dot([W[i], W[i + 1]], x) for i in range(3)]
    shares = autograd.softmax(scores)
    return autograd.dot(shares, [W[i + 3] * x[0] for i in range(3)])


def test_two_heads_of_causal_attention_take_one_program() -> None:
    """Each head reads a part of a row of a matrix that has rows of a batch in front."""
    pytest.importorskip("numpy", reason="compile needs NumPy")
    rng = random.Random(1)
    query, key, value = [[[Value(rng.gauss(0, 1)) for _ in "abcd"] for _ in "abcd"] for _ in "qkv"]

    def attended(row: Sequence[Any]) -> Any:
        xs = [[x, 2 * x, 3 * x, 1.0] for x in row]
        q, k, v = [[[autograd.dot(w, x) for w in m] for x in xs] for m in (query, key, value)]
        out = []
        for t in range(2):
            for head in (slice(0, 2), slice(2, 4)):
                scores = [autograd.dot(q[t][head], k[s][head]) for s in range(t + 1)]
                columns = zip(*[v[s][head] for s in range(t + 1)], strict=True)
                shares = autograd.softmax(scores)
                out += [autograd.dot(shares, column) for column in columns]
        return autograd.sum([x * x for x in out])

    fast = autograd.compile(lambda X: autograd.mean(vmap(attended)(X)))
    assert fast(ROWS).data == pytest.approx(autograd.mean([attended(r) for r in ROWS]).data)
    fast(OTHER_ROWS)
    assert fast.recordings.account.recordings == 1


@pytest.mark.parametrize("f", AS_ROWS.values(), ids=AS_ROWS)
def test_compiled_it_is_recorded_once_and_equal_to_eager(f: Callable[..., Any]) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = check(f, (ROWS, SIGNS), (OTHER_ROWS, SIGNS))
    assert fast.recordings.last.recorded < 220


ROW_BY_ROW: dict[str, Callable[..., Any]] = {
    "the builtin sum": lambda X: sum(vmap(network)(X)),
    "an index": lambda X: vmap(network)(X)[1] * 2,
    "len": lambda X: autograd.sum(vmap(network)(X)) / len(vmap(network)(X)),
    "a loop": lambda X: autograd.sum([y * y for y in vmap(network)(X)]),
    "returned": lambda X: vmap(network)(X),
    "sorted": lambda X: sorted(vmap(network)(X))[0],
    "added to a list": lambda X: autograd.sum([W[0]] + vmap(neuron)(X)),  # noqa: RUF005  # +
    "rows without numbers": lambda X: X[0][0] * autograd.sum(vmap(lambda x: W[0] * 2)([[], []])),
    "no rows": lambda X: X[0][0] * autograd.sum([W[0], *vmap(neuron)([])]),
    "a range": lambda X: autograd.sum(vmap(lambda x, k: W[0] * k)(X, range(len(X)))),
    "rows of two shapes": lambda X: autograd.sum(vmap(lambda x: W[0] * x[0])([X[0], [*X[1], 2.0]])),
    "computed numbers": lambda X: autograd.sum(vmap(neuron)([[x[0] * 2, x[1]] for x in X])),
    "numbers and Values": lambda X: autograd.sum(vmap(neuron)([[W[1], x[1]] for x in X])),
    "results of two sets of rows": lambda X: autograd.sum(
        vmap(lambda a, b: a * b)(vmap(neuron)(X), vmap(network)(X))
    ),
    "a vmap inside": lambda X: autograd.sum(
        vmap(lambda x: autograd.sum(vmap(lambda a: W[0] * a)(x)))(X)
    ),
}


@pytest.mark.parametrize("f", ROW_BY_ROW.values(), ids=ROW_BY_ROW)
def test_any_other_use_is_recorded_row_by_row_and_right(f: Callable[..., Any]) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(f)
    for rows in (ROWS, OTHER_ROWS):
        agree(f, fast, [rows])


def test_a_branch_that_differs_between_rows_is_recorded_row_by_row_with_a_warning() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def f(X: Any) -> Any:
        return autograd.sum(vmap(lambda x: W[0] * x[0] if x[1] > 0 else W[1] * x[0])(X))

    with pytest.warns(UserWarning, match=r"differently for different rows.*autograd\.where"):
        check(f, (ROWS,), exactly_as_rows=False)


def test_a_branch_is_recorded_anew_where_all_rows_take_the_other_one() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def f(X: Any) -> Any:
        return autograd.sum(vmap(lambda x: W[0] * x[0] if x[1] > 0 else W[1] * x[0])(X))

    above, below = ([[x, sign * (abs(y) + 1)] for x, y in ROWS] for sign in (1, -1))
    fast = check(f, (above,), (below,), (above,), (below,))
    assert fast.recordings.account.recordings == 2


SAME_ROWS = ["mean", "several arguments", "another vmap", "an index"]
SAME_ROWS += ["dot of results of the same rows", "a softmax of some that all rows share"]


@pytest.mark.parametrize("name", SAME_ROWS)
def test_one_recording_serves_every_number_of_rows(name: str) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    rows, signs = OTHER_ROWS + ROWS, SIGNS + SIGNS
    sizes = (9, 4, 1, 17, 9)
    fast = check(AS_ROWS[name], *[(rows[:n], signs[:n]) for n in sizes])
    assert fast.recordings.account.recordings == 1


def test_a_length_that_is_used_is_part_of_the_recording() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = check(
        lambda X: autograd.sum(vmap(network)(X)) / len(X), (ROWS,), (ROWS[:4],), (ROWS[:3],)
    )
    assert fast.recordings.account.recordings == 3
    check(lambda X: autograd.sum(vmap(network)(X)) * X[0][0], (ROWS,), (ROWS[:4],))
    check(lambda X: autograd.sum(vmap(network)(X)) * W[len([0, *X]) - 4], (ROWS,), (ROWS[:4],))
    check(lambda X: autograd.sum(vmap(network)(X)) * W[len([0] + X) - 4], (ROWS,), (ROWS[:4],))  # noqa: RUF005  # +


def test_the_type_of_a_number_in_a_row_is_that_of_the_argument() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def f(X: Any) -> Any:
        return autograd.sum(vmap(lambda x: W[0] * (3 if isinstance(x, int) else 5) * x)(X))

    fast = autograd.compile(f)
    for X in ([1, 2, 3], [1.0, 2.0], [4, 5], [1, 2.5], [0.5]):
        assert fast(X).data == pytest.approx(f(X).data, abs=1e-13)


def test_lists_of_different_lengths_are_an_error_at_every_call() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(AS_ROWS["several arguments"])
    for _ in range(2):
        fast(ROWS, SIGNS)
        with pytest.raises(ValueError, match=r"different numbers of rows: \[9, 3\]"):
            fast(ROWS, SIGNS[:3])


def test_keyword_arguments_and_rows_of_other_shapes() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(lambda X, y: autograd.mean(vmap(lambda x, t: W[0] * x[0] * t)(X, y)))
    for n in (5, 3, 9):
        wanted = sum(x[0] * t for x, t in zip(ROWS[:n], SIGNS[:n], strict=True)) * W[0].data / n
        assert fast(y=SIGNS[:n], X=ROWS[:n]).data == pytest.approx(wanted, abs=1e-13)
        assert fast([x[:1] for x in ROWS[:n]], y=SIGNS[:n]).data == pytest.approx(wanted, abs=1e-13)
    assert fast.recordings.account.recordings == 2


def test_a_domain_error_names_the_operation_as_eager_code_does() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(lambda X: autograd.sum(vmap(lambda x: W[0] * autograd.log(x))(X)))
    for _ in range(2):
        assert fast([1.0, 2.0]).data == pytest.approx(W[0].data * 0.6931471805599453)
        with pytest.raises(ValueError, match=r"^log.*needs x > 0"):
            fast([1.0, -1.0])


def test_second_derivatives_go_through_the_rows() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    f = AS_ROWS["several arguments"]
    fast = autograd.compile(f)
    found = autograd.adjoints(autograd.adjoints(fast(ROWS, SIGNS), [W[0]])[0], [W[0], W[9]])
    wanted = autograd.adjoints(autograd.adjoints(f(ROWS, SIGNS), [W[0]])[0], [W[0], W[9]])
    assert [x.data for x in found] == pytest.approx([x.data for x in wanted], abs=1e-12)


DERIVATIVES: dict[str, Callable[..., Any]] = {
    "grad": lambda X: autograd.grad(lambda a: autograd.mean(vmap(lambda x: (a * x) ** 2)(X)))(W[0]),
    "grad of a sum": lambda X: autograd.grad(
        lambda a: autograd.sum(vmap(lambda x: autograd.tanh(a * x))(X))
    )(W[0]),
    "grad of a dot": lambda X: autograd.grad(
        lambda a: (lambda zs: autograd.dot(zs, zs))(vmap(lambda x: a * x)(X))
    )(W[0]),
    "grad of a maximum": lambda X: autograd.grad(
        lambda a: autograd.maximum(vmap(lambda x: a * x)(X))
    )(W[0]),
    "grad twice": lambda X: autograd.grad(
        autograd.grad(lambda a: autograd.mean(vmap(lambda x: (a * x) ** 3)(X)))
    )(W[0]),
    "jvp": lambda X: autograd.jvp(
        lambda a: autograd.mean(vmap(lambda x: (a * x) ** 2)(X)), (W[0],), (1.0,)
    )[1],
    "grad inside the rows": lambda X: autograd.sum(
        vmap(lambda x: autograd.grad(lambda a: autograd.tanh(a * x))(W[0]))(X)
    ),
    "steps of descent": lambda X: descended(X),
}


def descended(X: Any) -> Any:
    a = W[0]
    for _ in range(3):
        a = a - 0.1 * autograd.grad(lambda q: autograd.mean(vmap(lambda x: (q * x - 1) ** 2)(X)))(a)
    return a


@pytest.mark.parametrize("f", DERIVATIVES.values(), ids=DERIVATIVES)
def test_derivatives_inside_a_compiled_function_sum_over_the_rows(f: Callable[..., Any]) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(f)
    for X in ([1.0, 2.0], [0.5, -1.0, 3.0], [1.5, 0.25]):
        agree(f, fast, [X])


def test_rows_of_before_are_not_differentiated_without_a_word() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def f(X: Any) -> Any:
        return autograd.adjoints(autograd.mean(vmap(lambda x: (W[0] * x) ** 2)(X)), [W[0]])[0]

    with pytest.raises(TypeError, match=r"a derivative of a function that calls vmap itself"):
        autograd.compile(f)([1.0, 2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda X: autograd.sum(vmap(lambda x: x * autograd.exp(W[0] * x))(X)),
        lambda X: autograd.sum(vmap(lambda x: (x + 1) * autograd.exp(W[0] * x))(X)),
        lambda X: W[0] if autograd.maximum(vmap(lambda x: x)(X)) > 0.7 else W[0] * 2,
        lambda X: W[0] if autograd.sum(vmap(lambda x: x * x)(X)) > 4 else W[0] * 2,
        lambda X: W[0] if autograd.mean(vmap(lambda x: W[1] * x)(X)) > 0 else W[0] * 2,
        lambda X: W[0] if autograd.maximum(vmap(lambda x: W[1] * x + W[2])(X)) > 0 else W[0] * 2,
    ],
)
def test_products_that_come_twice_and_branches_on_reductions(f: Callable[..., Any]) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    fast = autograd.compile(f)
    for X in ([1.0, 2.0], [0.5], [-1.0, -2.0, -3.0], [0.1 * i for i in range(80)], [1.0, 2.0]):
        agree(f, fast, [X])


def test_indices_of_both_signs_are_right_at_every_length() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")

    def f(X: Any) -> Any:
        return autograd.mean(vmap(lambda i: autograd.take([W[0], W[1] * 2, W[2] * 3], i))(X))

    fast = autograd.compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are recorded row by row
        for X in ([0, 1], [-1, 1, 0], [-1, 1, 2, 1], [-1, -1], [-2], [-1, 1, 0] * 5, [2], [0, -1]):
            assert results(fast, [X])[0] == pytest.approx(results(f, [X])[0], abs=1e-13)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_functions_of_rows_are_equal_to_eager(data: Any) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    draw = data.draw
    plan = [
        (draw(st.sampled_from("+-*tsrm")), draw(st.integers(0, 5 + i)), draw(st.integers(0, 5 + i)))
        for i in range(draw(st.integers(1, 12)))
    ]
    reduction = draw(st.sampled_from([autograd.sum, autograd.mean, autograd.maximum]))

    def row(x: Sequence[Any]) -> Any:
        known = [x[0], x[1], W[0], W[1], W[2] * x[0], 0.5]
        for op, i, j in plan:
            a, b = known[i], known[j]
            known.append(
                a + b if op == "+" else a - b if op == "-" else a * b if op == "*"
                else autograd.tanh(a) if op == "t" else autograd.sigmoid(a) if op == "s"
                else autograd.relu(a) if op == "r" else autograd.maximum([a, b])
            )  # fmt: skip
        return W[3] * known[-1] + x[0] * 0.0

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(lambda X: reduction(vmap(row)(X)) * W[4], (ROWS,), (OTHER_ROWS,))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x + 1e16) - 1e16,
        lambda x: x - 1e16 + 1e16 + x,
        lambda x: 0.1 * (0.2 * x),
        lambda x: x * 1e-200 * 1e-200 * 1e300,
        lambda x: x / 10 * 10,
        lambda x: 0.1 * x + 0.2 * x,
        lambda x: 1 - (x - 1),
        lambda x: autograd.sum([x, 1e16, -1e16]),
    ],
)
def test_plain_numbers_in_rows_are_computed_as_written(f: Callable[..., Any]) -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    one = Value(1.0)

    def largest(X: Any) -> Any:
        return autograd.maximum(vmap(lambda x: one * f(x))(X))

    fast = autograd.compile(largest)
    for X in ([0.1, 0.3, -2.0], [1.7], [-3.3, -0.7], [1e-17, 3.0]):
        assert fast(X).data == largest(X).data
    assert "rows1" in fast.source
