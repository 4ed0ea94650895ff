"""The folder of a run: the model's file, the pictures, the page to step through, predictions."""

from __future__ import annotations

import copy
import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from autograd import Stepper, Value, to_svg

from .. import plot
from ..datasets import Dataset
from ..prediction import outputs
from ..training.history import History
from .job import Job
from .options import UsageError
from .report import confusion_matrix

ANSWERS = ("boundary.svg", "confusion.svg", "predictions.svg")  # one of them in each run
PICTURES = ("loss.svg", *ANSWERS, "graph.svg", "step.html")
MAX_TERMS = 5  # of the neuron that is drawn


def make_folder(out: str) -> str:
    """Make the folder ``out``, and return it; OSError if no file can be written into it."""
    os.makedirs(out, exist_ok=True)
    probe = Path(out, ".chalkgrad")
    probe.touch()
    probe.unlink()
    return out


def write_predictions(out: str, path: str, header: list[str], rows: Iterable[list[str]]) -> None:
    """Write predictions.csv; UsageError if that is ``path``, the file with the samples."""
    file = Path(out, "predictions.csv")
    if file.exists() and os.path.exists(path) and file.samefile(path):
        raise UsageError(f"{path} would be written over by the predictions; choose another --out")
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])


def write_files(
    out: str, job: Job, history: History, held_out: Dataset, predicted: Sequence[float]
) -> Iterator[str]:
    """Write the model and its pictures; yield the name of each file when it is complete.

    Pictures of an earlier run are removed, because they show another model.
    """
    job.model.metadata = job.metadata()
    job.model.save(Path(out, "model.json"))
    yield "model.json"
    for name in PICTURES:
        Path(out, name).unlink(missing_ok=True)
    two_features = len(held_out.features) == 2
    name = "boundary.svg" if two_features else "confusion.svg" if job.classes else "predictions.svg"
    neuron, title = _one_neuron(job, held_out)
    files: dict[str, Callable[[Path], Any]] = {
        "loss.svg": partial(_save_plot, partial(plot.loss_curve, history)),
        name: partial(_save_plot, partial(_draw_answers, job, held_out, predicted)),
        "graph.svg": lambda path: path.write_text(to_svg(neuron, title=title), encoding="utf-8"),
        "step.html": Stepper(neuron, title=title).save,
    }
    if not history.loss:
        del files["loss.svg"]
    for name, write in files.items():
        try:
            write(Path(out, name))
        except BaseException:  # Ctrl-C too: an incomplete file is removed
            Path(out, name).unlink(missing_ok=True)
            raise
        yield name


def _save_plot(draw: Callable[[Any], Any], path: Path) -> None:
    figure = plot.new_figure()
    draw(figure.subplots())
    plot.save(figure, path)


def _draw_answers(job: Job, held_out: Dataset, predicted: Sequence[float], ax: Any) -> None:
    """Draw the answers over the plane of two features, else against the true targets."""
    X, y, features = held_out.X, held_out.y, held_out.features
    if len(features) == 2 and job.classes:
        plot.decision_boundary(job.score, X, y, ax=ax, classes=job.classes, features=features)
    elif len(features) == 2:
        plot.regression_surface(job.answer, X, y, ax=ax, features=features, target=job.target)
    elif job.classes:
        plot.confusion(confusion_matrix(held_out, predicted), job.classes, ax=ax)
    else:
        plot.predicted_against_true(y, predicted, ax=ax, target=job.target)


def _one_neuron(job: Job, held_out: Dataset) -> tuple[Value, str]:
    """Return the output of one neuron for a held-out sample, after backward, and its title.

    The neuron is in the layer with the fewest inputs. A neuron is not shown if its gradients are
    all 0, as they are where ReLU is 0. Then the next neuron is tried, and after the layer's last
    neuron the next sample.
    """
    layers = job.model.layers
    at = min(range(len(layers)), key=lambda i: layers[i].shape[0])
    candidates = ((x, k) for x in held_out.X for k in range(len(layers[at].neurons)))
    for x, k in candidates:
        output = _neuron_output(job, x, layers[:at], layers[at].neurons[k])
        if any(parent.grad for parent in output.parents):
            break
    inputs = " (standardized inputs)" if at == 0 else ""
    title = f"Layer {at}, neuron {k}, on a held-out sample{inputs}"
    if (left_out := layers[at].shape[0] - MAX_TERMS) > 0:
        title += f"; its {left_out} smallest terms are in b"
    return output, title


def _neuron_output(job: Job, x: Sequence[float], before: Sequence[Any], neuron: Any) -> Value:
    (row,) = job.scaling.apply([x])
    xs = [Value(number, name) for number, name in zip(row, job.features, strict=True)]
    for layer in before:
        xs = [Value(h, f"h{j}") for j, h in enumerate(outputs(layer, [xs])[0])]
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
    """Return the inputs that a picture has room for; the terms of the others go into the bias."""
    terms = [w.data * x.data for w, x in zip(neuron.w, xs, strict=True)]
    order = sorted(range(len(xs)), key=lambda i: -abs(terms[i]))
    shown, rest = sorted(order[:MAX_TERMS]), order[MAX_TERMS:]
    neuron.b.data = math.fsum([neuron.b.data, *(terms[i] for i in rest)])
    if rest:
        neuron.b.label += f" + {len(rest)} terms"
    neuron.w = [neuron.w[i] for i in shown]
    return [xs[i] for i in shown]
