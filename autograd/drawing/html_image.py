"""A picture as HTML: an image that is at most as wide as the cell of a notebook."""

from __future__ import annotations

import base64
import html


def html_image(svg: str, alt: str = "A graph of values") -> str:
    """Return ``svg`` as an image in HTML. Also a notebook that is not trusted shows it."""
    source = data_url(svg)
    return f'<img alt="{html.escape(alt)}" src="{source}" style="max-width: 100%; height: auto">'


def data_url(svg: str) -> str:
    """Return ``svg`` as the address of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
