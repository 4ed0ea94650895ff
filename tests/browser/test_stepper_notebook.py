"""Steppers in notebooks: converted to HTML, and in a running JupyterLab, trusted and not."""

from urllib.parse import unquote

import pytest

from autograd import Stepper, Value, draw_dot, steps

from ..support.browser import (
    FITS,
    THEME,
    assert_plays,
    assert_shows,
    becomes,
    require_module,
    states,
    wait_for_images,
    watched,
)
from ..support.graphs import cube, deep, fan_out, product_of_sum
from ..support.networks import tanh_chain
from ..support.notebook_servers import converted, open_notebook, run

pytestmark = pytest.mark.slow  # JupyterLab and nbconvert take many seconds to start
LONG = "long.ipynb"  # more than a page of paper
GRAPHS = {"one.ipynb": [product_of_sum, fan_out], "two.ipynb": [cube]}  # by notebook, in order
LIST_SCROLL = "document.querySelector('#steps').scrollTop"
SHOWN = "[...document.querySelectorAll('iframe[srcdoc]')]"
# of each picture for untrusted notebooks: whether its stepper hides it
COVERED = """[...document.querySelectorAll('img[src^="data:image/svg"]')].map((image) => {
  const frame = image.closest('[style*=grid-template]').querySelector('iframe');
  const [inner, outer] = [image, frame].map((e) => e.getBoundingClientRect());
  return inner.left >= outer.left && inner.right <= outer.right + 1
    && inner.top >= outer.top && inner.bottom <= outer.bottom + 1;
})"""
LIVE_CELL = """
from autograd import Stepper
from tests.support.graphs import product_of_sum
Stepper(product_of_sum())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The notebooks, with the steppers as the outputs of their cells."""
    nbformat = require_module("nbformat")
    v4, path = nbformat.v4, tmp_path_factory.mktemp("notebooks")
    shown = {name: [Stepper(graph()) for graph in graphs] for name, graphs in GRAPHS.items()}
    for name, displays in {
        **shown,
        "drawing.ipynb": [draw_dot(tanh_chain(12))],
        LONG: [Stepper(deep(3, 2))],
    }.items():
        cells = []
        for display in displays:
            bundle = display._repr_mimebundle_()
            output = v4.new_output("execute_result", bundle, execution_count=1)
            cells.append(v4.new_code_cell(f"{type(display).__name__}()", outputs=[output]))
        notebook = v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "name": "python3"}
        nbformat.write(notebook, path / name)
        if name == "two.ipynb":
            notebook.cells[0].source = LIVE_CELL
            for live in ("live.ipynb", "trusted_live.ipynb"):
                nbformat.write(notebook, path / live)
    return path


def test_in_a_converted_notebook_both_steppers_play_and_do_not_meet(browser, folder):
    with converted(browser, folder, "one.ipynb") as page:
        first, second = steppers(page, 2)
        for frame in (first, second):
            becomes(frame, FITS, True)
            assert frame.evaluate(LIST_SCROLL) == 0
            assert frame.evaluate(THEME) == "light"
        for frame, graph in ((first, product_of_sum), (second, fan_out)):
            frame.locator("h1").click()  # the keys now go to this one
            assert_plays(frame, page.keyboard.press, graph(), steps(graph()))
        second.locator("h1").click()
        page.keyboard.press("End")
        frames = steps(product_of_sum())
        assert_shows(first, frames, list(states(product_of_sum(), frames)), 0)
        becomes(page, COVERED, [True, True])


def test_a_drawing_is_as_wide_as_the_cell_at_most(browser, folder):
    with converted(browser, folder, "drawing.ipynb") as page:
        width, natural = drawing(page)
        assert natural > 2000 > 900 > width > 600


def test_on_paper_a_converted_notebook_has_whole_pictures_and_all_steps(browser, folder):
    root = deep(3, 2)
    with converted(browser, folder, LONG) as page:
        (frame,) = steppers(page, 1)
        assert page.locator(".chalkgrad-paper").count() == 0
        page.pdf(path=folder / "long.pdf")  # as a reader who prints
        page.pdf(path=folder / "again.pdf")
        paper = page.locator(".chalkgrad-paper")
        assert paper.count() == 1
        assert paper.is_hidden()
        becomes(frame, FITS, True)
        page.emulate_media(media="print")
        assert page.locator("iframe").is_hidden()
        listed = paper.locator("li .text").all_text_contents()
        assert listed == [frame.text for frame in steps(root)]
        width = page.evaluate("innerWidth")
        bottom = 0
        for part in paper.locator("h1, img, li").all():
            box = part.bounding_box()
            assert box["y"] >= bottom - 1  # below the part before it
            assert box["x"] + box["width"] <= width
            bottom = box["y"] + box["height"]
        assert (folder / "long.pdf").read_bytes().count(b"/Type /Page\n") > 2


def test_on_paper_a_notebook_has_the_numbers_that_the_reader_gave(browser, folder):
    with converted(browser, folder, "one.ipynb") as page:
        first, _ = steppers(page, 2)
        field = first.locator("#leaves input").first
        field.fill("4.125")
        field.press("Enter")
        papers = page.locator(".chalkgrad-paper")
        papers.first.wait_for(state="attached")
        page.pdf(path=folder / "edited.pdf")
        assert papers.count() == 2
        texts = [papers.nth(i).locator("li .text").all_text_contents() for i in (0, 1)]
        assert texts[0] == first.locator("#steps .text").all_text_contents()
        assert "4.125" in texts[0][0]
        assert texts[1] == [frame.text for frame in steps(fan_out())]
        wait_for_images(papers.locator("img"), 2)
        (source, other) = papers.locator("img").evaluate_all("all => all.map((e) => e.src)")
        assert ">4.125</text>" in unquote(source)
        assert "<script" not in unquote(source)
        assert other.startswith("data:image/svg+xml;base64,")
        first.locator("#reset").click()
        becomes(page, "document.querySelectorAll('.chalkgrad-paper li .text')[0].textContent",
                steps(product_of_sum())[0].text)  # fmt: skip
        assert papers.count() == 2


