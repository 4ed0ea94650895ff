"""The checkers find what is wrong, and nothing else."""

import html.parser
import math

import pytest
from hypothesis import HealthCheck, given, settings

import autograd as ag
from autograd import Value, find_nonfinite, gradcheck, no_grad
from autograd.calculus.checking import has_kink
from autograd.operation import TABLE, Binary, Unary

from ...support.random_graphs import programs

FUZZ = settings(derandomize=True, deadline=None, database=None, suppress_health_check=HealthCheck)


def verdicts(report):
    return [row.verdict for row in report]


@pytest.fixture
def declare(monkeypatch):
    """Return a function that declares an operation for the time of a test."""
    monkeypatch.setattr("autograd.operation.TABLE", dict(TABLE))

    def unary(rule, forward=lambda m, x: m.sin(x)):
        return Unary("f({})", forward, (rule,), "", samples=[0.3], example="f(0.0) -> 0.0")

    return unary


# ----------------------------------------------------------------------------------- gradcheck


def test_rules_wrong_by_half_a_thousandth_are_caught(declare):
    assert gradcheck(declare(lambda y, x: TABLE["cos"](x)), 0.3)
    wrong = declare(lambda y, x: 1.0005 * TABLE["cos"](x))
    for x in (0.3, -200.0, 1e-6):
        report = gradcheck(wrong, x)
        assert not report
        assert not report.ok
        assert verdicts(report) == ["wrong"]


# the derivative of stop_gradient is declared: it is not the slope that differences measure
SLOPES = {name: operation for name, operation in TABLE.items() if name != "stop_gradient"}


@pytest.mark.parametrize("operation", SLOPES.values(), ids=SLOPES)
def test_every_operation_passes_and_with_any_one_local_gradient_off_by_half_a_thousandth_fails(
    operation, monkeypatch
):
    def f(*xs):
        return next(x for x in xs if isinstance(x, Value)).record(operation, xs)

    right, seen = type(operation).local_grads, 0
    for sample in operation.samples:
        xs = operation.operands(*sample)
        report = gradcheck(f, *xs, order=2)
        assert set(verdicts(report)) <= {"ok", "kink"}, report
        for i in range(len(xs)):

            def wrong(self, y, xs, varies=None, i=i):
                grads = list(right(self, y, xs, varies))
                if self is operation and grads[i] is not None:
                    grads[i] = grads[i] * 1.0005
                return grads

            monkeypatch.setattr(type(operation), "local_grads", wrong)
            got = gradcheck(f, *xs)
            monkeypatch.undo()
            # an error cannot be seen at 0, at a kink, or below the rounding of the values
            visible = report[i].verdict == "ok" and report[i].error < 1e-4 * abs(report[i].analytic)
            assert verdicts(got)[i] == ("wrong" if visible else report[i].verdict), got
            seen += visible
    assert seen or operation.constant_rules == (0.0,) * len(xs)


def test_a_rule_wrong_only_at_second_order_is_caught_at_order_2(declare):
    dead_end = declare(
        lambda y, x: Value(TABLE["cos"](x.data)) if isinstance(x, Value) else TABLE["cos"](x)
    )
    assert gradcheck(dead_end, 0.3)
    report = gradcheck(dead_end, 0.3, order=2)
    assert verdicts(report) == ["ok", "wrong"]
    assert [row.order for row in report] == [1, 2]
    assert report[1].analytic == 0.0
    assert report[1].numeric == pytest.approx(-math.sin(0.3), rel=1e-8)


