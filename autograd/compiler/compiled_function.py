"""What `autograd.compile` returns: a function that looks like the original and runs as arrays.

For those who build on it, optimizers say: the result of a compiled function with one output is a
`CompiledValue`. Its ``parents`` are the live leaves (parameters), the same tuple at every call, its
``gradient`` is a flat NumPy array of the derivatives by them, in that order, and its ``inputs`` the
array of their ``data`` as they were read. So all parameters can be stepped with array operations::

    loss = fast()
    stepped = loss.inputs - learning_rate * loss.gradient
    for leaf, data in zip(loss.parents, stepped.tolist()):
        leaf.data = data
"""

from __future__ import annotations

import copyreg
import math
import warnings
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from ..calculus.chain_rule import adjoints
from ..collector import collector_paused
from ..operation import Operation
from ..pickling import reduce_node
from ..recording import current_recorder, recording
from ..value import Value, topological_order
from .array_functions import Arrays
from .pipeline import Path, Program
from .record import TraceRecorder
from .structure import Static, flatten, rebuild

MOST_PATHS = 64  # recordings of one structure; a function with more of them runs as it is
MOST_MISSES = 16  # calls in a row, each of which took a new path
FEW = 4  # recordings that are tried where there are too many
MOST_IN_VAIN = 3  # calls in a row where the numbers, not the path, are what the program cannot do


class Compiled(Operation):
    """The operation of the nodes that compiled functions return. It is not in the table."""

    def __init__(self) -> None:
        self.name = self.symbol = self.__name__ = "compiled"
        self.precedence, self.domain = 9, ""
        self._text = self._definition = lambda xs: "compiled(...)"
        self.constant_rules = None

    def __reduce__(self) -> str:
        return "COMPILED"

    def local_grads(self, y: Any, xs: Sequence[Any], varies: Sequence[bool] | None = None) -> Any:
        """As graph, which is that of the function itself: the program computed mere numbers."""
        if not y.parents:  # a name that stands for the result in a formula
            return [Value(0.0, f"∂{y.label}/∂{getattr(x, 'label', x)}") for x in xs]
        if not isinstance(y, CompiledValue):
            raise TypeError("a compiled result that was pickled has no function to differentiate")
        with recording(None):
            result = y.call.eager()[y.which]
        return adjoints(result, y.parents, partial=True)


COMPILED = Compiled()


class CompiledValue(Value):
    """A result of a compiled function: a node whose parents are the leaves it depends on."""

    __slots__ = ("call", "which")
    call: _Call
    which: int

    def __init__(self, data: float, call: _Call, which: int = 0) -> None:
        self.data, self.grad, self.label = data, 0.0, ""
        self.op, self.parents = COMPILED, call.parents
        self.call, self.which = call, which

    @property
    def inputs(self) -> Any:
        """The data of the parents, as they were read at the call: an array."""
        return self.call.p

    @property
    def gradient(self) -> Any:
        """The derivative of this result by each of the parents: an array."""
        return self.call.gradient(self.which)

    @property
    # a property where Value has a slot: read-only, computed when asked for
    def local_grads(self) -> tuple[float | None, ...]:  # type: ignore[override]
        return tuple(self.gradient.tolist())

    def backward(self) -> None:
        """As `Value.backward`; where all parents are different leaves, in one loop."""
        if not self.call.plain:
            return super().backward()
        self.grad = 1.0
        for leaf, local_grad in zip(self.parents, self.gradient.tolist(), strict=True):
            leaf.grad += local_grad
        return None


copyreg.pickle(CompiledValue, lambda node: _as_plain(node))


def _as_plain(node: CompiledValue) -> Any:
    """Pickled as an ordinary node with its numbers; the program stays behind."""
    restore, (first, _, *fields) = reduce_node(node)
    return restore, (first, Value, *fields)


