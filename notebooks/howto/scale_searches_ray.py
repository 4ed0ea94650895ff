"""Search for the best settings on the workers of Ray."""

import os
import time

# A busy machine starts a worker slowly
os.environ.setdefault("RAY_worker_register_timeout_seconds", "600")
import joblib
import ray
from ray.util.joblib import register_ray
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


if __name__ == "__main__":
    with joblib.parallel_config("sequential"):
        expected, alone = search()
    print("best:", expected.best_params_)
    started = time.perf_counter()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    start = time.perf_counter() - started
    register_ray()
    with joblib.parallel_config("ray"):
        runs = [search() for _ in range(2)]
    ray.shutdown()
    for number, (found, _) in enumerate(runs, 1):
        same = found.best_params_ == expected.best_params_ and (
            found.cv_results_["mean_test_score"].tolist()
            == expected.cv_results_["mean_test_score"].tolist()
        )
        print(f"ray, search {number}: the same best settings and scores: {same}")
    times = ", ".join(f"{seconds:.1f} s" for _, seconds in runs)
    print(f"one process {alone:.1f} s, Ray starts in {start:.1f} s, two searches {times}")
