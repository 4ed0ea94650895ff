"""Optimizers: how a step changes the parameters, given their gradients.

Each is one formula, written once for numbers and arrays alike. `Optimizer.step` steps all
parameters at once with NumPy, one by one without it; the results agree to the last bit. The
formulas and the names of the arguments are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from functools import cache
from math import hypot, sqrt
from operator import attrgetter
from struct import pack
from typing import Any

import autograd
from autograd import Constant, Value

from .argument_checks import at_least_0, below_1, choice, positive, several

_NUMBER = object()  # stands for any number but 0
_MIN_ARRAY_PARAMETERS = 16  # with fewer, a loop over numbers is faster than arrays


class Optimizer:
    """Changes ``parameters`` by their ``grad`` on each `step`.

    ``lr`` is the learning rate, which may be set between steps. ``weight_decay`` times each
    parameter is added to its gradient. To write an optimizer, name in ``slots`` what is remembered
    of each parameter, and define `update`. ``is_formula = True`` in the class says that `update` is
    a formula of its arguments and the settings, without branches on them. Then it can become
    machine code.

    TypeError if a parameter is not a Value. ValueError if there are no parameters, if one is given
    twice or is computed from others, or for a number out of its range.
    """

    slots: tuple[str, ...] = ()
    is_formula = False  # is not inherited: another `update` need not be a formula

    def __init__(self, parameters: Iterable[Value], lr: float, weight_decay: float = 0.0) -> None:
        self.parameters = several(type(self).__name__, parameters)
        for p in self.parameters:
            if not isinstance(p, Value) or isinstance(p, Constant):
                raise TypeError(f"an optimizer takes parameters, which are Values, got {p!r:.80}")
            if p.parents:
                raise ValueError(f"an optimizer takes leaves, got {p!r:.80}, which is computed")
        if not self.parameters:
            raise ValueError(f"{type(self).__name__} got no parameters")
        if len({*self.parameters}) < len(self.parameters):
            twice = next(p for i, p in enumerate(self.parameters) if p in self.parameters[:i])
            raise ValueError(f"{type(self).__name__} got a parameter twice: {twice!r:.80}")
        self.lr = positive("lr", lr)
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        self.steps = 0
        self._memory: list[Any] = [[0.0] * len(self.parameters) for _ in self.slots]

    def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        """Return the new parameter and memory; numbers or arrays. ``steps`` counts this step."""
        raise NotImplementedError  # each optimizer has its own formula

    def decay(self, theta: Any, grad: Any) -> tuple[Any, Any]:
        """Return parameter and gradient with the weight decay, before `update`."""
        return theta, grad + self.weight_decay * theta

    def step(self) -> None:
        """Change every parameter according to its gradient."""
        stepped = self.advance([p.data for p in self.parameters], [p.grad for p in self.parameters])
        for p, x in zip(self.parameters, stepped, strict=True):
            p.data = x

    def advance(self, thetas: Any, grads: Any) -> Any:
        """Count a step, and return the parameters after it, given them and their gradients.

        Both are lists of numbers, or both are arrays. The result is the same. No array is changed.
        """
        self.steps += 1
        flat = not isinstance(thetas, list)
        if len(thetas) < _MIN_ARRAY_PARAMETERS or _numpy() is None:
            numbers = (thetas.tolist(), grads.tolist()) if flat else (thetas, grads)
            rows = map(self.updated, *numbers, *self._memory)
            stepped, *self._memory = map(list, zip(*rows, strict=True))
            return _array(stepped) if flat else stepped
        if not flat or (self._memory and isinstance(self._memory[0], list)):
            thetas, grads, *self._memory = map(_array, (thetas, grads, *self._memory))
        updated, *self._memory = _quietly(Optimizer.updated)(self, thetas, grads, *self._memory)
        return updated if flat else updated.tolist()

    def formula(self) -> StepFormula | None:
        """Return the next step as a formula. None if the class does not say that it is one.

        None also if a setting is an array, or a container of others than numbers, and if the number
        of the step is not above 0.
        """
        if not vars(type(self)).get("is_formula") or self.steps < 0:
            return None
        parts = [x for given in self._settings().values() for x in _parts(given)]
        return StepFormula(self) if all(isinstance(x, Hashable) for x in parts) else None

    def state(self, thetas: Any) -> Any:
        """Return an array: these parameters, and a row for each of the ``slots``."""
        return _numpy().array([thetas, *self._memory])

    def go_on(self, steps: int, memory: Any) -> None:
        """Go on after so many steps that a formula has made, with rows for the ``slots``."""
        is_short = len(self.parameters) < _MIN_ARRAY_PARAMETERS
        self.steps += steps
        self._memory = memory.tolist() if is_short else [*memory.copy()]

    def remembered(self) -> list[Any]:
        """Return what is remembered of the parameters: lists or arrays, one for each slot."""
        return self._memory

    def remember(self, memory: list[Any]) -> None:
        """Go on with this memory, which somebody else may change together with the parameters."""
        self._memory = memory

    def updated(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        """Return the new parameter and memory, with the weight decay."""
        if _is_on(self.weight_decay):
            theta, grad = self.decay(theta, grad)
        return self.update(theta, grad, *memory)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return everything the next steps depend on, as plain numbers and lists."""
        memory = {k: [float(x) for x in m] for k, m in zip(self.slots, self._memory, strict=True)}
        return {**self._settings(), "steps": self.steps, "memory": memory}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; ValueError if another optimizer or model gave it."""
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict takes a state_dict(), got {state!r:.80}")
        settings, memory = self._settings(), state.get("memory", {})
        n, known = len(self.parameters), {*settings, "steps", "memory"}
        if state.keys() != known or tuple(memory) != self.slots:
            raise ValueError(f"not the state of {type(self).__name__}: it has {sorted(state)}")
        for name, column in memory.items():
            if len(column) != n:
                raise ValueError(f"{name!r} is of {len(column)} parameters, the optimizer of {n}")
        columns = [[float(x) for x in column] for column in memory.values()]
        self.steps, self._memory = int(state["steps"]), columns
        for name in settings:
            setattr(self, name, state[name])

    def _settings(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k not in ("parameters", "steps", "_memory")}


class StepFormula:
    """The next step of an optimizer as a formula of its settings, parameter, gradient and memory.

    It depends on nothing else, and on no comparison of these numbers. So machine code can be made
    of it. ``settings`` are the numbers that are not 0, first the number of the step. Formulas are
    the same if their ``kind`` is the same: the class, and all that is not among the settings.

    >>> formula = StepFormula(SGD([Value(1.0)], lr=0.1))
    >>> formula.settings, formula([1, 0.5], 3.0, 2.0, 0.0)
    ([1, 0.1], (2.0, 0.0))
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._given = {"steps": optimizer.steps + 1, **optimizer._settings()}
        parts = [(name, x) for name, given in self._given.items() for x in _parts(given)]
        self.settings = [x for _, x in parts if _is_number(x)]
        rest = tuple([(name, _NUMBER if _is_number(x) else x) for name, x in parts])
        self.kind = type(optimizer), rest
        numbers = [name for name, x in parts if _is_number(x)]
        self._lr, self._place_of_lr = optimizer.lr, numbers.index("lr") if "lr" in numbers else None
        others = [name for name in self._given if name not in ("steps", "lr")]
        self._others = attrgetter("__class__", *others)
        known = [[*x] if isinstance(x, list) else x for x in self._others(optimizer)]
        self._known = tuple(known), len(vars(optimizer))

    def __call__(
        self, settings: Sequence[Any], theta: Any, grad: Any, *memory: Any
    ) -> tuple[Any, ...]:
        """Return the new parameter and memory, with these settings."""
        optimizer, rest = copy(self._optimizer), iter(settings)
        for name, given in self._given.items():
            parts = [next(rest) if _is_number(x) else x for x in _parts(given)]
            setattr(optimizer, name, parts if isinstance(given, tuple | list) else parts[0])
        return optimizer.updated(theta, grad, *memory)

    def write_settings(self, settings: Any) -> bool:
        """Write the settings of the next step. False if that is another formula by now.

        Only the number of the step and the learning rate may be other numbers than they were.
        """
        optimizer, place = self._optimizer, self._place_of_lr
        if (self._others(optimizer), len(vars(optimizer))) != self._known:
            return False
        lr = optimizer.lr
        if lr != self._lr:
            if not _is_number(lr) or place is None:
                return False
            settings[place] = self._lr = lr
        settings[0] = optimizer.steps + 1
        return True


