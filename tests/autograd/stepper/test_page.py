"""The page of a stepper as text: its contents, hostile labels, large graphs, and files."""

import html
import importlib.util
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Stepper, Value, dot, steps, to_svg, topological_order
from autograd import sum as total
from autograd.stepper.mistakes import MISTAKES
from autograd.stepper.page.picture import compact
from autograd.stepper.page.stepper import MAX_BYTES, MAX_NODES

from ...support.graphs import HOSTILE_LABELS, chain_after_fan_out, deep, fan_out, product_of_sum
from ...support.graphviz import needs_graphviz
from ...support.networks import batch_with_penalty, neuron, written_lstm


class Page(HTMLParser):
    """The tags of a page with their attributes and their text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, text):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(text)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def frame_of(stepper):
    """The attributes of the frame that a notebook shows."""
    (frame,) = Page(stepper._repr_mimebundle_()["text/html"]).all("iframe")
    return frame


def page_of(stepper):
    return frame_of(stepper)["srcdoc"]


def height_px(stepper):
    return int(re.search(r"height: (\d+)px", frame_of(stepper)["style"])[1])


def tags_of_html(page):
    """All tags, but for those of shapes: a label says whether a leaf is drawn as a parameter."""
    return [tag for tag, _ in Page(page).tags if tag not in ("polygon", "path", "text")]


def drawn_of(page):
    """The nodes that have a box."""
    return re.findall(r'<g id="n(\d+)"', page)


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1]
    data = json.loads(text)
    keys = ["phase", "node", "operand", "target", "adjoint", "local_grad", "term"]
    keys += ["changes", "words"]
    data["frames"] = [dict(zip(keys, frame, strict=True)) for frame in data["frames"]]
    return data


def test_a_notebook_gets_a_sandboxed_frame_a_picture_and_text():
    stepper = Stepper(product_of_sum())
    bundle = stepper._repr_mimebundle_()
    assert bundle["text/plain"] == repr(stepper)
    assert set(bundle) - {"image/svg+xml"} == {"text/html", "text/plain"}
    page = Page(bundle["text/html"])
    around = [name for name, _ in page.tags if name not in ("img", "p")]
    assert around == ["div", "div", "iframe", "script"]
    assert stepper._repr_html_() == bundle["text/html"]
    assert frame_of(stepper)["sandbox"] == "allow-scripts"
    assert height_px(stepper) > 400


@needs_graphviz
def test_a_page_with_a_picture_says_what_a_click_does():
    assert "Click a node for the terms" in page_of(Stepper(fan_out()))


@needs_graphviz
def test_an_untrusted_notebook_still_has_the_picture():
    bundle = Stepper(product_of_sum())._repr_mimebundle_()
    (image,) = Page(bundle["text/html"]).all("img")
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert bundle["text/html"].index("<img") < bundle["text/html"].index("<iframe")


@needs_graphviz
def test_the_picture_is_written_shorter_without_a_change_of_text():
    svg = to_svg(dot([Value(0.123, 'x="1.234"')], [Value(1.239, ' fill="#111111"')], 0.25))
    short = compact(svg)
    texts, shorter = (re.findall("<text.*?>(.*?)</text>", picture) for picture in (svg, short))
    assert [html.unescape(text) for text in texts] == [html.unescape(text) for text in shorter]
    assert any("0.123" in text for text in texts)
    assert len(short) < 0.75 * len(svg)
    places = [
        [float(x) for x in re.findall(r'<text[^>]* x="([^"]*)"', picture)]
        for picture in (svg, short)
    ]
    assert places[1] == pytest.approx(places[0], abs=0.1)


@needs_graphviz
def test_the_frame_is_as_high_as_the_picture_needs():
    flat, tall = Value(1.0) + 1, dot([Value(i) for i in range(9)], [1.0] * 9)
    assert height_px(Stepper(flat)) + 200 < height_px(Stepper(tall)) < 1450


@pytest.mark.parametrize("mistake", [None, *MISTAKES])
def test_the_page_has_every_step_without_javascript(mistake):
    frames = steps(chain_after_fan_out(), mistake)
    page = page_of(Stepper(chain_after_fan_out(), mistake))
    listed = re.search(r'<ol id="steps">(.*?)</ol>', page, re.S)[1]
    items = re.findall(r'<li class="([^"]*)">(.*?)</li>', listed)
    assert [html.unescape(re.search(r'"text">(.*?)<', text)[1]) for _, text in items] == [
        frame.text for frame in frames
    ]
    assert ["first-wrong" in kind for kind, _ in items] == [frame.first_wrong for frame in frames]
    for frame, (_, text) in zip(frames, items, strict=True):
        assert all(html.escape(s) in text for s in (frame.rule, frame.so_far, frame.note))
    assert ('class="warning"' in page) == (mistake is not None)


@needs_graphviz
def test_nothing_is_fetched_and_nothing_can_be():
    page = page_of(Stepper(fan_out()))
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<]*", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(|<link|<script src|fetch\(|XMLHttpRequest", page)


@pytest.mark.parametrize("label", HOSTILE_LABELS)
def test_labels_are_data(label):
    a = Value(2.0, label)
    b = a * Value(3.0, label)
    b.label = label
    stepper = Stepper(b * a, mistake="order")
    plain = Stepper(fan_out(), mistake="order")
    page, expected = Page(page_of(stepper)), Page(page_of(plain))
    for tag in ("script", "style", "title", "ol", "img", "iframe"):
        assert len(page.all(tag)) == len(expected.all(tag)), tag
    handlers = [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert not handlers
    names = [node["name"] for node in data_of(page_of(stepper))["nodes"].values()]
    assert len(names) == len(set(names)) == 4
    labels = [node.get("label", "") for node in data_of(page_of(stepper))["nodes"].values()]
    assert all(label.isprintable() and len(label) <= 200 for label in labels)
    assert all(len(name) <= 30 for name in names)
    assert all(char.isprintable() or char == "\n" for char in str(stepper))
    for text in stepper._repr_mimebundle_().values():
        text.encode("utf-8")


@pytest.mark.parametrize("count", [10, pytest.param(150, marks=pytest.mark.slow)])
def test_any_label_is_text_in_the_page(count, monkeypatch):
    remove_graphviz(monkeypatch)  # the tests of the picture check its labels
    leaves = [Value(1.0) for _ in range(4)]
    plain = [tags_of_html(page_of(Stepper(total(leaves[:n])))) for n in range(1, 5)]

    @given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
    @settings(derandomize=True, deadline=None, max_examples=count)
    def run(labels):
        stepper = Stepper(total([Value(1.0, label) for label in labels]))
        page = page_of(stepper)
        assert tags_of_html(page) == plain[len(labels) - 1]
        shown = re.findall('<span class="text">(.*?)</span>', page)
        assert [html.unescape(text) for text in shown] == [frame.text for frame in stepper.frames]
        names = [node["name"] for node in data_of(page)["nodes"].values()]
        assert len(set(names)) == len(names)

    run()


SCRIPT = """
from autograd import Stepper, Value
a = Value(3.0, "a"); b = a * 2; f = (b * a + b).tanh() * b
import sys; sys.stdout.reconfigure(encoding="utf-8")
print(*Stepper(f, mistake="overwrite")._repr_mimebundle_().values())
"""


def test_output_is_identical_from_run_to_run():
    runs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_a_large_graph_is_folded_to_fit_a_page():
    root = deep()
    assert len(topological_order(root)) > 2_000
    stepper = Stepper(root)
    bundle = stepper._repr_mimebundle_()
    data = data_of(page_of(stepper))
    assert data["live"] is None
    assert 20 < len(data["nodes"]) <= MAX_NODES
    assert len(bundle["text/html"].encode()) <= 1.02 * MAX_BYTES
    assert any("steps folded: " in text for text in re.findall("<li.*", page_of(stepper)))
    right = {
        frame.target: repr(frame.value) for frame in stepper.frames if frame.phase == "backward"
    }
    played = {}
    for frame in data["frames"]:
        if frame["phase"] == "backward":
            played |= {target: data["figures"][row][1] for target, row, *_ in frame["changes"]}
    assert played == {i: right[i] for i in played}
    visible = {int(i) for i, node in data["nodes"].items() if not node.get("constant")}
    assert set(played) == visible


@needs_graphviz
def test_a_page_of_150_nodes_has_at_most_300_kilobytes():
    root = written_lstm()
    assert 140 <= len(topological_order(root)) <= 150
    assert len(page_of(Stepper(root)).encode()) <= 300_000


def test_folding_keeps_the_first_wrong_number():
    frames = Stepper(deep(3, 3), mistake="overwrite", max_nodes=4).frames
    page = page_of(Stepper(deep(3, 3), mistake="overwrite", max_nodes=4))
    assert sum(frame.first_wrong for frame in frames) == 1
    assert page.count('class="backward wrong first-wrong"') == 1


def test_max_nodes_is_honored_and_checked():
    page = page_of(Stepper(deep(3, 3), max_nodes=5))
    assert len(drawn_of(page)) == 5
    assert len(data_of(page)["nodes"]) == len(topological_order(deep(3, 3)))  # all can be changed
    with pytest.raises(ValueError, match="max_nodes is None or a whole number, 1 or more, got 0"):
        Stepper(fan_out(), max_nodes=0)
    with pytest.raises(ValueError, match="1 or more, got 'a'"):
        Stepper(fan_out(), max_nodes="a")


def test_it_is_a_snapshot_and_changes_nothing():
    root = fan_out()
    stepper = Stepper(root)
    before = [(node.data, node.grad, node.label) for node in topological_order(root)]
    page = page_of(stepper)
    assert [(node.data, node.grad, node.label) for node in topological_order(root)] == before
    root.backward()
    root.parents[0].data = 100.0
    assert page_of(stepper) == page
    assert page_of(Stepper(fan_out())) == page


def remove_graphviz(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *a: None if name == "pygraphviz" else find_spec(name),
    )


def test_without_graphviz_there_is_a_plainer_picture(monkeypatch):
    remove_graphviz(monkeypatch)
    bundle = Stepper(fan_out(), mistake="order")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "image/svg+xml"}
    page = page_of(Stepper(fan_out(), mistake="order"))
    assert "drawn without Graphviz, which places boxes better: pip install" in page
    assert "Click a node for the terms" in page
    boxes = re.findall(r'<g id="n(\d+)"', page)
    assert sorted(boxes) == ["0", "1", "2", "3", "4"]
    assert len(re.findall(r'<g id="e\d+_\d+" class="edge"', page)) == 6
    assert page.count("<li") == len(steps(fan_out(), "order"))
    assert len(data_of(page)["nodes"]) == len(topological_order(fan_out()))
    data = data_of(page_of(Stepper(deep(), max_nodes=7)))
    assert len(data["nodes"]) == 7


def test_where_graphviz_fails_the_steps_are_there_and_nothing_raises(monkeypatch):
    def fails(*_):
        raise RuntimeError("Graphviz failed: <b>")

    monkeypatch.setattr("autograd.drawing.picture.render", fails)
    monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: True)
    bundle = Stepper(fan_out(), mistake="order")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    page = page_of(Stepper(fan_out(), mistake="order"))
    assert "No picture: Graphviz failed: &lt;b&gt;" in page
    assert "Click a node" not in page
    assert "Choose a node" not in page
    assert page.count("<li") == len(steps(fan_out(), "order"))
    assert len(data_of(page)["nodes"]) == len(topological_order(fan_out()))
    data = data_of(page_of(Stepper(deep(), max_nodes=7)))
    assert len(data["nodes"]) == 7


def test_pygraphviz_alone_draws_it_too(monkeypatch):
    pytest.importorskip("pygraphviz", reason="pygraphviz draws where there is no dot")
    monkeypatch.setenv("PATH", "")
    bundle = Stepper(fan_out())._repr_mimebundle_()
    assert 'id="n0"' in bundle["image/svg+xml"]
    assert "No picture" not in bundle["text/html"]


def test_the_page_alone_is_the_page_in_the_notebook(tmp_path):
    stepper = Stepper(fan_out())
    stepper.save(tmp_path / "f.html")
    assert (tmp_path / "f.html").read_text("utf-8") == page_of(stepper)
    stepper.save(str(tmp_path / "f.html"))
    assert [path.name for path in tmp_path.iterdir()] == ["f.html"]


def test_a_page_that_cannot_be_written_says_so_and_leaves_the_old_one(tmp_path, monkeypatch):
    with pytest.raises(
        FileNotFoundError,
        match=r"cannot write the page: No such .*, make the folder first: .*no-folder",
    ):
        Stepper(fan_out()).save(tmp_path / "no-folder" / "f.html")
    with pytest.raises(IsADirectoryError, match="cannot write the page: Is a directory: "):
        Stepper(fan_out()).save(tmp_path)
    old = tmp_path / "f.html"
    old.write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for fails, error in ((full, OSError), (interrupted, KeyboardInterrupt)):
        monkeypatch.setattr("pathlib.Path.replace", fails)
        with pytest.raises(error):
            Stepper(fan_out()).save(old)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="cannot write the page: No space left"):
        Stepper(fan_out()).save(old)
    assert [path.name for path in tmp_path.iterdir()] == ["f.html"]
    assert old.read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes and links")
def test_a_page_replaces_no_pipe_and_keeps_links_and_permissions(tmp_path):
    pipe, link, target = (tmp_path / name for name in ("pipe", "link.html", "target.html"))
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="cannot write the page: not a regular file"):
        Stepper(fan_out()).save(pipe)
    assert pipe.is_fifo()
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    Stepper(fan_out()).save(link)
    assert link.is_symlink()
    assert target.read_text("utf-8").startswith("<!doctype html>")
    assert target.stat().st_mode & 0o777 == 0o600


def test_html_css_and_javascript_are_files_of_the_package():
    document = files("autograd.pages").joinpath("document.html").read_text("utf-8")
    assert document.startswith("<!doctype html>")
    signs = {"page.html": "<main>", "page.css": ":root", "main.js": "new Player"}
    for name, sign in signs.items():
        assert sign in files("autograd.stepper.page").joinpath(name).read_text("utf-8")
    modules = [p for p in files("autograd.stepper.page").iterdir() if p.name.endswith(".js")]
    page = page_of(Stepper(fan_out()))
    for module in modules:  # each is in the page, without comments and without imports
        assert f"stepper_page_{module.name.removesuffix('.js')} = (() => {{" in page
    assert not re.search(r"^(import|export) |^ *//", page, re.M)


def test_a_long_pass_is_abbreviated_as_text():
    lines = repr(Stepper(deep(3, 3))).splitlines()
    assert lines[0].startswith("Stepper of ")
    assert len(lines) == 52


@needs_graphviz
def test_the_kinds_of_leaves_are_those_of_the_drawing():
    root = dot([Value(2.0, "w.0")], [Value(3.0, "x")], Value(1.0, "b"))
    kinds = re.compile(r'class="node (\w+)').findall
    assert kinds(page_of(Stepper(root))) == kinds(to_svg(root))


def test_the_heading_is_the_title():
    assert "<h1>Step through f</h1>" in page_of(Stepper(fan_out()))
    assert "<h1>A &lt;neuron&gt;</h1>" in page_of(Stepper(fan_out(), title="A <neuron>"))


@needs_graphviz
def test_options_of_the_drawing_are_passed_on_and_checked_at_once():
    root = dot([Value(2.0, "w.0")], [Value(3.0, "x")], 1.0)
    assert len(drawn_of(page_of(Stepper(root)))) == 4
    assert len(drawn_of(page_of(Stepper(root, expand=True)))) == 5
    assert len(drawn_of(page_of(Stepper(root, rankdir="TB", params="fold")))) == 3
    with pytest.raises(ValueError, match="rankdir"):
        Stepper(root, rankdir="up")
    with pytest.raises(TypeError, match=r"^Stepper has no option 'color', its options are format"):
        Stepper(root, color="red")
    with pytest.raises(ValueError, match=r"^Stepper shows SVG, got format='png': draw_dot"):
        Stepper(root, format="png")


@pytest.mark.parametrize("root", [3.0, None])
def test_only_a_value_can_be_stepped(root):
    with pytest.raises(TypeError, match="steps needs the Value"):
        Stepper(root)


def test_a_title_is_text_and_one_that_no_file_can_hold_is_shown_with_substitutes(tmp_path):
    stepper = Stepper(fan_out(), title="a\ud800b\x00c\nd")
    assert "<h1>a\ufffdb\ufffdc d</h1>" in page_of(stepper)
    stepper.save(tmp_path / "f.html")
    assert "<title>a\ufffdb\ufffdc d</title>" in (tmp_path / "f.html").read_text("utf-8")
    for text in stepper._repr_mimebundle_().values():
        text.encode()
    assert "<h1>Step through f</h1>" in page_of(Stepper(fan_out(), title=" \n"))
    with pytest.raises(TypeError, match=r"^title is a string, got 5 \(int\)$"):
        Stepper(fan_out(), title=5)


@pytest.mark.parametrize("name", ["a\0b.html", "a\ud800b.html", ""])
def test_a_path_that_no_file_can_have_is_refused_in_one_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^'.*' cannot be the path of a file: ") as caught:
        Stepper(fan_out()).save(name)
    assert type(caught.value) is ValueError
    str(caught.value).encode()
    assert name or str(caught.value).endswith(": give a name, such as 'page.html'")
    assert not str(caught.value).endswith("None")  # it says why
    assert str(caught.value).startswith(repr(name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("graph", "sample", "message"),
    [
        (batch_with_penalty, True, "^sample is a whole number, 0 or more, got True"),
        (batch_with_penalty, "1", "^sample is a whole number, 0 or more, got '1'"),
        (batch_with_penalty, 4, "^sample is 0 to 3"),
        (neuron, 1, "^sample=1, but this graph has one sample: leave sample out"),
    ],
)
def test_a_sample_that_there_is_not_is_told(graph, sample, message):
    with pytest.raises(ValueError, match=message):
        Stepper(graph(), sample=sample)


def test_a_page_offers_the_first_samples_and_the_one_that_was_asked_for():
    model = nn.MLP(2, [3, 1], "tanh", rng=2)
    X = [[float(i), 1.0] for i in range(20)]
    loss = nn.mse([model(x) for x in X], [0.0] * 20)
    stepper = Stepper(loss, sample=15)
    network = stepper._network()
    assert [sample.selection.sample for sample in network.samples] == [*range(12), 15]
    assert [len(alike) for alike in network.of_one_picture()] == [13]  # all share one picture
    assert len(stepper._page[0].encode()) <= 600_000


@pytest.mark.parametrize(
    ("step", "place"),
    [(1, None), (4, 3), (-1, 7), (-3, 5), ("last", 7), ("backward", 3), ("given", None)],
)  # fmt: skip
def test_the_page_opens_at_the_step_that_is_asked_for(step, place):
    assert data_of(page_of(Stepper(product_of_sum(), step=step))).get("opensAt") == place


def test_a_step_of_a_network_counts_neurons():
    loss = nn.mse([nn.MLP(2, [2, 1], "tanh", rng=0)([1.0, 2.0])], [0.5])
    stepper = Stepper(loss, level="network", step="last")
    data = data_of(page_of(stepper))
    count = len(data["network"]["samples"][0]["frames"])
    assert data["opensAt"] == count - 1 < len(stepper.frames) - 1
    too_far = Stepper(loss, level="network", step=len(stepper.frames))
    with pytest.raises(ValueError, match=f"from 1 to {count}, .*, got "):
        too_far._repr_html_()


@pytest.mark.parametrize(
    ("step", "error"),
    [(0, ValueError), (9, ValueError), (-9, ValueError), ("update", ValueError), (1.5, TypeError),
     (True, TypeError), (None, TypeError)],
)  # fmt: skip
def test_a_step_that_is_not_there_is_refused(step, error):
    with pytest.raises(error, match=r'from 1 to 8, -1 to -8, or one of "last", "given", "forward"'):
        Stepper(product_of_sum(), step=step)
