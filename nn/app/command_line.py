"""``python -m nn [DATA]``: train a small network, report on held-out data, write pictures."""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from autograd import Value, to_svg

from ..datasets import BUILT_IN, DataError, Dataset, Scaling, Table, counted, load
from ..layers import ACTIVATIONS, MLP
from ..module import load as load_model
from ..optimizers import OPTIMIZERS
from ..optional_packages import need
from ..training.history import History
from ..training.loop import fit
from .job import Job
from .report import report
from .run_folder import write

OF_CLASSES = ["bce_with_logits", "cross_entropy", "hinge"]
OF_NUMBERS = ["mse", "mae", "gaussian_nll", "laplace_nll"]
LEARNING_RATES = {"sgd": 0.1}  # others: 0.01
HELD_OUT = 0.25
MOST_PARAMETERS = 300_000  # with a gigabyte of memory and minutes for a small data set

DESCRIPTION = f"""\
Train a multi-layer perceptron of scalar Values on DATA, report how well it does on
the quarter of the samples that is held out, and write pictures of it.

DATA is {", ".join(BUILT_IN)},
or a CSV file: numbers in all columns but the target. Features are standardized."""

EPILOG = """\
files written into --out (where the pictures of an earlier run are removed):
  loss.svg         loss and accuracy while training
  boundary.svg     what the model answers over the plane (two features)
  confusion.svg    true against predicted classes (otherwise; for --regression,
                   predictions.svg: true against predicted numbers)
  graph.svg        one neuron's graph on one held-out sample, with gradients
  step.html        the same, to step through forward and backward in a browser
  model.json       the model, for --load and nn.load
  predictions.csv  a CSV file with a column more, what a loaded model predicts

examples:
  python -m nn                                    moons, in a few seconds
  python -m nn digits --hidden 32 --epochs 30
  python -m nn flowers.csv --target species --out runs/first
  python -m nn flowers.csv --load runs/first/model.json           train further
  python -m nn new_flowers.csv --load runs/first/model.json       predict
  python -m nn houses.csv --target price --regression --loss mae

exit status: 0; 1 after a training that diverged; 2 after a mistake (one line says
which); 130 after Ctrl-C, when what was trained so far is kept and written."""


class UsageError(ValueError):
    """Options that cannot be followed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: that of the program); return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # names of classes, in a terminal without them
    try:
        return run(parse(argv))
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        if isinstance(error, BrokenPipeError):  # as in ``python -m nn | head``
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        return _fail(error)
    except MemoryError:
        return _fail(ValueError("out of memory; take smaller --hidden layers or less data"))
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was written", file=sys.stderr)
        return 130


def _fail(error: Exception) -> int:
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    print(f"python -m nn: {' '.join(text.split())}", file=sys.stderr)
    return 2


# ---------------------------------------------------------------------------------------- options


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists the options)")


def _number(
    kind: Callable[[str], Any], least: float, what: str, above: bool = False, most: float = math.inf
) -> Callable[[str], Any]:
    """A converter for argparse: numbers from ``least`` on, or ``above`` it, to ``most``."""

    def convert(text: str) -> Any:
        try:
            x = kind(text)
        except ValueError:
            x = math.nan
        if x == math.inf or not (x > least if above else least <= x <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return x

    return convert


_count = _number(int, 1, "a whole number of at least 1")
_from_0 = _number(int, 0, "a whole number of at least 0")
_seed = _number(int, 0, f"a whole number from 0 to {2**32 - 1}", most=2**32 - 1)  # scikit-learn's


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; UsageError where they make no sense."""
    parser = _Parser(
        prog="python -m nn",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("data", nargs="?", metavar="DATA", help="default: moons")
    add("--target", metavar="COLUMN", help="target of a CSV file: name, or position from 1 (last)")
    add("--regression", action="store_true", help="predict a number instead of a class")
    add(
        "--hidden",
        nargs="*",
        metavar="N",
        help="neurons of each hidden layer (16 16; none: logistic or linear regression)",
    )
    add("--activation", metavar="NAME", help=f"of the hidden neurons (relu): {_known(ACTIVATIONS)}")
    add("--loss", metavar="NAME", help=f"default: by the data; classes: {', '.join(OF_CLASSES)}; "
        f"--regression: {', '.join(OF_NUMBERS)}")  # fmt: skip
    add("--optimizer", metavar="NAME", default="adam", help=f"{_known(OPTIMIZERS)} (adam)")
    add("--epochs", type=_from_0, metavar="N", help="passes over the data (100)")
    add("--batch-size", type=_count, default=32, metavar="N", help="samples of one step (32)")
    add(
        "--lr",
        type=_number(float, 0, "a positive number", above=True),
        metavar="X",
        help="learning rate (0.01; sgd: 0.1)",
    )
    add(
        "--seed",
        type=_seed,
        metavar="N",
        help="of data, split, weights and order (0): same seed, same files",
    )
    add("--out", metavar="DIR", help="folder for the files (runs/<data>)")
    add("--load", metavar="MODEL.JSON", help="go on with a model written before; or, for a CSV "
        "file without its target, or with --epochs 0, predict")  # fmt: skip
    args = parser.parse_args(argv)
    for option in ("load", "out"):
        if getattr(args, option) == "":
            raise UsageError(f"--{option} is empty")
    _hidden(args)
    _choose("--activation", args.activation, ACTIVATIONS)
    _choose("--optimizer", args.optimizer, OPTIMIZERS)
    _choose("--loss", args.loss, OF_NUMBERS + OF_CLASSES)
    for option in ("hidden", "activation", "target") if args.load else ():
        if getattr(args, option) is not None:
            raise UsageError(f"--{option} does not go with --load: the model has its own")
    return args


def _hidden(args: argparse.Namespace) -> None:
    """The sizes as numbers; in ``--hidden 16 16 moons`` the last word is DATA."""
    if args.hidden and args.data is None and not args.hidden[-1].lstrip("-").isdigit():
        args.data = args.hidden.pop()
    args.data = "moons" if args.data is None else args.data
    try:
        args.hidden = args.hidden and [_count(size) for size in args.hidden]
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"--hidden: {error}") from None


