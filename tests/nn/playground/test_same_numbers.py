"""The page's numbers are Python's: points, initial weights, batches, and weights after training."""

import random

import pytest

from autograd import Value, steps
from nn import MLP, SGD, Adam, fit
from nn.datasets import circles, curve, gaussians, moons, plane, spiral, xor
from nn.initializers import INITIALIZERS
from nn.layers import ACTIVATIONS
from nn.losses import LOSSES
from nn.playground.library import NOT_IN_THE_PAGE

from .page import run_page

TOLERANCE = 1e-9
OPTIMIZERS = {
    "sgd": lambda ps, lr: SGD(ps, lr=lr),
    "momentum": lambda ps, lr: SGD(ps, lr=lr, momentum=0.8),
    "adam": lambda ps, lr: Adam(ps, lr=lr, betas=(0.8, 0.99)),
}
SMALL_LR = 0.002  # for tan: near one of its poles a rounding error grows without bound
TRAINING = {"lr": 0.05, "momentum": 0.8, "betas": [0.8, 0.99]}
SETS = (moons, circles, xor, spiral, gaussians, plane, curve)


def test_random_numbers_are_pythons():
    seeds = [0, 1, 7, 2**31, 2**32 - 1, 2**32, 2**53 - 1]
    found = run_page(
        """answer(given.map((seed) => {
          const rng = new Random(seed);
          const list = [...Array(50).keys()];
          rng.shuffle(list);
          const some = [rng.random(), rng.uniform(-1, 1), rng.gauss(1, 2), rng.gauss(0, 1)];
          some.push(rng.gauss(0, 1), rng.choice([1, 2, 3, 4, 5]), rng.below(1), list);
          return [...some, ...Array.from({ length: 700 }, () => rng.random())];
        }));""",
        seeds,
    )
    for seed, answers in zip(seeds, found, strict=True):
        rng = random.Random(seed)
        order = list(range(50))
        rng.shuffle(order)
        expected = [rng.random(), rng.uniform(-1, 1), rng.gauss(1, 2), rng.gauss(0, 1)]
        expected += [rng.gauss(0, 1), rng.choice([1, 2, 3, 4, 5]), rng.randrange(1)]
        assert answers[7] == order
        assert answers[:7] == pytest.approx(expected, rel=1e-15)
        assert answers[8:] == [rng.random() for _ in range(700)]


@pytest.mark.parametrize("make", SETS, ids=lambda make: make.__name__)
def test_points_are_those_of_nn_datasets(make):
    cases = [(200, 0.1, 0, 0.25), (7, 0.0, 3, 0.5), (33, 0.4, 12345678901, 0.0)]
    kind = make.__name__
    given = [
        {"kind": kind, "samples": n, "noise": noise, "seed": seed, "test_share": share}
        for n, noise, seed, share in cases
    ]
    found = run_page(
        """answer(given.map((data) => {
          const [loss] = lossesFor(SETS[data.kind].classes.length);
          const settings = checked({ data, training: { loss } });
          return pointsOf(settings.data).map(({ x, y, test }) => [x, y, test]);
        }));""",
        given,
    )
    for (n, noise, seed, share), points in zip(cases, found, strict=True):
        data = make(n, noise=noise, seed=seed)
        parts = data.split(share, seed=seed) if share else (data, data.take([]))
        expected = [
            (x, y, test)
            for part, test in zip(parts, (False, True), strict=True)
            for x, y in zip(part.X, part.y, strict=True)
        ]
        assert [test for *_, test in points] == [test for *_, test in expected]
        for (x, y, _), (x_here, y_here, _) in zip(expected, points, strict=True):
            assert [*x_here, y_here] == pytest.approx([*x, y], abs=1e-12)


def test_three_gaussians_are_those_of_nn_datasets():
    found = run_page(
        """const classes = ["a", "b", "c"];
           const data = { kind: "gaussians", samples: 20, test_share: 0, classes };
           const settings = checked({ data, training: { loss: "cross_entropy" } });
           answer(pointsOf(settings.data).map(({ x, y }) => [...x, y]));"""
    )
    data = gaussians(20, classes=3)
    for point, x, y in zip(found, data.X, data.y, strict=True):
        assert point == pytest.approx([*x, y], abs=1e-12)


@pytest.mark.parametrize("init", INITIALIZERS)
def test_initial_weights_are_those_of_nn(init):
    found = run_page(
        """const run = new Run({ network: { hidden: [5, 3], seed: 11, initializer: given } });
           answer([...run.parameters, ...run.network.names]);""",
        init,
    )
    model = MLP(2, [5, 3, 1], "tanh", init=init, rng=11)
    expected = [p.data for p in model.parameters()]
    assert found[: len(expected)] == pytest.approx(expected, rel=1e-14)
    loss = model([1.0, 2.0])
    names = {frame.name for frame in steps(loss)}
    assert set(found[len(expected) :]) <= names


