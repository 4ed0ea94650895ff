"""What programs are made of: a change that keeps them right but makes them worse shows here.

Each line of `printed_programs.txt` is about one function: the nodes that are recorded and the
expressions that are left. Then, of each of its programs, with the gradient and without it, the
array operations, the matrix products, the lines and a checksum of the text. After a change that is
meant, write the file anew and look at the difference; with names, see what is printed::

    python -m tests.autograd.compiler.test_printed_programs
    python -m tests.autograd.compiler.test_printed_programs "loop: centered" classifier
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

import autograd
import nn
from autograd import Value, ops, vmap
from autograd.compiler.pipeline import Seconds, printed_program

from .. import test_vmap
from . import test_loops

PLACE = Path(__file__).with_name("printed_programs.txt")
Call = tuple[Callable[..., Any], Sequence[Any]]  # a function and its arguments


def parameters(count: int) -> list[Value]:
    return [Value(0.1 + 0.01 * i) for i in range(count)]


def loop(loss: Any, of_constants: bool = False) -> Call:
    model, w = test_loops.network(), [Value(0.3), Value(-0.7), Value(0.9)]
    data = test_loops.X, test_loops.Y
    if of_constants:
        return lambda: loss(model, w, *data), ()
    return lambda X, Y: loss(model, w, X, Y), data


def classifier() -> Call:
    model, rows = nn.MLP(3, [8, 5], "tanh", rng=1), test_loops.X[:12]
    return lambda: nn.cross_entropy([model(x) for x in rows], [i % 5 for i in range(12)]), ()


def heads() -> Call:
    """Scores of two heads of causal attention: batches of products, some of them missing."""
    q, k = [[parameters(8) for _ in range(6)] for _ in "qk"]

    def f() -> Any:
        pairs = [(part, t, s) for part in (0, 4) for t in range(6) for s in range(t + 1)]
        return autograd.sum(
            [
                autograd.tanh(autograd.dot(q[t][part : part + 4], k[s][part : part + 4]))
                for part, t, s in pairs
            ]
        )

    return f, ()


def ragged() -> Call:
    """Sums and largest numbers of lists of different lengths."""
    ws = parameters(60)

    def f(x: Any) -> Any:
        sums = [autograd.sum([w.exp() * x for w in ws[: n + 2]]).tanh() for n in range(20)]
        return autograd.sum([*sums, *[ops.maximum(*ws[n : 2 * n + 2]) for n in range(20)]])

    return f, [1.5]


def extremes() -> Call:
    rows = [parameters(5) for _ in range(16)]

    def f(xs: Any) -> Any:
        largest = [ops.maximum(*row) * x for row, x in zip(rows, xs, strict=True)]
        return autograd.sum([*largest, *[ops.minimum(*c) for c in zip(*rows, strict=True)]])

    return f, [[0.5 * i for i in range(16)]]


def transposed() -> Call:
    a, b = [[parameters(7) for _ in range(9)] for _ in "ab"]

    def f() -> Any:
        first = [[x.tanh() for x in row] for row in a]
        second = [[y.exp() for y in column] for column in zip(*b, strict=True)]
        return autograd.sum([first[i][j] * second[j][i] for i in range(9) for j in range(7)])

    return f, ()


def branches(count: int) -> Call:
    ws = parameters(count)

    def f(xs: Any) -> Any:
        pairs = zip(ws, xs, strict=True)
        return autograd.sum([w * x if w * x > -0.5 else w - x for w, x in pairs])

    return f, [[0.3 * i for i in range(count)]]


def chain(count: int) -> Call:
    w = parameters(2)

    def f(x: Any) -> Any:
        y: Any = x
        for _ in range(count):
            y = (y * w[0] + w[1]).tanh() - y / 3
        return y

    return f, [0.5]


def several_results(count: int) -> Call:
    ws = parameters(count)
    return lambda x: [*[w * x for w in ws], autograd.sum(ws).exp(), 2.0], [3.0]


def long_sums() -> Call:
    ws = parameters(40)

    def f(x: Any) -> Any:
        waves = autograd.sum([(w * (i % 3 + 1)).sin() for i, w in enumerate(ws[:5])])
        return waves * sum([w * x if i % 2 else -w for i, w in enumerate(ws)], Value(0.0)).cos()

    return f, [2.0]


def own_derivatives() -> Call:
    w = parameters(6)

    def f(x: Any) -> Any:
        slopes = autograd.grad(lambda v: autograd.sum([(a * x).tanh() ** 2 for a in v]))(w)
        return autograd.sum([s * s for s in slopes])

    return f, [0.7]


def elementary() -> Call:
    """Every operation of one or two operands, on many numbers."""
    ws = [Value(0.01 * i) for i in range(16)]
    table = [op for op in autograd.TABLE.values() if op.arity in (1, 2) and not op.is_own]

    def f(x: Any) -> Any:
        samples = [(op, op.operands(*op.samples[0])) for op in table]
        found = [op(*[s * (w * 0 + 1) for s in sample]) for op, sample in samples for w in ws]
        return autograd.sum(found) * x

    return f, [1.0]


def comparisons_of_functions() -> Call:
    """Comparisons of numbers with errors of all kinds, which get tests for ties."""
    w = parameters(8)

    def f(xs: Any) -> Any:
        total: Any = autograd.dot(w[:4], xs)
        for a, b in (
            (w[0].exp(), w[1]),
            (autograd.maximum([w[0].exp(), w[2] * 3]), w[3].log() + 5),
            (w[4] / w[5], total),
            (autograd.where(w[0].exp() > w[1], w[2], w[3]), w[4]),
            (ops.equal(w[5].sin(), w[6].sin()), w[7]),
            (abs(w[0] - w[1] * 2), w[2].sqrt()),
            (w[1] + w[2], w[3]),
            (w[0], w[7]),
        ):
            total = total + (a if a < b else b * 2)
        return total

    return f, [[0.5, 1.5, 2.5, 3.5]]


def comparisons_of_rows() -> Call:
    w = parameters(4)

    def f(X: Any) -> Any:
        zs = vmap(lambda x: autograd.tanh(w[0] * x[0] + w[1] * x[1]) * w[2])(X)
        total = autograd.mean(zs)
        if total > w[3] + 5 or autograd.maximum(zs) > 9 or autograd.dot(zs, zs) > 99 * w[1]:
            return total
        inside = vmap(lambda x: x[0] * w[3] if x[0] * w[0].exp() < 50 else x[1])(X)
        return total * 2 + autograd.sum(inside)

    return f, [test_vmap.ROWS]


def numbers_far_apart(count: int) -> Call:
    """Every third parameter, in an order of its own."""
    w = parameters(3 * count)

    def f(xs: Any) -> Any:
        first = [x * a.exp() for x, a in zip(xs, w[::3], strict=True)]
        second = [autograd.log(w[(7 * i) % len(w)] * w[i] + 1) for i in range(len(w))]
        return autograd.dot(first, second[2::3][::-1]) + autograd.sum(second[5:])

    return f, [[0.1 * i for i in range(count)]]


ROWS, SIGNS = test_vmap.ROWS, test_vmap.SIGNS
PROGRAMS: dict[str, Call] = {
    **{f"loop: {f.__name__}": loop(f) for f in test_loops.LIFTED},
    **{
        f"loop: {f.__name__}": loop(f)
        for f in (
            test_loops.one_of_them,
            test_loops.some_of_them,
            test_loops.a_running_sum,
            test_loops.a_number_between,
            test_loops.sums_of_numbers,
            test_loops.of_values_that_differ,
            test_loops.targets_of_two_numbers,
        )
    },
    **{
        f"loop over constants: {f.__name__}": loop(f, of_constants=True)
        for f in (
            test_loops.several_results,
            test_loops.recurrent,
            test_loops.numbers_of_two_kinds,
            test_loops.of_values_that_differ,
        )
    },
    **{f"vmap: {name}": (f, (ROWS, SIGNS)) for name, f in test_vmap.AS_ROWS.items()},
    **{f"vmap, row by row: {name}": (f, (ROWS,)) for name, f in test_vmap.ROW_BY_ROW.items()},
    "classifier": classifier(),
    "heads": heads(),
    "ragged": ragged(),
    "extremes": extremes(),
    "transposed": transposed(),
    "few branches": branches(4),
    "many branches": branches(30),
    "short chain": chain(3),
    "long chain": chain(80),
    "few results": several_results(3),
    "many results": several_results(20),
    "long sums": long_sums(),
    "own derivatives": own_derivatives(),
    "elementary": elementary(),
    "comparisons of functions": comparisons_of_functions(),
    "comparisons of rows": comparisons_of_rows(),
    "few numbers far apart": numbers_far_apart(8),
    "many numbers far apart": numbers_far_apart(40),
}


def path_of(name: str) -> Any:
    """Return the path of a function after a call with, and a call without derivatives."""
    f, arguments = PROGRAMS[name]
    fast = autograd.compile(f, backend="numpy")
    found = fast(*arguments)
    (found[0] if isinstance(found, list) else found).backward()
    with autograd.no_grad():
        fast(*arguments)
    return fast.recordings.last


def summary(name: str) -> str:
    path = path_of(name)
    parts = [f"{name}: {path.recorded} nodes, {path.code.count} expressions"]
    for program in [program.printed for program in path.programs.values()]:
        texts = [program.source, program.faster_source, *map(str, program.order)]
        texts += [f"{k} {c.tolist()}" for k, c in program.constants.items() if c.dtype == np.int64]
        parts.append(
            f"{program.operations} operations, {len(program.products)} products, "
            f"{len(program.source.splitlines())} lines, {checksum(texts)}"
        )
    return "; ".join(parts)


def checksum(texts: Sequence[str]) -> str:
    return f"{zlib.crc32(''.join(texts).encode()):08x}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_function_becomes_the_program_that_is_listed(name: str) -> None:
    assert summary(name) in PLACE.read_text().splitlines()


def test_a_chain_becomes_these_instructions() -> None:
    pytest.importorskip("llvmlite")
    from autograd.compiler.instruction_set import FIELDS, numbers

    path, names = path_of("long chain"), [*numbers()]
    taken, seeds = path.inputs.taken, [path.code.graph.one]
    written: Any = printed_program(path.code, [], taken, seeds, Seconds(), native=True)
    rows = written.instructions.reshape(-1, FIELDS).tolist()
    assert Counter(names[row[0]] for row in rows) == {
        "mul": 320,
        "add": 241,
        "neg": 158,
        "add_product": 156,
        "div": 80,
        "tanh": 80,
        "sub": 80,
        "stop": 1,
    }
    assert (written.size, len(written.constants), written.order) == (726, 4, [0, 1])


def test_the_interpreter_is_the_text_that_is_listed() -> None:
    pytest.importorskip("llvmlite")
    from autograd.compiler.instruction_set import interpreter

    text = interpreter()
    assert (len(text.splitlines()), checksum([text])) == (1504, "48f18470")


IN_JAX = {  # the lines and the checksum of what `autograd.to_jax` writes
    "loop: fused_sum": (17, "f4cf7ab9"),
    "vmap: several arguments": (14, "ce153bcf"),
    "classifier": (71, "6d314398"),
    "ragged": (86, "945319ca"),
    "extremes": (9, "3801d686"),
    "transposed": (9, "02edb8ca"),
    "heads": (9, "ad2e0d5c"),
    "many results": (12, "9fcd025c"),
    "long sums": (24, "4e0b757e"),
    "elementary": (165, "4a5bcebd"),
    "vmap: where": (8, "31af4182"),
    "many numbers far apart": (11, "b3a83ba6"),
}


@pytest.mark.parametrize("name", IN_JAX)
def test_a_function_becomes_the_program_for_jax_that_is_listed(name: str) -> None:
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    f, arguments = PROGRAMS[name]
    source = autograd.to_jax(f, *arguments).source
    assert (len(source.splitlines()), checksum([source])) == IN_JAX[name]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print("\n".join(x.printed.source for x in path_of(name).programs.values()))
    if not sys.argv[1:]:
        PLACE.write_text("".join(f"{summary(name)}\n" for name in PROGRAMS))