KINKS = [
    (ag.relu, 0.0, "kink"),
    (ag.abs, 0.0, "kink"),
    (lambda x: ag.maximum(x, 2 * x), 0.0, "kink"),
    (lambda x: (x * x).sqrt(), 0.0, "kink"),  # 0 / 0 in the graph
    (lambda x: 1 + ag.relu(x - 0.3), 0.3 + 1e-14, "kink"),  # between any two sample points
    (ag.heaviside, 0.0, "kink"),  # a jump
    (ag.relu, 1e-9, "ok"),
    (ag.relu, -1e-5, "ok"),
    (lambda x: x * abs(x), 0.0, "ok"),  # has a derivative at 0
    (ag.sqrt, 0.0, "unclear"),  # no values on its left
    (ag.sqrt, 1e-12, "ok"),
    (ag.log, 1e-8, "ok"),
    (lambda x: 1 / x, 1e-5, "ok"),
    (lambda x: ag.sin(1e6 * x), 1.0, "ok"),
    (ag.sin, 1e10, "ok"),
    (ag.exp, 300.0, "ok"),
    (ag.exp, -300.0, "ok"),
    (ag.cos, 0.0, "ok"),
    (lambda x: (x + 1e8) - 1e8, 0.1, "ok"),  # rounding, not a kink
    (lambda x: 1e10 + x, 1.0, "ok"),
    (lambda x: 7.0, 1.0, "ok"),
    (lambda x: 7, 1, "ok"),
]


@pytest.mark.parametrize(("f", "x", "verdict"), KINKS)
def test_the_step_suits_the_function_and_a_kink_is_not_a_failure(f, x, verdict):
    report = gradcheck(f, x)
    assert verdicts(report) == [verdict], report
    assert report.ok


