"""The node, its operators and backward."""

import builtins
import copy
import gc
import math
import operator
import pickle
import re
import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import Constant, Value, dot, logsumexp, mean, no_grad, softmax, topological_order
from autograd.operation import TABLE, Binary, Unary


def chain(length):
    """A leaf and the last of ``length`` operations that follow it, each using the one before."""
    leaf = node = Value(1.0)
    for _ in range(length):
        node = node + leaf
    return leaf, node


def test_micrograd_readme_example():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


def test_second_backward_doubles_the_leaves_exactly_and_nothing_else():
    a, b = Value(3.0), Value(0.1)
    cube, other = a * a * a, (a * b).tanh()
    root = cube + other
    root.backward()
    first = [node.grad for node in topological_order(root)]
    root.backward()
    for node, grad in zip(topological_order(root), first, strict=True):
        assert node.grad == (grad if node.parents else 2 * grad)


def test_second_backward_of_a_cube():
    a = Value(3.0)
    cube = a * a * a
    cube.backward()
    assert a.grad == 27.0
    a.grad = 0.0
    cube.backward()
    assert a.grad == 27.0
    cube.backward()
    assert a.grad == 54.0


def test_backward_of_another_root_does_not_inherit_interior_gradients():
    a = Value(2.0)
    square = a * a
    (square * 3).backward()
    a.grad = 0.0
    (square * 5).backward()
    assert (a.grad, square.grad) == (20.0, 5.0)


def test_backward_of_a_leaf_is_one():
    a = Value(2.0)
    a.backward()
    assert a.grad == 1.0


def test_fan_out_adds_up_whatever_the_order():
    x = Value(3.0)
    y = x * x
    z = y * x + y + x  # 3x^2 + 2x + 1
    z.backward()
    assert x.grad == 27.0 + 6.0 + 1.0


def test_repeated_operands_are_kept():
    a = Value(3.0)
    double = a + a
    double.backward()
    assert double.parents == (a, a)
    assert a.grad == 2.0


def test_numbers_become_constants_without_gradient():
    a = Value(2.0, "a")
    y = (a * 3 + 1) ** 2
    y.backward()
    constants = [node for node in topological_order(y) if isinstance(node, Constant)]
    assert sorted(c.data for c in constants) == [1.0, 2.0, 3.0]
    assert all(c.grad == 0.0 for c in constants)
    assert a.grad == 42.0


@pytest.mark.parametrize("number", [3, 3.0, True, np.float32(1.5), np.int64(2), np.bool_(True)])
@pytest.mark.parametrize("name", [op.name for op in TABLE.values() if isinstance(op, Binary)])
def test_values_and_numbers_mix_both_ways(name, number):
    operation, x = TABLE[name], Value(2.0)
    assert operation(x, number).data == operation(2.0, float(number))
    assert operation(number, x).data == operation(float(number), 2.0)
    assert isinstance(operation(number, number), float)


def test_operators_mix_values_and_numbers_both_ways():
    x, y = Value(2.0), Value(0.5)
    results = [
        x + 3,
        3 + x,
        x - 3,
        3 - x,
        x * 3,
        3 * x,
        x / 4,
        4 / x,
        x**3,
        3**x,
        x**y,
        -x,
        abs(-x),
        +x,
    ]
    assert [r.data for r in results] == [5, 5, -1, 1, 6, 6, 0.5, 2, 8, 9, 2**0.5, -2, 2, 2]


def test_comparisons_are_of_data_and_equality_is_identity():
    a, b, twin = Value(1.0), Value(2.0), Value(1.0)
    assert a < b
    assert b > 1.5
    assert a <= twin
    assert a >= twin
    assert a < 3
    assert a != twin
    assert len({a, twin}) == 2
    assert max(a, b) is b
    assert min([b, a]) is a
    assert sorted([b, a]) == [a, b]


