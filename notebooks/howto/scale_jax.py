"""Train a model on eight devices with JAX. The loss is scalar code of one row."""

import os
import time

# Eight devices on one machine
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from sklearn.datasets import make_moons

import autograd
import nn

jax.config.update("jax_enable_x64", True)
model = nn.MLP(2, [16, 16, 1], rng=0)


def loss(X, y, weight):
    def of_row(x, t, w):
        return w * nn.bce_with_logits([model(x)], [t])

    return autograd.sum(autograd.vmap(of_row)(X, y, weight))  # the weights sum to 1


def padded(array, multiple):
    """Return the array with rows of 0 behind, so that the devices can share its rows."""
    rows = -len(array) % multiple
    return np.concatenate([array, np.zeros((rows, *array.shape[1:]))])


def seconds(step, *arguments, rounds=10):
    """Return the least time of a step: seconds on the clock."""
    jax.block_until_ready(step(*arguments))  # compiled
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        jax.block_until_ready(step(*arguments))
        times.append(time.perf_counter() - started)
    return min(times)


# One function of parameters and arguments, for any number of rows
F = autograd.to_jax(loss, [[0.0, 0.0]], [0.0], [1.0])
parameters = F.parameters()
step = jax.jit(jax.value_and_grad(F))

# 100 rows on 8 devices: 7 devices have 13, the last one has 9 and 4 rows of weight 0
X, y = make_moons(n_samples=100, noise=0.1, random_state=0)
devices = Mesh(np.array(jax.devices()), ("rows",))
by_rows = NamedSharding(devices, PartitionSpec("rows"))
batch = [jax.device_put(padded(a, 8), by_rows) for a in (X, y.astype(float), np.full(100, 0.01))]
print(f"{len(batch[0].sharding.device_set)} devices, {len(batch[0])} rows with the padding")

# The loss and the gradient are those of plain scalar code on one machine
total = loss(X.tolist(), y.tolist(), [0.01] * 100)
total.backward()
value, gradient = step(parameters, *batch)
difference = max(abs(value - total.data), *abs(gradient - np.array([v.grad for v in F.values])))
print(f"as on one machine, to 1e-12: {bool(difference < 1e-12)}")

# Train, and give the numbers back to the model
for _ in range(300):
    _, gradient = step(parameters, *batch)
    # One step after another, or devices on few cores stall
    parameters = jax.block_until_ready(parameters - 0.5 * gradient)
F.write_back(parameters)
right = sum((model(x).data > 0) == bool(t) for x, t in zip(X.tolist(), y, strict=True))
print(f"right after 300 steps: {right} of 100")

# What it costs: devices that share the cores of one machine. To compare, start the script with
# XLA_FLAGS=--xla_force_host_platform_device_count=1
rows, count = 16_000, len(jax.devices())
X, y = make_moons(n_samples=rows, noise=0.1, random_state=0)
arrays = [X, y.astype(float), np.full(rows, 1 / rows)]
least = seconds(step, parameters, *[jax.device_put(a, by_rows) for a in arrays])
print(f"a step of {rows:,} rows: {least * 1e3:.1f} ms, by {count} devices")
