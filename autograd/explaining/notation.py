"""How numbers, derivatives and long texts are written, the same wherever they are read.

``d`` is the total derivative that backpropagation adds up, ``∂`` the local derivative of one node
by one operand: ``dL/dx += dL/dv · ∂v/∂x``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..value import Value

NUMBER_FORMAT = ".4g"  # four significant digits, in the language of the builtin format()
MAX_NAME_CHARACTERS = 24  # of a name in steps and boxes
MAX_SIDE_CHARACTERS = 72  # of one side of an equation in a step
MAX_PATH_CHARACTERS = 100  # of the names, or of the factors, along a path
MAX_FORMULA_CHARACTERS = 200  # of a whole formula, as in a tooltip


def number(x: float, number_format: str = NUMBER_FORMAT) -> str:
    """Return ``x`` rounded for reading. Negative zero is written as 0.

    >>> number(2.0), number(1 / 3), number(-1e20), number(-0.0)
    ('2', '0.3333', '-1e+20', '0')
    """
    return format(x + 0.0, number_format)  # -0.0 + 0.0 is 0.0


def factors(numbers: Iterable[float]) -> str:
    """Return a product of numbers. A sign never follows another sign.

    >>> factors([-2.0, 0.5, -3.0])
    '-2 · 0.5 · (-3)'
    """
    return " · ".join(after_a_sign([number(x) for x in numbers]))


def terms(numbers: Iterable[str]) -> str:
    """Return a sum of numbers that are texts already.

    >>> terms(["-2", "0.5", "-3"])
    '-2 + 0.5 + (-3)'
    """
    return " + ".join(after_a_sign(numbers))


def after_a_sign(operands: Iterable[str]) -> list[str]:
    """Return the operands of a sum or product, with parentheses about a later one below 0."""
    return [f"({text})" if i and text.startswith("-") else text for i, text in enumerate(operands)]


def total_derivative(y: str, x: str) -> str:
    """Return how the derivative along all paths from x to y is written.

    >>> total_derivative("L", "w")
    'dL/dw'
    """
    return f"d{y}/d{x}"


def local_derivative(v: str, x: str) -> str:
    """Return how the derivative of one node by one operand is written.

    >>> local_derivative("v", "x")
    '∂v/∂x'
    """
    return f"∂{v}/∂{x}"


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


def printable(label: str) -> str:
    """Return ``label`` on one line, with � for what is invisible or turns the writing direction."""
    line = " ".join(label[:10_000].split())
    joiner = "\N{ZERO WIDTH JOINER}"  # part of many emoji
    return "".join(c if c.isprintable() or c == joiner else "\ufffd" for c in line)
