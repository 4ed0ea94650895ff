"""What the nodes of a graph are called: `names` of all of them, `short_names` of parameters.

A label that is a path, such as ``layers.1.neurons.0.w.3``, is too long for a formula. It is
written as courses write it, w⁽²⁾₁₄: layer 2, neuron 1, input 4. Plain numbers that a layer gets as
its inputs are called x1, x2, ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count

from .. import ops
from ..operation import Dot
from ..value import Value
from .notation import MAX_NAME_CHARACTERS, label_of, number, printable, shorten

PATH = re.compile(r"[^\W\d]\w*(\.\w+)+")  # the label of a parameter
_OF_A_LAYER = re.compile(  # the path of a weight or of a bias, as the models of nn have it
    r"(?:(?P<model>.+?)\.)??(?:layers\.(?P<layer>\d+)\.)?"
    r"(?:(?:neurons|units)\.(?P<unit>\d+(?:\.\d+)*)\.)?(?P<letter>[wb])(?P<own>(?:\.\d+)*)"
)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def names(order: Sequence[Value]) -> dict[Value, str]:
    """Return a name for each node of ``order``, which is topological with the root at its end.

    A node's name is its label, shortened. Equal names are numbered: x₁ and x₂, or x1[1] and x1[2]
    after a digit. In a batch that is the sample: z⁽²⁾₁[3]. Without labels, the sum of a
    neuron of a layer is called z⁽²⁾₁ and its activation a⁽²⁾₁: layer 2, neuron 1. Other nodes are
    called v1, v2, ..., and the root f. A constant's name is its number, unless it is an input.

    >>> x = Value(3.0, "x")
    >>> doubled = x + 3
    >>> [*names([x, *doubled.parents[1:], doubled, doubled * x]).values()]
    ['x', '3', 'v1', 'f']
    """
    short = short_names(order)
    results = _results(order, short)
    labels = [short.get(node) or _plain(node) or results.get(node, "") for node in order]
    used = Counter(filter(None, labels))
    fresh = (name for i in count(1) if (name := f"v{i}") not in used)
    told_apart = {label: _numbered(label, used) for label in used if used[label] > 1}
    named: dict[Value, str] = {}
    for node, label in zip(order, labels, strict=True):
        if node.is_constant and node not in short:
            named[node] = number(node.data)
        elif label:
            named[node] = next(told_apart[label]) if label in told_apart else label
        else:
            named[node] = "f" if node is order[-1] and "f" not in used else next(fresh)
    return named


def short_names(order: Sequence[Value]) -> dict[Value, str]:
    """Return a short name for each node of ``order`` whose label is a path, and for each input.

    No two of them are equal, and none is the label of another node. The weights and biases of a
    layer are written w⁽²⁾₁₄ and b⁽²⁾₁: layer 2, neuron 1, input 4, all counted from 1. The layer
    stands there if there are several. Any other path is cut to its shortest unique end.

    >>> labels = "layers.0.neurons.0.w.1", "layers.0.neurons.0.b", "net.norm.scale", "x"
    >>> list(short_names([Value(1.0, label) for label in labels]).values())
    ['w₁₂', 'b₁', 'scale']

    An end is unique if no other path and no other label has it:

    >>> labels = "net.norm.scale", "net.head.scale", "net.head.shift"
    >>> list(short_names([Value(1.0, label) for label in labels]).values())
    ['norm.scale', 'head.scale', 'shift']
    """
    paths = {node: text for node in order if PATH.fullmatch(text := label_of(node).strip())}
    taken = {_plain(node) for node in order if node not in paths}
    courses = _course_names(list(dict.fromkeys(paths.values())))
    occurs = Counter(courses.values())
    chosen = {p: name for p, name in courses.items() if occurs[name] == 1 and name not in taken}
    others = {path for path in paths.values() if path not in chosen}
    ends = Counter(end for path in others for end in _ends(path))
    for path in others:
        free = [end for end in _ends(path) if ends[end] == 1 and end not in taken]
        chosen[path] = shorten(free[0] if free else path, MAX_NAME_CHARACTERS)
    found = {node: chosen[path] for node, path in paths.items()} | inputs_of(order)
    used = Counter([*found.values(), *taken])
    told_apart = {name: _numbered(name, used) for name in used if used[name] > 1}
    return {n: next(told_apart[s]) if s in told_apart else s for n, s in found.items()}


def _results(order: Sequence[Value], short: Mapping[Value, str]) -> dict[Value, str]:
    """Return the names of the sums and activations of neurons, from the names of their weights."""
    found: dict[Value, str] = {}
    sums: dict[Value, str] = {}  # what is after the z in the name of each sum
    read = {x for node in order if isinstance(node.op, Dot) for x in node.parents}
    for node in order:
        if isinstance(node.op, Dot):
            weight, first_input = node.parents[0], node.parents[len(node.parents) // 2]
            if first_input in short and not first_input.is_constant:
                continue  # a product of parameters
            match = _OF_A_LAYER.fullmatch(label_of(weight).strip())
            own = short.get(weight, "")
            if match and match["unit"] and match["own"] and own.endswith(below := _below(match)):
                before, _, above = own.removesuffix(below).rpartition("w")
                sums[node] = f"{above}{_joined(_numbers(match['unit']))}"
                found[node] = f"{before}z{sums[node]}"
        elif node.parents and (z := node.parents[0]) in sums and activates(node, node in read):
            found[node] = found[z].removesuffix(f"z{sums[z]}") + f"a{sums[z]}"
    return {node: name for node, name in found.items() if node is not order[-1]}


def activates(node: Value, is_read: bool) -> bool:
    """Return whether a node is an activation: -z and softplus(z) only if a neuron reads them.

    Losses have these too.
    """
    may_be_of_a_loss = node.op is ops.neg or node.op is ops.softplus
    return bool(getattr(node.op, "activation", False)) and (is_read or not may_be_of_a_loss)


def inputs_of(order: Sequence[Value]) -> dict[Value, str]:
    """Return the constants that weights multiply: x1 is the first operand of its `dot`.

    These are the inputs that a layer got as plain numbers. In a graph of scalar operations the
    number comes from the path of the weight.
    """
    found: dict[Value, str] = {}
    for node in order:
        half = len(node.parents) // 2
        pairs: Sequence[tuple[Value, Value]]
        places: Sequence[int]
        if isinstance(node.op, Dot):
            pairs = list(zip(node.parents[:half], node.parents[half : 2 * half], strict=True))
            places = range(1, half + 1)
        elif node.op is not None and node.op.symbol == "*" and half == 1:
            a, b = node.parents
            pairs, places = [(a, b), (b, a)], [_place(a), _place(b)]
        else:
            continue
        for place, (w, x) in zip(places, pairs, strict=True):
            if place and x.is_constant and w.op is None and not w.is_constant:
                found.setdefault(x, f"x{place}")
    return found


def _place(weight: Value) -> int:
    """Return which input a weight of a layer belongs to, from its path, or 0."""
    match = _OF_A_LAYER.fullmatch(label_of(weight).strip())
    return int(match["own"].rpartition(".")[2]) + 1 if match and match["own"] else 0


def _course_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the name in the notation of courses of each path that is one of a layer."""
    parts = {path: match for path in paths if (match := _OF_A_LAYER.fullmatch(path))}
    models = {match["model"] for match in parts.values()}
    from_0 = {m["model"] for m in parts.values() if re.search(r"\.0(\.|$)", m["own"])}
    layers: dict[str | None, int] = {}  # the last layer of each model
    for match in parts.values():
        layers[match["model"]] = max(layers.get(match["model"], 0), int(match["layer"] or 0))
    found: dict[str, str] = {}
    for path, match in parts.items():
        model, layer, unit, letter = match.group("model", "layer", "unit", "letter")
        if not (layer or unit or model in from_0):
            continue  # numbers that may start at 1
        above = f"⁽{int(layer) + 1}⁾" if layer and layers[model] else ""
        whose = f"{model}." if len(models) > 1 and model else ""
        found[path] = whose + letter + above.translate(_SUPERSCRIPTS) + _below(match)
    return found


