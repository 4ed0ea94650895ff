"""Python expressions as values: the operators of a `Code` give the `Code` of the result.

A `Code` holds an `ast` expression. It has operators, attributes, indices and calls. So what is
written for arrays or numbers, such as the table's ``forward``, writes itself down when it is
evaluated on codes. No operation is written a second time, and `ast.unparse` sets parentheses.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..operation import Operation
from ..recording import forward_of

OWN = "own_"  # before the name of an operation that somebody added, as NumPy may have such a name
LOAD = ast.Load()  # a name, attribute or index that is read


def _infix(operator: ast.operator, swapped: bool = False) -> Callable[[Code, Any], Code]:
    """Return the method of an operator, for a code on its left, or on its right if swapped."""

    def infix(a: Code, b: Any) -> Code:
        left, right = (_operand(b), a.tree) if swapped else (a.tree, _operand(b))
        return Code(ast.BinOp(left, operator, right))

    return infix


def _comparison(test: ast.cmpop) -> Callable[[Code, Any], Code]:
    return lambda a, b: Code(ast.Compare(a.tree, [test], [_operand(b)]))


class Code:
    """A Python expression.

    >>> xp, z = named("xp"), named("z")
    >>> print((z[:, 1] > 0.0) * xp.maximum(z.T + 1, z.reshape(-1, 2) * 0.5))
    (z[:, 1] > 0.0) * xp.maximum(z.T + 1.0, z.reshape(-1, 2) * 0.5)
    """

    __slots__ = ("tree",)

    def __init__(self, tree: ast.expr) -> None:
        self.tree = tree

    def __str__(self) -> str:
        return ast.unparse(self.tree)

    __add__, __radd__ = _infix(ast.Add()), _infix(ast.Add(), True)
    __sub__, __rsub__ = _infix(ast.Sub()), _infix(ast.Sub(), True)
    __mul__, __rmul__ = _infix(ast.Mult()), _infix(ast.Mult(), True)
    __truediv__, __rtruediv__ = _infix(ast.Div()), _infix(ast.Div(), True)
    __matmul__ = _infix(ast.MatMult())
    __lt__, __le__ = _comparison(ast.Lt()), _comparison(ast.LtE())
    __gt__, __ge__ = _comparison(ast.Gt()), _comparison(ast.GtE())
    __eq__ = _comparison(ast.Eq())  # type: ignore[assignment]  # a Code, where object has a bool
    __ne__ = _comparison(ast.NotEq())  # type: ignore[assignment]  # as above
    __hash__ = None  # type: ignore[assignment]  # how Python spells unhashable

    def __bool__(self) -> bool:
        raise TypeError("a code is neither true nor false")

    def __neg__(self) -> Code:
        return Code(ast.UnaryOp(ast.USub(), self.tree))

    def __getattr__(self, name: str) -> Code:
        if name.startswith("__"):  # a protocol that somebody asks for, not a part of the program
            raise AttributeError(name)
        return Code(ast.Attribute(self.tree, name, LOAD))

    def __getitem__(self, index: Any) -> Code:
        return Code(ast.Subscript(self.tree, _tree(index), LOAD))

    def __call__(self, *args: Any, **keywords: Any) -> Code:
        named = [ast.keyword(name, _tree(x)) for name, x in keywords.items()]
        return Code(ast.Call(self.tree, [_tree(x) for x in args], named))


def named(name: str) -> Code:
    return Code(ast.Name(name, LOAD))


def code(x: Any) -> Code:
    """Return a code, number, tuple, list or slice as code."""
    return x if isinstance(x, Code) else Code(_tree(x))


def negated(condition: Code) -> Code:
    return Code(ast.UnaryOp(ast.Not(), condition.tree))


def constant_in(x: Code) -> float | None:
    """Return the number that ``x`` is, None if it is something else."""
    # a constant of an emitted program is a number
    return x.tree.value if isinstance(x.tree, ast.Constant) else None  # type: ignore[return-value]


def _operand(x: Any) -> ast.expr:
    return x.tree if isinstance(x, Code) else _tree(float(x))


def _tree(x: Any) -> ast.expr:
    if isinstance(x, Code):
        return x.tree
    if isinstance(x, tuple):
        return ast.Tuple([_tree(element) for element in x], LOAD)
    if isinstance(x, list):
        return ast.List([_tree(element) for element in x], LOAD)
    if isinstance(x, slice):
        ends = [None if end is None else _tree(end) for end in (x.start, x.stop, x.step)]
        return ast.Slice(*ends)
    if isinstance(x, float) and not math.isfinite(x):
        return named("float")(str(x)).tree
    return ast.Constant(x)


def written(operation: Operation, operands: Sequence[Code], functions: Code) -> Code:
    """Return an operation at ``operands``, with the functions of this module or namespace.

    It is the formula. If the formula needs an intermediate result twice, it is a call of the
    operation.

    >>> from autograd import ops
    >>> print(written(ops.softplus, [named("z")], named("xp")))
    xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.fabs(z)))
    >>> print(written(ops.sigmoid, [named("z")], named("xp")))
    xp.sigmoid(z)
    """
    repeated = _repeated(operation, len(operands))
    if repeated is None or any(not isinstance(operands[i].tree, ast.Name) for i in repeated):
        return functions.__getattr__(OWN * operation.is_own + operation.name)(*operands)
    return forward_of(operation, functions, operands)  # type: ignore[no-any-return]  # a code


@cache
def _repeated(operation: Operation, operands: int) -> list[int] | None:
    """Return which operands the formula needs twice, None if it needs something else twice."""
    xs = [named(f"x{i}") for i in range(operands)]
    formula = forward_of(operation, named("functions"), xs)
    uses = Counter([node for node in ast.walk(formula.tree) if isinstance(node, ast.expr)])
    if any(n > 1 and not isinstance(node, ast.Name) for node, n in uses.items()):
        return None
    return [i for i, x in enumerate(xs) if uses[x.tree] > 1]