@pytest.mark.parametrize(
    ("gaps", "slopes", "middle", "kink"),
    [
        ([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 0.0, True),
        ([1.0, 2.0, 4.0], [0.5, 1.0, 2.0], 0.0, True),  # a jump
        ([1.0, 0.5, 0.25], [0.5, 0.5, 0.5], 0.0, False),  # a curve
        ([1.0, 1.2, 1.0], [0.5, 0.5, 0.5], 0.0, False),
        ([1.0, 0.95, 0.91], [0.93e6] * 3, 0.0, False),  # the finest gap counts
        ([1.0, 1.0, 1.0], [0.0, 2e6, 0.5e6], 0.0, True),  # with the finest slope
        ([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 2.0**40, True),  # whatever the value is
        ([1.0, 1.0, 1.0], [-2e6, -2e6, -2e6], 0.0, False),
    ],
)
def test_a_kink_is_a_gap_between_the_slopes_that_stays(gaps, slopes, middle, kink):
    steps = [0.5, 0.25, 0.125]
    rows = zip(gaps, slopes, steps, strict=True)
    values = [(middle + h * (g / 2 + s), middle + h * (g / 2 - s)) for g, s, h in rows]
    assert has_kink(values, steps, middle, 0.0) is kink
    assert has_kink(values, steps, middle, 1.0) is False  # all of it may be rounding


@pytest.mark.parametrize(("a", "b", "c"), [(0.1, 0.7, 1e17), (0.7, 0.7, 3e17), (1.1, 0.3, 1e17)])
def test_what_rounding_leaves_of_terms_that_cancel_is_no_error(a, b, c):
    report = gradcheck(lambda x: x * a * b * c - x * round(a * b * c), 0.0)
    assert report[0].difference >= 1.0  # backward multiplies in another order than forward
    assert report[0].error == 0.0
    assert verdicts(report) == ["ok"]


OVERFLOWED = [
    (lambda x: x * 1e-200 * 1e200 * 1e200, 1e-150),  # its derivative is 1e200
    (lambda x: (x * x).sqrt(), 1e-300),  # 1
    (lambda x: 1e200 * ag.tanh(1e160 * x), 1e-160),  # it looks like a kink
    (lambda x: 1e308 * ag.sin(10 * x), 0.0),  # 1e309
    (lambda x: 1e308 * ag.sin(10 * x), 0.3),  # -1e309
    (lambda x: 1e300 * (1e300 * ag.relu(x * 1e-200)), -1.0),  # 0, and the graph says nan
]


@pytest.mark.parametrize(("f", "x"), OVERFLOWED)
def test_a_derivative_that_overflows_is_wrong(f, x):
    report = gradcheck(f, x)
    assert not math.isfinite(report[0].analytic)
    assert verdicts(report) == ["wrong"], report


def test_where_no_error_can_be_told_the_verdict_is_unclear():
    # the two terms are 1e308 and -1e308, so that the bound of their rounding overflows
    report = gradcheck(lambda x: ag.sum([x * 1e308, x * -1e308, x * 1e308, x * -1e308]), 1e-300)
    assert report[0].analytic == 0.0
    assert verdicts(report) == ["unclear"], report


def test_a_kink_in_the_gradient_shows_at_order_2():
    assert verdicts(gradcheck(lambda x: ag.relu(x) ** 2, 0.0, order=2)) == ["ok", "kink"]


def test_the_report_has_a_row_for_each_parameter_by_name():
    def f(w, bias, *rest):
        return w["a"][1] * bias + w["b"] * rest[0]

    report = gradcheck(f, {"a": [1.0, 2.0], "b": 3.0}, Value(4.0, "beta"), 5.0)
    names = ["w['a'][0]", "w['a'][1]", "w['b']", "beta", "rest[0]"]
    assert [row.parameter for row in gradcheck(lambda x, y: x * y, 1.0, 2.0)] == ["x", "y"]
    assert [row.parameter for row in report] == names
    assert [row.analytic for row in report] == [0.0, 4.0, 5.0, 2.0, 3.0]


def test_values_are_varied_in_place_and_put_back():
    w = [Value(0.5), Value(-2.0)]

    def loss(*_):
        return ag.tanh(w[0] * 3 + w[1]) + w[0] ** 2

    assert verdicts(gradcheck(loss, *w, order=2)) == ["ok"] * 4
    assert [(p.data, p.grad) for p in w] == [(0.5, 0.0), (-2.0, 0.0)]
    assert w[0].grad == 0.0
    with no_grad():
        assert verdicts(gradcheck(loss, *w, order=2)) == ["ok"] * 4


def test_a_smooth_function_is_evaluated_a_few_times_only():
    calls = []
    report = gradcheck(lambda x, y: calls.append(0) or ag.exp(x) * ag.tanh(y), 0.3, 0.4)
    assert [row.verdict for row in report] == ["ok", "ok"]
    assert len(calls) <= 1 + 2 * 11
    assert max(row.difference for row in report) < 1e-10


def test_the_report_reads_as_a_table_in_a_terminal_and_in_a_notebook():
    report = gradcheck(lambda a, b: a * b * b, 3.0, {"<b>": 2.0}["<b>"])
    assert repr(report).splitlines() == [
        "parameter  order  analytic  numeric  difference  verdict",
        "a          1      4         4        0.0e+00     ok",
        "b          1      12        12       0.0e+00     ok",
    ]
    report = gradcheck(lambda p: ag.relu(p["<b>"]), {"<b>": 0.0})
    page = report._repr_html_()
    tags = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(page)
    assert tags == ["table", "tr", *["th"] * 6, "tr", *["td"] * 6]
    assert "p[&#x27;&lt;b&gt;&#x27;]" in page
    assert "<td>kink</td>" in page


def test_a_report_can_be_encoded_and_has_a_line_for_each_parameter():
    hostile = [Value(1.0, label) for label in ("a\ud800", "b\0", "c\nd", "\u202ee", "plain")]
    report = gradcheck(lambda *xs: ag.sum(xs), *hostile)
    assert [row.parameter for row in report] == ["a\ufffd", "b\ufffd", "c d", "\ufffde", "plain"]
    assert len(repr(report).splitlines()) == 6
    for text in (repr(report), report._repr_html_()):
        assert "\0" not in text
        text.encode("utf-8")


def test_it_raises_on_request_and_for_bad_input(declare):
    wrong = declare(lambda y, x: 2.0)
    with pytest.raises(AssertionError, match=r"(?s)the gradient is wrong\n.*x  .*wrong"):
        gradcheck(wrong, 0.3, raise_on_failure=True)
    assert gradcheck(ag.relu, 0.0, raise_on_failure=True)
    with pytest.raises(TypeError, match=r"expected a real number, got \[Value"):
        gradcheck(lambda x: [x], 1.0)
    with pytest.raises(TypeError, match="x: expected a real number, got 'a'"):
        gradcheck(ag.sin, "a")
    with pytest.raises(ValueError, match="no numbers to vary"):
        gradcheck(lambda: 3.0)
    for order in (0, "1"):
        with pytest.raises(ValueError, match=f"order.* got {order!r}"):
            gradcheck(ag.sin, 1.0, order=order)
    with pytest.raises(TypeError, match="takes a function and its arguments, got 3"):
        gradcheck(3)
    with pytest.raises(TypeError, match=r"got Value.*: give the function that computes it"):
        gradcheck(Value(3.0) * 2)


@settings(FUZZ, max_examples=100)
@given(programs())
def test_random_programs_pass(program):
    report = gradcheck(program, *program.point, order=2)
    assert set(verdicts(report)) == {"ok"}, report


# ------------------------------------------------------------------------------- find_nonfinite


def test_it_names_the_first_operation_whose_value_is_not_finite():
    a, b = Value(1e200, "a"), Value(1e200)
    c = a * b
    c.label = "c"
    found = find_nonfinite(ag.tanh(c - c) + 1)
    assert found.node is c
    assert repr(found) == "a * 1e+200 (node 'c'): value inf of [1e+200, 1e+200]"
    found = find_nonfinite(Value(math.nan, "data") * 2)
    assert repr(found) == "leaf (node 'data'): value nan"


def test_it_names_the_first_operation_that_passes_on_a_derivative_that_is_not_finite():
    x = Value(0.0, "x")
    root = x.sqrt()
    found = find_nonfinite((root * 3).exp())
    assert found.node is root
    assert repr(found) == "sqrt(x): derivative inf by operand 1 of [0.0], times adjoint 3.0"
    big = [Value(1e300, f"b{i}") for i in range(3)]
    product = big[0] * 1e-300 * big[1] * 1e-300
    assert find_nonfinite(product) is None
    found = find_nonfinite(Value(1e-200, "s") * 1e250 * 1e100)
    assert found.problem.startswith("s * 1e+250: derivative 1e+250 by operand 1")
    u = Value(1e-9, "u")
    found = find_nonfinite(ag.sum([u * 1e308, u * 1e308]))
    assert found.node is u
    assert found.problem == "leaf (node 'u'): adjoint inf, the sum over 2 uses"


def test_it_finds_nothing_if_all_numbers_are_finite():
    x = Value(2.0)
    assert find_nonfinite(x * x + 1) is None
    assert find_nonfinite(x) is None
    with pytest.raises(TypeError, match="needs a Value, got inf"):
        find_nonfinite(math.inf)
    assert x.grad == 0.0


def test_a_function_in_c_has_numbered_arguments() -> None:
    report = gradcheck(max, 2.0, 3.0)
    assert report
    assert "arguments[0]" in str(report)
    assert "arguments[1]" in str(report)


@pytest.mark.parametrize(
    ("x", "farthest"), [(0.0, 2**-7), (0.3, 2**-7), (1.0, 2**-6), (3.0, 2**-5), (-1e6, 2**13)]
)
def test_a_function_is_evaluated_near_by_as_the_size_of_its_argument_allows(x, farthest):
    places = []
    assert gradcheck(lambda v: places.append(v.data) or v * v, x)
    assert max(abs(place - x) for place in places) == farthest


@pytest.mark.parametrize(("name", "evaluations"), [("exp", 8), ("sin", 8), ("tanh", 10)])
def test_steps_are_halved_until_the_derivative_has_eleven_digits(name, evaluations):
    places = []
    (row,) = gradcheck(lambda v: places.append(v.data) or TABLE[name](v), 0.3)
    assert len(places) == evaluations
    assert row.difference < 1e-11


def test_errors_in_second_derivatives_that_cancel_in_a_sum_are_found(monkeypatch):
    monkeypatch.setattr("autograd.operation.TABLE", dict(TABLE))

    def moved(a):
        return 0.5 * (a - ag.stop_gradient(a))  # 0, with the derivative 0.5

    wrong = Binary(
        "wrong",
        lambda m, a, b: a * b,
        (lambda y, a, b: b + moved(a), lambda y, a, b: a - moved(a)),
    )
    assert gradcheck(wrong, 0.3, 0.7)
    assert "wrong" in verdicts(gradcheck(wrong, 0.3, 0.7, order=2))
