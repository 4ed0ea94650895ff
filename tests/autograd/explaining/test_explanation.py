"""A derivative explained: as the sum over the uses of a node, and over its paths."""

import math
import re

import pytest
from hypothesis import HealthCheck, given, settings

import autograd as ag
from autograd import Value, adjoints, explain, topological_order

from ...support.random_graphs import programs


def test_the_terms_are_adjoint_times_local_gradient_of_each_use():
    x, y = Value(2.0, "x"), Value(5.0, "y")
    p = x * y
    p.label = "p"
    f = p * x + x.log()
    e = explain(f, x)
    assert [term[:3] for term in e.terms] == [
        ("p", "p = x * y = 2 * 5", 1),
        ("v1", "v1 = p * x = 10 * 2", 2),
        ("v2", "v2 = log(x) = log(2)", 1),
    ]
    assert [term[3:] for term in e.terms] == [(2.0, 5.0), (1.0, 10.0), (1.0, 0.5)]
    assert sum(term.value for term in e.terms) == e.derivative == 20.5
    assert (e.path_count, e.paths) == (3, [])
    assert x.grad == 0.0


def test_the_text_has_names_and_numbers():
    x = Value(3.0, "x")
    assert repr(explain((x * x).relu() * -0.5, x, paths=1)).splitlines() == [
        "df/dx = -3: adjoint times local gradient, summed over the uses of x",
        "  df/dv1 · ∂v1/∂x = -0.5 · 3 = -1.5  where v1 = x * x = 3 * 3, operand 1",
        "  df/dv1 · ∂v1/∂x = -0.5 · 3 = -1.5  where v1 = x * x = 3 * 3, operand 2",
        "and by paths, of which there are 2:",
        "  x → v1 → v2 → f: 3 · 1 · (-0.5) = -1.5",
        "  and 1 more path, together -1.5",
    ]
    many = ag.sum([x * i for i in range(1, 31)])
    lines = repr(explain(many, x)).splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == f"  and 10 more terms, together {sum(range(21, 31))}"


def test_what_does_not_depend_and_the_node_itself():
    x, y = Value(3.0, "x"), Value(4.0, "y")
    assert repr(explain(y * 2, x)) == "df/dx = 0: f does not depend on x"
    assert repr(explain(y, y)) == "dy/dy = 1"
    assert explain(y * 2, x).path_count == 0
    with pytest.raises(TypeError, match=r"^explain\(y, x\) needs two Values, got 3.0 \(fl"):
        explain(y, 3.0)
    with pytest.raises(TypeError, match=r"got 'x' .*: give the Value itself, not its label"):
        explain(y, "x")
    with pytest.raises(TypeError, match="got None"):
        explain(None, y)
    for paths in (-1, "all"):
        with pytest.raises(ValueError, match=f"0 or more, got {paths!r}"):
            explain(y, x, paths=paths)


def test_latex_is_balanced_and_shows_the_sum_in_symbols_and_in_numbers():
    x = Value(3.0, "x_1")
    y = x * x + x
    y.label = "100% {of} it"
    text = explain(y, x, paths=2)._repr_latex_()
    assert text.startswith(r"$$\begin{aligned} ")
    assert text.endswith(r" \end{aligned}$$")
    plain = re.sub(r"\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")
    assert r"\frac{d \text{100\% \{of\} it}}{d v_{1}}" in text
    assert r"1 \cdot 3 + 1 \cdot 3 + 1 \cdot 1 \\ &= 7" in text
    paths = [r"&= 3 \cdot 1", r"&\quad + 3 \cdot 1", r"&\quad + \cdots \quad \text{(3 terms)}"]
    assert r" \\ ".join(paths) in text
    huge = explain(x * -2e-20, x)._repr_latex_()
    assert r"1 \cdot (-2 \times 10^{-20})" in huge


def test_paths_are_counted_without_listing_them_and_listed_up_to_the_cap():
    x = y = Value(1.0, "x")
    for _ in range(200):
        y = (y + y) * 0.5
    e = explain(y, x, paths=3)
    assert e.path_count == 2**200
    assert len(e.paths) == 3
    assert f"and {2**200 - 3} more paths, together 1" in repr(e)
    deep = y = Value(1.0)
    for _ in range(5_000):
        y = y * 1.0
    e = explain(y, deep, paths=10)
    assert len(e.paths[0].nodes) == 5_001
    nodes, product = repr(e).splitlines()[-1].split(": ")
    assert re.fullmatch(r"  v1 → v2 → v3 → .* → … → .*v4999 → v5000 → f", nodes)
    assert re.fullmatch(r"1 · 1 · 1 · .* · … · .*1 · 1 · 1 = 1", product)
    assert max(len(nodes), len(product)) < 110
    assert r"1 \cdot \cdots \cdot 1" in e._repr_latex_()
    assert len(e._repr_latex_()) < 400


