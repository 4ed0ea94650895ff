"""A page as text: its modules in one script, its parts in their places, and its frame."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from autograd import Value, compile
from autograd.pages.document import document
from autograd.pages.frame import framed, save_page
from autograd.pages.graph_data import graph_data, json_number
from autograd.pages.javascript import CannotPrintError
from autograd.pages.scripts import joined
from autograd.value import topological_order

MODULES = {
    "main.js": """// A comment alone on its line.
import { half, Shape } from "./parts/half.js";
import { twice } from "./parts/../twice.js";

/**
 * Types are comments too.
 */
export const main = (/** @type {number} */ x) => {
  return half(twice(x)); // stays
};
""",
    "parts/half.js": """import { twice } from "../twice.js";
export function half(x) {
    const y = x / 4;
  return twice(y);
}
export class Shape {}
""",
    "twice.js": "export function twice(x) { return 2 * x; }\nconst hidden = 1;\n",
    "page.html": "<main>$story</main> <h1>$title</h1>\n\n",
    "page.css": "main { margin: 0 }",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of a package: reading from it is reading from a folder of autograd."""
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")

    def found(package: str) -> object:
        return tmp_path if package == "own" else files(package)

    monkeypatch.setattr("autograd.pages.scripts.files", found)
    return "own"


JOINED = """"use strict";
{
let first = 1;
const own_twice = (() => {
function twice(x) { return 2 * x; }
const hidden = 1;
return { twice };
})();
const own_parts_half = (() => {
const { twice } = own_twice;
function half(x) {
const y = x / 4;
return twice(y);
}
class Shape {}
return { half, Shape };
})();
const own_main = (() => {
const { half, Shape } = own_parts_half;
const { twice } = own_twice;

const main = (x) => {
return half(twice(x)); // stays
};
return { main };
})();
}
"""


def test_modules_are_joined_each_once_after_those_that_it_imports(folder: str) -> None:
    assert joined(f"{folder}/main.js", "let first = 1;") == JOINED
    assert joined(f"{folder}/main.js") == JOINED.replace("let first = 1;", "")


def test_a_document_has_its_parts_in_their_places(folder: str) -> None:
    data = {"label": "</script> \u4e2d", "numbers": [1.5, None]}
    page = document(folder, "a <title> & more", data, "let first = 1;", story="<p>$5</p>")
    theme = (files("autograd") / "pages/theme.css").read_text("utf-8")
    title = "a &lt;title&gt; &amp; more"
    template = (files("autograd") / "pages/document.html").read_text("utf-8")
    assert page == template.replace("$title", title).replace(
        "$style", theme + MODULES["page.css"]
    ).replace("$body", f"<main><p>$5</p></main> <h1>{title}</h1>").replace(
        "$data", '{"label":"\\u003c/script> \u4e2d","numbers":[1.5,null]}'
    ).replace("$script", JOINED)
    (inside,) = re.findall(r'id="data">(.*)</script>', page)
    assert json.loads(inside) == data


def test_a_frame_has_the_page_as_text_and_a_script_beside_it() -> None:
    frame = framed("<p title='a&b'>", "T", 300)
    start, end = frame.split("<script>\n")
    assert start == (
        '<div style="display: grid; grid-template-columns: minmax(0, 1fr)"><iframe title="T" '
        'sandbox="allow-scripts" style="grid-area: 1 / 1; z-index: 1; border: 0; width: 100%; '
        "height: 300px\" srcdoc='<p title=&#39;a&amp;b&#39;>'></iframe>"
    )
    assert end == joined("autograd/pages/frame_host.js") + "</script></div>\n"


@pytest.mark.parametrize(
    ("options", "purpose"),
    [({}, "step through this graph"), ({"purpose": "see <it>"}, "see &lt;it&gt;")],
    ids=str,
)
def test_under_a_frame_lies_a_picture_and_what_a_reader_without_frames_does(
    options: dict[str, str], purpose: str
) -> None:
    frame = framed("page", "T", 300, "data:,x", 'a "graph"', **options)
    assert (
        '<div style="grid-area: 1 / 1; max-height: 300px"><img alt="a &quot;graph&quot;" '
        'src="data:,x" style="max-width: 100%; max-height: calc(300px - 2em)">'
        f"<p>To {purpose}, run the cell or trust the notebook.</p></div>"
    ) in frame.replace("\n", "")
    assert "<img" not in framed("page", "T", 300)
    assert 'alt=""' in framed("page", "T", 300, "data:,x")


def test_a_page_replaces_a_file_and_keeps_its_permissions_and_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "page.html", tmp_path / "link.html"
    target.write_text("old", "utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    save_page("\u4e2d", str(link))
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == ("\u4e2d".encode(), 0o640)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "page.html"]
    save_page("new", tmp_path / "new.html")
    assert (tmp_path / "new.html").read_text("utf-8") == "new"


def test_a_graph_as_data_has_each_node_at_its_place() -> None:
    x = Value(2.0, "x")
    y = (x * 3.0 + x).log()
    y.data = float("inf")
    found = graph_data(topological_order(y))
    assert found.graph == {
        "ops": [None, None, "mul/2", "add/2", "log/1"],
        "parents": [[], [], [0, 1], [2, 0], [3]],
        "constants": [False, True, False, False, False],
        "data": [2.0, 3.0, 6.0, 8.0, "inf"],
    }
    assert sorted(f"{op.name}/{count}" for op, count in found.used) == ["add/2", "log/1", "mul/2"]
    assert [json_number(number) for number in (1.5, float("-inf"), float("nan"))] == [
        1.5,
        "-inf",
        "nan",
    ]


def test_a_compiled_result_is_no_data_for_a_page() -> None:
    pytest.importorskip("numpy")
    result = compile(lambda a: a * a)(Value(2.0))
    with pytest.raises(CannotPrintError) as caught:
        graph_data(topological_order(result))
    assert str(caught.value).endswith(" is not in the table of operations")
