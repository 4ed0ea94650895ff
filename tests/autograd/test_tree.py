"""Trees of numbers are taken apart and put together, and what is no number is named by place."""

from typing import Any, NamedTuple

import pytest

from autograd import Value
from autograd.tree import (
    NUMBER,
    VALUE,
    Branch,
    build,
    flatten,
    flatten_like,
    flatten_numbers,
    outline,
    places,
)


class Pair(NamedTuple):
    a: object
    b: object


TREES = [
    2.0,
    3,
    Value(2.0),
    [],
    (),
    {},
    [1.0, 2],
    (1.0, 2),
    [[1.0, 2.0], [3.0, 4.0]],
    [[1.0], [2.0, 3.0]],
    [[], []],
    [[[1.0]], ([2.0],)],
    [1.0, Value(2.0)],
    [True, 2.0],
    {"a": [1.0, (2, Value(3.0))], "b": {}},
    Pair(1.0, [2.0, Pair(3, 4)]),
    ["text", None, {"n": 2.0, "f": len}],
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree_is_taken_apart_and_put_together(tree):
    leaves, structure = flatten(tree)
    again = build(structure, iter(leaves))
    assert again == tree
    assert type(again) is type(tree)
    assert structure == flatten(again)[1]
    assert hash(structure) == hash(flatten(again)[1])


def test_trees_that_are_built_differently_have_different_structures():
    structures = [flatten(tree)[1] for tree in TREES]
    assert structures[0] is structures[1]  # 2.0 and 3 are numbers
    assert len(set(structures[1:])) == len(structures) - 1


def test_arrays_keep_their_shape_and_their_elements():
    np = pytest.importorskip("numpy")
    for array in (np.arange(4.0).reshape(2, 2), np.array([Value(1.0), 2.0]), np.zeros((0, 3))):
        leaves, structure = flatten({"x": array})
        again = build(structure, iter(leaves))["x"]
        assert again.tolist() == array.tolist()
        assert again.shape == array.shape
        assert again.dtype == array.dtype
    assert flatten(np.array(3)) == ([3], NUMBER)
    assert flatten(np.float32(0.5)) == ([0.5], NUMBER)
    assert flatten(np.bool_(True)) == ([True], NUMBER)


def test_structures_tell_numbers_values_and_other_things_apart():
    structures = [flatten(x)[1] for x in (1.0, Value(1.0), "number", float, (), [], None)]
    assert structures[:2] == [NUMBER, VALUE]
    assert len(set(structures)) == len(structures)
    assert flatten({"a": 1.0, "b": 2.0})[1] != flatten({"b": 2.0, "a": 1.0})[1]  # a loop sees it
    with pytest.raises(TypeError, match="unhashable"):
        hash(flatten({1.0})[1])


def test_each_leaf_has_a_place():
    np = pytest.importorskip("numpy")
    tree = {"w": [1.0, (2.0,)], 3: np.array([[4.0, 5.0]])}
    assert [place for place, _ in places(tree, "p")] == [
        "p['w'][0]",
        "p['w'][1][0]",
        "p[3][0, 0]",
        "p[3][0, 1]",
    ]
    assert [leaf for _, leaf in places(tree, "p")] == flatten(tree)[0]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("two", r"^x: expected a real number, got 'two' \(str\)"),
        ([1.0, {"w": (2.0, None)}], r"^x\[1\]\['w'\]\[1\]: expected a real number, got None"),
        ([1.0, 1j], r"^x\[1\]: expected a real number, got 1j \(complex\)"),
    ],
)
def test_something_else_is_a_type_error_that_names_its_place(tree, message):
    with pytest.raises(TypeError, match=message):
        flatten_numbers(tree, "x")


def test_an_array_of_text_or_of_objects_is_refused_by_place():
    np = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match=r"^x: expected a real number, got array\(\['a'\]"):
        flatten_numbers(np.array(["a"]), "x")
    with pytest.raises(TypeError, match=r"^x\[1, 0\]: expected a real number, got 'a'"):
        flatten_numbers(np.array([[1.0], ["a"]], dtype=object), "x")


def test_numbers_are_taken_in_the_order_of_another_tree():
    structure = flatten({"w": [1.0, Value(2.0)], "b": 3.0})[1]
    assert flatten_like(structure, {"b": 30, "w": (10, 20)}, "t") == [10.0, 20.0, 30.0]
    with pytest.raises(ValueError, match=r"t must be like {'w': \[number, number\], 'b': number}"):
        flatten_like(structure, {"b": 30.0, "w": [10.0]}, "t")
    np = pytest.importorskip("numpy")
    with pytest.raises(ValueError, match="t must be like array"):
        flatten_like(flatten(np.zeros((2, 3)))[1], np.zeros((3, 2)), "t")


@pytest.mark.parametrize(
    ("tree", "structure"),
    [
        ([1.0, 2.0], Branch(list, (2,), None)),
        ((1, 2), Branch(tuple, (2,), None)),
        ([[1.0, 2], [3.0, 4.0]], Branch(list, (2, 2), None)),
        (
            [[1.0], [2.0, 3.0]],
            Branch(list, (), (Branch(list, (1,), None), Branch(list, (2,), None))),
        ),
        ([[], []], Branch(list, (), (Branch(list, (), ()),) * 2)),
        ([1.0, Value(2.0)], Branch(list, (), (NUMBER, VALUE))),
        ({"a": 1.0}, Branch(dict, ("a",), (NUMBER,))),
    ],
    ids=repr,
)
def test_plain_numbers_in_rows_have_a_short_structure(tree, structure):
    assert flatten(tree)[1] == structure