def _is_on(setting: Any) -> bool:
    """Return whether a setting is not 0. In a formula a Value stands for it then."""
    return isinstance(setting, Value) or setting != 0


def _parts(setting: Any) -> Sequence[Any]:
    return setting if isinstance(setting, tuple | list) else [setting]


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and x != 0


class SGD(Optimizer):
    """Gradient descent: ``theta <- theta - lr g``; "stochastic" if g comes from a mini-batch.

    With ``momentum`` m, g is the velocity ``v <- m v + g`` (Polyak 1964); with ``nesterov`` it is
    ``g + m v``, the gradient where the velocity leads (Sutskever et al. 2013).

    >>> theta = Value(1.0)
    >>> theta.grad = 2.0
    >>> SGD([theta], lr=0.1).step()
    >>> theta.data
    0.8
    """

    is_formula = True
    slots = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum, self.nesterov = below_1("momentum", momentum), nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0")

    def step(self) -> None:
        """Change every parameter according to its gradient."""
        if self.momentum or self.weight_decay:
            super().step()
        else:
            self.steps += 1
            for p in self.parameters:  # faster than gathering arrays
                p.data -= self.lr * p.grad

    def advance(self, thetas: Any, grads: Any) -> Any:
        """Do the same as any optimizer, in half the time where nothing is remembered."""
        is_list, is_own = isinstance(thetas, list), type(self) is not SGD
        if is_list or is_own or self.momentum or self.weight_decay:
            return super().advance(thetas, grads)
        self.steps += 1
        return _quietly(_descended)(thetas, self.lr, grads)

    def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        (velocity,) = memory
        if _is_on(self.momentum):
            velocity = self.momentum * velocity + grad
            grad = grad + self.momentum * velocity if self.nesterov else velocity
        return theta - self.lr * grad, velocity


