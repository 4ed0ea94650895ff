"""A model with all that stands between it and the data, as ``python -m nn`` needs and saves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import plot
from ..datasets import Dataset, Scaling


@dataclass
class Job:
    """The model, its data, and what turns the one into the other; kept as the model's metadata."""

    model: Any
    data: Dataset | None  # None: a table without targets, to be predicted
    name: str
    features: list[str]
    classes: list[str]  # empty: regression
    target: str
    loss: str
    seed: int
    scaling: Scaling
    target_scaling: Scaling | None = None  # for regression

    def encode(self, y: Sequence[float]) -> list[float]:
        """The targets in the form that the loss takes."""
        if self.target_scaling:
            return [t for (t,) in self.target_scaling.apply([t] for t in y)]
        one_output = self.model.layers[-1].shape[1] == 1
        return [2 * t - 1 for t in y] if self.loss == "hinge" and one_output else list(y)

    def score(self, x: Sequence[float]) -> Any:
        """The model's outputs for one sample as it stands in the data."""
        return self.model(self.scaling.apply([x])[0])

    def number(self, x: Sequence[float]) -> float:
        """The number predicted for one sample (regression)."""
        ((first, *_),) = plot.outputs(self.score, [x])  # the rest are a learned variance
        assert self.target_scaling
        return first * self.target_scaling.scale[0] + self.target_scaling.mean[0]

    def predict(self, X: Sequence[Sequence[float]]) -> list[float]:
        """The class number, or the number, of each sample."""
        if self.target_scaling:
            return [self.number(x) for x in X]
        scores = plot.outputs(self.score, X)
        if len(scores[0]) == 1:
            return [float(score > 0) for (score,) in scores]
        return [float(max(range(len(row)), key=row.__getitem__)) for row in scores]

    def metadata(self) -> dict[str, Any]:
        """What `of` needs besides the parameters."""
        plain = ("name", "features", "classes", "target", "loss", "seed")
        scalings = {"scaling": self.scaling, "target_scaling": self.target_scaling}
        return {key: getattr(self, key) for key in plain} | {
            key: [s.mean, s.scale] if s else None for key, s in scalings.items()
        }

    @classmethod
    def of(cls, model: Any) -> Job:
        """The job that a loaded model comes from, without data; ValueError if it has none."""
        try:
            known = dict(model.metadata)
            scaling, target_scaling = known.pop("scaling"), known.pop("target_scaling")
            nin, nout = model.layers[0].shape[0], model.layers[-1].shape[1]
            of_target = None if target_scaling is None else _scaling(target_scaling, 1)
            of_inputs = _scaling(scaling, nin)
            job = cls(model, None, **known, scaling=of_inputs, target_scaling=of_target)
            job._check(nin, nout)
        except (AttributeError, IndexError, KeyError, TypeError):
            raise ValueError("this model was not written by python -m nn") from None
        return job

    def _check(self, nin: int, nout: int) -> None:
        """TypeError unless the metadata, which anyone can write, fits the model."""
        texts = [self.name, self.target, self.loss, *self.features, *self.classes]
        answers = len(self.classes) if self.classes else nout
        if not (
            type(self.features) is type(self.classes) is list
            and all(type(text) is str for text in texts)
            and type(self.seed) is int
            and len(self.features) == nin
            and (nout == answers or (nout, answers) == (1, 2))
            and (answers > 1 or not self.classes)
            and bool(self.classes) == (self.target_scaling is None)
        ):
            raise TypeError


def _scaling(means_and_scales: Any, count: int) -> Scaling:
    """The scaling of ``count`` numbers that `Job.metadata` gave; TypeError if it is none."""
    mean, scale = means_and_scales if len(means_and_scales) == 2 else ([], [])
    if not (
        type(mean) is type(scale) is list
        and len(mean) == len(scale) == count
        and all(type(x) is float for x in [*mean, *scale])
        and all(x > 0 for x in scale)
    ):
        raise TypeError
    return Scaling(mean, scale)
