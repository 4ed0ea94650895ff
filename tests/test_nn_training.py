"""What `nn.fit` guarantees."""

import random

import pytest

import nn


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


def micrograds_demo(forward, steps):
    """Loss and accuracy of each step of micrograd's demo, by its own loop."""
    X, y = moons()
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    history = []
    for k in range(steps):
        scores = [forward(model, x) for x in X]
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        total = sum(losses) * (1.0 / len(losses)) + penalty
        right = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)]
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
    assert history.loss[0] == 0.8958441028683222
    assert history.accuracy[0] == 0.5
    assert history.accuracy[-1] == 1.0
    trajectory = list(zip(history.loss, history.accuracy, strict=True))
    by_loop = micrograds_demo(lambda model, x: model(x), 10)
    in_style = micrograds_demo(in_micrograds_style, 10)
    for other in (by_loop, in_style):
        for (loss, accuracy), (its_loss, its_accuracy) in zip(trajectory, other, strict=False):
            assert loss == pytest.approx(its_loss, rel=1e-12)
            assert accuracy == its_accuracy
