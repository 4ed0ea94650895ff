"""What a model answers, as plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd import no_grad

from .losses import as_list


def outputs(model: Callable[[Any], Any], X: Iterable[Any]) -> list[list[float]]:
    """Return the model's outputs for each sample, as plain numbers; no graph is recorded.

    >>> outputs(lambda x: x[0] + x[1], [[1.0, 2.0]])
    [[3.0]]
    """
    with no_grad():
        return [list(map(float, as_list(model(x)))) for x in X]
