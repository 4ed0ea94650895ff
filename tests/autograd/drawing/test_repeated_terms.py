"""A sum of repeated terms, as the loss of a batch, is drawn with one of its samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest

import autograd
from autograd import Value, draw_dot, to_svg, topological_order
from autograd.explaining.neurons import network
from autograd.explaining.repeated_terms import repeated_terms
from autograd.stepper import Stepper

from ...support.networks import numbers


def chained(terms: Iterable[Value]) -> Value:
    """Return the sum as Python writes it, one addition after another."""
    return sum(terms, Value(0.0)) / 20


def subtracted(terms: Iterable[Value]) -> Value:
    loss = Value(0.0)
    for term in terms:
        loss = loss - term
    return -loss / 20


SUMS: dict[str, Callable[[list[Value]], Value]] = {
    "added": lambda terms: sum(terms[1:], terms[0]) / 20,
    "from 0": chained,
    "subtracted": subtracted,
    "mean": autograd.mean,
    "sum": lambda terms: autograd.sum(terms) / 20,
}


def squared_errors(slope: str = "a", bias: str = "c") -> list[Value]:
    a, c = Value(0.7, slope), Value(0.5, bias)
    return [
        (a * x + c - y) ** 2 for x, y in zip(numbers(20, "x", 1), numbers(20, "y", 2), strict=True)
    ]


def leaves_drawn(svg: str) -> set[str]:
    return set(re.findall(r"<b>(\w+)</b>", svg)) | set(re.findall(r"bold[^>]*>(\w+)<", svg))


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("sample", [0, 7, 19])
def test_one_sample_is_drawn_and_the_others_are_counted(name: str, sample: int) -> None:
    svg = to_svg(SUMS[name](squared_errors()), sample=sample)
    assert leaves_drawn(svg) == {"a", "c", f"x{sample + 1}", f"y{sample + 1}"}
    assert "… 19 of other samples" in svg
    assert f"sample {sample + 1} of 20" in svg
    assert 9 <= svg.count('class="node ') <= 15


def test_a_softmax_regression_without_labels() -> None:
    weights = [[Value(0.1 * i * k) for i in range(4)] for k in range(3)]
    terms = []
    for i in range(6):
        xs = numbers(4, f"x{i}_", i)
        powers = [
            sum((w * x for w, x in zip(row, xs, strict=True)), Value(0.0)).exp() for row in weights
        ]
        terms.append(-(powers[i % 3] / sum(powers, Value(0.0))).log())
    svg = to_svg(SUMS["added"](terms), sample=2)
    assert leaves_drawn(svg) == {f"x2_{i}" for i in range(1, 5)}
    assert "… 5 of other samples" in svg


def test_one_neuron_over_20_samples_is_one_box_and_one_sum() -> None:
    loss = chained(squared_errors("w", "b"))
    svg = to_svg(loss, sample=3)
    assert svg.count('class="node neuron') == 1
    assert "sample 4 of 20" in svg
    assert svg.count('class="node ') < 12


def test_other_graphs_are_drawn_node_by_node() -> None:
    few = SUMS["added"](squared_errors()[:4])
    alone = autograd.sum(
        [w * x for w, x in zip(numbers(20, "u", 1), numbers(20, "x", 2), strict=True)]
    )
    uneven = autograd.sum(
        [term**k if k % 2 else term.exp() + k for k, term in enumerate(squared_errors()[:4])]
    )
    for graph in (few, alone, uneven):
        assert "sample 1" not in to_svg(graph)
        assert to_svg(graph, max_nodes=None).count('class="node ') >= len(topological_order(graph))
    assert repeated_terms(topological_order(alone)) is None


def test_whoever_asks_for_nodes_gets_them() -> None:
    loss = chained(squared_errors())
    count = len(topological_order(loss))
    for options in ({"level": "nodes", "max_nodes": None}, {"max_nodes": None}):
        assert to_svg(loss, **options).count('class="node ') >= count
    assert "sample 1 of 4" in draw_dot(SUMS["mean"](squared_errors()[:4]), level="network").source


def test_a_sum_inside_of_a_penalized_loss_is_found() -> None:
    terms = squared_errors()
    a = topological_order(terms[0])[0]
    svg = to_svg(chained(terms) + 0.01 * a * a, sample=1)
    assert "sample 2 of 20" in svg
    assert {"a", "c", "x2", "y2"} == leaves_drawn(svg)


def test_an_inner_sum_of_one_sample_is_no_sum_over_samples() -> None:
    w1, w2, w3 = (Value(0.1, f"w{i}") for i in range(3))
    outputs = [(w1 * x + w2 * y + w3 * x).tanh() for x, y in [(1.0, 2.0), (2.0, 3.0), (4.0, 1.0)]]
    root = autograd.sum(outputs)
    assert network(root).sums == {root: tuple(outputs)}


def test_a_page_plays_one_sample_and_has_the_gradients_of_all_leaves() -> None:
    stepper = Stepper(chained(squared_errors()))
    page = stepper._repr_html_()
    assert "the other 19 samples: " in page
    assert page.count("<g id=") < 40
