"""How steps and explanations write things: a name for each node, the formula of one operation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import count, groupby
from typing import Any

from ..graph import formula, label_of
from ..operation import TABLE, Operation
from ..ops import neg
from ..recording import Recorder, recording
from ..value import Constant, Value

LONGEST_NAME, LONGEST_FORMULA = 24, 72  # characters; what is longer is cut in the middle
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ATOM = re.compile(r"[\w.\[\]…]+")  # what needs no parentheses inside a formula


def number(x: float) -> str:
    """A number rounded for reading, to four digits."""
    return f"{x + 0.0:.4g}"  # + 0.0: there is no need to read -0


def names(order: Sequence[Value]) -> dict[Value, str]:
    """A name for each node: its label, else v1, v2, ..., and f for the root; a constant's number.

    Equal labels are told apart by a subscript. ``order`` is topological, the root at its end.

    >>> x = Value(3.0, "x")
    >>> doubled = x + 3
    >>> [*names([x, *doubled.parents[1:], doubled, doubled * x]).values()]
    ['x', '3', 'v1', 'f']
    """
    labels = [_shorten(_printable(label_of(node)), LONGEST_NAME) for node in order]
    used = Counter(filter(None, labels))
    fresh = (name for i in count(1) if (name := f"v{i}") not in used)
    told_apart = {label: _subscripted(label, used) for label in used if used[label] > 1}
    named: dict[Value, str] = {}
    for node, label in zip(order, labels, strict=True):
        if type(node) is Constant:
            named[node] = number(node.data)
        elif label:
            named[node] = next(told_apart[label]) if label in told_apart else label
        else:
            named[node] = "f" if node is order[-1] and "f" not in used else next(fresh)
    return named


def _subscripted(label: str, used: Container[str]) -> Iterator[str]:
    """label₁, label₂, ..., but for those that are labels themselves."""
    numbered = (label + str(i).translate(_SUBSCRIPTS) for i in count(1))
    return (name for name in numbered if name not in used)


def computed(node: Value, names: dict[Value, str]) -> str:
    """``name = operands in symbols = operands in numbers``, the result left out."""
    sides = [names[node]]
    if node.op is not None:
        for texts in ([names[p] for p in node.parents], [number(p.data) for p in node.parents]):
            sides.append(_shorten(_written(node.op, texts), LONGEST_FORMULA))
    return " = ".join(side for side, _ in groupby(sides))


def rules(node: Value, names: dict[Value, str]) -> list[str]:
    """The local gradient by each operand in symbols, from the declaration of the operation.

    Empty for an operation that is not declared in the table: what `autograd.compile` made.
    """
    declared = TABLE.get(node.op.name) if node.op else None
    if declared is None or declared != node.op:
        return [""] * len(node.parents)
    varies = [local_grad is not None for local_grad in node.local_grads]
    operands: list[Any] = [
        Value(p.data, names[p]) if type(p) is not Constant else p.data for p in node.parents
    ]
    with recording(_Unevaluated()):
        local_grads = declared.local_grads(Value(node.data, names[node]), operands, varies)
    return ["" if g is None else _shorten(formula(g), LONGEST_FORMULA) for g in local_grads]


class _Unevaluated(Recorder):
    """Records expressions without computing them: a rule is written where it is infinite too."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        node = Value(0.0)
        node.op, node.parents = operation, parents
        return node


def _written(operation: Operation, texts: Sequence[str]) -> str:
    if not operation.arity:  # it separates its operands itself
        return operation.text(texts)
    return operation.text(texts, [_precedence(text) for text in texts])


def _precedence(text: str) -> int:
    if text.startswith("-") and _ATOM.fullmatch(text[1:]):
        return neg.precedence
    return 9 if _ATOM.fullmatch(text) else 0


def _printable(label: str) -> str:
    """On one line; what could not be seen, encoded or would turn the direction of writing: �."""
    line = " ".join(label[:10_000].split())
    return "".join(c if c.isprintable() or c == "\u200d" else "\ufffd" for c in line)


def _shorten(text: str, longest: int) -> str:
    """Cut in the middle, between two terms or operands where there are some."""
    if len(text) <= longest:
        return text
    head, tail = text[: longest * 2 // 3], text[-(longest // 3 - 1) :]
    for separator in (" + ", ", ", " "):
        if separator in head and separator in tail:
            head, tail = head.rpartition(separator)[0], tail.partition(separator)[2]
            return f"{head}{separator}…{separator}{tail}"
    return f"{head}…{tail}"
