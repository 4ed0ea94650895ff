"""Stage 4, schedule: expressions that do the same work become groups, each one array operation.

Expressions are scheduled level by level. The level of an expression is its longest way from the
leaves, so operands come first. At one level, expressions with the same operation and with operands
in the same groups form a class. Regular code gives few large classes. A class becomes one array
operation if that is estimated to be faster, else its expressions become Python numbers one by one.
So compiling never loses. Small classes of one operation may become one operation together, though
their operands have to be gathered.

A sum is taken apart by the groups of its products. ``b + w1*x1 + w2*x2`` is a product of parameters
and inputs, summed over two terms, and a bias. The first part is a reduction, in which
`autograd.compiler.matrices` may see a matrix product. The rest is done element by element.

Expressions with a value for each row of a batch are never Python numbers. Their groups' arrays have
one more axis, in front, for the rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..operation import Nary, Operation
from .batch import Axis, Over
from .expressions import Expression, Graph, Pairs, pairs_of, reachable
from .matrices import Arrangement, Ids, Places, flat, following, product, terms_in_order

# Where an expression's value is found: a constant of the program, a Python number, or an array.
ONE, CONSTANT, SCALAR, PARAMETER, INPUT, FIRST_GROUP = -3, -2, -1, 0, 1, 2

# Costs in nanoseconds, measured on CPython 3.11 and NumPy 2. Only their ratios matter.
ARRAY_OPERATION_NS = 800
GATHER_NS = 500  # one more array to gather operands from
SCALAR_OPERATION_NS = 40
PACK_NS, UNPACK_NS = 40, 15  # a Python number put into an array, or read from one
GROUP_NS = 3000  # all that follows from one more group

MIN_CLASS_PRODUCTS = 12  # smaller classes are never one array operation on their own
MIN_JOINT_PRODUCTS = 64  # nor is less than this of several classes together
MAX_JOINING_PRODUCTS = 4096  # larger classes do not join others
MAX_DELAY_LEVELS = 4  # that an expression waits for others of its kind


class Group:
    """Expressions that one array operation computes.

    ``op`` is applied to ``columns``, each the indices of one operand for all members. The value of
    a member is in an array, at the place that ``arrangement`` gives it. With an ``axis``, the array
    has the rows of that batch along one more axis in front.
    """

    def __init__(
        self,
        op: Any,  # an operation, or None for the inputs of a batch
        members: Ids,
        columns: list[Ids],
        kind: str,
        axis: Axis | None = None,
    ) -> None:
        self.op, self.members, self.columns, self.kind = op, members, columns, kind
        self.axis = axis
        self.arrangement: Arrangement = flat(np.arange(len(members)))
        self.offsets: Ids | None = None  # where each member's terms begin, if they differ in number
        self.number = -1  # among the groups

    @property
    def is_number(self) -> bool:
        """Whether it has one result, which becomes a Python number."""
        return len(self.members) == 1 and self.axis is None


class Entry(NamedTuple):
    """An expression to schedule. Entries of one level with equal keys are a class.

    The key is the operation, the batch whose rows it has, whether it reduces its operands, how many
    terms it has, and the groups of the operands. ``pairs`` are the products of a sum of products.
    """

    key: tuple[Any, ...]
    node: Expression
    pairs: Pairs | None


Step = Group | Expression  # an array operation, or an expression computed as a Python number


class Schedule:
    """The steps that compute ``roots``, in order, and the places of all values."""

    def __init__(
        self,
        graph: Graph,
        roots: Sequence[Expression],
        parameters: Sequence[Expression],
        inputs: Sequence[Expression],
        batches: Sequence[Sequence[Expression]] = (),
    ) -> None:
        self.graph, self.steps = graph, list[Step]()
        self.groups: list[Group] = []
        self.shapes: list[tuple[int, ...]] = []  # of the groups' arrays
        self.places = Places(len(graph.nodes))
        self._level: dict[int, int] = {}
        self.consumed: set[int] = set()  # expressions that others are computed from
        self.places.put(np.array([x.index for x in parameters], int), PARAMETER)
        self.places.put(np.array([x.index for x in inputs], int), INPUT)
        for columns in batches:
            ids = np.array([x.index for x in columns], int)
            self._register(Group(None, ids, [], "inputs", columns[0].axis))
        for level in self._levels(reachable(roots)):
            self._schedule(level)

    def _levels(self, nodes: list[Expression]) -> list[list[Expression]]:
        """Return the operations by level.

        An expression can be at any level between those of its operands and its consumers. It goes
        where most of its kind are.
        """
        size = len(self.graph.nodes)
        earliest, consumed = [-1] * size, bytearray(size)
        for node in nodes:
            if node.parents:
                earliest[node.index] = 1 + max([earliest[p.index] for p in node.parents])
            elif node.value is not None:
                self.places.set(node.index, ONE if node is self.graph.one else CONSTANT)
        depth = max(earliest)
        latest = [depth] * size
        for node in reversed(nodes):
            before = latest[node.index] - 1
            for p in node.parents:
                consumed[p.index] = 1
                if latest[p.index] > before:
                    latest[p.index] = before
        self.consumed = {node.index for node in nodes if consumed[node.index]}
        company = Counter([(n.op, earliest[n.index]) for n in nodes])
        levels: list[list[Expression]] = [[] for _ in range(depth + 1)]
        level_of = self._level
        for node in nodes:
            if node.op is None:
                level_of[node.index] = -1
                continue
            level = 1 + max([level_of[p.index] for p in node.parents])
            last = min(latest[node.index], level + MAX_DELAY_LEVELS)
            if level < last and node.op is not ops.dot and node.op is not ops.mul:
                here = company[node.op, level]
                fullest = max(range(level, last + 1), key=lambda at: company[node.op, at])
                level = fullest if company[node.op, fullest] > 2 * here else level
            level_of[node.index] = level
            levels[level].append(node)
        return levels

    # ------------------------------------------------------------------------------- one level

    def _schedule(self, level: list[Expression]) -> None:
        sums = [node for node in level if node.op is ops.dot or node.op is ops.mul]
        self._place(self._reductions(sums))
        products = [n for n in level if isinstance(n.op, Over) and n.op.op is ops.dot]
        self._place(self._over_rows(products))
        sums += [node for node in products if node.op is ops.dot]
        self._place(self._remainders(sums))
        group = self.places.group_list
        others: list[Entry] = []
        for node in level:
            if group[node.index] == Places.NOWHERE:
                kinds = [group[p.index] for p in node.parents]
                reduces = isinstance(node.op, Nary)
                if reduces:
                    kinds = [min(kinds), max(kinds)]
                key = (node.op, node.axis, reduces, len(node.parents), *kinds)
                others.append(Entry(key, node, None))
        self._place(others)

    def _reductions(self, sums: list[Expression]) -> list[Entry]:
        """Return the sums whose products are of one kind: their operands are in the same groups.

        A sum of several kinds is split: two or more products of one kind become a sum of their own.
        """
        found: list[Entry] = []
        for node in sums:
            kinds = self._by_kind(node)
            if len(kinds) == 1:
                ((key, pairs),) = kinds.items()
                found.append(Entry((ops.dot, node.axis, True, len(pairs), *key), node, pairs))
                continue
            if all(b < PARAMETER for _, b in kinds):
                continue  # numbers only
            terms: Pairs = []
            for key, pairs in sorted(kinds.items(), reverse=True):
                if len(pairs) == 1:
                    terms += pairs
                    continue
                part = self._part(found, ops.dot, key, pairs)
                terms.append((self.graph.one, part))
            node.parents = _side_by_side(terms)
        return found

    def _by_kind(self, node: Expression) -> dict[tuple[int, int], Pairs]:
        """Return the products of a sum, by the groups of their factors."""
        group = self.places.group_list
        kinds: dict[tuple[int, int], Pairs] = {}
        for left, right in pairs_of(node):
            a, b = group[left.index], group[right.index]
            pair = (left, right)
            if a > b:
                a, b, pair = b, a, (right, left)
            kinds.setdefault((a, b), []).append(pair)
        return kinds

    def _part(
        self, found: list[Entry], op: Operation, kind: tuple[int, int], pairs: Pairs
    ) -> Expression:
        """Return the sum of some of the products of a sum. Append its entry if it is new."""
        part = self.graph.unique(op, _side_by_side(pairs))
        self.places.grow(len(self.graph.nodes))
        if part.index not in self._level:
            self._level[part.index] = 0
            self.consumed.add(part.index)
            found.append(Entry((op, part.axis, True, len(pairs), *kind), part, pairs))
        return part

    def _over_rows(self, sums: list[Expression]) -> list[Entry]:
        """Return the sums over all rows of products of one kind. Split those of several kinds."""
        found: list[Entry] = []
        for node in sums:
            assert node.op is not None
            kinds = self._by_kind(node)
            if len(kinds) == 1:
                ((key, pairs),) = kinds.items()
                found.append(Entry((node.op, None, True, len(pairs), *key), node, pairs))
                continue
            in_order = sorted(kinds.items(), reverse=True)
            parts = [self._part(found, node.op, key, pairs) for key, pairs in in_order]
            node.op = ops.dot
            node.parents = _side_by_side([(self.graph.one, part) for part in parts])
        return found

    def _remainders(self, sums: list[Expression]) -> list[Entry]:
        """Return the other sums, of products of several kinds."""
        group = self.places.group_list
        found = []
        for node in sums:
            if group[node.index] != Places.NOWHERE:
                continue  # a reduction, which has been placed
            keyed = []
            for left, right in pairs_of(node):
                a, b = group[left.index], group[right.index]
                keyed.append((a, b, left, right) if a <= b else (b, a, right, left))
            keyed.sort(key=lambda k: (k[1], k[0]), reverse=True)
            kinds = [kind for a, b, _, _ in keyed for kind in (a, b)]
            pairs = [(left, right) for _, _, left, right in keyed]
            key = (ops.dot, node.axis, False, len(pairs), *kinds)
            found.append(Entry(key, node, pairs))
        return found

    # --------------------------------------------------------------------- classes and families

    def _place(self, entries: list[Entry]) -> None:
        """Make groups of the classes that are cheaper as arrays, Python numbers of the others.

        A family is classes that differ only in where their operands are, or in the number of terms.
        If one class of a family becomes a group, small ones may join it. Everything that follows
        from them stays together then, so this may pay even if it does not pay here.
        """
        classes: dict[Any, list[Entry]] = {}
        for entry in entries:
            classes.setdefault(entry.key, []).append(entry)
        families: dict[Any, list[Class]] = {}
        for key, members in classes.items():
            op, axis, reduces, terms, *kinds = key
            form = (op, axis, reduces, reduces or terms, *[_kind(k) for k in kinds])
            families.setdefault(form, []).append(Class(self, members))
        rest: dict[Operation, list[Class]] = {}
        for family in families.values():
            for one in self._joined(family):
                if one.pays:
                    self._add_group(one.group())
                else:
                    rest.setdefault(one.op, []).append(one)
        for several in rest.values():
            self._together(several)

    def _joined(self, family: list[Class]) -> list[Class]:
        """Return the family, with its small classes as one if that is cheaper."""
        small = [c for c in family if c.may_join]
        if len(small) > 1 and any(c.pays for c in small):
            apart = sum([min(c.array_cost, c.scalar_cost) for c in small])
            if any(entry.node.index in self.consumed for c in small for entry in c.entries):
                apart += GROUP_NS * (len(small) - 1)
            together = Class(self, [entry for c in small for entry in c.entries])
            if together.array_cost < apart:
                together.pays = True
                return [together, *[c for c in family if c not in small]]
        return family

    def _together(self, classes: list[Class]) -> None:
        """Emit classes of one operation as one group if that is cheaper, else as Python numbers."""
        by_form: dict[Any, list[Class]] = {}
        for c in classes:
            by_form.setdefault((c.reduces, c.reduces or c.terms), []).append(c)
        for several in by_form.values():
            if len(several) > 1 and sum([c.size for c in several]) >= MIN_JOINT_PRODUCTS:
                together = Class(self, [entry for c in several for entry in c.entries])
                if together.array_cost < sum([c.scalar_cost for c in several]):
                    self._add_group(together.group())
                    continue
            for c in several:
                for entry in c.entries:
                    self.places.set(entry.node.index, SCALAR)
                    self.steps.append(entry.node)

    # ---------------------------------------------------------------------------------- groups

    def _add_group(self, group: Group) -> None:
        group.arrangement = self._arranged(group)
        self.steps.append(group)
        self._register(group)

    def _register(self, group: Group) -> None:
        """Give a group its number, and its members their places."""
        order = group.arrangement.order
        group.number = FIRST_GROUP + len(self.groups)
        self.shapes.append(group.arrangement.shape)
        self.groups.append(group)
        if group.is_number:
            self.places.set(int(group.members[0]), SCALAR)
            return
        used = order >= 0
        self.places.put(group.members[order[used]], group.number, np.flatnonzero(used))

    def _arranged(self, group: Group) -> Arrangement:
        places, members = self.places, group.members
        if group.kind == "ragged":
            return flat(np.arange(len(members)))
        if group.kind == "elementwise":
            return following(places, members, group.columns, self.shapes)
        if len(group.columns) == 2:
            group.columns = list(terms_in_order(places, *group.columns))
            return product(places, members, *group.columns)
        return flat(np.lexsort((members, places.rank(group.columns[0][:, 0]))))


class Class:
    """Expressions of one level that one array operation can compute, and what it would cost."""

    def __init__(self, schedule: Schedule, entries: list[Entry]) -> None:
        self.places, self.entries = schedule.places, entries
        self.op, self.axis, self.reduces, self.terms = entries[0].key[:4]
        self.has_rows = self.axis is not None or isinstance(self.op, Over)  # always an array
        counts = [entry.key[3] for entry in entries] if self.reduces else [1]
        self.ragged = min(counts) != max(counts)
        self.size = sum(counts) if self.reduces else len(entries)  # products, or members
        self.may_join = self.size < MAX_JOINING_PRODUCTS and (len(entries) > 1 or self.terms <= 8)
        self.may_join &= not self.has_rows
        self.array_cost = self.scalar_cost = 0.0
        if self.size >= MIN_CLASS_PRODUCTS or self.has_rows:  # else not worth the time to estimate
            self._estimate()
        self.pays = self.array_cost < self.scalar_cost  # as an array operation

    def _estimate(self) -> None:
        """Estimate both costs, in nanoseconds."""
        cost, unpacked = float(ARRAY_OPERATION_NS), 0
        for column in self.columns():
            groups = self.places.group[column]
            ids = column[groups == SCALAR]
            cost += PACK_NS * len(np.unique(ids)) if len(ids) else 0
            found = np.unique(groups)
            if len(found) > 1:  # has to be gathered first
                cost += ARRAY_OPERATION_NS + GATHER_NS * len(found) + 3 * column.size
            unpacked += int(np.count_nonzero(groups >= PARAMETER))
            cost += 0.5 * column.size
        if self.ragged:
            cost += 2 * ARRAY_OPERATION_NS + 4 * self.size
        self.array_cost = cost
        operations = (len(self.entries) + self.size) / 2
        self.scalar_cost = SCALAR_OPERATION_NS * operations + UNPACK_NS * unpacked
        if self.has_rows:
            self.scalar_cost = math.inf

    def columns(self) -> list[Ids]:
        """Return the operands as indices: of a reduction, members x terms, or a row if ragged."""
        entries = self.entries
        if entries[0].pairs is None:
            if self.ragged:
                return [np.array([p.index for e in entries for p in e.node.parents], int)]
            ids = np.array([[p.index for p in e.node.parents] for e in entries], int)
            return [ids] if self.reduces and self.terms != 2 else list(ids.T)
        sides = []
        for side in (0, 1):
            if self.ragged:
                ids = np.array([p[side].index for e in entries for p in e.pairs or ()], int)
            else:
                ids = np.array([[p[side].index for p in e.pairs or ()] for e in entries], int)
            sides.append(ids)
        if self.reduces and (self.ragged or self.terms > 1 or isinstance(self.op, Over)):
            return sides
        return [column for pair in zip(sides[0].T, sides[1].T, strict=True) for column in pair]

    def group(self) -> Group:
        """Return the group of these expressions."""
        if self.ragged:
            self._sort()
        members = np.array([entry.node.index for entry in self.entries], int)
        columns = self.columns()
        if not self.ragged:
            reduces = self.reduces and columns[0].ndim > 1
            kind = "reduction" if reduces else "elementwise"
            return Group(self.op, members, columns, kind, self.axis)
        group = Group(self.op, members, columns, "ragged", self.axis)
        counts = np.array([entry.key[3] for entry in self.entries])
        group.offsets = np.cumsum(counts) - counts
        return group

    def _sort(self) -> None:
        """Sort by the order of recording, or backward if the operands lie backward."""
        self.entries.sort(key=lambda entry: entry.node.index)
        ends = [(e.pairs[0][1] if e.pairs else e.node.parents[0]).index for e in self.entries]
        ranks = self.places.rank(np.array([ends[0], ends[-1]])).tolist()
        if ranks[0] > ranks[1]:
            self.entries.reverse()


def _kind(group: int) -> int:
    """Return where a value comes from: a constant, a parameter, an input, or a computation."""
    return SCALAR if group >= FIRST_GROUP else group


def _side_by_side(pairs: Pairs) -> tuple[Expression, ...]:
    """Return the operands of a dot: all on the left, then all on the right."""
    return tuple([left for left, _ in pairs] + [right for _, right in pairs])
