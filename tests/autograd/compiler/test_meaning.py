"""A compiled function means what the function means, at every call, or it is refused."""

import copy
import functools
import gc
import math
import operator
import pickle
import random
import threading
import types
import warnings
import weakref
from collections import defaultdict

import pytest

import autograd
from autograd import Value, no_grad, ops
from autograd.operation import TABLE

pytest.importorskip("numpy")

import numpy as np

from autograd.compiler import account, rounding
from autograd.compiler.compiled_value import CompiledValue
from autograd.compiler.expressions import Graph, reachable
from autograd.compiler.recordings import MAX_STRUCTURES

pytestmark = pytest.mark.usefixtures("numpy_first")


def result(f, args, leaves):
    """Return the value and the gradient of a call, or its error."""
    for leaf in leaves:
        leaf.grad = 0.0
    try:
        y = f(*args)
    except (ArithmeticError, ValueError, LookupError) as error:
        return type(error), str(error)
    if not isinstance(y, Value):
        return y, [0.0] * len(leaves)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


def check_calls(f, calls, leaves=(), prepare=lambda call: call):
    """Call ``f`` and the compiled ``f`` with the same arguments, one after another."""
    fast = autograd.compile(f)
    for call in calls:
        args = prepare(call)
        arguments = [*leaves, *(x for x in args if isinstance(x, Value))]
        expected, found = (result(g, args, arguments) for g in (f, fast))
        assert found[0] == expected[0], call
        if isinstance(expected[1], str):
            assert found[1] == expected[1], call
        else:
            assert found[1] == pytest.approx(expected[1], rel=1e-12), call
    return fast


# ---------------------------------------------------------------------- arithmetic and comparisons


@pytest.mark.parametrize("kind", [float, Value])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (x + 1e16) - 1e16, 1.0),
        (lambda x: (x + 2.0**52) - 2.0**52, 1.3),
        (lambda x: x * 1e-200 * 1e-200, 1e300),
        (lambda x: 0.1 * (0.2 * x), 3.0),
        (lambda x: x / 10 * 10, 3.0),
        (lambda x: 0.1 * x + 0.2 * x, 3.0),
        (lambda x: -(x / 3), 1.0),
        (lambda x: 1 - (x - 1), 1e-17),
        (lambda x: autograd.sum([x, 1e16, -1e16]), 1.0),
        (lambda x: autograd.dot([1.0, 1.0, -1.0], [x, 1e16, 1e16]), 1.0),
        (lambda x: autograd.mean([x, x, x]), 0.1),
        (lambda x: (0.0 + x + 1e16 + x + 0 * x) - 1e16, 1.0),
    ],
)
def test_a_plain_number_stays_where_it_was_written(f, x, kind):
    value = f(x)
    compiled = autograd.compile(f)(kind(x)).data
    assert getattr(value, "data", value) == compiled


def test_plain_numbers_are_computed_as_python_does():
    def f(a, b, c):
        return Value(1.0) * ((a + b) - b + a * 0.1 * c / 7 - (c - a))

    rng = random.Random(1)
    calls = [[rng.gauss(0, 1) * 10 ** rng.randrange(-9, 9) for _ in range(3)] for _ in range(50)]
    fast = check_calls(f, calls)
    assert sum(map(len, fast.recordings.paths.values())) == 1


def test_a_comparison_is_evaluated_as_eager_code_would():
    def f(x):
        return x if x / 10 <= 0.3 else 100 * x

    check_calls(f, [[3.0], [2.9], [3.1], [math.nextafter(3.0, 4.0)], [Value(3.0)]])


@pytest.mark.parametrize(
    "weights", [[0.1, 0.2, -0.3], [1e20, 1.0, -1e20], [0.3, -0.1, -0.2], [0.7, 0.1, 0.2, -1.0]]
)
def test_a_tie_within_rounding_is_decided_by_eager_code(weights):
    ws = [Value(w) for w in weights]

    def f(*xs):
        score = sum(w * x for w, x in zip(ws, xs, strict=True))
        return score * 2 if score > 0 else score * 3 - 1

    rng, n = random.Random(0), len(weights)
    calls = [[1.0] * n, [-1.0] * n, [rng.uniform(1, 2) for _ in range(n)], [1.0] * n]
    fast = check_calls(f, [*calls, *calls], ws)
    assert "eager code decides" in fast.source
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):  # a tie is no failure
            fast(*calls[0])
    assert isinstance(fast(*calls[2]), CompiledValue)