def test_an_array_of_objects_tells_its_values_from_its_numbers():
    np = pytest.importorskip("numpy")
    array = np.array([Value(1.0), 2.0], dtype=object)
    assert flatten(array)[1] == Branch(np.ndarray, (2,), (VALUE, NUMBER))


@pytest.mark.parametrize("kind", ["float32", "int64", "uint8", "bool", "object"])
def test_arrays_of_all_kinds_of_numbers_are_trees(kind):
    np = pytest.importorskip("numpy")
    leaves, structure = flatten(np.array([0, 1], dtype=kind))
    assert leaves == [0, 1]
    assert structure.kind is np.ndarray
    assert [place for place, _ in places(np.array([[0, 1]], dtype=kind), "x")] == [
        "x[0, 0]",
        "x[0, 1]",
    ]


def test_trees_in_the_places_of_an_array_become_a_tree_of_arrays():
    np = pytest.importorskip("numpy")
    one, two = (flatten(np.zeros(n))[1] for n in (1, 2))
    built = build(one, iter([{"w": Pair(1.0, [2.0, 3.0]), "b": (4.0,)}]))
    assert list(built) == ["w", "b"]
    assert type(built["w"]) is Pair
    assert [type(built["w"].b), type(built["b"])] == [list, tuple]
    assert [x.tolist() for x in (built["w"].a, *built["w"].b, *built["b"])] == [[1], [2], [3], [4]]
    assert build(two, iter([np.arange(3.0), np.ones(3)])).tolist() == [[0, 1, 2], [1, 1, 1]]
    grid = flatten(np.zeros((1, 2)))[1]
    assert build(grid, iter([{"a": [1.0]}, {"a": [2.0]}]))["a"][0].tolist() == [[1.0, 2.0]]


def test_numbers_become_floats_and_values_stay_themselves():
    x = Value(3.0)
    numbers, _ = flatten_numbers({"a": [1, True], "b": x}, "t")
    assert [type(number) for number in numbers[:2]] == [float, float]
    assert numbers[2] is x


def test_the_error_for_no_number_says_what_is_taken_too():
    with pytest.raises(TypeError) as caught:
        flatten_numbers(["two"], "x")
    assert str(caught.value) == (
        "x[0]: expected a real number, got 'two' (str); "
        "lists, tuples, dicts and NumPy arrays of real numbers are fine too"
    )
    structure = flatten({"w": 1.0})[1]
    with pytest.raises(TypeError, match=r"^t\['w'\]: expected a real number"):
        flatten_like(structure, {"w": "two"}, "t")
    with pytest.raises(ValueError, match=r"^t must be like {'w': number}, got \[number, number\]$"):
        flatten_like(structure, [1.0, 2.0], "t")


def test_an_outline_says_number_for_each_leaf():
    assert outline(flatten({"w": [[1.0, 2.0]], "b": Value(0.0)})[1]) == (
        "{'w': [[number, number]], 'b': number}"
    )


ALIKE: list[tuple[Any, Any, bool]] = [  # two trees, and whether they have one structure
    ({1: 0.5}, {1: 2.0}, True),
    ({1: 0.5}, {True: 0.5}, False),
    ({1: 0.5}, {2: 0.5}, False),
    ({1: 0.5}, {"1": 0.5}, False),
    ({1: 0.5}, {1.0: 0.5}, False),
    ({(1, "a"): 0.5}, {(1, "a"): 2.0}, True),
    ({(1, "a"): 0.5}, {(True, "a"): 0.5}, False),
    ({"a": 0.5, "b": 1.0}, {"b": 0.5, "a": 1.0}, False),
    (["text", 1.0], ["text", 2.0], True),
    (["text", 1.0], ["texts", 1.0], False),
    (["text", 1.0], [b"text", 1.0], False),
    ([frozenset([1]), 1.0], [frozenset([1]), 1.0], True),
    ([frozenset([1]), 1.0], [frozenset([True]), 1.0], False),
    ([range(3), 1.0], [range(3), 1.0], True),
    ([range(3), 1.0], [range(4), 1.0], False),
    ([1j, 1.0], [1j, 1.0], True),
    ([complex(0.0, 0.0), 1.0], [complex(0.0, -0.0), 1.0], False),
    ([None, 1.0], [None, 1.0], True),
    ([len, 1.0], [abs, 1.0], False),
    ([[].append, 1.0], [[].append, 1.0], False),
    ([1.0, 2.0], [1, 2], True),
    ([1.0, 2.0], (1.0, 2.0), False),
    ([1.0, 2.0], [1.0], False),
    ([[1.0, 2.0]], [[1.0], [2.0]], False),
    ([Value(1.0), 2.0], [Value(2.0), 1.0], True),
    ([Value(1.0), 2.0], [1.0, 2.0], False),
]


@pytest.mark.parametrize(("one", "other", "is_alike"), ALIKE, ids=map(repr, range(len(ALIKE))))
def test_trees_have_one_structure_if_no_function_can_tell_them_apart(
    one: Any, other: Any, is_alike: bool
) -> None:
    structures = [flatten(tree)[1] for tree in (one, other)]
    assert (structures[0] == structures[1]) == is_alike
    assert (structures[0] != structures[1]) != is_alike
    assert len(dict.fromkeys(structures)) == (1 if is_alike else 2)


def test_a_method_is_the_same_thing_each_time_it_is_read() -> None:
    class Model:
        def call(self) -> None: ...

    one, other = Model(), Model()
    assert flatten([one.call])[1] == flatten([one.call])[1] != flatten([other.call])[1]
    with pytest.raises(TypeError, match="unhashable"):
        hash(flatten([{1.5, "set"}])[1])
    assert repr(flatten(["text"])[1].parts) == "(Static('text'),)"
