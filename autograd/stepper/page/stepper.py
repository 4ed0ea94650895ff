"""`Stepper`: the page that plays the steps of one pass, in a notebook or in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...drawing.network_level import selected
from ...drawing.options import check_count, check_svg_options
from ...drawing.picture import OPTIONS, draw_dot
from ...explaining.argument_checks import listed_values, require_bool, require_text
from ...explaining.node_names import names
from ...explaining.notation import printable
from ...graph import expanded
from ...pages.frame import framed, save_page
from ...value import Value, topological_order
from ..frames import Frame, place_of_step
from ..source_lines import code_data, run_by_line
from ..stepping import steps
from .network_page import NetworkPage
from .page_data import Pass, live_pass, page_data
from .picture import Picture, copied, padded, picture_of
from .template import page_text

MAX_NODES, MAX_BYTES = 100, 300_000  # of a page without ``max_nodes``
HEADER_PX, COMPARISON_PX = 430, 100  # heights in a notebook: title to words, table of both passes
MIN_LIST_PX, MAX_LIST_PX, LIST_ITEM_PX = 300, 420, 40


@dataclass(frozen=True)
class _Narration:
    """Tells the same pass of a copy of the graph. It is called with the copy of the result."""

    mistake: str | None
    update: float | None
    places: Sequence[int] | None  # of the parameters, in topological order
    zero_grad: bool

    def __call__(self, graph: Value) -> list[Frame]:
        nodes = topological_order(graph)
        parameters = None if self.places is None else [nodes[i] for i in self.places]
        options: Any = {"update": self.update, "parameters": parameters}
        return steps(graph, self.mistake, zero_grad=self.zero_grad, **options)


class Stepper:
    """A page that plays one forward and one backward pass through the graph of ``root``.

    ``Stepper(f, *args)`` runs a function first. Then the page shows the source of ``f`` beside the
    steps, and marks the expression that made the node of a step. Numbers among ``args`` are leaves,
    named after the parameters of ``f``. Arguments by name are options of the page.

    The page keeps the graph of this run. Where edited numbers turn a comparison of Values that the
    function made, the page says so. It does not see what was decided by ``x.data``.

    A notebook shows it as the last expression of a cell; ``save`` writes it to a file. It is a
    snapshot: later changes of the graph do not show. In the page every leaf is a number that can be
    changed. All numbers, gradients and texts follow, in a graph of at most 1,500 nodes.

    mistake, update, parameters, zero_grad, expand: as in `steps`.
    title: the heading of the page.
    step: where the page opens. Steps count from 1 as the page counts them, and -1 is the last one.
    Or it is "last", or the name of a phase, for its first step: see `Frame.phase`.
    sample: of a batch, which sample the page shows first. A reader can choose another of the first
    12 there, and sees how the samples add up to each gradient.
    max_nodes: how many boxes are drawn at most, those nearest to the root. The steps of the other
    nodes are folded. Without it, as many are drawn as fit into 300 kB, at most 100.
    options: as in `draw_dot`.

    >>> from autograd import Value
    >>> Stepper(Value(2.0, "x") * 3)
    Stepper of f, 4 steps:
      1  given x = 2
      2  f = x * 3 = 2 * 3 = 6
      3  df/df = 1
      4  df/dx += df/df · ∂f/∂x = 1 · 3 = 3
    >>> def f(x):
    ...     return x * 3
    >>> print(Stepper(f, 2.0).frames[1])
    f = x * 3 = 2 * 3 = 6

    Without Graphviz the picture is a plain one. Raises what `steps` and `draw_dot` raise, and
    ValueError for a ``max_nodes`` that is not positive or a ``step`` that is not there. A step that
    is only missing in a network, where a step is a neuron, is an error when the page is shown.
    """

    def __init__(
        self,
        root: Value | Callable[..., Value],
        *args: Any,
        mistake: str | None = None,
        update: float | None = None,
        parameters: Iterable[Value] | None = None,
        zero_grad: bool = True,
        title: str = "",
        step: int | str = 1,
        max_nodes: int | None = None,
        expand: bool = False,
        **options: Any,
    ) -> None:
        require_text(title, "title")
        require_bool(expand, "expand")
        check_svg_options("Stepper", options, OPTIONS)
        check_count("max_nodes", max_nodes, 1)
        run = None
        if callable(root) and not isinstance(root, Value):
            run = run_by_line(root, args)
            root = run.root
        elif len(args) > 1 or (args and mistake is not None):
            raise TypeError(f"Stepper of a Value takes a mistake at most, got {args!r:.80}")
        elif args:
            mistake = args[0]
        moving = None if parameters is None else listed_values(parameters, "parameters")
        self.frames = steps(
            root,
            mistake,
            expand=expand,
            update=update,
            parameters=moving,
            zero_grad=zero_grad,
        )
        place_of_step(step, self.frames)  # raises for a wrong one
        self.mistake, self.max_nodes, self.options = mistake, max_nodes, options
        self._step = step
        self._expand = expand
        order = topological_order(expanded(root) if expand else root)
        named = names(order)
        self._nodes = copied(named, self.frames)
        *_, (graph, self._root_name) = self._nodes.items()
        places = [i for i, node in enumerate(order) if node in (moving or ())]
        moves = None if moving is None else places
        narrate = _Narration(mistake, update, moves, zero_grad)
        compares = mistake is not None or not zero_grad
        self._pass = Pass(list(self._nodes), [*named.values()], self.frames, narrate, compares)
        self._code = code_data(run, order) if run else None
        self._title = printable(title) or f"Step through {self._root_name}"
        if options:
            draw_dot(graph, max_nodes=max_nodes, **options)  # raises for a wrong option

    def __repr__(self) -> str:
        head = f"Stepper of {self._root_name}, {len(self.frames)} steps:"
        lines = [f"{i:3}  {frame.text}" for i, frame in enumerate(self.frames, 1)]
        if len(lines) > 60:
            lines[40:-10] = ["  …"]
        return "\n".join([head, *lines])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the page in a frame, or else the picture, or the text.

        The frame is sandboxed, so that the ids and keys of the page stay its own. A notebook that
        is not trusted drops the frame and shows the image that lies under it.
        """
        bundle = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        svg = self._page[1].svg
        return bundle | ({"image/svg+xml": svg} if svg else {})

    def _repr_html_(self) -> str:
        """Return the page in a frame, and beside it a script that fits it to its surroundings.

        marimo shows this alone, and of a bundle each part.
        """
        page, picture, height_px = self._page
        image = picture.image if picture.svg else ""
        return framed(page, self._title, height_px, image, f"The graph of {self._root_name}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to ``path``, whole or not at all. OSError names the path if it fails.

        ValueError if ``path`` cannot be the path of a file.
        """
        save_page(self._page[0], path)

    def _network(self) -> NetworkPage | None:
        """Return the network that the page shows, or None if it shows nodes."""
        chosen = self.options.keys() & {"depth", "params"}
        level, sample = self.options.get("level"), self.options.get("sample", 0)
        as_nodes = bool(self.max_nodes or self._expand or chosen)
        selection = selected(list(self._nodes)[-1], level, sample, as_nodes)
        return None if selection is None else NetworkPage(selection, self._nodes, self.frames)

    def _pictures(self, network: NetworkPage, shown: Mapping[Value, str]) -> list[Picture]:
        """Return one picture for all samples that are alike, the first for the sample shown."""
        pictures: list[Picture] = []
        for alike in network.of_one_picture():
            options = {**self.options, "level": "network", "sample": alike[0].selection.sample}
            picture = picture_of(shown, None, **options)
            for sample in alike:
                sample.picture = len(pictures)
                twin = dict(zip(alike[0].nodes, sample.nodes, strict=True))
                sample.visible = sample.leaves | {twin.get(i, i) for i in picture.visible}
            pictures.append(picture)
        return pictures

    @cached_property
    def _page(self) -> tuple[str, Picture, int]:
        """The page, its picture, and its height in a notebook, in pixels."""
        max_nodes = self.max_nodes or MAX_NODES
        shown, live = padded(self._nodes, self.frames), live_pass(self._pass)
        network = self._network()
        while True:
            if network:
                pictures = self._pictures(network, shown)
            else:
                pictures = [picture_of(shown, max_nodes, **self.options)]
            picture = pictures[0]
            data = page_data(live, picture.visible, network)
            if opens_at := place_of_step(self._step, [frame for frame, _ in data.played]):
                data.json["opensAt"] = opens_at
            if self._code:
                data.json["code"] = self._code
            page = page_text(self._title, self.mistake, pictures, data, live)
            total = len(page.encode()) + len(picture.image)
            if network or self.max_nodes or total <= MAX_BYTES or max_nodes == 1:
                break
            max_nodes = max(1, int(max_nodes * min(0.9, MAX_BYTES / total)))
        list_px = min(MAX_LIST_PX, max(MIN_LIST_PX, LIST_ITEM_PX * len(data.played)))
        below_px = MAX_LIST_PX + COMPARISON_PX if self.mistake else list_px
        return page, picture, HEADER_PX + round(picture.height_px) + below_px
