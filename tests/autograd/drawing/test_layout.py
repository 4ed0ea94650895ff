"""Where boxes go that Graphviz does not place: by level, beside their consumers."""

import pytest

import autograd
from autograd import Value, topological_order
from autograd.drawing.boxes import size_in_points
from autograd.drawing.layout import MAX_BOXES_AND_LEVELS, places

LEVELS = "autograd.drawing.layout.MAX_BOXES_AND_LEVELS"


def edges_of(root: Value) -> list[tuple[Value, Value, int]]:
    return [(p, n, i) for n in topological_order(root) for i, p in enumerate(n.parents)]


def placed(root: Value, rankdir: str = "LR") -> list[str]:
    """The places of the boxes, of which the widest is 100 points wide and the highest 60 high."""
    sizes = {n: (100 - i, 50 + i) for i, n in enumerate(topological_order(root))}
    sizes[root] = (80, 60)
    return list(places(sizes, edges_of(root), rankdir).values())


@pytest.mark.parametrize(
    ("rankdir", "expected"),
    [
        ("LR", ["-320,72", "-320,-0", "-160,72", "-160,-0", "0,36"]),
        ("RL", ["320,72", "320,-0", "160,72", "160,-0", "0,36"]),
        ("TB", ["-112,240", "0,240", "-112,120", "0,120", "-56,0"]),
        ("BT", ["-112,-240", "0,-240", "-112,-120", "0,-120", "-56,0"]),
    ],
)
def test_levels_lie_in_the_direction_and_boxes_beside_their_consumers(
    rankdir: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LEVELS, 0)
    x, y = Value(1.0), Value(2.0)
    assert placed(autograd.sum([x * y, x, y.tanh()]), rankdir) == expected


def test_the_order_on_a_level_is_that_of_the_mean_place_of_the_consumers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LEVELS, 0)
    shared, alone = Value(1.0), Value(2.0)
    root = autograd.sum([shared * alone, shared * 1.0])  # the first consumer has both
    where = dict(zip(topological_order(root), placed(root), strict=True))
    at = {node: -float(place.partition(",")[2]) for node, place in where.items()}
    assert at[alone] < at[shared]


def test_graphviz_places_the_boxes_as_long_as_boxes_and_levels_are_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = Value(1.0)
    root = (x.tanh().tanh()) * x  # 4 boxes, and edges over 1 + 1 + 1 + 3 levels
    monkeypatch.setattr(LEVELS, 10)
    assert placed(root) == []
    monkeypatch.setattr(LEVELS, 9)
    assert len(placed(root)) == 4
    assert MAX_BOXES_AND_LEVELS == 5_000


def test_the_size_of_a_box_is_that_of_its_longest_row_and_of_its_rows() -> None:
    assert size_in_points([[("ab", "")], [("data", ""), ("1", "")]]) == (55, 51)
    assert size_in_points([[("abcdefgh", "")]]) == (79, 34)
