"""Accuracy against scikit-learn's own estimator: python -m tests.benchmarks.accuracy [DATA ...]

Prints the README's table: mean accuracy on a held-out quarter, over 5 seeds (of data, split and
weights), of `nn.MLPClassifier` with its default settings and of scikit-learn's MLPClassifier with
the same hidden layers, features standardized for both. scikit-learn's may train for up to 2,000
epochs, ten times its default, without which it has not converged on the small sets. Exits with 1 if
a mean is below its target, or more than 0.02 below scikit-learn's.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from typing import Any

from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_circles,
    make_moons,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nn

SEEDS, MARGIN = range(5), 0.02
TARGETS = {
    "moons": 0.97,
    "circles": 0.97,
    "iris": 0.93,
    "wine": 0.95,
    "breast_cancer": 0.95,
    "digits": 0.93,
}


def data(name: str, seed: int) -> tuple[Any, Any]:
    if name == "moons":
        return make_moons(400, noise=0.1, random_state=seed)
    if name == "circles":
        return make_circles(400, noise=0.1, factor=0.5, random_state=seed)
    loaders = [load_iris, load_wine, load_breast_cancer, load_digits]
    return {load.__name__: load for load in loaders}[f"load_{name}"](return_X_y=True)


def held_out_accuracy(estimator: Any, name: str, seed: int) -> float:
    X, y = data(name, seed)
    parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    pipeline = make_pipeline(StandardScaler(), estimator).fit(parts[0], parts[2])
    return float(pipeline.score(parts[1], parts[3]))


def row(name: str) -> bool:
    """Print a data set's row; whether both conditions hold."""
    start, ours, theirs = time.perf_counter(), [], []
    for seed in SEEDS:
        estimator = nn.MLPClassifier(random_state=seed)
        ours.append(held_out_accuracy(estimator, name, seed))
    seconds = (time.perf_counter() - start) / len(SEEDS)
    for seed in SEEDS:
        estimator = MLPClassifier(estimator.hidden_layer_sizes, max_iter=2000, random_state=seed)
        theirs.append(held_out_accuracy(estimator, name, seed))
    mean, mean_theirs = statistics.fmean(ours), statistics.fmean(theirs)
    cells = [name, f"{TARGETS[name]:.2f}", _with_range(ours), _with_range(theirs)]
    print("|", " | ".join([*cells, f"{mean - mean_theirs:+.3f}"]), "|", flush=True)
    print(f"{name}: {seconds:.1f} s a fit", file=sys.stderr)
    return mean >= TARGETS[name] and mean >= mean_theirs - MARGIN


def _with_range(scores: list[float]) -> str:
    return f"{statistics.fmean(scores):.3f} ({min(scores):.3f} to {max(scores):.3f})"


def main(names: list[str]) -> int:
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| data | target | `nn.MLPClassifier` | scikit-learn's | difference |")
    print("|---|---|---|---|---|")
    good = [row(name) for name in names or TARGETS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
