"""Random graphs: what the strategy promises, and that all ways to a derivative agree on them."""

import math
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, seed, settings

from autograd import Value, adjoints, jvp, topological_order
from autograd.calculus.checking import magnitudes
from autograd.operation import TABLE
from autograd.value import derivatives

from ..support.random_graphs import MARGIN, MAX_SLOPE, Program, programs

FUZZ = settings(derandomize=True, deadline=None, database=None, suppress_health_check=HealthCheck)


def test_random_programs_have_shared_repeated_nary_and_constant_operands() -> None:
    seen: Counter[str] = Counter()

    @settings(FUZZ, max_examples=100)
    @given(programs())
    def look(program: Program) -> None:
        y = program(*map(Value, program.point))
        assert y.data == program(*program.point)
        seen.update(re.findall(r"\w+", program.source.replace("-v", "neg").replace("-x", "neg")))
        seen.update(re.findall(r" [-+*/]+ ", program.source))
        nodes = topological_order(y)
        fan_out = Counter(p for node in nodes for p in set(node.parents))
        seen["shared"] += any(n > 1 for x, n in fan_out.items() if x.op)
        seen["repeated"] += any(len(set(n.parents)) < len(n.parents) for n in nodes)
        seen["constant"] += any(n.is_constant for n in nodes)
        seen["n-ary"] += any(len(n.parents) > 3 for n in nodes)
        seen["leaf"] += not y.op

    for number in range(25):  # 100 graphs may be without one of the operations
        seed(number)(look)()
        table = [(x, op) for x, op in TABLE.items() if not op.is_own]  # other tests add operations
        missing = [x for x, op in table if not seen[x] and not seen[f" {op.symbol} "]]
        missing.remove("stop_gradient")  # no difference quotient has its derivative
        if not missing:
            break
    assert not missing, f"no random graph has {missing}"
    assert all(seen[kind] >= 5 for kind in ("shared", "repeated", "constant", "n-ary", "leaf"))


def central_difference(program: Program, i: int) -> float:
    """With one step of Richardson extrapolation, where the program is smooth."""

    def difference(h: float) -> float:
        low, high = ([x + s * h * (j == i) for j, x in enumerate(program.point)] for s in (-1, 1))
        return (program(*high) - program(*low)) / (2 * h)

    h = MARGIN / MAX_SLOPE / 2
    return (4 * difference(h) - difference(2 * h)) / 3


def agree(program: Program) -> None:
    xs = [Value(x) for x in program.point]
    y = program(*xs)
    y.backward()
    symbolic = [float(g) for g in adjoints(y, xs)]
    scale = magnitudes(y)
    assert all(numbers == node.grad for node, numbers in derivatives(y).items() if node.op)
    for i, (x, by_graph) in enumerate(zip(xs, symbolic, strict=True)):
        assert math.isclose(x.grad, by_graph, rel_tol=1e-12), "backward, symbolic gradient"
        unit = [float(j == i) for j in range(len(xs))]
        out, forward = jvp(program, program.point, unit)
        assert out == y.data
        assert abs(forward - x.grad) <= 1e-12 * scale.get(x, 0.0), "backward, forward accumulation"
        difference = central_difference(program, i)
        assert abs(difference - x.grad) <= 1e-6 * (1 + scale.get(x, 0.0)), (
            "backward, central difference"
        )


@settings(FUZZ, max_examples=100)
@given(programs())
def test_backward_symbolic_gradient_jvp_and_differences_agree(
    program: Program,
) -> None:
    agree(program)


@pytest.mark.slow
@settings(FUZZ, max_examples=20_000)
@given(programs())
def test_they_agree_on_20000_random_graphs(program: Program) -> None:
    agree(program)
