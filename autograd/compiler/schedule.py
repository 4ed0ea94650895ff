"""Stage 4, schedule: expressions that do the same work become groups, each one array operation.

Expressions are taken level by level (a level is the longest way from the leaves, so that operands
come first). Those of one level with the same operation and operands from the same groups form a
class: regular code gives few large classes. A class pays as an array operation, or its expressions
are computed one by one, as plain Python numbers, whichever is estimated to be faster; so compiling
never loses. Small classes of one operation can pay together, though their operands have to be
gathered.

A sum is taken apart by the groups of its products: ``b + w1*x1 + w2*x2`` is one product of
parameters and inputs summed over two terms, and a bias. The first is a `Reduction`, in which
`autograd.compiler.matrices` may see a matrix product; what remains is done element by element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..ops import Nary, Operation
from .expressions import Expression, Graph, Pairs, pairs_of, reachable
from .matrices import Arrangement, Ids, Places, flat, following, product, terms_in_order

# Where an expression's value is found: a constant of the program, a Python number, or an array.
ONE, CONSTANT, SCALAR, PARAMETER, INPUT, FIRST_GROUP = -3, -2, -1, 0, 1, 2

# What things cost, in nanoseconds, measured on CPython 3.11 and NumPy 2: only their ratios matter.
ARRAY_OPERATION, GATHER, SCALAR_OPERATION, PACK, UNPACK = 800, 500, 40, 40, 15
LEAST, LEAST_TOGETHER = 12, 64  # operands that a class, several classes need to be looked at


class Group:
    """Expressions that one array operation computes.

    ``op`` at ``columns``, each the indices of one operand of all members; a member's value is at
    its place in an array of the shape that ``arrangement`` says.
    """

    def __init__(self, op: Operation, members: Ids, columns: list[Ids], kind: str) -> None:
        self.op, self.members, self.columns, self.kind = op, members, columns, kind
        self.arrangement: Arrangement = flat(np.arange(len(members)))
        self.offsets: Ids | None = None  # of each member's terms, where their number differs
        self.number = -1  # among the groups

    @property
    def is_number(self) -> bool:
        """One result, which is kept as a Python number."""
        return len(self.members) == 1


Step = Group | Expression  # an array operation, or an expression computed as a Python number


class Schedule:
    """The steps that compute ``roots``, in order, and where every value is found."""

    def __init__(
        self,
        graph: Graph,
        roots: Sequence[Expression],
        parameters: Sequence[Expression],
        inputs: Sequence[Expression],
    ) -> None:
        self.graph, self.steps = graph, list[Step]()
        self.groups: list[Group] = []
        size = len(graph.nodes)
        self.places = Places(size)
        self._level: dict[int, int] = {}
        self.places.put(np.array([x.index for x in parameters], int), PARAMETER)
        self.places.put(np.array([x.index for x in inputs], int), INPUT)
        for level in self._levels(reachable(roots)):
            self._schedule(level)

    def _levels(self, nodes: Iterable[Expression]) -> list[list[Expression]]:
        levels: list[list[Expression]] = []
        where = self._level
        for node in nodes:
            if node.op is None:
                where[node.index] = -1
                if node.value is not None:
                    self.places.set(node.index, ONE if node is self.graph.one else CONSTANT)
                continue
            level = where[node.index] = 1 + max([where[p.index] for p in node.parents])
            if level == len(levels):
                levels.append([])
            levels[level].append(node)
        return levels

    # ------------------------------------------------------------------------------- one level

    def _schedule(self, level: list[Expression]) -> None:
        sums = [node for node in level if node.op is ops.dot or node.op is ops.mul]
        self._place(self._classes(self._reductions(sums)), reduces=True)
        self._place(self._classes(self._remainders(sums)), reduces=False)
        rest = [node for node in level if node.op is not ops.dot and node.op is not ops.mul]
        reductions = [n for n in rest if isinstance(n.op, Nary) and len(n.parents) > 2]
        others = [n for n in rest if not (isinstance(n.op, Nary) and len(n.parents) > 2)]
        for nodes, reduces in ((reductions, True), (others, False)):
            group = self.places.group_list
            keyed = [
                ((n.op, len(n.parents), *[group[p.index] for p in n.parents]), n, None)
                for n in nodes
            ]
            self._place(self._classes(keyed), reduces)

    def _reductions(self, sums: list[Expression]) -> list[Any]:
        """Of each sum, the products that share their groups: a class key, the node, its pairs.

        A sum of products of one kind is itself the node; of several, each kind of which there are
        two or more becomes a node of its own, and the sum has that as a term.
        """
        group = self.places.group_list
        found = []
        for node in sums:
            kinds: dict[tuple[int, int], Pairs] = {}
            for left, right in pairs_of(node):
                a, b = group[left.index], group[right.index]
                pair = (left, right)
                if a > b:
                    a, b, pair = b, a, (right, left)
                kinds.setdefault((a, b), []).append(pair)
            if len(kinds) == 1:
                ((key, pairs),) = kinds.items()
                if len(pairs) > 1:
                    found.append(((ops.dot, len(pairs), *key), node, pairs))
                continue
            if all(b < PARAMETER for _, b in kinds):
                continue  # numbers only
            terms: Pairs = []
            for key, pairs in sorted(kinds.items(), reverse=True):
                if len(pairs) == 1:
                    terms += pairs
                    continue
                part = self._part(pairs)
                if part.index not in self._level:
                    self._level[part.index] = 0
                    found.append(((ops.dot, len(pairs), *key), part, pairs))
                terms.append((self.graph.one, part))
            node.parents = _side_by_side(terms)
        return found

    def _part(self, pairs: Pairs) -> Expression:
        part = self.graph._unique(ops.dot, _side_by_side(pairs))
        self.places.grow(len(self.graph.nodes))
        return part

    def _remainders(self, sums: list[Expression]) -> list[Any]:
        group = self.places.group_list
        found = []
        for node in sums:
            if group[node.index] != Places.NOWHERE:
                continue  # a reduction
            keyed = []
            for left, right in pairs_of(node):
                a, b = group[left.index], group[right.index]
                keyed.append((a, b, left, right) if a <= b else (b, a, right, left))
            keyed.sort(key=lambda k: (k[1], k[0]), reverse=True)
            pairs = [(left, right) for _, _, left, right in keyed]
            key = (ops.dot, -len(pairs), *[k[:2] for k in keyed])
            found.append((key, node, pairs))
        return found

    def _classes(self, keyed: list[Any]) -> list[list[Any]]:
        classes: dict[Any, list[Any]] = {}
        for entry in keyed:
            classes.setdefault(entry[0], []).append(entry)
        return list(classes.values())

    def _place(self, classes: list[list[Any]], reduces: bool) -> None:
        """Make groups of the classes that pay as arrays, Python numbers of the others."""
        rest: dict[Operation, list[list[Any]]] = {}
        for entries in classes:
            (op, arity, *_), _, _ = entries[0]
            if len(entries) * (abs(arity) if reduces else 1) < LEAST:
                rest.setdefault(op, []).append(entries)  # too little work to look at
                continue
            columns = self._columns(entries)
            if self._array_cost(columns) < self._scalar_cost(columns, len(entries)):
                kind = "reduction" if reduces else "elementwise"
                self._add_group(Group(entries[0][0][0], self._members(entries), columns, kind))
            else:
                rest.setdefault(entries[0][0][0], []).append(entries)
        for op, several in rest.items():
            self._together(op, several, reduces)

    def _together(self, op: Operation, classes: list[list[Any]], reduces: bool) -> None:
        """Small classes of one operation: one group with gathered operands if that pays."""
        entries = [entry for entries in classes for entry in entries]
        if len(classes) == 1 or sum([len(e) * abs(e[0][0][1]) for e in classes]) < LEAST_TOGETHER:
            for entry in entries:
                self.places.set(entry[1].index, SCALAR)
                self.steps.append(entry[1])
            return
        columns_of = [self._columns(c) for c in classes]
        scalar = sum(self._scalar_cost(c, len(e)) for c, e in zip(columns_of, classes, strict=True))
        widths = {len(c) for c in columns_of}
        if not reduces and len(widths) > 1:  # sums of different numbers of terms
            for width in sorted(widths):
                fit = [c for c, x in zip(classes, columns_of, strict=True) if len(x) == width]
                self._together(op, fit, reduces)
            return
        if self._merged_cost(columns_of) < scalar:
            members = self._members(entries)
            if not reduces:
                columns = [np.concatenate(c) for c in zip(*columns_of, strict=True)]
                self._add_group(Group(op, members, columns, "elementwise"))
                return
            columns = [
                np.concatenate([c.ravel() for c in column])
                for column in zip(*columns_of, strict=True)
            ]
            group = Group(op, members, columns, "ragged")
            lengths = np.concatenate([np.full(len(c[0]), c[0].shape[1]) for c in columns_of])
            group.offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            self._add_group(group)
            return
        for entry in entries:
            self.places.set(entry[1].index, SCALAR)
            self.steps.append(entry[1])

    # ----------------------------------------------------------------------------------- costs

    def _columns(self, entries: list[Any]) -> list[Ids]:
        """The operands of a class, as indices: of a reduction members x terms, else members."""
        (op, arity, *_), _, pairs = entries[0]
        if pairs is None:
            ids = np.array([[p.index for p in node.parents] for _, node, _ in entries], int)
            return [ids] if isinstance(op, Nary) and arity > 2 else list(ids.T)
        left = np.array([[p[0].index for p in pairs] for _, _, pairs in entries], int)
        right = np.array([[p[1].index for p in pairs] for _, _, pairs in entries], int)
        if arity > 0:
            return [left, right]
        return [column for pair in zip(left.T, right.T, strict=True) for column in pair]

    def _members(self, entries: list[Any]) -> Ids:
        return np.array([node.index for _, node, _ in entries], int)

    def _array_cost(self, columns: list[Ids]) -> float:
        cost = float(ARRAY_OPERATION)
        for column in columns:
            groups = self.places.group[column]
            cost += PACK * len(np.unique(column[groups == SCALAR]))
        return cost + 0.5 * sum(column.size for column in columns)

    def _merged_cost(self, columns_of: list[list[Ids]]) -> float:
        cost = 3.0 * ARRAY_OPERATION
        for column in zip(*columns_of, strict=True):
            ids = np.concatenate([c.ravel() for c in column])
            groups = self.places.group[ids]
            cost += GATHER * len(np.unique(groups)) + PACK * np.count_nonzero(groups == SCALAR)
            cost += 3 * ids.size
        return cost

    def _scalar_cost(self, columns: list[Ids], members: int) -> float:
        cost = float(SCALAR_OPERATION * members)
        for column in columns:
            groups = self.places.group[column]
            from_arrays = np.count_nonzero(groups >= PARAMETER)
            cost += UNPACK * from_arrays + SCALAR_OPERATION / 2 * (column.size - members)
        return cost

    # ---------------------------------------------------------------------------------- groups

    def _add_group(self, group: Group) -> None:
        group.arrangement = self._arranged(group)
        order = group.arrangement.order
        group.number = FIRST_GROUP + len(self.groups)
        self.groups.append(group)
        self.steps.append(group)
        if group.is_number:
            self.places.set(int(group.members[0]), SCALAR)
            return
        used = order >= 0
        self.places.put(group.members[order[used]], group.number, np.flatnonzero(used))

    def _arranged(self, group: Group) -> Arrangement:
        places, members = self.places, group.members
        if group.kind == "ragged":
            return flat(np.arange(len(members)))
        if group.kind == "reduction":
            if len(group.columns) == 2:
                group.columns = list(terms_in_order(places, *group.columns))
                return product(places, members, *group.columns)
            return flat(np.lexsort((members, places.rank(group.columns[0][:, 0]))))
        return following(places, members, group.columns, [g.arrangement.shape for g in self.groups])


def _side_by_side(pairs: Pairs) -> tuple[Expression, ...]:
    """The operands of a dot: all on the left, then all on the right."""
    return tuple([left for left, _ in pairs] + [right for _, right in pairs])
