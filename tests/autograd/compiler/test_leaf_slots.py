"""Machine code reads the numbers of leaves where Python reads them."""

import random

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
    leaf_slots._reader.cache_clear()
    try:
        assert leaf_slots.slots_of([Value(1.0)]) is None
        w = Value(3.0)
        fast = autograd.compile(lambda: w * w, backend="llvm")
        assert [fast().data for _ in range(3)] == [9.0] * 3
    finally:
        leaf_slots._reader.cache_clear()