def _known(names: Any) -> str:
    return ", ".join(names)


def _choose(option: str, name: str | None, known: Any) -> None:
    if name is not None and name not in known:
        raise UsageError(f"{option} {name!r} is unknown; choose {_known(known)}")


# ----------------------------------------------------------------------------------- the main job


def run(args: argparse.Namespace) -> int:
    """Train, or predict; report; write. The exit status."""
    job = _loaded(args) if args.load else None
    predicting = job and (job.data is None or args.epochs == 0)
    if not predicting:  # what is missing is said before the training, not after it
        need("matplotlib")
        need("tqdm")
        to_svg(Value(0.0))
    job = job or _new(args)
    out = _folder(args.out or os.path.join("runs", Path(args.data).stem))
    if predicting:
        return _predict(job, args.data, out)
    assert job.data is not None
    train, held_out = job.data.split(HELD_OUT, job.seed)
    print(f"{_described(job.data)}; {len(train)} to train with, {len(held_out)} held out\n")
    print(job.model, end="\n\n")
    history = _train(job, train, args)
    predicted = job.predict(held_out.X)
    print(f"\nOn held-out data\n{report(held_out, predicted)}\n")
    written: list[str] = []
    try:
        written += write(out, job, history, held_out, predicted)
    except KeyboardInterrupt:
        done = f"in {out} is only: {' '.join(written)}" if written else "nothing was written"
        print(f"\ninterrupted while writing; {done}", file=sys.stderr)
        return 130
    interrupted = history.stopped.startswith("interrupted")
    print("Interrupted; what was trained so far is" if interrupted else "Written", end=" ")
    print(f"in {out}: {' '.join(written)}")
    return 130 if interrupted else 1 if history.stopped.startswith("diverged") else 0


def _new(args: argparse.Namespace) -> Job:
    seed = args.seed or 0
    data = load(args.data, args.target, args.regression, seed)
    loss = _loss(args.loss, data)
    count = len(data.classes)
    outputs = count if count > 2 or loss == "cross_entropy" else 1
    outputs = 2 if loss in ("gaussian_nll", "laplace_nll") else outputs  # with the variance
    sizes = [*([16, 16] if args.hidden is None else args.hidden), outputs]
    _check_size([len(data.features), *sizes])
    train, _ = data.split(HELD_OUT, seed)
    activation = args.activation or "relu"
    model = MLP(len(data.features), sizes, activation, init="he", rng=Random(seed))
    scaling = Scaling.of([t] for t in train.y) if args.regression else None
    return Job(model, data, data.name, data.features, data.classes, data.target, loss, seed,
               Scaling.of(train.X), scaling)  # fmt: skip


def _check_size(sizes: Sequence[int]) -> None:
    """Each parameter is an object, and each sample's graph has as many edges."""
    parameters = sum((n + 1) * m for n, m in pairwise(sizes))
    if parameters > MOST_PARAMETERS:
        raise UsageError(
            f"--hidden: these layers have {parameters:,} parameters; more than "
            f"{MOST_PARAMETERS:,} are too many for an engine of scalars"
        )