@pytest.mark.parametrize("number", [2.5, 2, True, np.float64(2.5), np.int64(2), Fraction(5, 2)])
def test_a_value_and_a_number_are_not_compared_by_equality(number):
    x = Value(2.5)
    message = r"the number .* write x\.data == "
    for compare in (operator.eq, operator.ne):
        for pair in ((x, number), (number, x), (x + 1, number)):
            with pytest.raises(TypeError, match=message):
                compare(*pair)
    with pytest.raises(TypeError, match=message):
        [x].index(number)
    with pytest.raises(TypeError, match=re.escape("write x.data == 2.5")):
        np.array([x]) == 2.5  # noqa: B015  # the comparison raises


def test_a_value_is_equal_to_itself_alone_and_not_to_what_is_no_number():
    x, twin = Value(2.5), Value(2.5)
    for other in (twin, None, "2.5", [2.5], (x,), 2.5j, object(), Constant(2.5)):
        assert not x == other  # noqa: SIM201  # both operators are tested
        assert x != other
        assert other != x
    assert x == x
    assert hash(x) == object.__hash__(x) != hash(twin)
    mixed = {x: "node", 2.5: "number", twin: "twin", None: "none"}
    assert (mixed[x], mixed[2.5], mixed[twin]) == ("node", "number", "twin")
    assert [twin, x].index(x) == 1


@pytest.mark.parametrize("ask", [bool, lambda x: x or 1, lambda x: not x, lambda x: any([x])])
def test_a_value_is_neither_true_nor_false(ask):
    for x in (Value(0.0), Value(1.0) * 2):
        with pytest.raises(TypeError, match=r"write x.data != 0 .* or x is not None"):
            ask(x)


# ------------------------------------------------------------------------------------ bad input

BAD_INPUT = [
    (lambda: Value("3"), TypeError, r"expected a real number, got '3' \(str\)"),
    (lambda: Value(None), TypeError, r"expected a real number, got None \(NoneType\)"),
    (lambda: Value(1j), TypeError, r"expected a real number, got 1j \(complex\)"),
    (lambda: Value(np.complex128(1j)), TypeError, "expected a real number"),
    (lambda: Value([1.0]), TypeError, r"expected a real number, got \[1.0\] \(list\)"),
    (lambda: Value(Value(1.0)), TypeError, "expected a real number, got Value"),
    (lambda: Value(1.0) + "3", TypeError, "unsupported operand"),
    (lambda: 1j * Value(1.0), TypeError, "unsupported operand"),
    (lambda: Value(1.0) < "3", TypeError, "not supported"),
    (lambda: autograd.log("3"), TypeError, "expected a real number"),
    (lambda: Value(-1.0, "p").log(), ValueError, r"^log\(p\): needs x > 0, got -1.0$"),
    (lambda: autograd.log(-1), ValueError, r"^log\(-1.0\): needs x > 0$"),
    (lambda: Value(1.0) / Value(0.0, "q"), ZeroDivisionError, r"^div\(1.0, q\): .*, got b = 0.0$"),
    (lambda: 1 / Value(0.0), ZeroDivisionError, r"^div\(1.0, 0.0\): needs b != 0$"),
    (lambda: Value(0.0, "z") ** -1, ZeroDivisionError, r"^pow\(z, -1.0\): .* b >= 0, got a = 0.0$"),
    (lambda: Value(-8.0) ** (1 / 3), ValueError, r"^pow\(-8.0, 0.333\d*\): needs a > 0"),
    (lambda: Value(1e3, "t").exp(), OverflowError, r"^exp\(t\): .* large .*, got 1000.0$"),
    (lambda: Value(10.0) ** 400, OverflowError, r"^pow\(10.0, 400.0\): the result is too large"),
    (lambda: dot([1.0], [Value(1.0), 2.0]), ValueError, "as many ws as xs, got 1 and 2"),
    (lambda: dot(Value(1), 2.0), TypeError, r"^dot\(ws, xs, bias=0.0\) takes .*got Value.*, 2.0$"),
    (lambda: dot([1.0]), TypeError, r"two lists, got \[1.0\]$"),
    (lambda: autograd.topological_order(3), TypeError, r"is a Value, got 3 \(int\)$"),
    (lambda: dot((Value(x).log() for x in (1, -1)), [1, 2]), ValueError, r"^log\(-1.0\): needs"),
    (lambda: dot([], []), ValueError, "^dot of nothing: needs at least one operand"),
    (lambda: autograd.sum([]), ValueError, "^sum of nothing: needs at least one operand"),
    (lambda: mean([]), ValueError, "^mean of nothing"),
    (lambda: softmax([]), ValueError, "^softmax of nothing: needs at least one operand"),
    (lambda: autograd.maximum(), ValueError, "^maximum of nothing"),
    (lambda: autograd.tanh(1.0, 2.0), TypeError, r"^tanh\(x\) takes 1 operand, got 2$"),
    (lambda: autograd.add(1.0), TypeError, r"^add\(a, b\) takes 2 operands, got 1$"),
    (lambda: pow(Value(2.0), 2, 5), TypeError, r"^Value\.pow\(\) takes 2 positional arguments"),
    (lambda: Value(2.0).tanh(2), TypeError, r"^Value\.tanh\(\) takes 1 positional argument"),
    (lambda: Value(10**400), OverflowError, "^a number is too large for a float, above 1.8e308$"),
    (lambda: Value(Fraction(10**400)), OverflowError, "^a number is too large for a float"),
    (lambda: autograd.tanh(10**400), OverflowError, "^a number is too large for a float"),
    (lambda: Value(1.0) + 10**400, OverflowError, "too large"),
    (lambda: Value(1.0).tanhh(), AttributeError, "tanhh"),
    (lambda: Value(1, 5), TypeError, r"^label must be a string, got 5 \(int\)$"),
    (lambda: Value(2, ()), TypeError, r"^label must be a string, got \(\) \(tuple\)$"),
]  # fmt: skip


