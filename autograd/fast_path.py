"""The fast way to make a node: each operator as straight-line Python, printed from the table.

An operation of the table is some function calls away from its arithmetic: forward, a rule for each
operand, the search for constants. Here the arithmetic is printed, once, as one function. Where a
and b are both Values, the source for ``a * b`` is::

    x0 = a.data
    x1 = b.data
    t2 = x0 * x1

and a node is made with ``t2`` as data and ``(x1, x0)`` as local gradients. A float or an int in the
place of ``b`` stays a plain number: the operands are then a list, see `autograd.operators`.

Everything else is left to the general way, a function called ``general``: other kinds of operands,
other contexts than `no_grad`, errors, infinite derivatives. Inside `no_grad` the same arithmetic
makes a bare node.

To print a function of the table is to call it with `_Code` in the place of numbers. A function that
branches on its operands cannot be printed. It is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partialmethod
from textwrap import indent
from typing import Any

from .operation import FLOATS, Node, Operation
from .recording import contexts, keeps_values


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
    __class__ = property(_branch)  # isinstance(x, float) asks for it
    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable


def _written(x: Any) -> str:
    if type(x) is _Code:
        return x.name
    if type(x) not in (float, int) or not -(2**53) <= x <= 2**53:  # beyond, an int is no float
        raise _CannotPrintError
    return f"({float(x)!r})"  # Python computes faster with floats alone


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)},)"


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

    def maximum(self, a: Any, b: Any) -> _Code:  # NaN alone differs from itself
        return self._code.append("{0} if {0} >= {1} or {0} != {0} else {1}", a, b)


_CASE = """\
if {condition}:
    try:
        {arithmetic}
        node = new(Value)
        node.data = {y}
        node.grad = 0.0
        node.op = {op}
        node.operands = {operands}
        node.local_grads = {grads}
        node.label = ""
        return node
    except (ArithmeticError, ValueError, TypeError):  # outside the domain, an infinite derivative,
        # or data that a user set to no number
        return general({arguments})
"""
_FLOAT = """\
if kind is int:
    {number} = float({number})
elif kind is not float:
    return general({arguments})"""


class _Printer:
    """Prints the function of one operation, for operands called a and b."""

    def __init__(self, operation: Operation, arguments: str) -> None:
        self.operation, self.arguments = operation, arguments
        self.called: dict[str, Any] = {"operation": operation}  # what the source calls by name

    def case(self, condition: str, number: str, graph: bool) -> str:
        """Return the source for operands that are Values, but for the one called ``number``.

        Without ``graph`` it computes the value alone.
        """
        operands = ["a", "b"][: self.operation.arity]
        lines: list[str] = []
        if number:
            lines += _FLOAT.format(number=number, arguments=self.arguments).splitlines()
        xs = []
        for i, operand in enumerate(operands):
            xs.append(_Code(operand if operand == number else f"x{i}", lines))
            if operand != number:
                lines.append(f"x{i} = {operand}.data")
        y = self.code(self.operation.forward, _Functions(xs[0]), xs)
        op, parents, grads = "None", "()", "()"
        if graph:
            op, parents = "operation", (f"[{', '.join(operands)}]" if number else _tuple(operands))
            grads = _tuple([self.rule(i, number, y, xs) for i in range(len(xs))])
        return _CASE.format(
            condition=condition,
            arithmetic="\n        ".join(lines),
            y=y.name,
            op=op,
            operands=parents,
            grads=grads,
            arguments=self.arguments,
        )

    def rule(self, i: int, number: str, y: _Code, xs: list[_Code]) -> str:
        """Return the source of the local gradient by operand ``i``."""
        rule = self.operation.rules[i]
        if "ab"[i] == number:
            return "None"
        return repr(rule) if type(rule) is float else self.code(rule, y, xs).name

    def code(self, f: Callable[..., Any], first: Any, xs: list[_Code]) -> _Code:
        """Return the variable of ``f(first, *xs)``, which is called if it cannot be printed."""
        lines = xs[0].lines
        start = len(lines)
        try:
            return _Code(_written(f(first, *xs)), lines)
        except (_CannotPrintError, TypeError):
            del lines[start:]
            name = f"function{len(self.called)}"
            self.called[name] = f
            first_name = first.name if type(first) is _Code else "FLOATS"
            return xs[0].append(f"{name}({', '.join([first_name, *(x.name for x in xs)])})")


def print_function(
    operation: Operation,
    general: Callable[..., Any],
    namespace: dict[str, Any],
    reflected: bool = False,
) -> Callable[..., Any]:
    """Return the printed method of ``operation``: ``f(a)``, ``f(a, b)``, or reflected ``f(b, a)``.

    It calls ``general`` with the same arguments for all that it does not do itself. ``namespace``
    has its globals. Value is put there before the first call.
    """
    if operation.arity == 1:
        arguments, this, cases = "a", "a", [("True", "")]
    elif reflected:
        arguments, this, cases = "b, a", "b", [("True", "a")]
    else:
        arguments, this, cases = "a, b", "a", [("kind is Value", ""), ("True", "b")]
    printer = _Printer(operation, arguments)
    other = arguments[-1]
    body = [f"kind = type({other})\n"] if len(arguments) > 1 else []
    bodies = [
        "".join([*body, *[printer.case(*case, graph=graph) for case in cases]])
        for graph in (True, False)
    ]
    called = {**printer.called, "general": general}
    source = (
        f"def make({', '.join(called)}):\n"
        f"    def printed({arguments}):\n"
        f"        if type({this}) is Value and not contexts:\n"
        f"{indent(bodies[0], ' ' * 12)}"
        f"        elif type({this}) is Value and keeps_values():\n"
        f"{indent(bodies[1], ' ' * 12)}"
        f"        return general({arguments})\n"
        f"    return printed\n"
    )
    exec(compile(source, f"{__file__} ({operation.name})", "exec"), namespace)
    function: Callable[..., Any] = namespace.pop("make")(**called)
    vars(function)["__wrapped__"] = operation
    function.__name__, function.__doc__ = operation.name, operation.__doc__
    function.__qualname__ = f"Value.{operation.name}"
    return function


def scope() -> dict[str, Any]:
    """Return the globals for printed functions, but for the classes of nodes."""
    return {
        **vars(FLOATS),
        "FLOATS": FLOATS,
        "contexts": contexts,
        "keeps_values": keeps_values,
        "new": object.__new__,
    }
