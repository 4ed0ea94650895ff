"""Fills the templates of the page: HTML, CSS, JavaScript and JSON become one text."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from ...explaining.notation import label_of, number, printable
from ...value import Value
from ..frames import Frame
from ..mistakes import MISTAKES
from .folding import FoldedStep
from .picture import Picture


def page_text(
    title: str,
    mistake: str | None,
    nodes: dict[Value, str],
    picture: Picture,
    played: Sequence[FoldedStep],
) -> str:
    """Return the page. ``nodes`` names all nodes, in topological order."""
    clickable = bool(picture.svg)
    about = "The graph. Choose a node to see the terms of its gradient."
    warning = (MISTAKES[mistake].__doc__ or mistake).replace("``", "") if mistake else ""
    data = {
        "root": list(nodes.values())[-1],
        "mistake": mistake is not None,
        "nodes": {
            i: {
                "name": name,
                "label": printable(label_of(node)),  # in full
                "leaf": not node.parents,
                "constant": node.is_constant,
                "data": number(node.data),
                "exact": repr(node.data),
            }
            for i, (node, name) in enumerate(nodes.items())
            if i in picture.visible
        },
        "frames": [
            {key: getattr(frame, key) for key in ("node", "operand", "target")}
            | {"phase": _shown_phase(frame), "kind": frame.phase, "changes": changes}
            for frame, changes in played
        ],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return fill(
        "page.html",
        title=html.escape(title),
        style=_read("page.css"),
        warning=f'<p class="warning">{html.escape(warning)}</p>' if warning else "",
        hint="Click a node for the terms of its gradient." if clickable else "",
        about=about if clickable else "No graph",
        picture=picture.markup,
        count=str(len(played)),
        steps="\n".join([_list_item(frame) for frame, _ in played]),
        data=text.replace("<", "\\u003c"),  # the only character with which a label could end it
        script=_read("page.js"),
    )


def fill(template: str, **parts: str) -> str:
    """Return the file ``template`` of this folder with ``parts`` in place of its ``$names``."""
    return Template(_read(template)).substitute(parts)


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _shown_phase(frame: Frame) -> str:
    """Return the phase by which the script knows which number changes: an update changes data."""
    return "forward" if frame.phase == "update" else frame.phase


def _list_item(frame: Frame) -> str:
    classes = [frame.phase] + ["wrong"] * frame.wrong + ["first-wrong"] * frame.first_wrong
    parts = {"text": frame.text, "rule": frame.rule, "sum": frame.so_far, "note": frame.note}
    spans = [f'<span class="{name}">{html.escape(s)}</span>' for name, s in parts.items() if s]
    return f'<li class="{" ".join(classes)}"><div>{" ".join(spans)}</div></li>'
