"""Stage 6 for JAX: the program of the values alone, made of functions that JAX can trace.

JAX differentiates the program itself. So it calls each operation by name, ``ops.relu(z1)``, where
the program for NumPy writes a formula. `TableFunctions` are these operations. Each has the local
gradients of the table, as graph, to any order. Sums and products are JAX's own. A single number is
an array without axes, since a traced array has no Python numbers in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from .. import ops
from ..operation import TABLE, Operation
from ..recording import floats_only
from .array_functions import Arrays
from .expressions import Expression, Graph, reachable
from .inputs import Taken
from .print_numpy import Printed, Printer, print_numpy
from .python_code import Code, code, named
from .schedule import Schedule
from .simplify import Simplified

XP = Arrays(jnp)
OF_NUMBERS = SimpleNamespace(  # what `Operation.forward` computes with: these take any number
    **vars(XP) | {name: partial(lambda f, *xs: reduce(f, xs), getattr(jnp, name))
                  for name in ("maximum", "minimum")}
)  # fmt: skip


class JaxPrinter(Printer):
    """Writes a program without Python numbers."""

    def written(self, operation: Operation, operands: Sequence[Code], functions: Code) -> Code:
        return getattr(named("ops"), operation.name)(*operands)  # type: ignore[no-any-return]

    def scalar(self, i: int) -> Code:
        in_array = self.nodes[i].value is None and self.places.group_list[i] >= 0
        return self.element(i) if in_array else super().scalar(i)

    def listed(self, nodes: Sequence[Expression]) -> Code:
        return code([self.scalar(node.index) for node in nodes])


def print_jax(recorded: Simplified, taken: Taken) -> Printed:
    """Return the program that computes the outputs of a recording without comparisons."""
    graph, roots, leaves = _copied(recorded.graph, recorded.outputs, taken.in_order())
    taken = taken.replaced(leaves)
    schedule = Schedule(graph, roots, *taken)
    return print_numpy(schedule, taken.parameters, len(taken.numbers), roots, [], [], JaxPrinter)


def _copied(
    graph: Graph, outputs: Sequence[Expression], inputs: Sequence[Expression]
) -> tuple[Graph, list[Expression], list[Expression]]:
    """Return a graph of the outputs alone, with them and the inputs in it.

    Unlike `fresh` it keeps each `stop_gradient`, since JAX has yet to differentiate.
    """
    new = Graph()
    known = {x: new.input(x.plain, x.axis) for x in inputs}
    known.update({length: new.length(axis) for axis, length in graph.lengths.items()})
    known |= {graph.one: new.one, graph.zero: new.zero}
    for node in reachable(outputs):
        if node.op is not None:
            known[node] = new.unique(node.op, tuple([known[p] for p in node.parents]))
        elif node.value is not None and node not in known:
            known[node] = new.constant(node.value)
    return new, [known[x] for x in outputs], [known[x] for x in inputs]


def runnable(printed: Printed) -> Callable[..., Any]:
    """Return the printed program as a function of JAX arrays."""
    namespace = {"xp": XP, "ops": TableFunctions(), "float": _array_or_infinity}
    exec(compile(printed.source, "<to_jax>", "exec"), namespace | printed.constants, namespace)
    return namespace["program"]  # type: ignore[return-value]


def _array_or_infinity(x: Any) -> Any:
    """Return an array as it is, and ``float("inf")``."""
    return float(x) if isinstance(x, str) else x


class TableFunctions:
    """The operations of the table as functions of JAX arrays, by name."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in TABLE:
            raise AttributeError(f"the table of operations has no {name!r}")
        return function_of(TABLE[name])


def function_of(operation: Operation) -> Callable[..., Any]:
    """Return an operation as a function of arrays, with the derivatives that it declares."""

    def call(*operands: Any) -> Any:
        fixed = {i: x for i, x in enumerate(operands) if isinstance(x, float)}
        return _differentiable(operation, len(operands), tuple(fixed.items()))(
            *[jnp.asarray(x) for i, x in enumerate(operands) if i not in fixed]
        )

    return call


@cache
def _differentiable(
    operation: Operation, count: int, fixed: tuple[tuple[int, float], ...]
) -> Callable[..., Any]:
    """Return the function of those of ``count`` operands that are arrays. The others are fixed."""
    constants = dict(fixed)

    def with_constants(xs: Sequence[Any]) -> list[Any]:
        rest = iter(xs)
        return [constants[i] if i in constants else next(rest) for i in range(count)]

    @jax.custom_jvp
    def value(*xs: Any) -> Any:
        return jnp.asarray(operation.forward(OF_NUMBERS, *with_constants(xs)))

    def derivative(xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        y = value(*xs)
        varies = [not isinstance(t, SymbolicZero) for t in tangents]
        grads = _local_grads(operation, y, with_constants(xs), with_constants(varies))
        moved = [t for t, varies in zip(tangents, varies, strict=True) if varies]
        total = sum([g * t for g, t in zip(grads, moved, strict=True)], jnp.zeros_like(y))
        return y, total.astype(y.dtype)

    value.defjvp(derivative, symbolic_zeros=True)
    return value


def _local_grads(operation: Operation, y: Any, xs: Sequence[Any], varies: Sequence[Any]) -> Any:
    """Return the local gradients by the operands that vary, at the value y and the operands."""
    graph = Graph()
    known: dict[Expression, Any] = {}

    def leaf(x: Any) -> Any:
        if isinstance(x, float):
            return x
        expression = graph.input()
        known[expression] = x
        return expression

    try:
        grads = operation.local_grads(leaf(y), list(map(leaf, xs)), [v is True for v in varies])
    except TypeError as error:
        raise floats_only(operation, error) from None
    roots = [graph.lift(grad) for grad in grads if grad is not None]
    for node in reachable(roots):
        if node.value is not None:
            known[node] = node.value
        elif node.op is not None:
            known[node] = function_of(node.op)(*[known[p] for p in node.parents])
    found = [known[root] for root in roots]
    if operation is ops.pow and varies[1] is True:  # 0 at a base of 0, which is no formula
        found[-1] = y * jnp.log(jnp.where(xs[0] == 0.0, 1.0, xs[0]))
    return found
