"""The table of operations: each is declared here, once, and everything else reads the declaration.

An entry is at the same time the public function: ``tanh(0.5)`` gives a number, ``tanh(x)`` of a
Value gives a node of a graph. What the parts of an entry mean is written in `autograd.operation`.

To add an operation, add an entry, and its name to `autograd.operators` and `autograd`: a test
compares the names. Nothing else lists operations.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from .operation import FLOATS, TABLE, Binary, Dot, Nary, Unary, total, where

INF, SQRT_HALF, SQRT_PI = math.inf, math.sqrt(0.5), math.sqrt(math.pi)

# An entry: text, value, local gradients, what it is; where to check it; a runnable example.
# A table reads best as one, two or three lines an entry, so the formatter leaves it alone.
# fmt: off

add = Binary("{} + {}", lambda m, a, b: a + b, (1.0, 1.0),
    "The sum. It distributes: both operands get the same gradient.", name="add", symbol="+",
    precedence=1, samples=[(2.0, -3.5), (0.1, 0.2)], example="add(2.0, 3.0) -> 5.0")
sub = Binary("{} - {}", lambda m, a, b: a - b, (1.0, -1.0), "The difference.", name="sub",
    symbol="-", precedence=1, samples=[(2.0, -3.5), (0.1, 0.2)], example="sub(2.0, 3.0) -> -1.0")
mul = Binary("{} * {}", lambda m, a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a),
    "The product. It swaps: the local gradient of each operand is the other.", name="mul",
    symbol="*", precedence=2, samples=[(2.0, -3.5), (0.0, 0.2)], example="mul(2.0, 3.0) -> 6.0")
div = Binary("{} / {}", lambda m, a, b: a / b, (lambda y, a, b: 1 / b, lambda y, a, b: -y / b),
    "The quotient; ZeroDivisionError where b is 0.", domain="b != 0", name="div", symbol="/",
    precedence=2, pole=lambda a, b: math.copysign(INF, a) if a else math.nan,
    samples=[(2.0, -3.5), (0.0, 0.2)], outside=[(1.0, 0.0)],
    example="div(3.0, 2.0) -> 1.5")
neg = Unary("-{}", lambda m, x: -x, (-1.0,), "The negative.", name="neg", symbol="-", precedence=3,
    samples=[2.0, -0.5], activation=True, example="neg(2.0) -> -2.0")


def _pow_by_base(y: Any, a: Any, b: Any) -> Any:
    return 0.0 if isinstance(b, float) and b == 0 else b * a ** (b - 1)


def _pow_by_exponent(y: Any, a: Any, b: Any) -> Any:
    if isinstance(a, float) and a <= 0:  # the limit at 0; no derivative for a negative base
        return 0.0 if a == 0 else math.nan
    return y * log(a)


pow = Binary("{} ** {}", lambda m, a, b: m.pow(a, b), (_pow_by_base, _pow_by_exponent),
    """The power. ValueError for a root of a negative, ZeroDivisionError for 0 to a negative power.

    The derivative by b is 0 at a = 0 and nan for a < 0; the one by a is 0 for b = 0, even at a = 0.
    """,
    name="pow", symbol="**", precedence=4, chains=False, pole=lambda a, b: math.copysign(INF, a),
    domain="a > 0, or a < 0 and a whole b, or a = 0 and b >= 0",
    samples=[(2.0, 3.0), (2.5, -1.5), (0.3, 0.7)],
    outside=[(0.0, -1.0), (-8.0, 1 / 3), (9.0, 999.0)],
    special={(0.0, 0.5): (INF, 0.0), (0.0, 2.0): (0.0, 0.0), (0.0, 1.0): (1.0, 0.0),
             (0.0, 0.0): (0.0, 0.0), (1.0, 0.0): (0.0, 0.0), (-4.0, 3.0): (48.0, math.nan)},
    example="pow(2.0, 3.0) -> 8.0")
abs = Unary("abs({})", lambda m, x: m.fabs(x), (lambda y, x: heaviside(x) - heaviside(-x),),
    "The absolute value; its derivative at 0 is 0.", samples=[2.0, -0.5], special={(0.0,): (0.0,)},
    activation=True, example="abs(-2.0) -> 2.0")

exp = Unary("exp({})", lambda m, x: m.exp(x), (lambda y, x: y,),
    "e to the power x; OverflowError above 709.78.", samples=[-2.0, 0.0, 3.0], outside=[(1000.0,)],
    example="exp(0.0) -> 1.0")
expm1 = Unary("expm1({})", lambda m, x: m.expm1(x), (lambda y, x: exp(x),),
    "``exp(x) - 1``, accurate near 0; OverflowError above 709.78.", definition="exp({}) - 1",
    samples=[-2.0, 1e-9, 3.0], outside=[(1000.0,)], example="expm1(1e-20) -> 1e-20")


def _logits_instead(xs: Sequence[float], operands: Sequence[Any]) -> str:
    """Return a hint if the operand is a probability that was rounded to 0, or 1 minus one."""
    (p,) = operands
    if p.op is sub and p.parents[0].is_constant:
        p = p.parents[1]
    softmax = p.op is exp and p.parents[0].op is sub and p.parents[0].parents[1].op is logsumexp
    by_hand = p.op is div and p.parents[0].op is exp
    if xs[0] != 0 or not (p.op is sigmoid or softmax or by_hand):
        return ""
    return (
        ": a probability was rounded. Compute its logarithm from the logits: "
        "log_softmax(logits), -softplus(-logit), nn.cross_entropy or nn.bce_with_logits"
    )


log = Unary("log({})", lambda m, x: m.log(x), (lambda y, x: 1 / x,),
    "Natural logarithm; ValueError unless x > 0.", domain="x > 0", hint=_logits_instead,
    samples=[0.1, 1.0, 30.0], outside=[(0.0,), (-1.0,)], example="log(1.0) -> 0.0")
log1p = Unary("log1p({})", lambda m, x: m.log1p(x), (lambda y, x: 1 / (1 + x),),
    "``log(1 + x)``, accurate near 0; ValueError unless x > -1.", definition="log(1 + {})",
    domain="x > -1", samples=[-0.5, 1e-9, 3.0], outside=[(-1.0,), (-2.0,)],
    example="log1p(1e-20) -> 1e-20")
sqrt = Unary("sqrt({})", lambda m, x: m.sqrt(x), (lambda y, x: 0.5 / y,),
    "Square root; ValueError unless x >= 0. Its derivative at 0 is inf.", domain="x >= 0",
    samples=[0.1, 1.0, 30.0], special={(0.0,): (INF,)}, outside=[(-1.0,)],
    example="sqrt(9.0) -> 3.0")

sin = Unary("sin({})", lambda m, x: m.sin(x), (lambda y, x: cos(x),), "Sine of x radians.",
    samples=[-2.0, 0.0, 0.7], activation=True, example="sin(0.0) -> 0.0")
cos: Unary = Unary("cos({})", lambda m, x: m.cos(x), (lambda y, x: -sin(x),),
    "Cosine of x radians.", samples=[-2.0, 0.0, 0.7], activation=True, example="cos(0.0) -> 1.0")
tan = Unary("tan({})", lambda m, x: m.tan(x), (lambda y, x: 1 + y * y,), "Tangent of x radians.",
    samples=[-2.0, 0.0, 0.7], activation=True, example="tan(0.0) -> 0.0")
asin = Unary("asin({})", lambda m, x: m.asin(x), (lambda y, x: 1 / sqrt((1 - x) * (1 + x)),),
    "Arc sine in radians; ValueError outside [-1, 1]. Its derivative at -1 and 1 is inf.",
    domain="-1 <= x <= 1", aliases=["arcsin"], samples=[-0.9, 0.0, 0.3], outside=[(1.5,)],
    special={(1.0,): (INF,), (-1.0,): (INF,)}, example="asin(0.0) -> 0.0")
acos = Unary("acos({})", lambda m, x: m.acos(x), (lambda y, x: -1 / sqrt((1 - x) * (1 + x)),),
    "Arc cosine in radians; ValueError outside [-1, 1]. Its derivative at -1 and 1 is -inf.",
    domain="-1 <= x <= 1", aliases=["arccos"], samples=[-0.9, 0.0, 0.3], outside=[(1.5,)],
    special={(1.0,): (-INF,), (-1.0,): (-INF,)}, example="acos(1.0) -> 0.0")
atan = Unary("atan({})", lambda m, x: m.atan(x), (lambda y, x: 1 / (1 + x * x),),
    "Arc tangent in radians.", aliases=["arctan"], samples=[-2.0, 0.0, 0.7],
    activation=True, example="atan(0.0) -> 0.0")
sinh = Unary("sinh({})", lambda m, x: m.sinh(x), (lambda y, x: cosh(x),),
    "Hyperbolic sine; OverflowError beyond 710.47.", samples=[-2.0, 0.0, 0.7], outside=[(1000.0,)],
    example="sinh(0.0) -> 0.0")
cosh: Unary = Unary("cosh({})", lambda m, x: m.cosh(x), (lambda y, x: sinh(x),),
    "Hyperbolic cosine; OverflowError beyond 710.47.", samples=[-2.0, 0.0, 0.7],
    outside=[(1000.0,)], example="cosh(0.0) -> 1.0")
tanh = Unary("tanh({})", lambda m, x: m.tanh(x), (lambda y, x: 1 - y * y,), "Hyperbolic tangent.",
    samples=[-2.0, 0.0, 0.7], activation=True, example="tanh(0.0) -> 0.0")
erf = Unary("erf({})", lambda m, x: m.erf(x), (lambda y, x: 2 / SQRT_PI * exp(-x * x),),
    "Error function: the integral of 2 / sqrt(pi) exp(-t * t) from 0 to x.",
    samples=[-2.0, 0.0, 0.7], activation=True, example="erf(0.0) -> 0.0")
erfc = Unary("erfc({})", lambda m, x: m.erfc(x), (lambda y, x: -2 / SQRT_PI * exp(-x * x),),
    "``1 - erf(x)``, without losing its tail.", samples=[-2.0, 0.0, 9.0],
    activation=True, example="erfc(0.0) -> 1.0")


def _sigmoid(m: Any, x: Any) -> Any:
    e = m.exp(-m.fabs(x))
    return m.where(x >= 0, 1.0, e) / (1.0 + e)


sigmoid: Unary = Unary("sigmoid({})", _sigmoid, (lambda y, x: y * sigmoid(-x),),
    "Logistic sigmoid ``1 / (1 + exp(-x))``; neither it nor its derivative loses a tail.",
    definition="1 / (1 + exp(-({})))", samples=[-30.0, -2.0, 0.0, 0.7, 30.0],
    activation=True, example="sigmoid(0.0) -> 0.5")
relu = Unary("relu({})", lambda m, x: m.maximum(x, 0.0), (lambda y, x: heaviside(x),),
    "Rectified linear unit ``max(x, 0)``; its derivative at 0 is 0, as in PyTorch.",
    definition="Max({}, 0)", samples=[2.0, -0.5], special={(0.0,): (0.0,)},
    activation=True, example="relu(-2.0) -> 0.0")
leaky_relu = Binary("leaky_relu({}, {})",
    lambda m, x, slope=0.01: m.maximum(x, 0.0) + slope * m.minimum(x, 0.0),
    (lambda y, x, slope: heaviside(x) + slope * (1 - heaviside(x)),
     lambda y, x, slope: 0.0 - relu(-x)),
    "``x`` where positive, else ``slope * x``; its derivative at 0 is the slope, as in PyTorch.",
    definition="Max({0}, 0) + ({1}) * Min({0}, 0)", samples=[(2.0, 0.01), (-0.5, 0.2)],
    special={(0.0, 0.01): (0.01, 0.0)}, activation=True, example="leaky_relu(-2.0) -> -0.02")
softplus = Unary("softplus({})", lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.fabs(x))),
    (lambda y, x: sigmoid(x),),
    "``log(1 + exp(x))``, a smooth ReLU; neither overflows nor loses its tail.",
    definition="log(1 + exp({}))", samples=[-30.0, -2.0, 0.0, 0.7, 30.0],
    activation=True, example="softplus(1000.0) -> 1000.0")
silu = Unary("silu({})", lambda m, x: x * _sigmoid(m, x),
    (lambda y, x: sigmoid(x) * (1 + x * sigmoid(-x)),),
    "``x * sigmoid(x)``, also called swish (Hendrycks and Gimpel 2016, arXiv:1606.08415).",
    definition="({0}) / (1 + exp(-({0})))", samples=[-2.0, 0.0, 0.7], activation=True,
    example="silu(0.0) -> 0.0")
gelu = Unary("gelu({})", lambda m, x: 0.5 * x * m.erfc(-x * SQRT_HALF),
    (lambda y, x: 0.5 * erfc(-x * SQRT_HALF) + x * exp(-0.5 * x * x) * (SQRT_HALF / SQRT_PI),),
    "x times the normal distribution function at x (arXiv:1606.08415), the exact form.",
    definition="({0}) * (1 + erf(({0}) / sqrt(2))) / 2", samples=[-2.0, 0.0, 0.7],
    activation=True, example="gelu(0.0) -> 0.0")
heaviside: Unary = Unary("heaviside({})", lambda m, x: m.where(x > 0, 1.0, 0.0), (0.0,),
    "1 where x > 0, else 0: the derivative of ReLU. Its own derivative is 0 everywhere.",
    definition="Piecewise((1, {} > 0), (0, True))", samples=[2.0, -0.5], special={(0.0,): (0.0,)},
    activation=True, example="heaviside(0.0) -> 0.0")
equal = Binary("equal({}, {})", lambda m, a, b: m.where(a == b, 1.0, 0.0), (0.0, 0.0),
    "1 where a equals b, else 0; its derivatives are 0. Shares out the ties of maximum.",
    definition="Piecewise((1, Eq({}, {})), (0, True))", samples=[(2.0, 3.0), (0.5, 0.5)],
    special={(1.0, 1.0): (0.0, 0.0)}, example="equal(2.0, 2.0) -> 1.0")
stop_gradient = Unary("stop_gradient({})", lambda m, x: x, (0.0,),
    "``x`` itself, as a constant: its derivative is 0, so nothing flows back through it.",
    samples=[2.0, -0.5], example="stop_gradient(2.0) -> 2.0")


def _called(name: str) -> Callable[[Sequence[str]], str]:
    return lambda xs: f"{name}({', '.join(xs)})"


def _added(xs: Sequence[str]) -> str:
    return " + ".join([f"({x})" if i and x.startswith("-") else x for i, x in enumerate(xs)])


def _affine(xs: Sequence[str]) -> str:
    n = len(xs) // 2
    xs = [f"({x})" if " " in x or (i and x.startswith("-")) else x for i, x in enumerate(xs)]
    return " + ".join([*(f"{w} * {x}" for w, x in zip(xs[:n], xs[n:], strict=False)), *xs[2 * n :]])


def _mean_of(xs: Sequence[str]) -> str:
    if len(xs) > 1:
        return f"mean({', '.join(xs)})"
    return f"({xs[0]})" if " " in xs[0] else xs[0]


def _goes_to(superlative: str, comparative: str) -> Callable[[int], str]:
    return lambda n: f"goes to the {comparative if n == 2 else superlative} operand, ties share it"


def _shares(y: Any, *xs: Any) -> list[Any]:
    chosen = [equal(x, y) for x in xs]
    ties = total(chosen)
    return [c / ties for c in chosen]


def _dot(m: Any, *operands: Any) -> Any:
    n = len(operands) // 2
    return total(map(operator.mul, operands[:n], operands[n : 2 * n]), *operands[2 * n :])


def _swapped(y: Any, *operands: Any) -> tuple[Any, ...]:
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) - 2 * n)


def _logsumexp(m: Any, *xs: Any) -> Any:
    top = m.stop_gradient(m.maximum(*xs))  # any number gives the same sum and derivatives
    return top + m.log(total([m.exp(x - top) for x in xs]))


def _softmax_of(y: Any, *xs: Any) -> list[Any]:
    if isinstance(y, float) and math.isinf(y):
        return _shares(y, *xs)
    return [exp(x - y) for x in xs]


maximum = Nary(_called("maximum"), lambda m, *xs: m.maximum(*xs), _shares,
    "The largest operand, which gets the gradient; ties share it equally.", name="maximum",
    definition=_called("Max"), samples=[(2.0, -1.0, 1.5), (0.5,)],
    rule_in_words=_goes_to("largest", "larger"),
    special={(1.0, 1.0, 0.0): (0.5, 0.5, 0.0)}, example="maximum(1.0, 3.0, 2.0) -> 3.0")
minimum = Nary(_called("minimum"), lambda m, *xs: m.minimum(*xs), _shares,
    "The smallest operand, which gets the gradient; ties share it equally.", name="minimum",
    definition=_called("Min"), samples=[(2.0, -1.0, 1.5), (0.5,)],
    rule_in_words=_goes_to("smallest", "smaller"),
    special={(1.0, 1.0, 2.0): (0.5, 0.5, 0.0)}, example="minimum(1.0, 3.0, 2.0) -> 1.0")
dot = Dot(_affine, _dot, _swapped,
    """``dot(ws, xs, bias=0.0)``: the affine sum ``w1*x1 + ... + wn*xn + bias``, as one node.

    ValueError unless ws and xs are equally long and not empty.
    """,
    name="dot", precedence=1, samples=[([2.0, -1.0], [0.5, 3.0], 1.0), ([1.0], [2.0])],
    example="dot([1.0, 2.0], [3.0, 4.0], 0.5) -> 11.5")
sum = Nary(_added, lambda m, *xs: total(xs), lambda y, *xs: (1.0,) * len(xs),
    "The sum of all operands, as one node; ValueError for none.", name="sum", precedence=1,
    samples=[(2.0, -1.0, 1.5)], example="sum([1.0, 2.0, 3.0]) -> 6.0")
mean = Nary(_mean_of, lambda m, *xs: total(xs) / len(xs),
    lambda y, *xs: (1 / len(xs),) * len(xs), "The mean of all operands, as one node.", name="mean",
    definition=lambda xs: f"({' + '.join(xs)}) / {len(xs)}", samples=[(2.0, -1.0, 1.5)],
    example="mean([1.0, 2.0, 3.0]) -> 2.0")
logsumexp = Nary(_called("logsumexp"), _logsumexp, _softmax_of,
    """``log(exp(x1) + ... + exp(xn))``, without overflow; its local gradients are the softmax.

    It is -inf if all operands are, and inf if any is. Then the largest share the gradient equally.
    """,
    name="logsumexp",
    infinite=lambda xs: FLOATS.maximum(*xs) if math.isinf(max(xs)) else None,  # nan if any is
    definition=lambda xs: f"log({' + '.join(f'exp({x})' for x in xs)})",
    samples=[(2.0, -1.0, 1.5), (0.5,)], example="logsumexp([0.0, 1000.0]) -> 1000.0")
# fmt: on


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """``x - logsumexp(xs)`` for each x: the logarithms of `softmax`, without its underflow.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    xs = list(xs)
    if not xs:
        raise ValueError("softmax of nothing: needs at least one operand")
    total = logsumexp(xs)
    return [sub(x, total) for x in xs]


def softmax(xs: Iterable[Any]) -> list[Any]:
    """``exp(x) / (exp(x1) + ... + exp(xn))`` for each x: positive numbers of sum 1.

    >>> softmax([0.0, 1000.0])
    [0.0, 1.0]
    """
    return [exp(x) for x in log_softmax(xs)]


def scalar_graph() -> SimpleNamespace:
    """Return the operations as a namespace: a ``forward`` in it builds a graph of scalar nodes."""
    return SimpleNamespace(**TABLE | {"where": where})
