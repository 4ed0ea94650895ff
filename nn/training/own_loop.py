"""`train_step`: the steps of a training loop of one's own, on flat arrays."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import autograd

from ..argument_checks import at_least_0, positive
from ..optimizers import Optimizer
from ..schedules import SCHEDULES, Schedule
from .flat_parameters import FlatParameters
from .one_step import OneStep

_OPEN: ContextVar[tuple[TrainStep, ...]] = ContextVar("open blocks of train_step", default=())


def train_step(
    loss: Callable[..., Any],
    optimizer: Optimizer,
    *,
    clip: float | None = None,
    schedule: Schedule | None = None,
) -> TrainStep:
    """Return a step for a training loop: it computes ``loss``, its gradient, and steps.

    >>> import nn
    >>> from autograd import Value
    >>> w, b = Value(0.0), Value(0.0)
    >>> def loss(x, y):
    ...     return (w * x + b - y) ** 2
    >>> with train_step(loss, nn.SGD([w, b], lr=0.1)) as step:
    ...     losses = [step(x, 2.0 * x + 1.0) for x in (1.0, -1.0) * 50]
    >>> round(losses[0], 3), round(losses[-1], 3), round(w.data, 2), round(b.data, 2)
    (9.0, 0.0, 2.0, 1.0)

    Each ``step(*args)`` does what these lines do, and returns the number of the loss::

        optimizer.zero_grad()
        value = loss(*args)
        value.backward()
        nn.clip_gradients(optimizer.parameters, clip)  # if clip is given
        optimizer.step()

    ``loss`` is compiled (see `autograd.compile`). The numbers of the parameters, their gradients
    and the state of the optimizer are flat arrays inside the block, so a step touches no Value. The
    parameters get their numbers and gradients back at the end of the block, when an exception
    leaves it, and by ``step.sync()``. Call ``step.sync()`` before you look at the model, save it,
    or change a parameter. The next step starts from the numbers that the parameters have then.

    Arguments of different structures, such as documents of different lengths, are recorded one by
    one. All share the parameters and the state of the optimizer. If ``loss`` returns several
    numbers, in a list, tuple or dict, ``step`` returns them all, and the first is minimized.

    Where the loss is machine code, a step is one call of it, with the formula of the optimizer. So
    it is if all that ``loss`` differentiates by is the optimizer's, and if the class of the
    optimizer says `is_formula`. The numbers are the same then. Only the length of a clipped
    gradient may differ in its last digit.

    ``schedule`` is a function from the step, 0, 1, ..., to the factor of the learning rate, such as
    ``nn.schedules.cosine(steps)``. ``optimizer.lr`` may also be set between steps.

    An error of an operation in ``loss`` is raised as in eager code. The step is not made then.
    RuntimeError for a step outside the block, for a block inside another one that has the same
    parameters, and at the end of the block for a parameter that was changed without ``sync``: the
    trained number stays. ValueError if ``loss`` uses none of the optimizer's parameters.
    """
    return TrainStep(loss, optimizer, clip, schedule)


class TrainStep:
    """A step of a training loop, see `train_step`."""

    def __init__(
        self,
        loss: Callable[..., Any],
        optimizer: Optimizer,
        clip: float | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                "train_step takes an optimizer, such as nn.Adam(model.parameters()), got "
                f"{optimizer!r:.80}"
            )
        makers: list[Any] = list(SCHEDULES.values())
        if schedule is not None and (not callable(schedule) or schedule in makers):
            raise TypeError(
                "schedule is a function from the step to the factor of the learning rate, such as "
                f"nn.schedules.cosine(1000), got {schedule!r:.80}"
            )
        self.optimizer, self.schedule = optimizer, schedule
        self.clip = None if clip is None else positive("clip", clip)
        self.flat = autograd.flat_function(loss, optimizer.parameters)
        self.count = 0  # steps made
        self._step: OneStep | None = None  # inside the block

    def __enter__(self) -> TrainStep:
        mine = set(self.optimizer.parameters)
        for outer in _OPEN.get():
            if not mine.isdisjoint(outer.optimizer.parameters):
                raise RuntimeError(
                    "a block of train_step is open for the same parameters: end it before this "
                    "one, or give both losses to one block"
                )
        self.flat.numbers()  # an error for a parameter without a number
        vector = FlatParameters(self.flat.parameters, self.optimizer)
        self._step = OneStep(vector, self.flat, self.clip)
        self._base_lr, self._is_synced = self.optimizer.lr, False
        self._remember()
        self._token = _OPEN.set((*_OPEN.get(), self))
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        _OPEN.reset(self._token)
        if self.schedule:
            self.optimizer.lr = self._base_lr
        changed = "" if self._is_synced else self._changed()
        if not self._is_synced:
            self._write_back()
        self._step = None
        if changed and kind is None:
            raise RuntimeError(changed)

    def __call__(self, *args: Any) -> Any:
        """Step once; return the loss before the step, a number."""
        step = self._step or self._opened()
        if len(self.optimizer.parameters) != len(self._known):
            raise RuntimeError(
                "the optimizer got other parameters inside the block of train_step: make another "
                "optimizer and another block for them"
            )
        if self._is_synced:
            self.flat.numbers()
            step.vector.read()
            self._remember()
            self._is_synced = False
        if self.schedule:
            factor = at_least_0("the schedule's factor", self.schedule(self.count))
            self.optimizer.lr = self._base_lr * factor
        loss = step(args)
        self.count += 1
        return loss

    def sync(self) -> None:
        """Give the parameters their present numbers and gradients. They may be changed then."""
        self._opened()
        if self._is_synced:
            return
        changed = self._changed()
        self._write_back()
        if changed:
            raise RuntimeError(changed)

    def _opened(self) -> OneStep:
        if self._step is None:
            raise RuntimeError(
                "train_step works inside its block: with nn.train_step(loss, optimizer) as step: "
                "step(...)"
            )
        return self._step

    def _remember(self) -> None:
        self._known = [p.data for p in self.flat.parameters]

    def _changed(self) -> str:
        """Return what to say of the first parameter that was changed by hand, or nothing."""
        for p, known in zip(self.flat.parameters, self._known, strict=True):
            if p.data != known and (p.data == p.data or known == known):  # nan is nan
                return (
                    f"the parameter {p.label!r} was set to {p.data!r:.80} inside the block of "
                    "train_step, which goes on with its own number: call step.sync() before"
                )
        return ""

    def _write_back(self) -> None:
        step = self._opened()
        step.detach()
        step.vector.write_back()
        self._remember()
        self._is_synced = True