@settings(derandomize=True, deadline=None, database=None, suppress_health_check=HealthCheck)
@given(programs(max_steps=12))
def test_terms_and_paths_sum_to_the_derivative(program):
    xs = [Value(x) for x in program.point]
    y = program(*xs)
    for node, derivative in zip(xs, adjoints(y, xs), strict=True):
        if node is y or node not in topological_order(y):
            continue
        e = explain(y, node, paths=2000)
        assert e.derivative == pytest.approx(float(derivative), rel=1e-12)
        assert math.fsum(term.value for term in e.terms) == pytest.approx(e.derivative, abs=1e-10)
        if e.path_count <= 2000:
            assert len(e.paths) == e.path_count
            assert math.fsum(p.value for p in e.paths) == pytest.approx(e.derivative, abs=1e-9)


@pytest.mark.parametrize(
    ("uses", "rest"),
    [(20, []), (21, ["  and 1 more term, together 21"]), (22, ["  and 2 more terms, together 43"])],
)
def test_twenty_terms_are_listed_and_the_rest_is_summed(uses, rest):
    x = Value(3.0, "x")
    lines = repr(explain(ag.sum([x * i for i in range(1, uses + 1)]), x)).splitlines()
    assert lines[21:] == rest
    assert lines[20] == "  df/dv20 · ∂v20/∂x = 1 · 20 = 20  where v20 = x * 20 = 3 * 20, operand 1"


def test_paths_that_are_not_listed_are_counted_and_summed():
    x = Value(3.0, "x")
    e = explain(ag.sum([x, x * 2, x * 4]), x, paths=1)
    assert repr(e).splitlines()[-3:] == [
        "and by paths, of which there are 3:",
        "  x → v1 → f: 2 · 1 = 2",
        "  and 2 more paths, together 5",
    ]
    assert explain(x * 2, x, paths=1).paths[0].local_grads == (2.0,)
    assert len(explain(x * 2, x, paths=5).paths) == 1


def latex(y, x, **options):
    """The rows of the sum, after the derivative that it stands for."""
    text = explain(y, x, **options)._repr_latex_()
    head, _, rows = text.removesuffix(r" \end{aligned}$$").partition(" &= ")
    derivative = head.removeprefix(r"$$\begin{aligned} ")
    return derivative, [f"&= {rows}".split(r" \\ ")][0]


def test_latex_has_four_terms_a_row_in_symbols_then_in_numbers():
    x = Value(3.0, "x_1")
    derivative, rows = latex(ag.sum([x] * 5), x, paths=2)
    use = r"\frac{d f}{d f} \frac{\partial f}{\partial x_{1}}"
    assert derivative == r"\frac{d f}{d x_{1}}"
    assert rows == [
        "&= " + " + ".join([use] * 4),
        rf"&\quad + {use}",
        "&= " + " + ".join([r"1 \cdot 1"] * 4),
        r"&\quad + 1 \cdot 1",
        "&= 5",
        "&= 1",
        r"&\quad + 1",
        r"&\quad + \cdots \quad \text{(5 terms)}",
    ]
    _, rows = latex(ag.sum([x] * 20), x)
    assert [row.count(r"1 \cdot 1") for row in rows[5:10]] == [4] * 5
    assert rows[10:] == ["&= 20"]
    _, rows = latex(ag.sum([x] * 21), x)
    more = r"&\quad + \cdots \quad \text{(21 terms)}"
    assert [i for i, row in enumerate(rows) if row == more] == [5, 11]
    assert latex(Value(1.0, "y"), x) == (r"\frac{d y}{d x_{1}}", ["&= 0"])


@pytest.mark.parametrize(
    ("label", "written"),
    [("x", "x"), ("x12", "x_{12}"), ("x_3", "x_{3}"), ("xy", r"\text{xy}"),
     ("a b", r"\text{a b}"), ("{$&#%_}", r"\text{\{\$\&\#\%\_\}}"), ("a\\b^c~d", r"\text{a b c d}"),
     ("é", r"\text{é}"), ("", "f"), ("x²", r"\text{x²}"), ("w⁽²⁾₁₄", "w^{(2)}_{14}"),
     ("b₁", "b_{1}"), ("w⁽¹²⁾₁₀,₃", "w^{(12)}_{10,3}")],
)  # fmt: skip
def test_latex_names_are_letters_with_subscripts_or_upright_text(label, written):
    y = Value(2.0, label)
    assert latex(y, y)[0] == rf"\frac{{d {written}}}{{d {written}}}"


@pytest.mark.parametrize(
    ("slope", "written"),
    [(1e20, r"1 \times 10^{20}"), (1.5e-7, r"1.5 \times 10^{-7}"),
     (-2.5e-10, r"-2.5 \times 10^{-10}"),
     (math.inf, r"\infty"), (math.nan, r"\text{nan}"), (-0.5, "-0.5"), (100.0, "100")],
)  # fmt: skip
def test_latex_numbers(slope, written):
    x = Value(3.0, "x")
    y = x * slope
    _, rows = latex(y, x)
    factor = f"({written})" if slope < 0 else written
    assert rows[1:] == [rf"&= 1 \cdot {factor}", f"&= {written}"]
