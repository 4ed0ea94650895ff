"""The history of a training run: loss, accuracy and more for each epoch, as numbers and a plot."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..argument_checks import counted


@dataclass
class History:
    """What happened in training: each list has one entry for each epoch.

    ``loss`` (with its penalty), ``accuracy`` (the share of samples that were right; empty for
    regression) and ``gradient_norm`` are means over the epoch's batches, each measured before its
    step. ``val_loss`` (without penalty) and ``val_accuracy`` are measured after the epoch.
    ``stopped`` says why training ended early. ``best_epoch`` is the epoch whose weights were kept.
    """

    loss_name: str
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped: str = ""

    def summary(self) -> str:
        """Return one line: epochs, loss and accuracy at the end, and why training ended early."""
        parts = [counted(len(self.loss), "epoch")]
        for name, values in self.curves():
            parts.append(f"{name} {values[-1]:.4g}")
        return ", ".join(parts) + (f" ({self.stopped})" if self.stopped else "")

    def curves(self) -> list[tuple[str, list[float]]]:
        """Return names and values of the losses and accuracies that were measured."""
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        return [(name, getattr(self, name)) for name in names if getattr(self, name)]

    def plot(self, ax: Any = None) -> Any:
        """Plot loss and accuracy over the epochs with `nn.plot.loss_curve`; needs Matplotlib."""
        from ..plot import loss_curve

        return loss_curve(self, ax)

    def __repr__(self) -> str:
        return f"<History: {self.summary()}>"

    def _repr_html_(self) -> str:
        """Return a table for notebooks: the first, last and best value of each curve."""
        rows = [f"<caption>{escape(self.summary())}</caption>"]
        rows.append("<tr><th></th><th>first</th><th>last</th><th>best</th></tr>")
        for name, xs in self.curves():
            best = max(xs) if "accuracy" in name else min(xs)
            cells = "".join(f"<td>{x:.4g}</td>" for x in (xs[0], xs[-1], best))
            rows.append(f"<tr><th>{name}</th>{cells}</tr>")
        return f"<table>{''.join(rows)}</table>"
