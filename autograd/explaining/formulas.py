"""Formulas of nodes and of their local gradients, in symbols and in numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from ..operation import TABLE, Operation
from ..ops import neg
from ..recording import Recorder, recording
from ..value import Value, topological_order
from .notation import (
    MAX_FORMULA_CHARACTERS,
    MAX_SIDE_CHARACTERS,
    label_of,
    number,
    printable,
    shorten,
)

# a name or number, which needs no parentheses
_ATOM = re.compile(r"[\w.\[\]…⁽⁾]+(,[₀-₉]+)*|[\d.]+e[+-]\d+")
_ATOM_PRECEDENCE = 9
MAX_OPERANDS_IN_FULL = 6  # three products of a `dot`: a step writes so many without an ellipsis

_Operand = tuple[str, int]  # text and precedence; a low precedence gets parentheses


def formula(root: Value | float) -> str:
    """Return how ``root`` is computed, in symbols, down to its labeled operands.

    >>> x, y = Value(0.0, "x"), Value(0.5, "y")
    >>> formula(y * (1 - y) + x), formula(x), formula(0.5)
    ('y * (1 - y) + x', 'x', '0.5')
    """
    if not isinstance(root, Value):
        return number(root)
    label = "" if root.parents else _label(root)
    return label or formulas(topological_order(root))[root]


def formulas(
    order: Sequence[Value],
    short: dict[Value, str] | None = None,
    max_characters: int = MAX_FORMULA_CHARACTERS,
) -> dict[Value, str]:
    """Return the `formula` of each node of ``order``, which is topological. A leaf's is its number.

    Operands outside ``order`` are written by their label, or as ``…``. The names in ``short`` stand
    in the place of labels.
    """
    written: dict[Value, str] = {}
    operands: dict[Value, _Operand] = {}

    def label_of_operand(node: Value) -> str:
        return (short or {}).get(node) or _label(node)

    for node in order:
        if node.op is None:
            text, precedence = _atom(number(node.data))
        else:
            text, precedence = _applied(
                node.op, [operands.get(p) or _named(label_of_operand(p)) for p in node.parents]
            )
        written[node] = shorten(text, max_characters)
        label = label_of_operand(node)
        fits = not label and len(text) <= max_characters
        operands[node] = (text, precedence) if fits else _named(label)
    return written


def _applied(op: Operation, operands: Sequence[_Operand]) -> _Operand:
    """Return how ``op`` of these operands is written, and its precedence."""
    texts, precedences = zip(*operands, strict=True)
    if op.arity:
        return op.text(texts, precedences), op.precedence
    # an n-ary operation separates its operands itself; some of one operand are this operand
    alone = len(texts) == 1 and op.text(["{}"]) == "{}"
    return operands[0] if alone else (op.text(texts), op.precedence)


def computed(node: Value, names: dict[Value, str]) -> str:
    """Return ``name = operands in symbols = operands in numbers``, without the result."""
    sides = [names[node]]
    if node.op is not None:
        symbols = tuple([Value(p.data, names[p]) for p in node.parents])
        numbers = tuple([Value(p.data) for p in node.parents])
        few = len(node.parents) <= MAX_OPERANDS_IN_FULL
        for operands in (symbols, numbers):
            text = formula(Value.computed(node.op, operands, 0.0, ()))
            sides.append(text if few else shorten(text, MAX_SIDE_CHARACTERS))
    return " = ".join(side for side, _ in groupby(sides))


def rules(node: Value, names: dict[Value, str]) -> list[str]:
    """Return the local gradient by each operand, as the table of operations declares it.

    It is in symbols, or in words where these tell more. A constant that has a name is an input.

    Each is empty for an operation outside the table: for a result of `autograd.compile`.
    """
    if node.op is None or TABLE.get(node.op.name) is not node.op:
        return [""] * len(node.parents)
    varies = [local_grad is not None for local_grad in node.local_grads]
    if node.op.rule_in_words:
        return [node.op.rule_in_words(len(varies)) if varied else "" for varied in varies]
    operands: list[Value | float] = [Value(p.data, names[p]) for p in node.parents]
    for i, p in enumerate(node.parents):
        if p.is_constant and names[p] == number(p.data):
            operands[i] = p.data
    with recording(_Unevaluated()):
        local_grads = node.op.local_grads(Value(node.data, names[node]), operands, varies)
    return ["" if g is None else shorten(formula(g), MAX_SIDE_CHARACTERS) for g in local_grads]


class _Unevaluated(Recorder):
    """Records expressions without computing them, so that infinite rules can be written too."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        return Value.computed(operation, parents, 0.0, ())


def _named(label: str) -> _Operand:
    return _atom(label or "…")


def _label(node: Value) -> str:
    return printable(label_of(node))


def _atom(text: str) -> _Operand:
    """Return a name or number with its precedence. A label may be any text."""
    if not _ATOM.fullmatch(text.removeprefix("-")):
        return text, 0
    return text, neg.precedence if text.startswith("-") else _ATOM_PRECEDENCE
