"""A pass in words and numbers: `Narrator` makes the frames of a pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..explaining.formulas import computed, rules
from ..explaining.leaves import inputs_first
from ..explaining.node_names import names
from ..explaining.notation import (
    factors,
    local_derivative,
    number,
    terms,
    total_derivative,
)
from ..graph import consumers
from ..value import Value, derivatives, topological_order
from .frames import Frame

MAX_LISTED = 6  # leaves, terms or gradients in one text; the rest is left out


class Narrator:
    """Makes the frames of one pass through the graph of ``root``, right or wrong.

    It adds up the gradients of its pass, so that another pass needs another narrator.
    """

    def __init__(self, root: Value) -> None:
        self.root, self.order = root, topological_order(root)
        self.ordinal = {node: i for i, node in enumerate(self.order)}
        self.names = names(self.order)
        self.grads = dict.fromkeys(self.order, 0.0) | {root: 1.0}  # the sums so far
        self.arrived: dict[Value, list[str]] = {}  # the terms of these sums
        self.to_come = {node: len(uses) for node, uses in consumers(self.order).items()}

    def forward(self) -> Iterator[Frame]:
        """Yield the leaves in one frame, inputs first, then each node in order of evaluation."""
        leaves = inputs_first(self.order)
        given = [f"{self.names[leaf]} = {number(leaf.data)}" for leaf in leaves[:MAX_LISTED]]
        if len(leaves) > MAX_LISTED:
            given.append(f"… ({len(leaves)} leaves in all)")
        if given:
            yield Frame("given", "given " + ", ".join(given))
        for i, node in enumerate(self.order):
            if node.parents:
                name, text = self.names[node], computed(node, self.names)
                if not text.endswith(result := f" = {number(node.data)}"):
                    text += result
                yield Frame("forward", text, node=i, target=i, name=name, value=node.data)

    def seed(self) -> Frame:
        """Return the frame that starts a backward pass: the gradient of the root by itself is 1."""
        i, name, value = self.ordinal[self.root], self.names[self.root], self.grads[self.root]
        text = f"{self._d(self.root, self.root)} = {number(value)}"
        return Frame("backward", text, node=i, target=i, name=name, value=value)

    def backward(self) -> Iterator[Frame]:
        """Yield the terms of the right pass, in the order in which `Value.backward` adds them."""
        for node, adjoint in reversed(derivatives(self.root).items()):
            yield from self.pass_on(node, adjoint)

    def pass_on(self, node: Value, adjoint: float, sign: str = "+=") -> Iterator[Frame]:
        """Yield the terms that ``node`` passes on to its parents: ``adjoint * local_grad``.

        Each is added to the gradient of a parent, or replaces the gradient if ``sign`` is "=".
        """
        symbols, by_node = rules(node, self.names), self._d(self.root, node)
        edges = zip(node.parents, node.local_grads, strict=True)
        for operand, (parent, local_grad) in enumerate(edges):
            if local_grad is None or parent.is_constant:
                continue
            term, slope = adjoint * local_grad, number(local_grad)
            product = f"{factors([adjoint, local_grad])} = {number(term)}"
            local = local_derivative(self.names[node], self.names[parent])
            yield Frame(
                "backward",
                f"{self._d(self.root, parent)} {sign} {by_node} · {local} = {product}",
                rule=f"{local} = {_rule(node, symbols[operand], slope)}",
                so_far=self._sum(parent, term, sign),
                node=self.ordinal[node],
                operand=operand,
                target=self.ordinal[parent],
                name=self.names[parent],
                value=self.grads[parent],
                adjoint=adjoint,
                local_grad=local_grad,
                term=term,
            )

    def _sum(self, node: Value, term: float, sign: str) -> str:
        """Add ``term`` to the gradient of ``node``. Return the sum so far, in words."""
        before = self.grads[node]
        arrived = self.arrived.setdefault(node, [f"{number(before)} (stale)"] if before else [])
        self.grads[node] = before + term if sign == "+=" else term
        if sign == "=":
            arrived.clear()
        arrived.append(number(term))
        self.to_come[node] -= 1
        listed = arrived if len(arrived) <= MAX_LISTED else ["…", *arrived[-2:]]
        text = f"{self._d(self.root, node)} = {terms(listed)}"
        if len(arrived) > 1:
            text += f" = {number(self.grads[node])}"
        if to_come := self.to_come[node]:
            return f"{text} so far, {to_come} more term{'s' * (to_come > 1)} to come"
        return f"{text}, complete"

    def _d(self, y: Value, x: Value) -> str:
        return total_derivative(self.names[y], self.names[x])


def _rule(node: Value, symbols: str, slope: str) -> str:
    """Return the local gradient: its symbols and number, or its number and words."""
    if node.op is not None and node.op.rule_in_words:
        return f"{slope} ({symbols})"
    return slope if symbols in ("", slope) else f"{symbols} = {slope}"


def listed(names: Sequence[str], max_names: int) -> str:
    """Return the first ``max_names`` of ``names``, and an ellipsis if there are more."""
    return ", ".join(names[:max_names]) + ", …" * (len(names) > max_names)
