"""Answers of a model: labels, probabilities and numbers, as its metadata say what they mean."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Value
from nn.app.command_line import main
from nn.datasets import Scaling
from nn.losses import LOSSES
from nn.prediction import Meaning, outputs

from .training.data import XOR, blobs, small


def fixed(nin: int, weights: list[list[float]], **metadata: Any) -> nn.MLP:
    """A linear model with these weights, the bias last, for each output."""
    model = nn.MLP(nin, [len(weights)])
    for neuron, numbers in zip(model.layers[0].neurons, weights, strict=True):
        for p, x in zip(neuron.parameters(), numbers, strict=True):
            p.data = x
    model.metadata = metadata
    return model


def test_a_loaded_model_takes_raw_rows_and_gives_the_names_of_classes(tmp_path: Path) -> None:
    """Without the scaling every row would be on the same side."""
    X = [[1000.0, 0.01], [1001.0, 0.02], [1002.0, 0.03], [1003.0, 0.04]]
    scaling = Scaling.of(X)
    model = fixed(
        2, [[1.0, 1.0, 0.0]], loss="bce_with_logits", classes=["low", "high"],
        features=["width", "height"], scaling=[scaling.mean, scaling.scale], seed=7,
    )  # fmt: skip
    model.save(tmp_path / "m.json")
    loaded = nn.load(tmp_path / "m.json")
    assert loaded.metadata == model.metadata
    for this in (model, loaded):
        assert this.predict(X) == ["low", "low", "high", "high"]
        for (p0, p1), x in zip(this.predict_proba(X), scaling.apply(X), strict=True):
            assert p1 == pytest.approx(float(this(x).sigmoid()), rel=1e-15)
            assert p0 == 1.0 - p1
        assert outputs(this, X) == [[float(this(x))] for x in scaling.apply(X)]
    assert str(loaded).splitlines()[-2:] == [
        "inputs: width, height, standardized: predict() does it, model(x) does not",
        "outputs: class: low, high (loss bce_with_logits)",
    ]


def test_numbers_come_in_the_unit_of_the_target() -> None:
    scalings = {"scaling": [[10.0], [5.0]], "target_scaling": [[1000.0, -1.0], [100.0, 0.5]]}
    model = fixed(1, [[2.0, 1.0], [1.0, 0.0]], loss="mae", target="price", **scalings)
    assert model.predict([[20.0], [10.0]]) == [[1500.0, 0.0], [1100.0, -1.0]]
    assert str(model).splitlines()[-2:] == [
        "inputs: 1 feature, standardized: predict() does it, model(x) does not",
        "outputs: price (loss mae, standardized: predict() undoes it)",
    ]
    one = fixed(1, [[2.0, 1.0], [1.0, 0.0]], loss="laplace_nll", target_scaling=[[5.0], [2.0]])
    assert one.predict([[1.0]]) == [11.0]  # the second output is a log-scale
    bare = fixed(1, [[2.0, 1.0], [1.0, 0.0]], loss="mse")
    assert bare.predict([[1.0]]) == [[3.0, 1.0]]
    with pytest.raises(ValueError, match=r"^mse gives no probabilities; a model trained with bce,"):
        bare.predict_proba([[1.0]])


@pytest.mark.parametrize(
    ("loss", "row", "label", "probabilities"),
    [
        ("bce", [0.25], 0, [0.75, 0.25]),
        ("bce", [0.75], 1, [0.25, 0.75]),
        ("bce_with_logits", [0.25], 1, [0.4378234991142019, 0.5621765008857981]),
        ("bce_with_logits", [0.25, -0.25], [1, 0], [0.5621765008857981, 0.43782349911420193]),
        ("cross_entropy", [1000.0, 1000.0, -1000.0], 0, [0.5, 0.5, 0.0]),
        ("nll", [-1.0, -0.5], 1, [0.36787944117144233, 0.6065306597126334]),
        ("hinge", [-0.25], -1, None),
        ("hinge", [0.25], 1, None),
        ("hinge", [0.25, 0.5, 0.0], 1, None),
    ],
)
def test_each_loss_says_how_its_outputs_are_read(
    loss: str, row: list[float], label: Any, probabilities: list[float] | None
) -> None:
    n = len(row)
    model = fixed(n, [[float(i == j) for i in range(n)] + [0.0] for j in range(n)], loss=loss)
    assert model.predict([row]) == [label]
    if probabilities is None:
        with pytest.raises(ValueError, match="hinge gives no probabilities; a model trained with"):
            model.predict_proba([row])
    else:
        assert model.predict_proba([row]) == [pytest.approx(probabilities, rel=1e-14)]


@pytest.mark.parametrize("classes", [["no", "yes"], [3, 7], [0.5, 1.5], [True, False]])
def test_labels_of_every_kind_come_back_as_they_are(classes: list[Any], tmp_path: Path) -> None:
    model = fixed(1, [[1.0, 0.0]], loss="hinge", classes=classes)
    model.save(tmp_path / "m.json")
    answers = nn.load(tmp_path / "m.json").predict([[-1.0], [1.0]])
    assert answers == classes
    assert list(map(type, answers)) == list(map(type, classes))


def test_a_fitted_model_predicts_what_it_was_fitted_to() -> None:
    X, y = blobs()
    for loss, codes in [(None, (0, 1)), ("hinge", (-1, 1))]:
        model = small()
        targets = [codes[t] for t in y]
        history = nn.fit(model, X, targets, loss=loss, optimizer="adam", lr=0.1, epochs=30)
        answers = model.predict(X)
        assert set(answers) == set(codes)
        right = sum(a == t for a, t in zip(answers, targets, strict=True))
        assert right / len(y) >= history.accuracy[-1] - 0.05
        assert right > 0.8 * len(y)
        assert model.metadata == {"loss": history.loss_name}
    three = nn.MLP(2, [3], rng=0)
    nn.fit(three, XOR, [0, 1, 2, 0], epochs=1)
    assert set(three.predict(XOR)) <= {0, 1, 2}
    assert [len(ps) for ps in three.predict_proba(XOR)] == [3] * 4


def test_classes_that_do_not_fit_the_new_task_are_forgotten() -> None:
    model = nn.MLP(2, [3], rng=0)
    model.metadata = {"classes": ["a", "b"], "me": 1}
    nn.fit(model, XOR, [0, 1, 2, 0], epochs=1)
    assert model.metadata == {"me": 1, "loss": "cross_entropy"}
    model.metadata = {"classes": ["a", "b", "c"]}
    nn.fit(model, XOR, [[0.5, 1.0, 2.0]] * 4, loss="mse", epochs=1)
    assert "classes" not in model.metadata


def test_fit_takes_the_rows_that_predict_takes() -> None:
    """A model with a scaling is trained on raw rows as one without is on standardized ones."""
    X, y = blobs()
    raw = [[1e6 + 1e5 * a, 1e-6 * b] for a, b in X]
    scaling = Scaling.of(raw)
    plain, scaled = small(), small()
    scaled.metadata = {"scaling": [scaling.mean, scaling.scale], "classes": ["no", "yes"], "me": 1}
    kept = {"validation": 0.25, "rng": 0, "epochs": 5}
    assert nn.fit(scaled, raw, y, **kept) == nn.fit(plain, scaling.apply(raw), y, **kept)
    assert scaled.state_dict() == plain.state_dict()
    assert scaled.metadata["classes"] == ["no", "yes"]
    assert scaled.metadata["me"] == 1
    names = ["no", "yes"]
    assert scaled.predict(raw) == [names[k] for k in plain.predict(scaling.apply(raw))]
    held = (raw[:10], y[:10]), (scaling.apply(raw[:10]), y[:10])
    histories = [
        nn.fit(model, rows, y, validation=pair, epochs=2)
        for model, rows, pair in zip((scaled, plain), (raw, scaling.apply(raw)), held, strict=True)
    ]
    assert histories[0] == histories[1]


def test_a_regression_is_fitted_and_predicted_in_the_unit_of_its_target() -> None:
    X = [[float(i)] for i in range(20)]
    y = [1000.0 + 10 * i for i in range(20)]
    inputs, target = Scaling.of(X), Scaling.of([t] for t in y)
    model = nn.MLP(1, [1], rng=0)
    model.metadata = {
        "scaling": [inputs.mean, inputs.scale],
        "target_scaling": [target.mean, target.scale],
    }
    held = (X[:5], y[:5])
    history = nn.fit(model, X, y, lr=0.2, epochs=100, validation=held)
    assert history.loss_name == "mse"
    assert history.val_loss[-1] < 1e-6
    assert model.predict([[100.0]]) == [pytest.approx(2000.0, rel=1e-6)]
    both = nn.MLP(1, [2], rng=0)
    both.metadata = {
        "scaling": [inputs.mean, inputs.scale],
        "target_scaling": [[target.mean[0], 0.0], [target.scale[0], 100.0]],
    }
    nn.fit(both, X, [[t, -5 * x] for (x,), t in zip(X, y, strict=True)], lr=0.2, epochs=200)
    assert both.predict([[100.0]]) == [pytest.approx([2000.0, -500.0], rel=1e-3)]
    with pytest.raises(ValueError, match="target_scaling is of 1 number, y has 2"):
        nn.fit(model, X, [[t, t] for t in y], loss="mse")
    model.metadata = {**model.metadata, "loss": "mae"}
    assert nn.fit(model, X, y, epochs=1).loss_name == "mae"  # its own loss
    classes = [int(t > 1100) for t in y]
    nn.fit(model, X, classes, loss="bce_with_logits", epochs=1)
    assert "target_scaling" not in model.metadata
    assert set(model.predict(X)) <= {0, 1}


def test_fit_says_how_many_of_the_outputs_are_numbers() -> None:
    y = [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    both = nn.MLP(2, [2], rng=0)
    nn.fit(both, XOR, y, loss="gaussian_nll", epochs=1)  # two means of variance 1
    assert both.predict(XOR) == outputs(both, XOR)
    one = nn.MLP(2, [2], rng=0)
    nn.fit(one, XOR, [0.0, 1.0, 2.0, 3.5], loss="gaussian_nll", epochs=1)
    assert one.predict(XOR) == [o[0] for o in outputs(one, XOR)]
    assert one.metadata == {"loss": "gaussian_nll"}


def test_a_model_of_counts_answers_with_means(tmp_path: Path) -> None:
    y = [1.0, 2.0, 4.0, 8.0]  # exp(log(2) (x0 + 2 x1))
    model = nn.MLP(2, [1], rng=0)
    rows = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    nn.fit(model, rows, y, loss="poisson_nll", optimizer="adam", lr=0.1, epochs=300)
    assert model.predict(rows) == pytest.approx(y, rel=0.01)
    model.save(tmp_path / "m.json")
    assert nn.load(tmp_path / "m.json").predict(rows) == model.predict(rows)
    two = fixed(1, [[0.0, 1.0], [0.0, 2.0]], loss="poisson_nll", target_scaling=[[0, 5], [10, 1]])
    assert two.predict([[0.0]]) == [[10 * math.exp(1.0), math.exp(2.0) + 5]]
    with pytest.raises(ValueError, match=r"poisson_nll, sample 1: .* at least 0, got -3"):
        nn.fit(model, rows, [1, -3, 2, 1], loss="poisson_nll")
    with pytest.raises(ValueError, match="poisson_nll"):
        nn.Playground(rows, y, model=model)


def test_classes_that_no_longer_fit_are_forgotten() -> None:
    model = nn.MLP(2, [3], rng=0)
    model.metadata = {"loss": "cross_entropy", "classes": ["a", "b", "c"]}
    nn.fit(model, XOR, [0, 1, 2, 0], epochs=1)
    assert model.metadata["classes"] == ["a", "b", "c"]
    nn.fit(model, XOR, [[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 1]], loss="bce_with_logits")
    assert model.metadata == {"loss": "bce_with_logits"}
    assert all(set(labels) <= {0, 1} and len(labels) == 3 for labels in model.predict(XOR))
    model.metadata = {"classes": ["no", "yes"], "loss": "bce_with_logits"}
    assert all(set(labels) <= {"no", "yes"} for labels in model.predict(XOR))
    nn.fit(model, XOR, [[0.5, 1, 1]] * 4, loss="mse")
    assert model.metadata == {"loss": "mse"}


MISSING = r"does not say what its outputs mean: train it with nn.fit .* or name the loss, model.met"


def test_a_model_that_knows_nothing_says_what_is_missing() -> None:
    model = nn.MLP(2, [1], rng=0)
    assert str(model.meaning) == ""
    for ask in (model.predict, model.predict_proba):
        with pytest.raises(ValueError, match=MISSING):
            ask(XOR)
    nn.fit(model, XOR, [0, 1, 1, 0], epochs=1)
    assert model.metadata == {"loss": "bce_with_logits"}
    nn.fit(model, XOR, [0, 1, 1, 0], loss=lambda o, t: nn.mse(o, t), epochs=1)
    assert model.metadata == {}  # nobody knows how to read the outputs
    with pytest.raises(ValueError, match=MISSING):
        model.predict(XOR)


def test_a_model_of_one_s_own_predicts_too() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.slope, self.offset = Value(2.0), Value(0.5)

        def __call__(self, x: Any) -> Any:
            return self.slope * x[0] + self.offset

    line = Line()
    line.metadata = {"loss": "mse", "scaling": [[1.0], [2.0]]}
    assert line.predict([[5.0]]) == [4.5]
    nn.fit(line, [[5.0], [1.0]], [4.5, 0.5], epochs=1)
    assert line.metadata["loss"] == "mse"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0]], r"the model takes 1 feature \(width\), got 2 in sample 0"),
        ([[1.0], [1.0, 2.0]], "sample 1 has 2 features, sample 0 has 1"),
        (
            [1.0],
            r"sample 0 is 1\.0; a single sample goes into a list, \[\[x1, x2\]\]",
        ),
        ([], "X has no samples"),
    ],
)
def test_wrong_rows_are_one_sentence(rows: Any, message: str) -> None:
    model = fixed(1, [[1.0, 0.0]], loss="mse", features=["width"])
    scaled = fixed(1, [[1.0, 0.0]], loss="mse", features=["width"], scaling=[[0.0], [1.0]])
    for this in (model, scaled):
        with pytest.raises(ValueError, match=message):
            this.predict(rows)
    with pytest.raises(ValueError, match=r"Layer\(nin=1.* takes 1 input, got 2"):
        fixed(1, [[1.0, 0.0]], loss="mse").predict([[1.0, 2.0]])


def test_a_quotient_that_overflows_is_named_before_training() -> None:
    model = fixed(1, [[1.0, 0.0]], scaling=[[0.0], [1e-300]])
    with pytest.raises(ValueError, match="feature 0 of sample 0 must be finite, got inf"):
        nn.fit(model, [[1e300], [0.0]], [1.5, 0.0])


UNFIT = [
    ({"features": "ab"}, "'features' must be a list of names, got 'ab'"),
    ({"features": ["a", 3]}, "'features' must be a list of names, got "),
    ({"features": ["a"]}, "'features' are of 1 feature, but the model takes 2"),
    ({"scaling": [1, 2]}, r"'scaling' must be \[means, standard deviations\], two equally long"),
    ({"scaling": "ab"}, "'scaling' must be"),
    ({"scaling": [[0.0, 0.0]]}, "'scaling' must be"),
    ({"scaling": [[], []]}, "'scaling' must be"),
    ({"scaling": [[0.0, 0.0], [1.0]]}, "'scaling' must be"),
    ({"scaling": [[0.0, 0.0], [1.0, 0.0]]}, "'scaling' must be"),
    ({"scaling": [[0.0, 0.0], [1.0, True]]}, "'scaling' must be"),
    ({"scaling": [[0.0, 0.0], [1.0, "1"]]}, "'scaling' must be"),
    ({"scaling": [[0.0], [1.0]]}, "'scaling' are of 1 feature, but the model takes 2"),
    ({"loss": "huber"}, "'loss' must be one of mse, .*hinge, got 'huber'"),
    ({"loss": ["mse"]}, "'loss' must be one of mse"),
    ({"classes": "ab"}, "'classes' must be a list of different labels, two or more, got 'ab'"),
    ({"classes": ["a", "a", "b"]}, "'classes' must be a list of different labels"),
    ({"classes": ["a"]}, "'classes' must be a list of different labels"),
    ({"classes": [["a"], ["b"]]}, "'classes' must be a list of different labels"),
    ({"classes": 2}, "'classes' must be a list of different labels"),
    ({"classes": ["a", "b", "c", "d"]}, "'classes' are 4, but the model has 3 outputs"),
    ({"classes": ["a", "b"], "loss": "hinge"}, "'classes' are 2, but the model has 3 outputs"),
    ({"classes": ["a", "b", "c"], "loss": "bce"}, "'classes' are 3, but the model has 3 outputs"),
    ({"classes": ["a", "b", "c"], "loss": "mse"}, "'classes' do not fit the loss mse of numbers"),
    ({"target": 7}, "'target' must be a name, got 7"),
    ({"target_scaling": [1, 2]}, "'target_scaling' must be"),
    (
        {"target_scaling": [[0.0], [1.0]]},
        "'target_scaling' is of 1 number, but the model has 3 outputs",
    ),
    (
        {"target_scaling": [[0.0] * 3, [1.0] * 3], "loss": "hinge"},
        "'target_scaling' is for numbers, but the model has classes",
    ),
    (
        {"target_scaling": [[0.0] * 3, [1.0] * 3], "classes": ["a", "b", "c"]},
        "'target_scaling' is for numbers, but the model has classes",
    ),
]


@pytest.mark.parametrize(("metadata", "message"), UNFIT, ids=[str(m)[:60] for m, _ in UNFIT])
def test_metadata_that_do_not_fit_are_refused_by_save_load_and_fit(
    metadata: dict[str, Any], message: str, tmp_path: Path
) -> None:
    model = nn.MLP(2, [4, 3], rng=0)
    model.metadata = metadata
    text = nn.model_file.encode(nn.module.architecture(model), metadata, model.state_dict())
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ValueError, match=f"odd.json: metadata {message}"):
        nn.load(tmp_path / "odd.json")
    for use in (
        lambda: model.save(tmp_path / "m.json"),
        lambda: model.predict(XOR),
        lambda: nn.fit(model, XOR, [0, 1, 2, 0]),
        lambda: str(model),
    ):
        with pytest.raises(ValueError, match=f"metadata {message}"):
            use()
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    "metadata",
    [
        {"classes": None, "scaling": None, "target_scaling": None, "features": []},
        {"classes": ["a", "b", "c"]},
        {"classes": ["a", "b"]},  # of each output
        {"classes": ["a", "b"], "loss": "bce"},
        {"target_scaling": [[0, 0, 0], [1, 2, 3]], "loss": "gaussian_nll"},
        {"scaling": ((0, 1), (1, 2)), "features": ("a", "b"), "target": "x"},
        {"other": object},
    ],
)
def test_metadata_that_fit_are_taken(metadata: dict[str, Any]) -> None:
    assert Meaning.of(metadata, 2, 3).nin == 2


def test_the_size_of_a_nested_or_unknown_model_is_known_or_not_asked() -> None:
    nested = nn.Sequential(nn.Sequential(nn.Embedding(5, 2), nn.Maxout(2, 4)), nn.Neuron(4))
    nested.metadata = {"features": ["a"]}
    with pytest.raises(ValueError, match="are of 1 feature, but the model takes 5"):
        _ = nested.meaning
    nested.metadata = {"classes": ["a", "b", "c"]}
    with pytest.raises(ValueError, match="'classes' are 3, but the model has 1 output"):
        _ = nested.meaning

    class Skip(nn.Module):
        def __init__(self) -> None:
            self.layers = [nn.Layer(2, 3), nn.Layer(3, 1)]

    skip = Skip()
    skip.metadata = {"features": ["a", "b", "c"], "classes": ["a", "b", "c"]}
    assert skip.meaning.nin is None


def test_every_loss_declares_probabilities_or_gives_none() -> None:
    without = {loss.name for loss in LOSSES.values() if loss.to_probabilities is None}
    assert without == {"mse", "mae", "gaussian_nll", "laplace_nll", "poisson_nll", "hinge"}


@pytest.fixture
def _extras() -> None:
    for extra in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(extra)


@pytest.mark.usefixtures("_extras", "empty_pictures")
def test_a_model_of_the_command_line_answers_from_raw_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first feature is a thousand times the second: unscaled, most answers would be wrong."""
    out, again = str(tmp_path / "o"), str(tmp_path / "p")
    assert main(["wine", "--epochs", "40", "--out", out]) == 0
    data = nn.datasets.load("wine")
    model = nn.load(out + "/model.json")
    answers = model.predict(data.X)
    right = sum(a == data.classes[int(k)] for a, k in zip(answers, data.y, strict=True))
    assert right / len(data) > 0.95
    best = [max(ps) for ps in model.predict_proba(data.X)]
    assert min(best) > 1 / 3
    table = str(model).splitlines()
    assert table[-2].startswith("inputs: alcohol, malic_acid, ash, ")
    assert table[-2].endswith(", standardized: predict() does it, model(x) does not")
    assert table[-1] == "outputs: class: class_0, class_1, class_2 (loss cross_entropy)"
    capsys.readouterr()
    go_on = ["--load", out + "/model.json", "--epochs", "1", "--lr", "1e-9", "--out", again]
    assert main(["wine", *go_on]) == 0
    accuracy = float(capsys.readouterr().out.partition("epoch, loss")[2].split()[2])
    assert accuracy > 0.95  # it was not standardized twice
    assert nn.load(again + "/model.json").predict(data.X) == answers


