"""Writes loops over arrays: operations on elements, reductions, matrix products.

An array is a `Part` of memory, an operation `Elementwise`, a `Product`, or several arrays `Joined`.
Nothing is computed before it is `written` to memory or read as a number, so the operations of one
line of a program become one loop. A size is known, or a multiple of a number of rows, see
`row_sizes`. No choice depends on such a number, so equal rows give equal numbers at every call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from .llvm_code import CannotLowerError, Index, LaneMath, Lanes, Mask, Writer, repeated
from .row_sizes import Rows, Shape, Size, broadcast, known, least, strides_of, total

ROWS_OF_TILE = 4  # of a matrix product, that are computed together
MAX_PRODUCT = 128**3  # multiplications of one matrix product; a library is faster at more


@dataclass(frozen=True)
class Listed:
    """Where an array of indices lies, whose elements count numbers of a gathered array."""

    base: str
    offset: int
    strides: Shape


@dataclass(frozen=True, eq=False)
class Part:
    """A part of memory as an array. With ``listed``, its elements are at listed places."""

    base: str
    offset: int
    shape: Shape
    strides: Shape
    listed: Listed | None = None

    @property
    def is_contiguous(self) -> bool:
        return self.listed is None and all(
            n == 1 or stride == expected
            for n, stride, expected in zip(
                self.shape, self.strides, strides_of(self.shape), strict=True
            )
        )

    def with_axes(self, axes: Sequence[int | None], shape: Shape) -> Part:
        """Return it with these of its axes, None for one along which it repeats."""

        def chosen(strides: Shape) -> Shape:
            return tuple([0 if axis is None else strides[axis] for axis in axes])

        listed = self.listed and replace(self.listed, strides=chosen(self.listed.strides))
        return replace(self, shape=shape, strides=chosen(self.strides), listed=listed)

    def sliced(self, axis: int, start: int, count: Size, step: int) -> Part:
        def changed(values: Shape, new: Size) -> Shape:
            return (*values[:axis], new, *values[axis + 1 :])

        listed = self.listed
        if listed is not None:
            stride = known(listed.strides[axis])
            listed = Listed(
                listed.base, listed.offset + start * stride, changed(listed.strides, stride * step)
            )
        stride = known(self.strides[axis])
        return Part(
            self.base,
            self.offset + start * stride,
            changed(self.shape, count),
            changed(self.strides, stride * step),
            listed,
        )


@dataclass(frozen=True, eq=False)
class Number:
    """One number that has been computed."""

    lanes: Lanes
    shape: Shape = ()


@dataclass(frozen=True, eq=False)
class Elementwise:
    """``function`` of the elements of arrays that have its shape, or repeat to it."""

    function: Callable[..., Any]
    operands: tuple[Array, ...]
    shape: Shape


@dataclass(frozen=True, eq=False)
class Product:
    """A matrix product of two parts."""

    left: Part
    right: Part
    shape: Shape


@dataclass(frozen=True, eq=False)
class Joined:
    """Arrays one after another along an axis."""

    pieces: tuple[Array, ...]
    axis: int
    shape: Shape


Array = Part | Number | Elementwise | Product | Joined


def elementwise(function: Callable[..., Any], *operands: Array) -> Elementwise:
    shape = broadcast([x.shape for x in operands])
    return Elementwise(function, operands, shape)


def changed(x: Any, change: Callable[[Part], Part], product: Callable[[Product], Array]) -> Any:
    """Return an array with all its parts and products changed."""
    if isinstance(x, Part):
        return change(x)
    if isinstance(x, Product):
        return product(x)
    if isinstance(x, Elementwise):
        operands = tuple([changed(y, change, product) for y in x.operands])
        shapes = [y.shape for y in operands if not isinstance(y, Number)]
        return Elementwise(x.function, operands, broadcast(shapes))
    return x


def products_in(x: Array) -> list[Product]:
    if isinstance(x, Elementwise):
        return [product for operand in x.operands for product in products_in(operand)]
    return [x] if isinstance(x, Product) else []


def parts_in(x: Array) -> list[Part]:
    if isinstance(x, Elementwise):
        return [part for operand in x.operands for part in parts_in(operand)]
    return [x] if isinstance(x, Part) else []


def repeated_to(x: Part, shape: Shape) -> Part:
    """Return the part with the shape that it repeats to."""
    missing = len(shape) - len(x.shape)
    axes = [
        None if i < missing or x.shape[i - missing] != n else i - missing
        for i, n in enumerate(shape)
    ]
    return x.with_axes(axes, shape)


def transposed(x: Array) -> Any:
    """Return an array of two axes with its axes swapped."""
    return changed(
        x,
        lambda part: part.with_axes((1, 0), part.shape[::-1]),
        lambda p: Product(transposed(p.right), transposed(p.left), p.shape[::-1]),
    )


class Loops:
    """Writes what arrays need.

    ``workspace`` is the count of numbers in its scratch memory. ``row_workspace`` has, for each
    batch, the count of numbers for each row in its scratch memory for rows. ``most_rows`` has the
    largest number of rows, and the product that more would be too many for.
    """

    def __init__(self, writer: Writer, scratch: str, row_scratch: str = "") -> None:
        self.writer, self.math = writer, LaneMath(writer)
        self._scratch, self.workspace = scratch, 0
        self._row_scratch, self.row_workspace = row_scratch, dict[str, int]()
        self.most_rows: dict[str, tuple[int, str]] = {}
        self._there: Mask | None = None  # the lanes that have an element, if some may have none

    def buffer(self, shape: Shape) -> Part:
        """Return new scratch memory, which begins at a full vector."""
        n, size = self.writer.lanes, total(shape)
        if isinstance(size, Rows):
            return Part(self._row_buffer(size), 0, shape, strides_of(shape))
        start = self.workspace
        self.workspace += -(-size // n) * n
        return Part(self._scratch, start, shape, strides_of(shape))

    def _row_buffer(self, size: Rows) -> str:
        """Return where new scratch memory for rows begins."""
        base = self._row_scratch
        for name, factor in self.row_workspace.items():
            before = self._stride(Rows(name, factor))
            base = self.writer.at_entry(f"getelementptr inbounds double, ptr {base}, i64 {before}")
        used = self.row_workspace.get(size.name, 0)
        self.row_workspace[size.name] = used + size.factor
        return base

    # ------------------------------------------------------------------------------- sizes

    def size(self, n: Size) -> Index:
        """Return a size as the end of a loop."""
        return n if isinstance(n, int) else self._multiple(f"%{n.name}", n.factor)

    def _stride(self, n: Size) -> Index:
        """Return a stride. The number of rows is rounded up to full vectors."""
        if isinstance(n, int):
            return n
        lanes, at_entry = self.writer.lanes, self.writer.at_entry
        above = at_entry(f"add nuw nsw i64 %{n.name}, {lanes - 1}")
        return self._multiple(at_entry(f"and i64 {above}, {-lanes}"), n.factor)

    def _multiple(self, name: str, factor: int) -> str:
        return name if factor == 1 else self.writer.at_entry(f"mul nuw nsw i64 {name}, {factor}")

    # ------------------------------------------------------------------------------- addresses

    def _address(self, base: str, offset: int, index: Sequence[Index], strides: Shape) -> str:
        position: Index | None = None
        for i, stride in zip(index, strides, strict=True):
            if 0 in (i, stride):
                continue
            if isinstance(i, int) and isinstance(stride, int):
                offset += i * stride
                continue
            times = f"mul nsw i64 {i}, {self._stride(stride)}"
            step: Index = i if stride == 1 else self.writer.value(times)
            position = step if position is None else self._sum(position, step)
        for part in (position, offset or None):
            if part is not None:
                base = self.writer.value(f"getelementptr inbounds double, ptr {base}, i64 {part}")
        return base

    def _sum(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        return self.writer.value(f"add nsw i64 {a}, {b}")

    def _pointer(self, x: Part, index: Sequence[Index]) -> str:
        """Return the address of one element."""
        base = self._address(x.base, x.offset, index, x.strides)
        if x.listed is None:
            return base
        place = self._address(x.listed.base, x.listed.offset, index, x.listed.strides)
        count = self.writer.value(f"load i64, ptr {place}, align 8")
        return self.writer.value(f"getelementptr inbounds double, ptr {base}, i64 {count}")

    def load(self, x: Part, index: Sequence[Index], width: int = 1) -> Lanes:
        """Return elements that follow each other along the last axis, from the one at ``index``."""
        last = x.strides[-1] if x.strides else 0
        varies = bool(x.listed is not None and x.listed.strides and x.listed.strides[-1])
        writer, there = self.writer, self._there
        if width == 1 or (last == 0 and not varies):
            name = writer.value(f"load double, ptr {self._pointer(x, index)}, align 8")
            return writer.spread(writer.lanes_of(name, 1), width)
        kind, mask = f"<{width} x double>", f"<{width} x i1>"
        if last == 1 and not varies:
            pointers, address = "ptr", self._pointer(x, index)
            function = f"@llvm.masked.load.v{width}f64.p0"
            if there is None:
                name = writer.value(f"load {kind}, ptr {address}, align 8")
                return writer.lanes_of(name, width)
        else:
            pointers, address = f"<{width} x ptr>", self._pointers(x, index, width)
            function = f"@llvm.masked.gather.v{width}f64.v{width}p0"
        lanes, others = repeated("i1 true", width), "poison"
        if there is not None:  # the other lanes get the first element, so that they raise nothing
            first = replace(x, strides=(*x.strides[:-1], 0))
            lanes, others = there.name, self.load(first, index, width).name
        writer.declared.add(f"declare {kind} {function}({pointers}, i32 immarg, {mask}, {kind})")
        given = f"{pointers} {address}, i32 8, {mask} {lanes}, {kind} {others}"
        return writer.lanes_of(writer.value(f"call {kind} {function}({given})"), width)

    def _pointers(self, x: Part, index: Sequence[Index], width: int) -> str:
        """Return the addresses of elements along the last axis, as a vector."""
        stride, kind = known(x.strides[-1]), f"<{width} x i64>"
        if x.listed is None or x.listed.strides[-1] == 0:
            base = self._pointer(x, index)
            counts = f"<{', '.join(f'i64 {k * stride}' for k in range(width))}>"
        else:
            if x.listed.strides[-1] != 1 or stride or self._there is not None:
                raise CannotLowerError("it gathers along an axis that is not the last")
            base = self._address(x.base, x.offset, index, x.strides)
            place = self._address(x.listed.base, x.listed.offset, index, x.listed.strides)
            counts = self.writer.value(f"load {kind}, ptr {place}, align 8")
        return self.writer.value(f"getelementptr inbounds double, ptr {base}, {kind} {counts}")

    def store(self, lanes: Lanes, x: Part, index: Sequence[Index]) -> None:
        width, there = lanes.width, self._there
        if width == 1 or (x.strides[-1] == 1 and there is None):
            self.writer.do(
                f"store {lanes.type} {lanes.name}, ptr {self._pointer(x, index)}, align 8"
            )
            return
        if x.strides[-1] == 1:
            pointers, address = "ptr", self._pointer(x, index)
            function = f"@llvm.masked.store.v{width}f64.p0"
        else:
            pointers, address = f"<{width} x ptr>", self._pointers(x, index, width)
            function = f"@llvm.masked.scatter.v{width}f64.v{width}p0"
        mask = f"<{width} x i1>"
        chosen = repeated("i1 true", width) if there is None else there.name
        self.writer.declared.add(
            f"declare void {function}({lanes.type}, {pointers}, i32 immarg, {mask})"
        )
        given = f"{lanes.type} {lanes.name}, {pointers} {address}, i32 8, {mask} {chosen}"
        self.writer.do(f"call void {function}({given})")

    # ------------------------------------------------------------------------------ evaluation

    def lanes(
        self,
        x: Array,
        index: Sequence[Index],
        width: int,
        known: dict[Product, Lanes] | None = None,
    ) -> Any:
        """Return elements of an array, as `load`. ``known`` are products that are computed."""
        if isinstance(x, Elementwise):
            return x.function(*[self.lanes(y, index, width, known) for y in x.operands])
        if isinstance(x, Number):
            return self.writer.spread(x.lanes, width)
        if isinstance(x, Product):
            assert known is not None
            return known[x]
        assert isinstance(x, Part)
        return self.load(x, index[len(index) - len(x.shape) :], width)

    def numbers(
        self,
        x: Array,
        index: Sequence[Index],
        width: int,
        known: dict[Product, Lanes] | None = None,
    ) -> Lanes:
        """Return elements of an array. A comparison is 1 where it is true, else 0."""
        found = self.lanes(x, index, width, known)
        return found.number() if isinstance(found, Mask) else found

    def spans(self, n: Size, width: int, body: Callable[[Index, int], None]) -> None:
        """Write ``body`` for 0 ... n - 1, a vector at a time.

        The last vector may repeat some of the elements before. Where there are fewer than lanes,
        its width is a power of two.
        """
        if isinstance(n, Rows):
            self._spans_of_rows(n, width, body)
            return
        lanes = self.writer.lanes
        done = n // width * width

        def full(i: Index, _: list[Lanes]) -> list[Lanes]:
            body(i, width)
            return []

        self.writer.loop(0, done, width, full)
        while n - done >= lanes:
            body(done, lanes)
            done += lanes
        if done < n and n >= lanes:
            body(n - lanes, lanes)
            return
        for size in halves(lanes):
            if n - done >= size:
                body(done, size)
                done += size

    def _spans_of_rows(self, n: Rows, width: int, body: Callable[[Index, int], None]) -> None:
        """Write ``body`` for 0 ... n - 1, a vector at a time.

        The last vector may repeat some of the elements before. Where there may be fewer elements
        than lanes, it has the lanes that are there.
        """
        stop = self.size(n)

        def full(i: Index, _: list[Lanes]) -> list[Lanes]:
            if n.factor >= width:
                body(self._at_most(i, stop, width) if n.factor % width else i, width)
            else:
                self._there = self._lanes_below(i, stop, width)
                body(i, width)
                self._there = None
            return []

        self.writer.loop(0, stop, width, full)

    def _at_most(self, i: Index, stop: Index, count: int) -> str:
        """Return an index, or the last one after which there are so many elements."""
        last = self.writer.value(f"sub nsw i64 {stop}, {count}")
        fits = self.writer.value(f"icmp slt i64 {i}, {last}")
        return self.writer.value(f"select i1 {fits}, i64 {i}, i64 {last}")

    def _lanes_below(self, i: Index, stop: Index, width: int) -> Mask:
        """Return the lanes whose index is below ``stop``, where the first one has index ``i``."""
        value, kind = self.writer.value, f"<{width} x i64>"
        left = value(f"sub nsw i64 {stop}, {i}")
        one = value(f"insertelement {kind} poison, i64 {left}, i64 0")
        zeros = repeated("i32 0", width)
        every = value(f"shufflevector {kind} {one}, {kind} poison, <{width} x i32> {zeros}")
        numbers = f"<{', '.join([f'i64 {k}' for k in range(width)])}>"
        return Mask(self.writer, value(f"icmp sgt {kind} {every}, {numbers}"), width)

    def nest(
        self, shape: Shape, body: Callable[[list[Index]], None], index: Sequence[Index] = ()
    ) -> None:
        """Write ``body`` for every index of an array of this shape."""
        if not shape:
            body(list(index))
            return

        def inner(i: Index, _: list[Lanes]) -> list[Lanes]:
            self.nest(shape[1:], body, (*index, i))
            return []

        self.writer.loop(0, self.size(shape[0]), 1, inner)

    def written(self, x: Array, to: Part) -> Part:
        """Write an array to memory."""
        if total(to.shape) == 0:
            return to
        if isinstance(x, Joined):
            return self._joined(x, to)
        products = products_in(x)
        whole = [
            p
            for p in products
            if p.shape == to.shape and max(len(p.left.shape), len(p.right.shape)) <= 2
        ]
        known = (
            {p: self.in_memory(p) for p in products if p not in whole[-1:]}
            if (products != [x])
            else {}
        )
        if known or (products and not whole):
            x = changed(x, lambda part: part, lambda p: known.get(p, p))
        if isinstance(x, Product) and not whole:
            self._batched_product(x, to)
        elif products_in(x):
            self._product(x, to)
        else:
            self._elementwise(x, to)
        return to

    def in_memory(self, x: Array) -> Part:
        """Return an array as a part of memory."""
        return x if isinstance(x, Part) else self.written(x, self.buffer(x.shape))

    def number(self, x: Array) -> Lanes:
        """Return an array without axes as a number."""
        if isinstance(x, Product):
            return self._dot(x.left, x.right, [])
        x = changed(x, lambda part: part, lambda p: Number(self.number(p)))
        return self.numbers(x, [], 1)

    def condition(self, x: Array) -> str:
        """Return the bit of a comparison of numbers."""
        x = changed(x, lambda part: part, lambda p: Number(self.number(p)))
        found = self.lanes(x, [], 1)
        return found.name if isinstance(found, Mask) else (found != 0.0).name

    def _joined(self, x: Joined, to: Part) -> Part:
        start = 0
        for piece in x.pieces:
            count = known(piece.shape[x.axis]) if piece.shape else 1
            self.written(piece, to.sliced(x.axis, start, count, 1))
            start += count
        return to

    def _elementwise(self, x: Array, to: Part) -> None:
        """Write operations on elements, in as few loops as their parts allow."""
        if isinstance(x, Number) or not to.shape:
            lanes = self.numbers(x, [], 1)
            self.nest(to.shape, lambda index: self.store(lanes, to, index))
            return
        x = changed(x, lambda part: repeated_to(part, to.shape), lambda p: p)
        groups = merged_axes([to, *parts_in(x)])
        shape = tuple([total([to.shape[i] for i in group]) for group in groups])
        last = [group[-1] if group else None for group in groups]
        x = changed(x, lambda part: part.with_axes(last, shape), lambda p: p)
        to = to.with_axes(last, shape)
        *outer, inner = shape

        def row(index: list[Index]) -> None:
            def body(j: Index, width: int) -> None:
                self.store(self.numbers(x, [*index, j], width), to, [*index, j])

            self.spans(inner, self.writer.lanes, body)

        if isinstance(x, Part) and (to.strides[-1] != 1 or not is_row(x)):  # a copy
            self.nest(shape, lambda index: self.store(self.load(x, index), to, index))
        else:
            self.nest(tuple(outer), row)

    # ------------------------------------------------------------------------------ reductions

    def reduced(self, x: Array, axes: Sequence[int], join: Callable[[Any, Any], Any]) -> Array:
        """Return the sum or extreme (``join``) over these axes."""
        known = {p: self.in_memory(p) for p in products_in(x)}
        x = changed(x, lambda part: part, lambda p: known[p])
        if isinstance(x, Joined):
            x = self.in_memory(x)
        shape = x.shape
        rest = [i for i in range(len(shape)) if i not in axes]
        x = changed(x, lambda part: repeated_to(part, shape), lambda p: p)
        order = [*rest, *axes]
        ordered = tuple([shape[i] for i in order])
        if axes[0] == 0 and len(axes) == 1 and shape[1:] and least(total(shape[1:])) > 1:
            return self._reduced_columns(x, join)
        x = changed(x, lambda part: part.with_axes(order, ordered), lambda p: p)
        while len(axes) > 1:
            x = self._reduced_rows(x, join)
            axes = axes[1:]
        return self._reduced_rows(x, join)

    def _reduced_rows(self, x: Array, join: Callable[[Any, Any], Any]) -> Array:
        *outer, n = x.shape
        if not outer:
            return Number(self._row(x, [], n, join))
        to = self.buffer(tuple(outer))
        self.nest(to.shape, lambda index: self.store(self._row(x, index, n, join), to, index))
        return to

    def _row(
        self, x: Array, index: Sequence[Index], n: Size, join: Callable[[Any, Any], Any]
    ) -> Lanes:
        """Return the elements of one row joined: vectors first, then the halves of a vector."""
        if isinstance(n, Rows):
            return self._row_of_rows(x, index, n, join)
        lanes = self.writer.lanes
        width = 2 * lanes if n >= 4 * lanes else lanes if n >= lanes else halved_to(n, lanes)
        done = n // width * width
        joined = self.numbers(x, [*index, 0], width)

        def next_vector(j: Index, so_far: list[Lanes]) -> list[Lanes]:
            return [join(so_far[0], self.numbers(x, [*index, j], width))]

        (joined,) = self.writer.loop(width, done, width, next_vector, [joined])
        while width > 1:
            width //= 2
            joined = self._halves_joined(joined, join)
            if n - done >= width:
                joined = join(joined, self.numbers(x, [*index, done], width))
                done += width
        return joined

    def _row_of_rows(
        self, x: Array, index: Sequence[Index], n: Rows, join: Callable[[Any, Any], Any]
    ) -> Lanes:
        """Return the same for rows: vectors first, then the halves of a vector."""
        lanes, stop, identity = self.writer.lanes, self.size(n), self._identity(join)

        def next_vector(j: Index, so_far: list[Lanes]) -> list[Lanes]:
            there = self._there = self._lanes_below(j, stop, lanes)
            found = self.numbers(x, [*index, j], lanes)
            self._there = None
            return [join(so_far[0], there.chosen(found, identity))]

        first = self.writer.constant(identity, lanes)
        (joined,) = self.writer.loop(0, stop, lanes, next_vector, [first])
        while joined.width > 1:
            joined = self._halves_joined(joined, join)
        return joined

    def _halves_joined(self, x: Lanes, join: Callable[[Any, Any], Any]) -> Lanes:
        half = x.width // 2
        low, high = range(half), range(half, 2 * half)
        found: Lanes = join(self.writer.part(x, low), self.writer.part(x, high))
        return found

    def _identity(self, join: Callable[[Any, Any], Any]) -> float:
        """Return the number that changes no other one when they are joined."""
        return {operator.add: -0.0, self.math.maximum: -inf, self.math.minimum: inf}[join]

    def _reduced_columns(self, x: Array, join: Callable[[Any, Any], Any]) -> Part:
        """Return what the columns give: all rows joined, a vector of columns at a time."""
        n, *inner = x.shape
        to = self.buffer(tuple(inner))
        *outer, last = inner

        def row(index: list[Index]) -> None:
            def body(j: Index, width: int) -> None:
                def next_row(i: Index, so_far: list[Lanes]) -> list[Lanes]:
                    return [join(so_far[0], self.numbers(x, [i, *index, j], width))]

                first = self.writer.constant(self._identity(join), width)
                (joined,) = self.writer.loop(0, self.size(n), 1, next_row, [first])
                self.store(joined, to, [*index, j])

            self.spans(last, self.writer.lanes, body)

        self.nest(tuple(outer), row)
        return to

    def segments(self, x: Array, starts: Part, join: Callable[[Any, Any], Any]) -> Part:
        """Return what each segment of an array gives. ``starts`` lists also where the last ends."""
        x = x if not products_in(x) and not isinstance(x, Joined) else self.in_memory(x)
        to = self.buffer((known(starts.shape[0]) - 1,))
        is_sum = join is operator.add

        def one(index: list[Index]) -> None:
            (k,) = index
            first, after = (
                self.writer.value(f"load i64, ptr {self._pointer(starts, [i])}, align 8")
                for i in (k, self._sum(k, 1))
            )

            def element(i: Index, so_far: list[Lanes]) -> list[Lanes]:
                return [join(so_far[0], self.numbers(x, [i], 1))]

            begin = self.writer.constant(0.0) if is_sum else self.numbers(x, [first], 1)
            (joined,) = self.writer.loop(first, after, 1, element, [begin])
            self.store(joined, to, index)

        self.nest(to.shape, one)
        return to

    # -------------------------------------------------------------------------------- products

    def _fused(self, product: Lanes, left: Lanes, right: Lanes) -> Lanes:
        return self.writer.called("@llvm.fma", left, right, product)

    def _dot(self, left: Part, right: Part, index: Sequence[Index]) -> Lanes:
        """Return the sum of the products of two rows, whose last axes have one length."""
        both = Elementwise(operator.mul, (left, right), left.shape)
        return self._row(both, index, left.shape[-1], operator.add)

    def _batched_product(self, x: Product, to: Part) -> None:
        """Write a product of matrices that lie along more axes."""
        axes = len(to.shape) - 2

        def at(part: Part, index: Sequence[Index]) -> Part:
            if len(part.shape) <= 2:
                return part
            part = repeated_to(part, (*to.shape[:axes], *part.shape[-2:]))
            base = self._address(part.base, part.offset, index, part.strides[:axes])
            listed = part.listed
            if listed is not None:
                place = self._address(listed.base, listed.offset, index, listed.strides[:axes])
                listed = Listed(place, 0, listed.strides[axes:])
            return Part(base, 0, part.shape[axes:], part.strides[axes:], listed)

        left, right = (
            part
            if part.listed is None or least(part.listed.strides[-1]) <= 1
            else self.packed(part)
            for part in (x.left, x.right)
        )

        def one(index: list[Index]) -> None:
            a, b = at(left, index), at(right, index)
            self._product(Product(a, b, to.shape[-2:]), at(to, index))

        self.nest(to.shape[:axes], one)

    def packed(self, x: Part) -> Part:
        """Return a copy without gaps."""
        to = self.buffer(x.shape)
        self._elementwise(x, to)
        return to

    def _product(self, x: Array, to: Part) -> None:
        """Write an array that a matrix product is part of."""
        (product,) = products_in(x)
        self._check_product(product, product.left.shape[-1] * total(to.shape))
        left, right = product.left, product.right
        if len(left.shape) == 1 or len(right.shape) == 1:
            axis = 0 if len(left.shape) == 1 else 1

            def two_axes(part: Part) -> Part:
                return with_axis(repeated_to(part, to.shape), axis)

            left = with_axis(left, 0) if axis == 0 else left
            right = with_axis(right, 1) if axis == 1 else right
            shape = (1, *to.shape) if axis == 0 else (*to.shape, 1)
            new = Product(left, right, shape)
            x, to = changed(x, two_axes, lambda _: new), with_axis(to, axis)
        else:
            x = changed(x, lambda part: repeated_to(part, to.shape), lambda p: p)
        rows, columns = to.shape
        lanes = self.writer.lanes
        if least(columns) < min(lanes, least(rows)) or (columns == 1 and least(rows) > 1):
            x, to = transposed(x), transposed(to)
            rows, columns = columns, rows
        (product,) = products_in(x)
        left, right = product.left, product.right
        in_rows = all(p.strides[k] == 1 and p.listed is None for p, k in ((left, 1), (right, 0)))
        if (rows == 1 or columns == 1) and in_rows and least(left.shape[1]) >= lanes:
            self._dots(x, to)
            return
        if (right.strides[1] != 1 or right.listed is not None) and least(columns) > 1:
            packed = Product(left, self.packed(right), product.shape)
            x = changed(x, lambda part: part, lambda _: packed)
        self._tiles(x, to)

    def _check_product(self, product: Product, multiplications: Size) -> None:
        """Note how many rows a product may have. CannotLowerProductError if it is too large."""
        if isinstance(multiplications, Rows):
            name, most = multiplications.name, MAX_PRODUCT // multiplications.factor
            if 0 < most < self.most_rows.get(name, (MAX_PRODUCT + 1,))[0]:
                self.most_rows[name] = most, slower_than_numpy(product)
            multiplications = multiplications.factor
        if multiplications > MAX_PRODUCT:
            raise CannotLowerProductError(product)

    def _dots(self, x: Array, to: Part) -> None:
        """Write a product with one row, each element as a dot of two rows."""
        (product,) = products_in(x)
        left, right = product.left, transposed(product.right)
        terms = left.shape[1]

        def one(index: list[Index]) -> None:
            i, j = index
            a = self._row_at(left, i)
            b = self._row_at(right, j)
            found = self._dot(a, b, [])
            assert a.shape == (terms,)
            self.store(self.numbers(x, index, 1, {product: found}), to, index)

        self.nest(to.shape, one)

    def _row_at(self, x: Part, i: Index) -> Part:
        base = self._address(x.base, x.offset, [i], x.strides[:1])
        return Part(base, 0, x.shape[1:], x.strides[1:])

    def _tiles(self, x: Array, to: Part) -> None:
        """Write a product in tiles of some rows and one or two vectors, which stay in registers."""
        (product,) = products_in(x)
        left, right = product.left, product.right
        (rows, terms), columns = left.shape, right.shape[1]

        def tile(i: Index, j: Index, count: int, width: int) -> None:
            numbers = [self._sum(i, r) for r in range(count)]
            if isinstance(rows, Rows):  # the last ones may be the same row
                numbers = [self._at_most(r, self.size(rows), 1) for r in numbers]

            def term(k: Index, totals: list[Lanes]) -> list[Lanes]:
                b = self.load(right, [k, j], width)
                weights = [self.writer.spread(self.load(left, [r, k]), width) for r in numbers]
                return [self._fused(t, a, b) for t, a in zip(totals, weights, strict=True)]

            zeros = [self.writer.constant(0.0, width)] * count
            totals = self.writer.loop(0, self.size(terms), 1, term, zeros)
            for r, dots in zip(numbers, totals, strict=True):
                self.store(self.numbers(x, [r, j], width, {product: dots}), to, [r, j])

        def strip(j: Index, width: int) -> None:
            done = rows if isinstance(rows, Rows) else rows // ROWS_OF_TILE * ROWS_OF_TILE

            def full(i: Index, _: list[Lanes]) -> list[Lanes]:
                tile(i, j, ROWS_OF_TILE, width)
                return []

            self.writer.loop(0, self.size(done), ROWS_OF_TILE, full)
            if isinstance(rows, int) and isinstance(done, int) and done < rows:
                tile(done, j, rows - done, width)

        self.spans(columns, 2 * self.writer.lanes, strip)


class CannotLowerProductError(Exception):
    """A matrix product is too large."""

    def __init__(self, product: Product) -> None:
        super().__init__(slower_than_numpy(product))


def slower_than_numpy(product: Product) -> str:
    sides = " @ ".join(" x ".join(map(str, x.shape)) for x in (product.left, product.right))
    return f"its matrix product {sides} is faster with NumPy"


def with_axis(x: Part, axis: int) -> Part:
    """Return it with one more axis of length 1."""
    axes: list[int | None] = [*range(len(x.shape))]
    shape = [*x.shape]
    axes.insert(axis, None)
    shape.insert(axis, 1)
    return x.with_axes(axes, tuple(shape))


def is_row(x: Part) -> bool:
    """Whether the elements along the last axis lie side by side, or are one element."""
    return x.strides[-1] in (0, 1) and (x.listed is None or x.listed.strides[-1] == 0)


def merged_axes(parts: Sequence[Part]) -> list[list[int]]:
    """Return the axes of parts of one shape, those together that are as one axis in all of them."""
    shape = parts[0].shape
    strides = [x.strides for x in parts]
    strides += [x.listed.strides for x in parts if x.listed is not None]
    groups: list[list[int]] = []
    for axis in [i for i, n in enumerate(shape) if n != 1]:
        if groups:
            before = groups[-1][-1]
            n = shape[axis]
            if isinstance(n, int) and all(s[before] == s[axis] * n for s in strides):
                groups[-1].append(axis)
                continue
        groups.append([axis])
    return groups or [[0]]


def halves(width: int) -> list[int]:
    """Return the powers of two below ``width``, the largest first."""
    return [width >> k for k in range(1, width.bit_length())]


def halved_to(n: int, width: int) -> int:
    """Return the largest power of two that is at most ``n``."""
    return next(size for size in [width, *halves(width)] if size <= n)
