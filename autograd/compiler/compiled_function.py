"""What `autograd.compile` returns: a function that looks like the original and runs as arrays.

If a compiled function has one output, its result is a `CompiledValue`. Optimizers build on it: its
``parents`` are the live leaves (parameters), the same tuple at every call. Its ``gradient`` is the
flat NumPy array of the derivatives by them, its ``inputs`` the flat array of their ``data`` at the
call. So array operations can step all parameters::

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
from ..tree import VALUE, Static, Structure, build, flatten
from ..value import Value
from .array_functions import Arrays
from .pipeline import Path, Program
from .record import TraceRecorder

MAX_PATHS = 64  # recordings of one structure; a function with more of them is not compiled
MAX_NEW_PATHS = 16  # calls in a row that each take a new path
MAX_PATHS_TRIED = 4  # when no more paths are recorded
MAX_FAILURES = 3  # calls in a row that take a known path, but at numbers where its program fails


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
        """Return the local gradients as graph. The function itself runs again to make it."""
        if not y.parents:  # a name that stands for the result in a formula
            return [Value(0.0, f"∂{y.label}/∂{getattr(x, 'label', x)}") for x in xs]
        if not isinstance(y, CompiledValue):
            raise TypeError("a compiled result that was pickled has no function to differentiate")
        with recording(None):
            result = y.call.eager()[y.which]
        return adjoints(result, y.parents, partial=True)

    def is_stale(self, node: Any) -> bool:
        """Return whether a parent has another number than at the call. A pickled node has no call.

        Computing the number again would not tell: eager code may round it in another way.
        """
        now = [parent.data for parent in node.parents]
        return isinstance(node, CompiledValue) and not np.array_equal(
            node.inputs, now, equal_nan=True
        )

    def again(self, node: Any) -> Any:
        """Return ``node`` itself. RuntimeError if it is stale: only a new call can compute it."""
        if self.is_stale(node):
            name = f" {node.label!r}" if node.label else ""
            raise RuntimeError(
                f"the numbers changed that a compiled function computed its result{name} from: "
                "call that function again"
            )
        return node


COMPILED = Compiled()


class CompiledValue(Value):
    """A result of a compiled function: a node whose parents are the leaves it depends on."""

    __slots__ = ("call", "which")
    call: _Call
    which: int  # of the results of the call

    def __init__(self, data: float, call: _Call, which: int = 0) -> None:
        self.data, self.grad, self.label = data, 0.0, ""
        self.op, self.parents = COMPILED, call.parents
        self.call, self.which = call, which

    @property
    def inputs(self) -> Any:
        """The data of the parents at the call, as an array."""
        return self.call.p

    @property
    def gradient(self) -> Any:
        """The derivative of this result by each of the parents, as an array."""
        return self.call.gradient(self.which)

    @property
    # a property where Value has a slot: read-only, computed when asked for
    def local_grads(self) -> tuple[float | None, ...]:  # type: ignore[override]
        return tuple(self.gradient.tolist())

    def backward(self) -> None:
        """Do what `Value.backward` does, in one loop if all parents are different leaves."""
        if not self.call.path.plain:
            return super().backward()
        self.grad = 1.0
        for leaf, local_grad in zip(self.parents, self.gradient.tolist(), strict=True):
            leaf.grad += local_grad
        return None


def _as_plain_node(node: CompiledValue) -> Any:
    """Return how to pickle it: as an ordinary node with its numbers, without the program."""
    restore, (first, _, *fields) = reduce_node(node)
    return restore, (first, Value, *fields)


copyreg.pickle(CompiledValue, _as_plain_node)


class _Call:
    """One run of a program, shared by its results."""

    __slots__ = ("path", "parents", "p", "x", "eager", "_gradients")

    def __init__(
        self,
        path: Path,
        parents: tuple[Value, ...],
        p: Any,
        x: Any,
        gradient: Any,
        eager: Callable[[], list[Value]],
    ) -> None:
        self.path, self.parents, self.p, self.x = path, parents, p, x
        self.eager = eager  # returns the results of the function itself, at the same arguments
        self._gradients = {} if gradient is None else {0: gradient}

    def gradient(self, which: int) -> Any:
        """Return the gradient of one output. If there are several, it is computed when needed."""
        if which not in self._gradients:
            self._gradients[which] = self._seeded_gradient(which)
        return self._gradients[which]

    def _seeded_gradient(self, which: int) -> Any:
        program = self.path.program("seeded")
        order = self.path.program("value").order  # of ``p`` and ``parents``
        seeds = np.zeros(len(self.path.outputs))
        seeds[which] = 1.0
        p, gradient = np.empty(len(order)), np.empty(len(order))
        p[order] = self.p
        found = computed(program, p[program.order], np.concatenate([self.x, seeds]))
        if found is None or not math.isfinite(np.sum(found[1])):
            return self._eager_gradient(which)
        gradient[program.order] = found[1]
        return gradient[order]

    def _eager_gradient(self, which: int) -> Any:
        """Return the gradient as the engine computes it, in case a derivative is infinite."""
        now = [leaf.data for leaf in self.parents]
        try:
            for leaf, x in zip(self.parents, self.p.tolist(), strict=True):
                leaf.data = x
            with recording(None):
                found = adjoints(self.eager()[which], self.parents, partial=True)
            return np.array([getattr(x, "data", x) for x in found])
        finally:
            for leaf, x in zip(self.parents, now, strict=True):
                leaf.data = x


def computed(program: Program, p: Any, x: Any) -> Any:
    """Return the values and the gradient. None if the call takes another path, or eager code fails.

    NumPy raises where Python's ``math`` does: an overflow, a pole, even if the result is finite.
    """
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found = program.run(p, x)
    except (ArithmeticError, ValueError):
        return None
    return found if found is not None and all(map(math.isfinite, found[0])) else None


class Paths(list[Path]):
    """The recordings for one structure of arguments, the last used first."""

    new_paths = 0  # calls in a row that took a new path
    given_up = False  # whether new paths are no longer recorded
    failures = 0  # calls in a row that were recorded and found to take a known path


NO_ARGUMENTS = flatten(((), {}))
NO_NUMBERS = np.empty(0)


class CompiledFunction:
    """A compiled function, see `autograd.compile`."""

    def __init__(self, function: Callable[..., Any], static: tuple[int, ...], xp: Any) -> None:
        self.function, self.static = function, frozenset(static)
        self.xp = Arrays(np if xp is None else xp)
        self.paths: dict[Structure, Paths] = {}  # by structure of the arguments
        self.last: Path | None = None
        self.__wrapped__ = function
        self.__doc__ = getattr(function, "__doc__", None)
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return a method if this is in a class. Each instance has recordings of its own."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recorder = current_recorder()
        if isinstance(recorder, TraceRecorder):
            return self.function(*args, **kwargs)  # part of the function that is being recorded
        if self.static:
            args = tuple([Static(x) if i in self.static else x for i, x in enumerate(args)])
        leaves, structure = flatten((args, kwargs)) if args or kwargs else NO_ARGUMENTS
        paths = self._paths(structure)
        for path in paths[:MAX_PATHS_TRIED] if paths.given_up else paths:
            result = self._run(path, structure, leaves, recorder is None)
            if result is not None:
                if path is not paths[0]:
                    paths.remove(path)
                    paths.insert(0, path)
                paths.new_paths = paths.failures = 0
                return result
        return self._record(paths, structure, leaves, recorder is None)

    def _paths(self, structure: Structure) -> Paths:
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

    def _record(
        self, paths: Paths, structure: Structure, leaves: list[Any], with_gradient: bool
    ) -> Any:
        """Return the result by a new path, and keep the path."""
        if paths.failures >= MAX_FAILURES:
            return self._eager(structure, leaves)
        paths.new_paths += 1
        if paths.new_paths > MAX_NEW_PATHS or len(paths) >= MAX_PATHS:
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
            paths.failures += 1
            return self._eager(structure, leaves)
        result = self._run(path, structure, leaves, with_gradient)
        paths.insert(0, path)
        return self._eager(structure, leaves) if result is None else result

    def _eager(self, structure: Structure, leaves: list[Any]) -> Any:
        """Return the result of the function itself, which may raise an error that names a node."""
        values, result = self._evaluated(structure, leaves)
        return build(result, iter(values))

    def _evaluated(self, structure: Structure, leaves: list[Any]) -> tuple[list[Value], Structure]:
        args, kwargs = build(structure, iter(leaves))
        outputs, result = flatten(self.function(*args, **kwargs))
        return [x if isinstance(x, Value) else Value(x) for x in outputs], result

    def _run(self, path: Path, structure: Structure, leaves: list[Any], with_gradient: bool) -> Any:
        """Return the result by ``path``, None if the call takes another path, or fails."""
        self.last = path
        single = len(path.outputs) == 1
        differentiates = with_gradient and single and bool(path.parameters)
        program = path.program("gradient" if differentiates else "value")
        parents = path.parents(program, leaves)
        p = np.frombuffer(program.pack(*[leaf.data for leaf in parents]))
        x = path.numbers_in(leaves) if path.inputs else NO_NUMBERS
        found = computed(program, p, x)
        if found is None:
            return None
        values, gradient = found
        if not with_gradient or not parents:
            return build(path.structure, iter([Value(y) for y in values]))
        if gradient is not None:
            gradient = np.asarray(gradient)
            with np.errstate(over="ignore"):
                square = gradient @ gradient
            if not math.isfinite(square):
                return None  # or too large to square, for which eager code is good enough
        call = _Call(path, parents, p, x, gradient, lambda: self._evaluated(structure, leaves)[0])
        if single and path.structure is VALUE:
            return CompiledValue(values[0], call)
        results = [
            Value(y) if output.value is not None else CompiledValue(y, call, i)
            for i, (y, output) in enumerate(zip(values, path.outputs, strict=True))
        ]
        return build(path.structure, iter(results))

    @property
    def source(self) -> str:
        """The program of the last call, as Python source."""
        return self.last_program().printed.source

    def last_program(self) -> Program:
        """Return the program of the last call. RuntimeError if there was no call yet."""
        if self.last is None:
            raise RuntimeError(
                f"{self.__name__} has not been called yet: call it once to record it"
            )
        return next(reversed(self.last.programs.values()))

    def report(self) -> str:
        """Return what compiling did: nodes, operations, matrix products, seconds of each stage."""
        printed, path = self.last_program().printed, self.last
        assert path is not None
        lines = [
            f"nodes recorded          {path.recorded:>8,}",
            f"nodes after simplifying {path.simplified:>8,}",
            f"array operations        {printed.operations:>8,}",
            f"matrix products         {len(printed.products):>8,}",
            *(f"    {product}" for product in printed.products),
            *(f"seconds to {stage:<13}{spent:>8.3f}" for stage, spent in path.seconds.items()),
        ]
        return "\n".join(lines)
