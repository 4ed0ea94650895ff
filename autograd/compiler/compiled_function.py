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
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import count
from numbers import Real
from operator import itemgetter
from struct import error
from threading import RLock
from time import thread_time
from types import MethodType
from typing import Any
from weakref import ref

import numpy as np

from .. import ops
from ..calculus.chain_rule import adjoints
from ..collector import collector_paused
from ..operation import Operation
from ..pickling import reduce_node
from ..recording import current_recorder, recording
from ..tree import VALUE, Structure, build, flatten
from ..value import Scalar, Value
from .account import Account
from .arguments import StaticArguments, as_thing, check_kinds, same_values, weakened
from .array_functions import Arrays
from .free_rows import Given, split
from .pipeline import NotExactError, Path, Program
from .record import CannotRecordError, refused, returned
from .traced import TraceRecorder

MAX_PATHS = 64  # recordings of one structure; a function with more of them is not compiled
MAX_NEW_PATHS = 16  # calls in a row that each take a new path
MAX_PATHS_TRIED = 4  # when no more paths are recorded
MAX_STRUCTURES = 64  # of arguments, for which recordings are kept
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
        """Return the local gradients as graph, of what the program computed."""
        if not y.parents:  # a name that stands for the result in a formula
            return [Value(0.0, f"∂{y.label}/∂{getattr(x, 'label', x)}") for x in xs]
        if not isinstance(y, CompiledValue):
            raise TypeError("a compiled result that was pickled has no function to differentiate")
        with recording(None):
            leaves = y.parents
            if len(set(leaves)) < len(leaves):  # an argument that the function also uses by itself
                leaves = tuple([ops.sum([p]) for p in leaves])
            return adjoints(y.call.graph(y.which, leaves), leaves, partial=True)

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

    __slots__ = ("path", "program", "parents", "p", "inputs", "_gradients")

    def __init__(
        self,
        path: Path,
        program: Program,
        parents: tuple[Value, ...],
        p: Any,
        inputs: tuple[Any, ...],
        gradient: Any,
    ) -> None:
        self.path, self.program, self.parents = path, program, parents
        self.p, self.inputs = p, inputs  # the numbers that the program took
        self._gradients = {} if gradient is None else {0: gradient}

    def graph(self, which: int, leaves: Sequence[Value]) -> Scalar:
        """Return one result as a graph on ``leaves``, one for each of the parents."""
        by_position = dict(zip(self.program.order, leaves, strict=True))
        return self.path.graph_of(which, by_position, self.inputs)

    def gradient(self, which: int) -> Any:
        """Return the gradient of one output. If there are several, it is computed when needed."""
        if which not in self._gradients:
            self._gradients[which] = self._seeded_gradient(which)
        return self._gradients[which]

    def _seeded_gradient(self, which: int) -> Any:
        program = self.path.program("seeded")
        order = self.program.order  # of ``p`` and ``parents``
        seeds = np.zeros(len(self.path.outputs))
        seeds[which] = 1.0
        p, gradient = np.empty(len(order)), np.empty(len(order))
        p[order] = self.p
        x, *rows = self.inputs
        found = computed(program, p[program.order], (np.concatenate([x, seeds]), *rows))
        if not found:
            return self._eager_gradient(which)
        gradient[program.order] = found[1]
        return gradient[order]

    def _eager_gradient(self, which: int) -> Any:
        """Return the gradient as the engine computes it, in case a derivative is infinite."""
        with recording(None):
            leaves = [Value(x) for x in self.p.tolist()]
            found = adjoints(self.graph(which, leaves), leaves)
        return np.array([getattr(x, "data", x) for x in found])


TIE = ()  # what a program returns if rounding could decide a comparison


def computed(program: Program, p: Any, inputs: Sequence[Any]) -> Any:
    """Return the values and the gradient, or TIE.

    None if the call takes another path, or eager code fails. NumPy raises where Python's ``math``
    does: an overflow, a pole, even if the result is finite.
    """
    try:
        return _finite(program, p, inputs)
    except (ArithmeticError, ValueError):
        return None


@np.errstate(divide="raise", over="raise", invalid="raise")
def _finite(program: Program, p: Any, inputs: Sequence[Any]) -> Any:
    found = program.run(p, *inputs)
    if not found:
        return found
    values, gradient = found
    if gradient is not None:
        gradient = np.asarray(gradient)
        if not math.isfinite(np.dot(gradient, gradient)):
            return None  # or too large to square, for which eager code is good enough
    return (values, gradient) if all(map(math.isfinite, values)) else None


class Paths(list[Path]):
    """The recordings for one structure of arguments, the last used first."""

    new_paths = 0  # calls in a row that took a new path
    given_up = False  # whether new paths are no longer recorded
    failures = 0  # calls in a row that were recorded and found to take a known path
    used = 0  # when, on the clock of the function

    def __init__(self, leaves: list[Any]) -> None:
        super().__init__()
        values = [i for i, x in enumerate(leaves) if isinstance(x, Value)]
        self._values = itemgetter(*values) if len(values) > 1 else None

    def same(self, leaves: list[Any]) -> tuple[int, ...]:
        """Return which of the Values are the same one."""
        return same_values(self._values(leaves)) if self._values else ()


