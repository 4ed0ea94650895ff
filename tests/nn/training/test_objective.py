"""Models and losses compiled: the same numbers as the graph gives, in training too."""

import math
import random
import sys
import warnings

import pytest

import autograd
import nn
from autograd import Value
from nn.training import flat_parameters, history, objective, one_sample
from nn.training.task import Task
from tests.nn.test_layers import CHECKED
from tests.nn.test_losses import EACH, flat, values_of
from tests.nn.training.data import blobs, small

np = pytest.importorskip("numpy")
SAME = {"rel": 1e-12, "abs": 1e-14}


def value_and_gradient(f, leaves):
    for leaf in leaves:
        leaf.grad = 0.0
    y = f()
    y.backward()
    return [y.data, *[leaf.grad for leaf in leaves]]


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), EACH)
def test_a_loss_is_the_same_compiled(name, outputs, targets, expected):
    values = values_of(outputs)
    loss = nn.losses.LOSSES[name]
    eager = value_and_gradient(lambda: loss(values, targets), flat(values))
    fast = autograd.compile(lambda: loss(values, targets))
    assert value_and_gradient(fast, flat(values)) == pytest.approx(eager, **SAME)


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), EACH)
def test_a_loss_with_its_targets_as_arguments_is_the_same_compiled(
    name, outputs, targets, expected
):
    if isinstance(outputs[0], list) and isinstance(targets[0], int):
        targets = [[float(k == t) for k in range(len(outputs[0]))] for t in targets]
    values = values_of(outputs)
    loss = nn.losses.LOSSES[name]
    eager = value_and_gradient(lambda: loss(values, targets), flat(values))
    fast = autograd.compile(lambda targets: loss(values, targets))
    found = value_and_gradient(lambda: fast(targets), flat(values))
    assert found == pytest.approx(eager, **SAME)


@pytest.mark.parametrize("name", CHECKED)
def test_a_layer_is_the_same_compiled(name):
    model, rng = CHECKED[name](), random.Random(0)
    X = [[rng.uniform(-2, 2) for _ in range(2)] for _ in range(5)]

    def loss(X):
        outputs = [model(x) for x in X]
        outputs = [o if isinstance(o, list) else [o] for o in outputs]
        return nn.mse(outputs, [[0.3 + k for k in range(len(o))] for o in outputs])

    fast, parameters = autograd.compile(loss), model.parameters()
    eager = value_and_gradient(lambda: loss(X), parameters)
    assert value_and_gradient(lambda: fast(X), parameters) == pytest.approx(eager, **SAME)


def trained(compiled, **settings):
    model = small()
    history = nn.fit(model, *blobs(), compiled=compiled, rng=3, **settings)
    return history, model, [p.grad for p in model.parameters()]


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "lr": 0.5, "l2": 1e-3},
        {"optimizer": "adam", "lr": 0.05, "batch_size": 16},
        {"optimizer": "adamw", "lr": 0.05, "clip": 0.1},
        {"optimizer": "rmsprop", "lr": 0.02, "validation": 0.25},
        {"optimizer": "sgd", "lr": 0.1, "batch_size": 1, "epochs": 3},
        {"loss": "hinge", "lr": 0.1},
        {"loss": "mse", "lr": 0.1, "schedule": "cosine"},
    ],
    ids=str,
)
def test_training_compiled_follows_training_by_the_graph(settings):
    X, y = blobs()
    y = [2 * t - 1 for t in y] if settings.get("loss") == "hinge" else y
    runs = []
    for compiled in (True, False):
        model = small()
        history = nn.fit(model, X, y, compiled=compiled, rng=3, **{"epochs": 40, **settings})
        runs.append((history, model))
    (fast, its), (slow, other) = runs
    assert fast.stopped == slow.stopped == ""
    for curve in ("loss", "accuracy", "val_loss", "val_accuracy", "gradient_norm", "lr"):
        assert getattr(fast, curve) == pytest.approx(getattr(slow, curve), rel=1e-9)
    for p, q in zip(its.parameters(), other.parameters(), strict=True):
        assert (p.data, p.grad) == pytest.approx((q.data, q.grad), rel=1e-7, abs=1e-10)


def use(backend, monkeypatch):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    monkeypatch.setattr(one_sample, "backend_for", lambda steps: backend)


