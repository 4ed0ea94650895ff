"""Saving and loading: exact, whole or not at all, and one clear error for any other file."""

import contextlib
import json
import os
import random
import stat
import threading
import tracemalloc

import pytest

import nn
from autograd import Value
from nn import model_file, module
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
    other = module.loads(module.dumps(layer))
    x = [0.3, -1.2]
    assert [float(y.data) for y in other(x)] == [float(y.data) for y in layer(x)]


def test_the_file_is_json_that_a_person_can_read(tmp_path):
    model = nn.MLP(1, [1], rng=0)
    model.save(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    content.pop("sha256")
    assert content == {
        "format": "chalkgrad model",
        "version": 1,
        "model": {"type": "MLP", "nin": 1, "nouts": [1], "activation": ["linear"]},
        "metadata": {},
        "parameters": model.state_dict(),
    }


FORMER_FILE = """{
 "format": "scalargrad model",
 "version": 1,
 "model": {
  "type": "Sequential",
  "layers": [
   {
    "type": "Layer",
    "nin": 1,
    "nout": 1,
    "activation": "tanh"
   }
  ]
 },
 "metadata": {
  "classes": [
   "no",
   "yes"
  ]
 },
 "parameters": {
  "layers.0.neurons.0.w.0": 0.6888437030500962,
  "layers.0.neurons.0.b": 0.0
 },
 "sha256": "1285f5acfbc251581032eca51a4b4a46fb57de7c011701c69e1c6f7bc143903e"
}
"""


def test_a_file_under_the_library_s_former_name_is_read_and_saved_under_the_new_one(tmp_path):
    (tmp_path / "m.json").write_text(FORMER_FILE)
    model = nn.load(tmp_path / "m.json")
    assert model.state_dict() == nn.Sequential(nn.Layer(1, 1, "tanh", rng=0)).state_dict()
    assert model.metadata == {"classes": ["no", "yes"]}
    model.save(tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    former = json.loads(FORMER_FILE)
    assert content.pop("sha256") != former.pop("sha256")
    assert content == {**former, "format": "chalkgrad model"}


def test_a_parameter_that_was_set_to_a_whole_number_is_saved(tmp_path):
    model = nn.MLP(1, [1])
    model.parameters()[0].data = 3
    model.save(tmp_path / "m.json")
    assert nn.load(tmp_path / "m.json").parameters()[0].data == 3.0


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


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_other(tmp_path, umask):
    before = os.umask(umask)
    try:
        nn.MLP(2, [1]).save(tmp_path / "m.json")
        (tmp_path / "other").write_text("")
    finally:
        os.umask(before)
    assert permissions(tmp_path / "m.json") == permissions(tmp_path / "other") == 0o666 & ~umask


@posix
def test_saving_never_touches_the_umask_which_all_threads_share(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was set"))
    nn.MLP(2, [1]).save(tmp_path / "m.json")
    nn.MLP(2, [1]).save(tmp_path / "m.json")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o666, 0o640])
def test_a_file_that_is_replaced_keeps_its_permissions_at_every_moment(tmp_path, monkeypatch, mode):
    path = tmp_path / "m.json"
    path.write_text("")
    path.chmod(mode)
    sync, seen = os.fsync, []

    def watch(handle):
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        sync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    nn.MLP(2, [1], rng=0).save(path)
    assert permissions(path) == mode
    assert seen[0] & ~mode == 0
    assert nn.load(path).state_dict() == nn.MLP(2, [1], rng=0).state_dict()


@posix
@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path, dangling):
    (tmp_path / "models").mkdir()
    target, link = tmp_path / "models" / "first.json", tmp_path / "m.json"
    link.symlink_to("models/first.json")
    if not dangling:
        target.write_text("before")
    nn.MLP(2, [1], rng=0).save(link)
    assert os.readlink(link) == "models/first.json"
    assert not target.is_symlink()
    assert nn.load(link).state_dict() == nn.load(target).state_dict()
    assert sorted(os.listdir(tmp_path)) == ["m.json", "models"]
    assert os.listdir(tmp_path / "models") == ["first.json"]


