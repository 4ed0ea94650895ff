"""What the command line prints: a reader that has gone, or a full disk, does not end the work."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


class Output:
    """Prints to standard output until that fails; ``error`` is then the reason."""

    error: OSError | None = None

    def __call__(self, text: object = "", end: str = "\n") -> None:
        """Print at once, so that a failure is known here and not when Python ends."""
        try:
            if not self.error:
                print(text, end=end, flush=True)
        except OSError as error:
            self.error = error
            _send_to_nowhere(sys.stdout)


def complain(text: str) -> None:
    """Print to standard error, if there is one."""
    if sys.stderr is None:  # as after 2>&-
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _send_to_nowhere(sys.stderr)


def _send_to_nowhere(stream: TextIO) -> None:
    """Drop what is still in the buffer, which Python would complain about when it ends."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
