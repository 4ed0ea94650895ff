"""`nn.train_step`: a loop of one's own gives the numbers of the eager loop."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn.training.own_loop import TrainStep

pytest.importorskip("numpy")

OPTIMIZERS: dict[str, Callable[[list[Value]], nn.Optimizer]] = {
    "sgd": lambda ps: nn.SGD(ps, lr=0.05),
    "momentum": lambda ps: nn.SGD(ps, lr=0.05, momentum=0.9),
    "nesterov": lambda ps: nn.SGD(ps, lr=0.05, momentum=0.9, nesterov=True),
    "sgd with decay": lambda ps: nn.SGD(ps, lr=0.05, weight_decay=0.01),
    "adam": lambda ps: nn.Adam(ps, lr=0.02),
    "adam with decay": lambda ps: nn.Adam(ps, lr=0.02, weight_decay=0.01),
    "adamw": lambda ps: nn.AdamW(ps, lr=0.02),
    "rmsprop": lambda ps: nn.RMSprop(ps, lr=0.01),
    "rmsprop with momentum": lambda ps: nn.RMSprop(ps, lr=0.01, momentum=0.5),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clip": {"clip": 0.3},
    "schedule": {"schedule": nn.schedules.cosine(60)},
}


class Words:
    """A model of documents: lists of words of different lengths, each word a row of a table."""

    def __init__(self, size: int = 6, width: int = 4) -> None:
        rng = random.Random(1)
        self.table = [
            [Value(rng.gauss(0, 0.5), f"w{i}{j}") for j in range(width)] for i in range(size)
        ]
        self.bias = [Value(0.0, f"b{i}") for i in range(size)]

    def parameters(self) -> list[Value]:
        return [x for row in self.table for x in row] + self.bias

    def loss(self, words: list[int]) -> Any:
        losses = []
        for word, following in pairwise(words):
            row = autograd.take(self.table, word)
            logits = [autograd.dot(row, r) + b for r, b in zip(self.table, self.bias, strict=True)]
            losses.append(-autograd.take(autograd.log_softmax(logits), following))
        return autograd.mean(losses)


def documents(count: int = 60) -> list[list[int]]:
    rng = random.Random(2)
    return [[rng.randrange(6) for _ in range(rng.randint(3, 6))] for _ in range(count)]


def eager_run(
    model: Words, optimizer: nn.Optimizer, clip: float | None = None, schedule: Any = None
) -> list[float]:
    losses, lr = [], optimizer.lr
    for k, document in enumerate(documents()):
        optimizer.lr = lr * (schedule(k) if schedule else 1.0)
        optimizer.zero_grad()
        loss = model.loss(document)
        loss.backward()
        if clip:
            nn.clip_gradients(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.data)
    optimizer.lr = lr
    return losses


def runs() -> Iterator[Any]:
    """Every optimizer and all settings; each with each, on both backends, among the slow tests."""
    for i, name in enumerate(OPTIMIZERS):
        for k, settings in enumerate(SETTINGS):
            for j, backend in enumerate(["numpy", "llvm"]):
                is_fast = i % len(SETTINGS) == k and i % 2 == j
                marks = () if is_fast else pytest.mark.slow
                yield pytest.param(name, settings, backend, marks=marks)


@pytest.mark.parametrize(("name", "settings", "backend"), [*runs()])
def test_the_numbers_are_those_of_the_eager_loop(name: str, settings: str, backend: str) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    slow, fast = Words(), Words()
    its = OPTIMIZERS[name](slow.parameters())
    expected = eager_run(slow, its, **SETTINGS[settings])
    optimizer = OPTIMIZERS[name](fast.parameters())
    loss = autograd.compile(fast.loss, backend=backend)
    with nn.train_step(loss, optimizer, **SETTINGS[settings]) as step:
        found = [step(document) for document in documents()]
    assert found == pytest.approx(expected, rel=1e-9)
    for p, q in zip(slow.parameters(), fast.parameters(), strict=True):
        assert (p.data, p.grad) == pytest.approx((q.data, q.grad), rel=1e-9, abs=1e-11)
    state, other = optimizer.state_dict(), its.state_dict()
    assert state["steps"] == other["steps"] == 60
    for slot, column in state["memory"].items():
        assert column == pytest.approx(other["memory"][slot], rel=1e-8, abs=1e-11)
    assert optimizer.lr == its.lr


def step_of(loss: Callable[..., Any] | None = None) -> tuple[Value, TrainStep]:
    w = Value(1.0, "w")
    return w, nn.train_step(loss or (lambda x: (w - x) ** 2), nn.SGD([w], lr=0.25))


def test_parameters_are_written_at_sync_and_at_the_end() -> None:
    w, step = step_of()
    with step:
        assert step(3.0) == 4.0
        assert w.data == 1.0
        step.sync()
        assert (w.data, w.grad) == (2.0, -4.0)
        step.sync()
        assert step(3.0) == 1.0
        assert w.data == 2.0
    assert w.data == 2.5
    with step:  # again, from where it ended
        assert step(3.0) == 0.25
    assert step.count == 3


def test_after_sync_a_parameter_may_be_changed() -> None:
    w, step = step_of()
    with step:
        step(3.0)
        step.sync()
        w.data = 5.0
        assert step(3.0) == 4.0
    assert w.data == 4.0
    with step:
        step.sync()
        w.data = 7.0
    assert w.data == 7.0


def changed_by_hand(w: Value, step: TrainStep, end: Callable[[], Any]) -> None:
    with step:
        step(3.0)
        w.data = 9.0
        end()


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("leave", ["sync", "end"])
def test_a_change_by_hand_is_an_error_and_the_trained_number_stays(leave: str) -> None:
    w, step = step_of()
    with pytest.raises(RuntimeError, match=r"'w' was set to 9\.0 .*call step\.sync\(\) before"):
        changed_by_hand(w, step, step.sync if leave == "sync" else lambda: None)
    assert w.data == 2.0


def test_an_exception_keeps_what_was_trained_and_is_the_one_that_is_raised() -> None:
    w, step = step_of()
    with pytest.raises(KeyboardInterrupt):
        changed_by_hand(w, step, interrupt)
    assert w.data == 2.0


def test_an_error_of_an_operation_is_that_of_eager_code_and_makes_no_step() -> None:
    w = Value(1.0, "w")
    optimizer = nn.SGD([w], lr=2.0)
    with nn.train_step(lambda: autograd.log(w), optimizer) as step:
        assert step() == 0.0
        with pytest.raises(ValueError, match=r"log\(w\): needs x > 0, got -1\.0"):
            step()
        assert step.count == optimizer.steps == 1
    assert w.data == -1.0


def test_what_is_not_finite_goes_on_as_in_eager_code() -> None:
    w, step = step_of(lambda x: w * x)
    with step:
        assert step(math.inf) == math.inf
    assert w.data == -math.inf


def test_several_results_are_returned_and_the_first_is_minimized() -> None:
    w, step = step_of(lambda x: {"loss": (w - x) ** 2, "w": w * 1.0})
    with step:
        assert step(3.0) == {"loss": 4.0, "w": 1.0}
    assert w.data == 2.0


def test_only_the_optimizer_s_parameters_are_trained() -> None:
    w, v = Value(1.0), Value(2.0)
    with nn.train_step(lambda: w * v, nn.SGD([v], lr=1.0)) as step:
        assert (step(), step()) == (2.0, 1.0)
        w.data = 3.0  # it is read at each step
        assert step() == 0.0
    assert (w.data, v.data, w.grad) == (3.0, -3.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda w, step: step(1.0), RuntimeError, "works inside its block"),
        (lambda w, step: step.sync(), RuntimeError, "works inside its block"),
        (lambda w, step: step.__enter__().__enter__(), RuntimeError, "open for the same param"),
        (
            lambda w, step: nn.train_step(abs, [w]),
            TypeError,
            r"^train_step takes an optimizer, such as nn\.Adam\(model\.parameters\(\)\), got \[",
        ),
        (lambda w, step: nn.train_step(abs, nn.SGD([w]), clip=0), ValueError, "clip"),
        (
            lambda w, step: nn.train_step(abs, nn.SGD([w]), schedule="cosine"),
            TypeError,
            "such as nn.schedules.cosine",
        ),
        (
            lambda w, step: nn.train_step(abs, nn.SGD([w]), schedule=nn.schedules.cosine),
            TypeError,
            "such as nn.schedules.cosine",
        ),
        (lambda w, step: nn.train_step(1.0, nn.SGD([w])), TypeError, "takes a function, got 1.0"),
    ],
)
def test_bad_use_is_one_sentence(wrong: Any, error: type[Exception], message: str) -> None:
    w, step = step_of()
    try:
        with pytest.raises(error, match=message):
            wrong(w, step)
    finally:
        if step._step is not None:
            step.__exit__(None, None, None)
    assert w.data == 1.0


def test_a_loss_without_the_parameters_is_named() -> None:
    v = Value(2.0)
    _, step = step_of(lambda x: v * x)
    with pytest.raises(ValueError, match="uses none of the 1 parameters"), step:
        step(1.0)


def test_a_block_with_other_parameters_may_be_inside() -> None:
    w, step = step_of()
    v, other = step_of()
    with step, other:
        step(3.0)
        other(3.0)
    assert (w.data, v.data) == (2.0, 2.0)


def test_a_parameter_that_is_nan_is_no_change_by_hand() -> None:
    w, step = step_of(lambda x: w * x)
    w.data = math.nan
    with step:
        step(1.0)
        step.sync()
        step(1.0)
    assert math.isnan(w.data)


def test_other_parameters_of_the_optimizer_inside_are_refused_and_nothing_is_lost() -> None:
    w, step = step_of()
    with step:
        step(3.0)
        step.optimizer.parameters.append(Value(1.0))
        with pytest.raises(RuntimeError, match="got other parameters inside the block"):
            step(3.0)
    assert w.data == 2.0


def test_a_parameter_without_a_number_is_named() -> None:
    w: Any
    w, step = step_of()
    with step:
        step.sync()
        w.data = "a"
        with pytest.raises(TypeError, match="is a float, got 'a' in the one 'w'"):
            step(3.0)
        w.data = 5.0
    w.data = "a"
    with pytest.raises(TypeError, match="got 'a' in the one 'w'"), step:
        pass


@pytest.mark.parametrize("thing", ["a", None, 2j])
def test_what_is_no_number_is_named(thing: Any) -> None:
    w, step = step_of(lambda x: w * x[0])
    with pytest.raises(TypeError) as caught, step:
        step([thing, "b"])
    assert caught.value.__notes__[0] == f"<lambda> was given {thing!r}, which is no number"
    assert w.data == 1.0
