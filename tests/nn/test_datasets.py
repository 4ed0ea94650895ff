"""Data sets and CSV files: reading, splitting, scaling, and the messages about bad files."""

from __future__ import annotations

import math
import os
import sys
import threading
import tracemalloc
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.datasets import (
    BUILT_IN,
    DataError,
    Dataset,
    Rows,
    Scaling,
    Table,
    circles,
    curve,
    gaussians,
    load,
    moons,
    plane,
    spiral,
    xor,
)

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
    if not data.classes:
        assert all(type(y) is float for y in data.y)
        assert [len(part) for part in data.split(0.25)] == [300, 100]
        return
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
    assert load(write(tmp_path, "a,b\n1,10\n2,9\n3,10\n4,9\n")).classes == [9, 10]


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
    "not UTF-8": (GOOD.encode() + b"\xe9,1,x\n", {}, ", line 6: not UTF-8 text (byte 0xe9); save"),
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
    with pytest.raises(DataError, match="this is a folder; choose a CSV file"):
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


@pytest.mark.parametrize("kind", ["plain", "quoted", "semicolon"])
def test_a_large_file_is_read_in_little_more_memory_than_its_numbers_take(
    tmp_path: Path, kind: str
) -> None:
    line = {"plain": "0.12345,{},a\n", "quoted": '0.12345,{},"a"\n', "semicolon": "0.12345;{};a\n"}
    lines = [line[kind].format(i) for i in range(10_000)] + [line[kind].format(0).replace("a", "b")]
    path = write(tmp_path, "".join(lines))
    tracemalloc.start()
    data = load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.X[9_999] == [0.12345, 9_999.0]
    assert data.y == [0] * 10_000 + [1]
    assert peak < 1_000_000  # 16 bytes a row for X, 8 for y, 8 for the texts


def test_the_rows_of_a_table_read_like_a_list_of_lists(tmp_path: Path) -> None:
    X = load(write(tmp_path, GOOD)).X
    assert X == [[1, 2], [3, 4], [5, 6], [7, 8]] == X.tolist()
    assert X != [[1, 2]]
    assert X == X[:] != X[1:]
    assert X[-1] == [7, 8]
    assert X[::2] == [[1, 2], [5, 6]]
    assert X.take([2, 0]) == [[5, 6], [1, 2]]
    assert Rows([[1, 2, 3, 4]], width=4) != Rows([[1, 2], [3, 4]], width=2)
    assert type(X[0]) is list
    assert [3, 4] in X
    assert list(X.column(1)) == [2, 4, 6, 8]
    assert repr(X) == "<Rows: 4 of 2 numbers>"
    assert [bytes(row) for row in X.arrays()] == [bytes(array("d", row)) for row in X]
    with pytest.raises(IndexError):
        X[4]
    with pytest.raises(TypeError):
        hash(X)


