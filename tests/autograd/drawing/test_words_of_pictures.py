"""The words in and around a picture: characters that cannot be seen, and what a drawing says."""

from __future__ import annotations

import pytest

from autograd import Value, draw_dot
from autograd.drawing.rendering import render


@pytest.mark.parametrize("code", [0x80, 0x9F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_a_character_that_no_page_may_hold_is_shown_as_unknown(code: int) -> None:
    source = draw_dot(Value(1.0, f"a{chr(code)}b")).source
    assert chr(code) not in source
    assert "a\ufffdb" in source


@pytest.mark.parametrize(("code", "shown"), [(0x1B, "␛"), (0x1F, "␟"), (0x7F, "␡"), (0xA0, "\xa0")])
def test_a_control_character_is_shown_by_its_picture(code: int, shown: str) -> None:
    assert f"a{shown}b" in draw_dot(Value(1.0, f"a{chr(code)}b")).source


def test_a_drawing_says_what_it_is() -> None:
    drawing = draw_dot(Value(1.0, "x") * 2.0)
    assert repr(drawing) == "<Drawing: a notebook shows it as SVG>"
    for part in ("graph", "node", "edge"):
        assert f"\t{part} [" in drawing.source


def test_too_long_a_drawing_says_what_to_do() -> None:
    source = draw_dot(Value(1.0, "x") * 2.0).source
    with pytest.raises(TimeoutError) as caught:
        render(source, time_limit=0.001)
    assert str(caught.value) == (
        "Graphviz took more than 0.001 s: draw less (max_nodes=, depth=, params='fold') "
        "or allow more (time_limit=)"
    )
