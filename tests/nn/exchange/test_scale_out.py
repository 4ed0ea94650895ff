"""Models, estimators and compiled functions travel; the scripts of the how-to pages run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[3]
HOWTO = ROOT / "notebooks" / "howto"
SCRIPTS = {
    "scale_searches": ("distributed", "sklearn"),
    "scale_searches_ray": ("ray",),  # not in the extra scale: it is large, and starts slowly
    "scale_blocks": ("dask_ml",),
    "scale_jax": ("jax", "sklearn"),
    "scale_torch": ("torch",),
}
model = nn.MLP(2, [3, 1], "tanh", rng=0)


@autograd.compile
def loss(X, y):
    return nn.mse([model(x) for x in X], y)


def picklers():
    found = [pickle]
    try:
        import cloudpickle
    except ModuleNotFoundError:
        return found
    return [*found, cloudpickle]


@pytest.mark.parametrize("pickler", picklers(), ids=lambda each: each.__name__)
def test_a_model_and_what_is_compiled_travel(pickler):
    X, y = [[0.0, 1.0], [1.0, 0.5]], [1.0, 0.0]
    expected = loss(X, y).data  # compiled here, and there once more
    model_there, loss_there = pickle.loads(pickler.dumps((model, loss)))
    assert loss_there is loss
    assert [z.data for z in model_there.parameters()] == [z.data for z in model.parameters()]
    assert loss_there(X, y).data == expected
    bound = autograd.compile(model.__call__)
    sent = pickle.loads(pickler.dumps(bound))
    assert sent(X[0]).data == bound(X[0]).data == model(X[0]).data
    assert sent.report()


@pytest.mark.parametrize("pickler", picklers(), ids=lambda each: each.__name__)
def test_an_estimator_travels_trained_or_not(pickler):
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5, [0, 1, 1, 0] * 5
    estimator = nn.MLPClassifier((4,), max_iter=5, tol=10.0, n_iter_no_change=1, random_state=0)
    there = pickle.loads(pickler.dumps(estimator)).fit(X, y)
    back = pickle.loads(pickler.dumps(there))
    assert (back.predict_proba(X) == estimator.fit(X, y).predict_proba(X)).all()


SENDER = """
import sys, autograd, cloudpickle, pickle
from autograd import Value
w = Value(3.0)
@autograd.compile
def f(x):
    return w * x
f(2.0)
assert pickle.loads(pickle.dumps(f)) is f
sys.stdout.buffer.write(cloudpickle.dumps((f, w)))
"""
RECEIVER = """
import pickle, sys
f, w = pickle.loads(sys.stdin.buffer.read())
w.data = 5.0
y = f(2.0)
y.backward()
print(y.data, w.grad)
"""


@pytest.mark.slow
def test_a_compiled_function_of_a_script_reaches_another_process():
    pytest.importorskip("cloudpickle")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    sent = subprocess.run([sys.executable, "-c", SENDER], env=env, capture_output=True, check=True)
    got = subprocess.run(
        [sys.executable, "-c", RECEIVER], env=env, input=sent.stdout, capture_output=True
    )
    assert got.stdout.split() == [b"10.0", b"2.0"], got.stderr.decode()[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_of_a_page_prints_what_the_page_shows(name):
    for module in SCRIPTS[name]:
        pytest.importorskip(module, reason=f"{name}.py needs {module}")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, HOWTO / f"{name}.py"], env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *facts, cost = done.stdout.splitlines()
    pages = [path.read_text("utf-8") for path in sorted(HOWTO.glob("scale_*.md"))]
    (page,) = [text for text in pages if f"{{literalinclude}} {name}.py" in text]
    assert [line for line in facts if not line.startswith("a step of") and line not in page] == []
    assert "False" not in "".join(facts)
    assert cost
