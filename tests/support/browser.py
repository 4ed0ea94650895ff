"""Browser tests: start Chromium, open a page, and check what a page of steps shows.

    def test_something(browser):  # the fixture of tests/browser/conftest.py
        with watched(browser) as page:
            page.goto(address)
            assert_plays(page, page.keyboard.press, root, steps(root))

Playwright, Chromium and Graphviz are optional. A test that lacks one of them skips; it fails if the
environment variable CI is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from autograd import Value, topological_order
from autograd.explaining.notation import number
from autograd.stepper import Frame

if TYPE_CHECKING:
    from playwright import sync_api

LOCAL_ADDRESSES = ("file:", "data:", "about:", "blob:", "http://127.0.0.1:", "ws://127.0.0.1:")
NBCONVERT_ADDRESSES = (
    "https://cdnjs.cloudflare.com/",
)  # its template has MathJax, RequireJS there
CHROMIUM_FLAGS = [
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

THEME = "getComputedStyle(document.documentElement).colorScheme"
FITS = "document.documentElement.scrollHeight <= innerHeight + 1"  # of a page in a frame

Texts = dict[int, tuple[str, str | None]]  # of the boxes: data and gradient, by ordinal


def require(condition: object, reason: str) -> None:
    """Skip the test for ``reason`` unless ``condition`` holds. With CI set, fail instead."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def require_module(name: str, extra: str = "browser") -> ModuleType:
    """Return the top package of the module ``name``. Skip or fail without it."""
    try:
        return __import__(name)
    except ImportError:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"needs {name}: pip install -e '.[{extra}]'"
        )


@contextmanager
def chromium() -> Iterator[sync_api.Browser]:
    """Run Chromium inside the block. Skip or fail without Chromium or without Graphviz."""
    require_module("playwright.sync_api")
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    require(path, "needs the browser Chromium (Debian: apt-get install chromium)")
    require(shutil.which("dot"), "needs Graphviz (Debian: apt-get install graphviz)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(
    browser: sync_api.Browser, template_may_load: tuple[str, ...] = (), **options: Any
) -> Iterator[sync_api.Page]:
    """Open an empty page. At the end, fail if it reported an error or asked for the web.

    template_may_load: the page around the frames may ask for addresses that start like this. It
    does not get them.
    options: as in Playwright's ``new_context``.
    """
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)
    page = context.new_page()
    trouble: list[str] = []

    def block(route: sync_api.Route) -> None:
        request = route.request
        if request.frame != page.main_frame or not request.url.startswith(template_may_load):
            trouble.append(f"asked for {request.url}")
        route.abort()

    context.route(lambda url: not url.startswith(LOCAL_ADDRESSES), block)
    page.on("pageerror", lambda error: trouble.append(f"error: {error.stack or error}"))
    try:
        yield page
    finally:
        context.close()
    assert trouble == [], "\n".join(trouble)


def becomes(page: sync_api.Page | sync_api.Frame, expression: str, value: Any) -> None:
    """Wait until an expression has a value, at most 5 s. Our pages evaluate no text themselves."""
    for _ in range(100):
        if page.evaluate(expression) == value:
            return
        page.wait_for_timeout(50)
    assert page.evaluate(expression) == value


def faults(page):
    """Return what axe finds: the rule, its weight, and the first element that breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in found]


def wait_for_images(images: sync_api.Locator, count: int) -> None:
    """Wait until there are exactly ``count`` images, and each has its pixels."""
    from playwright.sync_api import expect

    expect(images).to_have_count(count, timeout=30_000)
    images.evaluate_all("(all) => Promise.all(all.map((image) => image.decode()))")


def states(root: Value, frames: Sequence[Frame]) -> Iterator[Texts]:
    """Yield for each step what the boxes show. The gradient of a constant is None."""
    order = topological_order(root)
    data = {i: "" if node.parents else number(node.data) for i, node in enumerate(order)}
    grads = {i: None if node.is_constant else "·" for i, node in enumerate(order)}
    for frame in frames:
        if frame.target is not None:
            texts: dict[int, Any] = data if frame.phase in ("forward", "update") else grads
            texts[frame.target] = number(frame.value)
        yield {i: (data[i], grads[i]) for i in data}


_READ = """() => {
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


def assert_shows(
    page: sync_api.Page | sync_api.Frame,
    frames: Sequence[Frame],
    states: Sequence[Texts],
    k: int,
) -> None:
    """Assert that ``page`` shows step ``k``, counted from 0: its words, boxes and edge."""
    frame = frames[k]
    assert page.evaluate(_READ) == {
        "words": frame.text,
        "position": f"Step {k + 1} of {len(frames)}",
        "listed": frame.text,
        "boxes": {str(i): list(texts) for i, texts in states[k].items()},
        "edges": [] if frame.term is None else [f"e{frame.node}_{frame.operand}"],
    }


def assert_plays(
    page: sync_api.Page | sync_api.Frame,
    press: Callable[[str], None],
    root: Value,
    frames: Sequence[Frame],
) -> None:
    """Assert that each step shows the right numbers: forward by button, and back by key.

    press: presses a key that the page gets.
    """
    expected, last = list(states(root, frames)), len(frames) - 1
    assert_shows(page, frames, expected, 0)
    for k in range(1, last + 1):
        page.locator("#next").click()
        assert_shows(page, frames, expected, k)
    page.locator("#previous").click()
    assert_shows(page, frames, expected, last - 1)
    for k in range(last - 2, -1, -1):
        press("ArrowLeft")
        assert_shows(page, frames, expected, k)
    keys = [("ArrowLeft", 0), ("ArrowRight", 1), ("End", last), ("ArrowRight", last), ("Home", 0)]
    for key, k in keys:
        press(key)
        assert_shows(page, frames, expected, k)
