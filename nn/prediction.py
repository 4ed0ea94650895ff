"""What a model answers: its outputs for rows of features, and what these outputs mean.

A model is a function of numbers. `Meaning` says what the numbers stand for: which scaling the
inputs need, and whether the outputs are classes or numbers. `nn.module` keeps it in the model's
``metadata``, and so in the model's file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from autograd import no_grad

from .argument_checks import counted
from .datasets import Rows, Scaling
from .datasets.dataset import Label
from .losses import LOSSES, Loss, as_list
from .samples import Row, rows_of


def outputs(model: Callable[[Any], Any], X: Iterable[Any]) -> list[list[float]]:
    """Return the model's outputs for each sample, as plain numbers; no graph is recorded.

    The samples are standardized first if the model's metadata has a scaling.

    >>> outputs(lambda x: x[0] + x[1], [[1.0, 2.0]])
    [[3.0]]
    """
    meaning = getattr(model, "meaning", None)
    if isinstance(meaning, Meaning):
        X = meaning.standardized(X)
    with no_grad():
        return [list(map(float, as_list(model(x)))) for x in X]


@dataclass(frozen=True)
class Meaning:
    """What the inputs and the outputs of a model mean. `Module.save` explains each field.

    >>> meaning = Meaning.of({"loss": "cross_entropy", "classes": ["cat", "dog"]}, 3, 2)
    >>> meaning.answer([0.1, 0.7]), meaning.inputs([[1, 2, 3]])
    ('dog', [[1.0, 2.0, 3.0]])
    """

    nin: int | None  # how many features the model takes; None: unknown
    features: Sequence[str] = ()
    scaling: Scaling | None = None
    loss: Loss | None = None
    classes: Sequence[Label] = ()
    target: str = ""
    target_scaling: Scaling | None = None

    @classmethod
    def of(cls, metadata: Mapping[str, Any], nin: int | None, nout: int | None) -> Meaning:
        """Return the meaning in a model's metadata, given its numbers of inputs and outputs.

        A number is None if it is unknown. ValueError for metadata that fit no such model.
        """
        given = {key: metadata[key] for key in _CHECKS if metadata.get(key) not in (None, [], "")}
        for key, x in given.items():
            holds, text = _CHECKS[key]
            if not holds(x):
                raise ValueError(f"metadata {key!r} must be {text}, got {x!r:.80}")
        for key in given.keys() & {"scaling", "target_scaling"}:
            given[key] = Scaling(*(list(map(float, part)) for part in given[key]))
        if "loss" in given:
            given["loss"] = LOSSES[given["loss"]]
        meaning = cls(nin, **given)
        meaning._check(nout)
        return meaning

    def _check(self, nout: int | None) -> None:
        """ValueError if two entries contradict each other or the model's size."""
        means = self.scaling.mean if self.scaling else []
        for key, width in {"features": len(self.features), "scaling": len(means)}.items():
            if width and self.nin not in (None, width):
                raise ValueError(
                    f"metadata {key!r} are of {counted(width, 'feature')}, "
                    f"but the model takes {self.nin}"
                )
        if self.loss and self.loss.targets == "numbers" and self.classes:
            raise ValueError(f"metadata 'classes' do not fit the loss {self.loss.name} of numbers")
        if self.target_scaling and (self.classes or (self.loss and self.loss.targets == "classes")):
            raise ValueError("metadata 'target_scaling' is for numbers, but the model has classes")
        if nout is None:
            return
        if self.classes and not self.fits_classes(len(self.classes), nout):
            raise ValueError(
                f"metadata 'classes' are {len(self.classes)}, "
                f"but the model has {counted(nout, 'output')}"
            )
        if self.target_scaling:
            width = len(self.target_scaling.mean)
            if nout not in [size * width for size in (self.loss or LOSSES["mse"]).per_number]:
                raise ValueError(
                    f"metadata 'target_scaling' is of {counted(width, 'number')}, "
                    f"but the model has {counted(nout, 'output')}"
                )

    def fits_classes(self, count: int, nout: int) -> bool:
        """Return whether the outputs can tell so many classes apart."""
        one_each = self.loss is None or self.loss.per_class
        two = nout == 1 or self.loss is None or not self.loss.per_class
        return (one_each and count == nout) or (two and count == 2)

    def inputs(self, rows: Any) -> Sequence[Row]:
        """Return rows of features as the model takes them: checked, and standardized."""
        if isinstance(rows, Rows):  # which stay `Rows`, in little memory
            return rows_of(self.standardized(rows))
        rows = self.standardized(rows_of(rows))
        return rows_of(rows) if self.scaling else rows  # a quotient may have overflowed

    def standardized(self, rows: Iterable[Any]) -> Sequence[Any]:
        """Return the rows, standardized if there is a scaling.

        ValueError if a row has another number of features than the model.
        """
        rows = rows if isinstance(rows, Sequence) else list(rows)
        if self.scaling is None and not self.features:
            return rows
        width = len(self.scaling.mean if self.scaling else self.features)
        for i, row in enumerate(rows[:1] if isinstance(rows, Rows) else rows):
            if len(row) != width:
                names = f" ({', '.join(self.features)})" if self.features else ""
                raise ValueError(
                    f"the model takes {counted(width, 'feature')}{names:.200}, "
                    f"got {len(row)} in sample {i}"
                )
        return self.scaling.apply(rows) if self.scaling else rows

    def answer(self, output: Sequence[float]) -> Any:
        """Return the answer that the outputs for one sample give: a label, or a number.

        A list of answers if the outputs answer several questions.
        """
        loss = self._known_loss()
        if loss.targets == "numbers":
            numbers = self._in_units(output, loss)
            return numbers[0] if len(numbers) == 1 else numbers
        labels = self.labels(len(output))
        if loss.per_class or len(output) == 1:
            return labels[int(loss.decide(output))]
        return [labels[int(loss.decide([o]))] for o in output]

    def probabilities(self, output: Sequence[float]) -> list[float]:
        """Return the probability of each class, given the outputs for one sample."""
        return self._known_loss().probabilities(output)

    def labels(self, nout: int) -> Sequence[Label]:
        """Return the classes, or the numbers that `fit` takes for them if they have no names."""
        if self.classes:
            return self.classes
        loss = self._known_loss()
        if loss.per_class and nout > 1:
            return range(nout)
        return [int(code) for code in loss.codes or (0, 1)]

    def scaled(self, targets: Sequence[Any]) -> Sequence[Any]:
        """Return the targets of a regression, standardized if there is a target scaling."""
        if self.target_scaling is None:
            return list(targets)
        numbers, wanted = len(as_list(targets[0])), len(self.target_scaling.mean)
        if numbers != wanted:
            raise ValueError(
                f"the model's target_scaling is of {counted(wanted, 'number')}, y has {numbers}"
            )
        return self.target_scaling.apply(map(as_list, targets))

    def _in_units(self, output: Sequence[float], loss: Loss) -> list[float]:
        """Return the predicted numbers, without the log-scales that some losses learn."""
        if self.target_scaling is None:
            return [loss.number(o) for o in output[: len(output) // max(loss.per_number)]]
        pairs = zip(self.target_scaling.mean, self.target_scaling.scale, strict=True)
        return [
            loss.number(o) * scale + mean for o, (mean, scale) in zip(output, pairs, strict=False)
        ]

    def _known_loss(self) -> Loss:
        if self.loss is None:
            raise ValueError(
                "this model does not say what its outputs mean: train it with nn.fit and a loss "
                "of nn, or name the loss, model.metadata = {'loss': 'bce_with_logits'}"
            )
        return self.loss

    def __str__(self) -> str:
        """Return a line for the inputs and a line for the answers; "" if nothing is known."""
        lines = []
        if self.features or self.scaling:
            names = ", ".join(self.features) or counted(self.nin or 0, "feature")
            told = ", standardized: predict() does it, model(x) does not" if self.scaling else ""
            lines.append(f"inputs: {names:.200}{told}")
        if self.loss:
            kind = self.target or ("class" if self.loss.targets == "classes" else "number")
            classes = f": {', '.join(map(str, self.classes)):.200}" if self.classes else ""
            scaled = ", standardized: predict() undoes it" if self.target_scaling else ""
            lines.append(f"outputs: {kind}{classes} (loss {self.loss.name}{scaled})")
        return "\n".join(lines)


def _is_scaling(x: Any) -> bool:
    if not isinstance(x, Sequence) or isinstance(x, str) or len(x) != 2:
        return False
    for numbers in x:
        if not isinstance(numbers, Sequence) or not numbers:
            return False
        if not all(type(n) in (int, float) and isfinite(n) for n in numbers):
            return False
    return len(x[0]) == len(x[1]) and min(x[1]) > 0


def _is_labels(x: Any) -> bool:
    kinds = (str, int, float, bool)
    one_kind = (
        isinstance(x, Sequence)
        and not isinstance(x, str)
        and all(isinstance(label, kinds) for label in x)
    )
    return one_kind and len(set(x)) == len(x) > 1


_SCALING_TEXT = "[means, standard deviations], two equally long lists of numbers"
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "features": (
        lambda x: isinstance(x, list | tuple) and all(isinstance(name, str) for name in x),
        "a list of names",
    ),
    "scaling": (_is_scaling, _SCALING_TEXT),
    "loss": (lambda x: isinstance(x, str) and x in LOSSES, f"one of {', '.join(LOSSES)}"),
    "classes": (_is_labels, "a list of different labels, two or more"),
    "target": (lambda x: isinstance(x, str), "a name"),
    "target_scaling": (_is_scaling, _SCALING_TEXT),
}
