"""The page of a network, and the user's own code on a page, in Chromium."""

import pytest

from autograd import Stepper, recompute, topological_order
from autograd.explaining.neurons import network

from ..support.browser import faults, require_module
from ..support.networks import batch_with_penalty, small_mlp, wide_mlp

NUMBERS = """() => Object.fromEntries(
  [...document.querySelectorAll("#picture .neuron text[data-node]")].map((text) => [
    text.getAttribute("class").split(" ")[0] + " " + text.getAttribute("data-node"),
    text.textContent,
  ]))"""

# after a click on each step of the list: its words, and how many neurons are marked
SHOWN_AT_EACH_STEP = """[...document.querySelectorAll("#steps button")].map((button) => {
  button.click();
  const marked = document.querySelectorAll("#picture .node:is(.forward, .backward)");
  return [document.querySelector("#formula .text").innerText, marked.length];
})"""


def backward(root):
    root.backward()
    return root


@pytest.mark.slow
def test_the_boxes_of_neurons_end_with_the_numbers_of_a_backward_pass(opened):
    root = backward(small_mlp())
    order = topological_order(root)
    with opened(Stepper(small_mlp())) as page:
        assert page.locator("#slider").get_attribute("max") == "27"
        page.keyboard.press("End")
        shown = page.evaluate(NUMBERS)
    for key, text in shown.items():
        role, place = key.split(" n")
        node = order[int(place)]
        assert text == f"{node.data if role == 'data' else node.grad:.4g}", key
    found = network(root)
    inside = {*found.parameters, *(n.a for n in found.neurons), *(n.z for n in found.neurons)}
    assert len(shown) == 2 * len(inside)


def test_a_neuron_opens_and_its_steps_are_played_one_by_one(opened):
    root = backward(small_mlp())
    order = topological_order(root)
    neuron = network(root).neurons[4]
    a = order.index(neuron.a)
    with opened(Stepper(small_mlp())) as page:
        page.locator(f"#n{a}").focus()  # the view follows
        page.wait_for_timeout(300)
        page.locator(f"#n{a} .opener").click()
        assert page.locator(f"#n{a}").get_attribute("aria-expanded") == "true"
        assert page.locator("#slider").get_attribute("max") == str(27 - 2 + 2 + 10)
        assert page.locator("#inside-heading").inner_text() == "Inside layer 2, neuron 1"
        page.keyboard.press("End")
        rows = page.locator("#inside-rows tr").all()
        for row, w, x in zip(rows, neuron.weights, neuron.inputs, strict=False):
            cells = [x.data, w.data, w.data * x.data, w.grad]
            texts = row.locator("td").all_inner_texts()
            assert [texts[i] for i in (0, 2, 3, 4)] == [f"{cell:.4g}" for cell in cells]
        assert [row.locator("td").last.inner_text() for row in rows[-2:]] == [
            f"{neuron.z.grad:.4g}", f"{neuron.a.grad:.4g}",
        ]  # fmt: skip
        page.locator(f"#n{a}").focus()
        page.keyboard.press("Enter")
        assert page.locator("#inside").is_hidden()
        assert page.locator("#slider").get_attribute("max") == "27"


@pytest.mark.slow
def test_an_edit_changes_every_neuron_that_depends_on_it(opened):
    root = small_mlp()
    order = topological_order(root)
    x = next(node for node in order if node.label == "x1")
    with opened(Stepper(small_mlp())) as page:
        page.keyboard.press("End")
        page.get_by_label("Value of x1", exact=True).fill("-0.75")
        shown = page.evaluate(NUMBERS)
        row = page.locator("#leaves-rows tr", has=page.get_by_label("Value of x1", exact=True))
        gradient = row.locator("td").last.inner_text()
    again = small_mlp()
    changed = topological_order(again)
    changed[order.index(x)].data = -0.75
    recompute(again)
    again.backward()
    for key, text in shown.items():
        role, place = key.split(" n")
        node = changed[int(place)]
        assert text == f"{node.data if role == 'data' else node.grad:.4g}", key
    assert gradient == f"{changed[order.index(x)].grad:.4g}"


@pytest.mark.slow
def test_a_sample_of_a_batch_has_its_page(opened):
    for sample in (0, 2):
        root = backward(batch_with_penalty())
        with opened(Stepper(batch_with_penalty(), sample=sample)) as page:
            page.keyboard.press("End")
            shown = page.evaluate(NUMBERS)
        order = topological_order(root)
        of_sample = [n for n in network(root).neurons if network(root).sample_of[n.a] == sample]
        for neuron in of_sample:
            for node in (neuron.z, *neuron.parameters):
                assert shown[f"grad n{order.index(node)}"] == f"{node.grad:.4g}"


