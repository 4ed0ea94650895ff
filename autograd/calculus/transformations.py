"""Derivatives of functions: a function goes in, its derivative comes out, no ``grad`` is touched.

The names are those of JAX. The *primals* are the arguments. A *tangent* is a direction in which
they move. A *cotangent* weighs the results. Arguments are numbers, or nested lists, tuples, dicts
and NumPy arrays of numbers. Results are floats, unless they depend on a Value from outside. Then
they are Values. So derivatives nest, and a gradient can be part of a loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..ops import dot, sum
from ..recording import current_reader, makes_nodes, reading, recorded
from ..tree import Leaf, Structure, build, flatten_like, flatten_numbers, outline
from ..value import Scalar, Value, topological_order
from .chain_rule import adjoints, ancestors, push_forward

Argnums = int | Sequence[int]


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """Return a function that returns the value of ``f`` and its gradient. See `grad`.

    >>> value_and_grad(lambda w: w[0] * w[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """
    _check_callable(f)

    def of(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _call(f, args, argnums, kwargs)
        y = call.number()
        grads = call.like_arguments(adjoints(y, call.variables))
        return call.like_result([y]), grads if isinstance(argnums, Sequence) else grads[0]

    return of


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the gradient of ``f``, as a function of the same arguments. ``f`` returns one number.

    The gradient has the structure of argument number ``argnums``. It is a tuple of them if
    ``argnums`` is a tuple. It is 0.0 where the result does not depend on a number. All other
    arguments are handed to ``f`` as they are.

    TypeError where an argument or the result is not a number. TypeError if ``f`` takes float() or
    a function of ``math`` of a variable. ValueError if there are no numbers, or no such argument.

    >>> f = lambda x, p: p["a"] * x**3
    >>> grad(f)(2.0, {"a": 5.0}), grad(f, 1)(2.0, {"a": 5.0}), grad(grad(f))(2.0, {"a": 5.0})
    (60.0, {'a': 8.0}, 60.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the Jacobian of ``f: R^p -> R^q``, as a function of the same arguments.

    It has the structure of the result, with a gradient in each place: q rows of p numbers.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 2 * x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 2.0]]
    """
    _check_callable(f)

    def of(*args: Any, **kwargs: Any) -> Any:
        call = _call(f, args, argnums, kwargs)
        rows = [call.like_arguments(adjoints(y, call.variables)) for y in call.results]
        several = isinstance(argnums, Sequence)
        return build(call.result, iter([row if several else row[0] for row in rows]))

    return of


def hessian(f: Callable[..., Any], argnums: Argnums | None = None) -> Callable[..., Any]:
    """Return the matrix of second derivatives of ``f``: the Jacobian of its gradient.

    It is by the first argument, unless ``argnums`` says more. ValueError if all of several
    arguments are numbers and ``argnums`` is left out, as the matrix by all of them may be meant.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda x, y: x**2 * y, argnums=(0, 1))(3.0, 4.0)
    ((8.0, 6.0), (6.0, 0.0))
    """
    by = 0 if argnums is None else argnums
    matrix = jacobian(grad(f, by), by)

    def of(*args: Any, **kwargs: Any) -> Any:
        numbers = [isinstance(x, Value | Real) for x in args]
        if argnums is None and len(args) > 1 and all(numbers):
            every = tuple(range(len(args)))
            raise ValueError(
                f"the Hessian of a function of {len(args)} numbers: write hessian(f, "
                f"argnums={every}) for all of them, or argnums=0 for the first one alone"
            )
        return matrix(*args, **kwargs)

    return of


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return ``f(*primals)``, and a function that returns v^T J for a cotangent v.

    v has the structure of the result, else ValueError. v^T J is a tuple, one part for each primal.
    It takes one backward pass, however many results there are.

    >>> out, vjp_fn = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> out, vjp_fn([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    call = _call(f, primals, range(len(primals)))

    def vjp_fn(cotangents: Any) -> tuple[Any, ...]:
        weights = flatten_like(call.result, cotangents, "the cotangent")
        call.outside |= any(isinstance(x, Value) for x in weights)
        root = dot(weights, call.results) if weights else 0.0
        return call.like_arguments(adjoints(root, call.variables))

    return call.like_result(call.results), vjp_fn


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``f(*primals)``, and J u: how the result moves when the primals move along u.

    ``primals`` and ``tangents`` (u) are tuples, with one part for each argument. ValueError unless
    both have the same structure. It takes one forward pass, however many arguments there are.

    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 10.0))
    ([12.0, 7.0], [34.0, 11.0])
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            wanted = "must be a tuple, one part for each argument"
            raise TypeError(f"{name} {wanted}, got {given!r:.80}")
    if len(primals) != len(tangents):
        raise ValueError(f"as many tangents as primals: {len(primals)}, got {len(tangents)}")
    call = _call(f, primals, range(len(primals)))
    u: list[Scalar] = []
    for i, (structure, tangent) in enumerate(zip(call.arguments, tangents, strict=True)):
        u += flatten_like(structure, tangent, f"tangent {i}")
    call.outside |= any(isinstance(x, Value) for x in u)
    moved = push_forward(call.results, dict(zip(call.variables, u, strict=True)))
    return call.like_result(call.results), call.like_result(moved)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the product of the Hessian with ``tangents``: the `jvp` of the gradient.

    It has the structure of the argument. It is a tuple if there are several arguments. The Hessian
    is never computed, so it takes only a few times as long as ``f``.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]


def directional_derivative(f: Callable[[Any], Any], x: Any, u: Any) -> Any:
    """Return ``u . grad f(x)``, the slope of ``f`` at x along u. ``u`` is not normalized.

    >>> directional_derivative(lambda x: x[0] * x[1], [3.0, 4.0], [0.5, 2.0])
    8.0
    """
    return jvp(f, (x,), (u,))[1]


def taylor(f: Callable[[Any], Any], x0: Scalar, order: int) -> list[Scalar]:
    """Return the Taylor coefficients ``f^(k)(x0) / k!`` of ``f`` at x0, for k from 0 to ``order``.

    >>> taylor(lambda x: 1 / (1 - x), 0.0, 4)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"the order of a Taylor polynomial is a whole number >= 0, got {order!r}")
    if order > 170:
        raise ValueError(f"a Taylor polynomial has order 170 at most, got {order}: 171! overflows")
    call = _call(f, (x0,), 0)
    derivatives = [call.number()]
    for _ in range(order):
        derivatives += adjoints(derivatives[-1], call.variables)
    return call.plain([d / math.factorial(k) for k, d in enumerate(derivatives)])


# ------------------------------------------------------------------- one call of a given function


class Variable(Value):
    """A leaf that stands for a number in an argument of a function."""

    __slots__ = ("running",)
    running: bool  # whether the function has yet to return


@dataclass
class _Call:
    """The variables that a function was called with, and the numbers that it returned."""

    name: str  # of the function
    variables: list[Value]
    arguments: list[Structure]  # of the arguments that the variables are in
    results: list[Scalar]
    result: Structure
    outside: bool  # whether a derivative may depend on Values from outside

    def number(self) -> Scalar:
        """Return the result. TypeError unless it is one number."""
        if not isinstance(self.result, Leaf):
            what = f"{self.name} returned {outline(self.result):.80}"
            raise TypeError(f"a gradient is of one number, but {what}: use jacobian")
        return self.results[0]

    def plain(self, numbers: Iterable[Scalar]) -> list[Scalar]:
        """Return ``numbers`` as floats, unless they may depend on Values from outside."""
        return list(numbers) if self.outside else list(map(float, numbers))

    def like_arguments(self, numbers: Iterable[Scalar]) -> tuple[Any, ...]:
        """Return ``numbers``, one for each variable, in the structure of the arguments."""
        rest = iter(self.plain(numbers))
        return tuple([build(structure, rest) for structure in self.arguments])

    def like_result(self, numbers: Iterable[Scalar]) -> Any:
        """Return ``numbers``, one for each result, in the structure of the result."""
        return build(self.result, iter(self.plain(numbers)))


def _check_callable(f: Any) -> None:
    if not callable(f):
        hint = "; for a graph that exists already there is adjoints(y, [x])"
        raise TypeError(f"expected a function, got {f!r:.80}{hint * isinstance(f, Value)}")


def _call(f: Any, args: Sequence[Any], argnums: Argnums, kwargs: Any = None) -> _Call:
    """Call ``f`` with a fresh variable for each number in the arguments ``argnums``.

    A Value in an argument gets a fresh variable too. Every derivative is by variables of its own,
    so derivatives inside one another are not confused.
    """
    _check_callable(f)
    name, arguments = getattr(f, "__name__", "the function"), list(args)
    variables: list[Value] = []
    structures: list[Structure] = []
    with recorded():  # no_grad() around a derivative is about the result, not about the inside of f
        for i in _positions(argnums, len(args)):
            numbers, structure = flatten_numbers(args[i], f"argument {i}")
            if not numbers:
                raise ValueError(f"argument {i} has no numbers in it: {args[i]!r:.80}")
            fresh = [_variable(x) for x in numbers]
            arguments[i] = build(structure, iter(fresh))
            variables += fresh
            structures.append(structure)
        with reading(_refusal(variables)):
            returned = f(*arguments, **kwargs or {})
        compiling = not makes_nodes()  # then a derivative is never a plain number
    if returned is None:
        raise TypeError(f"{name} returned None; does it lack a return statement?")
    results, structure = flatten_numbers(returned, f"what {name} returned")
    for x in variables:
        if isinstance(x, Variable):
            x.running = False
    # a variable that is still running belongs to a call around this one
    leaves = [x for x in ancestors(results) if not x.parents]
    outside = compiling or any(getattr(x, "running", not x.is_constant) for x in leaves)
    return _Call(name, variables, structures, results, structure, outside)


def _variable(x: Scalar) -> Value:
    if isinstance(x, Value):
        node: Value = sum([x])  # a new one, which depends on x
        return node
    variable = Variable(x)
    variable.running = True
    return variable


def _refusal(variables: list[Value]) -> Callable[[Value], None]:
    """Return a reader that raises when float() would lose a derivative by ``variables``.

    ``f`` may still read ``.data``. That says that it means a constant.
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


def _positions(argnums: Argnums, count: int) -> list[int]:
    """Return the positions ``argnums`` among ``count`` arguments; negative ones from the end."""
    wanted = list(argnums) if isinstance(argnums, Sequence) else [argnums]
    if not all(isinstance(i, int) for i in wanted):
        raise TypeError(f"argnums must be an int or a tuple of ints, got {argnums!r}")
    if wanted and not count:
        raise ValueError("a derivative is taken at arguments, such as grad(f)(2.0), got none")
    positions = [i % count for i in wanted if -count <= i < count]
    if len(set(positions)) < len(wanted):
        has = f"the call has {count} positional argument{'' if count == 1 else 's'}"
        raise ValueError(f"argnums={argnums!r} must number different ones, but {has}")
    return positions