@pytest.mark.usefixtures("_extras", "empty_pictures")
def test_a_regression_of_the_command_line_answers_in_the_unit_of_the_data(tmp_path: Path) -> None:
    lines = [f"{i},{1000 + 10 * i}" for i in range(40)]
    (tmp_path / "line.csv").write_text("\n".join(["x,y", *lines]) + "\n")
    out = str(tmp_path / "o")
    options = ["--regression", "--hidden", "--epochs", "200", "--out", out]
    assert main([str(tmp_path / "line.csv"), *options]) == 0
    model = nn.load(out + "/model.json")
    assert model.predict([[100.0]]) == [pytest.approx(2000.0, rel=0.01)]
    assert str(model).splitlines()[-1] == "outputs: y (loss mse, standardized: predict() undoes it)"


def test_what_is_not_known_is_not_told() -> None:
    named = fixed(2, [[1.0, 1.0, 0.0]], loss="mse", features=["width", "height"])
    assert str(named).splitlines()[-2:] == ["inputs: width, height", "outputs: number (loss mse)"]
    assert str(fixed(1, [[1.0, 0.0]], loss="bce")).splitlines()[-1] == "outputs: class (loss bce)"


CSV = "a,b,kind\n" + "1,5,{0}\n2,6,{1}\n" * 4
LABELED = {  # data of the command line, with the labels that its model must give
    "moons": [0, 1],
    "breast_cancer": ["malignant", "benign"],
    CSV.format(0, 7): [0, 7],
    CSV.format("no", 7): ["7", "no"],
    CSV.format("007", "008"): ["007", "008"],
}


