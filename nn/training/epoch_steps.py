"""The steps of an epoch: many in machine code, without Python between them, or one by one.

Both give the same. Python makes the steps that machine code leaves to it: the first one, which
records the loss, and any step where a number is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from .flat_parameters import FlatParameters

MAX_SECONDS = 0.02  # of a call of machine code, in which Ctrl-C has to wait
MAX_NUMBERS = 1 << 20  # of samples that are gathered at once, which are 8 MB


@dataclass(frozen=True)
class Epoch:
    """The batches of an epoch, in order: their sizes, and the factor of the penalty in each.

    ``rows(start, stop)`` returns arrays, with a row for each of these samples. A row has ``width``
    numbers.
    """

    rows: Callable[[int, int], tuple[Any, ...]]
    width: int
    sizes: Sequence[int]
    penalties: Sequence[float]


class EpochSteps:
    """Steps of the optimizer of a `FlatParameters`.

    ``loss_at(theta, *rows, penalty)`` returns the loss, its gradient, and anything more. ``flat()``
    is a flat function that returns the same without the penalty, or None if there is none now. The
    penalty is a factor of the sum of the squared parameters, each times ``penalized``.
    """

    def __init__(
        self, vector: FlatParameters, loss_at: Callable[..., Any], flat: Callable[[], Any],
        max_norm: float | None = None, penalized: Any = 1.0,
    ) -> None:  # fmt: skip
        self.vector, self._loss_at, self._flat = vector, loss_at, flat
        self._max_norm, self._penalized = max_norm, penalized
        self._steppers: dict[Any, Any] = {}  # by the kind of the optimizer's formula
        self._most = 8  # batches in the next call of machine code; 0 if there is none

    def steps(self, epoch: Epoch) -> Iterator[Sequence[float]]:
        """Step for each batch. Yield the loss before, what comes after it, and the gradient's norm.

        DivergedError as `FlatParameters.step`.
        """
        start = first = 0
        while first < len(epoch.sizes):
            stop, last = start, first
            while last < len(epoch.sizes) and (
                last == first or (stop + epoch.sizes[last] - start) * epoch.width <= MAX_NUMBERS
            ):
                stop += epoch.sizes[last]
                last += 1
            rows, part = epoch.rows(start, stop), slice(first, last)
            yield from self._of_rows(rows, epoch.sizes[part], epoch.penalties[part])
            start, first = stop, last

    def _of_rows(
        self, rows: Sequence[Any], sizes: Sequence[int], penalties: Sequence[float]
    ) -> Iterator[Sequence[float]]:
        """Step for each batch of these rows."""
        start = i = 0
        while i < len(sizes):
            asked = slice(i, i + self._most)
            found: Sequence[Sequence[float]] = []
            if self._most:
                rest = [x[start:] for x in rows]
                found = self._in_machine_code(rest, sizes[asked], penalties[asked])
                yield from found
                i, start = i + len(found), start + sum(sizes[i : i + len(found)])
            if not self._most or len(found) < len(sizes[asked]):
                batch = [x[start : start + sizes[i]] for x in rows]
                (loss, _, *rest), norm = self.vector.step(
                    self._loss_at, (*batch, penalties[i]), self._max_norm
                )
                yield (loss, *rest, norm)
                i, start = i + 1, start + sizes[i]

    def _in_machine_code(
        self, rows: Sequence[Any], sizes: Sequence[int], penalties: Sequence[float]
    ) -> Sequence[Sequence[float]]:
        """Step for the first of these batches, as many as machine code can."""
        formula = self.vector.formula()
        if formula is None or (flat := self._flat()) is None:
            return []
        key = flat, formula.kind
        if key not in self._steppers:
            memory = len(self.vector.optimizer.slots)
            self._steppers[key] = flat.native_steps(formula, len(formula.settings), memory)
        stepper = self._steppers[key]
        if stepper is None:
            self._most = 0
            return []
        has_penalty = any(penalties)
        started = perf_counter()
        found = stepper(
            self.vector.state(), rows, sizes, formula.settings, self._max_norm,
            penalties if has_penalty else None, self._penalized,
        )  # fmt: skip
        seconds = perf_counter() - started
        if len(found):
            self.vector.go_on(len(found), stepper.before, stepper.state, stepper.gradient)
        if len(found) < len(sizes) or seconds > MAX_SECONDS:
            self._most = max(1, len(found) // 2)
        elif seconds < MAX_SECONDS / 2 and len(found) == self._most:
            self._most *= 2
        steps: Sequence[Sequence[float]] = found.tolist()
        return steps
