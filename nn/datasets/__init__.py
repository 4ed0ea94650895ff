"""Small data sets for classification and regression: built-in ones, and CSV files.

`load` gives a `Dataset` by its name or path, `Dataset.split` holds out a part of it, and `Scaling`
standardizes its features. Numbers and names in a `Dataset` are plain Python. `moons`, `circles`,
`xor`, `spiral`, `gaussians`, `plane` and `curve` draw a set with as many samples and as much noise
as wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike, fspath

from .built_in import BUILT_IN
from .csv_tables import Table
from .dataset import DataError, Dataset, Label, Scaling, checked_seed
from .drawn import circles, curve, gaussians, moons, plane, spiral, xor
from .rows import Rows


def load(
    data: str | PathLike[str],
    target: str | None = None,
    regression: bool = False,
    seed: int = 0,
    features: Sequence[str] = (),
    classes: Sequence[Label] = (),
    progress: bool = False,
) -> Dataset:
    """Return the data set of that name, or the CSV file at that path.

    >>> data = load("xor")
    >>> len(data), data.features, data.classes
    (400, ['x1', 'x2'], [0, 1])

    A CSV file is UTF-8 text, separated by comma, semicolon or tab. All its columns but ``target``
    hold numbers. ``target`` is a name or a position from 1; the default is the last column. The
    first row holds the names of the columns, unless there are numbers in it.

    Labels of classes keep the type that they have in the data: iris has the names of its flowers,
    moons the ints 0 and 1. Those of a CSV file are ints if all are whole numbers, else texts; 01 is
    a text, because as an int it would lose its zero.

    ``regression`` makes the target a number to predict, not a class. plane and curve have no
    classes. ``seed`` draws the 400 samples of moons, circles, xor, spiral, gaussians, plane and
    curve. ``features`` and ``classes`` are the names that a trained model knows.
    ``progress`` shows a bar in a terminal while a large file is read (needs tqdm).

    DataError says what is wrong with a file, and in which line and column. TypeError if ``data`` or
    ``target`` is no text, or ``seed`` no whole number.
    """
    if not isinstance(data, str | PathLike):
        raise TypeError(
            f"data is the name of a data set ({', '.join(BUILT_IN)}) or the path of a CSV file, "
            f"got {data!r:.80}"
        )
    if not isinstance(target, str | None):
        raise TypeError(f"target is a column's name, or its position as text, got {target!r:.80}")
    data, seed = fspath(data), checked_seed(seed)
    if data not in BUILT_IN:
        return Table.read(data).dataset(target, regression, features, classes, progress)
    if target is not None:
        raise DataError(f"a target column is for CSV files, {data} has its own (got {target!r})")
    dataset = BUILT_IN[data](data, seed)
    if regression:
        dataset = replace(dataset, classes=[])
    known = [list(map(str, labels)) for labels in (classes, dataset.classes)]
    if features and (list(features), known[0]) != (dataset.features, known[1]):
        raise DataError(f"the model was not made for {data}: it has other features or classes")
    return dataset


__all__ = ["BUILT_IN", "DataError", "Dataset", "Rows", "Scaling", "Table", "load"]
__all__ += ["moons", "circles", "xor", "spiral", "gaussians", "plane", "curve"]
