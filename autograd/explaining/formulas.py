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

_ATOM = re.compile(r"[\w.\[\]…]+|[\d.]+e[+-]\d+")  # a name or number, which needs no parentheses
_ATOM_PRECEDENCE = 9

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


def formulas(order: Sequence[Value]) -> dict[Value, str]:
    """Return the `formula` of each node of ``order``, which is topological. A leaf's is its number.

    Operands outside ``order`` are written by their label, or as ``…``.
    """
    written: dict[Value, str] = {}
    operands: dict[Value, _Operand] = {}
    for node in order:
        if node.op is None:
            text, precedence = _atom(number(node.data))
        else:
            inner = [operands.get(p) or _by_label(p) for p in node.parents]
            # an n-ary operation separates its operands itself
            precedences = [precedence for _, precedence in inner] if node.op.arity else ()
            text = node.op.text([text for text, _ in inner], precedences)
            precedence = node.op.precedence
        written[node] = shorten(text, MAX_FORMULA_CHARACTERS)
        fits = not _label(node) and len(text) <= MAX_FORMULA_CHARACTERS
        operands[node] = (text, precedence) if fits else _by_label(node)
    return written


def computed(node: Value, names: dict[Value, str]) -> str:
    """Return ``name = operands in symbols = operands in numbers``, without the result."""
    sides = [names[node]]
    if node.op is not None:
        symbols = tuple([Value(p.data, names[p]) for p in node.parents])
        numbers = tuple([Value(p.data) for p in node.parents])
        for operands in (symbols, numbers):
            text = formula(Value.computed(node.op, operands, 0.0, ()))
            sides.append(shorten(text, MAX_SIDE_CHARACTERS))
    return " = ".join(side for side, _ in groupby(sides))


def rules(node: Value, names: dict[Value, str]) -> list[str]:
    """Return the local gradient by each operand in symbols, as the table of operations declares it.

    Each is empty for an operation outside the table: for a result of `autograd.compile`.
    """
    if node.op is None or TABLE.get(node.op.name) is not node.op:
        return [""] * len(node.parents)
    varies = [local_grad is not None for local_grad in node.local_grads]
    operands = [p.data if p.is_constant else Value(p.data, names[p]) for p in node.parents]
    with recording(_Unevaluated()):
        local_grads = node.op.local_grads(Value(node.data, names[node]), operands, varies)
    return ["" if g is None else shorten(formula(g), MAX_SIDE_CHARACTERS) for g in local_grads]


class _Unevaluated(Recorder):
    """Records expressions without computing them, so that infinite rules can be written too."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        return Value.computed(operation, parents, 0.0, ())


def _by_label(node: Value) -> _Operand:
    return _atom(_label(node) or "…")


def _label(node: Value) -> str:
    return printable(label_of(node))


def _atom(text: str) -> _Operand:
    """Return a name or number with its precedence. A label may be any text."""
    if not _ATOM.fullmatch(text.removeprefix("-")):
        return text, 0
    return text, neg.precedence if text.startswith("-") else _ATOM_PRECEDENCE
