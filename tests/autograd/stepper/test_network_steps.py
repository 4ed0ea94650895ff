"""The steps of a network: one for each neuron and direction."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from autograd import Value, topological_order
from autograd.drawing.network_level import NetworkSelection
from autograd.explaining.neurons import network
from autograd.explaining.node_names import names
from autograd.stepper.frames import Frame
from autograd.stepper.network_steps import NetworkSteps
from autograd.stepper.stepping import steps

from ...support.networks import NETWORKS, batch_with_penalty, small_mlp


class Step(NamedTuple):
    frame: Frame
    first: int
    last: int


def played(root: Value, sample: int = 0, mistake: str | None = None) -> list[Step]:
    selection = NetworkSelection(root, network(root), sample)
    frames = steps(root, mistake)
    found = NetworkSteps(frames, selection, [*names(topological_order(root)).values()])
    told = found.told(frames)
    return [Step(f, s.first, s.last) for f, s in zip(told, found.spans, strict=True)]


@pytest.mark.parametrize("mistake", [None, "overwrite"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_frame_is_in_one_step_and_in_order(name: str, mistake: str | None) -> None:
    root = NETWORKS[name]()
    found = played(root, mistake=mistake)
    assert [i for step in found for i in range(step.first, step.last)] == [
        *range(len(steps(root, mistake)))
    ]


def test_a_neuron_is_one_step_forward_and_one_back() -> None:
    root = small_mlp()
    found = played(root)
    assert len(found) == 27
    boxes = [step.frame.node for step in found if step.frame.text.startswith("layer ")]
    assert len(boxes) == 2 * 9
    assert boxes[9:] == boxes[8::-1]  # backward, from the last to the first


def test_a_step_tells_the_numbers_of_its_neuron() -> None:
    root = small_mlp()
    root.backward()
    neuron = network(root).neurons[4]
    w, x = neuron.weights, neuron.inputs
    forward, backward = (
        step.frame for step in played(root) if step.frame.text.startswith("layer 2, neuron 1")
    )
    z, a = f"{neuron.z.data:.4g}", f"{neuron.a.data:.4g}"
    assert forward.text == f"layer 2, neuron 1: z⁽²⁾₁ = {z}; a⁽²⁾₁ = tanh(z⁽²⁾₁) = {a}"
    assert (forward.rule, forward.value) == ("z = Σ w · x + b", neuron.a.data)
    da, dz = f"{neuron.a.grad:.4g}", f"{neuron.z.grad:.4g}"
    assert backward.text == f"layer 2, neuron 1: df/da⁽²⁾₁ = {da}, df/dz⁽²⁾₁ = {dz}"
    assert backward.rule == "passed on to 4 weights, the bias, 4 inputs"
    assert backward.so_far.startswith(f"df/dw⁽²⁾₁₁ = {w[0].grad:.4g}, ")
    assert w[0].grad == pytest.approx(neuron.z.grad * x[0].data)


@pytest.mark.parametrize(("sample", "others"), [(0, 2), (3, 3)])
def test_other_samples_and_the_penalty_are_one_step_each_way(sample: int, others: int) -> None:
    found = [step.frame.text for step in played(batch_with_penalty(), sample)]
    assert sum(text.startswith("the penalty: ") for text in found) == 2
    assert sum(text.startswith("the other 3 samples: ") for text in found) == others
    assert sum(text.startswith("layer ") for text in found) == 2 * 4


def test_the_first_wrong_number_is_a_step_of_its_own() -> None:
    root = small_mlp()
    frames = steps(root, "overwrite")
    at = next(i for i, frame in enumerate(frames) if frame.first_wrong)
    step = next(step for step in played(root, mistake="overwrite") if step.first == at)
    assert (step.last, step.frame) == (at + 1, frames[at])
    assert isinstance(step.frame, Frame)


def test_after_a_wrong_number_at_z_its_neuron_passes_on_that_number() -> None:
    root = small_mlp()
    wrong = next(frame for frame in steps(root, "order") if frame.first_wrong)
    told = [step.frame for step in played(root, mistake="order")]
    after = told[told.index(wrong) + 1]
    assert (wrong.name, after.name) == ("z⁽¹⁾₁", "layer 1, neuron 1")
    assert after.text == f"layer 1, neuron 1: df/dz⁽¹⁾₁ = {wrong.value:.4g}"
    assert after.rule == "passed on to 2 weights, the bias, 2 inputs"
