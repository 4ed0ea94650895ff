"""Stage 6 for scalar work without structure: the schedule as instructions for the interpreter.

What has no structure that arrays could use, such as a chain or a random graph, would be long scalar
machine code, and compiling that takes more than linear time. So it is written as a list of numbers,
the instructions of `autograd.compiler.instruction_set`. Groups are taken apart again.

The workspace of a program has the constants first, then parameters, inputs and results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..operation import FLOATS, Operation
from ..recording import forward_of
from .batch import Over
from .expressions import Expression, Pairs, pairs_of
from .instruction_set import FIELDS, STOPS, TESTS, numbers
from .matrices import Ids
from .schedule import (
    ARRAY_OPERATION_NS,
    INPUT,
    SCALAR_OPERATION_NS,
    Group,
    Schedule,
)
from .traced import Guard

DONE, TIE, OTHER_PATH = 0, 1, 2  # how a program ends; any other number: an operation failed
MIN_NUMBERS = 300  # computed one by one; fewer are machine code
INSTRUCTION_NS = 4  # measured, and only compared with the costs of `schedule`


class NotInterpretable(Exception):
    """The interpreter cannot run a program. The text says why."""


class Written(NamedTuple):
    """A program in numbers."""

    instructions: Ids  # entries of `FIELDS` numbers
    constants: Any  # that the workspace begins with
    size: int  # of the workspace
    outputs: Ids  # where the results are
    gradient: Ids | None
    order: list[int]  # the parameters that it takes, as positions in those given: all in order


def print_instructions(
    schedule: Schedule,
    parameters: Sequence[Expression],
    inputs: int,
    outputs: Sequence[Expression],
    gradient: Sequence[Expression],
    guards: Sequence[Guard],
) -> Written:
    """Return the program that computes ``outputs`` and ``gradient`` while the guards hold.

    NotInterpretable if it has a batch, or an operation that only Python can compute.
    """
    writer = _Writer(schedule, parameters, inputs)
    for node in _expressions(schedule):
        writer.write_node(node)
    writer.write_guards(guards)
    ends = [[writer.place(x) for x in nodes] for nodes in (outputs, gradient)]
    return writer.finished(*ends)


def is_irregular(schedule: Schedule) -> bool:
    """Return whether most of the work is of numbers, so that the interpreter is the fastest."""
    single = sum([isinstance(step, Expression) for step in schedule.steps])
    if single < MIN_NUMBERS or any(group.axis is not None for group in schedule.groups):
        return False
    operations = sum([max(len(node.parents) / 2, 1.0) for node in _expressions(schedule)])
    by_numpy = SCALAR_OPERATION_NS * single + ARRAY_OPERATION_NS * (len(schedule.steps) - single)
    return INSTRUCTION_NS * operations < by_numpy


def _expressions(schedule: Schedule) -> Iterator[Expression]:
    """Yield the expressions that a schedule computes, operands first."""
    nodes = schedule.graph.nodes
    for step in schedule.steps:
        if isinstance(step, Group):
            yield from [nodes[i] for i in step.members.tolist()]
        else:
            yield step


class _Writer:
    """Writes instructions. A value is known by its place, constants by -1, -2 and so on."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        self._entries: list[int] = []
        self._numbers = numbers()
        self._constants: dict[str, int] = {}
        self._places = {x.index: i for i, x in enumerate(parameters)}
        known = schedule.places
        for i in np.flatnonzero(known.group == INPUT).tolist():
            self._places[i] = len(parameters) + int(known.position[i])
        self._order, self._size = list(range(len(parameters))), len(parameters) + inputs

    # ---------------------------------------------------------------------- places of values

    def constant(self, x: float) -> int:
        return self._constants.setdefault(float(x).hex(), -1 - len(self._constants))

    def place(self, node: Expression) -> int:
        return self._places[node.index] if node.value is None else self.constant(node.value)

    def finished(self, outputs: Sequence[int], gradient: Sequence[int]) -> Written:
        """Return the program, with the constants at the beginning of the workspace."""
        self.write("stop", 0, to=DONE)
        constants = np.array([float.fromhex(x) for x in self._constants], float)

        def moved(places: Ids) -> Any:
            return np.where(places < 0, -1 - places, places + len(constants))

        entries = np.array(self._entries, np.int32).reshape(-1, FIELDS)
        stops = np.isin(entries[:, 0], [self._numbers[name] for name in STOPS])
        entries[:, 2:] = moved(entries[:, 2:])
        entries[~stops, 1] = moved(entries[~stops, 1])
        ends = [moved(np.array(places, np.int64)) for places in (outputs, gradient)]
        size = self._size + len(constants)
        adjoints = ends[1] if len(gradient) else None
        return Written(entries, constants, size, ends[0], adjoints, self._order)

    # -------------------------------------------------------------------------- instructions

    def write(self, name: str, a: int, b: int = 0, to: int | None = None) -> int:
        """Append an instruction. Return the place of its result, a new one unless it is given."""
        if to is None:
            to = self._size
            self._size += 1
        self._entries += (self._numbers[name], to, a, b)
        return to

    def write_node(self, node: Expression) -> None:
        op = node.op
        assert op is not None
        if node.axis is not None or isinstance(op, Over):
            raise NotInterpretable("it has rows of a batch, which are arrays")
        if op is ops.dot or op is ops.mul:
            place = self._sum_of_products(pairs_of(node))
        else:
            operands = [self.place(p) for p in node.parents]
            if op.arity and not op.is_own and op.name in self._numbers:
                place = self.write(op.name, *operands)
            else:
                place = self._made_of_others(op, operands)
        self._places[node.index] = place

    def _sum_of_products(self, pairs: Pairs) -> int:
        """Write a sum of products, from left to right. A factor of 1 or -1 is not multiplied by."""
        total = None  # the place of what has been added
        is_first_operand = False  # it is an operand, which must not change
        for left, right in pairs:
            if right.value is not None and abs(right.value) == 1.0:
                left, right = right, left
            factor, b = left.value, self.place(right)
            is_product = factor is None or abs(factor) != 1.0
            if total is None:
                is_first_operand = factor == 1.0
                if is_product:
                    total = self.write("mul", self.place(left), b)
                else:
                    total = b if is_first_operand else self.write("neg", b)
            elif is_first_operand:
                b = self.write("mul", self.place(left), b) if is_product else b
                total = self.write("sub" if factor == -1.0 else "add", total, b)
                is_first_operand = False
            elif is_product:
                self.write("add_product", self.place(left), b, to=total)
            else:
                self.write("sub" if factor == -1.0 else "add", total, b, to=total)
        assert total is not None
        return total

    def _made_of_others(self, op: Operation, operands: Sequence[int]) -> int:
        """Write an operation by the instructions that its ``forward`` is made of."""
        functions = _Functions(self)
        try:
            found = forward_of(op, functions, [_Place(functions, place) for place in operands])
        except (TypeError, AttributeError) as error:
            raise NotInterpretable(f"only Python can compute {op.name}: {error}") from None
        return functions.place(found)

    def write_guards(self, guards: Sequence[Guard]) -> None:
        """Write the tests that end the program. Tests of constants are always as recorded."""
        seen = set()
        for guard in guards:
            left, right = guard.left, guard.right
            known = guard._replace(left=left.index, right=right.index)
            if known in seen or (left.value is not None and right.value is not None):
                continue
            seen.add(known)
            if guard.test not in TESTS or left.axis is not None or right.axis is not None:
                raise NotInterpretable("it compares rows of a batch")
            holds = self.write(guard.test.__name__, self.place(left), self.place(right))
            name = "stop_unless" if guard.outcome else "stop_if"
            self.write(name, holds, to=TIE if guard.tie else OTHER_PATH)


