"""Start ``python -m nn``; the command line is `nn.app.command_line`.

Python imports the package `nn` before this file. A Ctrl-C in that moment has Python's own
traceback. From the first line here on there is none.
"""

import os
import sys

try:
    import signal  # which takes a millisecond
except KeyboardInterrupt:
    sys.exit(130)


def _end_at_once(*_: object) -> None:
    """End the program at Ctrl-C while it imports: an exception there could be printed or lost."""
    if sys.stderr is not None:
        os.write(sys.stderr.fileno(), b"\ninterrupted; nothing was written\n")
    os._exit(130)


def _listen() -> None:
    """End the work at Ctrl-C from here on, also where Python would lose the exception."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _interrupt_again


def _interrupt_again(lost: "sys.UnraisableHookArgs") -> None:
    """Send a Ctrl-C once more that came in a finalizer, which no exception leaves."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return
    from _thread import interrupt_main
    from threading import Timer

    Timer(0.01, interrupt_main).start()


def _run() -> int:
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as under nohup
        from .app.command_line import main

        return main()
    signal.signal(signal.SIGINT, _end_at_once)
    from .app.command_line import main

    try:
        return main(started=_listen)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done


if __name__ == "__main__":
    sys.exit(_run())
