"""Writes the text of one LLVM function: values, loops, and vectors of numbers, the `Lanes`.

Arithmetic with `Lanes` writes instructions. So what is written for numbers or arrays, such as the
table's ``forward``, prints itself as machine code when it is called with lanes and `LaneMath`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from ..operation import TABLE
from ..recording import forward_of
from .python_code import OWN

Index = int | str  # a number, or the name of a value that is an index of a loop

VECTOR_FUNCTIONS = ("exp", "log", "tanh", "expm1", "log1p")  # of vector_math
LIBRARY_FUNCTIONS = {  # of C, which have the same names in Python, and their operands
    **dict.fromkeys(VECTOR_FUNCTIONS, 1),
    "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1, "sinh": 1, "cosh": 1,
    "asinh": 1, "acosh": 1, "atanh": 1, "erf": 1, "erfc": 1, "log2": 1, "log10": 1, "cbrt": 1,
    "exp2": 1, "pow": 2, "atan2": 2, "hypot": 2, "fmod": 2,
}  # fmt: skip


class CannotLowerError(Exception):
    """A program has something that is not printed as machine code. The text says what."""


class Writer:
    """The lines of one function, and what it declares. ``lanes`` is the width of a full vector."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.declared = set[str]()
        self.block = "entry"
        self.before: dict[str, str] = {}  # the values that `at_entry` has named
        self._count = 0
        self._written: dict[str, str] = {}  # the values of this block, by their instructions

    def name(self, prefix: str = "%v") -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def do(self, text: str) -> None:
        """Write an instruction that has no value."""
        self.lines.append(f"  {text}")

    def value(self, text: str) -> str:
        """Write an instruction, and return the name of its value.

        What the block has computed before is not written again, unless memory may have changed.
        """
        name = self._written.get(text)
        if name is None:
            name = self.name()
            self.lines.append(f"  {name} = {text}")
            if not text.startswith(("load", "call")):
                self._written[text] = name
        return name

    def at_entry(self, text: str) -> str:
        """Return the name of a value that is computed once, before all blocks."""
        return self.before.setdefault(text, f"%e{len(self.before)}")

    def place(self, base: str, index: Index, kind: str = "double") -> str:
        """Return the address of an element of memory."""
        return self.value(f"getelementptr {kind}, ptr {base}, i64 {index}")

    def begin(self, block: str) -> None:
        """Begin the block of this name."""
        self.lines.append(f"{block}:")
        self.block = block
        self._written.clear()

    def loop(
        self,
        start: Index,
        stop: Index,
        step: int,
        body: Callable[[Index, list[Lanes]], Sequence[Lanes]],
        carried: Sequence[Lanes] = (),
    ) -> list[Lanes]:
        """Write ``body`` for each index. It takes the carried values and returns the next ones.

        Where ``start`` or ``stop`` is a value of the program, there is at least one index.
        """
        if isinstance(start, int) and isinstance(stop, int):
            if start >= stop:
                return list(carried)
            if start + step >= stop:
                return list(body(start, list(carried)))
        before, head, after = self.block, self.name("b"), self.name("b")
        self.do(f"br label %{head}")
        self.begin(head)
        index, place = self.name(), len(self.lines)
        now = [self.lanes_of(self.name(), x.width) for x in carried]
        self.lines += [""] * (1 + len(now))
        then = body(index, now)
        following = self.value(f"add nuw nsw i64 {index}, {step}")
        more = self.value(f"icmp slt i64 {following}, {stop}")
        end = self.block
        self.do(f"br i1 {more}, label %{head}, label %{after}")
        self.lines[place] = f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{end} ]"
        for k, (first, x, new) in enumerate(zip(carried, now, then, strict=True)):
            self.lines[place + 1 + k] = (
                f"  {x.name} = phi {x.type} [ {first.name}, %{before} ], [ {new.name}, %{end} ]"
            )
        self.begin(after)
        return list(then)

    def leave_if(self, condition: str, result: Index, kind: str = "i32") -> None:
        """Return ``result`` from the function if a bit is set."""
        leave, stay = self.name("b"), self.name("b")
        self.do(f"br i1 {condition}, label %{leave}, label %{stay}")
        self.begin(leave)
        self.do(f"ret {kind} {result}")
        self.begin(stay)

    # ----------------------------------------------------------------------------------- lanes

    def lanes_of(self, name: str, width: int) -> Lanes:
        return Lanes(self, name, width)

    def constant(self, x: float, width: int = 1) -> Lanes:
        return Lanes(self, repeated(f"double {bits(x)}", width), width, float(x))

    def spread(self, x: Lanes, width: int) -> Lanes:
        """Return one number in all lanes."""
        if x.width == width:
            return x
        if x.constant is not None:
            return self.constant(x.constant, width)
        kind = type_of(width)
        one = self.value(f"insertelement {kind} poison, double {x.name}, i64 0")
        return self.lanes_of(self._shuffled(one, width, [0] * width), width)

    def part(self, x: Lanes, lanes: Sequence[int]) -> Lanes:
        """Return some of the lanes, which may repeat."""
        if len(lanes) == 1:
            if x.width == 1:
                return x
            one = self.value(f"extractelement {x.type} {x.name}, i64 {lanes[0]}")
            return self.lanes_of(one, 1)
        if x.width == 1:
            return self.spread(x, len(lanes))
        return self.lanes_of(self._shuffled(x.name, x.width, lanes), len(lanes))

    def joined(self, parts: Sequence[Lanes]) -> Lanes:
        """Return the lanes of several vectors of one width, in order. Their number is 2**k."""
        while len(parts) > 1:
            width = parts[0].width
            parts = [self._pair(a, b, width) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def _pair(self, a: Lanes, b: Lanes, width: int) -> Lanes:
        if width == 1:
            both = self.value(f"insertelement <2 x double> poison, double {a.name}, i64 0")
            both = self.value(f"insertelement <2 x double> {both}, double {b.name}, i64 1")
            return self.lanes_of(both, 2)
        order = ", ".join(f"i32 {i}" for i in range(2 * width))
        text = f"shufflevector {a.type} {a.name}, {b.type} {b.name}, <{2 * width} x i32> <{order}>"
        return self.lanes_of(self.value(text), 2 * width)

    def _shuffled(self, name: str, width: int, lanes: Sequence[int]) -> str:
        order = ", ".join(f"i32 {i}" for i in lanes)
        kind = type_of(width)
        return self.value(
            f"shufflevector {kind} {name}, {kind} poison, <{len(lanes)} x i32> <{order}>"
        )

    def called(self, function: str, *operands: Lanes) -> Lanes:
        """Return the result of a function of lanes, such as ``@llvm.fabs``."""
        width = operands[0].width
        suffix = "f64" if width == 1 else f"v{width}f64"
        kind = type_of(width)
        name = f"{function}.{suffix}"
        self.declared.add(f"declare {kind} {name}({', '.join([kind] * len(operands))})")
        given = ", ".join(f"{kind} {x.name}" for x in operands)
        return self.lanes_of(self.value(f"call {kind} {name}({given})"), width)


class Arithmetic:
    """The operators of `Lanes` and of a `Mask`, which write instructions."""

    __slots__ = ("writer", "name", "width")

    def __init__(self, writer: Writer, name: str, width: int) -> None:
        self.writer, self.name, self.width = writer, name, width

    def number(self) -> Lanes:
        """Return it as numbers."""
        raise NotImplementedError  # Lanes are numbers, and a Mask becomes 1 or 0

    def like(self, x: Any) -> Lanes:
        """Return ``x`` as numbers, too: one number is in all lanes."""
        if isinstance(x, Arithmetic):
            return x.number()
        return self.writer.constant(float(x), self.width)

    def _computed(self, instruction: str, a: Any, b: Any) -> Lanes:
        left, right = self.like(a), self.like(b)
        text = f"{instruction} {left.type} {left.name}, {right.name}"
        return Lanes(self.writer, self.writer.value(text), self.width)

    def compared(self, test: str, x: Any) -> Mask:
        """Return where a test of LLVM holds, such as "olt", which is false for nan."""
        left, right = self.number(), self.like(x)
        text = f"fcmp {test} {left.type} {left.name}, {right.name}"
        return Mask(self.writer, self.writer.value(text), self.width)

    def __add__(self, x: Any) -> Lanes:
        return self._computed("fadd", self, x)

    def __radd__(self, x: Any) -> Lanes:
        return self._computed("fadd", x, self)

    def __sub__(self, x: Any) -> Lanes:
        return self._computed("fsub", self, x)

    def __rsub__(self, x: Any) -> Lanes:
        return self._computed("fsub", x, self)

    def __mul__(self, x: Any) -> Lanes:
        return self._computed("fmul", self, x)

    def __rmul__(self, x: Any) -> Lanes:
        return self._computed("fmul", x, self)

    def __truediv__(self, x: Any) -> Lanes:
        return self._computed("fdiv", self, x)

    def __rtruediv__(self, x: Any) -> Lanes:
        return self._computed("fdiv", x, self)

    def __neg__(self) -> Lanes:
        x = self.number()
        if x.constant is not None:
            return self.writer.constant(-x.constant, self.width)
        return Lanes(self.writer, self.writer.value(f"fneg {x.type} {x.name}"), self.width)

    def __lt__(self, x: Any) -> Mask:
        return self.compared("olt", x)

    def __le__(self, x: Any) -> Mask:
        return self.compared("ole", x)

    def __gt__(self, x: Any) -> Mask:
        return self.compared("ogt", x)

    def __ge__(self, x: Any) -> Mask:
        return self.compared("oge", x)

    def __eq__(self, x: object) -> Mask:  # type: ignore[override]  # a mask, where object has a bool
        return self.compared("oeq", x)

    def __ne__(self, x: object) -> Mask:  # type: ignore[override]  # a mask, where object has a bool
        return self.compared("une", x)

    def __bool__(self) -> bool:
        raise TypeError("a vector is neither true nor false")


class Lanes(Arithmetic):
    """A vector of numbers, or one number. ``constant`` is the number in all lanes, if known."""

    __slots__ = ("constant",)

    def __init__(
        self, writer: Writer, name: str, width: int, constant: float | None = None
    ) -> None:
        super().__init__(writer, name, width)
        self.constant = constant

    @property
    def type(self) -> str:
        return type_of(self.width)

    def number(self) -> Lanes:
        return self


class Mask(Arithmetic):
    """The outcome of a comparison. In arithmetic it is 1 where true, else 0."""

    __slots__ = ()

    @property
    def type(self) -> str:
        return "i1" if self.width == 1 else f"<{self.width} x i1>"

    def number(self) -> Lanes:
        return self.chosen(1.0, 0.0)

    def chosen(self, a: Any, b: Any) -> Lanes:
        """Return ``a`` where true, else ``b``."""
        left, right = self.like(a), self.like(b)
        text = f"select {self.type} {self.name}, {left.type} {left.name}, {left.type} {right.name}"
        return Lanes(self.writer, self.writer.value(text), self.width)

    def either(self, other: Mask) -> Mask:
        """Return where one of two masks is true."""
        text = f"or {self.type} {self.name}, {other.name}"
        return Mask(self.writer, self.writer.value(text), self.width)


class LaneMath:
    """The functions of `Lanes` that the table's ``forward`` needs, and every operation of it.

    With ``vectors`` some are those of vector_math, else all are those of the C library, which
    Python's ``math`` has too.
    """

    def __init__(self, writer: Writer, vectors: bool = True) -> None:
        self._writer, self._vectors = writer, vectors
        self.vector_functions = set[str]()  # that are called

    def where(self, condition: Any, a: Any, b: Any) -> Lanes:
        mask: Mask = condition if isinstance(condition, Mask) else condition != 0.0
        return mask.chosen(a, b)

    def maximum(self, *xs: Any) -> Lanes:
        """Return the largest number, nan if one is nan."""
        return reduce(lambda a, b: _extreme(a, b, "ge"), self._lanes(xs))

    def minimum(self, *xs: Any) -> Lanes:
        """Return the smallest number, nan if one is nan."""
        return reduce(lambda a, b: _extreme(a, b, "le"), self._lanes(xs))

    def fabs(self, x: Lanes) -> Lanes:
        return self._writer.called("@llvm.fabs", x)

    def sqrt(self, x: Lanes) -> Lanes:
        return self._writer.called("@llvm.sqrt", x)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function by its name in Python, or an operation of the table."""
        if name in VECTOR_FUNCTIONS and self._vectors:
            return lambda x: self._vector(name, x)
        if name in LIBRARY_FUNCTIONS:
            return lambda *xs: self._library(name, xs)
        operation = TABLE.get(name.removeprefix(OWN))
        if operation is None:
            raise CannotLowerError(f"it calls {name}, which machine code does not have")

        def called(*xs: Any) -> Any:
            try:
                return forward_of(operation, self, xs)
            except TypeError as error:  # of an operation of somebody's own
                raise CannotLowerError(str(error)) from None

        return called

    def _lanes(self, xs: Sequence[Any]) -> list[Lanes]:
        """Return numbers, masks and lanes as lanes of one width."""
        first = next(x for x in xs if isinstance(x, Arithmetic))
        return [first.like(x) for x in xs]

    def _vector(self, name: str, x: Lanes) -> Lanes:
        """Return a function of vector_math, which takes full vectors: others are filled up.

        A lane is filled with a number that is there anyway, so that it raises no other error.
        """
        writer, n = self._writer, self._writer.lanes
        self.vector_functions.add(name)
        x = x.number()
        if x.width > n:
            parts = [writer.part(x, range(i, i + n)) for i in range(0, x.width, n)]
            return writer.joined([self._vector(name, part) for part in parts])
        full = writer.part(x, [i % x.width for i in range(n)])
        text = f"call {full.type} @v_{name}({full.type} {full.name})"
        found = writer.lanes_of(writer.value(text), n)
        return writer.part(found, range(x.width)) if x.width < n else found

    def _library(self, name: str, xs: Sequence[Any]) -> Lanes:
        """Return a function of the C library, called for each lane."""
        writer = self._writer
        if len(xs) != LIBRARY_FUNCTIONS[name]:
            raise CannotLowerError(f"it calls {name} with {len(xs)} numbers")
        operands = self._lanes(xs)
        writer.declared.add(f"declare double @{name}({', '.join(['double'] * len(xs))})")
        found = []
        for i in range(operands[0].width):
            given = [f"double {writer.part(x, [i]).name}" for x in operands]
            text = f"call double @{name}({', '.join(given)})"
            found.append(writer.lanes_of(writer.value(text), 1))
        return writer.joined(found)


def _extreme(a: Lanes, b: Lanes, test: str) -> Lanes:
    """Return ``a`` where the test holds or ``a`` is nan, else ``b``."""
    if b.constant is not None:  # which is not nan
        return a.compared(f"u{test}", b).chosen(a, b)
    return a.compared(f"o{test}", b).either(a != a).chosen(a, b)


def type_of(width: int) -> str:
    return "double" if width == 1 else f"<{width} x double>"


def repeated(text: str, width: int) -> str:
    """Return a constant vector. Of one lane it is the number without its type."""
    return text.removeprefix("double ") if width == 1 else f"<{', '.join([text] * width)}>"


def bits(x: float) -> str:
    """Return a number as LLVM reads it without rounding."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"
