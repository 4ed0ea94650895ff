"""The page of a stepper, written to a file and opened in Chromium."""

import re

import pytest

from autograd import Stepper, Value, dot, steps, sum
from autograd.stepper.mistakes import MISTAKES

from ..support.browser import (
    assert_plays,
    assert_shows,
    faults,
    require,
    require_module,
    states,
    watched,
)
from ..support.graphs import HOSTILE_LABELS, chain_after_fan_out, deep, fan_out, product_of_sum


@pytest.mark.parametrize(
    ("graph", "mistake"),
    [(chain_after_fan_out, None)]
    + [pytest.param(chain_after_fan_out, m, marks=pytest.mark.slow) for m in MISTAKES]
    + [pytest.param(product_of_sum, None, marks=pytest.mark.slow)],
)
def test_each_step_forward_and_back_shows_the_right_numbers(opened, graph, mistake):
    root, frames = graph(), steps(graph(), mistake)
    with opened(Stepper(root, mistake)) as page:
        assert_plays(page, page.keyboard.press, root, frames)


@pytest.mark.slow
def test_the_step_after_a_backward_pass_is_played(opened):
    root = product_of_sum()
    options = {"update": 0.1, "zero_grad": False}
    frames = steps(root, **options)
    assert any(frame.phase == "update" for frame in frames)
    with opened(Stepper(root, **options)) as page:
        assert_plays(page, page.keyboard.press, root, frames)


@pytest.mark.slow
def test_a_picture_drawn_without_graphviz_is_played_too(opened, monkeypatch):
    monkeypatch.setattr("autograd.drawing.picture.has_graphviz", lambda: False)
    root = chain_after_fan_out()
    stepper = Stepper(root)
    assert "drawn without Graphviz" in stepper._repr_mimebundle_()["text/html"]
    with opened(stepper) as page:
        assert_plays(page, page.keyboard.press, root, steps(root))


@pytest.mark.slow
def test_the_page_opens_at_the_step_that_is_asked_for(opened):
    root = chain_after_fan_out()
    frames = steps(root)
    backward = next(k for k, frame in enumerate(frames) if frame.phase == "backward")
    with opened(Stepper(root, step="backward")) as page:
        assert page.text_content("#position") == f"Step {backward + 1} of {len(frames)}"
        current = page.locator("#steps [aria-current=step]")
        assert frames[backward].text in current.text_content()
        page.click("#first")
        assert page.text_content("#position") == f"Step 1 of {len(frames)}"


@pytest.mark.slow
def test_the_list_shows_the_step_that_is_opened_in_a_frame_that_appears_later(browser, tmp_path):
    loss = sum([Value(float(i), f"x{i}") ** 2 for i in range(12)])
    Stepper(loss, step="last").save(tmp_path / "f.html")
    frame = '<iframe src="f.html" width="900" height="900" style="display: none"></iframe>'
    (tmp_path / "around.html").write_text(frame)
    with watched(browser) as page:
        page.goto((tmp_path / "around.html").as_uri())
        page.evaluate("document.querySelector('iframe').style.display = 'block'")
        inside = page.query_selector("iframe").content_frame()
        inside.wait_for_function("""() => {
          const pane = document.querySelector("#steps").getBoundingClientRect();
          const item = document.querySelector("#steps [aria-current]").getBoundingClientRect();
          return item.height && pane.top <= item.top && item.bottom <= pane.bottom + 1;
        }""")


@pytest.mark.slow
def test_the_picture_of_a_later_step_is_not_tiny_in_a_frame_that_appears_later(browser, tmp_path):
    Stepper((Value(2.0, "x") * 3).tanh(), step="last").save(tmp_path / "f.html")
    frame = '<iframe src="f.html" width="900" height="900" style="display: none"></iframe>'
    (tmp_path / "around.html").write_text(frame)
    with watched(browser) as page:
        page.goto((tmp_path / "around.html").as_uri())
        page.evaluate("document.querySelector('iframe').style.display = 'block'")
        page.wait_for_timeout(500)  # a move of the picture would be over
        inside = page.query_selector("iframe").content_frame()
        assert inside.locator("#picture .node").first.bounding_box()["width"] > 40


