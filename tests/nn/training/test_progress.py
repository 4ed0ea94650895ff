"""The progress bar in a terminal, in a notebook and elsewhere."""

import re
import sys
from types import SimpleNamespace

import pytest

import nn

from .data import blobs, small


def test_the_progress_bar_is_silent_in_a_test_and_shows_loss_and_accuracy_in_a_terminal(
    capsys, monkeypatch
):
    pytest.importorskip("tqdm")
    nn.fit(small(), *blobs(), epochs=3, progress=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    nn.fit(small(), *blobs(), epochs=3, progress=True)
    assert re.search(r"3/3 .*loss 0\.\d+  accuracy [01]", capsys.readouterr().err)


def test_in_a_notebook_the_progress_bar_is_one_line_without_times(monkeypatch):
    states, seconds = [], iter([0.1, 0.3, 0.4, 0.5, 0.6])
    clock = SimpleNamespace(monotonic=lambda: next(seconds))
    monkeypatch.setattr("nn.training.progress.time", clock)

    class Display:
        def __call__(self, data, **how):
            assert how == {"raw": True, "display_id": True}
            states.append(data)
            return self

        def update(self, data, **how):
            assert how == {"raw": True}
            states.append(data)

    shell = SimpleNamespace(kernel=None)
    display = SimpleNamespace(display=Display())
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    history = nn.fit(small(), *blobs(), epochs=3, progress=True)
    texts = [
        f"epoch {epoch}/3  loss {loss:.4g}  accuracy {accuracy:.4g}"
        for epoch, (loss, accuracy) in enumerate(
            zip(history.loss, history.accuracy, strict=True), 1
        )
    ]
    # shown at 0.3 s, and not again before 0.2 s have passed; the last state stays
    assert states == [{"text/plain": text} for text in ("", texts[1], texts[2])]


def test_without_tqdm_the_progress_bar_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match="tqdm: pip install tqdm"):
        nn.fit(small(), *blobs(), epochs=3, progress=True)
