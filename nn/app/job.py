"""`Job`: a model with its data, its loss and its scaling; a new one, or one of a saved model."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from random import Random
from typing import Any

from autograd import compile, no_grad

from .. import load as load_model
from ..datasets import BUILT_IN, Dataset, Scaling, Table, load
from ..datasets.dataset import Label
from ..layers import MLP
from ..losses import LOSSES, as_list
from ..prediction import outputs
from .options import UsageError, fitting_losses

HELD_OUT_SHARE = 0.25
BATCH_SAMPLES = 64  # that are predicted by one call of compiled code
SCALED_SAMPLES = 256 * BATCH_SAMPLES  # that are standardized at once
MIN_COMPILED_SAMPLES = 2_000  # fewer are predicted before the code is compiled
MAX_PARAMETERS = 300_000  # a gigabyte of memory, and minutes of training for a small data set


@dataclass
class Job:
    """A model, its data, and the steps between them: scaling, encoding, prediction."""

    model: Any
    data: Dataset | None  # None: a table without targets, to be predicted
    name: str
    features: list[str]
    classes: list[Label]  # empty: regression
    target: str
    loss: str
    seed: int
    scaling: Scaling
    target_scaling: Scaling | None = None  # for regression
    parts: tuple[Dataset, Dataset] | None = None  # to train with, held out; None: not yet split

    def encode(self, y: Sequence[float]) -> list[Any]:
        """Return the targets in the form that the loss takes."""
        return LOSSES[self.loss].encode(y, self.model.layers[-1].shape[1])

    def score(self, x: Sequence[float]) -> Any:
        """Return the model's outputs for one sample as it is in the data, not standardized."""
        return self.model(*self.scaling.apply([x]))

    def answer(self, x: Sequence[float]) -> float:
        """Return the class number, or the number, that is predicted for one sample."""
        return self._decide(*outputs(self.score, [x]))

    def predict(self, X: Sequence[Sequence[float]]) -> list[float]:
        """Return the answer for each sample."""
        return [self._decide(scores) for scores in self._scores(X)]

    def _scores(self, X: Sequence[Sequence[float]]) -> Iterator[list[float]]:
        """Yield the model's outputs for each sample; compiled code computes those of many."""
        done, width = 0, len(self.features)
        if len(X) >= MIN_COMPILED_SAMPLES and type(self.model) is MLP:

            @compile  # of one flat list, which it takes fastest
            def of_batch(xs: list[Any]) -> list[list[Any]]:
                return [as_list(self.model(xs[i : i + width])) for i in range(0, len(xs), width)]

            done = (len(X) - 1) // BATCH_SAMPLES * BATCH_SAMPLES
            for first in range(0, done, SCALED_SAMPLES):
                part = self.scaling.apply(X[first : min(first + SCALED_SAMPLES, done)])
                for start in range(0, len(part), BATCH_SAMPLES):
                    with no_grad():
                        scores = of_batch(list(chain(*part[start : start + BATCH_SAMPLES])))
                    yield from (list(map(float, sample)) for sample in scores)
        yield from outputs(self.score, X[done:])

    def _decide(self, scores: list[float]) -> float:
        answer = LOSSES[self.loss].decide(scores)
        if not self.target_scaling:
            return answer
        return answer * self.target_scaling.scale[0] + self.target_scaling.mean[0]

    def metadata(self) -> dict[str, Any]:
        """Return what `of` needs besides the parameters, for JSON."""
        plain = ("name", "features", "classes", "target", "loss", "seed")
        scalings = {"scaling": self.scaling, "target_scaling": self.target_scaling}
        return {key: getattr(self, key) for key in plain} | {
            key: [s.mean, s.scale] if s else None for key, s in scalings.items()
        }

    @classmethod
    def of(cls, model: Any) -> Job:
        """Return the job of a saved model, without data; ValueError if the model has none."""
        try:
            known = dict(model.metadata)
            pairs = {key: known.pop(key) for key in ("scaling", "target_scaling")}
            scalings: Any = {key: pair and Scaling(*pair) for key, pair in pairs.items()}
            job = cls(model, None, **known, **scalings)
            fits = job._fits(model.layers[0].shape[0], model.layers[-1].shape[1])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise ValueError("this model was not written by python -m nn")
        return job

    def _fits(self, nin: int, nout: int) -> bool:
        """Return whether the metadata, which anyone can write, fit the model."""
        scalings, count = [(self.scaling, nin)], len(self.classes)
        if self.target_scaling:
            scalings.append((self.target_scaling, 1))
        return (
            _is_list([self.name, self.target, self.loss], str, 3)
            and _is_list(self.features, str, nin)
            and (_is_list(self.classes, str, count) or _is_list(self.classes, int, count))
            and all(
                _is_list(s.mean, float, n) and _is_list(s.scale, float, n) and min(s.scale) > 0
                for s, n in scalings
            )
            and type(self.seed) is int
            and (not count or nout == count > 1 or (nout, count) == (1, 2))
            and bool(count) == (self.target_scaling is None)
            and self.loss in fitting_losses(count)
        )


