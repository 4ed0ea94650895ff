"""Rare cases, which only tests meet: what is answered there, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn.app import command_line
from nn.datasets import DataError, load
from nn.plot.training import gradient_norms

from .training.data import XOR


def test_a_symbol_may_be_a_value_or_an_argument_of_a_compiled_function() -> None:
    pytest.importorskip("numpy")
    embedding = nn.Embedding(3, 2, rng=0)
    compiled = autograd.compile(lambda k: embedding(k)[1])
    for k in range(3):
        row = [float(w.data) for w in embedding.w[k]]
        assert [y.data for y in embedding(k)] == row
        assert [float(y) for y in embedding(Value(k))] == row
        assert float(compiled(k)) == row[1]
    alone = nn.Embedding(3, 1, rng=0)
    assert float(alone(Value(2.0))) == alone.w[2][0].data
    for wrong in (None, Value(-1.0), Value(3.0)):
        with pytest.raises(ValueError, match="whole index") as caught:
            embedding(wrong)
        assert str(caught.value) == (
            f"Embedding(n=3, dim=2) takes a whole index or a one-hot list, got {wrong!r}"
        )
    for index in (-1, 3):
        with pytest.raises(ValueError, match="index") as caught:
            embedding(index)
        assert str(caught.value) == (
            f"Embedding(n=3, dim=2) takes an index from 0 to 2, got {index}"
        )


def test_an_interrupt_before_a_run_writes_is_one_line_and_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "run", interrupted)
    assert command_line.main([]) == 130
    assert capsys.readouterr() == ("", "\ninterrupted; nothing was written\n")


def test_a_table_without_rows_is_not_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = nn.MLP(2, [1], rng=0)
    model.metadata = {
        "name": "d", "features": ["a", "b"], "classes": [0, 1], "target": "t", "seed": 0,
        "loss": "bce_with_logits", "scaling": [[0.0, 0.0], [1.0, 1.0]], "target_scaling": None,
    }  # fmt: skip
    model.save("m.json")
    Path("d.csv").write_text("a,b\n")
    assert command_line.main(["d.csv", "--load", "m.json", "--out", "o"]) == 2
    assert capsys.readouterr().err == "python -m nn: d.csv: no rows of data\n"
    assert not Path("o/predictions.csv").exists()


def test_a_path_that_can_be_no_file_is_named() -> None:
    with pytest.raises(DataError, match="no data set or file ''"):
        load("")
    with pytest.raises(DataError) as caught:
        load("a\0b.csv")
    assert str(caught.value) == "a\0b.csv: embedded null byte"


def test_norms_of_gradients_over_two_orders_have_a_logarithmic_axis() -> None:
    pytest.importorskip("matplotlib").use("agg")
    model = nn.MLP(1, [1, 1], rng=0)
    first, second = model.layers
    for ratio, scale in ((101.0, "log"), (100.0, "linear")):
        for p in model.parameters():
            p.grad = 0.0
        first.neurons[0].b.grad, second.neurons[0].b.grad = ratio, 1.0
        assert gradient_norms(model).get_yscale() == scale
    autograd.plot.figures.matplotlib("pyplot").close("all")


def test_a_history_joins_only_histories() -> None:
    for other in (3, None, [1.0]):
        with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'History'"):
            nn.History("mse", [1.0]) + other


class Partly(nn.Module):
    """A model with a parameter that its output does not depend on."""

    def __init__(self) -> None:
        self.layer, self.unused = nn.Layer(2, 2, "linear", rng=0), Value(5.0)

    def __call__(self, x: Any) -> Any:
        return self.layer(x)


@pytest.mark.parametrize("targets", [[[0.5, 1.0]] * 4, [[0.5, 1.0], [1.0, 2.0]] * 2])
def test_a_loss_of_one_s_own_may_leave_parameters_out(targets: list[list[float]]) -> None:
    """The numbers are those of the graph."""
    pytest.importorskip("numpy")

    def own(outputs: Any, wanted: Any) -> Any:
        return nn.mse(outputs, wanted) * 2.0

    histories, states = [], []
    for compiled in (True, False):
        model = Partly()
        histories.append(nn.fit(model, XOR, targets, loss=own, epochs=3, compiled=compiled))
        states.append(model.state_dict())
    assert histories[0].loss == pytest.approx(histories[1].loss, rel=1e-12)
    assert states[0] == pytest.approx(states[1], rel=1e-12)
    assert states[0]["unused"] == 5.0
