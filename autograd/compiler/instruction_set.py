"""The instructions of the interpreter, as text for LLVM: each is a function of a few lines.

An instruction is written by the ``forward`` of the table, evaluated on `Term` objects: their
operators and functions write LLVM's text. So no operation is written a second time. Operations of
one or two operands have an instruction each. There are a few more, of which the others are made:
comparisons, choices, sums of products, and functions of C that the table does not have.

A program is a list of entries of four numbers: the instruction, where its result goes, and its two
operands. They are places in the workspace, an array of doubles. Each instruction ends with a jump
to the next one's (`musttail`), so the processor can predict the jumps one by one.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

from ..operation import TABLE, Operation
from ..recording import forward_of
from .machine_code import ARITY_OF_C

FIELDS = 4  # of an entry
TESTS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


def _arithmetic(name: str) -> tuple[Callable[..., Term], Callable[..., Term]]:
    """Return the methods of an operator: for a term on its left, and on its right."""
    return (
        lambda a, b: a.line(f"{name} double {named(a)}, {named(b)}"),
        lambda b, a: b.line(f"{name} double {named(a)}, {named(b)}"),
    )


def _comparison(test: str) -> Callable[[Term, Any], Term]:
    return lambda a, b: a.line(f"fcmp {test} double {named(a)}, {named(b)}")


class Term:
    """A double in the text of a function, or the outcome of a comparison."""

    __slots__ = ("lines", "name")

    def __init__(self, lines: list[str], name: str) -> None:
        self.lines, self.name = lines, name

    def line(self, text: str) -> Term:
        """Append a line that computes ``text``. Return its result."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return Term(self.lines, name)

    __add__, __radd__ = _arithmetic("fadd")
    __sub__, __rsub__ = _arithmetic("fsub")
    __mul__, __rmul__ = _arithmetic("fmul")
    __truediv__, __rtruediv__ = _arithmetic("fdiv")
    __lt__, __le__ = _comparison("olt"), _comparison("ole")
    __gt__, __ge__ = _comparison("ogt"), _comparison("oge")
    __eq__ = _comparison("oeq")  # type: ignore[assignment]  # a term, where object has a bool
    __ne__ = _comparison("une")  # type: ignore[assignment]  # a term, where object has a bool

    def __neg__(self) -> Term:
        return self.line(f"fneg double {self.name}")

    def __bool__(self) -> bool:
        raise TypeError("a term is neither true nor false")


def named(x: Any) -> str:
    """Return how LLVM writes a term or a number."""
    return x.name if isinstance(x, Term) else f"0x{_bits(float(x)):016X}"


