"""What a function sees while it is recorded: traced Values, plain numbers, comparisons.

A traced node knows its operation, its parents and its value, so that comparisons have an answer.
Every comparison that the function branches on is kept as a `Guard`.

What a function reads must not be frozen. ``x.data`` is that Value behind `stop_gradient`, as a
`TracedNumber`. This holds for parameters too: ``data`` and ``grad`` of the class `Value` are
properties while anything is recorded, and slots again afterwards. float(), int() and whatever else
needs the number itself are refused.

A leaf belongs to the recording if it gets its first ``data`` while the function is recorded. So a
Value that the function makes is a constant, or a copy of the plain number that it was made from.
All other leaves are live: every call reads their ``data``.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from threading import get_ident
from typing import Any, NamedTuple, NoReturn

from .. import ops
from ..choosing import list_index
from ..operation import FLOATS, TABLE, Binary, Node, Operation, Unary, real
from ..operators import Operators
from ..recording import Recorder, current_recorder, recording
from ..value import Constant, Value
from .batch import Axis
from .process_lock import ProcessLock
from .tape import MANY, STRIDE, Kind, Tape, finished

new = object.__new__
EXACT_INT = 2**53  # floats are exact up to here
INT_OPERATIONS = {ops.add, ops.sub, ops.mul, ops.neg, ops.abs}  # of ints, an int


class TracedValueError(TypeError, AttributeError):
    """A compiled function read the number of a Value that stands for many numbers."""


def _forbidden(what: str) -> Callable[..., NoReturn]:
    """Return a method that raises."""

    def refuse(*_: Any) -> NoReturn:
        if isinstance(recorder := current_recorder(), TraceRecorder):
            recorder.caught.append(f"{what} raised an error inside, which it caught")
        raise TracedValueError(
            f"{what} inside a compiled function, where a Value stands for many numbers: compute "
            "with autograd's functions (autograd.exp, not math.exp), compare Values themselves, "
            "and declare an argument used as an index or a count with static_argnums"
        )

    return refuse


no_float = _forbidden("float()")  # of a parameter too: its number would be a constant
_set_data, _set_grad = _forbidden("setting .data"), _forbidden("setting .grad")
_read_grad = _forbidden("reading .grad")


def _recording(node: Any) -> TraceRecorder:
    """Return the recorder of the function that is being recorded."""
    recorder = current_recorder()
    if not isinstance(recorder, TraceRecorder):
        raise _stale(node)
    return recorder


def _stale(node: Any) -> TracedValueError:
    return TracedValueError(
        f"{node!r} was computed while a compiled function was recorded, and used after that "
        "(kept in a cache, an attribute or a list): return it from the function instead"
    )


# ------------------------------------------------------------- ``data`` while something is recorded

_data, _grad = vars(Value)["data"], vars(Value)["grad"]  # the slots
_lock = ProcessLock()
_recording_threads: list[int] = []  # one for each recording that is going on


def _seen(slot: Any, read: str, write: str) -> property:
    """Return a property that asks the recorder of this context. Other threads get the slot."""

    def get(node: Value) -> Any:
        recorder = current_recorder()
        found = slot.__get__(node)
        return (
            getattr(recorder, read)(node, found) if isinstance(recorder, TraceRecorder) else found
        )

    def put(node: Value, x: Any) -> None:
        recorder = current_recorder()
        if isinstance(recorder, TraceRecorder):
            x = getattr(recorder, write)(node, x)
        slot.__set__(node, x)

    return property(get, put)


_properties = {
    "data": _seen(_data, "data_read", "data_written"),
    "grad": _seen(_grad, "grad_read", "grad_written"),
}


@contextmanager
def reads_seen() -> Iterator[None]:
    """Show the recorder each ``data`` and ``grad`` that the function reads or writes."""
    with _lock:
        _recording_threads.append(get_ident())
        if len(_recording_threads) == 1:
            for name, seen in _properties.items():
                type.__setattr__(Value, name, seen)
    try:
        yield
    finally:
        with _lock:
            _recording_threads.remove(get_ident())
            _hide_reads()


def _hide_reads() -> None:
    """Make ``data`` and ``grad`` slots again if nothing is recorded."""
    if not _recording_threads:
        type.__setattr__(Value, "data", _data)
        type.__setattr__(Value, "grad", _grad)


def _forget_other_threads() -> None:
    """Forget the recordings of threads that a child process does not have."""
    _recording_threads[:] = [thread for thread in _recording_threads if thread == get_ident()]
    _hide_reads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


# --------------------------------------------------------------------------- what the function sees


class Unreadable:
    """The methods of a number that would show its value: they are refused."""

    __slots__ = ()

    __float__, __int__, __complex__ = no_float, _forbidden("int()"), _forbidden("complex()")
    __index__ = _forbidden("using a Value as an index or a count, as in 'a' * x,")
    __round__ = __trunc__ = __floor__ = __ceil__ = _forbidden("round()")
    __floordiv__ = __rfloordiv__ = __divmod__ = __rdivmod__ = _forbidden("//")
    __mod__ = __rmod__ = _forbidden("%")
    __reduce_ex__ = _forbidden("copying or pickling a Value")

    __str__ = __format__ = _forbidden("formatting a number (str, print, an f-string)")


_unary_methods: dict[Operation, Callable[[Any], Any]] = {}  # of traced nodes


class Traced(Unreadable, Value):
    """A node of a recording: a Value inside the function.

    It keeps its number, and where it stands on the tape. Its operation and its parents are there.
    """

    __slots__ = ()  # the three it needs are those of a Value, under names of their own
    value: Any = _data  # a float, or an array of one for each row of a batch
    index: Any = vars(Value)["local_grads"]  # on the tape; a negative number for a leaf
    home: Any = vars(Value)["operands"]  # the recorder of the function

    @property
    def op(self) -> Operation | None:  # type: ignore[override]  # read from the tape
        return self.home.operation_at(self.index) if self.index >= 0 else None

    @property
    def parents(self) -> tuple[Value, ...]:  # type: ignore[override]  # read from the tape
        if self.home.finished is not None:
            raise _stale(self)
        return self.home.parents_at(self.index) if self.index >= 0 else ()

    operands = parents

    @property
    def label(self) -> Any:  # a string; few nodes have one
        return self.home.labels.get(self.index, "")

    @label.setter
    def label(self, label: str) -> None:
        self.home.labels[self.index] = label

    def record_unary(self, operation: Operation) -> Any:
        method = _unary_methods.get(operation)  # none if it was declared since
        return self.record(operation, (self,)) if method is None else method(self)

    @property
    def axis(self) -> Any:
        """The batch for each of whose rows it has a value, or None."""
        return self.home.axes.get(self.index)

    @axis.setter
    def axis(self, axis: Any) -> None:
        self.home.axes[self.index] = axis

    @property
    def data(self) -> Any:
        """What the function reads. Other recorders compute with the number."""
        if isinstance(current_recorder(), TraceRecorder | None):
            return _recording(self).data_read(self, self.value)
        return self.value

    @data.setter
    def data(self, x: Any) -> None:
        _set_data()

    grad = property(_read_grad, _set_grad)
    local_grads = property(_forbidden("reading .local_grads"))

    def backward(self) -> None:
        raise TracedValueError(
            "backward() inside a compiled function: return the result and call backward() on what "
            "the compiled function returns, or use autograd.grad inside"
        )

    def __repr__(self) -> str:
        return f"Traced({self.op.name if self.op else 'argument'})"


Traced.__name__ = "Value"  # in Python's own errors, as in eager code


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def compare(a: TracedNumber, b: Any) -> Any:
        try:
            return _recording(a).compare(test, a, b)
        except TracedValueError:
            raise
        except TypeError:
            return NotImplemented

    return compare


class TracedNumber(Unreadable, Operators):
    """A plain number in the recording: an argument, a ``data``, or computed from such numbers.

    It behaves like the float or int that it stands for, and is no Value.
    """

    __slots__ = ("node", "kind")
    node: Traced
    kind: type  # float, int or bool

    def __init__(self, node: Traced, kind: type) -> None:
        self.node, self.kind = node, kind

    @property  # type: ignore[misc]  # read-only, where object has a setter
    def __class__(self) -> Any:  # isinstance asks for it
        _recording(self).kinds_asked.append(self.kind)
        return self.kind

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        return _recording(self).record(operation, tuple(operands))

    def record_unary(self, operation: Operation) -> Any:
        return _recording(self).record(operation, (self,))

    __eq__, __ne__ = _compared(operator.eq), _compared(operator.ne)
    __hash__ = _forbidden("using a number as a key")
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _forbidden("&, | or ^")
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _forbidden("<< or >>")
    __invert__ = _forbidden("~")

    def __bool__(self) -> bool:
        return bool(_recording(self).compare(operator.ne, self, 0.0))

    def __copy__(self) -> TracedNumber:
        return self

    def __deepcopy__(self, memo: Any) -> TracedNumber:
        return self

    @property
    def real(self) -> TracedNumber:
        return self

    def __getattr__(self, name: str) -> Any:
        if name in ("data", "grad", "local_grads") or hasattr(float, name) or hasattr(int, name):
            _forbidden(f"reading .{name}")()
        raise AttributeError(f"'float' object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"number({self.node.op.name if self.node.op else 'argument'})"


TracedNumber.__name__ = "number"  # in Python's own errors: a float or an int


class Comparison:
    """What ``a < b`` gives while it is recorded. It becomes a `Guard` if it is used as a bool."""

    __slots__ = ("recorder", "guard", "known")

    def __init__(self, recorder: TraceRecorder, guard: Guard) -> None:
        self.recorder, self.guard, self.known = recorder, guard, False

    def __bool__(self) -> bool:
        if not self.known:
            self.known = True
            self.recorder.add_guard(self.guard)
        return self.guard.outcome

    def as_number(self) -> Any:
        """Return 1 where it holds and 0 where it does not, recorded as operations."""
        test, a, b, *_ = self.guard
        if test in (operator.lt, operator.le):
            a, b = b, a
        more = self._number(ops.heaviside, self._number(ops.sub, a, b))
        same = self._number(ops.equal, a, b)
        if test in (operator.gt, operator.lt):
            return more
        if test in (operator.ge, operator.le):
            return more + same  # which is 0 for nan, as in Python
        return same if test is operator.eq else 1.0 - same

    def _number(self, operation: Operation, *operands: Any) -> Any:
        return TracedNumber(_recording(self).record_node(operation, operands), float)

    __class__ = property(lambda self: bool)  # isinstance asks for it

    def __repr__(self) -> str:
        return repr(bool(self))

    def __hash__(self) -> int:
        return hash(bool(self))

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(bool(self))

    def __invert__(self) -> int:
        return ~int(bool(self))


def _of_bool(method: str) -> Callable[..., Any]:
    def call(comparison: Comparison, *args: Any) -> Any:
        args = tuple([bool(x) if type(x) is Comparison else x for x in args])
        return getattr(bool(comparison), method)(*args)

    return call


_arithmetic = "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"
_others = "eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "format"
for _name in (*_arithmetic, *(f"r{name}" for name in _arithmetic), *_others):
    setattr(Comparison, f"__{_name}__", _of_bool(f"__{_name}__"))


class Guard(NamedTuple):
    """The comparison ``test(left, right)``, of Values or of expressions, and its outcome.

    ``tie`` means: if it holds, the program cannot tell what eager code finds. ``of_range`` means
    that the function did not ask: it is whether an index is in its list, or an int is exact.
    """

    test: Callable[[Any, Any], bool]
    left: Any
    right: Any
    outcome: bool
    tie: bool = False
    of_range: bool = False


class TraceRecorder(Recorder):
    """Keeps every operation, and every comparison that the function branches on, in order."""

    stops = False  # whether this is inside ``no_grad()``

    def __init__(self) -> None:
        self.written: list[int] = []  # the tape, see `autograd.compiler.tape`
        self.many: list[int] = []  # the operands of entries that have many
        self.kinds = [*_KINDS]
        self.codes: dict[tuple[Any, int], int] = dict(_CODES)
        self.nodes: list[Traced | None] = []  # of each entry of the tape
        self.leaves: list[Any] = []
        self.leaf_index: dict[Value, int] = {}
        self.labels: dict[int, str] = {}
        self.axes: dict[int, Axis] = {}
        self.outer: TraceRecorder | None = None  # of a copy for ``no_grad()`` or a derivative
        self.differentiates = False  # whether it records a function for its derivative
        self.finished: Tape | None = None
        self.guards: list[Guard] = []
        self.made: dict[Value, Traced | None] = {}  # leaves made inside; what each is a copy of
        self.caught: list[str] = []  # what is refused, although the function may catch the error
        self.failed: list[str] = []  # errors of operations, which an eager call need not meet
        self.kinds_asked: list[type] = []  # of plain numbers, by isinstance

    def argument(self, x: Any) -> Any:
        """Return what stands for the argument ``x``, a Value or a plain number."""
        if not isinstance(x, Value):
            kind = bool if isinstance(x, bool) else int if isinstance(x, int) else float
            return TracedNumber(self._node(None, (), float(x)), kind)
        node = self._node(None, (), x.data)
        node.label = x.label
        return node

    def record(self, operation: Operation, parents: Sequence[Any]) -> Any:
        """Return the result: a number if all parents are plain numbers, else a node."""
        xs: list[float] = []
        nodes: list[Any] = []
        kinds: set[type] = set()
        plain = True
        for p in parents:
            kind = type(p)
            if kind is TracedNumber:
                p = p.node
                xs.append(p.value)
                kinds.add(parents[len(nodes)].kind)
            elif kind is Traced:
                xs.append(p.value)
                plain = False
            elif isinstance(p, Node):
                xs.append(_data.__get__(p))
                plain = False
            else:
                p = self._constant(p)
                xs.append(_data.__get__(p))
                kinds.add(type(parents[len(nodes)]))
            nodes.append(p)
        node = self._evaluated(operation, nodes, xs)
        y = node.value
        if not plain:
            return self._node(ops.stop_gradient, (node,), y) if self.stops else node
        whole = operation in INT_OPERATIONS and kinds <= {int, bool}
        if whole:
            self._check_whole(node)
        return TracedNumber(node, int if whole else float)

    def record_node(self, operation: Operation, parents: Sequence[Any]) -> Traced:
        """Return the result at ``parents``, which are nodes or plain numbers, as a node."""
        nodes = [p.node if type(p) is TracedNumber else p for p in parents]
        nodes = [p if isinstance(p, Node) else self._constant(p) for p in nodes]
        return self._evaluated(operation, nodes, [_number_of(p) for p in nodes])

    def _evaluated(self, operation: Operation, nodes: list[Any], xs: list[float]) -> Traced:
        try:
            return self._node(operation, tuple(nodes), operation.value(xs))
        except (ArithmeticError, ValueError):
            try:
                with recording(Recorder()):  # where the message can read the numbers
                    operation.value(xs, nodes)
                raise
            except (ArithmeticError, ValueError) as error:
                self.failed.append(f"{error} was raised inside, and it caught the error")
                raise

    def _check_whole(self, node: Traced) -> None:
        """Make a guard: an int is exact as a float."""
        size = self._node(ops.abs, (node,), abs(node.value))
        fits = size.value < EXACT_INT  # more than that may have been rounded to it
        exact = Guard(operator.lt, size, self._constant(EXACT_INT), fits, of_range=True)
        self.add_guard(exact)
        if not fits:
            self.caught.append("it computes with ints that no float can hold")

    def _constant(self, x: Any) -> Constant:
        number = object.__new__(Constant)
        _data.__set__(number, real(x))
        number.operands = number.local_grads = ()
        number.op, number.label = None, ""
        if type(x) is int and abs(x) > EXACT_INT:
            self.caught.append("it computes with ints that no float can hold")
        return number

    # ------------------------------------------------------------------------------------ tape

    def _node(self, op: Operation | None, parents: Sequence[Any], value: Any) -> Traced:
        node = object.__new__(Traced)
        node.home, node.value = self.outer or self, value
        if op is None:
            self.leaves.append(node)
            node.index = -len(self.leaves)
        else:
            node.index = len(self.written)
            self._write(op, parents)
            self.nodes.append(node)
        return node

    def add_guard(self, guard: Guard) -> None:
        """Keep a comparison that the function branches on."""
        self.guards.append(guard)
        self._write(guard._replace(left=None, right=None), (guard.left, guard.right))
        self.nodes.append(None)

    def _write(self, does: Any, parents: Sequence[Any]) -> None:
        operands = [self._operand(p) for p in parents]
        arity = min(len(operands), MANY)
        code = self.codes.get((does, arity))  # which is equal to the kind, and sooner made
        if code is None:
            kind = Kind(does, arity)
            code = self.codes[kind] = len(self.kinds)
            self.kinds.append(kind)
        if arity == MANY:
            start = len(self.many)
            self.many += operands
            self.written += (code, start, len(self.many))
        else:
            self.written += (code, operands[0], operands[-1])

    def _operand(self, p: Any) -> int:
        """Return the place of a node on the tape, or of a leaf among the leaves."""
        if type(p) is Traced and p.home.written is self.written:
            on_tape: int = p.index
            return on_tape
        index = self.leaf_index.get(p)
        if index is None:
            self.leaves.append(p)
            index = -len(self.leaves)
            if type(p) is not Constant or p in self.made:  # others are met once
                self.leaf_index[p] = index
        return index

    def operation_at(self, index: int) -> Operation:
        code = self.finished.kind[index // STRIDE] if self.finished else self.written[index]
        operation: Operation = self.kinds[code].does  # no guard
        return operation

    def parents_at(self, index: int) -> tuple[Value, ...]:
        """Return the parents of the node at this place of the tape."""
        code, first, last = self.written[index : index + STRIDE]
        arity = self.kinds[code].arity
        operands = self.many[first:last] if arity == MANY else (first, last)[:arity]
        return tuple([self._node_at(i) for i in operands])

    def _node_at(self, index: int) -> Any:
        if index >= 0:
            return self.nodes[index // STRIDE]
        leaf = self.leaves[-1 - index]
        if type(leaf) is float:
            leaf = self.leaves[-1 - index] = self._constant(leaf)
        return leaf

    def mark(self) -> tuple[int, ...]:
        """Return how much is recorded, for `rewind`."""
        return len(self.written), len(self.many), len(self.nodes), len(self.guards)

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Forget what was recorded since the ``mark``."""
        parts: Any = self.written, self.many, self.nodes, self.guards
        for part, size in zip(parts, mark, strict=True):
            del part[size:]
        for index in [i for i in self.axes if i >= mark[0]]:
            del self.axes[index]

    def tape(self, numbers: Sequence[Traced], outputs: Sequence[Any]) -> Tape:
        """Return what was recorded, and end recording. ``numbers`` are plain arguments."""
        self.nodes.clear()
        plain, made = {*numbers}, self.made
        ends = [self._operand(x) for x in outputs]
        copies = {
            index: self._operand(source)
            for leaf, index in self.leaf_index.items()
            if (source := made.get(leaf)) is not None
        }
        is_data = [
            type(x) is float or (x in plain if type(x) is Traced else x.is_constant or x in made)
            for x in self.leaves
        ]
        parts = self.kinds, self.written, self.many, self.leaves
        self.finished = finished(*parts, copies, is_data, self.axes, ends)
        self.written, self.many, self.leaf_index = [], [], {}
        return self.finished

    def compare(self, test: Callable[[Any, Any], bool], a: Any, b: Any) -> Any:
        sides = []
        for x in (a, b):
            kind = type(x)
            if kind is TracedNumber:
                x = x.node
            elif not isinstance(x, Node):
                x = self._constant(x)
            sides.append(x)
        numbers = map(_number_of, sides)
        left, right = sides
        return Comparison(self, Guard(test, left, right, test(*numbers)))

    # ---------------------------------------------------------------------------------- choices

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        if type(condition) is TracedNumber:
            condition = condition != 0.0
        if not issubclass(type(condition), Comparison):
            return a if condition else b
        holds = condition.as_number()
        return holds * a + (1.0 - holds) * b

    def one_hot(self, i: Any, size: int, negative: bool) -> list[TracedNumber] | None:
        """Return 1 at place ``i`` and 0 at the others. That ``i`` is such an index is a guard."""
        if isinstance(i, Value):
            i = self.data_read(i, _number_of(i))
        if type(i) is not TracedNumber:
            return None
        shifted = i + 2.0**52  # which has no room for a fraction
        try:
            start = self._first_index(i, size, negative)
        except (IndexError, TypeError) as error:
            self.failed.append(f"{error}: an error that it caught")
            raise
        in_list = i < size if start == 0 else i >= start
        tests: list[Any] = [i >= 0, in_list, i == shifted - 2.0**52]
        for test in tests:
            test.guard = test.guard._replace(of_range=True)
            bool(test)
        return [
            TracedNumber(self.record_node(ops.equal, (i, float(k))), float)
            for k in range(start, start + size)
        ]

    def _first_index(self, i: TracedNumber, size: int, negative: bool) -> int:
        """Return 0 if an index counts from the front of a list of this size, -size from its end."""
        return 0 if list_index(i.node.value, size, negative) >= 0 else -size

    # ------------------------------------------------------------------------- leaves, ``data``

    def real(self, x: Any) -> Any:
        """Return ``x`` as the data of a new Value. A plain number of the recording stays one."""
        return x if type(x) is TracedNumber else super().real(x)

    def data_read(self, node: Value, data: float) -> Any:
        """Return what ``node.data`` is inside the function: a plain number, of derivative 0."""
        if self.made[node] is None if node in self.made else node.is_constant:
            return data
        return TracedNumber(self._node(ops.stop_gradient, (node,), data), float)

    def data_written(self, node: Value, x: Any) -> Any:
        """Return the first ``data`` of a leaf. An error for one that has ``data``."""
        if node in self.made or _is_set(_data, node):
            _set_data()
        self.made[node] = x.node if type(x) is TracedNumber else None
        return x.node.value if type(x) is TracedNumber else x

    def grad_read(self, node: Value, grad: float) -> float:
        return grad if node in self.made else _read_grad()

    def grad_written(self, node: Value, x: Any) -> Any:
        return x if node in self.made else _set_grad()

    # ----------------------------------------------------------------------------------- no_grad

    def without_gradient(self) -> TraceRecorder:
        """Return a recorder into the same recording: its results are behind `stop_gradient`."""
        inner = copy(self)
        inner.stops, inner.outer = True, self.outer or self
        return inner

    def with_gradient(self) -> TraceRecorder:
        """Return a recorder into the same recording, for a function that is differentiated."""
        inner = copy(self)
        inner.stops, inner.outer, inner.differentiates = False, self.outer or self, True
        return inner


