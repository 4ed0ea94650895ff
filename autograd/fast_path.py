"""The fast way to make a node: each operator as straight-line Python, printed from the table.

An operation of the table is some function calls away from its arithmetic: forward, a rule for each
operand, the search for constants. Here the arithmetic is printed, once, as one function. Where a
and b are both Values, the source for ``a * b`` is::

    x0 = a.data
    x1 = b.data
    y = x0 * x1
    local_grads = (x1, x0)

and six lines that make the node. Everything else is left to the general way, a function called
``general``: other kinds of operands, contexts, errors, infinite derivatives.

To print a function of the table is to call it with `_Code` in the place of numbers. A function that
branches on its operands cannot be printed. It is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partialmethod
from textwrap import indent
from typing import Any

from .operation import FLOATS, Node, Operation
from .recording import current_recorder


class _CannotPrintError(Exception):
    """A function branches on its operands, so that it has no straight-line source."""


class _Code(Node):
    """A variable in a printed function. Computing with it appends lines to that function."""

    __slots__ = ("lines", "name")

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name, self.lines = name, lines

    def line(self, template: str, *others: Any) -> _Code:
        """Append a line that computes ``template`` from this and others; return its variable."""
        return self.append(template, self, *others)

    def reflected(self, template: str, other: Any) -> _Code:
        return self.append(template, other, self)

    def __neg__(self) -> _Code:
        return self.append("-{}", self)

    def append(self, template: str, *operands: Any) -> _Code:
        result = _Code(f"t{len(self.lines)}", self.lines)
        self.lines.append(f"{result.name} = {template.format(*map(_written, operands))}")
        return result

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        return operation.forward(_Functions(self), *operands)

    def _branch(self, *_: Any) -> Any:
        raise _CannotPrintError

    __bool__ = __float__ = __index__ = _branch
    __class__ = property(_branch)  # type: ignore[assignment]  # isinstance(x, float) asks for it
    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable


def _written(x: Any) -> str:
    if type(x) is _Code:
        return x.name
    if type(x) not in (float, int) or not math.isfinite(x):
        raise _CannotPrintError
    return f"({x!r})"


def _template(symbol: str) -> str:
    return f"{{}} {symbol} {{}}"


for _method, _symbol in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}.items():
    setattr(_Code, f"__{_method}__", partialmethod(_Code.line, _template(_symbol)))
    setattr(_Code, f"__r{_method}__", partialmethod(_Code.reflected, _template(_symbol)))
for _method, _symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}.items():
    setattr(_Code, f"__{_method}__", partialmethod(_Code.line, _template(_symbol)))


class _Functions:
    """The functions of plain floats, printed."""

    def __init__(self, code: _Code) -> None:
        self._code = code

    def __getattr__(self, name: str) -> Callable[..., _Code]:
        return lambda *args: self._code.append(f"{name}({', '.join(['{}'] * len(args))})", *args)

    def where(self, condition: Any, a: Any, b: Any) -> _Code:
        return self._code.append("{1} if {0} else {2}", condition, a, b)


_AS_FLOAT = "{0} if type({0}) is float else float({0})"
_CASE = """\
    if {tests} and current_recorder() is None:
        {operands}
        try:
            {arithmetic}
            local_grads = ({grads},)
        except (ArithmeticError, ValueError):  # outside the domain, or an infinite derivative
            return general({arguments})
        {constant}
        node = new(Value)
        node.data = y
        node.grad = 0.0
        node.op = operation
        node.parents = ({parents},)
        node.local_grads = local_grads
        node.label = ""
        return node
"""


def print_function(
    operation: Operation, general: Callable[..., Any], cases: Sequence[str], classes: dict[str, Any]
) -> Callable[..., Any]:
    """Return the printed function of ``operation`` for operands called a and b.

    Each of ``cases`` names what the operands are: "Value", "Value float" or "float Value". An int
    counts as a float. With the float first, the function takes b before a, as ``__rsub__`` does.
    ``general`` is called in all other cases. ``classes`` are the globals of the printed function:
    Value and PlainNumber are put into them before the first call.
    """
    arguments = {"Value": "a", "Value float": "a, b", "float Value": "b, a"}[cases[0]]
    made: dict[str, Any] = {"operation": operation, "general": general}
    body = "".join([_case(operation, case.split(), arguments, made) for case in cases])
    printed = f"def printed({arguments}):\n{body}    return general({arguments})\n"
    source = f"def make({', '.join(made)}):\n{indent(printed, '    ')}    return printed\n"
    exec(source, classes)
    function: Any = classes.pop("make")(**made)
    function.__name__, function.__doc__ = operation.name, operation.__doc__
    function.__wrapped__ = operation
    return function


def _case(operation: Operation, kinds: list[str], arguments: str, made: dict[str, Any]) -> str:
    """Return the source of one case. What it calls by name is put into ``made``."""
    lines: list[str] = []
    xs = [_Code(f"x{i}", lines) for i in range(len(kinds))]

    def expression(f: Callable[..., Any], first: Any, first_name: str) -> str:
        start = len(lines)
        try:
            return _written(f(first, *xs))
        except (_CannotPrintError, TypeError):  # then it is called
            del lines[start:]
            name = f"function{len(made)}"
            made[name] = f
            return f"{name}({', '.join([first_name, *(x.name for x in xs)])})"

    y = _Code("y", lines)
    lines.append(f"y = {expression(operation.forward, _Functions(y), 'FLOATS')}")
    grads = []
    for kind, rule in zip(kinds, operation.rules, strict=True):
        if kind == "float":
            grads.append("None")
        else:
            grads.append(repr(rule) if type(rule) is float else expression(rule, y, "y"))
    operands = [f"x{i} = {n}" for i, n in enumerate(_names(kinds, "{}.data", _AS_FLOAT))]
    number = "".join([f"x{i}" for i, kind in enumerate(kinds) if kind == "float"])
    constant = f"constant = PlainNumber()\n        constant.data = {number}" if number else "pass"
    tests = _names(kinds, "type({0}) is Value", "(type({0}) is float or type({0}) is int)")
    return _CASE.format(
        tests=" and ".join(tests if kinds[0] == "float" else reversed(tests)),
        operands="\n        ".join(operands),
        arithmetic="\n            ".join(lines),
        grads=", ".join(grads),
        arguments=arguments,
        constant=constant,
        parents=", ".join(_names(kinds, "{}", "constant")),
    )


def _names(kinds: list[str], of_value: str, of_float: str) -> list[str]:
    pairs = zip("ab", kinds, strict=False)
    return [(of_float if kind == "float" else of_value).format(name) for name, kind in pairs]


def scope() -> dict[str, Any]:
    """Return the globals for printed functions, but for the classes of nodes."""
    return {
        **vars(FLOATS),
        "FLOATS": FLOATS,
        "current_recorder": current_recorder,
        "new": object.__new__,
    }
