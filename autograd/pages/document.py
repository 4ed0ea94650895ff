"""A page as one HTML file: its head with the security policy, its body, its data and its script."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from string import Template
from typing import Any

from .scripts import joined, read


def document(folder: str, title: str, data: Mapping[str, Any], prelude: str, **parts: str) -> str:
    """Return the page whose ``page.html``, ``page.css`` and ``main.js`` are in ``folder``.

    data: what the script reads as JSON.
    prelude: JavaScript that goes before the script, such as tables that Python prints.
    parts: markup in the place of the ``$names`` in the body.
    """
    title = html.escape(title)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Template(read("autograd/pages/document.html")).substitute(
        title=title,
        style=read("autograd/pages/theme.css") + read(f"{folder}/page.css"),
        body=Template(read(f"{folder}/page.html")).substitute(title=title, **parts).rstrip("\n"),
        data=text.replace("<", "\\u003c"),  # the only character with which a label could end it
        script=joined(f"{folder}/main.js", prelude),
    )