def _bits(x: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", x))[0])


class _Functions:
    """What ``forward`` calls ``m``: functions of terms."""

    def where(self, condition: Term, a: Any, b: Any) -> Term:
        choice = f"select i1 {condition.name}, double {named(a)}, double {named(b)}"
        return condition.line(choice)

    def maximum(self, *xs: Any) -> Any:
        return reduce(lambda a, b: self._first_if(a >= b, a, b), xs)

    def minimum(self, *xs: Any) -> Any:
        return reduce(lambda a, b: self._first_if(a <= b, a, b), xs)

    def _first_if(self, condition: Term, a: Any, b: Any) -> Term:
        is_nan = a != a
        return self.where(condition.line(f"or i1 {condition.name}, {is_nan.name}"), a, b)

    def stop_gradient(self, x: Any) -> Any:
        return x

    def fabs(self, x: Term) -> Term:
        return x.line(f"call double @llvm.fabs.f64(double {x.name})")

    def sqrt(self, x: Term) -> Term:
        return x.line(f"call double @llvm.sqrt.f64(double {x.name})")

    def __getattr__(self, name: str) -> Any:
        if name not in ARITY_OF_C:
            raise AttributeError(f"machine code has no function {name!r}")

        def call(*xs: Any) -> Term:
            given = ", ".join(f"double {named(x)}" for x in xs)
            return next(x for x in xs if isinstance(x, Term)).line(f"call double @{name}({given})")

        return call


FUNCTIONS = _Functions()


def _of_one(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda old, a, b: function(a)


def _of_two(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda old, a, b: function(a, b)


def _of_test(test: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda old, a, b: FUNCTIONS.where(test(a, b), 1.0, 0.0)


def _of_the_table(op: Operation) -> Callable[..., Any]:
    return lambda old, a, b: forward_of(op, FUNCTIONS, (a, b)[: op.arity])


@cache
def values() -> dict[str, Callable[..., Any]]:
    """Return the instructions with a value: functions of what the place holds and the operands.

    Their names are those of operations, of functions of C and of Python's comparisons.
    """
    found: dict[str, Callable[..., Any]] = {
        "copy": _of_one(lambda a: a),
        "add_product": lambda old, a, b: old + a * b,
        "choose": lambda old, a, b: FUNCTIONS.where(a != 0.0, b, old),
        "maximum": _of_two(FUNCTIONS.maximum),
        "minimum": _of_two(FUNCTIONS.minimum),
        "fabs": _of_one(FUNCTIONS.fabs),
    }
    for test in TESTS:
        found[test.__name__] = _of_test(test)
    for name, arity in ARITY_OF_C.items():
        found[name] = (_of_one, _of_two)[arity - 1](getattr(FUNCTIONS, name))
    table = [op for op in TABLE.values() if op.arity and not op.is_own and _can_be_written(op)]
    return found | {op.name: _of_the_table(op) for op in table}


def _can_be_written(op: Operation) -> bool:
    """Return whether ``forward`` needs nothing that machine code does not have."""
    try:
        forward_of(op, FUNCTIONS, [Term([], "%x") for _ in range(op.arity)])
    except (TypeError, AttributeError):
        return False
    return True


@cache
def numbers() -> dict[str, int]:
    """Return the number of each instruction by its name."""
    return {name: i for i, name in enumerate([*STOPS, *values()])}


def interpreter() -> str:
    """Return the text of ``i32 @run(program, workspace, flags)``.

    It returns -1 if a flag was raised, else what the program stopped with.
    """
    declared = [
        f"declare double @{name}({', '.join(['double'] * arity)})"
        for name, arity in ARITY_OF_C.items()
    ]
    table = ", ".join(f"ptr @do_{name}" for name in numbers())
    return "\n".join(
        [
            _HEAD,
            *declared,
            *[_stop(name, condition) for name, condition in STOPS.items()],
            *[_instruction(name, value) for name, value in values().items()],
            f"@table = internal constant [{len(numbers())} x ptr] [{table}]",
        ]
    )


# Instructions that may end the program, with the status that stands in place of the result.
STOPS: dict[str, Callable[[Term], Term]] = {
    "stop": lambda a: a.line("icmp eq i32 0, 0"),
    "stop_if": lambda a: a != 0.0,
    "stop_unless": lambda a: a == 0.0,
}
_ARGUMENTS = "ptr %at, ptr %w, ptr %table"
_HEAD = """
declare double @llvm.fabs.f64(double)
declare double @llvm.sqrt.f64(double)
declare i32 @feclearexcept(i32)
declare i32 @fetestexcept(i32)
define i32 @run(ptr %program, ptr %w, i32 %flags) nounwind {
  %cleared = call i32 @feclearexcept(i32 %flags)
  %number = load i32, ptr %program
  %entry = getelementptr ptr, ptr @table, i32 %number
  %first = load ptr, ptr %entry
  %end = call i32 %first(ptr %program, ptr %w, ptr @table)
  %raised = call i32 @fetestexcept(i32 %flags)
  %error = icmp ne i32 %raised, 0
  %status = select i1 %error, i32 -1, i32 %end
  ret i32 %status
}"""
_NEXT = f"""
  %next = getelementptr i32, ptr %at, i64 {FIELDS}
  %number = load i32, ptr %next
  %entry = getelementptr ptr, ptr %table, i32 %number
  %do = load ptr, ptr %entry
  %end = musttail call i32 %do(ptr %next, ptr %w, ptr %table)
  ret i32 %end
}}"""


def _operand(name: str, field: int) -> str:
    """Return the lines that read a place from the entry, and what the workspace has there."""
    return f"""
  %{name}_field = getelementptr i32, ptr %at, i64 {field}
  %{name}_place = load i32, ptr %{name}_field
  %{name}_at = getelementptr double, ptr %w, i32 %{name}_place
  %{name} = load double, ptr %{name}_at"""


def _instruction(name: str, value: Callable[..., Any]) -> str:
    lines: list[str] = []
    result = named(value(*[Term(lines, f"%{x}") for x in ("old", "a", "b")]))
    # code generation drops the operands that are not used
    operands = [_operand(x, i) for i, x in enumerate(("old", "a", "b"), start=1)]
    return "\n".join(
        [
            f"define internal i32 @do_{name}({_ARGUMENTS}) nounwind {{",
            *operands,
            *lines,
            f"  store double {result}, ptr %old_at{_NEXT}",
        ]
    )


def _stop(name: str, condition: Callable[[Term], Term]) -> str:
    lines: list[str] = []
    stops = condition(Term(lines, "%a"))
    return "\n".join(
        [
            f"define internal i32 @do_{name}({_ARGUMENTS}) nounwind {{",
            _operand("a", 2),
            *lines,
            f"  br i1 {stops.name}, label %stop, label %go_on",
            "stop:",
            "  %status_field = getelementptr i32, ptr %at, i64 1",
            "  %status = load i32, ptr %status_field",
            "  ret i32 %status",
            f"go_on:{_NEXT}",
        ]
    )
