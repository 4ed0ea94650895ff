"""A compiled function whose parameters are one array, see `autograd.flat_function`.

It takes the paths of the compiled function, but reads the parameters from the array, and leaves the
gradient in one. So a step of an optimizer touches no Value.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..recording import recording
from ..tree import NUMBER, VALUE, Structure, build, flatten, outline
from ..value import Constant, Value, derivatives
from .arguments import as_thing
from .backend import wrong_data
from .compiled_function import CompiledFunction
from .expressions import reachable
from .free_rows import Given
from .inputs import NotExactError
from .path import ELSEWHERE, Path
from .program import TIE, Program
from .record import refused, returned

if TYPE_CHECKING:
    from .native_steps import NativeSteps
    from .one_native_step import NativeStep


class FlatProgram:
    """A program of a path, and where its parameters are in the array of all parameters."""

    def __init__(
        self, path: Path, program: Program, parents: Sequence[Value], place: dict[Value, int]
    ) -> None:
        self.backend = program.backend
        self._computed_at, self._structure = program.backend.computed_at, path.structure
        self._size = len(place)
        self._others = [p for p in parents if p not in place]
        after = {p: self._size + i for i, p in enumerate(self._others)}
        every = [place[p] if p in place else after[p] for p in parents]
        self.places = np.array(every, np.int64)
        parts = getattr(path.structure, "parts", None) or ()
        self._is_tuple = path.structure == (tuple, (), (VALUE,) * len(parts))
        self.takes_all_from_theta = path.inputs.fixed and not self._others
        is_flat = path.structure is VALUE or set(parts) <= {VALUE, NUMBER}
        self.is_plain = is_flat and not self._others  # numbers out, and nothing but theta in

    def __call__(self, theta: Any, inputs: tuple[Any, ...]) -> Any:
        """Return value and gradient; ELSEWHERE or TIE if `Path.result` would return it."""
        if self._others:
            theta = np.concatenate([theta, [p.data for p in self._others]])
        found = self._computed_at(self.places, theta, inputs)
        if not found:
            return ELSEWHERE if found is None else TIE
        values, gradient = found
        if self._others and gradient is not None:
            gradient = gradient[: self._size]
        return self.structured(values), gradient

    def structured(self, values: Sequence[float]) -> Any:
        """Return the results of the program in the structure that the function returns."""
        if self._structure is VALUE:
            return values[0]
        return tuple(values) if self._is_tuple else build(self._structure, iter(values))


Compute = Callable[[FlatProgram, Any, tuple[Any, ...]], Any]


class PlainCalls:
    """How a path takes calls without a look at the structure of their arguments.

    There are none, or they are arrays of rows of any length and nothing else.
    """

    def __init__(self, path: Path) -> None:
        inputs = path.inputs
        self.programs: dict[bool, FlatProgram] = {}  # with the gradient, and without
        self._nothing = inputs.constant if path.takes_nothing else None
        self.lists = [batch.given for batch in inputs.batches]
        keys = [getattr(given, "key", None) for given in self.lists]
        self.is_possible = (
            bool(keys)
            and not (inputs.numbers or inputs.compared or inputs.kinds)
            and inputs.free == {*range(len(keys))} == {*keys}
            and len(inputs.lengths) == 1
            and all(given.part.parts is None for given in self.lists if given)
        )
        self.order = [int(key) for key in keys if key is not None]
        self._shapes = [given.part.keys[1:] for given in self.lists if given]
        self._lengths: dict[int, Any] = {}

    def inputs(self, args: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the inputs of the program; None if the arguments are of another kind."""
        if not args:
            return self._nothing
        if not self.is_possible or len(args) != len(self.order):
            return None
        rows = []
        for i, shape in zip(self.order, self._shapes, strict=True):
            x = args[i]
            if type(x) is not np.ndarray or x.dtype != float or x.shape[1:] != shape:
                return None
            rows.append(x if shape else x[:, None])
        n = len(rows[0])
        if not n or {*map(len, rows)} != {n}:
            return None
        if n not in self._lengths:
            self._lengths[n] = np.array([n], float)
        return self._lengths[n], *rows