_KINDS = [
    Kind(op, 1 if isinstance(op, Unary) else 2)
    for op in TABLE.values()
    if isinstance(op, Unary | Binary)
]
_CODES = {kind: code for code, kind in enumerate(_KINDS)}


def _fast_infix(operation: Binary, python: Callable[[float, float], float], name: str) -> None:
    """Give `Traced` an operator that writes to the tape itself, in the usual cases.

    These are another traced node, a number, or a Value that has been met. `TraceRecorder.record`
    does the rest: rows, ``no_grad()``, errors.
    """
    code = _CODES[Kind(operation, 2)]
    data = _data.__get__
    slow = getattr(Value, f"__{name}__"), getattr(Value, f"__r{name}__")

    def method(reflected: bool) -> Callable[[Traced, Any], Any]:
        general = slow[reflected]

        def operate(a: Traced, b: Any) -> Any:
            home: TraceRecorder = a.home
            if home is not current_recorder():
                return general(a, b)
            kind = type(b)
            j: int | None
            if kind is Traced and b.home is home:
                y, j = b.value, b.index
            elif kind is Value:
                j = home.leaf_index.get(b)
                if j is None:
                    return general(a, b)
                y = data(b)
            elif kind is float or (kind is int and -EXACT_INT <= b <= EXACT_INT):
                y, j = float(b), -len(home.leaves) - 1
            else:
                return general(a, b)
            x = a.value
            if type(x) is not float or type(y) is not float:
                return general(a, b)
            i = a.index
            if reflected:
                x, y, i, j = y, x, j, i
            try:
                value = python(x, y)
            except ArithmeticError:
                return general(a, b)  # whose error names the operation
            if kind is float or kind is int:
                home.leaves.append(float(b))
            written = home.written
            node = new(Traced)
            node.home, node.value, node.index = home, value, len(written)
            written += (code, i, j)
            home.nodes.append(node)
            return node

        return operate

    setattr(Traced, f"__{name}__", method(reflected=False))
    setattr(Traced, f"__r{name}__", method(reflected=True))


