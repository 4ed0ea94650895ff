"""Loops over a batch, printed from the table: equal to Python's values and local gradients."""

import math

from autograd import TABLE, Value
from autograd.operation import FLOATS
from autograd.pages.batched_kernels import print_kernels

from ...support.node import run_module

TOLERANCE = 1e-12


def points(operation):
    """Return the operands of the table's sample points, by their number."""
    found = {}
    for sample in [*operation.samples, *operation.special]:
        operands = [float(x) for x in operation.operands(*sample)]
        found.setdefault(len(operands), []).append(operands)
    return found


def close(a, b):
    return a == b or (a != a and b != b) or abs(a - b) <= TOLERANCE * max(1.0, abs(b))


def test_every_operation_has_pythons_values_and_gradients_over_a_batch():
    cases = [
        (operation, count, batch)
        for operation in TABLE.values()
        if not operation.is_own
        for count, batch in points(operation).items()
    ]
    found = run_module(
        f"""
        import {{ exact, limits }} from "./autograd/pages/floats.js";
        const kernels = {print_kernels((op, count) for op, count, _ in cases)};
        answer(given.map(([key, columns]) => {{
          const n = columns[0].length;
          const xs = columns.map((column) => Float64Array.from(column));
          const ss = xs.map(() => -1);
          const y = new Float64Array(n);
          kernels[key].forward(exact, 0, n, y, xs, ss);
          const g = new Float64Array(n).fill(2);
          const grads = xs.map((_, k) => {{
            const out = new Float64Array(n);
            kernels[key].backward[k](limits, 0, n, y, g, xs, ss, out, -1);
            return [...out];
          }});
          return [[...y], grads];
        }}));
        """,
        [
            (f"{op.name}/{count}", [list(column) for column in zip(*batch, strict=True)])
            for op, count, batch in cases
        ],
    )
    assert {op for op, *_ in cases} == {op for op in TABLE.values() if not op.is_own}
    for (operation, _, batch), (ys, grads) in zip(cases, found, strict=True):
        for i, xs in enumerate(batch):
            values = [Value(x) for x in xs]
            node = values[0].record(operation, tuple(values))
            assert close(ys[i], node.data), (operation, xs)
            for k, local in enumerate(node.local_grads):
                assert close(grads[k][i], 2 * local), (operation, xs, k)


def test_a_shared_operand_is_read_for_each_sample_and_its_gradient_is_summed():
    found = run_module(
        f"""
        import {{ exact }} from "./autograd/pages/floats.js";
        const kernel = {print_kernels([(TABLE["mul"], 2)])}["mul/2"];
        const xs = [Float64Array.of(3), Float64Array.of(1, 2, 5)];
        const [y, g, out] = [new Float64Array(3), Float64Array.of(1, 10, 100), new Float64Array(1)];
        kernel.forward(exact, 0, 3, y, xs, [0, -1]);
        kernel.backward[0](exact, 0, 3, y, g, xs, [0, -1], out, 0);
        answer([[...y], [...out]]);
        """
    )
    assert found == [[3, 6, 15], [1 + 20 + 500]]


def test_the_larger_of_two_numbers_is_nan_if_one_is():
    pairs = [[math.nan, 1.0], [1.0, math.nan], [2.0, 1.0], [1.0, 2.0], [math.inf, 1.0]]
    found = run_module(
        f"""
        import {{ exact }} from "./autograd/pages/floats.js";
        const kernels = {print_kernels([(TABLE["maximum"], 2), (TABLE["minimum"], 2)])};
        const xs = [0, 1].map((k) => Float64Array.from(given, (pair) => pair[k]));
        answer(["maximum/2", "minimum/2"].map((key) => {{
          const y = new Float64Array(given.length);
          kernels[key].forward(exact, 0, given.length, y, xs, [-1, -1]);
          return [...y];
        }}));
        """,
        pairs,
    )
    for name, answers in zip(("maximum", "minimum"), found, strict=True):
        expected = [getattr(FLOATS, name)(*pair) for pair in pairs]
        assert all(map(close, answers, expected))


ENGINE = f"""
import {{ BatchedEngine }} from "./autograd/pages/batched_engine.js";
import {{ NodeError }} from "./autograd/pages/engine.js";
const kernels = {print_kernels([(TABLE["log"], 1), (TABLE["mul"], 2), (TABLE["sqrt"], 1)])};
"""


def run_engine(operation, samples, source):
    """Return what ``source`` hands to ``answer``: it has an engine of operation(x * 2)."""
    setting = f"""
        const graph = {{ ops: [null, null, "mul/2", "{operation}/1"],
          parents: [[], [], [0, 1], [2]],
          parameter: [-1, 0, -1, -1], constant: [null, null, null, null] }};
        const engine = new BatchedEngine(graph, kernels, Float64Array.of(2), {samples});"""
    return run_module(ENGINE + setting + source)


def test_an_error_names_the_node_and_the_operands_of_the_first_sample_that_fails():
    found = run_engine(
        "log",
        3,
        """
        engine.data[0].set([1, -3, -4]);
        try { engine.forward(3); } catch (error) {
          answer([error instanceof NodeError, error.node, error.kind, error.operands]);
        }""",
    )
    assert found == [True, 3, "domain", [-6]]


def test_where_a_rule_meets_a_pole_the_gradient_is_the_limit():
    found = run_engine(
        "sqrt",
        2,
        """
        engine.data[0].set([1, 0]);
        engine.forward(1);
        engine.backward(1);
        const first = engine.gradients[0];
        engine.data[0].set([0, 0]);
        engine.forward(1);
        engine.backward(1);
        answer([first, engine.grad[2][0], engine.firstNonFinite(1)]);""",
    )
    assert found == [0.5 / math.sqrt(2), math.inf, -1]
