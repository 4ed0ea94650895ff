"""`History`: what happened in training."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..argument_checks import counted


@dataclass
class History:
    """What happened in training: one entry an epoch in each list.

    ``loss`` (with its penalty), ``accuracy`` (the share of samples that were right; empty for
    regression) and ``gradient_norm`` are means over the epoch's batches, each measured before its
    step; ``val_loss`` (without penalty) and ``val_accuracy`` are measured after the epoch.
    ``stopped`` says why training ended; ``best_epoch`` is that of the weights that were kept.
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
        """One line: epochs, loss and accuracy at the end, and why it ended."""
        parts = [counted(len(self.loss), "epoch")]
        for name, values in self.curves():
            parts.append(f"{name} {values[-1]:.4g}")
        return ", ".join(parts) + (f" ({self.stopped})" if self.stopped else "")

    def curves(self) -> list[tuple[str, list[float]]]:
        """The names and values of what there is of losses and accuracies."""
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        return [(name, getattr(self, name)) for name in names if getattr(self, name)]

    def plot(self, ax: Any = None) -> Any:
        """Loss and accuracy against epochs, by `nn.plot.loss_curve`; needs Matplotlib."""
        from ..plot import loss_curve

        return loss_curve(self, ax)

    def __repr__(self) -> str:
        return f"<History: {self.summary()}>"

    def _repr_html_(self) -> str:
        """For notebooks: each curve at its start, at its end and at its best."""
        rows = [f"<caption>{escape(self.summary())}</caption>"]
        rows.append("<tr><th></th><th>first</th><th>last</th><th>best</th></tr>")
        for name, xs in self.curves():
            best = max(xs) if "accuracy" in name else min(xs)
            cells = "".join(f"<td>{x:.4g}</td>" for x in (xs[0], xs[-1], best))
            rows.append(f"<tr><th>{name}</th>{cells}</tr>")
        return f"<table>{''.join(rows)}</table>"
