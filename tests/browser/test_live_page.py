"""The live page in Chromium: edits, the view, the edges, the prediction, large graphs."""

import pytest

from autograd import Stepper, Value, steps
from autograd.explaining.leaves import inputs_first

from ..support.browser import assert_shows, becomes, faults, require_module, states, watched
from ..support.graphs import fan_out, product_of_sum
from ..support.networks import NETWORKS, tanh_chain

IN_VIEW = """() => {
  const pane = document.querySelector("#picture").getBoundingClientRect();
  const edges = document.querySelectorAll("#picture .edge.backward path");
  const edge = edges.length === 1 ? [...edges] : []; // a neuron has many
  const nodes = document.querySelectorAll("#picture :is(.node.forward, .node.backward)");
  return [...nodes, ...edge].map((e) => e.getBoundingClientRect()).every((r) =>
    r.left >= pane.left - 1 && r.right <= pane.right + 1 && r.top >= pane.top - 1
      && r.bottom <= pane.bottom + 1);
}"""
REDRAW_MS = """(selector) => {
  const input = document.querySelector(selector);
  const times = [];
  for (let i = 0; i < 12; i++) {
    input.value = String(0.5 + i / 100);
    const start = performance.now();
    input.dispatchEvent(new Event("input"));
    document.querySelector("#picture").getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}"""

REACHES_THE_RIGHT = """(() => {
  const right = (node) => node.getBoundingClientRect().right;
  const most = Math.max(...[...document.querySelectorAll("#picture .node")].map(right));
  return 780 < most && most < 880;
})()"""


def neuron(x1=2.0):
    x1, x2, b = Value(x1, "x1"), Value(0.5, "x2"), Value(6.88, "b")
    w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
    return (x1 * w1 + x2 * w2 + b).tanh()


def fill(page, name, text):
    page.get_by_label(f"Value of {name}", exact=True).fill(text)


def test_an_edit_changes_boxes_texts_and_gradients_and_reset_undoes_it(opened):
    with opened(Stepper(neuron())) as page:
        before = page.locator("#steps").text_content()
        fill(page, "x1", "-1.25")
        root, frames = neuron(-1.25), steps(neuron(-1.25))
        expected = list(states(root, frames))
        for k in (0, 3, len(frames) - 1):
            page.locator("#steps button").nth(k).click()
            assert_shows(page, frames, expected, k)
        page.locator("#reset").click()
        assert page.locator("#steps").text_content() == before
        field = page.get_by_label("Value of x1", exact=True)
        assert field.input_value() == "2"
        field.press("ArrowUp")
        assert field.input_value() == "2.1"
        field.press("Shift+ArrowDown")
        assert field.input_value() == "1.1"
        field.press("Escape")
        assert page.locator(".node.chosen").count() == 0


@pytest.mark.slow
def test_a_leaf_is_dragged_in_the_picture(opened):
    with opened(Stepper(neuron())) as page:
        page.locator("#n0 .data").hover()
        page.mouse.down()
        box = page.locator("#n0 .data").bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 5, steps=8)
        page.mouse.up()
        assert page.locator("#n0 .data").text_content() not in ("2", "")
        assert page.locator("#reset").get_attribute("aria-disabled") == "false"


@pytest.mark.slow
def test_a_domain_error_shows_at_its_node_and_the_last_good_numbers_stay(opened):
    x = Value(2.0, "x")
    with opened(Stepper(x.log() * x)) as page:
        page.keyboard.press("End")
        numbers = page.locator("#picture .data, #picture .grad").all_text_contents()
        fill(page, "x", "-1")
        assert "log(-1.0) needs x > 0" in page.locator("#trouble").inner_text()
        assert page.locator(".node.failed").get_attribute("id") == "n1"
        assert page.locator("#picture .data, #picture .grad").all_text_contents() == numbers
        fill(page, "x", "3")
        assert page.locator("#trouble").inner_text() == ""
        assert page.locator(".node.failed").count() == 0


@pytest.mark.slow
def test_a_text_that_is_no_number_stays_until_it_is_corrected(opened):
    x = Value(2.0, "x")
    with opened(Stepper(x.log() * x)) as page:
        field = page.get_by_label("Value of x", exact=True)
        said = page.locator(".says")
        for text in ("abc", "", "1e999", "1/0", "1/2/3", "0x", "/2", "-1"):
            field.fill(text)
            page.locator("#next").focus()
            assert field.input_value() == text
            assert field.get_attribute("aria-invalid") == "true"
            assert (
                "needs x > 0" in said.inner_text()
                if text == "-1"
                else (
                    "A number looks like 0.5, -2, 1e-3 or 1/3. It is still 2;" in said.inner_text()
                )
            )
        page.locator("#next").click()  # drawing leaves the text
        assert field.input_value() == "-1"
        field.press("Escape")
        assert (field.input_value(), said.inner_text()) == ("2", "")
        assert page.locator("#trouble").inner_text() == ""
        for text, shown in [("1/3", "0.333333"), (" −0,5 / -2 ", "0.25"), ("1e-3", "0.001")]:
            field.fill(text)
            field.press("Enter")
            assert field.input_value() == shown
            assert field.get_attribute("aria-invalid") == "false"
        field.fill("abc")
        page.locator("#reset").click()
        assert (field.input_value(), said.inner_text()) == ("2", "")


