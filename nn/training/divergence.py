"""Divergence: a loss, gradient or weight is no longer finite, which ends a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite


class DivergedError(Exception):
    """A loss, gradient or weight is no longer finite; the message says which."""


@contextmanager
def overflow_is_divergence() -> Iterator[None]:
    try:
        yield
    except (OverflowError, FloatingPointError) as error:
        raise DivergedError(str(error)) from None


def finite(name: str, x: float) -> float:
    """Return ``x``; DivergedError if it is not finite."""
    if not isfinite(x):
        raise DivergedError(f"the {name} is {x}")
    return x
