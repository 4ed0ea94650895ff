"""``python -m nn [DATA]``: train a small network, report on held-out data, write pictures.

``python -m nn playground [DATA]`` writes the page of the playground alone.
"""

from __future__ import annotations

import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from autograd import Value, to_svg

from ..argument_checks import counted
from ..datasets import BUILT_IN, DataError, Dataset, Table
from ..datasets.rows import Rows
from ..optional_packages import need
from ..playground.playground import Playground
from ..training.history import History
from ..training.loop import fit
from .job import HELD_OUT_SHARE, Job, loaded_job, new_job
from .options import parse
from .output import Output, complain
from .playground_page import PAGE, playground_of_run, write_page_of_data
from .report import report_text
from .run_folder import claimed_folder, write_files, write_predictions

LEARNING_RATES = {"sgd": 0.1}  # others: 0.01


def main(argv: Sequence[str] | None = None, started: Callable[[], object] = bool) -> int:
    """Run a command line (default: the program's own); return the exit status.

    ``started`` is called when all is imported and read, before the work begins.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # for class names that the terminal cannot show
    say = Output()
    try:
        status = run(parse(argv), say, started)
    except SystemExit:  # after --help
        say(end="")
        if say.error and not isinstance(say.error, BrokenPipeError):
            return _fail(_reason(say.error))
        raise
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        return _fail(_reason(error))
    except MemoryError:
        return _fail("out of memory; take smaller --hidden layers or less data")
    except KeyboardInterrupt:
        complain("\ninterrupted; nothing was written")
        return 130
    if isinstance(say.error, BrokenPipeError):  # as in python -m nn | head -1
        return status or 141
    return _fail(f"{_reason(say.error)}; all files are written") if say.error else status


def _fail(reason: str) -> int:
    complain(f"python -m nn: {' '.join(reason.split())}")
    return 2


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'standard output'}: {error.strerror}"
    return str(error) or type(error).__name__


def run(options: Namespace, say: Output, started: Callable[[], object] = bool) -> int:
    """Train or predict, report, write the files; return the exit status."""
    if options.command == "playground":
        started()
        return write_page_of_data(options, say)
    job = loaded_job(options, options.load) if options.load else None
    predicting = job and (job.data is None or options.epochs == 0)
    if not predicting:  # a missing package is reported before the training, not after it
        need("matplotlib.figure", "matplotlib")
        need("tqdm")
        need("sklearn.metrics", "scikit-learn")
        to_svg(Value(0.0))
    job = job or new_job(options)
    started()
    with claimed_folder(options.out or os.path.join("runs", Path(options.data).stem)) as out:
        if predicting:
            return _predict(job, options.data, out, say)
        return _train(job, options, out, say)


def _train(job: Job, options: Namespace, out: str, say: Output) -> int:
    """Train the job's model; return the exit status."""
    assert job.data is not None
    if options.data not in BUILT_IN and (same := _constant_features(job.data)):
        complain(f"python -m nn: note: nothing can be learned from {same}: one number in all rows")
    train, held_out = job.parts or job.data.split(HELD_OUT_SHARE, job.seed)
    say(f"{_description(job.data)}; {len(train)} to train with, {len(held_out)} held out\n")
    say(job.model, end="\n\n")
    job.data = None  # large data are not held twice
    history = _fit(job, train, options, say)
    predicted = job.predict(held_out.X)
    say(f"\nOn held-out data\n{report_text(held_out, predicted)}\n")
    page = _playground(job, train, held_out, options, say)
    written: list[str] = []
    try:
        written += write_files(out, job, history, held_out, predicted, page)
    except (KeyboardInterrupt, OSError, MemoryError) as error:
        done = f"in {out} is only: {' '.join(written)}" if written else "nothing was written"
        if not isinstance(error, KeyboardInterrupt):
            return _fail(f"{_reason(error)}; {done}")
        complain(f"\ninterrupted while writing; {done}")
        return 130
    interrupted = history.stopped.startswith("interrupted")
    say("Interrupted; what was trained so far is" if interrupted else "Written", end=" ")
    say(f"in {out}: {' '.join(written)}")
    if page:
        say(f"To see the network learn, open {os.path.join(out, PAGE)} in a browser")
    return 130 if interrupted else 1 if history.stopped.startswith("diverged") else 0


