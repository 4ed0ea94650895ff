"""Stage 2, simplify: turn scalar code into as few expressions as possible.

A chain of additions and products becomes one `dot`, unless something else uses an intermediate
result. So ``sum(w * x for ...) + b`` becomes what ``dot(ws, xs, b)`` would have been. Equal
expressions become one. Nothing is kept that no result depends on.

What the function computes keeps its meaning to the last digit, but for the order in which the
products of a sum are added. `AsWritten` sees to that: a plain number is added where it was written,
a quotient stays a quotient, and constants are not folded. Derivatives are free: `Folded` folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import ops
from ..operation import Nary
from ..ops import scalar_graph
from ..recording import forward_of
from ..value import Value
from .expressions import Expression, Graph, Pairs, reachable
from .record import Recording
from .traced import Guard, Traced, TracedValueError


@dataclass(frozen=True)
class Simplified:
    """A recording as expressions."""

    graph: Graph
    leaves: Sequence[Expression | None]  # of the arguments, None if not used; then the live Values
    live: Sequence[Value]  # Values from outside that the function uses
    numbers: Sequence[int]  # the positions of the leaves that are plain numbers
    used_numbers: Sequence[int]  # and of those that something is computed from
    columns: Sequence[Sequence[Expression]]  # the inputs that have rows, of each batch
    lengths: Sequence[Expression]  # the inputs that are numbers of rows
    outputs: Sequence[Expression]
    guards: Sequence[Guard]
    count: int  # of expressions


def simplified(recording: Recording) -> Simplified:
    """Return the recording as expressions. Every Value from outside that it meets is live."""
    graph, live = Graph(), list[Value]()
    plain = {recording.arguments[i] for i in recording.numbers}
    known: dict[Any, Expression] = {x: graph.input() for x in recording.arguments if x not in plain}
    for column, axis in [(x, batch.axis) for batch in recording.batches for x in batch.columns]:
        known[column] = graph.input(True, axis)
    known |= {node: graph.length(axis) for axis, node in recording.lengths.items()}
    roots = [*recording.outputs, *[x for g in recording.guards for x in (g.left, g.right)]]

    def leaf(node: Any) -> Expression:
        if node not in known:
            if node in plain:
                return known.setdefault(node, graph.input(True))
            if type(node) is Traced:
                raise TracedValueError(
                    f"{node!r} was computed in an earlier call of a compiled function, and "
                    "kept in a cache, an attribute or a list: return it from the function"
                )
            if node.is_constant or node in recording.made:
                return graph.constant(node.data)
            live.append(node)
            known[node] = graph.input()
        return known[node]

    expressions = AsWritten(graph, leaf).run(recording.nodes, roots)
    rest = iter(expressions)
    outputs = [next(rest) for _ in recording.outputs]
    guards = [g._replace(left=next(rest), right=next(rest)) for g in recording.guards]
    return Simplified(
        graph=graph,
        leaves=[known.get(x) for x in (*recording.arguments, *live)],
        live=live,
        numbers=recording.numbers,
        used_numbers=[i for i in recording.numbers if recording.arguments[i] in known],
        columns=[[known[x] for x in batch.columns] for batch in recording.batches],
        lengths=[known[node] for node in recording.lengths.values()],
        outputs=outputs,
        guards=_in_order(guards, [known[x] for x in recording.arguments if x in known]),
        count=len(reachable(expressions)),
    )


def _in_order(guards: Iterable[Guard], arguments: Sequence[Expression]) -> list[Guard]:
    """Return each guard that can fail once, in the order of the operands, which become views.

    Arguments come first, as they are given. A function may use them in another order.
    """
    varying = [g for g in guards if g.left.value is None or g.right.value is None]
    place = {x: i - len(arguments) for i, x in enumerate(arguments)}
    return sorted(
        dict.fromkeys(varying),
        key=lambda g: (place.get(g.left, g.left.index), place.get(g.right, g.right.index)),
    )


def fresh(
    graph: Graph,
    recorded: Sequence[Expression],
    derived: Sequence[Expression],
    inputs: Sequence[Expression],
) -> tuple[Graph, list[Expression], list[Expression]]:
    """Return a new graph with nothing but the roots; the roots and the inputs in it.

    The roots are ``recorded``, which stay as they are, and ``derived``. Derivatives that were added
    one after another are simplified together.
    """
    new = Graph()
    known = {x: new.input(x.plain, x.axis) for x in inputs}
    known.update({length: new.length(axis) for axis, length in graph.lengths.items()})

    def leaf(node: Expression) -> Expression:
        if node is graph.one:
            return new.one
        return known[node] if node.value is None else new.constant(node.value)

    kept = set(reachable(recorded))
    simplifier = Folded(new, leaf, kept)
    roots = [*recorded, *derived]
    new_roots = simplifier.run(reachable(roots), roots)
    for ends in graph.adjoint_of.items():  # for the names in the program
        adjoint, of = [simplifier.forms.get(graph.nodes[i]) for i in ends]
        if isinstance(adjoint, Expression) and isinstance(of, Expression):
            new.adjoint_of.setdefault(adjoint.index, of.index)
    return new, new_roots, [known[x] for x in inputs]


def _axis(node: Any) -> Any:
    return getattr(node, "axis", None)


class Simplifier:
    """Rewrites nodes, anything with ``op`` and ``parents``, as expressions of ``graph``.

    ``leaf`` returns the expression of a node without an op.
    """

    def __init__(self, graph: Graph, leaf: Callable[[Any], Expression]) -> None:
        self.graph, self.leaf = graph, leaf
        self.forms: dict[
            Any, Expression | Pairs
        ] = {}  # Pairs: a sum that its one consumer takes in

    def run(self, nodes: Sequence[Any], roots: Iterable[Any]) -> list[Expression]:
        """Return the expressions of ``roots``. ``nodes`` has their ancestors, parents first."""
        roots = list(roots)
        uses = dict.fromkeys(roots, 2)  # a root is a node of its own, however few consumers it has
        for node in reversed(nodes):
            if node in uses and node.op is not None:
                for parent in node.parents:
                    uses[parent] = uses.get(parent, 0) + 1
        if self.graph.lengths:  # what all rows of a batch share stays a node of its own
            for node in nodes:
                if node in uses and (axis := _axis(node)) is not None:
                    uses |= dict.fromkeys([p for p in node.parents if _axis(p) is not axis], 2)
        for node in nodes:
            if node in uses and node.op is not None:
                form = self.rewritten(node)
                self.forms[node] = form if uses[node] == 1 else self.closed(form)
        return [self.expression(root) for root in roots]

    def expression(self, node: Any) -> Expression:
        """Return the expression of a node. If it is an open sum, close it."""
        form = self.forms.get(node)
        if form is None:
            form = self.forms[node] = self.leaf(node)
        return self.closed(form)

    def closed(self, form: Expression | Pairs) -> Expression:
        """Return the expression of an open sum."""
        raise NotImplementedError  # each kind folds in its own way

    def rewritten(self, node: Any) -> Expression | Pairs:
        """Return the form of an operation, whose operands have theirs."""
        raise NotImplementedError  # each kind folds in its own way

    def terms(self, node: Any) -> Pairs:
        form = self.forms.get(node)
        return form if isinstance(form, list) else [(self.graph.one, self.expression(node))]

    def joined(self, sums: list[Pairs]) -> Pairs:
        """Return all terms in one list: the longest, extended. So a long chain stays linear."""
        longest = max(sums, key=len)
        for terms in sums:
            if terms is not longest:
                longest.extend(terms)
        return longest

    def expanded(self, op: Nary, operands: list[Expression]) -> Expression:
        """Return an n-ary operation as the scalar ones that it stands for."""
        scratch = Graph()
        inputs = [scratch.input() for _ in operands]
        root = forward_of(op, scalar_graph(), inputs)
        if root.op is op:
            return self.graph.unique(op, tuple(operands))  # it stands for itself: maximum
        known = dict(zip(inputs, operands, strict=True))
        inner = type(self)(self.graph, lambda x: known.get(x) or self.graph.lift(x.value))
        return inner.run(scratch.nodes, [root])[0]


class AsWritten(Simplifier):
    """Simplifies a recording. Only the order of summation within a sum of products changes."""

    def closed(self, form: Expression | Pairs) -> Expression:
        return form if isinstance(form, Expression) else self.graph.as_written(form)

    def rewritten(self, node: Any) -> Expression | Pairs:
        op, parents = node.op, node.parents
        if op is ops.mul:
            return self._product(*parents)
        if op is ops.add or op is ops.sum:
            return self._total([self.terms(p) for p in parents])
        if op is ops.sub:
            return self._total([self.terms(parents[0]), self._negative(parents[1])])
        if op is ops.neg:
            return self._opened(self._negative(parents[0]))
        if op is ops.dot:
            return self._dot(parents)
        if op is ops.mean:
            total = self.closed(self._total([self.terms(p) for p in parents]))
            return self.graph.unique(ops.div, (total, self.graph.constant(float(len(parents)))))
        operands = [self.expression(p) for p in parents]
        if isinstance(op, Nary):
            return self.expanded(op, operands)
        if all(p.value is not None for p in operands):
            return self.graph.constant(op.limit([p.value for p in operands]))
        if op is ops.pow and operands[1].value == 2.0 and not operands[0].plain:
            return [(operands[0], operands[0])]
        return self.graph.unique(op, tuple(operands))

    def _opened(self, terms: Pairs) -> Expression | Pairs:
        """Return the terms as a form: plain numbers are no open sum."""
        plain = all(left.plain and right.plain for left, right in terms)
        return self.closed(terms) if plain else terms

    def _total(self, sums: list[Pairs]) -> Expression | Pairs:
        """Return the sum. Plain numbers among its terms are added in the order as written."""
        if not any(map(self._is_plain, sums)):
            return self.joined(sums)
        one, total = self.graph.one, None
        for terms in sums:
            if self._is_plain(terms) and self.closed(terms).value == 0.0:
                continue
            if total is None:
                total = terms
            elif self._is_plain(total) or self._is_plain(terms):
                addend = terms if len(terms) == 1 and self._is_sign(terms[0][0]) else None
                addend = addend or [(one, self.closed(terms))]
                total = [(one, self.closed([(one, self.closed(total)), *addend]))]
            else:
                total = self.joined([total, terms])
        return self._opened(total) if total is not None else self.closed(sums[0])

    def _is_plain(self, terms: Pairs) -> bool:
        """Return whether it is one plain number, not a product with a Value."""
        return len(terms) == 1 and terms[0][0].plain and terms[0][1].plain

    def _is_sign(self, factor: Expression) -> bool:
        return factor.value is not None and abs(factor.value) == 1.0

    def _dot(self, parents: Sequence[Any]) -> Expression | Pairs:
        n, one, form = len(parents) // 2, self.graph.one, self.forms.get
        products: Pairs = []
        sums = [products]
        for a, b in zip(parents[:n], parents[n : 2 * n], strict=True):
            left, open_sum = self.expression(a), form(b)
            if left is one and isinstance(open_sum, list):
                sums.append(open_sum)
                continue
            right = self.expression(b)
            if left.plain and right.plain:
                sums.append([(one, self.closed([(left, right)]))])
                sums.append(products := [])
            else:
                products.append((left, right))
        sums += [self.terms(bias) for bias in parents[2 * n :]]
        return self._total([terms for terms in sums if terms])

    def _product(self, a: Any, b: Any) -> Expression | Pairs:
        left, right = self.expression(a), self.expression(b)
        if left.value == -1.0:
            return self._opened(self._negative(b))
        if right.value == -1.0:
            return self._opened(self._negative(a))
        # a constant on the left
        pairs = [(left, right)] if right.value is None else [(right, left)]
        return self.closed(pairs) if left.plain and right.plain else pairs

    def _negative(self, node: Any) -> Pairs:
        """Return ``-node``. The sign goes into a coefficient of the node."""
        terms, graph = self.terms(node), self.graph
        if len(terms) == 1 and (factor := terms[0][0].value) is not None:
            return [(graph.constant(-factor), terms[0][1])]
        return [(graph.constant(-1.0), self.closed(terms))]


class Folded(Simplifier):
    """Simplifies derivatives: constants are folded. Those in ``kept`` stay as they are."""

    def __init__(
        self,
        graph: Graph,
        leaf: Callable[[Any], Expression],
        kept: Iterable[Expression] = (),
    ) -> None:
        super().__init__(graph, leaf)
        self.kept = kept

    def closed(self, form: Expression | Pairs) -> Expression:
        return form if isinstance(form, Expression) else self.graph.dot(form)

    def rewritten(self, node: Any) -> Expression | Pairs:
        op, parents = node.op, node.parents
        if op is ops.stop_gradient:
            return self.expression(parents[0])  # differentiating is over
        if node in self.kept:
            return self.graph.unique(op, tuple([self.expression(p) for p in parents]))
        if op is ops.mul:
            return self._product(*parents)
        if op is ops.dot:
            return self._dot(parents)
        operands = [self.expression(p) for p in parents]
        if isinstance(op, Nary):
            return self.expanded(op, operands)
        return self.graph.make(op, operands)

    def _dot(self, parents: Sequence[Any]) -> Pairs:
        n = len(parents) // 2
        pairs: Pairs = []
        sums = [pairs, *[self.terms(bias) for bias in parents[2 * n :]]]
        form, one = self.forms.get, self.graph.one
        for a, b in zip(parents[:n], parents[n : 2 * n], strict=True):
            left, right = form(a), form(b)
            if not isinstance(left, Expression):
                left = self.expression(a)
            if isinstance(right, list) and left is one:
                sums.append(right)
                continue
            if not isinstance(right, Expression):
                right = self.expression(b)
            pairs.append((left, right))
        return self.joined(sums)

    def _product(self, a: Any, b: Any) -> Expression | Pairs:
        left = self.forms.get(a) or self.expression(a)
        right = self.forms.get(b) or self.expression(b)
        for one, other, node in ((left, right, b), (right, left, a)):
            if isinstance(other, list) and isinstance(one, Expression) and one.value is not None:
                return self._scaled(one.value, node)
        left, right = self.expression(a), self.expression(b)
        return [(left, right) if right.value is None else (right, left)]  # a constant on the left

    def _scaled(self, factor: float, node: Any) -> Pairs:
        """Return ``factor * node``. The factor is multiplied into a coefficient of the node."""
        terms, graph = self.terms(node), self.graph
        if len(terms) == 1 and terms[0][0].value is not None:
            return [(graph.constant(factor * terms[0][0].value), terms[0][1])]
        return [(graph.constant(factor), self.closed(terms))]
