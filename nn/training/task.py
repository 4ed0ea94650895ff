"""The task in training: the loss, the samples to learn from, and the samples held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from autograd import no_grad

from ..argument_checks import below_1, choice, counted
from ..losses import LOSSES, Loss, as_list, cross_entropy, mse
from ..module import Module
from ..prediction import Meaning
from ..samples import Row, Samples, Target, targets_of

LossFunction = Callable[..., Any]  # a `Loss`, or a user's own function of outputs and targets


class Task:
    """What a model learns: the samples, and the loss that compares outputs with targets.

    ``declared`` is the loss if it is a `Loss`, None if it is a function of the user. ``is_right``
    says whether an output is right; None for numbers, which are never quite right.

    ValueError or TypeError if model, samples and loss do not fit each other, naming the sample.
    """

    def __init__(self, model: Any, X: Any, y: Any, loss: str | LossFunction | None) -> None:
        self.meaning = model.meaning if isinstance(model, Module) else Meaning(None)
        rows = self.meaning.inputs(X)
        targets = targets_of(y, len(rows))
        self.outputs = _count_outputs(model, rows[0])
        if loss is None and self.meaning.target_scaling:
            loss = self.meaning.loss or mse
        self.loss = loss_of(loss, self.outputs, targets)
        _check_still_classes(self.meaning, loss, self.loss, targets)
        self.name: str = getattr(self.loss, "__name__", type(self.loss).__name__)
        self.declared = self.loss if isinstance(self.loss, Loss) else None
        of_classes = self.declared is not None and self.declared.targets == "classes"
        self.is_right = self.declared.is_right if self.declared and of_classes else None
        scaled = self._scaled(targets)
        self.train = self._samples(rows, scaled)
        self.held_out = Samples([], [])
        if self.declared and of_classes:
            _check_classes(self.declared, self.outputs, scaled)

    def hold_out(self, model: Any, validation: Any, rng: Random) -> None:
        """Set samples aside for validation: a share of all samples, or a pair (X, y)."""
        if isinstance(validation, tuple | list):
            if len(validation) != 2:
                raise ValueError(f"validation must be a share or (X, y), got {validation!r:.80}")
            rows = self.meaning.inputs(validation[0])
            _count_outputs(model, rows[0])
            targets = targets_of(validation[1], len(rows))
            self.held_out = self._samples(rows, self._scaled(targets))
        elif validation is not None:
            n = len(self.train)
            held = round(below_1("validation", validation) * n)
            if not 0 < held < n:
                raise ValueError(
                    f"validation={validation} of {counted(n, 'sample')} holds out {held}: "
                    "both parts need at least one"
                )
            self.train, self.held_out = self.train.split(held, rng)

    def metadata(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return a model's metadata after training: the loss is the one of this task.

        Classes and a target scaling stay if they still fit. Nothing says how to read the outputs if
        the loss is a function of the user.
        """
        kept = {key: x for key, x in before.items() if key != "loss"}
        loss, numbers = self.declared, len(as_list(self.train.targets[0]))
        if loss is None or LOSSES.get(self.name) is not loss:
            return kept
        meaning = replace(self.meaning, loss=loss)
        if self.is_right:
            kept.pop("target_scaling", None)
            if not meaning.fits_classes(len(meaning.classes), self.outputs):
                kept.pop("classes", None)
        else:
            kept.pop("classes", None)
            if not meaning.target_scaling and loss.outputs(numbers) != self.outputs:
                kept["target_scaling"] = [[0.0] * numbers, [1.0] * numbers]
        return {**kept, "loss": self.name}

    def _scaled(self, targets: Sequence[Target]) -> Sequence[Target]:
        return targets if self.is_right else self.meaning.scaled(targets)

    def _samples(self, rows: Sequence[Row], targets: Sequence[Target]) -> Samples:
        """Return the checked samples; a class becomes a one-hot list, which compiles as data."""
        output = [0.5] * self.outputs  # legal for every loss
        legal: set[Any] = set()  # targets are often alike: each is tried once
        for i, target in enumerate(targets):
            kind = tuple(target) if isinstance(target, list) else target
            try:
                if self.declared and kind not in legal:
                    self.declared.of_sample(output, target)
                    legal.add(kind)
            except ValueError as error:
                raise ValueError(f"{self.name}, sample {i}: {error}") from None
        if self.is_right and self.outputs > 1 and not isinstance(targets[0], list):
            targets = [[float(k == t) for k in range(self.outputs)] for t in targets]
        return Samples(rows, targets)


def loss_of(loss: str | LossFunction | None, outputs: int, y: Sequence[Target]) -> LossFunction:
    """Return the loss given by name or as a function; None chooses by the targets.

    Whole numbers with several outputs: cross_entropy. The two codes of a loss with one output:
    bce_with_logits for 0 and 1, hinge for -1 and 1. Anything else: mse. ValueError for an unknown
    name, and for other targets that look like classes: one or two whole numbers, repeated.

    >>> loss_of(None, 1, [1, -1])
    <loss hinge>
    """
    if loss is not None:
        return choice("loss", loss, LOSSES)  # type: ignore[no-any-return]  # a loss function
    kinds = tuple(sorted({t for t in y if not isinstance(t, list)}))
    whole = bool(kinds) and all(kind % 1 == 0 for kind in kinds)
    if whole and outputs > 1:
        return cross_entropy
    for loss in LOSSES.values():
        if outputs == 1 and loss.codes == kinds and loss.from_logits:
            return loss
    if whole and len(kinds) < min(3, len(y)):
        values = " and ".join(f"{kind:g}" for kind in kinds)
        raise ValueError(
            f"y holds {values} only: two classes must be 0 and 1, or -1 and 1, both there; "
            'to predict numbers, name a loss, loss="mse"'
        )
    return mse


def _check_still_classes(
    meaning: Meaning, asked: Any, chosen: LossFunction, targets: Sequence[Target]
) -> None:
    """ValueError if a model of classes would become one of numbers, and nobody asked for it."""
    was_of_classes = meaning.loss is not None and meaning.loss.targets == "classes"
    is_of_classes = isinstance(chosen, Loss) and chosen.targets == "classes"
    if asked is None and was_of_classes and not is_of_classes:
        assert meaning.loss
        kinds = sorted({t for t in targets if not isinstance(t, list)})
        shown = ", ".join(f"{kind:g}" for kind in kinds[:4]) + ", ..." * (len(kinds) > 4)
        raise ValueError(
            f"the model was trained to tell classes apart ({meaning.loss.name}), but y holds "
            f"{shown or 'lists of numbers'}: several classes need a model with one output for "
            'each, and to predict numbers, name a loss, loss="mse"'
        )


def _check_classes(loss: Loss, outputs: int, targets: Sequence[Target]) -> None:
    """ValueError if all targets are the same class; they may be the same probabilities."""
    first = targets[0]
    if isinstance(first, list):
        is_class = loss.per_class and max(first) >= 1
    else:
        is_class = outputs > 1 or first in (loss.codes or ())
    if is_class and all(target == first for target in targets):
        raise ValueError(f"y holds one class only, {first}: there is nothing to tell apart")


def _count_outputs(model: Any, row: Row) -> int:
    """Return how many outputs the model has; an error if it is none or takes other features."""
    if isinstance(model, type) or not callable(model) or not hasattr(model, "parameters"):
        raise TypeError(
            f"fit takes a model: a Module, or a callable with parameters(), got {model!r:.80}"
        )
    try:
        with no_grad():
            output = model(row)
    except ValueError as error:
        raise ValueError(f"X does not fit the model, sample 0: {error}") from None
    return len(as_list(output))
