"""Fills the templates of the page: HTML, CSS, JavaScript and JSON become one text."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from string import Template

from ...pages.scripts import joined, read
from ..frames import Frame
from ..mistakes import MISTAKES
from .page_data import LivePass, PageData
from .picture import Picture

FOLDER = "autograd/stepper/page"


def page_text(
    title: str, mistake: str | None, pictures: Sequence[Picture], data: PageData, live: LivePass
) -> str:
    """Return the page. It shows the first of the ``pictures``, and has the others at hand."""
    picture, *others = pictures
    clickable = bool(picture.svg)
    about = "The graph. Choose a node to see the terms of its gradient."
    warning = (MISTAKES[mistake].__doc__ or mistake).replace("``", "") if mistake else ""
    text = json.dumps(data.json, ensure_ascii=False, separators=(",", ":"))
    return fill(
        "page.html",
        title=html.escape(title),
        style=read("autograd/pages/theme.css") + read(f"{FOLDER}/page.css"),
        warning=f'<p class="warning">{html.escape(warning)}</p>' if warning else "",
        hint="Click a node for the terms of its gradient." if clickable else "",
        drag="Drag a leaf to change its number." if clickable and not live.fixed else "",
        fixed=f"The numbers of this page are fixed: {html.escape(live.fixed)}." * bool(live.fixed),
        about=about if clickable else "No graph",
        picture=picture.markup,
        other_pictures="\n".join([f"<template>{other.markup}</template>" for other in others]),
        picture_px=str(round(picture.height_px)),
        count=str(len(data.played)),
        steps="\n".join([_list_item(frame) for frame, _ in data.played]),
        data=text.replace("<", "\\u003c"),  # the only character with which a label could end it
        script=joined(f"{FOLDER}/main.js", f"const operations = {live.operations};"),
    )


def fill(template: str, **parts: str) -> str:
    """Return the file ``template`` of this folder with ``parts`` in place of its ``$names``."""
    return Template(read(f"{FOLDER}/{template}")).substitute(parts)


def _list_item(frame: Frame) -> str:
    classes = [frame.phase] + ["wrong"] * frame.wrong + ["first-wrong"] * frame.first_wrong
    parts = {"text": frame.text, "rule": frame.rule, "sum": frame.so_far, "note": frame.note}
    spans = [f'<span class="{name}">{html.escape(s)}</span>' for name, s in parts.items() if s]
    return f'<li class="{" ".join(classes)}"><div>{" ".join(spans)}</div></li>'
