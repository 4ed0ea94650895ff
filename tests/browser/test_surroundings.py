"""A page in what surrounds it: its theme, its height, and what it looks like on paper."""

import re
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest

from autograd import Stepper

from ..support.browser import THEME, becomes, faults, require_module, watched
from ..support.graphs import product_of_sum
from ..support.networks import NETWORKS, small_mlp

pytestmark = pytest.mark.slow  # each test waits for frames that change their size
HOST = Template("<!doctype html><html $html><body $body><div $holder>$frame</div></body></html>")
HEIGHTS = "[document.documentElement.scrollHeight, innerHeight]"
EQUAL_HEIGHTS = "document.documentElement.scrollHeight === innerHeight"
SCROLLS = """() => [...document.querySelectorAll("*")].filter((e) => {
  const { overflowX, overflowY } = getComputedStyle(e);
  const may = /auto|scroll/.test(overflowX + overflowY) && e.clientWidth;
  return may && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1);
}).map((e) => e.id || e.className)"""
WIDTHS = (390, 500, 880, 1366)
LISTS = {"steps", "scroll", "terms-list", "compare"}  # those that scroll on a wide screen


THEMES_AROUND = [  # where the page around says which it is, how that changes, and the first theme
    ({"body": 'data-jp-theme-light="true"'}, "body.dataset.jpThemeLight = 'false'", "light"),
    ({"body": 'data-jp-theme-light="false"'}, "body.dataset.jpThemeLight = 'true'", "dark"),
    ({"body": 'class="dark"'}, "body.className = 'light'", "dark"),
    ({"html": 'data-theme="light"'}, "documentElement.dataset.theme = 'dark'", "light"),
    ({"body": 'style="background: #101418"'}, "body.style = 'background: #fff'", "dark"),
    ({}, "documentElement.style = 'color-scheme: dark'", "light"),
]


@contextmanager
def hosted(browser, tmp_path, stepper, html="", body="", holder="", **options):
    """Open a page that shows a stepper as a notebook does. Yield it, and the frame's page."""
    frame = stepper._repr_mimebundle_()["text/html"]
    text = HOST.substitute(html=html, body=body, holder=holder, frame=frame)
    Path(tmp_path, "host.html").write_text(text, "utf-8")
    with watched(browser, **options) as page:
        page.goto((tmp_path / "host.html").as_uri())
        yield page, page.query_selector("iframe").content_frame()


@pytest.mark.parametrize(("places", "switch", "first"), THEMES_AROUND)
def test_the_theme_is_that_of_the_page_around(browser, tmp_path, places, switch, first):
    other = {"light": "dark", "dark": "light"}
    preferred = other[first]  # by the reader's settings: what is around is more than that
    with hosted(browser, tmp_path, Stepper(product_of_sum()), **places, color_scheme=preferred) as (
        page,
        frame,
    ):
        becomes(frame, THEME, first)
        page.evaluate(f"document.{switch}")
        becomes(frame, THEME, other[first])


def test_the_reader_chooses_another_theme_by_keyboard(browser, tmp_path):
    body = 'data-jp-theme-light="false"'
    with hosted(browser, tmp_path, Stepper(product_of_sum()), body=body) as (page, frame):
        becomes(frame, THEME, "dark")
        frame.get_by_label("Theme").focus()
        page.keyboard.press("ArrowDown")
        assert frame.evaluate(THEME) == "light"
        page.keyboard.press("ArrowUp")
        assert frame.evaluate(THEME) == "dark"


def test_a_page_by_itself_follows_the_readers_settings_and_choice(opened):
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with opened(Stepper(product_of_sum()), color_scheme="dark") as page:
        dark = page.evaluate(background)
        page.get_by_label("Theme").select_option("light")
        assert page.evaluate(background) == "rgb(255, 255, 255)" != dark
        page.get_by_label("Theme").select_option("dark")
        page.emulate_media(color_scheme="light")
        assert page.evaluate(background) == dark
        require_module("axe_playwright_python.sync_playwright")
        assert faults(page) == []


def test_messages_of_others_change_nothing(browser, tmp_path):
    body = 'data-jp-theme-light="true"'
    with hosted(browser, tmp_path, Stepper(product_of_sum()), body=body) as (page, frame):
        becomes(frame, THEME, "light")
        becomes(frame, EQUAL_HEIGHTS, True)
        before = page.evaluate("document.querySelector('iframe').style.height")
        page.evaluate("postMessage({ chalkgradHeight: 999 }, '*')")  # from the page itself
        frame.evaluate("postMessage({ chalkgradTheme: 'dark' }, '*')")
        for wrong in ("{ chalkgradTheme: 'url(x)' }", "null", "'dark'"):
            page.evaluate(
                f"document.querySelector('iframe').contentWindow.postMessage({wrong}, '*')"
            )
        for wrong in ("{ chalkgradHeight: '5px; color: red' }", "null", "{ chalkgradHeight: NaN }"):
            frame.evaluate(f"parent.postMessage({wrong}, '*')")
        page.wait_for_timeout(200)
        assert page.evaluate("document.querySelector('iframe').style.height") == before
        assert frame.evaluate(THEME) == "light"
        frame.evaluate("parent.postMessage({ chalkgradHeight: 1e9 }, '*')")
        page.wait_for_function("document.querySelector('iframe').style.height === '12000px'")


