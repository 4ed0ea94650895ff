"""The options of ``python -m nn``: their help text, and their checks."""

from __future__ import annotations

import argparse
import math
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from ..datasets import BUILT_IN
from ..layers import ACTIVATIONS
from ..losses import LOSSES
from ..optimizers import OPTIMIZERS
from ..playground.library import LEARNING_RATES as PAGE_RATES
from ..playground.library import LIMITS
from ..schedules import SCHEDULES

DESCRIPTION = f"""\
Train a multi-layer perceptron of scalar Values on DATA, report how well it does on \
the quarter of the samples that is held out, and write pictures of it.

python -m nn playground [DATA] writes a page in which a new network learns; \
python -m nn playground --help lists its options.

DATA is {", ".join(BUILT_IN)}, or a CSV file: numbers in all columns \
but the target. Features are standardized."""

EPILOG = """\
files written into --out (where the results of an earlier run are removed):
  model.json       the model, for --load and nn.load
  history.json     loss, accuracy and learning rate of each epoch
  loss.svg         loss and accuracy while training
  boundary.svg     what the model answers over the plane (two features)
  confusion.svg    true against predicted classes (otherwise)
  predictions.svg  true against predicted numbers (for --regression)
  graph.svg        one neuron's graph on one held-out sample, with gradients
  step.html        the same, to step through forward and backward in a browser
  index.html       the playground: the model goes on learning in a browser
  predictions.csv  a CSV file with a column more, what a loaded model predicts

examples:
  python -m nn  # moons, in a few seconds
  python -m nn playground  # the page alone
  python -m nn digits --hidden 32 --epochs 30
  python -m nn flowers.csv --target species --out runs/first
  python -m nn flowers.csv --load runs/first/model.json  # train further
  python -m nn new_flowers.csv --load runs/first/model.json  # predict
  python -m nn houses.csv --target price --regression --loss mae

exit status:
  0    all is written
  1    the training diverged; the last finite weights are written
  2    a mistake, or a file that cannot be written; one line says which
  130  Ctrl-C; what was trained so far is kept and written
  141  the reader of the output has gone, as in | head -1; all is written"""


PLAYGROUND_DESCRIPTION = f"""\
Write a page in which a network learns on DATA, step by step, down to the scalars of one neuron. \
It opens in a browser, and needs no internet.

DATA is {", ".join(BUILT_IN)}, or a CSV file: numbers in all columns \
but the target. Without DATA the page starts with moons. Features of files are standardized. \
A page has room for {LIMITS["points"]:,} samples: of more, a random part is taken."""

PLAYGROUND_EPILOG = """\
examples:
  python -m nn playground
  python -m nn playground spiral --hidden 8 8 --lr 0.3
  python -m nn playground flowers.csv --target species --out flowers.html"""


class UsageError(ValueError):
    """Options that cannot be followed."""


def fitting_losses(classes: int) -> list[str]:
    """Return the losses for so many classes, or for numbers if ``classes`` is 0.

    The last layer of the model is linear: its outputs are not probabilities. Numbers to predict are
    standardized, so none of them is a count.

    >>> fitting_losses(3)
    ['cross_entropy', 'hinge']
    """
    targets, losses = "classes" if classes else "numbers", LOSSES.values()
    fitting = [loss for loss in losses if loss.targets == targets and loss.fits(classes)]
    return [loss.name for loss in fitting if loss.from_logits and not loss.to_number]


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of a command line, by default the program's; UsageError for bad ones."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["playground"]:
        return _parse_playground(words[1:])
    options = _parser().parse_args(words)
    options.command = "train"
    _check_options(options, OPTIMIZERS)
    _check_name("schedule", options.schedule, SCHEDULES)
    for option in ("hidden", "activation", "target") if options.load else ():
        if getattr(options, option) is not None:
            raise UsageError(f"--{option} does not go with --load: the model has its own")
    return options


