"""The picture of the page where no script runs: the answers over the plane, and the points.

    >>> picture = still_picture([[0, 0], [1, 1]], [0, 1], lambda x1, x2: x1 - x2, "Two points.")
    >>> picture[:7], picture.count("<circle"), picture.count("<rect")
    ('<figure', 1, 1)
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Callable, Sequence

CELLS = 48  # of the plane, a side
SIZE_PX = 420
MARGIN = 0.12  # of the range of the points, on each side, as in plane.js
MINUS, PLUS = (0, 114, 178), (230, 159, 0)  # the colors of nn.plot
STRENGTH = 0.72  # of the colors of the plane, so that the points stand out

Range = tuple[float, float]


def still_picture(
    X: Sequence[Sequence[float]],
    y: Sequence[float],
    answer: Callable[[float, float], float],
    caption: str,
) -> str:
    """Return a figure in SVG: the plane of two features in the colors of ``answer``, and points.

    X: the points, two numbers each. y: their targets; the smaller half is blue, the other orange.
    answer: called with each place of the plane. It returns a number from -1 (blue) to 1 (orange).
    """
    across, up = _range([row[0] for row in X]), _range([row[1] for row in X])
    middle = (min(y) + max(y)) / 2
    marks = [
        _mark(_place(row[0], across), SIZE_PX - _place(row[1], up), target > middle)
        for row, target in zip(X, y, strict=True)
    ]
    text = html.escape(caption)
    return (
        f'<figure><svg viewBox="0 0 {SIZE_PX} {SIZE_PX}" width="{SIZE_PX}" role="img" '
        f'aria-label="{text}"><image width="{SIZE_PX}" height="{SIZE_PX}" '
        f'preserveAspectRatio="none" href="{_image(across, up, answer)}"/>'
        f"{''.join(marks)}</svg><figcaption>{text}</figcaption></figure>"
    )


def _range(xs: Sequence[float]) -> Range:
    low, high = min(xs), max(xs)
    margin = (high - low or 2.0) * MARGIN
    return low - margin, high + margin


def _place(x: float, ends: Range) -> float:
    return (x - ends[0]) / (ends[1] - ends[0]) * SIZE_PX


def _mark(x: float, y: float, is_upper: bool) -> str:
    """Return a square for the upper half of the targets, else a circle."""
    color = f"#{bytes(PLUS if is_upper else MINUS).hex()}"
    style = f'fill="{color}" stroke="#ffffff"'
    if is_upper:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {style}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {style}/>'


def _image(across: Range, up: Range, answer: Callable[[float, float], float]) -> str:
    """Return the colors of the plane as the address of a PNG, the highest row first."""

    def at(ends: Range, i: int) -> float:
        return ends[0] + (i + 0.5) / CELLS * (ends[1] - ends[0])

    rows = [
        b"".join(_color(answer(at(across, i), at(up, j))) for i in range(CELLS))
        for j in reversed(range(CELLS))
    ]
    return f"data:image/png;base64,{base64.b64encode(_png(rows)).decode()}"


def _color(t: float) -> bytes:
    """Return red, green and blue: white at 0. NaN is white too."""
    part = STRENGTH * min(abs(t), 1.0) if t == t else 0.0
    end = MINUS if t < 0 else PLUS
    return bytes(round(255 + (c - 255) * part) for c in end)


def _png(rows: Sequence[bytes]) -> bytes:
    """Return rows of 8-bit colors as a PNG (ISO/IEC 15948): header, pixels, end."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)  # 0: no filter
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
