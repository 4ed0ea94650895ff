"""What the leaves of a graph are: parameters, which training changes, and inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..operation import Dot
from ..value import Value
from .node_names import PATH, inputs_of
from .notation import label_of

_WEIGHT, _BIAS = (
    re.compile(rf"{letter}([\d₀-₉,\[\]]*|_\w+)|{word}")
    for letter, word in (("w", "weights?"), ("b", "bias"))
)


def parameters_of(order: Sequence[Value]) -> set[Value]:
    """Return the leaves whose label is a path (``layers.0.w.1``), and the biases of `dot` nodes."""
    found = {node for node in order if PATH.fullmatch(label_of(node).strip())}
    dots = [node for node in order if isinstance(node.op, Dot)]
    found.update(dot.parents[-1] for dot in dots if len(dot.parents) % 2)
    return {node for node in found if node.op is None and not node.is_constant}


def weights_and_biases(order: Sequence[Value]) -> list[Value]:
    """Return the parameters, with the leaves labeled w, w1, w[0], w_out, b, b2 and so on.

    A bias is one only where there are weights.

    >>> [x.label for x in weights_and_biases([Value(1.0, label) for label in ("x1", "w1", "b")])]
    ['w1', 'b']
    """
    leaves = [node for node in order if node.op is None and not node.is_constant]
    weights = [node for node in leaves if _WEIGHT.fullmatch(label_of(node).strip())]
    biases = [node for node in leaves if _BIAS.fullmatch(label_of(node).strip())]
    found = parameters_of(order) | set(weights)
    if found:
        found.update(biases)
    return [node for node in leaves if node in found]


def trained(order: Sequence[Value]) -> list[Value]:
    """Return what training changes: the weights and biases, or all leaves if there are none."""
    leaves = [node for node in order if node.op is None and not node.is_constant]
    return weights_and_biases(order) or leaves


def inputs_first(order: Sequence[Value]) -> list[Value]:
    """Return the leaves that a pass is given: inputs, then what training changes.

    What training changes is in the order of its use, so that the first layer comes first.
    """
    inputs, last = inputs_of(order), set(trained(order))
    leaves = [n for n in order if n.op is None and (n in inputs or not n.is_constant)]
    level = dict.fromkeys(order, 0)  # of a node: one above its operands
    used_at = dict.fromkeys(order, 0)  # the last of these levels on which a node is used
    for node in order:
        level[node] = 1 + max([level[p] for p in node.parents], default=0)
        for p in node.parents:
            used_at[p] = max(used_at[p], level[node])
    return sorted(leaves, key=lambda node: used_at[node] if node in last else 0)