def test_a_long_training_runs_as_machine_code_and_a_short_one_with_numpy(monkeypatch):
    pytest.importorskip("llvmlite")
    asked = []
    compiled = autograd.compile
    monkeypatch.setattr(
        one_sample.autograd, "compile",
        lambda f, backend=None: asked.append(backend) or compiled(f, backend=backend),
    )  # fmt: skip
    X, y = blobs(30)
    runs = []
    for wanted in (flat_parameters.MIN_NATIVE_STEPS, 200):
        monkeypatch.setattr(flat_parameters, "MIN_NATIVE_STEPS", wanted)
        asked.clear()
        runs.append(nn.fit(small(), X, y, optimizer="adam", rng=1, epochs=50, batch_size=7))
        assert [x for x in asked if x] == ["numpy" if len(runs) == 1 else "llvm"]
    numpy, native = runs
    assert native.loss == pytest.approx(numpy.loss, rel=1e-9)
    assert native.gradient_norm == pytest.approx(numpy.gradient_norm, rel=1e-9)


OPTIMIZERS = {
    "sgd": lambda ps: nn.SGD(ps, lr=0.1),
    "momentum": lambda ps: nn.SGD(ps, lr=0.02, momentum=0.9, nesterov=True),
    "adam": lambda ps: nn.Adam(ps, lr=0.02, weight_decay=0.01),
    "adamw": lambda ps: nn.AdamW(ps, lr=0.02),
    "rmsprop": lambda ps: nn.RMSprop(ps, lr=0.01, momentum=0.5),
}
TARGETS = {  # for each loss, the targets of a class, 0 or 1, and the outputs of the model
    "mse": (float, 1),
    "mae": (lambda t: [t, 1.0 - 2.0 * t], 2),
    "gaussian_nll": (float, 2),
    "laplace_nll": (float, 2),
    "poisson_nll": (float, 1),
    "bce_with_logits": (int, 1),
    "cross_entropy": (int, 3),
    "hinge": (lambda t: 2 * t - 1, 1),
}
SETTINGS = {
    "all at once": {"l2": 1e-3, "validation": 0.25},
    "a short last batch": {"batch_size": 16, "schedule": "cosine", "validation": 0.2},
    "clipped": {"batch_size": 7, "clip": 0.2, "shuffle": False, "schedule": "linear"},
}


BACKENDS = ["numpy", pytest.param("llvm", marks=pytest.mark.slow)]


def fits():
    """Every optimizer, every loss and all settings; each with each among the slow tests."""
    pairs = [(name, "bce_with_logits") for name in OPTIMIZERS]
    pairs += [("adam", name) for name in TARGETS if name not in ("bce_with_logits", "hinge")]
    pairs += [("sgd", "hinge")]  # its gradient by the bias cancels to rounding: Adam scales it up
    for i, pair in enumerate(pairs):
        for k, settings in enumerate(SETTINGS):
            marks = () if i % len(SETTINGS) == k else pytest.mark.slow
            yield pytest.param(*pair, settings, marks=marks)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("optimizer", "loss", "settings"), [*fits()])
def test_fit_on_arrays_has_the_numbers_of_eager_fit_over_50_epochs(
    optimizer, loss, settings, backend, monkeypatch
):
    use(backend, monkeypatch)
    X, y = blobs(30)
    encode, outputs = TARGETS[loss]
    seen, runs = [], []
    for compiled in (True, False):
        model = nn.MLP(2, [4, outputs], "tanh", rng=0)
        seen.append([])
        runs.append((model, nn.fit(
            model, X, [encode(t) for t in y], loss=loss, rng=3, epochs=50, compiled=compiled,
            optimizer=OPTIMIZERS[optimizer](model.parameters()),
            callbacks=lambda m, _, last=seen[-1]: last.append(m.layers[0].neurons[0].b.data),
            **SETTINGS[settings],
        )))  # fmt: skip
    (fast, its), (slow, other) = runs
    for curve in history.CURVES:
        assert getattr(its, curve) == pytest.approx(getattr(other, curve), rel=1e-9, abs=1e-11)
    assert (its.best_epoch, its.stopped) == (other.best_epoch, "")
    assert seen[0] == pytest.approx(seen[1], rel=1e-9, abs=1e-11)
    for p, q in zip(fast.parameters(), slow.parameters(), strict=True):
        assert (p.data, p.grad) == pytest.approx((q.data, q.grad), rel=1e-8, abs=1e-10)


def test_a_callback_may_change_the_weights():
    runs = []
    for compiled in (True, False):
        model = small()

        def halve(model, history):
            for p in model.parameters():
                p.data *= 0.5

        runs.append(nn.fit(model, *blobs(), epochs=5, compiled=compiled, callbacks=halve))
        runs.append(model.state_dict())
    assert runs[0].loss == pytest.approx(runs[2].loss, rel=1e-9)
    assert runs[1] == pytest.approx(runs[3], rel=1e-9)


