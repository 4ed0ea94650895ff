"""The playground that ``python -m nn`` writes: its data, its model, its numbers, its size."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.app.command_line import main
from nn.app.job import Job
from nn.datasets import BUILT_IN, load
from nn.layers import ACTIVATIONS

from ...support.pictures import few_of
from ..playground.page import run_page

for extra in ("sklearn", "matplotlib", "tqdm"):
    pytest.importorskip(extra)

pytestmark = pytest.mark.usefixtures("empty_pictures")

MAX_BYTES = 400_000
ANSWERS = """const run = new Run(given);
const start = { test: run.measures("test"), train: run.measures("train") };
run.nextStep();
answer({ ...start, count: run.points.length, names: run.settings.data.names,
         classes: run.settings.data.classes, stopped: run.stopped });"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings_in(path: str) -> Any:
    text = Path(path).read_text("utf-8")
    (data,) = re.findall(r"<script[^>]*application/json[^>]*>(.*?)</script>", text, re.S)
    return json.loads(data)["settings"]


def write_csv(path: str, rows: int, features: int = 2, labels: str = "ab") -> str:
    names = ",".join(f"f{k}" for k in range(features))
    lines = [
        ",".join(
            [*(f"{(i * (k + 3)) % 97 / 7:.3f}" for k in range(features)), labels[i % len(labels)]]
        )
        for i in range(rows)
    ]
    Path(path).write_text("\n".join([f"{names},kind", *lines]) + "\n")
    return path


RUNS = {
    "two classes": ["moons"],
    "three classes": ["iris"],
    "hinge": ["xor", "--loss", "hinge"],
    "two outputs": ["circles", "--loss", "cross_entropy", "--optimizer", "rmsprop"],
    "labels that are other numbers": ["three.csv"],
    "regression": ["wine", "--regression", "--optimizer", "sgd"],
    "mean and variance": ["plane", "--regression", "--loss", "gaussian_nll"],
    "one feature": ["curve"],
    "no hidden layer": ["iris", "--hidden"],
    "no training": ["moons", "--epochs", "0"],
    "many columns": ["breast_cancer"],
    "ten classes": ["digits"],
}


FEW = ["labels that are other numbers", "mean and variance"]