class Adam(Optimizer):
    """Steps of size about ``lr``: the mean gradient over the root of the mean squared one.

    ``m <- b1 m + (1 - b1) g`` and ``v <- b2 v + (1 - b2) g**2`` start at 0, which dividing by
    ``1 - b**steps`` corrects. Then ``theta <- theta - lr m / (sqrt(v) + eps)``
    (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1).

    >>> theta = Value(1.0)
    >>> theta.grad = 2.0
    >>> Adam([theta], lr=0.1).step()
    >>> round(theta.data, 6)
    0.9
    """

    is_formula = True
    slots = ("mean", "square")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"betas must be two numbers, such as (0.9, 0.999), got {betas!r:.80}")
        b1, b2 = betas
        self.betas = below_1("betas[0]", b1), below_1("betas[1]", b2)
        self.eps = at_least_0("eps", eps)

    def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        mean, square = memory
        b1, b2 = self.betas
        mean = mean + (1 - b1) * (grad - mean)
        square = b2 * square + (1 - b2) * grad * grad
        size = self.lr / (1 - b1**self.steps)
        return theta - size * mean / self.scale(square), mean, square

    def scale(self, square: Any) -> Any:
        """Return what a mean gradient is divided by."""
        return root(square) / root(1 - self.betas[1] ** self.steps) + self.eps


class AdamW(Adam):
    """`Adam` whose weight decay stays out of the means: ``theta <- theta (1 - lr weight_decay)``
    before the step (Loshchilov and Hutter 2019, arXiv:1711.05101).

    >>> theta = Value(1.0)
    >>> AdamW([theta], lr=0.1, weight_decay=0.5).step()
    >>> theta.data
    0.95
    """

    is_formula = True

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def decay(self, theta: Any, grad: Any) -> tuple[Any, Any]:
        return theta * (1 - self.lr * self.weight_decay), grad


