"""Data sets and CSV files: reading, splitting, scaling, and the messages about bad files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from nn.datasets import BUILT_IN, DataError, Scaling, Table, load

GOOD = "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n"


def write(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "d.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_data_set_is_numbers_and_classes_and_splits_evenly(name: str) -> None:
    pytest.importorskip("sklearn")
    data = load(name, seed=1)
    assert {len(x) for x in data.X} == {len(data.features)}
    assert all(type(v) is float for x in data.X for v in x)
    assert sorted(set(data.y)) == list(range(len(data.classes)))
    train, test = data.split(0.25, seed=3)
    assert sorted(train.X + test.X) == sorted(data.X)
    for k in range(len(data.classes)):
        share = test.y.count(k) / data.y.count(k)
        assert share == pytest.approx(0.25, abs=0.02)
    assert data.split(0.25, seed=3) == (train, test)
    assert data.split(0.25, seed=4) != (train, test)


def test_another_seed_draws_other_points() -> None:
    assert load("xor", seed=0) == load("xor", seed=0) != load("xor", seed=1)


def test_scaling_gives_mean_0_and_variance_1_and_leaves_constants_alone() -> None:
    X = [[1.0, 7.0, 1e200], [2.0, 7.0, -1e200], [6.0, 7.0, 0.0]]
    scaled = list(zip(*Scaling.of(X).apply(X), strict=True))
    for column in (scaled[0], scaled[2]):
        assert math.fsum(column) == pytest.approx(0, abs=1e-12)
        assert math.fsum(x * x for x in column) / 3 == pytest.approx(1, rel=1e-12)
    assert scaled[1] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\n\n"),
        "\ufeff" + GOOD,
        GOOD.replace("x", ' "x" '),
    ],
)
def test_csv_in_its_usual_forms(tmp_path: Path, text: str) -> None:
    data = load(write(tmp_path, text))
    assert (data.name, data.features, data.classes, data.target) == (
        "d",
        ["a", "b"],
        ["x", "y"],
        "kind",
    )
    assert data.X == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert data.y == [0, 1, 0, 1]


def test_a_separator_within_quotes_is_text(tmp_path: Path) -> None:
    names = '"weight; kg; dry",a,kind\n'
    data = load(write(tmp_path, GOOD.replace("a,b,kind\n", names)))
    assert data.features == ["weight; kg; dry", "a"]
    assert data.X[0] == [1, 2]


def test_csv_target_by_name_or_position_from_1(tmp_path: Path) -> None:
    path = write(tmp_path, "kind,a,b\nx,1,2\ny,3,4\nx,5,6\ny,7,8\n")
    assert load(path, target="kind") == load(path, target="1")
    assert load(path, target="kind").X[0] == [1, 2]


@pytest.mark.parametrize(
    ("first_rows", "features", "samples"),
    [
        ("", ["x1", "x2"], 4),  # no header
        ("a,b,c\n", ["a", "b"], 4),
        ("0,1,c\n", ["0", "1"], 4),  # what a data frame without names writes
        ("0,0,1\n", ["x1", "x2"], 5),
        (",b,c\n", ["column 1", "b"], 4),
    ],
)
def test_a_csv_header_is_recognized(
    tmp_path: Path, first_rows: str, features: list[str], samples: int
) -> None:
    data = load(write(tmp_path, first_rows + "1,2,0\n3,4,1\n5,6,0\n7,8,1\n"))
    assert (data.features, len(data)) == (features, samples)


def test_csv_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    assert load(write(tmp_path, "a,b\n1,10\n2,9\n3,10\n4,9\n")).classes == ["9", "10"]


def test_csv_for_regression_has_numbers_as_targets(tmp_path: Path) -> None:
    data = load(write(tmp_path, "a,b\n1,0.5\n2,1.5\n3,2.5\n4,2.5\n"), regression=True)
    assert (data.y, data.classes) == ([0.5, 1.5, 2.5, 2.5], [])


def test_csv_for_a_model_takes_its_features_and_classes(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    data = load(path, features=["b", "a"], classes=["y", "x"])
    assert (data.X[0], data.y) == ([2, 1], [1, 0, 1, 0])
    assert Table.read(write(tmp_path, "1,2\n")).feature_columns(["b", "a"]) == [0, 1]


BAD = {  # text, arguments, the message after the path
    "empty": ("", {}, ": the file is empty"),
    "blank": ("\n \n", {}, ": the file is empty"),
    "header only": ("a,b\n", {}, ": rows of data: 0; at least 4 are needed"),
    "too few": ("a,b\n1,x\n2,y\n", {}, ": rows of data: 2; at least 4 are needed"),
    "ragged, short": (GOOD + "1,2\n", {}, ", line 6: 2 columns, but line 1 has 3"),
    "ragged, one": (GOOD + "1\n", {}, ", line 6: 1 column, but line 1 has 3"),
    "NUL": (GOOD + "1,\0\0,x\n", {}, ", line 6, column 2 (b): '\ufffd\ufffd' is not a number"),
    "ragged, long": (GOOD + "1,2,x,y\n", {}, ", line 6: 4 columns, but line 1 has 3"),
    "text": (GOOD + "1,old,x\n", {}, ", line 6, column 2 (b): 'old' is not a number"),
    "missing value": (GOOD + ",2,x\n", {}, ", line 6, column 1 (a): is empty"),
    "missing class": (GOOD + "1,2,\n", {}, ", line 6, column 3 (kind): is empty"),
    "nan": (GOOD + "1,nan,x\n", {}, ", line 6, column 2 (b): nan is not a finite number"),
    "inf": (GOOD + "1,-inf,x\n", {}, ", line 6, column 2 (b): -inf is not a finite number"),
    "huge": (GOOD + "1,1e300,x\n", {}, ", line 6, column 2 (b): 1e300 is not a finite number"),
    "one class": ("a,b\n" + "1,x\n" * 4, {}, ": column 'b' has one class only, 'x'"),
    "one column": ("b\nx\ny\nx\ny\n", {}, ": one column only"),
    "a class each": (
        "a,b\n" + "".join(f"1,{i}\n" for i in range(30)), {},
        ": column 'b' has 30 classes in 30 rows; to predict a number use regression",
    ),
    "one number": ("a,b\n" + "1,2\n" * 4, {"regression": True}, ": 'b' is 2 in every row"),
    "text target": (GOOD, {"regression": True}, ", line 2, column 3 (kind): 'x' is not a number"),
    "no such target": (GOOD, {"target": "c"}, ": no column 'c'; there are 'a', 'b', 'kind'"),
    "target 0": (GOOD, {"target": "0"}, ": no column '0'"),
    "target beyond": (GOOD, {"target": "4"}, ": no column '4'"),
    "two targets": (GOOD.replace("b", "a"), {"target": "a"}, ": 2 columns are named 'a'"),
    "not UTF-8": (GOOD.encode() + b"\xe9,1,x\n", {}, ", line 6: not UTF-8 text (byte 0xe9)"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00", {}, ", line 1: not UTF-8 text (byte 0x89)"),
    "endless field": (GOOD + '"' + "x" * 200_000, {}, ", line 6: field larger than field limit"),
    "unknown class": (
        GOOD, {"features": ["a", "b"], "classes": ["x", "z"]},
        ", line 3, column 3 (kind): 'y' is not a class of the model: 'x', 'z'",
    ),
    "feature lacking": (GOOD, {"features": ["c"]}, ": no column 'c', which the model needs"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_the_message_about_a_bad_csv_file_is_one_line_with_the_place(
    tmp_path: Path, case: str
) -> None:
    text, arguments, expected = BAD[case]
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load(path, **arguments)
    assert str(caught.value).startswith(path + expected)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("held_out", [2, -1, 0, 1, math.nan])
def test_the_share_held_out_is_between_0_and_1(held_out: float) -> None:
    with pytest.raises(ValueError, match="held_out is a share between 0 and 1, got"):
        load("xor").split(held_out)


def test_a_name_that_is_neither_data_set_nor_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Is a directory"):
        load(str(tmp_path))
    with pytest.raises(DataError, match="no such file"):
        load(str(tmp_path / "no.csv"))
    with pytest.raises(DataError, match=r"'mons' \(did you mean moons\?\); choose moons, circles"):
        load("mons")
    with pytest.raises(DataError, match="iris has its own"):
        load("iris", target="a")
    with pytest.raises(DataError, match="model was not made for iris"):
        load("iris", features=["a"], classes=["0", "1"])


def test_a_label_that_is_nan_has_the_same_place_in_every_run(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text(
        "a,t\n"
        + "".join(f"{i},{label}\n" for i, label in enumerate("10n10n")).replace("n\n", "nan\n")
    )
    assert load(str(path)).classes == ["0", "1", "nan"]


def test_two_features_of_one_name_are_refused_before_training(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,a,t\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n")
    with pytest.raises(DataError, match="2 columns are named 'a'"):
        load(str(path))


def test_a_decimal_comma_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("a;b;t\n0,5;1;x\n3;4;y\n5;6;x\n7;8;y\n")
    with pytest.raises(DataError, match="'0,5' is not a number; write a decimal point"):
        load(str(path))
