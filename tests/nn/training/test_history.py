"""The history of a training run: its summary, its table and its plot."""

import pytest

import nn

from .data import blobs, small


def test_history_tells_how_training_went():
    history = nn.fit(small(), *blobs(), epochs=3, validation=0.25, rng=0)
    summary = history.summary()
    assert summary.startswith("3 epochs, loss 0.")
    one = nn.fit(small(), *blobs(), epochs=9, callbacks=lambda m, h: True)
    assert one.summary().startswith("1 epoch, loss 0.")
    assert one.stopped == "by a callback after 1 epoch"
    assert f"val_accuracy {history.val_accuracy[-1]:.4g}" in summary
    assert repr(history) == f"<History: {summary}>"
    html = history._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") == 5
    assert f"<td>{history.loss[0]:.4g}</td>" in html
    assert "&lt;" in nn.History("mse", stopped="<b>")._repr_html_()


def test_history_draws_its_curves():
    pytest.importorskip("matplotlib").use("agg")
    ax = nn.fit(small(), *blobs(), epochs=3).plot()
    assert ax.get_xlabel() == "epoch"
    assert len(ax.lines[0].get_ydata()) == 3
