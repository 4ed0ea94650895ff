"""The progress bar of `nn.fit`: tqdm's in a terminal, one changing line in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..optional_packages import need
from .history import History


@contextmanager
def progress_bar(wanted: bool, epochs: int) -> Iterator[Callable[[History], None]]:
    """Give a function to call with the history after each epoch.

    The function shows something only if ``wanted``, in a terminal (standard error) or a notebook.
    """
    if wanted and _in_notebook():
        yield from _line(epochs)
    elif wanted and sys.stderr is not None and sys.stderr.isatty():
        with need("tqdm").tqdm(total=epochs, unit="epoch") as bar:

            def show(history: History) -> None:
                bar.set_postfix_str(_text(history), refresh=False)
                bar.update()

            yield show
    else:
        yield lambda history: None


def _line(epochs: int) -> Iterator[Callable[[History], None]]:
    """Show a line without times: its last state, which a saved notebook keeps, is reproducible."""
    import IPython.display

    show_in_cell: Any = IPython.display.display
    handle = show_in_cell({"text/plain": ""}, raw=True, display_id=True)
    text, shown = "", 0.0

    def show(history: History) -> None:
        nonlocal text, shown
        text = f"epoch {len(history.loss)}/{epochs}  {_text(history)}"
        if time.monotonic() - shown > 0.2:
            shown = time.monotonic()
            handle.update({"text/plain": text}, raw=True)

    try:
        yield show
    finally:
        handle.update({"text/plain": text}, raw=True)


def _text(history: History) -> str:
    return "  ".join(f"{name} {values[-1]:.4g}" for name, values in history.curves())


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    return hasattr(sys.modules["IPython"].get_ipython(), "kernel")
