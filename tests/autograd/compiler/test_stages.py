"""Each stage of the compiler on its own, on small graphs."""

import gc
import math
import random
import struct
import sys
import tracemalloc
from itertools import groupby

import pytest

import autograd
from autograd import Value, ops
from autograd.operation import TABLE

pytest.importorskip("numpy")

import numpy as np

from autograd.compiler.array_functions import NUMBERS, Arrays
from autograd.compiler.differentiate import gradient
from autograd.compiler.expressions import Graph, pairs_of, reachable
from autograd.compiler.matrices import Places, product
from autograd.compiler.path import Path
from autograd.compiler.python_code import code, named, written
from autograd.compiler.schedule import PARAMETER, Schedule
from autograd.compiler.simplify import Folded
from autograd.compiler.source_lines import (
    Line,
    laid_out,
    name_lines,
    without_moved,
)
from autograd.compiler.views import view
from autograd.tree import flatten

from ...benchmarks.scalar_gpt import GPT, example


def recorded(f, *leaves):
    """Return the path of ``f`` at these arguments, recorded and simplified."""
    found, structure = flatten((leaves, {}))
    return Path(f, structure, found, Arrays(np))


def shown(node, names):
    """Return an expression as text, with the names of its operations."""
    if node.index in names:
        return names[node.index]
    if node.value is not None:
        return f"{node.value:g}"
    return f"{node.op.name}({', '.join(shown(p, names) for p in node.parents)})"


# ------------------------------------------------------------------------- record and simplify


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda a, b: a + 2 * b, "dot(1, 2, a, b)"),
        (lambda a, b: a - b, "dot(1, -1, a, b)"),
        (lambda a, b: a * b + b * b + 3, "dot(1, 3, dot(a, b, b, b), 1)"),
        (lambda a, b: sum([a * b, a * a, b * b], b), "dot(1, a, a, b, b, b, a, b)"),
        (lambda a, b: autograd.dot([a, b], [b, b], a), "dot(a, b, 1, b, b, a)"),
        (lambda a, b: -(a * -1.0), "mul(1, a)"),
        (lambda a, b: -1.0 * (a * b), "mul(-1, mul(a, b))"),
        (lambda a, b: -2.0 * (a * b), "mul(-2, mul(a, b))"),
        (lambda a, b: (a * b) * -2.0 - b * -1.0, "dot(-2, 1, mul(a, b), b)"),
        (lambda a, b: b - Value(-1.0) * a, "dot(1, 1, b, a)"),
        (lambda a, b: a + a + a, "dot(1, 1, 1, a, a, a)"),
        (lambda a, b: a * 1.5 * 2, "mul(2, mul(1.5, a))"),
        (lambda a, b: (a / 4 + b) * b, "mul(dot(1, 1, div(a, 4), b), b)"),
        (lambda a, b: a**2, "mul(a, a)"),
        (lambda a, b: autograd.mean([a, b]), "div(dot(1, 1, a, b), 2)"),
        (lambda a, b: (a + b).tanh() * 0 + a.exp(), "dot(0, 1, tanh(dot(1, 1, a, b)), exp(a))"),
        (lambda a, b: autograd.maximum([a, b]), "maximum(a, b)"),
        (lambda a, b: a * autograd.sum([Value(0.0), Value(0.0)]), "mul(0, a)"),
        (lambda a, b: a + (Value(0.0) - Value(0.0)), "a"),
        (lambda a, b: autograd.exp(1.0) + 0 * a, None),
    ],
)
def test_chains_of_sums_and_products_become_dots(f, expected):
    path = recorded(f, Value(2.0), Value(3.0))
    names = dict(zip([x.index for x in path.inputs.taken.parameters], "ab", strict=False))
    if expected:
        assert shown(path.code.outputs[0], names) == expected


def test_an_intermediate_result_with_several_consumers_stays_a_node():
    def f(a, b):
        s = a + b
        return s * s + s

    path = recorded(f, Value(2.0), Value(3.0))
    (output,) = path.code.outputs
    assert output.op is ops.dot
    sums = {p.index for p in output.parents if p.op is ops.dot}
    assert len(sums) == 1


def test_equal_expressions_are_merged_and_unused_ones_are_dropped():
    def f(a, b):
        (a * 17).tanh()
        return a.exp() * b + a.exp() * a.exp()

    path = recorded(f, Value(2.0), Value(3.0))
    operations = [node.op.name for node in reachable(path.code.outputs) if node.op]
    assert sorted(operations) == ["dot", "exp"]


def test_an_nary_operation_becomes_the_scalar_operations_of_its_declaration():
    graph = Graph()
    xs = [graph.input() for _ in range(3)]
    path = recorded(lambda *xs: autograd.logsumexp(xs), *map(Value, (1.0, 2.0, 3.0)))
    names = [node.op.name for node in reachable(path.code.outputs) if node.op]
    assert names.count("exp") == 3
    assert len(xs) == 3