NO_ARGUMENTS = flatten(((), {}))
NO_NUMBERS = (np.empty(0),)
ELSEWHERE = object()  # the call takes another path


class CompiledFunction:
    """A compiled function, see `autograd.compile`."""

    def __init__(
        self, function: Callable[..., Any], static: int | Sequence[int] = (), xp: Any = None
    ) -> None:
        self.function, self._xp = function, xp
        self.static = StaticArguments(function, static)
        self.xp = Arrays(np if xp is None else xp)
        self.paths: dict[Structure, Paths] = {}  # by structure of the arguments
        self.free: list[frozenset[int | str]] = []  # arguments that are lists of any length
        self.account = Account()
        self.last: Path | None = None
        self._lock, self._clock = RLock(), count()
        self.__wrapped__ = function
        self.__doc__ = getattr(function, "__doc__", None)
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__module__ = getattr(function, "__module__", __name__)

    def __repr__(self) -> str:
        return f"<compiled function {self.__name__}>"

    def __reduce__(self) -> Any:
        """Return how to pickle and copy it: by name if it has one, else anew, to be recorded."""
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is self:
            return self.__qualname__
        library = None if self._xp is None else self._xp.__name__
        return _compiled_anew, (self.function, self.static.positions, library)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return a method if this is in a class. Each instance has recordings of its own."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recorder = current_recorder()
        if isinstance(recorder, TraceRecorder):
            return self.function(*args, **kwargs)  # part of the function that is being recorded
        leaves, structure = NO_ARGUMENTS
        if args or kwargs:
            leaves, structure = flatten(self.static.marked(args, kwargs), as_thing)
        given = Given(structure, leaves, {})
        tried: list[Path] = []
        try:
            result = self._by_known_path(given, tried, recorder is None)
            if result is ELSEWHERE:
                with self._lock:  # another thread may have recorded it meanwhile
                    result = self._by_known_path(given, tried, recorder is None)
                    if result is ELSEWHERE:
                        result = self._by_new_path(given, recorder is None)
        except NotExactError:
            result = TIE
        return self._eager(structure, leaves) if result is TIE else result

    def _ways(self, given: Given) -> list[tuple[Paths, Given]]:
        """Return the recordings that these arguments may take, and the arguments as they take them.

        There are those for lists of any length, and those for the structure as it is.
        """
        ways = []
        for free in self.free:
            apart = split(given.structure, given.leaves, free)
            if apart is not None and apart.structure in self.paths:
                ways.append((self._paths(apart), apart))
        if not ways or given.structure in self.paths:
            ways.append((self._paths(given), given))
        return ways

    def _by_known_path(self, given: Given, tried: list[Path], with_gradient: bool) -> Any:
        """Return the result by the first path that the call takes, or ELSEWHERE, or TIE.

        Paths that have been tried are left out, others are added to them.
        """
        for paths, arguments in self._ways(given):
            same = paths.same(arguments.leaves)
            for path in paths[:MAX_PATHS_TRIED] if paths.given_up else paths[:]:
                if path.same != same or path in tried:
                    continue
                tried.append(path)
                result = self._run(path, arguments, with_gradient)
                if result is not ELSEWHERE:
                    path.calls += 1
                    paths.new_paths = paths.failures = 0
                    if path is not paths[0]:
                        self._put_first(paths, path)
                    return result
        return ELSEWHERE

    def _put_first(self, paths: Paths, path: Path) -> None:
        with self._lock:
            paths[:] = [path, *[other for other in paths if other is not path]]

    def _paths(self, given: Given) -> Paths:
        """Return the recordings for this structure. If it is new, the oldest may have to go."""
        structure = given.structure
        try:
            paths = self.paths.get(structure)
        except TypeError:
            raise TypeError(
                "a compiled function takes numbers, Values, and lists, tuples, dicts and arrays of "
                "them; anything else has to be hashable, like a string, a tuple or a model"
            ) from None
        if paths is None:
            check_kinds(structure)
            this = ref(self)
            key = weakened(structure, lambda: _forget(this, key))
            with self._lock:
                paths = self.paths.setdefault(key, Paths(given.leaves))
                if len(self.paths) > MAX_STRUCTURES:
                    self._drop_oldest(paths)
        paths.used = next(self._clock)
        return paths

    def _drop_oldest(self, newest: Paths) -> None:
        """Drop the recordings that have not been used for the longest time; first, empty ones."""
        known = [(key, paths) for key, paths in [*self.paths.items()] if paths is not newest]
        key, paths = min(known, key=lambda entry: (bool(entry[1]), entry[1].used))
        self.account.forget(self.paths.pop(key))
        if paths:
            self.account.warn_once(
                f"{self.__name__} was called with more than {MAX_STRUCTURES} structures of "
                "arguments, so recordings that were not used for long are dropped: "
                + self.account.why(self.paths)
            )

    def _by_new_path(self, given: Given, with_gradient: bool) -> Any:
        """Return the result by a new path, and keep the path. TIE if eager code has to run."""
        paths = self._ways(given)[0][0]
        if paths.failures >= MAX_FAILURES:
            return TIE
        paths.new_paths += 1
        if paths.new_paths > MAX_NEW_PATHS or len(paths) >= MAX_PATHS:
            paths.given_up = True
            self.account.warn_once(
                f"{self.__name__} takes another branch at nearly every call, so it runs as it "
                "is, not compiled: use autograd.where, maximum, minimum and relu instead of "
                "branches, and autograd.take instead of an index"
            )
            return TIE
        if self.account.is_a_loss(self.paths):
            self.account.warn_once(
                f"{self.__name__} has cost more time to compile than it saved, so it runs as it "
                f"is where it would be compiled again: {self.account.why(self.paths)}"
            )
            return TIE
        check_precision(self.xp)
        self.account.recordings += 1
        started = thread_time()
        try:
            with collector_paused():
                path = Path(self.function, given.structure, given.leaves, self.xp)
        except CannotRecordError as error:
            paths.failures += 1
            self.account.spend(thread_time() - started)
            self.account.warn_once(f"{self.__name__} runs as it is, not compiled: {error}")
            return TIE
        if path.free:
            if path.free not in self.free:
                self.free.append(path.free)
            if not paths:
                self.paths.pop(given.structure, None)  # which is one of many, of other lengths
            given = split(given.structure, given.leaves, path.free) or given
        paths = self._paths(given)
        if any(known.outcomes == path.outcomes and known.same == path.same for known in paths):
            paths.failures += 1
            self.account.spend(thread_time() - started)
            return TIE
        result = self._run(path, given, with_gradient)
        paths.insert(0, path)
        return TIE if result is ELSEWHERE else result

    def _eager(self, structure: Structure, leaves: list[Any]) -> Any:
        """Return the result of the function itself, which may raise an error that names a node."""
        args, kwargs = build(structure, iter(leaves))
        values, result = flatten(returned(self.function(*args, **kwargs)), refused)
        return build(result, iter([x if isinstance(x, Value) else Value(x) for x in values]))

    def _run(self, path: Path, given: Given, with_gradient: bool) -> Any:
        """Return the result by ``path``; ELSEWHERE if it is another path, or fails; or TIE."""
        self.last, leaves = path, given.leaves
        single = len(path.outputs) == 1
        differentiates = with_gradient and single and bool(path.parameters)
        program = path.program("gradient" if differentiates else "value")
        parents = path.parents(program, leaves)
        try:
            p = np.frombuffer(program.pack(*[leaf.data for leaf in parents]))
        except error:
            raise wrong_data(parents) from None
        inputs = path.inputs_in(leaves, given.tables) if path.takes_numbers else NO_NUMBERS
        if inputs is None:
            return ELSEWHERE
        found = computed(program, p, inputs)
        if not found:
            return ELSEWHERE if found is None else TIE
        values, gradient = found
        if not with_gradient or not parents:
            return build(path.structure, iter([Value(y) for y in values]))
        call = _Call(path, program, parents, p, inputs, gradient)
        if single and path.structure is VALUE:
            return CompiledValue(values[0], call)
        results = [
            Value(y) if output.value is not None else CompiledValue(y, call, i)
            for i, (y, output) in enumerate(zip(values, path.outputs, strict=True))
        ]
        return build(path.structure, iter(results))

    @property
    def source(self) -> str:
        """The program of the last call, as Python source. NumPy runs ``@`` in it as ``dot``."""
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
            *self.account.report(self.paths),
        ]
        return "\n".join(lines)


def wrong_data(parents: Sequence[Value]) -> TypeError:
    """Return the error for a Value whose ``data`` somebody has set to something else."""
    node = next(node for node in parents if not isinstance(node.data, Real))
    name = repr(node.label) if node.label else "without a label"
    return TypeError(f"the data of a Value is a float, got {node.data!r:.80} in the one {name}")


def _forget(function: ref[CompiledFunction], structure: Structure) -> None:
    """Drop the recordings for a structure of which a thing is gone."""
    if (found := function()) is not None:
        found.paths.pop(structure, None)


def check_precision(xp: Arrays) -> None:
    """TypeError unless the array library computes in float64."""
    if (found := str(xp.library.asarray(np.zeros(1)).dtype)) != "float64":
        raise TypeError(
            f"{xp.library.__name__} computes in {found}, which keeps 7 of 16 digits: call "
            'jax.config.update("jax_enable_x64", True) before'
        )


def _compiled_anew(function: Callable[..., Any], static: Any, library: str | None) -> Any:
    return CompiledFunction(function, tuple(static), library and import_module(library))
