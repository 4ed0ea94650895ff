"""The site: it builds without a warning, has every public name, and its pages work as files."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

import autograd
import nn

from ..support.browser import chromium, require_module, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow  # the build takes a minute
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built anew. Any warning is an error. Skips without Sphinx."""
    for name in ("sphinx", "myst_nb", "furo", "latex2mathml"):
        require_module(name, extra="docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    built = subprocess.run(
        [*command, "-j", "2", "notebooks", folder], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class Page(HTMLParser):
    """The ids and the links of a page, and the texts of its plots."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.alts: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.ids.add(found.get("id") or "")
        if tag == "img" and (found.get("src") or "").endswith(".png"):
            self.alts.append(found.get("alt") or "")
        self.links += [found[name] or "" for name in ("href", "src") if name in found]


def test_every_public_name_is_in_the_reference(pages: dict[Path, Page]) -> None:
    entries = {
        each for path, page in pages.items() if "reference" in path.parts for each in page.ids
    }
    wanted = {f"autograd.{name}" for name in [*autograd.__all__, *autograd.TABLE, "compile"]}
    wanted |= {f"nn.{name}" for name in [*nn.__all__, "MLPClassifier", "MLPRegressor"]}
    for module in (autograd.plot, nn.constructions, nn.datasets, nn.plot):
        names = getattr(module, "__all__", None) or public_functions(module)
        wanted |= {f"{module.__name__}.{name}" for name in names if not name.isupper()}
    wanted -= {"autograd.TABLE"}  # shown as the page of operations
    assert {name for name in wanted if not entries & {name, f"module-{name}"}} == set()


def public_functions(module: Any) -> list[str]:
    return [
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
    ]


def test_every_link_inside_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            there = pages[target].ids | {""} if target in pages else {anchor}
            if not target.exists() or anchor not in there:
                broken.append((path.name, link))
    assert broken == []


def test_the_pages_of_the_course_are_all_there(site: Path) -> None:
    chapters = sorted(path.stem for path in (ROOT / "notebooks").glob("[1-9]_*.ipynb"))
    assert len(chapters) == 9
    assert [name for name in chapters if not (site / f"{name}.html").exists()] == []
    course = (site / "course.html").read_text("utf-8")
    assert [name for name in chapters if f'href="{name}.html"' not in course] == []


def test_formulas_of_several_lines_have_a_table_without_signs_left_over(site: Path) -> None:
    text = (site / "1_chain_rule_on_a_graph.html").read_text("utf-8")
    formulas = re.findall(r"<math.*?</math>", text, re.DOTALL)
    assert any("<mtr>" in formula for formula in formulas)
    assert [formula for formula in formulas if re.search(r"<mi>(&|&amp;)</mi>", formula)] == []


def test_each_page_works_as_a_file_without_a_network(
    browser: Browser, pages: dict[Path, Page]
) -> None:
    for path in pages:
        errors: list[str] = []
        with watched(browser) as page:
            page.on("console", lambda message, to=errors: to.append((message.type, message.text)))
            page.goto(path.as_uri())
            page.wait_for_timeout(100)
        assert [text for kind, text in errors if kind == "error"] == [], path.name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser, pages: dict[Path, Page], site: Path, scheme: str
) -> None:
    require_module("axe_playwright_python.sync_playwright")
    from axe_playwright_python.sync_playwright import Axe

    others = ["index", "playground", "coming_from", "howto/step", "reference/nn_plot"]
    chosen = [path for path in pages if re.match(r"\d_", path.name)]  # the chapters
    chosen += [site / f"{name}.html" for name in others]  # one of each other kind of page
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if scheme == "dark":
        options["runOnly"] = ["color-contrast"]  # the rest is the same in both
    found = set()
    for path in chosen:
        with watched(browser, color_scheme=scheme, reduced_motion="reduce") as page:
            page.goto(path.as_uri())
            for each in Axe().run(page, options=options).response["violations"]:
                if each["impact"] in ("serious", "critical"):
                    first = re.sub(r"\s+", " ", each["nodes"][0]["html"])[:200]
                    found.add((each["id"], str(path.relative_to(site)), first))
    assert sorted(found) == []


def test_every_picture_of_a_chapter_has_a_text_of_its_own(pages: dict[Path, Page]) -> None:
    texts = [text for path, page in pages.items() if path.name[0].isdigit() for text in page.alts]
    assert len(texts) > 30
    assert len(set(texts)) == len(texts)
    assert "The picture that the code above draws" not in texts  # of conf.py, if there is none


def test_a_stepper_plays_inside_a_page(browser: Browser, site: Path) -> None:
    with watched(browser) as page:
        page.goto((site / "howto" / "step.html").as_uri())
        frame = page.query_selector("iframe").content_frame()
        frame.locator("#next").click()
        assert frame.locator("#position").text_content().startswith("Step 2 of ")


def test_the_playground_learns_inside_its_page(browser: Browser, site: Path) -> None:
    with watched(browser) as page:
        page.goto((site / "playground.html").as_uri())
        frame = page.query_selector("iframe").content_frame()
        frame.get_by_role("button", name="Epoch").click()
        frame.wait_for_function("document.body.innerText.includes('epoch\\n1')")
