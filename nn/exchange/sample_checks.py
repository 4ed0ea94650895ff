"""Checks of an estimator's samples, targets and weights: an error is one sentence that names them.

scikit-learn's checks come first. If one fails, the table is searched for the number at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Number, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

ADVICE_ON_TEXTS = {
    "X": "encode texts as numbers first, for example with scikit-learn's OneHotEncoder",
    "y": "a regression takes numbers; for classes there is nn.MLPClassifier",
    "sample_weight": "give a number for each sample",
}
MIN_WEIGHT = 1e-150  # of a sample that counts, and the largest is 1 / MIN_WEIGHT


def checked_samples(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """Return what scikit-learn's ``validate_data`` returns, the samples dense or sparse.

    ValueError or TypeError names the feature and the sample at fault.
    """
    for name, table in zip("Xy", (X, *y), strict=False):
        if name == "X" or options.get("y_numeric"):
            _refuse_dates(name, table)
    try:
        return validate_data(
            estimator, X, *y, accept_sparse=("csr", "csc"), dtype=np.float64, **options
        )
    except (ValueError, TypeError, OverflowError) as error:
        _explain_table(X, error)
        if y and y[0] is not None:
            _explain_targets(y[0], X, bool(options.get("y_numeric")), error)
        raise


def checked_weights(weights: Any, samples: int) -> Any:
    """Return the weights of the samples as an array; a number, or None for 1, is for each."""
    weights = 1.0 if weights is None else weights
    if isinstance(weights, Real):
        weights = np.full(samples, weights)
    try:
        weights = check_array(
            weights, ensure_2d=False, ensure_min_samples=0, dtype=np.float64,
            input_name="sample_weight",
        )  # fmt: skip
    except (ValueError, TypeError):
        _refuse_what_is_no_list("sample_weight", "a number for each sample", weights)
        _explain_numbers("sample_weight", weights, "the weight of sample {0}")
        raise
    if weights.ndim != 1:
        raise ValueError(f"sample_weight has {weights.ndim} dimensions: it takes a number each")
    _check_lengths(samples, "sample_weight", len(weights))
    if (weights < 0).any():
        i = int((weights < 0).argmax())
        raise ValueError(f"sample_weight must be at least 0, got {weights[i]:g} for sample {i}")
    if not weights.any():
        raise ValueError("sample_weight is zero for all samples: nothing is learned from them")
    for extreme in (weights.max(), weights[weights > 0].min()):
        if not MIN_WEIGHT <= extreme <= 1 / MIN_WEIGHT:
            raise ValueError(
                f"sample_weight must be 0, or between {MIN_WEIGHT:g} and {1 / MIN_WEIGHT:g}, "
                f"so that sums and shares of them are floats, got {extreme:g}"
            )
    return weights


def check_labels(y: Any) -> None:
    """ValueError if labels are missing, or of several types."""
    if y.dtype != object:
        return
    for i, label in enumerate(labels := y.ravel().tolist()):
        if _is_missing(label):
            raise ValueError(
                f"Input y contains NaN: the target of sample {i} is missing; leave the sample out, "
                "or name a class for it"
            )
        if isinstance(label, str) != isinstance(labels[0], str):
            raise ValueError(
                f"y has labels of several types, {labels[0]!r:.40} and {label!r:.40}: make all of "
                "them texts, or all of them numbers"
            )
    if all(isinstance(label, Number) for label in labels):
        raise ValueError("Unknown label type: y has numbers as objects; give y.astype(int)")


def check_numbers(y: Any) -> Any:
    """Return targets of a regression as floats; ValueError if one is no finite number."""
    if y.dtype.kind in "OSU":
        _explain_numbers("y", y, "the target of sample {0}", texts=False)
    numbers = np.asarray(y, dtype=np.float64)
    if not np.isfinite(numbers).all():  # None has become NaN
        _explain_numbers("y", numbers, "the target of sample {0}")
    return numbers


def _refuse_dates(name: str, table: Any) -> None:
    """ValueError for a column of dates or times, which NumPy would read as numbers."""
    if not hasattr(table, "__len__"):
        return  # a frame that was not read yet, or nothing
    kinds = getattr(table, "dtypes", None)
    kinds = getattr(table, "dtype", None) if kinds is None else kinds
    listed = kinds if isinstance(kinds, Iterable) else [kinds]
    for j, kind in enumerate(listed):
        if str(kind).lower().startswith(("date", "time", "duration")):
            raise ValueError(
                f"{name} has dates or times{_column(table, j)}: give numbers instead, "
                "such as days since a date of your choice"
            )


def _column(table: Any, j: int) -> str:
    return f" in column {table.columns[j]!r:.80}" if hasattr(table, "columns") else ""


def _refuse_what_is_no_list(name: str, wanted: str, given: Any) -> None:
    no_list = isinstance(given, str | bytes | Mapping | Set) or not hasattr(given, "__len__")
    if (no_list and not issparse(given)) or np.ndim(given) == 0:
        raise TypeError(f"{name} must be {wanted}, got {given!r:.80}") from None


def _explain_table(X: Any, error: Exception) -> None:
    """Raise an error that names what is wrong with the samples, if it is found."""
    if issparse(X):
        X = X.tocoo()
        if (bad := ~np.isfinite(X.data)).any():
            k = int(bad.argmax())
            place = f"feature {X.col[k]} of sample {X.row[k]}"
            raise _fault("X", place, X.data[k].item(), error) from None
        return
    if len(set(lengths := _lengths(X))) > 1:
        i = next(i for i, n in enumerate(lengths) if n != lengths[0])
        raise ValueError(
            f"X must have as many features in each sample, got {lengths[0]} in sample 0 and "
            f"{lengths[i]} in sample {i}"
        ) from None
    _refuse_what_is_no_list("X", "a table with a row of numbers for each sample", X)
    names = list(X.columns) if hasattr(X, "columns") else []
    if again := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"X has several columns named {again[0]!r:.80}: rename them") from None
    table = np.asarray(X)
    if table.ndim == 1:
        raise ValueError(
            f"X must have a row for each sample, got shape {table.shape}. Reshape your data: "
            "X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one sample"
        ) from None
    if table.ndim == 2:
        _explain_numbers("X", table, "feature {1!r} of sample {0}", error, names)


def _explain_targets(y: Any, X: Any, numeric: bool, error: Exception) -> None:
    """Raise an error that names what is wrong with the targets, if it is found."""
    if issparse(y):
        return
    if len(set(_lengths(y))) > 1:
        raise ValueError("y must have as many targets for each sample: its rows differ") from None
    _refuse_what_is_no_list("y", "a list with a target for each sample", y)
    _check_lengths(X.shape[0] if hasattr(X, "shape") else len(X), "y", len(y))
    targets = np.asarray(y)
    if targets.ndim <= 2 and (numeric or targets.dtype.kind in "fc"):
        _explain_numbers("y", targets, "the target of sample {0}", error, texts=not numeric)
    elif not numeric:
        check_labels(targets)


def _lengths(rows: Any) -> list[int]:
    """Return the lengths of the rows of a list; none for an array, whose rows are equally long."""
    listed = isinstance(rows, list | tuple)
    return [len(row) for row in rows if isinstance(row, list | tuple)] if listed else []


def _check_lengths(samples: int, name: str, length: int) -> None:
    if length != samples:
        raise ValueError(
            f"inconsistent numbers of samples: X has {samples}, {name} has {length}"
        ) from None


def _explain_numbers(
    name: str, table: Any, place: str, error: Exception | None = None,
    columns: Sequence[Any] = (), texts: bool = True,
) -> None:  # fmt: skip
    """Raise an error that names the first entry that is no finite number, if there is one.

    ``place`` is formatted with the sample and the column. ``texts`` allows texts of digits.
    """
    table = np.asarray(table)
    entries: Iterable[Any] = np.ndenumerate(table)
    if table.dtype.kind in "biuf":  # there may be millions
        places = np.argwhere(~np.isfinite(table))[:1].tolist()
        entries = [(place, table[tuple(place)]) for place in places]
    for (i, *rest), x in entries:
        if not _is_number(x, texts):
            column = columns[rest[0]] if columns and rest else rest[0] if rest else 0
            raise _fault(name, place.format(i, column), x, error) from None


def _is_number(x: Any, texts: bool) -> bool:
    if isinstance(x, str | bytes) and not texts:
        return False
    try:
        return not isinstance(x, complex | np.complexfloating) and bool(np.isfinite(float(x)))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_missing(x: Any) -> bool:
    """Return whether it is None, NaN, or the mark of pandas for what is missing."""
    return x is None or type(x).__name__ in ("NAType", "NaTType") or bool(x != x)


def _fault(name: str, place: str, x: Any, error: Exception | None) -> Exception:
    """Return the error that says what is wrong with one entry of a table."""
    shown = f"{x.item() if isinstance(x, np.generic) else x!r:.80}"
    if isinstance(x, str | bytes):
        return ValueError(f"{place} is the text {shown}: {ADVICE_ON_TEXTS[name]}")
    if isinstance(x, complex | np.complexfloating):
        return ValueError(f"Complex data not supported: {place} is {shown}; give real numbers")
    if _is_missing(x):
        fill = ", or fill it in, for example with scikit-learn's SimpleImputer" * (name == "X")
        return ValueError(
            f"Input {name} contains NaN: {place} is missing; leave the sample out{fill}"
        )
    if isinstance(x, Real):
        return ValueError(
            f"Input {name} contains infinity or too large a number: {place} is {shown}"
        )
    said = f", but {error}" if isinstance(error, TypeError) else ""
    return TypeError(f"{place} must be a number, got {shown}{said}")
