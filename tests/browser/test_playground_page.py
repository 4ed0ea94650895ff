"""The page of the playground in Chromium: every control by keys and by touch, and what it shows."""

import re
from contextlib import contextmanager
from itertools import pairwise

import pytest

import nn
from nn.playground.library import library
from nn.playground.playground import Playground
from nn.playground.template import page_text

from ..support.browser import FITS, becomes, faults, require_module, watched

MAX_BYTES = 400_000
MAX_FRAME_MS = {(4, 4): 12, (16, 16): 33}  # of the work of a frame
WIDTHS, SCHEMES = (1366, 390), ("light", "dark")
LESSONS = 6
LAYER_MS = 380  # until a phase shows its next layer
MISTAKES = (
    "no_zero_grad", "overwrite", "large_lr", "equal_weights", "no_activation", "saturated",
)  # fmt: skip
COUNT_FRAMES = """(() => {
  window.drawnFrames = 0;
  const old = requestAnimationFrame;
  window.requestAnimationFrame = (draw) => old((now) => {
    draw(now);
    window.drawnFrames++;
  });
})()"""
# all that a control may change: texts, values of controls, pictures
STATE = """() => JSON.stringify([
  document.querySelector("main").innerText,
  [...document.querySelectorAll("input, select, textarea")].map((e) => e.value + e.checked),
  [...document.querySelectorAll(".plane canvas")].map((e) => e.toDataURL()),
  [...document.querySelectorAll("main svg *, main [class], header button")].map((e) =>
    ["class", "d", "points", "stroke-width", "aria-pressed", "aria-current"].map((name) =>
      e.getAttribute(name)).join()),
  [...document.querySelectorAll("input[type=range]")].map((e) => e.max),
  document.documentElement.dataset.theme,
])"""

