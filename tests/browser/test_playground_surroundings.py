"""The playground in what surrounds it: a page around, nbconvert, JupyterLab, marimo."""

import pytest

from nn import Playground

from ..support.browser import (
    FITS,
    THEME,
    becomes,
    require_module,
    wait_for_images,
    watched,
)
from ..support.notebook_servers import converted, in_marimo, open_notebook, run
from .test_surroundings import EQUAL_HEIGHTS, THEMES_AROUND, hosted

pytestmark = pytest.mark.slow  # notebooks take many seconds to start
MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    from nn import Playground
    Playground(hidden=[3])
"""
STEP = "document.querySelector('#numbers dd').innerText"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two notebooks with a playground as the output of a cell."""
    nbformat = require_module("nbformat")
    v4, path = nbformat.v4, tmp_path_factory.mktemp("notebooks")
    bundle = Playground(hidden=[3])._repr_mimebundle_()
    output = v4.new_output("execute_result", bundle, execution_count=1)
    notebook = v4.new_notebook(cells=[v4.new_code_cell("nn.Playground()", outputs=[output])])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "name": "python3"}
    for name in ("untrusted.ipynb", "trusted.ipynb"):
        nbformat.write(notebook, path / name)
    return path


def playground_in(page):
    """Return the frame of the one visible playground."""
    page.locator("iframe[srcdoc]").first.wait_for()
    frame = page.query_selector("iframe[srcdoc]").content_frame()
    frame.locator("#play").wait_for()
    return frame


def assert_learns(frame):
    """Assert that a step is done, by button and by key, and that the frame fits afterwards."""
    frame.locator("#reset").click()
    frame.locator("#one-step").click()
    becomes(frame, STEP, "1")
    frame.locator("#one-step").press("e")
    becomes(frame, STEP, "2")
    frame.locator("#more-layers").click()
    becomes(frame, FITS, True)


@pytest.mark.parametrize(("places", "switch", "first"), THEMES_AROUND[:2])
def test_the_theme_is_that_of_the_page_around(browser, tmp_path, places, switch, first):
    other = {"light": "dark", "dark": "light"}
    options = {**places, "color_scheme": other[first]}
    with hosted(browser, tmp_path, Playground(), **options) as (page, frame):
        becomes(frame, THEME, first)
        before = frame.evaluate("document.querySelector('#surface').toDataURL()")
        page.evaluate(f"document.{switch}")
        becomes(frame, THEME, other[first])
        changed = f"document.querySelector('#surface').toDataURL() !== {before!r}"
        becomes(frame, changed, True)  # the heat maps have the colors of the theme too


def test_the_frame_is_as_high_as_its_page(browser, tmp_path):
    with hosted(browser, tmp_path, Playground()) as (page, frame):
        for width in (390, 880, 1366):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(300)
            becomes(frame, EQUAL_HEIGHTS, True)
            assert frame.evaluate("innerHeight") > 800, width
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert_learns(frame)


def test_the_page_tells_its_surroundings_what_paper_shows_now(browser, tmp_path):
    with hosted(browser, tmp_path, Playground(hidden=[3])) as (page, frame):
        page.evaluate(
            """addEventListener("message", ({ data }) => {
              window.paper = data.chalkgradPaper ?? window.paper;
            })"""
        )
        frame.locator("#play").wait_for()
        page.wait_for_timeout(800)
        assert page.evaluate("window.paper === undefined")  # the picture of the cell is right
        pictures = []
        for step in (1, 2):
            frame.locator("#one-step").click()
            becomes(page, f"window.paper?.steps.at(-1).text.startsWith('step {step}, ')", True)
            told = page.evaluate("window.paper")
            pictures.append(told["picture"])
        assert pictures[0] != pictures[1]
        shown = [step["text"] for step in told["steps"]]
        assert shown[0].startswith("Across x1 ")
        assert shown[1] == "Network 2 → 3 → 1, tanh, bce_with_logits, sgd with learning rate 0.1."
        assert shown[2].startswith("Update. Step 2: each weight moved")
        width = """(svg) => new Promise((done) => {
          const image = new Image();
          image.onload = () => done(image.naturalWidth);
          image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
        })"""
        assert page.evaluate(width, told["picture"]) == 560
        frame.locator("#play").click()  # while it plays, too
        becomes(page, "+window.paper.steps.at(-1).text.match(/[0-9]+/)[0] > 30", True)
        frame.locator("#play").click()


def test_in_a_converted_notebook_it_learns(browser, folder):
    with converted(browser, folder, "trusted.ipynb") as page:
        frame = playground_in(page)
        becomes(frame, FITS, True)
        assert frame.evaluate(THEME) == "light"
        assert_learns(frame)


def test_in_jupyterlab_an_untrusted_notebook_has_the_picture_and_a_line(browser, lab):
    with watched(browser, viewport={"width": 1300, "height": 1000}) as page:
        open_notebook(page, lab, "untrusted.ipynb")
        output = page.locator(".jp-OutputArea-output").first
        picture = output.locator('img[src^="data:image/svg"]')
        wait_for_images(picture, 1)
        assert picture.evaluate("(i) => i.complete && i.naturalWidth > 100")
        words = "To see this network learn, run the cell or trust the notebook."
        assert words in output.inner_text()
        assert page.locator("iframe[srcdoc]").count() == 0


def test_in_jupyterlab_a_trusted_notebook_learns(browser, lab, folder):
    run(folder, "jupyter", "trust", "trusted.ipynb")
    with watched(browser, viewport={"width": 1300, "height": 1000}) as page:
        open_notebook(page, lab, "trusted.ipynb")
        frame = playground_in(page)
        cells = page.locator(".jp-Cell").count()
        assert_learns(frame)
        assert page.locator(".jp-Cell").count() == cells  # no key reached the notebook
        for light, theme in (("false", "dark"), ("true", "light")):
            page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
            becomes(frame, THEME, theme)
            becomes(frame, FITS, True)


@pytest.mark.parametrize("way", ["exported", "running"])
def test_in_marimo_it_learns(browser, tmp_path_factory, way):
    notebook = tmp_path_factory.mktemp("marimo") / "notebook.py"
    notebook.write_text(MARIMO, "utf-8")
    with in_marimo(browser, notebook, way) as page:
        page.locator("iframe").first.wait_for()
        outer = page.locator("iframe").first.element_handle().content_frame()
        frame = playground_in(outer)
        becomes(frame, FITS, True)
        becomes(outer, FITS, True)
        assert_learns(frame)