def test_an_error_names_the_operand_that_is_to_blame():
    x, y, z = Value(1.0, "x"), Value(2.0, "y"), Value(2.0, "z")
    unnamed = Value(2.0)
    many = [x] * 9
    long = Value(0.0, "a label " * 20)
    cases = [
        (lambda: y / (y - z), "div(y, y - z): needs b != 0, got b = 0.0"),
        (lambda: (y - z).log(), "log(y - z): needs x > 0, got 0.0"),
        (lambda: (y - unnamed).log(), "log(y - 2.0): needs x > 0, got 0.0"),
        (lambda: 1 / (x * (y - z)), "div(1.0, x * (y - z)): needs b != 0, got b = 0.0"),
        (lambda: (-((x + y) * x * y)).log(), "log(-(… * x * y)): needs x > 0, got -6.0"),
        (lambda: (autograd.sum(many) * -1).log(), "log(sum(…) * (-1.0)): needs x > 0, got -9.0"),
        (lambda: (y * 400.0).exp(), "exp(y * 400.0): the result is too large for a float"),
        (lambda: 1e3 ** (y * 400.0), "pow(1000.0, y * 400.0): .*, got b = 800.0"),
        (lambda: long.log(), "log(a label a label a label a label a label…): needs x > 0, got 0.0"),
    ]
    for call, message in cases:
        with pytest.raises((ArithmeticError, ValueError)) as error:
            call()
        pattern = re.escape(message).replace(re.escape(".*"), ".*")
        assert re.match(pattern, str(error.value)), f"{error.value} is not {message}"


def test_the_error_for_a_deep_graph_is_short_and_needs_no_recursion():
    _, root = chain(100_000)
    with pytest.raises(ValueError, match=r"^log\(.{1,80}\): needs x > 0, got -100001.0$"):
        (-root).log()


def test_the_logarithm_of_a_rounded_probability_points_to_the_logits():
    x = Value(1000.0, "x")
    e = [(z - x).exp() for z in (x, -x)]
    rounded = [
        softmax([x, -x])[1],
        (-x).sigmoid(),
        1 - x.sigmoid(),
        1 - softmax([x, -x])[0],
        e[1] / (e[0] + e[1]),
    ]
    for p in rounded:
        with pytest.raises(ValueError, match=r"got 0.0: a probability .* log_softmax\(logits\)"):
            p.log()
    for p in (x - 1000.0, (-x).exp(), e[0] / -1.0, x * 0.0):
        with pytest.raises(ValueError, match=r"got (0.0|-1.0)$"):
            p.log()


