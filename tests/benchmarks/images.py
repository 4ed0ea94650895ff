"""Training on images with `nn.fit`: seconds an epoch, memory, the time to compile, and PyTorch.

    python -m tests.benchmarks.images [SIDE HIDDEN SAMPLES]

Without arguments it prints the table of `notebooks/howto/large_data.md`, one process a row. The
images are scikit-learn's digits, 8 x 8 pixels, scaled to SIDE x SIDE and repeated with noise. The
network has HIDDEN ReLU units and 10 outputs. It learns with Adam, 64 images a step. Times are of
the process on one core. That of an epoch is the minimum over the epochs, those of PyTorch's copy of
the network (`nn.to_torch`, in float64) between them. The start is what the first epoch takes
longer. Memory is the peak before PyTorch is imported.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from math import ceil, inf
from typing import Any

ROWS = [  # side, hidden units, samples
    (8, 32, 2_000), (14, 32, 10_000), (28, 32, 10_000), (28, 128, 10_000), (28, 512, 10_000),
    (28, 128, 60_000),
]  # fmt: skip
BATCH, EPOCHS, RATE = 64, 5, 0.001
COLUMNS = [
    "pixels", "hidden", "samples", "parameters", "start s", "step ms", "epoch s", "MB",
    "times PyTorch",
]  # fmt: skip


def images(side: int, samples: int) -> tuple[Any, Any]:
    """Rows of side x side numbers from 0 to 1 and noise, and the digits that they show."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    nearest = np.arange(side) * 8 // side
    scaled = digits.images[:, nearest][:, :, nearest].reshape(-1, side * side) / 16
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(scaled), size=samples)
    noise = rng.normal(scale=0.2, size=(samples, side * side))
    return scaled[chosen] + noise, digits.target[chosen]


def torch_epoch(model: Any, X: Any, y: Any) -> Callable[[], None]:
    """Return an epoch of the same training in PyTorch."""
    import torch

    import nn

    torch.set_num_threads(1)
    copy = nn.to_torch(model)
    optimizer = torch.optim.Adam(copy.parameters(), lr=RATE)
    rows, targets = torch.from_numpy(X), torch.from_numpy(y)

    def epoch() -> None:
        for batch in torch.randperm(len(rows)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(copy(rows[batch]), targets[batch]).backward()
            optimizer.step()

    return epoch


class Clock:
    """A callback of `nn.fit` that takes the time of its epochs, and runs one of PyTorch between."""

    def __init__(self, X: Any, y: Any) -> None:
        self.X, self.y = X, y
        self.first, self.ours, self.torch, self.megabytes = inf, inf, inf, 0.0
        self.other: Callable[[], None] | None = None
        self.started = time.process_time()

    def __call__(self, model: Any, history: Any) -> None:
        spent = time.process_time() - self.started
        if self.other is None:
            self.first = spent
            self.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux
            self.other = torch_epoch(model, self.X, self.y)
        else:
            self.ours = min(self.ours, spent)
        started = time.process_time()
        self.other()
        self.torch = min(self.torch, time.process_time() - started)
        self.started = time.process_time()


def row(side: int, hidden: int, samples: int) -> str:
    import nn

    X, y = images(side, samples)
    model = nn.MLP(side * side, [hidden, 10], "relu", rng=0)
    clock = Clock(X, y)
    nn.fit(
        model, X, y, optimizer="adam", lr=RATE, epochs=EPOCHS, batch_size=BATCH, rng=0,
        callbacks=clock,
    )  # fmt: skip
    cells = [
        f"{side * side:,}", f"{hidden:,}", f"{samples:,}", f"{len(model.parameters()):,}",
        f"{clock.first - clock.ours:.1f}", f"{clock.ours / ceil(samples / BATCH) * 1e3:.2f}",
        f"{clock.ours:.2f}", f"{clock.megabytes:.0f}", f"{clock.ours / clock.torch:.1f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # one core; before anything imports NumPy
    parser = argparse.ArgumentParser(description="Time the training on images.")
    parser.add_argument("row", nargs="*", type=int, metavar="SIDE HIDDEN SAMPLES")
    asked = parser.parse_args().row
    if asked and len(asked) != 3:
        parser.error(f"a row is SIDE HIDDEN SAMPLES, such as 28 128 10000, got {asked}")
    if asked:
        return print(row(*asked))
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---" * len(COLUMNS) + "|", flush=True)
    for numbers in ROWS:  # a process each, so that the memory is its own
        command = [sys.executable, "-m", "tests.benchmarks.images", *map(str, numbers)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