@pytest.mark.slow
def test_a_node_is_found_checked_and_its_paths_are_lit(opened):
    with opened(Stepper(fan_out())) as page:
        page.locator("#search").fill("a")
        page.locator("#search").press("Enter")
        assert page.locator("#terms-heading").inner_text() == "The terms of df/da"
        assert page.locator("#paths-list li").all_inner_texts() == [
            "a → b → v1 → f: 2 · 3 · 1 = 6",
            "a → b → f: 2 · 1 = 2",
            "a → v1 → f: 6 · 1 = 6",
        ]
        assert page.locator(".edge.lit").count() == 5
        page.locator("#check").click()
        assert page.locator("#checked").inner_text().endswith("they agree.")
        assert "14 by backward, 14 by moving it" in page.locator("#checked").inner_text()
        page.keyboard.press("Escape")
        assert page.locator("#terms").is_hidden()
        assert page.locator(".edge.lit").count() == 0
        page.locator("#search").fill("24")  # the number of f
        page.locator("#found button").first.click()
        assert page.locator("#terms-heading").inner_text() == "The terms of df/df"


@pytest.mark.slow
def test_the_edge_of_the_step_tells_upstream_times_local(opened):
    with opened(Stepper(fan_out())) as page:
        page.locator("#last").click()
        tiles = page.locator("#edge-card .tile b").all_inner_texts()
        assert tiles == ["4", "2", "8"]
        assert page.locator("#edge-card .contributions li").all_inner_texts() == [
            "6 from v1",
            "8 from b",
            "df/da = 14",
        ]
        assert page.locator("#picture .local").all_text_contents() == ["× 2"]
        boxes = [page.locator(s).bounding_box() for s in (".head-back", "#n0", "#n2")]
        tip, operand, consumer = (box["x"] + box["width"] / 2 for box in boxes)
        assert tip - operand < consumer - tip  # the head of the arrow is at the operand


@pytest.mark.slow
def test_keys_and_jumps(opened):
    with opened(Stepper(fan_out())) as page:
        position = page.locator("#position")
        page.keyboard.press("PageDown")  # the end of the next phase, from the end of this one
        assert position.inner_text() == "Step 4 of 10"
        page.locator("#next-node").click()
        assert position.inner_text() == "Step 5 of 10"
        page.locator("#n0").click()
        page.locator("#next-use").click()
        assert position.inner_text() == "Step 8 of 10"  # v1 passes on, which a is an operand of
        page.locator("h1").click()
        page.keyboard.press("Space")
        assert page.locator("#play").inner_text() == "Pause"
        page.keyboard.press("Space")
        page.reload()
        for _ in range(3):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "next"


@pytest.mark.slow
def test_the_view_zooms_pans_and_fits(opened):
    with opened(Stepper(fan_out())) as page:
        view_box = "document.querySelector('#picture svg').getAttribute('viewBox')"
        fitted = page.evaluate(view_box)
        assert page.locator(".minimap").is_hidden()
        for _ in range(5):
            page.keyboard.press("+")
        zoomed = page.evaluate(view_box)
        assert zoomed != fitted
        assert page.locator(".minimap").is_visible()
        page.keyboard.press("Shift+ArrowRight")
        assert page.evaluate(view_box) != zoomed
        page.mouse.move(600, 400)
        before = page.evaluate(view_box)
        page.mouse.down()
        page.mouse.move(560, 380, steps=4)
        page.mouse.up()
        assert page.evaluate(view_box) != before
        page.keyboard.press("0")
        assert page.evaluate(view_box) == fitted
        page.keyboard.press("ArrowRight")
        assert page.evaluate(IN_VIEW)


@pytest.mark.slow
def test_without_a_picture_a_node_is_found_and_a_leaf_is_changed(opened, monkeypatch):
    def fails(*_):
        raise RuntimeError("Graphviz failed")

    monkeypatch.setattr("autograd.drawing.picture.render", fails)
    with opened(Stepper(neuron())) as page:
        assert page.locator("#fit").is_hidden()
        page.locator("#search").fill("w1")
        page.locator("#search").press("Enter")
        assert page.locator("#terms-heading").inner_text() == "The terms of df/dw1"
        fill(page, "x1", "1.5")
        page.keyboard.press("Escape")
        page.keyboard.press("End")
        assert "· 1.5 = " in page.locator("#terms-list, #steps").last.text_content()


