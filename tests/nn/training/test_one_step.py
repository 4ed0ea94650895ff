"""`nn.train_step` in machine code: the numbers of Python's steps, to the last bit without clip."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn.training.flat_parameters import FlatParameters
from nn.training.one_step import MAX_FORMULAS
from nn.training.own_loop import TrainStep

pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

Kind = type[nn.Optimizer]
OPTIMIZERS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "sgd": (nn.SGD, {"lr": 0.05}),
    "momentum": (nn.SGD, {"lr": 0.05, "momentum": 0.9}),
    "nesterov": (nn.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "sgd with decay": (nn.SGD, {"lr": 0.05, "weight_decay": 0.01}),
    "adam": (nn.Adam, {"lr": 0.02}),
    "adam with decay": (nn.Adam, {"lr": 0.02, "weight_decay": 0.01}),
    "adamw": (nn.AdamW, {"lr": 0.02}),
    "rmsprop": (nn.RMSprop, {"lr": 0.01}),
    "rmsprop with momentum": (nn.RMSprop, {"lr": 0.01, "momentum": 0.5}),
}


@pytest.fixture
def by_python(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """Return a list that gets longer with each step that Python makes."""
    steps: list[None] = []
    advance = FlatParameters.advance

    def counted(vector: FlatParameters) -> None:
        steps.append(None)
        advance(vector)

    monkeypatch.setattr(FlatParameters, "advance", counted)
    return steps


def native(loss: Callable[..., Any]) -> Callable[..., Any]:
    """Return the loss in machine code, from the first call on."""
    compiled: Callable[..., Any] = autograd.compile(loss, backend="llvm")
    return compiled


def step_of(loss: Callable[[Value], Any] | None = None, **settings: Any) -> tuple[Value, TrainStep]:
    w = Value(1.0, "w")
    by_w = loss or (lambda w: (w - 3.0) ** 2)
    return w, nn.train_step(native(lambda *x: by_w(w, *x)), nn.SGD([w], lr=0.25), **settings)


class Run:
    """Steps of one optimizer for a loss with branches, indexes and numbers as arguments."""

    def __init__(self, name: str, n: int, is_native: bool, **settings: Any) -> None:
        kind, given = OPTIMIZERS[name]
        if not is_native:  # a class that does not say that it is a formula
            kind = type("Python" + kind.__name__, (kind,), {})
        rng = random.Random(n)
        self.parameters = [Value(rng.uniform(0.3, 1.5), f"w{i}") for i in range(n)]
        self.optimizer = kind(self.parameters, **given)
        self.step = nn.train_step(native(self.loss), self.optimizer, **settings)
        self.losses: list[Any] = []

    def loss(self, x: float, i: int) -> Any:
        w = self.parameters
        chosen = autograd.take(w, i)
        first = (w[0] * x - chosen) ** 2 if x > 0.0 else autograd.log(chosen * chosen + 1.0) * w[1]
        return {"loss": first + 0.1 * w[2] * w[2], "chosen": chosen * 1.0, "count": 2}

    def steps(self, count: int, seed: int = 0) -> None:
        rng, n = random.Random(seed), len(self.parameters)
        for _ in range(count):
            self.losses.append(self.step(rng.uniform(-1.0, 1.0), rng.randrange(n)))

    def numbers(self) -> list[float]:
        """Return all that was trained, and the losses on the way."""
        state = self.optimizer.state_dict()
        columns = [x for column in state["memory"].values() for x in column]
        losses = [x for found in self.losses for x in found.values()]
        ends = [x for p in self.parameters for x in (p.data, p.grad)]
        return [*losses, *ends, *columns, state["steps"], state["lr"]]


def both_runs(
    name: str, n: int, loop: Callable[[Run], None], **settings: Any
) -> tuple[list[float], list[float]]:
    """Return the numbers of a loop with steps in machine code, and with steps by Python."""
    runs = [Run(name, n, is_native, **settings) for is_native in (True, False)]
    for run in runs:
        with run.step:
            loop(run)
    found, expected = [run.numbers() for run in runs]
    return found, expected


@pytest.mark.parametrize("n", [3, 17])  # what is remembered is a list, and an array
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_numbers_are_those_of_steps_by_python(name: str, n: int, by_python: list[None]) -> None:
    found, expected = both_runs(name, n, lambda run: run.steps(40))
    assert found == expected
    assert len(by_python) == 40  # those of the second run


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop with momentum"])
def test_clip_and_schedule(name: str, by_python: list[None]) -> None:
    settings = {"clip": 0.3, "schedule": nn.schedules.cosine(30)}
    found, expected = both_runs(name, 17, lambda run: run.steps(30), **settings)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert len(by_python) == 30


def other_settings(run: Run) -> None:
    """Change the settings of the optimizer between steps, in all ways."""
    optimizer: Any = run.optimizer
    optimizer.betas = [0.9, 0.999]
    run.steps(3, 1)
    optimizer.lr = 0.1
    run.steps(3, 2)
    optimizer.betas[0] = 0.5  # the same list
    run.steps(3, 3)
    optimizer.weight_decay = 0.02
    run.steps(3, 4)
    optimizer.weight_decay = optimizer.lr = 0.0
    run.steps(3, 5)
    optimizer.lr = 1
    run.steps(3, 6)
    optimizer.steps = 0
    run.steps(3, 7)
    state = optimizer.state_dict()
    run.steps(3, 8)
    optimizer.load_state_dict(state)
    run.steps(3, 9)
    run.step.sync()
    run.parameters[1].data = 0.7
    run.steps(3, 10)


@pytest.mark.parametrize("n", [3, 17])
def test_settings_that_change_between_steps(n: int, by_python: list[None]) -> None:
    found, expected = both_runs("adam", n, other_settings)
    assert found == expected
    assert len(by_python) == 30


def test_a_schedule_that_comes_to_0(by_python: list[None]) -> None:
    schedule = lambda k: float(k % 3)  # noqa: E731  # short
    found, expected = both_runs("adam", 17, lambda run: run.steps(30), schedule=schedule)
    assert found == expected
    assert len(by_python) == 30


@pytest.mark.parametrize("wrong", ["a", None, 10**400])
def test_a_learning_rate_that_is_no_number_makes_no_step(wrong: Any) -> None:
    w, step = step_of()
    optimizer: Any = step.optimizer
    with step:
        assert step() == 4.0
        optimizer.lr = wrong
        for _ in range(2):
            with pytest.raises((TypeError, OverflowError)):
                step()
        optimizer.lr = 0.25
        assert step() == 1.0
        assert step.count == optimizer.steps == 2
    assert w.data == 2.5


def test_more_formulas_than_machine_code_is_made_for(by_python: list[None]) -> None:
    def loop(run: Run) -> None:
        for i in range(MAX_FORMULAS + 2):
            setattr(run.optimizer, f"note{i}", "a setting")
            run.steps(2, i)

    found, expected = both_runs("adam", 3, loop)
    assert found == expected
    assert len(by_python) == 2 * (MAX_FORMULAS + 2) + 4


def test_the_optimizer_is_as_after_each_step_also_before_sync() -> None:
    slow, fast = Run("adam", 17, False), Run("adam", 17, True)
    with slow.step, fast.step:
        for i in range(5):
            for run in (slow, fast):
                run.steps(1, i)
            assert fast.optimizer.state_dict() == slow.optimizer.state_dict()
            assert fast.optimizer.steps == i + 1


def test_what_sync_gave_is_not_changed_by_later_steps() -> None:
    run = Run("adam", 17, True)
    with run.step:
        run.steps(3)
        run.step.sync()
        state, memory = run.optimizer.state_dict(), run.optimizer.remembered()
        run.steps(3)
        assert [column.tolist() for column in memory] == [*state["memory"].values()]
    memory = run.optimizer.remembered()
    state = run.optimizer.state_dict()
    with run.step:
        run.steps(3)
    assert [column.tolist() for column in memory] == [*state["memory"].values()]


def test_an_error_of_an_operation_makes_no_step_and_the_next_one_goes_on() -> None:
    w, step = step_of(lambda w, x: autograd.log(w * x))
    with step:
        assert step(1.0) == 0.0
        with pytest.raises(ValueError, match=r"log\(.*\): needs x > 0, got -0\.75"):
            step(-1.0)
        assert (step.count, step.optimizer.steps) == (1, 1)
        assert step(1.0) == math.log(0.75)
        with pytest.raises(ValueError, match="needs x > 0"):
            step(-1.0)
    assert (w.data, w.grad) == (0.75 - 0.25 / 0.75, 1 / 0.75)  # of the last step that was made


def test_numbers_that_are_not_finite_go_on_as_by_python(by_python: list[None]) -> None:
    w, step = step_of(lambda w, x: w * x)
    with step:
        assert step(1.0) == 1.0
        assert not by_python
        assert step(math.inf) == math.inf
        assert step(1.0) == -math.inf
        assert math.isnan(step(0.0))
    assert w.data == -math.inf
    assert len(by_python) == 3


def test_branches_without_arguments_and_parameters_of_one_branch(by_python: list[None]) -> None:
    ends = []
    for kind in (nn.SGD, type("Python", (nn.SGD,), {})):
        w, v, u = Value(2.0), Value(1.0), Value(3.0)

        def loss(w: Value = w, v: Value = v, u: Value = u) -> Any:
            return w * w if w * 2.0 > v else v * v - w + 0.1 * u

        optimizer = kind([w, v, u], lr=0.1, momentum=0.5, weight_decay=0.1)
        with nn.train_step(native(loss), optimizer) as step:
            losses = [step() for _ in range(40)]
        ends.append((losses, [(p.data, p.grad) for p in (w, v, u)], optimizer.state_dict()))
    assert ends[0] == ends[1]
    assert len(by_python) == 40


def test_a_parameter_that_is_only_compared(by_python: list[None]) -> None:
    w, v = Value(1.0, "w"), Value(1.0, "v")
    loss = lambda: v * v if w > 0.5 else v * 3.0  # noqa: E731  # short
    with nn.train_step(native(loss), nn.SGD([w, v], lr=0.1, weight_decay=1.0)) as step:
        for k in range(10):
            step.sync()
            is_above = 0.9**k > 0.5
            assert step() == pytest.approx(v.data * v.data if is_above else v.data * 3.0)
    assert w.data == pytest.approx(0.9**10)
    assert not by_python


def test_a_loss_with_other_values_is_stepped_by_python(by_python: list[None]) -> None:
    v = Value(2.0)
    w, step = step_of(lambda w: w * v)
    with step:
        assert step() == 2.0
        v.data = 4.0  # it is read at each step
        assert step() == 2.0
    assert w.data == 1.0 - 0.5 - 1.0
    assert len(by_python) == 2


def test_a_parameter_as_an_argument(by_python: list[None]) -> None:
    w, v = Value(1.0), Value(2.0)
    with nn.train_step(native(lambda x: x * x), nn.SGD([w, v], lr=0.25)) as step:
        assert [step(x) for x in (w, v, w, v)] == [1.0, 4.0, 0.25, 1.0]
    assert (w.data, v.data) == (0.25, 0.5)
    assert len(by_python) == 4


def test_rows_of_any_number(by_python: list[None]) -> None:
    import numpy as np

    w, step = step_of(
        lambda w, xs: autograd.mean(autograd.vmap(lambda x: (w - x) ** 2)(xs)), clip=1e6
    )
    with step:
        for n in (2, 3, 2, 4):
            step.sync()
            xs = np.arange(n, dtype=float)
            assert step(xs) == pytest.approx(((w.data - xs) ** 2).mean(), rel=1e-14)
    assert not by_python


def test_without_machine_code_it_is_python(by_python: list[None]) -> None:
    w = Value(1.0)
    loss = autograd.compile(lambda: (w - 3.0) ** 2, backend="numpy")
    with nn.train_step(loss, nn.SGD([w], lr=0.25)) as step:
        assert (step(), step()) == (4.0, 1.0)
    assert len(by_python) == 2


def test_machine_code_begins_when_it_pays(by_python: list[None]) -> None:
    w = Value(1.0)
    with nn.train_step(lambda: w * w, nn.SGD([w], lr=1e-3)) as step:
        losses = [step() for _ in range(150)]
    assert len(by_python) == 100
    assert losses == pytest.approx([0.998 ** (2 * k) for k in range(150)], rel=1e-12)


def test_two_threads_lose_no_step() -> None:
    w, step = step_of(lambda w: w * 1.0)
    with step:
        step()
        threads = [Thread(target=lambda: [step() for _ in range(400)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert w.data == 1.0 - 0.25 * 801


def test_blocks_inside_each_other(by_python: list[None]) -> None:
    (w, step), (v, other) = step_of(), step_of()
    with step, other:
        assert [f() for f in (step, other, step, other)] == [4.0, 4.0, 1.0, 1.0]
    assert (w.data, v.data) == (2.5, 2.5)
    assert not by_python
