"""Prints operations of the table as loops over a batch: `print_kernels`.

A page that trains a network computes many samples at once. Each node is then a list of numbers, one
a sample, or one number that all samples share. The loops of an operation read operand k of sample
``i`` as ``xs[k][i & ss[k]]``. Its mask ``ss[k]`` is -1 for a list and 0 for a shared number, so one
loop serves both, and a sum into a shared gradient is the sum over the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..operation import Operation
from .javascript import Code, Functions, Line, Symbol, braces, literal, quoted


def print_kernels(used: Iterable[tuple[Operation, int]]) -> str:
    """Return a JavaScript object with an entry ``"name/count"`` for each operation and its count.

    An entry has ``forward``, which fills in the values ``y`` of the samples ``from`` to ``to``, and
    ``backward``, a list with a loop for each operand. That loop adds ``g``, the gradient of ``y``,
    times the local gradient to ``out``, the gradient of the operand. CannotPrintError if an
    operation cannot be printed.

    >>> from autograd import tanh
    >>> print(print_kernels([(tanh, 1)]))
    {
      "tanh/1": {
        forward: (m, from, to, y, xs, ss) => {
          const a0 = xs[0], s0 = ss[0];
          for (let i = from; i < to; i++) {
            const x0 = a0[i & s0];
            const t0 = m.tanh(x0);
            y[i] = t0;
          }
        },
        backward: [(m, from, to, y, g, xs, ss, out, so) => {
          for (let i = from; i < to; i++) {
            const y0 = y[i];
            const t0 = (y0 * y0);
            const t1 = (1 - t0);
            out[i & so] += g[i] * t1;
          }
        }],
      },
    }
    """
    return braces(f"{quoted(key)}: {_entry(*key)},\n" for key in dict.fromkeys(used))


def _entry(operation: Operation, count: int) -> str:
    names = [f"x{k}" for k in range(count)]
    value = _Loop(operation.forward, "", names, "y[i] = {};")
    forward = f"(m, from, to, y, xs, ss) => {value.text()}"
    backward = ", ".join(
        f"(m, from, to, y, g, xs, ss, out, so) => {loop.text()}"
        for loop in (_gradient(operation, k, names) for k in range(count))
    )
    return braces([f"forward: {forward},\n", f"backward: [{backward}],\n"])


def _gradient(operation: Operation, k: int, names: Sequence[str]) -> _Loop:
    """Return the loop that adds the gradient by operand ``k``."""

    def local_gradient(y: Any, *xs: Any) -> Any:
        if not operation.arity:
            return operation.rules(y, *xs)[k]
        rule = operation.rules[k]
        return rule if isinstance(rule, float) else rule(y, *xs)

    return _Loop(local_gradient, "y0", names, "out[i & so] += g[i] * {};")


class _Loop(Code):
    """Prints a function as the body of a loop: other operations that it calls stand in it."""

    def __init__(
        self, f: Callable[..., Any], first: str, names: Sequence[str], statement: str
    ) -> None:
        super().__init__(f, first, names, called=[])
        self.statement = statement
        self.used: set[str] = set()

    def text(self) -> str:
        """Return the loop, with the operands that it uses read at its top."""
        block = self.block([])
        if self.branches > 1:  # the lines before a branch are kept, all of them
            self.used |= {self.first, *self.xs}
        places = [k for k, name in enumerate(self.xs) if name in self.used]
        reads = [f"const x{k} = a{k}[i & s{k}];\n" for k in places]
        reads += [f"const {self.first} = y[i];\n"] * (bool(self.first) and self.first in self.used)
        lists = ", ".join(f"a{k} = xs[{k}], s{k} = ss[{k}]" for k in places)
        loop = f"for (let i = from; i < to; i++) {braces([*reads, block])}\n"
        return braces([f"const {lists};\n" * bool(lists), loop])

    def ending(self, lines: Sequence[Line], result: Any) -> str:
        """Return the lines that the result needs, and the statement with the result."""
        needed = {result.name} if isinstance(result, Symbol) else set()
        kept = []
        for line in reversed(lines):
            if line.name in needed:
                kept.append(line.text + "\n")
                needed |= line.uses
        self.used |= needed
        return "".join([*reversed(kept), self.statement.format(literal(result)), "\n"])

    def call(self, operation: Operation, operands: Sequence[Any]) -> Any:
        return operation.forward(self.functions(), *operands)

    def functions(self) -> Functions:
        return _InlineFunctions(self)


class _InlineFunctions(Functions):
    """Prints the larger and the smaller of two numbers as comparisons: a call takes longer."""

    def maximum(self, *xs: Any) -> Any:
        return self._chosen(">=", *xs)

    def minimum(self, *xs: Any) -> Any:
        return self._chosen("<=", *xs)

    def _chosen(self, sign: str, first: Any, *others: Any) -> Any:
        template = f"{{0}} {sign} {{1}} || {{0}} !== {{0}} ? {{0}} : {{1}}"  # a NaN stays
        for x in others:
            first = self.code.line(template, first, x)
        return first
