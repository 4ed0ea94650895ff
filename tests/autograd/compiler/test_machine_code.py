"""Machine code and its cache: nothing that is found on a disk may do harm."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")

from autograd.compiler import machine_code
from autograd.compiler.machine_code import (
    ARITY_OF_C,
    MachineCode,
    cache_folder,
    error_flags,
    host_lanes,
    load,
    mathematics_of_c,
)

NEEDS_OWNERS = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def text(factor: float = 2.0) -> str:
    return f"""
        declare double @exp(double)
        define double @f(double %x) {{
          %e = call double @exp(double %x)
          %y = fmul double %e, {factor:.1f}
          ret double %y
        }}"""


def value(code: MachineCode, x: float = 0.0) -> float:
    return float(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("f"))(x))


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty cache, which does not exist yet."""
    path = tmp_path / "own" / "cache"
    monkeypatch.setenv("CHALKGRAD_CACHE", str(path))
    return path


def never(*args: Any) -> None:
    raise AssertionError("it is not compiled again")


def test_code_runs_and_calls_c(folder: Path) -> None:
    assert value(load(text()), 0.0) == 2.0
    assert value(load(text(), optimize=2), 1.0) == 2.0 * 2.718281828459045


def test_code_lives_as_long_as_the_object(folder: Path) -> None:
    code = load(text())
    for factor in range(20):
        load(text(factor))
    gc.collect()
    assert value(code) == 2.0


def test_a_function_that_is_not_there(folder: Path) -> None:
    with pytest.raises(KeyError, match="no function 'g'"):
        load(text()).address("g")


def test_wrong_text_raises_what_llvm_says(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="expected"):
        load("define nonsense")
    assert not folder.exists()


def test_the_processor(folder: Path) -> None:
    assert host_lanes() in (2, 4, 8)
    assert bin(error_flags()).count("1") == 3


def test_the_functions_of_c_are_there() -> None:
    missing = [name for name in ARITY_OF_C if not hasattr(mathematics_of_c(), name)]
    assert not missing


# ---------------------------------------------------------------------------------------- the cache


def test_an_entry_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(text())
    (entry,) = entries(folder)
    monkeypatch.setattr(machine_code, "_write", never)
    assert value(load(text())) == 2.0
    assert entries(folder) == [entry]


def test_another_level_or_text_is_another_entry(folder: Path) -> None:
    load(text()), load(text(), 2), load(text(3.0))
    assert len(entries(folder)) == 3


