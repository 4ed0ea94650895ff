"""The steps of an epoch in machine code are those of Python, and it stops where Python has to."""

from __future__ import annotations

import itertools
import math
import os
import random
import signal
import threading
import time
import warnings
from typing import Any

import pytest

import nn
from autograd import Value
from nn.losses import LOSSES
from nn.training import epoch_steps, one_sample

from .data import blobs

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

EPOCHS = 20
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "betas": (0.0, 0.0), "eps": 1e-3}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.0}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1}),
]
TWO_OUTPUTS = ("cross_entropy", "nll", "gaussian_nll", "laplace_nll")


class Probability(nn.Module):
    """A network whose output is a probability."""

    def __init__(self, network: nn.MLP) -> None:
        self.network = network

    def __call__(self, x: Any) -> Any:
        return self.network(x).sigmoid()


class Counted(epoch_steps.EpochSteps):
    """Counts the steps that machine code has made."""

    made = 0

    def _in_machine_code(self, *args: Any) -> Any:
        found = super()._in_machine_code(*args)
        Counted.made += len(found)
        return found


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """All trainings use machine code, however short they are."""
    from nn.training import steps

    monkeypatch.setattr(one_sample, "backend_for", lambda count: "llvm")
    monkeypatch.setattr(steps, "EpochSteps", Counted)
    Counted.made = 0


def sizes_of_steps(samples: int, batch: int, epochs: int) -> int:
    return epochs * math.ceil(samples / batch)


def trained(
    loss: str | None = None, optimizer: Any = "adam", n: int = 40, outputs: int = 1, **more: Any
) -> tuple[nn.History, list[float], Any]:
    X, y = blobs(n)
    targets: list[Any] = y
    if loss == "hinge":
        targets = [2 * t - 1 for t in y]
    if loss in ("mse", "huber"):
        targets = [math.sin(x[0]) for x in X]
    model: nn.Module = nn.MLP(2, [7, outputs], "tanh", rng=3)
    if loss == "bce":
        model = Probability(model)
    if isinstance(optimizer, tuple):
        kind, settings = optimizer
        optimizer = getattr(nn, kind)(model.parameters(), **settings)
    settings = {"epochs": EPOCHS, "batch_size": 16, "rng": 1, **more}
    history = nn.fit(model, X, targets, loss=loss, optimizer=optimizer, **settings)
    return history, [p.data for p in model.parameters()], optimizer