class _Call:
    """One run of a program, shared by its results."""

    __slots__ = ("path", "parents", "plain", "p", "x", "eager", "_gradients")

    def __init__(
        self,
        path: Path,
        parents: tuple[Value, ...],
        p: Any,
        x: Any,
        gradient: Any,
        eager: Callable[[], list[Value]],
    ) -> None:
        self.path, self.parents, self.plain, self.p, self.x = path, parents, path.plain, p, x
        self.eager = eager  # the results of the function itself, for its arguments
        self._gradients = {} if gradient is None else {0: gradient}

    def gradient(self, which: int) -> Any:
        """The gradient of one output, computed when it is asked for if there are several."""
        if which not in self._gradients:
            self._gradients[which] = self._one_of_many(which)
        return self._gradients[which]

    def _one_of_many(self, which: int) -> Any:
        program = self.path.program("seeded")
        order = self.path.program("value").order  # that of ``p`` and ``parents``
        seeds = np.zeros(len(self.path.outputs))
        seeds[which] = 1.0
        p, gradient = np.empty(len(order)), np.empty(len(order))
        p[order] = self.p
        found = computed(program, p[program.order], np.concatenate([self.x, seeds]))
        if found is None or not math.isfinite(np.sum(found[1])):
            return self._eagerly(which)
        gradient[program.order] = found[1]
        return gradient[order]

    def _eagerly(self, which: int) -> Any:
        """The same by the engine, at the numbers of the call: where a derivative is infinite."""
        data = [leaf.data for leaf in self.parents]
        grads: list[tuple[Value, float]] = []
        try:
            for leaf, x in zip(self.parents, self.p.tolist(), strict=True):
                leaf.data = x
            result = self.eager()[which]
            grads = [(node, node.grad) for node in (*self.parents, *topological_order(result))]
            for leaf in self.parents:
                leaf.grad = 0.0
            result.backward()
            return np.array([leaf.grad for leaf in self.parents])
        finally:
            for leaf, x in zip(self.parents, data, strict=True):
                leaf.data = x
            for node, grad in grads:
                node.grad = grad


def computed(program: Program, p: Any, x: Any) -> Any:
    """What the program gives; None if it takes another path, or fails where eager code would.

    NumPy raises where Python's math does: an overflow or a pole, though the result be finite.
    """
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found = program.run(p, x)
    except (ArithmeticError, ValueError):
        return None
    return found if found is not None and all(map(math.isfinite, found[0])) else None


class Paths(list[Path]):
    """The recordings for one structure of arguments, the last used first."""

    misses = 0  # calls in a row that took a new path
    given_up = False  # whether new paths are no longer recorded
    in_vain = 0  # calls in a row recorded for a path that was known, but failed at their numbers


NO_ARGUMENTS = flatten(((), {}), [])


