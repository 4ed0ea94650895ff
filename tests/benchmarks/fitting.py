"""Training a classifier: `nn.MLPClassifier.fit`, scikit-learn's, and a loop in PyTorch.

    python -m tests.benchmarks.fitting [DATA ...] [--epochs EPOCHS]

All have the same hidden layers (16, 16) of ReLU, Adam with the same settings, batches of 32, and as
many epochs: 100, for digits 20. The time is that of the whole call. It is `process_time` on one
core, the minimum of interleaved rounds. PyTorch computes in float64. Programs and machine code are
made anew in each round, as for a network that was never trained before.

"numpy" is `nn.MLPClassifier` with NumPy alone, "llvm" with machine code from the first step.
"default" is what it does with llvmlite installed: machine code where it pays.
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


def ours(choose: Callable[[int], str]) -> Callable[..., Any]:
    """This library's estimator, whose program has the backend that is chosen by the steps."""
    import nn
    from nn.exchange import network_program, perceptron

    def fit(*args: Any) -> Any:
        network_program.forget_programs()
        perceptron.backend_for = choose
        return estimator(nn.MLPClassifier, *args)

    return fit


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

    from nn.training.flat_parameters import backend_for

    torch.set_num_threads(1)
    return {
        "numpy": ours(lambda steps: "numpy"),
        "llvm": ours(lambda steps: "llvm"),
        "default": ours(backend_for),
        "scikit-learn": lambda *args: estimator(MLPClassifier, *args),
        "PyTorch": of_torch,
    }


def row(name: str, epochs: int | None) -> None:
    X, y = data(name)
    epochs = epochs or EPOCHS.get(name, 100)
    all_ways = ways()
    measured, fitted = dict.fromkeys(all_ways, inf), dict[str, Any]()
    for _ in range(ROUNDS):  # rounds of all, in turn
        for way, fit in all_ways.items():
            started = time.process_time()
            fitted[way] = fit(X, y, epochs)
            measured[way] = min(measured[way], time.process_time() - started)
    numbers = "".join(f"{seconds * 1e3:14.0f}" for seconds in measured.values())
    pairs = [("numpy", "scikit-learn"), ("numpy", "PyTorch"), ("llvm", "scikit-learn")]
    ratios = "".join(f"{measured[x] / measured[y]:20.2f}" for x, y in pairs)
    accuracies = [fitted[way].score(X, y) for way in ("numpy", "llvm", "scikit-learn")]
    scores = "".join(f"{accuracy:14.3f}" for accuracy in accuracies)
    print(f"{name:14}{epochs:7}{numbers}{ratios}{scores}", flush=True)


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # one core; before anything imports NumPy
    os.environ["CHALKGRAD_CACHE"] = "0"  # no machine code of earlier runs
    warnings.simplefilter("ignore")  # that training went on for all epochs, as it shall
    parser = argparse.ArgumentParser(description="Time the fit of a classifier.")
    names = ["moons", "iris", "breast_cancer", "digits"]
    parser.add_argument("data", nargs="*", metavar="DATA", help=", ".join(names))
    parser.add_argument("--epochs", type=int)
    asked = parser.parse_args()
    print(f"{'':21}{'milliseconds':>70}{'ratio':>60}{'training accuracy':>42}")
    titles = [*ways(), "numpy/scikit-learn", "numpy/PyTorch", "llvm/scikit-learn"]
    widths = [14] * len(ways()) + [20] * 3
    heads = "".join(f"{title:>{width}}" for title, width in zip(titles, widths, strict=True))
    print(f"{'data':14}{'epochs':>7}{heads}{'numpy':>14}{'llvm':>14}{'scikit-learn':>14}")
    for name in asked.data or names:
        row(name, asked.epochs)


if __name__ == "__main__":
    main()