def _playground(
    job: Job, train: Dataset, held_out: Dataset, options: Namespace, say: Output
) -> Playground | None:
    """Return the page of the trained model, or say why there is none."""
    job.model.metadata = job.metadata()
    try:
        page = playground_of_run(job, train, held_out, options, _learning_rate(options))
    except (ValueError, TypeError) as error:
        say(f"No playground is written: {error}\n")
        return None
    if page.note:
        say(f"{page.note}\n")
    return page


def _learning_rate(options: Namespace) -> float:
    rate: float = options.lr or LEARNING_RATES.get(options.optimizer, 0.01)
    return rate


def _fit(job: Job, train: Dataset, options: Namespace, say: Output) -> History:
    """Train the model on the samples, and say how it went."""
    lr = _learning_rate(options)
    batch = min(options.batch_size, len(train))
    say(f"Training: {job.loss}, {options.optimizer}, learning rate {lr:g}, batches of {batch}")
    epochs = 100 if options.epochs is None else options.epochs
    if not epochs:
        return History(job.loss)
    job.model.metadata = job.metadata()  # with the scaling that fit applies
    with warnings.catch_warnings(record=True):  # the summary below says the same
        warnings.simplefilter("always")
        history = fit(
            job.model,
            train.X,
            job.encode(train.y),
            loss=job.loss,
            optimizer=options.optimizer,
            lr=lr,
            epochs=epochs,
            batch_size=batch,
            schedule=options.schedule,
            rng=Random(job.seed),
            progress=True,
        )
    say(history.summary())
    if history.stopped.startswith("diverged"):
        smaller = min(lr / 10, LEARNING_RATES.get(options.optimizer, 0.01))
        say(f"The last finite weights are kept; try a smaller learning rate: --lr {smaller:g}")
    return history


def _predict(job: Job, path: str, out: str, say: Output) -> int:
    """Predict all samples of a table or data set; return the exit status."""
    if path in BUILT_IN:
        assert job.data
        columns, X = job.features, job.data.X
        rows: Iterable[list[str]] = (list(map(repr, x)) for x in X)
    else:
        table = Table.read(path)
        columns, rows = table.names, table.rows()
        X = table.numbers(table.feature_columns(job.features))
    if not X:
        raise DataError(f"{path}: no rows of data")
    predicted = job.predict(X)
    say(f"{path}: {counted(len(X), 'sample')}, predicted with the model of {job.name}\n")
    if job.data:
        say(report_text(job.data, predicted), end="\n\n")
    answers = [str(job.classes[int(k)]) if job.classes else repr(k) for k in predicted]
    header = [*columns, f"predicted {job.target}" if job.target in columns else job.target]
    completed = ([*row, answer] for row, answer in zip(rows, answers, strict=True))
    write_predictions(out, path, header, completed)
    counts = [f"{label}: {answers.count(str(label))}" for label in job.classes]
    say(", ".join(counts) or f"{job.target}: from {min(predicted):g} to {max(predicted):g}")
    say(f"Written in {out}: predictions.csv")
    return 0


def _constant_features(data: Dataset) -> str:
    """Return the names of the features of a CSV file that are the same for all samples."""
    assert isinstance(data.X, Rows)
    extremes = zip(data.features, data.X.extremes(), strict=True)
    names = [name for name, (least, greatest) in extremes if least == greatest]
    return ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3} more" if names[3:] else "")


def _description(data: Dataset) -> str:
    kind = f"{len(data.classes)} classes" if data.classes else f"predicting {data.target}"
    features = counted(len(data.features), "feature")
    return f"{data.name}: {counted(len(data), 'sample')}, {features}, {kind}"
