"""The task: the loss that the targets choose, its accuracy, and the held-out samples."""

from functools import partial

import pytest

import nn
from autograd import Value, relu, softplus

from .data import XOR, blobs, small


@pytest.mark.parametrize(
    ("outputs", "y", "name"),
    [
        (1, [0, 1, 1, 0], "bce_with_logits"),
        (1, [-1, 1, 1, -1], "hinge"),
        (1, [0.5, 1, 1, 0], "mse"),
        (2, [0, 1, 1, 0], "cross_entropy"),
        (3, [0, 1, 2, 0], "cross_entropy"),
        (2, [[0, 1], [1, 0], [1, 0], [0, 0]], "mse"),
        (1, [[0], [1], [1], [0]], "bce_with_logits"),
        (2, [[0], [1], [1], [0]], "cross_entropy"),
        (1, [3, 0, 1, 0], "mse"),
        (1, [0.5, 1.5, 0.5, 1.5], "mse"),
        (1, [0.5, 0.5, 0.5, 0.5], "mse"),
    ],
)
def test_the_loss_is_chosen_by_the_targets(outputs, y, name):
    history = nn.fit(nn.MLP(2, [outputs], rng=0), XOR, y, epochs=1)
    assert history.loss_name == name
    assert bool(history.accuracy) == (name != "mse")


def test_without_a_loss_what_looks_like_classes_is_not_taken_for_numbers():
    for y, values in [([0, 2, 0, 2], "0 and 2"), ([0] * 4, "0"), ([-1] * 4, "-1")]:
        with pytest.raises(ValueError, match=f"y holds {values} only: two classes must be 0 and 1"):
            nn.fit(nn.MLP(2, [1]), XOR, y)
        assert nn.fit(nn.MLP(2, [1]), XOR, y, loss="mse", epochs=1).loss_name == "mse"
    with pytest.raises(ValueError, match="one class only"):
        nn.fit(nn.MLP(2, [3]), XOR, [0] * 4)
    with pytest.raises(ValueError, match="one class only, 2"):
        nn.fit(nn.MLP(2, [3]), [[1.0, 2.0]], [2])
    assert nn.fit(nn.MLP(1, [1]), [[0], [1]], [1, 3], epochs=1).loss_name == "mse"


def test_a_label_outside_the_classes_is_named():
    for loss in ("cross_entropy", None):
        with pytest.raises(ValueError, match=r"sample 3: label 5 is outside .* 2 of 3 outputs"):
            nn.fit(nn.MLP(2, [3]), XOR, [0, 1, 2, 5], loss=loss)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("loss", "outputs", "y"),
    [
        ("hinge", 1, [-1, 1, 1, -1]),
        ("hinge", 3, [0, 2, 1, 0]),
        ("bce", 1, [0, 1, 1, 0]),
        ("bce_with_logits", 1, [0, 1, 0.8, 0]),
        ("bce_with_logits", 2, [[0, 1], [1, 1], [0, 0], [1, 0]]),
        ("cross_entropy", 3, [0, 2, 1, 0]),
        ("cross_entropy", 2, [[0.3, 0.7], [1, 0], [0, 1], [0.5, 0.5]]),
        ("nll", 2, [0, 1, 1, 0]),
        ("mse", 2, [[0, 1], [1, 1], [0, 0], [1, 0]]),
        ("mae", 1, [0, 1, 0.5, 0]),
        ("gaussian_nll", 2, [0, 1, 0.5, 0]),
        ("laplace_nll", 1, [0, 1, 0.5, 0]),
        ("poisson_nll", 2, [[0, 1], [1, 3], [0.5, 0], [0, 2]]),
        (nn.mse, 1, [0, 1, 0.5, 0]),
        (lambda outputs, targets: sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)),
         1, [0, 1, 0.5, 0]),
    ],
)  # fmt: skip
def test_every_loss_falls(loss, outputs, y, compiled):
    last = {"bce": "sigmoid", "nll": lambda z: -softplus(-z)}.get(loss, "linear")
    model = nn.MLP(2, [4, outputs], ["tanh", last], rng=0)
    history = nn.fit(model, XOR, y, loss=loss, lr=0.1, epochs=20, compiled=compiled)
    assert history.loss[-1] < history.loss[0]


