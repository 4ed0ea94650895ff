"""The results of compiled functions: nodes whose parents are the live leaves (parameters).

If a compiled function has one output, its result is a `CompiledValue`. Optimizers build on it: its
``parents`` are the live leaves (parameters), the same tuple at every call. Its ``gradient`` is the
flat NumPy array of the derivatives by them, its ``inputs`` the flat array of their ``data`` at the
call. So array operations can step all parameters::

    loss = fast()
    stepped = loss.inputs - learning_rate * loss.gradient
    for leaf, data in zip(loss.parents, stepped.tolist()):
        leaf.data = data
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..calculus.chain_rule import adjoints
from ..operation import Operation
from ..pickling import reduce_node
from ..recording import recording
from ..value import Scalar, Value
from .program import Program

if TYPE_CHECKING:
    from .path import Path


class Compiled(Operation):
    """The operation of the nodes that compiled functions return. It is not in the table."""

    def __init__(self) -> None:
        self.name = self.symbol = self.__name__ = "compiled"
        self.precedence, self.domain = 9, ""
        self._text = self._definition = lambda xs: "compiled(...)"
        self.constant_rules = None

    def __reduce__(self) -> str:
        return "COMPILED"

    def local_grads(self, y: Any, xs: Sequence[Any], varies: Sequence[bool] | None = None) -> Any:
        """Return the local gradients as graph, of what the program computed."""
        if not y.parents:  # a name that stands for the result in a formula
            return [Value(0.0, f"∂{y.label}/∂{getattr(x, 'label', x)}") for x in xs]
        if not isinstance(y, CompiledValue):
            raise TypeError("a compiled result that was pickled has no function to differentiate")
        with recording(None):
            leaves = y.parents
            if len(set(leaves)) < len(leaves):  # an argument that the function also uses by itself
                leaves = tuple([ops.sum([p]) for p in leaves])
            return adjoints(y.call.graph(y.which, leaves), leaves, partial=True)

    def is_stale(self, node: Any) -> bool:
        """Return whether a parent has another number than at the call. A pickled node has no call.

        Computing the number again would not tell: eager code may round it in another way.
        """
        now = [parent.data for parent in node.parents]
        return isinstance(node, CompiledValue) and not np.array_equal(
            node.inputs, now, equal_nan=True
        )

    def again(self, node: Any) -> Any:
        """Return ``node`` itself. RuntimeError if it is stale: only a new call can compute it."""
        if self.is_stale(node):
            name = f" {node.label!r}" if node.label else ""
            raise RuntimeError(
                f"the numbers changed that a compiled function computed its result{name} from: "
                "call that function again"
            )
        return node


COMPILED = Compiled()


class CompiledValue(Value):
    """A result of a compiled function: a node whose parents are the leaves it depends on."""

    __slots__ = ("call", "which")
    call: Call
    which: int  # of the results of the call

    def __init__(self, data: float, call: Call, which: int = 0) -> None:
        self.data, self.grad, self.label = data, 0.0, ""
        self.op, self.operands = COMPILED, call.parents
        self.call, self.which = call, which

    @property
    def inputs(self) -> Any:
        """The data of the parents at the call, as an array."""
        return self.call.p

    @property
    def gradient(self) -> Any:
        """The derivative of this result by each of the parents, as an array."""
        return self.call.gradient(self.which)

    @property
    def local_grads(self) -> tuple[float | None, ...]:  # type: ignore[override]  # a slot in Value, here made when read
        return tuple(self.gradient.tolist())

    def backward(self) -> None:
        """Do what `Value.backward` does, in one loop if all parents are different leaves."""
        if not self.call.path.inputs.plain:
            return super().backward()
        self.grad = 1.0
        parents, gradient = self.parents, self.gradient
        done = self.call.program.backend.add_gradient(gradient)
        for leaf, local_grad in zip(parents[done:], gradient[done:].tolist(), strict=True):
            leaf.grad += local_grad
        return None


def _as_plain_node(node: CompiledValue) -> Any:
    """Return how to pickle it: as an ordinary node with its numbers, without the program."""
    restore, (first, _, *fields) = reduce_node(node)
    return restore, (first, Value, *fields)


copyreg.pickle(CompiledValue, _as_plain_node)


class Call:
    """One run of a program, shared by its results."""

    __slots__ = ("path", "program", "parents", "p", "inputs", "_gradients")

    def __init__(
        self,
        path: Path,
        program: Program,
        parents: tuple[Value, ...],
        p: Any,
        inputs: tuple[Any, ...],
        gradient: Any,
    ) -> None:
        self.path, self.program, self.parents = path, program, parents
        self.p, self.inputs = p, inputs  # the numbers that the program took
        self._gradients = {} if gradient is None else {0: gradient}

    def graph(self, which: int, leaves: Sequence[Value]) -> Scalar:
        """Return one result as a graph on ``leaves``, one for each of the parents."""
        by_position = dict(zip(self.program.order, leaves, strict=True))
        return self.path.graph_of(which, by_position, self.inputs)

    def gradient(self, which: int) -> Any:
        """Return the gradient of one output. If there are several, it is computed when needed."""
        if which not in self._gradients:
            self._gradients[which] = self._seeded_gradient(which)
        return self._gradients[which]

    def _seeded_gradient(self, which: int) -> Any:
        program = self.path.program("seeded")
        order = self.program.order  # of ``p`` and ``parents``
        seeds = np.zeros(len(self.path.code.outputs))
        seeds[which] = 1.0
        p, gradient = np.empty(len(order)), np.empty(len(order))
        p[order] = self.p
        x, *rows = self.inputs
        found = program.backend.computed(p[program.order], (np.concatenate([x, seeds]), *rows))
        if not found:
            return self._eager_gradient(which)
        gradient[program.order] = found[1]
        return gradient[order]

    def _eager_gradient(self, which: int) -> Any:
        """Return the gradient as the engine computes it, in case a derivative is infinite."""
        with recording(None):
            leaves = [Value(x) for x in self.p.tolist()]
            found = adjoints(self.graph(which, leaves), leaves)
        return np.array([getattr(x, "data", x) for x in found])
