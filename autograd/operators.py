"""The operators, comparisons and methods of a Value: ``a + b``, ``a < b``, ``a.tanh()``.

Operators, and methods of one operand, are functions that `autograd.fast_path` prints. All that they
leave to the general way ends in `Operators.record`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from . import fast_path, ops
from .operation import Binary, Node, Operation
from .recording import current_reader, current_recorder, record

if TYPE_CHECKING:
    from .value import Constant, Scalar, Value


_scope = fast_path.scope()  # the globals of the printed functions
_unary: dict[Operation, Callable[..., Any]] = {}  # those of one operand


def only_node(operands: list[Any]) -> tuple[Value]:
    """Return the node among ``operands``, which are a node and a plain number."""
    return (operands[1] if type(operands[0]) is float else operands[0],)


def _parents(node: Value) -> tuple[Value, ...]:
    """The operands as nodes. A plain number becomes a `Constant` when this is first read."""
    operands = node.operands
    if type(operands) is list:  # where threads read at once, the constant appended first counts
        a, b = operands[:2]
        if type(a) is float:
            operands.append(Constant(a))
            node.operands = (operands[2], b)
        else:
            operands.append(Constant(b))
            node.operands = (a, operands[2])
    parents: tuple[Value, ...] = node.operands
    return parents


def _set_parents(node: Value, parents: Iterable[Value]) -> None:
    node.operands = tuple(parents)


def use(value: type[Value], constant: type[Constant]) -> None:
    """Make nodes of these classes. The module of the classes calls this once, as it lies above."""
    value.parents = property(_parents, _set_parents)  # type: ignore[assignment]  # read, it is a tuple
    globals().update(Value=value, Constant=constant)
    _scope["Value"] = value


def _infix(operation: Binary) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the two methods of an operator: for a Value on its left, and for one on its right."""

    def general(a: Any, b: Any) -> Any:
        number = a if isinstance(b, Node) else b
        if not isinstance(number, (Node, float, int, Real)):
            return NotImplemented
        node = a if isinstance(a, Node) else b
        return node.record(operation, (a, b))

    def reflected(b: Any, a: Any) -> Any:
        return general(a, b)

    left = fast_path.print_function(operation, general, _scope)
    return left, fast_path.print_function(operation, reflected, _scope, reflected=True)


def _method(operation: Operation) -> Callable[..., Value]:
    """Return ``operation`` as a method, printed if it has one operand."""
    if operation.arity != 1:
        return operation

    def general(a: Any) -> Any:
        return a.record(operation, (a,))

    _unary[operation] = fast_path.print_function(operation, general, _scope)
    return _unary[operation]


def _comparison(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def compare(a: Any, b: Any) -> Any:
        if not isinstance(b, (Node, float, int, Real)):
            return NotImplemented
        if (recorder := current_recorder()) is not None:
            return recorder.compare(test, a, b)
        return test(a.data, b.data if isinstance(b, Value) else b)

    return compare


class Operators(Node):
    """What a Value can do besides backpropagation. Every method is an operation of the table."""

    __slots__ = ()

    if TYPE_CHECKING:  # what checkers and editors know of the methods that are made below
        data: float

        def __add__(self, other: Scalar) -> Value: ...
        def __sub__(self, other: Scalar) -> Value: ...
        def __mul__(self, other: Scalar) -> Value: ...
        def __truediv__(self, other: Scalar) -> Value: ...
        def __pow__(self, other: Scalar) -> Value: ...
        def __radd__(self, other: Scalar) -> Value: ...
        def __rsub__(self, other: Scalar) -> Value: ...
        def __rmul__(self, other: Scalar) -> Value: ...
        def __rtruediv__(self, other: Scalar) -> Value: ...
        def __rpow__(self, other: Scalar) -> Value: ...
        def __lt__(self, other: Scalar) -> bool: ...
        def __le__(self, other: Scalar) -> bool: ...
        def __gt__(self, other: Scalar) -> bool: ...
        def __ge__(self, other: Scalar) -> bool: ...
    else:
        __add__, __radd__ = _infix(ops.add)
        __sub__, __rsub__ = _infix(ops.sub)
        __mul__, __rmul__ = _infix(ops.mul)
        __truediv__, __rtruediv__ = _infix(ops.div)
        __pow__, __rpow__ = _infix(ops.pow)
        # == and hash are identity. The order is that of data, so max, min and sorted work.
        __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
        __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __eq__(self, other: object) -> bool:
        """Return whether ``other`` is this node. TypeError if it is a plain number.

        So ``x == 2.5`` is no silent False. A set or dict may hold nodes and numbers: it compares
        only what has the same hash. That of a node is as good as never the hash of a number.
        """
        if isinstance(other, (float, int, Real)):
            raise TypeError(
                f"a Value and the number {other!r:.80} are not compared by == or !=, because nodes "
                f"are equal by identity: write x.data == {other!r:.80}"
            )
        return self is other or NotImplemented

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(
            "a Value is neither true nor false: write x.data != 0 to ask for its number, or "
            "x is not None to ask whether there is one"
        )

    def __neg__(self) -> Value:
        return self.neg()

    def __pos__(self) -> Value:
        return self  # type: ignore[return-value]  # every object with these operators is a Value

    def __abs__(self) -> Value:
        return self.abs()

    def record(self, operation: Operation, operands: Sequence[Any]) -> Value:
        """Return the result of ``operation``. Plain numbers among the operands become constants."""
        all_vary = list(map(type, operands)).count(Value) == len(operands)  # the usual case
        if all_vary:
            return record(operation, tuple(operands), all_vary)
        parents: list[Any] = [x if isinstance(x, Node) else Constant(x) for x in operands]
        return record(operation, tuple(parents))

    def record_unary(self, operation: Operation) -> Value:
        """Return the result of an operation of one operand, the fast way."""
        return (_unary.get(operation) or _method(operation))(self)

    def __float__(self) -> float:
        if (reader := current_reader()) is not None:
            reader(self)  # type: ignore[arg-type]  # every object with these operators is a Value
        return self.data

    def __int__(self) -> int:
        return int(float(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def conjugate(self) -> Value:
        """Return itself, as it is real. NumPy's var and std call this method."""
        return self  # type: ignore[return-value]  # every object with these operators is a Value

    add = _method(ops.add)
    sub = _method(ops.sub)
    mul = _method(ops.mul)
    div = _method(ops.div)
    neg = _method(ops.neg)
    pow = _method(ops.pow)
    abs = _method(ops.abs)
    exp = _method(ops.exp)
    expm1 = _method(ops.expm1)
    log = _method(ops.log)
    log1p = _method(ops.log1p)
    sqrt = _method(ops.sqrt)
    sin = _method(ops.sin)
    cos = _method(ops.cos)
    tan = _method(ops.tan)
    asin = _method(ops.asin)
    arcsin = _method(ops.asin)
    acos = _method(ops.acos)
    arccos = _method(ops.acos)
    atan = _method(ops.atan)
    arctan = _method(ops.atan)
    sinh = _method(ops.sinh)
    cosh = _method(ops.cosh)
    tanh = _method(ops.tanh)
    erf = _method(ops.erf)
    erfc = _method(ops.erfc)
    sigmoid = _method(ops.sigmoid)
    relu = _method(ops.relu)
    leaky_relu = _method(ops.leaky_relu)
    softplus = _method(ops.softplus)
    silu = _method(ops.silu)
    gelu = _method(ops.gelu)
    heaviside = _method(ops.heaviside)
    equal = _method(ops.equal)
    stop_gradient = _method(ops.stop_gradient)