@pytest.mark.slow
def test_a_frame_without_width_at_first_shows_all_and_the_first_step(browser):
    bundle = Stepper(neuron())._repr_mimebundle_()
    with watched(browser, viewport={"width": 900, "height": 1300}) as page:
        page.set_content(f'<div id="cell" style="width: 0">{bundle["text/html"]}</div>')
        frame = page.frames[1]
        frame.locator("#formula .text").wait_for(state="attached")
        page.evaluate("document.querySelector('#cell').style.width = '880px'")
        becomes(frame, "document.querySelector('#picture').clientWidth > 800", True)
        becomes(frame, REACHES_THE_RIGHT, True)  # the picture follows the size of its pane
        assert frame.locator(".minimap").is_hidden()
        assert frame.evaluate("document.querySelector('#steps').scrollTop") == 0
        fits = "document.documentElement.scrollHeight <= innerHeight"
        becomes(frame, fits, True)  # one scrollbar, of the notebook


@pytest.mark.slow
def test_predict_hides_the_next_number_checks_it_and_counts(opened):
    with opened(Stepper(product_of_sum())) as page:
        page.locator("#predict").click()
        page.locator("#next").click()
        assert page.locator("#formula .text").inner_text() == "q = x + y = -2 + 5 = ?"
        assert page.locator("#n2 .data").text_content() == "?"
        assert "-12" not in page.locator("#steps").text_content()
        assert page.evaluate("document.activeElement.id") == "guess"
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        assert page.locator("#verdict").inner_text().startswith("4 is not right. q = x + y")
        page.keyboard.press("Enter")  # Next has the focus
        page.keyboard.type("-12")
        page.keyboard.press("Enter")
        assert page.locator("#verdict").inner_text().startswith("Right.")
        assert page.locator("#score").inner_text() == "1 of 2 right"
        assert page.locator("#n4 .data").text_content() == "-12"
        page.locator("#last").click()
        assert "Which term does" in page.locator("#question").inner_text()
        page.locator("#give-up").click()
        assert "The rule: " in page.locator("#verdict").inner_text()
        page.locator("#predict").click()
        assert "?" not in page.locator("#steps").text_content()