def test_a_model_that_no_file_can_hold_is_refused_and_nothing_is_written(tmp_path):
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


@posix
def test_a_pipe_is_not_replaced_nor_through_a_link(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(OSError, match=f"not a regular file: .*{path.name}"):
            nn.MLP(1, [1]).save(path)
        assert path.is_fifo()


def resealed(change, name="sequential"):
    """The text of a model's file after ``change`` of its content, with a checksum that fits."""
    content = json.loads(module.dumps(MODELS[name]()))
    content.pop("sha256")
    change(content)
    return json.dumps({**content, "sha256": model_file.checksum(content)})


def described(**fields):
    """The text of the MLP's file with other fields in its architecture."""
    return resealed(lambda content: content["model"].update(fields), "mlp")


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
    (resealed(lambda c: c["model"].update(layers=[])), "Sequential needs at least one module"),
    (resealed(lambda c: c["model"].update(layers=[1])), "unknown architecture 1"),
    (resealed(lambda c: c["model"].update(layers=1)), "unexpected keyword argument 'layers'"),
    (resealed(lambda c: c["model"].update(nin=2)), "no architecture .*{'type': 'Sequential'"),
    (described(nouts=[3, 1]), r"takes 1 activation, or 2 .*, got 3"),
    (described(nouts=[3, 1], activation=["tanh"] * 2), "13 parameters, 0 missing and 7 unknown"),
    (described(nouts=[3, 2, 2]), "23 parameters, 3 missing and 0 unknown"),
    (described(nouts=[10**9] * 3), "the architecture has more than the file's 20 parameters"),
    (described(nouts=[3, -2, 1]), "nout must be at least 1, got -2"),
    (described(nouts=[3, 2.0, 1]), "nout must be a whole number, got 2.0"),
    (described(nouts=[]), "at least one layer, got nouts = "),
    (described(nouts=3), "nouts must be a list of sizes"),
    (described(nouts="321"), "nout must be a whole number, got '3'"),
    (described(nin=True), "nin must be a whole number, got True"),
    (described(nin=None), "nin must be a whole number, got None"),
    (described(activation=["tanh"]), "takes 2 activations"),
    (described(activation="tanh"), "no architecture .*'activation': 'tanh'"),
    (described(activation=["x"] * 3), "unknown activation 'x'"),
    (described(activation=[1, 2, 3]), "unknown activation 1"),
    (described(activation=[{}] * 3), "unknown activation {}"),
    (described(init="he"), "multiple values for keyword argument 'init'"),
    (described(rng=7), "no architecture .*{'type': 'MLP'"),
    (described(self=1), "multiple values for argument 'self'"),
    (described(more=1), "unexpected keyword argument 'more'"),
    (resealed(first_parameter("1.0")), "is '1.0', not a decimal number"),
    (resealed(first_parameter(1)), "is 1, not a decimal number"),
    (resealed(first_parameter(1.5)).replace("1.5", "1e999"), "1e999 is not a finite number"),
    (resealed(lambda c: c["parameters"].update(b=c["parameters"].popitem()[1])), "unknown 'b'"),
]


