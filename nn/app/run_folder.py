"""The folder of a run: model, history, pictures, the page to step through, predictions."""

from __future__ import annotations

import copy
import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

from autograd import Stepper, Value, to_svg

from .. import model_file, plot
from ..datasets import Dataset
from ..playground.playground import Playground
from ..prediction import outputs
from ..training.history import History
from .job import Job
from .options import UsageError
from .playground_page import PAGE, links_to
from .report import confusion_matrix

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]  # as it says

ANSWERS = ("boundary.svg", "confusion.svg", "predictions.svg")  # one of them in each run
RESULTS = ("history.json", "loss.svg", *ANSWERS, "graph.svg", "step.html", PAGE)
MAX_TERMS = 5  # of the neuron that is drawn


@contextmanager
def claimed_folder(out: str) -> Iterator[str]:
    """Make the folder ``out``, and keep other runs out of it; OSError if no file can be written.

    UsageError if it is a file, or if another run is writing into it. The system ends the claim with
    the process.
    """
    probe = Path(out, f".chalkgrad.{os.getpid()}")
    try:
        os.makedirs(out, exist_ok=True)
        probe.touch()
        probe.unlink()
    except FileExistsError:
        raise UsageError(f"--out {out}: this is a file; choose a folder, new or old") from None
    except OSError as error:
        raise UsageError(
            f"--out {out}: {error.strerror}; choose a folder in which you may write"
        ) from None
    if fcntl is None:  # on Windows: each file is whole there too
        yield out
        return
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise UsageError(f"another run is writing into {out}; choose another --out") from None
    except OSError:  # this file system has no locks
        pass
    try:
        yield out
    finally:
        os.close(folder)


def write_predictions(out: str, path: str, header: list[str], rows: Iterable[list[str]]) -> None:
    """Write predictions.csv; UsageError if that is ``path``, the file with the samples."""
    file = Path(out, "predictions.csv")
    if file.exists() and os.path.exists(path) and file.samefile(path):
        raise UsageError(f"{path} would be written over by the predictions; choose another --out")
    model_file.write(file, map(_csv_line, chain([header], rows)))


def _csv_line(cells: list[str]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def write_files(
    out: str,
    job: Job,
    history: History,
    held_out: Dataset,
    predicted: Sequence[float],
    playground: Playground | None,
) -> Iterator[str]:
    """Write the model, its pictures and pages; yield the name of each file when it is complete.

    Files of an earlier run are removed, because they show another model. ``playground`` is None if
    the model or its data are too large for a page.
    """
    job.model.metadata = job.metadata()
    job.model.save(Path(out, "model.json"))
    yield "model.json"
    for name in RESULTS:
        Path(out, name).unlink(missing_ok=True)
    two_features = len(held_out.features) == 2
    name = "boundary.svg" if two_features else "confusion.svg" if job.classes else "predictions.svg"
    neuron, title = _one_neuron(job, held_out)
    texts: dict[str, Callable[[], str]] = {
        "history.json": history.to_json,
        "loss.svg": partial(_plot_text, partial(plot.loss_curve, history)),
        name: partial(_plot_text, partial(_draw_answers, job, held_out, predicted)),
        "graph.svg": partial(to_svg, neuron, title=title),
    }
    written = ["model.json", "step.html"]
    for name, text in texts.items():
        if history.loss or name not in ("history.json", "loss.svg"):
            model_file.write(Path(out, name), text())
            written.append(name)
            yield name
    Stepper(neuron, title=title).save(Path(out, "step.html"))
    yield "step.html"
    if playground:
        playground.links = links_to(written)
        playground.save(Path(out, PAGE))
        yield PAGE


def _plot_text(draw: Callable[[Any], Any]) -> str:
    figure, text = plot.new_figure(), StringIO()
    draw(figure.subplots())
    plot.save(figure, text)
    return text.getvalue()


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
    title = f"Layer {at + 1}, neuron {k + 1}, on a held-out sample{inputs}"
    if (left_out := layers[at].shape[0] - MAX_TERMS) > 0:
        title += f"; its {left_out} smallest terms are in b"
    return output, title


def _neuron_output(job: Job, x: Sequence[float], before: Sequence[Any], neuron: Any) -> Value:
    (row,) = job.scaling.apply([x])
    xs = [Value(number, name) for number, name in zip(row, job.features, strict=True)]
    for layer in before:
        xs = [Value(h, f"h{j}") for j, h in enumerate(outputs(layer, [xs])[0], 1)]
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