@pytest.mark.slow
def test_the_contributions_of_a_batch_add_up(opened):
    root = batch_with_penalty()
    with opened(Stepper(root)) as page:
        steps_shown = int(page.locator("#slider").get_attribute("max"))
        assert steps_shown < 30
        page.keyboard.press("End")
        page.locator("#picture [data-node].data").nth(2).click()  # a weight
        terms = page.locator("#terms-list li").all_inner_texts()
    backward(root)
    labels = {node.label: node for node in topological_order(root)}
    weight = labels["layers.0.neurons.0.w.0"]
    assert len(terms) == 6  # four samples, and w * w of the penalty
    added = [float(text.splitlines()[0].split(" = ")[-1]) for text in terms]
    assert sum(added) == pytest.approx(weight.grad, abs=1e-3)


def assert_shows_sample(page, root, k):
    """Assert that the boxes have the numbers of sample ``k`` after a backward pass."""
    order, found = topological_order(root), network(root)
    shown = page.evaluate(NUMBERS)
    of_sample = [n for n in found.neurons if found.sample_of[n.a] == k]
    pieces = {x for n in of_sample for x in (n.a, n.z, *n.parameters)}
    assert {int(key.split(" n")[1]) for key in shown} == {order.index(x) for x in pieces}
    for key, text in shown.items():
        role, place = key.split(" n")
        node = order[int(place)]
        assert text == f"{node.data if role == 'data' else node.grad:.4g}", key
    assert page.locator("#sample").input_value() == str(k)
    assert page.locator("#picture g.graph > text").first.text_content() == f"sample {k + 1} of 4"


@pytest.mark.slow
def test_another_sample_of_a_batch_is_chosen_on_the_page(opened):
    root = backward(batch_with_penalty())
    order, found = topological_order(root), network(root)
    with opened(Stepper(batch_with_penalty(), sample=1)) as page:
        assert page.locator("#sample-chooser").inner_text().split() == [
            "Sample",
            *"1234",
            "of",
            "4",
        ]
        page.keyboard.press("End")
        assert_shows_sample(page, root, 1)
        for k in (2, 3, 0, 1):
            page.locator("#sample").focus()
            page.locator("#sample").select_option(index=k)
            page.locator("#last").click()
            assert_shows_sample(page, root, k)
            neuron = next(n for n in found.neurons if found.sample_of[n.a] == k)
            a = order.index(neuron.a)
            page.locator(f"#n{a}").focus()
            page.keyboard.press("Enter")
            cells = page.locator("#inside-rows tr").first.locator("td").all_inner_texts()
            x, w = neuron.inputs[0], neuron.weights[0]
            assert cells[:1] + cells[2:] == [
                f"{number:.4g}" for number in (x.data, w.data, w.data * x.data, w.grad)
            ]
        page.locator("#sample").focus()
        page.keyboard.press("ArrowDown")
        assert page.locator("#sample").input_value() == "2"
        assert page.locator("#inside-heading").inner_text() == "Inside layer 1, neuron 1"
        name = page.locator(".node.constant text", has_text="x1").text_content()
        page.get_by_label(f"Value of {name}", exact=True).fill("0.25")
        page.keyboard.press("Escape")
        page.locator("#last").click()
        again = batch_with_penalty()
        changed = topological_order(again)
        read = found.neurons[
            next(i for i, n in enumerate(found.neurons) if found.sample_of[n.a] == 2)
        ]
        changed[order.index(read.inputs[0])].data = 0.25
        recompute(again)
        assert_shows_sample(page, backward(again), 2)
        page.locator("#search").fill("layer 2, neuron 1")
        page.locator("#search").press("Enter")
        assert page.locator("#picture .chosen").count() == 1


@pytest.mark.slow
def test_the_steps_of_another_sample_follow_and_are_predicted(opened):
    told = Stepper(batch_with_penalty(), sample=3)
    with opened(told) as page:
        expected = page.locator("#steps .text").all_text_contents()
    with opened(Stepper(batch_with_penalty())) as page:
        page.keyboard.press("ArrowRight")
        page.locator("#sample").select_option(index=3)
        assert page.locator("#steps .text").all_text_contents() == expected
        at = page.locator("#formula .text").inner_text()
        assert at.startswith("layer 1, neuron 1: ")
        shown = page.evaluate(SHOWN_AT_EACH_STEP)
        assert [text for text, _ in shown] == expected
        assert {count for text, count in shown if text.startswith("layer ")} == {1}
        page.locator("#predict").click()
        first = next(k for k, text in enumerate(expected) if text.startswith("layer 1"))
        page.locator("#steps button").nth(first).click()
        page.locator("#give-up").click()
        assert "layer 1, neuron 1: " in page.locator("#verdict").inner_text()


