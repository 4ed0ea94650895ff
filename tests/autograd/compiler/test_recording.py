"""What a recording keeps of a function, and the fast ways that it takes."""

from __future__ import annotations

import operator
import pickle
import random
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

import autograd
from autograd import Value
from autograd.compiler import traced
from autograd.compiler.random_numbers import Generators

W, V = Value(2.0, "w"), Value(0.5, "v")


def test_arithmetic_writes_to_the_tape_itself_once_both_sides_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    general = []
    record = traced.TraceRecorder.record

    def noted(self: Any, operation: Any, parents: Any) -> Any:
        general.append((operation.name, [type(x).__name__ for x in parents]))
        return record(self, operation, parents)

    def f(x: Any) -> Any:
        y = W * x
        for _ in range(3):
            y = (((y + 1 - 1.5) * 2.0 / 4 + y) - y) * y / (y + 9)
            y = 1 + (2.0 - 3 * (4.0 / y))
            y = W - (y * W / W + W - W)
            y = abs(autograd.exp(-y.tanh()))
        return y

    monkeypatch.setattr(traced.TraceRecorder, "record", noted)
    autograd.compile(f, backend="numpy")(0.7)
    assert general == [("mul", ["Value", "number"])]  # when W is met


@pytest.mark.parametrize("method", ["add", "sub", "mul", "truediv"])
@pytest.mark.parametrize("number", [2**53, -(2**53), 2**53 + 1, -(2**53) - 1, 3, 0.25, True])
def test_a_number_of_any_size_is_the_float_that_eager_code_takes(method: str, number: Any) -> None:
    apply = getattr(operator, method)
    for f in (lambda x: apply(x * 1.0, number), lambda x: apply(number, x * 1.0)):
        assert autograd.compile(f, backend="numpy")(Value(3.0)).data == f(Value(3.0)).data


class Layer:
    noise = random.Random(1)

    def __init__(self) -> None:
        self.own = np.random.default_rng(1)


def in_a_closure() -> Any:
    rng = random.Random(1)
    return (lambda x: W * rng.random()), rng


MODULE = SimpleNamespace(rng=random.Random(2))
OLD = np.random.RandomState(1)  # what users have
BITS = np.random.Generator(np.random.PCG64(1))
LAYER = Layer()
GENERATORS: dict[str, tuple[Any, Any]] = {
    "in a closure": in_a_closure(),
    "in a default": (lambda x, rng=MODULE.rng: W * rng.random(), MODULE.rng),
    "an attribute of a variable": (lambda x: W * MODULE.rng.random(), MODULE.rng),
    "of an object": (lambda x: W * LAYER.own.random(), LAYER.own),
    "of NumPy before 1.17": (lambda x: W * OLD.rand(), OLD),
    "with bits of its own": (lambda x: W * BITS.random(), BITS),
    "random": (lambda x: W * random.random(), random),
    "numpy.random": (lambda x: W * np.random.rand(), np.random),  # noqa: NPY002  # what users write
}


def state(rng: Any) -> bytes:
    for name in ("getstate", "get_state"):
        if hasattr(rng, name):
            return pickle.dumps(getattr(rng, name)())
    return pickle.dumps(rng.bit_generator.state)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_is_seen_and_put_back(name: str) -> None:
    function, rng = GENERATORS[name]
    before, generators = state(rng), Generators(function)
    assert not generators.put_back()
    function(1.0)
    assert state(rng) != before
    assert generators.put_back()
    assert state(rng) == before
    assert not generators.put_back()


class Model:
    """A callable object."""

    def __call__(self, x: Any) -> Any:
        return x * W

    def method(self, x: Any) -> Any:
        """Return a product."""
        return x * W


def test_a_compiled_function_has_the_names_of_the_function() -> None:
    f = autograd.compile(Model.method)
    names = f.__name__, f.__qualname__, f.__module__, f.__doc__, f.__wrapped__
    assert names == ("method", "Model.method", __name__, "Return a product.", Model.method)
    model = Model()
    g = autograd.compile(model)
    assert (g.__name__, g.__qualname__, g.__module__) == ("Model", "Model", __name__)
    assert g.__doc__ == "A callable object."
    h = autograd.compile(partial(operator.mul, 2.0))
    assert (h.__name__, h.__qualname__, h.__module__) == (
        "partial",
        "partial",
        "functools",
    )
    assert repr(h) == "<compiled function partial>"


double = autograd.compile(lambda x: x * 2.0)
double.__qualname__ = double.__name__ = "double"
double.__module__ = __name__


def times(x: Any, n: Any) -> Any:
    return x * n


def test_a_compiled_function_is_sent_by_name_or_as_its_parts() -> None:
    assert pickle.loads(pickle.dumps(double)) is double
    other = pickle.loads(pickle.dumps(autograd.compile(times, static_argnums=1, xp=np)))
    assert (other.function, other.static.positions, other.xp.library) == (times, {1}, np)
    third = pickle.loads(pickle.dumps(autograd.compile(times, backend="numpy")))
    assert third.xp.backend == "numpy"
    assert third(Value(3.0), 2.0).data == 6.0