class RMSprop(Optimizer):
    """The gradient over the root of its mean square: ``v <- alpha v + (1 - alpha) g**2``,
    ``theta <- theta - lr g / (sqrt(v) + eps)`` (Tieleman and Hinton 2012, lecture 6.5).

    With ``momentum`` the quotient goes through a velocity, as in `SGD`.

    >>> theta = Value(1.0)
    >>> theta.grad = 2.0
    >>> RMSprop([theta], lr=0.01).step()
    >>> round(theta.data, 6)
    0.9
    """

    is_formula = True
    slots = ("square", "velocity")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha, self.eps = below_1("alpha", alpha), at_least_0("eps", eps)
        self.momentum = below_1("momentum", momentum)

    def update(self, theta: Any, grad: Any, *memory: Any) -> tuple[Any, ...]:
        square, velocity = memory
        square = self.alpha * square + (1 - self.alpha) * grad * grad
        step = grad / (root(square) + self.eps)
        if _is_on(self.momentum):
            step = velocity = self.momentum * velocity + step
        return theta - self.lr * step, square, velocity


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind for kind in (SGD, Adam, AdamW, RMSprop)
}


def optimizer_of(
    optimizer: str | Optimizer, parameters: Iterable[Value], lr: float | None = None
) -> Optimizer:
    """Return the optimizer of that name for the parameters, or the one given, with ``lr`` if given.

    ValueError for an unknown name, and for an optimizer that holds none of the parameters.

    >>> optimizer_of("adam", [Value(1.0)]).lr
    0.001
    """
    if isinstance(optimizer, Optimizer):
        if not set(parameters) & set(optimizer.parameters):
            raise ValueError(
                "the optimizer holds none of the model's parameters: make it with "
                f"{type(optimizer).__name__}(model.parameters(), ...)"
            )
        optimizer.lr = optimizer.lr if lr is None else positive("lr", lr)
        return optimizer
    kind: Callable[..., Optimizer] = choice("optimizer", optimizer, OPTIMIZERS, "an Optimizer")
    return kind(parameters) if lr is None else kind(parameters, lr)


def clip_gradients(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient to ``max_norm`` if it is longer; return its length before.

    The length is the Euclidean norm over all parameters. As in PyTorch the factor is
    ``max_norm / (norm + 1e-6)``. ValueError unless ``max_norm`` is positive.

    >>> x, y = Value(0.0), Value(0.0)
    >>> x.grad, y.grad = 3.0, 4.0
    >>> clip_gradients([x, y], 1.0), round(x.grad, 5), round(y.grad, 5)
    (5.0, 0.6, 0.8)
    """
    parameters, max_norm = several("clip_gradients", parameters), positive("max_norm", max_norm)
    norm = gradient_norm(parameters)
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for p in parameters:
            p.grad *= factor
    return norm


def gradient_norm(parameters: Iterable[Value]) -> float:
    """Return the Euclidean norm of the gradients of all parameters.

    >>> x = Value(0.0)
    >>> x.grad = -2.0
    >>> gradient_norm([x])
    2.0
    """
    return hypot(*[p.grad for p in several("gradient_norm", parameters)])


@cache
def _numpy() -> Any:
    """Return NumPy, or None if it is not installed."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


@cache
def _quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for arrays. A result may be infinite, as it is without NumPy."""
    quiet: Callable[..., Any] = _numpy().errstate(all="ignore")(function)
    return quiet


def _descended(theta: Any, lr: Any, grad: Any) -> Any:
    return theta - lr * grad


def _array(xs: Any) -> Any:
    """Return an array, from a list by way of its bytes: four times as fast as NumPy's own way."""
    return _numpy().frombuffer(pack(f"{len(xs)}d", *xs)) if isinstance(xs, list) else xs


def root(x: Any) -> Any:
    """Return the square root of a number, an array, or a Value.

    >>> root(9.0)
    3.0
    """
    if isinstance(x, Value):
        return autograd.sqrt(x)
    return sqrt(x) if isinstance(x, float) else x**0.5  # for arrays this is np.sqrt
