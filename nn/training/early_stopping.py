"""Early stopping: training ends when the loss no longer falls."""

from __future__ import annotations

from math import inf

from ..argument_checks import at_least_0, whole


class EarlyStopping:
    """Counts the epochs in a row in which the loss did not fall by more than ``tolerance``.

    It asks to stop after ``patience`` of them. None stands for 10 epochs and a tolerance of 0; with
    None for both it never asks.

    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.should_stop(loss) for loss in (3.0, 2.0, 2.5, 2.0)]
    [False, False, False, True]
    """

    def __init__(self, patience: int | None = None, tolerance: float | None = None) -> None:
        self.active = patience is not None or tolerance is not None
        self.patience = whole("patience", 10 if patience is None else patience)
        self.tolerance = at_least_0("tolerance", tolerance or 0.0)
        self.lowest_loss, self.epochs_waited = inf, 0

    def should_stop(self, loss: float) -> bool:
        """Count an epoch with this loss; return True after too many without progress."""
        progress = loss < self.lowest_loss - self.tolerance
        self.epochs_waited = 0 if progress else self.epochs_waited + 1
        self.lowest_loss = min(self.lowest_loss, loss)
        return self.active and self.epochs_waited >= self.patience
