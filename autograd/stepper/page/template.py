"""Fills the body of the page: its picture, its steps, and what is said around them."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ...pages.document import document
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
    return document(
        FOLDER,
        title,
        data.json,
        f"const operations = {live.operations};",
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
    )


def _list_item(frame: Frame) -> str:
    classes = [frame.phase] + ["wrong"] * frame.wrong + ["first-wrong"] * frame.first_wrong
    parts = {"text": frame.text, "rule": frame.rule, "sum": frame.so_far, "note": frame.note}
    spans = [f'<span class="{name}">{html.escape(s)}</span>' for name, s in parts.items() if s]
    return f'<li class="{" ".join(classes)}"><div>{" ".join(spans)}</div></li>'
