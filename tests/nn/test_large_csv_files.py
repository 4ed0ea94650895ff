"""Large CSV files: many lines are read at once, and all is as if each cell were read alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nn.datasets import DataError, Table, csv_file, load

np = pytest.importorskip("numpy")

from nn.datasets.plain_numbers import plain_numbers, without_column  # noqa: E402  # needs NumPy

USUAL = ["0", "-0", "-0.0", "1", "-1.", ".5", "-.25", "007", "0.1", "123456.789", "1e3", "-2.5E-7"]
LONG = ["0.30000000000000004", "9007199254740993", "1" * 18, "1" * 19, "0." + "3" * 30, "1" * 120]
HOSTILE = [
    *["", " ", "nan", "-inf", "infinity", "1e400", "-1e99", "1e100", "0x10", "1_0", "１２", "1d3"],
    *["1-2", "--1", "1.2.3", "-", ".", "-.", "+1", "+-1", "1 2", " 3", "4 ", "\u00a05", "6\u200b"],
    *[
        '"7"',
        '"8\n9"',
        '"',
        '1"',
        "1\0",
        "\x1c1",
        "1\x0b",
        "e5",
        "1e",
        "0,5",
        "1;2",
        "\ufeff1",
        "x",
    ],
]
ACCEPTED = ["-1e99", "+1", " 3", "4 ", "\u00a05", "\x1c1", "1\x0b", "0,5"]  # that is two cells


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("tables") / "d.csv")


@pytest.fixture(autouse=True)
def _block_size() -> Iterator[None]:
    before = csv_file.BLOCK_CHARACTERS
    yield
    csv_file.BLOCK_CHARACTERS = before


def found(path: str, block_characters: int, **options: Any) -> Any:
    """Return all that `load` gives, with the bits of the numbers, or its error."""
    csv_file.BLOCK_CHARACTERS = block_characters
    try:
        data = load(path, **options)
    except DataError as error:
        return str(error)
    X: Any = data.X
    return X.numbers.tobytes(), data.y, data.classes, data.features, data.target


def check_same(path: str, content: bytes, block_characters: int, **options: Any) -> Any:
    """Check that small blocks of lines give the same as rows that are read one by one."""
    Path(path).write_bytes(content)
    expected = found(path, 1 << 30, **options)
    assert found(path, block_characters, **options) == expected
    return expected


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a table: usual ones, and a few unusual cells, rows and ends of lines."""
    width = draw(st.integers(1, 4))
    floats = st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr)
    decimals = st.decimals(-1000, 1000, places=3).map(str)
    usual = st.one_of(st.sampled_from(USUAL), decimals)
    kinds = [usual, st.one_of(usual, st.sampled_from(LONG), floats)]
    rows = draw(
        st.lists(
            st.lists(draw(st.sampled_from(kinds)), min_size=width, max_size=width),
            min_size=4,
            max_size=12,
        )
    )
    for row in rows:
        row[-1] = draw(
            st.sampled_from(draw(st.sampled_from([["0", "1"], ["a", "b"], ["1", "1.0"]])))
        )
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, width - 1))] = draw(st.sampled_from(HOSTILE))
    if draw(st.integers(0, 5)) == 0:
        draw(st.sampled_from(rows)).append("1")
    if draw(st.booleans()):
        rows.insert(0, [f"c{i}" for i in range(width)])
    separator = draw(st.sampled_from(",;\t"))
    ends = draw(
        st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\n\n", "\n \n"]])
    )
    text = "".join(separator.join(row) + draw(st.sampled_from(ends)) for row in rows)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    bad = draw(st.sampled_from([b""] * 6 + [b"1,\xff\n"]))
    return draw(st.sampled_from(["", "", "\ufeff"])).encode() + text.encode() + bad


@settings(max_examples=75)
@given(
    tables(),
    st.sampled_from([1, 12, 40]),
    st.booleans(),
    st.sampled_from([None, "1", "c0", "c1"]),
)
@example(b"1,2\n\n3,4\n5,6\n7,7\n", 1, False, None)
def test_many_lines_at_once_give_the_same_as_one_by_one(
    path: str, content: bytes, block_characters: int, regression: bool, target: str | None
) -> None:
    check_same(path, content, block_characters, regression=regression, target=target)


@settings(max_examples=50)
@given(st.lists(st.from_regex(r"-?[0-9]{0,19}\.?[0-9]{0,19}", fullmatch=True), min_size=1))
def test_the_numbers_of_many_lines_have_the_bits_of_float(cells: list[str]) -> None:
    try:
        expected = np.array([[float(cell)] for cell in cells])
    except ValueError:
        assert plain_numbers(cells, ",", [0]) is None
        return
    for separator in ",;\t":
        lines = [separator.join(["1", cell, "-2.5"]) for cell in cells]
        got = plain_numbers(lines, separator, [1])
        assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("cell", USUAL + LONG[:4])