def test_the_last_path_is_tried_first_and_calls_are_counted() -> None:
    fast = autograd.compile(lambda x: x * W if x * W > 1.0 else V * x, backend="numpy")
    for x in (1.0, -1.0, 1.0, 1.0):
        fast(x)
    ((paths),) = fast.recordings.paths.values()
    assert [(path.outcomes, path.calls) for path in paths] == [((True,), 2), ((False,), 0)]
    assert fast.recordings.last is paths[0]
    assert paths.new_paths == paths.failures == 0
    fast(-1.0)
    assert [path.calls for path in paths] == [1, 2]
    assert paths[0].outcomes == (False,)


def test_labels_of_arguments_are_seen_inside() -> None:
    seen = []

    def f(x: Any, y: Any) -> Any:
        z = x * y
        seen.append((x.label, y.label, z.label))
        z.label = "z"
        seen.append(z.label)
        return z

    autograd.compile(f, backend="numpy")(Value(1.0, "a"), Value(2.0))
    assert seen == [("a", "", ""), "z"]


def test_what_is_recorded_can_be_looked_at() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = autograd.maximum([x, W, x * 2])
        seen.extend([y.op.name, [p.op and p.op.name for p in y.parents], y.parents[1] is W])
        seen.extend([x.parents, x.op, repr(y), repr(x)])
        return y

    autograd.compile(f, backend="numpy")(Value(1.0))
    assert seen == [
        "maximum",
        [None, None, "mul"],
        True,
        (),
        None,
        "Traced(maximum)",
        "Traced(argument)",
    ]


def test_what_never_changes_is_gathered_once() -> None:
    fast = autograd.compile(lambda: W * V, backend="numpy")
    first, second = fast(), fast()
    path = fast.recordings.last
    assert path.takes_nothing
    assert path.inputs.constant is not None
    assert first.parents is second.parents is fast.last_program().parents == (W, V)


def test_what_comes_with_a_call_is_gathered_at_each() -> None:
    fast = autograd.compile(lambda x: W * x, backend="numpy")
    fast(2.0)
    path = fast.recordings.last
    assert (path.takes_nothing, path.inputs.constant) == (False, None)
    assert fast(3.0).parents is fast.last_program().parents == (W,)
    fast = autograd.compile(lambda x: W * x, backend="numpy")
    x, y = Value(1.0), Value(2.0)
    assert [*fast(x).parents, *fast(y).parents] in ([W, x, W, y], [x, W, y, W])
    assert fast.last_program().parents is None
    fast = autograd.compile(lambda x: 3 * x, backend="numpy")
    assert [fast(2.0).data, fast(3.0).data] == [6.0, 9.0]
    assert fast(2.0).parents == ()


def counts(fast: Any) -> tuple[int, int]:
    """Return how many recordings were made, and how many are kept for the first structure."""
    paths = [*fast.recordings.paths.values()]
    return fast.recordings.account.recordings, len(paths[0])


def test_a_path_whose_program_fails_is_recorded_three_more_times_and_no_more() -> None:
    fast = autograd.compile(lambda x: (x * W).sqrt(), backend="numpy")
    zero, four = Value(0.0), Value(4.0)
    fast(four)
    for k in range(1, 7):
        assert fast(zero).data == 0.0  # its derivative is infinite, so eager code has to run
        assert counts(fast) == (1 + min(k, 3), 1)
    fast(four)  # the program is right here: then it may fail anew
    for k in range(1, 7):
        fast(zero)
        assert counts(fast) == (4 + min(k, 3), 1)


def of_forty_branches(x: Any) -> Any:
    for k in range(40):
        if x < k:
            return W * k
    return W


@pytest.mark.filterwarnings("ignore:.*takes another branch at nearly every call")
def test_sixteen_new_paths_in_a_row_are_the_end_of_recording() -> None:
    fast = autograd.compile(of_forty_branches, backend="numpy")
    for k in range(20):
        assert fast(k + 0.5).data == 2.0 * (k + 1)
    assert counts(fast) == (16, 16)
    (paths,) = fast.recordings.paths.values()
    before = [path.calls for path in paths]
    for k in (12, 13, 14, 15):  # the last four are tried, the others are not
        assert fast(k + 0.5).data == 2.0 * (k + 1)
    assert sum(path.calls for path in paths) == sum(before) + 4
    assert fast(0.5).data == 2.0
    assert sum(path.calls for path in paths) == sum(before) + 4
    assert counts(fast) == (16, 16)


def test_a_known_path_between_starts_the_count_of_new_ones_anew() -> None:
    fast = autograd.compile(of_forty_branches, backend="numpy")
    for k in range(30):
        fast(k + 0.5)
        fast(k + 0.5)
    assert counts(fast) == (30, 30)


def test_other_structures_have_recordings_of_their_own() -> None:
    fast = autograd.compile(lambda x: W * (x[0] if isinstance(x, list) else x), backend="numpy")
    given: list[Any] = [1.0, [1.0], [1.0, 2.0], (1.0,), Value(1.0), [Value(1.0)]]
    for x in [*given, *given]:
        fast(x if type(x) is not tuple else [*x])
    assert fast.recordings.account.recordings == 5
    assert [[path.calls for path in paths] for paths in fast.recordings.paths.values()] == [
        [1],
        [3],
        [1],
        [1],
        [1],
    ]