def test_accuracy_is_the_share_of_samples_on_the_right_side():
    class Fixed(nn.Module):
        def __init__(self, outputs):
            self.zero, self.outputs = Value(0.0), iter(outputs)

        def __call__(self, x):
            return [z + self.zero for z in x] if len(x) > 1 else x[0] + self.zero

    def accuracy(loss, X, y):
        return nn.fit(Fixed(X), X, y, loss=loss, lr=1e-9, epochs=1, compiled=False).accuracy

    one = [[0.6], [0.4], [0.9], [0.1]]
    assert accuracy("bce", one, [1, 1, 0, 0]) == [0.5]
    assert accuracy("bce_with_logits", one, [1, 1, 0, 0]) == [0.5]
    assert accuracy("hinge", [[0.6], [-0.4], [0.9], [0.1]], [1, -1, 1, -1]) == [0.75]
    several = [[0.1, 0.2, 0.3], [3.0, 2.0, 1.0], [0.0, 5.0, 1.0], [0.0, 0.0, 1.0]]
    for loss in ("cross_entropy", "hinge"):
        assert accuracy(loss, several, [2, 0, 2, 1]) == [0.5]
    assert accuracy("cross_entropy", several[:2], [[0, 0.4, 0.6], [0.2, 0.8, 0]]) == [0.5]
    assert accuracy("mse", one, [1, 1, 0, 0]) == []


def test_a_share_is_held_out_and_not_trained_on():
    seen = []

    def loss(outputs, targets):
        seen.append(sorted(targets))
        return nn.mse(outputs, targets)

    y = [float(i) for i in range(20)]
    X = [[0.01 * t] for t in y]
    model = nn.Neuron(1, rng=0)
    history = nn.fit(model, X, y, loss=loss, validation=0.25, epochs=1, rng=0, compiled=False)
    train, held = seen
    assert len(train) == 15
    assert sorted(train + held) == y
    assert len(history.val_loss) == 1
    assert held != y[15:]


def test_validation_may_be_of_one_class():
    held = [[2.0, 2.0]], [1]
    assert len(nn.fit(small(), *blobs(), validation=held, epochs=2).val_loss) == 2


@pytest.mark.parametrize("compiled", [True, False])
def test_a_declared_loss_of_one_s_own_trains_like_those_of_the_library(compiled):
    """The perceptron's loss: targets -1 and 1, and no margin."""

    @partial(nn.losses.Loss, targets="classes", codes=(-1.0, 1.0))
    def perceptron(outputs, targets):
        return relu(-targets[0] * outputs[0])

    X, y = blobs()
    history = nn.fit(small(), X, perceptron.encode(y, 1), loss=perceptron, compiled=compiled)
    assert history.loss_name == "perceptron"
    assert history.accuracy[-1] > 0.9
    with pytest.raises(ValueError, match="y holds one class only"):
        nn.fit(small(), X, [1.0] * 40, loss=perceptron)
    with pytest.raises(ValueError, match="perceptron, sample 0: the model has 1 output, the targ"):
        nn.fit(small(), X, [[1.0, -1.0]] * 40, loss=perceptron)


@pytest.mark.parametrize(
    "y", [[0, 1, 2, 1], [0.5, 1.5, 2.5, 3.5], [[0, 1], [1, 0], [1, 1], [0, 0]]]
)
def test_a_model_of_two_classes_does_not_become_a_regression_by_itself(y):
    X, model = [[0, 0], [0, 1], [1, 0], [1, 1]], nn.MLP(2, [1], rng=0)
    nn.fit(model, X, [0, 1, 1, 0], epochs=1, compiled=False)
    with pytest.raises(ValueError, match=r"to tell classes apart \(bce_with_logits\), but y"):
        nn.fit(model, X, y, epochs=1, compiled=False)
    assert model.metadata == {"loss": "bce_with_logits"}
    assert nn.fit(model, X, [-1, 1, 1, -1], epochs=1, compiled=False).loss_name == "hinge"
    nn.fit(model, X, [0, 1, 2, 1], loss="mse", epochs=1, compiled=False)
    assert nn.fit(model, X, [0, 1, 2, 1], epochs=1, compiled=False).loss_name == "mse"
