"""Fills the template of the playground's page: HTML, CSS, JavaScript and JSON become one text."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from autograd.pages.scripts import joined

FOLDER = "nn/playground/page"


def page_text(
    title: str,
    settings: Mapping[str, Any],
    prelude: str,
    picture: str = "",
    links: Mapping[str, str] | None = None,
) -> str:
    """Return the page.

    settings: the state that it starts with, as JSON has it.
    prelude: the JavaScript that Python prints: the operations of the table.
    picture: markup that stands for the page where no script runs.
    links: addresses of other files of the run, by their text.
    """
    text = json.dumps({"settings": settings}, ensure_ascii=False, separators=(",", ":"))
    return Template(_read("page.html")).substitute(
        title=html.escape(title),
        style=_read("page.css"),
        picture=f'<section class="still" data-still>{picture}</section>' if picture else "",
        links=_links(links or {}),
        data=text.replace("<", "\\u003c"),  # the only character with which a label could end it
        script=joined(f"{FOLDER}/main.js", prelude),
    )


def _links(links: Mapping[str, str]) -> str:
    items = [
        f'<li><a href="{html.escape(address)}">{html.escape(text)}</a></li>'
        for text, address in links.items()
    ]
    return f'<ul class="links">{"".join(items)}</ul>' if items else ""


def _read(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text("utf-8")
