"""Machine code: LLVM's text for a program, compiled for this computer, or read from the disk.

`load` compiles the text. What it compiled is kept in a cache on the disk, so the next process only
reads it. An entry is named by everything it depends on: the text, the level of optimization, the
processor, and the versions of LLVM and llvmlite. It begins with a checksum. So an entry that is
damaged, or that belongs elsewhere, is recognized and replaced. `load_with_facts` finds an entry by
what the text follows from, so that the text need not be written. The entry holds facts besides.

The cache is the folder chalkgrad in the platform's folder for caches. The environment variable
CHALKGRAD_CACHE names another folder, or 0 for no cache. What is in it will be executed. So the
folder and its files must belong to the user, and nobody else may write them.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

import llvmlite
import llvmlite.binding as llvm

MAX_CACHE_BYTES = 64 * 2**20
DIGEST_BYTES = 32
FORMAT = 2  # of entries, which another version of this library may write in another way
SUFFIX = ".machine-code"  # of entries, by which they are told from other files in the folder
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH

# Held while LLVM works or frees what it made. So no thread is inside LLVM at a fork. There it would
# hold llvmlite's own lock, in the child for ever.
_lock = RLock()
_unchecked = float("inf")  # bytes written since the folder was looked at
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


class MachineCode:
    """Functions in memory, as long as this object lives."""

    def __init__(self, compiled: bytes) -> None:
        with _lock:
            _connect_functions_of_c()
            # an empty module, since an engine begins with one
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(1))
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(compiled))
            self._engine.finalize_object()

    def __del__(self, lock: Any = _lock) -> None:  # the global one may be gone at the end
        with lock:
            self.__dict__.pop("_engine", None)

    def address(self, name: str) -> int:
        """Return where the function ``name`` begins; KeyError if there is none."""
        with _lock:
            found = int(self._engine.get_function_address(name))
        if not found:
            raise KeyError(f"the machine code has no function {name!r}")
        return found


def load(ir: str, optimize: int = 1) -> MachineCode:
    """Return the functions that ``ir`` defines, the text of an LLVM module.

    ``optimize`` is the level of code generation, 0 to 3. No other passes run. RuntimeError with
    LLVM's message if the text is wrong.
    """
    return load_with_facts(ir, lambda: (ir, None), optimize)[0]


def load_with_facts(
    ingredients: object, write: Callable[[], tuple[str, Any]], optimize: int = 1
) -> tuple[MachineCode, Any]:
    """Return the functions of a text, and facts about them that are kept with them.

    ``write`` returns both. It is called if they are not in the cache. The facts are what JSON can
    hold; lists and tuples are the same. Both follow from ``ingredients`` and nothing else, whose
    ``repr`` differs where they do.
    """
    folder = cache_folder()
    key = _key(ingredients, optimize)
    found = _read(folder, key) if folder else None
    if found is None:
        ir, facts = write()
        with _lock:
            found = _joined(facts, _compiled(ir, optimize))
        if folder:
            _write(folder, key, found)
    facts, compiled = _parted(found)
    return MachineCode(compiled), facts


def _compiled(ir: str, optimize: int) -> bytes:
    module = llvm.parse_assembly(ir)
    module.verify()
    return bytes(_target(optimize).emit_object(module))


@cache
def host_lanes() -> int:
    """Return how many doubles a vector register of this computer holds."""
    with _lock:
        features = llvm.get_host_cpu_features()
    widths = {"avx512f": 8, "avx": 4}  # the others have registers of 16 bytes
    return max([n for name, n in widths.items() if features.get(name)], default=2)


@cache
def _host() -> tuple[str, str, str]:
    """Return the processor's name and features and the platform, as LLVM calls them."""
    with _lock:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features().flatten()
        return llvm.get_host_cpu_name(), features, llvm.get_process_triple()


def _target(optimize: int) -> Any:
    name, features, _ = _host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=name, features=features, opt=optimize, jit=True)


@cache
def _connect_functions_of_c() -> None:
    """Let machine code call the functions of C's mathematical library by name."""
    library = mathematics_of_c()
    for name in (*ARITY_OF_C, *FLAGS_OF_C):
        if (function := getattr(library, name, None)) is not None:
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)


def mathematics_of_c() -> ctypes.CDLL:
    """Return C's mathematical library."""
    if sys.platform == "win32":
        return ctypes.CDLL("ucrtbase")
    try:
        return ctypes.CDLL("libm.dylib" if sys.platform == "darwin" else "libm.so.6")
    except OSError:  # a system on which it is a part of the C library
        return ctypes.CDLL(None)


