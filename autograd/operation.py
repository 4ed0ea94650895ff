"""What an operation is: a function of numbers that also knows its own derivatives.

`autograd.ops` declares every operation once, as an `Operation`. Its parts are:

forward(m, *xs)
    The value, computed with the functions of a namespace ``m``. The namespace is plain floats
    (`FLOATS`), an array library, or the operations themselves. With the operations, an n-ary node
    becomes the scalar adds and products that it stands for.
rules
    One *local gradient* per operand: the partial derivative of the value by that operand. Each is a
    number or a function ``(y, *xs)`` of the value and the operands. Rules are written with the
    operations themselves, so numbers give numbers, and Values give graph to differentiate again.
text, precedence, chains
    How the operation is written, as a template for its operands. Drawings, steps and errors use it.
    It chains where ``a - b - c`` means ``(a - b) - c``; a power does not, it gets parentheses.
definition
    The textbook formula, where ``forward`` computes it in a more stable way. Tests compare the two.
domain
    What an operand must satisfy, in words. The error for a wrong operand shows it.
pole
    The limit of the value where computing it divides by zero: infinity, unless the entry says more.
infinite
    The value where operands are infinite, if forward would compute inf - inf there, else None.
activation
    Whether a neuron can use the operation as its activation function.
rule_in_words
    The rule as a sentence of people, by the number of operands, where its symbols tell less.
hint
    What the error for wrong operands adds: a remedy, from their numbers and their nodes, or "".
samples, special, outside
    Where the tests check it: ordinary operands, points where the derivative is a choice or
    infinite, with that derivative, and points outside the domain.
"""

from __future__ import annotations

import inspect
import math
import numbers
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import reduce, wraps
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from .domain_errors import failure, no_number

NO_NUMBERS = (str, bytes, complex, list, tuple, dict, set)  # what a function may give by mistake
TABLE: dict[str, Operation] = {}  # every operation by name, in the order of declaration


class Node:
    """What operations are recorded on: `autograd.Value`, and the expressions of the compiler."""

    __slots__ = ()

    def record(self, operation: Operation, operands: Sequence[Any]) -> Any:
        """Return the result of ``operation`` at ``operands``, of which this node is one."""
        raise NotImplementedError  # each kind of node records in its own way

    def record_unary(self, operation: Operation) -> Any:
        """Return the result of an operation of this node alone."""
        return self.record(operation, (self,))


def real(x: Any) -> float:
    """Return ``x`` as a float. TypeError unless it is a real number: int, float, NumPy scalar.

    OverflowError if it is too large.
    """
    if isinstance(x, (float, int, numbers.Real)):
        try:
            return float(x)
        except OverflowError:  # of an int or a fraction
            raise OverflowError("a number is too large for a float, above 1.8e308") from None
    if getattr(x, "shape", None) == () and hasattr(x, "item"):  # NumPy's bool_, 0-d arrays, tensors
        return real(x.item())
    raise TypeError(f"expected a real number, got {x!r:.80} ({type(x).__name__})")