def drawing(page):
    """Return the width of the one drawing, and the width that it has by itself."""
    image = page.get_by_alt_text("A graph of values")
    wait_for_images(image, 1)
    return image.evaluate("(e) => [e.getBoundingClientRect().width, e.naturalWidth]")


def steppers(page, count):
    """Return the frames of the visible steppers, from top to bottom."""
    from playwright.sync_api import expect

    visible = page.locator("iframe[srcdoc]:visible")
    expect(visible).to_have_count(count, timeout=30_000)
    frames = [handle.content_frame() for handle in visible.element_handles()]
    for frame in frames:
        frame.locator("#now").wait_for()
    return frames


def test_in_jupyterlab_an_untrusted_notebook_shows_the_picture(browser, lab):
    with watched(browser, viewport={"width": 1300, "height": 1000}) as page:
        open_notebook(page, lab, "one.ipynb")
        pictures = page.locator('.jp-OutputArea-output img[src^="data:image/svg"]')
        wait_for_images(pictures, 2)
        assert page.locator("iframe[srcdoc]").count() == 0
        sizes = pictures.evaluate_all(
            "all => all.map((i) => [i.complete, i.naturalWidth, i.width])"
        )
        assert all(complete and natural > 100 and width > 100 for complete, natural, width in sizes)
        open_notebook(page, lab, "drawing.ipynb")
        width, natural = drawing(page)
        assert natural > 2000 > 1100 > width > 600


def test_in_jupyterlab_trusted_notebooks_play_side_by_side(browser, lab, folder):
    run(folder, "jupyter", "trust", *GRAPHS)
    with watched(browser, viewport={"width": 1300, "height": 1000}) as page:
        open_notebook(page, lab, "one.ipynb")
        first, second = steppers(page, 2)
        cells = page.locator(".jp-Cell").count()
        for frame, graph in ((first, product_of_sum), (second, fan_out)):
            frame.locator("h1").click()
            assert_plays(frame, page.keyboard.press, graph(), steps(graph()))
        assert page.locator(".jp-Cell").count() == cells  # no key reached the notebook
        becomes(page, COVERED, [True, True])
        for light, theme in (("false", "dark"), ("true", "light")):
            page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
            for frame in (first, second):
                becomes(frame, THEME, theme)
                becomes(frame, FITS, True)

        page.locator('.jp-DirListing-item[title*="two.ipynb"]').dblclick()
        page.locator(".jp-NotebookPanel").nth(1).wait_for()
        (third,) = steppers(page, 1)
        third.locator("h1").click()
        assert_plays(third, page.keyboard.press, cube(), steps(cube()))
        page.keyboard.press("End")
        page.locator('.lm-TabBar-tab[title*="one.ipynb"]').first.click()
        again, _ = steppers(page, 2)
        frames = steps(product_of_sum())
        assert_shows(again, frames, list(states(product_of_sum(), frames)), 0)


@pytest.mark.parametrize("name", ["live.ipynb", "trusted_live.ipynb"])
def test_in_jupyterlab_a_cell_is_run_and_its_page_is_live(browser, lab, folder, name):
    is_trusted = name.startswith("trusted")
    if is_trusted:
        run(folder, "jupyter", "trust", name)
    with watched(browser, viewport={"width": 1300, "height": 1000}) as page:
        open_notebook(page, lab, name)
        output = page.locator(".jp-OutputArea-output").first
        if is_trusted:
            steppers(page, 1)  # of the saved output
        else:
            wait_for_images(output.locator("img"), 1)
            assert output.locator("img").is_visible()
            assert "run the cell or trust the notebook" in output.inner_text()
            assert page.locator("iframe[srcdoc]").count() == 0
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()  # the kernel is there
        panel.locator(".jp-InputArea-editor .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        ours = f"{SHOWN}.some((f) => f.offsetParent && f.srcdoc.includes('given x = -2'))"
        page.wait_for_function(ours)
        (frame,) = steppers(page, 1)
        frame.locator("h1").click()
        root = product_of_sum()
        assert_plays(frame, page.keyboard.press, root, steps(root))
        becomes(frame, FITS, True)

        frame.get_by_role("textbox", name="x").first.fill("3")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        frame.locator("#last").click()
        edited = Value(3.0, "x") + Value(5.0, "y")
        edited.label = "q"
        frames = steps(edited * Value(-4.0, "z"))
        assert frame.locator("#steps .text").all_text_contents() == [f.text for f in frames]
        for theme in ("Dark", "Light"):
            page.locator(".lm-MenuBar-item", has_text="Settings").click()
            page.locator(".lm-Menu-item", has_text="Theme").first.hover()
            page.locator(".lm-Menu-item", has_text=f"JupyterLab {theme}").first.click()
            becomes(frame, THEME, theme.lower())
            becomes(frame, FITS, True)
            assert frame.locator("#position").inner_text() == f"Step {len(frames)} of {len(frames)}"
