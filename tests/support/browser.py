"""What the browser tests share: Chromium by Playwright, and what a page of steps must show."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from itertools import chain

import pytest

from autograd import Constant, topological_order
from autograd.explaining.number_format import number

FLAGS = [
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL = ("file:", "data:", "about:", "blob:", "http://127.0.0.1:", "ws://127.0.0.1:")
NBCONVERT = ("https://cdnjs.cloudflare.com/",)  # where its template has MathJax and RequireJS


def require(condition, reason):
    """Skip for ``reason``; continuous integration, which has installed everything, fails."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def require_module(name):
    try:
        return __import__(name)
    except ImportError:
        require(False, f"needs {name}: pip install -e '.[browser]'")


@contextmanager
def chromium():
    """A running browser; a missing one skips or, in continuous integration, fails."""
    require_module("playwright.sync_api")
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    require(path, "needs the browser Chromium (Debian: apt-get install chromium)")
    require(shutil.which("dot"), "needs Graphviz (Debian: apt-get install graphviz)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser, template_may_load=(), **options):
    """A new page; leaving fails if it, or a frame in it, reported an error or asked for the web.

    The page around the frames may ask for addresses that start with one of ``template_may_load``;
    it does not get them.
    """
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)
    page = context.new_page()
    trouble = []

    def block(route):
        request = route.request
        if request.frame != page.main_frame or not request.url.startswith(template_may_load):
            trouble.append(request.url)
        route.abort()

    context.route(lambda url: not url.startswith(LOCAL), block)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert trouble == []


def states(root, frames):
    """For each step what its boxes show: (data, grad) by ordinal; a constant has no grad."""
    order = topological_order(root)
    data = {i: "" if node.parents else number(node.data) for i, node in enumerate(order)}
    grads = {i: None if type(node) is Constant else "·" for i, node in enumerate(order)}
    for frame in frames:
        if frame.target is not None:
            (data if frame.phase == "forward" else grads)[frame.target] = number(frame.value)
        yield {i: (data[i], grads[i]) for i in data}


READ = """() => {
  const text = (element) => element?.textContent ?? null;
  return {
    words: text(document.querySelector("#formula .text")),
    position: text(document.querySelector("#position")),
    listed: text(document.querySelector("#steps [aria-current] .text")),
    boxes: Object.fromEntries([...document.querySelectorAll(".node")].map((node) => [
      node.id.slice(1), [text(node.querySelector(".data")), text(node.querySelector(".grad"))],
    ])),
    edges: [...document.querySelectorAll(".edge.backward")].map((edge) => edge.id),
  };
}"""


def assert_shows(page, frames, states, k):
    """``page``, a page or a frame of one, shows step ``k``: its words, its boxes, its edge."""
    frame = frames[k]
    assert page.evaluate(READ) == {
        "words": frame.text,
        "position": f"Step {k + 1} of {len(frames)}",
        "listed": frame.text,
        "boxes": {str(i): list(texts) for i, texts in states[k].items()},
        "edges": [] if frame.term is None else [f"e{frame.node}_{frame.operand}"],
    }


def assert_plays(page, press, root, frames):
    """By button and by key (``press``), forward and back, each step shows the right numbers."""
    expected = list(states(root, frames))
    last = len(frames) - 1
    there_and_back = list(chain(range(1, last + 1), range(last - 1, -1, -1)))
    assert_shows(page, frames, expected, 0)
    for before, k in zip([0, *there_and_back], there_and_back, strict=False):
        page.locator("#next" if k > before else "#previous").click()
        assert_shows(page, frames, expected, k)
    for before, k in zip([0, *there_and_back], there_and_back, strict=False):
        press("ArrowRight" if k > before else "ArrowLeft")
        assert_shows(page, frames, expected, k)
    for key, k in (("ArrowLeft", 0), ("End", last), ("ArrowRight", last), ("Home", 0)):
        press(key)
        assert_shows(page, frames, expected, k)
