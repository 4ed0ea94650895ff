"""Recording `vmap`: a function runs once for all rows of a batch, on columns of their numbers.

A row of a batch is a tree of plain numbers. Each place in that tree is a *column*: one traced node
that has an array of values, one for each row. What is computed from columns has such arrays too. So
every comparison is made for every row. If its outcome differs between the rows, there is no one
recording for all of them, and the function is recorded row by row.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..operation import Node, Operation
from ..tree import Leaf, Structure, build, flatten
from ..value import Constant, Value
from .array_functions import Arrays
from .batch import Axis
from .record import Guard, Traced, TracedNumber, TraceRecorder

COLUMNS = Arrays(np)
COLUMNS.maximum = lambda *xs: reduce(np.maximum, xs)
COLUMNS.minimum = lambda *xs: reduce(np.minimum, xs)
T = TypeVar("T", bound=Traced)
REDUCTIONS = (ops.sum, ops.mean, ops.maximum, ops.minimum)


class RowsDifferError(Exception):
    """What is recorded for one row does not hold for all rows."""


class Batch(NamedTuple):
    """Rows of plain numbers that a recorded function met: the inputs of a program.

    ``places`` says which arguments the numbers are, rows x columns. It is None for constants.
    """

    axis: Axis
    columns: list[TracedNumber]
    places: NDArray[Any] | None
    numbers: NDArray[Any]  # rows x columns


class RowRecorder(TraceRecorder):
    """Records `vmap` too."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.lengths: dict[Axis, TracedNumber] = {}  # the numbers of rows
        self._place: dict[Any, int] = {}  # of the plain numbers among the arguments
        self._inside = False  # a function of rows

    def argument(self, x: Any) -> Traced:
        node = super().argument(x)
        if type(node) is TracedNumber:
            self._place[node] = len(self._place)
        return node

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        axis: Axis | None = next((p.axis for p in parents if isinstance(p, Traced) and p.axis), None)
        if axis is None:
            return super().record(operation, parents)
        plain = all(isinstance(p, TracedNumber) or p.is_constant for p in parents)
        xs = [p.value if isinstance(p, Traced) else p.data for p in parents]
        value = computed(operation, xs)
        return self._column(TracedNumber if plain else Traced, axis, value, operation, parents)

    def _column(
        self, kind: type[T], axis: Axis, values: Any, op: Any = None, parents: Any = ()
    ) -> T:
        node = self._node(kind, op, parents, values)
        node.axis = axis
        return node

    def compare(self, test: Callable[[Any, Any], bool], a: Value, b: Any) -> bool:
        right = b if isinstance(b, Value) else Constant(b)
        sides = [x.value if isinstance(x, Traced) else x.data for x in (a, right)]
        outcomes = np.unique(test(*map(np.asarray, sides)))
        if len(outcomes) > 1:
            raise RowsDifferError
        outcome = bool(outcomes[0])
        self.guards.append(Guard(test, a, right, outcome))
        return outcome

    # ------------------------------------------------------------------------------------- vmap

    def map_rows(
        self, f: Callable[..., Any], args: Sequence[Any], takes_rows: Sequence[bool]
    ) -> list[Any]:
        def one_by_one() -> list[Any]:
            return super(RowRecorder, self).map_rows(f, args, takes_rows)

        before = len(self.nodes), len(self.guards), len(self.batches)
        batched = None if self._inside else self._batched(args, takes_rows)
        if batched is not None:
            axis, columns = batched
            self._inside = True
            try:
                found, structure = flatten(f(*columns))
                if all(isinstance(x, Traced) and x.axis for x in found):
                    return Rows(self, axis, found, structure, one_by_one)
            except RowsDifferError:
                warnings.warn(
                    "vmap: a comparison comes out differently for different rows, so each row is "
                    "recorded on its own, which takes long: use autograd.where, maximum or relu "
                    "instead of a branch",
                    stacklevel=4,
                )
            except (ArithmeticError, ValueError):
                pass  # of some row: the error of that row follows
            finally:
                self._inside = False
            del self.nodes[before[0] :], self.guards[before[1] :], self.batches[before[2] :]
        return one_by_one()

    def _batched(
        self, args: Sequence[Any], takes_rows: Sequence[bool]
    ) -> tuple[Axis, list[Any]] | None:
        """Return the arguments with columns for their rows. None if they have to go one by one."""
        results = [x for x, takes in zip(args, takes_rows, strict=True) if takes and is_open(x)]
        axes = {x.axis for x in results} or {Axis()}
        if len(axes) > 1:
            return None
        (axis,) = axes
        count = {len(x.nodes[0].value) for x in results}
        columns: list[Any] = []
        for x, takes in zip(args, takes_rows, strict=True):
            if not takes:
                columns.append(x)
            elif is_open(x):
                columns.append(build(x.structure, iter(x.nodes)))
            else:
                table = _table(x)
                if table is None or self._row_input(axis, *table) is None:
                    return None
                count.add(len(self.batches[-1].numbers))
                columns.append(build(table[0], iter(self.batches[-1].columns)))
        if len(count) != 1 or 0 in count:
            return None
        if axis not in self.lengths:
            self.lengths[axis] = self._node(TracedNumber, None, (), float(*count))
        return axis, columns

    def _row_input(self, axis: Axis, structure: Structure, rows: list[list[Any]]) -> Batch | None:
        """Return rows of numbers as a batch: all arguments of the function, or all constants."""
        flat = [*chain.from_iterable(rows)]
        shape = len(rows), len(rows[0])
        if set(map(type, flat)) == {TracedNumber} and all(map(self._place.__contains__, flat)):
            places = np.array([self._place[x] for x in flat]).reshape(shape)
            numbers = np.array([x.value for x in flat]).reshape(shape)
        elif flat and not any(isinstance(x, Value) for x in flat):
            places, numbers = None, np.array(flat, float).reshape(shape)
        else:
            return None
        nodes = [self._column(TracedNumber, axis, column) for column in numbers.T]
        self.batches.append(Batch(axis, nodes, places, numbers))
        return self.batches[-1]

    def over_rows(self, operation: Operation, rows: Rows) -> Value:
        """Return `sum`, `mean`, `maximum` or `minimum` of the results of all rows."""
        (node,) = rows.nodes
        op = ops.sum if operation is ops.mean else operation
        total = op.value(node.value.tolist())
        result = self._node(type(node), rows.axis.over(op), (node,), total)
        if operation is ops.mean:
            return self.record(ops.div, (result, self.lengths[rows.axis]))
        return result

    def dot_over_rows(self, left: Rows, right: Rows) -> Value:
        """Return the sum over all rows of the products of two results."""
        (a,), (b,) = left.nodes, right.nodes
        value = float(a.value @ b.value)
        plain = type(a) is type(b) is TracedNumber
        return self._node(
            TracedNumber if plain else Traced, left.axis.over(ops.dot), (a, b), value
        )