def _fast_unary(operation: Unary) -> None:
    """Give `Traced` a method that writes to the tape itself, in the usual case."""
    code = _CODES[Kind(operation, 1)]
    forward, infinite = operation.forward, operation.infinite

    def operate(a: Traced) -> Any:
        home: TraceRecorder = a.home
        x = a.value
        if home is not current_recorder() or type(x) is not float or infinite:
            return Value.record(a, operation, (a,))
        try:
            value = forward(FLOATS, x)
        except (ArithmeticError, ValueError):
            return Value.record(a, operation, (a,))  # its error names the operation
        node = new(Traced)
        node.home, node.value, node.index = home, value, len(home.written)
        home.written += (code, a.index, a.index)
        home.nodes.append(node)
        return node

    _unary_methods[operation] = operate
    for name in (operation.name, *operation.aliases):
        if hasattr(Value, name):
            setattr(Traced, name, operate)


for _operation, _python, _name in (
    (ops.add, operator.add, "add"),
    (ops.sub, operator.sub, "sub"),
    (ops.mul, operator.mul, "mul"),
    (ops.div, operator.truediv, "truediv"),
):
    _fast_infix(_operation, _python, _name)
for _kind in _KINDS:
    if isinstance(_kind.does, Unary):
        _fast_unary(_kind.does)


def _number_of(node: Any) -> Any:
    return node.value if type(node) is Traced else _data.__get__(node)


def _is_set(slot: Any, node: Value) -> bool:
    try:
        slot.__get__(node)
    except AttributeError:
        return False
    return True
