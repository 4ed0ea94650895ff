"""Random programs with branches give at every call, compiled, what they give as they are."""

import math
import random

import pytest

import autograd
from autograd import Value, no_grad

from ...support.branching_programs import branching_program

np = pytest.importorskip("numpy")
pytestmark = pytest.mark.usefixtures("each_backend")


def bounded(x):
    """Return x, or less than 2 of its sign."""
    return x if abs(x) < 1 else 2 * x / (1 + abs(x))


def number(x):
    """Return the plain number."""
    return x.data if isinstance(x, Value) else x


def function(source):
    namespace = {"autograd": autograd, "no_grad": no_grad, "bounded": bounded, "number": number}
    exec(source, namespace)
    return namespace["f"]


def outcome(f, args, leaves):
    """Return the structure of the result, its numbers, and the gradients of a sum of them."""
    for leaf in leaves:
        leaf.grad = 0.0
    returned = f(*args)
    found = []

    def shape(x):
        if isinstance(x, list | tuple):
            return type(x), [shape(part) for part in x]
        if isinstance(x, dict):
            return {key: shape(part) for key, part in x.items()}
        found.append(x if isinstance(x, Value) else Value(x))
        return "number"

    structure = shape(returned)
    sum([y * (1 + 0.3 * k) for k, y in enumerate(found)], Value(0.0)).backward()
    return structure, [y.data for y in found], [leaf.grad for leaf in leaves]


def calls(rng, count):
    """Yield arguments: lists of two lengths, of numbers or Values, with many ties."""
    lengths, kind = rng.sample([1, 2, 3, 9], 2), rng.choice([float, Value])
    for _ in range(count):
        n = rng.choice(lengths)
        xs = [rng.choice([rng.gauss(0, 1), rng.choice([-1.0, 0.0, 0.5, 1])]) for _ in range(n)]
        if kind is Value or rng.random() < 0.1:
            xs = [Value(x) for x in xs]
        yield xs, rng.choice([0, 1, 2, -1, 1.0])


@pytest.mark.filterwarnings("ignore:.*another branch", "ignore:.*more time to compile")
@pytest.mark.parametrize(
    ("each_backend", "seeds"),
    [("numpy", range(8)), ("llvm", range(1))]
    + [pytest.param("llvm", range(1, 80), marks=pytest.mark.slow)]  # a program takes 0.1 s
    + [
        pytest.param("numpy", range(n, n + 252), marks=pytest.mark.slow)
        for n in range(8, 1268, 252)
    ],
    indirect=["each_backend"],
    ids=str,
)
def test_random_programs_are_equal_to_eager_at_every_call(each_backend, seeds):
    for seed in seeds:
        source, rng = branching_program(seed), random.Random(seed)
        f = function(source)
        fast = autograd.compile(f)
        w = [Value(rng.uniform(-1, 1)) for _ in range(2)]
        for xs, i in calls(rng, 12):
            if rng.random() < 0.5:
                w[rng.randrange(2)].data = rng.choice([rng.uniform(-1, 1), 0.0, 0.5])
            leaves = [*w, *(x for x in xs if isinstance(x, Value))]
            shape, values, grads = outcome(f, (xs, i, w), leaves)
            fast_shape, fast_values, fast_grads = outcome(fast, (xs, i, w), leaves)
            where = f"seed {seed}, xs={xs}, i={i}, w={w}\n{source}"
            assert fast_shape == shape, where
            for a, b in ((values, fast_values), (grads, fast_grads)):
                scale = max(1.0, *map(abs, a))
                assert all(
                    math.isclose(x, y, rel_tol=0, abs_tol=1e-12 * scale)
                    for x, y in zip(a, b, strict=True)
                ), f"{a} {b} at {where}"
