"""A process that is forked while another thread records or compiles goes on computing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.compiler.process_lock import ProcessLock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def in_child(is_right: Callable[[], bool]) -> bool:
    """Return what a forked process finds, False if it waits for a lock that nobody holds."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        try:
            os._exit(0 if is_right() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Elsewhere:
    """Calls a function in another thread, and stops it in ``pause`` until the block ends."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._thread = threading.Thread(target=call)
        self._reached, self._go_on = threading.Event(), threading.Event()

    def pause(self) -> None:
        if threading.current_thread() is self._thread:
            self._reached.set()
            self._go_on.wait(60)

    def __enter__(self) -> None:
        self._thread.start()
        assert self._reached.wait(60)

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self._thread.join()


def test_a_function_that_another_thread_records_is_recorded_by_the_child() -> None:
    w = Value(2.0)

    def f(x: Any) -> Any:
        elsewhere.pause()
        return w * x

    fast = autograd.compile(f)
    elsewhere = Elsewhere(lambda: fast(3.0))
    slot = vars(Value)["data"]

    def is_right() -> bool:
        return fast(5.0).data == 10.0 and vars(Value)["data"] is slot

    with elsewhere:
        assert vars(Value)["data"] is not slot  # another thread records
        assert in_child(is_right)
    assert vars(Value)["data"] is slot
    assert fast(5.0).data == 10.0


def test_a_lock_of_the_forking_thread_is_still_held_in_the_child() -> None:
    lock = ProcessLock()
    got = []

    def take() -> None:
        with lock:
            got.append(1)

    def is_right() -> bool:
        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        thread.join(0.2)
        return not got

    with lock:
        assert in_child(is_right)


def test_a_lock_of_another_thread_is_free_in_the_child() -> None:
    lock = ProcessLock()

    def hold() -> None:
        with lock:
            elsewhere.pause()

    def is_right() -> bool:
        with lock:
            return True

    elsewhere = Elsewhere(hold)
    with elsewhere:
        assert in_child(is_right)


def test_a_compiled_function_is_made_without_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that finds nothing takes milliseconds and a lock, each time anew."""
    autograd.compile(abs)
    looked_for = []

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            looked_for.append(name)

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    autograd.compile(abs)
    assert looked_for == []
