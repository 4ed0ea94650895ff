"""Machine code reads the numbers of leaves where Python reads them."""

import math
import random
import sys

import pytest

import autograd
from autograd import Value

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler import leaf_slots  # noqa: E402  # it needs both


class Labelled(Value):
    """A Value with more slots."""

    __slots__ = ("more",)


def read(leaves):
    numbers = np.zeros(len(leaves))
    slots = leaf_slots.slots_of(leaves)
    assert slots is not None
    return slots.read_into(numbers.ctypes.data), numbers.tolist()


def test_the_numbers_are_those_of_the_leaves_at_the_moment():
    rng = random.Random(0)
    leaves = [Value(rng.gauss(0, 1), f"w{i}") for i in range(50)]
    assert read(leaves) == (True, [leaf.data for leaf in leaves])
    for leaf in leaves:
        leaf.data *= 2.0
    assert read(leaves) == (True, [leaf.data for leaf in leaves])


def test_what_is_not_a_float_is_left_to_python():
    leaves = [Value(1.0), Value(2.0)]
    for data in (3, "3", None, np.float64(3.0)):
        leaves[1].data = data
        assert read(leaves)[0] is False
    del leaves[1].data
    assert read(leaves)[0] is False
    assert leaf_slots.slots_of([Labelled(1.0)]) is None
    assert leaf_slots.slots_of([]) is None


def test_a_leaf_with_wrong_data_has_the_error_of_other_backends():
    w, v = Value(1.0, "w"), Value(2.0, "v")
    fast = autograd.compile(lambda: w * w + v, backend="llvm")
    assert fast().data == 3.0
    v.data = 5
    assert fast().data == 6.0
    v.data = "2"
    with pytest.raises(TypeError, match="the data of a Value is a float, got '2' in the one 'v'"):
        fast()
    v.data = 4.0
    assert fast().data == 5.0


def test_python_reads_where_no_slot_is_found(monkeypatch):
    monkeypatch.setattr(leaf_slots, "_places", lambda x, content: [])
    leaf_slots._native.cache_clear()
    try:
        assert leaf_slots.slots_of([Value(1.0)]) is None
        w = Value(3.0)
        fast = autograd.compile(lambda: w * w, backend="llvm")
        assert [fast().data for _ in range(3)] == [9.0] * 3
    finally:
        leaf_slots._native.cache_clear()


def test_gradients_are_added_as_python_adds_them():
    rng = random.Random(1)
    leaves = [Value(0.0, f"w{i}") for i in range(300)]
    slots = leaf_slots.slots_of(leaves)
    expected = [0.0] * len(leaves)
    for leaf in leaves:
        leaf.grad = 0.0
    for _ in range(20):
        gradient = [rng.choice((rng.gauss(0, 1), 1e308, math.inf)) for _ in leaves]
        assert slots.add_gradient(np.array(gradient)) == len(leaves)
        expected = [a + b for a, b in zip(expected, gradient, strict=True)]
    assert [leaf.grad for leaf in leaves] == expected
    assert {sys.getrefcount(leaf.grad) for leaf in leaves} == {2}  # the slot's, and this call's
    kept = leaves[0].grad
    slots.add_gradient(np.ones(len(leaves)))
    assert kept == expected[0]  # a float that somebody holds does not change
    with pytest.raises(ValueError, match="300 leaves have as many derivatives, got 2"):
        slots.add_gradient(np.ones(2))


def test_python_adds_from_the_first_gradient_on_that_is_no_float():
    leaves = [Value(float(i)) for i in range(5)]
    fast = autograd.compile(lambda: autograd.sum([x * x for x in leaves]), backend="llvm")
    assert fast().data == 30.0
    for leaf in leaves:
        leaf.grad = 0.0
    leaves[2].grad = 0  # as it is set in code for micrograd
    leaves[3].grad = np.float64(1.0)
    fast().backward()
    assert [leaf.grad for leaf in leaves] == [0.0, 2.0, 4.0, 7.0, 8.0]
    leaves[3].grad = "x"
    with pytest.raises(TypeError, match="str"):
        fast().backward()
    assert [leaf.grad for leaf in leaves[:3]] == [0.0, 4.0, 8.0]
