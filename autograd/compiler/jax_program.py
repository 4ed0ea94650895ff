"""What `autograd.to_jax` returns: a function of parameters and arguments, made of JAX's functions.

The stages are those of `autograd.compile`, without derivatives: record, loops_to_rows, simplify,
schedule, and `print_jax`. Here the arrays of a call find their places in that program.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from math import prod
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..explaining.notation import number
from ..tree import NUMBER, Branch, Leaf, Static, Structure, flatten, places
from ..value import Value
from .expressions import Expression
from .free_rows import RowsOf, split
from .inputs import Inputs
from .pipeline import Seconds, simplified_recording
from .print_jax import print_jax, runnable
from .record import CannotRecordError, Recording
from .simplify import Simplified
from .traced import Guard

SIGNS = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}
SIGNS |= {operator.eq: "==", operator.ne: "!="}
NAMED_DEPTH = 3  # operations within one another that an error message writes out
NAMED_OPERANDS = 6  # of one operation


class JaxFunction:
    """A pure function of parameters and arguments for JAX, see `autograd.to_jax`.

    values: the Values that the parameters stand for, in their order.
    source: the program, as Python source.
    """

    values: tuple[Value, ...]
    source: str

    def __init__(self, function: Callable[..., Any], example: Sequence[Any]) -> None:
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = function.__doc__
        _warn_of_float32()
        leaves, structure = flatten((tuple(example), {}), _refused)
        leaves = [Value(x.data, x.label) if isinstance(x, Value) else x for x in leaves]
        try:
            recording, code, _ = simplified_recording(function, structure, leaves, Seconds())
        except CannotRecordError as error:
            raise TypeError(f"to_jax cannot record {self.__name__}: {error}") from None
        self._names = _names(function, len(example))
        named = zip(example, self._names, strict=True)
        in_order = [name for x, at in named for name, _ in places(x, at)]
        given = split(structure, in_order, recording.free)
        assert given is not None  # the recording has found these lists to be free
        names = _leaf_names(code, recording, given.leaves, self._names)
        _refuse_comparisons(self.__name__, names, code.guards)
        self._structures, self._result = _of_arguments(given.structure), recording.structure
        self._inputs = Inputs(recording, code, ())
        printed = print_jax(code, self._inputs.taken)
        self.source, self._run = printed.source, runnable(printed)
        order = [self._inputs.wrt[i] for i in printed.order]
        count = len(code.leaves) - len(code.live)  # of the arguments, which come before
        self.values = tuple([code.live[i - count] for i in order if i >= count])
        _refuse_computed(self.__name__, self.values)
        position = {value: count + i for i, value in enumerate(self.values)}
        at = [i if i < count else position[code.live[i - count]] for i in order]
        self._places = np.array(at) if at and min(at) < count else None  # with Values as arguments

    def __repr__(self) -> str:
        return f"<JAX function {self.__name__} of {len(self.values)} parameters>"

    def parameters(self) -> Any:
        """Return the present numbers of ``values`` as a JAX array of shape (n,)."""
        return jnp.asarray([x.data for x in self.values], float)

    def write_back(self, parameters: Any) -> None:
        """Set the ``data`` of ``values`` to these numbers. ValueError unless there are n."""
        numbers = np.asarray(self._checked(parameters), float)
        for value, x in zip(self.values, numbers.tolist(), strict=True):
            value.data = x

    def _checked(self, parameters: Any) -> Any:
        given = _array(parameters, "parameters")
        if given.shape != (len(self.values),):
            raise ValueError(
                f"{self.__name__}: parameters have the shape ({len(self.values)},), as "
                f"F.parameters() returns them, got {given.shape}"
            )
        return given

    def __call__(self, parameters: Any, *arguments: Any) -> Any:
        """Return the result at these parameters and arguments. ValueError for another shape."""
        p = self._checked(parameters)
        if len(arguments) != len(self._structures):
            raise TypeError(
                f"{self.__name__} takes parameters and {len(self._structures)} arguments, as in "
                f"the example of to_jax, got {len(arguments)}"
            )
        parts, tables = [jnp.zeros(0)], dict[Any, Any]()
        for key, (structure, x) in enumerate(zip(self._structures, arguments, strict=True)):
            if isinstance(structure, RowsOf):
                tables[key] = _table(structure.row, x, self._names[key])
            else:
                parts += _numbers(structure, x, self._names[key])
        flat = jnp.concatenate(parts)
        if self._places is not None:
            p = jnp.concatenate([flat, p])[self._places]
        results = self._run(p, *self._program_inputs(flat, tables))[0]
        return _assembled(self._result, iter([jnp.asarray(x, float) for x in results]))

    def _program_inputs(self, flat: Any, tables: dict[Any, Any]) -> Iterator[Any]:
        """Yield the plain numbers, and the rows of each batch."""
        rows, lengths = list[Any](), dict(self._inputs.lengths)
        for batch in self._inputs.batches:
            table = batch.numbers
            if batch.given is not None and batch.given.key in tables:
                table = tables[batch.given.key]
            elif batch.places is not None:
                table = flat[np.array(batch.places)].reshape(table.shape)
            rows.append(table)
            if batch.axis not in [each.axis for each in self._inputs.batches[: len(rows) - 1]]:
                lengths[batch.axis] = len(table)
            elif lengths[batch.axis] != len(table):
                raise ValueError(
                    f"{self.__name__}: lists that vmap reads together have as many rows, got "
                    f"{lengths[batch.axis]} and {len(table)}"
                )
        counts = [lengths[axis] for axis in self._inputs.lengths]
        yield jnp.concatenate([flat[np.array(self._inputs.numbers, int)], jnp.array(counts, float)])
        yield from rows


def _warn_of_float32() -> None:
    if jnp.zeros(0).dtype != np.float64:
        warnings.warn(
            "JAX computes in float32, so to_jax keeps 7 of 16 digits: call "
            'jax.config.update("jax_enable_x64", True) at the start of the program',
            stacklevel=4,
        )


# ------------------------------------------------------------------------------ arguments, results


def _refused(x: Any) -> Structure:
    raise TypeError(
        f"to_jax takes numbers, and lists, tuples, dicts and arrays of them, got {x!r:.80}: bind "
        "it, as in to_jax(lambda x: f(x, other), example)"
    )


def _of_arguments(structure: Any) -> Sequence[Structure | RowsOf]:
    """Return the structure of each positional argument."""
    parts: Sequence[Structure | RowsOf] | None = structure.parts[0].parts
    return (NUMBER,) * structure.parts[0].keys[0] if parts is None else parts  # None: all numbers


def _array(x: Any, name: str) -> Any:
    try:
        return jnp.asarray(x, float)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected numbers, or arrays and equally long lists of them, got {x!r:.80}"
        ) from None


def _shape(structure: Structure) -> tuple[int, ...] | None:
    """Return the shape of the array that has all leaves in order, None if there is none."""
    if isinstance(structure, Leaf):
        return ()
    if not isinstance(structure, Branch) or issubclass(structure.kind, dict):
        return None
    if structure.parts is None:
        return structure.keys
    shapes = [*map(_shape, structure.parts)]
    if not shapes or shapes[0] is None or any(shape != shapes[0] for shape in shapes):
        return None
    return (structure.keys or (len(shapes),)) + shapes[0]


def _numbers(structure: Structure, x: Any, name: str) -> list[Any]:
    """Return the numbers of an argument as flat arrays. ValueError if it is not as the example."""
    shape = _shape(structure)
    if shape is not None:
        given = _array(x, name)
        if given.shape != shape:
            raise ValueError(
                f"{name} has the shape {shape} in the example of to_jax, got {given.shape}; for "
                "any number of rows, give an example list that only autograd.vmap reads"
            )
        return [given.reshape(-1)]
    assert isinstance(structure, Branch)
    assert structure.parts is not None
    keys = structure.keys if issubclass(structure.kind, dict) else range(len(structure.parts))
    wanted = {*keys} if isinstance(x, dict) else len(structure.parts)
    if issubclass(structure.kind, dict) != isinstance(x, dict) or wanted != (
        {*x} if isinstance(x, dict) else len(x)
    ):
        raise ValueError(f"{name} must be built as in the example of to_jax, got {x!r:.80}")
    named = zip(keys, structure.parts, strict=True)
    return [a for key, part in named for a in _numbers(part, x[key], f"{name}[{key!r}]")]


def _table(row: Structure, x: Any, name: str) -> Any:
    """Return a list of any number of rows as an array, rows x numbers of a row."""
    shape = _shape(row)
    if shape is None:
        return jnp.stack([jnp.concatenate(_numbers(row, each, name)) for each in x])
    given = _array(x, name)
    if given.ndim != len(shape) + 1 or given.shape[1:] != shape or not len(given):
        sizes = ", ".join(["rows", *map(str, shape)])
        raise ValueError(
            f"{name} has the shape ({sizes}) in the example of to_jax, got {given.shape}"
        )
    return given.reshape(len(given), prod(shape))


def _assembled(structure: Structure, leaves: Iterator[Any]) -> Any:
    """Return a result: lists of numbers as arrays, tuples and dicts as they are."""
    if isinstance(structure, Leaf):
        return next(leaves)
    if isinstance(structure, Static):
        return structure.thing
    kind: Any = structure.kind
    keys = structure.keys
    shape = None if issubclass(kind, tuple) else _shape(structure)
    if shape is not None:
        return jnp.stack([next(leaves) for _ in range(prod(shape))]).reshape(shape)
    parts = [_assembled(part, leaves) for part in structure.parts or ()]
    if structure.parts is None:
        parts = [next(leaves) for _ in range(prod(keys))]
    if issubclass(kind, dict):
        return dict(zip(keys, parts, strict=True))
    return getattr(kind, "_make", kind)(parts)


# ------------------------------------------------------------------------------- what is refused


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the arguments, as far as the function has them."""
    try:
        parameters = signature(function).parameters.values()
        known = [p.name for p in parameters if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # a builtin
        known = []
    return [*known[:count], *[f"argument {i + 1}" for i in range(len(known), count)]]


def _leaf_names(
    code: Simplified, recording: Recording, numbers: Sequence[str], names: Sequence[str]
) -> dict[Expression, str]:
    """Return names for what a comparison can be of: numbers of arguments, rows, Values."""
    count = len(code.leaves) - len(code.live)
    found = {x: name for x, name in zip(code.leaves[:count], numbers, strict=True) if x is not None}
    for batch, columns in zip(recording.batches, code.columns, strict=True):
        key = batch.given.key if batch.given else None
        name = f"a row of {names[key]}" if isinstance(key, int) else "a row"
        found |= dict.fromkeys(columns, name)
    for x, value in zip(code.leaves[count:], code.live, strict=True):
        assert x is not None
        found[x] = value.label or f"a Value of {number(value.data)}"
    return found


def _refuse_comparisons(
    function: str, names: dict[Expression, str], guards: Sequence[Guard]
) -> None:
    """TypeError for the first comparison on which the function branches."""
    for guard in guards:
        if not guard.of_range:
            left, right = (_described(x, names) for x in (guard.left, guard.right))
            raise TypeError(
                f"to_jax: {function} decides by the comparison {left} {SIGNS[guard.test]} {right}, "
                "which a pure JAX function cannot: use autograd.where, maximum, minimum or relu "
                "instead of a branch"
            )


def _described(x: Expression, names: dict[Expression, str], depth: int = NAMED_DEPTH) -> str:
    if x.value is not None:
        return number(x.value)
    if x.op is None:
        return names.get(x, "the number of rows")
    if not depth or len(x.parents) > NAMED_OPERANDS:
        return f"{x.op.name}(...)"
    operands = [_described(parent, names, depth - 1) for parent in x.parents]
    return x.op.text(operands, [9 if p.op is None else p.op.precedence for p in x.parents])


def _refuse_computed(function: str, values: Sequence[Value]) -> None:
    """TypeError for a Value that was computed outside, since it would not follow its operands."""
    for value in values:
        if value.op is not None:
            raise TypeError(
                f"to_jax: {function} uses the Value {value.label or number(value.data)!r}, which "
                f"was computed outside by {value.op.name}: compute it inside {function}"
            )