@pytest.mark.slow
def test_the_batch_tells_how_its_samples_add_up_to_a_gradient(opened):
    root = backward(batch_with_penalty())
    order = topological_order(root)
    weight = next(n for n in order if n.label == "layers.1.neurons.0.w.1")
    with opened(Stepper(batch_with_penalty())) as page:
        assert "Choose a parameter" in page.locator("#samples-heading").inner_text()
        page.keyboard.press("End")
        page.locator(f'#picture .data[data-node="n{order.index(weight)}"]').click()
        rows = [
            row.locator("td").all_inner_texts() for row in page.locator("#samples-rows tr").all()
        ]
        page.keyboard.press("Home")
        first = page.locator("#samples-rows tr").first.locator("td").all_inner_texts()
        page.locator("#samples-rows button").nth(2).click()
        assert page.locator("#sample").input_value() == "2"
    *samples, (*_, penalty), (_, mean, slope, _, total) = rows
    assert first[1:] == ["·"] * 4
    assert (mean, slope) == (f"{order[-1].parents[0].data:.4g}", "1")
    assert total == f"{weight.grad:.4g}"
    parts = [float(text) for *_, text in samples]
    assert sum(parts) + float(penalty) == pytest.approx(weight.grad, abs=1e-3)
    for _, _, upstream, slope, term in samples:
        assert float(upstream) * float(slope) == pytest.approx(float(term), abs=1e-4)


def branching(x):
    return x * 2 if x > 0 else x * -3


@pytest.mark.slow
def test_an_edit_that_turns_a_comparison_is_told(opened):
    with opened(Stepper(branching, 1.0)) as page:
        assert "another way" not in page.locator("#turn").inner_text()
        page.get_by_label("Value of x", exact=True).fill("-2")
        expected = "With these numbers x > 0.0 is false: the function takes another way"
        assert page.locator("#turn").inner_text().startswith(expected)
        page.get_by_label("Value of x", exact=True).fill("3")
        assert "another way" not in page.locator("#turn").inner_text()


def square_error(x, w, target=1.0):
    total = sum(wi * xi for wi, xi in zip(w, x, strict=True))
    return (total - target) ** 2


@pytest.mark.slow
def test_the_line_of_a_step_is_marked_and_a_line_lights_its_nodes(opened):
    with opened(Stepper(square_error, [1.0, 2.0], [0.5, -1.0])) as page:
        marked = []
        for _ in range(int(page.locator("#slider").get_attribute("max"))):
            page.keyboard.press("ArrowRight")
            marked.append(page.locator("#sources mark").all_inner_texts())
        assert marked[:3] == [
            ["wi * xi"], ["sum(wi * xi for wi, xi in zip(w, x, strict=True))"], ["wi * xi"],
        ]  # fmt: skip
        assert page.locator("#turn").inner_text().startswith("v1 was made in square_error, line ")
        line = page.locator("#sources button.line").first
        line.click()
        assert line.get_attribute("aria-pressed") == "true"
        assert page.locator("#picture .from-line").count() == 4
        line.click()
        assert page.locator("#picture .from-line").count() == 0


@pytest.mark.slow
def test_a_page_without_source_works(opened):
    with opened(Stepper(eval("lambda x: x * x"), 3.0)) as page:
        assert page.locator("#code-section").is_hidden()
        page.keyboard.press("End")
        assert page.locator("#formula .text").inner_text().startswith("df/dx += ")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_an_open_neuron_or_in_code(opened, scheme):
    require_module("axe_playwright_python.sync_playwright")
    with opened(Stepper(small_mlp()), color_scheme=scheme) as page:
        page.locator(".opener").first.click()
        page.keyboard.press("End")
        assert faults(page) == []
    with opened(Stepper(square_error, [1.0, 2.0], [0.5, -1.0]), color_scheme=scheme) as page:
        page.keyboard.press("ArrowRight")
        page.locator("#sources button.line").first.click()
        assert faults(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_no_fault_in_a_sample_of_a_batch(opened, scheme):
    require_module("axe_playwright_python.sync_playwright")
    with opened(Stepper(batch_with_penalty()), color_scheme=scheme) as page:
        page.keyboard.press("End")
        page.locator("#sample").select_option(index=2)
        page.locator("#picture .data[data-node]").nth(2).click()
        page.get_by_label("Value of b⁽²⁾₁", exact=True).fill("abc")
        assert faults(page) == []


@pytest.mark.slow
def test_a_long_number_stays_inside_the_box_of_an_input(opened):
    with opened(Stepper(batch_with_penalty())) as page:
        field = page.locator("#leaves input").first
        field.fill("-0.00012345")
        field.press("Enter")
        box = page.locator("#picture .node.constant", has_text="x1")
        sides = "(part) => (({left, right}) => [left, right])(part.getBoundingClientRect())"
        left, right = box.locator("polygon").evaluate(sides)
        number_left, number_right = box.locator(".data").evaluate(sides)
        word_right = box.locator("text", has_text="data").evaluate(sides)[1]
        assert left < word_right <= number_left < number_right < right


@pytest.mark.slow
def test_the_edges_of_a_step_stand_out_of_a_dense_layer(opened):
    opacity = "all => [...new Set(all.map((e) => getComputedStyle(e).opacity))]"
    with opened(Stepper(wide_mlp())) as page:
        page.keyboard.press("End")
        assert "goes to each weight" in page.locator("#edge-card").inner_text()
        assert page.locator("#picture .edge.backward").evaluate_all(opacity) == ["1"]
        assert page.locator("#picture .edge:not(.backward)").evaluate_all(opacity) == ["0.4"]
    with opened(Stepper(small_mlp())) as page:
        assert page.locator("#picture .edge").evaluate_all(opacity) == ["1"]
