"""The sentences of the compiler, in full: errors, warnings and the report."""

from __future__ import annotations

import re
import types
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

import autograd
from autograd import Value
from autograd.compiler import account, recordings
from autograd.compiler.backend import chosen

W = Value(2.0, "w")
KEPT: list[Any] = []
INSIDE = (
    " inside a compiled function, where a Value stands for many numbers: compute with autograd's "
    "functions (autograd.exp, not math.exp), compare Values themselves, and declare an argument "
    "used as an index or a count with static_argnums"
)
HIDES = "which hides its numbers: return a list, a tuple or a dict of them"


@dataclass
class Pair:
    x: Any


class WithDefault(defaultdict[str, float]):
    pass


def with_detach() -> Any:
    return types.SimpleNamespace(detach=None, numpy=None)


def kept(x: Any) -> Any:
    KEPT[:] = [x * W]
    return x * W


def compiled(f: Any, *arguments: Any, **options: Any) -> Callable[[], Any]:
    return lambda: autograd.compile(f, backend="numpy", **options)(*arguments)


def of_two(x: Any, y: Any) -> Any:
    return x * y


def of_any(x: Any, *more: Any) -> Any:
    return x


SENTENCES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a key": (compiled(lambda x: {x: 1}, 1.0), TypeError, f"using a number as a key{INSIDE}"),
    "bits": (compiled(lambda x: x & 1, 1), TypeError, f"&, | or ^{INSIDE}"),
    "a shift": (compiled(lambda x: 1 << x, 1), TypeError, f"<< or >>{INSIDE}"),
    "inverted": (compiled(lambda x: ~x, 1), TypeError, f"~{INSIDE}"),
    "a method": (
        compiled(lambda x: x.is_integer(), 1.0),
        TypeError,
        f"reading .is_integer{INSIDE}",
    ),
    "a part of an int": (
        compiled(lambda x: x.numerator, 1.0),
        TypeError,
        f"reading .numerator{INSIDE}",
    ),
    "data of a number": (compiled(lambda x: x.data, 1.0), TypeError, f"reading .data{INSIDE}"),
    "local gradients": (
        compiled(lambda x: (x * W).local_grads, 1.0),
        TypeError,
        f"reading .local_grads{INSIDE}",
    ),
    "no attribute": (
        compiled(lambda x: x.nothing, 1.0),
        AttributeError,
        "'float' object has no attribute 'nothing'",
    ),
    "backward": (
        compiled(lambda x: (x * W).backward(), 1.0),
        TypeError,
        "backward() inside a compiled function: return the result and call backward() on what the "
        "compiled function returns, or use autograd.grad inside",
    ),
    "kept": (
        lambda: (compiled(kept, Value(1.0))(), KEPT[0].parents),
        TypeError,
        "Traced(mul) was computed while a compiled function was recorded, and used after that "
        "(kept in a cache, an attribute or a list): return it from the function instead",
    ),
    "kept and used again": (
        lambda: (compiled(kept, Value(1.0))(), compiled(lambda x: KEPT[0] * x, Value(1.0))()),
        TypeError,
        "Traced(mul) was computed in an earlier call of a compiled function, and kept in a cache, "
        "an attribute or a list: return it from the function",
    ),
    "a list that is changed": (
        compiled(lambda xs: xs.append(1.0) or xs[0] * W, [1.0]),
        TypeError,
        "a compiled function changed a list or dict that it was given, which its caller would not "
        "see: change a copy of it",
    ),
    "a set": (
        compiled(lambda x: {W, x}, Value(1.0)),
        TypeError,
        f"a compiled function returned a set, {HIDES}",
    ),
    "a dataclass": (
        compiled(lambda x: Pair(1), 1.0),
        TypeError,
        f"a compiled function returned a Pair, {HIDES}",
    ),
    "an object": (
        compiled(lambda x: types.SimpleNamespace(x=x * W), 1.0),
        TypeError,
        f"a compiled function returned a SimpleNamespace, {HIDES}",
    ),
    "an iterator": (
        compiled(lambda xs: W, iter([1.0])),
        TypeError,
        "a compiled function got a list_iterator, which can be read only once: give it a list",
    ),
    "a tensor": (
        compiled(lambda x: W, with_detach()),
        TypeError,
        "a compiled function got a tensor: give it x.tolist() or x.numpy()",
    ),
    "missing keys": (
        compiled(lambda d: W, WithDefault(float, a=1.0)),
        TypeError,
        "a compiled function got a WithDefault, whose missing keys it would not have: give it "
        "dict(...) of it",
    ),
    "a matrix": (
        compiled(lambda m: W, np.zeros((1, 1)).view(np.matrix)),
        TypeError,
        "a compiled function got a NumPy matrix, which computes by rules of its own: give it "
        "numpy.asarray(...) of it",
    ),
    "masked": (
        compiled(lambda m: W, [np.ma.masked_array([1.0])]),
        TypeError,
        "a compiled function got a NumPy MaskedArray, which computes by rules of its own: give it "
        "numpy.asarray(...) of it",
    ),
    "nothing to hash": (
        compiled(lambda x: W, {1.0, 2.0}),
        TypeError,
        "a compiled function takes numbers, Values, and lists, tuples, dicts and arrays of them; "
        "anything else has to be hashable, like a string, a tuple or a model",
    ),
    "positions": (
        compiled(of_two, 1.0, 2.0, static_argnums="x"),
        TypeError,
        "static_argnums takes positions, such as 0 or (0, 2), got 'x'",
    ),
    "a bool for a position": (
        compiled(of_two, 1.0, 2.0, static_argnums=(True,)),
        TypeError,
        "static_argnums takes positions, such as 0 or (0, 2), got True",
    ),
    "a position too far": (
        compiled(of_two, 1.0, 2.0, static_argnums=2),
        ValueError,
        "static_argnums=2, but the positional arguments are x, y",
    ),
    "a position too far from the end": (
        compiled(of_two, 1.0, 2.0, static_argnums=-3),
        ValueError,
        "static_argnums=-3, but the positional arguments are x, y",
    ),
    "from the end of any number": (
        compiled(of_any, 1.0, 2.0, static_argnums=-1),
        ValueError,
        "static_argnums=-1, but the positional arguments are x",
    ),
    "another backend": (
        lambda: chosen("gpu", None),
        ValueError,
        "autograd.compile takes 'llvm' or 'numpy' as backend, got 'gpu'",
    ),
    "machine code with arrays": (
        lambda: chosen("llvm", np),
        ValueError,
        "backend='llvm' makes machine code, which runs without an array library: leave out either "
        "backend or xp",
    ),
    "single precision": (
        compiled(
            lambda x: x * W,
            1.0,
            xp=types.SimpleNamespace(
                **{name: getattr(np, name) for name in ("maximum", "minimum", "max", "min", "sum")},
                __name__="half",
                asarray=lambda x: np.asarray(x, np.float32),
            ),
        ),
        TypeError,
        "half computes in float32, which keeps 7 of 16 digits: call "
        'jax.config.update("jax_enable_x64", True) before',
    ),
    "not called": (
        lambda: autograd.compile(of_two).source,
        RuntimeError,
        "of_two has not been called yet: call it once to record it",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_an_error_says_this(name: str) -> None:
    call, error, sentence = SENTENCES[name]
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_thing_that_is_no_number_is_named_in_a_note() -> None:
    def product(x: Any, y: Any) -> Any:
        return x + y

    with pytest.raises(TypeError) as caught:
        autograd.compile(product)("a" * 99, W)
    shown = repr("a" * 99)[:80]
    assert caught.value.__notes__ == [f"product was given {shown}, which is no number"]


def another_branch(x: Any) -> Any:
    for k in range(40):
        if x < k:
            return W * k
    return W


def draws(x: Any) -> Any:
    return W * np.random.rand()  # noqa: NPY002  # what users write


def rows_differ(x: Any) -> Any:
    return autograd.sum(autograd.vmap(lambda y: W * y if y > x else W)([-1.0, 1.0]))


def product(x: Any) -> Any:
    return x * W


class Odd(Value):
    """A user's own Value."""


def compares_equals(x: Any) -> Any:
    y = W.exp() * x
    return y if y > W.exp() * x * 1.0 else W


WARNINGS: dict[str, tuple[Any, list[Any], list[str]]] = {
    "another branch": (
        another_branch,
        [k + 0.5 for k in range(20)],
        [
            "another_branch takes another branch at nearly every call, so it runs as it is, not "
            "compiled: use autograd.where, maximum, minimum and relu instead of branches, and "
            "autograd.take instead of an index"
        ],
    ),
    "rows that differ": (
        rows_differ,
        [0.0, 0.5],
        [
            "vmap: a comparison comes out differently for different rows, so each row is recorded "
            "on its own, which takes long: use autograd.where, maximum or relu instead of a branch"
        ],
    ),
    "a user's Value": (
        product,
        [Odd(1.0)] * 5,
        [
            "product runs as it is, not compiled: it is given a Odd, whose own methods a "
            "recording would not have"
        ],
    ),
    "random": (
        draws,
        [1.0, 2.0],
        [
            "draws runs as it is, not compiled: it draws random numbers, which a recording would "
            "repeat"
        ],
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_a_warning_says_this_once_and_where_the_call_is(name: str) -> None:
    f, numbers, sentences = WARNINGS[name]
    fast = autograd.compile(f, backend="numpy")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for x in numbers:
            fast(x)
    assert [str(each.message) for each in found] == sentences
    assert {each.filename for each in found} == {__file__}


@pytest.mark.parametrize(
    ("f", "ways", "reason"),
    [
        (
            compares_equals,
            [1.0],
            "has cost more time to compile than it saved: it compares numbers that are equal, or "
            "nearly, so eager code has to decide: use autograd.maximum, minimum, relu or where "
            "instead of a branch",
        ),
        (
            lambda x: W * len(x),
            ["a" * n for n in range(99)],
            "has cost more time to compile than it saved, so it runs as it is where it would be "
            "compiled again: a static argument or an object among the arguments is another one at "
            "many calls: give an index as a plain argument, and use autograd.take; give the same "
            "model; give a list as a tuple",
        ),
        (
            lambda xs: W * xs[0],
            [[1.0] * n for n in range(1, 40)],
            "has cost more time to compile than it saved, so it runs as it is where it would be "
            "compiled again: the sizes of its arguments vary: pad them to one size, with weights "
            "of 0",
        ),
    ],
)
def test_a_loss_of_time_is_said_with_its_reason(
    f: Any, ways: list[Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "MIN_LOSS_SECONDS", 0.0)
    monkeypatch.setattr(account, "EAGER_SHARE", 0.0)
    fast = autograd.compile(f, backend="numpy")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for k in range(40):
            fast(ways[k % len(ways)])
    assert [str(each.message) for each in found] == [f"{f.__name__} {reason}"]
    assert {each.filename for each in found} == {__file__}


def test_float32_is_said_where_to_jax_is_called() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", False)
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            autograd.to_jax(lambda x: W * x, 1.0)
    finally:
        jax.config.update("jax_enable_x64", True)
    (warning,) = [
        each for each in found if "autograd" in str(each.message) or "to_jax" in str(each.message)
    ]
    assert warning.filename == __file__
    assert str(warning.message) == (
        "JAX computes in float32, so to_jax keeps 7 of 16 digits: call "
        'jax.config.update("jax_enable_x64", True) at the start of the program'
    )


def test_the_report_in_full() -> None:
    ws = [[Value(0.1 * i + j) for j in range(6)] for i in range(5)]

    def f(xs: Any) -> Any:
        return autograd.sum([autograd.tanh(autograd.dot(w, x)) for w in ws for x in xs])

    fast = autograd.compile(f, backend="numpy")
    fast([[0.1 * i * j for j in range(6)] for i in range(7)]).backward()
    found = re.sub(r"\d\.\d{3}$", "#.###", fast.report(), flags=re.MULTILINE)
    assert found.splitlines() == [
        "nodes recorded                71",
        "nodes after simplifying      144",
        "array operations               6",
        "matrix products                2",
        "    W1 @ X1.T: (5 x 6) @ (6 x 7)",
        "    dz1 @ X1: (5 x 7) @ (7 x 6)",
        "seconds to record          #.###",
        "seconds to find loops      #.###",
        "seconds to simplify        #.###",
        "seconds to differentiate   #.###",
        "seconds to schedule        #.###",
        "seconds to emit            #.###",
        "recordings                     1",
        "structures                     1",
        "ties, left to eager code       0",
        "seconds to compile all     #.###",
        "backend                 numpy",
    ]


def test_the_backend_in_words() -> None:
    pytest.importorskip("llvmlite")
    fast = autograd.compile(lambda x: W * x)
    found = []
    for _ in range(2):
        fast(1.0)
        found.append(fast.report().splitlines()[-1])
    assert found == [
        "backend                 numpy, llvm after 99 more calls",
        "backend                 numpy, llvm after 98 more calls",
    ]


def test_a_structure_too_many_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_STRUCTURES", 3)
    fast = autograd.compile(lambda xs: W * xs[0], backend="numpy")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for n in range(1, 7):
            fast([1.0] * n)
    (warning,) = found
    assert str(warning.message) == (
        "<lambda> was called with more than 3 structures of arguments, so recordings that were not "
        "used for long are dropped: the sizes of its arguments vary: pad them to one size, with "
        "weights of 0"
    )
    assert len(fast.recordings.paths) == 3


def deep(x: Any) -> Any:
    return x if (((x * 2.0).tanh() + W) * W).exp() > 0.0 else W


def wide(xs: Any) -> Any:
    return W if autograd.maximum([x * W for x in xs]) > W * 3.0 else xs[0]


def by_row(xs: Any) -> Any:
    return autograd.sum(autograd.vmap(lambda x: W * x if x > 0.0 else W)(xs))


def by_constant_row(y: Any) -> Any:
    return autograd.sum(autograd.vmap(lambda x: W * x if x <= y else W)([1.0, 2.0]))


def nameless(x: Any) -> Any:
    return x if x != Value(0.25) * NAMELESS else W


def of_rows(xs: Any, ys: Any) -> Any:
    return autograd.sum(autograd.vmap(lambda x, y: W * x["a"] * y)(xs, ys))


def of_tree(tree: Any) -> Any:
    return tree["a"][0][1] * W


NAMELESS = Value(0.5)
COMPUTED, LABELLED = NAMELESS * 2, NAMELESS + 1
LABELLED.label = "scale"
CANNOT = (
    "which a pure JAX function cannot: use autograd.where, maximum, minimum or relu instead of a "
    "branch"
)
ROWS = [{"a": 1.0}, {"a": 2.0}]
JAX_SENTENCES: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "deep": (
        lambda to_jax: to_jax(deep, 1.0),
        TypeError,
        f"to_jax: deep decides by the comparison exp((1 * tanh(...) + 1 * w) * w) > 0, {CANNOT}",
    ),
    "wide": (
        lambda to_jax: to_jax(wide, [1.0] * 7),
        TypeError,
        f"to_jax: wide decides by the comparison maximum(...) > 3 * w, {CANNOT}",
    ),
    "not so wide": (
        lambda to_jax: to_jax(wide, [1.0] * 6),
        TypeError,
        "to_jax: wide decides by the comparison maximum("
        + ", ".join(f"xs[{i}] * w" for i in range(6))
        + f") > 3 * w, {CANNOT}",
    ),
    "a row": (
        lambda to_jax: to_jax(by_row, [1.0, 2.0]),
        TypeError,
        f"to_jax: by_row decides by the comparison a row of xs > 0, {CANNOT}",
    ),
    "a row of constants": (
        lambda to_jax: to_jax(by_constant_row, 3.0),
        TypeError,
        f"to_jax: by_constant_row decides by the comparison a row <= y, {CANNOT}",
    ),
    "without a label": (
        lambda to_jax: to_jax(nameless, 3.0),
        TypeError,
        f"to_jax: nameless decides by the comparison x != 0.25 * a Value of 0.5, {CANNOT}",
    ),
    "computed outside": (
        lambda to_jax: to_jax(lambda x: x * COMPUTED, 1.0),
        TypeError,
        "to_jax: <lambda> uses the Value '1', which was computed outside by mul: compute it inside "
        "<lambda>",
    ),
    "computed outside, with a label": (
        lambda to_jax: to_jax(lambda x: x * LABELLED, 1.0),
        TypeError,
        "to_jax: <lambda> uses the Value 'scale', which was computed outside by add: compute it "
        "inside <lambda>",
    ),
    "a thing": (
        lambda to_jax: to_jax(lambda x: x, "abc"),
        TypeError,
        "to_jax takes numbers, and lists, tuples, dicts and arrays of them, got 'abc': bind it, as "
        "in to_jax(lambda x: f(x, other), example)",
    ),
    "random": (
        lambda to_jax: to_jax(draws, 1.0),
        TypeError,
        "to_jax cannot record draws: it draws random numbers, which a recording would repeat",
    ),
    "parameters": (
        lambda to_jax: to_jax(lambda x: x * W, 1.0)([1.0, 2.0], 1.0),
        ValueError,
        "<lambda>: parameters have the shape (1,), as F.parameters() returns them, got (2,)",
    ),
    "too few arguments": (
        lambda to_jax: to_jax(of_two, W.data, 1.0)([], 1.0),
        TypeError,
        "of_two takes parameters and 2 arguments, as in the example of to_jax, got 1",
    ),
    "another shape": (
        lambda to_jax: to_jax(lambda xs: xs[0] * W, [1.0, 2.0])([1.0], [1.0]),
        ValueError,
        "xs has the shape (2,) in the example of to_jax, got (1,); for any number of rows, give an "
        "example list that only autograd.vmap reads",
    ),
    "no numbers": (
        lambda to_jax: to_jax(lambda xs: xs[0] * W, [1.0, 2.0])([1.0], "ab"),
        TypeError,
        "xs: expected numbers, or arrays and equally long lists of them, got 'ab'",
    ),
    "other keys": (
        lambda to_jax: to_jax(of_tree, {"a": [[1.0, 2.0]], "b": 1.0})([1.0], {"a": [[1.0, 2.0]]}),
        ValueError,
        "tree must be built as in the example of to_jax, got {'a': [[1.0, 2.0]]}",
    ),
    "another shape inside": (
        lambda to_jax: to_jax(of_tree, {"a": [[1.0, 2.0]]})([1.0], {"a": [[1.0]]}),
        ValueError,
        "tree['a'] has the shape (1, 2) in the example of to_jax, got (1, 1); for any number of "
        "rows, give an example list that only autograd.vmap reads",
    ),
    "other rows": (
        lambda to_jax: to_jax(of_rows, ROWS, [1.0, 2.0])([1.0], ROWS, [[1.0], [2.0]]),
        ValueError,
        "ys has the shape (rows) in the example of to_jax, got (2, 1)",
    ),
    "no rows": (
        lambda to_jax: to_jax(of_rows, ROWS, [1.0, 2.0])([1.0], ROWS, []),
        ValueError,
        "ys has the shape (rows) in the example of to_jax, got (0,)",
    ),
    "other numbers of rows": (
        lambda to_jax: to_jax(of_rows, ROWS, [1.0, 2.0])([1.0], ROWS, [1.0, 2.0, 3.0]),
        ValueError,
        "of_rows: lists that vmap reads together have as many rows, got 2 and 3",
    ),
    "a builtin": (
        lambda to_jax: to_jax(max, Value(1.0), 2.0),
        TypeError,
        f"to_jax: max decides by the comparison argument 2 > argument 1, {CANNOT}",
    ),
}


@pytest.mark.parametrize("name", JAX_SENTENCES)
def test_an_error_of_to_jax_says_this(name: str) -> None:
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    call, error, sentence = JAX_SENTENCES[name]
    with pytest.raises(error) as caught:
        call(autograd.to_jax)
    assert str(caught.value) == sentence
