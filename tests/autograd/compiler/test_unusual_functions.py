"""Unusual functions: compiled, each means the same at each of many calls, or is refused at each.

After 100 calls machine code takes over from NumPy. A refusal must not turn into an answer either.
"""

import functools
import itertools
import random
import sys
import types
from collections import Counter, deque, namedtuple
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler import backend
from autograd.compiler.random_numbers import Generators

W, V = Value(0.7, "w"), Value(-1.3, "v")
CALLS = 30
OWN, ARRAYS = random.Random(1), np.random.default_rng(1)
Point = namedtuple("Point", "x y")


class Doubling(Value):
    """A user's own Value, which does more than a Value."""

    def twice(self):
        return self * 2

    def __mul__(self, other):
        return Value.__mul__(self, other) + 100.0


class Drop:
    """A layer with a generator in an attribute."""

    def __init__(self):
        self.rng = OWN

    def __call__(self, x):
        return W * x * self.rng.random()

    def shifted(self, x):
        return W * x + self.rng.gauss(0, 1)


DOUBLING = Doubling(3.0)


def normal(k, rng):
    return [rng.gauss(0, 2)]


def three(k, rng):
    return [[rng.gauss(0, 1) for _ in range(3)]]


def whole(k, rng):
    return [rng.randrange(-4, 5)]


def doubling(k, rng):
    return [Doubling(1.0 + k)]


def several(make):
    """Return arguments that take turns."""
    return lambda k, rng: [make(k)]


def caught(x):
    try:
        return autograd.log(x + W)
    except ValueError:
        return W * 5


def raises_itself(x):
    if x > 1:
        raise ValueError("too large")
    return W * x


def deep(x, y=V, depth=0):
    return y if y.data > 3 or depth > 20 else deep(x, y * 1.5 + abs(x), depth + 1)


def counted_down(n):
    y = W
    while n > 0:
        y, n = y * V, n - 1
    return y


def matched(x):
    match x:
        case 1:
            return W
        case float() if x > 0:
            return W * x
        case _:
            return V * x


def sent(x):
    def powers():
        y = W
        while True:
            y = y * x
            yield y

    return next(powers()) + sum(itertools.islice(powers(), 3))


def renewed(xs):
    xs = [*xs]
    xs[0] = W
    xs.append(V)
    return autograd.sum(xs)


async def coroutine(x):
    return W * x