# ------------------------------------------------------------------------------- differentiate


def test_an_adjoint_is_one_dot_over_the_consumers():
    graph = Graph()
    x, ws = graph.input(), [graph.input() for _ in range(3)]
    hidden = [graph.make(ops.tanh, [graph.dot([(w, x)])]) for w in ws]
    total = graph.dot([(graph.one, h) for h in hidden])
    (dx,) = gradient(graph, [(total, graph.one)], [x])
    assert dx.op is ops.dot
    assert [left for left, _ in pairs_of(dx)] == ws[::-1]


def test_a_sum_used_once_in_an_adjoint_joins_its_dot():
    scratch, graph = Graph(), Graph()
    inputs = {scratch.input(): graph.input() for _ in range(2)}
    a, b = inputs
    once = scratch.unique(ops.dot, (a, b, b, a))
    total = scratch.unique(ops.dot, (scratch.one, b, once, b))
    fold = Folded(graph, lambda leaf: inputs.get(leaf) or graph.lift(leaf.value))
    (adjoint,) = fold.run(scratch.nodes, [total])
    assert shown(adjoint, {inputs[a].index: "a", inputs[b].index: "b"}) == "dot(a, b, b, b, a, b)"


@pytest.mark.parametrize("name", TABLE)
def test_gradients_follow_the_rules_of_the_table(name):
    op = TABLE[name]
    operands = op.operands(*op.samples[0])
    graph = Graph()
    xs = [graph.input() for _ in operands]
    grads = gradient(graph, [(graph.make(op, xs), graph.one)], xs)
    values = dict(zip([x.index for x in xs], operands, strict=True))
    for node in reachable(grads or xs):
        if node.value is not None:
            values[node.index] = node.value
        elif node.op is not None:
            values[node.index] = node.op.value([values[p.index] for p in node.parents])
    expected = op.local_grads(op.value(operands), operands, [True] * len(operands))
    assert [values[g.index] for g in grads] == pytest.approx(list(expected), rel=1e-14)


# -------------------------------------------------------------------------- schedule, matrices


def crossed(rows, columns, terms, keep=lambda i, j: True, shuffle=0):
    """Return the members and operands of the dots of a matrix product, shuffled."""
    left = np.arange(rows * terms).reshape(rows, terms)
    right = rows * terms + np.arange(columns * terms).reshape(columns, terms)
    pairs = [(i, j) for i in range(rows) for j in range(columns) if keep(i, j)]
    random.Random(shuffle).shuffle(pairs)
    places = Places(left.size + right.size)
    places.put(left.ravel(), 2)
    places.put(right.ravel(), 3)
    lefts, rights = np.array([left[i] for i, _ in pairs]), np.array([right[j] for _, j in pairs])
    members = np.array([1000 + i * columns + j for i, j in pairs])
    return places, members, lefts, rights, pairs


@pytest.mark.parametrize("shuffle", [0, 1, 2])
def test_a_full_cross_product_of_rows_is_a_matrix_product(shuffle):
    places, members, left, right, pairs = crossed(4, 3, 5, shuffle=shuffle)
    found = product(places, members, left, right)
    assert found.shape == (4, 3)
    assert [pairs[m] for m in found.order] == [(i, j) for i in range(4) for j in range(3)]
    assert found.lefts.shape == found.rights.shape == (4, 3, 5)
    assert (found.lefts == found.lefts[:, :1]).all()  # these do not depend on the column
    assert (found.rights == found.rights[:1]).all()  # these do not depend on the row


def test_rows_are_told_apart_by_their_hashes(monkeypatch):
    by_rows, unique = [], np.unique

    def noted(*args, **kwargs):
        by_rows.append("axis" in kwargs)
        return unique(*args, **kwargs)

    monkeypatch.setattr(np, "unique", noted)
    places, members, left, right, _ = crossed(4, 3, 5)
    product(places, members, left, right)
    assert by_rows
    assert not any(by_rows)  # that would compare all numbers of all rows


def test_a_matrix_product_with_a_few_dots_missing_is_computed_whole():
    places, members, left, right, _ = crossed(5, 5, 3, keep=lambda i, j: j <= i)
    found = product(places, members, left, right)
    assert found.shape == (5, 5)
    assert [bool(n) for n in (found.order.reshape(5, 5) < 0)[1]] == [False, False, True, True, True]


def test_separate_sets_of_rows_are_a_batch_of_matrix_products():
    places, members, left, right, _ = crossed(6, 4, 3, keep=lambda i, j: i % 2 == j % 2)
    assert product(places, members, left, right).shape == (2, 3, 2)


