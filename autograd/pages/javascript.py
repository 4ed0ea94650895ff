"""Prints operations of the table as JavaScript: the value and the local gradients.

To print a function is to call it with `Symbol` in the place of numbers. Computing with symbols
appends lines. The local gradient of tanh, ``1 - y * y``, becomes::

    (m, y, a) => {
      const t0 = (y * y);
      const t1 = (1 - t0);
      return t1;
    }

``m`` has the functions of mathematics as Python has them. They are in ``floats.js``: an error
outside the domain, or the limit there. Division and powers are functions of ``m`` too. Where a
function of the table branches on a symbol, it is called once for each outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partialmethod
from textwrap import indent
from typing import Any

from ..operation import Node, Operation

# what the namespaces of floats.js have; a test compares the names
FUNCTIONS = {"div", "pow", "fabs", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt"}
FUNCTIONS |= {"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"}
FUNCTIONS |= {"asinh", "acosh", "atanh", "erf", "erfc", "maximum", "minimum"}
MAX_BRANCHES = 64  # of one function


class CannotPrintError(Exception):
    """An operation computes in a way that has no JavaScript, such as ``math.sin`` of a float."""


def print_operations(used: Iterable[tuple[Operation, int]]) -> str:
    """Return a JavaScript object with an entry ``"name/count"`` for each operation and its count.

    Each entry has ``value(m, ...xs)`` and ``rules``. Those are one function ``(m, y, ...xs)`` that
    returns a list if the operation is n-ary, else a number or a function for each operand. Other
    operations that a rule calls are entries too. CannotPrintError if one cannot be printed.

    >>> from autograd import mul
    >>> print(print_operations([(mul, 2)]))
    {
      "mul/2": {
        value: (m, x0, x1) => {
          const t0 = (x0 * x1);
          return t0;
        },
        rules: [(m, y, x0, x1) => {
          return x1;
        }, (m, y, x0, x1) => {
          return x0;
        }],
      },
    }
    """
    printed: dict[tuple[Operation, int], str] = {}
    waiting = list(dict.fromkeys(used))
    for key in waiting:  # grows meanwhile
        called: list[tuple[Operation, int]] = []
        printed[key] = _entry(*key, called)
        waiting += [other for other in dict.fromkeys(called) if other not in waiting]
    return braces(f"{quoted(key)}: {text},\n" for key, text in printed.items())


def braces(parts: Iterable[str]) -> str:
    return "{\n" + indent("".join(parts), "  ") + "}"


def quoted(key: tuple[Operation, int]) -> str:
    return f'"{key[0].name}/{key[1]}"'


def _entry(operation: Operation, count: int, called: list[tuple[Operation, int]]) -> str:
    xs = [f"x{i}" for i in range(count)]

    def function(f: Callable[..., Any], first: str) -> str:
        has_infinite = operation.infinite is not None
        body = Code(f, first, xs, called, has_infinite).block([])
        if has_infinite and first:  # the rule may ask whether y is infinite
            at_infinity = Code(f, first, xs, called, has_infinite, math.inf).block([])
            body = f"if (Math.abs({first}) === Infinity) {braces([at_infinity])}\n{body}"
        names = ["m", *([first] if first else []), *xs]
        return f"({', '.join(names)}) => {braces([body])}"

    value = function(operation.forward, "")
    if operation.arity:
        rules = [
            literal(rule) if isinstance(rule, float) else function(rule, "y")
            for rule in operation.rules
        ]
        written = f"[{', '.join(rules)}]"
    else:
        written = function(operation.rules, "y")
    return braces([f"value: {value},\n", f"rules: {written},\n"])


class _ForkError(Exception):
    """A function asks whether a condition holds."""

    def __init__(self, condition: str) -> None:
        self.condition = condition


@dataclass(frozen=True)
class Line:
    """A statement of a printed function: the variable that it defines, and those that it uses."""

    name: str
    text: str
    uses: set[str]


class Code:
    """Prints one function: ``f(m, *xs)`` if ``first`` is empty, else the rule ``f(y, *xs)``.

    has_infinite: the operation has a value where `forward` computes inf - inf. It prints as 0.
    y: the number that the result looks like: inf for the rule at an infinite result.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        first: str,
        xs: Sequence[str],
        called: list[tuple[Operation, int]],
        has_infinite: bool = False,
        y: float = math.nan,
    ) -> None:
        self.f, self.first, self.xs, self.called = f, first, xs, called
        self.has_infinite, self.y = has_infinite, y
        self.lines: list[Line] = []
        self.decisions: list[bool] = []
        self.asked = self.branches = 0

    def block(self, decisions: list[bool], printed: int = 0) -> str:
        """Return the statements after the first ``printed`` lines, where ``decisions`` are made."""
        self.branches += 1
        if self.branches > MAX_BRANCHES:
            raise CannotPrintError("too many branches")
        self.lines, self.decisions, self.asked = [], decisions, 0
        first: Any = Symbol.named(self.first, self, self.y) if self.first else self.functions()
        try:
            result = self.f(first, *[Symbol.named(x, self) for x in self.xs])
        except _ForkError as fork:
            lines, done = self.lines[printed:], len(self.lines)
            yes, no = (braces([self.block([*decisions, holds], done)]) for holds in (True, False))
            return _text([*(x.text for x in lines), f"if ({fork.condition}) {yes} else {no}"])
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise CannotPrintError(str(error)) from error
        return self.ending(self.lines[printed:], result)

    def ending(self, lines: Sequence[Line], result: Any) -> str:
        """Return the last statements of a function: the lines, and what is done with the result."""
        if isinstance(result, Sequence):
            result_text = f"[{', '.join(map(literal, result))}]"
        else:
            result_text = literal(result)
        return _text([*(line.text for line in lines), f"return {result_text};"])

    def functions(self) -> Functions:
        """Return the namespace ``m`` that the function computes with."""
        return Functions(self)

    def call(self, operation: Operation, operands: Sequence[Any]) -> Any:
        """Return another operation of the operands, which becomes an entry of its own."""
        key = (operation, len(operands))
        self.called.append(key)
        holes = ", ".join(["{}"] * len(operands))
        return self.line(f"m.of(operations[{quoted(key)}], {holes})", *operands)

    def line(self, template: str, *operands: Any, condition: Condition | None = None) -> Symbol:
        """Append a line that computes ``template`` of the operands. Return its variable."""
        if self.has_infinite and template == _OPERATORS["sub"]:
            template = "m.difference({}, {})"
        name = f"t{len(self.lines)}"
        text = f"const {name} = {template.format(*map(literal, operands))};"
        used = [*operands, *(condition.operands if condition is not None else ())]
        self.lines.append(Line(name, text, {x.name for x in used if isinstance(x, Symbol)}))
        return Symbol.named(name, self)

    def decided(self, condition: str) -> bool:
        """Return the decision on the next condition. Without one, stop the function here."""
        if self.asked == len(self.decisions):
            raise _ForkError(condition)
        self.asked += 1
        return self.decisions[self.asked - 1]