@pytest.mark.parametrize("name", ["neuron", "MLP(2, [4, 4, 1])", "4 samples with L2"])
def test_the_frame_is_as_high_as_its_page_and_nothing_else_scrolls(browser, tmp_path, name):
    stepper = Stepper(NETWORKS[name]())
    with hosted(browser, tmp_path, stepper) as (page, frame):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(300)
            becomes(frame, EQUAL_HEIGHTS, True)
            assert frame.evaluate("innerHeight") > 600, width
            scrolling = set(frame.evaluate(SCROLLS))
            assert scrolling <= (LISTS if width > 640 else set()), width
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_frame_shrinks_and_grows_with_what_the_page_shows(browser, tmp_path):
    with hosted(browser, tmp_path, Stepper(small_mlp())) as (page, frame):
        page.wait_for_function("document.querySelector('iframe').style.height !== ''")
        page.wait_for_timeout(300)
        becomes(frame, EQUAL_HEIGHTS, True)
        before = frame.evaluate(HEIGHTS)
        frame.locator("#predict").click()
        becomes(frame, f"innerHeight > {before[1]} && {EQUAL_HEIGHTS}", True)
        frame.locator("#predict").click()
        becomes(frame, HEIGHTS, before)


def test_a_page_that_starts_without_any_width_opens_at_its_first_step(browser, tmp_path):
    scrolled = "[...document.querySelectorAll('#steps, .scroll')].map((e) => e.scrollTop)"
    scale = "document.querySelector('#picture .node').getBoundingClientRect().width"
    stepper = Stepper(small_mlp())
    with hosted(browser, tmp_path, stepper, holder='style="width: 900px"') as (page, frame):
        page.wait_for_timeout(300)
        expected = frame.evaluate(scale)
    with hosted(browser, tmp_path, stepper, holder='style="width: 0"') as (page, frame):
        frame.locator("#steps [aria-current]").wait_for(state="attached")
        page.wait_for_timeout(200)
        page.evaluate("document.querySelector('div').style.width = '900px'")
        becomes(frame, "innerWidth", 900)
        page.wait_for_timeout(300)
        becomes(frame, scale, pytest.approx(expected))
        becomes(frame, EQUAL_HEIGHTS, True)
        assert set(frame.evaluate(scrolled)) == {0}


def test_without_the_script_outside_the_page_can_still_be_used(browser, tmp_path):
    stepper = Stepper(product_of_sum())
    bare = re.sub(r"</iframe><script>.*?</script>", "</iframe>", stepper._repr_html_(), flags=re.S)
    assert bare.count("<script") < stepper._repr_html_().count("<script")
    Path(tmp_path, "bare.html").write_text(f"<!doctype html><body>{bare}</body>", "utf-8")
    with watched(browser, viewport={"width": 900, "height": 800}) as page:
        page.goto((tmp_path / "bare.html").as_uri())
        frame = page.query_selector("iframe").content_frame()
        frame.locator("#next").click()
        assert frame.locator("#position").inner_text().startswith("Step 2 of")
        inside, outside = frame.evaluate(HEIGHTS)
        assert inside <= outside + 120


def test_on_paper_there_are_all_steps_and_the_whole_picture(opened):
    with opened(Stepper(small_mlp())) as page:
        page.locator("#zoom-in").click()
        before = page.locator("#picture > svg").first.get_attribute("viewBox")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
        assert page.evaluate(SCROLLS) == []
        for hidden in ("#next", "#predict", "#slider", "#fit", "#theme", "#reset", ".minimap"):
            assert page.locator(hidden).is_hidden(), hidden
        rows = page.locator("#steps > li")
        assert rows.count() == 27
        assert all(row.bounding_box()["height"] > 10 for row in rows.all())
        assert page.locator("#steps .rule").first.is_visible()
        pane = page.locator("#picture").bounding_box()
        for box in page.locator("#picture .node").all():
            inner = box.bounding_box()
            assert pane["x"] - 1 <= inner["x"]
            assert inner["x"] + inner["width"] <= pane["x"] + pane["width"] + 1
            assert inner["y"] + inner["height"] <= pane["y"] + pane["height"] + 1
        assert "·" not in page.locator("#picture .grad").all_text_contents()
        page.emulate_media(media="screen", color_scheme="light")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#position").inner_text() == "Step 1 of 27"
        becomes(page, "document.querySelector('#picture > svg').getAttribute('viewBox')", before)