def test_rows_are_scaled_and_taken_as_lists_are(tmp_path: Path) -> None:
    data = load(write(tmp_path, GOOD))
    as_lists = replace(data, X=data.X.tolist())
    assert data.split(0.25, seed=1) == as_lists.split(0.25, seed=1)
    scaling = Scaling.of(data.X)
    assert scaling == Scaling.of(data.X.tolist())
    assert (scaling.mean, scaling.scale) == ([4, 5], [math.sqrt(5)] * 2)
    assert isinstance(scaling.apply(data.X), Rows)
    assert scaling.apply(data.X) == scaling.apply(data.X.tolist())
    with pytest.raises(ValueError, match="a row of 3 features, but the scaling has 2"):
        scaling.apply([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("unit", [1e160, 1e-170, 1e99])
def test_a_feature_in_any_unit_is_scaled(unit: float) -> None:
    scaled = Scaling.of([[unit], [3 * unit]]).apply([[unit], [3 * unit]])
    assert [x for (x,) in scaled] == pytest.approx([-1.0, 1.0], rel=1e-12)


def test_only_rounding_errors_make_a_feature_constant() -> None:
    assert Scaling.of([[1.0], [1.0 + 1e-13]]).scale == [1.0]
    assert Scaling.of([[1.0], [1.0 + 1e-11]]).scale[0] == pytest.approx(5e-12, rel=1e-4)
    assert Scaling.of([[-1.0], [-1.0 - 1e-11]]).scale[0] == pytest.approx(5e-12, rel=1e-4)
    assert Scaling.of([[0.0], [0.0]]).scale == [1.0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(GOOD,))
    writer.start()
    assert load(str(pipe)).X == [[1, 2], [3, 4], [5, 6], [7, 8]]
    writer.join()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_pipe_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.datasets.csv_file.MAX_PIPE_BYTES", 1000)
    with pytest.raises(DataError, match="more than 1,000 bytes in a pipe; write them to a file"):
        load("/dev/zero")


@pytest.mark.parametrize("text", ["a,kind\n", "", "1,x\n"])
def test_bytes_that_are_not_text_are_found_far_into_the_file(tmp_path: Path, text: str) -> None:
    content = (text + "1,x\n" * 40_000).encode() + b"2,\xff\n"
    lines = content.count(b"\n")
    with pytest.raises(DataError, match=rf"line {lines}: not UTF-8 text \(byte 0xff\)"):
        load(write(tmp_path, content))


def test_a_number_with_an_underscore_is_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 5, column 1 \(a\): '7_0' is not a number"):
        load(write(tmp_path, GOOD.replace("7,8", "7_0,8")))
    assert load(write(tmp_path, GOOD.replace("x", "1_0"))).classes == ["1_0", "y"]
    assert load(write(tmp_path, "a_1,2_2,3_3\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n")).features == [
        "a_1",
        "2_2",
    ]


def test_labels_that_are_the_same_number_are_one_class(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,1\n2,1.0\n3,2\n4,2e0\n5,01\n")
    data = load(path)
    assert (data.classes, data.y) == ([1, 2], [0, 0, 1, 1, 0])
    assert load(path, features=["a"], classes=["2.0", "1.0"]).y == [1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1", "1.0", "x", "1"], ["1", "1.0", "x"]),  # not numbers alone
        (["9007199254740993", "9007199254740992"] * 2, [9007199254740992, 9007199254740993]),
        (["1e400", "1e401"] * 2, ["1e400", "1e401"]),
        (["0e" + "9" * 30, "1"] * 2, ["0e" + "9" * 30, "1"]),
        (["10", "9", "-1", "9"], [-1, 9, 10]),
        (["1", "02", "1", "02"], ["1", "02"]),  # 2 would lose its zero
        (["1.5", "2", "1.5", "2"], ["1.5", "2"]),
        (["+1", "-1", "+1", "-1"], ["-1", "+1"]),
    ],
)
def test_labels_are_told_apart_exactly(
    tmp_path: Path, labels: list[str], classes: list[str | int]
) -> None:
    data = load(write(tmp_path, "a,b\n" + "".join(f"1,{label}\n" for label in labels)))
    assert data.classes == classes
    assert [str(data.classes[int(k)]) for k in data.y] == labels


def test_the_error_about_a_cell_counts_blank_lines_and_line_breaks_in_quotes(
    tmp_path: Path,
) -> None:
    text = 'a,b,kind\n1,2,"x\ny"\n\n3,4,z\n5,6,z\n7,?,z\n'
    with pytest.raises(DataError, match=r"line 7, column 2 \(b\): '\?' is not a number"):
        load(write(tmp_path, text))
    with pytest.raises(DataError, match=r"line 2, column 1: 'x' is not a number"):
        load(write(tmp_path, "1,2\nx,4\n5,6\n7,8\n9,9\n"))


@pytest.mark.parametrize(("cell", "number"), [(" 3 ", 3.0), ("\u200b3", 3.0), ("\u00a03", 3.0)])
def test_blanks_around_a_number_are_left_out(tmp_path: Path, cell: str, number: float) -> None:
    assert load(write(tmp_path, GOOD.replace("3", cell))).X[1] == [number, 4]


def test_many_large_numbers_are_not_too_large(tmp_path: Path) -> None:
    data = load(write(tmp_path, "a,b,kind\n" + "6e99,-6e99,x\n1,2,y\n" * 2))
    assert data.X[0] == [6e99, -6e99]


WRONG_CALLS = {
    "a number for a path": (lambda: load(5), TypeError, "data is the name of a data set .moons, "),
    "nothing": (lambda: load(None), TypeError, "or the path of a CSV file, got None"),
    "seed text": (lambda: load("xor", seed="a"), TypeError, "seed must be a whole number, got 'a'"),
    "seed bool": (lambda: load("xor", seed=True), TypeError, "whole number, got True"),
    "seed None": (lambda: load("moons", seed=None), TypeError, "whole number, got None"),
    "classes": (
        lambda: gaussians(classes=2.5),
        TypeError,
        "classes must be a whole number, got 2.5",
    ),
    "seed of iris": (lambda: load("iris", seed=1.5), TypeError, "whole number, got 1.5"),
    "target": (lambda: load("d.csv", target=1), TypeError, "position as text, got 1"),
    "no such option": (lambda: load("xor", n=0), TypeError, "unexpected keyword argument 'n'"),
    "split text": (lambda: load("xor").split("a"), ValueError, "held_out is a share .* got 'a'"),
    "split seed": (lambda: load("xor").split(seed="a"), TypeError, "whole number, got 'a'"),
    "split of one": (lambda: load("xor").take([0]).split(), ValueError, "2 samples, got 1"),
    "no such sample": (lambda: load("xor").take([400]), IndexError, "out of range"),
    "no such row": (lambda: Rows([[1]], 1).take([1]), IndexError, "out of range"),
    "no width": (lambda: Rows([], 0), ValueError, "width is the count .* got 0"),
    "ragged": (lambda: Rows([[1, 2], [3]], 2), ValueError, "row 1 does not have 2 numbers"),
    "ragged later": (lambda: Rows([[1], [2, 3, 4]], 2), ValueError, "row 0 does not have 2"),
    "scaling of nothing": (lambda: Scaling.of([]), ValueError, "X has no rows"),
    "scaling of no rows": (lambda: Scaling.of(Rows([], 2)), ValueError, "X has no rows"),
    "scaling of ragged rows": (lambda: Scaling.of([[1], [1, 2]]), ValueError, "zip"),
}


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_is_one_sentence(case: str) -> None:
    call, kind, expected = WRONG_CALLS[case]
    with pytest.raises(kind, match=expected) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_path_object_and_a_whole_number_of_numpy_are_taken(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    path = write(tmp_path, GOOD)
    assert load(Path(path)) == load(path)
    assert load("xor", seed=numpy.int64(3)) == load("xor", seed=3)
    two = load("xor").take([0, 1])
    assert [len(part) for part in two.split(0.25)] == [1, 1]
    assert Rows([[1], [2]], 1).take([-1]) == [[2]]
    assert Rows([], 3) == []


def test_a_bar_shows_how_much_of_a_large_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    path = write(tmp_path, "1,x\n2,y\n" * 5000)
    expected = load(path, progress=True)
    monkeypatch.setattr("nn.datasets.csv_file.MIN_SHOWN_BYTES", 40_000)
    assert load(path, progress=True) == expected
    assert capsys.readouterr() == ("", "")  # that is no terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert load(path) == expected
    assert Table.read(path).numbers([0]) == expected.X
    assert capsys.readouterr() == ("", "")  # nobody asked
    for shown in (40_000, 39_999):
        monkeypatch.setattr("nn.datasets.csv_file.MIN_SHOWN_BYTES", shown)
        assert load(path, progress=True) == expected
        assert "reading: 100%" in capsys.readouterr().err
    monkeypatch.setattr("nn.datasets.csv_file.MIN_SHOWN_BYTES", 40_001)
    assert load(path, progress=True) == expected
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr("nn.datasets.csv_file.MIN_SHOWN_BYTES", 1)
    assert load(path, progress=True) == expected


def test_xor_is_what_its_name_says() -> None:
    data = load("xor")
    assert len(data) == 400
    assert all(0.1 <= abs(x) <= 1.0 for row in data.X for x in row)
    assert {math.copysign(1, x) for x, _ in data.X} == {1, -1}
    assert data.y == [(x1 < 0) != (x2 < 0) for x1, x2 in data.X]
    assert data == load("xor", seed=0)


DRAWN = (moons, circles, xor, spiral, gaussians, plane, curve)


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_a_set_is_drawn_with_as_many_samples_and_as_much_noise_as_wanted(
    draw: Callable[..., Dataset],
) -> None:
    data = draw(31, noise=0.2, seed=4)
    assert (len(data), data.name) == (31, draw.__name__)
    assert data == draw(31, noise=0.2, seed=4) != draw(31, noise=0.2, seed=5)
    assert data.classes == ([] if draw in (plane, curve) else [0, 1])
    clean, noisy = draw(400, noise=0.0), draw(400, noise=0.2)
    assert {len(x) for x in noisy.X} == {len(data.features)}
    assert set(clean.y) == {0, 1} or not data.classes
    assert clean.y[:1] != noisy.y[:1] or data.classes
    with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
        draw(0)
    with pytest.raises(ValueError, match="noise must be finite and at least 0, got -1"):
        draw(9, noise=-1)
    with pytest.raises(TypeError, match=r"seed must be a whole number, got 0\.5"):
        draw(9, seed=0.5)


def test_sets_without_noise_are_the_shapes_of_their_names() -> None:
    assert all(math.hypot(*x) == pytest.approx(0.5 if t else 1) for x, t in pairs(circles))
    assert all(
        math.hypot(x1 - t, x2 - t / 2) == pytest.approx(1) and (x2 - t / 2) * (1 - 2 * t) >= 0
        for (x1, x2), t in pairs(moons)
    )
    assert all(math.hypot(*x) <= 1 + 1e-12 for x, _ in pairs(spiral))
    assert [t for _, t in pairs(plane)] == [x1 + x2 / 2 for (x1, x2), _ in pairs(plane)]
    assert [t for _, t in pairs(curve)] == [math.sin(4 * x) for (x,), _ in pairs(curve)]
    assert xor(400).X == load("xor").X
    assert load("spiral", seed=3) == spiral(400, seed=3)
    assert sorted(set(gaussians(9, classes=4).y)) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="classes must be at least 2, got 1"):
        gaussians(classes=1)


def pairs(draw: Callable[..., Dataset]) -> list[Any]:
    data = draw(100, noise=0.0)
    return list(zip(data.X, data.y, strict=True))


def test_moons_and_circles_have_400_samples() -> None:
    pytest.importorskip("sklearn")
    assert len(load("moons")) == len(load("circles")) == 400


def test_a_split_leaves_one_sample_of_each_class_to_train_with() -> None:
    data = load("xor").take(range(12))
    train, test = data.split(0.99)
    assert (sorted(train.y), len(test)) == ([0, 1], 10)
    assert data.split(0.99, seed=0) == (train, test) == data.split(0.99)
    train, test = replace(data, classes=[]).split(0.01)
    assert (len(train), len(test)) == (11, 1)


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("0,1,c\n1,2,0\n3,4,x\n5,6,0\n7,8,x\n", 4),  # a name above a number: in the row below
        ("0,1,c\n1,2,x\n3,4,0\n5,6,x\n7,8,0\n", 5),
        ("0,5,c\n1,2,0\n3,4,0\n5,6,1\n7,8,c\n", 5),  # not 0, 1, 2, ...
        ("0,1,2\n1,2,0\n3,4,0\n5,6,1\n7,8,1\n", 5),  # no name
    ],
)
def test_numbers_that_are_names_are_told_by_the_row_below(
    tmp_path: Path, text: str, samples: int
) -> None:
    assert len(load(write(tmp_path, text))) == samples