MEAN_THE_SAME = {
    "branch on a Value": (lambda x: x * W if W * x > V else V, normal),
    "branch on a number": (lambda x: W if x < -1 else V * x if x > 1 else W * V, normal),
    "a loop that ends at a number": (counted_down, whole),
    "recursion that ends at data": (deep, normal),
    "an error that is caught": (caught, normal),
    "an error of its own": (raises_itself, normal),
    "an error of an operation": (lambda x: autograd.log(x) * W, normal),
    "a pole": (lambda n: W / n, whole),
    "a match": (matched, several(lambda k: [1, 1.5, -2.0, 3][k % 4])),
    "a generator inside": (sent, normal),
    "a copy that is changed": (renewed, three),
    "filter and map": (lambda xs: sum((x * W for x in filter(bool, xs)), V), three),
    "sorted and ranked": (lambda xs: sorted(xs)[0] * W + V * (1 + xs.index(max(xs))), three),
    "reduce": (lambda xs: functools.reduce(lambda a, b: a * b, xs, W), three),
    "an array": (lambda xs: np.dot(np.array(xs), np.array([W, V, W])), three),
    "a mask": (lambda xs: sum(xs[xs > 0]) * W, lambda k, rng: [np.array(*three(k, rng))]),
    "a partial function": (functools.partial(lambda a, x: a * x * W, V), normal),
    "results of all kinds": (
        lambda x: {"a": [W * x, (V, None)], "b": "text", "c": x > 0, "d": Point(W, x * V), "e": ()},
        normal,
    ),
    "nothing": (lambda x: None, normal),
    "more and fewer arguments": (
        lambda *xs: sum(xs) * W + len(xs),
        lambda k, rng: [1.0 + k] * (k % 5),
    ),
    "longer and shorter lists": (
        lambda xs: autograd.mean(autograd.vmap(lambda x: W * x if x > 2 else V)(xs)),
        several(lambda k: [float(i) for i in range(1 + k % 4)]),
    ),
    "None, text or a number": (
        lambda x: W if x is None else V * len(x) if isinstance(x, str) else W * x,
        several(lambda k: [None, "a", 1.0, "ab"][k % 4]),
    ),
    "a switch": (
        lambda on: W if on is True else V if on is False else W * on,
        several(lambda k: [True, False, 1, 0][k % 4]),
    ),
    "numbers of all kinds": (
        lambda x: W * x + V,
        several(
            lambda k: [1, 2.5, True, np.float32(0.1), np.int64(3), Fraction(1, 3), -0.0][k % 7]
        ),
    ),
    "numbers that are not finite": (
        lambda x: autograd.where(x > 0, W, V) * x + (W if x < 1 else V),
        several(lambda k: [float("inf"), float("nan"), 1.0, float("-inf")][k % 4]),
    ),
    "large numbers": (lambda x: W * x * 2, several(lambda k: 1e307 * k)),
    "tiny numbers": (lambda x: W * x * 1e300, several(lambda k: 5e-324 * k)),
    "ints beyond floats": (lambda n: W * (n + 1 - n), several(lambda k: k * 2**51)),
    "keys in another order": (
        lambda d: W * d["a"] + V * next(iter(d.values())),
        several(lambda k: {"a": 1.0, "b": 2.0} if k % 2 else {"b": 1.0, "a": 2.0}),
    ),
    "equal keys of another type": (
        lambda d: W * (2 if next(iter(d)) is True else 3 if isinstance(next(iter(d)), int) else 4),
        several(lambda k: [{1: 2.0}, {True: 2.0}, {1.0: 2.0}][k % 3]),
    ),
    "a Value of a user's class": (lambda x: x * W, doubling),
    "methods of a user's class": (lambda x: x.twice() + W, doubling),
    "the class of a Value": (lambda x: x * (2 if isinstance(x, Doubling) else 3), doubling),
    "a user's class from outside": (lambda x: DOUBLING * x, normal),
    "the random module": (lambda x: W * x * random.random(), normal),
    "NumPy's global generator": (lambda x: W * x * np.random.rand(), normal),  # noqa: NPY002  # it is what users write
    "a generator of a layer": (Drop(), normal),
    "a generator of a method": (Drop().shifted, normal),
    "a generator in a default": (lambda x, rng=OWN: W * rng.gauss(x, 1), normal),
    "a generator of NumPy": (lambda x: W * ARRAYS.random() * x, normal),
}
REFUSED = {
    "append to an argument": (lambda xs: xs.append(1.0) or sum(xs) * W, three, "change a copy"),
    "sort an argument": (
        lambda xs: xs.sort() or xs[0] * W,
        several(lambda k: [2.0, 1.0]),
        "change a copy",
    ),
    "set in an argument": (lambda xs: xs.__setitem__(0, W) or xs[0] * W, three, "change a copy"),
    "a generator returned": (lambda xs: (x * W for x in xs), three, "return a list"),
    "a set returned": (lambda x: {W * x, V}, normal, "return a list"),
    "a coroutine": (coroutine, normal, "a coroutine, .*return a list"),
    "an object returned": (lambda x: types.SimpleNamespace(x=W * x), normal, "return a list"),
    "a remainder": (lambda n: W * (n % 2), whole, "static_argnums"),
    "bits": (lambda n: W if n & 1 else V, whole, r"&, \| or \^ inside.*static_argnums"),
    "a shift": (lambda n: W * (1 << n), several(lambda k: 3), "<< or >> inside.*static_argnums"),
    "an index": (lambda n: [W, V, W, V, W][n], whole, "static_argnums"),
    "a set given": (lambda xs: W * len(xs), several(lambda k: {1.0, 2.0}), "hashable"),
    "a deque given": (lambda xs: W * xs[0], several(lambda k: deque([1.0])), "hashable"),
    "a counter given": (lambda xs: W * xs["a"], several(lambda k: Counter("aab")), "missing keys"),
}