class CompiledFunction:
    """See `autograd.compile`."""

    def __init__(self, function: Callable[..., Any], static: tuple[int, ...], xp: Any) -> None:
        self.function, self.static = function, frozenset(static)
        self.xp = Arrays(np if xp is None else xp)
        self.paths: dict[Any, Paths] = {}  # by structure of the arguments
        self.last: Path | None = None
        self.__wrapped__ = function
        self.__doc__ = getattr(function, "__doc__", None)
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a class attribute it is a method; each instance has recordings of its own."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recorder = current_recorder()
        if isinstance(recorder, TraceRecorder):
            return self.function(*args, **kwargs)  # part of the function that is being recorded
        if self.static:
            args = tuple([Static(x) if i in self.static else x for i, x in enumerate(args)])
        leaves: list[Any] = []
        structure = flatten((args, kwargs), leaves) if args or kwargs else NO_ARGUMENTS
        paths = self._paths(structure)
        for path in paths[:FEW] if paths.given_up else paths:
            result = self._run(path, structure, leaves, recorder is None)
            if result is not None:
                if path is not paths[0]:
                    paths.remove(path)
                    paths.insert(0, path)
                paths.misses = paths.in_vain = 0
                return result
        return self._record(paths, structure, leaves, recorder is None)

    def _paths(self, structure: Any) -> Paths:
        try:
            paths = self.paths.get(structure)
            if paths is None:
                paths = self.paths[structure] = Paths()
            return paths
        except TypeError:
            raise TypeError(
                "a compiled function takes numbers, Values, and lists, tuples, dicts and arrays of "
                "them; anything else has to be hashable, like a string or a model"
            ) from None

    def _record(self, paths: Paths, structure: Any, leaves: list[Any], with_gradient: bool) -> Any:
        """The result by a path that is not known yet, which is kept."""
        if paths.in_vain >= MOST_IN_VAIN:
            return self._eager(structure, leaves)
        paths.misses += 1
        if paths.misses > MOST_MISSES or len(paths) >= MOST_PATHS:
            if not paths.given_up:
                paths.given_up = True
                warnings.warn(
                    f"{self.__name__} takes another branch at nearly every call, so it runs as it "
                    "is, not compiled: use autograd.maximum, minimum and relu instead of branches",
                    stacklevel=3,
                )
            return self._eager(structure, leaves)
        with collector_paused():
            path = Path(self.function, structure, leaves, self.xp)
        if any(known.outcomes == path.outcomes for known in paths):
            paths.in_vain += 1
            return self._eager(structure, leaves)
        result = self._run(path, structure, leaves, with_gradient)
        paths.insert(0, path)
        return self._eager(structure, leaves) if result is None else result

    def _eager(self, structure: Any, leaves: list[Any]) -> Any:
        """What the function itself says: a result that is not finite, or an error that names it."""
        result, values = self._evaluated(structure, leaves)
        return rebuild(result, iter(values))

    def _evaluated(self, structure: Any, leaves: list[Any]) -> tuple[Any, list[Value]]:
        args, kwargs = rebuild(structure, iter(leaves))
        outputs: list[Any] = []
        result = flatten(self.function(*args, **kwargs), outputs)
        return result, [x if isinstance(x, Value) else Value(x) for x in outputs]

    def _run(self, path: Path, structure: Any, leaves: list[Any], with_gradient: bool) -> Any:
        """The result by ``path``; None if that is another path than this call takes, or fails."""
        self.last = path
        single = len(path.outputs) == 1
        differentiates = with_gradient and single and bool(path.parameters)
        program = path.program("gradient" if differentiates else "value")
        parents = self._parents(path, program, leaves)
        p = np.frombuffer(program.pack(*[leaf.data for leaf in parents]))
        x = _NOTHING
        if path.inputs:
            numbers = [leaves[i] for i in path.numbers] + [leaf.data for leaf in path.compared]
            x = np.array(numbers + [leaves[i].data for i in path.compared_arguments], float)
        found = computed(program, p, x)
        if found is None:
            return None
        values, gradient = found
        if not with_gradient or not parents:
            return rebuild(path.structure, iter([Value(y) for y in values]))
        if gradient is not None:
            gradient = np.asarray(gradient)
            with np.errstate(over="ignore"):
                square = gradient @ gradient
            if not math.isfinite(square):
                return None  # or too large to square, for which eager code is good enough
        call = _Call(path, parents, p, x, gradient, lambda: self._evaluated(structure, leaves)[1])
        if single and path.structure == "value":
            return CompiledValue(values[0], call)
        results = [
            Value(y) if output.value is not None else CompiledValue(y, call, i)
            for i, (y, output) in enumerate(zip(values, path.outputs, strict=True))
        ]
        return rebuild(path.structure, iter(results))

    def _parents(self, path: Path, program: Program, leaves: list[Any]) -> tuple[Value, ...]:
        """The leaves in the order in which the program takes them."""
        if not path.arguments:
            if program.parents is None:
                program.parents = tuple([path.leaves[i] for i in program.order])
            return program.parents
        parents = path.leaves + [leaves[i] for i in path.arguments]
        return tuple([parents[i] for i in program.order])

    @property
    def source(self) -> str:
        """The program of the last call, as Python source."""
        return self._last_program().source

    def _last_program(self) -> Program:
        if self.last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet: call it once to record it"
            )
        return next(reversed(self.last._programs.values()))

    def report(self) -> str:
        """What compiling did: nodes, operations, matrix products, seconds of each stage."""
        program, path = self._last_program(), self.last
        assert path is not None
        lines = [
            f"nodes recorded          {path.recorded:>8,}",
            f"nodes after simplifying {path.simplified:>8,}",
            f"array operations        {program.operations:>8,}",
            f"matrix products         {len(program.products):>8,}",
            *(f"    {product}" for product in program.products),
            *(f"seconds to {stage:<13}{spent:>8.3f}" for stage, spent in path.seconds.items()),
        ]
        return "\n".join(lines)


_NOTHING = np.empty(0)