# how many different rows and columns of pixels the picture of each input has
COLORS_OF_INPUTS = """() => [...document.querySelectorAll(".neuron.input canvas")].map((canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const at = (x, y) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 4).join();
  const range = (n) => [...Array(n).keys()];
  return {
    rows: new Set(range(height).map((y) => range(width).map((x) => at(x, y)).join(";"))).size,
    columns: new Set(range(width).map((x) => range(height).map((y) => at(x, y)).join(";"))).size,
  };
})"""


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that opens the page: ``with opened(settings) as page``."""

    @contextmanager
    def open_page(settings=None, fragment="", **options):
        text = page_text("Playground", settings or {}, f"const library = {library()};")
        path = tmp_path / "p.html"
        path.write_text(text, encoding="utf-8")
        options = {"reduced_motion": "reduce", "viewport": {"width": 1366, "height": 768}} | options
        with watched(browser, **options) as page:
            messages = []
            page.on("console", lambda message: messages.append(message.text))
            page.goto(path.as_uri() + fragment)
            yield page
        assert messages == []

    return open_page


def numbers(page):
    """Return the numbers under the plane: step, epoch, losses of training and test."""
    return page.locator("#numbers dd").all_inner_texts()


def trouble(page):
    return page.locator("#trouble").inner_text() if page.locator("#trouble").is_visible() else ""


def click(page, *ids):
    for name in ids:
        page.locator(f"#{name}").click()


# ------------------------------------------------------------------------------- every control

# Keys that use a control after it has the focus. What comes first makes the next ones possible.
BY_KEYS = {
    "one-step": "Enter", "one-epoch": "Enter", "forward": "Enter", "backward": "Enter",
    "update": "Enter", "scrubber": "ArrowLeft", "reset": "Enter", "play": "Enter",
    "speed": "ArrowDown", "theme": "ArrowDown",
    "edges": "ArrowDown", "more-layers": "Enter", "fewer-layers": "Enter", "more-1": "Enter",
    "fewer-1": "Enter", "neuron-0-1": "ArrowDown", "neuron-0-0": "ArrowDown",
    "tool": "ArrowDown", "plane": "ArrowRight", "next-point": "Enter", "previous-point": "Enter",
    "delete-point": "Enter", "log-scale": "Space", "keep-run": "Enter",
    "walk-first": "Enter", "walk-next": "Enter", "walk-previous": "Enter", "walk-last": "Enter",
    "walk-play": "Enter", "which-weight": "ArrowDown", "measured": "ArrowDown",
    "copy-python": "Enter", "download-model": "Enter", "copy-link": "Enter",
    "network-activation": "ArrowDown", "network-initializer": "ArrowDown",
    "network-seed": "ArrowUp",
    "new-weights": "Enter", "training-loss": "ArrowDown", "training-lr": "ArrowRight",
    "training-batch_size": "ArrowLeft", "training-seed": "ArrowUp", "training-l2": "ArrowRight",
    "training-optimizer": "ArrowDown", "training-momentum": "ArrowLeft",
    "training-betas-0": "ArrowLeft", "training-betas-1": "ArrowLeft",
    "data-kind": "ArrowDown", "data-noise": "ArrowRight", "data-samples": "ArrowLeft",
    "data-test_share": "ArrowRight", "data-seed": "ArrowUp", "new-sample": "Enter",
} | {f"mistake-{name}": "Space" for name in MISTAKES} | {"lesson": "ArrowDown"}  # fmt: skip
WITHOUT_A_KEY = {
    "csv", "weight-value", "shared-text", "data-classes", "data-shown-0", "data-shown-1",
}  # fmt: skip  # tests of their own


def is_as_left(page, before):
    """Wait until a control has changed something; at most 2 s."""
    for _ in range(40):
        if page.evaluate(STATE) != before:
            return False
        page.wait_for_timeout(50)
    return True


def press(page, name, act):
    """Use a button. Play is used again when a step is done."""
    step = "document.querySelector('#numbers dd').textContent"
    before = page.evaluate(step)
    act()
    if name == "play":
        becomes(page, f"{step} !== {before!r}", True)
        act()


def use_by_keys(page, name):
    page.locator(f"#{name}").focus()
    press(page, name, lambda: page.keyboard.press(BY_KEYS[name]))


def use_by_touch(page, name):
    control = page.locator(f"#{name}")
    kind = control.evaluate("(e) => e.type ?? ''")
    if kind == "select-one":  # the list itself is the system's
        control.tap()
        page.keyboard.press("Escape")
        options = control.locator("option")
        at = control.evaluate("(e) => e.selectedIndex")
        control.select_option(index=(at + 1) % options.count())
    elif kind == "range":
        width = control.bounding_box()["width"]
        at = control.evaluate("(e) => (e.value - e.min) / (e.max - e.min)")
        control.tap(position={"x": width * (0.2 if at > 0.5 else 0.8), "y": 8})
    elif kind == "number":
        control.tap()
        control.fill("7")
        control.dispatch_event("change")
    elif name == "plane":
        page.locator("#tool").select_option("add 1")
        control.tap(position={"x": 40, "y": 60})
    else:
        press(page, name, control.tap)
    page.wait_for_timeout(10)


def use_every_control(page, use):
    for name in BY_KEYS:
        if page.evaluate(f"!document.querySelector('#{name}')?.checkVisibility()"):
            optimizer = "adam" if "betas" in name else "momentum"
            page.locator("#training-optimizer").select_option(f'"{optimizer}"')
        before = page.evaluate(STATE)
        use(page, name)
        assert not is_as_left(page, before), name
        assert trouble(page) == "", name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


CASES = [pytest.param(w, s, marks=[] if (w, s) == (1366, "light") else pytest.mark.slow)
         for w in WIDTHS for s in SCHEMES]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), CASES)
def test_every_control_does_something_by_keyboard(opened, width, scheme):
    viewport = {"width": width, "height": 768}
    with opened(viewport=viewport, color_scheme=scheme) as page:
        use_every_control(page, use_by_keys)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(w, s) for w in WIDTHS for s in SCHEMES])
def test_every_control_does_something_by_touch(opened, width, scheme):
    viewport = {"width": width, "height": 768}
    with opened(viewport=viewport, color_scheme=scheme, has_touch=True) as page:
        use_every_control(page, use_by_touch)


@pytest.mark.slow
def test_the_table_of_controls_has_every_control(opened):
    with opened() as page:
        ids = page.evaluate("""() => [...document.querySelectorAll(
            "button, input, select, textarea")]
          .filter((e) => !e.matches(".neuron, #hiding input, #point-fields *, [type=submit]"))
          .map((e) => e.id)""")
        layers = {f"{which}-{layer}" for which in ("more", "fewer") for layer in (2,)}
        assert {*ids} - layers - WITHOUT_A_KEY <= {*BY_KEYS}
        unnamed = page.evaluate("""() => [...document.querySelectorAll("button, input, select")]
          .filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
          .map((e) => e.id)""")
        assert unnamed == []


@pytest.mark.slow
def test_keys_of_the_page_play_and_step(opened):
    with opened() as page:
        for key, phase in (("1", "Forward"), ("2", "Backward"), ("3", "Update")):
            page.keyboard.press(key)
            assert page.locator("#phase").inner_text() == phase
        assert numbers(page)[0] == "1"
        page.keyboard.press("s")
        page.keyboard.press("e")
        assert numbers(page)[:2] == ["3", "3"]
        page.keyboard.press(" ")
        assert page.locator("#play").inner_text() == "Pause"
        becomes(page, "Number(document.querySelector('#numbers dd').textContent) > 5", True)
        page.keyboard.press(" ")
        page.locator("#log-scale").check()  # it has the focus, but no use for letters
        page.keyboard.press("r")
        assert numbers(page)[0] == "0"


# ------------------------------------------------------------------------------ time and phases


@pytest.mark.slow
def test_a_step_is_taken_apart(opened):
    with opened(reduced_motion="no-preference") as page:
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now()") + 60_000)  # it must lie in the future
        click(page, "forward")
        assert page.locator("#edges").input_value() == "weights"
        assert page.locator(".neuron.lit").count() == 4
        page.clock.run_for(3 * LAYER_MS)
        assert page.locator(".neuron.lit").count() == 0
        click(page, "backward")
        assert page.locator("#edges").input_value() == "gradients"
        unknown = "document.querySelectorAll('.edge.unknown').length"
        assert page.evaluate(unknown) == 2 * 4 + 4 * 4  # only the last layer has its gradients
        page.clock.run_for(LAYER_MS)
        assert page.evaluate(unknown) == 4 * 2
        page.clock.run_for(LAYER_MS)
        assert page.evaluate(unknown) == 0
        assert page.locator(".caption.grad").count() == 9
        click(page, "update")
        assert page.locator("#edges").input_value() == "updates"
        assert "moved the most" in page.locator("#said").inner_text()


@pytest.mark.slow
def test_the_scrubber_goes_back_to_the_same_numbers(opened):
    with opened() as page:
        seen = []
        for _ in range(6):
            click(page, "one-step")
            seen.append(page.evaluate("document.querySelector('#why-lines').innerText"))
        for step in (2, 5, 1):
            page.locator("#scrubber").fill(str(step))
            assert numbers(page)[0] == str(step)
        page.locator("#scrubber").fill("3")
        click(page, "one-step")
        assert page.evaluate("document.querySelector('#why-lines').innerText") == seen[3]
        assert page.locator("#scrubber").get_attribute("max") == "6"


@pytest.mark.slow
def test_training_stops_at_a_number_that_is_not_finite_and_names_the_node(opened):
    settings = {"data": {"kind": "plane"}, "training": {"loss": "mse", "lr": 50}}
    settings["network"] = {"activation": "relu"}
    with opened(settings) as page:
        click(page, "play")
        page.locator("#trouble").wait_for()
        said = r"Training stopped at step \d+: (\S.* is (nan|-?inf)|.* overflows|The sum of mse: )"
        assert re.match(said, trouble(page))
        assert page.locator("#play").inner_text() == "Play"
        page.locator("#training-lr").fill("6")  # a smaller learning rate
        click(page, "reset", "one-step", "one-step")
        assert trouble(page) == ""
        assert numbers(page)[0] == "2"


@pytest.mark.slow
def test_the_note_on_the_data_goes_with_them(browser, tmp_path):
    settings = Playground([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).settings
    Playground.of(settings, note="4 of the 9 samples.").save(tmp_path / "n.html")
    with watched(browser) as page:
        page.goto((tmp_path / "n.html").as_uri())
        click(page, "one-step")
        assert page.locator("#note").inner_text() == "4 of the 9 samples."
        page.locator("#lesson").select_option("1")
        assert page.locator("#note").count() == 0


@pytest.mark.slow
def test_in_narrow_columns_heads_and_feet_of_layers_do_not_meet(opened):
    parts = "[...document.querySelectorAll('{}')].map((e) => e.getBoundingClientRect())"
    with opened({"network": {"hidden": [3] * 6}}, viewport={"width": 390, "height": 768}) as page:
        for part in (".layer-head .stepper", ".layer-foot .length"):
            boxes = page.evaluate(parts.format(part))
            assert len(boxes) >= 6
            assert all(a["right"] <= b["left"] for a, b in pairwise(boxes)), part


@pytest.mark.slow
def test_vanishing_gradients_are_seen_below_the_layers(opened):
    network = {"hidden": [4] * 6, "activation": "sigmoid", "initializer": "xavier"}
    lengths = (
        "() => [...document.querySelectorAll('.layer-foot .length')].map((e) => +e.textContent)"
    )
    widths = "() => [...document.querySelectorAll('.layer-foot i')].map((e) => e.offsetWidth)"
    with opened({"network": network}) as page:
        click(page, "backward")
        sizes, bars = page.evaluate(lengths), page.evaluate(widths)
        assert len(sizes) == 7
        assert all(3 < b / a < 30 for a, b in pairwise(sizes))
        assert bars == sorted(bars)
        assert bars[0] == 0 < 60 < bars[-1]
        page.locator("#network-activation").select_option('"tanh"')
        click(page, "backward")
        assert max(page.evaluate(lengths)) < 10 * min(page.evaluate(lengths))


@pytest.mark.slow
def test_what_the_backward_pass_computes_is_not_shown_before_it(opened):
    network = {"hidden": [4] * 6, "activation": "sigmoid", "initializer": "xavier"}
    lengths = ".layer-foot .length"
    unknown, all_edges = ".edge.unknown", 2 * 4 + 5 * 4 * 4 + 4
    with opened({"network": network, "show": {"edges": "gradients"}}) as page:
        for before in ("reset", "forward"):
            click(page, before)
            page.locator("#edges").select_option("gradients")
            assert not "".join(page.locator(lengths).all_inner_texts())
            assert page.evaluate(
                "[...document.querySelectorAll('.layer-foot i')].every((e) => !e.offsetWidth)"
            )
            assert page.locator(unknown).count() == all_edges
        click(page, "reset")
        assert page.locator("#legend").inner_text() == "dL/dw comes with 2 Backward"
        page.locator("#edges").select_option("updates")
        assert page.locator("#legend").inner_text() == "update comes with 3 Update"
        click(page, "backward")
        assert all(float(text) for text in page.locator(lengths).all_inner_texts())
        assert page.locator(unknown).count() == 0
        assert re.fullmatch(r"dL/dw −(\S+)\s+\1", page.locator("#legend").inner_text())


@pytest.mark.slow
def test_gradients_below_the_neurons_do_not_meet(opened):
    caption = "[...document.querySelectorAll('.grad')].map((e) => e.getBoundingClientRect())"
    for layers in range(1, 9):
        network = {"hidden": [4] * layers, "activation": "sigmoid", "initializer": "xavier"}
        with opened({"network": network}) as page:
            click(page, "backward")
            boxes = [box for box in page.evaluate(caption) if box["width"]]
            assert boxes
            for a in boxes:
                beside = [b for b in boxes if b["y"] == a["y"] and b["x"] > a["x"]]
                assert all(a["right"] <= b["left"] for b in beside), layers


@pytest.mark.slow
def test_the_loss_after_a_step_is_the_loss_before_the_next_one(opened):
    said = re.compile(r"It is (\S+) before the step .* and (\S+) after it")
    with opened({"training": {"lr": 10.0}}) as page:
        click(page, "one-step")
        (_, after) = said.search(page.locator("#slice-said").inner_text()).groups()
        click(page, "forward")
        (before, _) = said.search(page.locator("#slice-said").inner_text()).groups()
        assert before == after


@pytest.mark.slow
def test_an_earlier_step_has_its_gradients_and_its_update(opened):
    shown = "[...document.querySelectorAll('.layer-foot .length, #said')].map((e) => e.innerText)"
    with opened() as page:
        click(page, "one-step", "one-step", "one-step")
        third = page.evaluate(shown)
        click(page, "one-step", "one-step")
        page.locator("#scrubber").fill("3")
        assert page.evaluate(shown) == third
        page.locator("#scrubber").fill("0")
        assert "as the initializer made them" in page.locator("#said").inner_text()


@pytest.mark.slow
def test_the_first_screen_has_the_accuracy_and_while_playing_all_follows(opened):
    with opened() as page:
        names = page.locator("#numbers dt").all_inner_texts()
        assert names[-2:] == ["train accuracy", "test accuracy"]
        box = page.locator("#numbers dd").last.bounding_box()
        assert box["y"] + box["height"] < 768
        said = "#slice-said"
        before = page.locator(said).inner_text()
        click(page, "play")
        becomes(page, f"document.querySelector('{said}').innerText !== {before!r}", True)
        becomes(
            page, "[...document.querySelectorAll('#numbers dd')].at(-1).innerText >= '85'", True
        )
        click(page, "play")
        page.locator("#data-kind").select_option('"plane"')
        assert page.locator("#numbers dt").last.inner_text() == "test R²"


# ------------------------------------------------------------------------- down to the scalar


def value(text):
    return float(text.strip("()"))


def assert_equation(text):
    """Assert that the numbers of ``... = 2 · (-3) + 1 = -5`` fit, as far as they are written."""
    *_, terms, result = text.split(" = ")
    if "·" not in terms and "+" not in terms:
        return
    total = 0.0
    for term in terms.split(" + "):
        product = 1.0
        for factor in term.split(" · "):
            product *= value(factor)
        total += product
    assert total == pytest.approx(value(result), rel=2e-3, abs=2e-3)


WALK = """(count) => Array.from({ length: count }, () => {
  const text = document.querySelector("#walk-said").firstChild.data;
  document.querySelector("#walk-next").click();
  return text;
})"""


@pytest.mark.slow
def test_the_walk_through_a_neuron_computes_forward_and_backward(opened):
    with opened() as page:
        click(page, "one-epoch", "neuron-1-2", "walk-first")
        count = int(page.locator("#walk-position").inner_text().split(" of ")[1])
        assert count == 4 + 1 + 1 + 1 + 1 + 5 + 8
        texts = page.evaluate(WALK, count)
        for text in texts:
            assert_equation(text)
        page.set_viewport_size({"width": 390, "height": 800})
        click(page, "walk-first")
        for _ in range(5):
            click(page, "walk-next")
        pane, node = page.locator("#scalar-picture"), page.locator("#scalar-picture .now-forward")
        right = pane.bounding_box()["x"] + pane.bounding_box()["width"]
        assert node.last.bounding_box()["x"] + 100 < right  # the picture scrolls to its step
        assert texts[0].startswith("p₁ = w⁽²⁾₃₁ · a⁽¹⁾₁ = ")
        assert any(text.startswith("dL/dw⁽²⁾₃₁ += dL/dp₁ · ∂p₁/∂w⁽²⁾₃₁ = ") for text in texts)


@pytest.mark.slow
def test_why_gives_the_update_in_numbers(opened):
    with opened() as page:
        for optimizer, words in (("sgd", "lr · dL/dw"), ("momentum", "lr · v"), ("adam", "√v̂")):
            page.locator("#training-optimizer").select_option(f'"{optimizer}"')
            click(page, "one-step", "one-step")
            lines = page.locator("#why-lines").inner_text()
            assert words in lines
            after = page.locator("#weight-value").input_value()
            assert lines.split(" = ")[-1].strip() == f"{float(after):.4g}"


@pytest.mark.slow
def test_a_weight_is_set_by_hand(opened):
    with opened() as page:
        page.locator("#weight-value").fill("-1.5")
        page.locator("#weight-value").press("Enter")
        assert "is -1.5 now" in page.locator("#weight-said").inner_text()
        assert "-1.5" in page.locator("#scalar-picture").inner_text()
        page.locator("#weight-value").fill("much")
        page.locator("#weight-value").press("Enter")
        assert '"much" is none' in page.locator("#weight-said").inner_text()


# ------------------------------------------------------------------------ mistakes and lessons


@pytest.mark.slow
def test_each_mistake_says_what_goes_wrong(opened):
    with opened() as page:
        for name in MISTAKES:
            page.locator(f"#mistake-{name}").check()
            click(page, "one-step", "one-step")
            assert len(page.locator("#mistake-text").inner_text()) > 40
            page.locator(f"#mistake-{name}").uncheck()
            assert page.locator("#mistake-text").is_hidden()


@pytest.mark.slow
def test_each_lesson_opens_with_a_question_and_trains(opened):
    with opened() as page:
        for k in range(LESSONS):
            page.locator("#lesson").select_option(str(k))
            assert page.locator("#lesson-text b").inner_text().endswith("?")
            click(page, "one-step", "one-step")
            assert (numbers(page)[0], trouble(page)) == ("2", "")


@pytest.mark.slow
def test_a_dead_relu_is_marked(opened):
    hidden, count = [2], 2 * 2 + 2 + 2 + 1
    weights = [0.0, 0.0, -1.0] + [1.0] * (count - 3)  # the first unit is 0 everywhere
    settings = {"network": {"hidden": hidden, "activation": "relu", "weights": weights}}
    with opened(settings) as page:
        assert page.locator(".neuron.dead").count() == 1
        assert "dead" in page.locator("#neuron-0-0").get_attribute("aria-label")


# --------------------------------------------------------------------------------------- points


def count_of_points(page):
    return int(re.search(r"of (\d+)", page.locator("#point-said").inner_text())[1])


@pytest.mark.slow
def test_points_are_added_moved_relabelled_and_deleted(opened):
    with opened({"data": {"samples": 40}}) as page:
        page.locator("#tool").select_option("add 1")
        page.locator("#plane").click(position={"x": 20, "y": 20})
        assert count_of_points(page) == 41
        chosen = page.locator("#point-fields select")
        assert chosen.input_value() == "1"
        chosen.select_option("0")
        assert "class 0" in page.locator("#scalar-heading").inner_text()
        page.locator("#tool").select_option("follow")
        box = page.locator("#plane").bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 150, box["y"] + 40, steps=4)
        page.mouse.up()
        before = page.locator("#scalar-picture").inner_text()
        page.locator("#plane").press("ArrowUp")
        assert page.locator("#scalar-picture").inner_text() != before
        page.locator("#plane").press("Enter")
        assert count_of_points(page) == 42
        page.locator("#plane").press("Delete")
        page.locator("#tool").select_option("delete")
        click(page, "delete-point")
        assert count_of_points(page) == 40
        click(page, "one-step")
        assert trouble(page) == ""


def file(text, name="data.csv"):
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


GOOD = "size,weight,kind\n" + "".join(f"{i},{i * i % 7},{'ab'[i % 2]}\n" for i in range(30))
BAD = {
    "empty": ("", "empty"),
    "not a number": ("a,b,c\n1,x,0\n2,3,1\n", "not a finite number"),
    "one class": ("1,2,a\n3,4,a\n", "one class"),
    "too long": ("a,b,c\n" + "1,2,0\n3,4,1\n" * 5000, "10,000 rows"),
    "nan": ("1,2,0\n3,nan,1\n", "not a finite number"),
    "ragged": ("1,2,0\n3,1\n", "columns"),
}


@pytest.mark.slow
def test_a_file_is_chosen_or_dropped_and_a_bad_one_is_refused_in_one_sentence(opened):
    with opened() as page:
        page.locator("#csv").set_input_files(file(GOOD))
        becomes(page, "document.querySelector('#data-kind').value", '"own"')
        assert count_of_points(page) == 30
        assert "size" in page.locator("#axis-x").inner_text()
        for text, words in BAD.values():
            page.locator("#csv").set_input_files(file(text))
            page.locator("#trouble", has_text=words).wait_for()  # reading a file takes a moment
            assert trouble(page).count(". ") == 0
            click(page, "one-step")  # the page goes on with its data
            page.evaluate("document.querySelector('#csv').value = ''")
        page.evaluate("""(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "t.csv"));
          document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
        }""", "x,y\n" + "".join(f"{i / 10},{i * i / 50}\n" for i in range(40)))  # fmt: skip
        becomes(page, "document.querySelector('#training-loss').value", '"mse"')
        assert "R²" in page.locator("#measures").inner_text()


@pytest.mark.slow
def test_of_two_dropped_files_none_is_taken_and_far_features_are_learned(opened):
    far = "far,near,kind\n" + "".join(f"{10_000 * i},{i % 5},{'ab'[i > 20]}\n" for i in range(40))
    with opened() as page:
        drop = """(texts) => {
          const data = new DataTransfer();
          texts.forEach((text, i) => data.items.add(new File([text], `${i}.csv`)));
          document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
        }"""
        page.evaluate(drop, [far, GOOD])
        assert trouble(page) == "2 files were dropped: drop one."
        assert page.locator("#data-kind").input_value() == '"moons"'
        page.evaluate(drop, [far])
        becomes(page, "document.querySelector('#data-kind').value", '"own"')
        page.evaluate("for (let k = 0; k < 60; k++) document.querySelector('#one-step').click()")
        assert float(numbers(page)[4].removesuffix("%")) > 90


@pytest.mark.slow
def test_of_many_features_two_are_chosen_for_the_plane(opened):
    rows = "".join(f"{i},{i % 5},{i * i % 7},{'ab'[i % 2]}\n" for i in range(30))
    with opened() as page:
        page.locator("#csv").set_input_files(file("one,two,three,kind\n" + rows))
        becomes(page, "document.querySelectorAll('.neuron.input').length", 3)
        page.locator("#data-shown-1").select_option("2")
        assert page.locator("#axis-x").inner_text().startswith("one")
        assert page.locator("#axis-y").inner_text().startswith("three")
        click(page, "one-step")
        assert trouble(page) == ""
        across, plain, upward = page.evaluate(COLORS_OF_INPUTS)
        assert across["rows"] == 1
        assert across["columns"] > 8
        assert upward["columns"] == 1
        assert upward["rows"] > 8
        assert plain == {"rows": 1, "columns": 1}  # at its mean


@pytest.mark.slow
@pytest.mark.parametrize("width", [WIDTHS[0], pytest.param(WIDTHS[1], marks=pytest.mark.slow)])
def test_long_names_of_features_stay_in_their_places(opened, width):
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)"]
    rows = "".join(f"{i},{i % 5},{i * i % 7},{'ab'[i % 2]}\n" for i in range(30))
    with opened(viewport={"width": width, "height": 800}) as page:
        page.locator("#csv").set_input_files(file(",".join([*names, "kind"]) + "\n" + rows))
        becomes(page, "document.querySelectorAll('.neuron.input').length", 3)
        pane = page.locator("#layers").bounding_box()
        for i, name in enumerate(names):
            caption = page.locator(".input + .caption").nth(i)
            assert caption.bounding_box()["x"] >= pane["x"]
            assert (
                caption.inner_text()
                == page.locator(".neuron.input").nth(i).get_attribute("title")
                == name
            )
            leaf = page.locator("#scalar-picture .leaf").nth(2 * i)
            label, number = (
                leaf.locator(".name").bounding_box(),
                leaf.locator(".data").bounding_box(),
            )
            assert label["x"] + label["width"] <= number["x"]
            assert leaf.locator("title").text_content() == name


# ------------------------------------------------------------------------------- runs and sharing


@pytest.mark.slow
def test_runs_are_kept_and_taken_up_again(opened):
    with opened() as page:
        for rate in ("10", "12"):
            page.locator("#training-lr").fill(rate)
            click(page, "one-step", "one-step", "keep-run", "reset")
        assert page.locator("#runs li").count() == 2
        assert page.locator("#loss-plot .curve").count() == 2 + 2 * 2
        assert page.locator("#loss-plot .curve.dashed").count() == 2
        page.get_by_role("button", name="Start again").first.click()
        page.get_by_role("button", name="Forget").first.click()
        assert page.locator("#runs li").count() == 1


@pytest.mark.slow
def test_a_link_has_the_state_and_hides_panels(opened):
    with opened() as page:
        page.locator("#data-kind").select_option('"circles"')
        page.locator("#training-optimizer").select_option('"adam"')
        click(page, "more-layers")
        page.locator("#hiding input[value=training]").check()
        click(page, "copy-link")
        link = page.locator("#shared-text").input_value()
    with opened(fragment="#" + link.partition("#")[2]) as page:
        assert page.locator("#data-kind").input_value() == '"circles"'
        assert page.locator("#layer-count").inner_text() == "3 hidden layers"
        assert page.locator("#training-controls").is_hidden()
        assert page.locator("#data-controls").is_visible()
    with opened(fragment="#nonsense") as page:
        assert "link is damaged" in trouble(page)
        click(page, "one-step")


@pytest.mark.slow
def test_the_code_and_the_model_say_the_same_in_python(opened, tmp_path, capsys):
    with opened({"data": {"samples": 60}, "network": {"hidden": [3]}}) as page:
        for _ in range(5):
            click(page, "one-step")
        click(page, "copy-python")
        code = page.locator("#shared-text").input_value()
        with page.expect_download() as download:
            click(page, "download-model")
        download.value.save_as(tmp_path / "model.json")
        loss = numbers(page)[2]
    exec(compile(code, "page", "exec"), {})
    assert f"{float(capsys.readouterr().out.split()[-1]):.3g}" == loss
    model = nn.load(tmp_path / "model.json")
    assert len([*model.parameters()]) == 2 * 3 + 3 + 3 + 1


# ------------------------------------------------------------------- all kinds, surroundings

KINDS = {
    "three classes": (
        {
            "data": {"kind": "gaussians", "classes": ["a", "b", "c"]},
            "training": {"loss": "cross_entropy"},
        },
        "accuracy",
    ),
    "plane": ({"data": {"kind": "plane"}, "training": {"loss": "mse"}}, "R²"),
    "curve": ({"data": {"kind": "curve"}, "training": {"loss": "mse"}}, "R²"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["three classes", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("curve", "plane"))],
)
def test_every_kind_of_data_is_shown_and_measured(opened, kind):
    settings, measure = KINDS[kind]
    with opened(settings) as page:
        blank = page.evaluate("document.querySelector('#dots').toDataURL()")
        click(page, "one-epoch", "next-point")
        assert page.evaluate("document.querySelector('#dots').toDataURL()") != blank
        assert measure in page.locator("#measures").inner_text()
        assert trouble(page) == ""


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), CASES)
def test_axe_finds_no_fault_in_a_new_page(opened, width, scheme):
    require_module("axe_playwright_python.sync_playwright")
    with opened(viewport={"width": width, "height": 768}, color_scheme=scheme) as page:
        assert faults(page) == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), CASES)
def test_axe_finds_no_fault_with_all_in_use(opened, width, scheme):
    require_module("axe_playwright_python.sync_playwright")
    with opened(viewport={"width": width, "height": 768}, color_scheme=scheme) as page:
        click(page, "backward", "walk-next", "mistake-no_activation", "keep-run", "copy-python")
        page.locator("#lesson").select_option("1")
        assert faults(page) == []


@pytest.mark.slow
def test_the_page_is_small_and_never_scrolls_sideways(opened, tmp_path):
    with opened({"network": {"hidden": [16, 16]}}) as page:
        assert (tmp_path / "p.html").stat().st_size <= MAX_BYTES
        for width in (320, 390, 700, 701, 900, 1100, 1366, 1920):
            page.set_viewport_size({"width": width, "height": 768})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [(4, 4), pytest.param((16, 16), marks=pytest.mark.slow)])
def test_the_work_of_a_frame_leaves_time(opened, hidden):
    """All work of the page's thread, as CPU time: other programs do not count."""
    with opened({"network": {"hidden": [*hidden]}}) as page:
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def used():
            metrics = session.send("Performance.getMetrics")["metrics"]
            (seconds,) = (m["value"] for m in metrics if m["name"] == "TaskDuration")
            return 1000 * seconds, page.evaluate("drawnFrames")

        page.evaluate(COUNT_FRAMES)
        click(page, "play")
        becomes(page, "drawnFrames > 20", True)  # until the code is compiled
        start, first = used()
        becomes(page, f"drawnFrames > {first + 20}", True)
        end, last = used()
        click(page, "play")
    assert (end - start) / (last - first) <= MAX_FRAME_MS[hidden]