def _loss(asked: str | None, data: Dataset) -> str:
    """The loss asked for, if it fits; else the one of maximum likelihood for the kind of target."""
    fitting = OF_NUMBERS
    if data.classes:
        fitting = OF_CLASSES if len(data.classes) == 2 else OF_CLASSES[1:]
    if asked and asked not in fitting:
        kind = f"{len(data.classes)} classes" if data.classes else "--regression"
        raise UsageError(f"--loss {asked} does not fit {kind}; choose {_known(fitting)}")
    return asked or fitting[0]


def _loaded(args: argparse.Namespace) -> Job:
    model = load_model(args.load)
    try:
        job = Job.of(model)
    except ValueError as error:
        raise UsageError(f"{args.load}: {error}") from None
    if args.regression and job.classes:
        raise UsageError(f"{args.load}: --regression, but the model was trained for classes")
    if args.seed is not None:
        job.seed = args.seed
    if args.data in BUILT_IN or _has_target(args.data, job):
        regression = not job.classes
        target = None if args.data in BUILT_IN else job.target
        job.data = load(args.data, target, regression, job.seed, job.features, job.classes)
        job.loss = _loss(args.loss or job.loss, job.data)
    elif args.epochs:
        raise UsageError(
            f"{args.data}: no column {job.target!r} to train with; without --epochs it is predicted"
        )
    return job


def _has_target(path: str, job: Job) -> bool:
    table = Table.read(path)
    return job.target in table.names or (not table.header and len(table.names) > len(job.features))


def _folder(out: str) -> str:
    """The folder ``out``, made; OSError where nothing can be written into it."""
    os.makedirs(out, exist_ok=True)
    probe = Path(out, ".chalkgrad")
    probe.touch()
    probe.unlink()
    return out


def _train(job: Job, train: Dataset, args: argparse.Namespace) -> History:
    usual = LEARNING_RATES.get(args.optimizer, 0.01)
    lr = args.lr or usual
    batch = min(args.batch_size, len(train))
    print(f"Training: {job.loss}, {args.optimizer}, learning rate {lr:g}, batches of {batch}")
    epochs = 100 if args.epochs is None else args.epochs
    if not epochs:
        return History(job.loss)
    with warnings.catch_warnings(record=True):  # said in the summary below
        warnings.simplefilter("always")
        history = fit(
            job.model,
            job.scaling.apply(train.X),
            job.encode(train.y),
            loss=job.loss,
            optimizer=args.optimizer,
            lr=lr,
            epochs=epochs,
            batch_size=batch,
            rng=Random(job.seed),
            progress=True,
        )
    print(history.summary())
    if history.stopped.startswith("diverged"):
        smaller = min(lr / 10, usual)
        print(f"The last finite weights are kept; try a smaller learning rate: --lr {smaller:g}")
    return history


def _predict(job: Job, path: str, out: str) -> int:
    """Predict all samples of a table or data set with a loaded model."""
    if path in BUILT_IN:
        assert job.data
        columns, rows, X = job.features, [list(map(repr, x)) for x in job.data.X], job.data.X
    else:
        table = Table.read(path)
        columns, rows = table.names, [cells for _, cells in table.rows]
        X = table.numbers(table.feature_columns(job.features))
    if not X:
        raise DataError(f"{path}: no rows of data")
    predicted = job.predict(X)
    print(f"{path}: {counted(len(X), 'sample')}, predicted with the model of {job.name}\n")
    if job.data:
        print(report(job.data, predicted), end="\n\n")
    names = [job.classes[int(k)] if job.classes else repr(k) for k in predicted]
    file = Path(out, "predictions.csv")
    if file.exists() and path not in BUILT_IN and file.samefile(path):
        raise UsageError(f"{path} would be written over by the predictions; choose another --out")
    added = f"predicted {job.target}" if job.target in columns else job.target
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*columns, added])
        writer.writerows([*row, name] for row, name in zip(rows, names, strict=True))
    counts = [f"{label}: {names.count(label)}" for label in job.classes]
    print(", ".join(counts) or f"{job.target}: from {min(predicted):g} to {max(predicted):g}")
    print(f"Written in {out}: predictions.csv")
    return 0


def _described(data: Dataset) -> str:
    kind = f"{len(data.classes)} classes" if data.classes else f"predicting {data.target}"
    features = counted(len(data.features), "feature")
    return f"{data.name}: {counted(len(data), 'sample')}, {features}, {kind}"
