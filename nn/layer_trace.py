"""One sample's way through a network, layer by layer, as matrices: forward, and back by hand.

A layer computes ``z = W x + b`` and ``a = g(z)``. Its inputs x are the activations of the layer
before it. Backward, ``delta = dL/dz`` goes from the last layer to the first:

    delta = g'(z) * dL/da          entry by entry; dL/da of the last layer comes from the loss
    dL/dW = delta x^T              the outer product: entry (j, i) is delta_j x_i
    dL/db = delta
    dL/dx = W^T delta              this is dL/da of the layer before it

`trace` computes these formulas, and puts the numbers of the graph beside them. Layers and neurons
count from 1, as in lecture notes. Layer 1 of a model is ``model.layers[0]``.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from autograd import Value, Values, derivatives, format_number

from .argument_checks import choice
from .layers import Layer, Sequential
from .losses import LOSSES

MAX_ENTRIES = 6  # of a vector in a table

Vector = list[float]
Matrix = list[Vector]


@dataclass(frozen=True)
class Backward:
    """The derivatives of the loss at one layer. One of these is by formulas, one by the graph."""

    dL_da: Vector
    delta: Vector  # dL/dz
    dL_dW: Matrix
    dL_db: Vector | None  # None for a layer without biases
    dL_dx: Vector

    def numbers(self) -> Iterator[float]:
        """Yield all its numbers."""
        yield from chain(self.dL_da, self.delta, *self.dL_dW, self.dL_db or (), self.dL_dx)


@dataclass(frozen=True)
class TracedLayer:
    """What one layer computes for one sample: forward, and backward if there is a loss."""

    title: str
    W: Matrix  # a row for each neuron
    b: Vector | None
    x: Vector  # the inputs
    z: Vector  # the pre-activations W x + b
    a: Vector  # the activations g(z)
    slope: Vector  # g'(z)
    backward: Backward | None  # by the formulas
    graph: Backward | None  # by the graph, as backward() computes it

    @property
    def difference(self) -> float:
        """The largest difference between the formulas and the graph."""
        if self.backward is None or self.graph is None:
            return 0.0
        pairs = zip(self.backward.numbers(), self.graph.numbers(), strict=True)
        return max(abs(a - b) for a, b in pairs)

    def table(self) -> list[list[str]]:
        """Return the header and a row for each neuron."""
        columns: dict[str, Sequence[Any]] = {"W": self.W}
        if self.b is not None:
            columns["b"] = self.b
        columns |= {"z = W x + b" if self.b else "z = W x": self.z, "a = g(z)": self.a}
        if self.backward and self.graph:
            columns |= {
                "dL/da": self.backward.dL_da,
                "g'(z)": self.slope,
                "delta": self.backward.delta,
                "by the graph": self.graph.delta,
                "dL/dW = delta x^T": self.backward.dL_dW,
                "dL/dW by the graph": self.graph.dL_dW,
            }
        rows = zip(*columns.values(), strict=True)
        return [["neuron", *columns]] + [
            [str(i), *map(_written, row)] for i, row in enumerate(rows, 1)
        ]

    def notes(self) -> list[str]:
        """Return what belongs to the whole layer, a line each."""
        lines = [f"x = {_written(self.x)}"]
        if self.backward and self.graph:
            lines.append(
                f"dL/dx = W^T delta = {_written(self.backward.dL_dx)}, "
                f"by the graph {_written(self.graph.dL_dx)}"
            )
        return lines


class Trace(list[TracedLayer]):
    """The layers of a `trace`, first layer first. It prints as a table for each layer.

    output: the outputs of the network. loss: the loss of the sample, or None.
    """

    def __init__(self, layers: Iterable[TracedLayer], loss: float | None) -> None:
        super().__init__(layers)
        self.output, self.loss = self[-1].a, loss

    @property
    def difference(self) -> float:
        """The largest difference between the formulas and the graph, over all layers."""
        return max(layer.difference for layer in self)

    def _summary(self) -> str:
        if self.loss is None:
            return f"output {_written(self.output)}"
        return (
            f"output {_written(self.output)}, loss {format_number(self.loss)}; the formulas and "
            f"the graph differ by at most {self.difference:.1e}"
        )

    def __repr__(self) -> str:
        parts = []
        for layer in self:
            table = layer.table()
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
            parts.append("\n".join([layer.title, *layer.notes(), *lines]))
        return "\n\n".join([*parts, self._summary()])

    def _repr_html_(self) -> str:
        def tr(cells: Sequence[str], tag: str) -> str:
            start = '<td style="white-space: nowrap">' if tag == "td" else f"<{tag}>"
            return f"<tr>{''.join(f'{start}{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

        parts = []
        for layer in self:
            header, *rows = layer.table()
            body = tr(header, "th") + "".join(tr(row, "td") for row in rows)
            notes = "<br>".join(map(html.escape, layer.notes()))
            parts.append(f"<p><b>{html.escape(layer.title)}</b><br>{notes}</p>")
            parts.append(f'<div style="overflow-x: auto" tabindex="0"><table>{body}</table></div>')
        return "".join([*parts, f"<p>{html.escape(self._summary())}</p>"])


def trace(
    model: Any, x: Sequence[float], target: Any = None, loss: str | Callable[..., Any] | None = None
) -> Trace:
    """Return what each layer computes for the sample ``x``, and the backward pass if asked for.

    ``model`` is a `Layer`, an `MLP` or a `Sequential` of layers. With a ``target`` the trace has
    the derivatives of the loss too: by the formulas of backpropagation, delta = g'(z) * dL/da,
    dL/dW = delta x^T and dL/dx = W^T delta, and by the graph. ``loss`` is a name or a function, as
    for `nn.fit`. It may be left out after `nn.fit`. No ``grad`` of the model changes.

    For each layer: ``W, b, x, z, a, slope``, and in ``backward`` and ``graph`` ``dL_da, delta,
    dL_dW, dL_db, dL_dx``. ``difference`` is the largest difference between the two.

    TypeError for other modules. ValueError for a wrong number of inputs, for one of target and
    loss without the other, and for a target that does not fit the loss.

    >>> from nn import Layer
    >>> layer = Layer(2, 1, "sigmoid").set([[2.0, -1.0]], [0.0])
    >>> trace(layer, [1.0, 2.0])
    layer 1: 2 -> 1, sigmoid
    x = [1, 2]
    neuron  W        b  z = W x + b  a = g(z)
    1       [2, -1]  0  0            0.5
    <BLANKLINE>
    output [0.5]

    With a target the table has the derivatives too, by the formulas and by the graph:

    >>> traced = trace(layer, [1.0, 2.0], target=1, loss="bce")
    >>> backward, slope = traced[0].backward, traced[0].slope
    >>> backward.dL_da, slope, backward.delta
    ([-2.0], [0.25], [-0.5])
    >>> backward.dL_dW, backward.dL_dx, traced.difference
    ([[-0.5, -1.0]], [-1.0, 0.5], 0.0)
    """
    layers = _layers(model)
    if target is None and loss is not None:
        raise ValueError(f"trace needs a target for the loss {loss!r:.80}, got target=None")
    if target is not None and loss is None and (loss := model.meaning.loss) is None:
        raise ValueError(f'trace needs a loss, such as loss="mse", for the target {target!r:.80}')
    activations: list[Any] = [Value(number, f"x{i}") for i, number in enumerate(_row(x), 1)]
    nodes = []
    for layer in layers:
        zs = layer.pre_activations(activations)
        outputs = [neuron.function(z) for neuron, z in zip(layer.neurons, zs, strict=True)]
        nodes.append((activations, zs, outputs))
        activations = outputs
    if loss is None:
        steps = zip(layers, nodes, strict=True)
        return Trace([_traced(i, *step) for i, step in enumerate(steps, 1)], None)
    output = activations[0] if len(activations) == 1 else activations
    total = choice("loss", loss, LOSSES)([output], [target])
    derivative = derivatives(total)
    found: list[TracedLayer] = []
    dL_da = [derivative.get(a, 0.0) for a in activations]
    for i, layer in reversed([*enumerate(layers, 1)]):
        traced = _traced(i, layer, nodes[i - 1], dL_da, lambda node: derivative.get(node, 0.0))
        found.insert(0, traced)
        assert traced.backward
        dL_da = traced.backward.dL_dx
    return Trace(found, total.data)


def _row(x: Any) -> list[Any]:
    return list(x) if hasattr(x, "__iter__") else [x]


def _layers(model: Any) -> list[Layer]:
    """Return the layers in the order of use. TypeError for another module."""
    if isinstance(model, Sequential):
        return [layer for part in model.layers for layer in _layers(part)]
    if not isinstance(model, Layer):
        raise TypeError(
            f"trace takes a Layer, or an MLP or Sequential of layers, got {model!r:.80}"
        )
    return [model]


def _traced(
    number: int,
    layer: Layer,
    nodes: tuple[list[Any], list[Any], list[Any]],
    dL_da: Vector | None = None,
    derivative: Callable[[Any], float] | None = None,
) -> TracedLayer:
    """Return one layer's numbers; with ``dL_da`` by the formulas and with ``derivative``."""
    xs, zs, outputs = nodes
    W, x = layer.W.data, _data(xs)
    slope = [_slope(neuron.function, z.data) for neuron, z in zip(layer.neurons, zs, strict=True)]
    backward = graph = None
    if dL_da is not None and derivative is not None:
        delta = [g * d for g, d in zip(slope, dL_da, strict=True)]
        backward = Backward(
            dL_da,
            delta,
            [[d * xi for xi in x] for d in delta],
            delta if layer.b is not None else None,
            [
                sum(w * d for w, d in zip(column, delta, strict=True))
                for column in zip(*W, strict=True)
            ],
        )
        graph = Backward(
            [*map(derivative, outputs)],
            [*map(derivative, zs)],
            [[*map(derivative, row)] for row in layer.W],
            None if layer.b is None else [*map(derivative, layer.b)],
            [*map(derivative, xs)],
        )
    nin, nout = layer.shape
    title = f"layer {number}: {nin} -> {nout}, {layer.activation}"
    b = None if layer.b is None else layer.b.data
    return TracedLayer(title, W, b, x, _data(zs), _data(outputs), slope, backward, graph)


def _data(nodes: Iterable[Any]) -> Vector:
    return Values(nodes).data


def _slope(function: Callable[[Any], Any], z: float) -> float:
    """Return g'(z)."""
    node = Value(z)
    return derivatives(function(node)).get(node, 0.0)


def _written(x: float | Sequence[float]) -> str:
    """Return a number, or a vector with its first numbers."""
    if not isinstance(x, Sequence):
        return format_number(x)
    numbers = [format_number(number) for number in x[:MAX_ENTRIES]]
    return f"[{', '.join(numbers)}{', …' if len(x) > MAX_ENTRIES else ''}]"