def computed(operation: Operation, xs: Sequence[Any]) -> Any:
    """Return the value of ``operation`` at numbers and arrays. Outside its domain, an error."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        return operation.forward(COLUMNS, *xs)


def _table(rows: Iterable[Any]) -> tuple[Structure, list[list[Any]]] | None:
    """Return the structure that all rows have, and the leaves of each. None if they differ."""
    found = [flatten(row) for row in rows]
    if not found or any(structure != found[0][1] for _, structure in found):
        return None
    return found[0][1], [leaves for leaves, _ in found]


def is_open(x: Any) -> bool:
    """Return whether ``x`` are rows that nobody has looked into."""
    return isinstance(x, Rows) and not x.looked


class Rows(list[Any], Node):
    """The results of `vmap`: a list that is made when somebody looks into it.

    Reductions and `vmap` take it as it is. For all else, the function is recorded for each row.
    """

    kind_in_trees = list

    def __init__(
        self,
        recorder: RowRecorder,
        axis: Axis,
        nodes: list[Any],
        structure: Structure,
        one_by_one: Callable[[], list[Any]],
    ) -> None:
        super().__init__()
        self.recorder, self.axis, self.nodes, self.structure = recorder, axis, nodes, structure
        self.looked, self._one_by_one = False, one_by_one

    def look(self) -> None:
        """Fill the list."""
        if not self.looked:
            self.looked = True
            list.extend(self, self._one_by_one())

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        numbers = all(is_open(x) and isinstance(x.structure, Leaf) for x in operands)
        if numbers and operation in REDUCTIONS and len(operands) == 1:
            return self.recorder.over_rows(operation, self)
        if numbers and operation is ops.dot and len({x.axis for x in operands}) == 1:
            return self.recorder.dot_over_rows(*operands)
        return operation(*[list(x) if isinstance(x, Rows) else x for x in operands])


def _looking(name: str) -> Callable[..., Any]:
    method = getattr(list, name)

    def look(rows: Rows, *args: Any, **kwargs: Any) -> Any:
        rows.look()
        return method(rows, *args, **kwargs)

    return look


for _name, _member in vars(list).items():
    if callable(_member) and _name not in ("__init__", "__new__", "__getattribute__"):
        setattr(Rows, _name, _looking(_name))


def _added(rows: Rows, before: list[Any]) -> list[Any]:
    rows.look()
    return [*before, *rows]


Rows.__radd__ = _added  # type: ignore[attr-defined]  # list has no such method
