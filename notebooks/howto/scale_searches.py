"""Search for the best settings on a cluster. A worker is killed on the way."""

import os
import signal
import threading
import time

import joblib
from dask.distributed import Client, LocalCluster
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

import nn

SETTINGS = {"learning_rate_init": [0.0001, 0.003, 0.01]}


def search():
    """Return the search, done, and the seconds that it took."""
    X, y = load_iris(return_X_y=True)
    estimator = nn.MLPClassifier(hidden_layer_sizes=(16,), tol=0.01, random_state=0)
    started = time.perf_counter()
    done = GridSearchCV(estimator, SETTINGS, cv=2, n_jobs=2).fit(X, y)
    return done, time.perf_counter() - started


def kill(client):
    """Kill a worker process while it works, as a machine fails."""
    pid = next(iter(client.run(os.getpid).values()))

    def wait_and_kill():
        held = [set()]
        # until both have what was sent to one of them
        while not held[0] or held[0] != held[1]:
            time.sleep(0.01)
            held = [{k for k in keys if "batch" not in k} for keys in client.has_what().values()]
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=wait_and_kill)
    killer.start()
    return killer


if __name__ == "__main__":
    with joblib.parallel_config("sequential"):
        expected, alone = search()
    print("best:", expected.best_params_)
    runs = {}
    with joblib.parallel_config("loky"):
        runs["loky, 2 processes"] = search()
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        runs["dask, 2 workers"] = search()
        killer = kill(client)
        runs["dask, a worker killed"] = search()
        killer.join()
    for name, (found, _) in runs.items():
        same = found.best_params_ == expected.best_params_ and (
            found.cv_results_["mean_test_score"].tolist()
            == expected.cv_results_["mean_test_score"].tolist()
        )
        print(f"{name}: the same best settings and scores: {same}")
    times = ", ".join(f"{name} {seconds:.1f} s" for name, (_, seconds) in runs.items())
    print(f"one process {alone:.1f} s, {times}")
