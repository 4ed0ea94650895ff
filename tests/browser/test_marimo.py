"""A stepper and drawings in marimo: exported to HTML, and in a running notebook."""

import pytest

from autograd import Stepper

from ..support.browser import FITS, THEME, assert_plays, becomes, wait_for_images
from ..support.graphs import fan_out
from ..support.notebook_servers import in_marimo

pytestmark = pytest.mark.slow  # marimo takes some seconds to start
NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    from autograd import Stepper, draw_dot
    from tests.support.graphs import fan_out
    from tests.support.networks import tanh_chain
    return Stepper, draw_dot, fan_out, tanh_chain

@app.cell
def _(Stepper, fan_out):
    Stepper(fan_out())

@app.cell
def _(draw_dot, tanh_chain):
    draw_dot(tanh_chain(12))
"""
PICTURES = "img[src^='data:image/svg']"
WIDTHS = """(all) => all.map((image) => {
  const cell = image.parentElement.getBoundingClientRect();
  return [image.getBoundingClientRect().width, cell.width, image.naturalWidth];
})"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    path = tmp_path_factory.mktemp("marimo") / "notebook.py"
    path.write_text(NOTEBOOK, "utf-8")
    return path


def stepper_in(page):
    """Return the frame that marimo puts around HTML with a script, and the frame in that."""
    page.locator("iframe").first.wait_for()
    outer = page.locator("iframe").first.element_handle().content_frame()
    outer.locator("iframe").wait_for()
    frame = outer.query_selector("iframe").content_frame()
    frame.locator("#now").wait_for()
    return outer, frame


def widths(page):
    """Return of the one picture the widths: its own, of its cell, and by itself."""
    pictures = page.locator(PICTURES)
    wait_for_images(pictures, 1)
    return pictures.evaluate_all(WIDTHS)


@pytest.mark.parametrize("way", ["exported", "running"])
def test_marimo_shows_one_picture_that_plays(browser, notebook, way):
    with in_marimo(browser, notebook, way) as page:
        outer, frame = stepper_in(page)
        assert page.locator("iframe").count() == 1
        becomes(frame, FITS, True)
        ((width, cell, _),) = widths(outer)
        assert width <= cell
        becomes(outer, FITS, True)
        ((width, cell, natural),) = widths(page)
        assert natural > width > 300
        assert width <= cell
        frame.locator("h1").click()
        root = fan_out()
        assert_plays(frame, page.keyboard.press, root, Stepper(root).frames)


def test_marimo_in_the_dark_is_dark(browser, notebook):
    with in_marimo(browser, notebook, "running", color_scheme="dark") as page:
        _, frame = stepper_in(page)
        for name in ("dark", "light"):
            page.evaluate(f"document.body.className = '{name}'")
            page.evaluate(f"document.body.dataset.theme = '{name}'")
            becomes(frame, THEME, name)
