"""Train on data that does not fit into memory: block by block, by a loop and by Dask."""

import tempfile
import time
from pathlib import Path

import dask.array as da
import numpy as np
from dask_ml.wrappers import Incremental
from sklearn.datasets import make_classification

import nn

ROWS, BLOCK, EPOCHS = 20_000, 2_000, 3


def estimator():
    return nn.MLPClassifier(hidden_layer_sizes=(16,), random_state=0)


with tempfile.TemporaryDirectory() as folder:
    X, y = make_classification(n_samples=ROWS, n_features=10, class_sep=2.0, random_state=0)
    for name, array in (("X", X), ("y", y)):
        np.save(Path(folder, name), array)
    # They stay on disk
    X, y = (np.load(Path(folder, f"{name}.npy"), mmap_mode="r") for name in "Xy")

    # A loop over blocks: each is read, trained on, and forgotten
    started = time.perf_counter()
    by_loop = estimator()
    for _ in range(EPOCHS):
        for start in range(0, ROWS, BLOCK):
            block = slice(start, start + BLOCK)
            by_loop.partial_fit(X[block], y[block], classes=[0, 1])
    looped = time.perf_counter() - started

    # The same by Dask, whose arrays may lie anywhere
    started = time.perf_counter()
    arrays = [da.from_array(a, chunks=(BLOCK, *a.shape[1:])) for a in (X, y)]
    by_dask = Incremental(estimator(), shuffle_blocks=False)
    for _ in range(EPOCHS):
        by_dask.partial_fit(*arrays, classes=[0, 1])
    dasked = time.perf_counter() - started

    same = np.array_equal(by_loop.predict(X), by_dask.estimator_.predict(X))
    print(f"{ROWS:,} rows in blocks of {BLOCK:,}: the loop and Dask predict the same: {same}")
    print(f"accuracy above 0.9: {by_loop.score(X, y) > 0.9}")
    print(f"{EPOCHS} epochs: by the loop {looped:.1f} s, by Dask {dasked:.1f} s")
