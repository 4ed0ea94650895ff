"""Fills the body of the playground's page."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from autograd.pages.document import document

FOLDER = "nn/playground/page"


def page_text(
    title: str,
    settings: Mapping[str, Any],
    prelude: str,
    picture: str = "",
    links: Mapping[str, str] | None = None,
    note: str = "",
) -> str:
    """Return the page.

    settings: the state that it starts with, as JSON has it.
    prelude: the JavaScript that Python prints from its tables.
    picture: markup that stands for the page where no script runs.
    links: the addresses of other files, by the texts of the links.
    note: a sentence on the data.
    """
    return document(
        FOLDER,
        title,
        {"settings": settings},
        prelude,
        picture=f'<section class="still" data-still>{picture}</section>' if picture else "",
        links=_list(links or {}),
        note=f'<p class="quiet-text" id="note">{html.escape(note)}</p>' if note else "",
    )


def _list(links: Mapping[str, str]) -> str:
    items = [
        f'<li><a href="{html.escape(address)}">{html.escape(text)}</a></li>'
        for text, address in links.items()
    ]
    return f'<ul class="links">{"".join(items)}</ul>' if items else ""