def test_dots_without_common_rows_are_stored_in_a_row():
    places, members, left, right, _ = crossed(6, 6, 3, keep=lambda i, j: i == j)
    assert product(places, members, left, right).shape == (6,)


def test_much_equal_work_is_one_group_and_little_work_stays_python_numbers():
    graph = Graph()
    parameters = [graph.input() for _ in range(101)]
    many = [graph.make(ops.tanh, [x]) for x in parameters[:100]]
    few = graph.make(ops.exp, [parameters[100]])
    schedule = Schedule(graph, [*many, few], parameters, [])
    assert [len(group.members) for group in schedule.groups] == [100]
    assert schedule.steps[-1] is few or schedule.steps[0] is few
    assert schedule.places.group_list[parameters[0].index] == PARAMETER


def test_an_expression_waits_for_others_of_its_kind_at_a_later_level():
    graph = Graph()
    xs = [graph.input() for _ in range(60)]
    exps = [graph.make(ops.exp, [x]) for x in xs]
    late = [graph.make(ops.log, [graph.make(ops.tanh, [x])]) for x in exps[4:]]
    early = [graph.make(ops.log, [x]) for x in exps[:4]]
    total = graph.dot([(graph.one, x) for x in early + late])
    schedule = Schedule(graph, [total], xs, [])
    logs = [group for group in schedule.groups if group.op is ops.log]
    assert [len(group.members) for group in logs] == [60]


def test_a_step_of_a_gpt_is_about_a_hundred_array_operations_and_equal_to_eager():
    model = GPT()
    parameters, arguments = model.parameters(), example(4)
    fast = autograd.compile(model.loss)
    results = []
    for loss in (fast, model.loss):
        for p in parameters:
            p.grad = 0.0
        total = loss(*arguments)
        total.backward()
        results.append([total.data, *(p.grad for p in parameters)])
    assert results[0] == pytest.approx(results[1], rel=1e-12, abs=1e-13)
    assert fast.last_program().printed.operations < 130


@pytest.mark.slow
def test_recording_and_compiling_takes_less_than_a_thousand_bytes_a_node():
    xs = [[Value(0.1 * i + 0.01 * j) for j in range(20)] for i in range(10)]
    ws = [[Value(0.3 * i - 0.02 * j) for j in range(20)] for i in range(10)]

    def f():
        rows = [[sum(a * b for a, b in zip(x, w, strict=True)).tanh() for w in ws] for x in xs]
        return sum(sum(row) for row in rows)

    fast = autograd.compile(f)
    autograd.compile(lambda: xs[0][0] * 2)()  # imports and tables that stay
    tracemalloc.start()
    fast()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak / fast.recordings.last.recorded < 1000


# ------------------------------------------------------------------------------- emit, arrays


def positions():
    base = np.arange(60)
    yield "z", (60,), base
    yield "z[4:38:3]", (60,), base[4:40:3]
    yield "z.T", (12, 5), base.reshape(12, 5).T
    yield "z[2:5, 1:3].T", (12, 5), base.reshape(12, 5)[2:5, 1:3].T
    yield "z.reshape(5, 12)", (60,), base.reshape(5, 12)
    yield "z[:, 1]", (12, 5), base.reshape(12, 5)[:, 1]
    yield "z.transpose(1, 2, 0)", (3, 4, 5), base.reshape(3, 4, 5).transpose(1, 2, 0)
    yield "z[:, None]", (60,), base[:, None]
    yield "z[1, :, 2:4]", (3, 4, 5), base.reshape(3, 4, 5)[1, :, 2:4]
    yield "z.reshape(60)[3:27].reshape(4, 6)", (12, 5), base[3:27].reshape(4, 6)


@pytest.mark.parametrize(("source", "shape", "wanted"), [*positions()])
def test_evenly_spaced_indices_are_written_as_a_view(source, shape, wanted):
    assert str(view(named("z"), shape, wanted)) == source
    z = np.arange(60).reshape(shape)
    assert (view(z, shape, wanted) == wanted).all()
    assert (eval(source, {"z": z}) == wanted).all()


def test_other_indices_are_not_a_view():
    assert view(named("z"), (60,), np.array([0, 2, 3])) is None
    assert view(named("z"), (60,), np.array([3, 2, 1])) is None


@pytest.mark.parametrize("name", [name for name, op in TABLE.items() if op.arity])
def test_the_source_of_an_operation_computes_its_value(name):
    op, xp = TABLE[name], Arrays(np)
    for sample in op.samples:
        operands = op.operands(*sample)
        names = [named(f"x{i}") for i in range(len(operands))]
        for prefix, namespace, make in (("xp", xp, np.array), ("math", NUMBERS, float)):
            source = str(written(op, names, named(prefix)))
            values = {f"x{i}": make(x) for i, x in enumerate(operands)}
            found = eval(source, {prefix: namespace, **values})
            assert float(found) == pytest.approx(op.value(operands), rel=1e-15, abs=1e-300)


