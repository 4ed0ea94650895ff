"""A pass in words and numbers: `Narrator` makes the frames of a pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..explaining.formulas import computed, rules
from ..explaining.notation import names, number
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
        """Yield the leaves in one frame, then each node in the order of evaluation."""
        leaves = [n for n in self.order if not n.parents and not n.is_constant]
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
        i, text = self.ordinal[self.root], f"{self._d(self.root, self.root)} = 1"
        name = self.names[self.root]
        return Frame("backward", text, node=i, target=i, name=name, value=1.0)

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
            local, rule = self._d(node, parent), symbols[operand] or slope
            factors = f"{number(adjoint)} · {slope} = {number(term)}"
            yield Frame(
                "backward",
                f"{self._d(self.root, parent)} {sign} {by_node} · {local} = {factors}",
                rule=f"{local} = {rule}" + (f" = {slope}" if rule != slope else ""),
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
        terms = self.arrived.setdefault(node, [f"{number(before)} (stale)"] if before else [])
        self.grads[node] = before + term if sign == "+=" else term
        if sign == "=":
            terms.clear()
        terms.append(number(term))
        self.to_come[node] -= 1
        listed = terms if len(terms) <= MAX_LISTED else ["…", *terms[-2:]]
        text = f"{self._d(self.root, node)} = {' + '.join(listed)}"
        if len(terms) > 1:
            text += f" = {number(self.grads[node])}"
        if to_come := self.to_come[node]:
            return f"{text} so far, {to_come} more term{'s' * (to_come > 1)} to come"
        return f"{text}, complete"

    def _d(self, y: Value, x: Value) -> str:
        return f"∂{self.names[y]}/∂{self.names[x]}"


def listed(names: Sequence[str], max_names: int) -> str:
    """Return the first ``max_names`` of ``names``, and an ellipsis if there are more."""
    return ", ".join(names[:max_names]) + ", …" * (len(names) > max_names)