def test_import_star_leaves_the_builtins_alone():
    names = {}
    exec("from autograd import *", names)
    assert {"Value", "grad", "tanh", "dot"} <= names.keys()
    assert names.keys() & set(dir(builtins)) == set()


def test_a_format_is_that_of_the_number():
    x = Value(1.25, "x")
    assert f"{x:.1f} {x:>6}" == "1.2   1.25"
    assert f"{x}" == str(x) == repr(x)


def test_numpy_takes_the_variance_of_values():
    x = Value(1.0)
    for f in (np.var, np.std):
        y = f(np.array([x, 2.0 * x, Value(6.0)]))
        assert y.data == pytest.approx(f([1.0, 2.0, 6.0]))
        assert y.parents


@pytest.mark.parametrize(("call", "error", "message"), BAD_INPUT)
def test_bad_input_is_a_clear_error(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("operation", TABLE.values(), ids=TABLE)
def test_nan_and_infinity_pass_as_in_python(operation):
    """NaN is data, as for Python's floats: it propagates, and never raises."""
    args = operation.samples[0]
    flat = list(operation.operands(*args))
    result = operation.forward(autograd.operation.FLOATS, *[math.nan] * len(flat))
    assert math.isnan(result) or operation.constant_rules == (0.0,) * len(flat)


def test_infinite_derivatives_are_recorded_not_raised():
    x = Value(0.0)
    y = x.sqrt()
    y.backward()
    assert (y.data, x.grad) == (0.0, math.inf)


def test_a_constant_exponent_takes_no_logarithm():
    x = Value(-4.0)
    (x**3).backward()
    assert x.grad == 48.0
    zero = Value(0.0)
    (zero**2 + zero**1).backward()
    assert zero.grad == 1.0


# ------------------------------------------------------------------------------------- stability

AT_A_THOUSAND = [
    (lambda z: z.sigmoid(), 1000.0, 1.0, 0.0),
    (lambda z: z.sigmoid(), -1000.0, 0.0, 0.0),
    (lambda z: z.softplus(), 1000.0, 1000.0, 1.0),
    (lambda z: z.softplus(), -1000.0, 0.0, 0.0),
    (lambda z: z.tanh(), 1000.0, 1.0, 0.0),
    (lambda z: z.tanh(), -1000.0, -1.0, 0.0),
    (lambda z: z.silu(), -1000.0, 0.0, 0.0),
    (lambda z: z.gelu(), 1000.0, 1000.0, 1.0),
    (lambda z: logsumexp([z, 0.0]), 1000.0, 1000.0, 1.0),
    (lambda z: logsumexp([z, 0.0]), -1000.0, 0.0, 0.0),
    (lambda z: logsumexp([z, z]), -1000.0, math.log(2) - 1000, 1.0),
    (lambda z: softmax([z, 0.0])[0], 1000.0, 1.0, 0.0),
    (lambda z: softmax([z, 0.0])[0], -1000.0, 0.0, 0.0),
    (lambda z: autograd.log_softmax([z, 0.0])[0], -1000.0, -1000.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "at", "value", "gradient"), AT_A_THOUSAND)
def test_stable_at_a_thousand(f, at, value, gradient):
    z = Value(at)
    y = f(z)
    y.backward()
    assert (y.data, z.grad) == pytest.approx((value, gradient), rel=1e-15)


INF = math.inf


@pytest.mark.parametrize(
    ("xs", "value", "gradient"),
    [
        ([-INF, -INF], -INF, [0.5, 0.5]),
        ([-INF, -INF, -INF, -INF], -INF, [0.25] * 4),
        ([INF, 1.0], INF, [1.0, 0.0]),
        ([INF, INF, -INF], INF, [0.5, 0.5, 0.0]),
        ([-INF, 1.0], 1.0, [0.0, 1.0]),
    ],
)
def test_logsumexp_of_infinities_is_the_limit(xs, value, gradient):
    leaves = [Value(x) for x in xs]
    y = logsumexp(leaves)
    y.backward()
    assert (y.data, [x.grad for x in leaves]) == (value, gradient)
    assert logsumexp(xs) == value
    assert math.isnan(logsumexp([*xs, math.nan]))


def test_silu_has_the_derivative_1_far_out():
    for x, slope in ((1e16, 1.0), (1e300, 1.0), (-1e16, 0.0)):
        z = Value(x)
        z.silu().backward()
        assert z.grad == slope


def test_sigmoid_and_softplus_keep_their_tails():
    assert autograd.sigmoid(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-14)
    assert autograd.softplus(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-14)


# -------------------------------------------------------------------------- depth, memory, copies


@pytest.mark.parametrize("length", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_many_operations_run_forward_backward_and_are_freed(length):
    leaf, root = chain(length)
    root.backward()
    assert root.data == leaf.grad == length + 1.0
    del root


@pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_graphs_of_any_depth_are_copied_with_sharing_kept(copied):
    leaf, root = chain(20_000)
    new_leaf, new_root = copied([leaf, root])
    new_root.backward()
    assert new_root.data == new_leaf.grad == 20_001.0
    assert leaf.grad == 0.0
    assert new_root.op is root.op


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_field_of_a_node_is_pickled(protocol):
    a = Value(2.0, "a")
    y = dot([a, 3.0], [a, 1.0], 0.5)
    y.label = "y"
    y.backward()
    z = pickle.loads(pickle.dumps(y, protocol))
    for old, new in zip(topological_order(y), topological_order(z), strict=True):
        assert type(old) is type(new)
        fields = ("data", "grad", "local_grads", "op", "label")
        assert [getattr(old, f) for f in fields] == [getattr(new, f) for f in fields]
        assert len(old.parents) == len(new.parents)


def test_a_failed_pickle_leaves_nothing_behind():
    leaf, root = chain(50)
    leaf.label = lambda: None  # cannot be pickled
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(root)
    gc.collect()
    leaf, root = chain(20_000)
    assert pickle.loads(pickle.dumps(root)).data == root.data


def test_graphs_have_no_reference_cycles():
    def graph():
        x = [Value(0.1 * i) for i in range(20)]
        y = autograd.sum([dot(x, x, 1.0).tanh() * v.exp() for v in x]) / logsumexp(x)
        y.backward()

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(100):  # fills the interpreter's own lists of free tuples
            graph()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            graph()
        assert tracemalloc.get_traced_memory()[0] - before < 5_000
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()


# ------------------------------------------------------------------------- contexts and neighbors


def test_no_grad_computes_the_same_values_without_a_graph():
    x = Value(0.5)
    with no_grad():
        y = (x * 2 + 1).tanh() + dot([x], [x], 1.0)
        z = x / 4
    assert (y.parents, z.parents) == ((), ())
    assert y.data == math.tanh(2.0) + 1.25
    assert (x * 2).parents


def test_no_grad_ends_with_an_exception_which_names_the_node_too():
    x = Value(0.5, "half")
    with pytest.raises(ZeroDivisionError, match=r"div\(half, 0.0\)"), no_grad():
        x / 0
    assert (x * 2).parents


def test_values_work_in_numpy_object_arrays():
    x = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    total = np.sum(np.tanh(x @ x) * np.array([[1.0, 2.0], [3.0, 4.0]]) + 1)
    total.backward()
    expected = np.sum(np.tanh([[7.0, 10.0], [15.0, 22.0]]) * [[1.0, 2.0], [3.0, 4.0]] + 1)
    assert total.data == pytest.approx(expected, rel=1e-15)
    assert x[0, 0].grad != 0.0
    assert (x > 2.5).tolist() == [[False, False], [True, True]]
    assert x.mean().data == 2.5


@pytest.mark.parametrize(
    "name",
    [name for op in TABLE.values() if isinstance(op, Unary) for name in (op.name, *op.aliases)],
)
def test_numpy_functions_find_the_methods_of_a_value(name):
    ufunc = getattr(np, name, None)
    if not isinstance(ufunc, np.ufunc) or ufunc.nin != 1:
        assert callable(getattr(Value(0.5), name))
        return
    (result,) = ufunc(np.array([Value(0.5)]))
    assert result.data == pytest.approx(float(ufunc(0.5)), rel=1e-15)


@pytest.mark.parametrize("x", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)])
def test_numpy_scalars_meet_values_on_either_side(x):
    v = Value(3.0)
    assert [type(r) for r in (x * v, v * x, x - v, v**x)] == [Value] * 4
    assert [r.data for r in (x * v, v * x, x - v, v**x)] == [6.0, 6.0, -1.0, 9.0]


