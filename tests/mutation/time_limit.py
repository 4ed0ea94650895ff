"""A pytest plugin: the process ends if one test takes too much processor time.

Processor time does not depend on what else the machine does. A test that is slow only because the
machine is busy goes on. SIGPROF ends the process inside a loop of C code too.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-seconds", type=float, default=0.0, help="for a test (0: no limit)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, item.config.getoption("--cpu-seconds"))
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
