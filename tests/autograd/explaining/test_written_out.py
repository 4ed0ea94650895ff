"""`formula`: the whole expression as text, and its size without writing it."""

import math

import pytest

import autograd as ag
from autograd import Value, adjoints, formula


def variables():
    return Value(0.5, "x"), Value(2.0, "y")


@pytest.mark.parametrize(
    ("build", "text", "operations", "nodes"),
    [
        (lambda x, y: x, "x", 0, 1),
        (lambda x, y: Value(3.0), "3", 0, 1),
        (lambda x, y: x + 2, "x + 2", 1, 3),
        (lambda x, y: (x + y) * (x + y), "(x + y) * (x + y)", 3, 5),
        (lambda x, y: ag.tanh(x * y) - 1, "tanh(x * y) - 1", 3, 6),
        (lambda x, y: ag.dot([x, y], [y, x], 1.0), "x * y + y * x + 1", 4, 4),
        (lambda x, y: ag.sum([x, y, x]), "x + y + x", 2, 3),
    ],
)
def test_text_and_sizes(build, text, operations, nodes):
    found = formula(build(*variables()))
    assert (found.text, found.operations, found.nodes) == (text, operations, nodes)
    assert str(found) == text


def test_labels_of_inner_nodes_are_written_out_and_the_graph_stays_as_it_is():
    x, y = variables()
    q = x + y
    q.label = "q"
    assert formula(q * q).text == "(x + y) * (x + y)"
    assert q.label == "q"
    q.label = "s"
    assert formula(q).text == "x + y"


def test_the_text_evaluates_to_the_value():
    x, y = variables()
    z = (x * y - 1) / (x + ag.exp(y * x)) ** 2 - x * (y - x)
    (by_x,) = adjoints(z, [x])
    names = {"x": 0.5, "y": 2.0, "exp": math.exp}
    assert eval(formula(z).text, names) == pytest.approx(z.data, rel=1e-12)
    assert eval(formula(by_x).text, names) == pytest.approx(by_x.data, rel=1e-12)


def test_an_exponential_size_is_counted_without_writing():
    x = Value(1.0, "x")
    y = x
    for _ in range(2000):
        y = y * y
    found = formula(y)
    assert found.operations == 2**2000 - 1
    assert found.nodes == 2001
    assert "…" in found.text


@pytest.mark.parametrize("max_characters", [20, 60, 300])
def test_a_long_formula_is_cut_to_so_many_characters(max_characters):
    y = x = Value(1.0, "x")
    for _ in range(12):
        y = ag.sin(y) + y * x
    found = formula(y, max_characters)
    assert len(found.text) <= max_characters
    assert "…" in found.text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0,), TypeError, "the root of a graph is a Value, got 3.0"),
        ((Value(1.0), 5), ValueError, "a whole number from 20, got 5"),
        ((Value(1.0), "all"), ValueError, "a whole number from 20, got 'all'"),
    ],
)
def test_wrong_input_is_refused_and_named(arguments, error, message):
    with pytest.raises(error, match=message):
        formula(*arguments)
