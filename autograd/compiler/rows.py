"""Recording `vmap`: a function runs once for all rows of a batch, on columns of their numbers.

A row of a batch is a tree of plain numbers. Each place in that tree is a *column*: one traced node
that has an array of values, one for each row. What is computed from columns has such arrays too. So
every comparison is made for every row. If its outcome differs between the rows, there is no one
recording for all of them, and the function is recorded row by row.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import partial, reduce
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..operation import Node, Operation
from ..tree import Leaf, Structure, build, flatten
from ..value import Scalar, Value
from .array_functions import Arrays
from .batch import Axis, Over
from .expressions import Expression, reachable
from .free_rows import rows_of
from .traced import EXACT_INT, Comparison, Guard, Traced, TracedNumber, TraceRecorder

COLUMNS = Arrays(np)
for _name in ("maximum", "minimum"):  # NumPy's take two arrays
    setattr(COLUMNS, _name, partial(lambda of_two, *xs: reduce(of_two, xs), getattr(np, _name)))
_NO_ROWS = SimpleNamespace(axis=None)
EXACT_REDUCTIONS = (ops.maximum, ops.minimum)
REDUCTIONS = (ops.sum, ops.mean, ops.maximum, ops.minimum)


class RowsDifferError(Exception):
    """What is recorded for one row does not hold for all rows."""


class Batch(NamedTuple):
    """Rows of plain numbers that a recorded function met: the inputs of a program.

    ``places`` says which arguments the numbers are, rows x columns. It is None for constants.
    ``given`` is the list among the arguments that the rows are, if they are one. ``kinds`` are the
    types of the numbers in each column.
    """

    axis: Axis
    columns: Sequence[Any]
    places: Any
    numbers: NDArray[Any]  # rows x columns
    given: GivenRows | None
    kinds: list[type]

    def at(self, places: dict[int, int]) -> Batch:
        """Return it with the places that ``places`` gives for the present ones. None if free."""
        if self.places is None or (self.given is not None and not self.given.looked):
            return self._replace(places=None)
        return self._replace(places=[places[i] for i in self.places.tolist()])


class DifferingComparison(Comparison):
    """A comparison that holds for some of the rows only."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise RowsDifferError


