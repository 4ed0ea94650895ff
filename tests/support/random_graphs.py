"""Random programs for Hypothesis, drawn from the table of operations: `programs()`.

A program is straight-line source over a few inputs, with a point to evaluate it at. Called with
floats it gives a float, with Values a graph:

    @given(programs())
    @settings(derandomize=True, deadline=None)
    def test_something(program):
        xs = [Value(x) for x in program.point]
        y = program(*xs)

A program has shared sub-expressions, n-ary nodes, constants and repeated operands. Some programs
have results that nothing uses, or no operation at all. At its point, every operation is smooth,
inside its domain, and of moderate value and slope, so that finite differences are accurate: no
input moved by `MARGIN` / `MAX_SLOPE` takes any operation over a kink or the edge of its domain.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from autograd import leaky_relu
from autograd.operation import TABLE, Dot, Operation

MARGIN = 0.004  # an operand moved by this meets neither a kink nor an edge
MAX_VALUE, MAX_SLOPE, MAX_CURVATURE = 50.0, 50.0, 50.0  # the slope is by the inputs
CONSTANTS = [2.0, -1.0, 0.5, 3.0, 0.0, 1.0, -2.0, 0.1]


@dataclass(frozen=True)
class Program:
    """A function of floats or Values, and a point to evaluate it at. It is shown as its source."""

    source: str
    point: tuple[float, ...]
    _function: Callable[..., Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        namespace: dict[str, Any] = dict(TABLE)
        exec(self.source, namespace)
        object.__setattr__(self, "_function", namespace["program"])

    def __call__(self, *xs: Any) -> Any:
        return self._function(*xs)

    def __repr__(self) -> str:
        return f"\n{self.source}\nat {self.point}"


@dataclass(frozen=True)
class _Node:
    name: str
    data: float
    slope: float  # by the inputs, at most: the sum of the absolute products along all paths


def _written(operation: Operation, names: list[str]) -> str:
    if operation.precedence < 9 and operation.arity:
        return operation.text(names, [9] * len(names))  # with its operator
    if isinstance(operation, Dot):
        n = len(names) // 2
        names = [f"[{', '.join(names[:n])}]", f"[{', '.join(names[n : 2 * n])}]", *names[2 * n :]]
    return f"{operation.name}({', '.join(names)})"


def _bounded_node(name: str, operation: Operation, operands: Sequence[Any]) -> _Node | None:
    """Return the node, or None if the operation is not smooth, defined and moderate around it."""
    xs = [x.data if isinstance(x, _Node) else x for x in operands]
    varies = [isinstance(x, _Node) for x in operands]
    if operation is leaky_relu and abs(xs[0]) < MARGIN:
        return None  # a slope of 1 that varies too hides the kink: only the curvature jumps there
    try:
        y = operation.value(xs)
        local = operation.local_grads(y, xs, varies)
        for node in dict.fromkeys(x for x in operands if isinstance(x, _Node)):
            slope = sum(g for g, x in zip(local, operands, strict=True) if x is node)
            for h in (MARGIN, -MARGIN):
                moved = [x.data + h * (x is node) if isinstance(x, _Node) else x for x in operands]
                near = operation.value(moved)
                operation.local_grads(near, moved, varies)  # must not raise either
                if not abs(near - y - slope * h) <= MAX_CURVATURE * h * h:
                    return None
    except (ArithmeticError, ValueError):
        return None
    pairs = zip(local, operands, strict=True)
    total = sum(abs(g) * x.slope for g, x in pairs if isinstance(x, _Node))
    return _Node(name, y, total) if abs(y) <= MAX_VALUE and total <= MAX_SLOPE else None


_TABLE = [op for op in TABLE.values() if not op.is_own]
_OPERATIONS = [[op for op in _TABLE if op.arity == 1], [op for op in _TABLE if op.arity != 1]]
_OPERANDS: list[float] = [*range(8), *CONSTANTS]  # int: how many nodes back


@st.composite
def programs(draw: Callable[[Any], Any], max_steps: int = 20, max_inputs: int = 4) -> Program:
    """Draw a random program. Steps that leave the safe region are left out.

    Hypothesis draws the length and a seed, so it makes programs shorter. To draw each operand too
    took ten times as long, and nearly all the time of a test.
    """
    length = draw(st.integers(0, max_steps))
    rng = random.Random(draw(st.integers(0, 2**24 - 1)))  # of more bits it prefers small numbers
    hundredths = [rng.randint(-300, 300) for _ in range(rng.randint(1, max_inputs))]
    everything = rng.random() < 0.5  # the result is the sum of all that nothing else uses
    nodes = [_Node(f"x{i}", h / 100, 1.0) for i, h in enumerate(hundredths)]
    header = f"def program({', '.join(x.name for x in nodes)}):"
    lines, unused = [], dict.fromkeys(nodes)
    for _ in range(length):
        operation = rng.choice(rng.choice(_OPERATIONS))
        choices = [rng.choice(_OPERANDS) for _ in range(rng.randint(1, 6))]
        count = operation.arity or max(len(choices), 1 + isinstance(operation, Dot))
        choices = (choices * count)[:count]
        operands = [nodes[-1 - c % len(nodes)] if isinstance(c, int) else c for c in choices]
        if not any(isinstance(x, _Node) for x in operands):
            continue
        if node := _bounded_node(f"v{len(nodes)}", operation, operands):
            names = [x.name if isinstance(x, _Node) else repr(x) for x in operands]
            lines.append(f"    {node.name} = {_written(operation, names)}")
            nodes.append(node)
            for x in operands:
                unused.pop(x, None)
            unused[node] = None
    result = nodes[-1].name
    if everything and len(unused) > 1:
        result = f"sum([{', '.join(x.name for x in unused)}])"
    source = "\n".join([header, *lines, f"    return {result}"])
    return Program(source, tuple(x.data for x in nodes[: len(hundredths)]))