def test_the_cells_of_a_table_are_text(tmp_path: Path) -> None:
    table = Table.read(write(tmp_path, 'a,b\n1," x\x9f\x07\xad\n"\n2,y\n'))
    assert list(table.rows()) == [["1", "x\ufffd\ufffd"], ["2", "y"]]


@pytest.mark.parametrize(
    ("classes", "rows", "refused"), [(10, 10, False), (11, 21, True), (11, 22, False)]
)
def test_more_than_ten_classes_are_refused_if_most_rows_have_their_own(
    tmp_path: Path, classes: int, rows: int, refused: bool
) -> None:
    path = write(tmp_path, "a,b\n" + "".join(f"1,c{i % classes}\n" for i in range(rows)))
    if refused:
        with pytest.raises(DataError, match=rf"has {classes} classes in {rows} rows$"):
            load(path)
    else:
        assert len(load(path).classes) == classes


def test_a_pipe_of_the_greatest_size_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, GOOD)
    monkeypatch.setattr("os.path.isfile", lambda path: False)
    monkeypatch.setattr("nn.datasets.csv_file.MAX_PIPE_BYTES", len(GOOD))
    assert len(load(path)) == 4
    monkeypatch.setattr("nn.datasets.csv_file.MAX_PIPE_BYTES", len(GOOD) - 1)
    with pytest.raises(DataError, match="in a pipe"):
        load(path)


