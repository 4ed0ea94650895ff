"""Count the operations that are evaluated: the cost of a computation, whatever the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .operation import Operation
from .recording import Recorder, current_recorder, record, recording

if TYPE_CHECKING:
    from .value import Value


class _Counting(Recorder):
    """Counts each operation, and leaves it to the recorder that is in use outside, if any."""

    def __init__(self, counts: Counter[str], outer: Recorder | None) -> None:
        self.counts, self.outer = counts, outer
        self.makes_nodes = outer is None or outer.makes_nodes

    def record(self, operation: Operation, parents: tuple[Value, ...]) -> Value:
        self.counts[operation.name] += 1
        with recording(self.outer):
            return record(operation, parents)

    def without_gradient(self) -> Recorder:
        inside = Recorder() if self.outer is None else self.outer.without_gradient()
        return _Counting(self.counts, inside)

    def with_gradient(self) -> Recorder:
        inside = None if self.outer is None else self.outer.with_gradient()
        return _Counting(self.counts, inside)


@contextmanager
def count_operations() -> Iterator[Counter[str]]:
    """Count the operations on Values inside the block, by name.

    What the block is given is a `collections.Counter`. Its ``total()`` is the number of all
    operations. A `dot` of any length is one operation. Not counted are operations on plain numbers
    alone, the products and sums of ``backward()``, and calls of compiled functions.

    RuntimeError inside a function that is being compiled: open the block around the call.

    >>> from autograd import Value, count_operations, sin
    >>> x = Value(0.5)
    >>> with count_operations() as counts:
    ...     y = sin(x * x) + x * 3
    >>> dict(counts), counts.total()
    ({'mul': 2, 'sin': 1, 'add': 1}, 4)
    """
    outer = current_recorder()
    if not (outer is None or type(outer) in (Recorder, _Counting)):
        raise RuntimeError("count_operations() is opened around a compiled function, not inside it")
    counts: Counter[str] = Counter()
    with recording(_Counting(counts, outer)):
        yield counts
