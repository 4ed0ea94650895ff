"""The history of a training run: its summary, its table and its plot."""

import json
import math

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
    first, *_, last = history.loss
    row = "".join(f"<td>{x:.4g}</td>" for x in (first, last, min(history.loss)))
    assert f"<tr><th>loss</th>{row}</tr>" in html
    best = max(history.val_accuracy)
    assert f"<td>{history.val_accuracy[-1]:.4g}</td><td>{best:.4g}</td></tr></table>" in html
    assert "&lt;" in nn.History("mse", stopped="<b>")._repr_html_()


def test_history_draws_its_curves():
    pytest.importorskip("matplotlib").use("agg")
    ax = nn.fit(small(), *blobs(), epochs=3).plot()
    assert ax.get_xlabel() == "epoch"
    assert len(ax.lines[0].get_ydata()) == 3


def twice():
    """The histories of two calls of `fit` with one model; the second has validation."""
    model = small()
    first = nn.fit(model, *blobs(), epochs=2, lr=0.1)
    return first, nn.fit(model, *blobs(), epochs=3, validation=0.25, rng=0, lr=0.2)


def test_histories_join_one_after_the_other():
    first, second = twice()
    both = first + second
    assert both.loss == first.loss + second.loss
    assert both.accuracy == first.accuracy + second.accuracy
    assert both.gradient_norm == first.gradient_norm + second.gradient_norm
    assert both.lr == [0.1, 0.1, 0.2, 0.2, 0.2]
    assert all(map(math.isnan, both.val_loss[:2]))
    assert both.val_loss[2:] == second.val_loss
    assert both.best_epoch == 2 + second.best_epoch
    assert (first.seams, both.seams) == ([], [2])
    assert both.summary().startswith("5 epochs, loss ")
    best = min(second.val_loss)
    assert f"<td>{best:.4g}</td></tr><tr><th>val_accuracy" in both._repr_html_()
    again = both + (first + second)
    assert again.seams == [2, 5, 7]
    assert len(again.loss) == len(again.val_loss) == 10
    other = second + first
    assert other.best_epoch is None  # the last weights of the last run
    assert all(map(math.isnan, other.val_accuracy[3:]))
    assert (len(first.loss), len(second.loss)) == (2, 3)  # neither has changed


def test_a_joined_history_says_how_the_last_run_ended():
    early, late = (
        nn.History("mse", [1.0], stopped="early"),
        nn.History("mse", [2.0], stopped="late"),
    )
    assert (early + late).stopped == "late"
    cut = nn.History("mse", [1.0, 2.0], val_loss=[3.0])  # diverged before the last validation
    assert math.isnan((cut + cut).val_loss[1])
    assert (cut + cut).val_loss[2] == 3.0


def test_what_does_not_join_is_named():
    with pytest.raises(ValueError, match="histories of mse and hinge do not join: plot each"):
        nn.History("mse", [1.0]) + nn.History("hinge", [1.0])
    with pytest.raises(TypeError, match="unsupported operand"):
        sum([nn.History("mse", [1.0])], 2.0)


def test_a_history_is_plain_numbers_and_json_to_the_last_bit():
    np = pytest.importorskip("numpy")
    first, second = twice()
    assert list(first.as_dict()) == ["loss", "accuracy", "lr", "gradient_norm"]
    assert first.as_dict()["loss"] == first.loss
    odd = nn.History("mse", loss=[np.float64(0.1), 1], accuracy=[0])
    assert [type(x) for xs in odd.as_dict().values() for x in xs] == [float] * 3
    both = first + second
    assert both.to_json().startswith('{\n "loss_name": "bce_with_logits",\n "loss": [\n  0.')
    content = json.loads(both.to_json())
    assert content["loss_name"] == "bce_with_logits"
    assert content["loss"] == both.loss
    assert content["val_loss"] == [None, None, *second.val_loss]
    assert (content["seams"], content["best_epoch"]) == ([2], both.best_epoch)
    back = nn.History.from_json(both.to_json())
    assert back.to_json() == both.to_json()
    assert (back.loss, back.val_loss[2:]) == (both.loss, both.val_loss[2:])
    assert math.isnan(back.val_loss[0])
    assert nn.History.from_json(odd.to_json()) == odd
    assert nn.History.from_json(first.to_json()) == first


def test_the_sum_of_histories_is_the_history_of_all():
    runs = [nn.History("mse", [x]) for x in (1.0, 2.0, 3.0)]
    assert sum(runs).loss == [1.0, 2.0, 3.0]
    assert sum(runs).seams == [1, 2]
    for start in (1, 0.0, None):
        with pytest.raises(TypeError, match="unsupported operand"):
            start + runs[0]
