"""Backpropagation, on one page.

A `Value` is a node of a *computational graph*. It holds a float (``data``), the *operands* it was
computed from (``parents``) and one *local gradient* for each of them: the partial derivative of
this node's value by that operand's, a plain number recorded while the operation ran. A node without
parents is a *leaf*; the nodes computed from a node are its *consumers*, their number its *fan-out*.

Backpropagation needs nothing else. The *adjoint* of a node, the derivative of the result by that
node, is by the chain rule a sum over its consumers:

    adjoint(node) = sum of adjoint(consumer) * local gradient of the consumer by the node

A node's adjoint must therefore be complete before it is passed on, which is what walking a
*topological order* (parents before consumers) from its end achieves: see `Value.backward`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from numbers import Real
from typing import TYPE_CHECKING, Any

from . import ops
from .ops import FLOATS, TABLE, Binary, Node, Operation, Unary, real

NEVER = float("0.0")  # the ``grad`` that nothing has computed yet: equals 0, told by identity
_new = object.__new__
_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)  # None: record
_reader: ContextVar[Callable[[Value], None] | None] = ContextVar("reader", default=None)


def _infix(operation: Binary) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two methods of an operator, for a Value on its left and for one on its right."""
    by_a, by_b = operation.rules
    forward, constant_rules = operation.forward, operation.constant_rules

    def infix(a: Any, b: Any) -> Any:
        """What `Value.record` does, unrolled for the two operands that most nodes have."""
        if not isinstance(b, Value):
            if not isinstance(b, (float, int, Real)):
                return NotImplemented
            b = Constant(b)
        elif not isinstance(a, Value):
            if not isinstance(a, (float, int, Real)):
                return NotImplemented
            a = Constant(a)
        if _recorder.get() is not None or type(a) is Constant or type(b) is Constant:
            return a.record(operation, (a, b))
        x, z = a.data, b.data
        try:
            y = forward(FLOATS, x, z)
            local_grads = constant_rules or (by_a(y, x, z), by_b(y, x, z))
        except (ArithmeticError, ValueError):
            return a.record(operation, (a, b))  # raises, or records an infinite derivative
        return _node(operation, (a, b), y, local_grads)

    return infix, lambda b, a: infix(a, b)


def _comparison(test: Callable[[float, float], bool]) -> Callable[[Value, Scalar], bool]:
    def compare(a: Value, b: Scalar) -> bool:
        if not isinstance(b, (Value, float, int, Real)):
            return NotImplemented
        if (recorder := _recorder.get()) is not None:
            return recorder.compare(test, a, b)
        return test(a.data, b.data if isinstance(b, Value) else b)

    return compare


