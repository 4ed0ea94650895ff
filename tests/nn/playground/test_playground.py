"""`nn.Playground`: which page its arguments give, and one sentence for those that do not fit."""

import json
import math
import re

import pytest

import nn
from nn import MLP, Playground, datasets, fit
from nn.datasets import Scaling
from nn.layers import ACTIVATIONS
from nn.losses import LOSSES

from .page import run_page

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def settings_in(page, path):
    """The settings that a saved page holds."""
    page.save(path)
    text = path.read_text("utf-8")
    (data,) = re.findall(r"<script[^>]*application/json[^>]*>(.*?)</script>", text, re.S)
    return json.loads(data)["settings"]


CASES = {
    "nothing": (lambda: Playground(), 200, ["0", "1"]),
    "two classes": (lambda: Playground(X, [0, 1, 1, 0]), 4, ["0", "1"]),
    "names": (lambda: Playground(X, ["no", "yes", "yes", "no"]), 4, ["no", "yes"]),
    "booleans": (lambda: Playground(X, [True, False, False, True]), 4, ["0", "1"]),
    "three classes": (lambda: Playground(X, [5, 1, 3, 5]), 4, ["1", "3", "5"]),
    "numbers": (lambda: Playground(X, [0.5, 1.5, 1, 0]), 4, []),
    "whole numbers, as numbers": (lambda: Playground(X, [0, 1, 1, 0], loss="mse"), 4, []),
    "a batch of more than all": (
        lambda: Playground(X, [0, 1, 1, 0], batch_size=9999),
        4,
        ["0", "1"],
    ),
    "long names": (lambda: Playground(X, ["🎉" * 90, "b", "b", "b"]), 4, ["b", "🎉" * 80]),
    "a column": (lambda: Playground(X, [[0], [1], [1], [0]]), 4, ["0", "1"]),
    "one feature": (lambda: Playground([[1], [2], [4]], [1.5, 2.5, 9], hidden=[3]), 3, []),
    "no hidden layer": (lambda: Playground(X, [0, 1, 1, 0], hidden=()), 4, ["0", "1"]),
    "four features": (
        lambda: Playground([[1, 2, 3, 4], [5, 6, 7, 8]], ["a", "b"], optimizer="adam"),
        2,
        ["a", "b"],
    ),
}


def test_the_page_runs_with_the_settings_of_each_case(tmp_path):
    pages = [make() for make, *_ in CASES.values()]
    settings = [settings_in(page, tmp_path / "page.html") for page in pages]
    assert settings == [page.settings for page in pages]
    found = run_page(
        """answer(given.map((settings) => {
             const run = new Run(settings);
             run.nextStep();
             return [run.points.length, run.settings.data.classes, run.stopped];
           }));""",
        settings,
    )
    wanted = {name: [points, classes, None] for name, (_, points, classes) in CASES.items()}
    assert dict(zip(CASES, found, strict=True)) == wanted


def test_a_trained_model_is_the_start(tmp_path):
    data = datasets.moons(60)
    rows = [[10 + 100 * x1, -5 + x2] for x1, x2 in data.X]
    model = MLP(2, [5, 3, 1], "relu", rng=2)
    scaling = Scaling.of(rows)
    model.metadata = {"scaling": [scaling.mean, scaling.scale], "features": ["a", "b"]}
    history = fit(model, rows, data.y, epochs=20, compiled=False)
    model.metadata = {**model.metadata, "classes": ["below", "above"]}
    page = Playground(rows, data.y, model=model)
    assert (
        repr(page)
        == "Playground of 60 points, 2 classes: 2 -> 5 -> 3 -> 1, relu, bce_with_logits, sgd"
    )
    settings = settings_in(page, tmp_path / "page.html")
    names, classes, accuracy, weights = run_page(
        """const run = new Run(given);
           const { names, classes } = run.settings.data;
           answer([names, classes, run.measures("train").accuracy, [...run.parameters]]);""",
        settings,
    )
    assert (names, classes) == (["a", "b"], ["below", "above"])
    assert weights == [p.data for p in model.parameters()]
    right = sum(
        a == ["below", "above"][t] for a, t in zip(model.predict(rows), data.y, strict=True)
    )
    assert accuracy == right / 60
    assert len(history.loss) == 20


def test_a_trained_regression_keeps_its_scaling_of_targets(tmp_path):
    data = datasets.plane(40)
    y = [100 + 30 * t for t in data.y]
    model = MLP(2, [4, 1], "tanh", rng=0)
    model.metadata = {"target_scaling": [[100.0], [30.0]]}
    fit(model, data.X, y, epochs=200, lr=0.1, compiled=False)
    settings = settings_in(Playground(data.X, y, model=model), tmp_path / "page.html")
    r2, outputs = run_page(
        """const run = new Run(given);
           answer([run.measures("train").r2, run.inspector.answers([0, 1]).outputs]);""",
        settings,
    )
    mean = sum(y) / len(y)
    squares = sum((a - t) ** 2 for a, t in zip(model.predict(data.X), y, strict=True))
    assert r2 == pytest.approx(1 - squares / sum((t - mean) ** 2 for t in y), rel=1e-9)
    assert [o[0] for o in outputs] == pytest.approx([model(x).data for x in data.X[:2]])


