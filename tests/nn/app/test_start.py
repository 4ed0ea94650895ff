"""The start of ``python -m nn``: who hears a Ctrl-C, and when. Nothing is interrupted here."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import nn.__main__ as start
from nn.app import command_line

del sys.modules[start.__name__]  # so that other tests can run it anew


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What would be set to handle signals, in this order."""
    found: list[tuple[Any, Any]] = []
    monkeypatch.setattr(signal, "signal", lambda *pair: found.append(pair))
    return found


def test_until_all_is_imported_an_interrupt_ends_the_program_and_at_its_end_nobody_hears_it(
    handlers: list[tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda number: (number, "default"))
    monkeypatch.setattr(sys, "unraisablehook", None)

    def main(started: Any) -> int:
        started()
        return 7

    monkeypatch.setattr(command_line, "main", main)
    assert start._run() == 7
    assert handlers == [
        (signal.SIGINT, start._end_at_once),
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGINT, signal.SIG_IGN),
    ]
    assert sys.unraisablehook is start._interrupt_again


def test_where_interrupts_are_ignored_they_stay_ignored(
    handlers: list[tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def getsignal(number: Any) -> Any:
        asked.append(number)
        return signal.SIG_IGN

    monkeypatch.setattr(signal, "getsignal", getsignal)
    monkeypatch.setattr(command_line, "main", lambda *given: ("ran", *given))
    assert start._run() == ("ran",)  # type: ignore[comparison-overlap]  # what main returns
    assert (asked, handlers) == ([signal.SIGINT], [])


def test_an_interrupt_while_the_program_imports_is_one_line_and_status_130(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(os, "write", lambda *given: done.append(given))
    monkeypatch.setattr(os, "_exit", done.append)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(fileno=lambda: 5))
    start._end_at_once(signal.SIGINT, None)
    assert done == [(5, b"\ninterrupted; nothing was written\n"), 130]
    monkeypatch.setattr(sys, "stderr", None)
    start._end_at_once()
    assert done[2:] == [130]


def test_an_interrupt_that_came_in_a_finalizer_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "__unraisablehook__", told.append)
    timers: list[Any] = []

    class Timer:
        def __init__(self, *given: Any) -> None:
            timers.append(given)

        def start(self) -> None:
            timers.append("started")

    monkeypatch.setattr(threading, "Timer", Timer)
    other = SimpleNamespace(exc_type=ValueError)
    start._interrupt_again(other)  # type: ignore[arg-type]  # like one
    assert (told, timers) == ([other], [])
    start._interrupt_again(SimpleNamespace(exc_type=KeyboardInterrupt))  # type: ignore[arg-type]  # like one
    assert (told, timers) == ([other], [(0.01, _thread.interrupt_main), "started"])
