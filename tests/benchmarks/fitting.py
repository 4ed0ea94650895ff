"""Training a classifier: `nn.MLPClassifier.fit`, scikit-learn's, and a loop in PyTorch.

    python -m tests.benchmarks.fitting [DATA ...] [--epochs EPOCHS]

All have the same hidden layers (16, 16) of ReLU, Adam with the same settings, batches of 32, and as
many epochs: 100, for digits 20. The time is that of the whole call, with compiling. It is
`process_time` on one core, the minimum of interleaved rounds. PyTorch computes in float64.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Any

HIDDEN, BATCH, RATE, EPOCHS = (16, 16), 32, 0.01, {"digits": 20}
ROUNDS = 5


def data(name: str) -> tuple[Any, Any]:
    """Standardized features and class numbers."""
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_moons
    from sklearn.preprocessing import StandardScaler

    if name == "moons":
        X, y = make_moons(100, noise=0.1, random_state=1337)
    else:
        load = {"iris": load_iris, "breast_cancer": load_breast_cancer, "digits": load_digits}
        X, y = load[name](return_X_y=True)
    return StandardScaler().fit_transform(X), y


def estimator(kind: type, X: Any, y: Any, epochs: int) -> Any:
    """An estimator of this library or of scikit-learn, whose parameters have the same names."""
    return kind(
        HIDDEN, learning_rate_init=RATE, batch_size=BATCH, max_iter=epochs, tol=0.0,
        n_iter_no_change=10**6, random_state=0,
    ).fit(X, y)  # fmt: skip


def of_torch(X: Any, y: Any, epochs: int) -> Any:
    import torch

    classes = int(y.max()) + 1
    sizes = [X.shape[1], *HIDDEN, classes if classes > 2 else 1]
    layers: list[Any] = []
    for nin, nout in pairwise(sizes):
        layers += [torch.nn.Linear(nin, nout), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    rows = torch.tensor(X)
    if classes > 2:
        loss: Any = torch.nn.CrossEntropyLoss()
        targets = torch.tensor(y)
    else:
        loss = torch.nn.BCEWithLogitsLoss()
        targets = torch.tensor(y, dtype=torch.float64)[:, None]
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for batch in order.split(BATCH):
            optimizer.zero_grad()
            loss(model(rows[batch]), targets[batch]).backward()
            optimizer.step()
    return model


def ways() -> dict[str, Callable[[Any, Any, int], Any]]:
    import torch
    from sklearn.neural_network import MLPClassifier

    import nn

    torch.set_num_threads(1)
    return {
        "chalkgrad": lambda *args: estimator(nn.MLPClassifier, *args),
        "scikit-learn": lambda *args: estimator(MLPClassifier, *args),
        "PyTorch": of_torch,
    }


def row(name: str, epochs: int | None) -> None:
    X, y = data(name)
    epochs = epochs or EPOCHS.get(name, 100)
    measured, fitted = dict.fromkeys(ways(), inf), dict[str, Any]()
    for _ in range(ROUNDS):  # rounds of all, in turn
        for way, fit in ways().items():
            started = time.process_time()
            fitted[way] = fit(X, y, epochs)
            measured[way] = min(measured[way], time.process_time() - started)
    ours, theirs, torch = measured.values()
    accuracies = [fitted[way].score(X, y) for way in ("chalkgrad", "scikit-learn")]
    print(
        f"{name:14}{epochs:7}{ours * 1e3:12.0f}{theirs * 1e3:14.0f}{torch * 1e3:10.0f}"
        f"{ours / theirs:16.2f}{ours / torch:11.2f}{accuracies[0]:16.3f}{accuracies[1]:8.3f}",
        flush=True,
    )


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # one core; before anything imports NumPy
    warnings.simplefilter("ignore")  # that training went on for all epochs, as it shall
    parser = argparse.ArgumentParser(description="Time the fit of a classifier.")
    names = ["moons", "iris", "breast_cancer", "digits"]
    parser.add_argument("data", nargs="*", metavar="DATA", help=", ".join(names))
    parser.add_argument("--epochs", type=int)
    asked = parser.parse_args()
    print(f"{'':14}{'':7}{'milliseconds':>36}{'ratio to':>27}{'training accuracy':>24}")
    print(
        f"{'data':14}{'epochs':>7}{'chalkgrad':>12}{'scikit-learn':>14}{'PyTorch':>10}"
        f"{'scikit-learn':>16}{'PyTorch':>11}{'chalkgrad':>16}{'sklearn':>8}"
    )
    for name in asked.data or names:
        row(name, asked.epochs)


if __name__ == "__main__":
    main()
