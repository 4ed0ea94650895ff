"""What a run of ``python -m nn`` leaves behind: pictures, a page to step through, the model."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from autograd import Stepper, Value, to_svg

from .. import plot
from ..datasets import Dataset
from ..training.history import History
from .job import Job
from .report import confusion_matrix

PICTURES = (
    "loss.svg",
    "boundary.svg",
    "confusion.svg",
    "predictions.svg",
    "graph.svg",
    "step.html",
)

MOST_TERMS = 5  # of the neuron that is drawn


def write(
    out: str, job: Job, history: History, held_out: Dataset, predicted: Sequence[float]
) -> Iterator[str]:
    """Write all files, the model first; the name of each once it is there. Pictures that an
    earlier run left in ``out`` are removed, as they are not of this model."""
    job.model.metadata = job.metadata()
    job.model.save(Path(out, "model.json"))
    yield "model.json"
    for name in PICTURES:
        Path(out, name).unlink(missing_ok=True)
    name, draw = _picture_of_answers(job, held_out, predicted)
    neuron, title = _one_neuron(job, held_out)
    files: dict[str, Callable[[Path], Any]] = {
        "loss.svg": partial(_plot, partial(plot.loss_curve, history)),
        name: partial(_plot, draw),
        "graph.svg": lambda path: path.write_text(to_svg(neuron, title=title), encoding="utf-8"),
        "step.html": Stepper(neuron, title=title).save,
    }
    if not history.loss:
        del files["loss.svg"]
    for name, save in files.items():
        try:
            save(Path(out, name))
        except BaseException:  # Ctrl-C too: no half of a file
            Path(out, name).unlink(missing_ok=True)
            raise
        yield name


def _plot(draw: Callable[..., Any], path: Path) -> None:
    figure = plot.new_figure()
    draw(ax=figure.subplots())
    plot.save(figure, path)


def _picture_of_answers(
    job: Job, held_out: Dataset, predicted: Sequence[float]
) -> tuple[str, Callable[..., Any]]:
    """Name of the file, and the function that draws into ``ax``."""
    X, y, names = held_out.X, held_out.y, held_out.features
    if len(names) == 2 and job.classes:
        boundary = partial(plot.decision_boundary, classes=job.classes, features=names)
        return "boundary.svg", partial(boundary, job.score, X, y)
    if len(names) == 2:
        surface = partial(plot.regression_surface, features=names, target=job.target)
        return "boundary.svg", partial(surface, job.number, X, y)
    if job.classes:
        matrix = confusion_matrix(held_out, predicted)
        return "confusion.svg", partial(plot.confusion, matrix, job.classes)
    scatter = partial(plot.predicted_against_true, target=job.target)
    return "predictions.svg", partial(scatter, y, predicted)


def _one_neuron(job: Job, held_out: Dataset) -> tuple[Value, str]:
    """A neuron's output on a held-out sample, after backward, and which neuron it is: of the layer
    of fewest inputs, the first that answers to the first sample to which any does."""
    layers = job.model.layers
    best = min(range(len(layers)), key=lambda i: layers[i].shape[0])
    candidates = ((x, k) for x in held_out.X for k in range(len(layers[best].neurons)))
    for x, k in candidates:
        output = _neuron_output(job, x, layers[:best], layers[best].neurons[k])
        if any(parent.grad for parent in output.parents):  # ReLU may answer to nothing
            break
    inputs = " (standardized inputs)" if best == 0 else ""
    title = f"Layer {best}, neuron {k}, on a held-out sample{inputs}"
    if (left_out := layers[best].shape[0] - MOST_TERMS) > 0:
        title += f"; its {left_out} smallest terms are in b"
    return output, title


def _neuron_output(job: Job, x: Sequence[float], before: Sequence[Any], neuron: Any) -> Value:
    xs: list[Any] = [
        Value(v, f) for v, f in zip(job.scaling.apply([x])[0], job.features, strict=True)
    ]
    for layer in before:
        xs = [Value(h, f"h{j}") for j, h in enumerate(plot.outputs(layer, [xs])[0])]
    alone = copy.deepcopy(neuron)
    alone.label_parameters()  # w.0, w.1, ..., b: short names make formulas readable
    alone.zero_grad()
    output: Value = alone(_largest_terms(alone, xs))
    if alone.nonlin:
        output.parents[0].label = "z"
    output.label = "a"
    output.backward()
    return output


def _largest_terms(neuron: Any, xs: list[Value]) -> list[Value]:
    """The inputs that a picture has room for, the others' constant share moved into the bias."""
    terms = [w.data * x.data for w, x in zip(neuron.w, xs, strict=True)]
    order = sorted(range(len(xs)), key=lambda i: -abs(terms[i]))
    shown = sorted(order[:MOST_TERMS])
    rest = order[MOST_TERMS:]
    neuron.b.data = math.fsum([neuron.b.data, *(terms[i] for i in rest)])
    neuron.b.label += f" + {len(rest)} terms" * bool(rest)
    neuron.w = [neuron.w[i] for i in shown]
    return [xs[i] for i in shown]