def test_a_usual_number_among_others(cell: str) -> None:
    got = plain_numbers([f"x,{cell},2.5"] * 3, ",", [1, 2])
    assert got.tobytes() == np.array([[float(cell), 2.5]] * 3).tobytes()


@pytest.mark.parametrize("cell", [cell for cell in HOSTILE if cell not in ACCEPTED])
def test_an_unusual_cell_is_left_to_the_careful_way(cell: str) -> None:
    assert plain_numbers(["1.5,2", f"{cell},4"], ",", [0, 1]) is None
    assert plain_numbers(["1e3,2", f"{cell},4"], ",", [0, 1]) is None


def test_a_column_is_cut_out_of_lines() -> None:
    for width in range(1, 6):
        cells = [f"c{k}" for k in range(width)]
        for at in range(width):
            rest = cells[:at] + cells[at + 1 :]
            got = without_column(["\t".join(cells)], "\t", at, width)
            assert got == ([cells[at]], ["\t".join(rest)])


def large_table(rows: int = 40_000) -> list[str]:
    return [f"{k / 8},{k}.{k % 100:02},{'ab'[k % 2]},-0.{k:040}\n" for k in range(rows)]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of lines that were read at once."""
    counts: list[int] = []

    def counted(lines: list[str], *arguments: Any) -> Any:
        numbers = plain_numbers(lines, *arguments)
        counts.append(len(lines) if numbers is not None else 0)
        return numbers

    monkeypatch.setattr("nn.datasets.plain_numbers.plain_numbers", counted)
    return counts


def test_most_of_a_large_file_is_read_many_lines_at_once(path: str, offered: list[int]) -> None:
    lines = large_table()
    lines[30_000] = '1,2,"a",4\n\n'  # from here on to the next block row by row
    Path(path).write_text("p,q,kind,r\n" + "".join(lines))
    data = load(path, target="kind")
    rows = [line.split(",") for line in lines]
    assert [[float(row[k]) for k in (0, 1, 3)] for row in rows] == data.X
    assert [data.classes[int(k)] for k in data.y[:4]] == ["a", "b"] * 2
    assert 0.4 * len(lines) < sum(offered) < 0.8 * len(lines)
    assert min(offered) > 1000
    offered.clear()
    load(path, features=["q", "p"], classes=["a", "b"], target="kind")
    assert len(data) == len(Table.read(path).numbers([1, 3]))
    assert sum(offered) > 0.8 * len(lines)
    with pytest.raises(DataError, match=r"column 3 \(kind\): 'a' is not a number"):
        Table.read(path).numbers([0, 2])


def test_a_small_file_needs_no_numpy(path: str, offered: list[int]) -> None:
    Path(path).write_text("".join(large_table(5000)))
    load(path, target="3")
    assert not offered


def test_a_large_file_is_the_same_without_numpy(
    path: str, offered: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(path).write_text("".join(large_table()))
    expected = load(path, target="3")
    assert offered
    offered.clear()
    monkeypatch.setattr("nn.datasets.csv_tables.find_spec", lambda name: None)
    assert load(path, target="3") == expected
    assert not offered


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,a\n", "3 columns, but line 1 has 4"),
        ("1,2,a,x\n", "column 4 (r): 'x' is not a number"),
        ("1,1_0,a,4\n", "column 2 (q): '1_0' is not a number"),
        ("1,2,,4\n", "column 3 (kind): is empty"),
        ("1,nan,a,4\n", "column 2 (q): nan is not a finite number below 1e+100"),
        ("1,2,a," + "1" * 200_000 + "\n", "field larger than field limit (131072)"),
        (b"1,2,a,\xff\n", "not UTF-8 text (byte 0xff); save the table as CSV in UTF-8"),
    ],
)
def test_a_fault_far_into_a_large_file_is_found_in_its_line(
    path: str, line: str | bytes, message: str
) -> None:
    lines = [text.encode() for text in large_table()]
    lines[35_000] = b"5,6,a,7\r\n"
    lines[37_000:37_000] = [b"\n", line if isinstance(line, bytes) else line.encode()]
    Path(path).write_bytes(b"p,q,kind,r\n" + b"".join(lines))
    with pytest.raises(DataError) as caught:
        load(path, target="kind")
    place = ": " if message.startswith(("3", "field", "not")) else ", "
    assert str(caught.value) == f"{path}, line 37003{place}{message}"


def test_earlier_faults_are_told_before_later_ones(path: str) -> None:
    lines = [text.encode() for text in large_table()]
    lines[39_000:39_001] = [b"x,2,a,4\n", b"1,2\n"]
    Path(path).write_bytes(b"".join(lines) + b"\xff\n")
    with pytest.raises(DataError, match="line 39001, column 1: 'x' is not a number"):
        load(path, target="3")
