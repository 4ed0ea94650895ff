"""The page of a run, and of a data set: its settings, its title, the part of many samples."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.app import playground_page, run_folder
from nn.app.job import Job, new_job
from nn.app.playground_page import LINKS, links_to, playground_of_run, write_page_of_data
from nn.datasets import Dataset, Scaling, load, xor
from nn.playground.page_data import MAX_BYTES
from nn.playground.playground import Playground
from nn.prediction import Meaning


def table(rows: int, width: int = 2, digits: int = 3) -> Dataset:
    X = [[round(i / 7 + k, digits) for k in range(width)] for i in range(rows)]
    names = [f"f{k}" for k in range(width)]
    return Dataset("d", names, X, [i % 2 for i in range(rows)], ["no", "yes"])


def parts_of(train: int, held_out: int, width: int = 2, seed: int = 0) -> tuple[Dataset, Dataset]:
    return playground_page._parts_that_fit(table(train, width), table(held_out, width), seed)


def test_up_to_2000_samples_are_all_in_the_page_and_of_more_an_equal_share() -> None:
    assert parts_of(1_500, 500) == (table(1_500), table(500))
    train, held_out = parts_of(1_875, 625)
    assert (len(train), len(held_out)) == (1_500, 500)
    assert sorted(train.X) == train.X  # in the order of the data
    assert train.X != table(1_500).X  # drawn at random
    assert parts_of(1_875, 625) == (train, held_out) != parts_of(1_875, 625, seed=1)
    assert [len(part) for part in parts_of(5_000, 1)] == [1_999, 1]


def test_a_part_of_wide_samples_fills_the_bytes_of_a_page() -> None:
    train, held_out = parts_of(300, 100, width=40)
    points = [[*x, 0.5, 0] for part in (train, held_out) for x in part.X]
    assert 0.9 * MAX_BYTES < len(json.dumps(points)) <= MAX_BYTES
    assert len(train) == pytest.approx(3 * len(held_out), abs=3)
    one, other = parts_of(2, 2, width=30_000)
    assert (len(one), len(other)) == (1, 1)  # less is not possible


def points_of(train: Dataset, held_out: Dataset, meaning: Meaning, seed: int = 0) -> Any:
    return playground_page._points(train, held_out, meaning, seed)


def test_a_part_of_the_samples_is_told() -> None:
    meaning = Meaning(None, ["a", "b"], None, None, ["no", "yes"], "answer")
    data, note = points_of(table(3), table(1), meaning)
    assert note == ""
    assert [point[-2:] for point in data["points"]] == [[0.0, 0], [1.0, 0], [0.0, 0], [0.0, 1]]
    assert (data["names"], data["classes"], data["target"]) == (
        ["a", "b"],
        ["no", "yes"],
        "answer",
    )
    data, note = points_of(table(2_250), table(750), meaning, seed=7)
    assert note == "The playground has 2,000 of the 3,000 samples, drawn with seed 7."
    assert len(data["points"]) == 2_000
    numbers = Dataset("d", ["a"], [[1.0], [2.0]], [3.0, 4.0], [])
    data, _ = points_of(numbers, numbers, Meaning(None, ["a"]))
    assert (data["classes"], data["target"]) == ([], "y")
    of_classes = Meaning(None, classes=["no", "yes"])
    assert points_of(table(4, width=64), table(1, width=64), of_classes)[1] == ""
    with pytest.raises(ValueError, match="features") as caught:
        points_of(table(4, width=65), table(1, width=65), meaning)
    assert str(caught.value) == "the data have 65 features: the page takes at most 64"


def run_options(**given: Any) -> Namespace:
    known = {"target": None, "regression": False, "seed": None, "hidden": [], "activation": None}
    known |= {"loss": None, "optimizer": "adam", "lr": None, "batch_size": 32, "data": "xor"}
    return Namespace(**known | given)


@pytest.mark.parametrize(
    ("given", "lr", "training"),
    [
        ({}, 0.01, {"optimizer": "adam", "lr": 0.01, "batch_size": 32}),
        ({"batch_size": 9999}, 0.5, {"optimizer": "adam", "lr": 0.5, "batch_size": 300}),
        ({"optimizer": "rmsprop"}, 0.5, {"optimizer": "adam", "lr": 0.5, "batch_size": 32}),
        ({"optimizer": "sgd"}, 1e4, {"optimizer": "sgd", "lr": 1e4, "batch_size": 32}),
        ({"optimizer": "sgd"}, 1.1e4, {"optimizer": "sgd", "lr": 0.1, "batch_size": 32}),
        ({"optimizer": "sgd"}, 1e-9, {"optimizer": "sgd", "lr": 1e-9, "batch_size": 32}),
        ({"optimizer": "sgd"}, 0.9e-9, {"optimizer": "sgd", "lr": 0.1, "batch_size": 32}),
    ],
)
def test_a_page_goes_on_from_the_run(given: Any, lr: float, training: Any) -> None:
    job = new_job(run_options(seed=3))
    job.model.metadata = job.metadata()
    train, held_out = xor(400, seed=3).split(0.25, 3)
    page = playground_of_run(job, train, held_out, run_options(**given), lr)
    assert page.settings["training"] == {"loss": "bce_with_logits", "seed": 3, **training}
    assert page.settings["network"]["weights"] == [p.data for p in job.model.parameters()]
    assert page.settings["data"]["scaling"] == [job.scaling.mean, job.scaling.scale]
    assert [point[-1] for point in page.settings["data"]["points"]] == [0] * 300 + [1] * 100
    assert (page.title, page.note, page.links) == ("Playground: xor", "", {})


def test_links_are_to_the_files_that_were_written_in_their_order() -> None:
    assert links_to(["model.json", "loss.svg", "other"]) == {
        "loss and accuracy while training": "loss.svg",
        "the model": "model.json",
    }
    assert list(links_to(reversed(LINKS)).values()) == list(LINKS)
    assert links_to([]) == {}


def page_options(**given: Any) -> Namespace:
    known = {"data": "moons", "target": None, "regression": False, "hidden": [4], "loss": None}
    known |= {"activation": "tanh", "optimizer": "sgd", "lr": None, "batch_size": None, "seed": 5}
    return Namespace(**known | {"out": None} | given)


def written(monkeypatch: pytest.MonkeyPatch, **given: Any) -> tuple[Any, Path, list[str]]:
    """Return the page that is written, its path, and what is said."""
    saved: list[Any] = []
    monkeypatch.setattr(Playground, "save", lambda page, path: saved.append((page, path)))
    said: list[str] = []
    assert write_page_of_data(page_options(**given), said.append) == 0  # type: ignore[arg-type]  # called alike
    ((page, path),) = saved
    return page, path, said


def test_a_page_of_a_drawn_set_lets_the_page_draw_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page, path, said = written(monkeypatch, data="spiral")
    assert page.settings == {
        "data": {"kind": "spiral", "seed": 5},
        "network": {"hidden": [4], "activation": "tanh", "seed": 5},
        "training": {
            "loss": "bce_with_logits", "optimizer": "sgd", "lr": 0.1, "batch_size": None, "seed": 5,
        },
    }  # fmt: skip
    assert (page.title, page.note) == ("Playground: spiral", "")
    assert path == Path("runs", "spiral", "playground.html")
    assert said == [f"Written: {path}; open it in a browser"]
    assert path.parent.is_dir()
    page, path, _ = written(monkeypatch, data="curve", out="no/a.html")
    assert (page.settings["training"]["loss"], path) == ("mse", Path("no/a.html"))
    assert not Path("no").exists()  # a folder that was named is not made


def test_a_page_of_a_file_has_its_samples_standardized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(
        "a,b,kind\n" + "".join(f"{i},{i * i},{'xy'[i % 2]}\n" for i in range(8))
    )
    page, path, _ = written(monkeypatch, data="t.csv")
    train, _ = load("t.csv").split(0.25, 5)
    scaling = Scaling.of(train.X)
    data = page.settings["data"]
    assert data["scaling"] == [scaling.mean, scaling.scale]
    assert (data["target_scaling"], data["classes"], data["target"]) == (None, ["x", "y"], "kind")
    assert (page.title, path) == ("Playground: t", Path("runs", "t", "playground.html"))
    page, _, said = written(monkeypatch, data="xor", regression=True)
    assert page.settings["data"]["kind"] == "own"
    assert page.settings["data"]["target_scaling"] is not None
    many = "a,b,c\n" + "".join(f"{i},{i % 7},{i / 2}\n" for i in range(2_400))
    Path("many.csv").write_text(many)
    page, _, said = written(monkeypatch, data="many.csv", target="c", regression=True)
    assert (
        page.note
        == said[0]
        == ("The playground has 2,000 of the 2,400 samples, drawn with seed 5.")
    )
    assert nn.mse.name == page.settings["training"]["loss"]


def job_of(model: nn.MLP, features: list[str]) -> Job:
    width = len(features)
    scaling = Scaling([1.0] * width, [2.0] * width)
    return Job(model, None, "d", features, [0, 1], "t", "bce_with_logits", 0, scaling)


def one_sample(*x: float) -> Dataset:
    return Dataset("d", ["a"] * len(x), [list(x)], [0], [0, 1])


def test_the_neuron_of_a_run_is_in_the_layer_of_fewest_inputs() -> None:
    model = nn.MLP(3, [2, 1], "tanh", rng=0)
    output, title = run_folder._one_neuron(
        job_of(model, ["a", "b", "c"]), one_sample(3.0, 1.0, -1.0)
    )
    assert title == "Layer 2, neuron 1, on a held-out sample"
    assert output.label == "a"
    labels = [p.label for p in output.parents]
    assert labels == ["w.0", "w.1", "h1", "h2", "b"]
    hidden = model.layers[0]([1.0, 0.0, -1.0])
    assert [p.data for p in output.parents[2:4]] == [h.data for h in hidden]
    assert output.data == model([1.0, 0.0, -1.0]).data
    assert output.parents[0].grad == hidden[0].data  # after backward
    assert {p.grad for p in model.parameters()} == {0.0}  # of a copy


def test_a_neuron_that_is_off_is_passed_over() -> None:
    model = nn.MLP(1, [3, 1], "relu", rng=0)
    model.layers[0].set([[1.0], [-1.0], [1.0]], [-9.0, 0.0, 0.0])
    job = job_of(model, ["a"])
    output, title = run_folder._one_neuron(job, one_sample(-3.0))  # standardized: -2
    assert title == "Layer 1, neuron 2, on a held-out sample (standardized inputs)"
    assert [p.label for p in output.parents] == ["z"]
    assert [p.label for p in output.parents[0].parents] == ["w.0", "a", "b"]
    assert (output.data, output.parents[0].label) == (2.0, "z")
    both = Dataset("d", ["a"], [[1.0], [5.0]], [0, 1], [0, 1])  # standardized: 0, 2
    model.layers[0].set([[1.0], [1.0], [1.0]], [0.0, 0.0, 0.0])
    output, title = run_folder._one_neuron(job, both)
    assert (output.data, title.split(",")[1]) == (2.0, " neuron 1")


def test_a_neuron_of_five_inputs_is_drawn_whole_and_of_six_the_largest_terms() -> None:
    for width, rest in ((5, ""), (6, "; its 1 smallest terms are in b")):
        model = nn.MLP(width, [1], rng=0)
        model.layers[0].set([[float(i + 1) for i in range(width)]], [0.5])
        names = [f"f{i}" for i in range(width)]
        output, title = run_folder._one_neuron(job_of(model, names), one_sample(*[3.0] * width))
        assert title == f"Layer 1, neuron 1, on a held-out sample (standardized inputs){rest}"
        assert [p.label for p in output.parents[5:10]] == names[-5:]
        assert output.parents[-1].label == ("b + 1 terms" if rest else "b")
        assert output.parents[-1].data == (1.5 if rest else 0.5)
        assert output.data == sum(range(width + 1)) + 0.5


@pytest.mark.parametrize(
    ("features", "classes", "title"),
    [
        (["a", "b"], [0, 1], "Decision boundary"),
        (["a", "b"], [], "Predicted price"),
        (["a", "b", "c"], [0, 1], "Confusion matrix"),
        (["a", "b", "c"], [], "Predicted and true price"),
    ],
)
def test_the_answers_of_a_run_are_drawn_into_the_picture_that_is_written(
    features: list[str], classes: list[Any], title: str
) -> None:
    for package in ("matplotlib", "sklearn"):
        pytest.importorskip(package)
    from matplotlib import pyplot

    job = job_of(nn.MLP(len(features), [1], rng=0), features)
    job.classes, job.target = classes, "price"
    job.loss = "bce_with_logits" if classes else "mse"
    X = [[float(i + k) for k in range(len(features))] for i in range(4)]
    held_out = Dataset("d", features, X, [0, 1, 0, 1], classes, "price")
    ax = nn.plot.new_figure().subplots()
    run_folder._draw_answers(job, held_out, job.predict(X), ax)
    assert ax.get_title() == title
    if len(features) == 2:
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
    assert ax.collections or ax.images
    assert not pyplot.get_fignums()
