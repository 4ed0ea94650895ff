"""The texts of a page after an edit: they are what Python says of such a graph."""

import json

import pytest

from autograd import (
    Stepper,
    Unary,
    Value,
    dot,
    logsumexp,
    maximum,
    mean,
    recompute,
    steps,
    sum,
    tanh,
    topological_order,
)
from autograd.operation import TABLE
from autograd.stepper.mistakes import MISTAKES
from autograd.stepper.page.figures import LETTERS
from autograd.stepper.page.page_data import live_pass, page_data

from ...support.graphs import chain_after_fan_out, fan_out, product_of_sum
from ...support.node import run_module

STORY = """
import { Story } from "./autograd/stepper/page/story.js";
import { number } from "./autograd/pages/numbers.js";
const operations = %s;
const { data, leaves } = given;
const story = new Story(data, operations, data.frames.map(() => null));
story.change(leaves);
story.edited = true;
const { data: numbers, grads } = story.stateAt(story.last);
answer({
  words: data.frames.map((_, k) => story.words(k)),
  live: story.live,
  grads: [...grads].map(([i, { value, wrong }]) => [i, value, wrong]),
  data: [...numbers],
});
"""


def live(root, leaves, mistake=None, script=STORY, **options):
    """Return what the page of ``root`` shows with other numbers in its leaves, given by label."""
    order = topological_order(root)
    made_live = live_pass(Stepper(root, mistake, **options)._pass)
    made = page_data(made_live, set(range(len(order))))
    places = {node.label: i for i, node in enumerate(order) if not node.parents}
    changes = [[places[label], x] for label, x in leaves.items()]
    found = json.loads(json.dumps(made.json))
    return run_module(script % made_live.operations, {"data": found, "leaves": changes})


def neuron(x1=2.0, x2=0.0, w1=-3.0, w2=1.0, b=6.88):
    x1, x2, w1, w2, b = (Value(x, n) for x, n in zip((x1, x2, w1, w2, b), NEURON, strict=True))
    return (x1 * w1 + x2 * w2 + b).tanh()


def four_products(x1=-1.0, x2=2.0, x3=-3.0, x4=4.0):
    xs = [Value(x, f"x{i}") for i, x in enumerate((x1, x2, x3, x4), 1)]
    return dot(xs, [Value(-0.25, "w"), *xs[:3]], Value(0.5, "b"))


NEURON = ["x1", "x2", "w1", "w2", "b"]


def powers(a=2.0, b=3.0):
    a, b = Value(a, "a"), Value(b, "b")
    return (a**2 - b) / (a - b) ** 2 - -b


def choices(a=2.0, b=3.0, c=-1.0):
    a, b, c = Value(a, "a"), Value(b, "b"), Value(c, "c")
    return maximum(a, b, c) * a.relu() + mean([b, c]) - logsumexp([a, b, c]) + sum([a, c])


def layer(w=0.5, x=2.0, b=1.0):
    w, x, b = Value(w, "w"), Value(x, "x"), Value(b, "b")
    return dot([w, w], [x, 3.0], b).sigmoid() * dot([x], [b])


def repeated(a=3.0):
    a = Value(a, "a")
    return a * a * a + a


CASES = [
    (neuron, {"x1": -1.5, "w2": -0.25}),
    (neuron, {"b": 0.0, "w1": 1e-7}),
    (powers, {"a": -2.0, "b": 1.0}),
    (powers, {"b": -4.0}),
    (choices, {"a": 5.0, "c": 6.5}),
    (choices, {"a": -1.0, "b": -2.0, "c": -3.0}),
    (layer, {"w": -1.25, "x": -0.5}),
    (repeated, {"a": -0.3}),
    (four_products, {"x1": -2.0, "x3": -1.5}),
]


@pytest.mark.parametrize(("graph", "leaves"), CASES)
def test_texts_after_an_edit_are_those_of_python(graph, leaves):
    found = live(graph(), leaves)
    frames = steps(graph(**leaves))
    assert found["live"]
    for words, frame in zip(found["words"], frames, strict=True):
        assert words == {
            "text": frame.text,
            "rule": frame.rule,
            "sum": frame.so_far,
            "note": frame.note,
        }
    last = {frame.target: frame.value for frame in frames if frame.phase == "backward"}
    assert {i: value for i, value, _ in found["grads"]} == pytest.approx(last, rel=1e-12)


def squared_error(w=2.0, x=3.0, b=-1.0):
    w, x, b = Value(w, "w"), Value(x, "x"), Value(b, "b")
    return (tanh(w * x) * w + b - 0.5) ** 2


@pytest.mark.parametrize("zero_grad", [True, False])
def test_a_training_step_follows_too(zero_grad):
    options = {"update": 0.1, "zero_grad": zero_grad}
    leaves = {"w": -0.25, "x": 1.5}
    found = live(squared_error(), leaves, **options)
    frames = [f for f in steps(squared_error(**leaves), **options) if f.phase != "verdict"]
    for words, frame in zip(found["words"], frames, strict=zero_grad):
        sides = words["text"], words["rule"], words["sum"]
        assert sides == (frame.text, frame.rule, frame.so_far)


def squared_sum(x):
    """Return the graph of `chain_after_fan_out` for another x."""
    a = Value(x, "x") * 2
    a.label = "a"
    c = a + 1
    c.label = "c"
    return a * c


