"""A whole graph as one formula: `formula`, and how long it is."""

from __future__ import annotations

from dataclasses import dataclass

from ..value import Value, topological_order
from .formulas import formulas
from .node_names import short_names
from .notation import label_of, printable

MAX_CHARACTERS = 2000  # of the text of a formula


@dataclass(frozen=True)
class Formula:
    """The formula of a graph. It prints as its text."""

    text: str  # … stands for what is left out
    operations: int  # of the whole formula, which writes a shared node out at each use
    nodes: int  # of the graph, which computes a shared node once

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{self.text}\n({self.operations:,} operations; the graph has {self.nodes:,} nodes)"


def formula(y: Value, max_characters: int = MAX_CHARACTERS) -> Formula:
    """Return ``y`` as a formula of its leaves, and the size of this formula.

    A leaf is written by its label, or as its number. Labels of other nodes are ignored. A node that
    is used twice is written twice. So a formula can be exponentially longer than its graph. Then
    ``text`` has … for parts that are too long, but ``operations`` counts them. An operation of n
    operands counts as n - 1, and as 1 at least.

    TypeError if ``y`` is no Value. ValueError if ``max_characters`` is below 20.

    >>> x = Value(2.0, "x")
    >>> square = x * x
    >>> formula(square + 3 / square)
    x * x + 3 / (x * x)
    (4 operations; the graph has 5 nodes)
    >>> for _ in range(100):
    ...     square = square * square
    >>> formula(square, max_characters=40)
    … * …
    (2,535,301,200,456,458,802,993,406,410,751 operations; the graph has 102 nodes)
    """
    order = topological_order(y)
    if not isinstance(max_characters, int) or max_characters < 20:
        raise ValueError(f"max_characters must be a whole number from 20, got {max_characters!r}")
    operations: dict[Value, int] = {}
    copies: dict[Value, Value] = {}  # inner nodes without their labels
    short = short_names(order)
    for node in order:
        if node.op is None:
            operations[node] = 0
            copies[node] = Value(node.data, short.get(node) or label_of(node))
            continue
        own = max(1, len(node.parents) - 1)
        operations[node] = own + sum([operations[p] for p in node.parents])
        parents = tuple([copies[p] for p in node.parents])
        copies[node] = Value.computed(node.op, parents, node.data, ())
    root = copies[y]
    text = (
        printable(root.label) or formulas([*copies.values()], max_characters=max_characters)[root]
    )
    return Formula(text, operations[y], len(order))
