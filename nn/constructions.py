"""Networks whose weights are written down, not learned.

They show what a network can represent, whatever training finds: ReLU networks are interpolation,
sigmoids make bumps, depth multiplies pieces, maxout is any convex piecewise linear function. Each
function returns an ordinary model of one input, to be called, drawn, saved or trained further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from autograd import value_and_grad

from .argument_checks import interval, positive, whole
from .layers import MLP, Maxout

__all__ = ["relu_interpolant", "sigmoid_bumps", "tents", "maxout_tangents"]

Function = Callable[[Any], Any]


def relu_interpolant(f: Function, a: float, b: float, units: int) -> MLP:
    """Return a network of one hidden ReLU layer that interpolates ``f`` from ``a`` to ``b``.

    The ``units`` + 1 knots x_0 = a, ..., x_n = b are equally far apart, and s_i is the slope of the
    line from knot i to knot i + 1:

        f(a) + s_0 relu(x - x_0) + (s_1 - s_0) relu(x - x_1) + (s_2 - s_1) relu(x - x_2) + ...

    The error is at most (b - a)^2 / (8 n^2) times the largest second derivative. ValueError unless
    a < b, and unless ``units`` is at least 1.

    >>> model = relu_interpolant(lambda x: x * x, 0.0, 2.0, 2)
    >>> [model([x]).data for x in (0.0, 0.5, 1.0, 1.5, 2.0)]
    [0.0, 0.5, 1.0, 2.5, 4.0]
    """
    knots = _points(a, b, whole("units", units))
    values = _values(f, knots)
    rises = zip(pairwise(values), pairwise(knots), strict=True)
    slopes = [(after - before) / (right - left) for (before, after), (left, right) in rises]
    changes = [slopes[0], *(after - before for before, after in pairwise(slopes))]
    model = MLP(1, [units, 1], "relu", init="zeros")
    model.layers[0].set([[1.0]] * units, [-x for x in knots[:-1]])
    model.layers[1].set([changes], values[:1])
    return model


def sigmoid_bumps(
    f: Function, a: float, b: float, bumps: int, steepness: float | None = None
) -> MLP:
    """Return a network of one hidden sigmoid layer: ``bumps`` bumps as high as ``f``, side by side.

    The interval from ``a`` to ``b`` is cut into equal parts. A bump over the part from l to r is
    the difference of two steps, so it takes two units:

        f((l + r) / 2) * (sigmoid(k (x - l)) - sigmoid(k (x - r)))

    The ``steepness`` k is 8 for parts of width 1 unless it is given. A larger one makes the sides
    steeper. The outermost sides lie one part outside the interval, so that the bumps there do not
    fall off inside it. ValueError unless a < b, k > 0 and ``bumps`` is at least 1.

    >>> model = sigmoid_bumps(lambda x: x, 0.0, 4.0, 4, steepness=50.0)
    >>> [round(model([x]).data, 6) for x in (0.5, 1.5, 2.5, 3.5)]
    [0.5, 1.5, 2.5, 3.5]
    """
    edges = _points(a, b, whole("bumps", bumps))
    width = edges[1] - edges[0]
    k = positive("steepness", 8 / width if steepness is None else steepness)
    heights = _values(f, [(left + right) / 2 for left, right in pairwise(edges)])
    edges = [edges[0] - width, *edges[1:-1], edges[-1] + width]
    sides = [x for part in pairwise(edges) for x in part]
    model = MLP(1, [2 * bumps, 1], "sigmoid", init="zeros")
    model.layers[0].set([[k]] * len(sides), [-k * x for x in sides])
    model.layers[1].set([[sign * height for height in heights for sign in (1, -1)]], [0.0])
    return model


def tents(k: int) -> MLP:
    """Return the tent function composed ``k`` times: 2 k ReLU units, 2^k linear pieces on [0, 1].

    A tent rises from 0 to 1 and falls back to 0: t(x) = 2 relu(x) - 4 relu(x - 1/2). Each hidden
    layer has two units and is one tent. One hidden layer needs 2^k units for as many pieces
    (Telgarsky 2016, arXiv:1602.04485). ValueError unless ``k`` is at least 1.

    >>> [tents(2)([x]).data for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 1.0, 0.0, 1.0, 0.0]
    >>> import nn
    >>> nn.linear_pieces(tents(5), 0.0, 1.0)
    32
    """
    model = MLP(1, [2] * whole("k", k) + [1], "relu", init="zeros")
    rising, kink = [2.0, -4.0], [0.0, -0.5]
    first, *others, last = model.layers
    first.set([[1.0], [1.0]], kink)
    for layer in others:
        layer.set([rising, rising], kink)
    last.set([rising], [0.0])
    return model


def maxout_tangents(f: Function, a: float, b: float, k: int) -> Maxout:
    """Return a maxout unit of ``k`` pieces: tangents to the convex function ``f`` on [a, b].

    The tangents touch f in the middles of k equal parts. Their maximum is below f. For x^2 on
    [-1, 1] the largest error is 1 / k^2. ValueError unless a < b and ``k`` is at least 1, and if f
    is not convex: where another tangent lies above f at a middle.

    >>> unit = maxout_tangents(lambda x: x * x, -1.0, 1.0, 2)
    >>> [unit([x]).data for x in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    [0.75, 0.25, -0.25, 0.25, 0.75]
    """
    edges = _points(a, b, whole("k", k))
    middles = [(left + right) / 2 for left, right in pairwise(edges)]
    tangents = [value_and_grad(f)(x) for x in middles]
    unit = Maxout(1, 1, k, init="zeros")
    for neuron, x, (value, slope) in zip(unit.units[0], middles, tangents, strict=True):
        weight, bias = neuron.parameters()
        weight.data, bias.data = slope, value - slope * x
    heights = _values(lambda x: unit([x]), middles)
    for x, (value, _), height in zip(middles, tangents, heights, strict=True):
        if height > value + 1e-9 * (1 + abs(value)):
            raise ValueError(f"f is not convex: a tangent lies above it at x = {x:g}")
    return unit


def _points(a: float, b: float, parts: int) -> list[float]:
    """Return the ends of ``parts`` equal parts of the interval from a to b."""
    a, b = interval(a, b)
    return [a + (b - a) * i / parts for i in range(parts)] + [b]


def _values(f: Function, xs: Iterable[float]) -> list[float]:
    """Return the values of ``f`` as floats. ``f`` gets plain numbers."""
    return [float(f(x)) for x in xs]
