"""Python source as values: `Text` is an expression in writing, put together with operators.

The table's ``forward``, evaluated on texts in a namespace of texts, gives the line of source that
computes it: what an operation does is not told a second time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..operation import Operation

TEST, SUM, PRODUCT, SIGN, ATOM = 1, 2, 3, 4, 9  # how tightly the outermost operator binds


class Text:
    """An expression as source text; ``made`` collects all that is put together from it."""

    __slots__ = ("source", "binds", "uses", "line", "made", "mask")

    def __init__(
        self, source: str, binds: int = ATOM, line: Any = None, made: list[Text] | None = None
    ) -> None:
        self.source, self.binds, self.uses, self.line, self.made = source, binds, 0, line, made
        self.mask: Text | None = None  # a condition, where this is 1.0 if it holds, else 0.0
        if made is not None:
            made.append(self)

    def at(self, binds: int) -> str:
        """The source as an operand of an operator that binds like this."""
        self.uses += 1
        return self.source if self.binds >= binds else f"({self.source})"

    def _infix(self, symbol: str, other: Any, binds: int, right: int) -> Text:
        other = text(other)
        made = other.made if self.made is None else self.made
        return Text(f"{self.at(binds)} {symbol} {other.at(right)}", binds, made=made)

    def __add__(self, other: Any) -> Text:
        return self._infix("+", other, SUM, SUM)

    def __sub__(self, other: Any) -> Text:
        return self._infix("-", other, SUM, PRODUCT)

    def __mul__(self, other: Any) -> Text:
        return self._infix("*", other, PRODUCT, SIGN)

    def __truediv__(self, other: Any) -> Text:
        return self._infix("/", other, PRODUCT, SIGN)

    def __matmul__(self, other: Any) -> Text:
        return self._infix("@", other, PRODUCT, SIGN)

    def __gt__(self, other: Any) -> Text:
        return self._infix(">", other, TEST, SUM)

    def __ge__(self, other: Any) -> Text:
        return self._infix(">=", other, TEST, SUM)

    def __lt__(self, other: Any) -> Text:
        return self._infix("<", other, TEST, SUM)

    def __le__(self, other: Any) -> Text:
        return self._infix("<=", other, TEST, SUM)

    def __eq__(self, other: object) -> Any:
        return self._infix("==", other, TEST, SUM)

    # how Python spells unhashable, which object's own type does not allow for
    __hash__ = None  # type: ignore[assignment]

    def __radd__(self, other: Any) -> Text:
        return text(other) + self

    def __rsub__(self, other: Any) -> Text:
        return text(other) - self

    def __rmul__(self, other: Any) -> Text:
        return text(other) * self

    def __rtruediv__(self, other: Any) -> Text:
        return text(other) / self

    def __neg__(self) -> Text:
        return Text(f"-{self.at(ATOM)}", SIGN, made=self.made)


def text(x: Any) -> Text:
    """``x`` as a text: numbers are written out in full."""
    if isinstance(x, Text):
        return x
    x = float(x)
    if not math.isfinite(x):
        return Text(f"float('{x}')")
    return Text(repr(x), ATOM if math.copysign(1.0, x) > 0 else SIGN)


class Namespace:
    """The functions of a namespace, called ``prefix.name``, as texts."""

    def __init__(self, prefix: str, made: list[Text]) -> None:
        self._prefix, self._made = prefix, made

    def __getattr__(self, name: str) -> Callable[..., Text]:
        return lambda *args: self._call(name, *args)

    def _call(self, name: str, *args: Any) -> Text:
        result = call(f"{self._prefix}.{name}", *args, made=self._made)
        if name == "where" and args[1:] == (1.0, 0.0):
            result.mask = args[0]
        return result


def call(function: str, *args: Any, made: list[Text] | None = None) -> Text:
    return Text(f"{function}({', '.join([text(x).at(0) for x in args])})", made=made)


def written(op: Operation, operands: list[Text], prefix: str) -> Text:
    """The source of ``op`` at ``operands``, with the functions of ``prefix``.

    It is the formula, unless that has an intermediate result twice: then a call of the operation.

    >>> from autograd import ops
    >>> written(ops.softplus, [Text("z")], "xp").source
    'xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.fabs(z)))'
    >>> written(ops.sigmoid, [Text("z")], "xp").source
    'xp.sigmoid(z)'
    """
    made: list[Text] = []
    xs = [Text(x.source, x.binds, made=made) for x in operands]
    result = op.forward(Namespace(prefix, made), *xs)
    if any(t.uses > 1 and not t.source.isidentifier() for t in made):
        return call(f"{prefix}.{op.name}", *operands)
    source = Text(result.source, result.binds)
    source.mask = result.mask
    return source