@pytest.mark.parametrize("largest", [1, 100, 17 * 16, 17 * 39, 1 << 16])
@pytest.mark.parametrize("count", [None, 37])  # a prime number of samples has no equal parts
def test_a_batch_in_parts_gives_the_same(largest, count, monkeypatch):
    X, y = (samples[:count] for samples in blobs())
    batch = [(x, float(t)) for x, t in zip(X, y, strict=True)]
    model = small()
    assert len(model.parameters()) == 17
    arguments = (model, Task(model, X, y, "bce_with_logits"), 0.01)
    eager, fast = objective.Objective(*arguments), objective.CompiledObjective(*arguments)
    monkeypatch.setattr(objective, "MAX_PARAMETER_USES", largest)
    loss, gradient, right = eager.training_loss(batch)
    measured = eager.validation_loss(batch)
    assert loss == measured[0] + 0.01 * nn.l2([p.data for p in model.parameters()])
    assert right == measured[1]
    for _ in range(2):
        its_loss, its_gradient, its_right = fast.training_loss(batch)
        assert [its_loss, *its_gradient] == pytest.approx([loss, *gradient], **SAME)
        assert its_right == right
        assert fast.validation_loss(batch) == pytest.approx(measured, rel=1e-13)


def test_a_loss_of_one_s_own_is_not_cut_into_parts(monkeypatch):
    monkeypatch.setattr(objective, "MAX_PARAMETER_USES", 1)
    sizes = []

    def loss(outputs, targets):
        sizes.append(len(outputs))
        return nn.mse(outputs, targets)

    nn.fit(small(), *blobs(), loss=loss, epochs=2)
    assert sizes == [40]  # and recorded once


def test_training_is_compiled_by_default(monkeypatch):
    kinds = []
    compile = autograd.compile
    monkeypatch.setattr(
        autograd, "compile", lambda f, **how: kinds.append("compiled") or compile(f, **how)
    )
    monkeypatch.setattr(
        objective.Objective, "_backward", lambda *_: kinds.append("graph") or [0.0] * 17
    )
    nn.fit(small(), *blobs(), epochs=1)
    assert set(kinds) == {"compiled"}
    kinds.clear()
    nn.fit(small(), *blobs(), epochs=1, compiled=False)
    assert kinds == ["graph"]


def test_only_some_parameters_may_be_trained():
    for compiled in (True, False):
        model = small()
        first, last = model.layers
        before = model.state_dict()
        optimizer = nn.SGD(last.parameters(), lr=0.1)
        nn.fit(model, *blobs(), optimizer=optimizer, epochs=2, compiled=compiled)
        changed = {name for name, x in model.state_dict().items() if x != before[name]}
        assert changed == {p.label for p in last.parameters()}
        assert any(p.grad for p in first.parameters())


def test_a_parameter_that_nothing_depends_on_stays():
    model = small()
    model.unused = Value(3.0)
    history = nn.fit(model, *blobs(), epochs=3)
    assert history.loss[-1] < history.loss[0]
    assert model.unused.data == 3.0
    assert model.unused.grad == 0.0


class Plain:
    """A model that is no `nn.Module`: its outputs come in another container."""

    def __init__(self, container, outputs=2):
        self.layer, self.container = nn.Layer(2, outputs, "linear", rng=0), container

    def __call__(self, x):
        return self.container(self.layer(x))

    def parameters(self):
        yield from self.layer.parameters()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("container", [list, tuple, lambda ys: np.array(ys, dtype=object)])
def test_any_callable_with_parameters_is_a_model(container, compiled):
    history = nn.fit(Plain(container), *blobs(), epochs=3, compiled=compiled)
    expected = nn.fit(nn.Layer(2, 2, "linear", rng=0), *blobs(), epochs=3)
    assert history.loss_name == expected.loss_name == "cross_entropy"
    assert history.loss == pytest.approx(expected.loss, rel=1e-12)
    assert history.accuracy == expected.accuracy


@pytest.mark.parametrize("compiled", [True, False])
def test_logits_given_to_bce_are_an_error_that_says_so(compiled):
    with pytest.raises(
        ValueError, match=r"sample \d+: an output is no probability: is it for bce_w"
    ):
        nn.fit(small(), *blobs(), loss="bce", epochs=20, compiled=compiled)


