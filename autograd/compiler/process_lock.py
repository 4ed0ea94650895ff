"""A lock that a child process never waits for in vain."""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet


class ProcessLock:
    """A reentrant lock between the threads of one process, for ``with``.

    After a fork the child has only the thread that forked. A lock that another thread held then
    would be held for ever, so the child gets a new one.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def free_in_child(self) -> None:
        """Replace the lock if a thread holds it that is not here."""
        if self._lock.acquire(blocking=False):  # it was free, or is held by this thread
            self._lock.release()
        else:
            self._lock = RLock()


_locks: WeakSet[ProcessLock] = WeakSet()


def _free_all() -> None:
    for lock in list(_locks):
        lock.free_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
