"""``python -m nn``: its printed text, its files, and its messages about mistakes."""

from __future__ import annotations

import csv
import errno
import html
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from nn import model_file, module
from nn.app import run_folder
from nn.app.command_line import main
from nn.app.job import Job
from nn.app.report import report_text
from nn.datasets import BUILT_IN, load
from nn.layers import ACTIVATIONS
from nn.losses import LOSSES, Loss, as_list
from nn.optimizers import OPTIMIZERS
from nn.schedules import SCHEDULES

for extra in ("sklearn", "matplotlib", "tqdm"):
    pytest.importorskip(extra)

pytestmark = pytest.mark.usefixtures("empty_pictures")

ROOT = Path(__file__).parents[3]
QUICK = ["--epochs", "1", "--hidden", "4"]
DIVERGING = ["--hidden", "2", "--activation", "linear", "--batch-size", "1", "--lr", "1e300"]
FILES = {"model.json", "history.json", "loss.svg", "confusion.svg", "graph.svg", "step.html"}
FILES |= {"index.html"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_csv(path: str = "flowers.csv", rows: int = 24) -> str:
    lines = [f"{i % 7},{i},{'big' if i >= rows // 2 else 'small'}" for i in range(rows)]
    Path(path).write_text("\n".join(["width,height,kind", *lines]) + "\n")
    return path


def run(*args: str) -> int:
    return main(list(args))


def run_small(*args: str) -> int:
    """Run with the least data: eight samples of one feature, and a network of two parameters."""
    Path("d.csv").write_text("a,b\n" + "1,x\n2,y\n" * 4)
    return run("d.csv", "--epochs", "1", "--hidden", *args)


@pytest.mark.usefixtures("real_pictures")
def test_the_default_run_learns_the_moons_and_writes_its_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--epochs", "25") == 0
    out = capsys.readouterr().out
    assert "layers.1 (Layer)  16 -> 16  relu               272" in out
    assert "337" in out
    accuracy = float(out.partition("Accuracy: ")[2].partition("%")[0])
    assert accuracy >= 99
    expected = FILES - {"confusion.svg"} | {"boundary.svg"}
    assert {path.name for path in Path("runs/moons").iterdir()} == expected
    for path in Path("runs/moons").glob("*.svg"):
        assert ET.parse(path).getroot().tag.endswith("svg")
    assert nn.load("runs/moons/model.json").metadata["classes"] == [0, 1]
    graph = Path("runs/moons/graph.svg").read_text()
    assert "x1" in graph
    assert "Layer 1, neuron " in graph
    assert "w.1" in Path("runs/moons/step.html").read_text()


@pytest.mark.parametrize(
    ("args", "files"),
    [
        pytest.param(["digits", "--epochs", "1"], {"confusion.svg"}, marks=pytest.mark.slow),
        (["xor", "--loss", "hinge"], {"boundary.svg"}),
        pytest.param(
            ["circles", "--loss", "cross_entropy", "--optimizer", "sgd"],
            {"boundary.svg"},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["wine", "--regression", "--loss", "gaussian_nll"],
            {"predictions.svg"},
            marks=pytest.mark.slow,
        ),
        (["moons", "--regression", "--activation", "tanh"], {"boundary.svg"}),
        pytest.param(
            ["--hidden", "4", "iris"], {"confusion.svg"}, marks=pytest.mark.slow
        ),  # DATA after the sizes
        (["iris", "--hidden"], {"confusion.svg"}),  # logistic regression
    ],
    ids=" ".join,
)
def test_kinds_of_data_and_loss(args: list[str], files: set[str]) -> None:
    assert run(*(QUICK if "--hidden" not in args else QUICK[:2]), *args, "--out", "o") == 0
    always = FILES - {"confusion.svg"}
    assert {path.name for path in Path("o").iterdir()} == files | always


def test_only_pictures_of_the_present_model_stay_in_the_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("o").mkdir()
    Path("o/notes.svg").write_text("mine")
    assert run(write_csv(), "--epochs", "1", "--hidden", "--out", "o") == 0
    assert run_small("--epochs", "0", "--out", "o") == 0
    here = FILES - {"history.json", "loss.svg"} | {"notes.svg"}
    assert {path.name for path in Path("o").iterdir()} == here

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.plot.confusion", interrupted)
    assert run_small("--out", "o") == 130
    assert "o is only: model.json history.json loss.svg\n" in capsys.readouterr().err
    kept = {"history.json", "loss.svg", "model.json", "notes.svg"}
    assert {p.name for p in Path("o").iterdir()} == kept


def test_the_graph_of_a_neuron_with_many_inputs_has_its_largest_terms() -> None:
    assert run("breast_cancer", "--epochs", "1", "--hidden", "--out", "o") == 0
    model = nn.load("o/model.json")
    job = Job.of(model)
    _, held_out = load("breast_cancer").split(0.25, seed=0)
    output, title = run_folder._one_neuron(job, held_out)
    which = "Layer 1, neuron 1, on a held-out sample (standardized inputs)"
    assert title == f"{which}; its 25 smallest terms are in b"
    drawn = html.unescape(Path("o/graph.svg").read_text()).replace("\xa0", " ")
    assert title in drawn
    assert output.data == pytest.approx(job.score(held_out.X[0]).data, rel=1e-12)
    *_, bias = output.parents
    assert (len(output.parents), bias.label) == (11, "b + 25 terms")
    shown = [w.data * x.data for w, x in zip(output.parents[:5], output.parents[5:10], strict=True)]
    xs = job.scaling.apply(held_out.X[:1])[0]
    terms = [w.data * x for w, x in zip(model.layers[0].neurons[0].w, xs, strict=True)]
    assert sorted(shown, key=abs) == sorted(terms, key=abs)[-5:]


@pytest.mark.usefixtures("real_pictures")
def test_same_seed_same_bytes() -> None:
    for out in ("a", "b"):
        assert run(write_csv(), "--epochs", "1", "--hidden", "--seed", "7", "--out", out) == 0
    assert run(write_csv(), "--epochs", "1", "--hidden", "--seed", "8", "--out", "c") == 0
    a, b, c = ({p.name: p.read_bytes() for p in Path(out).iterdir()} for out in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_a_model_is_loaded_to_go_on_to_evaluate_and_to_predict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shape = ["--hidden", "4", "--lr", "0.1"]
    assert run(write_csv(), *shape, "--epochs", "30", "--out", "first") == 0
    model = "first/model.json"
    before = nn.load(model).state_dict()
    assert run("flowers.csv", "--load", model, "--epochs", "1", "--out", "second") == 0
    after = nn.load("second/model.json").state_dict()
    assert after != before
    assert max(abs(after[k] - before[k]) for k in after) < 0.1  # from there, not from the start

    capsys.readouterr()
    assert run("flowers.csv", "--load", model, "--epochs", "0", "--out", "third") == 0
    assert capsys.readouterr().out == (
        "flowers.csv: 24 samples, predicted with the model of flowers\n\n"
        "Accuracy: 100.0% (24 of 24)\n\n"
        "true \\ predicted  big  small  precision  recall\n"
        f"{'-' * 47}\n"
        "big                12      0      1.000   1.000\n"
        "small               0     12      1.000   1.000\n\n"
        "big: 12, small: 12\nWritten in third: predictions.csv\n"
    )

    Path("new.csv").write_text("height,note,width\n1,7,3\n20,7,3\n")  # by name, in another order
    assert run("new.csv", "--load", model, "--out", "fourth") == 0
    assert "small: 1" in capsys.readouterr().out
    predicted = Path("fourth/predictions.csv").read_text().splitlines()
    assert predicted == ["height,note,width,kind", "1,7,3,small", "20,7,3,big"]
    predicted = Path("third/predictions.csv").read_text().splitlines()
    assert predicted[:2] == ["width,height,kind,predicted kind", "0,0,small,small"]
    assert nn.load(model).state_dict() == before


def test_a_loaded_regression_predicts_in_the_units_of_the_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("line.csv").write_text("x,y\n" + "".join(f"{i},{1000 + 10 * i}\n" for i in range(40)))
    assert run("line.csv", "--regression", "--hidden", "--epochs", "200", "--out", "o") == 0
    data = "line: 40 samples, 1 feature, predicting y; 30 to train with, 10 held out\n"
    assert capsys.readouterr().out.startswith(data)
    Path("new.csv").write_text("x\n100\n50\n")
    for extra in ("matplotlib", "tqdm"):  # neither draws nor trains
        monkeypatch.setitem(sys.modules, extra, None)
    assert run("new.csv", "--load", "o/model.json") == 0
    rows = Path("runs/new/predictions.csv").read_text().splitlines()[1:]
    high, low = (float(row.split(",")[-1]) for row in rows)
    assert [high, low] == pytest.approx([2000, 1500], rel=0.01)
    assert capsys.readouterr().out == (
        "new.csv: 2 samples, predicted with the model of line\n\n"
        f"y: from {low:g} to {high:g}\nWritten in {Path('runs', 'new')}: predictions.csv\n"
    )


def test_the_report_counts_right() -> None:
    data = load("xor").take([0, 1, 2, 3])
    data.y[:] = [0, 0, 0, 1]
    assert report_text(data, [0, 1, 0, 1]) == (
        "Accuracy: 75.0% (3 of 4)\n\n"
        "true \\ predicted  0  1  precision  recall\n"
        "-----------------------------------------\n"
        "0                 2  1      1.000   0.667\n"
        "1                 0  1      0.500   1.000"
    )


def test_the_report_of_numbers_has_the_errors_or_says_that_there_are_none() -> None:
    data = replace(load("xor").take(range(4)), classes=[], target="price")
    data.y[:] = [1.0, 2.0, 3.0, 6.0]
    assert report_text(data, [1.0, 2.0, 4.0, 4.0]) == (
        "Error of price: mean absolute 0.75, root mean square 1.118, R² 0.643 (4 samples)"
    )
    data.y[:] = [1.0] * 4
    assert report_text(data, [1.0, 2.0, 1.0, 1.0]) == (
        "Error of price: mean absolute 0.25, root mean square 0.5 (4 samples)"
    )
    text = report_text(data, [1.0, math.inf, 1.0, math.nan])
    assert text == "Error of price: some predictions are not finite numbers"


def test_a_loss_is_offered_and_used_as_it_declares_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def shifted(outputs: Any, targets: Any) -> Any:  # class 1 if the output is above 100
        (output,), (target,) = as_list(outputs), as_list(targets)
        return (output - 100.0 - target) ** 2

    loss = Loss(shifted, targets="classes", codes=(-5.0, 5.0), boundary=100.0)
    monkeypatch.setitem(LOSSES, "shifted", loss)
    assert run("xor", *QUICK, "--loss", "shifted", "--out", "o") == 0
    job = Job.of(nn.load("o/model.json"))
    data = load("xor")
    assert set(job.encode(data.y)) == {-5.0, 5.0}
    above = [job.score(x).data > 100.0 for x in data.X]
    assert job.predict(data.X) == above
    assert run("iris", *QUICK, "--loss", "shifted") == 2
    assert "shifted does not fit 3 classes" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("--help")
    assert "shifted" in capsys.readouterr().out


def test_the_report_of_many_classes_has_the_worst_of_them() -> None:
    data = replace(load("xor").take(range(90)), classes=[f"c{k}" for k in range(30)])
    data.y[:] = [k % 30 for k in range(90)]
    text = report_text(data, [8 if k == 7 else k for k in data.y])
    assert text.startswith("Accuracy: 96.7% (87 of 90)\n\nworst of 30  samples  precision  recall")
    assert "\nc7                 3          -   0.000\n" in text
    assert text.endswith("\n\nMost confused\nc7 taken for c8: 3")
    assert max(map(len, text.splitlines())) < 80


LISTED = " (--help lists the options)"
A_FOLDER = "choose a folder in which you may write"
AN_EARLIER_MODEL = "choose the model.json of an earlier run"
SEEDS = "a whole number from 0 to 4294967295"
MISTAKES = {
    "no such data": (
        ["mons"],
        f"no data set or file 'mons' (did you mean moons?); choose {', '.join(BUILT_IN)} or a "
        "CSV file",
    ),
    "no such file": (["no.csv"], "no.csv: no such file"),
    "a folder": (["folder"], "folder: this is a folder; choose a CSV file in it"),
    "ragged": (["ragged.csv"], "ragged.csv, line 26: 2 columns, but line 1 has 3"),
    "target": (
        ["flowers.csv", "--target", "nose"],
        "flowers.csv: no column 'nose'; there are 'width', 'height', 'kind'",
    ),
    "target of built-in": (
        ["iris", "--target", "x"],
        "a target column is for CSV files, iris has its own (got 'x')",
    ),
    "text to regress": (
        ["flowers.csv", "--regression"],
        "flowers.csv, line 2, column 3 (kind): 'small' is not a number",
    ),
    "out is a file": (
        ["--out", "flowers.csv"],
        "--out flowers.csv: this is a file; choose a folder, new or old",
    ),
    "out in a file": (
        ["--out", "flowers.csv/x"],
        f"--out flowers.csv/x: Not a directory; {A_FOLDER}",
    ),
    "out unwritable": (
        ["--out", "/proc/nowhere"],
        f"--out /proc/nowhere: No such file or directory; {A_FOLDER}",
    ),
    "epochs": (
        ["--epochs", "-1"],
        f"argument --epochs: '-1' is not a whole number of at least 0{LISTED}",
    ),
    "batch size": (
        ["--batch-size", "0"],
        f"argument --batch-size: '0' is not a whole number of at least 1{LISTED}",
    ),
    "lr zero": (["--lr", "0"], f"argument --lr: '0' is not a positive number{LISTED}"),
    "lr negative": (["--lr", "-0.1"], f"argument --lr: '-0.1' is not a positive number{LISTED}"),
    "lr nan": (["--lr", "nan"], f"argument --lr: 'nan' is not a positive number{LISTED}"),
    "lr infinite": (["--lr", "inf"], f"argument --lr: 'inf' is not a positive number{LISTED}"),
    "hidden": (["--hidden", "0"], "--hidden: '0' is not a whole number of at least 1"),
    "hidden text": (["--hidden", "x", "4"], "--hidden: 'x' is not a whole number of at least 1"),
    "seed": (["--seed", "1.5"], f"argument --seed: '1.5' is not {SEEDS}{LISTED}"),
    "seed negative": (["--seed", "-1"], f"argument --seed: '-1' is not {SEEDS}{LISTED}"),
    "seed above": (
        ["--seed", "4294967296"],
        f"argument --seed: '4294967296' is not {SEEDS}{LISTED}",
    ),
    "activation": (
        ["--activation", "rulu"],
        f"--activation 'rulu' is unknown; choose {', '.join(ACTIVATIONS)}",
    ),
    "schedule": (
        ["--schedule", "cosin"],
        f"--schedule 'cosin' is unknown; choose {', '.join(SCHEDULES)}",
    ),
    "optimizer": (
        ["--optimizer", "lbfgs"],
        f"--optimizer 'lbfgs' is unknown; choose {', '.join(OPTIMIZERS)}",
    ),
    "loss": (
        ["--loss", "l3"],
        "--loss 'l3' is unknown; choose mse, mae, gaussian_nll, laplace_nll, bce_with_logits, "
        "cross_entropy, hinge",
    ),
    "loss of numbers": (
        ["--loss", "mse"],
        "--loss mse does not fit 2 classes; choose bce_with_logits, cross_entropy, hinge",
    ),
    "loss of classes": (
        ["iris", "--loss", "bce_with_logits"],
        "--loss bce_with_logits does not fit 3 classes; choose cross_entropy, hinge",
    ),
    "loss of a regression": (
        ["plane", "--loss", "hinge"],
        "--loss hinge does not fit --regression; choose mse, mae, gaussian_nll, laplace_nll",
    ),
    "no option": (["--bogus"], f"unrecognized arguments: --bogus{LISTED}"),
    "two data sets": (["moons", "xor"], f"unrecognized arguments: xor{LISTED}"),
    "load nothing": (
        ["--load", "no.json"],
        f"--load no.json: No such file or directory; {AN_EARLIER_MODEL}",
    ),
    "load a folder": (
        ["--load", "folder"],
        f"--load folder: Is a directory; {AN_EARLIER_MODEL}",
    ),
    "load no model": (
        ["--load", "flowers.csv"],
        "flowers.csv: not a complete JSON file: Expecting value: line 1 column 1 (char 0)",
    ),
    "load and shape": (
        ["--load", "m.json", "--hidden", "3"],
        "--hidden does not go with --load: the model has its own",
    ),
    "load and activation": (
        ["--load", "m.json", "--activation", "relu"],
        "--activation does not go with --load: the model has its own",
    ),
    "load and target": (
        ["--load", "m.json", "--target", "kind"],
        "--target does not go with --load: the model has its own",
    ),
    "load empty": (["--load", ""], "--load is empty"),
    "out empty": (["--out", ""], "--out is empty"),
    "seed huge": (["--seed", "9" * 20], f"argument --seed: '{'9' * 20}' is not {SEEDS}{LISTED}"),
    "seed without end": (
        ["--seed", "9" * 400],
        f"argument --seed: '{'9' * 400}' is not {SEEDS}{LISTED}",
    ),
    "too large": (
        ["--hidden", "100000", "100000"],
        "--hidden: these layers have 10,000,500,001 parameters; more than 300,000 are too many "
        "for an engine of scalars",
    ),
    "load a bare model": (
        ["--load", "m.json"],
        "m.json: this model was not written by python -m nn",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    args, expected = MISTAKES[case]
    Path("ragged.csv").write_text(Path(write_csv()).read_text() + "1,2\n")
    Path("folder").mkdir()
    nn.MLP(2, [1], rng=0).save("m.json")
    assert run(*args) == 2
    err = capsys.readouterr().err
    assert err == f"python -m nn: {expected}\n"
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("module", "package"),
    [("matplotlib", "matplotlib"), ("tqdm", "tqdm"), ("sklearn", "scikit-learn")],
)
def test_a_missing_extra_is_one_sentence_with_its_remedy(
    module: str, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert run(*QUICK) == 2
    err = capsys.readouterr().err
    assert err.endswith(f"pip install {package} (it is in chalkgrad[demo])\n")
    assert err.count("\n") == 1


ODD = {  # metadata that does not fit the model, as after an edit of its file
    "features": [3, ["a"], ["a", 3], "ab", None],
    "classes": [5, ["0"], ["0", "1", "2"], "01", [], None],
    "scaling": [[[0.0, 0.0], [0.0, 0.0]], [[0.0], [1.0]], [1, 2], [], 5, None, ["ab", "cd"]],
    "target_scaling": [[1, 2], [[0.0], [1.0]], [[], []]],
    "seed": ["x", None],
    "name": [7],
    "target": [[]],
    "loss": [1, "huber", "mse"],
    "surplus": [1],
}


def test_a_model_whose_metadata_does_not_fit_it_is_a_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(write_csv(), "--epochs", "0", "--hidden", "--out", "o") == 0
    model = nn.load("o/model.json")
    good = dict(model.metadata)
    for key, value in [(key, value) for key, values in ODD.items() for value in values]:
        odd = good | {key: value}
        text = model_file.encode(module.architecture(model), odd, model.state_dict())
        Path("odd.json").write_text(text)
        capsys.readouterr()
        assert run("flowers.csv", "--load", "odd.json", "--epochs", "0", "--out", "p") == 2, value
        err = capsys.readouterr().err
        assert err.startswith("python -m nn: odd.json: ")
        assert "json: metadata '" in err or "was not written by python -m nn" in err
        assert err.count("\n") == 1
    for bare in (nn.Neuron(2), nn.Sequential(nn.Embedding(2, 2))):
        bare.metadata = good
        bare.save("odd.json")
        assert run("flowers.csv", "--load", "odd.json") == 2


def test_a_table_without_target_is_not_trained_with_and_not_written_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(write_csv(), "--epochs", "0", "--hidden", "--out", "o") == 0
    Path("o/predictions.csv").write_text("width,height\n1,2\n")
    model = ["o/predictions.csv", "--load", "o/model.json", "--out", "o"]
    assert run(*model, "--epochs", "5") == 2
    assert "no column 'kind' to train with; without --epochs it is" in capsys.readouterr().err
    assert run(*model) == 2
    assert "would be written over" in capsys.readouterr().err
    assert Path("o/predictions.csv").read_text() == "width,height\n1,2\n"


def test_features_that_tell_nothing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["a", "b", "c", "d", "e"]
    rows = [f"{i},7,0.5,0.0,1e99,{'xy'[i % 2]}" for i in range(8)]
    Path("same.csv").write_text("\n".join([",".join([*names, "kind"]), *rows]) + "\n")
    assert run("same.csv", "--epochs", "1", "--hidden") == 0
    assert capsys.readouterr().err == (
        "python -m nn: note: nothing can be learned from 'b', 'c', 'd' and 1 more: "
        "one number in all rows\n"
    )
    assert run_small() == 0
    assert capsys.readouterr().err == ""


def test_training_that_diverges_is_status_1_with_advice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_small(*DIVERGING) == 1
    assert "weights are kept; try a smaller learning rate: --lr 0.01" in capsys.readouterr().out


def runs_out_of_memory(*_: object, **__: object) -> None:
    raise MemoryError


def test_out_of_memory_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nn.app.command_line.fit", runs_out_of_memory)
    assert run_small() == 2
    assert capsys.readouterr().err.startswith("python -m nn: out of memory; ")


@contextmanager
def program(*args: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Start ``python -m nn``, as a terminal does: SIGINT is not ignored. Kill it at the end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    pipes["env"] = environment
    if os.name == "posix":
        pipes["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [sys.executable, "-m", "nn", *args],
        text=True,
        **pipes | how,
    ) as process:
        stop = threading.Timer(60, process.kill)  # a test that waits for ever tells nothing
        stop.start()
        try:
            yield process
        finally:
            stop.cancel()
            process.kill()


def training_without_end(
    folder: Path, after_epoch: str
) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start a training that only Ctrl-C ends. ``after_epoch`` is code for a function of history."""
    Path("sitecustomize.py").write_text(
        "import signal\n"
        "from contextlib import contextmanager\n"
        "import nn.training.progress\n"
        "class Freed:\n"
        "    def __del__(self): signal.raise_signal(signal.SIGINT)\n"
        "@contextmanager\n"
        "def after_epoch(*_):\n"
        f"    yield {after_epoch}\n"
        "nn.training.progress.progress_bar = after_epoch\n"
    )
    Path("d.csv").write_text("a,b\n" + "1,x\n2,y\n" * 4)
    args = ["d.csv", "--hidden", "--batch-size", "1", "--epochs", "100000000", "--out", "o"]
    path = f"{folder}{os.pathsep}{ROOT}"
    return program(*args, env=os.environ | {"PYTHONPATH": path})


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_trained_so_far(tmp_path: Path) -> None:
    telling = "lambda history: len(history.loss) == 3 and print('3 epochs', flush=True)"
    with training_without_end(tmp_path, telling) as process:
        assert process.stdout is not None
        assert any("3 epochs" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert "interrupted at step" in out
    assert "Interrupted; what was trained so far is in o: " in out
    assert nn.load("o/model.json").metadata["name"] == "d"


@pytest.mark.slow
def test_ctrl_c_in_a_finalizer_is_not_lost(tmp_path: Path) -> None:
    """Python prints an exception there, and goes on."""
    freeing = "lambda history: len(history.loss) == 3 and Freed() and None"
    with training_without_end(tmp_path, freeing) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert "interrupted at step" in out
    assert nn.load("o/model.json").metadata["name"] == "d"


@pytest.mark.parametrize(
    "module", ["nn.app", "argparse", "autograd.value", "nn.layers", "matplotlib.figure"]
)
def test_ctrl_c_during_the_imports_gives_no_traceback(tmp_path: Path, module: str) -> None:
    Path("sitecustomize.py").write_text(
        "import signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r} and 'nn' in sys.modules:\n"
        "            try: signal.raise_signal(signal.SIGINT)\n"
        "            except KeyboardInterrupt: print('lost')\n"  # as code in C loses it
        "sys.meta_path.insert(0, Interrupting)\n"
    )
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    with program(*QUICK, env=os.environ | {"PYTHONPATH": path}) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (130, ""), err
    assert err == "\ninterrupted; nothing was written\n"
    assert not Path("runs").exists()


def test_ctrl_c_before_the_program_can_listen_ends_it_without_a_traceback(tmp_path: Path) -> None:
    """The first import of the program takes a millisecond, before the signal has a handler."""
    Path("sitecustomize.py").write_text(
        "import os, sys\n"
        "class Interrupting:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'signal': os.kill(os.getpid(), 2)\n"
        "sys.meta_path.insert(0, Interrupting)\n"
    )
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    with program(env=os.environ | {"PYTHONPATH": path}) as process:
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "")


GUARDED = "guard set"


@pytest.mark.parametrize("wait_s", [0.0, 0.02, 0.1, 0.5])
def test_ctrl_c_gives_no_traceback_from_the_first_line_of_the_program_on(
    tmp_path: Path, wait_s: float
) -> None:
    """Before it, Python imports `nn` itself, which is why that must import next to nothing."""
    Path("sitecustomize.py").write_text(
        "import signal, sys\n"
        "set_handler = signal.signal\n"
        "def telling(number, handler):\n"
        "    before = set_handler(number, handler)\n"
        "    ours = [m for m in sys.modules if m.partition('.')[0] in ('nn', 'autograd')]\n"
        f"    print({GUARDED!r}, *sorted(ours), flush=True)\n"
        "    signal.signal = set_handler\n"
        "    return before\n"
        "signal.signal = telling\n"
    )
    Path("d.csv").write_text("a,b\n" + "1,x\n2,y\n" * 4)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    endless = ["d.csv", "--hidden", "--epochs", "100000000"]
    with program(*endless, env=os.environ | {"PYTHONPATH": path}) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(wait_s)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert first.split() == [*GUARDED.split(), "nn", "nn.name_clash"], err
    assert process.returncode == 130, err
    assert "Traceback" not in err, err


def test_the_program_ignores_ctrl_c_where_it_was_told_to() -> None:
    ignoring = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with program("--help", preexec_fn=ignoring) as process:
        for _ in range(10):
            time.sleep(0.03)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "exit status" in out


def test_a_reader_that_goes_away_leaves_all_files_and_no_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert run_small("--out", "o") == 141
        assert run_small(*DIVERGING, "--out", "p") == 1
    assert capsys.readouterr().err == ""
    assert {path.name for path in Path("o").iterdir()} == FILES


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")


@full
def test_output_that_cannot_be_written_is_one_sentence_and_all_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "python -m nn: standard output: No space left on device; all files are written\n"
    with open("/dev/full", "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert run_small("--out", "o") == 2
    assert capsys.readouterr().err == said
    assert {path.name for path in Path("o").iterdir()} == FILES
    with open("/dev/full", "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert run("--help") == 2
    assert capsys.readouterr().err == "python -m nn: standard output: No space left on device\n"


@full
def test_a_mistake_that_cannot_be_said_is_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        assert run("--lr", "0") == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_is_no_mistake(closed: int) -> None:
    with program("--lr", "0", preexec_fn=partial(os.close, closed)) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert ("is not a positive number" in err) == (closed == 1)
    assert "Traceback" not in err


def test_no_streams_at_all_are_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run_small("--out", "o") == 0
    assert {path.name for path in Path("o").iterdir()} == FILES
    assert run("--lr", "0") == 2


@pytest.mark.parametrize("name", ["model.json", "history.json", "loss.svg", "confusion.svg"])
def test_a_disk_that_fills_up_says_what_is_there_and_where(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = nn.model_file.write

    def on_a_small_disk(path: Any, text: Any) -> None:
        if Path(path).name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, text)

    monkeypatch.setattr("nn.model_file.write", on_a_small_disk)
    assert run_small("--out", "o") == 2
    err = capsys.readouterr().err
    before = ["model.json", "history.json", "loss.svg", "confusion.svg"]
    there = before[: before.index(name)]
    done = f"in o is only: {' '.join(there)}" if there else "nothing was written"
    assert err == f"python -m nn: {Path('o', name)}: No space left on device; {done}\n"
    assert {path.name for path in Path("o").iterdir()} == set(there)


def test_memory_that_runs_out_while_drawing_leaves_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nn.plot.loss_curve", runs_out_of_memory)
    assert run_small("--out", "o") == 2
    assert capsys.readouterr().err == (
        "python -m nn: MemoryError; in o is only: model.json history.json\n"
    )


def test_a_second_run_into_a_busy_folder_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fcntl")
    with run_folder.claimed_folder("o"):
        assert run_small("--out", "o") == 2
        err = capsys.readouterr().err
        assert err == "python -m nn: another run is writing into o; choose another --out\n"
        assert run_small("--out", "p") == 0
    assert {path.name for path in Path("o").iterdir()} == set()
    assert run_small("--out", "o") == 0
    for locks in (None, NoLocks):
        monkeypatch.setattr(run_folder, "fcntl", locks)
        assert run_small("--epochs", "0", "--out", "o") == 0


class NoLocks:
    """The module fcntl on a file system without locks."""

    LOCK_EX = LOCK_NB = 0

    @staticmethod
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")


def test_the_history_is_written_as_numbers() -> None:
    assert run_small("--epochs", "3", "--schedule", "linear", "--out", "o") == 0
    history = json.loads(Path("o/history.json").read_text())
    assert [len(history[key]) for key in ("loss", "accuracy", "gradient_norm", "lr")] == [3] * 4
    assert history["lr"] == pytest.approx([0.01, 0.007, 0.004])
    assert history["loss_name"] == "bce_with_logits"


def test_the_table_of_a_terminal_keeps_its_columns_for_wide_names() -> None:
    data = replace(load("xor").take(range(4)), classes=["日本語", "e\u0301te\u0301"])
    data.y[:] = [0, 0, 1, 1]
    assert report_text(data, [0, 1, 1, 1]).splitlines()[2:] == [
        "true \\ predicted  日本語  e\u0301te\u0301  precision  recall",
        "-" * 48,
        "日本語                 1    1      1.000   0.500",
        "e\u0301te\u0301                    0    2      0.667   1.000",
    ]
    wide = replace(data, classes=["日" * 11, "x" * 20])
    first, second = report_text(wide, [0, 1, 1, 1]).splitlines()[-2:]
    assert first.startswith("日" * 9 + "…  ")
    assert second.startswith("x" * 20 + "  ")


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_help_is_no_wider_than_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        run("--help")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    at = next(k for k, line in enumerate(lines) if line.startswith("  loss.svg  "))
    if columns == 40:
        assert lines[at : at + 2] == [
            "  loss.svg         loss and accuracy",
            " " * 19 + "while training",
        ]
        at = next(k for k, line in enumerate(lines) if "nn digits" in line)
        assert lines[at + 1] == "      --epochs 30"


def test_help_names_every_data_set_and_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--help")
    assert caught.value.code == 0
    text = capsys.readouterr().out
    files = {"loss.svg", "boundary.svg", "confusion.svg", "graph.svg", "step.html", "model.json"}
    files |= {"history.json", "predictions.svg", "predictions.csv", "index.html"}
    for word in {*BUILT_IN, "CSV", *files}:
        assert word in text, word


SAMPLE_OPTIONS = """
    DATA default: moons
    options:
    -h, --help show this help message and exit
    --target COLUMN target of a CSV file: name, or position from 1 (last)
    --regression predict a number instead of a class
"""
OPTIONS = {  # of a command: what its help says of each
    "": f"""{SAMPLE_OPTIONS}
    --hidden [N ...] neurons of each hidden layer (16 16; none: logistic or linear regression)
    --activation NAME of the hidden neurons (relu): {", ".join(ACTIVATIONS)}
    --loss NAME default: by the data; classes: bce_with_logits, cross_entropy, hinge;
    --regression: mse, mae, gaussian_nll, laplace_nll
    --optimizer NAME {", ".join(OPTIMIZERS)} (adam)
    --epochs N passes over the data (100)
    --batch-size N samples of one step (32)
    --lr X learning rate (0.01; sgd: 0.1)
    --schedule NAME of the learning rate (constant): {", ".join(SCHEDULES)}
    --seed N of data, split, weights and order (0): same seed, same files
    --out DIR folder for the files (runs/<data>)
    --load MODEL.JSON go on with a model written before; or, for a CSV file without its target,
    or with --epochs 0, predict
    files written into --out""",
    "playground": f"""{SAMPLE_OPTIONS}
    --hidden [N ...] neurons of each hidden layer (4 4)
    --activation NAME (tanh): {", ".join(ACTIVATIONS)}
    --loss NAME default: by the data
    --optimizer NAME sgd, momentum, adam (sgd)
    --lr X learning rate (0.1; adam: 0.01)
    --batch-size N samples of one step (all)
    --seed N of data, weights and batches (0)
    --out FILE the page (runs/<data>/playground.html)
    examples:""",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help_says_of_each_option_what_it_takes_and_its_default(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(*command.split(), "--help")
    assert " ".join(OPTIONS[command].split()) in " ".join(capsys.readouterr().out.split())


def test_a_run_prints_the_data_the_model_the_settings_the_report_and_the_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_small("--out", "o") == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "d: 8 samples, 1 feature, 2 classes; 6 to train with, 2 held out\n\nlayer"
    )
    assert (
        "\n\nTraining: bce_with_logits, adam, learning rate 0.01, batches of 6\n1 epoch, " in said
    )
    assert "\n\nOn held-out data\nAccuracy: " in said
    assert said.endswith(
        "\n\nWritten in o: model.json history.json loss.svg confusion.svg graph.svg step.html"
        f" index.html\nTo see the network learn, open {Path('o', 'index.html')} in a browser\n"
    )


@pytest.mark.usefixtures("real_pictures")
def test_names_are_shown_as_text_even_if_they_look_like_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Formulas, tags, quotes, line breaks, terminal codes, scripts that the font lacks."""
    names = ["$a_$", '<b>&"x"', "a$b$\\frac", "q\nr", "\x1b[31mred", "--x-->", "日本🎉" * 9]
    with open("d.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["$x_$", "<h>&\n", "{t}\x1b"])
        writer.writerows([i % 5, i % 3, names[i % len(names)]] for i in range(70))
    assert run("d.csv", "--epochs", "1", "--hidden") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out
    assert "[31mred" in captured.out
    for path in Path("runs/d").glob("*.svg"):
        ET.parse(path)


@pytest.fixture(scope="module", params=[(), ("--regression",)], ids=["classes", "regression"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    out = str(tmp_path_factory.mktemp("xor"))
    assert run("xor", *request.param, *QUICK, "--out", out) == 0
    return Job.of(nn.load(f"{out}/model.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "samples", [64, 130, *(pytest.param(n, marks=pytest.mark.slow) for n in (65, 128))]
)
def test_many_samples_are_predicted_by_compiled_code_with_the_same_answers(
    trained: Job, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = trained
    X = load("xor").X[:samples]
    compiled = []

    def counting(f: Any) -> Any:
        compiled.append(f)
        return autograd.compile(f)

    monkeypatch.setattr("nn.app.job.compile", counting)
    expected = [job.answer(x) for x in X]
    assert job.predict(X) == expected
    assert not compiled
    monkeypatch.setattr("nn.app.job.MIN_COMPILED_SAMPLES", samples)
    assert job.predict(X) == pytest.approx(expected, rel=1e-9)
    assert len(compiled) == 1


@pytest.mark.parametrize(("classes", "beginning"), [(20, "true \\ predicted"), (21, "worst of 21")])
def test_a_table_of_more_than_twenty_classes_has_the_worst_of_them(
    classes: int, beginning: str
) -> None:
    names = [f"class {k:02} " + "x" * (11 + k % 2) for k in range(classes)]
    data = replace(load("xor").take(range(2 * classes)), classes=names)
    data.y[:] = [k % classes for k in range(2 * classes)]
    lines = report_text(data, data.y).splitlines()
    assert lines[2].startswith(beginning)
    assert lines[4].startswith("class 00 xxxxxxxxxxx ")
    assert lines[5].startswith("class 01 xxxxxxxxxx… ")


def test_the_worst_classes_are_those_with_the_lowest_recall_and_five_confusions_are_named() -> None:
    data = replace(load("xor").take(range(300)), classes=[f"c{k}" for k in range(25)])
    data.y[:] = [k // 12 for k in range(300)]
    right = list(data.y)
    for k in range(1, 7):  # k of the 12 samples of class k are taken for class 0
        right[12 * k : 12 * k + k] = [0] * k
    right[84:88] = [8, 8, 9, 9]  # class 7
    lines = report_text(data, right).splitlines()
    table = lines[4:14]
    assert " ".join(line.split()[0] for line in table) == "c6 c5 c4 c7 c3 c2 c1 c0 c8 c9"
    assert table[0].split() == ["c6", "12", "1.000", "0.500"]
    assert lines[14] == ""
    assert lines[15:] == [
        "Most confused",
        "c6 taken for c0: 6",
        "c5 taken for c0: 5",
        "c4 taken for c0: 4",
        "c3 taken for c0: 3",
        "c2 taken for c0: 2",
    ]
    data.y[:] = [0] * 12 + [1] * 288
    assert report_text(data, [1] * 300).splitlines()[4].split() == ["c0", "12", "-", "0.000"]


def test_whole_batches_are_predicted_by_compiled_code(
    trained: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def counting(f: Any) -> Any:
        compiled = autograd.compile(f)

        def call(numbers: list[float]) -> Any:
            sizes.append(len(numbers))
            return compiled(numbers)

        return call

    monkeypatch.setattr("nn.app.job.compile", counting)
    monkeypatch.setattr("nn.app.job.MIN_COMPILED_SAMPLES", 1)
    assert len(trained.predict(load("xor").X[:150])) == 150
    assert sizes == [64 * 2, 64 * 2]


def test_importing_the_start_of_the_program_starts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["nn", "--help"])
    runpy.run_module("nn.__main__", run_name="nn.__main__")
