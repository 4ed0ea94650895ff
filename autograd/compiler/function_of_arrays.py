"""A compiled function whose parameters are one array, see `autograd.flat_function`.

It takes the paths of the compiled function, but reads the parameters from the array, and leaves the
gradient in one. So a step of an optimizer touches no Value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..recording import recording
from ..tree import VALUE, build, flatten
from ..value import Constant, Value, derivatives
from .arguments import as_thing
from .compiled_function import CompiledFunction
from .free_rows import Given, Tables
from .inputs import NotExactError
from .path import ELSEWHERE, Path
from .program import TIE, Program
from .record import refused, returned


class Order(NamedTuple):
    """Where the parameters of a program are in the array of all parameters."""

    places: Any  # of each parameter of the program; 0 for a Value that is not among them
    inverse: Any  # the place in the program of each of all, if the program has them all
    others: list[tuple[int, Value]]  # the Values that are not among them, by place in the program


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
        self._orders: WeakKeyDictionary[Program, Order] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"<{self.function.__name__} of an array of {len(self.parameters)} parameters>"

    def numbers(self) -> Any:
        """Return the present ``data`` of all parameters, as a new array."""
        return np.array([p.data for p in self.parameters], float)

    def write(self, theta: Any) -> None:
        """Set the ``data`` of all parameters to these numbers."""
        for p, x in zip(self.parameters, self._checked(theta).tolist(), strict=True):
            p.data = x

    def __call__(self, theta: Any, *args: Any) -> tuple[Any, Any]:
        """Return the value, and the gradient by all parameters."""
        theta = self._checked(theta)
        found = self._found(theta, args, with_gradient=True)
        return self._eager(theta, args) if found is TIE else found

    def value(self, theta: Any, *args: Any) -> Any:
        """Return the value alone. It takes the program with the gradient if there is one."""
        theta = self._checked(theta)
        found = self._found(theta, args, with_gradient=False)
        return (self._eager(theta, args) if found is TIE else found)[0]

    def _checked(self, theta: Any) -> Any:
        theta = np.asarray(theta, float)
        if theta.shape != (len(self.parameters),):
            raise ValueError(
                f"the parameters are {len(self.parameters)} numbers in one flat array, got an "
                f"array of shape {theta.shape}"
            )
        return theta

    def _found(self, theta: Any, args: Sequence[Any], with_gradient: bool) -> Any:
        """Return value and gradient by the path that the call takes. TIE if eager code has to."""
        run = partial(self._run, theta, with_gradient)
        recordings = self.function.recordings
        if (path := recordings.last) is not None:
            given = rows_alone(path, args)
            if given is not None and (found := run(path, given)) not in (ELSEWHERE, TIE):
                return found
        leaves, structure = flatten((as_lists(args), {}), as_thing)
        given, tried = Given(structure, leaves, {}), list[Path]()
        try:
            found = recordings.result(given, run, tried)
            return recordings.result_anew(given, run, tried) if found is ELSEWHERE else found
        except NotExactError:
            return TIE

    def _run(self, theta: Any, with_gradient: bool, path: Path, given: Given) -> Any:
        """Return value and gradient by this path, as `Path.result` returns its results."""
        kind = "gradient" if path.differentiable else "first"
        if not path.inputs.wrt:
            raise self._uses_none()
        if not with_gradient and kind not in path.programs:
            kind = "value"
        program = path.programs.get(kind) or path.program(kind)
        order = self._orders.get(program)
        if order is None or not path.inputs.fixed:
            parents = path.inputs.parents(program.order, given.leaves)
            order = self._orders[program] = self._order(parents)
        p = theta[order.places]
        for i, value in order.others:
            p[i] = value.data
        inputs = path.inputs.constant or path.inputs.arrays(given.leaves, given.tables)
        if inputs is None:
            return ELSEWHERE
        found = program.computed(p, inputs)
        if not found:
            return ELSEWHERE if found is None else TIE
        values, gradient = found
        if path.structure is not VALUE:
            value = build(path.structure, iter(values))
        else:
            (value,) = values
        if gradient is None:
            return value, np.zeros(len(theta))
        if order.inverse is not None:
            return value, gradient[order.inverse]
        mine = np.ones(len(p), bool)
        mine[[i for i, _ in order.others]] = False
        whole = np.zeros(len(theta))
        whole[order.places[mine]] = gradient[mine]
        return value, whole

    def _order(self, parents: Sequence[Value]) -> Order:
        places = np.array([self._place.get(p, 0) for p in parents], int)
        others = [(i, p) for i, p in enumerate(parents) if p not in self._place]
        if len(others) == len(parents):
            raise self._uses_none()
        complete = not others and len(parents) == len(self.parameters)
        return Order(places, np.argsort(places) if complete else None, others)

    def _uses_none(self) -> ValueError:
        count = len(self.parameters)
        return ValueError(
            f"{self.function.__name__} uses none of the {count} parameters to differentiate by: "
            "give those that it computes with"
        )

    def _eager(self, theta: Any, args: Sequence[Any]) -> tuple[Any, Any]:
        """Return the same by the function itself, which may raise an error that names a node."""
        before = self.numbers()
        self.write(theta)
        try:
            with recording(None):
                found = self.function.function(*as_lists(args))
                results, structure = flatten(returned(found), refused)
                first = results[0]
                by = derivatives(first) if isinstance(first, Value) else {}
        finally:
            self.write(before)
        if self._place.keys().isdisjoint(by):
            raise self._uses_none()
        numbers = [x.data if isinstance(x, Value) else float(x) for x in results]
        gradient = np.array([by.get(p, 0.0) for p in self.parameters])
        return build(structure, iter(numbers)), gradient


def as_lists(args: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments with each NumPy array as a list of its rows."""
    return tuple([x.tolist() if isinstance(x, np.ndarray) else x for x in args])


def rows_alone(path: Path, args: Sequence[Any]) -> Given | None:
    """Return the arguments for this path if all are arrays of rows of any length, as it takes."""
    inputs = path.inputs
    if not args or inputs.kinds is not None or inputs.free != frozenset(range(len(args))):
        return None
    tables: Tables = {}
    for batch in inputs.batches:
        if batch.given is not None:
            key, part = int(batch.given.key), batch.given.part
            rows = args[key]
            if part.parts is not None or not isinstance(rows, np.ndarray) or rows.dtype != float:
                return None
            if rows.ndim != len(part.keys) or rows.shape[1:] != part.keys[1:] or not len(rows):
                return None
            tables[key] = rows, len(rows)
    return Given(VALUE, [], tables) if len(tables) == len(args) else None
