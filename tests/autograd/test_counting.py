"""`count_operations`: what is counted, inside and around other contexts, and what it costs."""

import pytest

import autograd
from autograd import Value, adjoints, count_operations, exp, grad, no_grad, sin
from autograd.recording import contexts


def f(x):
    return sin(x * x) + exp(x) * x


COUNTS = {"mul": 2, "sin": 1, "exp": 1, "add": 1}


def test_each_operation_is_counted_by_name_and_the_results_are_the_same():
    x, again = Value(0.5), Value(0.5)
    with count_operations() as counts:
        y = f(x)
    assert (dict(counts), counts.total()) == (COUNTS, 5)
    expected = f(again)
    for root in (y, expected):
        root.backward()
    assert (y.data, x.grad) == (expected.data, again.grad)


def test_nothing_is_counted_after_the_block_and_no_context_stays_open():
    with count_operations() as counts:
        pass
    f(Value(0.5))
    assert (dict(counts), contexts) == ({}, [])


@pytest.mark.parametrize("order", ["count outside", "no_grad outside"])
def test_with_no_grad_the_operations_are_counted_and_make_no_graph(order):
    x = Value(0.5)
    if order == "count outside":
        with count_operations() as counts, no_grad():
            y = f(x)
    else:
        with no_grad(), count_operations() as counts:
            y = f(x)
    assert dict(counts) == COUNTS
    assert (y.parents, y.data) == ((), f(x).data)


def test_a_counter_inside_a_counter_counts_for_both():
    x = Value(0.5)
    with count_operations() as outer:
        f(x)
        with count_operations() as inner:
            f(x)
    assert dict(inner) == COUNTS
    assert outer.total() == 2 * inner.total()


def test_derivatives_inside_the_block_are_right_and_counted():
    with count_operations() as counts:
        assert grad(grad(f))(0.5) == grad(grad(f))(0.5)
        with no_grad():
            assert isinstance(grad(f)(0.5), float)
    assert counts["sin"] > 2
    y = f(x := Value(0.5))
    with count_operations() as counts:
        adjoints(y, [x])
    assert counts.total() > 0


def test_the_backward_pass_and_plain_numbers_are_not_counted():
    y = f(Value(0.5))
    with count_operations() as counts:
        y.backward()
        sin(0.5)
    assert counts.total() == 0


def test_a_block_inside_a_compiled_function_is_refused_and_around_it_counts_no_call():
    pytest.importorskip("numpy")

    def counted(x):
        with count_operations():
            return x * x

    with pytest.raises(RuntimeError, match="opened around a compiled function, not inside it"):
        autograd.compile(counted)(Value(2.0))
    compiled = autograd.compile(f)
    x = Value(0.5)
    expected = compiled(x).data
    with count_operations() as counts:
        assert compiled(x).data == expected
    assert counts.total() == 0
