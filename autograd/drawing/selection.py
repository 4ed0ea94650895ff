"""Which nodes, edges and parameters of a graph a picture shows, and which it leaves out."""

from __future__ import annotations

from itertools import islice

from ..explaining.notation import label_of
from ..graph import distances
from ..operation import Dot
from ..value import Value, topological_order
from .layout import levels

MAX_CONSUMER_LEVELS = 4  # a leaf whose consumers stand on more is drawn again beside each


class Selection:
    """The ``nodes`` of a graph that a picture shows, those nearest to the root, and their edges.

    A leaf with consumers far from each other is drawn again, small, beside each. ``copies`` has a
    stand-in for each of these boxes, with the leaf and the consumer.
    """

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
        self.copies: dict[Value, tuple[Value, Value]] = {}
        self._repeat_leaves()

    def _repeat_leaves(self) -> None:
        """Let the edges from a leaf to consumers on many levels come from copies of the leaf."""
        level, consumers = levels(self.nodes, self.edges), dict[Value, list[Value]]()
        for parent, node, _ in self.edges:
            if not parent.parents:
                consumers.setdefault(parent, []).append(node)
        copy_at: dict[tuple[Value, Value], Value] = {}  # of a leaf, beside a consumer
        for leaf, nodes in consumers.items():
            if len({level[node] for node in nodes}) > MAX_CONSUMER_LEVELS:
                for node in dict.fromkeys(n for n in nodes if n is not nodes[0]):
                    copy_at[leaf, node] = copy = Value(leaf.data, label_of(leaf))
                    self.copies[copy] = leaf, node
        self.edges = [(copy_at.get((p, node), p), node, i) for p, node, i in self.edges]
        beside: dict[Value, list[Value]] = {}
        for copy, (_, node) in self.copies.items():
            beside.setdefault(node, []).append(copy)
        self.nodes = [x for node in self.nodes for x in (*beside.get(node, ()), node)]

    def id(self, node: Value) -> str:
        """Return the id of a box: n7, or n7c9 for the copy of n7 beside n9."""
        if node in self.copies:
            leaf, consumer = self.copies[node]
            return f"n{self.ordinal[leaf]}c{self.ordinal[consumer]}"
        return f"n{self.ordinal[node]}"

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
        """Return "leaf", "parameter", "constant", "result" or "copy"."""
        if node in self.copies:
            return "copy"
        if node.is_constant:
            return "constant"
        return "result" if node.op else "parameter" if node in self.parameters else "leaf"