class Value(Node):
    """A number that remembers how it was computed.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> c = a * b + a
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)

    Takes any real number, TypeError for anything else. ``label`` names it in drawings and errors.
    Every unary and binary operation of the table is a method too: ``x.tanh()``.
    """

    __slots__ = ("data", "grad", "parents", "local_grads", "op", "label")
    data: float
    grad: float
    parents: tuple[Value, ...]
    local_grads: tuple[float | None, ...]  # None for a constant: it needs no gradient
    op: Operation | None
    label: str

    def __init__(self, data: float | Real, label: str = "") -> None:
        if type(data) is not float:
            recorder = _recorder.get()
            data = real(data) if recorder is None else recorder.real(data)
        self.data = data
        self.grad = NEVER
        self.parents = self.local_grads = ()
        self.op = None
        if type(label) is not str and not isinstance(label, str):
            raise TypeError(f"label must be a string, got {label!r:.80} ({type(label).__name__})")
        self.label = label

    def backward(self) -> None:
        """Add the derivative of this node by each leaf of its graph to that leaf's ``grad``.

        Interior nodes get the derivative by them afresh. So a second call doubles the gradients of
        the leaves and changes nothing else; clear them (``leaf.grad = 0.0``) between steps.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        order = topological_order(self)
        nodes = [node for node in order if type(node) is not Constant]
        earlier = [(node, node.grad) for node in nodes if not node.parents]
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            adjoint = node.grad
            for parent, local_grad in zip(node.parents, node.local_grads, strict=False):
                if local_grad is not None:
                    parent.grad += adjoint * local_grad
        for leaf, grad in earlier:
            if grad:
                leaf.grad += grad

    def record(self, operation: Operation, operands: Sequence[Any]) -> Value:
        """A node for ``operation`` at ``operands``; plain numbers among them become constants."""
        plain = list(map(type, operands)).count(Value) == len(operands)  # the usual case: fast
        if plain:
            parents = tuple(operands)
        else:
            parents = tuple([x if isinstance(x, Value) else Constant(x) for x in operands])
        if (recorder := _recorder.get()) is not None:
            return recorder.record(operation, parents)
        xs = [p.data for p in parents]
        return make_node(operation, parents, xs, operation.value(xs, parents), plain)

    def record_unary(self, operation: Operation) -> Value:
        """``record`` for one operand, unrolled: activations are most of a network's other nodes."""
        if _recorder.get() is not None or type(self) is Constant:
            return self.record(operation, (self,))
        x, rule = self.data, operation.rules[0]
        try:
            y = operation.forward(FLOATS, x)
            local_grad = rule if type(rule) is float else rule(y, x)
        except (ArithmeticError, ValueError):
            return self.record(operation, (self,))  # raises, or records an infinite derivative
        return _node(operation, (self,), y, (local_grad,))

    __add__, __radd__ = _infix(ops.add)
    __sub__, __rsub__ = _infix(ops.sub)
    __mul__, __rmul__ = _infix(ops.mul)
    __truediv__, __rtruediv__ = _infix(ops.div)
    __pow__, __rpow__ = _infix(ops.pow)

    def __neg__(self) -> Value:
        return self.record_unary(ops.neg)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return self.record_unary(ops.abs)

    # ``==`` and ``hash`` stay identity; the order is that of data, so max, min and sorted work
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __float__(self) -> float:
        if (reader := _reader.get()) is not None:
            reader(self)
        return self.data

    def __int__(self) -> int:
        return int(float(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def conjugate(self) -> Value:
        """Itself, being real: NumPy's var and std ask for it."""
        return self

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The parents, under micrograd's name."""
        return self.parents

    @property
    def _op(self) -> str:
        """The operation's symbol, under micrograd's name; empty for a leaf."""
        return self.op.symbol if self.op else ""

    if TYPE_CHECKING:  # the methods that the table gives

        def __getattr__(self, name: str) -> Callable[..., Value]: ...


for _operation in TABLE.values():
    if isinstance(_operation, Unary | Binary):
        for _name in (_operation.name, *_operation.aliases):
            setattr(Value, _name, _operation)

Scalar = Value | float  # what an expression takes: a Value or any real number


class Constant(Value):
    """A plain number that met a Value: a leaf that gets no gradient."""

    __slots__ = ()


def topological_order(root: Value) -> list[Value]:
    """All nodes that ``root`` is computed from, and ``root``: parents before consumers, each once.

    >>> x = Value(3.0)
    >>> [node.data for node in topological_order((x + 1) * x)]
    [3.0, 1.0, 4.0, 12.0]
    """
    if not isinstance(root, Value):
        raise TypeError(f"the root of a graph is a Value, got {root!r:.80} ({type(root).__name__})")
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [root]  # below a None: a node whose parents lie above it
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]  # under a None lies a node
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            if not seen.issuperset(node.parents):
                stack += node.parents[::-1]
    return order


def make_node(
    operation: Operation,
    parents: tuple[Value, ...],
    xs: Sequence[float],
    y: float,
    all_vary: bool = False,
) -> Value:
    """The node of value ``y`` at parents of values ``xs``, with its local gradients."""
    varies = None if all_vary else [type(p) is not Constant for p in parents]
    try:
        local_grads = operation.local_grads(y, xs, varies)
    except (ArithmeticError, ValueError):  # a legal point with an infinite derivative: sqrt at 0
        local_grads = [
            None if type(p) is Constant else _limit(operation, y, xs, i)
            for i, p in enumerate(parents)
        ]
    return _node(operation, parents, y, tuple(local_grads))


def _limit(operation: Operation, y: float, xs: Sequence[float], i: int) -> float:
    """The local gradient of operand ``i`` alone; where its rule meets a pole, the limit."""
    only = [j == i for j in range(len(xs))]
    try:
        return operation.local_grads(y, xs, only)[i]  # type: ignore[no-any-return]
    except (ArithmeticError, ValueError):
        with recording(_Limits()):
            limit = operation.local_grads(Value(y), [Value(x) for x in xs], only)[i]
        return limit.data if isinstance(limit, Value) else limit


def _node(operation: Operation, parents: Any, y: float, local_grads: Any) -> Value:
    node: Value = _new(Value)
    node.data, node.grad, node.label = y, NEVER, ""
    node.op, node.parents, node.local_grads = operation, parents, local_grads
    return node


class Recorder:
    """What becomes of operations and comparisons in a context; this one keeps values, no graph."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        return Value(operation.value([p.data for p in parents], parents))

    def real(self, x: Any) -> float:
        """The data of ``Value(x)``."""
        return real(x)

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Scalar) -> bool:
        return test(a.data, b.data if isinstance(b, Value) else b)


class _Limits(Recorder):
    """Goes on where a rule meets a pole."""

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        return Value(operation.limit([p.data for p in parents]))


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Hand all operations and comparisons inside the block to ``recorder``; None records graph."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


@contextmanager
def reading(reader: Callable[[Value], None]) -> Iterator[None]:
    """Show ``reader`` each Value whose number is taken by float() or int(); it may raise."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def no_grad() -> AbstractContextManager[None]:
    """Compute values inside the block without recording a graph.

    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return recording(Recorder())