@pytest.mark.parametrize(("text", "message"), FOREIGN, ids=range(len(FOREIGN)))
def test_any_other_text_is_one_clear_error_that_names_the_file(text, message, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        nn.load(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 400 + len(str(path))


def test_other_bytes_and_files_that_are_too_large_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "m.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"m.json: is not UTF-8 text"):
        nn.load(path)
    monkeypatch.setattr(model_file, "MAX_FILE_BYTES", 2)
    with pytest.raises(ValueError, match=r"m.json: larger than 2 bytes"):
        nn.load(path)
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "missing.json")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device without an end")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused_before_it_is_read(device):
    assert_refused_unread(device, f"{device}: a device, which may have no end: copy")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "m.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a sparse file: it takes no room
    assert_refused_unread(path, r"m.json: larger than 268,435,456 bytes, so no model")


def assert_refused_unread(path, message):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            nn.load(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def fed(path, text):
    """A thread that writes a text into a pipe until nobody reads any more."""

    def write():
        with contextlib.suppress(BrokenPipeError), open(path, "w") as pipe:
            pipe.write(text)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@posix
def test_a_pipe_is_read_to_its_end_but_not_further_than_a_model_may_go(tmp_path, monkeypatch):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    model = MODELS["mlp"]()
    writer = fed(path, module.dumps(model))
    assert nn.load(path).state_dict() == model.state_dict()
    writer.join()
    monkeypatch.setattr(model_file, "MAX_FILE_BYTES", 1000)
    writer = fed(path, " " * 10_000_000)
    with pytest.raises(ValueError, match="pipe: larger than 1,000 bytes"):
        nn.load(path)
    writer.join()
    length = len(module.dumps(model))
    for limit, refused in [(length - 1, True), (length, False)]:
        monkeypatch.setattr(model_file, "MAX_FILE_BYTES", limit)
        writer = fed(path, module.dumps(model))
        if refused:
            with pytest.raises(ValueError, match="larger than"):
                nn.load(path)
        else:
            nn.load(path)
        writer.join()
    model.save(tmp_path / "m.json")
    nn.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    "description",
    [
        {"type": "Neuron", "nin": 10**9, "activation": "tanh"},
        {"type": "Layer", "nin": 10**9, "nout": 10**9, "activation": "tanh"},
        {"type": "Layer", "nin": 1, "nout": 10**9, "activation": "tanh"},
        {"type": "Maxout", "nin": 1, "nout": 1, "k": 10**9},
        {"type": "Embedding", "n": 10**9, "dim": 10**30},
        {"type": "MLP", "nin": 1, "nouts": [10**9] * 2, "activation": ["tanh", "linear"]},
        {"type": "Sequential", "layers": [{"type": "Embedding", "n": 10**9, "dim": 1}]},
    ],
)
def test_a_file_that_asks_for_a_billion_parameters_costs_no_memory(description):
    text = resealed(lambda content: content.update(model=description), "mlp")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="has more than the file's 20 parameters"):
            module.loads(text)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


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
    originals = [(module.dumps(make()), make()) for make in MODELS.values()]
    refused = 0
    for _ in range(texts):
        text, model = rng.choice(originals)
        try:
            other = module.loads(mutated(text, rng))
        except ValueError as error:
            refused += bool(str(error))
        else:
            assert module.dumps(other) == module.dumps(model)
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
            model = module.loads(text)
        except ValueError:
            refused += 1
        else:
            assert module.loads(module.dumps(model)).state_dict() == model.state_dict()
    return refused


@pytest.mark.parametrize("files", [400, pytest.param(2000, marks=pytest.mark.slow)])
def test_files_of_another_structure_are_refused(files):
    assert fuzz_structures(files, seed=3) > 0.7 * files


@pytest.mark.parametrize("path", [1, True, None])
def test_a_number_is_no_path_and_no_open_file_is_closed(path):
    with pytest.raises(TypeError, match="PathLike"):
        nn.load(path)  # type: ignore[arg-type]  # the mistake
    print("standard output is open")


def shared(model):
    model.layers[0].neurons[1].w[0] = model.layers[0].neurons[0].w[0]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        (shared, "layers.0.neurons.1.w.0"),
        (lambda model: setattr(model, "temperature", Value(1.0)), "temperature"),
        (lambda model: model.layers[0].neurons.pop(), "layers.1.neurons.0.w.2"),
    ],
)
def test_a_model_that_no_file_can_hold_is_not_written(change, parameter, tmp_path):
    model, path = nn.MLP(2, [3, 1], rng=0), tmp_path / "m.json"
    model.save(path)
    before = path.read_bytes()
    change(model)
    with pytest.raises(ValueError, match=f"after it was made, parameter '{parameter}' was added"):
        model.save(path)
    assert path.read_bytes() == before
