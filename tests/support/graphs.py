"""Small graphs whose numbers are known by heart, a large one, and labels that break pages."""

from __future__ import annotations

from collections.abc import Iterable

from autograd import Value, dot, tanh
from autograd.stepper import Frame


def product_of_sum() -> Value:
    """Return f = q * z with q = x + y, from the lecture notes of CS231n."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    return q * z


def fan_out() -> Value:
    """Return f = b * a + b with b = 2a: both a and b have two consumers."""
    a = Value(3.0, "a")
    b = a * 2
    b.label = "b"
    return b * a + b


def chain_after_fan_out() -> Value:
    """Return f = a * c with a = 2x and c = a + 1: depth first, a has its turn before c."""
    x = Value(3.0, "x")
    a = x * 2
    a.label = "a"
    c = a + 1
    c.label = "c"
    return a * c


def cube() -> Value:
    """Return f = a * a * a: three terms of one gradient."""
    a = Value(3.0, "a")
    return a * a * a


def deep(layers: int = 40, width: int = 8) -> Value:
    """Return a network of ``dot`` nodes: unless the numbers are small, far too large for a page."""
    xs = [Value(0.1 * i, f"x{i}") for i in range(width)]
    for layer in range(layers):
        xs = [
            tanh(dot([Value(0.3 - 0.1 * i, f"w{layer}.{j}.{i}") for i in range(width)], xs))
            for j in range(width)
        ]
    root: Value = dot(xs, [1.0] * width)
    return root


def gradients(frames: Iterable[Frame]) -> dict[int | None, float]:
    """Return the last value of each target of the backward pass."""
    return {frame.target: frame.value for frame in frames if frame.phase == "backward"}


HOSTILE_LABELS = [
    "</script><script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "\"'`<>&amp;&lt;",
    "' onload='alert(1)",
    "<!--",
    "]]>",
    "\\n\\u003c/script>\n${x}$style",
    "a|b{c}\\l",
    "😀\u202e\x00\x1b\ud800\ufffe",
    "l" * 10_000,
]
