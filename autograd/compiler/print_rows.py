"""Lines of emitted programs for batches: arrays with rows in front, and sums over all rows."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from .batch import Over
from .expressions import Expression
from .matrices import Ids
from .operands import XP, Operands, constant_along, spread, without_repeats
from .python_code import Code, named
from .schedule import SCALAR, Group, Schedule
from .source_lines import Line, shown
from .views import view


class RowCode(Code):
    """An array with rows in front. Indices, ``T``, ``reshape`` are of what lies in each row.

    >>> z = RowCode(named("z1").tree)
    >>> print(z[3], z.T, z.reshape(4, 3), z[None, 2:4])
    z1[:, 3] z1.swapaxes(-1, -2) z1.reshape(-1, 4, 3) z1[:, None, 2:4]
    """

    __slots__ = ()

    def __getitem__(self, index: Any) -> RowCode:
        inner = index if isinstance(index, tuple) else (index,)
        return RowCode(Code(self.tree)[(slice(None), *inner)].tree)

    @property
    def T(self) -> RowCode:
        return RowCode(Code(self.tree).swapaxes(-1, -2).tree)

    def reshape(self, *sizes: int) -> RowCode:
        return RowCode(Code(self.tree).reshape(-1, *sizes).tree)

    def transpose(self, *axes: int) -> RowCode:
        return RowCode(Code(self.tree).transpose(0, *[axis + 1 for axis in axes]).tree)


class RowOperands(Operands):
    """Operands that may have rows."""

    def __init__(self, schedule: Schedule, parameters: Sequence[Expression], inputs: int) -> None:
        super().__init__(schedule, parameters, inputs)
        self.products: list[tuple[Code, str]] = []  # the matrix products and their shapes
        self.faster = dict[ast.AST, ast.expr]()  # what NumPy does faster than what is shown

    def _with_rows(self, groups: Ids) -> list[int]:
        """Return which of these groups have rows."""
        found = np.unique(groups).tolist()
        return [g for g in found if g in self.arrays and self.arrays[g].has_rows]

    def _row_count(self, groups: Ids) -> Code:
        return named("len")(self.arrays[self._with_rows(groups)[0]].name)

    def operand(self, ids: Ids, exact: bool = False, terms: bool = False) -> Code:
        """Return the expressions of these indices as an array that broadcasts to their shape.

        If it has rows, it has all axes of ``ids`` besides.
        """
        groups = self.places.group[ids]
        if not self._with_rows(groups):
            return super().operand(ids, exact, terms)
        if not exact:
            ids = without_repeats(ids, ids.ndim - terms)
            groups = self.places.group[ids]
        if (groups == groups.flat[0]).all():
            return self._rows_part(self.arrays[int(groups.flat[0])], self.places.position[ids])
        return self._pooled_rows(ids)

    def _rows_part(self, array: Line, positions: Ids) -> RowCode:
        """Return the elements of each row at ``positions``."""
        whole = RowCode(array.symbol)
        inner = positions
        while inner.ndim > 1 and inner.shape[0] == 1:
            inner = inner[0]
        if positions.size > 1:
            part: RowCode | None = view(whole, array.shape, inner)
            size = int(np.prod(array.shape))
            flat = whole if len(array.shape) == 1 else whole.reshape(size)
            found = flat[self.constant("i", inner)] if part is None else part
        elif positions.shape == array.shape:
            return whole
        else:
            *index, last = [int(k) for k in np.unravel_index(positions.flat[0], array.shape)]
            found = whole[(*index, slice(last, last + 1) if positions.ndim else last)]
            inner = positions.reshape((1,) * bool(positions.ndim))
        missing = positions.ndim - inner.ndim
        return found[(None,) * missing] if missing else found

    def _pooled_rows(self, ids: Ids) -> Code:
        """Return expressions from several groups, out of one array that has all, row by row."""
        unique = np.unique(ids)
        groups = self.places.group[unique]
        rows = self._row_count(groups)
        parts, size = list[Code](), 0
        position = np.zeros(len(unique), int)
        for group in np.unique(groups).tolist():
            mine = np.flatnonzero(groups == group)
            if self._with_rows(np.array([group])):
                mine = mine[np.argsort(self.places.position[unique[mine]])]
                part: Code = self._rows_part(self.arrays[group], self.places.position[unique[mine]])
            else:
                shared = super().operand(unique[mine], exact=True)
                if group == SCALAR:
                    shared = XP.asarray([self.numbers[i] for i in unique[mine].tolist()])
                part = XP.broadcast_to(shared, (rows, len(mine)))
            parts.append(part)
            position[mine] = size + np.arange(len(mine))
            size += len(mine)
        key = ("pool", unique.tobytes())
        self.operations += key not in self._line_for

        def line() -> Line:
            return Line("pool", XP.concatenate(tuple(parts), axis=1), (size,), has_rows=True)

        return self._rows_part(self._shared(key, line), position[np.searchsorted(unique, ids)])

    # ------------------------------------------------------------------------------------ groups

    def line_over_rows(self, group: Group) -> Line:
        """Return the line that leads from all rows to values without rows."""
        op = group.op
        assert isinstance(op, Over)
        if op.op is ops.dot:
            lefts, rights = group.arrangement.lefts, group.arrangement.rights
            assert lefts is not None
            assert rights is not None
            if group.is_number:
                lefts, rights = lefts.reshape(-1), rights.reshape(-1)
            return self._product_over_rows(lefts, rights)
        ids = spread(group, group.columns[0])
        values = self.operand(ids.reshape(()) if group.is_number else ids, exact=True)
        if op.op is ops.sum:
            total = XP.sum(values, axis=0)
            if group.is_number or ids.ndim == 1:
                rows = self._row_count(self.places.group[ids])
                self.faster[total.tree] = XP.ones[rows].dot(values).tree
            return Line("s", total)
        return Line("m", getattr(XP, op.op.name).reduce(values, axis=0))

    def _product_over_rows(self, lefts: Ids, rights: Ids) -> Line:
        """Return sums of products over the terms, the last axis, and over all rows."""
        axes, terms = lefts.ndim - 1, lefts.shape[-1]
        for a, b in ((lefts, rights), (rights, lefts)):
            if axes == 2 and constant_along(a, 1) and constant_along(b, 0):
                a, b = (a[:, 0], b[0]) if terms > 1 else (a[:, 0, 0], b[0, :, 0])
                left, right = self.operand(a, exact=True), self.operand(b, exact=True)
                if terms > 1:
                    return Line("z", XP.tensordot(left, right, axes=((0, 2), (0, 2))))
                return Line("z", self.product_of(Code(left.tree).T, right, a, b))
            if terms == 1 and (axes == 0 or (axes == 1 and constant_along(b, 0))):
                one = self.operand(b.flat[0].reshape(()), exact=True)
                values = self.operand(a[..., 0], exact=True)
                return Line("z", self.product_of(one, values, b.flat[0].reshape(()), a[..., 0]))
        left, right = (self.operand(x, exact=True) for x in (lefts, rights))
        return Line("s", XP.sum(left * right, axis=(0, lefts.ndim)))

    def product_of(self, a: Code, b: Code, left: Ids, right: Ids) -> Code:
        """Return a matrix product, after noting it for the report."""
        product = a @ b
        sizes = [
            (*["rows"] * isinstance(x, RowCode), *ids.shape) for x, ids in ((a, left), (b, right))
        ]
        if sizes[1][:1] == ("rows",) != sizes[0][:1]:  # summed over the rows
            sizes[0] = (*left.shape, "rows")
        self.products.append((product, " @ ".join([shown(size, " x ") for size in sizes])))
        axes = [ids.ndim + isinstance(x, RowCode) for x, ids in ((a, left), (b, right))]
        if max(axes) <= 2:
            self.faster[product.tree] = a.dot(b).tree
        return product

    def product_with_rows(self, lefts: Ids, rights: Ids) -> Line:
        """Return the dots of these rows of operands, for each row of the batch."""
        axes = lefts.ndim - 1
        sides = sorted((lefts, rights), key=lambda x: not self._with_rows(self.places.group[x]))
        for a, b in (sides, sides[::-1]):
            a_has, b_has = (bool(self._with_rows(self.places.group[x])) for x in (a, b))
            if axes == 1 and constant_along(a, 0) and a_has != b_has:
                vector, matrix = self.operand(a[0], exact=True), self.operand(b.T, exact=True)
                if a_has:
                    return Line("z", self.product_of(vector, matrix, a[0], b.T))
                matrix = self.operand(b, exact=True)
                return Line("z", self.product_of(matrix, vector, b, a[0]))
            if axes == 2 and constant_along(a, 1) and constant_along(b, 0):
                left = self.operand(a[:, 0], exact=True)
                right = self.operand(b[0].T, exact=True)
                return Line("z", self.product_of(left, right, a[:, 0], b[0].T))
        left, right = self.operand(lefts, exact=True), self.operand(rights, terms=True)
        return Line("s", XP.sum(left * right, axis=-1))
