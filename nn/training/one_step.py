"""The steps of `train_step`, one at a time: in machine code where the loss has it, or by Python.

Both have the same numbers, but for the rounding of a clipped gradient's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..optimizers import StepFormula
from .flat_parameters import FlatParameters

MAX_FORMULAS = 8  # of an optimizer whose settings change, that machine code is made for


class OneStep:
    """Steps a `FlatParameters` by the gradient of a flat function, shortened to ``max_norm``."""

    def __init__(self, vector: FlatParameters, flat: Any, max_norm: float | None) -> None:
        self.vector, self._flat, self._max_norm = vector, flat, max_norm
        self._formula: StepFormula | None = None  # of the next step
        self._native: Any = None  # makes steps by it
        self._every: dict[Any, Any] = {}  # by the kind of the formula
        self._is_possible = True

    def __call__(self, args: Sequence[Any]) -> Any:
        """Step, and return what the function gave before."""
        vector, optimizer = self.vector, self.vector.optimizer
        if self._is_possible and not (
            self._formula and self._formula.write_settings(self._native.settings)
        ):
            self._renew()
        native = self._native
        if native is None:
            value, gradient = self._flat(vector.theta, *args)
        else:
            theta, memory = vector.theta, optimizer.remembered()
            value, gradient = native(args, theta, memory)
            if gradient is None:
                optimizer.steps += 1
                if theta is not native.theta or memory is not native.memory:
                    vector.theta, vector.gradient = native.theta, native.gradient
                    optimizer.remember(native.memory)
                return value
            self.detach()
        if self._max_norm:
            vector.set_gradient(gradient, self._max_norm)
        else:
            vector.gradient = gradient
        vector.advance()
        return value

    def detach(self) -> None:
        """Give the vector and the optimizer numbers that no later step changes."""
        vector, native = self.vector, self._native
        if native is not None and vector.theta is native.theta:
            state, vector.gradient = native.copied()
            vector.theta = state[0]
            if vector.optimizer.remembered() is native.memory:
                vector.optimizer.go_on(0, state[1:])

    def _renew(self) -> None:
        """Take the optimizer's formula as it is now, if machine code can be made of it."""
        self.detach()
        self._formula = self._native = None
        formula = self.vector.formula()
        if formula is not None:
            kind, settings = formula.kind, formula.settings
            if kind not in self._every and len(self._every) < MAX_FORMULAS:
                slots = len(self.vector.optimizer.slots)
                self._every[kind] = self._flat.native_step(
                    formula, len(settings), slots, self._max_norm
                )
            if (native := self._every.get(kind)) is not None:
                native.settings[:] = settings
                self._formula, self._native = formula, native
        self._is_possible = self._native is not None
