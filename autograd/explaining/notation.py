"""How numbers, long texts and the nodes of a graph are written: `number`, `shorten`, `names`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import count

from ..value import Value

NUMBER_FORMAT = ".4g"  # four significant digits, in the language of the builtin format()
MAX_NAME_CHARACTERS = 24  # of a name in steps and boxes
MAX_SIDE_CHARACTERS = 72  # of one side of an equation in a step
MAX_PATH_CHARACTERS = 100  # of the names, or of the factors, along a path
MAX_FORMULA_CHARACTERS = 200  # of a whole formula, as in a tooltip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def number(x: float, number_format: str = NUMBER_FORMAT) -> str:
    """Return ``x`` rounded for reading. Negative zero is written as 0.

    >>> number(2.0), number(1 / 3), number(-1e20), number(-0.0)
    ('2', '0.3333', '-1e+20', '0')
    """
    return format(x + 0.0, number_format)  # -0.0 + 0.0 is 0.0


def shorten(text: str, max_characters: int) -> str:
    """Return ``text`` with at most ``max_characters``, cut between operands if possible.

    >>> shorten("layers.0.neurons.13.weights.12", 24), shorten("a + b + c + d + e + f", 18)
    ('layers.0.neurons…ghts.12', 'a + b + c + … + f')
    """
    if len(text) <= max_characters:
        return text
    head, tail = text[: max_characters * 2 // 3], text[-(max_characters // 3 - 1) :]
    for separator in (" → ", " + ", ", ", " · ", " "):
        if separator in head and separator in tail:
            head, tail = head.rpartition(separator)[0], tail.partition(separator)[2]
            return f"{head}{separator}…{separator}{tail}"
    return f"{head}…{tail}"


def label_of(node: Value) -> str:
    """Return the label as text, whatever was assigned to it."""
    return "" if node.label is None else str(node.label)


def names(order: Sequence[Value]) -> dict[Value, str]:
    """Return a name for each node of ``order``, which is topological with the root at its end.

    A node's name is its label, shortened. Equal labels get subscripts. Nodes without a label are
    called v1, v2, ..., and the root f. A constant's name is its number.

    >>> x = Value(3.0, "x")
    >>> doubled = x + 3
    >>> [*names([x, *doubled.parents[1:], doubled, doubled * x]).values()]
    ['x', '3', 'v1', 'f']
    """
    labels = [shorten(printable(label_of(node)), MAX_NAME_CHARACTERS) for node in order]
    used = Counter(filter(None, labels))
    fresh = (name for i in count(1) if (name := f"v{i}") not in used)
    told_apart = {label: _subscripted(label, used) for label in used if used[label] > 1}
    named: dict[Value, str] = {}
    for node, label in zip(order, labels, strict=True):
        if node.is_constant:
            named[node] = number(node.data)
        elif label:
            named[node] = next(told_apart[label]) if label in told_apart else label
        else:
            named[node] = "f" if node is order[-1] and "f" not in used else next(fresh)
    return named


def _subscripted(label: str, used: Container[str]) -> Iterator[str]:
    """Yield label₁, label₂, ..., without those that are labels themselves."""
    numbered = (label + str(i).translate(_SUBSCRIPTS) for i in count(1))
    return (name for name in numbered if name not in used)


def printable(label: str) -> str:
    """Return ``label`` on one line, with � for what is invisible or turns the writing direction."""
    line = " ".join(label[:10_000].split())
    joiner = "\N{ZERO WIDTH JOINER}"  # part of many emoji
    return "".join(c if c.isprintable() or c == joiner else "\ufffd" for c in line)