@pytest.mark.parametrize("mistake", MISTAKES)
def test_numbers_of_a_mistake_follow_too(mistake):
    found = live(chain_after_fan_out(), {"x": 2.0}, mistake)
    frames = steps(squared_sum(2.0), mistake)
    last = {frame.target: frame for frame in frames if frame.phase == "backward"}
    for i, value, wrong in found["grads"]:
        assert value == pytest.approx(last[i].value)
        assert wrong == last[i].wrong
    assert [words["text"] for words in found["words"]] == [frame.text for frame in frames]
    assert [words["note"] for words in found["words"]] == [frame.note for frame in frames]


def test_where_other_numbers_are_wrong_the_verdict_is_withdrawn():
    found = live(chain_after_fan_out(), {"x": -0.5}, "overwrite")  # c = 0: one term is 0
    right = {f.target for f in steps(squared_sum(-0.5), "overwrite") if f.wrong}
    assert {i for i, _, wrong in found["grads"] if wrong} == right
    assert found["words"][-1]["text"].startswith("verdict: with these numbers others are wrong")
    assert not any(words["note"] for words in found["words"])


def test_without_an_edit_the_numbers_are_those_of_python():
    for root in (product_of_sum(), fan_out(), neuron()):
        found = live(root, {})
        order = topological_order(root)
        assert dict(found["data"]) == pytest.approx({i: v.data for i, v in enumerate(order)})


def test_an_operation_without_javascript_makes_a_page_with_fixed_numbers():
    import math

    cube = Unary("cubed_by_math", lambda m, x: math.pow(x, 3), lambda y, x: 3 * x * x)
    try:
        root = cube(Value(2.0, "x")) * 2
        order = topological_order(root)
        made = page_data(live_pass(Stepper(root)._pass), set(range(len(order))))
        assert made.json["live"] is None
        assert made.json["figures"]
        assert all(row[0] == 8 for row in made.json["figures"])  # plain numbers
    finally:
        del TABLE["cubed_by_math"]


def test_a_label_cannot_be_taken_for_a_marker():
    x = Value(2.0, "".join(map(chr, LETTERS[:3])))
    found = live(x * x, {x.label: 3.0})
    assert found["words"][1]["text"] == f"f = {x.label} * {x.label} = 3 * 3 = 9"


def test_a_name_that_is_part_of_the_words_stays_where_it_is():
    labels = ["so far", "d", "/", "$&", "0", "∂", "df/d", "\ue000\ue001", "f", "x0", "x"]

    def graph(change):
        xs = [Value(i + change, label) for i, label in enumerate(labels, 1)]
        root = Value(0.5, "=")
        for x in xs:
            root = root * x + xs[0]
        return root

    root, again = graph(0.0), graph(0.25)
    changed = {label: i + 0.25 for i, label in enumerate(labels, 1)}
    found = live(root, changed)
    assert [step["text"] for step in found["words"]] == [frame.text for frame in steps(again)]
    assert [step["sum"] for step in found["words"]] == [frame.so_far for frame in steps(again)]


CODE = """
import { Story } from "./autograd/stepper/page/story.js";
import { pythonCode } from "./autograd/stepper/page/python_code.js";
const operations = %s;
const story = new Story(given.data, operations, given.data.frames.map(() => null));
story.change(given.leaves);
answer(pythonCode(story));
"""


@pytest.mark.parametrize(("graph", "leaves"), CASES)
def test_the_copied_python_computes_the_numbers_of_the_page(graph, leaves, capsys):
    code = live(graph(), leaves, script=CODE)
    expected = graph(**leaves)
    expected.backward()
    exec(code, {})
    root, *grads = capsys.readouterr().out.splitlines()
    assert float(root.split()[1]) == expected.data
    leaf_grads = {n.label: n.grad for n in topological_order(expected) if n.label and not n.op}
    assert {line.split()[0][2:].split("/d")[1]: float(line.split()[1]) for line in grads} == (
        leaf_grads
    )


def test_the_copied_python_imports_operations_of_ones_own(own, capsys):
    a, b = Value(1.5, "a"), Value(-2.0, "b")
    root = own.norm(own.cube(a), own.area(a, b)) + own.cube(b)
    code = live(root, {"a": 0.5}, script=CODE)
    assert "from tests.support.own_operation import cube\n" in code
    exec(code, {})
    a.data = 0.5
    recompute(root)
    assert float(capsys.readouterr().out.splitlines()[0].split()[1]) == root.data


def test_the_copied_python_says_what_must_be_declared(capsys):
    try:
        local = Unary("local_square", lambda m, x: x * x, lambda y, x: 2 * x)
        code = live(local(Value(3.0, "x")), {}, script=CODE)
    finally:
        del TABLE["local_square"]
    said = "# local_square is an operation of your own: import it here, or declare it"
    assert code.splitlines()[1] == said
    exec(code, {"local_square": lambda x: x * x})
    assert capsys.readouterr().out == "f 9.0\ndf/dx 6.0\n"


def test_names_that_are_no_names_in_python_are_replaced(capsys):
    x, y = Value(2.0, "lambda"), Value(-3.0, 'w 1"\\')
    code = live(x * y + x, {}, script=CODE)
    exec(code, {})
    assert capsys.readouterr().out.splitlines()[0].endswith("-4.0")