class Native(NamedTuple):
    """Machine code for arrays of rows: the program, and how it takes parameters and arrays."""

    program: Any
    places: Any  # of its parameters in the array of all
    inputs: tuple[Any, ...]
    order: Sequence[int]  # of the arguments


class FlatFunction:
    """A function of an array of parameters, see `autograd.flat_function`."""

    def __init__(self, function: CompiledFunction, parameters: Iterable[Value]) -> None:
        self.function, self.parameters = function, list(parameters)
        for p in self.parameters:
            if not isinstance(p, Value) or isinstance(p, Constant):
                raise TypeError(f"flat_function takes parameters, which are Values, got {p!r:.80}")
        self._place = {p: i for i, p in enumerate(self.parameters)}
        if not self.parameters or len(self._place) < len(self.parameters):
            problem = "no parameters" if not self.parameters else "a parameter twice"
            raise ValueError(f"flat_function got {problem}: give it each Value to differentiate by")
        self._programs: WeakKeyDictionary[Program, FlatProgram] = WeakKeyDictionary()
        self._plain: WeakKeyDictionary[Path, PlainCalls] = WeakKeyDictionary()
        self._last_plain: tuple[Path | None, PlainCalls | None] = (None, None)

    def __repr__(self) -> str:
        return f"<{self.function.__name__} of an array of {len(self.parameters)} parameters>"

    def numbers(self) -> Any:
        """Return the present ``data`` of all parameters, as a new array."""
        try:
            return np.array(array("d", [p.data for p in self.parameters]))
        except TypeError:
            raise wrong_data(self.parameters) from None

    def write(self, theta: Any) -> None:
        """Set the ``data`` of all parameters to these numbers."""
        for p, x in zip(self.parameters, self._checked(theta).tolist(), strict=True):
            p.data = x

    def __call__(self, theta: Any, *args: Any) -> tuple[Any, Any]:
        """Return the value, and the gradient by all parameters."""
        theta = self._checked(theta)
        return self.computed_by(FlatProgram.__call__, theta, args)

    def computed_by(
        self, compute: Compute, theta: Any, args: Sequence[Any], with_gradient: bool = True
    ) -> tuple[Any, Any]:
        """Return what ``compute(program, theta, inputs)`` returns for the program of this call.

        That is value and gradient at ``theta``. It may be ELSEWHERE or TIE, as of a `FlatProgram`.
        """
        found = self._found(compute, theta, args, with_gradient)
        return self._eager(theta, args) if found is TIE else found

    def value(self, theta: Any, *args: Any) -> Any:
        """Return the value alone. It takes the program with the gradient if there is one."""
        theta = self._checked(theta)
        return self.computed_by(FlatProgram.__call__, theta, args, with_gradient=False)[0]

    def native_steps(
        self, update: Callable[..., Sequence[Any]], settings: int, memory: int = 0
    ) -> NativeSteps | None:
        """Return what steps through batches in machine code, or None if NumPy runs this function.

        ``update(settings, theta, gradient, *memory)`` returns a parameter after a step, and what
        is remembered of it: ``memory`` numbers. It is a formula with ``+ - * / **`` and functions
        of autograd, without branches. There are so many ``settings``. The first one counts the
        steps, and grows by 1 with each.

        >>> from autograd import Value, compile, flat_function, mean, vmap
        >>> w = Value(0.0)
        >>> def loss(xs, ys):
        ...     return mean(vmap(lambda x, y: (w * x - y) ** 2)(xs, ys))
        >>> flat = flat_function(compile(loss, backend="llvm"), [w])
        >>> xs, ys = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
        >>> flat(flat.numbers(), xs, ys)[0]
        18.666666666666668
        >>> step = flat.native_steps(lambda s, theta, gradient: [theta - s[1] * gradient], 2)
        >>> found = step(flat.numbers()[None], [xs, ys], [2, 1], [1.0, 0.1])
        >>> found.round(3).tolist(), step.state.tolist()
        ([[10.0, 10.0], [9.0, 18.0]], [[2.8]])

        ``step(state, tables, sizes, settings)`` takes the rows of ``state``, which are the
        parameters and their memory, and batches of so many rows of the tables, one after the other.
        It returns a row for each step: what the function returned before it, and the length of the
        gradient. There are fewer rows if the function has to compute the next batch: where it
        branches, where a number is not finite, and before its first call. ``step.state`` is the
        state after these steps, ``step.before`` the parameters before the last one, and
        ``step.gradient`` its gradient. All three are overwritten by the next call.

        A gradient longer than ``max_norm`` is shortened to it. ``penalties`` has a factor for each
        batch. The squares of the parameters, times ``penalized``, times this factor are added to
        the value.
        """
        if self.function.recordings.xp.backend == "numpy":
            return None
        from .native_steps import NativeSteps

        return NativeSteps(self, update, settings, memory)

    def native_step(
        self, update: Callable[..., Sequence[Any]], settings: int, memory: int = 0,
        max_norm: float | None = None,
    ) -> NativeStep | None:  # fmt: skip
        """Return what makes one step in machine code, or None if NumPy runs this function.

        ``update``, ``settings``, ``memory`` and ``max_norm`` are those of `native_steps`.

        >>> from autograd import Value, compile, flat_function
        >>> w = Value(0.0)
        >>> flat = flat_function(compile(lambda x: (w - x) ** 2, backend="llvm"), [w])
        >>> step = flat.native_step(lambda s, theta, gradient: [theta - s[1] * gradient], 2)
        >>> step.settings[:] = [1.0, 0.25]
        >>> step([3.0], flat.numbers(), []), step.theta.tolist(), step.gradient.tolist()
        ((9.0, None), [1.5], [-6.0])
        >>> step([3.0], step.theta, step.memory), step.theta.tolist()
        ((2.25, None), [2.25])

        ``step(args, theta, memory)`` takes the arguments of this function, the parameters, and a
        list of what is remembered of them. It returns the value before the step, and None. The
        state after it is in ``step.theta`` and ``step.memory``, its gradient in
        ``step.gradient``. All three are overwritten by the next step. If there is no step, it
        returns value and gradient as this function does. So it is where there is no machine code
        for the call, and where a number is not finite. ``step.settings`` are the settings of the
        next step. The first one grows by 1 with each.
        """
        if self.function.recordings.xp.backend == "numpy":
            return None
        from .one_native_step import NativeStep

        return NativeStep(self, update, settings, memory, max_norm)

    def _checked(self, theta: Any) -> Any:
        theta = np.asarray(theta, float)
        if theta.shape != (len(self.parameters),):
            raise ValueError(
                f"the parameters are {len(self.parameters)} numbers in one flat array, got an "
                f"array of shape {theta.shape}"
            )
        return theta

    def _found(self, compute: Compute, theta: Any, args: Sequence[Any], with_gradient: bool) -> Any:
        """Return value and gradient by the path that the call takes. TIE if eager code has to."""
        recordings = self.function.recordings
        if (path := recordings.last) is not None:
            plain = self._plain_calls(path)
            if (inputs := plain.inputs(args)) is not None:
                found = compute(self._plain_program(path, plain, with_gradient), theta, inputs)
                if found is not ELSEWHERE and found is not TIE:
                    recordings.count_last()
                    return found
        run = partial(self._run, compute, theta, with_gradient)
        leaves, structure = flatten(self.function.static.marked(as_lists(args), {}), as_thing)
        given, tried = Given(structure, leaves, {}), list[Path]()
        try:
            found = recordings.result(given, run, tried)
            if found is ELSEWHERE:
                with self._with_numbers(theta):  # so that comparisons come out as they do there
                    found = recordings.result_anew(given, run, tried)
            return found
        except NotExactError:
            return TIE

    def _plain_calls(self, path: Path) -> PlainCalls:
        last, plain = self._last_plain
        if path is not last or plain is None:
            plain = self._plain.setdefault(path, PlainCalls(path))
            self._last_plain = (path, plain)
        return plain

    def _plain_program(self, path: Path, plain: PlainCalls, with_gradient: bool) -> FlatProgram:
        program = plain.programs.get(with_gradient)
        if program is None:
            program = plain.programs[with_gradient] = self._program(path, (), with_gradient)
        return program

    def native(self, args: Sequence[Any]) -> Native | None:
        """Return the machine code that the last path has for arrays of rows, None without it."""
        path = self.function.recordings.last
        if path is None or not self._plain_calls(path).order:
            return None
        plain = self._plain_calls(path)
        inputs = plain.inputs(args)
        if inputs is None:
            return None
        program = self._plain_program(path, plain, with_gradient=True)
        code = program.backend.machine_code(inputs)
        if not program.is_plain or not hasattr(code, "address_at"):  # the interpreter has none
            return None
        return Native(code, program.places, inputs, plain.order)

    def _run(
        self, compute: Compute, theta: Any, with_gradient: bool, path: Path, given: Given
    ) -> Any:
        """Return value and gradient by this path, as `Path.result` returns its results."""
        program = self._program(path, given.leaves, with_gradient)
        inputs = path.inputs.constant or self._inputs(theta, path, given)
        return ELSEWHERE if inputs is None else compute(program, theta, inputs)

    def _inputs(self, theta: Any, path: Path, given: Given) -> tuple[Any, ...] | None:
        """Return the inputs of a path's program. Parameters are compared by these numbers."""
        compared = [p for p in path.inputs.compared_values(given.leaves) if p in self._place]
        before = [p.data for p in compared]
        try:
            for p in compared:
                p.data = float(theta[self._place[p]])
            return path.inputs.arrays(given.leaves, given.tables)
        finally:
            for p, x in zip(compared, before, strict=True):
                p.data = x

    def _program(self, path: Path, leaves: Any, with_gradient: bool) -> FlatProgram:
        """Return the program of a path: with the gradient, if it is wanted or there."""
        if not path.code.outputs:
            raise self._returned_none(path.structure)
        kind = "gradient" if path.differentiable else "first"
        if not with_gradient and kind not in path.programs:
            kind = "value"
        program = path.programs.get(kind) or path.program(kind)
        found = self._programs.get(program)
        if found is None or not path.inputs.fixed:
            parents = path.inputs.parents(program.order, leaves)
            self._check_first(path, leaves)
            found = self._programs[program] = FlatProgram(path, program, parents, self._place)
        return found

    def _check_first(self, path: Path, leaves: Any) -> None:
        """ValueError unless the first result depends on a parameter."""
        first, inputs = path.code.outputs[0], path.inputs
        used = set() if first.plain else set(reachable([first]))
        parents = inputs.parents(range(len(inputs.wrt)), leaves)
        if self._place.keys().isdisjoint(
            [p for p, x in zip(parents, inputs.taken.parameters, strict=True) if x in used]
        ):
            raise self._uses_none()

    def _returned_none(self, structure: Structure) -> TypeError:
        return TypeError(
            f"{self.function.__name__} returned {outline(structure):.80}, which has no number to "
            "differentiate: let it return the loss"
        )

    def _uses_none(self) -> ValueError:
        count = len(self.parameters)
        return ValueError(
            f"{self.function.__name__} uses none of the {count} parameters to differentiate by: "
            "give those that it computes with, and compute with Values, not with their data"
        )

    @contextmanager
    def _with_numbers(self, theta: Any) -> Iterator[None]:
        """Give the parameters these numbers inside the block."""
        before = self.numbers()
        self.write(theta)
        try:
            yield
        finally:
            self.write(before)

    def _eager(self, theta: Any, args: Sequence[Any]) -> tuple[Any, Any]:
        """Return the same by the function itself, which may raise an error that names a node."""
        with self._with_numbers(theta), recording(None):
            found = self.function.function(*as_lists(args))
            results, structure = flatten(returned(found), refused)
            if not results:
                raise self._returned_none(structure)
            first = results[0]
            by = derivatives(first) if isinstance(first, Value) else {}
            numbers = [x.data if isinstance(x, Value) else float(x) for x in results]
        if self._place.keys().isdisjoint(by):
            raise self._uses_none()
        gradient = np.array([by.get(p, 0.0) for p in self.parameters])
        return build(structure, iter(numbers)), gradient


def as_lists(args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments with each NumPy array as a list of its rows."""
    return tuple([x.tolist() if isinstance(x, np.ndarray) else x for x in args])
