"""A graph whose operands changed since it was computed is not explained: one sentence says why."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import autograd
import nn
from autograd import Stepper, Value, explain, recompute, steps
from autograd.explaining.up_to_date import change, require_up_to_date

REMEDY = ": bring the graph up to date with autograd.recompute({0}), or compute {0} again"
LOOKS: dict[str, Callable[[Value], Any]] = {
    "steps": steps,
    "steps expanded": partial(steps, expand=True),
    "Stepper": Stepper,
    "Stepper with a mistake": partial(Stepper, mistake="overwrite"),
    "explain": lambda y: explain(y, y.parents[0]),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_steps_and_explanations_of_an_outdated_graph_are_refused_in_one_sentence(
    look: Callable[[Value], Any],
) -> None:
    x = Value(2.0, "x")
    y = x * x + autograd.mean([x, x])
    look(y)
    x.data = 5.0
    y.label = "y"
    with pytest.raises(RuntimeError, match="holds") as caught:
        look(y)
    message = "v1 = x * x = 5 * 5 holds 4, but its operands give 25 now" + REMEDY.format("y")
    assert str(caught.value) == message
    look(recompute(y))


def sentence(y: Value) -> str:
    with pytest.raises(RuntimeError, match="holds") as caught:
        require_up_to_date(y)
    return str(caught.value)


def test_the_root_has_the_name_that_steps_give_it_or_y() -> None:
    x = Value(2.0, "x")
    f = x * x
    x.data = 3.0
    assert sentence(f) == (
        "f = x * x = 3 * 3 holds 4, but its operands give 9 now" + REMEDY.format("f")
    )
    f.label = "two words"
    assert sentence(f).endswith(REMEDY.format("y"))


def test_numbers_that_differ_in_a_late_digit_are_shown_in_full() -> None:
    x = Value(1.0, "x")
    f = x * 2
    x.data = 1.0 + 2**-40
    assert "holds 2.0, but its operands give 2.000000000001819 now" in sentence(f)


def test_a_change_of_a_local_gradient_alone_names_its_operand() -> None:
    x, z = Value(2.0, "x"), Value(0.0, "z")
    f = x * z
    x.data = 3.0
    assert change(f) == "holds the local gradient 2 by operand 2, but its operands give 3 now"


def test_an_operation_that_fails_for_the_present_numbers_says_how() -> None:
    x = Value(2.0, "x")
    f = x.log()
    x.data = -2.0
    what = "f = log(x) = log(-2) holds 0.6931, but fails for the present numbers (log("
    assert sentence(f).startswith(what)
    assert sentence(f).endswith(")" + REMEDY.format("f"))


def test_a_result_of_a_compiled_function_has_the_call_as_its_remedy() -> None:
    pytest.importorskip("numpy", reason="compile needs NumPy")
    w = Value(2.0, "w")
    f = autograd.compile(lambda: w * w)()
    w.data = 3.0
    assert sentence(f) == (
        "f = compiled(...) holds 4, but the numbers changed that a compiled function computed its "
        "result from: call that function again"
    )


def test_the_first_of_several_stale_nodes_is_the_one_nearest_to_the_leaves() -> None:
    x = Value(2.0, "x")
    f = (x * x).relu() * x
    x.data = 3.0
    assert sentence(f).startswith("v1 = x * x = 3 * 3 holds 4")


def test_after_a_training_step_the_loss_can_be_stepped_once_it_is_computed_again() -> None:
    model = nn.MLP(1, [2, 1])
    optimizer = nn.SGD(model.parameters(), lr=0.5)
    loss = nn.mse([model([1.0])], [0.25])
    for _ in range(2):
        loss.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="bring the graph up to date"):
            Stepper(loss)
        frames = Stepper(recompute(loss)).frames
        assert frames == steps(nn.mse([model([1.0])], [0.25]))
