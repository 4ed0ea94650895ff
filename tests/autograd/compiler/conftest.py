"""Runs the tests of what compiled functions mean with each backend.

Machine code differs from NumPy in how a program is written, not in what is recorded. So random
programs always run with both, and the other tests with machine code only among the slow ones.
"""

from importlib.util import find_spec

import pytest

SLOW_LLVM = pytest.param("llvm", marks=pytest.mark.slow)


@pytest.fixture(params=["numpy", "llvm"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let functions that are compiled without a word about the backend run with this one."""
    return _default_backend(request.param, monkeypatch)


@pytest.fixture(params=["numpy", SLOW_LLVM])
def numpy_first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do the same, with machine code among the slow tests."""
    return _default_backend(request.param, monkeypatch)


def _default_backend(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if name == "llvm" and find_spec("llvmlite") is None:
        pytest.skip("without llvmlite")
    from autograd.compiler import compiled_function

    chosen = compiled_function.chosen

    def default(backend: str | None, xp: object) -> str:
        return chosen(name if backend is None and xp is None else backend, xp)

    monkeypatch.setattr(compiled_function, "chosen", default)
    return name
