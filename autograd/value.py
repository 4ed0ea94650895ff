"""Backpropagation, on one page.

A `Value` is a node of a *computational graph*. It holds

    data          a number
    parents       the *operands*: the nodes that the number was computed from
    local_grads   one *local gradient* per parent: how fast ``data`` grows if it alone grows

A local gradient is a number. The operation knows it when it runs:

    a = Value(2.0)             # a *leaf*: a node without parents
    b = Value(-3.0)
    c = a * b                  # data -6.0, parents (a, b), local_grads (-3.0, 2.0)
    y = c + a                  # data -4.0, parents (c, a), local_grads (1.0, 1.0)

The nodes computed directly from a node are its *consumers*. ``a`` has two, ``c`` and ``y``. The
chain rule adds up what they pass on to ``a``, derivative times local gradient:

    dy/da  =  sum, over the consumers of a, of  dy/dconsumer * (local gradient of the consumer by a)
           =  dy/dc * -3.0  +  dy/dy * 1.0  =  1.0 * -3.0 + 1.0 * 1.0  =  -2.0

A consumer that uses ``a`` twice, as ``a * a`` does, counts twice. The first node to pass on is the
result: dy/dy is 1. Any other node first waits for all its own consumers, to have the whole sum.
"""

from __future__ import annotations

from typing import Any

from . import operators, recording
from .operation import Operation


class Value(operators.Operators):
    """A number that remembers how it was computed.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> y = a * b + a
    >>> y.backward()
    >>> y.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)

    It takes any real number (else TypeError). ``label`` names it in drawings and errors. Operations
    of one or two operands are methods too: ``x.tanh()``.
    """

    __slots__ = ("data", "grad", "operands", "local_grads", "op", "label")
    data: float  # set without a check: the next operation raises TypeError if it is no number
    grad: float  # the derivative of the last result by this node; a leaf sums it over all results
    parents: tuple[Value, ...]  # in order, repeats kept: a * a has the parents (a, a)
    operands: Any  # the same; in x + 1 the list [x, 1.0], until somebody reads ``parents``
    local_grads: tuple[float | None, ...]  # None for a constant, such as the 1 in x + 1
    op: Operation | None  # the operation that computed it; None for a leaf
    label: str
    is_constant = False

    def __init__(self, data: Any, label: str = "") -> None:
        self.data = data if type(data) is float else recording.data_of(data)
        self.grad, self.op = 0.0, None
        self.operands = self.local_grads = ()
        self.label = label if type(label) is str else recording.label_of(label)

    def backward(self) -> None:
        """Compute the derivative of this node by every node of its graph, into their ``grad``.

        At each call a leaf adds to its earlier ``grad``, as results can share it. To start anew,
        set ``leaf.grad = 0.0``. The ``grad`` of other nodes is replaced. Derivatives hold at the
        numbers the graph was computed from. After ``x.data = 5.0``, call `autograd.recompute`.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        order = topological_order(self, constants=False)
        before = []
        for node in order:
            if node.operands:
                node.grad = 0.0
            else:
                before.append((node, node.grad))
        try:
            self.grad += 1.0  # of a leaf too, which keeps what it has
            for node in reversed(order):  # when its turn comes, its own derivative is complete
                derivative = node.grad
                edges = zip(node.operands, node.local_grads)  # noqa: B905  # strict= costs a fifth
                for parent, local_grad in edges:
                    if local_grad is not None:
                        parent.grad += derivative * local_grad
        except BaseException:  # Ctrl-C: no leaf has changed
            for leaf, grad in before:
                leaf.grad = grad
            raise

    @staticmethod
    def computed(operation: Operation | None, parents: Any, data: float, local_grads: Any) -> Value:
        """Return a node that an operation computed. So graphs grow; the fast path does the same."""
        node = object.__new__(Value)  # without __init__, which checks what a user gave
        node.data, node.grad, node.label = data, 0.0, ""
        node.op, node.operands, node.local_grads = operation, parents, local_grads
        return node

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    _prev = property(lambda node: node.parents)  # these three are the names of micrograd
    _op = property(lambda node: node.op.symbol if node.op else "")

    def _backward(self) -> None:
        """Add this node's share to the gradients of its parents."""
        for parent, local_grad in zip(self.parents, self.local_grads, strict=True):
            if local_grad is not None:
                parent.grad += self.grad * local_grad


class Constant(Value):
    """A plain number that met a Value: a leaf that gets no gradient."""

    __slots__ = ()
    is_constant = True


def derivatives(root: Value) -> dict[Value, float]:
    """Return the derivative of ``root`` by each node of its graph. The graph itself stays as it is.

    >>> x = Value(3.0)
    >>> derivatives(x * x)[x]
    6.0
    """
    copies: dict[Value, Value] = {}
    for node in topological_order(root):
        parents = tuple([copies[parent] for parent in node.operands])
        copies[node] = Value.computed(node.op, parents, node.data, node.local_grads)
    copies[root].backward()
    return {node: copy.grad for node, copy in copies.items()}


def topological_order(root: Value, *, constants: bool = True) -> list[Value]:
    """Return ``root`` and all nodes it is computed from, each once: parents before consumers.

    Without ``constants`` it leaves out the plain numbers that are no nodes yet.

    >>> x = Value(3.0)
    >>> [node.data for node in topological_order((x + 1) * x)]
    [3.0, 1.0, 4.0, 12.0]
    """
    if not isinstance(root, Value):
        raise TypeError(f"the root of a graph is a Value, got {root!r:.80} ({type(root).__name__})")
    order, seen = list[Value](), set[Value]()
    stack: list[Any] = [root]  # no recursion: a graph may be a million nodes deep
    while stack:
        if (node := stack.pop()) is None:  # under it lies a node whose parents are in the order now
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            operands = node.operands
            if type(operands) is list:  # of a node and a plain number
                operands = node.parents if constants else operators.only_node(operands)
            if seen.issuperset(operands):  # they are in the order, or there are none
                order.append(node)
            else:
                stack.append(node)
                stack.append(None)
                stack += operands[::-1]
    return order


Scalar = Value | float  # what an expression takes: a Value or any real number
operators.use(Value, Constant)  # the operators make nodes of these classes
