"""Estimators whose epochs run in machine code learn what they learn with NumPy."""

from __future__ import annotations

from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
pytest.importorskip("llvmlite")

import nn  # noqa: E402  # after it is known that there is scikit-learn
from nn.exchange import network_program, perceptron, solvers  # noqa: E402  # as above
from nn.exchange.network_program import NetworkProgram  # noqa: E402  # as above
from nn.training.epoch_steps import EpochSteps  # noqa: E402  # as above

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {"solver": "adam", "epsilon": 1e-3},
    "adamw": {"solver": "adamw"},
    "rmsprop": {"solver": "rmsprop", "alpha": 0.0},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "sgd that adapts": {
        "solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2,
        "nesterovs_momentum": False,
    },
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3},
    "in order": {"shuffle": False, "batch_size": 16},
}  # fmt: skip


def data() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    weights = rng.uniform(0.5, 2.0, size=90)
    weights[16:32] = 0.0  # all of a batch, if they are in order
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1), weights


@pytest.mark.filterwarnings("ignore:training went on")
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_numbers_are_those_of_numpy(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    class Counted(EpochSteps):
        def _in_machine_code(self, *args: Any) -> Any:
            nonlocal made
            found = super()._in_machine_code(*args)
            made += len(found)
            return found

    monkeypatch.setattr(solvers, "EpochSteps", Counted)
    X, y, weights = data()
    fitted = {}
    for backend in ("llvm", "numpy"):
        monkeypatch.setattr(perceptron, "backend_for", lambda steps, chosen=backend: chosen)
        estimator = getattr(nn, kind)((5,), max_iter=30, random_state=0, **SETTINGS[name])
        fitted[backend] = estimator.fit(X, y, weights)
        assert (made > 5) == (backend == "llvm")
        made = 0
    one, other = fitted["llvm"], fitted["numpy"]
    assert one.loss_curve_ == pytest.approx(other.loss_curve_, rel=1e-9)
    assert one.n_iter_ == other.n_iter_
    for mine, expected in zip(one.coefs_, other.coefs_, strict=True):
        assert mine == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_blocks_of_sparse_samples_go_on_as_with_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    X, y, _ = data()
    found = []
    for backend in ("llvm", "numpy"):
        monkeypatch.setattr(perceptron, "backend_for", lambda steps, chosen=backend: chosen)
        estimator = nn.MLPClassifier((5,), random_state=0, batch_size=10)
        for start in (0, 30, 60, 0):
            part = slice(start, start + 30)
            estimator.partial_fit(sparse.csr_matrix(X[part]), y[part], classes=[0, 1, 2])
        found.append(np.concatenate([c.ravel() for c in estimator.coefs_]))
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-12)


def test_one_program_serves_every_batch_size_and_remembers_no_earlier_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(perceptron, "backend_for", lambda steps: "llvm")
    made = []
    new = NetworkProgram.__init__
    monkeypatch.setattr(
        NetworkProgram, "__init__", lambda self, *kind: made.append(self) or new(self, *kind)
    )
    X, y, _ = data()

    def coefficients(batch_size: int) -> list[float]:
        estimator = nn.MLPClassifier((4,), batch_size=batch_size, max_iter=3, random_state=0)
        with pytest.warns(match="training went on"):
            estimator.fit(X, y)
        return np.concatenate([c.ravel() for c in estimator.coefs_]).tolist()

    alone = {}
    for batch_size in (16, 25, 90):
        network_program.forget_programs()
        alone[batch_size] = coefficients(batch_size)
    assert len(made) == 3
    for batch_size in (16, 90, 25, 16):
        assert coefficients(batch_size) == alone[batch_size]
    assert len(made) == 3