@NEEDS_OWNERS
def test_only_the_user_can_read_or_write_it(folder: Path) -> None:
    load(text())
    (entry,) = entries(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o600


def middle_changed(entry: Path) -> None:
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.write_bytes(data)


def of_another_text(entry: Path) -> None:
    others = entries(entry.parent)
    load(text(9.0))
    (other,) = set(entries(entry.parent)) - set(others)
    other.replace(entry)


def writable_by_others(entry: Path) -> None:
    entry.chmod(0o666)


DAMAGE: list[Callable[[Path], Any]] = [
    lambda entry: entry.write_bytes(b""),
    lambda entry: entry.write_bytes(entry.read_bytes()[:20]),
    lambda entry: entry.write_bytes(entry.read_bytes()[:-1]),
    lambda entry: entry.write_bytes(entry.read_bytes() + b"x"),
    lambda entry: entry.write_bytes(os.urandom(1000)),
    middle_changed,
    of_another_text,
    pytest.param(writable_by_others, marks=NEEDS_OWNERS),  # type: ignore[list-item]  # of pytest
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_ignored_and_replaced(
    folder: Path, damage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(text())
    (entry,) = entries(folder)
    right = entry.read_bytes()
    damage(entry)
    assert value(load(text())) == 2.0
    assert entry.read_bytes() == right
    monkeypatch.setattr(machine_code, "_write", never)
    assert value(load(text())) == 2.0


def test_a_folder_where_the_entry_should_be_does_no_harm(folder: Path) -> None:
    load(text())
    (entry,) = entries(folder)
    entry.unlink()
    entry.mkdir()
    assert value(load(text())) == 2.0
    assert entries(folder) == [entry]


@NEEDS_OWNERS
@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_a_folder_that_others_may_write_is_not_used(folder: Path, mode: int) -> None:
    load(text())
    (entry,) = entries(folder)
    entry.write_bytes(b"")
    folder.chmod(mode)
    assert value(load(text())) == 2.0
    assert entry.read_bytes() == b""


@NEEDS_OWNERS
def test_what_belongs_to_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(text())
    (entry,) = entries(folder)
    entry.write_bytes(b"")
    monkeypatch.setattr(os, "getuid", lambda: entry.stat().st_uid + 1)
    assert value(load(text())) == 2.0
    assert entry.read_bytes() == b""


def test_switched_off(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", "0")
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert value(load(text())) == 2.0
    assert cache_folder() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "chalkgrad"),
        ("linux", "HOME", ".cache/chalkgrad"),
        ("darwin", "HOME", "Library/Caches/chalkgrad"),
        ("win32", "LOCALAPPDATA", "chalkgrad"),
    ],
)
def test_the_folder_is_where_the_platform_keeps_caches(
    platform: str, variable: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv("CHALKGRAD_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_folder() == tmp_path / expected


def test_without_any_folder_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("CHALKGRAD_CACHE", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder() is None


@pytest.mark.parametrize("place", ["file", "file/cache", "x" * 300])
def test_a_folder_that_cannot_be_made_is_no_error(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("of the user")
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path / place))
    assert value(load(text())) == 2.0
    assert entries(tmp_path) == [tmp_path / "file"]
    assert (tmp_path / "file").read_text() == "of the user"


def test_a_full_disk_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert value(load(text())) == 2.0
    assert entries(folder) == []


def test_the_cache_is_bounded_and_keeps_what_was_used_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(text(1.0))
    (first,) = entries(folder)
    monkeypatch.setattr(machine_code, "MAX_CACHE_BYTES", int(3.5 * first.stat().st_size))
    (folder / "thesis.txt").write_text("of the user")
    os.utime(folder / "thesis.txt", (0, 0))
    for age, factor in enumerate((2.0, 3.0)):
        before = set(entries(folder))
        load(text(factor))
        (new,) = set(entries(folder)) - before
        os.utime(new, (1000.0 + age, 1000.0 + age))
    load(text(1.0))  # used again
    load(text(4.0))
    left = entries(folder)
    assert first in left
    assert new in left
    assert len(left) == 4  # three entries, and what is no entry
    assert (folder / "thesis.txt").read_text() == "of the user"


# ------------------------------------------------------------------ processes, threads and forks


def test_several_processes_at_once(folder: Path) -> None:
    program = (
        "import ctypes\n"
        "from autograd.compiler.machine_code import load\n"
        f"for factor in range(8):\n"
        f"    code = load('''{text()}'''.replace('2.0', f'{{factor}}.0'))\n"
        "    f = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address('f'))\n"
        "    assert f(0.0) == factor\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert len(entries(folder)) == 8


def test_two_threads(folder: Path) -> None:
    found: dict[int, float] = {}

    def work(thread: int) -> None:
        for i in range(6):
            found[2 * i + thread] = value(load(text(float(2 * i + thread))))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: float(i) for i in range(12)}


@NEEDS_FORK
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_while_another_thread_compiles(folder: Path) -> None:
    code, stop = load(text()), threading.Event()

    def compile_on() -> None:
        factor = 10.0
        while not stop.is_set():
            load(text(factor))
            factor += 1

    thread = threading.Thread(target=compile_on)
    thread.start()
    try:
        for _ in range(8):
            child = os.fork()
            if child == 0:  # the code of before runs, and more can be compiled
                signal.alarm(60)  # a lock that nobody holds any more fails the test
                right = value(code) == 2.0 and value(load(text(7.0))) == 7.0
                os._exit(0 if right else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        thread.join()


def test_reading_takes_at_most_5_ms(folder: Path) -> None:
    load(text())
    spent = []
    for _ in range(9):
        started = time.process_time()
        load(text())
        spent.append(time.process_time() - started)
    assert min(spent) < 0.005
