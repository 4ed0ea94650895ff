"""Python source as values: a `Text` is an expression in writing, and operators join texts.

The table's ``forward`` is evaluated on texts, with a namespace of texts. So it gives the source of
an operation, and no operation is written a second time.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..operation import Operation
from ..recording import forward_of

OWN = "own_"  # before the name of an operation that somebody added, as NumPy may have such a name
TEST, SUM, PRODUCT, SIGN, ATOM = 1, 2, 3, 4, 9  # the precedence of the outermost operator


def _infix(symbol: str, precedence: int, right: int) -> Callable[[Text, Any], Text]:
    """Return the method of an operator; ``right`` is the least precedence of its right operand."""

    def infix(a: Text, b: Any) -> Text:
        b = text(b)
        made = b.made if a.made is None else a.made
        return Text(f"{a.at(precedence)} {symbol} {b.at(right)}", precedence, made=made)

    return infix


def _swapped(infix: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Text]:
    """Return the method of an operator for a text on its right."""
    return lambda b, a: infix(text(a), b)


class Text:
    """An expression as source text.

    ``made`` is a list that every text made from this one is appended to. ``mask`` is a condition,
    if this text is 1.0 where it holds and 0.0 where it does not.
    """

    __slots__ = ("source", "precedence", "uses", "line", "made", "mask")

    def __init__(
        self, source: str, precedence: int = ATOM, line: Any = None, made: list[Text] | None = None
    ) -> None:
        self.source, self.precedence, self.uses = source, precedence, 0
        self.line, self.made = line, made
        self.mask: Text | None = None
        if made is not None:
            made.append(self)

    def at(self, precedence: int) -> str:
        """Return the source as an operand, in parentheses if its precedence is lower."""
        self.uses += 1
        return self.source if self.precedence >= precedence else f"({self.source})"

    __add__ = _infix("+", SUM, SUM)
    __sub__ = _infix("-", SUM, PRODUCT)
    __mul__ = _infix("*", PRODUCT, SIGN)
    __truediv__ = _infix("/", PRODUCT, SIGN)
    __matmul__ = _infix("@", PRODUCT, SIGN)
    __gt__, __ge__ = _infix(">", TEST, SUM), _infix(">=", TEST, SUM)
    __lt__, __le__ = _infix("<", TEST, SUM), _infix("<=", TEST, SUM)
    __eq__ = _infix("==", TEST, SUM)  # type: ignore[assignment]  # a Text, where object has a bool
    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable

    __radd__, __rsub__ = _swapped(operator.add), _swapped(operator.sub)
    __rmul__, __rtruediv__ = _swapped(operator.mul), _swapped(operator.truediv)

    def __bool__(self) -> bool:
        raise TypeError("a text is neither true nor false")

    def __neg__(self) -> Text:
        return Text(f"-{self.at(ATOM)}", SIGN, made=self.made)


def text(x: Any) -> Text:
    """Return ``x`` as a text. Numbers are written in full."""
    if isinstance(x, Text):
        return x
    x = float(x)
    if not math.isfinite(x):
        return Text(f"float('{x}')")
    return Text(repr(x), ATOM if math.copysign(1.0, x) > 0 else SIGN)


def call(function: str, *args: Any, made: list[Text] | None = None) -> Text:
    """Return the call of a function."""
    return Text(f"{function}({', '.join([text(x).at(0) for x in args])})", made=made)


class Namespace:
    """A namespace called ``prefix``, whose functions return calls of them as texts."""

    def __init__(self, prefix: str, made: list[Text]) -> None:
        self._prefix, self._made = prefix, made

    def __getattr__(self, name: str) -> Callable[..., Text]:
        def function(*args: Any) -> Text:
            result = call(f"{self._prefix}.{name}", *args, made=self._made)
            if name == "where" and [*map(repr, args[1:])] == ["1.0", "0.0"]:
                result.mask = args[0]
            return result

        return function


def written(op: Operation, operands: list[Text], prefix: str) -> Text:
    """Return the source of ``op`` at ``operands``, with the functions of ``prefix``.

    It is the formula. If the formula needs an intermediate result twice, it is a call of ``op``.

    >>> from autograd import ops
    >>> written(ops.softplus, [Text("z")], "xp").source
    'xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.fabs(z)))'
    >>> written(ops.sigmoid, [Text("z")], "xp").source
    'xp.sigmoid(z)'
    """
    made: list[Text] = []
    xs = [Text(x.source, x.precedence, made=made) for x in operands]
    result = forward_of(op, Namespace(prefix, made), xs)
    if any(t.uses > 1 and not t.source.isidentifier() for t in made):
        return call(f"{prefix}.{OWN * op.is_own}{op.name}", *operands)
    source = Text(result.source, result.precedence)
    source.mask = result.mask
    return source