def _below(match: re.Match[str]) -> str:
    """Return the subscript of a parameter: its neuron and its input."""
    return _joined(_numbers(f"{match['unit'] or ''}.{match['own']}"))


def _numbers(path: str) -> list[int]:
    return [int(i) + 1 for i in path.split(".") if i]


def _joined(numbers: Sequence[int]) -> str:
    comma = "," if max(numbers, default=0) > 9 else ""
    return comma.join(map(str, numbers)).translate(_SUBSCRIPTS)


def _ends(path: str) -> list[str]:
    """Return the ends of a path that begin with a word: the shortest first, the path last."""
    parts = path.split(".")
    starts = [i for i in reversed(range(len(parts))) if not parts[i].isdigit()]
    return [".".join(parts[i:]) for i in starts]


def _plain(node: Value) -> str:
    return shorten(printable(label_of(node)), MAX_NAME_CHARACTERS)


def _numbered(label: str, used: Container[str]) -> Iterator[str]:
    """Yield label₁, label₂, ..., without those that are labels themselves; after a digit, x1[1]."""
    subscripts = (f"{label}{str(i).translate(_SUBSCRIPTS)}" for i in count(1))
    numbered = (f"{label}[{i}]" for i in count(1)) if label[-1:].isdigit() else subscripts
    return (name for name in numbered if name not in used)