def test_ties_are_reported_and_warned_of_if_compiling_does_not_pay(monkeypatch):
    monkeypatch.setattr(account, "MIN_LOSS_SECONDS", 0.0)
    ws = [Value(0.1), Value(0.2), Value(-0.3)]
    fast = autograd.compile(lambda x: x if sum(w * x for w in ws) > 0 else -x)

    def use():
        for _ in range(2 * account.MIN_RECORDINGS):
            assert fast(1.0).data == 1.0

    with pytest.warns(UserWarning, match="compares numbers that are equal") as caught:
        use()
    assert len(caught) == 1
    assert "ties, left to eager code" in fast.report()
    assert fast.report().split("eager code")[1].split()[0] == str(2 * account.MIN_RECORDINGS)


def test_a_comparison_of_exact_numbers_needs_no_test_for_a_tie():
    w, v = Value(1.0), Value(2.0)
    f = autograd.compile(lambda x: w if w / v > x / 10 and w + v < 4 and (w * v).data != x else v)
    f(1.0)
    assert "eager code" not in f.source


@pytest.mark.parametrize("name", TABLE)
def test_the_bound_for_rounding_covers_moved_operands(name):
    op, rng = TABLE[name], random.Random(0)
    for sample in op.samples:
        operands = op.operands(*sample)
        graph = Graph()
        xs, errors = ([graph.input() for _ in operands] for _ in range(2))
        bounds = rounding.Bounds(graph)
        bounds.of = dict(zip(xs, errors, strict=True))
        y = graph.make(op, xs)
        for node in reachable([y]):
            bounds.add(node)
        if op in rounding.STEPS:
            assert bounds.ties
            continue
        values = dict(zip([*xs, *errors], [*operands, *[1e-9] * len(xs)], strict=True))
        for node in graph.nodes:
            if node.value is not None:
                values[node] = node.value
            elif node.op is not None:
                values[node] = node.op.value([values[p] for p in node.parents])
        for _ in range(20):
            moved = [x + rng.choice([-1e-9, 1e-9]) for x in operands]
            assert abs(op.value(moved) - op.value(operands)) <= values[bounds.of[y]] + 1e-15


# ----------------------------------------------------------------------------- ``data`` and no_grad


@pytest.mark.parametrize(
    "f",
    [
        lambda w, v, x: w.data * w,
        lambda w, v, x: (w.data * w if w.data > 0 else v * w) * x,
        lambda w, v, x: autograd.exp(w - max(z.data for z in (w, v))),
        lambda w, v, x: sorted([w, v, w * v], key=lambda z: z.data)[1] * (w * v).data,
        lambda w, v, x: sum(abs(z.data) for z in (w, v)) * v,
        lambda w, v, x: Value(w.data) * v + Value(x) * w,
        lambda w, v, x: w / (1 + (w * w + v * v).data),
        lambda w, v, x: w if w.data else v,
        lambda w, v, x: autograd.stop_gradient(w * v) * w,
        lambda w, v, x: v if isinstance(w.data, float) and not isinstance(x, Value) else w,
    ],
)
def test_data_that_is_read_inside_is_what_eager_code_reads(f):
    w, v = Value(0.0), Value(0.0)
    rng = random.Random(2)

    def prepare(call):
        w.data, v.data = rng.choice([-2.0, -0.5, 0.0, 1.5, 3.0]), rng.gauss(0, 1)
        return [rng.gauss(0, 1)]

    check_calls(lambda x: f(w, v, x), range(40), [w, v], prepare)


def test_data_of_an_argument_is_that_value_without_its_derivative():
    def f(x):
        return x.data * x + (x * x).data

    check_calls(f, [[Value(2.0)], [Value(-3.0)]])


def test_the_class_is_as_before_after_a_recording_and_after_an_error():
    slots = vars(Value)["data"], vars(Value)["grad"]

    def f(x):
        inner = autograd.compile(lambda y: y.data * 2)
        return inner(x) + x.data

    assert autograd.compile(f)(Value(3.0)).data == 9.0
    for wrong in (lambda x: x.nothing, lambda x: 1 / 0, lambda x: float(x)):
        with pytest.raises((AttributeError, ZeroDivisionError, TypeError)):
            autograd.compile(wrong)(Value(1.0))
    assert (vars(Value)["data"], vars(Value)["grad"]) == slots


