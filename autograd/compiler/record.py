"""Stage 1, record: run a function once on traced Values and keep the operations it performs.

What a function computes while it is recorded are `Traced` nodes. They know their operation and
parents, and their value too, so that comparisons can be answered; but they do not tell it: a number
read out would be a constant of the compiled program. Values from outside, a model's parameters, are
leaves of the recorded graph. Of them float() and int() are refused too; their ``.data``, a slot for
the sake of speed, cannot be. Every comparison is kept as a `Guard`: the program is right for as
long as all of them come out the same.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..operation import FLOATS, Operation, real
from ..recording import Recorder
from ..value import Constant, Scalar, Value


class TracedValueError(TypeError):
    """A compiled function looked at the number in a Value that stands for many numbers."""


def _forbidden(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any) -> NoReturn:
        raise TracedValueError(
            f"{what} inside a compiled function, where a Value stands for many numbers: compute "
            "with autograd's functions (autograd.exp, not math.exp), compare Values themselves, "
            "and declare an argument used as an index or a count with static_argnums"
        )

    return refuse


no_float = _forbidden("float()")  # nor of a parameter: its number would be a constant


class Traced(Value):
    """A Value inside a function that is being recorded."""

    __slots__ = ("value", "index")
    value: float
    index: int  # its place in the recording

    data = property(_forbidden("reading .data"), _forbidden("setting .data"))
    grad = property(_forbidden("reading .grad"), _forbidden("setting .grad"))
    local_grads = property(_forbidden("reading .local_grads"))
    __float__, __int__ = no_float, _forbidden("int()")
    __index__ = _forbidden("using a Value as an index or a count, as in 'a' * x,")
    __round__ = _forbidden("round()")
    __floordiv__ = __rfloordiv__ = _forbidden("//")
    __mod__ = __rmod__ = _forbidden("%")

    def backward(self) -> None:
        raise TracedValueError(
            "backward() inside a compiled function: return the result and call backward() on what "
            "the compiled function returns, or use autograd.grad inside"
        )

    def __format__(self, spec: str) -> str:
        return _forbidden("formatting a number")() if spec else str(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.op.name if self.op else 'argument'})"


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def compare(a: TracedNumber, b: Any) -> Any:
        try:
            return a.recorder.compare(test, a, b if isinstance(b, Value) else real(b))
        except TypeError:
            return NotImplemented

    return compare


class TracedNumber(Traced):
    """Stands for a plain number: an argument that is one, or computed from such arguments only.

    Unlike Values, numbers are equal when they have the same value, and 0 is false.
    """

    __slots__ = ("recorder",)
    recorder: TraceRecorder

    __eq__, __ne__ = _compared(operator.eq), _compared(operator.ne)

    def __hash__(self) -> int:
        if sys._getframe(1).f_globals.get("__name__", "").startswith("autograd."):
            return id(self)  # the engine keeps nodes in sets and dicts, by identity
        return _forbidden("using a number as a key")()

    def __bool__(self) -> bool:
        return self.recorder.compare(operator.ne, self, 0.0)


class Guard(NamedTuple):
    """The comparison ``test(left, right)`` and how it came out."""

    test: Callable[[Any, Any], bool]
    left: Value
    right: Value
    outcome: bool


class TraceRecorder(Recorder):
    """Keeps every operation and comparison of a context, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Traced] = []  # operations and arguments, parents before consumers
        self.guards: list[Guard] = []
        self.copies: dict[int, tuple[float, TracedNumber]] = {}  # see `real`

    def argument(self, x: Any) -> Traced:
        """What stands for the argument ``x``, a Value or a plain number."""
        if not isinstance(x, Value):
            return self._node(TracedNumber, None, (), float(x))
        node = self._node(Traced, None, (), x.data)
        node.label = x.label
        return node

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs, plain = [], True
        for p in parents:
            if isinstance(p, Traced):
                xs.append(p.value)
                plain = plain and type(p) is TracedNumber
            else:
                xs.append(p.data)
                plain = plain and p.is_constant
        kind = TracedNumber if plain else Traced
        try:
            value = operation.forward(FLOATS, *xs)
        except (ArithmeticError, ValueError) as error:
            raise operation.error(error, xs, parents) from None
        return self._node(kind, operation, parents, value)

    def _node(
        self, kind: type[Traced], op: Operation | None, parents: tuple[Value, ...], value: float
    ) -> Traced:
        node = object.__new__(kind)
        node.op, node.parents, node.value, node.label = op, parents, value, ""
        node.index = len(self.nodes)
        if kind is TracedNumber:
            # only TracedNumber has this slot; mypy sees a Traced
            node.recorder = self  # type: ignore[attr-defined]
        self.nodes.append(node)
        return node

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Scalar) -> bool:
        right = b if isinstance(b, Value) else Constant(b)
        outcome = test(number(a), number(right))
        self.guards.append(Guard(test, a, right, outcome))
        return outcome

    def real(self, x: Any) -> float:
        """``x`` as the data of a new Value; of a traced number, one that is known by identity.

        ``Value(x)`` on a plain argument is a new leaf with its value: `source` finds the argument.
        """
        if type(x) is not TracedNumber:
            return super().real(x)
        copy = x.value * 1.0  # a float object of its own
        self.copies[id(copy)] = copy, x
        return copy

    def source(self, leaf: Value) -> Traced | None:
        """The plain argument that ``leaf`` was made from inside the function, if it was."""
        found = None if isinstance(leaf, Traced) else self.copies.get(id(leaf.data))
        return found[1] if found else None


def number(node: Value) -> float:
    """The value of a node, traced or not."""
    return node.value if isinstance(node, Traced) else node.data
