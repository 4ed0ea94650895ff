"""Saving and loading: exact, atomic, and one clear error for whatever is no model."""

import json
import os
import random
import stat

import pytest

import nn
from nn import model_file
from nn.layers import ACTIVATIONS

MODELS = {
    "mlp": lambda: nn.MLP(2, [3, 2, 1], ["tanh", "gelu", "sigmoid"], rng=0),
    "sequential": lambda: nn.Sequential(
        nn.Embedding(5, 2, rng=1),
        nn.Sequential(nn.Maxout(2, 3, 2, rng=2), nn.Layer(3, 2, "abs", rng=3)),
        nn.Neuron(2, nonlin=False, rng=4),
    ),
    "neuron": lambda: nn.Neuron(3, activation="silu", rng=5),
}


def awkward(model):
    """The model with parameters that are hard to write down exactly."""
    numbers = [5e-324, -0.0, 1.7976931348623157e308, 0.1, 1 / 3, 1e22, 2.0**-1074, 123456789.0]
    for p, x in zip(model.parameters(), numbers, strict=False):
        p.data = x
    return model


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_exact_to_the_last_bit(name, tmp_path):
    model = awkward(MODELS[name]())
    model.metadata = {"classes": ["no", "yes"], "mean": [0.1, -3.5]}
    model.save(tmp_path / "m.json")
    other = nn.load(str(tmp_path / "m.json"))
    assert type(other) is type(model)
    assert str(other) == str(model)
    bits = [p.data.hex() for p in model.parameters()]
    assert [p.data.hex() for p in other.parameters()] == bits
    assert [p.label for p in other.parameters()] == [p.label for p in model.parameters()]
    assert other.metadata == model.metadata
    other.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "m.json").read_bytes()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_comes_back(activation):
    layer = nn.Layer(2, 2, activation, rng=0)
    other = model_file.loads(model_file.dumps(layer))
    x = [0.3, -1.2]
    assert [float(y.data) for y in other(x)] == [float(y.data) for y in layer(x)]


