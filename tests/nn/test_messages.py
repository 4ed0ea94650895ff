"""What errors and warnings of `nn` say, word for word."""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value, no_grad
from nn.layers import ACTIVATIONS
from nn.losses import LOSSES
from nn.model_file import checksum, encode
from nn.module import architecture, loads
from nn.optimizers import OPTIMIZERS
from nn.plot.training import loss_curve
from nn.samples import too_large
from nn.training.objective import numpy_is_installed
from tests.support.sentences import check_says, warnings_of

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def trained_for_classes() -> nn.MLP:
    model = nn.MLP(2, [1], rng=0)
    model.metadata = {"loss": "bce_with_logits"}
    return model


def open_twice() -> None:
    w = Value(1.0)
    with nn.train_step(lambda: w * w, nn.SGD([w])), nn.train_step(lambda: w * w, nn.SGD([w])):
        pass


def with_other_parameters() -> None:
    w, optimizer = Value(1.0), None
    optimizer = nn.SGD([w])
    with nn.train_step(lambda: w * w, optimizer) as step:
        optimizer.parameters = [w, Value(2.0)]
        step()


def changed_by_hand() -> None:
    w = Value(1.0, "w")
    with nn.train_step(lambda: w * w, nn.SGD([w])) as step:
        step()
        w.data = 9.0


def without_gradients() -> None:
    with no_grad():
        nn.fit(nn.MLP(2, [1]), XOR, [0, 1, 1, 0])


def altered() -> nn.Module:
    model = nn.MLP(1, [1], rng=0)
    text = encode(architecture(model), {}, model.state_dict())
    return loads(text.replace('"nin": 1', '"nin": 2'))


def file_with(**content: Any) -> nn.Module:
    known = {"format": "chalkgrad model", "version": 1, "model": {}, "metadata": {}}
    whole = {**known, "parameters": {}, **content}
    return loads(json.dumps({**whole, "sha256": checksum(whole)}))