class Operation:
    """One entry of the table, and the function of that name. See the module for its parts.

    `Unary`, `Binary` and `Nary` make one, outside the library's files too. An operation of your own
    needs a name, the value and the local gradient:

    >>> from autograd import Unary, Value
    >>> cube = Unary("cube", lambda m, x: x * x * x, lambda y, x: 3 * x * x)
    >>> x = Value(2.0, "x")
    >>> y = cube(x)
    >>> y.backward()
    >>> y.data, x.grad
    (8.0, 12.0)

    The function of the value gets the functions of mathematics as ``m``: it says ``m.sin(x)``, not
    ``math.sin(x)``, so that it is right for numbers, nodes and arrays. The local gradient is
    written with the functions of `autograd`, such as ``autograd.cos(x)``, so that it can be
    differentiated again.
    """

    arity = 0  # 0: any number of operands
    is_own = False  # whether it is declared outside the library
    rule_in_words: Callable[[int], str] | None = None

    def __init__(
        self,
        text: str | Callable[[Sequence[str]], str],
        forward: Callable[..., Any],
        rules: Any,  # a number or function for each operand; n-ary: one function giving them all
        doc: str = "",
        *,
        samples: Sequence[Any] = (),
        example: str = "",
        name: str = "",
        symbol: str = "",
        aliases: Sequence[str] = (),
        precedence: int = 9,
        chains: bool = True,
        definition: str | Callable[[Sequence[str]], str] | None = None,
        domain: str = "",
        pole: Callable[..., float] = lambda *xs: math.inf,
        infinite: Callable[[Sequence[float]], float | None] | None = None,
        special: dict[tuple[float, ...], tuple[float, ...]] | None = None,
        outside: Sequence[tuple[float, ...]] = (),
        activation: bool = False,
        hint: Callable[[Sequence[float], Sequence[Any]], str] | None = None,
        rule_in_words: Callable[[int], str] | None = None,
    ) -> None:
        self.name = self.__name__ = name or (
            text.partition("(")[0] if isinstance(text, str) else ""
        )
        self.__module__ = getattr(forward, "__module__", "__main__")
        self.is_own = self.__module__ != "autograd.ops"
        if isinstance(text, str) and "{" not in text:  # a name only
            text = self._called
        self.symbol, self.aliases = symbol or self.name, aliases
        self.precedence, self.chains = precedence, chains
        self.forward, self.__wrapped__, self.domain = forward, forward, domain
        if self.is_own:
            self.forward = self._giving_a_number(forward, "value")
        self.pole, self.infinite, self.hint = pole, infinite, hint
        self.rule_in_words = rule_in_words
        self.samples = [s if isinstance(s, tuple) else (s,) for s in samples]
        self.special, self.outside, self.activation = special or {}, outside, activation
        self._text, self._definition = text, definition or text
        parameters = list(inspect.signature(forward).parameters.values())[1:]  # without m
        self.parameters = [p.name for p in parameters]
        self.defaults = [p.default for p in parameters if p.default is not p.empty]
        self.__signature__ = inspect.Signature(parameters)
        self._check_name()
        self.rules = self._checked_rules(rules)
        constant = isinstance(self.rules, tuple) and all(isinstance(r, float) for r in self.rules)
        self.constant_rules = self.rules if constant else None  # shared by all nodes
        call, _, result = example.partition(" -> ")
        self.__doc__ = f"{doc}\n\n>>> {call}\n{result}\n" if example else doc
        TABLE[self.name] = self

    def _called(self, operands: Sequence[str]) -> str:
        return f"{self.name}({', '.join(operands)})"

    def _check_name(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"an operation needs a name, such as name='cube', got {self.name!r}")
        known = TABLE.get(self.name)
        if self.is_own and known and not known.is_own:
            raise ValueError(f"autograd.{self.name} exists: give your operation another name")

    def _checked_rules(self, rules: Any) -> Any:
        """Return one number or function for each operand."""
        if not self.arity:
            raise TypeError("make an operation with Unary, Binary or Nary")
        needs = f"{self.arity} operand{'s' * (self.arity > 1)}"
        if len(self.parameters) != self.arity:
            given = ", ".join(self.parameters)
            raise TypeError(
                f"{self.name} has {needs}, and its value is a function of m and of them, such as "
                f"lambda m, {', '.join('xyz'[: self.arity])}: ..., got ({given}) after m"
            )
        rules = tuple(rules) if isinstance(rules, (tuple, list)) else (rules,)
        if len(rules) != self.arity:
            raise ValueError(f"{self.name} has {needs}, and a local gradient by each, not {rules}")
        return tuple([self._rule(i, rule) for i, rule in enumerate(rules)])

    def _rule(self, i: int, rule: Any) -> Any:
        """Return the local gradient by operand ``i``: a float, or a function."""
        if not callable(rule):
            return real(rule)
        of_which = f" by {self.parameters[i]}" if self.arity > 1 else ""
        return self._giving_a_number(rule, f"local gradient{of_which}") if self.is_own else rule

    def _giving_a_number(self, f: Callable[..., Any], what: str) -> Callable[..., Any]:
        """Return the function ``f`` of a user; TypeError where it gives no number."""

        @wraps(f)
        def checked(*args: Any) -> Any:
            return self._checked_number(f(*args), what)

        return checked

    def _checked_number(self, x: Any, what: str) -> Any:
        """Return what a function of a user gave: a float, a node or an array."""
        if x is None or issubclass(type(x), NO_NUMBERS):  # type(): some nodes have no __class__
            raise TypeError(
                f"the {what} of the operation {self.name} must be a number, got {x!r:.80}"
            )
        return x

    if not TYPE_CHECKING:  # checkers would take the ``op`` of a Value for a method

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """Bind to a node, as functions do: an operation in a class is a method."""
            return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> str:
        return self.name  # pickled and copied by name, as functions are

    def operands(self, *args: Any) -> tuple[Any, ...]:
        """Return the operands of the call ``self(*args)``, in order, with defaults filled in."""
        missing = self.arity - len(args)
        return args + tuple(self.defaults[len(self.defaults) - missing :]) if missing > 0 else args

    def __call__(self, *args: Any) -> Any:
        operands = self.operands(*args)
        if self.arity and len(operands) != self.arity:
            needs = f"{self.arity} operand{'s' * (self.arity > 1)}"
            call = f"{self.name}({', '.join(self.parameters)})"
            raise TypeError(f"{call} takes {needs}, got {len(operands)}")
        for x in operands:
            if isinstance(x, Node):
                return x.record(self, operands)
        return self.value([real(x) for x in operands])

    def value(self, xs: Sequence[float], nodes: Iterable[Any] = ()) -> float:
        """Return the value for the floats ``xs``. Outside the domain, raise `failure`."""
        if self.infinite and (found := self.infinite(xs)) is not None:
            return found
        try:
            return self.forward(FLOATS, *xs)  # type: ignore[no-any-return]  # floats give a float
        except (ArithmeticError, ValueError) as error:
            raise failure(self, error, xs, tuple(nodes)) from None
        except TypeError as error:
            raise no_number(self, error, xs, tuple(nodes)) from None

    def is_stale(self, node: Any) -> bool:
        """Return whether its operands' present numbers give another number than ``node`` has.

        Where the operation fails, its limit counts: a derivative can be infinite at a legal point.
        """
        xs = [p.data for p in node.parents]
        try:
            if self.forward(FLOATS, *xs) == node.data:  # the usual case, fast
                return False
        except (ArithmeticError, ValueError):
            pass
        except TypeError:
            self.value(xs, node.parents)  # names the operand that is no number
        y = self.limit(xs)
        return y != node.data and not (math.isnan(y) and math.isnan(node.data))

    def limit(self, xs: Sequence[float]) -> float:
        """Return the value, or its limit where a rule meets a pole: inf for 1/0, nan for 0/0."""
        try:
            return self.value(xs)
        except OverflowError:
            return math.inf
        except ZeroDivisionError:
            return self.pole(*xs)
        except ValueError:
            return math.nan

    def again(self, node: Any) -> Any:
        """Return a new node: the result at the operands of ``node``, with their present numbers."""
        return node.parents[0].record(self, node.parents)

    def local_grads(self, y: Any, xs: Sequence[Any], varies: Sequence[bool] | None = None) -> Any:
        """Return the local gradient of each operand. With ``varies``, None where it is False."""
        if varies is None:
            return [r if isinstance(r, float) else r(y, *xs) for r in self.rules]
        return [
            (r if isinstance(r, float) else r(y, *xs)) if v else None
            for r, v in zip(self.rules, varies, strict=True)
        ]

    def text(self, operands: Sequence[str], precedences: Sequence[int] = ()) -> str:
        """Return how it is written. Operands of a lower precedence get parentheses.

        So do negative ones after a sign.

        >>> from autograd import mul
        >>> mul.text(["a", "b + 1"], [9, 1]), mul.text(["a", "-2"], [9, 3])
        ('a * (b + 1)', 'a * (-2)')
        """
        if self.precedence < 9 and precedences:
            least = [self.precedence + (i > 0 or not self.chains) for i in range(len(operands))]
            last = len(operands) - 1  # it stands after the sign
            operands = [
                f"({text})" if given < least[i] or (i == last and text.startswith("-")) else text
                for i, (text, given) in enumerate(zip(operands, precedences, strict=True))
            ]
        return _fill(self._text, operands)

    def definition(self, operands: Sequence[str]) -> str:
        """Return the textbook formula, in a syntax that sympy reads."""
        return _fill(self._definition, operands)


