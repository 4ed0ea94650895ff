"""The vector functions against mpmath, and their flags against those of C."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite", reason="machine code needs llvmlite")
mpmath = pytest.importorskip("mpmath")

from autograd.compiler.machine_code import error_flags, host_lanes, load, mathematics_of_c  # noqa: E402
from autograd.compiler.vector_math import VECTOR_FUNCTIONS, functions  # noqa: E402

MAX_ULPS = 2
EVERY_FLAG = 61  # on all processors, more than the flags that are compared
RNG = np.random.default_rng(0)


def powers(low: float, high: float, count: int) -> Any:
    return 10.0 ** RNG.uniform(low, high, count)


NEAR_0 = np.concatenate([powers(-322, 0, 300), -powers(-322, 0, 300)])
NEAR_1 = 1 + np.concatenate([RNG.normal(size=300) * 1e-10, 2.0**-52 * np.arange(-9, 10)])
ORDINARY = np.concatenate([RNG.uniform(-1.2, 1.2, 1500), RNG.uniform(-30, 30, 800)])
POINTS = {
    "exp": [RNG.uniform(-745, 709.78, 900), RNG.uniform(-745.13, -708, 300), ORDINARY, NEAR_0],
    "expm1": [RNG.uniform(-60, 709.78, 900), ORDINARY, NEAR_0],
    "log": [powers(-323, 308, 900), RNG.uniform(0.6, 1.6, 1500), NEAR_1],
    "log1p": [
        powers(-323, 308, 900),
        RNG.uniform(-0.9999, 3, 1500),
        NEAR_0,
        2.0**-52 * np.arange(1, 99) - 1,
    ],
    "tanh": [RNG.uniform(-25, 25, 900), RNG.uniform(0.6, 0.65, 300), ORDINARY, NEAR_0],
}
EDGES = [
    0.0, 1.0, math.inf, 5e-324, 2.2e-308, 2.0**-1022, 1.7976931348623157e308, 709.782712893384,
    709.79, 710.0, 710.5, 710.9, 1e5, 708.4, 745.1, 745.2, 746.0, 750.0, 36.8, 38.0, 56.0, 1e-16,
    1e-17, 0.625, 22.0, 0.34657, 1e300, 2.0**53, 2.0**54, 2.0**60, 0.5, 2.0, 1 - 2**-53, 1 + 2**-52,
]  # fmt: skip


def mapped(lanes: int, edit: Callable[[str], str] = str) -> dict[str, Callable[[Any], Any]]:
    """Return the functions as functions of arrays."""
    loop = """
        define void @map_{name}(ptr %from, ptr %to, i64 %n) {{
        entry:
          br label %next
        next:
          %i = phi i64 [0, %entry], [%j, %next]
          %a = getelementptr double, ptr %from, i64 %i
          %b = getelementptr double, ptr %to, i64 %i
          %x = load <{lanes} x double>, ptr %a, align 8
          %y = call <{lanes} x double> @v_{name}(<{lanes} x double> %x)
          store <{lanes} x double> %y, ptr %b, align 8
          %j = add i64 %i, {lanes}
          %more = icmp slt i64 %j, %n
          br i1 %more, label %next, label %end
        end:
          ret void
        }}"""
    loops = [loop.format(name=name, lanes=lanes) for name in VECTOR_FUNCTIONS]
    code = load(edit(functions(lanes)) + "\n".join(loops))

    def of_arrays(name: str) -> Callable[[Any], Any]:
        signature = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        native = signature(code.address(f"map_{name}"))

        def run(x: Any) -> Any:
            padded = np.concatenate([x, np.ones(-len(x) % lanes)])
            y = np.empty_like(padded)
            native(padded.ctypes.data, y.ctypes.data, len(padded))
            assert code  # it lives as long as this function
            return y[: len(x)]

        return run

    return {name: of_arrays(name) for name in VECTOR_FUNCTIONS}


def worst(name: str, xs: Any, ys: Any) -> tuple[float, float]:
    """Return the largest error in units in the last place, and where it is."""
    true = getattr(mpmath, name)
    found = []
    with mpmath.workprec(200):
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            exact = true(mpmath.mpf(x))
            found.append((abs(float((mpmath.mpf(y) - exact) / math.ulp(float(exact)))), x))
    return max(found)


def without_fused(text: str) -> str:
    """Return the text for a processor that rounds a product before it is added."""
    fused = re.compile(r"call (<.*?>) @llvm.fmuladd.*?\((.*)\)")

    def apart(line: str) -> str:
        if (found := fused.search(line)) is None:
            return line
        result, kind = line.partition(" =")[0].strip(), found[1]
        _, a, b, c = found[2].replace(", " + kind, kind).split(kind)
        return f"{result}p = fmul {kind} {a}, {b}\n{result} = fadd {kind} {result}p, {c}"

    return "\n".join(map(apart, text.splitlines()))


@pytest.fixture(scope="module")
def of_host() -> dict[str, Callable[[Any], Any]]:
    return mapped(host_lanes())


@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_within_two_units_in_the_last_place(name: str, of_host: Any) -> None:
    xs = np.concatenate(POINTS[name])
    xs = np.concatenate([xs, np.array([e for e in EDGES if name != "exp" or e < 709.78])])
    xs = xs[(np.abs(xs) < 709.78) | (name not in ("exp", "expm1"))]
    error, where = worst(name, xs, of_host[name](xs))
    assert error <= MAX_ULPS, f"{error} units at {where!r}"


@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_also_where_products_are_rounded_first(name: str) -> None:
    xs = np.concatenate(POINTS[name])
    error, where = worst(name, xs, mapped(4, without_fused)[name](xs))
    assert error <= MAX_ULPS, f"{error} units at {where!r}"


@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
@pytest.mark.parametrize("lanes", [2, 3, 16, 32])
def test_any_number_of_lanes_gives_the_same(name: str, lanes: int, of_host: Any) -> None:
    xs = np.concatenate(POINTS[name])
    assert (mapped(lanes)[name](xs) == of_host[name](xs)).all()


@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_special_values_and_flags_are_those_of_c(name: str, of_host: Any) -> None:
    library = mathematics_of_c()
    of_c = getattr(library, name)
    of_c.restype, of_c.argtypes = ctypes.c_double, [ctypes.c_double]

    def flags(of: Callable[[], Any]) -> tuple[Any, int]:
        library.feclearexcept(EVERY_FLAG)
        y = of()
        return y, library.fetestexcept(error_flags())

    for x in [y for e in EDGES for y in (e, -e)] + [math.nan]:
        expected, expected_flags = flags(lambda x=x: of_c(x))
        xs = np.full(host_lanes(), x)
        y, y_flags = flags(lambda xs=xs: of_host[name](xs))
        (y,) = set(y.view(np.int64).tolist())
        y = float(np.array([y]).view(float)[0])
        if math.isfinite(expected):
            assert abs(y - expected) <= MAX_ULPS * math.ulp(expected), x
            assert math.copysign(1.0, y) == math.copysign(1.0, expected), x
        else:
            assert repr(y) == repr(expected), x
        assert y_flags == expected_flags, f"at {x}: flags {y_flags}, C {expected_flags}"


def test_names_choose_functions() -> None:
    assert "@v_exp(" in functions(4, ["exp"])
    assert "@v_log(" not in functions(4, ["exp"])