PARAMETER = Value(2.0)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: setattr(PARAMETER, "data", 3.0), "setting .data inside"),
        (lambda x: setattr(x, "data", 3.0), "setting .data inside"),
        (lambda x: setattr(PARAMETER, "grad", 0.0), "setting .grad inside"),
        (lambda x: PARAMETER.grad * x, "reading .grad inside"),
        (lambda x: copy.deepcopy(x * 2), "copying"),
    ],
)
def test_what_would_change_or_copy_a_node_inside_is_refused(f, message):
    with pytest.raises(TypeError, match=message):
        autograd.compile(f)(Value(1.0))
    assert (PARAMETER.data, PARAMETER.grad) == (2.0, 0.0)


@pytest.mark.parametrize(
    ("what", "f"),
    [
        ("float()", float),
        ("int()", int),
        ("complex()", complex),
        ("round()", round),
        ("//", lambda x: x // 2),
        ("%", lambda x: 2 % x),
        ("using a Value as an index or a count, as in 'a' * x,", lambda x: "a" * x),
        ("copying or pickling a Value", copy.copy),
        ("formatting a number (str, print, an f-string)", lambda x: f"{x}"),
    ],
)
def test_what_needs_one_number_inside_is_refused_with_what_to_do(what, f):
    with pytest.raises(TypeError) as caught:
        autograd.compile(f)(Value(1.0))
    assert str(caught.value) == (
        f"{what} inside a compiled function, where a Value stands for many numbers: compute with "
        "autograd's functions (autograd.exp, not math.exp), compare Values themselves, and declare "
        "an argument used as an index or a count with static_argnums"
    )


@pytest.mark.slow
def test_threads_read_and_write_data_while_another_records():
    w, stop, wrong = Value(1.0), threading.Event(), []

    def f(x):
        total = w.data * w
        for _ in range(50):
            total = total + w.data * x
        return total * 0

    def use():
        while not stop.is_set():
            w.data = 2.0
            if type(w.data) is not float or type((w * 3).data) is not float:
                wrong.append(w.data)
            w.grad = 0.0

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert autograd.compile(f)(1.0).data == 0.0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert type(vars(Value)["data"]) is types.MemberDescriptorType


def test_what_is_computed_or_compared_without_gradient_is_not_frozen():
    w = Value(1.0)

    def f(x):
        with no_grad():
            scale = w * x
            large = scale > 2
            slope = autograd.grad(lambda t: t * t * t)(x)
        return scale * w * slope if large else w * 3 + scale

    def prepare(call):
        w.data, x = call
        return [x]

    check_calls(f, [(1.0, 1.0), (3.0, 1.0), (2.0, 4.0), (-1.0, 3.0)], [w], prepare)


# ----------------------------------------------------------------------------- what is not recorded


def test_a_function_that_catches_an_error_runs_as_it_is():
    def f(x):
        try:
            return autograd.log(x)
        except ValueError:
            return x * 0 + 7

    def g(x):
        try:
            return PARAMETER * int(x)
        except TypeError:
            return PARAMETER

    def h(i):
        try:
            return PARAMETER * autograd.take([1.0, 2.0], i)
        except IndexError:
            return PARAMETER

    with pytest.warns(UserWarning, match="caught"):
        check_calls(h, [[5], [0], [1], [7], [1]])
    for function, calls in ((f, [[-1.0], [2.0], [3.0], [-2.0], [4.0]]), (g, [[1.5], [2.5], [3.0]])):
        with pytest.warns(UserWarning, match="caught"):
            check_calls(function, [[Value(x)] for (x,) in calls] if function is f else calls)


@pytest.mark.parametrize(
    "f",
    [
        lambda n: PARAMETER * (n - 2**53),
        lambda n: PARAMETER * (n * n * n - (n * n * n - 1)),
        lambda n: PARAMETER * (2 if n > 2**53 else 3),
        lambda n: PARAMETER * sum([n, 1, 1]),
    ],
)
def test_ints_keep_their_exactness(f):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_calls(f, [[3], [2**53 + 1], [10**6 + 1], [10**8 + 7], [2**53 - 1], [5]], [PARAMETER])


def test_an_infinite_derivative_inside_is_left_to_eager_code():
    def f(x):
        return autograd.grad(autograd.sqrt)(x) * PARAMETER.data

    with pytest.warns(UserWarning, match="runs as it is"):
        check_calls(f, [[4.0], [0.0], [9.0]])


def test_the_type_of_a_plain_number_is_that_of_the_argument():
    def f(x):
        kinds = [isinstance(x, kind) for kind in (Value, bool, int, float)]
        return PARAMETER * sum(2**i * kind for i, kind in enumerate(kinds))

    check_calls(f, [[1], [1.0], [True], [Value(1.0)], [2], [2.5]])


def test_a_switch_is_a_thing():
    check_calls(lambda on: PARAMETER * (2 if on is True else 3), [[True], [False], [True]])
    f = autograd.compile(lambda x, on=False: x * (2 if on is True else 3))
    assert [f(1.0, on=on).data for on in (True, False)] == [2.0, 3.0]


def test_static_arguments_are_told_apart_by_type_and_sign():
    def f(x):
        return PARAMETER * (1 + isinstance(x, float) + 3 * isinstance(x, bool))

    fast = autograd.compile(f, static_argnums=0)
    for x in (2, 2.0, 1, True, 1.0):
        assert fast(x).data == f(x).data
    sign = autograd.compile(lambda x: PARAMETER * math.copysign(1.0, x), static_argnums=0)
    assert [sign(x).data for x in (0.0, -0.0)] == [2.0, -2.0]


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __eq__(self, other):
        return isinstance(other, Scale)

    def __hash__(self):
        return 1


def test_objects_among_the_arguments_are_told_apart_by_identity():
    f = autograd.compile(lambda scale: PARAMETER * scale.factor)
    assert [f(s).data for s in (Scale(1.0), Scale(2.0))] == [2.0, 4.0]


def test_the_same_value_given_twice_is_the_same_inside():
    def f(a, b):
        return a * b if a is b else a * b * 10

    a, b = Value(2.0), Value(3.0)
    check_calls(f, [(a, b), (a, a), (b, a), (b, b)])


def test_value_and_derivative_are_of_the_same_program():
    w, scale = Value(3.0), [2.0]
    f = autograd.compile(lambda: w * w * scale[0])
    y = f()
    scale[0] = 100.0
    (dy,) = autograd.adjoints(y, [w])
    assert (y.data, dy.data) == (18.0, 12.0)
    (ddy,) = autograd.adjoints(dy, [w])
    assert getattr(ddy, "data", ddy) == 4.0


def test_a_returned_comparison_is_a_bool():
    f = autograd.compile(lambda x: (x > 0, {"both": [x < 5, x * 1.0]}))
    for x in (1.0, -1.0, 9.0):
        positive, rest = f(x)
        assert positive is (x > 0)
        assert rest["both"][0] is (x < 5)


def test_a_library_in_single_precision_is_refused():
    single = types.ModuleType("jax.numpy")
    vars(single).update(vars(np), __name__="jax.numpy", asarray=lambda x: np.asarray(x, np.float32))
    with pytest.raises(TypeError, match=r'jax.config.update\("jax_enable_x64", True\)'):
        autograd.compile(lambda x: x * 2, xp=single)(1.0)


# -------------------------------------------------------------------------- arguments and results


class Spread:
    def __init__(self, x):
        self.x = x


@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (lambda xs: sum(xs), lambda: [iter([1.0, 2.0])], "list_iterator, which can be read only"),
        (lambda xs: sum(xs), lambda: [(x for x in [1.0])], "generator, which can be read only"),
        (lambda t: t["b"], lambda: [defaultdict(float, a=1.0)], r"defaultdict.* dict\("),
        (lambda m: m * m, lambda: [np.matrix([[1.0, 2.0], [3.0, 4.0]])], r"matrix.*asarray"),
        (lambda xs: xs.append(1.0), lambda: [[1.0]], "changed a list"),
        (lambda xs: operator.setitem(xs, 0, 3.0), lambda: [[1.0, 2.0]], "changed a list"),
        (
            lambda t: t.update(b=1.0),
            lambda: [{"a": 1.0}],
            "changed a list or dict that it was given, which its caller would not see: change a",
        ),
        (lambda x: (y for y in [x]), lambda: [1.0], "returned a generator"),
        (lambda x: {x * Value(1.0)}, lambda: [1.0], "returned a set"),
        (lambda x: {"a": x}.values(), lambda: [1.0], "returned a dict_values"),
        (lambda x: Spread(x * 2), lambda: [1.0], "returned a Spread"),
        (lambda x: f"{x:.1f}", lambda: [1.0], "formatting"),
        (lambda x: len(f"{x}"), lambda: [1.0], "formatting"),
        (lambda x: len(str(x)), lambda: [1.0], "formatting"),
        (lambda x: len("".join(map(str, [x]))), lambda: [Value(1.0)], "formatting"),
        (lambda x: print(x * 2), lambda: [Value(1.0)], "formatting"),
        (lambda x, s: x + s, lambda: [1.0, "a"], "'number' and 'str'"),
        (lambda x, s: x * x + s, lambda: [Value(1.0), "a"], "'Value' and 'str'"),
        (lambda x: x.is_integer(), lambda: [1.0], "is_integer"),
    ],
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_what_a_recording_would_lose_is_refused_by_name(f, args, message):
    with pytest.raises(TypeError, match=message):
        autograd.compile(f)(*args())


