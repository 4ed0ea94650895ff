"""The drawing that `draw_dot` returns: a `graphviz.Digraph` that a notebook shows without ``dot``.

Only this module imports graphviz, and only `draw_dot` imports this module.
"""

from __future__ import annotations

from typing import Any

import graphviz

from .html_image import html_image
from .rendering import need_dot, render


def check_format(given: Any) -> None:
    """Raise ValueError unless ``given`` is a format of Graphviz."""
    if not isinstance(given, str) or given.lower() not in graphviz.FORMATS:
        raise ValueError(
            f"format is one of Graphviz, such as 'svg', 'png' or 'pdf', got {given!r:.80}; "
            "draw_dot(root, format='png').render('name') writes a file"
        )


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A Digraph. A notebook shows it by the program ``dot`` or pygraphviz, or else as it is here.

    without_graphviz: the picture as SVG, drawn when there was no Graphviz. "" if there was one.
    """

    without_graphviz = ""

    def __repr__(self) -> str:  # the same in each run: without an address
        return "<Drawing: a notebook shows it as SVG>"

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        try:
            svg = self.without_graphviz or render(self.source)
        except (RuntimeError, OSError) as error:
            return {"text/plain": str(error)}
        bundle = {"text/html": html_image(svg), "text/plain": repr(self)}
        return bundle | {"image/svg+xml": svg}

    def _repr_html_(self) -> str | None:  # marimo shows this alone, and of a bundle each part
        return self._repr_mimebundle_().get("text/html")

    def pipe(self, *args: Any, **options: Any) -> Any:
        need_dot()
        return super().pipe(*args, **options)

    def render(self, *args: Any, **options: Any) -> Any:
        need_dot()
        return super().render(*args, **options)