def cases():
    """Each activation and each loss with each optimizer, in full batches and in small ones."""
    kinds = [("moons", 2, name, "bce_with_logits") for name in ACTIVATIONS]
    for name, loss in LOSSES.items():
        if name in NOT_IN_THE_PAGE:
            continue
        if loss.targets == "numbers":
            kinds += [("plane", 0, "tanh", name)]
        else:
            kinds += [("moons", 2, "tanh", name)]
        if loss.per_class:
            kinds += [("gaussians", 3, "tanh", name)]
    return [(kind, opt, size) for kind in kinds for opt in OPTIMIZERS for size in (None, 6)]


def small(rng, nin, nout):
    return rng.uniform(-0.4, 0.4)


def rate(kind):
    return SMALL_LR if "tan" in kind else TRAINING["lr"]


def trained_in_python(kind, optimizer, size, count):
    data_name, classes, activation, loss = kind
    makers = {make.__name__: make for make in SETS}
    options = {"classes": classes} if data_name == "gaussians" else {}
    data = makers[data_name](12, noise=0.2, seed=5, **options)
    declared = LOSSES[loss]
    outputs = declared.outputs(classes or 1)
    last = "linear" if declared.from_logits else "sigmoid"
    model = MLP(2, [3, 2, outputs], [activation, activation, last], init=small, rng=3)
    y = declared.encode(data.y, outputs) if classes else data.y
    stepping = OPTIMIZERS[optimizer](model.parameters(), rate(kind))
    fit(
        model, data.X, y, loss=loss, optimizer=stepping,
        epochs=count // 2 if size else count, batch_size=size, rng=9, l2=0.01, compiled=False,
    )  # fmt: skip
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("count", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_after_many_steps_the_weights_are_pythons(count):
    all_cases = cases()
    given = []
    for (data, classes, activation, loss), optimizer, size in all_cases:
        labels = {"classes": ["a", "b", "c"]} if data == "gaussians" else {}
        set_ = {"kind": data, "samples": 12, "noise": 0.2, "seed": 5, "test_share": 0} | labels
        outputs = LOSSES[loss].outputs(classes or 1)
        weights = [p.data for p in MLP(2, [3, 2, outputs], init=small, rng=3).parameters()]
        net = {"hidden": [3, 2], "activation": activation, "weights": weights}
        training = TRAINING | {"loss": loss, "l2": 0.01, "optimizer": optimizer}
        kind = (data, classes, activation, loss)
        training |= {"batch_size": size, "seed": 9, "lr": rate(kind)}
        given.append({"data": set_, "network": net, "training": training})
    found = run_page(
        """answer(given.map((settings) => {
          const run = new Run(settings);
          for (let i = 0; i < COUNT; i++) run.nextStep();
          return run.stopped ?? [...run.parameters];
        }));""".replace("COUNT", str(count)),
        given,
    )
    assert len(all_cases) > 150
    for case, weights in zip(all_cases, found, strict=True):
        assert weights == pytest.approx(
            trained_in_python(*case, count), rel=TOLERANCE, abs=TOLERANCE
        ), case


def test_the_mistake_of_overwriting_has_the_gradients_of_autograd():
    settings = {
        "data": {"samples": 4, "test_share": 0},
        "network": {"hidden": [3, 2], "seed": 1},
        "training": {"loss": "hinge"},
        "mistakes": {"overwrite": True},
    }
    found = run_page(
        """const run = new Run(given);
           run.backward();
           answer([...run.gradients]);""",
        settings,
    )
    data = moons(4)
    model = MLP(2, [3, 2, 1], "tanh", rng=1)
    outputs = [model(x) for x in data.X]
    loss = LOSSES["hinge"](outputs, LOSSES["hinge"].encode(data.y, 1))
    assert isinstance(loss, Value)
    last = {
        frame.name: frame.value for frame in steps(loss, "overwrite") if frame.phase == "backward"
    }
    names = run_page(
        "answer(new Run(given).network.names);", {"network": {"hidden": [3, 2], "seed": 1}}
    )
    assert found == pytest.approx([last[name] for name in names], rel=1e-12, abs=1e-15)


def test_gradients_that_are_not_cleared_add_up():
    found = run_page(
        """const run = new Run({ mistakes: { no_zero_grad: true }, training: { lr: 1e-9 } });
           run.backward();
           const first = [...run.gradients];
           run.update();
           run.nextStep();
           answer([first, [...run.gradients]]);"""
    )
    once, twice = found
    assert twice == pytest.approx([2 * g for g in once], rel=1e-6)