class RowRecorder(TraceRecorder):
    """Records `vmap` too."""

    def __init__(self, most_rows: int | None) -> None:
        super().__init__()
        self.most_rows = most_rows  # that are computed with; None: all
        self.batches: list[Batch] = []
        self.lengths: dict[Axis, Traced] = {}  # the numbers of rows
        self._place: dict[Traced, int] = {}  # of the plain numbers among the arguments
        self._axis: Axis | None = None  # of the rows whose function is recorded now

    def number(self, x: Any, place: int) -> Any:
        """Return what stands for a plain number, the leaf of the arguments at ``place``."""
        made = self.argument(x)
        self._place[made.node] = place
        return made

    def _node(self, op: Any, parents: Sequence[Any], value: Any) -> Traced:
        node = super()._node(op, parents, value)
        if isinstance(value, np.ndarray):
            node.axis = self._axis
        return node

    def _evaluated(self, operation: Operation, nodes: list[Any], xs: list[Any]) -> Traced:
        if np.ndarray not in map(type, xs):
            return super()._evaluated(operation, nodes, xs)
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            values = operation.forward(COLUMNS, *xs)
        rows = next(x.shape for x in xs if isinstance(x, np.ndarray))
        return self._node(operation, tuple(nodes), np.broadcast_to(values, rows))

    def _check_whole(self, node: Traced) -> None:
        if node.axis is None:
            super()._check_whole(node)
        elif (np.abs(node.value) >= EXACT_INT).any():
            raise RowsDifferError
        else:
            size = self._node(ops.abs, (node,), np.abs(node.value))
            self.add_guard(Guard(operator.lt, size, self._constant(EXACT_INT), True, of_range=True))

    def compare(self, test: Callable[[Any, Any], bool], a: Any, b: Any) -> Any:
        found = super().compare(test, a, b)
        outcomes = found.guard.outcome
        if isinstance(outcomes, np.ndarray):
            kind = Comparison if outcomes.all() == outcomes.any() else DifferingComparison
            return kind(self, found.guard._replace(outcome=bool(outcomes.all())))
        return found

    def _first_index(self, i: TracedNumber, size: int, negative: bool) -> int:
        """Return 0 if an index counts from the front of a list of this size, -size from its end."""
        values = np.atleast_1d(i.node.value)
        if (values < 0).any() != (values < 0).all():
            raise RowsDifferError
        if i.node.axis is None:
            return super()._first_index(i, size, negative)
        if values[0] < 0 and not negative:
            raise IndexError(f"index {int(values[0])} is out of range for {size} elements")
        return -size if values[0] < 0 else 0

    # ------------------------------------------------------------------------------------- vmap

    def map_rows(
        self, f: Callable[..., Any], args: Sequence[Any], takes_rows: Sequence[bool]
    ) -> list[Any]:
        def one_by_one() -> list[Any]:
            return super(RowRecorder, self).map_rows(f, args, takes_rows)

        before, batches = self.mark(), len(self.batches)
        batched = None if self._axis or self.differentiates else self._batched(args, takes_rows)
        if batched is not None:
            self._axis, columns = batched
            try:
                found, structure = flatten(f(*columns))
                if all(_node_of(x).axis for x in found):
                    return Rows(self, self._axis, found, structure, one_by_one)
            except RowsDifferError:
                warnings.warn(
                    "vmap: a comparison comes out differently for different rows, so each row is "
                    "recorded on its own, which takes long: use autograd.where, maximum or relu "
                    "instead of a branch",
                    stacklevel=3,  # where the function calls what vmap returned
                )
            except (ArithmeticError, ValueError):
                pass  # of some row: the error of that row follows
            finally:
                self._axis = None
            self.rewind(before)
            del self.batches[batches:]
            self.failed.clear()
            known = {batch.axis for batch in self.batches}
            self.lengths = {axis: x for axis, x in self.lengths.items() if axis in known}
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
        count = {int(self.lengths[x.axis].value) for x in results}
        columns: list[Any] = []
        for x, takes in zip(args, takes_rows, strict=True):
            if not takes:
                columns.append(x)
            elif is_open(x):
                columns.append(build(x.structure, iter(x.leaves)))
            else:
                fresh = isinstance(x, GivenRows) and not x.looked
                structure = (self._given_input if fresh else self._rows_input)(axis, x)
                if structure is None:
                    return None
                count.add(len(self.batches[-1].numbers))
                batch = self.batches[-1]
                numbers = map(TracedNumber, batch.columns, batch.kinds)
                columns.append(build(structure, numbers))
        if len(count) != 1 or 0 in count:
            return None
        if axis not in self.lengths:
            self.lengths[axis] = self._node(None, (), float(*count))
        return axis, columns

    def _given_input(self, axis: Axis, given: GivenRows) -> Structure | None:
        """Make a batch of a list that nobody has looked into. Return the structure of its rows."""
        found = rows_of(given.part)
        assert found is not None  # its part is that of a list of rows
        row, count = found
        width = len(given.numbers) // count
        places = np.array(given.places)
        return row if width and self._input(axis, given.numbers, width, places, given) else None

    def _rows_input(self, axis: Axis, rows: Iterable[Any]) -> Structure | None:
        """Make a batch of rows of numbers, all arguments or all constants. Else return None."""
        found = [flatten(row) for row in rows]
        if not found or not found[0][0] or any(structure != found[0][1] for _, structure in found):
            return None
        flat = [*chain.from_iterable([leaves for leaves, _ in found])]
        kinds, places = set(map(type, flat)), None
        if kinds == {TracedNumber} and all(x.node in self._place for x in flat):
            places = np.array([self._place[x.node] for x in flat])
        elif not kinds <= {float, int}:
            return None
        width = len(found[0][0])
        return found[0][1] if self._input(axis, flat, width, places, None) else None

    def _input(
        self, axis: Axis, flat: list[Any], width: int, places: Any, given: GivenRows | None
    ) -> bool:
        """Make a batch of these numbers. False if a column has numbers of several types."""
        columns = [flat[i::width] for i in range(width)]
        if type(flat[0]) is TracedNumber:
            kinds = [{x.kind for x in column} for column in columns]
            flat = [x.node.value for x in flat]
        else:
            kinds = [set(map(type, column)) for column in columns]
        if any(len(found) > 1 for found in kinds):
            return False  # each row keeps its own
        numbers = np.array(flat, float).reshape(-1, width)
        nodes = [self._node(None, (), column) for column in numbers[: self.most_rows].T]
        for node in nodes:
            node.axis = axis
        known = [found.pop() for found in kinds]
        self.batches.append(Batch(axis, nodes, places, numbers, given, known))
        return True

    def over_rows(self, operation: Operation, rows: Rows) -> Any:
        """Return `sum`, `mean`, `maximum` or `minimum` of the results of all rows."""
        (leaf,) = rows.leaves
        op = ops.sum if operation is ops.mean else operation
        total = op.value(_node_of(leaf).value.tolist())
        result = self._like([leaf], self._node(rows.axis.over(op), (_node_of(leaf),), total))
        if operation is ops.mean:
            return self.record(ops.div, (result, TracedNumber(self.lengths[rows.axis], float)))
        return result

    def dot_over_rows(self, left: Rows, right: Rows) -> Any:
        """Return the sum over all rows of the products of two results."""
        leaves = [*left.leaves, *right.leaves]
        nodes = tuple(map(_node_of, leaves))
        value = float(nodes[0].value @ nodes[1].value)
        return self._like(leaves, self._node(left.axis.over(ops.dot), nodes, value))

    def _like(self, leaves: Sequence[Any], node: Traced) -> Any:
        """Return a plain number if it is computed from plain numbers only, else the node."""
        plain = all(type(x) is TracedNumber for x in leaves)
        return TracedNumber(node, float) if plain else node