def test_a_label_is_any_string_and_stays_as_it_is():
    class Name(str):
        pass

    name = Name("w")
    assert Value(1.0, name).label is name
    assert Value(1.0).label == Constant(1.0).label == ""
    assert Value(1.0, label="\0\ud800").label == "\0\ud800"
    for label in (None, b"w", 1.0, ["w"]):
        with pytest.raises(TypeError, match=r"^label must be a string, got .* \(\w+\)$"):
            Value(1.0, label)


def test_micrograd_names_of_a_node():
    a = Value(2.0)
    y = a * a
    assert (y._prev, y._op, a._prev, a._op) == ((a, a), "*", (), "")
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(2.0, "w")) == "Value(data=2.0, grad=0.0, label='w')"


def test_importing_needs_nothing_but_python():
    heavy = "{'numpy', 'graphviz', 'pygraphviz', 'matplotlib', 'sklearn', 'tqdm', 'torch'}"
    code = f"import sys, autograd, nn; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class _Interrupting(Value):
    """A node that is interrupted when a backward pass reaches it."""

    __slots__ = ()

    @property
    def local_grads(self):
        raise KeyboardInterrupt


def test_an_interrupted_backward_leaves_the_gradients_of_leaves_as_they_were():
    x, w = Value(3.0), Value(2.0)
    (x * w).backward()
    inner = object.__new__(_Interrupting)  # __init__ would set the local gradients
    inner.data, inner.grad, inner.label, inner.op = 6.0, 0.0, "", TABLE["mul"]
    inner.parents = (x, w)
    with pytest.raises(KeyboardInterrupt):
        (inner * x + w).backward()  # w and x have their first terms when it is interrupted
    assert (x.grad, w.grad) == (2.0, 3.0)


