"""What an error says of an operation that failed: `failure` names the operands that are to blame.

An operand is named by its label. Without a label, it is described by the formula it was computed
with: ``log(y - z): needs x > 0, got 0.0``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .operation import Operation

MAX_SHOWN_OPERANDS = 8
MAX_SHOWN_LEVELS = 3  # of operations inside one another, in the formula of an operand
MAX_LABEL_CHARACTERS = 40
MAX_FORMULA_CHARACTERS = 72
_ATOM = 9  # the precedence of a name or number, which needs no parentheses


def failure(
    operation: Operation, error: Exception, xs: Sequence[float], nodes: Sequence[Any]
) -> Exception:
    """Return ``error`` with a message that says what ``operation`` was given, and what it needs.

    ``nodes`` are its operands if they are nodes. ``xs`` are their numbers.
    """
    numbers = list(map(repr, xs[:MAX_SHOWN_OPERANDS]))
    shown = list(map(described, nodes[:MAX_SHOWN_OPERANDS])) or numbers
    more = ["..."] * (len(xs) > MAX_SHOWN_OPERANDS)
    why = f"needs {operation.domain}" if operation.domain else str(error)
    names = operation.parameters if operation.arity else [""] * len(numbers)
    blamed = set(names).intersection(re.findall(r"\w+", operation.domain)) or names
    if isinstance(error, OverflowError):
        why, blamed = "the result is too large for a float", names
    got = [
        f"{name} = {x}" if operation.arity > 1 else x
        for name, x, text in zip(names, numbers, shown, strict=False)
        if name in blamed and text != x
    ]
    given = f", got {', '.join(got)}" if got else ""
    hint = operation.hint(xs, nodes) if operation.hint and nodes else ""
    return type(error)(f"{operation.name}({', '.join(shown + more)}): {why}{given}{hint}")


def no_number(
    operation: Operation, error: TypeError, xs: Sequence[Any], nodes: Sequence[Any]
) -> TypeError:
    """Return the error about an operand whose ``data`` was set to no number, else ``error``."""
    for i, x in enumerate(xs):
        if not isinstance(x, Real):
            name = (nodes[i].label if nodes else "") or "an operand"
            given = f"{x!r:.80} ({type(x).__name__})"
            return TypeError(f"{operation.name}: the data of {name} is {given}: set it to a number")
    return error


def described(node: Any, levels: int = MAX_SHOWN_LEVELS) -> str:
    """Return the label of ``node``, else its formula, else its number: in one short line.

    The formula shows at most ``levels`` operations inside one another, and ``…`` for the rest.

    >>> from autograd import Value
    >>> y, z = Value(2.0, "y"), Value(2.0)
    >>> described(y), described(z), described(2 * (y - z))
    ('y', '2.0', '2.0 * (y - 2.0)')
    """
    return _formula(node, levels)[0]


def _formula(node: Any, levels: int) -> tuple[str, int]:
    """Return the text of ``node`` and its precedence. It calls itself ``levels`` deep at most."""
    if node.label:
        return _shortened(" ".join(str(node.label).split()), MAX_LABEL_CHARACTERS), _ATOM
    if node.op is None:
        try:
            return repr(node.data), _ATOM
        except TypeError:  # an argument of a function that is being compiled has no number
            return "…", _ATOM
    if levels == 0:
        return "…", _ATOM
    if len(node.parents) > MAX_SHOWN_OPERANDS:
        return f"{node.op.name}(…)", _ATOM
    operands = [_formula(p, levels - 1) for p in node.parents]
    precedences = [precedence for _, precedence in operands] if node.op.arity else ()
    text = node.op.text([text for text, _ in operands], precedences)
    return _shortened(text, MAX_FORMULA_CHARACTERS), node.op.precedence


def _shortened(text: str, max_characters: int) -> str:
    return text if len(text) <= max_characters else f"{text[: max_characters - 1]}…"