def _node_of(x: Any) -> Any:
    """Return the node of a traced number. Anything else as it is, if it has no axis."""
    return x.node if type(x) is TracedNumber else x if isinstance(x, Traced) else _NO_ROWS


def expanded_rows(root: Expression, known: dict[Expression, Any]) -> Scalar:
    """Return ``root`` as a graph, given its leaves: a list of numbers for a leaf that has rows.

    Where an expression has rows, the graph has a node for each.
    """

    def result(operation: Any, operands: list[Any]) -> Any:
        first = next((x for x in operands if isinstance(x, Value)), None)
        return operation.value(operands) if first is None else first.record(operation, operands)

    for node in reachable([root]):
        operands: list[Any] = [known.get(p, p.value) for p in node.parents]
        if isinstance(node.op, Over):
            known[node] = result(node.op.op, [*chain.from_iterable(operands)])
        elif node.op is not None and node.axis is not None:
            columns = [x if isinstance(x, list) else repeat(x) for x in operands]
            known[node] = [result(node.op, [*row]) for row in zip(*columns, strict=False)]
        elif node.op is not None:
            known[node] = result(node.op, operands)
        elif node.value is not None:
            known[node] = node.value
    found: Scalar = known[root]
    return found


def is_open(x: Any) -> bool:
    """Return whether ``x`` are rows that nobody has looked into."""
    return isinstance(x, Rows) and not x.looked


class _Watched(list[Any]):
    """A list that knows whether somebody looks into it: at its length, or at an element."""

    kind_in_trees = list
    looked = False

    def look(self) -> None:
        self.looked = True

    def unwatched(self) -> list[Any]:
        """Return the elements that it has, as a list."""
        return [*list.__iter__(self)]

    def __copy__(self) -> list[Any]:
        self.look()
        return self.unwatched()

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return deepcopy(self.__copy__(), memo)


class GivenRows(_Watched):
    """A list of rows of plain numbers among the arguments, made when somebody looks into it.

    If only `vmap` takes it, its length is free. ``key`` is the position or the name of the
    argument, ``part`` its structure, ``places`` where its numbers are among all leaves.
    """

    def __init__(
        self,
        recorder: RowRecorder,
        key: int | str,
        part: Any,
        numbers: list[Any],
        places: list[int],
    ) -> None:
        super().__init__()
        self.recorder, self.key, self.part = recorder, key, part
        self.numbers, self.places = numbers, places
        self.filled: list[Any] = []  # with the numbers of the recording

    def look(self) -> None:
        """Fill the list."""
        if not self.looked:
            self.looked = True
            self.filled = list(map(self.recorder.number, self.numbers, self.places))
            list.extend(self, build(self.part, iter(self.filled)))


class Rows(_Watched, Node):
    """The results of `vmap`: a list that is made when somebody looks into it.

    Reductions and `vmap` take it as it is. For all else, the function is recorded for each row.
    """

    def __init__(
        self,
        recorder: RowRecorder,
        axis: Axis,
        leaves: list[Any],
        structure: Structure,
        one_by_one: Callable[[], list[Any]],
    ) -> None:
        super().__init__()
        self.recorder, self.axis, self.leaves, self.structure = recorder, axis, leaves, structure
        self._one_by_one = one_by_one

    def look(self) -> None:
        """Fill the list."""
        if not self.looked:
            self.looked = True
            list.extend(self, self._one_by_one())

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        numbers = all(is_open(x) and isinstance(x.structure, Leaf) for x in operands)
        if numbers and all(type(x.leaves[0]) is TracedNumber for x in operands):
            numbers = operation in EXACT_REDUCTIONS  # a sum of plain numbers keeps its order
        if numbers and operation in REDUCTIONS and len(operands) == 1:
            return self.recorder.over_rows(operation, self)
        if numbers and operation is ops.dot and len({x.axis for x in operands}) == 1:
            return self.recorder.dot_over_rows(*operands)
        return operation(*[list(x) if isinstance(x, Rows) else x for x in operands])


def _looking(name: str) -> Callable[..., Any]:
    method = getattr(list, name)

    def look(rows: _Watched, *args: Any, **kwargs: Any) -> Any:
        for x in (rows, *args):  # the other list too, of ``xs + ys`` or ``xs == ys``
            if issubclass(type(x), _Watched):
                x.look()
        return method(rows, *args, **kwargs)

    return look


for _name, _member in vars(list).items():
    if callable(_member) and _name not in ("__init__", "__new__", "__getattribute__"):
        setattr(_Watched, _name, _looking(_name))


def _added(rows: _Watched, before: list[Any]) -> list[Any]:
    rows.look()
    return [*before, *rows]


_Watched.__radd__ = _added  # type: ignore[attr-defined]  # list has no such method
