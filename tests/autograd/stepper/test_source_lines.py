"""Which line of the user's function made which node."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import autograd
import nn
from autograd import Stepper, Value, topological_order
from autograd.stepper.source_lines import Run, code_data, run_by_line


def neuron(w: list[Any], x: list[Any]) -> Any:
    total = sum(wi * xi for wi, xi in zip(w, x, strict=True))
    return total.tanh()


def network(w: list[Any], xs: list[Any], power: int = 2) -> Any:
    out: Any = 0
    for x in xs:
        out += neuron(w, [x, 1.0]) ** power  # ä, so that bytes are no characters
    return "ä" and out * w[0]


def pieces(run: Run) -> list[tuple[str, str, int]]:
    """Return the function, the expression and the turn of each node, in order."""
    found = []
    for place in run.places.values():
        source = run.sources[place.source]
        assert place.line == place.end_line
        line = source.lines[place.line - 1]
        found.append((source.name, line[place.column : place.end_column], place.turn))
    return found


def test_each_node_has_its_expression_and_its_turn() -> None:
    total = "sum(wi * xi for wi, xi in zip(w, x, strict=True))"
    assert pieces(run_by_line(network, [[1.0, 2.0], [3.0, 4.0]])) == [
        (function, expression, turn)
        for turn in (1, 2)
        for function, expression, turn in [
            ("neuron", "wi * xi", 2 * turn - 1),
            ("neuron", total, 2 * turn - 1),
            ("neuron", "wi * xi", 2 * turn),
            ("neuron", total, 2 * turn),
            ("neuron", "total.tanh()", turn),
            ("network", "neuron(w, [x, 1.0]) ** power", turn),
            ("network", "out += neuron(w, [x, 1.0]) ** power", turn),
        ]
    ] + [("network", "out * w[0]", 1)]


def test_the_graph_is_the_one_of_an_ordinary_call() -> None:
    run = run_by_line(network, [[1.0, 2.0], [3.0, 4.0]])
    w = [Value(1.0), Value(2.0)]
    expected = network(w, [Value(3.0), Value(4.0)])
    run.root.backward()
    expected.backward()
    ours, others = topological_order(run.root), topological_order(expected)
    assert [(n.data, n.grad, n.op) for n in ours] == [(n.data, n.grad, n.op) for n in others]
    assert run.places.keys() == {node for node in ours if node.op}


def test_numbers_are_named_after_the_parameters() -> None:
    given: list[Any] = []

    def f(x: Any, rows: Any, table: Any, *others: Any, flag: bool = True) -> Any:
        given[:] = [x, *rows[0], table["a"], *others]
        return x + rows[0][0]

    run_by_line(f, [1.0, [[2, 3.0]], {"a": 4.0}, 5.0, 6.0])
    assert [v.label for v in given] == [
        "x", "rows[0][0]", "rows[0][1]", "table['a']", "others[0]", "others[1]",
    ]  # fmt: skip
    assert [v.data for v in given] == [1, 2, 3, 4, 5, 6]


def test_values_text_and_truth_are_passed_as_they_are() -> None:
    x = Value(2.0, "mine")
    run = run_by_line(
        lambda v, how, twice: v * v if how == "square" and twice is True else v, [x, "square", True]
    )
    assert run.root.parents == (x, x)


def test_the_lines_of_the_library_are_not_shown() -> None:
    model = nn.MLP(2, [2, 1])

    def loss(x1: Any, x2: Any) -> Any:
        out = model([x1, x2])
        return nn.mse([out], [1.0])

    found = {expression for _, expression, _ in pieces(run_by_line(loss, [1.0, 2.0]))}
    assert found == {"model([x1, x2])", "nn.mse([out], [1.0])"}


NO_SOURCE: dict[str, Callable[[], Callable[..., Any]]] = {
    "exec": lambda: _executed("def f(x):\n    return x * x"),
    "eval": lambda: eval("lambda x: x * x"),
    "an operation": lambda: autograd.tanh,
}


def _executed(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    f: Callable[..., Any] = namespace["f"]
    return f


@pytest.mark.parametrize("name", NO_SOURCE)
def test_without_source_there_are_no_places(name: str) -> None:
    run = run_by_line(NO_SOURCE[name](), [2.0])
    assert run.root.parents[0].data == 2.0
    assert (run.sources, run.places) == ([], {})


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/tmp/ipykernel_71/3299934271.py", "a notebook cell"), ("/home/me/mine.py", "mine.py")],
)
def test_a_function_of_a_notebook_is_from_a_cell_not_from_a_file_with_a_number(
    path: str, shown: str
) -> None:
    text = "def f(x):\n    return x * x\n"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)  # as ipykernel
    namespace: dict[str, Any] = {}
    exec(compile(text, path, "exec"), namespace)
    run = run_by_line(namespace["f"], [2.0])
    del linecache.cache[path]
    assert [(source.name, source.file) for source in run.sources] == [("f", shown)]


def test_compiled_functions_and_derivatives_are_as_without_lines() -> None:
    pytest.importorskip("numpy")
    cube = autograd.compile(lambda x: x * x * x)
    for f in (cube, autograd.grad(lambda x: x * x * x), lambda x: cube(x) * x):
        root = run_by_line(f, [2.0]).root
        x = Value(2.0)
        expected = f(x)
        root.backward()
        expected.backward()
        (leaf,) = [node for node in topological_order(root) if node.label.startswith(("x", "args"))]
        assert (root.data, leaf.grad) == (expected.data, x.grad)


def test_code_outside_of_the_run_is_not_watched() -> None:
    assert autograd.recording.current_recorder() is None
    run_by_line(lambda x: x * x, [2.0])
    assert autograd.recording.current_recorder() is None
    assert not autograd.recording.contexts


def test_what_the_function_raises_comes_out() -> None:
    with pytest.raises(ValueError, match="log"):
        run_by_line(lambda x: autograd.log(x), [-1.0])
    with pytest.raises(TypeError, match=r"neuron\(w: .* missing a required argument: 'x'"):
        run_by_line(neuron, [[1.0]])
    with pytest.raises(TypeError, match=r"returned \[.*\], but a Stepper needs one Value"):
        run_by_line(lambda x: [x], [1.0])


def test_a_method_and_a_callable_object_have_their_lines() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = Value(2.0, "w")

        def __call__(self, x: Any) -> Any:
            return self.w * x

    assert pieces(run_by_line(Model(), [3.0])) == [("__call__", "self.w * x", 1)]
    assert pieces(run_by_line(Model().__call__, [3.0])) == [("__call__", "self.w * x", 1)]


def test_each_pass_through_a_loop_is_a_turn() -> None:
    def f(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 1.0001
        return x

    places = run_by_line(f, [1.0]).places.values()
    assert [place.turn for place in places] == [*range(1, 20_001)]


def power(x: Any, n: int) -> Any:
    result: Any = 1.0
    for _ in range(n):
        result = result * x
    return result


def test_a_number_that_must_stay_one_is_told() -> None:
    with pytest.raises(
        TypeError, match=r"keep n a number with Stepper\(lambda x: power\(x, 3\), 2.0"
    ):
        Stepper(power, 2.0, 3)
    assert Stepper(partial(power, n=3), 2.0).frames[-1].value == 12.0
    with pytest.raises(TypeError, match="unsupported operand"):
        Stepper(lambda x: x + "a", 2.0)


def test_leaves_are_named_by_their_parameters_and_places() -> None:
    np = pytest.importorskip("numpy")

    def f(x: Any, w: Any, *more: Any, y: float = 1.0) -> Any:
        return x * w[1][0] * more[0]["a"] * more[1][0] * y

    run = run_by_line(f, [2.0, np.array([[1.0], [3.0]]), {"a": 4.0, "b": True}, (5.0, "text")])
    leaves = [node for node in topological_order(run.root) if not node.parents]
    named = {leaf.label: leaf.data for leaf in leaves if leaf.label}
    assert named == {"x": 2.0, "w[1][0]": 3.0, "more[0]['a']": 4.0, "more[1][0]": 5.0}


def test_a_function_in_c_has_numbered_arguments() -> None:
    larger = run_by_line(max, [2.0, 3.0]).root
    assert (larger.label, larger.data) == ("x2", 3.0)


def test_the_source_of_the_function_stands_first_and_those_that_it_calls_follow() -> None:
    arguments = [[1.0, 2.0], [3.0, 4.0]]
    run = run_by_line(network, arguments)
    assert [source.name for source in run.sources] == ["network", "neuron"]
    run = run_by_line(partial(network, power=2), arguments)  # which has no source of its own
    assert [source.name for source in run.sources] == ["neuron", "network"]


def test_after_the_place_of_a_node_stands_how_often_its_expression_ran() -> None:
    run = run_by_line(network, [[1.0, 2.0], [3.0, 4.0]])
    data = code_data(run, topological_order(run.root))
    assert data is not None
    assert len(data["places"]) == len(run.places)
    ran = [2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 1]
    assert sorted(place[-1] for place in data["places"].values()) == sorted(ran)
    assert all(place[-2] <= place[-1] for place in data["places"].values())
