"""One step of micrograd's demo, side by side: eager, compiled, by hand, and in other libraries.

    python -m tests.benchmarks.compiled_step [picture.svg]

A step is the loss and all 337 gradients of 100 moons, MLP(2, [16, 16, 1]), hinge loss plus 1e-4 L2,
full batch, float64, on one core, in one process. Every way to it is checked against the eager one
first. Libraries that are not installed are left out, and C where there is no `cc`. Prints minimums
and ratios, and draws them. Ratios count; times depend on the machine: processor time, which
other programs on the machine disturb less.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd
import nn

ALPHA = 1e-4
Step = Callable[[], tuple[float, list[float]]]  # the loss and its gradient, parameters in order
Way = tuple[Callable[[], Any], Callable[[], tuple[float, Any]]]  # what is timed; what it found


def moons() -> tuple[list[list[float]], list[int]]:
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
    return X.tolist(), (2 * y - 1).tolist()


def initial() -> list[float]:
    """The parameters, neuron by neuron: its weights, then its bias."""
    rng = random.Random(1337)
    sizes = ((2, 16), (16, 16), (16, 1))
    return [x for m, n in sizes for _ in range(n) for x in [*rng_weights(rng, m), 0.0]]


def rng_weights(rng: random.Random, n: int) -> list[float]:
    return [rng.uniform(-1, 1) for _ in range(n)]


# ------------------------------------------------------------------------------- scalar code


def scalar_code(value: type) -> tuple[list[Any], Callable[[], Any]]:
    """The parameters and the loss as micrograd writes it, on any class of values."""
    X, y = moons()
    parameters = [value(x) for x in initial()]
    taken = iter(parameters)
    layers = [
        [([next(taken) for _ in range(m)], next(taken)) for _ in range(n)]
        for m, n in ((2, 16), (16, 16), (16, 1))
    ]

    def model(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            if layer is not layers[-1]:
                x = [xi.relu() for xi in x]
        return x[0]

    def loss() -> Any:
        inputs = [list(map(value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + ALPHA * sum(p * p for p in parameters)

    return parameters, loss


def scalar_way(value: type) -> Way:
    parameters, loss = scalar_code(value)

    def step() -> Any:
        for p in parameters:
            p.grad = 0.0
        total = loss()
        total.backward()
        return total

    return step, lambda: (step().data, [p.grad for p in parameters])


def mlp_way() -> Way:
    X, y = moons()
    model = nn.MLP(2, [16, 16, 1])
    parameters = model.parameters()
    for p, x in zip(parameters, initial(), strict=True):
        p.data = x

    def step() -> Any:
        model.zero_grad()
        total = nn.hinge([model(x) for x in X], y) + ALPHA * nn.l2(parameters)
        total.backward()
        return total

    return step, lambda: (step().data, [p.grad for p in parameters])


def compiled_way(backend: str = "numpy") -> Way:
    parameters, loss = scalar_code(autograd.Value)
    fast = autograd.compile(loss, backend=backend)

    def result() -> tuple[float, Any]:
        total = fast()
        found = dict(zip(total.parents, total.gradient.tolist(), strict=True))
        return total.data, [found[p] for p in parameters]

    return fast, result


def training_way(backend: str = "numpy") -> Way:
    """The compiled loss with all that training needs besides; the steps are too short to see."""
    parameters, loss = scalar_code(autograd.Value)
    fast = autograd.compile(loss, backend=backend)
    optimizer = nn.SGD(parameters, lr=1e-300)

    def step() -> Any:
        optimizer.zero_grad()
        total = fast()
        total.backward()
        optimizer.step()
        return total

    return step, lambda: (step().data, [p.grad for p in parameters])


def train_step_way(backend: str = "numpy") -> Way:
    """The same with `nn.train_step`, which keeps all numbers flat between the steps."""
    parameters, loss = scalar_code(autograd.Value)
    optimizer = nn.SGD(parameters, lr=1e-300)
    step = nn.train_step(autograd.compile(loss, backend=backend), optimizer)
    step.__enter__()  # the block is open as long as the process runs

    def result() -> tuple[float, list[float]]:
        value = step()
        step.sync()
        return value, [p.grad for p in parameters]

    return step, result


# ------------------------------------------------------------------------------------ by hand


def numpy_way() -> Way:
    import numpy as np

    X, y = map(np.array, moons())
    p = np.array(initial())
    first, second = p[:48].reshape(16, 3), p[48:320].reshape(16, 17)
    W1, b1, W2, b2 = (
        np.array(a) for a in (first[:, :2], first[:, 2], second[:, :16], second[:, 16])
    )
    w3, b3, n = np.array(p[320:336]), p[336], len(y)

    def step() -> Any:
        z1 = X @ W1.T + b1
        a1 = np.maximum(z1, 0.0)
        z2 = a1 @ W2.T + b2
        a2 = np.maximum(z2, 0.0)
        margin = 1.0 - y * (a2 @ w3 + b3)
        squares = (W1 * W1).sum() + b1 @ b1 + (W2 * W2).sum() + b2 @ b2 + w3 @ w3 + b3 * b3
        loss = np.maximum(margin, 0.0).sum() / n + ALPHA * squares
        ds = y * (margin > 0.0) / -n
        dw3 = ds @ a2 + 2 * ALPHA * w3
        db3 = ds.sum() + 2 * ALPHA * b3
        dz2 = ds[:, None] * w3 * (z2 > 0.0)
        dW2 = dz2.T @ a1 + 2 * ALPHA * W2
        db2 = dz2.sum(axis=0) + 2 * ALPHA * b2
        dz1 = dz2 @ W2 * (z1 > 0.0)
        dW1 = dz1.T @ X + 2 * ALPHA * W1
        db1 = dz1.sum(axis=0) + 2 * ALPHA * b1
        return loss, dW1, db1, dW2, db2, dw3, db3

    def result() -> tuple[float, Any]:
        loss, dW1, db1, dW2, db2, dw3, db3 = step()
        layers = [np.c_[dW1, db1].ravel(), np.c_[dW2, db2].ravel(), dw3, [db3]]
        return loss, np.concatenate(layers).tolist()

    return step, result


C_SOURCE = """
#define N 100
#define H 16
double step(const double *X, const double *y, const double *p, double *g) {
    double z1[H], a1[H], z2[H], a2[H], d2[H], d1[H], loss = 0.0, squares = 0.0;
    const double *q = p + 3 * H, *r = q + 17 * H;
    double *gq = g + 3 * H, *gr = gq + 17 * H;
    for (int k = 0; k < 337; k++) { squares += p[k] * p[k]; g[k] = 2e-4 * p[k]; }
    for (int i = 0; i < N; i++) {
        double x0 = X[2 * i], x1 = X[2 * i + 1], s = r[H];
        for (int j = 0; j < H; j++) {
            z1[j] = p[3 * j] * x0 + p[3 * j + 1] * x1 + p[3 * j + 2];
            a1[j] = z1[j] > 0.0 ? z1[j] : 0.0;
        }
        for (int j = 0; j < H; j++) {
            double t = q[17 * j + H];
            for (int k = 0; k < H; k++) t += q[17 * j + k] * a1[k];
            z2[j] = t;
            a2[j] = t > 0.0 ? t : 0.0;
            s += r[j] * a2[j];
        }
        double margin = 1.0 - y[i] * s;
        if (margin <= 0.0) continue;
        loss += margin;
        double ds = -y[i] / N;
        gr[H] += ds;
        for (int k = 0; k < H; k++) d1[k] = 0.0;
        for (int j = 0; j < H; j++) {
            gr[j] += ds * a2[j];
            d2[j] = z2[j] > 0.0 ? ds * r[j] : 0.0;
            gq[17 * j + H] += d2[j];
            for (int k = 0; k < H; k++) {
                gq[17 * j + k] += d2[j] * a1[k];
                d1[k] += d2[j] * q[17 * j + k];
            }
        }
        for (int j = 0; j < H; j++) {
            double d = z1[j] > 0.0 ? d1[j] : 0.0;
            g[3 * j] += d * x0;
            g[3 * j + 1] += d * x1;
            g[3 * j + 2] += d;
        }
    }
    return loss / N + 1e-4 * squares;
}
"""


def c_way() -> Way:
    import numpy as np

    if shutil.which("cc") is None:
        raise ImportError("no cc")
    X, y = (np.array(a, float) for a in moons())
    p, g = np.array(initial()), np.empty(337)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "step.c"), Path(folder, "step.so")
        source.write_text(C_SOURCE)
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", library, source], check=True)
        function = ctypes.CDLL(str(library)).step
    function.restype = ctypes.c_double
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (X, y, p, g)]

    def step(keep: Any = (X, y, p, g)) -> Any:  # the memory that it works on
        return function(*pointers)

    return step, lambda: (step(), g.tolist())


# ----------------------------------------------------------------------------- other libraries


def layers_of(p: Any) -> tuple[Any, ...]:
    """Weights and biases as views of the flat parameters, in any array library."""
    first, second = p[:48].reshape(16, 3), p[48:320].reshape(16, 17)
    return first[:, :2], first[:, 2], second[:, :16], second[:, 16], p[320:336], p[336]


def torch_way() -> Way:
    import torch

    torch.set_num_threads(1)
    X, y = (torch.tensor(a, dtype=torch.float64) for a in moons())
    flat = torch.tensor(initial(), dtype=torch.float64)
    parameters = [a.clone().requires_grad_() for a in layers_of(flat)]
    W1, b1, W2, b2, w3, b3 = parameters

    def step() -> Any:
        for p in parameters:
            p.grad = None
        a2 = torch.relu(torch.relu(X @ W1.T + b1) @ W2.T + b2)
        losses = torch.relu(1.0 - y * (a2 @ w3 + b3))
        loss = losses.mean() + ALPHA * sum((p * p).sum() for p in parameters)
        loss.backward()
        return loss

    def result() -> tuple[float, Any]:
        loss = step().item()
        dW1, db1, dW2, db2, dw3, db3 = (p.grad for p in parameters)
        first, second = torch.column_stack([dW1, db1]), torch.column_stack([dW2, db2])
        return loss, torch.cat([first.ravel(), second.ravel(), dw3, db3[None]]).tolist()

    return step, result


def jax_way() -> Way:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, y = map(jnp.array, moons())
    p = jnp.array(initial())

    def loss(p: Any) -> Any:
        W1, b1, W2, b2, w3, b3 = layers_of(p)
        a2 = jax.nn.relu(jax.nn.relu(X @ W1.T + b1) @ W2.T + b2)
        return jax.nn.relu(1.0 - y * (a2 @ w3 + b3)).mean() + ALPHA * (p * p).sum()

    run = jax.jit(jax.value_and_grad(loss))

    def step() -> Any:
        return jax.block_until_ready(run(p))

    return step, lambda: (float(step()[0]), step()[1].tolist())


def casadi_way() -> Way:
    import casadi as ca

    X, y = moons()
    p = ca.SX.sym("p", 337)
    first, second = ca.reshape(p[:48], 3, 16).T, ca.reshape(p[48:320], 17, 16).T
    z1 = ca.DM(X) @ first[:, :2].T + ca.repmat(first[:, 2].T, 100, 1)
    z2 = ca.fmax(z1, 0) @ second[:, :16].T + ca.repmat(second[:, 16].T, 100, 1)
    losses = ca.fmax(1 - ca.DM(y) * (ca.fmax(z2, 0) @ p[320:336] + p[336]), 0)
    loss = ca.sum1(losses) / 100 + ALPHA * ca.sumsqr(p)
    run = ca.Function("step", [p], [loss, ca.gradient(loss, p)])
    import numpy as np

    buffer, evaluate = run.buffer()
    point, value, gradient = np.array(initial()), np.zeros(1), np.zeros(337)
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def step(keep: Any = (buffer, point, value, gradient)) -> None:  # the memory it works on
        evaluate()

    def result() -> tuple[float, Any]:
        step()
        return float(value[0]), gradient.tolist()

    return step, result


def micrograd_way() -> Way:
    return scalar_way(importlib.import_module("micrograd.engine").Value)


WAYS: dict[str, Callable[[], Way]] = {
    "micrograd": micrograd_way,
    "eager scalar code": lambda: scalar_way(autograd.Value),
    "nn.MLP, eager": mlp_way,
    "CasADi SX": casadi_way,
    "PyTorch, eager tensors": torch_way,
    "JAX, jitted tensors": jax_way,
    "compiled scalar code, training step": training_way,
    "compiled scalar code": compiled_way,
    "to machine code, training step": lambda: training_way("llvm"),
    "compiled scalar code, nn.train_step": train_step_way,
    "to machine code, nn.train_step": lambda: train_step_way("llvm"),
    "to machine code": lambda: compiled_way("llvm"),
    "NumPy by hand": numpy_way,
    "C by hand": c_way,
}


def measured(rounds: int = 15) -> dict[str, float]:
    """Least seconds a step, interleaved so that a noisy moment meets all of the fast ones."""
    ways: dict[str, Callable[[], Any]] = {}
    expected = scalar_way(autograd.Value)[1]()
    for name, make in WAYS.items():
        try:
            ways[name], result = make()
        except ImportError as error:
            print(f"without {name}: {error}")
            continue
        loss, gradient = result()
        wrong = max(abs(a - b) for a, b in zip(gradient, expected[1], strict=True))
        if not max(wrong, abs(loss - expected[0])) < 1e-12:
            raise RuntimeError(f"{name} computes something else: off by {wrong}")
    repeats = {}
    for name, step in ways.items():
        step()  # the first one after ``result`` may prepare what the next ones use
        started = time.process_time()
        step()
        repeats[name] = max(1, min(200, int(0.01 / (time.process_time() - started))))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, step in ways.items():
            if repeats[name] == 1 and len(seconds[name]) >= 5:
                continue  # the slow ones need no more
            gc.collect()
            started = time.process_time()
            for _ in range(repeats[name]):
                step()
            seconds[name].append((time.process_time() - started) / repeats[name])
    return {name: min(ts) for name, ts in seconds.items()}


def table(seconds: dict[str, float]) -> str:
    base = seconds["compiled scalar code"]
    lines = [f"{'one step of the demo':38}{'ms':>10}{'x compiled':>13}"]
    for name, t in sorted(seconds.items(), key=lambda item: -item[1]):
        ratio = t / base
        lines.append(f"{name:38}{t * 1e3:10.4f}{ratio:13,.{2 if ratio < 10 else 0}f}")
    return "\n".join(lines)


def picture(seconds: dict[str, float], path: str) -> None:
    from matplotlib.figure import Figure

    names = sorted(seconds, key=lambda name: -seconds[name])
    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    axes = figure.subplots()
    own = ["#c44e52" if "compiled" in name or "machine" in name else "#8da0b6" for name in names]
    times = [seconds[name] * 1e3 for name in names]
    axes.barh(names, times, color=own)
    axes.set_xscale("log")
    axes.set_xlim(right=max(times) * 6)
    axes.set_xlabel("milliseconds for the loss and all 337 gradients")
    axes.set_title("One step of micrograd's demo, one core")
    for name, t in zip(names, times, strict=True):
        axes.text(t * 1.1, name, f"{t:.3g}", va="center")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    seconds = measured()
    print(table(seconds))
    t = seconds["compiled scalar code"]
    print(f"\ncompiled takes {t / seconds['NumPy by hand']:.2f} x NumPy by hand (at most 1.2)")
    whole = seconds["compiled scalar code, training step"] / t
    print(f"a training step takes {whole:.2f} x the compiled call (at most 2)")
    for name, target in (("PyTorch, eager tensors", 3.5), ("micrograd", 8000)):
        if name in seconds:
            print(f"compiled is {seconds[name] / t:,.1f} x as fast as {name} (at least {target:,})")
    native = seconds.get("to machine code")
    if native is not None and "C by hand" in seconds:
        print(f"machine code takes {native / seconds['C by hand']:.2f} x C by hand (at most 1.2)")
    step = seconds.get("to machine code, nn.train_step")
    if step is not None and "C by hand" in seconds:
        ratio = step / seconds["C by hand"]
        print(f"nn.train_step in machine code takes {ratio:.2f} x C by hand (at most 0.6)")
    if native is not None and "JAX, jitted tensors" in seconds:
        ratio = seconds["JAX, jitted tensors"] / native
        print(f"machine code is {ratio:.1f} x as fast as jitted JAX (at least 2)")
    path = sys.argv[1] if len(sys.argv) > 1 else "compiled_step.svg"
    picture(seconds, path)
    print(f"drawn in {path}")


if __name__ == "__main__":
    sys.setrecursionlimit(1_000_000)  # micrograd's backward recurses, as deep as the graph
    threading.stack_size(512 * 1024 * 1024)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
