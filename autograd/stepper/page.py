"""The page that plays the frames of one pass, in a notebook or alone."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from numbers import Integral
from pathlib import Path
from string import Template
from typing import Any

from ..drawing.picture import draw_dot
from ..explaining.names import names
from ..explaining.number_format import number
from ..graph import distances, expanded
from ..value import Constant, Value, topological_order
from .folding import Folded, folded
from .frames import steps
from .mistakes import MISTAKES
from .narration import Frame
from .picture import compact, draw, drawn, image, labelled, size

MOST_NODES, MOST_BYTES = 100, 300_000  # of a page, unless max_nodes says otherwise
WIDTH, TALLEST, SMALLEST = 880, 560, 0.6  # of the picture in a notebook: pixels, pixels, scale
AROUND, LEAST, MOST, A_STEP = 110, 300, 420, 40  # pixels: title and gaps; formula; list; its items


class Stepper:
    """A page that plays one forward and one backward pass through the graph of ``root``.

    In a notebook it is shown as the last expression of a cell; ``save`` writes it as a file of its
    own. It is a snapshot: later changes of the graph do not show.

    ``mistake`` and ``expand`` are those of `steps`, ``options`` those of `draw_dot`. At most
    ``max_nodes`` boxes are drawn, those nearest the root, and the steps of the others are folded;
    without it, as many as fit into 300 kB, at most 100. ``title`` is the heading of the page.

    >>> from autograd import Value
    >>> f = Value(2.0, "x") * Value(3.0, "y")
    >>> Stepper(f)
    Stepper of f, 5 steps:
      1  given x = 2, y = 3
      2  f = x * y = 2 * 3 = 6
      3  ∂f/∂f = 1
      4  ∂f/∂x += ∂f/∂f · ∂f/∂x = 1 · 3 = 3
      5  ∂f/∂y += ∂f/∂f · ∂f/∂y = 1 · 2 = 2

    Needs Graphviz for the picture; without it the page has the steps alone. Raises what `steps`
    and `draw_dot` raise, and ValueError for a ``max_nodes`` that is not positive.
    """

    def __init__(
        self,
        root: Value,
        mistake: str | None = None,
        *,
        title: str = "",
        max_nodes: int | None = None,
        expand: bool = False,
        **options: Any,
    ) -> None:
        if max_nodes is not None and not (isinstance(max_nodes, Integral) and max_nodes >= 1):
            raise ValueError(f"max_nodes must be at least 1, got {max_nodes!r}")
        self.frames = steps(root, mistake, expand=expand)
        self.mistake, self.max_nodes, self.options = mistake, max_nodes, options
        order = topological_order(expanded(root) if expand else root)
        self._names = list(names(order).values())
        self._title = title or f"Step through {self._names[-1]}"
        self._graph = labelled(order, names(order), self.frames)
        if options:
            draw_dot(self._graph, max_nodes=max_nodes, **options)  # here they may still raise

    def __repr__(self) -> str:
        head = f"Stepper of {self._names[-1]}, {len(self.frames)} steps:"
        shown = [f"{i:3}  {frame.text}" for i, frame in enumerate(self.frames, 1)]
        if len(shown) > 60:
            shown[40:-10] = ["  …"]
        return "\n".join([head, *shown])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the page in a frame of its own, or else the picture, or text.

        The page is sandboxed, so that its ids and keys stay its own. A notebook that is not trusted
        drops the frame and shows the image, which otherwise lies under the frame.
        """
        page, svg, height = self._page
        parts = {"title": html.escape(self._title), "height": str(height), "picture": ""}
        if svg:
            alt = html.escape(f"The graph of {self._names[-1]}")
            parts["picture"] = _fill("image.html", alt=alt, source=image(compact(svg)), **parts)
        parts["page"] = page.replace("&", "&amp;").replace("'", "&#39;")
        bundle = {"text/html": _fill("frame.html", **parts), "text/plain": repr(self)}
        return bundle | ({"image/svg+xml": svg} if svg else {})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to ``path``, whole or not at all; OSError, naming it, where that fails."""
        path = Path(path)
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            new.write_text(self._page[0], "utf-8")
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise OSError(
                error.errno, f"cannot write the page: {error.strerror}", str(path)
            ) from None

    @cached_property
    def _page(self) -> tuple[str, str, int]:
        """The page, the picture in it ("" without Graphviz) and its height in a notebook."""
        most = self.max_nodes or MOST_NODES
        while True:
            page, svg, height = self._page_of(most)
            total = len(page.encode()) + len(image(compact(svg)))
            if self.max_nodes or total <= MOST_BYTES or most == 1:
                return page, svg, height
            most = max(1, int(most * min(0.9, MOST_BYTES / total)))

    def _page_of(self, most: int) -> tuple[str, str, int]:
        try:
            svg = draw(self._graph, max_nodes=most, **self.options)
            visible, picture = drawn(svg), compact(svg)
            width, height = size(svg)
            scale = max(SMALLEST, min(1.0, WIDTH / width))
            height, least = min(TALLEST, height * scale), SMALLEST * width
        except (RuntimeError, TimeoutError, ImportError) as error:  # no Graphviz, or too slow
            svg, least, height = "", 0.0, 60
            picture = f'<p class="notice">No picture: {html.escape(str(error))}</p>'
            nearest = {node for node, _ in zip(distances(self._graph), range(most), strict=False)}
            order = topological_order(self._graph)
            visible = {i for i, node in enumerate(order) if node in nearest}
        frames = list(folded(self.frames, visible))
        page = _fill(
            "page.html",
            title=html.escape(self._title),
            style=_asset("page.css"),
            warning=self._warning(),
            hint="Click a node for the terms of its gradient." if svg else "",
            about="The graph. Choose a node to see the terms of its gradient."
            if svg
            else "No graph",
            picture=picture.replace("<svg", f'<svg style="--least-width: {least:.0f}px"', 1),
            count=str(len(frames)),
            steps="\n".join(_item(frame) for frame, _ in frames),
            data=_embedded(self._data(frames, visible)),
            script=_asset("page.js"),
        )
        beneath = min(MOST, max(LEAST, A_STEP * len(frames)))
        return page, svg, round(height) + AROUND + (MOST + 100 if self.mistake else beneath)

    def _warning(self) -> str:
        if self.mistake is None:
            return ""
        what = html.escape((MISTAKES[self.mistake].__doc__ or self.mistake).replace("``", ""))
        return f'<p class="warning">{what}</p>'

    def _data(self, frames: Sequence[Folded], visible: set[int]) -> dict[str, Any]:
        order = topological_order(self._graph)
        return {
            "root": self._names[-1],
            "mistake": self.mistake is not None,
            "nodes": {
                i: {
                    "name": self._names[i],
                    "leaf": not order[i].parents,
                    "constant": type(order[i]) is Constant,
                    "data": number(order[i].data),
                    "exact": repr(order[i].data),
                }
                for i in sorted(visible)
            },
            "frames": [
                {
                    "phase": frame.phase,
                    "node": frame.node,
                    "operand": frame.operand,
                    "target": frame.target,
                    "changes": changes,
                }
                for frame, changes in frames
            ],
        }


def _item(frame: Frame) -> str:
    """A step in the list of steps."""
    flags = {"wrong": frame.wrong, "first-wrong": frame.first_wrong}
    classes = " ".join([frame.phase, *(name for name, holds in flags.items() if holds)])
    return f'<li class="{classes}"><div>{_words(frame)}</div></li>'


def _words(frame: Frame) -> str:
    parts = {"text": frame.text, "rule": frame.rule, "sum": frame.so_far, "note": frame.note}
    return " ".join(
        f'<span class="{name}">{html.escape(text)}</span>' for name, text in parts.items() if text
    )


def _embedded(data: Any) -> str:
    """JSON that nothing in a label can end: inside <script>, only ``<`` could."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _fill(template: str, **parts: str) -> str:
    return Template(_asset(template)).substitute(parts)


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