# Functions of doubles that mean the same in Python's math.
ARITY_OF_C = dict.fromkeys(
    (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc",
        "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh",
    ), 1,
) | dict.fromkeys(("atan2", "fmod", "hypot", "pow"), 2)  # fmt: skip
FLAGS_OF_C = ("feclearexcept", "fetestexcept")


@cache
def error_flags() -> int:
    """Return C's FE_INVALID, FE_DIVBYZERO and FE_OVERFLOW as one number, found by dividing.

    Their numbers differ between processors.
    """
    code = load("""
        declare i32 @feclearexcept(i32)
        declare i32 @fetestexcept(i32)
        define i32 @flags(double %a, double %b, ptr %quotient) {
          call i32 @feclearexcept(i32 63)
          %q = fdiv double %a, %b
          store volatile double %q, ptr %quotient
          %found = call i32 @fetestexcept(i32 63)
          call i32 @feclearexcept(i32 63)
          ret i32 %found
        }""")
    arguments = (ctypes.c_double, ctypes.c_double, ctypes.POINTER(ctypes.c_double))
    of_division = ctypes.CFUNCTYPE(ctypes.c_int, *arguments)(code.address("flags"))
    quotient = ctypes.byref(ctypes.c_double())
    inexact = of_division(1.0, 3.0, quotient)
    found = [of_division(*x, quotient) for x in ((1.0, 0.0), (0.0, 0.0), (1e300, 1e-300))]
    return int((found[0] | found[1] | found[2]) & ~inexact)


# ------------------------------------------------------------------------------------- the cache


def cache_folder() -> Path | None:
    """Return the folder of compiled code. It need not exist. None if the cache is switched off."""
    named = os.environ.get("CHALKGRAD_CACHE")
    if named:
        return None if named == "0" else Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base, "chalkgrad") if base and os.path.isabs(base) else None


def _key(ingredients: object, optimize: int) -> str:
    parts = (FORMAT, ingredients, optimize, *_host(), llvmlite.__version__)
    return hashlib.sha256(repr((parts, llvm.llvm_version_info)).encode()).hexdigest() + SUFFIX


def _joined(facts: Any, compiled: bytes) -> bytes:
    """Return the content of an entry: the facts in one line, and the code."""
    return json.dumps(facts).encode() + b"\n" + compiled


def _parted(content: bytes) -> tuple[Any, bytes]:
    facts, _, compiled = content.partition(b"\n")
    return json.loads(facts), compiled


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()


def _read(folder: Path, key: str) -> bytes | None:
    """Return the content of an entry, None if there is none that can be trusted."""
    try:
        if not _is_private(os.stat(folder)):
            return None
        with open(folder / key, "rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            digest, content = file.read(DIGEST_BYTES), file.read()
        if digest != _digest(key, content):
            return None
        os.utime(folder / key)  # recently used ones stay
        return content
    except OSError:
        return None


def _is_private(found: os.stat_result) -> bool:
    """Return whether a file or folder is this user's, and nobody else may write it."""
    if not hasattr(os, "getuid"):  # on Windows the folder's place decides
        return True
    return found.st_uid == os.getuid() and not found.st_mode & WRITABLE_BY_OTHERS


def _write(folder: Path, key: str, content: bytes) -> None:
    """Add an entry. It appears as a whole or not at all. A cache that cannot be written is none."""
    temporary = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(os.stat(folder)):
            return
        file, temporary = tempfile.mkstemp(
            SUFFIX, dir=folder
        )  # only the user may read and write it
        with os.fdopen(file, "wb") as stream:
            stream.write(_digest(key, content) + content)
        os.replace(temporary, folder / key)
        _bound(folder, len(content))
    except OSError:
        if temporary:
            with suppress(OSError):
                os.remove(temporary)


def _bound(folder: Path, written: int) -> None:
    """Keep the folder bounded. It is looked at after the first entry, and then seldom."""
    global _unchecked
    _unchecked += written
    if _unchecked > MAX_CACHE_BYTES / 64:
        _unchecked = 0.0
        _remove_oldest(folder)


def _remove_oldest(folder: Path) -> None:
    """Remove the entries that were not used for longest, until the others fit the bound."""
    entries = []
    for path in folder.glob("*" + SUFFIX):
        with suppress(OSError):  # another process has removed it
            found = path.lstat()
            entries.append((found.st_mtime_ns, found.st_size, path))
    size = sum([bytes_of_one for _, bytes_of_one, _ in entries])
    for _, bytes_of_one, path in sorted(entries):
        if size <= MAX_CACHE_BYTES:
            return
        with suppress(OSError):
            os.remove(path)
            size -= bytes_of_one