def test_a_torch_tensor_is_refused_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"tensor.*tolist"):
        autograd.compile(lambda x: x.sum())(torch.ones(2))


@pytest.mark.parametrize(
    ("static", "error", "message"),
    [
        (5, ValueError, "static_argnums=5, but the positional arguments are x, n"),
        (-3, ValueError, "static_argnums=-3"),
        ("n", TypeError, "takes positions"),
        ([0.5], TypeError, "takes positions"),
    ],
)
def test_static_argnums_that_are_no_positions_are_errors(static, error, message):
    with pytest.raises(error, match=message):
        autograd.compile(lambda x, n: x, static_argnums=static)


def test_a_static_argument_can_be_counted_from_the_end_or_given_by_name():
    f = autograd.compile(lambda x, n: x * [1.0, 2.0, 3.0][n], static_argnums=-1)
    assert [f(2.0, 1).data, f(2.0, n=2).data, f(x=2.0, n=0).data] == [4.0, 6.0, 2.0]


def test_data_of_a_wrong_type_is_named():
    w = Value(1.0, "w")
    f = autograd.compile(lambda x: w * x)
    f(1.0)
    w.data = "2"
    with pytest.raises(TypeError, match=r"the data of a Value is a float, got '2' .* 'w'"):
        f(1.0)


