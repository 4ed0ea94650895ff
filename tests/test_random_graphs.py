"""Random graphs: what the strategy promises, and that all ways to a derivative agree on them."""

from collections import Counter

from hypothesis import given, settings

from autograd import Constant, Value, topological_order
from autograd.ops import TABLE

from .random_graphs import Program, programs

FEW = settings(derandomize=True, deadline=None, database=None, max_examples=300)


def test_random_programs_have_shared_repeated_nary_and_constant_operands_and_every_operation():
    seen: Counter[str] = Counter()

    @FEW
    @given(programs())
    def look(program: Program) -> None:
        xs = [Value(x) for x in program.point]
        y = program(*xs)
        assert y.data == program(*program.point)
        nodes = topological_order(y)
        fan_out = Counter(p for node in nodes for p in set(node.parents))
        seen.update(node.op.name for node in nodes if node.op)
        seen["shared"] += any(n > 1 for x, n in fan_out.items() if x.op)
        seen["repeated"] += any(len(set(n.parents)) < len(n.parents) for n in nodes)
        seen["constant"] += any(type(n) is Constant for n in nodes)
        seen["n-ary"] += any(len(n.parents) > 3 for n in nodes)
        seen["leaf"] += not y.op

    look()
    missing = [name for name in TABLE if not seen[name]]
    assert not missing, f"no random graph has {missing}"
    assert all(seen[kind] >= 5 for kind in ("shared", "repeated", "constant", "n-ary", "leaf"))
