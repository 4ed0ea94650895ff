"""What a page knows, as JSON: names, the graph, the figures, and the steps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...explaining.leaves import inputs_first
from ...explaining.notation import MAX_FORMULA_CHARACTERS, label_of, printable, shorten
from ...operation import Operation
from ...pages.graph_data import graph_data, json_number
from ...pages.javascript import CannotPrintError, print_operations
from ...recording import recording
from ...value import Value
from ..frames import Frame
from .figures import Figures, KeepsFigures, with_figures
from .folding import FoldedStep, folded
from .network_page import NetworkPage
from .word_patterns import WordPatterns

MAX_LIVE_NODES = 1_500  # of a graph that a page computes anew
PARTS = ["text", "rule", "so_far", "note"]  # of the words of a step


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


@dataclass(frozen=True)
class LivePass:
    """A pass as a page plays it. If it cannot be computed in a page, ``fixed`` says why.

    looks: its frames with figures whose markers look positive, and negative. See `figures`.
    """

    given: Pass
    graph: dict[str, Any] | None
    operations: str  # as JavaScript
    figures: Figures
    looks: tuple[Sequence[Frame], Sequence[Frame]]
    fixed: str = ""


@dataclass(frozen=True)
class PageData:
    """The data of a page as JSON, and the steps that it plays."""

    json: dict[str, Any]
    played: Sequence[FoldedStep]


def live_pass(given: Pass) -> LivePass:
    """Return a pass that a page computes anew, or else one with the numbers that it has."""
    figures = Figures([*given.names, *map(label_of, given.order)])
    try:
        if len(given.order) > MAX_LIVE_NODES:
            raise CannotPrintError(f"the graph has more than {MAX_LIVE_NODES:,} nodes")
        data = graph_data(given.order)
        operations = print_operations(sorted(data.used, key=str))
        own = [operation.name for operation, _ in data.used if operation.is_own]
        if own:  # the page compares its numbers with these
            data.graph["local"] = [
                [None if g is None else json_number(g) for g in node.local_grads]
                for node in given.order
            ]
        return LivePass(given, data.graph, operations, figures, _looks(given, figures, own))
    except CannotPrintError as error:
        return LivePass(given, None, "{}", figures, (given.frames, given.frames), str(error))


def _looks(
    given: Pass, figures: Figures, own: Sequence[str]
) -> tuple[Sequence[Frame], Sequence[Frame]]:
    root = with_figures(given.order, figures)
    found = []
    try:
        for figures.looks_negative in (False, True):
            with recording(KeepsFigures()):
                found.append(given.narrate(root))
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        if not own:
            raise
        raise CannotPrintError(f"{', '.join(own)} takes plain floats only") from error
    return found[0], found[1]


def page_data(live: LivePass, visible: set[int], network: NetworkPage | None = None) -> PageData:
    """Return the data of a page whose picture has the ``visible`` nodes.

    With ``network`` a step is a neuron, and the page has the steps inside of it too, and those of
    each sample.
    """
    given, figures = live.given, live.figures
    figures.clear()
    place = {node: i for i, node in enumerate(given.order)}
    updates = [
        [frame.target, figures.row_of(frame.value)]
        for frame in live.looks[0]
        if frame.phase == "update" and not given.order[frame.target or 0].parents
    ]
    writer = _StepWriter(live)
    fold = network.shown.played if network else partial(_folded, visible=visible)
    result = {
        "root": given.names[-1],
        "mistake": given.compares,
        "live": live.graph,
        "nodes": {
            i: _node(node, given.names[i])
            for i, node in enumerate(given.order)
            if live.graph is not None or i in (network.visible if network else visible)
        },
        "frames": [] if network else writer.rows(fold),
        "leaves": [place[leaf] for leaf in inputs_first(given.order)] if live.graph else [],
        "updates": updates,
    }
    own = {node.op.name: node.op for node in given.order if node.op is not None and node.op.is_own}
    if own:
        result["own"] = {name: _module(operation) for name, operation in own.items()}
    if network:
        result["network"] = _network_data(network, given.frames, writer)
    result["figures"] = figures.table  # after all that uses them
    result["patterns"] = writer.patterns.table
    return PageData(result, fold(given.frames))


def _network_data(
    network: NetworkPage, frames: Sequence[Frame], writer: _StepWriter
) -> dict[str, Any]:
    inside = writer.rows(network.inside)
    for row, frame in zip(inside, frames, strict=True):
        row.append(network.edge(frame))
    samples = []
    for sample in network.samples:
        spans = sample.steps.spans
        rows = [
            [span.first, span.last, *(() if span.part is None else row)]
            for span, row in zip(spans, writer.rows(sample.played), strict=True)
        ]
        samples.append({**sample.data(), "frames": rows})
    return {
        "inside": inside,
        "count": network.count,
        "shown": network.samples.index(network.shown),
        "mean": network.mean(),
        "samples": samples,
    }


def _module(operation: Operation) -> str:
    """Return the module from which an operation can be imported by its name, or ""."""
    module = sys.modules.get(operation.__module__)
    can_be = getattr(module, operation.name, None) is operation
    return operation.__module__ if can_be and operation.__module__ != "__main__" else ""


def _folded(frames: Sequence[Frame], visible: set[int]) -> list[FoldedStep]:
    return list(folded(frames, visible))


def _node(node: Value, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "data": json_number(node.data)}
    label = shorten(printable(label_of(node)), MAX_FORMULA_CHARACTERS)
    if label not in ("", name):
        found["label"] = label
    if node.op is not None:
        found["op"] = node.op.name
        if node.op.domain:
            found["domain"] = node.op.domain
    if node.is_constant:
        found["constant"] = True
    return found


class _StepWriter:
    """Writes steps as ``story.js`` reads them."""

    def __init__(self, live: LivePass) -> None:
        self.looks, self.figures = live.looks, live.figures
        parents = live.graph["parents"] if live.graph else None
        self.patterns = WordPatterns(live.given.names, parents)

    def rows(self, fold: Callable[[Sequence[Frame]], Sequence[FoldedStep]]) -> list[list[Any]]:
        """Return the steps that ``fold`` makes of the frames."""
        looks = []
        for negative, frames in enumerate(self.looks):
            self.figures.looks_negative = bool(negative)
            looks.append(fold(frames))
        return [self._row(step, other) for step, (other, _) in zip(*looks, strict=True)]

    def _row(self, step: FoldedStep, other: Frame) -> list[Any]:
        """Return one step. ``other`` has its words in the other look."""
        (frame, changes), figures = step, self.figures
        numbers = [figures.row_of(x) for x in (frame.adjoint, frame.local_grad, frame.term)]
        changed = [
            [target, row, *([right, wrong] if wrong or right != row else [])]
            for target, _, exact, right_text, wrong in changes
            for row, right in [(figures.row_in(exact), figures.row_in(right_text))]
        ]
        words = [figures.template(getattr(frame, part), getattr(other, part)) for part in PARTS]
        while words and not words[-1]:
            words.pop()
        node, target = frame.node, frame.target
        reduced = self.patterns.reduced(words, node, target)
        return [frame.phase, node, frame.operand, target, *numbers, changed, reduced]
