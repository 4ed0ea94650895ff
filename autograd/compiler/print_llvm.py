"""Stage 6, too: the lines of a program as one function of LLVM IR, with vectors written out.

It lowers what `print_numpy` has written, line by line. All sizes are known, but a batch may have
any number of rows: then its size is given as `Rows`, and the function takes their number. Its one
argument is an array of addresses: of the parameters, constants, indices, scratch memory, results,
gradient, scratch memory for rows, numbers of rows, plain numbers, and batches. It returns `DONE`,
`ELSEWHERE` if the call takes another path, or `TIE`.

Nothing here knows an operation by name: the functions of a program are those of `LaneMath`.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .llvm_arrays import (
    Array,
    CannotLowerProductError,
    Elementwise,
    Joined,
    Listed,
    Loops,
    Number,
    Part,
    Product,
    elementwise,
    repeated_to,
    with_axis,
)
from .llvm_code import CannotLowerError, LaneMath, Lanes, Writer
from .print_numpy import Printed
from .row_sizes import Rows, Shape, Size, broadcast, known, reshaped, strides_of, total

DONE, ELSEWHERE, TIE = 0, 1, 2  # what the function returns
TABLE_OF_ADDRESSES = (
    "p", "constants", "indices", "scratch", "results", "gradient", "row_scratch", "counts", "x",
)  # fmt: skip
MAX_LINES = 1200  # of a program; machine code of more takes long to make
MAX_NUMBER_LINES = 300  # lines of numbers alone; LLVM needs more than linear time for them
MAX_SCRATCH = 1 << 22  # numbers
TOO_MUCH_SCRATCH = "it needs more scratch memory than machine code gets"

OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """What lies in the memory that the code of a program works on. JSON can hold it."""

    numbers: Sequence[str]  # the constants of numbers, one after another
    indices: Sequence[Sequence[Any]]  # the constants of indices, each with what `_indices` takes
    scratch: int  # numbers of scratch memory
    results: int
    gradient: int
    lanes: int
    row_scratch: Sequence[int]  # numbers of scratch memory for each row of a batch, and of others
    most_rows: Sequence[tuple[int, str]]  # that there may be, and why no more

    def constants(self, given: Mapping[str, Any]) -> Any:
        """Return the constants of numbers as one flat array."""
        arrays = [np.asarray(given[name], float).ravel() for name in self.numbers]
        return np.concatenate([np.zeros(0), *arrays])

    def places(self, given: Mapping[str, Any]) -> Any:
        """Return the constants of indices as one flat array."""
        arrays = [_indices(given[name], stride, end) for name, stride, end in self.indices]
        return np.concatenate([np.zeros(0, np.int64), *arrays])

    def scratch_for(self, counts: Sequence[int]) -> int:
        """Return how much scratch memory so many rows take."""
        padded = [-(-n // self.lanes) * self.lanes for n in counts]
        return sum([n * size for n, size in zip(padded, self.row_scratch, strict=True)])

    def why_not(self, counts: Sequence[int]) -> str:
        """Return why code does not run for so many rows, "" if it does."""
        for n, (most, why) in zip(counts, self.most_rows, strict=True):
            if n > most:
                return why
        return TOO_MUCH_SCRATCH * (self.scratch_for(counts) + self.scratch > MAX_SCRATCH)


def _indices(index: Any, stride: int, end: int | None) -> Any:
    """Return indices in numbers of an axis that has this stride, with one more at the end."""
    found = np.asarray(index).ravel().astype(np.int64) * stride
    return found if end is None else np.append(found, end)


@dataclass(frozen=True)
class PrintedLLVM:
    """A program as LLVM IR: ``program(addresses)``, without the functions of vector_math."""

    text: str
    layout: Layout
    vector_functions: frozenset[str]  # of vector_math, that it calls


def why_not(printed: Printed) -> str:
    """Return why a program is not printed as machine code, "" if it may be."""
    program = printed.structure
    if sum([line.of_numbers for line in program.lines]) > MAX_NUMBER_LINES:
        return f"more than {MAX_NUMBER_LINES} of its lines are of numbers alone"
    if len(program.lines) > MAX_LINES:
        return f"it has more than {MAX_LINES:,} lines"
    return ""


def print_llvm(printed: Printed, rows: Sequence[Shape], x: int, lanes: int) -> PrintedLLVM:
    """Return the program for batches of these shapes and ``x`` plain numbers.

    CannotLowerError if it has something that machine code is not made for. NeedsKnownRowsError if
    it is not made for any number of rows.
    """
    return _Printer(printed, rows, x, lanes).printed()


class _Printer:
    """Writes one program."""

    def __init__(self, printed: Printed, rows: Sequence[Shape], x: int, lanes: int) -> None:
        self.program, self._constants = printed.structure, printed.constants
        self.writer = Writer(lanes)
        names = [*TABLE_OF_ADDRESSES, *[f"rows{i + 1}" for i in range(len(rows))]]
        self.writer.begin("entry")
        for i, name in enumerate(names):
            place = self.writer.value(f"getelementptr inbounds ptr, ptr %addresses, i64 {i}")
            self.writer.do(f"%{name} = load ptr, ptr {place}, align 8")
        self._counts = [n.name for n in dict.fromkeys([s[0] for s in rows]) if isinstance(n, Rows)]
        for i, name in enumerate(self._counts):
            place = self.writer.place("%counts", i, "i64")
            self.writer.do(f"%{name} = load i64, ptr {place}, align 8")
        self._entry, self.writer.lines = self.writer.lines, []
        self.writer.begin("start")
        self.loops = Loops(self.writer, "%scratch", "%row_scratch")
        self._of_numbers = LaneMath(self.writer, vectors=False)
        sizes: list[tuple[str, Shape]] = [("p", (len(printed.order),)), ("x", (x,))]
        sizes += [(f"rows{i + 1}", shape) for i, shape in enumerate(rows)]
        self._known: dict[str, Array] = {
            name: Part(f"%{name}", 0, shape, strides_of(shape)) for name, shape in sizes
        }
        self._numbers: list[str] = []
        self._indices: list[tuple[str, int, int | None]] = []

    def printed(self) -> PrintedLLVM:
        """Print all lines, tests and results."""
        try:
            for line in self.program.lines:
                found = self._array(line.value.tree)
                self._known[line.name.tree.id] = (  # type: ignore[attr-defined]  # a line's name is a Name
                    found if isinstance(found, Part) and found.listed is None
                    else Number(self.loops.number(found)) if not found.shape
                    else self.loops.in_memory(found)
                )  # fmt: skip
            for test, is_tie in self.program.tests:
                self.writer.leave_if(self._bit(test.tree), TIE if is_tie else ELSEWHERE)
            results = self._array(self.program.results.tree)
            packed = self.program.gradient
            gradient = None if packed is None else self._array(packed.tree)
            counts = [0 if x is None else known(total(x.shape)) for x in (results, gradient)]
            self._results(results, Part("%results", 0, (counts[0],), (1,)))
            if gradient is not None:
                self._gradient(gradient, Part("%gradient", 0, (counts[1],), (1,)))
        except CannotLowerProductError as error:
            raise CannotLowerError(str(error)) from None
        if self.loops.workspace > MAX_SCRATCH:
            raise CannotLowerError(TOO_MUCH_SCRATCH)
        lines = [
            "define internal i32 @body(ptr noalias readonly %addresses) noinline {",
            *self._entry,
            *[f"  {name} = {text}" for text, name in self.writer.before.items()],
            "  br label %start",
            *self.writer.lines,
            f"  ret i32 {DONE}",
            "}",
            *sorted(self.writer.declared),
            "",
        ]
        of_rows, most = self.loops.row_workspace, self.loops.most_rows
        return PrintedLLVM(
            text="\n".join(lines),
            layout=Layout(
                self._numbers,
                self._indices,
                self.loops.workspace,
                counts[0],
                counts[1],
                lanes=self.writer.lanes,
                row_scratch=[of_rows.get(name, 0) for name in self._counts],
                most_rows=[
                    most.get(name, (MAX_SCRATCH, TOO_MUCH_SCRATCH)) for name in self._counts
                ],
            ),
            vector_functions=frozenset(self.loops.math.vector_functions),
        )

    def _results(self, x: Array, to: Part) -> None:
        """Write the results. Leave the program unless all are finite."""
        self.loops.written(x, to)
        if to.shape[0]:
            sizes = elementwise(self.loops.math.fabs, to)
            largest = self.loops.reduced(sizes, [0], self.loops.math.maximum)
            self._leave_unless_finite(largest)

    def _gradient(self, x: Array, to: Part) -> None:
        """Write the gradient. Leave the program unless the square of its length is finite."""
        self.loops.written(x, to)
        squares = elementwise(operator.mul, to, to)
        self._leave_unless_finite(self.loops.reduced(squares, [0], operator.add))

    def _leave_unless_finite(self, x: Array) -> None:
        self.writer.leave_if(self.loops.number(x).compared("uge", math.inf).name, ELSEWHERE)

    # --------------------------------------------------------------------------------- expressions

    def _array(self, tree: ast.expr) -> Any:
        """Return an expression as an array. Nothing of it need be computed yet."""
        if isinstance(tree, ast.Name):
            return self._named(tree.id)
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float):
            return Number(self.writer.constant(float(tree.value)))
        if isinstance(tree, ast.List):
            return self._listed_numbers(tree.elts)
        if isinstance(tree, ast.BinOp):
            left, right = self._array(tree.left), self._array(tree.right)
            if isinstance(tree.op, ast.MatMult):
                return self._product(left, right)
            return self._computed(OPERATORS[type(tree.op)], left, right)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return self._computed(operator.neg, self._array(tree.operand))
        if isinstance(tree, ast.Compare):
            (test,), (right,) = tree.ops, tree.comparators
            return self._computed(OPERATORS[type(test)], self._array(tree.left), self._array(right))
        if isinstance(tree, ast.Attribute) and tree.attr == "T":
            x = self._part(self._array(tree.value))
            return x.with_axes(range(len(x.shape))[::-1], x.shape[::-1])
        if isinstance(tree, ast.Subscript):
            return self._indexed(tree)
        if isinstance(tree, ast.Call):
            return self._call(tree)
        raise CannotLowerError(f"machine code is not made of {ast.unparse(tree):.40}")

    def _named(self, name: str) -> Array:
        if name not in self._known:
            shape = np.shape(self._constants[name])
            start = sum([np.size(self._constants[before]) for before in self._numbers])
            self._numbers.append(name)
            self._known[name] = Part("%constants", start, shape, strides_of(shape))
        return self._known[name]

    def _computed(self, function: Callable[..., Any], *operands: Array) -> Array:
        given = tuple([self._part(x) if isinstance(x, Joined) else x for x in operands])
        return elementwise(function, *given)

    def _part(self, x: Array) -> Part:
        if not x.shape and not isinstance(x, Part):
            x = Number(self.loops.number(x))
        return self.loops.in_memory(x)

    def _listed_numbers(self, trees: Sequence[ast.expr]) -> Joined:
        numbers = [Number(self.loops.number(self._array(tree))) for tree in trees]
        return Joined(tuple(numbers), 0, (len(numbers),))

    def _bit(self, tree: ast.expr) -> str:
        """Return the bit of a test."""
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return self.writer.value(f"xor i1 {self._bit(tree.operand)}, true")
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):  # all, any
            x = self._array(tree.args[0])
            count = self.loops.reduced(x, range(len(x.shape)), operator.add) if x.shape else x
            least = self._number_of(total(x.shape) if tree.func.attr == "all" else 1)
            return (self.loops.number(count) >= least).name
        return self.loops.condition(self._array(tree))

    def _number_of(self, n: Size) -> Lanes:
        """Return a size as a number."""
        if isinstance(n, int):
            return self.writer.constant(float(n))
        text = f"sitofp i64 {self.loops.size(n)} to double"
        return self.writer.lanes_of(self.writer.value(text), 1)

    # ----------------------------------------------------------------------------------- indices

    def _indexed(self, tree: ast.Subscript) -> Array:
        """Return a part of an array, or elements of it at listed places."""
        if isinstance(tree.value, ast.Attribute) and tree.value.attr == "ones":
            n = self._size(tree.slice)
            return Elementwise(lambda x: x, (Number(self.writer.constant(1.0)),), (n,))
        x = self._part(self._array(tree.value))
        items = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        axis = 0
        for item in items:
            if isinstance(item, ast.Constant) and item.value is None:
                x = with_axis(x, axis)
                axis += 1
            elif isinstance(item, ast.Slice):
                ends = [
                    end and ast.literal_eval(end) for end in (item.lower, item.upper, item.step)
                ]
                if ends != [None, None, None]:
                    start, stop, step = slice(*ends).indices(known(x.shape[axis]))
                    x = x.sliced(axis, start, len(range(start, stop, step)), step)
                axis += 1
            elif isinstance(item, ast.Name):
                x = self._gathered(x, axis, item.id)
                axis += self._constants[item.id].ndim
            else:
                k = ast.literal_eval(item)
                x = x.sliced(axis, k % known(x.shape[axis]), 1, 1)
                rest = [i for i in range(len(x.shape)) if i != axis]
                x = x.with_axes(rest, tuple([x.shape[i] for i in rest]))
        return x

    def _gathered(self, x: Part, axis: int, name: str) -> Part:
        """Return the elements of an axis at the places that a constant lists."""
        if x.listed is not None:
            x = self.loops.packed(x)
        shape = np.shape(self._constants[name])
        start = self._index(name, known(x.strides[axis]))
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        return Part(
            x.base,
            x.offset,
            (*before, *shape, *after),
            (*x.strides[:axis], *(0,) * len(shape), *x.strides[axis + 1 :]),
            Listed("%indices", start, (0,) * len(before) + strides_of(shape) + (0,) * len(after)),
        )

    def _index(self, name: str, stride: int, end: int | None = None) -> int:
        """Return where the constant ``name``, as `_indices` makes it, begins among all indices."""
        key = (name, stride, end)
        if key not in self._indices:
            self._indices.append(key)
        before = self._indices[: self._indices.index(key)]
        return sum([np.size(self._constants[name]) + (end is not None) for name, _, end in before])

    def _int(self, tree: ast.expr) -> int:
        return int(ast.literal_eval(tree))

    def _size(self, tree: ast.expr) -> Size:
        """Return a size: ``len(z1)`` is the number of rows."""
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "len":
            n: Size = self._array(tree.args[0]).shape[0]
            return n
        return self._int(tree)

    # ------------------------------------------------------------------------------------- calls

    def _call(self, tree: ast.Call) -> Array:
        f = tree.func
        if isinstance(f, ast.Name) and f.id == "float":
            (given,) = tree.args
            if isinstance(given, ast.Constant):
                return Number(self.writer.constant(float(given.value)))  # type: ignore[arg-type]  # of "inf", "nan"
            return Number(self.loops.number(self._array(given)))
        if not isinstance(f, ast.Attribute):
            raise CannotLowerError(f"machine code is not made of {ast.unparse(tree):.40}")
        if isinstance(f.value, ast.Name) and f.value.id in ("xp", "math"):
            special = getattr(self, f"_xp_{f.attr}", None)
            if special is not None and f.value.id == "xp":
                keywords = {k.arg: k.value for k in tree.keywords if k.arg}
                found: Array = special(*tree.args, **keywords)
                return found
            functions = self.loops.math if f.value.id == "xp" else self._of_numbers
            function = getattr(functions, f.attr)
            return self._computed(function, *[self._array(x) for x in tree.args])
        if f.attr == "reduce" and isinstance(f.value, ast.Attribute):
            join = getattr(self.loops.math, f.value.attr)
            return self._reduced(tree.args[0], join, {k.arg: k.value for k in tree.keywords})
        method = getattr(self, f"_method_{f.attr}", None)
        if method is None:
            raise CannotLowerError(f"machine code is not made of {ast.unparse(tree):.40}")
        result: Array = method(self._array(f.value), *tree.args)
        return result

    def _reduced(
        self, tree: ast.expr, join: Callable[[Any, Any], Any], keywords: Mapping[Any, ast.expr]
    ) -> Array:
        x = self._array(tree)
        axis = ast.literal_eval(keywords["axis"]) if "axis" in keywords else None
        n = len(x.shape)
        axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        return self.loops.reduced(x, [k % n for k in axes], join)

    def _xp_sum(self, x: ast.expr, **keywords: ast.expr) -> Array:
        return self._reduced(x, operator.add, keywords)

    def _xp_asarray(self, x: ast.expr) -> Any:
        return self._array(x)

    def _xp_concatenate(self, pieces: ast.Tuple, axis: ast.expr | None = None) -> Array:
        parts = tuple([self._array(piece) for piece in pieces.elts])
        k = 0 if axis is None else self._int(axis)
        shape = list(parts[0].shape)
        shape[k] = sum([known(x.shape[k]) for x in parts])
        return Joined(parts, k, tuple(shape))

    def _xp_broadcast_to(self, x: ast.expr, shape: ast.Tuple) -> Array:
        sizes = tuple([self._size(n) for n in shape.elts])
        found = self._array(x)
        if not found.shape:
            return Elementwise(lambda y: y, (Number(self.loops.number(found)),), sizes)
        return repeated_to(self._part(found), sizes)

    def _xp_segments(self, name: ast.Constant, x: ast.expr, starts: ast.Name) -> Array:
        if name.value == "sum":
            join: Callable[[Any, Any], Any] = operator.add
        else:
            join = getattr(self.loops.math, str(name.value))
        found = self._array(x)
        count = np.size(self._constants[starts.id]) + 1
        listed = Part("%indices", self._index(starts.id, 1, known(found.shape[0])), (count,), (1,))
        return self.loops.segments(found, listed, join)

    def _xp_tensordot(self, a: ast.expr, b: ast.expr, axes: ast.expr) -> Array:
        """Return sums over the axes 0 and 2 of both: a product of matrices with packed rows."""
        sides = []
        for tree in (a, b):
            x = self._part(self._array(tree))
            n, m, k = x.shape
            x = self.loops.packed(x.with_axes((0, 2, 1), (n, k, m)))
            sides.append(Part(x.base, x.offset, (n * k, m), (m, 1)))
        left, right = sides
        return self._product(left.with_axes((1, 0), left.shape[::-1]), right)

    def _method_tolist(self, x: Array) -> Array:
        return self._part(x)

    def _method_item(self, x: Array, *index: ast.expr) -> Array:
        part = self._part(x)
        k = [self._int(i) for i in index]
        if len(k) == 1:
            k = [int(i) for i in np.unravel_index(k[0], [*map(known, part.shape)])]
        return Number(self.loops.load(part, k))

    def _method_reshape(self, x: Array, *sizes: ast.expr) -> Array:
        part = self._part(x)
        if not part.is_contiguous:
            part = self.loops.packed(part)
        shape = reshaped(part.shape, [self._int(n) for n in sizes])
        return Part(part.base, part.offset, shape, strides_of(shape))

    def _method_transpose(self, x: Array, *axes: ast.expr) -> Array:
        part, order = self._part(x), [self._int(k) for k in axes]
        return part.with_axes(order, tuple([part.shape[k] for k in order]))

    def _method_swapaxes(self, x: Array, *axes: ast.expr) -> Array:
        part = self._part(x)
        a, b = [self._int(k) % len(part.shape) for k in axes]
        order = list(range(len(part.shape)))
        order[a], order[b] = b, a
        return part.with_axes(order, tuple([part.shape[k] for k in order]))

    def _method_dot(self, x: Array, other: ast.expr) -> Array:
        return self._product(x, self._array(other))

    def _product(self, left: Array, right: Array) -> Array:
        """Return a matrix product. With ones it is a sum."""
        if _is_ones(left):
            return self.loops.reduced(right, [max(0, len(right.shape) - 2)], operator.add)
        if _is_ones(right):
            return self.loops.reduced(left, [len(left.shape) - 1], operator.add)
        a, b = self._part(left), self._part(right)
        shape: Shape
        if len(b.shape) == 1:
            shape = a.shape[:-1]
        elif len(a.shape) == 1:
            shape = (*b.shape[:-2], b.shape[-1])
        else:
            shape = (*broadcast([a.shape[:-2], b.shape[:-2]]), a.shape[-2], b.shape[-1])
        if min(len(a.shape), len(b.shape)) == 1 and max(len(a.shape), len(b.shape)) > 2:
            return self._product_of_vector(a, b)
        return Product(a, b, shape)

    def _product_of_vector(self, a: Part, b: Part) -> Array:
        """Return a product of matrices along more axes with one vector."""
        if len(b.shape) == 1:
            found = self._part(self._product(a, with_axis(b, 1)))
            return found.with_axes(range(len(found.shape) - 1), found.shape[:-1])
        found = self._part(self._product(with_axis(a, 0), b))
        axes = [i for i in range(len(found.shape)) if i != len(found.shape) - 2]
        return found.with_axes(axes, tuple([found.shape[i] for i in axes]))


def _is_ones(x: Array) -> bool:
    """Whether it is ``xp.ones[n]``."""
    if not isinstance(x, Elementwise) or len(x.operands) != 1:
        return False
    (one,) = x.operands
    return isinstance(one, Number) and one.lanes.constant == 1.0 and len(x.shape) == 1
