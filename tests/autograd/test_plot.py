"""The pictures of functions: the numbers in them, read back from Matplotlib, and the same bytes."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("matplotlib")

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import autograd
from autograd import Value, plot

from ..support.pictures import check_bytes, check_refused, few_of

ROOT = Path(__file__).parents[2]
PATH = [[1.5, 1.0], [0.9, -0.2], [0.5, 0.1]]


def bowl(x: Any) -> Any:
    return x[0] ** 2 + 4 * x[1] ** 2


PICTURES = {
    "curve": lambda: plot.curve(autograd.sin, (-3, 3), orders=(0, 1, 2)),
    "curves": lambda: plot.curve({"a": lambda x: x, "b": lambda x: x**2}, (-1, 1), orders=[1]),
    "curve with a path": lambda: plot.curve(lambda x: x**2, (-1, 1), path=[1.0, 0.5, 0.25]),
    "taylor": lambda: plot.taylor(autograd.exp, 0.0, (-2, 2)),
    "directions": lambda: plot.directions(bowl, [1.0, 0.5]),
    "contours": lambda: plot.contours(bowl, (-2, 2), path=PATH),
    "surface": lambda: plot.surface(bowl, (-2, 2), path=PATH),
    "log_log": lambda: plot.log_log(
        [1, 10, 100], {"once": [2, 20, 200], "n times": [2, 200, 20000]}, slopes={"once": 1}
    ),
    "bars": lambda: plot.bars({"scale 1": [0.5, -0.5], "scale 4": [0.1, -0.1]}, ["cat", "dog"]),
}


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def lines(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.lines}


def labels(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", few_of(PICTURES, "curve with a path", "contours", "bars"))
def test_files_are_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    check_bytes(PICTURES[name], tmp_path)


@pytest.mark.parametrize("name", few_of(PICTURES, "curve with a path", "contours", "bars"))
def test_a_legend_is_below_the_axes_and_covers_no_data(name: str) -> None:
    ax = PICTURES[name]()
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.y1 <= ax.get_window_extent().y0 + 1
    assert legend.y0 >= 0  # in the figure
    assert ax.get_xlabel() or name == "bars"


@pytest.mark.parametrize("name", PICTURES)
def test_given_axes_are_drawn_into_and_returned(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = plot.new_figure()
    given = figure.add_subplot(projection="3d" if name == "surface" else None)
    function = getattr(plot, {"curves": "curve", "curve with a path": "curve"}.get(name, name))
    monkeypatch.setattr(
        plot, function.__name__, lambda *args, **kwargs: function(*args, ax=given, **kwargs)
    )
    assert PICTURES[name]() is given
    assert not plt.get_fignums()


def test_a_curve_and_its_derivatives_have_the_closed_forms() -> None:
    drawn = lines(plot.curve(lambda x: x**3, (-2, 2), orders=(0, 1, 2, 3, 4), points=9))
    forms = {
        "f": lambda x: x**3,
        "derivative of f": lambda x: 3 * x**2,
        "second derivative of f": lambda x: 6 * x,
        "third derivative of f": lambda x: 6.0,
        "derivative 4 of f": lambda x: 0.0,
    }
    for name, form in forms.items():
        xs, ys = drawn[name].get_data()
        assert list(xs) == [-2 + k / 2 for k in range(9)]
        assert list(ys) == pytest.approx([form(x) for x in xs])


def test_several_functions_of_one_order_are_named_alone() -> None:
    ax = plot.curve({"a": lambda x: x, "b": lambda x: x**2}, (0, 1), orders=[1], x="z", y="dL/dz")
    assert labels(ax) == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("z", "dL/dz")
    styles = {(line.get_color(), line.get_linestyle()) for line in lines(ax).values()}
    assert len({color for color, _ in styles}) == 3  # and the axis
    assert len({style for _, style in styles}) >= 2


class Named:
    """A function whose name is an attribute, as a layer has it."""

    name = "mine"

    def __call__(self, x: Any) -> Any:
        return x * x


def test_a_function_is_called_by_its_name_or_f() -> None:
    class Nameless(Named):
        name = ""

    drawn = [Named(), Nameless(), autograd.tanh, lambda x: x, abs]
    names = [labels(plot.curve(f, (0, 1), points=2)) for f in drawn]
    assert names == [["mine"], ["f"], ["tanh"], ["f"], ["abs"]]


def test_a_function_that_reads_plain_numbers_is_drawn_and_records_no_graph() -> None:
    seen = []

    def f(x: Value) -> float:
        seen.append((x * 2).parents)
        return math.sin(x)

    (xs, ys) = lines(plot.curve(f, (0, 1), points=3))["f"].get_data()
    assert list(ys) == [math.sin(x) for x in xs]
    assert seen == [()] * 3


def test_a_curve_has_a_gap_where_the_function_is_not_defined() -> None:
    ys = lines(plot.curve(lambda x: 1 / x, (-1, 1), points=3))["f"].get_ydata()
    assert [math.isnan(y) for y in ys] == [False, True, False]
    ys = lines(plot.curve(autograd.log, (-1, 1), orders=(1,), points=4))["derivative of log"]
    assert [math.isnan(y) for y in ys.get_ydata()] == [True, True, False, False]
    with pytest.raises(ValueError, match=r"log.*needs x > 0"):
        plot.curve(autograd.log, (-2, -1))


@pytest.mark.parametrize("path", [[1.0, 0.5], [[1.0], [0.5]], SimpleNamespace(points=[1.0, 0.5])])
def test_a_descent_is_drawn_on_the_graph(path: Any) -> None:
    drawn = lines(plot.curve(lambda x: x**2, (-1, 1), path=path))
    xs, ys = drawn["descent, 1 step"].get_data()
    assert (list(xs), list(ys)) == ([1.0, 0.5], [1.0, 0.25])
    assert [list(part) for part in drawn["end"].get_data()] == [[0.5], [0.25]]


def test_a_chord_joins_two_points_of_the_graph() -> None:
    ax = plot.curve(lambda x: x**2, (-2, 2), chord=(-1.0, 2.0), path=[1.0])
    assert [list(part) for part in lines(ax)["chord"].get_data()] == [[-1.0, 2.0], [1.0, 4.0]]
    assert labels(ax) == ["f", "chord", "descent, 0 steps", "start", "end"]


def test_taylor_polynomials_touch_the_function_and_do_not_set_the_range() -> None:
    ax = plot.taylor(autograd.exp, 1.0, (-1, 3), orders=(0, 1, 5), points=5)
    drawn = lines(ax)
    assert list(drawn["order 0"].get_ydata()) == pytest.approx([math.e] * 5)
    assert list(drawn["order 1"].get_ydata()) == pytest.approx([math.e * k for k in range(-1, 4)])
    exact = [math.e * sum((x - 1) ** k / math.factorial(k) for k in range(6)) for x in range(-1, 4)]
    assert list(drawn["order 5"].get_ydata()) == pytest.approx(exact)
    margin = 0.35 * (math.exp(3) - math.exp(-1))
    assert ax.get_ylim() == pytest.approx((math.exp(-1) - margin, math.exp(3) + margin))


def test_directions_are_a_cosine_with_its_ends_and_zeros_marked() -> None:
    ax = plot.directions(lambda x: 3 * x[0] + 4 * x[1], [7.0, -1.0], count=37)
    drawn = lines(ax)
    angles, slopes = drawn["slope along u"].get_data()
    phi = math.degrees(math.atan2(4, 3))
    assert list(slopes) == pytest.approx([5 * math.cos(math.radians(t - phi)) for t in angles])
    marks = [line.get_data() for line in ax.lines[2:]]
    assert [float(x[0]) for x, _ in marks] == pytest.approx([phi, phi + 180, phi + 90, phi + 270])
    assert [float(y[0]) for _, y in marks] == pytest.approx([5.0, -5.0, 0.0, 0.0])
    assert labels(plot.directions(bowl, [0.0, 0.0])) == ["slope along u"]  # nothing to mark


def test_contours_have_the_heights_and_all_paths() -> None:
    paths = {"lr 0.1": PATH, "lr 0.2": SimpleNamespace(points=[(1, 1), (0, 0)])}
    ax = plot.contours(bowl, (-2, 2), (-1, 1), path=paths, levels=[0, 1, 2, 4, 9])
    assert labels(ax) == ["lr 0.1", "lr 0.2", "start", "end"]
    assert [list(p) for p in lines(ax)["lr 0.2"].get_data()] == [[1, 0], [1, 0]]
    assert [list(p) for p in lines(ax)["end"].get_data()] == [[0.5, 0], [0.1, 0]]
    bands = ax.collections[0]
    assert list(bands.levels) == [0, 1, 2, 4, 9]
    assert (*ax.get_xlim(), *ax.get_ylim()) == (-2, 2, -1, 1)
    level_1 = ax.collections[1].get_paths()[1].vertices  # an ellipse: x^2 + 4 y^2 = 1
    assert np.allclose(level_1[:, 0] ** 2 + 4 * level_1[:, 1] ** 2, 1.0, atol=0.01)
    assert ax.get_aspect() == 1.0
    assert plot.contours(bowl, (-20, 20), (-1, 1)).get_aspect() == "auto"


def test_a_surface_carries_its_path() -> None:
    ax = plot.surface(bowl, (-2, 2), path=PATH, names=("w", "b", "loss"))
    xs, ys, zs = lines(ax)["descent, 2 steps"].get_data_3d()
    assert list(zs) == pytest.approx([x**2 + 4 * y**2 for x, y in zip(xs, ys, strict=True)])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("w", "b", "loss")


def test_the_scale_of_the_levels_stands_beside_a_narrow_picture() -> None:
    ax = plot.contours(lambda x: x[0] ** 2 + x[1] ** 2, (-1, 1), (-2, 2))  # in a wide figure
    ax.figure.draw_without_rendering()
    boxes = [a.get_window_extent() for a in ax.figure.findobj(lambda a: isinstance(a, type(ax)))]
    picture, scale = sorted(boxes, key=lambda box: box.x0)
    assert 0 < scale.x0 - picture.x1 < 0.1 * picture.width
    assert scale.height == pytest.approx(picture.height)


def test_a_power_is_a_line_of_its_slope_through_the_last_point() -> None:
    ax = plot.log_log([100, 10, 1], {"a": [50, 7, 0]}, slopes={"a": 2}, x="h", y="error")
    drawn = lines(ax)
    assert list(drawn["slope 2 (a)"].get_ydata()) == pytest.approx([50, 0.5, 0.005])
    assert math.isnan(drawn["a"].get_ydata()[2])  # 0 has no logarithm
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "h")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100", "10", "1"]
    assert ax.get_ylim()[0] > 1  # the line of the slope does not set the range


@pytest.mark.parametrize(
    ("places", "named"),
    [
        ([0.5, 1.0], ["1", "0.5"]),
        ([2.0, 2.5, 3.0, 4.0], ["4", "3", "2.5", "2"]),
        ([100, 101, 102, 150, 160, 170, 180, 200], ["200", "180", "160", "102"]),
        ([1 + k / 10 for k in range(20)], ["2.9", "2.6", "2.3", "2", "1.7", "1.5", "1.3", "1.1"]),
        ([1000, 100_000], ["100,000", "1,000"]),
    ],
)  # fmt: skip
def test_the_named_places_of_a_logarithmic_axis_do_not_overlap(
    places: list[float], named: list[str]
) -> None:
    ax = plot.log_log(places, {"a": places})
    ax.figure.draw_without_rendering()
    ticks = [*ax.xaxis.get_majorticklabels(), *ax.xaxis.get_minorticklabels()]
    shown = [tick for tick in ticks if tick.get_text() and tick.get_visible()]
    assert [tick.get_text() for tick in shown] == named
    ends = sorted((box.x0, box.x1) for box in (tick.get_window_extent() for tick in shown))
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(ends))


def test_a_wide_legend_has_fewer_columns_and_leaves_the_axes_their_width() -> None:
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot.directions(bowl, [1.5, 1.0], ax=left)
    right.plot([0, 1])
    figure.draw_without_rendering()
    assert left.get_window_extent().width > 0.9 * right.get_window_extent().width
    names = {f"a curve with a rather long name, number {i}": abs for i in range(4)}
    ax = plot.curve(names, (0, 1), title="Four")
    assert ax.get_title() == "Four"
    assert ax.get_legend().get_window_extent().width <= ax.get_window_extent().width


def test_bars_stand_side_by_side_and_differ_by_color_and_hatch() -> None:
    ax = plot.bars({"a": [1, -2], "b": [3, 4]}, ["cat", "dog"])
    assert [bar.get_height() for bar in ax.patches] == [1, -2, 3, 4]
    assert [bar.get_x() for bar in ax.patches] == pytest.approx([-0.4, 0.6, 0.0, 1.0])
    assert len({(bar.get_facecolor(), bar.get_hatch()) for bar in ax.patches}) == 2
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["cat", "dog"]


MISTAKES = {
    "no function": (lambda: plot.curve(3.0, (0, 1)), "f must be a function of one number, got 3.0"),
    "none": (lambda: plot.curve({}, (0, 1)), "no function to draw: the mapping is empty"),
    "several results": (lambda: plot.curve(lambda x: [x], (0, 1)), r"f must return one number, go"),
    "a number": (
        lambda: plot.curve(bowl, 3.0),
        r"between is a pair \(low, high\) of numbers, got 3",
    ),
    "backwards": (lambda: plot.curve(bowl, (1, 0)), r"with low < high, got \(1, 0\)"),
    "nan": (lambda: plot.curve(bowl, (0, math.nan)), r"with low < high, got \(0, nan\)"),
    "one point": (lambda: plot.curve(bowl, (0, 1), points=1), "at least 2 points are drawn, got 1"),
    "orders": (
        lambda: plot.curve(bowl, (0, 1), orders=(-1,)),
        r"orders are whole numbers from 0 to 170, such as \(0, 1\), got \(-1,\)",
    ),
    "half": (lambda: plot.taylor(autograd.sin, 0.0, (0, 1), (1.5,)), "orders are whole numbers"),
    "path of two": (
        lambda: plot.curve({"a": abs, "b": abs}, (0, 1), path=[0.0]),
        "a path or chord is drawn on the graph of one function: leave others out",
    ),
    "chord of a derivative": (
        lambda: plot.curve(abs, (0, 1), orders=[1], chord=(0, 1)),
        "a path or chord is drawn on the graph of one function",
    ),
    "no chord": (
        lambda: plot.curve(abs, (0, 1), chord=(1, 0)),
        r"chord is a pair \(low, high\) with low < high, got \(1, 0\)",
    ),
    "path in space": (
        lambda: plot.contours(bowl, (0, 1), path=[[1, 2, 3]]),
        r"a path is a list of points of 2 numbers each, got \[1, 2, 3\]",
    ),
    "no path": (
        lambda: plot.contours(bowl, (0, 1), path=3),
        r"a path is a list of points of 2 numbers each, or an object with .points, got 3",
    ),
    "empty path": (lambda: plot.contours(bowl, (0, 1), path=[]), r"2 numbers each, got \[\]"),
    "a vector": (lambda: plot.contours(lambda x: x, (0, 1)), "f must return one number for a list"),
    "second range": (
        lambda: plot.surface(bowl, (0, 1), (2, 1)),
        r"between_y is a pair \(low, high\) with low < high",
    ),
    "flat axes": (
        lambda: plot.surface(bowl, (0, 1), ax=plot.new_figure().subplots()),
        'surface draws into axes made with projection="3d", such as',
    ),
    "one direction": (lambda: plot.directions(bowl, [1.0]), r"a point of 2 numbers, got \[1.0\]"),
    "ax": (lambda: plot.curve(abs, (0, 1), ax="here"), "ax must be axes of Matplotlib, .* got 'he"),
    "no places": (lambda: plot.log_log([], {"a": []}), "log_log takes places and curves, such as"),
    "lengths": (
        lambda: plot.log_log([1, 2], {"a": [1]}),
        "a must have 2 numbers, one for each place, got 1",
    ),
    "below 0": (
        lambda: plot.log_log([1, 2], {"a": [1, -3]}),
        "a logarithmic axis takes no number below 0, got -3 in a",
    ),
    "at 0": (lambda: plot.log_log([0, 2], {"a": [1, 3]}), "places above 0, got 0"),
    "slope of": (
        lambda: plot.log_log([1, 2], {"a": [1, 3]}, slopes={"b": 1}),
        r"slopes are of curves \['a'\], got \['b'\]",
    ),
    "no bars": (lambda: plot.bars({}), "bars takes groups of numbers, such as .*, got none"),
    "bars": (
        lambda: plot.bars({"a": [1, 2], "b": [1]}),
        "b must have 2 numbers, as the first group has, got 1",
    ),
    "names": (
        lambda: plot.bars({"a": [1, 2]}, ["x"]),
        "names are 2, one for each place, got 1",
    ),
    "no figure": (lambda: plot.save(3, "a.svg"), "save takes a figure, such as ax.figure, got 3"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_wrong_call_is_one_sentence_and_leaves_no_empty_figure(case: str) -> None:
    check_refused(*MISTAKES[case])


def test_without_matplotlib_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError) as caught:
        plot.curve(autograd.sin, (0, 1))
    expected = "this needs Matplotlib: pip install matplotlib (it is in chalkgrad[plot])"
    assert str(caught.value) == expected


def test_importing_autograd_imports_no_matplotlib() -> None:
    code = "import sys, autograd; autograd.plot.curve; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
