"""What becomes of an operation: a node of a graph, a bare value, or an entry in a recording.

`record` is called for operations on Values. It usually makes a node, with the local gradients
of its operands. Inside a context such as `no_grad`, a `Recorder` decides instead. `compile` and the
explanations have recorders of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from itertools import repeat
from typing import TYPE_CHECKING, Any

from .operation import Operation, real

if TYPE_CHECKING:
    from .value import Value

    Reader = Callable[[Value], None]

_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)
current_recorder = _recorder.get  # None: operations make graph
current_reader = _reader.get
contexts: list[Recorder | None] = []  # all that are open, in any thread: if none is, no need to ask


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
        local_grads = _one_by_one(operation, parents, xs, y)
    return parents[0].computed(operation, parents, y, tuple(local_grads))


def _one_by_one(
    operation: Operation, parents: tuple[Value, ...], xs: Sequence[float], y: float
) -> list[float | None]:
    """Return the local gradients. Where the rule of one meets a pole, that one is the limit."""
    found: list[float | None] = []
    for i, parent in enumerate(parents):
        only = [j == i and not parent.is_constant for j in range(len(parents))]
        try:
            found.append(operation.local_grads(y, xs, only)[i])
        except (ArithmeticError, ValueError):
            limit = limits(operation, _leaf(parent, y), parents, only, graph=False)[i]
            found.append(getattr(limit, "data", limit))
    return found


def limits(
    operation: Operation,
    y: Value,
    operands: Sequence[Any],
    varies: Sequence[bool] | None,
    graph: bool,
) -> Sequence[Any]:
    """Return the local gradients, as Values, where a rule meets a pole: 1/0 has the value inf.

    With ``graph`` they can be differentiated again.
    """
    with recording(_Limits(graph)):
        return operation.local_grads(y, operands, varies)  # type: ignore[no-any-return]  # a sequence


def _leaf(like: Value, data: float) -> Value:
    """Return a new leaf of the same kind of node."""
    return like.computed(None, (), data, ())


# ---------------------------------------------------------------------------------------- contexts


class Recorder:
    """What becomes of operations and comparisons in a context: this one keeps values, no graph.

    makes_nodes: whether operations make the nodes that they make without a recorder.
    """

    makes_nodes = False

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        """Return the result of ``operation`` at ``parents``."""
        return _leaf(parents[0], operation.value([p.data for p in parents], parents))

    def real(self, x: Any) -> float:
        """Return the data of ``Value(x)``."""
        return real(x)

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Any) -> bool:
        """Return ``test(a, b)``. ``b`` is a Value or a plain number."""
        return test(a.data, getattr(b, "data", b))

    def map_rows(
        self, f: Callable[..., Any], args: Sequence[Any], takes_rows: Sequence[bool]
    ) -> list[Any]:
        """Return ``f`` for each row of the arguments, where it takes rows. See `autograd.vmap`."""
        counts = []
        for x, takes in zip(args, takes_rows, strict=True):
            if takes and not hasattr(x, "__len__"):
                raise TypeError(f"vmap: an argument of rows is a list or an array, got {x!r:.80}")
            counts += [len(x)] if takes else []
        if len(set(counts)) > 1:
            raise ValueError(f"vmap: the arguments have different numbers of rows: {counts}")
        columns = [x if takes else repeat(x) for x, takes in zip(args, takes_rows, strict=True)]
        return [f(*row) for row in zip(*columns, strict=False)]  # repeat(x) has no end

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Return ``a`` if the condition holds, else ``b``."""
        return a if condition else b

    def one_hot(self, i: Any, size: int, negative: bool) -> list[Any] | None:
        """Return 1 at place ``i`` and 0 at the others. None: take the element itself."""
        return None

    def without_gradient(self) -> Recorder:
        """Return the recorder inside ``no_grad()``, where this one is in use outside."""
        return Recorder()

    def with_gradient(self) -> Recorder | None:
        """Return the recorder where a derivative is taken, inside ``no_grad()`` too."""
        return None if type(self) is Recorder else self


class _Limits(Recorder):
    """Goes on where a rule meets a pole: the value of an operation there is its limit."""

    def __init__(self, graph: bool) -> None:
        self.graph = graph

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        xs = [p.data for p in parents]
        y = operation.limit(xs)
        return make_node(operation, parents, xs, y) if self.graph else _leaf(parents[0], y)


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Hand all operations and comparisons inside the block to ``recorder``. None records graph."""
    token = _recorder.set(recorder)
    contexts.append(recorder)
    try:
        yield
    finally:
        contexts.pop()
        _recorder.reset(token)


def makes_nodes() -> bool:
    """Return whether operations make ordinary nodes here, as they do without a recorder."""
    recorder = _recorder.get()
    return recorder is None or recorder.makes_nodes


def keeps_values() -> bool:
    """Return whether operations make bare values here, and nothing else sees them: in `no_grad`."""
    return type(_recorder.get()) is Recorder


def no_grad() -> AbstractContextManager[None]:
    """Compute values inside the block without recording a graph.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    recorder = _recorder.get()
    return recording(Recorder() if recorder is None else recorder.without_gradient())


def recorded() -> AbstractContextManager[None]:
    """Record graph inside the block, also where a ``no_grad()`` surrounds it."""
    recorder = _recorder.get()
    return nullcontext() if recorder is None else recording(recorder.with_gradient())


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Show ``reader`` each Value whose number float() or int() takes. The reader may raise."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def forward_of(operation: Operation, m: Any, operands: Sequence[Any]) -> Any:
    """Return the operation's ``forward`` at operands that are no floats: nodes, arrays, source.

    TypeError that says how to write it, if it works for floats only.
    """
    try:
        with reading(refuse_float):
            return operation.forward(m, *operands)
    except TypeError as error:
        raise floats_only(operation, error) from None


def refuse_float(node: Value) -> None:
    """Raise TypeError: a reader for what is computed with nodes and never with their numbers."""
    raise TypeError("it takes float() of a Value")


def floats_only(operation: Operation, error: TypeError) -> TypeError:
    """Return ``error`` with the remedy. It was raised where ``operation`` met other than floats."""
    if not operation.is_own:
        return error
    return TypeError(
        f"the operation {operation.name} works for floats only ({error}). Write its value with "
        "+ - * / and m: m.sin and not math.sin, m.pow(x, 3) and not x ** 3, m.where(x > 0, a, b) "
        "and not an if. Write its rules with autograd: autograd.sin and not math.sin"
    )


def data_of(x: Any) -> float:
    """Return ``x`` as the data of a new leaf. TypeError unless it is a real number."""
    recorder = _recorder.get()
    return real(x) if recorder is None else recorder.real(x)


def label_of(x: Any) -> str:
    """Return ``x`` as the label of a new leaf. TypeError unless it is a string."""
    if not isinstance(x, str):
        raise TypeError(f"label must be a string, got {x!r:.80} ({type(x).__name__})")
    return x
