"""What a page knows, as JSON: names, the graph, the figures, and the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...explaining.leaves import inputs_first
from ...explaining.notation import MAX_FORMULA_CHARACTERS, label_of, printable, shorten
from ...pages.graph_data import graph_data, json_number
from ...pages.javascript import CannotPrintError, print_operations
from ...recording import recording
from ...value import Value
from ..frames import Frame
from .figures import Figures, KeepsFigures, with_figures
from .folding import FoldedStep, folded
from .network_page import NetworkPage

MAX_LIVE_NODES = 1_500  # of a graph that a page computes anew
PARTS = {"text": "text", "rule": "rule", "sum": "so_far", "note": "note"}  # of a step


@dataclass(frozen=True)
class PageData:
    """The data of a page, its operations as JavaScript, and the steps that it plays."""

    json: dict[str, Any]
    operations: str
    played: Sequence[FoldedStep]


@dataclass(frozen=True)
class Pass:
    """A snapshot of a graph, its names, and the frames of a pass through it.

    narrate: returns the frames of the same pass through a copy of the graph.
    compares: whether the frames have right numbers beside wrong ones.
    """

    order: Sequence[Value]
    names: Sequence[str]
    frames: Sequence[Frame]
    narrate: Callable[[Value], Sequence[Frame]]
    compares: bool


def page_data(given: Pass, visible: set[int], network: NetworkPage | None = None) -> PageData:
    """Return the data of a page whose picture has the ``visible`` nodes.

    A page is live if its operations can be printed as JavaScript. Else its numbers are fixed. With
    ``network`` a step is a neuron, and the page has the steps inside of it too.
    """
    try:
        if len(given.order) > MAX_LIVE_NODES:
            raise CannotPrintError("the graph is too large")
        graph = graph_data(given.order)
        operations = print_operations(sorted(graph.used, key=str))
        live = graph.graph
        if any(operation.is_own for operation, _ in graph.used):  # the page compares its numbers
            live["local"] = [
                [None if g is None else json_number(g) for g in node.local_grads]
                for node in given.order
            ]
    except CannotPrintError:
        live, operations = None, "{}"
    figures = Figures([*given.names, *map(label_of, given.order)])
    fold = partial(network.steps if network else _folded, visible=visible)
    frames, positive, negative = _two_looks(given, figures, fold, live is not None)
    updates = [
        [frame.target, figures.row_of(frame.value)]
        for frame in frames
        if frame.phase == "update" and _is_leaf(given, frame)
    ]
    steps = [
        _step(step, other, figures) for step, (other, _) in zip(positive, negative, strict=True)
    ]
    played = fold(given.frames)
    result = {
        "root": given.names[-1],
        "mistake": given.compares,
        "live": live,
        "nodes": {
            i: _node(node, given.names[i], i in visible)
            for i, node in enumerate(given.order)
            if live is not None or i in visible
        },
        "frames": steps,
        "leaves": [given.order.index(leaf) for leaf in inputs_first(given.order)],
        "updates": updates,
        "figures": figures.table,
    }
    if network:
        inside = network.inside(given.frames)
        played, result["frames"] = played[: len(inside)], steps[: len(inside)]
        for step, first_and_end in zip(steps, inside, strict=False):
            step["inside"] = first_and_end
        for step, frame in zip(steps[len(inside) :], given.frames, strict=True):
            step["edge"] = network.edge(frame)
        result["network"] = {
            "inside": steps[len(inside) :],
            "neurons": network.neurons(),
            "boxes": network.boxes(),
        }
    return PageData(result, operations, played)


def _folded(frames: Sequence[Frame], visible: set[int]) -> list[FoldedStep]:
    return list(folded(frames, visible))


def _two_looks(
    given: Pass,
    figures: Figures,
    fold: Callable[[Sequence[Frame]], list[FoldedStep]],
    live: bool,
) -> tuple[Sequence[Frame], list[FoldedStep], list[FoldedStep]]:
    """Return the frames with figures, and the steps whose figures look positive, and negative."""
    root = with_figures(given.order, figures) if live else None
    frames: Sequence[Frame] = ()
    looks = []
    for figures.looks_negative in (True, False):
        with recording(KeepsFigures()):
            frames = given.frames if root is None else given.narrate(root)
            looks.append(fold(frames))
    negative, positive = looks
    return frames, positive, negative


def _is_leaf(given: Pass, frame: Frame) -> bool:
    return frame.target is not None and not given.order[frame.target].parents


def _node(node: Value, name: str, drawn: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "data": json_number(node.data)}
    label = shorten(printable(label_of(node)), MAX_FORMULA_CHARACTERS)
    if label not in ("", name):
        found["label"] = label
    if node.is_constant:
        found["constant"] = True
    if node.parents:
        assert node.op is not None
        found["op"] = node.op.name
        if node.op.domain:
            found["domain"] = node.op.domain
    else:
        found["leaf"] = True
    if drawn:
        found["drawn"] = True
    return found


def _step(step: FoldedStep, other: Frame, figures: Figures) -> dict[str, Any]:
    """Return what a step highlights and changes, and its words from their two looks."""
    frame, changes = step
    found = {key: getattr(frame, key) for key in ("phase", "node", "operand", "target")}
    for key in ("adjoint", "local_grad", "term"):
        found[key] = figures.row_of(getattr(frame, key))
    found["changes"] = [
        [target, figures.row_in(exact), figures.row_in(right), wrong]
        for target, _, exact, right, wrong in changes
    ]
    words = {
        part: figures.template(getattr(frame, name), getattr(other, name))
        for part, name in PARTS.items()
        if getattr(frame, name)
    }
    return found | {"words": words}