def test_rows_train_a_model_as_lists_do() -> None:
    X = Rows([[1e3, 2.0], [3e3, 5.0], [4e3, 1.0]], width=2)
    models = []
    for samples in (X, X.tolist()):
        model = nn.MLP(2, [3, 1], rng=0)
        scaling = Scaling.of(samples)
        model.metadata = {"scaling": [scaling.mean, scaling.scale]}
        history = nn.fit(model, samples, [0, 1, 1], epochs=3, batch_size=2, rng=1)
        models.append((history.loss, model.state_dict(), model.predict(samples)))
    assert models[0] == models[1]
    with pytest.raises(ValueError, match="feature 1 of sample 1 must be finite, got nan"):
        nn.fit(nn.MLP(2, [1]), Rows([[1, 2], [3, math.nan]], width=2), [0, 1])
    with pytest.raises(ValueError, match="X has no samples"):
        nn.fit(nn.MLP(2, [1]), Rows([], width=2), [])


def test_many_rows_are_taken_and_scaled_as_few_are() -> None:
    numpy = pytest.importorskip("numpy")
    numbers = numpy.random.default_rng(0).normal(1e3, 7.0, (7000, 10)) * 1e-200
    numbers[:, 3], numbers[::2, 4] = 5.0, -0.0
    X = Rows(numbers.tolist(), 10)
    few = [X[start : start + 70] for start in range(0, 7000, 70)]
    assert X.as_array().base is not None
    assert few[0].as_array() is None
    assert X.take(range(6999, -1, -1)) == X.tolist()[::-1]
    assert X.take([*range(6990), -1])[-1] == X[-1]
    assert X.take([5, 3]) == [X[5], X[3]]
    with pytest.raises(IndexError, match="out of range"):
        X.take([*range(7000), 7000])
    assert X.extremes() == [(min(column), max(column)) for column in map(X.column, range(10))]
    scaling = Scaling.of(X)
    assert scaling == Scaling.of(X.tolist())
    scaled = scaling.apply(X)
    assert isinstance(scaled, Rows)
    assert scaled.numbers.tobytes() == b"".join(
        row.tobytes()
        for part in few
        for row in scaling.apply(part).arrays()  # type: ignore[attr-defined]  # of Rows
    )
    with pytest.raises(ZeroDivisionError):
        Scaling([0.0] * 10, [0.0] * 10).apply(X)
    with pytest.raises(ValueError, match="a row of 10 features, but the scaling has 2"):
        Scaling([0.0] * 2, [1.0] * 2).apply(X)
    assert Scaling([0.0] * 10, [1e-300] * 10).apply(X)[0][0] > 1e100
