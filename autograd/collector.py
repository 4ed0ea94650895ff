"""The cyclic garbage collector has nothing to find in graphs, and looks through them anyway."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the cyclic garbage collector, which looks through a growing graph over and over.

    Graphs have no reference cycles: what is dropped is freed at once. Recording a graph of a
    million nodes is about three times as fast with the collector paused.

    >>> from autograd import Value, collector_paused
    >>> with collector_paused():
    ...     total = sum(Value(0.5) for _ in range(1000))
    >>> total.data
    500.0
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