@pytest.mark.slow
def test_axe_finds_no_fault_in_a_live_page(opened):
    require_module("axe_playwright_python.sync_playwright")
    with opened(Stepper(neuron())) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.keyboard.press("End")
        page.locator("#n0").click()
        page.locator("#copy").click()
        fill(page, "b", "x")
        assert faults(page) == []
        page.emulate_media(color_scheme="dark")
        page.locator("#predict").click()
        page.locator("#previous").click()
        assert faults(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_edge_of_every_step_is_in_view_and_an_edit_is_fast(opened, name):
    stepper = Stepper(NETWORKS[name]())
    is_large = len(stepper._pass.order) >= 400
    most_bytes, most_ms = (1_000_000, 50) if is_large else (300_000, 16)
    assert len(stepper._repr_mimebundle_()["text/html"].encode()) <= 1.02 * most_bytes
    with opened(stepper) as page:
        for width in (1366, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.keyboard.press("Home")
            for _ in range(int(page.locator("#slider").get_attribute("max"))):
                assert page.evaluate(IN_VIEW)
                page.keyboard.press("ArrowRight")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        leaves = page.locator("#leaves-rows input").count()
        assert leaves == len(inputs_first(stepper._pass.order))
        rounds = [page.evaluate(REDRAW_MS, "#leaves-rows input") for _ in range(5)]
        assert min(rounds) <= most_ms  # wall time, while other tests run
        require_module("axe_playwright_python.sync_playwright")
        assert faults(page) == []
        page.emulate_media(color_scheme="dark")
        assert faults(page) == []


@pytest.mark.slow
def test_the_copies_of_a_leaf_follow_its_number_and_a_step_shows_the_near_one(opened):
    with opened(Stepper(tanh_chain(10))) as page:
        copies = page.locator("#picture .copy")
        assert copies.count() == 9
        assert set(copies.locator(".data").all_text_contents()) == {"0.9"}
        fill(page, "w", "0.75")
        assert set(copies.locator(".data").all_text_contents()) == {"0.75"}
        page.keyboard.press("Escape")
        page.keyboard.press("End")
        page.locator("#steps button", has_text="df/dw +=").first.click()
        marked = page.locator("#picture .node.backward").evaluate_all("all => all.map((e) => e.id)")
        (copy,) = [name for name in marked if "c" in name]
        assert copy.split("c")[1] in {name.removeprefix("n") for name in marked}
        page.locator(f"#{copy}").click()
        assert page.locator("#terms-heading").inner_text().endswith("w")
        require_module("axe_playwright_python.sync_playwright")
        assert faults(page) == []


SMALLER = ("neuron", "softmax cross entropy")
COVERED = """() => {
  const boxes = (selector) => [...document.querySelectorAll(selector)]
    .map((part) => part.getBoundingClientRect());
  const labels = boxes("#picture .local");
  const others = boxes("#picture .node > :is(polygon, path):not(.tint)");
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > -1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > -1; // a border is up to 2 px wide
  const covered = labels.flatMap((a, k) => [...others, ...labels.slice(k + 1)]
    .filter((b) => over(a, b)));
  return [labels.length, covered.length];
}"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["LSTM cell", *(pytest.param(n, marks=pytest.mark.slow) for n in SMALLER)],
)
def test_the_derivatives_on_edges_cover_no_number(opened, name):
    with opened(Stepper(NETWORKS[name]())) as page:
        written = 0
        page.keyboard.press("End")
        for _ in range(int(page.locator("#slider").get_attribute("max")) // 2):
            count, covered = page.evaluate(COVERED)
            assert covered == 0
            written += count
            page.keyboard.press("ArrowLeft")
        page.locator("#picture .node").first.focus()  # lights every path
        count, covered = page.evaluate(COVERED)
        assert covered == 0
        assert count >= 1
        assert written >= 5


FIRST_SCREEN = """() => ["#next", "#formula .text", "#picture", "#to-leaves"]
  .map((selector) => document.querySelector(selector))
  .map((part) => part.getBoundingClientRect())
  .every((box) => box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth)"""
WHOLE_PICTURE = """() => {
  const pane = document.querySelector("#picture").getBoundingClientRect();
  return [...document.querySelectorAll("#picture .node")].map((e) => e.getBoundingClientRect())
    .every((box) => box.top >= pane.top && box.bottom <= pane.bottom && box.left >= pane.left);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("size", [pytest.param((1366, 768), marks=pytest.mark.slow), (390, 844)])
@pytest.mark.parametrize(
    "name",
    ["MLP(2, [4, 4, 1])"]
    + [pytest.param(n, marks=pytest.mark.slow) for n in ("neuron", "4 samples with L2")],
)
def test_picture_buttons_and_words_are_in_the_first_screen(opened, size, name):
    view = {"width": size[0], "height": size[1]}
    with opened(Stepper(NETWORKS[name]()), viewport=view) as page:
        for k in range(4):
            page.locator("#slider").fill(str(1 + 4 * k))
            assert page.evaluate(FIRST_SCREEN), k
        if size[0] > 1000:
            assert page.evaluate(WHOLE_PICTURE)
        page.locator("#to-leaves").click()
        field = page.locator("#leaves input").first.bounding_box()
        assert 0 <= field["y"] <= size[1] - 30


@pytest.mark.slow
def test_a_leaf_that_gets_a_gradient_has_the_color_of_the_backward_pass(opened):
    stroke = "(part) => getComputedStyle(part).stroke"
    with opened(Stepper(neuron())) as page:
        page.keyboard.press("End")
        leaf = page.locator("#picture .backward.node > polygon:not(.tint)").first
        edge = page.locator("#picture .backward.edge path")
        becomes(page, "document.getAnimations().length", 0)
        assert leaf.evaluate(stroke) == edge.evaluate(stroke)


@pytest.mark.slow
def test_the_legend_has_the_tints_of_the_boxes_in_both_themes(opened):
    fill = "(part) => getComputedStyle(part).fill"
    legend = "#picture g.graph > polygon.tint"
    for scheme in ("light", "dark"):
        with opened(Stepper(neuron()), color_scheme=scheme) as page:
            page.keyboard.press("End")
            becomes(page, "document.getAnimations().length", 0)
            assert page.locator(legend).count() == 7
            for sign in ("plus", "minus"):
                box = page.locator(f"#picture .node .tint.{sign}").first.evaluate(fill)
                cells = page.locator(f"{legend}.{sign}")
                assert [cells.nth(i).evaluate(fill) for i in range(3)] == [box] * 3


@pytest.mark.slow
@pytest.mark.parametrize("mistake", ["order", "paths"])
def test_no_card_of_a_step_is_empty(opened, mistake):
    x = Value(2.0, "x")
    with opened(Stepper(x * x + x, mistake)) as page:
        for _ in range(int(page.locator("#slider").get_attribute("max"))):
            assert page.locator("#edge-card").inner_text().strip()
            page.keyboard.press("ArrowRight")