@pytest.mark.slow
def test_the_numbers_of_a_product_stay_on_one_line_in_a_narrow_frame(opened):
    loss = (Value(-0.0006703125, "a") * Value(-0.0001234567, "b")) * -0.000987654
    with opened(Stepper(loss, step="last"), viewport={"width": 900, "height": 900}) as page:
        numbers = page.locator(".tile b")
        assert max(map(len, numbers.all_text_contents())) >= 10
        heights = [each.bounding_box()["height"] for each in numbers.all()]
        assert max(heights) < 30


def test_a_missing_browser_skips_but_fails_in_continuous_integration(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a browser"):
        require(False, "needs a browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs a browser"):
        require(False, "needs a browser")


@pytest.mark.slow
def test_the_slider_the_list_and_the_other_buttons_jump(opened):
    root, frames = fan_out(), steps(fan_out())
    expected, last = list(states(root, frames)), len(frames) - 1
    with opened(Stepper(root)) as page:
        page.locator("#last").click()
        assert_shows(page, frames, expected, last)
        page.locator("#next").click(force=True)  # it says that it is disabled
        assert_shows(page, frames, expected, last)
        page.locator("#first").click()
        assert_shows(page, frames, expected, 0)
        page.locator("#slider").fill("4")
        assert_shows(page, frames, expected, 3)
        page.locator("#slider").press("ArrowRight")
        assert_shows(page, frames, expected, 4)
        for k, item in enumerate(page.locator("#steps button").all()):
            item.click()
            assert_shows(page, frames, expected, k)
        page.keyboard.press("Home")
        page.keyboard.press("Tab")  # from the last item of the list on
        assert_shows(page, frames, expected, 0)


@pytest.mark.slow
def test_play_goes_through_all_steps_and_stops(opened):
    root = product_of_sum()
    frames = steps(root)
    with opened(Stepper(root)) as page:
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now()") + 60_000)  # it must lie in the future
        page.locator("#play").click()
        assert page.locator("#play").inner_text() == "Pause"
        for k in range(1, len(frames)):
            page.clock.run_for(1400)
            assert page.locator("#position").inner_text() == f"Step {k + 1} of {len(frames)}"
        assert page.locator("#play").inner_text() == "Play"
        page.locator("#play").click()
        assert page.locator("#position").inner_text() == f"Step 1 of {len(frames)}"
        page.keyboard.press("ArrowRight")  # a step by hand ends the playing
        page.clock.run_for(5000)
        assert page.locator("#position").inner_text() == f"Step 2 of {len(frames)}"


@pytest.mark.slow
def test_a_node_lists_every_term_of_its_gradient(opened):
    frames = steps(fan_out())
    a = next(frame.target for frame in frames if frame.name == "a")
    terms = [frame for frame in frames if frame.target == a and frame.phase == "backward"]
    with opened(Stepper(fan_out())) as page:
        page.locator(f"#n{a}").click()
        assert page.locator("#terms-heading").inner_text() == "The terms of df/da"
        page.locator("#n1").focus()
        assert page.locator("#terms-heading").inner_text() != "The terms of df/da"
        page.locator(f"#n{a}").focus()
        shown = page.locator("#terms-list li").all_inner_texts()
        for text, frame in zip(shown, terms, strict=True):
            assert all(part in text for part in (frame.text, frame.rule, frame.so_far, "to come"))
        page.locator("#terms-list button").last.click()
        assert page.locator("#formula .text").inner_text() == terms[-1].text
        assert "still to come" not in page.locator("#terms-list").inner_text()


@pytest.mark.slow
def test_a_mistake_is_shown_beside_the_right_pass(opened):
    frames = steps(chain_after_fan_out(), "order")
    first = next(k for k, frame in enumerate(frames) if frame.first_wrong)
    with opened(Stepper(chain_after_fan_out(), "order")) as page:
        page.locator("#steps button").nth(first).click()
        assert frames[first].note in page.locator("#formula").inner_text()
        assert page.locator(".node .grad.wrong").all_text_contents() == ["14"]
        row = page.locator("#compared tr.wrong td").all_inner_texts()
        assert row == ["df/dx", "14 (wrong)", "26"]


@pytest.mark.slow
def test_without_javascript_the_steps_are_there(opened):
    frames = steps(fan_out())
    with opened(Stepper(fan_out()), java_script_enabled=False) as page:
        texts = page.locator("#steps li .text").all_inner_texts()
        assert texts == [frame.text for frame in frames]
        assert all(item.is_visible() for item in page.locator("#steps li .rule").all())
        assert not page.locator("#next").is_visible()
        assert page.locator("#picture svg").is_visible()


@pytest.mark.slow
def test_hostile_labels_play(opened):
    root = sum([Value(2.0, label) for label in HOSTILE_LABELS])
    root.label = HOSTILE_LABELS[0]
    frames = steps(root)
    expected = list(states(root, frames))
    with opened(Stepper(root)) as page:
        for k in (0, 1, len(frames) - 1):
            page.locator("#steps button").nth(k).click()
            assert_shows(page, frames, expected, k)
        for node in page.locator(".node").all():
            node.focus()
        assert page.locator("script").count() == 2


@pytest.mark.slow
def test_gradients_that_are_not_finite_are_shown(opened):
    root = Value(0.0, "x").sqrt() + Value(0.0, "y") * Value(1.0, "z")
    with opened(Stepper(root)) as page:
        page.keyboard.press("End")
        grads = page.locator("#picture .grad").all_text_contents()
        assert "inf" in grads
        tinted = page.locator("#picture .node:has(.tint.plus) .grad").all_text_contents()
        assert sorted(tinted) == sorted(grad for grad in grads if grad != "0")


@pytest.mark.slow
def test_a_folded_page_plays_to_its_end(opened):
    with opened(Stepper(deep(), max_nodes=30)) as page:
        page.keyboard.press("End")
        shown = page.evaluate(
            "[...document.querySelectorAll('.node .grad')].map((t) => t.textContent)"
        )
        assert len(shown) >= 20
        assert "·" not in shown


@pytest.mark.slow  # by default one live page is tested
@pytest.mark.parametrize("mistake", [None, "order"])
def test_axe_finds_no_accessibility_fault(opened, mistake):
    require_module("axe_playwright_python.sync_playwright")
    with opened(Stepper(chain_after_fan_out(), mistake)) as page:
        page.locator("#n0").focus()
        for key in ("Home", "End", "ArrowLeft"):
            page.keyboard.press(key)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert faults(page) == []


@pytest.mark.slow
def test_motion_and_colors_follow_the_readers_settings(opened):
    background = "getComputedStyle(document.documentElement).backgroundColor"
    duration = "getComputedStyle(document.querySelector('.node > path')).transitionDuration"
    with opened(Stepper(fan_out()), color_scheme="dark") as page:
        dark, still = page.evaluate(background), page.evaluate(duration)
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        assert page.evaluate(background) == "rgb(255, 255, 255)" != dark
        assert page.evaluate(duration) != still == "0s"


@pytest.mark.slow
def test_every_box_can_be_read(opened):
    boxes = """() => [...document.querySelectorAll('.node')].map((node) => [
      [...node.querySelectorAll(':scope > :is(polygon, path):not(.tint)')],
      [...node.querySelectorAll('text')],
    ].map((group) => group.map((e) => getComputedStyle(e).fill)))"""

    def lightness(color):
        return max(map(float, re.findall(r"[\d.]+", color)[:3]))

    root = dot([Value(2.0, "w.0")], [fan_out()], Value(1.0, "b"))
    with opened(Stepper(root)) as page:
        for scheme, dark in (("light", False), ("dark", True)):
            page.emulate_media(color_scheme=scheme)
            for fills, inks in page.evaluate(boxes):
                assert all((lightness(fill) < 70) == dark for fill in fills if fill != "none")
                assert all((lightness(ink) > 150) == dark for ink in inks)


@pytest.mark.slow
def test_no_width_makes_the_page_scroll_sideways(opened):
    with opened(Stepper(chain_after_fan_out(), "order")) as page:
        for width in (320, 390, 500, 700, 880, 1366):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
