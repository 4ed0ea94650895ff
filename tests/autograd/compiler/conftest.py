"""Runs the tests of what compiled functions mean with each backend."""

from importlib.util import find_spec

import pytest


@pytest.fixture(params=["numpy", "llvm"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let functions that are compiled without a word about the backend run with this one."""
    if request.param == "llvm" and find_spec("llvmlite") is None:
        pytest.skip("without llvmlite")
    from autograd.compiler import compiled_function

    chosen = compiled_function.chosen

    def default(backend: str | None, xp: object) -> str:
        return chosen(request.param if backend is None and xp is None else backend, xp)

    monkeypatch.setattr(compiled_function, "chosen", default)
    return str(request.param)