NAMES = ", ".join(ACTIVATIONS)
SAID: dict[str, tuple[Callable[[], Any], str]] = {
    "one Value for parameters": (
        lambda: nn.l2(Value(1.0)),
        f"l2 takes parameters, such as model.parameters(), got {Value(1.0)!r}; a single one goes "
        "into a list",
    ),
    "scaling of nothing": (
        lambda: nn.datasets.Scaling.of([]),
        "X has no rows, so its features have no mean",
    ),
    "unknown activation": (
        lambda: nn.Neuron(2, activation="foo"),
        f"unknown activation 'foo': it is {NAMES} or a callable; import the module of an "
        "operation of your own first",
    ),
    "no modules": (lambda: nn.Sequential(), "Sequential needs at least one module, got none"),
    "a size for a list": (
        lambda: nn.MLP(2, 3),  # type: ignore[arg-type]  # what is refused
        "nouts must be a list of sizes, of the hidden layers and then of the outputs, such as "
        "[16, 1], got 3",
    ),
    "sizes one by one": (
        lambda: nn.MLP(2, [3], 1),  # type: ignore[arg-type]  # what is refused
        "activation must be a name or a function, got 1; the sizes of all layers go into one "
        "list, as in MLP(2, [16, 1])",
    ),
    "no layers": (
        lambda: nn.MLP(2, []),
        "MLP needs the size of at least one layer, got nouts = []",
    ),
    "activations": (
        lambda: nn.MLP(2, [3, 2, 1], ["tanh"]),
        "an MLP with 2 hidden layers takes 2 activations, or 3 with the output's, got 1",
    ),
    "inputs in a set": (
        lambda: nn.Neuron(2)({1.0, 2.0}),
        "Neuron(nin=2, activation='relu') takes its inputs in a list: a set has no order, got "
        "{1.0, 2.0}",
    ),
    "inputs in a dictionary": (
        lambda: nn.Neuron(2)({1.0: 2.0}),
        "Neuron(nin=2, activation='relu') takes its inputs in a list, got {1.0: 2.0}",
    ),
    "one input alone": (
        lambda: nn.Neuron(2)(3.0),
        "Neuron(nin=2, activation='relu') takes 2 inputs, got 1: 3.0",
    ),
    "too many inputs": (
        lambda: nn.Neuron(1)([3.0, 4.0]),
        "Neuron(nin=1, activation='relu') takes 1 input, got 2",
    ),
    "an activation for nonlin": (
        lambda: nn.Neuron(2, "tanh"),  # type: ignore[arg-type]  # what is refused
        "nonlin is True or False, got 'tanh'; or activation='tanh'",
    ),
    "a loss of nothing": (
        lambda: nn.mse([], []),
        "a loss of no samples: needs at least one output",
    ),
    "a loss of one output": (
        lambda: nn.mse(0.5, [1.0]),  # type: ignore[arg-type]  # what is refused
        "mse takes a list of outputs and a list of targets, one of each for every sample, got 0.5; "
        "for one sample: mse([output], [target])",
    ),
    "fewer targets": (
        lambda: nn.mse([0.5, 1.0], [1.0]),
        "2 outputs but 1 target: mse takes one of each for every sample; for one sample: "
        "mse([output], [target])",
    ),
    "a target that is a text": (
        lambda: nn.mse([0.5], ["a"]),
        "sample 0: the target is a number, got 'a'; for classes with names there is "
        "nn.MLPClassifier",
    ),
    "one output for several classes": (
        lambda: nn.cross_entropy([[0.5]], [0]),
        "sample 0: needs one output for each class, two or more; the model has 1",
    ),
    "no probabilities": (
        lambda: nn.hinge.probabilities([0.5]),
        "hinge gives no probabilities; a model trained with bce, bce_with_logits, cross_entropy, "
        "nll does",
    ),
    "an altered file": (altered, "altered: its checksum does not fit its content"),
    "a file with a list": (
        lambda: file_with(parameters=[]),
        "parameters and metadata must be objects",
    ),
    "a name twice": (lambda: loads('{"a": 1, "a": 2}'), "a name occurs twice"),
    "a deep file": (lambda: loads("[" * 100_000), "nested too deeply to be a model"),
    "another format": (
        lambda: loads("{}"),
        'not a model: "format" is not "chalkgrad model"',
    ),
    "one's own activation": (
        lambda: architecture(nn.MLP(1, [2, 1], lambda x: x * x)),
        "the activation of layers.0.neurons.0 is a function of one's own: a file can only name "
        "those of nn.layers.ACTIVATIONS, and operations declared with activation=True",
    ),
    "an unknown meaning": (
        lambda: nn.MLP(2, [1]).predict(XOR),
        "this model does not say what its outputs mean: train it with nn.fit and a loss of nn, or "
        "name the loss, model.metadata = {'loss': 'bce_with_logits'}",
    ),
    "no history": (
        lambda: loss_curve(nn.History("mse")),
        "loss_curve got no numbers: the history has no epoch",
    ),
    "what is no history": (
        lambda: loss_curve(3.0),
        "loss_curve takes what nn.fit returns, a list of these, a mapping of names to these, or a "
        "mapping such as {'loss': [0.7, 0.3]}, got 3.0",
    ),
    "histories of two losses": (
        lambda: nn.History("mse") + nn.History("mae"),
        "histories of mse and mae do not join: plot each with a loss_curve of its own",
    ),
    "no samples": (
        lambda: nn.fit(nn.MLP(2, [1]), [], []),
        "X has no samples: it must be a list of samples, each a list of numbers",
    ),
    "no gradients": (
        without_gradients,
        "fit needs gradients, which no_grad() switches off: call it outside",
    ),
    "a class for a model": (
        lambda: nn.fit(nn.MLP, XOR, [0, 1, 1, 0]),
        f"fit takes a model: a Module, or a callable with parameters(), got {nn.MLP!r}",
    ),
    "validation of nothing": (
        lambda: nn.fit(nn.MLP(2, [1]), XOR, [0, 1, 1, 0], validation=0.01),
        "validation=0.01 of 4 samples holds out 0: both parts need at least one",
    ),
    "classes 0 and 2": (
        lambda: nn.fit(nn.MLP(2, [1]), XOR, [0, 2, 2, 0]),
        "y holds 0 and 2 only: two classes must be 0 and 1, or -1 and 1, both there; to predict "
        'numbers, name a loss, loss="mse"',
    ),
    "numbers for a model of classes": (
        lambda: nn.fit(trained_for_classes(), XOR, [[0.5]] * 4),
        "the model was trained to tell classes apart (bce_with_logits), but y holds 0.5: several "
        "classes need a model with one output for each, and to predict numbers, name a loss, "
        'loss="mse"',
    ),
    "many numbers for a model of classes": (
        lambda: nn.fit(trained_for_classes(), [*XOR, [2.0, 2.0]], [0.5, 1.5, 2.5, 3.5, 4.5]),
        "the model was trained to tell classes apart (bce_with_logits), but y holds 0.5, 1.5, 2.5, "
        "3.5, ...: several classes need a model with one output for each, and to predict numbers, "
        'name a loss, loss="mse"',
    ),
    "a maker for a schedule": (
        lambda: nn.fit(nn.MLP(2, [1]), XOR, [0, 1, 1, 0], schedule=nn.schedules.cosine, epochs=7),
        'schedule=nn.schedules.cosine makes a schedule: give its name, "cosine", or call it, '
        "nn.schedules.cosine(7)",
    ),
    "a feature too large": (
        lambda: (_ for _ in ()).throw(too_large(3, [1.0, 1e300], [0.1, -5.0])),
        "feature 1 of sample 3 is 1e+300: the outputs of the model overflow, so that it has no "
        "answer",
    ),
    "two blocks": (
        open_twice,
        "a block of train_step is open for the same parameters: end it before this one, or give "
        "both losses to one block",
    ),
    "other parameters": (
        with_other_parameters,
        "the optimizer got other parameters inside the block of train_step: make another "
        "optimizer and another block for them",
    ),
    "outside of the block": (
        lambda: nn.train_step(lambda: Value(1.0), nn.SGD([Value(1.0)]))(),
        "train_step works inside its block: with nn.train_step(loss, optimizer) as step: step(...)",
    ),
    "no optimizer": (
        lambda: nn.train_step(abs, 0.1),  # type: ignore[arg-type]  # what is refused
        "train_step takes an optimizer, such as nn.Adam(model.parameters()), got 0.1",
    ),
    "no schedule": (
        lambda: nn.train_step(abs, nn.SGD([Value(1.0)]), schedule="cosine"),  # type: ignore[arg-type]  # what is refused
        "schedule is a function from the step to the factor of the learning rate, such as "
        "nn.schedules.cosine(1000), got 'cosine'",
    ),
    "changed by hand": (
        changed_by_hand,
        "the parameter 'w' was set to 9.0 inside the block of train_step, which goes on with its "
        "own number: call step.sync() before",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_an_error_says(case: str) -> None:
    check_says(*SAID[case])


def fitted(**wrong: Any) -> Callable[[], Any]:
    return lambda: nn.fit(nn.MLP(2, [1]), XOR, [0, 1, 1, 0], **wrong)


def stepped(**wrong: Any) -> None:
    w = Value(1.0)
    with nn.train_step(lambda: w * w, nn.SGD([w]), **wrong) as step:
        step()


def falling(k: int) -> float:
    return -1.0


WHOLE, TRUTH = "must be at least 1, got 0", "must be True or False, got 1"
ABOVE, LEAST = "must be finite and above 0", "must be finite and at least 0"
SHARE = "must be at least 0 and below 1"
NAMED: dict[str, list[Callable[[], Any]]] = {  # what is said, and the calls that are told so
    f"epochs {WHOLE}": [
        fitted(epochs=0), lambda: nn.schedules.constant(0), lambda: nn.schedules.linear(0),
        lambda: nn.schedules.cosine(0), lambda: nn.schedules.step(0),
    ],
    f"batch_size {WHOLE}": [fitted(batch_size=0), lambda: nn.Playground(batch_size=0)],
    f"patience {WHOLE}": [fitted(patience=0)],
    f"tolerance {LEAST}, got -1": [fitted(tolerance=-1)],
    f"l2 {LEAST}, got -1": [fitted(l2=-1)],
    f"clip {ABOVE}, got 0": [fitted(clip=0), lambda: stepped(clip=0)],
    f"lr {ABOVE}, got 0": [
        fitted(lr=0), lambda: nn.Playground(lr=0),
        *(lambda kind=kind: kind([Value(1.0)], lr=0) for kind in (nn.SGD, nn.Adam, nn.RMSprop)),
    ],
    f"the schedule's factor {LEAST}, got -1": [
        fitted(schedule=falling), lambda: stepped(schedule=falling),
    ],
    f"validation {SHARE}, got 1.5": [fitted(validation=1.5)],
    f"progress {TRUTH}": [fitted(progress=1)],
    f"bias {TRUTH}": [lambda: nn.Neuron(1, bias=1)],
    f"nin {WHOLE}": [
        lambda: nn.Neuron(0), lambda: nn.Layer(0, 1), lambda: nn.MLP(0, [1]),
        lambda: nn.Maxout(0, 1),
    ],
    f"nout {WHOLE}": [
        lambda: nn.Layer(1, 0), lambda: nn.MLP(1, [0]), lambda: nn.Maxout(1, 0),
    ],
    f"k {WHOLE}": [
        lambda: nn.Maxout(1, 1, 0), lambda: nn.constructions.tents(0),
        lambda: nn.constructions.maxout_tangents(abs, 0, 1, 0),
    ],
    f"n {WHOLE}": [lambda: nn.Embedding(0, 1)],
    f"dim {WHOLE}": [lambda: nn.Embedding(1, 0)],
    f"units {WHOLE}": [lambda: nn.constructions.relu_interpolant(abs, 0, 1, 0)],
    f"bumps {WHOLE}": [lambda: nn.constructions.sigmoid_bumps(abs, 0, 1, 0)],
    f"steepness {ABOVE}, got 0": [lambda: nn.constructions.sigmoid_bumps(abs, 0, 1, 1, 0)],
    f"weight_decay {LEAST}, got -1": [
        lambda kind=kind: kind([Value(1.0)], weight_decay=-1)
        for kind in (nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop)
    ],
    f"momentum {SHARE}, got 1": [
        lambda kind=kind: kind([Value(1.0)], momentum=1) for kind in (nn.SGD, nn.RMSprop)
    ],
    f"betas[0] {SHARE}, got 1": [lambda: nn.Adam([Value(1.0)], betas=(1, 0.9))],
    f"betas[1] {SHARE}, got 1": [lambda: nn.Adam([Value(1.0)], betas=(0.9, 1))],
    f"eps {LEAST}, got -1": [
        lambda kind=kind: kind([Value(1.0)], eps=-1) for kind in (nn.Adam, nn.RMSprop)
    ],
    f"alpha {SHARE}, got 1": [lambda: nn.RMSprop([Value(1.0)], alpha=1)],
    f"max_norm {ABOVE}, got 0": [lambda: nn.clip_gradients([Value(1.0)], 0)],
    f"end {LEAST}, got -1": [
        lambda: nn.schedules.linear(1, end=-1), lambda: nn.schedules.cosine(1, end=-1),
    ],
    f"steps {WHOLE}": [lambda: nn.schedules.step(1, steps=0)],
    f"factor {LEAST}, got -1": [lambda: nn.schedules.step(1, factor=-1)],
    f"the epoch {LEAST}, got -1": [lambda: nn.schedules.linear(1)(-1)],
    f"samples {WHOLE}": [lambda: nn.datasets.moons(0), lambda: nn.datasets.plane(0)],
    f"noise {LEAST}, got -1": [lambda: nn.datasets.moons(1, -1), lambda: nn.datasets.plane(1, -1)],
    f"classes {WHOLE}": [lambda: nn.datasets.gaussians(1, classes=0)],
    f"a size in hidden {WHOLE}": [lambda: nn.Playground(hidden=[0])],
    f"unknown loss 'x': it is {', '.join(LOSSES)} or a callable": [
        fitted(loss="x"), lambda: nn.trace(nn.Layer(1, 1), [1.0], [1.0], "x"),
    ],
    f"unknown schedule 'x': it is {', '.join(nn.schedules.SCHEDULES)} or a callable": [
        fitted(schedule="x"),
    ],
    f"unknown optimizer 'x': it is {', '.join(OPTIMIZERS)} or an Optimizer": [
        fitted(optimizer="x"),
    ],
    "unknown initializer 'x': it is uniform, xavier, he, zeros or a callable": [
        lambda: nn.Neuron(1, init="x"), lambda: nn.Embedding(1, 1, init="x"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", NAMED)
def test_an_argument_out_of_its_range_is_named(text: str) -> None:
    for call in NAMED[text]:
        check_says(call, text)


def with_zeros(**options: Any) -> Any:
    """Train a model of one feature, whose parameters are 0, for one step."""
    model = nn.MLP(1, [1], init="zeros")
    arguments = {"X": [[1.0]], "y": [1.0], "loss": "mse", "epochs": 1}
    return nn.fit(model, **arguments | options)


ADVICE = "the last weights of finite loss are kept. A smaller learning rate, or clip=, may help"
DIVERGING: dict[str, dict[str, Any]] = {  # what is not finite, with the data that make it so
    "loss is inf": {"y": [1e200]},
    "length of the gradient is inf": {"X": [[1e200]], "y": [1e150]},
    "weight 'layers.0.neurons.0.w.0' is inf": {"y": [1e20], "lr": 1e300},
    "validation loss is inf": {"validation": ([[1e200]], [0.0])},
}
WARNED: dict[str, tuple[Callable[[], Any], str]] = {
    "a batch of more than all": (
        lambda: with_zeros(batch_size=5),
        "batch_size 5 is larger than the data: 1 is taken",
    ),
    "a model with branches": (
        lambda: nn.fit(Branching(), XOR, [0.5, 1.0, 2.5, 3.5], epochs=2),
        "fit records whole batches, which takes longer, because the samples take different "
        "branches: use autograd.where, maximum or relu in the model instead of a branch",
    ),
}
WARNED |= {
    f"{what}, compiled={compiled}": (
        lambda data=data, compiled=compiled: with_zeros(**data, compiled=compiled),  # type: ignore[misc]  # its defaults
        f"training diverged at step 1: the {what}; {ADVICE}",
    )
    for what, data in DIVERGING.items()
    for compiled in (False, True)
}


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


WARNED["an interrupt"] = (
    lambda: with_zeros(callbacks=interrupted),
    "training interrupted at step 1",
)


class Branching(nn.Module):
    """A model whose branch depends on its input."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        return self.w * x[0] if x[0] > x[1] else -self.w * x[1]


@pytest.mark.parametrize("case", WARNED)
def test_a_warning_says_and_names_the_line_of_the_caller(case: str) -> None:
    call, text = WARNED[case]
    caught = warnings_of(call)
    assert [str(warning.message) for warning in caught] == [text]
    assert caught[0].filename == __file__


def test_without_numpy_one_warning_says_that_training_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    numpy_is_installed.cache_clear()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert with_zeros().why_general == "NumPy is not installed"
            with_zeros()
    finally:
        numpy_is_installed.cache_clear()
    assert [str(warning.message) for warning in caught] == [
        "NumPy is not installed, so models train uncompiled, which is slow: pip install numpy"
    ]
    assert (caught[0].filename, caught[0].category) == (__file__, RuntimeWarning)


def test_a_history_says_why_training_took_the_general_way() -> None:
    own = with_zeros(loss=lambda outputs, targets: nn.mse(outputs, targets))
    assert own.why_general == "the loss <lambda> is no nn.losses.Loss, so it gets whole batches"
    branching = nn.fit(Branching(), XOR, [0.5, 1.0, 2.5, 3.5], epochs=1, compiled=False)
    assert branching.why_general == with_zeros().why_general == ""


def test_an_error_of_a_compiled_training_says_how_to_train_without() -> None:
    class OfNumbers(Branching):
        def __call__(self, x: Any) -> Any:
            return self.w * math.sin(x[0])

    with pytest.raises(TypeError) as caught:
        nn.fit(OfNumbers(), XOR, [0.5, 1.0, 2.5, 3.5], epochs=1)
    assert caught.value.__notes__ == [
        "to train without compiling the model: nn.fit(..., compiled=False)"
    ]
