"""`Values`: labels by place, numbers and gradients in rows, shapes that are checked."""

import copy
import pickle

import pytest

import autograd
from autograd import Value, Values, grad


def test_each_entry_is_labeled_with_its_place_and_a_given_value_stays():
    own = Value(7.0, "own")
    M = Values([[1, own], [3.0, 4.0]], "M")
    assert [[x.label for x in row] for row in M] == [["M[0][0]", "own"], ["M[1][0]", "M[1][1]"]]
    assert M[0][1] is own
    assert [x.label for x in Values([1.0, 2.0])] == ["", ""]


@pytest.mark.parametrize(
    ("numbers", "shape"),
    [([], (0,)), ([1.0], (1,)), ([[1.0, 2.0, 3.0]], (1, 3)), ([[[1.0], [2.0]]], (1, 2, 1))],
)
def test_the_shape_is_the_lengths_from_outside_in(numbers, shape):
    assert Values(numbers).shape == shape
    assert Values(numbers).data == numbers


def test_an_array_and_its_numbers_become_values():
    np = pytest.importorskip("numpy")
    M = Values(np.array([[1.0, 2.0], [3.0, 4.0]]), "M")
    assert M.data == [[1.0, 2.0], [3.0, 4.0]]
    assert Values([np.float64(1.5), np.array(2.5)]).data == [1.5, 2.5]
    M.set(np.eye(2))
    assert M.data == [[1.0, 0.0], [0.0, 1.0]]


def test_backward_fills_the_gradient_in_rows():
    M, x = Values([[1.0, 2.0], [3.0, 4.0]], "M"), Values([5.0, 6.0], "x")
    autograd.sum(autograd.affine(M, x, [0.0, 0.0])).backward()
    assert M.grad == [[5.0, 6.0], [5.0, 6.0]]
    assert x.grad == [4.0, 6.0]


def test_derivatives_of_functions_of_such_a_list_are_plain_lists():
    v = Values([2.0, 3.0], "v")
    gradient = grad(lambda v: v[0] * v[1])(v)
    assert type(gradient) is list
    assert [g.data for g in gradient] == [3.0, 2.0]  # Values, as the result depends on v


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_copies_are_values_too(copied):
    again = copied(Values([[1.0], [2.0]], "v"))
    assert type(again) is Values
    assert again.data == [[1.0], [2.0]]
    assert again[1][0].label == "v[1][0]"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (3.0, TypeError, "a list of numbers or of rows, got 3.0"),
        (Value(3.0), TypeError, r"a list of numbers or of rows, got Value\(data=3.0"),
        ("ab", TypeError, "a list of numbers or of rows, got 'ab'"),
        ([1.0, "a"], TypeError, "expected a real number, got 'a'"),
        ([1.0, None], TypeError, "expected a real number, got None"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        Values(given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([[1.0, 2.0]], ValueError, r"shape \(2, 2\), got shape \(1, 2\)"),
        ([1.0, 2.0], ValueError, r"shape \(2, 2\), got shape \(2,\)"),
        ([[1.0, 2.0], [3.0]], ValueError, r"rows of different shapes: \[\(1,\), \(2,\)\]"),
        ([[1.0, 2.0], [3.0, "x"]], TypeError, "expected a real number, got 'x'"),
    ],
)
def test_set_refuses_another_shape_and_then_changes_nothing(given, error, message):
    M = Values([[0.0, 0.0], [0.0, 0.0]])
    with pytest.raises(error, match=message):
        M.set(given)
    assert M.data == [[0.0, 0.0], [0.0, 0.0]]
