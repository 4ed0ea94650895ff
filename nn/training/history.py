"""The history of a training run: loss, accuracy and more for each epoch, as numbers and a plot."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from ..argument_checks import counted

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "lr", "gradient_norm")


@dataclass
class History:
    """What happened in training: each list has one entry for each epoch.

    ``loss`` (with its penalty), ``accuracy`` (the share of samples that were right; empty for
    regression) and ``gradient_norm`` are means over the epoch's batches, each measured before its
    step. ``val_loss`` (without penalty) and ``val_accuracy`` are measured after the epoch.
    ``stopped`` says why training ended early. ``best_epoch`` is the epoch whose weights were kept.
    ``why_general`` says why training took the general way, which is slower than one program for all
    batches. It is empty if that ran, or if ``compiled=False`` asked for the general way.

    ``first + second`` is the history of both runs, one after the other, and ``sum(histories)`` the
    one of several. ``seams`` has the number of epochs before each later run.

    >>> both = History("mse", loss=[0.9, 0.5]) + History("mse", loss=[0.4])
    >>> both.loss, both.seams
    ([0.9, 0.5, 0.4], [2])
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
    seams: list[int] = field(default_factory=list)
    why_general: str = field(default="", compare=False)

    def __add__(self, later: Any) -> History:
        """Return one history of two runs, such as two calls of `fit` with the same model.

        A curve that only one of them has is nan in the epochs of the other. ValueError if the
        losses are not the same, because their numbers do not compare.
        """
        if not isinstance(later, History):
            return NotImplemented
        if later.loss_name != self.loss_name:
            raise ValueError(
                f"histories of {self.loss_name} and {later.loss_name} do not join: "
                "plot each with a loss_curve of its own"
            )
        epochs = len(self.loss)
        joined = {}
        for name in CURVES:
            first, second = getattr(self, name), getattr(later, name)
            if first or second:
                joined[name] = [*_filled(first, epochs), *_filled(second, len(later.loss))]
        return History(
            self.loss_name,
            **joined,
            best_epoch=None if later.best_epoch is None else epochs + later.best_epoch,
            stopped=later.stopped,
            seams=[*self.seams, epochs, *(epochs + seam for seam in later.seams)],
            why_general=later.why_general or self.why_general,
        )

    def __radd__(self, start: Any) -> History:
        """Return this history for ``0 + self``, with which ``sum`` starts."""
        return self if isinstance(start, int) and start == 0 else NotImplemented

    def as_dict(self) -> dict[str, list[float]]:
        """Return each measured curve by its name, a plain number for each epoch.

        The names are those of the attributes: ``loss``, ``lr``, ``gradient_norm``, and if they were
        measured ``accuracy``, ``val_loss``, ``val_accuracy``.

        >>> History("mse", loss=[0.9, 0.5], lr=[0.1, 0.1]).as_dict()
        {'loss': [0.9, 0.5], 'lr': [0.1, 0.1]}
        """
        curves = {name: list(map(float, getattr(self, name))) for name in CURVES}
        return {name: numbers for name, numbers in curves.items() if numbers}

    def to_json(self) -> str:
        """Return the whole history as JSON that `from_json` reads back, to the last bit.

        A number that is nan, because it was not measured, is null there.
        """
        content = asdict(self) | {
            name: [x if math.isfinite(x) else None for x in numbers]
            for name, numbers in self.as_dict().items()
        }
        return json.dumps(content, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> History:
        """Return the history that `to_json` wrote.

        >>> history = History("mse", loss=[0.1 + 0.2])
        >>> History.from_json(history.to_json()) == history
        True
        """
        content = json.loads(text)
        for name in CURVES:
            content[name] = [math.nan if x is None else x for x in content[name]]
        return cls(**content)

    def summary(self) -> str:
        """Return one line: epochs, loss and accuracy at the end, why training ended early.

        Also why it took the general way.
        """
        parts = [counted(len(self.loss), "epoch")]
        for name, values in self.curves():
            parts.append(f"{name} {values[-1]:.4g}")
        general = f"; the general way, because {self.why_general}" if self.why_general else ""
        return ", ".join(parts) + (f" ({self.stopped})" if self.stopped else "") + general

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
            measured = [x for x in xs if not math.isnan(x)]
            best = max(measured) if "accuracy" in name else min(measured)
            cells = "".join(f"<td>{x:.4g}</td>" for x in (xs[0], xs[-1], best))
            rows.append(f"<tr><th>{name}</th>{cells}</tr>")
        return f"<table>{''.join(rows)}</table>"


def _filled(numbers: list[float], epochs: int) -> list[float]:
    """Return the numbers of a curve, with nan for each epoch in which it was not measured."""
    return numbers + [math.nan] * (epochs - len(numbers))