@pytest.mark.slow
def test_without_javascript_the_picture_is_there(browser, tmp_path):
    Playground([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).save(tmp_path / "own.html")
    for java_script_enabled in (False, True):
        with watched(browser, java_script_enabled=java_script_enabled) as page:
            page.goto((tmp_path / "own.html").as_uri())
            assert page.locator(".still svg").count() == (not java_script_enabled)
            assert page.locator("header").is_visible() == java_script_enabled


@pytest.mark.slow
def test_in_a_frame_texts_are_offered_and_the_theme_is_that_around(browser, tmp_path):
    around = '<body style="background: #111; width: 1000px"><div>' + Playground()._repr_html_()
    (tmp_path / "f.html").write_text(around, encoding="utf-8")
    with watched(browser) as page:
        messages = []
        page.on("console", lambda message: messages.append(message.text))
        page.goto((tmp_path / "f.html").as_uri())
        frame = page.frames[1]
        becomes(frame, "document.documentElement.dataset.theme", "dark")
        becomes(frame, FITS, True)
        for name, words in (
            ("copy-python", "Ctrl+C"),
            ("download-model", "model.json"),
            ("copy-link", "address"),
        ):
            frame.locator(f"#{name}").click()
            assert words in frame.locator("#shared-said").inner_text()
        assert messages == []


@pytest.mark.slow
def test_on_paper_controls_are_gone(opened):
    with opened() as page:
        page.emulate_media(media="print")
        assert page.locator("#play").is_hidden()
        assert page.locator("#data-controls").is_hidden()
        assert page.locator("#plane").is_visible()
