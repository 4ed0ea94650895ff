"""The training loop: what `nn.fit` guarantees."""

import gc
import math
import os
import random
import subprocess
import sys

import pytest

import autograd
import nn
from autograd import no_grad

from .data import XOR, blobs, small


def moons():
    np = pytest.importorskip("numpy")
    datasets = pytest.importorskip("sklearn.datasets")
    np.random.seed(1337)
    X, y = datasets.make_moons(n_samples=100, noise=0.1)
    return X.tolist(), (y * 2 - 1).tolist()


def in_micrograds_style(model, x):
    """The model's output from its weights, written with scalar additions and products."""
    for k, layer in enumerate(model.layers, 1):
        sums = [sum((w * xi for w, xi in zip(n.w, x, strict=True)), n.b) for n in layer.neurons]
        x = [s.relu() for s in sums] if k < len(model.layers) else sums
    return x[0]


def micrograds_demo(forward, steps, compile=lambda f: f):
    """Loss and accuracy of each step of micrograd's demo, by its own loop."""
    X, y = moons()
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    history = []

    @compile
    def total_loss():
        scores = [forward(model, x) for x in X]
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())

    @compile
    def scores():
        return [model(x) for x in X]

    for k in range(steps):
        total = total_loss()
        with no_grad():
            right = [(yi > 0) == (s.data > 0) for yi, s in zip(y, scores(), strict=True)]
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        history.append((total.data, sum(right) / len(right)))
    return history


def test_micrograds_demo_by_fit_by_its_own_loop_and_in_its_own_style():
    X, y = moons()
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    history = nn.fit(
        model, X, y, loss="hinge", lr=1.0, schedule=lambda k: 1.0 - 0.9 * k / 100, l2=1e-4
    )
    assert len(history.loss) == 100
    assert history.loss[0] == pytest.approx(0.8958441028683222, rel=1e-14)
    assert history.accuracy[0] == 0.5
    assert history.accuracy[-1] == 1.0
    trajectory = list(zip(history.loss, history.accuracy, strict=True))
    layers = micrograds_demo(lambda model, x: model(x), 5)
    style = micrograds_demo(in_micrograds_style, 2)
    assert layers[0] == (0.8958441028683222, 0.5)
    assert style == [pytest.approx(step, rel=1e-12) for step in layers[:2]]
    assert trajectory[:5] == [pytest.approx(step, rel=1e-12) for step in layers]
    style = micrograds_demo(in_micrograds_style, 100, autograd.compile)
    assert trajectory == [pytest.approx(step, rel=1e-9) for step in style]


def test_the_docstrings_line_for_moons_tells_all_of_them_apart():
    X, y = moons()
    history = nn.fit(nn.MLP(2, [16, 16, 1], rng=0), X, y, optimizer="adam", lr=0.05)
    assert history.accuracy[-1] == 1.0


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 1), (40, 1), (16, 3), (1, 40), (39, 2)])
def test_an_epoch_has_a_step_for_each_batch(batch_size, steps):
    optimizer = nn.Adam((model := small()).parameters())
    history = nn.fit(model, *blobs(), optimizer=optimizer, epochs=2, batch_size=batch_size, rng=0)
    assert optimizer.steps == 2 * steps
    assert len(history.loss) == len(history.accuracy) == len(history.gradient_norm) == 2
    assert history.stopped == ""


@pytest.mark.parametrize("batch_size", [None, 7])
def test_every_sample_is_seen_once_an_epoch_in_an_order_of_its_own(batch_size):
    model = nn.Neuron(1, nonlin=False, rng=0)
    seen = []

    def loss(outputs, targets):
        seen.extend(targets)
        return nn.mse(outputs, targets)

    y = [float(i) for i in range(20)]
    X = [[0.01 * t] for t in y]
    nn.fit(model, X, y, loss=loss, lr=1e-6, epochs=3, batch_size=batch_size, rng=0, compiled=False)
    epochs = [seen[i : i + 20] for i in (0, 20, 40)]
    assert [sorted(epoch) for epoch in epochs] == [y, y, y]
    if batch_size:
        assert epochs[0] != epochs[1] != epochs[2] != y
    seen.clear()
    nn.fit(model, X, y, loss=loss, lr=1e-6, epochs=1, batch_size=7, shuffle=False, compiled=False)
    assert seen == y


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("batch_size", [None, 7, 1])
def test_the_same_seed_gives_the_same_result_bit_for_bit(optimizer, batch_size):
    def run(seed):
        model = small(rng=seed)
        settings = {"batch_size": batch_size, "validation": 0.25, "rng": seed, "epochs": 3}
        history = nn.fit(model, *blobs(), optimizer=optimizer, lr=0.05, **settings)
        return model.state_dict(), history

    assert run(1) == run(1)
    assert run(1) != run(2)


