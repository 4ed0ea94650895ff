"""What the leaves of a graph are: parameters, which training changes, and inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..operation import Dot
from ..value import Value
from .node_names import PATH, inputs_of
from .notation import label_of

_WEIGHT, _BIAS = re.compile(r"w[\d₀-₉_]*|weights?"), re.compile(r"b[\d₀-₉_]*|bias")


def parameters_of(order: Sequence[Value]) -> set[Value]:
    """Return the leaves whose label is a path (``layers.0.w.1``), and the biases of `dot` nodes."""
    found = {node for node in order if PATH.fullmatch(label_of(node).strip())}
    dots = [node for node in order if isinstance(node.op, Dot)]
    found.update(dot.parents[-1] for dot in dots if len(dot.parents) % 2)
    return {node for node in found if node.op is None and not node.is_constant}


def trained(order: Sequence[Value]) -> list[Value]:
    """Return what training changes: the parameters, with the leaves labeled w, w1, b, b2 and so on.

    A graph without any of them has no inputs that can be told apart. Then all leaves are returned.

    >>> [node.label for node in trained([Value(1.0, label) for label in ("x1", "w1", "b")])]
    ['w1', 'b']
    """
    leaves = [node for node in order if node.op is None and not node.is_constant]
    weights = [node for node in leaves if _WEIGHT.fullmatch(label_of(node).strip())]
    biases = [node for node in leaves if _BIAS.fullmatch(label_of(node).strip())]
    found = parameters_of(order) | set(weights)
    if found:
        found.update(biases)
    return [node for node in leaves if node in found] or leaves


def inputs_first(order: Sequence[Value]) -> list[Value]:
    """Return the leaves that a pass is given: inputs, then what training changes."""
    inputs = inputs_of(order)
    last = set(trained(order))
    leaves = [n for n in order if n.op is None and (n in inputs or not n.is_constant)]
    return sorted(leaves, key=lambda node: node in last)
