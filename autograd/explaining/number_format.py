"""How numbers are written in steps, explanations, formulas and pictures."""

from __future__ import annotations

NUMBER_FORMAT = ".4g"  # four significant digits, in the language of the builtin format()


def number(x: float, number_format: str = NUMBER_FORMAT) -> str:
    """Return ``x`` rounded for reading. Negative zero is written as 0.

    >>> number(2.0), number(1 / 3), number(-1e20), number(-0.0)
    ('2', '0.3333', '-1e+20', '0')
    """
    return format(x + 0.0, number_format)  # -0.0 + 0.0 is 0.0
