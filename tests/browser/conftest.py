"""What the tests of pages and notebooks share: the browser, the page of a stepper, JupyterLab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograd import Stepper

from ..support.browser import chromium, watched
from ..support.notebook_servers import jupyterlab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A running Chromium. Without one the tests skip, or fail in continuous integration."""
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Callable[..., AbstractContextManager[Page]]:
    """Return a function that opens the saved page: ``with opened(stepper) as page``.

    Nothing moves there, unless ``reduced_motion="no-preference"`` is given.
    """

    @contextmanager
    def open_page(stepper: Stepper, **options: Any) -> Iterator[Page]:
        stepper.save(tmp_path / "f.html")
        with watched(browser, **{"reduced_motion": "reduce"} | options) as page:
            page.goto((tmp_path / "f.html").as_uri())
            yield page

    return open_page


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves the notebooks in the module's ``folder``."""
    with jupyterlab(folder) as address:
        yield address
