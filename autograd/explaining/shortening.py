"""How long names, formulas and products are shortened: the middle gives way to an ellipsis."""

from __future__ import annotations

MAX_NAME_CHARACTERS = 24  # of a name in steps and boxes
MAX_SIDE_CHARACTERS = 72  # of one side of an equation in a step
MAX_PATH_CHARACTERS = 100  # of the names, or of the factors, along a path
MAX_FORMULA_CHARACTERS = 200  # of a whole formula, as in a tooltip


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