@pytest.mark.usefixtures("_extras", "empty_pictures")
@pytest.mark.parametrize("data", LABELED, ids=lambda data: data[:20].replace("\n", " "))
def test_labels_have_the_type_that_they_have_in_the_data(tmp_path: Path, data: str) -> None:
    labels = LABELED[data]
    if "," in data:
        (tmp_path / "d.csv").write_text(data)
        data = str(tmp_path / "d.csv")
    out = str(tmp_path / "o")
    assert main([data, "--epochs", "1", "--hidden", "--out", out]) == 0
    model = nn.load(out + "/model.json")
    answers = model.predict(nn.datasets.load(data).X)
    assert set(answers) <= set(labels)
    assert set(map(type, answers)) == {type(labels[0])}
    assert model.metadata["classes"] == labels
    again = ["--load", out + "/model.json", "--epochs", "0", "--out", str(tmp_path / "p")]
    assert main([data, *again]) == 0


@pytest.mark.parametrize("scaling", [None, [[0.0, 0.0], [1.0, 1e-9]]])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "hinge"])
def test_a_feature_so_large_that_the_outputs_overflow_is_named(loss: str, scaling: Any) -> None:
    model = fixed(2, [[2.0, -2.0, 0.0], [-1.0, 2.0, 0.0]], loss=loss, scaling=scaling)
    assert len(model.predict([[1e300, 1.0]])) == 1
    row = [1.0, -1e308] if scaling is None else [1e300, 1e300]
    says = f"feature 1 of sample 1 is {row[1]:g}: the outputs of the model overflow"
    for use in [model.predict] + [model.predict_proba] * (loss == "cross_entropy"):
        with pytest.raises(ValueError, match=re.escape(says)):
            use([[1.0, 2.0], row])
