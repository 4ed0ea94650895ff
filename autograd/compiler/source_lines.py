"""The lines of an emitted program: which move into another, names that count from 1, layout."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .python_code import LOAD, Code, constant_in

LINE_WIDTH = 96  # characters, without the indentation
MAX_MOVED_WIDTH = 44  # of a line that moves into another, its names not yet numbered
COMMENT_COLUMN = 44


@dataclass(eq=False)
class Line:
    """The line ``name = value``.

    The name is its ``kind`` and a number: z1. `name_lines` gives it when all lines are known. A
    kind with ``{}`` takes the name of the line that this one is ``of``: dz1 the adjoint of z1,
    z1_list its elements.
    """

    kind: str
    value: Code
    shape: tuple[int, ...] = ()  # of an array
    of: Line | None = None
    of_numbers: bool = False  # whether it computes with Python numbers alone
    may_move: bool = False  # whether it is an array that no Python number is read from
    has_rows: bool = False  # whether the array has rows in front, besides its shape
    is_sum: bool = False  # whether the value is a sum of products, element by element
    symbol: ast.Name = field(init=False)

    def __post_init__(self) -> None:
        self.symbol = ast.Name(self.kind, LOAD)  # until it has its number

    @property
    def name(self) -> Code:
        return Code(self.symbol)


def without_moved(lines: Sequence[Line], ends: Iterable[Code]) -> list[Line]:
    """Return the lines, with short ones moved into the sum of products that alone needs them.

    ``ends`` is what else the program computes from them.
    """
    arrays: dict[ast.AST, Line] = {line.symbol: line for line in lines if line.may_move}
    trees = [line.value.tree for line in lines if not line.of_numbers]
    trees += [end.tree for end in ends]
    uses = Counter([node for tree in trees for node in ast.walk(tree) if node in arrays])
    moved = set[Line]()

    def filled(tree: ast.expr) -> ast.expr:
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub | ast.Mult):
            left, right = filled(tree.left), filled(tree.right)
            if isinstance(tree.op, ast.Mult):
                condition = _factor(left)
                right = _factor(right) if condition is left else right
                left = condition
            return ast.BinOp(left, tree.op, right)
        if isinstance(tree, ast.UnaryOp):
            return ast.UnaryOp(tree.op, filled(tree.operand))
        line = arrays.get(tree)
        if line is None or uses[tree] > 1 or len(str(line.value)) > MAX_MOVED_WIDTH:
            return tree
        moved.add(line)
        return line.value.tree

    for line in lines:
        if line.is_sum:
            line.value = Code(filled(line.value.tree))
    return [line for line in lines if line not in moved]


def _factor(x: ast.expr) -> ast.expr:
    """Return ``condition`` for ``xp.where(condition, 1.0, 0.0)``.

    It multiplies a number as 1 or 0. Two conditions would multiply as ``and``.
    """
    if isinstance(x, ast.Call) and isinstance(x.func, ast.Attribute) and x.func.attr == "where":
        condition, *values = x.args
        if [constant_in(Code(v)) for v in values] == [1.0, 0.0]:
            return condition
    return x


def replaced(value: Code, by: Mapping[ast.AST, ast.expr]) -> Code:
    """Return ``value`` with other expressions for some of its parts. Its tree is changed."""

    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return self.generic_visit(by.get(node, node))

    return Code(Replacing().visit(value.tree))


def name_lines(lines: Iterable[Line], arguments: Iterable[Line]) -> None:
    """Name the lines. Names of one kind count from 1, in the order in which they appear."""
    counts, named = Counter[str](), set(arguments)
    for line in lines:
        for x in (line.of, line):
            if x is None or x in named:
                continue
            named.add(x)
            if x.of is not None:
                x.symbol.id = x.kind.format(x.of.symbol.id)
            else:
                counts[x.kind] += 1
                x.symbol.id = f"{x.kind}{counts[x.kind]}"


def shown(shape: tuple[int, ...], separator: str = ", ") -> str:
    return f"({separator.join(map(str, shape))})"


def laid_out(head: str, value: Code, tail: str = "", shape: tuple[int, ...] = ()) -> str:
    """Return a line of the function, with the shape as a comment. A line too long is broken."""
    text, comment = str(value), f"  # {shown(shape)}" if shape else ""
    line = f"{head}{text}{tail}"
    if len(line + comment) <= LINE_WIDTH:
        return f"    {line:<{COMMENT_COLUMN}}{comment}".rstrip()
    opening, closing = "(", ")"
    if isinstance(value.tree, ast.Call):
        opening = ast.unparse(value.tree.func) + opening
        text = text[len(opening) : -1]
        if len(value.tree.args) == 1 and isinstance(value.tree.args[0], ast.List | ast.Tuple):
            opening, text, closing = opening + text[0], text[1:-1], text[-1] + closing
    for before, after in ((", ", ",\n"), (" + ", "\n+ "), (" - ", "\n- ")):  # where it may break
        text = text.replace(before, after)
    rows = [""]
    for piece in text.split("\n"):
        if len(rows[-1]) + 1 + len(piece) > LINE_WIDTH - 4:
            rows.append("")
        rows[-1] += f" {piece}" if rows[-1] else piece
    first = f"    {head + opening:<{COMMENT_COLUMN}}{comment}".rstrip()
    return "\n        ".join([first, *rows]) + f"\n    {closing}{tail}"