def _is_list(x: Any, kind: type, length: int) -> bool:
    return type(x) is list and len(x) == length and all(type(item) is kind for item in x)


def new_job(options: Namespace) -> Job:
    """Return the job with an untrained model for the data."""
    seed = options.seed or 0
    data = load(options.data, options.target, options.regression, seed, progress=True)
    loss = _fitting_loss(options.loss, data)
    hidden = [16, 16] if options.hidden is None else options.hidden
    sizes = [len(data.features), *hidden, LOSSES[loss].outputs(len(data.classes) or 1)]
    parameters = sum((n + 1) * m for n, m in pairwise(sizes))
    if parameters > MAX_PARAMETERS:
        raise UsageError(
            f"--hidden: these layers have {parameters:,} parameters; more than "
            f"{MAX_PARAMETERS:,} are too many for an engine of scalars"
        )
    model = MLP(sizes[0], sizes[1:], options.activation or "relu", init="he", rng=Random(seed))
    train, held_out = data.split(HELD_OUT_SHARE, seed)
    target_scaling = None if data.classes else Scaling.of([t] for t in train.y)
    return Job(model, data, data.name, data.features, data.classes, data.target, loss, seed,
               Scaling.of(train.X), target_scaling, (train, held_out))  # fmt: skip


def loaded_job(options: Namespace, path: str) -> Job:
    """Return the job of the saved model at ``path``, with its data if they have targets."""
    try:
        model = load_model(path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(
            f"--load {path}: {error.strerror}; choose the model.json of an earlier run"
        ) from None
    try:
        job = Job.of(model)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    if options.regression and job.classes:
        raise UsageError(f"{path}: --regression, but the model was trained for classes")
    if options.seed is not None:
        job.seed = options.seed
    names = [] if options.data in BUILT_IN else _columns(options.data, job)
    if options.data in BUILT_IN or names:
        target = job.target if job.target in names else None  # the last one, if there is no header
        regression = not job.classes
        known = (job.features, job.classes)
        job.data = load(options.data, target, regression, job.seed, *known, progress=True)
        job.loss = _fitting_loss(options.loss or job.loss, job.data)
    elif options.epochs:
        raise UsageError(
            f"{options.data}: no column {job.target!r} to train with; "
            "without --epochs it is predicted"
        )
    return job


def _fitting_loss(asked: str | None, data: Dataset) -> str:
    """Return the loss that was asked for, if it fits; else the first that fits.

    The first one is the usual choice: the squared error, or the negative log-likelihood of classes.
    """
    fitting = fitting_losses(len(data.classes))
    if asked and asked not in fitting:
        kind = f"{len(data.classes)} classes" if data.classes else "--regression"
        raise UsageError(f"--loss {asked} does not fit {kind}; choose {', '.join(fitting)}")
    return asked or fitting[0]


def _columns(path: str, job: Job) -> list[str]:
    """Return the names of the columns in a file with targets; none for a file without."""
    table = Table.read(path)
    spare_column = not table.has_header and len(table.names) > len(job.features)
    return table.names if job.target in table.names or spare_column else []
