"""exp, log, tanh, expm1 and log1p of vectors, as text for LLVM.

Each is within 2 units in the last place of the true value. Each raises the flags of IEEE 754 as C's
function does: "divide by zero" at log(0), "invalid" at log(-1), "overflow" at exp(710), none at
infinities and NaN. The lanes cannot branch, so each lane computes the general case at a harmless
operand, and special cases are chosen at the end.

exp
    ``x = n ln 2 + r`` with ``|r| <= ln(2) / 2`` (Cody and Waite), and ``exp(x) = 2**n exp(r)``.
    exp(r) is its Taylor polynomial of degree 13. The next term, ``r**14 / 14!``, is below 5e-18.
log
    ``x = 2**k (1 + f)`` with ``1 + f`` in [sqrt(1/2), sqrt(2)), and the minimax polynomial in
    ``s**2`` with ``s = f / (2 + f)`` of fdlibm's e_log.c (Sun Microsystems 1993).
log1p
    log of ``u = 1 + x``, whose rounding error is added to f.
expm1
    ``2**n (exp(r) - 1) + (2**n - 1)``. The rounding error of r is carried along.
tanh
    Below 0.625 the rational function of Cephes' tanh.c (Moshier 1989). Above,
    ``1 - 2 / (exp(2 x) + 1)``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence

LOG2_E = 1.4426950408889634
# ln 2 in two parts, from fdlibm. n * LN2_HIGH is exact for whole numbers n below 2**20.
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# added to a small whole number, this moves it into the last bits, so that its bits are the number
WHOLE = 1.5 * 2**52
ONE_BITS, FRACTION_BITS, SQRT_HALF_BITS = 0x3FF0000000000000, 0x000FFFFFFFFFFFFF, 0x3FE6A09E667F3BCD
EXP_TERMS = [1 / math.factorial(k) for k in range(13, 1, -1)]  # of (exp(r) - 1 - r) / r**2
LOG_TERMS = [
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
    2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01,
]  # fmt: skip
TANH_ABOVE = [-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3]
TANH_BELOW = [1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3]


def functions(lanes: int, names: Iterable[str] | None = None) -> str:
    """Return the definitions of ``@v_exp`` and so on, from <lanes x double> to <lanes x double>.

    With ``names``, such as ["exp"], only those.
    """
    chosen = VECTOR_FUNCTIONS if names is None else [n for n in VECTOR_FUNCTIONS if n in set(names)]
    texts = []
    for name in chosen:
        body = _Body(lanes)
        result = VECTOR_FUNCTIONS[name](body)
        head = f"define internal {body.type} @v_{name}({body.type} %x) nounwind {{"
        texts.append("\n".join([head, *body.lines, f"  ret {body.type} {result}", "}", ""]))
    return "\n".join(texts)


class _Body:
    """The lines of a function. Each method writes one and returns the name of its result."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.type, self.bits_type = f"<{lanes} x double>", f"<{lanes} x i64>"
        self.lines: list[str] = []

    def line(self, text: str) -> str:
        self.lines.append(f"  %v{len(self.lines)} = {text}")
        return f"%v{len(self.lines) - 1}"

    def number(self, value: float) -> str:
        (bits,) = struct.unpack("<Q", struct.pack("<d", value))
        return self._all(f"double 0x{bits:016X}")

    def _all(self, element: str) -> str:
        return f"<{', '.join([element] * self.lanes)}>"

    def float_op(self, name: str, a: str, b: str) -> str:
        return self.line(f"{name} {self.type} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        return self.float_op("fadd", a, b)

    def sub(self, a: str, b: str) -> str:
        return self.float_op("fsub", a, b)

    def mul(self, a: str, b: str) -> str:
        return self.float_op("fmul", a, b)

    def div(self, a: str, b: str) -> str:
        return self.float_op("fdiv", a, b)

    def intrinsic(self, name: str, *operands: str) -> str:
        given = ", ".join(f"{self.type} {x}" for x in operands)
        return self.line(f"call {self.type} @llvm.{name}.v{self.lanes}f64({given})")

    def muladd(self, a: str, b: str, c: str) -> str:
        """Return ``a * b + c``, rounded once if the processor can."""
        return self.intrinsic("fmuladd", a, b, c)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """Return its value. The coefficient of the highest power stands first.

        Neighbors are joined, again and again (Estrin's scheme): few steps wait for others.
        """
        terms = [self.number(c) for c in reversed(coefficients)]
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            joined = [self.muladd(high, x, low) for low, high in pairs]
            terms = joined + terms[len(terms) - len(terms) % 2 :]
            x = self.mul(x, x) if len(terms) > 1 else x
        return terms[0]

    def magnitude(self, x: str) -> str:
        return self.intrinsic("fabs", x)

    def bits(self, x: str) -> str:
        return self.line(f"bitcast {self.type} {x} to {self.bits_type}")

    def from_bits(self, x: str) -> str:
        return self.line(f"bitcast {self.bits_type} {x} to {self.type}")

    def bits_op(self, name: str, a: str, b: int | str) -> str:
        other = self._all(f"i64 {b}") if isinstance(b, int) else b
        return self.line(f"{name} {self.bits_type} {a}, {other}")

    def compared(self, test: str, x: str, value: float) -> str:
        """Return whether ``x`` compares so with a number. No flag is raised unless x is NaN."""
        return self.line(f"fcmp {test} {self.type} {x}, {self.number(value)}")

    def is_nan(self, x: str) -> str:
        return self.line(f"fcmp uno {self.type} {x}, {x}")  # raises no flag

    def is_infinity_or_nan(self, x: str) -> str:
        """Return whether ``x`` is +inf or NaN."""
        return self.line(f"fcmp ueq {self.type} {x}, {self.number(math.inf)}")

    def chosen(self, condition: str, a: str, b: str) -> str:
        return self.line(
            f"select <{self.lanes} x i1> {condition}, {self.type} {a}, {self.type} {b}"
        )


def _reduced(b: _Body, x: str) -> tuple[str, str, str, str]:
    """Return n as bits, r, its rounding error and ``exp(r) - 1 - r``, for ``x = n ln 2 + r``.

    The lowest bits of n are those of a whole number. ``x`` is between -1,000 and 1,000.
    """
    shifted = b.muladd(x, b.number(LOG2_E), b.number(WHOLE))
    n = b.sub(shifted, b.number(WHOLE))
    high = b.muladd(n, b.number(-LN2_HIGH), x)
    low = b.mul(n, b.number(LN2_LOW))
    r = b.sub(high, low)
    error = b.sub(b.sub(high, r), low)
    rest = b.mul(b.polynomial(r, EXP_TERMS), b.mul(r, r))
    whole = b.bits_op("sub", b.bits(shifted), _bits_of(WHOLE))
    return whole, r, error, rest


def _bits_of(value: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def _power_of_2(b: _Body, n: str) -> str:
    """Return ``2**n`` for whole numbers between -1,022 and 1,023."""
    biased = b.bits_op("add", n, 1023)
    return b.from_bits(b.bits_op("shl", biased, 52))


def _halves(b: _Body, n: str) -> tuple[str, str]:
    """Return two whole numbers whose sum is n."""
    # LLVM has no cheap signed shift of 64 bits everywhere, so a positive number is shifted
    half = b.bits_op("sub", b.bits_op("lshr", b.bits_op("add", n, 4096), 1), 2048)
    return half, b.bits_op("sub", n, half)


def _exp_of(b: _Body, x: str, parts: Callable[[_Body, str], Sequence[str]]) -> str:
    """Return exp of a number between -746 and 710. ``parts`` gives whole numbers with the sum n."""
    n, r, _, rest = _reduced(b, x)
    value = b.add(b.add(rest, r), b.number(1.0))
    for part in parts(b, n):
        value = b.mul(value, _power_of_2(b, part))
    return value


def _exp(b: _Body) -> str:
    infinite_or_nan = b.compared("ueq", b.magnitude("%x"), math.inf)
    x = b.chosen(infinite_or_nan, b.number(0.0), "%x")
    x = b.chosen(b.compared("olt", x, -746.0), b.number(-746.0), x)
    x = b.chosen(b.compared("ogt", x, 710.0), b.number(710.0), x)
    at_the_ends = b.chosen(b.compared("oeq", "%x", -math.inf), b.number(0.0), "%x")
    value = _exp_of(b, x, _halves)  # 2**n may be no number, or a subnormal one
    return b.chosen(infinite_or_nan, at_the_ends, value)


def _expm1(b: _Body) -> str:
    """``2 (2**(n-1) (exp(r) - 1) + (2**(n-1) - 1/2))``: 2**n itself may be too large."""
    infinite_or_nan = b.compared("ueq", b.magnitude("%x"), math.inf)
    given = b.chosen(infinite_or_nan, b.number(0.0), "%x")
    x = b.chosen(b.compared("olt", given, -50.0), b.number(-50.0), given)
    x = b.chosen(b.compared("ogt", x, 710.0), b.number(710.0), x)
    n, r, error, rest = _reduced(b, x)
    scale = _power_of_2(b, b.bits_op("sub", n, 1))
    near_0 = b.add(r, b.add(rest, b.muladd(error, r, error)))
    value = b.muladd(scale, near_0, b.sub(scale, b.number(0.5)))
    is_tiny = b.compared("olt", b.magnitude(given), 2.0**-54)
    value = b.chosen(is_tiny, given, b.add(value, value))
    at_the_ends = b.chosen(b.compared("oeq", "%x", -math.inf), b.number(-1.0), "%x")
    return b.chosen(infinite_or_nan, at_the_ends, value)


def _split(b: _Body, x: str) -> tuple[str, str]:
    """Return k, as bits of a whole number, and m in [sqrt(1/2), sqrt(2)), for ``x = 2**k m``.

    ``x`` is positive and not subnormal.
    """
    moved = b.bits_op("add", b.bits(x), ONE_BITS - SQRT_HALF_BITS)
    k = b.bits_op("sub", b.bits_op("lshr", moved, 52), 1023)
    fraction = b.bits_op("and", moved, FRACTION_BITS)
    return k, b.from_bits(b.bits_op("add", fraction, SQRT_HALF_BITS))


def _float_of(b: _Body, n: str) -> str:
    """Return a small whole number as a float."""
    return b.sub(b.from_bits(b.bits_op("add", n, _bits_of(WHOLE))), b.number(WHOLE))


def _log_of(b: _Body, k: str, f: str, outside: str, is_pole: str) -> str:
    """Return ``k ln 2 + log(1 + f)``. ``outside`` of the domain, where f is 0, return -1/0 or 0/0.

    The division that all lanes need raises the flags.
    """
    numerator = b.chosen(is_pole, b.number(-1.0), f)
    quotient = b.div(numerator, b.chosen(outside, b.number(0.0), b.add(f, b.number(2.0))))
    s = b.chosen(outside, b.number(0.0), quotient)
    z = b.mul(s, s)
    rest = b.mul(b.polynomial(z, LOG_TERMS), z)
    half_square = b.mul(b.mul(f, f), b.number(0.5))
    low = b.muladd(s, b.add(half_square, rest), b.mul(k, b.number(LN2_LOW)))
    value = b.muladd(k, b.number(LN2_HIGH), b.sub(f, b.sub(half_square, low)))
    return b.chosen(outside, quotient, value)


def _log(b: _Body) -> str:
    as_it_is = b.is_infinity_or_nan("%x")
    x = b.chosen(as_it_is, b.number(1.0), "%x")
    outside, is_pole = b.compared("ole", x, 0.0), b.compared("oeq", x, 0.0)
    x = b.chosen(outside, b.number(1.0), x)
    is_subnormal = b.compared("olt", x, 2.0**-1022)
    x = b.chosen(is_subnormal, b.mul(x, b.number(2.0**54)), x)
    k, m = _split(b, x)
    k = b.sub(_float_of(b, k), b.chosen(is_subnormal, b.number(54.0), b.number(0.0)))
    value = _log_of(b, k, b.sub(m, b.number(1.0)), outside, is_pole)
    return b.chosen(as_it_is, "%x", value)


def _log1p(b: _Body) -> str:
    as_it_is = b.is_infinity_or_nan("%x")
    x = b.chosen(as_it_is, b.number(0.0), "%x")
    outside, is_pole = b.compared("ole", x, -1.0), b.compared("oeq", x, -1.0)
    x = b.chosen(outside, b.number(0.0), x)
    u = b.add(x, b.number(1.0))
    added = b.sub(u, x)  # Knuth's sum of two numbers: u + error is 1 + x
    error = b.add(b.sub(x, b.sub(u, added)), b.sub(b.number(1.0), added))
    k, m = _split(b, u)
    scale = _power_of_2(b, b.bits_op("sub", b.bits_op("xor", k, -1), -1))  # 2**-k
    scale = b.chosen(b.compared("ogt", u, 2.0**60), b.number(0.0), scale)  # no error there
    f = b.muladd(error, scale, b.sub(m, b.number(1.0)))
    value = _log_of(b, _float_of(b, k), f, outside, is_pole)
    return b.chosen(as_it_is, "%x", b.intrinsic("copysign", value, "%x"))


def _tanh(b: _Body) -> str:
    is_nan = b.is_nan("%x")
    x = b.magnitude(b.chosen(is_nan, b.number(0.0), "%x"))
    x = b.chosen(b.compared("ogt", x, 22.0), b.number(22.0), x)  # 1 from there on
    is_small, square = b.compared("olt", x, 0.625), b.mul(x, x)
    above = b.mul(b.mul(x, square), b.polynomial(square, TANH_ABOVE))
    above = b.chosen(is_small, above, b.number(-2.0))
    below = b.add(_exp_of(b, b.add(x, x), lambda _, n: [n]), b.number(1.0))
    below = b.chosen(is_small, b.polynomial(square, TANH_BELOW), below)
    value = b.add(b.chosen(is_small, x, b.number(1.0)), b.div(above, below))
    return b.chosen(is_nan, "%x", b.intrinsic("copysign", value, "%x"))


VECTOR_FUNCTIONS: dict[str, Callable[[_Body], str]] = {
    "exp": _exp, "log": _log, "tanh": _tanh, "expm1": _expm1, "log1p": _log1p,
}  # fmt: skip