def model_of_eleven():
    model = MLP(2, [11])
    model.metadata = {"classes": [*"abcdefghijk"]}
    return model


LINEAR = MLP(2, [3, 1], ["tanh", "tanh"])
WRONG = {
    "X alone": (
        lambda: Playground(X),
        ValueError,
        "give X and y, or neither of them: the page starts with two moons then",
    ),
    "no samples": (
        lambda: Playground([], []),
        ValueError,
        "X has no samples: it must be a list of samples, each a list of numbers",
    ),
    "a number": (
        lambda: Playground(X, 3),
        ValueError,
        "y must be a list with one target for each sample, got 3",
    ),
    "too few targets": (
        lambda: Playground(X, [0, 1, 1]),
        ValueError,
        "X has 4 samples, but y has 3: it takes one target for each",
    ),
    "nan": (
        lambda: Playground([[0, float("nan")]] * 2, [0, 1]),
        ValueError,
        "feature 1 of sample 0 must be finite, got nan",
    ),
    "nan in y": (
        lambda: Playground(X, [0.5, float("nan"), 1, 0]),
        ValueError,
        "target 1 must be finite, got nan",
    ),
    "one class": (
        lambda: Playground(X, [1, 1, 1, 1]),
        ValueError,
        "y has one class only, 1: there is nothing to tell apart",
    ),
    "11 classes": (
        lambda: Playground([[i, 0] for i in range(11)], list("abcdefghijk")),
        ValueError,
        "y has 11 classes: the page takes at most 10",
    ),
    "several targets": (
        lambda: Playground(X, [[0, 1]] * 4),
        ValueError,
        "target 0 is [0, 1]: the page takes one class or number",
    ),
    "3,000 samples": (
        lambda: Playground([[i, i] for i in range(3000)], [0, 1] * 1500),
        ValueError,
        "X has 3,000 samples: the page trains on at most 2,000, give a part of them",
    ),
    "many numbers": (
        lambda: Playground([[i / 7] * 60 for i in range(500)], [0, 1] * 250),
        ValueError,
        "the points take 535,160 bytes of a page, at most 80,000 fit: give fewer samples or "
        "features",
    ),
    "70 features": (
        lambda: Playground([[0.0] * 70, [1.0] * 70], [0, 1]),
        ValueError,
        "X has 70 features: the page takes at most 64",
    ),
    "hidden": (
        lambda: Playground(hidden=4),
        TypeError,
        "hidden is a list of sizes, such as [4, 4], got 4",
    ),
    "hidden 0": (
        lambda: Playground(hidden=[0]),
        ValueError,
        "a size in hidden must be at least 1, got 0",
    ),
    "hidden 100": (
        lambda: Playground(hidden=[100]),
        ValueError,
        "a layer has 100 units: the page shows 32",
    ),
    "deep": (
        lambda: Playground(hidden=[2] * 9),
        ValueError,
        "hidden has 9 layers: the page shows 8",
    ),
    "activation": (
        lambda: Playground(activation="tahn"),
        ValueError,
        f"unknown activation 'tahn': it is {', '.join(ACTIVATIONS)}",
    ),
    "loss": (
        lambda: Playground(loss="mes"),
        ValueError,
        f"unknown loss 'mes': it is {', '.join(LOSSES)}",
    ),
    "nll": (
        lambda: Playground(loss="nll"),
        ValueError,
        "the page does not have the loss nll: it takes log-probabilities, which no layer of "
        "an MLP gives: take cross_entropy, which is the same loss, computed from logits",
    ),
    "loss of numbers": (
        lambda: Playground(loss="mse"),
        ValueError,
        "the loss mse does not fit y, which has 2 classes",
    ),
    "loss of two": (
        lambda: Playground(X, [0, 1, 2, 0], loss="bce"),
        ValueError,
        "the loss bce does not fit y, which has 3 classes",
    ),
    "optimizer": (
        lambda: Playground(optimizer="rmsprop"),
        ValueError,
        "unknown optimizer 'rmsprop': it is sgd, momentum, adam",
    ),
    "11 named classes": (
        lambda: Playground(X, [0, 1, 2, 0], model=model_of_eleven()),
        ValueError,
        "y has 11 classes: the page takes at most 10",
    ),
    "a huge number": (
        lambda: Playground([[0, 1], [2e9, 1]], [0, 1]),
        ValueError,
        "sample 1 has 2e+09: the page takes numbers up to 1e+09, so use another unit",
    ),
    "a huge lr": (
        lambda: Playground(lr=1e300),
        ValueError,
        "lr is from 1e-09 to 10000 in the page, got 1e+300",
    ),
    "a huge seed": (
        lambda: Playground(seed=2**60),
        ValueError,
        "seed is from 0 to 9,007,199,254,740,991 in the page, got 1152921504606846976",
    ),
    "lr": (lambda: Playground(lr=0), ValueError, "lr must be finite and above 0, got 0"),
    "batch": (lambda: Playground(batch_size=0), ValueError, "batch_size must be at least 1, got 0"),
    "seed": (lambda: Playground(seed=0.5), TypeError, "seed must be a whole number, got 0.5"),
    "model": (
        lambda: Playground(X, [0, 1, 1, 0], model=3),
        TypeError,
        "model must be an nn.MLP, got 3",
    ),
    "inputs": (
        lambda: Playground(model=MLP(3, [1])),
        ValueError,
        "the model takes 3 features, X has 2",
    ),
    "outputs": (
        lambda: Playground(model=MLP(2, [3])),
        ValueError,
        "the model has 3 outputs (linear): for y and this loss the page has 1 (linear)",
    ),
    "output's activation": (
        lambda: Playground(model=LINEAR),
        ValueError,
        "the model has 1 output (tanh): for y and this loss the page has 1 (linear)",
    ),
    "mixed": (
        lambda: Playground(model=MLP(2, [3, 3, 1], ["tanh", "relu"])),
        ValueError,
        "the hidden layers have different activations, tanh, relu",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_is_one_sentence(case):
    make, kind, expected = WRONG[case]
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == expected


def test_it_is_shown_like_the_stepper(tmp_path):
    page = Playground()
    bundle = page._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "image/svg+xml"}
    assert bundle["text/plain"] == repr(page)
    assert 'sandbox="allow-scripts"' in bundle["text/html"]
    assert bundle["image/svg+xml"].startswith("<svg ")
    page.save(tmp_path / "a.html")
    Playground().save(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert (tmp_path / "a.html").stat().st_size < 400_000
    with pytest.raises(OSError, match="make the folder first"):
        page.save(tmp_path / "no" / "a.html")


def test_the_still_picture_covers_the_plane_once_and_keeps_the_notebook_small():
    bundle = Playground()._repr_mimebundle_()
    lines = re.findall(r"M([\d.]+) ([\d.]+)h([1-9][\d.]*)", bundle["image/svg+xml"])
    covered = {}
    for left, middle, width in lines:
        covered.setdefault(float(middle), []).append((float(left), float(width)))
    assert len(covered) == 32
    for line in covered.values():
        ends = [0.0, *(left + width for left, width in line)]
        for (left, _), end in zip(sorted(line), sorted(ends), strict=False):
            assert left == end
        assert max(ends) == 320
    assert len(bundle["text/html"].encode()) < 400_000


def test_the_largest_page_is_small_enough(tmp_path):
    rows = [[i / 7, i / 3] for i in range(1500)]
    page = Playground(rows, [0, 1] * 750)
    page.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").stat().st_size < 400_000


def test_a_page_of_settings_has_links_to_other_files(tmp_path):
    settings = Playground(X, [0, 1, 1, 0]).settings
    page = Playground.of(settings, "run of <moons>", {"the loss": "loss.svg"})
    page.save(tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    assert '<a href="loss.svg">the loss</a>' in text
    assert "run of &lt;moons&gt;" in text
    assert "Playground" in nn.__all__


CLASSES = {"two": ["no", "yes"], "three": ["a", "b", "c"]}


@pytest.mark.parametrize("count", CLASSES)
def test_a_trained_model_with_a_scaling_has_the_chances_of_predict_proba(count, tmp_path):
    classes = CLASSES[count]
    data = datasets.gaussians(60, classes=len(classes))
    rows = [[1000 + 50 * x1, x2 / 30] for x1, x2 in data.X]
    scaling = Scaling.of(rows)
    model = MLP(2, [5, 1 if count == "two" else 3], "tanh", rng=1)
    loss = "bce_with_logits" if count == "two" else "cross_entropy"
    model.metadata = {
        "scaling": [scaling.mean, scaling.scale], "classes": classes, "loss": loss,
        "features": ["far", "near"],
    }  # fmt: skip
    fit(model, rows, data.y, loss=loss, epochs=30, lr=0.1, compiled=False)
    settings = settings_in(Playground(rows, data.y, model=model), tmp_path / "page.html")
    n = 5
    outputs, plane = run_page(
        f"""const run = new Run(given);
           const grid = {{ x: [900, 1100], y: [-0.1, 0.1], nx: {n}, ny: {n} }};
           const units = run.network.outputs.length;
           answer([run.inspector.answers(run.train).outputs,
                   run.responses(grid).slice(-units).map((each) => [...each])]);""",
        settings,
    )
    centers = [
        [900 + (i + 0.5) / n * 200, -0.1 + (j + 0.5) / n * 0.2] for j in range(n) for i in range(n)
    ]
    for found, at in ((outputs, rows), (list(zip(*plane, strict=True)), centers)):
        expected = model.predict_proba(at)
        for z, chances in zip(found, expected, strict=True):
            assert chances_of(list(z)) == pytest.approx(list(chances), rel=1e-12)
    assert settings["data"]["classes"] == classes


def chances_of(z):
    """Return the probabilities of the classes by the definitions of sigmoid and softmax."""
    if len(z) == 1:
        z = [0.0, *z]
    sizes = [math.exp(x - max(z)) for x in z]
    return [size / sum(sizes) for size in sizes]