def _fill(text: str | Callable[[Sequence[str]], str], operands: Sequence[str]) -> str:
    return text.format(*operands) if isinstance(text, str) else text(operands)


class Unary(Operation):
    """An operation of one operand. `Operation` shows how to make one."""

    arity = 1

    def __call__(self, *args: Any) -> Any:
        kind = type(args[0]) if len(args) == 1 else None
        if kind is float:  # rules call operations on numbers: straight to the value
            return self.value(args)
        if kind is not None and issubclass(kind, Node):
            return args[0].record_unary(self)
        return super().__call__(*args)


class Binary(Operation):
    """An operation of two operands, with a local gradient by each.

    >>> from autograd import Binary
    >>> area = Binary("area", lambda m, a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a))
    >>> area(2.0, 3.0)
    6.0
    """

    arity = 2


class Nary(Operation):
    """An operation of any number of operands, given as one list or one by one.

    >>> from autograd import Nary
    >>> norm = Nary("norm", lambda m, *xs: m.sqrt(sum(x * x for x in xs)),
    ...             lambda y, *xs: [x / y for x in xs])
    >>> norm([3.0, 4.0])
    5.0
    """

    def _checked_rules(self, rules: Any) -> Any:
        """Return the function of the value and of all operands that gives all local gradients."""
        if not callable(rules):
            raise TypeError(f"the rule of {self.name} is one function of y, *xs, got {rules!r:.80}")
        return self._giving_one_each(rules) if self.is_own else rules

    def _giving_one_each(self, rules: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function ``rules`` of a user; TypeError unless it gives a number by each."""

        @wraps(rules)
        def checked(y: Any, *xs: Any) -> Any:
            given = rules(y, *xs)
            is_list = isinstance(given, Iterable) and not isinstance(given, (str, Node))
            grads = list(given) if is_list else []
            if len(grads) != len(xs):
                raise TypeError(
                    f"the rule of the operation {self.name} must give {len(xs)} local gradients, "
                    f"a list with one by each operand, got {given!r:.80}"
                )
            return [self._checked_number(grad, "local gradient") for grad in grads]

        return checked

    def operands(self, *args: Any) -> tuple[Any, ...]:
        if len(args) == 1 and not isinstance(args[0], Node) and isinstance(args[0], Iterable):
            args = tuple(args[0])
        if not args:
            raise ValueError(f"{self.name} of nothing: needs at least one operand")
        return args

    def local_grads(self, y: Any, xs: Sequence[Any], varies: Sequence[bool] | None = None) -> Any:
        grads = self.rules(y, *xs)
        if varies is None:
            return grads
        return [g if v else None for g, v in zip(grads, varies, strict=True)]


class Dot(Nary):
    """``dot(ws, xs, bias)``: its operands are ws, xs and, unless the bias is the number 0, it."""

    def operands(self, *args: Any) -> tuple[Any, ...]:
        try:
            ws, xs, bias = args if len(args) == 3 else (*args, 0.0)
            if isinstance(ws, Node) and isinstance(ws, Sequence):  # rows that are recorded as one
                return args
            ws, xs = tuple(ws), tuple(xs)
        except (TypeError, ValueError):
            if len(args) in (2, 3) and all(isinstance(x, Iterable) for x in args[:2]):
                raise  # from inside an iterator
            given = ", ".join(f"{x!r:.40}" for x in args) or "nothing"
            raise TypeError(f"dot(ws, xs, bias=0.0) takes two lists, got {given}") from None
        if len(ws) != len(xs):
            raise ValueError(f"dot needs as many ws as xs, got {len(ws)} and {len(xs)}")
        if not ws:
            raise ValueError("dot of nothing: needs at least one operand")
        no_bias = not isinstance(bias, Node) and bias == 0
        return ws + xs if no_bias else (*ws, *xs, bias)


# ---------------------------------------------------------------- the mathematics of plain floats


def _pow(a: float, b: float) -> float:
    y: Any = a**b
    if isinstance(y, complex):  # Python answers a root of a negative number with a complex one
        raise ValueError
    return y  # type: ignore[no-any-return]  # a float otherwise


def _larger(a: float, b: float) -> float:
    return a if a >= b or a != a else b  # NaN alone differs from itself


def _smaller(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _maximum(*xs: float) -> float:
    return reduce(_larger, xs)  # builtin max loses a NaN that is not the first


def _minimum(*xs: float) -> float:
    return reduce(_smaller, xs)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return ``a`` where the condition holds, else ``b``."""
    return a if condition else b


def total(xs: Iterable[Any], *start: Any) -> Any:
    """Return the sum from left to right. The builtin sum rounds differently from Python 3.12 on."""
    return reduce(operator.add, xs, *start)


_OF_FLOATS = {
    "stop_gradient": lambda x: x,
    "pow": _pow,
    "where": where,
    "maximum": _maximum,
    "minimum": _minimum,
}
FLOATS = SimpleNamespace(**vars(math) | _OF_FLOATS)
