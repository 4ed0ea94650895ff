"""Which nodes, edges and parameters of a graph a picture shows, and which it leaves out."""

from __future__ import annotations

from itertools import islice

from ..graph import distances
from ..operation import Dot
from ..value import Value, topological_order


class Selection:
    """The ``nodes`` of a graph that a picture shows, those nearest to the root, and their edges."""

    def __init__(
        self,
        root: Value,
        parameters: set[Value],
        fold: bool,
        max_nodes: int | None,
        depth: int | None,
    ) -> None:
        self.root, self.parameters, self.fold = root, parameters, fold
        order = topological_order(root)
        self.ordinal = {node: i for i, node in enumerate(order)}
        nearest = distances(root, lambda n: [p for p in n.parents if not self.folds(n, p)])
        within = (node for node, edges in nearest.items() if depth is None or edges <= depth)
        self.shown = set(islice(within, max_nodes))
        self.nodes = [node for node in order if node in self.shown]
        self.hidden = len(nearest) - len(self.shown)  # how many more nodes there are
        self.edges = [  # from an operand to its consumer, with the place among all operands
            (parent, node, i)
            for node in self.nodes
            for i, parent in enumerate(node.parents)
            if parent in self.shown and not self.folds(node, parent)
        ]

    def folds(self, node: Value, parent: Value) -> bool:
        """Return whether ``parent`` is a parameter that the box of ``node`` stands for too."""
        return self.fold and isinstance(node.op, Dot) and parent in self.parameters

    def folded(self, node: Value) -> list[Value]:
        """Return the operands of ``node`` that are folded into its box."""
        return [parent for parent in node.parents if self.folds(node, parent)]

    def columns(self) -> list[list[Value]]:
        """Return the boxes that stand beside each other in a certain order."""
        return []

    def kind(self, node: Value) -> str:
        """Return "leaf", "parameter", "constant" or "result"."""
        if node.is_constant:
            return "constant"
        return "result" if node.op else "parameter" if node in self.parameters else "leaf"
