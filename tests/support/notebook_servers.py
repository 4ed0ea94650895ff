"""JupyterLab and marimo for the tests of pages: a running server, and a notebook opened in it.

with jupyterlab(folder) as lab:
    open_notebook(page, lab, "one.ipynb")
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .browser import NBCONVERT_ADDRESSES, require_module, watched
from .notebooks import ROOT

if TYPE_CHECKING:
    from playwright import sync_api

TOKEN = "stepper"
MARIMO_SIZE = {"width": 1200, "height": 900}
MARIMO_CDN = "https://cdn.jsdelivr.net/npm/@marimo-team/"  # where an export gets marimo's scripts


@contextmanager
def serving(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], printed: str, probe: str
) -> Iterator[str]:
    """Run a server inside the block. Yield its address as soon as it answers.

    printed: the pattern of the address that the server prints; its group is the port.
    probe: the path that answers.
    """
    log = folder / "server.log"
    with log.open("w") as written:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=written, stderr=written
        )
    try:
        yield _address(server, log, printed, probe)
    finally:
        server.terminate()
        server.wait(30)


def _address(server: subprocess.Popen[bytes], log: Path, printed: str, probe: str) -> str:
    for _ in range(300):
        if found := re.search(printed, log.read_text()):
            address = f"http://127.0.0.1:{found[1]}"
            with contextlib.suppress(OSError), urllib.request.urlopen(address + probe):
                return address
        assert server.poll() is None, log.read_text()[-2000:]
        time.sleep(0.2)
    raise TimeoutError(log.read_text()[-2000:])


def _with_root(own: Mapping[str, Path]) -> dict[str, str]:
    """Return this environment with ``own`` paths. Its Python can import the packages."""
    search = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {name: str(path) for name, path in own.items()} | {"PYTHONPATH": search}


# ------------------------------------------------------------------------------------- JupyterLab


def _jupyter_environment(folder: Path) -> dict[str, str]:
    """Return environment variables that keep the files of Jupyter itself in ``folder``."""
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {place: folder / ".jupyter" / place for place in places}
    return _with_root(own | {"JUPYTERLAB_SETTINGS_DIR": folder / ".jupyter" / "settings"})


def run(folder: Path, *command: str) -> None:
    """Run a module in ``folder``, such as ``run(folder, "jupyter", "trust", "one.ipynb")``."""
    environment = _jupyter_environment(folder)
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


@contextmanager
def converted(browser: sync_api.Browser, folder: Path, notebook: str) -> Iterator[sync_api.Page]:
    """Open what nbconvert makes of a notebook in the folder. Skip the test without nbconvert."""
    require_module("nbconvert")
    run(folder, "nbconvert", "--to", "html", notebook)
    with watched(browser, NBCONVERT_ADDRESSES, viewport={"width": 1000, "height": 900}) as page:
        page.goto((folder / notebook).with_suffix(".html").as_uri())
        yield page


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """Serve the notebooks of ``folder`` inside the block. Yield the address."""
    require_module("jupyterlab")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += [f"--IdentityProvider.token={TOKEN}", "--ServerApp.ip=127.0.0.1"]
    command += ["--LabApp.news_url="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    printed = r"http://127\.0\.0\.1:(\d+)/"
    with serving(command, folder, _jupyter_environment(folder), printed, "/api") as address:
        yield address


def open_notebook(page: sync_api.Page, lab: str, name: str) -> None:
    """Open a notebook without those of other tests. Wait for its first output."""
    page.goto(f"{lab}/lab/tree/{name}?token={TOKEN}&reset")
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output").first.wait_for()


# ----------------------------------------------------------------------------------------- marimo


@contextmanager
def in_marimo(
    browser: sync_api.Browser, notebook: Path, way: str, **options: Any
) -> Iterator[sync_api.Page]:
    """Open the notebook in marimo. The ``way`` is "exported" or "running"."""
    marimo = require_module("marimo")
    folder = notebook.parent
    place: contextlib.AbstractContextManager[str]
    command = [sys.executable, "-m", "marimo", "--yes"]
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")  # marimo keeps files of its own there
    environment = _with_root(dict.fromkeys(places, folder))

    def serve(route: sync_api.Route) -> None:
        name = route.request.url.partition("/dist/")[2]
        file = Path(marimo.__file__ or "").parent / "_static" / name
        route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})

    if way == "running":
        command += ["run", str(notebook), "--headless", "--no-token", "--host", "127.0.0.1"]
        place = serving(command, folder, environment, r"http://localhost:(\d+)", "/health")
    else:
        to = notebook.with_suffix(".html")
        command += ["export", "html", str(notebook), "-o", str(to), "--force"]
        done = subprocess.run(command, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        place = contextlib.nullcontext(to.as_uri())
    # The page closes before its server ends: marimo reports each module that it cannot load.
    with place as address, watched(browser, viewport=MARIMO_SIZE, **options) as page:
        page.route(f"{MARIMO_CDN}**", serve)
        page.goto(address)
        yield page
