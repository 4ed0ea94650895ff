"""The table of operations as committed in ``table.txt``: texts, numbers, rules and JavaScript.

The numbers have nine digits: the libraries of mathematics differ in the last of the sixteen. Look
at what a change made different, and if it is right write the text anew:

    python -m tests.autograd.test_committed_table
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from autograd import TABLE, Value
from autograd.explaining.formulas import rules
from autograd.fast_path import print_function, scope
from autograd.operation import Operation
from autograd.pages.batched_kernels import print_kernels
from autograd.pages.javascript import CannotPrintError, print_operations

from .committed import commit, committed, lines_of

COMMITTED = Path(__file__).with_name("table.txt")
OPERATIONS = {name: operation for name, operation in TABLE.items() if not operation.is_own}
PLACES = [0.0, 0.3, -0.7, 1.0, -1.0, 3.5, 30.0, -40.0, 800.0, 1e-9, -1e16, 1e300]
PLACES += [math.nan]
FEW = [0.0, 2.0, -1.0, 0.5, -3.0, 1e300]
PRECEDENCES = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (9, 9), (1, 9), (9, 1)]
LISTS = [[1.0], [0.5, 2.0], [-1.0, -1.0], [3.0, 1.0, 3.0], [0.0, 0.0, 0.0], [math.inf, 1.0, 2.0]]
LISTS += [[-math.inf, -math.inf], [math.nan, 1.0], [800.0, -800.0], [1.0, 2.0, 3.0, 4.0, 5.0]]


def operands_of(operation: Operation) -> list[Sequence[float]]:
    if operation.arity:
        return list(product(PLACES if operation.arity == 1 else FEW, repeat=operation.arity))
    return [xs for xs in LISTS if operation.name != "dot" or len(xs) > 1]


def shown(x: Any) -> str:
    return "None" if x is None else f"{float(x) + 0.0:.9g}"


def described(operation: Operation) -> Iterator[str]:
    count = operation.arity or 3
    yield f"{operation.symbol} {operation.aliases} {operation.precedence} {operation.chains}"
    yield f"  {operation.parameters} {operation.defaults} {operation.constant_rules}"
    yield f"  domain {operation.domain!r} {operation.special} {operation.activation}"
    yield f"  {operation.definition(['a', 'b', 'c'][:count])}"
    texts = ["a", "b", "c"][:count]
    for precedences in PRECEDENCES:
        yield f"  {precedences}: {operation.text(texts, (*precedences, 9)[:count])}"
    for negative in (["-a", "b", "c"], ["a", "-b", "-c"]):
        yield f"  {operation.text(negative[:count], (3, 3, 3)[:count])}"
    for n in (1, 2, 3, 5):
        if operation.rule_in_words and operation.arity in (0, n):
            yield f"  of {n}: {operation.rule_in_words(n)}"


def computed(operation: Operation) -> Iterator[str]:
    for xs in operands_of(operation):
        nodes = [Value(x, label) for x, label in zip(xs, "abcde", strict=False)]
        try:
            node = nodes[0].record(operation, nodes)
        except (ArithmeticError, ValueError) as error:
            yield f"  {list(xs)}: {type(error).__name__} {error}"
            continue
        yield f"  {list(xs)}: {shown(node.data)}, {', '.join(map(shown, node.local_grads))}"


def printed(operation: Operation) -> Iterator[str]:
    for count in [operation.arity] if operation.arity else [1, 2, 4]:
        if operation.name == "dot" and count == 1:
            continue
        nodes = [Value(0.5, label) for label in "abcd"[:count]]
        node = nodes[0].record(operation, nodes)
        named = {n: n.label for n in nodes} | {node: "y"}
        yield f"  rules {rules(node, named)}"
        for print_each in (print_operations, print_kernels):
            try:
                yield print_each([(operation, count)])
            except CannotPrintError as error:
                yield f"{type(error).__name__}: {error}"


def said(operation: Operation) -> Iterator[str]:
    yield from described(operation)
    yield from computed(operation)
    yield from printed(operation)


SAID = {name: partial(said, operation) for name, operation in OPERATIONS.items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_the_committed_one(name: str) -> None:
    assert lines_of(SAID[name]) == committed(COMMITTED)[name]


def test_all_committed_operations_are_in_the_table() -> None:
    assert list(committed(COMMITTED)) == list(OPERATIONS)


def test_the_fast_path_calls_the_functions_of_the_power_alone_and_has_all_others_printed() -> None:
    calls = set()
    for operation in OPERATIONS.values():
        if operation.arity:
            printed = print_function(operation, lambda *xs: None, scope())
            if any(name.startswith("function") for name in printed.__code__.co_freevars):
                calls.add(operation.name)
            assert inspect.unwrap(printed) is inspect.unwrap(operation)
            assert printed.__qualname__ == f"Value.{operation.name}"
            assert (printed.__name__, printed.__doc__) == (operation.name, operation.__doc__)
    assert calls == {"pow"}


if __name__ == "__main__":
    commit(COMMITTED, SAID)