def test_a_model_that_reads_numbers_says_how_to_train_it():
    class Reads(nn.Neuron):
        def __call__(self, x):
            y = super().__call__(x)
            return y * (1.0 if float(y) > 0 else 0.1)

    with pytest.raises(TypeError) as caught:
        nn.fit(Reads(2, nonlin=False, rng=0), *blobs(), epochs=1)
    assert "compiled=False" in caught.value.__notes__[0]
    nn.fit(Reads(2, nonlin=False, rng=0), *blobs(), epochs=1, compiled=False)


def test_without_numpy_training_runs_by_the_graph_and_says_so_once(monkeypatch):
    expected = trained(False, epochs=2)[0].loss
    monkeypatch.setitem(sys.modules, "numpy", None)
    objective.numpy_is_installed.cache_clear()
    nn.optimizers._numpy.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="pip install numpy"):
            history = trained(True, epochs=2)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            trained(True, epochs=2)
    finally:
        objective.numpy_is_installed.cache_clear()
        nn.optimizers._numpy.cache_clear()
    assert history.loss == pytest.approx(expected, rel=1e-12)
    assert history.why_general == "NumPy is not installed"


def test_a_branch_in_the_model_is_right_on_both_sides():
    class Folded(nn.Module):
        def __init__(self):
            self.w = Value(0.5)

        def __call__(self, x):
            return self.w * x[0] if x[0] > 0 else -2 * self.w * x[0]

    X = [[math.sin(i)] for i in range(12)]
    y = [abs(x[0]) for x in X]
    runs = []
    for compiled in (True, False):
        settings = {"loss": "mse", "batch_size": 3, "rng": 0, "epochs": 4, "compiled": compiled}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")  # so many paths that it is not compiled at last
            runs.append(nn.fit(Folded(), X, y, **settings).loss)
        told = [w for w in caught if "samples take different branches" in str(w.message)]
        assert len(told) == compiled
        assert all(w.filename == __file__ for w in told)
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


class Branch(nn.Module):
    def __init__(self):
        self.w = Value(0.5)

    def __call__(self, x):
        return self.w * x[0] if x[0] > 0 else -self.w * x[0]

    def parameters(self):
        return [self.w]


GENERAL = {
    "a loss of one's own": (small(), lambda outputs, y: nn.mse(outputs, y), "the loss <lambda> is"),
    "a branch": (Branch(), "mse", "the samples take different branches"),
}


@pytest.mark.parametrize("case", GENERAL)
@pytest.mark.filterwarnings("ignore:fit records whole batches")
def test_the_history_says_why_training_took_the_general_way(case):
    model, loss, why = GENERAL[case]
    X, y = [[1.0, 2.0], [-1.0, 0.5]], [0.3, 0.7]
    told = nn.fit(model, X, y, loss=loss, epochs=2)
    assert why in told.why_general
    assert why in told.summary()
    again = nn.History.from_json(told.to_json())
    assert again.why_general == (again + again).why_general == told.why_general
    assert why in nn.fit(model, X, y, loss=loss, epochs=1).summary()
    asked_for = nn.fit(model, X, y, loss=loss, epochs=2, compiled=False)
    plain = nn.fit(small(), X, y, loss="mse", epochs=2)
    assert asked_for.why_general == plain.why_general == ""
    assert "general" not in plain.summary()


@pytest.mark.parametrize(
    ("samples", "sizes"),
    [
        (1, [1]),
        (1024, [1024]),
        (1025, [513, 512]),
        (1026, [513, 513]),
        (3072, [1024] * 3),
        (2050, [410] * 5),
    ],
)
def test_a_batch_is_compiled_in_equal_parts_of_65536_uses_of_parameters(samples, sizes):
    model = nn.Layer(15, 4, "linear", rng=0)  # of 64 parameters
    X, y = [[float(i)] * 15 for i in range(samples)], [[0.5] * 4] * samples
    for loss, expected in (("mse", sizes), (lambda o, t: nn.mse(o, t), [samples])):
        task = Task(model, X, y, loss)
        batch = task.train.batch(range(samples))
        parts = list(objective.CompiledObjective(model, task, 0.0)._parts(batch))
        assert [round(share * samples) for share, *_ in parts] == expected
        assert [len(xs) for _, xs, _ in parts] == [15 * size for size in expected]
        assert [x for _, xs, _ in parts for x in xs[::15]] == [float(i) for i in range(samples)]
        assert [len(targets) for *_, targets in parts] == [4 * size for size in expected]
