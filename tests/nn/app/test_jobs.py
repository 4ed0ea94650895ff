"""Jobs: the network of given options, which losses fit, how many samples need compiled code."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

import nn
from nn.app import command_line, job
from nn.app.job import Job, loaded_job, new_job
from nn.app.options import UsageError, fitting_losses, parse
from nn.datasets import Rows, Scaling, xor
from nn.playground.playground import Playground
from nn.training.history import History


def options(**given: Any) -> Namespace:
    known = dict.fromkeys(("target", "seed", "hidden", "activation", "loss", "epochs"))
    return Namespace(**known | {"data": "xor", "regression": False} | given)


def test_a_new_network_has_at_most_300000_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(job, "MLP", lambda *sizes, **_: made.append(sizes))
    new_job(options(hidden=[3, 59_998]))
    assert made == [(2, [3, 59_998, 1], "relu")]
    with pytest.raises(UsageError, match="these layers have 300,005 parameters; more than 300,000"):
        new_job(options(hidden=[3, 59_999]))
    assert len(made) == 1


def test_a_new_job_has_the_usual_network_and_what_its_data_need() -> None:
    usual = new_job(options())
    assert [layer.shape for layer in usual.model.layers] == [(2, 16), (16, 16), (16, 1)]
    assert [layer.activation for layer in usual.model.layers] == ["relu", "relu", "linear"]
    assert usual.model.state_dict() == nn.MLP(2, [16, 16, 1], init="he", rng=0).state_dict()
    assert (usual.name, usual.loss, usual.seed, usual.target) == (
        "xor",
        "bce_with_logits",
        0,
        "class",
    )
    train, _ = xor(400).split(0.25, 0)
    assert usual.scaling == Scaling.of(train.X)
    assert usual.target_scaling is None
    numbers = new_job(options(data="plane", hidden=[2], activation="tanh", seed=3))
    assert [layer.activation for layer in numbers.model.layers] == ["tanh", "linear"]
    assert (numbers.loss, numbers.seed, numbers.classes) == ("mse", 3, [])
    train, _ = nn.datasets.plane(400, seed=3).split(0.25, 3)
    assert numbers.target_scaling == Scaling.of([t] for t in train.y)
    two = new_job(options(data="plane", hidden=[], loss="gaussian_nll"))
    assert [layer.shape for layer in two.model.layers] == [(2, 2)]


@pytest.mark.parametrize(
    ("classes", "losses"),
    [
        (0, ["mse", "mae", "gaussian_nll", "laplace_nll"]),
        (2, ["bce_with_logits", "cross_entropy", "hinge"]),
        (3, ["cross_entropy", "hinge"]),
    ],
)
def test_losses_that_fit_are_of_linear_outputs(classes: int, losses: list[str]) -> None:
    assert fitting_losses(classes) == losses


@pytest.mark.parametrize(("samples", "calls"), [(1_999, 0), (2_000, 31)])
def test_from_2000_samples_on_batches_of_64_are_predicted_by_compiled_code(
    samples: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []

    def compiled(f: Any) -> Any:
        def of_batch(xs: list[float]) -> Any:
            batches.append(len(xs))
            return f(xs)

        return of_batch

    monkeypatch.setattr(job, "compile", compiled)
    made = Job(
        nn.MLP(2, [1], rng=0), None, "d", ["a", "b"], [0, 1], "t", "bce_with_logits", 0,
        Scaling([1.0, 2.0], [2.0, 4.0]),
    )  # fmt: skip
    rng = Random(0)
    X = [[rng.gauss(1, 2), rng.gauss(2, 4)] for _ in range(samples)]
    found = made.predict(X)
    assert batches == [128] * calls
    assert len(found) == samples
    assert found[:200:7] == [made.answer(x) for x in X[:200:7]]
    assert found[-1] == made.answer(X[-1])


def test_a_job_is_kept_in_the_metadata_of_its_model() -> None:
    made = new_job(options(data="plane", hidden=[], seed=5))
    assert made.metadata() == {
        "name": "plane",
        "features": ["x1", "x2"],
        "classes": [],
        "target": "y",
        "loss": "mse",
        "seed": 5,
        "scaling": [made.scaling.mean, made.scaling.scale],
        "target_scaling": [made.target_scaling.mean, made.target_scaling.scale],
    }
    made.model.metadata = made.metadata()
    again = Job.of(made.model)
    assert again.metadata() == made.metadata()
    assert again.data is None
    x = [0.3, -0.5]
    inputs = made.scaling.apply([x])[0]
    mean, scale = made.target_scaling.mean[0], made.target_scaling.scale[0]
    assert again.answer(x) == float(made.model(inputs)) * scale + mean
    assert again.score(x).data == made.model(inputs).data


def test_a_loaded_job_says_what_does_not_go_with_it(tmp_path: Path) -> None:
    made = new_job(options(hidden=[]))
    made.model.metadata = made.metadata()
    path = str(tmp_path / "m.json")
    made.model.save(path)
    with pytest.raises(UsageError, match="--regression") as caught:
        loaded_job(options(regression=True), path)
    assert str(caught.value) == f"{path}: --regression, but the model was trained for classes"
    (tmp_path / "new.csv").write_text("x1,x2\n1,2\n")
    data = str(tmp_path / "new.csv")
    with pytest.raises(UsageError, match="to train with") as caught:
        loaded_job(options(data=data, epochs=3), path)
    assert str(caught.value) == (
        f"{data}: no column 'class' to train with; without --epochs it is predicted"
    )
    assert loaded_job(options(data=data), path).data is None
    other = loaded_job(options(seed=4, loss="hinge"), path)
    assert (other.seed, other.loss, len(other.data or ())) == (4, "hinge", 400)
    assert loaded_job(options(), path).seed == 0
    (tmp_path / "bare.csv").write_text("1,2\n3,4\n5,6\n7,8\n")
    assert loaded_job(options(data=str(tmp_path / "bare.csv")), path).data is None


def test_without_a_header_a_column_more_than_the_features_is_the_target(tmp_path: Path) -> None:
    made = new_job(options(hidden=[]))
    made.model.metadata = made.metadata()
    made.model.save(tmp_path / "m.json")
    (tmp_path / "bare.csv").write_text("1,2,0\n3,4,1\n5,6,1\n7,8,0\n")
    data = loaded_job(options(data=str(tmp_path / "bare.csv")), str(tmp_path / "m.json")).data
    assert data is not None
    assert (data.X.tolist(), data.y) == ([[1, 2], [3, 4], [5, 6], [7, 8]], [0, 1, 1, 0])


def test_options_have_their_defaults() -> None:
    train = vars(parse([]))
    assert train == {
        "data": "moons", "target": None, "regression": False, "hidden": None, "activation": None,
        "loss": None, "optimizer": "adam", "epochs": None, "batch_size": 32, "lr": None,
        "schedule": None, "seed": None, "out": None, "load": None, "command": "train",
    }  # fmt: skip
    page = vars(parse(["playground"]))
    assert page == {
        "data": "moons", "target": None, "regression": False, "hidden": [4, 4],
        "activation": "tanh", "loss": None, "optimizer": "sgd", "lr": None, "batch_size": None,
        "seed": 0, "out": None, "command": "playground",
    }  # fmt: skip
    given = parse(["--hidden", "3", "7", "d.csv", "--lr", "1e-3", "--seed", "0", "--epochs", "0"])
    assert (given.hidden, given.data, given.lr, given.seed) == ([3, 7], "d.csv", 0.001, 0)
    assert parse(["--hidden", "--seed", str(2**32 - 1)]).hidden == []
    assert parse(["d.csv", "--hidden", "3"]).hidden == [3]
    for words in (["--epoch", "3"], ["--hidden", "-3", "moons"], ["--batch-size", "-1"]):
        with pytest.raises(UsageError):
            parse(words)


def test_features_that_are_the_same_are_named_three_at_most() -> None:
    for count, text in {
        0: "",
        1: "'f0'",
        3: "'f0', 'f1', 'f2'",
        4: "'f0', 'f1', 'f2' and 1 more",
        5: "'f0', 'f1', 'f2' and 2 more",
    }.items():
        rows = Rows([[*[7.0] * count, float(i)] for i in range(3)], count + 1)
        data = SimpleNamespace(X=rows, features=[f"f{i}" for i in range(count + 1)])
        assert command_line._constant_features(data) == text  # type: ignore[arg-type]  # like one


def test_the_rate_of_a_run_is_given_or_the_usual_one_of_its_optimizer() -> None:
    for optimizer, rate in (("sgd", 0.1), ("adam", 0.01), ("rmsprop", 0.01)):
        assert command_line._learning_rate(Namespace(lr=None, optimizer=optimizer)) == rate
        assert command_line._learning_rate(Namespace(lr=0.5, optimizer=optimizer)) == 0.5


@pytest.mark.parametrize(
    ("optimizer", "lr", "advised"),
    [("adam", 1.0, "0.01"), ("sgd", 10.0, "0.1"), ("sgd", 0.5, "0.05"), ("adam", 0.01, "0.001")],
)
def test_after_divergence_a_smaller_rate_is_advised(
    optimizer: str, lr: float, advised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    diverged = History("mse", loss=[1.0], stopped="diverged at step 3: the loss is inf")
    monkeypatch.setattr(command_line, "fit", lambda *_, **__: diverged)
    made = new_job(options(hidden=[]))
    given = Namespace(lr=lr, optimizer=optimizer, batch_size=500, epochs=2, schedule=None)
    found = command_line._fit(made, xor(6), given, lambda text: said.append(str(text)))  # type: ignore[arg-type]  # called alike
    assert found is diverged
    assert said == [
        f"Training: bce_with_logits, {optimizer}, learning rate {lr:g}, batches of 6",
        diverged.summary(),
        f"The last finite weights are kept; try a smaller learning rate: --lr {advised}",
    ]


def test_a_page_in_a_notebook_is_1000_pixels_high() -> None:
    html = Playground()._repr_html_()
    assert 'height="1000"' in html or "height: 1000px" in html
    assert "see this network learn" in html
