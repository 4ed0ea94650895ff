"""Derivatives of functions: a function goes in, its derivative comes out, no ``grad`` is touched.

Names are as in JAX: the *primals* are the arguments, a *tangent* is a direction in which they move,
a *cotangent* weighs the results. Arguments are numbers, or lists, tuples, dicts and NumPy arrays of
them, nested. Results are floats, unless Values from outside took part: then they are Values, which
depend on those. So all of this nests, and a gradient can be part of a loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..ops import dot, sum
from ..recording import current_reader, current_recorder, reading, recorded
from ..tree import Structure, flatten, flatten_like
from ..value import Scalar, Value, topological_order
from .chain_rule import adjoints, ancestors, push_forward

Argnums = int | Sequence[int]


class Variable(Value):
    """A leaf that stands for an argument of a function."""

    __slots__ = ("running",)
    running: list[bool]  # shared by the variables of a call; empty once the function has returned


class _Call:
    """One call of ``f``, with fresh variables in place of the numbers in the arguments ``argnums``.

    Fresh even where an argument holds Values already: each derivative is by variables of its own,
    so those nested inside one another cannot be confused.
    """

    def __init__(self, f: Any, args: Sequence[Any], argnums: Argnums, kwargs: Any = None) -> None:
        if not callable(f):
            hint = "; for a graph that exists already there is adjoints(y, [x])"
            raise TypeError(f"expected a function, got {f!r:.80}{hint * isinstance(f, Value)}")
        self.name, arguments = getattr(f, "__name__", "the function"), list(args)
        self.structures: list[Structure] = []
        self.variables: list[Value] = []
        running = [True]
        # an enclosing no_grad() is about what becomes of the result, not about the inside of f
        with recorded():
            for i in _positions(argnums, len(args)):
                structure = flatten(args[i], f"argument {i}")
                if not structure.numbers:
                    raise ValueError(f"argument {i} has no numbers in it: {args[i]!r:.80}")
                variables = [_variable(x, running) for x in structure.numbers]
                arguments[i] = structure.build(iter(variables))
                self.variables += variables
                self.structures.append(structure)
            with reading(_refusal(self.variables)):
                result = f(*arguments, **kwargs or {})
            compiling = current_recorder() is not None  # then no result is a plain number
        running.clear()
        if result is None:
            raise TypeError(f"{self.name} returned None; does it lack a return statement?")
        self.result = flatten(result, f"what {self.name} returned")
        leaves = [x for x in ancestors(self.result.numbers) if not x.parents]
        # a variable that is not running any more is of this call, or of one inside it
        self.outside = compiling or any(
            x.running if isinstance(x, Variable) else not x.is_constant for x in leaves
        )

    def number(self) -> Scalar:
        """What it returned; TypeError unless that is one number."""
        if self.result.outline != "number":
            what = f"{self.name} returned {self.result.outline:.80}"
            raise TypeError(f"a gradient is of one number, but {what}: use jacobian")
        number: Scalar = self.result.numbers[0]
        return number

    def plain(self, numbers: Iterable[Scalar]) -> Iterator[Scalar]:
        """``numbers`` as floats, unless something outside may depend on them."""
        return iter(numbers) if self.outside else map(float, numbers)

    def like_arguments(self, numbers: Iterable[Scalar]) -> list[Any]:
        """``numbers``, one for each variable, in the structure of the arguments."""
        rest = self.plain(numbers)
        return [structure.build(rest) for structure in self.structures]

    def like_result(self, numbers: Iterable[Scalar]) -> Any:
        return self.result.build(self.plain(numbers))


def _refusal(variables: list[Value]) -> Callable[[Value], None]:
    """What refuses to make a plain number of one that depends on ``variables``: a lost derivative.

    ``f`` may still read ``.data``, which says that it means a constant.
    """
    outer = current_reader()

    def refuse(node: Value) -> None:
        if not set(variables).isdisjoint(topological_order(node)):
            raise TypeError(
                "float(), int() and math's functions lose the derivative: use autograd's functions "
                "(autograd.sin, not math.sin), or .data where a constant is meant"
            )
        if outer is not None:
            outer(node)

    return refuse


def _variable(x: Scalar, running: list[bool]) -> Value:
    if isinstance(x, Value):
        # typed Any: an operation of numbers gives a number, of Values a Value
        return sum([x])  # type: ignore[no-any-return]  # a node of its own, which depends on x
    variable = Variable(x)
    variable.running = running
    return variable


def _positions(argnums: Argnums, count: int) -> list[int]:
    wanted = list(argnums) if isinstance(argnums, Sequence) else [argnums]
    if not all(isinstance(i, int) for i in wanted):
        raise TypeError(f"argnums must be an int or a tuple of ints, got {argnums!r}")
    positions = [i % count for i in wanted if -count <= i < count]
    if len(set(positions)) < len(wanted):
        has = f"the call has {count} positional argument{'' if count == 1 else 's'}"
        raise ValueError(f"argnums={argnums!r} must number different ones, but {has}")
    return positions


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """The pair of the value of ``f`` and its gradient, see `grad`.

    >>> value_and_grad(lambda w: w[0] * w[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """

    def of(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call(f, args, argnums, kwargs)
        y = call.number()
        grads = call.like_arguments(adjoints(y, call.variables))
        return call.like_result([y]), tuple(grads) if isinstance(argnums, Sequence) else grads[0]

    return of


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The gradient of ``f``, which returns one number: a function of the same arguments.

    It has the structure of the argument numbered ``argnums``; if that is a tuple, it is a tuple.
    The other arguments are handed on as they are. 0.0 for what the result does not depend on.
    TypeError for what is not a number, and where ``f`` makes a plain one by ``float()`` or ``math``
    of what it differentiates; ValueError for no numbers or ``argnums`` out of range.

    >>> f = lambda x, p: p["a"] * x**3
    >>> grad(f)(2.0, {"a": 5.0}), grad(f, 1)(2.0, {"a": 5.0}), grad(grad(f))(2.0, {"a": 5.0})
    (60.0, {'a': 8.0}, 60.0)
    """
    return lambda *args, **kwargs: value_and_grad(f, argnums)(*args, **kwargs)[1]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The Jacobian of ``f: R^p -> R^q``, q rows of p: a gradient in each place of the result.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 2 * x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 2.0]]
    """

    def of(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, argnums, kwargs)
        rows = [call.like_arguments(adjoints(y, call.variables)) for y in call.result.numbers]
        several = isinstance(argnums, Sequence)
        return call.result.build(iter([tuple(row) if several else row[0] for row in rows]))

    return of


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The matrix of second derivatives: the Jacobian of the gradient.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``f(*primals)``, and the function v -> v^T J for cotangents v shaped like that result.

    One backward pass however many results there are. Its answer is a tuple, one part a primal.

    >>> out, vjp_fn = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> out, vjp_fn([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    call = _Call(f, primals, range(len(primals)))

    def vjp_fn(cotangents: Any) -> tuple[Any, ...]:
        weights = flatten_like(call.result, cotangents, "the cotangent")
        call.outside |= any(isinstance(x, Value) for x in weights)
        root = dot(weights, call.result.numbers) if weights else 0.0
        return tuple(call.like_arguments(adjoints(root, call.variables)))

    return call.like_result(call.result.numbers), vjp_fn


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*primals)``, and J u: how that result moves when the primals move along ``tangents``.

    Both are tuples with one part for each argument. One forward pass, however many arguments.
    ValueError for tangents that are not shaped like the primals.

    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 10.0))
    ([12.0, 7.0], [34.0, 11.0])
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise TypeError(
                f"{name} must be a tuple, one part for each argument, got {given!r:.80}"
            )
    if len(primals) != len(tangents):
        raise ValueError(f"as many tangents as primals: {len(primals)}, got {len(tangents)}")
    call = _Call(f, primals, range(len(primals)))
    directions: list[Scalar] = []
    for i, (structure, tangent) in enumerate(zip(call.structures, tangents, strict=True)):
        directions += flatten_like(structure, tangent, f"tangent {i}")
    call.outside |= any(isinstance(x, Value) for x in directions)
    moved = push_forward(call.result.numbers, dict(zip(call.variables, directions, strict=True)))
    return call.like_result(call.result.numbers), call.like_result(moved)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of the Hessian with ``tangents``, without the Hessian: the `jvp` of the gradient.

    In the structure of the argument; of several, a tuple. It costs a few times what ``f`` does.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]


def directional_derivative(f: Callable[[Any], Any], x: Any, u: Any) -> Any:
    """``u . grad f(x)``: the slope of ``f`` at x along u, which is taken as long as it is.

    >>> directional_derivative(lambda x: x[0] * x[1], [3.0, 4.0], [0.5, 2.0])
    8.0
    """
    return jvp(f, (x,), (u,))[1]


def taylor(f: Callable[[Any], Any], x0: Scalar, order: int) -> list[Scalar]:
    """Taylor coefficients of ``f`` at x0, the lowest power first: ``f^(k)(x0) / k!``, k <= order.

    >>> taylor(lambda x: 1 / (1 - x), 0.0, 4)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"the order of a Taylor polynomial is a whole number >= 0, got {order!r}")
    if order > 170:
        raise ValueError(f"a Taylor polynomial has order 170 at most, got {order}: 171! overflows")
    call = _Call(f, (x0,), 0)
    derivatives = [call.number()]
    for _ in range(order):
        derivatives += adjoints(derivatives[-1], call.variables)
    return list(call.plain([d / math.factorial(k) for k, d in enumerate(derivatives)]))