@pytest.mark.parametrize("name", few_of(RUNS, *FEW))
def test_the_page_of_a_run_has_the_numbers_of_its_model(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv("three.csv", 60, labels="312")
    args = [] if "--epochs" in RUNS[name] else ["--epochs", "3"]
    args += [] if "--hidden" in RUNS[name] else ["--hidden", "5"]
    assert main([*args, *RUNS[name], "--out", "o"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("open o/index.html in a browser\n")
    assert Path("o/index.html").stat().st_size <= MAX_BYTES
    settings = settings_in("o/index.html")
    found = run_page(ANSWERS, settings)
    assert found["stopped"] is None
    job = Job.of(nn.load("o/model.json"))
    points = [p for p in settings["data"]["points"] if p[-1]]
    predicted, true = job.predict([p[:-2] for p in points]), [p[-2] for p in points]
    assert found["classes"] == list(map(str, job.classes))
    assert found["names"] == job.features
    if job.classes:
        right = sum(a == t for a, t in zip(predicted, true, strict=True)) / len(true)
        assert found["test"]["accuracy"] == right
    else:
        mean = sum(true) / len(true)
        error = sum((a - t) ** 2 for a, t in zip(predicted, true, strict=True))
        r2 = 1 - error / sum((t - mean) ** 2 for t in true)
        assert found["test"]["r2"] == pytest.approx(r2, rel=1e-9)


def test_the_page_has_all_samples_as_the_run_splits_them_and_links_to_its_files() -> None:
    assert main(["iris", "--epochs", "1", "--hidden", "4", "--out", "o"]) == 0
    train, held_out = load("iris").split(0.25, seed=0)
    points = settings_in("o/index.html")["data"]["points"]
    assert [p[:-2] for p in points] == [*train.X, *held_out.X]
    assert [p[-2] for p in points] == [*train.y, *held_out.y]
    links = re.findall(r'<a href="([^"]*)"', Path("o/index.html").read_text("utf-8"))
    assert sorted([*links, "index.html"]) == sorted(p.name for p in Path("o").iterdir())


@pytest.mark.slow
def test_of_many_samples_a_random_part_is_taken_and_this_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path, rows, features in (("long.csv", 2_500, 2), ("wide.csv", 400, 40)):
        write_csv(path, rows, features)
        for out in ("o", "again"):
            assert main([path, "--epochs", "1", "--hidden", "4", "--out", out]) == 0
        said = capsys.readouterr().out
        points = settings_in("o/index.html")["data"]["points"]
        sentence = f"The playground has {len(points):,} of the {rows:,} samples, drawn with seed 0."
        assert sentence in said
        page = Path("o/index.html").read_text("utf-8")
        assert sentence in page
        assert 250 <= len(points) <= 2_000
        assert 0.2 < sum(p[-1] for p in points) / len(points) < 0.3
        assert Path("o/index.html").stat().st_size <= MAX_BYTES
        assert Path("again/index.html").read_text("utf-8") == page
        run_page(ANSWERS, settings_in("o/index.html"))


TOO_LARGE = {
    "units": (["moons", "--hidden", "64"], "a layer has 64 units: the page shows 32"),
    "layers": (["moons", "--hidden", *"222222222"], "hidden has 9 layers: the page shows 8"),
    "features": (["wide.csv"], "the data have 70 features: the page takes at most 64"),
    "classes": (["many.csv"], "y has 12 classes: the page takes at most 10"),
    "numbers": (
        ["huge.csv"],
        "sample 0 has 3e+12: the page takes numbers up to 1e+09, so use another unit",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TOO_LARGE)
def test_without_a_page_all_else_is_written_and_one_sentence_says_why(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv("wide.csv", 40, features=70)
    write_csv("many.csv", 60, labels="abcdefghijkl")
    Path("huge.csv").write_text("a,b,c\n" + "1,2e12,x\n2,3e12,y\n" * 5)
    args, reason = TOO_LARGE[name]
    Path("o").mkdir()
    Path("o/index.html").write_text("of an earlier run")
    hidden = [] if "--hidden" in args else ["--hidden", "3"]
    assert main([*args, *hidden, "--epochs", "1", "--out", "o"]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if "playground" in line]
    assert line == f"No playground is written: {reason}"
    assert Path("o/step.html").exists()
    assert not Path("o/index.html").exists()


def test_a_learning_rate_beyond_the_page_becomes_its_usual_one() -> None:
    args = ["--hidden", "2", "--activation", "linear", "--batch-size", "1", "--lr", "1e300"]
    assert main([*args, "--out", "o"]) == 1  # it diverges
    settings = settings_in("o/index.html")
    assert settings["training"]["lr"] == 0.01
    assert run_page(ANSWERS, settings)["count"] == 400


# --------------------------------------------------------------------------------- the page alone

ALONE = {
    "nothing": ([], "runs/moons/playground.html", 200, ["0", "1"]),
    "a drawn set": (["spiral", "--seed", "3"], "runs/spiral/playground.html", 200, ["0", "1"]),
    "a curve": (["curve", "--hidden", "8"], "runs/curve/playground.html", 200, []),
    "a plane": (["plane", "--loss", "mae"], "runs/plane/playground.html", 200, []),
    "moons as numbers": (["moons", "--regression"], "runs/moons/playground.html", 400, []),
    "iris": (["--hidden", "6", "iris"], "runs/iris/playground.html", 150, None),
    "a file": (["t.csv", "--target", "kind", "--out", "t.html"], "t.html", 60, ["a", "b"]),
    "a number": (["t.csv", "--target", "1", "--regression"], "runs/t/playground.html", 60, []),
    "adam": (
        ["--optimizer", "adam", "--batch-size", "9999"],
        "runs/moons/playground.html",
        200,
        ["0", "1"],
    ),
    "no hidden layer": (["xor", "--hidden"], "runs/xor/playground.html", 200, ["0", "1"]),
}


@pytest.mark.parametrize("name", few_of(ALONE, "nothing", "a curve", "iris", "a file", "a number"))
def test_the_page_alone(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    args, path, count, classes = ALONE[name]
    lines = [f"{i / 7},{i % 9},{'ab'[i % 2] if name != 'a number' else i}" for i in range(60)]
    Path("t.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    assert main(["playground", *args]) == 0
    assert capsys.readouterr().out == f"Written: {path}; open it in a browser\n"
    assert Path(path).stat().st_size <= MAX_BYTES
    found = run_page(ANSWERS, settings_in(path))
    assert (found["count"], found["stopped"]) == (count, None)
    assert classes is None or found["classes"] == classes


WRONG = {
    "data": (
        ["mons"],
        f"no data set or file 'mons' (did you mean moons?); choose {', '.join(BUILT_IN)} or "
        "a CSV file",
    ),
    "target": (
        ["t.csv", "--target", "nose"],
        "t.csv: no column 'nose'; there are 'f0', 'f1', 'kind'",
    ),
    "target of a set": (
        ["moons", "--target", "x"],
        "a target column is for CSV files, moons has its own (got 'x')",
    ),
    "loss": (["moons", "--loss", "mse"], "the loss mse does not fit y, which has 2 classes"),
    "optimizer": (
        ["--optimizer", "rmsprop"],
        "--optimizer 'rmsprop' is unknown; choose sgd, momentum, adam",
    ),
    "activation": (
        ["--activation", "rulu"],
        f"--activation 'rulu' is unknown; choose {', '.join(ACTIVATIONS)}",
    ),
    "units": (["--hidden", "64"], "a layer has 64 units: the page shows 32"),
    "lr": (["--lr", "1e9"], "lr is from 1e-09 to 10000 in the page, got 1e+09"),
    "epochs": (["--epochs", "3"], "unrecognized arguments: --epochs (--help lists the options)"),
    "folder": (
        ["--out", "no/p.html"],
        "no/p.html: cannot write the page: No such file or directory, make the folder first",
    ),
    "out is a folder": (
        ["--out", "."],
        f"{Path('.')!r} cannot be the path of a file: give a name, such as 'page.html'",
    ),
    "empty": (["--out", ""], "--out is empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_one_line_and_status_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv("t.csv", 20)
    args, expected = WRONG[name]
    assert main(["playground", *args]) == 2
    err = capsys.readouterr().err
    assert err == f"python -m nn: {expected}\n"
    assert not Path("runs").exists()


def test_help_of_the_page_names_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["playground", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for word in ("breast_cancer", "CSV", "2,000", "--out", "--hidden", "momentum", "leaky_relu"):
        assert word in text


def test_a_process_of_its_own_writes_it_without_other_packages(tmp_path: Path) -> None:
    code = "import sys; sys.modules |= dict.fromkeys(['numpy', 'matplotlib', 'sklearn', 'tqdm']); "
    code += "from nn.app.command_line import main; sys.exit(main(['playground', 'spiral']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(tmp_path, "runs/spiral/playground.html").exists()
