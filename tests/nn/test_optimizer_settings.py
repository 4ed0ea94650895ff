"""Optimizers: their defaults, what their state holds, and steps by hand."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

import nn
from autograd import Constant, Value
from nn.optimizers import OPTIMIZERS, Optimizer, gradient_norm, optimizer_of

DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False},
    "adam": {"lr": 1e-3, "weight_decay": 0.0, "betas": (0.9, 0.999), "eps": 1e-8},
    "adamw": {"lr": 1e-3, "weight_decay": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8},
    "rmsprop": {"lr": 1e-2, "weight_decay": 0.0, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0},
}
MEMORY = {
    "sgd": ("velocity",),
    "adam": ("mean", "square"),
    "adamw": ("mean", "square"),
    "rmsprop": ("square", "velocity"),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_has_the_settings_the_steps_and_the_memory(name: str) -> None:
    optimizer = OPTIMIZERS[name]([Value(1.0), Value(2.0)])
    memory = {slot: [0.0, 0.0] for slot in MEMORY[name]}
    assert optimizer.state_dict() == {**DEFAULTS[name], "steps": 0, "memory": memory}
    optimizer.parameters[0].grad = 2.0
    optimizer.step()
    assert optimizer.state_dict()["steps"] == 1
    if name != "sgd":  # without momentum, SGD remembers nothing
        assert optimizer.state_dict()["memory"][MEMORY[name][-1 if name != "rmsprop" else 0]][0] > 0


@pytest.mark.parametrize(
    ("name", "change"), [("missing", lambda s: s.pop("lr")), ("more", lambda s: s.update(x=1))]
)
def test_a_state_with_less_or_more_in_it_is_refused(name: str, change: Any) -> None:
    adam = nn.Adam([Value(1.0)])
    state = adam.state_dict()
    change(state)
    with pytest.raises(ValueError, match=r"^not the state of Adam: it has \['betas', 'eps', "):
        adam.load_state_dict(state)
    state = nn.Adam([Value(1.0)]).state_dict()
    state["memory"] = {"square": [0.0], "mean": [0.0]}
    with pytest.raises(ValueError, match="not the state of Adam"):
        adam.load_state_dict(state)
    del state["memory"]
    with pytest.raises(ValueError, match="not the state of Adam"):
        adam.load_state_dict(state)


@pytest.mark.parametrize("count", [15, 16])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_of_few_and_of_many_parameters_is_the_formula(name: str, count: int) -> None:
    parameters = [Value(0.5 + i) for i in range(count)]
    optimizer = OPTIMIZERS[name](parameters, lr=0.25, weight_decay=0.5)
    for p in parameters:
        p.grad = 3.0
    optimizer.step()
    for i, p in enumerate(parameters):
        x = 0.5 + i
        g = 3.0 + 0.5 * x
        expected = {
            "sgd": x - 0.25 * g,
            "adam": x - 0.25 * g / (g + 1e-8),
            "adamw": x * (1 - 0.25 * 0.5) - 0.25 * 3.0 / (3.0 + 1e-8),
            "rmsprop": x - 0.25 * g / (math.sqrt(0.01 * g * g) + 1e-8),
        }[name]
        assert p.data == pytest.approx(expected, rel=1e-12)
        assert type(p.data) is float
    assert optimizer.steps == 1
    optimizer.zero_grad()
    assert [p.grad for p in parameters] == [0.0] * count


def test_infinite_steps_of_many_parameters_give_no_warning() -> None:
    parameters = [Value(1e308) for _ in range(16)]
    for p in parameters:
        p.grad = -1e308
    nn.SGD(parameters, lr=10.0, momentum=0.5).step()
    assert [p.data for p in parameters] == [math.inf] * 16


def test_what_is_no_parameter_is_named() -> None:
    for wrong in (0.5, Constant(1.0)):
        with pytest.raises(TypeError) as caught:
            nn.Adam([wrong])  # type: ignore[list-item]  # what is refused
        assert str(caught.value) == (
            f"an optimizer takes parameters, which are Values, got {wrong!r}"
        )
    with pytest.raises(ValueError, match=r"^RMSprop got no parameters$"):
        nn.RMSprop([])
    with pytest.raises(ValueError, match=r"^nesterov needs a momentum above 0$"):
        nn.SGD([Value(1.0)], nesterov=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"betas": (-0.1, 0.9)}, r"^betas\[0\] must be"),
        ({"betas": (0.9, 1.0)}, r"^betas\[1\] must be"),
        ({"eps": -1.0}, r"^eps must be"),
        ({"weight_decay": -1.0}, r"^weight_decay must be"),
        ({"lr": 0.0}, r"^lr must be"),
    ],
)
@pytest.mark.parametrize("kind", [nn.Adam, nn.AdamW])
def test_a_setting_out_of_its_range_is_named(kind: Any, settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind([Value(1.0)], **settings)


@pytest.mark.parametrize("setting", ["alpha", "momentum", "eps", "lr", "weight_decay"])
def test_a_setting_of_rmsprop_out_of_its_range_is_named(setting: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be"):
        nn.RMSprop([Value(1.0)], **{setting: -1.0})


def test_an_optimizer_by_name_or_as_it_is() -> None:
    x, y = Value(1.0), Value(2.0)
    made = optimizer_of("rmsprop", [x])
    assert (type(made), made.lr, made.parameters) == (nn.RMSprop, 1e-2, [x])
    assert optimizer_of("sgd", [x], 0.5).lr == 0.5
    own = nn.SGD([x, y], lr=0.25)
    assert optimizer_of(own, [y]) is own
    assert own.lr == 0.25
    assert optimizer_of(own, [x], 0.5).lr == 0.5
    with pytest.raises(ValueError, match=r"^lr must be"):
        optimizer_of(own, [x], 0.0)
    with pytest.raises(ValueError, match="none of the model's") as caught:
        optimizer_of(own, [Value(3.0)])
    assert str(caught.value) == (
        "the optimizer holds none of the model's parameters: make it with "
        "SGD(model.parameters(), ...)"
    )
    with pytest.raises(ValueError, match=r"'adem': it is sgd, adam, adamw, rmsprop or an Op"):
        optimizer_of("adem", [x])


def test_an_optimizer_of_ones_own_has_to_say_its_formula() -> None:
    class Sign(Optimizer):
        def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
            return (theta - self.lr * (1 if grad > 0 else -1),)

    x = Value(1.0)
    x.grad = -5.0
    Sign([x], lr=0.5).step()
    assert x.data == 1.5
    with pytest.raises(NotImplementedError):
        Optimizer([x], lr=0.5).step()


def test_gradients_are_only_shortened() -> None:
    parameters = [Value(0.0) for _ in range(2)]
    parameters[0].grad, parameters[1].grad = 3.0, 4.0
    assert nn.clip_gradients(parameters, 5.0 + 1e-6) == gradient_norm(parameters) == 5.0
    assert [p.grad for p in parameters] == [3.0, 4.0]
    assert nn.clip_gradients(iter(parameters), 2.5) == 5.0
    assert [p.grad for p in parameters] == pytest.approx([1.5, 2.0], rel=1e-6)
    assert parameters[0].grad == 3.0 * (2.5 / (5.0 + 1e-6))
    with pytest.raises(ValueError, match=r"^max_norm must be"):
        nn.clip_gradients(parameters, -1.0)


def test_roots_of_many_numbers_and_of_one_are_the_same_to_the_last_bit() -> None:
    rng = random.Random(0)
    together, alone = ([Value(0.0) for _ in range(20_000)] for _ in range(2))
    for a, b in zip(together, alone, strict=True):
        a.grad = b.grad = rng.uniform(0, 4)
    nn.RMSprop(together, eps=0.0).step()
    for b in alone:
        nn.RMSprop([b], eps=0.0).step()
    assert [a.data for a in together] == [b.data for b in alone]
