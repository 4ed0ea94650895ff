"""The backward pass term by term, and the three ways in which it is most often got wrong.

Each pass is a generator of `Term`; the wrong ones differ from the right one in a single line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..value import Value, topological_order

Grads = dict[Value, float]


class Term(NamedTuple):
    """``consumer`` passes its adjoint on to one parent: one edge of the graph, one product."""

    consumer: Value
    operand: int  # which of the consumer's parents
    adjoint: float  # the gradient of the consumer, as far as it has been summed
    local_grad: float
    value: float  # adjoint * local_grad
    before: float  # the gradient of the parent without this term
    total: float  # the gradient of the parent with this term in it

    @property
    def parent(self) -> Value:
        return self.consumer.parents[self.operand]


def right(root: Value, grads: Grads) -> Iterator[Term]:
    """Consumers before producers, sums: the terms of `Value.backward`, in its order."""
    for node in reversed(topological_order(root)):
        yield from _pass_on(node, grads)


def order(root: Value, grads: Grads) -> Iterator[Term]:
    """Wrong on purpose: depth first from the root, so that a node may pass on an unfinished sum."""
    for node in _depth_first(root):
        yield from _pass_on(node, grads)


def overwrite(root: Value, grads: Grads) -> Iterator[Term]:
    """Wrong on purpose: ``=`` instead of ``+=``, so that of several terms only the last is kept."""
    for node in reversed(topological_order(root)):
        yield from _pass_on(node, grads, add=False)


def stale(root: Value, grads: Grads) -> Iterator[Term]:
    """Wrong on purpose: a second pass that starts from the gradients of the first."""
    for _ in right(root, grads):
        pass
    grads[root] = 1.0
    yield from right(root, grads)


MISTAKES = {mistake.__name__: mistake for mistake in (order, overwrite, stale)}


def _pass_on(node: Value, grads: Grads, add: bool = True) -> Iterator[Term]:
    adjoint = grads[node]
    for operand, (parent, local_grad) in enumerate(
        zip(node.parents, node.local_grads, strict=True)
    ):
        if local_grad is not None:
            term, before = adjoint * local_grad, grads[parent]
            grads[parent] = before + term if add else term
            yield Term(node, operand, adjoint, local_grad, term, before, grads[parent])


def _depth_first(root: Value) -> Iterator[Value]:
    """Every node once, as a walk from the root that always goes on to a parent meets it."""
    seen: set[Value] = set()
    path = [root]
    while path:
        node = path.pop()
        if node not in seen:
            seen.add(node)
            yield node
            path.extend(reversed(node.parents))