def _infix(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods of an operator: for a place on its left, and on its right."""
    return lambda a, b: a.m.write(name, a, b), lambda b, a: b.m.write(name, a, b)


class _Place:
    """A value in the workspace. Its operators write instructions."""

    __slots__ = ("m", "place")

    def __init__(self, m: _Functions, place: int) -> None:
        self.m, self.place = m, place

    __add__, __radd__ = _infix("add")
    __sub__, __rsub__ = _infix("sub")
    __mul__, __rmul__ = _infix("mul")
    __truediv__, __rtruediv__ = _infix("div")
    (__lt__, _), (__le__, _) = _infix("lt"), _infix("le")
    (__gt__, _), (__ge__, _) = _infix("gt"), _infix("ge")
    (__eq__, _), (__ne__, _) = _infix("eq"), _infix("ne")
    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable

    def __neg__(self) -> _Place:
        return self.m.write("neg", self)

    def __bool__(self) -> bool:
        raise TypeError("it is neither true nor false while it is written")


class _Functions:
    """What ``forward`` calls ``m``: its functions write instructions."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer

    def write(self, name: str, *operands: Any) -> _Place:
        return _Place(self, self._writer.write(name, *map(self.place, operands)))

    def place(self, x: Any) -> int:
        return x.place if isinstance(x, _Place) else self._writer.constant(x)

    def where(self, condition: Any, a: Any, b: Any) -> _Place:
        chosen = self.write("copy", b)
        self._writer.write("choose", self.place(condition), self.place(a), to=chosen.place)
        return chosen

    def maximum(self, *xs: Any) -> Any:
        return reduce(lambda a, b: self.write("maximum", a, b), xs)

    def minimum(self, *xs: Any) -> Any:
        return reduce(lambda a, b: self.write("minimum", a, b), xs)

    def stop_gradient(self, x: Any) -> Any:
        return x

    def __getattr__(self, name: str) -> Any:
        if not hasattr(FLOATS, name) or name not in numbers():
            raise AttributeError(f"machine code has no function {name!r}")
        return lambda *xs: self.write(name, *xs)