@pytest.fixture(params=["numpy", "llvm", None])
def compiled(request, monkeypatch):
    """Return the compiled function. Machine code takes over in the middle of the calls."""
    if request.param != "numpy":
        pytest.importorskip("llvmlite")
    monkeypatch.setattr(backend, "CALLS_WITH_NUMPY", CALLS // 2)
    return functools.partial(autograd.compile, backend=request.param)


def seed():
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002  # the global generator is what is tested
    OWN.seed(5)
    ARRAYS.bit_generator.state = np.random.default_rng(5).bit_generator.state


def flat(tree):
    """Return the tree as one list: the kinds and keys in it, and the numbers of its Values."""
    if isinstance(tree, Value):
        return [tree.data]
    if isinstance(tree, dict):
        return [*tree, *flat([*tree.values()])]
    if isinstance(tree, list | tuple):
        return [type(tree).__name__, *itertools.chain.from_iterable(map(flat, tree))]
    return flat(tree.tolist()) if isinstance(tree, np.ndarray) else [tree]


def results_of(f, make):
    """Return what each call gives: the numbers, the derivatives and the arguments after it."""
    seed()
    rng = random.Random(0)
    found = []
    for k in range(CALLS):
        W.data, V.data = 0.7 + 0.01 * (k % 7), -1.3 + 0.02 * (k % 5)
        args = make(k, rng)
        leaves = [W, V, *[x for x in args if isinstance(x, Value)]]
        for leaf in leaves:
            leaf.grad = 0.0
        try:
            y = f(*args)
            if isinstance(y, Value):
                y.backward()
        except Exception as error:
            y = [type(error).__name__, str(error)]
        found.append([*flat(y), *[leaf.grad for leaf in leaves], *flat(args)])
    return found


def is_same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == pytest.approx(b, rel=1e-12, nan_ok=True)
    return type(a) is type(b) and a == b


@pytest.mark.filterwarnings("ignore:.*runs as it is", "ignore:vmap")
@pytest.mark.parametrize("name", MEAN_THE_SAME)
def test_each_call_is_equal_to_eager(name, compiled):
    f, make = MEAN_THE_SAME[name]
    expected = results_of(f, make)
    for k, (want, got) in enumerate(zip(expected, results_of(compiled(f), make), strict=True)):
        assert len(want) == len(got), k
        assert all(map(is_same, want, got)), (k, want, got)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("name", REFUSED)
def test_each_call_is_refused(name, compiled):
    f, make, message = REFUSED[name]
    fast, rng = compiled(f), random.Random(0)
    for k in range(CALLS):
        with pytest.raises(TypeError, match=message):
            fast(*make(k, rng))


@pytest.mark.parametrize("name", ["the random module", "a Value of a user's class"])
def test_a_warning_says_why_it_runs_as_it_is(name):
    f, make = MEAN_THE_SAME[name]
    why = "draws random numbers" if "random" in name else "is given a Doubling"
    with pytest.warns(UserWarning, match=f"runs as it is, not compiled: it {why}"):
        autograd.compile(f)(*make(1, random.Random(0)))


def test_a_function_with_a_generator_that_draws_nothing_is_compiled():
    fast = autograd.compile(lambda x, rng=OWN: W * x)
    assert fast(2.0).parents == (W,)


class Noisy:
    def of(self, x):
        return W * x + OWN.random()


def test_a_method_that_draws_from_a_generator_of_its_module_is_not_compiled():
    with pytest.warns(UserWarning, match="it draws random numbers"):
        autograd.compile(Noisy().of)(2.0)


def test_generators_of_numpy_that_the_function_loads_count_as_drawn_from(monkeypatch):
    loaded = np.random
    monkeypatch.delitem(sys.modules, "numpy.random")
    generators = Generators(lambda: None)
    assert not generators.put_back()
    monkeypatch.setitem(sys.modules, "numpy.random", loaded)
    assert generators.put_back()