ANOTHER_PROCESS = """
import nn, random
rng = random.Random(0)
X = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(30)]
model = nn.Sequential(nn.Maxout(3, 4, rng=1), nn.MLP(4, [5, 2], "gelu", rng=2))
settings = dict(batch_size=16, validation=0.2, optimizer="adam", epochs=3, l2=1e-3)
history = nn.fit(model, X, [int(x[0] * x[1] > 0) for x in X], rng=5, **settings)
print(model.state_dict(), vars(history))
"""


def test_the_same_seed_gives_the_same_result_in_another_process():
    results = [
        subprocess.run(
            [sys.executable, "-c", ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert results[0] == results[1] != b""


def test_without_rng_the_module_random_decides():
    def run():
        random.seed(3)
        model = nn.MLP(2, [2, 1])
        return nn.fit(model, *blobs(), batch_size=7, epochs=2, validation=0.25), model.state_dict()

    assert run() == run()


def test_the_loss_is_measured_before_the_step_and_has_the_penalty():
    X, y = blobs()
    model = small()
    before = nn.bce_with_logits([model(x) for x in X], y) + 0.01 * nn.l2(model.parameters())
    history = nn.fit(model, X, y, l2=0.01, epochs=1)
    assert history.loss == [pytest.approx(before.data, rel=1e-12)]
    model.zero_grad()
    before.backward()
    assert history.gradient_norm == [pytest.approx(nn.gradient_norm(model.parameters()), rel=1e-9)]


def test_gradients_are_there_after_training_for_whoever_looks():
    X, y = blobs()
    model = small()
    weights = []
    nn.fit(model, X, y, epochs=2, callbacks=[lambda m, h: weights.append(m.state_dict())])
    model.load_state_dict(weights[0])
    grads = [p.grad for p in model.parameters()]
    model.zero_grad()
    nn.bce_with_logits([model(x) for x in X], y).backward()
    assert grads == [pytest.approx(p.grad, rel=1e-9, abs=1e-12) for p in model.parameters()]


def test_each_epoch_has_the_learning_rate_of_the_schedule():
    optimizer = nn.SGD((model := small()).parameters(), lr=0.5)
    trail = [model.state_dict()]
    history = nn.fit(
        model, *blobs(), optimizer=optimizer, schedule="linear", epochs=3,
        callbacks=[lambda m, h: trail.append(m.state_dict())],
    )  # fmt: skip
    assert history.lr == pytest.approx([0.5, 0.35, 0.2])
    for before, after, lr, norm in zip(
        trail, trail[1:], history.lr, history.gradient_norm, strict=False
    ):
        moved = [after[name] - before[name] for name in before]
        assert math.hypot(*moved) == pytest.approx(lr * norm, rel=1e-9)
    assert optimizer.lr == 0.5
    assert nn.fit(model, *blobs(), optimizer=optimizer, lr=0.25, epochs=1).lr == [0.25]
    assert optimizer.lr == 0.25


def test_clip_shortens_the_gradient_but_reports_its_length():
    X, y = blobs()
    model = small()
    start = [p.data for p in model.parameters()]
    history = nn.fit(model, X, y, lr=1.0, clip=0.01, epochs=1)
    moved = [p.data - x for p, x in zip(model.parameters(), start, strict=True)]
    assert sum(x * x for x in moved) ** 0.5 == pytest.approx(0.01, rel=1e-3)
    assert history.gradient_norm[0] > 0.02


def test_validation_is_held_out_and_the_best_weights_are_kept():
    X, y = blobs(80)
    held = X[60:], [1 - t for t in y[60:]]  # the opposite of what is learnt: it gets ever worse
    weights = []
    model = small()
    history = nn.fit(
        model, X[:60], y[:60], validation=held, epochs=10, lr=0.5,
        callbacks=[lambda m, h: weights.append(m.state_dict())],
    )  # fmt: skip
    best = min(range(10), key=history.val_loss.__getitem__)
    assert history.best_epoch == best < 9
    assert model.state_dict() == weights[best]
    outputs = [model(x) for x in held[0]]
    assert history.val_loss[best] == pytest.approx(nn.bce_with_logits(outputs, held[1]).data)
    right = sum((z.data > 0) == t for z, t in zip(outputs, held[1], strict=True))
    assert history.val_accuracy[best] == right / 20
    other = small()
    nn.fit(other, X[:60], y[:60], validation=held, epochs=10, lr=0.5, keep_best=False)
    assert other.state_dict() == weights[-1]


def test_callbacks_see_each_epoch_and_may_end_training():
    seen = []

    def callback(model, history):
        seen.append((len(history.loss), history.loss[-1]))
        return len(seen) == 3

    for callbacks in ([callback], callback, iter([callback])):
        seen.clear()
        history = nn.fit(small(), *blobs(), epochs=10, callbacks=callbacks)
        assert seen == list(enumerate(history.loss, 1))
        assert history.stopped == "by a callback after 3 epochs"


def test_an_interrupt_keeps_what_was_trained():
    def interrupt(model, history):
        if len(history.loss) == 2:
            raise KeyboardInterrupt

    model, other = small(), small()
    with pytest.warns(RuntimeWarning, match="training interrupted at step 2"):
        history = nn.fit(model, *blobs(), epochs=10, callbacks=[interrupt])
    nn.fit(other, *blobs(), epochs=2)
    assert model.state_dict() == other.state_dict()
    assert history.stopped == "interrupted at step 2"


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("loss", "lr", "last"),
    [("mse", 1e3, None), ("mse", 1e308, 1), (lambda o, t: sum(x.exp() for x in o), 1e6, None)],
)
def test_divergence_stops_and_keeps_the_last_weights_of_finite_loss(loss, lr, last, compiled):
    X = [[1.0, 2.0], [-1.0, 3.0], [0.5, -2.0]]
    y = [30.0, -20.0, 10.0]
    model = nn.MLP(2, [3, 1], "linear", rng=0)
    trail = [model.state_dict()]
    with pytest.warns(RuntimeWarning, match=r"training diverged at step \d+: .*smaller learning"):
        history = nn.fit(
            model, X, y, loss=loss, lr=lr, epochs=500, compiled=compiled,
            callbacks=[lambda m, h: trail.append(m.state_dict())],
        )  # fmt: skip
    step = int(history.stopped.split("step ")[1].split(":")[0])
    assert step == (last or step)
    assert len(history.loss) in (step - 1, step - 2)
    assert model.state_dict() in trail[-3:]
    assert all(map(math.isfinite, [*model.state_dict().values(), *history.loss]))


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="batch_size 99 is larger than the data: 40 is taken"):
        history = nn.fit(small(), *blobs(), batch_size=99, epochs=1)
    assert history.loss == nn.fit(small(), *blobs(), epochs=1).loss


def test_the_collector_is_paused_and_restored():
    states = []
    X, y = blobs()
    assert gc.isenabled()
    nn.fit(small(), X, y, epochs=1, callbacks=[lambda m, h: states.append(gc.isenabled())])

    def fails(model, history):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        nn.fit(small(), X, y, epochs=1, callbacks=[fails])
    assert states == [False]
    assert gc.isenabled()
    gc.disable()
    nn.fit(small(), X, y, epochs=1)
    try:
        assert not gc.isenabled()
    finally:
        gc.enable()


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": []}, ValueError, "X has no samples"),
        ({"X": 3.0}, ValueError, "X must be a list of samples, .* got 3.0; a single sample goes"),
        ({"X": [1.0, 2.0, 3.0, 4.0]}, ValueError, "each a list of numbers; sample 0 is 1.0"),
        ({"X": [[0, 0], [0, 1, 2], [1, 0], [1, 1]]}, ValueError, "sample 1 has 3 features"),
        ({"X": [[0, 0, 0]] * 4}, ValueError, "X does not fit the model, .*takes 2 inputs, got 3"),
        ({"X": [[0, 0], [0, NAN], [1, 0], [1, 1]]}, ValueError, "feature 1 of sample 1 .*got nan"),
        ({"X": [[0, 0], [0, 1], [INF, 0], [1, 1]]}, ValueError, "feature 0 of sample 2 .*got inf"),
        ({"X": [["a", 0]] * 4}, TypeError, "feature 0 of sample 0 must be a number, got 'a'"),
        ({"y": [0, 1]}, ValueError, "X has 4 samples, but y has 2"),
        ({"y": 1.0}, ValueError, "X has 4 samples, but y has 1.0"),
        ({"y": [0, 1, NAN, 1]}, ValueError, "target 2 must be finite, got nan"),
        (
            {"y": [0, 1, "", "a"]},
            TypeError,
            "target 2 must be a number, got ''; for classes with names there is nn.MLPClassifier",
        ),
        ({"y": [0, 1, 1]}, ValueError, "but y has 3: it takes one target for each"),
        (
            {"schedule": nn.schedules.cosine},
            TypeError,
            r'makes a schedule: give its name, "cosine", or call it, nn.schedules.cosine\(100\)$',
        ),
        ({"schedule": 0.5}, ValueError, "unknown schedule 0.5: it is constant, linear"),
        ({"y": [0, [1, 0], 1, 0]}, ValueError, r"target 1 is \[1, 0\], but target 0 is 0"),
        ({"y": [1, 1, 1, 1]}, ValueError, "y holds one class only, 1.0: there is nothing to tell"),
        ({"y": [0, 1, 2, 0]}, ValueError, "bce_with_logits, sample 2: target must be 0, 1 or"),
        ({"loss": "hinge"}, ValueError, "hinge, sample 0: hinge of one output takes targets -1"),
        ({"loss": "cross_entropy"}, ValueError, "cross_entropy, sample 0: needs one output for"),
        ({"y": [[0, 1]] * 4}, ValueError, "the model has 1 output, the target 2 numbers"),
        ({"loss": "huber"}, ValueError, "unknown loss 'huber': it is mse, .*hinge or a callable"),
        ({"optimizer": "sdg"}, ValueError, "unknown optimizer 'sdg': it is sgd, adam"),
        (
            {"optimizer": nn.SGD(nn.MLP(2, [1]).parameters())},
            ValueError,
            r"the optimizer holds none of the model's parameters: .* SGD\(model.parameters\(\)",
        ),
        ({"schedule": "up"}, ValueError, "unknown schedule 'up': it is constant, linear"),
        (
            {"schedule": lambda k: -1.0},
            ValueError,
            "schedule's factor must be finite and at least 0",
        ),
        ({"lr": 0}, ValueError, "lr must be finite and above 0, got 0"),
        ({"lr": -0.1}, ValueError, "lr must be finite and above 0, got -0.1"),
        ({"lr": "fast"}, TypeError, "lr must be a number, got 'fast'"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"l2": -1.0}, ValueError, "l2 must be"),
        ({"clip": 0.0}, ValueError, "clip must be finite and above 0, got 0"),
        ({"validation": 0.01}, ValueError, "validation=0.01 of 4 samples holds out 0"),
        ({"validation": 1.5}, ValueError, "validation must be at least 0 and below 1, got 1.5"),
        ({"validation": ([[1.0]],)}, ValueError, r"validation must be a share or \(X, y\)"),
        ({"validation": ([[1.0]], [0])}, ValueError, "takes 2 inputs, got 1"),
        ({"validation": ([[1.0, 1.0]], [2])}, ValueError, "bce_with_logits, sample 0: target"),
        ({"patience": 0}, ValueError, "patience must be at least 1"),
        ({"tolerance": -1.0}, ValueError, "tolerance must be"),
        ({"progress": "yes"}, TypeError, "progress must be True or False, got 'yes'"),
        ({"callbacks": None}, TypeError, "callback is called with model and history, got None"),
        ({"callbacks": ["f"]}, TypeError, "callback is called with model and history, got 'f'"),
        ({"rng": 0.5}, TypeError, "rng must be a random.Random"),
    ],
)
def test_bad_input_is_named_before_anything_changes(change, error, message):
    model = small()
    before = model.state_dict()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    arguments = {"X": XOR, "y": [0, 1, 1, 0], "loss": "bce_with_logits", "lr": 0.5}
    arguments |= {"optimizer": optimizer, **change}
    with pytest.raises(error, match=message):
        nn.fit(model, arguments.pop("X"), arguments.pop("y"), **arguments)
    assert model.state_dict() == before
    assert optimizer.lr == 0.1 or "schedule" in change  # its factors are asked for on the way


@pytest.mark.parametrize("model", [None, abs, nn.MLP, [nn.MLP(2, [1])]])
def test_what_is_no_model_is_named(model):
    with pytest.raises(TypeError, match="a callable with parameters\\(\\), got ") as caught:
        nn.fit(model, *blobs())
    assert str(caught.value).endswith(repr(model)[:80])


def test_inside_no_grad_there_is_nothing_to_learn_from():
    with no_grad(), pytest.raises(RuntimeError, match=r"no_grad\(\) switches off"):
        nn.fit(small(), *blobs(), epochs=1)
