"""A stepper and drawings in marimo: exported to HTML, and in a running notebook."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograd import Stepper

from ..support.browser import FITS, THEME, assert_plays, becomes, require_module, watched
from ..support.graphs import fan_out
from ..support.notebooks import ROOT

pytestmark = pytest.mark.slow  # marimo takes some seconds to start
CDN = "https://cdn.jsdelivr.net/npm/@marimo-team/"  # where an export gets marimo's own scripts
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
IMAGES = """() => [...document.querySelectorAll("img[src^='data:image/svg']")].map((image) => {
  const cell = image.parentElement.getBoundingClientRect();
  return [image.getBoundingClientRect().width, cell.width, image.naturalWidth];
})"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    path = tmp_path_factory.mktemp("marimo") / "notebook.py"
    path.write_text(NOTEBOOK, "utf-8")
    return path


def command(*arguments):
    return [sys.executable, "-m", "marimo", "--yes", *map(str, arguments)]


def environment(folder):
    """Return environment variables that keep the files of marimo itself in ``folder``."""
    search = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}
    return os.environ | {name: str(path) for name, path in own.items()} | {"PYTHONPATH": search}


@contextmanager
def served(notebook):
    """Run the notebook in marimo, and yield its address."""
    log = notebook.parent / "log"
    arguments = ["run", notebook, "--headless", "--no-token", "--host", "127.0.0.1"]
    with log.open("w") as written:
        server = subprocess.Popen(
            command(*arguments), env=environment(notebook.parent), stdout=written, stderr=written
        )
    try:
        for _ in range(300):
            found = re.search(r"http://localhost(:\d+)", log.read_text())
            address = f"http://127.0.0.1{found[1]}" if found else ""
            if address and answers(address):
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def answers(address):
    try:
        with urllib.request.urlopen(f"{address}/health") as answer:
            return answer.status == 200
    except urllib.error.URLError:
        return False


@contextmanager
def shown(browser, notebook, way, **options):
    """Open the notebook, ``way`` is "exported" or "running"."""
    marimo = require_module("marimo")

    def serve(route):
        name = route.request.url.partition("/dist/")[2]
        file = Path(marimo.__file__).parent / "_static" / name
        route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})

    with watched(browser, viewport={"width": 1200, "height": 900}, **options) as page:
        page.route(f"{CDN}**", serve)
        if way == "running":
            with served(notebook) as address:
                page.goto(address)
                yield page
        else:
            to = notebook.with_suffix(".html")
            run = command("export", "html", notebook, "-o", to, "--force")
            done = subprocess.run(run, env=environment(notebook.parent), capture_output=True)
            assert done.returncode == 0, done.stderr.decode()
            page.goto(to.as_uri())
            yield page


def stepper_in(page):
    """Return the frame that marimo puts around HTML with a script, and the frame in that."""
    page.locator("iframe").first.wait_for()
    outer = page.locator("iframe").first.element_handle().content_frame()
    outer.locator("iframe").wait_for()
    frame = outer.query_selector("iframe").content_frame()
    frame.locator("#now").wait_for()
    return outer, frame


@pytest.mark.parametrize("way", ["exported", "running"])
def test_marimo_shows_one_picture_that_plays(browser, notebook, way):
    with shown(browser, notebook, way) as page:
        outer, frame = stepper_in(page)
        assert page.locator("iframe").count() == 1
        becomes(frame, FITS, True)
        (image,) = outer.evaluate(IMAGES)
        assert image[0] <= image[1]
        becomes(outer, FITS, True)
        ((width, cell, natural),) = page.evaluate(IMAGES)
        assert natural > width > 300
        assert width <= cell
        frame.locator("h1").click()
        root = fan_out()
        assert_plays(frame, page.keyboard.press, root, Stepper(root).frames)


def test_marimo_in_the_dark_is_dark(browser, notebook):
    with shown(browser, notebook, "running", color_scheme="dark") as page:
        _, frame = stepper_in(page)
        for name in ("dark", "light"):
            page.evaluate(f"document.body.className = '{name}'")
            page.evaluate(f"document.body.dataset.theme = '{name}'")
            becomes(frame, THEME, name)