def test_a_value_that_escaped_from_a_recording_is_named():
    kept = []

    def f(xs):
        kept.append(xs[0] * 2)
        return kept[0] * xs[0]

    fast = autograd.compile(f)
    fast([1.0])
    with pytest.raises(TypeError, match=r"earlier call|after that"):
        fast([1.0, 2.0])
    with pytest.raises(TypeError, match="used after that"):
        kept[0] + 1.0
    cached = functools.cache(lambda: PARAMETER * 2)
    g = autograd.compile(lambda xs: cached() * xs[0])
    g([1.0])
    with pytest.raises(TypeError, match=r"earlier call|after that"):
        g([1.0, 2.0])


# ----------------------------------------------------------------------- threads, memory, copies


def test_eight_threads_share_one_function():
    w, errors = Value(1.0), []

    def f(x):
        return w * x if x > 0 else (w + x if x > -1 else w - x)

    fast = autograd.compile(f)

    def use(seed):
        rng = random.Random(seed)
        try:
            for _ in range(100):
                x = rng.uniform(-2, 2)
                assert fast(x).data == f(x).data
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=use, args=[i]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sum(map(len, fast.recordings.paths.values())) == 3


class Model:
    def __init__(self, w):
        self.w = Value(w)
        self.fast = autograd.compile(self.scaled)

    def scaled(self, x):
        return self.w * x

    @autograd.compile
    def loss(self, x):
        return self.w * x


def test_a_compiled_method_does_not_keep_instances_alive():
    gc.collect()  # of instances of another test
    kept = Model(1.0)
    model = Model(2.0)
    alive = weakref.ref(model)
    assert model.loss(3.0).data == 6.0
    assert kept.loss(3.0).data == 3.0
    before = len(Model.loss.recordings.paths)
    del model
    gc.collect()
    assert alive() is None
    assert len(Model.loss.recordings.paths) == before - 1
    assert kept.loss(4.0).data == 4.0


