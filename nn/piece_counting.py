"""How many linear pieces a network has, counted exactly: `linear_pieces`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from math import isfinite
from typing import Any

from .argument_checks import interval
from .layers import Layer, Maxout, Sequential

SLOPES = {  # of the piecewise linear activations, left and right of 0
    "linear": (Fraction(1), Fraction(1)),
    "relu": (Fraction(0), Fraction(1)),
    "leaky_relu": (Fraction(0.01), Fraction(1)),
    "abs": (Fraction(-1), Fraction(1)),
    "neg": (Fraction(-1), Fraction(-1)),
}

Columns = list[list[Fraction]]


def linear_pieces(model: Any, a: float, b: float) -> int:
    """Return how many linear pieces a model of one input has from ``a`` to ``b``.

    It is exact for the numbers in the model: the kinks of every unit are found, layer by layer, in
    rational numbers. Two pieces whose slopes differ by rounding only count as two. With several
    outputs a piece ends where any of them has a kink.

    ValueError for other modules than `Layer`, `Maxout`, and an `MLP` or `Sequential` of them, for
    other activations than linear, relu, leaky_relu, abs and neg, and unless a < b.

    >>> layer = Layer(1, 2, "relu").set([[1.0], [1.0]], [0.0, -0.5])
    >>> linear_pieces(layer, -1.0, 1.0), linear_pieces(layer, 0.0, 1.0)
    (3, 2)
    """
    xs = [Fraction(x) for x in interval(a, b)]
    layers = _layers(model)
    for name, parameter in model.named_parameters():
        if not isfinite(parameter.data):
            raise ValueError(f"the parameter {name} must be finite, got {parameter.data!r}")
    columns = [xs]  # of each unit of a layer, its values at the points xs; it is linear between
    for layer in layers:
        nin = layer.shape[0]
        if nin != len(columns):
            raise ValueError(f"{layer!r:.80} takes {nin} inputs, got {len(columns)}")
        xs, columns = _through(layer, xs, columns)
    kinks = {x for values in columns for x in _kinks(xs, values)}
    return len(kinks) + 1


def _through(
    layer: Layer | Maxout, xs: list[Fraction], columns: Columns
) -> tuple[list[Fraction], Columns]:
    """Return the points after a layer, with the kinks that it adds, and its outputs there."""
    if isinstance(layer, Layer):
        zs = [_affine(neuron, columns) for neuron in layer.neurons]
        crossings = [(z, [Fraction(0)] * len(xs)) for z in zs]
    else:
        pieces = [[_affine(piece, columns) for piece in unit] for unit in layer.units]
        zs = [z for unit in pieces for z in unit]
        crossings = [pair for unit in pieces for pair in combinations(unit, 2)]
    points = sorted({*xs, *(x for pair in crossings for x in _crossings(xs, *pair))})
    values = [_at(points, xs, z) for z in zs]
    if isinstance(layer, Layer):
        left, right = _slopes(layer)
        return points, [[z * (right if z > 0 else left) for z in column] for column in values]
    k = len(layer.units[0])
    units = [values[i : i + k] for i in range(0, len(values), k)]
    return points, [list(map(max, *unit)) if k > 1 else unit[0] for unit in units]


def _affine(neuron: Any, columns: Columns) -> list[Fraction]:
    """Return w . x + b at each point."""
    b = Fraction(neuron.b.data if neuron.b is not None else 0)
    ws = [Fraction(w.data) for w in neuron.w]
    return [
        sum((w * x for w, x in zip(ws, row, strict=True)), b) for row in zip(*columns, strict=True)
    ]


def _crossings(
    xs: Sequence[Fraction], one: Sequence[Fraction], other: Sequence[Fraction]
) -> Iterable[Fraction]:
    """Yield where two functions cross between two neighboring points."""
    gaps = [u - v for u, v in zip(one, other, strict=True)]
    for (left, right), (before, after) in zip(pairwise(xs), pairwise(gaps), strict=True):
        if before * after < 0:
            yield left + (right - left) * before / (before - after)


def _at(
    points: Sequence[Fraction], xs: Sequence[Fraction], values: Sequence[Fraction]
) -> list[Fraction]:
    """Return the function with these values at ``xs`` at all ``points``, which include ``xs``."""
    known = dict(zip(xs, values, strict=True))
    found: list[Fraction] = []
    i = 0
    for x in points:
        while i < len(xs) - 2 and xs[i + 1] < x:
            i += 1
        share = (x - xs[i]) / (xs[i + 1] - xs[i])
        found.append(known[x] if x in known else values[i] + share * (values[i + 1] - values[i]))
    return found


def _kinks(xs: Sequence[Fraction], values: Sequence[Fraction]) -> Iterable[Fraction]:
    """Yield the inner points where the slope changes."""
    steps = zip(pairwise(xs), pairwise(values), strict=True)
    slopes = [(after - before) / (right - left) for (left, right), (before, after) in steps]
    for x, (before, after) in zip(xs[1:-1], pairwise(slopes), strict=True):
        if before != after:
            yield x


def _layers(model: Any) -> list[Any]:
    """Return the layers in the order of use. ValueError for another module."""
    if isinstance(model, Sequential):
        return [layer for part in model.layers for layer in _layers(part)]
    if not isinstance(model, Layer | Maxout):
        raise ValueError(
            f"linear_pieces takes a Layer, MLP, Maxout or Sequential, got {model!r:.80}"
        )
    return [model]


def _slopes(layer: Layer) -> tuple[Fraction, Fraction]:
    if layer.activation not in SLOPES or layer.neurons[0].own_activation:
        raise ValueError(
            f"{layer!r:.80} is not piecewise linear: the activation is {', '.join(SLOPES)}"
        )
    return SLOPES[layer.activation]
