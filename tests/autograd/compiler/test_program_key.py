"""A program never gets the machine code of another one, which would be wrong without a word."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.operation import TABLE, Nary, Unary

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

import numpy as np

from autograd.compiler import machine_code
from autograd.compiler import program_key as module
from autograd.compiler.llvm_code import CannotLowerError
from autograd.compiler.native_program import NativePrograms
from autograd.compiler.print_llvm import print_llvm
from autograd.compiler.program_key import digest_of, key_of
from autograd.compiler.row_sizes import Rows

ACTIVATIONS = ["relu", "tanh", "sigmoid", "softplus", "exp", "sin"]
REDUCTIONS = ["sum", "mean", "maximum", "minimum", "logsumexp"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    return tmp_path


def random_loss(shape: int, numbers: int) -> tuple[Callable[..., Any], list[Any]]:
    """Return a loss of a shape drawn by one seed, with numbers drawn by another, and arguments."""
    rng, number = random.Random(shape), random.Random(numbers)
    sizes = [rng.choice([1, 2, 3, 5]) for _ in range(rng.choice([2, 3]))]
    weights = [
        [[Value(number.gauss(0, 0.5)) for _ in range(m)] for _ in range(n)]
        for m, n in pairwise(sizes)
    ]
    activation = getattr(autograd, rng.choice(ACTIVATIONS))
    reduction = getattr(autograd, rng.choice(REDUCTIONS))
    listed = [[number.gauss(0, 1) for _ in range(sizes[0])] for _ in range(rng.choice([2, 4, 9]))]
    places = [rng.randrange(len(listed)) for _ in range(rng.choice([0, 3, 5]))]
    factor = rng.choice([1.0, 2.0, number.random()])

    def score(x: Any) -> Any:
        for layer in weights:
            x = [activation(sum([w * v for w, v in zip(row, x, strict=True)])) for row in layer]
        return reduction(x)

    def loss(*rows: Any) -> Any:
        scores = [score(x) for x in listed]
        total = autograd.sum([factor * s for s in scores])
        for i in places:
            total = total + scores[i] * scores[i - 1]
        return total + sum([autograd.mean(autograd.vmap(score)(part)) for part in rows])

    given = [[[number.gauss(0, 1)] * sizes[0]] * rng.choice([2, 3])] * rng.choice([0, 1])
    return loss, given


def printed_by(f: Callable[..., Any], args: Any = ()) -> Any:
    """Return the program of a function, and the sizes of its inputs as `key_of` has them."""
    found: list[Any] = []

    def program(self: Any, inputs: Any) -> None:
        (x,), *rows = self.shapes(inputs)
        found.append((self._printed, rows, x))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NativePrograms, "program", program)
        autograd.compile(f, backend="llvm")(*args)
    return found[-1]


def test_equal_keys_mean_equal_code() -> None:
    texts: dict[str, Any] = {}
    met = 0
    for shape in range(25):
        for numbers in range(2):
            printed, rows, x = printed_by(*random_loss(shape, numbers))
            for lanes in (2, 4):
                key = repr(key_of(printed, rows, x, lanes))
                try:
                    program = print_llvm(printed, rows, x, lanes)
                except CannotLowerError:
                    continue  # it has no code
                code = program.text, program.layout, program.vector_functions
                met += key in texts
                assert texts.setdefault(key, code) == code
                facts = json.loads(json.dumps(asdict(program.layout)))
                layout = type(program.layout)(**facts)
                for array in ("constants", "places"):
                    same = [getattr(x, array)(printed.constants) for x in (layout, program.layout)]
                    assert same[0].dtype == same[1].dtype
                    assert same[0].tolist() == same[1].tolist()
    assert met >= 5  # programs that differ in numbers of constants alone
    assert len(texts) >= 30


def example() -> Any:
    printed, rows, x = printed_by(*random_loss(3, 0))
    printed = replace(printed, constants={**printed.constants, "c99": np.zeros((2, 3))})
    return {"printed": printed, "rows": [(5, 2), *rows], "x": x, "lanes": 4}


def with_structure(**changes: Any) -> Callable[[Any], Any]:
    def changed(given: Any) -> Any:
        structure = given["printed"].structure
        new = {name: change(getattr(structure, name)) for name, change in changes.items()}
        return {"printed": replace(given["printed"], structure=replace(structure, **new))}

    return changed


def with_constants(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda given: {
        "printed": replace(given["printed"], constants=change(given["printed"].constants))
    }


DIFFERENT: dict[str, Callable[[Any], Any]] = {
    "rows": lambda given: {"rows": [(6, 2), *given["rows"][1:]]},
    "columns": lambda given: {"rows": [(5, 3), *given["rows"][1:]]},
    "any number of rows": lambda given: {"rows": [(Rows("n1"), 2), *given["rows"][1:]]},
    "rows of another batch": lambda given: {"rows": [(Rows("n2"), 2), *given["rows"][1:]]},
    "another batch": lambda given: {"rows": [*given["rows"], (5,)]},
    "plain numbers": lambda given: {"x": given["x"] + 1},
    "lanes": lambda given: {"lanes": 8},
    "parameters": lambda given: {"printed": replace(given["printed"], order=[0])},
    "a line less": with_structure(lines=lambda lines: lines[1:]),
    "lines in another order": with_structure(lines=lambda lines: lines[::-1]),
    "a line with another value": with_structure(
        lines=lambda lines: [replace(lines[0], value=-lines[0].value), *lines[1:]]
    ),
    "a test": with_structure(tests=lambda tests: [*tests, (code_of("p"), True)]),
    "a test that is no tie": with_structure(tests=lambda tests: [*tests, (code_of("p"), False)]),
    "other results": with_structure(results=lambda results: -results),
    "no gradient": with_structure(gradient=lambda gradient: None),
    "another gradient": with_structure(gradient=lambda gradient: -gradient),
    "the shape of a constant": with_constants(lambda c: {**c, "c99": np.zeros((3, 2))}),
    "a number less in a constant": with_constants(lambda c: {**c, "c99": np.zeros((2, 2))}),
    "the name of a constant": with_constants(
        lambda c: {("c98" if name == "c99" else name): x for name, x in c.items()}
    ),
}


def code_of(name: str) -> Any:
    from autograd.compiler.python_code import named

    return named(name)


def test_everything_that_the_text_follows_from_makes_another_key() -> None:
    given = example()
    keys = [repr(key_of(**given))]
    keys += [repr(key_of(**{**given, **change(given)})) for change in DIFFERENT.values()]
    same = [name for name, key in zip(["", *DIFFERENT], keys, strict=True) if keys.count(key) > 1]
    assert not same
    assert keys[0] == repr(key_of(**example()))


@pytest.mark.parametrize("number", [1.0, -1.0, 0.0, -0.0, 1e-320, 1e308, 0.1])
def test_a_number_in_a_line_is_in_the_key(number: float) -> None:
    given, keys = example(), set[str]()
    for x in (number, math.nextafter(number, 3.0), 2.0):
        change = with_structure(results=lambda _, x=x: code_of("p") * x)
        keys.add(repr(key_of(**{**given, **change(given)})))
    assert len(keys) == 3


def test_the_printer_and_the_versions_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    given, key = example(), machine_code._key
    keys = [key(key_of(**given), 1), key(key_of(**given), 2)]
    for owner, name, value in (
        (module, "SOURCES", "another printer"),
        (np, "__version__", "0"),
        (machine_code.llvmlite, "__version__", "0"),
        (machine_code.llvm, "llvm_version_info", (0, 0, 0)),
        (machine_code, "_host", lambda: ("another processor", "", "")),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, value)
            keys.append(key(key_of(**given), 1))
    assert len({*keys}) == len(keys)
    assert keys[0] == key(key_of(**given), 1)


def test_the_digest_is_of_the_names_and_contents_of_all_sources(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(autograd.__file__).parent, package, ignore=shutil.ignore_patterns("*.pyc"))
    compiler = package / "compiler"
    assert digest_of(compiler) == module.SOURCES
    for path in (package / "ops.py", compiler / "vector_math.py", compiler / "print_llvm.py"):
        before = path.read_text()
        path.write_text(before + "\n")
        assert digest_of(compiler) != module.SOURCES
        path.write_text(before)
        path.rename(path.with_name("renamed.py"))
        assert digest_of(compiler) != module.SOURCES
        path.with_name("renamed.py").rename(path)
    assert digest_of(compiler) == module.SOURCES
    assert digest_of(tmp_path / "nothing") == ""


# ------------------------------------------------------------------------------------- the cache


def never(*args: Any) -> None:
    raise AssertionError("it is not printed again")


def result(f: Callable[..., Any], args: Any, leaves: list[Value]) -> list[float]:
    for leaf in leaves:
        leaf.grad = 0.0
    y = f(*args)
    y.backward()
    return [y.data, *[leaf.grad for leaf in leaves]]


def squares(seed: int = 0) -> tuple[Callable[[], Any], list[Value]]:
    """Return a function that gathers values at places, and has numbers, both drawn by the seed."""
    w, b, rng = Value(0.5), [Value(0.1 * i) for i in range(9)], random.Random(seed)
    points = [(rng.random(), y) for _ in range(9) for y in rng.sample(b, 9)]

    def f() -> Any:
        scores = [autograd.tanh(w * x + y) for x, y in points]
        return autograd.sum([s * s for s in scores])

    return f, [w, *b]


def test_the_same_code_serves_other_constants(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        f, leaves = squares(seed)
        fast = autograd.compile(f, backend="llvm")
        assert result(fast, (), leaves) == pytest.approx(result(f, (), leaves), rel=1e-13)
        assert fast.report().endswith("llvm")
        assert {"c1", "i1"} <= fast.last_program().printed.constants.keys()
        monkeypatch.setattr(machine_code, "_write", never)


def test_on_a_hit_nothing_is_printed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    f, leaves = squares()
    expected = result(autograd.compile(f, backend="llvm"), (), leaves)
    monkeypatch.setattr("autograd.compiler.native_program.print_llvm", never)
    again = autograd.compile(f, backend="llvm")
    assert result(again, (), leaves) == expected
    assert again.report().endswith("llvm")


def test_another_printer_prints_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    f, leaves = squares()
    expected = result(autograd.compile(f, backend="llvm"), (), leaves)
    (entry,) = [path for path in folder.iterdir() if b'"numbers"' in path.read_bytes()]
    monkeypatch.setattr(module, "SOURCES", "another printer")
    assert result(autograd.compile(f, backend="llvm"), (), leaves) == expected
    entries = [path for path in folder.iterdir() if b'"numbers"' in path.read_bytes()]
    assert len(entries) == 2
    assert entry in entries


def own_unary(factor: float) -> Unary:
    """Return an operation whose formula needs ``m.exp(x)`` twice, so programs call it by name."""

    def forward(m: Any, x: Any) -> Any:
        e = m.exp(x)
        return e / (e + factor)

    return Unary("own_squash", forward, lambda y, x: y * (1.0 - y))


def own_nary(factor: float) -> Nary:
    def forward(m: Any, *xs: Any) -> Any:
        return factor * m.maximum(*xs)

    return Nary("own_top", forward, lambda y, *xs: [1.0] * len(xs))


@pytest.mark.parametrize("declare", [own_unary, own_nary])
@pytest.mark.parametrize("sources", [module.SOURCES, ""], ids=["sources", "none"])
def test_an_operation_of_the_same_name_gets_its_own_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, declare: Any, sources: str
) -> None:
    monkeypatch.setattr(module, "SOURCES", sources)
    leaves = [Value(0.1 * i) for i in range(40)]
    for factor in (1.0, 3.0, 1.0):
        operation = declare(factor)
        try:

            def f(operation: Any = operation) -> Any:
                if isinstance(operation, Nary):
                    rows = [leaves[4 * i : 4 * i + 4] for i in range(10)]
                    return autograd.sum([operation(*row) for row in rows])
                return autograd.sum([operation(x) * x for x in leaves])

            fast = autograd.compile(f, backend="llvm")
            assert fast().data == pytest.approx(f().data, rel=1e-13)
        finally:
            TABLE.pop(operation.name, None)


def test_where_no_sources_are_the_text_is_the_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    f, leaves = squares()
    monkeypatch.setattr(module, "SOURCES", "")
    assert key_of(**example()) is None
    expected = result(autograd.compile(f, backend="llvm"), (), leaves)
    monkeypatch.setattr(machine_code, "_write", never)
    assert result(autograd.compile(f, backend="llvm"), (), leaves) == expected


def test_what_machine_code_is_not_made_of_leaves_nothing_in_the_cache(folder: Path) -> None:
    x = Value(2.0)
    own = Unary("by_gamma", lambda m, x: m.gamma(x), lambda y, x: 0.0)
    try:
        fast = autograd.compile(lambda: own(x), backend="llvm")
        fast()
        printed = fast.last_program().printed
        assert NativePrograms(printed).program([np.zeros(0)]) is None
    finally:
        TABLE.pop("by_gamma", None)
    assert not [path for path in folder.iterdir() if b'"numbers"' in path.read_bytes()]