@autograd.compile
def doubled(x):
    return 2 * x


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_compiled_functions_and_models_that_hold_one_are_copied(copied):
    model = Model(2.0)
    model.fast(1.0)
    other = copied(model)
    other.w.data = 5.0
    assert (other.fast(3.0).data, model.fast(3.0).data, other.loss(3.0).data) == (15.0, 6.0, 15.0)
    assert copied(doubled)(4.0).data == 8.0
    assert copied(autograd.compile(math.fabs)).function is math.fabs


def test_recordings_are_bounded_and_the_oldest_go_first():
    f = autograd.compile(lambda xs: sum(xs))

    def use():
        for n in range(1, MAX_STRUCTURES + 20):
            assert f([1.0] * n).data == n
            assert f([1.0]).data == 1.0

    with pytest.warns(UserWarning, match="structures of arguments"):
        use()
    assert len(f.recordings.paths) == MAX_STRUCTURES
    assert any(paths and paths[0].calls > 50 for paths in f.recordings.paths.values())


@pytest.mark.parametrize(
    ("make", "calls", "message"),
    [
        (lambda w: lambda xs: sum(w * x for x in xs), [[[1.0] * n] for n in range(1, 40)], "pad"),
        (lambda w: lambda k: w * k, [[object()] for _ in range(40)], "static argument"),
    ],
)
def test_compiling_that_costs_more_than_it_saves_stops_with_one_warning(
    make, calls, message, monkeypatch
):
    monkeypatch.setattr(account, "MIN_LOSS_SECONDS", 0.0)
    w = Value(2.0)
    f = make(w) if message == "pad" else lambda thing: w * 2
    fast = autograd.compile(f)

    def use():
        for args in calls:
            assert fast(*args).data == f(*args).data

    with pytest.warns(UserWarning, match="cost more time") as caught:
        use()
    assert [message in str(w.message) for w in caught] == [True]
    assert caught[0].filename == __file__
    assert fast.recordings.account.recordings == account.MIN_RECORDINGS


def test_the_report_accounts_for_all_recordings():
    f = autograd.compile(lambda xs: sum(xs) if xs[0] > 0 else xs[0])
    for xs in ([1.0], [-1.0], [1.0, 2.0], [3.0]):
        f(xs)
    report = f.report()
    assert "recordings                     3" in report
    assert "structures                     2" in report
    assert "seconds to compile all" in report


# ------------------------------------------------------------------------------------ where, take


def test_where_is_recorded_without_a_branch():
    w = Value(2.0)

    def f(x, y):
        a = autograd.where(x > y, w * x, 0.1 * w)
        return a + autograd.where(w * x <= y, x, autograd.where(x >= 0, y, w)) * 3

    rng = random.Random(0)
    calls = [[rng.uniform(-2, 2), rng.uniform(-2, 2)] for _ in range(30)]
    calls += [[1.0, 1.0], [Value(1.0), Value(1.0)], [Value(-1.0), Value(2.0)]]
    fast = check_calls(f, calls, [w])
    assert sum(map(len, fast.recordings.paths.values())) == 2  # for numbers, and for Values


@pytest.mark.parametrize("symbol", [ops.equal, "lt", "le", "gt", "ge"])
def test_every_comparison_can_be_the_condition(symbol):
    test = getattr(operator, symbol) if isinstance(symbol, str) else operator.eq
    fast = autograd.compile(lambda a, b: autograd.where(test(a, b), 1.0, 2.0) * PARAMETER)
    for a, b in ((1.0, 2.0), (2.0, 1.0), (1.5, 1.5), (-0.0, 0.0)):
        assert fast(a, b).data == (2.0 if test(a, b) else 4.0)
    assert sum(map(len, fast.recordings.paths.values())) == 1
    assert autograd.where(test(1.0, 1.0), 1.0, 2.0) == (1.0 if test(1.0, 1.0) else 2.0)