@pytest.mark.parametrize("wrong", ["a", None, [1.0]], ids=repr)
def test_data_that_was_set_to_no_number_names_the_leaf_at_the_next_operation(wrong):
    x, nameless = Value(2.0, "x"), Value(2.0)
    y, z = x * x, autograd.tanh(nameless)
    x.data = nameless.data = wrong
    told = f"the data of x is {wrong!r} ({type(wrong).__name__}): set it to a number"
    uses = {
        "mul": [lambda: x * 3.0, lambda: 3.0 * x, lambda: x * x, lambda: autograd.recompute(y)],
        "add": [lambda: x + 1.0],
        "exp": [lambda: autograd.exp(x), x.exp],
        "dot": [lambda: dot([x, x], [x, x])],
    }
    for name, calls in uses.items():
        for call in calls:
            with pytest.raises(TypeError, match=f"^{name}: {re.escape(told)}$"):
                call()
    for call in (
        lambda: autograd.recompute(z),
        lambda: autograd.adjoints(z, [nameless]),
        lambda: autograd.explain(z, nameless),
    ):
        with pytest.raises(TypeError, match=r"^tanh: the data of an operand is "):
            call()
    assert (y.data, x.data) == (4.0, wrong)


def test_micrograds_backward_of_one_node_adds_to_the_gradients_of_its_operands():
    a, b = Value(2.0), Value(3.0)
    y = a * b + a
    y.grad, a.grad = 1.0, 10.0
    y._backward()
    product = y.parents[0]
    assert (product.grad, a.grad) == (1.0, 11.0)
    product._backward()
    assert (a.grad, b.grad) == (14.0, 2.0)
