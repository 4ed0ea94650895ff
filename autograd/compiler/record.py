"""Stage 1, record: run a function once on traced Values, and keep the operations it performs.

A recorded function computes `Traced` nodes. A node knows its operation, its parents and its value,
so that comparisons have an answer. It refuses to show the value: a number that is read would be a
constant of the compiled program. Values from outside, a model's parameters, are leaves of the
recorded graph. float() and int() of them are refused too. Their ``.data`` cannot be refused: it is
a slot, because slots are fast. Every comparison is kept as a `Guard`. The program is right as long
as all comparisons have the same outcome.
"""

from __future__ import annotations

import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn, TypeVar

from ..operation import Operation, real
from ..recording import Recorder
from ..value import Constant, Scalar, Value
from .batch import Axis


class TracedValueError(TypeError):
    """A compiled function read the number of a Value that stands for many numbers."""


def _forbidden(what: str) -> Callable[..., NoReturn]:
    """Return a method that raises."""

    def refuse(*_: Any) -> NoReturn:
        raise TracedValueError(
            f"{what} inside a compiled function, where a Value stands for many numbers: compute "
            "with autograd's functions (autograd.exp, not math.exp), compare Values themselves, "
            "and declare an argument used as an index or a count with static_argnums"
        )

    return refuse


no_float = _forbidden("float()")  # of a parameter too: its number would be a constant


class Traced(Value):
    """A Value inside a function that is being recorded."""

    __slots__ = ("value", "axis")
    value: Any  # a float, or an array of one for each row of a batch
    axis: Axis | None  # that batch

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
    """A plain number in the recording: an argument, or the result of plain numbers only.

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
    """The comparison ``test(left, right)``, of Values or of expressions, and its outcome."""

    test: Callable[[Any, Any], bool]
    left: Any
    right: Any
    outcome: bool


T = TypeVar("T", bound=Traced)


class TraceRecorder(Recorder):
    """Keeps every operation and comparison, in order."""

    def __init__(self) -> None:
        self.nodes: list[Traced] = []  # operations and arguments, parents before consumers
        self.guards: list[Guard] = []
        self._copies: dict[int, tuple[float, TracedNumber]] = {}  # by the id of the float

    def argument(self, x: Any) -> Traced:
        """Return the node that stands for the argument ``x``, a Value or a plain number."""
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
        return self._node(kind, operation, parents, operation.value(xs, parents))

    def _node(
        self, kind: type[T], op: Operation | None, parents: tuple[Value, ...], value: Any
    ) -> T:
        node = object.__new__(kind)
        node.op, node.parents, node.value, node.label, node.axis = op, parents, value, "", None
        if isinstance(node, TracedNumber):
            node.recorder = self
        self.nodes.append(node)
        return node

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Scalar) -> bool:
        right = b if isinstance(b, Value) else Constant(b)
        left_number, right_number = (
            x.value if isinstance(x, Traced) else x.data for x in (a, right)
        )
        outcome = test(left_number, right_number)
        self.guards.append(Guard(test, a, right, outcome))
        return outcome

    def real(self, x: Any) -> float:
        """Return ``x`` as the data of a new Value. Remember which argument it was copied from.

        ``Value(x)`` of a plain argument is a new leaf. `source` finds the argument by the identity
        of the float in it.
        """
        if type(x) is not TracedNumber:
            return super().real(x)
        copy = x.value * 1.0  # a new float object
        self._copies[id(copy)] = copy, x
        return copy

    def source(self, leaf: Value) -> Traced | None:
        """Return the plain argument that ``leaf`` was copied from, None if it was not."""
        found = None if isinstance(leaf, Traced) else self._copies.get(id(leaf.data))
        return found[1] if found else None

    def made_inside(self, outputs: Iterable[Value]) -> set[Value]:
        """Return the leaves that the function made itself and did not return: constants.

        ``Value(x)`` inside the function is a new leaf at each call, whose gradient nobody can see.
        Such a leaf has no other references than those from the recording.
        """
        probe = Value(0.0)
        used = [x for node in self.nodes for x in node.parents if type(x) is Value]
        used += [x for guard in self.guards for x in (guard.left, guard.right) if type(x) is Value]
        references = Counter(used)
        references[probe] = 1  # by its name here
        del used
        excess = {x: sys.getrefcount(x) - count for x, count in references.items()}
        inside = {x for x, more in excess.items() if more <= excess[probe] and not x.parents}
        return inside - set(outputs) | {x for x in outputs if self.source(x)}