def test_the_file_is_json_that_a_person_can_read(tmp_path):
    model = nn.MLP(1, [1], rng=0)
    model.save(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    content.pop("sha256")
    assert content == {
        "format": "scalargrad model",
        "version": 1,
        "model": {"type": "MLP", "nin": 1, "nouts": [1], "activation": ["linear"]},
        "metadata": {},
        "parameters": model.state_dict(),
    }


def test_writing_is_atomic_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "m.json"
    nn.MLP(2, [1], rng=0).save(path)
    before = path.read_bytes()

    def fails(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        nn.MLP(2, [1], rng=1).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_the_file_has_the_permissions_of_any_other(tmp_path):
    nn.MLP(2, [1]).save(tmp_path / "m.json")
    (tmp_path / "other").write_text("")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_what_cannot_be_saved_says_so_and_writes_nothing(tmp_path):
    class Mine(nn.MLP):
        pass

    infinite = nn.MLP(1, [1])
    infinite.parameters()[0].data = float("inf")
    own = nn.MLP(1, [2, 1], lambda x: x * x)
    noted, unwritable = nn.MLP(1, [1]), nn.MLP(1, [1])
    noted.metadata, unwritable.metadata = {"mean": float("nan")}, {"classes": {1, 2}}
    for model, message in [
        (infinite, "parameter 'layers.0.neurons.0.w.0' is inf: only finite ones"),
        (noted, "metadata cannot be written as JSON: Out of range"),
        (unwritable, "metadata cannot be written as JSON: Object of type set"),
        (own, "activation of layers.0.neurons.0 is a function of one's own"),
        (Mine(1, [1]), "can be saved, not Mine; its state_dict"),
        (nn.Sequential(Mine(1, [1])), "can be saved, not Mine"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.save(tmp_path / "m.json")
    missing = tmp_path / "missing" / "m.json"
    for path, error in [(missing, FileNotFoundError), (tmp_path, IsADirectoryError)]:
        with pytest.raises(error) as caught:
            nn.MLP(1, [1]).save(path)
        assert (caught.value.filename, caught.value.filename2) == (str(path), None)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that is none")
def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"not a regular file: .*pipe"):
        nn.MLP(1, [1]).save(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def resealed(change, name="sequential"):
    """The text of a model's file after ``change`` of its content, with a checksum that fits."""
    content = json.loads(model_file.dumps(MODELS[name]()))
    content.pop("sha256")
    change(content)
    return json.dumps({**content, "sha256": model_file._checksum(content)})


def first_parameter(x):
    return lambda c: c["parameters"].update({next(iter(c["parameters"])): x})


FOREIGN = [
    ("", "not a complete JSON file"),
    ("null", 'not a model: "format" is not'),
    ('{"format": "other"}', 'not a model: "format" is not'),
    ("[" * 100_000, "nested too deeply"),
    ('{"a":' * 100_000, "nested too deeply"),
    ('{"format": 1, "format": 2}', "a name occurs twice"),
    ("[NaN]", "NaN is not a finite number"),
    ("9" * 5000, "Exceeds the limit"),
    (resealed(lambda c: c.update(version=2)), "of version 2; this reads 1"),
    (resealed(lambda c: c.update(more=1)), "must hold format, version, .*it holds"),
    (resealed(lambda c: c.update(parameters=[])), "parameters and metadata must be objects"),
    (resealed(lambda c: c.update(metadata=[])), "parameters and metadata must be objects"),
    (resealed(lambda c: c.update(model=3)), "unknown architecture 3"),
    (resealed(lambda c: c["model"].update(type="os.system")), "unknown architecture"),
    (resealed(lambda c: c["model"].update(type=["MLP"])), "unknown architecture"),
    (resealed(lambda c: c["model"].update(layers=[])), "the architecture has 0 parameters"),
    (resealed(lambda c: c["model"].update(layers=[1])), "unknown architecture 1"),
    (resealed(lambda c: c["model"].update(nin=2)), "Sequential is described by layers"),
    (resealed(lambda c: c["model"].update(nouts=[3, 1]), "mlp"), "has 13 parameters, the file 20"),
    (resealed(lambda c: c["model"].update(nouts=[3, -2, 1]), "mlp"), "size in MLP is -2"),
    (resealed(lambda c: c["model"].update(nouts=[3, 2.0, 1]), "mlp"), "size in MLP is 2.0"),
    (resealed(lambda c: c["model"].update(nouts=[]), "mlp"), "0 parameters"),
    (resealed(lambda c: c["model"].update(nouts=[10**9] * 3), "mlp"), "the architecture has 2000"),
    (resealed(lambda c: c["model"].update(nin=True), "mlp"), "MLP is described by nin, nouts"),
    (resealed(lambda c: c["model"].update(activation=["tanh"]), "mlp"), "takes 2 activations"),
    (resealed(lambda c: c["model"].update(activation=["x"] * 3), "mlp"), "unknown activation 'x'"),
    (
        resealed(lambda c: c["model"].update(activation=[1, 2, 3]), "mlp"),
        "an activation in MLP is 1, not a",
    ),
    (
        resealed(lambda c: c["model"].update(activation=[{}] * 3), "mlp"),
        "an activation in MLP is {}",
    ),
    (resealed(first_parameter("1.0")), "is '1.0', not a decimal number"),
    (resealed(first_parameter(1)), "is 1, not a decimal number"),
    (resealed(first_parameter(1.5)).replace("1.5", "1e999"), "1e999 is not a finite number"),
    (resealed(lambda c: c["parameters"].update(b=c["parameters"].popitem()[1])), "unknown 'b'"),
]


@pytest.mark.parametrize(("text", "message"), FOREIGN, ids=range(len(FOREIGN)))
def test_what_is_no_model_is_one_clear_error_that_names_the_file(text, message, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        nn.load(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 400 + len(str(path))


def test_bytes_that_are_no_text_and_files_that_are_too_large(tmp_path, monkeypatch):
    path = tmp_path / "m.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"m.json: is not UTF-8 text"):
        nn.load(path)
    monkeypatch.setattr(model_file, "LARGEST", 2)
    with pytest.raises(ValueError, match=r"m.json: larger than 2 bytes"):
        nn.load(path)
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "missing.json")


def mutated(text, rng):
    """The text after one to three random accidents."""
    for _ in range(rng.randint(1, 3)):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        accident = rng.randrange(6)
        if accident == 0:  # truncated
            text = text[:i]
        elif accident == 1:  # a piece lost
            text = text[:i] + text[min(j, i + 9) :]
        elif accident == 2:  # a character changed
            text = text[:i] + chr(rng.randrange(32, 127)) + text[i + 1 :]
        elif accident == 3:  # a piece twice
            text = text[:j] + text[i:]
        elif accident == 4:  # a piece elsewhere
            k = rng.randrange(len(text) + 1)
            text = text[:k] + text[i : i + 20] + text[k:]
        else:  # something else put in
            text = (
                text[:i] + rng.choice(['"', "{", "[", "]", "null", "1e999", "-", "\0"]) + text[i:]
            )
    return text


def fuzz(texts, seed):
    """Mutated files: each is refused, or says the same as before (a blank more, 1e0 for 1.0)."""
    rng = random.Random(seed)
    originals = [(model_file.dumps(make()), make()) for make in MODELS.values()]
    refused = 0
    for _ in range(texts):
        text, model = rng.choice(originals)
        try:
            other = model_file.loads(mutated(text, rng))
        except ValueError as error:
            refused += bool(str(error))
        else:
            assert model_file.dumps(other) == model_file.dumps(model)
    return refused


def test_ten_thousand_mutated_files_are_refused():
    assert fuzz(10_000, seed=1) > 9000


def fuzz_structures(files, seed):
    """Files with a random part replaced and a checksum that fits: refused, or a sound model."""
    rng = random.Random(seed)
    parts = [
        None,
        True,
        -1,
        0,
        3,
        2.5,
        "",
        "x",
        "tanh",
        "MLP",
        [],
        [1],
        {},
        {"type": "MLP"},
        10**30,
    ]
    refused = 0
    for _ in range(files):

        def change(content):
            here = content
            while True:
                keys = list(here) if isinstance(here, dict) else range(len(here))
                key = rng.choice(list(keys))
                if not isinstance(here[key], dict | list) or not here[key] or rng.random() < 0.3:
                    here[key] = rng.choice(parts)
                    return
                here = here[key]

        text = resealed(change, rng.choice(list(MODELS)))
        try:
            model = model_file.loads(text)
        except ValueError:
            refused += 1
        else:
            assert model_file.loads(model_file.dumps(model)).state_dict() == model.state_dict()
    return refused


def test_files_of_another_structure_are_refused():
    assert fuzz_structures(2000, seed=3) > 1400
