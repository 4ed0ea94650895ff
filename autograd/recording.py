"""What becomes of an operation: a node of a graph, a bare value, or an entry in a recording.

`record` is called for operations on Values. It usually makes a node, with the local gradients
of its operands. Inside a context such as `no_grad`, a `Recorder` decides instead. `compile` and the
explanations have recorders of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .operation import Operation, real

if TYPE_CHECKING:
    from .value import Value

    Reader = Callable[[Value], None]

_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)
current_recorder = _recorder.get  # None: operations make graph
current_reader = _reader.get


def record(operation: Operation, parents: tuple[Value, ...], all_vary: bool = False) -> Value:
    """Return the result of ``operation`` at ``parents``, in whatever context this is.

    ``all_vary`` says that no parent is a constant. It saves looking at each of them.
    """
    recorder = _recorder.get()
    if recorder is not None:
        return recorder.record(operation, parents)
    xs = [p.data for p in parents]
    return make_node(operation, parents, xs, operation.value(xs, parents), all_vary)


def make_node(
    operation: Operation,
    parents: tuple[Value, ...],
    xs: Sequence[float],
    y: float,
    all_vary: bool = False,
) -> Value:
    """Return the node of value ``y`` at parents of values ``xs``, with its local gradients."""
    varies = None if all_vary else [not p.is_constant for p in parents]
    try:
        local_grads = operation.local_grads(y, xs, varies)
    except (ArithmeticError, ValueError):  # a legal point with an infinite derivative: sqrt at 0
        varies = varies or [True] * len(parents)
        local_grads = [_finite_or_limit(operation, y, xs, i, v) for i, v in enumerate(varies)]
    return parents[0].computed(operation, parents, y, tuple(local_grads))


def _finite_or_limit(
    operation: Operation, y: float, xs: Sequence[float], i: int, varies: bool
) -> float | None:
    """Return the local gradient of operand ``i`` alone. Where its rule meets a pole, the limit."""
    if not varies:
        return None
    only = [j == i for j in range(len(xs))]
    try:
        return operation.local_grads(y, xs, only)[i]  # type: ignore[no-any-return]
    except (ArithmeticError, ValueError):
        return limits(operation, y, xs, only)[i]  # type: ignore[no-any-return]


def limits(
    operation: Operation, y: Any, operands: Sequence[Any], varies: Sequence[bool] | None
) -> Sequence[Any]:
    """Return the local gradients where a rule meets a pole: the limit in place of each value there.

    Numbers give numbers, Values give graph.
    """
    if not isinstance(y, float):
        with recording(_Limits(graph=True)):
            return operation.local_grads(y, operands, varies)  # type: ignore[no-any-return]
    values = [_without_graph(x) for x in operands]  # so that operations on them are recorded
    with recording(_Limits(graph=False)):
        found = operation.local_grads(_without_graph(y), values, varies)
    return [getattr(g, "data", g) for g in found]


def _without_graph(data: float) -> Value:
    from .value import Value  # which lies above this module

    return Value(data)


# ---------------------------------------------------------------------------------------- contexts


class Recorder:
    """What becomes of operations and comparisons in a context: this one keeps values, no graph."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        """Return the result of ``operation`` at ``parents``."""
        return _without_graph(operation.value([p.data for p in parents], parents))

    def real(self, x: Any) -> float:
        """Return the data of ``Value(x)``."""
        return real(x)

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Any) -> bool:
        """Return ``test(a, b)``. ``b`` is a Value or a plain number."""
        return test(a.data, getattr(b, "data", b))


class _Limits(Recorder):
    """Goes on where a rule meets a pole: the value of an operation there is its limit."""

    def __init__(self, graph: bool) -> None:
        self.graph = graph

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs = [p.data for p in parents]
        y = operation.limit(xs)
        return make_node(operation, parents, xs, y) if self.graph else _without_graph(y)


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Hand all operations and comparisons inside the block to ``recorder``. None records graph."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


def no_grad() -> AbstractContextManager[None]:
    """Compute values inside the block without recording a graph.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return recording(Recorder())


def recorded() -> AbstractContextManager[None]:
    """Record graph inside the block, also where a ``no_grad()`` surrounds it."""
    return recording(None) if type(_recorder.get()) is Recorder else nullcontext()


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Show ``reader`` each Value whose number float() or int() takes. The reader may raise."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def data_of(x: Any) -> float:
    """Return ``x`` as the data of a new leaf. TypeError unless it is a real number."""
    recorder = _recorder.get()
    return real(x) if recorder is None else recorder.real(x)