def _parse_playground(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of ``python -m nn playground``."""
    options = _playground_parser().parse_args(words)
    options.command = "playground"
    _check_options(options, PAGE_RATES)
    options.hidden = [4, 4] if options.hidden is None else options.hidden
    return options


def _check_options(options: argparse.Namespace, optimizers: Iterable[str]) -> None:
    """Read the options that both commands have; UsageError for bad ones."""
    for option in ("load", "out"):
        if getattr(options, option, None) == "":
            raise UsageError(f"--{option} is empty")
    _read_hidden(options)
    options.data = "moons" if options.data is None else options.data
    _check_name("activation", options.activation, ACTIVATIONS)
    _check_name("optimizer", options.optimizer, optimizers)
    _check_name("loss", options.loss, fitting_losses(0) + fitting_losses(2))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists the options)")


class _Formatter(argparse.HelpFormatter):
    """Keeps the lines of a text, and wraps those that are too long under their second column."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(_wrapped(line, width) for line in text.splitlines())


def _wrapped(line: str, width: int) -> str:
    column = re.match(r"  \S+ {2,}", line)
    hanging = column.end() if column else 6 if line.startswith("  ") else 0
    return textwrap.fill(line, width, subsequent_indent=" " * hanging, break_on_hyphens=False)


def _parser_for_data(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """Return a parser with the options that say which data to take."""
    parser = _Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("data", nargs="?", metavar="DATA", help="default: moons")
    add("--target", metavar="COLUMN", help="target of a CSV file: name, or position from 1 (last)")
    add("--regression", action="store_true", help="predict a number instead of a class")
    return parser


def _parser() -> argparse.ArgumentParser:
    parser = _parser_for_data("python -m nn", DESCRIPTION, EPILOG)
    activations, optimizers = ", ".join(ACTIVATIONS), ", ".join(OPTIMIZERS)
    schedules = ", ".join(SCHEDULES)
    of_classes, of_numbers = ", ".join(fitting_losses(2)), ", ".join(fitting_losses(0))
    losses = f"default: by the data; classes: {of_classes}; --regression: {of_numbers}"
    hidden = "neurons of each hidden layer (16 16; none: logistic or linear regression)"
    seed = "of data, split, weights and order (0): same seed, same files"
    load = """go on with a model written before; or, for a CSV file without its target, or with
              --epochs 0, predict"""
    add = parser.add_argument
    add("--hidden", nargs="*", metavar="N", help=hidden)
    add("--activation", metavar="NAME", help=f"of the hidden neurons (relu): {activations}")
    add("--loss", metavar="NAME", help=losses)
    add("--optimizer", metavar="NAME", default="adam", help=f"{optimizers} (adam)")
    add("--epochs", type=_from_0, metavar="N", help="passes over the data (100)")
    add("--batch-size", type=_from_1, default=32, metavar="N", help="samples of one step (32)")
    add("--lr", type=_positive, metavar="X", help="learning rate (0.01; sgd: 0.1)")
    add("--schedule", metavar="NAME", help=f"of the learning rate (constant): {schedules}")
    add("--seed", type=_seed, metavar="N", help=seed)
    add("--out", metavar="DIR", help="folder for the files (runs/<data>)")
    add("--load", metavar="MODEL.JSON", help=load)
    return parser


def _playground_parser() -> argparse.ArgumentParser:
    parser = _parser_for_data("python -m nn playground", PLAYGROUND_DESCRIPTION, PLAYGROUND_EPILOG)
    activations, optimizers = ", ".join(ACTIVATIONS), ", ".join(PAGE_RATES)
    add = parser.add_argument
    add("--hidden", nargs="*", metavar="N", help="neurons of each hidden layer (4 4)")
    add("--activation", default="tanh", metavar="NAME", help=f"(tanh): {activations}")
    add("--loss", metavar="NAME", help="default: by the data")
    add("--optimizer", metavar="NAME", default="sgd", help=f"{optimizers} (sgd)")
    add("--lr", type=_positive, metavar="X", help="learning rate (0.1; adam: 0.01)")
    add("--batch-size", type=_from_1, metavar="N", help="samples of one step (all)")
    add("--seed", type=_seed, default=0, metavar="N", help="of data, weights and batches (0)")
    add("--out", metavar="FILE", help="the page (runs/<data>/playground.html)")
    return parser


def _number(
    kind: Callable[[str], Any], accepts: Callable[[Any], bool], what: str
) -> Callable[[str], Any]:
    """Return a function that reads a number for argparse, and checks it."""

    def convert(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not accepts(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return number

    return convert


_from_0 = _number(int, lambda n: n >= 0, "a whole number of at least 0")
_from_1 = _number(int, lambda n: n >= 1, "a whole number of at least 1")
_seed = _number(int, lambda n: 0 <= n < 2**32, f"a whole number from 0 to {2**32 - 1}")
_positive = _number(float, lambda x: 0 < x < math.inf, "a positive number")


def _read_hidden(options: argparse.Namespace) -> None:
    """Set the sizes as numbers; in ``--hidden 16 16 moons`` the last word is DATA."""
    words = options.hidden
    if words and options.data is None and not words[-1].lstrip("-").isdigit():
        options.data = words.pop()
    try:
        options.hidden = words and [_from_1(word) for word in words]
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"--hidden: {error}") from None


def _check_name(option: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        raise UsageError(f"--{option} {name!r} is unknown; choose {', '.join(known)}")