def test_a_line_moves_into_the_only_sum_of_products_that_needs_it():
    xp, a, b = map(named, ("xp", "a", "b"))
    mask = Line("a", xp.where(a > 0.0, 1.0, 0.0), (3,), may_move=True)
    twice = Line("a", xp.exp(b), (3,), may_move=True)
    outside = Line("a", xp.log(b), (3,), may_move=True)
    long = Line("a", xp.maximum(a[[*range(30)]], b), (3,), may_move=True)
    total = twice.name * mask.name - 2.0 * twice.name + b @ outside.name + long.name
    lines = without_moved(
        [mask, twice, outside, long, Line("z", total, (3,), is_sum=True)], ends=[]
    )
    name_lines(lines, [])
    assert [str(line.name) for line in lines] == ["a1", "a2", "a3", "z1"]
    assert str(lines[-1].value) == "a1 * (a > 0.0) - 2.0 * a1 + b @ a2 + a3"


def test_names_of_a_kind_count_from_one_and_an_adjoint_has_the_name_of_its_line():
    first, second = Line("z", named("p")), Line("z", named("p"))
    adjoint = Line("d{}", second.name, of=second)
    elements = Line("{}_list", adjoint.name.tolist(), of=adjoint)
    name_lines([first, second, Line("a", first.name), adjoint, elements], [])
    assert f"{elements.name} = {elements.value}" == "dz2_list = dz2.tolist()"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (named("z").T @ named("W"), ["z = z.T @ W" + " " * 33 + "  # (4, 3)"]),
        (
            named("xp").concatenate(tuple(named(f"part{i}") for i in range(15))),
            [
                "z = xp.concatenate((" + " " * 24 + "  # (4, 3)",
                "    part0, part1, part2, part3, part4, part5, part6, part7, part8, part9, part10, "
                "part11,",
                "    part12, part13, part14",
                "))",
            ],
        ),
        (
            sum([named(f"term{i}") * i for i in range(1, 9)], -named("t")),
            [
                "z = (" + " " * 39 + "  # (4, 3)",
                "    -t + term1 * 1.0 + term2 * 2.0 + term3 * 3.0 + term4 * 4.0 + term5 * 5.0 "
                "+ term6 * 6.0",
                "    + term7 * 7.0 + term8 * 8.0",
                ")",
            ],
        ),
    ],
)
def test_a_long_line_is_broken_after_commas_and_before_terms(value, expected):
    text = laid_out("z = ", value, shape=(4, 3))
    assert text == "\n".join([f"    {row}" for row in expected])


def test_numpy_gets_erf_and_erfc_element_by_element():
    x = np.array([[-1.0, 0.5], [2.0, 9.0]])
    for name in ("erf", "erfc"):
        expected = [[TABLE[name](v) for v in row] for row in x.tolist()]
        assert getattr(Arrays(np), name)(x) == pytest.approx(np.array(expected), rel=1e-15)


def test_a_call_goes_forward_from_file_to_file():
    w = Value(2.0)
    fast = autograd.compile(lambda xs, ys: sum([w * x - y for x, y in zip(xs, ys, strict=True)]))
    fast([1.0, 2.0], [3.0, 4.0])
    stops = []

    def note(frame, event, arg):
        code = frame.f_code
        if event == "call" and ("autograd" in code.co_filename) and code.co_name[0] != "<":
            stops.append((code.co_filename, code.co_qualname))

    gc.disable()  # it would call the __del__ of what other tests have left
    sys.setprofile(note)
    fast([1.0, 2.0], [3.0, 4.0])
    sys.setprofile(None)
    gc.enable()
    files = [file for file, _ in groupby(file for file, _ in stops)]
    assert len(files) == len({*files}), stops
    assert len({*stops}) <= 14, stops  # two of them choose the backend


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, -0.0, 1e300, 5e-324])
def test_every_number_is_written_so_that_python_reads_it(x):
    for source in (str(code(x)), str(named("a") + x).removeprefix("a + ")):
        assert struct.pack("<d", eval(source)) == struct.pack("<d", x)


def test_a_code_has_no_truth_and_no_protocols():
    with pytest.raises(TypeError, match="a code is neither true nor false"):
        bool(named("a") > 1.0)
    assert not hasattr(named("a"), "__iter__")
    assert str(named("a").part) == "a.part"


@pytest.mark.parametrize("chain", [2, 500])
def test_rows_that_meet_along_a_path_are_computed_whole_or_apart(chain):
    places, members, left, right, _ = crossed(
        chain, chain, 3, keep=lambda i, j: j in (i, (i + 1) % chain) if chain > 2 else True
    )
    found = product(places, members, left, right)
    assert sorted(m for m in found.order.ravel() if m >= 0) == [*range(len(members))]