def test_take_is_what_a_list_gives_for_every_index():
    rows = [[Value(float(10 * i + j)) for j in range(2)] for i in range(4)]
    flat = [x for row in rows for x in row]

    def f(i):
        row = autograd.take(rows, i)
        return row[0] * row[1] + autograd.take([1.0, 2.0, 3.0, 4.0], i) * row[0]

    calls = [[i] for i in (0, 3, 1, -1, 2, -4, 2.0, 7, -5, 3)]
    fast = check_calls(f, calls, flat)
    assert sum(map(len, fast.recordings.paths.values())) == 2  # from the front, and from the end
    for g in (f, fast):
        with pytest.raises(IndexError, match="out of range for 4"):
            g(4)
        with pytest.raises(TypeError, match="whole number"):
            g(1.5)


def test_an_index_can_be_a_value_or_computed():
    rows = [Value(x) for x in (1.0, 2.0, 3.0)]
    fast = check_calls(
        lambda i: autograd.take(rows, i + 1) * 2, [[Value(0.0)], [Value(1.0)], [0], [1]], rows
    )
    assert isinstance(fast(Value(1.0)), CompiledValue)
    assert autograd.take(rows, Value(2.0)) is rows[2]


def test_models_and_losses_take_an_index_that_is_an_argument():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(nn.Embedding(5, 3, rng=0), nn.Layer(3, 4, rng=1))
    parameters = model.parameters()
    for loss in (
        lambda i, y: nn.cross_entropy([model(i)], [y]),
        lambda i, y: nn.nll([autograd.log_softmax(model(i))], [y]),
        lambda i, y: nn.hinge([model(i)], [y]),
    ):
        fast = check_calls(loss, [(0, 1), (3, 2), (4, 0), (1, 3), (2.0, 1.0)], parameters)
        assert sum(map(len, fast.recordings.paths.values())) == 1
        for wrong in ((5, 0), (-1, 0), (0, 4), (0, -1)):
            with pytest.raises(ValueError, match=r"index|label"):
                fast(*wrong)


NUMBER_USES = {
    "int of a comparison": lambda w, x: w * int(x > 1.0),
    "float of a comparison": lambda w, x: w * float(x > 1.0),
    "inverted": lambda w, x: w * ~(x > 1.0),
    "text": lambda w, x: w * len(f"{x > 1.0}"),
    "repr": lambda w, x: w * len(repr(x > 1.0)),
    "key": lambda w, x: w * {True: 2.0, False: 3.0}[x > 1.0],
    "index": lambda w, x: w * [2.0, 3.0][x > 1.0],
    "equal to a text": lambda w, x: w * (2.0 if x == "one" else 3.0 if x != "one" else 4.0),
    "copied": lambda w, x: w * copy.copy(x) * copy.deepcopy([x])[0],
    "real": lambda w, x: w * x.real,
    "condition": lambda w, x: autograd.where(x, w, w * w),
    "known condition": lambda w, x: autograd.where(True, w, w * w) * x,
    "condition of a comparison": lambda w, x: autograd.where(x > 1.0, w * x, w * w),
    "known index": lambda w, x: autograd.take([w, w * w], 1) * x,
    "truth": lambda w, x: w * 2 if x else w * 3,
    "sum of comparisons": lambda w, x: w * ((x > 1.0) + (x > 2.0)),
    "negative of a comparison": lambda w, x: w * -(x > 1.0) + w * +(x <= 1.0),
}


@pytest.mark.parametrize("f", NUMBER_USES.values(), ids=NUMBER_USES)
def test_a_number_and_a_comparison_of_it_behave_as_in_python(f):
    w = Value(0.75)
    for kind in (float, int):
        check_calls(lambda x: f(w, x), [[kind(x)] for x in (0, 1, 3, 2, 0, 1)], [w])


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x < "one" else -x, "'<' not supported between instances of"),
        (lambda x: x + "one", "unsupported operand type"),
        (lambda x: x.color, "'float' object has no attribute 'color'"),
    ],
)
def test_a_wrong_use_of_a_number_is_pythons_error(f, message):
    for g in (f, autograd.compile(lambda x: Value(1.0) * f(x))):
        with pytest.raises((TypeError, AttributeError), match=message):
            g(1.0)


def test_whole_numbers_beyond_floats_are_left_to_eager_code():
    w = Value(1.5)

    def f(n):
        return w * ((n + (2**53 + 1)) - 2**53)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it runs as it is
        check_calls(f, [[1], [2], [3]], [w])
