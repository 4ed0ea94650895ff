"""The code that the page gives reproduces its run, and the model's file is one of the library."""

import contextlib
import io
import json

import pytest

from nn import load
from nn.prediction import outputs

from .page import run_page

OWN = [[0.5, -1.0, 0, 0], [2.5, 0.25, 1, 0], [-1.0, 3.0, 1, 0], [1.5, 1.0, 0, 1], [0.0, 0.5, 1, 0]]
RUNS = {
    "the default": ({}, 7),
    "no step": ({}, 0),
    "small batches, whole epochs": ({"training": {"batch_size": 50, "l2": 0.01}}, 6),
    "small batches, part of an epoch": ({"training": {"batch_size": 64, "l2": 0.01}}, 5),
    "momentum": ({"training": {"optimizer": "momentum", "momentum": 0.7}}, 5),
    "adam": ({"training": {"optimizer": "adam", "betas": [0.8, 0.9], "batch_size": 99}}, 5),
    "no split": ({"data": {"kind": "spiral", "test_share": 0, "noise": 0}}, 3),
    "three classes": (
        {
            "data": {"kind": "gaussians", "classes": ["a", "b", "ü"], "samples": 30},
            "training": {"loss": "cross_entropy"},
        },
        4,
    ),
    "hinge": ({"data": {"kind": "circles"}, "training": {"loss": "hinge"}}, 4),
    "sigmoid output": ({"training": {"loss": "bce"}, "network": {"hidden": [3]}}, 4),
    "regression": ({"data": {"kind": "plane"}, "training": {"loss": "mse"}}, 4),
    "curve": ({"data": {"kind": "curve"}, "training": {"loss": "laplace_nll", "lr": 0.01}}, 4),
    "own": ({"data": {"kind": "own", "points": OWN}, "network": {"hidden": []}}, 4),
    "own, scaled": (
        {
            "data": {"kind": "own", "points": OWN, "scaling": [[1.0, 0.5], [2.0, 3.0]]},
            "network": {"hidden": [2], "activation": "leaky_relu", "initializer": "he"},
        },
        4,
    ),
    "own, target scaled": (
        {
            "data": {"kind": "own", "points": OWN, "classes": [], "target_scaling": [[1.0], [2.0]]},
            "training": {"loss": "mae"},
        },
        4,
    ),
    "no zero_grad": ({"mistakes": {"no_zero_grad": True}, "training": {"batch_size": 50}}, 6),
    "large lr": ({"mistakes": {"large_lr": True}, "data": {"samples": 20}}, 3),
    "equal weights": ({"mistakes": {"equal_weights": True}}, 3),
    "no activation": ({"mistakes": {"no_activation": True}}, 3),
    "saturated": ({"mistakes": {"saturated": True}, "network": {"initializer": "xavier"}}, 3),
    "own activation of each": ({"network": {"activation": "gelu", "hidden": [3]}}, 3),
}


@pytest.fixture(scope="module")
def runs():
    """The code, the file, the loss and the weights of each of `RUNS`."""
    found = run_page(
        """answer(given.map(([settings, steps]) => {
          const run = new Run(settings);
          for (let i = 0; i < steps; i++) run.nextStep();
          const outputs = run.inspector.answers(run.train.slice(0, 3)).outputs;
          const X = run.train.slice(0, 3).map((i) => run.points[i].x);
          const weights = [...run.parameters];
          return [pythonCode(run), modelFile(run), run.lossOf(run.train), weights, X, outputs];
        }));""",
        list(RUNS.values()),
    )
    return dict(zip(RUNS, found, strict=True))


def executed(code):
    """Return the names that the code defines, and what it prints."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "copied.py", "exec"), names)
    return names, out.getvalue()


@pytest.mark.parametrize("name", RUNS)
def test_the_code_reproduces_the_run(runs, name):
    code, _, loss, weights, *_ = runs[name]
    names, printed = executed(code)
    assert float(printed) == pytest.approx(loss, rel=1e-9)
    found = [p.data for p in names["model"].parameters()]
    assert found == pytest.approx(weights, rel=1e-9, abs=1e-12)
    assert all(
        len(line) < 100 or line.startswith(("y = [", "weights", "model.metadata"))
        for line in code.splitlines()
    )


@pytest.mark.parametrize("name", RUNS)
def test_the_file_is_a_model_of_the_library(runs, name, tmp_path):
    code, text, _, weights, X, expected = runs[name]
    path = tmp_path / "model.json"
    path.write_text(text, "utf-8")
    model = load(path)
    assert [p.data for p in model.parameters()] == weights
    for output, other in zip(outputs(model, X), expected, strict=True):
        assert output == pytest.approx(other, rel=1e-9, abs=1e-12)
    answers = model.predict(X)
    assert len(answers) == len(X)
    names, _ = executed(code)
    assert json.loads(json.dumps(dict(names["model"].metadata))) == dict(model.metadata)
    model.save(tmp_path / "again.json")
    assert load(tmp_path / "again.json").state_dict() == model.state_dict()


def test_the_file_names_classes_and_features(runs, tmp_path):
    (tmp_path / "model.json").write_text(runs["three classes"][1], "utf-8")
    model = load(tmp_path / "model.json")
    assert set(model.predict([[1, 1], [-1, 0.5], [0.3, -1]])) <= {"a", "b", "ü"}
    assert model.meaning.features == ["x1", "x2"]


def test_an_edited_run_is_reproduced_from_the_edit_on():
    code, loss = run_page(
        """const run = new Run({ training: { optimizer: "adam", batch_size: 32 } });
           for (let i = 0; i < 7; i++) run.nextStep();
           run.setWeight(3, -0.5);
           run.setPoints(run.points.slice(0, 60));
           for (let i = 0; i < 5; i++) run.nextStep();
           answer([pythonCode(run), run.lossOf(run.train)]);"""
    )
    assert float(executed(code)[1]) == pytest.approx(loss, rel=1e-9)
    assert "X = [" in code


def test_code_says_that_it_does_not_overwrite_gradients():
    code = run_page(
        """const run = new Run({ mistakes: { overwrite: true }, data: { samples: 8 } });
           run.nextStep();
           answer(pythonCode(run));"""
    )
    assert "# the page wrote = for +=" in code
    executed(code)


def test_names_in_the_code_cannot_end_its_texts():
    hostile = 'a"]}\n__import__("os")\\ ‮ é \U0001f600'
    settings = {
        "data": {"kind": "own", "points": OWN, "names": [hostile, "b"], "classes": [hostile, "x"]}
    }
    code, text = run_page(
        "const run = new Run(given); answer([pythonCode(run), modelFile(run)]);", settings
    )
    names, _ = executed(code)
    assert names["model"].metadata["features"][0] == hostile
    assert json.loads(text)["metadata"]["classes"] == [hostile, "x"]