def assert_same(one: Any, other: Any) -> None:
    (history, weights, _), (expected, expected_weights, _) = one, other
    for name, values in expected.curves():
        assert dict(history.curves())[name] == pytest.approx(values, rel=1e-9, abs=1e-12), name
    assert weights == pytest.approx(expected_weights, rel=1e-9, abs=1e-12)
    assert history.stopped == expected.stopped


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimizer_steps_as_it_does_on_the_graph(optimizer: Any) -> None:
    found = trained(optimizer=optimizer)
    assert Counted.made >= sizes_of_steps(40, 16, EPOCHS) - 2  # all but the first
    expected = trained(optimizer=optimizer, compiled=False)
    assert_same(found, expected)
    one, other = found[2].state_dict(), expected[2].state_dict()
    assert one["steps"] == other["steps"] == 3 * EPOCHS
    for name, column in other["memory"].items():
        assert one["memory"][name] == pytest.approx(column, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_is_the_same(loss: str) -> None:
    kinds = {"outputs": 1 + (loss in TWO_OUTPUTS), "l2": 1e-3, "clip": 0.5}
    assert_same(trained(loss, **kinds), trained(loss, compiled=False, **kinds))
    assert Counted.made > 2 * EPOCHS


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("n", [3, 50])
def test_a_formula_steps_as_the_optimizer_does_with_changing_settings(
    optimizer: Any, n: int
) -> None:
    """The machine code of a sum of squares, 200 steps, against `Optimizer.advance` to the bit."""
    import autograd

    kind, settings = optimizer
    rng = random.Random(0)
    parameters = [Value(rng.gauss(0, 1)) for _ in range(n)]
    one = getattr(nn, kind)(parameters, **settings)
    other = getattr(nn, kind)(parameters, **settings)
    flat = autograd.flat_function(
        autograd.compile(
            lambda xs: autograd.mean(
                autograd.vmap(lambda x: autograd.sum([(p - x) ** 2 for p in parameters]))(xs)
            ),
            backend="llvm",
        ),
        parameters,
    )
    rows = np.array([rng.gauss(0, 1) for _ in range(200)])
    theta = expected = flat.numbers()
    flat(theta, rows[:1])
    for start in range(0, 200, 20):
        one.lr = other.lr = 0.01 + 0.001 * start
        formula = one.formula()
        step = flat.native_steps(formula, len(formula.settings), len(one.slots))
        found = step(one.state(theta), [rows[start : start + 20]], [1] * 20, formula.settings)
        assert len(found) == 20
        theta = step.state[0].copy()
        one.go_on(20, step.state[1:])
        for i in range(start, start + 20):
            _, gradient = flat(expected, rows[i : i + 1])
            expected = other.advance(expected, gradient)
        assert theta.tolist() == expected.tolist()
    assert one.state_dict() == other.state_dict()


@pytest.mark.parametrize("more", [{"clip": 0.05}, {"schedule": "cosine"}, {"shuffle": False}])
def test_clipping_schedules_and_order(more: dict[str, Any]) -> None:
    assert_same(trained(**more), trained(compiled=False, **more))


@pytest.mark.parametrize(("n", "batch"), [(33, 16), (40, 1), (40, None), (20, 64), (40, 39)])
def test_batches_of_all_sizes(n: int, batch: int | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a batch that is larger than the data
        more = {"n": n, "batch_size": batch, "epochs": 20}
        assert_same(trained(**more), trained(compiled=False, **more))
    assert Counted.made == sizes_of_steps(n, min(batch or n, n), 20) - 1


def test_early_stopping_validation_and_callbacks_see_the_weights_of_their_epoch() -> None:
    def run(**more: Any) -> Any:
        seen: list[Any] = []

        def look(model: Any, history: nn.History) -> None:
            p = model.parameters()[0]
            seen.append((p.data, p.grad, len(history.loss)))
            if len(seen) == 5:
                p.data += 0.5  # the next epoch goes on from here

        found = trained(
            callbacks=look, epochs=50, validation=0.25, patience=8, tolerance=1e-3, lr=0.05, **more
        )
        return found, seen

    (found, seen), (expected, expected_seen) = run(), run(compiled=False)
    assert_same(found, expected)
    assert [x for row in seen for x in row] == pytest.approx(
        [x for row in expected_seen for x in row], rel=1e-9, abs=1e-12
    )
    assert "no longer improving" in found[0].stopped
    assert Counted.made > 20


def test_settings_that_a_callback_changes_count_from_the_next_epoch_on() -> None:
    def run(**more: Any) -> Any:
        model = nn.MLP(2, [7, 1], "tanh", rng=3)
        optimizer = nn.SGD(model.parameters(), lr=0.1)

        def change(model: Any, history: nn.History) -> None:
            epoch = len(history.loss)
            optimizer.momentum = 0.9 if epoch > 3 else 0.0
            optimizer.weight_decay = 0.01 * (epoch > 6)

        X, y = blobs()
        history = nn.fit(
            model, X, y, optimizer=optimizer, epochs=10, batch_size=8, rng=0, callbacks=change,
            **more,
        )  # fmt: skip
        return history, [p.data for p in model.parameters()], optimizer

    assert_same(run(), run(compiled=False))
    assert Counted.made == 49


@pytest.mark.parametrize("lr", [1e3, 1e200])
def test_a_training_diverges_at_the_same_step_with_the_same_words(lr: float) -> None:
    def run(**more: Any) -> Any:
        with pytest.warns(RuntimeWarning, match="diverged at step") as caught:
            found = trained("mse", optimizer="sgd", lr=lr, **more)
        return found, [str(w.message) for w in caught]

    (found, said), (expected, expected_said) = run(), run(compiled=False)
    assert said == expected_said
    assert found[0].stopped == expected[0].stopped
    assert found[1] == pytest.approx(expected[1], rel=1e-9)


def test_a_gradient_of_zero_and_a_batch_of_ties_take_the_same_steps() -> None:
    X, y = blobs()
    for w in (0.0, 100.0):  # relu at 0 exactly, and all margins kept: no gradient

        def run(w: float = w, **more: Any) -> Any:
            model = nn.MLP(2, [3, 1], "relu", rng=0)
            for p in model.parameters():
                p.data *= w
            targets = [2 * t - 1 for t in y]
            history = nn.fit(model, X, targets, loss="hinge", epochs=5, batch_size=8, rng=0, **more)
            return history, [p.data for p in model.parameters()], None

        assert_same(run(), run(compiled=False))


def test_an_optimizer_of_ones_own_is_stepped_by_python() -> None:
    class Signs(nn.SGD):
        def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
            return theta - self.lr * np.sign(grad), *memory

    def run(**more: Any) -> Any:
        model = nn.MLP(2, [7, 1], "tanh", rng=3)
        X, y = blobs()
        optimizer = Signs(model.parameters(), lr=0.01)
        history = nn.fit(model, X, y, optimizer=optimizer, epochs=5, batch_size=8, rng=0, **more)
        return history, [p.data for p in model.parameters()], None

    assert_same(run(), run(compiled=False))
    assert Counted.made == 0


def test_an_optimizer_of_some_parameters_is_stepped_by_python() -> None:
    def run(**more: Any) -> Any:
        model = nn.MLP(2, [7, 1], "tanh", rng=3)
        X, y = blobs()
        optimizer = nn.Adam(model.parameters()[-8:])
        history = nn.fit(model, X, y, optimizer=optimizer, epochs=5, batch_size=8, rng=0, **more)
        return history, [p.data for p in model.parameters()], None

    assert_same(run(), run(compiled=False))
    assert Counted.made == 0


def test_the_same_training_has_the_same_bits_however_the_steps_are_divided() -> None:
    found = [trained(n=200, batch_size=2, epochs=4)]
    for most, numbers in itertools.product((1, 3), (1, 50)):

        class Few(Counted):
            def _in_machine_code(self, *args: Any, most: int = most) -> Any:
                self._most = min(self._most, most)
                return super()._in_machine_code(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nn.training.steps.EpochSteps", Few)
            patch.setattr(epoch_steps, "MAX_NUMBERS", numbers)
            found.append(trained(n=200, batch_size=2, epochs=4))
    first = found[0]
    assert all(x[1] == first[1] and x[0].loss == first[0].loss for x in found)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_ends_an_epoch_of_many_batches_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.MLP(2, [16, 16, 1], "tanh", rng=0)
    X, y = blobs(20_000)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    before = [p.data for p in model.parameters()]
    calls: list[float] = []

    class Timed(Counted):
        def _in_machine_code(self, *args: Any) -> Any:
            started = time.thread_time()
            found = super()._in_machine_code(*args)
            calls.append(time.thread_time() - started)
            if len(found) and not timer.ident:
                timer.start()
            return found

    monkeypatch.setattr("nn.training.steps.EpochSteps", Timed)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # some shells ignore it
    try:
        with pytest.warns(RuntimeWarning, match="interrupted"):
            history = nn.fit(model, X, y, epochs=100, batch_size=1, optimizer="adam", rng=0)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert "interrupted at step" in history.stopped
    assert [p.data for p in model.parameters()] != before
    assert Counted.made > 100
    assert sorted(calls)[-2] < 0.5  # not an epoch, nor the call that made the machine code


def test_trainings_of_several_batch_sizes_use_one_code(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograd.compiler import machine_code

    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    made: list[str] = []
    compiled = machine_code._compiled
    monkeypatch.setattr(
        machine_code, "_compiled", lambda ir, *rest: made.append(ir) or compiled(ir, *rest)
    )
    for batch_size in (16, 12, 9, 7, 40):
        found = trained(batch_size=batch_size, epochs=3)
        assert_same(found, trained(batch_size=batch_size, epochs=3, compiled=False))
        assert sum(["@body" in ir for ir in made]) == 1
    assert Counted.made >= sum([sizes_of_steps(40, size, 3) - 1 for size in (16, 12, 9, 7, 40)])