def _text(lines: Iterable[str]) -> str:
    return "".join(line + "\n" for line in lines)


def literal(x: Any) -> str:
    """Return a symbol or a number as JavaScript."""
    if isinstance(x, Symbol):
        return x.name
    if x is math.nan:  # another nan is what math made of a symbol
        return "NaN"
    x = float(x)
    if math.isnan(x):
        raise CannotPrintError("a function of math took the number of a symbol")
    if math.isinf(x):
        return "Infinity" if x > 0 else "(-Infinity)"
    text = repr(x).removesuffix(".0")
    return f"({text})" if text.startswith("-") else text


class Symbol(Node, float):
    """A variable of a printed function. It is a float, because rules of floats may ask for that."""

    __slots__ = ("code", "name")
    code: Code
    name: str

    @classmethod
    def named(cls, name: str, code: Code, looks_like: float = math.nan) -> Symbol:
        symbol = cls(looks_like)
        symbol.name, symbol.code = name, code
        return symbol

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        return self.code.call(operation, operands)

    def _left(self, template: str, other: Any) -> Symbol:
        return self.code.line(template, self, other)

    def _right(self, template: str, other: Any) -> Symbol:
        return self.code.line(template, other, self)

    def _compared(self, symbol: str, other: Any) -> Condition:
        return Condition(f"{self.name} {symbol} {literal(other)}", (self, other), self.code)

    def __neg__(self) -> Symbol:
        return self.code.line("(-{})", self)

    def __abs__(self) -> Symbol:
        return self.code.line("m.fabs({})", self)

    def __bool__(self) -> bool:
        return self.code.decided(f"{self.name} !== 0")

    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable


_OPERATORS = {"add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})"}
_OPERATORS |= {"truediv": "m.div({}, {})", "pow": "m.pow({}, {})"}
for _method, _template in _OPERATORS.items():
    setattr(Symbol, f"__{_method}__", partialmethod(Symbol._left, _template))
    setattr(Symbol, f"__r{_method}__", partialmethod(Symbol._right, _template))
for _compare, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    setattr(Symbol, f"__{_compare}__", partialmethod(Symbol._compared, _sign))
for _compare, _sign in {"eq": "===", "ne": "!=="}.items():
    setattr(Symbol, f"__{_compare}__", partialmethod(Symbol._compared, _sign))
for _unprintable in ("mod", "rmod", "floordiv", "rfloordiv", "int", "float", "round", "trunc"):

    def _refuse(*_: Any) -> Any:
        raise CannotPrintError("it computes with float methods")

    setattr(Symbol, f"__{_unprintable}__", _refuse)


class Condition:
    """The outcome of a comparison, which is known in the page only."""

    def __init__(self, text: str, operands: Sequence[Any], code: Code) -> None:
        self.text, self.operands, self.code = text, operands, code

    def __bool__(self) -> bool:
        return self.code.decided(self.text)


class Functions:
    """The namespace ``m`` of a printed function."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def __getattr__(self, name: str) -> Callable[..., Symbol]:
        if name not in FUNCTIONS:
            raise CannotPrintError(f"pages have no function {name}")
        return lambda *xs: self.code.line(f"m.{name}({', '.join(['{}'] * len(xs))})", *xs)

    def stop_gradient(self, x: Any) -> Any:
        return x

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        if not isinstance(condition, Condition):
            return a if condition else b
        return self.code.line(f"{condition.text} ? {{}} : {{}}", a, b, condition=condition)
